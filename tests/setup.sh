# shellcheck shell=bash
# setup.sh - what tests/check and tests/demo share: packages, a copy of the
# sources, a build of it, an installed tree.
#
# ROOT is the clone. All that is made lies in $BUILDS: build/ in the clone,
# or a folder of our own in /tmp where that cannot be.
#
#   $BUILDS/source          the project's files, with ./configure made
#   $BUILDS/NAME            a build tree
#   $BUILDS/NAME/installed  what it installs
#   $BUILDS/log             what the steps said

set -u
umask 022
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
unset MAKEFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS LIBS CC GIT_DIR
unset GIT_WORK_TREE GIT_INDEX_FILE CONFIG_SITE DESTDIR TOOL
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
CORES=$(nproc)

# shellcheck disable=SC2034
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR-}" ]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[m'
else
    BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

# seconds_since $EPOCHREALTIME: with one decimal
seconds_since() {
    local ms=$(((${EPOCHREALTIME/[^0-9]/} - ${1/[^0-9]/}) / 1000))
    echo "$((ms / 1000)).$((ms / 100 % 10))"
}

# step NAME COMMAND...: one line; what the command says goes to a log, which
# is shown if it fails
step_count=0
step() {
    local name=$1 begin=$EPOCHREALTIME log
    shift
    step_count=$((step_count + 1))
    log=$BUILDS/log/$(printf '%02d-%s' "$step_count" "${name//[^a-zA-Z0-9]/-}")
    printf '  %-60s ' "$name"
    if ("$@") >"$log" 2>&1 </dev/null; then
        echo "${GREEN}ok${PLAIN}  ($(seconds_since "$begin") s)"
        return 0
    fi
    echo "${RED}FAILED${PLAIN}  ($(seconds_since "$begin") s)"
    tail -n 60 "$log" | sed 's/^/      /'
    echo "      all of it: $log"
    return 1
}

# ---- a folder of our own -----------------------------------------------------

# Can build/ in the clone be ours?
setup_fits() {
    # make cannot live with blanks in a path.
    case $ROOT in *[!a-zA-Z0-9_/.+-]*) return 1 ;; esac
    [ -w "$ROOT" ] || return 1
    if [ -e "$BUILDS" ] && ! [ -O "$BUILDS" ]; then return 1; fi
    # Where root builds, invented users have to get at the programs.
    [ "$(id -u)" -ne 0 ] ||
        setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$ROOT"
}

setup_folder() {
    BUILDS=$ROOT/build
    setup_fits || BUILDS=${TMPDIR:-/tmp}/parallel-credential-build-$(id -u)
    mkdir -p "$BUILDS"
    if [ -L "$BUILDS" ] || ! [ -O "$BUILDS" ]; then
        echo "$BUILDS is not ours: remove it" >&2
        exit 1
    fi
    mkdir -p "$BUILDS/log"
    exec 9>"$BUILDS/lock"
    if ! flock --nonblock 9; then
        echo "waiting for another run that uses $BUILDS"
        flock 9
    fi
}

# ---- packages ----------------------------------------------------------------

# PACKAGE, then how to see that it need not be installed.
# shellcheck disable=SC2034
setup_needs='
    gcc                     command gcc
    libc6-dev               header stdio.h
    make                    command make
    autoconf                command autoconf
    automake                command automake
    pkg-config              command pkg-config
    libcurl4-openssl-dev    module libcurl
    libjson-c-dev           module json-c
    libinih-dev             module inih
    libqrencode-dev         module libqrencode
    libsecret-1-dev         module libsecret-1
    libpam0g-dev            header security/pam_ext.h
    musl-tools              command musl-gcc
    libmicrohttpd-dev       module libmicrohttpd
    libgnutls28-dev         module gnutls
    libcmocka-dev           module cmocka
    git                     command git
    curl                    command curl
    jq                      command jq
    util-linux              command flock
    bsdutils                command script
'

setup_has() {
    case $1 in
    command) command -v "$2" >/dev/null ;;
    header) echo "#include <$2>" | gcc -E - >/dev/null 2>&1 ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    library) [ -n "$(compgen -G "/usr/lib/*/$2")$(compgen -G "/usr/lib*/$2")" ] ;;
    python) /usr/bin/python3 -c "import $2" 2>/dev/null ;; # Debian's own
    runtime) [ -n "$(compgen -G "$(clang -print-resource-dir)/$2")" ] ;;
    esac
}

# setup_missing NEEDS: the packages of what is not there
setup_missing() {
    local package how what
    while read -r package how what; do
        [ -z "$package" ] || setup_has "$how" "$what" || echo "$package"
    done <<<"$1"
}

setup_apt() {
    local as_root=(env)
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    if [ "${as_root[0]}" = sudo ] && [ -t 0 ]; then as_root=(sudo); fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

# May we install? Without root, that takes a sudo that works: with a terminal
# it may ask for the password.
setup_may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || return 1
    if [ -t 0 ]; then sudo -v; else sudo -n true; fi 2>/dev/null
}

setup_updated=''
# setup_packages NEEDS: all of them are there, or the script ends here
setup_packages() {
    local missing
    mapfile -t missing < <(setup_missing "$1")
    [ ${#missing[@]} -gt 0 ] || return 0
    if setup_may_install; then
        rm -f "$BUILDS"/*/configured
        echo "  installing ${missing[*]}"
        [ -n "$setup_updated" ] || step "apt-get update" setup_apt update
        setup_updated=yes
        step "apt-get install" setup_apt install --no-install-recommends \
            "${missing[@]}"
    fi
    mapfile -t missing < <(setup_missing "$1")
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Missing, and not for us to install here. On Debian, as root:"
    echo "  apt-get install ${missing[*]}"
    exit 1
}

# ---- sources and builds ------------------------------------------------------

setup_copy() {
    local source=$BUILDS/source list=$BUILDS/files gone
    mkdir -p "$source" && touch "$list" &&
        "$ROOT/tests/files" >"$list.new" || return 1
    comm -23 "$list" "$list.new" | while IFS= read -r gone; do
        echo "gone: $gone" && rm -f "$source/$gone"
    done
    # Times are kept: make sees what has changed.
    tar -C "$ROOT" -c --no-recursion -T "$list.new" |
        tar -C "$source" -x --no-same-owner || return 1
    mv "$list.new" "$list"
}

setup_autogen() {
    local each source=$BUILDS/source
    for each in autogen.sh configure.ac Makefile.am; do
        [ "$source/$each" -ot "$source/configure" ] || {
            rm -f "$source/configure" && "$source/autogen.sh"
            return
        }
    done
}

setup_source() {
    step "copy the sources" setup_copy &&
        step "autogen.sh" setup_autogen
}

setup_configure() {
    local folder=$BUILDS/$1
    shift
    mkdir -p "$folder" && cd "$folder" || return 1
    if [ configured -nt "$BUILDS/source/configure" ] &&
        [ "$(cat configured)" = "$*" ]; then
        echo "configured as before"
        return 0
    fi
    rm -f configured
    "$BUILDS/source/configure" --prefix="$folder/installed" "$@" &&
        echo "$*" >configured
}

# setup_build NAME ARGUMENTS OF configure...: built and installed
setup_build() {
    local name=$1 folder=$BUILDS/$1
    shift
    step "$name: configure" setup_configure "$name" "$@" &&
        step "$name: make" make -C "$folder" -j"$CORES" &&
        step "$name: make install" setup_install "$folder"
}

setup_install() {
    rm -rf "$1/installed" && make -C "$1" install
}
