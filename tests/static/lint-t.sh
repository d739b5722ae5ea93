#!/bin/bash
# The sources as they stand: layout, shell scripts, manual pages, words.
cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=none}" "${PLATFORM:=none}" "${BUILD:=none}"
# shellcheck source=../system/lib.sh
. tests/system/lib.sh

mapfile -t files < <(tests/files)
# chosen PATTERN: those files whose names match, in $chosen
chosen() {
    mapfile -t chosen < <(printf '%s\n' "${files[@]}" | grep -E "$1")
}
# silent NAME COMMAND...: it succeeds and has nothing to say
silent() {
    local name=$1 complaint
    shift
    if complaint=$("$@" 2>&1) && [ -z "$complaint" ]; then
        ok "$name: ${#chosen[@]} files"
    else
        not_ok "$name" "$(head -n 100 <<<"$complaint")"
    fi
}

# The layout is that of one version; others differ in details.
chosen '\.[ch]$'
version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
# "FILE: N places", which clang-format -i would change
unformatted() {
    clang-format --dry-run "$@" 2>&1 | grep -E '^[^ ]+:[0-9]+:' |
        cut -d: -f1 | uniq -c | awk '{ print $2 ": " $1 " places" }'
}
if [ "$version" = 14 ]; then
    silent "clang-format" unformatted "${chosen[@]}"
else
    skip "clang-format" "the layout is that of version 14, not ${version:-any}"
fi

chosen '\.[1-8]$'
if [ ${#chosen[@]} -gt 0 ]; then
    silent "mandoc" mandoc -Tlint -Wwarning "${chosen[@]}"
fi

chosen '\.(ba)?sh$'
for file in "${files[@]}"; do
    [[ $file == *.sh || $file == *.bash ]] || ! head -n 1 "$file" | tr -d '\0' |
        grep -qE '^#! */(usr/)?bin/(env )?(ba)?sh' || chosen+=("$file")
done
silent "shellcheck" shellcheck --format=gcc "${chosen[@]}"

# found PATTERN FILE...: the lines that have it, which there should not be
found() {
    ! grep -nHEI -e "$@"
}
# All but the three that deal in such words themselves.
chosen '.'
for index in "${!chosen[@]}"; do
    case ${chosen[index]} in
    tests/run | tests/static/run-t.sh | tests/static/lint-t.sh)
        unset "chosen[index]"
        ;;
    esac
done
silent "nothing is left to do" found \
    '\<(TODO|FIXME|XXX|HACK|WIP|TBD)\>|\<(un|not (yet )?)implemented\>' \
    "${chosen[@]}"
silent "no conflict is left" found '^(<<<<<<<|>>>>>>>)' "${chosen[@]}"

# Would it be seen?
printf '%s\n' 'int x; // TO''DO' >"$WORK/seen.c"
run found '\<(TODO|FIXME)\>' "$WORK/seen.c"
is "$rc:$out" "1:$WORK/seen.c:1:int x; // TO""DO" "seen: a word"
if [ "$version" = 14 ]; then
    is "$(unformatted "$WORK/seen.c")" "" "a layout in order"
    echo '  int  y;' >>"$WORK/seen.c"
    isnt "$(unformatted "$WORK/seen.c")" "" "seen: a layout that is not"
fi
echo 'rm $1' >"$WORK/seen.sh"
run shellcheck -s sh "$WORK/seen.sh"
isnt "$rc" 0 "seen: a careless script"
finish
