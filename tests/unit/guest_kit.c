#include "unit/guest_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/files.h"

#define WASM_BYTES_MAX (1UL << 26)

const char *guest_kit_program(void)
{
	const char *program = getenv("IF_CHASSIS");

	return program && access(program, X_OK) == 0 ? program : NULL;
}

static const char *place(void)
{
	const char *folder = getenv("TMPDIR");

	return folder ? folder : "/tmp";
}

void guest_kit_init(struct guest_kit *kit)
{
	memset(kit, 0, sizeof(*kit));
	kit->contract = contract_default();
	kit->contract.name = SLICE("guest");
	kit->folder = place();
	buf_add_str(&kit->cache, place());
	buf_add_lit(&kit->cache, "/modules");
	buf_add_str(&kit->key_file, place());
	buf_add_lit(&kit->key_file, "/chassis.key");
}

void guest_kit_finish(struct guest_kit *kit)
{
	guest_kit_close(kit);
	buf_finish(&kit->wasm);
	buf_finish(&kit->log);
	buf_finish(&kit->detail);
	buf_finish(&kit->cache);
	buf_finish(&kit->key_file);
}

void guest_kit_load(struct guest_kit *kit, const char *name)
{
	const char *folder = getenv("IF_GUESTS");
	char path[4096];

	guest_kit_close(kit);
	buf_clear(&kit->wasm);
	snprintf(path, sizeof(path), "%s/%s.wasm", folder ? folder : "build/guests", name);
	if (file_read(path, WASM_BYTES_MAX, &kit->wasm) != OK) {
		perror(path);
		exit(1);
	}
}

enum err guest_kit_open(struct guest_kit *kit)
{
	struct runner_spec spec = {
		.program = guest_kit_program(),
		.contract = &kit->contract,
		.wasm = buf_slice(&kit->wasm),
		.folder = kit->folder,
		.cache = buf_str(&kit->cache),
		.key_file = buf_str(&kit->key_file),
	};

	buf_clear(&kit->detail);
	return kit->runner ? OK : runner_open(&spec, &kit->runner, &kit->detail);
}

void guest_kit_close(struct guest_kit *kit)
{
	run_destroy(kit->run);
	kit->run = NULL;
	runner_close(kit->runner);
	kit->runner = NULL;
}

static void on_log(void *context, int level, struct slice text)
{
	struct guest_kit *kit = context;

	buf_add_i64(&kit->log, level);
	buf_add_byte(&kit->log, ' ');
	buf_add_slice(&kit->log, text);
	buf_add_byte(&kit->log, '\n');
}

const struct outcome *guest_kit_run_spec(struct guest_kit *kit, const struct run_spec *spec)
{
	struct run_spec logged = *spec;

	logged.on_log = on_log;
	logged.context = kit;
	run_destroy(kit->run);
	kit->run = NULL;
	buf_clear(&kit->log);
	if (guest_kit_open(kit) != OK ||
	    runner_start(kit->runner, &logged, &kit->run, &kit->detail) != OK)
		return NULL;
	run_wait(kit->run);
	return run_outcome(kit->run);
}

const struct outcome *guest_kit_run(struct guest_kit *kit, const char *input)
{
	struct run_spec spec = { .input = slice_of_str(input), .egress = -1 };

	return guest_kit_run_spec(kit, &spec);
}
