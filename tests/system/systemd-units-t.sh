#!/bin/bash
# What make install gives to systemd's user manager, in a real one: the timer
# that keeps sign-ins alive, and the service that ends them at the last logout.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/container.sh"
own_container "$0" systemd-analyze nft
start_sandbox
control config '{"interval":1}' >"$WORK/control.out"

units=$PREFIX/lib/systemd/user
refresh=parallel-credential-refresh
logout=parallel-credential-logout
run env XDG_RUNTIME_DIR="$WORK/root" MANPATH="$PREFIX/share/man" \
    systemd-analyze verify --user "$units"/*
is "$rc$out$err" 0 "systemd-analyze verify has nothing to say"
for each in "$refresh" "$logout"; do
    run env XDG_RUNTIME_DIR="$WORK/root" systemd-analyze security --user \
        --offline=true --threshold=65 "$units/$each.service"
    is "$rc" 0 "$each: an exposure of 6.5 at most"
done

container_prepare
cp "$units"/* "$machine/usr/lib/systemd/user"
# As if half an hour were a second.
like "$(grep ^RestartSec "$units/$refresh.service")" '=30min$' \
    "it tries again half an hour later"
mkdir -p "/etc/systemd/user/$refresh.service.d"
printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=1s\n' \
    >"/etc/systemd/user/$refresh.service.d/test.conf"
container_boot
run inside systemctl --global enable "$refresh.timer" "$logout.service"
is "$rc" 0 "both are enabled for everybody"

# sign_in_user: the code that the login has shown is approved
sign_in_user() {
    approve "$(newest_code)"
    wait_until 20 has_key || not_ok "the approval brings a key"
}
has_key() {
    as_user "$TOOL" token --api-key >"$WORK/key.out" 2>&1
}
# The service does not answer, and answers again. The network is our own.
goes_away() {
    local port
    nft add table ip away
    nft add chain ip away in '{ type filter hook input priority 0; }'
    for port in "$HTTP_PLATFORM_URL" "$HTTP_SERVICE_API_URL"; do
        port=${port##*:}
        nft add rule ip away in tcp dport "${port%%/*}" drop
    done
}
comes_back() {
    nft delete table ip away
}
families() {
    state '[.families[] | select(.alive)] | length'
}
keys() {
    echo $(($(state '[.api_keys[] | select(.alive)] | length') - spare))
}
spare=0 # keys that the test itself has left
# What is left in the store: records, and those of them that have ended
left() {
    inside jq -rc '[(.records | length), (.ended // [] | length)]' \
        "$STATE/store.json"
}
someone() {
    new_user
    RUNTIME=/run/user/$uid
    ssh_by publickey
}
runs() {
    manager_answers && is_unit "$logout" active
}
log_in() {
    begin_session
    wait_until 20 runs || not_ok "$logout.service runs"
}
log_out() {
    end_session
    wait_until 10 no_session || not_ok "no session stays behind"
    wait_until 60 no_runtime || not_ok "the user manager ends"
}
state_of_user() {
    inside loginctl show-user -P State "$user"
}
is_unit() {
    [ "$(managed is-active "$1")" = "$2" ]
}
no_failed_unit() {
    [ -z "$(managed list-units --failed --plain --no-legend)" ]
}
alive() {
    echo "$(families) $(keys)"
}

# ---- logout = keep ---------------------------------------------------------------

someone
log_in
sign_in_user
is "$(alive)" "1 1" "signed in: a refresh token and an API key"
log_out
is "$(alive) $(left)" "1 1 [1,0]" "logout = keep: the last logout changes nothing"
before=$(codes)
log_in
is "$(codes)" "$before" "and the next login asks for nothing"

# ---- the timer ---------------------------------------------------------------------

like "$(managed list-timers --all --no-legend)" \
    "$refresh.timer +$refresh.service" \
    "the timer runs"
is "$(managed show -P OnCalendar -P Persistent -P RandomizedDelayUSec \
    -P TimersCalendar "$refresh.timer" | grep -oE '^yes$|^15min$|OnCalendar=[^ ]* [^ ]*' |
    sort | paste -sd' ')" "15min OnCalendar=*-*-* 00:00:00 yes" \
    "daily, made up for, and not for all at once"
started() {
    managed start "$refresh"
}
made_idle() {
    as_user sh -c 'jq ".records[].issued_at -= 90000000" "$1" >"$1.new" &&
        mv "$1.new" "$1" && chmod 600 "$1"' sh "$STATE/store.json"
}
before=$(refreshes)
check "its service starts" started
is "$(($(refreshes) - before))" 0 "it does nothing for a token of today"
made_idle
check "it starts once more" started
is "$(($(refreshes) - before))" 1 "it renews one that nobody has used for a day"
made_idle
goes_away
managed start --no-block "$refresh"
waits() {
    [ "$(managed show -P SubState "$refresh")" = auto-restart ]
}
check "the service does not answer: it will try again" wait_until 60 waits
check "and no unit has failed" no_failed_unit
before=$(refreshes)
comes_back
has_renewed() {
    [ "$(refreshes)" -gt "$before" ] && is_unit "$refresh" inactive
}
check "and then it renews" wait_until 60 has_renewed
control revoke "{\"family\":$(state '.families[-1].family')}" \
    >"$WORK/control.out"
made_idle
check "a refused refresh token" started
check "is no failed unit" no_failed_unit
as_user "$TOOL" logout 2>"$WORK/logout.err"
check "signed out" started
check "is none either" no_failed_unit
# A key that the manager has, and that its person is not to have any more
managed set-environment PARALLEL_API_KEY=old PARALLEL_CREDENTIAL_KEY_ID=old
use_sandbox '[policy]' "deny_users = $user"
check "denied by the policy" started
check "is none either, by the policy" no_failed_unit
is "$(managed show-environment | grep '^PARALLEL_.*=.')" "" \
    "and takes the key from the user manager"
use_sandbox
log_out

# ---- logout = revoke -----------------------------------------------------------------

use_sandbox 'logout = revoke'
spare=$(keys)
someone
log_in
sign_in_user
first=$session hold_first=$hold
begin_session
exec {hold_first}>&-
wait "$first"
one_session() {
    [ "$(sessions | wc -l)" = 1 ]
}
wait_until 10 one_session
is "$(alive)" "1 1" "revoke: one of two sessions ends, and nothing else"
check "it can still be used" signed_in
refuses() {
    ! managed stop "$logout"
}
check "nobody stops the service by mistake" refuses
is "$(alive)" "1 1" "and so nothing ends by mistake"
log_out
is "$(alive) $(left)" "0 0 [0,0]" \
    "the last logout: token revoked, key deleted, store empty"
before=$(codes)
log_in
is "$(($(codes) - before))" 1 "the next login asks for an approval"
sign_in_user
log_out
is "$(alive) $(left)" "0 0 [0,0]" "approved that way, and ended once more"

# ---- whatever the person's configuration says ----------------------------------------------

use_sandbox 'logout = revoke' '[policy]' 'locked_keys = logout'
log_in
sign_in_user
as_user sh -c 'mkdir -p ~/.config && umask 077 &&
    echo "logout = keep" >~/.config/parallel-credential.conf'
run as_user "$TOOL" token
like "$rc $err" '^2 .*logout is locked' "a person may not choose otherwise"
log_out
is "$(alive) $(left)" "0 0 [0,0]" "and what is wrong there keeps nothing alive"
as_user rm "$home/.config/parallel-credential.conf"

# ---- the service cannot be reached at the logout ----------------------------------------

log_in
sign_in_user
is "$(alive)" "1 1" "signed in once more"
goes_away
begin=$SECONDS
log_out
check "nobody answers: the logout is not held up" \
    [ $((SECONDS - begin)) -lt 15 ]
is "$(left)" "[1,1]" "what is to be revoked is kept"
run as_user "$TOOL" token
is "$rc $out" "3 " "and not given to anybody"
comes_back
is "$(alive)" "1 1" "the service does not know of it"
before=$(codes)
log_in
is "$(alive) $(left)" "0 0 [0,0]" "the next login tells it"
is "$(($(codes) - before))" 1 "and asks for an approval"

# ---- the credential lies in the keyring --------------------------------------------------

log_out
if [ -e "$modules/pam_gnome_keyring.so" ]; then
    # The first of the auth lines asks for the password, the second has it.
    ssh_stack=("${ssh_stack[0]}" 'auth optional pam_gnome_keyring.so'
        "${ssh_stack[@]:1}")
    service sshd "${ssh_stack[@]}" \
        'session optional pam_gnome_keyring.so auto_start' parallel
    control config '{"approve_after":0}' >"$WORK/control.out"
    # What the desktop starts in a session, with the daemon of the login.
    starts='gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1'
    serves="$TOOL token >/dev/null && echo served"
    # typed COMMAND...: one after the other, in a login with the password
    typed() {
        local steps=('see=password: ' "type=$PASSWORD") each
        for each; do
            steps+=('see=\$ $' "type=$each")
        done
        terminal "${steps[@]}" "${ends_shell[@]}" -- "${ssh[@]}"
    }
    new_user
    RUNTIME=/run/user/$uid
    ssh_by password
    signs_in=("$starts" "until $serves; do sleep 0.1; done 2>/dev/null"
        "$TOOL move-store secret-service" "$TOOL token --api-key")
    typed "${signs_in[@]}"
    is "$(alive) $(left)" "1 1 [0,0]" "the credential lies in the keyring"
    is "$(state_of_user)" closing "whose daemon outlives the session"
    inside loginctl terminate-user "$user"
    wait_until 60 no_runtime
    is "$(alive) $(left)" "0 0 [0,0]" "the keyring is there to the last: revoked"
    is "$(inside jq -c .in_keyring "$STATE/store.json")" null "and erased"

    printf '[Login]\nKillUserProcesses=yes\n' \
        >/etc/systemd/logind.conf.d/kill.conf
    inside systemctl kill -s HUP systemd-logind
    typed "${signs_in[@]}"
    wait_until 60 no_runtime || not_ok "the last logout: the user manager ends"
    is "$(alive) $(left)" "1 1 [0,1]" "killed before: ended, and not revoked"
    control config '{"approve_after":null}' >"$WORK/control.out"
    typed "$starts" "$TOOL token" "$TOOL session-end --retry && echo told"
    like "$screen" 'not signed in' "the next login: nobody gets it"
    like "$screen" '^told$' "and the service is told"
    wait_until 60 no_runtime
    is "$(alive) $(left)" "0 0 [0,0]" "revoked, and deleted"
    service sshd "${ssh_stack[0]}" "${ssh_stack[@]:2}" parallel
else
    skip "the credential lies in the keyring" "pam_gnome_keyring is missing"
fi

# ---- the machine goes down ---------------------------------------------------------------

# Who starts later stops earlier: while there is a network.
starts_after() {
    inside systemctl show -P After "$1" | tr ' ' '\n' | grep -qx "$2"
}
check "user managers stop before logins are shut" \
    starts_after "user@$uid.service" systemd-user-sessions.service
check "and those before the network" \
    starts_after systemd-user-sessions.service network.target
someone
log_in
sign_in_user
is "$(alive)" "1 1" "signed in, and the session goes on"
inside systemctl poweroff
exec {hold}>&-
wait "$session" 2>"$WORK/check.out"
wait "$container"
is "$(alive)" "0 0" "the machine goes down: revoked, and deleted"
finish
