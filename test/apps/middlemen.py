# Programs in the middle, on free loopback ports: a SOCKS5 proxy, an HTTP proxy, a name server, a WebSocket server that refuses.
import base64
import socket
import struct
import threading

from harness import DEADLINE, Scripted


def take(connection, n):
    data = b""
    while len(data) < n:
        piece = connection.recv(n - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def take_head(connection):
    """An HTTP head, up to and with its empty line."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += take(connection, 1)
    return head.decode()


def relay(one, other):
    """Bytes both ways, until either side is done."""
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join(DEADLINE)


class Proxy(Scripted):
    """A proxy that knows no name service: every name is this machine. `wanted` tells whom it was asked for."""

    def __init__(self, login=None, refuses=False):
        self.login, self.refuses, self.wanted = login, refuses, []
        super().__init__(self.serve)

    def connect_to(self, host, port):
        self.wanted.append((host, port))
        return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)


class SocksProxy(Proxy):
    def serve(self, connection):
        version, count = take(connection, 2)
        methods = take(connection, count)
        method = 2 if self.login else 0
        if version != 5 or method not in methods:
            return connection.sendall(b"\x05\xff")
        connection.sendall(bytes([5, method]))
        if self.login:
            _, size = take(connection, 2)
            name = take(connection, size)
            password = take(connection, take(connection, 1)[0])
            good = (name.decode(), password.decode()) == self.login
            connection.sendall(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        _, _, _, kind = take(connection, 4)
        host = socket.inet_ntoa(take(connection, 4)) if kind == 1 else take(connection, take(connection, 1)[0]).decode()
        port = struct.unpack(">H", take(connection, 2))[0]
        if self.refuses:
            return connection.sendall(b"\x05\x02\x00\x01" + bytes(6))
        with self.connect_to(host, port) as target:
            connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
            relay(connection, target)


class HttpProxy(Proxy):
    def serve(self, connection):
        head = take_head(connection)
        verb, where, _ = head.split("\r\n")[0].split(" ")
        credentials = base64.b64encode(":".join(self.login or ()).encode()).decode()
        if verb != "CONNECT" or self.refuses:
            return connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        if self.login and f"proxy-authorization: basic {credentials}".lower() not in head.lower():
            return connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        host, _, port = where.rpartition(":")
        with self.connect_to(host, int(port)) as target:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(connection, target)


class NameServer:
    """Answers SRV questions from `records`, {name: [(priority, weight, port, target)]}; other names do not exist."""

    def __init__(self, records):
        self.records, self.asked = records, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.where = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    @staticmethod
    def _encoded(name):
        return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question, name = query[12:at + 5], ".".join(labels)
        self.asked.append(name)
        found = self.records.get(name, [])
        flags = 0x8180 if name in self.records else 0x8183
        out = query[:2] + struct.pack(">5H", flags, 1, len(found), 0, 0) + question
        for priority, weight, port, target in found:
            data = struct.pack(">3H", priority, weight, port) + self._encoded(target)
            out += b"\xc0\x0c" + struct.pack(">2HIH", 33, 1, 60, len(data)) + data
        return out

    def _run(self):
        while True:
            try:
                query, sender = self.socket.recvfrom(2048)
                self.socket.sendto(self._answer(query), sender)
            except OSError:
                return

    def close(self):
        self.socket.close()
