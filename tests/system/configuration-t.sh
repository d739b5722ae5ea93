#!/bin/bash
# The configuration: the person's file, the system's file and its drop-ins.
# Whatever is wrong is named with file and line, and nothing goes on.
. "$(dirname "$0")/lib.sh"
# The system's files lie in a folder of our own, in a namespace of our own.
ETC=$PREFIX/etc
if [ -z "${CONFIGURATION_INSIDE-}" ]; then
    world=(unshare --mount --propagation private)
    [ "$(id -u)" -eq 0 ] || world+=(--user --map-root-user)
    if "${world[@]}" true 2>/dev/null; then
        mkdir -p "$ETC"
        CONFIGURATION_INSIDE=yes "${world[@]}" "$BASH" "$0"
        exit
    fi
    CONFIGURATION_INSIDE=no
fi
if [ "$CONFIGURATION_INSIDE" = yes ]; then
    mkdir "$WORK/etc"
    mount --bind "$WORK/etc" "$ETC" || skip_all "nothing can be mounted here"
fi
start_sandbox
new_person
sign_in || exit 1
CONF=$HOME/.config/parallel-credential.conf
SYSTEM=$ETC/parallel-credential.conf

# refused NAME REGEX LINE...: such a file is refused with exit 2
refused() {
    local name=$1 regex=$2
    shift 2
    configure "$@"
    run "$TOOL" token
    is "$rc:$out" "2:" "$name: exit 2, nothing handed out"
    like "$err" "$regex" "$name: named with file and line"
    is "$(wc -l <<<"$err")" 1 "$name: one line"
}
# value KEY: what config says; origin KEY
value() {
    "$TOOL" config --json | jq -r "select(.key == \"$1\") | .value"
}
origin() {
    "$TOOL" config --json | jq -r "select(.key == \"$1\") | .origin"
}

# ---- the person's file ---------------------------------------------------------

refused "unknown key" "$CONF:2: unknown key \"colour\"" \
    "# a comment" "colour = red"
refused "bad time" "$CONF:1: timeout: " "timeout = soon"
refused "time of zero" "$CONF:1: timeout: " "timeout = 0"
refused "bad store" "$CONF:1: store: must be" "store = nowhere"
refused "bad boolean" "$CONF:1: export_environment: must be yes or no" \
    "export_environment = maybe"
refused "plain http" "$CONF:1: .*needs https" \
    "platform_url = http://platform.example"
refused "relative path" "$CONF:1: ca_file: an absolute path" "ca_file = ca.pem"
refused "no value" "$CONF:1: scopes: has no value" "scopes ="
refused "twice" "$CONF:3: .*timeout" "timeout = 3s" "" "timeout = 4s"
refused "continuation line" "$CONF:2: " "scopes = keys:read" "  apps:read"
refused "no equals sign" "$CONF:1: " "timeout"
refused "unknown section" "$CONF:1: |$CONF:2: unknown section" \
    "[colours]" "red = 1"
refused "policy of a person" "$CONF:2: .*system" \
    "[policy]" "locked_keys = timeout"
refused "too long a line" "$CONF:2: " "# x" \
    "scopes = $(printf 'a%.0s' {1..300})"
printf 'timeout = 3s\0\n' >"$CONF"
run "$TOOL" token
is "$rc" 2 "a NUL byte: exit 2"
like "$err" "$CONF:1: " "a NUL byte: named"

configure "timeout = 3s"
chmod 666 "$CONF"
run "$TOOL" token
is "$rc" 2 "writable by others: exit 2"
like "$err" "$CONF can be written by others" "writable by others: named"
chmod 600 "$CONF"
rm "$CONF" && mkdir "$CONF"
run "$TOOL" token
is "$rc" 2 "a folder in its place: exit 2"
like "$err" "$CONF is not a regular file" "a folder in its place: named"
rmdir "$CONF"
mkfifo "$CONF"
run timeout 20 "$TOOL" token
is "$rc" 2 "a pipe in its place does not hang"
rm "$CONF"

for each in 3 3s 3000ms 0.05min "3 s"; do
    configure "timeout = $each"
    is "$(value timeout)" 3s "timeout = $each"
done
configure "timeout = 2h"
is "$(value timeout)" 7200s "timeout = 2h"
is "$(origin timeout)" "$CONF:1" "config names file and line"
is "$(origin connect_timeout)" default "or that it is the default"
is "$(origin platform_url)" PARALLEL_PLATFORM_URL "or the variable"
configure "proxy = none" "ca_directory = /etc/ssl/certs" \
    "client_id = abc ; a comment"
is "$(value proxy):$(value ca_directory):$(value client_id)" \
    "none:/etc/ssl/certs:abc" "values of the other kinds"

# A change holds from the next get on, warm cache or not.
rm "$CONF"
is "$("$TOOL" token >/dev/null && "$TOOL" token | wc -l)" 1 "a warm cache"
configure "colour = red"
run "$TOOL" token
is "$rc" 2 "a mistake shows although the cache is warm"
rm "$CONF"
run "$TOOL" token
is "$rc" 0 "and its mending as well"
SAVED=$PARALLEL_PLATFORM_URL
unset PARALLEL_PLATFORM_URL
configure "platform_url = https://localhost:1"
run "$TOOL" token
is "$rc" 3 "platform_url pins the issuer: no token of another one"
export PARALLEL_PLATFORM_URL=$SAVED
rm "$CONF"

# ---- the system's files -----------------------------------------------------------

if [ "$CONFIGURATION_INSIDE" = yes ]; then
    echo "timeout = 11s" >"$SYSTEM"
    is "$(value timeout)" 11s "the system's file"
    mkdir "$SYSTEM.d"
    echo "timeout = 12s" >"$SYSTEM.d/20-b.conf"
    echo "timeout = 13s" >"$SYSTEM.d/10-a.conf"
    echo "timeout = 14s" >"$SYSTEM.d/30-c.disabled"
    is "$(value timeout)" 12s "its drop-ins in the order of their names"
    is "$(origin timeout)" "$SYSTEM.d/20-b.conf:1" "named as the origin"
    configure "timeout = 15s"
    is "$(value timeout)" 15s "the person's file is later"
    printf '%s\n' "[policy]" "locked_keys = timeout platform_url" \
        >"$SYSTEM.d/00-policy.conf"
    run "$TOOL" token
    is "$rc" 2 "a locked key in the person's file: exit 2"
    like "$err" "$CONF:1: timeout is locked" "named"
    rm "$CONF"
    is "$(value timeout)" 12s "the administrator's value holds"
    is "$(value platform_url)" https://platform.parallel.ai \
        "against the environment, too"
    echo "[policy" >"$SYSTEM.d/00-policy.conf"
    run "$TOOL" token
    is "$rc" 2 "half a heading in a drop-in: exit 2"
    like "$err" "$SYSTEM.d/00-policy.conf:1: " "named"
    printf '%s\n' "[policy]" "locked_keys = colour" \
        >"$SYSTEM.d/00-policy.conf"
    run "$TOOL" token
    like "$rc:$err" "^2:.*00-policy.conf:2: .*colour" \
        "a key to lock that does not exist"
    rm "$SYSTEM.d/00-policy.conf"
    chmod 777 "$SYSTEM.d"
    run "$TOOL" token
    like "$rc:$err" "^2:.*can be written by others" "a folder open to others"
    chmod 755 "$SYSTEM.d"
    run "$TOOL" token
    is "$rc" 0 "and with that mended a token comes"
else
    skip "the system's files" "no mount namespace can be made here"
fi
finish
