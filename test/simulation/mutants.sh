#!/usr/bin/env bash
# Plants known bugs in a copy of the session, one at a time; the simulation must catch each. The bugs stand in mutants.py.
#   mutants.sh [--short] [--folder BUILD_FOLDER] [NAME ...]
set -euo pipefail
exec python3 "$(dirname "$0")/mutants.py" "$@"
