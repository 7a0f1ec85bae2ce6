#!/usr/bin/env bash
# certificates.sh DIR: makes, in about a second, the certificates that the tests of TLS need. All keys are ECDSA P-256, without password
# where nothing else is said; X.pem has its key in X.key. What stands behind the names is told to nobody but these tests.
#
#   ca               the issuer of all that names no other: CN=Aldis Test CA
#   other_ca         an issuer that nobody trusts unless told to: CN=Other Test CA
#   intermediate     an issuer below ca: CN=Aldis Test Intermediate
#   server           broker.example, localhost, 127.0.0.1, ::1
#   wrong_host       a.example, *.b.example
#   wildcard         *.wild.example
#   partial_wildcard bro*.example, *.example, *
#   ip_san           127.0.0.1 and ::1, no name
#   common_name      no alternative names at all; CN=broker.example
#   expired          as server, until 2021-01-31 12:00:00 UTC
#   not_yet          as server, from 2090-01-01 00:00:00 UTC
#   revoked          as server, on the list
#   self_signed      as server, signed by itself
#   other_server     as server, by other_ca
#   chain            as server, by intermediate, which is in chain.pem too; chain_leaf.pem lacks it
#   hostile          as server, with control characters in its names
#   client           CN=device-7, for clients only; client_encrypted.key is its key under the password in client_encrypted.password
#   client_revoked, client_expired, client_other (by other_ca), client_chain (by intermediate)
#   crl.pem          the lists of ca and intermediate; crl_old.pem: ca's list, out of date since 2021-01-31
#   empty.pem        nothing; broken.pem: a certificate that is none
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: certificates.sh DIR" >&2; exit 2; }
umask 077
export LC_ALL=C
mkdir -p "$1/issued"
cd "$1"
exec 3>&2 2>errors.txt                                             # openssl ca tells its story on stderr; it is shown when it fails
trap 'code=$?; [ $code -eq 0 ] || cat errors.txt >&3; exit $code' EXIT

cat >openssl.cnf <<'END'
[req]
distinguished_name = name
string_mask = utf8only
[name]
[any]
organizationName = optional
commonName = optional
[crl]
authorityKeyIdentifier = keyid
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
# issuer NAME: a section that `openssl ca` works with, and its books.
issuer() {
    cat >>openssl.cnf <<END
[$1]
database = $PWD/$1.db
new_certs_dir = $PWD/issued
certificate = $PWD/$1.pem
private_key = $PWD/$1.key
crlnumber = $PWD/$1.number
default_md = sha256
default_crl_days = 36500
unique_subject = no
copy_extensions = none
policy = any
rand_serial = yes
END
    : >"$1.db"
    echo 01 >"$1.number"
}
issuer ca
issuer other_ca
issuer intermediate

# leaf USAGE NAMES: the extensions of a certificate, as a file.
leaf() {
    printf 'basicConstraints = critical, CA:false\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = %s\n' "$1"
    [ -z "$2" ] || printf 'subjectAltName = %s\n' "$2"
}

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf -utf8)
# signed NAME ISSUER SUBJECT USAGE NAMES [FROM UNTIL]: key and certificate.
signed() {
    openssl req -new "${new_key[@]}" -keyout "$1.key" -out "$1.csr" -subj "$3"
    leaf "$4" "$5" >"$1.ext"
    openssl ca -batch -notext -config openssl.cnf -name "$2" -extfile "$1.ext" -in "$1.csr" -out "$1.pem" \
        -startdate "${6:-20200101000000Z}" -enddate "${7:-20991231235959Z}"
    rm "$1.csr" "$1.ext"
}

for each in ca:Aldis\ Test\ CA other_ca:Other\ Test\ CA; do
    openssl req -new -x509 -days 36500 "${new_key[@]}" -extensions authority -keyout "${each%%:*}.key" -out "${each%%:*}.pem" -subj "/CN=${each#*:}"
done
openssl req -new "${new_key[@]}" -keyout intermediate.key -out intermediate.csr -subj "/CN=Aldis Test Intermediate"
openssl ca -batch -notext -config openssl.cnf -name ca -extensions authority -in intermediate.csr -out intermediate.pem \
    -startdate 20200101000000Z -enddate 20991231235959Z
rm intermediate.csr

here=DNS:broker.example,DNS:localhost,IP:127.0.0.1,IP:::1
expired=(20200101000000Z 20210131120000Z)
signed server ca /CN=broker.example serverAuth $here
signed wrong_host ca /CN=a.example serverAuth 'DNS:a.example,DNS:*.b.example'
signed wildcard ca /CN=wild.example serverAuth 'DNS:*.wild.example'
signed partial_wildcard ca /CN=partial serverAuth 'DNS:bro*.example,DNS:*.example,DNS:*'
signed ip_san ca /CN=address serverAuth IP:127.0.0.1,IP:::1
signed common_name ca /CN=broker.example serverAuth ''
signed expired ca /CN=broker.example serverAuth $here "${expired[@]}"
signed not_yet ca /CN=broker.example serverAuth $here 20900101000000Z
signed revoked ca /CN=broker.example serverAuth $here
signed other_server other_ca /CN=broker.example serverAuth $here
signed chain intermediate /CN=broker.example serverAuth $here
signed hostile ca $'/O=two\nlines/CN=evil\e[31m\xe2\x80\xaename' serverAuth $'DNS:evil\e[2J.example'
signed client ca /O=Aldis/CN=device-7 clientAuth ''
signed client_revoked ca /CN=revoked-device clientAuth ''
signed client_expired ca /CN=expired-device clientAuth '' "${expired[@]}"
signed client_other other_ca /CN=foreign-device clientAuth ''
signed client_chain intermediate /CN=device-8 clientAuth ''
openssl req -new -x509 -days 36500 "${new_key[@]}" -addext basicConstraints=critical,CA:false -addext subjectAltName=$here \
    -keyout self_signed.key -out self_signed.pem -subj /CN=broker.example

mv chain.pem chain_leaf.pem
cat chain_leaf.pem intermediate.pem >chain.pem
cp chain.key chain_leaf.key
cp client_chain.pem client_chain_leaf.pem
cat intermediate.pem >>client_chain.pem

echo 'correct horse' >client_encrypted.password
openssl pkcs8 -topk8 -in client.key -out client_encrypted.key -v2 aes-256-cbc -iter 1000 -passout file:client_encrypted.password

openssl ca -batch -config openssl.cnf -name ca -gencrl -crlexts crl -crl_lastupdate 20200101000000Z -crl_nextupdate 20210131120000Z -out crl_old.pem
for each in revoked client_revoked; do openssl ca -batch -config openssl.cnf -name ca -revoke $each.pem; done
openssl ca -batch -config openssl.cnf -name ca -gencrl -crlexts crl -out crl.pem
openssl ca -batch -config openssl.cnf -name intermediate -gencrl -crlexts crl -out crl_intermediate.pem
cat crl_intermediate.pem >>crl.pem

: >empty.pem
printf -- '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n' >broken.pem
rm -rf ./*.db* ./*.number* crl_intermediate.pem issued errors.txt
