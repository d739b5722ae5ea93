#!/bin/bash
# The drop-in of the Ansible role: what YAML has as lists and booleans is what
# the configuration takes, and means the same.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
command -v ansible >/dev/null || skip_all "ansible is missing"
ROLE=$(cd "$(dirname "$0")/../../conf/ansible/roles/parallel_credential" && pwd)
new_person
export ANSIBLE_LOCAL_TEMP=$WORK/ansible ANSIBLE_REMOTE_TEMP=$WORK/ansible
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1

# rendered SETTINGS POLICY: the drop-in of these, in JSON
rendered() {
    jq -n --argjson settings "$1" --argjson policy "$2" \
        '{parallel_credential_settings: $settings,
          parallel_credential_policy: $policy}' >"$WORK/values.json"
    ansible localhost -i localhost, -c local -m ansible.builtin.template \
        -e "@$WORK/values.json" -a "src=$ROLE/templates/50-fleet.conf.j2 \
        dest=$WORK/drop-in" >"$WORK/ansible.out" 2>&1 ||
        cat "$WORK/ansible.out"
    grep -v '^#' "$WORK/drop-in"
}
is "$(rendered '{}' '{}')" "" "nothing is set"
is "$(rendered '{"export_environment": false, "timeout": "20s"}' '{}')" \
    "export_environment = no
timeout = 20s" "settings"
is "$(rendered '{"store": "file"}' \
    '{"deny_users": ["bob", "eve"], "locked_keys": "store scopes"}')" \
    "store = file

[policy]
deny_users = bob eve
locked_keys = store scopes" "a policy, with a list"
rendered '{"export_environment": true, "scopes": ["keys:read", "apps:read"],
    "connect_timeout": 2}' '{}' >"$WORK/rendered"
mapfile -t lines <"$WORK/rendered"
configure "${lines[@]}"
run "$TOOL" config
is "$rc:$err" 0: "the configuration takes it"
like "$out" "^scopes = keys:read apps:read  ; $CONF" "as it was meant"
is "$(rendered '{"store": "file\n[policy]\ndeny_users = x"}' '{}' | wc -l)" 1 \
    "a value is one line"
finish
