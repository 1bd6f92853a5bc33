/*
 * contract_doc - a contract as people write it, in YAML or JSON.
 *
 *	name: summary
 *	module_sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
 *	policy:				a microsoft/policy-mcp document, version 1, as it is
 *	  version: "1.0"
 *	  permissions:
 *	    storage: {allow: [{uri: "fs://data/list.txt", access: [read]}]}
 *	    network: {allow: [{host: api.example.com}]}
 *	    environment: {allow: [{key: LANG}]}
 *	http:				what may be asked of the hosts that the policy allows
 *	  - host: api.example.com
 *	    methods: [GET, POST]
 *	    paths: [/v1/items]
 *	limits: {memory: 64MiB, fuel: 1000000000, wall: 5s}
 *
 * The rest is in chassis/contract.def. Deny by default: what is not granted
 * is denied, and an empty list grants nothing. Without `http`, each host of
 * the policy can be asked by GET and HEAD, over https on port 443. What the
 * policy says and the chassis could not hold is an error.
 *
 * Reading is all or nothing: one error, and a contract that grants nothing.
 */
#ifndef DOCUMENT_CONTRACT_DOC_H
#define DOCUMENT_CONTRACT_DOC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "chassis/contract.h"
#include "document/fields.h"
#include "document/message.h"

struct contract_doc {
	struct contract contract;
	struct doc_message *errors;
	size_t error_count;
	struct doc_message *remarks;	/* read, but worth saying: a rule that can never speak */
	size_t remark_count;
};

/*
 * Reads a document. What is in `ret_doc` lives in `arena`, or in `text`,
 * which must stay. What is above `ceiling` is an error, too; NULL: only the
 * rows' own limits hold. ERR_DOCUMENT_INVALID: see ret_doc->errors, at least
 * one.
 */
MUST_USE enum err contract_doc_read(struct slice text, enum hand_format format,
				    const struct contract_ceiling *ceiling, struct arena *arena,
				    struct contract_doc *ret_doc);

/*
 * The operator's ceiling: maps limits, rates and http (request_bytes,
 * response_bytes, calls_per_s and allow_private of each rule). What it does
 * not say is limited by the rows alone.
 */
struct ceiling_doc {
	struct contract_ceiling ceiling;
	struct doc_message *errors;
	size_t error_count;
};
MUST_USE enum err ceiling_doc_read(struct slice text, enum hand_format format, struct arena *arena,
				   struct ceiling_doc *ret_doc);

/*
 * What the contract grants, limits, promises and does not grant, in plain
 * words: a line each, headings without and the rest with two blanks before.
 */
void contract_doc_explain(const struct contract *contract, struct buf *out);
/*
 * What changes from one contract to the other, a line each: "- may see the
 * variable LANG". Returns how many lines.
 */
size_t contract_doc_diff(const struct contract *from, const struct contract *to, struct buf *out);

#endif
