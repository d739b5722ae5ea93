# shellcheck shell=sh
# For /etc/profile.d: an interactive shell says which code waits for your
# approval, and once that an approval has come. Costs two tests when there is
# nothing to say.
case $- in
*i*)
    if [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/parallel-credential/pending" ] ||
        [ -e "${HOME:-}/.local/state/parallel-credential/pending" ] ||
        [ -e "${HOME:-}/.local/state/parallel-credential/prompt" ]; then
        parallel-credential status --news 2>/dev/null || :
    fi
    ;;
esac
