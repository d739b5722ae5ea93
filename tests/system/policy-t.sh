#!/bin/bash
# The administrator's policy: who is connected, which organizations may
# approve, and that what is locked holds whatever a person's file, environment
# and command line say. A change holds from the next get on, warm cache or not.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"

HERE=$(cd "$(dirname "$0")" && pwd)
if [ -z "${POLICY_INSIDE-}" ]; then
    [ "$(id -u)" -eq 0 ] || skip_all "needs root: users and groups of its own"
    chmod 711 "$WORK"
    TMPDIR=$WORK POLICY_INSIDE=1 unshare --mount --propagation private \
        "$HERE/${0##*/}"
    exit
fi

# ---- a machine of our own ------------------------------------------------------

# In this mount namespace alone: /etc/passwd and /etc/group with people of ours,
# and the system's configuration in the installed tree.
cp /etc/passwd /etc/group "$WORK"
echo "alice:x:61001:61001:Alice:$WORK/person1/home:/bin/sh" >>"$WORK/passwd"
printf '%s\n' alice:x:61001: staff0:x:61010: guests0:x:61011:alice \
    >>"$WORK/group"
# No name is asked of anybody outside.
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files' >"$WORK/nsswitch.conf"
for each in passwd group nsswitch.conf; do
    mount --bind "$WORK/$each" "/etc/$each" || skip_all "no mounts here"
done
ETC=$PREFIX/etc
mkdir -p "$ETC" "$WORK/etc"
mount --bind "$WORK/etc" "$ETC"
SYSTEM=$ETC/parallel-credential.conf
chmod 711 "$WORK"
start_sandbox --seed-org org_other:Other
control config '{"interval":1}' >/dev/null
new_person
chmod 711 "$WORK/person1"
chown -R 61001:61001 "$HOME" "$XDG_RUNTIME_DIR"
alice=(setpriv --reuid=61001 --regid=61001 --clear-groups)
as() {
    run timeout -k 1 60 "${alice[@]}" "$@" </dev/null
}
# system LINE...: the system's file; its time is another one each time
system() {
    printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" \
        "api_url = $HTTP_API_URL" "$@" >"$SYSTEM.new"
    mv "$SYSTEM.new" "$SYSTEM"
}
# mine LINE...: the person's
mine() {
    configure "$@"
    chown -R 61001:61001 "$HOME/.config"
}
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
# ask [WORD...]: what git would be told, for the platform's address
ask() {
    PARALLEL_PLATFORM_URL=$HTTP_PLATFORM_URL request >"$WORK/request"
    run timeout -k 1 60 "${alice[@]}" "$TOOL" get "$@" <"$WORK/request"
}
# login [OPTION...]: approved for $org
org=org_acme
login() {
    local waiting code
    : >"$WORK/run.out"
    timeout -k 1 60 "${alice[@]}" "$TOOL" login --json --no-browser "$@" \
        >"$WORK/run.out" 2>"$WORK/run.err" </dev/null &
    waiting=$!
    wait_until 20 grep -q user_code "$WORK/run.out"
    code=$(head -n 1 "$WORK/run.out" | jq -r .user_code)
    control approve "{\"user_code\":\"$code\",\"org_id\":\"$org\"}" \
        >"$WORK/approve.out" 2>&1
    wait "$waiting"
    rc=$?
    out=$(cat "$WORK/run.out")
}
last() {
    tail -n 1 <<<"$out" | jq -r "$1"
}
policy_of() {
    as "$TOOL" status --json
    jq -r '.policy.error // "none"' <<<"$out"
}
# ours: how many credentials of Parallel's are stored
ours() {
    jq '[.records[] | select(.provider == "parallel")] | length' "$STORE"
}
# warm: the front answers by itself, from then on; is_warm: it does now, alice or
# COMMAND...
warm() {
    as "$TOOL" token
    is_warm "${alice[@]}"
}
is_warm() {
    run unshare --mount sh -c 'mount --bind /bin/false "$1" && shift &&
        exec "$@"' sh "$BROKER" "$@" "$TOOL" token
    [ "$rc" -eq 0 ]
}
# edit FILE SCRIPT: by sed, in its place, for something is mounted there
edit() {
    sed "$2" "$1" >"$WORK/edited" && cat "$WORK/edited" >"$1"
}

# ---- the person ------------------------------------------------------------------

system
login
is "$rc" 0 "sign in"
check "a warm cache" warm

# denied NAME PATTERN: from the next call on alice gets nothing, and is told why
denied() {
    local each
    ask
    is "$rc:$out" 0: "$1: get has no answer, and is no failure"
    like "$err" "^parallel-credential: .*does not connect you: $2" \
        "$1: it says why"
    for each in token header "token --api-key" "header --api-key" refresh env \
        "exec true"; do
        # shellcheck disable=SC2086
        as "$TOOL" $each
        is "$rc:$out" 3: "$1: $each: exit 3"
    done
    as "$TOOL" lease
    is "$rc:$out" 3:own_key_void=1 "$1: nothing is lent"
    like "$err" "does not connect you: $2" "$1: and says why"
    PARALLEL_API_KEY=mine as "$TOOL" token --api-key
    is "$rc:$out" 3: "$1: not a key of the environment either"
    PARALLEL_API_KEY=mine as "$TOOL" exec printenv PARALLEL_API_KEY
    is "$rc:$out" 3: "$1: nor with exec"
    as "$TOOL" env --session --sh
    is "$rc:$out:$err" 0:: "$1: a starting session hears nothing"
    as "$TOOL" status --news
    is "$rc:$out:$err" 0:: "$1: nor does a shell"
    as "$TOOL" login --json --no-browser
    is "$rc:$(last .error)" 3:denied_by_policy "$1: login is refused"
    like "$(last .message)" "does not connect you: $2" "$1: login says why"
    as "$TOOL" status --json
    is "$rc:$(last .authenticated):$(last .policy.error)" \
        3:false:denied_by_policy "$1: status tells"
    as "$TOOL" status
    like "$out" "^Nothing is handed out: .*$2" "$1: to a person, too"
}
# connected NAME
connected() {
    ask
    is "$rc" 0 "$1: exit 0"
    like "$out" "^password=" "$1: there is an answer"
}

system '[policy]' 'deny_users = bob, alice'
denied "deny_users" "deny_users names alice .$SYSTEM:5.\$"
run "${alice[@]}" git-credential-parallel get <"$WORK/request"
is "$rc:$out:$err" 0:: "as git's helper it is silent"
PARALLEL_PLATFORM_URL=$HTTP_PLATFORM_URL as "$TOOL" token
is "$rc" 3 "whatever a variable says"
mine 'timeout = 20s'
as "$TOOL" token
is "$rc" 3 "whatever the person's file says"
rm "$CONF"
# Where the configuration or the store cannot be read, nobody lends a key of the
# environment either.
mine 'nonsense'
PARALLEL_API_KEY=mine as "$TOOL" exec printenv PARALLEL_API_KEY
is "$rc:$out" 2: "a mistake in the person's file: no key with exec"
rm "$CONF"
PARALLEL_API_KEY=mine as "$TOOL" exec --provider none printenv PARALLEL_API_KEY
is "$rc:$out" 2: "nor with a provider that there is not"
chmod 755 "$STATE"
PARALLEL_API_KEY=mine as "$TOOL" exec printenv PARALLEL_API_KEY
is "$rc:$out" 3: "a folder that is open to others: nor then"
chmod 700 "$STATE"
# Where everybody is nobody, nobody knows who is denied.
if "${alice[@]}" unshare --user --map-user=65534 true 2>/dev/null; then
    for each in "" --map-user=65534; do
        # Nobody may look for leaks there.
        as env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" \
            unshare --user ${each:+"$each"} "$TOOL" token
        is "$rc:$out" 2: "in a user namespace without a name: nothing $each"
    done
    as "$TOOL" token
    is "$rc:$out" 3: "and nothing of it afterwards"
else
    skip "in a user namespace without a name" "no such namespaces here"
fi
# In a container that number is somebody's, whose file is.
mkdir -p "$WORK/nobody/.config"
echo 'store = file' >"$WORK/nobody/.config/parallel-credential.conf"
chown -R 65534:65534 "$WORK/nobody"
chmod 600 "$WORK/nobody/.config/parallel-credential.conf"
mkfifo "$WORK/mapped"
# shellcheck disable=SC2016
in_background unshare --user sh -c 'read -r _ <"$0" && exec setpriv \
    --reuid=65534 --regid=65534 --clear-groups "$@"' "$WORK/mapped" \
    env -i HOME="$WORK/nobody" "$TOOL" config \
    >"$WORK/container" 2>"$WORK/container.err"
own_namespace() {
    [ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/$$/ns/user)" ]
}
if wait_until 10 own_namespace && echo 0 0 65536 >"/proc/$pid/uid_map" &&
    echo 0 0 65536 >"/proc/$pid/gid_map"; then
    echo >"$WORK/mapped"
    wait "$pid"
    is "$?:$(cat "$WORK/container.err")" 0: "nobody in a container: a file of one's own"
    like "$(cat "$WORK/container")" "store = file .*$WORK/nobody/.config" \
        "nobody in a container: it counts"
else
    skip "nobody in a container" "no such namespaces here"
fi
system '[policy]' 'deny_users = 61001'
denied "deny_users, by number" "deny_users names 61001 .$SYSTEM:5.\$"
system '[policy]' 'deny_users = alicia nobody'
connected "deny_users names others"

# A login's session
session() {
    run timeout -k 1 60 env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" \
        "$TOOL" session-open 61001 61001
}
session
like "$out" "event=environment" "a session has the key"
system '[policy]' 'deny_users = alice'
polls=$(state .requests.code)
session
is "$rc:$out:$err" 0:event=done: "a denied person's session: nothing but its end"
is "$(state .requests.code)" "$polls" \
    "and the service was not asked"

# Groups
system '[policy]' 'deny_groups = staff0 guests0'
denied "deny_groups" "you are in the group guests0 of deny_groups"
system '[policy]' 'deny_groups = staff0'
connected "deny_groups, of another group"
check "a warm cache" warm
edit /etc/group 's/^staff0:.*/staff0:x:61010:alice/'
denied "into a group, warm cache" "you are in the group staff0 of deny_groups"
edit /etc/group 's/^staff0:.*/staff0:x:61010:/'
connected "out of it again"
check "a warm cache" warm
for each in token refresh; do
    run "${alice[@]/--clear-groups/--groups=61010}" "$TOOL" "$each"
    is "$rc:$out" 3: "who has the group in this very process is in it: $each"
done
run "${alice[@]/--clear-groups/--groups=61011}" "$TOOL" token
is "$rc" 0 "who has another one is not"
check "and makes a cache that is good for both" \
    is_warm "${alice[@]/--clear-groups/--groups=61011}"
check "for both" is_warm "${alice[@]}"
system '[policy]' 'deny_groups = 61011'
denied "deny_groups, by number" "you are in the group 61011 of"
system '[policy]' 'deny_groups = no-such-group'
denied "deny_groups that cannot be found" \
    "deny_groups names the group no-such-group, which cannot be found"
system '[policy]' 'deny_groups = 61012'
denied "deny_groups, by a number that cannot be found" \
    "deny_groups names the group 61012, which cannot be found"
system '[policy]' 'allow_groups = no-such-group, guests0'
connected "allow_groups"
check "a warm cache" warm
system '[policy]' 'allow_groups = no-such-group staff0'
denied "allow_groups, none of them" \
    "you are in no group of allow_groups .$SYSTEM:5.\$"
system '[policy]' 'allow_groups = alice'
connected "allow_groups, one's own"
system '[policy]' 'allow_groups = guests0' 'deny_users = alice'
denied "denied, though in a group" "deny_users names alice .$SYSTEM:6."

# What the databases do not tell counts against the person.
system '[policy]' 'allow_groups = guests0'
edit /etc/passwd '/^alice:/d'
as "$TOOL" token
is "$rc:$out" 3: "no user name: not connected"
like "$err" "your user name cannot be found .$SYSTEM:5.\$" "it says so"
echo "alice:x:61001:61001:Alice:$HOME:/bin/sh" >>/etc/passwd
connected "known again"

# Not for ever: after ten minutes the broker asks again, for groups that lie
# elsewhere.
check "a warm cache" warm
is "$(sed -n 's/^check_by=.*/yes/p' "$SESSION")" yes "the cache ends by itself"
sed -i "s/^check_by_boot=.*/check_by_boot=1/" "$SESSION"
cp "$SESSION" "$WORK/session.old"
as "$TOOL" token
is "$rc" 0 "past that time there is an answer"
isnt "$(cat "$SESSION")" "$(cat "$WORK/session.old")" "from a new cache"
check "which is warm" warm
as "$TOOL" token --api-key
sed -i "s/^check_by_boot=.*/check_by_boot=1/" "$SESSION"
as "$TOOL" token --api-key
is "$(grep -c '^check_by_boot=1$' "$SESSION")" 0 "so it is for an API key"
system
check "a warm cache, without policy" warm
is "$(grep -c ^check_by "$SESSION")" 0 "ends only where groups are asked"

# A database that hangs
if [ -e /usr/bin/gcc ] || command -v gcc >/dev/null; then
    cat >"$WORK/hang.c" <<'END'
#include <unistd.h>
int getgrouplist(const char *u, unsigned g, unsigned *l, int *n);
int getgrouplist(const char *u, unsigned g, unsigned *l, int *n)
{
    (void)u, (void)g, (void)l, (void)n;
    for (;;)
        pause();
}
END
    gcc -shared -fPIC -o "$WORK/hang.so" "$WORK/hang.c"
    chmod 755 "$WORK/hang.so"
    system 'connect_timeout = 200ms' '[policy]' 'allow_groups = guests0'
    as env LD_PRELOAD="$WORK/hang.so" "$BROKER" token
    is "$rc" 3 "a database that hangs holds up nobody for long"
    like "$err" "databases .* did not answer" "and it says so"
else
    skip "a database that hangs" "no compiler"
fi

# Each file, a new one, one that has gone
system
check "a warm cache" warm
mkdir "$SYSTEM.d"
printf '[policy]\ndeny_users = alice\n' >"$SYSTEM.d/50.conf"
denied "a new drop-in" "deny_users names alice .$SYSTEM.d/50.conf:2.\$"
mv "$SYSTEM.d/50.conf" "$SYSTEM.d/50.away"
connected "a drop-in that has gone"
check "a warm cache" warm
printf '[policy]\nallow_groups = guests0\n' >"$SYSTEM.d/50.conf"
printf '[policy]\nallow_groups = staff0\n' >"$SYSTEM.d/60.conf"
connected "what several files name counts together"
rm -r "$SYSTEM.d"
mkdir "$SYSTEM.d"
ln -s "$WORK/elsewhere" "$SYSTEM.d/70.conf"
echo '# nothing' >"$WORK/elsewhere"
connected "a drop-in that is a link"
check "a warm cache" warm
printf '[policy]\ndeny_users = alice\n' >"$WORK/elsewhere"
denied "what it points to has changed" "deny_users names alice"
rm -r "$SYSTEM.d"

# Denied, and signed out for good
system '[policy]' 'deny_users = alice'
as "$TOOL" configure-git --unset
is "$rc" 0 "what was set up can be taken back"
before=$(state .requests.revoke)
expire_token
chown 61001:61001 "$STORE"
as "$TOOL" logout
is "$rc:$err" "0:parallel-credential: signed out" \
    "logout is open to who is denied, also if it has to renew for that"
is "$(state .requests.revoke)" $((before + 1)) "it revokes"
is "$(ours)" 0 "and removes"
ask
is "$rc:$out" 0: "with nothing stored: no answer"
script -qec "setpriv --reuid=61001 --regid=61001 --clear-groups \
    timeout 20 $TOOL get <$WORK/request" /dev/null >"$WORK/terminal" </dev/null
unlike "$(cat "$WORK/terminal")" "approve" "and no question on a terminal"
like "$(cat "$WORK/terminal")" "does not connect you" "but the reason"
# Other services are another matter.
printf 'protocol=https\nhost=git.example\nusername=u\npassword=p\n\n' \
    >"$WORK/other"
run "${alice[@]}" "$TOOL" store --any-host <"$WORK/other"
printf 'protocol=https\nhost=git.example\n\n' >"$WORK/other"
run "${alice[@]}" "$TOOL" get --any-host <"$WORK/other"
is "$rc" 0 "any host's password:"
like "$out" "^password=p\$" "is kept and answered"

# The last logout of who is denied, or of an organization that is not allowed:
# what is kept back ends all the same.
for each in 'deny_users = alice' 'allowed_organizations = org_more'; do
    system
    login
    as "$TOOL" token --api-key
    system 'logout = revoke' '[policy]' "$each"
    expire_token
    chown 61001:61001 "$STORE"
    as "$TOOL" session-end
    is "$rc:$out:$err" 0:: "$each: the last session ends"
    is "$(ours)" 0 "$each: the sign-in with it"
    is "$(state '[(.families, .api_keys) | map(select(.alive)) | length] |
        join(" ")')" "0 0" "$each: its token is revoked, its key deleted"
done

# ---- organizations ---------------------------------------------------------------

system
org=org_other
login
is "$rc" 0 "sign in for an organization"
other=$("${alice[@]}" "$TOOL" token)
check "a warm cache" warm
system '[policy]' 'allowed_organizations = org_acme, org_more'
ask
is "$rc:$out" 0: "another organization's: get has no answer"
like "$err" "does not allow the organization Other .org_other. .$SYSTEM:5: " \
    "it says why"
for each in token header "token --api-key" refresh env "exec true"; do
    # shellcheck disable=SC2086
    as "$TOOL" $each
    is "$rc:$out" 3: "another organization's: $each: exit 3"
    like "$err" "organization Other" "$each says why"
done
is "$(policy_of)" organization_not_allowed "status tells"
as "$TOOL" status
like "$out" "Nothing is handed out: .*Other" "to a person, too"
is "$(ours)" 1 "nothing is deleted silently"
PARALLEL_API_KEY=mine as "$TOOL" token --api-key
is "$rc:$out" 3: "a key of the environment does not tell its organization"

# A login: what is approved for another one is given back.
before=$(state .requests.revoke)
records=$(cat "$STORE")
login
is "$rc:$(last .error)" 3:organization_not_allowed "login: refused"
like "$(last .message)" "Other .org_other.*nothing was kept, and the approval was given back" \
    "login says why"
is "$(state .requests.revoke)" $((before + 1)) "the service was told"
is "$(jq .records "$STORE")" "$(jq .records <<<"$records")" "nothing was kept"
control trouble '{"endpoint":"revoke","kind":"status","times":1}' >/dev/null
login
like "$rc:$(last .message)" "^3:.*could not be given back: end it on" \
    "the service could not be told: it says so"
control config '{"omit":["token:org_id"]}' >/dev/null
login
is "$rc:$(last .error)" 3:organization_not_allowed "an answer that names none"
like "$(last .message)" "an organization that is not named" "is said to"
control config '{"omit":[]}' >/dev/null
org=org_acme
login
is "$rc:$(last .org_id)" 0:org_acme "an allowed one"
acme=$("${alice[@]}" "$TOOL" token)
isnt "$acme" "$other" "is handed out"
check "from a warm cache" warm
is "$(grep -c "^access_token=$other" "$SESSION")" 0 \
    "the other's token is not in the cache"
as "$TOOL" --org org_other token
is "$rc:$out" 3: "--org of the other: refused"
as "$TOOL" use org_other
is "$rc" 3 "use of the other: refused"
system
as "$TOOL" use org_other
is "$rc" 0 "without policy it can be selected"
is "$("${alice[@]}" "$TOOL" token)" "$other" "and is handed out"
system '[policy]' 'allowed_organizations = org_acme'
is "$("${alice[@]}" "$TOOL" token)" "$acme" "with policy the allowed one is"
check "from a warm cache" warm
is "$("${alice[@]}" "$TOOL" token)" "$acme" "which says the same"
as "$TOOL" status
like "$out" "^Also: Other .*not handed out .policy." "status lists the other"
as "$TOOL" token --api-key
key=$out
is "$rc" 0 "an API key that was made here"
PARALLEL_API_KEY=mine as "$TOOL" token --api-key
is "$rc:$out" "0:$key" "counts before one of the environment, warm"
PARALLEL_API_KEY=mine as "$TOOL" exec printenv PARALLEL_API_KEY
is "$rc:$out" "0:$key" "exec, too"

# Keys that do not tell their organization
printf 'protocol=http\nhost=%s\nusername=x\npassword=pasted\n\n' \
    "${HTTP_API_URL#*://}" >"$WORK/paste"
run "${alice[@]}" "$TOOL" store <"$WORK/paste"
is "$rc" 3 "a pasted key is refused"
like "$err" "was not kept: it does not tell its organization" "and says why"
is "$(grep -c pasted "$STORE")" 0 "and is not kept"
as "$TOOL" logout --all
system
run "${alice[@]}" "$TOOL" store <"$WORK/paste"
is "$(grep -c pasted "$STORE")" 1 "without policy it is kept"
system '[policy]' 'allowed_organizations = org_acme'
as "$TOOL" token --api-key
is "$rc:$out" 3: "and with policy not handed out"
login
is "$rc" 0 "a login"
as "$TOOL" token --api-key
isnt "$out" pasted "does not make it the organization's"
as "$TOOL" logout --all

# With nobody signed in the front has no credential that says so.
printf 'protocol=http\nhost=%s\n\n' "${HTTP_API_URL#*://}" >"$WORK/request"
for temper in cold warm; do
    as "$TOOL" status
    for each in "token --api-key" "header --api-key" "env --sh" \
        "exec printenv PARALLEL_API_KEY"; do
        # shellcheck disable=SC2086
        PARALLEL_API_KEY=mine-alone as "$TOOL" $each
        unlike "$out" mine-alone "$temper: $each: not a key of the environment"
    done
    PARALLEL_API_KEY=mine-alone run timeout -k 1 60 "${alice[@]}" "$TOOL" get \
        <"$WORK/request"
    unlike "$out" mine-alone "$temper: get: not a key of the environment"
done

# The way that brings an API key alone
system 'api_key = provider' '[policy]' 'allowed_organizations = org_acme'
login
is "$rc:$(last .error)" 3:organization_not_allowed \
    "an API key of an organization that is not named"
like "$(last .message)" "the API key cannot be deleted from here" \
    "it says what remains"
control config '{"override":{"keys-token:org_id":"org_acme"}}' >/dev/null
login
is "$rc" 0 "of an allowed one"
as "$TOOL" logout --all
control config '{"override":{}}' >/dev/null

# Parallel under another name: by its endpoints, or for its addresses.
other_name() { # other_name HOST: a section of the person's
    acme_section "" "hosts = $1"
    mine "${acme_section[@]}"
}
other_name files.acme.example
system
org=org_other
login --provider acme
is "$rc" 0 "a section that has Parallel's endpoints"
as "$TOOL" token --provider acme
is "$rc" 0 "has a token"
system '[policy]' 'allowed_organizations = org_acme'
as "$TOOL" token --provider acme
is "$rc:$out" 3: "with policy it is not handed out"
like "$err" "organization Other" "and it says why"
before=$(state .requests.revoke)
login --provider acme
is "$rc:$(last .error)" 3:organization_not_allowed "login --provider: refused"
is "$(state .requests.revoke)" $((before + 1)) "and given back"
org=org_acme
login --provider acme
is "$rc" 0 "an allowed organization may"
as "$TOOL" --provider acme logout
# The person's environment has Parallel elsewhere; the administrator does not.
other_name files.acme.example
system "ca_file = $CA_FILE"
org=org_other
login --provider acme
is "$rc" 0 "a section that has Parallel's endpoints, once more"
system "ca_file = $CA_FILE" '[policy]' 'allowed_organizations = org_acme'
PARALLEL_PLATFORM_URL=$HTTPS_PLATFORM_URL as "$TOOL" token --provider acme
is "$rc:$out" 3: "whatever PARALLEL_PLATFORM_URL says"
PARALLEL_PLATFORM_URL=$HTTPS_PLATFORM_URL login --provider acme
is "$rc:$(last .error)" 3:organization_not_allowed "nor does a login get it"
as "$TOOL" --provider acme logout
# At other addresses, but for Parallel's hosts; and then not for them.
org=org_other
system "ca_file = $CA_FILE" '[policy]' 'allowed_organizations = org_acme'
for each in "$HTTP_API_URL" files.acme.example; do
    other_name "$each"
    sed -i "s|$HTTP_PLATFORM_URL|$HTTPS_PLATFORM_URL|" "$CONF"
    login --provider acme
    [ "$each" = "$HTTP_API_URL" ] || break
    is "$rc:$(last .error)" 3:organization_not_allowed \
        "a section for Parallel's hosts"
done
is "$rc" 0 "a section that has nothing of Parallel's"
as "$TOOL" --provider acme logout
as "$TOOL" logout --all
org=org_acme
system '[policy]' 'allowed_organizations = org_acme'
rm "$CONF"

# In the background of a login's session
system '[policy]' 'allowed_organizations = org_acme'
rm -f "$STATE/prompt" "$STATE/pending"
in_background env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" \
    "$TOOL" session-open 61001 61001 --wait=60 >"$WORK/session.out" 2>&1
session_pid=$pid
wait_until 20 grep -qs user_code "$WORK/session.out"
before=$(state .requests.revoke)
control approve '{"user_code":"any","org_id":"org_other","wait_ms":9000}' \
    >/dev/null
wait "$session_pid"
like "$(cat "$WORK/session.out")" "text..=.*does not allow the organization Other" \
    "the session that waits is told"
is "$(state .requests.revoke)" $((before + 1)) "the service was told"
is "$(ours)" 0 "nothing was kept"
rm -f "$STATE/prompt" "$STATE/pending"
mkfifo "$WORK/pipe"
env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$TOOL" \
    session-open 61001 61001 >"$WORK/pipe" 2>/dev/null &
exec 7<"$WORK/pipe"
while read -r line <&7 && [ "$line" != event=done ]; do :; done
control approve '{"user_code":"any","org_id":"org_other","wait_ms":9000}' \
    >/dev/null
wait_until 20 grep -qs ^notice= "$STATE/prompt"
as "$TOOL" status --news
like "$out" "^Not connected to Parallel: .*organization Other" \
    "the next shell tells"
as "$TOOL" status --news
is "$out" "" "once"
exec 7<&-
# What is of no use, or cannot be kept, is told in the same way, though it is no
# matter of policy.
system
mine 'lock_timeout = 100ms'
useless() { # useless NAME PATTERN: approved, and nothing comes of it
    check "$1: it is noted" wait_until 20 grep -qs ^notice= "$STATE/prompt"
    as "$TOOL" status --news
    like "$out" "^Not connected to Parallel: .*$2" "$1: the next shell tells"
    is "$(ours)" 0 "$1: nothing was kept"
    exec 7<&-
}
for each in answer store; do
    rm -f "$STATE/prompt" "$STATE/pending"
    env -i HOME="$HOME" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$TOOL" \
        session-open 61001 61001 >"$WORK/pipe" 2>/dev/null &
    exec 7<"$WORK/pipe"
    while read -r line <&7 && [ "$line" != event=done ]; do :; done
    wait $! # only who polls is left
    if [ "$each" = answer ]; then
        control config '{"override":{"token:org_id":"org acme"}}' >/dev/null
    else
        in_background python3 "$HERE/hold-lock.py" "$STATE/lock" >"$WORK/held"
        wait_until 20 grep -q held "$WORK/held"
    fi
    control approve '{"user_code":"any","wait_ms":9000}' >/dev/null
    if [ "$each" = answer ]; then
        useless "an answer of no use" "was of no use .*.org_id.*sign in again"
        control config '{"override":{}}' >/dev/null
    else
        useless "a store that is held" "has held the lock $STATE/lock"
        kill "$pid"
    fi
done
rm "$CONF"

# ---- what is locked ----------------------------------------------------------------

# The message names the line that locks.
system '[policy]' 'locked_keys = scopes provider.acme' 'deny_users = bob'
mine 'scopes = keys:read'
as "$TOOL" token
like "$rc:$err" "^2:.*$CONF:1: scopes is locked by .*policy .$SYSTEM:5.\$" \
    "a locked key: both lines are named"
mine '[provider acme]' 'issuer = https://a.example'
as "$TOOL" token
like "$err" "provider acme. is locked by .*policy .$SYSTEM:5.\$" \
    "a locked section, too"
rm "$CONF"
as "$TOOL" config
like "$out" "^scopes = .*locked by $SYSTEM:5\$" "config shows it"
like "$out" "^deny_users = bob  ; $SYSTEM:6\$" "and the lists"
as "$TOOL" config --json
is "$(jq -r 'select(.key == "policy.deny_users") | .value' <<<"$out")" bob \
    "in JSON, too"

# scopes
system 'scopes = keys:read apps:read' '[policy]' 'locked_keys = scopes'
as "$TOOL" login --json --no-browser --scope "keys:read keys:create"
is "$rc:$(last .error)" 3:locked_by_policy "--scope beyond what is locked"
like "$(last .message)" "the scope keys:create .$SYSTEM:6.\$" "names the line"
for each in "" " "; do
    as "$TOOL" login --json --no-browser --scope "$each"
    is "$rc:$(last .error)" 3:locked_by_policy "--scope '$each': the service's choice"
    like "$(last .message)" "where none is named .* .$SYSTEM:6." "names the line"
done
login --scope keys:read
is "$rc" 0 "--scope within it"
is "$("${alice[@]}" "$TOOL" status --json | jq -rc .scopes)" '["keys:read"]' \
    "is what was asked for"

# Not by another name for Parallel either, unless it is the administrator's.
system 'scopes = keys:read' '[policy]' 'locked_keys = scopes'
other_name files.acme.example
as "$TOOL" login --json --no-browser --provider acme
is "$rc:$(last .error)" 3:locked_by_policy "a section that has Parallel's endpoints"
like "$(last .message)" "provider acme. .* locks scopes .$SYSTEM:6." \
    "names the line"
system 'scopes = keys:read' '[policy]' 'locked_keys = api_url'
login --provider acme
is "$rc" 0 "where nothing about a sign-in is locked it may be"
as "$TOOL" --provider acme logout
rm "$CONF"
acme_section "" "hosts = files.acme.example"
system 'scopes = keys:read' "${acme_section[@]}" '[policy]' \
    'locked_keys = scopes'
login --provider acme
is "$rc" 0 "and the administrator's may"
as "$TOOL" --provider acme logout

# ca_file: the other one would add to it
for each in ca_file ca_directory; do
    system '[policy]' "locked_keys = $each"
    mine "ca_file = $CA_FILE"
    as "$TOOL" token
    like "$rc:$err" "^2:.*$CONF:1: ca_file is locked by .*$SYSTEM:5" \
        "$each is locked: no ca_file"
    mine "ca_directory = $WORK"
    as "$TOOL" token
    like "$rc:$err" "^2:.*$CONF:1: ca_directory is locked by .*$SYSTEM:5" \
        "$each is locked: no ca_directory"
    rm "$CONF"
done

# api_key
system 'api_key = none' '[policy]' 'locked_keys = api_key'
as "$TOOL" login --json --web --no-browser
is "$rc:$(last .error)" 3:locked_by_policy "--web with api_key locked"

# store
system 'store = file' '[policy]' 'locked_keys = store'
as "$TOOL" move-store secret-service
is "$rc" 2 "move-store away from what is locked"
system '[policy]' 'locked_keys = store'
as "$TOOL" move-store file
is "$rc" 3 "move-store with auto locked"
like "$err" "locks store to auto .$SYSTEM:5." "names the line"

# export_environment
system
login
as "$TOOL" token --api-key
key=$out
as "$TOOL" env --session --sh
like "$out" "$key" "a session has the key"
check "a warm cache" warm
system 'export_environment = no' '[policy]' 'locked_keys = export_environment'
as "$TOOL" env --session --sh
is "$rc:$out" 0: "export_environment = no: no more"
session
unlike "$out" event=environment "nor by way of PAM"
mine 'export_environment = yes'
as "$TOOL" env --session --sh
is "$rc:$out" 2: "and a person cannot change that"
rm "$CONF"

# platform_url, and what was stored before
system
as "$TOOL" token
pinned=$out
cat >"$SYSTEM" <<END
ca_file = $CA_FILE
END
mine "platform_url = $HTTPS_PLATFORM_URL" \
    "service_api_url = $HTTPS_SERVICE_API_URL" "api_url = $HTTPS_API_URL"
login
is "$rc" 0 "sign in to another service"
foreign=$("${alice[@]}" "$TOOL" token)
rm "$CONF"
system "ca_file = $CA_FILE" '[policy]' 'locked_keys = platform_url'
is "$("${alice[@]}" "$TOOL" token)" "$pinned" "pinned: its own token"
rm -f "$SESSION"
for each in cold warm; do
    printf 'protocol=https\nhost=%s\n\n' "${HTTPS_PLATFORM_URL#*://}" \
        >"$WORK/request"
    run "${alice[@]}" "$TOOL" get <"$WORK/request"
    is "$rc:$out" 0: "the other's address has no answer, $each"
done
as "$TOOL" --issuer "$HTTPS_PLATFORM_URL" token
is "$rc:$out" 3: "--issuer does not get at it"
like "$err" "locks platform_url to $HTTP_PLATFORM_URL .$SYSTEM:6." \
    "and names the line"
PARALLEL_PLATFORM_URL=$HTTPS_PLATFORM_URL as "$TOOL" token
is "$out" "$pinned" "nor does the variable"
is "$(grep -c "$foreign" "$SESSION")" 0 "it is not in the cache"
as "$TOOL" use org_acme
as "$TOOL" token
is "$out" "$pinned" "nor does use"
as "$TOOL" --issuer "$HTTPS_PLATFORM_URL" logout
is "$rc" 0 "it can be ended"
is "$(ours)" 1 "and is gone"
# The addresses that a credential was stored with
sed -i "s|^api_url.*|api_url = $HTTPS_API_URL|" "$SYSTEM"
sed -i 's/^locked_keys.*/locked_keys = platform_url api_url/' "$SYSTEM"
as "$TOOL" token
is "$rc:$out" 3: "stored for another data API than the pinned one"
like "$err" "locks api_url to $HTTPS_API_URL" "it says so"
system
connected "unpinned"

# client_id
system 'client_id = fixed-by-admin' '[policy]' 'locked_keys = client_id'
mine 'client_id = another'
as "$TOOL" login --json --no-browser
is "$rc" 2 "client_id cannot be changed"
rm "$CONF"
as "$TOOL" logout --all

# A provider: --provider with a section of the system's that is locked
section() {
    system '[provider acme]' "issuer = $1" "token_endpoint = $1/token" \
        "device_authorization_endpoint = $1/device" 'client_id = x' \
        'scopes = a' '[policy]' "locked_keys = $2"
}
section "$HTTP_SECOND_URL" 'provider.*'
as "$TOOL" login --json --no-browser --provider acme --scope "a b"
is "$rc:$(last .error)" 3:locked_by_policy "--provider: --scope beyond its section"
system '[policy]' 'locked_keys = provider.*'
as "$TOOL" token --provider acme
is "$rc" 2 "--provider that the administrator has not: unknown"

# proxy
system 'platform_url = https://platform.example' >/dev/null
cat >"$SYSTEM" <<END
platform_url = https://platform.example
[policy]
locked_keys = proxy
END
https_proxy=http://127.0.0.1:9 as "$TOOL" login --json --no-browser
like "$(last .message)" "platform.example: no address is known" \
    "a locked proxy: the environment's is not taken"
cat >"$SYSTEM" <<END
platform_url = https://platform.example
proxy = http://127.0.0.1:9
[policy]
locked_keys = proxy
END
no_proxy='*' as "$TOOL" login --json --no-browser
like "$(last .message)" "the proxy 127.0.0.1:9" "nor are its exceptions"
https_proxy=http://127.0.0.2:9 as "$TOOL" login --json --no-browser
like "$(last .message)" "the proxy 127.0.0.1:9" "nor another one"

# Mistakes
# What other files mean by these would be a name that nobody has here.
for each in '"alice"' "'alice'" '@students' '%students' '+students' 'alice;bob' \
    '*' 'al?ce' '[alice]' "['alice'," 'bob # alice'; do
    system '[policy]' "deny_users = $each"
    as "$TOOL" token
    like "$rc:$err" "^2:.*$SYSTEM:5: deny_users: .* is no name" "deny_users = $each"
done
system '[policy]' 'deny_users = alice-b DOM\alice alice@dom.example o'"'"'alice x$ _x'
as "$TOOL" config
is "$rc" 0 "names as directories have them"
system
mkdir "$SYSTEM.d"
ln -s "$WORK/nowhere" "$SYSTEM.d/80.conf"
as "$TOOL" token
like "$rc:$err" "^2:.*cannot read $SYSTEM.d/80.conf" "a drop-in that is a link to nothing"
rm -r "$SYSTEM.d"
for each in allow_groups deny_groups deny_users allowed_organizations; do
    system '[policy]' "$each = ,"
    as "$TOOL" token
    like "$rc:$err" "^2:.*$SYSTEM:5: $each: has no value" "$each without words"
    system
    mine '[policy]' "$each = alice"
    as "$TOOL" token
    like "$rc:$err" "^2:.*$CONF:2: .policy. is for the system's files only" \
        "$each in the person's file"
    rm "$CONF"
done
finish
