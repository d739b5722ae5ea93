#!/bin/bash
# The runner of the tests: does it see everything that goes wrong?
cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=none}" "${PLATFORM:=none}" "${BUILD:=none}"
# shellcheck source=../system/lib.sh
. tests/system/lib.sh
RUN=$PWD/tests/run LIB=$PWD/tests/system/lib.sh
cd "$WORK" || exit 1

# program NAME: standard input becomes a test program
program() {
    { echo '#!/bin/bash' && cat; } >"$1"
    chmod +x "$1"
}
# result NAME STATUS SUMMARY: what the runner makes of the program NAME
result() {
    run "$RUN" --timeout 2 "./$1"
    is "$rc: $(tail -n 1 <<<"$out")" "$2: $3" "$1: $3"
}

program good <<'END'
echo ok 1 - one
echo '# a remark'
echo ok 2 - two
echo 1..2
END
result good 0 "2 passed, 0 failed, 0 skipped"
is "$(wc -l <<<"$out")" 2 "a good program is one line"

program failing <<'END'
echo 1..3
echo ok 1 - one
echo not ok 2 - two
echo '#   got: this'
echo ok 3 - three
echo '# nothing of interest'
exit 1
END
result failing 1 "2 passed, 1 failed, 0 skipped"
like "$out" "^ +not ok 2 - two" "failing: the line is shown"
like "$out" "got: this" "failing: with its diagnostics"
unlike "$out" "of interest" "failing: and nothing else"

program talking <<'END'
echo 1..1
echo not ok 1 - one
for i in $(seq 1 100); do echo "# line $i"; done
END
result talking 1 "0 passed, 1 failed, 0 skipped"
is "$(grep -c '# line' <<<"$out")" 30 "talking: not without end"

program skipping <<'END'
echo ok 1 - one '# SKIP there is no moon'
echo not ok 2 - two '# TODO wings'
echo ok 3 - three
echo 1..3
END
result skipping 0 "1 passed, 0 failed, 2 skipped"
like "$out" "skipped: one: there is no moon" "skipping: test and reason"
like "$out" "skipped: two: to do: wings" "to do: test and reason"

program skipped <<'END'
echo '1..0 # SKIP there is no sun'
END
result skipped 0 "0 passed, 0 failed, 1 skipped"
like "$out" "there is no sun" "skipped: the reason"

program silent </dev/null
result silent 1 "0 passed, 1 failed, 0 skipped"
program planless <<<'echo ok 1 - one'
result planless 1 "1 passed, 1 failed, 0 skipped"
program short <<<'echo 1..3; echo ok 1; echo ok 2'
result short 1 "2 passed, 1 failed, 0 skipped"
program long <<<'echo 1..1; echo ok 1; echo ok 2'
result long 1 "2 passed, 1 failed, 0 skipped"
program twice <<<'echo 1..1; echo ok 1; echo 1..1'
result twice 1 "1 passed, 1 failed, 0 skipped"
program misnumbered <<<'echo ok 1; echo ok 3; echo 1..2'
result misnumbered 1 "2 passed, 1 failed, 0 skipped"
program status <<<'echo ok 1; echo 1..1; exit 7'
result status 1 "1 passed, 1 failed, 0 skipped"
like "$out" "exit status 7" "status: which"
program bailing <<<'echo ok 1; echo "Bail out! the sea is rough"'
result bailing 1 "1 passed, 1 failed, 0 skipped"
like "$out" "the sea is rough" "bailing: why"
program crashing <<'END'
echo ok 1
echo last words >&2
ulimit -c 0
kill -SEGV $$
END
result crashing 1 "1 passed, 1 failed, 0 skipped"
like "$out" "signal 11" "crashing: of what"
like "$out" "last words" "crashing: its last words"
run "$RUN" ./missing
is "$rc: $(tail -n 1 <<<"$out")" "1: 0 passed, 1 failed, 0 skipped" \
    "a program that is not there fails"

# Neither a program that hangs, nor a process it leaves, outlives its time.
program hanging <<END
echo ok 1
echo 1..1
trap '' TERM
sleep 61 &
echo \$! >$WORK/hanging.child
sleep 60
sleep 60
END
begin=$SECONDS
result hanging 1 "1 passed, 1 failed, 0 skipped"
like "$out" "still running after 2 s" "hanging: says so"
[ $((SECONDS - begin)) -lt 15 ]
is $? 0 "hanging: for no longer than its time and the grace of 5 s"
# gone PID: a zombie nobody has reaped yet is gone, too
gone() {
    ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}
check "hanging: its child is gone" \
    wait_until 5 gone "$(cat hanging.child)"
program leaving <<END
sleep 62 &
echo \$! >$WORK/leaving.child
echo ok 1
echo 1..1
END
result leaving 0 "1 passed, 0 failed, 0 skipped"
check "leaving: what it left is gone" \
    wait_until 5 gone "$(cat leaving.child)"

run "$RUN" --jobs 3 ./good ./failing ./skipping ./good
is "$rc: $(tail -n 1 <<<"$out")" "1: 7 passed, 1 failed, 2 skipped" \
    "several at a time: the counts add up"
is "$(grep -c '^ok ' <<<"$out"):$(grep -c '^FAIL ' <<<"$out")" 3:1 \
    "several: a line each"
run "$RUN" --tally tally ./good ./skipping
is "$rc:$(cat tally):$(grep -c ' failed, ' <<<"$out")" "0:3 0 2:0" \
    "--tally: the counts go to the file"
run "$RUN" -v --label here: ./good
like "$out" "a remark" "-v: all of the output"
like "$out" "here: ./good" "--label"
run "$RUN" --with "env COLOUR=blue" ./good
is "$rc" 0 "--with: runs it through a command"
program blue <<'END'
echo 1..1
[ "$COLOUR" = blue ] && echo ok 1
END
run "$RUN" --with "env COLOUR=blue" ./blue
is "$rc" 0 "--with: with its arguments"
run "$RUN"
is "$rc" 2 "no program: exit 2"
run "$RUN" --jobs many ./good
is "$rc" 2 "--jobs wants a number"

# What lib.sh ends with a test are the test's own processes. A number whose
# process has ended is soon another's, here at once.
program tidy <<END
. "$LIB"
in_background true
wait "\$pid"
for try in 1 2 3 4 5; do
    echo \$((pid - 2)) >/proc/sys/kernel/ns_last_pid || exit
    stranger=\$(sleep 60 >/dev/null & echo \$!)
    [ "\$stranger" != "\$pid" ] || break
done
echo "\$pid \$stranger" >$WORK/numbers
in_background sleep 61
echo "\$pid" >$WORK/own
finish
END
program apart <<END
./tidy >/dev/null
read -r number stranger <$WORK/numbers || exit 3
[ "\$number" = "\$stranger" ] || exit 3
kill -0 "\$stranger" || exit 1
! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/\$(cat $WORK/own)/status"
END
own_numbers=(unshare --pid --fork --kill-child --mount-proc)
[ "$(id -u)" -eq 0 ] || own_numbers+=(--user --map-root-user)
name="a test ends its own processes, and nobody else's"
if "${own_numbers[@]}" sh -c 'echo 9 >/proc/sys/kernel/ns_last_pid' \
    2>unshare.err; then
    check "$name" env PREFIX=none PLATFORM=none BUILD=none \
        "${own_numbers[@]}" ./apart
else
    skip "$name" "no process numbers of our own can be had here"
fi
finish
