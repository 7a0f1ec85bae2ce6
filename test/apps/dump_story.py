# The commands that pages of docs/ show with their output, run: `$ COMMAND` in a block without a language, and what it prints below.
#   dump_story.py ALDIS [Story]      fails where a page shows something else
#   dump_story.py ALDIS --write      writes into the pages what the commands print
import os
import re
import subprocess
import sys
import tempfile
import unittest

from harness import ALDIS, DEADLINE, clean_environment, main

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "..", "dump", "captures")
PAGES = [os.path.join(HERE, "..", "..", "docs", name) for name in ("debugging.md", "dump.md", "tools.md")]
BLOCK = re.compile(r"^```\n(\$ aldis dump .*?)^```$", re.MULTILINE | re.DOTALL)


def printed(command):
    """What a terminal would show in the folder of the captures; without the blanks at the ends of lines."""
    with tempfile.TemporaryDirectory(prefix="aldis_story_") as home:
        os.symlink(ALDIS, os.path.join(home, "aldis"))
        environment = clean_environment(home, {"LC_ALL": "C.UTF-8"})
        environment["PATH"] = home + os.pathsep + environment["PATH"]
        run = subprocess.run(["sh", "-c", command], cwd=CAPTURES, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=DEADLINE)
    return "".join(line.rstrip() + "\n" for line in run.stdout.decode().splitlines())


def rewritten(block):
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{printed(command[2:])}" for command in commands)


def write():
    for page in PAGES:
        with open(page, encoding="utf-8") as file:
            text = file.read()
        with open(page, "w", encoding="utf-8") as file:
            file.write(BLOCK.sub(lambda found: f"```\n{rewritten(found[1])}```", text))


class Story(unittest.TestCase):
    maxDiff = None

    def test_pages_show_what_the_commands_print(self):
        seen = 0
        for page in PAGES:
            with open(page, encoding="utf-8") as file:
                blocks = BLOCK.findall(file.read())
            self.assertTrue(blocks, page)
            for block in blocks:
                with self.subTest(page=os.path.basename(page), block=block.splitlines()[0]):
                    self.assertEqual(block, rewritten(block))
                    self.assertTrue(any(not line.startswith("$ ") for line in block.splitlines()), "a command that prints nothing tells nothing")
                seen += 1
        self.assertGreater(seen, 10)


if __name__ == "__main__":
    if sys.argv[2:] == ["--write"]:
        write()
    else:
        main()
