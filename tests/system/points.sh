# shellcheck shell=bash
# points.sh - a command killed before every system call that it makes. Comes
# after crash.sh.

# note PROPERTY TEXT: an offence; none PROPERTY NAME: there was none
note() {
    echo "$2" >>"$WORK/offence.$1"
}
none() {
    is "$(head -3 "$WORK/offence.$1" 2>/dev/null)" '' "$2"
    rm -f "$WORK/offence.$1"
}
# record COMMAND...: its system calls in order, as "NAME NUMBER" where NUMBER
# counts the calls of that name, in $WORK/points
record() {
    strace -f -qq -o "$WORK/reference" -e signal=none "$@" \
        >"$WORK/run.out" 2>"$WORK/run.err" </dev/null || return 1
    awk 'NR == 1 { main = $1 }
        $1 == main && match($2, /^[a-z][a-z0-9_]*\(/) {
            name = substr($2, 1, RLENGTH - 1)
            if (name !~ /^syscall/ && !/ resumed>/)
                print name, ++seen[name]
        }' "$WORK/reference" >"$WORK/points"
}
# kill_at NAME NUMBER COMMAND...: what it did until then is in $WORK/trace;
# $killed is 137 unless it went another way and has lived
killed=0
# shellcheck disable=SC2034
kill_at() {
    local name=$1 number=$2
    shift 2
    {
        strace -f -qq -o "$WORK/trace" -e signal=none \
            -e "trace=$name,sendto,/^rename" \
            -e "inject=$name:signal=SIGKILL:when=$number" "$@" \
            >"$WORK/run.out" 2>&1 </dev/null
        killed=$?
    } 2>/dev/null
}
# All points but those of the dynamic loader, between the broker's start and
# its first act: of these every tenth.
without_loader() {
    awk '$1 == "umask" { begun = 1 }
        $1 == "execve" { loading = $2 == 2 && !begun }
        begun { loading = 0 }
        !loading || NR % 10 == 0' "$WORK/points"
}
