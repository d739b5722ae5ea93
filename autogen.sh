#!/bin/sh
# Makes ./configure from configure.ac.
set -eu
cd "$(dirname "$0")"
for tool in autoconf automake aclocal; do
    command -v "$tool" >/dev/null || {
        echo "autogen.sh: $tool is missing; install autoconf and automake" >&2
        exit 1
    }
done
mkdir -p build-aux
exec autoreconf --install --force --warnings=all,no-obsolete
