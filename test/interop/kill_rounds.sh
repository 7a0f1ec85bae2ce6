#!/usr/bin/env bash
# Kills a publisher with a durable store ten thousand times, or as often as it is told, and prints what came of what it had stored.
#   kill_rounds.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
cmake --preset release >/dev/null
cmake --build build/release --target test_kill_rounds >/dev/null
ALDIS_KILL_ROUNDS=${1:-10000} build/release/bin/test_kill_rounds
