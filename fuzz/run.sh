#!/usr/bin/env bash
# Fuzzes one target for some seconds (60 unless told), starting from the committed corpus; or keeps in the corpus what covers something new.
#   fuzz/run.sh TARGET [SECONDS] [libFuzzer options ...]
#   fuzz/run.sh --merge TARGET FROM_FOLDER
# Needs the preset `fuzz` built (for proxy, uri and websocket `fuzz-transport`), or its build folder in ALDIS_FUZZ_BUILD. What it finds goes
# to regress/TARGET.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

program() {
  local path=${ALDIS_FUZZ_BUILD:-$here/../build/fuzz}/bin/fuzz_$1
  if [[ -z ${ALDIS_FUZZ_BUILD:-} && ! -x $path ]]; then path=$here/../build/fuzz-transport/bin/fuzz_$1; fi
  if [[ ! -x $path ]]; then
    echo "run.sh: $path is not there; build it: cmake --preset fuzz && cmake --build --preset fuzz, or both with fuzz-transport" >&2
    exit 2
  fi
  echo "$path"
}

if [[ ${1:-} == --merge && $# -eq 3 ]]; then
  fuzzer=$(program "$2")
  kept=$(mktemp -d)
  "$fuzzer" -merge=1 -max_len=4096 "$kept" "$here/corpus/$2" "$3"
  rm -rf "$here/corpus/$2"
  mv "$kept" "$here/corpus/$2"
  chmod 755 "$here/corpus/$2"
  du -sh --apparent-size "$here/corpus/$2"
elif [[ $# -ge 1 && $1 != -* ]]; then
  target=$1
  seconds=${2:-60}
  shift $(($# > 1 ? 2 : 1))
  fuzzer=$(program "$target")
  grown=${fuzzer%/bin/*}/corpus_$target
  dictionary=$here/$target.dict
  [[ -f $dictionary ]] || dictionary=$here/mqtt.dict
  mkdir -p "$grown" "$here/regress/$target"
  "$fuzzer" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -use_value_profile=1 -max_len=4096 -print_final_stats=1 \
    -dict="$dictionary" -artifact_prefix="$here/regress/$target/" "$@" "$grown" "$here/corpus/$target"
else
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
