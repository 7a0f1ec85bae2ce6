#!/usr/bin/env bash
# The README's first command: builds the program, starts a broker for the moment, and sends six messages through it:
# QoS 0, 1 and 2, with MQTT 3.1.1 and with MQTT 5.0. Needs no root where the packages are installed; leaves nothing running.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
. test/packages.sh

aldis=build/release/bin/aldis
work= broker= subscriber=

stop_all() { # ends what this script started, and only that
    local pid
    for pid in $subscriber $broker; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    [ -n "$work" ] && rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

give_up() { # give_up WHAT [FILE]: says why, with what the failing program said
    printf 'demo: %s\n' "$1" >&2
    [ -n "${2:-}" ] && [ -s "$2" ] && sed 's/^/    /' "$2" >&2
    exit 1
}

build() {
    local log=$work/build.txt
    printf 'building %s (the first time takes a few minutes)\n' "$aldis"
    # A tree that is configured keeps its settings; a new one is set up for the program alone.
    if [ ! -f build/release/build.ninja ]; then
        cmake --preset release -DALDIS_BUILD_TESTS=OFF -DALDIS_BUILD_BENCH=OFF >"$log" 2>&1 || give_up 'cmake could not configure the build' "$log"
    fi
    cmake --build build/release --target bin/aldis >"$log" 2>&1 && return
    tail -n 40 "$log" >"$work/build-end.txt"
    give_up 'the build failed' "$work/build-end.txt"
}

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that looks free may be taken by the time the broker binds it: then the broker ends, and another port is tried.
start_broker() {
    local program attempt tick
    program=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto) || give_up 'mosquitto is not installed'
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        is_open "$port" && continue
        printf 'listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n' "$port" >"$work/broker.conf"
        "$program" -c "$work/broker.conf" >"$work/broker.txt" 2>&1 &
        broker=$!
        for ((tick = 0; tick < 200; ++tick)); do
            kill -0 "$broker" 2>/dev/null || break
            if is_open "$port"; then
                kill -0 "$broker" 2>/dev/null || break # it was someone else who answered
                return
            fi
            sleep 0.05
        done
        kill "$broker" 2>/dev/null
        wait "$broker" 2>/dev/null
        broker=
    done
    give_up 'the broker did not start' "$work/broker.txt"
}

# subscribed TOPIC: waits until a subscriber answers on it. A message published before the subscription is made would be lost, so the
# demonstration first sends knocks until one came through.
subscribed() {
    local tick
    for ((tick = 0; tick < 100; ++tick)); do
        kill -0 "$subscriber" 2>/dev/null || give_up 'aldis sub ended before it received anything' "$work/sub-errors.txt"
        "$aldis" pub -h 127.0.0.1 -p "$port" -t "$1" -m knock 2>"$work/pub-errors.txt" || give_up 'aldis pub failed' "$work/pub-errors.txt"
        [ -s "$work/received.txt" ] && return
        sleep 0.1
    done
    give_up 'aldis sub never received anything' "$work/sub-errors.txt"
}

# exchange VERSION NAME: one subscriber, three messages, one for each QoS; what arrived must be just these, in order.
exchange() {
    local qos wait_for=300
    : >"$work/received.txt"
    "$aldis" sub -h 127.0.0.1 -p "$port" -V "$1" -q 2 -t 'lamp/#' -F '%t  QoS %q  %p' -W "$wait_for" >"$work/received.txt" 2>"$work/sub-errors.txt" &
    subscriber=$!
    subscribed lamp/knock
    for qos in 0 1 2; do
        "$aldis" pub -h 127.0.0.1 -p "$port" -V "$1" -q "$qos" -t "lamp/$qos" -m "hello over MQTT $2" 2>"$work/pub-errors.txt" ||
            give_up "aldis pub failed at QoS $qos with MQTT $2" "$work/pub-errors.txt"
        printf 'lamp/%d  QoS %d  hello over MQTT %s\n' "$qos" "$qos" "$2"
    done >"$work/expected.txt"
    arrived
    kill "$subscriber" 2>/dev/null
    wait "$subscriber" 2>/dev/null
    subscriber=
    grep -v '^lamp/knock ' "$work/received.txt" >"$work/messages.txt"
    printf 'MQTT %s, received:\n' "$2"
    sed 's/^/    /' "$work/messages.txt"
    diff "$work/expected.txt" "$work/messages.txt" >"$work/difference.txt" || give_up 'that is not what was sent (< sent, > received):' "$work/difference.txt"
}

arrived() { # waits until the three messages are there; what is missing then is told by the comparison
    local tick
    for ((tick = 0; tick < 300; ++tick)); do
        [ "$(grep -cv '^lamp/knock ' "$work/received.txt")" -ge 3 ] && return
        kill -0 "$subscriber" 2>/dev/null || return
        sleep 0.1
    done
}

install_packages "${build_packages[@]}" "${demo_packages[@]}"
work=$(mktemp -d) || give_up 'no folder for temporary files'
build
start_broker
printf 'a broker listens on 127.0.0.1:%d\n' "$port"
exchange 311 3.1.1
exchange 5 5.0
printf 'all six messages arrived\n'
