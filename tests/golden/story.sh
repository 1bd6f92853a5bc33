#!/usr/bin/env bash
#
# story - makes a ledger that holds every kind of event, through a running daemon.
#
# usage: IFCTL=... IF_SOCKET=... tests/golden/story.sh
#
# The events of later features are added at its end, and a new golden ledger is made beside the old
# ones, which stay: every version must fold what an earlier one wrote.
set -eu

if_()
{
	"$IFCTL" --json "$@" >/dev/null
}

# Usage: fence_of TASK
fence_of()
{
	"$IFCTL" task show "$1" --board story --json | sed 's/.*"fence":\([0-9]*\).*/\1/'
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
