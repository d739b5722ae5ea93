#!/bin/bash
# The completions, in the shells themselves: every verb and option that the
# program knows is offered and nothing else is; so are organizations and
# providers, without the network.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
HERE=$(cd "$(dirname "$0")" && pwd)
start_sandbox
new_person

# ---- what there is: the tables of the broker ----------------------------------

# Nobody types these: the front does, the PAM module, units and the desktop.
INTERNAL_VERBS='lease session-end session-open session-poll session-show'
INTERNAL_OPTIONS='polling renewing session'

# rows TABLE: a row of the table on each line
rows() {
    sed -n "/ $1\[\] = {/,/^};/p" "$HERE/../../broker/main.c" | tr '\n' ' ' |
        grep -oE '\{"[^{}]*\}' | sed 's/  */ /g'
}
without() { # without WORDS: the lines that are none of them
    grep -vxF "$(tr ' ' '\n' <<<"$1")"
}
verbs() {
    rows broker_verbs | cut -d'"' -f2 | without "$INTERNAL_VERBS" | sort
}
# options_of VERB: with the common ones, "--" in front
options_of() {
    {
        rows broker_verbs | grep "^{\"$1\"," | cut -d'"' -f4 | tr ' ' '\n'
        rows broker_options | grep ' true}$' | cut -d'"' -f2
    } | grep . | without "$INTERNAL_OPTIONS" | sed 's/^/--/' | sort -u
}
check "the tables are found" test "$(verbs | wc -l)" -gt 20
is "$(options_of logout | paste -sd' ')" \
    "--all --issuer --org --provider --quiet" "and taken apart"
# The summary for people has the same verbs.
is "$("$TOOL" help | sed -nE \
    's/^  parallel-credential ([a-z-]+( \| [a-z-]+)*).*/\1/p' | tr -d ' ' |
    tr '|' '\n' | grep '^[a-z]' | sort -u | paste -sd' ')" \
    "$(verbs | without version | paste -sd' ')" "help has the same verbs"

# ---- the shells ------------------------------------------------------------------

DATA=$PREFIX/share
# in_SHELL LINE: what is offered behind it, a word a line
in_bash() {
    # shellcheck disable=SC2016
    bash --norc -c 'source "$1"; read -ra COMP_WORDS <<<"$2"
        # As readline would: the "=" is a word of its own.
        mapfile -t COMP_WORDS < <(printf "%s\n" "${COMP_WORDS[@]}" |
            sed "s/^\(--[a-z-]*\)=/\1\n=\n/")
        [ "${2% }" = "$2" ] || COMP_WORDS+=("")
        COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        $(complete -p parallel-credential | sed "s/.*-F \([^ ]*\).*/\1/")
        printf "%s\n" "${COMPREPLY[@]}"' bash \
        "$DATA/bash-completion/completions/parallel-credential" "$1" \
        2>"$WORK/shell.err" | grep . | sort -u
    cat "$WORK/shell.err" >&2
}
in_zsh() {
    rm -f "$WORK/offered"
    zsh -f "$HERE/complete.zsh" "$DATA/zsh/site-functions" "$1" \
        "$WORK/offered" | sed 's/=$//'
}
in_fish() {
    # shellcheck disable=SC2016
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
        "$DATA/fish/vendor_completions.d/parallel-credential.fish" "$1" |
        cut -f1 | sed 's/=$//' | sort -u
}

check "a sign-in" sign_in
cp "$STORE" "$WORK/tame"
configure '[provider acme]' 'token_endpoint = https://acme.example/token' \
    'device_authorization_endpoint = https://acme.example/device' \
    'client_id = x'
for shell in bash zsh fish; do
    command -v $shell >/dev/null || {
        skip "$shell" "$shell is missing"
        continue
    }
    # offers LINE: in one line
    offers() {
        "in_$shell" "parallel-credential $1" 2>&1 | paste -sd' '
    }
    # words LINE: those that are no options
    words() {
        "in_$shell" "parallel-credential $1" 2>&1 | grep -v '^-' | paste -sd' '
    }
    is "$(words '')" "$(verbs | paste -sd' ')" "$shell: all verbs, and no other"
    is "$(words 'lo')" "login logout" "$shell: of them, those that begin so"
    is "$(words '--org x lo')" "login logout" "$shell: behind an option"
    is "$(offers '--')" "--help --issuer --org --provider --quiet --version" \
        "$shell: options in front of the verb"
    for verb in $(verbs); do
        [ "$verb" != exec ] || continue
        is "$(offers "$verb --")" "$(options_of "$verb" | paste -sd' ')" \
            "$shell: all options of $verb, and no other"
    done
    asked=$(state .requests)
    is "$(words 'token --org ')" org_acme "$shell: organizations"
    is "$(offers 'token --org=org_' | sed 's/--org=//')" org_acme \
        "$shell: organizations behind ="
    is "$(words 'use ')" org_acme "$shell: use"
    is "$(words 'login --provider ')" "acme parallel" "$shell: providers"
    is "$(state .requests)" "$asked" "$shell: the service was not asked"
    is "$(words 'move-store ')" "file secret-service" "$shell: move-store"
    is "$(words 'keys ')" "create delete list-ours" "$shell: keys"
    is "$(words 'apps c')" create "$shell: apps"
    is "$(words 'keys delete ')" "" "$shell: no ids of keys"
    is "$(words 'balance ')" "" "$shell: nothing where nothing follows"
    like "$(words 'exec parallel-cr')" 'parallel-credential' \
        "$shell: exec: commands"
    like "$(words "exec cat $HOME/.conf")" '\.config(/| |$)' \
        "$shell: exec: what their commands take"
    mkdir -p "$WORK/files" && : >"$WORK/files/gitconfig"
    like "$(words "configure-git --file $WORK/files/gi")" gitconfig \
        "$shell: configure-git --file: files"
done

# ---- a service with hostile names -------------------------------------------------

# What a shell would run, in an id and in a name.
# shellcheck disable=SC2016
jq --arg ran "$WORK/ran" '.records[0].org_id = "$(touch${IFS}" + $ran + ")" |
    .records[0].org_name = "`touch " + $ran + "`\n\",\"org_id\":\"x" |
    .selected.org_id = .records[0].org_id' "$WORK/tame" >"$STORE"
like "$("$TOOL" status --json | jq -r .org_id)" '^\$\(touch' "a hostile id is stored"
for shell in bash zsh fish; do
    command -v $shell >/dev/null || continue
    for line in 'use ' 'token --org ' 'token --org=' "use '" 'use $'; do
        "in_$shell" "parallel-credential $line" >"$WORK/offers" 2>&1
        check "$shell: $line: nothing is run" [ ! -e "$WORK/ran" ]
        rm -f "$WORK/ran"
    done
done
# Here what is offered goes into the line as it is.
in_bash 'parallel-credential use ' >"$WORK/offers"
is "$(cat "$WORK/offers")" "" "bash: nor is it offered"
finish
