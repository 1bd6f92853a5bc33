#!/usr/bin/env bash
#
# `ifctl` against a real daemon, as people and scripts use it.
#
# usage: tests/e2e/cli.sh [TEST]
set -u

dir=$(mktemp -d)
export IF_TEST_DIR=$dir IF_SOCKET=$dir/if.sock TZ=UTC
export HOME=$dir/home XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config
unset IF_BOARD IF_SWARM_ID IF_TASK_ID IF_FENCE IF_URL IF_ACTOR IF_DATA IF_LISTEN IF_TIMEOUT
failed=0
mkdir -p "$dir/bin" "$HOME" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME"
ln -s "$IFCTL" "$dir/bin/ifctl"
ln -s "$IFCTL" "$dir/bin/if"
export PATH=$dir/bin:$PATH

clean_up()
{
	ifctl coordinator stop >/dev/null 2>&1
	# shellcheck disable=SC2046 # one word per process
	kill -9 $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap clean_up EXIT

cat >"$dir/bad.md" <<'MD'
# Bad

| Task | Dependencies |
|---|---|
| A: one | C |
| A: two | None |
MD
cat >"$dir/plan.md" <<'MD'
# My plan

| Task | Dependencies | Owner |
|---|---|---|
| A: first | None | alice |
| B: second | A | |
| C: third | A, B | |
MD

# Usage: holds TEST: it succeeds.
holds()
{
	[ "${only:-$1}" = "$1" ] || return
	if "$1" >"$dir/said" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 40 "$dir/said"
		failed=1
	fi
}
only=${1-}

# Usage: ends CODE COMMAND...: with this exit code.
ends()
{
	local expected=$1 code

	shift
	"$@"
	code=$?
	[ "$code" = "$expected" ] || { echo "exit code $code, not $expected: $*"; return 1; }
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

# Usage: member NAME <JSON: the text or number of a member.
member()
{
	grep -o "\"$1\":\(\"[^\"]*\"\|[0-9a-z.-]*\)" | head -n 1 | sed 's/^[^:]*://; s/"//g'
}

claim()
{
	ifctl task claim "$@" --json | member fence
}

# ---- the daemon ------------------------------------------------------------------------------

nobody_listens_at_first()
{
	ends 9 ifctl coordinator status &&
		ends 9 ifctl board list --json >"$dir/answer" &&
		[ "$(member code <"$dir/answer")" = daemon_unreachable ] &&
		ends 9 ifctl coordinator stop
}

a_daemon_is_started_in_the_background()
{
	ifctl coordinator start >"$dir/answer" || return 1
	grep -q "$IF_SOCKET" "$dir/answer" && grep -q "$XDG_DATA_HOME/infrafabric/ledger.db" "$dir/answer" &&
		ifctl coordinator health | grep -q '^writes: yes$' &&
		[ "$(stat -c %a "$XDG_DATA_HOME/infrafabric")" = 700 ] &&
		[ "$(stat -c %a "$IF_SOCKET")" = 600 ]
}

a_second_daemon_is_refused()
{
	ends 4 ifctl coordinator start --memory &&
		ends 4 ifctl coordinator start --json >"$dir/answer" &&
		[ "$(member code <"$dir/answer")" = daemon_running ]
}

a_ledger_in_use_is_refused_on_another_socket()
{
	ends 1 ifctl coordinator start --socket "$dir/other.sock" --json >"$dir/answer" &&
		[ "$(member code <"$dir/answer")" = storage_busy ]
}

what_stands_where_the_socket_goes_is_left_alone()
{
	echo mine >"$dir/taken.sock"
	ends 2 ifctl coordinator start --memory --socket "$dir/taken.sock" 2>"$dir/answer" || return 1
	grep -q 'is not a socket: move it away' "$dir/answer" && [ "$(cat "$dir/taken.sock")" = mine ]
}

a_folder_that_everybody_may_write_to_takes_no_socket()
{
	mkdir -m 777 "$dir/open"
	ends 2 ifctl coordinator start --memory --socket "$dir/open/if.sock" 2>"$dir/answer" || return 1
	grep -q 'everybody may write to .*chmod o-w' "$dir/answer" && [ -z "$(ls -A "$dir/open")" ]
}

a_daemon_listens_on_tcp_when_asked_to()
{
	ifctl coordinator start --memory --socket "$dir/tcp.sock" --listen 127.0.0.1:0 >/dev/null || return 1
	ifctl coordinator status --socket "$dir/tcp.sock" >"$dir/answer"
	ifctl coordinator stop --socket "$dir/tcp.sock" &&
		grep -q '^tcp' "$dir/answer" && [ ! -e "$dir/tcp.sock" ]
}

a_daemon_that_hangs_is_not_waited_for_forever()
{
	local pid result

	pid=$(ifctl coordinator status --json | member pid)
	kill -STOP "$pid"
	ends 124 ifctl board list --timeout 100ms --json >"$dir/answer"
	result=$?
	kill -CONT "$pid"
	[ "$result" = 0 ] && [ "$(member code <"$dir/answer")" = timeout ] && ifctl board list
}

# ---- boards ----------------------------------------------------------------------------------

a_plan_is_imported_and_imports_again()
{
	ifctl board import "$dir/plan.md" --board demo --dry-run | grep -q 'dry run' &&
		ifctl board import "$dir/plan.md" --board demo | grep -q '3 created, 0 changed, 0 unchanged' &&
		ifctl board import - --board demo <"$dir/plan.md" | grep -q '0 created, 0 changed, 3 unchanged'
}

a_bad_plan_is_answered_with_its_lines()
{
	ends 2 ifctl board import "$dir/bad.md" 2>"$dir/stderr"
	grep -q "^$dir/bad.md:5: " "$dir/stderr" && grep -q "^$dir/bad.md:6: " "$dir/stderr" &&
		grep -q '^ifctl: the document was not imported' "$dir/stderr" &&
		ends 2 ifctl board import "$dir/missing.md"
}

a_board_is_shown_in_every_form()
{
	ifctl board show demo | grep -q '^A ' &&
		ifctl board show demo --format markdown >"$dir/again.md" &&
		ifctl board import "$dir/again.md" --board demo | grep -q '0 created, 0 changed, 3 unchanged' &&
		ifctl board show demo --format json >"$dir/again.json" &&
		ifctl board import "$dir/again.json" --board demo | grep -q '0 created, 0 changed, 3 unchanged' &&
		ifctl board show demo --format dot | grep -q '"A" -> "B"' &&
		ifctl board show demo --format mermaid | grep -q flowchart &&
		ifctl board show demo --json | grep -q '"task_count":3'
}

# ---- a worker's day --------------------------------------------------------------------------

a_worker_works_from_the_shell()
{
	local fence

	ifctl swarm register alice --capability code:c | grep -q 'alice is registered' || return 1
	fence=$(claim A --swarm alice --board demo)
	[ -n "$fence" ] &&
		ifctl task heartbeat A --board demo --fence "$fence" | grep -q 'yours until' &&
		ifctl task progress A --board demo --fence "$fence" --percent 60 --note half | grep -q '60 %' &&
		ifctl task why B --board demo | grep -q 'waits for: A (claimed by alice' &&
		ifctl task list --board demo --state claimed | grep -q alice &&
		ifctl task finish-and-next A --board demo --fence "$fence" --result '{"ok":true}' >"$dir/answer" &&
		grep -q '^A is done' "$dir/answer" && grep -q '^B is yours until' "$dir/answer"
}

the_environment_of_a_task_is_enough()
{
	local fence

	fence=$(ifctl task show B --board demo --json | member fence)
	IF_BOARD=demo IF_TASK_ID=B IF_FENCE=$fence ifctl task complete --result @"$dir/result.json" 2>/dev/null &&
		return 1
	echo '{"from":"a file"}' >"$dir/result.json"
	IF_BOARD=demo IF_TASK_ID=B IF_FENCE=$fence ifctl task complete --result @"$dir/result.json" | grep -q 'B is done' &&
		ifctl task show B --board demo --json | grep -q '"from":"a file"'
}

next_waits_until_a_task_is_there()
{
	local fence

	fence=$(claim C --swarm alice --board demo)
	ifctl task complete C --board demo --fence "$fence" >/dev/null || return 1
	ends 5 ifctl task next --swarm alice --board demo --wait 100ms 2>/dev/null || return 1
	ifctl task next --swarm alice --board demo --wait 20s >"$dir/next" &
	within 10 sh -c "ifctl coordinator status | grep -q 'waiting: 1'" || return 1
	ifctl task add D --board demo >/dev/null
	wait $! && grep -q '^D is yours' "$dir/next"
}

why_explains_an_assignment_and_a_refusal()
{
	ifctl task add E --board demo --needs rust:async >/dev/null
	ifctl swarm register bob --capability code:c >/dev/null
	ends 6 ifctl task claim E --board demo --swarm bob --why >"$dir/answer" 2>/dev/null &&
		grep -q '^E .*refused' "$dir/answer" &&
		ifctl task why E --board demo --swarm bob | grep -q '^bob *no *0.0 .*it lacks rust:async'
}

messages_reach_their_readers()
{
	local cursor

	ifctl message send 'API is frozen' --to bob --subject news --as alice >/dev/null || return 1
	ifctl message list bob | grep -q 'API is frozen' || return 1
	cursor=$(ifctl message list bob --json | member cursor)
	ifctl message ack bob --cursor "$cursor" | grep -q '0 unread' &&
		ifctl message list bob 2>&1 | grep -q 'no unread message'
}

notes_are_compared_and_set()
{
	local version

	ifctl note put build.status '"green"' >/dev/null || return 1
	version=$(ifctl note get build.status --json | member version)
	ifctl note cas build.status '"red"' --version "$version" | grep -q red &&
		ends 4 ifctl note cas build.status '"blue"' --version "$version" 2>/dev/null &&
		ifctl note list build. | grep -q '^build.status' &&
		ifctl note delete build.status | grep -q gone &&
		ends 3 ifctl note get build.status 2>/dev/null
}

blockers_hold_a_task()
{
	local blocker

	ifctl task add F --board demo >/dev/null
	blocker=$(ifctl blocker raise F --board demo --type access --description 'no key' \
		--severity high --json | member blocker)
	ifctl blocker list | grep -q "^$blocker .*no key" &&
		ends 4 ifctl task claim F --board demo --swarm bob 2>/dev/null &&
		ifctl blocker resolve "$blocker" --note 'in the vault' | grep -q resolved &&
		ifctl task claim F --board demo --swarm bob >/dev/null
}

the_same_key_takes_effect_once()
{
	local first second

	first=$(ifctl note put counted 1 --key same --json)
	second=$(ifctl note put counted 1 --key same --json)
	[ "$first" = "$second" ]
}

# ---- events ----------------------------------------------------------------------------------

events_are_followed_as_they_happen()
{
	ifctl events --follow --board demo >"$dir/events" &
	local follower=$!

	sleep 0.3
	ifctl task add G --board demo >/dev/null
	within 10 grep -q 'task.added .*G came onto board demo' "$dir/events"
	local result=$?
	kill "$follower"
	wait "$follower" 2>/dev/null
	return "$result"
}

a_stream_survives_the_daemon()
{
	ifctl events --follow --json >"$dir/events" &
	local follower=$! result

	sleep 0.3
	ifctl coordinator stop >/dev/null && ifctl coordinator start >/dev/null || return 1
	ifctl note put after.restart 1 >/dev/null
	within 15 grep -q '"key":"after.restart"' "$dir/events"
	result=$?
	kill "$follower"
	wait "$follower" 2>/dev/null
	[ "$result" = 0 ] && [ -z "$(sed 's/.*"event":\([0-9]*\).*/\1/' "$dir/events" | uniq -d)" ]
}

a_board_is_watched_on_a_pipe()
{
	local fence

	ifctl board create small >/dev/null && ifctl task add S --board small >/dev/null || return 1
	ifctl board watch small --until-done >"$dir/watch" &
	within 10 grep -q 'small: 0 of 1 done' "$dir/watch" || return 1
	sleep 0.2
	ifctl swarm register carol >/dev/null
	fence=$(claim S --swarm carol --board small)
	ifctl task complete S --board small --fence "$fence" >/dev/null
	wait $! || return 1
	grep -q 'carol has S until' "$dir/watch" && grep -q 'S is done, by carol' "$dir/watch" &&
		tail -n 1 "$dir/watch" | grep -q 'small: 1 of 1 done'
}

a_terminal_is_left_as_it_was()
{
	command -v script >/dev/null || { echo 'no script(1)'; return 0; }
	# What ^C does: the terminal's foreground group gets INT.
	script -qec 'timeout -s INT 1 ifctl board watch small' /dev/null >"$dir/screen" </dev/null
	grep -q $'\033\[?1049h' "$dir/screen" && grep -q $'\033\[?1049l' "$dir/screen" &&
		grep -q $'\033\[?25h' "$dir/screen" && grep -q '1 of 1 done' "$dir/screen"
}

# ---- the ledger ------------------------------------------------------------------------------

a_trace_tells_the_story()
{
	ifctl witness trace A --board demo >"$dir/trace"
	grep -q 'A came onto board demo' "$dir/trace" && grep -q 'alice has A until' "$dir/trace" &&
		grep -q 'alice works on A: 60 %: half' "$dir/trace" && grep -q 'A is done, by alice' "$dir/trace" &&
		ends 3 ifctl witness trace Z --board demo 2>/dev/null
}

the_ledger_is_searched_and_exported()
{
	ifctl witness query --swarm alice --kind task.claimed | grep -q 'alice has A' &&
		[ -z "$(ifctl witness query --swarm alice --kind task.expired 2>"$dir/answer")" ] &&
		grep -q 'There is no such event' "$dir/answer" &&
		ifctl witness export | head -n 1 | grep -q '^{"event":' &&
		ifctl witness export --format csv | head -n 1 | grep -q '^event,' &&
		[ "$(ifctl witness export | wc -l)" = "$(($(ifctl witness export --format csv | wc -l) - 1))" ]
}

the_ledger_verifies_with_and_without_a_daemon()
{
	local head

	head=$(ifctl witness head --json | member hash)
	ifctl witness verify >/dev/null && ifctl witness verify --head "$head" >/dev/null &&
		ends 1 ifctl witness verify --head "$(printf 'ab%.0s' {1..32})" >/dev/null || return 1
	ifctl coordinator stop >/dev/null
	ifctl witness verify --ledger "$XDG_DATA_HOME/infrafabric/ledger.db" --head "$head" >/dev/null
	local result=$?
	ifctl coordinator start >/dev/null
	return "$result"
}

# ---- around ----------------------------------------------------------------------------------

settings_come_from_the_nearest_place()
{
	mkdir -p "$dir/project/.infrafabric" "$dir/project/deep/er" "$XDG_CONFIG_HOME/infrafabric"
	echo 'board = demo' >"$dir/project/.infrafabric/config"
	printf '# mine\nboard = other\ntimeout = 5s\n' >"$XDG_CONFIG_HOME/infrafabric/config"
	(
		cd "$dir/project/deep/er" || exit 1
		ifctl config show --origin >"$dir/answer" &&
			grep -q "^board *demo *$dir/project/.infrafabric/config:1" "$dir/answer" &&
			grep -q "^timeout *5s *$XDG_CONFIG_HOME/infrafabric/config:3" "$dir/answer" &&
			grep -q '^socket .* IF_SOCKET' "$dir/answer" &&
			ifctl task show A >/dev/null &&
			IF_BOARD=small ifctl config show --origin | grep -q '^board *small *IF_BOARD' &&
			echo 'colour = blue' >"$dir/project/.infrafabric/config" &&
			ends 2 ifctl board list 2>/dev/null
	)
	local result=$?
	rm -r "$dir/project" "$XDG_CONFIG_HOME/infrafabric"
	return "$result"
}

it_is_called_as_it_was_called()
{
	command if board show nowhere 2>&1 | grep -q '^if: ' &&
		ifctl board show nowhere 2>&1 | grep -q '^ifctl: '
}

ids_are_named_for_completion()
{
	ifctl __ids task --board demo | grep -qx A && ifctl __ids swarm | grep -qx alice &&
		ifctl __ids board | grep -qx demo
}

pipes_get_no_colours_and_json_is_one_line()
{
	! ifctl board list | grep -q $'\033' && [ "$(ifctl board list --json | wc -l)" = 1 ] &&
		[ "$(ifctl task show nosuch --board demo --json 2>/dev/null | wc -l)" = 1 ]
}

overviews_name_everything()
{
	ifctl coordinator swarms | grep -q '^alice' && ifctl coordinator tasks | grep -q '^demo: My plan' &&
		ifctl coordinator tasks | grep -q '^S ' &&
		ifctl coordinator tasks --json | grep -q '^{"tasks":\[{.*"task":"S".*}\]}$' &&
		ifctl limits | grep -q LEASE_DEFAULT_MS &&
		ifctl errors | grep -q '^task_claimed *4'
}

the_daemon_is_stopped_and_gone()
{
	local pid

	pid=$(ifctl coordinator status --json | member pid)
	ifctl coordinator stop | grep -q "pid $pid" && [ ! -e "$IF_SOCKET" ] || return 1
	# Nobody may be there to bury what was started in the background.
	[ ! -e "/proc/$pid/status" ] || grep -q '^State:.Z' "/proc/$pid/status"
}

holds nobody_listens_at_first
holds a_daemon_is_started_in_the_background
holds a_second_daemon_is_refused
holds a_ledger_in_use_is_refused_on_another_socket
holds what_stands_where_the_socket_goes_is_left_alone
holds a_folder_that_everybody_may_write_to_takes_no_socket
holds a_daemon_listens_on_tcp_when_asked_to
holds a_daemon_that_hangs_is_not_waited_for_forever
holds a_plan_is_imported_and_imports_again
holds a_bad_plan_is_answered_with_its_lines
holds a_board_is_shown_in_every_form
holds a_worker_works_from_the_shell
holds the_environment_of_a_task_is_enough
holds next_waits_until_a_task_is_there
holds why_explains_an_assignment_and_a_refusal
holds messages_reach_their_readers
holds notes_are_compared_and_set
holds blockers_hold_a_task
holds the_same_key_takes_effect_once
holds events_are_followed_as_they_happen
holds a_stream_survives_the_daemon
holds a_board_is_watched_on_a_pipe
holds a_terminal_is_left_as_it_was
holds a_trace_tells_the_story
holds the_ledger_is_searched_and_exported
holds the_ledger_verifies_with_and_without_a_daemon
holds settings_come_from_the_nearest_place
holds it_is_called_as_it_was_called
holds ids_are_named_for_completion
holds pipes_get_no_colours_and_json_is_one_line
holds overviews_name_everything
holds the_daemon_is_stopped_and_gone

exit $failed
