#!/usr/bin/env python3
"""Drives decode_check over packets.jsonl: every vector that is not marked disputable must get its expected verdict.

usage: vectors_check.py DECODE_CHECK PACKETS_JSONL
Also feeds lines that decode_check must refuse.
"""
import json
import subprocess
import sys


def ask(program, lines):
    return subprocess.run([program], input="".join(line + "\n" for line in lines), capture_output=True, text=True, timeout=60)


def check_vectors(program, path):
    with open(path, encoding="utf-8") as file:
        vectors = [json.loads(line) for line in file]
    counted = [v for v in vectors if "disputable" not in v]
    assert len(counted) > 500, f"only {len(counted)} vectors in {path}"

    run = ask(program, [f"{v['version']} {v.get('dir', 'any')} {v['hex']}" for v in counted])
    answers = run.stdout.splitlines()
    assert run.returncode == 0 and len(answers) == len(counted), f"exit {run.returncode}, {len(answers)} answers: {run.stderr}"

    wrong = [(v, a) for v, a in zip(counted, answers) if a.split(" ")[0] != v["expect"]]
    for vector, answer in wrong:
        print(f"{vector['source']} v{vector['version']} {vector['hex']}: expected {vector['expect']}, got: {answer}  ({vector['note']})")
    print(f"{len(counted) - len(wrong)} of {len(counted)} vectors have the expected verdict, {len(vectors) - len(counted)} disputable")
    return not wrong


def check_refusals(program):
    good = True
    for line in ["6 any c000", "4 up c000", "4 any", "4 any c00", "4 any xx", "4 any c000 d000", ""]:
        run = ask(program, [line])
        if run.returncode != 2 or "line 1" not in run.stderr:
            print(f"line {line!r}: exit {run.returncode}, said {run.stderr!r}")
            good = False
    return good


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    results = [check_vectors(sys.argv[1], sys.argv[2]), check_refusals(sys.argv[1])]
    sys.exit(0 if all(results) else 1)
