#include "chassis/credential.h"

#include "base/ensure.h"
#include "base/json.h"

#define SECOND_US INT64_C(1000000)

enum credential_state credential_state_at(const struct credential *credential, int64_t now_us)
{
	if (credential->revoked)
		return CREDENTIAL_REVOKED;
	return now_us < credential->expires_at_us ? CREDENTIAL_LIVE : CREDENTIAL_EXPIRED;
}

struct slice credential_id(uint64_t number, char space[CREDENTIAL_ID_BYTES])
{
	size_t at = CREDENTIAL_ID_BYTES;

	do {
		space[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	space[--at] = 'c';
	return slice_of(space + at, CREDENTIAL_ID_BYTES - at);
}

uint64_t credential_number(struct slice id)
{
	char space[CREDENTIAL_ID_BYTES];
	int64_t number;

	if (id.len < 2 || id.ptr[0] != 'c' || !slice_to_i64(slice_from(id, 1), &number) ||
	    number <= 0)
		return 0;
	/* One spelling: c007 is nobody's. */
	return slice_is(id, credential_id((uint64_t)number, space)) ? (uint64_t)number : 0;
}

int64_t credential_end_us(int64_t now_us, int64_t ttl_ms, int64_t most_us)
{
	int64_t end_us = now_us + ttl_ms * 1000;

	if (end_us > most_us)
		end_us = most_us;
	return end_us - end_us % SECOND_US;
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
	       c == '_';
}

bool credential_endpoint_is_valid(struct slice endpoint)
{
	struct slice host;
	int64_t port;

	if (slice_starts(endpoint, SLICE("https://")))
		endpoint = slice_from(endpoint, 8);
	else if (slice_starts(endpoint, SLICE("http://")))
		endpoint = slice_from(endpoint, 7);
	else
		return false;
	host = endpoint;
	if (slice_find_byte(endpoint, ':') >= 0) {
		host = slice_cut(&endpoint, ':');
		if (!slice_to_i64(endpoint, &port) || port < 1 || port > 65535 ||
		    endpoint.ptr[0] == '0')
			return false;
	}
	for (size_t i = 0; i < host.len; i++)
		if (!is_host_byte(host.ptr[i]))
			return false;
	return host.len > 0 && host.ptr[0] != '.' && host.ptr[host.len - 1] != '.';
}

static void write_audience(struct slice_list endpoints, struct json_writer *json)
{
	json_key(json, "aud");
	if (endpoints.count == 1) {
		json_text(json, endpoints.items[0]);
		return;
	}
	json_array(json);
	for (size_t i = 0; i < endpoints.count; i++)
		json_text(json, endpoints.items[i]);
	json_array_end(json);
}

void credential_write_claims(const struct credential_terms *terms, struct buf *out)
{
	struct json_writer json = json_begin(out);
	struct buf scope = { 0 };

	buf_add_lit(&scope, "task:");
	buf_add_slice(&scope, terms->board);
	buf_add_byte(&scope, '/');
	buf_add_slice(&scope, terms->task);
	buf_add_lit(&scope, " fence:");
	buf_add_i64(&scope, terms->fence);
	json_object(&json);
	json_put_text(&json, "iss", terms->issuer);
	json_put_text(&json, "sub", terms->swarm);
	write_audience(terms->endpoints, &json);
	json_put_text(&json, "client_id", terms->swarm);
	json_put_i64(&json, "exp", terms->expires_at_us / SECOND_US);
	json_put_i64(&json, "iat", terms->issued_at_us / SECOND_US);
	json_put_text(&json, "jti", terms->id);
	json_put_text(&json, "scope", buf_slice(&scope));
	json_object_end(&json);
	buf_finish(&scope);
}

void credential_write_header(struct slice key_id, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_put_str(&json, "alg", "EdDSA");
	json_put_str(&json, "typ", "at+jwt");
	json_put_text(&json, "kid", key_id);
	json_object_end(&json);
}
