#!/usr/bin/env bash
#
# Every command of the governor, of costs and of escalations, as people and scripts use them.
#
# usage: tests/e2e/governor.sh [TEST]
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock TZ=UTC NO_COLOR=1 LC_ALL=C
export HOME=$dir/home XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config
unset IF_BOARD IF_SWARM_ID IF_TASK_ID IF_FENCE IF_URL IF_ACTOR IF_DATA IF_LISTEN IF_TIMEOUT
failed=0
mkdir -p "$dir/bin" "$HOME" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME"
ln -s "$IFCTL" "$dir/bin/ifctl"
export PATH=$dir/bin:$PATH

clean_up()
{
	ifctl coordinator stop >/dev/null 2>&1
	rm -rf "$dir"
}
trap clean_up EXIT

# Usage: holds TEST: it succeeds.
holds()
{
	[ "${only:-$1}" = "$1" ] || return
	if "$1" >"$dir/said" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 40 "$dir/said" "$dir/out" "$dir/err"
		failed=1
	fi
}
only=${1-}

# Usage: ends CODE ARGUMENT...: ifctl ends with this exit code.
ends()
{
	local expected=$1 code

	shift
	ifctl "$@" >"$dir/out" 2>"$dir/err"
	code=$?
	[ "$code" = "$expected" ] || { echo "exit code $code, not $expected: $*"; return 1; }
}

# Usage: shows PATTERN: a line of what was answered; tells PATTERN: of what was said about it.
shows()
{
	grep -qE -- "$1" "$dir/out" || { echo "not shown: $1"; return 1; }
}
tells()
{
	grep -qE -- "$1" "$dir/err" || { echo "not told: $1"; return 1; }
}

# Usage: board NAME: a new one for a test, and the only one it names.
board()
{
	export IF_BOARD=$1
	ends 0 board create "$1"
}

# Usage: fence_of TASK
fence_of()
{
	ifctl task show "$1" --json | grep -oE '"fence":[0-9]+' | cut -d: -f2
}

capabilities_are_listed_and_described()
{
	ends 0 governor capability list telephony && shows '^telephony:sip  ' &&
		ends 0 governor capability list nowhere && tells 'governor capability define' &&
		ends 0 governor capability define nowhere:skill --description 'None at all' &&
		ends 0 governor capability list nowhere && shows '^nowhere:skill +None at all +yes$' &&
		ends 2 governor capability define nowhere:skill &&
		ends 2 governor capability define 'no skill' --description x
}

a_match_ranks_who_may_and_says_why_others_may_not()
{
	board match && ends 0 swarm register m-good --capability match:work --usual-cost 0.5 &&
		ends 0 swarm register m-dear --capability match:work --usual-cost 2 &&
		ends 0 swarm register m-other --capability match:rest &&
		ends 0 task add M-1 --needs match:work || return 1
	ends 0 governor match M-1 && shows '^SWARM +SCORE +OVERLAP +SUCCESS ' &&
		shows '^m-good .* 100 % .* [$]0[.]50  declared .* closed ' &&
		! shows '^m-other' && tells 'shown with --why' || return 1
	[ "$(grep -n '^m-good' "$dir/out" | cut -d: -f1)" -lt \
		"$(grep -n '^m-dear' "$dir/out" | cut -d: -f1)" ] &&
		ends 0 governor match M-1 --why && shows '^m-other +0 % .* it lacks match:work$' &&
		ends 0 governor coordinate M-1 && shows '^m-good is the best for M-1' &&
		ends 6 task claim M-1 --swarm m-other && tells 'covers 0 %' &&
		ends 0 governor violations && shows 'm-other may not have M-1, by rule min_capability' &&
		ends 0 governor violations --swarm m-other --since -1h --json &&
		shows '"kind":"policy.violated".*"swarm":"m-other"' &&
		ends 0 governor violations --until 2020-01-01T00:00:00Z && [ ! -s "$dir/out" ] &&
		ends 3 governor match M-9 && ends 3 governor coordinate M-9 && ends 2 governor match &&
		ends 0 swarm register m-free --capability match:work --rate 0 &&
		ends 0 swarm register m-third --capability match:work --usual-cost 0.3 --usual-success 0.37 &&
		ends 0 governor match M-1 && shows '^m-free +free +100 %' && shows '^m-third +1[.]23 +100 %'
}

nobody_may_is_an_answer()
{
	board nobody && ends 0 task add N-1 --needs nobody:can &&
		ends 0 governor match N-1 && tells 'No swarm may have it' &&
		ends 0 governor coordinate N-1 && tells 'Nobody may have N-1'
}

rounds_are_documented()
{
	ends 0 governor manifest && tells 'no round' && board rounds || return 1
	for swarm in r-one r-two; do
		ends 0 swarm register "$swarm" --capability round:answer || return 1
	done
	ends 0 task add R-1 --needs round:answer --redundancy 2 &&
		ends 0 task next --swarm r-one && ends 0 task next --swarm r-two &&
		ends 0 task complete R-1@1 --fence "$(fence_of R-1@1)" --confidence 0.6 &&
		ends 0 task complete R-1@2 --fence "$(fence_of R-1@2)" --confidence 0.9 &&
		ends 0 governor manifest --board rounds &&
		shows '^R-1 of board rounds, for 2 swarms, is done: r-two wins by confidence x weight' &&
		shows '^r-one .* 60 % ' && ends 3 governor manifest --board nothing &&
		ends 0 governor performance && shows '^SWARM .* EXPECTED SUCCESS .* WEIGHT ' &&
		ends 0 governor performance r-two && shows '^r-two +1 ' && ends 3 governor performance r-no &&
		ends 0 governor performance --late-bloomers
}

a_breaker_is_tripped_and_reset_by_somebody_who_says_why()
{
	board breaker && ends 0 governor circuit-breakers && tells 'No circuit breaker is open' &&
		ends 0 swarm register b-one --capability breaker:work &&
		ends 0 task add B-1 --needs breaker:work || return 1
	ends 2 governor trip-circuit-breaker b-one --by ann &&
		ends 2 governor trip-circuit-breaker b-one --reason x &&
		ends 0 governor trip-circuit-breaker b-one --by ann --reason 'wrong branch' &&
		ends 0 governor circuit-breakers && shows '^b-one +open +hand .* ann +wrong branch$' &&
		tells 'reset-circuit-breaker SWARM --by NAME' &&
		ends 6 task claim B-1 --swarm b-one && tells 'wrong branch' || return 1
	ends 2 governor reset-circuit-breaker b-one --by ann &&
		ends 0 governor reset-circuit-breaker b-one --by ann --reason mended &&
		ends 0 task claim B-1 --swarm b-one && ends 0 governor circuit-breakers --all &&
		shows '^b-one +closed' && ends 3 governor trip-circuit-breaker b-no --by a --reason x &&
		ends 4 governor reset-circuit-breaker b-one --by ann --reason again
}

a_policy_denies_and_asks_a_person()
{
	board release-1 && ends 0 swarm register p-one --capability policy:work &&
		ends 0 task add P-1 --needs policy:work || return 1
	printf '%s\n' 'rules:' '  - name: releases' '    boards: [release-*]' \
		'    effect: require_approval' >"$dir/policy.yaml"
	ends 0 governor policy apply "$dir/policy.yaml" && shows 'in force, with 1 rules' &&
		ends 0 governor policy show && shows '^ *effect: require_approval$' &&
		ends 6 task claim P-1 --swarm p-one && tells 'rule releases' &&
		ends 0 governor violations --board release-1 && shows 'by rule releases' || return 1
	ends 2 governor approve P-1 && ends 3 governor approve P-9 --by ann &&
		ends 0 governor approve P-1 --by ann --reason checked &&
		ends 0 task claim P-1 --swarm p-one &&
		cp "$dir/out" "$dir/claimed" && ends 0 governor policy show &&
		cp "$dir/out" "$dir/shown.yaml" && ends 0 governor policy diff "$dir/shown.yaml" &&
		shows 'Nothing differs' && printf 'rules: []\n' >"$dir/none.yaml" &&
		ends 0 governor policy apply "$dir/none.yaml"
}

money_is_limited_reported_and_shown()
{
	board money && ends 0 swarm register c-one --capability cost:work &&
		ends 0 cost budget --scope task && tells 'cost set-budget' &&
		ends 0 cost report --board money && tells 'Nothing was spent' &&
		ends 0 cost history --board money && tells 'Nothing was spent' &&
		ends 0 task add C-1 --needs cost:work --est-cost 0.4 &&
		ends 0 task add C-2 --needs cost:work --est-cost 0.7 || return 1
	ends 0 cost set-budget --scope board --board money --limit 1 --soft 0.5 &&
		shows 'board money is [$]1[.]00' && ends 2 cost set-budget --scope board --limit 1 &&
		ends 2 cost set-budget --scope board --board money --limit nan &&
		ends 2 cost set-budget --scope board --board money --limit -1 &&
		ends 3 cost set-budget --scope swarm --swarm c-no --limit 1 &&
		ends 0 task claim C-1 --swarm c-one || return 1
	ends 0 cost charge --task C-1 --fence "$(fence_of C-1)" --cost 0.35 --operation plan &&
		ends 0 cost charge --task C-1 --model no-such-model --input-tokens 10 &&
		shows '^What c-one spent is noted[.]$' && tells 'have no price' &&
		ends 2 cost charge --swarm c-one && ends 3 cost charge --swarm c-no --cost 1 &&
		ends 0 task show C-1 && shows '^expected: [$]0[.]40$' && shows '^spent: [$]0[.]35$' &&
		ends 0 cost budget && shows '^board +board money +[$]1[.]00 +[$]0[.]35 +[$]0[.]05 ' &&
		ends 0 task fail C-1 --fence "$(fence_of C-1)" --reason x || return 1
	ends 0 cost set-budget --scope board --board money --limit 0.4 &&
		ends 7 task claim C-2 --swarm c-one && tells 'budget' &&
		ends 0 cost report --by task --board money && shows '^TASK +COST +WASTED ' &&
		shows '^C-1 +[$]0[.]35 +[$]0[.]35 +10 ' && shows '^in all ' && tells 'incomplete' &&
		ends 0 cost report --by operation --board money --format csv &&
		shows '^name,cost_usd,wasted_usd,' && shows '^"plan",0.35,0.35,' &&
		ends 0 cost report --format json && shows '^[{]"by":"swarm",' &&
		ends 0 cost budget --format csv && shows '^"board","board money",0.40,0.35,' &&
		ends 0 cost history --board money && shows '^DAY +COST +WASTED ' &&
		ends 0 cost history --board money --format plot && shows '^20[0-9-]+ +[$]0[.]35  #?x+$' &&
		LC_ALL=C.UTF-8 ends 0 cost history --board money --format plot && shows '▒' &&
		ends 0 cost history --format csv && shows '^day,cost_usd,' &&
		ends 2 cost report --format plot && ends 2 cost report --by nothing &&
		ends 3 cost report --board nothing
}

prices_are_shown_and_set()
{
	ends 0 cost prices && shows '^MODEL +INPUT +OUTPUT ' && tells 'dollars per million tokens' &&
		ends 0 cost set-price test-model --input 3 --output 15 --source here --date 2026-01-31 &&
		ends 0 cost prices && shows '^test-model +[$]3[.]00 +[$]15[.]00 .*2026-01-31 +here +yes$' &&
		ends 2 cost set-price test-model --input -3 && ends 2 cost set-price &&
		ends 0 cost import-prices examples/prices.yaml && shows '^2 models have a price' &&
		ends 0 cost prices && shows '^house-coder-32b +[$]0[.]08 ' &&
		printf 'prices:\n- {model: m, inptu: 1}\n- {model: m, input: .nan}\n' >"$dir/prices.yaml" &&
		ends 2 cost import-prices "$dir/prices.yaml" &&
		tells '^.*prices.yaml:2: prices\[0\].inptu: .*did you mean input' &&
		tells '^.*prices.yaml:3: prices\[1\].input: .nan is not a finite' && ends 0 cost prices &&
		! shows '^m +'
}

spent_money_asks_a_person()
{
	board spent && ends 0 swarm register s-one --capability spent:work &&
		ends 0 task add S-1 --needs spent:work --est-cost 0.1 &&
		ends 0 cost set-budget --scope board --board spent --limit 0.2 &&
		ends 0 task claim S-1 --swarm s-one &&
		ends 0 cost charge --task S-1 --fence "$(fence_of S-1)" --cost 0.3 || return 1
	ends 0 task show S-1 && shows '^stop: ' && ends 0 cost budget &&
		shows '^board +board spent .* spent$' && ends 0 coordinator status &&
		shows 'escalation.* for a person' && ends 0 escalation list &&
		shows '^e[0-9]+ +open +budget .* spent' && tells 'escalation ack' || return 1
	local id
	id=$(grep -E '^e[0-9]+ +open +budget .* spent' "$dir/out" | head -n 1 | cut -d' ' -f1)
	ends 0 escalation show "$id" && shows '^state: open$' && ends 3 escalation show e999999 &&
		ends 2 escalation ack "$id" && ends 0 escalation ack "$id" --by ann &&
		shows "^ann has taken $id" && ends 0 escalation resolve "$id" --by ann --note raised &&
		shows "^$id is settled, by ann" && ends 4 escalation ack "$id" --by bob &&
		ends 0 escalation list --all && shows "^$id +resolved" &&
		ends 0 cost set-budget --scope board --board spent --limit 2
}

ends 0 coordinator start --memory || exit 1
holds capabilities_are_listed_and_described
holds a_match_ranks_who_may_and_says_why_others_may_not
holds nobody_may_is_an_answer
holds rounds_are_documented
holds a_breaker_is_tripped_and_reset_by_somebody_who_says_why
holds a_policy_denies_and_asks_a_person
holds money_is_limited_reported_and_shown
holds prices_are_shown_and_set
holds spent_money_asks_a_person
exit "$failed"
