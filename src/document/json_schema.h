/*
 * json_schema - what may stand in a document, as JSON Schema (2020-12), for
 * editors and for whoever checks documents elsewhere.
 *
 * Made from the tables that the readers use. The readers ask for more than a
 * schema can say: capabilities that exist, names that occur once.
 */
#ifndef DOCUMENT_JSON_SCHEMA_H
#define DOCUMENT_JSON_SCHEMA_H

#include "base/buf.h"

/* Each appends one JSON document, indented, with a line end. */
void json_schema_of_policy(struct buf *out);
void json_schema_of_manifest(struct buf *out);
void json_schema_of_prices(struct buf *out);
void json_schema_of_contract(struct buf *out);

#endif
