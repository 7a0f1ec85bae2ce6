# What `aldis dump` finds by following conversations, in every form of output; and the packets of the tools themselves, logged as it prints them.
import json
import os
import re

from dump_wanted import Dump
from harness import Broker, main, wait_until


class Forms(Dump):
    """The same findings in JSON, lines, trees and fields."""

    CAPTURES = ("session_resume.pcapng", "v5_props_paho.pcapng", "server_disconnect.pcapng", "keepalive.pcapng")

    def fields(self, capture, *names):
        words = [word for name in names for word in ("-e", name)]
        out = self.dump(capture, "--one-per-packet", "-T", "fields", *words).out.decode()
        return [line.split("\t") for line in out.splitlines()]

    def test_fields_tell_what_json_tells(self):
        names = ("frame.number", "aldis.client", "aldis.response_to", "aldis.response_time", "aldis.flow", "aldis.flow_time", "aldis.flow_topic",
                 "aldis.redelivery_of", "aldis.delivery_of", "aldis.delivery_time", "aldis.client_before", "aldis.takes_over")
        filled = set()
        for capture in self.CAPTURES:
            packets, rows = self.packets(capture), self.fields(capture, *names)
            self.assertEqual(len(packets), len(rows))
            for packet, row in zip(packets, rows):
                x = packet["x"]
                seconds = lambda key: "%.9f" % (x[key]["ms"] / 1000) if "ms" in x.get(key, {}) else ""
                frame = lambda key: str(x[key]["frame"]) if key in x else ""
                wanted = [str(packet["frame"]), x.get("client", ""), frame("acks"), seconds("acks"), frame("flow"), seconds("flow"),
                          x.get("flow", {}).get("topic", ""), frame("redelivery_of"), frame("delivery_of"), seconds("delivery_of"),
                          frame("client_before"), frame("takes_over")]
                self.assertEqual(row, wanted, capture)
                filled |= {name for name, value in zip(names, row) if value}
        self.assertEqual(filled, set(names))

    def test_trees_tell_it_above_them_in_the_words_of_the_lines(self):
        for capture in self.CAPTURES:
            lines = self.dump(capture, "--one-per-packet").out.decode()
            told = re.findall(r"(?: acks=| again=| from=| before=| takes-over=).*", lines)
            tree = self.dump(capture, "-V").out.decode()
            above = re.findall(r"^Packet \d+( \w.*)$", tree, re.MULTILINE)
            above = [line for line in above if not line.startswith((" breaks", " cannot"))]
            self.assertTrue(told)
            self.assertEqual([line.split(" !")[0] for line in told], above)
            self.assertNotIn("Packet 0 acks", self.dump(capture, "-V", "--no-flows").out.decode())

    def test_each_name_is_listed(self):
        listed = [line.split("\t")[0] for line in self.run_tool("dump", "-G").out.decode().splitlines()]
        self.assertIn("aldis.response_time", listed)
        ours = [name for name in listed if name.startswith("aldis.")]
        self.assertEqual(len(ours), len(set(ours)))


class Logs(Dump):
    """`--packets` and `--capture` of the tools."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Broker("allow_anonymous true").start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    @staticmethod
    def without_names(text):
        return re.sub(r"\S+ → \S+", "ends", text)

    def held_against_dump(self, logged, path, *options):
        read = self.run_tool("dump", "--time", "absolute", "-r", path, *options)
        self.assertEqual(read.code, 0, read)
        self.assertEqual(self.without_names(logged.decode()), self.without_names(read.out.decode()))
        return read.out.decode()

    def test_the_log_of_a_publisher_is_the_dump_of_its_capture(self):
        path = os.path.join(self.folder, "pub.pcap")
        run = self.run_tool("pub", *self.broker.where, "-t", "a/b", "-m", "hello", "-q", "2", "-u", "me", "-P", "hunter2", "--packets", "--capture", path)
        self.assertEqual((run.code, run.out), (0, b""), run)
        text = self.held_against_dump(run.err, path)
        for word in ("Connect Command  5.0", "Connect Ack  acks=3 +", "Publish Message (id=1) [a/b]  q2 5B", "Publish Received (id=1)  0x10 No matching subscribers acks=5 +",
                     "Publish Complete (id=1)  acks=7 +", "Disconnect Req"):
            self.assertIn(word, text)
        self.assertNotIn(b"hunter2", run.err)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_tshark_reads_the_capture(self):
        path = os.path.join(self.folder, "large.pcap")
        payload = os.path.join(self.folder, "payload")
        with open(payload, "wb") as file:
            file.write(b"x" * 200_000)
        run = self.run_tool("pub", *self.broker.where, "-t", "a/b", "-f", payload, "-q", "1", "--packets", "--capture", path)
        self.assertEqual(run.code, 0, run)
        ours = self.held_against_dump(run.err, path)
        self.assertIn("Publish Message (id=1) [a/b]  q1 200000B", ours)
        self.programs["tshark"] = ["tshark"]
        theirs = self.run_tool("tshark", "-r", path, "-Y", "mqtt", "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Info").out.decode()
        said = self.run_tool("dump", "-r", path, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Info").out.decode()
        self.assertEqual(said, theirs)

    def test_a_subscriber_that_is_cut_off_logs_both_connections(self):
        path = os.path.join(self.folder, "sub.pcap")
        subscriber = self.start_subscribed("sub", *self.broker.where, "-V", "311", "-t", "on", "-i", "lamp", "-C", "1", "--capture", path)
        self.run_tool("pub", *self.broker.where, "-t", "other", "-m", "x", "-i", "lamp")

        def told():
            self.run_tool("pub", *self.broker.where, "-t", "on", "-m", "x")
            return subscriber.poll() is not None
        wait_until(told, "the message on the second connection")
        self.ended(subscriber)
        packets = [json.loads(line) for line in self.run_tool("dump", "--json", "-r", path).out.splitlines()]
        kinds = [p["info"] for p in packets]
        self.assertEqual(kinds[:3], ["Connect Command", "Connect Ack", "Subscribe Request (id=1) [on]"])
        self.assertEqual(kinds.count("Connect Command"), 2)
        self.assertEqual({p["stream"] for p in packets}, {0, 1})
        self.assertEqual([p["sport"] for p in packets if p["info"] == "Connect Command"], [40000, 40001])

    def test_a_capture_file_that_cannot_be_made_is_an_error(self):
        run = self.run_tool("pub", *self.broker.where, "-t", "a", "-m", "b", "--capture", os.path.join(self.folder, "no", "folder"))
        self.assertNotEqual(run.code, 0)
        self.assertIn(b"cannot be made", run.err)


if __name__ == "__main__":
    main()
