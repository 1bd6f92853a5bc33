#!/usr/bin/env bash
#
# `ifctl swarm spawn` against a real daemon: what a worker process gets, what is told of it, and
# what ends it. Each test has a board of its own; the last ones take the daemon down, too.
#
# usage: tests/e2e/spawn.sh [TEST]
# shellcheck disable=SC2016 # what stands in single quotes is for the worker's shell
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock
failed=0
daemon=
mkdir -p "$dir/bin"
ln -s "$IFCTL" "$dir/bin/ifctl"
export PATH=$dir/bin:$PATH

clean_up()
{
	# shellcheck disable=SC2046 # one word per process
	kill -9 $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	# shellcheck disable=SC2046
	kill -9 $(cat "$dir"/pid.* 2>/dev/null) 2>/dev/null
	rm -rf "$dir"
}
trap clean_up EXIT

# Usage: holds TEST: it succeeds.
holds()
{
	# Not in a subshell: what it starts must be children of this one.
	if "$1" >"$dir/said" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 40 "$dir/said"
		failed=1
	fi
}

start_daemon()
{
	"$IF_COORDINATOR" --ledger "$dir/ledger.db" --socket "$IF_SOCKET" 2>>"$dir/daemon.log" &
	daemon=$!
	within 20 ifctl coordinator status
}

# Usage: within SECONDS COMMAND...: it succeeds before that time is over.
within()
{
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

task()
{
	ifctl task show "$1" --board "$board" --json
}

# Usage: says TASK TEXT...: the task's JSON holds each of these.
says()
{
	local answer text

	answer=$(task "$1")
	shift
	for text; do
		grep -qF -- "$text" <<<"$answer" || { echo "no $text in $answer"; return 1; }
	done
}

is_in_state()
{
	says "$1" "\"state\":\"$2\""
}

is_done()
{
	is_in_state "$1" "done"
}

add()
{
	ifctl task add --board "$board" "$@" >/dev/null
}

# A board that is named as the test.
new_board()
{
	board=$1
	ifctl board create "$board" >/dev/null
}

# Usage: spawn ARGUMENTS...: in the foreground, quickly over.
spawn()
{
	timeout 60 ifctl swarm spawn "w-$board" --board "$board" "$@"
}

# Usage: supervise ID ARGUMENTS...: in the background, with its pid in $supervisor.
supervise()
{
	local id=$1

	shift
	ifctl swarm spawn "$id" --board "$board" "$@" >"$dir/$id.out" 2>&1 &
	supervisor=$!
}

is_gone()
{
	! kill -0 "$1" 2>/dev/null || grep -qs '^State:.[ZX]' "/proc/$1/status"
}

pid_in()
{
	cat "$dir/pid.$1"
}

# Processes whose pids a worker has written down.
all_are_gone()
{
	local name

	for name; do
		is_gone "$(pid_in "$name")" || return 1
	done
}

# ---- what is told -------------------------------------------------------------------------------

a_task_completes_and_json_is_its_result()
{
	new_board result
	add T-1 --title 'count' &&
		spawn --once -- sh -c 'cat >/dev/null; echo "{\"lines\": 42}"; echo careful >&2' &&
		says T-1 '"state":"done"' '"result":{"lines":42}' '"exit_code":0' \
			'"stderr_tail":"careful\n"' '"truncated":false' '"handover_us":'
}

what_is_not_one_json_value_is_only_evidence()
{
	new_board prose
	add T-1 && add T-2 &&
		spawn --tasks 2 -- sh -c 'echo "{} {}"' &&
		is_done T-1 && says T-2 '"stdout_tail":"{} {}\n"' &&
		! says T-1 '"result":'
}

a_failure_says_its_exit_code()
{
	new_board exit
	add T-1 --max-attempts 1 &&
		spawn --once -- sh -c 'echo "no such key" >&2; exit 3' &&
		says T-1 '"state":"failed"' '"reason":"exit code 3"' '"exit_code":3' 'no such key'
}

a_failure_says_its_signal()
{
	new_board signal
	add T-1 --max-attempts 1 &&
		spawn --once -- sh -c 'ulimit -c 0; kill -SEGV $$' &&
		says T-1 '"state":"failed"' '"reason":"killed by SIGSEGV"' '"signal":"SIGSEGV"'
}

a_failed_task_is_tried_again_later()
{
	new_board again
	add T-1 && spawn --once -- false && says T-1 '"state":"delayed"' '"failures":1'
}

what_cannot_be_run_is_said_before_the_first_task()
{
	local status

	new_board missing
	add T-1
	spawn --once -- no-such-program
	status=$?
	[ "$status" = 1 ] && is_in_state T-1 ready
}

a_tasks_own_command_that_cannot_be_run_fails_it()
{
	new_board unrunnable
	add T-1 --max-attempts 1 -- /nonexistent/program && spawn --once &&
		says T-1 '"state":"failed"' 'cannot run /nonexistent/program: No such file or directory'
}

a_tasks_own_command_runs_without_a_shell()
{
	new_board own
	add T-1 -- printf '%s|%s' 'a b' "\$HOME;*" && spawn --once &&
		says T-1 '"state":"done"' "\"stdout_tail\":\"a b|\$HOME;*\""
}

a_tasks_own_command_is_run_only_when_that_was_wanted()
{
	new_board wanted
	add T-1 -- echo own && add T-2 -- echo own &&
		spawn --once -- echo given && says T-1 '"stdout_tail":"given\n"' &&
		spawn --once --run-tasks -- echo given && says T-2 '"stdout_tail":"own\n"'
}

much_output_is_kept_as_its_end()
{
	new_board much
	add T-1 && spawn --once -- sh -c 'seq 1 200000; echo the-end' &&
		says T-1 '"state":"done"' '200000\nthe-end\n"' '"truncated":true'
}

output_that_is_no_text_is_kept_as_text()
{
	new_board bytes
	add T-1 && spawn --once -- printf 'a\377b\000c\033[1m' &&
		says T-1 '"state":"done"' '"stdout_tail":"a'$'\xef\xbf\xbd''b'$'\xef\xbf\xbd''c\u001b[1m"'
}

output_is_shown_and_logged_when_asked_for()
{
	new_board shown
	add T-1 && spawn --once --verbose --log-folder "$dir/logs" -- sh -c 'echo hello; echo oh >&2' \
		>"$dir/shown" 2>&1 &&
		grep -qx 'T-1 | hello' "$dir/shown" && grep -qx 'T-1 ! oh' "$dir/shown" &&
		grep -qx hello "$dir/logs/shown.T-1.1.log" && grep -qx oh "$dir/logs/shown.T-1.1.log"
}

json_lines_tell_what_happens()
{
	new_board lines
	add T-1 && spawn --once --json -- true >"$dir/lines" 2>"$dir/lines.errors" &&
		grep -q '"what":"started".*"task":"T-1"' "$dir/lines" &&
		grep -q '"what":"completed"' "$dir/lines" && [ ! -s "$dir/lines.errors" ]
}

# ---- what a worker gets ----------------------------------------------------------------------------

the_task_comes_on_stdin()
{
	new_board stdin
	add T-1 --title 'the title' --payload '{"deep":[1,2]}' &&
		spawn --once -- cat &&
		says T-1 '"result":{' '\"title\":\"the title\"' '\"payload\":{\"deep\":[1,2]}' '\"fence\":'
}

the_environment_is_clean()
{
	local names

	new_board environment
	add T-1 && SECRET=x GRANTED=yes TERM=dumb LANG=C.UTF-8 TMPDIR=$dir spawn --once --env GRANTED --env EXTRA=1=2 \
		--env NOT_SET -- env &&
		names=$(task T-1 | grep -o '"stdout_tail":"[^"]*"' | sed 's/.*:"//; s/"$//; s/\\n/\n/g') &&
		[ "$(cut -d= -f1 <<<"$names" | grep -v '^$' | sort | tr '\n' ' ')" = \
			"EXTRA GRANTED HOME IF_BOARD IF_COST_FILE IF_FENCE IF_SOCKET IF_SWARM_ID IF_TASK_ID LANG PATH TERM TMPDIR ${USER:+USER }" ] &&
		grep -qx 'EXTRA=1=2' <<<"$names" && grep -qx 'IF_SWARM_ID=w-environment' <<<"$names" &&
		grep -qx 'IF_TASK_ID=T-1' <<<"$names" && grep -qx "IF_SOCKET=$IF_SOCKET" <<<"$names" &&
		grep -qx "IF_BOARD=environment" <<<"$names"
}

no_descriptor_is_inherited()
{
	new_board descriptors
	# ls itself opens the folder, as number 3.
	add T-1 && exec 7<"$0" && spawn --once -- ls /proc/self/fd && exec 7<&- &&
		says T-1 '"stdout_tail":"0\n1\n2\n3\n"'
}

a_worker_can_speak_for_itself()
{
	new_board itself
	add T-1 && spawn --once -- sh -c 'ifctl task progress --percent 50 && ifctl task complete --result 7 &&
		sleep 0.2; exit 1' && says T-1 '"state":"done"' '"result":7'
}

what_a_worker_left_running_is_killed()
{
	new_board leftover
	add T-1 && spawn --once --env D="$dir" -- sh -c 'sleep 600 >/dev/null 2>&1 & echo $! >$D/pid.leftover' &&
		is_done T-1 && within 5 all_are_gone leftover
}

# ---- what ends a worker ----------------------------------------------------------------------------

# Its child and its grandchild write down who they are; the child does not care for TERM.
stubborn='trap "" TERM
	sh -c "echo \$\$ >$D/pid.$IF_TASK_ID.grandchild; exec sleep 600" &
	echo $$ >$D/pid.$IF_TASK_ID.child
	while :; do sleep 600; done'

runs()
{
	[ -s "$dir/pid.$1.child" ] && [ -s "$dir/pid.$1.grandchild" ]
}

cancelling_ends_the_whole_group()
{
	new_board cancel
	add C-1 && supervise cancel --env D="$dir" --grace 300ms -- sh -c "$stubborn" &&
		within 20 runs C-1 && ifctl task cancel C-1 --board cancel --reason 'not needed' &&
		within 20 all_are_gone C-1.child C-1.grandchild &&
		is_in_state C-1 cancelled && add C-2 && within 20 runs C-2 &&
		kill "$supervisor" && wait "$supervisor" && is_in_state C-2 ready
}

a_time_limit_ends_it_and_is_told()
{
	new_board limit
	add T-1 --limit 1500ms --max-attempts 1 && add T-2 --max-attempts 1 &&
		spawn --tasks 2 --limit 2s --grace 100ms -- sh -c 'echo begun; exec sleep 600' &&
		says T-1 '"state":"failed"' '"reason":"time limit of 1.5 s"' 'begun' &&
		says T-2 '"state":"failed"' '"reason":"time limit of 2 s"'
}

term_gives_the_task_back()
{
	new_board term
	add T-1 && supervise term --env D="$dir" -- sh -c 'echo $$ >$D/pid.term; exec sleep 600' &&
		within 20 is_in_state T-1 claimed && within 20 test -s "$dir/pid.term" &&
		kill "$supervisor" && wait "$supervisor" && is_in_state T-1 ready &&
		all_are_gone term && ifctl witness trace T-1 --board term | grep -q 'supervisor was stopped' &&
		! ifctl swarm show term
}

a_second_term_kills_at_once()
{
	new_board second
	add S-1 && supervise second --env D="$dir" --grace 10min -- sh -c "$stubborn" &&
		within 20 runs S-1 && kill "$supervisor" && sleep 0.3 &&
		! is_gone "$(pid_in S-1.child)" && kill "$supervisor" && wait "$supervisor" &&
		within 20 all_are_gone S-1.child S-1.grandchild && is_in_state S-1 ready
}

a_lost_lease_ends_the_work()
{
	new_board lost
	ifctl swarm register other >/dev/null
	add T-1 --max-attempts 9 &&
		supervise lost --lease 1s --env D="$dir" -- sh -c 'echo $$ >$D/pid.lost; exec sleep 600' &&
		within 20 test -s "$dir/pid.lost" && kill -STOP "$supervisor" &&
		within 20 ifctl task claim T-1 --board lost --swarm other --lease 10min &&
		! is_gone "$(pid_in lost)" && kill -CONT "$supervisor" &&
		within 20 all_are_gone lost &&
		says T-1 '"state":"claimed"' '"held_by":"other"' &&
		kill "$supervisor" && wait "$supervisor" && says T-1 '"held_by":"other"'
}

when_the_supervisor_is_killed_the_task_passes_on()
{
	new_board killed
	add T-1 --max-attempts 9 && supervise killed --lease 1s --env D="$dir" -- \
		sh -c 'echo $$ >$D/pid.killed; exec sleep 600' &&
		within 20 test -s "$dir/pid.killed" && kill -9 "$supervisor" &&
		within 5 all_are_gone killed &&
		timeout 60 ifctl swarm spawn heir --board killed --once -- true && is_done T-1
}

a_supervisor_that_starts_again_gives_back_what_it_held()
{
	new_board return
	add T-1 --max-attempts 9 && supervise return --env D="$dir" -- \
		sh -c 'echo $$ >$D/pid.return; exec sleep 600' &&
		within 20 test -s "$dir/pid.return" && kill -9 "$supervisor" &&
		timeout 60 ifctl swarm spawn return --board return --once -- true && is_done T-1
}

# ---- many -------------------------------------------------------------------------------------------

count_works_on_so_many_at_once()
{
	local i

	new_board count
	for i in 1 2 3 4 5 6; do
		add "T-$i"
	done
	# Each waits until three of them run, so that fewer at once would never end.
	spawn --count 3 --tasks 6 --limit 30s --env D="$dir" -- sh -c 'echo >$D/count.$IF_TASK_ID
		until [ "$(ls $D/count.* | wc -l)" -ge 3 ]; do sleep 0.05; done' &&
		[ "$(ifctl task list --board count --state=done --json | grep -o '"task":' | wc -l)" = 6 ]
}

idle_ends_it()
{
	new_board idle
	add T-1 && spawn --idle 300ms -- true && is_done T-1
}

a_session_claims_by_itself_and_its_exit_code_counts()
{
	local status

	new_board session
	add T-1
	spawn --session --lease 1s -- sh -c 'ifctl task claim T-1 --lease 1s --json >$TMPDIR/claim &&
		fence=$(grep -o "\"fence\":[0-9]*" $TMPDIR/claim | cut -d: -f2) && sleep 3 &&
		ifctl task complete T-1 --fence $fence && echo on our stdout; exit 17' >"$dir/session.said"
	status=$?
	[ "$status" = 17 ] && is_done T-1 && grep -qx 'on our stdout' "$dir/session.said" &&
		! ifctl swarm show w-session
}

seven_supervisors_keep_the_order()
{
	local i pids=()

	new_board seven
	for i in 1 2 3 4 5 6 7; do
		add "A-$i" && add "B-$i" --dep "A-$i" || return 1
	done
	for i in 1 2 3 4 5 6 7; do
		add "C-$i" --dep "B-$i" --dep "B-$((i % 7 + 1))" || return 1
	done
	for i in 1 2 3 4 5 6 7; do
		supervise "seven-$i" --idle 3s --env D="$dir" -- sh -c 'echo "begin $IF_TASK_ID" >>$D/order
			sleep 0.05; echo "end $IF_TASK_ID" >>$D/order'
		pids+=("$supervisor")
	done
	wait "${pids[@]}"
	[ "$(ifctl task list --board seven --state=done --json | grep -o '"task":' | wc -l)" = 21 ] &&
		awk '$1 == "begin" && begun[$2]++ { print $2 " twice"; bad = 1 }
		$1 == "end" { done[$2] = 1 }
		$1 == "begin" && $2 ~ /^B/ { n = substr($2, 3); if (!done["A-" n]) bad = 1 }
		$1 == "begin" && $2 ~ /^C/ { n = substr($2, 3); if (!done["B-" n] || !done["B-" n % 7 + 1]) bad = 1 }
		END { exit bad }' "$dir/order"
}

# ---- what it costs -------------------------------------------------------------------------------------

# Usage: has_spent BOARD DOLLARS
has_spent()
{
	ifctl cost report --by board --board "$1" --json | grep -q "\"cost_usd\":$2[,}]"
}

a_worker_tells_what_it_costs()
{
	new_board cost
	ifctl cost set-price model-of-test --input 1 --output 2 >/dev/null
	mkdir "$dir/costs"
	add T-1 && TMPDIR=$dir/costs spawn --once -- sh -c 'echo "{\"cost_usd\": 0.25}" >$IF_COST_FILE
		printf "%s\n\n" "{\"cost_usd\": \"0.5\", \"operation\": \"plan\"}" >>$IF_COST_FILE
		printf "{\"model\":\"model-of-test\",\"input_tokens\":1000000,\"output_tokens\":500000}" >$IF_COST_FILE' &&
		is_done T-1 && has_spent cost 2.75 && [ -z "$(ls "$dir/costs")" ]
}

each_attempt_is_charged_however_it_ends()
{
	new_board charged
	add T-1 --max-attempts 1 && add T-2 &&
		spawn --once -- sh -c 'echo "{\"cost_usd\":0.1}" >$IF_COST_FILE; exit 3' &&
		is_in_state T-1 failed && has_spent charged '0.10' &&
		supervise charged -- sh -c 'echo "{\"cost_usd\":0.1}" >$IF_COST_FILE; exec sleep 600' &&
		within 20 has_spent charged '0.20' && ifctl task cancel T-2 --board "$board" >/dev/null &&
		kill "$supervisor" && wait "$supervisor" && has_spent charged '0.20'
}

what_is_no_cost_is_said_and_not_charged()
{
	new_board nonsense
	add T-1 && spawn --once -- sh -c 'cat >$IF_COST_FILE <<-END
			five dollars
			{"cost_usd": -1}
			{"cost_usd": 0.5, "fence": 1}
			{"cost_usd": 1}
		END' 2>"$dir/said.nonsense" && is_done T-1 && has_spent nonsense '1.00' &&
		[ "$(grep -c 'not charged' "$dir/said.nonsense")" = 3 ]
}

many_costs_hold_nobody_up()
{
	new_board many
	add T-1 && spawn --once -- sh -c 'for i in $(seq 5000); do echo "{\"cost_usd\":0.001}"; done >$IF_COST_FILE' &&
		is_done T-1 && has_spent many '5.00'
}

a_budget_that_is_spent_stops_the_work()
{
	new_board spent
	ifctl cost set-budget --scope board --board spent --limit 0.1 >/dev/null &&
		add T-1 --est-cost 0.01 || return 1
	supervise spent --grace 300ms --env D="$dir" -- sh -c 'echo $$ >$D/pid.spent; sleep 600 & echo $! >$D/pid.spent-child
			trap "" TERM
			while [ ! -e $D/enough ]; do echo "{\"cost_usd\":0.03}" >$IF_COST_FILE; sleep 0.2; done'
	within 20 grep -q 'asked to stop: the budget of board spent is spent' "$dir/spent.out" &&
		within 20 all_are_gone spent spent-child && within 20 is_in_state T-1 ready &&
		says T-1 '"failures":0' && ifctl escalation list --json | grep -q '"cause":"budget"' || return 1
	# Nobody takes it up again before there is money.
	sleep 0.5
	is_in_state T-1 ready && touch "$dir/enough" &&
		ifctl cost set-budget --scope board --board spent --limit 10 >/dev/null &&
		within 20 is_done T-1 && kill "$supervisor" && wait "$supervisor"
}

a_task_that_costs_more_than_it_may_does_not_go_round()
{
	new_board dear
	add T-1 --max-cost 9 && supervise dear --grace 300ms -- \
		sh -c 'while :; do echo "{\"cost_usd\":5}" >$IF_COST_FILE; sleep 0.2; done'
	within 20 is_in_state T-1 delayed && sleep 1 && kill "$supervisor" && wait "$supervisor" &&
		says T-1 '"state":"delayed"' '"attempts":1' '"failures":0'
}

who_was_away_hears_that_it_is_to_stop()
{
	local fence

	new_board away
	ifctl cost set-budget --scope board --board away --limit 1 >/dev/null &&
		add T-1 --est-cost 0.01 && supervise away --lease 2s --env D="$dir" -- sh -c 'echo $IF_FENCE >$D/fence.away; echo $$ >$D/pid.away; exec sleep 600' &&
		within 20 test -s "$dir/pid.away" && fence=$(cat "$dir/fence.away") || return 1
	kill -STOP "$supervisor"
	ifctl cost charge --board away --task T-1 --fence "$fence" --cost 2 >/dev/null
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	start_daemon
	kill -CONT "$supervisor"
	within 20 all_are_gone away && within 20 is_in_state T-1 ready && says T-1 '"failures":0' &&
		kill "$supervisor" && wait "$supervisor"
}

# ---- a daemon that is not there ------------------------------------------------------------------------

what_is_wrong_from_the_start_is_told()
{
	local status

	new_board wrong
	ifctl swarm spawn a --socket "$dir/nobody.sock" -- true
	status=$?
	[ "$status" = 9 ] || { echo "without a daemon: $status"; return 1; }
	timeout 20 ifctl swarm spawn a --board no-such-board -- true
	status=$?
	[ "$status" = 3 ] || { echo "without a board: $status"; return 1; }
	ifctl swarm spawn a --session
	status=$?
	[ "$status" = 2 ] || { echo "a session without a command: $status"; return 1; }
	ifctl swarm spawn a --env IF_FENCE=1 -- true
	status=$?
	[ "$status" = 2 ] || { echo "with a variable of ours: $status"; return 1; }
}

each_task_is_done_once_through_kills_of_the_daemon()
{
	local i

	new_board kills
	for i in 1 2 3 4 5 6 7 8; do
		add "T-$i"
	done
	supervise kills --count 4 --env D="$dir" -- sh -c 'echo $IF_TASK_ID >>$D/worked; sleep 1'
	within 20 test -s "$dir/worked"
	for i in 1 2 3; do
		kill -9 "$daemon"
		wait "$daemon" 2>/dev/null
		sleep 0.7
		start_daemon
		sleep 0.5
	done
	within 60 is_done T-8 && within 60 is_done T-7
	for i in 1 2 3 4 5 6 7 8; do
		within 20 is_done "T-$i" || return 1
	done
	kill "$supervisor" && wait "$supervisor" &&
		[ "$(sort "$dir/worked" | uniq -d)" = '' ] && [ "$(wc -l <"$dir/worked")" = 8 ] &&
		ifctl witness verify
}

a_supervisor_ends_without_a_daemon_too()
{
	local status

	new_board alone
	add T-1 && supervise alone --env D="$dir" -- sh -c 'echo $$ >$D/pid.alone; exec sleep 600' &&
		within 20 test -s "$dir/pid.alone" && kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	! is_gone "$(pid_in alone)" && kill "$supervisor" || return 1
	wait "$supervisor"
	status=$?
	start_daemon
	[ "$status" = 9 ] && all_are_gone alone
}

tests='
a_worker_tells_what_it_costs
each_attempt_is_charged_however_it_ends
what_is_no_cost_is_said_and_not_charged
many_costs_hold_nobody_up
a_budget_that_is_spent_stops_the_work
a_task_that_costs_more_than_it_may_does_not_go_round
a_task_completes_and_json_is_its_result
what_is_not_one_json_value_is_only_evidence
a_failure_says_its_exit_code
a_failure_says_its_signal
a_failed_task_is_tried_again_later
what_cannot_be_run_is_said_before_the_first_task
a_tasks_own_command_that_cannot_be_run_fails_it
a_tasks_own_command_runs_without_a_shell
a_tasks_own_command_is_run_only_when_that_was_wanted
much_output_is_kept_as_its_end
output_that_is_no_text_is_kept_as_text
output_is_shown_and_logged_when_asked_for
json_lines_tell_what_happens
the_task_comes_on_stdin
the_environment_is_clean
no_descriptor_is_inherited
a_worker_can_speak_for_itself
what_a_worker_left_running_is_killed
cancelling_ends_the_whole_group
a_time_limit_ends_it_and_is_told
term_gives_the_task_back
a_second_term_kills_at_once
a_lost_lease_ends_the_work
when_the_supervisor_is_killed_the_task_passes_on
a_supervisor_that_starts_again_gives_back_what_it_held
count_works_on_so_many_at_once
idle_ends_it
a_session_claims_by_itself_and_its_exit_code_counts
seven_supervisors_keep_the_order
what_is_wrong_from_the_start_is_told
each_task_is_done_once_through_kills_of_the_daemon
a_supervisor_ends_without_a_daemon_too
who_was_away_hears_that_it_is_to_stop
'
start_daemon >/dev/null
for test in ${1:-$tests}; do
	holds "$test"
done
kill "$daemon"
wait "$daemon" 2>/dev/null
exit "$failed"
