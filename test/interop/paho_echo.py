"""A Paho client that sends back what it gets: paho_echo.py PORT VERSION(311|5). What comes on to/paho/X goes to from/paho/X with the same
QoS, payload and user properties; "ready" is retained on paho/ready; a message on to/paho/stop ends it."""
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.packettypes import PacketTypes


def main():
    port, v5 = int(sys.argv[1]), sys.argv[2] == "5"
    protocol = mqtt.MQTTv5 if v5 else mqtt.MQTTv311
    if hasattr(mqtt, "CallbackAPIVersion"):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id="paho-echo", protocol=protocol)
    else:
        client = mqtt.Client(client_id="paho-echo", protocol=protocol)

    def on_connect(c, *_):
        c.subscribe("to/paho/#", qos=2)

    def on_subscribe(c, *_):
        c.publish("paho/ready", "ready", qos=1, retain=True)

    def on_message(c, _, m):
        if m.topic == "to/paho/stop":
            c.publish("paho/ready", b"", qos=1, retain=True)
            c.disconnect()
            return
        props = None
        if v5:
            props = Properties(PacketTypes.PUBLISH)
            pairs = getattr(m.properties, "UserProperty", None)
            if pairs:
                props.UserProperty = pairs
        c.publish("from" + m.topic[2:], m.payload, qos=m.qos, properties=props)

    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    client.connect("127.0.0.1", port)
    client.loop_forever()


main()
