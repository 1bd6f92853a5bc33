/*
 * A contract that is read can be taken, is the same after it went through its
 * canonical document and through its bytes, and answers every question.
 */
#include "document/contract_doc.h"
#include "fuzz_hand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_contract(const struct contract *a, const struct contract *b, const char *after)
{
	struct buf left = { 0 }, right = { 0 };

	contract_encode(a, &left);
	contract_encode(b, &right);
	if (!slice_is(buf_slice(&left), buf_slice(&right)))
		fuzz_fail("not the same contract after", slice_of_str(after));
	buf_clear(&left);
	if (contract_doc_diff(a, b, &left) != 0 || left.len)
		fuzz_fail("it differs from itself", buf_slice(&left));
	buf_finish(&left);
	buf_finish(&right);
}

static void write_and_read(const struct contract *contract, struct arena *arena)
{
	struct buf text = { 0 };
	struct contract_doc again;

	contract_write_json(contract, &text);
	if (contract_doc_read(buf_slice(&text), HAND_JSON, NULL, arena, &again) != OK)
		fuzz_fail(buf_str(&text), again.errors[0].text);
	same_contract(contract, &again.contract, "writing");
	buf_finish(&text);
}

static void encode_and_decode(const struct contract *contract, struct arena *arena)
{
	struct buf bytes = { 0 };
	struct contract again;

	contract_encode(contract, &bytes);
	if (!contract_decode(buf_slice(&bytes), arena, &again))
		fuzz_fail("its bytes are refused", SLICE_EMPTY);
	same_contract(contract, &again, "its bytes");
	buf_finish(&bytes);
}

/* Asks what the text itself brings: its lines as hosts, paths and files. */
static void ask(const struct contract *contract, struct slice text)
{
	struct buf out = { 0 };
	struct contract_request request = { .port = 443, .method = SLICE("GET") };

	while (text.len) {
		enum contract_ground ground;
		int rule;

		request.host = slice_trim(slice_cut(&text, '\n'));
		request.path = slice_trim(slice_cut(&text, '\n'));
		rule = contract_http_rule(contract, &request, &ground);
		if ((rule >= 0) != (ground == CONTRACT_COVERED) || rule >= (int)contract->http_count)
			fuzz_fail("an answer out of bounds", request.host);
		contract_ground_explain(&request, ground, &out);
		if (rule >= 0 && !contract_reaches(contract, &request))
			fuzz_fail("covered and not reached", request.host);
		if (contract_may_read(contract, request.path) &&
		    !contract_file_is_normal(request.path))
			fuzz_fail("read by an odd name", request.path);
		if (contract_path_pattern_is_valid(request.path) &&
		    slice_find_byte(request.path, '*') < 0 &&
		    !contract_path_covers(request.path, request.path))
			fuzz_fail("a path does not cover itself", request.path);
		if (contract_host_pattern_is_valid(request.host) &&
		    !contract_host_covers(request.host, request.host))
			fuzz_fail("a host does not cover itself", request.host);
		contract_may_see_variable(contract, request.host);
	}
	buf_finish(&out);
}

static void tell(const struct contract *contract)
{
	struct contract nothing = contract_default();
	struct buf out = { 0 };

	contract_doc_explain(contract, &out);
	if (out.len == 0 || !text_is_valid(buf_slice(&out)))
		fuzz_fail("it cannot be told", buf_slice(&out));
	contract_doc_diff(&nothing, contract, &out);
	buf_finish(&out);
}

/* Bytes from elsewhere: refused, or a contract like any other. */
static void decode(struct slice bytes, struct arena *arena)
{
	struct contract contract;

	if (!contract_decode(bytes, arena, &contract))
		return;
	write_and_read(&contract, arena);
	encode_and_decode(&contract, arena);
	tell(&contract);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct contract_ceiling ceiling = contract_ceiling_default();
	struct slice text = slice_of(data, size);
	struct arena arena = { 0 };
	struct buf detail = { 0 };
	struct contract_doc doc;
	struct ceiling_doc top;
	enum err err = contract_doc_read(text, fuzz_format(text), &ceiling, &arena, &doc);

	fuzz_messages(err, doc.errors, doc.error_count);
	if (err == OK) {
		if (contract_check(&doc.contract, &detail) != OK)
			fuzz_fail("it cannot be taken", buf_slice(&detail));
		write_and_read(&doc.contract, &arena);
		encode_and_decode(&doc.contract, &arena);
		tell(&doc.contract);
		ask(&doc.contract, text);
	}
	err = ceiling_doc_read(text, fuzz_format(text), &arena, &top);
	fuzz_messages(err, top.errors, top.error_count);
	decode(text, &arena);
	buf_finish(&detail);
	arena_finish(&arena);
	return 0;
}
