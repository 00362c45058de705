# Stages of a long run, one after the other: what each printed is counted, and summed up at the end.
# For scripts that run at the root of the tree with `set -uo pipefail`.

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0
failed=0
failures=''

# stage NAME SECONDS COMMAND…: runs it for that long at most. It counts as what its output sums up
# ("Tests 3 passed" of vitest, "3 passed, 0 failed" of ours), else as one.
stage() {
  local name=$1 seconds=$2 began=$SECONDS log="$logs/${1//[^a-z]/-}" status=0 ok bad
  shift 2
  printf '\n=== %s\n' "$name"
  timeout --kill-after=10 "$seconds" "$@" 2>&1 | tee "$log" || status=$?
  ok=$(counted passed "$log")
  bad=$(counted failed "$log")
  if [ $((ok + bad)) -eq 0 ] && [ "$status" -eq 0 ]; then ok=1; fi
  if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then bad=1; fi
  [ "$status" -ne 124 ] || printf '%s: not done after %s s\n' "$name" "$seconds"
  printf -- '--- %s: %s passed, %s failed, %s s\n' "$name" "$ok" "$bad" $((SECONDS - began))
  passed=$((passed + ok))
  failed=$((failed + bad))
  if [ "$bad" -gt 0 ]; then failures+=$(printf '\n%s:\n%s' "$name" "$(failing "$log")"); fi
}

# failing LOG: the lines that name what failed, else the last ones.
failing() {
  grep -E '(^|[^[:alnum:]])FAIL([^[:alnum:]]|$)|^not ok|AssertionError' "$1" | head -20 || tail -20 "$1"
}

# counted WORD LOG: the number before the word in each line that sums up, added.
counted() {
  grep -E '^ *Tests +[0-9]|^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$2" | grep -oE "[0-9]+ $1" |
    awk '{ sum += $1 } END { print sum + 0 }'
}

skip() { printf '\n=== %s\nskipped: %s\n' "$1" "$2"; }

# sum_up: what failed, and the last line of all; fails when any stage did.
sum_up() {
  printf '%s\n' "$failures"
  printf '\n%s s\n%s passed, %s failed\n' "$SECONDS" "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
