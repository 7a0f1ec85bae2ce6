#!/usr/bin/env python3
"""What a client costs the compiler: CPU seconds and peak memory of g++ -O2, beside a file that does the same with Asio alone.

usage: python3 test/bench/compile_cost.py [--rounds N] [--compiler g++] [--limit 1.5]
Prints a row a program, the least of N rounds each, taken in turns. With --limit the status is 1 if a ratio is above it.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ("codec", "session", "transport", "lib")

ASIO_TCP = r"""
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<void> talk() {
    auto const    ex = co_await asio::this_coro::executor;
    tcp::resolver resolver(ex);
    tcp::socket   socket(ex);
    auto const    found = co_await resolver.async_resolve("localhost", "1883", asio::use_awaitable);
    co_await asio::async_connect(socket, found, asio::use_awaitable);
    char byte[64] = "hello";
    co_await asio::async_write(socket, asio::buffer(byte, 5), asio::use_awaitable);
    co_await socket.async_read_some(asio::buffer(byte), asio::use_awaitable);
}

int main() {
    asio::io_context io;
    asio::co_spawn(io, talk(), asio::detached);
    io.run();
}
"""

CALLBACKS = r"""
#include <cstdio>
#include <aldis/client.hpp>
%(includes)s
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

int main() {
    boost::asio::io_context io;
    aldis::client           client{io, aldis::connect_options{"%(uri)s"}.client_id("lamp-1")%(options)s};
    client.on_message([](aldis::received_message const& m) { std::printf("%%d\n", int(m.text().size())); });
    client.async_connect([&](aldis::error_code ec, aldis::connect_result const&) {
        if (ec) return;
        client.async_subscribe("lamp/+/state", [&](aldis::error_code no, aldis::subscribe_result const&) {
            if (no) return client.close();
            client.async_publish("lamp/1/state", "on", [&](aldis::error_code, aldis::publish_result const&) {
                client.async_disconnect(boost::asio::detached);
            });
        });
    });
    io.run();
}
"""

COROUTINE = r"""
#include <cstdio>
#include <aldis/client.hpp>
%(includes)s
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
namespace asio = boost::asio;

asio::awaitable<void> talk(aldis::client& client) {
    co_await client.async_connect(asio::use_awaitable);
    co_await client.async_subscribe("lamp/#", asio::use_awaitable);
    co_await client.async_publish("lamp/1/set", "on", asio::use_awaitable);
    auto const m = co_await client.async_receive(asio::use_awaitable);
    std::printf("%%d\n", int(m.text().size()));
    co_await client.async_disconnect(asio::use_awaitable);
}

int main() {
    asio::io_context io;
    aldis::client    client{io, aldis::connect_options{"%(uri)s"}.client_id("lamp-1")%(options)s};
    asio::co_spawn(io, talk(client), asio::detached);
    io.run();
}
"""

TCP = {"uri": "mqtt://localhost", "includes": "", "options": ""}
WSS = {
    "uri": "wss://localhost/mqtt",
    "includes": "#include <aldis/transport/connect_options.hpp>",
    "options": """.transport(
        aldis::transport::connect_options{}
            .tls(aldis::transport::tls_options{}.ca_file("ca.pem").certificate_file("lamp.pem").key_file("lamp.key"))
            .websocket(aldis::transport::websocket_options{}.add_header("Origin", "https://example.org")))""",
}

PROGRAMS = [
    ("Asio alone, TCP, coroutine", ASIO_TCP),
    ("client, TCP, callbacks", CALLBACKS % TCP),
    ("client, TCP, coroutine", COROUTINE % TCP),
    ("client, WSS with TLS options, callbacks", CALLBACKS % WSS),
    ("client, WSS with TLS options, coroutine", COROUTINE % WSS),
]


def cost(compiler, source, folder):
    """CPU seconds and peak megabytes of compiling `source`; the compiler's own caches and launchers are not in the way."""
    command = [compiler, "-std=c++20", "-O2", "-DBOOST_ASIO_NO_DEPRECATED", "-c", str(source), "-o", str(folder / "out.o")]
    command += [f"-I{ROOT / layer / 'include'}" for layer in LAYERS]
    child = subprocess.Popen(command)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{source.name} does not compile")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--compiler", default="g++")
    options.add_argument("--limit", type=float)
    asked = options.parse_args()

    best = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for _ in range(asked.rounds):
            for number, (what, text) in enumerate(PROGRAMS):
                source = folder / f"program_{number}.cpp"
                source.write_text(text)
                seconds, megabytes = cost(asked.compiler, source, folder)
                known = best.get(what, (seconds, megabytes))
                best[what] = min(known[0], seconds), min(known[1], megabytes)

    base = best[PROGRAMS[0][0]]
    print("| program | CPU s | MB | CPU ratio | memory ratio |\n| --- | --- | --- | --- | --- |")
    worst = 0.0
    for what, _ in PROGRAMS:
        seconds, megabytes = best[what]
        ratios = seconds / base[0], megabytes / base[1]
        worst = max(worst, *ratios)
        print(f"| {what} | {seconds:.1f} | {megabytes:.0f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
    return 1 if asked.limit is not None and worst > asked.limit else 0


if __name__ == "__main__":
    sys.exit(main())
