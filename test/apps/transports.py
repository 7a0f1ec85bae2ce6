# pub and sub over every transport, crossed with the tools they replace, on Debian's mosquitto: TLS, client certificates, pre-shared keys,
# WebSocket, unix sockets; and every way in which a certificate can be wrong.
import atexit
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time

import harness
from harness import Mosquitto, Tools, wait_until

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "certificates.sh")
CERTS = tempfile.mkdtemp(prefix="aldis_certificates_")
atexit.register(shutil.rmtree, CERTS, ignore_errors=True)
PSK = "0123456789abcdef"


def cert(name):
    return os.path.join(CERTS, name)


def secured(name, *more):
    return [f"cafile {cert('ca.pem')}", f"certfile {cert(name + '.pem')}", f"keyfile {cert(name + '.key')}", *more]


BAD = ("expired", "not_yet", "wrong_host", "self_signed", "other_server", "revoked")
LISTENERS = {
    "tls": secured("server"),
    "mtls": secured("server", "require_certificate true", "use_identity_as_username true", f"crlfile {cert('crl.pem')}"),
    "psk": ["psk_hint aldis", "use_identity_as_username true"],
    "ws": ["protocol websockets"],
    "wss": secured("server", "protocol websockets"),
    **{name: secured(name) for name in BAD},
}
TRUST = ["--cafile", cert("ca.pem")]
CLIENT = ["--cert", cert("client.pem"), "--key", cert("client.key")]


class OverTransports(Tools):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run(["bash", SCRIPT, CERTS], check=True, stdout=subprocess.DEVNULL)
        # Who is known by a certificate or a key may use his own topics only.
        cls.broker = Mosquitto("allow_anonymous true", "user root", "psk_file FOLDER/keys", "acl_file FOLDER/rules", "listener 0 FOLDER/socket", listeners=LISTENERS,
                            files={"keys": f"lamp-7:{PSK}\n", "rules": "topic readwrite #\npattern readwrite %u/#\n"}).start()
        cls.socket = os.path.join(cls.broker.folder, "socket")
        wait_until(lambda: os.path.exists(cls.socket), "the socket")

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    def at(self, name):
        """How both kinds of tools are told to go there; WebSocket is known to ours only."""
        if name == "unix":
            return ["--unix", self.socket]
        where = ["-h", "127.0.0.1", "-p", str(self.broker.ports.get(name, self.broker.port))]
        more = {"tcp": [], "mtls": TRUST + CLIENT, "psk": ["--psk", PSK, "--psk-identity", "lamp-7"], "ws": ["--ws"], "wss": ["--ws", *TRUST]}
        return where + more.get(name, TRUST)

    def fails(self, tool, code, words, *arguments, environment=None, begins=b"Error: A TLS error occurred: "):
        """One line that begins as it should and names the cause."""
        rest = ["-t", "a"] + (["-m", "b"] if tool.endswith("pub") else [])
        result = self.run_tool(tool, *arguments, *rest, environment=environment)
        with self.subTest(arguments=arguments):
            self.assertEqual(result.code, code, result)
            self.assertEqual(len(result.err.splitlines()), 1, result)
            self.assertTrue(result.err.startswith(begins), result)
            for word in words:
                self.assertIn(word.encode(), result.err)
            self.assertEqual(result.out, b"")
        return result

    def delivers(self, topic, *arguments, tool="pub", warns=b""):
        """What `pub` sends that way arrives at a subscriber over TCP."""
        watcher = self.start_subscribed("sub", *self.broker.where, "-t", topic, "-q", "1", "-C", "1")
        sent = self.run_tool(tool, *arguments, "-t", topic, "-m", "hello", "-q", "1")
        self.assertEqual(sent.code, 0, sent)
        self.assertEqual(sent.err != b"", warns != b"", sent)
        self.assertIn(warns, sent.err)
        self.assertEqual(self.ended(watcher).out, b"hello\n")


class Crossed(OverTransports):
    """Each transport: our subscriber hears all four publishers, and theirs hears ours."""

    OWNERS = {"mtls": "device-7", "psk": "lamp-7"}

    def cross(self, name, theirs):
        topic = f"{self.OWNERS.get(name, 'free')}/{name}"
        for version in ("311", "5"):
            ours = self.start_subscribed("sub", *self.at(name), "-V", version, "-t", topic, "-q", "2", "-C", "3")
            watchers = [ours]
            if theirs:
                watchers.append(self.start_subscribed("real_sub", *self.at(name), "-V", version, "-t", topic, "-q", "2", "-C", "3"))
            for number, tool in enumerate(("pub", "stand_in_pub", "real_pub" if theirs else "pub")):
                sent = self.run_tool(tool, *self.at(name), "-V", version, "-t", topic, "-m", str(number), "-q", str(number))
                self.assertEqual((sent.code, sent.err), (0, b""), (name, tool))
            for watcher in watchers:
                self.assertEqual(sorted(self.ended(watcher).out.split()), [b"0", b"1", b"2"], name)

    def test_tcp_and_unix(self):
        self.cross("tcp", True)
        self.cross("unix", True)

    def test_tls(self):
        self.cross("tls", True)

    def test_client_certificates(self):
        self.cross("mtls", True)

    def test_pre_shared_keys(self):
        self.cross("psk", True)

    def test_websocket(self):
        self.cross("ws", False)
        self.cross("wss", False)

    def test_the_broker_knows_who_comes(self):
        for name, own in self.OWNERS.items():
            self.delivers(f"{own}/x", *self.at(name))
            refused = self.run_tool("pub", *self.at(name), "-t", "someone/else", "-m", "x", "-q", "1", "-V", "5")
            self.assertEqual(refused.code, 135, refused)

    def test_urls_of_every_scheme(self):
        ports = self.broker.ports
        places = {"mqtt": self.broker.port, "tcp": self.broker.port, "mqtts": ports["tls"], "ssl": ports["tls"], "tls": ports["tls"], "ws": ports["ws"], "wss": ports["wss"]}
        watcher = self.start_subscribed("sub", *self.broker.where, "-t", "user/#", "-C", str(len(places) + 1), "-F", "%t")
        for scheme, port in places.items():
            trust = TRUST if scheme in ("mqtts", "ssl", "tls", "wss") else []
            sent = self.run_tool("pub", "-L", f"{scheme}://user:pw@localhost:{port}/user/{scheme}", *trust, "-m", "x", "-q", "1")
            self.assertEqual((sent.code, sent.err), (0, b""), scheme)
        self.assertEqual(self.run_tool("pub", "-L", f"unix://{self.socket}", "-t", "user/unix", "-m", "x", "-q", "1").code, 0)
        self.assertEqual(sorted(self.ended(watcher).out.split()), sorted(f"user/{name}".encode() for name in [*places, "unix"]))

    def test_large_messages(self):
        size = 3_000_000
        for name in ("tls", "wss"):                                # mosquitto 2.0.11 sends large ones to no subscriber over WebSocket
            watcher = self.start_subscribed("sub", *self.at("tls"), "-t", "large", "-C", "1", "-F", "%l")
            self.assertEqual(self.run_tool("pub", *self.at(name), "-t", "large", "-s", "-q", "1", data=b"x" * size).code, 0)
            self.assertEqual(self.ended(watcher).out, b"%d\n" % size)

    def test_the_trace_tells_how_the_way_is_protected(self):
        shown = self.run_tool("pub", *self.at("tls"), "-t", "a", "-m", "b", "-d").out.decode()
        self.assertRegex(shown, r"Client \(null\) TLSv1\.3, TLS_\w+, verified CN=broker\.example")
        self.assertLess(shown.index("TLSv1.3"), shown.index("sending CONNECT"))
        shown = self.run_tool("pub", *self.at("psk"), "-t", "lamp-7/a", "-m", "b", "-d").out.decode()
        self.assertRegex(shown, r"Client \(null\) TLSv1\.[23], .*pre-shared key lamp-7")

    def test_versions_and_ciphers(self):
        for arguments, shown in ((["--tls-version", "tlsv1.3"], "TLSv1.3"), (["--ciphers", "TLS_CHACHA20_POLY1305_SHA256"], "TLS_CHACHA20_POLY1305_SHA256")):
            self.assertIn(shown, self.run_tool("pub", *self.at("tls"), *arguments, "-t", "a", "-m", "b", "-d").out.decode())

    def test_a_lost_connection_is_made_again_over_tls(self):
        broker = Mosquitto("allow_anonymous true", "user root", listeners={"tls": LISTENERS["tls"]}).start()
        self.addCleanup(broker.close)
        where = ["-h", "127.0.0.1", "-p", str(broker.ports["tls"]), *TRUST]
        process = self.start_subscribed("sub", *where, "-t", "a", "-C", "1")
        broker.stop()
        broker.start()
        wait_until(lambda: sum(b"received SUBACK" in line for line in process.lines) == 2, "the second SUBACK")
        self.assertEqual(self.run_tool("pub", *where, "-t", "a", "-m", "again").code, 0)
        self.assertEqual(self.ended(process).out, b"again\n")

    def test_secrets_are_logged_when_asked_for_and_never_silently(self):
        log = os.path.join(self.folder, "secrets")
        for more, environment in (([], {"SSLKEYLOGFILE": log}), (["--tls-keylog", log], None)):
            sent = self.run_tool("pub", *self.at("tls"), *more, "-t", "a", "-m", "b", environment=environment)
            self.assertEqual(sent.code, 0, sent)
            self.assertRegex(sent.err.decode(), r"^Warning: The secrets of this connection are written to .*\n$")
            with open(log) as file:
                self.assertIn("CLIENT_TRAFFIC_SECRET_0 ", file.read())
            os.remove(log)


class Certificates(OverTransports):
    """Each failure: its exit code, one line that names its cause; and again at the second attempt."""

    def test_every_certificate_that_is_not_good(self):
        table = {
            "expired": ["expired on 2021-01-31 12:00:00 UTC", "clock"],
            "not_yet": ["valid from 2090-01-01 00:00:00 UTC"],
            "wrong_host": ["a.example", "127.0.0.1", "-h"],
            "self_signed": ["signed by itself", "--cafile"],
            "other_server": ["Other Test CA", "--cafile"],
        }
        for name, words in table.items():
            for tool in ("pub", "sub", "stand_in_pub"):
                self.fails(tool, 8, words, *self.at(name))
            theirs = self.run_tool("real_pub", *self.at(name), "-t", "a", "-m", "b")
            self.assertIn(theirs.code, (1, 8))                     # by the moment at which it notices
            self.assertIn(b"TLS error", theirs.err)
        revoked = [*self.at("revoked"), "--crlfile", cert("crl.pem")]
        self.fails("pub", 8, ["revoked"], *revoked)
        self.delivers("fine", *self.at("tls"), "--crlfile", cert("crl.pem"))

    def test_the_host_is_the_one_that_is_asked_for(self):
        port = str(self.broker.ports["tls"])
        self.delivers("named", "-h", "localhost", "-p", port, *TRUST)
        self.fails("pub", 8, ["127.0.0.1"], "-h", "127.0.0.1", "-p", str(self.broker.ports["wrong_host"]), *TRUST)

    def test_issuers_are_those_that_are_named(self):
        where = ["-h", "127.0.0.1", "-p", str(self.broker.ports["tls"])]
        self.fails("pub", 8, ["Aldis Test CA"], *where, "--cafile", cert("other_ca.pem"))
        self.fails("pub", 8, ["Aldis Test CA"], *where, "--tls-use-os-certs")
        self.fails("pub", 8, ["Aldis Test CA"], "-L", f"mqtts://127.0.0.1:{self.broker.ports['tls']}/a")
        folder = os.path.join(self.folder, "issuers")
        os.makedirs(folder, exist_ok=True)
        shutil.copy(cert("ca.pem"), os.path.join(folder, "ca.pem"))
        subprocess.run(["openssl", "rehash", folder], check=True)
        self.delivers("directory", *where, "--capath", folder)
        self.delivers("directory", *where, "--capath", folder, tool="real_pub")

    def test_insecure_is_about_the_name_only(self):
        self.delivers("name", *self.at("wrong_host"), "--insecure", warns=b"Warning: the name of 127.0.0.1 is NOT verified")
        self.delivers("name", *self.at("wrong_host"), "--insecure", tool="real_pub")
        for name in ("expired", "self_signed", "other_server"):
            result = self.run_tool("pub", *self.at(name), "--insecure", "-t", "a", "-m", "b")
            self.assertEqual(result.code, 8, result)
        self.assertEqual(self.run_tool("pub", *self.at("wrong_host"), "--insecure", "--quiet", "-t", "a", "-m", "b").err, b"")

    def test_anyone_is_accepted_under_a_long_name_and_with_a_warning(self):
        for name in BAD:
            self.delivers("anyone", *self.at(name), "--tls-accept-any-certificate", warns=b"is NOT verified: whoever is in between can read and change everything")

    def test_client_certificates_that_the_broker_does_not_take(self):
        where = ["-h", "127.0.0.1", "-p", str(self.broker.ports["mtls"]), *TRUST]
        for name in (None, "client_revoked", "client_expired", "client_other"):
            own = ["--cert", cert(f"{name}.pem"), "--key", cert(f"{name}.key")] if name else []
            for version in ("tlsv1.2", "tlsv1.3"):
                self.fails("pub", 8, ["the server ended the handshake: alert", "--cert"], *where, *own, "--tls-version", version)
            self.assertNotEqual(self.run_tool("real_pub", *where, *own, "-t", "a", "-m", "b").code, 0)

    def test_keys_that_the_broker_does_not_know(self):
        where = ["-h", "127.0.0.1", "-p", str(self.broker.ports["psk"])]
        for key, identity in ((PSK, "stranger"), ("00", "lamp-7")):
            self.fails("pub", 8, [], *where, "--psk", key, "--psk-identity", identity)
            self.assertNotEqual(self.run_tool("real_pub", *where, "--psk", key, "--psk-identity", identity, "-t", "a", "-m", "b").code, 0)

    def test_listeners_without_tls(self):
        for name in ("tcp", "ws"):
            port = str(self.broker.ports.get(name, self.broker.port))
            result = self.run_tool("pub", "-h", "127.0.0.1", "-p", port, *TRUST, "-t", "a", "-m", "b")
            self.assertIn(result.code, (7, 8), result)
            self.assertEqual(len(result.err.splitlines()), 1, result)
        result = self.run_tool("pub", "-h", "127.0.0.1", "-p", str(self.broker.ports["tls"]), "-t", "a", "-m", "b")
        self.assertIn(result.code, (7, 21), result)
        self.assertIn(b"TLS", result.err)

    def test_options_that_cannot_work(self):
        where, begins = ["-h", "127.0.0.1", "-p", str(self.broker.ports["tls"])], b"Error: Problem setting TLS options"
        for words, arguments in (
                (["empty.pem", "--cafile"], ["--cafile", cert("empty.pem")]),
                (["broken.pem", "--cafile"], ["--cafile", cert("broken.pem")]),
                (["--key"], [*TRUST, "--cert", cert("client.pem"), "--key", cert("server.key")]),
                (["--cert"], [*TRUST, "--cert", cert("broken.pem"), "--key", cert("server.key")]),
                (["--crlfile"], [*TRUST, "--crlfile", cert("empty.pem")]),
                (["--ciphers"], [*TRUST, "--ciphers", "nonsense"]),
                (["File not found", "--cafile"], ["--cafile", "/nonexistent"])):
            for _ in range(2):                                     # never an unverified second attempt
                self.fails("pub", 1, words, *where, *arguments, begins=begins)

    def test_a_subscriber_gives_up_when_the_certificate_has_changed(self):
        broker = Mosquitto("allow_anonymous true", "user root", listeners={"tls": LISTENERS["tls"]}).start()
        self.addCleanup(broker.close)
        process = self.start_subscribed("sub", "-h", "127.0.0.1", "-p", str(broker.ports["tls"]), *TRUST, "-t", "a")
        broker.stop()
        broker.listeners = {"tls": LISTENERS["expired"]}
        broker.start()
        result = self.ended(process)
        self.assertEqual(result.code, 8, result)
        self.assertIn(b"expired on 2021-01-31", result.err)


class Passwords(OverTransports):
    """The password of a key is asked for on the terminal, without showing it."""

    OWN = ["--cert", cert("client.pem"), "--key", cert("client_encrypted.key")]

    def start_on_terminal(self, *arguments):
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)

        def take_terminal():
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        where = ["-h", "127.0.0.1", "-p", str(self.broker.ports["mtls"]), *TRUST, *self.OWN]
        process = subprocess.Popen([*self.programs["pub"], *where, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment, start_new_session=True, preexec_fn=take_terminal)
        self.addCleanup(self._end, process)
        self.shown = b""
        wait_until(lambda: b"pass phrase" in self.look() and not self.echoes(), "the question")
        return process

    def look(self):
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 4096)
        return self.shown

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def test_the_password_is_asked_for_and_not_shown(self):
        process = self.start_on_terminal("-t", "device-7/a", "-m", "x", "-q", "1", "-V", "5")
        os.write(self.master, b"correct horse\n")
        result = self.finish(process)
        self.assertEqual((result.code, result.err), (0, b""))
        self.assertIn(b"Enter PEM pass phrase for " + cert("client_encrypted.key").encode(), self.look())
        self.assertNotIn(b"horse", self.look())
        self.assertTrue(self.echoes())

    def test_a_wrong_password_is_told_of(self):
        process = self.start_on_terminal("-t", "device-7/a", "-m", "x")
        os.write(self.master, b"wrong\n")
        result = self.finish(process)
        self.assertEqual(result.code, 1, result)
        self.assertRegex(result.err.decode(), r"^Error: Problem setting TLS options: .*password.*\n$")

    def test_a_signal_leaves_the_terminal_as_it_was(self):
        for how, number in ((lambda process: os.write(self.master, b"\x03"), signal.SIGINT), (lambda process: process.terminate(), signal.SIGTERM)):
            process = self.start_on_terminal("-t", "device-7/a", "-m", "x")
            how(process)
            self.assertEqual(self.finish(process).code, -number)
            self.assertTrue(self.echoes())

    def test_without_a_terminal_it_says_so(self):
        where = ["-h", "127.0.0.1", "-p", str(self.broker.ports["mtls"]), *TRUST, *self.OWN]
        process = subprocess.Popen([*self.programs["pub"], *where, "-t", "a", "-m", "b"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment, start_new_session=True)
        self.addCleanup(self._end, process)
        result = self.finish(process)
        self.assertEqual(result.code, 1, result)
        self.assertRegex(result.err.decode(), r"is encrypted, and there is no terminal")


if __name__ == "__main__":
    harness.main()
