#!/bin/bash
# The PAM module with the true front and broker, against the sandbox: a
# person logs in, and is connected.
# shellcheck source=../pam/pam.sh
. "$(dirname "$0")/../pam/pam.sh"
speaking_sanitizers
start_sandbox
control config '{"interval":1}' >/dev/null
# The login program's environment: the module must not heed it.
export PARALLEL_PLATFORM_URL=https://evil.example PARALLEL_API_KEY=evil

# ---- people of the sandbox ---------------------------------------------------

# newcomer NAME [LINE...]: a person who uses the sandbox, with further lines
# of configuration
newcomer() {
    person "$1"
    shift
    settle_in "$@"
}
# settle_in [LINE...]: the last person does, and what they have lies here
settle_in() {
    mkdir -p "$HOME_OF/.config"
    CONF=$HOME_OF/.config/parallel-credential.conf
    printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
        "service_api_url = $HTTP_SERVICE_API_URL" \
        "api_url = $HTTP_API_URL" "$@" >"$CONF"
    chmod 600 "$CONF"
    give "$HOME_OF/.config"
    STATE=$HOME_OF/.local/state/parallel-credential
    STORE=$STATE/store.json PENDING=$STATE/pending PROMPT=$STATE/prompt
}
# runtime: the last person has one, as a login of systemd's makes it
runtime() {
    RUNTIME=/run/user/$UID_OF
    rm -rf "$RUNTIME"
    mkdir -m 700 "$RUNTIME" && give "$RUNTIME"
}
# as_person COMMAND...: in the session of the last person
as_person() {
    local who=("${as_login[@]+"${as_login[@]}"}")
    is_root && who=(setpriv --reuid="$UID_OF" --regid="$UID_OF" --clear-groups)
    "${who[@]}" env -i HOME="$HOME_OF" PATH="$PATH" LC_ALL=C.UTF-8 \
        ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"} "$@"
}
# get: what git is told, in $out and $err
get() {
    local host=${HTTP_PLATFORM_URL#*://}
    printf 'protocol=http\nhost=%s\n\n' "$host" >"$WORK/request"
    run as_person "$TOOL" get <"$WORK/request"
}
password() {
    sed -n 's/^password=//p' <<<"$out"
}
gets() {
    get
    [ -n "$(password)" ]
}
is_good() {
    [ "$(control check "{\"access_token\":\"$1\"}" | jq -r .valid)" = true ]
}
approve() {
    control approve "{\"user_code\":\"${1-any}\",\"wait_ms\":20000}" >/dev/null
}
# connected: something was stored
connected() {
    [ "$(jq '.records | length' "$STORE" 2>/dev/null)" -gt 0 ] 2>/dev/null
}
# sign_in_person: by hand, approved at once
sign_in_person() {
    local login code
    rm -f "$WORK/login.out"
    as_person "$TOOL" login --json --no-browser >"$WORK/login.out" \
        2>"$WORK/login.err" </dev/null &
    login=$!
    wait_until 20 grep -qs user_code "$WORK/login.out" || return
    code=$(head -n 1 "$WORK/login.out" | jq -r .user_code)
    approve "$code"
    wait "$login"
}
# changed FILE KEY VALUE...: in a file of lines KEY=VALUE; an empty value
# takes the line away
changed() {
    local file=$1
    shift
    while [ $# -gt 1 ]; do
        sed -i "/^$1=/d" "$file"
        [ -z "$2" ] || sed -i "1i $1=$2" "$file"
        shift 2
    done
    if is_root; then chown "$UID_OF:$UID_OF" "$file"; fi
}
value() {
    sed -n "s/^$2=//p" "$1" 2>&1
}
# working WORD: the processes of ours with this argument that are alive
working() {
    ps -ww -eo pid=,stat=,args= | awk -v word="$1" '
        $2 !~ /^Z/ && $3 == "parallel-credential" && $4 ~ word { print $1 }'
}
pollers() {
    working '^session-poll$'
}
count_pollers() {
    pollers | wc -l
}
no_poller() {
    [ "$(count_pollers)" -eq 0 ]
}
requests() {
    state ".requests.$1"
}
# What was shown, as on the terminal, and the code in it.
shown() {
    printf '%b\n' "$(said "say info")"
}
code_of() {
    shown | grep -Eo '[A-Z0-9]{4}-[A-Z0-9]{4}$' | head -n 1
}
# lasted LEAST MOST NAME: the time that open took, in ms
lasted() {
    is "$(awk -v ms="$(took open)" -v least="$1" -v most="$2" \
        'BEGIN { print (ms >= least && ms <= most) ? "" : "no" }' </dev/null)" '' \
        "$3: $(took open) ms"
}
# Times on a busy machine are measured generously; these are not what is
# promised, but far from what would be waited for otherwise.
soon=1000
[ -z "${SANITIZED-}" ] || soon=6000
service login timeout=20
service wait timeout=20 wait=20
service wait1 timeout=20 wait=1

# How the person's files and processes look from here.
their_uid() {
    if is_root; then echo "$UID_OF"; else echo 0; fi
}

# ---- the first login ---------------------------------------------------------

newcomer ann
runtime
login_start 1 ann tty:tty1 open env gate close state
login_reach 1
is "$(result open)" PAM_SUCCESS "the first login goes on"
lasted 0 $soon "at once"
is "$(said "say info" | wc -l)" 1 "it says one thing"
code=$(code_of)
is "$code" "$(state '.pending[0].user_code')" "the code"
is "$(shown)" "To connect this account to Parallel, open
    $HTTP_PLATFORM_URL/device?user_code=$code
and approve, if the page shows the code $code
There is no need to wait for it." "address and code, as a person reads them"
is "$(said env)" '' "there is nothing for the environment yet"
is "$(count_pollers)" 1 "one broker waits"
is "$(stat -c '%a %u' "$STATE" "$PENDING")" "700 $(their_uid)
600 $(their_uid)" "what is pending: 0600 and theirs"
is "$(find "$HOME_OF" "$RUNTIME" ! -uid "$(their_uid)")" '' \
    "nothing is not theirs"

poller=$(pollers)
unlike "$(tr '\0' ' ' <"/proc/$poller/cmdline")" "$code|sdc_|$HTTP_PLATFORM_URL" \
    "no code on its command line"
# While it asks, it holds signals back.
at_rest() {
    status=$(cat "/proc/$poller/status") &&
        [ "$(status_of SigBlk)" = 0000000000000000 ]
}
# status_of NAME
status_of() {
    awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' \
        <<<"$status"
}
check "between its requests no signal is blocked" wait_until 10 at_rest
if is_root; then
    is "$(tr '\0' '\n' <"/proc/$poller/environ" | grep -v SAN_OPTIONS)" \
        "HOME=$HOME_OF
USER=ann
LOGNAME=ann" "its environment is the person's, and nothing of the login's"
    group=$(group_of)
    is "$(status_of Uid)" "$UID_OF $UID_OF $UID_OF $UID_OF" "all its uids"
    is "$(status_of Gid)" "$group $group $group $group" "all its gids"
    is "$(status_of Groups)" '' "no other group"
    is "$(status_of CapPrm)$(status_of CapEff)$(status_of CapAmb)" \
        "$(printf '%048d' 0)" "no capability"
    is "$(find "/proc/$poller/fd" -type l -printf '%f %l\n' |
        sed 's/pipe:.*/pipe/' | sort |
        grep -v '/parallel-credential\(/polling\)*$')" '0 /dev/null
1 pipe
2 /dev/null' "its descriptors: nothing, the pipe, nothing; and what is its own"
    is "$(readlink "/proc/$poller/cwd")" / "its folder"
else
    skip "its environment, uids, gids, groups, capabilities, descriptors" \
        "needs root"
fi
if [ -z "${SANITIZED-}" ]; then
    # A process that cannot be dumped is root's for /proc.
    isnt "$(stat -c %u "/proc/$poller/mem")" "$(their_uid)" \
        "it cannot be dumped"
    # Signals 32 and 33 are the C library's: whoever was started with
    # posix_spawn() ignores them, and so do all that come from there.
    is "$(printf %x $((0x$(status_of SigIgn) & ~0x180000000)))" 1001000 \
        "SIGPIPE and SIGXFSZ are all that is ignored"
else
    skip "it cannot be dumped" "the sanitizers need it otherwise"
    skip "SIGPIPE and SIGXFSZ are all that is ignored" "not with sanitizers"
fi
is "$(ps -o sid= -p "$poller" | tr -d ' ')" "$poller" \
    "it leads a session of its own"
like "$(status_of Umask)" 077 "its umask"

# ---- the approval ------------------------------------------------------------

get
is "$rc:$(password)" 0: "before the approval get has nothing"
approve "$code"
check "the poller notices" wait_until 20 connected
get
check "and the very next get answers" is_good "$(password)"
is "$(state .polls_too_fast)" 0 "no poll came too early"
check "the poller ends, for it has nothing to do" wait_until 10 no_poller
is "$(stat -c '%a %u' "$STORE")" "600 $(their_uid)" \
    "the store: 0600 and theirs"
[ -e "$PENDING" ]
is $? 1 "nothing is pending any more"
login_end 1
is "$rc:$(result close):$(field children)" 0:PAM_SUCCESS:none "logout"

drive ann silent-open close
is "$(said say)" '' "a silent login says nothing about it"
drive ann tty:tty1 open close open
like "$(shown)" \
    '^This account is now connected to Parallel as Acme \(approved 20..-..-.. ..:..\)\.$' \
    "the next login announces it"
is "$(shown | tail -1)" \
    "If that was not you, undo it: parallel-credential logout" \
    "and how to undo it"
is "$(said "say info" | wc -l)" 1 "once"
drive ann tty:tty1 state open env close state
is "$(said say)$(said log)" '' "after that nothing is said"
like "$(said env | sort | paste -sd,)" \
    '^PARALLEL_API_KEY=sak_[^,]+,PARALLEL_CREDENTIAL_KEY_ID=[0-9a-f-]{36}$' \
    "the session has the API key that was made, and its id"
is "$(states | sort -u | wc -l):$(field children)" 1:none "nothing is left"
is "$(stat -c '%a %u' "$RUNTIME/parallel-credential/session")" \
    "600 $(their_uid)" "the session cache: 0600 and theirs"

# ---- the environment ---------------------------------------------------------

paste_key() {
    printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
        "${HTTP_API_URL#*://}" key-of-ann | as_person "$TOOL" store
}
paste_key
drive ann open env
is "$(said env | sort | head -1)" PARALLEL_API_KEY=key-of-ann \
    "the key is in the session's environment, from the store"
is "$(said env | sort | tail -n +2)" PARALLEL_CREDENTIAL_KEY_ID=pasted \
    "and what tells that it is ours, and nothing else"
drive ann open env
is "$(said env | sort | head -1)" PARALLEL_API_KEY=key-of-ann \
    "from the cache, too"
settle_in 'export_environment = no'
drive ann open env
is "$(result open):$(said env)" PAM_SUCCESS: "not with export_environment = no"
drive ann open env
is "$(said env)" '' "nor from the cache"
settle_in
drive ann silent-open env
is "$(said env | sort | head -1)" PARALLEL_API_KEY=key-of-ann "silently, too"

# ---- the token has expired ---------------------------------------------------

# expire_token: in store and cache
expire_person() {
    jq '.records[].access_token_expires_at = 1000' "$STORE" >"$STORE.edit"
    chmod 600 "$STORE.edit"
    give "$STORE.edit"
    mv "$STORE.edit" "$STORE"
    rm -f "$RUNTIME/parallel-credential/session" "$STATE/session"
}
# renewed COUNT: the service was asked so often
renewed() {
    curl -sS --noproxy '*' --max-time 60 -o "$WORK/wait.out" \
        "$CONTROL_URL/wait?counter=token_refresh&at_least=$1&ms=20000"
    [ "$(requests token_refresh)" -eq "$1" ]
}
# fresh_person: with a token that is
fresh_person() {
    [ "$(jq '.records[0].access_token_expires_at > now * 1000' "$STORE")" = \
        true ]
}
before=$(requests token_refresh)
control trouble '{"endpoint":"token:refresh","kind":"gate"}' >/dev/null
expire_person
drive ann tty:tty1 state open env close state
is "$(result open):$(said env | sort | head -1)" \
    PAM_SUCCESS:PARALLEL_API_KEY=key-of-ann "expired: the session starts"
lasted 0 $soon "while the service has not answered"
is "$(said say)" '' "nothing is said"
is "$(states | sort -u | wc -l):$(field children)" 1:none "nothing is left"
check "the renewal has begun, in the background" renewed $((before + 1))
control gate/open '{"stay_open":true}' >/dev/null
check "and is kept" wait_until 20 fresh_person
# quiet_now: nothing of ours works
quiet_now() {
    [ -z "$(working .)" ]
}
check "the broker ends" wait_until 20 quiet_now
for each in "silent-open" setcred:reinit setcred:refresh; do
    expire_person
    before=$(requests token_refresh)
    drive ann "$each"
    is "$(result "${each%:*}"):$(said say)" PAM_SUCCESS: "$each: nothing is shown"
    check "$each renews" renewed $((before + 1))
    check "$each: it is kept" wait_until 20 fresh_person
    check "$each: the broker ends" wait_until 20 quiet_now
done
expire_person
before=$(requests token_refresh)
drive ann setcred:est setcred:delete auth close
check "other calls start nothing" quiet_now
is "$(requests token_refresh)" "$before" "and ask nothing"
# From here on there is none: where all have one uid, it would be shared.
rm -rf "$RUNTIME"

# ---- two sessions, and their ends --------------------------------------------

newcomer bob
login_start 1 bob tty:tty1 open gate close
login_reach 1
first=$(code_of)
codes=$(requests code)
login_start 2 bob tty:tty2 open gate close state
login_reach 2
is "$(code_of)" "$first" "a second login shows the same code"
is "$(count_pollers)" 1 "one broker waits for both"
login_end 2
is "$(count_pollers)" 1 "the second one goes, the broker stays"
login_end 1
check "the session that it belongs to goes, and the broker" \
    wait_until 10 no_poller
is "$(value "$PENDING" user_code)" "$first" "the code stays"
login_start 3 bob tty:tty1 open gate
login_reach 3
is "$(code_of)" "$first" "a later login shows it again"
is "$(count_pollers)" 1 "and waits for it"
kill -KILL "${login_pid[3]}"
check "a killed login program takes its broker with it" wait_until 10 no_poller
wait "${login_pid[3]}" 2>/dev/null
drive bob tty:tty1 state open open close state
is "$(result open)" "PAM_SUCCESS PAM_SUCCESS" "open twice"
is "$(said "say info" | sort -u | wc -l)" 1 "shows the same"
is "$(states | sort -u | wc -l):$(field children)" 1:none "and leaves nothing"
check "no broker either" wait_until 10 no_poller
is "$(requests code)" "$codes" "one code for all of them"
approve "$first"
check "approved while nobody waits: the next get asks" wait_until 20 gets
check "and answers" is_good "$(password)"
drive bob tty:tty1 open
like "$(shown)" "now connected to Parallel as Acme" "the next login announces it"

newcomer carl
drive carl tty:tty1 open close
check "nobody waits" wait_until 10 no_poller
approve "$(code_of)"
# The interval has to pass.
sleep_until_poll() {
    [ "$(value "$PENDING" next_poll)" -le "$(date +%s%3N)" ]
}
check "the interval passes" wait_until 10 sleep_until_poll
drive carl tty:tty1 open env
like "$(shown)" "now connected to Parallel as Acme" \
    "approved while nobody waits: the next login notices, at its start"
gets
check "and get answers" is_good "$(password)"
is "$(state .polls_too_fast)" 0 "no poll came too early"

# ---- silent ------------------------------------------------------------------

newcomer dora
codes=$(requests code)
drive dora silent-open env close
is "$(result open):$(said say)$(said env)$(said log)" : "nothing is said"
drive dora setcred:reinit setcred:refresh
is "$(requests code)" "$codes" "PAM_SILENT: no code is asked for"
[ -e "$PENDING" ]
is $? 1 "nothing is pending"
no_poller
is $? 0 "nobody waits"

# ---- wait= -------------------------------------------------------------------

newcomer emil
login_start 1 emil --service wait --locale C.UTF-8 tty:tty1 open env gate close
check "wait: the code is shown at once" \
    wait_until 20 grep -qs '^say info' "$WORK/out.1"
out=$(cat "$WORK/out.1")
like "$(shown)" "Waiting for your approval" "it says that it waits"
is "$(shown | grep -cE '^ *[█▀▄ ]{25,}$')" "$(shown | grep -c '[█▀▄]')" \
    "with a picture"
[ "$(shown | grep -c '[█▀▄]')" -gt 12 ]
is $? 0 "of some lines"
unlike "$(shown)" '\?$' "that got through whole"
is "$(result open)" '' "and the login is held"
approve "$(code_of)"
login_reach 1
is "$(result open)" PAM_SUCCESS "approved: it goes on"
lasted 0 15000 "before the time is over"
like "$(shown)" "now connected to Parallel as Acme" "and says so"
gets
check "get answers" is_good "$(password)"
login_end 1
drive emil tty:tty1 open
is "$(said say)" '' "it is not announced again"
paste_key
drive emil --service wait open env
is "$(said say)" '' "somebody connected does not wait"
lasted 0 $soon "not at all"

newcomer fay
drive fay --service wait1 tty:tty1 open env
lasted 900 $((1000 + soon)) "wait=1 is over"
is "$(shown | tail -1)" "No approval so far. The code stays good; there is no \
need to wait for it." "and says so"
check "the login program ends, and nobody waits" wait_until 10 no_poller
login_start 1 fay --service wait1 tty:tty1 open gate
login_reach 1
is "$(count_pollers)" 1 "after the wait the broker goes on"
approve "$(code_of)"
check "and notices" wait_until 20 connected
login_end 1
newcomer gil
drive gil --service wait tty:ssh open
lasted 0 $soon "under sshd nobody waits"
unlike "$(shown)" "Waiting" "nor says so"
newcomer hal
for each in fail null untouched none; do
    drive hal --service wait --talk $each tty:tty1 open
    is "$(result open)" PAM_SUCCESS "a conversation of the kind '$each'"
    lasted 0 $soon "nobody waits for who cannot see"
done

# ---- no ----------------------------------------------------------------------

# refuses NAME: a login of this person asks for nothing and shows nothing
refuses() {
    codes=$(requests code)
    drive "$1" tty:tty1 open
    is "$(result open):$(said say):$(requests code)" "PAM_SUCCESS::$codes" "$2"
    lasted 0 $soon "at once"
}
newcomer ida
login_start 1 ida tty:tty1 open gate
login_reach 1
control deny "{\"user_code\":\"$(code_of)\"}" >/dev/null
check "a refusal ends the wait" wait_until 20 no_poller
login_end 1
is "$(value "$PROMPT" declined)" 1 "and is remembered"
refuses ida "after it no code is shown"
changed "$PROMPT" not_before 1
refuses ida "for good"
check "until a login by hand" sign_in_person
drive ida tty:tty1 open
is "$(said say)" '' "which is not announced"
as_person "$TOOL" logout 2>/dev/null
refuses ida "after a logout, too, no code is shown"
check "a login by hand" sign_in_person

# ---- back-offs ---------------------------------------------------------------

# paused MINUTES: no code is shown for so long from now, more or less
paused() {
    awk -v till="$(value "$PROMPT" not_before)" -v now="$(date +%s%3N)" \
        -v minutes="$1" 'BEGIN {
            left = (till - now) / 60000
            exit !(left <= minutes && left > minutes - 1)
        }' </dev/null
}
# unused NAME TTY MINUTES: a code is shown there and runs out
unused() {
    login_start 1 "$1" "tty:$2" open gate
    login_reach 1
    isnt "$(code_of)" '' "a code is shown on $2"
    control expire "{\"user_code\":\"$(code_of)\"}" >/dev/null
    check "it runs out" wait_until 20 no_poller
    login_end 1
    check "none for $3 minutes" paused "$3"
    refuses "$1" "none is shown"
    changed "$PROMPT" not_before 1
}
newcomer jan
unused jan ssh 10
unused jan ssh 10
unused jan tty1 60
unused jan tty1 240
unused jan tty1 1440
unused jan tty1 1440
unused jan ssh 10
changed "$PROMPT" not_before "$(($(date +%s%3N) + 90000000000))"
drive jan tty:tty1 open
isnt "$(code_of)" '' "a pause longer than any: the clock was set back"
newcomer kim 'prompt_backoff = 120'
unused kim tty1 2
unused kim tty1 8
unused kim tty1 1440
# A code that ran out while nobody looked counts from its own end.
newcomer lea
drive lea tty:tty1 open close
check "nobody waits for it" wait_until 10 no_poller
control expire "{\"user_code\":\"$(code_of)\"}" >/dev/null
changed "$PENDING" ends_at "$(($(date +%s%3N) - 1800000))" ends_boot 1
refuses lea "a code that ran out half an hour ago"
check "leaves half an hour" paused 30

newcomer max
control trouble '{"endpoint":"code","kind":"status","times":-1}' >/dev/null
drive max tty:tty1 state open close state
is "$(result open):$(said say)" PAM_SUCCESS: "the service is broken: no code"
like "$(said log)" '^5 .*user max is not connected: ' "the log says why"
check "none for 5 minutes" paused 5
control trouble '{"clear":true}' >/dev/null
refuses max "though it works again"
changed "$PROMPT" not_before 1
drive max tty:tty1 open
isnt "$(code_of)" '' "after that a code is shown"

# ---- many sessions of one person ---------------------------------------------

newcomer nora
service ssh timeout=20
before=$(requests code)
drive nora --service ssh loop:150
is "$(said loop | sed 's/,.*//'):$(($(requests code) - before))" \
    "150 failed 0:1" "150 sessions one after the other: one code"
is "$(state .polls_too_fast)" 0 "no poll came too early"

newcomer otto
before=$(requests code)
together=50
[ -z "${SANITIZED-}" ] || together=12
for ((each = 1; each <= together; each++)); do
    login_start "o$each" otto "tty:tty$each" open gate
done
for ((each = 1; each <= together; each++)); do
    login_reach "o$each"
    code_of
done | sort | uniq -c >"$WORK/codes"
is "$(awk '{ print $1, length($2) }' "$WORK/codes")" "$together 9" \
    "$together logins at once show one code"
is "$(($(requests code) - before)):$(count_pollers)" 1:1 "one broker waits"
for ((each = 1; each <= together; each++)); do
    login_end "o$each"
done
check "they go, and the broker" wait_until 10 no_poller

# ---- many people -------------------------------------------------------------

many=500
[ -z "${SANITIZED-}" ] || many=20
for ((each = 1; each <= many; each++)); do
    newcomer "p$each"
done
fast=$(state .polls_too_fast)
polls=$(requests token_device)
login_start crowd p "crowd:$many" gate crowd-end state
login_reach crowd
is "$(said crowd | sed 's/,.*//')" "$many failed 0" "$many people log in"
is "$(count_pollers)" "$many" "a broker waits for each"
if [ -z "${SANITIZED-}" ]; then
    pss=$(pollers | head -20 | while read -r each; do
        awk '/^Pss:/ { print $2 }' "/proc/$each/smaps_rollup"
    done | awk '{ sum += $1 } END { print int(sum / NR) }')
    [ "$pss" -le 4096 ]
    is $? 0 "which takes $pss KB each (Pss), 4096 at most"
else
    skip "the memory of a broker" "not with sanitizers"
fi
curl -sS --noproxy '*' --max-time 60 -o "$WORK/wait.out" \
    "$CONTROL_URL/wait?counter=token_device&at_least=$((polls + 4 * many))&ms=50000"
[ "$(requests token_device)" -ge $((polls + 4 * many)) ]
is $? 0 "each asks several times"
is "$(state .polls_too_fast)" "$fast" "none of them too early"
approve "$(value "$WORK/home.p7/.local/state/parallel-credential/pending" \
    user_code)"
STORE=$WORK/home.p7/.local/state/parallel-credential/store.json
check "one is approved" wait_until 20 connected
others_wait() {
    [ "$(count_pollers)" -eq $((many - 1)) ]
}
check "the others wait" wait_until 10 others_wait
login_end crowd
is "$(field children)" none "they log out"
check "all brokers end" wait_until 20 no_poller

# ---- a silent platform -------------------------------------------------------

# held NAME PERSON: a first login is held for connect_timeout and 0.2 s at
# most, the next one not at all. Three new people may try, for the machine may
# be busy.
held() {
    local name=$1 word=$2 most=1200 each first=99999 next=99999
    [ -z "${SANITIZED-}" ] || most=$((1000 + soon))
    for each in 1 2 3; do
        newcomer "$word$each" 'connect_timeout = 1' "${extra[@]}"
        drive "$word$each" tty:tty1 state open close state
        [ "$(result open):$(said say)" = PAM_SUCCESS: ] || break
        [ "$(states | sort -u | wc -l)" -eq 1 ] || break
        first=$(took open)
        drive "$word$each" tty:tty1 open close
        next=$(took open)
        ! awk -v first="$first" -v next_one="$next" -v most="$most" 'BEGIN {
            exit !(first <= most && next_one <= 200) }' </dev/null || break
    done
    is "$(result open)" PAM_SUCCESS "$name: the login goes on"
    is "$(awk -v ms="$first" -v most="$most" \
        'BEGIN { print (ms >= 900 && ms <= most) }' </dev/null)" 1 \
        "held for the time of a connection, once: $first ms"
    is "$(awk -v ms="$next" -v soon="$soon" \
        'BEGIN { print (ms <= 200 || (soon > 1000 && ms <= soon)) }' \
        </dev/null)" 1 "the next one is not: $next ms"
    no_poller
    is $? 0 "nobody waits"
}
extra=()
control trouble '{"endpoint":"any","kind":"hang","times":-1}' >/dev/null
held "a platform that never answers" hang
control trouble '{"clear":true}' >/dev/null
# silence, speech: of the sandbox and of name servers, in this network of ours
port_of() {
    local port=${1##*:}
    echo "${port%%/*}"
}
silence() {
    nft -f - <<END
table inet silence {
    chain input {
        type filter hook input priority 0;
        tcp dport $(port_of "$HTTP_PLATFORM_URL") drop
        tcp dport $(port_of "$HTTP_SERVICE_API_URL") drop
        udp dport 53 drop
    }
}
END
}
speech() {
    nft delete table inet silence
}
if silence 2>"$WORK/nft.err"; then
    held "a platform whose packets are dropped" drop
    echo 'nameserver 127.0.0.1' >"$WORK/etc/resolv.conf"
    echo 'hosts: dns' >>"$WORK/etc/nsswitch.conf"
    sed -i '/^hosts: files/d' "$WORK/etc/nsswitch.conf"
    mount --bind "$WORK/etc/resolv.conf" /etc/resolv.conf
    mount --bind "$WORK/etc/nsswitch.conf" /etc/nsswitch.conf
    HTTP_PLATFORM_URL=https://platform.test \
        HTTP_SERVICE_API_URL=https://platform.test held \
        "a name server that never answers" mute
    # Signed in, and then silence: nothing waits for the network.
    HOME_OF=$WORK/home.bob UID_OF=$(getent passwd bob | cut -d: -f3)
    STATE=$HOME_OF/.local/state/parallel-credential STORE=$STATE/store.json
    expire_person
    drive bob tty:tty1 open
    is "$(result open):$(said say)" PAM_SUCCESS: "expired, and the platform silent"
    lasted 0 $soon "the session starts at once"
    # A code waits, and then silence.
    speech
    newcomer quin 'connect_timeout = 1'
    drive quin tty:tty1 open close
    code=$(code_of)
    isnt "$code" '' "a code waits"
    check "the interval passes" wait_until 10 sleep_until_poll
    silence
    drive quin tty:tty1 open close
    is "$(code_of)" "$code" "then silence: the code is shown"
    lasted 0 $((1000 + soon)) "after the time of a connection at most"
    drive quin tty:tty1 open close
    is "$(code_of)" "$code" "shown again"
    lasted 0 $soon "at once"
    speech
else
    skip "a platform whose packets are dropped" "nft does not work here"
    skip "a name server that never answers" "nft does not work here"
fi
check "nobody waits any more" wait_until 20 no_poller

# ---- homes -------------------------------------------------------------------

# at_home NAME LOG_REGEX: a login goes on, though with this home nothing
# can be kept
at_home() {
    drive "$2" tty:tty1 state open env close state
    is "$(result open),$(result close):$(said say)$(said env)" \
        PAM_SUCCESS,PAM_SUCCESS: "$1: the login goes on"
    lasted 0 $soon "at once"
    is "$(states | sort -u | wc -l):$(field children)" 1:none \
        "nothing is left"
    like "$(said log)" "^5 .*user $2 is not connected: $3" "the log says why"
}
if is_root; then
    person rob "$WORK/none/home.rob"
    at_home "no home" rob '(there is no home|cannot make the folder)'
    mkdir -p "$WORK/none"
    make_home
    settle_in
    drive rob tty:tty1 open
    isnt "$(code_of)" '' "the home was made meanwhile: a code is shown"
else
    skip "no home" "another entry with the same uid has one"
fi
newcomer sue
mkdir -p "$STATE" && chmod 700 "$STATE" && give "$HOME_OF/.local"
mount -t tmpfs -o "size=64k,mode=700$(is_root && echo ",uid=$UID_OF")" tmpfs \
    "$STATE"
dd if=/dev/zero of="$STATE/full" bs=1k count=200 2>/dev/null
codes=$(requests code)
at_home "a full disk" sue '.*(No space left|cannot)'
is "$(requests code):$(count_pollers)" "$codes:0" \
    "no code is asked for that could not be kept"
umount "$STATE"
newcomer tom
chmod 500 "$HOME_OF"
at_home "a home that cannot be written" tom 'cannot make the folder'
chmod 700 "$HOME_OF"
if is_root; then
    newcomer uwe
    chown root:root "$HOME_OF"
    at_home "a home of somebody else" uwe '.*'
    add_entry vera 40000 0 "$WORK/home.ann" /bin/sh
    drive vera tty:tty1 open
    is "$(result open):$(said say)" PAM_SUCCESS: \
        "a user of root's group: the login goes on"
    like "$(said log)" "user vera is not connected: .*status 2" \
        "the log says that it did not work"
    unlike "$(cat "$WORK/home.ann/.config/parallel-credential.conf" \
        >/dev/null && id)" 'uid=4' "and we are still who we were"
else
    skip "a home of somebody else" "needs a second user"
    skip "a user of root's group" "needs root"
fi

# ---- the broker --------------------------------------------------------------

newcomer wim
cp "$BROKER" "$WORK/broker"
mount --bind "$WORK" "${BROKER%/*}"
rm "$WORK/broker"
at_home "the broker is missing" wim 'the helper has ended too early, with status 4'
echo nonsense >"$WORK/broker"
chmod 644 "$WORK/broker"
at_home "the broker cannot be executed" wim 'the helper .* with status 4'
umount "${BROKER%/*}"
drive wim tty:tty1 open
isnt "$(code_of)" '' "with its broker a login shows a code"

# ---- a person whom the policy does not connect -------------------------------

if is_root && mkdir -p "$WORK/etc" "$PREFIX/etc" &&
    mount --bind "$WORK/etc" "$PREFIX/etc"; then
    newcomer denied
    printf '[policy]\ndeny_users = denied\n' \
        >"$PREFIX/etc/parallel-credential.conf"
    codes=$(requests code)
    drive denied tty:tty1 open env close
    is "$(result open):$(shown):$(said env)" PAM_SUCCESS:: \
        "a person who is denied logs in, and sees nothing"
    is "$(said log | grep -c 'is not connected')" 0 "the module is silent"
    is "$(requests code)" "$codes" "the service was not asked"
    umount "$PREFIX/etc"
else
    skip "a person who is denied" "needs root"
fi

# ---- the first thing the front does ------------------------------------------

if is_root && [ -z "${SANITIZED-}" ] && command -v strace >/dev/null &&
    strace -ff -qq -o "$WORK/trace" "$DRIVER" --confdir "$CONFDIR" \
        --user ann open >/dev/null 2>&1; then
    # The calls of the front after its exec, without what a C library does
    # for itself before main(). Each process has a file of its own, or calls
    # of two at a time would stand there in halves.
    trace=$(sed -sn '/^execveat(3, "", /,$p' "$WORK"/trace.*)
    calls=$(sed -n '1d; s/^\([a-z0-9_]*\)(.*/\1/p' <<<"$trace" |
        grep -v '^rt_sigprocmask$')
    becoming=$(sed -n '/^setgroups$/,$p' <<<"$calls" | head -3 | paste -sd' ')
    is "$becoming" "setgroups setresgid setresuid" \
        "the front becomes the person"
    if cmp -s "$BUILD/front-musl" "$TOOL"; then
        is "$(sed '/^setgroups$/,$d' <<<"$calls" |
            grep -Ev '^(arch_prctl|set_tid_address|brk|mmap|geteuid)$' |
            sort -u)" '' "before it does anything else"
    else
        is "$(sed '/^setgroups$/,$d' <<<"$calls" |
            grep -E '^(readlink|statx?|socket|connect|unlink|rename|mkdir)' |
            sort -u)" '' "before it does anything else"
    fi
    like "$trace" "^setgroups\(0, NULL\) += 0" "without any group"
    like "$trace" "^setresuid\($(getent passwd ann | cut -d: -f3), \
$(getent passwd ann | cut -d: -f3), " "all three uids"
    like "$trace" '^setuid\(0\) += -1 EPERM' "and makes sure there is no way back"
else
    skip "the front becomes the person" "needs root and strace, and no sanitizers"
fi
finish
