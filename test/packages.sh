# The Debian packages Aldis needs, and install_packages, which gets them. Sourced by test/run.sh and apps/demo.sh.

# To build the libraries and the program `aldis`.
build_packages=(cmake ninja-build g++ ccache libboost1.81-dev libboost-json1.81-dev libssl-dev libc-ares-dev
    libsqlite3-dev libfmt-dev libcli11-dev zlib1g-dev libpcap0.8-dev)

# What makes the certificate of the demonstration's broker.
demo_packages=(openssl)

# To build and run the tests: Clang with its sanitizers, Catch2, Google Benchmark, other people's MQTT programs.
test_packages=(clang clang-tidy libclang-rt-14-dev llvm-14 catch2 libbenchmark-dev libmosquitto-dev libpaho-mqtt-dev
    mosquitto mosquitto-clients nodejs node-mqtt strace openssl pkg-config python3 python3-paho-mqtt tshark)

# For test/run.sh --coverage.
coverage_packages=(gcovr)

# missing_packages NAME...: prints those of them that are not installed.
missing_packages() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
    done
}

# install_packages NAME...: installs those that are missing, and nothing that is there already is removed for them.
# Without the means to install it lists them and ends the script with status 2.
install_packages() {
    local as_root=() missing
    read -ra missing <<<"$(missing_packages "$@" | sort -u | tr '\n' ' ')"
    [ ${#missing[@]} -eq 0 ] && return 0

    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(none); fi
    fi
    if ! command -v apt-get >/dev/null || [ "${as_root[*]}" = none ]; then
        printf 'These Debian packages are missing, and installing them needs apt-get and root (or sudo without a password):\n' >&2
        printf '  %s\n' "${missing[@]}" >&2
        printf 'As root:  apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
        exit 2
    fi
    printf 'installing: %s\n' "${missing[*]}"
    if ! (apt_install "${missing[@]}"); then
        printf 'apt-get could not install: %s\n' "${missing[*]}" >&2
        exit 2
    fi
}

# The installation itself, in a subshell so that its trap is its own. Debian starts a package's service when it is installed:
# a policy, there for that moment only, forbids it, and a service that came with us is not left to start at the next boot.
apt_install() {
    local policy=/usr/sbin/policy-rc.d fresh_broker=
    case " $* " in *' mosquitto '*) fresh_broker=yes ;; esac
    if [ ! -e "$policy" ]; then
        trap '"${as_root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 130' INT TERM
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    # A list of packages that is out of date names files that are gone, so it is refreshed; a foreign source that fails does not matter.
    "${as_root[@]}" apt-get -qq update || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends --no-remove \
        -o Dpkg::Use-Pty=0 install "$@" >/dev/null || return 1
    if [ -n "$fresh_broker" ]; then
        "${as_root[@]}" env DPKG_MAINTSCRIPT_PACKAGE=mosquitto deb-systemd-helper disable mosquitto.service >/dev/null 2>&1 || true
    fi
    [ -z "$(missing_packages "$@")" ]
}
