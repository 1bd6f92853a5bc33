#!/usr/bin/env bash
#
# Installs into an empty folder, uses what is there as a packager, a C programmer and a shell
# would, and takes it away again. What was built with gcc for the checks is what gets installed.
set -u

root=$TMPDIR/root
prefix=$root/opt/fabric
failed=0

# Usage: holds NAME COMMAND...: the command succeeds.
holds()
{
	local name=$1 said

	shift
	if said=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name"
		echo "$* said: $said"
		failed=1
	fi
}

make_target()
{
	make --silent BUILD="$IF_BUILD" VARIANT=gcc DESTDIR="$root" PREFIX=/opt/fabric "$1"
}

everything_is_there()
{
	local file

	for file in bin/ifctl bin/if libexec/infrafabric/if-coordinator include/infrafabric.h \
		lib/libinfrafabric.a lib/libinfrafabric.so lib/libinfrafabric.so.0 \
		lib/pkgconfig/infrafabric.pc share/man/man1/ifctl.1 \
		share/bash-completion/completions/ifctl share/zsh/site-functions/_ifctl \
		share/fish/vendor_completions.d/ifctl.fish share/doc/infrafabric/README.md; do
		[ -s "$prefix/$file" ] || { echo "$file is missing or empty"; return 1; }
	done
}

what_the_readme_names_is_there()
{
	local doc=$prefix/share/doc/infrafabric name

	while read -r name; do
		[ -e "$doc/$name" ] || { echo "$name is missing"; return 1; }
	done < <(grep -o '](\([^):]*\))' "$doc/README.md" | sed 's/^](//; s/)$//')
}

both_names_run()
{
	"$prefix/bin/ifctl" help >/dev/null && "$prefix/bin/if" help >/dev/null
}

library()
{
	PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root pkg-config "$@" infrafabric
}

# Usage: a_program_links FLAGS...: the example is built against what was installed, and starts.
a_program_links()
{
	# shellcheck disable=SC2046 # one word per flag
	cc -Wall -Wextra -Werror -o "$TMPDIR/program" examples/worker.c $(library --cflags) "$@" &&
		ldd "$TMPDIR/program" >/dev/null
}

only_ifab_names_are_seen()
{
	! { nm -D --defined-only "$prefix/lib/libinfrafabric.so" &&
		nm -g --defined-only "$prefix/lib/libinfrafabric.a"; } |
		awk 'NF == 3 && $3 !~ /^ifab_/' | grep .
}

completions_parse()
{
	bash -n "$prefix/share/bash-completion/completions/ifctl" &&
		zsh -n "$prefix/share/zsh/site-functions/_ifctl" &&
		fish -n "$prefix/share/fish/vendor_completions.d/ifctl.fish"
}

nothing_is_left()
{
	! find "$root" ! -type d | grep .
}

holds it_installs make_target install
holds everything_is_there everything_is_there
holds what_the_readme_names_is_there what_the_readme_names_is_there
holds both_names_run both_names_run
# shellcheck disable=SC2046 # one word per flag
holds a_program_links_with_the_shared_library a_program_links $(library --libs)
# shellcheck disable=SC2046 # one word per flag
holds a_program_links_with_the_static_library a_program_links \
	"$prefix/lib/libinfrafabric.a" $(pkg-config --libs libcurl)
holds only_ifab_names_are_seen only_ifab_names_are_seen
holds completions_parse completions_parse
holds it_uninstalls make_target uninstall
holds nothing_is_left nothing_is_left

exit $failed
