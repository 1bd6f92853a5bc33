#include "sandbox/wire.h"

#include "base/le.h"

#define WIRE_FIELD(T, kind, name, min, max) \
	{ #name, FIELD_##kind, 0, offsetof(struct T, name), (min), (max), 0, NULL, "" },

#define WIRE(number, NAME, name)                         \
	static const struct field fields_of_##name[] = { \
		FIELDS_##NAME(WIRE_FIELD, wire_##name)   \
	};
#include "sandbox/wire.def"
#undef WIRE

static const struct schema schemas[] = {
#define WIRE(number, NAME, name)                                                              \
	[WIRE_##NAME] = { #name, fields_of_##name, ARRAY_LEN(fields_of_##name),               \
			  sizeof(struct wire_##name) },
#include "sandbox/wire.def"
#undef WIRE
};

void wire_add(struct buf *out, enum wire_kind kind, const void *message, struct slice tail)
{
	size_t start = out->len;
	size_t fields_len;

	ENSURE(kind > WIRE_NONE && kind < WIRE_KIND_END);
	buf_add_repeat(out, '\0', WIRE_HEAD_BYTES);
	schema_encode(&schemas[kind], message, out);
	fields_len = out->len - start - WIRE_HEAD_BYTES;
	ENSURE(fields_len <= WIRE_FIELDS_BYTES_MAX);
	le_put(out->ptr + start, WIRE_HEAD_BYTES - 4 + fields_len + tail.len, 4);
	out->ptr[start + 4] = (char)kind;
	le_put(out->ptr + start + 5, fields_len, 4);
	buf_add_slice(out, tail);
}

enum err wire_cut(struct slice come, size_t tail_max, struct wire_frame *ret_frame,
		  size_t *ret_bytes)
{
	size_t len, fields_len;
	unsigned kind;

	*ret_bytes = 0;
	if (come.len < WIRE_HEAD_BYTES)
		return OK;
	len = le_get_u32(come.ptr);
	kind = (unsigned char)come.ptr[4];
	fields_len = le_get_u32(come.ptr + 5);
	if (kind == WIRE_NONE || kind >= WIRE_KIND_END || len < WIRE_HEAD_BYTES - 4 ||
	    fields_len > len - (WIRE_HEAD_BYTES - 4))
		return ERR_ARGUMENT_TYPE;
	if (fields_len > WIRE_FIELDS_BYTES_MAX || len - (WIRE_HEAD_BYTES - 4) - fields_len > tail_max)
		return ERR_LIMIT_EXCEEDED;
	if (come.len - 4 < len)
		return OK;
	ret_frame->kind = (enum wire_kind)kind;
	ret_frame->fields = slice_of(come.ptr + WIRE_HEAD_BYTES, fields_len);
	ret_frame->tail = slice_of(come.ptr + WIRE_HEAD_BYTES + fields_len,
				   len - (WIRE_HEAD_BYTES - 4) - fields_len);
	*ret_bytes = 4 + len;
	return OK;
}

static bool field_is_within(const struct field *field, const void *message)
{
	const char *at = (const char *)message + field->offset;

	if (field_is_number(field->kind)) {
		int64_t number = *(const int64_t *)(const void *)at;

		return number >= field->min && number <= field->max;
	}
	if (field_is_list(field->kind))
		return ((const struct slice_list *)(const void *)at)->count <= (size_t)field->max;
	return ((const struct slice *)(const void *)at)->len >= (size_t)field->min &&
	       ((const struct slice *)(const void *)at)->len <= (size_t)field->max;
}

enum err wire_read(const struct wire_frame *frame, enum wire_kind kind, struct arena *arena,
		   void *ret_message)
{
	const struct schema *schema = &schemas[kind];

	ENSURE(kind > WIRE_NONE && kind < WIRE_KIND_END);
	memset(ret_message, 0, schema->size);
	if (frame->kind != kind || !schema_decode(schema, frame->fields, arena, ret_message))
		return ERR_ARGUMENT_TYPE;
	for (size_t i = 0; i < schema->count; i++)
		if (!field_is_within(&schema->fields[i], ret_message))
			return ERR_ARGUMENT_RANGE;
	return OK;
}
