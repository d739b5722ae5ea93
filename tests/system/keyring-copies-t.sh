#!/bin/bash
# Copies in several places, of which one counts: what a login has replaced
# while the keyring did not show it, what is parked, what belongs to another
# home. None that counts is erased, and none that does not comes back.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"

# begin [LINE...]: a person with this configuration, signed in
begin() {
    keyring_person
    configure 'keyring_timeout = 300ms' 'lock_timeout = 5s' "$@"
    bus_start
    fake_start
    enter
}
fake_lock() {
    fake Lock "boolean:$1"
}

# A login while the keyring is locked. When it opens, the write takes longer
# than we wait, and is done all the same: that is no old item to be erased.
t_replaced_late() {
    begin
    fake_lock true
    enter
    check "a login while it is locked is parked" test -e "$PARKED"
    fake_lock false
    fake_trouble hang=CreateItem
    bounded "$TOOL" status
    is "$(grep -c CreateItem "$WORK/calls")" 1 "it opens, and the write hangs"
    fake Release
    check "it comes to its end" lock_quiet "$STATE/lock"
    bounded "$TOOL" status
    is "$rc" 0 "still signed in"
    bounded "$TOOL" refresh
    is "$rc:$err" 0: "refresh"
    whole secret-service "after a late write"
    none "the credential is in the keyring"
    is "$(stored .to_erase)" null "nothing is left to be erased"
}

keyring_needs
own_home "$0"
start_sandbox
control config '{"approve_after":0}' >"$WORK/control.out"
for each in ${COPIES_TESTS-replaced_late}; do
    "t_$each"
done
finish
