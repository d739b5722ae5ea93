#!/bin/bash
# An authorization server that nobody here wrote, by configuration alone: the
# npm package oidc-provider. Discovery, registration, the device grant, rotation
# and revocation.
# shellcheck source=tests/system/npm.sh disable=SC1091
. "$(dirname "$0")/npm.sh"
npm_install oidc-provider oidc-provider@9
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
npm_needs

# serve PATH: the server; its issuer in $ISSUER
serve() {
    in_background node "$(dirname "$0")/oidc-server.mjs" "$npm_folder" "$1" \
        >"$WORK/issuer" 2>"$WORK/server.err"
    wait_until 30 test -s "$WORK/issuer" || skip_all "node cannot run it: $(
        tail -n 1 "$WORK/server.err"
    )"
    ISSUER=$(cat "$WORK/issuer")
    ORIGIN=$(cut -d/ -f1-3 <<<"$ISSUER")
}
call() { # call PATH [ARGUMENTS OF curl]
    curl -sS --noproxy '*' --max-time 30 "$ORIGIN$1" "${@:2}"
}
asked() { # how often METHOD PATH was asked
    call /requests | jq "[.[] | select(. == \"$1\")] | length"
}
# sign_in_here [OPTIONS]: approved at once, as a person would
sign_in_here() {
    local login
    : >"$WORK/login"
    "$TOOL" login --provider oidc --json --no-browser "$@" \
        >"$WORK/login" 2>"$WORK/login.err" </dev/null &
    login=$!
    wait_until 20 grep -q user_code "$WORK/login" &&
        call /approve -f -d "$(head -n 1 "$WORK/login" | jq -c '{user_code}')"
    wait "$login" || {
        cat "$WORK/login" "$WORK/login.err"
        return 1
    }
}
# browse_here [OPTIONS]: the same in a browser, which here is curl: it follows
# every redirect, the last of them to our page
browse_here() {
    local login
    : >"$WORK/login"
    "$TOOL" login --provider oidc --web --json --no-browser --wait 60 "$@" \
        >"$WORK/login" 2>"$WORK/login.err" </dev/null &
    login=$!
    wait_until 20 grep -q . "$WORK/login" &&
        curl -sSL --noproxy '*' --cookie '' --max-time 30 -o "$WORK/page" \
            "$(head -n 1 "$WORK/login" | jq -r .verification_uri_complete)"
    wait "$login" || {
        cat "$WORK/login" "$WORK/login.err"
        return 1
    }
}
# passes NAME [COMMAND]: all that a credential of this provider does
passes() {
    local name=$1 token old new before path=${ISSUER#"$ORIGIN"}
    check "$name: sign in" "${2:-sign_in_here}"
    token=$("$TOOL" token --provider oidc)
    isnt "$token" '' "$name: a token"
    is "$(call "$path/me" -H "Authorization: Bearer $token" | jq -r .sub)" me \
        "$name: which the server takes"
    run "$TOOL" get < <(printf 'protocol=https\nhost=api.oidc.example\n\n')
    like "$out" "^password=$token\$" "$name: get"
    old=$(stored '.records[0].refresh_token')
    before=$(call /requests | jq length)
    run "$TOOL" refresh --provider oidc
    is "$rc:$err" 0: "$name: refresh"
    is "$(call /requests | jq -c ".[$before:]")" "[\"POST $path/token\"]" \
        "$name: by one request, to the token endpoint"
    new=$("$TOOL" token --provider oidc)
    isnt "$new" "$token" "$name: a new token"
    isnt "$(stored '.records[0].refresh_token')" "$old" \
        "$name: the refresh token rotates"
    is "$(call "$path/me" -H "Authorization: Bearer $new" | jq -r .sub)" me \
        "$name: the new one is good"
    expire_token
    isnt "$("$TOOL" token --provider oidc)" "$new" \
        "$name: an expired one is renewed when it is asked for"
    before=$(call /requests | jq length)
    run "$TOOL" logout --provider oidc
    is "$rc:$(stored '.records | length')" 0:0 "$name: logout"
    is "$(call /requests | jq -c ".[$before:]")" \
        "[\"POST $path/token/revocation\"]" "$name: which revokes"
}

serve ''
new_person
section() { # section LINE...: by the issuer alone, and these lines
    configure '[provider oidc]' "issuer = $ISSUER" \
        'scopes = openid offline_access' 'hosts = api.oidc.example' "$@"
}

# By the issuer alone: metadata, and a registered client without a secret
section
passes "registered"
is "$(asked 'POST /reg')" 1 "it has registered once"
check "again" sign_in_here
is "$(asked 'POST /reg')" 1 "and stays with that id"
# Somebody else has used the refresh token.
before=$(stored '.records[0].refresh_token')
call /token -o /dev/null -d grant_type=refresh_token \
    -d "client_id=$(stored '.records[0].client_id')" \
    -d "refresh_token=$before"
run "$TOOL" refresh --provider oidc
like "$rc:$err" '^3:.*has ended and cannot be renewed.*login --provider oidc' \
    "a spent refresh token: sign in again"
is "$(stored '.records[0].refresh_token')" "$before" "nothing is deleted"
# A code that is asked about before anybody has decided
"$TOOL" login --provider oidc --json --no-browser --wait 2 >"$WORK/login" \
    2>/dev/null </dev/null
is "$?" 5 "nobody approves"

# In a browser: code, PKCE, and who answers
new_person
section
before=$(asked 'POST /reg')
passes "in a browser" browse_here
like "$(cat "$WORK/page")" 'You are signed in to oidc' "our page is the last"
is "$(asked 'POST /reg')" $((before + 1)) "its redirect address is registered"
call /mood/refuse -o /dev/null
check "no in the browser: the login ends" eval '! browse_here'
is "$(tail -1 "$WORK/login" | jq -r .error)" access_denied "as a refusal"
like "$(cat "$WORK/page")" 'You have refused' "and the page says so"
call /mood/grant -o /dev/null
section 'pkce = no'
: >"$WORK/login"
"$TOOL" login --provider oidc --web --json --no-browser --wait 60 >"$WORK/login" \
    2>/dev/null </dev/null &
login=$!
wait_until 20 grep -q . "$WORK/login"
curl -sSL --noproxy '*' --cookie '' -o "$WORK/page" \
    "$(head -n 1 "$WORK/login" | jq -r .verification_uri_complete)"
wait "$login"
is "$?:$(tail -1 "$WORK/login" | jq -r .error)" 3:invalid_request \
    "without PKCE it refuses"
section

# Clients with a secret
for each in 'with:basic client_secret_basic' 'with-post client_secret_post'; do
    new_person
    printf 's:esame&+%% %s\n' "${each% *}" >"$HOME/secret"
    chmod 600 "$HOME/secret"
    section "client_id = ${each% *}" "client_secret_file = $HOME/secret" \
        "token_endpoint_auth_method = ${each#* }"
    passes "${each#* }"
    passes "${each#* } in a browser" browse_here
    printf 'wrong\n' >"$HOME/secret"
    run "$TOOL" login --provider oidc
    like "$rc:$err" '^3:.*invalid_client' "${each#* }: a wrong secret"
done

# A path in the issuer goes behind the well-known part.
serve tenant/1
new_person
section
passes "an issuer with a path"
is "$(asked 'GET /.well-known/oauth-authorization-server/tenant/1')" 1 \
    "whose metadata were fetched once, for the login"
finish
