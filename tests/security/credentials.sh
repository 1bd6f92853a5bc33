#!/usr/bin/env bash
#
# Credentials: each way to use one that is not one's own, or no longer, and the same tokens read by an
# implementation that is not ours (npm's jose).
set -u

dir=$(mktemp -d)
export IF_SOCKET=$dir/if.sock
daemons=
# shellcheck disable=SC2086 # a word for each
trap 'kill $daemons 2>/dev/null; wait; rm -rf "$dir"' EXIT

result()
{
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
	fi
}

# Usage: start NAME: a daemon of its own, with a key of its own.
start()
{
	"$IF_COORDINATOR" --ledger "$dir/$1.db" --socket "$dir/$1.sock" --log-level debug \
		2>>"$dir/$1.log" &
	daemons="$daemons $!"
	for _ in $(seq 100); do
		IF_SOCKET=$dir/$1.sock "$IFCTL" coordinator health >/dev/null 2>&1 && return
		sleep 0.1
	done
	cat "$dir/$1.log"
}

# Usage: member NAME: of the JSON on stdin.
member()
{
	python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value.get(name, "")
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# Usage: post PATH JSON [HEADER]
post()
{
	curl -s --unix-socket "$IF_SOCKET" -H 'Content-Type: application/json' \
		${3:+-H "$3"} -d "$2" "http://localhost$1"
}

# Usage: check TOKEN ENDPOINT [MORE]: the code of a refusal, or "ok".
check()
{
	local answer
	answer=$(post /v1/credentials/check "{\"token\":$(printf %s "$1" |
		python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))'),\"endpoint\":\"$2\"${3:+,$3}}")
	case $answer in
	*'"active":true'*) echo ok ;;
	*) echo "$answer" | member code ;;
	esac
}

# Usage: expect CODE NAME TOKEN ENDPOINT [MORE]
expect()
{
	local found
	found=$(check "$3" "$4" "${5:-}")
	[ "$found" = "$1" ] || echo "# expected $1, found $found"
	result "$([ "$found" = "$1" ]; echo $?)" "$2"
}

# Prints the token, changed: usage change HOW TOKEN [PUBLIC-KEY-X]
change()
{
	python3 - "$@" <<'PYTHON'
import base64, hashlib, hmac, json, sys

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def un64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

how, token = sys.argv[1], sys.argv[2]
head, body, signature = token.split(".")
header, claims = json.loads(un64(head)), json.loads(un64(body))

def joined(header, claims, sign):
    part = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    return part + "." + sign(part)

if how == "none":
    print(joined(dict(header, alg="none"), claims, lambda part: ""))
elif how == "none-signed":
    print(joined(dict(header, alg="none"), claims, lambda part: signature))
elif how == "hs256":
    key = un64(sys.argv[3])
    print(joined(dict(header, alg="HS256"), claims,
                 lambda part: b64(hmac.new(key, part.encode(), hashlib.sha256).digest())))
elif how == "kid":
    print(joined(dict(header, kid="nobody"), claims, lambda part: signature))
elif how == "jwk":
    print(joined(dict(header, jwk={"kty": "OKP", "crv": "Ed25519", "x": sys.argv[3]}), claims,
                 lambda part: signature))
elif how == "typ":
    print(joined(dict(header, typ="JWT"), claims, lambda part: signature))
elif how == "later":
    print(head + "." + b64(json.dumps(dict(claims, exp=claims["exp"] + 86400)).encode()) + "." +
          signature)
elif how == "swarm":
    print(head + "." + b64(un64(body).replace(b"alice", b"mallory")) + "." + signature)
elif how == "flip":
    data = bytearray(un64(signature))
    data[int(sys.argv[3])] ^= 1
    print(head + "." + body + "." + b64(bytes(data)))
elif how == "order":
    # S + L: the same signature in other numbers.
    order = 2**252 + 27742317777372353535851937790883648493
    data = un64(signature)
    s = int.from_bytes(data[32:], "little") + order
    print(head + "." + body + "." + b64(data[:32] + s.to_bytes(32, "little")))
elif how == "loose":
    # Bits behind the last byte, which a lenient reader does not look at.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    print(head + "." + body + "." + signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1])
elif how == "short":
    print(head + "." + body + "." + b64(un64(signature)[:-1]))
PYTHON
}

start if
start other
api=https://api.example.com
cat >"$dir/contract.yaml" <<'YAML'
name: reader
policy:
  version: "1.0"
  permissions: {network: {allow: [{host: api.example.com}]}}
credentials:
  - {name: api, header: Authorization, endpoint: "https://api.example.com"}
YAML

for socket in if other; do
	export IF_SOCKET=$dir/$socket.sock
	{
		"$IFCTL" chassis load reader --contract "$dir/contract.yaml"
		"$IFCTL" swarm register alice --contract reader --slots 9
		"$IFCTL" swarm register bob
		"$IFCTL" board create b
		for task in T1 T2 T3; do
			"$IFCTL" task add "$task" --board b
		done
	} >/dev/null
	post /v1/boards/b/tasks/T1/claim '{"swarm":"alice"}' 'Idempotency-Key: claim-1' >"$dir/$socket.claim"
done
export IF_SOCKET=$dir/if.sock
token=$(member token <"$dir/if.claim")
foreign=$(member token <"$dir/other.claim")
id=$(member credential <"$dir/if.claim")
fence=$(member fence <"$dir/if.claim")
x=$("$IFCTL" chassis credential-keys --json | member keys.0.x)

expect ok 'a token is good for its endpoint' "$token" "$api"
expect ok 'and for its task, swarm and claim' "$token" "$api" \
	"\"task\":\"T1\",\"board\":\"b\",\"swarm\":\"alice\",\"fence\":$fence"
again=$(post /v1/boards/b/tasks/T1/claim '{"swarm":"alice"}' 'Idempotency-Key: claim-1' | member token)
result "$([ "$again" = "$token" ]; echo $?)" 'whoever asks again with the same key gets the same token'

expect credential_scope 'not for another endpoint' "$token" https://evil.example.com
expect credential_scope 'not for a part of one' "$token" https://api.example.co
expect credential_scope 'not for one of which it is a part' "$token" https://api.example.com:8443
expect credential_scope 'not for another task' "$token" "$api" '"task":"T2","board":"b"'
expect credential_scope 'not for a task of the same name elsewhere' "$token" "$api" '"task":"T1","board":"c"'
expect credential_scope 'not for another swarm' "$token" "$api" '"swarm":"bob"'
expect credential_scope 'not for another claim' "$token" "$api" '"fence":1'
for how in none none-signed kid typ later swarm loose short order; do
	expect credential_invalid "not when it is changed: $how" "$(change $how "$token")" "$api"
done
for how in hs256 jwk; do
	expect credential_invalid "not when it is changed: $how" "$(change $how "$token" "$x")" "$api"
done
for byte in 0 31 32 63; do
	expect credential_invalid "not with bit 0 of byte $byte of the signature flipped" \
		"$(change flip "$token" $byte)" "$api"
done
expect credential_invalid 'not with something behind it' "$token." "$api"
expect credential_invalid 'not with a fourth part' "$token.$token" "$api"
expect credential_invalid 'not with a blank behind it' "$token " "$api"
expect credential_invalid 'not with the end of a line behind it' "$token
" "$api"
expect credential_invalid 'not with padding' "$token==" "$api"
expect credential_invalid 'not cut off' "${token%.*}." "$api"
expect credential_invalid 'not a token without claims' "${token%%.*}..${token##*.}" "$api"
expect credential_invalid 'not points alone' '..' "$api"
expect credential_invalid 'not a token that another fabric has signed' "$foreign" "$api"

# The same key beside another ledger: its numbers may mean something else there.
other=${daemons##* }
kill "$other"
wait "$other" 2>/dev/null
daemons=${daemons% *}
cp "$dir/if.db-key" "$dir/other.db-key"
start other
post /v1/boards/b/tasks/T2/claim '{"swarm":"alice"}' >"$dir/if.claim2"
second=$(member token <"$dir/if.claim2")
found=$(IF_SOCKET=$dir/other.sock check "$second" "$api")
case $found in
credential_invalid | credential_expired) result 0 'a ledger knows nothing of what another has minted' ;;
*) result 1 "a ledger knows nothing of what another has minted: $found" ;;
esac

# Its time, its end.
short=$("$IFCTL" chassis credentials alice --board b --task T1 --ttl 1s --endpoint "$api" --json | member token)
sleep 2
expect credential_expired 'one for a second is over after it' "$short" "$api"
"$IFCTL" chassis credential-revoke "$id" --reason 'a test' >/dev/null
expect credential_revoked 'one that was revoked is not good' "$token" "$api"
"$IFCTL" task release T2 --board b --fence "$(member fence <"$dir/if.claim2")" >/dev/null
expect credential_expired 'one whose claim is over is not good' "$second" "$api"
third=$(post /v1/boards/b/tasks/T2/claim '{"swarm":"alice"}')
expect credential_expired 'nor when the same swarm has claimed the task again' "$second" "$api"
expect ok 'the new claim has its own' "$(echo "$third" | member token)" "$api"
refused=$("$IFCTL" chassis credentials bob --board b --task T2 --endpoint "$api" --json | member code)
result "$([ "$refused" = task_not_claimed ]; echo $?)" 'nobody gets one for what another holds'
refused=$("$IFCTL" chassis credentials alice --board b --task T2 --endpoint https://evil.example.com \
	--json | member code)
result "$([ "$refused" = credential_scope ]; echo $?)" 'nor for what the contract has no secret for'

# A payload that looks like an answer is given back as it is.
post /v1/boards/b/tasks "{\"task\":\"T9\",\"payload\":{\"credential\":\"$id\"},\"title\":\"{\\\"credential\\\":\\\"$id\\\"\"}" >/dev/null
found=$(post /v1/boards/b/tasks/T9/claim '{"swarm":"bob"}')
case $found in
*'"token"'*) result 1 'a payload that names a credential gets no token' ;;
*) result 0 'a payload that names a credential gets no token' ;;
esac

# Where it is written.
grep -qF "${token##*.}" "$dir"/*.db* "$dir"/*.log
result $((1 - $?)) 'no token is in the ledger or in the log'
"$IFCTL" witness export | grep -q eyJ
result $((1 - $?)) 'no token is in an event'
result "$([ "$(stat -c %a "$dir/if.db-key")" = 600 ]; echo $?)" 'the key is for its owner alone'
# shellcheck disable=SC2086 # a word for each
kill $daemons
wait
daemons=
chmod 644 "$dir/if.db-key"
"$IF_COORDINATOR" --ledger "$dir/if.db" --socket "$dir/x.sock" 2>"$dir/refused" && started=0 || started=1
result "$([ "$started" = 1 ] && grep -q 'can be read by others' "$dir/refused"; echo $?)" \
	'a key that others can read is not used'
chmod 600 "$dir/if.db-key"
echo 'not a key' >"$dir/if.db-key"
"$IF_COORDINATOR" --ledger "$dir/if.db" --socket "$dir/x.sock" 2>"$dir/refused" && started=0 || started=1
result "$([ "$started" = 1 ] && grep -q 'holds no key' "$dir/refused"; echo $?)" 'nor one that is none'

# ---- read by others ----
if ! command -v node >/dev/null || [ ! -d "${IF_NPM:-/nowhere}/node_modules/jose" ]; then
	echo 'skip - jose: node, npm or its registry is missing'
	exit 0
fi
start third
export IF_SOCKET=$dir/third.sock
{
	"$IFCTL" swarm register alice
	"$IFCTL" board create b
	"$IFCTL" task add T1 --board b
	"$IFCTL" task claim T1 --board b --swarm alice
} >/dev/null
"$IFCTL" chassis credential-keys --json >"$dir/keys.json"
"$IFCTL" chassis credentials alice --board b --task T1 --ttl 60s --endpoint "$api" --json |
	member token >"$dir/one"
"$IFCTL" chassis credentials alice --board b --task T1 --ttl 60s --endpoint "$api" \
	--endpoint https://two.example.com:8443 --json | member token >"$dir/two"
cat >"$dir/verify.mjs" <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
const [npm, dir] = process.argv.slice(2);
const at = createRequire(npm + '/').resolve('jose');
const jose = await import(pathToFileURL(at));
const keys = JSON.parse(readFileSync(dir + '/keys.json'));
const read = name => readFileSync(dir + '/' + name, 'utf8').trim();
const set = jose.createLocalJWKSet(keys);
const options = { algorithms: ['EdDSA'], typ: 'at+jwt', audience: 'https://api.example.com' };
const say = (right, name) => console.log((right ? 'ok - ' : 'not ok - ') + 'jose: ' + name);
const refused = async (token, more) => {
	try { await jose.jwtVerify(token, set, { ...options, ...more }); return false; }
	catch { return true; }
};

const kid = keys.keys[0].kid;
say(await jose.calculateJwkThumbprint(keys.keys[0]) === kid, 'the key is named by its thumbprint');
for (const name of ['one', 'two']) {
	const { payload, protectedHeader } = await jose.jwtVerify(read(name), set,
		{ ...options, issuer: 'urn:infrafabric:' + kid, subject: 'alice',
		  requiredClaims: ['iss', 'sub', 'aud', 'client_id', 'exp', 'iat', 'jti', 'scope'] });
	say(protectedHeader.kid === kid && payload.client_id === 'alice' &&
	    payload.scope.startsWith('task:b/T1 fence:') && payload.exp - payload.iat <= 60 &&
	    payload.exp > payload.iat, name + ' endpoint(s): it verifies, and says what it should');
}
say(await refused(read('one'), { audience: 'https://evil.example.com' }), 'another audience is refused');
/* Not its end: the last byte of a signature is below 16, so that it may be nothing as it is. */
const [head, body, signature] = read('one').split('.');
const other = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
say(await refused([head, body, other].join('.')), 'another signature is refused');
say(await refused(read('one'), { currentDate: new Date(Date.now() + 61000) }), 'it is over after its time');
const { privateKey } = await jose.generateKeyPair('EdDSA', { crv: 'Ed25519' });
const forged = await new jose.SignJWT(jose.decodeJwt(read('one')))
	.setProtectedHeader(jose.decodeProtectedHeader(read('one'))).sign(privateKey);
console.log('forged ' + forged);
JAVASCRIPT
node "$dir/verify.mjs" "$IF_NPM" "$dir" >"$dir/said" 2>&1 || echo "not ok - jose: it runs"
grep -v '^forged ' "$dir/said"
expect credential_invalid 'one that jose has signed with another key is not good' \
	"$(sed -n 's/^forged //p' "$dir/said")" "$api"
