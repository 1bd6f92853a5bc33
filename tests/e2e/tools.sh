#!/usr/bin/env bash
#
# The tools that guard the architecture, tried on trees in which something is wrong.
set -u

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# Usage: refuses NAME TOOL ARGUMENT PATTERN: the tool fails and says why.
refuses()
{
	local said

	if said=$("$2" "$3" 2>&1); then
		echo "not ok - $1"
		echo "$2 found nothing"
		failed=1
	elif ! grep -q -- "$4" <<<"$said"; then
		echo "not ok - $1"
		echo "$said"
		failed=1
	else
		echo "ok - $1"
	fi
}

accepts()
{
	local said

	if said=$("$2" "$3" 2>&1); then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "$said"
		failed=1
	fi
}

# Usage: plant FILE <TEXT: a tree that holds this file and nothing else.
plant()
{
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/include" "$tree/src/base" "$tree/src/sys" "$(dirname "$tree/$1")"
	cat >"$tree/$1"
}

plant src/api/rest.c <<<'#include "bus/bus.h"'
refuses a_room_may_not_include_a_room_above_it tools/layers "$tree" 'api/ may not include bus/'
plant src/coordinator/board.h <<<'#include "governor/budget.h"'
refuses leaves_may_not_include_each_other tools/layers "$tree" 'coordinator/ may not include governor/'
plant src/attic/old.c <<<'int attic;'
refuses a_room_without_a_row_is_refused tools/layers "$tree" 'src/attic/ has no row'
plant src/cli/task.c <<<'#include "fabric/state.h"'
refuses the_command_line_may_not_see_the_machine tools/layers "$tree" 'cli/ may not include fabric/'
plant src/cli/task.c <<<'#include "fabric/command.def"'
accepts the_command_line_may_see_the_tables tools/layers "$tree"
plant src/fabric/fold.c <<<'#include <time.h>'
refuses the_machine_has_no_clock tools/layers "$tree" '<time.h> is not for a pure room'
plant src/document/board.c <<<'#include <unistd.h>'
refuses only_sys_asks_the_operating_system tools/layers "$tree" 'only sys/ does that'
plant src/bus/other.c <<<'#include <sqlite3.h>'
refuses a_library_has_one_seam tools/layers "$tree" '<sqlite3.h> is for its seam only'
plant src/sys/loop.h <<<'#include <event2/event.h>'
refuses a_library_stays_out_of_headers tools/layers "$tree" '<event2/event.h> is for its seam only'
plant src/base/map.c <<<'#include <stdlib.h>'
touch "$tree/src/base/map.h"
refuses a_file_includes_its_own_header_first tools/layers "$tree" 'comes first'
plant src/base/map.h <<<'typedef struct map map_t;'
refuses a_struct_is_not_hidden_by_a_typedef tools/layers "$tree" 'typedef'
plant include/infrafabric.h <<<'#include "base/buf.h"'
refuses the_public_header_stands_alone tools/layers "$tree" 'nothing of ours'
accepts the_tree_itself_keeps_the_rules tools/layers .

# Usage: compile ROOM <TEXT: a tree of objects with one of this source.
compile()
{
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/src/$1"
	cc -O1 -x c -c -o "$tree/src/$1/planted.o" -
}

compile fabric <<<'#include <time.h>
long planted(void); long planted(void) { return (long)time(0); }'
refuses the_machine_may_not_call_the_clock tools/pure "$tree" 'fabric/planted.o: needs time'
compile governor <<<'int planted(void); int planted(void) { static int calls; return calls++; }'
refuses the_machine_keeps_no_variable tools/pure "$tree" 'governor/planted.o: calls'
compile base <<<'#include <stdlib.h>
void planted(void); void planted(void) { abort(); }'
refuses only_panic_stops_the_process tools/pure "$tree" 'needs abort'
compile base <<<'#include <string.h>
unsigned long planted(const char *s); unsigned long planted(const char *s) { return strlen(s); }'
accepts memory_primitives_are_pure tools/pure "$tree"

plant src/base/wide.c < <(printf 'int x;  \n        int y;\n%0105d\n' 0)
refuses blanks_at_the_end_are_refused tools/layout "$tree/src/base/wide.c" 'blanks at the end'
refuses indents_by_spaces_are_refused tools/layout "$tree/src/base/wide.c" 'indented by spaces'
refuses long_lines_are_refused tools/layout "$tree/src/base/wide.c" 'longer than 100 columns'

exit $failed
