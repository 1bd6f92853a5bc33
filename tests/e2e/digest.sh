#!/usr/bin/env bash
#
# The same ledger folds to the same state: in a new process, from a snapshot and from its beginning,
# in every build that is there, and in every later version (the golden ledgers).
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null; wait; rm -rf "$dir"' EXIT

result()
{
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
	fi
}

# The first escalation is not delivered, those after it are.
# shellcheck disable=SC2016 # the program's own variable
printf '%s\n' '#!/bin/sh' 'mkdir "$0.tried" 2>/dev/null && exit 1' 'exit 0' >"$dir/notify"
chmod +x "$dir/notify"

start()
{
	"$IF_COORDINATOR" --ledger "$dir/ledger.db" --socket "$IF_SOCKET" --snapshot-events 20 \
		--notify-command "$dir/notify" --log-level error 2>>"$dir/log" &
	daemon=$!
	for _ in $(seq 100); do
		"$IFCTL" coordinator health >/dev/null 2>&1 && return
		sleep 0.1
	done
	cat "$dir/log"
}

stop()
{
	kill "$1" "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

start
IFCTL=$IFCTL tests/golden/story.sh >"$dir/said" 2>&1
result $? 'a story with every kind of event is told' || cat "$dir/said"
[ -s "$dir/said" ] && cat "$dir/said"
stop -KILL
start
stop -TERM

kinds=$(sed -n 's/^EVENT([0-9]*, [A-Z_]*, [a-z_]*, "\([a-z.]*\)".*/\1/p' src/fabric/event.def)
start
"$IFCTL" witness export >"$dir/events"
missing=
for kind in $kinds; do
	case $kind in
	# Told by tests of their own: they need a crash, or records that are removed.
	command.quarantined | ledger.trimmed) continue ;;
	esac
	grep -q "\"kind\":\"$kind\"" "$dir/events" || missing="$missing $kind"
done
[ -z "$missing" ] || echo "# missing:$missing"
result "$([ -z "$missing" ]; echo $?)" 'every kind of event is in the story'
stop -TERM

expected=$("$IF_COORDINATOR" --digest "$dir/ledger.db")
others=$(find "$IF_BUILD" build -path '*libexec/infrafabric/if-coordinator' 2>/dev/null | sort -u)
for program in $others; do
	for flags in '' --no-snapshot; do
		# shellcheck disable=SC2086 # none or one word
		found=$("$program" --digest "$dir/ledger.db" $flags)
		result "$([ "$found" = "$expected" ]; echo $?)" "$program $flags folds to the same digest"
	done
done

for golden in tests/golden/ledger-*.db; do
	[ -e "$golden" ] || { echo 'skip - golden ledgers: there is none'; break; }
	cp "$golden" "$dir/golden.db"
	found=$("$IF_COORDINATOR" --digest "$dir/golden.db" --no-snapshot)
	result "$([ "$found" = "$(cat "${golden%.db}.digest")" ]; echo $?)" \
		"${golden##*/} folds to the digest it always had"
	"$IF_COORDINATOR" --verify "$dir/golden.db" >/dev/null
	result $? "${golden##*/} verifies"
	rm -f "$dir"/golden.db*
done
