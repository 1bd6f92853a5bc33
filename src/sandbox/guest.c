#include "sandbox/guest.h"

#include <string.h>

#include "base/le.h"
#include "crypto/hash.h"
#include "sandbox/folder.h"
#include "sandbox/host.h"
#include "sandbox/link.h"
#include "sys/clock.h"
#include "sys/entropy.h"

#define RANDOM_STEP_BYTES (64 * KIB)	/* between two looks at the clock */

void guest_init(struct guest *guest, const struct contract *contract)
{
	*guest = (struct guest){ .contract = contract, .socket = -1, .egress = -1 };
	guest->files[0].kind = GUEST_STDIN;
	guest->files[1].kind = GUEST_STDOUT;
	guest->files[2].kind = GUEST_STDERR;
	for (size_t i = 0; i < GUEST_FILES_MAX; i++)
		guest->files[i].fd = -1;
}

void guest_finish(struct guest *guest)
{
	for (size_t i = 0; i < GUEST_FILES_MAX; i++)
		if (!guest->files[i].is_granted)
			guest_file_close(&guest->files[i]);
	buf_finish(&guest->output);
	buf_finish(&guest->result);
	buf_finish(&guest->answer);
	buf_finish(&guest->log_line);
	buf_finish(&guest->detail);
}

static void set_name(char ret_name[NAME_BYTES_MAX], const char *name)
{
	size_t len = strnlen(name, NAME_BYTES_MAX - 1);

	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
}

void guest_end(struct guest *guest, enum chassis_verdict verdict, const char *reason,
	       const char *detail)
{
	if (guest->has_ended)
		return;
	guest->has_ended = true;
	guest->verdict = verdict;
	set_name(guest->reason, reason);
	buf_clear(&guest->detail);
	buf_add_slice(&guest->detail, slice_head(slice_of_str(detail), DETAIL_BYTES_MAX));
}

void guest_deny(struct guest *guest, const char *grant, struct slice what)
{
	if (guest->denials++ || guest->has_ended)
		return;
	set_name(guest->denied, grant);
	buf_clear(&guest->detail);
	buf_add_lit(&guest->detail, "the contract does not grant ");
	buf_add_slice(&guest->detail, slice_head(what, DETAIL_BYTES_MAX / 2));
}

int64_t guest_left_ms(const struct guest *guest)
{
	int64_t left_us = guest->deadline_us - clock_mono_us();

	return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

bool guest_is_late(struct guest *guest)
{
	if (clock_mono_us() < guest->deadline_us)
		return false;
	guest_end(guest, CHASSIS_VERDICT_OUT_OF_TIME, "wall", "it ran longer than its contract allows");
	return true;
}

/* ---- logging --------------------------------------------------------------------------------- */

static void send_log(struct guest *guest, int level, struct slice text)
{
	struct wire_log message = { .level = level };
	struct buf frame = { 0 };

	wire_add(&frame, WIRE_LOG, &message, text);
	/* Without a supervisor nobody wants to know, and the run ends very soon. */
	if (link_send(guest->socket, buf_slice(&frame), NULL, 0) != OK)
		guest->socket = -1;
	buf_finish(&frame);
}

void guest_log(struct guest *guest, int level, struct slice text)
{
	int64_t room = guest->contract->limits.log_bytes - guest->log_bytes;

	guest->log_bytes += (int64_t)text.len;
	if (room <= 0)
		return;
	text = slice_head(text, (uint64_t)room < text.len ? (size_t)room : text.len);
	for (; text.len && guest->socket >= 0; text = slice_from(text, LOG_LINE_BYTES_MAX))
		send_log(guest, level, slice_head(text, LOG_LINE_BYTES_MAX));
}

void guest_log_flush(struct guest *guest)
{
	if (guest->log_line.len)
		guest_log(guest, GUEST_LOG_INFO, buf_slice(&guest->log_line));
	buf_clear(&guest->log_line);
}

void guest_log_stream(struct guest *guest, struct slice bytes)
{
	/* Nothing of it would be kept. */
	if (guest->log_bytes >= guest->contract->limits.log_bytes) {
		guest->log_bytes += (int64_t)bytes.len;
		return;
	}
	while (bytes.len) {
		ptrdiff_t end = slice_find_byte(bytes, '\n');
		size_t room = LOG_LINE_BYTES_MAX - guest->log_line.len;
		struct slice part = slice_head(bytes, end >= 0 ? (size_t)end : bytes.len);

		part = slice_head(part, room);
		buf_add_slice(&guest->log_line, part);
		bytes = slice_from(bytes, part.len + (end >= 0 && part.len == (size_t)end));
		if (end >= 0 || guest->log_line.len == LOG_LINE_BYTES_MAX)
			guest_log_flush(guest);
	}
}

/* ---- chance and time ------------------------------------------------------------------------- */

/* A stream of SHA-256 over seed and position: the same on every machine. */
static void draw(struct guest *guest, uint8_t *ret_bytes, size_t len)
{
	while (len) {
		size_t at = guest->random_drawn % HASH_BYTES;
		size_t part = len < HASH_BYTES - at ? len : HASH_BYTES - at;
		char block[16];
		struct hash hash;

		le_put(block, (uint64_t)guest->contract->determinism.seed, 8);
		le_put(block + 8, guest->random_drawn / HASH_BYTES, 8);
		hash = hash_of(slice_of(block, sizeof(block)));
		memcpy(ret_bytes, hash.bytes + at, part);
		guest->random_drawn += part;
		ret_bytes += part;
		len -= part;
	}
}

bool guest_random(struct guest *guest, uint8_t *ret_bytes, size_t len)
{
	while (len) {
		size_t part = len < RANDOM_STEP_BYTES ? len : RANDOM_STEP_BYTES;

		if (guest_is_late(guest))
			return false;
		if (guest->contract->determinism.seed >= 0)
			draw(guest, ret_bytes, part);
		else
			entropy_fill(ret_bytes, part);
		ret_bytes += part;
		len -= part;
	}
	return true;
}

int64_t guest_wall_ns(const struct guest *guest)
{
	int64_t fixed_us = guest->contract->determinism.clock_us;

	return (fixed_us >= 0 ? fixed_us : clock_wall_us()) * 1000;
}

int64_t guest_run_ns(const struct guest *guest)
{
	if (guest->contract->determinism.clock_us >= 0)
		return 0;
	return (clock_mono_us() - guest->started_us) * 1000;
}
