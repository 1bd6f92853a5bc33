#include "sys/terminal.h"

#include <sys/ioctl.h>
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
