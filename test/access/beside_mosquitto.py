"""Access rules beside Debian's mosquitto: beside_mosquitto.py path/to/acl_check. The same random files, clients and topics; who may publish is
told by mosquitto's PUBACK, who may receive by what it delivers. A pattern that denies what a user's own rule gives is left out: mosquitto
allows that, and we do not."""
import os
import random
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps"))
import paho.mqtt.client as paho

from harness import Mosquitto, DEADLINE

ACL_CHECK = sys.argv.pop(1)
CLIENTS = [(None, "c1"), (None, "u1"), ("u1", "c1"), ("u2", "a"), ("u3", "c+")]   # user, client identifier
LEVELS = ["a", "b", "c1", "u1", "u2"]
TOPICS = sorted({"/".join(random.Random(n).choices(LEVELS, k=1 + n % 3)) for n in range(30)})


def random_file(seed):
    chance = random.Random(seed)

    def filter_of(levels):
        parts = chance.choices(levels + ["+"], k=chance.randint(1, 3))
        return "/".join(parts + (["#"] if chance.random() < 0.3 else []))

    lines = []
    for user in (None, "u1", "u2"):
        lines += [f"user {user}"] if user else []
        for _ in range(chance.randint(1, 4)):
            lines.append(f"topic {chance.choice(['read', 'write', 'readwrite', 'deny'])} {filter_of(LEVELS)}")
    for _ in range(3):
        lines.append(f"pattern {chance.choice(['read', 'write', 'readwrite'])} {filter_of(LEVELS + ['%c', '%u'])}")
    lines += ["user judge", "topic readwrite #"]
    return "\n".join(lines) + "\n"


class Client:
    """A Paho client that waits for each answer."""

    def __init__(self, broker, user, identifier):
        self.got, self.reasons, self.changed = set(), {}, threading.Condition()
        self.client = paho.Client(client_id=identifier, protocol=paho.MQTTv5)
        if user:
            self.client.username_pw_set(user)
        self.client.on_message = lambda c, u, message: self._note(lambda: self.got.add(message.topic))
        self.client.on_subscribe = lambda c, u, mid, reasons, properties: self._note(lambda: self.reasons.update({mid: reasons}))
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def _note(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, DEADLINE), "waited in vain"

    def subscribe(self, topic):
        _, mid = self.client.subscribe(topic, qos=1)
        self.wait(lambda: mid in self.reasons)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def may_write(broker, user, identifier):
    """Topics whose PUBACK has no error. Paho 1.6 hands reason codes of PUBACK to nobody: mosquitto_pub tells them."""
    allowed = set()
    for topic in TOPICS:
        name = ["-u", user] if user else []
        done = subprocess.run(["mosquitto_pub", *broker.where, "-V", "5", "-q", "1", "-i", identifier, *name, "-t", topic, "-m", "x"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE)
        if b"Not authorized" not in done.stdout:
            allowed.add(topic)
    return allowed


class BesideMosquitto(unittest.TestCase):
    def ours(self, path, user, identifier, wanted):
        questions = "".join(f"{user or '-'}\t{identifier}\t{wanted}\t{topic}\n" for topic in TOPICS)
        done = subprocess.run([ACL_CHECK, path], input=questions.encode(), stdout=subprocess.PIPE, check=True)
        return {topic for topic, answer in zip(TOPICS, done.stdout.split()) if answer == b"yes"}

    def compare(self, seed):
        text = random_file(seed)
        broker = Mosquitto("allow_anonymous true", "acl_file FOLDER/acl", files={"acl": text}).start()
        self.addCleanup(broker.close)
        path = os.path.join(broker.folder, "acl")
        judge = Client(broker, "judge", "judge")
        for user, identifier in CLIENTS:
            reader = Client(broker, user, identifier)
            reader.subscribe("#")
            for topic in TOPICS:
                judge.client.publish(topic, "x", qos=1).wait_for_publish(DEADLINE)
            reader.subscribe("after/all")                          # its SUBACK comes behind the messages
            reader.close()
            with self.subTest(seed=seed, user=user, client=identifier, acl=text):
                self.assertEqual(self.ours(path, user, identifier, "read"), reader.got)
                self.assertEqual(self.ours(path, user, identifier, "write"), may_write(broker, user, identifier))
        judge.close()

    def test_random_files(self):
        for seed in range(2):
            self.compare(seed)


if __name__ == "__main__":
    unittest.main()
