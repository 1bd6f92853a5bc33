#include "sandbox/egress.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/le.h"
#include "sys/local_socket.h"

void egress_add_length(struct buf *out, size_t len)
{
	buf_add_le(out, len, EGRESS_LENGTH_BYTES);
}

size_t egress_length(const void *bytes)
{
	return le_get_u32(bytes);
}

enum err egress_call(int fd, struct slice request, size_t reply_bytes_max, int64_t timeout_ms,
		     struct buf *ret_reply)
{
	struct buf head = { 0 };
	char length[EGRESS_LENGTH_BYTES];
	size_t len;
	enum err err;

	if (request.len > EGRESS_MESSAGE_BYTES_MAX)
		return ERR_LIMIT_EXCEEDED;
	egress_add_length(&head, request.len);
	err = local_socket_send(fd, buf_slice(&head), timeout_ms);
	buf_finish(&head);
	if (err == OK)
		err = local_socket_send(fd, request, timeout_ms);
	if (err == OK)
		err = local_socket_receive(fd, length, sizeof(length), timeout_ms);
	if (err != OK)
		return err;
	len = egress_length(length);
	if (len > reply_bytes_max || len > EGRESS_MESSAGE_BYTES_MAX)
		return ERR_LIMIT_EXCEEDED;
	err = local_socket_receive(fd, buf_reserve(ret_reply, len), len, timeout_ms);
	if (err == OK)
		ret_reply->len += len;
	return err;
}

static void say_connection(struct buf *out, const char *what, const char *socket_path)
{
	buf_add_str(out, what);
	buf_add_str(out, socket_path);
	buf_add_lit(out, ": ");
	buf_add_str(out, strerror(errno));
}

enum err egress_open(const char *socket_path, struct slice grant, int64_t timeout_ms, int *ret_fd,
		     struct buf *ret_answer)
{
	struct buf answer = { 0 };
	int fd = -1;
	enum err err = local_socket_connect(socket_path, &fd);

	if (err != OK) {
		say_connection(ret_answer, "cannot connect to ", socket_path);
		return err == ERR_DAEMON_UNREACHABLE ? ERR_PROXY_UNREACHABLE : err;
	}
	err = egress_call(fd, grant, EGRESS_MESSAGE_BYTES_MAX, timeout_ms, &answer);
	if (err == OK && !slice_starts(buf_slice(&answer), SLICE("{\"ok\":true")))
		err = ERR_EGRESS_GRANT;
	if (err == OK || err == ERR_EGRESS_GRANT)
		buf_add_slice(ret_answer, buf_slice(&answer));
	else if (err == ERR_OS)
		say_connection(ret_answer, "the proxy broke off on ", socket_path);
	else
		buf_add_str(ret_answer, err_info(err)->message);
	buf_finish(&answer);
	if (err == OK)
		*ret_fd = fd;
	else
		close(fd);
	return err;
}
