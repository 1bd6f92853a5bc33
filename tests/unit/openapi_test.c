#include "api/openapi.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "document/json.h"
#include "fabric/command.h"

static struct buf text;
static struct json_value *root;

static void set_up(void)
{
	const struct json_limits limits = { 1 << 20, 32, 100000 };
	struct json_fault fault;

	openapi_write(SLICE("1.2.3"), &text);
	ck_assert_msg(json_parse(buf_slice(&text), &limits, &root, &fault) == OK, "%s", fault.text);
}

static void tear_down(void)
{
	json_free(root);
	buf_finish(&text);
}

static const struct json_value *get(const struct json_value *value, const char *key)
{
	return json_get(value, slice_of_str(key));
}

static bool is_text(const struct json_value *value, const char *expected)
{
	struct slice is;

	return json_get_text(value, &is) && slice_is_str(is, expected);
}

static int64_t number(const struct json_value *value)
{
	int64_t is = INT64_MIN;

	ck_assert(json_get_i64(value, &is));
	return is;
}

static const struct json_value *operation(enum command_type type)
{
	static const char *const verbs[] = { "get", "post", "put", "delete" };
	const struct command_info *info = &command_table[type];

	return get(get(get(root, "paths"), info->path), verbs[info->method]);
}

/* The item of a list of objects whose member `key` is this text. */
static const struct json_value *find(const struct json_value *list, const char *key,
				     const char *value)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (is_text(get(json_at(list, i), key), value))
			return json_at(list, i);
	return NULL;
}

static const struct json_value *body_schema(enum command_type type)
{
	const struct json_value *content = get(get(operation(type), "requestBody"), "content");

	return get(get(content, "application/json"), "schema");
}

START_TEST(every_row_has_an_operation_with_all_of_its_arguments)
{
	ck_assert(is_text(get(root, "openapi"), "3.1.0"));
	ck_assert(is_text(get(get(root, "info"), "version"), "1.2.3"));
	for (int type = 0; type < COMMAND_COUNT; type++) {
		const struct command_info *info = &command_table[type];
		const struct json_value *at = operation((enum command_type)type);
		const struct json_value *parameters = get(at, "parameters");
		const struct json_value *members = get(body_schema((enum command_type)type),
						       "properties");

		ck_assert_msg(at != NULL, "%s", info->name);
		ck_assert(is_text(get(at, "summary"), info->summary));
		ck_assert_ptr_nonnull(get(get(at, "responses"), "default"));
		for (size_t i = 0; i < info->args.count && type != COMMAND_BOARD_IMPORT; i++) {
			const struct field *field = &info->args.fields[i];
			const struct json_value *parameter = find(parameters, "name", field->name);
			bool in_path = field->flags & FIELD_IN_PATH;

			if (in_path)
				ck_assert(is_text(get(parameter, "in"), "path"));
			else if (info->method == HTTP_VERB_GET || info->method == HTTP_VERB_DELETE)
				ck_assert(is_text(get(parameter, "in"), "query"));
			else
				ck_assert_msg(get(members, field->name) && !parameter, "%s %s",
					      info->name, field->name);
		}
	}
}
END_TEST

START_TEST(operations_have_names_of_their_own)
{
	for (int type = 0; type < COMMAND_COUNT; type++) {
		struct slice id, other;

		ck_assert(json_get_text(get(operation((enum command_type)type), "operationId"), &id));
		for (int before = 0; before < type; before++) {
			json_get_text(get(operation((enum command_type)before), "operationId"),
				      &other);
			ck_assert(!slice_is(id, other));
		}
	}
	ck_assert(is_text(get(operation(COMMAND_EVENTS_STREAM), "operationId"), "events"));
	ck_assert(is_text(get(operation(COMMAND_TASK_CLAIM), "operationId"), "task.claim"));
	ck_assert(is_text(get(operation(COMMAND_TASK_CLAIM), "x-role"), "worker"));
}
END_TEST

START_TEST(schemas_say_ranges_defaults_and_names)
{
	const struct json_value *claim = body_schema(COMMAND_TASK_CLAIM);
	const struct json_value *add = get(body_schema(COMMAND_TASK_ADD), "properties");
	const struct json_value *limit =
		get(find(get(operation(COMMAND_TASK_LIST), "parameters"), "name", "limit"), "schema");
	const struct json_value *state =
		get(find(get(operation(COMMAND_TASK_LIST), "parameters"), "name", "state"), "schema");

	ck_assert_int_eq(number(get(limit, "minimum")), 1);
	ck_assert_int_eq(number(get(limit, "maximum")), LIMIT_LIST_MOST);
	ck_assert_int_eq(number(get(limit, "default")), LIMIT_LIST_DEFAULT);
	ck_assert_uint_eq(json_count(get(state, "enum")), TASK_STATE_COUNT);
	ck_assert_ptr_null(get(state, "default"));
	ck_assert(is_text(get(get(add, "kind"), "default"), "critical"));
	ck_assert_int_eq(number(get(get(add, "deps"), "maxItems")), LIMIT_DEPS);
	ck_assert(is_text(get(get(add, "not_before"), "format"), "date-time"));
	ck_assert_uint_eq(json_count(get(claim, "required")), 1);
	ck_assert(is_text(json_at(get(claim, "required"), 0), "swarm"));
	ck_assert_ptr_null(get(get(body_schema(COMMAND_BOARD_ARCHIVE), "properties"), "board"));
	/* The default lease depends on the swarm: 0 is no value that may be sent. */
	ck_assert_ptr_null(get(get(get(claim, "properties"), "lease_ms"), "default"));
}
END_TEST

START_TEST(an_import_takes_documents_as_they_are)
{
	const struct json_value *import = operation(COMMAND_BOARD_IMPORT);
	const struct json_value *content = get(get(import, "requestBody"), "content");

	ck_assert_ptr_nonnull(get(content, "text/markdown"));
	ck_assert_ptr_nonnull(get(content, "application/yaml"));
	ck_assert_uint_eq(json_count(get(body_schema(COMMAND_BOARD_IMPORT), "anyOf")), 2);
	ck_assert_ptr_nonnull(find(get(import, "parameters"), "name", "dry_run"));
	ck_assert_ptr_null(find(get(import, "parameters"), "name", "document"));
}
END_TEST

START_TEST(every_problem_is_named)
{
	const struct json_value *schema =
		get(get(get(root, "components"), "schemas"), "Problem");
	const struct json_value *codes = get(get(get(schema, "properties"), "code"), "enum");
	const struct json_value *problems = get(root, "x-problems");

	ck_assert_uint_eq(json_count(codes), ERR_COUNT - 1);
	for (int err = OK + 1; err < ERR_COUNT; err++) {
		const struct err_info *info = err_info((enum err)err);

		ck_assert(is_text(json_at(codes, (size_t)err - 1), info->code));
		ck_assert_int_eq(number(get(find(problems, "code", info->code), "status")),
				 info->http_status);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("openapi");
	TCase *tcase = tcase_create("openapi");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, every_row_has_an_operation_with_all_of_its_arguments);
	tcase_add_test(tcase, operations_have_names_of_their_own);
	tcase_add_test(tcase, schemas_say_ranges_defaults_and_names);
	tcase_add_test(tcase, an_import_takes_documents_as_they_are);
	tcase_add_test(tcase, every_problem_is_named);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
