#!/usr/bin/env bash
#
# Runs the commands of the documents as they stand there, and compares what they say with what is
# shown.
#
# usage: tests/e2e/readme.sh [--write] [PAGE...]      --write puts into a page what was said
#
# The blocks ```sh are the commands; a block ```text behind one is its output, with times, pids,
# numbers of events and hashes that may differ. Other blocks are not looked at.
set -u

root=$PWD
# The path of a Unix socket has 107 bytes at most.
TMPDIR=${TMPDIR:-/tmp}
[ ${#TMPDIR} -lt 80 ] || TMPDIR=/tmp
dir=$(mktemp -d "$TMPDIR/if-pages.XXXXXX")
failed=0
writes=
[ "${1:-}" != --write ] || { writes=1; shift; }
pages=("$@")
[ $# -gt 0 ] || pages=(README.md docs/components/IF.GOVERNOR.md)

clean_up()
{
	# shellcheck disable=SC2046 # one word per process
	kill $(jobs -p) 2>/dev/null
	ifctl coordinator stop >/dev/null 2>&1
	wait
	rm -rf "$dir"
}
trap clean_up EXIT

# What differs from run to run: times and how long ago they are, pids, events, hashes, folders, the
# shell's own word about a job, and the order in which two processes write.
plain()
{
	sed -E -e 's/\r$//' -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?Z?)?)?/WHEN/g' \
		-e 's/[0-9]{2}:[0-9]{2}:[0-9]{2}/WHEN/g' -e 's/[0-9a-f]{64}/HASH/g' \
		-e 's#/[^ ]*/(if\.sock|ledger\.db)#\1#g' -e 's/\[by [^ ,]+/[by WHOM/g' \
		-e 's/[0-9]+(\.[0-9]+)? ?(ms|s|min|h)\b( [0-9]+ (s|min))?/WHILE/g' \
		-e 's/_(us|ms)":[0-9]+/":N/g' -e 's/(pid|fence|attempt) [0-9]+/\1 N/g' \
		-e 's/"was_waiting":[a-z]+/"was_waiting":N/' -e 's/#[0-9]+/#N/g' \
		-e 's/\b(e|b|help-b)[0-9]+/\1N/g' -e 's/[0-9]+ (records|events)/N \1/g' \
		-e '/Killed/d' -e '/^\[[0-9]\]/d' -e 's/ +/ /g' -e 's/ $//' -e '/^ *$/d' "$1" | sort
}

# Without <(...), which would change the $! that README's reader means.
agrees()
{
	plain "$dir/blocks/$block.text" >"$dir/shown.plain"
	plain "$dir/said" >"$dir/said.plain"
	diff "$dir/shown.plain" "$dir/said.plain" >"$dir/differs"
}

# A person reads what a command said before the next; a worker in the background has started then.
breathe()
{
	grep -q ' &$' "$dir/blocks/$1.sh" && for _ in {1..200}; do
		grep -q started "$dir/said" && break
		sleep 0.05
	done
}

# The page, with the output of its blocks as it was now.
written()
{
	awk -v dir="$dir/blocks" '
	/^```sh$/ { n++ }
	/^```text$/ {
		print
		file = dir "/" n ".said"
		while ((getline line <file) > 0)
			print line
		skips = 1
	}
	/^```$/ { skips = 0 }
	!skips { print }' "$1" | sed -E -e 's/\r$//' -e 's#/[^ ]*/if\.sock#/run/user/1000/infrafabric/if.sock#' \
		-e 's#/[^ ]*/ledger\.db#/home/ann/.local/share/infrafabric/ledger.db#'
}

# Usage: run_page PAGE: in a folder and with a daemon of its own.
run_page()
{
	local block count name

	name=$(basename "$1" .md | tr '[:upper:].' '[:lower:]_')
	rm -rf "$dir/project" "$dir/blocks" "$dir/data"
	mkdir -p "$dir/project/build" "$dir/blocks"
	ln -s "$IFCTL" "$dir/project/build/ifctl"
	ln -s "$root/examples" "$dir/project/examples"
	# Files in blocks/: 1.sh and 1.text, 2.sh and 2.text, ...
	awk -v dir="$dir/blocks" '
	/^```sh$/ { file = dir "/" ++n ".sh"; next }
	/^```text$/ { file = dir "/" n ".text"; printf "" >file; next }
	/^```/ { file = ""; next }
	file { print >file }' "$root/$1"
	cd "$dir/project" || exit 1
	count=$(find "$dir/blocks" -name '*.sh' | wc -l)
	for ((block = 1; block <= count; block++)); do
		# shellcheck disable=SC1090 # in this shell: each goes on where the one before it ended
		. "$dir/blocks/$block.sh" >"$dir/said" 2>&1
		breathe "$block"
		cp "$dir/said" "$dir/blocks/$block.said"
		if [ -n "$writes" ]; then
			continue
		elif agrees; then
			echo "ok - ${name}_block_$block"
		else
			echo "not ok - ${name}_block_$block"
			cat "$dir/differs"
			failed=1
		fi
	done
	ifctl coordinator stop >/dev/null 2>&1
	unset IF_BOARD
	cd "$root" || exit 1
	[ -z "$writes" ] || { written "$1" >"$dir/page" && cp "$dir/page" "$1"; }
}

export PATH=$dir/project/build:$PATH USER=${USER:-ann} COLUMNS=110 TZ=UTC LC_ALL=C.UTF-8
# Nobody's own daemon, ledger or settings.
export HOME=$dir XDG_DATA_HOME=$dir/data XDG_RUNTIME_DIR=$dir XDG_CONFIG_HOME=$dir/config
export IF_COORDINATOR
unset IF_SOCKET IF_URL IF_BOARD IF_SWARM_ID IF_DATA

for page in "${pages[@]}"; do
	run_page "$page"
done
exit "$failed"
