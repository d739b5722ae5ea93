#!/bin/bash
# The program that waits for the browser of a login: who gets in, and who not.
. "$(dirname "$0")/lib.sh"
WEB=$PREFIX/libexec/parallel-credential/web
[ -x "$WEB" ] || skip_all "configured --without-web"
HERE=$(cd "$(dirname "$0")" && pwd)
ISSUER=https://as.example

# desk [LINE...]: the program, asked to listen; what it has said so far is in
# $said, and descriptor 7 is its broker's mouth
desk_count=0
desk() {
    desk_count=$((desk_count + 1))
    said=$WORK/said$desk_count
    mkfifo "$WORK/mouth$desk_count"
    : >"$said"
    exec 7<>"$WORK/mouth$desk_count"
    /usr/bin/python3 "$HERE/web-desk.py" "$WEB" \
        <"$WORK/mouth$desk_count" >"$said" 7>&- &
    background+=("$!")
    [ "${1-}" = bare ] || say "service=Parallel" "issuer=$ISSUER" "$@"
    [ "${1-}" != bare ] || say "service=Parallel" "${@:2}"
    wait_until 10 grep -q '^$' "$said"
    web_pid=$(told pid)
    redirect=$(told redirect_uri) opener=$(told open_uri)
    state=$(told state) challenge=$(told code_challenge)
    origin=${redirect%/callback}
}
say() {
    printf '%s\n' "$@" '' >&7
}
told() {
    sed -n "s/^$1=//p" "$said" | head -1
}
blocks() {
    grep -c '^$' "$said"
}
ended() {
    grep -q '^ended' "$said"
}
# told_end: its status, negative for a signal; "late" if somebody had to kill it
told_end() {
    sed -n 's/^ended //p' "$said"
}
# leave: the broker goes away
leave() {
    exec 7>&-
    wait_until 10 ended
}
# visit [OPTIONS OF curl] ADDRESS: the status in $code, the page in $page
code='' page=''
visit() {
    code=$(curl -sS --noproxy '*' --max-time 20 -o "$WORK/page" \
        -D "$WORK/headers" -w '%{http_code}' "$@" 2>"$WORK/curl.err")
    page=$(cat "$WORK/page" 2>/dev/null)
}
# stranger WANT NAME [OPTIONS OF curl]: gets a page, and nothing changes
stranger() {
    local want=$1 name=$2
    shift 2
    rm -f "$WORK/page"
    visit "$@"
    like "$code" "^($want)$" "$name: $want"
    is "$(blocks)" 1 "$name: nothing changes"
}

desk
like "$redirect" '^http://127\.0\.0\.1:[1-9][0-9]*/callback$' \
    "it says where it listens"
like "$state" '^[A-Za-z0-9_-]{43}$' "a state that nobody guesses"
like "$challenge" '^[A-Za-z0-9_-]{43}$' "a challenge"
port=${origin##*:}
is "$(ss -Hltn "sport = :$port" | awk '{print $4}')" "127.0.0.1:$port" \
    "on the loopback address alone"
unlike "$(cat "$said")" 'verifier' "the verifier is not told yet"

# ---- strangers ---------------------------------------------------------------
good="$redirect?code=c&state=$state"
stranger 404 "another path" "$origin/"
stranger 404 "a path that only begins so" "$redirect/x?code=c&state=$state"
stranger 404 "the path in other letters" "$origin/%63allback?code=c&state=$state"
stranger 400 "no query" "$redirect"
stranger 400 "no state" "$redirect?code=c"
stranger 400 "a wrong state" "$redirect?code=c&state=${state%?}"
stranger 400 "an empty state" "$redirect?code=c&state="
stranger 400 "the state twice" "$good&state=$state"
stranger 400 "a wrong state before the right one" \
    "$redirect?code=c&state=x&state=$state"
stranger 400 "the code twice" "$good&code=d"
stranger 400 "an empty code" "$redirect?code=&state=$state"
stranger 400 "neither code nor error" "$redirect?state=$state"
stranger 400 "both code and error" "$good&error=access_denied"
stranger 400 "a NUL" "$redirect?code=c%00&state=$state"
stranger 400 "a line's end in the code" "$redirect?code=c%0Ad&state=$state"
stranger 400 "half an escape" "$redirect?code=c%4&state=$state"
stranger 405 "POST" -d "code=c&state=$state" "$redirect"
stranger 405 "HEAD" -I "$good"
stranger 405 "OPTIONS" -X OPTIONS -H 'Origin: http://evil.example' "$good"
stranger 421 "another Host" -H 'Host: evil.example' "$good"
stranger 421 "localhost as Host" -H "Host: localhost:$port" "$good"
stranger 421 "the Host without its port" -H 'Host: 127.0.0.1' "$good"
# Two of them, which curl does not send.
exec 8<>"/dev/tcp/127.0.0.1/$port"
printf '%s\r\n' "GET ${good#"$origin"} HTTP/1.1" "Host: 127.0.0.1:$port" \
    "host: evil.example" '' >&8
like "$(timeout 10 head -1 <&8)" '^HTTP/1.1 4(00|21) ' "two Hosts: 400 or 421"
exec 8>&-
is "$(blocks)" 1 "two Hosts: nothing changes"
stranger '400|421' "no Host" -H 'Host:' "$good"
head -c 10000000 /dev/zero >"$WORK/large"
stranger '405|000' "10 MB" --data-binary "@$WORK/large" "$good"
stranger '413|414|431' "an address of 100 kB" \
    "$redirect?x=$(head -c 100000 /dev/zero | tr '\0' x)"
stranger '413|431' "headers of 100 kB" \
    -H "X: $(head -c 100000 /dev/zero | tr '\0' x)" "$good"
stranger 404 "the start without its ticket" "$origin/start?x"

visit "$origin/"
like "$page" 'no such page' "a stranger's page says so"
like "$(cat "$WORK/headers")" "Content-Security-Policy: default-src 'none'" \
    "policy: nothing from elsewhere"
like "$(cat "$WORK/headers")" "Referrer-Policy: no-referrer" "no referrer"
like "$(cat "$WORK/headers")" "Cache-Control: no-store" "not stored"
is "$(printf '%s' "$(sed -n 's,.*<style>\(.*\)</style>.*,\1,p' "$WORK/page")" |
    openssl dgst -sha256 -binary | openssl base64)" \
    "$(sed -n "s/.*'sha256-\([^']*\)'.*/\1/p" "$WORK/headers")" \
    "policy: the style is its own"
unlike "$page" 'src=|href=|@import|url\(' "nothing from elsewhere in it"

# Those that say nothing, or not the end of it, are sent away; and a hundred of
# them at once do not keep the answer out for long.
slow() {
    /usr/bin/python3 - "$port" <<'EOF'
import socket, sys, time
all = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
       for _ in range(100)]
begin = time.monotonic()
print("connected", flush=True)
for each in all[:60]:
    each.sendall(b"GET /callback HTTP/1.1\r\nX: ")
left = set(all[:60])
while left and time.monotonic() - begin < 15:
    for each in list(left):
        try:
            each.sendall(b"x")
            each.settimeout(0.001)
            if not each.recv(4096):
                left.discard(each)
        except TimeoutError:
            pass
        except OSError:
            left.discard(each)
    time.sleep(0.1)
print(len(left), "left", flush=True)
EOF
}
in_background slow >"$WORK/slow"
slow_pid=$pid
wait_until 10 grep -q connected "$WORK/slow"
say "address=https://as.example/authorize?x=1&y=2"
# The start stands in a browser's arguments, where all users can read it.
if [ "$(id -u)" -eq 0 ]; then
    is "$(setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS \
        --noproxy '*' -o /dev/null -w '%{http_code}' "$opener")" 403 \
        "another user is not led to the address"
    # Whoever leaves before the answer would be taken for root.
    setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 -c '
import socket, sys
for _ in range(20):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n"
              % (sys.argv[2].encode(), sys.argv[1].encode()))
    s.close()' "$port" "${opener#"$origin"}"
else
    skip "the start, for another user" "only root can be one"
fi
visit "$opener"
is "$code" 303 "a hundred slow ones do not keep a browser out"
is "$(sed -n 's/^Location: //p' "$WORK/headers" | tr -d '\r')" \
    "https://as.example/authorize?x=1&y=2" \
    "the start leads to the authorization address"
visit "$opener"
is "$code" 410 "the start works once"
wait "$slow_pid"
like "$(cat "$WORK/slow")" '^0 left' "slow ones are sent away"
# As many as it takes, all of which end in the same moment.
/usr/bin/python3 - "$port" <<'EOF'
import socket, sys
all = [socket.create_connection(("127.0.0.1", int(sys.argv[1])))
       for _ in range(64)]
for each in all:
    each.recv(1)
EOF
visit --max-time 5 "$origin/"
is "$code" 404 "when all have left at once, the next one gets in"
# Hundreds that say nothing, and come again as soon as they are sent away.
crowd() {
    /usr/bin/python3 - "$port" <<'EOF'
import selectors, socket, sys
watch = selectors.DefaultSelector()
def come():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    watch.register(s, selectors.EVENT_READ)
for _ in range(600):
    come()
print("there", flush=True)
while True:
    for key, _ in watch.select():
        watch.unregister(key.fileobj)
        key.fileobj.close()
        come()
EOF
}
in_background crowd >"$WORK/crowd" 2>/dev/null
crowd_pid=$pid
wait_until 20 grep -q there "$WORK/crowd"
visit "$origin/"
is "$code" 404 "a crowd that comes again and again keeps nobody out for long"
kill "$crowd_pid"
is "$(blocks)" 1 "all of that has changed nothing"

# ---- the answer --------------------------------------------------------------
visit "$redirect?code=a%2Fb+c&state=$state&iss=https%3A%2F%2Fas.example&x=1" &
visitor=$!
wait_until 10 eval '[ "$(blocks)" = 2 ]'
is "$(told code)" "a/b c" "the code is told"
verifier=$(told code_verifier)
is "$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 |
    tr '+/' '-_' | tr -d =)" "$challenge" "with the verifier of the challenge"
(
    visit "$good"
    echo "$code $page" | tr "\n" " "
) >"$WORK/second"
like "$(cat "$WORK/second")" '^410 .*answered already' \
    "a second browser is told that it is late"
(
    visit "$redirect?code=c&state=x"
    echo "$code $page" | tr "\n" " "
) >"$WORK/second"
like "$(cat "$WORK/second")" '^400 ' "a wrong state is wrong all the same"
say "outcome=ok"
wait "$visitor"
like "$(cat "$WORK/page")" 'signed in to Parallel' "the page: it worked"
wait_until 10 ended
is "$(told_end)" 0 "and that was all"
is "$(blocks)" 2 "one answer"
visit "$good"
is "$code" 000 "nobody listens any more"

# answer QUERY OUTCOME [LINE...]: another one
answer() {
    local query=$1 outcome=$2 visitor
    shift 2
    desk "$@"
    visit "$redirect?$query&state=$state" &
    visitor=$!
    wait_until 10 eval '[ "$(blocks)" = 2 ]'
    say "outcome=$outcome"
    wait "$visitor"
    wait_until 10 ended
}
answer "error=access_denied&error_description=No%0A%1B%5B31m" failed
is "$(told error):$(told code_verifier)" "access_denied:" "an error is an answer"
is "$(told error_description)" "No??[31m" "its text is cleaned"
like "$(cat "$WORK/page")" 'You have refused' "the page: refused"
answer "code=c&iss=https%3A%2F%2Fevil.example" failed
is "$(told error):$(told code)" "wrong_issuer:" "an answer of another issuer"
like "$(cat "$WORK/page")" 'did not work' "the page: it did not work"
answer "code=c" failed iss_required=1
is "$(told error)" "wrong_issuer" "no issuer, where it has to be said"
answer "code=c" failed
is "$(told code)" "c" "no issuer, where it need not be said"
like "$(cat "$WORK/page")" 'did not work' "the page: it did not work"

# ---- only to lead --------------------------------------------------------------
page_of_code='https://as.example/device?user_code=AB-CD&x=1'
desk bare "lead=$page_of_code"
like "$opener" '^http://127\.0\.0\.1:[1-9][0-9]*/start\?[A-Za-z0-9_-]{43}$' \
    "to lead: it says by way of where"
is "$redirect$state$challenge" "" "to lead: no answer is waited for"
origin=${opener%/*}
visit "$origin/callback?code=c&state="
is "$code" 404 "to lead: nothing is there but the start"
visit -d x=1 "$opener"
is "$code" 405 "to lead: only GET"
visit -H 'Host: evil.example' "$opener"
is "$code" 421 "to lead: not under another name"
visit "$opener"
is "$code:$(sed -n 's/^Location: //p' "$WORK/headers" | tr -d '\r')" \
    "303:$page_of_code" "to lead: to the letter"
visit "$opener"
is "$code" 410 "to lead: once"
is "$(blocks)" 1 "to lead: nothing more is said"
leave
is "$(told_end)" 0 "to lead: it ends with the broker"
desk bare "lead=$page_of_code" once=1
visit "${opener%/*}/"
is "$code" 404 "to lead and end: not at any visit"
# One that takes its time keeps it no longer.
origin=${opener%/*}
exec 8<>"/dev/tcp/127.0.0.1/${origin##*:}"
visit "$opener"
is "$code:$(sed -n 's/^Location: //p' "$WORK/headers" | tr -d '\r')" \
    "303:$page_of_code" "to lead and end: there"
like "$(cat "$WORK/page")" 'goes on by itself' "to lead and end: with its page"
check "to lead and end: it has ended" wait_until 2 ended
is "$(told_end)" 0 "to lead and end: well"
exec 8>&-
desk bare "lead=$page_of_code" seconds=1
wait_until 10 ended
is "$(told_end)" -14 "to lead: its alarm ends it when its time is over"
"$WEB" </dev/null
is $? 0 "told nothing, it ends well"

# ---- the end -----------------------------------------------------------------
desk
# A browser that speaks IPv6 even to an IPv4 address, as some do.
say "address=https://as.example/authorize"
like "$(/usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6)
s.connect(("::ffff:127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n"
          % (sys.argv[2].encode(), sys.argv[1].encode()))
print(s.recv(4096).decode().split("\r\n")[0])' "${origin##*:}" \
    "${opener##*/}")" '^HTTP/1.1 303' "the start, for our own IPv6 socket"
leave
is "$(told_end)" 0 "it ends with the broker"
desk seconds=1
wait_until 10 ended
is "$(told_end)" -14 "its alarm ends it when its time is over"
desk
if [ "$(id -u)" -eq 0 ]; then
    skip "nobody looks into its memory" "root does"
elif [ -n "${SANITIZED-}" ]; then
    skip "nobody looks into its memory" "the leak checker does"
else
    is "$(stat -c %U "/proc/$web_pid/environ")" root \
        "nobody looks into its memory"
fi
is "$(wc -c <"/proc/$web_pid/cmdline")" "$((${#WEB} + 1))" \
    "nothing in its arguments"
leave
finish
