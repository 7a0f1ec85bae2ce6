#!/usr/bin/env bash
# The README's first command: builds the program, starts a broker for the moment, and sends messages through it: QoS 0, 1 and 2 over TCP,
# with MQTT 3.1.1 and with MQTT 5.0; QoS 1 over TLS and over WebSocket. Needs no root where the packages are installed; leaves nothing running.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
. test/packages.sh

aldis=build/release/bin/aldis
work= broker= subscriber= count=0 where=()

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

# An authority made for the moment, and the broker's certificate, signed by it for the name localhost.
make_certificates() {
    local new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    {
        openssl req -x509 -days 1 "${new_key[@]}" -subj '/CN=Demo CA' -keyout "$work/ca.key" -out "$work/ca.pem" &&
            openssl req -new "${new_key[@]}" -subj /CN=localhost -keyout "$work/broker.key" -out "$work/broker.csr" &&
            openssl x509 -req -days 1 -in "$work/broker.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
                -extfile <(printf 'subjectAltName = DNS:localhost') -out "$work/broker.pem"
    } >"$work/openssl.txt" 2>&1 || give_up 'openssl could not make the certificates' "$work/openssl.txt"
}

write_broker_conf() { # three listeners on ports that the system finds
    cat <<END
allow_anonymous true
user $(id -un)
listener 0 127.0.0.1
listener 0 127.0.0.1
certfile $work/broker.pem
keyfile $work/broker.key
listener 0 127.0.0.1
protocol websockets
END
}

port_of() { sed -n "s/.*started: .*$1:\/\/127\.0\.0\.1:\([0-9]*\).*/\1/p" "$work/broker.txt"; }

start_broker() { # it says where it listens once it does
    local tick
    write_broker_conf >"$work/broker.conf"
    "$aldis" broker -c "$work/broker.conf" >"$work/broker.txt" 2>&1 &
    broker=$!
    for ((tick = 0; tick < 600; ++tick)); do
        port=$(port_of mqtt) tls_port=$(port_of mqtts) web_port=$(port_of ws)
        [ -n "$port" ] && [ -n "$tls_port" ] && [ -n "$web_port" ] && return
        kill -0 "$broker" 2>/dev/null || break
        sleep 0.05
    done
    give_up 'the broker did not start' "$work/broker.txt"
}

# subscribed TOPIC: waits until a subscriber answers on it. A message published before the subscription is made would be lost, so the
# demonstration first sends knocks until one came through.
subscribed() {
    local tick
    for ((tick = 0; tick < 100; ++tick)); do
        kill -0 "$subscriber" 2>/dev/null || give_up 'aldis sub ended before it received anything' "$work/sub-errors.txt"
        "$aldis" pub "${where[@]}" -t "$1" -m knock 2>"$work/pub-errors.txt" || give_up 'aldis pub failed' "$work/pub-errors.txt"
        [ -s "$work/received.txt" ] && return
        sleep 0.1
    done
    give_up 'aldis sub never received anything' "$work/sub-errors.txt"
}

# exchange NAME VERSION QOS...: one subscriber, a message for each QoS, both going where `where` says; what arrived must be just these, in order.
exchange() {
    local name=$1 version=$2 qos wait_for=300
    shift 2
    : >"$work/received.txt"
    "$aldis" sub "${where[@]}" -V "$version" -q 2 -t 'lamp/#' -F '%t  QoS %q  %p' -W "$wait_for" >"$work/received.txt" 2>"$work/sub-errors.txt" &
    subscriber=$!
    subscribed lamp/knock
    for qos in "$@"; do
        "$aldis" pub "${where[@]}" -V "$version" -q "$qos" -t "lamp/$qos" -m "hello over $name" 2>"$work/pub-errors.txt" ||
            give_up "aldis pub failed at QoS $qos over $name" "$work/pub-errors.txt"
        printf 'lamp/%d  QoS %d  hello over %s\n' "$qos" "$qos" "$name"
    done >"$work/expected.txt"
    arrived $#
    kill "$subscriber" 2>/dev/null
    wait "$subscriber" 2>/dev/null
    subscriber=
    grep -v '^lamp/knock ' "$work/received.txt" >"$work/messages.txt"
    printf '%s, received:\n' "$name"
    sed 's/^/    /' "$work/messages.txt"
    diff "$work/expected.txt" "$work/messages.txt" >"$work/difference.txt" || give_up 'that is not what was sent (< sent, > received):' "$work/difference.txt"
    count=$((count + $#))
}

arrived() { # arrived COUNT: waits until the messages are there; what is missing then is told by the comparison
    local tick
    for ((tick = 0; tick < 300; ++tick)); do
        [ "$(grep -cv '^lamp/knock ' "$work/received.txt")" -ge "$1" ] && return
        kill -0 "$subscriber" 2>/dev/null || return
        sleep 0.1
    done
}

install_packages "${build_packages[@]}" "${demo_packages[@]}"
work=$(mktemp -d) || give_up 'no folder for temporary files'
build
make_certificates
start_broker
printf 'a broker listens on 127.0.0.1: port %d, with TLS %d, for WebSocket %d\n' "$port" "$tls_port" "$web_port"
where=(-h 127.0.0.1 -p "$port")
exchange 'MQTT 3.1.1' 311 0 1 2
exchange 'MQTT 5.0' 5 0 1 2
where=(-h localhost -p "$tls_port" --cafile "$work/ca.pem")
exchange 'MQTT 5.0 and TLS' 5 1
where=(-h 127.0.0.1 -p "$web_port" --ws)
exchange 'MQTT 5.0 and WebSocket' 5 1
printf 'all %d messages arrived\n' "$count"
