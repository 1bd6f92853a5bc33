#include "client/address.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "/infrafabric/if.sock"

static bool is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/*
 * Anybody can make a folder below /tmp, so a socket there is only believed
 * when its folder is ours and closed to others. A missing one is fine: there
 * is no daemon then, and whoever starts one makes it.
 */
static enum err check_private(const char *folder, struct buf *detail)
{
	struct stat info;

	if (lstat(folder, &info) != 0)
		return OK;
	if (S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
	    (info.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return OK;
	buf_add_str(detail, folder);
	buf_add_lit(detail, " is not a folder that only this user can use; name a socket");
	return ERR_USAGE;
}

enum err address_default_socket(struct buf *out, struct buf *detail)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct buf folder = { 0 };
	enum err err = OK;

	if (runtime && runtime[0] == '/') {
		buf_add_str(out, runtime);
		buf_add_lit(out, SOCKET_NAME);
		return OK;
	}
	buf_add_lit(&folder, "/run/user/");
	buf_add_u64(&folder, geteuid());
	if (is_folder(buf_str(&folder))) {
		buf_add_slice(out, buf_slice(&folder));
		buf_add_lit(out, SOCKET_NAME);
	} else {
		buf_clear(&folder);
		buf_add_lit(&folder, "/tmp/infrafabric-");
		buf_add_u64(&folder, geteuid());
		err = check_private(buf_str(&folder), detail);
		buf_add_slice(out, buf_slice(&folder));
		buf_add_lit(out, "/if.sock");
	}
	buf_finish(&folder);
	return err;
}

/* What follows the scheme of a URL is a host, and nothing else. */
static bool url_is_plain(struct slice url)
{
	struct slice host = slice_from(url, slice_starts(url, SLICE("https://")) ? 8 : 7);

	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if ((unsigned char)c <= 0x20 || c == '/' || c == '?' || c == '#' || c == '@')
			return false;
	}
	return host.len > 0;
}

static enum err read_url(struct slice url, struct address *ret_address, struct buf *detail)
{
	if (slice_ends(url, SLICE("/")))
		url.len--;
	if (!url_is_plain(url)) {
		buf_add_slice(detail, url);
		buf_add_lit(detail, " is not http://HOST:PORT");
		return ERR_USAGE;
	}
	buf_add_slice(&ret_address->text, url);
	return OK;
}

static enum err read_path(struct slice path, struct address *ret_address, struct buf *detail)
{
	ret_address->is_unix = true;
	if (path.len == 0 || path.len >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		buf_add_lit(detail, "the path of a Unix socket has 1 to 107 bytes: ");
		buf_add_slice(detail, path);
		return ERR_USAGE;
	}
	buf_add_slice(&ret_address->text, path);
	return OK;
}

enum err address_read(const char *text, struct address *ret_address, struct buf *detail)
{
	struct buf path = { 0 };
	enum err err = OK;
	struct slice given;

	*ret_address = (struct address){ 0 };
	if (!text || !text[0])
		text = getenv("IF_URL");
	if (!text || !text[0])
		text = getenv("IF_SOCKET");
	if (!text || !text[0]) {
		err = address_default_socket(&path, detail);
		text = buf_str(&path);
	}
	given = slice_of_str(text);
	if (err == OK &&
	    (slice_starts(given, SLICE("http://")) || slice_starts(given, SLICE("https://"))))
		err = read_url(given, ret_address, detail);
	else if (err == OK && slice_starts(given, SLICE("unix:")))
		err = read_path(slice_from(given, 5), ret_address, detail);
	else if (err == OK)
		err = read_path(given, ret_address, detail);
	buf_str(&ret_address->text);
	buf_finish(&path);
	if (err != OK)
		address_finish(ret_address);
	return err;
}

void address_finish(struct address *address)
{
	buf_finish(&address->text);
}
