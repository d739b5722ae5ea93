# shellcheck shell=sh
# For /etc/profile.d: a login shell, and so what a graphical session starts
# from, has the API key in PARALLEL_API_KEY; an interactive one says which code
# waits for your approval, and once that an approval has come.
#
# Costs a few tests for who has never signed in, else one process that reads
# the session cache. A key of your own in PARALLEL_API_KEY is left alone, and
# export_environment = no in the configuration leaves all of it alone.
if [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/parallel-credential/session" ] ||
    [ -e "${HOME:-}/.local/state/parallel-credential/store.json" ]; then
    if [ -z "${PARALLEL_API_KEY:-}" ] ||
        [ -n "${PARALLEL_CREDENTIAL_KEY_ID:-}" ]; then
        eval "$(parallel-credential env --session --sh 2>/dev/null || :)"
    fi
fi
case $- in
*i*)
    if [ -e "${HOME:-}/.local/state/parallel-credential/pending" ] ||
        [ -e "${HOME:-}/.local/state/parallel-credential/prompt" ]; then
        parallel-credential status --news 2>/dev/null || :
    fi
    ;;
esac
