# `aldis bench` on `aldis broker`, and on servers that lose, repeat and mix up messages: what it counts, and how it exits.
import json
import struct
import subprocess

from harness import ALDIS, DEADLINE, Broker, Scripted, Tools, free_port, main, read_packet, wait_until


def bench(mode, *words):
    return [ALDIS, "bench", mode, *words]


class Measuring(Tools):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = Broker("allow_anonymous true", "max_inflight_messages 0", "max_queued_messages 0", "max_connect_rate 0").start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        super().tearDownClass()

    def run_bench(self, mode, *words):
        done = subprocess.run(bench(mode, *self.broker.where, *words, "--json", "--timeout", str(DEADLINE)), capture_output=True, timeout=2 * DEADLINE)
        return done.returncode, json.loads(done.stdout), done.stderr.decode()

    def test_conn_opens_a_thousand_connections(self):
        code, result, _ = self.run_bench("conn", "-c", "1000", "-R", "20000")
        self.assertEqual(code, 0, result)
        self.assertEqual((result["connected"], result["connect_failed"]), (1000, 0))
        self.assertEqual(result["connect_ns"]["count"], 1000)

    def test_rtt_gets_everything_back_at_each_qos(self):
        for qos in "012":
            code, result, _ = self.run_bench("rtt", "-c", "5", "-i", "0", "-I", "0", "-F", "10", "-q", qos, "--limit", "500")
            self.assertEqual(code, 0, result)
            self.assertEqual((result["sent"], result["received"], result["lost"]), (500, 500, 0))
            self.assertEqual(result["latency_ns"]["count"], 500)
            self.assertLessEqual(result["latency_ns"]["p50"], result["latency_ns"]["p99"])

    def test_pub_and_sub_agree(self):
        subscriber = subprocess.Popen(bench("sub", *self.broker.where, "-c", "2", "-i", "0", "-t", "agree/#", "-q", "1", "--limit", "600", "--json"),
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self._end, subscriber)
        wait_until(lambda: b"sub total=2" in subscriber.stderr.readline(), "two subscriptions")
        code, result, _ = self.run_bench("pub", "-c", "3", "-i", "0", "-t", "agree/%i", "-q", "1", "--rate", "3000", "--limit", "300", "-s", "28")
        self.assertEqual(code, 0, result)
        self.assertEqual((result["sent"], result["completed"]), (300, 300))
        out, _ = subscriber.communicate(timeout=DEADLINE)
        seen = json.loads(out)
        self.assertEqual(subscriber.returncode, 0, seen)
        self.assertEqual((seen["received"], seen["lost"], seen["duplicates"], seen["out_of_order"]), (600, 0, 0, 0))

    def test_a_warm_up_is_not_measured(self):
        code, result, _ = self.run_bench("rtt", "-c", "1", "-I", "10", "--duration", "1", "--warm-up", "0.5")
        self.assertEqual(code, 0, result)
        self.assertGreater(result["received"], result["latency_ns"]["count"])
        self.assertGreater(result["latency_ns"]["count"], 0)

    def test_progress_lines_read_as_those_of_emqtt_bench(self):
        done = subprocess.run(bench("pub", *self.broker.where, "-c", "1", "-t", "lines", "-I", "20", "--duration", "1.5"), capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done)
        self.assertRegex(done.stdout.decode(), r"(?m)^1s pub total=\d+ rate=\d+\.\d\d/sec$")
        self.assertRegex(done.stdout.decode(), r"(?m)^latency +n \d+  min ")


def publish_numbers(frame_type, body):
    """Where the stamp's number is in an MQTT 5 PUBLISH at QoS 0, and the number."""
    topic = struct.unpack(">H", body[:2])[0]
    payload = body.index(b"ALDB", 2 + topic)
    return struct.unpack(">Q", body[payload + 12:payload + 20])[0]


def frame(first, body):
    assert len(body) < 128
    return bytes([first, len(body)]) + body


class Failing(Tools):
    """An echo of QoS 0 messages with a fault of its own."""

    def run_rtt(self, echo):
        def serve(connection):
            while True:
                first, body = read_packet(connection)
                if first is None or first >> 4 == 14:
                    return
                if first >> 4 == 1:
                    connection.sendall(bytes([0x20, 3, 0, 0, 0]))
                elif first >> 4 == 8:
                    connection.sendall(bytes([0x90, 4]) + body[:2] + bytes([0, 0]))
                elif first >> 4 == 3:
                    connection.sendall(echo(publish_numbers(first, body), frame(first, body)))
        server = Scripted(serve)
        self.addCleanup(server.close)
        done = subprocess.run(bench("rtt", *server.where, "-c", "1", "-I", "0", "-F", "5", "-s", "28", "-t", "t", "--limit", "50", "--json", "--timeout", "1"),
                              capture_output=True, timeout=DEADLINE)
        return done.returncode, json.loads(done.stdout)

    def test_a_faithful_echo_is_clean(self):
        code, result = self.run_rtt(lambda number, packet: packet)
        self.assertEqual((code, result["received"], result["clean"]), (0, 50, True))

    def test_a_lost_message_is_counted(self):
        code, result = self.run_rtt(lambda number, packet: b"" if number == 7 else packet)
        self.assertEqual((code, result["lost"], result["received"]), (1, 1, 49))

    def test_a_duplicate_is_counted(self):
        code, result = self.run_rtt(lambda number, packet: packet * 2 if number == 7 else packet)
        self.assertEqual((code, result["duplicates"], result["lost"]), (1, 1, 0))

    def test_two_messages_in_the_wrong_order_are_counted(self):
        held = []

        def echo(number, packet):
            if number == 7:
                held.append(packet)
                return b""
            return packet + (held.pop() if held else b"")
        code, result = self.run_rtt(echo)
        self.assertEqual((code, result["out_of_order"], result["lost"]), (1, 1, 0))

    def test_a_connection_that_ends_is_an_error(self):
        def serve(connection):
            read_packet(connection)
            connection.sendall(bytes([0x20, 3, 0, 0, 0]))
            read_packet(connection)
        server = Scripted(serve)
        self.addCleanup(server.close)
        done = subprocess.run(bench("pub", *server.where, "-c", "1", "-t", "t", "-q", "1", "-I", "0", "--timeout", "1", "--json"), capture_output=True, timeout=DEADLINE)
        result = json.loads(done.stdout)
        self.assertEqual((done.returncode, result["connection_lost"]), (1, 1))

    def test_refusals_exit_with_1_and_say_why(self):
        refused = subprocess.run(bench("conn", "-h", "127.0.0.1", "-p", str(free_port()), "-c", "3", "-i", "0"), capture_output=True, timeout=DEADLINE)
        self.assertEqual(refused.returncode, 1)
        self.assertEqual(refused.stderr.count(b"Connection refused"), 1)
        self.assertIn(b"3 times: Connection refused", refused.stdout)

        def serve(connection):
            read_packet(connection)
            connection.sendall(bytes([0x20, 3, 0, 0x87, 0]))
        server = Scripted(serve)
        self.addCleanup(server.close)
        unauthorised = subprocess.run(bench("conn", *server.where, "-c", "1"), capture_output=True, timeout=DEADLINE)
        self.assertEqual(unauthorised.returncode, 1)
        self.assertIn(b"connect_failed 1", unauthorised.stdout)


if __name__ == "__main__":
    main()
