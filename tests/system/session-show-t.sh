#!/bin/bash
# What the desktop's autostart runs: a browser opens where a code waits, and
# nowhere else; the code does not stand in its arguments.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
WEB=$PREFIX/libexec/parallel-credential/web
start_sandbox

mkdir "$WORK/bin"
# It goes where it is led, unless it is told to be late.
cat >"$WORK/bin/xdg-open" <<END
#!/bin/sh
{
    echo "\$*"
    umask
    grep SigIgn /proc/self/status
} >'$WORK/opened.new'
if [ ! -e '$WORK/late' ]; then
    curl -sS --noproxy '*' -o /dev/null -w '%{redirect_url}' "\$1" \
        >'$WORK/led'
fi
mv '$WORK/opened.new' '$WORK/opened'
exit 7
END
chmod +x "$WORK/bin/xdg-open"
# desktop [NAME=VALUE...]: a graphical session starts; $opened is what the
# browser is started with, $led where it gets to
desktop() {
    rm -f "$WORK/opened" "$WORK/led"
    run env PATH="$WORK/bin:$PATH" DISPLAY=:99 "$@" "$TOOL" session-show
    opened=$(sed -n 1p "$WORK/opened" 2>/dev/null)
    led=$(cat "$WORK/led" 2>/dev/null)
}
# late_desktop: the same in the background, with a browser that does not come
late_desktop() {
    rm -f "$WORK/opened"
    touch "$WORK/late"
    PATH="$WORK/bin:$PATH" DISPLAY=:99 "$TOOL" session-show \
        2>"$WORK/late.err" &
    late=$!
    background+=("$late")
    wait_until 20 test -e "$WORK/opened"
    rm "$WORK/late"
    opened=$(sed -n 1p "$WORK/opened")
    port=${opened#http://127.0.0.1:}
    port=${port%%/*}
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
if [ ! -x "$WEB" ]; then
    desktop
    is "$rc $out$err$opened" "0 " "configured --without-web: nothing opens"
    skip "all the rest" "configured --without-web"
    finish
fi
desktop
is "$led" "$HTTP_PLATFORM_URL/device?user_code=$code" \
    "a browser opens at its page"
like "$opened" '^http://127\.0\.0\.1:[0-9]+/start\?[A-Za-z0-9_-]{43}$' \
    "by way of an address that tells nobody anything"
unlike "$opened" "$code" "without the code"
is "$rc $out$err" "0 " "which is all, whatever xdg-open says"
is "$(sed -n 2p "$WORK/opened")" 0022 "with the usual umask"
ignored=$(sed -n '3s/.*[[:space:]]//p' "$WORK/opened")
is "$((0x$ignored & (1 << 12 | 1 << 24)))" 0 "and SIGPIPE and SIGXFSZ come"
is "$(asked) $(cat "$STATE/pending")" "1 $before" \
    "the code is the same, and nobody has asked about it"
desktop
like "$led" "$code" "once more in the next session: it waits still"
desktop DISPLAY= WAYLAND_DISPLAY=wayland-0
like "$led" "$code" "on Wayland, too"
desktop DISPLAY=
is "$rc $opened" "0 " "no display: nothing"
desktop SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22'
is "$rc $opened" "0 " "a display that ssh brings: nothing"
mv "$WORK/bin/xdg-open" "$WORK/bin/other"
run env PATH="$WORK/bin:${TOOL%/*}" DISPLAY=:99 "$TOOL" session-show
like "$rc $err" '^4 .*there is no xdg-open$' "no xdg-open: it is said"
mv "$WORK/bin/other" "$WORK/bin/xdg-open"

# ---- a browser that takes its time ------------------------------------------------------

late_desktop
if [ "$(id -u)" -eq 0 ]; then
    is "$(setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS \
        --noproxy '*' -o "$WORK/page" -w '%{http_code}%{redirect_url}' \
        "$opened")" 403 "another user is not led to the page"
    unlike "$(cat "$WORK/page")" "$code" "and is not told the code"
else
    skip "another user is not led to the page" "only root can be one"
fi
is "$(curl -sS --noproxy '*' -o "$WORK/page" -w '%{http_code}' \
    "${opened%/*}/callback?code=c&state=")" 404 "no answer is waited for"
check "it is waited for" kill -0 "$late"
is "$(curl -sS --noproxy '*' -o "$WORK/page" -w '%{redirect_url}' "$opened")" \
    "$HTTP_PLATFORM_URL/device?user_code=$code" "the person's browser is led"
wait "$late"
is "$?:$(cat "$WORK/late.err")" 0: "and that was it"
check "nobody listens any more" wait_until 5 nobody_listens "$port"
for signal in TERM KILL; do
    late_desktop
    kill -$signal "$late"
    wait "$late" 2>"$WORK/wait.err"
    check "SIG$signal: nobody listens" wait_until 5 nobody_listens "$port"
done
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>"$WORK/unshare.err"; then
    rm -f "$WORK/opened"
    run without_library "$WEB" libmicrohttpd env PATH="$WORK/bin:$PATH" \
        DISPLAY=:99 "$TOOL" session-show
    is "$rc $out$err" "0 " "without the web program's libraries: not a word"
    check "and no browser" test ! -e "$WORK/opened"
else
    skip "without the web program's libraries" "only root can hide them"
fi

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
like "$led" "$code" "the browser opens for the new code"
is "$(stored ".records | length")" 0 \
    "and the service has been told of the old sign-in"
is "$(($(alive) - before))" 0 "which is revoked"

# ---- too late ----------------------------------------------------------------------------

new_person
control config '{"code_lifetime":6,"interval":1}' >"$WORK/control.out"
login_asks
late_desktop
unlike "$opened" '^$' "a code that runs out soon"
wait "$late"
is $? 0 "no browser comes for it: that was it"
check "nobody listens" wait_until 5 nobody_listens "$port"
control config '{"code_lifetime":1}' >"$WORK/control.out"
new_person
login_asks
has_ended() {
    ! "$TOOL" status --news | grep -q approve
}
wait_until 10 has_ended
desktop
is "$rc $opened" "0 " "a code that has run out: nothing"
finish
