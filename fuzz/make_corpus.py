#!/usr/bin/env python3
"""Makes the first corpus of every target from the vectors of test/vectors.

usage: make_corpus.py VECTORS_FOLDER OUTPUT_FOLDER
Writes OUTPUT_FOLDER/<target>/<hash> with the bytes that the target's own header wants in front. `run.sh TARGET SECONDS` grows it,
`run.sh --merge TARGET FROM` keeps what covers something new.
"""
import hashlib
import json
import pathlib
import re
import sys

CONTEXTS = {(v, d): i for i, (d, v) in enumerate((d, v) for d in ("any", "c2s", "s2c") for v in (5, 4, 3))}


def blocks(folder):
    """(version, direction, bytes) of every vector."""
    for path in sorted(folder.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            at = re.search(r"^at: +(\d) (\w+)$", block, re.M)
            if at:
                hexadecimal = "".join(re.findall(r"^hex:(.*)$", block, re.M))
                yield int(at[1]), at[2], bytes.fromhex(hexadecimal)
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            vector = json.loads(line)
            yield vector["version"], vector.get("dir", "any"), bytes.fromhex(vector["hex"])


def texts(packet):
    """Whatever in a packet may be a length-prefixed text."""
    for at in range(2, len(packet) - 1):
        size = packet[at] * 256 + packet[at + 1]
        if 0 < size <= len(packet) - at - 2:
            yield packet[at + 2 : at + 2 + size]


TOPICS = [("a/b", "a/b"), ("#", "$SYS/x"), ("+/+", "/"), ("a/#", "a"), ("a//+", "a//"), ("$share/g/a/#", "a/b/c"), ("$share//a", "a"), ("a+", "a"), ("#/a", "a"), ("/", "/"), ("a/", "a/")]


def main(vectors, output):
    def put(target, data):
        folder = output / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)

    for version, direction, packet in blocks(vectors):
        choice = bytes([CONTEXTS[version, direction]])
        put("decode", choice + packet)
        put("round_trip", choice + packet)
        put("splitter", b"\x10\x00\x02\x05\x01" + packet * 2)
        for text in texts(packet):
            put("utf8", text)
            put("topic", bytes([len(text) % 256]) + text + text)
    for name, topic in TOPICS:
        put("topic", bytes([len(name)]) + name.encode() + topic.encode())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
