#!/usr/bin/env bash
# The README's second command: installs what is missing, builds, and runs the tests. docs/testing.md tells what each stage is for.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
. test/packages.sh

# Jobs too long for every change: name | what it does | command, to which further arguments are handed on. A line is all a new job needs.
long_jobs() {
    cat <<'TABLE'
fuzz       | every fuzz target for 60 seconds (or: TARGET SECONDS)                 | fuzz_job
simulation | ten million simulated schedules of two engines and a lossy link       | bash test/simulation/long.sh
attack     | a thousand slow attackers of each kind against each listener          | bash test/transport/attack/long.sh
kill_rounds | a publisher with a durable store killed 10,000 times (or: ROUNDS)     | bash test/interop/kill_rounds.sh
broker_kills | a broker with a store killed 10,000 times (or: ROUNDS), mosquitto 50  | bash test/interop/broker_kills.sh
large      | messages of 200 MB and of the largest size over every transport       | large_job
memory     | memory over a million publishes and over ten thousand reconnects      | memory_job
mutants    | plants known bugs in a copy of the session; each must be found        | bash test/simulation/mutants.sh
TABLE
}

usage() {
    cat <<'TEXT'
usage: bash test/run.sh                    everything that must hold before a change is taken
       bash test/run.sh PATTERN            only tests whose name matches the regular expression, in the stages release and asan
       bash test/run.sh --long NAME [...]  a long job; --long list names them
       bash test/run.sh --coverage         line and branch coverage of codec and session, build/coverage/index.html
       bash test/run.sh --help             this text
The last line is "N passed, N failed". Status: 0 all passed, 1 something failed or no test ran, 2 could not start.
ALDIS_JOBS sets how many jobs run at a time (default: the number of processors).
TEXT
}

jobs=${ALDIS_JOBS:-$(nproc)}
logs=build/log
total_passed=0 total_failed=0 failures=()

# ---- reporting -------------------------------------------------------------------------------------------------------------------

stage_name= stage_began=0
begin() { stage_name=$1 stage_began=$SECONDS; printf '== %s: %s\n' "$1" "$2"; }
end() { printf '== %s: %d s\n\n' "$stage_name" $((SECONDS - stage_began)); }

pass() { total_passed=$((total_passed + ${1:-1})); }
fail() { # fail WHAT: counts one failure
    total_failed=$((total_failed + 1))
    failures+=("$stage_name: $1")
}

finish() { # prints the sum and ends the script
    local each
    if [ ${#failures[@]} -gt 0 ]; then
        printf 'failed:\n'
        for each in "${failures[@]}"; do printf '  %s\n' "$each"; done
    fi
    [ $((total_passed + total_failed)) -gt 0 ] || printf 'no test ran\n'
    printf '%d passed, %d failed\n' "$total_passed" "$total_failed"
    [ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
    exit
}

# logged NAME COMMAND...: runs it with its output in a log, and shows that where it fails.
logged() {
    local log=$logs/$1.txt
    shift
    mkdir -p "$logs"
    "$@" >"$log" 2>&1 </dev/null && return 0
    printf 'failed: %s\n' "$*"
    grep -m 20 -E -A 6 '(error|Error):|FAILED:' "$log" || tail -n 60 "$log"
    printf '(all of it: %s)\n' "$log"
    return 1
}

# ---- building and testing --------------------------------------------------------------------------------------------------------

# build PRESET CONFIGURE_ARGUMENTS... [-- TARGET...]: configures and builds; a failure counts. Goes on after the first broken file,
# since the other test programs still tell something.
build() {
    local preset=$1 options=() targets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    [ $# -gt 0 ] && shift
    [ $# -gt 0 ] && targets=(--target "$@")
    logged "$preset-configure" cmake --preset "$preset" "${options[@]}" || { fail 'configure'; return 1; }
    logged "$preset-build" "${steady[@]}" cmake --build "build/$preset" -j "$jobs" "${targets[@]}" -- -k 0 || { fail 'build'; return 1; }
}

# results REPORT: "status<tab>name" for each test of ctest's JUnit file: run, skip, disabled or fail. Unlike in what ctest prints, nothing that
# a test says can be taken for a result there.
results() {
    awk -F'"' '/^\t<testcase name=/   { name = $2; status = $(NF - 1); if (status != "notrun") print status "\t" name }
               /^\t\t<skipped message=/ { if (status == "notrun") print ($2 ~ /^SKIP_/ ? "skip" : "fail") "\t" name; status = "" }' "$1" |
        sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&apos;/'\''/g; s/&amp;/\&/g'
}

# run_ctest PRESET CTEST_ARGUMENTS...: runs tests, shows the output of those that fail, adds up the results.
run_ctest() {
    local preset=$1 report=$PWD/$logs/$1-tests.xml log=$logs/$1-tests.txt ctest_status=0 ran=0 broken=0 status name
    shift
    [ -f "build/$preset/CTestTestfile.cmake" ] || return 1
    mkdir -p "$logs"
    rm -f "$report"
    "${steady[@]}" ctest --test-dir "build/$preset" --output-on-failure --output-junit "$report" -j "$jobs" --timeout 900 "$@" 2>&1 </dev/null |
        tee "$log" | sed -E '/^ *Start +[0-9]+: |^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed +[0-9.]+ sec$|^Internal ctest|^Test project|^$/d
            /^[0-9]+% tests passed, /,$d; /^No tests were found/d'
    ctest_status=${PIPESTATUS[0]}
    [ -f "$report" ] || { fail 'ctest wrote no results'; return 1; }
    while IFS=$'\t' read -r status name; do
        case $status in
            '') ;;
            run) ran=$((ran + 1)) ;;
            fail) broken=$((broken + 1)); fail "$name" ;;
            *) printf 'not run (%s): %s\n' "$status" "$name" ;;
        esac
    done <<<"$(results "$report")"
    pass "$ran"
    if [ "$ctest_status" -ne 0 ] && [ "$broken" -eq 0 ] && [ -z "$pattern" ]; then fail "ctest ended with status $ctest_status"; fi
    if [ $((ran + broken)) -eq 0 ] && [ -z "$pattern" ]; then fail 'no test ran'; fi
    printf '%s: %d passed, %d failed\n' "$stage_name" "$ran" "$broken"
}

# Sanitizers need the addresses that they were built for; kernels that randomise more bits than they know break them at random.
steady=()
use_steady_addresses() {
    if setarch "$(uname -m)" -R true 2>/dev/null; then steady=(setarch "$(uname -m)" -R); fi
}
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
export CTEST_OUTPUT_ON_FAILURE=1

# ---- stages ----------------------------------------------------------------------------------------------------------------------

pattern=
selection=()

stage_release() {
    begin release 'everything, optimised, with g++'
    build release -DALDIS_BUILD_TESTS=ON -DALDIS_BUILD_BENCH=ON
    run_ctest release "${selection[@]}"
    end
}

stage_asan() {
    begin asan 'the same tests with AddressSanitizer and UndefinedBehaviorSanitizer, clang++'
    build asan
    run_ctest asan "${selection[@]}"
    end
}

# Codec and session have no threads, and a program of apps has one: the resolver's is transport's, the store's is lib's.
stage_tsan() {
    begin tsan 'the tests of the layers that run on threads, with ThreadSanitizer, clang++'
    build tsan -- test/transport/all test/lib/all
    run_ctest tsan -L '^(transport|lib)$'
    end
}

# Boost must not be needed below transport: it may not be looked for, and the compiler's own record of what it read must not name it.
stage_hidden() {
    begin hidden 'codec, session and the fuzz targets alone, Boost hidden, clang++'
    if build fuzz -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON; then
        ninja -C build/fuzz -t deps >"$logs/fuzz-deps.txt" 2>&1
        if ! grep -q 'aldis/codec/.*\.hpp' "$logs/fuzz-deps.txt"; then
            fail 'the record of included files is empty'
        elif grep -m 5 -E '/boost/' "$logs/fuzz-deps.txt"; then
            fail 'a Boost header is included below transport'
        else
            pass
        fi
    fi
    end
}

# check NAME COMMAND...: a check that is not a ctest; one result.
check() {
    local name=$1
    shift
    if logged "check-$name" "$@"; then pass; else fail "$name"; fi
}

# No function of codec and session is longer or deeper than .clang-tidy says. The other checks named there take minutes and are run by hand.
function_size() {
    printf '%s\n' codec/src/*.cpp session/src/*.cpp |
        xargs -P "$jobs" -n 3 clang-tidy --quiet -p build/fuzz --checks='-*,readability-function-size'
}

stage_checks() {
    begin checks 'documents that are generated or kept in step with the code'
    if [ -f test/conformance.py ]; then
        check conformance python3 test/conformance.py --check --strict
        check conformance-selftest python3 test/conformance.py --selftest
    fi
    check function-size function_size
    end
}

# ---- what the arguments ask for --------------------------------------------------------------------------------------------------

everything() {
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    use_steady_addresses
    stage_release
    stage_asan
    stage_tsan
    stage_hidden
    stage_checks
    finish
}

matching() {
    pattern=$1
    selection=(-R "$pattern")
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    use_steady_addresses
    stage_release
    stage_asan
    finish
}

# The least that a layer's own tests must cover: layer, percent of lines, percent of branches.
coverage_floors() {
    cat <<'TABLE'
codec    98  93
session  98  93
TABLE
}

coverage_of() { # coverage_of LAYER LINES BRANCHES: its lines of the summary, and one result
    local summary status
    summary=$(gcovr -r . --add-tracefile build/coverage/coverage.json --filter "$1/" --print-summary -o "$logs/coverage-$1.txt" \
        --fail-under-line "$2" --fail-under-branch "$3")
    status=$?
    printf '%-8s%s\n' "$1" "$(sed -nE 's/^(lines|branches): ([0-9.]+%) \(([0-9]+) out of ([0-9]+)\)/  \1 \2 (\3 of \4)/p' <<<"$summary" | tr -d '\n')"
    if [ "$status" -eq 0 ]; then pass; else fail "coverage of $1: less than $2 % of lines or $3 % of branches"; fi
}

coverage() {
    local layer lines branches gcovr_options=(-r . --object-directory build/coverage --exclude-throw-branches --exclude-unreachable-branches)
    install_packages "${build_packages[@]}" "${test_packages[@]}" "${coverage_packages[@]}"
    begin coverage 'codec and session, by their own tests, g++'
    if build coverage; then
        find build/coverage -name '*.gcda' -delete
        run_ctest coverage -L '^(codec|session)$'
        logged coverage-report gcovr "${gcovr_options[@]}" --filter codec/ --filter session/ -j "$jobs" \
            --json build/coverage/coverage.json --html-details build/coverage/index.html build/coverage || fail 'gcovr'
        while read -r layer lines branches; do coverage_of "$layer" "$lines" "$branches"; done < <(coverage_floors)
        printf 'report: build/coverage/index.html\n'
    fi
    end
    finish
}

fuzz_job() { # fuzz_job [TARGET [SECONDS]]: one target, or each in turn
    local source preset
    for preset in fuzz fuzz-transport; do
        logged "$preset-configure" cmake --preset "$preset" || return 1
        logged "$preset-build" cmake --build --preset "$preset" -j "$jobs" || return 1
    done
    if [ $# -gt 0 ]; then bash fuzz/run.sh "$1" "${2:-60}"; return; fi
    for source in fuzz/*_fuzz.cpp; do
        source=${source##*/}
        bash fuzz/run.sh "${source%_fuzz.cpp}" 60 || return 1
    done
}

large_job() {
    build release -DALDIS_BUILD_TESTS=ON -DALDIS_BUILD_BENCH=ON -- bin/test_lib || return 1
    build/release/bin/test_lib '[large]'
}

memory_job() {
    build release -DALDIS_BUILD_TESTS=ON -DALDIS_BUILD_BENCH=ON -- bin/test_running || return 1
    build/release/bin/test_running '[.long]'
}

long() {
    local name=${1:-list} row command=()
    if [ "$name" = list ]; then long_jobs | sed -E 's/ *\|[^|]*$//; s/ *\| */  /'; exit 0; fi
    shift
    row=$(long_jobs | grep -E "^$name +\|") || { printf 'no long job is called "%s"; there are:\n' "$name" >&2; long_jobs | cut -d'|' -f1 >&2; exit 2; }
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    use_steady_addresses
    read -ra command <<<"${row##*|}"
    begin "$name" "$(cut -d'|' -f2 <<<"$row" | sed 's/^ *//; s/ *$//')"
    if "${command[@]}" "$@"; then pass; else fail "${command[*]} $*"; fi
    end
    finish
}

case ${1:-} in
    '') everything ;;
    --help | -h) usage ;;
    --long) shift; long "$@" ;;
    --coverage) coverage ;;
    -*) printf 'unknown option %s\n' "$1" >&2; usage >&2; exit 2 ;;
    *) matching "$1" ;;
esac
