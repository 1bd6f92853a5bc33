#!/usr/bin/env bash
#
# Escalations that go out, through a webhook and a command, to receivers that take them, fail, hang
# or die; and a daemon that dies before it has sent them. Each test has a daemon of its own; they
# run side by side, since most of their time is the pause before another try.
#
# usage: tests/e2e/notify.sh [TEST]
# shellcheck disable=SC2016 # what stands in single quotes is for the command's shell
set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$(mktemp -d)
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
whsec=whsec_$(printf 'twenty-four bytes of key' | base64)

# Usage: end_jobs: kills what this shell has started.
end_jobs()
{
	# shellcheck disable=SC2046 # one word per process
	kill -9 $(jobs -p) 2>/dev/null
	wait 2>/dev/null
}
trap 'end_jobs; rm -rf "$top"' EXIT

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

# A receiver in $dir; its address is $url.
start_receiver()
{
	python3 "$here/receiver.py" "$dir" "$@" &
	within 20 [ -s "$dir/port" ] && url=http://127.0.0.1:$(cat "$dir/port")
}

# Usage: start_daemon ARGUMENTS...: one on $dir/ledger.db.
start_daemon()
{
	"$IF_COORDINATOR" --ledger "$dir/ledger.db" --socket "$IF_SOCKET" "$@" 2>>"$dir/log" &
	daemon=$!
	within 20 "$IFCTL" coordinator status
}

stop_daemon()
{
	kill "$daemon" && wait "$daemon"
}

# A task that fails for good asks a person.
raise()
{
	local fence

	"$IFCTL" board create "$1" >/dev/null && "$IFCTL" task add T-1 --board "$1" --max-attempts 1 >/dev/null &&
		"$IFCTL" swarm register "w-$1" >/dev/null &&
		fence=$("$IFCTL" task claim T-1 --board "$1" --swarm "w-$1" --json | member fence) &&
		"$IFCTL" task fail T-1 --board "$1" --fence "$fence" --reason 'cannot be done' >/dev/null
}

# Usage: member NAME <JSON
member()
{
	sed -n "s/.*\"$1\":\"\{0,1\}\([^,}\"]*\).*/\1/p"
}

escalation()
{
	"$IFCTL" escalation list --all --json | member escalation
}

# Usage: shows TEXT...: the escalation's JSON holds each of these.
shows()
{
	local answer text

	answer=$("$IFCTL" escalation list --all --json)
	for text; do
		grep -qF -- "$text" <<<"$answer" || { echo "no $text in $answer"; return 1; }
	done
}

is_delivered()
{
	shows "\"channel\":\"$1\",\"delivered\":true"
}

# Usage: got COUNT: so many requests have come.
got()
{
	[ "$(wc -l <"$dir/got")" -ge "$1" ]
}

# Usage: request NUMBER EXPRESSION: python agrees, of the request of that number, as r.
request()
{
	python3 - "$dir/got" "$@" <<-'END'
		import json, sys
		rows = [json.loads(line) for line in open(sys.argv[1])]
		r = rows[int(sys.argv[2]) - 1]
		if not eval(sys.argv[3]):
		    sys.exit(f"not {sys.argv[3]}: {rows}")
	END
}

# ---- webhook ------------------------------------------------------------------------------------

a_webhook_is_signed_by_each_secret()
{
	start_receiver 'a raw secret' "$whsec" 'a stranger' || return 1
	printf '# two, while they are exchanged\na raw secret\n%s\n' "$whsec" >"$dir/secrets"
	start_daemon --webhook "$url/ok" --webhook-secret-file "$dir/secrets" && raise demo &&
		within 20 is_delivered webhook &&
		request 1 'r["signed"] == [True, True, False]' &&
		request 1 'r["type"] == "application/json" and abs(r["timestamp"] - r["at"]) < 60' &&
		request 1 'r["body"]["type"] == "escalation.raised"' &&
		request 1 'r["body"]["data"]["task"] == "T-1" and r["body"]["data"]["cause"] == "task"' &&
		request 1 'r["body"]["timestamp"] == r["body"]["data"]["raised_at"]' &&
		request 1 "r['body']['data']['escalation'] == '$(escalation)'" &&
		request 1 'len(rows) == 1' && ! grep -q 'a raw secret\|whsec_' "$dir/log"
}

secrets_are_exchanged_without_a_new_start()
{
	start_receiver old new || return 1
	echo old >"$dir/secrets"
	start_daemon --webhook "$url/ok" --webhook-secret-file "$dir/secrets" && raise one &&
		within 20 got 1 && echo new >"$dir/secrets" && raise two && within 20 got 2 &&
		request 1 'r["signed"] == [True, False]' && request 2 'r["signed"] == [False, True]'
}

a_webhook_that_fails_is_tried_again_with_pauses()
{
	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	start_daemon --webhook "$url/twice" --webhook-secret-file "$dir/secrets" && raise demo &&
		within 20 shows '"failed_attempts":1' '"error":"the receiver answered with status 500"' \
			'"next_attempt_at":' &&
		"$IFCTL" coordinator status --json | grep -q '"open":1,"undelivered":1,"oldest_ms":' &&
		within 60 is_delivered webhook &&
		request 1 '[x["try"] for x in rows] == [1, 2, 3] and all(x["signed"] == [True] for x in rows)' &&
		request 1 'len({x["id"] for x in rows}) == 1' &&
		request 2 'r["at"] - rows[0]["at"] > 2 and rows[2]["at"] - r["at"] > r["at"] - rows[0]["at"]' &&
		shows '"failed_attempts":2' &&
		"$IFCTL" coordinator status --json | grep -q '"open":1,"undelivered":0,'
}

other_answers_and_none_are_failures()
{
	local path said

	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	while read -r path said; do
		rm -f "$dir"/ledger.db*
		start_daemon --webhook "$url/$path" --webhook-secret-file "$dir/secrets" \
			--notify-limit-ms 700 && raise "$path" &&
			within 20 shows '"delivered":false' "$said" && stop_daemon || return 1
	done <<-END
		gone status 410
		redirect status 302
		hang no answer within 0.7 s
		close "error":
	END
	request 1 '[x["path"] for x in rows] == ["/gone", "/redirect", "/hang", "/close"]'
}

an_answer_without_end_is_an_answer()
{
	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	start_daemon --webhook "$url/endless" --webhook-secret-file "$dir/secrets" && raise demo &&
		within 10 is_delivered webhook
}

nobody_who_listens_is_a_failure()
{
	echo secret >"$dir/secrets"
	start_daemon --webhook http://127.0.0.1:9/ --webhook-secret-file "$dir/secrets" &&
		raise demo && within 20 shows '"failed_attempts":1' '"error":"'
}

receivers_that_hang_hold_nobody_up()
{
	local begun i

	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	start_daemon --webhook "$url/hang" --webhook-secret-file "$dir/secrets" \
		--notify-command '["sh", "-c", "cat >>\"$HOME/told\"; echo >>\"$HOME/told\""]' || return 1
	for i in 1 2 3 4 5 6; do
		raise "board-$i" || return 1
	done
	within 20 got 4 || return 1
	begun=$(date +%s%N)
	"$IFCTL" note put key 1 >/dev/null || return 1
	[ $((($(date +%s%N) - begun) / 1000000)) -lt 2000 ] || return 1
	# The other channel goes on, and no more than a few are under way.
	within 20 eval '[ "$(wc -l <"$HOME/told")" = 6 ]' && [ "$(wc -l <"$dir/got")" = 4 ]
}

a_daemon_that_was_killed_before_it_sent_sends_after()
{
	local first

	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	start_daemon --webhook "$url/hang" --webhook-secret-file "$dir/secrets" && raise demo &&
		within 20 got 1 && first=$(escalation) || return 1
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	start_daemon --webhook "$url/ok" --webhook-secret-file "$dir/secrets" &&
		within 20 is_delivered webhook && [ "$(escalation)" = "$first" ] &&
		request 2 'r["path"] == "/ok" and r["id"] == rows[0]["id"] and r["try"] == 2' &&
		stop_daemon || return 1
	# What was delivered is not sent by a third one.
	start_daemon --webhook "$url/ok" --webhook-secret-file "$dir/secrets" && sleep 1 &&
		request 1 'len(rows) == 2'
}

what_was_raised_without_a_channel_is_sent_when_there_is_one()
{
	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	start_daemon && raise settled && "$IFCTL" escalation resolve "$(escalation)" --by ann >/dev/null &&
		raise open && stop_daemon || return 1
	start_daemon --webhook "$url/ok" --webhook-secret-file "$dir/secrets" &&
		within 20 is_delivered webhook && sleep 0.5 &&
		request 1 'len(rows) == 1 and r["body"]["data"]["board"] == "open"'
}

what_is_settled_is_not_sent_any_more()
{
	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	start_daemon --webhook "$url/gone" --webhook-secret-file "$dir/secrets" && raise demo &&
		within 20 shows '"failed_attempts":1' &&
		"$IFCTL" escalation resolve "$(escalation)" --by ann >/dev/null && sleep 9 &&
		request 1 'len(rows) == 1'
}

a_certificate_that_nobody_vouches_for_is_refused()
{
	start_receiver --tls "$dir" secret || return 1
	echo secret >"$dir/secrets"
	start_daemon --webhook "https://127.0.0.1:$(cat "$dir/port")/ok" \
		--webhook-secret-file "$dir/secrets" && raise demo &&
		within 20 shows '"failed_attempts":1' 'certificate' && [ ! -e "$dir/got" ]
}

# ---- command ------------------------------------------------------------------------------------

a_command_reads_the_escalation()
{
	SECRET_OF_OURS=x start_daemon \
		--notify-command '["sh", "-c", "cat >\"$HOME/in\"; env >\"$HOME/env\"", "a b"]' &&
		raise demo && within 20 is_delivered command &&
		grep -q '"type":"escalation.raised".*"task":"T-1"' "$dir/in" &&
		grep -qx "IF_ESCALATION_ID=$(escalation)" "$dir/env" &&
		grep -qx "IF_SOCKET=$IF_SOCKET" "$dir/env" && ! grep -q SECRET_OF_OURS "$dir/env"
}

a_command_that_fails_says_why_and_is_run_again()
{
	printf '#!/bin/sh\n[ -e "%s/tried" ] && exit 0\ntouch "%s/tried"\necho "no line to the pager" >&2\nexit 3\n' \
		"$dir" "$dir" >"$dir/call me"
	chmod +x "$dir/call me"
	start_daemon --notify-command "$dir/call me" && raise demo &&
		within 20 shows '"error":"the command ended with exit code 3: no line to the pager"' &&
		within 30 is_delivered command && shows '"failed_attempts":1'
}

a_command_that_hangs_is_ended_with_all_it_started()
{
	start_daemon --notify-limit-ms 500 --notify-command \
		'["sh", "-c", "sleep 1000 & echo $! >\"$HOME/child\"; trap : TERM; while :; do sleep 1; done"]' &&
		raise demo && within 20 shows '"error":"the command had not ended within 0.5 s' &&
		within 10 eval '! kill -0 "$(cat "$dir/child")"'
}

a_command_dies_with_its_daemon()
{
	start_daemon --notify-command '["sh", "-c", "echo $$ >\"$HOME/pid\"; exec sleep 1000"]' &&
		raise demo && within 20 [ -s "$dir/pid" ] || return 1
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	within 10 eval '! kill -0 "$(cat "$dir/pid")"'
}

# ---- settings -----------------------------------------------------------------------------------

# Usage: refuses TEXT ARGUMENTS...: the daemon does not start, and says this.
refuses()
{
	local text=$1 status

	shift
	timeout 20 "$IF_COORDINATOR" --ledger "$dir/ledger.db" --socket "$IF_SOCKET" "$@" >"$dir/refusal" 2>&1
	status=$?
	echo "$status"
	cat "$dir/refusal"
	[ "$status" = 2 ] && grep -qF -- "$text" "$dir/refusal" && [ ! -e "$dir/ledger.db" ]
}

what_could_never_be_sent_is_said_at_the_start()
{
	echo secret >"$dir/secrets"
	echo '# none' >"$dir/empty"
	refuses 'http://... or https://...' --webhook ftp://x/ --webhook-secret-file "$dir/secrets" &&
		refuses 'needs a file with the secret' --webhook http://127.0.0.1/ &&
		refuses 'no secret in it' --webhook http://127.0.0.1/ --webhook-secret-file "$dir/empty" &&
		refuses 'cannot read' --webhook http://127.0.0.1/ --webhook-secret-file "$dir/missing" &&
		refuses 'No such file' --notify-command /nonexistent/pager &&
		refuses 'a JSON list' --notify-command '[]'
}

settings_reach_the_daemon()
{
	start_receiver secret || return 1
	echo secret >"$dir/secrets"
	IF_WEBHOOK=$url/ok IF_WEBHOOK_SECRET_FILE=$dir/secrets "$IFCTL" coordinator start --data "$dir" \
		--notify-command '["cat"]' >/dev/null && raise demo &&
		within 20 is_delivered webhook && is_delivered command &&
		"$IFCTL" coordinator status --json | grep -qF '"channels":["webhook","command"]' &&
		"$IFCTL" coordinator status | grep -q '^1 escalation waits for a person: ifctl escalation list$' &&
		"$IFCTL" escalation list | grep -q 'T-1' &&
		"$IFCTL" escalation ack "$(escalation)" --by ann | grep -q 'ann has taken' &&
		"$IFCTL" escalation resolve "$(escalation)" --by ann --note 'done by hand' | grep -q 'is settled' &&
		! "$IFCTL" coordinator status | grep -q 'waits for a person'
	local code=$?

	"$IFCTL" coordinator stop >/dev/null
	return "$code"
}

tests=$(sed -n 's/^\([a-z_]*\)()$/\1/p' "$0" | grep -vxE 'end_jobs|within|start_receiver|start_daemon|stop_daemon|raise|member|escalation|shows|is_delivered|got|request|refuses|run_test')

# Usage: run_test NAME: in a shell of its own, with a folder of its own.
run_test()
{
	dir=$top/$1
	mkdir "$dir"
	# The folder's own name may be longer than a socket's path can be.
	export IF_SOCKET=$top/$2.sock HOME=$dir
	trap end_jobs EXIT
	if "$1" >"$dir/said" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 20 "$dir/said"
		tail -n 5 "$dir/log" 2>/dev/null
		exit 1
	fi
}

number=0
pids=()
failed=0
for name in ${1:-$tests}; do
	number=$((number + 1))
	run_test "$name" "$number" &
	pids+=($!)
	# A few at a time.
	[ "${#pids[@]}" -lt 6 ] || { wait "${pids[0]}" || failed=1; pids=("${pids[@]:1}"); }
done
for pid in "${pids[@]}"; do
	wait "$pid" || failed=1
done
exit "$failed"
