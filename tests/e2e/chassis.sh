#!/usr/bin/env bash
#
# Modules from the command line and in swarms, against a real daemon: loaded, refused, run once, run for
# tasks, stopped, and what is left on record of it. Each test has a board of its own.
#
# usage: tests/e2e/chassis.sh [TEST]
set -u

[ -x "$IF_CHASSIS" ] || { echo "skip - chassis: the sandbox is not built"; exit; }
dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock IF_PROXY_SOCKET=$dir/proxy.sock IF_DATA=$dir/data
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_CACHE_HOME=$dir/cache
unset IF_URL IF_BOARD IF_SWARM_ID
failed=0
daemon=
mkdir -p "$dir/bin" "$dir/config/infrafabric"
ln -s "$IFCTL" "$dir/bin/ifctl"
export PATH=$dir/bin:$PATH

clean_up()
{
	# shellcheck disable=SC2046 # one word per process
	kill -9 $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	ifctl proxy --stop >/dev/null 2>&1
	rm -rf "$dir"
}
trap clean_up EXIT

# Usage: holds TEST: it succeeds.
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

# Usage: said out|err TEXT...: it holds each of these.
said()
{
	local file=$dir/$1 text

	shift
	for text; do
		grep -qF -- "$text" "$file" || { echo "not said: $text"; cat "$file"; return 1; }
	done
}

within()
{
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

start_daemon()
{
	"$IF_COORDINATOR" --ledger "$dir/ledger.db" --socket "$IF_SOCKET" \
		--ceiling "$dir/config/infrafabric/ceiling.yaml" 2>>"$dir/daemon.log" &
	daemon=$!
	within 20 ifctl coordinator status
}

stop_daemon()
{
	kill "$daemon"
	wait "$daemon"
}

# Usage: contract NAME [LINE...]: writes $dir/NAME.yaml.
contract()
{
	local name=$1

	shift
	{ printf 'name: %s\n' "$name"; [ $# = 0 ] || printf '%s\n' "$@"; } >"$dir/$name.yaml"
}

# Usage: load ID GUEST CONTRACT
load()
{
	ifctl chassis load "$1" --wasm "$IF_GUESTS/$2.wasm" --contract "$dir/$3.yaml"
}

new_board()
{
	board=$1
	ifctl board create "$board" >/dev/null
}

add()
{
	ifctl task add --board "$board" "$@" >/dev/null
}

# Usage: shows TASK TEXT...: the task's JSON holds each of these.
shows()
{
	local answer text

	answer=$(ifctl task show "$1" --board "$board" --json)
	shift
	for text; do
		grep -qF -- "$text" <<<"$answer" || { echo "no $text in $answer"; return 1; }
	done
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

# The processes that were started by this one, and by those.
below()
{
	local pid

	for pid in $(ps -o pid= --ppid "$1"); do
		echo "$pid"
		below "$pid"
	done
}

# Usage: are_gone PIDS
are_gone()
{
	local pid

	for pid in $1; do
		[ ! -e "/proc/$pid" ] || grep -qs '^State:.[ZX]' "/proc/$pid/status" || return 1
	done
}

contract small 'limits: {memory: 16MiB, fuel: 1000000000, wall: 5s}'
contract short 'limits: {memory: 16MiB, fuel: 1000000000000, wall: 300ms}'
contract long 'limits: {memory: 16MiB, fuel: 1000000000000, wall: 60s}'
contract large 'limits: {memory: 1GiB}'

# ---- loading ------------------------------------------------------------------------------------

a_module_is_kept_under_its_hash()
{
	local hash

	hash=$(sha256sum <"$IF_GUESTS/echo.wasm" | cut -d' ' -f1)
	ends 0 load echo echo small && said out 'Module echo is known' &&
		cmp "$IF_DATA/modules/$hash.wasm" "$IF_GUESTS/echo.wasm" &&
		[ "$(stat -c %a "$IF_DATA/modules/$hash.wasm")" = 600 ] && ends 0 load echo echo small &&
		ends 0 ifctl chassis list --json && said out "\"sha256\":\"$hash\"" &&
		ends 0 ifctl chassis list && said out 'echo' &&
		ends 0 ifctl chassis show echo && said out "$hash" 'It may' '  use the network' &&
		[ "$(find "$IF_DATA/modules" -type f | wc -l)" = 1 ]
}

what_is_unloaded_leaves_no_file_behind()
{
	local file

	file=$IF_DATA/modules/$(sha256sum <"$IF_GUESTS/sum.wasm" | cut -d' ' -f1).wasm
	ends 0 load first sum small && ends 0 load second sum small && [ -e "$file" ] &&
		ends 0 ifctl chassis unload first && said out 'not known any more' && [ -e "$file" ] &&
		ends 0 ifctl chassis run second && ends 0 ifctl chassis unload second --json &&
		said out '"unloaded":true' && [ ! -e "$file" ] && ends 3 ifctl chassis unload second &&
		ends 0 load second sum small && ends 0 ifctl chassis run second &&
		ends 0 ifctl chassis unload second
}

a_bad_module_is_refused_when_it_is_loaded()
{
	local guest

	for guest in memory64 unknown_import invalid_code large_memory; do
		ends 2 load bad "$guest" small || return 1
	done
	said err 'memory' && ends 2 load bad unknown_import small && said err 'env.system' &&
		ends 2 ifctl chassis load bad --wasm "$dir/small.yaml" --contract "$dir/small.yaml" &&
		said err 'is no WebAssembly module' && ends 3 ifctl chassis show bad
}

the_ceiling_holds_when_it_is_loaded_and_when_it_is_run()
{
	ends 0 load large echo large || return 1
	echo 'limits: {memory: 512MiB}' >"$dir/config/infrafabric/ceiling.yaml"
	ends 2 load large echo large && said err '1GiB is above' && ends 2 ifctl chassis run large &&
		said err '1GiB is above' && ends 2 ifctl chassis run --wasm "$IF_GUESTS/echo.wasm" \
		--contract "$dir/large.yaml" && ends 0 ifctl chassis run echo
	local code=$?

	rm "$dir/config/infrafabric/ceiling.yaml"
	return "$code"
}

# Usage: post FILE: loads a contract without ifctl, which would look first; prints the answer.
post()
{
	curl -s --unix-socket "$IF_SOCKET" -H 'Content-Type: application/yaml' \
		--data-binary "@$dir/$1.yaml" 'http://localhost/v1/modules?module=posted'
}

the_ceiling_holds_for_contracts_that_come_over_the_wire()
{
	local ceiling=$dir/config/infrafabric/ceiling.yaml

	contract wide 'policy: {version: "1.0", permissions: {network: {allow: [{host: a.example}]}}}' \
		'http: [{host: a.example, response: 2MiB}]' 'limits: {memory: 1GiB, wall: 5s}'
	printf 'limits: {memory: 512MiB}\nhttp: {response: 1MiB}\n' >"$ceiling"
	post wide | grep -F document_invalid | grep -F 'limits.memory_bytes is 1073741824' |
		grep -F 'http[0].response_bytes' && post small | grep -F '"module":"posted"' &&
		echo 'limits: {memory: much}' >"$ceiling" && post small | grep -F 'ceiling.yaml:1' &&
		rm "$ceiling" && mkdir "$ceiling" && post small | grep -F 'is not known' &&
		rmdir "$ceiling" && post wide | grep -F '"module":"posted"' && ifctl chassis unload posted
	local code=$?

	rm -rf "$ceiling"
	return "$code"
}

a_module_that_was_changed_on_the_disk_does_not_run()
{
	local hash

	contract changed
	load changed count changed && new_board changed || return 1
	hash=$(sha256sum <"$IF_GUESTS/count.wasm" | cut -d' ' -f1)
	cp "$IF_GUESTS/echo.wasm" "$IF_DATA/modules/$hash.wasm"
	ends 2 ifctl chassis run changed && said err 'other bytes than those that were loaded' &&
		add T-1 --title x --wasm changed --max-attempts 1 && spawn --run-tasks --once &&
		shows T-1 '"state":"failed"' 'other bytes than those that were loaded' &&
		rm "$IF_DATA/modules/$hash.wasm" && ends 2 ifctl chassis run changed &&
		said err 'No such file' && load changed count changed && ends 0 ifctl chassis run changed
}

a_layer_that_is_missing_and_required_is_a_refusal()
{
	local layers=$IF_HELPERS/security/layers

	contract strict 'requires: [seccomp]'
	ends 0 "$layers" seccomp "$IFCTL" chassis status || return 1
	if grep '^skip' "$dir/out"; then
		return
	fi
	said out 'seccomp is MISSING' 'is refused' &&
		ends 0 "$layers" seccomp "$IFCTL" chassis run echo --input yes && said out yes &&
		ends 6 "$layers" seccomp "$IFCTL" chassis load strict --wasm "$IF_GUESTS/echo.wasm" \
			--contract "$dir/strict.yaml" && said err 'seccomp' &&
		load strict echo strict && ends 6 "$layers" seccomp "$IFCTL" chassis run strict &&
		said err 'ifctl chassis status'
}

without_a_sandbox_it_says_what_to_do()
{
	export IF_CHASSIS=$dir/nowhere
	new_board nowhere
	add T-1 --title x --wasm echo
	ends 1 ifctl chassis status && said out 'The sandbox is not built' 'make' &&
		ends 1 ifctl chassis status --json && said out '"ready":false' '"code":"chassis_missing"' &&
		ends 1 ifctl chassis run echo && said err 'WASMTIME_DIR' &&
		ends 0 load unseen echo small && said err 'was not tried' &&
		ends 1 spawn --wasm echo && spawn --run-tasks --once &&
		shows T-1 '"failures":0' '"state":"delayed"'
	local code=$?

	export IF_CHASSIS=$chassis
	return "$code"
}

# ---- running once -------------------------------------------------------------------------------

a_run_needs_no_daemon()
{
	IF_SOCKET=$dir/nobody ends 0 ifctl chassis run --wasm "$IF_GUESTS/sum.wasm" \
		--contract "$dir/small.yaml" --input '1 2 3' -- a b && said out '{"sum":6,"count":3}' &&
		said err '2 arguments' 'result: it gave a result' &&
		echo 4 5 >"$dir/numbers" &&
		ends 0 ifctl chassis run --wasm "$IF_GUESTS/sum.wasm" --contract "$dir/small.yaml" \
			--input @"$dir/numbers" && said out '"sum":9' &&
		ends 0 ifctl chassis run echo --input - <"$dir/numbers" && said out '4 5' &&
		IF_SOCKET=$dir/nobody ends 9 ifctl chassis run echo && ends 2 ifctl chassis run &&
		ends 2 ifctl chassis run echo --wasm "$IF_GUESTS/sum.wasm" --contract "$dir/small.yaml"
}

# Usage: ends_as VERDICT CODE GUEST CONTRACT
ends_as()
{
	ends "$2" ifctl chassis run --wasm "$IF_GUESTS/$3.wasm" --contract "$dir/$4.yaml" --json &&
		said out "\"verdict\":\"$1\"" '"resources":{"wall_us":' '"layers":['
}

the_exit_code_is_the_verdicts()
{
	ends_as result 0 echo small && ends_as trap 1 null_call small &&
		ends_as out_of_fuel 1 loop_by_fuel small && ends_as out_of_time 124 loop_by_time short &&
		ends_as out_of_memory 1 memory_bomb small && ends_as denied 6 requests small &&
		ends_as bad_result 1 no_result small && ends 3 ifctl chassis run nosuch --json &&
		said out '"code":"module_unknown"' && ends 2 ifctl chassis run --json \
			--wasm "$IF_GUESTS/memory64.wasm" --contract "$dir/small.yaml" &&
		said out '"code":"module_refused"'
}

a_run_may_be_that_of_a_task()
{
	new_board once
	ifctl swarm register one >/dev/null
	add T-1 --title x --payload '{"n":1}' && add T-2 --title x --max-attempts 1 &&
		add T-3 --title x --payload '[3]' || return 1
	ends 0 ifctl chassis run echo --task T-1 --board once --swarm one && said out '{"n":1}' &&
		shows T-1 '"state":"done"' '"result":{"n":1}' '"verdict":"result"' &&
		load loop loop_by_time short &&
		ends 124 ifctl chassis run loop --task T-2 --board once --swarm one &&
		shows T-2 '"state":"failed"' '"verdict":"out_of_time"' &&
		ends 0 ifctl task claim T-3 --board once --swarm one --json &&
		ends 4 ifctl chassis run echo --task T-3 --board once --swarm one &&
		ends 8 ifctl chassis run echo --task T-3 --board once --swarm one --fence 1 &&
		ends 0 ifctl chassis run echo --task T-3 --board once --swarm one --json \
			--fence "$(ifctl task show T-3 --board once --json | grep -oE '"fence":[0-9]+' |
				cut -d: -f2)" && said out '"result":[3]' && shows T-3 '"state":"done"' &&
		ends 2 ifctl chassis run echo --task T-1 &&
		[ "$(ifctl events --kind run.reported --board once --json | wc -l)" -ge 3 ]
}

whoever_is_stopped_gives_the_task_back()
{
	new_board stopped
	ifctl swarm register two >/dev/null
	load slow loop_by_time long && add T-1 --title x || return 1
	ifctl chassis run slow --task T-1 --board stopped --swarm two 2>"$dir/slow.err" &
	local runner=$!

	within 10 shows T-1 '"state":"claimed"' && sleep 0.3 && kill "$runner"
	wait "$runner"
	[ $? = 143 ] && shows T-1 '"state":"ready"' '"failures":0'
}

# ---- swarms -------------------------------------------------------------------------------------

a_swarm_can_be_nothing_but_a_module()
{
	new_board modules
	contract worker 'capabilities: [text:echo]' 'slos: {success_rate: 90%}'
	load worker echo worker && add T-1 --title x --payload '{"n":1}' --needs text:echo &&
		add T-2 --title x --payload '"two"' || return 1
	supervise mod --wasm worker --count 2 --json
	within 20 shows T-1 '"state":"done"' '"result":{"n":1}' && within 20 shows T-2 '"result":"two"' &&
		ends 0 ifctl swarm show mod --json && said out 'text:echo' &&
		ends 0 ifctl chassis resources mod --json && said out '"result":2' &&
		ends 0 ifctl chassis performance mod --json && said out '"module":"worker"' &&
		ends 4 ifctl chassis unload worker || return 1
	kill "$supervisor"
	wait "$supervisor"
	[ "$(grep -c '"what":"completed"' "$dir/mod.out")" = 2 ] && ends 0 ifctl chassis unload worker &&
		ends 3 spawn --wasm worker && ends 2 spawn --wasm echo -- true
}

native_workers_promise_by_manifest_and_by_spawn()
{
	new_board promised
	contract promise 'slos: {success_rate: 99.5%, p99_latency: 30s}'
	load promise echo promise || return 1
	echo 'swarms: [{swarm_id: by-manifest, contract: promise}]' >"$dir/swarms.yaml"
	add T-1 --title x && add T-2 --title x --wasm bomb --max-attempts 1 && load bomb memory_bomb small &&
		ends 0 ifctl swarm import "$dir/swarms.yaml" &&
		ends 0 ifctl chassis performance by-manifest &&
		said out 'by-manifest keeps contract promise of module promise' '99.5 %' 'not known' &&
		ends 0 spawn --contract promise --run-tasks --tasks 2 -- echo 1 || return 1
	# It has taken leave; what came of its work is still told.
	ends 0 ifctl chassis performance w-promised &&
		said out 'does not keep contract promise' '2 outcomes count, 1 of them failures' '50 %  no' &&
		ends 0 ifctl chassis reputation w-promised && said out 'In the match it counts as' AT &&
		ends 0 ifctl chassis resources w-promised &&
		said out 'w-promised has 1 runs' 'out_of_memory' 'memory, at most in one run' 'MiB' &&
		ends 3 spawn --contract nosuch -- true &&
		ends 2 spawn --contract promise --wasm echo && said err 'brings its own'
}

any_supervisor_runs_the_module_that_a_task_names()
{
	new_board mixed
	load loop loop_by_time short && load bomb memory_bomb small || return 1
	add T-1 --title x --wasm echo --payload '[1]' && add T-2 --title x
	add T-3 --title x --wasm loop --max-attempts 1
	ends 0 ifctl task add T-4 --board mixed --title x --wasm nosuch --max-attempts 1 &&
		said err 'there is no module nosuch' && ends 0 ifctl task why T-4 --board mixed &&
		said out 'module nosuch' || return 1
	spawn --tasks 4 -- echo '"native"' && shows T-1 '"state":"done"' '"result":[1]' &&
		shows T-2 '"result":"native"' && shows T-3 '"state":"failed"' '"verdict":"out_of_time"' &&
		shows T-4 '"state":"failed"' 'there is no such module'
}

what_was_loaded_anew_counts_from_the_next_task_on()
{
	new_board anew
	load anew echo small && add T-1 --title x --payload '[1]' || return 1
	supervise anew --wasm anew
	within 20 shows T-1 '"result":[1]' && load anew count small && add T-2 --title x --payload '"a b"' &&
		within 20 shows T-2 '"result":{"lines":0,"words":2,"bytes":5}'
	local code=$?

	kill "$supervisor"
	wait "$supervisor"
	return "$code"
}

limits_and_cancelling_kill_a_guest()
{
	new_board killed
	load slow loop_by_time long && add T-1 --title x --limit 1s --max-attempts 1 || return 1
	supervise killed --wasm slow
	within 20 shows T-1 '"state":"failed"' '"verdict":"out_of_time"' '"reason":"task_limit"' &&
		add T-2 --title x && within 20 shows T-2 '"state":"claimed"' && sleep 0.2 &&
		ifctl task cancel T-2 --board killed && within 10 grep -q 'T-2 ended: task.cancelled' \
			"$dir/killed.out" && add T-3 --title x && within 20 shows T-3 '"state":"claimed"' || return 1
	sleep 0.2
	# A supervisor that is stopped gives the task back, and nothing of it goes on.
	local pids

	pids=$(below "$supervisor")
	kill "$supervisor"
	wait "$supervisor"
	[ -n "$pids" ] && shows T-3 '"state":"ready"' '"failures":0' && within 10 are_gone "$pids"
}

a_compiler_holds_nobody_up()
{
	python3 - >"$dir/large.wat" <<-'PYTHON'
		count = 6000
		print('(module (import "infrafabric" "result" (func $result (param i32 i32)))')
		print('(memory (export "memory") 1) (data (i32.const 0) "[1]") (table', count, 'funcref)')
		for i in range(count):
		    body = '(local.get 0)'
		    for j in range(40):
		        body = f'(i32.add (i32.mul {body} (i32.const {i * 40 + j})) (i32.const {j}))'
		    print(f'(func $f{i} (param i32) (result i32) {body})')
		print('(elem (i32.const 0)', ' '.join(f'$f{i}' for i in range(count)), ')')
		print('(func (export "run") (call $result (i32.const 0) (i32.const 3))))')
	PYTHON
	wat2wasm -o "$dir/large.wasm" "$dir/large.wat" && new_board compiler && load echo echo small &&
		ifctl chassis load heavy --wasm "$dir/large.wasm" --contract "$dir/small.yaml" || return 1
	# As on a machine that has not compiled it yet.
	rm -f "$XDG_CACHE_HOME"/infrafabric/modules/*
	add T-1 --title x --wasm heavy && add T-2 --title x --wasm echo --payload '[2]' &&
		add T-3 --title x --wasm heavy || return 1
	spawn --run-tasks --count 2 --tasks 3 --lease 400ms &&
		shows T-1 '"result":[1]' '"attempts":1' && shows T-2 '"result":[2]' '"attempts":1' &&
		shows T-3 '"result":[1]' '"attempts":1'
}

a_claim_is_kept_alive_while_a_guest_works()
{
	new_board alive
	contract seconds 'limits: {fuel: 1000000000000, wall: 2s}'
	load seconds loop_by_time seconds && add T-1 --title x --max-attempts 1 &&
		spawn --wasm seconds --once --lease 700ms &&
		shows T-1 '"state":"failed"' '"attempts":1' '"verdict":"out_of_time"' '"reason":"wall"'
}

a_supervisor_that_is_killed_takes_its_guests_along()
{
	new_board crash
	load slow loop_by_time long && add T-1 --title x || return 1
	supervise crash --wasm slow --lease 1s
	within 20 shows T-1 '"state":"claimed"' && sleep 0.3
	local pids

	pids=$(below "$supervisor")
	kill -9 "$supervisor"
	wait "$supervisor" 2>/dev/null
	[ "$(wc -w <<<"$pids")" -ge 2 ] && within 10 are_gone "$pids" && within 20 shows T-1 '"state":"ready"' && load slow echo small &&
		spawn --wasm slow --once && shows T-1 '"state":"done"' '"attempts":2'
}

a_sandbox_that_is_killed_is_opened_again()
{
	new_board again
	add T-1 --title x --payload '[1]' || return 1
	supervise again --wasm echo
	within 20 shows T-1 '"state":"done"' || return 1
	# shellcheck disable=SC2046 # one word per process
	kill -9 $(ps -o pid= --ppid "$supervisor") && sleep 0.2
	add T-2 --title x --payload '[2]' && within 40 shows T-2 '"state":"done"' '"result":[2]'
	local code=$?

	kill "$supervisor"
	wait "$supervisor"
	return "$code"
}

time_runs_out_while_the_daemon_is_away()
{
	new_board away
	contract second 'limits: {fuel: 1000000000000, wall: 1s}'
	load second loop_by_time second && add T-1 --title x --max-attempts 1 || return 1
	supervise away --wasm second
	within 20 shows T-1 '"state":"claimed"'
	stop_daemon
	within 10 grep -q 'T-1 failed: out_of_time' "$dir/away.out" && start_daemon &&
		within 30 shows T-1 '"state":"failed"' '"verdict":"out_of_time"' &&
		ifctl events --kind run.reported --board away --json | grep -q '"verdict":"out_of_time"'
	local code=$?

	kill "$supervisor"
	wait "$supervisor"
	return "$code"
}

a_run_is_charged_at_the_swarms_rate()
{
	new_board money
	contract half 'limits: {fuel: 1000000000000, wall: 500ms}'
	load half loop_by_time half && add T-1 --title x --max-attempts 1 &&
		ifctl swarm register w-money --rate 36 >/dev/null && spawn --wasm half --once || return 1
	# 36 dollars an hour are a cent a second.
	ends 0 ifctl events --kind cost.charged --board money --json &&
		grep -qE '"cost_usd":0\.00[45]' "$dir/out"
}

# A part of the next, whose server, contract and board it uses.
nobody_is_blamed_when_the_proxy_is_killed()
{
	local worker proxy

	add T-4 --title x --payload "{\"method\":\"GET\",\"url\":\"$url/v1/slow\"}"
	ifctl swarm spawn w-lost --board fetch --wasm fetch >"$dir/lost" 2>&1 &
	worker=$!
	within 10 grep -q 'T-4 started' "$dir/lost" || return 1
	sleep 0.5
	proxy=$(ifctl chassis status | grep -o 'runs (pid [0-9]*' | tr -dc 0-9)
	kill -9 "$proxy"
	within 10 grep -q 'T-4 given back: no egress proxy answers, the one that it asked has ended' "$dir/lost"
	local code=$?

	kill "$worker" && wait "$worker"
	cat "$dir/lost"
	[ "$code" = 0 ] && ifctl task show T-4 --board fetch --json | grep -q '"failures":0'
}

requests_go_out_under_the_contract_with_a_scoped_credential()
{
	python3 - "$dir/port" <<-'PYTHON' &
		import http.server, os, sys, time

		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        if self.path.endswith("slow"):
		            time.sleep(30)
		        body = b'{"signed":%d}' % (self.headers.get("Authorization") == "Bearer s3cr3t-api-key")
		        self.send_response(200)
		        self.send_header("Content-Length", str(len(body)))
		        self.end_headers()
		        self.wfile.write(body)

		    def log_message(self, *args):
		        pass

		server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
		with open(sys.argv[1] + ".new", "w") as file:
		    file.write(str(server.server_port))
		os.rename(sys.argv[1] + ".new", sys.argv[1])
		server.serve_forever()
	PYTHON
	local server=$! port url

	within 10 [ -s "$dir/port" ] || return 1
	port=$(cat "$dir/port")
	url=http://localhost:$port
	contract fetch 'policy:' '  version: "1.0"' \
		'  permissions: {network: {allow: [{host: localhost}]}}' \
		"http: [{host: localhost, scheme: http, ports: [$port], paths: [/v1/*], allow_private: true}]" \
		"credentials: [{name: api, header: Authorization, prefix: 'Bearer ', endpoint: '$url'}]"
	new_board fetch
	ifctl secret set api --endpoint "$url" <<<s3cr3t-api-key && load fetch fetch fetch || return 1
	add T-1 --title x --payload "{\"method\":\"GET\",\"url\":\"$url/v1/a\"}"
	add T-2 --title x --payload "{\"method\":\"GET\",\"url\":\"$url/v2/a\"}"
	add T-3 --title x --payload "{\"method\":\"GET\",\"url\":\"$url/v1/b\"}"
	# The body is {"signed":1} in base64.
	spawn --wasm fetch --tasks 3 && shows T-1 '"body":"eyJzaWduZWQiOjF9"' '"http_requests":1' &&
		shows T-2 '"code":"egress_denied"' && shows T-3 '"body":"eyJzaWduZWQiOjF9"' &&
		within 10 [ "$(ifctl events --kind egress.noted --board fetch --json | wc -l)" = 3 ] &&
		ends 0 ifctl chassis status && said out 'Egress proxy: runs' &&
		! grep -rqs s3cr3t-api-key "$dir/ledger.db" "$dir/ledger.db-wal" "$dir/daemon.log" &&
		nobody_is_blamed_when_the_proxy_is_killed
	local code=$?

	kill "$server"
	ifctl proxy --stop >/dev/null
	return "$code"
}

# ---- help ---------------------------------------------------------------------------------------

it_is_told_in_help_and_completed()
{
	ends 0 ifctl help chassis && said out 'chassis run' 'chassis status' 'chassis load' &&
		ends 0 ifctl help chassis run && said out '--input' '--fence' &&
		ends 0 ifctl help swarm spawn && said out '--wasm' && ends 0 ifctl completion bash &&
		said out 'chassis' && ends 0 ifctl __ids module && said out echo &&
		ends 0 ifctl chassis status --json && said out '"ready":true' '"engine":"48.' &&
		ends 0 ifctl coordinator status && said out 'ifctl chassis status'
}

# ---- from C to a swarm --------------------------------------------------------------------------

# Usage: section: the commands that docs/components/IF.CHASSIS.md gives under this heading.
commands_of()
{
	# shellcheck disable=SC2016 # what begins and ends a block
	sed -n "/^## $1\$/,/^## /p" docs/components/IF.CHASSIS.md | sed -n '/^```sh$/,/^```$/p' | grep -v '^```'
}

five_commands_lead_from_c_to_a_swarm()
{
	local commands top=$PWD

	commands=$(commands_of 'From C to a swarm')
	[ "$(grep -c . <<<"$commands")" -ge 5 ] || { echo "there are no commands"; return 1; }
	mkdir -p "$dir/five/examples" && cp -R "$top/examples/guests" "$top/examples/contracts" \
		"$dir/five/examples" || return 1
	(cd "$dir/five" && bash -euc "$commands") >"$dir/out" 2>&1 || { cat "$dir/out"; return 1; }
	board=texts
	said out 'COUNT-1 completed in' && shows COUNT-1 '"result":{"lines":0,"words":3,"bytes":15}'
}

# ---- side by side -------------------------------------------------------------------------------

# How long tasks of the board took from claim to end, in ms: p50 and p99.
figures()
{
	ifctl events --board "$1" --json | python3 -c '
import datetime, json, sys
claimed, took = {}, []
for line in sys.stdin:
    event = json.loads(line)
    at = datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
    if event["kind"] == "task.claimed":
        claimed[event["task"]] = at
    elif event["kind"] == "task.completed":
        took.append((at - claimed[event["task"]]) * 1000)
took.sort()
print("%d tasks, p50 %.1f ms, p99 %.1f ms" %
      (len(took), took[len(took) // 2], took[int((len(took) - 1) * .99)]))'
}

# Usage: ten BOARD: ten swarms of one module do ten tasks each, one of them every 50 ms.
ten()
{
	local pids=() i

	new_board "$1"
	for i in {0..9}; do
		timeout 60 ifctl swarm spawn "honest-$i" --board "$1" --wasm echo --tasks 10 \
			>"$dir/honest-$i.out" 2>&1 &
		pids+=($!)
	done
	within 20 ifctl swarm show honest-9
	for i in {1..100}; do
		add "T-$i" --title x --payload '{"n":1}'
		sleep 0.03
	done
	wait "${pids[@]}"
}

ten_honest_swarms_beside_two_that_are_not()
{
	local hostile=() i

	load echo echo small && load hog loop_by_time short && load flood loop_of_calls short &&
		ten alone || return 1
	for i in hog flood; do
		# Each ends at its wall, and the next follows at once.
		(while :; do ifctl chassis run "$i"; done) >/dev/null 2>&1 &
		hostile+=($!)
	done
	ten beside
	kill "${hostile[@]}"
	wait "${hostile[@]}" 2>/dev/null
	alone=$(figures alone) && beside=$(figures beside)
}

chassis=$IF_CHASSIS
start_daemon
tests=(
	a_module_is_kept_under_its_hash
	what_is_unloaded_leaves_no_file_behind
	a_bad_module_is_refused_when_it_is_loaded
	the_ceiling_holds_when_it_is_loaded_and_when_it_is_run
	the_ceiling_holds_for_contracts_that_come_over_the_wire
	a_module_that_was_changed_on_the_disk_does_not_run
	a_layer_that_is_missing_and_required_is_a_refusal
	without_a_sandbox_it_says_what_to_do
	a_run_needs_no_daemon
	the_exit_code_is_the_verdicts
	a_run_may_be_that_of_a_task
	whoever_is_stopped_gives_the_task_back
	a_swarm_can_be_nothing_but_a_module
	native_workers_promise_by_manifest_and_by_spawn
	any_supervisor_runs_the_module_that_a_task_names
	what_was_loaded_anew_counts_from_the_next_task_on
	limits_and_cancelling_kill_a_guest
	a_compiler_holds_nobody_up
	a_claim_is_kept_alive_while_a_guest_works
	a_supervisor_that_is_killed_takes_its_guests_along
	a_sandbox_that_is_killed_is_opened_again
	time_runs_out_while_the_daemon_is_away
	a_run_is_charged_at_the_swarms_rate
	requests_go_out_under_the_contract_with_a_scoped_credential
	it_is_told_in_help_and_completed
	five_commands_lead_from_c_to_a_swarm
	ten_honest_swarms_beside_two_that_are_not
)
for test in "${tests[@]}"; do
	[ $# = 0 ] || [ "$1" = "$test" ] || continue
	holds "$test"
done
[ -z "${alone:-}" ] || printf 'honest tasks alone: %s; beside a loop and a flood: %s\n' "$alone" "$beside"
kill "$daemon"
wait "$daemon" 2>/dev/null
exit "$failed"
