#!/usr/bin/env bash
# The watcher and the monitor at work: a session ends, a signal, a question, a login, the signal cleared.
#
# Starts itself once more inside `sso-login sandbox`: a temporary HOME, an AWS SSO on loopback. On a terminal the
# question is yours to answer; elsewhere a script says "refresh". Ends 0 only if all of that was seen.
set -euo pipefail

if [ "${1:-}" != inside ]; then
    unset SSO_NOW SSO_PROFILE_VARS SSO_LOGIN_MODE SSO_LOG DEBUG
    exec sso-login sandbox --no-refresh-token -- bash "$0" inside
fi
cd "$HOME"
export AWS_PROFILE=demo SSO_LOGIN_VIA=device SSO_POLL_SECONDS=1

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
fail() {
    printf '\ndemo-watch: FAILED: %s\n' "$1" >&2
    exit 1
}

# seen TEXT [TENTHS]: waits for a line of the watcher or the monitor.
seen() {
    local n
    for ((n = 0; n < ${2:-280}; n++)); do
        if grep -qsF -- "$1" watcher.log monitor.log; then return; fi
        sleep 0.1
    done
    fail "nobody said: $1"
}

if [ ! -t 0 ] || [ ! -t 1 ]; then
    printf '#!/bin/sh\necho "{\\"answer\\":\\"refresh\\"}"\n' > answer
    chmod +x answer
    export SSO_DIALOG=$HOME/answer
fi

say 'Log in once, so that there is a session to lose.'
sso-login demo --no-browser 2> /dev/null > login.json
grep -q '"outcome":"success"' login.json || fail 'the first login failed'

say 'Start the monitor and the watcher, each a pipe of small tools.'
echo '$ sso-profile show demo | sso-cache check --every 1s | sso-signal write | sso-signal log'
sso-profile show demo | sso-cache check --every 1s | sso-signal write --source sso-monitor | sso-signal log > monitor.log &
monitor=$!
echo '$ while sso-signal wait | sso-login - | sso-signal settle | sso-signal log; do :; done'
while sso-signal wait --with-parent | sso-login - --no-browser | sso-signal settle | sso-signal log; do :; done > watcher.log &
watcher=$!
tail -q -n +1 -F monitor.log watcher.log 2> /dev/null &
tail=$!
# The end of a pipe ends all of it: who writes into it finds no reader.
end() { kill "$monitor" "$watcher" "$tail" 2> /dev/null || true; }
trap end EXIT
seen 'demo: no login required'

who='a script answers "refresh", since there is no terminal'
if [ -z "${SSO_DIALOG:-}" ]; then who='the answer is yours'; fi
say "The session ends (here, by taking its token away). The watcher asks; $who."
rm "$HOME"/.aws/sso/cache/*.json
seen 'demo: login required'
seen 'demo: login successful, signal cleared' 1200
end

say 'What is left of it:'
{ sso-profile show demo | sso-cache check; sso-lock status || true; } | sso-signal status - --text | sed -n '/^demo/,$p'
sso-signal read --all > /dev/null && fail 'a signal is left'
sso-profile show demo | sso-cache check -e > /dev/null || fail 'the session is not valid'
say 'The session ended, was asked about and is back. With your own account: just sso-install, then just sso-status.'
