#!/bin/bash
# A Secret Service that hangs, dies, refuses or wants to prompt at any call of
# a refresh, a login and a move: every command ends, nothing is lost, no
# prompt is run, and the next run without trouble brings all to its place.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"
KEYRING_HUNG=200ms

# struck KIND NUMBER COMMAND...: it runs in such trouble, and then there is
# none any more
struck() {
    local point="$1 at call $2"
    fake_trouble "$1=#$2"
    bounded "${@:3}"
    [ "$rc" -eq 0 ] || [ "$rc" -eq 4 ] ||
        offence "$point: exit $rc: $err"
    [ "$rc" -eq 0 ] || grep -q '^parallel-credential: ' <<<"$err" ||
        offence "$point: exit $rc, and said: $err"
    ! grep -q ' Prompt ' "$WORK/calls" || offence "$point: a prompt was run"
    case $1 in
    die*)
        keyring_stop
        fake_start
        ;;
    hang) fake_release ;;
    esac
    fake_trouble
}
begin() {
    keyring_person
    configure "keyring_timeout = $KEYRING_SLOW" 'lock_timeout = 10s'
    bus_start
    fake_start
    enter
}
# points: "KIND NUMBER" for each trouble at each of the calls that were made;
# what matters for a call that writes alone, at those
points() {
    awk '{
        print "hang", $1
        print "die", $1
        print "error", $1
    }
    $2 ~ /^(CreateItem|SetSecret|Delete)$/ {
        print "die-after", $1
        print "prompt", $1
    }' "$WORK/calls"
}

t_verb() {
    local kind number count
    begin
    fake_trouble
    bounded "$TOOL" "$@"
    count=$(calls)
    points >"$WORK/points"
    while read -r kind number; do
        struck "$kind" "$number" "$TOOL" "$@"
        run "$TOOL" refresh
        [ "$rc" -eq 0 ] || offence "$kind at call $number: $rc $err"
        whole secret-service "$kind at call $number"
    done <"$WORK/points"
    none "$1: no trouble at any of its $count calls loses anything"
    check "$1: it makes some" test "$count" -ge 4
}

other_store() {
    case $1 in file) echo secret-service ;; *) echo file ;; esac
}
t_move() {
    local kind number count to=$1 from
    begin
    from=$(other_store "$to")
    run "$TOOL" move-store "$from"
    fake_trouble
    bounded "$TOOL" move-store "$to"
    count=$(calls)
    points >"$WORK/points"
    while read -r kind number; do
        run "$TOOL" move-store "$from"
        [ "$rc" -eq 0 ] || offence "$kind at call $number: back: $err"
        struck "$kind" "$number" "$TOOL" move-store "$to"
        rm -f "$SESSION"
        run "$TOOL" token
        [ "$rc" -eq 0 ] || offence "$kind at call $number: token: $err"
        run "$TOOL" refresh
        [ "$rc" -eq 0 ] || offence "$kind at call $number: refresh: $err"
        whole "$(stored .store)" "$kind at call $number"
    done <"$WORK/points"
    none "move-store $to: no trouble at any of its $count calls loses anything"
    check "move-store $to: it makes some" test "$count" -ge 4
}

keyring_needs
own_home "$0"
start_sandbox
t_verb refresh
t_verb login --no-browser
t_move file
t_move secret-service
finish
