/*
 * contract_read - what the readers of a contract's parts share.
 */
#ifndef DOCUMENT_CONTRACT_READ_H
#define DOCUMENT_CONTRACT_READ_H

#include "chassis/contract.h"
#include "document/fields.h"

/* A host that the policy allows; its rules come from elsewhere in the document. */
struct policy_host {
	struct slice host;
	int line;
	size_t index;		/* in the list */
	bool has_rule;
};

struct policy_grants {
	struct policy_host hosts[CONTRACT_HTTP_MAX];
	size_t host_count;
	int64_t memory_bytes;	/* 0: it says nothing of memory */
	int memory_line;
};

/* What a policy can say and the chassis can hold, entry by entry. */
extern const struct schema policy_head_schema;
extern const struct schema policy_storage_schema;
extern const struct schema policy_network_schema;
extern const struct schema policy_variable_schema;
extern const struct schema policy_resources_schema;

/*
 * The map `policy` of a contract. Fills storage, files_denied, hosts_denied
 * and environment of `contract`.
 */
void contract_policy_read(struct field_reader *reader, const struct tree *policy,
			  struct contract *contract, struct policy_grants *ret_grants);

/* The maps `http` and `credentials`: rules of what may be asked of the policy's hosts. */
void contract_http_read(struct field_reader *reader, const struct tree *root,
			struct contract *contract, struct policy_grants *grants);
void contract_credentials_read(struct field_reader *reader, const struct tree *root,
			       struct contract *contract);

/* The list in byte order, in the reader's arena. */
struct slice_list contract_sorted(struct field_reader *reader, struct slice_list list);
/* ASCII letters made small, in the reader's arena. */
struct slice contract_lower(struct field_reader *reader, struct slice text);
/* Which denied host covers this one, or NULL. */
const struct slice *contract_denied_by(const struct contract *contract, struct slice host);

#endif
