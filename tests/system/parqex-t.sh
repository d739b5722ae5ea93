#!/bin/bash
# A second service by configuration alone: conf/parqex.conf.example, with the
# addresses, id and secret of the sandbox's second service for those that are
# made up there. Plain RFC 6749: a login form, a secret, refresh tokens, and
# nothing else.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2034
. "$(dirname "$0")/lib.sh"
[ -x "$PREFIX/libexec/parallel-credential/web" ] ||
    skip_all "configured --without-web"
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/web.sh"
way=(--provider parqex --no-browser)
# A token of Parallel's and one of the other service, each from its own origin.
start_sandbox
BASE=$HTTP_SECOND_URL

# parqex [SED EXPRESSION...]: the example with the sandbox's values
parqex() {
    local each edits=()
    for each in "$@"; do edits+=(-e "$each"); done
    mkdir -p "$HOME/.config"
    printf '%s\n' "$SECOND_CLIENT_SECRET" >"$HOME/secret"
    chmod 600 "$HOME/secret"
    sed -e "s|https://www\.parqex\.example|$BASE|" \
        -e "s|^client_id = .*|client_id = $SECOND_CLIENT_ID|" \
        -e "s|^client_secret_file = .*|client_secret_file = $HOME/secret|" \
        -e "s|^hosts = .*|hosts = $BASE/api|" "${edits[@]}" \
        "$HERE/../../conf/parqex.conf.example" >"$CONF"
    chmod 600 "$CONF"
}
grant() { # grant [OPTIONS]: all of it
    begin "$@"
    decide
    come_back
}
record() { stored ".records[] | select(.provider == \"parqex\") | $1"; }
answers() { # answers TOKEN: who the service takes it for
    curl -sS --noproxy '*' "$BASE/api/me" -H "Authorization: Bearer $1" |
        jq -r '.user? // .error?'
}
tokens_asked() { jq -s '[.[] | select(.path == "/oauth/token")] | length' \
    "$WORK/sandbox/requests.log"; }
expire_parqex() {
    rm -f "$SESSION"
    store_set \
        '(.records[] | select(.provider == "parqex")).access_token_expires_at = 1000'
}

# ---- the example ---------------------------------------------------------------

new_person
parqex
begin --debug
like "$address" "^$BASE/oauth/authorize\?response_type=code&" "the address"
like "$address" 'redirect_uri=http%3A%2F%2F127.0.0.1%3A[0-9]+%2Fcallback' \
    "comes back to this machine"
unlike "$address" scope= "no scopes are asked for"
like "$(cat "$WORK/login.err")" \
    'login with the browser of this machine: the configuration says so' \
    "--debug says why"
decide
come_back
is "$rc:$(jq -r .status <<<"$out")" 0:authenticated "signed in"
like "$(cat "$WORK/page")" 'You are signed in to parqex' "the page names it"
token=$("$TOOL" token --provider parqex)
is "$(answers "$token")" "$SECOND_USER" "the service takes the token"
is "$(record .issuer):$(record '.refresh_token | length > 9')" "$BASE:true" \
    "a refresh token is kept with its issuer"
code=$(parameter code "$back")
unlike "$(cat "$WORK/login.err" "$STORE" "$SESSION")" \
    "$code|$state|$SECOND_CLIENT_SECRET" \
    "code, state and secret are nowhere else"
ask() { # ask PATH: get
    run "$TOOL" get < <(printf 'protocol=http\nhost=%s\npath=%s\n\n' \
        "${BASE#http://}" "$1")
}
for cache in cold warm; do
    [ $cache = warm ] || rm -f "$SESSION"
    ask api/me
    like "$out" "^password=$token\$" "get answers for its host, $cache"
    ask other
    is "$rc:$out" 0: "for its path alone, $cache"
done
run "$TOOL" header --provider parqex
is "$(curl -sS --noproxy '*' "$BASE/api/me" -H @- <<<"$out" | jq -r .user)" \
    "$SECOND_USER" "header for curl"

# A refresh token lives, rotates and is renewed as Parallel's are.
refresh=$(record .refresh_token)
before=$(tokens_asked)
expire_parqex
renewed=$("$TOOL" token --provider parqex)
isnt "$renewed" "$token" "an expired token is renewed"
is "$(tokens_asked)" $((before + 1)) "by one request"
isnt "$(record .refresh_token)" "$refresh" "the refresh token rotates"
is "$(answers "$renewed")" "$SECOND_USER" "the new one is good"
expire_parqex
before=$(tokens_asked)
for each in 1 2 3 4 5 6 7 8; do
    "$TOOL" token --provider parqex >"$WORK/one.$each" 2>&1 &
    ones[each]=$!
done
wait "${ones[@]}"
is "$(sort -u "$WORK"/one.* | wc -l):$(tokens_asked)" "1:$((before + 1))" \
    "eight at once: one request, one token"
# The service refuses once, before it has spent anything.
control trouble '{"endpoint":"second-refresh","kind":"status","times":1}' >/dev/null
expire_parqex
run "$TOOL" token --provider parqex
is "$rc" 4 "trouble of the service: exit 4"
run "$TOOL" token --provider parqex
is "$rc" 0 "and nothing is lost"

# ---- side by side with Parallel ---------------------------------------------------

check "sign in to Parallel beside it" sign_in
is "$(stored '[.records[].provider // "parallel"] | sort | join(" ")')" \
    'parallel parqex' "both are there"
isnt "$("$TOOL" token)" "$("$TOOL" token --provider parqex)" "each its own token"
like "$("$TOOL" status)" '^Also: parqex' "status tells of it"
grant
is "$rc" 0 "signed in once more"
is "$("$TOOL" status --json | jq -r .provider)" parallel \
    "Parallel stays the chosen one"
refresh=$(record .refresh_token)
run "$TOOL" logout --provider parqex
is "$rc:$(stored '[.records[].provider // "parallel"] | join(" ")')" \
    0:parallel "logout forgets it, and it alone"
is "$(control check "{\"refresh_token\":\"$refresh\"}" | jq .valid)" true \
    "which the service has no way to be told"

# ---- what it can be set to -----------------------------------------------------------

# How the client authenticates
for each in client_secret_basic client_secret_post; do
    control config "{\"second_auth_method\":\"$each\"}" >/dev/null
    parqex "s/^token_endpoint_auth_method = .*/token_endpoint_auth_method = $each/"
    grant
    is "$rc" 0 "$each"
    check "$each: renewed" "$TOOL" refresh --provider parqex
done
parqex 's/^token_endpoint_auth_method = .*/token_endpoint_auth_method = client_secret_basic/'
begin
decide
come_back
like "$rc:$out" '^3:.*invalid_client' "the wrong one"
like "$(cat "$WORK/page")" 'Signing in did not work' "the page says so"
control config '{"second_auth_method":null}' >/dev/null
parqex
echo not-the-secret >"$HOME/secret"
grant
like "$rc:$out" '^3:.*invalid_client' "a wrong secret"
unlike "$out$err" "$(parameter code "$back")|not-the-secret" "is not repeated"
# Without PKCE there is no trace of it.
parqex 's/^pkce = .*/pkce = no/'
begin
unlike "$address" code_challenge "pkce = no"
decide
come_back
is "$rc" 0 "signs in"
parqex
begin
like "$address" 'code_challenge=[A-Za-z0-9_-]{43}&code_challenge_method=S256' \
    "pkce = yes"
decide
come_back
is "$rc" 0 "signs in at a server that passes it over"
# Scopes
begin --scope 'one two'
like "$address" 'scope=one(%20|\+)two' "--scope"
decide
come_back
is "$rc:$(record .scopes)" '0:one two' "is kept where the server names none"

# The redirect address, to the letter
port=$(/usr/bin/python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])')
for each in "http://127.0.0.1:$port/back/to-us" "http://127.0.0.1:$port" \
    "http://127.0.0.1:$port/"; do
    control config "{\"second_redirect_uri\":\"$each\"}" >/dev/null
    parqex "s|^;redirect_uri = .*|redirect_uri = $each|"
    grant
    is "$rc" 0 "redirect_uri = $each"
    grant
    is "$rc" 0 "again at once, at the same port"
done
begin
"$TOOL" login --provider parqex --no-browser --json >"$WORK/second" 2>&1 </dev/null
is "$?" 4 "a second login at that port: exit 4"
like "$(cat "$WORK/second")" "cannot listen at http://127.0.0.1:$port.*in use" \
    "says which"
decide
come_back
is "$rc" 0 "the first goes on"
control config '{"second_redirect_uri":null}' >/dev/null
parqex 's|^;redirect_uri = .*|redirect_uri = http://127.0.0.1/my/path|'
begin
like "$address" 'redirect_uri=http%3A%2F%2F127.0.0.1%3A[0-9]+%2Fmy%2Fpath&' \
    "a free port is put in"
decide
come_back
is "$rc" 0 "and comes back there"

# ---- replies with less, or with nonsense -------------------------------------------------

parqex
reply() { # reply JSON: what the token reply lacks, or has instead
    control config "{\"omit\":[],\"override\":{}}" >/dev/null
    control config "$1" >/dev/null
    grant
}
reply '{"omit":["second-token:refresh_token"]}'
is "$rc" 0 "no refresh token: signed in"
is "$("$TOOL" status --json --provider parqex |
    jq -c '[.authenticated,.refresh_token_expires_at]')" '[true,null]' \
    "until the access token ends"
expire_parqex
run "$TOOL" token --provider parqex
like "$rc:$err" '^3:.*login --provider parqex' "then: sign in again"
reply '{"omit":["second-token:expires_in"]}'
is "$rc" 0 "no expiry: signed in"
ask api/me
like "$out" "^password=" "the token is served"
unlike "$out" expiry "and no expiry told"
reply '{"override":{"second-token:expires_in":0}}'
is "$rc" 0 "an expiry of 0: signed in"
before=$(tokens_asked)
run "$TOOL" token --provider parqex
like "$rc:$err" '^4:.* issued a token that has already expired' \
    "an expiry of 0: the token counts as expired"
is "$(tokens_asked)" $((before + 1)) "and is not asked for again and again"
control config '{"omit":[],"override":{}}' >/dev/null
run "$TOOL" token --provider parqex
is "$rc" 0 "and all is well when the server is"
reply '{"override":{"second-token:expires_in":-5}}'
is "$rc:$(jq -r .status <<<"$out")" 0:authenticated "an expiry before now: signed in"
run "$TOOL" token --provider parqex
like "$rc:$err" '^4:.* issued a token that has already expired' "and the same"
reply '{"override":{"second-token:access_token":""}}'
is "$rc" 4 "no access token: exit 4"
reply '{"override":{"second-token:token_type":"mac"}}'
like "$rc:$out" '^4:.*token_type' "a type that we cannot use"
control config '{"omit":[],"override":{}}' >/dev/null
for kind in html garbage huge truncate reset-after; do
    control trouble "{\"endpoint\":\"second-token\",\"kind\":\"$kind\",\"bytes\":2000000}" \
        >/dev/null
    begin
    decide
    come_back
    is "$rc:$(jq -r .status <<<"$out")" 4:error "the code's answer is $kind"
    like "$(cat "$WORK/page")" 'did not work' "and the page says so"
    control trouble '{"clear":true}' >/dev/null
done

# ---- answers in the browser that are none --------------------------------------------------

begin
decide ',"decision":"refuse"'
come_back
is "$rc:$(jq -r .error <<<"$out")" 3:access_denied "refused"
like "$(cat "$WORK/page")" 'You have refused.*' "the page says so"
for each in '"second-redirect:state":"other"' \
    '"second-redirect:state":["a","b"]' '"second-redirect:code":["a","b"]' \
    '"second-redirect:state":null'; do
    control config "{\"override\":{$each}}" >/dev/null
    begin
    decide
    like "$(cat "$WORK/page")" 'This is not the answer' "$each: not taken"
    control config '{"override":{}}' >/dev/null
    decide
    come_back
    is "$rc" 0 "and the right one still is"
done
# A code of one login brought to another one
begin
curl -sS --noproxy '*' -o /dev/null "$address"
first=$(control consent "{\"state\":\"$state\",\"wait_ms\":5000}" | jq -r .location)
first_code=$(parameter code "$first")
kill -TERM "$login"
come_back
is "$(curl -s --noproxy '*' -o /dev/null "$first"; echo $?)" 7 \
    "a late answer: nobody listens"
begin
redirect=$(parameter redirect_uri "$address" | sed 's/%3A/:/g;s/%2F/\//g')
curl -sS --noproxy '*' -o "$WORK/page" \
    "$redirect?code=$first_code&state=$state"
come_back
is "$rc:$(jq -r .status <<<"$out")" 3:error "a code that another login got"
unlike "$out$err" "$first_code|$state" "is not repeated"

# ---- a secret file of the administrator's -----------------------------------------------------

if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 755 "$WORK/conf"
    printf '%s\n' "$SECOND_CLIENT_SECRET" >"$WORK/conf/secret"
    chown 0:65533 "$WORK/conf/secret"
    chmod 711 "$WORK"
    someone() { # someone GROUPS COMMAND...: a person, with these groups
        local groups=$1
        shift
        setpriv --reuid=65534 --regid=65534 --groups="$groups" "$@"
    }
    new_person
    parqex "s|^client_secret_file = .*|client_secret_file = $WORK/conf/secret|"
    rm "$HOME/secret"
    chown -R 65534:65534 "$HOME"
    for mode in 640 440; do
        chmod $mode "$WORK/conf/secret"
        run someone 65533 "$TOOL" login --provider parqex --no-browser --wait 0 \
            --json
        is "$rc:$(tail -1 <<<"$out" | jq -r .error)" 5:timeout \
            "root's with mode $mode and our group is read"
    done
    run someone 65534 "$TOOL" login --provider parqex --no-browser --wait 0
    like "$rc:$err" "^2:.*cannot read $WORK/conf/secret: Permission denied" \
        "not by who is not in that group"
    for mode in 644 660; do
        chmod $mode "$WORK/conf/secret"
        run someone 65533 "$TOOL" login --provider parqex --no-browser --wait 0
        like "$rc:$err" \
            "^2:.*conf/secret may be read by others .* chmod 640 $WORK/conf/secret\$" \
            "root's with mode $mode is refused"
    done
else
    skip "a secret file of root's" "only root can make one"
fi

# ---- get, for who is not signed in --------------------------------------------------------------

new_person
parqex
ask api/me
is "$rc:$out:$err" "0::parallel-credential: not signed in to parqex; run: \
parallel-credential login --provider parqex" "get: where to sign in"
check "sign in to Parallel" sign_in
ask api/me
is "$rc:$out:$err" "0::parallel-credential: not signed in to parqex; run: \
parallel-credential login --provider parqex" "with Parallel's credential beside it"
"$TOOL" token >/dev/null
ask other
is "$rc:$out$err" 0: "for no other path"
printf 'protocol=http\nhost=%s\npath=api/me\n\n' "${BASE#http://}" \
    >"$WORK/request"
/usr/bin/python3 "$HERE/terminal.py" "$WORK/screen" \
    "see=$BASE/oauth/authorize[^ ]*state=" \
    "run=grep -ao 'http[^ ]*oauth/authorize[^ ]*' '$WORK/screen' | tr -d '\r' | head -1 >'$WORK/address'" \
    "run=curl -sS --noproxy '*' -o '$WORK/page' \"\$(cat '$WORK/address')\"" \
    "run=curl -sS --noproxy '*' '$CONTROL_URL/consent' -d '{\"state\":\"any\",\"wait_ms\":5000}' | jq -r .location >'$WORK/back'" \
    "run=curl -sS --noproxy '*' -o '$WORK/page' \"\$(cat '$WORK/back')\"" \
    -- sh -c "'$TOOL' get <'$WORK/request' >'$WORK/answer'"
is "$?" 0 "on a terminal get signs in"
is "$(grep ^password= "$WORK/answer")" \
    "password=$("$TOOL" token --provider parqex)" "and answers"

# ---- a real browser -------------------------------------------------------------------------

new_person
parqex
if command -v chromium >/dev/null; then
    begin
    run timeout 120 /usr/bin/python3 "$HERE/browser.py" "$address" \
        "$WORK/pictures" approve "$SECOND_USER" "$SECOND_PASSWORD"
    landed=$out$err
    come_back
    is "$rc" 0 "a real browser: login form, consent, and back"
    like "$landed" '^You are signed in to parqex' "its page"
    is "$(answers "$("$TOOL" token --provider parqex)")" "$SECOND_USER" \
        "the token is good"
    [ -z "${PICTURES-}" ] || cp "$WORK"/pictures/*.png "$PICTURES"
else
    skip "with a real browser" "chromium is missing"
fi

# ---- which way -------------------------------------------------------------------------------

# The same service with a device grant, too: the sandbox's own.
both() { # both [LINE...]
    configure '[provider both]' "issuer = $HTTP_PLATFORM_URL" \
        "token_endpoint = $HTTP_PLATFORM_URL/getServiceKeys/token" \
        "authorization_endpoint = $HTTP_PLATFORM_URL/getKeys/authorize" \
        "device_authorization_endpoint = $HTTP_PLATFORM_URL/getServiceKeys/device/code" \
        'client_id = made-up' "$@"
}
# way [VARIABLE=VALUE...] -- [OPTIONS]: what --debug says
way() {
    local set=()
    while [ "$1" != -- ]; do
        set+=("$1")
        shift
    done
    shift
    run env "${set[@]}" PATH="$WORK/bin:$PATH" "$TOOL" login --provider both \
        --no-browser --debug --wait 0 "$@"
    out=$(sed -n 's/^parallel-credential: login with //p' <<<"$err")
}
mkdir -p "$WORK/bin"
printf '#!/bin/sh\n' >"$WORK/bin/xdg-open"
chmod +x "$WORK/bin/xdg-open"
new_person
both
way SSH_CONNECTION='::1 1 ::1 2' DISPLAY=:9 --
is "$out" "a code for any device: this is an ssh session" "over ssh"
way SSH_TTY=/dev/pts/0 DISPLAY=:9 --
is "$out" "a code for any device: this is an ssh session" "by its terminal, too"
way container=podman DISPLAY=:9 --
is "$out" "a code for any device: this is a container" "in a container"
way SSH_CONNECTION='::1 1 ::1 2' -- --web
is "$out" "the browser of this machine: --web was given" "--web"
like "$err" 'ssh -L [0-9]+:127\.0\.0\.1:[0-9]+' "over ssh with how to forward"
way DISPLAY=:9 -- --device
is "$out" "a code for any device: --device was given" "--device"
both 'grant = code'
way SSH_CONNECTION='::1 1 ::1 2' --
is "$out" "the browser of this machine: the configuration says so" "grant = code"
both 'grant = device'
way DISPLAY=:9 --
is "$out" "a code for any device: the configuration says so" "grant = device"
# Where neither Docker nor anybody has left a mark: a root of our own.
both
desktop() { # desktop [VARIABLE=VALUE...]
    # shellcheck disable=SC2016
    run env "$@" PATH="$WORK/bin:$PATH" unshare --user --map-root-user --mount \
        sh -eu -c '
        root=$1
        shift
        mkdir -p "$root"
        mount -t tmpfs none "$root"
        for each in /*; do
            if [ -L "$each" ]; then cp -P "$each" "$root$each"
            elif [ -d "$each" ] && [ "$each" != /run ]; then
                mkdir "$root$each"
                mount --rbind "$each" "$root$each"
            fi
        done
        mkdir "$root/run"
        exec chroot "$root" "$@"' sh "$WORK/root" \
        "$TOOL" login --provider both --no-browser --debug --wait 0
    out=$(sed -n 's/^parallel-credential: login with //p' <<<"$err")
}
if unshare --user --map-root-user --mount true 2>/dev/null; then
    desktop DISPLAY=:9
    is "$out" "the browser of this machine: there is a desktop" "on a desktop"
    desktop WAYLAND_DISPLAY=wayland-0
    is "$out" "the browser of this machine: there is a desktop" "with Wayland"
    desktop
    is "$out" "a code for any device: there is no display" "without a display"
    rm "$WORK/bin/xdg-open"
    if ! command -v xdg-open >/dev/null; then
        desktop DISPLAY=:9
        is "$out" "a code for any device: there is no xdg-open" \
            "without a program that opens one"
    fi
else
    skip "on a desktop" "no user namespaces"
fi
finish
