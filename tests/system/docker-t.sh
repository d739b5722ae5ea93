#!/bin/bash
# docker-credential-parallel: docker's protocol for helpers, word for word,
# and a client of it that is not ours.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
HERE=$(cd "$(dirname "$0")" && pwd)
start_sandbox
PATIENCE=60
DOCKER=$(dirname "$TOOL")/docker-credential-parallel

# docker VERB [INPUT]
docker() {
    printf '%s' "${2-}" >"$WORK/input"
    run timeout -k 1 "$PATIENCE" "$DOCKER" "$1" <"$WORK/input"
}
# keep SERVER USER SECRET
keep() {
    docker store "$(jq -nc --arg s "$1" --arg u "$2" --arg p "$3" \
        '{ServerURL: $s, Username: $u, Secret: $p}')"
    [ "$rc:$out:$err" = 0:: ] || not_ok "store for $1" "$rc $out $err"
}
# gives NAME SERVER USER SECRET: by get
gives() {
    docker get "$2"
    is "$rc:$err:$(jq -c '[.ServerURL, .Username, .Secret]' <<<"$out")" \
        "0::$(jq -nc --arg s "$2" --arg u "$3" --arg p "$4" '[$s, $u, $p]')" \
        "$1"
}
# fails NAME TEXT VERB [INPUT]: exit 1, the text on standard output
fails() {
    local name=$1 text=$2
    shift 2
    docker "$@"
    is "$rc:$out:$err" "1:$text:" "$name"
}
NOT_FOUND="credentials not found in native keychain"
NO_SERVER="no credentials server URL"
NO_USER="no credentials username"

# ---- the protocol -----------------------------------------------------------

new_person
fails "get: not found" "$NOT_FOUND" get https://index.docker.io/v1/
docker list
is "$rc:$out:$err" "0:{}:" "list: empty"
docker version
like "$rc:$out:$err" '^0:docker-credential-parallel \(.*\) v[0-9.]+:$' version
keep https://index.docker.io/v1/ me pw
gives "store, get" https://index.docker.io/v1/ me pw
is "$(tail -c 2 "$WORK/run.out")" "}" "one line"
docker get $'  https://index.docker.io/v1/ \r\n'
is "$(jq -r .Secret <<<"$out")" pw "get: blanks around the address"
fails "get: no slash at the end" "$NOT_FOUND" get https://index.docker.io/v1
fails "get: another host" "$NOT_FOUND" get https://index.docker.io
keep quay.io:443 me two
keep quay.io:443 you three
gives "a registry has one user" quay.io:443 you three
docker list
is "$(jq -cS . <<<"$out")" \
    '{"https://index.docker.io/v1/":"me","quay.io:443":"you"}' list
keep x.example $'a"b\\c\té' $'<&>%41\x01\n"\\/é\xf0\x9f\x90\xb3'
gives "any characters" x.example $'a"b\\c\té' \
    $'<&>%41\x01\n"\\/é\xf0\x9f\x90\xb3'
docker store '{"ServerURL":"p.example","Username":"me","Secret":"\ud83d\udc33"}'
gives "a character of two halves" p.example me $'\xf0\x9f\x90\xb3'
keep e.example me ""
gives "an empty secret" e.example me ""
keep 'https://r.example/path?q=1#%41' '<token>' refresh
gives "any address" 'https://r.example/path?q=1#%41' '<token>' refresh
docker erase quay.io:443
is "$rc:$out:$err" 0:: erase
fails "erased" "$NOT_FOUND" get quay.io:443
docker erase quay.io:443
is "$rc:$out:$err" 0:: "erase of what is not there"
unlike "$(cat "$STORE" "$SESSION")" 'quay|three' "nothing is left of it"

for input in '' ' ' $'\n'; do
    fails "get '$input'" "$NO_SERVER" get "$input"
    fails "erase '$input'" "$NO_SERVER" erase "$input"
done
fails "store {}" "$NO_SERVER" store '{}'
fails "store without a server" "$NO_SERVER" store \
    '{"ServerURL":"","Username":"u","Secret":"s"}'
fails "store without a user" "$NO_USER" store \
    '{"ServerURL":"s.example","Username":"","Secret":"s"}'
run "$DOCKER" </dev/null
is "$rc:$out:$err" "1:Usage: docker-credential-parallel <store|get|erase|list|version>:" \
    "no action"
fails "an unknown action" 'unknown credential action "login"' login
fails "an option" 'unknown credential action "--org"' --org

# ---- hostile ----------------------------------------------------------------

# refused NAME: the file $WORK/input, by store: exit 1, one short line
refused() {
    run timeout -k 1 "$PATIENCE" "$DOCKER" store <"$WORK/input"
    is "$rc:$err:$(wc -l <"$WORK/run.out")" 1::1 "store, $1: one line, exit 1"
    unlike "$out" sesame "which does not repeat it"
    run timeout -k 1 "$PATIENCE" "$DOCKER" get <"$WORK/input"
    is "$rc:$err:$(wc -l <"$WORK/run.out")" 1::1 "get, $1: likewise"
}
printf '{"ServerURL":"s","Username":"u","Secret":"sesame\0x"}' >"$WORK/input"
refused "a NUL"
printf '{"ServerURL":"s","Username":"u","Secret":"sesame\\u0000x"}' \
    >"$WORK/input"
refused "an escaped NUL"
printf '{"ServerURL":"s","Username":"u","Secret":"sesame\\ud800"}' \
    >"$WORK/input"
refused "half of a character"
like "$(timeout "$PATIENCE" "$DOCKER" store <"$WORK/input")" \
    'half of a character' "store says so"
printf '{"ServerURL":"s","Username":"u","Secret":"sesame' >"$WORK/input"
refused "half an object"
printf '{"ServerURL":"s","Username":"u","Secret":"sesame\xff"}' >"$WORK/input"
refused "no UTF-8"
{ printf '{"Secret":"sesame'; head -c 2000000 /dev/zero | tr '\0' a; } \
    >"$WORK/input"
refused "2 MB"
jq -nc '{ServerURL: "s", Username: "u", Secret: ("sesame" + "é" * 12000)}' \
    >"$WORK/input"
run timeout "$PATIENCE" "$DOCKER" store <"$WORK/input"
is "$rc:$(wc -l <"$WORK/run.out")" 1:1 "a secret that is too long"
head -c 60000 /dev/zero | tr '\0' '[' >"$WORK/input"
refused "60,000 brackets"
timeout "$PATIENCE" "$DOCKER" get < <(yes sesame 2>/dev/null) >"$WORK/run.out"
is $? 1 "input without an end"
fails "nothing was kept" "$NOT_FOUND" get s

# ---- who answers ------------------------------------------------------------

printf https://index.docker.io/v1/ >"$WORK/input"
for input in https://index.docker.io/v1/ none.example; do
    printf %s "$input" >"$WORK/input"
    if strace -f -qq -e trace=execve -o "$WORK/trace" "$DOCKER" get \
        <"$WORK/input" >"$WORK/run.out" 2>/dev/null || [ -s "$WORK/run.out" ]
    then
        is "$(grep -c execve "$WORK/trace")" 1 "get $input: no broker"
    else
        skip "get $input: no broker" "strace cannot look here"
    fi
done
rm "$SESSION"
gives "without the cache" https://index.docker.io/v1/ me pw

# ---- apart from the rest ----------------------------------------------------

run "$TOOL" --any-host get < <(printf 'protocol=https\nhost=x.example\n\n')
is "$rc:$out" 0: "git does not see docker's"
printf 'protocol=https\nhost=g.example\nusername=me\npassword=git\n\n' |
    "$TOOL" --any-host store
fails "nor docker git's" "$NOT_FOUND" get https://g.example
docker list
unlike "$out" g.example "nor does it list them"
run "$TOOL" status </dev/null
is "$rc" 3 "status: nobody is signed in"
sign_in || exit 1
gives "after signing in" https://index.docker.io/v1/ me pw
keep "$PARALLEL_PLATFORM_URL" org_acme registry
token=$("$TOOL" token)
run "$TOOL" get < <(request)
like "$out" "^password=$token$" "a registry at the platform's address is another"
run "$TOOL" logout --all
is "$rc" 0 "logout --all"
gives "and it is still there" https://index.docker.io/v1/ me pw

# ---- a client that is not ours ------------------------------------------------

if ! command -v skopeo >/dev/null ||
    ! python3 -c 'import http.server' 2>/dev/null; then
    skip "skopeo" "there is no skopeo, or no python3"
    finish
fi
new_person
in_background python3 "$HERE/registry.py" "$WORK/registry"
echo me:pw >"$WORK/registry.users"
wait_until 30 test -s "$WORK/registry" || echo "# no registry"
registry=127.0.0.1:$(cat "$WORK/registry")
echo "{\"credHelpers\":{\"$registry\":\"parallel\"}}" >"$WORK/auth.json"
PATH=$(dirname "$DOCKER"):$PATH
# skopeo VERB ARGUMENT...; the password on standard input
skopeo() {
    local verb=$1
    shift
    run timeout -k 1 "$PATIENCE" "$(type -P skopeo)" "$verb" --authfile \
        "$WORK/auth.json" "$@" < <(echo "${password-}")
    err=$(head -c 300 <<<"$err")
}
show=(inspect --tls-verify=false --raw "docker://$registry/app:latest")
skopeo "${show[@]}"
isnt "$rc" 0 "skopeo inspect: not without signing in"
password=pw skopeo login --tls-verify=false -u me --password-stdin "$registry"
is "$rc" 0 "skopeo login"
docker list
is "$out" "{\"$registry\":\"me\"}" "we have it"
unlike "$(cat "$WORK/auth.json")" auths "and its own file has not"
skopeo "${show[@]}"
is "$rc:$(jq .schemaVersion <<<"$out")" 0:2 "skopeo inspect"
skopeo login --get-login "$registry"
is "$rc:$out" 0:me "skopeo login --get-login"
skopeo logout "$registry"
is "$rc" 0 "skopeo logout"
skopeo "${show[@]}"
isnt "$rc" 0 "skopeo inspect: not any more"
skopeo login --get-login "$registry"
like "$rc:$err" "^1:.*not logged into" "which it takes for signed out"
is "$(grep -c '^200 me /v2/app/manifests/latest$' "$WORK/registry.log")" 1 \
    "the registry has seen the user"
finish
