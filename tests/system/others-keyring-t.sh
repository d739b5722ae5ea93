#!/bin/bash
# What is kept for other services, with a real keyring as the store: open,
# locked, moved.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"
unset DBUS_SESSION_BUS_ADDRESS
keyring_needs
own_home "$0"
start_sandbox
DOCKER=$(dirname "$TOOL")/docker-credential-parallel

# labels: of what the keyring shows
labels() {
    client list | jq -r .label | sort
}
tell() {
    local verb=$1
    shift
    printf '%s\n' "$@" '' >"$WORK/block"
    run timeout 60 "$TOOL" --any-host "$verb" <"$WORK/block"
}
keep() {
    tell store protocol=https host="$1" username=me password="$2"
    is "$rc:$out:$err" 0:: "store for $1"
}
# gives NAME HOST PASSWORD
gives() {
    tell get protocol=https host="$2"
    is "$rc:$(sed -n 's/^password=//p' <<<"$out")" "0:$3" "$1"
}
docker_get() {
    run timeout 60 "$DOCKER" get < <(printf %s "$1")
}

keyring_person
bus_start
keyring_start
keep a.example one
run "$DOCKER" store <<<'{"ServerURL":"quay.io","Username":"u","Secret":"s3"}'
is "$rc" 0 "docker store"
is "$(labels)" "me, for any-host: https://a.example
u, for docker: quay.io" "both lie in the keyring"
unlike "$(cat "$STORE")" 'one|s3' "and not in the file"
rm "$SESSION"
gives "without the cache" a.example one
bounded "$TOOL" login --no-browser
is "$rc" 0 "login"
like "$(labels)" "Parallel: Acme" "Parallel's beside them"
run "$TOOL" move-store file
is "$rc:$(labels)" 0: "move-store file: all of them"
gives "from the file" a.example one
run "$TOOL" move-store secret-service
is "$rc:$(stored '.records | length'):$(items)" 0:0:3 "and back"
keep b.example three
tell erase protocol=https host=a.example
unlike "$(labels)" a.example "erase takes it out of the keyring"
rm "$SESSION"
gives "and it is gone" a.example ""

keyring_lock
gives "locked: the cache still answers" b.example three
rm "$SESSION"
tell get protocol=https host=b.example
is "$rc:$out" 4: "locked, without the cache: exit 4"
like "$err" "keyring is locked" "and why"
tell get protocol=https host=none.example
is "$rc:$out:$err" 0:: "of what it is known not to hold: nothing"
docker_get quay.io
is "$rc:$(grep -c 'keyring is locked' <<<"$out"):$err" 1:1: "docker get"
docker_get none.example
is "$rc:$out" "1:credentials not found in native keychain" \
    "docker get of what is not there"
run "$DOCKER" list
is "$rc" 1 "docker list: not half of it"
keep c.example four
gives "locked: what is stored now is there" c.example four
tell erase protocol=https host=c.example
is "$rc:$err" 0: "and can be erased"
gives "it is gone" c.example ""
tell erase protocol=https host=b.example
is "$rc" 4 "erase: exit 4"
keep c.example four
is "$(ls "$XDG_RUNTIME_DIR/parallel-credential/parked")" \
    "$XDG_RUNTIME_DIR/parallel-credential/parked" "store: parked"
unlike "$(cat "$STORE")" four "and not on the disk"
gives "from there" c.example four
keyring_unlock
gives "unlocked" c.example four
is "$(labels | grep -c c.example):$(test -e "$PARKED"; echo $?)" 1:1 \
    "and moved to where it belongs"

keyring_person
bus_start
keyring_start_locked
keep d.example five
is "$(stored '.store + ":" + .records[0].access_token')" \
    provisional-file:five "locked from the first: the file, provisionally"
keyring_unlock
rm "$SESSION"
gives "unlocked since" d.example five
is "$(stored '.store + ":" + (.records | length | tostring)'):$(labels)" \
    "secret-service:0:me, for any-host: https://d.example" \
    "moved to where it belongs"
finish
