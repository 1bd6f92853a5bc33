#!/usr/bin/env bash
#
# The story that this project began with, through a real daemon: a blocker in a SIP task, seven idle
# swarms of other trades. Only those who match are asked, the money holds, and the lawyer stays home.
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock TZ=UTC NO_COLOR=1 LC_ALL=C HOME=$dir XDG_DATA_HOME=$dir/data
unset IF_BOARD IF_SWARM_ID IF_TASK_ID IF_FENCE IF_URL IF_ACTOR IF_DATA
failed=0
idle=(session-1-ndi session-2-webrtc session-3-h323 session-5-cli session-6-talent session-7-contracts
	network-team)

clean_up()
{
	# shellcheck disable=SC2046 # one word per process
	kill $(jobs -p) 2>/dev/null
	"$IFCTL" coordinator stop >/dev/null 2>&1
	wait
	rm -rf "$dir"
}
trap clean_up EXIT

ctl()
{
	"$IFCTL" "$@"
}

holds()
{
	if "$1" >"$dir/said" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 40 "$dir/said"
		failed=1
	fi
}

# Usage: member NAME <JSON: the first value of it.
member()
{
	grep -oE "\"$1\":(\"[^\"]*\"|[0-9.]+)" | head -n 1 | sed 's/^[^:]*://; s/"//g'
}

# Usage: within COMMAND...: it succeeds some time.
within()
{
	for _ in {1..400}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	echo "never: $*"
	return 1
}

all_wait()
{
	[ "$(ctl coordinator status --json | member waiting)" = "${#idle[@]}" ]
}

# Usage: at KIND SWARM: when such an event of this swarm was, in milliseconds.
at()
{
	local time

	time=$(ctl events --kind "$1" --swarm "$2" --json | member at)
	[ -n "$time" ] && date -d "$time" +%s%3N
}

seven_swarms_of_other_trades_wait()
{
	ctl coordinator start --memory && ctl board create phase-0 &&
		ctl swarm import examples/swarms.yaml &&
		ctl swarm register network-team --capability 'infra:*' --usual-cost 0.90 &&
		ctl cost set-budget --scope board --board phase-0 --limit 10 &&
		ctl task add call --needs telephony:sip,integration:sip --est-cost 1.50 &&
		ctl task claim call --swarm session-4-sip --json >"$dir/claim" || return 1
	for swarm in "${idle[@]}"; do
		"$IFCTL" task next --swarm "$swarm" --wait 10m --json >"$dir/$swarm.got" 2>/dev/null &
	done
	within all_wait
}

only_who_matches_is_asked()
{
	ctl blocker raise call --fence "$(member fence <"$dir/claim")" --type bug \
		--description 'no INVITE arrives' --needs telephony:h323,infra:networking --json \
		>"$dir/blocker" && within test -s "$dir/session-3-h323.got" &&
		within test -s "$dir/network-team.got" || return 1
	for swarm in "${idle[@]}"; do
		case $swarm in
		session-3-h323 | network-team) grep -q '"task":"help-' "$dir/$swarm.got" ;;
		*) [ ! -s "$dir/$swarm.got" ] ;;
		esac || { echo "$swarm: $(cat "$dir/$swarm.got")"; return 1; }
	done
}

# Both stand in one record, however slow the machine is.
help_is_claimed_within_100_ms()
{
	local raised first second

	raised=$(at blocker.raised session-4-sip) && first=$(at task.claimed session-3-h323) &&
		second=$(at task.claimed network-team) && [ $((first - raised)) -lt 100 ] &&
		[ $((second - raised)) -lt 100 ]
}

what_is_promised_stays_within_the_budget()
{
	ctl cost budget --format csv | tee "$dir/budgets"
	awk -F, '/"board phase-0"/ { ok = $4 + $5 <= $3 && $5 > 1.5 } END { exit !ok }' "$dir/budgets"
}

the_rest_of_the_help_is_called_off()
{
	local task

	task=$(member task <"$dir/network-team.got")
	ctl task complete "$task" --fence "$(member fence <"$dir/network-team.got")" --cost 0.80 &&
		ctl blocker resolve "$(member blocker <"$dir/blocker")" --note 'a firewall rule' &&
		ctl task show "$(member task <"$dir/session-3-h323.got")" | grep -q '^state: cancelled' &&
		ctl task complete call --fence "$(member fence <"$dir/claim")" --cost 1.60 &&
		ctl cost budget --format csv | grep -q '^"board","board phase-0",10.00,2.40,0.00,7.60'
}

less_than_a_tenth_is_wasted()
{
	ctl cost report --by board --format csv | tee "$dir/report"
	awk -F, '/^"phase-0"/ { ok = $3 < $2 / 10 } END { exit !ok }' "$dir/report"
}

the_lawyer_stays_home()
{
	! ctl events --kind task.claimed | grep session-7-contracts &&
		! ctl events --kind cost.charged | grep session-7-contracts &&
		ctl swarm show session-7-contracts | grep -qx 'done: 0'
}

with_nobody_qualified_a_person_is_asked()
{
	local blocker

	ctl task add quiet --needs telephony:sip && ctl task claim quiet --swarm session-4-sip --json \
		>"$dir/claim" && ctl blocker raise quiet --fence "$(member fence <"$dir/claim")" \
		--type bug --description 'echo' --needs streaming:broadcast,data:modelling --json \
		>"$dir/blocker" && blocker=$(member blocker <"$dir/blocker") || return 1
	ctl escalation list | tee "$dir/asked"
	grep -q "open .* help .* nobody here can help with blocker $blocker of task quiet" "$dir/asked" &&
		ctl coordinator status | grep -q '^1 escalation waits for a person' &&
		ctl blocker withdraw "$blocker" && ! ctl coordinator status | grep -q 'waits for a person'
}

holds seven_swarms_of_other_trades_wait
holds only_who_matches_is_asked
holds help_is_claimed_within_100_ms
holds what_is_promised_stays_within_the_budget
holds the_rest_of_the_help_is_called_off
holds less_than_a_tenth_is_wasted
holds the_lawyer_stays_home
holds with_nobody_qualified_a_person_is_asked
exit "$failed"
