#!/bin/bash
# Copies in several places, of which one counts: what a login has replaced
# while the keyring did not show it, what is parked, what belongs to another
# home. None that counts is erased, and none that does not comes back.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"

# begin [LINE...]: a person with this configuration, signed in
begin() {
    keyring_person
    configure "keyring_timeout = $KEYRING_SLOW" 'lock_timeout = 5s' "$@"
    bus_start
    fake_start
    enter
}
# enter_org ID NAME: another organization is chosen at the approval
enter_org() {
    control config '{"approve_after":null}' >"$WORK/control.out"
    control approve '{"user_code":"any","wait_ms":20000,"org_id":"'"$1"'",
        "org_name":"'"$2"'"}' >"$WORK/approve.out" &
    pid=$!
    enter
    wait "$pid"
    control config '{"approve_after":0}' >"$WORK/control.out"
}
fake_lock() {
    fake Lock "boolean:$1"
}

# fake_expire: the access token in it has run out
fake_expire() {
    keyring_stop
    jq '.[].secret |= (fromjson | .access_token_expires_at = 1000 | tojson)' \
        "$WORK/items" >"$WORK/items.edit"
    mv "$WORK/items.edit" "$WORK/items"
    fake_start
}

# A login while the keyring is locked. When it opens, the write takes longer
# than we wait, and is done all the same: that is no old item to be erased.
t_replaced_late() {
    begin
    fake_lock true
    enter
    check "a login while it is locked is parked" test -e "$PARKED"
    fake_lock false
    fake_trouble hang=CreateItem
    bounded "$TOOL" status
    is "$(grep -c CreateItem "$WORK/calls")" 1 "it opens, and the write hangs"
    fake_release
    check "it comes to its end" lock_quiet "$STATE/lock"
    bounded "$TOOL" status
    is "$rc" 0 "still signed in"
    bounded "$TOOL" refresh
    is "$rc:$err" 0: "refresh"
    whole secret-service "after a late write"
    none "the credential is in the keyring"
    is "$(stored .to_erase)" null "nothing is left to be erased"
}
# The API key in what was replaced unseen is not forgotten.
t_replaced_key() {
    local key name
    begin
    key=$(fake_kept .api_key)
    name=$(fake_kept .api_key_name)
    fake_lock true
    enter
    isnt "$(parked .api_key)" "$key" "a login while it is locked has a key of its own"
    fake_lock false
    bounded "$TOOL" status
    like "$out" "to delete +\"$name\"" "it opens: status names the old one"
    is "$(report '.keys_to_delete[].name')" "$name" "status --json, too"
    bounded "$TOOL" logout
    is "$rc" 0 "logout"
    is "$(state '.api_keys | map(select(.alive)) | length')" 0 \
        "deletes both at the service"
    is "$(stored .keys)" null "none is left to be deleted"
}

# The configuration says file while the keyring is locked: what it does not
# show cannot move, and is still there when it opens.
t_unread() {
    local first
    begin
    first=$(fake_kept .org_id)
    enter_org org_b Bolt
    is "$(fake_kept .org_id | sort | paste -sd' ')" "$first org_b" \
        "two credentials in the keyring"
    fake_lock true
    configure 'store = file' "keyring_timeout = $KEYRING_SLOW"
    enter
    is "$rc:$(stored '.records[].org_id')" "0:$first" \
        "store = file, and it is locked: a login goes to the file"
    is "$(stored '.to_erase[].org_id')" "$first" "it alone is void in the keyring"
    rm -f "$SESSION"
    bounded "$TOOL" token --org org_b
    is "$rc" 4 "the other one cannot be read"
    like "$err" 'is locked' "which is said"
    fake_lock false
    bounded "$TOOL" refresh --org org_b
    is "$rc:$err" 0: "it opens: the other one is renewed"
    bounded "$TOOL" refresh --org "$first"
    is "$rc:$err" 0: "and the first one"
    is "$(stored '.store + " " + ([.records[].org_id] | sort | join(" "))')" \
        "file $first org_b" "both lie in the file"
    is "$(fake_kept .org_id)" "" "and none in the keyring"
}

# The file was the store, and the keyring, which is to be, is locked: what has
# not moved is signed out all the same.
t_unmoved() {
    local token
    begin 'store = file'
    token=$(refresh_token)
    fake_lock true
    configure 'store = secret-service' "keyring_timeout = $KEYRING_SLOW"
    bounded "$TOOL" logout
    is "$rc" 0 "logout"
    unlike "$err" 'still signed in' "says nothing else"
    is "$(where_found "$token")" "" "the refresh token is nowhere"
    bounded "$TOOL" token
    isnt "$rc" 0 "no token is served"
}

# Homes share the runtime folder: what one has parked there is none of the
# others' but if they have the same keyring as their store.
t_other_home() {
    local token other=$WORK/other-home
    begin
    fake_lock true
    enter
    token=$(parked .refresh_token)
    rm -rf "$other"
    mkdir -m 700 "$other"
    HOME=$other bounded "$TOOL" status
    is "$rc" 3 "another home, where nobody has signed in"
    HOME=$other bounded "$TOOL" login --no-browser
    is "$rc:$(jq -r .store "$other/.local/state/parallel-credential/store.json")" \
        0:provisional-file "somebody signs in there"
    is "$(parked .refresh_token)" "$token" "what is parked still is"
    is "$(grep -rl "$token" "$other")" "" "and not in that home"
    fake_lock false
    rm -f "$SESSION"
    bounded "$TOOL" refresh
    is "$rc:$err" 0: "the keyring opens: refresh"
    whole secret-service "another home"
    none "the credential is in the keyring"

    fake_lock true
    enter
    token=$(parked .access_token)
    rm -rf "$other"
    mkdir -m 700 "$other" "$other/.config"
    echo 'store = secret-service' >"$other/.config/parallel-credential.conf"
    chmod 600 "$other/.config/parallel-credential.conf"
    HOME=$other bounded "$TOOL" token
    is "$rc:$out" "0:$token" "another home with the same keyring has it"
}

# A program whose runtime folder is one within the person's: what it parks is
# for all of them.
t_below() {
    local own old
    own=/run/user/$(id -u)
    if ! is_root || [ -n "${nss_wrapper-}" ] ||
        ! mount -t tmpfs tmpfs /run/user 2>"$WORK/mount.err"; then
        skip "a runtime folder within another" "nothing can be mounted here"
        return
    fi
    mkdir -m 700 "$own" "$own/snap.editor"
    keyring_person
    XDG_RUNTIME_DIR=$own
    PARKED=$own/parallel-credential/parked
    configure "keyring_timeout = $KEYRING_SLOW"
    bus_start
    fake_start
    enter
    old=$(fake_kept .refresh_token)
    fake_trouble hang=CreateItem
    XDG_RUNTIME_DIR=$own/snap.editor bounded "$TOOL" refresh
    is "$rc" 0 "a runtime folder within another: refresh, and the write hangs"
    isnt "$(parked .refresh_token)" "$old" "it is parked for all"
    keyring_stop
    fake_start
    bounded "$TOOL" refresh
    is "$rc:$err" 0: "the keyring is back: refresh"
    whole secret-service "a runtime folder within another"
    none "the credential is in the keyring"
    bus_stop
    umount /run/user
}

# With the file as the store from now on, a refresh is killed at each file that
# it removes: a parked token that has been spent does not count.
t_killed_unparking() {
    local count=0 when
    if ! can_trace; then
        skip "killed while it is unparked" "strace cannot trace here"
        return
    fi
    for ((when = 1; when <= 20; when++)); do
        begin
        fake_lock true
        enter
        configure 'store = file' "keyring_timeout = $KEYRING_SLOW"
        fake_lock false
        strace -f -qq -o "$WORK/trace" -e trace=unlinkat \
            -e "inject=unlinkat:signal=SIGKILL:when=$when" \
            "$TOOL" refresh >"$WORK/run.out" 2>&1 </dev/null
        [ $? -eq 137 ] || break
        count=$((count + 1))
        run "$TOOL" refresh
        [ "$rc" -eq 0 ] || offence "file $when: exit $rc: $err"
        whole file "file $when"
    done 2>"$WORK/killed.err"
    none "killed before one of $count files is removed: nothing is lost"
    check "it was killed indeed" test "$count" -gt 2
}

# The keyring stops to answer at each call of a logout: it has taken place, or
# it says that it has not.
t_logout() {
    local expired=$1 call count=0 left
    for ((call = 1; call <= 40; call++)); do
        begin
        [ "$expired" = fresh ] || fake_expire
        fake_trouble "hang=#$call"
        rm -f "$SESSION"
        bounded "$TOOL" logout
        if [ "$rc" -eq 0 ] || [[ $err == *"signed out on this machine"* ]]; then
            left=$(jq '(.to_erase // []) | length' "$STORE")
            [ $((left + $(fake_kept .org_id | wc -l) * 2)) -ne 2 ] ||
                offence "call $call: exit $rc, $err: still an item"
        else
            count=$((count + 1))
            [ "$rc:$(fake_kept .org_id | wc -l)" = 4:1 ] ||
                offence "call $call: exit $rc: $err"
        fi
        [ "$(calls)" -ge "$call" ] || break
    done
    none "it hangs at one of $((call - 1)) calls of a logout ($expired)"
    check "some of them end it" test "$count" -gt 0 -a "$count" -lt "$call"
}

keyring_needs
own_home "$0"
start_sandbox
control config '{"approve_after":0}' >"$WORK/control.out"
for each in ${COPIES_TESTS-replaced_late replaced_key unread unmoved other_home \
    below killed_unparking \
    logout:fresh logout:expired}; do
    # shellcheck disable=SC2086 # a name and its argument
    t_${each/:/ }
done
finish
