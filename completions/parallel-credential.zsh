#compdef parallel-credential
# Completions of parallel-credential for zsh: the verbs, the options of each,
# and what follows them. Organizations and providers are read from what is
# stored and configured here; nobody is asked over the network.

_parallel_credential_verbs() {
    local -a verbs
    verbs=(
        'apps:the apps that API keys belong to'
        'balance:what is left to spend'
        'capability:git: what this helper can do'
        'config:every setting, and its origin'
        'configure-git:let git ask for these credentials'
        'doctor:find what is wrong, and how to mend it'
        'env:the API key for a shell'
        'erase:git: a credential was refused'
        'exec:run a command with the credentials'
        'export-parallel-cli:give the API key to parallel-cli'
        'get:git: the credential for an address'
        'header:the credential as an HTTP header'
        'help:a summary'
        'import-parallel-cli:take the API key from parallel-cli'
        'keys:API keys'
        'login:sign in'
        'logout:revoke and forget'
        'move-store:keep the credential elsewhere'
        'refresh:renew the access token now'
        'status:who is signed in, until when'
        'store:git: a credential was accepted'
        'token:the credential, on one line'
        'use:choose an organization'
        'version:the version'
    )
    _describe -t verbs command verbs
}

_parallel_credential_organizations() {
    local -a ids
    ids=(${(fu)"$(parallel-credential status --json --quiet 2>/dev/null |
        grep -o '"org_id":"[^"]*"' | cut -d'"' -f4)"})
    compadd -a ids
}

_parallel_credential_providers() {
    local -a names
    names=(parallel ${(fu)"$(
        parallel-credential config --json --quiet 2>/dev/null |
        sed -n 's/^{"key":"provider\.\([^."]*\)\..*/\1/p')"})
    compadd -a names
}

_parallel_credential() {
    local curcontext=$curcontext state line ret=1
    local -A opt_args
    local -a common json options

    common=(
        '--issuer=[the credential of this service]:address:'
        '--org=[the credential of this organization]:organization:_parallel_credential_organizations'
        '--provider=[the credential of this provider]:provider:_parallel_credential_providers'
        '--quiet[nothing on standard error]'
    )
    json=('--json[a JSON object a line]')

    _arguments -C $common \
        '(- *)--help[a summary]' '(- *)--version[the version]' \
        '1:command:_parallel_credential_verbs' \
        '*:: :->verb' && ret=0
    [[ $state == verb ]] || return ret

    case $line[1] in
        apps) options=($json '1:what to do:(create delete list)' '2:') ;;
        balance | config) options=($json) ;;
        capability | erase | get | store)
            options=('--any-host[for any host]') ;;
        configure-git)
            options=('--file=[this file]:file:_files'
                '--global[of this person]' '--local[of this repository]'
                '--system[of this machine]' '--unset[take it out again]') ;;
        doctor) options=($json '--offline[ask nobody over the network]') ;;
        env)
            options=('--csh[for csh]' '--fish[for fish]'
                '--plain[NAME=VALUE without quotes]' '--sh[for sh]') ;;
        exec)
            options=('(-)1:command:_command_names -e' '*::arguments:_normal') ;;
        header) options=('--api-key[the API key]') ;;
        keys)
            options=($json '--app=[the app they belong to]:app:'
                '1:what to do:(create delete list-ours)' '2:') ;;
        login)
            options=($json '--debug[say which way is taken]'
                '--device[approve on any device]'
                '--no-browser[do not open a browser]'
                '--scope=[ask for these scopes]:scopes:'
                '--wait=[give up after]:seconds:'
                '--web[consent in a browser here]') ;;
        logout) options=('--all[every credential]') ;;
        move-store) options=('1:place:(file secret-service)') ;;
        refresh) options=('--all[of all organizations and providers]'
            '--if-due[only if it is time to]'
            '--keep-alive[only what nobody has used for long]') ;;
        status) options=($json '--news[only what a shell should say]') ;;
        token)
            options=('--api-key[the API key]'
                "--exec-credential[for Kubernetes' clients]"
                '--min-ttl=[valid for so long at least]:seconds:') ;;
        use) options=('1:organization:_parallel_credential_organizations') ;;
        *) options=() ;;
    esac
    _arguments $common $options && ret=0
    return ret
}

_parallel_credential "$@"
