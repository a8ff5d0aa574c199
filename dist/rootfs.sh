#!/bin/sh
# All that a program needs to run where there is nothing else: itself, its loader and libraries, and the certificates of authorities.
#
#     dist/rootfs.sh PROGRAM FOLDER
set -eu
program=$1 folder=$2
install -D "$program" "$folder/usr/bin/$(basename "$program")"
ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
  install -D "$library" "$folder$library"
done
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
