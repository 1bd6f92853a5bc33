#!/usr/bin/env bash
#
# `ifctl executor`, as people and scripts use it.
#
# usage: tests/e2e/executor.sh
# shellcheck disable=SC2016 # what stands in single quotes is not for this shell
set -u

top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
export XDG_CONFIG_HOME=$top/config
failed=0

holds()
{
	local name=$1

	shift
	if "$@" >"$top/said" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		cat "$top/said"
		failed=1
	fi
}

# Usage: gives CODE TEXT ARGUMENTS...: the command ends with this code and says this.
gives()
{
	local code=$1 text=$2 got

	shift 2
	"$IFCTL" executor "$@" >"$top/out" 2>&1 </dev/null
	got=$?
	echo "code $got"
	cat "$top/out"
	[ "$got" = "$code" ] && { [ -z "$text" ] || grep -qF -- "$text" "$top/out"; }
}

mkdir -p "$XDG_CONFIG_HOME/infrafabric"
holds 'without rules nothing is run' gives 2 "there are no rules: write $XDG_CONFIG_HOME/infrafabric/executor.yaml" \
	run -- /bin/true
cat >"$XDG_CONFIG_HOME/infrafabric/executor.yaml" <<'END'
rules:
  - {name: say, program: /bin/echo, args: ["[a-z]+"], rest: "[0-9]+", rest_most: 2}
  - {name: sleep, program: /bin/sleep, args: ["[0-9]+"], timeout: 200ms}
  - {name: copy, program: /bin/cat}
  - {name: fail, program: /bin/false}
END
holds 'the rules of the config folder hold' gives 0 'hello 1 2' run -- /bin/echo hello 1 2
holds 'what no rule allows is refused with the reason' gives 6 'rule say does not allow argument 1' run -- /bin/echo 'hello; id'
holds 'an argument of two lines is one argument' gives 6 'does not allow argument 1' run -- /bin/echo $'hello\nid'
holds 'a path that leads to the same program is another program' gives 6 'no rule is for this program' run -- /usr/../bin/echo hello
holds 'the exit code is that of the command' gives 1 '' run -- /bin/false
holds 'a command that overstays is ended' gives 124 'it was ended after 200 ms' run -- /bin/sleep 1000
holds 'the rules can be looked at' gives 0 'say: /bin/echo [a-z]+ [[0-9]+]...' check
holds 'which rule allows a command is told' gives 0 'Rule say allows it.' check -- /bin/echo hello
holds 'the same as JSON' gives 0 '{"rule":"say"}' check --json -- /bin/echo hello
holds 'what a command prints comes as JSON' gives 0 '"rule":"say","exit_status":0,"signal":0,"out_of_time":false,"out_of_output":false' run --json -- /bin/echo hello
echo 'rules: [{name: a, program: true}]' >"$top/wrong.yaml"
holds 'rules that are wrong are told with their line' gives 2 "$top/wrong.yaml:1: " check --rules "$top/wrong.yaml"
echo 'rules: [{name: a, program: /bin/true, args: ["[a-"]}]' >"$top/pattern.yaml"
holds 'a pattern that is wrong is told' gives 2 'is wrong at byte 3' check --rules "$top/pattern.yaml"
holds 'standard input is handed on' eval '[ "$(echo hi | "$IFCTL" executor run -- /bin/cat)" = hi ]'
# What lies in a project may come from anybody.
mkdir -p "$top/project/.infrafabric"
echo 'rules: [{name: all, program: /bin/ls}]' >"$top/project/.infrafabric/executor.yaml"
cd "$top/project" || exit 1
holds 'rules of a project do not count' gives 6 'no rule is for this program' run -- /bin/ls
exit "$failed"
