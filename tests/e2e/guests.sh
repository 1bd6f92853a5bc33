#!/bin/sh
#
# guests - the examples run, in whatever language there is a compiler for.
set -u

if [ ! -x "$IF_CHASSIS" ]; then
	echo "skip - guests: the sandbox is not built on this machine"
	exit 0
fi
failed=0

# Usage: gives NAME FILE INPUT RESULT
gives()
{
	result=$("$IF_HELPERS/e2e/guest" "$2" "$3" 2>"$TMPDIR/said")
	if [ "$result" = "$4" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $result"
		cat "$TMPDIR/said"
		failed=1
	fi
}

gives "a guest written by hand" "$IF_GUESTS/echo.wasm" '{"a":1}' '{"a":1}'
gives "a guest in C, alone" "$IF_GUESTS/count.wasm" 'one two' '{"lines":0,"words":2,"bytes":7}'
gives "a guest in C, with a library" "$IF_GUESTS/sum.wasm" '1 2.5' '{"sum":3.5,"count":2}'

# A compiler of Rust may come without its library for guests.
for rustc in rustc /usr/bin/rustc; do
	library=$($rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) || continue
	if [ -d "$library" ]; then
		found=$rustc
		break
	fi
done
if [ -n "${found:-}" ]; then
	$found --target wasm32-unknown-unknown -O --crate-type cdylib -o "$TMPDIR/greet.wasm" \
		examples/guests/greet.rs || failed=1
	gives "a guest in Rust" "$TMPDIR/greet.wasm" 'Ann' '{"greeting":"Hello, Ann!"}'
	printf 'fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); %s }' \
		'println!("{{\"read\":{}}}", s.len());' >"$TMPDIR/main.rs"
	wasi=$($found --print target-list | grep -xE 'wasm32-wasip1|wasm32-wasi' | tail -n 1)
	if $found --target "$wasi" -O -o "$TMPDIR/main.wasm" "$TMPDIR/main.rs" 2>"$TMPDIR/said"; then
		gives "a program in Rust" "$TMPDIR/main.wasm" 'Ann' '{"read":3}'
	else
		echo "skip - a program in Rust: there is no library for $wasi"
	fi
else
	echo "skip - a guest in Rust: no rustc here has a library for wasm32-unknown-unknown"
fi

# What scripts/setup keeps, or one that is installed.
PATH=${IF_NPM:-/nowhere}/node_modules/.bin:$PATH
if command -v asc >/dev/null; then
	asc examples/guests/shout.ts -O -o "$TMPDIR/shout.wasm" || failed=1
	gives "a guest in AssemblyScript" "$TMPDIR/shout.wasm" 'hello ann' 'HELLO ANN'
else
	echo "skip - a guest in AssemblyScript: there is no asc (npm install -g assemblyscript)"
fi
exit $failed
