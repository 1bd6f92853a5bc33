#include "sandbox/compile.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sandbox/jail.h"
#include "sys/child.h"
#include "sys/clock.h"

#define READ_BYTES (256 * KIB)
#define WASM_HEAD_BYTES 8

/* What the compiler's process writes first. */
enum { SAYS_ARTIFACT = 'A', SAYS_REFUSED = 'R' };

struct job {
	const struct engine_config *config;
	struct slice wasm;
	struct filter *filter;
};

/* In the copy. */
static bool run_compiler(void *context, int fd)
{
	const struct job *job = context;
	struct buf out = { 0 }, detail = { 0 };
	/* Before the module is looked at, but after the engine has looked at the machine. */
	struct engine *engine = engine_create(job->config);

	if (!jail_close_compiler(job->filter))
		return false;
	buf_add_byte(&out, SAYS_ARTIFACT);
	if (engine_compile(engine, job->wasm, &out, &detail) != OK) {
		buf_clear(&out);
		buf_add_byte(&out, SAYS_REFUSED);
		buf_add_slice(&out, buf_slice(&detail));
	}
	return child_write(fd, buf_slice(&out));
}

/* All that it writes. False when that is too much, or takes too long. */
static bool read_all(struct child *child, int64_t until_us, struct buf *out)
{
	bool has_ended = false;

	while (!has_ended) {
		struct pollfd ready = { .fd = child->fd, .events = POLLIN };
		int64_t left_ms = (until_us - clock_mono_us()) / 1000;
		size_t got = 0;

		if (left_ms <= 0 || out->len > ARTIFACT_BYTES_MAX)
			return false;
		if (poll(&ready, 1, (int)left_ms) < 0 && errno != EINTR)
			return false;
		if (child_read(child, buf_reserve(out, READ_BYTES), READ_BYTES, &got, &has_ended) != OK)
			return false;
		out->len += got;
	}
	return true;
}

static enum err check_head(struct slice wasm, struct buf *detail)
{
	static const char head[WASM_HEAD_BYTES] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };

	if (wasm.len > MODULE_BYTES_MAX) {
		buf_add_lit(detail, "it has ");
		buf_add_u64(detail, wasm.len);
		buf_add_lit(detail, " bytes; the limit is ");
		buf_add_u64(detail, MODULE_BYTES_MAX);
		return ERR_MODULE_REFUSED;
	}
	if (slice_starts(wasm, slice_of(head, sizeof(head))))
		return OK;
	buf_add_lit(detail, "it is no WebAssembly module: it does not begin with the bytes "
			    "00 61 73 6d 01 00 00 00");
	return ERR_MODULE_REFUSED;
}

enum err compile_module(const struct engine_config *config, struct slice wasm,
			struct buf *ret_artifact, struct buf *detail)
{
	struct job job = { config, wasm, filter_create(FILTER_COMPILER) };
	struct buf said = { 0 };
	struct child child;
	bool is_whole;
	enum err err = check_head(wasm, detail);

	if (err == OK)
		err = child_start(run_compiler, &job, &child);
	filter_destroy(job.filter);
	if (err != OK)
		return err;
	is_whole = read_all(&child, clock_mono_us() + COMPILE_WALL_MS * 1000, &said);
	is_whole = child_finish(&child, !is_whole) && is_whole && said.len > 1;
	if (!is_whole) {
		buf_add_lit(detail, "its compiler used more than it may: ");
		buf_add_u64(detail, COMPILE_CPU_S);
		buf_add_lit(detail, " s of computing, ");
		buf_add_u64(detail, COMPILE_DATA_BYTES / MIB);
		buf_add_lit(detail, " MiB of memory");
		err = ERR_MODULE_REFUSED;
	} else if (said.ptr[0] == SAYS_REFUSED) {
		buf_add_slice(detail, slice_from(buf_slice(&said), 1));
		err = ERR_MODULE_REFUSED;
	} else {
		buf_add_slice(ret_artifact, slice_from(buf_slice(&said), 1));
	}
	buf_finish(&said);
	return err;
}
