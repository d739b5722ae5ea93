#!/bin/bash
# The PAM module in the real sshd, su, login and sudo, with invented users on
# a machine of our own: what people see and when, what processes and files
# there are, and that nothing about it keeps anybody from logging in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/host.sh"
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
# Where time does not matter, there is plenty of it: the machine may be busy.
patient='parallel timeout=60'
all_services "$patient"
use_sandbox 'connect_timeout = 30s'
echo 'root ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers
chmod 440 /etc/sudoers
printf 'MOTD_FILE ""\nLOGIN_TIMEOUT 60\nLOGIN_RETRIES 1\n' >/etc/login.defs
start_sshd

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

new_user
ssh_by publickey
terminal -- "${ssh[@]:0:1}" -t "${ssh[@]:1}" 'echo here'
is "$screen" here "ssh -t with a command: nothing but the command"
is "$(echo 'echo here' | "${ssh[@]}" 2>&1)" \
    "$(authorize_text "$(newest_code)")
here" "ssh without a terminal: before what the shell says"
install -m 600 -o "$uid" /dev/null "$home/.hushlogin"
terminal "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" '$ exit' "a file .hushlogin: not wanted"

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
if [ -z "${SANITIZED-}" ]; then
    is "$(stat -c %u "/proc/$(poller)/environ")" 0 "closed to debuggers"
else
    skip "closed to debuggers" "the sanitizers need it otherwise"
fi
is "$(tr '\0' '\n' <"/proc/$(poller)/environ" | sort)" "HOME=$home
LOGNAME=$user
USER=$user" "its environment is three names"
is "$(readlink "/proc/$(poller)/cwd")" / "in no folder that could be unmounted"
is "$(find "/proc/$(poller)/fd" -type l -printf '%l\n' |
    grep -vE '^(socket|pipe|anon_inode):' | sort -u)" "/dev/null
$STATE
$STATE/polling" "its open files: the lock and its folder"
is "$(ps -o sid= -p "$(poller)" | tr -d ' ')" "$(poller)" \
    "in a session of its own: no terminal reaches it"
is "$(cat "$WORK/session.out")$(cat "$WORK/session.err")" here \
    "the command's own output, nothing else"
approve "$(newest_code)"
check "approved in the session: the credential is there" \
    wait_until 5 signed_in
check "and nobody polls any more" wait_until 5 no_poller
end_session

new_user
ssh_by publickey
in_background "${ssh[@]}" -N
check "ssh -N: somebody polls" wait_until 5 poller
kill "$pid"
check "the client is killed: nobody polls" wait_until 5 no_poller

# sshd's processes for a session: the monitor is root's, the other the
# person's.
of_sshd() {
    pgrep -f "^sshd: $user$1"
}
for victim in '@notty' ' \[priv\]'; do
    begin_session
    wait_until 5 poller >"$WORK/check.out"
    kill -9 "$(of_sshd "$victim")"
    exec {hold}>&-
    wait "$session"
    check "kill -9 of sshd:$victim: nobody polls" wait_until 5 no_poller
done
approve "$(newest_code)"
wait_until 5 may_poll
check "approved after that: the next git has it" signed_in

new_user
ssh_by publickey
before=$(codes)
begin=$EPOCHREALTIME
storm=()
: >"$WORK/storm"
for ((i = 0; i < 30; i++)); do
    { "${ssh[@]}" true || echo "exit $?"; } >>"$WORK/storm" 2>&1 &
    storm+=("$!")
    [ $((i % 5)) -lt 4 ] || wait "${storm[@]}"
done
passed=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000000))
is "$(cat "$WORK/storm")" "" "30 commands over ssh: all run, nothing is said"
is "$(($(codes) - before))" 1 "one code for all of them"
is "$(state .polls_too_fast)" 0 "no poll before its time"
polls=$(state ".pending[0].polls")
check "$polls polls in $passed s, at most one each interval" \
    test "$polls" -ge 1 -a "$polls" -le $((passed + 2))
check "none of them left a poller" wait_until 5 no_poller
echo "pwd" | sftp -q -F none -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -o StrictHostKeyChecking=no -o IdentitiesOnly=yes \
    -i "$WORK/ssh/key" -P "$ssh_port" "$user@127.0.0.1" >"$WORK/sftp" 2>&1
is "$(cat "$WORK/sftp")" "sftp> pwd
Remote working directory: $home" "sftp: nothing in its way"

# ---- the environment of a session ------------------------------------------------

# paste_key KEY: as a person would, through git's protocol
paste_key() {
    printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
        "${HTTP_API_URL#http://}" "$1" | as_user "$TOOL" store
}
ours() {
    grep -a '^PARALLEL_[AC]' | sort
}
new_user
ssh_by publickey
is "$("${ssh[@]}" env | ours)" "" "nothing stored: no variable of ours"
key="key-$RANDOM-of-$user"
paste_key "$key"
exported="PARALLEL_API_KEY=$key
PARALLEL_CREDENTIAL_KEY_ID=pasted"
is "$("${ssh[@]}" env | ours)" "$exported" "a key is stored: ssh"
is "$("${ssh[@]}" env | ours)" "$exported" "again, from the session cache"
terminal "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" '$ exit' "and then nothing is shown"
is "$(with_module su - "$user" -c env | ours)" "$exported" "su -"
is "$(with_module su "$user" -c env | ours)" "$exported" "su"
is "$(with_module PARALLEL_API_KEY=other su -m "$user" -c env | ours)" "$exported" \
    "su -m: not the caller's"
is "$(with_module sudo -u "$user" env | ours)" "$exported" "sudo: the target's own"
is "$(with_module PARALLEL_API_KEY=other sudo -u "$user" env | ours)" "$exported" \
    "sudo: not the caller's"
use_sandbox 'connect_timeout = 30s' 'export_environment = no'
is "$("${ssh[@]}" env | ours)" "" "export_environment = no: none"
use_sandbox 'connect_timeout = 30s'
unlike "$(cat "$log")" "$key" "no key in the log"

# ---- su ----------------------------------------------------------------------------

new_user
terminal "${ends_shell[@]}" -- su - "$user"
code=$(newest_code)
is "$screen" "$(authorize_text "$code")
\$ exit" "su -: the code, then the shell"
terminal "${ends_shell[@]}" -- su "$user"
is "$screen" "\$ exit" "su: keeps what a session says to itself"
terminal -- su - "$user" -c 'echo here'
is "$screen" here "su - -c: the same"
is "$(newest_code)" "$code" "one code for all of these"
is "$(foreign_files)" "" "all files are the person's"

# What su -m leaves in the environment is root's, or whose it may be.
new_user
has_runtime
install -d -m 700 "$WORK/roots" "$WORK/roots/run" "$WORK/roots/home" \
    "$WORK/roots/bin"
printf '#!/bin/sh\necho "$@" >>%s/caught\n' "$WORK/roots" |
    tee "$WORK/roots/bin/parallel-credential" >"$WORK/roots/bin/broker"
chmod 755 "$WORK/roots/bin"/*
before=$(codes)
env -i HOME="$WORK/roots/home" XDG_RUNTIME_DIR="$WORK/roots/run" \
    XDG_CONFIG_HOME="$WORK/roots/home" XDG_STATE_HOME="$WORK/roots/home" \
    PARALLEL_PLATFORM_URL=http://127.0.0.1:1 PARALLEL_API_KEY=evil \
    http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 \
    CURL_CA_BUNDLE=/dev/null SSL_CERT_FILE=/dev/null TMPDIR=/nowhere \
    LOCALDOMAIN=x RES_OPTIONS=x MALLOC_CHECK_=3 MALLOC_PERTURB_=1 TZ=:/x \
    LC_ALL=xx_XX PATH="$WORK/roots/bin:/usr/bin:/bin" \
    "${preload[@]}" su -m "$user" -c true >"$WORK/su.out" 2>&1
is "$(cat "$WORK/su.out")" "" "su -m in a hostile environment: runs"
is "$(($(codes) - before))" 1 "it asked the configured service"
is "$(find "$WORK/roots" -newer "$WORK/su.out" -o -name caught)" "" \
    "nothing in the folders it was pointed to"
is "$(stat -c %U "$STATE/pending")" "$user" "the code is kept in the own home"
is "$(foreign_files)" "" "all files are the person's"

# ---- login ---------------------------------------------------------------------------

new_user
at_login=('see=login: ' "type=$user" 'see=Password: ' "type=$PASSWORD")
asks="$(uname -n) login: $user
Password: "
terminal "${at_login[@]}" "${ends_shell[@]}" -- login
code=$(newest_code)
is "$screen" "$asks
$(authorize_text "$code")
\$ exit" "login: the code, then the shell"
check "nobody polls after the logout" wait_until 5 no_poller
is "$(foreign_files)" "" "all files are the person's"

# ---- where nobody may be spoken to -----------------------------------------------------

new_user
before=$(state .requests)
is "$(with_module sudo -u "$user" id -un)" "$user" "sudo: silent"
check "cron: silent" with_module pamtester cron "$user" 'open_session(PAM_SILENT)'
is "$(state .requests)" "$before" "no code is asked for there"
check "and nothing is left in the home" test ! -e "$home/.local"
terminal "${ends_shell[@]}" -- sudo -i -u "$user"
is "$screen" "$(authorize_text "$(newest_code)")
\$ exit" "sudo -i: may be spoken to"
code=$(newest_code)
terminal 'see=[$#] $' 'type=exit' -- sudo -s -u "$user"
is "$screen" "$(authorize_text "$code")
\$ exit" "sudo -s: the same"

# ---- a login that is held for a while --------------------------------------------------

for each in su su-l login; do
    sed -i '/pam_parallel/s/$/ wait=20/' "/etc/pam.d/$each"
done
waits='Waiting for your approval ...'
approves="run=curl -sSf '$CONTROL_URL/approve' -d '{\"user_code\":\"any\"}'"
picture='( +[▀▄█ ]+'$'\n'')+'
shows="To connect this account to Parallel, open
    $HTTP_PLATFORM_URL/device\\?user_code=[A-Z-]{9}
and approve, if the page shows the code [A-Z-]{9}
"
new_user
terminal 'see=Waiting .*\n' "$approves" "${ends_shell[@]}" -- su - "$user"
is_screen "$shows$picture$waits
$connected
\\\$ exit" "wait= and su -: approved, no ENTER, then the shell"
check "and has the credential" signed_in
check "nobody polls any more" no_poller

new_user
terminal "${at_login[@]:0:1}" "type=$user" "${at_login[@]:2:2}" \
    'see=Waiting .*\n' "$approves" "${ends_shell[@]}" -- login
is_screen ".*Password: 
$shows$picture$waits
$connected
\\\$ exit" "wait= and login: the same"

new_user
LOCALE=C terminal 'see=Waiting .*\n' "$approves" "${ends_shell[@]}" \
    -- su - "$user"
is_screen "$shows$waits
$connected
\\\$ exit" "without UTF-8 there is no picture"

new_user
key="key-$RANDOM-of-$user"
terminal 'see=Waiting .*\n' "run=curl -sSf '$CONTROL_URL/deny' \
    -d '{\"user_code\":\"any\"}'" "${ends_shell[@]}" -- su - "$user"
is_screen "$shows$picture$waits
\\\$ exit" "refused: the login goes on at once"
terminal "${ends_shell[@]}" -- su - "$user"
is "$screen" '$ exit' "and nothing is asked again"

new_user
begin=$SECONDS
terminal "${ends_shell[@]}" -- su "$user"
is "$screen" '$ exit' "su that keeps it to itself: nothing is shown"
check "and nobody waits" test $((SECONDS - begin)) -lt 19
check "though a code was asked for" test -e "$STATE/pending"

sed -i 's/wait=20/wait=1/' /etc/pam.d/su-l
new_user
begin=$EPOCHREALTIME
terminal "${ends_shell[@]}" -- su - "$user"
passed=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
is_screen "$shows$picture$waits
No approval so far\. The code stays good; there is no need to wait for it\.
\\\$ exit" "at the end of wait= the login goes on"
check "after a second, not much more: $passed ms" \
    test $passed -ge 1000 -a $passed -lt 10000
all_services "$patient"

# ---- codes that nobody used --------------------------------------------------------------

new_user
ssh_by publickey
terminal "${ends_shell[@]}" -- "${ssh[@]}"
code=$(newest_code)
# A night later, as the file sees it.
as_user sed -i -e "s/^ends_at=.*/ends_at=$((($(date +%s) - 40000) * 1000))/" \
    -e 's/^ends_boot=.*/ends_boot=1/' "$STATE/pending"
control expire "{\"user_code\":\"$code\"}" >"$WORK/control.out"
wait_until 5 may_poll
terminal "${ends_shell[@]}" -- "${ssh[@]}"
isnt "$(newest_code)" "$code" "the next morning: a new code"
code=$(newest_code)
is "$screen" "$(authorize_text "$code")
\$ exit" "which is shown"
control expire "{\"user_code\":\"$code\"}" >"$WORK/control.out"
wait_until 5 may_poll
terminal "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" '$ exit' "one that ran out just now: none for a while"

# ---- nothing of this refuses or delays a login ---------------------------------------------

# gets_in NAME LOG_REGEX: su and ssh
gets_in() {
    : >"$log"
    terminal "${ends_shell[@]}" -- su - "$user"
    is "$rc:$screen" '0:$ exit' "$1: su - gets in"
    is "$("${ssh[@]}" id -un 2>&1)" "$user" "$1: ssh gets in"
    check "$1: the log says why" logged "$2"
}
milliseconds() {
    local begin=$EPOCHREALTIME
    "$@" >"$WORK/timed.out" 2>&1
    echo $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
}

new_user
ssh_by publickey
mkdir "$WORK/nothing"
front=$PREFIX/bin/parallel-credential
mount --bind "$WORK/nothing" "$PREFIX/bin"
gets_in "no front" "err su: pam_parallel\(su-l:session\): cannot open $front"
umount "$PREFIX/bin"
install -m 755 -o "$uid" "$front" "$WORK/front"
mount --bind "$WORK/front" "$front"
gets_in "the front is not root's" "err su: .* $front is not run: it must be"
umount "$front"
install -m 775 "$front" "$WORK/front"
mount --bind "$WORK/front" "$front"
gets_in "the front is open to others" "err su: .* $front is not run: it must"
umount "$front"
mount --bind /dev/null "$BROKER"
gets_in "no broker" "notice su: .* user $user is not connected: the helper "
umount "$BROKER"
all_services 'session optional /nowhere/pam_parallel.so'
gets_in "no module" 'err su: .*/nowhere/pam_parallel.so'
all_services 'parallel silent wiat=30 timeout=no'
gets_in "options with a mistake" 'err su: .* bad option, ignored: wiat=30'
check "both of them" logged 'err su: .* bad option, ignored: timeout=no'
all_services parallel
host_configure 'platform_url = http://127.0.0.1:1' 'api_url = http://127.0.0.1:1' \
    'service_api_url = http://127.0.0.1:1'
gets_in "nobody listens" "notice su: .* user $user is not connected: .*127\.0\.0"
echo 'platfrom_url = x' >"$host_configuration"
rm -rf "$STATE"
gets_in "a mistake in the configuration" "is not connected: $host_configuration:1"
use_sandbox 'connect_timeout = 30s'
check "nothing was asked for all that" test ! -e "$STATE/pending"

all_services 'parallel min_uid=62000'
terminal "${ends_shell[@]}" -- su - "$user"
is "$screen" '$ exit' "min_uid=: such a user is left alone"
all_services parallel
before=$(codes)
is "$(ssh_by publickey && "${ssh[@]/$user@/root@}" id -un)" root "root gets in"
is "$(codes):$(ls -A "$WORK/root")" "$before:" "and is left alone"

new_user "$WORK/home/nowhere"
ssh_by publickey
gets_in_there() {
    is "$("${ssh[@]}" id -un 2>"$WORK/ssh.err")" "$user" "$1: ssh gets in"
    check "$1: the log says why" logged "user $user is not connected: $2"
}
gets_in_there "no home" "cannot make the folder $STATE"
new_user
ssh_by publickey
mount -t tmpfs -o "size=64k,mode=700,uid=$uid,gid=$uid" tmpfs "$home"
as_user dd if=/dev/zero of="$home/full" bs=4096 2>"$WORK/dd.err"
before=$(codes)
gets_in_there "home full" "no room to write $STATE"
is "$(codes)" "$before" "home full: no code is asked for that cannot be kept"
umount "$home"

# A platform that never answers holds up one login, not the next.
use_sandbox
all_services parallel
new_user
ssh_by publickey
control trouble '{"kind":"hang","times":-1}' >"$WORK/control.out"
passed=$(milliseconds with_module su - "$user" -c true)
check "a platform that hangs: held for connect_timeout, $passed ms" \
    test "$passed" -ge 2900 -a "$passed" -lt 5900
passed=$(milliseconds with_module su - "$user" -c true)
check "the next login is not: $passed ms" test "$passed" -lt 2800
start_sshd 'LoginGraceTime 1'
new_user
ssh_by publickey
is "$("${ssh[@]}" id -un 2>&1)" "$user" "LoginGraceTime does not cover it"
kill "$sshd_pid"
control trouble '{"clear":true}' >"$WORK/control.out"
start_sshd

# The same with a code that is pending.
use_sandbox 'connect_timeout = 30s'
new_user
ssh_by publickey
terminal "${ends_shell[@]}" -- "${ssh[@]}"
code=$(newest_code)
wait_until 5 may_poll
use_sandbox
control trouble '{"kind":"hang","times":-1}' >"$WORK/control.out"
passed=$(milliseconds with_module su - "$user" -c true)
check "hangs while a code is pending: held once, $passed ms" \
    test "$passed" -ge 2900 -a "$passed" -lt 5900
passed=$(milliseconds with_module su - "$user" -c true)
check "the next login is not: $passed ms" test "$passed" -lt 2800
terminal "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" "$(authorize_text "$code")
\$ exit" "the code is shown all the same"
control trouble '{"clear":true}' >"$WORK/control.out"

use_sandbox 'connect_timeout = 30s'

# ---- in a stack ------------------------------------------------------------------------------

mkdir "$WORK/skel"
all_services "session required pam_mkhomedir.so umask=0077 skel=$WORK/skel" \
    "$patient wait=20"
new_user "$WORK/home/made-at-login"
ssh_by publickey
begin=$SECONDS
terminal "${ends_shell[@]}" -- "${ssh[@]}"
is "$screen" "Creating directory '$home'.
$(authorize_text "$(newest_code)")
\$ exit" "after pam_mkhomedir: the home is there in time"
check "wait= is not for sshd, which could not show it" \
    test $((SECONDS - begin)) -lt 10
is "$(foreign_files)" "" "all files are the person's"

# ---- API keys ------------------------------------------------------------------

# What lives on at the service and nobody has, an administrator finds here.
new_user
use_sandbox
control trouble '{"endpoint":"keys","kind":"reset-after"}' >"$WORK/control.out"
control config '{"approve_after":0}' >"$WORK/control.out"
run as_user "$TOOL" login --no-browser
like "$rc:$(cat "$log")" \
    'warning parallel-credential: .*"parallel-credential '"$user"'@.*may have been made' \
    "a key whose answer was lost is named in the log"
control config '{"approve_after":null}' >"$WORK/control.out"
control trouble '{"clear":true}' >"$WORK/control.out"
key=$(as_user "$TOOL" token --api-key)
control trouble '{"endpoint":"keys","kind":"status"}' >"$WORK/control.out"
run as_user "$TOOL" logout
like "$rc:$(cat "$log")" \
    'warning parallel-credential: .*"parallel-credential '"$user"'@.*could not be deleted' \
    "and one that could not be deleted"
unlike "$(cat "$log")" "$key" "never the key itself"
unlike "$(cat "$log")" 'pam_parallel.*(debug|sanitizer|panic)' \
    "the log has no noise"
finish
