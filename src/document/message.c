#include "document/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define MESSAGE_BYTES_MAX 1024

/* Quoted pieces of the document may hold line feeds, or end within a character. */
static void make_printable(char *text)
{
	bool valid = text_is_valid(slice_of_str(text));

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			*text = ' ';
		else if (byte >= 0x80 && !valid)
			*text = '?';
	}
}

void message_add(struct message_list *list, struct arena *arena, int line, const char *format,
		 va_list args)
{
	char text[MESSAGE_BYTES_MAX];

	if (list->count == MESSAGES_MAX) {
		list->unsaid++;
		return;
	}
	vsnprintf(text, sizeof(text), format, args);
	make_printable(text);
	list->items = alloc_grow(list->items, &list->capacity, list->count + 1,
				 sizeof(*list->items));
	list->items[list->count++] = (struct doc_message){
		.line = line,
		.text = arena_copy(arena, slice_of_str(text)),
	};
}

/* In the order of the document, as a reader goes through it; there are few. */
static void sort_by_line(struct doc_message *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct doc_message item = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1].line > item.line; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

void message_hand_over(struct message_list *list, struct arena *arena,
		       struct doc_message **ret_items, size_t *ret_count)
{
	char text[64];
	struct doc_message *items = arena_zero(arena, list->count + 1, sizeof(*items));

	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	sort_by_line(items, list->count);
	*ret_items = items;
	*ret_count = list->count;
	if (list->unsaid == 0)
		return;
	snprintf(text, sizeof(text), "and %zu more", list->unsaid);
	items[list->count].text = arena_copy(arena, slice_of_str(text));
	*ret_count = list->count + 1;
}

void message_list_finish(struct message_list *list)
{
	free(list->items);
	*list = (struct message_list){ 0 };
}
