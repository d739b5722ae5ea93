#!/bin/bash
# Sign in by device authorization where there is a desktop: the browser is led
# to the page of the code, and nobody else gets at the code by it.
# shellcheck source=tests/system/lib.sh disable=SC1091
. "$(dirname "$0")/lib.sh"
WEB=$PREFIX/libexec/parallel-credential/web
start_sandbox
control config '{"interval":1}' >"$WORK/control.out"
new_person

mkdir "$WORK/bin"
cat >"$WORK/bin/xdg-open" <<END
#!/bin/sh
{
    echo "\$*"
    grep SigBlk /proc/self/status
} >'$WORK/opened.new'
mv '$WORK/opened.new' '$WORK/opened'
END
chmod +x "$WORK/bin/xdg-open"
export DISPLAY=:99

# begin [COMMAND...]: a login in the background, by COMMAND, whose browser has
# been opened: $opened is what it was started with, $code the code
begin() {
    rm -f "$WORK/opened"
    : >"$WORK/login.out"
    PATH=$WORK/bin:$PATH "$@" "$TOOL" login --device --json \
        >"$WORK/login.out" 2>"$WORK/login.err" </dev/null &
    login=$!
    background+=("$login")
    wait_until 20 test -e "$WORK/opened"
    opened=$(head -n 1 "$WORK/opened")
    code=$(head -n 1 "$WORK/login.out" | jq -r .user_code)
    address=$(head -n 1 "$WORK/login.out" | jq -r .verification_uri_complete)
    port=${opened#http://127.0.0.1:}
    port=${port%%/*}
}
# end NAME: the login is over: $rc, $out, $err
end() {
    wait "$login" 2>"$WORK/wait.err"
    rc=$?
    out=$(tail -n 1 "$WORK/login.out")
    err=$(cat "$WORK/login.err")
    check "$1: nobody listens" wait_until 5 nobody_listens "$port"
}
approve() {
    control approve "{\"user_code\":\"$code\"}" >"$WORK/control.out"
}
visit() {
    curl -sS --noproxy '*' -o "$WORK/page" \
        -w '%{http_code} %{redirect_url}' "$@"
}
# bare NAME [COMMAND...]: nobody can lead the browser, and the person types
bare() {
    local name=$1
    shift
    begin "$@"
    is "$opened" "$HTTP_PLATFORM_URL/device" \
        "$name: a browser opens, without the code"
    approve
    wait "$login"
    is "$?:$(tail -n 1 "$WORK/login.out" | jq -r .status):$(cat "$WORK/login.err")" \
        0:authenticated: "$name: the login works, without a word about that"
}

if [ ! -x "$WEB" ]; then
    bare "configured --without-web"
    finish
fi

# ---- led ----------------------------------------------------------------------
begin
like "$opened" '^http://127\.0\.0\.1:[0-9]+/start\?[A-Za-z0-9_-]{43}$' \
    "a browser opens at an address that tells nobody anything"
unlike "$opened" "$code" "without the code"
is "$(sed -n '2s/.*[[:space:]]//p' "$WORK/opened")" 0000000000000000 \
    "it can be interrupted, though we hold signals"
unlike "$(tr '\0' ' ' <"/proc/$(pgrep -P "$login" -x web)/cmdline")" "$code" \
    "nor does it stand in the arguments of what leads there"
if [ "$(id -u)" -eq 0 ]; then
    is "$(setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS \
        --noproxy '*' -o "$WORK/page" -w '%{http_code} %{redirect_url}' \
        "$opened")" "403 " "another user is not led there"
    unlike "$(cat "$WORK/page")" "$code" "and is not told the code"
else
    skip "another user is not led there" "only root can be one"
fi
is "$(visit "${opened%/*}/callback?code=c&state=")" "404 " \
    "no answer is waited for"
is "$(visit "${opened%/*}/start?")" "404 " "no ticket: nothing"
is "$(visit "$opened")" "303 $address" "the person's browser is led to the page"
is "$(visit "$opened")" "410 " "once"
unlike "$(cat "$WORK/page")" "$code" "and the code is not told again"
approve
end "an approval"
is "$rc:$(jq -r .status <<<"$out"):$err" 0:authenticated: "the login"

# ---- not led, and over ---------------------------------------------------------
for signal in INT TERM HUP; do
    begin
    kill -$signal "$login"
    end "SIG$signal"
    is "$rc:$(jq -r .error <<<"$out")" 130:interrupted "SIG$signal"
done
begin
kill -KILL "$login"
end "SIGKILL"
begin
kill -KILL "$(pgrep -P "$login" -x web)"
approve
end "what leads there is killed"
is "$rc:$(jq -r .status <<<"$out")" 0:authenticated \
    "what leads there is killed: the login goes on"
control config '{"code_lifetime":2}' >"$WORK/control.out"
begin
end "the code runs out"
is "$rc:$(jq -r .error <<<"$out")" 5:expired_token "the code runs out"
control config '{"code_lifetime":600}' >"$WORK/control.out"
rm -f "$WORK/opened"
PATH=$WORK/bin:$PATH run "$TOOL" login --device --no-browser --wait 0
check "--no-browser: none" test ! -e "$WORK/opened"

# ---- nobody who leads ----------------------------------------------------------
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>"$WORK/unshare.err"; then
    skip "without the web program" "only root can hide it"
    finish
fi
bare "the web program is missing" unshare -m --propagation private \
    sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$WEB"
bare "its library is missing" without_library "$WEB" libmicrohttpd
# One that says nothing does not hold the login up for long.
printf '#!/bin/sh\nexec tail -f /dev/null\n' >"$WORK/mute"
chmod 755 "$WORK/mute"
bare "it hangs" unshare -m --propagation private \
    sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' "$WORK/mute" "$WEB"
run without_library "$WEB" libmicrohttpd "$TOOL" login --web --no-browser
like "$rc:$err" "^4:.* $WEB, could not start; are its libraries \(libmicrohttpd, gnutls\) installed\?\$" \
    "login --web without its library: it is said what is missing"
finish
