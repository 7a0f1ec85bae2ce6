# What the tools do while they run: signals, lost connections, terminals, standard input, options files.
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

import harness
from harness import Broker, Scripted, Tools, Witness, read_packet, wait_until

CONNACK_3 = b"\x20\x02\x00\x00"


class WithBroker(Tools):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Broker("allow_anonymous true", "max_packet_size 16777216").start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    def publish(self, topic, payload, *more):
        result = self.run_tool("pub", *self.broker.where, "-t", topic, "-m", payload, *more)
        self.assertEqual((result.code, result.err), (0, b""))


class Ending(WithBroker):
    def test_signals_end_a_subscriber_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start_subscribed("sub", *self.broker.where, "-t", "a")
            process.send_signal(number)
            self.assertEqual(self.ended(process).code, 0)
            self.assertTrue(any(b"sending DISCONNECT" in line for line in process.lines))

    def test_an_alarm_is_a_time_out(self):
        process = self.start_subscribed("sub", *self.broker.where, "-t", "a")
        process.send_signal(signal.SIGALRM)
        result = self.ended(process)
        self.assertEqual((result.code, result.err), (27, b"Timed out\n"))

    def test_a_signal_ends_a_subscriber_that_is_not_connected(self):
        server = Scripted(lambda connection: connection.recv(4096) and connection.recv(4096))
        self.addCleanup(server.close)
        process = self.start("sub", *server.where, "-t", "a", "-d")
        wait_until(lambda: b"sending CONNECT" in process.stdout.readline(), "CONNECT")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process).code, 0)

    def test_messages_beyond_the_count_stay_in_the_session(self):
        subscribe = [*self.broker.where, "-V", "311", "-t", "queue", "-q", "1", "-i", "counting", "-c"]
        self.assertEqual(self.run_tool("sub", *subscribe, "-E").code, 0)
        for n in range(6):
            self.publish("queue", str(n), "-q", "1")
        self.assertEqual(self.run_tool("sub", *subscribe, "-C", "2").out, b"0\n1\n")
        self.assertEqual(self.run_tool("sub", *subscribe, "-C", "3").out, b"2\n3\n4\n")
        self.assertEqual(self.run_tool("sub", *subscribe, "-C", "1").out, b"5\n")
        self.run_tool("sub", *self.broker.where, "-V", "311", "-t", "queue", "-i", "counting", "-E")

    def test_unsubscribing_from_a_session_that_was_kept(self):
        name = [*self.broker.where, "-i", "keeper", "-c", "-q", "1"]
        self.assertEqual(self.run_tool("sub", *name, "-t", "old/1", "-t", "old/2", "-E").code, 0)
        self.assertEqual(self.run_tool("sub", *name, "-U", "old/1", "-E").code, 0)
        self.publish("old/1", "no", "-q", "1")
        self.publish("old/2", "yes", "-q", "1")
        self.assertEqual(self.run_tool("sub", *name, "-t", "old/2", "-C", "1", "-v").out, b"old/2 yes\n")

    def test_a_will_is_published_when_the_program_dies(self):
        for version in ("311", "5"):
            watcher = self.start_subscribed("sub", *self.broker.where, "-t", "will/#", "-q", "2", "-C", "1", "-F", "%t %q %r %p")
            dying = self.start_subscribed("sub", *self.broker.where, "-V", version, "-t", "x", "--will-topic", "will/1", "--will-payload", "gone", "--will-qos", "2")
            dying.kill()
            self.assertEqual(self.ended(watcher).out, b"will/1 2 0 gone\n")

    def test_a_reader_that_leaves_ends_a_subscriber(self):
        process = self.start("sub", *self.broker.where, "-t", "pipe", "-d")
        wait_until(lambda: b"Subscribed" in process.stdout.readline(), "SUBACK")
        process.stdout.close()
        self.publish("pipe", "x")
        self.assertNotEqual(process.wait(harness.DEADLINE), 0)
        process.stdout = None

    def test_a_full_disk_is_told_of(self):
        with open("/dev/full", "wb") as full:
            process = self.start("sub", *self.broker.where, "-t", "disk", "-C", "1", stdout=full)
            wait_until(lambda: self.run_tool("pub", *self.broker.where, "-t", "disk", "-m", "x").code == 0 and process.poll() is not None, "the end")
        result = Harnessed(process)
        self.assertEqual(result.code, 14)
        self.assertIn(b"Unable to write to standard output", result.err)


class Harnessed:
    def __init__(self, process):
        self.code = process.wait(harness.DEADLINE)
        self.err = process.stderr.read()


class Terminal(WithBroker):
    PAYLOAD = "\x1b[31mred\x07\x7f\u009b\u202eend"
    SHOWN = "\\x1b[31mred\\x07\\x7f\\u{009b}\\u{202e}end"

    def on_terminal(self, *arguments):
        master, slave = pty.openpty()
        process = self.start("sub", *self.broker.where, *arguments, stdout=slave)
        os.close(slave)
        shown = b""
        end = time.monotonic() + harness.DEADLINE
        while time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    piece = os.read(master, 4096)
                except OSError:
                    piece = b""
                if not piece:
                    break
                shown += piece
        os.close(master)
        self.assertEqual(process.wait(harness.DEADLINE), 0)
        return shown.replace(b"\r\n", b"\n").decode()

    def setUp(self):                                               # mosquitto lets no control character into a topic
        self.publish("screen/\u00e9", self.PAYLOAD, "-r")
        self.addCleanup(self.run_tool, "pub", *self.broker.where, "-t", "screen/\u00e9", "-n", "-r")

    def test_control_characters_are_shown_escaped_on_a_terminal(self):
        self.assertEqual(self.on_terminal("-t", "screen/#", "-C", "1"), self.SHOWN + "\n")
        self.assertEqual(self.on_terminal("-t", "screen/#", "-C", "1", "-v"), "screen/\u00e9 " + self.SHOWN + "\n")
        self.assertEqual(self.on_terminal("-t", "screen/#", "-C", "1", "-F", "%t=%p"), "screen/\u00e9=" + self.SHOWN + "\n")
        for arguments in (["-d"], ["-F", "%j"], ["-F", "%j", "--pretty"]):
            shown = self.on_terminal("-t", "screen/#", "-C", "1", *arguments)
            self.assertIn("screen/\u00e9", shown)
            self.assertEqual(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown), [], shown)

    def test_output_is_raw_otherwise(self):
        self.assertEqual(self.run_tool("sub", *self.broker.where, "-t", "screen/#", "-C", "1").out.decode(), self.PAYLOAD + "\n")
        self.assertEqual(self.run_tool("sub", *self.broker.where, "-t", "screen/#", "-C", "1", "-v").out.decode(), "screen/\u00e9 " + self.PAYLOAD + "\n")

    def test_any_bytes(self):
        every = bytes(range(256)) * 4
        watcher = self.start_subscribed("sub", *self.broker.where, "-t", "bytes", "-C", "1", "-N")
        self.assertEqual(self.run_tool("pub", *self.broker.where, "-t", "bytes", "-s", data=every).code, 0)
        watcher.wait(harness.DEADLINE)
        watcher.reader.join(harness.DEADLINE)
        self.assertIn(every, b"".join(watcher.lines))


class Losing(Tools):
    """Connections that are lost while the tools run."""

    def setUp(self):
        self.broker = Broker().start()
        self.addCleanup(self.broker.close)

    def restart(self, meanwhile=lambda: None):
        self.broker.stop()
        meanwhile()
        self.broker.start()

    def test_a_subscriber_comes_back(self):
        for version in ("311", "5", "auto"):
            process = self.start_subscribed("sub", *self.broker.where, "-V", version, "-t", "back", "-C", "1", "-q", "1")
            self.restart()
            wait_until(lambda: sum(b"received SUBACK" in line for line in process.lines) == 2, "the second SUBACK")
            self.assertEqual(self.run_tool("pub", *self.broker.where, "-t", "back", "-m", "again", "-q", "1").code, 0)
            result = self.ended(process)
            self.assertEqual((result.code, result.out), (0, b"again\n"))

    def test_lines_go_on_after_a_lost_connection(self):
        for qos in ("1", "2"):
            process = self.start("pub", *self.broker.where, "-t", "lines", "-l", "-q", qos, "-d", stdin=subprocess.PIPE)
            process.stdin.write(b"before\n")
            process.stdin.flush()
            wait_until(lambda: b"received PUBACK" in (line := process.stdout.readline()) or b"received PUBCOMP" in line, "the acknowledgement")

            def write_more():
                process.stdin.write(b"after\n")
                process.stdin.flush()
            self.restart(write_more)
            watcher = self.start_subscribed("sub", *self.broker.where, "-t", "lines", "-C", "1", "-q", "1")
            self.assertEqual(self.ended(watcher).out, b"after\n")
            process.stdin.close()
            process.stdin = None
            self.assertEqual(self.finish(process).code, 0)

    def test_a_single_message_is_not_tried_again(self):
        server = Scripted(lambda c: (read_packet(c), c.sendall(CONNACK_3), read_packet(c)))
        self.addCleanup(server.close)
        result = self.run_tool("pub", *server.where, "-V", "311", "-t", "a", "-m", "b", "-q", "1")
        self.assertEqual(result.code, 7)
        self.assertEqual(result.err, b"Error: The connection was lost.\n")


class Input(WithBroker):
    def test_standard_input_of_every_kind(self):
        path = os.path.join(self.folder, "lines")
        with open(path, "wb") as file:
            file.write(b"one\ntwo\n")
        witness = Witness(self, self.broker)
        with open(path, "rb") as file:
            self.assertEqual(self.finish(self.start("pub", *self.broker.where, "-t", "in", "-l", "-q", "1", stdin=file)).code, 0)
        self.assertEqual([line.split(b"|")[3] for line in witness.messages()], [b"one", b"two"])
        self.assertEqual(self.finish(self.start("pub", *self.broker.where, "-t", "in", "-l")).code, 0)
        self.assertEqual(witness.messages(), [])
        master, slave = pty.openpty()
        process = self.start("pub", *self.broker.where, "-t", "in", "-l", "-q", "1", stdin=slave)
        os.write(master, b"typed\n\x04")
        self.assertEqual(self.finish(process).code, 0)
        os.close(slave)
        os.close(master)
        self.assertEqual([line.split(b"|")[3] for line in witness.messages()], [b"typed"])

    def test_a_pipe_stays_blocking_for_its_other_readers(self):
        import fcntl
        reading, writing = os.pipe()
        process = self.start("pub", *self.broker.where, "-t", "in", "-l", "-d", stdin=reading)
        wait_until(lambda: b"CONNACK" in process.stdout.readline(), "CONNACK")
        self.assertEqual(fcntl.fcntl(reading, fcntl.F_GETFL) & os.O_NONBLOCK, 0)
        os.close(writing)
        self.assertEqual(self.finish(process).code, 0)
        os.close(reading)

    def test_many_lines_keep_their_order(self):
        for qos in ("0", "1", "2"):
            watcher = self.start_subscribed("sub", *self.broker.where, "-t", "many", "-q", qos, "-C", "1000")
            data = b"".join(b"%d\n" % n for n in range(1000))
            self.assertEqual(self.run_tool("pub", *self.broker.where, "-t", "many", "-l", "-q", qos, data=data).code, 0)
            result = self.ended(watcher)
            self.assertEqual(result.out, data)

    def test_large_payloads(self):
        payload = os.urandom(1 << 20) * 8
        path = os.path.join(self.folder, "large")
        with open(path, "wb") as file:
            file.write(payload)
        for qos in ("0", "1", "2"):
            watcher = self.start("sub", *self.broker.where, "-t", "large", "-q", qos, "-C", "1", "-N")
            result = None
            retained = self.run_tool("pub", *self.broker.where, "-t", "large", "-f", path, "-q", qos, "-r")
            self.assertEqual(retained.code, 0, retained.err)
            result = self.finish(watcher)
            self.assertTrue(result.out == payload and result.code == 0)
            self.run_tool("pub", *self.broker.where, "-t", "large", "-n", "-r")


class OptionsFiles(WithBroker):
    def write(self, name, text):
        folder = os.path.join(self.folder, "config")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        self.addCleanup(os.remove, path)
        return {"XDG_CONFIG_HOME": folder}

    def test_defaults_come_from_a_file(self):
        self.publish("file/1", "one", "-r")
        self.publish("file/2", "two", "-r")
        environment = self.write("mosquitto_sub", f"# ours\n-h 127.0.0.1\n-p {self.broker.port}\n-t file/1\n-C 2\n-v\n")
        for tool in ("real_sub", "stand_in_sub", "sub"):
            result = self.run_tool(tool, "-t", "file/2", environment=environment)
            self.assertEqual((result.code, sorted(result.out.splitlines())), (0, [b"file/1 one", b"file/2 two"]), tool)
        self.write("aldis_sub", f"-h 127.0.0.1\n-p {self.broker.port}\n-C 1\n-F %t\n")
        self.assertEqual(self.run_tool("sub", "-t", "file/2", environment=environment).out, b"file/2\n")

    def test_a_mistake_in_a_file_is_found(self):
        environment = self.write("aldis_sub", "-h 127.0.0.1\n--bogus x\n")
        result = self.run_tool("sub", "-t", "x", environment=environment)
        self.assertEqual(result.code, 1)
        self.assertIn(b"Unknown option '--bogus'. (in ", result.err)
        self.assertIn(b"aldis_sub line 2)", result.err)


class Names(WithBroker):
    def test_a_unix_domain_socket(self):
        broker = Broker("listener 0 FOLDER/socket", "allow_anonymous true").start()
        self.addCleanup(broker.close)
        path = os.path.join(broker.folder, "socket")
        wait_until(lambda: os.path.exists(path), "the socket")
        for publisher, subscriber in (("pub", "sub"), ("real_pub", "sub"), ("pub", "real_sub")):
            self.assertEqual(self.run_tool(publisher, "--unix", path, "-t", "a", "-m", "near", "-r", "-q", "1").code, 0)
            self.assertEqual(self.run_tool(subscriber, "--unix", path, "-t", "a", "-C", "1").out, b"near\n")

    def test_help_and_version_succeed(self):
        for tool in ("pub", "sub", "stand_in_pub", "stand_in_sub"):
            for option in ("--help", "--version"):
                result = self.run_tool(tool, option)
                self.assertEqual((result.code, result.err), (0, b""))
                self.assertTrue(result.out)
        for arguments in (["--help"], ["--version"]):
            self.assertEqual(subprocess.run([harness.ALDIS, *arguments], capture_output=True, timeout=harness.DEADLINE).returncode, 0)

    def test_an_unknown_tool_is_told_of(self):
        for arguments in ([], ["bogus"], ["-t", "a"]):
            result = subprocess.run([harness.ALDIS, *arguments], capture_output=True, timeout=harness.DEADLINE)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"possible: pub, sub", result.stderr)

    def test_the_name_chooses_the_version(self):
        for tool, version in (("pub", 5), ("stand_in_pub", 4)):
            seen = []
            server = Scripted(lambda c: (seen.append(read_packet(c)[1][6]), c.sendall(b"\x20\x02\x00\x05")))
            self.addCleanup(server.close)
            self.run_tool(tool, *server.where, "-t", "a", "-m", "b")
            self.assertEqual(seen[0], version)


if __name__ == "__main__":
    harness.main()
