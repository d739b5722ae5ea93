#!/bin/bash
# env: the API key in a shell's environment, whatever the shell and the key;
# what a starting shell and a starting user manager get by themselves.
. "$(dirname "$0")/lib.sh"
conf=$(cd "$(dirname "$0")/../../conf" && pwd) || exit 1

start_sandbox
paste_key() {
    printf 'protocol=http\nhost=%s\nusername=parallel-key\npassword=%s\n\n' \
        "${PARALLEL_API_URL#*://}" "$1" | "$TOOL" store
}
# Both the front and the broker answer: cold is the broker.
cold() {
    rm -f "$SESSION"
    run "$@"
}
exports="export PARALLEL_API_KEY='pk_stored'
export PARALLEL_CREDENTIAL_KEY_ID='pasted'"

# ---- nothing there -----------------------------------------------------------------

new_person
run "$TOOL" env
is "$rc:$out" 3: "signed out: exit status 3, nothing to evaluate"
like "$err" "^parallel-credential: not signed in" "why is said"
run "$TOOL" env --session
is "$rc:$out$err" 0: "--session: it is not"
run bash -euc 'eval "$(parallel-credential env --quiet)"; echo on'
is "$rc:$out$err" 0:on "it breaks no shell that evaluates it"
sign_in
run "$TOOL" env --plain
is "$rc:${out%%$'\n'*}" "0:PARALLEL_API_KEY=$(stored '.records[0].api_key')" \
    "signed in: the key that came with it"
isnt "${out#*_ID=}" pasted "and its id"
new_person
configure 'api_key = none'
sign_in
run "$TOOL" env
is "$rc:$out" 3: "signed in, without a key: 3"
run "$TOOL" env --session
is "$rc:$out$err" 0: "--session: nothing"
brokers() {
    strace -f -o "$WORK/trace" -e trace=execve "$@" >"$WORK/trace.out" 2>&1
    grep -c broker "$WORK/trace"
}
if strace -o /dev/null true 2>/dev/null; then
    is "$(brokers "$TOOL" env --session)" 0 "and no broker is started for it"
    paste_key pk_stored
    "$TOOL" env >"$WORK/out"
    is "$(brokers "$TOOL" env)" 0 "nor when there is a key"
else
    skip "no broker is started" "strace cannot trace here"
fi

# ---- what it says --------------------------------------------------------------------

paste_key pk_stored
for way in cold run; do
    SHELL=/bin/bash $way "$TOOL" env
    is "$rc:$out" "0:$exports" "$way: for a shell like sh"
    $way "$TOOL" env --session --sh
    is "$rc:$out" "0:$exports" "$way: --session"
    for shell in fish csh tcsh; do
        SHELL=/usr/bin/$shell $way "$TOOL" env
        guessed=$out
        $way "$TOOL" env "--${shell#t}"
        is "$guessed" "$out" "$way: $shell is known by SHELL"
    done
    SHELL='' $way "$TOOL" env
    is "$out" "$exports" "$way: no SHELL"
    $way "$TOOL" env --plain
    is "$out" "PARALLEL_API_KEY=pk_stored
PARALLEL_CREDENTIAL_KEY_ID=pasted" "$way: --plain"
    PARALLEL_API_KEY=pk_old PARALLEL_CREDENTIAL_KEY_ID=old $way "$TOOL" env --sh
    is "$out" "$exports" "$way: a key that we exported and that was replaced"
    PARALLEL_API_KEY=pk_own $way "$TOOL" env --sh
    is "$out" "export PARALLEL_API_KEY='pk_own'" \
        "$way: one that the person has exported stays"
    PARALLEL_API_KEY=pk_own $way "$TOOL" env --session
    is "$rc:$out" "0:" "$way: --session leaves it alone"
done
run "$TOOL" env --json
is "$rc:$out" 2: "an option it does not have"
run "$TOOL" token --fish
is "$rc:$out" 2: "its options are not those of others"
configure 'export_environment = no'
for way in cold run; do
    $way "$TOOL" env --session
    is "$rc:$out$err" 0: "$way: export_environment = no: no session has it"
    $way "$TOOL" env --sh
    is "$rc:$out" "0:$exports" "$way: who asks for it gets it"
done
rm "$CONF"

# status tells which one wins.
like "$("$TOOL" status)" 'API key +stored$' "status: the stored key"
like "$(PARALLEL_API_KEY=pk_own "$TOOL" status)" 'API key +taken from PARALLEL_API_KEY' \
    "status: the person's own"
like "$(PARALLEL_API_KEY=pk_old PARALLEL_CREDENTIAL_KEY_ID=old "$TOOL" status)" \
    'API key +stored$' "status: not one that we have exported"

# ---- whatever is in the key ------------------------------------------------------------

hostile=$'a\'b"c\\d!e$HOME`id`$(id) g*[h];&|<>#~%{i,j}\\\'!!\\\\'
paste_key "$hostile"
show='printf "%s\n" "$PARALLEL_API_KEY"'
for shell in sh dash bash zsh ksh busybox; do
    command -v $shell >/dev/null || {
        skip "$shell" "it is not installed"
        continue
    }
    words=("$shell")
    [ $shell != busybox ] || words+=(sh)
    is "$("${words[@]}" -c "eval \"\$(parallel-credential env --sh)\"; $show")" \
        "$hostile" "$shell: every character arrives"
done
for shell in csh tcsh; do
    if command -v $shell >/dev/null; then
        is "$($shell -fc 'eval "`parallel-credential env --csh`"
            printenv PARALLEL_API_KEY')" "$hostile" \
            "$shell: every character arrives"
    else
        skip "$shell" "it is not installed"
    fi
done
if command -v fish >/dev/null; then
    is "$(fish --no-config -c "parallel-credential env --fish | source
        printenv PARALLEL_API_KEY")" "$hostile" "fish: every character arrives"
else
    skip fish "it is not installed"
fi
for way in cold run; do
    $way "$TOOL" env --plain
    is "$rc:$out" 4: "$way: --plain has no quotes, and refuses"
    like "$err" "characters" "$way: and says why"
done

# ---- a shell that starts -------------------------------------------------------------

# started SHELL...: what it has in its environment when the script was read
started() {
    "$@" ". $conf/parallel-credential.sh; printenv PARALLEL_API_KEY PARALLEL_CREDENTIAL_KEY_ID"
}
for shell in sh dash bash zsh "bash -eu" "dash -eu"; do
    read -r -a words <<<"$shell"
    command -v "${words[0]}" >/dev/null || {
        skip "$shell" "it is not installed"
        continue
    }
    new_person
    is "$(started "${words[@]}" -c 2>&1)" "" \
        "$shell: nobody has signed in: nothing, and no complaint"
    unlike "$(started "${words[@]}" -ic 2>&1)" "[Pp][Aa][Rr][Aa][Ll]" \
        "$shell: nor in an interactive one"
    check "$shell: and nothing is made" test ! -e "$STATE"
    paste_key pk_stored
    is "$(started "${words[@]}" -c)" "pk_stored
pasted" "$shell: the key is there"
    rm -f "$SESSION"
    is "$(started "${words[@]}" -c)" "pk_stored
pasted" "$shell: without a cache, too"
    is "$(PARALLEL_API_KEY=pk_old PARALLEL_CREDENTIAL_KEY_ID=old \
        started "${words[@]}" -c)" "pk_stored
pasted" "$shell: a new one replaces an old one of ours"
    is "$(PARALLEL_API_KEY=pk_own started "${words[@]}" -c)" pk_own \
        "$shell: the person's own stays"
    configure 'export_environment = no'
    is "$(started "${words[@]}" -c)" "" "$shell: export_environment = no"
    paste_key "$hostile"
    rm "$CONF"
    is "$(started "${words[@]}" -c)" "$hostile
pasted" "$shell: whatever is in it"
    is "$(PATH=/usr/bin:/bin started "${words[@]}" -c 2>&1)" "" \
        "$shell: not installed: nothing"
done
new_person
paste_key "$hostile"
if command -v tcsh >/dev/null; then
    is "$(tcsh -fc "source $conf/parallel-credential.csh
        printenv PARALLEL_API_KEY")" "$hostile" "csh: the key is there"
    is "$(PARALLEL_API_KEY=pk_own tcsh -fc "source $conf/parallel-credential.csh
        printenv PARALLEL_API_KEY")" pk_own "csh: the person's own stays"
    is "$(HOME=$WORK XDG_RUNTIME_DIR='' tcsh -fc \
        "source $conf/parallel-credential.csh; echo on" 2>&1)" on \
        "csh: nobody has signed in"
    is "$(PATH=/usr/bin:/bin tcsh -efc \
        "source $conf/parallel-credential.csh; echo on" 2>&1)" on \
        "csh -e: not installed"
    is "$(env -u XDG_RUNTIME_DIR tcsh -fc "source $conf/parallel-credential.csh
        printenv PARALLEL_API_KEY" 2>&1)" "$hostile" "csh: no XDG_RUNTIME_DIR"
else
    skip csh "tcsh is not installed"
fi
if command -v fish >/dev/null; then
    is "$(fish --no-config -c "source $conf/parallel-credential.fish
        printenv PARALLEL_API_KEY")" "$hostile" "fish: the key is there"
    is "$(PARALLEL_API_KEY=pk_own fish --no-config -c \
        "source $conf/parallel-credential.fish
        printenv PARALLEL_API_KEY")" pk_own "fish: the person's own stays"
    is "$(HOME=$WORK XDG_RUNTIME_DIR='' fish --no-config -c \
        "source $conf/parallel-credential.fish; echo on" 2>&1)" on \
        "fish: nobody has signed in"
else
    skip fish "it is not installed"
fi

# ---- a user manager that starts ---------------------------------------------------------

new_person
generator=$conf/60-parallel-credential
run "$generator"
is "$rc:$out$err" 0: "generator: nobody has signed in"
check "generator: and nothing is made" test ! -e "$STATE"
paste_key pk_stored
run "$generator"
is "$rc:$out" "0:PARALLEL_API_KEY=pk_stored
PARALLEL_CREDENTIAL_KEY_ID=pasted" "generator: KEY=value"
PARALLEL_API_KEY=pk_own run "$generator"
is "$rc:$out" 0: "generator: a key of environment.d stays"
configure 'export_environment = no'
run "$generator"
is "$rc:$out" 0: "generator: export_environment = no"
PATH=/usr/bin:/bin run "$generator"
is "$rc:$out$err" 0: "generator: not installed"
finish
