#include "cli/place.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/ensure.h"
#include "sys/files.h"

#define PROGRAMS_FOLDER "libexec/infrafabric/"
#define PATH_BYTES_MAX 4096

static const struct {
	const char *name;
	const char *variable;
} programs[PROGRAM_COUNT] = {
	[PROGRAM_COORDINATOR] = { "if-coordinator", "IF_COORDINATOR" },
	[PROGRAM_PROXY] = { "if-proxy", "IF_PROXY" },
	[PROGRAM_CHASSIS] = { "if-chassis", "IF_CHASSIS" },
};

const char *place_join(struct arena *arena, const char *head, const char *tail)
{
	struct buf path = { 0 };
	const char *copy;

	buf_add_str(&path, head);
	buf_add_str(&path, tail);
	copy = arena_copy(arena, buf_slice(&path)).ptr;
	buf_finish(&path);
	return copy;
}

const char *place_folder(struct arena *arena, const char *path)
{
	return arena_copy(arena, file_folder_of(path)).ptr;
}

enum err place_make(const char *folder, struct buf *detail)
{
	if (file_make_folder(folder, 0700) == OK)
		return OK;
	file_describe(detail, "create", folder);
	return ERR_OS;
}

/* As it lies in build/, and as it is installed below a prefix. */
static const char *find_beside(struct arena *arena, const char *name)
{
	static const char *const folders[] = { "/" PROGRAMS_FOLDER, "/../" PROGRAMS_FOLDER };
	char self[PATH_BYTES_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len <= 0)
		return NULL;
	self[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const char *here = place_join(arena, place_folder(arena, self), folders[i]);
		const char *path = place_join(arena, here, name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

const char *place_program(struct arena *arena, enum place_program program, struct buf *detail)
{
	const char *path;

	ENSURE(program < PROGRAM_COUNT);
	path = getenv(programs[program].variable);
	if (!path || !path[0])
		path = find_beside(arena, programs[program].name);
	if (!path && detail) {
		buf_add_lit(detail, "there is no " PROGRAMS_FOLDER);
		buf_add_str(detail, programs[program].name);
		buf_add_lit(detail, " beside this program");
	}
	return path;
}
