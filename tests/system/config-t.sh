#!/bin/bash
# The configuration: the person's own file, the system's file, its drop-ins,
# the environment; later wins. Whatever is wrong in a file, or with it, is an
# error that names file and line, and no command goes on with the rest.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
shopt -s lastpipe
start_sandbox
chmod 711 "$WORK"
PATIENCE=30

# ---- tools ------------------------------------------------------------------

is_root() {
    [ "$(id -u)" -eq 0 ]
}
# bounded COMMAND...: run, but not for ever; then the status is 124
bounded() {
    run timeout -k 1 "$PATIENCE" "$@" </dev/null
}
lines() {
    wc -l <"$WORK/run.err"
}
repeat() { # repeat CHARACTER COUNT
    head -c "$2" /dev/zero | tr '\0' "$1"
}
# What comes before a command, to run it as an ordinary user, and to run it
# where the system's files are those of this test.
user=()
inside=()
! is_root || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
# of_config JQ KEY: what config says of a key
of_config() {
    "${inside[@]}" timeout -k 1 "$PATIENCE" "$TOOL" config --json |
        jq -r "select(.key == \"$2\") | $1"
}
value() {
    of_config .value "$1"
}
both() { # value and origin
    of_config '.value + ":" + .origin' "$1"
}
locked() {
    of_config .locked "$1"
}
# refuses NAME PATTERN COMMAND...: exit 2, one line, nothing on standard output
refuses() {
    local name=$1 pattern=$2
    shift 2
    bounded "$@"
    is "$rc:$(lines):$out" 2:1: "$name: exit 2, one line"
    like "$err" "^parallel-credential: $pattern" "$name: it says so"
}
# bad NAME LINE PATTERN: the person's file, as it comes on standard input, is
# refused with that line named
bad() {
    cat >"$CONF"
    refuses "$1" "$CONF:$2: .*$3" "$TOOL" config
}

# ---- the person's file: mistakes --------------------------------------------

new_person
configure '# nothing'
check "sign in" sign_in
token=$("$TOOL" token)
before=$(cat "$STORE")

printf 'nope = 1\n' | bad "an unknown key" 1 'unknown key "nope"'
printf '# a\n\n; b\ntimeout = 3s\nnope = 1\n' |
    bad "an unknown key further down" 5 'unknown key "nope"'
printf 'Timeout = 3s\n' | bad "a key in other letters" 1 'unknown key "Timeo'
printf 'time out = 3s\n' | bad "a key with a blank" 1 'unknown key "time out"'
printf '\033[1m = 3s\n' | bad "a key with an escape" 1 'control character'
printf 'timeout\n' | bad "no =" 1 'key = value'
printf 'timeout: 3s\n' | bad "a colon for the =" 1 'key = value'
printf '= 3s\n' | bad "no key" 1 'without a key'
printf 'timeout =\n' | bad "no value" 1 'timeout: has no value'
printf 'timeout = ; 3s\n' | bad "only a comment as the value" 1 'no value'
printf 'timeout = 3s\n# x\ntimeout = 3s\n' | bad "a key twice" 3 'second time'
printf 'scopes = keys:read\n  apps:read\n' |
    bad "a continuation line" 2 'continuation'
printf 'scopes = keys:read\n\tapps:read\n' |
    bad "a continuation line, with a tab" 2 'continuation'
printf ' timeout = 3s\n' | bad "a blank before the key" 1 'continuation'
printf '%s = 1\n' "$(repeat a 60)" | bad "a long key" 1 'key is too long'
printf 'scopes = %s\n' "$(repeat a 190)" | bad "199 bytes" 1 'longer than 198'
{ echo 'timeout = 3s' && repeat '#' 300000; } >"$CONF"
refuses "a large file" "$CONF is larger than" "$TOOL" config
printf 'timeout = 3s\n# %s\n' "$(repeat a 1000)" |
    bad "a long comment" 2 'longer than 198'
printf 'timeout = 3\0s\n' | bad "a NUL" 1 'NUL'
printf '# c\n\0\n' | bad "a line with nothing but a NUL" 2 'NUL'
printf 'scopes = a\033[1m\n' | bad "an escape" 1 'control character'
printf 'scopes = a\177b\n' | bad "a DEL" 1 'control character'
printf 'scopes = a\rb\n' | bad "a CR within" 1 'control character'
printf '[nope]\ntimeout = 3s\n' | bad "an unknown section" 2 'unknown section'
printf '[policy\n' | bad "half a heading" 1 'close'
printf '[]\n' | bad "an empty heading" 1 'without a name'
printf '[policy] x\n' | bad "a heading with more behind it" 1 'follows'
printf '[policy]\nlocked_keys = timeout\n' |
    bad "[policy] in the person's file" 2 "for the system's files only"
printf '[policy]\nnope = 1\n' |
    bad "anything of [policy] in the person's file" 2 "system's files only"

# bad_values KEY VALUE...
bad_values() {
    local key=$1 each
    shift
    for each; do
        printf '%s = %s\n' "$key" "$each" | bad "$key = $each" 1 "$key: "
    done
}
bad_values timeout x 0s -1 1d 3sec 1e3 0x10 inf nan 25h 0.4ms 1..2 '3 s s' \
    1,5s 1.2345s 's' .s '3 S' 99999999999999999999999999 "$(repeat 9 150)"
for key in connect_timeout lock_timeout prompt_backoff; do
    bad_values $key soon 0
done
bad_values platform_url platform.example http://platform.example \
    ftp://platform.example http://10.0.0.1 'https://' 'https://a b' \
    https://a@b.example 'https://a.example/?x' https://a.example:x \
    https://a.example:0 "https://$(repeat a 160):99999" \
    'javascript:alert(1)' file:///etc/passwd
for key in service_api_url api_url; do
    bad_values $key a.example http://a.example 'https://a.example/?x'
done
bad_values proxy nowhere socks5://127.0.0.1:1 http://a:b@127.0.0.1:1 \
    127.0.0.1:3128 NONE 'http://a b:1'
bad_values store keyring FILE nowhere 'file file'
bad_values export_environment true 1 YES maybe
bad_values ca_file ca.pem ./ca.pem '$HOME/ca.pem' '"/ca.pem"'
bad_values ca_directory certs ../certs
bad_values client_id 'a b' 'ä'
bad_values scopes 'ä' 'keys:read apps:réad'

# No command goes on; each says the same.
printf 'nope = 1\n' >"$CONF"
for verb in status token header refresh login logout config "token --api-key" \
    "status --json" "header --api-key" "refresh --quiet --if-due"; do
    case $verb in *quiet*) continue ;; esac
    # shellcheck disable=SC2086
    refuses "$verb" "$CONF:1: unknown key" "$TOOL" $verb
done
bounded "$TOOL" refresh --quiet
is "$rc:$out$err" 2: "refresh --quiet: exit 2, silent"
bounded "$TOOL" login --json
is "$rc:$(jq -r .error <<<"$out")" 2:config "login --json: exit 2, id config"
like "$(jq -r .message <<<"$out")" "^$CONF:1: unknown key" \
    "login --json: names file and line"
request | {
    cat >"$WORK/request"
    run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
}
like "$rc:$(lines):$out:$err" "^2:1::parallel-credential: $CONF:1: unknown" \
    "get: exit 2, one line"
for verb in help --version capability; do
    bounded "$TOOL" $verb
    is "$rc" 0 "$verb needs no configuration"
done
is "$(cat "$STORE")" "$before" "nothing of all this has changed the store"
configure '# nothing'
is "$("$TOOL" token)" "$token" "and with the file mended all is well"

# ---- the person's file: the file itself -------------------------------------

configure 'timeout = 3s'
for mode in 0666 0620 0602; do
    chmod $mode "$CONF"
    refuses "mode $mode" "$CONF can be written by others.*chmod go-w $CONF" \
        "$TOOL" token
done
for mode in 0644 0640 0600 0444 0400; do
    chmod $mode "$CONF"
    bounded "$TOOL" config
    is "$rc" 0 "mode $mode is fine"
done
rm "$CONF"
mkdir "$CONF"
refuses "a folder there" "$CONF is not a regular file" "$TOOL" token
chmod 600 "$CONF"
refuses "a folder there, mode 600" "$CONF is not a regular file|cannot read" \
    "$TOOL" token
rmdir "$CONF"
mkfifo "$CONF"
refuses "a pipe there" "$CONF is not a regular file" "$TOOL" token
rm "$CONF"
ln -s parallel-credential.conf "$CONF"
refuses "a link to itself" "cannot read $CONF: " "$TOOL" token
rm "$CONF"
echo 'timeout = 21s' >"$HOME/elsewhere"
ln -s ../elsewhere "$CONF"
is "$(value timeout)" 21s "a link to a file of one's own"
chmod 666 "$HOME/elsewhere"
refuses "a link to a file that others can write" "$CONF can be written" \
    "$TOOL" token
rm "$CONF"
mv "$HOME/.config" "$HOME/.config.away"
echo file >"$HOME/.config"
refuses "a file where the folder belongs" "cannot read $CONF: " "$TOOL" token
rm "$HOME/.config"
bounded "$TOOL" token
is "$rc" 0 "no folder at all is fine"
mv "$HOME/.config.away" "$HOME/.config"

# Without permission, as an ordinary user (to root everything is readable)
mkdir -p "$WORK/other/home/.config" "$WORK/other/run"
other=$WORK/other/home/.config/parallel-credential.conf
echo 'timeout = 3s' >"$other"
chmod -R go-rwx "$WORK/other"
! is_root || chown -R 65534:65534 "$WORK/other"
as_other=("${user[@]}" env "HOME=$WORK/other/home"
    "XDG_RUNTIME_DIR=$WORK/other/run")
bounded "${as_other[@]}" "$TOOL" config
if [ "$rc" -ne 0 ]; then
    skip "without permission" "$PREFIX is not open to ordinary users"
else
    like "$out" "timeout = 3s  ; $other:1" "as an ordinary user"
    chmod 000 "$other"
    refuses "not readable" "cannot read $other: Permission denied" \
        "${as_other[@]}" "$TOOL" config
    chmod 600 "$other"
    chmod 000 "${other%/*}"
    refuses "a folder that lets nobody in" \
        "cannot read $other: Permission denied" \
        "${as_other[@]}" "$TOOL" config
    chmod 700 "${other%/*}"
    if is_root; then
        chown 65533 "$other"
        chmod 644 "$other"
        refuses "somebody else's file" \
            "$other belongs to uid 65533, neither to root nor to you" \
            "${as_other[@]}" "$TOOL" config
        chown 0 "$other"
        bounded "${as_other[@]}" "$TOOL" config
        is "$rc" 0 "root's file is fine"
    else
        skip "somebody else's file" "only root can give a file away"
    fi
fi

# ---- good values ------------------------------------------------------------

# takes KEY VALUE SHOWN: it is taken, and config shows it so with its origin
takes() {
    configure '# the line before' "$1 = $2"
    is "$(both "$1")" "$3:$CONF:2" "$1 = $2"
}
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
for key in connect_timeout lock_timeout prompt_backoff timeout; do
    takes $key 17s 17s
done
takes timeout 3s 3s
takes timeout 3 3s
takes timeout 1.5s 1.5s
takes timeout 500ms 0.5s
takes timeout 1ms 0.001s
takes timeout 2min 120s
takes timeout 1h 3600s
takes timeout 24h 86400s
takes timeout '2 min' 120s
takes timeout 0.5h 1800s
takes timeout 010 10s
for key in platform_url service_api_url api_url; do
    takes $key https://a.example:8443/base https://a.example:8443/base
    takes $key http://127.0.0.1:8080 http://127.0.0.1:8080
done
takes api_url https://a.example https://a.example
takes api_url https://a.example/base/// https://a.example/base
takes api_url http://localhost/x http://localhost/x
takes api_url 'http://[::1]:99' 'http://[::1]:99'
takes proxy none none
takes proxy http://proxy.example:3128 http://proxy.example:3128
takes proxy https://proxy.example https://proxy.example
takes store auto auto
takes store file file
takes export_environment yes yes
takes export_environment no no
takes ca_file "$CA_FILE" "$CA_FILE"
takes ca_directory "$CA_DIR" "$CA_DIR"
takes client_id abc-123_x abc-123_x
takes scopes keys:read keys:read
takes scopes 'keys:read apps:read' 'keys:read apps:read'
printf '\357\273\277timeout = 31s\n' >"$CONF"
is "$(value timeout)" 31s "a byte order mark"
printf '# x\r\ntimeout = 32s\r\n\r\n' >"$CONF"
is "$(both timeout)" "32s:$CONF:2" "CRLF"
printf '; x\n#y\n\n  \t\ntimeout=33s ; a comment' >"$CONF"
is "$(both timeout)" "33s:$CONF:5" \
    "comments, empty lines, no line feed at the end"
printf 'scopes = %s\n' "$(repeat a 189)" >"$CONF"
is "$(value scopes)" "$(repeat a 189)" "198 bytes"
: >"$CONF"
is "$(both timeout)" 30s:default "an empty file"

# config: every key with its value and its origin
"$TOOL" config >"$WORK/config"
"$TOOL" config --json >"$WORK/config.json"
is "$(sed 's/ = .*//' "$WORK/config")" "$(jq -r .key "$WORK/config.json")" \
    "config and config --json show the same keys"
is "$(sed 's/ = .*//' "$WORK/config")" \
    "$(sed 's/ = .*//' "$WORK/config" | LC_ALL=C sort -u)" \
    "in order, each once"
for key in api_url ca_directory ca_file client_id connect_timeout \
    export_environment lock_timeout platform_url prompt_backoff proxy scopes \
    service_api_url store timeout; do
    like "$(grep "^$key = " "$WORK/config")" "  ; default$" \
        "config shows $key, a default"
done
is "$(jq -r 'select(.key == "platform_url").value' "$WORK/config.json")" \
    https://platform.parallel.ai "the public platform is the default"
configure 'timeout = 7s'
is "$("$TOOL" config | grep ^timeout)" "timeout = 7s  ; $CONF:1" \
    "config shows where a value comes from"
configure 'platform_url = https://a.example'
for each in PLATFORM:platform SERVICE_API:service_api API:api; do
    variable=PARALLEL_${each%:*}_URL key=${each#*:}_url
    export "$variable"=https://b.example/
    is "$(both "$key")" "https://b.example:$variable" \
        "$variable goes before the file"
    export "$variable"=
    isnt "$(value "$key")" https://b.example "$variable, empty: as if unset"
    export "$variable"=http://b.example
    refuses "$variable with plain http" "the variable $variable: .*https" \
        "$TOOL" config
    unset "$variable"
done
use_http

# ---- changes ----------------------------------------------------------------

# warm: the session cache is good, so that a token costs nobody a look
warm() {
    "$TOOL" token >"$WORK/warm.out" 2>&1
}
configure '# nothing'
check "a warm cache" warm
printf 'nope = 1\n' >"$CONF"
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
is "$rc:$out" 2: "a mistake holds from the next get"
configure '# nothing at all'
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
like "$rc:$out" "^0:.*" "mended, from the next get"
like "$out" "^password=" "which answers"
check "a warm cache" warm
rm "$CONF"
check "a warm cache, without the file" warm
printf 'nope = 1\n' >"$CONF"
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
is "$rc:$out" 2: "a file that appears holds from the next get"
rm "$CONF"
check "a warm cache" warm
unset PARALLEL_PLATFORM_URL
configure 'platform_url = https://another.example'
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
is "$out" "" "platform_url changed: another's token is not served"
rm "$CONF"
run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
like "$out" "password=$token" "and back"

# Two issuers: the file pins one, a variable chooses another.
use_http
new_person
check "sign in to one" sign_in
http_token=$("$TOOL" token)
use_https
configure "ca_file = $CA_FILE"
check "sign in to the other, by its own CA" sign_in
https_token=$("$TOOL" token)
isnt "$https_token" "$http_token" "two tokens"
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
is "$("$TOOL" token)" "$https_token" "nothing is chosen: the newest"
for round in first second; do
    configure "ca_file = $CA_FILE" "platform_url = $HTTP_PLATFORM_URL"
    is "$("$TOOL" token)" "$http_token" "platform_url pins one, $round time"
    is "$("$TOOL" token)" "$http_token" "platform_url pins one, warm"
    is "$("$TOOL" status --json | jq -r .issuer)" "$HTTP_PLATFORM_URL" \
        "status agrees"
    configure "ca_file = $CA_FILE" "platform_url = $HTTPS_PLATFORM_URL/"
    is "$("$TOOL" token)" "$https_token" "platform_url pins the other, $round"
    is "$("$TOOL" token)" "$https_token" "platform_url pins the other, warm"
    is "$(PARALLEL_PLATFORM_URL=$HTTP_PLATFORM_URL "$TOOL" token)" \
        "$http_token" "a variable chooses all the same"
done
configure "platform_url = https://nobody.example"
bounded "$TOOL" token
is "$rc:$out" 3: "platform_url of somebody unknown: not signed in"

# ---- the system's files -----------------------------------------------------

# They lie at a place that is compiled in, below $PREFIX. There, for the
# commands behind "${inside[@]}" alone, stands a tree of ours.
ETC=$PREFIX/etc
SYSTEM=$ETC/parallel-credential.conf
tree=$WORK/tree
mkdir -p "$tree"
(cd "$PREFIX" && cp -a --parents bin/parallel-credential \
    libexec/parallel-credential "$tree") 2>"$WORK/tree.err"
mkdir -p "$tree/etc"
system=$tree/etc/parallel-credential.conf
chmod -R go+rX "$tree"
inside=(unshare --mount --propagation private)
is_root || inside+=(--user --map-root-user)
inside+=(sh -c 'mount --bind "$1" "$2" || exit 99; shift 2; exec "$@"' sh
    "$tree" "$PREFIX")
use_http
new_person
echo 'timeout = 41s' >"$system"
bounded "${inside[@]}" true
if [ "$rc" -ne 0 ]; then
    skip "the system's files" "no mount namespace of our own here"
    finish
elif [ "$(value timeout)" != 41s ]; then
    skip "the system's files" "they do not lie in $ETC"
    finish
fi
# sys_bad NAME FILE LINE PATTERN: that file of the system's, as it comes on
# standard input, is refused
sys_bad() {
    cat >"$tree/etc/${2#"$ETC"/}"
    refuses "$1" "$2:$3: .*$4" "${inside[@]}" "$TOOL" config
}
is "$(both timeout)" "41s:$SYSTEM:1" "the system's file"
is "$(both store)" auto:default "the rest are the defaults"
is "$("$TOOL" config | grep ^timeout)" "timeout = 30s  ; default" \
    "outside, nothing of that is seen"

# Later wins: the file, the drop-ins by name, the person's, the environment.
dropins=$system.d
mkdir "$dropins"
printf 'timeout = 42s\nconnect_timeout = 1s\n' >"$dropins/20-b.conf"
printf 'timeout = 43s\nlock_timeout = 9s\n' >"$dropins/10-a.conf"
for each in .hidden.conf 30.conf~ 30.bak README .conf 30.conf.dpkg-old; do
    echo 'this is not read' >"$dropins/$each"
done
is "$(both timeout)" "42s:$SYSTEM.d/20-b.conf:1" \
    "drop-ins in the order of their names"
is "$(value lock_timeout):$(value connect_timeout)" 9s:1s "each counts"
echo 'timeout = 44s' >"$dropins/9.conf"
is "$(value timeout)" 44s "9 comes after 20, as text"
rm "$dropins/9.conf"
configure 'timeout = 45s'
is "$(both timeout)" "45s:$CONF:1" "the person's is later"
echo 'platform_url = https://sys.example' >"$system"
is "$(both platform_url)" \
    "$PARALLEL_PLATFORM_URL:PARALLEL_PLATFORM_URL" \
    "the environment is the last"
rm "$CONF"

# A change of any of them holds from the next get on.
control approve '{"user_code":"any","wait_ms":20000}' >"$WORK/approve.out" &
bounded "${inside[@]}" "$TOOL" login --json --no-browser
wait $!
is "$rc" 0 "sign in"
get_inside() {
    run timeout -k 1 "$PATIENCE" "${inside[@]}" "$TOOL" get <"$WORK/request"
}
request >"$WORK/request"
get_inside
get_inside
like "$rc:$out" "^0:" "a warm cache"
echo 'nope = 1' >"$dropins/15.conf"
get_inside
like "$rc:$out:$err" "^2::.*$SYSTEM.d/15.conf:1: " "a new drop-in"
echo 'timeout = 46s' >"$dropins/15.conf"
get_inside
is "$rc" 0 "mended"
echo 'nope = 1' >>"$dropins/20-b.conf"
get_inside
like "$rc:$out:$err" "^2::.*$SYSTEM.d/20-b.conf:3: " "a drop-in changed"
sed -i '$d' "$dropins/20-b.conf"
get_inside
is "$rc" 0 "mended"
echo 'nope = 1' >>"$system"
get_inside
like "$rc:$out:$err" "^2::.*$SYSTEM:2: " "the file changed"
mv "$system" "$system.away"
get_inside
is "$rc" 0 "the file gone"
rm -r "$dropins"
get_inside
is "$rc" 0 "the folder gone"

# Mistakes
printf 'timeout = 3s\nnope = 1\n' |
    sys_bad "system: an unknown key" "$SYSTEM" 2 'unknown key "nope"'
printf 'timeout = x\n' |
    sys_bad "system: a bad value" "$SYSTEM" 1 'timeout: '
printf '[nope]\nx = 1\n' |
    sys_bad "system: an unknown section" "$SYSTEM" 2 'unknown section'
printf '[policy]\nnope = 1\n' |
    sys_bad "policy: an unknown key" "$SYSTEM" 2 'unknown key "nope"'
printf 'locked_keys = timeout\n' |
    sys_bad "policy: outside of its section" "$SYSTEM" 1 'in the section \[pol'
printf '[policy]\nlocked_keys = timeout nope\n' |
    sys_bad "policy: an unknown key to lock" "$SYSTEM" 2 'no key "nope"'
printf '[policy]\ntimeout = 3s\n' |
    sys_bad "policy: a key that does not belong there" "$SYSTEM" 2 'timeout'
printf '[policy]\nlocked_keys = timeout\nlocked_keys = scopes\n' |
    sys_bad "policy: a key twice" "$SYSTEM" 3 'second time'
rm "$system"
mkdir "$dropins"
printf 'a\n' | sys_bad "drop-in: no =" "$SYSTEM.d/1.conf" 1 'key = value'
printf 'timeout = 3s\n timeout = 4s\n' |
    sys_bad "drop-in: a continuation line" "$SYSTEM.d/1.conf" 2 'continuation'
echo 'timeout = 3s' >"$dropins/1.conf"
chmod 666 "$dropins/1.conf"
refuses "drop-in: others can write it" \
    "$SYSTEM.d/1.conf can be written by others" "${inside[@]}" "$TOOL" token
rm "$dropins/1.conf"
mkdir "$dropins/1.conf"
refuses "drop-in: a folder" "$SYSTEM.d/1.conf is not a regular file" \
    "${inside[@]}" "$TOOL" token
rmdir "$dropins/1.conf"
chmod 777 "$dropins"
refuses "a folder that others can write" \
    "$SYSTEM.d can be written by others" "${inside[@]}" "$TOOL" token
chmod 755 "$dropins"
rmdir "$dropins"
echo file >"$dropins"
refuses "a file where the folder belongs" "$SYSTEM.d is not a folder" \
    "${inside[@]}" "$TOOL" token
rm "$dropins"
mkdir "$system"
refuses "a folder where the file belongs" "$SYSTEM is not a regular file" \
    "${inside[@]}" "$TOOL" token
rmdir "$system"
if is_root; then
    echo 'timeout = 3s' >"$system"
    chown 65533 "$system"
    refuses "system: somebody else's file" \
        "$SYSTEM belongs to uid 65533" "${inside[@]}" "$TOOL" token
    chown 0 "$system"
    for mode in 000 600; do
        chmod $mode "$system"
        refuses "system: not readable, mode $mode" \
            "cannot read $SYSTEM: Permission denied" \
            "${inside[@]}" "${as_other[@]}" "$TOOL" token
    done
    chmod 644 "$system"
    mkdir "$dropins"
    chmod 700 "$dropins"
    refuses "system: a folder that is not readable" \
        "cannot read $SYSTEM.d: Permission denied" \
        "${inside[@]}" "${as_other[@]}" "$TOOL" token
    chmod 755 "$dropins"
    bounded "${inside[@]}" "${as_other[@]}" "$TOOL" config
    like "$rc:$out" "^0:.*" "mended"
    rm -r "$system" "$dropins"
else
    skip "the system's files without permission" "needs root"
fi

# Policy: locked keys
cat >"$system" <<EOF
timeout = 51s
platform_url = $HTTP_PLATFORM_URL
service_api_url = $HTTP_SERVICE_API_URL
[policy]
locked_keys = timeout, platform_url service_api_url scopes
EOF
for key in timeout platform_url service_api_url scopes; do
    is "$(locked $key)" true "$key is locked"
done
is "$(locked connect_timeout)" false "others are not"
like "$("${inside[@]}" "$TOOL" config)" "timeout = 51s  ; $SYSTEM:1, locked" \
    "config shows it"
for each in 'timeout = 52s' 'timeout = 51s' 'scopes = keys:read' \
    'platform_url = https://a.example'; do
    configure '# mine' "$each"
    refuses "locked: $each" "$CONF:2: ${each%% *} is locked" \
        "${inside[@]}" "$TOOL" token
done
configure 'connect_timeout = 2s'
is "$(value connect_timeout)" 2s "what is not locked is the person's"
export PARALLEL_PLATFORM_URL=https://evil.example
export PARALLEL_SERVICE_API_URL=https://evil.example/account
export PARALLEL_API_URL=http://127.0.0.1:9
is "$(value platform_url):$(value service_api_url)" \
    "$HTTP_PLATFORM_URL:$HTTP_SERVICE_API_URL" \
    "the environment does not change what is locked"
is "$(both platform_url)" "$HTTP_PLATFORM_URL:$SYSTEM:2" \
    "and config says whose it is"
is "$(value api_url)" http://127.0.0.1:9 "what is not locked it does"
use_http
bounded "${inside[@]}" "$TOOL" token
locked_token=$out
is "$rc" 0 "the locked issuer's token"
# A provider's section, and all of them
cp "$system" "$WORK/system.keep"
for each in acme '*'; do
    cat >"$system" <<EOF2
[provider acme]
issuer = https://acme.example
[policy]
locked_keys = provider.$each
EOF2
    configure '[provider acme]' 'issuer = https://evil.example'
    refuses "locked: provider.$each" "$CONF:2: .provider acme. is locked" \
        "${inside[@]}" "$TOOL" token
done
configure '[provider mine]' 'issuer = https://mine.example'
refuses "locked: one of my own" "$CONF:2: .provider mine. is locked" \
    "${inside[@]}" "$TOOL" token
sed -i 's/provider[.][*]/provider.acme/' "$system"
is "$(both provider.mine.issuer)" "https://mine.example:$CONF:2" \
    "what is not locked is the person's"
is "$(both provider.acme.issuer)" "https://acme.example:$SYSTEM:2" \
    "beside the system's"
configure 'connect_timeout = 2s'
cp "$WORK/system.keep" "$system"
# Another issuer's token lies there, too, and a variable asks for it.
configure "ca_file = $CA_FILE"
mv "$system" "$system.away"
use_https
control approve '{"user_code":"any","wait_ms":20000}' >"$WORK/approve.out" &
bounded "${inside[@]}" "$TOOL" login --json --no-browser
wait $!
is "$rc" 0 "sign in to another issuer, before the lock"
mv "$system.away" "$system"
for each in cold warm; do
    bounded "${inside[@]}" "$TOOL" token
    is "$out" "$locked_token" \
        "the locked issuer's token, whatever the environment says, $each"
done
# A lock may come in a drop-in, and without a value of its own.
echo '# nothing' >"$system"
mkdir "$dropins"
printf '[policy]\nlocked_keys = proxy platform_url\n' >"$dropins/50.conf"
configure 'proxy = none'
refuses "locked in a drop-in" "$CONF:1: proxy is locked" \
    "${inside[@]}" "$TOOL" token
rm "$CONF"
is "$(both platform_url)" \
    https://platform.parallel.ai:default \
    "locked without a value: the default"

# A private CA from the administrator
cat >"$system" <<EOF
platform_url = $HTTPS_PLATFORM_URL
service_api_url = $HTTPS_SERVICE_API_URL
api_url = $HTTPS_API_URL
EOF
echo "ca_file = $CA_FILE" >"$dropins/50.conf"
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
new_person
control approve '{"user_code":"any","wait_ms":20000}' >"$WORK/approve.out" &
bounded "${inside[@]}" "$TOOL" login --json --no-browser
wait $!
is "$rc" 0 "a private CA in a drop-in: sign in"
bounded "${inside[@]}" "$TOOL" refresh
is "$rc" 0 "a private CA in a drop-in: refresh"
rm "$dropins/50.conf"
bounded "${inside[@]}" "$TOOL" refresh
is "$rc" 4 "without it: exit 4"
like "$err" "cannot verify .*certificate" "and it names the certificate"
finish
