# For /usr/share/fish/vendor_conf.d. See parallel-credential.sh beside it.
if begin
        test -e "$XDG_RUNTIME_DIR/parallel-credential/session"
        or test -e "$HOME/.local/state/parallel-credential/store.json"
    end
    if test -z "$PARALLEL_API_KEY" -o -n "$PARALLEL_CREDENTIAL_KEY_ID"
        and command -q parallel-credential
        parallel-credential env --session --fish 2>/dev/null | source
    end
end
if status is-interactive
    if test -e "$HOME/.local/state/parallel-credential/pending" \
            -o -e "$HOME/.local/state/parallel-credential/prompt"
        and command -q parallel-credential
        parallel-credential status --news 2>/dev/null
    end
end
