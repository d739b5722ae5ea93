# shellcheck shell=bash disable=SC2034,SC2154
# boot.sh - the machine of package.sh, booted: real systemd, real sshd.
#
#   . "$(dirname "$0")/../system/container.sh"
#   . "$(dirname "$0")/boot.sh"
#   TOOLS+=("${boot_tools[@]}")
#   own_machine "$0"
#   boot_needs
#   ...
#   make_bootable NAME...    with these people, who log in with $WORK/key
#   boot
#   ...
#   shut_down
boot_tools=(systemd-nspawn nsenter ssh ssh-keygen)

boot_needs() {
    [ -e "$PACKAGE_DEBIAN/lib/systemd/systemd" ] ||
        skip_all "$PACKAGE_DEBIAN has no systemd"
}
make_bootable() {
    local person
    make_machine || skip_all "no overlay of $PACKAGE_DEBIAN"
    ssh_port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    ssh-keygen -qt ed25519 -N '' -f "$WORK/key"
    printf '%s\n' "Port $ssh_port" 'ListenAddress 127.0.0.1' 'PrintMotd no' \
        'PrintLastLog no' >"$machine/etc/ssh/sshd_config.d/test.conf"
    printf '%s\n' '[Login]' 'UserStopDelaySec=500ms' \
        >>"$machine/etc/systemd/logind.conf"
    : >"$machine/etc/machine-id"
    sed -i 's/.*pam_motd/#&/' "$machine/etc/pam.d/sshd"
    for person; do
        chroot "$machine" useradd -m -s /bin/bash "$person" &&
            install -d -m 700 -o "$(stat -c %u "$machine/home/$person")" \
                "$machine/home/$person/.ssh" &&
            install -m 644 "$WORK/key.pub" \
                "$machine/home/$person/.ssh/authorized_keys"
    done
}
has_booted() {
    leader=$(pgrep -P "$container") && ssh_answers &&
        [[ $(inside systemctl is-system-running 2>&1) =~ running|degraded ]]
}
boot() {
    in_background systemd-nspawn -q -D "$machine" --register=no --keep-unit \
        --console=pipe --link-journal=no --resolv-conf=off --timezone=off -b \
        >"$WORK/console" 2>&1 </dev/null
    container=$pid
    wait_until 60 has_booted ||
        skip_all "the container does not boot: $(tail -c 500 "$WORK/console")"
}
shut_down() {
    kill "$container"
    wait "$container"
}

ssh_options=(-F none -o UserKnownHostsFile=/dev/null
    -o StrictHostKeyChecking=no -o LogLevel=ERROR -o IdentitiesOnly=yes)
# by_ssh PERSON [COMMAND...]
by_ssh() {
    ssh "${ssh_options[@]}" -i "$WORK/key" -p "$ssh_port" "$1@127.0.0.1" \
        "${@:2}"
}
