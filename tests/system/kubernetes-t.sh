#!/bin/bash
# token --exec-credential: what Kubernetes' clients ask a plugin for.
. "$(dirname "$0")/lib.sh"

start_sandbox
info() {
    printf '{"kind":"ExecCredential","apiVersion":"%s","spec":{"interactive":%s}}' \
        "client.authentication.k8s.io/$1" "${2-false}"
}
# said JQ: of what was answered
said() {
    jq -r "$1" <<<"$out"
}

new_person
configure 'api_key = none'
run "$TOOL" token --exec-credential
is "$rc:$out" 3: "signed out: 3, and no object"
sign_in
token=$("$TOOL" token)
for version in '' v1 v1beta1; do
    export KUBERNETES_EXEC_INFO=''
    [ -z "$version" ] || KUBERNETES_EXEC_INFO=$(info "$version" true)
    run "$TOOL" token --exec-credential
    is "$rc:$err" 0: "${version:-nothing} is asked for"
    is "$(said "keys_unsorted[]")" "apiVersion
kind
status" "${version:-nothing}: an object with three members"
    is "$(said '.apiVersion, .kind')" \
        "client.authentication.k8s.io/${version:-v1}
ExecCredential" "${version:-nothing}: version and kind"
    is "$(said .status.token)" "$token" "${version:-nothing}: the token"
    is "$(said '.status.expirationTimestamp | fromdate')" \
        "$("$TOOL" status --json | jq .access_token_expires_at)" \
        "${version:-nothing}: and when it expires, in RFC 3339"
done
run "$TOOL" token --api-key --exec-credential
is "$rc:$out" 3: "no API key: 3"
printf 'protocol=http\nhost=%s\npassword=%s\n\n' "${PARALLEL_API_URL#*://}" \
    'pk"1' | "$TOOL" store
run "$TOOL" token --exec-credential --api-key
is "$(said ".status | tojson")$(said .status.token)" '{"token":"pk\"1"}pk"1' \
    "--api-key: the key, which does not expire"
for each in "$(info v1alpha1)" "$(info v2)" '{}' '{"apiVersion":7}' '[]' '{' \
    'nonsense' '{"apiVersion":"evil\u001b[2J"}'; do
    KUBERNETES_EXEC_INFO=$each run "$TOOL" token --exec-credential
    is "$rc:$out" 2: "refused: $each"
    like "$err" "^parallel-credential: KUBERNETES_EXEC_INFO" "and why: $each"
    unlike "$err" $'\e' "nothing that a terminal obeys: $each"
done
unset KUBERNETES_EXEC_INFO
expire_token
before=$(refreshes)
run "$TOOL" token --exec-credential
isnt "$(said .status.token)" "$token" "an expired token is renewed first"
is "$(($(refreshes) - before))" 1 "by one request"
run "$TOOL" header --exec-credential
is "$rc" 2 "it is no option of other commands"
finish
