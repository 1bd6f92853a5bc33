#include "contract/bus_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/fault.h"
#include "bus/memory.h"
#include "bus/sqlite.h"

void scratch_make(char ret_folder[64])
{
	const char *base = getenv("TMPDIR");
	int len = snprintf(ret_folder, 64, "%s/if-test-XXXXXX", base && *base ? base : "/tmp");

	ENSURE(len > 0 && len < 64);
	ENSURE(mkdtemp(ret_folder));
}

void scratch_remove(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[400];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(folder);
}

static bool kind_has_file(enum bus_kind kind)
{
	return kind == KIND_SQLITE || kind == KIND_FAULT_SQLITE;
}

static void fixture_bus_open(struct bus_fixture *fixture)
{
	struct buf detail = { 0 };

	if (kind_has_file(fixture->kind)) {
		enum err err = bus_sqlite_open(fixture->file, NULL, &fixture->bus, &detail);

		if (err != OK)
			panic(__FILE__, __LINE__, buf_str(&detail));
	} else {
		fixture->bus = bus_memory_create();
	}
	if (kind_has_faults(fixture->kind))
		fixture->bus = bus_fault_create(fixture->bus, NULL);
	buf_finish(&detail);
}

void bus_fixture_open(struct bus_fixture *fixture, enum bus_kind kind)
{
	*fixture = (struct bus_fixture){ .kind = kind };
	if (kind_has_file(kind)) {
		scratch_make(fixture->folder);
		snprintf(fixture->file, sizeof(fixture->file), "%s/ledger", fixture->folder);
	}
	fixture_bus_open(fixture);
}

bool bus_fixture_reopen(struct bus_fixture *fixture)
{
	if (!kind_has_file(fixture->kind))
		return false;
	bus_close(fixture->bus);
	fixture_bus_open(fixture);
	return true;
}

void bus_fixture_close(struct bus_fixture *fixture)
{
	bus_close(fixture->bus);
	if (kind_has_file(fixture->kind))
		scratch_remove(fixture->folder);
}
