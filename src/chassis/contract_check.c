/*
 * contract_check - whether a contract is one, and whether it stays below the
 * operator's ceiling.
 */
#include "base/ensure.h"
#include "base/rfc3339.h"
#include "chassis/contract.h"

/* ---- is it one ------------------------------------------------------------------------------- */

static enum err refuse(struct buf *ret_detail, const char *what)
{
	buf_add_str(ret_detail, what);
	return ERR_ARGUMENT_RANGE;
}

static enum err check_fields(const struct schema *schema, const void *object, struct buf *ret_detail)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < schema->count; i++)
		err = field_check(&schema->fields[i], object, ret_detail);
	if (err) {
		buf_add_lit(ret_detail, " (in ");
		buf_add_str(ret_detail, schema->name);
		buf_add_byte(ret_detail, ')');
	}
	return err;
}

typedef bool spelling_fn(struct slice text);

static bool are_all(struct slice_list list, spelling_fn *is_valid)
{
	for (size_t i = 0; i < list.count; i++)
		if (!is_valid(list.items[i]))
			return false;
	return true;
}

static bool is_ascending(struct slice_list list)
{
	for (size_t i = 1; i < list.count; i++)
		if (slice_compare(list.items[i - 1], list.items[i]) >= 0)
			return false;
	return true;
}

static bool is_lower(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')
			return false;
	return true;
}

static bool host_is_deniable(struct slice host)
{
	bool is_pattern = slice_starts(host, SLICE("*."));

	return is_lower(host) && (slice_is_str(host, "*") ||
				  contract_host_is_valid(slice_from(host, is_pattern ? 2 : 0)));
}

static bool is_sha256(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
		      (text.ptr[i] >= 'a' && text.ptr[i] <= 'f')))
			return false;
	return text.len == 64;
}

static enum err check_http(const struct contract_http *http, struct buf *ret_detail)
{
	enum err err = check_fields(&contract_http_schema, http, ret_detail);

	if (err)
		return err;
	if (!contract_host_pattern_is_valid(http->host) || !is_lower(http->host))
		return refuse(ret_detail, "the host of an http rule is not written as one");
	if (!are_all(http->paths, contract_path_pattern_is_valid))
		return refuse(ret_detail, "a path of an http rule is not in its normal form");
	if (!is_ascending(http->methods) || !is_ascending(http->paths))
		return refuse(ret_detail, "methods and paths of an http rule are not sorted");
	if (http->port_count > CONTRACT_PORTS_MAX)
		return refuse(ret_detail, "an http rule has too many ports");
	for (size_t i = 0; i < http->port_count; i++)
		if (http->ports[i] == 0 || (i && http->ports[i] <= http->ports[i - 1]))
			return refuse(ret_detail, "an http rule's ports are not ascending");
	return OK;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			return false;
	return true;
}

static enum err check_credential(const struct contract *contract,
				 const struct contract_credential *credential,
				 struct buf *ret_detail)
{
	enum err err = check_fields(&contract_credential_schema, credential, ret_detail);
	struct contract_request place;
	struct buf canonical = { 0 };

	if (err)
		return err;
	if (!contract_header_is_valid(credential->header) || !is_printable(credential->prefix))
		return refuse(ret_detail, "the header of a credential is none that may be written");
	if (!contract_endpoint_read(credential->endpoint, &place))
		return refuse(ret_detail, "the endpoint of a credential is not https://host:port");
	if (!contract_reaches(contract, &place))
		return refuse(ret_detail, "no http rule is for the endpoint of a credential");
	contract_endpoint_write(&place, &canonical);
	if (!slice_is(buf_slice(&canonical), credential->endpoint))
		err = refuse(ret_detail, "the endpoint of a credential is not in its shortest form");
	buf_finish(&canonical);
	return err;
}

static bool is_absolute(struct slice path)
{
	return path.len && path.ptr[0] == '/';
}

/* Sorted by where they go; one secret for each header of a place. */
static bool credentials_ascend(const struct contract_credential *a,
			       const struct contract_credential *b)
{
	int by_place = slice_compare(a->endpoint, b->endpoint);

	return by_place < 0 || (by_place == 0 && slice_compare(a->header, b->header) < 0 &&
				!slice_is_nocase(a->header, b->header));
}

static enum err check_credentials(const struct contract *contract, struct buf *ret_detail)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < contract->credential_count; i++) {
		err = check_credential(contract, &contract->credentials[i], ret_detail);
		if (err == OK && i && !credentials_ascend(&contract->credentials[i - 1],
							  &contract->credentials[i]))
			err = refuse(ret_detail, "the credentials are not sorted by endpoint");
	}
	return err;
}

static enum err check_storage(const struct contract *contract, struct buf *ret_detail)
{
	for (size_t i = 0; i < contract->storage_count; i++) {
		const struct contract_storage *storage = &contract->storage[i];
		enum err err = check_fields(&contract_storage_schema, storage, ret_detail);

		if (err)
			return err;
		if (!contract_file_is_grantable(storage->path))
			return refuse(ret_detail, "a path of storage is not in its normal form");
		if (i && slice_compare(storage[-1].path, storage->path) >= 0)
			return refuse(ret_detail, "the paths of storage are not sorted");
		for (size_t k = 0; k < contract->files_denied.count; k++)
			if (is_absolute(storage->path) !=
			    is_absolute(contract->files_denied.items[k]))
				return refuse(ret_detail, "storage has relative and absolute paths, of "
							  "which some are denied");
	}
	if (contract->files_denied.count > CONTRACT_FILES_DENIED_MAX ||
	    !are_all(contract->files_denied, contract_file_is_grantable) ||
	    !is_ascending(contract->files_denied))
		return refuse(ret_detail, "the denied files are not a sorted list of paths");
	return OK;
}

static enum err check_clock(const struct contract_determinism *determinism, struct buf *ret_detail)
{
	enum err err = check_fields(&contract_determinism_schema, determinism, ret_detail);
	struct buf canonical = { 0 };
	int64_t clock_us = -1;

	if (err == OK && determinism->clock.len && rfc3339_read(determinism->clock, &clock_us))
		buf_add_time(&canonical, clock_us);
	if (err == OK && (!slice_is(buf_slice(&canonical), determinism->clock) ||
			  clock_us != determinism->clock_us))
		err = refuse(ret_detail, "the clock does not stand at a time in its one spelling");
	buf_finish(&canonical);
	return err;
}

static enum err check_parts(const struct contract *contract, struct buf *ret_detail)
{
	enum err err = check_fields(&contract_limits_schema, &contract->limits, ret_detail);

	if (err == OK)
		err = check_fields(&contract_rates_schema, &contract->rates, ret_detail);
	if (err == OK)
		err = check_fields(&contract_slos_schema, &contract->slos, ret_detail);
	if (err == OK)
		err = check_clock(&contract->determinism, ret_detail);
	return err;
}

enum err contract_check(const struct contract *contract, struct buf *ret_detail)
{
	enum err err = check_fields(&contract_root_schema, contract, ret_detail);

	if (err == OK && contract->module_sha256.len && !is_sha256(contract->module_sha256))
		err = refuse(ret_detail, "module_sha256 is not 64 hex digits in lower case");
	if (err == OK && (!is_ascending(contract->capabilities) || !is_ascending(contract->requires)))
		err = refuse(ret_detail, "capabilities or layers are not sorted");
	if (err == OK)
		err = check_parts(contract, ret_detail);
	if (err == OK && (contract->http_count > CONTRACT_HTTP_MAX ||
			  contract->credential_count > CONTRACT_CREDENTIALS_MAX ||
			  contract->storage_count > CONTRACT_STORAGE_MAX))
		err = refuse(ret_detail, "it has more rules than a contract may have");
	for (size_t i = 0; err == OK && i < contract->http_count; i++)
		err = check_http(&contract->http[i], ret_detail);
	if (err == OK)
		err = check_credentials(contract, ret_detail);
	if (err == OK)
		err = check_storage(contract, ret_detail);
	if (err == OK && (contract->hosts_denied.count > CONTRACT_HOSTS_DENIED_MAX ||
			  !are_all(contract->hosts_denied, host_is_deniable) ||
			  !is_ascending(contract->hosts_denied)))
		err = refuse(ret_detail, "the denied hosts are not a sorted list of hosts");
	if (err == OK && (contract->environment.count > CONTRACT_ENVIRONMENT_MAX ||
			  !are_all(contract->environment, contract_variable_is_valid) ||
			  !is_ascending(contract->environment)))
		err = refuse(ret_detail, "the environment is not a sorted list of names");
	return err;
}

/* ---- the ceiling ----------------------------------------------------------------------------- */

static void lower(const struct schema *schema, void *object, const void *other)
{
	for (size_t i = 0; i < schema->count; i++) {
		int64_t *number = field_number(&schema->fields[i], object);
		const char *at = (const char *)other + schema->fields[i].offset;
		int64_t most = *(const int64_t *)(const void *)at;

		if (most < *number)
			*number = most;
	}
}

void contract_ceiling_lower(struct contract_ceiling *ceiling, const struct contract_ceiling *other)
{
	lower(&contract_limits_schema, &ceiling->limits, &other->limits);
	lower(&contract_rates_schema, &ceiling->rates, &other->rates);
	lower(&contract_http_ceiling_schema, &ceiling->http, &other->http);
}

struct excess_list {
	struct contract_excess *items;
	size_t max, count;
};

/* Numbers of `object` that are above those of `ceiling`, by the rows that both have. */
static void compare(struct excess_list *list, const struct schema *schema, const void *object,
		    const struct schema *ceiling_schema, const void *ceiling, size_t index)
{
	for (size_t i = 0; i < ceiling_schema->count; i++) {
		const struct field *top = &ceiling_schema->fields[i];
		const struct field *field = schema_find(schema, slice_of_str(top->name));
		int64_t most = *(const int64_t *)(const void *)((const char *)ceiling + top->offset);
		int64_t value;

		ENSURE(field);
		value = *(const int64_t *)(const void *)((const char *)object + field->offset);
		if (value <= most)
			continue;
		if (list->count < list->max)
			list->items[list->count] = (struct contract_excess){
				field, schema->name, index, value, most,
			};
		list->count++;
	}
}

size_t contract_over_ceiling(const struct contract *contract, const struct contract_ceiling *ceiling,
			     struct contract_excess *ret_excess, size_t max)
{
	struct excess_list list = { ret_excess, max, 0 };

	compare(&list, &contract_limits_schema, &contract->limits, &contract_limits_schema,
		&ceiling->limits, 0);
	compare(&list, &contract_rates_schema, &contract->rates, &contract_rates_schema,
		&ceiling->rates, 0);
	for (size_t i = 0; i < contract->http_count; i++)
		compare(&list, &contract_http_schema, &contract->http[i],
			&contract_http_ceiling_schema, &ceiling->http, i);
	return list.count;
}
