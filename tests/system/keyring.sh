# shellcheck shell=bash disable=SC2034,SC2154
# keyring.sh - a session bus of the test's own, and on it gnome-keyring, a
# Secret Service that misbehaves (secret-service.py), or nobody. Comes after
# lib.sh and crash.sh.
#
#   own_home "$0"      before anything is started: from here on, the password
#                      database says that our home is where $HOME is
#   keyring_person     a person without any bus, known to nobody
#
# Everything is reached through $XDG_RUNTIME_DIR/bus, and ends with the test.

# ---- a home in the password database ------------------------------------------

# keyring_needs [PROGRAM...]: what there must be; else the test is skipped
keyring_needs() {
    local each
    for each in dbus-daemon dbus-send gnome-keyring-daemon secret-tool "$@"; do
        command -v "$each" >/dev/null || skip_all "$each is missing"
    done
    /usr/bin/python3 -c 'import dbus, dbus.mainloop.glib, gi.repository.GLib' \
        2>/dev/null || skip_all "python3-dbus or python3-gi is missing"
    /usr/bin/python3 -c 'import secretstorage' 2>/dev/null ||
        skip_all "python3-secretstorage is missing"
    [ -x "$PREFIX/libexec/parallel-credential/keyring" ] ||
        skip_all "the keyring program is not built"
}

# The store's lock lies in the home that the password database names, where
# a test must not leave anything. So it runs in a mount namespace with
# another /etc/passwd, or, where there are none, with libnss_wrapper.
own_home() {
    local world=(unshare --mount --pid --fork --kill-child --mount-proc
        --propagation private)
    passwd_file=${PARALLEL_TEST_PASSWD-}
    [ -z "$passwd_file" ] || {
        passwd_home "$WORK/nobody-home"
        return
    }
    [ "$(id -u)" -eq 0 ] || world+=(--user --map-root-user)
    passwd_file=$WORK/passwd
    passwd_home "$WORK/nobody-home"
    # Written in place from now on: what is mounted is this very file.
    if "${world[@]}" mount --bind "$passwd_file" /etc/passwd 2>/dev/null; then
        PARALLEL_TEST_PASSWD=$passwd_file TMPDIR=$WORK "${world[@]}" \
            "$BASH" -c 'mount --bind "$PARALLEL_TEST_PASSWD" /etc/passwd &&
                exec "$BASH" "$0"' "$1" &
        pid=$!
        trap 'kill -KILL "$pid" 2>/dev/null; clean_up' EXIT
        wait "$pid"
        exit
    fi
    nss_wrapper=$(compgen -G '/usr/lib/*/libnss_wrapper.so' | head -n 1)
    [ -n "$nss_wrapper" ] ||
        skip_all "no namespaces here, and libnss-wrapper is missing"
    echo "person:x:$(id -g):" >"$WORK/group"
    export NSS_WRAPPER_PASSWD=$passwd_file NSS_WRAPPER_GROUP=$WORK/group
    export LD_PRELOAD=$nss_wrapper
}
passwd_home() {
    printf 'person:x:%s:%s:test:%s:/bin/sh\n' "$(id -u)" "$(id -g)" "$1" \
        >"$passwd_file"
}

# ---- people -------------------------------------------------------------------

# keyring_person: a service that knows nobody and approves at once, and a
# person with an own home and runtime folder, without bus or keyring
keyring_person() {
    bus_stop
    fresh
    passwd_home "$HOME"
    PARKED=$XDG_RUNTIME_DIR/parallel-credential/parked
    RENEWING=$XDG_RUNTIME_DIR/parallel-credential/renewing
    rm -f "$WORK"/calls "$WORK"/items
}

# ---- the bus ------------------------------------------------------------------

# What starts a program as the person whose bus it is, if that is not us.
OWNER=(env)
# owner COMMAND...: as that person
owner() {
    "${OWNER[@]}" "$@"
}

bus_pid='' daemon_pid=''
PASSPHRASE='open sesame'

# bus_start [FILE.service...]: with these to be activated
bus_start() {
    local address each
    rm -rf "$WORK/bus"
    mkdir -p "$WORK/bus/services"
    for each; do
        cp "$each" "$WORK/bus/services"
    done
    cat >"$WORK/bus/conf" <<END
<busconfig>
  <type>session</type>
  <listen>unix:path=$XDG_RUNTIME_DIR/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>$WORK/bus/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END
    mkfifo "$WORK/bus/address"
    "${OWNER[@]}" dbus-daemon --config-file="$WORK/bus/conf" --nofork \
        --print-address=3 3>"$WORK/bus/address" >"$WORK/bus/out" 2>&1 &
    bus_pid=$!
    background+=("$bus_pid")
    read -r address <"$WORK/bus/address"
    [ -n "$address" ] || {
        echo "Bail out! no session bus: $(cat "$WORK/bus/out")"
        exit 1
    }
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
}
bus_stop() {
    keyring_stop
    [ -z "$bus_pid" ] || end_process "$bus_pid"
    bus_pid=''
    unset DBUS_SESSION_BUS_ADDRESS
}
# end_process PID [SIGNAL]: one that we have started
end_process() {
    { kill "-${2-TERM}" "$1" && wait "$1"; } 2>/dev/null
}
# ask_bus METHOD ARGUMENT...
ask_bus() {
    owner dbus-send --print-reply --dest=org.freedesktop.DBus \
        /org/freedesktop/DBus "org.freedesktop.DBus.$1" "${@:2}" 2>&1
}
is_owned() {
    ask_bus NameHasOwner string:org.freedesktop.secrets | grep -q 'boolean true'
}

# ---- gnome-keyring ------------------------------------------------------------

# gnome_keyring OPTION...: the password comes from standard input
gnome_keyring() {
    local old=$daemon_pid
    mkfifo "$WORK/bus/password"
    "${OWNER[@]}" gnome-keyring-daemon --foreground \
        --components=secrets "$@" <"$WORK/bus/password" \
        >>"$WORK/bus/keyring.out" 2>&1 &
    daemon_pid=$!
    background+=("$daemon_pid")
    printf %s "$PASSPHRASE" >"$WORK/bus/password"
    rm "$WORK/bus/password"
    # One that is replaced ends of itself.
    [ -z "$old" ] || wait "$old" 2>/dev/null
    wait_until "$PATIENCE" is_owned || {
        echo "Bail out! no gnome-keyring: $(cat "$WORK/bus/keyring.out")"
        exit 1
    }
}
# keyring_start: an unlocked keyring, with all that the person's has in it
keyring_start() {
    gnome_keyring --unlock
}
# keyring_start_locked: as a login without a password finds it
keyring_start_locked() {
    # There has to be a keyring, to be locked.
    [ -e "$HOME/.local/share/keyrings/login.keyring" ] || {
        keyring_start
        keyring_stop
    }
    gnome_keyring
}
# keyring_unlock: what pam_gnome_keyring does with a password
keyring_unlock() {
    gnome_keyring --replace --unlock
}
# keyring_lock: it is locked again
keyring_lock() {
    keyring_stop
    keyring_start_locked
}
# keyring_stop [SIGNAL]: whoever has the name
keyring_stop() {
    [ -z "$daemon_pid" ] || {
        kill -CONT "$daemon_pid" 2>/dev/null
        end_process "$daemon_pid" "${1-TERM}"
        [ -z "$bus_pid" ] || wait_until "$PATIENCE" is_not_owned
    }
    daemon_pid=''
}
is_not_owned() {
    ! is_owned
}

# ---- a Secret Service of our own ------------------------------------------------

# fake_start [OPTION...]: what it is asked goes to $WORK/calls, and what it
# holds is in $WORK/items, for the next one
fake_start() {
    local line
    rm -f "$WORK/bus/ready"
    : >"$WORK/calls"
    chmod 666 "$WORK/calls" # its owner may be somebody else
    mkfifo "$WORK/bus/ready"
    "${OWNER[@]}" "$HERE/secret-service.py" --log "$WORK/calls" \
        --state "$WORK/items" "$@" >"$WORK/bus/ready" \
        2>>"$WORK/bus/fake.out" &
    daemon_pid=$!
    background+=("$daemon_pid")
    read -r line <"$WORK/bus/ready"
    [ "$line" = ready ] || {
        echo "Bail out! no Secret Service: $(cat "$WORK/bus/fake.out")"
        exit 1
    }
}
# fake METHOD ARGUMENT...: tells it; the list of calls begins anew
fake() {
    : >"$WORK/calls"
    owner dbus-send --print-reply --dest=org.freedesktop.secrets / \
        "ai.parallel.Test.$1" "${@:2}" >"$WORK/fake.out" 2>&1
}
# keyring_waits TIME: so long may an answer take from now on, if the configuration
# has a limit
keyring_waits() {
    local file=$HOME/.config/parallel-credential.conf
    [ ! -e "$file" ] ||
        sed -i "s/^\(keyring_timeout = \).*/\1$1/" "$file"
}
# What shall hang is waited for so long; what shall not, may be slow.
KEYRING_HUNG=300ms KEYRING_SLOW=10s
# fake_trouble SPEC...: from now on; without any, none
fake_trouble() {
    case $* in
    *hang*) keyring_waits "$KEYRING_HUNG" ;;
    *) keyring_waits "$KEYRING_SLOW" ;;
    esac
    fake Trouble "string:$*"
}
# fake_release: what hangs comes to its end
fake_release() {
    keyring_waits "$KEYRING_SLOW"
    fake Release
}
fake_is_dead() {
    ! kill -0 "$daemon_pid" 2>/dev/null
}
# fake_kept JQ: of the records of ours that it holds, one after the other
fake_kept() {
    jq -r '.[] | select(.attributes["xdg:schema"] == "ai.parallel.Credential")
        | .secret | fromjson | '"$1" "$WORK/items"
}
# calls: how often it was asked
calls() {
    wc -l <"$WORK/calls" 2>/dev/null || echo 0
}

# ---- what another program finds in it ---------------------------------------------

client() {
    timeout -k 1 "$PATIENCE" "$HERE/secret-client.py" "$@"
}
# items: how many of ours there are
items() {
    client list | wc -l
}
# kept JQ: of the record, as secret-tool reads it
kept() {
    timeout -k 1 "$PATIENCE" secret-tool lookup \
        xdg:schema ai.parallel.Credential | jq -r "$1"
}
# change_kept JQ: as another program would
change_kept() {
    kept "$1 | tojson" | tr -d '\n' | client put text/plain
}
# parked JQ: of the record in the runtime folder
parked() {
    jq -r ".records[0]$1" "$PARKED"
}
# expire_kept: as if the access token had run out, with the keyring as store
expire_kept() {
    change_kept '.access_token_expires_at = 1000'
    rm -f "$SESSION" "$STATE/session"
}
# report JQ: of status --json
report() {
    timeout -k 1 "$PATIENCE" "$TOOL" status --json 2>/dev/null | jq -r "$1"
}
# where_found TEXT: the files of home and runtime folder that have it
where_found() {
    grep -rlaF --devices=skip -e "$1" "$HOME" "$XDG_RUNTIME_DIR" 2>/dev/null |
        sed "s,^$WORK/person[0-9]*/,,"
}

# ---- many points ------------------------------------------------------------------

# offence TEXT: at one of them; none NAME: there was none at all
offence() {
    echo "$1" >>"$WORK/offences"
}
none() {
    is "$(head -n 5 "$WORK/offences" 2>/dev/null)" "" "$1"
    rm -f "$WORK/offences"
}
# whole STORE POINT: our own Secret Service or the file, as STORE says, has the
# one credential, nobody else has, and it is good
whole() {
    local token=''
    case $1 in
    file)
        token=$(refresh_token)
        [ -z "$(fake_kept .refresh_token)" ] || offence "$2: still an item"
        ;;
    secret-service)
        token=$(fake_kept .refresh_token)
        [ "$(stored '.records | length')" = 0 ] || offence "$2: still a record"
        ;;
    *) offence "$2: store $1" ;;
    esac
    [ ! -e "$PARKED" ] || offence "$2: still parked"
    is_good refresh "$token" || offence "$2: not one that is good: $token"
}
