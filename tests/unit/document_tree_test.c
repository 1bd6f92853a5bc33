/* YAML and JSON as trees with lines. */
#include "document/tree.h"

#include <stdlib.h>

#include <check.h>

static const struct tree_limits limits = {
	.bytes_max = 1 << 20, .depth_max = 20, .values_max = 1000,
};

static struct arena arena;
static struct source_fault fault;

typedef enum err reader(struct slice text, const struct tree_limits *limits, struct arena *arena,
			const struct tree **ret_root, struct source_fault *ret_fault);

static const struct tree *read(reader *read, const char *text)
{
	const struct tree *root = NULL;

	ck_assert_msg(read(slice_of_str(text), &limits, &arena, &root, &fault) == OK, "%d: %s",
		      fault.line, fault.text);
	return root;
}

static void refuse(reader *read, const char *text, enum err err, int line, const char *part)
{
	const struct tree *root = NULL;

	ck_assert_int_eq(read(slice_of_str(text), &limits, &arena, &root, &fault), err);
	ck_assert_msg(strstr(fault.text, part) != NULL, "%s", fault.text);
	ck_assert_msg(fault.line == line, "line %d: %s", fault.line, fault.text);
}

static void is_json(const struct tree *tree, const char *want)
{
	struct buf out = { 0 };

	tree_write_json(tree, &out);
	ck_assert_str_eq(buf_str(&out), want);
	buf_finish(&out);
}

START_TEST(yaml_scalars_are_what_they_look_like)
{
	const struct tree *root = read(yaml_read, "- text\n- 12\n- -1.50\n- true\n- ~\n- null\n-\n"
			"- yes\n"
						  "- '12'\n- \"a\\nb\"\n- 007\n- 1.10.2\n- 1e3\n"
						  "- .5\n- +4\n- 0x1f\n- |\n  two\n  lines\n");

	is_json(root, "[\"text\",12,-1.50,true,null,null,null,\"yes\",\"12\",\"a\\nb\",\"007\","
		      "\"1.10.2\",1e3,\".5\",4,\"0x1f\",\"two\\nlines\\n\"]");
	ck_assert_int_eq(root->first->next->kind, TREE_INT);
	ck_assert_int_eq(root->first->next->line, 2);
	ck_assert(root->first->plain);
	ck_assert_uint_eq(root->count, 17);
}
END_TEST

START_TEST(yaml_maps_keep_order_and_lines)
{
	const struct tree *root = read(yaml_read, "# comment\nb: 1\na:\n  - x\n  - {k: v}\n"
			"\"c d\": []\n");

	is_json(root, "{\"b\":1,\"a\":[\"x\",{\"k\":\"v\"}],\"c d\":[]}");
	ck_assert_int_eq(tree_get(root, SLICE("a"))->key_line, 3);
	ck_assert_int_eq(tree_get(root, SLICE("a"))->line, 4);
	ck_assert_int_eq(tree_get(root, SLICE("c d"))->line, 6);
	ck_assert_ptr_null(tree_get(root, SLICE("d")));
	ck_assert_ptr_null(tree_get(tree_get(root, SLICE("b")), SLICE("d")));
}
END_TEST

START_TEST(yaml_aliases_are_spelt_out)
{
	is_json(read(yaml_read, "a: &x {k: [1, 2]}\nb: *x\nc: &y z\nd: *y\n"),
		"{\"a\":{\"k\":[1,2]},\"b\":{\"k\":[1,2]},\"c\":\"z\",\"d\":\"z\"}");
	is_json(read(yaml_read, "- &x 1\n- &x 2\n- *x\n"), "[1,2,2]");
	refuse(yaml_read, "a: *x\n", ERR_DOCUMENT_INVALID, 1, "*x stands for nothing");
	refuse(yaml_read, "a: &x [*x]\n", ERR_DOCUMENT_INVALID, 1, "*x stands for nothing");
}
END_TEST

START_TEST(yaml_aliases_are_no_bomb)
{
	refuse(yaml_read,
	       "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	       "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n",
	       ERR_LIMIT_EXCEEDED, 3, "1000 values");
	refuse(yaml_read,
	       "a: &a [[[[[[[[1]]]]]]]]\nb: &b [[[[[[[*a]]]]]]]\nc: [[[[[*b]]]]]\n",
	       ERR_LIMIT_EXCEEDED, 3, "20 deep");
}
END_TEST

START_TEST(yaml_that_is_refused_says_where)
{
	refuse(yaml_read, "", ERR_DOCUMENT_INVALID, 0, "empty");
	refuse(yaml_read, "# only a comment\n", ERR_DOCUMENT_INVALID, 0, "empty");
	refuse(yaml_read, "a: 1\nb: 2\na: 3\n", ERR_DOCUMENT_INVALID, 3,
	       "the key \"a\" occurs twice, first on line 1");
	refuse(yaml_read, "a: 1\n---\nb: 2\n", ERR_DOCUMENT_INVALID, 2, "a second document");
	refuse(yaml_read, "a: [1,\nb: 2\n", ERR_DOCUMENT_INVALID, 3, "not YAML");
	refuse(yaml_read, "a: 1\n\tb: 2\n", ERR_DOCUMENT_INVALID, 2, "not YAML");
	refuse(yaml_read, "a: \x01\n", ERR_DOCUMENT_INVALID, 1, "control character");
	refuse(yaml_read, "a: !!binary x\n", ERR_DOCUMENT_INVALID, 1, "tags");
	refuse(yaml_read, "? [a]\n: b\n", ERR_DOCUMENT_INVALID, 1, "a key is a list or a map");
	refuse(yaml_read, "a: \"x\\0y\"\n", ERR_DOCUMENT_INVALID, 1, "U+0000");
	refuse(yaml_read, "[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]", ERR_LIMIT_EXCEEDED, 1,
			"20 deep");
}
END_TEST

START_TEST(many_keys_are_still_each_once)
{
	struct buf text = { 0 };

	for (int i = 0; i < 500; i++) {
		buf_add_lit(&text, "k");
		buf_add_i64(&text, i);
		buf_add_lit(&text, ": 1\n");
	}
	ck_assert_uint_eq(read(yaml_read, buf_str(&text))->count, 500);
	buf_add_lit(&text, "k7: 2\n");
	refuse(yaml_read, buf_str(&text), ERR_DOCUMENT_INVALID, 501,
			"\"k7\" occurs twice, first on line 8");
	buf_finish(&text);
}
END_TEST

START_TEST(json_knows_the_line_of_every_value)
{
	const struct tree *root = read(json_read, "{\n \"a\": [1,\n  2.50, \"x\\\"]\\n\",\n"
			" true],\r\n\"b\"\n:\n{\"c\":null,\n\"\":[]}\n}");
	const struct tree *a = tree_get(root, SLICE("a")), *b = tree_get(root, SLICE("b"));

	ck_assert_int_eq(a->line, 2);
	ck_assert_int_eq(a->first->line, 2);
	ck_assert_int_eq(a->first->next->line, 3);
	ck_assert(slice_is(a->first->next->text, SLICE("2.50")));
	ck_assert_int_eq(a->first->next->next->next->line, 4);
	ck_assert_int_eq(b->key_line, 5);
	ck_assert_int_eq(b->line, 7);
	ck_assert_int_eq(tree_get(b, SLICE("c"))->line, 7);
	ck_assert_int_eq(tree_get(b, SLICE(""))->line, 8);
	is_json(root, "{\"a\":[1,2.50,\"x\\\"]\\n\",true],\"b\":{\"c\":null,\"\":[]}}");
}
END_TEST

START_TEST(json_that_is_refused_says_where)
{
	refuse(json_read, "{\n\"a\": 1\n\"b\": 2}", ERR_DOCUMENT_INVALID, 3, "not JSON: ");
	refuse(json_read, "{\"a\":1,\"a\":2}", ERR_DOCUMENT_INVALID, 1, "duplicate");
	refuse(json_read, "", ERR_DOCUMENT_INVALID, 1, "too early");
	refuse(json_read, "\n[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]", ERR_LIMIT_EXCEEDED, 2,
			"20 deep");
}
END_TEST

static void clear(void)
{
	arena_finish(&arena);
}

int main(void)
{
	Suite *suite = suite_create("document/tree");
	TCase *cases = tcase_create("tree");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, NULL, clear);
	tcase_add_test(cases, yaml_scalars_are_what_they_look_like);
	tcase_add_test(cases, yaml_maps_keep_order_and_lines);
	tcase_add_test(cases, yaml_aliases_are_spelt_out);
	tcase_add_test(cases, yaml_aliases_are_no_bomb);
	tcase_add_test(cases, yaml_that_is_refused_says_where);
	tcase_add_test(cases, many_keys_are_still_each_once);
	tcase_add_test(cases, json_knows_the_line_of_every_value);
	tcase_add_test(cases, json_that_is_refused_says_where);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
