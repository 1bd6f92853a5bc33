/*
 * Snapshots from arbitrary bytes: refused, or a sound state that can be
 * used.
 */
#include <stdlib.h>

#include "../fuzz/fuzz_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine;
	enum err err;

	machine_init(&machine, 1, FUZZ_BODY_BYTES_MAX);
	err = state_load(&machine.state, slice_of(data, size));
	ENSURE(err == OK || err == ERR_LEDGER_CORRUPT || err == ERR_LEDGER_TOO_NEW);
	if (err == OK)
		fuzz_use(&machine);
	machine_finish(&machine);
	return 0;
}
