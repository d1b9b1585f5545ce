#!/bin/sh
# Makes the certificates of tests/simulation/certificates.rs's cross-signed chain, as it was with a public authority in 2021:
# a new root that an older one vouches for, which has expired. Once; the keys of the two roots are thrown away.
set -e
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
for name in old new; do openssl ecparam -name prime256v1 -genkey -noout -out "$keys/$name.key"; done
openssl ecparam -name prime256v1 -genkey -noout -out server.key
cat >"$keys/ca.cnf" <<'EOF'
[ ca ]
default_ca = own
[ own ]
database = $ENV::KEYS/index
new_certs_dir = $ENV::KEYS
rand_serial = yes
policy = any
default_md = sha256
unique_subject = no
[ any ]
countryName = supplied
organizationName = supplied
commonName = supplied
[ root ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[ leaf ]
subjectAltName = DNS:chain.example.com
EOF
export KEYS="$keys"
: >"$keys/index"
# sign NAME KEY FROM UNTIL EXTENSIONS SIGNER...: prints the certificate.
sign() {
    openssl req -new -key "$2" -subj "/C=XX/O=espat-sim test/CN=$1" -out "$keys/request"
    from=$3 until=$4 ext=$5; shift 5
    openssl ca -batch -notext -config "$keys/ca.cnf" -extensions "$ext" -startdate "$from" -enddate "$until" \
        -in "$keys/request" "$@"
}
sign old-root "$keys/old.key" 20000930000000Z 20210930140115Z root -selfsign -keyfile "$keys/old.key" >old-root.pem
sign new-root "$keys/new.key" 20150604000000Z 21051231235959Z root -selfsign -keyfile "$keys/new.key" >new-root.pem
sign new-root "$keys/new.key" 20210120000000Z 21051231235959Z root -cert old-root.pem -keyfile "$keys/old.key" >cross.pem
sign chain.example.com server.key 20210120000000Z 21051231235959Z leaf -cert new-root.pem -keyfile "$keys/new.key" >leaf.pem
cat leaf.pem cross.pem >chain.pem
rm leaf.pem cross.pem
