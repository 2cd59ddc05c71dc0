#!/bin/sh
# Makes the pair `$1.pem` and `$1.key` anew (OpenSSL 3). `openssl ca`, since `openssl req` cannot choose the first day.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
: > index.txt
echo 01 > serial
cat > ca.cnf <<'END'
[ca]
default_ca = self
[self]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:localhost,IP:127.0.0.1
END
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key
openssl req -new -key key -subj "/CN=fence test, $1" -out request
openssl ca -batch -notext -selfsign -config ca.cnf -keyfile key -in request -out certificate \
    -startdate 20200101000000Z -enddate 21200101000000Z
cp key "$here/$1.key"
cp certificate "$here/$1.pem"
rm -r "$work"
