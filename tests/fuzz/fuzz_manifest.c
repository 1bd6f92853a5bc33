/*
 * What a manifest or a price table says is within its bounds, and a row is
 * one line.
 */
#include "document/manifest.h"
#include "fuzz_hand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that was left out need not be long enough. */
static bool is_absent(const struct field *field, const void *object)
{
	const char *at = (const char *)object + field->offset;

	return !field_is_list(field->kind) && !field_is_number(field->kind) &&
	       ((const struct slice *)(const void *)at)->len == 0;
}

static void check_fields(const struct schema *schema, const void *object)
{
	struct buf detail = { 0 };

	for (size_t i = 0; i < schema->count; i++)
		if (!is_absent(&schema->fields[i], object) &&
		    field_check(&schema->fields[i], object, &detail) != OK)
			fuzz_fail("a field out of bounds", buf_slice(&detail));
	buf_finish(&detail);
}

static void read_manifests(struct slice text, const struct manifest_known *known)
{
	struct arena arena = { 0 };
	struct manifest_doc doc;
	enum err err = manifest_read(text, fuzz_format(text), known, &arena, &doc);

	fuzz_messages(err, doc.errors, doc.error_count);
	for (size_t i = 0; i < doc.count; i++) {
		const struct manifest *one = &doc.manifests[i];

		check_fields(&manifest_schema, one);
		if (one->has_weight)
			check_fields(&manifest_weight_schema, &one->weight);
		if (one->has_price && one->rate_usd_per_hour >= 0)
			fuzz_fail("two rates", one->swarm_id);
	}
	arena_finish(&arena);
}

static void read_prices(struct slice text)
{
	static const int64_t tokens[TOKEN_KIND_COUNT] = { 1, INT64_MAX / 3, 1000, 7 };
	struct arena arena = { 0 };
	struct buf line = { 0 };
	struct price_doc doc;
	enum err err = price_doc_read(text, fuzz_format(text), &arena, &doc);

	fuzz_messages(err, doc.errors, doc.error_count);
	for (size_t i = 0; i < doc.count; i++) {
		int64_t cost = 0;

		price_of(&doc.rows[i].price, tokens, &cost);
		buf_clear(&line);
		price_row_write(&doc.rows[i], &line);
		if (cost < 0 || slice_find_byte(buf_slice(&line), '\n') != (ptrdiff_t)line.len - 1 ||
		    price_model(doc.rows[i].model).len > doc.rows[i].model.len)
			fuzz_fail("a row", buf_slice(&line));
	}
	buf_finish(&line);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);

	read_manifests(text, &manifest_known_builtin);
	read_manifests(text, NULL);
	read_prices(text);
	return 0;
}
