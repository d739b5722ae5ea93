#!/bin/bash
# What the desktop's autostart runs: a browser opens where a code waits, and
# nowhere else.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
start_sandbox

mkdir "$WORK/bin"
cat >"$WORK/bin/xdg-open" <<END
#!/bin/sh
{
    echo "\$*"
    echo "\$PPID"
    umask
    grep SigIgn /proc/self/status
} >'$WORK/opened'
exit 7
END
chmod +x "$WORK/bin/xdg-open"
# desktop [NAME=VALUE...]: a graphical session starts; $opened is the address
desktop() {
    : >"$WORK/opened"
    run env PATH="$WORK/bin:$PATH" DISPLAY=:99 "$@" "$TOOL" session-show
    opened=$(sed -n 1p "$WORK/opened")
}
# login_asks: a login has asked for a code; nobody waits for it any more
login_asks() {
    "$BROKER" session-open 1 1 | sed '/^event=done/q' >"$WORK/events"
}
asked() {
    state .requests.code
}

# ---- the entry -----------------------------------------------------------------------

conf=$(grep -aoE '/[[:graph:]]+/parallel-credential\.conf' "$BROKER" |
    head -n 1)
entry=${conf%/*}/xdg/autostart/parallel-credential.desktop
is "$(sed -n 's/^Exec=//p' "$entry")" \
    "$PREFIX/bin/parallel-credential session-show --quiet" \
    "the entry is installed, and runs what is"
if command -v desktop-file-validate >"$WORK/which.out"; then
    run desktop-file-validate "$entry"
    is "$rc$out$err" 0 "desktop-file-validate has nothing to say"
else
    skip "desktop-file-validate" "it is not installed"
fi

# ---- no code --------------------------------------------------------------------------

new_person
desktop
is "$rc $out$err $opened" "0  " "nothing waits: nothing happens"
check "and nothing is made" [ ! -e "$STATE" ]
is "$(asked)" 0 "no code is asked for"

# ---- a code ---------------------------------------------------------------------------

login_asks
code=$(sed -n 's/^user_code=//p' "$STATE/pending")
is "$(asked)" 1 "a login has asked for a code"
before=$(cat "$STATE/pending")
desktop
is "$opened" "$HTTP_PLATFORM_URL/device?user_code=$code" \
    "a browser opens at its page"
is "$rc" 7 "in the place of our program"
is "$(sed -n 3p "$WORK/opened")" 0022 "with the usual umask"
ignored=$(sed -n '4s/.*[[:space:]]//p' "$WORK/opened")
is "$((0x$ignored & (1 << 12 | 1 << 24)))" 0 "and SIGPIPE and SIGXFSZ come"
is "$(asked) $(cat "$STATE/pending")" "1 $before" \
    "the code is the same, and nobody has asked about it"
desktop
like "$opened" "$code" "once more in the next session: it waits still"
desktop DISPLAY= WAYLAND_DISPLAY=wayland-0
like "$opened" "$code" "on Wayland, too"
desktop DISPLAY=
is "$rc $opened" "0 " "no display: nothing"
desktop SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22'
is "$rc $opened" "0 " "a display that ssh brings: nothing"
mv "$WORK/bin/xdg-open" "$WORK/bin/other"
run env PATH="$WORK/bin:${TOOL%/*}" DISPLAY=:99 "$TOOL" session-show
like "$rc $err" '^4 .*there is no xdg-open$' "no xdg-open: it is said"
mv "$WORK/bin/other" "$WORK/bin/xdg-open"

# ---- after it ----------------------------------------------------------------------------

control approve "{\"user_code\":\"$code\"}" >"$WORK/control.out"
signed_in() {
    "$TOOL" get < <(request) 2>"$WORK/get.err" | grep -q '^password='
}
check "approved" wait_until 20 signed_in
desktop
is "$rc $opened" "0 " "nothing waits any more: nothing"
# ---- what an earlier session has left ------------------------------------------------------

new_person
alive() {
    state '[.families[] | select(.alive)] | length'
}
before=$(alive)
configure 'logout = revoke'
sign_in
is "$(($(alive) - before))" 1 "somebody else is signed in"
control trouble '{"endpoint":"revoke","kind":"status"}' >"$WORK/control.out"
run "$TOOL" session-end
is "$rc $(stored ".ended | length")" "4 1" \
    "a session has ended, and the service does not know"
login_asks
code=$(sed -n 's/^user_code=//p' "$STATE/pending")
desktop
like "$opened" "$code" "the browser opens for the new code"
is "$(stored ".records | length")" 0 \
    "and the service has been told of the old sign-in"
is "$(($(alive) - before))" 0 "which is revoked"

# ---- too late ----------------------------------------------------------------------------

new_person
control config '{"code_lifetime":1}' >"$WORK/control.out"
login_asks
has_ended() {
    ! "$TOOL" status --news | grep -q approve
}
wait_until 10 has_ended
desktop
is "$rc $opened" "0 " "a code that has run out: nothing"
finish
