#include "witness/snapshot.h"

#include "base/le.h"
#include "base/map.h"

#define MAGIC "IFsn"
#define VERSION 1
#define HEADER_BYTES (8 + CHAIN_BYTES)
#define TRAILER_BYTES (8 + HASH_BYTES)

static enum err refuse(enum err err, uint64_t seq, const char *text, struct buf *ret_detail)
{
	if (ret_detail) {
		buf_add_lit(ret_detail, "the snapshot of record ");
		buf_add_u64(ret_detail, seq);
		buf_add_byte(ret_detail, ' ');
		buf_add_str(ret_detail, text);
	}
	return err;
}

/* ---- writing ---------------------------------------------------------------------------- */

static enum err chunk_flush(struct snapshot_writer *writer, struct buf *ret_detail)
{
	struct slice chunk = buf_slice(&writer->chunk);
	enum err err = writer->bus->ops->snapshot_add(writer->bus, writer->id, chunk, ret_detail);

	if (err != OK)
		return err;
	writer->chunks++;
	buf_clear(&writer->chunk);
	return OK;
}

/* Every byte that the bus gets comes through here. */
static enum err put(struct snapshot_writer *writer, struct slice bytes, struct buf *ret_detail)
{
	hash_add(&writer->writing, bytes);
	while (bytes.len > 0) {
		size_t room = BUS_CHUNK_BYTES_MAX - writer->chunk.len;
		struct slice part = slice_head(bytes, room);

		buf_add_slice(&writer->chunk, part);
		bytes = slice_from(bytes, part.len);
		if (writer->chunk.len == BUS_CHUNK_BYTES_MAX) {
			enum err err = chunk_flush(writer, ret_detail);

			if (err != OK)
				return err;
		}
	}
	return OK;
}

static enum err put_and_finish(struct snapshot_writer *writer, struct buf *bytes,
			       struct buf *ret_detail)
{
	enum err err = put(writer, buf_slice(bytes), ret_detail);

	buf_finish(bytes);
	return err;
}

enum err snapshot_begin(struct snapshot_writer *writer, struct bus *bus, const struct chain *chain,
			struct buf *ret_detail)
{
	struct buf header = { 0 };
	enum err err;

	*writer = (struct snapshot_writer){ .bus = bus, .chain = *chain };
	hash_begin(&writer->writing);
	hash_begin(&writer->reading);
	err = bus->ops->snapshot_begin(bus, chain->seq, &writer->id, ret_detail);
	if (err != OK)
		return err;
	buf_add_lit(&header, MAGIC);
	buf_add_le(&header, VERSION, 4);
	chain_encode(chain, &header);
	return put_and_finish(writer, &header, ret_detail);
}

enum err snapshot_add(struct snapshot_writer *writer, struct slice state, struct buf *ret_detail)
{
	ENSURE(!writer->sealed);
	writer->state_bytes += state.len;
	return put(writer, state, ret_detail);
}

enum err snapshot_seal(struct snapshot_writer *writer, struct buf *ret_detail)
{
	struct hash_state content;
	struct buf trailer = { 0 };
	struct hash hash;
	enum err err;

	ENSURE(!writer->sealed);
	buf_add_le(&trailer, writer->state_bytes, 8);
	/* The hash that is kept is over everything before it; ours goes on over it too. */
	content = writer->writing;
	hash_add(&content, buf_slice(&trailer));
	hash = hash_end(&content);
	buf_add(&trailer, hash.bytes, HASH_BYTES);
	err = put_and_finish(writer, &trailer, ret_detail);
	if (err == OK && writer->chunk.len > 0)
		err = chunk_flush(writer, ret_detail);
	if (err != OK)
		return err;
	writer->written = hash_end(&writer->writing);
	writer->sealed = true;
	return OK;
}

enum err snapshot_compare_step(struct snapshot_writer *writer, uint64_t chunks_max, bool *ret_done,
			       struct buf *ret_detail)
{
	struct bus *bus = writer->bus;
	struct hash hash;

	ENSURE(writer->sealed && !writer->compared && chunks_max > 0);
	*ret_done = false;
	while (writer->chunks_read < writer->chunks && chunks_max-- > 0) {
		enum err err = bus->ops->snapshot_read(bus, writer->id, writer->chunks_read,
						       &writer->chunk, ret_detail);

		if (err == ERR_CURSOR_AHEAD)
			return refuse(ERR_STORAGE_IO, writer->chain.seq, "lost a part", ret_detail);
		if (err != OK)
			return err;
		hash_add(&writer->reading, buf_slice(&writer->chunk));
		writer->chunks_read++;
	}
	if (writer->chunks_read < writer->chunks)
		return OK;
	hash = hash_end(&writer->reading);
	if (!hash_is(&hash, &writer->written))
		return refuse(ERR_STORAGE_IO, writer->chain.seq, "reads back as something else",
			      ret_detail);
	writer->compared = true;
	*ret_done = true;
	return OK;
}

enum err snapshot_commit(struct snapshot_writer *writer, struct buf *ret_detail)
{
	struct bus *bus = writer->bus;
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	size_t count;
	enum err err;

	ENSURE(writer->compared);
	err = bus->ops->snapshot_commit(bus, writer->id, ret_detail);
	if (err == OK)
		err = bus->ops->snapshot_list(bus, list, &count, ret_detail);
	if (err == OK && count == BUS_SNAPSHOTS_KEPT)
		err = bus->ops->snapshot_drop(bus, list[count - 1].seq, ret_detail);
	return err;
}

void snapshot_finish(struct snapshot_writer *writer)
{
	buf_finish(&writer->chunk);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* All of a snapshot in order, without what stands before and after the state. */
struct walk {
	struct bus *bus;
	const struct bus_snapshot *kept;
	snapshot_sink_fn *sink;		/* NULL: only hash it */
	void *context;
	struct hash_state hash;		/* of everything but the kept hash */
	uint64_t quick;			/* of the bytes as they came */
	struct buf chunk;
	uint64_t at;			/* bytes before the chunk */
	uint8_t header[HEADER_BYTES];
	uint8_t trailer[TRAILER_BYTES];
};

/* Copies what a chunk holds of the bytes [start, start + len) of the whole. */
static void copy_part(const struct walk *walk, uint8_t *to, uint64_t start, size_t len)
{
	uint64_t chunk_end = walk->at + walk->chunk.len;
	uint64_t from = start > walk->at ? start : walk->at;
	uint64_t until = start + len < chunk_end ? start + len : chunk_end;

	if (from < until)
		memcpy(to + (from - start), walk->chunk.ptr + (from - walk->at), until - from);
}

/* The part of a chunk that lies in [start, end) of the whole. */
static struct slice part_within(const struct walk *walk, uint64_t start, uint64_t end)
{
	struct slice part = buf_slice(&walk->chunk);
	uint64_t chunk_end = walk->at + walk->chunk.len;

	if (chunk_end <= start || walk->at >= end)
		return SLICE_EMPTY;
	if (chunk_end > end)
		part = slice_head(part, (size_t)(end - walk->at));
	return walk->at < start ? slice_from(part, (size_t)(start - walk->at)) : part;
}

static enum err walk_chunk(struct walk *walk)
{
	uint64_t trailer_at = walk->kept->bytes - TRAILER_BYTES;
	struct slice state = part_within(walk, HEADER_BYTES, trailer_at);

	walk->quick = hash_bytes(walk->quick, walk->chunk.ptr, walk->chunk.len);
	copy_part(walk, walk->header, 0, HEADER_BYTES);
	copy_part(walk, walk->trailer, trailer_at, TRAILER_BYTES);
	if (!walk->sink)
		hash_add(&walk->hash, part_within(walk, 0, walk->kept->bytes - HASH_BYTES));
	else if (state.len > 0)
		return walk->sink(walk->context, state);
	return OK;
}

/* ERR_CURSOR_AHEAD when it is not as long as it says. */
static enum err walk_all(struct walk *walk, struct buf *ret_detail)
{
	struct bus *bus = walk->bus;

	if (walk->kept->bytes < HEADER_BYTES + TRAILER_BYTES)
		return ERR_CURSOR_AHEAD;
	hash_begin(&walk->hash);
	for (uint64_t i = 0; i < walk->kept->chunk_count; i++) {
		enum err err = bus->ops->snapshot_read(bus, walk->kept->id, i, &walk->chunk,
						       ret_detail);

		if (err == OK && walk->chunk.len > walk->kept->bytes - walk->at)
			err = ERR_CURSOR_AHEAD;
		if (err == OK)
			err = walk_chunk(walk);
		if (err != OK)
			return err;
		walk->at += walk->chunk.len;
	}
	return walk->at == walk->kept->bytes ? OK : ERR_CURSOR_AHEAD;
}

/* Whether the bytes are a whole snapshot; what they say is in `ret_found`. */
static bool content_check(struct walk *walk, struct snapshot_found *ret_found)
{
	struct hash hash = hash_end(&walk->hash);
	uint64_t state_bytes = walk->kept->bytes - HEADER_BYTES - TRAILER_BYTES;

	if (memcmp(hash.bytes, walk->trailer + 8, HASH_BYTES) != 0 ||
	    memcmp(walk->header, MAGIC, 4) != 0 || le_get_u32(walk->header + 4) != VERSION ||
	    le_get_u64(walk->trailer) != state_bytes)
		return false;
	*ret_found = (struct snapshot_found){
		.kept = *walk->kept,
		.chain = chain_decode((const char *)walk->header + 8),
		.state_bytes = state_bytes,
		.quick = walk->quick,
	};
	return ret_found->chain.seq == walk->kept->seq;
}

static enum err snapshot_check(struct bus *bus, const struct bus_snapshot *kept, bool *ret_valid,
			       struct snapshot_found *ret_found, struct buf *ret_detail)
{
	struct walk walk = { .bus = bus, .kept = kept };
	enum err err = walk_all(&walk, ret_detail);

	*ret_valid = err == OK && content_check(&walk, ret_found);
	buf_finish(&walk.chunk);
	if (*ret_valid)
		return OK;
	if (err != OK && err != ERR_CURSOR_AHEAD && err != ERR_LEDGER_CORRUPT)
		return err;
	return refuse(OK, kept->seq, "is damaged and passed over; ", ret_detail);
}

static bool chain_is(const struct chain *a, const struct chain *b)
{
	return a->seq == b->seq && hash_is(&a->hash, &b->hash) && a->epoch == b->epoch &&
	       a->at_us == b->at_us && a->next_event == b->next_event;
}

/* The chain as the ledger has it after record `seq`. */
static enum err chain_read(struct bus *bus, uint64_t seq, struct chain *ret_chain,
			   struct buf *ret_detail)
{
	struct buf bytes = { 0 };
	struct record record;
	struct finding finding;
	enum err err = bus->ops->read(bus, seq, &bytes, ret_detail);

	if (err == OK && !record_decode(buf_slice(&bytes), &record, &finding)) {
		finding.seq = seq;
		if (ret_detail)
			finding_describe(&finding, ret_detail);
		err = finding_err(&finding);
	} else if (err == OK) {
		*ret_chain = chain_after(&record);
	} else if (err == ERR_CURSOR_TRIMMED) {
		err = bus->ops->anchor(bus, &bytes, ret_detail);
		if (err == OK && !anchor_decode(buf_slice(&bytes), ret_chain))
			err = ERR_LEDGER_CORRUPT;
	}
	buf_finish(&bytes);
	return err;
}

/* A whole snapshot is a witness of its own: it knows a hash that the ledger must have. */
static enum err ledger_agrees(struct bus *bus, const struct snapshot_found *found,
			      struct buf *ret_detail)
{
	struct chain chain = chain_genesis();
	enum err err = OK;

	if (found->chain.seq > 0)
		err = chain_read(bus, found->chain.seq, &chain, ret_detail);
	if (err == ERR_CURSOR_AHEAD)
		return refuse(ERR_LEDGER_CORRUPT, found->chain.seq,
			      "is newer than the last record: the ledger was shortened", ret_detail);
	if (err == OK && !chain_is(&chain, &found->chain))
		return refuse(ERR_LEDGER_CORRUPT, found->chain.seq,
			      "belongs to another ledger than these records", ret_detail);
	return err;
}

/* Without a snapshot everything must be there to be folded from the first record. */
static enum err none_found(struct bus *bus, bool *ret_any, struct buf *ret_detail)
{
	struct bus_head head;
	enum err err = bus->ops->head(bus, &head, ret_detail);

	*ret_any = false;
	if (err != OK || head.first_seq == 1)
		return err;
	bus_detail(ret_detail, "the first records were trimmed and no snapshot holds them");
	return ERR_LEDGER_CORRUPT;
}

enum err snapshot_find(struct bus *bus, uint64_t below_seq, bool *ret_any,
		       struct snapshot_found *ret_found, struct buf *ret_detail)
{
	struct bus_snapshot list[BUS_SNAPSHOTS_KEPT];
	size_t count;
	enum err err = bus->ops->snapshot_list(bus, list, &count, ret_detail);

	if (err != OK)
		return err;
	for (size_t i = 0; i < count; i++) {
		bool valid = false;

		if (list[i].seq >= below_seq)
			continue;
		err = snapshot_check(bus, &list[i], &valid, ret_found, ret_detail);
		if (err != OK)
			return err;
		if (!valid)
			continue;
		*ret_any = true;
		return ledger_agrees(bus, ret_found, ret_detail);
	}
	return none_found(bus, ret_any, ret_detail);
}

enum err snapshot_read_state(struct bus *bus, const struct snapshot_found *found,
			     snapshot_sink_fn *sink, void *context, struct buf *ret_detail)
{
	struct walk walk = {
		.bus = bus, .kept = &found->kept, .sink = sink, .context = context,
	};
	enum err err = walk_all(&walk, ret_detail);

	buf_finish(&walk.chunk);
	if (err == ERR_CURSOR_AHEAD)
		return refuse(ERR_LEDGER_CORRUPT, found->kept.seq, "is gone", ret_detail);
	if (err == OK && walk.quick != found->quick)
		return refuse(ERR_LEDGER_CORRUPT, found->kept.seq, "reads otherwise than before",
			      ret_detail);
	return err;
}
