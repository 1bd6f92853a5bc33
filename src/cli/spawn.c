#include "cli/local.h"

int spawn_run(struct cli *cli, const struct args *args)
{
	(void)args;
	return cli_refuse(cli, ERR_USAGE, SLICE("this build has no supervisor for workers"));
}
