/*
 * A policy that is read can be applied, is the same after it was written and
 * after it went through its bytes, and answers each of its cases.
 */
#include "document/policy_doc.h"
#include "fuzz_hand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_policy(const struct policy *a, const struct policy *b, const char *after)
{
	struct buf left = { 0 }, right = { 0 };

	policy_encode(a, &left);
	policy_encode(b, &right);
	if (!slice_is(buf_slice(&left), buf_slice(&right)))
		fuzz_fail("not the same policy after", slice_of_str(after));
	buf_finish(&left);
	buf_finish(&right);
}

static void write_and_read(const struct policy *policy, struct arena *arena)
{
	struct buf text = { 0 };
	struct policy_doc again;

	policy_doc_write_yaml(policy, &text);
	if (policy_doc_read(buf_slice(&text), HAND_YAML, arena, &again) != OK)
		fuzz_fail(buf_str(&text), again.errors[0].text);
	same_policy(policy, &again.policy, "writing");
	buf_clear(&text);
	if (policy_doc_diff(policy, &again.policy, &text) != 0 || text.len)
		fuzz_fail("it differs from itself", buf_slice(&text));
	buf_finish(&text);
}

static void encode_and_decode(const struct policy *policy, struct arena *arena)
{
	struct buf bytes = { 0 };
	struct policy again;

	policy_encode(policy, &bytes);
	if (!policy_decode(buf_slice(&bytes), arena, &again))
		fuzz_fail("its bytes are refused", SLICE_EMPTY);
	same_policy(policy, &again, "its bytes");
	buf_finish(&bytes);
}

static void ask(const struct policy_doc *doc)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < doc->case_count; i++) {
		struct policy_answer answer;

		policy_case_run(&doc->policy, &doc->cases[i], &answer);
		policy_case_explain(&doc->policy, &doc->cases[i], &answer, &out);
		if (answer.rule >= (int)doc->policy.rule_count || answer.limit < 0 || out.len == 0)
			fuzz_fail("an answer out of bounds", buf_slice(&out));
		buf_clear(&out);
	}
	buf_finish(&out);
}

/* Bytes from elsewhere: refused, or a policy that can be asked and shown. */
static void decode(struct slice bytes, struct arena *arena)
{
	struct policy_question question = { .kind = POLICY_KIND_CRITICAL };
	struct policy_answer answer;
	struct buf out = { 0 };
	struct json_writer json = json_begin(&out);
	struct policy policy;

	if (policy_decode(bytes, arena, &policy)) {
		policy_decide(&policy, &question, &answer);
		json_object(&json);
		policy_write_json(&policy, &json);
		json_object_end(&json);
		encode_and_decode(&policy, arena);
	}
	buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct policy initial = policy_default();
	struct arena arena = { 0 };
	struct buf detail = { 0 };
	struct policy_doc doc;
	enum err err = policy_doc_read(text, fuzz_format(text), &arena, &doc);

	fuzz_messages(err, doc.errors, doc.error_count);
	if (err == OK) {
		write_and_read(&doc.policy, &arena);
		encode_and_decode(&doc.policy, &arena);
		policy_doc_diff(&initial, &doc.policy, &detail);
		ask(&doc);
	}
	decode(text, &arena);
	buf_finish(&detail);
	arena_finish(&arena);
	return 0;
}
