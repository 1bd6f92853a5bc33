#include "unit/stub_server.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUESTS_MAX 32
#define REQUEST_BYTES 8192

struct stub_log {
	size_t count;
	char requests[REQUESTS_MAX][REQUEST_BYTES];
};

/* Reads one whole request; false when the client has gone. */
static int read_request(int fd, char *text)
{
	size_t len = 0;

	for (;;) {
		ssize_t got = read(fd, text + len, REQUEST_BYTES - 1 - len);
		char *body, *length;

		if (got <= 0)
			return 0;
		len += (size_t)got;
		text[len] = '\0';
		body = strstr(text, "\r\n\r\n");
		length = strcasestr(text, "content-length:");
		if (body && (!length || strlen(body + 4) >= strtoul(length + 15, NULL, 10)))
			return 1;
	}
}

static void answer(int fd, const struct stub_step *step)
{
	char head[512];

	usleep((useconds_t)step->delay_ms * 1000);
	if (step->no_length)
		snprintf(head, sizeof(head),
			 "HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\n\r\n",
			 step->status, step->type);
	else
		snprintf(head, sizeof(head),
			 "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			 step->status, step->type ? step->type : "application/json",
			 strlen(step->body));
	if (write(fd, head, strlen(head)) < 0 || write(fd, step->body, strlen(step->body)) < 0)
		_exit(1);
}

static void serve(int listener, struct stub_log *log, const struct stub_step *steps, size_t count)
{
	size_t at = 0;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		while (at < count && log->count < REQUESTS_MAX &&
		       read_request(fd, log->requests[log->count])) {
			const struct stub_step *step = &steps[at++];

			log->count++;
			if (step->status)
				answer(fd, step);
			if (!step->status || step->then_cut || step->no_length)
				break;
		}
		if (at == count && count && steps[count - 1].status && !steps[count - 1].then_cut &&
		    !steps[count - 1].no_length)
			read_request(fd, log->requests[REQUESTS_MAX - 1]);
		close(fd);
	}
}

void stub_start(struct stub *stub, const struct stub_step *steps, size_t count)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(stub->folder, "/tmp/stub_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(stub->folder));
	snprintf(stub->path, sizeof(stub->path), "%s/if.sock", stub->folder);
	strcpy(address.sun_path, stub->path);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 16), 0);
	stub->log = mmap(NULL, sizeof(*stub->log), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(stub->log != MAP_FAILED);
	stub->pid = fork();
	ck_assert_int_ge(stub->pid, 0);
	if (stub->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		serve(listener, stub->log, steps, count);
	}
	close(listener);
}

void stub_stop(struct stub *stub)
{
	kill(stub->pid, SIGKILL);
	waitpid(stub->pid, NULL, 0);
	unlink(stub->path);
	rmdir(stub->folder);
	munmap(stub->log, sizeof(*stub->log));
}

size_t stub_count(const struct stub *stub)
{
	return stub->log->count;
}

const char *stub_request(const struct stub *stub, size_t index)
{
	return index < stub->log->count ? stub->log->requests[index] : NULL;
}

void stub_header(const char *request, const char *name, char *ret, size_t size)
{
	const char *at = strcasestr(request, name);
	size_t len = 0;

	ret[0] = '\0';
	if (!at)
		return;
	at += strlen(name);
	at += strspn(at, ": ");
	while (at[len] && at[len] != '\r' && len + 1 < size)
		len++;
	memcpy(ret, at, len);
	ret[len] = '\0';
}
