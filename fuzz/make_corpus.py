#!/usr/bin/env python3
"""Makes the first corpus of every target from the vectors of test/vectors.

usage: make_corpus.py VECTORS_FOLDER OUTPUT_FOLDER
Writes OUTPUT_FOLDER/<target>/<hash> with the bytes that the target's own header wants in front. `run.sh TARGET SECONDS` grows it,
`run.sh --merge TARGET FROM` keeps what covers something new.
"""
import hashlib
import json
import pathlib
import re
import sys

CONTEXTS = {(v, d): i for i, (d, v) in enumerate((d, v) for d in ("any", "c2s", "s2c") for v in (5, 4, 3))}


def blocks(folder):
    """(version, direction, bytes) of every vector."""
    for path in sorted(folder.glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            at = re.search(r"^at: +(\d) (\w+)$", block, re.M)
            if at:
                hexadecimal = "".join(re.findall(r"^hex:(.*)$", block, re.M))
                yield int(at[1]), at[2], bytes.fromhex(hexadecimal)
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            vector = json.loads(line)
            yield vector["version"], vector.get("dir", "any"), bytes.fromhex(vector["hex"])


def texts(packet):
    """Whatever in a packet may be a length-prefixed text."""
    for at in range(2, len(packet) - 1):
        size = packet[at] * 256 + packet[at + 1]
        if 0 < size <= len(packet) - at - 2:
            yield packet[at + 2 : at + 2 + size]


TOPICS = [("a/b", "a/b"), ("#", "$SYS/x"), ("+/+", "/"), ("a/#", "a"), ("a//+", "a//"), ("$share/g/a/#", "a/b/c"), ("$share//a", "a"), ("a+", "a"), ("#/a", "a"), ("/", "/"), ("a/", "a/")]

# Steps of follow_fuzz.cpp: what is said (times 8, and 4 for the server), and two bytes that choose.
CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT, GAP, END, CLOSE, WAIT = (
    0, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20)
MANY_PUBLISH, MANY_CLIENTS, MANY_PINGS, MANY_ALIASES = 23, 24, 25, 26
TALKS = [
    [(CONNECT, 0, 1, 0), (CONNACK, 1, 0, 0), (PUBLISH, 0, 2, 1), (PUBACK, 1, 1, 0), (SUBSCRIBE, 0, 2, 1), (SUBACK, 1, 2, 1), (PINGREQ, 0, 0, 0), (PINGRESP, 1, 0, 0)],
    [(CONNECT, 0, 1, 0), (CONNACK, 1, 0, 0), (PUBLISH, 0, 4, 1), (PUBREC, 1, 1, 0), (CLOSE, 0, 0, 0), (CONNECT, 0, 1, 0), (CONNACK, 1, 1, 0), (PUBREL, 0, 1, 0), (PUBCOMP, 1, 1, 0)],
    [(CONNECT, 0, 0, 2), (CONNACK, 1, 0, 0), (PUBLISH, 1, 2, 1), (GAP, 0, 9, 0), (PUBACK, 0, 1, 0), (DISCONNECT, 0, 0, 0), (PUBLISH, 0, 2, 2), (END, 0, 0, 0), (END, 1, 0, 0)],
    [(CONNECT, 0, 1, 1), (CONNACK, 1, 0, 0), (MANY_PUBLISH, 0, 20, 0x22), (WAIT, 0, 200, 0), (PINGREQ, 0, 0, 0)],
    [(MANY_CLIENTS, 0, 120, 0xF3), (MANY_PINGS, 0, 40, 0), (CONNECT, 0, 1, 0), (MANY_ALIASES, 0, 30, 0), (MANY_ALIASES, 1, 30, 0)],
    [(CONNECT, 0, 1, 0), (CONNACK, 1, 0, 0), *[(MANY_PUBLISH, 0, 255, 0xF2)] * 3, (MANY_CLIENTS, 0, 255, 0xF2)],
]


def main(vectors, output):
    def put(target, data):
        folder = output / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)

    for version, direction, packet in blocks(vectors):
        choice = bytes([CONTEXTS[version, direction]])
        put("decode", choice + packet)
        put("round_trip", choice + packet)
        put("splitter", b"\x10\x00\x02\x05\x01" + packet * 2)
        for text in texts(packet):
            put("utf8", text)
            put("topic", bytes([len(text) % 256]) + text + text)
    for talk in TALKS:
        put("follow", b"".join(bytes([what << 3 | end << 2, one, two]) for what, end, one, two in talk))
    for name, topic in TOPICS:
        put("topic", bytes([len(name)]) + name.encode() + topic.encode())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
