#include "daemon/flight.h"

#include <string.h>

#include "fabric/machine.h"
#include "sys/mapped.h"

#define FLIGHT_MAGIC 0x31544c46U	/* FLT1 */
#define CRASHES_ENOUGH 2

struct flight_page {
	uint32_t magic;
	volatile uint32_t deciding;
	uint32_t key_len;
	char key[FLIGHT_KEY_BYTES];
	struct suspect {
		uint32_t crashes;
		uint32_t key_len;
		char key[FLIGHT_KEY_BYTES];
	} suspects[FLIGHT_SUSPECTS];
};

static struct suspect *suspect_of(struct flight_page *page, struct slice key)
{
	struct suspect *place = &page->suspects[0];

	for (size_t i = 0; i < FLIGHT_SUSPECTS; i++) {
		struct suspect *suspect = &page->suspects[i];

		if (slice_is(slice_of(suspect->key, suspect->key_len), key))
			return suspect;
		if (suspect->crashes < place->crashes)
			place = suspect;
	}
	*place = (struct suspect){ .key_len = (uint32_t)key.len };
	memcpy(place->key, key.ptr, key.len);
	return place;
}

void flight_open(struct flight *flight, const char *path)
{
	struct flight_page *page = mapped_open(path, sizeof(*page));

	flight->page = page;
	if (!page)
		return;
	if (page->magic != FLIGHT_MAGIC || page->key_len > FLIGHT_KEY_BYTES) {
		memset(page, 0, sizeof(*page));
		page->magic = FLIGHT_MAGIC;
	}
	if (page->deciding)
		suspect_of(page, slice_of(page->key, page->key_len))->crashes++;
	page->deciding = 0;
}

void flight_close(struct flight *flight)
{
	if (flight->page)
		mapped_close(flight->page, sizeof(*flight->page));
	flight->page = NULL;
}

void flight_enter(struct flight *flight, const struct command *command)
{
	struct flight_page *page = flight->page;
	char space[MACHINE_COMMAND_ID_BYTES];
	struct slice key;

	if (!page)
		return;
	key = machine_command_id(command, space);
	page->key_len = (uint32_t)key.len;
	memcpy(page->key, key.ptr, key.len);
	page->deciding = 1;
}

void flight_leave(struct flight *flight)
{
	if (flight->page)
		flight->page->deciding = 0;
}

struct slice flight_culprit(struct flight *flight)
{
	for (size_t i = 0; flight->page && i < FLIGHT_SUSPECTS; i++) {
		struct suspect *suspect = &flight->page->suspects[i];

		if (suspect->crashes < CRASHES_ENOUGH)
			continue;
		suspect->crashes = 0;
		return slice_of(suspect->key, suspect->key_len);
	}
	return SLICE_EMPTY;
}
