/*
 * folder - the folders of a contract, as a guest sees them.
 *
 * A guest of WASI begins with some open folders and their names. Here they
 * are those that the contract's storage lies in, by the names it gives them;
 * what may be read below them the contract says for each path.
 */
#ifndef SANDBOX_FOLDER_H
#define SANDBOX_FOLDER_H

#include "sandbox/guest.h"

/*
 * Opens them for every guest that will be forked off: as files 3, 4 ... of
 * this one. A relative path lies below `base`. One that is not there is left
 * out, as it would be if it were not there for the guest. ERR_LIMIT_EXCEEDED
 * when there are more than a guest can have open.
 */
MUST_USE enum err folder_open_all(struct guest *guest, const char *base, struct buf *detail);

/* Back to nothing; the path of one that the guest opened is freed. */
void guest_file_close(struct guest_file *file);

/*
 * Appends the one name of `path` below `folder`: without `.` and empty parts.
 * False when it climbs out (`..`), begins at the root or holds a zero byte.
 */
MUST_USE bool folder_join(struct slice folder, struct slice path, struct buf *ret_name);
/* The part of a joined name that is below the folder; "." for the folder itself. */
const char *folder_below(struct slice folder, const char *name);

#endif
