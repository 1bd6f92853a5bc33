/*
 * guest - runs one module, for scripts.
 *
 * usage: guest FILE.wasm INPUT       prints its result; its log, and how it ended, on stderr
 */
#include <stdio.h>

#include "sys/files.h"
#include "unit/guest_kit.h"

#define WASM_BYTES_MAX (1UL << 26)

int main(int argc, char **argv)
{
	const struct outcome *outcome;
	struct guest_kit kit;
	bool is_well;

	if (argc != 3)
		return 2;
	guest_kit_init(&kit);
	if (file_read(argv[1], WASM_BYTES_MAX, &kit.wasm) != OK) {
		perror(argv[1]);
		return 1;
	}
	outcome = guest_kit_run(&kit, argv[2]);
	is_well = outcome && outcome->err == OK && outcome->verdict == CHASSIS_VERDICT_RESULT;
	if (outcome) {
		printf("%.*s\n", (int)outcome->result.len,
		       outcome->result.ptr ? outcome->result.ptr : "");
		fprintf(stderr, "%.*s%s %.*s\n", (int)kit.log.len, kit.log.ptr ? kit.log.ptr : "",
			chassis_verdict_name(outcome->verdict), (int)outcome->detail.len,
			outcome->detail.ptr ? outcome->detail.ptr : "");
	} else {
		fprintf(stderr, "%s\n", buf_str(&kit.detail));
	}
	guest_kit_finish(&kit);
	return !is_well;
}
