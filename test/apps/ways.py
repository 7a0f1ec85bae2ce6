# What stands between pub, sub and the broker: proxies, WebSocket servers that want a path or refuse, name servers with SRV records.
import base64
import hashlib

import harness
from harness import Scripted, wait_until
from middlemen import HttpProxy, NameServer, SocksProxy, take_head
from transports import TRUST, OverTransports


class Proxies(OverTransports):
    def proxy(self, kind, **more):
        made = kind(**more)
        self.addCleanup(made.close)
        return made

    def through(self, proxy, name, scheme, login=""):
        """To a name that only the proxy knows, where the broker's certificate is good."""
        where = ["-h", "broker.example", "-p", str(self.broker.ports.get(name, self.broker.port))]
        more = {"tcp": [], "tls": TRUST, "ws": ["--ws"], "wss": ["--ws", *TRUST]}[name]
        return [*where, *more, "--proxy", f"{scheme}://{login}127.0.0.1:{proxy.port}"]

    def test_every_transport_through_each_kind(self):
        for kind, scheme in ((SocksProxy, "socks5h"), (HttpProxy, "http")):
            for login, part in ((None, ""), (("us@er", "p:w%"), "us%40er:p%3Aw%25@")):
                proxy = self.proxy(kind, login=login)
                for name in ("tcp", "tls", "ws", "wss"):
                    self.delivers(f"proxy/{name}", *self.through(proxy, name, scheme, part))
                    self.assertEqual(proxy.wanted.pop(), ("broker.example", self.broker.ports.get(name, self.broker.port)))

    def test_their_tool_goes_through_the_same_proxy(self):
        proxy = self.proxy(SocksProxy)
        self.delivers("proxy/theirs", *self.through(proxy, "tls", "socks5h"), tool="real_pub")

    def test_a_subscriber_hears_through_a_proxy(self):
        proxy = self.proxy(SocksProxy)
        watcher = self.start_subscribed("sub", *self.through(proxy, "wss", "socks5h"), "-t", "proxy/back", "-C", "1")
        self.assertEqual(self.run_tool("pub", *self.broker.where, "-t", "proxy/back", "-m", "x").code, 0)
        self.assertEqual(self.ended(watcher).out, b"x\n")

    def test_proxies_that_refuse(self):
        begins = b"Error: Proxy error: "
        for kind, scheme in ((SocksProxy, "socks5h"), (HttpProxy, "http")):
            closed = self.proxy(kind, login=("user", "secret"))
            for part in ("", "user:wrong@"):
                result = self.fails("pub", 16, ["--proxy"], *self.through(closed, "tcp", scheme, part), begins=begins)
                self.assertNotIn(b"wrong", result.err)
            strict = self.proxy(kind, refuses=True)
            self.fails("sub", 16, ["broker.example", "-h"], *self.through(strict, "tcp", scheme), begins=begins)
        talker = Scripted(lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n"))
        self.addCleanup(talker.close)
        for scheme in ("socks5h", "http"):
            self.fails("pub", 16, ["--proxy"], *self.through(talker, "tcp", scheme), begins=begins)

    def test_a_proxy_that_is_not_there(self):
        class Nowhere:
            port = harness.free_port()
        result = self.run_tool("pub", *self.through(Nowhere, "tcp", "socks5h"), "-t", "a", "-m", "b")
        self.assertEqual(result.code, 1, result)
        self.assertIn(str(Nowhere.port).encode(), result.err)


class WebSockets(OverTransports):
    def serve(self, answer):
        """A server that reads requests into `.heads` and sends `answer(head)`."""
        def serve(connection):
            server.heads.append(take_head(connection))
            connection.sendall(answer(server.heads[-1]))
        server = Scripted(serve)
        server.heads = []
        self.addCleanup(server.close)
        return server

    @staticmethod
    def accepted(head, more="Sec-WebSocket-Protocol: mqtt\r\n"):
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        proof = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        return f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {proof}\r\n{more}\r\n".encode()

    def test_path_and_headers_are_sent(self):
        server = self.serve(lambda head: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        self.run_tool("pub", *server.where, "--ws", "--ws-path", "/a/b?token=1", "--ws-header", "Authorization: Bearer x:y", "--ws-header", "X-Two: 2", "-t", "a", "-m", "b")
        self.run_tool("pub", "-L", f"ws://127.0.0.1:{server.port}/a/topic", "-m", "b")
        self.assertTrue(server.heads[0].startswith("GET /a/b?token=1 HTTP/1.1\r\n"), server.heads)
        for line in ("Authorization: Bearer x:y", "X-Two: 2"):
            self.assertIn(f"\r\n{line}\r\n", server.heads[0])
        self.assertIn("\r\nsec-websocket-protocol: mqtt\r\n", server.heads[0].lower())
        self.assertTrue(server.heads[1].startswith("GET /mqtt HTTP/1.1\r\n"), server.heads)

    def test_servers_that_refuse(self):
        begins = b"Error: WebSocket error: "
        for status, code in (("404 Not Found", 1), ("401 Unauthorized", 1), ("200 OK", 1)):
            server = self.serve(lambda head: f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            self.fails("pub", code, [status[:3], "--ws-path"], *server.where, "--ws", begins=begins)
        server = self.serve(lambda head: self.accepted(head, ""))
        self.fails("sub", 2, ["subprotocol mqtt"], *server.where, "--ws", begins=begins)
        server = self.serve(lambda head: b"SSH-2.0-something\r\n\r\n")
        self.fails("sub", 2, ["--ws-path"], *server.where, "--ws", begins=begins)

    def test_frames_that_are_not_mqtt(self):
        server = self.serve(lambda head: self.accepted(head) + b"\x81\x02hi")
        result = self.run_tool("pub", *server.where, "--ws", "-t", "a", "-m", "b")
        self.assertEqual((result.code, len(result.err.splitlines())), (2, 1), result)
        self.assertIn(b"text message", result.err)

    def test_a_listener_without_websocket(self):
        result = self.run_tool("pub", *self.broker.where, "--ws", "-t", "a", "-m", "b")
        self.assertIn(result.code, (1, 2, 7), result)
        self.assertEqual(len(result.err.splitlines()), 1, result)


class Services(OverTransports):
    def serve(self, records):
        server = NameServer(records)
        self.addCleanup(server.close)
        return server

    def test_the_broker_is_found_by_its_service(self):
        dead = harness.free_port()
        server = self.serve({"_mqtt._tcp.broker.example": [(1, 0, dead, "localhost"), (2, 0, self.broker.port, "localhost")]})
        self.delivers("srv", "-S", "-h", "broker.example", "--dns-servers", server.where)
        self.assertEqual(set(server.asked), {"_mqtt._tcp.broker.example"})

    def test_the_certificate_is_checked_against_the_domain(self):
        ports = self.broker.ports
        good = self.serve({"_secure-mqtt._tcp.broker.example": [(1, 0, ports["tls"], "localhost")]})
        self.delivers("srv/tls", "-S", "-h", "broker.example", "--dns-servers", good.where, *TRUST)
        bad = self.serve({"_secure-mqtt._tcp.other.example": [(1, 0, ports["tls"], "localhost")]})
        self.fails("pub", 8, ["other.example"], "-S", "-h", "other.example", "--dns-servers", bad.where, *TRUST)

    def test_a_domain_without_the_service(self):
        server = self.serve({})
        begins = b"Error: Unable to connect (Lookup error.): "
        self.fails("pub", 1, ["_mqtt._tcp.none.example", "-S"], "-S", "-h", "none.example", "--dns-servers", server.where, begins=begins)
        wait_until(lambda: server.asked, "the question")


if __name__ == "__main__":
    harness.main()
