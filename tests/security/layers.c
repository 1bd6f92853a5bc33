/*
 * layers - a machine that lacks a layer of the sandbox: guests run, and it is told; a contract that
 * requires the layer is refused.
 *
 * usage: layers [namespaces | seccomp | landlock]      what this machine is made to lack
 *        layers LAYER COMMAND...                        runs this on such a machine
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/limit.h"
#include "unit/guest_kit.h"

static int failed;

static void say(bool is_ok, const char *what, const char *how)
{
	printf("%s - layers: %s: %s\n", is_ok ? "ok" : "not ok", what, how);
	failed += !is_ok;
}

/* As on a system that does not know the call, or a container that forbids it. */
static bool take_away(const char *layer)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	bool is_done = context != NULL;

	if (is_done && strcmp(layer, "namespaces") == 0)
		is_done = seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 0) == 0;
	else if (is_done && strcmp(layer, "seccomp") == 0)
		is_done = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0) == 0;
	else if (is_done)
		is_done = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS),
					   SCMP_SYS(landlock_create_ruleset), 0) == 0;
	is_done = is_done && seccomp_load(context) == 0;
	seccomp_release(context);
	return is_done;
}

static void look(unsigned missing, const char *lacking)
{
	struct runner_walls walls = { 0 };
	struct buf detail = { 0 };
	enum err err = runner_probe(guest_kit_program(), &walls, &detail);

	say(err == OK && !(walls.layers & missing) && walls.engine[0], "it says what there is",
	    lacking);
	buf_finish(&detail);
}

static void run(unsigned missing, const char *lacking)
{
	const struct outcome *outcome;
	struct guest_kit kit;

	guest_kit_init(&kit);
	guest_kit_load(&kit, "echo");
	outcome = guest_kit_run(&kit, "hello");
	say(outcome && slice_is_str(buf_slice(&outcome->result), "hello") &&
	    !(runner_info(kit.runner)->layers & missing), "a guest runs", lacking);
	guest_kit_finish(&kit);
}

static void require(struct slice layer, bool is_there)
{
	struct guest_kit kit;
	enum err err;

	guest_kit_init(&kit);
	guest_kit_load(&kit, "echo");
	kit.contract.requires = (struct slice_list){ &layer, 1 };
	err = guest_kit_open(&kit);
	say(err == (is_there ? OK : ERR_LAYER_MISSING),
	    is_there ? "a contract has what it requires" : "a contract is refused what is not there",
	    layer.ptr);
	guest_kit_finish(&kit);
}

int main(int argc, char **argv)
{
	static const char *const names[] = LAYER_NAMES;
	const char *lacking = argc > 1 ? argv[1] : "nothing";
	struct runner_walls before = { 0 };
	struct buf detail = { 0 };
	unsigned missing = 0;

	if (runner_probe(guest_kit_program(), &before, &detail) != OK)
		return 1;
	buf_finish(&detail);
	if (argc > 1 && !take_away(lacking)) {
		printf("skip - layers: %s cannot be taken away here\n", lacking);
		return 0;
	}
	if (argc > 2) {
		execv(argv[2], argv + 2);
		perror(argv[2]);
		return 1;
	}
	for (unsigned i = 0; i < LAYER_COUNT; i++)
		if (strcmp(names[i], lacking) == 0)
			missing = LAYER_BIT(i);
	look(missing, lacking);
	run(missing, lacking);
	before.layers &= ~missing;
	require(SLICE("namespaces"), before.layers & LAYER_BIT(LAYER_NAMESPACES));
	require(SLICE("seccomp"), before.layers & LAYER_BIT(LAYER_SECCOMP));
	return failed > 0;
}
