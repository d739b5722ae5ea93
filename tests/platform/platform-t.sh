#!/bin/bash
# Proves the rules of the sandbox platform, from outside. Prints TAP.
#
#   PLATFORM=/path/to/platform tests/platform/platform-t.sh
# shellcheck disable=SC2119,SC2120
set -u

: "${PLATFORM:?the path of the built platform}"
DIR=$(mktemp -d) || exit 1
PID=
SECRETS=$DIR/secrets # all that was ever given out, to look for in the logs
DEVICE=urn:ietf:params:oauth:grant-type:device_code
FORM=application/x-www-form-urlencoded
ALL='keys:read keys:create keys:delete apps:read apps:create apps:delete balance:read balance:add'

finish() {
    [ -z "$PID" ] || kill "$PID" 2>/dev/null
    rm -rf "$DIR"
}
trap finish EXIT

# --- TAP ---------------------------------------------------------------

count=0
failed=0

# is NAME EXPECTED ACTUAL
is() {
    count=$((count + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $count - $1"
    else
        failed=$((failed + 1))
        echo "not ok $count - $1"
        printf '# expected: %s\n# got:      %s\n' "$2" "$3"
    fi
}

# like NAME PATTERN ACTUAL
like() {
    # shellcheck disable=SC2053
    if [[ $3 == $2 ]]; then is "$1" yes yes; else is "$1" "$2" "$3"; fi
}

# --- talking to it ------------------------------------------------------

# Sets BODY, STATUS, EXIT. Arguments are curl's.
ask() {
    BODY=$(curl -s --max-time 10 -w '\n%{http_code}' "$@")
    EXIT=$?
    STATUS=${BODY##*$'\n'}
    BODY=${BODY%$'\n'*}
}

field() {
    jq -r ".$1" <<<"$BODY" 2>/dev/null
}

# ctl PATH [JSON]: a control call that must work.
ctl() {
    if [ $# -gt 1 ]; then ask -d "$2" "$CONTROL_URL$1"; else ask "$CONTROL_URL$1"; fi
}

state() {
    curl -s "$CONTROL_URL/state" | jq -c ".$1"
}

fresh() {
    ctl /reset '{}'
}

# later SECONDS: by the clock of the platform, at once
later() {
    ctl /clock "{\"forward\":$1}"
}

register() {
    ask -H 'Content-Type: application/json' -d '{"client_name":"test"}' \
        "$HTTP_PLATFORM_URL/getServiceKeys/register"
    CLIENT=$(field client_id)
}

# device [SCOPE]: asks for a code; sets CODE and USER_CODE.
device() {
    ask -d "client_id=$CLIENT" --data-urlencode "scope=${1-$ALL}" \
        "$HTTP_PLATFORM_URL/getServiceKeys/device/code"
    CODE=$(field device_code)
    USER_CODE=$(field user_code)
    echo "$CODE" >>"$SECRETS"
}

poll() {
    ask -d "grant_type=$DEVICE" -d "client_id=$CLIENT" -d "device_code=$CODE" \
        "$@" "$HTTP_PLATFORM_URL/getServiceKeys/token"
}

take_tokens() {
    ACCESS=$(field access_token)
    if [ "$(field refresh_token)" != null ]; then
        REFRESH=$(field refresh_token)
    fi
    printf '%s\n%s\n' "$ACCESS" "$REFRESH" >>"$SECRETS"
}

# login [SCOPE]: the whole flow; sets CLIENT, ACCESS, REFRESH.
login() {
    register
    device "${1-$ALL}"
    ctl /approve "{\"user_code\":\"$USER_CODE\"}"
    poll
    take_tokens
}

# refresh [CURL ARGUMENTS]: with the current refresh token.
refresh() {
    ask -d grant_type=refresh_token -d "client_id=$CLIENT" \
        -d "refresh_token=$REFRESH" "$@" \
        "$HTTP_PLATFORM_URL/getServiceKeys/token"
}

account() {
    ask -H "Authorization: Bearer $ACCESS" "${@:2}" \
        "$HTTP_SERVICE_API_URL/service/v1/$1"
}

trouble() {
    ctl /trouble "$1"
}

start() {
    rm -f "$DIR/p/platform.env"
    "$PLATFORM" --dir "$DIR/p" "$@" &
    PID=$!
    for _ in {1..500}; do
        [ ! -e "$DIR/p/platform.env" ] || break
        sleep 0.01
    done
    # shellcheck disable=SC1091
    . "$DIR/p/platform.env"
}

# --- the tests ------------------------------------------------------------

t_files() {
    is "PID in platform.env" "$!" "$PID"
    is "platform.pid" "$PID" "$(cat "$DIR/p/platform.pid")"
    is "the hashed folder holds the CA under its hash" \
        "$(openssl x509 -hash -noout -in "$CA_FILE").0" "$(ls "$CA_DIR")"
    is "the bundle is the CA" "" "$(diff "$CA_FILE" "$CA_BUNDLE")"
    is "listens on loopback only" "" \
        "$(ss -Hltnp 2>/dev/null | grep "pid=$PID," | grep -v 127.0.0.1:)"
}

t_register() {
    local url=$HTTP_PLATFORM_URL/getServiceKeys/register
    local json='Content-Type: application/json'
    ask -H "$json" -d '{"client_name":"a","platform":{"machine":"x86_64"}}' "$url"
    is "register" 200 "$STATUS"
    like "register gives an id" "????????-*" "$(field client_id)"
    ask -H "$json" -d '{"platform":{}}' "$url"
    is "register: no name" 422 "$STATUS"
    is "register: where it is wrong" '["body","client_name"]' "$(jq -c '.detail[0].loc' <<<"$BODY")"
    ask -H "$json" -d '{"client_name":"a","platform":{"system":7}}' "$url"
    is "register: a number for text" 422 "$STATUS"
    ask -H "$json" -d '{"client_name":"a"' "$url"
    is "register: cut JSON" 422 "$STATUS"
    ask -H "$json" -d '{"client_name":"a"} x' "$url"
    is "register: something after the JSON" 422 "$STATUS"
    ask -d 'client_name=a' "$url"
    is "register: a form" 422 "$STATUS"
    ask "$url"
    is "register: GET" 405 "$STATUS"
    ask "$HTTP_PLATFORM_URL/nothing"
    is "an unknown path" 404 "$STATUS"
    ask -si -H "$json" -d '{"client_name":"a"}' "$url"
    like "replies are not stored" "*Cache-Control: no-store*Pragma: no-cache*" "$BODY"
}

t_code() {
    local url=$HTTP_PLATFORM_URL/getServiceKeys/device/code
    register
    device
    is "device code" 200 "$STATUS"
    is "device code: types" '["string","number","number","string","string","string"]' \
        "$(jq -c 'to_entries|sort_by(.key)|map(.value|type)' <<<"$BODY")"
    is "device code: times" '[600,5]' "$(jq -c '[.expires_in,.interval]' <<<"$BODY")"
    is "user code of consonants" 1 "$(grep -cE '^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$' <<<"$USER_CODE")"
    is "address of the page" "$HTTP_PLATFORM_URL/device?user_code=$USER_CODE" "$(field verification_uri_complete)"
    ask -d "client_id=$CLIENT&scope=keys%3Aread+apps%3Aread" "$url"
    is "plus and percent are decoded" '"keys:read apps:read"' "$(state 'pending[0].scope')"
    ask -d "client_id=$CLIENT" -d scope=keys:write "$url"
    is "an unknown scope" "400 invalid_scope" "$STATUS $(field error)"
    ask -d "client_id=$CLIENT&client_id=$CLIENT" "$url"
    is "a parameter twice" "400 invalid_request" "$STATUS $(field error)"
    ask -d "client_id=$CLIENT&scope=%zz" "$url"
    is "a bad escape" "400 invalid_request" "$STATUS $(field error)"
    ask -d "client_id=$CLIENT&scope=keys:rea%6" "$url"
    is "a cut escape" "400 invalid_request" "$STATUS $(field error)"
    ask -d "client_id=$CLIENT&scope=keys:rea%64" "$url"
    is "an escape at the end" 200 "$STATUS"
    ask -H 'Content-Type: application/json' -d '{}' "$url"
    is "JSON where a form is wanted" "400 invalid_request" "$STATUS $(field error)"
    ask -H 'Content-Type: text/plain' -d "client_id=$CLIENT" "$url"
    like "a form that is not called one" "400 invalid_request *$FORM" "$STATUS $(field error) $(field error_description)"
    ask -d scope=keys:read "$url"
    is "no client_id" "400 invalid_request" "$STATUS $(field error)"
    ask -d client_id=nobody "$url"
    is "an unknown client: 401, compact JSON" \
        '401 {"error":"invalid_client","error_description":"Unknown client_id"}' "$STATUS $BODY"
}

t_poll() {
    local other
    ctl /config '{"interval":30.5}'
    register
    other=$CLIENT
    register
    device
    is "a fractional interval is sent as given" 30.5 "$(field interval)"
    poll
    is "pending" "400 authorization_pending" "$STATUS $(field error)"
    later 30.5
    poll
    is "after the interval still pending" authorization_pending "$(field error)"
    CLIENT=$other poll
    is "a code is bound to its client" invalid_grant "$(field error)"
    CODE=unknown poll
    is "an unknown code" "400 invalid_grant" "$STATUS $(field error)"
    CLIENT=nobody poll
    is "an unknown client polls" "401 invalid_client" "$STATUS $(field error)"
    ctl /approve "{\"user_code\":\"${USER_CODE,,}\"}"
    is "approve" "200 approved" "$STATUS $(field state)"
    ctl /approve "{\"user_code\":\"$USER_CODE\"}"
    is "approve twice" 409 "$STATUS"
    later 30.5
    poll
    is "success" 200 "$STATUS"
    take_tokens
    is "success: types" \
        '[["access_token","string"],["authorization_expires_in",7776000],["expires_in",600],["org_id","org_one"],["org_name","One & Only"],["refresh_token","string"],["refresh_token_expires_in",604800],["scope","string"],["token_type","Bearer"]]' \
        "$(jq -c 'to_entries|sort_by(.key)|map([.key,(if (.key|IN("access_token","refresh_token","scope")) then (.value|type) else .value end)])' <<<"$BODY")"
    is "the scope that was asked for" "$ALL" "$(field scope)"
    later 30.5
    poll
    is "a code works once" "400 invalid_grant" "$STATUS $(field error)"
    device
    ctl /deny "{\"user_code\":\"$USER_CODE\"}"
    poll
    is "refused" "400 access_denied" "$STATUS $(field error)"
    device
    ctl /expire "{\"user_code\":\"$USER_CODE\"}"
    poll
    is "ended" "400 expired_token" "$STATUS $(field error)"
    ctl /approve "{\"user_code\":\"$USER_CODE\"}"
    is "approve an ended code" 409 "$STATUS"
    ctl /config '{"code_lifetime":60}'
    device
    later 60
    poll
    is "a code's lifetime" "expired_token" "$(field error)"
    ctl /approve '{"user_code":"XXXX-XXXX"}'
    is "approve: unknown code" 404 "$STATUS"
    ctl /deny '{"user_code":"XXXX-XXXX"}'
    is "deny: unknown code" 404 "$STATUS"
    ask -d grant_type=password "$HTTP_PLATFORM_URL/getServiceKeys/token"
    is "another grant" "400 unsupported_grant_type" "$STATUS $(field error)"
    ask -d client_id=x "$HTTP_PLATFORM_URL/getServiceKeys/token"
    is "no grant" "400 invalid_request" "$STATUS $(field error)"
}

t_slow_down() {
    ctl /config '{"interval":60}'
    register
    device
    poll
    poll
    is "too fast" "400 slow_down" "$STATUS $(field error)"
    is "too fast: counted" 1 "$(state polls_too_fast)"
    is "the interval grows by 5 s" 65 "$(state 'pending[0].interval')"
    ctl /approve "{\"user_code\":\"$USER_CODE\"}"
    later 64.91
    poll
    is "within the tolerance of the longer interval" 200 "$STATUS"
    device
    poll
    poll
    later 60.5
    poll
    is "the longer interval holds for good" slow_down "$(field error)"
    is "and grows again" 70 "$(state 'pending[0].interval')"
}

t_refresh() {
    local first
    login
    first=$REFRESH
    refresh
    is "refresh" 200 "$STATUS"
    take_tokens
    is "refresh rotates" yes "$([ "$first" != "$REFRESH" ] && echo yes)"
    ask -d grant_type=refresh_token -d "refresh_token=$REFRESH" "$HTTP_PLATFORM_URL/getServiceKeys/token"
    is "refresh without client_id" 200 "$STATUS"
    take_tokens
    is "the family's counters" '[2,3,3,true,null]' \
        "$(state 'families[0]|[.refreshes,.access_tokens,.live_access_tokens,.alive,.revoked_reason]')"
    is "the refresh token's id" "\"$(printf %s "$REFRESH" | sha256sum | cut -c1-8)\"" "$(state 'families[0].current_refresh_id')"
    is "the access token's id" "\"$(printf %s "$ACCESS" | sha256sum | cut -c1-8)\"" "$(state 'families[0].current_access_id')"
    account balance
    is "the newest access token is good" 200 "$STATUS"
    REFRESH=$first refresh
    is "a spent token" "400 invalid_grant" "$STATUS $(field error)"
    is "reuse ends the family" '[false,"reuse"]' "$(state 'families[0]|[.alive,.revoked_reason]')"
    refresh
    is "reuse ends the newest refresh token" invalid_grant "$(field error)"
    account balance
    is "reuse ends the access tokens" 401 "$STATUS"
    ctl /check "{\"access_token\":\"$ACCESS\"}"
    is "check: the access token" '{"valid":false,"family":null}' "$BODY"
    ctl /check "{\"refresh_token\":\"$REFRESH\"}"
    is "check: the refresh token" '{"valid":false,"family":null}' "$BODY"
    login
    is "another family is untouched" '[false,true]' "$(state 'families|map(.alive)')"
    first=$CLIENT
    register
    refresh
    is "refresh by another client" "400 invalid_grant" "$STATUS $(field error)"
    CLIENT=$first refresh
    is "which does no harm" 200 "$STATUS"
    REFRESH=nothing refresh
    is "an unknown refresh token" invalid_grant "$(field error)"
    CLIENT=nobody refresh
    is "refresh by an unknown client" "401 invalid_client" "$STATUS $(field error)"
}

t_lifetimes() {
    ctl /config '{"access_lifetime":60.4}'
    login
    is "the access lifetime is sent" 60.4 "$(field expires_in)"
    account balance
    is "an access token at first" 200 "$STATUS"
    later 60.4
    account balance
    is "an access token after its time" 401 "$STATUS"
    refresh
    is "can be refreshed" 200 "$STATUS"
    ctl /config '{"access_lifetime":600,"refresh_lifetime":60}'
    login
    later 60
    refresh
    is "a refresh token after its time" invalid_grant "$(field error)"
    is "is no reuse" '"refresh_expired"' "$(state 'families[-1].revoked_reason')"
    account balance
    is "its access token lives on" 200 "$STATUS"
    ctl /config '{"refresh_lifetime":604800,"authorization_lifetime":60}'
    login
    is "no token outlives the authorization" true \
        "$(jq '.expires_in<=60 and .refresh_token_expires_in<=60 and .authorization_expires_in<=60' <<<"$BODY")"
    refresh
    is "refresh within the authorization" 200 "$STATUS"
    take_tokens
    later 60
    refresh
    is "refresh after the authorization" invalid_grant "$(field error)"
    is "why" '"authorization_expired"' "$(state 'families[-1].revoked_reason')"
    account balance
    is "its access token is dead" 401 "$STATUS"
}

t_revoke() {
    local url=$HTTP_PLATFORM_URL/getServiceKeys/token/revoke
    login
    ask -d "refresh_token=$REFRESH" "$url"
    is "revoke" 200 "$STATUS"
    refresh
    is "revoked" invalid_grant "$(field error)"
    is "revoked: why" '"revoked"' "$(state 'families[0].revoked_reason')"
    account balance
    is "the access token lives till it expires" 200 "$STATUS"
    ask -d refresh_token=nothing "$url"
    is "revoke an unknown token" 200 "$STATUS"
    ask -d token=x "$url"
    is "revoke nothing" "400 invalid_request" "$STATUS $(field error)"
    login
    ctl /revoke '{"family":2}'
    account balance
    is "revoked by control: access token" 401 "$STATUS"
    ctl /revoke '{"family":9}'
    is "revoke an unknown family" 404 "$STATUS"
    ctl /forget-clients '{}'
    device
    is "forgotten clients" "401 invalid_client" "$STATUS $(field error)"
}

t_account() {
    local app key raw
    login
    account apps
    is "apps" '["parallel-cli Users","org_one","One & Only"]' "$(jq -c '.apps[0]|[.app_name,.org_id,.org_name]' <<<"$BODY")"
    app=$(jq -r '.apps[0].app_id' <<<"$BODY")
    account "apps/$app/keys" -H 'Content-Type: application/json' -d '{"api_key_name":"k-1"}'
    is "create a key" 200 "$STATUS"
    is "a key's members" \
        "api_key_id api_key_name app_id app_name created_at created_by_user_email created_by_user_id display_value raw_api_key" \
        "$(jq -r 'keys|join(" ")' <<<"$BODY")"
    raw=$(field raw_api_key)
    key=$(field api_key_id)
    echo "$raw" >>"$SECRETS"
    ask -H "x-api-key: $raw" "$HTTP_API_URL/v1/any/thing?q=1"
    is "the data API takes it" "{\"method\":\"GET\",\"path\":\"/v1/any/thing\",\"org_id\":\"org_one\",\"api_key_id\":\"$key\"}" "$BODY"
    ask -X POST -d x -H "Authorization: Bearer $raw" "$HTTP_API_URL/a2a"
    is "as a bearer as well" "200 POST" "$STATUS $(field method)"
    ask -H "Authorization: Bearer $ACCESS" "$HTTP_API_URL/a2a"
    is "an access token is no API key" "401 error" "$STATUS $(field type)"
    is "the data API's error" '["detail","message","ref_id"]' "$(jq -c '.error|keys' <<<"$BODY")"
    ask "$HTTP_API_URL/v1"
    is "no key" 401 "$STATUS"
    ACCESS=$raw account apps
    is "an API key is no access token" 401 "$STATUS"
    ask -i "$HTTP_SERVICE_API_URL/service/v1/apps"
    like "401 says how" "*WWW-Authenticate: Bearer*" "$BODY"
    ctl /check "{\"api_key\":\"$raw\"}"
    is "check: an API key" true "$(field valid)"
    account "apps/$app/keys" -H 'Content-Type: application/json' -d '{"api_key_name":7}'
    is "a bad key name" '422 ["body","api_key_name"]' "$STATUS $(jq -c '.detail[0].loc' <<<"$BODY")"
    account "apps/$app/keys" -H 'Content-Type: application/json' -d '[]'
    is "a bad body" 422 "$STATUS"
    account "apps/nonsense/keys" -H 'Content-Type: application/json' -d '{"api_key_name":"a"}'
    is "a bad app id" 422 "$STATUS"
    account "apps/${key}/keys" -H 'Content-Type: application/json' -d '{"api_key_name":"a"}'
    is "an unknown app" 404 "$STATUS"
    account "apps/$app/keys/$key" -X DELETE
    is "delete a key" 200 "$STATUS"
    account "apps/$app/keys/$key" -X DELETE
    is "delete it again" 404 "$STATUS"
    ask -H "x-api-key: $raw" "$HTTP_API_URL/v1"
    is "a deleted key" 401 "$STATUS"
    account apps -H 'Content-Type: application/json' -d '{"app_name":"two"}'
    is "create an app" 200 "$STATUS"
    account "apps/$(field app_id)" -X DELETE
    is "delete an app" 200 "$STATUS"
    account "apps/$app" -X DELETE
    account apps
    is "no apps are null" '{"apps":null}' "$BODY"
    account balance
    is "balance" '["number","number","boolean"]' \
        "$(jq -c '[.credit_balance_cents,.pending_debit_balance_cents,.will_invoice]|map(type)' <<<"$BODY")"
    account balance/add -H 'Content-Type: application/json' -d '{"amount_cents":10001,"idempotency_key":"12345678"}'
    is "add too much" 422 "$STATUS"
    account balance/add -H 'Content-Type: application/json' -d '{"amount_cents":1,"idempotency_key":"short"}'
    is "a short idempotency key" 422 "$STATUS"
    account balance/add -H 'Content-Type: application/json' -d '{"amount_cents":1,"idempotency_key":"12345678"}'
    is "no card is charged" 402 "$STATUS"
    ctl /key '{"org_id":"org_two"}'
    raw=$(field api_key)
    echo "$raw" >>"$SECRETS"
    ask -H "x-api-key: $raw" "$HTTP_API_URL/v1"
    is "a pre-made key" org_two "$(field org_id)"
    is "keys in the state" '[["k-1","org_one",false],["pre-made","org_two",true]]' \
        "$(state 'api_keys|map([.api_key_name,.org_id,.alive])')"
    login keys:read
    account balance
    is "a scope that was not granted" "403 insufficient_scope" "$STATUS $(field error)"
    account apps
    is "another" 403 "$STATUS"
}

t_config() {
    local first
    ctl /config '{"numbers_as_strings":true,"omit":["org_name","interval"],"override":{"token_type":"bearer"}}'
    is "config" 200 "$STATUS"
    register
    device
    is "omit in a device reply" '["600",null]' "$(jq -c '[.expires_in,.interval]' <<<"$BODY")"
    ctl /approve '{"user_code":"any"}'
    poll
    take_tokens
    is "omit, override, numbers as strings" '["600","604800","bearer",false]' \
        "$(jq -c '[.expires_in,.refresh_token_expires_in,.token_type,has("org_name")]' <<<"$BODY")"
    ctl /config '{"numbers_as_strings":false,"omit":[],"override":{"token:expires_in":-5,"access_token":"\u001b[2J","org_id":"../x","device:interval":"7","register:client_id":null,"token:extra":[1]}}'
    refresh
    take_tokens
    is "override: any value" '[-5,"\u001b[2J","../x",[1],"One & Only"]' \
        "$(jq -c '[.expires_in,.access_token,.org_id,.extra,.org_name]' <<<"$BODY")"
    device
    is "override: for one kind of reply" '[600,"7"]' "$(jq -c '[.expires_in,.interval]' <<<"$BODY")"
    ctl /config '{"override":{"expires_in":1e18}}'
    refresh
    take_tokens
    is "override: a huge number" 1e+18 "$(jq '.expires_in' <<<"$BODY" | sed 's/^1000000000000000000$/1e+18/')"
    ctl /config '{"override":{},"rotate":false}'
    first=$REFRESH
    refresh
    is "no rotation: no refresh token" false "$(jq 'has("refresh_token")' <<<"$BODY")"
    refresh
    is "no rotation: the old one stays good" 200 "$STATUS"
    ctl /config '{"rotate":true,"omit":["refresh_token"]}'
    refresh
    refresh
    is "a refresh token left out is not rotated" "200 false" "$STATUS $(jq 'has("refresh_token")' <<<"$BODY")"
    ctl /config '{"omit":[]}'
    refresh
    is "and then again" yes "$([ "$(field refresh_token)" != "$first" ] && echo yes)"
    ctl /config '{"nonsense":1}'
    is "config: unknown" 400 "$STATUS"
    ctl /config '{"rotate":false,"interval":"5"}'
    is "config: wrong type" 400 "$STATUS"
    is "config: all or nothing" true "$(state config.rotate)"
    ctl /config '{"approve_after":60}'
    device
    poll
    is "approve_after: not yet" authorization_pending "$(field error)"
    device
    later 60
    poll
    is "approve_after" 200 "$STATUS"
    ctl /clock '{"forward":-1}'
    is "the clock: not back" 400 "$STATUS"
    fresh
    is "reset: config" '[600,null,null]' "$(state 'config|[.access_lifetime,.approve_after,.omit]')"
    is "reset: state" '[0,0,0]' "$(state '|[.requests.token_device,(.families|length),(.pending|length)]')"
}

t_orgs() {
    register
    device
    ctl /approve '{"user_code":"any","org_id":"org_two"}'
    poll
    is "approve for an organization" "org_two Two" "$(field org_id) $(field org_name)"
    device
    ctl /approve '{"user_code":"any","org_id":"org_new","org_name":"New"}'
    poll
    is "approve for a new organization" "org_new New" "$(field org_id) $(field org_name)"
    device
    ctl /approve '{"user_code":"any","org_name":"Renamed"}'
    poll
    is "rename the first one" "org_one Renamed" "$(field org_id) $(field org_name)"
}

t_waiting() {
    local began
    register
    ctl /approve '{"user_code":"any","wait_ms":50}'
    is "no code comes" 404 "$STATUS"
    curl -s -d '{"user_code":"any","wait_ms":5000}' "$CONTROL_URL/approve" >"$DIR/approved" &
    sleep 0.1
    device
    wait $!
    is "approve waits for a code" "\"$USER_CODE\"" "$(jq .user_code "$DIR/approved")"
    device
    ctl /approve '{"user_code":"any","but":"'"$USER_CODE"'","wait_ms":50}'
    is "not for the one that is named" 404 "$STATUS"
    ctl /approve '{"user_code":"any","but":"AAAA-AAAA","wait_ms":50}'
    is "for any other" "200 $USER_CODE" "$STATUS $(field user_code)"
    curl -s "$CONTROL_URL/wait?counter=token_device&at_least=1&ms=5000" >"$DIR/waited" &
    sleep 0.1
    poll
    wait $!
    is "wait for a counter" 1 "$(jq .requests.token_device "$DIR/waited")"
    began=$EPOCHREALTIME
    ctl '/wait?counter=token_refresh&at_least=1&ms=50'
    is "wait in vain" 408 "$STATUS"
    is "but not longer" 1 "$((${EPOCHREALTIME/./} - ${began/./} < 4000000))"
    ctl '/wait?counter=nonsense'
    is "an unknown counter" 400 "$STATUS"
}

# outcome NAME STATUS EXIT: what the last ask gave
outcome() {
    is "$1" "$2 $3" "$STATUS $EXIT"
}

t_trouble_plain() {
    login
    trouble '{"endpoint":"token:refresh","kind":"status","status":429,"retry_after":7,"body":"slow","content_type":"text/x"}'
    refresh -i
    like "status with its headers" "*429*Content-Type: text/x*Retry-After: 7*slow" "$BODY"
    refresh
    is "once only, and nothing was done" 200 "$STATUS"
    take_tokens
    trouble '{"endpoint":"token","kind":"status","status":302,"location":"http://127.0.0.1:1/"}'
    refresh -i
    like "a redirection" "*302*Location: http://127.0.0.1:1/*" "$BODY"
    trouble '{"endpoint":"token","kind":"html"}'
    refresh
    like "html" "200 <!DOCTYPE html>*" "$STATUS $BODY"
    trouble '{"endpoint":"token","kind":"empty"}'
    refresh
    is "empty" "200 " "$STATUS $BODY"
    trouble '{"endpoint":"token","kind":"null"}'
    refresh
    is "null" "200 null" "$STATUS $BODY"
    trouble '{"endpoint":"token","kind":"garbage"}'
    refresh -o "$DIR/garbage"
    is "garbage" "200 4096" "${BODY:-$STATUS} $(stat -c %s "$DIR/garbage")"
    trouble '{"endpoint":"token","kind":"error","error":"invalid_grant","description":"so"}'
    refresh
    is "error" '400 {"error":"invalid_grant","error_description":"so"}' "$STATUS $BODY"
    trouble '{"endpoint":"token","kind":"error","error":"temporarily_unavailable","status":503}'
    refresh
    is "error with a status" '503 {"error":"temporarily_unavailable"}' "$STATUS $BODY"
    trouble '{"endpoint":"token","kind":"truncate"}'
    refresh -o "$DIR/cut"
    is "truncate: a whole answer to HTTP" 0 "$EXIT"
    is "truncate: half of the JSON" bad "$(jq . "$DIR/cut" >/dev/null 2>&1 || echo bad)"
    is "truncate: was processed" 2 "$(state 'families[0].refreshes')"
    login
    trouble '{"endpoint":"token","kind":"huge","bytes":3000000}'
    refresh -o "$DIR/huge"
    is "huge" 3000000 "$(stat -c %s "$DIR/huge")"
    trouble '{"endpoint":"token","kind":"delay","ms":300}'
    refresh -o /dev/null -w '%{time_total}'
    like "delay" "0.[3-9]*" "$BODY$STATUS"
    is "delay: was processed" 1 "$(state 'families[1].refreshes')"
}

t_trouble_broken() {
    login
    trouble '{"endpoint":"token:refresh","kind":"reset"}'
    refresh
    outcome "reset" 000 56
    is "reset: nothing done" 0 "$(state 'families[0].refreshes')"
    trouble '{"endpoint":"token:refresh","kind":"reset-mid"}'
    refresh -o "$DIR/half"
    like "reset-mid" "200 @(18|56)" "$STATUS $EXIT"
    is "reset-mid: half came" yes "$([ "$(stat -c %s "$DIR/half")" -gt 100 ] && echo yes)"
    is "reset-mid: was processed" 1 "$(state 'families[0].refreshes')"
    login
    trouble '{"endpoint":"token:refresh","kind":"reset-after"}'
    refresh
    outcome "reset-after" 000 56
    is "reset-after: was processed" 1 "$(state 'families[1].refreshes')"
    refresh
    is "reset-after: asking again is reuse" '"reuse"' "$(state 'families[1].revoked_reason')"
    trouble '{"endpoint":"token","kind":"hang"}'
    refresh --max-time 0.3
    outcome "hang" 000 28
    trouble '{"endpoint":"token","kind":"drip","ms":20}'
    refresh --max-time 0.5 -o "$DIR/drip"
    outcome "drip" 200 28
    like "drip: some bytes" "[12]?" "$(stat -c %s "$DIR/drip")"
    trouble '{"endpoint":"any","kind":"hang"}'
    account balance --cacert "$CA_FILE" --max-time 0.2
    outcome "any" 000 28
    trouble '{"endpoint":"any","kind":"reset"}'
    ask --cacert "$CA_FILE" -d x=y "$HTTPS_PLATFORM_URL/getServiceKeys/token"
    outcome "reset with TLS" 000 56
}

t_trouble_queue() {
    local i kind
    login
    trouble '{"endpoint":"token:refresh","kind":"status","after":2,"times":2}'
    for i in first second; do
        refresh
        take_tokens
        is "after: the $i passes" 200 "$STATUS"
    done
    refresh
    is "times: the third is struck" 503 "$STATUS"
    poll
    is "another endpoint is not" 400 "$STATUS"
    refresh
    is "times: the fourth is struck" 503 "$STATUS"
    refresh
    is "times: the fifth is not" 200 "$STATUS"
    take_tokens
    trouble '{"endpoint":"balance","kind":"status","times":-1}'
    account balance
    account balance
    is "for ever" 503 "$STATUS"
    trouble '{"clear":true}'
    account balance
    is "cleared" 200 "$STATUS"
    trouble '{"kind":"nonsense"}'
    is "an unknown kind" 400 "$STATUS"
    trouble '{"kind":"html","endpoint":"nonsense"}'
    is "an unknown endpoint" 400 "$STATUS"
    trouble '{"kind":"html","nonsense":1}'
    is "an unknown member" 400 "$STATUS"
    for kind in register code token:device token:refresh revoke apps keys balance data page; do
        trouble "{\"endpoint\":\"$kind\",\"kind\":\"empty\"}"
    done
    is "all endpoints can be struck" 10 "$(state 'troubles|length')"
    trouble '{"clear":true}'
}

t_gate() {
    local jobs=()
    login
    trouble '{"endpoint":"token:refresh","kind":"gate","then":{"kind":"reset-after"}}'
    refresh_in_background() {
        curl -s -o "$DIR/gate.$1" -w '%{http_code}' -d grant_type=refresh_token -d "client_id=$CLIENT" \
            -d "refresh_token=$REFRESH" "$HTTP_PLATFORM_URL/getServiceKeys/token" >"$DIR/status.$1" &
        jobs+=($!)
    }
    refresh_in_background 1
    ctl '/gate/wait?count=1&ms=5000'
    is "one stands at the gate" '{"standing":1}' "$BODY"
    is "and is not processed" 0 "$(state 'families[0].refreshes')"
    ctl '/gate/wait?count=2&ms=50'
    is "no second" 408 "$STATUS"
    ctl /gate/open '{}'
    is "open" '{"released":1}' "$BODY"
    wait "${jobs[@]}"
    is "then: what comes after the gate" 000 "$(cat "$DIR/status.1")"
    is "then: processed" 1 "$(state 'families[0].refreshes')"
    fresh
    login
    trouble '{"endpoint":"token:refresh","kind":"gate","times":-1}'
    jobs=()
    for i in {1..20}; do refresh_in_background "$i"; done
    ctl '/gate/wait?count=20&ms=5000'
    ctl /gate/open '{"stay_open":true}'
    wait "${jobs[@]}"
    is "twenty at once: one is served" "1 19" \
        "$(cat "$DIR"/status.* | grep -o 200 | wc -l) $(cat "$DIR"/gate.* | grep -o '"invalid_grant"' | wc -l)"
    is "twenty at once: the family ends" '"reuse"' "$(state 'families[0].revoked_reason')"
    is "twenty at once: counted" 20 "$(state max_concurrent_token)"
    refresh
    is "stay_open: no gate any more" 400 "$STATUS"
    fresh
    login
    trouble '{"endpoint":"token","kind":"gate"}'
    jobs=()
    refresh_in_background 1
    ctl '/gate/wait?count=1&ms=5000'
    fresh
    wait "${jobs[@]}"
    is "reset abandons who stands there" 000 "$(cat "$DIR/status.1")"
}

t_many() {
    local i key
    ctl /key '{}'
    key=$(field api_key)
    echo "$key" >>"$SECRETS"
    trouble '{"endpoint":"data","kind":"gate","times":-1}'
    for i in {1..200}; do
        printf 'url = "%s/v1/%s"\noutput = "/dev/null"\n' "$HTTP_API_URL" "$i"
    done >"$DIR/many"
    curl -s -Z --no-progress-meter --parallel-immediate --parallel-max 200 -w '%{http_code}\n' \
        -H "x-api-key: $key" -K "$DIR/many" >"$DIR/many.out" 2>/dev/null &
    ctl '/gate/wait?count=200&ms=10000'
    is "200 connections at once" '{"standing":200}' "$BODY"
    register
    is "another is served meanwhile" 200 "$STATUS"
    ctl '/gate/wait?count=200&ms=1'
    is "while they stand there" '{"standing":200}' "$BODY"
    ctl /gate/open '{"stay_open":true}'
    wait $!
    is "all are answered" 200 "$(grep -c '^200$' "$DIR/many.out")"
}

t_two_writes() {
    local reply host port body="grant_type=refresh_token&refresh_token=x"
    host=${HTTP_PLATFORM_URL#http://}
    port=${host#*:}
    exec 9<>"/dev/tcp/127.0.0.1/$port"
    printf 'POST /getServiceKeys/token HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' \
        "$host" "$FORM" ${#body} >&9
    sleep 0.05
    printf %s "$body" >&9
    reply=$(cat <&9)
    exec 9>&-
    like "header and body in two writes, connection closed" "*400*invalid_grant*" "$reply"
}

t_tls() {
    ask --cacert "$CA_FILE" "$HTTPS_PLATFORM_URL/device"
    outcome "https" 200 0
    ask --cacert "$CA_FILE" "${HTTPS_PLATFORM_URL/localhost/127.0.0.1}/device"
    outcome "https by address" 200 0
    ask --cacert "$CA_BUNDLE" "$HTTPS_SERVICE_API_URL/service/v1/apps"
    outcome "https: account" 401 0
    SSL_CERT_FILE=/dev/null ask --capath "$CA_DIR" "$HTTPS_API_URL/v1"
    outcome "https: data, with the hashed folder" 401 0
    ask "$HTTPS_PLATFORM_URL/device"
    outcome "not trusted without the CA" 000 60
    ask --cacert "$CA_FILE" "$EXPIRED_URL/device"
    outcome "expired" 000 60
    ask --cacert "$CA_FILE" "$WRONGHOST_URL/device"
    outcome "wrong host" 000 60
    ask --cacert "$CA_FILE" "$UNKNOWNCA_URL/device"
    outcome "unknown CA" 000 60
    register
    ask --cacert "$CA_FILE" -d "client_id=$CLIENT" "$HTTPS_PLATFORM_URL/getServiceKeys/device/code"
    is "the same state, its own addresses" "$HTTPS_PLATFORM_URL/device" "$(field verification_uri)"
}

# The one-time value of the form in BODY.
form_value() {
    sed -n 's/.*name="form" value="\([^"]*\)".*/\1/p' <<<"$BODY"
}

t_page() {
    local url=$HTTP_PLATFORM_URL/device form other typed
    ask -H 'Content-Type: application/json' -d '{"client_name":"<script>&\"x"}' \
        "$HTTP_PLATFORM_URL/getServiceKeys/register"
    CLIENT=$(field client_id)
    device 'keys:read balance:read'
    ask "$url"
    like "the page asks for a code" '200 *name="user_code"*' "$STATUS $BODY"
    ask "$url?user_code=BBBB-BBBB"
    is "an unknown code" 404 "$STATUS"
    ask "$url?user_code=any"
    is "any is for tests only" 404 "$STATUS"
    ask "$url?user_code=%3Cscript%3E"
    is "what was typed is not echoed" "404 0" "$STATUS $(grep -c '<script' <<<"$BODY")"
    typed=${USER_CODE,,}
    ask "$url?user_code=${typed/-/}"
    like "a code in lower case without hyphen" "200 *$USER_CODE*" "$STATUS $BODY"
    like "the client's name is escaped" '*&lt;script&gt;&amp;&quot;x*' "$BODY"
    is "no script" 0 "$(grep -c '<script' <<<"$BODY")"
    like "scopes in plain words" "*See the names of API keys*balance*" "$BODY"
    like "organizations to choose from" '*type="radio"*value="org_one"*One &amp; Only*value="org_two"*' "$BODY"
    form=$(form_value)
    ask "$url?user_code=$USER_CODE"
    other=$(form_value)
    is "each form has its own value" yes "$([ "$form" != "$other" ] && [ ${#form} -gt 40 ] && echo yes)"
    ask -d "user_code=$USER_CODE" -d decision=approve "$url"
    is "no value" 403 "$STATUS"
    ask -d "user_code=$USER_CODE" -d decision=approve -d form=wrong "$url"
    is "a wrong value" 403 "$STATUS"
    ask -d "user_code=$USER_CODE" -d decision=perhaps -d "form=$form" "$url"
    is "a wrong decision" 400 "$STATUS"
    ask -d "user_code=$USER_CODE" -d decision=approve -d "form=$form" "$url"
    is "a value works once" 403 "$STATUS"
    poll
    is "still pending" authorization_pending "$(field error)"
    ask -d "user_code=$USER_CODE" -d decision=approve -d org_id=org_two -d "form=$other" "$url"
    like "approve" "200 *connected*" "$STATUS $BODY"
    ctl /config '{"interval":0}'
    is "approved for the chosen one" '["approved","org_two"]' "$(state 'pending[0]|[.state,.org_id]')"
    ask "$url?user_code=$USER_CODE"
    is "a decided code" 409 "$STATUS"
    device
    ask "$url?user_code=$USER_CODE"
    ask -d "user_code=$USER_CODE" -d decision=refuse -d "form=$(form_value)" "$url"
    like "refuse" "200 *Refused*" "$STATUS $BODY"
    poll
    is "refused" access_denied "$(field error)"
    device
    ctl /expire '{"user_code":"any"}'
    ask "$url?user_code=$USER_CODE"
    is "an expired code" 410 "$STATUS"
    ask -I -X GET "$url"
    like "the page cannot be framed" "*Content-Security-Policy:*frame-ancestors 'none'*" "$BODY"
}

# --- the OAuth provider ------------------------------------------------------

# enroll REDIRECT_URI...: sets CLIENT
enroll() {
    ask -H 'Content-Type: application/json' \
        -d "$(jq -nc '{redirect_uris:$ARGS.positional}' --args "$@")" \
        "$HTTP_PLATFORM_URL/getKeys/register"
    CLIENT=$(field client_id)
}

# proof: makes a VERIFIER and its CHALLENGE, and a STATE
proof() {
    VERIFIER=s$(openssl rand -hex 31)
    CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary |
        openssl base64 -A | tr +/ -_ | tr -d =)
    STATE=s$(openssl rand -hex 20)
    printf '%s\n%s\n' "$VERIFIER" "$STATE" >>"$SECRETS"
}

REDIRECT=http://127.0.0.1:7/back # nothing listens there, and nobody goes there

# parameters NAME=VALUE...: into PARAMETERS for curl, "NAME=" leaves one out
parameters() {
    local -A all=()
    local one
    PARAMETERS=()
    for one; do all[${one%%=*}]=${one#*=}; done
    for one in "${!all[@]}"; do
        [ -z "${all[$one]}" ] || PARAMETERS+=(--data-urlencode "$one=${all[$one]}")
    done
}

# authorize [NAME=VALUE]...: the browser goes to the page; sets PLACE, where it
# is sent on to
authorize() {
    parameters "client_id=$CLIENT" "redirect_uri=$REDIRECT" \
        response_type=code scope=key:read "code_challenge=$CHALLENGE" \
        code_challenge_method=S256 "state=$STATE" "$@"
    browse -G "${PARAMETERS[@]}" "$HTTP_PLATFORM_URL/getKeys/authorize"
}

browse() {
    ask -D "$DIR/headers" "$@"
    PLACE=$(sed -n 's/^Location: \(.*\)\r$/\1/p' "$DIR/headers")
    note_code
}

note_code() {
    WEB_CODE=$(parameter code)
    [ -z "$WEB_CODE" ] || echo "$WEB_CODE" >>"$SECRETS"
}

# parameter NAME: from the address the browser is sent to, each time it is there
parameter() {
    local one
    sed 'y/?&/\n\n/' <<<"$PLACE" | sed 1d | grep "^$1=" | while read -r one; do
        one=${one#*=}
        printf '%b\n' "${one//%/\\x}"
    done
}

# names: of all parameters
names() {
    sed 'y/?&/\n\n/' <<<"$PLACE" | sed '1d;s/=.*//' | xargs
}

# consent [JSON MEMBERS]: decides without a browser
consent() {
    ctl /consent "{\"state\":\"$STATE\"${1:+,$1}}"
    PLACE=$(field location)
    note_code
}

# redeem [NAME=VALUE]...: the code for an API key; sets KEY
redeem() {
    parameters grant_type=authorization_code "code=$WEB_CODE" \
        "client_id=$CLIENT" "redirect_uri=$REDIRECT" \
        "code_verifier=$VERIFIER" "$@"
    ask "${PARAMETERS[@]}" "$HTTP_PLATFORM_URL/getKeys/token"
    KEY=$(field access_token)
    echo "$KEY" >>"$SECRETS"
}

t_metadata() {
    local url=$HTTP_PLATFORM_URL path=/.well-known/oauth-authorization-server
    ask "$url$path"
    is "metadata" "$(jq -nc --arg u "$url" '{issuer:$u,
        authorization_endpoint:($u+"/getKeys/authorize"),
        token_endpoint:($u+"/getKeys/token"),
        registration_endpoint:($u+"/getKeys/register"),
        device_authorization_endpoint:($u+"/getKeys/device/code"),
        token_endpoint_auth_methods_supported:["none"],
        response_types_supported:["code"],
        grant_types_supported:["authorization_code","urn:ietf:params:oauth:grant-type:device_code"],
        scopes_supported:["key:read"],code_challenge_methods_supported:["S256"]}')" "$BODY"
    ask --cacert "$CA_FILE" "$HTTPS_PLATFORM_URL$path"
    is "metadata: https has its own" "$HTTPS_PLATFORM_URL $HTTPS_PLATFORM_URL/getKeys/token" \
        "$(field issuer) $(field token_endpoint)"
    ctl /config "{\"override\":{\"metadata:issuer\":\"https://other.example\",\"metadata:token_endpoint\":\"$url/x\"},\"omit\":[\"metadata:scopes_supported\"]}"
    ask --cacert "$CA_FILE" "$HTTPS_PLATFORM_URL$path"
    is "metadata: another issuer, an endpoint at http, a field left out" \
        "https://other.example $url/x null" \
        "$(field issuer) $(field token_endpoint) $(field scopes_supported)"
    ctl /config '{"metadata_junk":1000000}'
    ask -o "$DIR/junk" "$url$path"
    is "metadata: a million bytes of junk" 1000000 "$(jq '.junk|length' "$DIR/junk")"
    trouble '{"endpoint":"metadata","kind":"html"}'
    ask "$url$path"
    like "metadata: trouble" '<!DOCTYPE*' "$BODY"
    is "metadata: counted" 5 "$(state requests.metadata)"
}

t_keys_register() {
    local url=$HTTP_PLATFORM_URL/getKeys/register uri
    enroll https://app.example/back "$REDIRECT"
    is "enroll" 200 "$STATUS"
    like "enroll gives an id" "????????-*" "$CLIENT"
    for uri in http://app.example/ ftp://app.example/ /back '' \
        'https://app.example/#x' 'https://user@app.example/' \
        'https://app.example/<x' http://localhost/back 'https://app.example:1x/'; do
        enroll "$uri"
        is "enroll: ${uri:-nothing}" "400 invalid_redirect_uri" "$STATUS $(field error)"
    done
    enroll
    is "enroll: no address" "400 invalid_redirect_uri" "$STATUS $(field error)"
    ask -d 'redirect_uris=x' "$url"
    is "enroll: a form" "400 invalid_client_metadata" "$STATUS $(field error)"
    ctl /config '{"omit":["keys-register:client_id"]}'
    enroll https://app.example/
    is "enroll: a reply without an id" '200 {}' "$STATUS $BODY"
}

# stays NAME [NAME=VALUE]...: the browser stays on a page
stays() {
    authorize "${@:2}"
    is "$1" "400 " "$STATUS $PLACE"
}

# mistake NAME ERROR [NAME=VALUE]...: the browser brings back an error
mistake() {
    authorize "${@:3}"
    is "$1" "303 error state iss $2 $STATE $HTTP_PLATFORM_URL" \
        "$STATUS $(names) $(parameter error) $(parameter state) $(parameter iss)"
}

t_authorize() {
    local uri
    proof
    enroll http://127.0.0.1/back http://127.0.0.1:9/other?a=b 'http://[::1]/back' https://app.example/back
    stays "no client" client_id=
    stays "an unknown client" client_id=nobody
    stays "no host name: an address" client_id=127.0.0.1
    stays "no redirect_uri" redirect_uri=
    for uri in http://127.0.0.1:7/back/ http://127.0.0.1:7/Back http://localhost:7/back \
        'http://127.0.0.1:7/back?x' https://127.0.0.1:7/back https://app.example:8/back \
        https://app.example/back/ http://app.example/back https://APP.example/back \
        'http://[::1]:9/other?a=b' 'http://127.0.0.1:7@app.example/back' 'http://127.0.0.1:7/back#x'; do
        stays "a redirect_uri that is not registered: $uri" "redirect_uri=$uri"
    done
    stays "an address of another host" client_id=other.example redirect_uri=https://app.example/back
    browse "$HTTP_PLATFORM_URL/getKeys/authorize?client_id=a.example&client_id=a.example"
    like "a parameter twice" "400  *twice*" "$STATUS $PLACE $BODY"
    mistake "no response_type" invalid_request response_type=
    mistake "another response_type" unsupported_response_type response_type=token
    mistake "no scope" invalid_scope scope=
    mistake "another scope" invalid_scope scope=keys:read
    mistake "no challenge" invalid_request code_challenge=
    mistake "a plain challenge" invalid_request code_challenge_method=plain
    mistake "no method" invalid_request code_challenge_method=
    mistake "a challenge that is none" invalid_request "code_challenge=${CHALLENGE}A"
    is "nobody is asked about all that" 0 "$(state 'consents|length')"
    for uri in http://127.0.0.1:7/back http://127.0.0.1/back 'http://[::1]:9/back' \
        http://127.0.0.1:10/other?a=b https://app.example/back; do
        authorize "redirect_uri=$uri"
        is "a redirect_uri that is: $uri" "200 " "$STATUS $PLACE"
    done
    authorize client_id=app.example redirect_uri=https://app.example/any
    is "a host name for a client: its own address" 200 "$STATUS"
    authorize client_id=app.example redirect_uri=http://127.0.0.1:7/any
    is "a host name for a client: this computer" 200 "$STATUS"
    is "seven are asked" 7 "$(state 'consents|length')"
    authorize redirect_uri='http://127.0.0.1:7/other?a=b' response_type=x
    like "a query that was there stays" "http://127.0.0.1:7/other?a=b&error=*" "$PLACE"
    authorize state=
    is "no state" 200 "$STATUS"
    ctl /consent '{"state":"any"}'
    PLACE=$(field location)
    is "no state: none comes back" "code iss" "$(names)"
    ctl /forget-clients '{}'
    stays "forgotten clients"
}

t_consent_page() {
    local url=$HTTP_PLATFORM_URL/getKeys/authorize old id form other
    ctl /key '{"org_id":"org_two","api_key_name":"<b>old"}'
    old=$(field api_key)
    id=$(field api_key_id)
    echo "$old" >>"$SECRETS"
    proof
    CLIENT=app.example
    authorize redirect_uri=https://app.example/back
    like "the page shows the host name" "200 *<b>app.example</b>*" "$STATUS $BODY"
    like "the page has the choices" "*One &amp; Only*value=\"new:org_one\" checked*value=\"new:org_two\"*value=\"$id\"*&lt;b&gt;old*" "$BODY"
    is "the page has no script" 0 "$(grep -c '<script' <<<"$BODY")"
    is "the page has no state and no challenge" 0 "$(grep -c -e "$STATE" -e "$CHALLENGE" <<<"$BODY")"
    like "the page cannot be framed, and may lead back" \
        "*Cache-Control: no-store*form-action 'self' https://app.example;*frame-ancestors 'none'*" "$(cat "$DIR/headers")"
    other=$(sed -n 's/.*name="consent" value="\([^"]*\)".*/\1/p' <<<"$BODY")
    form=$(form_value)
    browse -d "consent=$other&decision=approve&key=$id" "$url"
    is "no value" "403 " "$STATUS $PLACE"
    browse -d "consent=$other&decision=approve&key=$id&form=wrong" "$url"
    is "a wrong value" "403 " "$STATUS $PLACE"
    browse -d "consent=nothing&decision=approve&key=$id&form=$form" "$url"
    is "an unknown question" "400 " "$STATUS $PLACE"
    browse -d "consent=$other&decision=approve&key=$id&form=$form" "$url"
    is "approve" "303 code state iss $STATE $HTTP_PLATFORM_URL" \
        "$STATUS $(names) $(parameter state) $(parameter iss)"
    like "approve: where to" "https://app.example/back[?]code=sac_*" "$PLACE"
    browse -d "consent=$other&decision=approve&key=$id&form=$form" "$url"
    is "approve twice" "409 " "$STATUS $PLACE"
    WEB_CODE=$(tail -n1 "$SECRETS")
    redeem redirect_uri=https://app.example/back
    is "the key that was picked" "$old" "$KEY"
    authorize
    browse -d "consent=$(sed -n 's/.*name="consent" value="\([^"]*\)".*/\1/p' <<<"$BODY")&decision=refuse&form=$(form_value)" "$url"
    is "refuse" "303 error state iss access_denied $STATE" "$STATUS $(names) $(parameter error) $(parameter state)"
    authorize
    form=$(form_value)
    other=$(sed -n 's/.*name="consent" value="\([^"]*\)".*/\1/p' <<<"$BODY")
    browse -d "consent=$other&decision=approve&key=nothing&form=$form" "$url"
    is "pick nothing that is there" "400 " "$STATUS $PLACE"
    later 600
    browse -d "consent=$other&decision=approve&key=new&form=$form" "$url"
    is "too late" "409 " "$STATUS $PLACE"
}

t_consent() {
    local id key
    CLIENT=app.example
    ctl /consent '{"state":"any","wait_ms":50}'
    is "nobody asks" 404 "$STATUS"
    proof
    curl -s -d "{\"state\":\"$STATE\",\"wait_ms\":5000}" "$CONTROL_URL/consent" >"$DIR/consented" &
    sleep 0.1
    authorize
    wait $!
    is "consent waits for the browser" '["app.example","approved"]' "$(jq -c '[.client_id,.status]' "$DIR/consented")"
    PLACE=$(jq -r .location "$DIR/consented")
    note_code
    redeem
    is "a new key" '200 ["access_token","scope","token_type"]' "$STATUS $(jq -c keys <<<"$BODY")"
    ask -H "x-api-key: $KEY" "$HTTP_API_URL/v1"
    is "which the data API takes" "200 org_one" "$STATUS $(field org_id)"
    id=$(field api_key_id)
    key=$KEY
    is "it has the name of the host" '"app.example"' "$(state 'api_keys[0].api_key_name')"
    is "what has become of it" "[\"provider\",\"used\",\"$id\",null]" "$(state 'consents[0]|[.service,.status,.api_key_id,.family]' | jq -c)"
    authorize
    consent "\"key\":\"$id\""
    redeem
    is "a key there is" "$key" "$KEY"
    authorize
    consent '"key":"new","org_id":"org_two"'
    redeem
    ask -H "x-api-key: $KEY" "$HTTP_API_URL/v1"
    is "a new key of another organization" "200 org_two" "$STATUS $(field org_id)"
    authorize
    consent '"key":"nonsense"'
    is "an unknown key" 404 "$STATUS"
    consent '"decision":"perhaps"'
    is "a wrong decision" 400 "$STATUS"
    consent '"decision":"refuse"'
    is "refuse by control" "200 denied access_denied" "$STATUS $(field status) $(parameter error)"
    authorize
    authorize
    consent
    key=$WEB_CODE
    consent
    is "two browsers ask, two are answered" "200 no" "$STATUS $([ "$key" = "$WEB_CODE" ] && echo yes || echo no)"
    ctl /config '{"approve_after":0}'
    authorize
    is "nobody needs to approve" "303 code state iss" "$STATUS $(names)"
    redeem
    is "and the code is good" 200 "$STATUS"
}

t_redirect() {
    CLIENT=app.example
    proof
    ctl /config '{"approve_after":0,"omit":["redirect:iss"]}'
    authorize
    is "iss left out" "code state" "$(names)"
    ctl /config '{"omit":["redirect:state","redirect:code"],"override":{"redirect:iss":"https://other.example/?&"}}'
    authorize
    is "another iss, no state, no code" "iss https://other.example/?&" "$(names) $(parameter iss)"
    ctl /config '{"omit":[],"override":{"redirect:state":["one","two"],"redirect:error":"server_error"}}'
    authorize
    is "state twice, and an error" "code state state iss error one two" "$(names) $(parameter state | xargs)"
    fresh
    ctl /config '{"override":{"redirect:state":"other"}}'
    authorize
    consent
    is "another state, by control" "other" "$(parameter state)"
    trouble '{"endpoint":"authorize","kind":"status"}'
    authorize
    is "trouble" 503 "$STATUS"
}

t_keys_token() {
    local first second
    enroll "$REDIRECT"
    proof
    ctl /config '{"approve_after":0}'
    authorize
    first=$WEB_CODE
    redeem code_verifier=
    is "no verifier" "400 invalid_request" "$STATUS $(field error)"
    redeem "code_verifier=${VERIFIER}x"
    is "another verifier" "400 invalid_grant" "$STATUS $(field error)"
    redeem "code_verifier=$CHALLENGE"
    is "the challenge for a verifier" "400 invalid_grant" "$STATUS $(field error)"
    redeem "redirect_uri=${REDIRECT/7/8}"
    is "another redirect_uri" "400 invalid_grant" "$STATUS $(field error)"
    redeem redirect_uri=
    is "no redirect_uri" "400 invalid_request" "$STATUS $(field error)"
    redeem client_id=app.example
    is "another client" "400 invalid_grant" "$STATUS $(field error)"
    redeem client_id=nobody
    is "an unknown client" "401 invalid_client" "$STATUS $(field error)"
    redeem code=nothing
    is "an unknown code" "400 invalid_grant" "$STATUS $(field error)"
    redeem grant_type=refresh_token
    is "another grant" "400 unsupported_grant_type" "$STATUS $(field error)"
    is "no key was made" 0 "$(state 'api_keys|length')"
    redeem
    is "all that does no harm" 200 "$STATUS"
    second=$KEY
    ctl /check "{\"api_key\":\"$second\"}"
    is "the key is good" true "$(field valid)"
    WEB_CODE=$first redeem code_verifier=x
    is "a code that comes again" "400 invalid_grant" "$STATUS $(field error)"
    ctl /check "{\"api_key\":\"$second\"}"
    is "ends what it brought" "false \"reused\"" "$(field valid) $(state 'consents[0].status')"
    authorize
    later 60
    redeem
    is "a code lives for a minute" "400 invalid_grant" "$STATUS $(field error)"
    ctl /config '{"web_code_lifetime":100}'
    authorize
    later 99
    redeem
    is "or as long as it is told to" 200 "$STATUS"
    authorize
    trouble '{"endpoint":"keys-token","kind":"reset-after"}'
    redeem
    outcome "trouble: the lost answer" 000 56
    is "trouble: was processed" '"used"' "$(state 'consents[0].status')"
    ctl /config '{"override":{"keys-token:expires_in":0,"keys-token:refresh_token":"x"},"omit":["keys-token:scope"]}'
    authorize
    redeem
    is "more in the reply, and less" '200 ["access_token","expires_in","refresh_token","token_type"]' "$STATUS $(jq -c keys <<<"$BODY")"
    ask -i -d x=y "$HTTP_PLATFORM_URL/getKeys/token"
    like "replies are not stored" "*Cache-Control: no-store*" "$BODY"
}

# key_device [CURL ARGUMENTS]: asks for a code; sets CODE and USER_CODE
key_device() {
    ask -d "client_id=$CLIENT" "$@" "$HTTP_PLATFORM_URL/getKeys/device/code"
    CODE=$(field device_code)
    USER_CODE=$(field user_code)
    echo "$CODE" >>"$SECRETS"
}

key_poll() {
    ask -d "grant_type=$DEVICE" -d "client_id=$CLIENT" -d "device_code=$CODE" \
        "$@" "$HTTP_PLATFORM_URL/getKeys/token"
    KEY=$(field access_token)
    echo "$KEY" >>"$SECRETS"
}

t_keys_device() {
    local id url=$HTTP_PLATFORM_URL/device
    ctl /key '{"api_key_name":"old"}'
    id=$(field api_key_id)
    field api_key >>"$SECRETS"
    CLIENT=nobody key_device
    is "device: an unknown client" "401 invalid_client" "$STATUS $(field error)"
    CLIENT=app.example
    key_device -d scope=keys:read
    is "device: another scope" "400 invalid_scope" "$STATUS $(field error)"
    key_device -d scope=key:read
    is "device: code" "200 $url?user_code=$USER_CODE" "$STATUS $(field verification_uri_complete)"
    key_poll
    is "device: pending" "400 authorization_pending" "$STATUS $(field error)"
    key_poll
    is "device: too fast" "400 slow_down" "$STATUS $(field error)"
    key_device
    ctl /approve '{"user_code":"any","key":"nonsense"}'
    is "device: an unknown key" 404 "$STATUS"
    ctl /approve '{"user_code":"any","key":"new","org_id":"org_two"}'
    poll
    is "device: no code for tokens" "401 invalid_client" "$STATUS $(field error)"
    key_poll
    is "device: the reply" '200 ["access_token","scope","token_type"]' "$STATUS $(jq -c keys <<<"$BODY")"
    ask -H "x-api-key: $KEY" "$HTTP_API_URL/v1"
    is "device: a new key" org_two "$(field org_id)"
    key_poll
    is "device: a code works once" "400 invalid_grant" "$STATUS $(field error)"
    key_device
    ask "$url?user_code=$USER_CODE"
    like "device: the page" "200 *<q>app.example</q>*value=\"new:org_one\" checked*value=\"$id\"*" "$STATUS $BODY"
    ask -d "user_code=$USER_CODE" -d decision=approve -d "key=$id" -d "form=$(form_value)" "$url"
    is "device: approve" 200 "$STATUS"
    key_poll
    ask -H "x-api-key: $KEY" "$HTTP_API_URL/v1"
    is "device: a key there is" "$id" "$(field api_key_id)"
    key_device
    ctl /deny '{"user_code":"any"}'
    key_poll
    is "device: refused" "400 access_denied" "$STATUS $(field error)"
    register
    device
    ctl /approve '{"user_code":"any"}'
    CLIENT=app.example key_poll
    is "device: a code for tokens brings no key" "400 invalid_grant" "$STATUS $(field error)"
    poll
    take_tokens
    is "device: and is still good" 200 "$STATUS"
    ctl /config '{"override":{"keys-code:interval":7},"approve_after":0}'
    CLIENT=app.example
    key_device
    is "device: another reply" 7 "$(field interval)"
    key_poll
    is "device: nobody needs to approve" 200 "$STATUS"
    trouble '{"endpoint":"keys-code","kind":"empty"}'
    key_device
    is "device: trouble" "200 " "$STATUS $BODY"
}

# --- the second service --------------------------------------------------------

# second [NAME=VALUE]...: the browser goes to its page
second() {
    parameters "client_id=$SECOND_CLIENT_ID" "redirect_uri=$REDIRECT" \
        response_type=code "state=$STATE" "$@"
    browse -G "${PARAMETERS[@]}" "$HTTP_SECOND_URL/oauth/authorize"
}

# answer [NAME=VALUE]...: the form that the browser shows is sent
answer() {
    parameters "consent=$(sed -n 's/.*name="consent" value="\([^"]*\)".*/\1/p' <<<"$BODY")" \
        "form=$(form_value)" "$@"
    browse "${PARAMETERS[@]}" "$HTTP_SECOND_URL/oauth/authorize"
}

# exchange [NAME=VALUE]...: the code for tokens, with the secret in the body
exchange() {
    parameters grant_type=authorization_code "code=$WEB_CODE" \
        "redirect_uri=$REDIRECT" "client_id=$SECOND_CLIENT_ID" \
        "client_secret=$SECOND_CLIENT_SECRET" "$@"
    ask "${PARAMETERS[@]}" "$HTTP_SECOND_URL/oauth/token"
    take_tokens
}

# basic [NAME=VALUE]...: the same with the secret in the header
basic() {
    local id secret
    id=$(jq -rn --arg x "$SECOND_CLIENT_ID" '$x|@uri')
    secret=$(jq -rn --arg x "$SECOND_CLIENT_SECRET" '$x|@uri')
    parameters grant_type=authorization_code "code=$WEB_CODE" \
        "redirect_uri=$REDIRECT" "$@"
    ask -u "$id:$secret" "${PARAMETERS[@]}" "$HTTP_SECOND_URL/oauth/token"
    take_tokens
}

again() {
    exchange grant_type=refresh_token "refresh_token=$REFRESH" code= redirect_uri= "$@"
}

resource() {
    ask -H "Authorization: Bearer $ACCESS" "$@" "$HTTP_SECOND_URL/api/me"
}

t_second_page() {
    local first
    proof
    second client_id=
    is "second: no client" "400 " "$STATUS $PLACE"
    second "client_id=app.example"
    is "second: an unknown client" "400 " "$STATUS $PLACE"
    second redirect_uri=https://app.example/
    is "second: a redirect_uri elsewhere" "400 " "$STATUS $PLACE"
    second redirect_uri=
    is "second: no redirect_uri" "400 " "$STATUS $PLACE"
    browse "$HTTP_SECOND_URL/oauth/authorize?state=a&state=a"
    like "second: a parameter twice" "400  *twice*" "$STATUS $PLACE $BODY"
    second response_type=token
    is "second: another response_type" "303 error state unsupported_response_type $STATE" \
        "$STATUS $(names) $(parameter error) $(parameter state)"
    second response_type=
    is "second: no response_type" "303 invalid_request" "$STATUS $(parameter error)"
    is "second: nobody is asked about all that" 0 "$(state 'consents|length')"
    second
    like "second: the page asks who it is" '200 *name="user"*type="password"*' "$STATUS $BODY"
    first=$BODY
    answer decision=approve
    is "second: no grant without a password" "403 " "$STATUS $PLACE"
    answer "user=$SECOND_USER" password=wrong
    like "second: a wrong password" '403  *type="password"*' "$STATUS $PLACE $BODY"
    answer "user=nobody" "password=$SECOND_PASSWORD"
    is "second: a wrong name" "403 " "$STATUS $PLACE"
    answer form=x "user=$SECOND_USER" "password=$SECOND_PASSWORD"
    is "second: a wrong value" "403 " "$STATUS $PLACE"
    BODY=$first answer "user=$SECOND_USER" "password=$SECOND_PASSWORD"
    is "second: a value works once" "403 " "$STATUS $PLACE"
    authorize client_id=app.example
    answer "user=$SECOND_USER" "password=$SECOND_PASSWORD"
    is "second: the form of another service" "400 " "$STATUS $PLACE"
    second scope=parking:read
    answer "user=$SECOND_USER" "password=$SECOND_PASSWORD"
    like "second: signed in" "200  *$SECOND_CLIENT_ID*parking:read*decision*" "$STATUS $PLACE $BODY"
    like "second: the page may lead back" "*form-action 'self' http://127.0.0.1:7;*" "$(cat "$DIR/headers")"
    first=$BODY
    answer decision=perhaps
    is "second: no decision" "400 " "$STATUS $PLACE"
    BODY=$first answer decision=approve
    is "second: a grant works once" "403 " "$STATUS $PLACE"
    second
    answer "user=$SECOND_USER" "password=$SECOND_PASSWORD"
    answer decision=approve
    is "second: granted, and no iss" "303 code state $STATE" "$STATUS $(names) $(parameter state)"
    exchange
    is "second: the code is good" 200 "$STATUS"
    second
    answer "user=$SECOND_USER" "password=$SECOND_PASSWORD"
    answer decision=refuse
    is "second: refused" "303 error state access_denied" "$STATUS $(names) $(parameter error)"
}

t_second_token() {
    proof
    second
    consent
    is "second: consent by control" "200 code state" "$STATUS $(names)"
    exchange client_secret=wrong
    is "second: a wrong secret" "401 invalid_client" "$STATUS $(field error)"
    exchange client_secret=
    is "second: no secret" "401 invalid_client" "$STATUS $(field error)"
    exchange client_id=app.example
    is "second: another client" "401 invalid_client" "$STATUS $(field error)"
    SECOND_CLIENT_SECRET=wrong basic
    is "second: a wrong secret in the header" "401 invalid_client" "$STATUS $(field error)"
    ask -i -H 'Authorization: Basic !' -d grant_type=authorization_code "$HTTP_SECOND_URL/oauth/token"
    like "second: no base64" "*401*WWW-Authenticate: Basic*invalid_client*" "$BODY"
    ask -u "$SECOND_CLIENT_ID:$SECOND_CLIENT_SECRET" -d grant_type=authorization_code "$HTTP_SECOND_URL/oauth/token"
    is "second: a header that is not encoded" "401 invalid_client" "$STATUS $(field error)"
    basic client_id=app.example
    is "second: another client in the body" "401 invalid_client" "$STATUS $(field error)"
    basic "client_secret=$SECOND_CLIENT_SECRET"
    is "second: two ways at once" "400 invalid_request" "$STATUS $(field error)"
    exchange redirect_uri=http://127.0.0.1:8/back
    is "second: another redirect_uri" "400 invalid_grant" "$STATUS $(field error)"
    exchange code=nothing
    is "second: an unknown code" "400 invalid_grant" "$STATUS $(field error)"
    exchange grant_type=password
    is "second: another grant" "400 unsupported_grant_type" "$STATUS $(field error)"
    basic
    is "second: the reply" '200 ["access_token","expires_in","refresh_token","token_type"] [600,"bearer"]' \
        "$STATUS $(jq -c keys <<<"$BODY") $(jq -c '[.expires_in,.token_type]' <<<"$BODY")"
    resource
    is "second: the resource" "200 $SECOND_USER" "$STATUS $(field user)"
    ACCESS=x resource -i
    like "second: a wrong token" "*401*WWW-Authenticate: Bearer*invalid_token*" "$BODY"
    account balance
    is "second: no token for Parallel" 401 "$STATUS"
    ctl /check "{\"access_token\":\"$ACCESS\"}"
    is "second: its family" '[true,1] "second"' "$(jq -c '[.valid,.family]' <<<"$BODY") $(state 'families[0].service')"
    exchange
    is "second: a code that comes again" "400 invalid_grant" "$STATUS $(field error)"
    ask "$HTTP_SECOND_URL/api/me"
    is "second: no token" 401 "$STATUS"
    is "second: ends what it brought" '[false,"revoked"] "reused"' \
        "$(state 'families[0]|[.alive,.revoked_reason]') $(state 'consents[0].status')"
    second
    consent
    redeem client_id=app.example
    is "second: its code at another service" "400 invalid_grant" "$STATUS $(field error)"
    later 60
    exchange
    is "second: a code lives for a minute" "400 invalid_grant" "$STATUS $(field error)"
    ctl /config '{"second_auth_method":"client_secret_post","approve_after":0}'
    second
    basic
    is "second: the header may be refused" "401 invalid_client" "$STATUS $(field error)"
    exchange
    is "second: then the body is not" 200 "$STATUS"
    ctl /config '{"second_auth_method":"client_secret_basic"}'
    second
    exchange
    is "second: or the body" "401 invalid_client" "$STATUS $(field error)"
    basic
    is "second: and the header not" 200 "$STATUS"
}

t_second_refresh() {
    local first
    proof
    ctl /config '{"approve_after":0}'
    second
    exchange
    first=$REFRESH
    REFRESH=x again
    is "second: an unknown refresh token" "400 invalid_grant" "$STATUS $(field error)"
    REFRESH=$first
    again client_secret=wrong
    is "second: refresh without the secret" "401 invalid_client" "$STATUS $(field error)"
    REFRESH=$first
    ask -d grant_type=refresh_token -d "refresh_token=$REFRESH" "$HTTP_PLATFORM_URL/getServiceKeys/token"
    is "second: refresh at another service" "400 invalid_grant" "$STATUS $(field error)"
    again
    is "second: refresh" 200 "$STATUS"
    is "second: rotates" yes "$([ "$first" != "$REFRESH" ] && echo yes)"
    resource
    is "second: the new access token" 200 "$STATUS"
    later 600
    resource
    is "second: lives as long as it said" 401 "$STATUS"
    again
    REFRESH=$first again
    is "second: a spent token ends all" '400 "reuse"' "$STATUS $(state 'families[0].revoked_reason')"
    login
    ask -d grant_type=refresh_token --data-urlencode "client_id=$SECOND_CLIENT_ID" -d "refresh_token=$REFRESH" \
        --data-urlencode "client_secret=$SECOND_CLIENT_SECRET" "$HTTP_SECOND_URL/oauth/token"
    is "second: takes no token of Parallel" "400 invalid_grant" "$STATUS $(field error)"
    ctl /config '{"rotate":false}'
    second
    exchange
    again
    is "second: no rotation" "200 null" "$STATUS $(field refresh_token)"
    ctl /config '{"omit":["second-token:refresh_token","second-token:expires_in"],"rotate":true}'
    second
    exchange
    is "second: no refresh token, no expiry" '["access_token","token_type"]' "$(jq -c keys <<<"$BODY")"
    ctl /config '{"omit":[],"override":{"second-token:expires_in":0,"second-redirect:iss":"x","second-redirect:state":"y"}}'
    second
    is "second: an iss, and another state" "code state iss y x" "$(names) $(parameter state) $(parameter iss)"
    exchange
    is "second: an expiry of 0" 0 "$(field expires_in)"
    trouble '{"endpoint":"second-refresh","kind":"reset-after"}'
    first=$REFRESH
    again
    outcome "second: the lost answer" 000 56
    REFRESH=$first again
    is "second: was processed" "400 invalid_grant" "$STATUS $(field error)"
    is "second: counted" "[9,4]" "$(state requests | jq -c '[.["second-refresh"],.["second-token"]]')"
}

t_second_other() {
    local path endpoint
    for path in /.well-known/oauth-authorization-server /.well-known/openid-configuration \
        /oauth/device/code /oauth/revoke /oauth/register /device /getKeys/token /api; do
        ask -d x=y "$HTTP_SECOND_URL$path"
        is "second: nothing at $path" 404 "$STATUS"
    done
    ask --cacert "$CA_FILE" "$HTTPS_SECOND_URL/api/me"
    outcome "second: https" 401 0
    proof
    ctl /config '{"second_redirect_uri":"http://127.0.0.1:7/only"}'
    second
    is "second: the one redirect_uri, and no other" 400 "$STATUS"
    second redirect_uri=http://127.0.0.1:8/only
    is "second: nor another port" 400 "$STATUS"
    second redirect_uri=http://127.0.0.1:7/only
    is "second: the one redirect_uri" 200 "$STATUS"
    ctl /config '{"second_redirect_uri":7}'
    is "second: config, wrong type" 400 "$STATUS"
    fresh
    second redirect_uri=http://localhost:8/
    is "second: reset" 200 "$STATUS"
    for endpoint in metadata authorize keys-token keys-register keys-code \
        second-authorize second-token second-refresh second-data; do
        trouble "{\"endpoint\":\"$endpoint\",\"kind\":\"empty\"}"
    done
    is "all the new endpoints can be struck" 9 "$(state 'troubles|length')"
}

t_log_web() {
    CLIENT=app.example
    proof
    authorize
    consent
    redeem
    ctl /log
    is "log: the names in the query" \
        '["client_id","code_challenge","code_challenge_method","redirect_uri","response_type","scope","state"]' \
        "$(jq -c '.[0].query_fields|sort' <<<"$BODY")"
    is "log: endpoints, client, status" '[["authorize","app.example",200],["keys-token","app.example",200]]' \
        "$(jq -c 'map([.endpoint,.client,.status])' <<<"$BODY")"
    is "log: the fields of the grant" '["client_id","code","code_verifier","grant_type","redirect_uri"]' \
        "$(jq -c '.[1].form_fields|sort' <<<"$BODY")"
}

t_log() {
    login
    refresh -A agent/1
    take_tokens
    ctl /log
    is "log: the newest" \
        '{"n":5,"method":"POST","path":"/getServiceKeys/token","endpoint":"token_refresh","status":200,"form_fields":["grant_type","client_id","refresh_token"],"content_type":"application/x-www-form-urlencoded","user_agent":"agent/1"}' \
        "$(jq -c '.[-1]|{n:(.n+1),method,path,endpoint,status,form_fields,content_type,user_agent}' <<<"$BODY")"
    is "log: header names" '["Accept","Content-Length","Content-Type","Host","User-Agent"]' "$(jq -c '.[-1].header_names|sort' <<<"$BODY")"
    is "log: the client" "$CLIENT" "$(jq -r '.[-1].client' <<<"$BODY")"
    is "log: in the file" "$(jq -c '.[-1]|.form_fields' <<<"$BODY")" "$(tail -n1 "$DIR/p/requests.log" | jq -c .form_fields)"
    sort -u "$SECRETS" | grep -v '^null$' | grep . | grep -E '^s' >"$DIR/look"
    is "many secrets were given out" yes "$([ "$(wc -l <"$DIR/look")" -gt 30 ] && echo yes)"
    is "no secret in the log file" 0 "$(grep -cFf "$DIR/look" "$DIR/p/requests.log")"
    { curl -s "$CONTROL_URL/log"; curl -s "$CONTROL_URL/state"; } >"$DIR/shown"
    is "no secret in log and state" 0 "$(grep -cFf "$DIR/look" "$DIR/shown")"
}

t_end() {
    curl -s -d '{"kind":"hang","endpoint":"data"}' "$CONTROL_URL/trouble" >/dev/null
    curl -s --max-time 10 "$HTTP_API_URL/hang" &
    ctl '/wait?counter=data&at_least=1&ms=2000'
    kill "$PID"
    wait "$PID"
    is "ends cleanly at SIGTERM, with a request hanging" 0 "$?"
    PID=
    is "the pid file is gone" no "$([ -e "$DIR/p/platform.pid" ] && echo yes || echo no)"
}

t_starts() {
    local out
    "$PLATFORM" --dir "$DIR/b" --background --approve-after 0 --seed-org o1:One
    is "background: ready at once" "0 yes" "$? $([ -s "$DIR/b/platform.env" ] && echo yes)"
    # shellcheck disable=SC1091
    . "$DIR/b/platform.env"
    is "background: pid" "$PID" "$(cat "$DIR/b/platform.pid")"
    register
    device
    poll
    is "--approve-after, --seed-org" "200 o1" "$STATUS $(field org_id)"
    take_tokens
    fresh
    is "--approve-after stays after a reset" 0 "$(state config.approve_after)"
    kill "$PID"
    for _ in {1..300}; do
        [ -e "$DIR/b/platform.pid" ] || break
        sleep 0.01
    done
    is "background: ends" no "$([ -e "$DIR/b/platform.pid" ] && echo yes || echo no)"
    PID=
    out=$("$PLATFORM" --dir "$DIR/no/such" --background 2>&1)
    is "a folder that cannot be" 1 "$?"
    like "and the reason" "platform: *No such file*" "$out"
    "$PLATFORM" 2>/dev/null
    is "usage" 2 "$?"
    start --seed-org o2:Two
    kill -INT "$PID"
    wait "$PID"
    is "ends cleanly at SIGINT" 0 "$?"
    PID=
    bash -c '"$0" --dir "$1" --die-with-parent & until [ -e "$1/platform.pid" ]; do sleep 0.01; done' "$PLATFORM" "$DIR/c"
    for _ in {1..300}; do
        [ -e "$DIR/c/platform.pid" ] || break
        sleep 0.01
    done
    is "--die-with-parent" no "$([ -e "$DIR/c/platform.pid" ] && echo yes || echo no)"
}

shopt -s extglob
start --seed-org 'org_one:One & Only' --seed-org org_two:Two
printf '%s\n' "$SECOND_CLIENT_SECRET" "$SECOND_PASSWORD" >>"$SECRETS"
t_files
for t in register code poll slow_down refresh lifetimes revoke account config \
    orgs waiting trouble_plain trouble_broken trouble_queue gate many \
    two_writes tls page metadata keys_register authorize consent_page consent \
    redirect keys_token keys_device second_page second_token second_refresh \
    second_other log_web log; do
    fresh
    "t_$t"
done
t_end
t_starts
echo "1..$count"
[ "$failed" -eq 0 ]
