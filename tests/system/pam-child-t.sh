#!/bin/bash
# The PAM module and its child: whatever the front does, or whoever stands in
# its place, whatever the login program is like and however it calls, the
# login goes on, in time, and nothing is left behind.
# shellcheck source=../pam/pam.sh
. "$(dirname "$0")/../pam/pam.sh"
command -v "${CC:=cc}" >/dev/null || skip_all "there is no C compiler"
$CC -std=gnu11 -D_GNU_SOURCE -O1 -o "$WORK/fake-front" \
    "$PAM_HERE/fake-front.c" || exit 1

# The module's front is whatever lies in here.
FRONT=$PREFIX/bin/parallel-credential
cp -a "$PREFIX/bin" "$WORK/bin" && mount --bind "$WORK/bin" "$PREFIX/bin" ||
    exit 1
cp "$FRONT" "$WORK/true-front"
install_front() {
    rm -rf "$FRONT"
    cp "$1" "$FRONT"
    chmod 755 "$FRONT"
}
install_front "$WORK/fake-front"

# ---- checking ----------------------------------------------------------------

# front MODE...: what the front does for the last person()
front() {
    echo "$*" >"$HOME_OF/mode"
}
# events FORMAT...: what it writes in mode raw, each line by printf
events() {
    printf '%b\n' "$@" >"$HOME_OF/raw"
    front raw 0
}
EVENT_OK='event=done\n'

# What was shown, as it would be on the terminal.
shown() {
    printf '%b\n' "$(said "say info")"
}
# Text as the driver prints it that must reach neither a message nor the
# environment nor the log: control characters but the line feed, DEL, C1,
# bidirectional controls, what is no UTF-8.
harmful() {
    local text
    text=$(printf '%b.' "$1")
    ! iconv -f UTF-8 -t UTF-8 <<<"$text" >"$WORK/iconv.out" 2>&1 ||
        grep -Pqz '[\x00-\x09\x0b-\x1f\x7f\x{80}-\x{9f}\x{061c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}]' \
            <<<"$text"
}
# What is wrong with the login that was driven, if anything: it called open
# and close and told its state before and after.
wrong() {
    local limit=$1 line name
    [ "$(result open):$(result close)" = PAM_SUCCESS:PAM_SUCCESS ] ||
        echo "result: $(result open) $(result close)"
    [ "$rc" -eq 0 ] || echo "exit $rc"
    awk -v ms="$(took open)" -v limit="$limit" \
        'BEGIN { exit !(ms > limit) }' && echo "took $(took open) ms"
    [ "$(states | sort -u | wc -l)" -eq 1 ] || states
    [ "$(field children)" = none ] || echo "children: $(field children)"
    while IFS= read -r line; do
        [ -z "$line" ] || ! harmful "$line" || echo "harmful: $line"
    done < <(said say && said env && said log)
    while IFS= read -r line; do
        name=${line%%=*}
        [[ $name =~ ^PARALLEL_[A-Z0-9_]*$ ]] || echo "environment: $line"
    done < <(said env)
    [ "$(memory_growth)" -lt 2500 ] || echo "grew by $(memory_growth) KB"
}
memory_growth() {
    [ -z "${SANITIZED-}" ] || { echo 0 && return; }
    said state | tr ' ' '\n' | sed -n 's/^rss=//p' |
        awk 'NR == 1 { first = $1 } { last = $1 } END { print last - first }'
}
# goes_on NAME [LIMIT_MS [LOG_REGEX]]: so it does. Without a limit the time
# does not matter much: half a minute.
goes_on() {
    local complaint
    drive "${SERVICE[@]}" state open env close state
    complaint=$(wrong "${2-30000}")
    [ -z "${3-}" ] || said log | grep -Eq -- "$3" ||
        complaint+="no such log line: $3"
    if [ -z "$complaint" ]; then ok "$1"; else
        not_ok "$1" "$complaint
$(head -c 1000 <<<"$out")"
    fi
}
# lasted LEAST MOST NAME: the time that open took, in ms
lasted() {
    is "$(awk -v ms="$(took open)" -v least="$1" -v most="$2" \
        'BEGIN { print (ms >= least && ms <= most) ? "" : "no" }' </dev/null)" '' \
        "$3: $(took open) ms"
}
SERVICE=(ann)

# ---- what a front says -------------------------------------------------------

service login timeout=1
service silent silent
person ann
ADDRESS=https://platform.example/device

events 'event=message' 'text[]=one' 'text[]=two' '' \
    'event=environment' 'PARALLEL_API_KEY=key' '' 'event=done' ''
goes_on "a good front" 5000
is "$(said "say info")" 'one\x0atwo' "the lines of a message are one message"
is "$(said env)" PARALLEL_API_KEY=key "the environment"
is "$(said log)" '' "nothing is logged"

code=('event=authorize' "verification_uri=$ADDRESS"
    "verification_uri_complete=$ADDRESS?user_code=AB-CD" 'user_code=AB-CD')
events "${code[@]}" '' "$EVENT_OK"
goes_on "a code"
is "$(said "say info" | wc -l)" 1 "a code is one message"
like "$(shown)" "^ *$ADDRESS\?user_code=AB-CD$" "with the address"
like "$(shown)" ' AB-CD$' "and the code"
events "event=authorize" "verification_uri=$ADDRESS" 'user_code=AB-CD' '' \
    "$EVENT_OK"
goes_on "a code with the short address only"
like "$(shown)" "^ *$ADDRESS\$" "that is shown"
events 'event=error' 'text=the lamp is out' '' "$EVENT_OK"
goes_on "an error" 5000 '^5 .*user ann .*the lamp is out'
is "$(said say)" '' "which is not shown"
events 'event=weather' 'text[]=rain' '' "$EVENT_OK"
goes_on "an event nobody knows"
is "$(said say)$(said env)$(said log)" '' "is passed over"
events '' "$EVENT_OK"
goes_on "a blank line too many"
is "$(said log)" '' "is passed over"
events "$EVENT_OK" 'event=message' 'text[]=too late' '' \
    'event=environment' 'PARALLEL_X=too late' ''
goes_on "what comes after the end"
is "$(said say)$(said env)" '' "is not heeded"

# ---- what it must not say ----------------------------------------------------

# Names and values: one event each, so that each stands for itself.
names=('LD_PRELOAD=/tmp/evil.so' 'PATH=/' '../PARALLEL_X=x' 'PARALLEL=x'
    'PARALLEL_../X=x' 'PARALLEL_x=x' 'parallel_X=x' ' PARALLEL_X=x'
    'PARALLEL_X =x' 'PARALLEL_X\e[1m=x' 'PARALLEL_\xe2\x80\xae=x'
    'XPARALLEL_X=x' 'LD_PRELOAD\x20PARALLEL_X=x'
    "PARALLEL_$(printf 'X%.0s' {1..80})=x"
    'PARALLEL_E=\e[31m' 'PARALLEL_T=a\tb' 'PARALLEL_D=\x7f'
    'PARALLEL_C=\xc2\x9b' 'PARALLEL_B=\xe2\x80\xae' 'PARALLEL_U=\xff\xfe'
    "PARALLEL_L=$(printf 'x%.0s' {1..5000})")
lines=()
for each in "${names[@]}"; do
    lines+=('event=environment' "$each" '')
done
events "${lines[@]}" 'event=environment' PARALLEL_GOOD=x '' "$EVENT_OK"
goes_on "${#names[@]} bad names and values" 5000
is "$(said env)" PARALLEL_GOOD=x "none of them gets into the environment"
# More than 32 events is too many already, so a few at a time.
lines=(event=environment)
for each in {1..100}; do
    lines+=("PARALLEL_X$each=$each")
done
events "${lines[@]}" '' "$EVENT_OK"
goes_on "a hundred variables"
is "$(said env | wc -l)" 8 "eight of them are taken"

# Bytes that no block can have: nothing of it is heeded, nobody waits.
for each in 'text[]=a\x00b' 'text[]=a\rb' 'text[]=a\r' 'no equals sign' '=x' \
    "text[]=$(printf 'x%.0s' {1..70000})"; do
    events 'event=message' "$each" '' 'event=environment' 'PARALLEL_X=x' '' \
        "$EVENT_OK"
    goes_on "a line that is none: ${each:0:20}" 900 'said what it never should'
    is "$(said say)$(said env)" '' "nothing of it is heeded"
done

texts=('\e[2J\e]0;title\a' 'a\bb\tc\vd\fe' '\x7f' '\xc2\x9b31m' '\xc2\x85'
    '\xe2\x80\xae' '\xe2\x81\xa6' '\xe2\x80\x8f' '\xd8\x9c' '\xef\xbb\xbf'
    '\xff\xfe\x80' '\xc0\x9b' '\xe0\x80\x9b' '\xed\xa0\x80' '\xf5\x80\x80\x80'
    '\xe2\x80' '\xf3\xa0\x81\x81' '%n%s%x%m')
lines=('event=message')
for each in "${texts[@]}"; do
    lines+=("text[]=<$each>")
done
events "${lines[@]}" '' "$EVENT_OK"
goes_on "a message of bytes that a terminal obeys"
is "$(shown | grep -c '^<?')" $((${#texts[@]} - 2)) "each becomes '?'"
like "$(shown)" '^<%n%s%x%m>$' "a message is no format"
events 'event=message' 'text[]=Grüße, 世界 🙂' '' "$EVENT_OK"
goes_on "UTF-8"
is "$(shown)" 'Grüße, 世界 🙂' "is shown as it is"
lines=('event=message')
for each in {1..1000}; do
    lines+=("text[]=$each $(printf '€%.0s' {1..300})")
done
events "${lines[@]:0:100}" '' "$EVENT_OK"
goes_on "a long message"
is "$(shown | wc -l)" 64 "is cut to 64 lines"
[ "$(shown | wc -L)" -gt 100 ] && [ "$(shown | head -1 | wc -c)" -le 512 ]
is $? 0 "of 511 bytes at most, at a character's border"
events 'event=error' 'text=a\e[1mb\xe2\x80\xaec' '' "$EVENT_OK"
goes_on "an error text of such bytes" 5000 'a\?\[1mb\?c'

# Addresses that a person must not be sent to.
long=$ADDRESS/$(printf 'x%.0s' {1..600})
for each in 'http://platform.example/' 'ftp://platform.example/' \
    'javascript:alert(1)' 'file:///etc/passwd' 'platform.example' '' \
    'https://me@platform.example/' 'https:///x' 'https://a b/' 'https://[::1' \
    'http://127.0.0.1.evil.example/' 'http://localhost.evil.example/' \
    'http://127.0.0.1@evil.example/' 'https://a/\xe2\x80\xae' \
    'https://a/\e[1m' 'https://\xd0\xb0pple.example/' 'HTTP://evil.example/' \
    "$long"; do
    events event=authorize "verification_uri=$each" \
        "verification_uri_complete=$each" user_code=AB-CD '' "$EVENT_OK"
    goes_on "an address that is none: ${each:0:40}"
    is "$(said say)" '' "is not shown"
done
events event=authorize "verification_uri=$ADDRESS" \
    "verification_uri_complete=http://evil.example/" user_code=AB-CD '' \
    "$EVENT_OK"
goes_on "a bad complete address"
like "$(shown)" "^ *$ADDRESS\$" "the short one takes its place"
unlike "$(shown)" evil "and it is not shown"
events event=authorize 'verification_uri=http://127.0.0.1:1234/device' \
    'user_code=A\e[1m' '' "$EVENT_OK"
goes_on "an address of this machine"
like "$(shown)" '^ *http://127.0.0.1:1234/device$' "may be http"
like "$(shown)" 'A\?\[1m$' "and the code is cleaned, too"
events event=authorize "verification_uri=$ADDRESS" '' "$EVENT_OK"
goes_on "no code"
is "$(said say)" '' "then nothing is shown"

# ---- what it must not do -----------------------------------------------------

half='event=message\ntext[]=ha'
events "${code[@]}" '' "$EVENT_OK"
cp "$HOME_OF/raw" "$WORK/raw.good"
for each in 0 1 3 77 255; do
    events ''
    front raw $each
    goes_on "nothing said, exit $each" 900 "too early, with status $each"
done
printf '%b' "$half" >"$HOME_OF/raw"
front raw 0
goes_on "ended within an event" 900 'too early'
is "$(said say)" '' "half an event is none"
front raw-killed
goes_on "killed within an event" 900 'killed by signal 9'
cp "$WORK/raw.good" "$HOME_OF/raw"
front raw-killed
goes_on "killed after the last event" 900
like "$(shown)" AB-CD "what it said counts"
front raw 4
goes_on "done, and then exit 4" 900
is "$(said log)" '' "that is its own business"

# These last as long as they are given, which is a second.
printf '%b' "$half" >"$HOME_OF/raw"
late='killed at its time limit'
for each in raw-pause stopped term early slowly; do
    front $each
    goes_on "$each: killed after its time" 4000 "$late"
    lasted 990 4000 "$each: not before"
    is "$(said say)$(said env)" '' "$each: nothing is shown"
done
printf '%b' "$half" >"$HOME_OF/raw"
front raw-grandchild 0
goes_on "a grandchild keeps the pipe open" 4000
printf 'event=done\n\n' >"$HOME_OF/raw"
front raw-grandchild 0
goes_on "a grandchild keeps the pipe open, but it is done" 900
is "$(said log)" '' "which is no trouble"
printf 'event=done\n\n' >"$HOME_OF/raw"
front raw-pause
goes_on "done, but it does not end" 4000
is "$(pgrep -cf 'session-open')" 2 "only the two grandchildren are left"
pkill -KILL -f session-open

# These are noticed at once.
astray='said what it never should'
front endless
goes_on "a line without end" 900 "$astray"
for each in 1 2 3 4 5 6; do
    front garbage $each
    goes_on "garbage $each" 900 "$astray"
done
events 'event=message' 'text[]=x' ''
front many 1000000
goes_on "a million messages" 900 "$astray"
is "$(said say | wc -l)" 32 "32 of them are shown"
printf '\n' >"$HOME_OF/raw"
front many 1000000
goes_on "a million blank lines" 900 "$astray"
events "event=environment" "PARALLEL_X=$(printf 'x%.0s' {1..4000})" ''
front many 1000000
goes_on "a million variables" 900 "$astray"
printf 'a=b\n' >"$HOME_OF/raw"
front many 1000000
goes_on "an event without end" 900 "$astray"
# 60 KB, so slowly that the reader sees most bytes by themselves: what was
# looked at is not looked at again.
{
    echo 'event=message'
    for each in {1..60}; do
        printf 'text[]=%01000d\n' "$each"
    done
} >"$HOME_OF/raw"
front slowly
goes_on "many bytes, one by one" 4000 "$late"

# ---- ten thousand sessions ---------------------------------------------------

rounds=10000
[ -z "${SANITIZED-}" ] || rounds=200
events "${code[@]}" '' 'event=environment' 'PARALLEL_X=x' '' "$EVENT_OK"
drive ann loop:100 state loop:$rounds state
is "$(said loop | tail -1 | sed 's/,.*//')" "$rounds failed 0" \
    "$rounds sessions, the module loaded for each"
is "$(states | sort -u | wc -l)" 1 "no descriptor, child or signal is left"
is "$(field children)" none "no child"
grown=$(memory_growth)
[ "$grown" -le 200 ]
is $? 0 "the memory has not grown: $grown KB"

# ---- whose session -----------------------------------------------------------

# left_alone USER NAME: the module has nothing to do with this user
left_alone() {
    rm -f "$HOME_OF/log"
    drive "$1" state open setcred:est setcred:reinit close state
    is "$(result open),$(result setcred),$(result close)" \
        PAM_PERM_DENIED,"PAM_SUCCESS PAM_SUCCESS",PAM_PERM_DENIED \
        "$2: PAM_IGNORE"
    is "$(said log)$(cat "$HOME_OF/log" 2>/dev/null)" '' \
        "$2: no child, nothing logged"
}
front raw 0
printf 'event=done\n\n' >"$HOME_OF/raw"
left_alone root "root"
add_entry toor 0 0 "$HOME_OF" /bin/sh
left_alone toor "root by another name"
left_alone nobody-knows "a user that is not there"
add_entry daemon 999 999 "$HOME_OF" /bin/sh
left_alone daemon "a system user"
add_entry homeless "$UID_OF" "$(group_of)" '' /bin/sh
left_alone homeless "no home in the password database"
add_entry far "$UID_OF" "$(group_of)" "/$(printf 'x%.0s' {1..5000})" /bin/sh
left_alone far "a home with too long a name"
drive '' open
is "$(result open)" PAM_PERM_DENIED "a user without a name"
run driver open </dev/null
is "$(result open)" PAM_PERM_DENIED "nobody"

add_entry bob "$UID_OF" "$(group_of)" "$HOME_OF" /bin/false
SERVICE=(bob)
goes_on "a user whose shell is /bin/false"
add_entry gecos "$UID_OF" "$(group_of)" "$HOME_OF" /bin/sh
sed -i "s,^gecos:.*,gecos:x:$UID_OF:$(group_of):$(printf 'x%.0s' \
    {1..40000}):$HOME_OF:/bin/sh," "$WORK/etc/passwd"
mount --bind "$WORK/etc/passwd" /etc/passwd
SERVICE=(gecos)
goes_on "an entry of 40,000 bytes"
SERVICE=(ann)

# PAM_USER is what it is now (sudo changes it).
rm -f "$HOME_OF/log"
drive ann open user:root close user:ann setcred:reinit user:root \
    setcred:reinit
is "$(result open),$(result close)" PAM_SUCCESS,PAM_PERM_DENIED \
    "PAM_USER changes between the calls"
is "$(wc -l <"$HOME_OF/log")" 2 "a child for each call as the user"

# ---- calls in any order ------------------------------------------------------

# open_fds: how many descriptors each "state" line tells of
open_fds() {
    said state | sed 's/ .*//' | tr -cd ',\n' |
        awk '{ print length($0) + 1 }' | paste -sd' '
}
# A session that waits for an approval keeps one descriptor: the pipe.
events "${code[@]}" '' "$EVENT_OK"
drive ann state open state open state close state close state
read -r -a fds < <(open_fds)
is "$((fds[1] - fds[0])) $((fds[2] - fds[0])) $((fds[3] - fds[0])) \
$((fds[4] - fds[0]))" '1 1 0 0' \
    "open twice keeps one pipe, the first close closes it"
is "$(result open),$(result close)" \
    "PAM_SUCCESS PAM_SUCCESS,PAM_SUCCESS PAM_SUCCESS" "and all succeeds"
drive ann state close open state end state
read -r -a fds < <(open_fds)
is "$((fds[1] - fds[0])) $((fds[2] - fds[0])):$(result close)" \
    1\ 0:PAM_SUCCESS "close without open; the end without close"
drive ann state open user:root close state
read -r -a fds < <(open_fds)
is "$((fds[1] - fds[0]))" 0 "the session ends whoever PAM_USER is by then"
drive ann state open state swap close state
is "$(states | sed -n 2p)" "$(states | sed -n 3p)" \
    "a descriptor that has become something else is not closed"
rm -f "$HOME_OF/log"
drive ann state setcred:delete setcred:reinit setcred:est open \
    setcred:refresh setcred:est close setcred:delete setcred:reinit state
is "$(result setcred | tr ' ' '\n' | sort -u)" PAM_SUCCESS \
    "setcred in every order succeeds"
is "$(grep -c -- --silent "$HOME_OF/log")" 3 \
    "REINITIALIZE and REFRESH start a silent child, the others none"
is "$(said say | wc -l)" 1 "and show nothing"
is "$(states | sort -u | wc -l)" 1 "and leave nothing"
rm -f "$HOME_OF/log"
drive ann auth
is "$(result auth):$(cat "$HOME_OF/log" 2>&1)" \
    "PAM_PERM_DENIED:cat: $HOME_OF/log: No such file or directory" \
    "authenticate is PAM_IGNORE, and does nothing"

# ---- conversations -----------------------------------------------------------

for each in fail null untouched none; do
    SERVICE=(ann --talk "$each")
    goes_on "a conversation of the kind '$each'"
done
SERVICE=(ann)
events "${code[@]}" '' 'event=message' 'text[]=x' '' 'event=environment' \
    PARALLEL_X=x '' "$EVENT_OK"
rm -f "$HOME_OF/log"
drive ann tty:tty1 state silent-open env silent-close state
is "$(said say):$(said env)" :PARALLEL_X=x \
    "PAM_SILENT: nothing is shown, the environment is set"
is "$(cut -d' ' -f3- "$HOME_OF/log")" "session-open $UID_OF $(group_of) --silent" \
    "the child knows"
SERVICE=(ann --service silent)
rm -f "$HOME_OF/log"
goes_on "the option silent"
is "$(said say):$(said env)" :PARALLEL_X=x "does the same"
SERVICE=(ann)

# ---- what the child is like --------------------------------------------------

front report
drive ann nofile:4096 leak:20 umask:000 chdir:/usr signals:ignore \
    setenv:LD_PRELOAD=/nonexistent.so setenv:PATH=/tmp setenv:HOME=/tmp \
    setenv:PARALLEL_PLATFORM_URL=https://evil.example \
    setenv:XDG_RUNTIME_DIR=/tmp setenv:LD_LIBRARY_PATH=/tmp \
    terminal tty:tty1 state open state
is "$(result open)$(said terminal)" PAM_SUCCESSok "a caller with bad habits"
is "$(states | sort -u | wc -l)" 1 "stays as it was"
report=$(cat "$HOME_OF/report")
# part NAME: of the report
part() {
    sed -n "/^== $1\$/,/^== /p" <<<"$report" | sed '/^==/d'
}
is "$(part fd | sed 's/pipe:.*/pipe/' | sort)" '0 /dev/null
1 pipe
2 /dev/null' "its descriptors: nothing, the pipe, nothing"
is "$(part environ)" "HOME=$HOME_OF
USER=ann
LOGNAME=ann" "its environment"
is "$(part cmdline)" "parallel-credential
session-open
$UID_OF
$(group_of)" "its arguments"
is "$(part rest)" "umask 077
cwd /
terminal none
leader 1
secure 0" "folder, umask, session"
# As root until its first act, and never in between (see pam-session-t.sh).
is "$(part status | awk '$1 == "Uid:" { print $2, $3, $4, $5 }')" \
    "$(is_root && echo 0 0 0 0 || echo "$ME $ME $ME $ME")" \
    "started as whoever the login program is"

# ---- what the login program is like ------------------------------------------

events "${code[@]}" '' "$EVENT_OK"
# unchanged NAME WORD...: with these words before it, a session works and
# leaves the program as it was
unchanged() {
    local name=$1
    shift
    drive ann "$@" state open close state
    is "$(result open),$(result close):$(shown | grep -c 'AB-CD$')" \
        PAM_SUCCESS,PAM_SUCCESS:2 "$name"
    is "$(states | sort -u | wc -l):$(field children)" 1:none \
        "$name: nothing has changed, no child is left"
}
for each in ignore handle default; do
    unchanged "SIGCHLD: $each" sigchld:$each
    is "$(field chld)" "$each" "SIGCHLD: $each stays"
    unchanged "SIGPIPE: $each" sigpipe:$each
    is "$(field pipe)" "$each" "SIGPIPE: $each stays"
done
unchanged "all signals blocked" signals:block
unchanged "all signals ignored" signals:ignore
unchanged "all signals handled" signals:handle
is "$(field handled)" 0 "our child is nobody's business: no handler is called"
unchanged "descriptors 0 to 2 closed" close-standard
is "$(field fds | grep -E '(^|,)[012](,|$)')" '' "they stay closed"
drive ann sigchld:handle child state open reap close state
is "$(said reap)" "ok 7" "a child of the program's own is left to it"
drive ann sigchld:ignore alarm:500 open close state
is "$(result open),$(result close)" PAM_SUCCESS,PAM_SUCCESS \
    "a signal every half millisecond"
front stopped
drive ann alarm:500 state open close state
is "$(result open),$(result close):$(field children)" \
    PAM_SUCCESS,PAM_SUCCESS:none "a signal every half millisecond, and nothing \
to read"
lasted 990 4000 "does not change the time"
events "${code[@]}" '' "$EVENT_OK"
if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 1048576 ] ||
    is_root; then
    few=$(drive ann nofile:1024 open close open && took open)
    many=$(drive ann nofile:1048576 open close open && took open)
    is "$(awk -v a="$few" -v b="$many" 'BEGIN { print (b - a < 60) }')" 1 \
        "a million possible descriptors cost no time: $few ms, $many ms"
else
    skip "a million possible descriptors cost no time" \
        "the limit of descriptors is $(ulimit -Hn)"
fi

# ---- what it brings along ----------------------------------------------------

# loaded SERVICE: the files that are mapped once a session is open, in a file
printf '%s required pam_permit.so\n' auth account session >"$CONFDIR/permit"
{
    cat "$CONFDIR/permit"
    grep ^session "$CONFDIR/login"
} >"$CONFDIR/both"
loaded() {
    drive ann --service "$1" open maps
    said maps | sort -u >"$WORK/loaded.$1"
}
loaded permit
loaded both
like "$(cat "$WORK/loaded.permit")" '/libc\.so' "what a program has loaded"
is "$(comm -13 "$WORK/loaded.permit" "$WORK/loaded.both")" \
    "$(realpath "$MODULE")" \
    "the program gains no shared object but the module"

# ---- options -----------------------------------------------------------------

rm -f "$HOME_OF/log"
# arguments OPTION...: those the child is started with, beyond uid and gid
arguments() {
    service options "$@"
    rm -f "$HOME_OF/log"
    drive ann --service options "${words[@]}" open close
    cut -d' ' -f6- "$HOME_OF/log"
}
words=(tty:tty1)
is "$(arguments)" '' "no options"
is "$(arguments wait=7)" --wait=7 "wait=7"
is "$(arguments wait=0 silent debug timeout=3)" --silent "silent"
is "$(arguments wait=600)" --wait=600 "wait=600"
is "$(arguments wait=5 wait=6)" --wait=6 "the last one counts"
is "$(arguments wait=7 silent)" --silent "silent: nobody waits"
words=(--locale C.UTF-8 tty:tty1)
is "$(arguments wait=7)" "--qr --wait=7" "a terminal of UTF-8 gets a picture"
is "$(arguments)" '' "but not when nobody waits"
words=(tty:ssh)
is "$(arguments wait=7)" --ssh "nobody waits under sshd"
words=(umask:022)
is "$(arguments wait=7)" "--ssh --wait=7" \
    "without a terminal, nobody may see what is shown"

service options min_uid=$((UID_OF + 1))
drive ann --service options open
is "$(result open)" PAM_PERM_DENIED "min_uid= above the user"
service options min_uid="$UID_OF"
drive ann --service options open
is "$(result open)" PAM_SUCCESS "min_uid= of the user"
service options debug
drive ann --service options open
like "$(said log)" '^7 .*session of ann: 2 events, waiting' "debug"
service options min_uid=0
drive root --service options open
is "$(result open)" PAM_PERM_DENIED "min_uid=0: root is left alone all the same"
front stopped
service options timeout=2
drive ann --service options open
lasted 1990 5000 "timeout=2"
service options timeout=0
drive ann --service options open
lasted 990 4000 "timeout=0 is 1"
service options timeout=1 wait=1
drive ann --service options open
lasted 1990 5000 "timeout=1 wait=1 is 2"

events "${code[@]}" '' "$EVENT_OK"
for each in wait wait= wait=-1 wait=+1 wait=601 wait=1s wait=0x10 \
    wait=99999999999999999999 timeout= timeout=61 timeout=-5 min_uid=x \
    min_uid=4294967295 min_uid silent=1 silent=yes SILENT debug= \
    use_first_pass nullok $'evil\e[31m' $'\xff' \
    "$(printf 'long%.0s' {1..100})"; do
    service options "$each" debug
    drive ann --service options state open close state
    is "$(result open),$(result close):$(states | sort -u | wc -l)" \
        PAM_SUCCESS,PAM_SUCCESS:1 "bad option: the login goes on"
    shown_option=${each//[$'\e\xff']/\?}
    like "$(said log | head -1)" \
        "^3 .*bad option, ignored: $(printf '%.60s' "$shown_option" |
            sed 's/[][?+]/\\&/g')" "it is named: $shown_option"
    if harmful "$(said log)"; then
        not_ok "it is logged harmlessly" "$(said log)"
    fi
    like "$(said log)" 'session of ann' "those after it count"
done

# ---- a front that is none ----------------------------------------------------

# refused NAME LOG_REGEX: no child, a line in the log, the login goes on
refused() {
    rm -f "$HOME_OF/log"
    goes_on "$1" 900 "^3 .*$2"
    is "$(cat "$HOME_OF/log" 2>/dev/null)" '' "$1: is not run"
    install_front "$WORK/fake-front"
}
not_safe='is not run: it must be a file that only root can write'
rm "$FRONT"
refused "the front is missing" 'cannot open .*No such file'
rm "$FRONT" && mkdir "$FRONT"
refused "the front is a folder" "$not_safe"
rm "$FRONT" && mkfifo -m 755 "$FRONT"
refused "the front is a pipe" "$not_safe"
chmod 775 "$FRONT"
refused "the front can be written by its group" "$not_safe"
chmod 757 "$FRONT"
refused "the front can be written by all" "$not_safe"
chmod 644 "$FRONT"
refused "the front cannot be executed" 'cannot run .*Permission denied'
: >"$FRONT"
refused "the front is empty" 'cannot run .*Exec format error'
printf '#!/bin/sh\nprintf "event=done\\n\\n"\n' >"$FRONT"
refused "the front is a script" 'cannot run '
rm "$FRONT" && ln -s "$WORK/nothing" "$FRONT"
refused "the front is a link to nothing" 'cannot open .*No such file'
rm "$FRONT" && cp "$WORK/fake-front" "$WORK/writable" &&
    chmod 777 "$WORK/writable" && ln -s "$WORK/writable" "$FRONT"
refused "the front is a link to what all can write" "$not_safe"
if is_root; then
    chown "$UID_OF" "$FRONT"
    refused "the front belongs to a user" "$not_safe"
else
    skip "the front belongs to a user" "only root can give files away"
fi
rm "$FRONT" && ln -s "$WORK/fake-front" "$FRONT"
goes_on "a link to a good front" 5000
like "$(shown)" AB-CD "is followed"
install_front "$WORK/fake-front"

# ---- the true front, and a user who stops it ---------------------------------

install_front "$WORK/true-front"
if is_root; then
    mkdir -p "$HOME_OF/.config"
    # Nobody listens there.
    printf '%s\n' platform_url=http://127.0.0.1:9 \
        service_api_url=http://127.0.0.1:9 api_url=http://127.0.0.1:9 \
        >"$HOME_OF/.config/parallel-credential.conf"
    give "$HOME_OF/.config"
    in_background setpriv --reuid="$UID_OF" --regid="$UID_OF" --clear-groups \
        bash -c 'echo $$ >&3; exec 3>&-
            while :; do kill -STOP -1; done' 3>"$WORK/stopper" 2>/dev/null
    check "a user who stops every process of theirs" \
        wait_until 10 test -s "$WORK/stopper"
    stopped=0 complaint=''
    for each in {1..8}; do
        drive ann state open env close state
        complaint+=$(wrong 4000)
        said log | grep -q "$late" && stopped=$((stopped + 1))
    done
    is "$complaint" '' "8 logins meanwhile go on (the child was stopped in \
$stopped)"
    kill -KILL "$pid"
    [ "$stopped" -gt 0 ]
    is $? 0 "and it was stopped"
else
    skip "a user who stops every process of theirs" "needs a second user"
fi
finish
