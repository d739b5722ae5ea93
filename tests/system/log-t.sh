#!/bin/bash
# The system's log: one line for each thing that happens to a credential, in
# journald's own form or as text; nothing else at the level notice, and never a
# secret at any.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/host.sh disable=SC1091
. "$(dirname "$0")/host.sh"
own_host "$0"
start_sandbox --seed-org org_other:Other
control config '{"interval":1}' >"$WORK/control.out"
use_sandbox

# ---- catching lines --------------------------------------------------------------

# journald's socket: each datagram is a line of $native, with \n within
socket=/run/systemd/journal/socket
native=$WORK/native
listen() {
    mkdir -p "${socket%/*}"
    in_background "$HERE/catch-log.py" "$socket" "$native" >"$WORK/native.out"
    listener=$pid
    wait_until 10 grep -q listening "$WORK/native.out"
    chmod 666 "$socket"
}
deaf() {
    kill "$listener"
    wait "$listener" 2>/dev/null
    rm -f "$socket"
}
# The marker that a test sends itself comes behind all that came before.
marks=0
settled() {
    marks=$((marks + 1))
    python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(),
                                                        sys.argv[1])' \
        "$1" "mark $marks" && wait_until 10 grep -qx "mark $marks" "$2"
}
# lines FILE SOCKET: what has come since the last time, without markers
declare -A seen=()
lines() {
    settled "$2" "$1"
    sed -n "$((${seen[$1]-0} + 1)),\$p" "$1" | grep -v '^mark '
    return 0
}
forget() {
    settled "$2" "$1"
    seen[$1]=$(wc -l <"$1")
}
# happens COMMAND...: run, and what journald got for it, in $came
came=''
happens() {
    forget "$native" "$socket"
    run as_user "$@"
    came=$(lines "$native" "$socket")
}
# field NAME: of the one datagram in $came
field() {
    printf '%s' "$came" | sed 's/\\n/\n/g' | sed -n "s/^$1=//p"
}
count() {
    printf '%s' "$came" | grep -c ''
}
# one EVENT MESSAGE_ID NAME: exactly that came
one() {
    is "$(count):$(field PARALLEL_EVENT):$(field MESSAGE_ID)" "1:$1:$2" "$3"
}
AUTHORIZED=4c17079655864b8cbb0c8fb30ca65e4c
RENEWED=c74db4af2df542ad9634b8d2703f000a
REFUSED=bb77c35e156c4d799621b5d44bc471e0
REVOKED=9fd79462958946ab91ef3bcb5c47a45c
FAILED=374677313af24013ae51ea4574099220
# login [OPTION...]: approved for $org, or what $decide says
org=org_acme decide=approve
login() {
    local waiting code
    : >"$WORK/login.out"
    as_user timeout 60 "$TOOL" login --json --no-browser "$@" \
        >"$WORK/login.out" 2>"$WORK/login.err" </dev/null &
    waiting=$!
    wait_until 20 grep -q user_code "$WORK/login.out"
    code=$(head -n 1 "$WORK/login.out" | jq -r .user_code)
    case $decide in
    approve) control approve "{\"user_code\":\"$code\",\"org_id\":\"$org\"}" ;;
    *) control "$decide" "{\"user_code\":\"$code\"}" ;;
    esac >"$WORK/control.out"
    wait "$waiting"
    rc=$?
}
login_happens() {
    forget "$native" "$socket"
    login "$@"
    came=$(lines "$native" "$socket")
}

# ---- journald ----------------------------------------------------------------------

new_user
has_runtime
listen
login_happens
is "$rc" 0 "sign in"
one authorized $AUTHORIZED "authorized: one line, with its id"
is "$(field PRIORITY):$(field SYSLOG_IDENTIFIER):$(field SYSLOG_FACILITY)" \
    5:parallel-credential:10 "notice, under our name, of authpriv"
is "$(field PARALLEL_USER):$(field PARALLEL_UID):$(field PARALLEL_COMMAND)" \
    "$user:$uid:login" "who, by which command"
is "$(field PARALLEL_PROVIDER):$(field PARALLEL_ISSUER)" \
    "parallel:$HTTP_PLATFORM_URL" "at which service"
is "$(field PARALLEL_ORG):$(field PARALLEL_ORG_NAME)" org_acme:Acme \
    "for which organization"
is "$(field MESSAGE)" "authorized user=$user uid=$uid command=login provider=parallel issuer=$HTTP_PLATFORM_URL org=org_acme org_name=Acme" \
    "and all of it in the text"

happens "$TOOL" token
is "$rc:$came" 0: "a token from the cache: no line"
happens strace -f -qq -e trace=socket,connect,sendto -o "$home/trace" \
    "$TOOL" token
if [ -e "$home/trace" ]; then
    is "$(grep -c socket "$home/trace")" 0 "and the front does not try"
else
    skip "and the front does not try" "no strace, or none that can trace"
fi
happens "$TOOL" status
is "$came" "" "status: no line"
happens "$TOOL" refresh
one renewed $RENEWED "renewed"
is "$(field PARALLEL_COMMAND):$(field PARALLEL_ORG)" refresh:org_acme \
    "by whom, for whom"
control trouble '{"endpoint":"token:refresh","kind":"status"}' \
    >"$WORK/control.out"
happens "$TOOL" refresh
one failed $FAILED "a renewal that fails"
is "$(field PARALLEL_REASON)" status "has a reason"
like "$(field PARALLEL_DETAIL)" 503 "and tells more"
control revoke "{\"family\":$(state '.families[-1].family')}" \
    >"$WORK/control.out"
happens "$TOOL" refresh
one refused $REFUSED "the service refuses to renew"
is "$(field PARALLEL_REASON)" sign_in_again "for good"
decide=deny
login_happens
one refused $REFUSED "a person refuses"
is "$(field PARALLEL_REASON)" access_denied "for a reason"
decide=expire
login_happens
one failed $FAILED "a code that runs out"
is "$(field PARALLEL_REASON)" expired_token "for a reason"
decide=approve
control trouble '{"endpoint":"code","kind":"status"}' >"$WORK/control.out"
happens "$TOOL" login --json --no-browser
one failed $FAILED "no code to be had"
control trouble '{"endpoint":"code","kind":"status"}' >"$WORK/control.out"
happens "$TOOL" login --no-browser --org $'x\nPARALLEL_EVENT=forged\e[1m'
one failed $FAILED "what a person calls an organization adds no field"
is "$(field PARALLEL_ORG)" "x?PARALLEL_EVENT=forged?[1m" "and is cleaned"

# What a server says is cleaned, and cut.
control config '{"override":{"token:org_name":"A\u001b[31m\nPARALLEL_EVENT=forged\u202e \"B\" \\ C"}}' \
    >"$WORK/control.out"
login_happens
one authorized $AUTHORIZED "what an organization calls itself adds no field"
like "$(field PARALLEL_ORG_NAME)" '^A\?.31m\?PARALLEL_EVENT=forged\? "B" .* C$' \
    "and is cleaned"
like "$(field MESSAGE)" ' org_name="A[?][[]31m.* ..B.. .. C"$' \
    "in the text in quotes"
as_user "$TOOL" logout --all
control config "{\"override\":{\"token:org_name\":\"$(head -c 250 /dev/zero |
    tr '\0' x)\",\"token:error_description\":\"$(head -c 5000 /dev/zero |
    tr '\0' y)\"}}" >"$WORK/control.out"
login_happens
one authorized $AUTHORIZED "a long name"
[ "${#came}" -lt 2500 ]
is $? 0 "makes no long line"
as_user "$TOOL" logout --all
control config '{"override":{}}' >"$WORK/control.out"

# In a login's session, by its poller
forget "$native" "$socket"
rm -f "$STATE/prompt" "$STATE/pending"
mkfifo "$WORK/pipe"
env -i HOME="$home" "$TOOL" session-open "$uid" "$uid" >"$WORK/pipe" \
    2>"$WORK/session.err" &
exec 7<"$WORK/pipe"
while read -r line <&7 && [ "$line" != event=done ]; do :; done
control approve '{"user_code":"any","wait_ms":9000}' >"$WORK/control.out"
wait_until 20 grep -q authorized "$native"
wait_until 20 no_poller
exec 7<&-
came=$(lines "$native" "$socket")
one authorized $AUTHORIZED "authorized in the background"
is "$(field PARALLEL_COMMAND):$(field PARALLEL_USER)" "session-poll:$user" \
    "by the poller"

happens "$TOOL" logout
one revoked $REVOKED "revoked"
login
control trouble '{"endpoint":"revoke","kind":"status"}' >"$WORK/control.out"
happens "$TOOL" logout
is "$rc" 4 "a logout that the service does not hear of"
one failed $FAILED "is told of"
like "$(field PARALLEL_DETAIL)" 503 "with the reason"

# The end of the last session
use_sandbox 'logout = revoke'
login_happens
control trouble '{"endpoint":"revoke","kind":"status"}' >"$WORK/control.out"
happens "$TOOL" session-end
one failed $FAILED "a last logout that the service was not told of"
happens "$TOOL" session-end --retry
one revoked $REVOKED "and is told of later"
login_happens
control trouble '{"endpoint":"revoke","kind":"error","error":"invalid_request"}' \
    >"$WORK/control.out"
happens "$TOOL" session-end
is "$rc" 0 "one that the service will not hear of: it is over"
one failed $FAILED "one that the service will not hear of was not revoked"

# The policy
use_sandbox '[policy]' 'allowed_organizations = org_acme'
org=org_other
login_happens
one refused $REFUSED "an organization that is not allowed: one line"
is "$(field PARALLEL_REASON):$(field PARALLEL_ORG):$(field PARALLEL_ORG_NAME)" \
    organization_not_allowed:org_other:Other "which names it"
org=org_acme
use_sandbox '[policy]' "deny_users = $user"
happens "$TOOL" login --json
one refused $REFUSED "a login that is denied"
is "$(field PARALLEL_REASON)" denied_by_policy "with the reason"
like "$(field PARALLEL_DETAIL)" "deny_users names $user .*:5." "and the line"
happens "$TOOL" token
is "$rc:$came" 3: "not each token that is not handed out"
happens env -i HOME="$home" "$TOOL" session-open "$uid" "$uid"
one refused $REFUSED "a session that is not connected"
happens env -i HOME="$home" "$TOOL" session-open "$uid" "$uid" --silent
is "$came" "" "not one of cron's"

# ---- levels ------------------------------------------------------------------------

use_sandbox 'log = none'
login_happens
is "$rc:$came" 0: "log = none: no line"
use_sandbox 'log = debug'
happens "$TOOL" refresh
is "$(printf '%s' "$came" | grep -c PARALLEL_EVENT=renewed)" 1 \
    "log = debug: the events"
like "$came" "PARALLEL_DETAIL=POST $HTTP_PLATFORM_URL/getServiceKeys/token: 200, [0-9]+ ms" \
    "and the exchanges"
like "$came" "PRIORITY=7" "as debug"
is "$(printf '%s' "$came" | grep -c 'MESSAGE_ID=2f02822ea30f4befac2bb20e61b34506')" \
    "$(($(count) - 1))" "with one id"
use_sandbox 'log = loud'
run as_user "$TOOL" token
like "$rc:$err" "^2:.*log: must be none, notice or debug" "no other word"

# ---- never in the way ----------------------------------------------------------------

use_sandbox
deaf
cat >"$WORK/full.py" <<'END'
import socket, sys, time
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1])
filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
filler.setblocking(False)
try:
    while True:
        filler.sendto(b"x", sys.argv[1])
except BlockingIOError:
    print("full", flush=True)
time.sleep(600)
END
in_background python3 "$WORK/full.py" "$socket" >"$WORK/full.out"
full=$pid
wait_until 10 grep -q full "$WORK/full.out"
chmod 666 "$socket"
run as_user timeout -k 1 20 "$TOOL" refresh
is "$rc" 0 "a log that takes nothing holds up nobody"
kill "$full"
wait "$full" 2>/dev/null
rm -f "$socket"

# ---- without journald ------------------------------------------------------------------

forget "$log" /dev/log
run as_user "$TOOL" refresh
came=$(lines "$log" /dev/log)
is "$came" "notice parallel-credential: renewed user=$user uid=$uid command=refresh provider=parallel issuer=$HTTP_PLATFORM_URL org=org_acme org_name=Acme" \
    "the same as text for syslog"
rm -rf "${socket%/*}"
forget "$log" /dev/log
run as_user "$TOOL" refresh
came=$(lines "$log" /dev/log)
like "$came" "^notice parallel-credential: renewed" "without its folder, too"

# ---- no secrets ------------------------------------------------------------------------

# A whole session at the level debug: sign in by code and browserless, renew, a
# key, another provider with a secret, what goes wrong; then every secret that
# there was is looked for.
: >"$WORK/secrets"
note_secrets() {
    [ ! -e "$STORE" ] || jq -r '.records[] | .access_token, .refresh_token,
        .api_key | strings | select(. != "")' "$STORE" >>"$WORK/secrets"
    [ ! -e "$STATE/pending" ] ||
        sed -n 's/^device_code=//p' "$STATE/pending" >>"$WORK/secrets"
}
STORE=$STATE/store.json
listen
forget "$native" "$socket"
provider=("[provider acme]" "issuer = $HTTP_PLATFORM_URL/"
    "token_endpoint = $HTTP_PLATFORM_URL/getServiceKeys/token"
    "device_authorization_endpoint = $HTTP_PLATFORM_URL/getServiceKeys/device/code"
    "revocation_endpoint = $HTTP_PLATFORM_URL/getServiceKeys/token/revoke"
    "client_id = $(jq -r '[.clients[]][0]' "$STORE")"
    "client_secret_file = $home/secret" 'scopes = keys:read'
    'token_endpoint_auth_method = client_secret_post'
    'revocation = parallel')
secret=$(head -c 20 /dev/urandom | base64 | tr -d '/+=')
echo "$secret" | as_user sh -c 'umask 077; cat >"$HOME/secret"'
echo "$secret" >>"$WORK/secrets"
use_sandbox 'log = debug' "${provider[@]}"
as_user "$TOOL" logout --all
login
note_secrets
as_user "$TOOL" refresh
note_secrets
as_user "$TOOL" token --api-key >>"$WORK/secrets"
login --provider acme
is "$rc" 0 "sign in to another provider, with a secret"
note_secrets
as_user "$TOOL" refresh --provider acme
note_secrets
for kind in status html reset reset-after truncate garbage; do
    control trouble "{\"endpoint\":\"any\",\"kind\":\"$kind\"}" \
        >"$WORK/control.out"
    as_user "$TOOL" refresh
    note_secrets
done 2>"$WORK/trouble.err"
as_user "$TOOL" logout --all 2>"$WORK/logout.err"
rm -f "$STATE/prompt" "$STATE/pending"
run env -i HOME="$home" "$TOOL" session-open "$uid" "$uid"
note_secrets
control trouble '{"clear":true}' >"$WORK/control.out"
came=$(lines "$native" "$socket")
[ "$(count)" -gt 20 ]
is $? 0 "a session makes lines: $(count)"
sort -u "$WORK/secrets" >"$WORK/secrets.sorted"
[ "$(wc -l <"$WORK/secrets.sorted")" -gt 8 ]
is $? 0 "and has secrets: $(wc -l <"$WORK/secrets.sorted")"
grep -oFf "$WORK/secrets.sorted" "$native" "$log" | sort -u >"$WORK/found"
is "$(cat "$WORK/found")" "" "none of them stands in any line"
finish
