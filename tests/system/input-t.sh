#!/bin/bash
# What callers hand in: blocks of git's protocol, verbs, options, addresses,
# descriptors, the environment, a terminal. What is wrong is refused in one
# line that names it, and no secret goes where it does not belong.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
# "request | served" is to leave its marks in this shell.
shopt -s lastpipe
HERE=$(cd "$(dirname "$0")" && pwd)
start_sandbox
PATIENCE=30
ESC=$'\e'

# ---- tools ------------------------------------------------------------------

set_service() {
    control config "$1" >"$WORK/set.out"
}
# bounded COMMAND...: run, but not for ever; then the status is 124
bounded() {
    run timeout -k 1 "$PATIENCE" "$@" </dev/null
}
lines() {
    wc -l <"$WORK/run.err"
}
# fed COMMAND...: run with what comes on standard input
fed() {
    cat >"$WORK/fed"
    run timeout -k 1 "$PATIENCE" "$@" <"$WORK/fed"
}
# said KEY: its value in the last answer
said() {
    sed -n "s/^$1=//p" "$WORK/run.out"
}
# ask PROTOCOL HOST [LINE...]: get; what it answers as "USER:PASSWORD", or ""
ask() {
    local protocol=$1 host=$2
    shift 2
    {
        printf 'protocol=%s\nhost=%s\n' "$protocol" "$host"
        [ $# -eq 0 ] || printf '%s\n' "$@"
        echo
    } | timeout -k 1 "$PATIENCE" "$TOOL" get >"$WORK/run.out" \
        2>"$WORK/run.err"
    rc=$?
    out=$(cat "$WORK/run.out") err=$(cat "$WORK/run.err")
    [ -z "$out" ] || echo "$(said username):$(said password)"
}
# tell VERB PROTOCOL HOST LINE...
tell() {
    local verb=$1
    {
        printf 'protocol=%s\nhost=%s\n' "$2" "$3"
        shift 3
        printf '%s\n' "$@" ''
    } | fed "$TOOL" "$verb"
}
edit_store() {
    store_set "$@"
    rm -f "$SESSION"
}
# The store and what its file looks like from outside: any writing shows.
store_print() {
    stat -c '%i %Y %Z %s' "$STORE"
    cat "$STORE"
}
repeat() { # repeat CHARACTER COUNT
    head -c "$2" /dev/zero | tr '\0' "$1"
}
host=${HTTP_PLATFORM_URL#*://} api=${HTTP_API_URL#*://}
service=${HTTP_SERVICE_API_URL#*://} service=${service%/account}
set_service '{"interval":0}'

# ---- blocks -----------------------------------------------------------------

new_person
check "sign in" sign_in
token=$("$TOOL" token)
before=$(store_print)

# served NAME: the block on standard input gets the token
served() {
    fed "$TOOL" get
    is "$rc:$err:$(said password)" "0::$token" "get, $1: served"
}
# ignored NAME: the block on standard input gets nothing, and no complaint
ignored() {
    fed "$TOOL" get
    is "$rc:$err:$out" 0:: "get, $1: nothing, exit 0"
}
# refused NAME PATTERN: exit 2 and one line, from every verb that reads
refused() {
    local verb
    cat >"$WORK/block"
    for verb in get store erase; do
        fed "$TOOL" $verb <"$WORK/block"
        is "$rc:$(lines):$out" 2:1: "$verb, $1: exit 2, one line"
        like "$err" "^parallel-credential: the request .*$2" \
            "$verb, $1: it says so"
        fed "$BROKER" $verb <"$WORK/block"
        like "$rc:$err" "^2:parallel-credential: the request .*$2" \
            "$verb, $1: so does the broker"
    done
}
request | served "as git asks"
request | sed 's/$/\r/' | served "CRLF"
{ request; echo nonsense; } | served "nonsense behind the end"
request | sed '$d' | served "no blank line at the end"
request | sed '$d' | head -c -1 | served "no line feed at the end"
request "x=$(repeat a 65533)" | served "a line of 65,535 bytes"
{
    for i in {1..1000}; do echo "unknown$i=$i"; done
    echo 'wwwauth[]=Bearer realm="x"'
    echo 'state[]=other:1'
    request
} | served "1,000 unknown keys"
{
    for _ in {1..15}; do echo "x=$(repeat a 65533)"; done
    request
} | served "nearly a MiB"
request 'password=x' 'oauth_refresh_token=y' 'password_expiry_utc=1' |
    served "attributes that do not matter"
{ echo host=evil.example; request; } | served "the last line of a key counts"
request host=evil.example | ignored "the last line of a key counts"
{ echo host=evil.example; echo "url=http://$host/a"; echo; } |
    served "an address drops what stands before it"
{ request username=nobody; } | sed "\$ s,^\$,url=http://$host," |
    served "also the user before it"
echo "url=http://nobody@$host" | ignored "the user in an address"
{ echo url=http://evil.example; request; } |
    served "what stands behind an address counts"
{ request | sed '$d'; echo url=nonsense; } | ignored "no address"
{ request | sed '$d'; echo "url=http://$host/%0ax"; } |
    ignored "an address with a line feed"
request quit=1 continue=1 'state[]=parallel:x' | served "quit and continue"
printf '' | ignored "empty input"
echo | ignored "only a blank line"
echo host="$host" | ignored "no protocol"
echo protocol=http | ignored "no host"
request | sed 's/^host=/Host=/' | ignored "keys are told apart by case"

request "x=$(repeat a 65534)" | refused "65,536 bytes" "line 3 is longer"
repeat a 70000 | refused "70,000 bytes without an end" "line 1 is longer"
request 'a=b' nonsense | refused "a line without =" "line 4 is not of"
request | sed 's/^host=.*/&\rx/' | refused "a bare CR" "line 2 has a carr"
request | sed 's/$/\r\r/' | refused "two CRs" "line 1 has a carriage return"
request '=x' | refused "a line without a key" "line 3 is not of"
printf 'protocol=http\nhost=a\0b\n\n' | refused "a NUL" "line 2 has a NUL"
printf 'a\0=b\n\n' | refused "a NUL in a key" "line 1 has a NUL"
for _ in {1..17}; do echo "x=$(repeat a 65533)"; done |
    refused "more than a MiB" "more than 1048576 bytes"
head -c 3000000 /dev/zero | refused "3 MB of NULs" "."
for i in {1..20}; do
    head -c 2000 /dev/urandom | fed "$TOOL" get
    case $rc:$(lines):$out in 0:0: | 2:1:) ;; *) break ;; esac
done
is "$i:$out" 20: "random bytes: nothing, or exit 2 and one line"
is "$(store_print)" "$before" "none of this changed anything"

# Git leaves the pipe open: the blank line is the end.
mkfifo "$WORK/open"
exec 9<>"$WORK/open"
request >&9
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/open"
is "$rc:$(said password)" "0:$token" "get answers at the blank line"
exec 9>&-

# ---- the answer -------------------------------------------------------------

request | fed "$TOOL" get
expiry=$(stored '.records[0].access_token_expires_at / 1000 | floor')
is "$(sort "$WORK/run.out" | paste -sd,)" ",password=$token,"`
    `"password_expiry_utc=$expiry,username=parallel-token" \
    "the answer: username, password, expiry"
is "$(tail -c 2 "$WORK/run.out" | od -An -c | tr -d ' ')" '\n\n' \
    "and a blank line at its end"
request 'capability[]=authtype' | fed "$TOOL" get
is "$(sort "$WORK/run.out" | paste -sd,)" ",authtype=Bearer,"`
    `"capability[]=authtype,credential=$token,ephemeral=1,"`
    `"password_expiry_utc=$expiry" "authtype: a Bearer credential"
request 'capability[]=state' | served "another capability: as before"
request 'capability[]=state' 'capability[]=authtype' | fed "$TOOL" get
is "$(said authtype)" Bearer "authtype as the second capability"
request 'capability[]=authtype' 'capability[]=' |
    served "an empty capability starts the list anew"
request 'capability=authtype' | served "capability without [] is nothing"
request username=parallel-token | served "our user name"
request username= | served "an empty user name"
request username=me | ignored "another user name"
request username=parallel-key | ignored "the key's user name"
request username=me 'capability[]=authtype' |
    ignored "another user name, authtype"
bounded "$TOOL" capability
is "$rc:$out" "0:version 0
capability authtype" "capability"

# ---- addresses --------------------------------------------------------------

# What an organization of the public service has. Its token is fresh, so
# nobody is asked; were somebody asked, a dead proxy would stand in between.
new_person
configure 'proxy = http://127.0.0.1:1' 'connect_timeout = 1s'
sign_in_keyless
edit_store '.records[].issuer = "https://platform.parallel.ai" |
    .selected.issuer = .records[0].issuer |
    .records[].service_url = "https://api.parallel.ai/account" |
    .records[].data_url = "https://api.parallel.ai"'
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
token=$(stored '.records[0].access_token')
bounded "$TOOL" token
is "$rc:$out" "0:$token" "the public service"

# gets WHAT PROTOCOL HOST [PATH]: token, key or nothing
gets() {
    local got
    got=$(ask "$2" "$3" ${4+"path=$4"})
    case $got in
    "parallel-token:$token") got=token ;;
    "parallel-key:$key") got=key ;;
    '') got=nothing ;;
    esac
    is "$got" "$1" "$2://$3${4+ $4}: $1"
}
key=none
for each in '' :443; do
    gets token https "platform.parallel.ai$each"
    gets token https "api.parallel.ai$each"
    gets token https "search.parallel.ai$each"
    gets token https "task-mcp.parallel.ai$each"
done
gets token https PLATFORM.Parallel.AI:443
gets token https api.parallel.ai account/service/v1/apps
key=pk_public_1
edit_store --arg key $key '.records[].api_key = $key'
gets token https platform.parallel.ai
gets token https platform.parallel.ai account/x
for each in account account/ account/service/v1/apps /account/x; do
    gets token https api.parallel.ai $each
done
for each in '' / v1/tasks accounts account.git Account/x v1/account/ \
    account%2fx account/%20; do
    case $each in account/%20) want=token ;; *) want=key ;; esac
    gets $want https api.parallel.ai "$each"
done
gets key https api.parallel.ai
gets key https API.parallel.ai:443
gets key https search.parallel.ai
gets key https task-mcp.parallel.ai x/y
for each in platform.parallel.ai.evil.com evilplatform.parallel.ai \
    parallel.ai www.parallel.ai platform.parallel.ai:444 \
    platform.parallel.ai:80 platform.parallel.ai: . '' : :443 \
    evil.com@platform.parallel.ai platform.parallel.ai@evil.com \
    platform.parallel.ai:443@evil.com platform.parallel.ai:x \
    platform.parallel.ai:443x platform.parallel.ai:99999 \
    platform.parallel.ai/ platform.parallel.ai/@evil.com \
    'platform.parallel.ai#evil.com' 'platform.parallel.ai?' \
    'platform.parallel.ai\evil.com' 'platform.parallel.ai ' \
    ' platform.parallel.ai' platform.parallel.ai. platform..parallel.ai \
    platform.parallel.ai%00 '[platform.parallel.ai]' platform-parallel.ai \
    рlatform.parallel.ai "$(repeat a 5000)" 127.0.0.1 localhost "$host"; do
    case $each in platform.parallel.ai:) continue ;; esac
    gets nothing https "${each:0:60}"
    [ ${#each} -lt 100 ] || gets nothing https "$each"
done
for each in http HTTP ssh ftp file git '' 'https:' cert smtp; do
    gets nothing "$each" platform.parallel.ai
    gets nothing "$each" platform.parallel.ai:443
    gets nothing "$each" api.parallel.ai account/x
done
is "$(ask https api.parallel.ai username=parallel-token)" "" \
    "the token's user name where the key belongs: nothing"
is "$(ask https api.parallel.ai username=parallel-key)" \
    "parallel-key:$key" "the key's user name: the key"
ask https api.parallel.ai 'capability[]=authtype' >/dev/null
is "$(sort <<<"$out" | paste -sd,)" "authtype=Bearer,"`
    `"capability[]=authtype,credential=$key" \
    "authtype, the key: no expiry, not ephemeral"
use_http

# A private platform's credential is for its own addresses. Here the Account
# API lies at the data API's address, as it does at the public service.
new_person
export PARALLEL_SERVICE_API_URL=$HTTP_API_URL/account
sign_in_keyless
use_http
token=$("$TOOL" token)
gets token http "$host"
gets token http "$api" account/service/v1/apps
gets token http "$api"
tell store http "$api" username=me password=pk_private_1
key=pk_private_1
gets key http "$api"
gets key http "$api" accounts
gets token http "$api" account/service/v1/apps
gets nothing http "$service"
gets nothing https "$host"
gets nothing http "${host/127.0.0.1/127.0.0.2}"
gets nothing http "${host/127.0.0.1/localhost}"
for each in platform api search task-mcp; do
    gets nothing https $each.parallel.ai
done
gets nothing https api.parallel.ai account/x

# ---- store and erase --------------------------------------------------------

new_person
sign_in_keyless
token=$("$TOOL" token)
before=$(store_print)
# unchanged NAME: the last call was silent and has changed nothing
unchanged() {
    is "$rc:$out:$err" 0:: "$1: exit 0, silent"
    is "$(store_print)" "$before" "$1: nothing changes"
}
tell store http "$host" username=parallel-token "password=$token"
unchanged "store of our own answer"
tell store http "$host" "password=$token" password_expiry_utc=9999999999
unchanged "store of something that expires"
tell store http "$host" username=me password=secret
unchanged "store of a password for the platform"
tell store http evil.example username=me password=secret
unchanged "store for a foreign host"
tell store https api.parallel.ai username=me password=secret
unchanged "store for the public service, which this is not"
tell store http "$api" username=me
unchanged "store without a password"
tell store http "$api" username=me password=
unchanged "store of an empty password"
tell erase http "$host" username=parallel-token password=another
unchanged "erase of another password"
tell erase http "$host" username=parallel-token
unchanged "erase without a password"
tell erase http evil.example "password=$token"
unchanged "erase for a foreign host"
tell erase http "$host" "password=$(stored '.records[0].refresh_token')"
unchanged "erase of the refresh token"

tell store http "$api" username=me password=pk_pasted_1
is "$rc:$out:$err" 0:: "a pasted key is taken silently"
is "$(ask http "$api")" parallel-key:pk_pasted_1 "and served"
is "$("$TOOL" token --api-key)" pk_pasted_1 "token --api-key"
is "$("$TOOL" header --api-key)" "x-api-key: pk_pasted_1" "header --api-key"
is "$("$TOOL" status --json | jq .api_key)" true "status knows of it"
is "$(ask http "$host")" "parallel-token:$token" "the token stays the token"
before=$(store_print)
tell store http "$api" username=parallel-key password=pk_pasted_1
unchanged "store of the key that we answered"
tell erase http "$api" username=parallel-key password=pk_pasted_0
unchanged "erase of another key"
# It is served whatever becomes of the token.
expire_token
set_service '{"access_lifetime":0}'
is "$(ask http "$api")" parallel-key:pk_pasted_1 \
    "the token has run out: the key is served"
set_service '{"access_lifetime":600}'
bounded "$TOOL" refresh
token=$("$TOOL" token)
tell store http "$api" username=me password=pk_pasted_2
is "$(ask http "$api")" parallel-key:pk_pasted_2 "a newer key replaces it"
refresh_token=$(stored '.records[0].refresh_token')
tell erase http "$api" username=parallel-key password=pk_pasted_2
is "$rc:$(stored '.records[0].api_key')" 0:null "erase of the key: forgotten"
is "$(ask http "$api")" "parallel-token:$token" "then the token is served"
is "$(stored '.records[0].refresh_token')" "$refresh_token" \
    "the refresh token stays"

asked=$(refreshes)
tell erase http "$host" username=parallel-token "password=$token"
is "$rc:$out:$err" 0:: "erase of the token: exit 0, silent"
is "$(stored '.records[0].refresh_token'):$(refreshes)" \
    "$refresh_token:$asked" "the refresh token stays; nobody is asked yet"
fresh=$(ask http "$host")
is "$(refreshes)" $((asked + 1)) "the next get renews, once"
isnt "$fresh" "parallel-token:$token" "and answers with a new token"
is "$(ask http "$host")" "$fresh" "which stays"
tell erase http "$host" "password=${fresh#*:}"
is "$(ask http "$host"):$(refreshes)" "$fresh:$((asked + 1))" \
    "erased again at once: not renewed again"
# As git with authtype tells it
edit_store '.records[].erased_at = 0'
tell erase http "$host" 'capability[]=authtype' authtype=Bearer \
    "credential=${fresh#*:}"
isnt "$(ask http "$host")" "$fresh" "erase of an authtype credential: renewed"

new_person
tell store http "$api" username=me password=pk_first
is "$rc" 0 "a key pasted before anybody signs in"
is "$(ask http "$api")" parallel-key:pk_first "is served"
is "$(ask http "$host")" "" "there is no token yet"
bounded "$TOOL" token --api-key
is "$rc:$out" 0:pk_first "token --api-key"
check "sign in" sign_in
is "$(ask http "$api")" parallel-key:pk_first "the key stays"
bounded "$TOOL" token
is "$rc" 0 "and there is a token"

# ---- verbs and options ------------------------------------------------------

new_person
sign_in
before=$(store_print)
state_before=$(state .requests)
# wrong NAMED ARGUMENT...: exit 2 and one line that names it
wrong() {
    local named=$1 name
    shift
    name=$(cut -c 1-60 <<<"$*" | cat -v)
    bounded "$TOOL" "$@"
    is "$rc:$(lines):$out" 2:1: "$name: exit 2, one line"
    check "$name: names it" grep -qF -e "$named" "$WORK/run.err"
}
verbs=(capability config erase get header help login logout refresh status
    store token)
for verb in "${verbs[@]}"; do
    wrong --nope "$verb" --nope
    wrong --nope --nope "$verb"
    wrong --nope "$verb" --nope=1
    wrong -x "$verb" -x
    wrong --org "$verb" --org
    wrong --quiet "$verb" --quiet=1
    [ "$verb" = help ] || wrong surplus "$verb" surplus
    case $verb in
    logout | refresh) ;;
    *) wrong --all "$verb" --all ;;
    esac
    [ "$verb" = login ] || wrong --wait "$verb" --wait 5
    case $verb in
    login | status | config) ;;
    *) wrong --json "$verb" --json ;;
    esac
    case $verb in
    token | header) ;;
    *) wrong --api-key "$verb" --api-key ;;
    esac
    [ "$verb" = token ] || wrong --min-ttl "$verb" --min-ttl 5
done
for verb in nope GET session tokens ''; do
    wrong "$verb" "$verb"
    run timeout -k 1 "$PATIENCE" "$PREFIX/bin/git-credential-parallel" \
        "$verb" < <(request)
    is "$rc:$out:$err" 0:: "git-credential-parallel ${verb:-(empty)}: silent"
done
wrong "first: this command takes no such word" login first second
wrong "second: this command takes no such word" use first second
wrong "--json: this command takes no such option" exec --json true
wrong --quiet= --quiet= token
wrong "--json and --news: choose one" status --json --news
wrong "--fish and --sh: choose one" env --sh --fish
wrong "--if-due and --keep-alive: choose one" refresh --keep-alive --if-due
bounded "$TOOL"
is "$rc:$(lines):$out" 2:1: "no command: exit 2, one line"
like "$err" "parallel-credential help" "it names the help"
for each in x '' -1 1.5 ' 1' 5s 99999999999999999999 0x10; do
    wrong "a whole number" token --min-ttl "$each"
    wrong "a whole number" token --min-ttl="$each"
    wrong "a whole number" login --wait "$each"
done
wrong "--all" logout --all=1
wrong "no provider" token --provider nope
wrong "[31m" "${ESC}[31m"
unlike "$err" "$ESC" "an option is shown without its escapes"
wrong "--x" token "--x${ESC}]0;t"$'\a'
unlike "$err" "$ESC" "an option is shown without its escapes"
wrong "$(repeat x 60)" token "--$(repeat x 100000)"
for each in --help -h help "login --json --help" "token --min-ttl 5 -h" \
    "exec --help" "logout surplus --help" "help login"; do
    # shellcheck disable=SC2086
    bounded "$TOOL" $each
    like "$rc:$err:$out" "^0::parallel-credential - " "$each"
done
for each in "--nope" "--wait x" "--wait" "surplus" "--web --device"; do
    # shellcheck disable=SC2086
    for line in "login --json $each" "login $each --json"; do
        [ "$line" != "login --wait --json" ] || continue # a value of it
        bounded "$TOOL" $line
        is "$rc:$err:$(jq -c '[.status, .error]' <<<"$out")" \
            '2::["error","usage"]' "$line: as an object"
    done
done
# What stands behind exec is the command's.
wrong "--json: this command takes no such option" exec --json ls --help
wrong "--nope: there is no such option" --nope exec ls --version
bounded "$TOOL" --version
like "$rc:$out" '^0:parallel-credential [0-9]' "--version"
is "$(store_print):$(state .requests)" "$before:$state_before" \
    "none of this changed anything, or asked anybody"
# An option's value stands behind = or is the next word, before or behind
# the verb.
for each in "token --org org_acme" "token --org=org_acme" \
    "--org org_acme token" "--org=org_acme token" \
    "token --min-ttl 5" "--min-ttl=5 token" "token --provider parallel" \
    "--quiet token" "token --quiet"; do
    # shellcheck disable=SC2086
    bounded "$TOOL" $each
    is "$rc:$out" "0:$(stored '.records[0].access_token')" "$each"
done
for each in capability "--quiet capability" "capability --org x"; do
    # shellcheck disable=SC2086
    bounded "$TOOL" $each
    is "$rc:${out%%$'\n'*}" "0:version 0" "$each"
done

# ---- which credential -------------------------------------------------------

token=$("$TOOL" token)
for each in token header refresh; do
    bounded "$TOOL" $each --org "org_nobody${ESC}[1m"
    is "$rc:$(lines):$out" 3:1: "$each --org of nobody: exit 3, one line"
    like "$err" "not signed in .*org_nobody\?\[1m" "$each: it names it, clean"
done
before=$(find "$STATE" | sort)
bounded "$TOOL" logout --org nobody
is "$rc:$err" "0:parallel-credential: nobody was signed in for the \
organization nobody; see: parallel-credential status" "logout --org of nobody"
is "$(find "$STATE" | sort):$("$TOOL" token)" "$before:$token" \
    "is no logout: a login may ask later on"
run timeout -k 1 "$PATIENCE" "$TOOL" get --org nobody < <(request)
is "$rc:$out" 0: "get --org of nobody: nothing, exit 0"
is "$("$TOOL" header)" "Authorization: Bearer $token" "header"

# A key of the person's own goes before the stored one, unless it is one that
# we have put there.
tell store http "$api" username=me password=pk_stored
for each in "token --api-key:" "header --api-key:x-api-key: "; do
    verb=${each%%:*} start=${each#*:}
    # shellcheck disable=SC2086
    {
        is "$("$TOOL" $verb)" "${start}pk_stored" "$verb: the stored key"
        is "$(PARALLEL_API_KEY=pk_mine "$TOOL" $verb)" "${start}pk_mine" \
            "$verb: PARALLEL_API_KEY goes first"
        is "$(PARALLEL_API_KEY=pk_old PARALLEL_CREDENTIAL_KEY_ID=k1 \
            "$TOOL" $verb)" "${start}pk_stored" \
            "$verb: not one that we exported"
        is "$(PARALLEL_API_KEY='' "$TOOL" $verb)" "${start}pk_stored" \
            "$verb: not an empty one"
        is "$(PARALLEL_API_KEY=pk_mine PARALLEL_CREDENTIAL_KEY_ID='' \
            "$TOOL" $verb)" "${start}pk_mine" "$verb: an empty id is none"
        # The broker says the same.
        rm -f "$SESSION"
        is "$(PARALLEL_API_KEY=pk_mine "$TOOL" $verb)" "${start}pk_mine" \
            "$verb: PARALLEL_API_KEY, without a cache"
    }
done
export PARALLEL_API_KEY=pk_mine
is "$(ask http "$api")" parallel-key:pk_mine "get: PARALLEL_API_KEY"
is "$(ask http "$host")" "parallel-token:$token" "get: not for the platform"
export PARALLEL_CREDENTIAL_KEY_ID=k1
is "$(ask http "$api")" parallel-key:pk_stored "get: not an exported one"
unset PARALLEL_CREDENTIAL_KEY_ID
new_person
is "$(ask http "$api")" parallel-key:pk_mine "get: even when signed out"
unset PARALLEL_API_KEY

# --min-ttl: a token that lives that long, or none.
new_person
sign_in
token=$("$TOOL" token)
asked=$(refreshes)
bounded "$TOOL" token --min-ttl 500
is "$rc:$out:$(refreshes)" "0:$token:$asked" "--min-ttl 500: this one will do"
edit_store --argjson when "$(($(date +%s) * 1000 + 300000))" \
    '.records[].access_token_expires_at = $when'
"$TOOL" token >/dev/null
bounded "$TOOL" token --min-ttl 500
is "$rc:$(refreshes)" "0:$((asked + 1))" "--min-ttl 500: renewed for that"
isnt "$out" "$token" "--min-ttl 500: and the new one answered"
token=$out
bounded "$TOOL" token --min-ttl 500
is "$out:$(refreshes)" "$token:$((asked + 1))" "--min-ttl 500: once"
bounded "$TOOL" token --min-ttl 700
is "$rc:$(lines):$out:$(refreshes)" "2:1::$((asked + 1))" \
    "--min-ttl beyond any lifetime: exit 2, nobody is asked"
like "$err" "600 s.*700 s" "and it says why"

# ---- git itself -------------------------------------------------------------

new_person
sign_in
token=$("$TOOL" token)
git config --global credential.helper parallel
export GIT_TERMINAL_PROMPT=0
request | fed git credential fill
is "$rc:$(said username):$(said password)" "0:parallel-token:$token" \
    "git credential fill"
cp "$WORK/run.out" "$WORK/filled"
before=$(store_print)
fed git credential approve <"$WORK/filled"
unchanged "git credential approve"
fed git credential reject <"$WORK/filled"
is "$rc:$out:$err" 0:: "git credential reject"
request | fed git credential fill
isnt "$(said password)" "$token" "the rejected token is replaced"
request | sed "s/^host=.*/host=evil.example/" | fed git credential fill
like "$rc:$err" "^128:.*terminal prompts disabled" \
    "git credential fill for a foreign host: git goes on without us"
unlike "$err" "parallel" "and we say nothing"
new_person
git config --global credential.helper parallel
request | fed git credential fill
is "$rc" 128 "git credential fill, signed out: git goes on without us"
like "$err" "^parallel-credential: not signed in .*login$" "and we say why"
unset GIT_TERMINAL_PROMPT

if ! python3 -c 'import http.server' 2>/dev/null ||
    [ ! -x "$(git --exec-path)/git-http-backend" ]; then
    skip "git over http" "no python3, or no git-http-backend"
else
    new_person
    git config --global init.defaultBranch main
    git config --global user.email test@example.org
    git config --global user.name Test
    export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
    git init -q --bare "$WORK/served/a.git"
    git -C "$WORK/served/a.git" config http.receivepack true
    git init -q "$WORK/tree"
    echo hello >"$WORK/tree/file"
    git -C "$WORK/tree" add file
    git -C "$WORK/tree" commit -qm first
    git -C "$WORK/tree" push -q "$WORK/served/a.git" main
    : >"$WORK/git.users"
    in_background python3 "$HERE/git-server.py" "$WORK/served" "$WORK/git"
    wait_until 20 test -s "$WORK/git" || echo "# no git server"
    url=http://127.0.0.1:$(cat "$WORK/git")
    export PARALLEL_API_URL=$url
    sign_in_keyless
    use_http
    git config --global credential.helper parallel
    token=$("$TOOL" token)
    echo "parallel-token:$token" >"$WORK/git.users"
    bounded git ls-remote "$url/a.git"
    like "$rc:$out" "^0:[0-9a-f]{40}[[:space:]]HEAD" "git ls-remote"
    bounded git clone -q "$url/a.git" "$WORK/clone"
    is "$rc:$(cat "$WORK/clone/file")" 0:hello "git clone"
    echo more >>"$WORK/clone/file"
    git -C "$WORK/clone" commit -qam second
    bounded git -C "$WORK/clone" push -q
    is "$rc:$(git -C "$WORK/served/a.git" log --format=%s -1 main)" \
        0:second "git push"
    is "$(sort -u "$WORK/git.log")" "200 parallel-token
401 -" "asked without, then with the token"
    # The server takes this token no longer: git tells us, and the next time
    # there is a new one.
    : >"$WORK/git.users"
    bounded git ls-remote "$url/a.git"
    isnt "$rc" 0 "the token is refused: git ls-remote fails"
    fresh=$(ask http "${url#*://}")
    isnt "$fresh" "parallel-token:$token" "the next get renews"
    echo "$fresh" >"$WORK/git.users"
    bounded git ls-remote "$url/a.git"
    is "$rc" 0 "and git ls-remote works again"
    tell store http "${url#*://}" username=me password=pk_git
    echo parallel-key:pk_git >"$WORK/git.users"
    bounded git ls-remote "$url/a.git"
    is "$rc" 0 "with the API key, once there is one"
    unset GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT
fi

# ---- descriptors ------------------------------------------------------------

new_person
# closed NAME COMMAND...: each of the three closed, and all of them
closed() {
    local name=$1 each
    shift
    for each in 0 1 2 012; do
        (
            case $each in *0*) exec <&- ;; esac
            case $each in *1*) exec >&- ;; *) exec >"$WORK/run.out" ;; esac
            case $each in *2*) exec 2>&- ;; *) exec 2>"$WORK/run.err" ;; esac
            exec timeout -k 1 "$PATIENCE" "$@"
        )
        is $? 0 "$name, without $each: exit 0"
        check "$name, without $each: the store is whole" jq -e \
            '.version == 1 and (.records[0].refresh_token | length) > 20' \
            "$STORE"
        case $each in
        0) cp "$WORK/run.out" "$WORK/closed" ;;
        2) is "$(cat "$WORK/run.out")" "$(cat "$WORK/closed")" \
            "$name, without 2: standard output as ever" ;;
        esac
    done
}
set_service '{"approve_after":0}'
closed "login" "$TOOL" login --no-browser
set_service '{"approve_after":null}'
closed "refresh" "$TOOL" refresh
closed "token" "$TOOL" token
closed "status" "$TOOL" status
expire_token
closed "token, expired" "$TOOL" token
request >"$WORK/block"
closed "get" sh -c 'exec "$1" get <"$2"' sh "$TOOL" "$WORK/block"
is "$(find "$HOME" "$XDG_RUNTIME_DIR" -type f ! -name '*.json' ! -name lock \
    ! -name renewing ! -name session ! -name prompt ! -name pending)" "" \
    "and nothing else is written"

if [ -e /dev/full ]; then
    # full STATUS COMMAND...: the disk behind standard output is full
    full() {
        timeout -k 1 "$PATIENCE" "$@" </dev/null 2>"$WORK/run.err" >/dev/full
        is "$?:$(lines)" 4:1 "$* >/dev/full: exit 4, one line"
        check "$* >/dev/full: it says so" \
            grep -q "cannot write to standard output" "$WORK/run.err"
    }
    for each in token header capability status "status --json" config \
        "config --json" help --version; do
        # shellcheck disable=SC2086
        full "$TOOL" $each
    done
    full "$BROKER" token
    full sh -c 'exec "$1" get <"$2"' get "$TOOL" "$WORK/block"
    full sh -c 'exec "$1" get <"$2"' get "$BROKER" "$WORK/block"
else
    skip "a full disk" "no /dev/full here"
fi

# ---- secrets ----------------------------------------------------------------

# Our programs hide their memory; only with privileges can strace look.
if ! { command -v strace && strace -f -o "$WORK/trace" "$TOOL" config &&
    grep -F "execve(\"$BROKER\"" "$WORK/trace"; } >/dev/null 2>&1; then
    skip "what other processes are told" "strace cannot look here"
else
    new_person
    mkdir "$WORK/bin"
    printf '#!/bin/sh\nexit 0\n' >"$WORK/bin/xdg-open"
    chmod +x "$WORK/bin/xdg-open"
    : >"$WORK/secrets"
    # traced COMMAND...: with every program that is started, its arguments
    # and its whole environment in the trace; what is secret, in the list
    traced() {
        PATH=$WORK/bin:$PATH timeout -k 1 "$PATIENCE" strace -qq -f -v \
            -s 100000 -e trace=execve -o "$WORK/trace.one" "$@" \
            >"$WORK/run.out" 2>>"$WORK/told"
        rc=$?
        cat "$WORK/trace.one" >>"$WORK/told"
        stored '.records[] | .access_token, .refresh_token,
            .api_key // empty' >>"$WORK/secrets"
    }
    : >"$WORK/told"
    set_service '{"approve_after":0}'
    DISPLAY=:99 traced "$TOOL" login --json
    set_service '{"approve_after":null}'
    is "$rc:$(grep -c 'bin/xdg-open"' "$WORK/told")" 0:1 \
        "login with a browser: it is opened, once"
    traced "$TOOL" refresh
    # Renewed behind the answer, by a process of its own
    edit_store --argjson when "$(($(date +%s) * 1000 + 60000))" \
        '.records[].access_token_expires_at = $when'
    "$TOOL" token >/dev/null
    asked=$(refreshes)
    traced "$TOOL" token
    is "$rc:$(refreshes)" "0:$((asked + 1))" "a token that is due is renewed"
    traced "$TOOL" get <"$WORK/block"
    printf 'protocol=http\nhost=%s\npassword=pk_secret_1\n\n' "$api" \
        >"$WORK/key"
    traced "$TOOL" store <"$WORK/key"
    echo pk_secret_1 >>"$WORK/secrets"
    traced "$TOOL" --debug refresh
    traced "$TOOL" status
    traced "$TOOL" erase <"$WORK/key"
    traced "$TOOL" config
    traced "$TOOL" logout
    sort -u -o "$WORK/secrets" "$WORK/secrets"
    check "there were secrets to tell" \
        test "$(wc -l <"$WORK/secrets")" -ge 7
    check "and programs to be told" \
        test "$(grep -c 'execve.* = 0' "$WORK/told")" -ge 14
    is "$(grep -oFf "$WORK/secrets" "$WORK/told" | sort | uniq -c)" "" \
        "no secret in an argument, an environment or a message"
fi

# ---- a terminal -------------------------------------------------------------

# at_terminal STEP... -- COMMAND...: what it shows goes to $WORK/screen
at_terminal() {
    run python3 "$HERE/terminal.py" "$WORK/screen" "$@"
}
approve="curl -sS --max-time 60 $CONTROL_URL/approve"
approve="$approve -d '{\"user_code\":\"any\",\"wait_ms\":20000}'"
# The answer and the complaints of a program at a terminal, kept apart; the
# terminal stays open, also before the program comes to open it
apart=(sh -c 'exec "$@" 3<>/dev/tty <"$0/block" >"$0/answer" \
    2>"$0/complaint"' "$WORK")
lock_is_free() {
    timeout 10 python3 "$HERE/hold-lock.py" --wait "$1"
}
if ! python3 -c 'import pty' 2>/dev/null; then
    skip "a terminal" "no python3 here"
else
    new_person
    export TERM=xterm-256color
    request >"$WORK/block"
    codes=$(state .requests.code)
    GIT_TERMINAL_PROMPT=0 at_terminal -- "${apart[@]}" "$TOOL" get
    is "$rc:$(cat "$WORK/answer" "$WORK/screen")" 0: \
        "get, GIT_TERMINAL_PROMPT=0: nothing is asked"
    like "$(cat "$WORK/complaint")" \
        "^parallel-credential: not signed in .*login$" "one line says why"
    for each in false never; do
        git config --global credential.interactive $each
        at_terminal -- "${apart[@]}" "$TOOL" get
        is "$rc:$(cat "$WORK/answer" "$WORK/screen")" 0: \
            "get, credential.interactive = $each: nothing is asked"
    done
    git config --global --unset credential.interactive
    run timeout "$PATIENCE" setsid --wait "$TOOL" get <"$WORK/block"
    is "$rc:$out:$(lines)" 0::1 "get without a terminal: one line, exit 0"
    GIT_TERMINAL_PROMPT=0 at_terminal -- "${apart[@]}" "$TOOL" store
    is "$(state .requests.code)" "$codes" "no code was asked for"

    at_terminal see="Waiting for your approval" run="$approve" -- \
        "${apart[@]}" "$TOOL" get
    is "$rc:$(cat "$WORK/complaint")" 0: "get at a terminal: signs in"
    is "$(sed -n 's/^password=//p' "$WORK/answer")" \
        "$(stored '.records[0].access_token')" "and answers"
    is "$(sed 's/=.*//' "$WORK/answer" | paste -sd,)" \
        "username,password,password_expiry_utc," "with nothing else"
    code=$(grep -o 'user_code=[A-Z]*-[A-Z]*' "$WORK/screen")
    like "$(cat "$WORK/screen")" "$HTTP_PLATFORM_URL/device.$code" \
        "the address was shown"
    check "the code was shown" grep -qF "[1m${code#*=}" "$WORK/screen"
    unlike "$(cat "$WORK/screen")" \
        "$(stored '.records[0] | .access_token + "|" + .refresh_token')" \
        "no token was shown"

    # The service takes the refresh token no longer.
    control revoke "{\"family\":$(state '.families[-1].family')}" \
        >"$WORK/revoke.out"
    expire_token
    run timeout "$PATIENCE" setsid --wait "$TOOL" get <"$WORK/block"
    is "$rc:$out:$(lines)" 0::1 \
        "get, to be signed in again, without a terminal: one line, exit 0"
    like "$err" "has ended and cannot be renewed; run: .*login" "it says so"
    at_terminal see="Waiting for your approval" run="$approve" -- \
        "${apart[@]}" "$TOOL" get
    is "$rc:$(sed -n 's/^password=//p' "$WORK/answer")" \
        "0:$(stored '.records[0].access_token')" \
        "get, to be signed in again, at a terminal: signs in and answers"

    # The line with the time is one, however narrow the terminal is: what goes on
    # in a next one would stay there every second.
    for columns in 100 40 20; do
        new_person
        at_terminal see='\[K' kill=INT -- sh -c \
            "stty cols $columns && exec \"\$0\" login --no-browser" "$TOOL"
        control expire '{"user_code":"any"}' >/dev/null
        wide=$(tr '\r' '\n' <"$WORK/screen" | sed -n "s/^$ESC\[K//p" |
            grep '[0-9]:[0-9][0-9]' | head -n 1)
        check "$columns columns: a time in ${#wide} of them" \
            test ${#wide} -ge 4 -a ${#wide} -lt $columns
    done

    # Given up: nothing is left, and nothing is in the way of the next one.
    interrupt=$'type=\x03'
    for each in login get; do
        new_person
        if [ $each = get ]; then
            at_terminal see="Waiting for your approval" "$interrupt" -- \
                "${apart[@]}" "$TOOL" get
            is "$(cat "$WORK/answer")" "" "Ctrl-C in get: no answer"
            err=$(cat "$WORK/complaint")
        else
            at_terminal see="Waiting for your approval" "$interrupt" -- \
                "$TOOL" login --no-browser
            err=$(cat "$WORK/screen")
        fi
        is "$rc" 130 "Ctrl-C in $each: exit 130"
        like "$err" "interrupted; nothing has changed" \
            "Ctrl-C in $each: it says so"
        is "$(stored '.records | length')" 0 "Ctrl-C in $each: no record"
        is "$(find "$HOME" "$XDG_RUNTIME_DIR" -type f ! -name store.json \
            ! -name lock ! -name renewing ! -name session ! -name prompt)" \
            "" "Ctrl-C in $each: no file is left"
        for lock in "$STATE/lock" "$XDG_RUNTIME_DIR"/*/renewing; do
            check "Ctrl-C in $each: ${lock##*/} is free" lock_is_free "$lock"
        done
        bounded "$TOOL" status --json
        is "$rc:$(jq -r .authenticated <<<"$out")" 3:false \
            "Ctrl-C in $each: signed out"
        control expire '{"user_code":"any"}' >/dev/null
        check "Ctrl-C in $each: the next login works" sign_in
    done
    # The line with the time does not stay on the screen.
    is "$(tail -c 4 "$WORK/screen" | od -An -c | tr -d ' ')" '\r033[K' \
        "the line with the time is taken away"

    # Where the service does not answer. A poll has a limit of 10 s, which is
    # the longest that a person has to wait.
    for each in register code token_device; do
        new_person
        control trouble "{\"kind\":\"hang\",
            \"endpoint\":\"${each/_/:}\"}" >"$WORK/trouble.out"
        count=$(($(state .requests.$each) + 1))
        at_terminal run="curl -sS --max-time 60 '$CONTROL_URL/wait?`
            `counter=$each&at_least=$count&ms=15000'" "$interrupt" -- \
            "$TOOL" login --no-browser
        is "$rc:$err" 130: "Ctrl-C while $each does not answer: exit 130"
        control trouble '{"clear":true}' >"$WORK/trouble.out"
        control expire '{"user_code":"any"}' >/dev/null
        check "Ctrl-C while $each does not answer: the next login works" \
            sign_in
    done
fi

# ---- two services, one organization -----------------------------------------

# gets_token NAME: get answers with the token of the service of that name
gets_token() {
    run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/block.$1"
    is "$rc:$(sed -n 's/^password=//p' <<<"$out")" \
        "0:$(stored ".records[] | select(.issuer | startswith(\"$1:\"))
            .access_token")" "$2"
}
new_person
trust_sandbox
request >"$WORK/block.http"
sign_in
use_https
request >"$WORK/block.https"
sign_in
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
is "$(stored '.records | map(.org_id) | unique | length')" 1 \
    "two services, one organization"
for each in http https; do
    rm -f "$SESSION"
    gets_token $each "no cache: an address gets what is its own ($each)"
    gets_token $each "from the cache, too"
done
# Both are due: the one that is asked for is renewed behind the answer, and not
# the other one of that organization.
token_of() {
    stored ".records[] | select(.issuer | startswith(\"$1:\")).access_token"
}
is_renewed() {
    [ "$(token_of http)" != "$old" ]
}
edit_store '.records[].access_token_expires_at = ((now + 60) * 1000 | floor)'
old=$(token_of http) other=$(token_of https)
gets_token http "due: served"
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/block.http"
is "$(sed -n 's/^password=//p' <<<"$out")" "$old" "and from the cache"
check "renewed behind the answer" wait_until "$PATIENCE" is_renewed
is "$(token_of https)" "$other" "the other service's is left alone"
use_https
if python3 -c 'import pty' 2>/dev/null; then
    control revoke "{\"family\":$(state '.families[-2].family')}" \
        >"$WORK/revoke.out"
    expire_token
    cp "$WORK/block.http" "$WORK/block"
    at_terminal see="Waiting for your approval" run="$approve" -- \
        "${apart[@]}" "$TOOL" get
    is "$rc:$(cat "$WORK/answer")" 0: \
        "who signs in to one service: nothing of it is for the other"
else
    skip "a sign-in to one service" "no python3 here"
fi
use_http

# ---- waiting for a person ---------------------------------------------------

# What the last login has said is not what the next one says.
new_login() {
    new_person
    rm -f "$WORK/run.out"
}
waits() {
    wait_until 60 grep -qs waiting_for "$WORK/run.out"
}
# Other signals, and without a terminal
for signal in INT TERM HUP; do
    new_login
    env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" PATH="$PATH" \
        PARALLEL_PLATFORM_URL="$PARALLEL_PLATFORM_URL" \
        python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$TOOL" login --json --no-browser \
        >"$WORK/run.out" 2>"$WORK/run.err" </dev/null &
    login=$!
    background+=("$login")
    waits
    kill -$signal $login
    wait $login
    is "$?:$(tail -1 "$WORK/run.out" | jq -r .error)" 130:interrupted \
        "SIG$signal while waiting: exit 130"
    control expire '{"user_code":"any"}' >/dev/null
done

# wait_polls COUNT MS
wait_polls() {
    curl -sSf --max-time 60 -o "$WORK/wait.out" \
        "$CONTROL_URL/wait?counter=token_device&at_least=$1&ms=$2"
}
set_service '{"interval":1}'
new_person
started=$SECONDS
bounded "$TOOL" login --json --no-browser --wait 1
is "$rc:$(tail -1 <<<"$out" | jq -r .error)" 5:timeout "--wait 1: exit 5"
check "--wait 1: after a second, and soon" \
    test $((SECONDS - started)) -le 10
bounded "$TOOL" login --json --no-browser --wait 0
is "$rc:$(tail -1 <<<"$out" | jq -r .error)" 5:timeout "--wait 0: exit 5"
is "$(stored '.records | length')" 0 "--wait: nothing is stored"
control expire '{"user_code":"any"}' >/dev/null
control expire '{"user_code":"any"}' >/dev/null

# An approval is noticed within one interval and 0.2 s: the best of three,
# for a machine that is busy with other things.
best=999999
for _ in 1 2 3; do
    new_login
    "$TOOL" login --json --no-browser >"$WORK/run.out" 2>&1 </dev/null &
    login=$!
    background+=("$login")
    waits
    # Just behind a poll, so that a whole interval has to pass
    wait_polls $(($(state .requests.token_device) + 1)) 20000
    control approve '{"user_code":"any"}' >/dev/null
    approved=${EPOCHREALTIME/[^0-9]/}
    wait $login
    took=$(((${EPOCHREALTIME/[^0-9]/} - approved) / 1000))
    [ $took -ge $best ] || best=$took
    [ $best -gt 1200 ] || break
done
check "an approval is noticed within one interval and 0.2 s: $best ms" \
    test $best -le 1200

# polls: of the last code, in ms since it was given out; they come at once,
# then by the interval, never before
new_login
"$TOOL" login --json --no-browser >"$WORK/run.out" 2>&1 </dev/null &
login=$!
background+=("$login")
waits
wait_polls $(($(state .requests.token_device) + 3)) 20000
control approve '{"user_code":"any"}' >/dev/null
wait $login
jq -sc '(map(.endpoint) | rindex("code")) as $code |
    .[$code:] | map(select(.endpoint | test("code|token"))) | (.[0].ms) as $start | map(.ms - $start)[1:]' \
    "$WORK/sandbox/requests.log" >"$WORK/polls"
set_service '{"interval":5}'
new_login
polls=$(($(state .requests.token_device) + 1))
"$TOOL" login --json --no-browser >"$WORK/run.out" 2>&1 </dev/null &
login=$!
background+=("$login")
waits
check "login polls at once, not after the interval" wait_polls $polls 3500
kill -TERM $login
wait $login
check "polls keep to the interval: $(cat "$WORK/polls")" jq -e \
    'length >= 3 and
     ([.[1:], .[:-1]] | transpose | map(.[0] - .[1]) | min >= 900)' \
    "$WORK/polls"
is "$(state .polls_too_fast)" 0 "the service never saw a poll too soon"
finish
