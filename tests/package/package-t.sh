#!/bin/bash
# The Debian packages and the RPM spec, from the tarball: built by an ordinary
# user, looked at, installed into a Debian of its own, used for a real login,
# upgraded, removed and purged. What an administrator has set stays, and of the
# packages nothing does.
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/package.sh"
own_machine "$0"

# ---- built ---------------------------------------------------------------------

check "the tarball is packed" make_tarball
if ! build_debs first; then
    not_ok "dpkg-buildpackage, by an ordinary user" \
        "$(tail -n 30 "$WORK/first.log")"
    finish
fi
ok "dpkg-buildpackage, by an ordinary user"
like "$(grep '^# PASS:' "$WORK/first.log")" ': +[1-9]' \
    "the library's own tests run in the build"
check "there is a source package, too" \
    test -s "$WORK/first/parallel-credential_$VERSION.dsc"
unlike "$(tar -tf "$WORK/first/parallel-credential_$VERSION.tar.xz")" \
    '/stray$' "without what strays about in a clone"
# In another folder, at another time and place, on fewer cores.
TZ=Pacific/Auckland DEB_BUILD_OPTIONS='nocheck parallel=1' \
    build_debs second-time-with-a-longer-path -b
unlike "$(cat "$WORK/second-time-with-a-longer-path.log")" '^# PASS:' \
    "nocheck: they do not"
same=''
for deb in "$WORK/first"/*.deb; do
    cmp "$deb" "$WORK/second-time-with-a-longer-path/${deb##*/}" >&2 &&
        same+="${deb##*/} "
done
is "$same" "$(cd "$WORK/first" && echo ./*.deb | sed 's,\./,,g') " \
    "built again, the packages are the same to the byte"

cd "$WORK/first" || exit 1
is "$(as_nobody "$WORK/first" lintian --display-info \
    "parallel-credential_${VERSION}_$(dpkg --print-architecture).changes" \
    2>&1)" "" "lintian has nothing to say"

# field DEB NAME; names LIST: of the packages in it, without versions
field() {
    dpkg-deb -f "$WORK/first/$1"_*.deb "$2"
}
names() {
    tr ',' '\n' <<<"$1" | sed 's/^ *//; s/ .*//' | sort | paste -sd' '
}
is "$(names "$(field parallel-credential Depends)" | sed 's/libcurl4t64/libcurl4/')" \
    "init-system-helpers libc6 libcurl4 libinih1 libjson-c5 libqrencode4" \
    "parallel-credential needs the broker's libraries"
like "$(names "$(field parallel-credential Recommends)")" \
    '^ca-certificates .*libgnutls30.* libmicrohttpd[^ ]* libsecret-1-0$' \
    "those of the keyring and the browser are recommended"
is "$(names "$(field libpam-parallel Depends)")" \
    "libc6 libpam-runtime libpam0g parallel-credential" \
    "libpam-parallel needs PAM and the programs"
like "$(field libpam-parallel Depends)" \
    "parallel-credential \(= $VERSION\)" "of its own version"
like "$(field parallel-credential Built-Using)" '^musl \(= [0-9.-]+\)$' \
    "it says which musl is in the front"

# listing DEB: mode, owner and path, and where a link leads; a document is
# packed once it is longer
listing() {
    dpkg-deb -c "$WORK/first/$1"_*.deb | grep -v '^d.*/$' |
        awk '{ sub(/^\./, "", $6); print $1, $2, $6 ($7 ? " -> " $8 : "") }' |
        sed "s,/$(gcc -print-multiarch)/,/TRIPLET/,; /[/]doc[/]/s/\.gz\$//" |
        sort -k3
}
is "$(dpkg-deb -I "$WORK/first"/parallel-credential_*.deb conffiles | sort)" "\
/etc/parallel-credential.conf
/etc/profile.d/parallel-credential.csh
/etc/profile.d/parallel-credential.sh
/etc/xdg/autostart/parallel-credential.desktop" "what lies in /etc are conffiles"
has='-rw-r--r-- root/root' runs='-rwxr-xr-x root/root'
link='lrwxrwxrwx root/root' doc=/usr/share/doc man=/usr/share/man
is "$(listing parallel-credential)" "\
$has /etc/parallel-credential.conf
$has /etc/profile.d/parallel-credential.csh
$has /etc/profile.d/parallel-credential.sh
$has /etc/xdg/autostart/parallel-credential.desktop
$link /usr/bin/docker-credential-parallel -> parallel-credential
$link /usr/bin/git-credential-parallel -> parallel-credential
$runs /usr/bin/parallel-credential
$runs /usr/lib/systemd/user-environment-generators/60-parallel-credential
$has /usr/lib/systemd/user/parallel-credential-logout.service
$has /usr/lib/systemd/user/parallel-credential-refresh.service
$has /usr/lib/systemd/user/parallel-credential-refresh.timer
$runs /usr/libexec/parallel-credential/broker
$runs /usr/libexec/parallel-credential/keyring
$runs /usr/libexec/parallel-credential/web
$has /usr/share/bash-completion/completions/parallel-credential
$has $doc/parallel-credential/CHANGES
$has $doc/parallel-credential/README.Debian
$has $doc/parallel-credential/README.md
$has $doc/parallel-credential/SECURITY.md
$has $doc/parallel-credential/administrators.md
$has $doc/parallel-credential/changelog
$has $doc/parallel-credential/copyright
$has $doc/parallel-credential/examples/parqex.conf.example
$has /usr/share/fish/vendor_completions.d/parallel-credential.fish
$has /usr/share/fish/vendor_conf.d/parallel-credential.fish
$has /usr/share/lintian/overrides/parallel-credential
$link $man/man1/docker-credential-parallel.1.gz -> parallel-credential.1.gz
$link $man/man1/git-credential-parallel.1.gz -> parallel-credential.1.gz
$has $man/man1/parallel-credential.1.gz
$has $man/man5/parallel-credential.conf.5.gz
$has /usr/share/zsh/vendor-completions/_parallel-credential" \
    "parallel-credential: files, modes, owners"
is "$(listing libpam-parallel)" "\
$has /usr/lib/TRIPLET/security/pam_parallel.so
$has $doc/libpam-parallel/README.Debian
$has $doc/libpam-parallel/changelog
$has $doc/libpam-parallel/copyright
$has /usr/share/lintian/overrides/libpam-parallel
$has $man/man8/pam_parallel.8.gz
$has /usr/share/pam-configs/parallel" \
    "libpam-parallel: files, modes, owners"

# ---- the RPM spec --------------------------------------------------------------

# rpm_query NAME ARGUMENTS
rpm_query() {
    rpm -qp --dbpath "$WORK/rpm/db" "${@:2}" \
        "$WORK/rpm/RPMS"/*/"$1-$VERSION"-*.rpm 2>&1
}
rpm_files() {
    rpm_query "$1" --qf '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' |
        sed 's,/usr/lib64/,/usr/lib/,; s, $,,' | grep -v '/usr/lib/.build-id' |
        sort
}
if ! command -v rpmbuild >/dev/null; then
    skip "the RPM spec" "rpmbuild is missing"
elif ! build_rpms; then
    not_ok "rpmbuild takes the spec" "$(tail -n 30 "$WORK/rpm.log")"
else
    ok "rpmbuild takes the spec"
    is "$(rpm_files parallel-credential | grep -E '^/(etc|usr/(bin|lib|libexec)/)')" "\
/etc/parallel-credential.conf cn
/etc/parallel-credential.conf.d
/etc/profile.d/parallel-credential.csh cn
/etc/profile.d/parallel-credential.sh cn
/etc/xdg/autostart/parallel-credential.desktop cn
/usr/bin/docker-credential-parallel
/usr/bin/git-credential-parallel
/usr/bin/parallel-credential
/usr/lib/systemd/user-environment-generators/60-parallel-credential
/usr/lib/systemd/user-preset/90-parallel-credential.preset
/usr/lib/systemd/user/parallel-credential-logout.service
/usr/lib/systemd/user/parallel-credential-refresh.service
/usr/lib/systemd/user/parallel-credential-refresh.timer
/usr/libexec/parallel-credential
/usr/libexec/parallel-credential/broker
/usr/libexec/parallel-credential/keyring
/usr/libexec/parallel-credential/web" \
        "its files; an administrator's changes are not replaced"
    like "$(rpm_files pam_parallel)" '^/usr/lib/security/pam_parallel.so$' \
        "the module has a package of its own"
    units='parallel-credential-refresh.timer parallel-credential-logout.service'
    is "$(rpm_query parallel-credential --scripts | grep ^systemctl)" \
        "systemctl-post $units
systemctl-preun $units
systemctl-postun $units" "the user units are enabled and disabled"
    is "$(cut -d' ' -f2 "$WORK/dist"/*/packaging/*.preset | paste -sd' ')" \
        "$units" "as the preset says"
fi

# ---- installed -----------------------------------------------------------------

start_machine || {
    echo "Bail out! no overlay of $PACKAGE_DEBIAN"
    exit 1
}
all_files >"$WORK/before"
pam_files >"$WORK/pam"
mapfile -t packages < <(debs "$WORK/first")
check "dpkg installs them" dpkg_inside -i "${packages[@]}"
check "/etc/pam.d is as before" diff "$WORK/pam" <(pam_files)
# enabled UNIT TARGET: for every user manager
enabled() {
    inside test -e "/etc/systemd/user/$2.wants/$1"
}
check "the timer is enabled for all users" enabled \
    parallel-credential-refresh.timer timers.target
check "and the service of the last logout" enabled \
    parallel-credential-logout.service default.target
echo 'timeout = 77s' >"$machine/etc/parallel-credential.conf.d/own.conf"
like "$(inside parallel-credential config)" \
    '^timeout = 77s .*/etc/parallel-credential\.conf\.d/own\.conf' \
    "the programs read what lies in /etc"
rm "$machine/etc/parallel-credential.conf.d/own.conf"

# Without a network, for what they need is there.
if command -v piuparts >/dev/null; then
    check "piuparts: installed and purged in a copy of it" piuparts -e \
        "$PACKAGE_DEBIAN" -d "$(release "")" -m 'http://127.0.0.1:9/ main' \
        -t "$WORK" --no-eatmydata --log-file "$WORK/piuparts.log" \
        "$WORK/first"/{parallel-credential,libpam-parallel}_*.deb
else
    skip "piuparts" "it is missing"
fi

# ---- a real login ----------------------------------------------------------------

"$PLATFORM" --dir "$machine/tmp/sandbox" --background \
    --seed-org org_acme:Acme >"$WORK/platform.out" 2>&1
# shellcheck disable=SC1091
. "$machine/tmp/sandbox/platform.env"
mkdir "$machine/tmp/source"
cp -a "$WORK/first/parallel-credential-$VERSION/debian" "$machine/tmp/source"
if inside env SANDBOX=/tmp/sandbox /tmp/source/debian/tests/login \
    >"$WORK/login.out" 2>"$WORK/login.err"; then
    check "a real login: $(grep -c '^ok' "$WORK/login.out") steps" \
        grep -q '^ok' "$WORK/login.out"
else
    not_ok "a real login" "$(tail -n 15 "$WORK/login.out" "$WORK/login.err")"
fi
check "it has put everything back" diff "$WORK/pam" <(pam_files)

# ---- the PAM profile -------------------------------------------------------------

session=$machine/etc/pam.d/common-session
line='session	optional	pam_parallel.so'
pam() {
    inside pam-auth-update "$@" >>"$WORK/pam.log" 2>&1
}
# differing FILE: what has changed in /etc/pam.d since FILE
differing() {
    diff "$1" <(pam_files) | sed -n 's/^[<>].* //p' | sort -u
}
# last_of_block: the line in front of the end of what pam-auth-update manages
last_of_block() {
    grep -B1 '^# end of pam-auth-update config' "$session" | head -n 1
}
cp "$session" "$WORK/session"
check "pam-auth-update enables the profile" pam --enable parallel
is "$(differing "$WORK/pam")" /etc/pam.d/common-session \
    "only common-session changes: not what sudo and cron include"
is "$(diff "$WORK/session" "$session" | grep '^[<>]' | tr -d ' ')" \
    "$(tr -d ' ' <<<"> $line")" "it gets one line"
pam --enable mkhomedir
is "$(last_of_block | tr -d ' ')" "$(tr -d ' ' <<<"$line")" \
    "behind pam_mkhomedir, the last one"
pam --disable mkhomedir
sed -i '/pam_parallel/s/ *$/ wait=30/' "$session"
check "another package comes: pam-auth-update" pam --package
like "$(last_of_block)" 'pam_parallel\.so wait=30$' \
    "an option of the administrator's stays"
check "pam-auth-update disables it" pam --disable parallel
check "then /etc/pam.d is as before, to the byte" \
    diff "$WORK/pam" <(pam_files)
check "installed again, it stays off" dpkg_inside -i "${packages[@]}"
check "/etc/pam.d is as before" diff "$WORK/pam" <(pam_files)

# Lines of the administrator's own, behind the block: they stay throughout.
echo 'session optional pam_echo.so hello' >>"$session"
pam_files >"$WORK/pam.own"
pam --enable parallel
is "$(tail -n 1 "$session"):$(grep -c pam_parallel "$session")" \
    "session optional pam_echo.so hello:1" \
    "with a line of the administrator's own: enabled"

# ---- an upgrade ------------------------------------------------------------------

inside useradd -m person
as_person() {
    inside setpriv --reuid person --regid person --init-groups \
        env HOME=/home/person USER=person LOGNAME=person "$@"
}
conf=$machine/etc/parallel-credential.conf
printf '%s\n' "platform_url = $HTTP_PLATFORM_URL" \
    "service_api_url = $HTTP_SERVICE_API_URL" "api_url = $HTTP_API_URL" >>"$conf"
cp "$conf" "$WORK/conf"
control config '{"approve_after":0}' >"$WORK/control.out"
check "a person signs in" as_person parallel-credential login --no-browser
token=$(as_person parallel-credential token)
isnt "$token" "" "and has a token"
pam_files >"$WORK/pam.on"
check "a next version is built: only the changelog is another" \
    next_version first
mapfile -t packages < <(debs "$WORK/first/next")
check "dpkg upgrades to it" dpkg_inside -i "${packages[@]}"
# shellcheck disable=SC2016
is "$(inside dpkg-query -Wf '${Version} ${Status}\n' parallel-credential \
    libpam-parallel | sort -u)" "$VERSION+1 install ok installed" \
    "both are installed"
check "the configuration is the administrator's" cmp "$WORK/conf" "$conf"
is "$(as_person parallel-credential token)" "$token" "the credential is kept"
check "the PAM profile stays on" diff "$WORK/pam.on" <(pam_files)

# ---- removed and purged ------------------------------------------------------------

check "dpkg removes them" dpkg_inside -r libpam-parallel parallel-credential
check "/etc/pam.d is as it was, with the administrator's own line" \
    diff "$WORK/pam.own" <(pam_files)
check "the configuration stays" cmp "$WORK/conf" "$conf"
check "dpkg purges them" dpkg_inside -P libpam-parallel parallel-credential
cp "$WORK/session" "$session"
sed '/^person:/d' -i "$machine"/etc/{passwd,shadow,group,gshadow,subuid,subgid}
all_files >"$WORK/after"
check "nothing of ours is left on the system" \
    diff "$WORK/before" "$WORK/after"
check "a person's credential is theirs, and is" test -s \
    "$machine/home/person/.local/state/parallel-credential/store.json"

# A line within the block, which pam-auth-update does not understand: it leaves
# everything alone, and neither installing nor removing fails.
sed -i "/^# end of pam-auth-update/i session optional pam_echo.so in" "$session"
pam_files >"$WORK/pam.within"
check "with a line of the administrator's within the block: dpkg installs" \
    dpkg_inside -i "${packages[@]}"
pam --enable parallel
check "pam-auth-update leaves the files alone" \
    diff "$WORK/pam.within" <(pam_files)
check "dpkg purges" dpkg_inside -P libpam-parallel parallel-credential
check "and the files are as they were" diff "$WORK/pam.within" <(pam_files)
finish
