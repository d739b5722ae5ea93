# shellcheck shell=bash disable=SC2034,SC2154
# container.sh - a machine with real systemd and logind, for tests of sessions.
#
#   . "$(dirname "$0")/lib.sh"
#   . "$(dirname "$0")/host.sh"
#   . "$(dirname "$0")/container.sh"
#   own_container "$0"     as own_host
#   start_sandbox
#   container_prepare      its root is in $machine; add to it what is needed
#   container_boot         and people can log in by ssh
#   ...
#   container_end
#
# It is this machine's own root, with everything that is written on top of it.
[ -z "${SANITIZED-}" ] ||
    skip_all "what a sanitizer reports would stay in the container"

# cgroup_parents: our control group in the hierarchies that systemd uses
cgroup_parents() {
    local hierarchy names path each
    while IFS=: read -r hierarchy names path; do
        case $hierarchy:$names in
        0:) set -- /sys/fs/cgroup/unified /sys/fs/cgroup ;;
        *:name=systemd) set -- /sys/fs/cgroup/systemd ;;
        *) continue ;;
        esac
        for each in "$@"; do
            [ ! -e "$each${path%/}/cgroup.procs" ] || {
                echo "$each${path%/}"
                break
            }
        done
    done </proc/self/cgroup
}
# systemd's groups lie below one of our own, which goes away with them.
groups=()
host_run() {
    local each
    trap 'leave_groups; clean_up' EXIT
    for each in $(cgroup_parents); do
        mkdir "$each/parallel-test.$$" 2>/dev/null || continue
        groups+=("$each/parallel-test.$$")
    done
    (
        trap - EXIT
        for each in "${groups[@]+"${groups[@]}"}"; do
            echo "$BASHPID" >"$each/cgroup.procs" || exit 1
        done
        exec "$@"
    )
}
leave_groups() {
    local each
    for each in "${groups[@]+"${groups[@]}"}"; do
        wait_until 10 remove_groups "$each"
    done
}
remove_groups() {
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
    [ ! -e "$1" ]
}

# own_container SCRIPT [TOOL...]
own_container() {
    own_host "$@" sshd ssh ssh-keygen systemd-nspawn loginctl nsenter \
        dbus-daemon
    modules=/usr/lib/$(uname -m)-linux-gnu/security
    [ -e "$modules/pam_systemd.so" ] || modules=/usr/lib/security
    [ -e "$modules/pam_systemd.so" ] || modules=/usr/lib64/security
    [ -e "$modules/pam_systemd.so" ] || skip_all "pam_systemd is missing"
}

machine=$WORK/machine
container_prepare() {
    mkdir "$machine" "$WORK/upper" "$WORK/overlay"
    mount -t overlay -o "lowerdir=/,upperdir=$WORK/upper,workdir=$WORK/overlay" \
        overlay "$machine" 2>"$WORK/mount.err" ||
        skip_all "no overlay of / here: $(cat "$WORK/mount.err")"
    mount --bind /etc "$machine/etc"
    : >/etc/machine-id
    rm -rf /etc/systemd
    mkdir -p /etc/systemd/system /etc/systemd/logind.conf.d
    printf '[Login]\nUserStopDelaySec=500ms\n' \
        >/etc/systemd/logind.conf.d/test.conf
    sshd_files
    cat >/etc/systemd/system/login.target <<'END'
[Unit]
Requires=basic.target dbus.socket systemd-logind.service logins.service
After=basic.target dbus.socket systemd-logind.service logins.service
END
    cat >/etc/systemd/system/logins.service <<END
[Unit]
After=systemd-logind.service
[Service]
RuntimeDirectory=sshd
ExecStart=$(command -v sshd) -D -f $WORK/ssh/config
KillMode=process
END
}

container='' leader=''
container_boot() {
    local each binds
    binds=()
    for each in "$WORK/home" "$WORK/ssh" "$PREFIX" "${host_configuration%/*}"; do
        case $each in
        /etc | /etc/* | /usr) ;;
        *) binds+=("--bind=$each") ;;
        esac
    done
    in_background systemd-nspawn -q -D "$machine" --register=no --keep-unit \
        --console=pipe --link-journal=no --resolv-conf=off --timezone=off \
        "${binds[@]}" -b -- systemd.unit=login.target \
        >"$WORK/console" 2>&1 </dev/null
    container=$pid
    wait_until 30 has_booted ||
        skip_all "the container does not boot: $(tail -c 500 "$WORK/console")"
    container_services
}
container_end() {
    kill "$container"
    wait "$container"
}
# inside COMMAND...: root in the container
inside() {
    nsenter -a -t "$leader" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
has_booted() {
    leader=$(pgrep -P "$container") && ssh_answers &&
        [ "$(inside systemctl is-system-running 2>&1)" = running ]
}
ssh_answers() {
    (: <"/dev/tcp/127.0.0.1/$ssh_port") 2>/dev/null
}

# Whoever does something as the person does it in the container.
as_user() {
    inside HOME="$home" USER="$user" LOGNAME="$user" LC_ALL=C.UTF-8 TZ=UTC \
        PATH="$PREFIX/bin:/usr/bin:/bin" \
        setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}
TOOL=$PREFIX/bin/parallel-credential
# logind's word on the sessions of $user
sessions() {
    inside loginctl list-sessions --no-legend |
        awk -v user="$user" '$3 == user { print $1 }'
}
session_states() {
    local each
    for each in $(sessions); do
        inside loginctl show-session -P State "$each"
    done
}
no_session() {
    [ -z "$(sessions)" ]
}
RUNTIME=''
no_runtime() {
    inside test ! -e "/run/user/$uid"
}
mode_of() {
    inside stat -c '%a %U' "$@" 2>&1
}

ssh_stack=('auth required pam_unix.so' 'account required pam_unix.so'
    'session required pam_unix.so' 'session required pam_systemd.so')
container_services() {
    local each
    service sshd "${ssh_stack[@]}" parallel
    for each in other systemd-user; do
        service "$each" 'auth required pam_deny.so' \
            'account required pam_permit.so' 'session required pam_permit.so'
    done
    service systemd-user 'account required pam_permit.so' \
        'session required pam_permit.so' 'session optional pam_systemd.so'
    use_sandbox
}

# systemctl --user of that person
managed() {
    as_user env XDG_RUNTIME_DIR="$RUNTIME" systemctl --user "$@"
}
manager_answers() {
    managed show-environment >"$WORK/managed"
}
