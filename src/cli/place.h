/*
 * place - paths, and the programs that belong to this one.
 *
 * What is returned lives in the arena.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* One behind the other, with nothing between. */
const char *place_join(struct arena *arena, const char *head, const char *tail);
/* The folder that a path lies in, without a slash at its end; "." when it names none. */
const char *place_folder(struct arena *arena, const char *path);
/* mkdir -p, for this user alone; a folder that exists keeps its mode. ERR_OS. */
MUST_USE enum err place_make(const char *folder, struct buf *detail);

enum place_program { PROGRAM_COORDINATOR, PROGRAM_PROXY, PROGRAM_CHASSIS, PROGRAM_COUNT };

/*
 * What IF_COORDINATOR, IF_PROXY or IF_CHASSIS names, else the program in
 * libexec beside this one. NULL, with `detail` (which may be NULL), when there
 * is none.
 */
const char *place_program(struct arena *arena, enum place_program program, struct buf *detail);

#endif
