# shellcheck shell=bash
# npm.sh - a package of npm's, for tests with a program that others wrote.
#
#   . "$(dirname "$0")/npm.sh"
#   npm_install FOLDER PACKAGE[@VERSION]
#   . "$(dirname "$0")/lib.sh"
#   npm_needs
#
# It goes below the build tree, where it is installed once, with the settings of
# whoever runs this: so before all that lib.sh changes. Its folder is $npm_folder.

npm_missing=''
npm_install() {
    npm_folder=${BUILD:?the build tree}/$1
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
        npm_missing="npm or node is missing"
    elif [ ! -e "$npm_folder/node_modules/${2%@*}/package.json" ]; then
        mkdir -p "$npm_folder"
        timeout 120 npm install --prefix "$npm_folder" --ignore-scripts \
            --no-audit --no-fund "$2" >"$npm_folder/npm.log" 2>&1 </dev/null ||
            npm_missing="npm cannot install ${2%@*}"
    fi
}
npm_needs() {
    [ -z "$npm_missing" ] || skip_all "$npm_missing"
}
