# shellcheck shell=bash disable=SC2034,SC2154
# host.sh - a machine of our own, for tests of real login programs.
#
#   . "$(dirname "$0")/lib.sh"
#   . "$(dirname "$0")/host.sh"
#   own_host "$0"
#
# Everything after own_host runs as the first process of namespaces of its
# own: /etc is a copy, /dev, /run and /var/log are new, the network is a
# loopback, and all of it is gone with the last process. So accounts, PAM
# services and logs can be whatever a test wants them to be.

HOST_TOOLS=(unshare mount ip openssl python3 setpriv pgrep curl jq)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MODULE=$PREFIX/lib/security/pam_parallel.so

# own_host SCRIPT [TOOL...]
own_host() {
    local script=$1 each
    shift
    if [ -n "${PARALLEL_TEST_OWN_HOST-}" ]; then
        host_begin
        return
    fi
    [ "$(id -u)" -eq 0 ] || skip_all "needs root"
    for each in "${HOST_TOOLS[@]}" "$@"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$each" >/dev/null ||
            skip_all "$each is missing"
    done
    [ -e "$MODULE" ] || skip_all "the PAM module is not installed"
    unshare -mpn --fork --kill-child --mount-proc --propagation private \
        true 2>/dev/null || skip_all "no namespaces here"
    setpriv --reuid 65534 --clear-groups test -x "$BROKER" ||
        skip_all "$PREFIX is not open to ordinary users"
    chmod 711 "$WORK"
    host_run env TMPDIR="$WORK" PARALLEL_TEST_OWN_HOST=1 \
        unshare -mpn --fork --kill-child --mount-proc --propagation private \
        "$script"
    exit
}
# What a script may replace, to do something outside, before and after.
host_run() {
    "$@"
}

# The settings of the whole machine: where the broker looks for them.
host_configuration=''

host_begin() {
    PATH=$PATH:/usr/sbin:/sbin
    trap - EXIT # nothing outlives us, and nothing we made is outside
    mount -t tmpfs -o mode=711 tmpfs "$WORK"
    ip link set lo up
    cp -a /etc "$WORK/etc"
    mount --bind "$WORK/etc" /etc
    rm -rf /etc/pam.d /etc/motd /etc/nologin /etc/profile.d /etc/sudoers.d
    rm -f /etc/environment /etc/legal
    mkdir -m 755 /etc/pam.d
    rm -f /etc/localtime # UTC
    sed -i "s|^root:.*|root:x:0:0:root:$WORK/root:/bin/sh|" /etc/passwd
    mkdir -m 700 "$WORK/root"
    echo 'passwd: files
shadow: files
group: files
hosts: files' >/etc/nsswitch.conf
    echo 'PS1="$ "' >/etc/profile
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=755 tmpfs /var/log
    mkdir -p /run/user /run/sshd "$WORK/home"
    host_make_dev
    host_configuration=$(grep -aoE '/[[:graph:]]+/parallel-credential\.conf' \
        "$BROKER" | head -n 1)
    host_make_configuration
    log=$WORK/log
    in_background "$HERE/catch-log.py" /dev/log "$log" >"$WORK/catch-log.out"
    wait_until 10 grep -q listening "$WORK/catch-log.out"
    chmod 666 /dev/log
    host_find_sanitizer
    host_password=$(openssl passwd -6 "$PASSWORD")
}

host_make_dev() {
    local node dev=$WORK/dev
    mkdir "$dev"
    mount -t tmpfs -o mode=755 tmpfs "$dev"
    for node in null zero full random urandom tty; do
        touch "$dev/$node"
        mount --bind "/dev/$node" "$dev/$node"
    done
    mkdir "$dev/pts" "$dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
        "$dev/pts"
    ln -s pts/ptmx "$dev/ptmx"
    ln -s /proc/self/fd "$dev/fd"
    mount --rbind "$dev" /dev
}

# The folder of the system's configuration, if it is not in our /etc.
host_make_configuration() {
    local folder=${host_configuration%/*}
    case $folder in
    /etc | /etc/*) mkdir -p "$folder" ;;
    *)
        mkdir -p "$folder" # of the installed tree: stays, empty
        mkdir "$WORK/configuration"
        mount --bind "$WORK/configuration" "$folder"
        ;;
    esac
}

# host_configure LINE...: the system's configuration file
host_configure() {
    printf '%s\n' "$@" >"$host_configuration"
}
# use_sandbox [LINE...]: it names the sandbox, as the environment no longer does
use_sandbox() {
    unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
    host_configure "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" \
        "api_url = $HTTP_API_URL" "$@"
}

# ---- people --------------------------------------------------------------------

PASSWORD='open sesame'
host_password=''
user_count=0
log=''

# new_user [HOME]: a person nobody has seen before: $user $uid $home
new_user() {
    user_count=$((user_count + 1))
    user=person$user_count
    uid=$((61000 + user_count))
    home=${1-$WORK/home/$user}
    echo "$user:x:$uid:$uid:Invented $user:$home:/bin/sh" >>/etc/passwd
    echo "$user:x:$uid:" >>/etc/group
    echo "$user:$host_password:19000:0:99999:7:::" >>/etc/shadow
    [ $# -gt 0 ] || install -d -m 700 -o "$uid" -g "$uid" "$home"
    STATE=$home/.local/state/parallel-credential
}
# has_runtime: logind would give that person /run/user/UID
has_runtime() {
    install -d -m 700 -o "$uid" -g "$uid" "/run/user/$uid"
}
# as_user COMMAND...: that person, without any PAM
as_user() {
    env -i HOME="$home" USER="$user" LOGNAME="$user" LC_ALL=C.UTF-8 TZ=UTC \
        PATH="$PATH" setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}

# service NAME LINE...: /etc/pam.d/NAME; a line "parallel OPTIONS" is ours
service() {
    local name=$1
    shift
    printf '%s\n' "$@" |
        sed "s|^parallel|session optional $MODULE|" >"/etc/pam.d/$name"
}

# A module that was built with a sanitizer needs its library in the program
# that loads it, and libcrypt, whose calls that library takes over, from the
# beginning. What those programs leak is theirs.
preload=()
host_find_sanitizer() {
    local library
    grep -q __asan_init "$MODULE" || return 0
    for library in \
        "$(clang -print-file-name="libclang_rt.asan-$(uname -m).so")" \
        "$(gcc -print-file-name=libasan.so)"; do
        preload=("LD_PRELOAD=$library:libcrypt.so.1"
            "ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0"
            "UBSAN_OPTIONS=${UBSAN_OPTIONS-}")
        env "${preload[@]}" python3 -c 'import ctypes, sys
ctypes.CDLL(sys.argv[1])' "$MODULE" 2>"$WORK/sanitizer.err" && return
    done
    skip_all "the sanitizer that the module needs is not to be found"
}
# with_module [NAME=VALUE...] PROGRAM...: one that loads the module
with_module() {
    env "${preload[@]}" "$@"
}

# logged REGEX: the system's log has such a line
logged() {
    grep -Eq -- "$1" "$log"
}

# ---- processes -----------------------------------------------------------------

# poller: the processes that wait for the approval of $user
poller() {
    pgrep -u "$uid" -f session-poll
}
no_poller() {
    ! poller >/dev/null
}

# ---- ssh -----------------------------------------------------------------------

# sshd_files [LINE...]: keys and a configuration in $WORK/ssh; $ssh_port
sshd_files() {
    ssh_port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    if [ ! -e "$WORK/ssh" ]; then
        mkdir "$WORK/ssh"
        ssh-keygen -qt ed25519 -N '' -f "$WORK/ssh/host_key"
        ssh-keygen -qt ed25519 -N '' -f "$WORK/ssh/key"
    fi
    printf '%s\n' "$@" "Port $ssh_port" 'ListenAddress 127.0.0.1' \
        "HostKey $WORK/ssh/host_key" 'UsePAM yes' 'StrictModes no' \
        "AuthorizedKeysFile $WORK/ssh/key.pub" 'PrintMotd no' \
        'PrintLastLog no' 'PidFile none' 'KbdInteractiveAuthentication yes' \
        'Subsystem sftp internal-sftp' 'MaxStartups 100' \
        >"$WORK/ssh/config"
}
# start_sshd [LINE...]: the real one; lines for its configuration
start_sshd() {
    sshd_files "$@"
    in_background env "${preload[@]}" "$(command -v sshd)" -D \
        -f "$WORK/ssh/config"
    sshd_pid=$pid
    wait_until 10 logged "listening on 127.0.0.1 port $ssh_port"
}

# The ssh command to $user, in the array ssh; ssh_by METHOD chooses how
# (publickey, password, keyboard-interactive).
ssh_by() {
    ssh=(ssh -F none -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR
        -o StrictHostKeyChecking=no -o IdentitiesOnly=yes -i "$WORK/ssh/key"
        -o "PreferredAuthentications=$1" -p "$ssh_port" "$user@127.0.0.1")
}

# A session that stays: ssh running a command, until end_session.
begin_session() {
    rm -f "$WORK/hold"
    mkfifo "$WORK/hold"
    : >"$WORK/session.out"
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

# ---- what people see, and do -----------------------------------------------------

# terminal [STEP...] -- COMMAND...: somebody at a terminal; $screen is what it
# has shown, with nothing but CR LF ending its lines, $rc the status
screen=''
terminal() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        LC_ALL="${LOCALE-C.UTF-8}" "$HERE/terminal.py" \
        "${preload[@]/#/-e}" "$WORK/screen" "$@" 2>"$WORK/terminal.err"
    rc=$?
    sed 's/^/# /' "$WORK/terminal.err"
    screen=$(sed -e 's/\r$//;t' -e 's/$/<no CR>/' "$WORK/screen")
}
ends_shell=('see=\$ $' 'type=exit')

# is_screen REGEX NAME: the whole of it
is_screen() {
    if [[ $screen =~ ^$1$ ]]; then ok "$2"; else
        not_ok "$2" "got:
$screen
want:
$1"
    fi
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

# The code that was given out last; how many there were.
newest_code() {
    state '.pending[0].user_code'
}
codes() {
    state .requests.code
}
approve() {
    control approve "{\"user_code\":\"$1\"}" >"$WORK/control.out"
}
# Nobody polls any more, and the interval since the last poll has passed: the
# next session asks at once.
may_poll() {
    no_poller &&
        [ "$(date +%s%3N)" -gt "$(sed -n 's/^next_poll=//p' "$STATE/pending")" ]
}
# git asks, and is answered
signed_in() {
    printf 'protocol=http\nhost=%s\n\n' "${HTTP_PLATFORM_URL#http://}" |
        as_user "$TOOL" get 2>"$WORK/get.err" | grep -q '^password=.'
}
# What lies in the home and is not the person's alone.
foreign_files() {
    find "$home" -mindepth 1 ! \( -user "$user" -group "$user" \( \
        -type d -perm 700 -o -type f -perm 600 \) \) -printf '%M %u:%g %p\n'
}
