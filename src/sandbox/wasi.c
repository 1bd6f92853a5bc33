/*
 * WASI preview 1: arguments, variables, clocks, chance, waiting, exit.
 */
#include "sandbox/wasi.h"

#include <string.h>

#include "sys/clock.h"

enum host_next host_no_system(struct guest *guest, union host_value *values)
{
	(void)guest;
	return wasi_answer(values, WASI_NOSYS);
}

enum host_next wasi_no_write(struct guest *guest, union host_value *values)
{
	guest_deny(guest, "storage", SLICE("writing to files"));
	return wasi_answer(values, WASI_NOTCAPABLE);
}

enum host_next wasi_no_socket(struct guest *guest, union host_value *values)
{
	guest_deny(guest, "network", SLICE("sockets"));
	return wasi_answer(values, WASI_NOTCAPABLE);
}

/* ---- arguments and variables ----------------------------------------------------------------- */

static uint64_t bytes_of(struct slice_list list)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < list.count; i++)
		bytes += list.items[i].len + 1;
	return bytes;
}

static enum host_next put_sizes(struct guest *guest, struct slice_list list, union host_value *values)
{
	bool is_put = wasi_put(guest, values[0].u32, list.count, 4) &&
		      wasi_put(guest, values[1].u32, bytes_of(list), 4);

	return wasi_answer(values, is_put ? WASI_OK : WASI_FAULT);
}

/* Pointers at values[0], the texts they point to at values[1]. */
static enum host_next put_list(struct guest *guest, struct slice_list list, union host_value *values)
{
	uint8_t *pointers = guest_bytes(guest, values[0].u32, 4 * (uint64_t)list.count);
	uint32_t at = values[1].u32;
	uint8_t *texts = guest_bytes(guest, at, bytes_of(list));

	if (!pointers || !texts)
		return wasi_answer(values, WASI_FAULT);
	for (size_t i = 0; i < list.count; i++) {
		struct slice text = list.items[i];

		le_put(pointers + 4 * i, at, 4);
		if (text.len)
			memcpy(texts, text.ptr, text.len);
		texts[text.len] = '\0';
		texts += text.len + 1;
		at += (uint32_t)text.len + 1;
	}
	return wasi_answer(values, WASI_OK);
}

enum host_next wasi_args_sizes_get(struct guest *guest, union host_value *values)
{
	return put_sizes(guest, guest->args, values);
}

enum host_next wasi_args_get(struct guest *guest, union host_value *values)
{
	return put_list(guest, guest->args, values);
}

enum host_next wasi_environ_sizes_get(struct guest *guest, union host_value *values)
{
	return put_sizes(guest, guest->environment, values);
}

enum host_next wasi_environ_get(struct guest *guest, union host_value *values)
{
	return put_list(guest, guest->environment, values);
}

/* ---- clocks, chance, exit -------------------------------------------------------------------- */

enum { CLOCK_OF_WORLD, CLOCK_OF_RUN, CLOCK_OF_PROCESS, CLOCK_OF_THREAD, CLOCK_KINDS };

static int64_t clock_ns(const struct guest *guest, uint32_t clock)
{
	return clock == CLOCK_OF_WORLD ? guest_wall_ns(guest) : guest_run_ns(guest);
}

enum host_next wasi_clock_res_get(struct guest *guest, union host_value *values)
{
	if (values[0].u32 >= CLOCK_KINDS)
		return wasi_answer(values, WASI_INVAL);
	return wasi_answer(values, wasi_put(guest, values[1].u32, 1000, 8) ? WASI_OK : WASI_FAULT);
}

enum host_next wasi_clock_time_get(struct guest *guest, union host_value *values)
{
	uint32_t clock = values[0].u32, at = values[2].u32;

	if (clock >= CLOCK_KINDS)
		return wasi_answer(values, WASI_INVAL);
	return wasi_answer(values, wasi_put(guest, at, (uint64_t)clock_ns(guest, clock), 8) ?
					   WASI_OK : WASI_FAULT);
}

enum host_next wasi_random_get(struct guest *guest, union host_value *values)
{
	uint32_t len = values[1].u32;
	uint8_t *to = guest_bytes(guest, values[0].u32, len);

	if (!to)
		return wasi_answer(values, WASI_FAULT);
	return guest_random(guest, to, len) ? wasi_answer(values, WASI_OK) : HOST_ENDS;
}

enum host_next wasi_sched_yield(struct guest *guest, union host_value *values)
{
	(void)guest;
	return wasi_answer(values, WASI_OK);
}

enum host_next wasi_proc_exit(struct guest *guest, union host_value *values)
{
	guest->has_exited = true;
	guest->exit_status = values[0].u32;
	return HOST_ENDS;
}

/* ---- waiting --------------------------------------------------------------------------------- */

#define SUBSCRIPTION_BYTES 48
#define EVENT_BYTES 32
#define SUBSCRIPTIONS_MAX 64
#define CLOCK_IS_ABSOLUTE 1

enum { WAIT_CLOCK, WAIT_READ, WAIT_WRITE };

/* How long from now, in ns, until a clock's subscription is over; below 0: it is no subscription. */
static int64_t clock_wait_ns(const struct guest *guest, const uint8_t *subscription)
{
	uint32_t clock = le_get_u32(subscription + 16);
	uint64_t timeout = le_get_u64(subscription + 24);
	int64_t now;

	if (clock >= CLOCK_KINDS)
		return -1;
	if (timeout > INT64_MAX)
		timeout = INT64_MAX;
	if (!(le_get_u16(subscription + 40) & CLOCK_IS_ABSOLUTE))
		return (int64_t)timeout;
	now = clock_ns(guest, clock);
	return (int64_t)timeout > now ? (int64_t)timeout - now : 0;
}

static void put_event(uint8_t *event, const uint8_t *subscription, enum wasi_errno number)
{
	memset(event, 0, EVENT_BYTES);
	memcpy(event, subscription, 8);
	le_put(event + 8, number, 2);
	event[10] = subscription[8];
	/* Streams are always ready, and nobody knows for how much. */
	if (event[10] != WAIT_CLOCK)
		le_put(event + 16, 1, 8);
}

/* A contract's clock that stands still does not pass by waiting for it. */
static bool wait_for(struct guest *guest, int64_t wait_ns)
{
	int64_t until_us = clock_mono_us() + wait_ns / 1000;

	if (guest->contract->determinism.clock_us >= 0)
		return true;
	while (clock_mono_us() < until_us) {
		if (guest_is_late(guest))
			return false;
		clock_sleep_us((until_us < guest->deadline_us ? until_us : guest->deadline_us) -
			       clock_mono_us());
	}
	return true;
}

enum host_next wasi_poll_oneoff(struct guest *guest, union host_value *values)
{
	uint32_t count = values[2].u32, events = 0, ret_count = values[3].u32;
	const uint8_t *in = guest_bytes(guest, values[0].u32, (uint64_t)count * SUBSCRIPTION_BYTES);
	uint8_t *out = guest_bytes(guest, values[1].u32, (uint64_t)count * EVENT_BYTES);
	uint8_t asked[SUBSCRIPTIONS_MAX][SUBSCRIPTION_BYTES];
	int64_t least_ns = INT64_MAX;

	if (!in || !out || !guest_bytes(guest, ret_count, 4))
		return wasi_answer(values, WASI_FAULT);
	if (count == 0 || count > SUBSCRIPTIONS_MAX)
		return wasi_answer(values, WASI_INVAL);
	/* The guest may have laid its lists over each other. */
	memcpy(asked, in, (size_t)count * SUBSCRIPTION_BYTES);
	for (uint32_t i = 0; i < count; i++) {
		int64_t wait_ns = asked[i][8] == WAIT_CLOCK ? clock_wait_ns(guest, asked[i]) : 0;

		if (wait_ns < 0 || asked[i][8] > WAIT_WRITE)
			return wasi_answer(values, WASI_INVAL);
		if (wait_ns < least_ns)
			least_ns = wait_ns;
	}
	if (!wait_for(guest, least_ns))
		return HOST_ENDS;
	for (uint32_t i = 0; i < count; i++) {
		bool is_clock = asked[i][8] == WAIT_CLOCK;
		enum wasi_errno number = is_clock || wasi_file(guest, le_get_u32(asked[i] + 16)) ?
						 WASI_OK : WASI_BADF;

		if (!is_clock || clock_wait_ns(guest, asked[i]) <= least_ns)
			put_event(out + (size_t)events++ * EVENT_BYTES, asked[i], number);
	}
	return wasi_answer(values, wasi_put(guest, ret_count, events, 4) ? WASI_OK : WASI_FAULT);
}
