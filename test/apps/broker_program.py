# `aldis broker` as a program: its configuration files, who comes in, reload and end; with Debian's mosquitto_pub and mosquitto_sub as clients.
import atexit
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.request

import harness
from harness import ALDIS, DEADLINE, Tools, read_packet, wait_until

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "certificates.sh")
DEBIAN = """# Place your local configuration in /etc/mosquitto/conf.d/
#
# A full description of the configuration file is at
# /usr/share/doc/mosquitto/examples/mosquitto.conf.example

pid_file FOLDER/mosquitto.pid

persistence true
persistence_location FOLDER/

log_dest file FOLDER/mosquitto.log

include_dir FOLDER/conf.d
"""
CONNECT_5 = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01x"


class OurBroker:
    """The program with a configuration of its own in a folder that goes with it; FOLDER in texts stands for that."""

    def __init__(self, *lines, files=None, arguments=(), environment=None):
        self.folder = tempfile.mkdtemp(prefix="aldis_broker_program_")
        atexit.register(self.close)
        for name, text in (files or {}).items():
            self.write(name, text)
        self.arguments = [each.replace("FOLDER", self.folder) for each in arguments]
        if lines:
            self.configure(*lines)
            self.arguments += ["-c", self.path("broker.conf")]
        self.environment, self.process, self.lines = environment, None, []

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text.replace("FOLDER", self.folder))

    def configure(self, *lines):
        self.write("broker.conf", "\n".join(["user root", *lines]) + "\n")

    def launch(self):
        self.process = subprocess.Popen([ALDIS, "broker", *self.arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env={**os.environ, **(self.environment or {})})
        self.reader = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, b"")), daemon=True)
        self.reader.start()
        return self

    def start(self):
        self.launch()
        self.wait_for(rb"started: ", "its start")
        self.addresses = re.findall(rb"(\w+)://([^, /]*):(\d+)", next(l for l in self.lines if b"started: " in l))
        self.ports = [int(port) for _, _, port in self.addresses]
        return self

    def wait_for(self, pattern, what, after=0):
        def found():
            if self.process.poll() is not None:
                self.reader.join(DEADLINE)
            if any(re.search(pattern, line) for line in self.lines[after:]):
                return True
            if self.process.poll() is not None:
                raise AssertionError(f"the broker has ended: {self.lines}")
        wait_until(found, what)

    def reload(self, pattern):
        """SIGHUP, and what the broker says then."""
        after = len(self.lines)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(pattern, f"{pattern} after SIGHUP", after)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        self.process.stdout.close()
        return code

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def where(self):
        return ["-h", "127.0.0.1", "-p", str(self.ports[0])]


def contents(path):
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


def write_passwords(folder, name, **users):
    path = os.path.join(folder, name)
    for user, password in users.items():
        create = [] if os.path.exists(path) else ["-c"]
        subprocess.run([ALDIS, "passwd", "-b", *create, path, user, password], check=True)
    return path


class BrokerTests(Tools):
    def broker(self, *lines, **more):
        made = OurBroker(*lines, **more)
        self.addCleanup(made.close)
        return made

    def delivers(self, broker, topic, *arguments, sender="real_pub", receiver="real_sub", to=None):
        """A message of each QoS, sent with `arguments`, arrives at a subscriber with `to`, or with the same."""
        to = arguments if to is None else to
        watcher = self.start_subscribed(receiver, *broker.where, *to, "-t", topic, "-q", "2", "-C", "3")
        for qos in "012":
            sent = self.run_tool(sender, *broker.where, *arguments, "-t", topic, "-m", qos, "-q", qos)
            self.assertEqual((sent.code, sent.err), (0, b""), sent)
        self.assertEqual(sorted(self.ended(watcher).out.split()), [b"0", b"1", b"2"], broker.lines)

    def is_refused(self, broker, *arguments, code=5):
        sent = self.run_tool("real_pub", *broker.where, *arguments, "-t", "a", "-m", "b", "-q", "1")
        self.assertEqual(sent.code, code, (sent, broker.lines))


class Starting(BrokerTests):
    """Where it listens, and what it says of itself."""

    def test_without_a_configuration_this_machine_is_served(self):
        broker = self.broker(arguments=["-p", "0"]).start()
        self.assertEqual([(way, host) for way, host, _ in broker.addresses], [(b"mqtt", b"127.0.0.1")])
        for version in ("311", "5"):
            self.delivers(broker, "a/b", "-V", version)
        self.assertEqual(broker.stop(), 0)

    def test_websocket_and_tcp_share_messages(self):
        broker = self.broker(arguments=["-p", "0", "--ws-port", "0"]).start()
        web = ["-h", "127.0.0.1", "-p", str(broker.ports[1]), "--ws"]
        self.delivers(broker, "a/b", *web[2:], sender="pub", to=[])
        self.delivers(broker, "a/b", sender="real_pub", receiver="sub", to=web[2:])

    def test_packets_are_shown_as_the_dump_shows_them(self):
        broker = self.broker(arguments=["-p", "0", "--packets"]).start()
        sent = self.run_tool("real_pub", *broker.where, "-i", "lamp", "-u", "ada", "-P", "secret", "-t", "a/b", "-m", "hello", "-q", "1")
        self.assertEqual(sent.code, 0, sent)
        broker.wait_for(rb"Disconnect Req", "the last packet")
        told = b"".join(broker.lines)
        for text in (b"Connect Command", b"Connect Ack", b"Publish Message (id=1) [a/b]", b"Publish Ack (id=1)", b"broker"):
            self.assertIn(text, told)
        self.assertNotIn(b"secret", told)

    def test_every_interface_lets_nobody_in_unless_told_to(self):
        broker = self.broker("listener 0").start()
        self.is_refused(broker)
        self.assertTrue(any(b"nobody can come in here" in line for line in broker.lines), broker.lines)
        self.delivers(self.broker("listener 0", "allow_anonymous true").start(), "a")

    def test_debians_configuration_works_unchanged(self):
        files = {"conf.d/README": "no configuration\n", "mosquitto.conf": DEBIAN}
        broker = self.broker(files=files, arguments=["-c", "FOLDER/mosquitto.conf", "-p", "0"]).launch()
        log = broker.path("mosquitto.log")
        wait_until(lambda: broker.process.poll() is not None or b"started: " in contents(log), "the log file")
        self.assertIsNone(broker.process.poll(), broker.lines)
        with open(broker.path("mosquitto.pid")) as file:
            self.assertEqual(int(file.read()), broker.process.pid)
        self.assertEqual(broker.stop(), 0)
        self.assertFalse(os.path.exists(broker.path("mosquitto.pid")))
        self.assertEqual(broker.lines, [])

    def test_a_manager_is_told(self):
        folder = tempfile.mkdtemp(prefix="aldis_notify_")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(DEADLINE)
            broker = self.broker(arguments=["-p", "0"], environment={"NOTIFY_SOCKET": path}).start()
            self.assertTrue(manager.recv(1000).startswith(b"READY=1\nSTATUS=mqtt://127.0.0.1:"))
            broker.reload(rb"reloaded")
            self.assertRegex(manager.recv(1000), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertTrue(manager.recv(1000).startswith(b"READY=1"))
            broker.stop()
            self.assertEqual(manager.recv(1000), b"STOPPING=1")

    def test_metrics_and_health_are_served(self):
        for asked in ({"arguments": ["-p", "0", "--metrics", "0"]}, {"lines": ["listener 0 127.0.0.1", "allow_anonymous true", "metrics_listener 127.0.0.1:0"]}):
            broker = self.broker(*asked.pop("lines", ()), **asked).start()
            told = re.search(rb"metrics are at (http://127.0.0.1:\d+)/metrics", b"".join(broker.lines))
            self.assertTrue(told, broker.lines)
            where = told[1].decode()
            self.run_tool("real_pub", *broker.where, "-t", "a", "-m", "b", "-q", "1")
            with urllib.request.urlopen(where + "/metrics", timeout=DEADLINE) as answer:
                self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
                self.assertIn(b"\naldis_broker_messages_received_total 1\n", answer.read())
            with urllib.request.urlopen(where + "/healthz", timeout=DEADLINE) as answer:
                self.assertEqual(answer.read(), b"ok\n")
            self.assertEqual(broker.stop(), 0)

    def test_the_end_is_told_to_clients(self):
        broker = self.broker(arguments=["-p", "0"]).start()
        with socket.create_connection(("127.0.0.1", broker.ports[0]), timeout=DEADLINE) as client:
            client.sendall(CONNECT_5)
            self.assertEqual(read_packet(client)[0], 0x20)
            broker.process.send_signal(signal.SIGINT)
            kind, body = read_packet(client)
            self.assertEqual((kind, body[:1]), (0xE0, b"\x8b"))
            client.shutdown(socket.SHUT_RDWR)
        self.assertEqual(broker.process.wait(DEADLINE), 0)

    def test_text_of_clients_is_no_command_for_a_terminal(self):
        broker = self.broker(arguments=["-p", "0", "-v"]).start()
        with socket.create_connection(("127.0.0.1", broker.ports[0]), timeout=DEADLINE) as client:
            client.sendall(b"\x10\x13" + CONNECT_5[2:-3] + b"\x00\x06x\x1b[31m")
            broker.wait_for(rb"\[31m", "the name of the client")
        broker.stop()
        self.assertNotIn(b"\x1b", b"".join(broker.lines))


class Access(BrokerTests):
    """Passwords, rules and certificates."""

    def test_passwords_and_rules(self):
        broker = self.broker("listener 0 127.0.0.1", "password_file FOLDER/users", "acl_file FOLDER/rules",
                             files={"rules": "user ann\ntopic readwrite ann/#\nuser bob\ntopic read ann/#\n"})
        write_passwords(broker.folder, "users", ann="secret", bob="hidden")
        broker.start()
        ann, bob = ["-u", "ann", "-P", "secret"], ["-u", "bob", "-P", "hidden"]
        self.delivers(broker, "ann/x", *ann, to=bob)
        self.is_refused(broker)
        self.is_refused(broker, "-u", "ann", "-P", "wrong", code=4)
        self.is_refused(broker, "-u", "eve", "-P", "secret", code=4)
        watcher = self.start_subscribed("real_sub", *broker.where, *ann, "-t", "ann/#", "-C", "1")
        self.run_tool("real_pub", *broker.where, *bob, "-t", "ann/x", "-m", "not his to write", "-q", "1")
        self.run_tool("real_pub", *broker.where, *ann, "-t", "ann/y", "-m", "hers", "-q", "1")
        self.assertEqual(self.ended(watcher).out, b"hers\n")

    def test_each_listener_has_its_own(self):
        broker = self.broker("per_listener_settings true", "listener 0 127.0.0.1", "password_file FOLDER/users", "listener 0 127.0.0.1", "allow_anonymous true",
                             "max_qos 1", "listener 0 FOLDER/socket", "socket_permissions 600", "allow_anonymous true")
        write_passwords(broker.folder, "users", ann="secret")
        broker.start()
        self.is_refused(broker)
        open_one = ["-p", str(broker.ports[1])]
        self.assertEqual(self.run_tool("real_pub", *open_one, "-h", "127.0.0.1", "-t", "a", "-m", "b", "-q", "1").code, 0)
        self.assertEqual(os.stat(broker.path("socket")).st_mode & 0o777, 0o600)
        self.assertEqual(self.run_tool("real_pub", "--unix", broker.path("socket"), "-t", "a", "-m", "b", "-q", "1").code, 0)

    def test_a_certificate_is_the_user_name(self):
        certificates = tempfile.mkdtemp(prefix="aldis_broker_certificates_")
        self.addCleanup(shutil.rmtree, certificates)
        subprocess.run(["bash", SCRIPT, certificates], check=True, stdout=subprocess.DEVNULL)
        at = lambda name: os.path.join(certificates, name)
        secured = [f"certfile {at('server.pem')}", f"keyfile {at('server.key')}", f"cafile {at('ca.pem')}"]
        broker = self.broker("listener 0 127.0.0.1", *secured, "require_certificate true", "use_identity_as_username true", f"crlfile {at('crl.pem')}",
                             "listener 0 127.0.0.1", *secured[:2], "acl_file FOLDER/rules", "allow_anonymous true",
                             files={"rules": "pattern readwrite %u/#\n"}).start()
        trust = ["--cafile", at("ca.pem")]
        client = [*trust, "--cert", at("client.pem"), "--key", at("client.key")]
        self.delivers(broker, "device-7/x", *client)
        self.assertNotEqual(self.run_tool("real_pub", *broker.where, *trust, "-t", "device-7/x", "-m", "b", "-q", "1").code, 0)
        watcher = self.start_subscribed("real_sub", *broker.where, *client, "-t", "device-7/#", "-C", "1")
        anonymous = self.run_tool("real_pub", "-h", "127.0.0.1", "-p", str(broker.ports[1]), *trust, "-t", "device-7/x", "-m", "no name, no right", "-q", "1")
        self.assertEqual(anonymous.code, 0, anonymous)
        self.run_tool("real_pub", *broker.where, *client, "-t", "device-7/y", "-m", "his", "-q", "1")
        self.assertEqual(self.ended(watcher).out, b"his\n")


class Reloading(BrokerTests):
    """SIGHUP: all of it, or nothing."""

    def test_passwords_and_limits_are_read_again_or_stay(self):
        broker = self.broker("listener 0 127.0.0.1", "password_file FOLDER/users")
        write_passwords(broker.folder, "users", ann="secret")
        broker.start()
        self.is_refused(broker, "-u", "bob", "-P", "hidden", code=4)
        write_passwords(broker.folder, "users", bob="hidden")
        self.is_refused(broker, "-u", "bob", "-P", "hidden", code=4)
        broker.reload(rb"reloaded")
        self.delivers(broker, "a", "-u", "bob", "-P", "hidden")

        for lines in (["listener 0 127.0.0.1", "allow_anonymus true"], ["listener 0 127.0.0.1", "password_file FOLDER/nowhere"],
                      ["listener 0 127.0.0.1", "allow_anonymous true", "log_dest file FOLDER/no/where"]):
            broker.configure(*lines)
            broker.reload(rb"everything is as before")
            self.is_refused(broker)
            self.delivers(broker, "a", "-u", "bob", "-P", "hidden")

        broker.configure("listener 0 127.0.0.1", "allow_anonymous true", "listener 0 127.0.0.1")
        broker.reload(rb"opened and closed at a start only")
        self.delivers(broker, "a")

    def test_a_configuration_that_is_gone_changes_nothing(self):
        broker = self.broker("listener 0 127.0.0.1", "password_file FOLDER/users")
        write_passwords(broker.folder, "users", ann="secret")
        broker.start()
        os.remove(broker.path("broker.conf"))
        broker.reload(rb"everything is as before")
        self.is_refused(broker)
        self.delivers(broker, "a", "-u", "ann", "-P", "secret")

    def test_certificates_are_read_again_or_stay(self):
        certificates = tempfile.mkdtemp(prefix="aldis_broker_certificates_")
        self.addCleanup(shutil.rmtree, certificates)
        subprocess.run(["bash", SCRIPT, certificates], check=True, stdout=subprocess.DEVNULL)
        broker = self.broker("listener 0 127.0.0.1", "allow_anonymous true", "certfile FOLDER/own.pem", "keyfile FOLDER/own.key")

        def use(name):
            for end in ("pem", "key"):
                shutil.copy(os.path.join(certificates, f"{name}.{end}"), broker.path(f"own.{end}"))

        def shown():
            return ssl.get_server_certificate(("127.0.0.1", broker.ports[0]))
        use("server")
        broker.start()
        first = shown()
        use("wrong_host")
        broker.reload(rb"reloaded")
        second = shown()
        self.assertNotEqual(first, second)
        broker.write("own.pem", "no certificate\n")
        broker.reload(rb"everything is as before")
        self.assertEqual(shown(), second)

    def test_a_log_file_that_was_moved_is_begun_again(self):
        broker = self.broker("listener 0 127.0.0.1", "allow_anonymous true", "log_dest file FOLDER/log", "log_dest stdout").start()
        os.rename(broker.path("log"), broker.path("log.1"))
        broker.reload(rb"reloaded")
        self.run_tool("real_pub", *broker.where, "-i", "somebody", "-t", "a", "-m", "b")
        wait_until(lambda: b"somebody" in contents(broker.path("log")), "the new log")


class Keeping(BrokerTests):
    """What outlives the process."""

    def kill(self, broker):
        broker.process.kill()
        broker.process.wait(DEADLINE)
        broker.reader.join(DEADLINE)
        broker.process.stdout.close()

    def leave_a_session(self, broker):
        """A subscriber that is away, a message of each QoS for it, and a retained one."""
        away = self.run_tool("real_sub", *broker.where, "-c", "-i", "reader", "-q", "2", "-t", "t/#", "-E")
        self.assertEqual(away.code, 0, away)
        for qos in "12":
            self.assertEqual(self.run_tool("real_pub", *broker.where, "-t", "t/" + qos, "-m", qos, "-q", qos, "-r").code, 0)

    def finds_it(self, broker):
        back = self.start_subscribed("real_sub", *broker.where, "-c", "-i", "reader", "-q", "2", "-t", "none", "-C", "2")
        self.assertEqual(self.ended(back).out.split(), [b"1", b"2"], broker.lines)
        fresh = self.start_subscribed("real_sub", *broker.where, "-t", "t/#", "-C", "2")
        self.assertEqual(sorted(self.ended(fresh).out.split()), [b"1", b"2"], broker.lines)

    def test_a_store_outlives_kill_and_end(self):
        broker = self.broker(arguments=["-p", "0", "--store", "FOLDER/b.db"]).start()
        self.leave_a_session(broker)
        self.kill(broker)
        broker.lines = []
        self.assertEqual(broker.start().stop(), 0)
        broker.lines = []
        self.finds_it(broker.start())

    def test_persistence_of_a_configuration_has_a_file_of_its_own_name(self):
        broker = self.broker("listener 0 127.0.0.1", "allow_anonymous true", "persistence true", "persistence_location FOLDER/").start()
        self.leave_a_session(broker)
        self.assertTrue(os.path.exists(broker.path("aldis-broker.db")))
        broker.configure("listener 0 127.0.0.1", "allow_anonymous true", "persistence false")
        broker.reload(rb"warning: persistence: .* start the broker again")
        self.kill(broker)
        broker.lines = []
        broker.configure("listener 0 127.0.0.1", "allow_anonymous true", "persistence true", "persistence_file FOLDER/aldis-broker.db")
        self.finds_it(broker.start())

    def test_a_file_that_is_no_store_is_named_and_left_alone(self):
        broker = self.broker(arguments=["-p", "0", "--store", "FOLDER/b.db"], files={"b.db": "mosquitto's own, perhaps\n" * 100})
        broker.launch()
        self.assertEqual(broker.process.wait(DEADLINE), 1)
        broker.reader.join(DEADLINE)
        self.assertTrue(any(b"b.db" in line for line in broker.lines), broker.lines)
        self.assertEqual(contents(broker.path("b.db")), b"mosquitto's own, perhaps\n" * 100)

    def test_two_brokers_do_not_share_a_store(self):
        first = self.broker(arguments=["-p", "0", "--store", "FOLDER/b.db"]).start()
        second = self.broker(arguments=["-p", "0", "--store", first.path("b.db")]).launch()
        self.assertEqual(second.process.wait(DEADLINE), 1)
        second.reader.join(DEADLINE)
        self.assertTrue(any(b"b.db" in line for line in second.lines), second.lines)


class Refusing(BrokerTests):
    """What keeps it from starting, and --check."""

    def ends(self, *lines, files=None, arguments=(), code=1):
        broker = self.broker(*lines, files=files, arguments=arguments).launch()
        self.assertEqual(broker.process.wait(DEADLINE), code, broker.lines)
        broker.reader.join(DEADLINE)
        broker.process.stdout.close()
        return broker, [line.decode().rstrip().replace(broker.folder, "FOLDER") for line in broker.lines]

    def test_check_tells_all_that_is_wrong(self):
        files = {"rules": "topic reed a\n", "c.pem": "nonsense\n", "k.pem": "nonsense\n"}
        _, told = self.ends("listener 0 127.0.0.1", "allow_anonymus true", "acl_file FOLDER/rules", "psk_file FOLDER/keys", files=files, arguments=["--check"])
        self.assertEqual(told[0], 'FOLDER/broker.conf:3: error: "allow_anonymus" is no key; did you mean allow_anonymous?')
        self.assertTrue(told[1].startswith("FOLDER/broker.conf:5: error: psk_file: refused: "), told)
        self.assertTrue(any(line.startswith("FOLDER/broker.conf:4: error: acl_file: FOLDER/rules:1: ") for line in told), told)

        _, told = self.ends("listener 0 127.0.0.1", "allow_anonymous true", "metrics_listener 127.0.0.1", arguments=["--check"])
        self.assertEqual(told, ["FOLDER/broker.conf:4: error: metrics_listener: this is no port and no address with one; write PORT for this machine, or ADDRESS:PORT, [::1]:9641 for instance"])
        _, told = self.ends("listener 1883", "allow_anonymous true", "metrics_listener *:9641", arguments=["--check"], code=0)
        self.assertIn("warning: metrics_listener: whoever can connect there reads them", told[0])

        _, told = self.ends("listener 8883", "allow_anonymous true", "certfile FOLDER/c.pem", "keyfile FOLDER/k.pem", files=files, arguments=["--check"])
        self.assertEqual(len(told), 1, told)
        self.assertTrue(told[0].startswith("FOLDER/broker.conf:4: error: certfile: "), told)

    def test_check_passes_what_is_good(self):
        _, told = self.ends("listener 1883", "allow_anonymous true", arguments=["--check"], code=0)
        self.assertEqual(told, ["FOLDER/broker.conf: good, 1 listener"])
        _, told = self.ends(files={"conf.d/a.conf": "retry_interval 20\n", "m.conf": DEBIAN}, arguments=["--check", "-c", "FOLDER/m.conf"], code=0)
        self.assertEqual(told[-1], "2 files: good, 1 listener, 1 warning")
        _, told = self.ends(arguments=["--check"], code=0)
        self.assertEqual(told, ["no configuration: good, 1 listener"])

    def test_what_is_wrong_keeps_it_from_starting(self):
        self.assertTrue(self.ends("nonsense 1")[1][0].startswith('FOLDER/broker.conf:2: error: "nonsense" is no key'))
        self.assertTrue(self.ends("listener 0 127.0.0.1", "password_file FOLDER/nowhere")[1])
        self.assertTrue(self.ends(arguments=["-c", "FOLDER/nowhere"])[1])
        self.assertIn("-d", self.ends(arguments=["-d"])[1][0])
        self.assertTrue(self.ends(arguments=["-p", "70000"])[1])
        self.assertIn("--store: error: persistence: there is no folder", self.ends(arguments=["-p", "0", "--store", "FOLDER/none/b.db"])[1][0])
        self.assertIn("--metrics: error: metrics_listener: ", self.ends(arguments=["-p", "0", "--metrics", "nowhere"])[1][0])
        self.assertTrue(self.ends("listener 0 127.0.0.1", "allow_anonymous true", "user nobody-of-that-name")[1])

    def test_a_port_that_is_taken_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            _, told = self.ends(arguments=["-p", str(port)])
        self.assertTrue(any(f"127.0.0.1:{port}" in line and "in use" in line.lower() for line in told), told)


if __name__ == "__main__":
    harness.main()
