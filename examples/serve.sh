#!/usr/bin/env bash
# Starts the web service, blurs a series through both families of routes, and fetches the results.
#   examples/serve.sh SERIES OUTPUT      SERIES: a DICOM directory; OUTPUT: a directory that does not exist yet
set -euo pipefail
series=$(realpath "$1") output=$(realpath -m "$2")
hilum=${HILUM:-npx hilum}
mkdir "$output"
work=$(mktemp -d)

# The service: one folder to read from, one to write to. The token is printed once, at the first start.
$hilum serve --data "$work/data" --root "images=$series" --root "results=$output" --port 0 > "$work/service.txt" &
service=$!
trap 'kill $service; wait $service || true; rm -r "$work"' EXIT
until grep -qs '^listening: ' "$work/service.txt"; do kill -0 $service; sleep 0.1; done
token=$(sed -n 's/^token: //p' "$work/service.txt")
url=$(sed -n 's/^listening: //p' "$work/service.txt")
curl=(curl --silent --show-error --fail-with-body --header "Authorization: Bearer $token" --header 'Content-Type: application/json')

curl --silent --fail "$url/health"; echo

# The first users' routes: absolute paths; 202 while the job runs, 200 when it has ended.
uid=$("${curl[@]}" "$url/job" --data "{\"job_name\": \"3dblur\", \"in_dir\": \"$series\", \"out_dir\": \"$output/first\"}" | sed 's/.*"uid":"\([^"]*\)".*/\1/')
until [ "$("${curl[@]}" "$url/query/$uid" --output "$work/answer.json" --write-out '%{http_code}')" = 200 ]; do sleep 0.2; done
cat "$work/answer.json"; echo

# The other family: roots by id, settings as in `hilum run --set`, a key that makes repeating harmless, events as they happen.
job='{"job": "gaussian-blur", "input": {"root": "images", "path": "."}, "output": {"root": "results", "path": "second"}, "config": {"sigma": 2}}'
"${curl[@]}" "$url/plans" --data "$job"; echo
uid=$("${curl[@]}" "$url/jobs" --data "$job" --header "Idempotency-Key: $uid" | sed 's/.*"uid":"\([^"]*\)".*/\1/')
"${curl[@]}" --no-buffer "$url/jobs/$uid/events"
"${curl[@]}" "$url/jobs/$uid/result"; echo
"${curl[@]}" "$url/jobs/$uid/result?format=zip" --output "$output/second.zip"
"${curl[@]}" "$url/jobs/$uid/log"
