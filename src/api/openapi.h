/*
 * openapi - the HTTP interface described by itself, from command.def.
 */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "base/buf.h"
#include "base/slice.h"

/* An OpenAPI 3.1 document; `version` is the program's. */
void openapi_write(struct slice version, struct buf *out);

#endif
