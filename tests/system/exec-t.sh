#!/bin/bash
# exec: a command with the API key and a file with the access token, which is
# kept fresh, and otherwise nothing that would not be there without us.
. "$(dirname "$0")/lib.sh"

start_sandbox

# paste_key KEY: as a person would, through git's protocol
paste_key() {
    printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
        "${PARALLEL_API_URL#*://}" "$1" | "$TOOL" store
}
# files: those with a token, that there are
files() {
    find "$WORK" -name 'access-token.*' -printf '%f\n'
}
# Running commands tell what they see on a pipe.
mkfifo "$WORK/told"
exec {told}<>"$WORK/told"
export TOLD=$WORK/told
hear() {
    heard=''
    read -r -t 20 -u "$told" heard
}
heard=''
# running COMMAND...: exec of it, in the background, until it says something
running() {
    in_background env --default-signal=INT,QUIT "$TOOL" exec "$@" {told}>&-
    hear
}

# ---- signed out ----------------------------------------------------------------

new_person
run "$TOOL" exec touch "$WORK/ran"
is "$rc:$out" 3: "signed out: exit status 3"
is "$err" "parallel-credential: not signed in to Parallel; run: \
parallel-credential login" "one sentence says so"
check "the command is not run" test ! -e "$WORK/ran"
run "$TOOL" exec --quiet true
is "$rc:$out$err" 3: "--quiet: it is not said"
PARALLEL_API_KEY=pk_own run "$TOOL" exec printenv PARALLEL_API_KEY
is "$rc:$out" 0:pk_own "but a key of the person's own is enough"

# ---- what the command gets -------------------------------------------------------

sign_in
paste_key pk_stored
token=$("$TOOL" token)
run "$TOOL" exec sh -c 'cat "$PARALLEL_ACCESS_TOKEN_FILE"; echo .
    stat -c "%a %n" "$PARALLEL_ACCESS_TOKEN_FILE"
    echo "$PARALLEL_API_KEY $PARALLEL_CREDENTIAL_KEY_ID"'
is "$rc:$err" 0: "signed in: the command is run"
is "${out%%$'\n'*}" "$token." "the file has the token, and no newline"
like "$out" "^600 $XDG_RUNTIME_DIR/parallel-credential/access-token\.[0-9.]+$" \
    "it lies in the runtime folder, 0600"
is "${out##*$'\n'}" "pk_stored pasted" "the environment has the key"
is "$(files)" "" "afterwards the file is gone"
is "$(PARALLEL_API_KEY=pk_old PARALLEL_CREDENTIAL_KEY_ID=k1 \
    "$TOOL" exec printenv PARALLEL_API_KEY)" pk_stored \
    "a key that we exported and that was replaced does not win"
is "$(PARALLEL_API_KEY=pk_own "$TOOL" exec env | grep '^PARALLEL_[AC].*KEY')" \
    PARALLEL_API_KEY=pk_own "one of the person's own does"
run env A='b c' "$TOOL" exec sh -c 'echo "$A|$1|$2|$#"' sh '' '-- x'
is "$out" "b c||-- x|2" "environment and arguments are passed on"
run "$TOOL" --org org_acme exec -- sh -c 'echo "$0 $*"' -x --org y
is "$rc:$out" "0:-x --org y" "its options are its own"
run "$TOOL" exec "$TOOL" exec sh -c 'cat "$PARALLEL_ACCESS_TOKEN_FILE"'
is "$rc:$out" "0:$token" "one within another"
is "$(echo in | "$TOOL" exec cat)" in "standard input is the command's"
run "$TOOL" --org org_else exec touch "$WORK/ran"
is "$rc" 3 "another organization: exit status 3"
check "then it is not run" test ! -e "$WORK/ran"

# With hardly any descriptors it says why it cannot.
if [ -z "${SANITIZED-}" ]; then
    run bash -c 'ulimit -n 5 && exec "$0" exec touch "$1"' "$TOOL" "$WORK/ran"
    like "$rc:$err" '^4:parallel-credential: .*([Ff]ile descriptors|open files)' \
        "too few descriptors: it says so"
    check "then it is not run either" test ! -e "$WORK/ran"
else
    skip "too few descriptors" "the sanitizers need some, too"
fi

# Nothing secret stands where others can read it.
mkfifo "$TOLD.go" "$TOLD.other"
running sh -c 'echo up >"$TOLD"; read -r line <"$TOLD.go"'
unlike "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ')" \
    "${token:0:20}|pk_stored" "no secret in any argument"
echo >"$TOLD.go"
wait "$pid"

# ---- how it ends -----------------------------------------------------------------

run "$TOOL" exec sh -c 'exit 7'
is "$rc" 7 "the exit status is the command's"
run "$TOOL" exec sh -c 'kill -TERM $$'
is "$rc" 143 "or 128 and the number of the signal"
run "$TOOL" exec sh -c 'kill -KILL $$'
is "$rc:$(files)" 137: "killed: the file is gone"
run "$TOOL" exec sh -c 'kill -INT $$'
is "$rc" 130 "interrupted: 130"
run python3 -c 'import subprocess, sys
print(subprocess.run(sys.argv[1:]).returncode)' \
    "$TOOL" exec sh -c 'kill -INT $$'
is "$out" -2 "and whoever waits sees that it was that"
# A folder in PATH that is closed to us would make it another error.
run env PATH=/usr/bin:/bin "$TOOL" exec no-such-command
is "$rc:$err" "127:parallel-credential: cannot run no-such-command: \
No such file or directory" "no such command: 127"
run "$TOOL" exec "$WORK/none/such"
is "$rc" 127 "by its path, too"
run "$TOOL" exec /
is "$rc" 126 "one that cannot be run: 126"
mkdir "$WORK/bin" "$WORK/none"
echo 'echo "$1"' >"$WORK/bin/plain"
run "$TOOL" exec "$WORK/bin/plain" a
[ "$(id -u)" -eq 0 ] || is "$rc" 126 "no right to run it: 126"
chmod +x "$WORK/bin/plain"
run env PATH="$WORK/none:$WORK/bin:$PATH" "$TOOL" exec plain a
is "$rc:$out" 0:a "a script without #! is run by the shell"
run "$TOOL" exec
is "$rc:$err" "2:parallel-credential: exec: which command is to be run?" \
    "no command: 2"
run "$TOOL" exec --
is "$rc" 2 "nor behind --"
run "$TOOL" exec --api-key true
is "$rc" 2 "an option that is not its own: 2"
like "$err" "^parallel-credential: --api-key" "is named"
is "$(files)" "" "no file is left"

# ---- as if we were not there -------------------------------------------------------

# state_of COMMAND...: all that a process inherits
cat >"$WORK/state.py" <<'END'
import ctypes, os, resource, signal, sys
print("dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
print("umask", oct(os.umask(0)))
for name in sorted(n for n in dir(resource) if n.startswith("RLIMIT_")):
    print(name, resource.getrlimit(getattr(resource, name)))
for line in open("/proc/self/status"):
    if line.startswith(("SigB", "SigI", "SigC", "NoNew", "Seccomp")):
        print(line, end="")
print("group", os.getpgrp(), "session", os.getsid(0))
print("files", sorted(os.listdir("/proc/self/fd"), key=int)[:-1])
print("nice", os.nice(0), os.getcwd())
END
inherits() {
    (
        umask 031
        ulimit -S -n 333 -c 0
        cd /
        exec 0<&- {told}>&-
        env --ignore-signal=USR1 --block-signal=USR2 "$@" python3 -I \
            "$WORK/state.py"
    )
}
is "$(inherits "$TOOL" exec)" "$(inherits env)" \
    "limits, masks, signals, groups, descriptors: as without exec"
is "$(env --ignore-signal=CHLD "$TOOL" exec sh -c 'exit 5'; echo $?)" 5 \
    "who ignores his children gets the status, too"
like "$(env --ignore-signal=CHLD "$TOOL" exec grep SigIgn /proc/self/status)" \
    '1.{4}$' "and the command ignores them"
is "$(inherits env | grep dumpable)" "dumpable 1" "a test that sees something"

# What the command closes is closed.
mkfifo "$TOLD.end"
{ "$TOOL" exec sh -c 'echo on; exec >&- 3>&-; read -r line <"$TOLD.end"' \
    3>&1 {told}>&- | {
    cat >"$WORK/out"
    echo ended >"$TOLD"
} {told}>&-; } &
hear
is "$heard:$(cat "$WORK/out")" ended:on "a pipe ends when the command closes it"
echo >"$TOLD.end"
wait $!

# ---- signals -------------------------------------------------------------------------

cat >"$WORK/await.py" <<'END'
import os, signal, sys
def tell(word):
    with open(os.environ["TOLD"], "w") as told:
        told.write(word + "\n")
number = signal.Signals["SIG" + sys.argv[1]]
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
tell("up")
if not signal.sigtimedwait([number], 20):
    sys.exit(1)
tell(sys.argv[1])
sys.exit(9)
END
for each in HUP INT QUIT TERM USR1 USR2 WINCH CONT ALRM RTMIN TSTP; do
    running python3 -I "$WORK/await.py" "$each"
    kill "-$each" "$pid"
    hear
    is "$heard" "$each" "$each is passed on"
    wait "$pid"
    is "$? $(files)" "9 " "$each: the command decides what it does"
done

# Without a terminal there is no shell that would continue us, too.
in_background setsid "$TOOL" exec sh -c 'echo $$ >"$TOLD"; kill -STOP $$; exit 3' \
    {told}>&-
hear
is_stopped() {
    grep -q '^State:.T' "/proc/$heard/status"
}
wait_until 20 is_stopped
kill -CONT "$heard"
wait "$pid"
is $? 3 "a command is stopped and continued behind our back"

# Ctrl-Z, fg and Ctrl-C in a shell with job control, and a hang-up.
cat >"$WORK/rc" <<END
PS1='ready> '
unset PROMPT_COMMAND
cd $WORK
END
terminal() {
    "$(dirname "$0")/terminal.py" "$WORK/screen" "$@" 2>"$WORK/terminal.err"
    rc=$?
}
interactive=(bash --norc --rcfile "$WORK/rc" -i)
# Continued, the terminal is its own again: that it says so itself. A thread
# waits for that, since a handler may not be called once it waits for input.
cat >"$WORK/reader.py" <<'END'
import signal, sys, threading

def continued():
    while signal.sigwait([signal.SIGCONT]):
        print("again", flush=True)

signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
threading.Thread(target=continued, daemon=True).start()
print("running", flush=True)
for line in sys.stdin:
    print(line, end="", flush=True)
END
terminal 'see=ready> ' \
    "type=parallel-credential exec python3 -I $WORK/reader.py" \
    $'see=running\r\n' $'type=\x1a' 'see=Stopped' 'see=ready> ' 'type=jobs' \
    'see=Stopped' 'see=ready> ' 'type=fg' $'see=again\r\n' 'type=echoed' \
    'see=echoed' 'see=echoed' $'type=\x03' 'see=ready> ' \
    'type=echo "status $?"' 'see=status 130' 'see=ready> ' 'type=exit' \
    -- "${interactive[@]:0:1}" --rcfile "$WORK/rc" -i
is "$rc:$(cat "$WORK/terminal.err")" 0: "Ctrl-Z, jobs, fg and Ctrl-C in a shell"
is "$(files)" "" "no file is left"
cat >"$WORK/early.py" <<'END'
import os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready")
while signal.SIGINT not in signal.sigpending():
    time.sleep(0.01)
os.execvp(sys.argv[1], sys.argv[1:])
END
terminal 'see=ready' $'type=\x03' -- python3 -I "$WORK/early.py" \
    "$TOOL" exec python3 -I "$WORK/await.py" INT
is "$rc" 9 "Ctrl-C before there is a command reaches it"
hear
[ "$rc" -ne 9 ] || hear
sed 's/ready/inner/' "$WORK/rc" >"$WORK/inner"
terminal 'see=ready> ' \
    "type=parallel-credential exec bash --rcfile $WORK/inner -i" \
    'see=inner> ' 'type=suspend' 'see=Stopped' 'see=ready> ' 'type=fg' \
    'type=echo ba""ck' $'see=back\r' 'type=exit' 'see=ready> ' 'type=exit' \
    -- bash --rcfile "$WORK/rc" -i
is "$rc:$(cat "$WORK/terminal.err")" 0: "a shell under exec is suspended, and continued"
terminal 'see=ready> ' \
    "type=exec parallel-credential exec python3 -I $WORK/await.py HUP" \
    'run=read -r up <"$TOLD"; [ "$up" = up ]' hang-up \
    -- bash --rcfile "$WORK/rc" -i
hear
is "$heard" HUP "the terminal goes away: HUP"
check "and the file" wait_until 10 test -z "$(files)"

# ---- renewal while it runs -------------------------------------------------------------

control config '{"access_lifetime":6}' >"$WORK/control.out"
new_person
sign_in
running bash -c 'first=$(<"$PARALLEL_ACCESS_TOKEN_FILE")
    echo "$first" >"$TOLD"
    last=$first
    for ((n = 0; n < 2;)); do
        now=$(<"$PARALLEL_ACCESS_TOKEN_FILE") || exit 1
        [ ${#now} -eq ${#first} ] || exit 2
        [ "$now" = "$last" ] || n=$((n + 1))
        last=$now
    done
    echo "$last" >"$TOLD"
    read -r line <"$TOLD.go"'
first=$heard
hear
is "$(control check "{\"access_token\":\"$heard\"}" | jq .valid)" true \
    "the token in the file is renewed, twice, and always whole"
isnt "$heard" "$first" "it is another one"
echo >"$TOLD.go"
wait "$pid"
is "$?:$(files)" 0: "and then the file is gone"

# The runtime folder goes away, as with the person's last session.
new_person
sign_in
running bash -c 'rm -r "${PARALLEL_ACCESS_TOKEN_FILE%/*}"
    for ((n = 0; n < 400; n++)); do
        [ ! -s "$PARALLEL_ACCESS_TOKEN_FILE" ] || break
        sleep 0.05
    done
    cat "$PARALLEL_ACCESS_TOKEN_FILE" >"$TOLD"
    echo >"$TOLD"'
is "$(control check "{\"access_token\":\"$heard\"}" | jq .valid)" true \
    "the folder goes away: the next token lies where the last one did"
wait "$pid"
is "$?:$(files)" 0: "and goes away, too"

# Somebody else renews: the file follows, without a request of its own.
new_person
sign_in
control config '{"access_lifetime":600}' >"$WORK/control.out"
FIRST=$("$TOOL" token)
export FIRST
before=$(refreshes)
crowd=(1 2 3 4 5 6)
for each in "${crowd[@]}"; do
    in_background "$TOOL" exec bash -c '
        while [ "$(<"$PARALLEL_ACCESS_TOKEN_FILE")" = "$FIRST" ]; do
            sleep 0.05
        done; echo renewed >"$TOLD"' {told}>&-
done
for each in "${crowd[@]}"; do hear; done
is "$heard" renewed "six commands, and the token runs out"
wait
is "$(($(refreshes) - before))" 1 "one request renews it for all"

# A token that has expired is renewed first; the crowd asks once.
expire_token
before=$(refreshes)
for each in "${crowd[@]}"; do
    in_background "$TOOL" exec true
done
wait
is "$(($(refreshes) - before))" 1 "six that start with an expired token: one request"

# The service is down: the command goes on with what it has.
control config '{"access_lifetime":8}' >"$WORK/control.out"
"$TOOL" refresh
control trouble '{"endpoint":"token","kind":"status","times":-1}' \
    >"$WORK/control.out"
before=$(refreshes)
running bash -c 'echo up >"$TOLD"; read -r line <"$TOLD.go"
    cat "$PARALLEL_ACCESS_TOKEN_FILE"' >"$WORK/out" 2>"$WORK/err"
curl -sS --noproxy '*' \
    "$CONTROL_URL/wait?counter=token_refresh&at_least=$((before + 1))&ms=20000" \
    >"$WORK/control.out"
is "$(files | wc -l)" 1 "the service is down: the file stays"
echo >"$TOLD.go"
wait "$pid"
is "$?:$(cat "$WORK/err")" 0: "and the command is not disturbed"
is "$(($(refreshes) - before))" 1 "the next attempt waits"
expire_token
configure 'api_key = none'
printf 'protocol=http\nhost=%s\npassword=%s\n\n' "${PARALLEL_API_URL#*://}" \
    "$(stored '.records[0].api_key')" | "$TOOL" erase
run "$TOOL" exec true
is "$rc" 4 "an expired token, and the service is down: 4"
paste_key pk_stored
run "$TOOL" exec sh -c 'echo "$PARALLEL_API_KEY ${PARALLEL_ACCESS_TOKEN_FILE-none}"'
is "$rc:$out" "0:pk_stored none" "with an API key the command is run, with that alone"
like "$err" '^parallel-credential: .*503' "and why is said"
control trouble '{"clear":true}' >"$WORK/control.out"
control config '{"access_lifetime":600}' >"$WORK/control.out"

# Of two services with one organization --issuer chooses; the command keeps what
# it was lent, whatever is chosen otherwise.
control config '{"access_lifetime":6}' >"$WORK/control.out"
new_person
configure "ca_file = $CA_FILE"
check "sign in to a service" sign_in
use_https
check "and to another one, for the same organization" sign_in
isnt "$(stored '.records[0].issuer')" "$(stored '.records[1].issuer')" \
    "two credentials of org_acme"
# of_http: the access token of the first one
of_http() {
    stored ".records[] | select(.issuer == \"$HTTP_PLATFORM_URL\").access_token"
}
for each in "--issuer $HTTP_PLATFORM_URL" "--issuer=$HTTP_PLATFORM_URL"; do
    # shellcheck disable=SC2086
    run "$TOOL" exec $each sh -c 'cat "$PARALLEL_ACCESS_TOKEN_FILE"'
    is "$rc:$out" "0:$(of_http)" "exec ${each%%[ =]*}${each:8:1}..."
done
run "$TOOL" --issuer http://127.0.0.1:9 exec touch "$WORK/ran"
is "$rc:$(ls "$WORK/ran" 2>/dev/null)" 3: "--issuer of nobody: exit status 3"
running --issuer "$HTTP_PLATFORM_URL" bash -c '
    first=$(<"$PARALLEL_ACCESS_TOKEN_FILE")
    echo "$first" >"$TOLD"
    while [ "$(<"$PARALLEL_ACCESS_TOKEN_FILE")" = "$first" ]; do
        sleep 0.05
    done
    cat "$PARALLEL_ACCESS_TOKEN_FILE" >"$TOLD"
    echo >"$TOLD"'
first=$heard
hear
isnt "$heard" "$first" "it is renewed"
is "$heard" "$(of_http)" "as the one that it is"
wait "$pid"
use_http
control config '{"access_lifetime":600}' >"$WORK/control.out"

# ---- a key and nothing else ------------------------------------------------------------

new_person
paste_key pk_only
run env PARALLEL_ACCESS_TOKEN_FILE=/of/another "$TOOL" exec \
    sh -c 'echo "$PARALLEL_API_KEY ${PARALLEL_ACCESS_TOKEN_FILE-none}"'
is "$rc:$out:$err" "0:pk_only none:" "only a key is stored: no file"

# ---- the dead --------------------------------------------------------------------------

new_person
sign_in
running sh -c 'echo "$$" >"$TOLD"; read -r line <"$TOLD.go"'
living=$pid
living_file=$(files)
running sh -c 'echo "$$" >"$TOLD"; read -r line <"$TOLD.other"'
kill -KILL "$pid"
wait "$pid" 2>/dev/null
is "$(files | wc -l)" 2 "killed with -9: its file is left"
check "and the command goes on" kill -0 "$heard"
echo >"$TOLD.other"
: >"$XDG_RUNTIME_DIR/parallel-credential/access-token.1.0.new"
ln -s /etc/passwd "$XDG_RUNTIME_DIR/parallel-credential/access-token.2.0"
run "$TOOL" exec true
is "$(files | sort)" "$(printf '%s\n' "$living_file" access-token.2.0 | sort)" \
    "the next exec removes what the dead have left, and nothing else"
check "it follows no link" test -s /etc/passwd
rm "$XDG_RUNTIME_DIR/parallel-credential/access-token.2.0"
echo >"$TOLD.go"
wait "$living"
is "$(files)" "" "the living one removes its own"

# Without a runtime folder the token lies beside a store that has it anyway.
unset XDG_RUNTIME_DIR
if [ ! -e "/run/user/$(id -u)" ]; then
    run "$TOOL" exec sh -c 'stat -c "%a %n" "$PARALLEL_ACCESS_TOKEN_FILE"'
    like "$rc:$out" "^0:600 $STATE/access-token" "no runtime folder: beside the store"
    is "$(files)" "" "and goes away"
else
    skip "no runtime folder" "there is /run/user/$(id -u)"
fi
finish
