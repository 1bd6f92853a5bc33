/*
 * reference - docs/API.md, from command.def, error.def, event.def and limit.def.
 */
#ifndef API_REFERENCE_H
#define API_REFERENCE_H

#include "base/buf.h"

void reference_write_markdown(struct buf *out);

#endif
