#!/bin/bash
# What the programs are linked to: the front to libc and nothing else, for
# every library would cost it more time than its work takes.
: "${PREFIX:=none}" "${PLATFORM:=none}" "${BUILD:?the build tree}"
# shellcheck source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"

needed() {
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | paste -sd' '
}
headers() {
    readelf -lW "$1" | awk '$1 ~ /^[A-Z_]+$/ { print $1 }'
}
flags() {
    readelf -d "$1" | grep -E 'FLAGS|BIND_NOW'
}

is "$(needed "$BUILD/front-dynamic")" libc.so.6 \
    "front-dynamic needs libc alone"
if [ -e "$BUILD/front-musl" ]; then
    is "$(needed "$BUILD/front-musl")" "" "front-musl needs no library"
    unlike "$(headers "$BUILD/front-musl")" '^(INTERP|DYNAMIC)$' \
        "front-musl is static"
    is "$(cmp "$BUILD/front-musl" "$BUILD/parallel-credential" 2>&1)" "" \
        "front-musl is what is installed"
    [ "$(stat -c %s "$BUILD/front-musl")" -lt 200000 ]
    is $? 0 "front-musl is small: $(stat -c %s "$BUILD/front-musl") bytes"
else
    skip "front-musl is static" "there is no musl-gcc"
fi

if [ -e "$BUILD/web/web" ]; then
    like "$(needed "$BUILD/web/web")" microhttpd "web has the web server"
    unlike "$(needed "$BUILD/web/web")" 'curl|json|secret' \
        "and none of the others' libraries"
else
    skip "web has the web server" "configured --without-web"
fi
unlike "$(needed "$BUILD/broker/broker")" 'microhttpd' "the broker has none"

for program in front-dynamic broker/broker web/web; do
    [ -e "$BUILD/$program" ] || continue
    program=$BUILD/$program
    like "$(readelf -hW "$program")" 'Type: +DYN' \
        "${program##*/}: position independent"
    like "$(headers "$program")" GNU_RELRO "${program##*/}: relro"
    like "$(flags "$program")" NOW "${program##*/}: bound at its start"
done
for program in front-dynamic front-musl broker/broker web/web; do
    [ -e "$BUILD/$program" ] || continue
    like "$(readelf -lW "$BUILD/$program" | grep GNU_STACK)" ' RW +0x' \
        "${program##*/}: no executable stack"
done
finish
