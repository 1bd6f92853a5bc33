#!/usr/bin/env bash
#
# Old records are removed only when two snapshots hold them; what is left verifies, folds to the same
# state, and tells a reader that came from before.
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock
trap '"$IFCTL" coordinator stop >/dev/null 2>&1; rm -rf "$dir"' EXIT

result()
{
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
	fi
}

# Usage: member NAME <JSON
member()
{
	sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p"
}

"$IFCTL" coordinator start --data "$dir" >/dev/null || exit 1
"$IFCTL" board create demo >/dev/null
for i in $(seq 40); do
	"$IFCTL" note put "key.$i" "$i" >/dev/null
done
before=$("$IFCTL" witness head --json | member last_event)

found=$("$IFCTL" witness trim --before "$before" --reason 'too early' --json)
result "$([ "$(member all_that_was_asked <<<"$found")" = false ] &&
	[ "$(member first_record <<<"$found")" = 1 ]; echo $?)" 'without two snapshots nothing is removed'

"$IFCTL" witness snapshot >/dev/null && "$IFCTL" note put key.41 41 >/dev/null &&
	"$IFCTL" witness snapshot >/dev/null
result $? 'snapshots are written on request'

found=$("$IFCTL" witness trim --before "$before" --reason 'archived' --json)
result "$([ "$(member all_that_was_asked <<<"$found")" = true ] &&
	[ "$(member first_record <<<"$found")" -gt 1 ]; echo $?)" 'with two snapshots old records are removed'

"$IFCTL" witness verify >/dev/null
result $? 'what is left verifies'
"$IFCTL" events | grep -q archived
result $? 'who reads from the oldest record learns that there was more, and why it is gone'

"$IFCTL" events --after 1 >/dev/null 2>"$dir/said"
result "$([ $? = 3 ] && grep -q 'trimmed away' "$dir/said"; echo $?)" \
	'a cursor from before is refused by name, with exit code 3'
status=$(curl -s -o "$dir/problem" -w '%{http_code}' --unix-socket "$IF_SOCKET" 'http://x/v1/events?after=1')
result "$([ "$status" = 410 ] && grep -q '"code":"cursor_trimmed"' "$dir/problem"; echo $?)" \
	'over HTTP it is 410 cursor_trimmed'

"$IFCTL" coordinator stop >/dev/null
"$IF_COORDINATOR" --verify "$dir/ledger.db" >/dev/null
result $? 'it verifies without a daemon, too'
"$IFCTL" coordinator start --data "$dir" >/dev/null
result "$([ "$("$IFCTL" note get key.3 --json | member value)" = 3 ]; echo $?)" \
	'a new daemon knows what the removed records said'
