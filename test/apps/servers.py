# What the tools do with servers that answer in other ways than a good broker.
import harness
from harness import Scripted, Tools, read_packet, wait_until

CONNACK_3, CONNACK_5 = b"\x20\x02\x00\x00", b"\x20\x03\x00\x00\x00"


def is_version_5(connect_body):
    return connect_body[6] == 5


class Servers(Tools):
    """Servers that answer in other ways than a good broker."""

    def serve(self, function):
        server = Scripted(function)
        self.addCleanup(server.close)
        return server

    def test_pub_ends_only_when_everything_is_acknowledged(self):
        order = []

        def serve(c):
            read_packet(c)
            c.sendall(CONNACK_3)
            pending = []
            while len(pending) < 3:
                kind, body = read_packet(c)
                order.append(kind & 0xF0)
                length = int.from_bytes(body[:2], "big")
                pending.append(body[2 + length:4 + length])
            for identifier in pending:
                order.append("acknowledged")
                c.sendall(b"\x40\x02" + identifier)
            order.append(read_packet(c)[0])
            order.append(read_packet(c)[0])
        server = self.serve(serve)
        self.assertEqual(self.run_tool("pub", *server.where, "-V", "311", "-t", "a", "-l", "-q", "1", data=b"1\n2\n3\n").code, 0)
        wait_until(lambda: len(order) == 8, "the end")
        self.assertEqual(order, [0x30, 0x30, 0x30, "acknowledged", "acknowledged", "acknowledged", 0xE0, None])

    def test_version_5_falls_back_to_3_1_1(self):
        for refusal in (b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""):
            versions = []

            def serve(c):
                _, body = read_packet(c)
                versions.append(body[6])
                if is_version_5(body):
                    return c.sendall(refusal)
                c.sendall(CONNACK_3)
                while read_packet(c)[0] is not None:
                    pass
            server = self.serve(serve)
            result = self.run_tool("pub", *server.where, "-t", "a", "-m", "b")
            self.assertEqual((result.code, result.err, versions), (0, b"", [5, 4]), refusal)
            versions.clear()
            self.assertNotEqual(self.run_tool("pub", *server.where, "-t", "a", "-m", "b", "-V", "5").code, 0)
            self.assertEqual(versions, [5])

    def test_refusals_have_the_code_of_connack(self):
        for code in (1, 2, 3, 4, 5):
            server = self.serve(lambda c: (read_packet(c), c.sendall(bytes([0x20, 2, 0, code]))))
            for tool in ("pub", "sub"):
                rest = ["-m", "b"] if tool == "pub" else []
                result = self.run_tool(tool, *server.where, "-V", "311", "-t", "a", *rest)
                self.assertEqual(result.code, code)
                self.assertTrue(result.err.startswith(b"Connection error: Connection Refused: "), result)
        for code in (0x80, 0x85, 0x87, 0x97, 0x9F):
            server = self.serve(lambda c: (read_packet(c), c.sendall(bytes([0x20, 3, 0, code, 0]))))
            result = self.run_tool("sub", *server.where, "-V", "5", "-t", "a")
            self.assertEqual(result.code, code)
            self.assertTrue(result.err.startswith(b"Connection error: "), result)

    def test_a_reason_string_cannot_reach_the_terminal(self):
        text = b"no \x1b[31m"
        properties = b"\x1f" + len(text).to_bytes(2, "big") + text
        body = b"\x00\x87" + bytes([len(properties)]) + properties
        server = self.serve(lambda c: (read_packet(c), c.sendall(b"\x20" + bytes([len(body)]) + body)))
        result = self.run_tool("sub", *server.where, "-V", "5", "-t", "a")
        self.assertEqual(result.code, 135)
        self.assertIn(b"no \\x1b[31m", result.err)

    def test_nonsense_is_told_of(self):
        for nonsense in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00", b"\xff" * 64, CONNACK_5[:2] + b"\x00\x00\x7f"):
            server = self.serve(lambda c: (read_packet(c), c.sendall(nonsense)))
            for tool, rest in (("pub", ["-m", "b"]), ("sub", [])):
                result = self.run_tool(tool, *server.where, "-V", "5", "-t", "a", *rest)
                self.assertIn(result.code, (2, 7, 21), (nonsense, result))
                self.assertEqual(len(result.err.splitlines()), 1, result)

    def test_hanging_up_is_a_lost_connection(self):
        server = self.serve(lambda c: read_packet(c))
        for tool, rest in (("pub", ["-m", "b"]), ("sub", [])):
            for version in ("311", "5", "auto"):
                result = self.run_tool(tool, *server.where, "-V", version, "-t", "a", *rest)
                self.assertEqual(result.code, 7, result)
                self.assertTrue(result.err.startswith(b"Error: The connection was lost"), result)

    def test_a_refused_message_is_told_of(self):
        def serve(c):
            read_packet(c)
            c.sendall(CONNACK_5)
            _, body = read_packet(c)
            c.sendall(b"\x40\x04" + body[3:5] + b"\x87\x00")
            read_packet(c)
        server = self.serve(serve)
        for tool, code in (("pub", 135), ("stand_in_pub", 0)):
            result = self.run_tool(tool, *server.where, "-V", "5", "-t", "a", "-m", "b", "-q", "1")
            self.assertEqual((result.code, result.err), (code, b"Warning: Publish 1 failed: Not authorized.\n"))

    def test_refused_subscriptions_are_told_of(self):
        def serve(codes):
            def one(c):
                read_packet(c)
                c.sendall(CONNACK_5)
                _, body = read_packet(c)
                c.sendall(b"\x90" + bytes([3 + len(codes)]) + body[:2] + b"\x00" + codes)
                read_packet(c)
            return one
        server = self.serve(serve(b"\x87\x87"))
        result = self.run_tool("sub", *server.where, "-V", "5", "-t", "a", "-t", "b")
        self.assertEqual(result.code, 135)
        self.assertIn(b"All subscription requests were denied", result.err)
        server = self.serve(serve(b"\x87\x00"))
        result = self.run_tool("sub", *server.where, "-V", "5", "-t", "a", "-t", "b", "-E")
        self.assertEqual((result.code, result.err), (0, b"Warning: Subscription to 'a' failed: Not authorized.\n"))

    def test_what_the_broker_cannot_do_is_not_sent(self):
        cannot = {"qos": (b"\x24\x00", ["-q", "1"], 24), "retain": (b"\x25\x00", ["-r"], 28), "size": (b"\x27\x00\x00\x00\x20", ["-m", "x" * 100], 25)}
        for name, (properties, arguments, code) in cannot.items():
            body = b"\x00\x00" + bytes([len(properties)]) + properties
            kinds = []

            def serve(c):
                read_packet(c)
                c.sendall(b"\x20" + bytes([len(body)]) + body)
                kinds.append(read_packet(c)[0])
            server = self.serve(serve)
            message = [] if "-m" in arguments else ["-m", "b"]
            result = self.run_tool("pub", *server.where, "-V", "5", "-t", "a", *message, *arguments)
            self.assertEqual(result.code, code, (name, result))
            wait_until(lambda: kinds, "the next packet")
            self.assertIn(kinds, ([0xE0], [None]))

    def test_a_broker_that_says_why_it_leaves(self):
        def serve(c):
            read_packet(c)
            c.sendall(CONNACK_5)
            _, body = read_packet(c)
            c.sendall(b"\x90\x04" + body[:2] + b"\x00\x00" + b"\xe0\x02\x8e\x00")
            read_packet(c)
        server = self.serve(serve)
        result = self.run_tool("sub", *server.where, "-V", "5", "-t", "a")
        self.assertEqual(result.code, 0x8E)
        self.assertIn(b"The broker ended the connection: Session taken over", result.err)


if __name__ == "__main__":
    harness.main()
