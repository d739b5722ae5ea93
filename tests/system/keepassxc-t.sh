#!/bin/bash
# Another Secret Service: KeePassXC. It lets nobody write without a prompt,
# even if that then asks nothing; so it is no place that we choose, but what
# is in there is read.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154,SC2119
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/crash.sh
. "$(dirname "$0")/crash.sh"
# shellcheck source=tests/system/keyring.sh
. "$(dirname "$0")/keyring.sh"

# Without a display, and without any question; the database's one group is
# what it offers on the bus.
export QT_QPA_PLATFORM=offscreen
make_database() {
    cat >"$WORK/database.xml" <<END
<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile>
 <Meta>
  <Generator>test</Generator>
  <CustomData><Item>
   <Key>FDO_SECRETS_EXPOSED_GROUP</Key>
   <Value>{00010203-0405-0607-0809-0a0b0c0d0e0f}</Value>
  </Item></CustomData>
 </Meta>
 <Root><Group>
  <UUID>AAECAwQFBgcICQoLDA0ODw==</UUID><Name>Root</Name>
 </Group></Root>
</KeePassFile>
END
    rm -f "$WORK/database.kdbx"
    printf '%s\n%s\n' "$PASSPHRASE" "$PASSPHRASE" |
        timeout -k 1 "$PATIENCE" keepassxc-cli import -p "$WORK/database.xml" \
            "$WORK/database.kdbx" >"$WORK/import.out" 2>&1
    cat >"$WORK/keepassxc.ini" <<END
[General]
ConfigVersion=2
UpdateCheckMessageShown=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ShowNotification=false
ConfirmAccessItem=false
ConfirmDeleteItem=false
END
}
# It has the name before it has read the database.
is_open() {
    dbus-send --print-reply --dest=org.freedesktop.secrets \
        /org/freedesktop/secrets/aliases/default \
        org.freedesktop.DBus.Properties.Get \
        string:org.freedesktop.Secret.Collection string:Locked 2>&1 |
        grep -q 'boolean false'
}
keepassxc_start() {
    keepassxc --config "$WORK/keepassxc.ini" --localconfig "$WORK/local.ini" \
        --pw-stdin "$WORK/database.kdbx" <<<"$PASSPHRASE" \
        >"$WORK/keepassxc.out" 2>&1 &
    daemon_pid=$!
    background+=("$daemon_pid")
    wait_until 20 is_open
}
begin() {
    keyring_person
    bus_start
    make_database && keepassxc_start && return
    [ "$tap_count" -gt 0 ] || skip_all "KeePassXC offers nothing here: $(
        head -n 3 "$WORK/import.out" "$WORK/keepassxc.out" | paste -sd' ')"
    not_ok "KeePassXC starts again" "$(cat "$WORK/keepassxc.out")"
}

keyring_needs keepassxc keepassxc-cli
own_home "$0"
start_sandbox
control config '{"approve_after":0}' >"$WORK/control.out"

begin
timeout "$PATIENCE" secret-tool store --label=Other n 1 <<<other
is "$(secret-tool lookup n 1)" other "other programs use it"
run timeout -k 1 "$PATIENCE" "$TOOL" login --no-browser </dev/null
is "$rc" 0 "login"
like "$out$err" 'private file' "it says where the credential lies"
is "$(stored .store)" file "it is the file"
check "nothing is parked" test ! -e "$PARKED"
token=$(refresh_token)
bounded "$TOOL" move-store secret-service
is "$rc" 4 "move-store: exit 4"
is "$(stored .store):$(refresh_token)" "file:$token" "and all is as it was"
check "nothing is parked" test ! -e "$PARKED"
is "$(items)" 0 "there is no item"
bounded "$TOOL" refresh
is "$rc:$(stored .store)" 0:file "refresh"
check "what is stored is good" is_good refresh "$(refresh_token)"

# What somebody has put there is read.
jq -c '.records[0]' "$STORE" | tr -d '\n' |
    timeout "$PATIENCE" secret-tool store --label=Parallel xdg:schema ai.parallel.Credential \
        issuer "$PARALLEL_PLATFORM_URL" organization \
        "$(stored '.records[0].org_id')"
token=$(access_token)
store_set '.store = "secret-service" | .records = []'
rm -f "$SESSION"
bounded "$TOOL" token
is "$rc:$out" "0:$token" "an item in there is read"
is "$(report '.store + " " + .keyring')" "secret-service ok" "status"
bounded "$TOOL" refresh
is "$rc" 0 "refresh"
check "what cannot be written is parked" is_good refresh \
    "$(parked .refresh_token)"
# Closed, there is nothing to be read.
rm -f "$SESSION" "$PARKED"
end_process "$daemon_pid" KILL # else it may ask whether to save
daemon_pid=''
bounded "$TOOL" token
is "$rc:$out" 4: "KeePassXC ends: no token"
like "$err" 'no Secret Service' "it says why"
finish
