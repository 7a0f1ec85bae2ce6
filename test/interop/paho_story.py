"""Paho as the client of a broker: paho_story.py CA_FILE WAY:PORT... where WAY is tcp, tls, ws or wss. Each with 3.1.1 and 5.0: every QoS, a session
that is resumed, retained messages, a will, a shared subscription. Prints a line for each; the status is not 0 when one goes wrong."""
import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

DEADLINE = 60
CA = sys.argv[1]


class Peer:
    def __init__(self, way, version, name, kept=False, will=None):
        self.is5 = version == "5"
        how = {"client_id": name, "protocol": mqtt.MQTTv5 if self.is5 else mqtt.MQTTv311, "transport": "websockets" if way[0] in ("ws", "wss") else "tcp"}
        if not self.is5:
            how["clean_session"] = not kept
        if hasattr(mqtt, "CallbackAPIVersion"):
            how["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
        self.client = mqtt.Client(**how)
        self.messages, self.answers = queue.Queue(), queue.Queue()
        self.client.on_message = lambda c, _, m: self.messages.put(m)
        self.client.on_connect = lambda c, _, flags, *rest: self.answers.put(flags["session present"])
        self.client.on_subscribe = lambda c, _, mid, granted, *rest: self.answers.put(granted)
        if will:
            self.client.will_set(will, "gone", qos=1)
        if way[0] in ("tls", "wss"):
            self.client.tls_set(CA)
        props = {}
        if self.is5:
            props["clean_start"] = not kept
            props["properties"] = Properties(PacketTypes.CONNECT)
            props["properties"].SessionExpiryInterval = 100 if kept else 0
        self.client.connect("127.0.0.1", int(way[1]), **props)
        self.client.loop_start()
        self.was_there = bool(self.answers.get(timeout=DEADLINE))

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        return [int(getattr(each, "value", each)) for each in self.answers.get(timeout=DEADLINE)]

    def publish(self, topic, text, qos, retain=False, pairs=None):
        props = None
        if self.is5 and pairs:
            props = Properties(PacketTypes.PUBLISH)
            props.UserProperty = pairs
        sent = self.client.publish(topic, text, qos, retain, properties=props)
        sent.wait_for_publish(DEADLINE)
        assert sent.is_published()

    def next(self):
        return self.messages.get(timeout=DEADLINE)

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()

    def cut(self):
        self.client.loop_stop()
        self.client._sock_close()


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r} where {wanted!r} was to be")


def story(way, version, name):
    writer, keeper = Peer(way, version, name + "-writer"), Peer(way, version, name + "-keeper", kept=True)
    same(keeper.was_there, False)
    same(keeper.subscribe(name + "/t/#", 2), [2])
    for qos in (0, 1, 2):
        writer.publish(f"{name}/t/{qos}", f"said {qos}", qos, pairs=[("a", "1")])
        m = keeper.next()
        same((m.topic, m.payload, m.qos, m.retain), (f"{name}/t/{qos}", b"said %d" % qos, qos, 0))
        if version == "5":
            same([tuple(each) for each in m.properties.UserProperty], [("a", "1")])

    keeper.end()
    for qos in (1, 2):
        writer.publish(name + "/t/late", f"late {qos}", qos)
    keeper = Peer(way, version, name + "-keeper", kept=True)
    same(keeper.was_there, True)
    same([keeper.next().payload for _ in range(2)], [b"late 1", b"late 2"])

    writer.publish(name + "/r", "kept", 1, retain=True)
    keeper.subscribe(name + "/r", 1)
    m = keeper.next()
    same((m.payload, m.retain), (b"kept", 1))
    writer.publish(name + "/r", "", 1, retain=True)
    same(keeper.next().payload, b"")

    Peer(way, version, name + "-mortal", will=name + "/t/will").cut()
    same(keeper.next().payload, b"gone")

    if version == "5":
        members = [Peer(way, version, name + "-" + each) for each in "ab"]
        for each in members:
            each.subscribe(f"$share/group/{name}/s", 1)
        for i in range(10):
            writer.publish(name + "/s", str(i), 1)
        for each in members:
            for _ in range(5):
                each.next()
            each.end()
            same(each.messages.qsize(), 0)
    for each in (writer, keeper):
        each.end()


def main():
    for number, way in enumerate(sys.argv[2:]):
        for version in ("311", "5"):
            story(way.split(":"), version, f"paho{number}-{version}")
            print(way, version, "good", flush=True)


main()
