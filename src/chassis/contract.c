#include "chassis/contract.h"

#include "base/ensure.h"

const char *const contract_layer_names[] = {
	[CONTRACT_LAYER_NAMESPACES] = "namespaces",
	[CONTRACT_LAYER_SECCOMP] = "seccomp",
	[CONTRACT_LAYER_COUNT] = NULL,
};

const char *const contract_scheme_names[] = {
	[CONTRACT_HTTPS] = "https",
	[CONTRACT_HTTP_PLAIN] = "http",
	[CONTRACT_SCHEME_COUNT] = NULL,
};

const char *const contract_method_names[CONTRACT_METHOD_COUNT + 1] = {
	"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", NULL,
};

const char *const contract_reach_names[] = {
	[CONTRACT_REACH_SELF] = "self",
	[CONTRACT_REACH_CHILDREN] = "children",
	[CONTRACT_REACH_TREE] = "tree",
	[CONTRACT_REACH_COUNT] = NULL,
};

const char *const contract_ground_names[] = {
	[CONTRACT_COVERED] = "covered",	      [CONTRACT_HOST_ODD] = "host_odd",
	[CONTRACT_PATH_ODD] = "path_odd",     [CONTRACT_HOST_DENIED] = "host_denied",
	[CONTRACT_NO_HOST] = "no_host",	      [CONTRACT_NO_PORT] = "no_port",
	[CONTRACT_NO_METHOD] = "no_method",   [CONTRACT_NO_PATH] = "no_path",
};

/* ---- tables ---------------------------------------------------------------------------------- */

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field root_fields[] = { CONTRACT_ROOT(ROW, contract) };
static const struct field limits_fields[] = { CONTRACT_LIMITS(ROW, contract_limits) };
static const struct field rates_fields[] = { CONTRACT_RATES(ROW, contract_rates) };
static const struct field http_fields[] = { CONTRACT_HTTP(ROW, contract_http) };
static const struct field credential_fields[] = { CONTRACT_CREDENTIAL(ROW, contract_credential) };
static const struct field storage_fields[] = { CONTRACT_STORAGE(ROW, contract_storage) };
static const struct field slos_fields[] = { CONTRACT_SLOS(ROW, contract_slos) };
static const struct field determinism_fields[] = {
	CONTRACT_DETERMINISM(ROW, contract_determinism)
};
static const struct field http_ceiling_fields[] = {
	CONTRACT_HTTP_CEILING(ROW, contract_http_ceiling)
};

#define SCHEMA(T, key, fields) { key, fields, ARRAY_LEN(fields), sizeof(struct T) }

const struct schema contract_root_schema = SCHEMA(contract, "contract", root_fields);
const struct schema contract_limits_schema = SCHEMA(contract_limits, "limits", limits_fields);
const struct schema contract_rates_schema = SCHEMA(contract_rates, "rates", rates_fields);
const struct schema contract_http_schema = SCHEMA(contract_http, "http", http_fields);
const struct schema contract_credential_schema =
	SCHEMA(contract_credential, "credential", credential_fields);
const struct schema contract_storage_schema = SCHEMA(contract_storage, "storage", storage_fields);
const struct schema contract_slos_schema = SCHEMA(contract_slos, "slos", slos_fields);
const struct schema contract_determinism_schema =
	SCHEMA(contract_determinism, "determinism", determinism_fields);
const struct schema contract_http_ceiling_schema =
	SCHEMA(contract_http_ceiling, "http", http_ceiling_fields);

/* ---- defaults -------------------------------------------------------------------------------- */

static void set_most(const struct schema *schema, void *object)
{
	for (size_t i = 0; i < schema->count; i++)
		*field_number(&schema->fields[i], object) = schema->fields[i].max;
}

struct contract contract_default(void)
{
	struct contract contract = { .http = NULL };

	schema_set_initial(&contract_limits_schema, 0, &contract.limits);
	schema_set_initial(&contract_rates_schema, 0, &contract.rates);
	schema_set_initial(&contract_slos_schema, 0, &contract.slos);
	schema_set_initial(&contract_determinism_schema, 0, &contract.determinism);
	contract.determinism.clock_us = -1;
	return contract;
}

struct contract_http contract_http_default(void)
{
	static const struct slice methods[] = { { "GET", 3 }, { "HEAD", 4 } };
	static const struct slice paths[] = { { "/**", 3 } };
	struct contract_http http = {
		.methods = { methods, ARRAY_LEN(methods) },
		.paths = { paths, ARRAY_LEN(paths) },
		.ports = { 443 },
		.port_count = 1,
	};

	schema_set_initial(&contract_http_schema, 0, &http);
	return http;
}

struct contract_ceiling contract_ceiling_default(void)
{
	struct contract_ceiling ceiling;

	set_most(&contract_limits_schema, &ceiling.limits);
	set_most(&contract_rates_schema, &ceiling.rates);
	set_most(&contract_http_ceiling_schema, &ceiling.http);
	return ceiling;
}
