/*
 * Any numbers to any function that a guest can call, one call after the other, on any memory:
 * nothing outside the memory is touched, and no limit is passed.
 *
 * Input: 1 byte for each of the first bytes of memory and for the contract, then calls: 1 byte which
 * function, and 4 bytes for each of its numbers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/le.h"
#include "sandbox/folder.h"
#include "sandbox/host.h"
#include "sys/clock.h"

#define MEMORY_BYTES 4096
#define SET_BYTES 256
#define VALUES_MAX 9
#define CALLS_MAX 64
#define RUN_US 20000	/* what waits, waits no longer */

static struct contract_storage storage = { { "/usr/share/doc", 14 }, CONTRACT_REACH_CHILDREN };

/* A number of the fuzzer's, near what matters: the edges of memory, small numbers, or as it is. */
static int64_t number_of(const uint8_t bytes[4])
{
	uint32_t number = le_get_u32(bytes);

	if (bytes[3] < 100)
		return number % (2 * MEMORY_BYTES);
	if (bytes[3] < 200)
		return number % 64;
	return bytes[3] & 1 ? (int64_t)number : (int64_t)((uint64_t)number << 32);
}

static enum host_next call(struct guest *guest, const struct host_function *function,
			   struct slice *rest)
{
	union host_value values[VALUES_MAX];
	size_t count = strlen(function->takes);

	memset(values, 0, sizeof(values));
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[4] = { 0 };

		memcpy(bytes, rest->len ? rest->ptr : "", slice_head(*rest, 4).len);
		*rest = slice_from(*rest, 4);
		values[i].i64 = number_of(bytes);
	}
	return function->fn(guest, values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct contract contract = contract_default();
	/* On the heap, so that a byte outside is found out. */
	uint8_t *memory = calloc(1, MEMORY_BYTES);
	struct buf detail = { 0 };
	struct guest guest;

	memcpy(memory, size ? data : (const uint8_t *)"", slice_head(rest, SET_BYTES).len);
	rest = slice_from(rest, SET_BYTES);
	contract.limits.output_bytes = 1000;
	contract.limits.log_bytes = 1000;
	contract.determinism.seed = 7;
	contract.storage = &storage;
	contract.storage_count = 1;
	guest_init(&guest, &contract);
	ENSURE(folder_open_all(&guest, "/", &detail) == OK);
	guest.memory = memory;
	guest.memory_len = MEMORY_BYTES;
	guest.input = SLICE("the input of a guest");
	guest.started_us = clock_mono_us();
	guest.deadline_us = guest.started_us + RUN_US;
	for (int i = 0; i < CALLS_MAX && rest.len; i++) {
		unsigned which = (unsigned char)rest.ptr[0];

		rest = slice_from(rest, 1);
		if (call(&guest, &host_functions[which % host_function_count], &rest) == HOST_ENDS)
			break;
	}
	guest_log_flush(&guest);
	ENSURE(guest.output.len <= 1000 && guest.result.len <= 1000);
	for (size_t i = 0; i < GUEST_FILES_MAX; i++)
		if (guest.files[i].is_granted)
			close(guest.files[i].fd);
	guest_finish(&guest);
	buf_finish(&detail);
	free(memory);
	return 0;
}
