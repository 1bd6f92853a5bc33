#!/usr/bin/env bash
#
# Policies on the command line: the example policies are right and answer as their cases say, what
# is wrong with a policy is told at once, with lines, and a daemon takes what is right.
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/nobody.sock HOME=$dir XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config
unset IF_URL IF_BOARD IF_SWARM_ID
clean_up()
{
	"$IFCTL" coordinator stop --socket "$dir/if.sock" >/dev/null 2>&1
	rm -rf "$dir"
}
trap clean_up EXIT
failed=0

# Usage: holds TEST COMMAND...: it succeeds.
holds()
{
	local name=$1

	shift
	if "$@" >"$dir/log" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		cat "$dir/log"
		failed=1
	fi
}

# Usage: ends CODE COMMAND...: with this exit code. What it says is in $dir/out and $dir/err.
ends()
{
	local expected=$1 code

	shift
	"$@" >"$dir/out" 2>"$dir/err"
	code=$?
	[ "$code" = "$expected" ] || { echo "exit code $code, not $expected: $*"; return 1; }
}

policy()
{
	"$IFCTL" governor policy "$@"
}

# Usage: said out|err TEXT: a line of it.
said()
{
	grep -qxF -- "$2" "$dir/$1" || { echo "not said: $2"; cat "$dir/$1"; return 1; }
}

cat >"$dir/wrong.yaml" <<'YAML'
resource_policy:
  max_cost_per_tsak: 10
  min_capability_match: .nan
  min_capability_match: 0.7
rules:
  - name: one
    effect: forbid
  - boards: [a b]
YAML
cat >"$dir/policy.yaml" <<'YAML'
rules:
  - name: nights
    boards: [night-*]
    effect: deny
YAML
cat >"$dir/cases.yaml" <<'YAML'
cases:
  - name: at night
    board: night-1
    expect: deny
    rule: nights
  - name: by day
    board: day-1
    expect: deny
YAML

a_wrong_policy_is_told_all_at_once()
{
	ends 2 policy check "$dir/wrong.yaml" &&
		said err "$dir/wrong.yaml:2: resource_policy.max_cost_per_tsak: resource_policy has no such key; did you mean max_cost_per_task?" &&
		said err "$dir/wrong.yaml:3: resource_policy.min_capability_match: .nan is not a finite number" &&
		said err "$dir/wrong.yaml:4: resource_policy.min_capability_match: occurs twice, first on line 3" &&
		said err "$dir/wrong.yaml:7: rules[0].effect: \"forbid\" is not allow, deny or require_approval" &&
		said err "$dir/wrong.yaml:8: rules[1].name: is missing" &&
		said err "$dir/wrong.yaml:8: rules[1].boards[0]: \"a b\" is neither an id nor the start of one and *" &&
		[ "$(wc -l <"$dir/err")" = 6 ] && [ ! -s "$dir/out" ]
}

programs_read_it_as_json()
{
	ends 2 policy check --json "$dir/wrong.yaml" &&
		grep -q '^{"file":".*","ok":false,"errors":\[{"line":2,' "$dir/out" && [ ! -s "$dir/err" ] &&
		ends 0 policy check --json "$dir/policy.yaml" &&
		grep -q '"ok":true,"name":"","rules":1,"cases":0,"errors":\[\]' "$dir/out" &&
		ends 1 policy test --json "$dir/cases.yaml" --policy "$dir/policy.yaml" &&
		grep -q '"passed":1,"failed":1}$' "$dir/out"
}

cases_and_policy_may_be_apart()
{
	ends 1 policy test "$dir/cases.yaml" --policy "$dir/policy.yaml" &&
		said out 'ok - at night' &&
		said out "$dir/cases.yaml:6: not ok - by day: expected deny; it is allow" &&
		said out '1 of 2 cases as expected'
}

what_cannot_be_tested_is_refused()
{
	ends 2 policy test "$dir/cases.yaml" && grep -q 'name one with --policy' "$dir/err" &&
		ends 2 policy test "$dir/policy.yaml" && grep -q 'holds no cases' "$dir/err" &&
		ends 2 policy test "$dir/wrong.yaml" && [ "$(wc -l <"$dir/err")" = 6 ] &&
		ends 2 policy check "$dir/nosuch.yaml" && grep -q 'No such file' "$dir/err" &&
		ends 2 policy check
}

a_policy_is_read_from_standard_input_and_from_json()
{
	ends 0 policy check - <"$dir/policy.yaml" &&
		said out 'standard input: the policy is right, 1 rule, 0 cases' &&
		echo '{"resource_policy": {"max_cost_per_task": 1.5}}' >"$dir/policy.json" &&
		ends 0 policy check "$dir/policy.json" &&
		echo '{"resource_policy": {"max_cost_per_task": NaN}}' >"$dir/policy.json" &&
		ends 2 policy check "$dir/policy.json" && grep -q 'policy.json:1: not JSON' "$dir/err"
}

what_a_policy_changes_is_shown()
{
	ends 1 policy diff examples/policies/frugal.yaml --from examples/policies/plan.yaml &&
		said out 'name: plan -> frugal' && said out 'max_cost_per_task: 10.00 -> 2.50' &&
		grep -q '^+ rule dear trades (2 of 2): effect require_approval' "$dir/out" &&
		ends 0 policy diff "$dir/policy.yaml" --from "$dir/policy.yaml" && said out 'Nothing differs.' &&
		ends 2 policy diff "$dir/wrong.yaml" --from "$dir/policy.yaml" &&
		ends 2 policy diff "$dir/policy.yaml" --from "$dir/wrong.yaml" &&
		ends 9 policy diff "$dir/policy.yaml"
}

a_daemon_takes_every_example_and_nothing_that_is_wrong()
{
	local example

	export IF_SOCKET=$dir/if.sock
	ends 0 "$IFCTL" coordinator start --memory || return 1
	for example in examples/policies/*.yaml; do
		ends 0 policy apply "$example" && ends 0 policy diff "$example" &&
			said out 'Nothing differs.' || return 1
	done
	ends 2 policy apply "$dir/wrong.yaml" && [ "$(wc -l <"$dir/err")" = 7 ] &&
		said err "$dir/wrong.yaml:7: rules[0].effect: \"forbid\" is not allow, deny or require_approval" &&
		ends 0 policy diff "$example" && said out 'Nothing differs.' &&
		ends 0 policy apply - <"$dir/policy.yaml" && ends 0 policy diff "$dir/policy.yaml" &&
		said out 'Nothing differs.'
}

a_daemon_takes_the_swarms_of_a_manifest()
{
	ends 0 "$IFCTL" swarm import examples/swarms.yaml &&
		ends 0 "$IFCTL" swarm import examples/swarms.yaml && grep -q session-4-sip "$dir/out" &&
		ends 0 "$IFCTL" swarm show session-4-sip && said out 'usual success: 0.9' &&
		printf 'swarm_id: z\ncapabilities: [docs:giude]\n' >"$dir/unknown.yaml" &&
		ends 2 "$IFCTL" swarm import "$dir/unknown.yaml" && grep -q 'docs:giude' "$dir/err" &&
		ends 3 "$IFCTL" swarm show z
}

for example in examples/policies/*.yaml; do
	holds "$(basename "$example" .yaml)_is_right" ends 0 policy check "$example"
	holds "$(basename "$example" .yaml)_answers_as_expected" ends 0 policy test "$example"
done
holds a_wrong_policy_is_told_all_at_once a_wrong_policy_is_told_all_at_once
holds programs_read_it_as_json programs_read_it_as_json
holds cases_and_policy_may_be_apart cases_and_policy_may_be_apart
holds what_cannot_be_tested_is_refused what_cannot_be_tested_is_refused
holds a_policy_is_read_from_standard_input_and_from_json a_policy_is_read_from_standard_input_and_from_json
holds what_a_policy_changes_is_shown what_a_policy_changes_is_shown
holds a_daemon_takes_every_example_and_nothing_that_is_wrong a_daemon_takes_every_example_and_nothing_that_is_wrong
holds a_daemon_takes_the_swarms_of_a_manifest a_daemon_takes_the_swarms_of_a_manifest
exit "$failed"
