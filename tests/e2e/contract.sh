#!/usr/bin/env bash
#
# Contracts on the command line: the examples are right, what a contract grants is told in plain
# words, what is wrong is told at once with lines, and the operator's ceiling cannot be gone around.
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/nobody.sock HOME=$dir XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config
unset IF_URL IF_BOARD IF_SWARM_ID
trap 'rm -rf "$dir"' EXIT
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
	[ "$code" = "$expected" ] ||
		{ echo "exit code $code, not $expected: $*"; cat "$dir/out" "$dir/err"; return 1; }
}

check()
{
	"$IFCTL" chassis check "$@"
}

# Usage: said out|err TEXT: a line of it.
said()
{
	grep -qxF -- "$2" "$dir/$1" || { echo "not said: $2"; cat "$dir/$1"; return 1; }
}

cat >"$dir/wrong.yaml" <<'YAML'
name: wrong
limits:
  memroy: 64MiB
  wall: 10
policy:
  version: "1.0"
  permissions:
    storage:
      allow:
        - {uri: "fs://data/**", access: [read, write]}
    network:
      allow:
        - {host: "*"}
http:
  - host: api.example.com
    paths: [/v1/../admin]
    paths: [/v1/**]
YAML
cat >"$dir/small.yaml" <<'YAML'
name: small
limits: {memory: 1MiB, wall: 1s}
YAML
printf 'limits: {memory: 1MiB}\n' >"$dir/low.yaml"
printf 'limits: {memroy: 1MiB}\n' >"$dir/badceiling.yaml"

a_contract_is_explained()
{
	ends 0 check examples/contracts/fetch.yaml &&
		said out 'examples/contracts/fetch.yaml: the contract is right' &&
		said out 'It may' && said out '  read the folder data/in and all below it' &&
		said out 'It may not' && said out '  read data/in/private or anything below it' &&
		said out '  see other variables' && said out '  reach private, loopback or link-local addresses' &&
		said out '  memory: 64MiB' && said out '  that 99 of 100 tasks end within 20s' &&
		[ ! -s "$dir/err" ]
}

all_that_is_wrong_is_told_at_once()
{
	ends 2 check "$dir/wrong.yaml" && [ ! -s "$dir/out" ] &&
		said err "$dir/wrong.yaml:3: limits.memroy: limits has no such key; did you mean memory?" &&
		said err "$dir/wrong.yaml:4: limits.wall: \"10\" is not a time with its unit, such as 30s, 10m or 7d" &&
		said err "$dir/wrong.yaml:10: policy.permissions.storage.allow[0].access: a guest cannot be let write files; take write out" &&
		said err "$dir/wrong.yaml:13: policy.permissions.network.allow[0].host: every host is more than can be granted; name hosts" &&
		said err "$dir/wrong.yaml:15: http[0].host: \"api.example.com\" is not allowed by policy.permissions.network" &&
		said err "$dir/wrong.yaml:16: http[0].paths[0]: \"/v1/../admin\" is not a path in its normal form, with * as a part or /** at the end" &&
		said err "$dir/wrong.yaml:17: http[0].paths: occurs twice, first on line 16" &&
		[ "$(wc -l <"$dir/err")" = 7 ]
}

programs_read_it_as_json()
{
	ends 0 check --json examples/contracts/fetch.yaml && [ ! -s "$dir/err" ] &&
		python3 - "$dir/out" <<-'PYTHON' &&
			import json, sys
			answer = json.load(open(sys.argv[1]))
			assert answer["ok"] and not answer["errors"] and not answer["remarks"]
			contract = answer["contract"]
			assert contract["limits"]["wall_ms"] == 30000 and contract["http"][1]["calls_per_s"] == 2
			json.dump(contract, open(sys.argv[1] + ".json", "w"))
		PYTHON
		ends 0 "$IFCTL" chassis diff "$dir/out.json" --from examples/contracts/fetch.yaml &&
		said out 'Nothing differs.' && ends 2 check --json "$dir/wrong.yaml" &&
		grep -q '"ok":false,"errors":\[{"line":3,' "$dir/out" && [ ! -s "$dir/err" ]
}

the_canonical_form_is_a_valid_document()
{
	[ -s "$dir/out.json" ] && mv "$dir/out.json" "$dir/canonical.json" &&
		ends 0 check - <examples/contracts/fetch.yaml && sed 1d "$dir/out" >"$dir/plain" &&
		ends 0 check "$dir/canonical.json" && sed 1d "$dir/out" | cmp - "$dir/plain"
}

what_differs_is_shown()
{
	sed 's/wall: 1s/wall: 2s/' "$dir/small.yaml" >"$dir/longer.yaml" &&
		ends 1 "$IFCTL" chassis diff "$dir/longer.yaml" --from "$dir/small.yaml" &&
		said out '- may use at most wall: 1s' && said out '+ may use at most wall: 2s' &&
		[ "$(wc -l <"$dir/out")" = 2 ] &&
		ends 0 "$IFCTL" chassis diff "$dir/small.yaml" --from "$dir/small.yaml" &&
		ends 2 "$IFCTL" chassis diff "$dir/wrong.yaml" --from "$dir/small.yaml" &&
		ends 2 "$IFCTL" chassis diff "$dir/small.yaml" --from "$dir/wrong.yaml" &&
		ends 2 "$IFCTL" chassis diff "$dir/small.yaml"
}

limits_above_the_ceiling_are_refused()
{
	ends 2 check examples/contracts/compute.yaml --ceiling "$dir/low.yaml" &&
		said err "examples/contracts/compute.yaml:5: limits.memory: 16MiB is above the operator's ceiling, 1MiB" &&
		ends 2 check examples/contracts/wassette.yaml --ceiling "$dir/low.yaml" &&
		grep -q 'which holds where nothing is said\|32MiB.*above the operator' "$dir/err" &&
		ends 0 check "$dir/small.yaml" --ceiling "$dir/low.yaml" && said out '  memory: 1MiB'
}

a_ceiling_that_is_not_right_lets_nothing_pass()
{
	ends 2 check "$dir/small.yaml" --ceiling "$dir/badceiling.yaml" && [ ! -s "$dir/out" ] &&
		said err "$dir/badceiling.yaml:1: limits.memroy: limits has no such key; did you mean memory?" &&
		ends 2 check "$dir/small.yaml" --ceiling "$dir/nosuch.yaml" && grep -q 'No such file' "$dir/err"
}

the_operators_own_ceiling_holds_always()
{
	mkdir -p "$XDG_CONFIG_HOME/infrafabric" "$dir/project/.infrafabric" &&
		cp "$dir/low.yaml" "$XDG_CONFIG_HOME/infrafabric/ceiling.yaml" &&
		printf 'limits: {memory: 1GiB}\n' >"$dir/high.yaml" &&
		cp "$dir/high.yaml" "$dir/project/.infrafabric/ceiling.yaml" &&
		cp examples/contracts/compute.yaml "$dir/project" || return 1
	# Neither what is named nor what a project brings lifts it.
	ends 2 check examples/contracts/compute.yaml &&
		ends 2 check examples/contracts/compute.yaml --ceiling "$dir/high.yaml" &&
		(cd "$dir/project" && ends 2 check compute.yaml) && ends 0 check "$dir/small.yaml" || return 1
	if [ "$(id -u)" != 0 ]; then
		chmod 000 "$XDG_CONFIG_HOME/infrafabric/ceiling.yaml"
		ends 2 check "$dir/small.yaml" && grep -q 'Permission denied' "$dir/err" || return 1
	fi
	rm -f "$XDG_CONFIG_HOME/infrafabric/ceiling.yaml"
	ends 0 check examples/contracts/compute.yaml
}

it_is_told_in_help()
{
	ends 0 "$IFCTL" help chassis check && grep -q -- '--ceiling' "$dir/out" &&
		ends 0 "$IFCTL" help chassis && grep -q 'chassis diff' "$dir/out" &&
		ends 2 check && ends 2 check "$dir/nosuch.yaml" && grep -q 'No such file' "$dir/err"
}

for example in examples/contracts/*.yaml; do
	holds "$(basename "$example" .yaml)_is_right_below_the_example_of_a_ceiling" \
		ends 0 check "$example" --ceiling examples/ceiling.yaml
done
holds a_contract_is_explained a_contract_is_explained
holds all_that_is_wrong_is_told_at_once all_that_is_wrong_is_told_at_once
holds programs_read_it_as_json programs_read_it_as_json
holds the_canonical_form_is_a_valid_document the_canonical_form_is_a_valid_document
holds what_differs_is_shown what_differs_is_shown
holds limits_above_the_ceiling_are_refused limits_above_the_ceiling_are_refused
holds a_ceiling_that_is_not_right_lets_nothing_pass a_ceiling_that_is_not_right_lets_nothing_pass
holds the_operators_own_ceiling_holds_always the_operators_own_ceiling_holds_always
holds it_is_told_in_help it_is_told_in_help
exit "$failed"
