#include "api/route.h"

#include <string.h>

#include "base/buf.h"
#include "base/ensure.h"

static const char *const verb_names[ROUTE_VERBS] = {
	[HTTP_VERB_GET] = "GET",
	[HTTP_VERB_POST] = "POST",
	[HTTP_VERB_PUT] = "PUT",
	[HTTP_VERB_DELETE] = "DELETE",
};

/* ---- the tree ------------------------------------------------------------------------------ */

static bool segment_is_parameter(struct slice segment)
{
	return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static uint16_t add_node(struct router *router, uint16_t parent, struct slice segment)
{
	uint16_t added = (uint16_t)router->node_count;
	uint16_t *link = &router->nodes[parent].first_child;

	ENSURE(router->node_count < ROUTE_NODES_MAX);
	router->node_count++;
	router->nodes[added].segment = segment;
	/* The parameter comes last, so that whoever looks meets every literal first. */
	while (*link && router->nodes[*link].segment.len)
		link = &router->nodes[*link].next_sibling;
	router->nodes[added].next_sibling = *link;
	*link = added;
	return added;
}

/* `segment` is empty for a parameter. */
static uint16_t find_or_add(struct router *router, uint16_t parent, struct slice segment)
{
	uint16_t at = router->nodes[parent].first_child;

	while (at && !slice_is(router->nodes[at].segment, segment))
		at = router->nodes[at].next_sibling;
	return at ? at : add_node(router, parent, segment);
}

/* Binding takes the path's values in the order of the row: both must say the same. */
static void check_parameter(const struct schema *schema, size_t index, struct slice segment)
{
	struct slice name = slice_of(segment.ptr + 1, segment.len - 2);

	ENSURE(index < ROUTE_ARGS_MAX && index < schema->count);
	ENSURE(schema->fields[index].flags & FIELD_IN_PATH);
	ENSURE(slice_is_str(name, schema->fields[index].name));
}

static void add_row(struct router *router, enum command_type type)
{
	const struct command_info *info = &command_table[type];
	struct slice rest = slice_from(slice_of_str(info->path), 1);
	struct route_node *node;
	uint16_t at = 0;
	size_t args = 0;

	while (rest.len) {
		struct slice segment = slice_cut(&rest, '/');

		if (segment_is_parameter(segment)) {
			check_parameter(&info->args, args++, segment);
			segment = SLICE_EMPTY;
		}
		at = find_or_add(router, at, segment);
	}
	for (size_t i = args; i < info->args.count; i++)
		ENSURE(!(info->args.fields[i].flags & FIELD_IN_PATH));
	node = &router->nodes[at];
	ENSURE(!(node->allow & 1 << info->method));
	node->allow = (uint16_t)(node->allow | 1 << info->method);
	node->commands[info->method] = (uint16_t)type;
}

static void write_allow(char text[ROUTE_ALLOW_BYTES], unsigned verbs)
{
	struct buf line = { 0 };

	buf_add_lit(&line, "Allow: ");
	for (unsigned verb = 0; verb < ROUTE_VERBS; verb++) {
		if (!(verbs & 1U << verb))
			continue;
		buf_add_str(&line, verb_names[verb]);
		buf_add_str(&line, verb == HTTP_VERB_GET ? ", HEAD, " : ", ");
	}
	buf_add_lit(&line, "OPTIONS\r\n");
	ENSURE(line.len < ROUTE_ALLOW_BYTES);
	memcpy(text, buf_str(&line), line.len + 1);
	buf_finish(&line);
}

void router_init(struct router *router)
{
	memset(router, 0, sizeof(*router));
	router->node_count = 1;
	for (int type = 0; type < COMMAND_COUNT; type++)
		add_row(router, (enum command_type)type);
	for (unsigned verbs = 0; verbs < ARRAY_LEN(router->allow); verbs++)
		write_allow(router->allow[verbs], verbs);
}

/* ---- finding -------------------------------------------------------------------------------- */

/* The child that takes this segment: a literal before the parameter; 0 when there is none. */
static uint16_t step(const struct router *router, uint16_t parent, struct slice segment)
{
	uint16_t at = router->nodes[parent].first_child;

	while (at) {
		struct slice literal = router->nodes[at].segment;

		if (literal.len == 0 || slice_is(literal, segment))
			break;
		at = router->nodes[at].next_sibling;
	}
	return at;
}

/* The node of the whole path, its parameters noted; 0 when there is none. */
static uint16_t walk(const struct router *router, struct slice path, struct route_match *match)
{
	const char *from = path.ptr, *end;
	uint16_t at = 0;

	if (path.len < 2 || *from != '/')
		return 0;
	end = path.ptr + path.len;
	/* Each round takes a slash and the segment behind it, which may not be empty. */
	while (from < end) {
		const char *start = from + 1;
		const char *stop = memchr(start, '/', (size_t)(end - start));
		struct slice segment = slice_of(start, (size_t)((stop ? stop : end) - start));

		at = segment.len ? step(router, at, segment) : 0;
		if (at == 0)
			return 0;
		if (router->nodes[at].segment.len == 0)
			match->args[match->arg_count++] = segment;
		from = segment.ptr + segment.len;
	}
	return at;
}

static int verb_of(struct slice method)
{
	if (slice_is(method, SLICE("HEAD")))
		return HTTP_VERB_GET;
	for (int verb = 0; verb < ROUTE_VERBS; verb++)
		if (slice_is_str(method, verb_names[verb]))
			return verb;
	return -1;
}

enum err route_find(const struct router *router, struct slice method, struct slice path,
		    struct route_match *ret_match)
{
	bool is_options = slice_is(method, SLICE("OPTIONS"));
	const struct route_node *node;
	int verb;

	ret_match->info = NULL;
	ret_match->type = COMMAND_COUNT;
	ret_match->arg_count = 0;
	ret_match->allow = SLICE_EMPTY;
	if (is_options && slice_is(path, SLICE("*"))) {
		ret_match->allow = slice_of_str(router->allow[ARRAY_LEN(router->allow) - 1]);
		return OK;
	}
	node = &router->nodes[walk(router, path, ret_match)];
	if (node->allow == 0)
		return ERR_ROUTE_UNKNOWN;
	verb = verb_of(method);
	if (verb < 0 || !(node->allow & 1 << verb)) {
		ret_match->allow = slice_of_str(router->allow[node->allow]);
		return is_options ? OK : ERR_METHOD_NOT_ALLOWED;
	}
	ret_match->type = (enum command_type)node->commands[verb];
	ret_match->info = &command_table[ret_match->type];
	return OK;
}
