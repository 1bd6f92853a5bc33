/*
 * Rules of the executor are read or refused with a reason, and those that
 * were read can be asked.
 */
#include "document/executor_doc.h"
#include "fuzz_hand.h"
#include "sandbox/executor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct executor *executor, const struct executor_rules *rules)
{
	static const char *const argument = "origin-7";
	const char *argv[4] = { NULL, argument, argument, NULL };
	struct arena arena = { 0 };
	struct buf reason = { 0 };

	for (size_t i = 0; i < rules->count && i < 8; i++) {
		argv[0] = arena_copy(&arena, rules->items[i].program).ptr;
		for (size_t argc = 1; argc <= 3; argc++) {
			int rule = executor_rule_of(executor, argv, argc, &reason);

			if (rule != EXECUTOR_NO_RULE &&
			    !slice_is_str(rules->items[rule].program, argv[0]))
				fuzz_fail("the rule of another program", buf_slice(&reason));
			buf_clear(&reason);
		}
	}
	arena_finish(&arena);
	buf_finish(&reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct arena arena = { 0 };
	struct buf detail = { 0 };
	struct executor *executor;
	struct executor_doc doc;
	enum err err = executor_doc_read(text, fuzz_format(text), &arena, &doc);

	fuzz_messages(err, doc.errors, doc.error_count);
	if (err == OK && executor_open(&doc.rules, &executor, &detail) == OK) {
		ask(executor, &doc.rules);
		executor_close(executor);
	}
	buf_finish(&detail);
	arena_finish(&arena);
	return 0;
}
