#!/bin/bash
# A login through the PAM library and the module, with the real front and
# broker: the code is shown, the login goes on, the approval is noticed in
# the background; one code a user, the pauses, the announcement.
# shellcheck source=../pam/pam.sh
. "$(dirname "$0")/../pam/pam.sh"
start_sandbox
control config '{"interval":1}' >/dev/null

# newcomer NAME: a person with the sandbox in the configuration
newcomer() {
    person "$1"
    STATE_OF=$HOME_OF/.local/state/parallel-credential
    mkdir -p "$HOME_OF/.config"
    printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" \
        "api_url = $HTTP_API_URL" "connect_timeout = 1s" \
        >"$HOME_OF/.config/parallel-credential.conf"
    give "$HOME_OF/.config"
}
# as_person COMMAND...: a program of the last newcomer's
as_person() {
    local me=()
    if is_root; then
        me=(setpriv --reuid="$UID_OF" --regid="$UID_OF" --clear-groups)
    else
        me=("${as_login[@]}")
    fi
    "${me[@]}" env -i HOME="$HOME_OF" PATH="$PATH" LC_ALL=C.UTF-8 "$@"
}
has_token() {
    as_person "$TOOL" token >/dev/null 2>&1
}
codes() {
    state .requests.code
}
pollers() {
    pgrep -c -f 'session-poll --polling' || :
}
no_pollers() {
    [ "$(pollers)" -eq 0 ]
}
shown_code() {
    grep -oE '[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}' <<<"$out" |
        tail -n 1
}
# field_of FILE KEY / set_field FILE KEY VALUE: a state file of the person's
field_of() {
    sed -n "s/^$2=//p" "$STATE_OF/$1" 2>/dev/null
}
set_field() {
    sed -i "s/^$2=.*/$2=$3/" "$STATE_OF/$1"
    give "$STATE_OF"
}
now_ms() {
    echo $((${EPOCHREALTIME/[^0-9]/} / 1000))
}
poll_due() {
    [ "$(now_ms)" -gt "$(field_of pending next_poll)" ]
}
service login
service wait wait=20
service brief wait=1

# ---- the first login -----------------------------------------------------------

newcomer first
login_start one first open env gate close
login_reach one
is "$(result open)" PAM_SUCCESS "the first login goes on"
is "$(said say | wc -l)" 1 "what is shown is one message"
code=$(shown_code)
like "$out" "$HTTP_PLATFORM_URL/device\?user_code=$code" \
    "address and code are in it"
unlike "$(said say)" '\\x1b' "and no escape sequence"
is "$(said env)" "" "no key, no environment"
is "$(pollers)" 1 "one poller waits in the background"
is "$(as_person "$TOOL" status --json | jq -r .pending.user_code)" "$code" \
    "status tells of the code"
is "$(stat -c %a "$STATE_OF/pending")" 600 "pending is for the person alone"

login_start two first open gate close
login_reach two
is "$(shown_code)" "$code" "a second login shows the same code"
is "$(codes):$(pollers)" 1:1 "one code, one poller for both"
login_end two

control approve "{\"user_code\":\"$code\"}" >/dev/null
check "the approval is noticed while the session lives" \
    wait_until 20 has_token
check "the poller ends" wait_until 20 no_pollers
login_end one
drive first open close
like "$out" "now connected to Parallel as Acme" \
    "the next login says that the account is connected"
like "$out" "parallel-credential logout" "and how to undo it"
drive first open close
is "$(said say)" "" "once"
is "$(state .polls_too_fast)" 0 "no poll came too soon"

# ---- the end of a session -------------------------------------------------------

newcomer second
login_start one second open gate close
login_reach one
code=$(shown_code)
login_end one
check "close_session ends the poller" wait_until 20 no_pollers
is "$(as_person "$TOOL" status --json | jq -r .pending.user_code)" "$code" \
    "the code is still pending"
control approve "{\"user_code\":\"$code\"}" >/dev/null
wait_until 10 poll_due
before=$(codes)
drive second open close
like "$out" "now connected to Parallel" \
    "an approval after the session is found at the next login"
is "$(codes)" "$before" "without another code"

newcomer third
login_start one third open gate close
login_reach one
code=$(shown_code)
kill -KILL "${login_pid[one]}" 2>/dev/null
pkill -KILL -f "driver --confdir" 2>/dev/null
check "the death of the login program ends the poller" \
    wait_until 20 no_pollers
control approve "{\"user_code\":\"$code\"}" >/dev/null
check "a token asked for later finds the approval" wait_until 20 has_token

# ---- environment ----------------------------------------------------------------

key=$(control key '{"org_id":"org_acme"}' | jq -r .api_key)
printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
    "${HTTP_API_URL#*://}" "$key" | as_person "$TOOL" store
drive third open env close
is "$(said env | grep ^PARALLEL_API_KEY=)" "PARALLEL_API_KEY=$key" \
    "a stored key is in the environment of the session"
is "$(said env | grep -vc '^PARALLEL_')" 0 "and nothing else"
echo 'export_environment = no' >>"$HOME_OF/.config/parallel-credential.conf"
drive third open env close
is "$(said env)" "" "not with export_environment = no"

# ---- renewing --------------------------------------------------------------------

jq '.records[].access_token_expires_at = 1000' "$STATE_OF/store.json" \
    >"$STATE_OF/edit" && mv "$STATE_OF/edit" "$STATE_OF/store.json"
chmod 600 "$STATE_OF/store.json"
give "$STATE_OF"
rm -f "$STATE_OF/session"
control trouble \
    '{"endpoint":"token:refresh","kind":"gate","times":1}' >/dev/null
before=$(refreshes)
drive third open close
is "$(result open)" PAM_SUCCESS \
    "an expired token: the login does not wait for the service"
check "the renewal is under way behind it" curl -sS --fail --max-time 30 \
    "$CONTROL_URL/gate/wait?count=1&ms=20000"
control gate/open '{"stay_open":true}' >/dev/null
renewed() { [ "$(refreshes)" -gt "$before" ]; }
check "and done" wait_until 20 renewed
drive third silent-open close
is "$(result silent-open):$(said say)" PAM_SUCCESS: "PAM_SILENT: nothing shown"

# ---- holding the login -------------------------------------------------------------

newcomer fourth
control approve '{"user_code":"any","wait_ms":20000}' >"$WORK/a" 2>&1 &
drive fourth --service wait --locale C.UTF-8 open env close
is "$(result open)" PAM_SUCCESS "wait=: the login is held"
like "$out" "Waiting for your approval" "and says so"
like "$out" "now connected to Parallel" "the approval is noticed by itself"
within 15000 open "and the login goes on before the time is over"
newcomer fifth
drive fifth --service brief open close
like "$out" "No approval so far" "wait=: at its end the login goes on"
newcomer sixth
drive sixth --service wait tty:ssh open close
within 5000 open "wait= does not hold sshd, which shows messages later"

# ---- when not to ask ---------------------------------------------------------------

newcomer seventh
drive seventh silent-open close
is "$(said say):$(test -e "$STATE_OF/pending" && echo pending)" ":" \
    "PAM_SILENT asks for no code"
login_start one seventh open gate close
login_reach one
control deny "{\"user_code\":\"$(shown_code)\"}" >/dev/null
declined() { [ -n "$(field_of prompt declined)" ]; }
check "a refusal is noted" wait_until 20 declined
login_end one
before=$(codes)
drive seventh open close
is "$(codes):$(said say)" "$before:" "after it, no login asks again"
as_person "$TOOL" logout >/dev/null 2>&1
drive seventh open close
is "$(codes)" "$before" "nor after a logout"

newcomer eighth
login_start one eighth tty:tty1 open gate close
login_reach one
before=$(codes)
control expire "{\"user_code\":\"$(shown_code)\"}" >/dev/null
unused() { [ "$(field_of prompt unused)" = 1 ]; }
check "a code that nobody used is noted" wait_until 20 unused
login_end one
drive eighth open close
is "$(codes)" "$before" "for a while there is no other"
is "$(field_of prompt wait)" 3600000 "for prompt_backoff, an hour"
set_field prompt not_before "$(($(now_ms) - 1))"
login_start one eighth tty:tty1 open gate close
login_reach one
is "$(codes)" $((before + 1)) "then there is"
control expire "{\"user_code\":\"$(shown_code)\"}" >/dev/null
unused_twice() { [ "$(field_of prompt unused)" = 2 ]; }
check "a second one is noted" wait_until 20 unused_twice
is "$(field_of prompt wait)" 14400000 "and the pause is four hours"
login_end one
set_field prompt not_before "$(($(now_ms) + 100000000000))"
before=$(codes)
drive eighth open close
is "$(codes)" $((before + 1)) \
    "a pause that lies further off than it is long is void"
check "its poller ends" wait_until 20 no_pollers

newcomer ninth
login_start one ninth tty:ssh open gate close
login_reach one
control expire "{\"user_code\":\"$(shown_code)\"}" >/dev/null
held() { [ "$(field_of prompt wait)" = 600000 ]; }
check "under sshd perhaps nobody saw it: ten minutes" wait_until 20 held
login_end one

# ---- trouble -------------------------------------------------------------------------

newcomer tenth
control trouble '{"endpoint":"any","kind":"hang","times":-1}' >/dev/null
drive tenth open close
is "$(result open)" PAM_SUCCESS "a mute service refuses no login"
within 3000 open "and holds it no longer than connect_timeout"
drive tenth open close
within 900 open "and the next one not at all"
control trouble '{"clear":true}' >/dev/null
like "$out" "PAM_SUCCESS" "which goes on as well"

# ---- many ------------------------------------------------------------------------------

newcomer crowd
before=$(codes)
for ((i = 0; i < 20; i++)); do
    login_start "many$i" crowd open gate close
done
seen=''
for ((i = 0; i < 20; i++)); do
    login_reach "many$i"
    seen+="$(shown_code)"$'\n'
done
is "$(($(codes) - before))" 1 "20 logins at once: one code"
is "$(sort -u <<<"$seen" | grep -c .)" 1 "which all of them show"
is "$(pollers)" 1 "and one poller"
for ((i = 0; i < 20; i++)); do
    login_end "many$i"
done
check "none is left" wait_until 20 no_pollers
is "$(state .polls_too_fast)" 0 "no poll came too soon"
finish
