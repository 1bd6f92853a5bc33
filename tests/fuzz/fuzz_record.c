/*
 * Record decoding from arbitrary bytes. What decodes must encode to the
 * same bytes again; what does not must have a flaw that can be described.
 * To get past the hash, every input is also tried with its hash made right.
 */
#include <stdlib.h>

#include "witness/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_bytes(struct slice bytes)
{
	struct chain chain = chain_genesis();
	struct buf out = { 0 };
	struct record record;
	struct finding finding = { .flaw = FLAW_NONE };

	if (record_decode(bytes, &record, &finding)) {
		record_encode(&record, &out);
		ENSURE(slice_is(buf_slice(&out), bytes));
		chain.seq = record.seq - 1;
		chain.at_us = record.at_us / 2 + 1;
		if (!chain_follow(&chain, record.seq, bytes, &record, &finding))
			ENSURE(finding.seq == record.seq);
	}
	buf_clear(&out);
	finding_describe(&finding, &out);
	ENSURE(out.len > 0);
	buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf bytes = { 0 };
	struct chain chain;

	buf_add(&bytes, data, size);
	try_bytes(buf_slice(&bytes));
	if (size >= HASH_BYTES) {
		struct hash hash = hash_of(slice_head(buf_slice(&bytes), size - HASH_BYTES));

		memcpy(bytes.ptr + size - HASH_BYTES, hash.bytes, HASH_BYTES);
		try_bytes(buf_slice(&bytes));
		if (anchor_decode(buf_slice(&bytes), &chain)) {
			buf_clear(&bytes);
			anchor_encode(&chain, &bytes);
			ENSURE(bytes.len == size);
		}
	}
	buf_finish(&bytes);
	return 0;
}
