#include "cli/spawn_guest.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/spawn_tell.h"

struct spawn_guests {
	struct cli *cli;
	struct loop *loop;
	struct contract_ceiling ceiling;
	struct guest_host *hosts[SPAWN_HOSTS_MAX];	/* the one that was used last comes first */
	size_t host_count;
	struct spawn_guest *first;	/* all that there are */
};

struct spawn_guest {
	struct spawn_guests *guests;
	struct spawn_guest *next;
	const struct guest_host *waits_for;	/* whose module is being compiled; or NULL */
	const struct spawn_claim *claim;
	struct slice swarm;
	char module[IFAB_ID_SIZE];
	struct buf environment;		/* each variable with a zero byte */
	size_t variable_count;
	int64_t limit_ms;
	void (*on_log)(void *context, struct slice line);
	void (*on_end)(void *context);
	void *context;
	struct ifab_pending *asking;
	struct loop_timer *later;	/* tells an end that came while it began */
	struct guest_work *work;	/* NULL: it has not begun to run */
	enum err err;			/* why it could not */
	struct buf detail;
};

/* ---- sandboxes that are kept warm ------------------------------------------------------------ */

static void host_to_front(struct spawn_guests *guests, size_t at)
{
	struct guest_host *host = guests->hosts[at];

	memmove(guests->hosts + 1, guests->hosts, at * sizeof(struct guest_host *));
	guests->hosts[0] = host;
}

static void host_forget(struct spawn_guests *guests, size_t at)
{
	guest_host_close(guests->hosts[at]);
	guests->host_count--;
	memmove(guests->hosts + at, guests->hosts + at + 1,
		(guests->host_count - at) * sizeof(struct guest_host *));
}

/* What was loaded anew under the same name has its sandbox closed as soon as nothing runs there. */
static void forget_outdated(struct spawn_guests *guests, const struct guest_module *now)
{
	for (size_t i = guests->host_count; i > 0; i--) {
		const struct guest_module *module = guest_host_module(guests->hosts[i - 1]);

		if (strcmp(module->id, now->id) == 0 && guest_host_is_idle(guests->hosts[i - 1]))
			host_forget(guests, i - 1);
	}
}

static bool make_room(struct spawn_guests *guests)
{
	for (size_t i = guests->host_count; i > 0 && guests->host_count == SPAWN_HOSTS_MAX; i--)
		if (guest_host_is_idle(guests->hosts[i - 1]))
			host_forget(guests, i - 1);
	return guests->host_count < SPAWN_HOSTS_MAX;
}

static bool is_same(const struct guest_module *module, const struct json_value *answer)
{
	return slice_is_str(member_text(answer, "module"), module->id) &&
	       slice_is_str(member_text(answer, "sha256"), module->sha256) &&
	       slice_is(member_text(answer, "document"), buf_slice(&module->document));
}

static struct guest_host *find_host(struct spawn_guests *guests, const struct json_value *answer)
{
	for (size_t i = 0; i < guests->host_count; i++) {
		if (!is_same(guest_host_module(guests->hosts[i]), answer) ||
		    guest_host_is_gone(guests->hosts[i]))
			continue;
		host_to_front(guests, i);
		return guests->hosts[0];
	}
	return NULL;
}

static void on_open(void *context, struct guest_host *host, enum err err, struct slice detail);

/* With `waits` it is open on return; else it may be being opened, and on_open follows. */
static enum err open_host(struct spawn_guests *guests, const struct json_value *answer, bool waits,
			  struct guest_host **ret_host, struct buf *detail)
{
	struct guest_module module;
	enum err err;

	*ret_host = find_host(guests, answer);
	if (*ret_host)
		return OK;
	err = guest_module_read(guests->cli, answer, &guests->ceiling, &module, detail);
	if (err == OK)
		forget_outdated(guests, &module);
	if (err == OK && !make_room(guests)) {
		buf_add_lit(detail, "as many modules run here as may at once: ");
		buf_add_i64(detail, SPAWN_HOSTS_MAX);
		err = ERR_CHASSIS_FAILED;
	}
	if (err == OK && waits)
		err = guest_host_open(guests->cli, guests->loop, &module, ret_host, detail);
	else if (err == OK)
		err = guest_host_begin(guests->cli, guests->loop, &module, on_open, guests, ret_host,
				       detail);
	guest_module_finish(&module);
	if (err == OK) {
		guests->hosts[guests->host_count++] = *ret_host;
		host_to_front(guests, guests->host_count - 1);
	}
	return err;
}

void spawn_guests_close(struct spawn_guests *guests)
{
	if (!guests)
		return;
	while (guests->host_count)
		host_forget(guests, guests->host_count - 1);
	free(guests);
}

static void write_ask(struct slice module, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_put_text(&json, "module", module);
	json_object_end(&json);
}

static struct slice_list copy_texts(struct arena *arena, struct slice_list texts)
{
	struct slice *items = arena_zero(arena, texts.count + 1, sizeof(*items));

	for (size_t i = 0; i < texts.count; i++)
		items[i] = arena_copy(arena, texts.items[i]);
	return (struct slice_list){ items, texts.count };
}

static int prepare(struct spawn_guests *guests, struct slice module, const struct json_value *answer,
		   struct slice_list *ret_capabilities)
{
	struct guest_host *host = NULL;
	struct buf detail = { 0 };
	enum err err;
	int code = 0;

	buf_add_lit(&detail, "module ");
	buf_add_slice(&detail, module);
	buf_add_lit(&detail, ": ");
	err = open_host(guests, answer, true, &host, &detail);
	if (err == OK)
		*ret_capabilities = copy_texts(&guests->cli->arena,
					       guest_host_module(host)->contract.capabilities);
	else
		code = cli_refuse(guests->cli, err, buf_slice(&detail));
	buf_finish(&detail);
	return code;
}

int spawn_guests_open(struct cli *cli, struct loop *loop, struct slice module,
		      struct spawn_link_options *options, struct spawn_guests **ret_guests)
{
	struct spawn_guests *guests = alloc_zero(1, sizeof(*guests));
	struct ifab_reply reply = { 0 };
	struct slice_list capabilities = { 0 };
	struct json_value *answer = NULL;
	struct buf args = { 0 };
	int code;

	guests->cli = cli;
	guests->loop = loop;
	*ret_guests = guests;
	code = contract_find_ceiling(cli, NULL, &guests->ceiling);
	if (code != 0 || !module.len)
		return code;
	if (options->contract.len)
		return cli_refuse(cli, ERR_USAGE,
				  SLICE("--contract does not go with --wasm, which brings its own"));
	options->contract = module;
	write_ask(module, &args);
	code = (int)command_call_json(cli, "chassis.show", buf_slice(&args), &reply);
	if (code != 0)
		code = cli_refuse_reply(cli, SLICE_EMPTY, &reply);
	else if (cli_parse(cli, slice_of(reply.body, reply.body_len), &answer) != OK)
		code = IFAB_FAILED;
	if (code == 0)
		code = prepare(guests, module, answer, &capabilities);
	if (!options->capabilities.count)
		options->capabilities = capabilities;
	if (answer)
		json_free(answer);
	ifab_reply_free(&reply);
	buf_finish(&args);
	return code;
}

/* ---- one task -------------------------------------------------------------------------------- */

static void on_over(void *context)
{
	struct spawn_guest *guest = context;

	guest->on_end(guest->context);
}

static void fail(struct spawn_guest *guest, enum err err)
{
	guest->err = err;
	guest->on_end(guest->context);
}

static void on_line(void *context, struct slice line)
{
	struct spawn_guest *guest = context;

	if (guest->on_log)
		guest->on_log(guest->context, line);
}

static enum err run_on(struct spawn_guest *guest, struct guest_host *host)
{
	const struct contract *contract = &guest_host_module(host)->contract;
	struct slice variables[CONTRACT_ENVIRONMENT_MAX], rest = buf_slice(&guest->environment);
	const struct spawn_claim *claim = guest->claim;
	struct egress_who who = {
		.swarm = guest->swarm, .board = slice_of_str(claim->board),
		.task = slice_of_str(claim->task), .fence = claim->fence,
		.token = buf_slice(&claim->token),
		.daemon = slice_of_str(ifab_address(guest->guests->cli->client)),
	};
	struct guest_order order = {
		.input = buf_slice(&claim->payload), .who = &who, .limit_ms = guest->limit_ms,
		.on_log = on_line, .on_end = on_over, .context = guest,
	};
	size_t count = 0;

	while (rest.len && count < ARRAY_LEN(variables)) {
		struct slice variable = slice_cut(&rest, '\0'), value = variable;

		if (slice_list_has(contract->environment, slice_cut(&value, '=')))
			variables[count++] = variable;
	}
	order.environment = (struct slice_list){ variables, count };
	return guest_work_start(host, &order, &guest->work, &guest->detail);
}

static void run_or_fail(struct spawn_guest *guest, struct guest_host *host)
{
	enum err err = run_on(guest, host);

	if (err != OK)
		fail(guest, err);
}

static struct spawn_guest *find_waiting(const struct spawn_guests *guests,
					const struct guest_host *host)
{
	struct spawn_guest *guest = guests->first;

	while (guest && guest->waits_for != host)
		guest = guest->next;
	return guest;
}

/* The list may change with each that is told. */
static void on_open(void *context, struct guest_host *host, enum err err, struct slice detail)
{
	struct spawn_guests *guests = context;
	struct spawn_guest *guest;
	size_t at = 0;

	while ((guest = find_waiting(guests, host)) != NULL) {
		guest->waits_for = NULL;
		if (err == OK) {
			run_or_fail(guest, host);
			continue;
		}
		buf_add_slice(&guest->detail, detail);
		fail(guest, err);
	}
	if (err == OK)
		return;
	while (guests->hosts[at] != host)
		at++;
	host_forget(guests, at);
}

static void on_module(struct spawn_guest *guest, const struct json_value *answer)
{
	struct guest_host *host = NULL;
	enum err err = open_host(guest->guests, answer, false, &host, &guest->detail);

	if (err == OK && guest_host_is_open(host)) {
		err = run_on(guest, host);
		/* Its sandbox was killed since the last run: a new one serves as well. */
		if (err == ERR_CHASSIS_FAILED && guest_host_is_gone(host)) {
			buf_clear(&guest->detail);
			err = open_host(guest->guests, answer, false, &host, &guest->detail);
		}
	}
	if (err == OK && !guest->work)
		guest->waits_for = host;
	if (err != OK)
		fail(guest, err);
}

static void on_asked(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct spawn_guest *guest = context;
	const struct ifab_error *error = ifab_last_error(guest->guests->cli->client);
	struct json_value *answer = status == IFAB_OK ? spawn_parse(reply->body, reply->body_len) :
							NULL;

	guest->asking = NULL;
	if (answer) {
		on_module(guest, answer);
		json_free(answer);
		return;
	}
	buf_add_str(&guest->detail, error->detail);
	fail(guest, status == IFAB_NOT_FOUND ? ERR_MODULE_UNKNOWN : ERR_DAEMON_UNREACHABLE);
}

static void on_later(void *context)
{
	struct spawn_guest *guest = context;

	fail(guest, guest->err);
}

struct spawn_guest *spawn_guest_start(struct spawn_guests *guests, const struct spawn_claim *claim,
				      const struct spawn_guest_order *order)
{
	struct spawn_guest *guest = alloc_zero(1, sizeof(*guest));
	struct buf args = { 0 };

	guest->next = guests->first;
	guests->first = guest;
	ENSURE(order->module.len < IFAB_ID_SIZE);
	memcpy(guest->module, order->module.ptr, order->module.len);
	guest->guests = guests;
	guest->claim = claim;
	guest->swarm = order->swarm;
	guest->limit_ms = order->limit_ms;
	guest->on_log = order->on_log;
	guest->on_end = order->on_end;
	guest->context = order->context;
	for (size_t i = 0; i < order->environment.count; i++) {
		buf_add_slice(&guest->environment, order->environment.items[i]);
		buf_add_byte(&guest->environment, '\0');
	}
	guest->later = loop_timer_open(guests->loop, on_later, guest);
	write_ask(order->module, &args);
	guest->asking = ifab_start(guests->cli->client, "chassis.show", buf_str(&args), NULL, on_asked,
				   guest);
	buf_finish(&args);
	if (!guest->asking) {
		guest->err = ERR_OS;
		buf_add_lit(&guest->detail, "no descriptor is left");
		loop_timer_set(guest->later, 0);
	}
	return guest;
}

void spawn_guest_kill(struct spawn_guest *guest)
{
	if (guest->work) {
		guest_work_kill(guest->work);
	} else if (guest->asking || guest->waits_for) {
		ifab_drop(guest->asking);
		guest->asking = NULL;
		guest->waits_for = NULL;
		guest->err = ERR_SHUTTING_DOWN;
		loop_timer_set(guest->later, 0);
	}
}

void spawn_guest_destroy(struct spawn_guest *guest)
{
	struct spawn_guest **at;

	if (!guest)
		return;
	at = &guest->guests->first;
	while (*at != guest)
		at = &(*at)->next;
	*at = guest->next;
	ifab_drop(guest->asking);
	guest_work_destroy(guest->work);
	loop_timer_close(guest->later);
	buf_finish(&guest->environment);
	buf_finish(&guest->detail);
	free(guest);
}

/* ---- after its end --------------------------------------------------------------------------- */

bool spawn_guest_has_run(const struct spawn_guest *guest)
{
	return guest->work && guest_work_end(guest->work).outcome->err == OK;
}

struct guest_end spawn_guest_end(const struct spawn_guest *guest)
{
	return guest_work_end(guest->work);
}

bool spawn_guest_is_to_go_back(const struct spawn_guest *guest)
{
	if (guest->work) {
		struct guest_end end = guest_work_end(guest->work);

		return guest_failure(&end) != OK;
	}
	return guest->err != ERR_MODULE_UNKNOWN && guest->err != ERR_MODULE_REFUSED &&
	       guest->err != ERR_DOCUMENT_INVALID && guest->err != ERR_LIMIT_EXCEEDED &&
	       guest->err != ERR_EGRESS_GRANT;
}

void spawn_guest_add_reason(const struct spawn_guest *guest, struct buf *out)
{
	struct guest_end end;

	if (guest->work) {
		end = guest_work_end(guest->work);
		guest_add_reason(&end, out);
		return;
	}
	buf_add_lit(out, "module ");
	buf_add_str(out, guest->module);
	buf_add_lit(out, ": ");
	buf_add_str(out, err_info(guest->err)->message);
	if (!guest->detail.len)
		return;
	buf_add_lit(out, ": ");
	buf_add_slice(out, buf_slice(&guest->detail));
}
