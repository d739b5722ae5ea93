#!/bin/bash
# Killed while the credential goes into the keyring, or out of it: the daemon
# of the keyring, our broker, our keyring program. A refresh token that has
# been spent has its successor somewhere, always, but for the one moment
# between asking the service and parking the answer. A move leaves the
# credential whole at one of the places.
#
#   KEYRING_KILLS=N   how many refreshes whose daemon is killed (60)
#   KEYRING_SEED=N    what decides when; it is printed
#   KEYRING_STEP=N    every N-th point is tried (6), and of the keyring program,
#                     which has many more, every 3 * N-th
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"

: "${KEYRING_KILLS:=60}" "${KEYRING_SEED:=$RANDOM}" "${KEYRING_STEP:=6}"
AGAIN='sign-in .* has ended .* run: parallel-credential login$'
PROGRAM=$PREFIX/libexec/parallel-credential/keyring

# ---- the daemon, at any time --------------------------------------------------

# killed_in MS COMMAND...: the daemon dies so long after the command's begin
killed_in() {
    local ms=$1
    shift
    "$@" >"$WORK/run.out" 2>"$WORK/run.err" </dev/null &
    pid=$!
    sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
    end_process "$daemon_pid" KILL
    daemon_pid=''
    wait "$pid"
    rc=$?
    err=$(cat "$WORK/run.err")
}
t_daemon() {
    local begin took round ms kept=0 parked=0 unread=0
    RANDOM=$KEYRING_SEED
    keyring_person
    bus_start
    keyring_start
    enter
    begin=$EPOCHREALTIME
    "$TOOL" refresh
    took=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    for ((round = 1; round <= KEYRING_KILLS; round++)); do
        ms=$((RANDOM % (took + took / 4 + 1)))
        killed_in "$ms" "$TOOL" refresh
        case $rc in
        0) if [ -e "$PARKED" ]; then parked=$((parked + 1)); else
            kept=$((kept + 1))
        fi ;;
        4) unread=$((unread + 1)) ;;
        *) offence "round $round, $ms ms: exit $rc: $err" ;;
        esac
        keyring_start
        [ $((round % 10)) -eq 0 ] || continue
        run "$TOOL" refresh
        [ "$rc" -eq 0 ] || offence "round $round: then: exit $rc: $err"
        [ "$(items)" = 1 ] || offence "round $round: $(items) items"
        [ ! -e "$PARKED" ] || offence "round $round: still parked"
    done
    echo "# seed $KEYRING_SEED: $KEYRING_KILLS killed within ${took}ms + 1/4:" \
        "$kept kept, $parked parked, $unread not renewed"
    none "the daemon is killed during $KEYRING_KILLS refreshes: none is lost"
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "at last: refresh, one item"
    check "which is good" is_good refresh "$(kept .refresh_token)"
    check "none is parked" test ! -e "$PARKED"
}
# While the service works on the request; so its answer can only be parked.
t_daemon_gate() {
    local old
    keyring_person
    bus_start
    keyring_start
    enter
    old=$(kept .refresh_token)
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    in_background "$TOOL" refresh >"$WORK/gate.out" 2>&1
    check "a refresh has asked" gate_wait 1
    end_process "$daemon_pid" KILL
    daemon_pid=''
    gate_open
    wait "$pid"
    is $? 0 "the daemon is killed before the answer: exit 0"
    isnt "$(parked .refresh_token)" "$old" "the new token is parked"
    check "and good" is_good refresh "$(parked .refresh_token)"
    keyring_start
    is "$(kept .refresh_token)" "$old" "the daemon is back, with the old one"
    bounded "$TOOL" refresh
    is "$rc:$(items)" 0:1 "refresh: one item"
    check "which is good" is_good refresh "$(kept .refresh_token)"
    check "none is parked" test ! -e "$PARKED"
}

# ---- ours, while the keyring writes ---------------------------------------------

is_written_to() {
    grep -q CreateItem "$WORK/calls"
}
programs_of() {
    pgrep -P "$1" -f "^keyring$"
}
# t_writing VICTIM...: broker, keyring
t_writing() {
    local old broker program each
    keyring_person
    KEYRING_HUNG=20s # who hangs is killed before
    configure "keyring_timeout = $KEYRING_HUNG" 'lock_timeout = 10s'
    bus_start
    fake_start
    enter
    old=$(fake_kept .refresh_token)
    fake_trouble hang=CreateItem
    in_background "$TOOL" refresh >"$WORK/writing.out" 2>&1
    broker=$pid
    check "$*: a refresh writes" wait_until "$PATIENCE" is_written_to
    program=$(programs_of "$broker")
    isnt "$program" "" "$*: through the keyring program"
    for each; do
        case $each in
        broker) kill -KILL "$broker" ;;
        keyring) kill -KILL "$program" ;;
        esac
    done
    wait "$broker" 2>/dev/null
    echo "# $* killed: exit $?"
    isnt "$(parked .refresh_token)" "$old" "$*: the new token is parked"
    check "$*: and good" is_good refresh "$(parked .refresh_token)"
    rm -f "$SESSION"
    run "$TOOL" token
    is "$rc:$out" "0:$(parked .access_token)" "$*: and served"
    fake_release
    bounded "$TOOL" refresh
    is "$rc:$err" 0: "$* killed: the next refresh works"
    whole secret-service "$*"
    none "$*: and brings it to its place"
}

# ---- ours, at every point ---------------------------------------------------------

# A program that stands in the place of the keyring program and runs it under
# strace, with the options in $WORK/inject, if there are any.
stand_in() {
    # Nothing is mounted that could stay.
    [ -n "${PARALLEL_TEST_PASSWD-}" ] || return
    cp "$PROGRAM" "$WORK/keyring"
    cat >"$WORK/stand-in" <<END
#!/bin/bash
[ -s "$WORK/inject" ] || exec "$WORK/keyring"
read -ra options <"$WORK/inject"
exec strace "\${options[@]}" "$WORK/keyring"
END
    chmod +x "$WORK/stand-in"
    mount --bind "$WORK/stand-in" "$PROGRAM" 2>"$WORK/mount.err"
}
# points TRACE: each call of each name once, as "NAME NUMBER", counted by
# process as strace does; of what the loader does every tenth
points() {
    awk '$2 ~ /^(umask|recvmsg)\(/ { begun[$1] = 1 }
        /^[0-9]+ +execve/ { delete begun[$1] }
        match($2, /^[a-z][a-z0-9_]*\(/) && !/ resumed>/ {
            name = substr($2, 1, RLENGTH - 1)
            point = name " " ++seen[$1, name]
            if (!known[point]++ && (begun[$1] || $1 != first || NR % 10 == 0))
                print point
        }
        NR == 1 { first = $1 }' "$1"
}
# chosen STEP: every so-many-th of the points
chosen() {
    awk -v step="$1" -v at="$((KEYRING_SEED % $1))" 'NR % step == at'
}
# record WHO COMMAND...: the points of broker or keyring in $WORK/points
record() {
    local who=$1 step=$KEYRING_STEP
    shift
    rm -f "$WORK/reference"
    case $who in
    broker)
        run strace -qq -f -o "$WORK/reference.all" -e signal=none "$@"
        # The keyring program has its own turn.
        awk 'NR == 1 { main = $1 } $1 == main' "$WORK/reference.all" \
            >"$WORK/reference"
        ;;
    keyring)
        echo "-f -qq -o $WORK/reference -e signal=none" >"$WORK/inject"
        run "$@"
        : >"$WORK/inject"
        step=$((step * 3))
        ;;
    esac
    points "$WORK/reference" | chosen "$step" >"$WORK/points"
    [ -s "$WORK/points" ]
}
# kill_at WHO NAME NUMBER COMMAND...
kill_at() {
    local who=$1 name=$2 number=$3
    shift 3
    : >"$WORK/trace"
    case $who in
    broker)
        {
            strace -q -o "$WORK/trace" -e signal=KILL \
                -e "trace=$name,sendto,/^rename" \
                -e "inject=$name:signal=SIGKILL:when=$number" "$@" \
                >"$WORK/run.out" 2>"$WORK/run.err" </dev/null
            rc=$?
        } 2>/dev/null
        ;;
    keyring)
        echo "-f -q -o $WORK/trace -e signal=KILL -e trace=$name" \
            "-e inject=$name:signal=SIGKILL:when=$number" >"$WORK/inject"
        run "$@" </dev/null
        : >"$WORK/inject"
        ;;
    esac
    err=$(cat "$WORK/run.err")
    ! grep -q 'killed by SIGKILL' "$WORK/trace" || killed=$((killed + 1))
}
other_store() {
    case $1 in file) echo secret-service ;; *) echo file ;; esac
}
begin() {
    keyring_person
    configure 'keyring_timeout = 20s' 'lock_timeout = 20s'
    bus_start
    fake_start
    enter
    total=0 killed=0
}
# t_move WHO STORE
t_move() {
    local who=$1 to=$2 from name number point
    begin
    from=$(other_store "$to")
    run "$TOOL" move-store "$from"
    check "a move to $to: the points of the $who" \
        record "$who" "$TOOL" move-store "$to"
    while read -r name number; do
        point="$name $number"
        total=$((total + 1))
        run "$TOOL" move-store "$from"
        [ "$rc" -eq 0 ] || offence "$point: back: $err"
        kill_at "$who" "$name" "$number" "$TOOL" move-store "$to"
        rm -f "$SESSION"
        run "$TOOL" token
        [ "$rc" -eq 0 ] || offence "$point: token: $err"
        run "$TOOL" refresh
        [ "$rc" -eq 0 ] || offence "$point: refresh: $err"
        whole "$(stored .store)" "$point"
    done <"$WORK/points"
    echo "# move-store $to, $who: killed at $killed of $total points"
    none "the $who is killed in a move to $to: whole at one of the places"
    check "it was killed indeed" test "$killed" -gt $((total / 2))
}
# t_refresh WHO
t_refresh() {
    local who=$1 name number point gap=0
    begin
    check "a refresh: the points of the $who" record "$who" "$TOOL" refresh
    while read -r name number; do
        point="$name $number"
        total=$((total + 1))
        kill_at "$who" "$name" "$number" "$TOOL" refresh
        [ "$who" = broker ] || [ "$rc" -eq 0 ] || [ "$rc" -eq 4 ] ||
            offence "$point: exit $rc: $err"
        run "$TOOL" refresh
        if [ "$rc" -eq 3 ] && [ "$who" = broker ] && in_the_gap; then
            gap=$((gap + 1))
            grep -Eq "$AGAIN" <<<"$err" || offence "$point: said: $err"
            enter
        elif [ "$rc" -ne 0 ]; then
            offence "$point: then: exit $rc: $err"
        fi
        whole secret-service "$point"
    done <"$WORK/points"
    echo "# refresh, $who: killed at $killed of $total points, $gap in the gap"
    none "the $who is killed in a refresh: nothing is lost"
    check "it was killed indeed" test "$killed" -gt $((total / 2))
}
# It had asked, and not parked the answer yet.
in_the_gap() {
    grep -Eq '^sendto\(.* = [1-9][0-9]*$' "$WORK/trace" &&
        ! grep -Eq '^rename.*parked.* = 0$' "$WORK/trace"
}

keyring_needs pgrep
own_home "$0"
start_sandbox
control config '{"approve_after":0}' >"$WORK/control.out"
t_daemon_gate
t_daemon
t_writing broker
t_writing keyring
t_writing broker keyring
if ! can_trace; then
    skip "killed at every point" "strace cannot trace here"
elif ! stand_in; then
    skip "killed at every point" "nothing can be mounted here"
else
    for each in broker keyring; do
        t_refresh "$each"
        t_move "$each" secret-service
        t_move "$each" file
    done
    umount "$PROGRAM"
fi
finish
