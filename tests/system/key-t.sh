#!/bin/bash
# API keys: made at the sign-in, used, replaced, given back; the verbs of the
# Account API; several organizations.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/points.sh
. "$(dirname "$0")/points.sh"

start_sandbox --seed-org org_beta:Beta
control config '{"approve_after":0}' >"$WORK/control.out"

# ---- helpers ----------------------------------------------------------------

# keys JQ: of the service's keys, e.g. keys 'map(select(.alive)) | length'
keys() {
    state ".api_keys | $1"
}
alive() {
    keys 'map(select(.alive)) | length'
}
good_key() {
    control check "{\"api_key\":\"$1\"}" | grep -Eq '"valid": *true'
}
# ask ORIGIN [PATH]: what git gets there, as USER:PASSWORD
ask() {
    printf 'protocol=%s\nhost=%s\npath=%s\n\n' "${1%%://*}" "${1#*://}" \
        "${2-}" | "$TOOL" get |
        awk -F= '$1 == "username" { user = $2 }
            $1 == "password" { print user ":" $2 }'
}
# refuse KEY: the service has refused it
refuse() {
    printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
        "${PARALLEL_API_URL#*://}" "$1" | "$TOOL" erase
}
# person [LINE...]: a new one with this configuration, signed in
person() {
    new_person
    [ $# -eq 0 ] || configure "$@"
    bounded "$TOOL" login --no-browser
    [ "$rc" -eq 0 ] || echo "# login: exit $rc: $err"
}
# The line of a login about the key that it could not have.
warning() {
    grep "no API key yet" <<<"$err"
}
lines() {
    printf %s "$err" | grep -c ''
}

# ---- with the sign-in -------------------------------------------------------

person
key=$(stored '.records[0].api_key')
check "a sign-in brings an API key" good_key "$key"
is "$(alive)" 1 "one"
like "$(keys '.[0].api_key_name')" \
    "^parallel-credential $(id -un)@$(uname -n) 20..-..-.. ..:..:.. [0-9a-f]{4}\$" \
    "its name tells the machine, the user and the time"
is "$(keys '.[0].api_key_id')" "$(stored '.records[0].api_key_id')" \
    "its id is kept"
is "$(stored '.keys')" null "none is without a record"
is "$("$TOOL" token --api-key)" "$key" "token --api-key"
is "$("$TOOL" header --api-key)" "x-api-key: $key" "header --api-key"
is "$(ask "$PARALLEL_API_URL")" "parallel-key:$key" "get for the data API"
unlike "$(ask "$PARALLEL_PLATFORM_URL")" "$key" "not for the platform"
like "$("$TOOL" status)" "API key +stored, \"parallel-credential " "status"
is "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' \
    -H "$("$TOOL" header --api-key)" "$PARALLEL_API_URL/v1/echo")" 200 \
    "the data API takes it"

bounded "$TOOL" login --no-browser
is "$rc:$(stored '.records[0].api_key'):$(alive)" "0:$key:1" \
    "the next sign-in uses the same key"

# Killed before the record says that it is used: that is no key to be deleted.
store_set '.keys = [.records[0] | {issuer, org_id, app_id: .api_key_app,
    api_key_id, name: .api_key_name, state: "unwanted"}]'
run "$TOOL" status
unlike "$out" "to delete" "status does not name the key that is used"
is "$("$TOOL" status --json | jq -c .keys_to_delete)" '[]' "status --json, too"

# ---- given back -------------------------------------------------------------

bounded "$TOOL" logout
is "$rc:$(alive)" 0:0 "logout deletes it at the service"
person
expire_token
asked=$(refreshes)
bounded "$TOOL" logout
is "$rc:$(alive):$(refreshes)" "0:0:$((asked + 1))" \
    "also when the access token has to be renewed for that"

person
trouble '{"endpoint":"keys","kind":"status"}'
bounded "$TOOL" logout
is "$rc" 4 "logout, the key cannot be deleted: exit 4"
like "$err" 'API key "parallel-credential .*could not be deleted.*503' \
    "it is named"
is "$(alive):$(stored '.records | length')" 1:0 "signed out all the same"
run "$TOOL" status
like "$out" 'to delete +"parallel-credential .*" is not used any more' \
    "status names it"
is "$("$TOOL" status --json | jq -r '.keys_to_delete[0].api_key_id')" \
    "$(keys '.[-1].api_key_id')" "status --json, too"
bounded "$TOOL" login --no-browser
is "$(alive):$(stored .keys)" 1:null "the next sign-in deletes it"
"$TOOL" logout 2>"$WORK/run.err"

person 'api_key = none'
configure
rm -f "$SESSION"
trouble '{"endpoint":"apps","kind":"status","status":401}'
bounded "$TOOL" token --api-key
is "$rc" 0 "an access token that is refused meanwhile is renewed"
check "and the key is made" good_key "$out"
"$TOOL" logout 2>"$WORK/run.err"

# ---- refused ----------------------------------------------------------------

person
key=$(stored '.records[0].api_key')
run refuse "$key"
fresh=$(stored '.records[0].api_key')
is "$rc:$out:$err" 0:: "a key that is refused: silence"
isnt "$fresh" "$key" "it is made anew"
check "and good" good_key "$fresh"
is "$(alive):$(stored .keys)" 1:null "the old one is deleted"
is "$(ask "$PARALLEL_API_URL")" "parallel-key:$fresh" "the next get has it"
run refuse "$fresh"
is "$(stored '.records[0].api_key')" "$fresh" "not again within 30 seconds"
run refuse sak_of_somebody_else
is "$(stored '.records[0].api_key')" "$fresh" "another key is not ours"
"$TOOL" logout 2>"$WORK/run.err"

# ---- not made ---------------------------------------------------------------

made=$(keys length)
person 'api_key = none'
is "$(keys length):$(warning)" "$made:" "api_key = none: none is made"
bounded "$TOOL" token --api-key
is "$rc" 3 "and none is there: exit 3"
like "$err" "api_key = none" "with the reason"
like "$(ask "$PARALLEL_API_URL")" "^parallel-token:" \
    "get for the data API: the access token"

person 'scopes = keys:read apps:read'
is "$(keys length)" "$made" "without the scope keys:create: none"
bounded "$TOOL" header --api-key
like "$rc:$err" "^3:.*without the scopes keys:create" "and why"

person 'api_key_app = My tools'
like "$err" 'no API key yet: there is no app "My tools"' \
    "no app of that name: named, the sign-in stays"
person 'api_key_app = My tools' \
    'scopes = keys:create keys:delete apps:read apps:create'
is "$(keys length)" $((made + 1)) "with the scope apps:create it is made"
like "$("$TOOL" apps)" "My tools" "the app is there"
"$TOOL" logout 2>"$WORK/run.err"

# ---- trouble ----------------------------------------------------------------

trouble '{"endpoint":"keys","kind":"status"}'
person
is "$rc" 0 "the service fails at the key: signed in"
like "$err" "no API key yet: .*503" "with a warning"
is "$(stored .keys)" null "none can have been made"
check "the next who needs one gets one" good_key "$("$TOOL" token --api-key)"
"$TOOL" logout 2>"$WORK/run.err"

for kind in reset-after reset-mid truncate; do
    trouble "{\"endpoint\":\"keys\",\"kind\":\"$kind\"}"
    person
    lost=$(keys '.[-1].api_key_name')
    is "$rc:$(stored '.keys | length')" 0:1 "$kind: one key may be there"
    is "$(stored '.keys[0].name'):$(stored '.keys[0].state')" "$lost:lost" \
        "$kind: it is remembered by its name"
    like "$err" "\"$lost\" may have been made" "$kind: login names it"
    like "$("$TOOL" status)" "\"$lost\" may have been made" \
        "$kind: status names it"
    check "$kind: another one is made" good_key "$("$TOOL" token --api-key)"
    is "$(stored '.keys | length')" 1 "$kind: the lost one stays named"
    bounded "$TOOL" keys delete "$lost"
    is "$rc:$(stored .keys)" 0:null "$kind: until a person says it is gone"
    "$TOOL" logout 2>"$WORK/run.err"
done

for bad in '"../../x"' '"a b"' '""' 7 null; do
    control config "{\"override\":{\"apps:apps\":[{\"app_id\":$bad,
        \"app_name\":\"parallel-cli Users\"}]}}" >"$WORK/control.out"
    person
    like "$rc:$(warning)" '^0:.*no API key yet: there is no app' \
        "an app with the id $bad is none"
done
control config '{"override":{"apps:apps":"x"}}' >"$WORK/control.out"
person
like "$rc:$(warning)" '^0:.*no API key yet: .*no usable list of apps' \
    "apps that are no list"
control config '{"override":{"apps:apps":null}}' >"$WORK/control.out"
person
like "$rc:$(warning)" '^0:.*no API key yet: there is no app' \
    "apps that are null"
control config '{"override":{}}' >"$WORK/control.out"
for bad in '""' '"a b"' '"a\nb"' 7 null; do
    control config "{\"override\":{\"key:raw_api_key\":$bad}}" \
        >"$WORK/control.out"
    person
    like "$rc:$(warning)" \
        '^0:.*may have been made.*no usable "raw_api_key"' "a key that is $bad"
done
control config '{"override":{"key:api_key_id":"../../1"}}' >"$WORK/control.out"
person
is "$(stored '.records[0].api_key_id')" "" "an id that is none is not kept"
check "the key is good all the same" good_key "$("$TOOL" token --api-key)"
is "$("$TOOL" status --json | jq -c .keys_to_delete)" "[]" "and in use"
left=$(stored '.records[0].api_key_name')
bounded "$TOOL" logout
like "$rc:$err" "^4:.*\"$left\" could not be deleted, for the service" \
    "logout cannot delete it: said by its name"
is "$("$TOOL" status --json | jq -r '.keys_to_delete[].name')" "$left" \
    "status, too"
control config '{"override":{}}' >"$WORK/control.out"

# ---- the verbs --------------------------------------------------------------

person 'scopes = keys:read keys:create keys:delete apps:read apps:create apps:delete balance:read'
bounded "$TOOL" balance
is "$rc:$out" "0:credit   \$25.12
pending  \$0.00" "balance"
is "$("$TOOL" balance --json | jq -c .)" \
    '{"credit_balance_cents":2512,"pending_debit_balance_cents":0,"will_invoice":false}' \
    "balance --json"
app=$("$TOOL" apps create 'Tools of mine')
like "$app" '^[0-9a-f-]{36}$' "apps create: its id"
like "$("$TOOL" apps)" "^$app +Tools of mine +Acme" "apps: a table"
is "$("$TOOL" apps list --json | jq -r "select(.app_id == \"$app\").app_name")" \
    "Tools of mine" "apps --json"
run "$TOOL" keys create 'for the cluster' --app "$app"
raw=$out
check "keys create: a key" good_key "$raw"
like "$err" "shown once" "which is not kept"
unlike "$(cat "$STORE")" "$raw" "nowhere"
like "$("$TOOL" keys)" 'for the cluster +made$' "keys: those that were made here"
like "$("$TOOL" keys list-ours)" '^[0-9a-f-]{36} +parallel-credential .* used$' \
    "and the one that is used"
bounded "$TOOL" keys delete 'for the cluster'
is "$rc:$(stored .keys)" 0:null "keys delete, by name"
run good_key "$raw"
isnt "$rc" 0 "it is gone"
bounded "$TOOL" keys create 'for the queue'
id=$(stored '.keys[0].api_key_id')
curl -sS --noproxy '*' -X DELETE -H "$("$TOOL" header)" \
    -o "$WORK/curl.out" \
    "$PARALLEL_SERVICE_API_URL/service/v1/apps/$(stored '.keys[0].app_id')/keys/$id"
bounded "$TOOL" keys delete 'for the queue'
is "$rc:$(stored .keys)" 0:null "keys delete: one that is gone already"
for each in 1 2; do
    bounded "$TOOL" keys create twice
done
is "$(stored '[.keys[].api_key_id] | unique | length')" 2 \
    "two keys of one name: both are listed"
first=$(stored '.keys[0].api_key_id')
bounded "$TOOL" keys delete "$(stored '.keys[1].api_key_id')"
is "$rc:$(stored '.keys[].api_key_id')" "0:$first" "one is deleted, by its id"
bounded "$TOOL" keys delete twice
is "$rc:$(stored .keys)" 0:null "and the other one"
key=$("$TOOL" token --api-key)
bounded "$TOOL" keys delete nope
like "$rc:$err" "^2:.*nope is neither an API key's id nor the name of one that was made here" \
    "keys delete: neither an id nor a name"
bounded "$TOOL" keys delete "$(stored '.records[0].api_key_id')"
is "$rc" 0 "keys delete: the one that is used"
run good_key "$key"
isnt "$rc" 0 "it is gone"
is "$(stored '.records[0].api_key')" null "and not kept"
key=$("$TOOL" token --api-key)
check "whoever needs one has another one made" good_key "$key"
bounded "$TOOL" apps delete "$app"
is "$rc" 0 "apps delete"
bounded "$TOOL" apps delete "$app"
like "$rc:$err" "^2:.*not there" "what is not there: exit 2"
for bad in ../x 'a/b' '' 'a b'; do
    bounded "$TOOL" apps delete "$bad"
    is "$rc:$(lines)" 2:1 "apps delete '$bad': exit 2"
    bounded "$TOOL" keys delete "$bad" --app "$app"
    is "$rc:$(lines)" 2:1 "keys delete '$bad': exit 2"
done
for bad in 'apps x' 'keys x' 'keys create' 'balance x' 'use' 'apps list x'; do
    # shellcheck disable=SC2086
    bounded "$TOOL" $bad
    is "$rc:$(lines)" 2:1 "$bad: exit 2, one line"
done
asked=$(refreshes)
trouble '{"endpoint":"balance","kind":"status","status":401}'
bounded "$TOOL" balance
is "$rc:$(refreshes)" "0:$((asked + 1))" "401: renewed, asked once more"
trouble '{"endpoint":"balance","kind":"status","status":401,"times":-1}'
bounded "$TOOL" balance
is "$rc:$(lines)" 3:1 "401 again: exit 3"
control trouble '{"clear":true}' >"$WORK/control.out"
for kind in html empty null garbage reset truncate; do
    trouble "{\"endpoint\":\"balance\",\"kind\":\"$kind\"}"
    bounded "$TOOL" balance
    is "$rc:$out:$(lines)" 4::1 "balance, $kind: exit 4, one line"
done
person 'scopes = apps:read'
bounded "$TOOL" balance
like "$rc:$err" '^3:.*balance:read' "a scope is missing: named, exit 3"

# ---- several organizations --------------------------------------------------

person
control config '{"approve_after":null}' >"$WORK/control.out"
control approve '{"user_code":"any","org_id":"org_beta","wait_ms":20000}' \
    >"$WORK/approve.out" 2>&1 &
approver=$!
bounded "$TOOL" login --no-browser
wait $approver
control config '{"approve_after":0}' >"$WORK/control.out"
is "$(stored '.records | length'):$(stored .selected.org_id)" 2:org_beta \
    "a second organization; it is the selected one"
acme=$(stored '.records[] | select(.org_id == "org_acme").access_token')
beta=$(stored '.records[] | select(.org_id == "org_beta").access_token')
is "$("$TOOL" token)" "$beta" "token: of the selected one"
is "$("$TOOL" token --org org_acme)" "$acme" "token --org"
is "$("$TOOL" token --org Acme)" "$acme" "token --org, by name"
# Who calls an organization by the id of another one gets nothing by that.
cp "$STORE" "$WORK/store.before"
store_set '(.records[] | select(.org_id == "org_beta")).org_name = "org_acme"'
rm -f "$SESSION"
is "$("$TOOL" token --org org_acme)" "$acme" "token --org: an id before a name"
cat "$WORK/store.before" >"$STORE"
rm -f "$SESSION"
like "$("$TOOL" status)" '^Also: Acme \(org_acme\) at .*, signed in$' \
    "status lists the other"
is "$("$TOOL" status --json |
    jq -c '[.organizations[] | [.org_id, .selected]] | sort')" \
    '[["org_acme",false],["org_beta",true]]' "status --json, too"
bounded "$TOOL" use Acme
is "$rc:$("$TOOL" token)" "0:$acme" "use, by name"
bounded "$TOOL" use org_beta
is "$rc:$("$TOOL" token)" "0:$beta" "use, by id"
bounded "$TOOL" use nobody
is "$rc:$(lines)" 2:1 "use of one that is not there: exit 2"
bounded "$TOOL" logout
is "$rc:$("$TOOL" token)" "0:$acme" "logout: the other one is there"
bounded "$TOOL" logout --all
is "$rc:$(stored '.records | length')" 0:0 "logout --all"

# ---- killed -----------------------------------------------------------------

# Every key that is alive at the service is the record's, or named.
all_named() {
    local each
    keys 'map(select(.alive) | .api_key_name) | .[]' | sort >"$WORK/alive"
    jq -r '.records[].api_key_name // empty, (.keys // [])[].name' "$STORE" |
        sort >"$WORK/named"
    while read -r each; do
        grep -Fxq -- "$each" "$WORK/named" "$WORK/known" ||
            note named "$1: $each"
    done <"$WORK/alive"
    cat "$WORK/alive" >>"$WORK/known"
}
if ! { strace -f -o "$WORK/trace" "$TOOL" config &&
    grep -F "execve(\"$BROKER\"" "$WORK/trace"; } >"$WORK/strace.out" 2>&1; then
    skip "killed while a key is made" "strace cannot look here"
else
    person 'api_key = none'
    cp "$STORE" "$WORK/store.before"
    configure 'api_key = account'
    check "the making of a key is recorded" record "$TOOL" token --api-key
    keys 'map(.api_key_name) | .[]' >"$WORK/known"
    total=0 lost=0
    while read -r name number; do
        cp "$WORK/store.before" "$STORE"
        rm -f "$SESSION" "$STORE.new"
        kill_at "$name" "$number" "$TOOL" token --api-key
        total=$((total + 1))
        all_named "$name $number"
        [ "$(stored '.keys | length')" -eq 0 ] || lost=$((lost + 1))
        run "$TOOL" token --api-key
        good_key "$out" || note again "$name $number: $rc $err"
        all_named "$name $number, again"
    done < <(without_loader |
        awk 'NR % 12 == 0 || /^(sendto|recvfrom|rename|fsync)/')
    echo "# $total points, $lost with a key that may be lost"
    none named "killed at any point: no key without a record and a name"
    none again "and the next run has one"
    [ $lost -gt 0 ] && [ $lost -lt $total ]
    is $? 0 "points of both kinds were met"
fi
finish
