# `aldis dump --stats` and `--extract`: sums held against the packets of --json, and files that stay where they belong.
import json
import os
import signal
import struct

from dump_wanted import Dump
from harness import Broker, main, wait_until


def publish(topic, payload):
    body = struct.pack(">H", len(topic)) + topic + payload
    assert len(body) < 128
    return (bytes([0x30, len(body)]) + body).hex()


CONNECT = "> 100d00044d5154540402003c000163"


class Stats(Dump):
    def sums(self, capture, *options):
        return json.loads(self.dump(capture, "--stats", "--json", *options).out)

    def test_sums_are_those_of_the_packets(self):
        every = self.packets("v311_flows.pcapng")
        sums = self.sums("v311_flows.pcapng")
        self.assertEqual(sums["all"]["packets"], len(every))
        for table in ("types", "qos"):
            rows = [row["packets"] for row in sums[table]["rows"]]
            self.assertEqual(rows, sorted(rows, reverse=True))
        types = {row["name"]: row["packets"] for row in sums["types"]["rows"]}
        self.assertEqual(sum(types.values()), len(every))
        publishes = [p for p in every if p["mqtt"]["mqtt.msgtype"] == 3]
        self.assertEqual(types["Publish Message"], len(publishes))
        self.assertEqual(sums["all"]["payload"], sum(len(p["mqtt"].get("mqtt.msg", "")) // 2 for p in publishes))
        self.assertEqual(sums["all"]["retained"], sum(p["mqtt"]["mqtt.retain"] for p in publishes))
        clients = {row["name"] for row in sums["clients"]["rows"]}
        self.assertEqual(clients, {p["x"]["client"] for p in every if p.get("x", {}).get("client")})

    def test_latencies_are_in_order_and_the_largest_is_exact(self):
        flows = [p["x"]["flow"]["ms"] for p in self.packets("v311_flows.pcapng") if "ms" in p.get("x", {}).get("flow", {})]
        latency = self.sums("v311_flows.pcapng")["all"]["latency"]
        self.assertEqual(latency["count"], len(flows))
        self.assertAlmostEqual(latency["max_ms"], max(flows), delta=0.001)
        middle = sorted(flows)[(len(flows) * 50 + 99) // 100 - 1]
        self.assertAlmostEqual(latency["p50_ms"], middle, delta=middle * 0.07 + 0.001)
        self.assertTrue(latency["p50_ms"] <= latency["p90_ms"] <= latency["p99_ms"] <= latency["max_ms"])
        self.assertIsNone(self.sums("v311_flows.pcapng", "--no-flows")["all"]["latency"])

    def test_the_table_says_the_same(self):
        shown = self.dump("auth_fail.pcapng", "--stats").out.decode()
        for title in ("By client", "By type", "By reason"):
            self.assertIn(f"\n{title}\n", shown)
        self.assertIn("Not authorized", shown)
        sums = self.sums("auth_fail.pcapng", "--type", "connect")
        self.assertEqual([row["name"] for row in sums["types"]["rows"]], ["Connect Command"])

    def test_memory_is_bounded_and_nothing_is_lost_of_the_sum(self):
        text = "\n".join([CONNECT, *("> " + publish(b"t/%d" % i, b"x") for i in range(3000)), *["> " + publish(b"often", b"y")] * 50])
        run = self.run_tool("dump", "--hex", "-", "--stats", "--json", data=text.encode())
        sums = json.loads(run.out)
        topics = sums["topics"]
        self.assertLessEqual(len(topics["rows"]), 1000)
        self.assertEqual(sum(row["packets"] for row in topics["rows"]) + topics["other"]["packets"], 3050)
        self.assertEqual(topics["rows"][0]["name"], "often")

    def test_nothing_seen_is_said_too(self):
        sums = self.sums("v311_flows.pcapng", "--stream", "4000000000")
        self.assertEqual((sums["all"]["packets"], sums["topics"]["rows"]), (0, []))


class Extracting(Dump):
    def setUp(self):
        self.target = os.path.join(self.folder, self.id().rsplit(".", 1)[-1])

    def files(self):
        return sorted(os.path.relpath(os.path.join(at, name), self.target) for at, _, names in os.walk(self.target) for name in names)

    def extract(self, text, *options, code=0):
        result = self.run_tool("dump", "--hex", "-", *options, data="\n".join([CONNECT, *text]).encode())
        self.assertEqual(result.code, code, result)
        return result

    def test_payloads_are_what_was_sent(self):
        self.dump("big_payload.pcapng", "--type", "publish", "--extract", self.target)
        sent = sorted(p["mqtt"].get("mqtt.msg", "") for p in self.packets("big_payload.pcapng", "--type", "publish"))
        held = []
        for name in self.files():
            with open(os.path.join(self.target, name), "rb") as file:
                held.append(file.read().hex())
        self.assertEqual(sorted(held), sent)
        self.assertEqual(self.extract(["> " + publish(b"a", b"one\0"), "> " + publish(b"b", b"two")], "--extract", "-").out, b"one\0two")

    def test_names_from_packets_stay_in_the_folder(self):
        hostile = [b"../../up", b"/etc/passwd", b"..", b".", b"a/../../b", b".hidden", b"a\nb", b"-rf", b"%2F", "bü".encode(), b"c:\\x", b"~", b"n" * 100]
        self.extract(["> " + publish(topic, b"p") for topic in hostile], "--extract", os.path.join(self.target, "in", "%t"))
        made = self.files()
        self.assertEqual(len(made), len(hostile), made)
        for name in made:
            self.assertRegex(name, r"^in/[A-Za-z0-9%_~-][A-Za-z0-9%._~-]*$")
        self.assertEqual(os.listdir(self.target), ["in"])

    def test_nothing_is_overwritten_unless_asked_for_and_no_link_is_followed(self):
        once = ["> " + publish(b"a", b"new")]
        where = os.path.join(self.target, "%t")
        os.makedirs(self.target)
        with open(os.path.join(self.target, "a"), "w") as file:
            file.write("much older")
        self.assertIn(b"--overwrite", self.extract(once, "--extract", where, code=1).err)
        with open(os.path.join(self.target, "a")) as file:
            self.assertEqual(file.read(), "much older")
        self.extract(once, "--extract", where, "--overwrite")
        with open(os.path.join(self.target, "a")) as file:
            self.assertEqual(file.read(), "new")
        os.rename(os.path.join(self.target, "a"), os.path.join(self.target, "kept"))
        os.symlink("kept", os.path.join(self.target, "a"))
        for options in ([], ["--overwrite"]):
            self.extract(once, "--extract", where, *options, code=1)

    def test_the_number_of_files_is_bounded(self):
        text = ["> " + publish(b"a", b"%d" % i) for i in range(30)]
        said = self.extract(text, "--extract", self.target, "--extract-max", "7")
        self.assertEqual(len(self.files()), 7)
        self.assertIn(b"23 more are there", said.err)

    def test_bad_patterns_are_refused(self):
        for pattern, word in (("a%", b"%%"), ("a%x", b"%t topic"), ("", b"no folder")):
            said = self.extract([], f"--extract={pattern}", code=1)
            self.assertIn(word, said.err)
        self.assertIn(b"--extract", self.extract([], "--stats", "--extract", "-", code=1).err)


class Live(Dump):
    def test_loopback_is_captured_as_it_passes(self):
        broker = Broker("allow_anonymous true").start()
        self.addCleanup(broker.close)
        port = broker.where[broker.where.index("-p") + 1]
        capturing = self.start("dump", "-i", "lo", "-f", f"tcp port {port}")
        seen = []

        def published():
            if capturing.poll() is not None:
                return True
            self.run_tool("pub", *broker.where, "-t", "live/topic", "-m", "seen", "-q", "1")
            os.set_blocking(capturing.stdout.fileno(), False)
            seen.append(capturing.stdout.read() or b"")
            return b"[live/topic]" in b"".join(seen) and b"Publish Ack" in b"".join(seen)
        wait_until(published, "a packet on lo")
        if capturing.poll() is not None:
            said = capturing.stderr.read().decode()
            self.assertRegex(said, "right to capture|without libpcap")
            self.skipTest("this process may not capture: " + said)
        capturing.send_signal(signal.SIGINT)
        self.assertEqual(capturing.wait(20), 0)
        self.assertIn(b"Capturing on lo", capturing.stderr.read())


if __name__ == "__main__":
    main()
