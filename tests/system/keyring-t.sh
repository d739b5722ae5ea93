#!/bin/bash
# The Secret Service as the store: gnome-keyring open, locked, locked with a
# display on which a prompt would wait for ever; nobody, no bus; one that
# never answers, that dies, that refuses, that wants to prompt. Each is told
# apart and said; nothing is lost, and nothing lies in the clear that should
# not.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"

CROWD=50
unset DBUS_SESSION_BUS_ADDRESS

# ---- words --------------------------------------------------------------------

# login: as a person would, approved at once; what was said in $said
login() {
    run timeout -k 1 "$PATIENCE" "$TOOL" login --no-browser </dev/null
    said=$out$'\n'$err
}
# state_is STORE KEYRING NAME: as status --json tells it
state_is() {
    is "$(report '.store + " " + (.keyring | tostring)')" "$1 $2" "$3"
}
# where_is STORE NAME: the refresh token lies there, and nowhere else; it is
# good. STORE: secret-service, file, provisional-file, parked
where_is() {
    local token place files
    case $1 in
    secret-service)
        token=$(kept .refresh_token)
        place=''
        ;;
    parked)
        token=$(parked .refresh_token)
        place=run/parallel-credential/parked
        ;;
    *)
        token=$(refresh_token)
        place=home/.local/state/parallel-credential/store.json
        ;;
    esac
    files=$(where_found "${token:-none}")
    is "$files" "$place" "$2: the refresh token lies there alone ($1)"
    is "$(stored .store)" "${3-${1/parked/secret-service}}" "$2: it is the choice"
    check "$2: it is good" is_good refresh "$token"
    case $1 in
    secret-service | parked)
        is "$(stored '.records | length')" 0 "$2: store.json has no record"
        ;;
    esac
}
# one_line NAME: standard error is a sentence of ours
one_line() {
    is "$(grep -c '^parallel-credential: ' <<<"$err"):$(wc -l <<<"$err")" 1:1 \
        "$1: one line"
}
# all_say REGEX NAME: whoever needs the credential says that, and exits 4
all_say() {
    local verb before
    before=$(requests)
    rm -f "$SESSION" "$STATE/session"
    for verb in token header refresh logout; do
        bounded "$TOOL" "$verb"
        is "$rc:$out" 4: "$2: $verb: exit 4"
        like "$err" "$1" "$2: $verb: says why"
        unlike "$err" "not signed in" "$2: $verb: and nothing else"
        one_line "$2: $verb"
    done
    request >"$WORK/request"
    run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
    is "$rc:$out" 4: "$2: get: exit 4"
    like "$err" "$1" "$2: get: says why"
    unlike "$err" "not signed in" "$2: get: and nothing else"
    bounded "$TOOL" status
    like "$out$err" "$1" "$2: status: says why"
    unlike "$out$err" "not signed in" "$2: status: and nothing else"
    is "$(requests)" "$before" "$2: the service was not asked"
}

# ---- open -----------------------------------------------------------------------

t_open() {
    local token attributes
    keyring_person
    bus_start
    keyring_start
    secret-tool store --label=Other xdg:schema org.example.Other \
        issuer "$PARALLEL_PLATFORM_URL" <<<"somebody else's"
    login
    is "$rc" 0 "an open keyring: signed in"
    like "$said" 'in the keyring' "login says where the credential lies"
    where_is secret-service "open keyring"
    is "$(stored '.records | length')" 0 "store.json has no record"
    is "$(items)" 1 "one item"
    like "$(client list | jq -r .label)" \
        '^Parallel: [^(]+ \(127\.0\.0\.1:[0-9]+\)$' "another program sees whose it is"
    attributes=$(client list | jq -cS '.attributes | keys')
    is "$attributes" '["issuer","organization","xdg:schema"]' "its attributes"
    is "$(client list | jq -r '.attributes.issuer + " " +
        .attributes.organization')" \
        "$PARALLEL_PLATFORM_URL $(kept .org_id)" "none of them a secret"
    is "$(client list | jq -r '.secret | split("\n") | length')" 1 \
        "its secret is a line"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(kept .access_token)" "the token is served"
    state_is secret-service ok "status"
    bounded "$TOOL" status
    like "$out" 'kept +in the keyring' "status says where"

    token=$(kept .refresh_token)
    bounded "$TOOL" refresh
    is "$rc" 0 "refresh"
    isnt "$(kept .refresh_token)" "$token" "the new refresh token"
    where_is secret-service "after a refresh"
    is "$(items)" 1 "still one item"
    check "nothing is parked" test ! -e "$PARKED"
    is "$(find "$STATE" "$XDG_RUNTIME_DIR/parallel-credential" -type f \
        -printf '%f %m\n' | sort | paste -sd' ')" \
        "lock 600 renewing 600 session 600 store.json 600" "no other file"

    # What another program leaves: other words in another order.
    rm "$SESSION"
    kept 'to_entries | reverse | from_entries' | tr '\n' ' ' |
        client replace "Renamed by hand"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(kept .access_token)" "what another program left is read"
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "and renewed in its place"

    bounded "$TOOL" login --no-browser
    is "$rc:$(items)" 0:1 "a second login: one item"
    where_is secret-service "a second login"
    bounded "$TOOL" logout
    is "$rc:$(items)" 0:0 "logout: none"
    is "$(secret-tool lookup xdg:schema org.example.Other)" \
        "somebody else's" "that of somebody else is still there"
    bounded "$TOOL" token
    is "$rc" 3 "signed out"
    like "$err" "not signed in" "it says so"
}

# Several credentials, each with its item.
t_organizations() {
    local first
    keyring_person
    bus_start
    keyring_start
    login
    first=$(kept .org_id)
    control config '{"approve_after":null}' >"$WORK/control.out"
    control approve '{"user_code":"any","wait_ms":20000,"org_id":"org_b",
        "org_name":"Bolt"}' >"$WORK/approve.out" &
    pid=$!
    login
    wait "$pid"
    control config '{"approve_after":0}' >"$WORK/control.out"
    is "$(client list | jq -r .attributes.organization | sort | paste -sd' ')" \
        "$(printf '%s\n' "$first" org_b | sort | paste -sd' ')" \
        "two organizations, two items"
    rm "$SESSION"
    bounded "$TOOL" token --org "$first"
    is "$rc" 0 "the first is served"
    bounded "$TOOL" logout --org org_b
    is "$(client list | jq -r .attributes.organization)" "$first" \
        "logout takes away one"
}

# The store is empty, though the choice is the keyring.
t_empty() {
    keyring_person
    bus_start
    keyring_start
    login
    rm "$SESSION"
    client delete
    is "$(report .keyring)" empty "somebody has deleted it: status"
    bounded "$TOOL" status
    like "$out$err" 'holds nothing of ours' "it says so"
    bounded "$TOOL" token
    isnt "$rc" 0 "no token"
    login
    where_is secret-service "a new login"
}

# ---- locked ---------------------------------------------------------------------

t_locked_at_first() {
    local token
    keyring_person
    bus_start
    keyring_start_locked
    login
    is "$rc" 0 "a locked keyring: signed in"
    like "$said" 'is locked' "login says that it is locked"
    like "$said" 'store\.json' "and where the credential lies"
    where_is provisional-file "locked keyring"
    state_is provisional-file locked "status"
    bounded "$TOOL" status
    like "$out" 'is locked' "it says so"
    bounded "$TOOL" refresh
    is "$rc" 0 "refresh works"
    where_is provisional-file "refreshed"
    token=$(refresh_token)

    keyring_unlock
    state_is secret-service ok "it is unlocked: status moves it"
    is "$(kept .refresh_token)" "$token" "the same one"
    where_is secret-service "moved"
    is "$(stored '.records | length')" 0 "store.json has none"
}
# What else moves it: whatever reaches the broker.
t_moved_by() {
    local verb
    for verb in refresh token get login; do
        keyring_person
        bus_start
        keyring_start_locked
        login
        keyring_unlock
        case $verb in
        token | get) expire_token ;;
        esac
        request >"$WORK/request"
        run timeout -k 1 "$PATIENCE" "$TOOL" "$verb" <"$WORK/request"
        is "$rc" 0 "provisional, unlocked: $verb"
        where_is secret-service "moved by $verb"
    done
}
t_locked_later() {
    local token
    keyring_person
    bus_start
    keyring_start
    login
    token=$(kept .refresh_token)
    keyring_lock
    bounded "$TOOL" token
    is "$rc" 0 "locked later: the cache still serves"
    bounded "$TOOL" refresh
    is "$rc" 4 "locked later: refresh cannot"
    bounded "$TOOL" token
    is "$rc:$err" 0: "which does not take away what the cache has"
    bounded "$TOOL" token --api-key
    is "$rc:$err" 0: "neither the API key"
    cp "$STORE" "$WORK/store.before"
    all_say 'the keyring is locked' "locked later"
    state_is secret-service locked "status --json"
    check "store.json is as it was" cmp "$STORE" "$WORK/store.before"
    keyring_unlock
    is "$(kept .refresh_token)" "$token" "unlocked: nothing was deleted"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(kept .access_token)" "and it is served"
}
# A login while the keyring, which is the choice, is locked.
t_parked() {
    local token
    keyring_person
    bus_start
    keyring_start
    login
    keyring_lock
    login
    is "$rc" 0 "a login while it is locked"
    like "$said" 'is locked' "says that it is"
    token=$(parked .refresh_token)
    where_is parked "locked"
    is "$(stat -c %a "$PARKED")" 600 "private"
    state_is parked locked "status"
    bounded "$TOOL" refresh
    is "$rc" 0 "what is parked is renewed"
    isnt "$(parked .refresh_token)" "$token" "in its place"
    where_is parked "renewed"
    rm "$SESSION"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(parked .access_token)" "and served"
    token=$(parked .refresh_token)
    keyring_unlock
    bounded "$TOOL" token
    rm -f "$SESSION"
    bounded "$TOOL" token
    is "$(kept .refresh_token)" "$token" "unlocked: it is moved"
    check "nothing is parked" test ! -e "$PARKED"
    where_is secret-service "unlocked"
    is "$(items)" 1 "one item"
}
# The configuration says so: never on the disk, from the first login on.
t_fixed() {
    keyring_person
    configure 'store = secret-service'
    bus_start
    keyring_start_locked
    login
    is "$rc" 0 "store = secret-service, and it is locked: signed in"
    where_is parked "fixed"
    is "$(where_found "$(parked .access_token)" | grep ^home)" "" \
        "no token in the home"
    keyring_unlock
    state_is secret-service ok "unlocked"
    where_is secret-service "fixed, unlocked"
    keyring_lock
    all_say 'the keyring is locked' "fixed, locked"
    keyring_unlock
    configure 'store = file'
    bounded "$TOOL" token
    : "$rc" # what comes of it is not laid down; it must not lose anything
    configure 'store = secret-service'
    bounded "$TOOL" refresh
    is "$rc" 0 "another configuration for a while: nothing is lost"
    where_is secret-service "fixed, at last"
}
without_runtime() {
    [ ! -d "/run/user/$(id -u)" ]
}
t_no_runtime() {
    local before address
    keyring_person
    bus_start
    address=$DBUS_SESSION_BUS_ADDRESS
    keyring_start
    login
    keyring_lock
    if ! without_runtime; then
        skip "no runtime folder" "this person has one"
        return
    fi
    before=$(requests)
    run env -u XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS="$address" \
        timeout -k 1 "$PATIENCE" "$TOOL" login --no-browser
    is "$rc" 4 "no runtime folder to park in, and locked: login: exit 4"
    like "$err" "is locked" "it says why"
    is "$(requests)" "$before" "nothing was asked"
    keyring_unlock
    run env -u XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS="$address" \
        timeout -k 1 "$PATIENCE" "$TOOL" refresh
    is "$rc" 0 "unlocked: refresh works without one"
    is "$(items)" 1 "one item"
    check "which is good" is_good refresh "$(kept .refresh_token)"
    # The cache lies in the home then, without what lasts.
    is "$(where_found "$(kept .refresh_token)")" "" "and it lies there alone"
}

# A display, so whoever prompts waits for a person for ever.
t_display() {
    local fd display
    if ! command -v Xvfb >/dev/null || [ ! -x /usr/libexec/gcr-prompter ]; then
        skip "locked with a display" "Xvfb or gcr-prompter is missing"
        return
    fi
    keyring_person
    printf '#!/bin/sh\necho >>%s\nexec /usr/libexec/gcr-prompter\n' \
        "$WORK/prompted" >"$WORK/prompter"
    chmod +x "$WORK/prompter"
    printf '[D-BUS Service]\nName=%s\nExec=%s\n' \
        org.gnome.keyring.SystemPrompter "$WORK/prompter" \
        >"$WORK/prompter.service"
    # Its files lie where nobody else sees them, and go with it.
    mkfifo "$WORK/display"
    unshare --mount --propagation private sh -c '
        mount -t tmpfs tmpfs /tmp
        exec Xvfb -displayfd 3 -nolisten tcp 3>&1 >/dev/null' \
        >"$WORK/display" 2>"$WORK/xvfb.err" &
    background+=("$!")
    xvfb=$!
    exec {fd}<>"$WORK/display"
    read -r -t "$PATIENCE" -u "$fd" display
    exec {fd}>&-
    export DISPLAY=:$display
    bus_start "$WORK/prompter.service"
    keyring_start
    login
    keyring_lock
    timeout 60 secret-tool store --label=Other n 1 <<<other \
        >"$WORK/prompting" 2>&1 &
    pid=$!
    check "a display: others prompt, and wait" \
        wait_until "$PATIENCE" test -s "$WORK/prompted"
    kill "$pid"
    wait "$pid" 2>/dev/null
    rm -f "$WORK/prompted"
    all_say 'the keyring is locked' "a display"
    login
    is "$rc" 0 "a display: login"
    where_is parked "a display"
    bounded "$TOOL" refresh
    is "$rc" 0 "a display: refresh"
    check "nobody was prompted" test ! -e "$WORK/prompted"
    bus_stop
    end_process "$xvfb"
    unset DISPLAY
}

# ---- nobody ---------------------------------------------------------------------

# file_of REGEX NAME: the choice was the file, and login said why; it stays
file_of() {
    is "$rc" 0 "$2: signed in"
    like "$said" "$1" "$2: login says why"
    like "$said" 'store\.json' "$2: and where the credential lies"
    where_is file "$2"
    state_is file null "$2: status does not ask"
    bounded "$TOOL" refresh
    is "$rc" 0 "$2: refresh"
    where_is file "$2, refreshed"
}
# Nothing is started on the bus for a choice that has not been made.
activatable() {
    printf '#!/bin/sh\necho >>%s\nexec gnome-keyring-daemon --start %s\n' \
        "$WORK/activated" "--foreground --components=secrets" \
        >"$WORK/activated.sh"
    chmod +x "$WORK/activated.sh"
    printf '[D-BUS Service]\nName=org.freedesktop.secrets\nExec=%s\n' \
        "$WORK/activated.sh" >"$WORK/activated.service"
    rm -f "$WORK/activated"
}
t_absent() {
    local token
    keyring_person
    activatable
    bus_start "$WORK/activated.service"
    login
    file_of 'no Secret Service' "nobody on the bus"
    check "nobody was started" test ! -e "$WORK/activated"
    keyring_start
    bounded "$TOOL" refresh
    where_is file "a keyring comes later: the file stays"
    token=$(refresh_token)
    run "$TOOL" move-store
    is "$rc" 2 "move-store without a word"
    like "$err" ' move-store: where to' "names the command"
    bounded "$TOOL" move-store secret-service
    is "$rc" 0 "move-store secret-service"
    one_line "it says so"
    like "$err" 'keyring' "where to"
    is "$(kept .refresh_token)" "$token" "the same token"
    where_is secret-service "moved"
    bounded "$TOOL" move-store secret-service
    is "$rc" 0 "once more: nothing to do"
    bounded "$TOOL" move-store file
    is "$rc:$(items)" 0:0 "move-store file: no item is left"
    is "$(refresh_token)" "$token" "the same token"
    where_is file "moved back"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "it is served"
    bounded "$TOOL" move-store secret-service
    keyring_stop
    rm -f "$WORK/activated"
}
# The choice is the keyring, and its daemon is gone. None can be started.
t_gone() {
    local token
    keyring_person
    bus_start
    keyring_start
    login
    token=$(kept .refresh_token)
    keyring_stop KILL
    all_say 'no Secret Service' "its daemon is gone"
    state_is secret-service absent "status --json"
    login
    is "$rc" 0 "its daemon is gone: login"
    where_is parked "gone"
    keyring_start
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "it is back: refresh"
    isnt "$(kept .refresh_token)" "$token" "the later login counts"
    where_is secret-service "it is back"
}
# It may be started when it is the choice.
t_started() {
    keyring_person
    activatable
    bus_start "$WORK/activated.service"
    keyring_start
    login
    keyring_stop
    rm -f "$SESSION" "$WORK/activated"
    bounded "$TOOL" token
    check "who needs the credential does" test -e "$WORK/activated"
    is "$rc:$out" "4:" "it is locked then"
    like "$err" "is locked" "which is said"
}
t_no_default() {
    keyring_person
    bus_start
    fake_start --no-default
    login
    file_of 'no default keyring' "no default keyring"
    unlike "$(cat "$WORK/calls")" 'CreateCollection|Prompt' "none is made"
    bounded "$TOOL" move-store secret-service
    is "$rc" 4 "move-store: exit 4"
    like "$err" 'no default keyring' "it says why"
    where_is file "no default keyring, move-store"
}
t_no_bus() {
    local way
    mkdir -p "$WORK/launch"
    printf '#!/bin/sh\necho >>%s\nexit 1\n' "$WORK/launched" \
        >"$WORK/launch/dbus-launch"
    chmod +x "$WORK/launch/dbus-launch"
    for way in unset unix:path=/nonexistent/bus \
        "unix:path=$WORK/dead" autolaunch:; do
        keyring_person
        rm -f "$WORK/dead" "$WORK/launched"
        /usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/dead"
        case $way in
        unset) ;;
        *) export DBUS_SESSION_BUS_ADDRESS=$way ;;
        esac
        PATH=$WORK/launch:$PATH DISPLAY=:98765 login
        file_of 'no session bus' "no bus (${way%%/*})"
        check "no bus (${way%%/*}): none is launched" \
            test ! -e "$WORK/launched"
        bounded "$TOOL" move-store secret-service
        is "$rc" 4 "no bus (${way%%/*}): move-store: exit 4"
        like "$err" 'no session bus' "it says why"
    done
    unset DBUS_SESSION_BUS_ADDRESS
    # The bus goes away under a choice that was made.
    keyring_person
    bus_start
    keyring_start
    login
    bus_stop
    all_say 'no session bus' "the bus is gone"
    state_is secret-service no-bus "status --json"
    bus_start
    unset DBUS_SESSION_BUS_ADDRESS
    keyring_by_address keyring_start
    bounded "$TOOL" refresh
    is "$rc" 0 "the bus is back, in the runtime folder: refresh"
    keyring_by_address where_is secret-service "the bus is back"
}
keyring_by_address() {
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
    "$@"
    unset DBUS_SESSION_BUS_ADDRESS
}

# ---- trouble --------------------------------------------------------------------


# least COMMAND...: of three runs the fastest one, in ms. What else a machine
# does only makes a run slower.
least() {
    local begin took try best=''
    for try in 1 2 3; do
        rm -f "$SESSION"
        begin=$EPOCHREALTIME
        timeout -k 1 "$PATIENCE" "$@" >"$WORK/timed.$try" 2>&1 </dev/null
        took=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
        if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
    done
    echo "$best"
}
t_hung() {
    local normal hung
    keyring_person
    configure "keyring_timeout = $KEYRING_HUNG"
    bus_start
    fake_start --trouble 'hang=*'
    login
    file_of 'did not answer within 0\.3 s' "one that never answers"
    fake_release
    bounded "$TOOL" move-store secret-service
    is "$rc" 0 "it answers later: move-store"
    normal=$(least "$TOOL" token)
    fake_trouble 'hang=*'
    all_say 'did not answer within 0\.3 s' "hung"
    state_is secret-service hung "status --json"
    hung=$(least "$TOOL" token)
    if [ -n "${SANITIZED-}" ]; then
        skip "the time of a command when it hangs" "sanitizers take their own"
    else
        check "token takes $normal ms, and $hung ms when the keyring hangs" \
            test $((hung - normal)) -ge 200 -a $((hung - normal)) -le 350
    fi
    login
    is "$rc" 0 "hung: login"
    where_is parked "hung"
    fake_release
    bounded "$TOOL" refresh
    is "$rc" 0 "it answers again: refresh"
    where_is secret-service "it answers again"

    # A daemon that is stopped.
    keyring_person
    configure "keyring_timeout = $KEYRING_HUNG"
    bus_start
    keyring_start
    login
    kill -STOP "$daemon_pid"
    all_say 'did not answer within 0\.3 s' "gnome-keyring is stopped"
    kill -CONT "$daemon_pid"
    keyring_waits "$KEYRING_SLOW"
    bounded "$TOOL" refresh
    is "$rc" 0 "and goes on: refresh"
    where_is secret-service "gnome-keyring goes on"
}
# The keyring hangs while it is written to: nobody waits for that, and nobody
# else writes until it is over.
t_hung_write() {
    local old
    keyring_person
    configure "keyring_timeout = $KEYRING_SLOW" 'lock_timeout = 100ms'
    bus_start
    fake_start
    login
    old=$(kept .refresh_token)
    fake_trouble 'hang=CreateItem'
    bounded "$TOOL" refresh
    is "$rc:$(grep -c CreateItem "$WORK/calls")" 0:1 \
        "a write hangs: refresh ends all the same"
    isnt "$(parked .refresh_token)" "$old" "the new token is parked"
    where_is parked "a write hangs"
    rm -f "$SESSION"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(parked .access_token)" "and served"
    bounded "$TOOL" refresh
    is "$rc" 4 "while it hangs nobody else writes"
    like "$err" "held the lock" "the store is locked"
    is "$(refreshes)" 1 "and the refresh token is not spent"
    fake_release
    check "its end gives up the lock" lock_quiet "$STATE/lock"
    is "$(kept .refresh_token)" "$(parked .refresh_token)" "it has been written"
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "refresh"
    where_is secret-service "after a write that hung"
}
t_refused() {
    keyring_person
    bus_start
    fake_start --trouble 'error=*'
    login
    file_of 'refused' "one that refuses everything"
    fake_trouble
    bounded "$TOOL" move-store secret-service
    is "$rc" 0 "it works later: move-store"
    fake_trouble 'error=*'
    all_say 'refused' "refused"
    state_is secret-service refused "status --json"
    login
    where_is parked "refused"
    fake_trouble
    bounded "$TOOL" refresh
    where_is secret-service "it works again"
    # Another way to say locked.
    fake Lock boolean:true
    all_say 'is locked' "locked by another way"
    fake Lock boolean:false
    bounded "$TOOL" refresh
    where_is secret-service "refused for a while"
}

# One that is open and would ask a person before it takes anything is no
# choice: what is parked ends with the session.
t_prompting() {
    local token
    keyring_person
    bus_start
    fake_start --trouble prompt=CreateItem
    login
    is "$rc" 0 "one that wants to prompt: signed in"
    where_is file "wants to prompt"
    bounded "$TOOL" move-store secret-service
    is "$rc" 4 "wants to prompt: move-store: exit 4"
    where_is file "wants to prompt, move-store"
    unlike "$(cat "$WORK/calls")" ' Prompt ' "nobody was prompted"
    fake_trouble
    bounded "$TOOL" move-store secret-service
    is "$rc:$(items)" 0:1 "it no longer does: move-store"
    where_is secret-service "it no longer does"

    keyring_person
    bus_start
    fake_start --locked --trouble prompt=CreateItem
    login
    where_is provisional-file "locked, and it wants to prompt"
    token=$(refresh_token)
    fake Lock boolean:false
    bounded "$TOOL" refresh
    is "$rc" 0 "unlocked, but it wants to prompt: refresh"
    isnt "$(refresh_token)" "$token" "the new token"
    where_is provisional-file "unlocked, but it wants to prompt"
    check "nothing is parked" test ! -e "$PARKED"
    fake_trouble
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "it no longer does: moved"
    where_is secret-service "it no longer does, moved"
}

# ---- many -----------------------------------------------------------------------

everyone_waits() {
    [ "$(waiting_for "$RENEWING")" -ge $((CROWD - 1)) ]
}
# crowd NAME: all at once, and the token has run out
crowd() {
    local i crowd=()
    rm -rf "$WORK/crowd"
    mkdir "$WORK/crowd"
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    for ((i = 0; i < CROWD; i++)); do
        timeout -k 1 "$PATIENCE" "$TOOL" token >"$WORK/crowd/out.$i" \
            2>"$WORK/crowd/err.$i" </dev/null &
        crowd+=("$!")
    done
    check "$1: one asks" gate_wait 1
    check "$1: all others wait for it" wait_until "$PATIENCE" everyone_waits
    gate_open
    wait "${crowd[@]}"
    is "$(sort -u "$WORK"/crowd/out.*)" "$(kept .access_token)" \
        "$1: all have the same token, which is the keyring's"
    is "$(cat "$WORK"/crowd/err.*)" "" "$1: nobody complains"
    is "$(refreshes):$(items)" 1:1 "$1: one request, one item"
    where_is secret-service "$1"
}
t_many() {
    keyring_person
    bus_start
    keyring_start
    login
    expire_session
    crowd "$CROWD at an expired token"
    keyring_person
    bus_start
    keyring_start
    login
    expire_kept
    crowd "$CROWD without a cache"
    fake_many
}
# Other programs' items are none of our business, however many.
fake_many() {
    keyring_person
    bus_start
    fake_start --items 1000
    login
    where_is secret-service "among a thousand items"
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "refreshed among a thousand items"
}

# An address that su has kept: whoever listens there, lets us in and would
# take what we bring.
t_foreign_bus() {
    local address
    # root in a namespace of its own is nobody else
    if ! setpriv --reuid 65534 --clear-groups true 2>"$WORK/setpriv.err"; then
        skip "a bus of another user" "only root can start one"
        return
    fi
    keyring_person
    cat >"$WORK/foreign.conf" <<END
<busconfig>
  <type>session</type>
  <listen>unix:abstract=$WORK/foreign</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow eavesdrop="true"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END
    mkfifo "$WORK/foreign.address"
    # Our folders are closed to that user.
    setpriv --reuid=65534 --clear-groups --inh-caps=+dac_read_search \
        --ambient-caps=+dac_read_search dbus-daemon --nofork \
        --config-file="$WORK/foreign.conf" --print-address=3 \
        3>"$WORK/foreign.address" >"$WORK/foreign.out" 2>&1 &
    foreign=$!
    background+=("$foreign")
    read -r address <"$WORK/foreign.address"
    export DBUS_SESSION_BUS_ADDRESS=$address
    check "a bus of another user, who lets us in" owner dbus-send \
        --bus="$address" --print-reply --dest=org.freedesktop.DBus \
        / org.freedesktop.DBus.ListNames
    login
    file_of "the session bus is another user's" "a bus of another user"
    bounded "$TOOL" move-store secret-service
    is "$rc" 4 "a bus of another user: move-store: exit 4"
    like "$err" "the session bus is another user's" "it says why"
    where_is file "a bus of another user, move-store"
    unset DBUS_SESSION_BUS_ADDRESS
    end_process "$foreign"
}

# Two homes, one keyring: one lock.
t_two_homes() {
    local first lock token
    keyring_person
    configure 'lock_timeout = 100ms'
    bus_start
    keyring_start
    login
    lock=$STATE/lock
    first=$HOME
    token=$(kept .refresh_token)
    mkdir -m 700 "$WORK/second" "$WORK/second/run"
    cp -a "$HOME/.config" "$WORK/second"
    HOME=$WORK/second XDG_RUNTIME_DIR=$WORK/second/run bounded "$TOOL" status
    HOME=$WORK/second XDG_RUNTIME_DIR=$WORK/second/run bounded "$TOOL" \
        login --no-browser
    is "$rc" 0 "another home with the same keyring: login"
    hold_lock "$lock" || not_ok "the lock is held"
    HOME=$WORK/second XDG_RUNTIME_DIR=$WORK/second/run bounded "$TOOL" refresh
    is "$rc" 4 "the keyring's lock, in the home of the password database, counts"
    like "$err" "held the lock $lock" "it is named"
    let_go
    HOME=$WORK/second XDG_RUNTIME_DIR=$WORK/second/run bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "it is given up: refresh"
    is "$HOME" "$first" "back"
    isnt "$(kept .refresh_token)" "$token" "one item for both"
    rm "$SESSION"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(kept .access_token)" "which the first one sees"
    rm -rf "$WORK/second"
}

# ---- what is said, and to whom ----------------------------------------------------

t_words() {
    keyring_person
    bus_start
    keyring_start
    for word in '' nonsense auto; do
        # shellcheck disable=SC2086 # none, if empty
        bounded "$TOOL" move-store $word
        is "$rc:$out" 2: "move-store $word: exit 2"
    done
    configure 'store = secret-service'
    bounded "$TOOL" move-store file
    is "$rc" 2 "store = secret-service, move-store file: exit 2"
    like "$err" 'store = secret-service' "it names the line"
    configure 'store = file'
    bounded "$TOOL" move-store secret-service
    is "$rc" 2 "store = file, move-store secret-service: exit 2"
    configure 'store = pocket'
    bounded "$TOOL" token
    is "$rc" 2 "store = pocket: exit 2"
    like "$err" 'store' "it names the key"
    configure 'keyring_timeout = never'
    bounded "$TOOL" token
    is "$rc" 2 "keyring_timeout = never: exit 2"
    bus_stop
    # The file is the choice: the bus is not asked.
    keyring_person
    configure 'store = file'
    bus_start
    fake_start
    login
    where_is file "store = file" file
    bounded "$TOOL" refresh
    bounded "$TOOL" status
    is "$(calls)" 0 "store = file: nobody was asked"
    state_is file null "status --json"
}

# The front has nothing to do with it, and secrets are in no argument.
t_who_asks() {
    local before token refresh
    keyring_person
    bus_start
    fake_start
    login
    before=$(calls)
    bounded "$TOOL" token
    request >"$WORK/request"
    run "$TOOL" get <"$WORK/request"
    is "$rc:$(calls)" "0:$before" "from the cache: the keyring is not asked"
    if ! can_trace; then
        skip "who connects to the bus" "strace cannot trace here"
        return
    fi
    strace -f -qq -o "$WORK/front.trace" -e trace=%network,execve \
        -e signal=none "$TOOL" token >"$WORK/run.out" 2>&1
    is "$(grep -vc execve "$WORK/front.trace")" 0 "the front makes no socket"
    for verb in refresh "login --no-browser" "move-store file" \
        "move-store secret-service" logout; do
        token=$(kept .access_token)
        refresh=$(kept .refresh_token)
        # shellcheck disable=SC2086
        strace -f -qq -v -s 100000 -o "$WORK/trace" -e signal=none \
            -e trace=execve,connect "$TOOL" $verb >"$WORK/run.out" 2>&1
        is "$(grep execve "$WORK/trace" | grep -cF -e "${token:-none}" \
            -e "${refresh:-none}" -e "$(kept .access_token)none" \
            -e "$(kept .refresh_token)none")" 0 \
            "$verb: no token is an argument, nor in an environment"
        is "$(awk '/execve\("[^"]*\/keyring"/ { keyring[$1] = 1 }
            /connect\(.*\/run\/bus"/ { if (keyring[$1]) ok++; else bad++ }
            END { print (ok > 0) ":" bad + 0 }' "$WORK/trace")" 1:0 \
            "$verb: the keyring program alone connects to the bus"
    done
}

keyring_needs
own_home "$0"
start_sandbox
control config '{"approve_after":0}' >"$WORK/control.out"
for each in ${KEYRING_TESTS-open organizations empty locked_at_first moved_by \
    locked_later parked fixed no_runtime display absent gone started \
    no_default no_bus foreign_bus hung hung_write refused prompting many \
    two_homes words who_asks}; do
    "t_$each"
done
finish
