#!/bin/bash
# Disks that are full, read-only or broken, and things that lie where our
# files should be. Whatever it is: an exit code, a sentence that names what,
# where and how to mend it, no refresh token spent or lost, and no hang.
#
# As root in a mount namespace of its own, for small and read-only disks; as
# an ordinary user with what a user can do.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119,SC2317
if [ "$(id -u)" -eq 0 ] && [ -z "${TEST_MOUNTS-}" ] &&
    unshare -m --propagation private \
        mount -t tmpfs tmpfs "${TMPDIR:-/tmp}" 2>/dev/null; then
    TEST_MOUNTS=1 exec unshare -m --propagation private "$BASH" "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"

AGAIN='sign-in .* has ended .* run: parallel-credential login$'
MOUNTS=$WORK/mounts # what has to be unmounted at the end
: >"$MOUNTS"

can_mount() {
    [ -n "${TEST_MOUNTS-}" ]
}
# put_disk FOLDER OPTIONS: an empty disk in the place of a folder
put_disk() {
    mkdir -p "$1"
    mount -t tmpfs -o "$2" tmpfs "$1" && echo "$1" >>"$MOUNTS"
}
# make_read_only FOLDER; unmount undoes it
make_read_only() {
    mount --bind "$1" "$1" && echo "$1" >>"$MOUNTS"
    mount -o remount,ro,bind "$1"
}
unmount() {
    umount -l "$1"
    sed -i "\\|^$1\$|d" "$MOUNTS"
}
fill() {
    dd if=/dev/zero of="$1/ballast" bs=1024 2>/dev/null
    return 0
}
trap 'tac "$MOUNTS" | xargs -r -n 1 umount -l; clean_up' EXIT

signed_in() {
    fresh
    enter
    RUNTIME=$XDG_RUNTIME_DIR/parallel-credential
    good=$(refresh_token)
    token=$(access_token)
}
get() {
    request >"$WORK/request"
    run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
}
password() {
    sed -n 's/^password=//p' <<<"$out"
}
asked() {
    state '.requests | [.token_refresh, .token_device, .code, .revoke]'
}
whole() {
    jq -e '.version == 1 and (.records | length) > 0' "$STORE" \
        >"$WORK/jq.out" 2>&1
}
# unharmed NAME: what is stored is what was stored, is good, and renews
unharmed() {
    bounded "$TOOL" refresh
    is "$rc:$err" "0:" "$1: mended, it works again"
    check "$1: with a good token" is_good access "$(access_token)"
}
# one_line PATTERN: on standard error
one_line() {
    [ "$(wc -l <<<"$err")" -eq 1 ] &&
        grep -Eq "^parallel-credential: .*$1" <<<"$err"
}
# refuses NAME PATTERN VERB...: each ends with exit 4 and that sentence
refuses() {
    local name=$1 pattern=$2 verb wrong=''
    shift 2
    for verb; do
        case $verb in
        get) get ;;
        login) bounded "$TOOL" login --no-browser ;;
        *) bounded "$TOOL" "$verb" ;;
        esac
        { [ "$rc" -eq 4 ] && [ -z "$out" ] && one_line "$pattern"; } ||
            wrong+="$verb: exit $rc: $out $err
"
    done
    is "$wrong" '' "$name: $* say so, exit 4"
}
# serves NAME: the stored token, however it is found
serves() {
    bounded "$TOOL" token
    is "$rc:$out:$err" "0:$token:" "$1: token is served"
    get
    is "$rc:$(password):$err" "0:$token:" "$1: and get"
}

# ---- what may lie in the place of the store ---------------------------------

# broken NAME PATTERN BREAK MEND: BREAK spoils the store of somebody who is
# signed in, MEND is what the sentence says to do
broken() {
    local name=$1 pattern=$2 before
    signed_in
    before=$(asked)
    cp -a "$STORE" "$WORK/store.copy"
    "$3"
    rm -f "$SESSION"
    refuses "$name" "$pattern" refresh token get status login logout
    is "$(asked)" "$before" "$name: nothing was asked"
    "$4"
    is "$(refresh_token)" "$good" "$name: nothing is lost"
    unharmed "$name"
}
put_back() {
    rm -rf "$STORE"
    cp -a "$WORK/store.copy" "$STORE"
}
as_link() {
    mv "$STORE" "$STORE.away"
    ln -s store.json.away "$STORE"
}
as_dangling_link() {
    rm "$STORE"
    ln -s nowhere "$STORE"
}
as_hard_link() {
    ln "$STORE" "$STORE.second"
}
without_second() {
    rm "$STORE.second"
}
as_fifo() {
    rm "$STORE"
    mkfifo -m 600 "$STORE"
}
as_folder() {
    rm "$STORE"
    mkdir -m 700 "$STORE"
}
as_device() {
    rm "$STORE"
    mknod -m 600 "$STORE" c 1 5
}
as_socket() {
    rm "$STORE"
    python3 -c 'import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
socket.socket(socket.AF_UNIX).bind("store.json")' "$STORE"
    chmod 600 "$STORE"
}
open_0644() {
    chmod 644 "$STORE"
}
open_0666() {
    chmod 666 "$STORE"
}
close_it() {
    chmod 600 "$STORE"
}
unreadable() {
    chmod 0 "$STORE"
}
foreign() {
    chown 65534 "$STORE"
}
own_again() {
    chown "$(id -u)" "$STORE"
}
t_store_is_something_else() {
    local is_at="$WORK/.*/store.json"
    broken "store: symbolic link" "$is_at is a symbolic link; move it away" \
        as_link put_back
    broken "store: dangling link" "$is_at is a symbolic link; move it away" \
        as_dangling_link put_back
    broken "store: hard link" "$is_at has a second name .* remove one" \
        as_hard_link without_second
    broken "store: FIFO" "$is_at is not a regular file; move it away" \
        as_fifo put_back
    broken "store: folder" "$is_at is not a regular file; move it away" \
        as_folder put_back
    broken "store: socket" "$is_at" as_socket put_back
    broken "store: 0644" "open to others; close it with: chmod 600 $is_at" \
        open_0644 close_it
    broken "store: 0666" "open to others; close it with: chmod 600 $is_at" \
        open_0666 close_it
    if is_root; then
        broken "store: device" "$is_at is not a regular file; move it away" \
            as_device put_back
        broken "store: somebody else's" \
            "$is_at belongs to uid 65534, not to you" foreign own_again
    else
        broken "store: unreadable" "cannot read $is_at: Permission denied" \
            unreadable close_it
        skip "store: device, somebody else's" "only root can make them"
    fi
}

# damaged NAME TEXT: the store has this in it, and nothing else
damaged() {
    text=$2
    broken "store: $1" "$LEFT; move it away and sign in again" damage put_back
}
damage() {
    printf '%b' "$text" >"$STORE"
}
LEFT='store.json is damaged or not ours; it has been left as it is'
t_store_is_damaged() {
    local cut before size wrong=''
    damaged "empty" ''
    damaged "null" 'null'
    damaged "a number" '1'
    damaged "an array" '[]'
    damaged "somebody else's JSON" '{"tokens":["a"]}\n'
    damaged "no JSON" 'access_token=1\n'
    damaged "NUL bytes" '\0000\0000\0000\0000'
    damaged "a record that is none" '{"version":1,"records":[1]}'
    damaged "a record without an issuer" \
        '{"version":1,"records":[{"provider":"parallel"}]}'
    damaged "records that are none" '{"version":1,"records":{}}'
    text='{"version":2,"records":[]}'
    broken "store: a newer version" "$WORK/.*/store.json .* format 2" \
        damage put_back
    signed_in
    before=$(asked)
    size=$(stat -c %s "$STORE")
    cp -a "$STORE" "$WORK/store.copy"
    for ((cut = 0; cut < size - 1; cut += 29)); do
        head -c "$cut" "$WORK/store.copy" >"$STORE"
        rm -f "$SESSION"
        bounded "$TOOL" token
        { [ "$rc" -eq 4 ] && [ -z "$out" ] && one_line "$LEFT"; } ||
            wrong+="$cut: exit $rc: $out $err
"
        cmp -s -n "$cut" "$WORK/store.copy" "$STORE" || wrong+="$cut: touched
"
    done
    is "$wrong" '' "store: cut short anywhere: said so, and left as it is"
    is "$(asked)" "$before" "store: cut short: nothing was asked"
    put_back
    unharmed "store: cut short"
    signed_in
    cp -a "$STORE" "$WORK/store.copy"
    head -c 3000000 /dev/zero >"$STORE"
    rm -f "$SESSION"
    refuses "store: 3 MB" 'store.json is too large .* move it away' \
        refresh token get status
    put_back
    unharmed "store: 3 MB"
}

# ---- its folder, its locks --------------------------------------------------

# broken_state NAME PATTERN BREAK MEND
folder_link() {
    mv "$STATE" "$STATE.away"
    ln -s "$STATE.away" "$STATE"
}
folder_dangling() {
    mv "$STATE" "$STATE.away"
    ln -s nowhere "$STATE"
}
folder_file() {
    mv "$STATE" "$STATE.away"
    : >"$STATE"
}
folder_fifo() {
    mv "$STATE" "$STATE.away"
    mkfifo "$STATE"
}
folder_back() {
    rm -rf "$STATE"
    mv "$STATE.away" "$STATE"
}
folder_0755() {
    chmod 755 "$STATE"
}
folder_0777() {
    chmod 777 "$STATE"
}
folder_0700() {
    chmod 700 "$STATE"
}
folder_foreign() {
    chown 65534 "$STATE"
}
folder_own() {
    chown "$(id -u)" "$STATE"
}
folder_unreadable() {
    chmod 0 "$STATE"
}
t_folder() {
    local at="$WORK/.*/parallel-credential"
    local other="$at is a link or a file where a folder .*; move it away"
    broken "folder: symbolic link" "$other" folder_link folder_back
    broken "folder: dangling link" "$other" folder_dangling folder_back
    broken "folder: file" "$other" folder_file folder_back
    broken "folder: FIFO" "$other" folder_fifo folder_back
    broken "folder: 0755" "open to others; close it with: chmod 700 $at" \
        folder_0755 folder_0700
    broken "folder: 0777" "open to others; close it with: chmod 700 $at" \
        folder_0777 folder_0700
    if is_root; then
        broken "folder: somebody else's" "$at belongs to uid 65534, not to" \
            folder_foreign folder_own
    else
        broken "folder: unreadable" "cannot open .* $at: Permission denied" \
            folder_unreadable folder_0700
    fi
}

# locked NAME PATTERN MAKE: something else lies in the place of the lock
locked() {
    signed_in
    rm -f "$STATE/lock"
    "$3" "$STATE/lock"
    serves "lock: $1"
    refuses "lock: $1" "$2" refresh login logout
    rm -f "$SESSION"
    serves "lock: $1, no cache"
    is "$(asked)" '[0,1,1,0]' "lock: $1: nothing was asked"
    is "$(refresh_token)" "$good" "lock: $1: nothing is lost"
    rm -rf "$STATE/lock"
    unharmed "lock: $1"
}
make_folder() {
    mkdir "$1"
}
make_link() {
    ln -s "$STATE/elsewhere" "$1"
}
make_loop() {
    ln -s lock "$1"
}
make_fifo() {
    mkfifo "$1"
}
t_locks() {
    local make
    locked folder "cannot lock $WORK/.*/lock: Is a directory" make_folder
    locked "symbolic link" "cannot lock $WORK/.*/lock: .*" make_link
    check "and is not followed" test ! -e "$STATE/elsewhere"
    locked "link to itself" "cannot lock $WORK/.*/lock: .*" make_loop
    for make in make_folder make_link make_fifo; do
        signed_in
        rm -f "$RUNTIME/renewing"
        "$make" "$RUNTIME/renewing"
        serves "renewing: $make"
        expire_session
        bounded "$TOOL" token
        is "$rc:$out:$err" "0:$(access_token):" \
            "renewing: $make: renews under the store's lock"
        bounded "$TOOL" refresh
        is "$rc:$(state .requests.token_refresh)" "0:2" \
            "renewing: $make: and refresh"
    done
    # A lock can be taken on a FIFO; what matters is that nothing hangs.
    signed_in
    rm -f "$STATE/lock"
    mkfifo "$STATE/lock"
    unharmed "lock: FIFO"
}

# ---- what may lie in the place of the cache ---------------------------------

# uncached NAME MAKE: MAKE spoils the cache $SESSION
uncached() {
    signed_in
    cp -a "$SESSION" "$WORK/session.copy"
    "$2"
    serves "cache: $1"
    bounded "$TOOL" refresh
    is "$rc:$err" "0:" "cache: $1: refresh works"
    token=$(access_token)
    serves "cache: $1, renewed"
    is "$(refreshes)" 1 "cache: $1: nothing is asked twice"
}
# healed NAME: it is a good one again
healed() {
    is "$(stat -c '%F %a' "$SESSION")" "regular file 600" "cache: $1: healed"
}
cache_link() {
    rm "$SESSION"
    ln -s "$WORK/session.copy" "$SESSION"
}
cache_hard_link() {
    ln "$SESSION" "$RUNTIME/second"
}
cache_fifo() {
    rm "$SESSION"
    mkfifo -m 600 "$SESSION"
}
cache_folder() {
    rm "$SESSION"
    mkdir "$SESSION"
    : >"$SESSION/file"
}
cache_device() {
    rm "$SESSION"
    mknod -m 600 "$SESSION" c 1 5
}
cache_0644() {
    session_set access_token planted
    chmod 644 "$SESSION"
}
cache_0666() {
    session_set access_token planted
    chmod 666 "$SESSION"
}
cache_foreign() {
    session_set access_token planted
    chown 65534 "$SESSION"
}
cache_empty() {
    : >"$SESSION"
}
cache_large() {
    head -c 10000000 /dev/zero | tr '\0' 'a' >>"$SESSION"
}
cache_large_blocks() {
    for _ in {1..13}; do
        cat "$SESSION" "$SESSION" >"$SESSION.twice"
        cat "$SESSION.twice" >"$SESSION"
    done
    rm "$SESSION.twice"
}
cache_garbage() {
    head -c 5000 "$TOOL" >"$SESSION"
}
cache_newlines() {
    head -c 5000 /dev/zero | tr '\0' '\n' >"$SESSION"
}
cache_nul() {
    tr '=' '\0' <"$WORK/session.copy" >"$SESSION"
}
cache_other_format() {
    sed -i 's/^format=.*/format=99/' "$SESSION"
    session_set access_token planted
}
t_cache() {
    local kind
    for kind in link hard_link fifo 0644 0666 empty large garbage newlines \
        nul other_format; do
        uncached "$kind" "cache_$kind"
        healed "$kind"
    done
    uncached "folder" cache_folder
    uncached "large blocks" cache_large_blocks
    if is_root; then
        uncached "device" cache_device
        healed "device"
        uncached "somebody else's" cache_foreign
        healed "somebody else's"
    else
        skip "cache: device, somebody else's" "only root can make them"
    fi
}

# Two organizations, and a cache that ends anywhere.
t_cache_is_cut() {
    local size cut wrong='' other
    signed_in
    control config '{"approve_after":null}' >"$WORK/control.out"
    control approve '{"user_code":"any","org_id":"org_beta","wait_ms":20000}' \
        >"$WORK/approve.out" 2>&1 &
    run "$TOOL" login --json --no-browser </dev/null
    wait "$!"
    is "$rc:$(jq '.records | length' "$STORE")" "0:2" "two organizations"
    token=$(jq -r '.records[] | select(.org_id == "org_acme").access_token' \
        "$STORE")
    other=$(jq -r '.records[] | select(.org_id == "org_beta").access_token' \
        "$STORE")
    bounded "$TOOL" token
    is "$out" "$other" "the second one is selected"
    cp -a "$SESSION" "$WORK/session.copy"
    size=$(stat -c %s "$SESSION")
    for ((cut = 0; cut <= size; cut++)); do
        head -c "$cut" "$WORK/session.copy" >"$SESSION"
        run "$TOOL" token --org org_acme </dev/null
        [ "$rc:$out:$err" = "0:$token:" ] || wrong+="$cut: $rc $out $err
"
        [ $((cut % 10)) -eq 0 ] || continue
        head -c "$cut" "$WORK/session.copy" >"$SESSION"
        run "$TOOL" token </dev/null
        [ "$rc:$out:$err" = "0:$other:" ] || wrong+="$cut: $rc $out $err
"
    done
    is "$wrong" '' "a cache cut short at any byte: the right token"
    is "$(refreshes)" 0 "and nothing is asked"
    # What the block that is missing was for: an address of its own.
    signed_in
    trust_sandbox
    (
        use_https
        enter
    )
    request >"$WORK/request"
    unset PARALLEL_PLATFORM_URL
    bounded "$TOOL" status # makes the cache for any issuer
    bounded "$TOOL" token
    isnt "$out" "$token" "two issuers, the second one is selected"
    awk '{ print } /^$/ && ++blocks == 2 { exit }' "$SESSION" \
        >"$WORK/session.cut"
    cat "$WORK/session.cut" >"$SESSION"
    run timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/request"
    is "$rc:$(sed -n 's/^password=//p' <<<"$out")" "0:$token" \
        "a cache cut between two blocks: the other is found"
    use_http
}

# ---- where the cache may lie ------------------------------------------------

# cached_in FOLDER NAME: a person's cache comes to lie there, and serves
cached_in() {
    enter
    token=$(access_token)
    is "$(stat -c '%a %F' "$1/session")" "600 regular file" "$2: the cache"
    is "$(stat -c %a "$1")" 700 "$2: its folder"
    serves "$2"
    SESSION=$1/session expire_session
    bounded "$TOOL" token
    is "$rc:$out:$err" "0:$(access_token):" "$2: renewed when it is expired"
    isnt "$out" "$token" "$2: by another"
}
# A person, and what XDG_RUNTIME_DIR says.
bad_runtime() {
    fresh
    rm -rf "$WORK/bad"
    mkdir -m 700 "$WORK/bad"
}
nothing_in() {
    is "$(ls -A "$1")" '' "$2: nothing is put there"
}
t_runtime() {
    if [ -d "/run/user/$(id -u)" ]; then
        skip "runtime folders" "this person has one that cannot be hidden"
        return
    fi
    bad_runtime
    unset XDG_RUNTIME_DIR
    cached_in "$STATE" "no runtime folder"
    bad_runtime
    export XDG_RUNTIME_DIR=''
    cached_in "$STATE" "an empty XDG_RUNTIME_DIR"
    bad_runtime
    cd "$WORK" || return
    export XDG_RUNTIME_DIR=bad
    cached_in "$STATE" "a relative one"
    nothing_in "$WORK/bad" "a relative one"
    cd "$OLDPWD" || return
    bad_runtime
    chmod 755 "$WORK/bad"
    export XDG_RUNTIME_DIR=$WORK/bad
    cached_in "$STATE" "one with 0755"
    nothing_in "$WORK/bad" "one with 0755"
    bad_runtime
    export XDG_RUNTIME_DIR=$WORK/none
    cached_in "$STATE" "one that is not there"
    check "it is not made" test ! -e "$WORK/none"
    bad_runtime
    : >"$WORK/bad/file"
    export XDG_RUNTIME_DIR=$WORK/bad/file
    cached_in "$STATE" "a file"
    bad_runtime
    if is_root; then
        chown 65534 "$WORK/bad"
        export XDG_RUNTIME_DIR=$WORK/bad
        cached_in "$STATE" "somebody else's"
        nothing_in "$WORK/bad" "somebody else's"
    else
        export XDG_RUNTIME_DIR=/
        cached_in "$STATE" "somebody else's"
    fi
    if can_mount && [ -d /run/user ]; then
        bad_runtime
        unset XDG_RUNTIME_DIR
        mkdir -m 700 "/run/user/$(id -u)"
        cached_in "/run/user/$(id -u)/parallel-credential" "/run/user/UID"
        bad_runtime
        unset XDG_RUNTIME_DIR
        rm -rf "/run/user/$(id -u)"
        mkdir -m 755 "/run/user/$(id -u)"
        cached_in "$STATE" "/run/user/UID with 0755"
        rm -rf "/run/user/$(id -u)"
    else
        skip "/run/user/UID" "needs root and mount namespaces"
    fi
}

# Our own folder in the runtime folder is not as we made it: then there is no
# cache, and nothing is written there.
t_runtime_folder() {
    local kind
    for kind in link file 0755; do
        signed_in
        rm -rf "$RUNTIME" "$WORK/elsewhere"
        mkdir -m 700 "$WORK/elsewhere"
        case $kind in
        link) ln -s "$WORK/elsewhere" "$RUNTIME" ;;
        file) : >"$RUNTIME" ;;
        0755) mkdir -m 755 "$RUNTIME" ;;
        esac
        serves "its folder: $kind"
        expire_token
        bounded "$TOOL" token
        is "$rc:$out:$(refreshes)" "0:$(access_token):1" \
            "its folder: $kind: renewed"
        nothing_in "$WORK/elsewhere" "its folder: $kind"
        [ ! -d "$RUNTIME" ] || nothing_in "$RUNTIME/" "its folder: $kind"
    done
}

# Two homes, one runtime folder (su and sudo keep XDG_RUNTIME_DIR): nobody is
# served another home's token.
t_two_homes() {
    local home run first second first_home
    signed_in
    first=$token first_home=$HOME run=$XDG_RUNTIME_DIR
    new_person
    home=$HOME
    export XDG_RUNTIME_DIR=$run
    bounded "$TOOL" token
    is "$rc:$out" "3:" "another home, the same runtime folder: not signed in"
    get
    is "$rc:$out" "0:" "nor for git"
    enter
    second=$(access_token)
    isnt "$second" "$first" "it signs in"
    for _ in 1 2 3; do
        bounded "$TOOL" token
        is "$rc:$out" "0:$second" "the second home's token"
        HOME=$first_home bounded "$TOOL" token
        is "$rc:$out" "0:$first" "the first home's token"
    done
    HOME=$first_home bounded "$TOOL" refresh
    is "$rc" 0 "the first is renewed"
    bounded "$TOOL" token
    is "$rc:$out" "0:$second" "the second stays"
    HOME=$home bounded "$TOOL" logout
    HOME=$first_home bounded "$TOOL" token
    is "$rc" 0 "the second signs out, the first stays"
}

# ---- no home ----------------------------------------------------------------

t_homes() {
    local uid=54321 own
    if ! can_mount; then
        skip "homes" "needs root and mount namespaces"
        return
    fi
    own=$(getent passwd "$(id -u)" | cut -d: -f6)
    signed_in
    put_disk "$own" mode=700
    chown 65534 "$HOME"
    bounded "$TOOL" token
    is "$rc:$out" "3:" "somebody else's HOME: that of the password database"
    STATE=$own/.local/state/parallel-credential
    STORE=$STATE/store.json
    enter
    check "where a credential is kept then" whole
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "and found"
    HOME=$WORK/none bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "a HOME that is not there: the same"
    HOME=relative bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "a relative one: the same"
    HOME='' bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "an empty one: the same"
    bounded env -u HOME "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "none: the same"
    unmount "$own"
    while getent passwd "$uid" >"$WORK/passwd.out"; do
        uid=$((uid + 1))
    done
    mkdir -m 755 "$WORK/tree"
    cp -a "$PREFIX/." "$WORK/tree"
    chmod 711 "$WORK"
    HOME=$WORK/none bounded setpriv --reuid="$uid" --regid="$uid" \
        --clear-groups "$TOOL" token
    is "$rc:$out" "4:" "no HOME and none in the password database: exit 4"
    like "$err" 'there is no home folder .*\(HOME is not set to a folder of' \
        "it says why"
}

# ---- full disks -------------------------------------------------------------

# What a disk that takes nothing does, whatever the reason is.
# taking_nothing NAME REASON
taking_nothing() {
    serves "$1"
    expire_session
    refuses "$1" "(no room to write|cannot write|cannot lock) $STATE/.*: $2" \
        token get refresh login
    is "$(asked)" '[0,1,1,0]' "$1: nothing was asked"
    is "$(refresh_token)" "$good" "$1: what is stored is there"
    check "$1: and good" is_good refresh "$good"
    check "$1: no draft is left" test ! -e "$STORE.new"
    bounded "$TOOL" status
    is "$rc" 0 "$1: status"
}
# full_for_browser DISK: it fills while the browser's code is exchanged
full_for_browser() {
    local browser key
    good=$(refresh_token) key=$(stored '.records[0].api_key')
    trouble '{"endpoint":"keys-token","kind":"gate"}'
    : >"$WORK/login.out"
    "$TOOL" login --web --json --no-browser >"$WORK/login.out" 2>&1 </dev/null &
    pid=$!
    wait_until "$PATIENCE" grep -q waiting_for "$WORK/login.out"
    curl -sSL --noproxy '*' --max-time "$PATIENCE" -o "$WORK/page" \
        "$(jq -r .verification_uri_complete "$WORK/login.out")" &
    browser=$!
    check "a browser has brought its code" gate_wait 1
    fill "$1"
    gate_open
    wait "$pid"
    is "$?:$(tail -1 "$WORK/login.out" | jq -r .status)" "4:error" \
        "the disk fills while the code is exchanged: exit 4"
    like "$(tail -1 "$WORK/login.out")" \
        "delete it on the service's web page: .*No space left on device" \
        "and says what to do"
    wait "$browser"
    like "$(cat "$WORK/page")" 'Signing in did not work' "and the page, too"
    is "$(refresh_token):$(stored '.records[0].api_key')" "$good:$key" \
        "what was stored is there"
    rm "$1/ballast"
    unharmed "a login in a browser and a full disk"
}
t_full() {
    local disk
    if ! can_mount; then
        skip "full disks" "needs root and mount namespaces"
        return
    fi
    fresh
    disk=$HOME/.local/state
    put_disk "$disk" size=128k,mode=700
    enter
    good=$(refresh_token) token=$(access_token)
    fill "$disk"
    taking_nothing "a full disk" "No space left on device"
    rm "$disk/ballast"
    unharmed "a full disk"

    good=$(refresh_token)
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    "$TOOL" refresh >"$WORK/refresh.out" 2>&1 &
    pid=$!
    check "a refresh is on its way" gate_wait 1
    fill "$disk"
    gate_open
    wait "$pid"
    is "$?:$(cat "$WORK/refresh.out")" "0:" \
        "the disk fills while the service is asked: there is room"
    isnt "$(refresh_token)" "$good" "the new token is kept"
    check "and good" is_good refresh "$(refresh_token)"
    rm "$disk/ballast"
    unharmed "it filled meanwhile"

    good=$(refresh_token)
    trouble '{"endpoint":"token:device","kind":"gate"}'
    "$TOOL" login --json --no-browser >"$WORK/login.out" 2>&1 </dev/null &
    pid=$!
    check "a login waits for its approval" gate_wait 1
    fill "$disk"
    gate_open
    wait "$pid"
    is "$?:$(tail -1 "$WORK/login.out" | jq -r .status)" "4:error" \
        "the disk fills while the person decides: exit 4"
    like "$(tail -1 "$WORK/login.out")" 'No space left on device' "and says so"
    is "$(refresh_token)" "$good" "what was stored is there"
    check "and good" is_good refresh "$good"
    is "$(state .requests.revoke)" 1 "what could not be kept is revoked"
    rm "$disk/ballast"
    unharmed "a login and a full disk"

    if [ -x "$PREFIX/libexec/parallel-credential/web" ]; then
        full_for_browser "$disk"
    else
        skip "a login in a browser and a full disk" "configured --without-web"
    fi

    fresh
    disk=$HOME/.local/state
    put_disk "$disk" nr_inodes=5,mode=700
    enter
    good=$(refresh_token) token=$(access_token)
    while mktemp "$disk/file.XXXXXX" >/dev/null 2>&1; do :; done
    taking_nothing "no inodes" "No space left on device"
    rm "$disk"/file.*
    unharmed "no inodes"
}

t_full_runtime() {
    if ! can_mount; then
        skip "a full runtime folder" "needs root and mount namespaces"
        return
    fi
    fresh
    put_disk "$XDG_RUNTIME_DIR" size=4k,mode=700
    enter
    fill "$XDG_RUNTIME_DIR"
    bounded "$TOOL" refresh
    is "$rc:$err" "0:" "a full runtime folder: refresh"
    token=$(access_token)
    serves "a full runtime folder"
    expire_token
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "a full runtime folder: renewed"
    is "$(refreshes)" 2 "a full runtime folder: once each"
    rm "$XDG_RUNTIME_DIR/ballast"
    bounded "$TOOL" token
    check "there is room again: a cache" test -s "$SESSION"
    new_person
    put_disk "$XDG_RUNTIME_DIR" nr_inodes=1,mode=700
    enter
    token=$(access_token)
    serves "a runtime folder that takes nothing"
    bounded "$TOOL" refresh
    is "$rc:$err" "0:" "and refresh"
}

t_read_only() {
    if ! can_mount; then
        if is_root; then
            skip "a read-only home" "needs mount namespaces"
            return
        fi
        signed_in
        chmod 500 "$STATE"
        taking_nothing "a home that may not be written" "Permission denied"
        chmod 700 "$STATE"
        unharmed "a home that may not be written"
        return
    fi
    signed_in
    make_read_only "$HOME"
    taking_nothing "a read-only home" "Read-only file system"
    make_read_only "$XDG_RUNTIME_DIR"
    expire_runtime_too
    unmount "$XDG_RUNTIME_DIR"
    unmount "$HOME"
    unharmed "a read-only home"
    new_person
    make_read_only "$HOME"
    bounded "$TOOL" token
    is "$rc" 3 "a read-only home, nobody signed in: exit 3"
    refuses "a read-only home" "cannot make the folder $STATE: Read-only" login
    unmount "$HOME"
}
# Nothing at all can be written.
expire_runtime_too() {
    bounded "$TOOL" status
    is "$rc" 0 "all read-only: status"
    refuses "all read-only" 'Read-only file system' refresh
    is "$(refresh_token)" "$good" "all read-only: what is stored is there"
}

# limited BLOCKS COMMAND...: no file may grow beyond that; what it says goes
# through a pipe, into $out
limited() {
    local blocks=$1
    shift
    out=$(
        ulimit -f "$blocks"
        exec timeout -k 1 "$PATIENCE" "$@" 2>&1 <"$WORK/request"
    )
    rc=$?
}
t_file_limit() {
    signed_in
    request >"$WORK/request"
    for verb in token get; do
        limited 0 "$TOOL" "$verb"
        like "$rc:$out" "^0:.*" "no file may grow: $verb"
        like "$out" "$token" "no file may grow: $verb is served"
    done
    expire_session
    for verb in refresh token get login; do
        limited 8 "$TOOL" "$verb"
        is "$rc" 4 "a limit on files: $verb: exit 4"
        like "$out" "^parallel-credential: .*store.json: File too large" \
            "a limit on files: $verb says so"
    done
    limited 0 "$TOOL" get
    is "$rc" 4 "no file may grow: get: exit 4, by no signal"
    is "$(asked)" '[0,1,1,0]' "a limit on files: nothing was asked"
    is "$(refresh_token)" "$good" "a limit on files: nothing is lost"
    unharmed "a limit on files"
}

# ---- system calls that fail -------------------------------------------------

# failing CALL ERROR[:when=N] COMMAND...: /CALL is a pattern
failing() {
    local what=$1 how=$2
    shift 2
    run timeout -k 1 "$PATIENCE" strace -f -qq --seccomp-bpf \
        -o "$WORK/trace" -e signal=none -e "trace=$what" \
        -e "inject=$what:error=$how" "$@" </dev/null
}
# lost_nothing NAME: no request was made
lost_nothing() {
    is "$rc" 4 "$1: exit 4"
    is "$(refreshes)" 0 "$1: nothing was asked"
    is "$(refresh_token)" "$good" "$1: what is stored is there"
    check "$1: no draft is left" test ! -e "$STORE.new"
    unharmed "$1"
}
# kept NAME: the request was made and the new token is kept, somehow
kept() {
    is "$rc:$err" "0:" "$1: renewed all the same"
    is "$(refreshes)" 1 "$1: by one request"
    isnt "$(refresh_token)" "$good" "$1: the new token is kept"
    check "$1: and good" is_good refresh "$(refresh_token)"
    check "$1: no draft is left" test ! -e "$STORE.new"
    token=$(access_token)
    serves "$1"
}
# store_write: which write it is that fills the draft of the store
store_write() {
    signed_in
    strace -f -qq -o "$WORK/trace" -e signal=none \
        -e 'trace=write,/^rename' "$TOOL" refresh
    grep -m1 -n ' rename' "$WORK/trace" | cut -d: -f1 | awk '{ print $1 - 1 }'
}
t_failing_calls() {
    local nth each
    if ! can_trace; then
        skip "failing system calls" "strace cannot trace here"
        return
    fi
    nth=$(store_write)
    for each in EDQUOT ENOSPC EIO; do
        signed_in
        failing fallocate "$each" "$TOOL" refresh
        like "$err" "not renewed, .* no room to write $STORE: " \
            "$each when room is made: it says why"
        lost_nothing "$each when room is made"
    done
    signed_in
    failing fallocate EOPNOTSUPP "$TOOL" refresh
    kept "a disk that cannot reserve room"
    signed_in
    failing openat "EIO:when=$(draft_open)" "$TOOL" refresh
    like "$err" "cannot write $STORE: Input/output error" \
        "no draft can be made: it says why"
    lost_nothing "no draft can be made"

    for each in ENOSPC EDQUOT EIO; do
        signed_in
        failing write "$each:when=$nth" "$TOOL" refresh
        kept "$each when the new token is written"
    done
    for each in ftruncate fsync /^rename; do
        signed_in
        failing "$each" "EIO:when=1" "$TOOL" refresh
        kept "$each fails once"
    done
    signed_in
    failing fsync "EIO:when=2" "$TOOL" refresh
    kept "fsync of the folder fails"
    signed_in
    failing fsync EIO "$TOOL" refresh
    kept "fsync fails always"
    signed_in
    failing write "ENOSPC:when=$((nth + 1))" "$TOOL" refresh
    kept "the cache cannot be written"
    signed_in
    failing /^rename "EIO:when=2" "$TOOL" refresh
    kept "the cache cannot be put into place"

    # Now nothing helps.
    signed_in
    failing /^rename EIO "$TOOL" refresh
    is "$rc" 4 "a disk that breaks between asking and keeping: exit 4"
    like "$err" "could not be kept; you will have to sign in again: .*$STORE" \
        "it says what that means"
    check "what is stored is whole" whole
    bounded "$TOOL" refresh
    is "$rc" 3 "the next one: exit 3"
    like "$err" "$AGAIN" "sign in again"
    enter
    unharmed "a broken disk"
}
# draft_open: which openat makes the draft; a place of its own to look
draft_open() {
    local seen=$WORK/seen
    strace -f -qq -o "$seen" -e signal=none -e trace=openat,fallocate \
        -e inject=fallocate:error=EIO "$TOOL" refresh 2>"$WORK/draft.err"
    grep -m1 -n fallocate "$seen" | cut -d: -f1 | awk '{ print $1 - 1 }'
}

start_sandbox
if can_mount && [ -d /run/user ]; then
    put_disk /run/user mode=755
fi
t_store_is_something_else
t_store_is_damaged
t_folder
t_locks
t_cache
t_cache_is_cut
t_runtime
t_runtime_folder
t_two_homes
t_homes
t_full
t_full_runtime
t_read_only
t_file_limit
t_failing_calls
finish
