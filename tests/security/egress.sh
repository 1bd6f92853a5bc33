#!/usr/bin/env bash
#
# Hostile guests and hostile servers against the egress proxy. Each line of a list is a case: what
# must be in the reply, the name of the case, and the request. docs/components/IF.CHASSIS.md says
# what each group is about.
#
# usage: tests/security/egress.sh [GROUP]
# shellcheck disable=SC2016 # what stands in single quotes is for eval, which expands it
set -u

here=$(cd "$(dirname "$0")" && pwd)
top=$(mktemp -d)
guest=$IF_HELPERS/security/egress_guest
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
export XDG_DATA_HOME=$top/data XDG_CONFIG_HOME=$top/config
secret='s3cr3t/with+signs=and"more'
failed=0

end_jobs()
{
	# shellcheck disable=SC2046 # one word per process
	kill $(jobs -p) 2>/dev/null
	wait 2>/dev/null
}
trap 'end_jobs; rm -rf "$top"' EXIT

within()
{
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

ok()
{
	echo "ok - $*"
}

not_ok()
{
	echo "not ok - $*"
	failed=1
}

# Usage: holds NAME COMMAND...: it is true.
holds()
{
	local name=$1

	shift
	if "$@"; then ok "$name"; else not_ok "$name"; fi
}

# Usage: start_proxy ARGUMENTS...: on $socket, with short times.
start_proxy()
{
	socket=$top/p.sock
	export IF_PROXY_SOCKET=$socket
	"$IF_PROXY" --socket "$socket" --secrets "$XDG_DATA_HOME/infrafabric/secrets.json" \
		--key "$XDG_DATA_HOME/infrafabric/secret.key" --notes "$top/notes" \
		--timeout-ms 2000 --connect-timeout-ms 1000 --idle-ms 0 "$@" 2>>"$top/proxy.log" &
	proxy=$!
	within 20 [ -S "$socket" ]
}

stop_proxy()
{
	kill "$proxy" && wait "$proxy"
}

# Usage: contract NAME <<RULES: a contract that grants these hosts; what stands in it is replaced.
contract()
{
	sed "s/PORT/$port/g; s/OTHER/$other/g; s/TLS/$tls/g" >"$top/$1.yaml"
}

# Usage: cases GROUP CONTRACT <<LIST: "expected<TAB>name<TAB>request"; $PORT and the like are replaced.
# A name in the list is a sentence that is true.
cases()
{
	local group=$1 list=$top/$1.list expected name reply

	sed "s/PORT/$port/g; s/OTHER/$other/g; s/TLS/$tls/g" >"$list"
	cut -f 3 "$list" >"$top/$1.requests"
	"$guest" "$socket" "$top/$2.yaml" "mallory" <"$top/$1.requests" >"$top/$1.replies"
	while IFS=$'\t' read -r expected name _ && IFS= read -r reply <&3; do
		if grep -q -- "$expected" <<<"$reply"; then
			ok "$group: $name"
		else
			not_ok "$group: $name"
			echo "	wanted $expected, got ${reply:0:400}"
		fi
	done <"$list" 3<"$top/$1.replies"
	[ "$(wc -l <"$list")" = "$(wc -l <"$top/$1.replies")" ] ||
		not_ok "$group: every request has a reply ($(wc -l <"$top/$1.replies"))"
}

# ---- what is there ------------------------------------------------------------------------------

for name in a b; do
	mkdir "$top/$name"
	touch "$top/$name/asked"
	python3 "$here/hostile_server.py" "$top/$name" 2>/dev/null &
done
mkdir "$top/tls"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$top/key.pem" -out "$top/cert.pem" -days 2 \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
python3 "$here/hostile_server.py" "$top/tls" "$top/cert.pem" "$top/key.pem" 2>/dev/null &
within 20 [ -s "$top/a/port" ] && within 20 [ -s "$top/b/port" ] && within 20 [ -s "$top/tls/port" ] ||
	exit 1
port=$(cat "$top/a/port")
other=$(cat "$top/b/port")
tls=$(cat "$top/tls/port")

contract wide <<'END'
name: wide
policy:
  version: "1.0"
  permissions:
    network:
      allow: [{host: localhost}, {host: 127.0.0.1}, {host: 169.254.169.254}, {host: 0.0.0.0},
        {host: 224.0.0.1}, {host: 255.255.255.255}, {host: rebound.example.com}]
http:
  - host: localhost
    scheme: http
    ports: [PORT]
    methods: [GET, POST, HEAD, PUT]
    paths: [/ok, /method, /headers, /slow, /a-while, /drip-head, /drip-body, /endless, /endless-chunks,
      /says-much, /many-headers, /long-header, /interim-flood, /bomb, /transfer-bomb, /two-lengths,
      /split, /nul-header, /http09, /nonsense, /cut, /close, /upgrade, /to-metadata, /to-loopback,
      /to-other, /to-file, /to-loop]
    request_bytes: 1000
    response: 100KiB
    allow_private: true
  - {host: 127.0.0.1, scheme: http, ports: [PORT], paths: [/ok], allow_private: true}
  - {host: localhost, ports: [TLS], paths: [/ok], allow_private: true}
  - {host: 169.254.169.254, scheme: http, ports: [80], allow_private: true}
  - {host: 0.0.0.0, scheme: http, ports: [PORT], allow_private: true}
  - {host: 224.0.0.1, scheme: http, ports: [PORT], allow_private: true}
  - {host: 255.255.255.255, scheme: http, ports: [PORT], allow_private: true}
rates: {calls_per_s: 10000, burst: 10000}
END

contract public <<'END'
name: public
policy:
  version: "1.0"
  permissions:
    network:
      allow: [{host: localhost}, {host: 127.0.0.1}, {host: 10.1.2.3}, {host: 172.16.0.1},
        {host: 192.168.0.1}, {host: 169.254.169.254}, {host: 169.254.1.1}, {host: 100.64.0.1},
        {host: 198.18.0.1}, {host: 0.0.0.0}, {host: 224.0.0.1}, {host: 240.0.0.1},
        {host: rebound.example.com}, {host: missing.invalid}]
http:
  - {host: localhost, scheme: http, ports: [PORT]}
  - {host: 127.0.0.1, scheme: http, ports: [PORT]}
  - {host: 10.1.2.3, scheme: http, ports: [80]}
  - {host: 172.16.0.1, scheme: http, ports: [80]}
  - {host: 192.168.0.1, scheme: http, ports: [80]}
  - {host: 169.254.169.254, scheme: http, ports: [80]}
  - {host: 169.254.1.1, scheme: http, ports: [80]}
  - {host: 100.64.0.1, scheme: http, ports: [80]}
  - {host: 198.18.0.1, scheme: http, ports: [80]}
  - {host: 0.0.0.0, scheme: http, ports: [80]}
  - {host: 224.0.0.1, scheme: http, ports: [80]}
  - {host: 240.0.0.1, scheme: http, ports: [80]}
  - {host: rebound.example.com, scheme: http, ports: [PORT]}
  - {host: missing.invalid}
rates: {calls_per_s: 10000, burst: 10000}
END

contract secrets <<'END'
name: secrets
policy:
  version: "1.0"
  permissions:
    network: {allow: [{host: localhost}, {host: 127.0.0.1}]}
http:
  - {host: localhost, scheme: http, ports: [PORT, OTHER], methods: [GET, POST], allow_private: true}
  - {host: 127.0.0.1, scheme: http, ports: [PORT], allow_private: true}
credentials:
  - {name: mine, header: Authorization, prefix: "Bearer ", endpoint: "http://localhost:PORT"}
rates: {calls_per_s: 10000, burst: 10000}
END

contract wrong-secrets <<'END'
name: wrong-secrets
policy:
  version: "1.0"
  permissions:
    network: {allow: [{host: localhost}]}
http:
  - {host: localhost, scheme: http, ports: [PORT, OTHER], allow_private: true}
credentials:
  - {name: mine, header: Authorization, endpoint: "http://localhost:OTHER"}
  - {name: nobodys, header: Authorization, endpoint: "http://localhost:PORT"}
rates: {calls_per_s: 10000, burst: 10000}
END

# ---- how a URL can be spelt -----------------------------------------------------------------------

url_cases()
{
	cases url wide <<'END'
"status":200	a plain URL is answered	{"url":"http://localhost:PORT/ok"}
"status":200	the case of a host does not count	{"url":"http://LocalHost:PORT/ok"}
"status":200	a query is passed on	{"url":"http://localhost:PORT/ok?a=b&c=../x"}
egress_request	a name before the host is refused	{"url":"http://user@localhost:PORT/ok"}
egress_request	a name and password are refused	{"url":"http://user:pass@localhost:PORT/ok"}
egress_request	an allowed host as a name is refused	{"url":"http://localhost:PORT@evil.example/ok"}
egress_request	a host behind a second at sign is refused	{"url":"http://a@localhost:PORT@evil.example/ok"}
egress_request	a backslash is refused	{"url":"http://localhost:PORT\\@evil.example/ok"}
egress_request	a backslash in the path is refused	{"url":"http://localhost:PORT/\\evil"}
egress_request	a decimal address is refused	{"url":"http://2130706433:PORT/ok"}
egress_request	a hexadecimal address is refused	{"url":"http://0x7f000001:PORT/ok"}
egress_request	an octal address is refused	{"url":"http://0177.0.0.1:PORT/ok"}
egress_request	a short address is refused	{"url":"http://127.1:PORT/ok"}
egress_request	an address of three numbers is refused	{"url":"http://127.0.1:PORT/ok"}
egress_request	hexadecimal numbers are refused	{"url":"http://0x7f.0.0.0x1:PORT/ok"}
egress_request\|egress_denied	an overflowing address is refused	{"url":"http://4294967297:PORT/ok"}
egress_request\|egress_denied	IPv6 loopback is refused	{"url":"http://[::1]:PORT/ok"}
egress_request\|egress_denied	an IPv4-mapped address is refused	{"url":"http://[::ffff:127.0.0.1]:PORT/ok"}
egress_request\|egress_denied	a mapped address in hexadecimal is refused	{"url":"http://[::ffff:7f00:1]:PORT/ok"}
egress_request\|egress_denied	NAT64 of loopback is refused	{"url":"http://[64:ff9b::7f00:1]:PORT/ok"}
egress_request\|egress_denied	a zone is refused	{"url":"http://[fe80::1%25lo]:PORT/ok"}
egress_request\|egress_denied	a dot behind the host is refused	{"url":"http://localhost.:PORT/ok"}
egress_request\|egress_denied	a dot behind an address is refused	{"url":"http://127.0.0.1.:PORT/ok"}
egress_request	an escape in the host is refused	{"url":"http://loc%61lhost:PORT/ok"}
egress_request	an escaped dot in the host is refused	{"url":"http://127%2e0.0.1:PORT/ok"}
egress_request	a full-width digit is refused	{"url":"http://１27.0.0.1:PORT/ok"}
egress_request	a circled letter is refused	{"url":"http://ⓛocalhost:PORT/ok"}
egress_request	a name in another script is refused	{"url":"http://lоcalhost:PORT/ok"}
egress_denied	punycode of another host is another host	{"url":"http://xn--lcalhost-5ef:PORT/ok"}
egress_request	a line feed in the URL is refused	{"url":"http://localhost:PORT/ok\n"}
egress_request	a request within the URL is refused	{"url":"http://localhost:PORT/ok HTTP/1.1\r\nHost: evil\r\n\r\n"}
egress_request	a tab in the host is refused	{"url":"http://local\thost:PORT/ok"}
egress_request	a fragment is refused	{"url":"http://localhost:PORT/ok#@evil.example/"}
egress_request	a fragment before the host is refused	{"url":"http://evil.example#@localhost:PORT/ok"}
egress_request	file: is refused	{"url":"file:///etc/passwd"}
egress_request	gopher: is refused	{"url":"gopher://localhost:PORT/_GET"}
egress_request	dict: is refused	{"url":"dict://localhost:PORT/info"}
egress_request	ftp: is refused	{"url":"ftp://localhost:PORT/ok"}
egress_request	ldap: is refused	{"url":"ldap://localhost:PORT/ok"}
egress_request	data: is refused	{"url":"data:text/plain,hello"}
egress_request	a URL without a scheme is refused	{"url":"localhost:PORT/ok"}
egress_request	a URL that begins with slashes is refused	{"url":"//localhost:PORT/ok"}
egress_request	one slash behind the scheme is refused	{"url":"http:/localhost:PORT/ok"}
egress_request	three slashes behind the scheme are refused	{"url":"http:///localhost:PORT/ok"}
egress_request	an empty URL is refused	{"url":""}
egress_request	a request without a URL is refused	{"method":"GET"}
egress_denied	another scheme is another port	{"url":"https://localhost:PORT/ok"}
egress_denied	another port is refused	{"url":"http://localhost:OTHER/ok"}
egress_denied	the default port is refused	{"url":"http://localhost/ok"}
egress_request	a port with a zero before it is refused	{"url":"http://localhost:0PORT/ok"}
egress_request	a port with a sign is refused	{"url":"http://localhost:+PORT/ok"}
egress_request	a port that is too large is refused	{"url":"http://localhost:99999/ok"}
egress_request	port zero is refused	{"url":"http://localhost:0/ok"}
egress_request\|egress_denied	an empty port is refused	{"url":"http://localhost:/ok"}
egress_denied	another path is refused	{"url":"http://localhost:PORT/forbidden"}
egress_denied	the case of a path counts	{"url":"http://localhost:PORT/OK"}
egress_denied	dot segments are refused	{"url":"http://localhost:PORT/forbidden/../ok"}
egress_denied	escaped dot segments are refused	{"url":"http://localhost:PORT/x/%2e%2e/ok"}
egress_denied	an escaped slash is refused	{"url":"http://localhost:PORT/ok%2f..%2fforbidden"}
egress_denied	two slashes are refused	{"url":"http://localhost:PORT//ok"}
egress_denied	a slash behind the path is another path	{"url":"http://localhost:PORT/ok/"}
egress_denied	an escaped letter is refused	{"url":"http://localhost:PORT/%6fk"}
egress_denied	an escaped zero is refused	{"url":"http://localhost:PORT/ok%00"}
egress_denied	a parameter of the path is another path	{"url":"http://localhost:PORT/ok;x=1"}
END
}

# ---- the rest of a request ------------------------------------------------------------------------

request_cases()
{
	local many long

	many=$(seq -f '"X-%g":"1"' 65 | paste -sd,)
	long=$(printf '%070000d' 0)
	cases request wide <<END
R0VUIDA=	GET has no body	{"method":"GET","url":"http://localhost:PORT/method"}
UE9TVCA1	POST carries its body	{"method":"POST","url":"http://localhost:PORT/method","body":"aGVsbG8="}
UE9TVCAw	POST without a body has a length	{"method":"POST","url":"http://localhost:PORT/method"}
"status":200,"headers":{[^}]*}}	HEAD has no body	{"method":"HEAD","url":"http://localhost:PORT/ok"}
"x-one":"1, 2","set-cookie":"a=1.nb=2","x-latin":"é"},"body":"ZmluZQD/"	headers and body come back as they were	{"url":"http://localhost:PORT/ok"}
egress_denied	another method is refused	{"method":"DELETE","url":"http://localhost:PORT/ok"}
egress_denied	the case of a method counts	{"method":"get","url":"http://localhost:PORT/ok"}
egress_denied	TRACE is refused	{"method":"TRACE","url":"http://localhost:PORT/ok"}
egress_denied	CONNECT is refused	{"method":"CONNECT","url":"http://localhost:PORT/ok"}
egress_request	a request within the method is refused	{"method":"GET /x HTTP/1.1\\r\\nA: b\\r\\n\\r\\nGET","url":"http://localhost:PORT/ok"}
egress_request	an empty method is refused	{"method":"","url":"http://localhost:PORT/ok"}
egress_request	a header within a header is refused	{"url":"http://localhost:PORT/ok","headers":{"X":"a\\r\\nHost: evil"}}
egress_request	a line feed in a header is refused	{"url":"http://localhost:PORT/ok","headers":{"X":"a\\nb"}}
json\|egress_request	a zero in a header is refused	{"url":"http://localhost:PORT/ok","headers":{"X":"a\\u0000b"}}
egress_request	a blank in a header's name is refused	{"url":"http://localhost:PORT/ok","headers":{"X Y":"a"}}
egress_request	a colon in a header's name is refused	{"url":"http://localhost:PORT/ok","headers":{"X:Y":"a"}}
egress_request	an empty name of a header is refused	{"url":"http://localhost:PORT/ok","headers":{"":"a"}}
egress_request	Host cannot be set	{"url":"http://localhost:PORT/ok","headers":{"Host":"evil"}}
egress_request	Content-Length cannot be set	{"url":"http://localhost:PORT/ok","headers":{"content-length":"5"}}
egress_request	Transfer-Encoding cannot be set	{"url":"http://localhost:PORT/ok","headers":{"Transfer-Encoding":"chunked"}}
egress_request	Connection cannot be set	{"url":"http://localhost:PORT/ok","headers":{"Connection":"close"}}
egress_request	Upgrade cannot be set	{"url":"http://localhost:PORT/ok","headers":{"Upgrade":"h2c"}}
egress_request	TE cannot be set	{"url":"http://localhost:PORT/ok","headers":{"TE":"trailers"}}
egress_request	Expect cannot be set	{"url":"http://localhost:PORT/ok","headers":{"Expect":"100-continue"}}
egress_request	Proxy-Authorization cannot be set	{"url":"http://localhost:PORT/ok","headers":{"Proxy-Authorization":"x"}}
limit_exceeded\|egress_request	too many headers are refused	{"url":"http://localhost:PORT/ok","headers":{$many}}
limit_exceeded	too long headers are refused	{"url":"http://localhost:PORT/ok","headers":{"X":"$long"}}
egress_request	a header that is no text is refused	{"url":"http://localhost:PORT/ok","headers":{"X":5}}
egress_request	a body that is no base64 is refused	{"method":"POST","url":"http://localhost:PORT/ok","body":"%%%"}
limit_exceeded	a body above the rule's limit is refused	{"method":"POST","url":"http://localhost:PORT/ok","body":"$(head -c 1002 /dev/zero | base64 -w 0)"}
egress_request	a key that is not known is refused	{"url":"http://localhost:PORT/ok","proxy":"http://evil.example"}
egress_request	a key that occurs twice is refused	{"url":"http://localhost:PORT/ok","url":"http://evil.example"}
egress_request	a list is no request	["http://localhost:PORT/ok"]
egress_request	what is no JSON is no request	GET / HTTP/1.1
egress_request	deep JSON is refused	{"url":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}
"status":200	after all that a request is answered	{"url":"http://localhost:PORT/ok"}
END
	holds "request: what was refused reached no server" \
		[ "$(grep -cvE ' /(ok|method)( |\?)' "$top/a/asked")" = 0 ]
}

# ---- addresses ------------------------------------------------------------------------------------

address_cases()
{
	cases address public <<'END'
address_denied	a name of loopback is not reached	{"url":"http://localhost:PORT/ok"}
address_denied	loopback is not reached	{"url":"http://127.0.0.1:PORT/ok"}
address_denied	10/8 is not reached	{"url":"http://10.1.2.3/ok"}
address_denied	172.16/12 is not reached	{"url":"http://172.16.0.1/ok"}
address_denied	192.168/16 is not reached	{"url":"http://192.168.0.1/ok"}
address_denied	the metadata service is not reached	{"url":"http://169.254.169.254/ok"}
address_denied	link-local is not reached	{"url":"http://169.254.1.1/ok"}
address_denied	what carriers share is not reached	{"url":"http://100.64.0.1/ok"}
address_denied	benchmarks are not reached	{"url":"http://198.18.0.1/ok"}
address_denied	the unspecified address is not reached	{"url":"http://0.0.0.0/ok"}
address_denied	multicast is not reached	{"url":"http://224.0.0.1/ok"}
address_denied	what is reserved is not reached	{"url":"http://240.0.0.1/ok"}
address_denied	a public name with a private address is not reached	{"url":"http://rebound.example.com:PORT/ok"}
upstream_failed	a name that is nobody's is said to be	{"url":"https://missing.invalid/ok"}
END
	cases granted wide <<'END'
"status":200	loopback is reached when that is granted	{"url":"http://127.0.0.1:PORT/ok"}
address_denied	the metadata service is not, whatever is granted	{"url":"http://169.254.169.254/ok"}
address_denied	nor the unspecified address	{"url":"http://0.0.0.0:PORT/ok"}
address_denied	nor multicast	{"url":"http://224.0.0.1:PORT/ok"}
address_denied	nor broadcast	{"url":"http://255.255.255.255:PORT/ok"}
upstream_failed	a certificate that nobody vouches for is refused	{"url":"https://localhost:TLS/ok"}
END
	# A connection that one grant has opened must not serve another that may not open it.
	cases kept public <<'END'
address_denied	a connection that is open is not lent to a narrower grant	{"url":"http://localhost:PORT/ok"}
END
}

# ---- redirects ------------------------------------------------------------------------------------

redirect_cases()
{
	local before

	before=$(wc -l <"$top/a/asked")
	cases redirect wide <<'END'
"status":302.*169.254	one to the metadata service is handed over, not followed	{"url":"http://localhost:PORT/to-metadata"}
"status":302	one to loopback is handed over	{"url":"http://localhost:PORT/to-loopback"}
"status":302	one to another path is handed over	{"url":"http://localhost:PORT/to-other"}
"status":302.*file:	one to a file is handed over	{"url":"http://localhost:PORT/to-file"}
"status":302	one to itself is handed over	{"url":"http://localhost:PORT/to-loop"}
egress_denied	whoever follows is checked	{"url":"http://localhost:PORT/forbidden"}
END
	holds "redirect: each was one request" [ $(($(wc -l <"$top/a/asked") - before)) = 5 ]
}

# ---- answers --------------------------------------------------------------------------------------

answer_cases()
{
	cases answer wide <<'END'
upstream_timeout	a server that is silent is given up	{"url":"http://localhost:PORT/slow"}
upstream_timeout	a head that drips is given up	{"url":"http://localhost:PORT/drip-head"}
upstream_timeout	a body that drips is given up	{"url":"http://localhost:PORT/drip-body"}
upstream_refused.*response_bytes	a body without end is cut off	{"url":"http://localhost:PORT/endless"}
upstream_refused.*response_bytes	chunks without end are cut off	{"url":"http://localhost:PORT/endless-chunks"}
upstream_refused	a body that says that it is huge is cut off	{"url":"http://localhost:PORT/says-much"}
upstream_refused	headers without end are cut off	{"url":"http://localhost:PORT/many-headers"}
upstream_refused\|upstream_failed	a header without end is cut off	{"url":"http://localhost:PORT/long-header"}
upstream_refused	interim answers without end are cut off	{"url":"http://localhost:PORT/interim-flood"}
"content-encoding":"gzip"	what is packed stays packed	{"url":"http://localhost:PORT/bomb"}
upstream_refused	what is packed for the way is bounded when unpacked	{"url":"http://localhost:PORT/transfer-bomb"}
upstream_\|"status":200	two lengths are no way to smuggle	{"url":"http://localhost:PORT/two-lengths"}
"status":200.*"body":"b2s="	bytes behind an answer are none of it	{"url":"http://localhost:PORT/split"}
"status":200.*"body":"ZmluZQD/"	nor of the next one	{"url":"http://localhost:PORT/ok"}
upstream_refused\|upstream_failed	a zero in a header is refused	{"url":"http://localhost:PORT/nul-header"}
upstream_refused\|upstream_failed	HTTP/0.9 is refused	{"url":"http://localhost:PORT/http09"}
upstream_refused\|upstream_failed	what is no HTTP is refused	{"url":"http://localhost:PORT/nonsense"}
upstream_failed	an answer that breaks off is none	{"url":"http://localhost:PORT/cut"}
upstream_failed	no answer is none	{"url":"http://localhost:PORT/close"}
upstream_	a change of protocol is refused	{"url":"http://localhost:PORT/upgrade"}
"status":200	after all that a request is answered	{"url":"http://localhost:PORT/ok"}
END
}

# ---- secrets --------------------------------------------------------------------------------------

# Usage: asked_with SERVER TEXT: the last request that it got.
last_asked()
{
	tail -n 1 "$top/$1/asked"
}

secret_cases()
{
	local place=$XDG_DATA_HOME/infrafabric pid leaks

	printf '%s\n' "$secret" | "$IFCTL" secret set mine --endpoint "http://localhost:$port" >"$top/said" ||
		not_ok "secrets: one can be set"
	cases secrets secrets <<'END'
"status":200	a request with a secret is answered	{"url":"http://localhost:PORT/ok"}
"status":200	the guest sees no header of it	{"url":"http://localhost:PORT/headers"}
secret_echoed	a body that repeats it is thrown away	{"url":"http://localhost:PORT/echo/plain"}
secret_echoed	a header that repeats it	{"url":"http://localhost:PORT/echo/header"}
secret_echoed\|"status":200,"headers":{},\?}\|"status":200,"headers":{}	a reason that repeats it is not handed out	{"url":"http://localhost:PORT/echo/status"}
secret_echoed	a cookie that repeats it	{"url":"http://localhost:PORT/echo/cookie"}
secret_echoed	a redirect that repeats it	{"url":"http://localhost:PORT/echo/redirect"}
secret_echoed	base64 of it	{"url":"http://localhost:PORT/echo/base64/0"}
secret_echoed	base64 of it, a byte later	{"url":"http://localhost:PORT/echo/base64/1"}
secret_echoed	base64 of it, two bytes later	{"url":"http://localhost:PORT/echo/base64/2"}
secret_echoed	base64 of URLs	{"url":"http://localhost:PORT/echo/base64url"}
secret_echoed	hexadecimal digits of it	{"url":"http://localhost:PORT/echo/hex"}
secret_echoed	escapes of URLs	{"url":"http://localhost:PORT/echo/percent"}
secret_echoed	escapes of JSON	{"url":"http://localhost:PORT/echo/json"}
upstream_refused	what is packed cannot be looked through	{"url":"http://localhost:PORT/echo/gzip"}
egress_request	the guest cannot set the header of a secret	{"url":"http://localhost:PORT/ok","headers":{"authorization":"x"}}
egress_request	nor ask for parts of an answer	{"url":"http://localhost:PORT/ok","headers":{"Range":"bytes=0-3"}}
"status":200	the same server on another port	{"url":"http://localhost:OTHER/ok"}
"status":200	the same server by another name	{"url":"http://127.0.0.1:PORT/ok"}
END
	holds "secrets: it went where it belongs" grep -qF "Bearer $secret" "$top/a/asked"
	holds "secrets: it went to no other port" eval '! grep -qF "$secret" "$top/b/asked"'
	holds "secrets: it went to no other name" \
		eval '[[ $(last_asked a) == *"host=127.0.0.1:$port auths=1 -" ]]'
	cases wrong wrong-secrets <<'END'
egress_denied	a contract cannot send a secret elsewhere	{"url":"http://localhost:OTHER/ok"}
secret_unknown	a secret that is nobody's is said to be	{"url":"http://localhost:PORT/ok"}
END
	# Whoever can write to the store cannot send a secret elsewhere.
	cp "$place/secrets.json" "$top/kept.json"
	sed -i "s/localhost:$port/localhost:$other/" "$place/secrets.json"
	cases moved wrong-secrets <<'END'
secret_store	a secret whose place was exchanged in the file is not opened	{"url":"http://localhost:OTHER/ok"}
END
	cp "$top/kept.json" "$place/secrets.json"
	chmod 644 "$place/secret.key"
	cases key secrets <<'END'
secret_store	a key that others may read is not used	{"url":"http://localhost:PORT/ok"}
END
	chmod 600 "$place/secret.key"
	printf 'another-secret-value' | "$IFCTL" secret set mine --endpoint "http://localhost:$port" >/dev/null
	cases renewed secrets <<'END'
"status":200	a secret that is set again holds from the next request on	{"url":"http://localhost:PORT/ok"}
END
	holds "secrets: the new one was sent" grep -qF "Bearer another-secret-value" "$top/a/asked"
	pid=$proxy
	holds "secrets: no core file" grep -q 'Max core file size  *0  *0 ' "/proc/$pid/limits"
	holds "secrets: no new rights" grep -q 'NoNewPrivs:.*1' "/proc/$pid/status"
	printf '%s\n' "$secret" another-secret-value >"$top/wanted"
	holds "secrets: not in a command line or an environment" eval \
		'! cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -aqF -f "$top/wanted"'
	leaks=$(grep -rlaF -f "$top/wanted" "$XDG_DATA_HOME" "$top/notes" \
		"$top/proxy.log" "$top"/*.replies "$top/said" 2>/dev/null)
	holds "secrets: in no file, record, log or reply" [ -z "$leaks" ]
	holds "secrets: the list names it and does not show it" eval \
		'"$IFCTL" secret list | grep -q "^mine  *http://localhost:$port"'
	"$IFCTL" secret rm mine >/dev/null
	cases removed secrets <<'END'
secret_unknown	one that was taken away is not sent any more	{"url":"http://localhost:PORT/ok"}
END
	holds "secrets: a short one is refused" eval '! echo short | "$IFCTL" secret set s --endpoint https://a.example 2>/dev/null'
	holds "secrets: one of two lines is refused" eval \
		'! printf "long-enough\nX-Evil: 1" | "$IFCTL" secret set s --endpoint https://a.example 2>/dev/null'
	holds "secrets: a place that is none is refused" eval \
		'! echo long-enough | "$IFCTL" secret set s --endpoint https://user@a.example/path 2>/dev/null'
}

# ---- the port for programs ------------------------------------------------------------------------

port_cases()
{
	local said=$top/port.said

	# shellcheck disable=SC2016 # for the worker's shell
	"$IFCTL" proxy --contract "$top/wide.yaml" --swarm mallory --task T-2 -- bash -c '
		plain=http://localhost:'"$port"'
		say() { echo "$1: $(curl -s -o /dev/null -w "%{http_code}" "${@:2}")"; }
		say answered "$plain/ok"
		say post -X POST -d hello "$plain/method"
		say path "$plain/forbidden"
		say method -X DELETE "$plain/ok"
		say host http://evil.example/
		say nobody --proxy "http://127.0.0.1:${http_proxy##*:}" "$plain/ok"
		say wrong --proxy "http://if:00@127.0.0.1:${http_proxy##*:}" "$plain/ok"
		say hop -H "Connection: X-A" -H "Keep-Alive: 1" "$plain/ok"
		curl -s -o /dev/null -w "tunnel: %{http_connect}\n" https://localhost:'"$tls"'/ok
		auth=$(printf %s "${http_proxy#http://}" | sed "s/@.*//" | tr -d "\n" | base64 -w 0)
		raw() { printf "$2" | timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/${http_proxy##*:}; cat >&3; head -n 1 <&3" | sed "s/^/$1: /"; }
		head="Host: x\r\nProxy-Authorization: Basic $auth\r\n"
		raw https "GET https://localhost:'"$tls"'/ok HTTP/1.1\r\n$head\r\n"
		raw origin "GET /ok HTTP/1.1\r\n$head\r\n"
		raw both "POST $plain/ok HTTP/1.1\r\n${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		raw twice "POST $plain/ok HTTP/1.1\r\n${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"
		raw folded "GET $plain/ok HTTP/1.1\r\n${head}X: a\r\n b\r\n\r\n"
		raw userinfo "GET http://a@localhost:'"$port"'/ok HTTP/1.1\r\n$head\r\n"
		raw mismatch "GET $plain/ok HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: Basic $auth\r\n\r\n"
		exit 7' >"$said" 2>"$top/port.errors"
	holds "port: the command's exit code is handed on" [ $? = 7 ]
	while IFS=$'\t' read -r expected name; do
		holds "port: $name" grep -q -- "^$expected" "$said"
	done <<-'END'
		answered: 200	a request that is granted is answered
		post: 200	a body is passed on
		path: 403	another path is refused
		method: 403	another method is refused
		host: 403	another host is refused
		nobody: 407	who has no password is refused
		wrong: 407	who has a wrong password is refused
		hop: 200	headers of one hop end at the proxy
		tunnel: 405	a tunnel is refused
		https: HTTP/1.1 502	the proxy speaks TLS for https, and looks at the certificate
		origin: HTTP/1.1 400	a path alone is no URL
		both: HTTP/1.1 400	two ways to say where a body ends are refused
		twice: HTTP/1.1 400	two lengths are refused
		folded: HTTP/1.1 400	a folded header is refused
		userinfo: HTTP/1.1 400	a name before the host is refused
		mismatch: HTTP/1.1 200	the URL says which server, whatever Host says
	END
	holds "port: the server saw the host of the URL" eval '[[ $(last_asked a) == *"host=localhost:$port "* ]]'
	[ "$failed" = 0 ] || cat "$said" "$top/port.errors"
}

# ---- rates ----------------------------------------------------------------------------------------

rate_cases()
{
	local begun took

	contract slow <<-'END'
		name: slow
		policy:
		  version: "1.0"
		  permissions:
		    network: {allow: [{host: localhost}]}
		http:
		  - {host: localhost, scheme: http, ports: [PORT], allow_private: true}
		rates: {calls_per_s: 10, burst: 5}
	END
	begun=$(date +%s%N)
	yes "{\"url\":\"http://localhost:$port/ok\"}" | head -n 15 |
		"$guest" "$socket" "$top/slow.yaml" slow >"$top/rate.replies"
	took=$((($(date +%s%N) - begun) / 1000000))
	holds "rate: 15 calls with 5 at once and 10 a second take a second" [ "$took" -ge 950 ]
	holds "rate: all of them were answered" [ "$(grep -c '"status":200' "$top/rate.replies")" = 15 ]
	begun=$(date +%s%N)
	yes '{"url":"http://evil.example/"}' | head -n 15 |
		"$guest" "$socket" "$top/slow.yaml" slow-too >"$top/rate.replies"
	took=$((($(date +%s%N) - begun) / 1000000))
	holds "rate: what is refused costs as much" [ "$took" -ge 950 ]
	# A swarm that comes again finds its bucket as it left it.
	begun=$(date +%s%N)
	for _ in 1 2 3 4 5 6 7 8; do
		echo "{\"url\":\"http://localhost:$port/ok\"}" | "$guest" "$socket" "$top/slow.yaml" slow-again
	done >"$top/rate.replies"
	took=$((($(date +%s%N) - begun) / 1000000))
	holds "rate: a new grant does not fill the swarm's bucket" [ "$took" -ge 250 ]
	echo "{\"url\":\"http://localhost:$port/busy\"}" | "$guest" "$socket" "$top/slow.yaml" busy >/dev/null
	begun=$(date +%s%N)
	echo "{\"url\":\"http://localhost:$port/ok\"}" | "$guest" "$socket" "$top/slow.yaml" other >"$top/rate.replies"
	took=$((($(date +%s%N) - begun) / 1000000))
	holds "rate: a server that says 429 is left in peace" [ "$took" -ge 900 ]
	holds "rate: and asked again after that" grep -q '"status":200' "$top/rate.replies"
	echo "{\"url\":\"http://localhost:$port/busy-long\"}" | "$guest" "$socket" "$top/slow.yaml" busy >/dev/null
	echo "{\"url\":\"http://localhost:$port/ok\"}" | "$guest" "$socket" "$top/slow.yaml" other >"$top/rate.replies"
	holds "rate: who would wait too long is told how long" grep -q 'rate_limited.*"retry_after_ms":[0-9]\{5\}' "$top/rate.replies"
}

# ---- the socket -----------------------------------------------------------------------------------

socket_cases()
{
	local talk open

	talk='
import socket, struct, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); return s
def get(s):
    try:
        head = s.recv(4, socket.MSG_WAITALL)
        return s.recv(struct.unpack("<I", head)[0], socket.MSG_WAITALL).decode() if len(head) == 4 else "gone"
    except OSError as e: return "gone"
def send(s, text, n=None): s.sendall(struct.pack("<I", len(text) if n is None else n) + text)
for name, text, n in [("no JSON", b"hello", None), ("no contract", b"{\"swarm\":\"a\"}", None),
    ("no swarm", b"{\"contract\":\"AAAA\"}", None), ("nonsense as a contract", b"{\"swarm\":\"a\",\"contract\":\"AAAA\"}", None),
    ("a key that is not known", b"{\"swarm\":\"a\",\"admin\":true}", None), ("a length without end", b"", 0xffffffff)]:
    s = connect(); send(s, text, n); print(name + ":", get(s), get(s))
many = [connect() for _ in range(200)]
print("many: connected")
half = connect(); half.sendall(b"\x10\x00"); half.close()
'
	python3 -c "$talk" "$socket" >"$top/socket.said"
	for name in 'no JSON' 'no contract' 'no swarm' 'nonsense as a contract' 'a key that is not known'; do
		holds "socket: a grant with $name is refused, and the connection ended" \
			grep -q "^$name: .*egress_grant.* gone$" "$top/socket.said"
	done
	holds "socket: a message without end is refused" grep -q '^a length without end: .*limit_exceeded.* gone$' "$top/socket.said"
	holds "socket: others are served all the same" eval \
		'echo "{\"url\":\"http://localhost:$port/ok\"}" | "$guest" "$socket" "$top/wide.yaml" a | grep -q "\"status\":200"'
	yes "{\"url\":\"http://localhost:$port/many\"}" | head -n 500 |
		GUEST_BURST=1 "$guest" "$socket" "$top/wide.yaml" mallory >"$top/burst.replies"
	holds "socket: who asks before it has read its replies gets them in the end" \
		[ "$(grep -c egress_denied "$top/burst.replies")" = 500 ]
	holds "socket: it is its owner's alone" [ "$(stat -c %a "$socket")" = 600 ]
	if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && [ -x /usr/bin/python3 ]; then
		# By a way that is open to all, up to the socket itself.
		open=$(mktemp -d /tmp/ifo.XXXXXX)
		chmod 755 "$open"
		ln "$socket" "$open/p.sock"
		chmod 666 "$open/p.sock"
		holds "socket: a stranger who gets that far is turned away" eval \
			'[ "$(setpriv --reuid 65534 --clear-groups /usr/bin/python3 -c "
import socket,sys
s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(len(s.recv(1)))" "$open/p.sock")" = 0 ]'
		rm -r "$open"
	else
		echo "skip - socket: a stranger who gets that far is turned away: only root can be one, with setpriv and Debian's python3"
	fi
}

# ---- the coordinator ------------------------------------------------------------------------------

# One that knows three tokens, and takes every record but the first.
daemon_cases()
{
	local stub reply

	stub='
import http.server, json, os, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tries = 0
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = 200, {}
        if self.path == "/v1/credentials/check":
            good = {"token": "good", "endpoint": sys.argv[3], "swarm": "mallory", "board": "demo", "task": "T-1", "fence": 7}
            if body != good:
                status, answer = 401, {"code": "fence_stale" if body["token"] == "stale" else "no_such_code", "detail": "not this one"}
        else:
            Handler.tries += 1
            status = 503 if Handler.tries == 1 else 200
            with open(sys.argv[2], "a") as out: out.write(json.dumps([status, self.path, body]) + "\n")
        text = json.dumps(answer).encode()
        self.send_response(status); self.send_header("Content-Length", str(len(text))); self.end_headers(); self.wfile.write(text)
    def log_message(self, *args): pass
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    def get_request(self):
        conn, _ = self.socket.accept(); return conn, ("unix", 0)
Server(sys.argv[1], Handler).serve_forever()
'
	python3 -c "$stub" "$top/d.sock" "$top/told" "http://localhost:$port" &
	within 20 [ -S "$top/d.sock" ]
	printf 'one more secret value' | "$IFCTL" secret set mine --endpoint "http://localhost:$port" >/dev/null
	export GUEST_DAEMON=$top/d.sock
	GUEST_TOKEN=good cases daemon secrets <<-'END'
		"status":200	a token that holds lets a secret out	{"url":"http://localhost:PORT/ok"}
		"status":200	what needs no secret needs no token	{"url":"http://localhost:OTHER/ok"}
	END
	before=$(grep -c 'one more secret' "$top/a/asked")
	GUEST_TOKEN=stale cases stale secrets <<-'END'
		fence_stale.*not this one	one of a claim that is over does not	{"url":"http://localhost:PORT/ok"}
	END
	GUEST_TOKEN=forged cases forged secrets <<-'END'
		egress_denied.*not this one	nor does one that is nobody's	{"url":"http://localhost:PORT/ok"}
	END
	holds "daemon: the secret stayed" [ "$(grep -c 'one more secret' "$top/a/asked")" = "$before" ]
	holds "daemon: each request is on record there, one that failed is told again" within 20 eval \
		'[ "$(grep -c "^\[200, ./v1/swarms/mallory/requests" "$top/told")" = 4 ]'
	holds "daemon: with whose it was and what became of it" python3 -c '
import json, sys
rows = [json.loads(line)[2] for line in open(sys.argv[1])][1:]
assert all(r["task"] == "T-1" and r["board"] == "demo" and r["path"] == "/ok" and r["method"] == "GET" for r in rows), rows
assert [r["status"] for r in rows] == [200, 200, 0, 0] and rows[0]["rule"] == "0" and rows[2]["rule"] == "fence_stale", rows' "$top/told"
	GUEST_DAEMON=$top/nobody.sock GUEST_TOKEN=good cases away secrets <<-'END'
		daemon_unreachable	a token that cannot be checked does not hold	{"url":"http://localhost:PORT/ok"}
	END
	unset GUEST_DAEMON
	reply=$(GUEST_TOKEN=good "$guest" "$socket" "$top/secrets.yaml" mallory </dev/null)
	holds "daemon: a token that nobody can check is no grant" grep -q egress_grant <<<"$reply"
}

# ---- the record -----------------------------------------------------------------------------------

record_cases()
{
	holds "record: each line is JSON" python3 -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert all(r["swarm"] and r["result"] and r["at"] for r in rows)
assert any(r["result"] == "answered" and r["status"] == 200 and r["task"] == "T-1" and r["fence"] == 7 and r["address"] == "127.0.0.1" for r in rows)
assert any(r["result"] == "egress_denied" for r in rows) and any(r["result"] == "egress_request" for r in rows)
assert any(r["result"] == "address_denied" for r in rows) and any(r.get("secrets") == "mine" for r in rows)
assert not any("?" in r.get("path", "") for r in rows)' "$top/notes"
	holds "record: its file is its owner's alone" [ "$(stat -c %a "$top/notes")" = 600 ]
	if [ -e /dev/full ]; then
		stop_proxy
		ln -sf /dev/full "$top/full"
		start_proxy --notes /dev/full
		cases full wide <<-'END'
			storage_full	an answer that could not be recorded is kept back	{"url":"http://localhost:PORT/ok"}
			storage_full	and nothing more is asked	{"url":"http://localhost:PORT/ok"}
		END
	fi
}

groups=${1:-url request address redirect answer secret port socket daemon rate record}
start_proxy --resolve "rebound.example.com:$port:203.0.113.9,127.0.0.1"
for group in $groups; do
	"${group}_cases"
done
stop_proxy || not_ok "the proxy ended well"
grep -a 'Sanitizer\|a bug:' "$top/proxy.log" && not_ok "the proxy has no fault"
exit "$failed"
