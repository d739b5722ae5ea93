# shellcheck shell=bash
# pam.sh - what the tests of the PAM module share. It comes in place of
# lib.sh, which it brings along, and puts the test into a world of its own:
# namespaces for mounts, processes and the network. In there the test is root
# (for anybody else: of a user namespace), and these are its own:
#
#   /etc/passwd, /etc/group, /etc/nsswitch.conf   person() adds to them
#   /run, /dev with /dev/log                      empty
#   the network                                   a loopback device
#   every process                                 ends with the test
#
# PAM services lie in $CONFDIR (service()); drive() runs the login program
# tests/pam/driver on them.

: "${PREFIX:?}" "${PLATFORM:?}" "${BUILD:?}"
PAM_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
PAM_WORLD=(unshare --mount --pid --net --fork --kill-child --mount-proc
    --propagation private)

# ---- from outside ------------------------------------------------------------

if [ -z "${PAM_INSIDE-}" ]; then
    [ "$(id -u)" -eq 0 ] || PAM_WORLD+=(--user --map-root-user)
    if ! "${PAM_WORLD[@]}" mount -t tmpfs none /mnt 2>/dev/null; then
        echo "1..0 # SKIP no namespaces of our own can be made here"
        exit 0
    fi
    if ! [ -x "$BUILD/tests/pam/driver" ]; then
        echo "1..0 # SKIP the PAM module is not built"
        exit 0
    fi
    # What the test makes goes away even if it is ended from outside.
    PAM_OUTSIDE=$(mktemp -d "${TMPDIR:-/tmp}/parallel-pam.XXXXXX") || exit 1
    pam_leave() {
        [ -z "${PAM_PID-}" ] || kill -KILL "$PAM_PID" 2>/dev/null
        wait
        rm -rf "$PAM_OUTSIDE"
    }
    trap pam_leave EXIT
    trap 'exit 143' INT TERM HUP
    chmod 755 "$PAM_OUTSIDE"
    PAM_INSIDE=$(id -u):$(id -g) TMPDIR=$PAM_OUTSIDE "${PAM_WORLD[@]}" \
        "$BASH" "$0" "$@" &
    PAM_PID=$!
    wait "$PAM_PID"
    status=$?
    PAM_PID=''
    exit $status
fi

# ---- inside ------------------------------------------------------------------

# shellcheck source=../system/lib.sh
. "$PAM_HERE/../system/lib.sh"
trap - EXIT # nothing outlives us, and nothing that we make is outside
PATH=$PATH:/usr/sbin:/sbin
umask 022
# Who we are outside.
ME=${PAM_INSIDE%:*} MY_GROUP=${PAM_INSIDE#*:}
unset PAM_INSIDE
# In a user namespace 65534 is everybody that it does not know, so a file of that
# number is not believed.
[ "$ME" -ne 65534 ] || ME=61000
MODULE=${MODULE:-$PREFIX/lib/security/pam_parallel.so}
DRIVER=$BUILD/tests/pam/driver
CONFDIR=$WORK/pam.d
# How the login program runs: as root, or as the one user there is, who has
# another name in a user namespace below ours.
as_login=()
[ "$ME" -eq 0 ] ||
    as_login=(unshare --user --map-user="$ME" --map-group="$MY_GROUP")

is_root() {
    [ "$ME" -eq 0 ]
}

# A folder on the way to $1 that lets only its owner through: our own people
# have to get past it.
open_way() {
    local way='' part layer
    local IFS=/
    for part in ${1#/}; do
        way=$way/$part
        [ $((0$(stat -c %a "$way") & 1)) -eq 0 ] || continue
        layer=$(mktemp -d /run/way.XXXXXX)
        mkdir "$layer/up" "$layer/work"
        chmod 711 "$layer/up"
        mount -t overlay overlay -o \
            "lowerdir=$way,upperdir=$layer/up,workdir=$layer/work" "$way"
    done
}

own_devices() {
    local each new=$WORK/dev
    mkdir "$new" && mount -t tmpfs -o mode=755 tmpfs "$new" || return
    for each in null zero full random urandom tty; do
        : >"$new/$each"
        mount --bind "/dev/$each" "$new/$each" || return
    done
    mkdir "$new/pts" "$new/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$new/pts" || return
    chmod 1777 "$new/shm"
    ln -s pts/ptmx "$new/ptmx"
    ln -s /proc/self/fd "$new/fd"
    mount --rbind "$new" /dev && umount -l "$new"
}

own_files() {
    local each
    mkdir "$WORK/etc" "$CONFDIR"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$WORK/etc/passwd"
    echo 'root:x:0:' >"$WORK/etc/group"
    printf '%s: files\n' passwd group shadow hosts >"$WORK/etc/nsswitch.conf"
    echo '127.0.0.1 localhost' >"$WORK/etc/hosts"
    for each in passwd group nsswitch.conf hosts; do
        mount --bind "$WORK/etc/$each" "/etc/$each" || return
    done
}

own_world() {
    mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/user || return
    if is_root; then
        open_way "$PREFIX" && open_way "$WORK" || return
    fi
    # No disk is filled, nothing is left.
    mount -t tmpfs -o mode=755 tmpfs "$WORK" || return
    own_devices && own_files && ip link set lo up
}
if ! own_world; then
    echo "Bail out! no world of our own"
    exit 1
fi

# In a sanitized tree: the programs do not get our environment, which says
# where the sanitizers report; so each is started by one that knows. The front
# may not look for leaks: it has changed its user, and cannot be traced.
speaking_sanitizers() {
    local program name options=${ASAN_OPTIONS-}:detect_leaks=0
    [ -n "${ASAN_OPTIONS-}" ] || return 0
    mkdir "$WORK/speaking"
    for program in "$PREFIX/bin/parallel-credential" "$BROKER"; do
        name=$WORK/speaking/${program##*/}
        cat >"$name.c" <<END
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    (void)argc;
    setenv("ASAN_OPTIONS", "$options", 1);
    setenv("UBSAN_OPTIONS", "${UBSAN_OPTIONS-}", 1);
    execv("$name.true", argv);
    return 126;
}
END
        ${CC:-cc} -o "$name" "$name.c" && cp "$program" "$name.true" &&
            mount --bind "$name" "$program" || exit 1
        options=$ASAN_OPTIONS
    done
}

# ---- people ------------------------------------------------------------------

# person NAME [HOME [SHELL]]: with an empty home. In $HOME_OF and $UID_OF.
# Without root all of them have the one uid there is.
HOME_OF='' UID_OF=$ME
person_number=0
add_entry() {
    printf '%s:x:%s:%s::%s:%s\n' "$@" >>/etc/passwd
}
person() {
    person_number=$((person_number + 1))
    HOME_OF=${2-$WORK/home.$1}
    if is_root; then UID_OF=$((30000 + person_number)); fi
    add_entry "$1" "$UID_OF" "$(group_of)" "$HOME_OF" "${3-/bin/sh}"
    [ $# -gt 1 ] || make_home
}
group_of() {
    if is_root; then echo "$UID_OF"; else echo "$MY_GROUP"; fi
}
give() {
    if is_root; then chown -R "$UID_OF:$UID_OF" "$@"; fi
}
make_home() {
    mkdir "$HOME_OF" && chmod 700 "$HOME_OF" && give "$HOME_OF"
}

# ---- logins ------------------------------------------------------------------

# service NAME [OPTION...]: the module alone, so that what it returns shows:
# PAM_IGNORE comes out as PAM_PERM_DENIED
service() {
    local name=$1
    shift
    # Without root the only user there is may have any uid.
    is_root || set -- "min_uid=$ME" "$@"
    cat >"$CONFDIR/$name" <<END
auth     required  $MODULE $*
account  required  pam_permit.so
session  required  $MODULE $*
END
}
printf '%s required pam_deny.so\n' auth account password session \
    >"$CONFDIR/other"

# driver WORD OR OPTION...: the login program, in the foreground
driver() {
    "${as_login[@]+"${as_login[@]}"}" "$DRIVER" --confdir "$CONFDIR" "$@"
}
# drive NAME [WORD OR OPTION...]: a login of this person, with its log; what
# it says goes to $out, and its lines of one kind come from said()
drive() {
    local name=$1
    shift
    run driver --user "$name" --log /dev/log "$@" </dev/null
}
# said WORD: what followed that word, for each line that begins with it
said() {
    sed -n "s/^$1 //p" <<<"$out"
}
# result WORD: "PAM_…" of each such call; took WORD: the ms of the first
result() {
    said "$1" | cut -d' ' -f1 | paste -sd' '
}
took() {
    said "$1" | head -n 1 | cut -d' ' -f2
}
# within MS WORD NAME: the call took no longer
within() {
    local ms
    ms=$(took "$2")
    if awk -v ms="${ms:-x}" -v limit="$1" \
        'BEGIN { exit !(ms ~ /^[0-9.]+$/ && ms + 0 <= limit) }'; then
        ok "$3"
    else
        not_ok "$3" "it took ${ms:-none} ms, at most $1: $out $err"
    fi
}
# Every descriptor of the login program in its first and last "state" line,
# and whether it has children.
states() {
    said state | sed 's, rss=[0-9]*,,'
}
# field NAME: of the last state line
field() {
    said state | tail -n 1 | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# login_start ID NAME [WORD...]: in the background, with a pipe for its gates
declare -A login_pid=() login_in=()
login_start() {
    local id=$1 name=$2 in=$WORK/in.$1 fd
    shift 2
    rm -f "$in" "$WORK/out.$id" "$WORK/err.$id"
    mkfifo "$in"
    "${as_login[@]+"${as_login[@]}"}" "$DRIVER" --confdir "$CONFDIR" \
        --user "$name" "$@" <"$in" >"$WORK/out.$id" 2>"$WORK/err.$id" &
    login_pid[$id]=$!
    background+=($!)
    exec {fd}>"$in"
    login_in[$id]=$fd
}
# login_reach ID [COUNT]: till it stands at its first (COUNT-th) gate
login_reach() {
    wait_until 60 login_stands "$1" "${2-1}" || not_ok "a login reaches its gate" \
        "$(cat "$WORK/out.$1" "$WORK/err.$1")"
    out=$(cat "$WORK/out.$1")
}
login_stands() {
    [ -e "$WORK/out.$1" ] && [ "$(grep -c '^gate$' "$WORK/out.$1")" -ge "$2" ]
}
login_go() {
    echo >&"${login_in[$1]}"
}
# login_end ID: through its last gate, to its end; what it said is in $out
login_end() {
    local fd=${login_in[$1]}
    echo >&"$fd"
    exec {fd}>&-
    wait "${login_pid[$1]}"
    rc=$?
    out=$(cat "$WORK/out.$1")
}
