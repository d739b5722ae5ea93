#!/bin/bash
# What is kept for other services, with a real keyring as the store: open,
# locked, moved.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
for each in dbus-run-session gnome-keyring-daemon secret-tool gdbus; do
    command -v $each >/dev/null || skip_all "there is no $each"
done
if [ -z "${KEYRING_INSIDE-}" ]; then
    # A bus of its own, which takes everything on it along when it ends.
    KEYRING_INSIDE=yes dbus-run-session -- "$BASH" "$0" 2>/dev/null
    exit
fi
start_sandbox
new_person
DOCKER=$(dirname "$TOOL")/docker-credential-parallel

# open_keyring: the person's, with a password
open_keyring() {
    mkdir -p "$HOME/.local/share/keyrings"
    printf secret | gnome-keyring-daemon --unlock --components=secrets \
        >"$WORK/daemon" 2>&1
    secret-tool store --label=probe test probe <<<x
}
lock_keyring() {
    gdbus call --session --dest org.freedesktop.secrets \
        --object-path /org/freedesktop/secrets \
        --method org.freedesktop.Secret.Service.Lock \
        "['/org/freedesktop/secrets/aliases/default']"
}
# items: the labels of what the keyring shows
items() {
    secret-tool search --all xdg:schema ai.parallel.Credential 2>&1 |
        sed -n 's/^label = //p' | sort
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

open_keyring >"$WORK/opened" 2>&1 || skip_all "no keyring can be opened here"
keep a.example one
run "$DOCKER" store <<<'{"ServerURL":"quay.io","Username":"u","Secret":"s3"}'
is "$rc" 0 "docker store"
is "$(items)" "me, for any-host: https://a.example
u, for docker: quay.io" "both lie in the keyring"
unlike "$(cat "$STORE")" 'one|s3' "and not in the file"
rm "$SESSION"
gives "without the cache" a.example one
check "login" sign_in
like "$(items)" "Parallel: Acme" "Parallel's beside them"
run "$TOOL" move-store file
is "$rc:$(items)" 0: "move-store file: all of them"
gives "from the file" a.example one
run "$TOOL" move-store secret-service
is "$rc:$(stored '.records | length'):$(items | wc -l)" 0:0:3 "and back"
keep b.example three
tell erase protocol=https host=a.example
unlike "$(items)" a.example "erase takes it out of the keyring"
rm "$SESSION"
gives "and it is gone" a.example ""

lock_keyring >"$WORK/locked" 2>&1
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
tell erase protocol=https host=b.example
is "$rc" 4 "erase: exit 4"
keep c.example four
is "$(ls "$XDG_RUNTIME_DIR/parallel-credential/parked")" \
    "$XDG_RUNTIME_DIR/parallel-credential/parked" "store: parked"
unlike "$(cat "$STORE")" four "and not on the disk"
gives "from there" c.example four
finish
