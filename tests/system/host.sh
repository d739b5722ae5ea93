# shellcheck shell=bash
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
    local script=$1 tool
    shift
    if [ -n "${PARALLEL_TEST_OWN_HOST-}" ]; then
        host_begin
        return
    fi
    [ "$(id -u)" -eq 0 ] || skip_all "needs root"
    for tool in "${HOST_TOOLS[@]}" "$@"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
            skip_all "$tool is missing"
    done
    [ -e "$MODULE" ] || skip_all "the PAM module is not installed"
    unshare -mpn --fork --kill-child --mount-proc --propagation private \
        true 2>/dev/null || skip_all "no namespaces here"
    setpriv --reuid 65534 --clear-groups test -x "$BROKER" ||
        skip_all "$PREFIX is not open to ordinary users"
    chmod 711 "$WORK"
    TMPDIR=$WORK PARALLEL_TEST_OWN_HOST=1 \
        unshare -mpn --fork --kill-child --mount-proc --propagation private \
        "$script"
    exit
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

# start_sshd [LINE...]: the real one; lines for its configuration. $ssh_port
start_sshd() {
    ssh_port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    [ -e "$WORK/host_key" ] || ssh-keygen -qt ed25519 -N '' -f "$WORK/host_key"
    [ -e "$WORK/key" ] || ssh-keygen -qt ed25519 -N '' -f "$WORK/key"
    install -m 644 "$WORK/key.pub" "$WORK/authorized"
    printf '%s\n' "$@" "Port $ssh_port" 'ListenAddress 127.0.0.1' \
        "HostKey $WORK/host_key" 'UsePAM yes' 'StrictModes no' \
        "AuthorizedKeysFile $WORK/authorized" 'PrintMotd no' \
        'PrintLastLog no' 'PidFile none' 'KbdInteractiveAuthentication yes' \
        'Subsystem sftp internal-sftp' 'MaxStartups 100' \
        >"$WORK/sshd_config"
    in_background "$(command -v sshd)" -D -f "$WORK/sshd_config"
    sshd_pid=$pid
    wait_until 10 logged "listening on 127.0.0.1 port $ssh_port"
}

# The ssh command to $user, in the array ssh; ssh_by METHOD chooses how
# (publickey, password, keyboard-interactive).
ssh_by() {
    ssh=(ssh -F none -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR
        -o StrictHostKeyChecking=no -o IdentitiesOnly=yes -i "$WORK/key"
        -o "PreferredAuthentications=$1" -p "$ssh_port" "$user@127.0.0.1")
}
