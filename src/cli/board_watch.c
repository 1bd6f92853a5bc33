#include "cli/local.h"

int board_watch_run(struct cli *cli, const struct args *args)
{
	(void)args;
	return cli_refuse(cli, ERR_USAGE, SLICE_EMPTY);
}
