#!/bin/bash
# Real systemd and logind, in a container: where a session's files lie, what
# the last logout leaves, and that no session stays behind. The container is
# this machine's own root, with everything that is written on top of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/container.sh"

own_container "$0"
start_sandbox
control config '{"interval":1}' >"$WORK/control.out"

container_prepare
# What a package would install: the script for shells, the generator, and the
# program in the path of both.
mkdir -p "$machine/usr/lib/systemd/user-environment-generators"
cp "$PREFIX/lib/systemd/user-environment-generators/60-parallel-credential" \
    "$machine/usr/lib/systemd/user-environment-generators"
ln -sf "$PREFIX/bin/parallel-credential" "$machine/usr/bin"
cp "$HERE/../../conf/parallel-credential.sh" /etc
echo '[ -z "${PROFILE-}" ] || . /etc/parallel-credential.sh' >>/etc/profile
container_boot

# ---- a code is pending ---------------------------------------------------------------

new_user
RUNTIME=/run/user/$uid
ssh_by publickey
begin_session
is "$(session_states)" active "logind knows the session"
is "$(mode_of "$RUNTIME")" "700 $user" "it has $RUNTIME"
check "somebody polls" wait_until 5 poller
like "$(cat "/proc/$(poller)/cgroup")" "session-$(sessions).scope" \
    "in the session's own group, which has to be left for it to end"
is "$(stat -c '%a %U' "$STATE/pending")" "600 $user" \
    "the code is kept in the home"
is "$(inside find "$RUNTIME/parallel-credential" -mindepth 1 -printf '%f ')" \
    "renewing " "nothing of it lies in the runtime folder"
end_session
check "the last logout: no session stays behind" wait_until 10 no_session
check "nobody polls" wait_until 5 no_poller
check "logind wipes $RUNTIME" wait_until 10 no_runtime

# ---- approved when nobody is there -------------------------------------------------------

code=$(newest_code)
approve "$code"
wait_until 5 may_poll
terminal "${ends_shell[@]}" -- "${ssh[@]}"
is_screen "$connected"$'\n''\$ exit' \
    "approved after the last logout: the next login says so"
is "$(codes)" 1 "and asked for no other code"
check "no session stays behind" wait_until 10 no_session
wait_until 10 no_runtime

begin_session
is "$(mode_of "$RUNTIME/parallel-credential" \
    "$RUNTIME/parallel-credential/session")" "700 $user
600 $user" "signed in: the session cache lies in the runtime folder"
check "git is answered" signed_in
is "$(find "$STATE" -name 'session*')" "" "and not in the home"
end_session
check "the last logout wipes it" wait_until 10 no_runtime
is "$(state .requests.token_refresh)" 0 "what lasts is in the store"

# ---- two sessions, one code ------------------------------------------------------------

new_user
ssh_by publickey
begin_session
check "the first session polls" wait_until 5 poller
first=$session hold_first=$hold
begin_session
is "$(poller | wc -l)" 1 "the second does not"
exec {hold_first}>&-
wait "$first"
check "when the first one ends, so does its poller" wait_until 5 no_poller
is "$(session_states)" active "the other session goes on"
approve "$(newest_code)"
wait_until 5 may_poll
check "approved then: git is answered in the other" signed_in
end_session
check "no session stays behind" wait_until 10 no_session

# A client that is killed, and a session that logind ends.
for way in "killed client" "loginctl terminate-user"; do
    new_user
    ssh_by publickey
    begin_session
    wait_until 5 poller >"$WORK/check.out"
    case $way in
    killed*) kill -9 "$session" ;;
    *) inside loginctl terminate-user "$user" ;;
    esac
    exec {hold}>&-
    wait "$session" 2>"$WORK/check.out"
    check "$way: no session stays behind" wait_until 10 no_session
    check "$way: nobody polls" wait_until 5 no_poller
    check "$way: the code is kept" test -s "$STATE/pending"
done

# ---- the API key, in programs of the user manager and in shells -----------------------

# paste_key KEY: as a person would, through git's protocol
paste_key() {
    printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
        "${HTTP_API_URL#http://}" "$1" | as_user "$TOOL" store
}
# What a program that the desktop starts has, and what a login shell has. What
# PAM put into the session's own environment is left out.
in_unit() {
    as_user env XDG_RUNTIME_DIR="$RUNTIME" systemd-run --user --quiet --pipe \
        --wait --collect "$@" printenv PARALLEL_API_KEY
}
in_shell() {
    as_user env XDG_RUNTIME_DIR="$RUNTIME" PROFILE=yes "$@" \
        sh -lc 'printenv PARALLEL_API_KEY'
}
no_manager_key() {
    ! managed show-environment | grep -q 'PARALLEL_.*=.'
}
new_user
RUNTIME=/run/user/$uid
ssh_by publickey
begin_session
check "the user manager runs" wait_until 20 manager_answers
is "$(in_unit; in_shell)" "" "there is no key yet"
paste_key key-1
is "$(in_unit)" key-1 "a key comes: a unit that starts now has it"
is "$(in_shell)" key-1 "and a login shell"
paste_key key-2
is "$(in_unit)$(in_shell)" key-2key-2 "a new key takes its place"
managed set-environment PARALLEL_API_KEY=own
managed unset-environment PARALLEL_CREDENTIAL_KEY_ID
paste_key key-3
is "$(in_unit)" own "a key of the person's own on the manager stays"
is "$(in_shell PARALLEL_API_KEY=own)" own "and one in the environment"
as_user "$TOOL" logout 2>"$WORK/logout.err"
is "$(in_unit)" own "also when we sign out"
managed unset-environment PARALLEL_API_KEY
paste_key key-4
is "$(in_unit)" key-4 "without it, ours is set again"
as_user "$TOOL" logout 2>"$WORK/logout.err"
is "$(in_unit; in_shell)" "" "signed out: it is gone"
check "all of it" no_manager_key

# The administrator takes it back: the first command that hears of it tells the
# manager; and so does the timer's (see systemd-units-t.sh), if that one could not.
# reload: how long it $took, ms
reload() {
    local begin
    begin=$(date +%s%3N)
    managed daemon-reload
    took=$(($(date +%s%3N) - begin))
}
paste_key key-4b
reload
usual=$took
use_sandbox '[policy]' "deny_users = $user"
is "$(in_unit)" key-4b "denied: nobody has noticed yet"
# While it reads its units anew the manager waits for the generator, and answers
# nobody: who asked it would wait for two seconds.
reload
check "denied: the manager does not wait for itself" \
    test $((took - usual)) -lt 1500
as_user env XDG_RUNTIME_DIR="$RUNTIME" "$TOOL" env --session --sh \
    >"$WORK/denied.out"
check "denied: a starting shell takes the key from the manager" no_manager_key
is "$(cat "$WORK/denied.out")" "" "and has none"
managed set-environment PARALLEL_API_KEY=own
as_user env XDG_RUNTIME_DIR="$RUNTIME" "$TOOL" refresh --all --keep-alive \
    --quiet
is "$(in_unit)" own "denied: a key of the person's own is not ours to take"
managed unset-environment PARALLEL_API_KEY
use_sandbox
paste_key key-4c
is "$(in_unit)" key-4c "no longer denied: a key comes back"
use_sandbox '[policy]' 'allowed_organizations = org_more'
managed daemon-reload
is "$(in_unit)" key-4c "only some organizations: nobody has noticed yet"
as_user env XDG_RUNTIME_DIR="$RUNTIME" "$TOOL" token --api-key 2>"$WORK/token.err"
check "only some organizations: the first command takes the key away" \
    no_manager_key
use_sandbox
paste_key key-4d
is "$(in_unit)" key-4d "any organization: a key comes back"
# A store that is not read is no reason to take it.
chmod 666 "$home/.local/state/parallel-credential/store.json"
as_user env XDG_RUNTIME_DIR="$RUNTIME" "$TOOL" refresh --all --keep-alive \
    --quiet 2>"$WORK/refused.err"
isnt $? 0 "a store that others can write is refused"
is "$(in_unit)" key-4d "and the key stays"
chmod 600 "$home/.local/state/parallel-credential/store.json"

as_user mkdir -p "$home/.config"
echo 'export_environment = no' |
    as_user tee "$home/.config/parallel-credential.conf" >"$WORK/conf"
as_user chmod 600 "$home/.config/parallel-credential.conf"
paste_key key-5
is "$(in_unit; in_shell)" "" "export_environment = no: nowhere"
as_user rm "$home/.config/parallel-credential.conf"
end_session
wait_until 10 no_session
wait_until 20 no_runtime

# The manager that starts with a later login finds it by itself.
begin_session
check "the next user manager runs" wait_until 20 manager_answers
is "$(in_unit)" key-5 "its programs have the key from the beginning"
printf 'protocol=http\nhost=%s\npassword=%s\n\n' "${HTTP_API_URL#http://}" key-5 |
    as_user "$TOOL" erase
check "a key that was refused is taken away" no_manager_key
end_session
wait_until 10 no_session

# An approval that comes in the background settles it, too.
new_user
RUNTIME=/run/user/$uid
ssh_by publickey
begin_session
wait_until 20 manager_answers
managed set-environment PARALLEL_API_KEY=old PARALLEL_CREDENTIAL_KEY_ID=old
approve "$(newest_code)"
has_new_key() {
    managed show-environment | grep -q '^PARALLEL_API_KEY=sak_'
}
check "approved in the background: the key that comes with it is set" \
    wait_until 20 has_new_key
end_session
wait_until 10 no_session

# What of the person is in the control group of a session, by name.
in_session() {
    local each
    for each in $(pgrep -u "$uid"); do
        grep -q 'session-[^/]*\.scope' "/proc/$each/cgroup" &&
            cat "/proc/$each/comm"
    done 2>/dev/null | sort -u
}
only_the_keyring() {
    [ "$(in_session)" = gnome-keyring-d ]
}

# ---- with the GNOME keyring ----------------------------------------------------------------

if inside test -e "$modules/pam_gnome_keyring.so"; then
    keyring='session optional pam_gnome_keyring.so auto_start'
    service sshd 'auth optional pam_gnome_keyring.so' "${ssh_stack[@]}" \
        "$keyring" parallel
    for order in before after; do
        new_user
        ssh_by password
        terminal 'see=password: ' "type=$PASSWORD" 'see=\$ $' \
            'type=pgrep -cu $USER gnome-keyring' "${ends_shell[@]}" \
            -- "${ssh[@]}"
        is_screen $'\r'"$user@127.0.0.1's password: 
To connect this account to Parallel, open
.*
There is no need to wait for it\.
\\\$ pgrep -cu \\\$USER gnome-keyring
[1-9]
\\\$ exit" "pam_gnome_keyring $order pam_parallel: both have done their part"
        check "only the keyring's own daemon outlives the session" \
            wait_until 10 only_the_keyring
        service sshd 'auth optional pam_gnome_keyring.so' "${ssh_stack[@]}" \
            parallel "$keyring"
    done
else
    skip "pam_gnome_keyring before pam_parallel" "it is not installed"
fi

# ---- the credential lies in it -------------------------------------------------
if ! inside test -e "$modules/pam_gnome_keyring.so"; then
    skip "the credential lies in the keyring" "pam_gnome_keyring is missing"
elif ! inside test -e /usr/lib/systemd/user/dbus.socket; then
    skip "the credential lies in the keyring" "dbus-user-session is missing"
else
    # What the desktop starts in a session, with the daemon that the login has
    # started; and what a locked keyring takes.
    starts='gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1'
    unlocks="printf '$PASSWORD' | gnome-keyring-daemon --replace --unlock"
    unlocks+=' --components=secrets >/dev/null 2>&1'
    serves="$TOOL token >/dev/null && echo served"
    # typed COMMAND...: one after the other, by password or key
    typed() {
        local steps=() each
        [ "$method" = publickey ] ||
            steps=('see=password: ' "type=$PASSWORD")
        for each; do
            steps+=('see=\$ $' "type=$each")
        done
        terminal "${steps[@]}" "${ends_shell[@]}" -- "${ssh[@]}"
        # The daemon outlives it, and would stay unlocked.
        inside loginctl terminate-user "$user"
        wait_until 10 no_runtime || not_ok "the runtime folder goes away"
    }
    # is_quiet NAME: the login itself has shown nothing
    is_quiet() {
        unlike "$screen" 'open$|user_code|no need to wait' "$1: no code is shown"
        is "$(codes)" "$count" "$1: none is asked for"
    }
    # The first of the auth lines asks for the password, the second has it.
    ssh_stack=("${ssh_stack[0]}" 'auth optional pam_gnome_keyring.so'
        "${ssh_stack[@]:1}")
    service sshd "${ssh_stack[@]}" "$keyring" parallel
    new_user
    method=password
    ssh_by password
    # Approved at once, and kept in the file: at a login nobody has offered a
    # keyring yet.
    control config '{"approve_after":0}' >"$WORK/control.out"
    typed "$starts" "until $serves; do sleep 0.1; done 2>/dev/null" \
        "$TOOL move-store secret-service && echo moved"
    control config '{"approve_after":null}' >"$WORK/control.out"
    like "$screen" '^moved$' "a login with a password has unlocked the keyring"
    is "$(inside jq -r '.store + " " + (.records | length | tostring)' \
        "$STATE/store.json")" "secret-service 0" "the credential lies there"
    count=$(codes)
    typed "$starts" "$serves"
    is_quiet "unlocked before the module"
    like "$screen" '^served$' "unlocked before the module: a token"

    service sshd "${ssh_stack[@]}" parallel "$keyring"
    typed "$starts" "$serves"
    is_quiet "unlocked after the module"
    like "$screen" '^served$' "unlocked after the module: a token"

    method=publickey
    ssh_by publickey
    typed "$starts" "$TOOL token; echo exit \$?" "$unlocks" "$serves"
    is_quiet "by key"
    like "$screen" '^parallel-credential: .*is locked' "by key: it is locked"
    like "$screen" '^exit 4$' "by key: and nothing is served"
    like "$screen" '^served$' "by key, then unlocked by hand: a token"
    is "$(inside jq -r '.store + " " + (.records | length | tostring)' \
        "$STATE/store.json")" "secret-service 0" "it lies there still"
fi

# journald has taken the lines of the log apart, and knows itself who sent them.
inside journalctl --sync
is "$(inside journalctl -q -o json -n 1 \
    MESSAGE_ID=4c17079655864b8cbb0c8fb30ca65e4c _UID=61001 |
    jq -r '[._UID, .PARALLEL_UID, .PARALLEL_USER, .PARALLEL_EVENT, .PRIORITY,
        .PARALLEL_ORG, ._COMM] | join(" ")')" \
    "61001 61001 person1 authorized 5 org_acme broker" \
    "journald has the first person's approval, with its fields"
container_end
finish
