#!/bin/bash
# What an authorization server tells of itself (RFC 8414): believed as far as it
# can do no harm.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
start_sandbox
BASE=$HTTP_PLATFORM_URL

by_issuer() { # by_issuer [LINE...]: by its issuer alone
    configure "ca_file = $CA_FILE" '[provider keys]' "issuer = $BASE" \
        'scopes = key:read' 'hosts = api.keys.example' "$@"
}
tells() { # tells JSON: what the metadata tell instead
    control config "{\"omit\":[],\"override\":{},\"metadata_junk\":0}" >/dev/null
    control config "$1" >/dev/null
}
refused() { # refused NAME TEXT: a login ends with it, nothing else was asked
    local before
    before=$(state '[.requests[] | numbers] | add')
    run "$TOOL" login --provider keys --no-browser --wait 0
    like "$rc:$err" "^4:parallel-credential: .*$2" "$1: refused"
    is "$(state '[.requests[] | numbers] | add')" $((before + 1)) \
        "$1: nobody else is asked"
}

# ---- what is not believed -----------------------------------------------------

new_person
by_issuer
for each in https://other.example "$BASE/" "${BASE/127.0.0.1/localhost}"; do
    tells "{\"override\":{\"metadata:issuer\":\"$each\"}}"
    refused "issuer $each" '"issuer" names another issuer'
done
tells '{"omit":["metadata:issuer"]}'
refused "no issuer" '"issuer" is missing'
for key in token_endpoint authorization_endpoint device_authorization_endpoint \
    registration_endpoint revocation_endpoint; do
    for each in '"http://192.0.2.1/x"' '"ftp://192.0.2.1/x"' \
        '"https://user@evil.example/x"' '"/getKeys/token"' '""'; do
        tells "{\"override\":{\"metadata:$key\":$each}}"
        refused "$key $each" "\"$key\" is not an https:// address"
    done
    for each in 7 '["https://a.example"]' '{}'; do
        tells "{\"override\":{\"metadata:$key\":$each}}"
        refused "$key $each" "\"$key\" is no text"
    done
done
tells '{"omit":["metadata:token_endpoint"]}'
refused "no token endpoint" '"token_endpoint" is missing'
tells '{"metadata_junk":200000}'
refused "200 kB of junk" 'more than 131072 bytes'
tells '{"metadata_junk":1100000}'
refused "1 MB of junk" 'too large .more than 1048576 bytes.'
tells '{"metadata_junk":50000}'
check "50 kB of what nobody knows are passed over" sign_in --provider keys
tells '{}'
for kind in html empty garbage truncate; do
    control trouble "{\"endpoint\":\"metadata\",\"kind\":\"$kind\"}" >/dev/null
    refused "$kind" 'oauth-authorization-server: not JSON'
done
control trouble '{"endpoint":"metadata","kind":"null"}' >/dev/null
refused "null" 'oauth-authorization-server: JSON, but not an object'
control trouble '{"endpoint":"metadata","kind":"status","status":302,"location":"http://192.0.2.1/"}' \
    >/dev/null
refused "a redirect" 'answered 302'

# What https tells does not lead to http on this machine.
new_person
BASE=$HTTPS_PLATFORM_URL by_issuer
for key in token_endpoint device_authorization_endpoint; do
    tells "{\"override\":{\"metadata:$key\":\"$HTTP_PLATFORM_URL/x\"}}"
    refused "$key at http by https" "\"$key\" is not an https:// address"
done

# ---- what changes afterwards ------------------------------------------------------

new_person
tells '{}'
configure "ca_file = $CA_FILE" '[provider acme]' "issuer = $BASE" \
    "token_endpoint = $BASE/getServiceKeys/token" \
    "device_authorization_endpoint = $BASE/getServiceKeys/device/code" \
    "registration_endpoint = $BASE/getServiceKeys/register" \
    "registration = parallel-json" 'scopes = keys:read'
check "sign in where tokens can be renewed" sign_in --provider acme
# From now on the issuer alone, which tells of somebody else's endpoints.
configure "ca_file = $CA_FILE" '[provider acme]' "issuer = $BASE" \
    'scopes = keys:read'
tells "{\"override\":{\"metadata:token_endpoint\":\"$HTTP_SECOND_URL/oauth/token\"}}"
asked=$(state '.requests.metadata')
run "$TOOL" refresh --provider acme
is "$rc:$err" 0: "what was kept is renewed where it was got"
is "$(state '.requests.metadata')" "$asked" "the metadata are not asked"
is "$(jq -s '[.[] | select(.path == "/oauth/token")] | length' \
    "$WORK/sandbox/requests.log")" 0 "nor who they name now"
tells '{}'

# ---- who answers in the browser ---------------------------------------------------

if [ -x "$PREFIX/libexec/parallel-credential/web" ]; then
    new_person
    by_issuer
    browse() { # what the login says at its end
        local login address back
        : >"$WORK/login"
        "$TOOL" login --provider keys --web --no-browser --json --wait 30 \
            >"$WORK/login" 2>/dev/null </dev/null &
        login=$!
        wait_until 10 grep -q . "$WORK/login"
        address=$(head -1 "$WORK/login" | jq -r .verification_uri_complete)
        curl -sS --noproxy '*' -o /dev/null "$address"
        back=$(control consent '{"state":"any","wait_ms":5000}' |
            jq -r .location)
        curl -sS --noproxy '*' -o /dev/null "$back"
        wait "$login"
        rc=$?
        out=$(tail -1 "$WORK/login" | jq -r '.error // .status')
    }
    browse
    is "$rc:$out" 0:authenticated "with the right issuer"
    tells '{"override":{"redirect:iss":"https://evil.example"}}'
    browse
    is "$rc:$out" 3:wrong_issuer "with another one (RFC 9207)"
    tells '{"omit":["redirect:iss"]}'
    browse
    is "$rc:$out" 0:authenticated "with none"
    tells '{"omit":["redirect:iss"],
        "override":{"metadata:authorization_response_iss_parameter_supported":true}}'
    browse
    is "$rc:$out" 3:wrong_issuer "with none where one was announced"
else
    skip "who answers in the browser" "configured --without-web"
fi
finish
