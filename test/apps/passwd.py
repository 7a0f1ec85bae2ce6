# aldis passwd beside mosquitto_passwd: each reads what the other wrote, and mosquitto lets in whom either put there.
import os
import re
import stat

import harness
from harness import ALDIS, Mosquitto, Tools, find_program


class Passwords(Tools):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.symlink(ALDIS, os.path.join(cls.folder, "mosquitto_passwd"))
        cls.programs.update(passwd=[ALDIS, "passwd"], stand_in_passwd=[os.path.join(cls.folder, "mosquitto_passwd")],
                            real_passwd=[find_program("mosquitto_passwd")])

    def setUp(self):
        self.path = os.path.join(self.folder, self.id().rsplit(".", 1)[-1])

    def passwd(self, *arguments, data=None, tool="passwd", code=0):
        result = self.run_tool(tool, *arguments, data=data)
        self.assertEqual(result.code, code, result)
        return result

    def text(self):
        with open(self.path, "rb") as file:
            return file.read()

    def test_each_reads_what_the_other_wrote(self):
        for hashed in ("sha512", "sha512-pbkdf2"):
            self.passwd("-H", hashed, "-c", "-b", self.path, "ours", "one")
            self.passwd("-H", hashed, "-b", self.path, "theirs", "two", tool="real_passwd")
            self.passwd("-b", self.path, "theirs too", "three", tool="real_passwd")
            self.passwd("-D", self.path, "theirs too", tool="stand_in_passwd")
            self.passwd("--check", "-b", self.path, "ours", "one")
            self.passwd("--check", "-b", self.path, "theirs", "two")
            self.passwd("--check", "-b", self.path, "theirs", "one", code=1)
            self.passwd("--check", "-b", self.path, "theirs too", "three", code=1)
            self.assertEqual(self.passwd("--check", self.path).out, f"{self.path}: 2 users\n".encode())

    def test_mosquitto_lets_in_whom_we_wrote(self):
        self.passwd("-c", "-b", self.path, "slow", "secret")
        self.passwd("-I", "5000", "-b", self.path, "slower", "secret")
        self.passwd("-H", "sha512", "-b", self.path, "old", "secret")
        broker = Mosquitto("allow_anonymous false", "password_file FOLDER/users", files={"users": self.text().decode()}).start()
        self.addCleanup(broker.close)
        for user in ("slow", "slower", "old"):
            for password, code in (("secret", 0), ("Secret", 5)):
                self.assertEqual(self.run_tool("real_pub", *broker.where, "-u", user, "-P", password, "-t", "a", "-n").code, code)

    def test_passwords_come_through_a_pipe(self):
        self.passwd("-c", self.path, "u", data=b"two words\ntwo words\n")
        self.passwd("--check", self.path, "u", data=b"two words\n")
        self.passwd(self.path, "v", data=b"once\n")
        self.passwd("--check", self.path, "v", data=b"once")
        before = self.text()
        self.assertIn(b"not the same", self.passwd(self.path, "u", data=b"a\nb\n", code=1).err)
        self.assertIn(b"is empty", self.passwd(self.path, "u", data=b"", code=1).err)
        self.assertEqual(self.text(), before)

    def test_typed_passwords_are_hashed(self):
        with open(self.path, "w") as file:
            file.write("# ours\na:one\nb:t:w:o\n")
        os.chmod(self.path, 0o640)
        self.assertIn(b":2: the user \"a\": the password is not hashed", self.passwd("--check", self.path, code=1).err)
        self.passwd("-U", self.path)
        self.assertTrue(re.fullmatch(rb"# ours\na:\$7\$1000\$.{16}\$.{88}\nb:\$7\$1000\$.{16}\$.{88}\n", self.text()))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)
        self.passwd("--check", "-b", self.path, "b", "t:w:o")

    def test_what_is_wrong_is_told_and_nothing_is_changed(self):
        self.passwd("-c", "-b", self.path, "u", "x")
        before = self.text()
        for arguments, tells in (((), b"no password file"), ((self.path,), b"no user"), (("-b", self.path, "u"), b"-b needs a password"),
                                 (("-D", self.path, "nobody"), b"there is no user 'nobody'"), (("-b", self.path, "a:b", "x"), b"may not contain ':'"),
                                 (("-b", self.path + "none", "u", "x"), b"-c makes a new one"), (("-c", "-D", self.path, "u"), b"exclude one another"),
                                 (("-U", self.path, "u"), b"for a whole file"), (("-H", "md5", "-b", self.path, "u", "x"), b"md5"),
                                 (("-I", "0", "-b", self.path, "u", "x"), b"-I"), (("-U", self.path + "none"), b"no such file")):
            result = self.passwd(*arguments, code=1)
            self.assertIn(tells, result.err)
            self.assertEqual(result.err.count(b"\n"), 1)
            self.assertEqual(self.text(), before)


if __name__ == "__main__":
    harness.main()
