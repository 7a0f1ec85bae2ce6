# `aldis broker` and clients that others wrote, over every kind of listener: mqtt.js, Paho, mosquitto_pub and mosquitto_sub.
import os
import shutil
import subprocess
import sys
import tempfile

import harness
from harness import DEADLINE, Broker, Tools, find_program

HERE = os.path.dirname(os.path.abspath(__file__))
INTEROP = os.path.join(HERE, "..", "interop")
NODE_FOLDERS = ["/usr/share/nodejs", "/usr/lib/nodejs"]                # where Debian keeps them; ALDIS_NODE_MODULES names another place


class Peers(Tools):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = tempfile.mkdtemp(prefix="aldis_peers_")
        subprocess.run(["bash", os.path.join(HERE, "..", "support", "certificates.sh"), cls.certificates], check=True, stdout=subprocess.DEVNULL)
        secured = [f"certfile {cls.at('server.pem')}", f"keyfile {cls.at('server.key')}"]
        cls.broker = Broker("allow_anonymous true", "user root", "listener 0 FOLDER/socket",
                            listeners={"tls": secured, "ws": ["protocol websockets"], "wss": ["protocol websockets", *secured]}).start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        shutil.rmtree(cls.certificates, ignore_errors=True)
        super().tearDownClass()

    @classmethod
    def at(cls, name):
        return os.path.join(cls.certificates, name)

    def tells(self, command, stories, environment=None):
        """A program that prints a line for each of its stories, as it ends well."""
        done = subprocess.run(command, capture_output=True, timeout=5 * DEADLINE, env={**os.environ, **(environment or {})})
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, stories), (done.stdout, done.stderr))


class Scripted(Peers):
    """What has a library of its own, in one process for all ways and versions."""

    def test_mqtt_js(self):
        places = [os.environ["ALDIS_NODE_MODULES"]] if "ALDIS_NODE_MODULES" in os.environ else NODE_FOLDERS
        of, at = self.broker.ports, "127.0.0.1"
        urls = [f"ws://{at}:{of['ws']}", f"ws://{at}:{of['ws']}/mqtt", f"wss://{at}:{of['wss']}", f"mqtts://{at}:{of['tls']}", f"mqtt://{at}:{self.broker.port}"]
        self.tells([find_program("node"), os.path.join(INTEROP, "mqttjs_story.cjs"), self.at("ca.pem"), *urls], 2 * len(urls), {"NODE_PATH": os.pathsep.join(places)})

    def test_paho(self):
        of = self.broker.ports
        ways = [f"tcp:{self.broker.port}", f"tls:{of['tls']}", f"ws:{of['ws']}", f"wss:{of['wss']}"]
        self.tells([os.environ.get("ALDIS_PAHO_PYTHON") or sys.executable, os.path.join(INTEROP, "paho_story.py"), self.at("ca.pem"), *ways], 2 * len(ways))


class Mosquittos(Peers):
    def test_every_qos_over_tls_and_a_unix_socket(self):
        ways = {"tls": ["-h", "127.0.0.1", "-p", str(self.broker.ports["tls"]), "--cafile", self.at("ca.pem")], "unix": ["--unix", os.path.join(self.broker.folder, "socket")]}
        for name, way in ways.items():
            for version in ("311", "5"):
                topic = f"{name}/{version}"
                watcher = self.start_subscribed("real_sub", *way, "-V", version, "-q", "2", "-t", topic, "-C", "3", "-F", "%q %p")
                for qos in "012":
                    self.assertEqual(self.run_tool("real_pub", *way, "-V", version, "-q", qos, "-t", topic, "-m", "said").code, 0)
                self.assertEqual(sorted(self.ended(watcher).out.splitlines()), [b"0 said", b"1 said", b"2 said"])


if __name__ == "__main__":
    harness.main()
