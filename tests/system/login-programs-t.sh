#!/bin/bash
# The PAM module in the real sshd, su, login and sudo, with invented users on
# a machine of our own: what people see and when, what processes and files
# there are, and that nothing about it keeps anybody from logging in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/host.sh"
[ -z "${SANITIZED-}" ] ||
    skip_all "a sanitizer's library does not fit into foreign programs"
own_host "$0" sshd ssh ssh-keygen su login sudo pamtester

start_sandbox
control config '{"interval":1}' >"$WORK/control.out"
service other 'auth required pam_deny.so' 'account required pam_deny.so' \
    'password required pam_deny.so' 'session required pam_deny.so'
# all_services LINE...: the same for every login program
all_services() {
    local each
    for each in sshd su su-l login sudo sudo-i cron; do
        service "$each" 'auth required pam_unix.so' \
            'account required pam_unix.so' 'session required pam_unix.so' "$@"
    done
    for each in su su-l; do
        sed -i '1i auth sufficient pam_rootok.so' "/etc/pam.d/$each"
    done
}
use_sandbox() {
    host_configure "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" \
        "api_url = $HTTP_API_URL" "$@"
}
all_services parallel
use_sandbox
echo 'root ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers
chmod 440 /etc/sudoers
printf 'MOTD_FILE ""\nLOGIN_TIMEOUT 60\nLOGIN_RETRIES 1\n' >/etc/login.defs
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
start_sshd

# ---- words -------------------------------------------------------------------

# terminal [STEP...] -- COMMAND...: somebody at a terminal; $screen is what it
# has shown, with nothing but CR LF ending its lines, $rc the status
screen=''
terminal() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        LC_ALL="${LOCALE-C.UTF-8}" "$HERE/terminal.py" "$WORK/screen" \
        "$@" 2>"$WORK/terminal.err"
    rc=$?
    sed 's/^/# /' "$WORK/terminal.err"
    screen=$(sed -e 's/\r$//;t' -e 's/$/<no CR>/' "$WORK/screen")
}
ends_shell=('see=\$ $' 'type=exit')

# The code that was given out last.
newest_code() {
    state '.pending[0].user_code'
}
# authorize_text CODE [LAST LINE]: what a person is to see
authorize_text() {
    echo "To connect this account to Parallel, open
    $HTTP_PLATFORM_URL/device?user_code=$1
and approve, if the page shows the code $1
${2-There is no need to wait for it.}"
}
connected='This account is now connected to Parallel as Acme \(approved 20[0-9][0-9]-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}\)\.
If that was not you, undo it: parallel-credential logout'
# is_screen REGEX NAME: the whole of it
is_screen() {
    if [[ $screen =~ ^$1$ ]]; then ok "$2"; else
        not_ok "$2" "got:
$screen
want:
$1"
    fi
}
approve() {
    control approve "{\"user_code\":\"$1\"}" >"$WORK/control.out"
}
# The interval since the last poll has passed: the next session asks at once.
may_poll() {
    [ "$(date +%s%3N)" -gt "$(sed -n 's/^next_poll=//p' "$STATE/pending")" ]
}
codes() {
    state .requests.code
}
signed_in() {
    as_user "$TOOL" token >"$WORK/token" 2>"$WORK/token.err"
}
# All that lies in the home is the person's, and nobody else's to read.
foreign_files() {
    find "$home" -mindepth 1 ! \( -user "$user" -group "$user" \( \
        -type d -perm 700 -o -type f -perm 600 \) \) -printf '%M %u:%g %p\n'
}

# A session that stays: ssh running a command, until end_session.
begin_session() {
    rm -f "$WORK/hold"
    mkfifo "$WORK/hold"
    exec {hold}<>"$WORK/hold"
    "${ssh[@]}" 'echo here; cat' <"$WORK/hold" >"$WORK/session.out" \
        2>"$WORK/session.err" {hold}>&- &
    session=$!
    wait_until 10 grep -q here "$WORK/session.out"
}
end_session() {
    exec {hold}>&-
    wait "$session"
}

# ---- ssh: what is seen ---------------------------------------------------------

for method in publickey password keyboard-interactive; do
    new_user
    ssh_by "$method"
    case $method in
    publickey)
        steps=()
        asks=''
        ;;
    password)
        steps=('see=password: ' "type=$PASSWORD")
        asks=$'\r'"$user@127.0.0.1's password: "$'\n'
        ;;
    keyboard-interactive)
        steps=('see=Password: ' "type=$PASSWORD")
        asks=$'\r'"($user@127.0.0.1) Password: "$'\n'
        ;;
    esac
    terminal "${steps[@]}" "${ends_shell[@]}" -- "${ssh[@]}"
    code=$(newest_code)
    is "$screen" "$asks$(authorize_text "$code")
\$ exit" "ssh by $method: the code stands before the first prompt"
    check "nobody polls after the logout" wait_until 5 no_poller
    is "$(foreign_files)" "" "all files are the person's, 0600 and 0700"
done

terminal "${steps[@]}" "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" "$asks$(authorize_text "$code")
\$ exit" "a login while it is pending: the same code"
approve "$code"
wait_until 5 may_poll
terminal "${steps[@]}" "${ends_shell[@]}" -- "${ssh[@]}"
is_screen ".*Password: "$'\n'"$connected"$'\n''\$ exit' \
    "approved between two logins: the next one says so"
check "and has the credential" signed_in
terminal "${steps[@]}" "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" "$asks\$ exit" "the one after it says nothing"
is "$(codes)" 3 "one code for each person"

# ---- ssh: what runs --------------------------------------------------------------

new_user
ssh_by publickey
begin_session
check "a command over ssh: somebody polls" wait_until 5 poller
status=/proc/$(poller)/status
is "$(awk '/^[UG]id:/ { $1 = ""; print }' "$status" | sort -u)" \
    " $uid $uid $uid $uid" "as the person, in every respect"
is "$(awk '/^Groups:/ { print NF - 1 }' "$status")" 0 \
    "without supplementary groups"
is "$(awk '/^CapEff:/ { print $2 }' "$status")" 0000000000000000 \
    "without capabilities"
is "$(stat -c %u "/proc/$(poller)/environ")" 0 "closed to debuggers"
is "$(tr '\0' '\n' <"/proc/$(poller)/environ" | sort)" "HOME=$home
LOGNAME=$user
USER=$user" "its environment is three names"
is "$(readlink "/proc/$(poller)/cwd")" / "in no folder that could be unmounted"
is "$(find "/proc/$(poller)/fd" -type l -printf '%l\n' |
    grep -vE '^(socket|pipe|anon_inode):' | sort -u)" "/dev/null
$STATE/polling" "its open files: the lock"
is "$(ps -o sid= -p "$(poller)" | tr -d ' ')" "$(poller)" \
    "in a session of its own: no terminal reaches it"
is "$(cat "$WORK/session.out")$(cat "$WORK/session.err")" here \
    "the command's own output, nothing else"
approve "$(newest_code)"
check "approved in the session: the credential is there" \
    wait_until 5 signed_in
check "and nobody polls any more" wait_until 5 no_poller
end_session
