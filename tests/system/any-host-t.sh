#!/bin/bash
# --any-host: a helper for any host, through the same store. What is kept for
# others, who gets it, and that the rest of the product never sees it.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
shopt -s lastpipe
start_sandbox
PATIENCE=60

# tell VERB LINE...: a block to the helper; what it answers in $out
tell() {
    local verb=$1
    shift
    printf '%s\n' "$@" '' >"$WORK/block"
    run timeout -k 1 "$PATIENCE" "$TOOL" --any-host "$verb" <"$WORK/block"
}
# keep HOST USER PASSWORD [LINE...]: stored, without a word
keep() {
    local host=$1 user=$2 password=$3
    shift 3
    tell store protocol=https host="$host" username="$user" \
        password="$password" "$@"
    [ "$rc:$out:$err" = 0:: ] || not_ok "store for $host" "$rc $out $err"
}
# gives NAME WANT LINE...: get answers with WANT ("user:password", or "")
gives() {
    local name=$1 want=$2 got=''
    shift 2
    tell get "$@"
    [ -z "$out" ] || got=$(sed -n 's/^username=//p' <<<"$out"):$(
        sed -n 's/^password=//p' <<<"$out")
    is "$rc:$err:$got" "0::$want" "$name"
}
# others JQ: of the records that are kept for others
others() {
    stored "[.records[]? | select(.provider == \"any-host\")] | $1"
}

# ---- keeping and finding ----------------------------------------------------

new_person
gives "nothing is kept: nothing" "" protocol=https host=a.example
is "$(test -e "$STATE"; echo $?)" 1 "asking makes no folder"
keep a.example me one
is "$(stat -c %a "$STORE")" 600 "the store: 0600"
gives "it comes back" me:one protocol=https host=a.example
is "$(tail -c 1 "$WORK/run.out" | od -An -c | tr -d ' ')" '\n' "a line's end"
is "$(sed -n '$=' "$WORK/run.out")" 3 "and a blank line behind it"
gives "another protocol: nothing" "" protocol=http host=a.example
gives "another host: nothing" "" protocol=https host=b.example
gives "another port: nothing" "" protocol=https host=a.example:8443
gives "a longer name: nothing" "" protocol=https host=a.example.org
gives "another user: nothing" "" protocol=https host=a.example username=you
gives "this user" me:one protocol=https host=a.example username=me
gives "a path, where it was kept without: nothing" "" \
    protocol=https host=a.example path=x.git
gives "url" me:one url=https://me@a.example
run timeout "$PATIENCE" "$TOOL" get --any-host < <(
    printf 'protocol=https\nhost=a.example\n\n')
is "$rc:$(grep -c ^password=one <<<"$out")" 0:1 "the option behind the verb"
run "$TOOL" get < <(printf 'protocol=https\nhost=a.example\n\n')
is "$rc:$out:$err" 0:: "without the option: nothing"

keep a.example me two
gives "a new password replaces the old one" me:two protocol=https \
    host=a.example
is "$(others length)" 1 "and is the only one"
keep a.example you three
gives "of two users: by name" me:two protocol=https host=a.example username=me
gives "of two users: the one kept last" you:three protocol=https \
    host=a.example
keep p.example me p1 path=a/b.git
gives "a path: itself" me:p1 protocol=https host=p.example path=a/b.git
gives "a path: no other" "" protocol=https host=p.example path=a
gives "no path named: any" me:p1 protocol=https host=p.example
keep p.example me p0
gives "no path named: rather the one without" me:p0 protocol=https \
    host=p.example
keep e.example "" ""
gives "no user, no password, but kept" : protocol=https host=e.example
keep i.example "mé %41" $'p\t=%é"\\\x01'
gives "any characters" "mé %41:"$'p\t=%é"\\\x01' protocol=https host=i.example
keep l1.example me $'caf\xe9'
tell get protocol=https host=l1.example
is "$(LC_ALL=C grep -ac $'^password=caf\xe9$' "$WORK/run.out")" 1 \
    "bytes that are no UTF-8"
tell store protocol=cert host= path=etc/key username=me password=phrase
gives "an address without a host" me:phrase protocol=cert host= path=etc/key
long=$(head -c 20000 /dev/zero | tr '\0' a)
keep long.example me "$long"
gives "20,000 bytes" "me:$long" protocol=https host=long.example
tell store protocol=https host=long.example username=me \
    password="$long$long"
is "$rc:$out:$(wc -l <<<"$err")" 2::1 "40,000 bytes: refused in one line"
unlike "$err" aaaa "which does not repeat them"
gives "and what was there stays" "me:$long" protocol=https host=long.example
for lines in "host=x" "protocol=https" "protocol=https host="; do
    # shellcheck disable=SC2086
    tell store $lines username=u password=p
    is "$rc:$out:$err" 0:: "store $lines: ignored"
    # shellcheck disable=SC2086
    gives "get $lines" "" $lines
done
tell store protocol=https host=half.example username=me
tell store protocol=https host=half.example password=x
gives "half a credential is not kept" "" protocol=https host=half.example

# ---- who answers ------------------------------------------------------------

# by_front NAME VERB LINE...: no other program is started
by_front() {
    local name=$1 verb=$2
    shift 2
    printf '%s\n' "$@" '' >"$WORK/block"
    if ! strace -f -qq -e trace=execve -o "$WORK/trace" "$TOOL" --any-host \
        "$verb" <"$WORK/block" >"$WORK/run.out" 2>/dev/null; then
        skip "$name" "strace cannot look here"
        return
    fi
    is "$(grep -c execve "$WORK/trace")" 1 "$name: no broker"
}
gives "warm" you:three protocol=https host=a.example
by_front "what is kept" get protocol=https host=a.example
by_front "what is not" get protocol=https host=none.example
by_front "store of what is there" store protocol=https host=a.example \
    username=you password=three
by_front "erase of another password" erase protocol=https host=a.example \
    username=you password=four
before=$(stat -c %i.%y "$STORE")
keep a.example you three
rm "$SESSION"
keep a.example you three
is "$(stat -c %i.%y "$STORE")" "$before" "store of the same: nothing is written"
rm "$SESSION"
gives "without the cache" you:three protocol=https host=a.example
is "$(test -e "$SESSION"; echo $?)" 0 "which makes it anew"
sed -i 's/^others=.*/others=99999999/' "$SESSION"
gives "a cache that is not whole" you:three protocol=https host=a.example
mv "$STORE" "$STORE.away"
gives "a store that is gone" "" protocol=https host=a.example
mv "$STORE.away" "$STORE"
gives "and back" you:three protocol=https host=a.example

# ---- erasing ----------------------------------------------------------------

tell erase protocol=https host=a.example username=you password=wrong
gives "erase with another password: it stays" you:three protocol=https \
    host=a.example username=you
tell erase protocol=https host=a.example username=you password=three
gives "erase with this one" "" protocol=https host=a.example username=you
gives "the other user stays" me:two protocol=https host=a.example
keep a.example you three
tell erase protocol=https host=a.example
is "$rc:$out:$err" 0:: "erase without a user"
gives "takes all of them" "" protocol=https host=a.example
tell erase protocol=https host=p.example path=a/b.git
gives "erase of a path" me:p0 protocol=https host=p.example
keep p.example me p1 path=a/b.git
tell erase protocol=https host=p.example
gives "erase without a path takes all paths" "" protocol=https \
    host=p.example path=a/b.git
tell erase username=me
gives "erase without an address: nothing" : protocol=https host=e.example
unlike "$(cat "$STORE" "$SESSION")" '"p1"|=p1$|three' "nothing is left of them"

# ---- expiry -----------------------------------------------------------------

soon=$(($(date +%s) + 3600)) past=$(($(date +%s) - 10))
keep x.example me fresh "password_expiry_utc=$soon"
tell get protocol=https host=x.example
like "$out" "^password_expiry_utc=$soon$" "the expiry comes back"
keep x.example me stale "password_expiry_utc=$past"
gives "what has expired is not kept" me:fresh protocol=https host=x.example
for never in 0 99999999999999999999 soon; do
    keep n.example me "$never" "password_expiry_utc=$never"
    tell get protocol=https host=n.example
    is "$out" "username=me
password=$never" "password_expiry_utc=$never: never"
done
keep y.example me old "password_expiry_utc=$soon"
jq '(.records[] | select(.issuer == "any-host:https://y.example") |
    .access_token_expires_at) = 1000' "$STORE" >"$STORE.edit"
chmod 600 "$STORE.edit" && mv "$STORE.edit" "$STORE"
gives "what has expired since is not given" "" protocol=https host=y.example
rm "$SESSION"
gives "nor by the broker" "" protocol=https host=y.example
is "$(others '[.[] | select(.issuer | contains("y.example"))] | length')" 1 \
    "it is there"
keep z.example me new
is "$(others '[.[] | select(.issuer | contains("y.example"))] | length')" 0 \
    "until the next write"

# ---- what else git hands over -------------------------------------------------

keep r.example me short "password_expiry_utc=$soon" oauth_refresh_token=spoon
tell get protocol=https host=r.example
like "$out" "^oauth_refresh_token=spoon$" "the refresh token of another helper"
unlike "$(cat "$SESSION")" spoon "which is not in the cache"
jq '(.records[] | select(.issuer == "any-host:https://r.example") |
    .access_token_expires_at) = 1000' "$STORE" >"$STORE.edit"
chmod 600 "$STORE.edit" && mv "$STORE.edit" "$STORE"
tell get protocol=https host=r.example
is "$out" "oauth_refresh_token=spoon" "alone, once the password has expired"
keep r.example me short
tell get protocol=https host=r.example
unlike "$out" spoon "replaced by what has none"

tell store 'capability[]=authtype' protocol=https host=t.example \
    authtype=Bearer credential=tok
tell get 'capability[]=authtype' 'capability[]=state' protocol=https \
    host=t.example
is "$rc:$out" "0:capability[]=authtype
authtype=Bearer
credential=tok" "authtype and credential"
gives "not for a caller that cannot take it" "" protocol=https host=t.example
tell get 'capability[]=authtype' protocol=https host=t.example username=me
is "$rc:$out" 0: "nor for another user"
tell erase 'capability[]=authtype' protocol=https host=t.example \
    authtype=Bearer credential=another
tell get 'capability[]=authtype' protocol=https host=t.example
like "$out" "credential=tok" "erase of another credential: it stays"
tell erase 'capability[]=authtype' protocol=https host=t.example \
    authtype=Bearer credential=tok
tell get 'capability[]=authtype' protocol=https host=t.example
is "$rc:$out" 0: "erase of this one"
tell store 'capability[]=authtype' protocol=https host=q.example \
    authtype=Bearer credential=tok ephemeral=1
tell store protocol=https host=q.example username=me password=x ephemeral=1
tell get 'capability[]=authtype' protocol=https host=q.example
is "$rc:$out" 0: "what is ephemeral is not kept"
keep s.example me x 'state[]=other:1' continue=1 'wwwauth[]=Basic realm="x"'
gives "state, continue and wwwauth" me:x protocol=https host=s.example
run "$TOOL" --any-host capability
is "$rc:$out" "0:version 0
capability authtype" "capability"
run "$(dirname "$TOOL")/git-credential-parallel" --any-host renounce </dev/null
is "$rc:$out:$err" 0:: "an operation that is not known"
for verb in token header status login logout; do
    run timeout "$PATIENCE" "$TOOL" "$verb" --any-host </dev/null
    is "$rc:$out" 2: "$verb takes no --any-host"
done

# ---- hostile ----------------------------------------------------------------

for verb in get store erase; do
    {
        printf 'protocol=https\nhost=h.example\nusername=a\0b\npassword=x\n\n'
    } >"$WORK/block"
    run timeout "$PATIENCE" "$TOOL" --any-host $verb <"$WORK/block"
    is "$rc:$out" 2: "$verb: a NUL"
    printf 'protocol=https\nhost=h.example\nusername=a\rb\npassword=x\n\n' \
        >"$WORK/block"
    run timeout "$PATIENCE" "$TOOL" --any-host $verb <"$WORK/block"
    is "$rc:$out" 2: "$verb: a carriage return"
done
line=$(head -c 65526 /dev/zero | tr '\0' u)
tell get protocol=https host=h.example "username=$line"
is "$rc:$out:$err" 0:: "a user of 65,526 bytes"
tell store protocol=https host=h.example "username=$line" password=x
is "$rc:$out" 2: "is not kept"
timeout "$PATIENCE" "$TOOL" --any-host get < <(
    printf 'protocol=https\n'
    while printf 'x=%s\n' "$line"; do :; done 2>/dev/null
) >"$WORK/run.out" 2>"$WORK/run.err"
is "$?:$(cat "$WORK/run.out")" 2: "input without an end"
tell store "url=https://$(printf 'u%%0a'):p@h.example"
gives "a line feed in an address" "" protocol=https host=h.example
tell store protocol=https host=h.example/../x username=me password=x
gives "a host that looks like a path" "" protocol=https host=h.example \
    path=../x

# ---- apart from Parallel's --------------------------------------------------

new_person
host=${PARALLEL_PLATFORM_URL#*://}
tell store protocol=http host="$host" username=me password=mine
is "$rc:$out:$err:$(test -e "$STORE"; echo $?)" 0:::1 \
    "an address of ours keeps its own rules: store"
keep a.example me one
for verb in status token header; do
    run "$TOOL" $verb </dev/null
    is "$rc" 3 "$verb: nobody is signed in"
done
run "$TOOL" status --json
is "$(jq -c '[.authenticated, .org_id, .issuer]' <<<"$out")" \
    '[false,null,"'"$PARALLEL_PLATFORM_URL"'"]' "status --json does not see it"
run "$TOOL" logout --all
is "$rc" 0 "logout --all, while nobody is signed in"
gives "does not touch it" me:one protocol=https host=a.example
GIT_TERMINAL_PROMPT=0 tell get protocol=http host="$host"
is "$rc:$out" 0: "an address of ours: not signed in"
like "$err" "not signed in" "and we say so"

keep a.example org_acme one
sign_in || exit 1
is "$(stored .selected.org_id)" org_acme "signed in"
keep b.example org_acme two
is "$(stored .selected.issuer)" "$PARALLEL_PLATFORM_URL" "and still selected"
token=$("$TOOL" token)
tell get protocol=http host="$host"
like "$out" "^password=$token$" "an address of ours: the token"
tell get protocol=http host="$host" username=me
is "$rc:$out" 0: "for no other user"
tell erase protocol=http host="$host" username=parallel-token password=wrong
is "$("$TOOL" token)" "$token" "erase of an address of ours, by its own rules"
run "$TOOL" --org org_acme --provider any-host token
is "$rc" 2 "any-host is no provider to ask for"
run "$TOOL" --org me token
is "$rc" 3 "nor are its users organizations"
run "$TOOL" status
unlike "$out$err" 'a\.example|any-host' "status does not name it"
jq '(.records[] | select(.provider == "parallel") |
    .access_token_expires_at) = 1000' "$STORE" >"$STORE.edit"
chmod 600 "$STORE.edit" && mv "$STORE.edit" "$STORE"
before=$(refreshes)
run "$TOOL" refresh
is "$rc:$(($(refreshes) - before))" 0:1 "only our token is renewed"
gives "after a renewal" org_acme:two protocol=https host=b.example
run "$TOOL" session-open "$(id -u)" "$(id -g)"
unlike "$out" 'example|two' "a session hears nothing of it"
run "$TOOL" move-store file
is "$rc" 0 "move-store"
gives "after that" org_acme:two protocol=https host=b.example
run "$TOOL" logout --all
is "$rc" 0 "logout --all"
run "$TOOL" token
is "$rc" 3 "signed out"
gives "and it is still there" org_acme:two protocol=https host=b.example

# A record of another service that has lost its shape is no credential of ours.
jq '.records[0].issuer = "https://bad.example"' "$STORE" >"$STORE.edit"
chmod 600 "$STORE.edit" && mv "$STORE.edit" "$STORE"
tell get protocol=https host=b.example
is "$rc:$out" 4: "a record that cannot be understood: exit 4"
like "$err" "store.json is damaged" "and it says so"

# ---- many -------------------------------------------------------------------

new_person
keep first.example me one
jq -c --argjson n 2000 '.records = [range($n) as $i | .records[0] |
    .issuer = "any-host:https://host\($i).example" |
    .access_token = "secret\($i)"]' "$STORE" >"$STORE.edit"
chmod 600 "$STORE.edit" && mv "$STORE.edit" "$STORE"
gives "the first of 2,000" me:secret0 protocol=https host=host0.example
gives "the last of 2,000" me:secret1999 protocol=https host=host1999.example
[ "$(stat -c %s "$SESSION")" -lt 70000 ]
is $? 0 "the cache stays small"
gives "one that is not there" "" protocol=https host=host2000.example
keep first.example me one
gives "one more" me:one protocol=https host=first.example
jq -c '.records += [range(9000) as $i | .records[0] |
    .issuer = "any-host:https://more\($i).example"]' "$STORE" >"$STORE.edit"
[ "$(stat -c %s "$STORE.edit")" -gt 1048576 ]
is $? 0 "(what would be too much to be read)"
rm "$STORE.edit"
for i in {1..30}; do
    tell store protocol=https host=big"$i".example username=me \
        password="$long"
    [ "$rc" -eq 0 ] || break
done
is "$rc:$out" 4: "when it is full, that is said"
like "$err" "no room for more credentials of other services" "and why"
gives "what is there stays" me:one protocol=https host=first.example
[ "$(stat -c %s "$STORE")" -lt 900000 ]
is $? 0 "and leaves Parallel's own their room"

# ---- at once ----------------------------------------------------------------

new_person
writers=()
for i in {1..20}; do
    printf 'protocol=https\nhost=h%s.example\nusername=u\npassword=p%s\n\n' \
        "$i" "$i" | "$TOOL" --any-host store &
    writers+=($!)
done
wait "${writers[@]}"
is "$(others length)" 20 "20 stores at once: all are kept"

# ---- git itself -------------------------------------------------------------

new_person
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
git config --global credential.helper 'parallel --any-host'
printf 'protocol=https\nhost=g.example\nusername=me\npassword=one\n\n' |
    git credential approve
run git credential fill < <(printf 'protocol=https\nhost=g.example\n\n')
is "$rc:$(grep -c '^password=one$' <<<"$out")" 0:1 "git credential fill"
printf 'protocol=https\nhost=g.example\nusername=me\npassword=one\n\n' |
    git credential reject
run git credential fill < <(printf 'protocol=https\nhost=g.example\n\n')
is "$rc" 128 "git credential reject"
unset GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT

# git's own tests of helpers, where its source has been built.
battery=${GIT_TEST_DIR:-/usr/src/git/t}
if [ -e "$battery/t0303-credential-external.sh" ] &&
    [ -x "$battery/helper/test-tool" ]; then
    mkdir -p "$WORK/battery"
    printf '#!/bin/sh\nexec "%s" --any-host "$@"\n' "$TOOL" \
        >"$WORK/battery/git-credential-anyhost"
    chmod +x "$WORK/battery/git-credential-anyhost"
    run env PATH="$WORK/battery:$PATH" GIT_TEST_CREDENTIAL_HELPER=anyhost \
        bash -c "cd '$battery' && bash ./t0303-credential-external.sh \
            --root='$WORK/battery'"
    is "$rc:$(grep '^not ok' <<<"$out")" 0: \
        "git's own tests: $(grep -c '^ok' <<<"$out") pass"
else
    skip "git's own tests" \
        "GIT_TEST_DIR names no folder t of a git that was built"
fi
finish
