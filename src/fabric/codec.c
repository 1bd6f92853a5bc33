#include "fabric/codec.h"

void code_flush(struct codec *codec, size_t least)
{
	if (codec->out.len < least || codec->out.len == 0)
		return;
	codec->sink(codec->context, buf_slice(&codec->out));
	buf_clear(&codec->out);
}

void code_i64(struct codec *codec, int64_t *value)
{
	uint64_t bits;

	if (!codec->reading) {
		varint_add(&codec->out, zigzag(*value));
	} else if (!codec->bad) {
		codec->bad = !varint_cut(&codec->in, &bits);
		*value = codec->bad ? 0 : unzigzag(bits);
	}
}

void code_time(struct codec *codec, int64_t *at_us)
{
	CODE(codec, *at_us, TIME_US_MAX);
}

void code_duration(struct codec *codec, int64_t *ms)
{
	CODE(codec, *ms, DURATION_MS_MAX);
}

void code_number(struct codec *codec, uint32_t *number, uint32_t count)
{
	uint64_t coded = *number == INDEX_NONE ? 0 : (uint64_t)*number + 1;

	CODE(codec, coded, count);
	*number = coded && !codec->bad ? (uint32_t)(coded - 1) : INDEX_NONE;
}

void code_bytes(struct codec *codec, struct slice *bytes)
{
	uint64_t len;

	if (!codec->reading) {
		varint_add(&codec->out, bytes->len);
		buf_add_slice(&codec->out, *bytes);
		return;
	}
	*bytes = SLICE_EMPTY;
	if (codec->bad)
		return;
	codec->bad = !varint_cut(&codec->in, &len) || len > codec->in.len;
	if (codec->bad)
		return;
	*bytes = slice_head(codec->in, len);
	codec->in = slice_from(codec->in, len);
}

void code_owned(struct codec *codec, struct slice *owned)
{
	struct slice bytes = *owned;

	code_bytes(codec, &bytes);
	if (codec->reading)
		owned_set(owned, bytes);
}

void code_owned_list(struct codec *codec, struct slice_list *owned)
{
	uint64_t count = owned->count;
	struct slice *items;

	CODE(codec, count, codec->reading ? codec->in.len : UINT32_MAX);
	if (codec->bad)
		return;
	if (!codec->reading) {
		for (size_t i = 0; i < count; i++) {
			struct slice item = owned->items[i];

			code_bytes(codec, &item);
		}
		return;
	}
	arena_reset(&codec->arena);
	items = arena_zero(&codec->arena, count, sizeof(*items));
	for (size_t i = 0; i < count; i++)
		code_bytes(codec, &items[i]);
	if (!codec->bad)
		owned_list_set(owned, (struct slice_list){ items, count });
}

uint32_t code_count(struct codec *codec, uint64_t count)
{
	CODE(codec, count, codec->reading ? codec->in.len : UINT32_MAX);
	return codec->bad ? 0 : (uint32_t)count;
}
