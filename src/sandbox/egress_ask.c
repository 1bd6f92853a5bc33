#include "sandbox/egress_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "sandbox/egress.h"
#include "sys/clock.h"

#define LINES_MAX (EGRESS_HEADERS_MAX + CONTRACT_CREDENTIALS_MAX + 2)

struct egress_ask {
	struct egress_account *account;
	struct egress_asked asked;
	struct egress_turn turn;
	struct upstream_exchange *exchange;
	struct egress_check *check;	/* of the token */
	int rule;
	int64_t at_us;			/* since 1970 */
	int64_t begun_us;		/* monotonic */
	struct buf secrets;		/* names, parted by blanks */
	struct buf values[CONTRACT_CREDENTIALS_MAX];	/* opened */
	size_t value_count;
	struct buf lines[LINES_MAX];	/* of the request's head */
	size_t line_count;
	egress_answer_fn *fn;
	void *context;
	struct egress_ask **slot;
	struct loop_timer *timer;	/* of a refusal that comes when its token does */
	enum err refusal;
	struct buf refusal_detail;
};

/* ---- accounts ------------------------------------------------------------------------------- */

enum err egress_account_open(struct egress_service *service, struct slice text,
			     struct egress_account *ret_account, struct buf *detail)
{
	struct egress_account account = { .service = service };
	const struct contract *contract = &account.grant.contract;
	enum err err = egress_read_grant(text, &account.arena, &account.grant, detail);

	if (err == OK && account.grant.who.daemon.len)
		err = egress_daemon_at(service->daemons, account.grant.who.daemon, &account.daemon,
				       detail);
	if (err == OK && !egress_swarm_enter(service->rates, account.grant.who.swarm,
					     contract->rates.calls_per_s, contract->rates.burst,
					     &account.swarm)) {
		buf_add_lit(detail, "egress_swarms_max: 4096 swarms have grants or had one just now");
		err = ERR_LIMIT_EXCEEDED;
	}
	if (err != OK) {
		arena_finish(&account.arena);
		return err;
	}
	account.bucket = bucket_make(contract->rates.calls_per_s, contract->rates.burst);
	for (size_t i = 0; i < contract->http_count; i++)
		account.rules[i] = bucket_make(contract->http[i].calls_per_s,
					       contract->http[i].calls_per_s);
	*ret_account = account;
	return OK;
}

void egress_account_close(struct egress_account *account)
{
	egress_swarm_leave(account->service->rates, account->swarm);
	arena_finish(&account->arena);
}

size_t egress_account_request_bytes(const struct egress_account *account)
{
	const struct contract *contract = &account->grant.contract;
	int64_t most = 0;

	for (size_t i = 0; i < contract->http_count; i++)
		if (contract->http[i].request_bytes > most)
			most = contract->http[i].request_bytes;
	return (size_t)most;
}

/* ---- the end -------------------------------------------------------------------------------- */

static void ask_free(struct egress_ask *ask)
{
	*ask->slot = NULL;
	for (size_t i = 0; i < ask->value_count; i++)
		seal_wipe_buf(&ask->values[i]);
	for (size_t i = 0; i < ask->line_count; i++)
		seal_wipe_buf(&ask->lines[i]);
	if (ask->timer)
		loop_timer_close(ask->timer);
	buf_finish(&ask->secrets);
	buf_finish(&ask->refusal_detail);
	egress_asked_finish(&ask->asked);
	free(ask);
}

/* Goes on record, then to whoever asked. What could not be recorded is not handed out. */
static void finish(struct egress_ask *ask, struct egress_answer *answer, struct slice address)
{
	struct egress_service *service = ask->account->service;
	const struct egress_note note = {
		.who = &ask->account->grant.who,
		.asked = &ask->asked,
		.at_us = ask->at_us,
		.duration_us = clock_mono_us() - ask->begun_us,
		.rule = ask->rule,
		.secrets = buf_slice(&ask->secrets),
		.address = address,
		.err = answer->err,
		.status = answer->status,
		.answer_bytes = answer->body.len,
	};
	egress_answer_fn *fn = ask->fn;
	void *context = ask->context;

	egress_note_add(&service->notes, &note, ask->account->daemon);
	if (!egress_notes_are_kept(&service->notes))
		*answer = (struct egress_answer){
			.err = ERR_STORAGE_FULL,
			.detail = SLICE("it could not be recorded, so its answer is kept back"),
		};
	if (answer->err != OK)
		answer->head = answer->body = SLICE_EMPTY;
	ask_free(ask);
	fn(context, answer);
}

static void refuse(struct egress_ask *ask, enum err err, struct buf *detail)
{
	struct egress_answer answer = { .err = err, .detail = buf_slice(detail) };

	finish(ask, &answer, SLICE_EMPTY);
	buf_finish(detail);
}

static void on_refusal_time(void *context)
{
	struct egress_ask *ask = context;
	struct buf detail = ask->refusal_detail;

	ask->refusal_detail = (struct buf){ 0 };
	refuse(ask, ask->refusal, &detail);
}

/* What is refused costs a token as well, and its answer waits for it. */
static void refuse_in_time(struct egress_ask *ask, enum err err, struct buf *detail)
{
	struct bucket *bucket = &ask->account->bucket;
	int64_t now_ns = clock_mono_us() * 1000;
	int64_t wait_us = (bucket_wait_ns(bucket, now_ns) + 999) / 1000;

	bucket_take(bucket, now_ns);
	if (wait_us <= 0) {
		refuse(ask, err, detail);
		return;
	}
	ask->refusal = err;
	ask->refusal_detail = *detail;
	ask->timer = loop_timer_open(ask->account->service->loop, on_refusal_time, ask);
	loop_timer_set(ask->timer, wait_us);
}

void egress_ask_drop(struct egress_ask *ask)
{
	struct egress_note note;

	if (!ask)
		return;
	note = (struct egress_note){
		.who = &ask->account->grant.who, .asked = &ask->asked, .at_us = ask->at_us,
		.duration_us = clock_mono_us() - ask->begun_us, .rule = ask->rule,
		.secrets = buf_slice(&ask->secrets), .is_dropped = true,
	};
	egress_note_add(&ask->account->service->notes, &note, ask->account->daemon);
	egress_check_drop(ask->check);
	upstream_drop(ask->exchange);
	egress_turn_drop(&ask->turn);
	ask_free(ask);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* Headers of one hop; where the body ends is said anew. */
static bool is_of_one_hop(struct slice line)
{
	static const char *const names[] = {
		"connection", "content-length", "keep-alive", "proxy-authenticate",
		"proxy-connection", "trailer", "transfer-encoding", "upgrade",
	};
	struct slice name = slice_trim(slice_cut(&line, ':'));

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is_nocase(name, slice_of_str(names[i])))
			return true;
	return false;
}

static void keep_lines(struct slice head, struct buf *out)
{
	while (head.len) {
		struct slice line = slice_trim(slice_cut(&head, '\n'));

		if (line.len == 0 || is_of_one_hop(line))
			continue;
		buf_add_slice(out, line);
		buf_add_lit(out, "\r\n");
	}
}

static bool is_packed(struct slice head)
{
	while (head.len) {
		struct slice line = slice_cut(&head, '\n');
		struct slice name = slice_trim(slice_cut(&line, ':'));

		if (slice_is_nocase(name, SLICE("content-encoding")) &&
		    !slice_is_nocase(slice_trim(line), SLICE("identity")))
			return true;
	}
	return false;
}

/* An answer to a request with a secret must show that it does not repeat that. */
static enum err check_echo(const struct egress_ask *ask, const struct upstream_answer *answer,
			   struct buf *detail)
{
	for (size_t i = 0; i < ask->value_count; i++) {
		struct slice value = buf_slice(&ask->values[i]);

		if (!secret_is_in(answer->head, value) && !secret_is_in(answer->body, value) &&
		    !secret_is_in(answer->reason, value))
			continue;
		return ERR_SECRET_ECHOED;
	}
	if (ask->value_count && answer->body.len && is_packed(answer->head)) {
		buf_add_lit(detail, "its body is packed, so it cannot be looked through for the secret "
				    "that the request carried");
		return ERR_UPSTREAM_REFUSED;
	}
	return OK;
}

static void on_upstream_end(void *context, const struct upstream_answer *from)
{
	struct egress_ask *ask = context;
	struct egress_answer answer = { .err = from->err, .status = from->status };
	struct buf head = { 0 }, detail = { 0 };
	enum err echo = check_echo(ask, from, &detail);

	ask->exchange = NULL;
	egress_turn_end(&ask->turn, from->status, from->retry_after_s);
	if (echo != OK) {
		answer.err = echo;
	} else {
		keep_lines(from->head, &head);
		answer.head = buf_slice(&head);
		answer.body = from->body;
		buf_add_slice(&detail, from->reason);
	}
	answer.detail = buf_slice(&detail);
	finish(ask, &answer, from->address);
	buf_finish(&head);
	buf_finish(&detail);
}

/* ---- secrets -------------------------------------------------------------------------------- */

static void request_of(const struct egress_asked *asked, struct contract_request *ret_request)
{
	*ret_request = (struct contract_request){
		.scheme = asked->url.scheme,
		.host = buf_slice(&asked->url.host),
		.port = asked->url.port,
		.method = asked->method,
		.path = buf_slice(&asked->url.path),
	};
}

static struct buf *new_line(struct egress_ask *ask)
{
	ENSURE(ask->line_count < LINES_MAX);
	return &ask->lines[ask->line_count++];
}

static void add_line(struct egress_ask *ask, struct slice name, struct slice prefix,
		     struct slice value)
{
	struct buf *line = new_line(ask);

	/* At once: what has to move would leave a copy. */
	buf_reserve(line, name.len + prefix.len + value.len + 3);
	buf_add_slice(line, name);
	/* A semicolon is how libcurl is told of a header without a value. */
	buf_add_str(line, prefix.len + value.len ? ": " : ";");
	buf_add_slice(line, prefix);
	buf_add_slice(line, value);
	buf_str(line);
}

/* Whoever set the secret said where it may go, and the contract cannot widen that. */
static bool may_go_there(const struct secret_info *info, const struct egress_asked *asked)
{
	struct contract_request place;

	return contract_endpoint_read(info->endpoint, &place) &&
	       place.scheme == asked->url.scheme && place.port == asked->url.port &&
	       slice_is_nocase(place.host, buf_slice(&asked->url.host));
}

static enum err add_secret(struct egress_ask *ask, const struct contract_credential *credential,
			   const struct secret_list *list, const struct seal_key *key,
			   struct buf *detail)
{
	const struct secret_info *info = secret_find(list, credential->name);
	struct buf *value = &ask->values[ask->value_count];
	enum err err;

	if (!info) {
		buf_add_slice(detail, credential->name);
		return ERR_SECRET_UNKNOWN;
	}
	if (!may_go_there(info, &ask->asked)) {
		buf_add_lit(detail, "the secret ");
		buf_add_slice(detail, credential->name);
		buf_add_lit(detail, " belongs to ");
		buf_add_slice(detail, info->endpoint);
		return ERR_EGRESS_DENIED;
	}
	err = secret_open(info, key, value, detail);
	if (err != OK)
		return err;
	ask->value_count++;
	add_line(ask, credential->header, credential->prefix, buf_slice(value));
	return OK;
}

/* Read anew for each request: what is set or taken away holds from the next one on. */
static enum err add_secrets(struct egress_ask *ask, struct buf *detail)
{
	const struct egress_service *service = ask->account->service;
	const struct contract *contract = &ask->account->grant.contract;
	struct contract_request request;
	struct arena arena = { 0 };
	struct secret_list list;
	struct seal_key key;
	enum err err = secret_list_read(&service->secrets, &arena, &list, detail);

	if (err == OK && list.count == 0) {
		buf_add_slice(detail, buf_slice(&ask->secrets));
		err = ERR_SECRET_UNKNOWN;
	}
	if (err == OK)
		err = secret_key_read(&service->secrets, service->credentials_folder, &key, detail);
	request_of(&ask->asked, &request);
	for (size_t i = 0; i < contract->credential_count && err == OK; i++)
		if (contract_credential_fits(&contract->credentials[i], &request))
			err = add_secret(ask, &contract->credentials[i], &list, &key, detail);
	seal_wipe(&key, sizeof(key));
	arena_finish(&arena);
	return err;
}

/* ---- going ---------------------------------------------------------------------------------- */

static void go(struct egress_ask *ask)
{
	const struct contract_http *rule = &ask->account->grant.contract.http[ask->rule];
	const char *lines[LINES_MAX];
	struct buf method = { 0 };
	struct upstream_request request = {
		.headers = lines,
		.body = ask->asked.body,
		.allow_private = rule->allow_private != 0,
		.body_bytes_max = (size_t)rule->response_bytes,
		.head_bytes_max = EGRESS_HEAD_BYTES_MAX,
	};

	for (size_t i = 0; i < ask->asked.header_count; i++)
		if (!ask->value_count ||
		    !slice_is_nocase(ask->asked.headers[i].name, SLICE("accept-encoding")))
			add_line(ask, ask->asked.headers[i].name, SLICE_EMPTY,
				 ask->asked.headers[i].value);
	if (ask->value_count)
		add_line(ask, SLICE("Accept-Encoding"), SLICE_EMPTY, SLICE("identity"));
	for (size_t i = 0; i < ask->line_count; i++)
		lines[i] = buf_str(&ask->lines[i]);
	request.header_count = ask->line_count;
	buf_add_slice(&method, ask->asked.method);
	request.method = buf_str(&method);
	request.url = buf_str(&ask->asked.url.whole);
	ask->exchange = upstream_start(ask->account->service->upstream, &request, on_upstream_end,
				       ask);
	buf_finish(&method);
}

/* With its secrets, unless something was wrong already. */
static void set_out(struct egress_ask *ask, enum err err, struct buf *detail)
{
	if (err == OK && ask->secrets.len)
		err = add_secrets(ask, detail);
	if (err == OK) {
		go(ask);
		if (ask->exchange)
			return;
		buf_add_lit(detail, "there is no memory or descriptor for a connection");
		err = ERR_UPSTREAM_FAILED;
	}
	egress_turn_end(&ask->turn, 0, 0);
	refuse(ask, err, detail);
}

static void on_checked(void *context, enum err err, struct slice said)
{
	struct egress_ask *ask = context;
	struct buf detail = { 0 };

	ask->check = NULL;
	buf_add_slice(&detail, said);
	set_out(ask, err, &detail);
}

/* The claim may have ended, or the token been revoked, since the last request. */
static void check_token(struct egress_ask *ask)
{
	const struct egress_who *who = &ask->account->grant.who;
	const struct egress_url *url = &ask->asked.url;
	struct buf body = { 0 }, endpoint = { 0 }, detail = { 0 };
	struct json_writer json = json_begin(&body);

	buf_add_str(&endpoint, contract_scheme_names[url->scheme]);
	buf_add_lit(&endpoint, "://");
	buf_add_slice(&endpoint, buf_slice(&url->host));
	if (url->port != (url->scheme == CONTRACT_HTTPS ? 443 : 80)) {
		buf_add_byte(&endpoint, ':');
		buf_add_u64(&endpoint, url->port);
	}
	json_object(&json);
	egress_put_who(who, &json);
	json_put_text(&json, "endpoint", buf_slice(&endpoint));
	json_object_end(&json);
	ask->check = egress_check_start(ask->account->daemon, buf_slice(&body), on_checked, ask);
	buf_finish(&body);
	buf_finish(&endpoint);
	if (ask->check)
		return;
	buf_add_lit(&detail, "there is no memory or descriptor to check the token");
	set_out(ask, ERR_DAEMON_UNREACHABLE, &detail);
}

static void on_turn(void *context, enum err err, int64_t retry_after_ms)
{
	struct egress_ask *ask = context;
	struct egress_answer answer = { .err = err, .retry_after_ms = retry_after_ms };
	struct buf detail = { 0 };

	if (err != OK) {
		buf_add_lit(&detail, "try again in ");
		buf_add_i64(&detail, retry_after_ms);
		buf_add_lit(&detail, " ms");
		answer.detail = buf_slice(&detail);
		finish(ask, &answer, SLICE_EMPTY);
		buf_finish(&detail);
		return;
	}
	if (ask->secrets.len && ask->account->grant.who.token.len)
		check_token(ask);
	else
		set_out(ask, OK, &detail);
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Credentials that go with it, and what a guest may not ask for then. */
static enum err choose_credentials(struct egress_ask *ask, const struct contract_request *request,
				   struct buf *detail)
{
	const struct contract *contract = &ask->account->grant.contract;

	for (size_t i = 0; i < contract->credential_count; i++) {
		const struct contract_credential *credential = &contract->credentials[i];

		if (!contract_credential_fits(credential, request))
			continue;
		if (ask->secrets.len)
			buf_add_byte(&ask->secrets, ' ');
		buf_add_slice(&ask->secrets, credential->name);
		for (size_t h = 0; h < ask->asked.header_count; h++) {
			struct slice name = ask->asked.headers[h].name;

			/* Parts of an answer could give a secret away piece by piece. */
			if (!slice_is_nocase(name, credential->header) &&
			    !slice_is_nocase(name, SLICE("range")))
				continue;
			buf_add_lit(detail, "a request that carries a secret may not set header ");
			buf_add_slice(detail, name);
			return ERR_EGRESS_REQUEST;
		}
	}
	return OK;
}

static enum err check(struct egress_ask *ask, struct buf *detail)
{
	const struct contract *contract = &ask->account->grant.contract;
	struct contract_request request;
	enum contract_ground ground;
	int64_t most;

	if (!egress_notes_are_kept(&ask->account->service->notes)) {
		buf_add_lit(detail, "requests cannot be recorded, so none is made");
		return ERR_STORAGE_FULL;
	}
	request_of(&ask->asked, &request);
	ask->rule = contract_http_rule(contract, &request, &ground);
	if (ask->rule == CONTRACT_NO_RULE) {
		contract_ground_explain(&request, ground, detail);
		return ERR_EGRESS_DENIED;
	}
	most = contract->http[ask->rule].request_bytes;
	if ((int64_t)ask->asked.body.len > most) {
		buf_add_lit(detail, "request_bytes: the rule lets a body have ");
		buf_add_i64(detail, most);
		buf_add_lit(detail, " bytes");
		return ERR_LIMIT_EXCEEDED;
	}
	return choose_credentials(ask, &request, detail);
}

static struct egress_ask *ask_create(struct egress_account *account, struct egress_asked *asked,
				     egress_answer_fn *fn, void *context,
				     struct egress_ask **slot)
{
	struct egress_ask *ask = alloc_zero(1, sizeof(*ask));

	ask->account = account;
	ask->asked = *asked;
	*asked = (struct egress_asked){ .header_count = 0 };
	ask->rule = CONTRACT_NO_RULE;
	ask->at_us = clock_wall_us();
	ask->begun_us = clock_mono_us();
	ask->fn = fn;
	ask->context = context;
	ask->slot = slot;
	*slot = ask;
	return ask;
}

void egress_ask_refuse(struct egress_account *account, struct egress_asked *asked, enum err err,
		       struct slice detail, egress_answer_fn *fn, void *context,
		       struct egress_ask **ret_ask)
{
	struct egress_ask *ask = ask_create(account, asked, fn, context, ret_ask);
	struct buf text = { 0 };

	buf_add_slice(&text, detail);
	refuse_in_time(ask, err, &text);
}

void egress_ask_start(struct egress_account *account, struct egress_asked *asked,
		      egress_answer_fn *fn, void *context, struct egress_ask **ret_ask)
{
	struct egress_ask *ask = ask_create(account, asked, fn, context, ret_ask);
	struct egress_turn_spec spec = { .swarm = account->swarm, .grant = &account->bucket };
	struct buf detail = { 0 }, server = { 0 };
	enum err err = check(ask, &detail);

	if (err != OK) {
		refuse_in_time(ask, err, &detail);
		return;
	}
	if (account->grant.contract.http[ask->rule].calls_per_s)
		spec.rule = &account->rules[ask->rule];
	buf_add_slice(&server, buf_slice(&ask->asked.url.host));
	buf_add_byte(&server, ':');
	buf_add_u64(&server, ask->asked.url.port);
	buf_add_byte(&server, ' ');
	buf_add_slice(&server, buf_slice(&ask->secrets));
	spec.server = buf_slice(&server);
	egress_turn_ask(account->service->rates, &spec, &ask->turn, on_turn, ask);
	buf_finish(&server);
}
