#!/bin/bash
# logout = revoke: what the last logout runs, and the next login after it. All
# sign-ins end at once; what the service could not be told is not lost.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"
keyring_needs
own_home "$0"
start_sandbox --seed-org org_beta:Beta

# person [LINE...]: who approves at once, with these in the configuration
person() {
    fresh
    passwd_home "$HOME"
    configure 'logout = revoke' "$@"
}
# alive: refresh tokens and API keys that are good
alive() {
    state '[(.families, .api_keys) | map(select(.alive)) | length] | join(" ")'
}
# left: records in the file, and how many credentials have ended
left() {
    stored '[(.records | length), (.ended // [] | length)] | join(" ")'
}
end_it() {
    run timeout -k 1 30 "$TOOL" session-end "$@"
}
# is_out NAME: nobody gets anything
is_out() {
    run "$TOOL" token
    is "$rc $out" "3 " "$1: no token"
    run "$TOOL" token --api-key
    is "$rc $out" "3 " "$1: no key"
    is "$(grep -cE '^(access_token|api_key)=' "$SESSION")" 0 \
        "$1: the session cache has none"
}

# ---- the key logout ------------------------------------------------------------

person
like "$("$TOOL" config)" "^logout = revoke  ; $CONF:1\$" "config shows it"
configure 'logout = sometimes'
run "$TOOL" token
like "$rc $err" "^2 .*$CONF:1: logout: must be keep or revoke\$" "a bad value"
configure '#'
like "$("$TOOL" config)" '^logout = keep  ; default$' "keep is the default"
enter
before=$(cat "$STORE")
end_it
is "$rc $out$err $(alive)" "0  1 1" "keep: nothing happens"
is "$(cat "$STORE")" "$before" "nor to the store"

# ---- nobody has signed in --------------------------------------------------------

person
end_it
is "$rc $out$err" "0 " "nobody is signed in: nothing"
check "and nothing is made" [ ! -e "$STATE" ]
end_it --retry
is "$rc $out$err" "0 " "nor by the next login"

# ---- everything ends --------------------------------------------------------------

acme_section "$HTTP_PLATFORM_URL/acme" 'hosts = files.acme.example'
person "${acme_section[@]}"
enter
control config '{"approve_after":null}' >"$WORK/control.out"
sign_in_for org_beta
control config '{"approve_after":0}' >"$WORK/control.out"
run "$TOOL" login --provider acme --no-browser </dev/null
printf 'protocol=https\nhost=git.example\nusername=me\npassword=mine\n\n' |
    "$TOOL" store --any-host
is "$(alive) $(left)" "3 2 4 0" "two organizations, a provider, a host of git's"
end_it
is "$rc $out$err" "0 " "the session ends"
is "$(alive) $(left)" "0 0 1 0" "all is revoked and deleted"
is_out "ended"
like "$(printf 'protocol=https\nhost=git.example\n\n' |
    "$TOOL" get --any-host)" '^password=mine$' "what git keeps here stays"
check "and the next login may ask" [ ! -e "$STATE/prompt" ]
person
enter
run "$TOOL" logout
check "which it may not after a logout by hand" grep -q declined "$STATE/prompt"

# ---- the service does not answer -------------------------------------------------------

person 'connect_timeout = 1s'
enter
kill -STOP "$sandbox_pid"
begin=$(date +%s%3N)
end_it
check "nobody answers: soon over" [ $(($(date +%s%3N) - begin)) -lt 5000 ]
like "$rc $err" '^4 .*signed out on this machine; the service is told later: ' \
    "and it is said"
is "$(left)" "1 1" "the record is kept"
is_out "nobody answers"
run "$TOOL" status
like "$rc $out" '^3 .*not signed in' "status: signed out"
like "$out" '  to revoke +1 sign-in that ended with a session' \
    "status: what is to be revoked"
unlike "$out" 'to delete' "status: nothing for a person to do"
run "$TOOL" status --json
is "$(jq -c '[.authenticated, .to_revoke]' <<<"$out")" '[false,1]' \
    "status --json, too"
end_it --retry
is "$rc $(left)" "4 1 1" "still nobody answers: still kept"
kill -CONT "$sandbox_pid"
run "$TOOL" refresh --all --keep-alive
is "$rc $(alive) $(left)" "0 0 0 0 0" "the timer tells it as well"

# The end of it, without waiting for the service: what ended has ended.
person 'connect_timeout = 1s'
enter
kill -STOP "$sandbox_pid"
"$TOOL" session-end 2>"$WORK/end.err" &
ending=$!
is_marked() {
    [ "$(left)" = "1 1" ]
}
check "it is on the disk" wait_until 10 is_marked
check "before the service is asked" kill -KILL "$ending"
{ wait "$ending"; } 2>"$WORK/check.out"
is_out "killed"
kill -CONT "$sandbox_pid"
end_it --retry
is "$rc $(alive) $(left)" "0 0 0 0 0" "killed: the next login tells the service"

# A disk that takes nothing: it cannot be noted, but the service is told.
person
enter
out=$(ulimit -f 0 && "$TOOL" session-end 2>&1)
like "$? $out" '^4 .*no room to write' "a disk that is full: it is said"
is "$(alive) $(left)" "0 0 1 0" "the service is told all the same"
run "$TOOL" refresh
is "$rc" 3 "and nothing comes of what is stored"

# Half of it: the key is deleted, and the token is not revoked.
person
enter
trouble '{"endpoint":"revoke","kind":"status"}'
end_it
is "$rc $(alive) $(left)" "4 1 0 1 1" "the key is deleted, no more: kept"
end_it --retry
is "$rc $(alive) $(left)" "0 0 0 0 0" "the rest comes with the next login"

# The next approval comes first.
person
enter
trouble '{"endpoint":"keys","kind":"status"}'
end_it
is "$rc $(alive) $(left)" "4 1 1 1 1" "the service fails: the token has to live on"
old=$(stored '.records[0].refresh_token')
enter
run "$TOOL" token --api-key
is "$(alive) $(left)" "1 1 1 0" \
    "signed in anew: the old token is revoked, the old key deleted"
isnt "$(stored '.records[0].refresh_token')" "$old" "it is another token"
end_it
is "$(alive) $(left)" "0 0 0 0" "and ends as the one before"

# A key that was pasted is not the service's to be told of.
person
printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
    "${HTTP_API_URL#http://}" pasted | "$TOOL" store
is "$("$TOOL" token --api-key)" pasted "a key that a person has pasted"
end_it
is "$rc $(left)" "0 0 0" "goes, too"

# Refused already: nothing to tell, but for the key, which is named.
person
enter
control revoke "{\"family\":$(state '.families[-1].family')}" \
    >"$WORK/control.out"
expire_token
end_it
is "$rc $(left)" "0 0 0" "refused before: it goes"
like "$("$TOOL" status)" '  to delete +".*" is not used any more' \
    "the key that nobody can delete is named"

# ---- in the keyring ----------------------------------------------------------------------

keyring_person
configure 'logout = revoke' 'store = secret-service'
bus_start
keyring_start
enter
is "$(items) $(alive)" "1 1 1" "the credential lies in the keyring"
end_it
is "$rc $(items) $(alive) $(left)" "0 0 0 0 0 0" "it ends there"

enter
keyring_lock
end_it
like "$rc $err" '^4 .*locked' "locked: it cannot be revoked now"
is "$(stored '.ended | length') $(alive)" "1 1 1" "but has ended"
keyring_unlock
is_out "locked then, and open now"
end_it --retry
is "$rc $(items) $(alive) $(left)" "0 0 0 0 0 0" "the next login tells it"

enter
keyring_stop
end_it
is "$rc $(stored '.ended | length') $(alive)" "4 1 1 1" "the keyring has gone: the same"
keyring_start
end_it --retry
is "$rc $(items) $(alive) $(left)" "0 0 0 0 0 0" "and the next login tells it"
bus_stop
finish
