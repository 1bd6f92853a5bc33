#!/bin/sh
#
# guests - modules that try to break out, to take more than they may, or to lie.
set -u

if [ ! -x "$IF_CHASSIS" ]; then
	echo "skip - guests: the sandbox is not built on this machine"
	exit 0
fi
status=0
"$IF_HELPERS/security/guests" tests/security/guests || status=1
"$IF_HELPERS/security/modules" || status=1
for layer in namespaces seccomp landlock; do
	"$IF_HELPERS/security/layers" $layer || status=1
done

# The audit in the docs is about these modules, all of them.
for file in tests/security/guests/*.wat; do
	what=$(sed -n '1s/^;; //p' "$file")
	grep -qF "| $what |" docs/components/IF.CHASSIS.md && continue
	echo "not ok - audit: the docs do not say how this ends: $what"
	status=1
done
exit $status
