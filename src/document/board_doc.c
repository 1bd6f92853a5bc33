#include "document/board_doc.h"

#include "base/ensure.h"
#include "document/board_build.h"
#include "document/source.h"

enum board_format board_format_of(struct slice file_name)
{
	static const struct {
		const char *ending;
		enum board_format format;
	} endings[] = {
		{ ".yaml", BOARD_YAML },
		{ ".yml", BOARD_YAML },
		{ ".json", BOARD_JSON },
	};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		struct slice ending = slice_of_str(endings[i].ending);

		if (file_name.len >= ending.len &&
		    slice_is_nocase(slice_from(file_name, file_name.len - ending.len), ending))
			return endings[i].format;
	}
	return BOARD_MARKDOWN;
}

static void read_format(struct board_build *build, struct slice text, enum board_format format)
{
	switch (format) {
	case BOARD_MARKDOWN: board_read_markdown(build, text); return;
	case BOARD_YAML: board_read_yaml(build, text); return;
	case BOARD_JSON: board_read_json(build, text); return;
	default: panic(__FILE__, __LINE__, "board format");
	}
}

enum err board_doc_read(struct slice text, enum board_format format, struct arena *arena,
			struct board_doc *ret_doc)
{
	struct board_build build;
	struct source_fault fault;
	enum err err;

	board_build_init(&build, arena);
	if (text.len > BOARD_DOC_BYTES_MAX) {
		board_over_limit(&build, 0, "a document of more than 8 MB");
	} else if (source_check(text, &text, &fault) != OK) {
		board_error(&build, fault.line, "%s", fault.text);
	} else {
		read_format(&build, text, format);
		board_check(&build);
	}
	err = board_build_result(&build, ret_doc);
	board_build_finish(&build);
	return err;
}
