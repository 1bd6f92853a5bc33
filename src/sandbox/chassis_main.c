/*
 * if-chassis - runs guests for a supervisor, which started it with a socket as descriptor 3.
 *
 * It reads one module and its contract, compiles in a process that can be
 * killed, shuts itself in as far as the system lets it, and becomes a
 * zygote. It ends when the supervisor's end of the socket is closed.
 *
 * Of its environment it reads nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/cache.h"
#include "sandbox/compile.h"
#include "sandbox/folder.h"
#include "sandbox/link.h"
#include "sandbox/zygote.h"
#include "sys/clock.h"
#include "sys/files.h"

#define CONTROL 3
#define EXIT_USAGE 2

/* One module, from the supervisor's OPEN to the zygote. */
struct opening {
	struct contract contract;
	struct engine_config config;
	struct wire_open open;
	struct slice wasm;
	struct guest guest;
	struct jail jail;
	struct buf artifact;
	struct wire_ready ready;
	struct buf trouble;		/* with the cache: no reason not to run */
};

static int refuse(enum err err, const struct buf *detail)
{
	struct wire_refused refused = { slice_of_str(err_info(err)->code),
					slice_head(buf_slice(detail), DETAIL_BYTES_MAX) };

	return link_say(CONTROL, WIRE_REFUSED, &refused) == OK ? 0 : 1;
}

static int probe(void)
{
	struct wire_layers layers = { .engine = slice_of_str(engine_version()),
				      .has_meter = engine_has_meter() };
	struct jail jail;

	jail_enter(&jail, NULL);
	layers.layers = jail.layers;
	jail_finish(&jail);
	return link_say(CONTROL, WIRE_LAYERS, &layers) == OK ? 0 : 1;
}

/* ---- code ------------------------------------------------------------------------------------ */

static char *text_of(struct slice text, struct arena *arena)
{
	return (char *)(uintptr_t)arena_copy(arena, text).ptr;
}

/* From the cache, or compiled now. */
static enum err make_artifact(struct opening *opening, struct arena *arena, struct buf *detail)
{
	struct buf fingerprint = { 0 };
	struct cache cache;
	struct hash name;
	enum err err = OK;
	int64_t started_us = clock_mono_us();

	engine_fingerprint(&opening->config, &fingerprint);
	name = cache_name(opening->wasm, buf_slice(&fingerprint));
	buf_finish(&fingerprint);
	cache_open(&cache, text_of(opening->open.cache, arena), text_of(opening->open.key_file, arena),
		   &opening->trouble);
	opening->ready.was_cached = cache_get(&cache, &name, &opening->artifact);
	if (!opening->ready.was_cached) {
		err = compile_module(&opening->config, opening->wasm, &opening->artifact, detail);
		opening->ready.compile_us = clock_mono_us() - started_us;
		if (err == OK)
			cache_put(&cache, &name, buf_slice(&opening->artifact), &opening->trouble);
	}
	cache_close(&cache);
	return err;
}

/* ---- walls ----------------------------------------------------------------------------------- */

static enum err check_layers(const struct opening *opening, struct buf *detail)
{
	static const struct {
		enum contract_layer asked;
		enum layer layer;
	} pairs[] = {
		{ CONTRACT_LAYER_NAMESPACES, LAYER_NAMESPACES },
		{ CONTRACT_LAYER_SECCOMP, LAYER_SECCOMP },
	};

	if (!(opening->jail.layers & LAYER_BIT(LAYER_LIMITS))) {
		buf_add_lit(detail, "this system sets no limits for a process");
		return ERR_LAYER_MISSING;
	}
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (!contract_requires(&opening->contract, pairs[i].asked) ||
		    (opening->jail.layers & LAYER_BIT(pairs[i].layer)))
			continue;
		buf_add_str(detail, contract_layer_names[pairs[i].asked]);
		return ERR_LAYER_MISSING;
	}
	return OK;
}

/* Nothing that we were started with reaches a guest: what it writes to goes nowhere. */
static bool leave_streams(void)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool has_left = nowhere >= 0 && dup2(nowhere, 0) == 0 && dup2(nowhere, 1) == 1 &&
			dup2(nowhere, 2) == 2;

	if (nowhere > 2)
		close(nowhere);
	return has_left;
}

/* Sees the zygote to its end, which is the supervisor's to bring about. */
static int watch(pid_t zygote)
{
	int status = 1;

	close(CONTROL);
	while (waitpid(zygote, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int start_zygote(struct opening *opening)
{
	struct zygote zygote = {
		.control = CONTROL,
		.config = &opening->config,
		.guest = &opening->guest,
		.jail = &opening->jail,
		.artifact = buf_slice(&opening->artifact),
		.ready = opening->ready,
	};
	pid_t pid;

	zygote.ready.layers = opening->jail.layers;
	zygote.ready.cache_trouble = slice_head(buf_slice(&opening->trouble), DETAIL_BYTES_MAX);
	pid = fork();
	if (pid == 0)
		_exit(zygote_run(&zygote));
	if (pid < 0) {
		buf_clear(&opening->trouble);
		file_describe(&opening->trouble, "start", "a zygote");
		return refuse(ERR_OS, &opening->trouble);
	}
	return watch(pid);
}

static enum err prepare(struct opening *opening, struct arena *arena, struct buf *detail)
{
	enum err err;

	if (!contract_decode(opening->open.contract, arena, &opening->contract)) {
		buf_add_lit(detail, "what came as its contract is none");
		return ERR_CHASSIS_FAILED;
	}
	opening->config.stack_bytes = (size_t)opening->contract.limits.stack_bytes;
	opening->config.is_deterministic = opening->contract.determinism.clock_us >= 0 ||
					   opening->contract.determinism.seed >= 0;
	err = make_artifact(opening, arena, detail);
	if (err != OK)
		return err;
	err = folder_open_all(&opening->guest, text_of(opening->open.folder, arena), detail);
	if (err != OK)
		return err;
	if (!leave_streams()) {
		file_describe(detail, "open", "/dev/null");
		return ERR_OS;
	}
	jail_enter(&opening->jail, &opening->guest);
	return check_layers(opening, detail);
}

static int open_module(const struct wire_frame *frame)
{
	struct opening opening = { .jail = { .landlock = -1 } };
	struct arena arena = { 0 };
	struct buf detail = { 0 };
	enum err err;
	int status;

	opening.wasm = frame->tail;
	guest_init(&opening.guest, &opening.contract);
	err = wire_read(frame, WIRE_OPEN, &arena, &opening.open);
	if (err == OK)
		err = prepare(&opening, &arena, &detail);
	else
		buf_add_lit(&detail, "it was not told what to run");
	status = err == OK ? start_zygote(&opening) : refuse(err, &detail);
	guest_finish(&opening.guest);
	jail_finish(&opening.jail);
	buf_finish(&opening.artifact);
	buf_finish(&opening.trouble);
	buf_finish(&detail);
	arena_finish(&arena);
	return status;
}

/* ---- start ----------------------------------------------------------------------------------- */

static bool is_socket(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode);
}

int main(void)
{
	static const char usage[] =
		"if-chassis runs modules for ifctl, which starts it; see `ifctl help chassis`.\n";
	struct wire_frame frame;
	struct link link;
	int status = 1;

	if (!is_socket(CONTROL)) {
		(void)!write(STDERR_FILENO, usage, sizeof(usage) - 1);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	close_range(CONTROL + 1, UINT_MAX, 0);
	link_init(&link, CONTROL, MODULE_BYTES_MAX + 1);
	if (link_wait(&link, &frame) == OK && frame.kind == WIRE_PROBE)
		status = probe();
	else if (frame.kind == WIRE_OPEN)
		status = open_module(&frame);
	link_finish(&link);
	return status;
}
