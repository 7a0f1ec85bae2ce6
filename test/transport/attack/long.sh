#!/usr/bin/env bash
# A thousand slow attackers of each kind, one kind after the other: about two and a half minutes. Prints what it measured.
#   long.sh [SOCKETS]
set -euo pipefail
cd "$(dirname "$0")/../../.."
program=build/release/bin/test_attack
cmake --preset release >/dev/null
cmake --build build/release --target test_attack >/dev/null
ALDIS_ATTACK_SOCKETS=${1:-1000} "$program"
