#!/bin/bash
# doctor: a healthy machine shows nothing; each of many faults that are planted
# one after the other is found by its id, at its level and with advice, and is
# gone once it is mended. Nothing is changed by that, no secret is told, and
# nothing takes longer than its limit.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=tests/system/crash.sh
. "$HERE/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$HERE/keyring.sh"
own_host "$0" git dbus-daemon dbus-send

start_sandbox
control config '{"approve_after":0}' >"$WORK/control.out"
use_sandbox
hosts_file=$host_configuration
chmod 711 "$WORK/sandbox"
chmod 644 "$CA_FILE"
new_user
has_runtime
RUN=/run/user/$uid
SESSION=$RUN/parallel-credential/session
STORE=$STATE/store.json
CONF=$home/.config/parallel-credential.conf
DROP_IN=$hosts_file.d

# ---- words ------------------------------------------------------------------

more=() # NAME=VALUE for the environment of what follows
as_person() {
    as_user env XDG_RUNTIME_DIR="$RUN" \
        ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"} "${more[@]}" \
        timeout -k 1 60 "$@"
}
# doctor [OPTION...]: what it finds is in $WORK/found, a line an object
doctor() {
    run as_person "$TOOL" doctor --json "$@"
    printf '%s\n' "$out" >"$WORK/found"
    printf '%s\n' "$out" "$err" >>"$WORK/all"
}
# found: what is not ok, as "LEVEL ID", without those that are ID of $ignored
ignored=''
found() {
    jq -r --arg ignored "$ignored" 'select(.id != "sum" and .level != "ok" and
        .id != $ignored) | "\(.level) \(.id)"' "$WORK/found" | sort -u |
        paste -sd,
}
# text ID: the first thing that is not ok about it
text() {
    jq -r --arg id "$1" 'select(.id == $id and .level != "ok") | .text' \
        "$WORK/found" | head -n 1
}
# finds NAME LEVEL ID TEXT [OTHER FINDINGS]: that, and nothing else
finds() {
    local name=$1 level=$2 id=$3 want=$4 others=${5-} status=4
    faults=$((faults + 1))
    doctor
    is "$(found)" "$(printf '%s\n' "$level $id" ${others:+"${others//,/$'\n'}"} |
        sort -u | paste -sd,)" "$name: found"
    like "$(text "$id")" "$want" "$name: named"
    is "$(jq -r --arg id "$id" 'select(.id == $id and .level != "ok" and
        .mend == null) | .id' "$WORK/found")" "" "$name: with advice"
    [[ "$level,$others" == *wrong* ]] || status=0
    is "$rc:$err" "$status:" "$name: the status"
}
# mended NAME
mended() {
    doctor
    is "$rc:$(found):$err" "0::" "$1: gone"
}
faults=0
# files: all that doctor might change, with the times
files() {
    find "$home" "$RUN" /etc/pam.d "${hosts_file%/*}" "$PREFIX" \
        ! -name __pycache__ -printf '%p %M %U:%G %s %T@ %C@ %l\n' 2>/dev/null |
        sort
}
# instead OF BY: BY stands where OF is, for this test alone; back OF
instead() {
    mount --bind "$2" "$1"
}
back() {
    umount "$1"
}
configure_person() {
    as_person mkdir -p "${CONF%/*}"
    printf '%s\n' "$@" >"$CONF"
    chown "$uid" "$CONF"
    chmod 600 "$CONF"
}
sign_in_person() {
    run as_person "$TOOL" login --json --no-browser "$@" </dev/null
    [ "$rc" -eq 0 ] || echo "# login: $out $err"
    [ -e "$STORE" ] && jq -r '.records[] | .access_token, .refresh_token,
        .api_key | strings' "$STORE" >>"$WORK/secrets"
    return "$rc"
}
own_free_port() { # own_free_port KIND: of ports.py, in $port
    rm -f "$WORK/port"
    in_background "$HERE/ports.py" "$1" "$WORK/port"
    wait_until 10 test -s "$WORK/port"
    port=$(cat "$WORK/port")
}

# ---- a healthy machine --------------------------------------------------------

service login 'auth required pam_unix.so' 'session required pam_unix.so' \
    'session optional pam_systemd.so' 'parallel'
before=$(files)
doctor
is "$(found)" "warning token.none" "before a sign-in: nothing else to say"
is "$(files)" "$before" "and nothing is made"
check "a sign-in" sign_in_person
before=$(files)
doctor
is "$rc:$(found):$err" "0::" "a healthy machine: no warning, nothing wrong"
is "$(jq -r 'select(.id != "sum") | .id | split(".")[0]' "$WORK/found" |
    sort -u | paste -sd' ')" \
    "client config environment git home installation keyring network pam \
person runtime shell state store token" "every group has something to say"
is "$(tail -n 1 "$WORK/found" | jq -r '"\(.id) \(.level) \(.wrong) \(.warning)
\(.ok + 1)"' | paste -sd' ')" "sum ok 0 0 $(wc -l <"$WORK/found")" \
    "the last line is the sum"
is "$(files)" "$before" "nothing is changed"
run as_person "$TOOL" doctor
like "$out" '^0 wrong, 0 warnings, [0-9]+ ok$' "for people: the sum"
is "$rc:$(grep -vcE '^(ok      [a-z]+\.[a-z]+: |0 wrong)' <<<"$out")" 0:0 \
    "for people: a line each"
asked=$(state .requests.other)
doctor --offline
is "$rc:$(found):$(state .requests.other)" "0::$asked" \
    "--offline: nobody is asked"

# Every id stands in the manual page, and none that is not there.
groups=$(jq -r 'select(.id != "sum") | .id | split(".")[0]' "$WORK/found" |
    sort -u | paste -sd'|')
ids() {
    grep -oE "$1($groups|key)\.[a-z]+$1" | tr -d '" ' | sort -u | paste -sd' '
}
is "$(cat "$HERE"/../../broker/doctor*.c | grep -v '^#' | ids '"')" \
    "$(sed -n '/^\.Sh FINDING OUT/,/^\.Sh ENV/s/^\.It Cm//p' \
        "$HERE/../../helper/parallel-credential.1" | tr ',' '\n' |
        sed 's/$/ /' | ids ' ')" "the manual page has the same ids"

# ---- installation ---------------------------------------------------------------

cp -a "$BROKER" "$WORK/broker"
chmod o+w "$WORK/broker"
instead "$BROKER" "$WORK/broker"
finds "a broker that all can write" wrong installation.program \
    "broker can be written by others"
back "$BROKER"
mended "a broker that all can write"

keyring_program=${BROKER%/*}/keyring
if [ -e "$keyring_program" ]; then
    cp -a "$keyring_program" "$WORK/keyring-program"
    chown 4711 "$WORK/keyring-program"
    instead "$keyring_program" "$WORK/keyring-program"
    finds "a program of somebody else's" wrong installation.program \
        "keyring belongs to uid 4711"
    back "$keyring_program"
else
    skip "a program of somebody else's" "there is no keyring program"
fi

chmod 644 "$WORK/broker"
instead "$BROKER" "$WORK/broker"
run as_person "$TOOL" doctor
is "$rc:$out" "4:" "a broker that cannot be run: the front says so"
back "$BROKER"
web_program=${BROKER%/*}/web
if [ -e "$web_program" ]; then
    cp "$web_program" "$WORK/web-program"
    chmod 644 "$WORK/web-program"
    instead "$web_program" "$WORK/web-program"
    finds "a program that cannot be run" wrong installation.program \
        "web cannot be run"
    back "$web_program"
    instead "$web_program" /dev/null
    finds "no program at all" wrong installation.program "not a regular file"
    back "$web_program"
    file=$(library "$web_program" libmicrohttpd)
    instead "$file" /dev/null
    finds "a program without its library" warning installation.library \
        "web does not start: login --web does not work"
    like "$(jq -r 'select(.id == "installation.library") | .mend // empty' \
        "$WORK/found")" '^install its libraries: libmicrohttpd, gnutls$' \
        "and which"
    back "$file"
    printf '#!/bin/sh\nexec tail -f /dev/null\n' >"$WORK/web-program"
    chmod 755 "$WORK/web-program"
    instead "$web_program" "$WORK/web-program"
    finds "a program that does nothing" warning installation.library \
        "web does not start"
    back "$web_program"
    mended "a program without its library"
else
    skip "a program that cannot be run" "configured --without-web"
fi

sed "s|, broker /|, broker -|" "$TOOL" >"$WORK/front"
sed -i "s|$BROKER|$(tr '[:graph:]' x <<<"$BROKER")|g" "$WORK/front"
chmod 755 "$WORK/front"
TOOL_BEFORE=$TOOL
mkdir -m 755 "$WORK/tool"
cp "$TOOL" "$WORK/tool/parallel-credential"
TOOL=$WORK/tool/parallel-credential
instead "$PREFIX/bin/parallel-credential" "$WORK/front"
finds "a front of another installation" wrong installation.front \
    "does not hand over to $BROKER"
back "$PREFIX/bin/parallel-credential"
more=(PATH=/usr/bin:/bin)
finds "no program in PATH" warning installation.path "PATH has no"
more=()
TOOL=$TOOL_BEFORE

sed "s|\(parallel-credential \)[0-9][0-9.]*\(, broker /\)|\19.9.9\2|" "$TOOL" \
    >"$WORK/front"
chmod 755 "$WORK/front"
instead "$PREFIX/bin/parallel-credential" "$WORK/front"
finds "a front of another version" wrong installation.front "another version"
back "$PREFIX/bin/parallel-credential"
mended "a front of another version"

mkdir -m 755 "$WORK/earlier"
cp "$TOOL" "$WORK/earlier/parallel-credential"
more=("PATH=$WORK/earlier:$PATH")
finds "another installation in PATH" warning installation.path \
    "$WORK/earlier/parallel-credential, not"
more=()

# For the person that is fine; as root, the module does not run it.
cp "$TOOL" "$WORK/front"
chown "$uid" "$WORK/front"
instead "$PREFIX/bin/parallel-credential" "$WORK/front"
finds "a helper of the module that is not root's" wrong pam.helper \
    "belongs to uid $uid"
back "$PREFIX/bin/parallel-credential"
mended "programs"

# ---- configuration --------------------------------------------------------------

mkdir -p "$DROP_IN"
configure_person 'timeout = 20s' 'tiemout = 3s' 'store = tape' 'scopes = a'
echo 'colour = green' >"$DROP_IN/50-odd.conf"
finds "mistakes in two files" wrong config.file "50-odd.conf:1: unknown key"
is "$(jq -r 'select(.id == "config.file") | .text' "$WORK/found" |
    grep -oE '[^/]*:[0-9]+: ' | paste -sd' ')" \
    "50-odd.conf:1:  parallel-credential.conf:2:  parallel-credential.conf:3: " \
    "each of them is named, with its line"
run as_person "$TOOL" status
is "$rc" 2 "which stops all others"
rm "$CONF" "$DROP_IN/50-odd.conf"
mended "mistakes in two files"

configure_person 'timeout = 20s'
chmod 666 "$CONF"
finds "a configuration that others can write" wrong config.file \
    "can be written by others"
chmod 600 "$CONF"
mended "a configuration that others can write"
rm "$CONF"

echo 'hush hush client' >"$home/client"
echo 'hush hush client' >>"$WORK/secrets"
chown "$uid" "$home/client"
chmod 644 "$home/client"
configure_person '[provider acme]' "token_endpoint = $HTTP_SECOND_URL/oauth/token" \
    "device_authorization_endpoint = $HTTP_SECOND_URL/d" 'client_id = x' \
    'token_endpoint_auth_method = client_secret_post' \
    "client_secret_file = $home/client"
finds "a client secret that others can read" wrong config.secret "$home/client"
chmod 600 "$home/client"
mended "a client secret that others can read"
rm "$CONF"

# ---- folders and files ------------------------------------------------------------

more=(HOME=/usr)
finds "a HOME of somebody else" warning home.variable "HOME is /usr"
more=()
chmod 777 "$home"
finds "a home that all can write" wrong home.folder "can be written by others"
chmod 700 "$home"
mended "a home that all can write"
chown 4711 "$home"
chmod 755 "$home"
finds "a home of somebody else's" wrong home.folder "belongs to uid 4711"
chmod 700 "$home"
chown "$uid" "$home"
mended "a home of somebody else's"
mv "$home" "$home.away"
finds "a home that is not there" wrong home.folder "No such file" \
    "warning token.none"
mv "$home.away" "$home"
chmod 000 "$home/.local"
finds "a folder that is shut" wrong state.folder "Permission denied" \
    "wrong store.read"
chmod 700 "$home/.local"
mended "homes"
chmod 755 "$STATE"
finds "a state folder that is open" wrong state.folder "open to others" \
    "wrong store.read"
chmod 700 "$STATE"
mended "a state folder that is open"
chmod 777 "$home/.local"
finds "a folder above it that is open" wrong state.folder "$home/.local\$"
chmod 700 "$home/.local"
chmod 644 "$STORE"
finds "a store that is open" wrong state.file "store.json is open" \
    "wrong store.read"
chmod 600 "$STORE"
mended "a store that is open"
chown 4711 "$STORE"
finds "a store of somebody else's" wrong state.file "belongs to uid 4711" \
    "wrong store.read"
chown "$uid" "$STORE"
mv "$STATE" "$STATE.away"
as_person touch "$STATE"
finds "a file where the folder should be" wrong state.folder "is a file" \
    "wrong store.read"
rm "$STATE"
mv "$STATE.away" "$STATE"
chmod 500 "$STATE"
finds "a folder that cannot be written" wrong state.space "cannot be written"
chmod 700 "$STATE"
mended "a state folder"
# Who could write there has left something; its name is a command. What doctor
# says is copied into a shell.
# shellcheck disable=SC2016
planted="$STATE/a'\$(touch\${IFS%??}ran)\`touch ran\`;touch ran"
touch "$planted"
chown 4711 "$planted"
finds "a file whose name is a command" wrong state.file "belongs to uid 4711"
mend=$(jq -r 'select(.level == "wrong").mend' "$WORK/found")
mkdir -p "$WORK/shell"
is "$(cd "$WORK/shell" && eval "printf '%s\n' ${mend#as root: }" | paste -sd' ')" \
    "chown -h $uid $planted" "its name is one word of the advice"
is "$(ls "$WORK/shell")" "" "and nothing else"
rm "$planted"
mended "a file whose name is a command"
as_person ln -s /etc/passwd "$STATE/link"
finds "a symbolic link" wrong state.file "link is a symbolic link"
rm "$STATE/link"
as_person ln "$STORE" "$home/copy"
finds "a store with two names" wrong state.file "second name" \
    "wrong store.read"
rm "$home/copy"
mended "links"
mount --bind "$STATE" "$STATE"
mount -o remount,ro,bind "$STATE"
finds "a disk that is read-only" wrong state.space "read-only"
umount "$STATE"
mount -t tmpfs -o "size=1m,mode=700,uid=$uid,gid=$uid" tmpfs "$WORK/earlier"
cp -a "$STATE/." "$WORK/earlier"
head -c 2m /dev/zero >"$WORK/earlier/fill" 2>"$WORK/fill.err"
chown "$uid" "$WORK/earlier/fill"
chmod 600 "$WORK/earlier/fill"
mount --bind "$WORK/earlier" "$STATE"
mount -o remount,size=8m "$WORK/earlier"
finds "a disk with little room" warning state.space "KiB left"
mount -o remount,size=1m "$WORK/earlier"
finds "a disk that is full" wrong state.space "is full"
umount "$STATE" "$WORK/earlier"
mended "a disk"
cp -a "$STORE" "$WORK/good"
echo '{"format":' >"$STORE"
finds "a damaged store" wrong store.read "damaged"
cp -a "$WORK/good" "$STORE"
mended "a damaged store"

more=(XDG_RUNTIME_DIR=/run)
finds "somebody else's runtime folder" warning runtime.variable \
    "XDG_RUNTIME_DIR is /run"
more=()
as_person "$TOOL" token >"$WORK/token.out"
chmod 640 "$SESSION"
finds "a session cache that is open" wrong runtime.file "session is open"
chmod 600 "$SESSION"
mv "$RUN" "$RUN.away"
more=(XDG_RUNTIME_DIR=)
finds "no runtime folder" warning runtime.folder "no runtime folder"
more=()
mv "$RUN.away" "$RUN"
mended "runtime folders"

install -m 644 "$HERE/hold-lock.py" "$WORK"
# Whom the kernel shows to root alone.
control trouble '{"endpoint":"token","kind":"gate"}' >"$WORK/control.out"
in_background as_person "$TOOL" refresh
curl -sS --noproxy '*' "$CONTROL_URL/gate/wait?count=1&ms=20000" \
    >"$WORK/control.out"
doctor
control gate/open >"$WORK/control.out"
wait "$pid"
like "$(jq -r 'select(.id == "store.lock").text' "$WORK/found")" \
    'broker, process [0-9]+, is at work' "who renews is seen"
is "$rc:$(found)" "0:" "and is no fault"
in_background as_person /usr/bin/python3 "$WORK/hold-lock.py" "$STATE/lock" \
    >"$WORK/held"
wait_until 10 grep -q held "$WORK/held"
doctor
is "$rc:$(found)" "0:" "a lock that is held: no fault"
like "$(jq -r 'select(.id == "store.lock").text' "$WORK/found")" \
    'process [0-9]+, is at work' "but seen"
echo 'lock_timeout = 1ms' >"$DROP_IN/lock.conf"
finds "a lock that is held for too long" wrong store.lock \
    'process [0-9]+, which started [0-9]+ s ago, holds the lock .*/lock'
holder=$(text store.lock | sed 's/.*process \([0-9]*\).*/\1/')
check "by the process that it names" kill "$holder"
rm "$DROP_IN/lock.conf"
as_person /usr/bin/python3 "$WORK/hold-lock.py" --wait "$STATE/lock"
mended "a lock"
in_background python3 "$WORK/hold-lock.py" "$STATE/lock" >"$WORK/held"
wait_until 10 grep -q held "$WORK/held"
finds "a lock that somebody else holds" warning store.lock "^somebody holds"
kill "$pid"
wait "$pid"
mended "a lock that somebody else holds"
# A program of the person's that has a name as ours, and nothing to do with it.
cp "$(command -v sleep)" "$WORK/broker"
chmod 755 "$WORK/broker"
in_background as_person "$WORK/broker" 300
in_background python3 "$WORK/hold-lock.py" "$STATE/lock" >"$WORK/held"
wait_until 10 grep -q held "$WORK/held"
wait_until 10 pgrep -u "$uid" -x broker >"$WORK/check.out"
finds "a lock, and a program that is called like ours" warning store.lock \
    "^somebody holds"
kill "$pid"
wait "$pid"
kill "$(pgrep -u "$uid" -x broker)"
mended "a lock, and a program that is called like ours"

# ---- PAM ------------------------------------------------------------------------

stack=('auth required pam_unix.so' 'session required pam_unix.so')
# pam NAME LEVEL ID TEXT LINE...: of a service that includes another
pam() {
    local name=$1 level=$2 id=$3 want=$4
    shift 4
    service common-session "$@"
    service sshd "${stack[@]}" '@include common-session'
    finds "PAM: $name" "$level" "$id" "$want"
    service sshd "${stack[@]}"
    mended "PAM: $name"
}
pam "the module is not there" wrong pam.module "/nowhere/pam_parallel.so" \
    'session optional /nowhere/pam_parallel.so'
pam "before pam_systemd" warning pam.order 'pam_systemd.so comes after it' \
    parallel "-session \\" '    optional pam_systemd.so kill-session-processes=0'
pam "required" warning pam.control 'not "optional"' \
    "session required $MODULE"
pam "a type that it does not have" wrong pam.type 'no functions' \
    "account optional $MODULE" parallel
install -m 666 "$MODULE" "$WORK/pam_parallel.so"
pam "a module that all can write" wrong pam.module 'written by others' \
    "session optional $WORK/pam_parallel.so"
mkdir -m 777 "$WORK/open"
chmod 777 "$WORK/open"
install -m 644 "$MODULE" "$WORK/open/pam_parallel.so"
pam "a module that all can exchange" wrong pam.module "exchanged by others" \
    "session optional $WORK/open/pam_parallel.so"
pam "a module that PAM does not look for" wrong pam.module "no folder of PAM" \
    'session optional pam_parallel.so'
for each in sudo cron; do
    service "$each" "${stack[@]}" "session include common-session"
    service common-session "session optional pam_systemd.so" parallel
    finds "PAM: in $each" warning pam.silent "^$each runs"
    rm "/etc/pam.d/$each"
done
for each in sudo-i chfn chsh; do
    service "$each" "${stack[@]}" "session include common-session"
done
mended "PAM: what Debian's common-session reaches beyond logins"
rm /etc/pam.d/{sudo-i,chfn,chsh}
rm /etc/pam.d/login
service i3lock 'auth required pam_unix.so' "auth optional $MODULE"
finds "PAM: in a screen locker alone" warning pam.session "no session line"
chmod 600 /etc/pam.d/i3lock
mended "PAM: what cannot be read is no fault"
rm /etc/pam.d/i3lock
mkfifo /etc/pam.d/pipe
service loop '@include loop' '@include loop' '@include loop' '@include loop'
mended "PAM: nor what never comes to an end"
rm /etc/pam.d/pipe /etc/pam.d/loop
service login "${stack[@]}" '[default=ignore] x' \
    '# session optional pam_parallel.so' parallel
mended "PAM: comments and other lines"

# ---- credentials --------------------------------------------------------------------

control config '{"authorization_lifetime":86400}' >"$WORK/control.out"
check "a short approval" sign_in_person
finds "an approval that ends soon" warning token.approval "which is soon" \
    "warning token.refresh"
control config '{"authorization_lifetime":7776000,"refresh_lifetime":3600}' \
    >"$WORK/control.out"
check "a short sign-in" sign_in_person
finds "a refresh token that ends soon" warning token.refresh "which is soon"
control config '{"refresh_lifetime":604800}' >"$WORK/control.out"
check "a long one" sign_in_person
mended "what ends soon"

cp -a "$STORE" "$WORK/good"
edit() { # edit JQ: of the store
    jq "$1" "$WORK/good" >"$WORK/edited"
    cat "$WORK/edited" >"$STORE"
}
edit '.records[0].refresh_token_expires_at = 1000000'
finds "a refresh token that has ended" warning token.refresh "has ended on"
edit 'del(.records[0].refresh_token) |
    .records[0].access_token_expires_at = 1000000'
finds "a token that nobody can renew" wrong token.access "cannot be renewed"
edit '.records += [.records[0] + {provider: "acme",
    issuer: "https://acme.example"}]'
finds "a provider that has gone" warning token.provider "no such provider"
cp -a "$WORK/good" "$STORE"
mended "records"

control trouble '{"endpoint":"token","kind":"status","status":503}' \
    >"$WORK/control.out"
run as_person "$TOOL" refresh
is "$rc" 4 "a renewal that fails"
finds "a renewal that has failed" warning token.renewal "answered 503"
check "a renewal that does not" as_person "$TOOL" refresh
mended "a renewal that has failed"

control trouble '{"endpoint":"token:refresh","kind":"error","error":"invalid_grant"}' \
    >"$WORK/control.out"
run as_person "$TOOL" refresh
is "$rc" 3 "a sign-in that is refused"
finds "a sign-in that has ended" wrong token.refresh "has refused"
check "sign in again" sign_in_person
mended "a sign-in that has ended"

check "sign out" as_person "$TOOL" logout
control trouble '{"endpoint":"keys","kind":"reset-after"}' >"$WORK/control.out"
check "the answer to the request for a key is lost" sign_in_person
finds "a key that nobody has" warning key.left "may have been made"
lost=$(text key.left | sed 's/[^"]*"\([^"]*\)".*/\1/')
check "deleted by hand" as_person "$TOOL" keys delete "$lost"
mended "a key that nobody has"

echo 'client_id = another' >"$DROP_IN/client.conf"
finds "another client" warning client.registration "names another"
rm "$DROP_IN/client.conf"

check "another key is made" as_person "$TOOL" token --api-key
more=(PARALLEL_API_KEY=my-own-key-of-long-ago)
echo my-own-key-of-long-ago >>"$WORK/secrets"
finds "a key of one's own" warning environment.key "of your own"
more+=(PARALLEL_CREDENTIAL_KEY_ID=old)
finds "an old key of ours" warning environment.key "not the stored key any more"
more=()
mended "keys in the environment"

# ---- the keyring --------------------------------------------------------------------

OWNER=(setpriv "--reuid=$uid" "--regid=$uid" --clear-groups
    env -i "HOME=$home" "PATH=$PATH" LC_ALL=C.UTF-8 "XDG_RUNTIME_DIR=$RUN"
    "DBUS_SESSION_BUS_ADDRESS=unix:path=$RUN/bus")
if [ -e "$keyring_program" ] &&
    /usr/bin/python3 -c 'import dbus, gi.repository.GLib' 2>/dev/null; then
    chmod 1777 "$WORK"
    XDG_RUNTIME_DIR=$RUN bus_start
    fake_start
    echo 'store = secret-service' >"$DROP_IN/store.conf"
    check "move into the keyring" as_person "$TOOL" move-store secret-service
    mended "the keyring is the store"
    fake Lock boolean:true
    finds "a keyring that is locked" warning keyring.state "is locked"
    fake Lock boolean:false
    fake_trouble 'hang=*'
    finds "a keyring that hangs" wrong keyring.state "did not answer within 1.5"
    fake_trouble
    mended "a keyring that hangs"
    instead "$keyring_program" /dev/null
    finds "no keyring program" wrong keyring.state "cannot run" \
        "wrong installation.program"
    back "$keyring_program"
    file=$(library "$keyring_program" libsecret)
    instead "$file" /dev/null
    finds "a keyring program without its library" wrong keyring.state \
        'keyring; are its libraries \(libsecret\) installed\?, and' \
        "warning installation.library"
    run as_person "$TOOL" refresh
    like "$rc:$err" '^4:.*are its libraries \(libsecret\) installed\?' \
        "a keyring program without its library: others say so, too"
    back "$file"
    mended "a keyring program without its library"

    fake Lock boolean:true
    check "sign in while it is locked" sign_in_person
    ignored=keyring.state
    finds "a token that is parked" warning store.parked "wait in $RUN" \
        "warning store.erase"
    ignored=''
    fake Lock boolean:false
    check "it is open again" as_person "$TOOL" status
    # Meanwhile a second key was made: one of the two has to go.
    finds "a key that is not used any more" warning key.left "is not used any"
    check "the next request deletes it" as_person "$TOOL" logout
    check "sign in, into the keyring" sign_in_person
    mended "a token that is parked"

    bus_stop
    finds "no bus, and the keyring is the store" wrong keyring.state \
        "no session bus"
    XDG_RUNTIME_DIR=$RUN bus_start
    fake_start
    mended "no bus"
    fake_trouble 'error=*'
    finds "a keyring that refuses" wrong keyring.state "refused"
    fake_trouble
    rm "$DROP_IN/store.conf"
    check "move out of it" as_person "$TOOL" move-store file
    check "sign out again" as_person "$TOOL" logout
    rm -rf "$STATE"
    ignored=token.none
    fake_trouble 'hang=*'
    finds "a keyring that hangs, before a sign-in" warning keyring.state \
        "did not answer"
    fake_trouble
    mended "a keyring before a sign-in"
    ignored=''
    fake Lock boolean:true
    check "sign in while it is locked" sign_in_person
    finds "a provisional file" warning store.provisional "in the clear"
    fake Lock boolean:false
    check "it is open" as_person "$TOOL" status
    mended "a provisional file"
    check "move out again" as_person "$TOOL" move-store file
    bus_stop
    mended "no bus"
else
    skip "the keyring" "python3-dbus or python3-gi is missing, or it is not built"
fi

# ---- the network ----------------------------------------------------------------------

control trouble '{"endpoint":"any","kind":"status","times":-1}' \
    >"$WORK/control.out"
finds "a service in trouble" warning network.reach "answers with 503"
control trouble '{"clear":true}' >"$WORK/control.out"
mended "a service in trouble"

# service_is URL [LINE...]: all three addresses are there
service_is() {
    host_configure "platform_url = $1" "service_api_url = $1" "api_url = $1" \
        'connect_timeout = 1s' "${@:2}"
}
# within SECONDS: what has just been found
within() {
    check "$1: within $2 s" test "$took" -lt $(($2 * 1000))
}
timed_finds() {
    took=$(boot_now)
    finds "$@"
    took=$(($(boot_now) - took))
}
own_free_port closed
service_is "http://127.0.0.1:$port"
finds "another service than that of the sign-in" warning token.none \
    "at http://127.0.0.1:$port" "wrong network.reach"
ignored=token.none
finds "nobody there" wrong network.reach "cannot reach 127.0.0.1:$port"
own_free_port silent
service_is "http://127.0.0.1:$port"
timed_finds "a service that is mute" wrong network.reach "within 1 s"
within "a service that is mute" 5

service_is "$EXPIRED_URL" "ca_file = $CA_FILE"
finds "a certificate that has expired" wrong network.certificate "has expired"
service_is "$WRONGHOST_URL" "ca_file = $CA_FILE"
finds "a certificate for another host" wrong network.certificate "another host"
service_is "$UNKNOWNCA_URL" "ca_file = $CA_FILE"
finds "an issuer nobody knows" wrong network.certificate "unknown issuer"
service_is "$HTTPS_PLATFORM_URL" "ca_file = $WORK/nowhere.pem"
finds "a ca_file that is not there" wrong network.trust "nowhere.pem" \
    "wrong network.certificate"
mv /etc/ssl /etc/ssl.away
service_is "$HTTPS_PLATFORM_URL"
finds "nobody to trust" wrong network.trust "no certificates to trust" \
    "wrong network.certificate"
mv /etc/ssl.away /etc/ssl
service_is "$HTTPS_PLATFORM_URL" "ca_file = $CA_FILE"
mended "certificates"

own_free_port closed
echo hush-proxy >>"$WORK/secrets"
service_is https://platform.example.com "proxy = http://127.0.0.1:$port"
finds "a proxy that is down" wrong network.proxy \
    "cannot reach the proxy 127.0.0.1:$port"
like "$(jq -r 'select(.id == "network.proxy" and .level == "ok").text' \
    "$WORK/found")" "127.0.0.1:$port \($hosts_file:[0-9]+\)" \
    "and it is told which one, and from where"
own_free_port proxy
service_is https://platform.example.com
more=("https_proxy=http://me:hush-proxy@127.0.0.1:$port")
finds "a proxy that refuses" wrong network.proxy "proxy 127.0.0.1:$port"
like "$(jq -r 'select(.id == "network.proxy" and .level == "ok").text' \
    "$WORK/found")" "by the variable https_proxy" "and it is told which one"
more=()

# A name server that is there, and mute.
echo 'hosts: files dns' >/etc/nsswitch.conf
echo 'nameserver 127.0.0.1' >"$WORK/resolv.conf"
rm -f /etc/resolv.conf
cp "$WORK/resolv.conf" /etc/resolv.conf
mkfifo "$WORK/ready"
in_background python3 -c 'import signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
open(sys.argv[1], "w").write("x")
signal.pause()' "$WORK/ready"
read -r -n 1 _ <"$WORK/ready"
timed_finds "a name server that is mute" wrong network.name \
    "platform.example.com"
within "a name server that is mute" 5
echo 'hosts: files' >/etc/nsswitch.conf
finds "a name that nobody knows" wrong network.name "no address is known"

# A clock that is not ours.
cat >"$WORK/clock.py" <<'END'
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + float(sys.argv[2]))
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1], "w") as file:
    file.write(str(server.server_port))
server.serve_forever()
END
# clock SECONDS: a service whose clock is so far ahead
clock() {
    rm -f "$WORK/port"
    in_background python3 "$WORK/clock.py" "$WORK/port" "$1"
    wait_until 10 test -s "$WORK/port"
    service_is "http://127.0.0.1:$(cat "$WORK/port")"
}
clock 100
finds "a clock that is behind" warning network.clock \
    "(99|100|101) s behind that of"
clock -4000
finds "a clock that is far ahead" wrong network.clock \
    "(3999|400[0-9]) s ahead of that of"
clock 0
mended "clocks"
ignored=''
use_sandbox

# ---- git, and shells --------------------------------------------------------------------

check "git is set up" as_person "$TOOL" configure-git
doctor
is "$rc:$(found)" "0:" "git, as configure-git leaves it"
like "$(jq -r 'select(.id == "git.helper").text' "$WORK/found")" \
    'git asks us' "and it says so"
as_person git config --global --add "credential.$HTTP_PLATFORM_URL.helper" \
    'store --file ~/x'
finds "a helper behind us that keeps it" warning git.other \
    '"store", behind us, about'
check "git is not set up" as_person "$TOOL" configure-git --unset
as_person git config --global --unset-all \
    "credential.$HTTP_PLATFORM_URL.helper"
as_person git config --global credential.helper cache
as_person git config --global --add credential.helper parallel
finds "a helper before us that keeps it" warning git.other \
    '"cache", before us, about'
as_person git config --global --replace-all credential.helper /nowhere/parallel
finds "a helper that is not there" wrong git.helper "/nowhere/parallel"
mkdir -m 755 "$WORK/a folder"
ln -s "$TOOL" "$WORK/a folder/git-credential-parallel"
as_person git config --global --replace-all credential.helper \
    "$WORK/a folder/git-credential-parallel"
finds "a blank in our path, where git ends it" wrong git.helper "cannot run.*$WORK/a folder"
for each in "$WORK/a\\ folder/git-credential-parallel" \
    "!'$WORK/a folder/git-credential-parallel'" \
    "!parallel-credential --quiet"; do
    as_person git config --global --replace-all credential.helper "$each"
    doctor
    is "$rc:$(found):$(jq -r 'select(.id == "git.helper").text' \
        "$WORK/found" | cut -d' ' -f1-3)" "0::git asks us" "none in $each"
done
deep=$WORK/$(printf 'a%.0s' {1..100})
mkdir -m 755 "$deep"
ln -s "$TOOL" "$deep/git-credential-parallel"
as_person git config --global --replace-all credential.helper \
    "$deep/git-credential-parallel"
as_person git config --global --add credential.helper store
finds "a helper behind us, where we lie deep" warning git.other \
    '"store", behind us, about'
as_person git config --global --replace-all credential.helper \
    '!f() { echo password=hush-git; }; f'
echo hush-git >>"$WORK/secrets"
mended "a helper of one's own"
rm "$home/.gitconfig"
as_person mkfifo "$home/.gitconfig"
timed_finds "a git that hangs" warning git.helper "cannot read"
within "a git that hangs" 10
rm "$home/.gitconfig"

mkdir -p /etc/profile.d
install -m 666 "$HERE/../../conf/parallel-credential.sh" /etc/profile.d
finds "a piece for shells that all can write" wrong shell.piece \
    "written by others"
chmod 644 /etc/profile.d/parallel-credential.sh
generators=/etc/systemd/user-environment-generators
mkdir -p "$generators"
install -m 644 "$HERE/../../conf/60-parallel-credential" "$generators"
finds "a generator that cannot be run" wrong shell.piece "cannot be run"
chmod 755 "$generators/60-parallel-credential"
mended "pieces for shells"

# ---- odd calls ------------------------------------------------------------------------------

run as_person "$TOOL" doctor now
is "$rc" 2 "a word too many: exit 2"
run as_person sh -c '"$1" doctor >/dev/full' sh "$TOOL"
is "$rc" 4 "nowhere to write to: exit 4"
run env -i setpriv --reuid "$uid" --regid "$uid" --clear-groups "$TOOL" \
    doctor --json --offline
is "$rc:$(jq -r 'select(.level == "wrong").id' <<<"$out")" "0:" \
    "with nothing in the environment: nothing is wrong"

# ---- ruins, and root ----------------------------------------------------------------------

own_free_port closed
service_is "http://127.0.0.1:$port" 'nonsense'
chmod 755 "$STATE"
doctor
is "$rc:$(found)" "4:wrong config.file,wrong network.reach,wrong state.folder,wrong store.read" \
    "several faults at once: each is found"
chmod 700 "$STATE"
use_sandbox
mended "several faults"
mkdir -p "$WORK/root"
# as_root: without a runtime folder, with root's own home
run env -i PATH="$PATH" HOME="$WORK/root" SUDO_USER="$user" \
    ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"} "$TOOL" doctor --json
is "$rc" 0 "root: nothing is wrong"
is "$(jq -r 'select(.id == "person.account").mend' <<<"$out")" \
    "to look at a person's: runuser -u $user -- parallel-credential doctor" \
    "root: is told whose credentials these are"
check "root: nothing is made" test ! -e "$WORK/root/.local"
sed -i "/^$user:/d" /etc/passwd
ignored=home.variable
doctor
is "$rc:$(found)" "0:warning person.account" "an account that nobody knows"
more=(HOME=/usr)
finds "no home at all" wrong home.folder "no home folder" \
    "warning person.account"

# ---- all of it -----------------------------------------------------------------------------

check "there were secrets to be told" \
    test "$(sort -u "$WORK/secrets" | grep -vcx '')" -gt 10
is "$(grep -cFf <(sort -u "$WORK/secrets" | grep -vx '') "$WORK/all")" 0 \
    "none was"
echo "# $faults faults planted"
check "twenty at least" test "$faults" -ge 20
finish
