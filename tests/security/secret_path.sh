#!/usr/bin/env bash
#
# Where a secret goes, with everything real: daemon, supervisor, sandbox, guest, proxy, server. It goes
# into one request, and is found nowhere else; a credential is good for its own claim alone.
#
# usage: tests/security/secret_path.sh
set -u

[ -x "$IF_CHASSIS" ] || { echo "skip - secret path: the sandbox is not built"; exit; }
dir=$(mktemp -d)
outside=$(mktemp -d)	# what the server saw, and what is looked for: not to be found by looking
export IF_SOCKET=$dir/if.sock IF_PROXY_SOCKET=$dir/proxy.sock IF_DATA=$dir/data
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_CACHE_HOME=$dir/cache
unset IF_URL IF_BOARD IF_SWARM_ID http_proxy https_proxy
failed=0
mkdir -p "$dir/bin"
ln -s "$IFCTL" "$dir/bin/ifctl"
export PATH=$dir/bin:$PATH
secret=k9Zw-never-to-be-seen-41

clean_up()
{
	# shellcheck disable=SC2046 # one word per process
	kill $(jobs -p) 2>/dev/null
	wait 2>/dev/null
	ifctl proxy --stop >/dev/null 2>&1
	rm -rf "$dir" "$outside"
}
trap clean_up EXIT

within()
{
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

# Usage: holds TEST: it succeeds.
holds()
{
	if "$1" >"$outside/said" 2>&1; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 40 "$outside/said"
		failed=1
	fi
}

# Answers /v1/slow when there is a file `go`, and notes what comes with which Authorization.
server()
{
	exec python3 - "$outside" <<-'PYTHON'
		import http.server, os, socketserver, sys, time

		class Handler(http.server.BaseHTTPRequestHandler):
		    protocol_version = "HTTP/1.1"

		    def do_GET(self):
		        with open(sys.argv[1] + "/seen", "a") as seen:
		            seen.write("%s %s\n" % (self.path, self.headers.get("Authorization")))
		        while self.path == "/v1/slow" and not os.path.exists(sys.argv[1] + "/go"):
		            time.sleep(0.02)
		        self.send_response(200)
		        self.send_header("Content-Length", "4")
		        self.end_headers()
		        self.wfile.write(b"fine")

		    def log_message(self, *args):
		        pass

		class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
		    daemon_threads = True

		server = Server(("127.0.0.1", 0), Handler)
		with open(sys.argv[1] + "/port.new", "w") as file:
		    file.write(str(server.server_port))
		os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
		server.serve_forever()
	PYTHON
}

# Files and processes that hold what is in the file $1. What looks for it has it in no argument.
holders()
{
	grep -rlaF -f "$1" "$dir"
	grep -laF -f "$1" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
}

# Usage: is_nowhere FILE
is_nowhere()
{
	local found

	found=$(holders "$1")
	[ -z "$found" ] || { echo "found in: $found"; return 1; }
}

shows()
{
	local answer text

	answer=$(ifctl task show "$1" --board demo --json)
	shift
	for text; do
		grep -qF -- "$text" <<<"$answer" || { echo "no $text in $answer"; return 1; }
	done
}

the_proxy_puts_the_secret_into_the_guests_request()
{
	ifctl task add SLOW --board demo --title x --payload "{\"method\":\"GET\",\"url\":\"$url/v1/slow\"}"
	IF_LOG_LEVEL=debug ifctl swarm spawn alice --board demo --wasm fetch --verbose --json \
		--log-folder "$dir/log" >"$dir/alice.out" 2>"$dir/alice.err" &
	alice=$!
	within 30 grep -qx "/v1/slow Bearer $secret" "$outside/seen"
}

while_it_is_under_way_nobody_can_see_it()
{
	local pids

	# Looked at from outside: the server has it, and everybody waits for its answer.
	shows SLOW '"state":"claimed"' && is_nowhere "$outside/secret" || return 1
	pids=$(pgrep -f -- "--socket $IF_PROXY_SOCKET")
	[ -n "$pids" ] || { echo "no proxy"; return 1; }
	# What looks after itself is not to be dumped: its files in /proc are root's then.
	[ "$(stat -c %u "/proc/$pids/environ")" = 0 ]
}

its_guest_sees_the_answer_and_the_ledger_says_that_it_asked()
{
	touch "$outside/go"
	within 30 shows SLOW '"state":"done"' '"verdict":"result"' &&
		within 10 eval 'ifctl events --kind egress.noted --board demo --json | grep -q .' &&
		ifctl events --kind egress.noted --board demo --json >"$dir/noted" &&
		grep -F '"task":"SLOW"' "$dir/noted" | grep -F '"path":"/v1/slow"' |
			grep -qF '"status":200'
}

what_is_not_let_out_is_told_as_that()
{
	ifctl task add DENIED --board demo --title x \
		--payload "{\"method\":\"GET\",\"url\":\"$url/v2/x\"}"
	within 30 shows DENIED '"code":"egress_denied"' &&
		within 10 eval 'ifctl events --board demo | grep -F "alice may not ask localhost" |
			grep -F "/v2/x for DENIED, egress_denied"' &&
		! ifctl events --board demo | grep -F 'answered 0' && ! grep -q /v2/x "$outside/seen"
}

# The token that comes with a claim, to $outside: a supervisor keeps it in its memory alone.
claim_by_hand()
{
	ifctl swarm register hand --contract fetch --slots 2 && ifctl task add "$1" --board demo --title x &&
		ifctl task claim "$1" --board demo --swarm hand --json >"$outside/$1.claim" &&
		python3 - "$outside/$1" <<-'PYTHON'
			import json, sys
			claim = json.load(open(sys.argv[1] + ".claim"))
			open(sys.argv[1] + ".token", "w").write(claim["token"] + "\n")
			open(sys.argv[1] + ".fence", "w").write(str(claim["fence"]))
		PYTHON
}

# Usage: ask TASK TOKEN-OF: one request that carries the secret, under this claim with that token.
ask()
{
	local token

	token=$(cat "$outside/$2.token")
	GUEST_DAEMON=$IF_SOCKET GUEST_TOKEN=$token GUEST_TASK=$1 GUEST_FENCE=$(cat "$outside/$1.fence") \
		"$IF_HELPERS/security/egress_guest" "$IF_PROXY_SOCKET" "$dir/fetch.yaml" hand \
		<<<"{\"url\":\"$url/v1/by-$1-with-$2\"}"
}

a_credential_does_not_work_on_another_task()
{
	kill "$alice"
	wait "$alice"
	claim_by_hand ONE && claim_by_hand TWO || return 1
	ask ONE ONE | grep -F '"status":200' && ask TWO ONE | grep -F credential_scope &&
		ask ONE TWO | grep -F credential_scope && ! grep -q by-TWO "$outside/seen" &&
		! ifctl chassis credential-check - --endpoint "$url" --task TWO --board demo \
			<"$outside/ONE.token" &&
		ifctl chassis credential-check - --endpoint "$url" --task ONE --board demo \
			<"$outside/ONE.token"
}

it_ends_with_its_claim()
{
	ifctl task complete ONE --board demo --fence "$(cat "$outside/ONE.fence")" &&
		ask ONE ONE | grep -F credential_expired && ask TWO TWO | grep -F '"status":200'
}

neither_secret_nor_token_is_found_anywhere()
{
	{
		ifctl task list --board demo --json && ifctl task show SLOW --board demo &&
			ifctl events --json && ifctl witness export && ifctl chassis show fetch &&
			ifctl chassis credential-list --json && ifctl chassis resources hand &&
			ifctl secret list --json && ifctl coordinator status --json
	} >"$dir/answers" 2>&1 && ifctl witness snapshot >/dev/null || return 1
	grep -qF egress.noted "$dir/answers" && is_nowhere "$outside/secret" &&
		is_nowhere "$outside/ONE.token" && is_nowhere "$outside/TWO.token" &&
		ifctl witness verify || return 1
	# And it would have been.
	cp "$outside/secret" "$dir/planted"
	! is_nowhere "$outside/secret"
}

printf '%s\n' "$secret" >"$outside/secret"
server &
within 20 [ -s "$outside/port" ] || exit 1
url=http://localhost:$(cat "$outside/port")
cat >"$dir/fetch.yaml" <<END
name: fetch
policy: {version: "1.0", permissions: {network: {allow: [{host: localhost}]}}}
http: [{host: localhost, scheme: http, ports: [${url##*:}], paths: [/v1/*], allow_private: true}]
credentials: [{name: api, header: Authorization, prefix: "Bearer ", endpoint: "$url"}]
END
"$IF_COORDINATOR" --ledger "$dir/ledger.db" --socket "$IF_SOCKET" --log-level debug 2>"$dir/daemon.log" &
within 20 ifctl coordinator status || exit 1
ifctl board create demo >/dev/null
ifctl secret set api --endpoint "$url" <"$outside/secret" >/dev/null
ifctl chassis load fetch --wasm "$IF_GUESTS/fetch.wasm" --contract "$dir/fetch.yaml" >/dev/null || exit 1
for test in the_proxy_puts_the_secret_into_the_guests_request while_it_is_under_way_nobody_can_see_it \
	its_guest_sees_the_answer_and_the_ledger_says_that_it_asked what_is_not_let_out_is_told_as_that \
	a_credential_does_not_work_on_another_task it_ends_with_its_claim \
	neither_secret_nor_token_is_found_anywhere; do
	holds "$test"
done
exit "$failed"
