#include "sandbox/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/seal.h"
#include "sandbox/limit.h"
#include "sys/entropy.h"
#include "sys/files.h"

#define KEY_BYTES 32
#define CPU_BYTES_MAX (4 * MIB)		/* of what the system says about its processors */

/* A plain file that only this user can have written. */
static bool read_own(const char *path, size_t bytes_max, struct buf *ret_content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	struct stat stat;
	bool is_read = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_uid == geteuid() &&
	    !(stat.st_mode & 022))
		is_read = file_read_fd(fd, bytes_max, ret_content) == OK;
	close(fd);
	return is_read;
}

static bool make_key(const char *path)
{
	char bytes[KEY_BYTES];
	bool is_made;

	entropy_fill(bytes, sizeof(bytes));
	is_made = file_write(path, slice_of(bytes, sizeof(bytes)), 0600) == OK;
	seal_wipe(bytes, sizeof(bytes));
	return is_made;
}

void cache_open(struct cache *cache, const char *folder, const char *key_file, struct buf *trouble)
{
	*cache = (struct cache){ .folder = folder };
	if (!folder[0] || !key_file[0])
		return;
	if (file_make_folder(folder, 0700) != OK) {
		file_describe(trouble, "make", folder);
		return;
	}
	if (access(key_file, F_OK) != 0 && errno == ENOENT && !make_key(key_file)) {
		file_describe(trouble, "write", key_file);
		return;
	}
	if (file_read_private(key_file, KEY_BYTES, &cache->key) == OK &&
	    cache->key.len == KEY_BYTES)
		return;
	buf_add_lit(trouble, "the key in ");
	buf_add_str(trouble, key_file);
	buf_add_lit(trouble, " is not 32 bytes in a file that only its owner can read");
	cache_close(cache);
}

void cache_close(struct cache *cache)
{
	seal_wipe_buf(&cache->key);
}

/* The line that lists what the processors can do: code for one set is not run on another. */
static struct slice features_of(struct slice cpus)
{
	while (cpus.len) {
		struct slice line = slice_cut(&cpus, '\n');

		if (slice_starts(line, SLICE("flags")) || slice_starts(line, SLICE("Features")))
			return line;
	}
	return SLICE_EMPTY;
}

static void add_part(struct hash_state *state, struct slice part)
{
	struct hash hash = hash_of(part);

	hash_add(state, slice_of(hash.bytes, HASH_BYTES));
}

struct hash cache_name(struct slice wasm, struct slice fingerprint)
{
	struct hash_state state;
	struct buf cpus = { 0 };

	/* Where the system tells nothing, the engine's own check of an artifact is left. */
	if (file_read("/proc/cpuinfo", CPU_BYTES_MAX, &cpus) != OK)
		buf_clear(&cpus);
	hash_begin(&state);
	add_part(&state, wasm);
	add_part(&state, fingerprint);
	add_part(&state, features_of(buf_slice(&cpus)));
	buf_finish(&cpus);
	return hash_end(&state);
}

static void path_of(const struct cache *cache, const struct hash *name, struct buf *out)
{
	buf_add_str(out, cache->folder);
	buf_add_byte(out, '/');
	buf_add_hex(out, name->bytes, HASH_BYTES);
	buf_add_lit(out, ".cwasm");
}

static struct hash mac_of(const struct cache *cache, const struct hash *name, struct slice artifact)
{
	struct slice parts[] = { slice_of(name->bytes, HASH_BYTES), artifact };

	return hash_hmac(buf_slice(&cache->key), parts, ARRAY_LEN(parts));
}

bool cache_get(const struct cache *cache, const struct hash *name, struct buf *ret_artifact)
{
	struct buf path = { 0 }, content = { 0 };
	bool counts = false;

	if (!cache->key.len)
		return false;
	path_of(cache, name, &path);
	if (read_own(buf_str(&path), ARTIFACT_BYTES_MAX + HASH_BYTES, &content) &&
	    content.len > HASH_BYTES) {
		struct slice artifact = slice_from(buf_slice(&content), HASH_BYTES);
		struct hash mac = mac_of(cache, name, artifact);

		counts = seal_is_same(slice_of(mac.bytes, HASH_BYTES),
				      slice_head(buf_slice(&content), HASH_BYTES));
		if (counts)
			buf_add_slice(ret_artifact, artifact);
	}
	buf_finish(&content);
	buf_finish(&path);
	return counts;
}

void cache_put(const struct cache *cache, const struct hash *name, struct slice artifact,
	       struct buf *trouble)
{
	struct buf path = { 0 }, content = { 0 };
	struct hash mac;

	if (!cache->key.len)
		return;
	mac = mac_of(cache, name, artifact);
	path_of(cache, name, &path);
	buf_add(&content, mac.bytes, HASH_BYTES);
	buf_add_slice(&content, artifact);
	if (file_write(buf_str(&path), buf_slice(&content), 0600) != OK)
		file_describe(trouble, "write", buf_str(&path));
	buf_finish(&content);
	buf_finish(&path);
}
