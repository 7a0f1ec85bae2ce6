#!/usr/bin/env python3
"""Makes the first corpus of targets from the vectors of test/vectors, and from the captures of test/dump beside them.

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


# Steps of tls_fuzz.cpp: what is said (times 2, and 1 for the server) with what it takes.
SAY, LOSE, NEW_KEYS, ALERT, UNASKED, BYTES, OVER = 0, 4, 6, 8, 10, 12, 14
SEALED = [
    [(SAY, 4, 0, b"abcd"), (SAY | 1, 3, 0, b"xyz"), (NEW_KEYS,), (SAY, 2, 255, b"ef"), (NEW_KEYS | 1,), (SAY | 1, 0, 0), (ALERT | 1, 1, 0), (OVER,), (OVER | 1,)],
    [(SAY, 1, 0, b"a"), (LOSE, 1, 201, b"b", 4), (SAY, 1, 0, b"c"), (LOSE | 16, 0, 0, 0), (SAY, 1, 0, b"d"), (LOSE | 1 | 32, 0, 0, 9), (SAY | 1, 1, 0, b"e")],
    [(SAY, 1, 0, b"a"), (UNASKED, 22, 4, b"\x14\0\0\0"), (UNASKED | 1, 23, 2, b"xx", 7), (BYTES, 5, b"\x17\3\3\0\1"), (SAY | 1, 2, 0, b"ok")],
]


def sealed():
    for suite in range(6):
        for options, left_out, piece in ((0, 0, 0), (1, 0, 1), (2, 0, 100), (0, 4, 0), (0, 32, 0)):
            for steps in SEALED:
                yield bytes([1, suite, options, left_out, piece]) + b"".join(part if isinstance(part, bytes) else bytes([part]) for step in steps for part in step)


def captured_tls(folder):
    """The beginning of each TLS conversation, with its lines of the key log."""
    sys.path.insert(0, str(folder))
    import capstream

    for path in sorted((folder / "captures").glob("tls1?.pcapng")):
        log = [line for line in path.with_suffix(".keys").read_bytes().splitlines() if not line.startswith(b"#")]
        talks = {}
        for _, stream, sender, _, data in capstream.tcp_chunks(capstream.read_capture(str(path)))[0]:
            talks.setdefault(stream, []).append((sender, data))
        for pieces in talks.values():
            client, hello = pieces[0]
            keys = b"\n".join(line for line in log if len(hello) > 43 and line.split()[1].decode() == hello[11:43].hex())
            if not keys:
                continue
            out = b"\0\0" + len(keys).to_bytes(2, "big") + keys
            for sender, data in pieces:
                if len(out) + len(data) < 4000:
                    out += bytes([sender != client]) + len(data).to_bytes(2, "big") + data
            yield out


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
    for talk in (*sealed(), *captured_tls(vectors.parent / "dump")):
        put("tls", talk)
    for name, topic in TOPICS:
        put("topic", bytes([len(name)]) + name.encode() + topic.encode())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
