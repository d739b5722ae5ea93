#!/bin/bash
# Who may include what. Rooms look down only, the front and the PAM module see
# libc and lib/base alone, and every foreign library has one door: one file
# of the product that includes its header.
cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=none}" "${PLATFORM:=none}" "${BUILD:=none}"
# shellcheck source=../system/lib.sh
. tests/system/lib.sh

# violations FILE...: one line for each include that breaks a rule
violations() {
    awk '
    BEGIN {
        # What a room may see, itself aside. "lib" alone is what lies in that
        # folder itself; a room that is not listed sees all of lib.
        sees["lib/base"] = ""
        sees["lib/wrap"] = "lib/base"
        sees["lib/oauth"] = "lib/base lib/wrap"
        sees["lib/account"] = "lib/base lib/wrap lib/oauth"
        sees["lib/store"] = "lib/base lib/wrap lib/oauth"
        sees["helper"] = "lib/base"
        sees["pam"] = "lib/base"
        sees["keyring"] = "lib/base"
        sees["web"] = "lib/base"
        all = "lib lib/base lib/wrap lib/oauth lib/account lib/store"

        libc = "alloca assert byteswap ctype dirent dlfcn endian err errno"
        libc = libc " fcntl fnmatch ftw getopt glob grp inttypes langinfo"
        libc = libc " libgen limits locale malloc math net/if netdb"
        libc = libc " netinet/in netinet/tcp arpa/inet paths poll pthread pty"
        libc = libc " pwd regex sched semaphore setjmp signal spawn stdalign"
        libc = libc " stdarg stdatomic stdbool stddef stdint stdio stdlib"
        libc = libc " string strings syslog termios threads time unistd utime"
        libc = libc " wchar wctype"
        count = split(libc, name, " ")
        for (i = 1; i <= count; i++)
            is_libc[name[i] ".h"] = 1
    }
    # The library a foreign header belongs to, or "".
    function library(header) {
        if (header ~ /^curl\//) return "libcurl"
        if (header ~ /^(json|printbuf|linkhash|arraylist)\.h$|^json-c\//)
            return "json-c"
        if (header == "ini.h") return "inih"
        if (header == "qrencode.h") return "libqrencode"
        if (header == "microhttpd.h") return "libmicrohttpd"
        if (header ~ /^gnutls\//) return "gnutls"
        if (header ~ /^(libsecret|glib|gio|gobject)[\/.]/) return "libsecret"
        if (header ~ /^security\//) return "PAM"
        return ""
    }
    function folder(path) {
        return sub(/\/[^\/]*$/, "", path) ? path : "."
    }
    function complain(text) {
        print FILENAME ":" FNR ": " text ": " $0
    }
    function foreign(header,    of) {
        of = library(header)
        if (of == "")
            complain("a header of no library we know")
        else if (of != "PAM" &&
                 (room == "lib/base" || room == "helper" || room == "pam"))
            complain("only libc is allowed here")
        else if (of == "PAM") {
            # Its types are in every signature there: the room is the door.
            if (room != "pam")
                complain("PAM belongs to pam/")
        } else if ((of == "libmicrohttpd" || of == "gnutls") && room != "web")
            complain(of " belongs to web/")
        else if (FILENAME !~ /\.c$/)
            complain("a foreign header in a header of ours")
        else if ((of in door) && door[of] != FILENAME)
            complain(of " has its door in " door[of])
        door[of] = FILENAME
    }
    function ours(header,    to, may) {
        if (header == "config.h") {
            if (room == "lib/base" || room == "helper")
                complain("nothing that configure makes is known here")
            return
        }
        to = folder(header)
        may = " " ((room in sees) ? sees[room] : all) " " room " "
        if (to == "." && room != ".")
            complain("not by its path from the root")
        else if (index(may, " " to " ") == 0)
            complain(room " does not look into " to)
    }
    FNR == 1 { room = folder(FILENAME) }
    /^[ \t]*#[ \t]*include[ \t]*</ {
        header = $0
        sub(/^[^<]*</, "", header)
        sub(/>.*/, "", header)
        if (!(header in is_libc) && header !~ /^(sys|linux)\//)
            foreign(header)
        else if (header ~ /^linux\// && (room == "lib/base" ||
                                         room == "helper"))
            complain("musl does not have it")
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        header = $0
        sub(/^[^"]*"/, "", header)
        sub(/".*/, "", header)
        ours(header)
    }' "$@"
}

# The product's sources: all but the tests.
mapfile -t files < <(tests/files | grep '\.[ch]$' | grep -v '^tests/')
[ ${#files[@]} -gt 50 ]
is $? 0 "the sources are found: ${#files[@]} files"
is "$(violations "${files[@]}")" "" "includes point down, one door a library"

# What is kept for other services is seen by nobody who does not ask for it:
# outside the store, records are reached through store_find() and store_next().
reaching() {
    grep -nE 'store(\.|->)record(_count)?\>' "$@"
}
mapfile -t outside < <(printf '%s\n' "${files[@]}" |
    grep '\.c$' | grep -v '^lib/store/')
is "$(reaching "${outside[@]}")" "" "nobody reaches into the store"
[ "$(reaching lib/store/*.c | wc -l)" -gt 10 ]
is $? 0 "which would be seen"

# Would it be seen? broken PATH INCLUDE WHAT: in a house that is in order but
# for this line
HOUSE=$WORK/house
house() {
    rm -rf "$HOUSE"
    mkdir -p "$HOUSE"/{lib/{base,wrap,oauth,account,store},helper,broker,pam,web}
    cd "$HOUSE" || exit 1
    printf '#include <%s>\n' string.h sys/stat.h >lib/base/text.c
    printf '#include %s\n' '"lib/base/text.h"' '<curl/curl.h>' >lib/wrap/http.c
    printf '#include %s\n' '"lib/wrap/http.h"' '<time.h>' >lib/oauth/device.c
    printf '#include "%s"\n' lib/oauth/device.h lib/base/text.h >lib/login.c
    printf '#include "%s"\n' helper/front.h lib/base/text.h >helper/get.c
    printf '#include "%s"\n' lib/login.h config.h lib/wrap/qr.h >broker/login.c
    printf '#include <%s>\n' security/pam_modules.h >pam/module.c
    printf '#include %s\n' '"lib/base/text.h"' '<microhttpd.h>' >web/listener.c
}
all_violations() {
    mapfile -t files < <(find ./* -type f | sed 's,^\./,,' | sort)
    violations "${files[@]}"
}
broken() {
    local path=$1 include=$2
    house
    echo "#include $include" >>"$path"
    like "$(all_violations)" "^$path:[0-9]+: .*$3" "seen: $path includes $include"
}
house
is "$(all_violations)" "" "a house in order has no violation"
broken lib/base/text.c '"lib/wrap/http.h"' 'lib/base does not look into lib/wrap'
broken lib/base/text.h '"lib/login.h"' 'does not look into lib:'
broken lib/base/text.c '<json.h>' 'only libc'
broken lib/base/text.c '<security/pam_appl.h>' 'PAM'
broken lib/base/text.c '<linux/limits.h>' 'musl'
broken lib/base/text.c '"text.h"' 'path from the root'
broken lib/wrap/http.c '"lib/oauth/device.h"' 'does not look into lib/oauth'
broken lib/wrap/http.h '<curl/curl.h>' 'header of ours'
broken lib/oauth/device.c '"lib/store/store.h"' 'does not look into lib/store'
broken lib/wrap/open.c '<curl/curl.h>' 'its door'
broken lib/store/store.c '"lib/login.h"' 'does not look into lib:'
broken lib/login.c '"broker/broker.h"' 'does not look into broker'
broken helper/get.c '"lib/login.h"' 'does not look into lib:'
broken helper/get.c '"lib/wrap/json.h"' 'does not look into lib/wrap'
broken helper/get.c '"config.h"' 'configure'
broken helper/get.c '<qrencode.h>' 'only libc'
broken pam/module.c '"lib/oauth/device.h"' 'does not look into lib/oauth'
broken pam/module.c '<json.h>' 'only libc'
broken broker/login.c '<security/pam_appl.h>' 'PAM'
broken broker/login.c '"helper/front.h"' 'does not look into helper'
broken broker/login.c '<microhttpd.h>' 'belongs to web/'
broken web/main.c '"lib/wrap/json.h"' 'does not look into lib/wrap'
broken web/main.c '<microhttpd.h>' 'its door'
broken broker/login.c '"web/page.h"' 'does not look into web'
broken broker/web.c '<libsoup/soup.h>' 'no library we know'
finish
