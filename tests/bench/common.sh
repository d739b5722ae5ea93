# shellcheck shell=bash disable=SC2034,SC2154
# common.sh - what the benchmarks share: a build, and how figures are printed.
#
#   . common.sh    with $here, the folder of the benchmark, and its arguments;
#                  sets quick and fronts, and BUILD, PREFIX and PLATFORM where
#                  the environment does not name them

bench_name=${0##*/}
die() {
    echo "$bench_name: $*" >&2
    exit 1
}

quick=''
case ${1-}:$# in
:0) ;;
--quick:1) quick=yes ;;
*) die "usage: $bench_name [--quick]" ;;
esac

# ---- what is measured -------------------------------------------------------

root=${here%/tests/bench}
bench_build() {
    [ -x "$root/configure" ] || "$root/autogen.sh" || return 1
    mkdir -p "$BUILD" && cd "$BUILD" || return 1
    [ -f Makefile ] || "$root/configure" --prefix="$PREFIX" || return 1
    make -j"$(nproc)" && make install
}
if [ -z "${BUILD-}" ]; then
    export BUILD=$root/build/bench
    export PREFIX=$BUILD/installed PLATFORM=$BUILD/tests/platform/platform
    mkdir -p "$BUILD" || exit 1
    (bench_build) >"$BUILD/bench.log" 2>&1 ||
        die "the build failed; see $BUILD/bench.log"
fi
: "${PREFIX:?}" "${PLATFORM:=$BUILD/tests/platform/platform}"
export PLATFORM
[ -x "$PLATFORM" ] || die "no sandbox platform (libmicrohttpd-dev is needed)"
fronts=()
for front in dynamic musl; do
    [ ! -x "$BUILD/front-$front" ] || fronts+=("$front")
done
[ ${#fronts[@]} -gt 0 ] || die "no front in $BUILD"
CC=${CC:-cc}

# ---- figures ----------------------------------------------------------------

section() {
    printf '\n%s\n' "$*"
}
# machine [MORE...]: what the figures were taken on, and how busy it was
machine() {
    local line each
    line="fronts: ${fronts[*]}; $(nproc) processors, load"
    line+=" $(cut -d' ' -f1 /proc/loadavg)"
    for each; do line+="; $each"; done
    echo "$line"
}
# figure NAME VALUE UNIT [<=, >= or ==, TARGET]
figure() {
    awk -v name="$1" -v value="$2" -v unit="$3" -v sign="${4-}" \
        -v target="${5-}" 'BEGIN {
            met = value == target || (sign == "<=" && value < target) ||
                  (sign == ">=" && value > target)
            line = sprintf("  %-50s %9.4g %-2s", name, value, unit)
            if (sign != "")
                line = line sprintf("  %s %4s  %s", sign, target,
                                    met ? "met" : "missed")
            sub(/ +$/, "", line)
            print line }'
}
# median, longest: of the numbers on standard input
median() {
    sort -g | awk '{ v[NR] = $1 }
        END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
longest() {
    sort -g | tail -n 1
}
