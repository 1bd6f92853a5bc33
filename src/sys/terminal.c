#include "sys/terminal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT 24

bool terminal_is(int fd)
{
	return isatty(fd) == 1;
}

void terminal_size(int fd, int *ret_columns, int *ret_rows)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){ .ws_row = ROWS_DEFAULT, .ws_col = COLUMNS_DEFAULT };
	*ret_columns = size.ws_col;
	*ret_rows = size.ws_row;
}

static void write_text(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return;
}

static enum err read_line(int fd, size_t bytes_max, struct buf *ret_line)
{
	for (;;) {
		char byte;
		ssize_t got = read(fd, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_OS;
		if (got == 0 || byte == '\n')
			return OK;
		if (ret_line->len == bytes_max)
			return ERR_LIMIT_EXCEEDED;
		buf_add_byte(ret_line, byte);
	}
}

enum err terminal_read_hidden(int fd, const char *question, size_t bytes_max, struct buf *ret_line)
{
	struct termios before, hidden;
	enum err err;
	int saved;

	if (tcgetattr(fd, &before) != 0)
		return ERR_OS;
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0)
		return ERR_OS;
	/* A buffer that moved would leave a copy of what it held. */
	buf_reserve(ret_line, bytes_max + 1);
	write_text(STDERR_FILENO, question);
	err = read_line(fd, bytes_max, ret_line);
	saved = errno;
	tcsetattr(fd, TCSAFLUSH, &before);
	write_text(STDERR_FILENO, "\n");
	errno = saved;
	return err;
}
