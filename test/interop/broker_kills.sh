#!/usr/bin/env bash
# Kills `aldis broker --store` ten thousand times, or as often as it is told, and mosquitto fifty times, and prints what came of what they had
# acknowledged.
#   broker_kills.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
cmake --preset release >/dev/null
cmake --build build/release --target test_broker_kills >/dev/null
echo "mosquitto:"
ALDIS_KILL_BROKER=mosquitto ALDIS_KILL_ROUNDS=50 build/release/bin/test_broker_kills
echo "aldis broker:"
ALDIS_KILL_ROUNDS=${1:-10000} build/release/bin/test_broker_kills
