#!/bin/bash
# git itself: its configuration, as configure-git writes it, and what it does
# with it at a server that wants a credential.
# shellcheck source=tests/system/lib.sh disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"
HERE=$(cd "$(dirname "$0")" && pwd)
start_sandbox
PATIENCE=60
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
HELPER=$PREFIX/bin/git-credential-parallel

# configure_git [OPTION]...
configure_git() {
    run timeout -k 1 "$PATIENCE" "$TOOL" configure-git "$@" </dev/null
}
# helpers ADDRESS: those that git would ask, a line each
helpers() {
    git config --get-all "credential.$1.helper"
}

# in_a_line: the helpers of $api, a comma behind each
in_a_line() {
    helpers "$api" | tr '\n' ,
}

# ---- configure-git ----------------------------------------------------------

new_person
unset PARALLEL_PLATFORM_URL PARALLEL_SERVICE_API_URL PARALLEL_API_URL
platform=https://platform.parallel.ai api=https://api.parallel.ai
configure_git
is "$rc:$out" 0: "configure-git"
like "$err" "$platform from now on" "it says what for"
is "$(helpers $platform)" "
$HELPER" "the chain is cut, and then it is us: platform"
is "$(helpers $api)" "
$HELPER" "the same: api"
is "$(git config credential.$api.useHttpPath)" true "api: with the path"
is "$(git config credential.$platform.useHttpPath)" "" "platform: without"
cp "$HOME/.gitconfig" "$WORK/once"
configure_git
is "$rc:$(cmp "$WORK/once" "$HOME/.gitconfig" 2>&1)" 0: \
    "a second time: nothing changes"
like "$err" "$platform already" "and it says so"
configure_git --unset
is "$rc:$(cat "$HOME/.gitconfig")" 0: "--unset: nothing is left"
configure_git --unset
is "$rc:$out" 0: "--unset again"
like "$err" "was not set up for $platform" "says that there was nothing"

git config --global user.name Me
git config --global credential.helper store
git config --global credential.$api.username me
git config --global credential.$api.helper 'cache --timeout=5'
git config --global credential.https://api.parallel.ai/x.helper other
cp "$HOME/.gitconfig" "$WORK/before"
configure_git
is "$(helpers $api)" "cache --timeout=5

$HELPER" "behind what is there already"
configure_git --unset
is "$(cmp "$WORK/before" "$HOME/.gitconfig" 2>&1)" "" \
    "other lines are as they were"
configure_git
git config --global --add credential.$api.helper behind
configure_git
like "$err" "$api already" "a helper that somebody has put behind us stays"
git config --global --add credential.$api.helper ""
configure_git
is "$(helpers $api | tail -n 2)" "
$HELPER" "one that cuts us off does not"
configure_git --unset
is "$(in_a_line)" "cache --timeout=5,behind,," \
    "of several cuts --unset takes ours"
# Somebody has put a line between, and another block behind.
git config --global --unset-all credential.$api.helper
for each in "" store "$HELPER" "" "$HELPER" ""; do
    git config --global --add credential.$api.helper "$each"
done
configure_git
is "$rc:$(in_a_line)" "0:,store,,,$HELPER," "edited: our block is the last one"
configure_git --unset
is "$rc:$(in_a_line)" "0:,store,," "and goes whole, the others stay"
is "$(git config credential.$api.useHttpPath)" "" "with its useHttpPath"
git config --global --unset-all credential.$api.helper
for each in "" "$HELPER" "" "$HELPER"; do
    git config --global --add credential.$api.helper "$each"
done
configure_git --unset
is "$rc:$(in_a_line)" 0: "two blocks of ours: both go"

git config --global credential.$api.helper /old/bin/git-credential-parallel
git config --global credential.$api.useHttpPath false
configure_git
is "$(helpers $api)" "
$HELPER" "our old path is replaced"
is "$(git config credential.$api.useHttpPath)" true "useHttpPath is mended"
git config --global credential.$api.useHttpPath yes
configure_git --unset
is "$(git config credential.$api.useHttpPath)" yes \
    "--unset leaves what we have not written"

before=$(cat "$HOME/.gitconfig")
configure_git --file "$WORK/a file"
is "$rc:$(git config --file "$WORK/a file" --get-all \
    credential.$platform.helper | tail -n 1)" "0:$HELPER" "--file"
git init -q "$WORK/repository"
cd "$WORK/repository" || exit 1
configure_git --local
is "$rc:$(git config --local credential.$api.useHttpPath)" 0:true "--local"
configure_git --local --unset
cd "$WORK" || exit 1
is "$(git -C repository config --local credential.$api.useHttpPath)" "" \
    "--local --unset"
is "$(cat "$HOME/.gitconfig")" "$before" "none of which was the person's file"
configure_git --local
is "$rc:$out" 4: "--local, outside of a repository: exit 4"
like "$err" "git config has failed" "and it says so"
configure_git --global --file x
is "$rc:$out" 2: "two files at once: exit 2"
configure_git --file "$WORK/none/x"
is "$rc:$out" 4: "a file that cannot be written: exit 4"
mkdir "$WORK/empty"
run /usr/bin/env PATH="$WORK/empty" "$TOOL" configure-git </dev/null
is "$rc:$out" 4: "without git: exit 4"
like "$err" "^parallel-credential: cannot run git: No such file" "and why"

# ---- at a server ------------------------------------------------------------

if ! python3 -c 'import http.server' 2>/dev/null ||
    [ ! -x "$(git --exec-path)/git-http-backend" ]; then
    skip "git over http" "no python3, or no git-http-backend"
    finish
fi
new_person
use_http
git config --global init.defaultBranch main
git config --global user.email test@example.org
git config --global user.name Test
mkdir -p "$WORK/served/account"
for each in a account/b; do
    git init -q --bare "$WORK/served/$each.git"
    git -C "$WORK/served/$each.git" config http.receivepack true
done
git init -q "$WORK/tree"
echo hello >"$WORK/tree/file"
git -C "$WORK/tree" add file
git -C "$WORK/tree" commit -qm first
git -C "$WORK/tree" push -q "$WORK/served/a.git" main
git -C "$WORK/tree" push -q "$WORK/served/account/b.git" main
: >"$WORK/git.users"
in_background python3 "$HERE/git-server.py" "$WORK/served" "$WORK/git"
wait_until 30 test -s "$WORK/git" || echo "# no git server"
url=http://127.0.0.1:$(cat "$WORK/git")
# This is the data API of the person's service.
export PARALLEL_API_URL=$url
configure 'api_key = none' # for now, the data API takes the token
sign_in || exit 1
run timeout "$PATIENCE" "$TOOL" configure-git </dev/null
is "$rc:$(helpers "$url" | tail -n 1)" "0:$HELPER" \
    "configure-git, for the person's own service"
# A helper that would spoil it, were the chain not cut.
git config --global credential.helper \
    '!f() { echo username=wrong; echo password=wrong; }; f'
# good USER SECRET: from now on the server takes this, and nothing else
good() {
    echo "$1:$2" >"$WORK/git.users"
}
in_git() {
    run timeout -k 1 "$PATIENCE" git "$@" </dev/null
}
token=$("$TOOL" token)
good parallel-token "$token"
in_git clone -q "$url/a.git" "$WORK/clone"
is "$rc:$(cat "$WORK/clone/file")" 0:hello "git clone"
echo more >>"$WORK/clone/file"
git -C "$WORK/clone" commit -qam second
in_git -C "$WORK/clone" push -q
is "$rc:$(git -C "$WORK/served/a.git" log --format=%s -1 main)" 0:second \
    "git push"
is "$("$TOOL" token)" "$token" "the token is the same after approve"

# It has expired: git gets a new one and does not notice.
asked=$(refreshes)
expire_token
"$TOOL" get < <(printf 'protocol=http\nhost=%s\n\n' "${url#*://}") \
    >"$WORK/renewed"
fresh=$(sed -n 's/^password=//p' "$WORK/renewed")
isnt "$fresh" "$token" "expired: renewed for git"
good parallel-token "$fresh"
in_git -C "$WORK/clone" fetch -q
is "$rc:$(refreshes)" "0:$((asked + 1))" "git fetch, with one renewal"

# The server refuses it before its time: git says so, and all is well again.
: >"$WORK/git.users"
in_git ls-remote "$url/a.git"
isnt "$rc" 0 "refused: git ls-remote fails"
renewed=$("$TOOL" token)
isnt "$renewed" "$fresh" "git has told us: there is a new one"
good parallel-token "$renewed"
in_git -C "$WORK/clone" push -q origin HEAD:again
is "$rc" 0 "and git push works"
is "$(sort -u "$WORK/git.log")" "200 parallel-token
401 -" "nobody else was asked"

# The API key once there is one.
printf 'protocol=http\nhost=%s\nusername=me\npassword=pk_git\n\n' \
    "${url#*://}" | "$TOOL" store
good parallel-key pk_git
in_git ls-remote "$url/a.git"
is "$rc" 0 "the data API takes the key"
run timeout "$PATIENCE" "$TOOL" configure-git --unset </dev/null
in_git ls-remote "$url/a.git"
isnt "$rc" 0 "configure-git --unset: git asks somebody else"

# ---- a newer git, with bearer tokens ------------------------------------------

# Either that of another Debian, whose root is the folder NEWER_DEBIAN and which
# has the libraries of the broker, or one that was built beside GIT_TEST_DIR.
built=${GIT_TEST_DIR:-/usr/src/git/t}/..
newer_git() {
    if [ -z "${NEWER_DEBIAN-}" ]; then
        run timeout -k 1 "$PATIENCE" "$built/bin-wrappers/git" "$@" </dev/null
        return
    fi
    export PREFIX WORK NEWER_DEBIAN
    # shellcheck disable=SC2016
    run timeout -k 1 "$PATIENCE" unshare --mount --propagation private \
        "$BASH" -c 'mount -t tmpfs none "$NEWER_DEBIAN/tmp" || exit
        for each in /dev /proc "$PREFIX" "$WORK"; do
            mkdir -p "$NEWER_DEBIAN$each" &&
                mount --rbind "$each" "$NEWER_DEBIAN$each" || exit
        done
        exec chroot "$NEWER_DEBIAN" git "$@"' git "$@" </dev/null
}
newer_git credential capability
if [ "$rc" -ne 0 ] || ! grep -q 'capability authtype' <<<"$out" ||
    { [ -z "${NEWER_DEBIAN-}" ] && [ ! -x "$built/git-remote-http" ]; }; then
    skip "git with bearer tokens" \
        "no git 2.46 or later (tests/check --all gets one)"
    finish
fi
run timeout "$PATIENCE" "$TOOL" configure-git </dev/null
printf 'protocol=http\nhost=%s\npassword=pk_git\n\n' "${url#*://}" |
    "$TOOL" erase
sign_in || exit 1 # a token that nobody has refused yet
token=$("$TOOL" token)
good bearer "$token"
: >"$WORK/git.log"
newer_git ls-remote "$url/a.git"
is "$rc:$(sort -u "$WORK/git.log")" "0:200 bearer
401 -" "git sends the token as a bearer token"
: >"$WORK/git.users"
newer_git ls-remote "$url/a.git"
isnt "$rc" 0 "refused"
good bearer "$("$TOOL" token)"
isnt "$(cat "$WORK/git.users")" "bearer:$token" "git has told us"
newer_git ls-remote "$url/a.git"
is "$rc" 0 "and it works again"
finish
