# Measures our client beside libmosquitto and Paho's C client: the same work, interleaved in one run, against Debian's mosquitto and against
# our mock broker. python3 test/bench/clients/clients.py build/release/bin [--rounds N] [--scale X] [--only TEXT] prints one Markdown table.
# --smoke does each kind of work once, with a hundred messages, and measures nothing.
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "apps"))
from harness import Mosquitto  # noqa: E402

DEADLINE = 300
CLIENTS = ["aldis", "mosquitto", "paho"]
OURS = CLIENTS[0]
DURABLE = [OURS, "paho"]                                           # libmosquitto keeps nothing in files

# One row of the table: what the client does, against which broker, how many messages a round. Further kinds of work are rows here and a
# branch in the programs.
Row = namedtuple("Row", "broker work qos size window count")


def rows():
    for broker in ("mosquitto", "mock"):
        for qos, count in ((0, 200_000), (1, 60_000), (2, 30_000)):
            for size in (64, 1024):
                for window in (20, 1000) if qos > 0 else (1000,):
                    yield Row(broker, "pub", qos, size, window, count)
    for broker in ("mosquitto", "mock"):
        for window in (20, 1000):
            yield Row(broker, "durable", 1, 64, window, 10_000)
    for qos, count in ((0, 400_000), (1, 150_000), (2, 60_000)):
        for size in (64, 1024):
            yield Row("mock", "recv", qos, size, 1000, count)
    for broker in ("mosquitto", "mock"):
        for qos in (0, 1, 2):
            yield Row(broker, "loop", qos, 64, 20, 30_000)
        for qos in (0, 1, 2):
            yield Row(broker, "loop", qos, 64, 1, 5_000)


class Mock:
    def __init__(self, folder):
        self.process = subprocess.Popen([os.path.join(folder, "bench_broker")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE)


class Runner:
    def __init__(self, folder):
        self.folder = folder
        self.clients = [c for c in CLIENTS if os.access(self.program(c), os.X_OK)]
        for missing in set(CLIENTS) - set(self.clients):
            print(f"bench_{missing} is not there: its column is left out", file=sys.stderr)
        self.mock = Mock(folder)
        self.broker = Mosquitto("allow_anonymous true", "max_inflight_messages 0", "max_queued_messages 0", "set_tcp_nodelay true").start()

    def program(self, client):
        return os.path.join(self.folder, f"bench_{client}")

    def clients_for(self, row):
        return [c for c in self.clients if row.work != "durable" or c in DURABLE]

    def command(self, client, row, count):
        port = self.mock.port if row.broker == "mock" else self.broker.port
        return [self.program(client), str(port), row.work, str(row.qos), str(row.size), str(row.window), str(count)]

    def run(self, client, row, count, before=(), **environment):
        with tempfile.TemporaryDirectory(dir=self.folder) as kept:  # on a disk, where the folder for temporary files may be none
            command = [*before, *self.command(client, row, count), *([kept] if row.work == "durable" else [])]
            done = subprocess.run(command, capture_output=True, timeout=DEADLINE, env={**os.environ, **environment})
        if done.returncode != 0:
            raise SystemExit(f"{client}, {row}: exit code {done.returncode}: {done.stderr.decode()}")
        return json.loads(done.stdout.splitlines()[-1])

    def allocations(self, client, row, count):
        counter = os.path.join(self.folder, "bench_allocations.so")
        result = self.run(client, row, count, LD_PRELOAD=counter)
        return result["allocations"] / result["messages"]

    def system_calls(self, client, row, count):
        """By two runs of different length, so that starting and ending do not count."""
        strace = shutil.which("strace")
        if not strace:
            return None
        totals = []
        for n in (count, 3 * count):
            with tempfile.NamedTemporaryFile("r") as file:
                self.run(client, row, n, before=[strace, "-f", "-c", "-o", file.name])
                totals.append(int(re.search(r"(\d+)(?:\s+\d+)? total$", file.read(), re.M).group(1)))
        return (totals[1] - totals[0]) / (2 * count * 1.1)         # the warm-up is a tenth

    def close(self):
        self.mock.close()
        self.broker.close()


def measure(runner, row, rounds, scale):
    count = max(100, int(row.count * scale))
    results = {c: [] for c in runner.clients_for(row)}
    for _ in range(rounds):
        for client in results:                                     # interleaved: what disturbs one disturbs all
            results[client].append(runner.run(client, row, count))
    out = {}
    for client, all_runs in results.items():
        out[client] = {
            "rate": statistics.median(r["messages"] / r["seconds"] for r in all_runs),
            "cpu": statistics.median((r["user"] + r["sys"]) / r["messages"] * 1e6 for r in all_runs),
            "p50": statistics.median(r["p50"] for r in all_runs) / 1e3,
            "p99": statistics.median(r["p99"] for r in all_runs) / 1e3,
            "allocations": runner.allocations(client, row, max(1000, count // 10)),
            "calls": runner.system_calls(client, row, max(500, count // 50)),
        }
    return out


def cell(of, ours):
    calls = "-" if of["calls"] is None else f"{of['calls']:.2f}"
    text = f"{of['rate'] / 1e3:.1f}; {of['cpu']:.2f}; {calls}; {of['allocations']:.2f}"
    if of["p50"] > 0:
        text += f"; {of['p50']:.0f}/{of['p99']:.0f}"
    if of is not ours:
        text += f" (x{ours['rate'] / of['rate']:.1f}, CPU x{of['cpu'] / max(ours['cpu'], 1e-3):.1f})"
    return text


def print_table(runner, options):
    chosen = [r for r in rows() if options.only in " ".join(map(str, r))]
    print(f"k messages/s; CPU us; system calls; allocations, each for a message; p50/p99 us of the way back. In brackets our rate to theirs, their CPU to ours.")
    print(f"Median of {options.rounds} rounds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores when it began.\n")
    print("| broker, work, QoS, bytes, window | " + " | ".join(runner.clients) + " |")
    print("|---" * (1 + len(runner.clients)) + "|", flush=True)
    for row in chosen:
        found = measure(runner, row, options.rounds, options.scale)
        print(f"| {row.broker} {row.work} q{row.qos} {row.size} B w{row.window} | " + " | ".join(cell(found[c], found[OURS]) if c in found else "-" for c in runner.clients) + " |", flush=True)


def smoke(runner):
    """Each client does each kind of work to its end, and the counters count."""
    for broker in ("mosquitto", "mock"):
        for work in ("pub", "durable", "recv", "loop") if broker == "mock" else ("pub", "durable", "loop"):
            for qos in (1, 2) if work == "durable" else (0, 1, 2):
                row = Row(broker, work, qos, 64, 20, 100)
                for client in runner.clients_for(row):
                    result = runner.run(client, row, row.count)
                    if result["messages"] != row.count or result["seconds"] <= 0:
                        raise SystemExit(f"{client}, {row}: {result}")
    print(f"{', '.join(runner.clients)}: every kind of work is done")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="messages a round, in proportion to the table's")
    parser.add_argument("--only", default="", help="rows with this text: 'mock pub 1'")
    options = parser.parse_args()
    runner = Runner(os.path.abspath(options.folder))
    try:
        smoke(runner) if options.smoke else print_table(runner, options)
    finally:
        runner.close()


if __name__ == "__main__":
    main()
