#include "sandbox/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "chassis/contract.h"
#include "crypto/hash.h"
#include "document/json.h"
#include "sys/clock.h"
#include "sys/files.h"

#define STORE_VERSION 1
#define STORE_BYTES_MAX (16UL * 1024 * 1024)	/* all secrets at their longest, sealed, in base64 */
#define ENDPOINT_BYTES_MAX 300
#define LOCK_PAUSE_US 20000
#define LOCK_TRIES 250		/* five seconds: whoever holds it writes one file */

static enum err fail(struct buf *detail, const char *path, const char *what)
{
	buf_add_str(detail, path);
	buf_add_lit(detail, ": ");
	buf_add_str(detail, what);
	return ERR_SECRET_STORE;
}

/* ---- reading ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct secret_info *left = a, *right = b;

	return slice_compare(left->name, right->name);
}

static bool read_info(const struct json_value *item, struct arena *arena, struct secret_info *info)
{
	struct buf sealed = { 0 };
	struct slice name, endpoint, text;
	bool is_read = json_get_text(json_get(item, SLICE("name")), &name) && id_is_valid(name) &&
		       json_get_text(json_get(item, SLICE("endpoint")), &endpoint) &&
		       json_get_i64(json_get(item, SLICE("set_at_us")), &info->set_at_us) &&
		       json_get_text(json_get(item, SLICE("sealed")), &text) &&
		       hash_from_base64(text, &sealed);

	if (is_read) {
		info->name = arena_copy(arena, name);
		info->endpoint = arena_copy(arena, endpoint);
		info->sealed = arena_copy(arena, buf_slice(&sealed));
	}
	buf_finish(&sealed);
	return is_read;
}

static bool read_root(const struct json_value *root, struct arena *arena, struct secret_list *list)
{
	const struct json_value *items = json_get(root, SLICE("secrets"));
	size_t count = json_count(items);
	struct slice key;
	int64_t version;

	if (!json_get_i64(json_get(root, SLICE("version")), &version) || version != STORE_VERSION ||
	    !json_get_text(json_get(root, SLICE("key")), &key) || count > SECRETS_MAX)
		return false;
	list->public_key = arena_copy(arena, key);
	list->items = arena_zero(arena, count + 1, sizeof(*list->items));
	for (size_t i = 0; i < count; i++)
		if (!read_info(json_at(items, i), arena, &list->items[list->count++]))
			return false;
	if (count)
		qsort(list->items, count, sizeof(*list->items), by_name);
	return true;
}

enum err secret_list_read(const struct secret_place *place, struct arena *arena,
			  struct secret_list *ret_list, struct buf *detail)
{
	static const struct json_limits limits = {
		.bytes_max = STORE_BYTES_MAX, .depth_max = 3, .values_max = 8 * SECRETS_MAX,
	};
	struct secret_list list = { 0 };
	struct json_value *root = NULL;
	struct buf text = { 0 };
	enum err err = file_read(place->store, STORE_BYTES_MAX, &text);

	if (err != OK && errno == ENOENT) {
		err = OK;
	} else if (err != OK) {
		file_describe(detail, "read", place->store);
		err = ERR_SECRET_STORE;
	} else if (json_parse(buf_slice(&text), &limits, &root, NULL) != OK ||
		   !read_root(root, arena, &list)) {
		err = fail(detail, place->store, "this is no store of secrets");
	}
	if (root)
		json_free(root);
	buf_finish(&text);
	if (err == OK)
		*ret_list = list;
	return err;
}

const struct secret_info *secret_find(const struct secret_list *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_is(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

/* ---- the key ------------------------------------------------------------------------------- */

static bool key_from_text(struct slice text, struct seal_key *ret_key)
{
	struct buf bytes = { 0 };
	bool is_key = hash_from_base64(slice_trim(text), &bytes) && bytes.len == SEAL_KEY_BYTES;

	if (is_key)
		memcpy(ret_key->bytes, bytes.ptr, SEAL_KEY_BYTES);
	seal_wipe_buf(&bytes);
	return is_key;
}

static enum err read_key_file(const char *path, struct seal_key *ret_key, struct buf *detail)
{
	struct buf text = { 0 };
	enum err err = file_read_private(path, 256, &text);

	if (err != OK && errno == EPERM)
		err = fail(detail, path, "others than its owner may read this key (chmod 600)");
	else if (err == OK && !key_from_text(buf_slice(&text), ret_key))
		err = fail(detail, path, "this is no key");
	else if (err == OK)
		goto out;
	else if (errno != ENOENT)
		err = fail(detail, path, strerror(errno));
	else
		err = ERR_SECRET_UNKNOWN;
out:
	seal_wipe_buf(&text);
	return err;
}

enum err secret_key_read(const struct secret_place *place, const char *credentials_folder,
			 struct seal_key *ret_key, struct buf *detail)
{
	struct buf path = { 0 };
	enum err err = ERR_SECRET_UNKNOWN;

	if (credentials_folder) {
		buf_add_str(&path, credentials_folder);
		buf_add_lit(&path, "/" SECRET_CREDENTIAL_NAME);
		err = read_key_file(buf_str(&path), ret_key, detail);
		buf_finish(&path);
	}
	if (err == ERR_SECRET_UNKNOWN)
		err = read_key_file(place->key, ret_key, detail);
	return err == ERR_SECRET_UNKNOWN ? fail(detail, place->key, "there is no key") : err;
}

/* Never over one that is there: what was sealed for it could not be opened any more. */
static enum err make_key(const struct secret_place *place, struct buf *ret_public,
			 struct buf *detail)
{
	struct seal_key key, public_half;
	struct buf text = { 0 };
	enum err err = read_key_file(place->key, &key, detail);

	if (err == ERR_SECRET_UNKNOWN) {
		key = seal_make_key();
		buf_reserve(&text, 128);
		hash_add_base64(&text, slice_of(key.bytes, sizeof(key.bytes)));
		buf_add_byte(&text, '\n');
		err = file_write(place->key, buf_slice(&text), 0600);
		if (err != OK)
			file_describe(detail, "write", place->key);
	}
	if (err == OK) {
		public_half = seal_public_half(&key);
		hash_add_base64(ret_public, slice_of(public_half.bytes, sizeof(public_half.bytes)));
	}
	seal_wipe(&key, sizeof(key));
	seal_wipe_buf(&text);
	return err;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_info(struct json_writer *json, const struct secret_info *info)
{
	struct buf sealed = { 0 };

	hash_add_base64(&sealed, info->sealed);
	json_object(json);
	json_put_text(json, "name", info->name);
	json_put_text(json, "endpoint", info->endpoint);
	json_put_i64(json, "set_at_us", info->set_at_us);
	json_put_text(json, "sealed", buf_slice(&sealed));
	json_object_end(json);
	buf_finish(&sealed);
}

/* All but the one named, and then `added`, when there is one. */
static enum err write_store(const struct secret_place *place, const struct secret_list *list,
			    struct slice without, const struct secret_info *added,
			    struct buf *detail)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);
	enum err err;

	json_object(&json);
	json_put_i64(&json, "version", STORE_VERSION);
	json_put_text(&json, "key", list->public_key);
	json_key(&json, "secrets");
	json_array(&json);
	for (size_t i = 0; i < list->count; i++)
		if (!slice_is(list->items[i].name, without))
			write_info(&json, &list->items[i]);
	if (added)
		write_info(&json, added);
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(&text, '\n');
	err = file_write(place->store, buf_slice(&text), 0600);
	if (err != OK)
		file_describe(detail, "write", place->store);
	buf_finish(&text);
	return err;
}

/* Two that write at once would each lose what the other wrote, so one waits: it is quick. */
static enum err lock_store(const struct secret_place *place, int *ret_fd, struct buf *detail)
{
	struct buf path = { 0 };
	enum err err;

	buf_add_str(&path, place->store);
	buf_add_lit(&path, ".lock");
	err = file_lock(buf_str(&path), ret_fd);
	for (int i = 0; err == ERR_STORAGE_BUSY && i < LOCK_TRIES; i++) {
		clock_sleep_us(LOCK_PAUSE_US);
		err = file_lock(buf_str(&path), ret_fd);
	}
	if (err == ERR_STORAGE_BUSY)
		err = fail(detail, place->store, "somebody else is writing to it; try again");
	else if (err != OK)
		file_describe(detail, "lock", buf_str(&path));
	buf_finish(&path);
	return err;
}

static enum err check_value(struct slice value, struct buf *detail)
{
	if (value.len < SECRET_BYTES_MIN || value.len > SECRET_BYTES_MAX) {
		buf_add_lit(detail, "a secret has ");
		buf_add_u64(detail, SECRET_BYTES_MIN);
		buf_add_lit(detail, " to ");
		buf_add_u64(detail, SECRET_BYTES_MAX);
		buf_add_lit(detail, " bytes, and this one ");
		buf_add_u64(detail, value.len);
		return ERR_ARGUMENT_RANGE;
	}
	for (size_t i = 0; i < value.len; i++) {
		if ((unsigned char)value.ptr[i] >= 0x20 && value.ptr[i] != 0x7f)
			continue;
		buf_add_lit(detail, "a secret goes into one line of a request's head: it holds no "
				    "control character");
		return ERR_TEXT_INVALID;
	}
	return OK;
}

static enum err check_place(struct slice name, struct slice endpoint, struct buf *detail)
{
	struct contract_request at;

	if (!id_is_valid(name)) {
		buf_add_slice(detail, name);
		return ERR_ID_INVALID;
	}
	if (endpoint.len > ENDPOINT_BYTES_MAX || !contract_endpoint_read(endpoint, &at)) {
		buf_add_slice(detail, slice_head(endpoint, ENDPOINT_BYTES_MAX));
		buf_add_lit(detail, " is not a place like https://api.example.com, where the secret "
				    "may be sent");
		return ERR_USAGE;
	}
	return OK;
}

/* Name and place go with the value, so that none of them can be exchanged. */
static void seal_info(const struct seal_key *public_half, struct slice value,
		      struct secret_info *info, struct arena *arena)
{
	struct buf plain = { 0 }, sealed = { 0 };

	buf_reserve(&plain, info->name.len + info->endpoint.len + value.len + 2);
	buf_add_slice(&plain, info->name);
	buf_add_byte(&plain, '\0');
	buf_add_slice(&plain, info->endpoint);
	buf_add_byte(&plain, '\0');
	buf_add_slice(&plain, value);
	seal_close(public_half, buf_slice(&plain), &sealed);
	info->sealed = arena_copy(arena, buf_slice(&sealed));
	seal_wipe_buf(&plain);
	buf_finish(&sealed);
}

static enum err put(const struct secret_place *place, struct secret_list *list,
		    struct secret_info *info, struct slice value, struct arena *arena,
		    struct buf *detail)
{
	struct buf made = { 0 };
	struct seal_key public_half;
	enum err err = OK;

	if (list->count - (secret_find(list, info->name) != NULL) >= SECRETS_MAX) {
		buf_add_lit(detail, "secrets_max: there may be 1000 secrets");
		return ERR_LIMIT_EXCEEDED;
	}
	if (!list->public_key.len) {
		err = make_key(place, &made, detail);
		list->public_key = arena_copy(arena, buf_slice(&made));
		buf_finish(&made);
	}
	if (err == OK && !key_from_text(list->public_key, &public_half))
		err = fail(detail, place->store, "its key is none");
	if (err == OK) {
		seal_info(&public_half, value, info, arena);
		err = write_store(place, list, info->name, info, detail);
	}
	return err;
}

enum err secret_set(const struct secret_place *place, struct slice name, struct slice endpoint,
		    struct slice value, int64_t now_us, struct buf *detail)
{
	struct secret_info info = { .name = name, .endpoint = endpoint, .set_at_us = now_us };
	struct arena arena = { 0 };
	struct secret_list list;
	int lock = -1;
	enum err err = check_place(name, endpoint, detail);

	if (err == OK)
		err = check_value(value, detail);
	if (err == OK)
		err = lock_store(place, &lock, detail);
	if (err == OK)
		err = secret_list_read(place, &arena, &list, detail);
	if (err == OK)
		err = put(place, &list, &info, value, &arena, detail);
	if (lock >= 0)
		close(lock);
	arena_finish(&arena);
	return err;
}

enum err secret_remove(const struct secret_place *place, struct slice name, struct buf *detail)
{
	struct arena arena = { 0 };
	struct secret_list list;
	int lock = -1;
	enum err err = lock_store(place, &lock, detail);

	if (err == OK)
		err = secret_list_read(place, &arena, &list, detail);
	if (err == OK && !secret_find(&list, name)) {
		buf_add_slice(detail, name);
		err = ERR_SECRET_UNKNOWN;
	}
	if (err == OK)
		err = write_store(place, &list, name, NULL, detail);
	if (lock >= 0)
		close(lock);
	arena_finish(&arena);
	return err;
}

/* ---- opening ------------------------------------------------------------------------------- */

enum err secret_open(const struct secret_info *info, const struct seal_key *key,
		     struct buf *ret_value, struct buf *detail)
{
	struct buf plain = { 0 };
	struct slice value, name, endpoint;
	enum err err = OK;

	buf_reserve(&plain, info->sealed.len);
	if (!seal_open(key, info->sealed, &plain)) {
		buf_add_slice(detail, info->name);
		buf_add_lit(detail, " was sealed for another key, or was changed; set it again");
		seal_wipe_buf(&plain);
		return ERR_SECRET_STORE;
	}
	value = buf_slice(&plain);
	name = slice_cut(&value, '\0');
	endpoint = slice_cut(&value, '\0');
	if (slice_is(name, info->name) && slice_is(endpoint, info->endpoint)) {
		buf_reserve(ret_value, value.len);
		buf_add_slice(ret_value, value);
	} else {
		buf_add_slice(detail, info->name);
		buf_add_lit(detail, " stands in the store with a name or a place that is not its own");
		err = ERR_SECRET_STORE;
	}
	seal_wipe_buf(&plain);
	return err;
}
