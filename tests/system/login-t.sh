#!/bin/bash
# Sign in by device authorization, be served, sign out.
. "$(dirname "$0")/lib.sh"
start_sandbox
new_person

run "$TOOL" token
is "$rc" 3 "token without a credential: exit 3"
like "$err" "not signed in" "token says so"
run "$TOOL" status --json
is "$rc" 3 "status signed out: exit 3"
is "$(jq -r .authenticated <<<"$out")" false "status --json says so"

check "login" sign_in
is "$(head -1 <<<"$out" | jq -r .status)" waiting_for_authorization \
    "login --json: first line"
is "$(tail -1 <<<"$out" | jq -rc '[.status,.org_id,.org_name]')" \
    '["authenticated","org_acme","Acme"]' "login --json: last line"
is "$(stat -c '%a %U' "$STORE")" "600 $(id -un)" "store: 0600 and ours"
is "$(stat -c %a "$STATE")" 700 "its folder: 0700"
is "$(stat -c '%a' "$SESSION")" 600 "session cache: 0600"

token=$("$TOOL" token)
is "$(control check "{\"access_token\":\"$token\"}" | jq -r .valid)" true \
    "the token is a good one"
run "$TOOL" get < <(request)
is "$(grep ^password= <<<"$out")" "password=$token" "get answers with it"
is "$rc" 0 "get: exit 0"
is "$("$TOOL" header | curl -sS -H @- \
    "$HTTP_SERVICE_API_URL/service/v1/apps" | jq -r '.apps[0].app_name')" \
    "parallel-cli Users" "curl calls the Account API with header"

old=$(stored '.records[0].refresh_token')
run "$TOOL" logout
is "$rc" 0 "logout"
is "$(control check "{\"refresh_token\":\"$old\"}" | jq -r .valid)" false \
    "the refresh token is revoked"
run "$TOOL" token
is "$rc" 3 "token after logout: exit 3"
run "$TOOL" get < <(request)
is "$rc:$out" "0:" "get after logout: nothing, exit 0"
unlike "$(cat "$STORE" "$SESSION")" "$old|$token" "no token is left behind"

# The person chooses the organization; --org can ask for another one.
control config '{"approve_after":0,"interval":1}' >"$WORK/config"
run "$TOOL" login --json --no-browser --org org_other
is "$rc:$(tail -1 <<<"$out" | jq -rc '[.status,.error]'):$err" \
    '3:["error","other_organization"]:' "another one than --org: said, exit 3"
like "$(tail -1 <<<"$out" | jq -r .message)" \
    "signed in for the organization .* not for org_other; .* logout" \
    "what is kept, and how to undo it"
run "$TOOL" token
is "$rc" 0 "it is kept"
org=$(stored '.records[0].org_name')
run "$TOOL" login --no-browser --org "$org"
is "$rc" 0 "the one that --org names: exit 0"
like "$err" "signed in to Parallel for $org;" "and said"
finish
