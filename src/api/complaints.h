/*
 * complaints - everything that is wrong with a document, at once: as lines
 * for people, and as the member "errors" for programs.
 */
#ifndef API_COMPLAINTS_H
#define API_COMPLAINTS_H

#include "base/buf.h"
#include "base/json.h"
#include "document/message.h"

struct complaints {
	struct slice file;
	struct buf *detail;
	struct json_writer errors;
	size_t count;
};

void complaints_begin(struct complaints *complaints, struct slice file, struct buf *detail,
		      struct buf *members);
/* Line 0: about the whole document. */
void complain(struct complaints *complaints, int line, struct slice text);
void complain_all(struct complaints *complaints, const struct doc_message *messages, size_t count);
void complaints_end(struct complaints *complaints);

#endif
