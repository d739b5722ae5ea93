#!/bin/bash
# What can stand in the way of a file: links, foreign owners and modes,
# damage, a full disk, no home. Nothing is lost, the refresh token is not
# spent, and one sentence says what is wrong and where.
. "$(dirname "$0")/lib.sh"
if [ -z "${STORAGE_INSIDE-}" ]; then
    world=(unshare --mount --propagation private)
    [ "$(id -u)" -eq 0 ] || world+=(--user --map-root-user)
    if "${world[@]}" true 2>/dev/null; then
        STORAGE_INSIDE=yes "${world[@]}" "$BASH" "$0"
        exit
    fi
    STORAGE_INSIDE=no
fi
start_sandbox
new_person
sign_in || exit 1
GOOD=$WORK/good
cp -a "$STATE" "$GOOD"

# as_it_was: the state folder with the credential, expired or not; no cache
as_it_was() {
    rm -rf "$STATE" "$XDG_RUNTIME_DIR/parallel-credential"
    cp -a "$GOOD" "$STATE"
    before=$(refreshes)
}
expired() {
    as_it_was
    expire_token
}
# fails NAME REGEX: token ends with 4, says REGEX, and asks for nothing
fails() {
    run timeout 60 "$TOOL" token
    is "$rc:$out" "4:" "$1: exit 4, nothing handed out"
    like "$err" "$2" "$1: said in one sentence"
    is "$(refreshes)" "$before" "$1: the refresh token is not spent"
}
# works NAME: and afterwards everything is as it should be
works() {
    run "$TOOL" token
    is "$rc" 0 "$1: once it is mended, a token comes"
    remember
}
# remember: this is the credential now
remember() {
    rm -rf "$GOOD" && cp -a "$STATE" "$GOOD"
}

# ---- in the place of the store ---------------------------------------------------

expired
mv "$STORE" "$WORK/elsewhere" && ln -s "$WORK/elsewhere" "$STORE"
fails "symbolic link" "$STORE is a symbolic link"
expired
ln "$STORE" "$WORK/second"
fails "hard link" "$STORE has a second name"
rm "$WORK/second"
works "hard link"
for mode in 666 644 640; do
    expired
    chmod $mode "$STORE"
    fails "mode $mode" "$STORE is open to others.*chmod 600 $STORE"
done
expired
mv "$STORE" "$WORK/aside" && mkdir "$STORE"
fails "folder" "$STORE is not a regular file"
rmdir "$STORE" && mkfifo "$STORE"
fails "pipe" "$STORE is not a regular file"
expired
chmod 755 "$STATE"
fails "open folder" "$STATE is open to others.*chmod 700 $STATE"
chmod 700 "$STATE"
works "open folder"
expired
mv "$STATE" "$WORK/moved" && ln -s "$WORK/moved" "$STATE"
fails "link in place of the folder" "$STATE is a link"
rm "$STATE" && mv "$WORK/moved" "$STATE"
# For homes on a network: what is above it may lie on the machine's own disk.
mv "${STATE%/*}" "$WORK/local" && ln -s "$WORK/local" "${STATE%/*}"
works "link above the folder"
check "link above the folder: the store lies behind it" \
    test -s "$WORK/local/parallel-credential/store.json"
rm "${STATE%/*}" && mv "$WORK/local" "${STATE%/*}"
if [ "$(id -u)" -eq 0 ] && [ "${STORAGE_INSIDE}" = yes ] &&
    chown 12345 "$WORK/good/lock" 2>/dev/null; then
    chown 0 "$WORK/good/lock"
    expired
    chown 12345 "$STORE"
    fails "foreign owner" "$STORE belongs to uid 12345, not to you"
else
    skip "foreign owner" "only root can give a file away"
fi

# ---- damage ------------------------------------------------------------------------

size=$(stat -c %s "$GOOD/store.json")
for cut in 0 1 $((size / 2)) $((size - 3)); do
    as_it_was
    head -c "$cut" "$GOOD/store.json" >"$STORE"
    fails "cut after $cut bytes" "$STORE is damaged or not ours.*left as it is"
    is "$(stat -c %s "$STORE")" "$cut" "cut after $cut bytes: left alone"
done
for text in null '[]' '{}' '{"auths":{}}' 'hello' \
    '{"version":1,"records":[{"provider":1}]}'; do
    as_it_was
    echo "$text" >"$STORE"
    fails "store of $text" "damaged or not ours"
    run "$TOOL" login --json --no-browser --wait 0
    is "$rc:$(cat "$STORE")" "4:$text" "store of $text: login leaves it alone"
done
as_it_was
jq '.version = 2' "$GOOD/store.json" >"$STORE"
fails "store of a newer version" "format 2"
as_it_was
works "all of that"

# ---- the session cache: never trusted, always made anew --------------------------------

as_it_was
"$TOOL" token >"$WORK/token"
cp "$SESSION" "$WORK/session"
bad=0
for ((cut = 0; cut < $(stat -c %s "$WORK/session"); cut += 7)); do
    head -c "$cut" "$WORK/session" >"$SESSION"
    [ "$("$TOOL" token 2>&1)" = "$(cat "$WORK/token")" ] || bad=$((bad + 1))
done
is "$bad" 0 "a cache that was cut anywhere does no harm"
head -c 10000000 /dev/zero >"$SESSION"
is "$("$TOOL" token)" "$(cat "$WORK/token")" "nor one of 10 MB"
head -c 5000 /dev/urandom >"$SESSION"
is "$("$TOOL" token)" "$(cat "$WORK/token")" "nor noise"
chmod 644 "$SESSION"
sed -i 's/^access_token=.*/access_token=planted/' "$SESSION"
chmod 644 "$SESSION"
is "$("$TOOL" token)" "$(cat "$WORK/token")" "one that others can read is not read"
rm "$SESSION" && ln -s "$WORK/session" "$SESSION"
is "$("$TOOL" token)" "$(cat "$WORK/token")" "nor a link"
rm "$SESSION" && mkdir "$SESSION"
is "$("$TOOL" token)" "$(cat "$WORK/token")" "nor a folder in its place"
rmdir "$SESSION"
is "$(refreshes)" "$before" "none of this asked the service"

# ---- homes and runtime folders -------------------------------------------------------------

mkdir -p "$WORK/other" && chmod 700 "$WORK/other"
run env HOME="$WORK/other" "$TOOL" token
is "$rc" 3 "another home with the same runtime folder: another person"
is "$("$TOOL" token)" "$(cat "$WORK/token")" "and back"
for dir in relative /nonexistent "$WORK/other/open"; do
    mkdir -p "$WORK/other/open" && chmod 755 "$WORK/other/open"
    is "$(cd "$WORK" && XDG_RUNTIME_DIR=$dir "$TOOL" token)" \
        "$(cat "$WORK/token")" "XDG_RUNTIME_DIR=${dir##*/}: not used"
    is "$(find "$WORK/other/open" "$WORK/relative" -mindepth 1 \
        2>/dev/null | wc -l)" 0 "XDG_RUNTIME_DIR=${dir##*/}: nothing put there"
done
run env HOME=/nonexistent "$TOOL" status
unlike "$err" "core|Segmentation" "a home that does not exist"
rm -rf "$WORK/other"

# ---- no room --------------------------------------------------------------------------------

if [ "$STORAGE_INSIDE" = yes ]; then
    as_it_was
    mkdir "$WORK/keep" && cp -a "$STATE/." "$WORK/keep"
    mount -t tmpfs -o size=64k,mode=700 tmpfs "$STATE" &&
        cp -a "$WORK/keep/." "$STATE"
    "$BROKER" token >/dev/null
    expire_token
    head -c 1000000 /dev/zero >"$STATE/filler" 2>/dev/null
    fails "full disk" "no room to write|No space left"
    rm "$STATE/filler"
    works "full disk"
    umount "$STATE"
    rm -rf "$STATE" && cp -a "$GOOD" "$STATE"
    expired
    mount --bind "$STATE" "$STATE" && mount -o remount,ro,bind "$STATE"
    fails "read-only home" "Read-only file system"
    umount "$STATE"
    works "read-only home"
    as_it_was
    mount -t tmpfs -o size=4k,mode=700 tmpfs "$XDG_RUNTIME_DIR"
    head -c 10000 /dev/zero >"$XDG_RUNTIME_DIR/filler" 2>/dev/null
    is "$("$TOOL" token)" "$(stored '.records[0].access_token')" \
        "a full runtime folder: slower, but it works"
    umount "$XDG_RUNTIME_DIR"
else
    skip "full disk, read-only home" "no mount namespace can be made here"
fi
expired
run bash -c "ulimit -f 8; exec '$TOOL' token"
is "$rc:$out" "4:" "a limit on file sizes: exit 4"
like "$err" "File too large|no room" "said in one sentence"
is "$(refreshes)" "$before" "the refresh token is not spent"
works "limit on file sizes"

# ---- errors of the disk, one system call after the other ---------------------------------------

if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    for fault in fallocate:error=EDQUOT fallocate:error=ENOSPC; do
        expired
        run strace -f -o /dev/null -e "inject=$fault" "$BROKER" refresh
        is "$rc:$(refreshes)" "4:$before" "$fault before asking: nothing asked"
        works "$fault"
    done
    for fault in fsync:error=EIO:when=1 write:error=ENOSPC:when=99+ \
        renameat:error=EIO:when=1 rename:error=EIO:when=1; do
        expired
        run strace -f -o /dev/null -e "inject=$fault" "$BROKER" refresh
        is "$rc" 0 "$fault once: the new token is kept all the same"
        run "$TOOL" refresh
        is "$rc" 0 "$fault once: and it is the good one"
        remember
    done
else
    skip "errors of the disk" "strace cannot be used here"
fi
finish
