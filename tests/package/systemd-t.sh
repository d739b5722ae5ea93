#!/bin/bash
# The packages alone on a machine with real systemd: installed while people are
# logged in, one configuration file, a login by ssh, an approval, git and curl,
# the user manager's timer, an upgrade, a purge.
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/package.sh"
. "$(dirname "$0")/../system/container.sh"
TOOLS+=(systemd-nspawn nsenter ssh ssh-keygen)
own_machine "$0"
[ -e "$PACKAGE_DEBIAN/lib/systemd/systemd" ] ||
    skip_all "$PACKAGE_DEBIAN has no systemd"

make_tarball >"$WORK/dist.log" 2>&1
if ! DEB_BUILD_OPTIONS=nocheck build_debs first -b; then
    not_ok "dpkg-buildpackage" "$(tail -n 30 "$WORK/first.log")"
    finish
fi
next_version first

# ---- the machine ---------------------------------------------------------------

make_machine || skip_all "no overlay of $PACKAGE_DEBIAN"
ssh_port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ssh-keygen -qt ed25519 -N '' -f "$WORK/key"
printf '%s\n' "Port $ssh_port" 'ListenAddress 127.0.0.1' 'PrintMotd no' \
    'PrintLastLog no' >"$machine/etc/ssh/sshd_config.d/test.conf"
echo 'UserStopDelaySec=500ms' | sed '1i [Login]' >>"$machine/etc/systemd/logind.conf"
: >"$machine/etc/machine-id"
sed -i 's/.*pam_motd/#&/' "$machine/etc/pam.d/sshd"
for person in first second; do
    chroot "$machine" useradd -m -s /bin/bash "$person" &&
        install -d -m 700 -o "$(stat -c %u "$machine/home/$person")" \
            "$machine/home/$person/.ssh" &&
        install -m 644 "$WORK/key.pub" \
            "$machine/home/$person/.ssh/authorized_keys"
done
"$PLATFORM" --dir "$WORK/sandbox" --background --seed-org org_acme:Acme
# shellcheck disable=SC1091
. "$WORK/sandbox/platform.env"

in_background systemd-nspawn -q -D "$machine" --register=no --keep-unit \
    --console=pipe --link-journal=no --resolv-conf=off --timezone=off -b \
    >"$WORK/console" 2>&1 </dev/null
container=$pid
has_booted() {
    leader=$(pgrep -P "$container") && ssh_answers &&
        [[ $(inside systemctl is-system-running 2>&1) =~ running|degraded ]]
}
wait_until 60 has_booted ||
    skip_all "the container does not boot: $(tail -c 500 "$WORK/console")"

# by_ssh PERSON [COMMAND...]
by_ssh() {
    ssh -F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
        -o LogLevel=ERROR -o IdentitiesOnly=yes -i "$WORK/key" \
        -p "$ssh_port" "$1@127.0.0.1" "${@:2}"
}
# begin_session PERSON: one that stays, until end_session
begin_session() {
    rm -f "$WORK/hold"
    mkfifo "$WORK/hold"
    : >"$WORK/session.out"
    exec {hold}<>"$WORK/hold"
    by_ssh "$1" 'echo here; cat' <"$WORK/hold" >"$WORK/session.out" 2>&1 \
        {hold}>&- &
    session=$!
    wait_until 20 grep -q here "$WORK/session.out"
}
end_session() {
    exec {hold}>&-
    wait "$session"
}
# unit PERSON UNIT: active or inactive, in that person's manager
unit() {
    by_ssh "$1" systemctl --user is-active "$2" 2>&1
}
timer=parallel-credential-refresh.timer
at_logout=parallel-credential-logout.service

# ---- installed while somebody is logged in -----------------------------------------

begin_session first
mapfile -t packages < <(debs "$WORK/first")
if run inside DEBIAN_FRONTEND=noninteractive dpkg -i "${packages[@]}" &&
    [ "$rc" -eq 0 ]; then
    ok "dpkg installs them"
else
    not_ok "dpkg installs them" "$out $err"
fi
is "$(unit first "$timer")" active \
    "the timer runs for who is logged in"
is "$(unit first "$at_logout")" active "and the service of the last logout"
end_session

# ---- one file, a login -----------------------------------------------------------------

printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
    "service_api_url = $HTTP_SERVICE_API_URL" "api_url = $HTTP_API_URL" |
    inside tee /etc/parallel-credential.conf.d/site.conf >"$WORK/site.conf"
inside DEBIAN_FRONTEND=noninteractive pam-auth-update --enable parallel
control config '{"interval":1}' >"$WORK/control.out"
begin_session second
code=$(state '.pending[0].user_code')
is "$(echo exit | by_ssh second 2>&1 | grep -c "$code")" 2 \
    "a login by ssh shows the code"
control approve "{\"user_code\":\"$code\"}" >"$WORK/control.out"
asks="printf 'protocol=http\nhost=%s\n\n' ${HTTP_PLATFORM_URL#http://} |
    GIT_TERMINAL_PROMPT=0 git -c credential.helper=parallel credential fill"
has_it() {
    by_ssh second "$asks" 2>&1 | grep -q '^password=.'
}
check "approved: git has the token" wait_until 20 has_it
like "$(by_ssh second "parallel-credential header |
    curl -sSf --noproxy '*' -H @- $HTTP_SERVICE_API_URL/service/v1/apps" 2>&1)" \
    '"org_id": *"org_acme"' "and curl"
has_key() {
    by_ssh second systemd-run --user --quiet --pipe --wait --collect \
        printenv PARALLEL_API_KEY 2>&1 | grep -q '^sak_'
}
check "a unit of the user manager has the API key" wait_until 20 has_key
is "$(unit second "$timer")$(unit second "$at_logout")" activeactive \
    "the timer runs, and the service of the last logout"
by_ssh second systemctl --user start parallel-credential-refresh.service
is "$(by_ssh second systemctl --user show -P Result \
    parallel-credential-refresh.service)" success \
    "what the timer starts ends well"

# ---- an upgrade, a purge ---------------------------------------------------------------

token=$(by_ssh second parallel-credential token)
mapfile -t packages < <(debs "$WORK/first/next")
check "dpkg upgrades them" \
    inside DEBIAN_FRONTEND=noninteractive dpkg -i "${packages[@]}"
is "$(unit second "$timer")$(unit second "$at_logout")" activeactive \
    "both still run"
is "$(by_ssh second parallel-credential token)" "$token" \
    "the credential is kept"
check "dpkg purges them" inside DEBIAN_FRONTEND=noninteractive \
    dpkg -P libpam-parallel parallel-credential
is "$(unit second "$timer")" inactive "the timer runs no more"
end_session
is "$(inside find /etc /usr /var/lib -path '*parallel*' ! -type d)" \
    /etc/parallel-credential.conf.d/site.conf \
    "of all that is left only the file that the administrator has written"
is "$(by_ssh second echo here 2>&1)" here "people log in as before"
kill "$container"
wait "$container"
finish
