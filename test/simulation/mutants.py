#!/usr/bin/env python3
# Plants known bugs in a copy of codec and session, one at a time; the simulation must catch each within its time.
#   mutants.py [--short] [--folder BUILD_FOLDER] [--seconds N] [NAME ...]
# A row is: name, file, text that stands there exactly once, what it becomes. Most are copied from the trackers of other implementations.
import argparse
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MUTANTS = [
    # ---- the sender ----
    ("publish_resent_after_pubrec", "session/src/state.cpp",
     "d.release(at, reason_code::success);\n", ";\n"),
    ("pubrec_not_stored", "session/src/state.cpp",
     "record({.kind = change::what::released, .no = d.no});", ""),
    ("identifier_reused_while_in_use", "session/src/packet_ids.hpp",
     "while (used_.find(next_)) step();", ""),
    ("dup_not_set", "session/src/outbound.cpp",
     "p.dup = d.written;", "p.dup = false;"),
    ("dup_set_at_first", "session/src/outbound.cpp",
     "p.dup = d.written;", "p.dup = d.qos != qos_level::at_most_once;"),
    ("pubrel_forgotten_after_resume", "session/src/handshake.cpp",
     "next_pubrel_ = session_->pubrels.first;", "next_pubrel_ = no_slot;"),
    ("publish_forgotten_after_resume", "session/src/handshake.cpp",
     "next_publish_ = session_->publishes.first;", "next_publish_ = no_slot;"),
    ("pubrels_in_wrong_order", "session/src/state.cpp",
     "all.push_back(pubrels, at);", "all.push_front(pubrels, at);"),
    ("order_of_resending_broken", "session/src/state.cpp",
     "all.push_back(publishes, at);\n    record(", "all.push_front(publishes, at);\n    record("),
    ("order_broken_at_session_loss", "session/src/state.cpp",
     "all.push_front(queue, at);", "all.push_back(queue, at);"),
    ("requeue_lost_at_session_loss", "session/src/state.cpp",
     "if (d.qos == qos_level::exactly_once && d.written) {", "if (d.written) {"),
    ("quota_not_returned", "session/src/outbound.cpp",
     "if (d.waits != out_state::wait_pubcomp && d.sent_on == session_->connection) --publishes_sent_;", ""),
    ("receive_maximum_ignored", "session/src/outbound.cpp",
     "std::min(peer_.receive_maximum, how_.max_in_flight)", "how_.max_in_flight"),
    ("identifier_leaked", "session/src/state.cpp",
     "if (d.id != 0) ids.release(d.id);", ""),
    ("identifier_of_request_leaked", "session/src/closing.cpp",
     "requests_.for_each([this](packet_id id, pending_request const&) { session_->ids.release(id); });", "requests_.clear();"),
    ("expiry_ends_what_was_sent", "session/src/outbound.cpp",
     "    if (!d.content || unsendable(d)) {\n",
     "    if (d.expires_at && *d.expires_at <= now) {\n        session_->give_up(at, event::outcome::expired);\n        return true;\n    }\n"
     "    if (!d.content || unsendable(d)) {\n"),
    # ---- the receiver ----
    ("qos_2_identifiers_forgotten_at_reconnect", "session/src/handshake.cpp",
     "    accepted_ = true;\n", "    accepted_ = true;\n    session_->arrivals.clear();\n"),
    ("qos_2_not_stored", "session/src/inbound.cpp",
     "        session_->received(id);\n", ""),
    ("pubcomp_not_stored", "session/src/state.cpp",
     "record({.kind = change::what::completed, .id = id});", ""),
    ("pubrec_not_repeated", "session/src/inbound.cpp",
     "bool const answered = known->state == in_state::received;", "bool const answered = false;"),
    ("pubacks_in_wrong_order", "session/src/inbound.cpp",
     "puback_queue_.entries.push_back({.arrival = arrival, .id = p.id});",
     "puback_queue_.entries.insert(puback_queue_.entries.begin() + static_cast<std::ptrdiff_t>(puback_queue_.first), "
     "pending_ack{.arrival = arrival, .id = p.id});"),
    ("receive_quota_not_returned", "session/src/inbound.cpp",
     "        --unacknowledged_;\n        puback_queue_.pop();", "        puback_queue_.pop();"),
    # ---- the store and the session ----
    ("acknowledgement_before_commit", "session/src/engine_impl.hpp",
     "gate_.stamp(clock_.filling);", "gate_.stamp(0);"),
    ("publish_before_commit", "session/src/outbound.cpp",
     "session_->all[at].ready = clock_.filling;", "session_->all[at].ready = 0;"),
    ("pubrel_before_commit", "session/src/outbound.cpp",
     "    d.ready = clock_.filling;\n", "    d.ready = 0;\n"),
    ("session_present_untrue", "session/src/handshake.cpp",
     "bool const present = !clean_start_ && ", "bool const present = !clean_start_ || "),
    ("clean_start_keeps_the_session", "session/src/handshake.cpp",
     "if (!present) session_->clear();", "if (!present && !session_->exists) session_->clear();"),
    ("qos_0_overtakes_the_queue", "session/src/engine_impl.hpp",
     "return session_ && session_->queued_qos_0 > 0;", "return false;"),
]
SHORT = ["publish_resent_after_pubrec", "quota_not_returned"]

FLAGS = ["-std=c++20", "-O1", "-DNDEBUG", "-w", "-Icodec/include", "-Isession/include", "-Icodec/src"]


def build(folder, units, jobs, to):
    """Compiles `units` into the folder `to`, and links them with the unchanged rest."""
    to.mkdir(exist_ok=True)
    compiler = os.environ.get("CXX", "g++")
    prefix = ["ccache"] if shutil.which("ccache") else []

    def one(unit):
        out = to / (str(unit).replace("/", "_") + ".o")
        done = subprocess.run([*prefix, compiler, *FLAGS, "-c", str(unit), "-o", str(out)], cwd=folder, capture_output=True, text=True)
        return unit, done.returncode, done.stderr

    with ThreadPoolExecutor(jobs) as pool:
        for unit, status, said in pool.map(one, units):
            if status != 0:
                sys.exit(f"mutants: {unit} does not compile\n{said}")
    objects = {o.name: o for place in (folder / "plain", to) for o in sorted(place.glob("*.o"))}
    subprocess.run([compiler, *map(str, objects.values()), "-o", str(to / "simulation")], check=True)
    return to / "simulation"


def planted(name, file, search, replacement):
    text = (ROOT / file).read_text()
    count = text.count(search)
    if count != 1:
        sys.exit(f"mutants: {name}: its text stands {count} times in {file}, not once; bring the row up to date:\n{search}")
    return text.replace(search, replacement)


def users_of(file, units):
    """What must be compiled again after `file` changed: itself, or for a header the session's sources."""
    if file.endswith(".cpp"):
        return [Path(file)]
    return [u for u in units if str(u).startswith("session/")]


def run(program, seconds):
    """Runs the simulation until it fails or the time is over: what it found, or None."""
    began = time.monotonic()
    try:
        done = subprocess.run([str(program), "--count", "1000000000", "--failures", "1"], capture_output=True, text=True,
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None, seconds
    words = (done.stdout + done.stderr).splitlines()
    found = next((line for line in words if line.startswith("seed ")), f"status {done.returncode}")
    return found, time.monotonic() - began


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--short", action="store_true")
    args.add_argument("--folder", type=Path, default=ROOT / "build" / "mutants")
    args.add_argument("--seconds", type=float, default=60)
    args.add_argument("names", nargs="*")
    args = args.parse_args()
    wanted = args.names or (SHORT if args.short else [row[0] for row in MUTANTS])
    unknown = set(wanted) - {row[0] for row in MUTANTS}
    if unknown:
        sys.exit(f"mutants: no bug is called {', '.join(sorted(unknown))}")

    # Every row is looked at, also in the short run, so that a change of the sources that moves a text is noticed at once.
    rows = [(row[0], row[1], planted(*row)) for row in MUTANTS]

    folder = args.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("codec", "session", "test/simulation"):
        shutil.copytree(ROOT / part, folder / part)
    units = sorted(p.relative_to(folder) for pattern in ("codec/src/*.cpp", "session/src/*.cpp", "test/simulation/*.cpp") for p in folder.glob(pattern))
    jobs = int(os.environ.get("ALDIS_JOBS", os.cpu_count() or 1))
    plain = build(folder, units, jobs, folder / "plain")
    sane = subprocess.run([str(plain), "--count", "3000"], capture_output=True, text=True, check=False)
    if sane.returncode != 0:
        sys.exit(f"mutants: the simulation fails without a planted bug\n{sane.stdout}{sane.stderr}")

    caught = 0
    for name, file, text in rows:
        if name not in wanted:
            continue
        original = (folder / file).read_text()
        (folder / file).write_text(text)
        program = build(folder, users_of(file, units), jobs, folder / name)
        found, took = run(program, args.seconds)
        print(f"{'caught' if found else 'MISSED'}  {took:5.1f} s  {name}: {found or 'nothing was found'}", flush=True)
        caught += found is not None
        (folder / file).write_text(original)
        shutil.rmtree(folder / name)
    print(f"caught {caught} of {len(wanted)}")
    return 0 if caught == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
