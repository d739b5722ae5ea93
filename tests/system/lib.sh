# shellcheck shell=bash
# lib.sh - what the system tests share: TAP, a sandbox platform, a person.
#
#   . "$(dirname "$0")/lib.sh"     at the top of every tests/system/*-t.sh
#   ...
#   finish                         at its end
#
# From the environment (tests/run sets them):
#   PREFIX    the installed tree: $PREFIX/bin/parallel-credential
#   TOOL      another front to test, by a path that ends in that name
#   PLATFORM  the sandbox platform's program
#   BUILD     the build tree (front-dynamic and front-musl lie there)
#
# Everything a test makes lies below $WORK, which goes away at its end with
# every process that was started through start_sandbox or in_background.

set -u
: "${PREFIX:?}" "${PLATFORM:?}" "${BUILD:?}"
export LC_ALL=C.UTF-8 TZ=UTC
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_STATE_HOME DISPLAY WAYLAND_DISPLAY
unset PARALLEL_API_KEY PARALLEL_CREDENTIAL_KEY_ID PARALLEL_PLATFORM_URL
unset PARALLEL_SERVICE_API_URL PARALLEL_API_URL SSH_CONNECTION
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
unset no_proxy NO_PROXY GIT_TERMINAL_PROMPT
# No test gets near the keyring of who runs it.
unset DBUS_SESSION_BUS_ADDRESS
WORK=$(mktemp -d "${TMPDIR:-/tmp}/parallel-test.XXXXXX")
TOOL=${TOOL:-$PREFIX/bin/parallel-credential}
# shellcheck disable=SC2034
BROKER=$PREFIX/libexec/parallel-credential/broker
export PATH=${TOOL%/*}:$PREFIX/bin:$PATH

# ---- TAP ---------------------------------------------------------------------

tap_count=0
tap_failed=0

# ok NAME / not_ok NAME [EXPLANATION]
ok() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1"
}
not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $1"
    [ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/#   /'
}
# skip NAME REASON
skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}
# check NAME COMMAND...: ok if the command succeeds
check() {
    local name=$1
    shift
    if "$@" >"$WORK/check.out" 2>&1; then
        ok "$name"
    else
        not_ok "$name" "failed: $* $(head -c 2000 "$WORK/check.out")"
    fi
}
# is GOT WANT NAME
is() {
    if [ "$1" = "$2" ]; then ok "$3"; else not_ok "$3" "got:  $1
want: $2"; fi
}
isnt() {
    if [ "$1" != "$2" ]; then ok "$3"; else not_ok "$3" "got: $1"; fi
}
# like GOT EXTENDED_REGEX NAME
like() {
    if printf '%s\n' "$1" | grep -Eq -- "$2"; then ok "$3"; else
        not_ok "$3" "got:  $1
want: $2"
    fi
}
unlike() {
    if printf '%s\n' "$1" | grep -Eq -- "$2"; then not_ok "$3" "got:  $1
not:  $2"; else ok "$3"; fi
}
# skip_all REASON: before any test
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}
finish() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}

# ---- running -----------------------------------------------------------------

# run COMMAND...: standard output in $out, standard error in $err, status $rc
out='' err='' rc=0
run() {
    "$@" >"$WORK/run.out" 2>"$WORK/run.err"
    rc=$?
    out=$(cat "$WORK/run.out")
    err=$(cat "$WORK/run.err")
    return 0
}

background=()
# in_background COMMAND...: its pid in $pid; ended with the test
in_background() {
    "$@" &
    pid=$!
    background+=("$pid")
}

# wait_until SECONDS COMMAND...: for conditions that nobody announces
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.02
    done
}

# nobody_listens PORT: of this machine
nobody_listens() {
    [ -n "$1" ] && [ -z "$(ss -Hltn "sport = :$1")" ]
}

# library PROGRAM NAME: the file of the library NAME that PROGRAM is linked to
library() {
    ldd "$1" | awk -v name="$2" 'index($1, name) { print $3; exit }'
}
# without_library PROGRAM NAME COMMAND...: where that one is of no use; only root
# can make it so
without_library() {
    local file
    file=$(library "$1" "$2")
    shift 2
    unshare -m --propagation private sh -c 'mount --bind /dev/null "$0" &&
        exec "$@"' "${file:?}" "$@"
}

# ---- the sandbox -------------------------------------------------------------

sandbox_pid=''

# start_sandbox [OPTIONS]: the platform, with its addresses in the variables of
# platform.env (HTTP_PLATFORM_URL, HTTPS_PLATFORM_URL, CONTROL_URL, …)
start_sandbox() {
    "$PLATFORM" --dir "$WORK/sandbox" --background \
        --seed-org org_acme:Acme "$@" || {
        echo "Bail out! the sandbox platform did not start"
        exit 1
    }
    # shellcheck disable=SC1091
    . "$WORK/sandbox/platform.env"
    sandbox_pid=$PID
    use_http
}
stop_sandbox() {
    [ -z "$sandbox_pid" ] || kill "$sandbox_pid" 2>/dev/null
    sandbox_pid=''
}

# The person's programs use the sandbox over http, or over TLS (then the
# person's configuration has to name $CA_FILE or $CA_DIR: see trust_sandbox).
use_http() {
    export PARALLEL_PLATFORM_URL=$HTTP_PLATFORM_URL
    export PARALLEL_SERVICE_API_URL=$HTTP_SERVICE_API_URL
    export PARALLEL_API_URL=$HTTP_API_URL
}
use_https() {
    export PARALLEL_PLATFORM_URL=$HTTPS_PLATFORM_URL
    export PARALLEL_SERVICE_API_URL=$HTTPS_SERVICE_API_URL
    export PARALLEL_API_URL=$HTTPS_API_URL
}

# control PATH JSON: one call of the control interface
control() {
    curl -sS --noproxy '*' --max-time 60 -X POST "$CONTROL_URL/$1" \
        -d "${2-"{}"}"
}
# state JQ: something from the state, e.g. state .requests.token_refresh
state() {
    curl -sS --noproxy '*' --max-time 10 "$CONTROL_URL/state" | jq -rc "$1"
}
refreshes() {
    state .requests.token_refresh
}

# ---- a person ----------------------------------------------------------------

person_count=0

# new_person: an empty home and runtime folder of its own
new_person() {
    person_count=$((person_count + 1))
    export HOME=$WORK/person$person_count/home
    export XDG_RUNTIME_DIR=$WORK/person$person_count/run
    mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
    chmod 700 "$HOME" "$XDG_RUNTIME_DIR"
    STATE=$HOME/.local/state/parallel-credential
    STORE=$STATE/store.json
    SESSION=$XDG_RUNTIME_DIR/parallel-credential/session
    CONF=$HOME/.config/parallel-credential.conf
}
# configure LINE...: the person's configuration file
configure() {
    mkdir -p "$HOME/.config"
    printf '%s\n' "$@" >"$CONF"
    chmod 600 "$CONF"
}
trust_sandbox() {
    configure "ca_file = $CA_FILE"
}

# acme_section ISSUER [LINE...]: [provider acme] of a configuration, with the
# sandbox's endpoints and these lines, in an array of that name; "" for no issuer
acme_section=()
acme_section() {
    local base=$HTTP_PLATFORM_URL/getServiceKeys
    # shellcheck disable=SC2034
    acme_section=('[provider acme]' ${1:+"issuer = $1"}
        "token_endpoint = $base/token"
        "device_authorization_endpoint = $base/device/code"
        "registration_endpoint = $base/register"
        "revocation_endpoint = $base/token/revoke"
        'registration = parallel-json' 'revocation = parallel'
        'scopes = keys:read' "${@:2}")
}

# sign_in [OPTIONS OF login]: approved at once by the sandbox
sign_in() {
    sign_in_for "" "$@"
}
# sign_in_for ORG [OPTIONS OF login]: for that organization; "" is the first
sign_in_for() {
    local org=${1:+",\"org_id\":\"$1\""} approver before
    shift
    # Of all that wait its own, and before it asks for the first time.
    before=$(state '.pending[0].user_code // ""')
    control approve "{\"user_code\":\"any\",\"but\":\"$before\",
        \"wait_ms\":20000$org}" >"$WORK/approve.out" 2>&1 &
    approver=$!
    run "$TOOL" login --json --no-browser "$@" </dev/null
    wait "$approver"
    [ "$rc" -eq 0 ] || {
        echo "# sign in: exit $rc: $out $err"
        return 1
    }
}

# sign_in_keyless: without the right to make an API key, so there is none
sign_in_keyless() {
    sign_in --scope "keys:read apps:read balance:read" "$@"
}

# request [LINE...]: what git asks a helper about the platform's address
request() {
    local host=${PARALLEL_PLATFORM_URL#*://}
    printf 'protocol=%s\nhost=%s\n' "${PARALLEL_PLATFORM_URL%%://*}" "$host"
    [ $# -eq 0 ] || printf '%s\n' "$@"
    echo
}

# stored JQ: something from the store
stored() {
    jq -r "$1" "$STORE"
}
# store_set [OPTIONS OF jq] JQ: changes the store as a person with an editor
# would
store_set() {
    jq "$@" "$STORE" >"$STORE.edit" && chmod 600 "$STORE.edit" &&
        mv "$STORE.edit" "$STORE"
}
# expire_token: as if the access token had run out, in store and cache; the
# tokens themselves stay as they are
expire_token() {
    store_set '.records[].access_token_expires_at = 1000'
    rm -f "$SESSION" "$STATE/session"
}

clean_up() {
    local each running
    # The number of one that has ended may be somebody else's by now.
    running=$(jobs -pr)
    for each in "${background[@]+"${background[@]}"}"; do
        ! grep -qx "$each" <<<"$running" || kill "$each" 2>/dev/null
    done
    stop_sandbox
    chmod -R u+rwX "$WORK" 2>/dev/null
    rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
