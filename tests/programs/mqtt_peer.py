"""The `paho-mqtt` package of PyPI as a client of a host's broker: says what it gets, and does what it is told on its input.

Arguments: port, version (3.1.1 or 5), the client's id, user, password. Lines of input:
    subscribe TOPIC QOS
    unsubscribe TOPIC
    publish TOPIC QOS RETAIN TEXT     with escapes of Python in the text
    properties TOPIC TEXT             the same with properties of MQTT 5
    disconnect                        with DISCONNECT, then it ends
    die                               without a word
"""

import os
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

port, version, name, user, password = sys.argv[1:6]
five = version == "5"


def say(*words):
    print(*words, flush=True)


def connected(client, userdata, flags, reason, properties):
    say("connected", flags.session_present, reason)


def got(client, userdata, message):
    say("got", message.topic, message.qos, int(message.retain), ascii(message.payload))
    if five and message.properties.json():
        kept = message.properties
        say("with", getattr(kept, "ContentType", "-"), getattr(kept, "UserProperty", "-"), getattr(kept, "CorrelationData", "-"))


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311)
client.on_connect = connected
client.on_message = got
client.on_subscribe = lambda client, userdata, mid, reasons, properties: say("subscribed", *map(str, reasons))
client.on_unsubscribe = lambda client, userdata, mid, reasons, properties: say("unsubscribed")
client.on_publish = lambda client, userdata, mid, reason, properties: say("sent", reason)
client.on_disconnect = lambda client, userdata, flags, reason, properties: say("disconnected", reason)
client.username_pw_set(user, password)
client.will_set("commands/last-will", "gone", qos=1)
client.connect("127.0.0.1", int(port), keepalive=3600)
client.loop_start()
for line in sys.stdin:
    word, *rest = line.rstrip("\n").split(" ", 4)
    if word == "subscribe":
        client.subscribe(rest[0], int(rest[1]))
    elif word == "unsubscribe":
        client.unsubscribe(rest[0])
    elif word == "publish":
        text = rest[3].encode().decode("unicode_escape").encode("latin-1")
        client.publish(rest[0], text, int(rest[1]), rest[2] == "1")
    elif word == "properties":
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = "text/plain"
        properties.UserProperty = ("room", "kitchen")
        properties.CorrelationData = b"7"
        client.publish(rest[0], rest[1], 1, properties=properties)
    elif word == "disconnect":
        client.disconnect()
        client.loop_stop()
        break
    else:
        os._exit(0)
