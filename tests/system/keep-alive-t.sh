#!/bin/bash
# refresh --all and --keep-alive: every sign-in is renewed, the latter only
# those that nobody has used for a while.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
start_sandbox --seed-org org_beta:Beta
new_person
acme_section "$HTTP_PLATFORM_URL/acme" 'hosts = files.acme.example'
configure "${acme_section[@]}"

keep_alive() {
    run "$TOOL" refresh --all --keep-alive "$@"
}
# idle MS [JQ]: as if that had passed since the last use, of those records
idle() {
    store_set "(.records[] | select(${2-true})) |= (.issued_at -= $1 |
        .refresh_token_expires_at -= $1)"
}
HOUR=3600000
# asked: how often a refresh token was spent since this was called last
before=0 asked=0
asked() {
    local now
    now=$(refreshes)
    asked=$((now - before))
    before=$now
}

# ---- nobody -----------------------------------------------------------------------

keep_alive
is "$rc $out$err" "0 " "nobody has signed in: nothing to keep alive"
check "and nothing is made" [ ! -e "$STATE" ]
run "$TOOL" refresh
is "$rc" 3 "as against refresh, which was meant"

# ---- everybody ----------------------------------------------------------------------

sign_in_keyless
sign_in_for org_beta --scope "keys:read apps:read"
sign_in --provider acme
is "$(stored '.records | length') $(stored .selected.org_id)" "3 org_beta" \
    "two organizations and a provider"
asked
keep_alive
asked
is "$rc $asked" "0 0" "used just now: nothing is asked"
expire_token
keep_alive
asked
is "$rc $asked" "0 0" "nor if the access token has run out"
idle $((23 * HOUR))
keep_alive
asked
is "$rc $asked" "0 0" "nor after 23 hours"
idle $((2 * HOUR))
old=$(stored '[.records[].refresh_token] | sort | join(" ")')
keep_alive
asked
is "$rc $asked" "0 3" "after 25 all three are renewed"
is "$(stored "[.records[].refresh_token] | map(select(inside(\"$old\"))) |
    length")" 0 "with new refresh tokens"
is "$(stored .selected.org_id)" org_beta "the same one is selected"
keep_alive
asked
is "$rc $asked" "0 0" "once"

# One with a short life is renewed in time.
store_set '.records[0].refresh_token_expires_at = .records[0].issued_at + 3600000'
idle $((HOUR / 3)) '.refresh_token_expires_at - .issued_at == 3600000'
keep_alive
asked
is "$rc $asked" "0 1" "a quarter of its life has passed: renewed"

run "$TOOL" refresh --all
asked
is "$rc $asked" "0 3" "refresh --all: all of them, used or not"
run "$TOOL" refresh
asked
is "$rc $asked" "0 1" "refresh: the selected one"

# ---- trouble --------------------------------------------------------------------------

control revoke "{\"family\":$(state '.families[0].family')}" \
    >"$WORK/control.out"
idle $((25 * HOUR))
keep_alive
asked
is "$rc $asked" "3 3" "one is refused: the others are renewed"
like "$err" '^parallel-credential: the sign-in to Parallel for Acme has ended' \
    "and it is said"
idle $((25 * HOUR))
keep_alive
asked
is "$rc $asked $err" "0 2 " "after that it is let be"
idle $((25 * HOUR))
control trouble '{"endpoint":"token","kind":"status","times":1}' \
    >"$WORK/control.out"
keep_alive
asked
is "$rc" 4 "the service fails for one: exit 4"
is "$(grep -c . <<<"$err")" 1 "in one line"
keep_alive --quiet
asked
is "$rc $asked $err" "0 1 " "the next run renews that one, and no other"
configure '#'
idle $((25 * HOUR)) '.provider == "acme"'
keep_alive
is "$rc" 2 "a provider that is not in the configuration any more"
finish
