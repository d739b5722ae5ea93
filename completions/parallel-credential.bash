# shellcheck shell=bash
# Completions of parallel-credential for bash: the verbs, the options of each,
# and what follows them. Organizations and providers are read from what is
# stored and configured here; nobody is asked over the network.

_parallel_credential_verbs='apps balance capability config configure-git
    doctor env erase exec export-parallel-cli get header help
    import-parallel-cli keys login logout move-store refresh status store
    token use version'
_parallel_credential_common='--issuer --org --provider --quiet'

# The options of a verb, beside the common ones.
_parallel_credential_options() {
    case $1 in
    '') echo '--help --version' ;;
    apps | balance | config) echo '--json' ;;
    capability | erase | get | store) echo '--any-host' ;;
    configure-git) echo '--file --global --local --system --unset' ;;
    doctor) echo '--json --offline' ;;
    env) echo '--csh --fish --plain --sh' ;;
    header) echo '--api-key' ;;
    keys) echo '--app --json' ;;
    login) echo '--debug --device --json --no-browser --scope --wait --web' ;;
    logout) echo '--all' ;;
    refresh) echo '--all --if-due --keep-alive' ;;
    status) echo '--json --news' ;;
    token) echo '--api-key --exec-credential --min-ttl' ;;
    esac
}

# The words that may follow a verb.
_parallel_credential_operands() {
    case $1 in
    apps) echo 'create delete list' ;;
    keys) echo 'create delete list-ours' ;;
    move-store) echo 'file secret-service' ;;
    use) _parallel_credential_organizations ;;
    esac
}

# A service chooses these ids. "compgen -W" expands what it is given, and what is
# inserted is run with the line: so only those that mean nothing to a shell.
_parallel_credential_organizations() {
    parallel-credential status --json --quiet 2>/dev/null |
        grep -o '"org_id":"[^"]*"' | cut -d'"' -f4 |
        LC_ALL=C grep -x '[A-Za-z0-9_][A-Za-z0-9_.:@-]*' | sort -u
}

_parallel_credential_providers() {
    echo parallel
    parallel-credential config --json --quiet 2>/dev/null |
        sed -n 's/^{"key":"provider\.\([^."]*\)\..*/\1/p' | sort -u
}

# The value of the option $1.
_parallel_credential_value() {
    case $1 in
    --org)
        mapfile -t COMPREPLY < <(
            compgen -W "$(_parallel_credential_organizations)" -- "$2")
        ;;
    --provider)
        mapfile -t COMPREPLY < <(
            compgen -W "$(_parallel_credential_providers)" -- "$2")
        ;;
    --file)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        ;;
    --app | --issuer | --min-ttl | --scope | --wait) COMPREPLY=() ;;
    *) return 1 ;;
    esac
}

# exec: the command, and files behind it, unless bash-completion knows more.
_parallel_credential_command() {
    local first=$1 current=$2
    if declare -F _command_offset >/dev/null; then
        _command_offset "$first"
    elif [ "$COMP_CWORD" -eq "$first" ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}

_parallel_credential() {
    local current=${COMP_WORDS[COMP_CWORD]} verb='' operands=0 at word
    local before=${COMP_WORDS[COMP_CWORD - 1]}

    # bash takes --org=ID apart at the "=".
    if [ "$current" = = ]; then
        current=''
    elif [ "$before" = = ] && [ "$COMP_CWORD" -gt 1 ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        case $word in
        --app | --file | --issuer | --min-ttl | --org | --provider | \
            --scope | --wait)
            [ "${COMP_WORDS[at + 1]}" != = ] || at=$((at + 1))
            at=$((at + 1))
            ;;
        --) [ "$verb" != exec ] || break ;;
        -* | =) ;;
        *)
            if [ -z "$verb" ]; then verb=$word; else
                operands=$((operands + 1))
            fi
            [ "$verb:$operands" != exec:1 ] || break
            ;;
        esac
    done
    if [ "$verb" = exec ] && { [ "$at" -lt "$COMP_CWORD" ] ||
        [[ $current != -* ]]; }; then
        [ "${COMP_WORDS[at]}" != -- ] || at=$((at + 1))
        _parallel_credential_command "$at" "$current"
        return
    fi
    _parallel_credential_value "$before" "$current" && return
    if [[ $current == -* ]]; then
        word="$(_parallel_credential_options "$verb")"
        word="$word $_parallel_credential_common"
    elif [ -z "$verb" ]; then
        word=$_parallel_credential_verbs
    elif [ "$operands" -eq 0 ]; then
        word=$(_parallel_credential_operands "$verb")
    else
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
}
complete -F _parallel_credential parallel-credential
