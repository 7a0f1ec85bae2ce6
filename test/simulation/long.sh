#!/usr/bin/env bash
# Ten million schedules (or as many as the first argument says), shared out over all processors.
#   long.sh [COUNT [FIRST_SEED]]
# Builds the preset release when ALDIS_SIMULATION does not name the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
count=${1:-10000000}
from=${2:-1000000}
program=${ALDIS_SIMULATION:-build/release/bin/simulation}
if [[ -z ${ALDIS_SIMULATION:-} ]]; then
    cmake --preset release >/dev/null
    cmake --build build/release --target simulation >/dev/null
fi

parts=$(nproc)
each=$(((count + parts - 1) / parts))
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
pids=() status=0 began=$SECONDS
for ((part = 0; part < parts; ++part)); do
    "$program" --from $((from + part * each)) --count "$each" >"$results/$part" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
cat "$results"/*
printf '%d schedules in %d s on %d processors: %s\n' $((each * parts)) $((SECONDS - began)) "$parts" \
    "$([[ $status -eq 0 ]] && echo 'no violation' || echo 'FAILED')"
exit "$status"
