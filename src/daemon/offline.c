#include "daemon/offline.h"

#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "bus/sqlite.h"
#include "daemon/daemon.h"
#include "fabric/snapshot.h"
#include "witness/reader.h"

#define SLICE_RECORDS 4096
#define SLICE_BYTES (4 << 20)

static int fail(enum err err, const struct buf *detail)
{
	fprintf(stderr, "if-coordinator: %s: %.*s\n", err_info(err)->message, (int)detail->len,
		detail->len ? detail->ptr : "");
	return err_info(err)->exit_code;
}

/* Opening makes a file where there is none; looking at one must not. */
static enum err open_existing(const char *path, struct bus **ret_bus, struct buf *detail)
{
	if (access(path, R_OK) != 0) {
		buf_add_lit(detail, "there is no file ");
		buf_add_str(detail, path);
		return ERR_OS;
	}
	return bus_sqlite_open(path, NULL, ret_bus, detail);
}

static void print_buf(struct buf *out)
{
	fwrite(out->ptr, 1, out->len, stdout);
	buf_finish(out);
}

static void tell_verified(const struct ledger_verify *verify, bool as_json)
{
	struct buf out = { 0 };
	struct json_writer json = json_begin(&out);
	struct buf hex = { 0 };

	buf_add_hex(&hex, verify->reader.chain.hash.bytes, HASH_BYTES);
	if (as_json) {
		json_object(&json);
		json_put_bool(&json, "ok", true);
		json_put_i64(&json, "records", (int64_t)verify->records);
		json_put_i64(&json, "events", (int64_t)verify->events);
		json_put_text(&json, "hash", buf_slice(&hex));
		json_object_end(&json);
	} else {
		buf_add_lit(&out, "witness verify: ok, ");
		buf_add_u64(&out, verify->records);
		buf_add_lit(&out, " records, ");
		buf_add_u64(&out, verify->events);
		buf_add_lit(&out, " events, head ");
		buf_add_slice(&out, buf_slice(&hex));
	}
	buf_add_byte(&out, '\n');
	print_buf(&out);
	buf_finish(&hex);
}

static void tell_flawed(const struct ledger_verify *verify, struct slice detail, bool as_json)
{
	struct buf out = { 0 };
	struct json_writer json = json_begin(&out);

	if (as_json) {
		json_object(&json);
		json_put_bool(&json, "ok", false);
		json_put_i64(&json, "record", (int64_t)verify->reader.finding.seq);
		json_put_text(&json, "detail", detail);
		json_object_end(&json);
	} else {
		buf_add_lit(&out, "witness verify: FAILED: ");
		buf_add_slice(&out, detail);
	}
	buf_add_byte(&out, '\n');
	print_buf(&out);
}

static enum err walk(struct bus *bus, const struct hash *expected, struct ledger_verify *verify,
		     struct buf *detail)
{
	struct bus_limit limit = { SLICE_RECORDS, SLICE_BYTES };
	bool done = false;
	enum err err = ledger_verify_begin(verify, bus, 0, 0, expected, detail);

	while (err == OK && !done)
		err = ledger_verify_step(verify, limit, &done, detail);
	return err;
}

int offline_verify(const char *path, const char *head, bool json)
{
	struct ledger_verify verify = { 0 };
	struct bus *bus = NULL;
	struct buf detail = { 0 };
	struct hash expected;
	enum err err = OK;
	int code;

	if (head && !hash_from_hex(slice_of_str(head), &expected)) {
		buf_add_lit(&detail, "--head takes 64 hexadecimal digits");
		err = ERR_USAGE;
	}
	if (err == OK)
		err = open_existing(path, &bus, &detail);
	if (err == OK)
		err = walk(bus, head ? &expected : NULL, &verify, &detail);
	code = err_info(err)->exit_code;
	if (err == OK)
		tell_verified(&verify, json);
	else if (err == ERR_LEDGER_CORRUPT || err == ERR_LEDGER_TOO_NEW)
		tell_flawed(&verify, buf_slice(&detail), json);
	else
		code = fail(err, &detail);
	bus_close(bus);
	buf_finish(&detail);
	return code;
}

static void add_to_hash(void *context, struct slice bytes)
{
	hash_add(context, bytes);
}

int offline_digest(const char *path, bool use_snapshot)
{
	struct bus *bus = NULL;
	struct machine machine;
	struct buf detail = { 0 }, out = { 0 };
	struct hash_state hashing;
	struct hash digest;
	uint64_t snapshot_event;
	int code = 0;
	enum err err = open_existing(path, &bus, &detail);

	if (err == OK)
		err = recover_machine(&machine, bus, 0, bus->ops->record_bytes_max, use_snapshot,
				      UINT64_MAX, &snapshot_event, &detail);
	if (err != OK) {
		code = fail(err, &detail);
		goto out;
	}
	state_check(&machine.state);
	hash_begin(&hashing);
	state_save(&machine.state, add_to_hash, &hashing);
	digest = hash_end(&hashing);
	buf_add_hex(&out, digest.bytes, HASH_BYTES);
	buf_add_lit(&out, " event ");
	buf_add_u64(&out, machine.state.last_event);
	buf_add_byte(&out, '\n');
	print_buf(&out);
	machine_finish(&machine);
out:
	bus_close(bus);
	buf_finish(&detail);
	return code;
}
