#!/bin/bash
# A service in trouble. Whatever it answers, or does not: every call ends
# within its time limits and with its exit code, says in one sentence what
# happened, loses nothing, and shows nothing raw of what the service sent.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
start_sandbox

# Longer than any limit that is set below, and shorter than one that is not
# honoured: the compiled-in limit is 30 s.
PATIENCE=20
# What nobody reaches by chance; where an answer does not come; and where the
# way there is blocked.
LIMITS=('connect_timeout = 15s' 'timeout = 15s')
SHORT=('connect_timeout = 2500ms' 'timeout = 2500ms')
BLOCKED=('connect_timeout = 700ms' 'timeout = 15s')

# ---- tools ------------------------------------------------------------------

set_service() {
    control config "$1" >"$WORK/set.out"
}
# trouble ENDPOINT JSON: '"kind":"html"' and what else there is to say
trouble() {
    control trouble "{\"endpoint\":\"$1\",$2}" >"$WORK/trouble.out"
    grep -q error "$WORK/trouble.out" && cat "$WORK/trouble.out"
}
calm() {
    control trouble '{"clear":true}' >/dev/null
}
# body JSON: the trouble of a good status with this text
body() {
    jq -nc --arg body "$1" '{"kind":"status", "status":200, "body":$body,
        "content_type":"application/json"}' | sed 's/^{//; s/}$//'
}
requests() {
    state '[.requests[]] | add'
}
# counts NAME...: those counters, blanks between
counts() {
    local each
    for each; do state ".requests.$each"; done | paste -sd' '
}
# reaches COUNTER COUNT MS: the service has had so many within that time
reaches() {
    curl -sSf --noproxy '*' --max-time 60 -o "$WORK/wait.out" \
        "$CONTROL_URL/wait?counter=$1&at_least=$2&ms=$3"
}
fails() {
    ! "$@"
}
# bounded COMMAND...: run, but not for ever; then the status is 124
bounded() {
    run timeout -k 1 "$PATIENCE" "$@" </dev/null
}
lines() {
    wc -l <"$WORK/run.err"
}
login() {
    bounded "$TOOL" login --json --no-browser "$@"
}
# Codes that a login has left behind: the next approval is for a new one.
drop_codes() {
    local each
    for each in $(state '.pending[] | select(.state == "pending").user_code')
    do
        control expire "{\"user_code\":\"$each\"}" >/dev/null
    done
}
# person LINE...: a new one, with limits that nobody reaches by chance
person() {
    drop_codes
    new_person
    configure "${LIMITS[@]}" "$@"
}
# The last line of login --json: its id, or its status
verdict() {
    tail -1 <<<"$out" | jq -r '.error // .status'
}
edit_store() {
    store_set "$@"
    rm -f "$SESSION"
}
set_service '{"interval":0}'

# ---- renewal ----------------------------------------------------------------

# refresh_case NAME STATUS PATTERN TROUBLE [LIMIT...]
refresh_case() {
    local name="refresh, $1" want=$2 pattern=$3 before token asked
    before=$(cat "$STORE")
    token=$(stored '.records[0].access_token')
    asked=$(refreshes)
    trouble token:refresh "$4"
    shift 4
    [ $# -eq 0 ] || configure "$@"
    bounded "$TOOL" refresh
    configure "${LIMITS[@]}"
    calm
    is "$rc:$(lines):$out" "$want:1:" "$name: exit $want, one line"
    like "$err" "^parallel-credential: .*$pattern" "$name: it says so"
    is "$(refreshes):$(cat "$STORE"):$("$TOOL" token)" \
        "$((asked + 1)):$before:$token" \
        "$name: asked once, nothing lost, the token still served"
    bounded "$TOOL" refresh
    is "$rc" 0 "$name: the refresh token is good afterwards"
}
host=${HTTP_PLATFORM_URL#*://}

person
check "sign in" sign_in
refresh_case "reset before the answer" 4 "$host: .*receiv" '"kind":"reset"'
refresh_case "301" 4 "$host answered 301 \(a redirect\)" \
    "\"kind\":\"status\",\"status\":301,\"location\":\"$HTTP_API_URL/other\""
refresh_case "307" 4 "$host answered 307 \(a redirect\)" \
    "\"kind\":\"status\",\"status\":307,\"location\":\"$HTTP_API_URL/other\""
refresh_case "308" 4 "$host answered 308 \(a redirect\)" \
    "\"kind\":\"status\",\"status\":308,\"location\":\"$HTTP_API_URL/other\""
is "$(counts data other)" "0 0" "no redirect was followed"
refresh_case "401" 4 "$host answered 401" '"kind":"status","status":401'
refresh_case "403" 4 "$host answered 403" '"kind":"status","status":403'
refresh_case "429" 4 "$host answered 429: too many requests" \
    '"kind":"status","status":429,"retry_after":"120"'
refresh_case "500" 4 "$host answered 500" '"kind":"status","status":500'
date='Thu, 01 Jan 2099 00:00:00 GMT'
refresh_case "503 with Retry-After" 4 "$host answered 503" \
    "\"kind\":\"status\",\"status\":503,\"retry_after\":\"$date\""
refresh_case "HTML" 4 "with HTML, not JSON" '"kind":"html"'
refresh_case "HTML of a gateway" 4 "$host answered 502 with HTML" \
    '"kind":"html","status":502'
refresh_case "an empty body" 4 "$host answered 200 with nothing" \
    '"kind":"empty"'
refresh_case "null" 4 "$host answered 200 .*not JSON" '"kind":"null"'
refresh_case "garbage" 4 "$host answered 200 .*not JSON" '"kind":"garbage"'
refresh_case "a huge body" 4 "$host was too large" \
    '"kind":"huge","bytes":5000000'
refresh_case "an array" 4 "not JSON" "$(body '[1]')"
refresh_case "half of an object" 4 "not JSON" "$(body '{"access_token":"a')"
refresh_case "nested too deep" 4 "not JSON" \
    "$(body "$(printf '{"a":%.0s' {1..100})1$(printf '}%.0s' {1..100})")"
refresh_case "no token" 4 'no "access_token"' "$(body '{}')"
for wrong in 5 null '["a"]' '""' '"a\u0000b"' '"a\r\nX-Evil: 1"'; do
    refresh_case "access_token $wrong" 4 'access_token|not JSON' \
        "$(body "{\"access_token\":$wrong}")"
done
for wrong in 5 '"a\nb"' "\"$(printf 'x%.0s' {1..8193})\""; do
    refresh_case "refresh_token ${wrong:0:8}" 4 refresh_token \
        "$(body "{\"access_token\":\"a\",\"refresh_token\":$wrong}")"
done
refresh_case "another token_type" 4 token_type \
    "$(body '{"access_token":"a","token_type":"mac"}')"
refresh_case "org_id of a wrong type" 4 org_id \
    "$(body '{"access_token":"a","org_id":7}')"
refresh_case "an OAuth error" 3 "$host refused: invalid_request" \
    '"kind":"error","error":"invalid_request"'
refresh_case "an unknown OAuth error" 3 "refused: out_of_tea \(try later\)" \
    '"kind":"error","error":"out_of_tea","description":"try later"'
refresh_case "server_error" 4 "$host answered 500: server_error" \
    '"kind":"error","error":"server_error","status":500'
refresh_case "slow_down" 4 "slow_down" '"kind":"error","error":"slow_down"'
refresh_case "an error that is no text" 4 "$host answered 400" \
    '"kind":"status","status":400,"body":"{\"error\":{\"a\":1}}"'

# A time limit: the call ends by itself, and the message names the limit.
refresh_case "no answer" 4 "$host did not answer within 2.5 s" \
    '"kind":"hang"' "${SHORT[@]}"
refresh_case "a slow drip" 4 "$host did not answer within 2.5 s" \
    '"kind":"drip","ms":20' "${SHORT[@]}"

# What others call behaves alike when the token has run out.
expire_token
trouble token:refresh '"kind":"status","status":500,"times":-1'
bounded "$TOOL" token
is "$rc:$out:$(lines)" 4::1 "token, expired, 500: exit 4, nothing on stdout"
like "$err" "$host answered 500" "token, expired, 500: it says so"
run timeout -k 1 "$PATIENCE" "$TOOL" get < <(request)
is "$rc:$out:$(lines)" 4::1 "get, expired, 500: exit 4, nothing on stdout"
calm
bounded "$TOOL" token
is "$rc" 0 "token, expired: works once the service does"

# 429 in the background: no further attempt before its time.
edit_store --argjson when "$(($(date +%s) * 1000 + 60000))" \
    '.records[].access_token_expires_at = $when'
bounded "$TOOL" token
asked=$(refreshes)
trouble token:refresh '"kind":"status","status":429,"retry_after":"120"'
bounded "$TOOL" token
is "$rc" 0 "a token that is due is served"
check "it is renewed behind, and the refusal noted" \
    wait_until 10 grep -q '^retry_at=' "$SESSION"
like "$(sed -n 's/^retry_wait=//p' "$SESSION")" '^1[2-9][0-9]{4}$' \
    "Retry-After is honoured"
for _ in {1..5}; do "$TOOL" token >/dev/null; done
is "$(refreshes)" $((asked + 1)) "nobody asks again before that"
bounded "$TOOL" refresh
is "$rc" 0 "what a person calls asks all the same"
is "$(grep -c '^retry_at=' "$SESSION")" 0 "success ends the back-off"

# ---- odd but good answers ---------------------------------------------------

# lifetime_case NAME VALUE LIFETIME: expires_in of a renewal, and what is made
# of it, in ms
lifetime_case() {
    set_service "{\"override\":{\"token:expires_in\":$2}}"
    bounded "$TOOL" refresh
    is "$rc:$(stored '.records[0].access_token_lifetime')" "0:$3" \
        "expires_in $1"
}
lifetime_case "of 10 years" 315360000 315360000000
lifetime_case "as text" '"600"' 600000
lifetime_case "with a fraction" 600.9 600000
lifetime_case "beyond all measure" 1e300 316224000000
lifetime_case "as text, beyond all measure" '"99999999999999999999999"' \
    316224000000
lifetime_case "of 2^63" 9223372036854775807 316224000000
lifetime_case "negative" -5 0
lifetime_case "very negative" -1e300 0
lifetime_case "of 0 s" 0 0
set_service '{"override":null}'

set_service '{"access_lifetime":0}'
asked=$(refreshes)
bounded "$TOOL" token
is "$rc:$out" 4: "a token that is born expired is not served: exit 4"
like "$err" "already expired" "it says so"
is "$(refreshes)" $((asked + 1)) "it is asked for once"
set_service '{"access_lifetime":5}'
bounded "$TOOL" token
five=$out
is "$rc:$(control check "{\"access_token\":\"$five\"}" | jq .valid)" 0:true \
    "a token of 5 s is served"
set_service '{"access_lifetime":600}'
for odd in '"soon"' null '[]' '{}' true '"-"' '""' '"6 0"'; do
    set_service "{\"override\":{\"token:expires_in\":$odd}}"
    bounded "$TOOL" refresh
    bounded "$TOOL" status --json
    is "$rc:$(jq .access_token_expires_at <<<"$out")" 0:null \
        "expires_in $odd: as if not said, no local expiry"
done
set_service '{"override":null,"omit":["token:expires_in"]}'
bounded "$TOOL" refresh
bounded "$TOOL" status --json
is "$rc:$(jq .access_token_expires_at <<<"$out")" 0:null \
    "no expires_in: no local expiry"
set_service '{"omit":["token:refresh_token"]}'
before=$(stored '.records[0] | [.refresh_token, .refresh_token_expires_at]')
bounded "$TOOL" refresh
is "$rc:$(stored '.records[0]|[.refresh_token,.refresh_token_expires_at]')" \
    "0:$before" "no refresh_token: the old one stays"
set_service '{"omit":null}'
bounded "$TOOL" refresh
is "$rc" 0 "and is good"
isnt "$(stored '.records[0] | [.refresh_token, .refresh_token_expires_at]')" \
    "$before" "until one comes again"
set_service '{"override":{"token:scope":7,"token:org_name":["x"],
    "token:refresh_token_expires_in":"x","token:authorization_expires_in":{},
    "token:new":{"a":[{}]}}}'
bounded "$TOOL" refresh
is "$rc" 0 "what is not needed may be of any type"
set_service '{"override":null}'

set_service '{"numbers_as_strings":true}'
person
sign_in
like "$out" '"expires_in":600' "numbers as strings: login"
is "$(stored '.records[0].access_token_lifetime')" 600000 \
    "numbers as strings: the token's lifetime"
bounded "$TOOL" refresh
is "$rc:$(stored '.records[0].access_token_lifetime')" 0:600000 \
    "numbers as strings: refresh"
set_service '{"numbers_as_strings":false,"omit":["interval","expires_in",
    "refresh_token_expires_in","authorization_expires_in","org_id",
    "org_name","scope","token_type","verification_uri_complete"]}'
person
check "only what is required: login" sign_in
is "$(head -1 <<<"$out" | jq -c '[.verification_uri_complete,.expires_in]')" \
    '[null,600]' "only what is required: the code's lifetime is the usual one"
bounded "$TOOL" status --json
is "$(jq -c '[.authenticated,.org_id,.access_token_expires_at]' <<<"$out")" \
    '[true,"",null]' "only what is required: status"
bounded "$TOOL" token
is "$rc" 0 "only what is required: token"
set_service '{"omit":null}'

# ---- the refresh token is gone ----------------------------------------------

# gone NAME PATTERN: a renewal that only the person can mend
gone() {
    local before
    before=$(stored '.records[0] | [.access_token, .refresh_token]')
    bounded "$TOOL" refresh
    is "$rc:$(lines):$out" 3:1: "$1: exit 3, one line"
    like "$err" "sign-in to Parallel for Acme has ended.*run: .*login" \
        "$1: sign in again"
    is "$(stored '.records[0] | [.access_token, .refresh_token]')" \
        "$before" "$1: nothing is deleted"
}
# A lost answer has spent the refresh token, and coming with it again ends
# everything: the rule of a service that watches for reuse.
for kind in reset-after reset-mid truncate; do
    person
    check "sign in before $kind" sign_in
    old=$(stored '.records[0].refresh_token')
    token=$("$TOOL" token)
    trouble token:refresh "\"kind\":\"$kind\""
    bounded "$TOOL" refresh
    is "$rc:$(lines)" 4:1 "$kind: exit 4, one line"
    like "$err" "no complete answer|not JSON" "$kind: it says so"
    is "$(stored '.records[0].refresh_token'):$("$TOOL" token)" \
        "$old:$token" "$kind: the token is served as long as it lives"
    gone "after $kind"
    asked=$(refreshes)
    expire_token
    bounded "$TOOL" token
    is "$rc:$(refreshes)" "3:$asked" \
        "after $kind: then it is known, and not asked again"
    bounded "$TOOL" status --json
    is "$rc:$(jq -r .authenticated <<<"$out")" 3:false \
        "after $kind: status knows it"
    check "after $kind: sign in again" sign_in
    check "after $kind: all is well" "$TOOL" refresh
done

person
check "sign in" sign_in
token=$("$TOOL" token)
trouble token:refresh '"kind":"error","error":"invalid_client","status":401'
gone "invalid_client"
calm
is "$("$TOOL" token)" "$token" "invalid_client: the token is still served"
bounded "$TOOL" refresh
is "$rc" 0 "invalid_client: a person may try again"
control forget-clients >/dev/null
gone "clients forgotten"
registered=$(counts register)
check "clients forgotten: login" sign_in
is "$(counts register)" $((registered + 1)) "clients forgotten: registers anew"

# ---- sign in: registration and code -----------------------------------------

# login_case NAME STATUS ID PATTERN ENDPOINT TROUBLE
login_case() {
    local name="login, $1"
    person
    trouble "$5" "$6"
    login
    calm
    is "$rc:$(verdict):$(wc -l <<<"$out"):$err" "$2:$3:1:" \
        "$name: exit $2, $3"
    like "$(jq -r .message <<<"$out")" "$4" "$name: it says so"
    is "$(stored '.records | length' 2>/dev/null || echo 0)" 0 \
        "$name: nothing is stored"
}
for at in register code; do
    login_case "$at: 500" 4 status "answered 500" $at \
        '"kind":"status","status":500'
    login_case "$at: HTML" 4 reply "HTML, not JSON" $at '"kind":"html"'
    login_case "$at: {}" 4 reply "client_id|device_code" $at "$(body '{}')"
    login_case "$at: an error" 3 invalid_request "invalid_request" $at \
        '"kind":"error","error":"invalid_request"'
    [ $at = code ] || continue
    login_case "$at: reset" 4 lost "$host" $at '"kind":"reset"'
    login_case "$at: reset in the middle" 4 lost "$host" $at \
        '"kind":"reset-mid"'
    login_case "$at: half" 4 reply "not JSON" $at '"kind":"truncate"'
    login_case "$at: 302" 4 status "302 \(a redirect\)" $at \
        "\"kind\":\"status\",\"status\":302,\"location\":\"$HTTP_API_URL/x\""
    login_case "$at: 401" 4 status "answered 401" $at \
        '"kind":"status","status":401'
    login_case "$at: 403" 4 status "answered 403" $at \
        '"kind":"status","status":403'
    login_case "$at: 429" 4 rate_limit "too many requests" $at \
        '"kind":"status","status":429,"retry_after":"60"'
    login_case "$at: empty" 4 reply "with nothing" $at '"kind":"empty"'
    login_case "$at: null" 4 reply "not JSON" $at '"kind":"null"'
    login_case "$at: garbage" 4 reply "not JSON" $at '"kind":"garbage"'
done
is "$(counts data other)" "0 0" "no redirect was followed"
# overridden FIELD VALUE: a reply with that in it is of no use to login
overridden() {
    person
    set_service "{\"override\":{\"$1\":$2}}"
    login
    set_service '{"override":null}'
    is "$rc:$(verdict)" 4:reply "login, $1 $2: exit 4"
    like "$(tail -1 <<<"$out" | jq -r .message)" "\"${1#*:}\"" \
        "login, $1 $2: it names the field"
    is "$(wc -l <<<"$out")" 1 "login, $1 $2: no address is shown"
}
for wrong in 5 '""' '"a b"' '"\u001b[31m"'; do
    overridden register:client_id "$wrong"
    overridden device:device_code "$wrong"
done
for wrong in 5 '""' '" "' '"AB\u001b[31mCD"' '"AB\u202eCD"' \
    '"\u009b2J"' "\"$(printf 'A%.0s' {1..65})\""; do
    overridden device:user_code "$wrong"
done
for wrong in 5 '"platform.example/device"' \
    '"http://platform.example/device"' '"javascript:alert(1)"' \
    '"file:///etc/passwd"' \
    '"http://127.0.0.1.example/"' '"http://127.0.0.1@evil.example/"' \
    '"https://platform.example/\u001b]0;x\u0007"' \
    '"https://platform.example/\u202e"' '"https://x/\nhttps://y/"'; do
    overridden device:verification_uri "$wrong"
done
for wrong in 5 '"http://platform.example/device"' '"javascript:alert(1)"' \
    '"https://x/\u001b[31m"'; do
    person
    set_service "{\"override\":{\"device:verification_uri_complete\":$wrong}}"
    sign_in
    set_service '{"override":null}'
    is "$rc:$(head -1 <<<"$out" | jq -c .verification_uri_complete)" 0:null \
        "verification_uri_complete $wrong is left out, login goes on"
done
person
set_service '{"override":{"device:verification_uri":"https://x.example/d"}}'
sign_in
set_service '{"override":null}'
is "$(head -1 <<<"$out" | jq -r .verification_uri)" https://x.example/d \
    "an https address is shown as it came"

person
configure "${SHORT[@]}"
for at in register code; do
    for kind in hang drip; do
        trouble $at "\"kind\":\"$kind\""
        login
        calm
        is "$rc:$(verdict)" 4:lost "login, $at: $kind: exit 4"
        like "$out" "did not answer within 2.5 s" \
            "login, $at: $kind: names the limit"
    done
done
trouble code '"kind":"status","status":500'
bounded "$TOOL" login --no-browser
is "$rc:$out:$(lines)" 4::1 "login without --json: exit 4, one line"
like "$err" "^parallel-credential: $host answered 500" "and it says so"
calm

# A client id that is no longer known is replaced once.
person
check "sign in" sign_in
old=$(stored '.clients[]')
control forget-clients >/dev/null
before=$(counts register code)
check "clients forgotten: login goes on" sign_in
is "$(counts register code)" \
    "$((${before% *} + 1)) $((${before#* } + 2))" \
    "clients forgotten: one registration, one more code"
isnt "$(stored '.clients[]')" "$old" "clients forgotten: the new id is kept"
before=$(counts register code)
trouble code '"kind":"error","error":"invalid_client","status":401,"times":-1'
login
calm
is "$rc:$(verdict)" 3:invalid_client "invalid_client for ever: exit 3"
is "$(counts register code)" \
    "$((${before% *} + 1)) $((${before#* } + 2))" \
    "invalid_client for ever: one registration"
person 'client_id = from-the-administrator'
before=$(counts register)
login
is "$rc:$(verdict)" 3:invalid_client "a configured client id, unknown: exit 3"
is "$(counts register)" "$before" "a configured client id is not replaced"

# ---- sign in: polls ---------------------------------------------------------

# poll_case NAME TROUBLE: trouble at a poll; login goes on and gets there
poll_case() {
    local polls
    person
    polls=$(counts token_device)
    trouble token:device "$2"
    check "login, poll: $1: goes on" sign_in
    calm
    check "login, poll: $1: asked again" \
        test "$(counts token_device)" -ge $((polls + 2))
    check "login, poll: $1: signed in" "$TOOL" refresh
}
poll_case "reset" '"kind":"reset"'
poll_case "301" \
    "\"kind\":\"status\",\"status\":301,\"location\":\"$HTTP_API_URL/x\""
poll_case "401" '"kind":"status","status":401'
poll_case "403" '"kind":"status","status":403'
poll_case "429" '"kind":"status","status":429'
poll_case "500" '"kind":"status","status":500'
poll_case "HTML" '"kind":"html"'
poll_case "an empty body" '"kind":"empty"'
poll_case "null" '"kind":"null"'
poll_case "garbage" '"kind":"garbage"'
poll_case "a huge body" '"kind":"huge","bytes":5000000'
poll_case "no token in it" "$(body '{"token_type":"Bearer"}')"
poll_case "server_error" \
    '"kind":"error","error":"server_error","status":500'
usual=("${LIMITS[@]}")
LIMITS=("${SHORT[@]}")
poll_case "no answer" '"kind":"hang"'
poll_case "a slow drip" '"kind":"drip","ms":20'
LIMITS=("${usual[@]}")
is "$(counts data other):$(state .polls_too_fast)" "0 0:0" \
    "no redirect was followed, no poll came too soon"

# The grant itself lost: the code is used up, and a person has to know.
for kind in reset-after reset-mid truncate; do
    person
    set_service '{"approve_after":0}'
    trouble token:device "\"kind\":\"$kind\""
    login
    set_service '{"approve_after":null}'
    is "$rc:$(verdict)" 3:invalid_grant "the grant lost by $kind: exit 3"
    like "$(tail -1 <<<"$out" | jq -r .message)" "sign in again" \
        "the grant lost by $kind: sign in again"
    like "$(tail -1 <<<"$out" | jq -r .message)" "the answer .* was of no use" \
        "the grant lost by $kind: it says so"
    is "$(stored '.records | length')" 0 "the grant lost by $kind: no record"
    check "the grant lost by $kind: signing in again works" sign_in
done
for field in access_token refresh_token org_id token_type; do
    person
    set_service "{\"override\":{\"token:$field\":\"a\\u001b]0;x\\u0007 b\"},
        \"approve_after\":0}"
    login
    set_service '{"override":null,"approve_after":null}'
    is "$rc:$(verdict)" 3:invalid_grant \
        "a grant with a bad $field is not taken: exit 3"
    like "$(tail -1 <<<"$out" | jq -r .message)" \
        "was of no use .the token server sent .* in .$field.*sign in again" \
        "a bad $field: it says what was wrong"
    is "$(stored '.records | length')" 0 "a bad $field: no record"
done

# decided CALL STATUS ID PATTERN: with --json and without
decided() {
    local each
    for each in --json --quiet; do
        person
        control "$1" '{"user_code":"any","wait_ms":20000}' >/dev/null &
        bounded "$TOOL" login --no-browser $each
        wait $!
        is "$rc" "$2" "$1, $each: exit $2"
    done
    person
    control "$1" '{"user_code":"any","wait_ms":20000}' >/dev/null &
    login
    wait $!
    is "$(verdict)" "$3" "$1: id $3"
    like "$(tail -1 <<<"$out" | jq -r .message)" "$4" "$1: it says so"
    is "$(stored '.records | length')" 0 "$1: nothing is stored"
}
decided deny 3 access_denied "refused; nothing has changed"
decided expire 5 expired_token "run out without an approval"
set_service '{"code_lifetime":1}'
person
polls=$(counts token_device)
login
is "$rc:$(verdict)" 5:expired_token "nobody approves: the code's own end"
check "an interval of 0 is no reason to poll without a pause" \
    test $(($(counts token_device) - polls)) -le 12
trouble token:device '"kind":"html","status":404,"times":-1'
person
login
calm
is "$rc:$(verdict)" 5:expired_token "no poll is answered: the code's own end"
like "$(tail -1 <<<"$out" | jq -r .message)" \
    "run out without an approval; .*answered 404 with HTML" "and it says why"
# An interval that is longer than what is left: the service has the last word.
set_service '{"code_lifetime":600,"override":{"device:interval":3,
    "device:expires_in":2}}'
person
polls=$(counts token_device)
{ reaches token_device $((polls + 1)) 20000 &&
    control approve '{"user_code":"any"}'; } >/dev/null &
login
wait $!
is "$rc:$(verdict):$(counts token_device)" "0:authenticated:$((polls + 2))" \
    "an approval after the last poll before the end is not lost"
set_service '{"override":null}'
set_service '{"code_lifetime":600,"omit":["interval"]}'
person
polls=$(counts token_device)
"$TOOL" login --json --no-browser >"$WORK/run.out" 2>&1 </dev/null &
login=$!
background+=("$login")
check "no interval: the first poll comes at once" \
    reaches token_device $((polls + 1)) 20000
check "no interval: the second does not, for 5 s are the rule" \
    fails reaches token_device $((polls + 2)) 3000
kill -TERM $login
wait $login
set_service '{"omit":null}'

# slow_down: 5 s more between polls, for good.
person
trouble token:device '"kind":"error","error":"slow_down"'
first=$(counts token_device)
control approve '{"user_code":"any","wait_ms":20000}' >/dev/null &
PATIENCE=30 login
wait $!
is "$rc:$(counts token_device)" "0:$((first + 2))" "slow_down: goes on"
check "slow_down: the next poll comes 5 s later" jq -se \
    'map(select(.endpoint == "token_device"))[-2:] |
     .[1].ms - .[0].ms >= 5000' "$WORK/sandbox/requests.log"

# ---- what is shown ----------------------------------------------------------

# clean NAME FILE...: no control characters, no bidi marks, but line feeds
clean() {
    local name=$1
    shift
    if LC_ALL=C grep -qaP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|'`
        `'\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf' "$@"
    then
        not_ok "$name: shown without control characters" \
            "$(cat -v "$@" | head -c 1000)"
    else
        ok "$name: shown without control characters"
    fi
}
shown() {
    clean "$1" "$WORK/run.out" "$WORK/run.err"
}
EVIL='\u001b]0;owned\u0007\u001b[31m\u202eevil\u200f\u061c\u0085\u009b2J\u007f'
EVIL="$EVIL\\u2066\\u2028\\ufeff\\r\\b"
if printf '\033' | grep -qP '\x1b' && ! printf a | grep -qP '\x1b'; then
    person
    set_service "{\"override\":{\"token:org_name\":\"Acme $EVIL\"}}"
    sign_in
    shown "login --json, org_name"
    like "$out" 'Acme .*evil' "and the rest of it is shown"
    control approve '{"user_code":"any","wait_ms":20000}' >/dev/null &
    bounded "$TOOL" login --no-browser
    wait $!
    is "$rc" 0 "login without --json, such an org_name"
    shown "login, org_name"
    for each in status "status --json" "refresh" "logout"; do
        # shellcheck disable=SC2086
        bounded "$TOOL" $each
        shown "$each, org_name"
    done
    sign_in
    control revoke "{\"family\":$(state '.families[-1].family')}" >/dev/null
    bounded "$TOOL" refresh
    is "$rc" 3 "revoked: exit 3"
    shown "sign in again, org_name"
    set_service '{"override":null}'

    # Text in errors, at each place where one can stand.
    person
    sign_in
    for at in register code token:device token:refresh revoke; do
        new="\"kind\":\"error\",\"error\":\"bad$EVIL\""
        trouble "$at" "$new,\"description\":\"why $EVIL\",\"times\":-1"
        case $at in
        token:refresh) bounded "$TOOL" refresh ;;
        revoke) bounded "$TOOL" logout ;;
        *)
            person
            bounded "$TOOL" login --no-browser
            shown "login, an error at $at"
            login
            ;;
        esac
        calm
        isnt "$rc" 0 "an error at $at: it fails"
        like "$out$err" "bad.*why" "an error at $at: both texts are shown"
        shown "an error at $at"
        [ "$at" != token:device ] || { person && sign_in; }
    done
    # The person's page: the address is shown only when it is harmless.
    person
    set_service "{\"override\":{\"device:user_code\":\"A$EVIL\"}}"
    bounded "$TOOL" login --no-browser
    shown "login, user_code"
    set_service "{\"override\":{
        \"device:verification_uri\":\"https://x/$EVIL\"}}"
    bounded "$TOOL" login --no-browser
    shown "login, verification_uri"
    set_service '{"override":null}'
    # What the service says never brings back what was sent.
    person
    sign_in
    secret=$(stored '.records[0].refresh_token')
    trouble token:refresh "\"kind\":\"error\",\"error\":\"invalid_request\",
        \"description\":\"unknown token $secret\""
    bounded "$TOOL" refresh
    is "$rc" 3 "an error that repeats the token: exit 3"
    unlike "$out$err" "${secret:0:12}" "the token is not shown"
    calm
else
    skip "what is shown" "this grep knows no -P"
fi

# Names from the service are never paths.
person
control approve '{"user_code":"any","wait_ms":20000,
    "org_id":"../../../../escape","org_name":"../../up"}' >/dev/null &
login
wait $!
is "$rc:$(tail -1 <<<"$out" | jq -r .org_id)" "0:../../../../escape" \
    "an org_id with ../ is only a name"
for each in token status refresh; do
    bounded "$TOOL" $each --org ../../../../escape
    is "$rc" 0 "--org with ../: $each"
done
is "$(find "$WORK/person$person_count" -type f | sort)" \
    "$(printf '%s\n' "$CONF" "$STATE/lock" "$STORE" \
        "${SESSION%/*}/renewing" "$SESSION" | sort)" \
    "no file but the usual ones"
is "$(find "$WORK" -name '*escape*' -o -name '*up' | wc -l)" 0 \
    "nothing outside"

# ---- sign out ---------------------------------------------------------------

# logout_case NAME PATTERN TROUBLE [short]
logout_case() {
    configure "${LIMITS[@]}"
    sign_in
    [ $# -eq 3 ] || configure "${SHORT[@]}"
    trouble revoke "$3"
    bounded "$TOOL" logout
    calm
    is "$rc:$(lines)" 4:1 "logout, $1: exit 4, one line"
    like "$err" "signed out on this machine, but .*$2" \
        "logout, $1: says what could not be done"
    bounded "$TOOL" token
    is "$rc" 3 "logout, $1: signed out here all the same"
}
person
logout_case "reset" "$host" '"kind":"reset"'
logout_case "reset after" "$host" '"kind":"reset-after"'
logout_case "301" "301 \(a redirect\)" \
    "\"kind\":\"status\",\"status\":301,\"location\":\"$HTTP_API_URL/x\""
logout_case "401" "answered 401" '"kind":"status","status":401'
logout_case "403" "answered 403" '"kind":"status","status":403'
logout_case "429" "too many requests" '"kind":"status","status":429'
logout_case "500" "answered 500" '"kind":"status","status":500'
logout_case "HTML of a gateway" "answered 502 with HTML" \
    '"kind":"html","status":502'
logout_case "no answer" "did not answer within 2.5 s" '"kind":"hang"' short
logout_case "a slow drip" "did not answer within 2.5 s" '"kind":"drip"' short
configure "${LIMITS[@]}"
for kind in empty null html; do
    sign_in
    trouble revoke "\"kind\":\"$kind\""
    bounded "$TOOL" logout
    is "$rc" 0 "logout, 200 with whatever body ($kind): done"
    calm
done
sign_in
trouble revoke '"kind":"error","error":"invalid_grant"'
bounded "$TOOL" logout
is "$rc" 0 "logout, the token is not known any more: done"
calm
is "$(counts data other)" "0 0" "no redirect was followed"

# ---- certificates -----------------------------------------------------------

# all_requests: everything that the platform has been asked
use_https
for trust in "ca_file = $CA_FILE" "ca_directory = $CA_DIR"; do
    name=${trust%% *}
    person "$trust"
    check "TLS, $name: sign in" sign_in
    check "TLS, $name: refresh" "$TOOL" refresh
    # The token was given by a service that nobody can vouch for any more.
    token=$("$TOOL" token)
    before=$(cat "$STORE")
    asked=$(requests)
    configure "${LIMITS[@]}"
    bounded "$TOOL" refresh
    is "$rc:$(lines)" 4:1 "TLS, $name taken away: exit 4, one line"
    like "$err" "cannot verify ${HTTPS_PLATFORM_URL#*//}: .*certificate" \
        "TLS, $name taken away: names host and certificate"
    is "$(requests):$(cat "$STORE"):$("$TOOL" token)" \
        "$asked:$before:$token" \
        "TLS, $name taken away: nothing sent, nothing lost"
    configure "${LIMITS[@]}" "$trust"
    check "TLS, $name back: all is well" "$TOOL" refresh
done
# bad_certificate URL WHY
bad_certificate() {
    local name=$2 asked
    person "ca_file = $CA_FILE"
    check "TLS, $name: sign in elsewhere" sign_in_keyless
    asked=$(requests)
    PARALLEL_PLATFORM_URL=$1 login
    is "$rc:$(verdict)" 4:certificate "TLS, $name: login: exit 4"
    like "$out" "cannot verify ${1#*//}: its certificate .*$name" \
        "TLS, $name: login names host and certificate"
    edit_store --arg url "$1" '.records[].issuer = $url |
        .selected.issuer = $url'
    before=$(cat "$STORE")
    for each in refresh logout; do
        PARALLEL_PLATFORM_URL=$1 bounded "$TOOL" $each
        is "$rc:$(lines)" 4:1 "TLS, $name: $each: exit 4, one line"
        like "$err" "cannot verify ${1#*//}: its certificate .*$name" \
            "TLS, $name: $each names host and certificate"
        [ $each = logout ] ||
            is "$(cat "$STORE")" "$before" "TLS, $name: nothing is lost"
    done
    is "$(requests)" "$asked" "TLS, $name: nothing was sent"
}
bad_certificate "$EXPIRED_URL" "expired"
bad_certificate "$WRONGHOST_URL" "another host"
bad_certificate "$UNKNOWNCA_URL" "unknown issuer"
person
for missing in "ca_file = $WORK/none.pem" "ca_directory = $WORK/none"; do
    configure "${LIMITS[@]}" "$missing"
    login
    is "$rc:$(verdict)" 4:certificate "a missing ${missing%% *}: exit 4"
done
use_http

# ---- the way there ----------------------------------------------------------

# A token goes to the issuer that gave it, and to no other.
person "ca_file = $CA_FILE"
sign_in
asked=$(requests)
PARALLEL_PLATFORM_URL=$HTTPS_PLATFORM_URL bounded "$TOOL" refresh
is "$rc:$(requests)" "3:$asked" "another platform: not signed in there"

# Plain http leaves this machine never, not even for a name to be asked.
if command -v strace >/dev/null && strace -o "$WORK/trace" true 2>/dev/null
then
    # reached COMMAND...: run; the connections and messages out in $reached
    reached() {
        bounded strace -f -qq -o "$WORK/trace" \
            -e trace=connect,sendto,sendmsg,sendmmsg "$@"
        reached=$(grep -E 'AF_INET' "$WORK/trace")
    }
else
    reached() {
        bounded "$@"
        reached=''
    }
    skip "who is asked" "no strace here"
fi
for url in http://192.0.2.1 http://192.0.2.1:8080/x http://platform.example \
    http://localhost.example http://127.0.0.1.example 'http://[2001:db8::1]' \
    http://0.0.0.0:1 http://2130706433 http://127.1 http://017700000001; do
    for name in PLATFORM SERVICE_API API; do
        reached env "PARALLEL_${name}_URL=$url" "$TOOL" login --json
        is "$rc:$(wc -l <<<"$out"):$reached" 2:1: \
            "$url as PARALLEL_${name}_URL: exit 2, nothing asked"
        [ "$url" = http://192.0.2.1 ] || break
    done
    like "$out" "plain http is only for this machine" "$url: it says why"
done
for url in ftp://127.0.0.1 127.0.0.1 //127.0.0.1 file:///etc/passwd \
    https:// https://a@127.0.0.1 'https://127.0.0.1/?x' https://a..b:0 \
    'https://a b' https://a:65536; do
    reached env "PARALLEL_PLATFORM_URL=$url" "$TOOL" login --json
    is "$rc:$(wc -l <<<"$out"):$reached" 2:1: \
        "$url: exit 2, nothing asked"
    like "$out" "PARALLEL_PLATFORM_URL|platform_url" "$url: it says where"
done
# Nor does a token whose issuer somebody has changed in the store.
edit_store '.records[].issuer = "http://192.0.2.1" |
    .selected.issuer = "http://192.0.2.1"'
before=$(cat "$STORE")
reached env -u PARALLEL_PLATFORM_URL "$TOOL" refresh
is "$reached:$(cat "$STORE")" ":$before" "a stored issuer with plain http"
isnt "$rc" 0 "is not asked"

if ! python3 -c 'import socket' 2>/dev/null; then
    skip "odd ports" "no python3 here"
    finish
fi
PORTS=$(cd "$(dirname "$0")" && pwd)/ports.py
# open_port KIND: its number in $port
open_port() {
    in_background python3 "$PORTS" "$1" "$WORK/$1.port" >/dev/null 2>&1
    wait_until 20 test -s "$WORK/$1.port" || {
        echo "Bail out! no port: $1"
        exit 1
    }
    port=$(cat "$WORK/$1.port")
}
# way_case NAME URL PATTERN: login and refresh end at once and say why
way_case() {
    person "ca_file = $CA_FILE"
    sign_in
    configure "${BLOCKED[@]}" "ca_file = $CA_FILE"
    edit_store --arg url "$2" '.records[].issuer = $url |
        .selected.issuer = $url'
    before=$(cat "$STORE")
    PARALLEL_PLATFORM_URL=$2 bounded "$TOOL" refresh
    is "$rc:$(lines):$(cat "$STORE")" "4:1:$before" \
        "$1, refresh: exit 4, one line, nothing lost"
    like "$err" "^parallel-credential: cannot reach ${2#*//}$3" \
        "$1, refresh: it says so"
    PARALLEL_PLATFORM_URL=$2 login
    is "$rc:$(verdict)" 4:network "$1, login: exit 4"
}
open_port closed
closed=$port
way_case "nobody listens" "http://127.0.0.1:$port" ": Connection refused"
way_case "nobody listens, TLS" "https://localhost:$port" ": Connection refused"
open_port full
way_case "a connection is not taken" "http://127.0.0.1:$port" " within 0.7 s"
open_port silent
way_case "TLS is not answered" "https://localhost:$port" " within 0.7 s"
way_case "a port that speaks no TLS" \
    "https://localhost:${HTTP_PLATFORM_URL##*:}" ": .*"

# A proxy is for other machines; this one is asked directly.
for how in configured http_proxy ALL_PROXY; do
    if [ $how = configured ]; then
        person "proxy = http://127.0.0.1:$closed"
        check "a dead proxy, $how: sign in to this machine" sign_in
        check "a dead proxy, $how: refresh" "$TOOL" refresh
        continue
    fi
    person
    export $how="http://127.0.0.1:$closed"
    control approve '{"user_code":"any","wait_ms":20000}' >/dev/null &
    login
    wait $!
    is "$rc" 0 "a dead proxy, $how: sign in to this machine"
    unset $how
done
open_port proxy
for how in configured https_proxy; do
    person
    : >"$WORK/proxy.port.log"
    if [ $how = configured ]; then
        configure "${LIMITS[@]}" "proxy = http://127.0.0.1:$port"
        reached env PARALLEL_PLATFORM_URL=https://platform.example \
            "$TOOL" login --json
    else
        reached env "https_proxy=http://127.0.0.1:$port" \
            PARALLEL_PLATFORM_URL=https://platform.example \
            "$TOOL" login --json
    fi
    is "$rc:$(verdict)" 4:network "proxy, $how: it refuses: exit 4"
    like "$(head -1 "$WORK/proxy.port.log")" \
        '^CONNECT platform\.example:443 HTTP' "proxy, $how: it was asked"
    is "$(grep -vc "htons($port)" <<<"${reached:-htons($port)}")" 0 \
        "proxy, $how: and nobody else"
done
person "proxy = http://127.0.0.1:$closed"
PARALLEL_PLATFORM_URL=https://platform.example login
is "$rc:$(verdict)" 4:network "a dead proxy: exit 4"
like "$out" "cannot reach the proxy 127\.0\.0\.1:$closed on the way to \
platform\.example: Connection refused" "a dead proxy: it says so"

# A name server that does not answer: libc alone would wait for 10 s.
private_net=(unshare -nm --propagation private)
[ "$(id -u)" -eq 0 ] || private_net+=(-r)
echo 'nameserver 127.0.0.1' >"$WORK/resolv.conf"
echo 'hosts: files dns' >"$WORK/nsswitch.conf"
cat >"$WORK/mute" <<'EOF'
mount --bind "$1/resolv.conf" /etc/resolv.conf || exit 99
mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf || exit 99
shift
exec "$@"
EOF
mute() {
    bounded "${private_net[@]}" sh "$WORK/mute" "$WORK" \
        python3 "$PORTS" nameserver "$@"
}
mute true
if [ "$rc" -ne 0 ]; then
    skip "a mute name server" "no network namespace of our own here"
else
    person
    sign_in
    configure "${BLOCKED[@]}"
    edit_store '.records[].issuer = "https://mute.example" |
        .selected.issuer = "https://mute.example"'
    before=$(cat "$STORE")
    export PARALLEL_PLATFORM_URL=https://mute.example
    for each in "login --json" refresh; do
        started=$SECONDS
        # shellcheck disable=SC2086
        mute "$TOOL" $each
        check "a mute name server, $each: in time" \
            test $((SECONDS - started)) -lt 8
        is "$rc" 4 "a mute name server, $each: exit 4"
        like "$out$err" "cannot reach mute.example within 0.7 s" \
            "a mute name server, $each: it says so"
    done
    is "$(cat "$STORE")" "$before" "a mute name server: nothing is lost"
    use_http
fi

# ---- memory -----------------------------------------------------------------

person
sign_in
# Room for the programs as they are, and some 30 MB.
room=$({ (ulimit -v 1000000 && exec "$BROKER" status) >/dev/null &&
    cat /proc/sys/vm/overcommit_memory; } 2>/dev/null)
if [ -z "$room" ]; then
    skip "memory" "these programs do not run with a limit on memory"
else
    # narrow COMMAND...: as narrow as the program can run at all, and a bit
    least=20000
    until (ulimit -v $least && exec "$BROKER" refresh) >/dev/null 2>&1; do
        least=$((least + 10000))
    done
    narrow() {
        (ulimit -v $((least + 30000)) && exec timeout 60 "$@")
    }
    for endpoint in token:refresh code token:device revoke; do
        trouble $endpoint '"kind":"huge","bytes":104857600'
        case $endpoint in
        token:refresh) run narrow "$BROKER" refresh ;;
        revoke) run narrow "$BROKER" logout ;;
        token:device)
            control approve '{"user_code":"any","wait_ms":20000}' \
                >/dev/null &
            run narrow "$BROKER" login --json --no-browser
            wait $!
            is "$rc" 0 "a body of 100 MB at a poll: goes on, in little room"
            continue
            ;;
        *) run narrow "$BROKER" login --json --no-browser ;;
        esac
        is "$rc" 4 "a body of 100 MB, $endpoint: exit 4"
        like "$out$err" "too large" "a body of 100 MB, $endpoint: it says so"
    done
    calm
fi
finish
