#!/bin/bash
# Logins of people whose credential lies in the keyring, before it is
# unlocked: no code, no delay, whatever state it is in; and what was approved
# meanwhile is there once it is open.
# shellcheck source=../pam/pam.sh disable=SC2154
. "$(dirname "$0")/../pam/pam.sh"
PATIENCE=60
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/system/keyring.sh
. "$HERE/keyring.sh"
keyring_needs setpriv
is_root || skip_all "needs root, for other people's buses"
speaking_sanitizers
start_sandbox
control config '{"approve_after":0,"interval":1}' >"$WORK/control.out"
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
chmod 1777 "$WORK"
service login timeout=20

# newcomer NAME [LINE...]: a person with a runtime folder and a bus
newcomer() {
    bus_stop
    person "$1"
    shift
    XDG_RUNTIME_DIR=/run/user/$UID_OF
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    mkdir -p "$HOME_OF/.config"
    printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" \
        "api_url = $HTTP_API_URL" "$@" \
        >"$HOME_OF/.config/parallel-credential.conf"
    chmod 600 "$HOME_OF/.config/parallel-credential.conf"
    give "$HOME_OF/.config" "$XDG_RUNTIME_DIR"
    STATE=$HOME_OF/.local/state/parallel-credential
    HOME=$HOME_OF
    rm -f "$WORK/calls" "$WORK/items"
    OWNER=(setpriv "--reuid=$UID_OF" "--regid=$UID_OF" --clear-groups
        env -i "HOME=$HOME_OF" "PATH=$PATH" LC_ALL=C.UTF-8
        "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" GIT_TERMINAL_PROMPT=0
        "DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus"
        ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"})
    bus_start
}
codes() {
    state .requests.code
}
# enters NAME WHAT: a login goes on at once, shows nothing, asks for nothing
enters() {
    local before limit=2000 ms
    [ -z "${SANITIZED-}" ] || limit=8000
    before=$(state .requests)
    # What a last logout wipes.
    rm -rf "$XDG_RUNTIME_DIR/parallel-credential"
    drive "$1" tty:tty1 open env close
    check "$2: nobody was started" test ! -e "$WORK/activated"
    is "$(result open)" PAM_SUCCESS "$2: the login goes on"
    is "$(said say)" "" "$2: nothing is shown"
    ms=$(took open)
    check "$2: not delayed ($ms ms)" test "${ms%%.*}" -lt "$limit"
    is "$(state .requests)" "$before" "$2: nothing is asked for"
    is "$(owner "$TOOL" status --json 2>/dev/null | jq -c .pending)" null \
        "$2: no code is pending"
}
# served NAME: the credential is there
served() {
    run owner "$TOOL" token </dev/null
    is "$rc" 0 "$1: the token is served"
    check "$1: it is good" is_valid "$out"
}
is_valid() {
    control check "{\"access_token\":\"$1\"}" | grep -Eq '"valid": *true'
}
# not_served REGEX NAME
not_served() {
    run owner "$TOOL" token </dev/null
    is "$rc:$out" 4: "$2: no token"
    like "$err" "$1" "$2: it says why"
}
kept_in() {
    jq -r '.store + " " + (.records | length | tostring)' "$STATE/store.json"
}
# The sign-in of somebody whose keyring is open.
sign_in_person() {
    run owner "$TOOL" login --no-browser </dev/null
    is "$rc:$(kept_in)" "0:secret-service 0" "$1 signs in, with the keyring"
}

# ---- gnome-keyring -----------------------------------------------------------------

newcomer ann
keyring_start
sign_in_person ann
printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
    "${HTTP_API_URL#http://}" key-of-ann >"$WORK/request"
run owner "$TOOL" store <"$WORK/request"
enters ann "open"
is "$(said env | sort)" "PARALLEL_API_KEY=key-of-ann
PARALLEL_CREDENTIAL_KEY_ID=pasted" "open: the environment comes from there"
served "open"

keyring_lock
enters ann "locked"
is "$(said env)" "" "locked: there is nothing for the environment"
not_served 'is locked' "locked"
keyring_unlock
served "unlocked after the login"
enters ann "open again"
is "$(said env | grep -c key-of-ann)" 1 "open again: the environment"

# One that the bus could start: a login does not.
bus_stop
printf '#!/bin/sh\necho >>%s\nexit 1\n' "$WORK/activated" \
    >"$WORK/activate"
chmod 755 "$WORK/activate"
printf '[D-BUS Service]\nName=org.freedesktop.secrets\nExec=%s\n' \
    "$WORK/activate" >"$WORK/activated.service"
bus_start "$WORK/activated.service"
enters ann "not started"
rm -f "$WORK/activated"
run owner "$TOOL" token </dev/null
check "who needs the credential starts it" test -e "$WORK/activated"
rm -f "$WORK/activated"
bus_stop
bus_start
not_served 'no Secret Service' "not started"
bus_stop
enters ann "no bus"
not_served 'no session bus' "no bus"
bus_start
keyring_start
served "all is back"

# ---- one in trouble ------------------------------------------------------------------

newcomer bob "keyring_timeout = $KEYRING_SLOW"
fake_start
sign_in_person bob
fake_trouble 'hang=*'
enters bob "hung"
not_served 'did not answer' "hung"
fake_release
served "it answers again"
fake_trouble 'error=*'
enters bob "refused"
not_served 'refused' "refused"
fake_trouble
served "it works again"

# ---- approved while it is locked -------------------------------------------------------

is_kept() {
    [ "$(kept_in 2>/dev/null)" = "$1" ]
}
newcomer eve
keyring_start_locked
login_start 1 eve tty:tty1 open gate close
login_reach 1
check "a code, approved while it is locked: kept in the file meanwhile" \
    wait_until 20 is_kept "provisional-file 1"
keyring_unlock
served "unlocked"
run owner "$TOOL" status --json
is "$(kept_in)" "secret-service 0" "unlocked: it is in the keyring"
login_end 1
drive eve tty:tty1 open close
like "$(said say)" 'is now connected to Parallel as Acme' \
    "the next login says so, once"
enters eve "the next login"
served "the next login"
finish
