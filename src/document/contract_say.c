/*
 * contract_say - what a contract grants, in plain words, and what differs
 * between two.
 */
#include "base/ensure.h"
#include "document/contract_doc.h"

enum section { IS, MAY, MAY_NOT, USES, PROMISES, SECTION_COUNT };

/* Before the lines of the section, and before each line that stands alone. */
static const struct {
	const char *heading, *alone;
} sections[] = {
	[IS] = { "It is", "is " },
	[MAY] = { "It may", "may " },
	[MAY_NOT] = { "It may not", "may not " },
	[USES] = { "It may use in one run, at most,", "may use at most " },
	[PROMISES] = { "It promises", "promises " },
};

/* Lines of a section, each with a line end. */
struct saying {
	struct buf lines[SECTION_COUNT];
};

static struct buf *begin(struct saying *saying, enum section section, const char *words)
{
	struct buf *out = &saying->lines[section];

	buf_add_str(out, words);
	return out;
}

static void end(struct buf *out)
{
	buf_add_byte(out, '\n');
}

static void say(struct saying *saying, enum section section, const char *line)
{
	end(begin(saying, section, line));
}

static void add_between(struct buf *out, size_t index, size_t count, const char *last)
{
	if (index)
		buf_add_str(out, index + 1 < count ? ", " : last);
}

static void add_texts(struct buf *out, struct slice_list list, const char *last)
{
	for (size_t i = 0; i < list.count; i++) {
		add_between(out, i, list.count, last);
		buf_add_slice(out, list.items[i]);
	}
}

/* ---- what it is ------------------------------------------------------------------------------ */

static void say_nature(struct saying *saying, const struct contract *contract)
{
	const struct contract_determinism *determinism = &contract->determinism;
	struct buf *out = begin(saying, IS, "called ");

	buf_add_slice(out, contract->name);
	end(out);
	if (contract->module_sha256.len) {
		out = begin(saying, IS, "for one module only: ");
		buf_add_slice(out, contract->module_sha256);
		end(out);
	} else {
		say(saying, IS, "for any module: it names none");
	}
	if (contract->capabilities.count) {
		out = begin(saying, IS, "for work that needs ");
		add_texts(out, contract->capabilities, " or ");
		end(out);
	}
	if (contract->requires.count) {
		out = begin(saying, IS, "refused by a machine without ");
		add_texts(out, contract->requires, " or ");
		end(out);
	} else {
		say(saying, IS, "run with whatever layers of the sandbox a machine has");
	}
	if (determinism->clock_us >= 0) {
		out = begin(saying, IS, "told one time, whenever it asks: ");
		buf_add_slice(out, determinism->clock);
		end(out);
	}
	if (determinism->seed >= 0) {
		out = begin(saying, IS, "given the same random numbers each time, from the seed ");
		buf_add_i64(out, determinism->seed);
		end(out);
	}
}

/* ---- what it may ----------------------------------------------------------------------------- */

static void say_files(struct saying *saying, const struct contract *contract)
{
	struct buf *out;

	for (size_t i = 0; i < contract->storage_count; i++) {
		const struct contract_storage *storage = &contract->storage[i];
		bool is_here = slice_is_str(storage->path, ".");

		out = begin(saying, MAY, storage->reach == CONTRACT_REACH_SELF ? "read the file " :
									     "read the folder ");
		if (is_here)
			buf_add_lit(out, "where it is started");
		else
			buf_add_slice(out, storage->path);
		if (storage->reach == CONTRACT_REACH_TREE)
			buf_add_lit(out, " and all below it");
		else if (storage->reach == CONTRACT_REACH_CHILDREN)
			buf_add_lit(out, " and what lies in it, but not in folders of it");
		end(out);
	}
	for (size_t i = 0; i < contract->files_denied.count; i++) {
		out = begin(saying, MAY_NOT, "read ");
		buf_add_slice(out, contract->files_denied.items[i]);
		buf_add_lit(out, " or anything below it");
		end(out);
	}
	if (contract->environment.count) {
		out = begin(saying, MAY, contract->environment.count == 1 ? "see the variable " :
									   "see the variables ");
		add_texts(out, contract->environment, " and ");
		end(out);
	}
}

/* https://api.example.com, or with the ports when they are not the scheme's own. */
static void add_place(struct buf *out, const struct contract_http *http)
{
	uint16_t own = http->scheme == CONTRACT_HTTPS ? 443 : 80;

	buf_add_str(out, contract_scheme_names[http->scheme]);
	buf_add_lit(out, "://");
	buf_add_slice(out, http->host);
	if (http->port_count == 1 && http->ports[0] == own)
		return;
	buf_add_str(out, http->port_count == 1 ? " on port " : " on ports ");
	for (size_t i = 0; i < http->port_count; i++) {
		add_between(out, i, http->port_count, " and ");
		buf_add_u64(out, http->ports[i]);
	}
}

static void say_rule(struct saying *saying, const struct contract_http *http)
{
	struct buf *out;

	if (!http->methods.count || !http->paths.count || !http->port_count) {
		out = begin(saying, MAY_NOT, "ask anything of ");
		buf_add_slice(out, http->host);
		buf_add_lit(out, " by a rule with an empty list");
		end(out);
		return;
	}
	out = begin(saying, MAY, "ask ");
	add_place(out, http);
	buf_add_lit(out, " by ");
	add_texts(out, http->methods, " and ");
	if (slice_list_has(http->paths, SLICE("/**"))) {
		buf_add_lit(out, " for every path");
	} else {
		buf_add_lit(out, " for ");
		add_texts(out, http->paths, " and ");
	}
	buf_add_lit(out, ", sending ");
	fields_add_size(out, http->request_bytes);
	buf_add_lit(out, " and receiving ");
	fields_add_size(out, http->response_bytes);
	buf_add_lit(out, " at most");
	if (http->calls_per_s) {
		buf_add_lit(out, ", ");
		buf_add_i64(out, http->calls_per_s);
		buf_add_lit(out, " times a second");
	}
	if (http->allow_private)
		buf_add_lit(out, ", at a private address, too");
	end(out);
}

static void say_network(struct saying *saying, const struct contract *contract)
{
	struct buf *out;

	for (size_t i = 0; i < contract->http_count; i++)
		say_rule(saying, &contract->http[i]);
	for (size_t i = 0; i < contract->credential_count; i++) {
		const struct contract_credential *credential = &contract->credentials[i];

		out = begin(saying, MAY, "have the secret ");
		buf_add_slice(out, credential->name);
		buf_add_lit(out, " sent to ");
		buf_add_slice(out, credential->endpoint);
		buf_add_lit(out, " in the header ");
		buf_add_slice(out, credential->header);
		if (credential->prefix.len) {
			buf_add_lit(out, " behind \"");
			buf_add_slice(out, credential->prefix);
			buf_add_byte(out, '"');
		}
		buf_add_lit(out, ", without seeing it");
		end(out);
	}
	if (slice_list_has(contract->hosts_denied, SLICE("*"))) {
		say(saying, MAY_NOT, "ask any host: the policy denies them all");
	} else if (contract->hosts_denied.count) {
		out = begin(saying, MAY_NOT, "ask ");
		add_texts(out, contract->hosts_denied, " or ");
		end(out);
	}
}

static bool reaches_private(const struct contract *contract)
{
	for (size_t i = 0; i < contract->http_count; i++)
		if (contract->http[i].allow_private)
			return true;
	return false;
}

/* What nothing grants, so that nobody wonders. */
static void say_denied(struct saying *saying, const struct contract *contract)
{
	say(saying, MAY_NOT, contract->storage_count ? "read other files, or write any" :
							"read or write files");
	say(saying, MAY_NOT, contract->environment.count ? "see other variables" : "see variables");
	say(saying, MAY_NOT, contract->http_count ?
			     "ask anything else of these hosts, or anything of others" :
			     "use the network");
	if (contract->http_count && !reaches_private(contract))
		say(saying, MAY_NOT, "reach private, loopback or link-local addresses");
	say(saying, MAY_NOT, "start programs, open sockets or reach other processes");
	if (!saying->lines[MAY].len)
		say(saying, MAY, "read its input, compute, and write its result and log");
}

/* ---- what it uses and promises --------------------------------------------------------------- */

/* "memory: 64MiB", for each row. */
static void say_numbers(struct saying *saying, const struct schema *schema, const void *object)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];
		struct slice name = slice_of_str(field->name);
		const void *at = (const char *)object + field->offset;
		struct buf *out = begin(saying, USES, "");

		if (!fields_is_size(field, &name))
			fields_is_duration(field, &name);
		for (size_t k = 0; k < name.len; k++)
			buf_add_byte(out, name.ptr[k] == '_' ? ' ' : name.ptr[k]);
		buf_add_lit(out, ": ");
		fields_add_number(out, field, *(const int64_t *)at);
		end(out);
	}
}

static void say_rates(struct saying *saying, const struct contract_rates *rates)
{
	struct buf *out = begin(saying, USES, "requests: ");

	buf_add_i64(out, rates->calls_per_s);
	buf_add_lit(out, " a second, ");
	buf_add_i64(out, rates->burst);
	buf_add_lit(out, " at once after a pause");
	end(out);
}

static void say_promises(struct saying *saying, const struct contract_slos *slos)
{
	struct buf *out;

	if (slos->p99_latency_ms) {
		out = begin(saying, PROMISES, "that 99 of 100 tasks end within ");
		fields_add_duration(out, slos->p99_latency_ms);
		end(out);
	}
	if (slos->success_rate >= 0) {
		out = begin(saying, PROMISES, "that ");
		buf_add_ratio(out, slos->success_rate);
		buf_add_lit(out, " of its tasks succeed");
		end(out);
	}
	if (slos->availability >= 0) {
		out = begin(saying, PROMISES, "that it is there for ");
		buf_add_ratio(out, slos->availability);
		buf_add_lit(out, " of the time");
		end(out);
	}
	if (!saying->lines[PROMISES].len)
		say(saying, PROMISES, "nothing");
}

static void say_all(struct saying *saying, const struct contract *contract)
{
	say_nature(saying, contract);
	say_files(saying, contract);
	say_network(saying, contract);
	say_denied(saying, contract);
	say_numbers(saying, &contract_limits_schema, &contract->limits);
	say_rates(saying, &contract->rates);
	say_promises(saying, &contract->slos);
}

static void saying_finish(struct saying *saying)
{
	for (size_t i = 0; i < SECTION_COUNT; i++)
		buf_finish(&saying->lines[i]);
}

/* ---- for people ------------------------------------------------------------------------------ */

void contract_doc_explain(const struct contract *contract, struct buf *out)
{
	struct saying saying = { 0 };

	say_all(&saying, contract);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		struct slice rest = buf_slice(&saying.lines[i]);

		buf_add_str(out, sections[i].heading);
		buf_add_byte(out, '\n');
		while (rest.len) {
			buf_add_lit(out, "  ");
			buf_add_slice(out, slice_cut(&rest, '\n'));
			buf_add_byte(out, '\n');
		}
	}
	saying_finish(&saying);
}

static bool has_line(struct slice lines, struct slice line)
{
	while (lines.len)
		if (slice_is(slice_cut(&lines, '\n'), line))
			return true;
	return false;
}

/* The lines of one that the other has not. */
static size_t add_missing(struct buf *out, const char *sign, const char *alone, struct slice lines,
			  struct slice others)
{
	size_t count = 0;

	while (lines.len) {
		struct slice line = slice_cut(&lines, '\n');

		if (has_line(others, line))
			continue;
		buf_add_str(out, sign);
		buf_add_str(out, alone);
		buf_add_slice(out, line);
		buf_add_byte(out, '\n');
		count++;
	}
	return count;
}

/* Rules are tried in their order, so that it says something, too. */
static bool differ_in_order(const struct contract *from, const struct contract *to)
{
	for (size_t i = 0; i < from->http_count && i < to->http_count; i++) {
		struct saying left = { 0 }, right = { 0 };
		bool same;

		say_rule(&left, &from->http[i]);
		say_rule(&right, &to->http[i]);
		same = slice_is(buf_slice(&left.lines[MAY]), buf_slice(&right.lines[MAY]));
		saying_finish(&left);
		saying_finish(&right);
		if (!same)
			return true;
	}
	return false;
}

size_t contract_doc_diff(const struct contract *from, const struct contract *to, struct buf *out)
{
	struct saying left = { 0 }, right = { 0 };
	size_t count = 0;

	say_all(&left, from);
	say_all(&right, to);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		struct slice was = buf_slice(&left.lines[i]), is = buf_slice(&right.lines[i]);

		count += add_missing(out, "- ", sections[i].alone, was, is);
		count += add_missing(out, "+ ", sections[i].alone, is, was);
	}
	saying_finish(&left);
	saying_finish(&right);
	if (count == 0 && differ_in_order(from, to)) {
		buf_add_lit(out, "~ tries its http rules in another order\n");
		count = 1;
	}
	return count;
}
