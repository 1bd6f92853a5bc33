#include "unit/witness_kit.h"

#include "base/alloc.h"
#include "bus/memory.h"

#define START_US 1700000000000000

static enum err append_text(struct ledger *ledger, struct slice body, uint32_t events,
			    struct buf *ret_detail)
{
	int64_t last = ledger->head.at_us ? ledger->head.at_us : START_US;
	struct ledger_entry entry = {
		.body = body, .event_count = events, .at_us = last + 1000000,
	};

	return ledger_append(ledger, &entry, ret_detail);
}

enum err kit_append(struct ledger *ledger, const char *body, struct buf *ret_detail)
{
	return append_text(ledger, slice_of_str(body), 1, ret_detail);
}

void kit_fill(struct ledger *ledger, uint64_t count)
{
	struct buf body = { 0 };

	for (uint64_t i = 0; i < count; i++) {
		uint64_t seq = ledger->head.seq + 1;

		buf_clear(&body);
		buf_add_str(&body, "body of record ");
		buf_add_u64(&body, seq);
		ENSURE(append_text(ledger, buf_slice(&body), (uint32_t)(1 + seq % 3), NULL) == OK);
	}
	buf_finish(&body);
}

struct copying {
	struct slice *items;
	size_t count;
	size_t room;
};

static enum err copy_one(void *context, uint64_t seq, struct slice record)
{
	struct copying *copying = context;

	(void)seq;
	ENSURE(copying->count < copying->room);
	copying->items[copying->count++] =
		slice_of(alloc_copy(record.ptr, record.len), record.len);
	return OK;
}

size_t kit_copy(struct bus *bus, struct slice *ret_items, size_t room)
{
	struct copying copying = { .items = ret_items, .room = room };

	ENSURE(bus->ops->scan(bus, 1, KIT_LIMIT, copy_one, &copying, NULL) == OK);
	return copying.count;
}

struct bus *kit_bus_of(const struct slice *items, size_t count, uint64_t epoch)
{
	struct bus *bus = bus_memory_create();

	for (size_t i = 0; i < count; i++) {
		struct bus_append append = {
			.expected_last_seq = i, .epoch = epoch, .record = items[i],
		};

		ENSURE(bus->ops->append(bus, &append, NULL) == OK);
	}
	return bus;
}

enum err kit_verify(struct bus *bus, const struct hash *expected_head, struct finding *ret_finding)
{
	struct bus_limit slice = { .records = 2, .bytes = SIZE_MAX };
	struct ledger_verify verify;
	bool done = false;
	enum err err = ledger_verify_begin(&verify, bus, 0, 0, expected_head, NULL);

	while (err == OK && !done)
		err = ledger_verify_step(&verify, slice, &done, NULL);
	*ret_finding = verify.reader.finding;
	return err;
}
