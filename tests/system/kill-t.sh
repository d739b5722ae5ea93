#!/bin/bash
# Killed at any moment. A refresh, a get that renews and a login are killed
# before every system call they make, or before every few: what is stored
# stays whole, and either the old refresh token is kept and unspent, or the
# new one is kept. Only between the request and the renamed file it cannot be
# so: then the person is told to sign in again. Signals that can be held are.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/points.sh
. "$(dirname "$0")/points.sh"

AGAIN='sign-in .* has ended .* run: parallel-credential login$'

# ---- what it did ------------------------------------------------------------

# How many requests it sent, and how many files it put into place.
sent() {
    grep -Ec ' sendto\(.* = [1-9][0-9]*$' "$WORK/${1-trace}"
}
renamed() {
    grep -Ec ' rename[a-z0-9]*\(.* = 0$' "$WORK/${1-trace}"
}
# before_request N: the number of points before the N-th request
before_request() {
    awk -v want="$1" '$1 == "sendto" && ++seen == want { exit }
        { count++ } END { print count + 0 }' "$WORK/points"
}
# arrived N: so many requests have come, and each has been worked on
arrived() {
    wait_until "$PATIENCE" requests_are "$1"
}
whole() {
    jq -e '.version == 1 and (.records | length) == 1 and
        (.records[0].refresh_token | length) > 0' "$STORE" >"$WORK/jq.out" 2>&1
}
# Nothing but what belongs there, and one draft at most.
tidy() {
    [ -z "$(find "$STATE" -mindepth 1 ! -name store.json \
        ! -name store.json.new ! -name lock)" ] &&
        [ -z "$(find "$XDG_RUNTIME_DIR/parallel-credential" -mindepth 1 \
            ! -name 'session' ! -name session.new ! -name renewing)" ]
}

# ---- a refresh --------------------------------------------------------------

total=0 gap=0 early=0 survived=0 kept_new=0 drafts=0 count=0

# look_after_refresh POINT COMMAND...: after a kill. The command is what is
# run again, and renews.
look_after_refresh() {
    local point=$1 was_sent was_kept now
    shift
    was_sent=$(sent)
    was_kept=$(renamed)
    total=$((total + 1))
    [ "$killed" -eq 137 ] || survived=$((survived + 1))
    tidy || note tidy "$point: $(ls -A "$STATE" "$XDG_RUNTIME_DIR"/*)"
    if [ "$was_sent" -eq 0 ] && cmp -s "$STORE" "$WORK/store.before" &&
        [ ! -e "$STORE.new" ]; then
        early=$((early + 1)) # it did not come so far
        return
    fi
    [ ! -e "$STORE.new" ] || drafts=$((drafts + 1))
    if [ "$was_sent" -eq 0 ] && cmp -s "$STORE" "$WORK/store.before" &&
        [ $((drafts % 8)) -ne 1 ]; then
        return # the room is made; the next run is tried now and then
    fi
    whole || note whole "$point: $(head -c 300 "$STORE")"
    arrived "$((count + was_sent))" ||
        note again "$point: $(requests) requests, not $count + $was_sent"
    now=$(refresh_token)
    if is_good refresh "$now"; then
        [ "$was_sent" -eq 0 ] || [ "$was_kept" -gt 0 ] ||
            note kept "$point: asked, not kept, and still good"
        if [ "$was_kept" -gt 0 ]; then
            [ "$now" != "$old" ] || note kept "$point: kept the old one"
            kept_new=$((kept_new + 1))
        else
            [ "$now" = "$old" ] || note kept "$point: not the old one"
        fi
        run "$@"
        [ "$rc" -eq 0 ] || note again "$point: exit $rc: $err"
    else
        gap=$((gap + 1))
        { [ "$was_sent" -gt 0 ] && [ "$was_kept" -eq 0 ]; } ||
            note gap "$point: sent $was_sent, kept $was_kept"
        run "$TOOL" refresh
        { [ "$rc" -eq 3 ] && grep -Eq "$AGAIN" <<<"$err" &&
            [ "$(wc -l <<<"$err")" -eq 1 ]; } ||
            note told "$point: exit $rc: $err"
        [ "$(refresh_token)" = "$now" ] || note told "$point: it was deleted"
        enter || note again "$point: cannot sign in again"
    fi
    [ ! -e "$STORE.new" ] || note tidy "$point: the draft is still there"
    run "$TOOL" token
    { [ "$rc" -eq 0 ] && [ "$out" = "$(access_token)" ] &&
        is_good access "$out"; } || note again "$point: token: $rc $out $err"
    cp "$STORE" "$WORK/store.before"
    old=$(refresh_token)
    count=$(requests)
}

# report NAME: and begin anew
report() {
    echo "# $1: $total points, $early before anything was written," \
        "$gap in the gap, $kept_new with the new token kept," \
        "$drafts with a draft left, $survived survived"
    { [ "$gap" -gt 0 ] && [ "$early" -gt 0 ] && [ "$kept_new" -gt 0 ] &&
        [ "$drafts" -gt 0 ] && [ "$survived" -lt "$((total / 2))" ]; } ||
        note points "too few: see above"
    none points "$1: points of every kind were met"
    none whole "$1: what is stored is whole at every point"
    none tidy "$1: one draft at most, and the next run replaces it"
    none kept "$1: the old token unspent, or the new one kept"
    none gap "$1: lost only between asking and renaming"
    none told "$1: then the person is told to sign in, nothing deleted"
    none again "$1: the next run works, every time"
    total=0 gap=0 early=0 survived=0 kept_new=0 drafts=0
}

t_refresh() {
    local name number
    fresh
    enter || return
    check "a refresh is recorded" record "$TOOL" refresh
    is "$(sent reference):$(renamed reference)" "1:2" \
        "it asks once and puts store and cache into place"
    old=$(refresh_token)
    cp "$STORE" "$WORK/store.before"
    count=$(requests)
    while read -r name number; do
        kill_at "$name" "$number" "$TOOL" refresh
        look_after_refresh "$name $number" "$TOOL" refresh
    done < <(without_loader)
    report refresh
}

# get, the front and what it hands over to: every few points
make_get() {
    request >"$WORK/request"
    printf '#!/bin/sh\nexec "%s" get <"%s"\n' "$TOOL" "$WORK/request" \
        >"$WORK/get"
    chmod +x "$WORK/get"
}
t_get() {
    local name number
    fresh
    enter || return
    make_get
    expire_session
    check "a get that renews is recorded" record "$WORK/get"
    is "$(sent reference):$(renamed reference)" "1:2" "it asks once"
    old=$(refresh_token)
    cp "$STORE" "$WORK/store.before"
    count=$(requests)
    while read -r name number; do
        [ -e "$SESSION" ] && expire_session
        kill_at "$name" "$number" "$WORK/get"
        look_after_refresh "$name $number" "$WORK/get"
    done < <(awk 'NR % 9 == 1' "$WORK/points"
        tail -n "+$(before_request 1)" "$WORK/points" | awk 'NR % 3 == 1')
    report get
}

# ---- a login ----------------------------------------------------------------

# A login in the place of another: nothing of the old is ever lost.
t_login_again() {
    local name number first was before total=0 new=0
    fresh
    enter || return
    check "a second login is recorded" record \
        "$TOOL" login --json --no-browser
    is "$(sent reference)" 3 "it asks for a code, polls and revokes the old"
    first=$(before_request 2)
    while read -r name number; do
        was=$(refresh_token)
        before=$(requests)
        kill_at "$name" "$number" "$TOOL" login --json --no-browser
        total=$((total + 1))
        arrived "$((before + $(sent)))" ||
            note again "$name $number: requests got lost"
        whole || note whole "$name $number: $(head -c 300 "$STORE")"
        tidy || note tidy "$name $number: $(ls -A "$STATE")"
        is_good refresh "$(refresh_token)" ||
            note kept "$name $number: what is stored is no good"
        if [ "$(refresh_token)" != "$was" ]; then
            new=$((new + 1))
            [ "$(sent)" -ge 2 ] || note kept "$name $number: from where?"
        fi
        run "$TOOL" token
        { [ "$rc" -eq 0 ] && is_good access "$out"; } ||
            note again "$name $number: token: $rc $err"
        [ ! -e "$STORE.new" ] || enter ||
            note again "$name $number: login: $rc $out"
        [ ! -e "$STORE.new" ] || note tidy "$name $number: draft"
    done < <(awk -v first="$first" '
        (NR < first && NR % 20 == 1) || (NR >= first && !renamed) ||
            (renamed && NR % 4 == 1)
        NR > first && /^rename/ { renamed = 1 }' "$WORK/points")
    echo "# login again: $total points, $new with the new credential kept"
    none whole "login again: what is stored is whole at every point"
    none tidy "login again: one draft at most, and it is replaced"
    none kept "login again: a good refresh token is stored at every point"
    none again "login again: the tokens are served, every time"
    isnt "$new" 0 "login again: some were killed after the new one was kept"
    isnt "$new" "$total" "login again: and some before"
}
# The first login of a person.
t_login_first() {
    local name number total=0 lost=0 kept before
    fresh
    check "a first login is recorded" record "$TOOL" login --json --no-browser
    while read -r name number; do
        new_person
        before=$(requests)
        kill_at "$name" "$number" "$TOOL" login --json --no-browser
        total=$((total + 1))
        arrived "$((before + $(sent)))" ||
            note again "$name $number: requests got lost"
        kept=''
        if [ -e "$STORE" ]; then
            kept=$(jq -r '.records[0].refresh_token // empty' "$STORE") ||
                note whole "$name $number: $(head -c 300 "$STORE")"
        fi
        [ "$(sent)" -lt 3 ] || [ -n "$kept" ] || lost=$((lost + 1))
        if [ -n "$kept" ]; then
            run "$TOOL" token
            { [ "$rc" -eq 0 ] && is_good access "$out" &&
                is_good refresh "$kept"; } ||
                note kept "$name $number: token: $rc $err"
        else
            run "$TOOL" token
            { [ "$rc" -eq 3 ] && grep -q 'not signed in' <<<"$err"; } ||
                note kept "$name $number: token: $rc $err"
        fi
        enter || note again "$name $number: login: $rc $out"
        whole || note again "$name $number: no whole store after login"
        [ ! -e "$STORE.new" ] || note again "$name $number: draft"
    done < <(awk 'NR % 15 == 1' "$WORK/points"
        tail -n "+$(before_request 3)" "$WORK/points" | awk 'NR % 4 == 1')
    echo "# first login: $total points, $lost between approval and file"
    none whole "first login: no store, or a whole one"
    none kept "first login: signed in with good tokens, or not signed in"
    none again "first login: the next login works, every time"
}

# ---- signals that can be held -----------------------------------------------

is_pending() {
    grep -q '^ShdPnd:.*[1-9a-f]' "/proc/$1/status" 2>/dev/null
}
# A shell starts what is in the background with SIGINT ignored.
unignored() {
    exec env --default-signal=INT,TERM,HUP,QUIT "$@"
}

# signalled SIGNAL NAME COMMAND...: while the service works on the refresh
signalled() {
    local signal=$1 name=$2 was before
    shift 2
    was=$(refresh_token)
    before=$(refreshes)
    trouble '{"endpoint":"token:refresh","kind":"gate"}'
    in_background unignored "$@" >"$WORK/signal.out" 2>&1
    gate_wait 1 || note signal "$name: nobody asks"
    kill "-$signal" "$pid"
    check "SIG$signal during $name is held back" \
        wait_until "$PATIENCE" is_pending "$pid"
    gate_open
    wait "$pid" 2>/dev/null
    is $? "$((128 + $(kill -l "$signal")))" "it ends by it, once that is over"
    isnt "$(refresh_token)" "$was" "the new refresh token is kept"
    check "and good" is_good refresh "$(refresh_token)"
    check "no draft is left" test ! -e "$STORE.new"
    run "$TOOL" token
    is "$rc:$out" "0:$(access_token)" "the new access token is served"
    is "$(refreshes)" "$((before + 1))" "without asking again"
}
t_signals() {
    local signal
    fresh
    enter || return
    make_get
    for signal in TERM INT HUP; do
        signalled "$signal" refresh "$TOOL" refresh
    done
    expire_session
    signalled TERM get "$WORK/get"
    none signal "every one of them had asked"
}

# A login that is signalled while the service works on the poll that grants.
t_login_signal() {
    local signal
    for signal in TERM INT HUP; do
        fresh
        trouble '{"endpoint":"token:device","kind":"gate"}'
        in_background unignored "$TOOL" login --json --no-browser \
            >"$WORK/signal.out" 2>&1 </dev/null
        gate_wait 1 || note signal "login: nobody polls"
        kill "-$signal" "$pid"
        check "SIG$signal during the poll of a login is held back" \
            wait_until "$PATIENCE" is_pending "$pid"
        gate_open
        wait "$pid" 2>/dev/null
        echo "# login: exit $?"
        check "what was granted is kept" whole
        check "and good" is_good refresh "$(refresh_token)"
        run "$TOOL" token
        is "$rc:$out" "0:$(access_token)" "and served"
    done
    none signal "every one of them had polled"
}

start_sandbox
if can_trace; then
    t_refresh
    t_get
    t_login_again
    t_login_first
else
    skip "killed at every point" "strace cannot trace here"
fi
t_signals
t_login_signal
finish
