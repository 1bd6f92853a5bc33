#!/usr/bin/env bash
#
# Runs README's commands as they stand there, and compares what they say with what it shows.
#
# usage: tests/e2e/readme.sh [--show]      --show prints what was said, to be put there
#
# The blocks ```sh are the commands; a block ```text behind one is its output, with numbers, times
# and hashes that may differ.
set -u

readme=$PWD/README.md
dir=$(mktemp -d)
failed=0
show=
[ "${1:-}" != --show ] || show=1
mkdir -p "$dir/project" "$dir/blocks"

clean_up()
{
	# shellcheck disable=SC2046 # one word per process
	kill $(jobs -p) 2>/dev/null
	ifctl coordinator stop >/dev/null 2>&1
	wait
	rm -rf "$dir"
}
trap clean_up EXIT

# Files in blocks/: 1.sh and 1.text, 2.sh and 2.text, ...
awk -v dir="$dir/blocks" '
/^```sh$/ { file = dir "/" ++n ".sh"; next }
/^```text$/ { file = dir "/" n ".text"; printf "" >file; next }
/^```/ { file = ""; next }
file { print >file }' "$readme"

# What differs from run to run: numbers, times (with the day, when it is tomorrow) and their units,
# hashes, folders, the shell's own word about a job, and the order in which two processes write.
plain()
{
	sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}/1:1:1/g' -e 's/[0-9a-f]{64}/HASH/g' \
		-e 's#/[^ ]*/(if\.sock|ledger\.db)#\1#g' \
		-e 's/\[by [^ ,]+/[by WHOM/g' -e 's/[0-9]+(\.[0-9]+)?( ?(ms|s|min)\b)?/N/g' \
		-e '/Killed/d' -e '/^\[N\]/d' -e 's/ +/ /g' -e '/^ *$/d' "$1" | sort
}

# Without <(...), which would change the $! that README's reader means.
agrees()
{
	plain "$dir/blocks/$i.text" >"$dir/shown.plain"
	plain "$dir/said" >"$dir/said.plain"
	diff "$dir/shown.plain" "$dir/said.plain" >"$dir/differs"
}

# A person reads what a command said before the next; a worker in the background has started then.
breathe()
{
	local i

	[ "$1" != 2 ] || for i in {1..200}; do
		grep -q started "$dir/said" && break
		sleep 0.05
	done
}

export PATH=$dir/project/build:$PATH USER=${USER:-ann} COLUMNS=110
mkdir "$dir/project/build"
ln -s "$IFCTL" "$dir/project/build/ifctl"
export IF_COORDINATOR
unset IF_SOCKET IF_URL IF_BOARD IF_SWARM_ID
cd "$dir/project" || exit 1

count=$(find "$dir/blocks" -name '*.sh' | wc -l)
for ((i = 1; i <= count; i++)); do
	# shellcheck disable=SC1090 # in this shell: each goes on where the one before it ended
	. "$dir/blocks/$i.sh" >"$dir/said" 2>&1
	breathe "$i"
	if [ -n "$show" ]; then
		printf '== %d\n' "$i"
		cat "$dir/said"
	elif agrees; then
		echo "ok - readme_block_$i"
	else
		echo "not ok - readme_block_$i"
		cat "$dir/differs"
		failed=1
	fi
done
exit "$failed"
