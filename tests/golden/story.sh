#!/usr/bin/env bash
#
# story - makes a ledger that holds every kind of event, through a running daemon.
#
# usage: IFCTL=... IF_SOCKET=... tests/golden/story.sh
#
# The daemon has a --notify-command that fails the first time: then escalations are delivered and not.
#
# The events of later features are added at its end, and a new golden ledger is made beside the old
# ones, which stay: every version must fold what an earlier one wrote.
set -eu

if_()
{
	"$IFCTL" --json "$@" >/dev/null
}

# Usage: fence_on BOARD TASK; fence_of TASK
fence_on()
{
	"$IFCTL" task show "$2" --board "$1" --json | sed 's/.*"fence":\([0-9]*\).*/\1/'
}

fence_of()
{
	fence_on story "$1"
}

if_ board create story --title 'A story'
if_ board create other
if_ board archive other --reason 'tried'
if_ board unarchive other
if_ board archive other

if_ swarm register ann --capability code:c,docs:* --slots 9 --model m1
if_ swarm register bob --capability code:c --presence 1s
if_ swarm heartbeat ann
if_ swarm offer ann --spare 2 --help-wanted 'a second look at T1'

# Claimed, kept alive, worked on, done; its dependent becomes ready.
if_ task add T1 --board story --title 'First — with “quotes” | and a bar' --needs code:c --paths src/a
if_ task add T2 --board story --deps T1 --priority 5 --payload '{"n":[1,2,{"x":null}]}'
if_ task claim T1 --board story --swarm ann --key story-1
if_ task heartbeat T1 --board story --fence "$(fence_of T1)" --lease 3m
if_ task progress T1 --board story --fence "$(fence_of T1)" --percent 40 --note 'half way'
if_ task update T1 --board story --description 'Changed while it is claimed'

# Held by a blocker, and by another one that is withdrawn.
first=$("$IFCTL" blocker raise T1 --board story --fence "$(fence_of T1)" --type access \
	--description 'no key' --severity high --needs infra:vault --json |
	sed 's/.*"blocker":"\([^"]*\)".*/\1/')
second=$("$IFCTL" blocker raise T1 --board story --fence "$(fence_of T1)" --type bug \
	--description 'not one' --json | sed 's/.*"blocker":"\([^"]*\)".*/\1/')
if_ blocker withdraw "$second"
if_ blocker resolve "$first" --note 'it is in the vault'
if_ task complete T1 --board story --fence "$(fence_of T1)" --result '{"ok":true}' --evidence '["log"]'

# Given back, failed, failed for good, tried again, cancelled.
if_ task claim T2 --board story --swarm ann
if_ task release T2 --board story --fence "$(fence_of T2)" --reason 'not now'
if_ task claim T2 --board story --swarm ann
if_ task fail T2 --board story --fence "$(fence_of T2)" --reason 'no luck'
if_ task add T3 --board story --max-attempts 1
if_ task claim T3 --board story --swarm ann
if_ task fail T3 --board story --fence "$(fence_of T3)" --final
if_ task retry T3 --board story --reason 'once more'
if_ task cancel T3 --board story --reason 'no longer wanted'

# A lease that runs out, a swarm that falls silent, a task that nobody starts.
if_ task add T4 --board story
if_ task claim T4 --board story --swarm bob --lease 100ms
if_ task add T5 --board story --needs law:contracts --start-by "$(date -u -d '+1 second' +%FT%TZ)"
sleep 2.5

# A plan, and the plan changed.
printf '%s\n' '| Task | Owner | Dependencies | Status |' '|---|---|---|---|' \
	'| P1: one | Ann | None | 🟢 |' '| P2: two | Bob | P1 | 🟡 |' '| P3: three | | P2 | |' |
	"$IFCTL" board import - --board plan --format markdown --json >/dev/null
printf '%s\n' '# The plan' '| Task | Owner | Dependencies | Status |' '|---|---|---|---|' \
	'| P1: one | Ann | None | 🟢 |' '| P2: two | Bob | P1 | 🟡 |' '| P3: three! | | P1 | 🔴 |' |
	"$IFCTL" board import - --board plan --format markdown --json >/dev/null

if_ message send 'to all' --to-all --subject 'news'
if_ message send 'to one' --to ann --from bob
if_ message send 'to a board' --to-board story
if_ message ack ann --cursor "$("$IFCTL" message list ann --json | sed 's/.*"cursor":\([0-9]*\).*/\1/')"
if_ note put build.status '"green"'
if_ note put build.number 17
if_ note delete build.number
if_ swarm leave bob --reason 'home'

# ---- the governor (feature level 2) ----------------------------------------------------------

# Usage: escalation_about SUBJECT: the id of an open one whose subject holds these words
escalation_about()
{
	"$IFCTL" escalation list --json | tr '{' '\n' |
		sed -n "/$1/s/.*\"escalation\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}

if_ board create work
if_ governor capability define pottery:wheel --description 'Throws pots'
printf '%s\n' 'swarms:' '  - swarm_id: cat' '    capabilities: [code-analysis:c, pottery:wheel]' \
	'    model: own' '    concurrency: 5' '    rate_usd_per_hour: 4' '    declared_success: 0.9' \
	'    budget_usd: 50' '    soft_budget_usd: 0.5' '    budget_duration: 1s' \
	'  - swarm_id: dan' '    capabilities: [code-analysis:*]' \
	'    price_per_million: {input: 3, output: 15}' '    concurrency: 5' \
	'    weight: {base_weight: 0.5, success_bonus: 0.25, tier: senior}' |
	"$IFCTL" swarm import - --json >/dev/null
printf '%s\n' 'name: night shift' 'resource_policy:' '  max_cost_per_task: 20' \
	'  circuit_breaker_failure_threshold: 1' '  circuit_breaker_probe_after: 1s' \
	'  retry_backoff: 0' 'rules:' '  - name: releases' '    boards: [work]' '    tasks: [R*]' \
	'    effect: require_approval' '    reason: a person looks first' |
	"$IFCTL" governor policy apply - --json >/dev/null

# Refused by the policy, approved by a person.
if_ task add R1 --board work
"$IFCTL" task claim R1 --board work --swarm cat >/dev/null 2>&1 || true
if_ governor approve R1 --board work --swarm cat --by ann --reason 'looks good'
if_ task claim R1 --board work --swarm cat

# Money: reserved, charged in dollars and in tokens, warned of, spent, stopped, raised again.
if_ cost set-price own --input 3 --output 15 --source 'our own' --date 2026-01-31
if_ cost set-budget --scope fabric --limit 1000
if_ cost set-budget --scope board --board work --limit 10 --soft 2 --reason 'a trial'
if_ task add M1 --board work --est-cost 2 --max-cost 15
if_ task claim M1 --board work --swarm cat
if_ cost set-budget --scope task --board work --task M1 --limit 30
if_ cost charge --task M1 --board work --fence "$(fence_on work M1)" --input-tokens 1000000 --operation plan
if_ cost charge --task M1 --board work --fence "$(fence_on work M1)" --model nobody-knows --input-tokens 5
if_ cost charge --task M1 --board work --fence "$(fence_on work M1)" --cost 7.5 --key story-2
if_ cost set-budget --scope board --board work --limit 500 --reason 'it is worth it'
if_ task complete M1 --board work --fence "$(fence_on work M1)" --cost 0.25

# A breaker: opened by a failure, half open after its wait, closed; opened by hand, reset.
if_ task add F1 --board work --max-attempts 9 --est-cost 0.5
if_ task claim F1 --board work --swarm dan
if_ task fail F1 --board work --fence "$(fence_on work F1)" --reason 'no luck' --cost 0.5
sleep 1.5
if_ task claim F1 --board work --swarm dan
if_ task complete F1 --board work --fence "$(fence_on work F1)"
if_ governor trip-circuit-breaker dan --by ann --reason 'wrong branch'
if_ governor reset-circuit-breaker dan --by ann --reason 'it is right now'

# A round of two answers.
if_ task add Q1 --board work --redundancy 2 --est-cost 0.5
if_ task claim Q1 --board work --swarm cat
if_ task claim Q1 --board work --swarm dan
if_ task complete Q1@1 --board work --fence "$(fence_on work Q1@1)" --confidence 0.9 --result '{"answer":1}'
if_ task complete Q1@2 --board work --fence "$(fence_on work Q1@2)" --confidence 0.6 --result '{"answer":2}'

# Help: a swarm is asked, then nobody can, and a person sees to it.
if_ task add H1 --board work --est-cost 0.5
if_ task claim H1 --board work --swarm dan
helped=$("$IFCTL" blocker raise H1 --board work --fence "$(fence_on work H1)" --type bug \
	--description 'it cracks' --needs pottery:wheel --json | sed 's/.*"blocker":"\([^"]*\)".*/\1/')
if_ blocker raise H1 --board work --fence "$(fence_on work H1)" --type bug \
	--description 'it is locked' --needs locks:picking
if_ blocker resolve "$helped"
asked=$(escalation_about 'nobody here can help')
if_ escalation ack "$asked" --by ann --note 'I have the key'
if_ escalation resolve "$asked" --by ann --note 'it is open'

# The chassis: a contract and who works under it, a run, a request, credentials.
contract=$(mktemp)
module=$(mktemp)
# The least that can be run: (module (func (export "run")) (memory (export "memory") 1)).
printf '\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\5\3\1\0\1\7\20\2\3run\0\0\6memory\2\0\12\4\1\2\0\13' >"$module"
cat >"$contract" <<'YAML'
name: reader
policy:
  version: "1.0"
  permissions: {network: {allow: [{host: api.example.com}]}}
credentials:
  - {name: api, header: Authorization, endpoint: "https://api.example.com"}
slos: {p99_latency: 1ms, success_rate: 0.9, availability: 0.5}
YAML
if_ chassis load reader --contract "$contract" --wasm "$module"
if_ chassis load spare --contract "$contract"
if_ chassis unload spare --reason 'not needed'
if_ swarm register eve --contract reader --rate 3.6 --presence 1h
if_ task add C1 --board work --wasm reader --est-cost 0.1
if_ task claim C1 --board work --swarm eve
if_ chassis report C1 --board work --fence "$(fence_on work C1)" --verdict out_of_fuel \
	--detail 'it used up its fuel' --wall-us 1000000 --cpu-us 900 --fuel 1000 --memory-bytes 65536
if_ chassis note-request eve --board work --task C1 --host api.example.com --method GET --path /v1 \
	--status 200 --bytes 512 --duration 30ms --rule api.example.com
minted=$("$IFCTL" chassis credentials eve --board work --task C1 --ttl 60s \
	--endpoint https://api.example.com --json | sed 's/.*"credential":"\([^"]*\)".*/\1/')
if_ chassis credential-revoke "$minted" --reason 'seen in a log'
sleep 0.1
if_ task complete C1 --board work --fence "$(fence_on work C1)" --result '{"ok":true}'
if_ task add C2 --board work --est-cost 0.1
if_ task claim C2 --board work --swarm eve
rm -f "$contract" "$module"
