#!/bin/bash
# The official Parallel SDK under exec: nobody tells it a key, and the service
# gets the right one.
. "$(dirname "$0")/npm.sh"
npm_install sdk parallel-web@1
. "$(dirname "$0")/lib.sh"
npm_needs

start_sandbox
cat >"$WORK/run.cjs" <<END
const { createRequire } = require('module')
const Parallel = createRequire('$npm_folder/')('parallel-web').default
new Parallel({ maxRetries: 0 }).taskRun.create({ input: 'x', processor: 'base' })
    .then((run) => console.log(JSON.stringify(run)))
    .catch((err) => { console.error(String(err)); process.exitCode = 9 })
END
# call [WORD...]: the SDK, by way of these words
call() {
    run env PARALLEL_BASE_URL="$PARALLEL_API_URL" "$@" node "$WORK/run.cjs"
}

new_person
sign_in
call
is "$((rc > 0)):$out" 1: "the SDK by itself has no key"
like "$err" "PARALLEL_API_KEY" "and names the variable"
call "$TOOL" exec
is "$rc:$err" 0: "under exec it calls the service"
is "$(jq -r .api_key_id <<<"$out")" "$(stored '.records[0].api_key_id')" \
    "which gets the key of this machine"
like "$(jq -r '.method + " " + .path' <<<"$out")" "^POST .*/tasks/runs$" \
    "for what was called"
headers=$(curl -sS --noproxy '*' "$CONTROL_URL/log" |
    jq -c '[.. | objects | select((.path? // "") | test("tasks/runs$"))][-1] |
        .header_names | map(ascii_downcase) | [.[] |
        select(. == "x-api-key" or . == "authorization")]')
is "$headers" '["x-api-key"]' "in the header x-api-key"
control key '{}' >"$WORK/key"
call env PARALLEL_API_KEY="$(jq -r .api_key "$WORK/key")" "$TOOL" exec
is "$(jq -r .api_key_id <<<"$out")" "$(jq -r .api_key_id "$WORK/key")" \
    "a key of the person's own goes first"
run bash -c 'eval "$(parallel-credential env --sh)"
    PARALLEL_BASE_URL=$PARALLEL_API_URL exec node "$0"' "$WORK/run.cjs"
is "$rc:$(jq -r .api_key_id <<<"$out")" "0:$(stored '.records[0].api_key_id')" \
    "with env, the same"
finish
