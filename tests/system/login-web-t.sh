#!/bin/bash
# Sign in with a browser of this machine: an API key comes of it.
. "$(dirname "$0")/lib.sh"
WEB=$PREFIX/libexec/parallel-credential/web
[ -x "$WEB" ] || skip_all "configured --without-web"
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/web.sh"
way=(--web)
start_sandbox

# nothing_left NAME: nobody listens where the browser was to come back to
nothing_left() {
    local port
    port=$(parameter redirect_uri "$address")
    port=${port#*%3A*%3A}
    port=${port%\%2F*}
    check "$1: nobody listens" wait_until 5 nobody_listens "$port"
}

new_person
begin --no-browser --debug
is "$(head -1 "$WORK/login.out" | jq -c '[.status,.user_code,.expires_in]')" \
    '["waiting_for_authorization",null,600]' "the first line"
like "$address" "^$HTTP_PLATFORM_URL/getKeys/authorize\?" "with the address"
like "$address" 'code_challenge_method=S256' "with a challenge"
like "$(cat "$WORK/login.err")" 'browser of this machine: --web was given' \
    "--debug says why"
decide
come_back
is "$rc" 0 "login --web"
is "$(jq -r .status <<<"$out")" authenticated "its last line"
like "$(cat "$WORK/page")" 'You are signed in to Parallel' "the page"
key=$("$TOOL" token --api-key)
is "$(control check "{\"api_key\":\"$key\"}" | jq -r .valid)" true \
    "the key is a good one"
is "$(stored '.records | length'):$(stored '.records[0].access_token')" \
    "1:null" "a key alone is kept"
run "$TOOL" get <<<"protocol=http
host=${PARALLEL_API_URL#*://}
"
is "$(grep ^password= <<<"$out")" "password=$key" "get answers with it"
run "$TOOL" token
is "$rc" 3 "there is no access token"
run "$TOOL" status
is "$rc" 0 "status: signed in"
like "$out" 'with an API key alone' "status says with what"
is "$("$TOOL" status --json | jq -c '[.authenticated,.api_key]')" \
    '[true,true]' "status --json, too"
code=$(parameter code "$back")
unlike "$(cat "$WORK/login.err" "$STORE" "$SESSION")" "$code|$state" \
    "neither code nor state in messages or files"
nothing_left "afterwards"

# Between the code and its key, no signal loses the key.
control trouble '{"endpoint":"keys-token","kind":"gate"}' >/dev/null
begin --no-browser
decide &
decider=$!
curl -sS --noproxy '*' -o /dev/null "$CONTROL_URL/gate/wait?count=1&ms=10000"
kill -INT "$login"
control gate/open >/dev/null
come_back
wait "$decider"
is "$rc:$(jq -r .status <<<"$out")" 0:authenticated \
    "SIGINT while the code is exchanged"
like "$(cat "$WORK/page")" 'You are signed in to Parallel' "and its page"
key=$("$TOOL" token --api-key)

# Again: another key, in the same place; the old one is the person's.
begin --no-browser
decide
come_back
isnt "$("$TOOL" token --api-key)" "$key" "again: another key"
is "$(stored '.records | length')" 1 "in the same place"
is "$(control check "{\"api_key\":\"$key\"}" | jq -r .valid)" true \
    "the old one is the person's to delete"
key=$("$TOOL" token --api-key)
run "$TOOL" logout
is "$rc" 0 "logout"
is "$(control check "{\"api_key\":\"$key\"}" | jq -r .valid)" true \
    "the key was not made by us: it lives on"
run "$TOOL" token --api-key
is "$rc" 3 "but is not here any more"

# ---- no, and not in time -----------------------------------------------------
begin --no-browser
decide ',"decision":"refuse"'
come_back
is "$rc:$(jq -r .error <<<"$out")" 3:access_denied "refused"
like "$(cat "$WORK/page")" 'You have refused' "the page says so"
begin --no-browser
redirect=$(parameter redirect_uri "$address")
redirect=${redirect//%3A/:}
curl -sS --noproxy '*' -o "$WORK/page" \
    "${redirect//%2F//}?state=$state&code=made-up-code"
come_back
is "$rc:$(jq -r .error <<<"$out")" 3:invalid_grant \
    "a made-up code with the right state"
unlike "$out$err" "made-up|$state" "is not repeated"
like "$(cat "$WORK/page")" 'did not work' "the page says so"
begin --no-browser
curl -sS --noproxy '*' -o /dev/null "$address"
back=$(control consent "{\"state\":\"$state\",\"wait_ms\":5000}" |
    jq -r .location)
code=$(parameter code "$back")
like "$back" '&iss=http%3A%2F%2F127' "the service says who it is"
curl -sS --noproxy '*' -o "$WORK/page" "${back/&iss=/&iss=https%3A%2F%2Fevil.}"
come_back
is "$rc:$(jq -r .error <<<"$out")" 3:wrong_issuer "another issuer's answer"
unlike "$out$err" "$code|$state" "says nothing of code and state"
run "$TOOL" login --web --no-browser --wait 0 \
    --scope "$(head -c 9000 /dev/zero | tr '\0' x)"
like "$rc:$err" '^2:.*more than 8192 characters; ask for fewer scopes' \
    "an address too long for a browser"
begin --no-browser --wait 1
come_back
is "$rc:$(jq -r .error <<<"$out")" 5:timeout "--wait"
nothing_left "--wait"
for signal in INT TERM HUP; do
    begin --no-browser
    kill -$signal "$login"
    come_back
    is "$rc:$(jq -r .error <<<"$out")" 130:interrupted "SIG$signal"
    nothing_left "SIG$signal"
done
begin --no-browser
kill -KILL "$login"
wait "$login" 2>/dev/null
nothing_left "SIGKILL"
begin --no-browser
kill -KILL "$(pgrep -P "$login" -x web)"
come_back
is "$rc:$(jq -r .error <<<"$out")" 4:web "the web program killed"
nothing_left "the web program killed"
run "$TOOL" status
is "$rc" 3 "status: signed out"
run "$TOOL" token --api-key
is "$rc" 3 "none of that has brought a key"

# ---- in words ----------------------------------------------------------------
: >"$WORK/login.err"
"$TOOL" login --web --no-browser >"$WORK/login.out" 2>"$WORK/login.err" \
    </dev/null &
login=$!
background+=("$login")
wait_until 10 grep -q getKeys "$WORK/login.err"
address=$(sed -n 's/^ *\(http.*\)/\1/p' "$WORK/login.err")
state=$(parameter state "$address")
decide
come_back
is "$rc:$out" "0:" "in words, on standard error"
like "$err" 'open in a browser of this machine' "with the address"
like "$err" 'signed in to Parallel; the credential lies' "and the end"

# ---- account tokens beside it ------------------------------------------------
new_person
sign_in
token=$("$TOOL" token)
begin --no-browser
decide
come_back
is "$rc" 0 "login --web after a login with tokens"
is "$("$TOOL" token --org org_acme)" "$token" "the tokens are still there"

# ---- in the place of what has ended --------------------------------------------
# Tokens that ended with a session, and the service could not be told.
new_person
configure 'logout = revoke' 'connect_timeout = 2s'
sign_in
control trouble '{"endpoint":"keys","kind":"status","times":9}' \
    >"$WORK/control.out"
run "$TOOL" session-end
is "$rc:$(stored '.ended | length')" 4:1 "a sign-in that is still to be revoked"
family=$(state '.families[-1].family')
control trouble '{"clear":true}' >"$WORK/control.out"
control config '{"override":{"keys-token:org_id":"org_acme"}}' \
    >"$WORK/control.out"
begin --no-browser
decide
come_back
control config '{"override":null}' >"$WORK/control.out"
is "$rc:$(stored '.records[0].org_id')" 0:org_acme \
    "login --web for the same organization"
is "$(state ".families[] | select(.family == $family).alive")" false \
    "the tokens that had ended are revoked"
is "$(stored '.ended // [] | length'):$("$TOOL" status --json |
    jq '.keys_to_delete | length')" 0:1 "their key is named"

# ---- the browser -------------------------------------------------------------
new_person
mkdir "$WORK/bin"
cat >"$WORK/bin/xdg-open" <<EOF
#!/bin/sh
echo "\$*" >"$WORK/opened.new"
mv "$WORK/opened.new" "$WORK/opened"
EOF
chmod +x "$WORK/bin/xdg-open"
export DISPLAY=:99
PATH=$WORK/bin:$PATH begin
wait_until 10 test -e "$WORK/opened"
unlike "$(cat "$WORK/opened")" "$state" "the state is not in its arguments"
is "$(curl -sS --noproxy '*' -o /dev/null -w '%{redirect_url}' \
    "$(cat "$WORK/opened")")" "$address" "it is led to the address"
decide
come_back
is "$rc" 0 "login with a browser that was opened"
rm "$WORK/opened"
SSH_CONNECTION='::1 1 ::1 2' PATH=$WORK/bin:$PATH begin
decide
come_back
is "$rc" 0 "over ssh the address is shown"
[ ! -e "$WORK/opened" ]
is $? 0 "and no browser opened"
unset DISPLAY

if command -v chromium >/dev/null; then
    begin --no-browser
    run timeout 120 /usr/bin/python3 "$HERE/browser.py" "$address" \
        "$WORK/pictures"
    landed=$out$err
    come_back
    is "$rc" 0 "with a real browser"
    like "$landed" '^You are signed in to Parallel' "its page"
    unlike "$landed" 'background none' "which has its style"
    [ -z "${PICTURES-}" ] || cp "$WORK"/pictures/*.png "$PICTURES"
    begin --no-browser
    run timeout 120 /usr/bin/python3 "$HERE/browser.py" "$address" \
        "$WORK/pictures" refuse
    landed=$out$err
    come_back
    is "$rc" 3 "a refusal in a real browser"
    like "$landed" '^You have refused' "its page"
else
    skip "with a real browser" "chromium is missing"
fi

# ---- which way ---------------------------------------------------------------
run "$TOOL" login --web --device
is "$rc" 2 "--web and --device: exit 2"
new_person
check "--device" sign_in --device --debug
like "$err" 'a code for any device: --device was given' "and why"
check "by default" sign_in --debug
like "$err" 'a code for any device: it brings account tokens' "and why"
is "$("$TOOL" status --json | jq -r .org_id)" org_acme "with account tokens"
finish
