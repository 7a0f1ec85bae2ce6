# What the scripts share: a broker on a free loopback port, programs run with a deadline, a witness of all messages, a server that answers
# what it is told to. Python's standard library only.
import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

DEADLINE = 60.0  # seconds that anything may take; nothing waits for it to pass
ALDIS = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None


def find_program(name):
    for folder in os.environ.get("PATH", "").split(os.pathsep) + ["/usr/sbin", "/usr/bin", "/usr/local/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    sys.exit(f"{name} is not installed: test/packages.sh lists the packages that the tests need")


def wait_until(condition, what):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """`aldis broker` with a configuration of its own, which mosquitto would read as well. `listeners` names further ones with their lines: see `ports`."""

    def __init__(self, *lines, files=None, listeners=None):
        self.folder = tempfile.mkdtemp(prefix="aldis_broker_")
        os.chmod(self.folder, 0o777)                               # mosquitto gives up being root before it makes sockets
        for name, text in (files or {}).items():
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        self.lines = [line.replace("FOLDER", self.folder) for line in lines] or ["allow_anonymous true"]
        self.listeners = {name: [line.replace("FOLDER", self.folder) for line in of] for name, of in (listeners or {}).items()}
        self.ports = {}
        self.process = None
        self.port = None
        atexit.register(self.close)                                # a script that is told to end leaves no broker behind

    def start(self):
        for _ in range(5):
            if self.port is None:
                self.port = free_port()
                self.ports = {name: free_port() for name in self.listeners}
            further = [line for name, of in self.listeners.items() for line in (f"listener {self.ports[name]} 127.0.0.1", *of)]
            path = os.path.join(self.folder, "mosquitto.conf")
            with open(path, "w") as file:
                file.write("\n".join([*further, f"listener {self.port} 127.0.0.1", *self.lines]) + "\n")
            self.process = subprocess.Popen([*self.command(), "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._is_up():
                return self
            self.port = None
        raise AssertionError(f"{self.command()} does not start")

    def command(self):
        return [ALDIS, "broker"]

    def _is_up(self):
        def tried():
            if self.process.poll() is not None:
                return "dead"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return "up"
            except OSError:
                return None
        return wait_until(tried, "the broker") == "up"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(DEADLINE)
        self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def where(self):
        return ["-h", "127.0.0.1", "-p", str(self.port)]


class Mosquitto(Broker):
    """Debian's mosquitto, never the service: for tests of how we get along with it."""

    def command(self):
        return [find_program("mosquitto")]


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit code {self.code}\nstdout: {self.out!r}\nstderr: {self.err!r}"


def clean_environment(home, extra=None):
    environment = {k: v for k, v in os.environ.items() if k not in ("XDG_CONFIG_HOME",)}
    environment.update(HOME=home, TZ="UTC", **(extra or {}))
    return environment


class Tools(unittest.TestCase):
    """The tools under their names: pub, sub and rr are ours as `aldis pub`, stand_in_* ours under the name of the tool they replace."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="aldis_tools_")
        cls.environment = clean_environment(cls.folder)
        cls.programs = {tool: [ALDIS, tool] for tool in ("pub", "sub", "rr")}
        for tool in ("pub", "sub", "rr"):
            os.symlink(ALDIS, os.path.join(cls.folder, f"mosquitto_{tool}"))
            cls.programs[f"stand_in_{tool}"] = [os.path.join(cls.folder, f"mosquitto_{tool}")]
            cls.programs[f"real_{tool}"] = [find_program(f"mosquitto_{tool}")]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def start(self, tool, *arguments, stdin=subprocess.DEVNULL, environment=None, stdout=subprocess.PIPE, line_by_line=False):
        # The real tools keep their trace in a buffer when they write to a pipe.
        first = [find_program("stdbuf"), "-oL"] if line_by_line else []
        process = subprocess.Popen([*first, *self.programs[tool], *arguments], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                   env={**self.environment, **(environment or {})})
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()

    def finish(self, process, data=None):
        try:
            out, err = process.communicate(data, timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"{process.args} does not end; stdout: {out!r} stderr: {err!r}")
        return Result(process.returncode, out, err)

    def run_tool(self, tool, *arguments, data=None, environment=None):
        stdin = subprocess.PIPE if data is not None else subprocess.DEVNULL
        return self.finish(self.start(tool, *arguments, stdin=stdin, environment=environment), data)

    def start_subscribed(self, tool, *arguments, **more):
        """A subscriber that has its SUBACK: -d tells. What it prints is gathered in `.lines`."""
        process = self.start(tool, *arguments, "-d", line_by_line=tool.startswith("real_"), **more)
        process.lines = []

        def gather():
            for line in process.stdout:
                process.lines.append(line)
        process.reader = threading.Thread(target=gather, daemon=True)
        process.reader.start()
        wait_until(lambda: any(b"received SUBACK" in line for line in process.lines) or process.poll() is not None, "SUBACK")
        return process

    def ended(self, process):
        process.wait(DEADLINE)
        process.reader.join(DEADLINE)
        trace = re.compile(rb"Client .* |Subscribed \(mid")
        return Result(process.returncode, b"".join(l for l in process.lines if not trace.match(l)), process.stderr.read())


class Witness:
    """The real subscriber, watching everything a broker passes on."""

    FORMAT = "%t|%q|%r|%p|%C|%R|%D|%P|%F"

    def __init__(self, test, broker, *arguments):
        self.test, self.broker, self.number = test, broker, 0
        self.arguments = arguments
        self.process = test.start_subscribed("real_sub", *broker.where, *arguments, "-V", "5", "-q", "2", "-t", "#", "-F", self.FORMAT)

    def messages(self):
        """What arrived since the last call. The sentinel has QoS 2, since one of QoS 1 may overtake a message that waits for its PUBREL."""
        self.number += 1
        sentinel = f"sentinel/{self.number}".encode()
        self.test.run_tool("real_pub", *self.broker.where, *self.arguments, "-t", sentinel.decode(), "-n", "-q", "2")
        wait_until(lambda: any(line.startswith(sentinel + b"|") for line in self.process.lines), "the sentinel")
        lines, self.process.lines[:] = list(self.process.lines), []
        return [l for l in lines if not l.startswith((b"Client ", b"Subscribed ", b"sentinel/"))]


class Scripted:
    """A server that takes one connection after the other and hands each to `serve(connection)`."""

    def __init__(self, serve):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(5)
        self.port = self.listener.getsockname()[1]
        self.where = ["-h", "127.0.0.1", "-p", str(self.port)]
        self.thread = threading.Thread(target=self._run, args=(serve,), daemon=True)
        self.thread.start()

    def _run(self, serve):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(DEADLINE)
                try:
                    serve(connection)
                except OSError:
                    pass

    def close(self):
        self.listener.close()


def read_packet(connection):
    """Type byte and body of the next packet; (None, b"") at the end."""
    def take(n):
        data = b""
        while len(data) < n:
            piece = connection.recv(n - len(data))
            if not piece:
                return None
            data += piece
        return data
    first = take(1)
    if not first:
        return None, b""
    length = shift = 0
    while True:
        byte = take(1)
        if byte is None:
            return None, b""
        length |= (byte[0] & 0x7F) << shift
        shift += 7
        if not byte[0] & 0x80:
            break
    return first[0], take(length) or b""


def main():
    if ALDIS is None or not os.access(ALDIS, os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} path/to/aldis [test ...]")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
