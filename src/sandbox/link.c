#include "sandbox/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (64 * KIB)

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(LINK_FDS_MAX * sizeof(int))];
};

void link_init(struct link *link, int fd, size_t tail_max)
{
	*link = (struct link){ .fd = fd, .tail_max = tail_max };
	for (size_t i = 0; i < LINK_FDS_MAX; i++)
		link->fds[i] = -1;
}

void link_finish(struct link *link)
{
	int fd;

	while ((fd = link_take_fd(link)) >= 0)
		close(fd);
	buf_finish(&link->come);
}

int link_take_fd(struct link *link)
{
	int fd = link->fds[0];

	for (size_t i = 1; i < LINK_FDS_MAX; i++)
		link->fds[i - 1] = link->fds[i];
	link->fds[LINK_FDS_MAX - 1] = -1;
	return fd;
}

/* More than there is room for is closed: nobody waits for them. */
static void keep_fd(struct link *link, int fd)
{
	for (size_t i = 0; i < LINK_FDS_MAX; i++) {
		if (link->fds[i] < 0) {
			link->fds[i] = fd;
			return;
		}
	}
	close(fd);
}

static void keep_fds(struct link *link, struct msghdr *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
		size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(fd), sizeof(fd));
			keep_fd(link, fd);
		}
	}
}

enum err link_receive(struct link *link)
{
	union control control;
	struct iovec piece;
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got;

	buf_drop(&link->come, link->taken);
	link->taken = 0;
	piece = (struct iovec){ buf_reserve(&link->come, RECEIVE_BYTES), RECEIVE_BYTES };
	do {
		got = recvmsg(link->fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? OK : ERR_OS;
	keep_fds(link, &message);
	link->come.len += (size_t)got;
	link->has_ended = got == 0;
	return OK;
}

enum err link_next(struct link *link, struct wire_frame *ret_frame)
{
	struct slice rest = slice_from(buf_slice(&link->come), link->taken);
	size_t bytes = 0;
	enum err err;

	ret_frame->kind = WIRE_NONE;
	err = wire_cut(rest, link->tail_max, ret_frame, &bytes);
	link->taken += bytes;
	return err;
}

enum err link_wait(struct link *link, struct wire_frame *ret_frame)
{
	enum err err;

	for (;;) {
		err = link_next(link, ret_frame);
		if (err != OK || ret_frame->kind != WIRE_NONE)
			return err;
		if (link->has_ended)
			return ERR_OS;
		err = link_receive(link);
		if (err != OK)
			return err;
	}
}

static void wait_for_room(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	/* Whatever it ends with, the next send tells. */
	(void)poll(&ready, 1, -1);
}

enum err link_send(int fd, struct slice bytes, const int *fds, size_t count)
{
	union control control;

	ENSURE(count <= LINK_FDS_MAX);
	memset(&control, 0, sizeof(control));
	while (bytes.len) {
		struct iovec piece = { (void *)(uintptr_t)bytes.ptr, bytes.len };
		struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
		ssize_t put;

		if (count) {
			message.msg_control = &control;
			message.msg_controllen = CMSG_SPACE(count * sizeof(int));
			control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(count * sizeof(int)),
							 .cmsg_level = SOL_SOCKET,
							 .cmsg_type = SCM_RIGHTS };
			memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
		}
		put = sendmsg(fd, &message, MSG_NOSIGNAL);
		if (put < 0 && errno == EAGAIN)
			wait_for_room(fd);
		else if (put < 0 && errno != EINTR)
			return ERR_OS;
		if (put > 0) {
			count = 0;
			bytes = slice_from(bytes, (size_t)put);
		}
	}
	return OK;
}

enum err link_say(int fd, enum wire_kind kind, const void *message)
{
	struct buf frame = { 0 };
	enum err err;

	wire_add(&frame, kind, message, SLICE_EMPTY);
	err = link_send(fd, buf_slice(&frame), NULL, 0);
	buf_finish(&frame);
	return err;
}
