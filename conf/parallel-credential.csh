# For /etc/profile.d: csh and tcsh. See parallel-credential.sh beside it.
set parallel_credential_run = /nonexistent
set parallel_credential_own = ""
if ( $?XDG_RUNTIME_DIR ) then
    set parallel_credential_run = "${XDG_RUNTIME_DIR}"
endif
if ( $?PARALLEL_API_KEY ) then
    set parallel_credential_own = "x${PARALLEL_API_KEY:q}"
    if ( $?PARALLEL_CREDENTIAL_KEY_ID ) then
        if ( "${PARALLEL_CREDENTIAL_KEY_ID}" != "" ) set parallel_credential_own = ""
    endif
endif
if ( "$parallel_credential_own" == "" || "$parallel_credential_own" == "x" ) then
    if ( -e "$parallel_credential_run/parallel-credential/session" || \
         -e ~/.local/state/parallel-credential/store.json ) then
        eval "`sh -c 'parallel-credential env --session --csh 2>/dev/null || :'`"
    endif
endif
if ( $?prompt ) then
    if ( -e ~/.local/state/parallel-credential/pending || \
         -e ~/.local/state/parallel-credential/prompt ) then
        sh -c 'parallel-credential status --news 2>/dev/null || :'
    endif
endif
unset parallel_credential_run parallel_credential_own
