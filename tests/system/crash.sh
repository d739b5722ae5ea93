# shellcheck shell=bash
# crash.sh - what the tests of crashes, disks, locks and clocks share. Comes
# after lib.sh.

# No call may wait for a person or for ever.
export GIT_TERMINAL_PROMPT=0
: "${PATIENCE:=60}"
HERE=$(cd "$(dirname "$0")" && pwd)

is_root() {
    [ "$(id -u)" -eq 0 ]
}
# bounded COMMAND...: run, but not for ever; then the status is 124
bounded() {
    run timeout -k 1 "$PATIENCE" "$@" </dev/null
}
# all_equal NAME WANT GOT...: like is, for what many runs have brought
all_equal() {
    local name=$1 want=$2 each
    shift 2
    for each; do
        [ "$each" = "$want" ] || {
            not_ok "$name" "want: $want
got:  $each"
            return
        }
    done
    ok "$name"
}

# ---- clocks, in milliseconds ------------------------------------------------

real_now() {
    date +%s%3N
}
boot_now() {
    awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

# ---- store and session cache ------------------------------------------------

# session_get KEY: of the first credential
session_get() {
    awk -v key="$1" '/^$/ { block++; next }
        block == 1 && index($0, key "=") == 1 {
            print substr($0, length(key) + 2)
        }' "${2-$SESSION}"
}
# session_set KEY VALUE...: in the block of the first credential; an empty
# value takes the key away. The file that is edited is $SESSION.
session_set() {
    awk 'BEGIN {
            for (i = 1; i < ARGC; i += 2) {
                value[ARGV[i]] = ARGV[i + 1]
                order[++count] = ARGV[i]
            }
            ARGC = 1
        }
        /^$/ && block++ == 1 {
            for (i = 1; i <= count; i++)
                if (value[order[i]] != "")
                    print order[i] "=" value[order[i]]
        }
        {
            key = $0
            sub(/=.*/, "", key)
            if (block != 1 || !(key in value))
                print
        }' "$@" <"$SESSION" >"$SESSION.edit"
    chmod 600 "$SESSION.edit"
    mv "$SESSION.edit" "$SESSION"
}
# expire_session: as if the token had run out, for the cache alone
expire_session() {
    session_set usable_until 1 usable_until_boot 1 renew_from 1 \
        renew_from_boot 1
}
# make_due: as if the token, of ten minutes, ran out in a minute and a half
make_due() {
    local now
    now=$(boot_now)
    session_set usable_until_boot $((now + 60000)) \
        renew_from_boot $((now - 30000))
}
refresh_token() {
    jq -r '.records[0].refresh_token' "$STORE"
}
access_token() {
    jq -r '.records[0].access_token' "$STORE"
}

# ---- the service ------------------------------------------------------------

# fresh: a service that knows nobody and approves at once, and a new person
fresh() {
    control reset >"$WORK/control.out"
    control config '{"approve_after":0}' >"$WORK/control.out"
    new_person
}
# enter: sign in, where the service approves at once
# shellcheck disable=SC2154 # run (lib.sh) sets rc, out and err
enter() {
    run timeout -k 1 "$PATIENCE" "$TOOL" login --json --no-browser </dev/null
    [ "$rc" -eq 0 ] || {
        echo "# enter: exit $rc: $out $err"
        return 1
    }
}

# is_good KIND TOKEN: whether the service takes it (KIND access or refresh)
is_good() {
    control check "{\"$1_token\":\"$2\"}" | grep -Eq '"valid": *true'
}
trouble() {
    control trouble "$1" >"$WORK/trouble.out"
}
gate_wait() {
    curl -sS --noproxy '*' --max-time "$PATIENCE" \
        "$CONTROL_URL/gate/wait?count=$1&ms=$((PATIENCE * 900))" \
        >"$WORK/gate.out"
    jq -e ".standing >= $1" "$WORK/gate.out" >"$WORK/jq.out" 2>&1
}
gate_open() {
    control gate/open '{"stay_open":true}' >/dev/null
}
# wait_counter NAME AT_LEAST
wait_counter() {
    curl -sS --noproxy '*' --max-time "$PATIENCE" -o "$WORK/wait.out" \
        "$CONTROL_URL/wait?counter=$1&at_least=$2&ms=$((PATIENCE * 900))"
    jq -e ".requests.$1 >= $2" "$WORK/wait.out" >"$WORK/jq.out" 2>&1
}
# The requests since the service knew nobody.
log() {
    curl -sS --noproxy '*' --max-time "$PATIENCE" "$CONTROL_URL/log"
}
requests() {
    log | jq length
}
# requests_are N: so many have come, and each has been worked on
requests_are() {
    log | jq -e "length == $1 and all(.[]; .status != null)" \
        >"$WORK/jq.out" 2>&1
}

# ---- system calls -----------------------------------------------------------

# Whether programs may be traced here.
can_trace() {
    command -v strace >/dev/null &&
        strace -f -qq -o /dev/null --seccomp-bpf -e trace=fsync \
            -e inject=fsync:error=EIO true 2>/dev/null
}

# ---- locks ------------------------------------------------------------------

# hold_lock FILE: another process takes this lock; its pid in $holder
holder=''
hold_lock() {
    local line
    rm -f "$WORK/held"
    mkfifo "$WORK/held"
    python3 "$HERE/hold-lock.py" "$1" >"$WORK/held" &
    holder=$!
    background+=("$holder")
    read -r line <"$WORK/held"
    [ "$line" = held ]
}
let_go() {
    [ -z "$holder" ] || {
        kill "$holder"
        wait "$holder"
    } 2>/dev/null
    holder=''
}
# lock_quiet FILE: waits until nobody holds this lock
lock_quiet() {
    timeout "$PATIENCE" python3 "$HERE/hold-lock.py" --wait "$1"
}
# waiting_for FILE: how many processes wait for this lock
waiting_for() {
    grep -c -- "-> OFDLCK .*:$(stat -c %i "$1") " /proc/locks
}
