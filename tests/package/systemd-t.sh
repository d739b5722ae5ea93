#!/bin/bash
# The packages alone on a machine with real systemd: installed while people are
# logged in, one configuration file, a login by ssh, an approval, git and curl;
# the user manager's timer renews, the policy keeps a foreign organization out;
# an upgrade, a purge.
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/package.sh"
. "$(dirname "$0")/../system/container.sh"
. "$(dirname "$0")/boot.sh"
TOOLS+=("${boot_tools[@]}")
own_machine "$0"
boot_needs

packages_first
next_version first

# ---- the machine ---------------------------------------------------------------

make_bootable first second third
"$PLATFORM" --dir "$WORK/sandbox" --background --seed-org org_acme:Acme \
    --seed-org org_other:Other
# shellcheck disable=SC1091
. "$WORK/sandbox/platform.env"
boot

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

site=/etc/parallel-credential.conf.d/site.conf
# configured LINE...: the one file
configured() {
    printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" "api_url = $HTTP_API_URL" \
        "$@" | inside tee "$site" >"$WORK/site.conf"
}
configured
inside DEBIAN_FRONTEND=noninteractive pam-auth-update --enable parallel
control config '{"interval":1}' >"$WORK/control.out"
# approve_for ORG: the one code that waits
approve_for() {
    control approve "{\"user_code\":\"$(state '.pending[0].user_code')\",
        \"org_id\":\"$1\"}" >"$WORK/control.out"
}
asks="printf 'protocol=http\nhost=%s\n\n' ${HTTP_PLATFORM_URL#http://} |
    GIT_TERMINAL_PROMPT=0 git -c credential.helper=parallel credential fill"
# has_it PERSON: git has
has_it() {
    by_ssh "$1" "$asks" 2>&1 | grep -q '^password=.'
}
begin_session second
code=$(state '.pending[0].user_code')
is "$(echo exit | by_ssh second 2>&1 | grep -c "$code")" 2 \
    "a login by ssh shows the code"
approve_for org_acme
check "approved: git has the token" wait_until 20 has_it second
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

# ---- the timer -------------------------------------------------------------------------

# journal FIELD MATCH...: of the newest line that matches
journal() {
    inside journalctl -q -o json -n 1 "${@:2}" | jq -r ".$1"
}
store=/home/second/.local/state/parallel-credential/store.json
stamp=/home/second/.local/share/systemd/timers/stamp-$timer
refresh_token() {
    inside jq -r '.records[0].refresh_token' "$store"
}
no_manager() {
    [ "$(inside systemctl is-active "user@$(inside id -u second)")" = inactive ]
}
end_session
wait_until 20 no_manager
# As if the person had been away for two days. All that is not the package's
# own is that nobody waits for the delay.
inside mkdir -p "/etc/systemd/user/$timer.d"
printf '%s\n' '[Timer]' RandomizedDelaySec=0 |
    inside tee "/etc/systemd/user/$timer.d/test.conf" >"$WORK/timer.conf"
inside touch -d '2 days ago' "$stamp"
inside setpriv --reuid second --regid second --clear-groups sh -c \
    'umask 077; jq ".records[].issued_at -= 172800000" "$1" >"$1.edit" &&
    mv "$1.edit" "$1"' sh "$store"
token=$(refresh_token) before=$(refreshes)
renewed() {
    [ "$(refresh_token)" != "$token" ]
}
isnt "$token" "" "the person was away for two days"
begin_session second
check "back again, the timer renews by itself" wait_until 20 renewed
is "$(refreshes)" $((before + 1)) "once"
is "$(journal _SYSTEMD_USER_UNIT \
    MESSAGE_ID=c74db4af2df542ad9634b8d2703f000a)" \
    parallel-credential-refresh.service "the journal says who did it"
inside rm -r "/etc/systemd/user/$timer.d"
check "and git has a token" has_it second
end_session

# ---- the policy ------------------------------------------------------------------------

begin_session first
approve_for org_other
check "without a policy any organization will do" wait_until 20 has_it first
configured '[policy]' 'allowed_organizations = org_acme'
run has_it first
is "$rc" 1 "one is allowed: from the next get on the other is not handed out"
check "but still kept" inside grep -q '"org_other"' \
    /home/first/.local/state/parallel-credential/store.json
check "the allowed one goes on" has_it second
end_session

begin_session third
before=$(state .requests.revoke)
approve_for org_other
notice() {
    journal "$1" MESSAGE_ID=bb77c35e156c4d799621b5d44bc471e0 \
        "_UID=$(inside id -u third)"
}
refused() {
    [ "$(notice PARALLEL_EVENT)" = refused ]
}
check "a login is approved for the other one: it is in the journal" \
    wait_until 20 refused
is "$(notice PARALLEL_REASON) $(notice PARALLEL_ORG)" \
    "organization_not_allowed org_other" "with the reason and the organization"
is "$(state .requests.revoke)" $((before + 1)) "the approval is given back"
like "$(echo exit | by_ssh third 2>&1)" \
    'policy does not allow the organization Other .org_other.' \
    "the next login tells the person"
run has_it third
is "$rc" 1 "git has nothing"
run inside grep -l org_other -r /home/third
is "$out" "" "nor has the home"
end_session

# ---- an upgrade, a purge ---------------------------------------------------------------

begin_session second
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
    "$site" \
    "of all that is left only the file that the administrator has written"
is "$(by_ssh second echo here 2>&1)" here "people log in as before"
shut_down
finish
