/*
 * The module "infrafabric": what a guest that is no command uses. A pointer
 * outside its memory ends it as any other access outside does.
 */
#include "sandbox/egress.h"
#include "sandbox/host.h"

#include <string.h>

#define HTTP_FAILED (-1)
#define CLOCK_WALL 0

/* The proxy's own words; its errors begin with their code. */
#define EGRESS_DENIED_START "{\"error\":{\"code\":\"egress_denied\""

static enum host_next end_outside(struct guest *guest)
{
	guest_end(guest, CHASSIS_VERDICT_TRAP, "memory_out_of_bounds",
		  "it passed a pointer that is not inside its memory");
	return HOST_ENDS;
}

/* Copies what there is from `offset` on to where the guest wants it, and says how much that was. */
static enum host_next copy_out(struct guest *guest, struct slice from, union host_value *values)
{
	uint32_t len = values[1].u32;
	uint8_t *to = guest_bytes(guest, values[0].u32, len);
	struct slice rest = slice_head(slice_from(from, values[2].u32), len);

	if (!to)
		return end_outside(guest);
	if (rest.len)
		memcpy(to, rest.ptr, rest.len);
	values[0].u32 = (uint32_t)rest.len;
	return HOST_GOES_ON;
}

enum host_next abi_input_size(struct guest *guest, union host_value *values)
{
	values[0].u32 = (uint32_t)guest->input.len;
	return HOST_GOES_ON;
}

enum host_next abi_input_read(struct guest *guest, union host_value *values)
{
	return copy_out(guest, guest->input, values);
}

enum host_next abi_result(struct guest *guest, union host_value *values)
{
	uint32_t len = values[1].u32;
	const uint8_t *bytes = guest_bytes(guest, values[0].u32, len);

	if (!bytes)
		return end_outside(guest);
	if (guest->has_result) {
		guest_end(guest, CHASSIS_VERDICT_BAD_RESULT, "given_twice", "it gave a second result");
		return HOST_ENDS;
	}
	if (len > guest->contract->limits.output_bytes) {
		guest_end(guest, CHASSIS_VERDICT_BAD_RESULT, "too_long",
			  "its result is longer than its contract allows");
		return HOST_ENDS;
	}
	guest->has_result = true;
	buf_add(&guest->result, bytes, len);
	return HOST_GOES_ON;
}

enum host_next abi_log(struct guest *guest, union host_value *values)
{
	uint32_t len = values[2].u32, level = values[0].u32;
	const uint8_t *bytes = guest_bytes(guest, values[1].u32, len);

	if (!bytes)
		return end_outside(guest);
	guest_log(guest, level < GUEST_LOG_LEVELS ? (int)level : GUEST_LOG_DEBUG, slice_of(bytes, len));
	return HOST_GOES_ON;
}

/* Only why it gave up is kept apart from how: memory that was refused, say. */
enum host_next abi_abort(struct guest *guest, union host_value *values)
{
	(void)values;
	guest_log(guest, GUEST_LOG_ERROR, SLICE("it gave up"));
	return HOST_ENDS;
}

enum host_next abi_time_ns(struct guest *guest, union host_value *values)
{
	values[0].i64 = values[0].u32 == CLOCK_WALL ? guest_wall_ns(guest) : guest_run_ns(guest);
	return HOST_GOES_ON;
}

enum host_next abi_random(struct guest *guest, union host_value *values)
{
	uint32_t len = values[1].u32;
	uint8_t *to = guest_bytes(guest, values[0].u32, len);

	if (!to)
		return end_outside(guest);
	return guest_random(guest, to, len) ? HOST_GOES_ON : HOST_ENDS;
}

/* ---- requests -------------------------------------------------------------------------------- */

enum host_next abi_http_request(struct guest *guest, union host_value *values)
{
	uint32_t len = values[1].u32;
	const uint8_t *bytes = guest_bytes(guest, values[0].u32, len);
	enum err err;

	if (!bytes)
		return end_outside(guest);
	buf_clear(&guest->answer);
	if (guest->egress < 0) {
		guest_deny(guest, "http", SLICE("any request"));
		values[0].i32 = HTTP_FAILED;
		return HOST_GOES_ON;
	}
	guest->http_requests++;
	err = egress_call(guest->egress, slice_of(bytes, len), HTTP_ANSWER_BYTES_MAX,
			  guest_left_ms(guest), &guest->answer);
	if (guest_is_late(guest))
		return HOST_ENDS;
	/* What was half sent or half read leaves a connection that is of no more use. */
	if (err != OK) {
		buf_clear(&guest->answer);
		guest->egress = -1;
		values[0].i32 = HTTP_FAILED;
		return HOST_GOES_ON;
	}
	if (slice_starts(buf_slice(&guest->answer), SLICE(EGRESS_DENIED_START)))
		guest_deny(guest, "http", SLICE("a request that it made"));
	values[0].u32 = (uint32_t)guest->answer.len;
	return HOST_GOES_ON;
}

enum host_next abi_http_read(struct guest *guest, union host_value *values)
{
	return copy_out(guest, buf_slice(&guest->answer), values);
}
