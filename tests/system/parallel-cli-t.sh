#!/bin/bash
# parallel-cli on the same machine: its API key becomes ours, ours its own, and
# no refresh token ever passes.
. "$(dirname "$0")/lib.sh"

start_sandbox

# theirs JSON: its file, as it would write it
theirs() {
    CLI=$HOME/.config/parallel-web-tools/auth.json
    mkdir -p "${CLI%/*}"
    rm -rf "$CLI"
    printf '%s' "$1" >"$CLI"
    chmod 600 "$CLI"
}
tokens='{"access_token":"at-theirs","access_token_expires_at":1764100000.25,
"access_token_scopes":["keys:read"],"refresh_token":"rt-theirs",
"refresh_token_expires_at":1764700000,"authorization_expires_at":null}'
whole='{"version":1,"selected_org_id":"org_b","client_id":"cid-7","orgs":{
"org_a":{"api_key":"key-a","org_name":"A","control_api":null,"more":[1,{"x":2}]},
"org_b":{"api_key":"key-b","org_name":"B Ltd","control_api":'$tokens'}},
"later":{"added":true}}'
searched() {
    grep -rl "$1" "$HOME/.local" "$XDG_RUNTIME_DIR"
}

# ---- import ----------------------------------------------------------------------

new_person
run "$TOOL" import-parallel-cli
is "$rc:$out" 3: "import: parallel-cli has never run"
like "$err" "^parallel-credential: there is nothing to import.* is not there$" \
    "one sentence says so"
check "nothing is made" test ! -e "$STATE"
theirs "$whole"
run "$TOOL" import-parallel-cli
is "$rc:$out" 0: "the key of its selected organization"
is "$err" "parallel-credential: the API key of parallel-cli for B Ltd is \
stored here, too" "and what was done"
is "$("$TOOL" token --api-key)" key-b "is ours"
is "$(stored '.records[] | .org_id, .org_name')" "org_b
B Ltd" "and of which organization is known"
is "$(searched 'rt-theirs\|at-theirs')" "" "its tokens are not taken"
is "$(cat "$CLI")" "$whole" "its file is as it was"
run "$TOOL" import-parallel-cli
like "$rc:$err" "^0:.*before$" "once more: nothing is to be done"
run "$TOOL" import-parallel-cli --org org_a
is "$rc:$("$TOOL" --org org_a token --api-key)" 0:key-a "--org: of another one"
is "$("$TOOL" token --api-key)" key-b "what is selected stays so"
theirs "${whole/key-b/key-new}"
run "$TOOL" import-parallel-cli
is "$rc:$("$TOOL" token --api-key)" 2:key-b "a key that is stored is not replaced"
like "$err" "another API key" "and why"

new_person
sign_in
minted=$("$TOOL" token --api-key)
theirs "${whole//org_b/org_acme}"
run "$TOOL" import-parallel-cli
is "$rc:$("$TOOL" token --api-key)" "2:$minted" "nor one that came with a sign-in"
new_person
configure 'api_key = none'
sign_in
theirs "${whole//org_b/org_acme}"
run "$TOOL" import-parallel-cli
is "$rc:$("$TOOL" token --api-key)" 0:key-b "a sign-in without a key gets it"
isnt "$("$TOOL" token)" "" "and keeps its token"

# What is no file of parallel-cli's.
new_person
refused() {
    local name=$1
    for verb in import-parallel-cli export-parallel-cli; do
        [ $verb = "${2-$verb}" ] || continue
        run "$TOOL" $verb
        case $rc in 3 | 4) ok "$verb: $name" ;; *) not_ok "$verb: $name" "$rc" ;; esac
        is "$(wc -l <"$WORK/run.err"):$out" 1: "$verb: $name: in one sentence"
        unlike "$err" "key-b|theirs|"$'\e' "$verb: $name: nothing of it is shown"
    done
}
sign_in
for each in '' '{' '[]' 'null' '"x"' '{}x' '{"version":2}' '{"version":"new"}' \
    '{"orgs":7}' '{"orgs":{"org_acme":"key-b"}}' "$(printf '{"a":"\x80"}')" \
    '{"orgs":[]}' '{"orgs":{},"a":"\ud800"}'; do
    theirs "$each"
    before=$(stat -c '%i %y' "$CLI")
    refused "refused: $(printf %q "$each")"
    is "$(stat -c '%i %y' "$CLI"):$(cat "$CLI")" "$before:$each" \
        "it is as it was: $(printf %q "$each")"
done
for each in '"key-b\n"' '"key b"' '""' '"key-\u001b[2Jb"' '"ké-b"' 7 '["key-b"]'; do
    theirs '{"selected_org_id":"org_b","orgs":{"org_b":{"api_key":'"$each"'}}}'
    refused "no API key: $each" import-parallel-cli
done
for each in '"org\u001b[2J"' '"org\n"' 7 '"org_c"'; do
    theirs '{"selected_org_id":'"$each"',"orgs":{"org\u001b[2J":{"api_key":"key-b"},
        "org\n":{"api_key":"key-b"}}}'
    refused "no organization: $each" import-parallel-cli
done
theirs "$whole"
chmod 644 "$CLI"
refused "open to others"
theirs "$whole"
mv "$CLI" "$CLI.real"
ln -s "$CLI.real" "$CLI"
refused "a link"
is "$(readlink "$CLI"):$(cat "$CLI.real")" "$CLI.real:$whole" "which stays"
rm "$CLI"
mkfifo "$CLI"
chmod 600 "$CLI"
refused "no regular file"
theirs "$whole"
ln "$CLI" "$CLI.other"
refused "with a second name"
rm "$CLI.other"
chmod 777 "${CLI%/*}"
refused "in a folder that others can write to"
chmod 755 "${CLI%/*}"
mv "${CLI%/*}" "${CLI%/*}.real"
ln -s "${CLI%/*}.real" "${CLI%/*}"
refused "in a folder that is a link"
rm "${CLI%/*}"
theirs "$(head -c 1100000 /dev/zero | tr '\0' ' ')$whole"
refused "too large"
if [ "$(id -u)" -eq 0 ]; then
    theirs "$whole"
    chown 65534 "$CLI"
    refused "of another person"
fi

# ---- export ----------------------------------------------------------------------

new_person
CLI=$HOME/.config/parallel-web-tools/auth.json
run "$TOOL" export-parallel-cli
is "$rc:$out" 3: "export: signed out"
check "export: nothing is made" test ! -e "$HOME/.config/parallel-web-tools"
sign_in
key=$("$TOOL" token --api-key)
run "$TOOL" export-parallel-cli
is "$rc:$out" 0: "export: parallel-cli has never run"
is "$(jq -c . "$CLI")" "{\"version\":1,\"selected_org_id\":\"org_acme\",\
\"orgs\":{\"org_acme\":{\"api_key\":\"$key\",\"org_name\":\"Acme\",\
\"control_api\":null}}}" "its file: the key, the name, and no tokens"
is "$(stat -c %a "$CLI" "${CLI%/*}")" "600
700" "private, in a private folder"
inode=$(stat -c %i "$CLI")
run "$TOOL" export-parallel-cli
isnt "$(stat -c %i "$CLI")" "$inode" "replaced whole"
is "$(ls -A "${CLI%/*}")" auth.json "and nothing else is left"
run "$TOOL" import-parallel-cli
is "$rc" 0 "and it can be read back"

theirs "$whole"
chmod 755 "${CLI%/*}"
run "$TOOL" export-parallel-cli
is "$rc" 0 "export into what is there"
like "$err" "another organization selected" "that another one is selected is said"
is "$(jq -Sc 'del(.orgs.org_acme)' "$CLI")" "$(jq -Sc . <<<"$whole")" \
    "all that was there is kept"
is "$(jq -c .orgs.org_acme "$CLI")" \
    "{\"api_key\":\"$key\",\"org_name\":\"Acme\",\"control_api\":null}" \
    "and ours is added"
is "$(stat -c %a "$CLI")" 600 "it is private"
theirs "${whole//org_b/org_acme}"
run "$TOOL" export-parallel-cli
is "$(jq -c '.orgs.org_acme | .api_key, .org_name' "$CLI")" "\"$key\"
\"Acme\"" "its own entry of that organization: the key is replaced"
is "$(jq -c .orgs.org_acme.control_api "$CLI")" "$(jq -c . <<<"$tokens")" \
    "its own tokens are kept"
refresh=$(stored '.records[0].refresh_token')
access=$("$TOOL" token)
is "$(grep -c "$refresh\|$access" "$CLI")" 0 "ours are not in there"
new_person
printf 'protocol=http\nhost=%s\npassword=pk_1\n\n' "${PARALLEL_API_URL#*://}" |
    "$TOOL" store
run "$TOOL" export-parallel-cli
is "$rc:$(find "$HOME/.config" 2>/dev/null)" 3: \
    "a key of an unknown organization is not exported"
finish
