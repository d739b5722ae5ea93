# shellcheck shell=bash disable=SC2034
# package.sh - packages from the tarball, and a Debian to install them into.
#
#   . "$(dirname "$0")/../system/lib.sh"
#   . "$(dirname "$0")/package.sh"
#   own_machine "$0"
#
# Everything after own_machine runs as the first process of namespaces of its
# own, with a network that is a loopback: what it mounts and starts is gone
# with it. From the environment:
#
#   PACKAGE_DEBIAN   a Debian of this machine's release that is not changed:
#                    its packages are those of package_includes in tests/check

TOOLS=(unshare mount ip setpriv dpkg-buildpackage dh lintian curl jq)

# release FOLDER: bookworm, say
release() {
    sed -n 's/^VERSION_CODENAME=//p' "$1/etc/os-release"
}

# What a script may replace, to do something outside, before and after.
host_run() {
    "$@"
}
# own_machine SCRIPT
own_machine() {
    local each
    if [ -n "${PARALLEL_TEST_OWN_MACHINE-}" ]; then
        trap - EXIT # nothing outlives us, and what is mounted is not ours
        chmod 711 "$WORK"
        ip link set lo up
        # A debootstrap that was ended has left it, and piuparts would copy
        # the memory of all processes.
        ! mountpoint -q "$PACKAGE_DEBIAN/proc" || umount "$PACKAGE_DEBIAN/proc"
        return
    fi
    [ "$(id -u)" -eq 0 ] || skip_all "needs root"
    [ -d "${PACKAGE_DEBIAN-}" ] ||
        skip_all "PACKAGE_DEBIAN names no Debian; tests/check --all makes one"
    [ "$(release "$PACKAGE_DEBIAN")" = "$(release "")" ] ||
        skip_all "this is no Debian $(release "$PACKAGE_DEBIAN")"
    for each in "${TOOLS[@]}"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$each" >/dev/null ||
            skip_all "$each is missing"
    done
    unshare -mpn --fork --kill-child --mount-proc --propagation private \
        true 2>/dev/null || skip_all "no namespaces here"
    chmod 711 "$WORK"
    host_run env TMPDIR="$WORK" PARALLEL_TEST_OWN_MACHINE=1 \
        PATH="$PATH:/usr/sbin:/sbin" \
        unshare -mpn --fork --kill-child --mount-proc \
        --propagation private "$1"
    exit
}

# ---- building ------------------------------------------------------------------

VERSION=$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' \
    "$(dirname "${BASH_SOURCE[0]}")/../../configure.ac")
TARBALL=$WORK/parallel-credential-$VERSION.tar.xz

# What "make dist" packs, without touching the build tree.
make_tarball() {
    local folder=$WORK/dist/parallel-credential-$VERSION
    mkdir "$WORK/dist" && make -s -C "$BUILD" distdir distdir="$folder" &&
        tar -C "$WORK/dist" -cJf "$TARBALL" "${folder##*/}"
}
# as_nobody FOLDER COMMAND...: in a folder that is theirs
as_nobody() {
    local folder=$1
    shift
    chown -R 65534:65534 "$folder" &&
        (cd "$folder" &&
            env -i HOME="$folder" PATH="$PATH" LC_ALL=C.UTF-8 TZ="$TZ" \
                ${DEB_BUILD_OPTIONS:+DEB_BUILD_OPTIONS="$DEB_BUILD_OPTIONS"} \
                setpriv --reuid=65534 --regid=65534 --clear-groups "$@")
}
# build_debs NAME [OPTIONS OF dpkg-buildpackage]: from the tarball, with what
# strays about in a clone, in $WORK/NAME; what it says is in $WORK/NAME.log
build_debs() {
    local name=$1
    shift
    mkdir "$WORK/$name" && tar -C "$WORK/$name" -xJf "$TARBALL" &&
        mkdir "$WORK/$name/parallel-credential-$VERSION"/{.git,build} &&
        touch "$WORK/$name/parallel-credential-$VERSION"/{.git,build}/stray &&
        as_nobody "$WORK/$name" sh -c 'cd parallel-credential-* && exec "$@"' \
            sh dpkg-buildpackage -us -uc "$@" >"$WORK/$name.log" 2>&1
}
# packages_first: the tarball, and packages of it in $WORK/first without their own
# tests; or the test ends here
packages_first() {
    make_tarball >"$WORK/dist.log" 2>&1
    DEB_BUILD_OPTIONS=nocheck build_debs first -b || {
        not_ok "dpkg-buildpackage" "$(tail -n 30 "$WORK/first.log")"
        finish
    }
}
# next_version NAME: of those that were built there, in $WORK/NAME/next; only
# the changelog is changed
next_version() {
    local folder=$WORK/$1
    mkdir "$folder/next" &&
        cp -a "$folder/parallel-credential-$VERSION" "$folder/next/source" &&
        sed -i "1s/(.*)/($VERSION+1)/" "$folder/next/source/debian/changelog" &&
        as_nobody "$folder/next" sh -c 'cd source &&
            exec dpkg-buildpackage -us -uc -b -nc' >"$folder.next.log" 2>&1
}
# build_rpms: in $WORK/rpm; with macros that Fedora has
build_rpms() {
    local user each macros=()
    for each in post preun postun; do
        user="systemd_user_$each"
        macros+=(--define "$user() systemctl-$each %*")
    done
    mkdir -p "$WORK/rpm/SOURCES" && cp "$TARBALL" "$WORK/rpm/SOURCES" &&
        cp "$WORK/dist"/*/packaging/*.spec "$WORK/rpm" &&
        as_nobody "$WORK/rpm" rpmbuild -bb --nodeps --nocheck \
            --define "_topdir $WORK/rpm" "${macros[@]}" \
            "$WORK/rpm/parallel-credential.spec" >"$WORK/rpm.log" 2>&1
}

# ---- the machine -----------------------------------------------------------------

machine=$WORK/machine

# make_machine: a copy of that Debian
make_machine() {
    mkdir -p "$machine" "$WORK/memory"
    mount -t tmpfs -o mode=755 tmpfs "$WORK/memory"
    mkdir "$WORK/memory/upper" "$WORK/memory/overlay"
    mount -t overlay -o "lowerdir=$PACKAGE_DEBIAN" \
        -o "upperdir=$WORK/memory/upper,workdir=$WORK/memory/overlay" \
        overlay "$machine" || return
    mkdir "$machine/packages"
    echo "127.0.0.1 localhost $(uname -n)" >"$machine/etc/hosts"
}
# start_machine: and programs run in it
start_machine() {
    make_machine || return
    mount -t proc proc "$machine/proc"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
        "$machine/dev/pts"
    rm -f "$machine/dev/ptmx"
    ln -s pts/ptmx "$machine/dev/ptmx"
}
# inside COMMAND...: root there
inside() {
    chroot "$machine" env -i DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null
}
# dpkg_inside ARGUMENTS OF dpkg; what it says is in $WORK/dpkg.log
dpkg_inside() {
    inside dpkg "$@" >>"$WORK/dpkg.log" 2>&1
}
# debs FOLDER: the packages there, copied into the machine
debs() {
    rm -f "$machine/packages"/*
    cp "$1"/{parallel-credential,libpam-parallel}_*.deb "$machine/packages"
    (cd "$machine" && printf '/%s\n' packages/*)
}
# all_files: each with its mode, owner and target; what every installation
# changes is left out, and the copies that useradd makes
all_files() {
    inside find / \( -path /proc -o -path /dev -o -path /tmp -o -path /run -o \
        -path /packages -o -path /var/log -o -path /var/cache -o \
        -path /home -o -path '/var/lib/dpkg/*' ! -path '/var/lib/dpkg/info*' \
        -o -name '*-' \) -prune -o -printf '%M %u:%g %p %l\n' | sort
    contents /etc /var/lib/pam /var/lib/systemd
}
# contents FOLDER...: of the files there
contents() {
    inside find "$@" -type f ! -name '*-' -exec sha256sum {} + | sort -k2
}
pam_files() {
    contents /etc/pam.d
}
