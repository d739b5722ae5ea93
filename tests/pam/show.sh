#!/bin/bash
# show.sh - the part of the demo in which a person logs in: the real PAM
# library, the module, the sandbox, and git. What it prints is shown; status 1
# if something did not happen.
# shellcheck source=pam.sh
. "$(dirname "$0")/pam.sh"

cd / || exit 1 # wherever we were, the person may not be allowed in there

give_up() {
    echo "$1"
    exit 1
}
# as_person COMMAND...: in the session that was opened
as_person() {
    if is_root; then
        set -- setpriv --reuid="$UID_OF" --regid="$UID_OF" --clear-groups "$@"
    else
        set -- "${as_login[@]}" "$@"
    fi
    env -i HOME="$HOME_OF" PATH="$PATH" LC_ALL=C.UTF-8 GIT_TERMINAL_PROMPT=0 \
        GIT_CONFIG_NOSYSTEM=1 "$@"
}
has_token() {
    as_person "$TOOL" token >/dev/null 2>&1
}

start_sandbox
control config '{"interval":1}' >/dev/null
person person
HOME=$HOME_OF CONF=$HOME_OF/.config/parallel-credential.conf
configure "platform_url = $HTTP_PLATFORM_URL" \
    "service_api_url = $HTTP_SERVICE_API_URL" "api_url = $HTTP_API_URL"
give "$HOME_OF/.config"
service login

echo '$ login: person'
login_start one person open gate close
login_reach one
message=$(said say)
[ -n "$message" ] || give_up "nothing was shown: $out"
printf '%b\n' "${message#* }" | sed 's/^/    /'
[ "$(result open)" = PAM_SUCCESS ] || give_up "the login was refused: $out"
echo "the login went on at once: open_session took $(took open) ms"
control approve '{"user_code":"any"}' >/dev/null
wait_until 20 has_token || give_up "the approval was not noticed"
echo "approved on the phone; nobody pressed ENTER"
echo '$ git credential fill'
as_person git config --global credential.helper parallel
answer=$(request | as_person git credential fill 2>&1) ||
    give_up "git got nothing: $answer"
printf '%s\n' "$answer" | sed 's/^\(password=.\{8\}\).*/\1…/'
[ "$(sed -n 's/^password=//p' <<<"$answer")" = "$(as_person "$TOOL" token)" ] ||
    give_up "git got something else"
login_end one
[ "$(result close)" = PAM_SUCCESS ] || give_up "close_session failed: $out"
