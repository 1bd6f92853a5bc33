/*
 * The operator's ceiling, for contracts that come over the wire. Whoever runs a module looks
 * at it again, but what is above it is not to be on record as if it were in force.
 */
#include <errno.h>

#include "daemon/daemon.h"
#include "document/contract_doc.h"
#include "sys/files.h"

#define CEILING_BYTES_MAX 65536
#define EXCESSES_TOLD 8		/* of those that one answer names */

/* One that is there and cannot be read, or has a mistake, still holds: nothing passes it. */
static enum err read_ceiling(struct daemon *daemon, const char *path,
			     struct contract_ceiling *ceiling)
{
	struct buf text = { 0 };
	struct ceiling_doc doc;
	enum err err = file_read(path, CEILING_BYTES_MAX, &text);

	if (err == ERR_OS && (errno == ENOENT || errno == ENOTDIR)) {
		err = OK;
	} else if (err != OK) {
		buf_add_lit(&daemon->detail, "the ceiling of this machine is not known: ");
		file_describe(&daemon->detail, "read", path);
		err = ERR_DOCUMENT_INVALID;
	} else if (ceiling_doc_read(buf_slice(&text), hand_format_of(slice_of_str(path)),
				    &daemon->arena, &doc) == OK) {
		contract_ceiling_lower(ceiling, &doc.ceiling);
	} else {
		buf_add_lit(&daemon->detail, "the ceiling of this machine has a mistake: ");
		buf_add_str(&daemon->detail, path);
		buf_add_byte(&daemon->detail, ':');
		buf_add_i64(&daemon->detail, doc.errors[0].line);
		buf_add_lit(&daemon->detail, ": ");
		buf_add_slice(&daemon->detail, doc.errors[0].text);
		err = ERR_DOCUMENT_INVALID;
	}
	buf_finish(&text);
	return err;
}

static void tell(struct buf *detail, const struct contract_excess *excess)
{
	buf_add_str(detail, detail->len ? "; " : "above the ceiling of this machine: ");
	buf_add_str(detail, excess->part);
	if (slice_is(slice_of_str(excess->part), SLICE("http"))) {
		buf_add_byte(detail, '[');
		buf_add_u64(detail, excess->index);
		buf_add_byte(detail, ']');
	}
	buf_add_byte(detail, '.');
	buf_add_str(detail, excess->field->name);
	buf_add_lit(detail, " is ");
	buf_add_i64(detail, excess->value);
	buf_add_lit(detail, ", and at most ");
	buf_add_i64(detail, excess->most);
}

enum err ceiling_check(struct daemon *daemon, const struct contract *contract)
{
	struct contract_ceiling ceiling = contract_ceiling_default();
	struct contract_excess excess[EXCESSES_TOLD];
	size_t count;

	for (size_t i = 0; i < daemon->config.ceiling_count; i++) {
		enum err err = read_ceiling(daemon, daemon->config.ceilings[i], &ceiling);

		if (err != OK)
			return err;
	}
	count = contract_over_ceiling(contract, &ceiling, excess, EXCESSES_TOLD);
	for (size_t i = 0; i < count && i < EXCESSES_TOLD; i++)
		tell(&daemon->detail, &excess[i]);
	return count ? ERR_DOCUMENT_INVALID : OK;
}
