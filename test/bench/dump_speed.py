#!/usr/bin/env python3
"""`aldis dump` beside tshark on large captures: user seconds, packets a second and resident memory of each form of output.

usage: python3 test/bench/dump_speed.py ALDIS [CAPTURE ...] [--mb 200] [--rounds 1] [--only lines,json] [--no-tshark]
Without captures it makes two: 3.1.1 with payloads of 64 bytes and 5.0 with 1,000 and properties, 50 clients, QoS 0, 1 and 2, several packets a
segment. Each program runs alone, one after the other, its output goes to /dev/null; of several rounds the least counts. Memory is told from 12 MB or so
on, which is what this program itself takes. User seconds hardly depend
on what else the machine does, as long as caches are large enough; the load at the beginning and end is told.
"""
import argparse
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time

MAXIMUM_SEGMENT = 1460
FIELDS = [word for name in ("frame.number", "mqtt.msgtype", "mqtt.topic", "mqtt.qos") for word in ("-e", name)]
MODES = {  # name: (options of aldis dump, options of tshark)
    "lines": ([], []),
    "lines, no flows": (["--no-flows"], None),
    "json": (["--json"], ["-T", "json", "-J", "frame mqtt"]),
    "json, no flows": (["--json", "--no-flows"], None),
    "tree": (["-V"], ["-O", "mqtt"]),
    "tree, no flows": (["-V", "--no-flows"], None),
    "fields": (["-T", "fields", *FIELDS], ["-T", "fields", *FIELDS]),
    "fields, no flows": (["-T", "fields", *FIELDS, "--no-flows"], None),
}


def text(value):
    return struct.pack(">H", len(value)) + value


def packet(head, body):
    size, rest = b"", len(body)
    while True:
        size += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
        rest >>= 7
        if rest == 0:
            return bytes([head]) + size + body


class Capture:
    """Ethernet, IPv4, TCP; segments begin with a packet or go on with one, and never end inside a fixed header, where tshark loses the stream."""

    def __init__(self, path):
        self.file = open(path, "wb", buffering=1 << 20)
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.size, self.packets, self.time = 24, 0, 1_700_000_000_000_000

    def say(self, client, up, packets, flags=0x18):
        self.packets += len(packets)
        begun, pieces = b"", []
        for one in packets:
            if begun and len(begun) + 5 > MAXIMUM_SEGMENT:
                pieces.append(begun)
                begun = b""
            begun += one
            while len(begun) > MAXIMUM_SEGMENT:
                pieces.append(begun[:MAXIMUM_SEGMENT])
                begun = begun[MAXIMUM_SEGMENT:]
        for piece in pieces + [begun]:
            self.segment(client, up, piece, flags)

    def segment(self, client, up, piece, flags):
        self.time += 7
        here, there = (client["ip"], b"\x0a\0\0\1") if up else (b"\x0a\0\0\1", client["ip"])
        ports = (client["port"], 1883) if up else (1883, client["port"])
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(piece), 0, 0x4000, 64, 6, 0) + here + there
        tcp = struct.pack(">HHIIBBHHH", *ports, client["next"][not up], client["next"][up], 0x50, flags, 64240, 0, 0)
        client["next"][not up] = (client["next"][not up] + len(piece) + (1 if flags & 3 else 0)) & 0xFFFFFFFF
        frame = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + tcp + piece
        self.file.write(struct.pack("<IIII", self.time // 1_000_000, self.time % 1_000_000, len(frame), len(frame)) + frame)
        self.size += 16 + len(frame)


def make(path, megabytes, version, payload_size):
    dice, to = random.Random(1), Capture(path)
    clients = [{"ip": bytes([10, 1, 0, i]), "port": 40000 + i, "next": [1000, 1000], "id": 0} for i in range(50)]
    five = version == 5
    for i, c in enumerate(clients):
        for up, flags in ((True, 0x02), (False, 0x12), (True, 0x10)):
            to.segment(c, up, b"", flags)
        to.say(c, True, [packet(0x10, text(b"MQTT") + bytes([version, 2, 0, 60]) + (b"\0" if five else b"") + text(b"client-%d" % i))])
        to.say(c, False, [packet(0x20, b"\0\0\0" if five else b"\0\0")])
    payloads = [dice.randbytes(payload_size) for _ in range(64)]
    properties = b"\x02\0\0\0\x3c" + b"\x03" + text(b"application/octet") + b"\x26" + text(b"unit") + text(b"C")
    while to.size < megabytes * 1e6:
        c, sent, first, last = dice.choice(clients), [], [], []
        for _ in range(dice.randrange(1, 16)):
            qos = dice.choice((0, 0, 1, 2))
            c["id"] = c["id"] % 65535 + 1
            number = struct.pack(">H", c["id"])
            topic = text(b"site/%d/sensor/%d/temp" % (dice.randrange(50), dice.randrange(1000)))
            middle = (number if qos else b"") + (bytes([len(properties)]) + properties if five else b"")
            sent.append(packet(0x30 | qos << 1, topic + middle + dice.choice(payloads)))
            if qos:
                first.append(packet(0x40 if qos == 1 else 0x50, number))
            if qos == 2:
                last.append(number)
        to.say(c, True, sent)
        if first:
            to.say(c, False, first)
        if last:
            to.say(c, True, [packet(0x62, number) for number in last])
            to.say(c, False, [packet(0x70, number) for number in last])
    to.file.close()


def measure(command):
    """User seconds and greatest resident memory in MB."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with open(os.devnull, "w") as nothing:
            code = subprocess.run(command, stdout=nothing, stderr=nothing).returncode
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, b"%d %f %d" % (code, used.ru_utime, used.ru_maxrss))
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 200).split()
    os.close(reader)
    os.waitpid(child, 0)
    if int(said[0]) != 0:
        sys.exit(f"{' '.join(command)} ended with {int(said[0])}")
    return float(said[1]), int(said[2]) / 1024


def best(command, rounds):
    runs = [measure(command) for _ in range(rounds)]
    return min(seconds for seconds, _ in runs), max(memory for _, memory in runs)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("aldis")
    parser.add_argument("captures", nargs="*")
    parser.add_argument("--mb", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--no-tshark", action="store_true")
    given = parser.parse_args()
    modes = [name for name in MODES if not given.only or name in given.only.split(",") or name.split(",")[0] in given.only.split(",")]
    with tempfile.TemporaryDirectory(prefix="aldis_dump_speed_") as folder:
        captures = given.captures
        if not captures:
            captures = [os.path.join(folder, "small.pcap"), os.path.join(folder, "large.pcap")]
            make(captures[0], given.mb, 4, 64)
            make(captures[1], given.mb, 5, 1000)
        print("load %.1f %.1f %.1f, %s" % (*os.getloadavg(), time.strftime("%Y-%m-%d")))
        for capture in captures:
            count = subprocess.run([given.aldis, "dump", "--no-flows", "--stats", "--json", "-r", capture], stdout=subprocess.PIPE, check=True).stdout
            print("%s: %.0f MB, %s packets" % (os.path.basename(capture), os.path.getsize(capture) / 1e6, count.split(b'"packets":')[1].split(b",")[0].decode()))
            for mode in modes:
                ours, theirs = MODES[mode]
                seconds, memory = best([given.aldis, "dump", *ours, "-r", capture], given.rounds)
                row = "  %-17s aldis %7.2f s %4.0f MB" % (mode, seconds, memory)
                if theirs is not None and not given.no_tshark:
                    other, other_memory = best(["tshark", *theirs, "-r", capture], given.rounds)
                    row += "   tshark %7.2f s %4.0f MB   %5.1f times" % (other, other_memory, other / seconds)
                print(row, flush=True)
        print("load %.1f %.1f %.1f" % os.getloadavg())


if __name__ == "__main__":
    main()
