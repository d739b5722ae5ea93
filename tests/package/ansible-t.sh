#!/bin/bash
# The example role of conf/ansible, by a real ansible-playbook that comes by ssh
# and becomes root: installs, configures, checks; does nothing twice; takes back
# what is wrong.
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/package.sh"
. "$(dirname "$0")/../system/container.sh"
. "$(dirname "$0")/boot.sh"
TOOLS+=("${boot_tools[@]}" ansible-playbook)
own_machine "$0"
boot_needs

packages_first
example=$WORK/dist/parallel-credential-$VERSION/conf/ansible

# ---- the machine ---------------------------------------------------------------

make_bootable admin researcher guest
mapfile -t packages < <(debs "$WORK/first")
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -r)
echo 'admin ALL=(ALL) NOPASSWD: ALL' >"$machine/etc/sudoers.d/admin"
chroot "$machine" groupadd researchers
chroot "$machine" usermod -a -G researchers researcher
"$PLATFORM" --dir "$WORK/sandbox" --background --seed-org org_acme:Acme
# shellcheck disable=SC1091
. "$WORK/sandbox/platform.env"
boot

unset "${!ANSIBLE_@}"
export HOME=$WORK/home ANSIBLE_NOCOLOR=1 ANSIBLE_NOCOWS=1 ANSIBLE_PIPELINING=1
mkdir "$HOME"
cat >"$WORK/inventory" <<END
[workstations]
one-machine ansible_host=127.0.0.1 ansible_port=$ssh_port

[workstations:vars]
ansible_user=admin
ansible_ssh_private_key_file=$WORK/key
ansible_ssh_common_args="${ssh_options[*]}"
ansible_python_interpreter=/usr/bin/python3
END
# play [-o OPTION] JQ...: with what the example says, changed by JQ
play() {
    local options=()
    while [ "${1-}" = -o ]; do
        options+=("$2")
        shift 2
    done
    jq -n --arg platform "$HTTP_PLATFORM_URL" --arg api "$HTTP_API_URL" \
        --arg service "$HTTP_SERVICE_API_URL" '{
        parallel_credential_debs: $ARGS.positional,
        parallel_credential_settings: {
            platform_url: $platform, service_api_url: $service,
            api_url: $api, timeout: "77s"
        },
        parallel_credential_policy: {
            allow_groups: "researchers",
            allowed_organizations: "org_acme",
            locked_keys: "platform_url service_api_url api_url"
        },
        parallel_credential_pam: true
    }' --args "${packages[@]}" | jq "${1-.}" >"$WORK/vars.json"
    run timeout -k 5 120 ansible-playbook -i "$WORK/inventory" \
        -e "@$WORK/vars.json" "${options[@]+"${options[@]}"}" \
        "$example/site.yml" </dev/null
}
# changes: how many the play has made
changes() {
    sed -n 's/^one-machine .*changed=\([0-9]*\) .*/\1/p' <<<"$out"
}
# succeeds NAME
succeeds() {
    if [ "$rc" -eq 0 ]; then ok "$1"; else not_ok "$1" "$out $err"; fi
}
# What an administrator has there, and what the package brings
there() {
    inside find /etc /usr -path '*parallel*' ! -type d | sort
    contents /etc
}
drop_in=/etc/parallel-credential.conf.d/50-fleet.conf

# ---- a new machine ---------------------------------------------------------------

there >"$WORK/before"
play -o --check -o --diff
succeeds "a new machine: --check"
like "$out" 'allow_groups = researchers' "it shows what will be in the drop-in"
check "and nothing has changed" diff "$WORK/before" <(there)

play '.parallel_credential_settings.timeout = "soon"'
isnt "$rc" 0 "a bad value at the first time: the play fails"
like "$out" "$drop_in:[0-9]+: timeout: a time " \
    "it names file and line"
run inside find "${drop_in%/*}" -mindepth 1
is "$out" "" "and leaves no drop-in"

play
succeeds "installed, configured, checked"
like "$(inside parallel-credential config)" "^timeout = 77s  ; $drop_in:[0-9]" \
    "the settings count"
like "$(inside parallel-credential config)" \
    "^allowed_organizations = org_acme  ; $drop_in:[0-9]" "and the policy"
like "$(by_ssh researcher parallel-credential doctor)" '^0 wrong' \
    "doctor has nothing against it"
# The machine has none of the packages that are only recommended.
is "$(by_ssh researcher parallel-credential doctor --json |
    jq -r 'select(.level == "warning" and .id != "sum") | .id' | sort -u |
    paste -sd' ')" "installation.library token.none" \
    "but that nobody has signed in, and what was left out"
codes() {
    state .requests.code
}
like "$(echo exit | by_ssh researcher 2>&1)" "$HTTP_PLATFORM_URL" \
    "who is in the group sees a code at the login"
before=$(codes)
is "$(echo exit | by_ssh guest 2>&1 | grep -c "$HTTP_PLATFORM_URL")" 0 \
    "who is not sees none"
is "$(codes)" "$before" "and none is asked for"

# ---- once more -----------------------------------------------------------------------

there >"$WORK/before"
play
succeeds "once more"
is "$(changes)" 0 "it changes nothing"
check "nothing at all" diff "$WORK/before" <(there)
play -o --check -o --diff '.parallel_credential_settings.timeout = "88s"'
succeeds "another value: --check"
like "$out" '^\+timeout = 88s' "--diff shows it"
check "and nothing has changed" diff "$WORK/before" <(there)
play '.parallel_credential_policy.allow_groups = "a b" |
    .parallel_credential_settings.timeoutt = "88s"'
isnt "$rc" 0 "a slip: the play fails"
like "$out" "$drop_in:[0-9]+: unknown key .*timeoutt" "it names file and line"
check "the old drop-in is back, and no copy is left" \
    diff "$WORK/before" <(there)

# ---- PAM, off ------------------------------------------------------------------------

play '.parallel_credential_pam = false'
succeeds "PAM is turned off"
is "$(changes)" 1 "which is one change"
is "$(inside grep -rl pam_parallel /etc/pam.d)" "" "no service has the module"
like "$(by_ssh researcher parallel-credential doctor)" '^0 wrong' \
    "doctor has nothing against it"
play '.parallel_credential_pam = false'
is "$rc $(changes)" "0 0" "once more: nothing changes"

# What pam-auth-update does not understand it leaves alone.
sed -i '/^# end of pam-auth-update/i session optional pam_echo.so in' \
    "$machine/etc/pam.d/common-session"
play
isnt "$rc" 0 "lines of somebody else's in common-session: the play fails"
like "$out" 'pam-auth-update leaves /etc/pam.d/common-session as it is' \
    "and says so"
inside sed -i /pam_echo/d /etc/pam.d/common-session

# ---- something is wrong with the machine ---------------------------------------------

inside chmod 666 /etc/parallel-credential.conf
play
isnt "$rc" 0 "the machine's own file can be written by others: the play fails"
like "$out" 'parallel-credential.conf can be written by others' "and says so"
inside chmod 644 /etc/parallel-credential.conf
kill "$PID"
play
isnt "$rc" 0 "the service cannot be reached: the play fails"
like "$out" 'wrong +network.reach: ' "doctor says why"
shut_down
finish
