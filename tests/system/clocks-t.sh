#!/bin/bash
# Clocks that jump, and the arithmetic of skew and window. The clock itself is
# left alone: what was noted of it, in store and session cache, is moved.
. "$(dirname "$0")/lib.sh"
start_sandbox
new_person
sign_in || exit 1
now_ms() {
    echo $((${EPOCHREALTIME/[^0-9]/} / 1000))
}
boot_ms() {
    awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}
# cache KEY VALUE: in the session cache
cache() {
    sed -i "s/^$1=.*/$1=$2/" "$SESSION"
}
# store JQ: change the store; the cache is then out of date
store() {
    jq "$1" "$STORE" >"$STORE.edit" && chmod 600 "$STORE.edit" &&
        mv "$STORE.edit" "$STORE"
}
fresh() {
    run "$TOOL" refresh --quiet
    [ "$rc" -eq 0 ] || not_ok "refresh" "$err"
    token=$("$TOOL" token)
    count=$(refreshes)
}
cached() {
    sed -n "s/^$1=//p" "$SESSION"
}

# ---- arithmetic -----------------------------------------------------------------

fresh
is $(($(cached expires_at) - $(cached usable_until))) 30000 \
    "600 s: it counts as expired 30 s before its end"
is $(($(cached expires_at) - $(cached renew_from))) 120000 \
    "and is renewed from 120 s before it"
control config '{"access_lifetime":40}' >/dev/null
fresh
is $(($(cached expires_at) - $(cached usable_until))) 10000 \
    "40 s: a quarter of it"
is $(($(cached expires_at) - $(cached renew_from))) 20000 "and the half"
control config '{"access_lifetime":600}' >/dev/null

# ---- both clocks, the earlier wins --------------------------------------------------

fresh
cache usable_until 1000
is "$("$TOOL" token)" "$(sed -n 's/^access_token=//p' "$SESSION")" \
    "the clock was set forward: a token comes all the same"
is "$(refreshes)" "$count" "that is the stored one: its expiry is known better"
fresh
cache usable_until_boot 1
cache usable_until "$(($(now_ms) + 86400000))"
run "$TOOL" token
isnt "$out" "$token" "the clock was set back: the boot clock ends the token"
is "$(refreshes)" $((count + 1)) "and it is renewed"
fresh
cache usable_until_boot $(($(boot_ms) + 86400000))
store '.records[0].access_token_expires_at = 1000'
run "$TOOL" token
isnt "$out" "$token" "expired by the real clock alone: renewed as well"

# ---- no boot clock ---------------------------------------------------------------------

unset XDG_RUNTIME_DIR
SESSION=$STATE/session
if [ -d "/run/user/$(id -u)" ]; then
    skip "without a runtime folder" "there is one: /run/user/$(id -u)"
else
    fresh
    check "without a runtime folder the cache lies in the state folder" \
        test -f "$SESSION"
    is "$(cached usable_until_boot)" "" "which knows no boot clock"
    is "$("$TOOL" token)" "$token" "it is served from there"
    store ".records[0].issued_at = $(($(now_ms) + 86400000)) |
        .records[0].access_token_expires_at = $(($(now_ms) + 87000000))"
    run "$TOOL" token
    isnt "$out" "$token" \
        "a token from the future (the clock was set back) is not believed"
fi
export XDG_RUNTIME_DIR=${HOME%/home}/run
SESSION=$XDG_RUNTIME_DIR/parallel-credential/session

# ---- lifetimes ----------------------------------------------------------------------------

control config '{"override":{"token:expires_in":0}}' >/dev/null
expire_token
run "$TOOL" token
is "$rc:$out" "4:" "a token that has expired when it comes is not handed out"
like "$err" "already expired" "and the reason is said"
control config '{"override":{"token:expires_in":315360000}}' >/dev/null
run "$TOOL" token
is "$rc" 0 "ten years are fine"
control config '{"override":null,"omit":["expires_in"]}' >/dev/null
fresh
is "$(cached expires_at)" "" "no lifetime said: no expiry here"
run "$TOOL" get < <(request)
unlike "$out" password_expiry_utc "nor in the answer to git"
control config '{"omit":null}' >/dev/null

# ---- pauses ---------------------------------------------------------------------------------

# in_window: as if the token were in its window, with a pause that ends at $1
in_window() {
    fresh
    store ".records[0].access_token_expires_at = $(($(now_ms) + 60000))"
    "$BROKER" token >/dev/null # makes the cache anew, and renews nothing
    sed -i "/^renewable=/a retry_at=$1\nretry_wait=30000" "$SESSION"
}
# left_behind COMMAND...: how many processes it leaves; they come to their end
left_behind() {
    python3 -c 'import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: they become ours
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
left = 0
try:
    while os.wait():
        left += 1
except ChildProcessError:
    print(left)' "$@"
}
in_window "$(($(now_ms) + 20000))"
is "$(left_behind "$TOOL" token)" 0 "in a pause nothing is renewed behind"
is "$(refreshes)" "$count" "and the service is not asked"
in_window "$(($(now_ms) + 86400000))"
is "$(left_behind "$TOOL" token)" 1 "a pause too long for one: it is"
check "a pause that lies further off than it is long is void" \
    curl -sS --fail --noproxy '*' \
    "$CONTROL_URL/wait?counter=token_refresh&at_least=$((count + 1))&ms=20000"
finish
