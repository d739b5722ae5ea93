#!/bin/bash
# One renewer. Locks that are never given up, a hundred processes at an
# expired token, renewal ahead of time by a broker that nobody waits for,
# back-off, refusals, erase.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"

CROWD=100
AGAIN='sign-in .* has ended .* run: parallel-credential login$'

# A service that knows nobody, and a person who has just signed in.
# signed_in [LINE OF THE CONFIGURATION...]
signed_in() {
    fresh
    [ $# -eq 0 ] || configure "$@"
    enter
    RENEWING=$XDG_RUNTIME_DIR/parallel-credential/renewing
}
# A home without a runtime folder: the cache lies in STATE. Not where the
# person who runs the tests has one of her own.
without_runtime() {
    [ ! -d "/run/user/$(id -u)" ]
}
use_state_folder() {
    unset XDG_RUNTIME_DIR
    SESSION=$STATE/session
    RENEWING=$STATE/renewing
}
get() {
    request >"$WORK/request"
    run timeout -k 1 "$PATIENCE" "$TOOL" get "$@" <"$WORK/request"
}
password() {
    sed -n 's/^password=//p' <<<"$out"
}
# tell VERB PASSWORD: what git says after it has used a credential
tell() {
    request 'username=parallel-token' "password=$2" >"$WORK/request"
    run timeout -k 1 "$PATIENCE" "$TOOL" "$1" <"$WORK/request"
}

# ---- locks that are held for ever -------------------------------------------

t_renewing_is_held() {
    local token
    signed_in 'lock_timeout = 200ms'
    token=$(access_token)
    hold_lock "$RENEWING" || not_ok "the lock is held"
    bounded "$TOOL" token
    is "$rc:$out" "0:$token" "renewing held, token good: served"
    get
    is "$rc:$(password)" "0:$token" "and to git"
    make_due
    bounded "$TOOL" token
    is "$rc:$out" "0:$token" "renewing held, token due: served"
    expire_session
    bounded "$TOOL" token
    is "$rc:$out" "4:" "renewing held, token expired: exit 4"
    like "$err" '^parallel-credential: another process has .* too long; try' \
        "it says why, and what to do"
    get
    is "$rc:$out" "4:" "the same to git"
    bounded "$TOOL" refresh
    is "$rc" 4 "renewing held, refresh: exit 4"
    like "$err" "has held the lock $RENEWING for more than 0.2 s; try" \
        "it names the lock"
    bounded "$TOOL" logout
    is "$rc" 4 "renewing held, logout: exit 4"
    bounded "$TOOL" status
    is "$rc" 0 "status needs no lock"
    is "$(refreshes)" 0 "not getting a lock never licenses a refresh"
    check "nothing is lost" is_good refresh "$(refresh_token)"
    let_go
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "the holder is gone: renewed"
    isnt "$out" "$token" "to a new one"
    is "$(refreshes)" 1 "by one request"
}

t_store_is_held() {
    local token good
    signed_in 'lock_timeout = 200ms'
    token=$(access_token)
    good=$(refresh_token)
    hold_lock "$STATE/lock" || not_ok "the lock is held"
    bounded "$TOOL" token
    is "$rc:$out" "0:$token" "the store's lock held, token good: served"
    rm "$SESSION"
    bounded "$TOOL" token
    is "$rc:$out" "0:$token" "without a cache, too"
    expire_session
    bounded "$TOOL" token
    is "$rc:$out" "4:" "the store's lock held, token expired: exit 4"
    like "$err" "has held the lock $STATE/lock for more than 0.2 s; try" \
        "it names the lock"
    for verb in refresh logout login; do
        bounded "$TOOL" "$verb"
        is "$rc" 4 "the store's lock held, $verb: exit 4"
        like "$err" "held the lock $STATE/lock" "it names the lock"
    done
    tell erase "$token"
    is "$rc" 4 "and erase"
    is "$(state '.requests | [.token_refresh, .code, .revoke]')" '[0,1,0]' \
        "nothing was asked since the sign-in"
    is "$(refresh_token)" "$good" "nothing is lost"
    let_go
    bounded "$TOOL" token
    is "$rc:$(refreshes)" "0:1" "the holder is gone: renewed"
}

# The lock is taken while the person decides: what was granted cannot be
# kept, though every signal is held then. It ends all the same.
t_store_is_held_later() {
    local good
    signed_in 'lock_timeout = 200ms'
    good=$(refresh_token)
    trouble '{"endpoint":"token:device","kind":"gate"}'
    timeout -k 1 "$PATIENCE" "$TOOL" login --json --no-browser \
        >"$WORK/login.out" 2>&1 </dev/null &
    pid=$!
    check "a login waits for the approval" gate_wait 1
    hold_lock "$STATE/lock" || not_ok "the lock is held"
    gate_open
    wait "$pid"
    is "$?:$(tail -1 "$WORK/login.out" | jq -r .error)" "4:lock" \
        "the lock was taken meanwhile: exit 4, within its time"
    is "$(refresh_token)" "$good" "what was stored is there"
    check "and good" is_good refresh "$good"
    is "$(state .requests.revoke)" 1 "what could not be kept is revoked"
    let_go
}

# A lock that comes free: whoever waited goes on.
t_lock_comes_free() {
    signed_in
    expire_session
    hold_lock "$RENEWING" || not_ok "the lock is held"
    in_background "$TOOL" token >"$WORK/token.out" 2>&1
    check "a process waits" wait_until "$PATIENCE" someone_waits
    let_go
    wait "$pid"
    is "$?:$(cat "$WORK/token.out")" "0:$(access_token)" \
        "when the lock is given up, it renews"
    is "$(refreshes)" 1 "once"
}
someone_waits() {
    [ "$(waiting_for "$RENEWING")" -ge "${1-1}" ]
}

# ---- a hundred --------------------------------------------------------------

# crowd: a hundred at once, in $WORK/crowd: out.N, err.N, rc.N; in the
# background, with the programs that were started in $WORK/execs
crowd() {
    rm -rf "$WORK/crowd"
    mkdir "$WORK/crowd"
    cat >"$WORK/launch" <<'EOF'
#!/bin/bash
i=0
while [ "$i" -lt "$3" ]; do
    i=$((i + 1))
    {
        "$1" token >"$2/out.$i" 2>"$2/err.$i" </dev/null
        echo $? >"$2/rc.$i"
    } &
done
wait
EOF
    if can_trace; then
        in_background strace -f -qq --seccomp-bpf -o "$WORK/execs" \
            -e trace=execve -e signal=none \
            bash "$WORK/launch" "$TOOL" "$WORK/crowd" "$CROWD"
    else
        in_background bash "$WORK/launch" "$TOOL" "$WORK/crowd" "$CROWD"
    fi
}
# What they said, each different thing once.
said() {
    sort -u "$WORK/crowd/$1".*
}
answered() {
    find "$WORK/crowd" -name 'rc.*' -size +0 | wc -l
}
# brokers NAME: one was started. It is told from the shell and the fronts by
# counting, for what it is called cannot be seen by everybody.
brokers() {
    if can_trace; then
        is "$(($(grep -c ' = 0$' "$WORK/execs") - 1 - CROWD))" "$2" "$1"
    else
        skip "$1" "strace cannot trace here"
    fi
}

# hundred WHERE: the token has run out, in the cache or for lack of one
hundred() {
    local old
    old=$(access_token)
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    crowd
    check "$1: one asks" gate_wait 1
    check "$1: all others wait for it" \
        wait_until "$PATIENCE" someone_waits "$((CROWD - 1))"
    is "$(answered)" 0 "$1: nobody has an answer yet"
    gate_open
    wait "$pid"
    is "$(said rc):$(answered)" "0:$CROWD" "$1: all have one then"
    is "$(said out)" "$(access_token)" "$1: all the same new token"
    isnt "$(said out)" "$old" "$1: a new one"
    is "$(said err)" '' "$1: nobody complains"
    is "$(refreshes)" 1 "$1: one request"
    brokers "$1: one broker" 1
}
t_hundred() {
    signed_in
    expire_session
    hundred "a hundred at an expired token"
    signed_in
    expire_token
    hundred "a hundred without a cache"
    if without_runtime; then
        signed_in
        use_state_folder
        expire_token
        hundred "a hundred without a runtime folder"
    else
        skip "a hundred without a runtime folder" "this person has one"
    fi
}

# failing WHERE
failing() {
    trouble '{"endpoint":"token:refresh","kind":"gate",
        "then":{"kind":"status","status":503}}'
    crowd
    check "$1: one asks" gate_wait 1
    check "$1: all others wait for it" \
        wait_until "$PATIENCE" someone_waits "$((CROWD - 1))"
    gate_open
    wait "$pid"
    is "$(said rc):$(answered)" "4:$CROWD" "$1: exit 4 for all"
    is "$(said out)" '' "$1: no token"
    is "$(said err | wc -l)" 1 "$1: all say the same"
    like "$(said err)" '^parallel-credential: .*503' "$1: the reason"
    is "$(refreshes)" 1 "$1: one attempt"
    brokers "$1: one broker" 1
    check "$1: nothing is lost" is_good refresh "$(refresh_token)"
    bounded "$TOOL" token
    is "$rc:$out:$(refreshes)" "0:$(access_token):2" \
        "$1: whoever comes later tries anew"
}
t_hundred_fail() {
    signed_in
    expire_session
    failing "a hundred and a failing service"
    signed_in
    expire_token
    failing "a hundred, no cache and a failing service"
}

# The one who renews is killed: another one takes over.
t_renewer_is_killed() {
    local renewer
    signed_in
    expire_session
    trouble '{"endpoint":"token:refresh","kind":"hang"}'
    in_background "$TOOL" token >"$WORK/killed.out" 2>&1
    renewer=$pid
    check "the first one asks" wait_counter token_refresh 1
    CROWD=10 crowd
    check "others wait" wait_until "$PATIENCE" someone_waits 10
    { kill -9 "$renewer" && wait "$renewer"; } 2>/dev/null
    wait "$pid"
    is "$(said rc):$(answered)" "0:10" "it is killed: the others are served"
    is "$(said out)" "$(access_token)" "all with the same new token"
    is "$(refreshes)" 2 "one of them has asked"
}

# ---- ahead of time ----------------------------------------------------------

# Who holds the lock, told by its descriptors: for root alone.
renewer_pid() {
    find /proc/[0-9]*/fd -lname "$RENEWING" 2>/dev/null | cut -d/ -f3 | head -1
}

t_behind() {
    local old broker
    signed_in
    old=$(access_token)
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    make_due
    request >"$WORK/request"
    # Whoever keeps one of these descriptors keeps cat from ending.
    out=$(timeout -k 1 "$PATIENCE" bash -c '"$1" get <"$2" 2>&1 3>&1 8>&1 9>&1 |
        cat' bash "$TOOL" "$WORK/request")
    is "$?:$(password)" "0:$old" \
        "in the window: the old token at once, the pipe is closed"
    check "while a request is on its way" gate_wait 1
    is "$(access_token)" "$old" "whose answer nobody has yet"
    if is_root; then
        broker=$(renewer_pid)
        is "$(cut -d' ' -f6 "/proc/${broker:-none}/stat")" "$broker" \
            "the renewer has a session of its own"
        # The lock, the folders, the draft of the store, the network.
        is "$(find "/proc/${broker:-none}/fd" -printf '%l\n' | grep -Ev "^(|$(
        )/dev/null|$XDG_RUNTIME_DIR/.*|$STATE(/.*)?|socket:.*|$(
        )anon_inode:.*)$")" '' "it holds no descriptor of its caller"
        is "$(find "/proc/${broker:-none}/fd" -lname /dev/null \
            -printf '%f ')" "0 1 2 " "its standard streams are /dev/null"
    else
        skip "the renewer's descriptors" "they are for root to see"
    fi
    get
    is "$(password)" "$old" "another get, while it is on its way: the same"
    bounded "$TOOL" header
    is "$out" "Authorization: Bearer $old" "and header"
    gate_open
    lock_quiet "$RENEWING"
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "afterwards: the new one"
    isnt "$out" "$old" "which is another"
    is "$(refreshes)" 1 "one request"
}

# Standard input must not be kept open either, else a writer never learns
# that nobody reads any more.
t_behind_input() {
    signed_in
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    make_due
    mkfifo "$WORK/input"
    timeout -k 1 "$PATIENCE" "$TOOL" get <"$WORK/input" >"$WORK/get.out" &
    pid=$!
    request >"$WORK/input"
    wait "$pid"
    check "a get with its input from a pipe has ended" gate_wait 1
    is "$(python3 -c 'import errno, os, sys
try:
    os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
except OSError as e:
    print(errno.errorcode[e.errno])' "$WORK/input")" ENXIO \
        "nobody has the pipe open any more"
    rm "$WORK/input"
    gate_open
    lock_quiet "$RENEWING"
}

# ---- back-off ---------------------------------------------------------------

# due_get: a get in the window, and the end of what it may have started
due_get() {
    get
    lock_quiet "$RENEWING"
}
t_back_off() {
    local old wait want=0 now
    signed_in
    old=$(access_token)
    trouble '{"endpoint":"token:refresh","kind":"status","status":503,
        "times":-1}'
    make_due
    for wait in 30000 60000 120000 240000 300000 300000; do
        want=$((want + 1))
        now=$(real_now)
        due_get
        is "$rc:$(password):$(refreshes)" "0:$old:$want" \
            "the service fails behind a get: served, request $want"
        is "$(session_get retry_wait)" "$wait" "the next one in $wait ms"
        check "counted from then" \
            test "$(session_get retry_at)" -ge "$((now + wait))"
        due_get
        is "$rc:$(password):$(refreshes)" "0:$old:$want" \
            "none before that time"
        session_set retry_at "$(real_now)"
    done
    session_set retry_at "$(($(real_now) + 200000))"
    bounded "$TOOL" refresh --if-due
    is "$rc:$(refreshes)" "0:$want" "refresh --if-due heeds it"
    bounded "$TOOL" refresh
    want=$((want + 1))
    is "$rc:$(refreshes)" "4:$want" "refresh does not: a person asks"
    session_set retry_at "$(($(real_now) + 200000))"
    expire_session
    bounded "$TOOL" token
    want=$((want + 1))
    is "$rc:$(refreshes)" "4:$want" "nor does who needs a token"
    trouble '{"clear":true}'
    expire_session
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "the service is back: a new token"
    is "$(session_get retry_at)$(session_get failed_at)" '' \
        "nothing is remembered of the failures"
}
t_retry_after() {
    local seconds
    signed_in
    for seconds in 200 7 86400; do
        trouble "{\"endpoint\":\"token:refresh\",\"kind\":\"status\",
            \"status\":429,\"retry_after\":\"$seconds\"}"
        session_set retry_at '' retry_wait ''
        make_due
        due_get
        is "$rc" 0 "Retry-After $seconds: served"
        case $seconds in
        7) is "$(session_get retry_wait)" 30000 "not sooner than ours" ;;
        86400) is "$(session_get retry_wait)" 3600000 "an hour at most" ;;
        *) is "$(session_get retry_wait)" "${seconds}000" "honoured" ;;
        esac
    done
}

# ---- refusals ---------------------------------------------------------------

# Another machine with the same home has renewed, and its store is there when
# the refusal comes. other_machine WHAT JQ: and it has been edited
other_machine() {
    local home=$WORK/other
    signed_in
    expire_session
    old=$(access_token)
    trouble '{"endpoint":"token:refresh","kind":"gate",
        "then":{"kind":"error","error":"invalid_grant"}}'
    in_background "$TOOL" token >"$WORK/token.out" 2>&1
    check "$1: a process asks" gate_wait 1
    rm -rf "$home"
    cp -a "$HOME" "$home"
    mkdir -m 700 "$home/run"
    HOME=$home XDG_RUNTIME_DIR=$home/run bounded "$TOOL" refresh
    is "$rc" 0 "$1: another machine is faster"
    jq "$2" "$home/.local/state/parallel-credential/store.json" >"$STORE.copy"
    chmod 600 "$STORE.copy"
    mv "$STORE.copy" "$STORE"
    gate_open
    wait "$pid"
    is "$?:$(cat "$WORK/token.out")" "0:$(access_token)" \
        "$1: what is stored then is served"
    isnt "$(access_token)" "$old" "$1: it is another one"
    check "$1: and good" is_good access "$(cat "$WORK/token.out")"
}
t_other_machine() {
    local old
    other_machine "refused, the store has changed" .
    bounded "$TOOL" token
    is "$rc:$out:$(refreshes)" "0:$(access_token):2" "and is not asked about"
    other_machine "refused, the store has changed and is old" \
        '.records[].access_token_expires_at = 1000'
    is "$(refreshes)" 3 "asked once more, with what is stored then"
}

t_refused() {
    local good
    signed_in
    good=$(refresh_token)
    control revoke '{"family":1}' >"$WORK/revoke.out"
    expire_token
    bounded "$TOOL" token
    is "$rc:$out:$(refreshes)" "3::1" "refused: exit 3 after one request"
    like "$err" "^parallel-credential: the $AGAIN" "it says what to do"
    is "$(wc -l <<<"$err")" 1 "in one sentence"
    is "$(stored '.records[0].refused')" true "it is remembered"
    bounded "$TOOL" token
    is "$rc:$out:$(refreshes)" "3::1" "the next one does not ask"
    like "$err" "the $AGAIN" "but says the same"
    get
    is "$rc:$out:$(refreshes)" "0::1" "nor does git: nothing, exit 0"
    like "$err" "the $AGAIN" "the reason on standard error"
    bounded "$TOOL" refresh --if-due
    is "$rc:$(refreshes)" "3:1" "nor refresh --if-due"
    rm "$SESSION"
    bounded "$TOOL" token
    is "$rc:$(refreshes)" "3:1" "nor without a cache"
    bounded "$TOOL" refresh
    is "$rc:$(refreshes)" "3:2" "refresh asks: a person calls it"
    is "$(refresh_token)" "$good" "nothing was deleted"
    bounded "$TOOL" status
    is "$rc" 3 "status: exit 3"
    check "login mends it" enter
    bounded "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "and the token is served"
    is "$(stored '.records[0].refused')" null "nothing is remembered"
}
# While the access token lives, a refusal is no reason to keep it back.
t_refused_early() {
    local old
    signed_in
    old=$(access_token)
    trouble '{"endpoint":"token:refresh","kind":"error",
        "error":"invalid_grant"}'
    make_due
    due_get
    is "$rc:$(password):$(refreshes)" "0:$old:1" \
        "refused ahead of time: served"
    due_get
    is "$rc:$(password):$(refreshes)" "0:$old:1" "and asked no more"
}

# ---- erase ------------------------------------------------------------------

t_erase() {
    local first second good
    signed_in
    first=$(access_token)
    good=$(refresh_token)
    tell erase "srt_nonsense"
    bounded "$TOOL" token
    is "$out" "$first" "erase of another password: ignored"
    tell erase "$first"
    is "$rc:$out:$err" "0::" "erase of the token: exit 0"
    is "$(refresh_token)" "$good" "the refresh token stays"
    get
    second=$(password)
    is "$rc:$(refreshes)" "0:1" "the next get renews"
    isnt "$second" "$first" "and has another one"
    tell erase "$second"
    get
    is "$(password):$(refreshes)" "$second:1" "within 30 s: not again"
    store_set ".records[].erased_at = $(($(real_now) - 31000))"
    tell erase "$second"
    get
    is "$rc:$(refreshes)" "0:2" "after that: renewed"
    isnt "$(password)" "$second" "to another one"
    store_set ".records[].erased_at = $(($(real_now) + 3600000))"
    tell erase "$(password)"
    get
    is "$rc:$(refreshes)" "0:3" "a time in the future is no reason to wait"
}

start_sandbox
if ! command -v python3 >/dev/null || [ ! -r /proc/locks ]; then
    skip "locks" "python3 or /proc/locks is missing"
    finish
fi
t_renewing_is_held
t_store_is_held
t_store_is_held_later
t_lock_comes_free
t_hundred
t_hundred_fail
t_renewer_is_killed
t_behind
t_behind_input
t_back_off
t_retry_after
t_other_machine
t_refused
t_refused_early
t_erase
finish
