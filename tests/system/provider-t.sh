#!/bin/bash
# Providers as data: a section [provider NAME] of the configuration, and every
# verb with --provider NAME. The sandbox platform plays a server that only the
# configuration knows.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
start_sandbox
new_person
# Parallel itself is another issuer than the provider of the configuration.
use_https
BASE=$HTTP_PLATFORM_URL

# acme [LINE...]: the configuration with a provider, and more lines in it
acme() {
    acme_section "$BASE" \
        "hosts = https://api.acme.example/v1 files.acme.example:8443" "$@"
    configure "ca_file = $CA_FILE" "${acme_section[@]}"
}
# ask HOST [PATH [LINE...]]: get for an address
ask() {
    local host=$1 path=${2-}
    shift $(($# < 2 ? $# : 2))
    run "$TOOL" get < <(
        printf 'protocol=https\nhost=%s\npath=%s\n' "$host" "$path"
        [ $# -eq 0 ] || printf '%s\n' "$@"
        echo
    )
}
acme_record() {
    stored ".records[] | select(.provider == \"acme\") | $1"
}

# ---- the configuration ------------------------------------------------------

acme
run "$TOOL" config
like "$out" '^\[provider acme\]$' "config shows the section"
like "$out" "^token_endpoint = $BASE/getServiceKeys/token  ; $CONF:4\$" \
    "a key with its origin"
like "$out" '^grant = auto  ; default$' "a default"
like "$out" '^hosts = https://api.acme.example/v1/ https://files.acme.example:8443  ;' \
    "hosts in one form"
is "$("$TOOL" config --json | jq -r 'select(.key == "provider.acme.scopes") |
    .value + " " + .origin')" "keys:read $CONF:10" "and as JSON"

# bad TEXT LINE...: the configuration ends with an error about its last line
bad() {
    local text=$1
    shift
    configure "$@"
    run "$TOOL" token
    like "$rc:$err" "^2:parallel-credential: $CONF:$#: .*$text" "$*"
}
bad 'unknown key "nope" in \[provider acme\]' '[provider acme]' 'nope = 1'
bad 'unknown section' '[providers]' 'grant = code'
bad 'needs a name' '[provider]' 'grant = code'
bad 'needs a name' '[provider ]' 'grant = code'
for each in parallel any-host docker ACME 'a b' ../x -x --web; do
    bad 'needs a name' "[provider $each]" 'grant = code'
done
bad 'must be auto, device or code' '[provider acme]' 'grant = password'
bad 'must be none, client_secret_basic or client_secret_post' \
    '[provider acme]' 'token_endpoint_auth_method = private_key_jwt'
bad 'must be none, parallel-json or rfc7591' '[provider acme]' \
    'registration = yes'
bad 'must be none, parallel or rfc7009' '[provider acme]' 'revocation = no'
bad 'must be bearer, x-api-key or basic' '[provider acme]' 'present = cookie'
bad 'must be yes or no' '[provider acme]' 'pkce = S256'
bad 'second time' '[provider acme]' 'client_id = a' 'client_id = b'
bad 'absolute path' '[provider acme]' 'client_secret_file = secret'
for each in https://127.0.0.1 http://localhost/cb http://127.0.0.1:80/cb \
    http://127.0.0.1.evil.example/ http://127.0.0.1@evil.example/ \
    http://127.0.0.2/cb 'http://127.0.0.1/a?b' http://127.0.0.1/../x \
    http://127.0.0.1:99999/ http://10.0.0.1/ /callback; do
    bad 'redirect_uri: must be http://127.0.0.1' '[provider acme]' \
        "redirect_uri = $each"
done
for each in issuer token_endpoint authorization_endpoint hosts \
    device_authorization_endpoint registration_endpoint revocation_endpoint; do
    bad 'plain http is only for this machine' '[provider acme]' \
        "$each = http://acme.example/x"
done
bad 'not an https:// address' '[provider acme]' 'token_endpoint = acme'
bad "without '\\?'" '[provider acme]' 'issuer = https://a.example/?x'
bad "without '\\?'" '[provider acme]' 'hosts = https://a.example/?x'
bad 'is for the system' '[policy]' 'locked_keys = provider.acme'
bad 'another provider has it' '[provider b]' 'issuer = https://a.example' \
    '[provider a]' 'issuer = https://a.example'
bad 'needs client_secret_file' '[provider acme]' \
    'token_endpoint_auth_method = client_secret_post'
configure '[provider acme]' "client_secret_file = $HOME/secret" \
    'token_endpoint_auth_method = none'
run "$TOOL" token
like "$rc:$err" "^2:.*$CONF:2: client_secret_file: is of no use" \
    "a secret for nobody"

# Needed and missing: one sentence
lacks() { # lacks TEXT LINE...
    local text=$1
    shift
    configure '[provider acme]' "$@"
    run "$TOOL" login --provider acme
    like "$rc:$err" "^2:parallel-credential: $text\$" "login needs: $text"
}
lacks '\[provider acme\] needs token_endpoint, or issuer' 'client_id = a'
lacks '\[provider acme\] needs device_authorization_endpoint, or authorization_endpoint' \
    'token_endpoint = https://a.example/token'
lacks '\[provider acme\] needs authorization_endpoint' \
    'token_endpoint = https://a.example/token' 'grant = code'
lacks '\[provider acme\] needs device_authorization_endpoint' \
    'token_endpoint = https://a.example/token' 'grant = device' \
    'authorization_endpoint = https://a.example/authorize'
lacks '\[provider acme\] needs client_id, or registration' \
    'token_endpoint = https://a.example/token' \
    'device_authorization_endpoint = https://a.example/device'
lacks '\[provider acme\] needs client_id, or registration_endpoint' \
    'token_endpoint = https://a.example/token' \
    'device_authorization_endpoint = https://a.example/device' \
    'registration = rfc7591'
acme
run "$TOOL" token --provider nobody
is "$rc:$err" \
    "2:parallel-credential: there is no provider nobody in the configuration" \
    "a provider that nobody knows"
run "$TOOL" token --provider acme
is "$rc:$err" "3:parallel-credential: not signed in to acme; run: \
parallel-credential login --provider acme" "signed out of this one"

# ---- the secret -------------------------------------------------------------

secret() { # secret TEXT NAME: what login says to the file
    acme 'client_id = id' "client_secret_file = $HOME/secret"
    run "$TOOL" login --provider acme --no-browser
    like "$rc:$err" "^2:parallel-credential: $1" "secret: $2"
    unlike "$err" 'sesame' "and does not tell it"
}
secret "cannot read $HOME/secret: No such file" "not there"
echo sesame >"$HOME/secret"
for mode in 644 640 604 660 601; do
    chmod $mode "$HOME/secret"
    if [ "$(id -u)" -eq 0 ] && [ $mode = 640 ]; then continue; fi
    secret "$HOME/secret may be read by others; mend it with: chmod 600 $HOME/secret\$" \
        "mode $mode"
done
chmod 600 "$HOME/secret"
mv "$HOME/secret" "$HOME/real"
ln -s real "$HOME/secret"
secret "$HOME/secret is a symbolic link" "a symbolic link"
rm "$HOME/secret"
mkdir "$HOME/secret"
secret "$HOME/secret is not a regular file" "a folder"
rmdir "$HOME/secret"
mkfifo -m 600 "$HOME/secret"
secret "$HOME/secret is not a regular file" "a pipe, which is not waited for"
rm "$HOME/secret"
: >"$HOME/secret"
chmod 600 "$HOME/secret"
secret "$HOME/secret holds no secret" "empty"
printf 'sesame\nsesame2\n' >"$HOME/secret"
secret "$HOME/secret holds more than one line" "two lines"
head -c 3000 /dev/zero | tr '\0' s >"$HOME/secret"
secret "$HOME/secret holds no secret of at most" "too long"

# ---- the example and the manual page -------------------------------------------

conf=$(dirname "$0")/../../conf
new_person
mkdir -p "$HOME/.config"
cp "$conf/parqex.conf.example" "$CONF"
chmod 600 "$CONF"
run "$TOOL" config --json
is "$rc:$err" 0: "the example is a configuration"
is "$(jq -r 'select(.key == "provider.parqex.grant") | .value' <<<"$out")" code \
    "of a provider"
keys=$(jq -r 'select(.key | startswith("provider.")) | .key | split(".")[2]' \
    <<<"$out")
unexplained='' unwritten=''
for each in $keys; do
    grep -Eq "^\\.It Cm (.* , )?$each( |\$)" "$conf/parallel-credential.conf.5" ||
        unexplained="$unexplained $each"
    grep -q "$each" "$conf/parqex.conf.example" || unwritten="$unwritten $each"
done
is "$unexplained" '' "the manual page has every key"
is "$unwritten" ' registration_endpoint revocation_endpoint' \
    "the example has every key that such a service needs"
sed -i "s|^client_secret_file = .*|client_secret_file = $HOME/secret|" "$CONF"
(umask 077 && echo sesame >"$HOME/secret")
run "$TOOL" login --provider parqex --device
is "$rc:$err" "2:parallel-credential: [provider parqex] needs device_authorization_endpoint" \
    "it cannot be signed in to by the device grant"

# ---- two providers side by side ---------------------------------------------

new_person
acme
check "sign in to Parallel" sign_in
parallel=$("$TOOL" token)
check "sign in to acme" sign_in --provider acme
is "$(acme_record .issuer)" "$BASE" "its record has its issuer"
like "$(acme_record .hosts)" 'api.acme.example' "and its hosts"
is "$("$TOOL" token)" "$parallel" "without --provider it is Parallel"
token=$("$TOOL" token --provider acme)
isnt "$token" "$parallel" "with --provider it is the other one"
is "$("$TOOL" token --provider acme)" "$token" "again, from the cache"
is "$("$TOOL" header --provider acme)" "Authorization: Bearer $token" header
run "$TOOL" status --json --provider acme
is "$(jq -r '.provider + " " + .issuer + " " + (.authenticated | tostring)' \
    <<<"$out")" "acme $BASE true" "status --provider"
is "$("$TOOL" status --json | jq -r .provider)" parallel "status without"
like "$("$TOOL" status)" '^Also: acme, ' "which tells of the other"
like "$("$TOOL" status --provider acme)" '^Signed in to acme$' "by its name"
run "$TOOL" balance --provider acme
is "$rc:$err" "2:parallel-credential: acme has no Account API" \
    "no Account API there"
run "$TOOL" token --api-key --provider acme
like "$rc:$err" '^3:.*acme makes no API keys' "and no API keys"
run "$TOOL" exec --provider acme -- sh -c 'cat "$PARALLEL_ACCESS_TOKEN_FILE"'
is "$out" "$token" "exec --provider"

# get answers for its hosts, and for none but its own
for cache in cold warm; do
    [ $cache = warm ] || rm -f "$SESSION"
    ask api.acme.example v1/things
    like "$out" "^password=$token\$" "get: its token, $cache"
    like "$out" '^username=parallel-token$' "as for tokens"
    ask API.acme.example:443 v1
    like "$out" "^password=$token\$" "get: the same address, $cache"
    ask files.acme.example:8443
    like "$out" "^password=$token\$" "get: its other host, $cache"
    ask api.acme.example v2
    is "$rc:$out" 0: "get: another path, $cache"
    ask files.acme.example
    is "$rc:$out" 0: "get: another port, $cache"
    ask api.acme.example v1 'capability[]=authtype'
    like "$out" '^authtype=Bearer$' "get: authtype, $cache"
    run "$TOOL" get < <(request)
    like "$out" "^password=$parallel\$" "get: Parallel's own, $cache"
done

# What the platform issues is renewed as Parallel's is.
before=$(refreshes)
rm -f "$SESSION"
store_set '(.records[] | select(.provider == "acme")).access_token_expires_at = 1000'
old_refresh=$(acme_record .refresh_token)
renewed=$("$TOOL" token --provider acme)
isnt "$renewed" "$token" "an expired token is renewed"
is "$(refreshes)" $((before + 1)) "by one request"
isnt "$(acme_record .refresh_token)" "$old_refresh" "the refresh token rotates"
is "$("$TOOL" token)" "$parallel" "Parallel's stays as it was"
run "$TOOL" refresh --provider acme
is "$rc" 0 "refresh --provider"
isnt "$("$TOOL" token --provider acme)" "$renewed" "renews that one"

# A token goes only to who has issued it.
configure "ca_file = $CA_FILE" '[provider acme]' 'issuer = https://evil.example' \
    'token_endpoint = http://127.0.0.1:9/token'
run "$TOOL" refresh --provider acme
like "$rc:$err" "^2:parallel-credential: \[provider acme\] of the configuration \
is not about $BASE, which has issued this credential; it goes nowhere else\$" \
    "another issuer by the same name"
configure "ca_file = $CA_FILE"
run "$TOOL" refresh --provider acme
is "$rc:$err" \
    "2:parallel-credential: there is no provider acme in the configuration" \
    "the section has gone"
is "$("$TOOL" status --json --provider acme | jq .authenticated)" true \
    "what it has brought is still there"
acme
run "$TOOL" refresh --provider acme
is "$rc" 0 "back again"

# How it is presented is kept with the credential.
acme 'present = basic'
check "sign in with present = basic" sign_in --provider acme
token=$("$TOOL" token --provider acme)
is "$("$TOOL" header --provider acme)" \
    "Authorization: Basic $(printf 'parallel-token:%s' "$token" | base64 -w0)" \
    "header: basic"
for cache in cold warm; do
    [ $cache = warm ] || rm -f "$SESSION"
    ask api.acme.example v1 'capability[]=authtype'
    like "$out" "^password=$token\$" "get: basic, $cache"
    unlike "$out" authtype "never as a Bearer token"
done
acme 'present = x-api-key'
check "sign in with present = x-api-key" sign_in --provider acme
token=$("$TOOL" token --provider acme)
is "$("$TOOL" header --provider acme)" "x-api-key: $token" "header: x-api-key"
ask api.acme.example v1
is "$(grep -c "^username=parallel-key\$\|^password=$token\$" <<<"$out")" 2 \
    "get: x-api-key"

# Signing out of one of them
refresh=$(acme_record .refresh_token)
run "$TOOL" logout --provider acme
is "$rc" 0 "logout --provider"
is "$(stored '[.records[].provider] | join(" ")')" parallel "ends that one"
run curl -sS --noproxy '*' "$BASE/getServiceKeys/token" \
    -d grant_type=refresh_token -d "refresh_token=$refresh"
like "$out" invalid_grant "its refresh token is worth nothing"
is "$("$TOOL" token)" "$parallel" "Parallel's stays"
ask api.acme.example v1
is "$rc:$out" 0: "its hosts get nothing any more"

# Alone: the other provider's is served by its address, never as Parallel's
new_person
acme
check "sign in to acme alone" sign_in --provider acme
run "$TOOL" token
like "$rc:$err" '^3:.*not signed in to Parallel' "it does not stand for Parallel"
for cache in cold warm; do
    [ $cache = warm ] || rm -f "$SESSION"
    ask files.acme.example:8443
    like "$out" '^password=' "get: its host, $cache"
    run "$TOOL" get < <(request)
    is "$out" '' "get: Parallel's, $cache"
done

# ---- git --------------------------------------------------------------------

new_person
acme
run "$TOOL" configure-git --provider acme
is "$rc:$(git config --global --get-all \
    credential.https://api.acme.example.useHttpPath)" 0:true \
    "configure-git --provider: its hosts"
is "$(git config --global --get-regexp '^credential' | grep -vc acme)" 0 \
    "and none but those"
run "$TOOL" configure-git --provider acme --unset
is "$rc:$(git config --global --get-regexp '^credential')" 0: "taken out again"
run "$TOOL" get --provider acme < <(
    printf 'protocol=https\nhost=files.acme.example:8443\n\n'
)
is "$rc:$out:$err" "0::parallel-credential: not signed in to acme; run: \
parallel-credential login --provider acme" "get for its host: sign in first"
run "$TOOL" get --provider acme < <(request)
is "$rc:$out:$err" 0:: "get for Parallel's: nothing, and nothing is said"
run "$TOOL" import-parallel-cli --provider acme
like "$rc:$err" "^2:.*is Parallel's, not acme's" "import-parallel-cli"

# ---- metadata ----------------------------------------------------------------

# By its issuer alone: the sandbox is an OAuth provider, whose token neither
# expires nor can be renewed.
new_person
configure "ca_file = $CA_FILE" '[provider keys]' "issuer = $BASE" \
    'scopes = key:read' 'hosts = api.keys.example'
check "a provider by its issuer alone: sign in" sign_in --provider keys
is "$(stored '.records[0].token_endpoint')" "$BASE/getKeys/token" \
    "its endpoints are kept"
token=$("$TOOL" token --provider keys)
is "$(control check "{\"api_key\":\"$token\"}" | jq .valid)" true "what it gave"
run "$TOOL" get < <(
    printf 'protocol=https\nhost=api.keys.example\n\n'
)
like "$out" "^password=$token\$" "get: no expiry"
unlike "$out" expiry "and none is told"
run "$TOOL" refresh --provider keys
like "$rc:$err" '^3:.*the sign-in to keys .*login --provider keys$' \
    "no refresh token: sign in again"
configure "ca_file = $CA_FILE" '[provider keys]' "issuer = $BASE/other" \
    'scopes = key:read'
run "$TOOL" login --provider keys
like "$rc:$err" '^4:.*has no token_endpoint, and http.*well-known/oauth-authorization-server/other answered 404' \
    "no metadata there"

# ---- api_key = provider -------------------------------------------------------

new_person
configure "ca_file = $CA_FILE" 'api_key = provider'
check "api_key = provider: sign in" sign_in
key=$("$TOOL" token --api-key)
is "$(control check "{\"api_key\":\"$key\"}" | jq .valid)" true \
    "one approval brings an API key"
is "$(stored '.records[0] | [.access_token, .refresh_token] | tostring')" \
    '[null,null]' "and no tokens"
is "$("$TOOL" status --json | jq -c '[.authenticated, .api_key]')" '[true,true]' \
    status
like "$("$TOOL" status)" '^Signed in to Parallel, with an API key alone$' "status in words"
like "$("$TOOL" env --sh)" "PARALLEL_API_KEY='?$key" env
run "$TOOL" token
like "$rc:$err" '^3:.*an API key and no access token.*token --api-key' \
    "there is no access token"
check "signing in again replaces it" sign_in
isnt "$("$TOOL" token --api-key)" "$key" "by a new one"
run "$TOOL" logout
is "$rc:$(stored '.records | length')" 0:0 logout
configure "ca_file = $CA_FILE"
check "with account tokens after it" sign_in
like "$(stored '.records[0].api_key_name')" parallel-credential "a key is made"
configure "ca_file = $CA_FILE" 'api_key = provider'
check "and a key from the provider again" sign_in
is "$("$TOOL" token --api-key | wc -l)" 1 "it is there"

# The same issuer for two providers
new_person
acme
check "sign in to acme" sign_in --provider acme
use_http
run "$TOOL" login --no-browser
like "$rc:$err" '^2:.*a credential of the same issuer is stored for the provider acme' \
    "one issuer, one provider"
finish
