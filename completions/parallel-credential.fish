# Completions of parallel-credential for fish: the verbs, the options of each,
# and what follows them. Organizations and providers are read from what is
# stored and configured here; nobody is asked over the network.

function __parallel_credential_organizations
    parallel-credential status --json --quiet 2>/dev/null |
        string match -r -a '"org_id":"[^"]*"' | string split -f 4 '"' |
        sort -u
end

function __parallel_credential_providers
    echo parallel
    parallel-credential config --json --quiet 2>/dev/null |
        string replace -rf '^{"key":"provider\.([^."]*)\..*' '$1' | sort -u
end

# The verb that stands there already, if any: options with values in words of
# their own are passed over.
function __parallel_credential_verb
    set -l words (commandline -opc)
    set -l skip no
    for word in $words[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --app --file --issuer --min-ttl --org --provider --scope --wait
                set skip yes
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end

function __parallel_credential_is
    contains -- (__parallel_credential_verb; or echo none) $argv
end

# Whether none of the words stands there yet.
function __parallel_credential_lacks
    for word in (commandline -opc)
        contains -- $word $argv; and return 1
    end
    return 0
end

complete -c parallel-credential -f

set -l verb 'not __parallel_credential_verb >/dev/null'
complete -c parallel-credential -n $verb -a apps -d 'the apps that API keys belong to'
complete -c parallel-credential -n $verb -a balance -d 'what is left to spend'
complete -c parallel-credential -n $verb -a capability -d 'git: what this helper can do'
complete -c parallel-credential -n $verb -a config -d 'every setting, and its origin'
complete -c parallel-credential -n $verb -a configure-git -d 'let git ask for these credentials'
complete -c parallel-credential -n $verb -a doctor -d 'find what is wrong, and how to mend it'
complete -c parallel-credential -n $verb -a env -d 'the API key for a shell'
complete -c parallel-credential -n $verb -a erase -d 'git: a credential was refused'
complete -c parallel-credential -n $verb -a exec -d 'run a command with the credentials'
complete -c parallel-credential -n $verb -a export-parallel-cli -d 'give the API key to parallel-cli'
complete -c parallel-credential -n $verb -a get -d 'git: the credential for an address'
complete -c parallel-credential -n $verb -a header -d 'the credential as an HTTP header'
complete -c parallel-credential -n $verb -a help -d 'a summary'
complete -c parallel-credential -n $verb -a import-parallel-cli -d 'take the API key from parallel-cli'
complete -c parallel-credential -n $verb -a keys -d 'API keys'
complete -c parallel-credential -n $verb -a login -d 'sign in'
complete -c parallel-credential -n $verb -a logout -d 'revoke and forget'
complete -c parallel-credential -n $verb -a move-store -d 'keep the credential elsewhere'
complete -c parallel-credential -n $verb -a refresh -d 'renew the access token now'
complete -c parallel-credential -n $verb -a status -d 'who is signed in, until when'
complete -c parallel-credential -n $verb -a store -d 'git: a credential was accepted'
complete -c parallel-credential -n $verb -a token -d 'the credential, on one line'
complete -c parallel-credential -n $verb -a use -d 'choose an organization'
complete -c parallel-credential -n $verb -a version -d 'the version'
complete -c parallel-credential -n $verb -l help -d 'a summary'
complete -c parallel-credential -n $verb -l version -d 'the version'

complete -c parallel-credential -l issuer -x -d 'the credential of this service'
complete -c parallel-credential -l org -x -a '(__parallel_credential_organizations)' -d 'the credential of this organization'
complete -c parallel-credential -l provider -x -a '(__parallel_credential_providers)' -d 'the credential of this provider'
complete -c parallel-credential -l quiet -d 'nothing on standard error'

set -l is __parallel_credential_is
complete -c parallel-credential -n "$is apps balance config doctor keys login status" -l json -d 'a JSON object a line'
complete -c parallel-credential -n "$is capability erase get store" -l any-host -d 'for any host'
complete -c parallel-credential -n "$is header token" -l api-key -d 'the API key'
complete -c parallel-credential -n "$is configure-git" -l file -r -F -d 'this file'
complete -c parallel-credential -n "$is configure-git" -l global -d 'of this person'
complete -c parallel-credential -n "$is configure-git" -l local -d 'of this repository'
complete -c parallel-credential -n "$is configure-git" -l system -d 'of this machine'
complete -c parallel-credential -n "$is configure-git" -l unset -d 'take it out again'
complete -c parallel-credential -n "$is doctor" -l offline -d 'ask nobody over the network'
complete -c parallel-credential -n "$is env" -l csh -d 'for csh'
complete -c parallel-credential -n "$is env" -l fish -d 'for fish'
complete -c parallel-credential -n "$is env" -l plain -d 'NAME=VALUE without quotes'
complete -c parallel-credential -n "$is env" -l sh -d 'for sh'
complete -c parallel-credential -n "$is keys" -l app -x -d 'the app they belong to'
complete -c parallel-credential -n "$is login" -l debug -d 'say which way is taken'
complete -c parallel-credential -n "$is login" -l device -d 'approve on any device'
complete -c parallel-credential -n "$is login" -l no-browser -d 'do not open a browser'
complete -c parallel-credential -n "$is login" -l scope -x -d 'ask for these scopes'
complete -c parallel-credential -n "$is login" -l wait -x -d 'give up after so many seconds'
complete -c parallel-credential -n "$is login" -l web -d 'consent in a browser here'
complete -c parallel-credential -n "$is logout" -l all -d 'every credential'
complete -c parallel-credential -n "$is refresh" -l all -d 'of all organizations and providers'
complete -c parallel-credential -n "$is refresh" -l keep-alive -d 'only what nobody has used for long'
complete -c parallel-credential -n "$is refresh" -l if-due -d 'only if it is time to'
complete -c parallel-credential -n "$is status" -l news -d 'only what a shell should say'
complete -c parallel-credential -n "$is token" -l exec-credential -d "for Kubernetes' clients"
complete -c parallel-credential -n "$is token" -l min-ttl -x -d 'valid for so many seconds at least'

complete -c parallel-credential -n "$is apps; and __parallel_credential_lacks create delete list" -a 'create delete list'
complete -c parallel-credential -n "$is keys; and __parallel_credential_lacks create delete list-ours" -a 'create delete list-ours'
complete -c parallel-credential -n "$is move-store; and __parallel_credential_lacks file secret-service" -a 'file secret-service'
complete -c parallel-credential -n "$is use" -a '(__parallel_credential_organizations)'
complete -c parallel-credential -n "$is exec" -a '(__fish_complete_subcommand --fcs-skip=2)'
