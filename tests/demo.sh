#!/usr/bin/env bash
# The main job, from a missing session to a cleared signal: real processes, no AWS account.
#
# Starts itself once more inside `sso-login sandbox`, whose HOME is a temporary folder and whose AWS SSO
# is on loopback. Needs bash and coreutils only. Ends 0 only if every step said what it should.
# `demo.sh first` shows what needs no sso-login: those four tools are built long before the AWS SDK is.
set -euo pipefail

# Nothing that leads tools to a real account, or bends the clock, comes along.
unset SSO_NOW SSO_PROFILE_VARS SSO_LOGIN_MODE SSO_DIALOG SSO_LOG DEBUG
case ${1:-} in
    inside) ;;
    first)
        unset SSO_STATE_DIR SSO_SIGNAL_FILE SSO_ENV_FILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
        HOME=$(mktemp -d)
        export HOME
        trap 'rm -rf -- "$HOME"' EXIT
        ;;
    *) exec sso-login sandbox -- bash "$0" inside ;;
esac
cd "$HOME"
export AWS_PROFILE=demo

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

fail() {
    printf '\ndemo: FAILED: %s\n' "$1" >&2
    exit 1
}

# Prints a document with line breaks between its keys, at most 100 columns wide where that can be.
fold_document() {
    local text=$1 line='' part='' c i depth=0 quoted=''
    for ((i = 0; i < ${#text}; i++)); do
        c=${text:i:1}
        part+=$c
        case $c in
            \\) i=$((i + 1)) part+=${text:i:1} ;;
            \") if [ -n "$quoted" ]; then quoted=''; else quoted=yes; fi ;;
            '{' | '[') [ -n "$quoted" ] || depth=$((depth + 1)) ;;
            '}' | ']') [ -n "$quoted" ] || depth=$((depth - 1)) ;;
            ,)
                if [ -n "$quoted" ] || [ "$depth" -ne 1 ]; then continue; fi
                if [ -n "$line" ] && [ $((${#line} + ${#part})) -gt 98 ]; then
                    printf '  %s\n' "$line"
                    line=' '
                fi
                line+=$part part=''
                ;;
        esac
    done
    if [ -n "$line" ] && [ $((${#line} + ${#part})) -gt 98 ]; then
        printf '  %s\n' "$line"
        line=' '
    fi
    printf '  %s\n' "$line$part"
}

# step TITLE STATUS COMMAND-LINE: shows and runs it, shows what it printed, keeps that in `out`.
step() {
    local status=0 line
    printf '\n%s# %s%s\n%s$ %s%s\n' "$dim" "$1" "$plain" "$bold" "$3" "$plain"
    out=$(bash -euo pipefail -c "$3") || status=$?
    while IFS= read -r line; do
        [ -z "$line" ] || fold_document "$line"
    done <<< "$out"
    [ "$status" -eq "$2" ] || fail "status $status instead of $2: $3"
    [ "$2" -eq 0 ] || printf '  %s(exit status %s)%s\n' "$dim" "$status" "$plain"
}

# expect TEXT: the last step's documents contain it.
expect() {
    case $out in *"$1"*) ;; *) fail "no $1 in: $out" ;; esac
}

# How often the sandbox was asked for anything, by its own count.
requests() {
    local address=${SSO_SANDBOX_URL#http://} answer
    exec 3<> "/dev/tcp/${address%:*}/${address##*:}"
    printf 'GET /sandbox/stats HTTP/1.0\r\nHost: %s\r\n\r\n' "$address" >&3
    answer=$(cat <&3)
    exec 3>&-
    answer=${answer##*\"requests\":}
    printf '%s\n' "${answer%%[,\}]*}"
}

if [ "${1:-}" = first ]; then
    printf 'Four tools that need no network, in a private HOME: %s\n' "$HOME"
    step 'Write a profile.' 0 'sso-profile write demo --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 --account-id 111122223333 --role-name Developer --region eu-west-1'
    expect '"change":"added"'
    step 'Is anybody logged in? Two files say so.' 0 'sso-profile show demo | sso-cache check'
    expect '"loginRequired":true'
    step 'Raise a signal for a person who can log in.' 0 'sso-profile show demo | sso-cache check | sso-signal write --source demo'
    expect '"signal":"raised"'
    step 'Run a command under a lock: one at a time.' 0 'sso-lock run backup -- echo "the backup runs"'
    expect 'the backup runs'
    printf '\n%sThe fifth tool, sso-login, is being built now, which takes two or three more minutes. Then the demo logs in.%s\n\n' "$bold" "$plain"
    exit
fi

printf 'A private AWS SSO on loopback, with its own HOME: %s\n' "$HOME"

step 'Which profile is this?' 0 'sso-profile show demo'
expect '"ssoSession":"sandbox"'
expect "\"configFile\":\"$HOME/.aws/config\""

step 'Is anybody logged in?' 0 'sso-profile show demo | sso-cache check'
expect '"loginRequired":true'

step 'Raise a signal for a person who can log in.' 0 'sso-profile show demo | sso-cache check | sso-signal write --source demo'
expect '"signal":"raised"'
step 'The signal is there.' 0 'sso-signal read demo'
expect '"profile":"demo"'

step 'Let the watcher log in without asking (by default it asks).' 0 'sso-signal mode auto'
expect 'auto'
step 'One round of the watcher. The sandbox answers for the person, with yes.' 0 \
    'sso-signal wait --timeout 5s | sso-login - --via device --no-browser | sso-signal settle'
expect '"event":"authorize"'
expect '"outcome":"success"'

step 'Is anybody logged in now?' 0 'sso-profile show demo | sso-cache check'
expect '"token":{"state":"valid"'
expect '"loginRequired":false'

before=$(requests)
step 'Logging in again is free.' 0 'sso-login demo'
expect '"outcome":"valid"'
after=$(requests)
[ "$before" -gt 0 ] || fail "the sandbox counted no request at all"
[ "$before" = "$after" ] || fail "the second login asked the service: $before requests before, $after after"
printf '  %s(requests to AWS SSO: %s before, %s after)%s\n' "$dim" "$before" "$after" "$plain"

step 'The signal is gone: the answer is no.' 1 'sso-signal read demo'
[ -z "$out" ] || fail "a signal is left: $out"

printf '\n%sA missing session raised a signal, one login cleared it, and the next one was free. %s%s\n' \
    "$bold" 'On a real account: just install, then sso-login PROFILE' "$plain"
