# shellcheck shell=bash disable=SC2034,SC2154
# web.sh - a login in a browser, for the tests: the program in the background,
# the person in between. Sourced behind lib.sh.
#
# way has the arguments of every login.

# parameter NAME ADDRESS: its value, as it is written
parameter() {
    local rest=${2#*[?&]"$1"=}
    echo "${rest%%&*}"
}
# begin [OPTIONS OF login]: a login in the background, its address in $address
begin() {
    : >"$WORK/login.out"
    "$TOOL" login --json "${way[@]}" "$@" >"$WORK/login.out" \
        2>"$WORK/login.err" </dev/null &
    login=$!
    background+=("$login")
    wait_until 10 grep -q . "$WORK/login.out"
    address=$(head -1 "$WORK/login.out" | jq -r .verification_uri_complete)
    state=$(parameter state "$address")
}
# decide [MEMBERS]: as the person would in the browser, which is sent back
decide() {
    curl -sS --noproxy '*' -o /dev/null "$address"
    back=$(control consent "{\"state\":\"$state\",\"wait_ms\":5000${1-}}" |
        jq -r .location)
    curl -sS --noproxy '*' -o "$WORK/page" "$back"
}
# come_back: the login's end
come_back() {
    wait "$login"
    rc=$?
    out=$(tail -1 "$WORK/login.out")
    err=$(cat "$WORK/login.err")
}
