#include "bus/memory.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

struct entry {
	struct slice bytes;		/* owned */
	uint64_t epoch;
};

struct chunk_list {
	struct slice *items;		/* each owned */
	size_t count;
	size_t capacity;
};

struct stored {
	uint64_t id;
	uint64_t seq;
	uint64_t bytes;
	bool complete;
	struct chunk_list chunks;
};

struct bus_memory {
	struct bus bus;
	pthread_mutex_t lock;		/* over everything below */
	struct entry *entries;		/* entries[0] is record first_seq */
	size_t count;
	size_t capacity;
	uint64_t first_seq;
	struct stored *stored;
	size_t stored_count;
	size_t stored_capacity;
	uint64_t next_id;
	struct buf anchor;
};

static struct bus_memory *memory_of(struct bus *bus)
{
	return (struct bus_memory *)bus;
}

static struct bus_memory *memory_lock(struct bus *bus)
{
	struct bus_memory *memory = memory_of(bus);

	ENSURE(pthread_mutex_lock(&memory->lock) == 0);
	return memory;
}

static enum err memory_unlock(struct bus_memory *memory, enum err err)
{
	ENSURE(pthread_mutex_unlock(&memory->lock) == 0);
	return err;
}

static struct slice slice_owned(struct slice bytes)
{
	return slice_of(alloc_copy(bytes.ptr, bytes.len), bytes.len);
}

static void slice_free(struct slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

static struct bus_head head_of(const struct bus_memory *memory)
{
	return (struct bus_head){
		.first_seq = memory->first_seq,
		.last_seq = memory->first_seq + memory->count - 1,
		.epoch = memory->count ? memory->entries[memory->count - 1].epoch : 0,
	};
}

static enum err memory_head(struct bus *bus, struct bus_head *ret_head, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);

	(void)ret_detail;
	*ret_head = head_of(memory);
	return memory_unlock(memory, OK);
}

static enum err memory_append(struct bus *bus, const struct bus_append *append,
			      struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	struct bus_head head = head_of(memory);

	ENSURE(append->epoch > 0 && append->record.len > 0);
	ENSURE(append->record.len <= BUS_RECORD_BYTES_MAX);
	if (append->expected_last_seq != head.last_seq || append->epoch < head.epoch) {
		bus_detail(ret_detail, "memory: the head is another one");
		return memory_unlock(memory, ERR_SEQ_CONFLICT);
	}
	memory->entries = alloc_grow(memory->entries, &memory->capacity, memory->count + 1,
				     sizeof(*memory->entries));
	memory->entries[memory->count++] = (struct entry){
		.bytes = slice_owned(append->record),
		.epoch = append->epoch,
	};
	return memory_unlock(memory, OK);
}

static enum err seq_check(const struct bus_memory *memory, uint64_t seq)
{
	if (seq < memory->first_seq)
		return ERR_CURSOR_TRIMMED;
	if (seq - memory->first_seq >= memory->count)
		return ERR_CURSOR_AHEAD;
	return OK;
}

static enum err memory_read(struct bus *bus, uint64_t seq, struct buf *ret_record,
			    struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	enum err err = seq_check(memory, seq);

	(void)ret_detail;
	if (err == OK) {
		buf_clear(ret_record);
		buf_add_slice(ret_record, memory->entries[seq - memory->first_seq].bytes);
	}
	return memory_unlock(memory, err);
}

static enum err memory_scan(struct bus *bus, uint64_t from_seq, struct bus_limit limit,
			    bus_visit_fn *visit, void *context, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	enum err err = seq_check(memory, from_seq);
	size_t bytes = 0;
	size_t end;

	(void)ret_detail;
	ENSURE(limit.records > 0 && limit.bytes > 0);
	if (err != OK)
		return memory_unlock(memory, err == ERR_CURSOR_AHEAD ? OK : err);
	end = from_seq - memory->first_seq;
	if (limit.records < memory->count - end)
		end += limit.records;
	else
		end = memory->count;
	for (size_t i = from_seq - memory->first_seq; i < end && err == OK; i++) {
		if (bytes >= limit.bytes)
			break;
		bytes += memory->entries[i].bytes.len;
		err = visit(context, memory->first_seq + i, memory->entries[i].bytes);
	}
	return memory_unlock(memory, err);
}

static void stored_free(struct bus_memory *memory, size_t at)
{
	struct stored *stored = &memory->stored[at];

	for (size_t i = 0; i < stored->chunks.count; i++)
		slice_free(stored->chunks.items[i]);
	free(stored->chunks.items);
	memory->stored[at] = memory->stored[--memory->stored_count];
}

static void unfinished_free(struct bus_memory *memory)
{
	for (size_t i = memory->stored_count; i-- > 0;)
		if (!memory->stored[i].complete)
			stored_free(memory, i);
}

static struct stored *stored_find(struct bus_memory *memory, uint64_t id)
{
	for (size_t i = 0; i < memory->stored_count; i++)
		if (memory->stored[i].id == id)
			return &memory->stored[i];
	return NULL;
}

static enum err memory_recover(struct bus *bus, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);

	(void)ret_detail;
	unfinished_free(memory);
	return memory_unlock(memory, OK);
}

static enum err memory_snapshot_begin(struct bus *bus, uint64_t seq, uint64_t *ret_id,
				      struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);

	(void)ret_detail;
	unfinished_free(memory);
	memory->stored = alloc_grow(memory->stored, &memory->stored_capacity,
				    memory->stored_count + 1, sizeof(*memory->stored));
	memory->stored[memory->stored_count++] = (struct stored){
		.id = ++memory->next_id,
		.seq = seq,
	};
	*ret_id = memory->next_id;
	return memory_unlock(memory, OK);
}

static enum err memory_snapshot_add(struct bus *bus, uint64_t id, struct slice chunk,
				    struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	struct stored *stored = stored_find(memory, id);

	ENSURE(chunk.len > 0 && chunk.len <= BUS_CHUNK_BYTES_MAX);
	if (!stored || stored->complete) {
		bus_detail(ret_detail, "memory: the snapshot was given up");
		return memory_unlock(memory, ERR_STORAGE_IO);
	}
	stored->chunks.items = alloc_grow(stored->chunks.items, &stored->chunks.capacity,
					  stored->chunks.count + 1, sizeof(struct slice));
	stored->chunks.items[stored->chunks.count++] = slice_owned(chunk);
	stored->bytes += chunk.len;
	return memory_unlock(memory, OK);
}

static enum err memory_snapshot_commit(struct bus *bus, uint64_t id, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	struct stored *stored = stored_find(memory, id);
	uint64_t seq;

	if (!stored || stored->complete) {
		bus_detail(ret_detail, "memory: the snapshot was given up");
		return memory_unlock(memory, ERR_STORAGE_IO);
	}
	seq = stored->seq;
	stored->complete = true;
	for (size_t i = memory->stored_count; i-- > 0;)
		if (memory->stored[i].seq == seq && memory->stored[i].id != id)
			stored_free(memory, i);
	return memory_unlock(memory, OK);
}

static enum err memory_snapshot_drop(struct bus *bus, uint64_t before_seq, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);

	(void)ret_detail;
	for (size_t i = memory->stored_count; i-- > 0;)
		if (memory->stored[i].complete && memory->stored[i].seq < before_seq)
			stored_free(memory, i);
	return memory_unlock(memory, OK);
}

/* The complete one with the highest seq below `below_seq`. */
static const struct stored *stored_below(const struct bus_memory *memory, uint64_t below_seq)
{
	const struct stored *best = NULL;

	for (size_t i = 0; i < memory->stored_count; i++) {
		const struct stored *stored = &memory->stored[i];

		if (stored->complete && stored->seq < below_seq &&
		    (!best || stored->seq > best->seq))
			best = stored;
	}
	return best;
}

static enum err memory_snapshot_list(struct bus *bus,
				     struct bus_snapshot ret_list[BUS_SNAPSHOTS_KEPT],
				     size_t *ret_count, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	uint64_t below_seq = UINT64_MAX;
	size_t count = 0;

	(void)ret_detail;
	while (count < BUS_SNAPSHOTS_KEPT) {
		const struct stored *stored = stored_below(memory, below_seq);

		if (!stored)
			break;
		ret_list[count++] = (struct bus_snapshot){
			.id = stored->id,
			.seq = stored->seq,
			.chunk_count = stored->chunks.count,
			.bytes = stored->bytes,
		};
		below_seq = stored->seq;
	}
	*ret_count = count;
	return memory_unlock(memory, OK);
}

static enum err memory_snapshot_read(struct bus *bus, uint64_t id, uint64_t index,
				     struct buf *ret_chunk, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	const struct stored *stored = stored_find(memory, id);

	(void)ret_detail;
	if (!stored || index >= stored->chunks.count)
		return memory_unlock(memory, ERR_CURSOR_AHEAD);
	buf_clear(ret_chunk);
	buf_add_slice(ret_chunk, stored->chunks.items[index]);
	return memory_unlock(memory, OK);
}

static enum err memory_trim(struct bus *bus, uint64_t before_seq, struct slice anchor,
			    struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);
	size_t gone;

	(void)ret_detail;
	ENSURE(before_seq < memory->first_seq + memory->count);
	ENSURE(anchor.len > 0 && anchor.len <= BUS_ANCHOR_BYTES_MAX);
	if (before_seq <= memory->first_seq)
		return memory_unlock(memory, OK);
	gone = before_seq - memory->first_seq;
	for (size_t i = 0; i < gone; i++)
		slice_free(memory->entries[i].bytes);
	memory->count -= gone;
	memmove(memory->entries, memory->entries + gone, memory->count * sizeof(*memory->entries));
	memory->first_seq = before_seq;
	buf_clear(&memory->anchor);
	buf_add_slice(&memory->anchor, anchor);
	return memory_unlock(memory, OK);
}

static enum err memory_anchor(struct bus *bus, struct buf *ret_anchor, struct buf *ret_detail)
{
	struct bus_memory *memory = memory_lock(bus);

	(void)ret_detail;
	buf_clear(ret_anchor);
	buf_add_slice(ret_anchor, buf_slice(&memory->anchor));
	return memory_unlock(memory, OK);
}

static void memory_idle(struct bus *bus)
{
	(void)bus;
}

static void memory_describe(struct bus *bus, struct buf *out)
{
	struct bus_memory *memory = memory_lock(bus);

	buf_add_str(out, "engine=memory records=");
	buf_add_u64(out, memory->count);
	(void)memory_unlock(memory, OK);
}

static void memory_close(struct bus *bus)
{
	struct bus_memory *memory = memory_of(bus);

	for (size_t i = 0; i < memory->count; i++)
		slice_free(memory->entries[i].bytes);
	while (memory->stored_count)
		stored_free(memory, memory->stored_count - 1);
	free(memory->entries);
	free(memory->stored);
	buf_finish(&memory->anchor);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

static const struct bus_ops memory_ops = {
	.name = "memory",
	.record_bytes_max = BUS_RECORD_BYTES_MAX,
	.head = memory_head,
	.append = memory_append,
	.recover = memory_recover,
	.read = memory_read,
	.scan = memory_scan,
	.snapshot_begin = memory_snapshot_begin,
	.snapshot_add = memory_snapshot_add,
	.snapshot_commit = memory_snapshot_commit,
	.snapshot_drop = memory_snapshot_drop,
	.snapshot_list = memory_snapshot_list,
	.snapshot_read = memory_snapshot_read,
	.trim = memory_trim,
	.anchor = memory_anchor,
	.idle = memory_idle,
	.describe = memory_describe,
	.close = memory_close,
};

struct bus *bus_memory_create(void)
{
	struct bus_memory *memory = alloc_zero(1, sizeof(*memory));

	memory->bus.ops = &memory_ops;
	memory->first_seq = 1;
	ENSURE(pthread_mutex_init(&memory->lock, NULL) == 0);
	return &memory->bus;
}
