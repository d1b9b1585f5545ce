#!/bin/sh
# Makes the certificates and keys of certificates/ anew. They were made once, by this script, and are files of the tree:
# every run of every version uses the same. New ones are new keys: captures, digests and firmware that has the CA written
# into it change with them, so that is an entry in CHANGELOG.md. Needs OpenSSL 3.
#
# What they stand for is in certificates/README.md. They have the traits of those that the modules come with: RSA 2048,
# X.509 v3, a subject of C, O and CN, no alternative names, leaves with CA:TRUE, roots signed over SHA-1. Their dates
# are wider: 2000-01-01 to 2105-12-31.
set -eu

cd "$(dirname "$0")/../certificates"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/openssl.cnf" <<'EOF'
[ req ]
distinguished_name = name
prompt = no
[ name ]
[ ca ]
default_ca = own
[ own ]
database = $ENV::WORK/index
serial = $ENV::WORK/serial
new_certs_dir = $ENV::WORK
policy = any
default_startdate = 20000101000000Z
default_enddate = 21051231235959Z
unique_subject = no
x509_extensions = both
[ any ]
countryName = supplied
organizationName = supplied
commonName = supplied
[ both ]
basicConstraints = CA:TRUE
keyUsage = digitalSignature, keyEncipherment, keyCertSign, cRLSign
subjectKeyIdentifier = hash
EOF
export WORK="$work"
echo 01 >"$work/serial"
: >"$work/index"

# root FILE SUBJECT: a root that signs itself.
root() {
    openssl genrsa -traditional -out "$1.key" 2048
    openssl req -new -config "$work/openssl.cnf" -key "$1.key" -subj "$2" -out "$work/request"
    openssl ca -batch -notext -config "$work/openssl.cnf" -selfsign -keyfile "$1.key" -md sha1 \
        -in "$work/request" -out "$1.pem"
}

# leaf FILE SUBJECT ROOT: signed by ROOT.
leaf() {
    openssl genrsa -traditional -out "$1.key" 2048
    openssl req -new -config "$work/openssl.cnf" -key "$1.key" -subj "$2" -out "$work/request"
    openssl ca -batch -notext -config "$work/openssl.cnf" -cert "$3.pem" -keyfile "$3.key" -md sha256 \
        -in "$work/request" -out "$1.pem"
}

name() { echo "/C=EU/O=espat-sim/CN=$1"; }

# The CA of the simulated hosts is the one that modules trust first.
root ca "$(name 'espat-sim CA')"
# What a host's certificate is made for when it names no key of its own.
openssl genrsa -traditional -out host-rsa.key 2048
openssl ecparam -name prime256v1 -genkey -noout -out host-ec.key

root client_ca.1 "$(name 'espat-sim CA')"
leaf server_cert.0 "$(name 'espat-sim module')" ca
root server_ca.0 "$(name 'espat-sim client CA')"
leaf client_cert.0 "$(name 'espat-sim client')" server_ca.0
leaf client_cert.1 "$(name 'espat-sim client')" server_ca.0

# same FILE SUBJECT ROOT: a root that signs itself with the key of ROOT.
same() {
    cp "$3.key" "$1.key"
    openssl req -new -config "$work/openssl.cnf" -key "$1.key" -subj "$2" -out "$work/request"
    openssl ca -batch -notext -config "$work/openssl.cnf" -selfsign -keyfile "$1.key" -md sha1 \
        -in "$work/request" -out "$1.pem"
}

# MQTT's root has the key of the hosts' CA, so a broker whose certificate that CA has signed leads to both: with the
# certificate `mqtt_chain.pem` in between, which says that MQTT's root vouches for the CA. The leaf names the root, but is
# signed by another one of that name, which brokers know.
mqtt() {
    subject="$(name 'espat-sim mqtt CA')"
    same "$work/mqtt_root" "$subject" ca
    cp "$work/mqtt_root.pem" mqtt_ca.0.pem
    openssl req -new -config "$work/openssl.cnf" -key ca.key -subj "$(name 'espat-sim CA')" -out "$work/request"
    openssl ca -batch -notext -config "$work/openssl.cnf" -cert "$work/mqtt_root.pem" -keyfile "$work/mqtt_root.key" \
        -md sha256 -in "$work/request" -out mqtt_chain.pem
    same "$work/mqtt_signer" "$subject" server_ca.0
    cp "$work/mqtt_signer.pem" mqtt_client_ca.pem
    leaf mqtt_cert.0 "$(name 'espat-sim mqtt')" "$work/mqtt_signer"
}
mqtt

# Of these, the leaf is signed by another root of the same name, as in the modules.
for kind in https.0 https.1 wss.0 wss.1; do
    subject="$(name "espat-sim ${kind%.*} CA")"
    root "$work/signer" "$subject"
    leaf "$work/leaf" "$(name "espat-sim ${kind%.*}")" "$work/signer"
    root "$work/root" "$subject"
    case $kind in *.*) number=${kind#*.} ;; *) number=0 ;; esac
    cp "$work/root.pem" "${kind%.*}_ca.$number.pem"
    cp "$work/leaf.pem" "${kind%.*}_cert.$number.pem"
    cp "$work/leaf.key" "${kind%.*}_cert.$number.key"
done
# Nothing is signed by it: it stands for the wrong authority of the right name.
rm client_ca.1.key
chmod 644 ./*.key
