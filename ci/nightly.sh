#!/bin/sh
# A night: load the exports, check the bill, tell what is new. Ends in the worst exit code of the three, for whoever
# watches cron. The working directory holds finops.toml, and the ledger beside it. In a crontab:
#
#   MAILTO=finops-team@example.com
#   15 6 * * *  cd /srv/finops && FINOPS_NOTIFY=slack ci/nightly.sh s3://acme-billing/exports
set -u
worst=0

step() {
    code=0
    "$@" || code=$?
    if [ "$code" -gt "$worst" ]; then worst=$code; fi
}

# yesterday's answer is no answer of today
rm -f check.json
if [ "$#" -gt 0 ]; then step finops ingest -- "$@"; fi
step finops check --save json=check.json
for channel in ${FINOPS_NOTIFY:-}; do
    step finops notify "$channel" check.json
done
exit "$worst"
