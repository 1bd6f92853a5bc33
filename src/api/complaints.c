#include "api/complaints.h"

#define ERRORS_SHOWN_MAX 20	/* a screen; the members of the problem have all of them */
#define ERRORS_KEPT_MAX 200	/* more help nobody */

void complaints_begin(struct complaints *complaints, struct slice file, struct buf *detail,
			     struct buf *members)
{
	*complaints = (struct complaints){
		.file = file.len ? file : SLICE("document"), .detail = detail,
		.errors = json_begin(members),
	};
	buf_add_lit(members, "\"errors\":");
	json_array(&complaints->errors);
}

void complain(struct complaints *complaints, int line, struct slice text)
{
	struct json_writer *errors = &complaints->errors;

	if (complaints->count++ < ERRORS_SHOWN_MAX) {
		if (complaints->detail->len)
			buf_add_byte(complaints->detail, '\n');
		buf_add_slice(complaints->detail, complaints->file);
		if (line) {
			buf_add_byte(complaints->detail, ':');
			buf_add_i64(complaints->detail, line);
		}
		buf_add_lit(complaints->detail, ": ");
		buf_add_slice(complaints->detail, text);
	}
	if (complaints->count > ERRORS_KEPT_MAX)
		return;
	json_object(errors);
	json_put_text(errors, "file", complaints->file);
	if (line)
		json_put_i64(errors, "line", line);
	json_put_text(errors, "text", text);
	json_object_end(errors);
}

void complaints_end(struct complaints *complaints)
{
	json_array_end(&complaints->errors);
	if (complaints->count > ERRORS_SHOWN_MAX) {
		buf_add_lit(complaints->detail, "\nand ");
		buf_add_u64(complaints->detail, complaints->count - ERRORS_SHOWN_MAX);
		buf_add_lit(complaints->detail, " more");
	}
}

void complain_all(struct complaints *complaints, const struct doc_message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		complain(complaints, messages[i].line, messages[i].text);
}
