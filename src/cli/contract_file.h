/*
 * contract_file - a contract that the command line names, below the ceiling
 * that holds here.
 *
 * The ceiling is the lowest of what is named, ceiling.yaml in the user's
 * config folder and /etc/infrafabric/ceiling.yaml: nobody who writes a
 * contract or a project's settings can lift it.
 */
#ifndef CLI_CONTRACT_FILE_H
#define CLI_CONTRACT_FILE_H

#include "cli/cli.h"
#include "document/contract_doc.h"

struct contract_file {
	const char *shown;		/* its name for people */
	struct buf text;
	struct contract_doc doc;
	enum err err;			/* of the document, once the file could be read */
};

/*
 * The ceiling that holds here; `named` is one more file of it, or NULL. 0, or the exit
 * code with the problem told.
 */
int contract_find_ceiling(struct cli *cli, const char *named, struct contract_ceiling *ret_ceiling);

/*
 * 0, or the exit code with the problem told: of the file, or of a ceiling.
 * What is wrong in the document is told by contract_file_say. `ceiling` is
 * one more file, or NULL. Closing is always right.
 */
int contract_file_open(struct cli *cli, const char *file, const char *ceiling,
		       struct contract_file *ret_contract);
void contract_file_close(struct contract_file *contract);

/* Errors and remarks, a line each on stderr. */
void contract_file_say(const struct contract_file *contract);

#endif
