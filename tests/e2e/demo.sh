#!/usr/bin/env bash
#
# The demo, as it is without a terminal: it works off its board, says what it has to, and leaves
# nothing behind, whether it comes to its end or is interrupted.
set -u

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
export TMPDIR=$dir IFCTL

# Usage: holds TEST: it succeeds.
holds()
{
	if "$1" >"$dir/why" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 40 "$dir/why" "$dir/said"
		failed=1
	fi
}

it_ends_with_a_finished_board_and_a_ledger_that_verifies()
{
	scripts/demo >"$dir/said" 2>&1 && grep -qx '36 done' "$dir/said" &&
		grep -q '^witness verify: ok' "$dir/said" &&
		grep -qE 'until its worker process ran +36 +[0-9.]+ +[0-9.]+$' "$dir/said"
}

it_shows_what_the_governor_does()
{
	grep -q 'lawyer covers 0 % of what task SIP-1 needs' "$dir/said" &&
		grep -qE '^telco .* 100 % ' "$dir/said" && grep -qE '^lawyer +0 % ' "$dir/said" &&
		grep -q 'video gets no work any more (budget)' "$dir/said" &&
		grep -q 'HLS-1 ended: task.released' "$dir/said" &&
		grep -qE '^swarm +swarm video +.0\.50 +.0\.60 .* spent$' "$dir/said" &&
		grep -qE '^e[0-9]+ +open +budget ' "$dir/said" &&
		grep -qE '^help-b[0-9]+-1 is yours ' "$dir/said"
}

it_shows_what_becomes_of_guests()
{
	if ! [ -x "${IF_CHASSIS:-}" ]; then
		grep -q '^There is no sandbox on this machine' "$dir/said"
		return
	fi
	grep -q 'HONEST-1 completed in' "$dir/said" &&
		grep -q 'LOOP-1 failed: out_of_time, wall: it ran longer' "$dir/said" &&
		grep -q 'ASK-1 failed: denied, http: ' "$dir/said" &&
		grep -qE '^HONEST-1 +done ' "$dir/said" && grep -qE '^ASK-1 +failed ' "$dir/said"
}

it_has_no_colours_without_a_terminal()
{
	! grep -q $'\033' "$dir/said"
}

nothing_is_left()
{
	local left=("$dir"/if-demo.*)

	[ ! -e "${left[0]}" ] && ! grep -lzs "^IF_DATA=$dir/if-demo" /proc/[0-9]*/environ
}

# Started without job control a script could not trap INT, so this one gets TERM, as ^C would be.
it_leaves_nothing_when_it_is_interrupted()
{
	local demo status

	scripts/demo >"$dir/said" 2>&1 &
	demo=$!
	for _ in {1..200}; do
		grep -q ' is done' "$dir/said" && break
		sleep 0.05
	done
	kill "$demo"
	wait "$demo"
	status=$?
	[ "$status" = 143 ] && nothing_is_left
}

holds it_ends_with_a_finished_board_and_a_ledger_that_verifies
holds it_shows_what_the_governor_does
holds it_shows_what_becomes_of_guests
holds it_has_no_colours_without_a_terminal
holds nothing_is_left
holds it_leaves_nothing_when_it_is_interrupted
exit "$failed"
