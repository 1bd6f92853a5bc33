#include "fabric/event.h"

#include <stdlib.h>

#include <check.h>

#include "document/json.h"

/* A member that stands there twice is read as one or the other, or not at all. */
START_TEST(no_member_of_an_event_stands_there_twice)
{
	static const struct json_limits limits = {
		.bytes_max = 65536, .depth_max = JSON_READ_DEPTH_MAX, .values_max = 1000,
	};

	for (size_t i = 0; i < event_count; i++) {
		struct event event = { .type = event_table[i]->type, .actor = SLICE("ann") };
		struct json_value *root = NULL;
		struct json_fault fault = { 0 };
		struct buf text = { 0 };
		struct json_writer json = json_begin(&text);
		struct slice actor;

		event_write_json(&event, &json);
		ck_assert_msg(json_parse(buf_slice(&text), &limits, &root, &fault) == OK, "%s: %s",
			      buf_str(&text), fault.text);
		ck_assert(json_get_text(json_get(root, SLICE("actor")), &actor) ||
			  json_get_text(json_get(root, SLICE("by")), &actor));
		ck_assert(slice_is(actor, SLICE("ann")));
		json_free(root);
		buf_finish(&text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event");
	TCase *tcase = tcase_create("json");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, no_member_of_an_event_stands_there_twice);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
