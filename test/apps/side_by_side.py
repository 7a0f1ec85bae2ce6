# Command lines given to our tools and to the ones they replace, in the same run: what arrives, what is printed, how they exit.
import re
import subprocess
import unittest

import harness
from harness import Mosquitto, Tools, Witness


def normal(text):
    """Without what differs from run to run: assigned identifiers, times, an expiry that counts down."""
    text = re.sub(rb"auto-[0-9A-F-]{36}|(mosq|aldis)-\w{16,18}", b"ID", text)
    text = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}Z)?", b"TIME", text)
    return re.sub(rb"(message-expiry-interval\":\s*)\d+", rb"\1N", text)


def sorted_lines(text):
    return sorted(normal(text).splitlines())


VERSIONS = [["-V", "31"], ["-V", "311"], ["-V", "5"]]
QOS = [["-q", "0"], ["-q", "1"], ["-q", "2"]]


class Publishing(Tools):
    """Each line of the table through both tools; a third party must see the same messages, and the traces must agree."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Mosquitto().start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    def setUp(self):
        self.witness = None

    def compare(self, *arguments, data=None, arrives=None, codes=True):
        witness = self.witness = self.witness or Witness(self, self.broker)
        seen = {}
        for tool in ("real_pub", "stand_in_pub"):
            result = self.run_tool(tool, *self.broker.where, *arguments, data=data)
            seen[tool] = result, witness.messages()
        (theirs, their_messages), (ours, our_messages) = seen["real_pub"], seen["stand_in_pub"]
        with self.subTest(arguments=arguments):
            self.assertEqual(our_messages, their_messages)
            if arrives is not None:
                self.assertEqual(len(our_messages), arrives)
            self.assertEqual(sorted_lines(ours.out), sorted_lines(theirs.out))
            if codes:
                self.assertEqual(ours.code, theirs.code, ours)
            self.assertEqual(ours.err, b"")

    def test_every_qos_in_every_version(self):
        for version in VERSIONS:
            for qos in QOS:
                self.compare(*version, *qos, "-t", "a/b", "-m", "hello", "-d", arrives=1)

    def test_messages_that_look_like_options(self):
        for message in ("-foo", "-m", "--", "-1", "--help", "", "[1,2]", "\u00e9\u4e2d", "a\\nb", "'\""):
            self.compare("-t", "a", "-m", message, arrives=1)

    def test_retained_and_null(self):
        self.compare("-t", "keep", "-m", "kept", "-r", "-d", arrives=1)
        self.compare("-t", "keep", "-n", "-r", "-d", "-q", "1", arrives=1)

    def test_repeated(self):
        self.compare("-t", "a", "-m", "x", "--repeat", "3", "-q", "1", "-d", arrives=3)
        self.compare("-t", "a", "-m", "x", "--repeat", "3", "--repeat-delay", "0.05", arrives=3)

    def test_lines_of_standard_input(self):
        for data, count in ((b"one\ntwo\n\nthree", 4), (b"one\n", 1), (b"", 0), (b"x\r\ny\n", 2), (b"a" * 5000 + b"\nb\n", 2)):
            for qos in QOS:
                self.compare("-t", "a", "-l", *qos, data=data, arrives=count)

    def test_all_of_standard_input(self):
        self.compare("-t", "a", "-s", "-q", "1", data=b"one two", arrives=1)

    def test_files(self):
        path = f"{self.folder}/payload"
        for data in (b"x", b"", b"one two three", b"y" * 200_000):
            with open(path, "wb") as file:
                file.write(data)
            self.compare("-t", "a", "-f", path, "-q", "2", arrives=1)

    def test_properties(self):
        self.compare("-t", "a", "-m", "x", "-D", "publish", "content-type", "text/plain", "-D", "publish", "response-topic", "re/sp", "-D", "publish",
                     "correlation-data", "xyz", "-D", "PUBLISH", "user-property", "k", "v", "-D", "publish", "user-property", "k", "-w", "--property", "publish",
                     "payload-format-indicator", "1", "-D", "connect", "user-property", "c", "d", "-D", "disconnect", "user-property", "e", "f", arrives=1)

    def test_topic_alias(self):
        self.compare("-t", "a", "-m", "x", "-D", "publish", "topic-alias", "1", "--repeat", "3", "-q", "1", arrives=3)

    def test_identifiers(self):
        self.compare("-t", "a", "-m", "x", "-i", "an-id", "-d", arrives=1)
        self.compare("-t", "a", "-m", "x", "-i", "an-id", "-c", "-d", "-V", "5", arrives=1)
        self.compare("-t", "a", "-m", "x", "-i", "an-id", "-x", "10", "-V", "5", "-k", "10", "-M", "5", "--nodelay", "-A", "127.0.0.1", arrives=1)

    def test_url(self):
        witness = Witness(self, self.broker)
        seen = []
        for tool in ("real_pub", "stand_in_pub", "pub"):
            self.assertEqual(self.run_tool(tool, "-L", f"mqtt://127.0.0.1:{self.broker.port}/from/%31/url", "-m", "x").code, 0)
            seen.append(witness.messages())
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])


class Subscribing(Tools):
    """Retained messages and messages sent meanwhile, printed by both tools with the same options."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Mosquitto().start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    def setUp(self):
        rich = ["-V", "5", "-D", "publish", "content-type", "text/plain", "-D", "publish", "correlation-data", "xyz", "-D", "publish", "user-property", "k", "v",
                "-D", "publish", "user-property", "k", "w", "-D", "publish", "message-expiry-interval", "1000", "-D", "publish", "payload-format-indicator", "1",
                "-D", "publish", "response-topic", "re/sp"]
        self.keep("r/1", '{"a":1,"b":[1.5,"x\u00e9"],"c":{}}', "-q", "1", *rich)
        self.keep("r/2", 'bin\u0001\u00e9"\\')
        self.keep("r/3", "not json", "-q", "2")

    def keep(self, topic, payload, *more):
        self.assertEqual(self.run_tool("real_pub", *self.broker.where, "-t", topic, "-r", "-m", payload, *more).code, 0)

    def both(self, *arguments, sort=False):
        """Both at once: neither may disturb the other, and a time-out is waited for once."""
        running = {tool: self.start(tool, *self.broker.where, *arguments) for tool in ("real_sub", "stand_in_sub")}
        theirs, ours = (self.finish(running[tool]) for tool in ("real_sub", "stand_in_sub"))
        with self.subTest(arguments=arguments):
            self.assertEqual(sorted_lines(ours.out) if sort else normal(ours.out), sorted_lines(theirs.out) if sort else normal(theirs.out))
            self.assertEqual(ours.code, theirs.code, ours)
            self.assertEqual(ours.err, theirs.err)
        return ours

    def test_every_qos_in_every_version(self):
        for version in VERSIONS:
            for qos in QOS:
                ours = self.both(*version, *qos, "-t", "r/#", "-C", "3", "-v")
                self.assertEqual(ours.out.count(b"r/"), 3)

    def test_output_options(self):
        for more in ([], ["-v"], ["-N"], ["-N", "-v"]):
            self.both("-t", "r/3", "-C", "1", *more)

    def test_formats(self):
        for text in ("%%|%A|%3A|%03A|%C|%20C|%-20C|%.4C|%10.4C|%D|%F|%3F|%-3F", "%l|%05l|%-5l|%m|%4m|%P|%q|%R|%10R|%r|%S|%4S|%t|%10t|%-10t|%.2t",
                     "%p|%50p|%-50p|%3p|%050p|%x|%X|%4X", "\\\\ \\0 \\a \\e \\n \\r \\t \\v", "@@ @Y-@m-@d @j", "%I", "%j", "plain"):
            for topic in ("r/1", "r/2", "r/3"):
                self.both("-t", topic, "-C", "1", "-q", "1", "-V", "5", "-F", text)
                self.both("-t", topic, "-C", "1", "-q", "2", "-V", "311", "-F", text)

    def test_json(self):
        for topic in ("r/1", "r/2", "r/3"):
            for pretty in ([], ["--pretty"]):
                self.both("-t", topic, "-C", "1", "-V", "5", "-q", "1", "-F", "%j", *pretty)
                self.both("-t", topic, "-C", "1", "-V", "5", "-q", "1", "-F", "[%J]", *pretty)

    def test_filters(self):
        self.both("-t", "r/#", "-T", "r/1", "-T", "r/+/x", "-C", "2", "-v")
        self.both("-t", "r/1", "-t", "r/2", "-C", "2", "-v")
        self.both("-t", "r/#", "-R", "-W", "1", "-v")
        self.both("-t", "r/#", "--retained-only", "-C", "3")

    def test_time_out(self):
        self.assertEqual(self.both("-t", "none", "-W", "1").code, 27)
        self.both("-t", "r/#", "-W", "1", "-v", "-V", "5")

    def test_leaving_at_once(self):
        for version in VERSIONS:
            self.both(*version, "-t", "r/1", "-E", "-d", sort=True)
        self.both("-t", "none/1", "-t", "none/2", "-q", "1", "-E", "-d", sort=True)

    def test_traces(self):
        for version in VERSIONS:
            for qos in QOS:
                self.both(*version, *qos, "-t", "r/3", "-C", "1", "-d", sort=True)

    def test_wildcards_and_shared(self):
        self.both("-t", "+/3", "-C", "1", "-v")
        self.both("-t", "$share/group/r/3", "-W", "1", "-V", "5")

    def test_retain_as_published(self):
        for options in (["-V", "5", "--retain-as-published"], ["-V", "5"], ["-V", "311", "--retain-as-published"]):
            seen = {}
            for tool in ("real_sub", "stand_in_sub"):
                process = self.start_subscribed(tool, *self.broker.where, "-t", "live", "-F", "%r %p", "-C", "1", *options)
                self.run_tool("real_pub", *self.broker.where, "-t", "live", "-m", "x", "-r")
                seen[tool] = self.ended(process)
                self.run_tool("real_pub", *self.broker.where, "-t", "live", "-n", "-r")
            self.assertEqual(seen["stand_in_sub"].out, seen["real_sub"].out)
            self.assertEqual(seen["stand_in_sub"].code, 0)

    def test_empty_payloads(self):
        for more in ([], ["-v"], ["-N", "-v"], ["-F", "%j"], ["-F", "%J"], ["-F", "[%p|%x|%l]"]):
            seen = {}
            for tool in ("real_sub", "stand_in_sub"):
                process = self.start_subscribed(tool, *self.broker.where, "-t", "live", "-C", "1", *more)
                self.run_tool("real_pub", *self.broker.where, "-t", "live", "-n")
                seen[tool] = self.ended(process)
            self.assertEqual(normal(seen["stand_in_sub"].out), normal(seen["real_sub"].out), more)

    def test_removing_retained(self):
        self.keep("gone/1", "x")
        self.keep("gone/2", "x")
        self.keep("gone/3", "x")
        ours = self.run_tool("sub", *self.broker.where, "-t", "gone/#", "-T", "gone/3", "--remove-retained", "--retained-only", "-v", "-C", "2")
        self.assertEqual((ours.code, ours.out), (0, b"gone/1 x\ngone/2 x\n"))
        self.assertEqual(self.run_tool("real_sub", *self.broker.where, "-t", "gone/#", "-v", "-W", "1").out, b"gone/3 x\n")


class Requesting(Tools):
    """The same request by both tools, answered by hand: what the responder sees, what is printed of the answer, how they exit."""

    QUESTION = "%t|%q|%r|%R|%D|%C|%P|%p"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Mosquitto().start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    def ask(self, tool, arguments, answer, data):
        responder = self.start_subscribed("real_sub", *self.broker.where, "-V", "5", "-q", "2", "-t", "ask/#", "-C", "1", "-F", self.QUESTION)
        process = self.start(tool, *self.broker.where, "-t", "ask/it", "-e", "answers/x", *arguments, stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL)
        if data is not None:
            process.stdin.write(data)
            process.stdin.close()
            process.stdin = None
        question = self.ended(responder).out
        if answer is not None:
            self.assertEqual(self.run_tool("real_pub", *self.broker.where, "-t", "answers/x", *answer).code, 0)
        return question, self.finish(process)

    def both(self, *arguments, answer=("-m", "the answer"), data=None, code=0):
        (their_question, theirs), (our_question, ours) = (self.ask(tool, arguments, answer, data) for tool in ("real_rr", "stand_in_rr"))
        with self.subTest(arguments=arguments):
            self.assertEqual(our_question, their_question)
            self.assertNotEqual(our_question, b"")
            # The real one leaves without DISCONNECT when it has its answer.
            said = [[line for line in sorted_lines(result.out) if not line.endswith(b"sending DISCONNECT")] for result in (ours, theirs)]
            self.assertEqual(said[0], said[1])
            self.assertEqual(ours.code, theirs.code, ours)
            self.assertEqual(ours.code, code)
            self.assertEqual(ours.err, theirs.err)
        return ours

    def test_every_qos_in_every_version(self):
        for version in [[], ["-V", "311"], ["-V", "5"]]:
            for qos in QOS:
                ours = self.both(*version, *qos, "-m", "hello")
                self.assertEqual(ours.out, b"the answer\n")

    def test_traces(self):
        for version in [["-V", "311"], ["-V", "5"]]:
            for qos in QOS[1:]:
                self.both(*version, *qos, "-m", "hello", "-d", answer=("-m", "x", "-q", "1"))

    def test_where_the_request_comes_from(self):
        path = f"{self.folder}/payload"
        with open(path, "wb") as file:
            file.write(b"from a file")
        self.both("-n")
        # The real one sends nothing of a file and of its standard input: what it documents is what ours does.
        for arguments, data, sent in ((["-f", path], None, b"from a file\n"), (["-s"], b"one\ntwo", b"one\ntwo\n")):
            question, ours = self.ask("stand_in_rr", arguments, ("-m", "x"), data)
            self.assertTrue(question.endswith(b"|" + sent), question)
            self.assertEqual((ours.code, ours.out), (0, b"x\n"))

    def test_output_options(self):
        rich = ("-m", '{"a":[1,2]}', "-q", "1", "-V", "5", "-D", "publish", "content-type", "text/json", "-D", "publish", "user-property", "k", "v")
        for more in (["-v"], ["-N"], ["-F", "%t %q %C %P %l %p"], ["-F", "%j"], ["-F", "%J"], ["-F", "%J", "--pretty"]):
            self.both("-m", "x", *more, answer=rich)
        self.both("-m", "x", "-v", answer=("-n",))

    def test_properties(self):
        self.both("-m", "x", "-D", "publish", "content-type", "text/plain", "-D", "publish", "correlation-data", "12", "-D", "publish", "user-property", "k", "v",
                  "-D", "subscribe", "user-property", "a", "b", "-D", "connect", "user-property", "c", "d")

    def test_time_out(self):
        self.assertIn(b"Timed out", self.both("-m", "x", "-W", "1", answer=None, code=27).err)

    def test_a_retained_answer(self):
        """-R does what the manual says; the real one prints it all the same."""
        self.run_tool("real_pub", *self.broker.where, "-t", "answers/x", "-m", "stale", "-r")
        self.addCleanup(self.run_tool, "real_pub", *self.broker.where, "-t", "answers/x", "-n", "-r")
        self.assertEqual(self.both("-m", "x", answer=None).out, b"stale\n")
        self.assertEqual(self.ask("rr", ["-m", "x", "-R"], ("-m", "fresh"), None)[1].out, b"fresh\n")

    def test_we_answer_the_real_one(self):
        for asks, answers in (("real_rr", "pub"), ("rr", "real_pub")):
            responder = self.start_subscribed("sub", *self.broker.where, "-V", "5", "-t", "ask/#", "-C", "1", "-F", "%R")
            process = self.start(asks, *self.broker.where, "-t", "ask/it", "-e", "answers/y", "-m", "x")
            where = self.ended(responder).out.decode().strip()
            self.assertEqual(where, "answers/y")
            self.run_tool(answers, *self.broker.where, "-t", where, "-m", "here")
            self.assertEqual(self.finish(process).out, b"here\n")


class Refusals(Tools):
    """Mistakes: the same exit code, and our one line begins with the first line of theirs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Mosquitto().start()
        cls.closed = Mosquitto("allow_anonymous false").start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        cls.closed.close()
        super().tearDownClass()

    def compare(self, tool, *arguments, code=None):
        theirs = self.run_tool(f"real_{tool}", *arguments)
        for ours_name in (f"stand_in_{tool}", tool):
            ours = self.run_tool(ours_name, *arguments)
            with self.subTest(tool=ours_name, arguments=arguments):
                self.assertEqual(ours.code, theirs.code if code is None else code, ours)
                lines = ours.err.decode().splitlines()
                self.assertEqual(len(lines), 1, ours)
                begins = next((line for line in theirs.err.decode().splitlines() if line), "").rstrip(".")
                self.assertTrue(lines[0].startswith(begins), f"{lines[0]!r} does not begin with {begins!r}")
                self.assertEqual(ours.out, b"")

    def test_usage(self):
        ok = [*self.broker.where, "-t", "a", "-m", "b"]
        for arguments in (["-t", "a"], ["-m", "a"], [*ok, "-q", "3"], [*ok, "-V", "6"], [*ok, "--bogus"], [*ok, "bogus"], [*ok, "-W", "3"], [*ok, "-f", "x"],
                          [*self.broker.where, "-t"], [*ok, "-p", "70000"], [*ok, "-k", "3"], [*ok, "-k", "70000"], [*ok, "-D", "publish", "foo", "bar"],
                          [*ok, "-D", "foo", "foo", "bar"], [*ok, "-D", "publish", "receive-maximum", "3"], [*ok, "-D", "publish", "content-type"],
                          [*ok, "-D", "publish", "user-property", "k"], [*ok, "-D", "connect", "receive-maximum", "99999"], [*ok, "-D", "auth", "user-property", "a", "b"],
                          [*ok, "--will-payload", "x"], [*ok, "--will-topic", "x/+"], [*ok, "--will-qos", "3"], [*ok, "--repeat", "0"], [*ok, "--repeat-delay", "-1"],
                          [*ok, "-M", "0"], [*ok, "-i", "x", "-I", "y"], [*ok, "-x", "abc"], [*ok, "-x", "-2"], [*ok, "-V", "5", "-x", "-1"], [*ok, "-V", "5", "-c"],
                          [*ok, "-V", "311", "-c"], [*self.broker.where, "-t", "a/+", "-m", "b"], [*self.broker.where, "-t", "a", "-f", "/nonexistent"],
                          [*self.broker.where, "-t", "a", "-s"], ["-L", "mqtt://127.0.0.1", "-m", "b"], ["-L", "http://127.0.0.1/a", "-m", "b"], [*ok, "--cert", "x"], [*ok, "--key", "x"],
                          [*ok, "--cafile", "x", "--psk", "00", "--psk-identity", "y"], [*ok, "--psk", "00"], [*ok, "--psk", "x", "--psk-identity", "y"],
                          [*ok, "--keyform", "pem"], [*ok, "--keyform", "x", "--cert", "x", "--key", "x"], [*ok, "--tls-engine", "x"],
                          [*ok, "--tls-version", "x"], [*ok, "--cafile", "/nonexistent"], [*ok, "--proxy", "x"], [*ok, "--proxy", "socks5h://"],
                          [*ok, "--cafile", __file__, "--cert", "/nonexistent", "--key", "/nonexistent"], [*ok, "-A", "192.0.2.1"], [*ok, "-A", "foo.invalid"],
                          [*ok, "-P", "secret", "-V", "311"], [*ok, "-i", ""]):
            self.compare("pub", *arguments)
        ok = [*self.broker.where, "-t", "a"]
        for arguments in ([], [*self.broker.where, "-t", "r/#/x"], [*ok, "-T", "a/#/b"], [*ok, "-q", "3"], [*ok, "-C", "0"], [*ok, "-W", "0"], [*ok, "-m", "x"],
                          [*ok, "-R", "--retained-only"], [*ok, "--random-filter", "0"], [*ok, "-F", "%"], [*ok, "-F", "%Q"], [*ok, "-F", "\\q"], [*ok, "-F", "%0-l"],
                          [*ok, "-F", "a@"], [*ok, "-F", "\\"], [*ok, "-k", "0"], [*ok, "-P", "secret", "-V", "31"], [*ok, "-U", "a/b+"]):
            self.compare("sub", *arguments)
        ok = [*self.broker.where, "-t", "a", "-e", "b", "-m", "x"]
        for arguments in (["-t", "a", "-m", "x"], ["-t", "a", "-e", "b"], ["-e", "b", "-m", "x"], [*ok, "-e", "b/+"], [*ok, "-t", "a/#"], [*ok, "-l"], [*ok, "-C", "1"],
                          [*ok, "-r"], [*ok, "-U", "x"], [*ok, "-T", "x"], [*ok, "-E"], [*ok, "-n"], [*ok, "--repeat", "2"], [*ok, "-F", "%z"], [*ok, "-W", "0"],
                          [*ok, "--retained-only"], [*ok, "--remove-retained"], [*ok, "-q", "3"], [*ok, "-D", "publish", "response-topic", "c"]):
            self.compare("rr", *arguments)

    def test_nobody_listens(self):
        port = str(harness.free_port())
        self.compare("pub", "-h", "127.0.0.1", "-p", port, "-t", "a", "-m", "b", code=1)
        self.compare("sub", "-h", "127.0.0.1", "-p", port, "-t", "a", code=1)
        self.compare("rr", "-h", "127.0.0.1", "-p", port, "-t", "a", "-e", "b", "-m", "c", code=1)
        self.compare("pub", "--unix", "/nonexistent/socket", "-t", "a", "-m", "b", code=1)

    def test_no_such_host(self):
        self.compare("pub", "-h", "no.such.host.invalid", "-t", "a", "-m", "b", code=1)
        self.compare("sub", "-h", "no.such.host.invalid", "-t", "a", code=1)

    def test_wrong_password(self):
        for version, code in (("31", 5), ("311", 5), ("5", 135)):
            for more in ([], ["-u", "u", "-P", "x"]):
                self.compare("pub", *self.closed.where, "-V", version, *more, "-t", "a", "-m", "b", code=code)
                self.compare("pub", *self.closed.where, "-V", version, *more, "-t", "a", "-l", code=code)
                self.compare("sub", *self.closed.where, "-V", version, *more, "-t", "a", code=code)

    def test_quiet(self):
        for tool, rest in (("pub", ["-m", "b"]), ("sub", [])):
            ours = self.run_tool(tool, "-h", "no.such.host.invalid", "-t", "a", "--quiet", *rest)
            self.assertEqual((ours.code, ours.out, ours.err), (1, b"", b""))
            ours = self.run_tool(tool, "--quiet", "-t", "a", "--bogus", *rest)
            self.assertEqual(ours.code, 1)
            self.assertIn(b"Unknown option '--bogus'", ours.err)


if __name__ == "__main__":
    harness.main()
