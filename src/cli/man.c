/*
 * man - the man page, generated from the tables.
 */
#include <string.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/local.h"

/* Text in roff: backslashes, dashes that are minus signs, and dots that begin a line. */
static void add_roff(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool begins_line = out->len == 0 || out->ptr[out->len - 1] == '\n';

		if (begins_line && (c == '.' || c == '\''))
			buf_add_lit(out, "\\&");
		if (c == '\\')
			buf_add_lit(out, "\\e");
		else if (c == '-')
			buf_add_lit(out, "\\-");
		else if (c == '`')
			buf_add_lit(out, "\\(ga");
		else if (c == '\'')
			buf_add_lit(out, "\\(aq");
		else
			buf_add_byte(out, c);
	}
}

static void add_line(struct buf *out, const char *macro, struct slice text)
{
	buf_add_str(out, macro);
	add_roff(out, text);
	buf_add_byte(out, '\n');
}

static void add_heading(struct buf *out, const char *heading)
{
	buf_add_lit(out, ".SH ");
	buf_add_str(out, heading);
	buf_add_byte(out, '\n');
}

static void add_verb(struct buf *out, const struct verb *verb)
{
	struct buf text = { 0 };

	help_usage(&text, verb);
	buf_add_lit(out, ".SS \"");
	add_roff(out, buf_slice(&text));
	buf_add_lit(out, "\"\n");
	add_roff(out, slice_of_str(verb->summary));
	buf_add_lit(out, ".\n");
	for (size_t i = 0; i < verb->field_count; i++) {
		if (!help_shows(verb, verb->fields[i]))
			continue;
		buf_clear(&text);
		help_argument(&text, verb->fields[i]);
		buf_add_lit(out, ".TP\n");
		add_line(out, ".B ", buf_slice(&text));
		buf_clear(&text);
		help_about(&text, verb->fields[i]);
		add_line(out, "", buf_slice(&text));
	}
	buf_add_lit(out, ".PP\nExample:\n.PP\n.nf\n.RS\n");
	add_roff(out, slice_of_str(verb->example));
	buf_add_lit(out, "\n.RE\n.fi\n");
	buf_finish(&text);
}

static void add_globals(struct buf *out)
{
	add_heading(out, "OPTIONS");
	buf_add_lit(out,
		"For every command. A flag takes its value as the next word or behind\n"
		".BR = ,\n"
		"lists by repeating the flag or with commas; what is on is turned off with\n"
		".BR \\-\\-no\\-FLAG .\n"
		"JSON and long texts may be\n"
		".B @FILE\n"
		"or\n"
		".B \\-\n"
		"for standard input; @@ stands for a text that begins with @.\n"
		"Durations have a unit: 500ms, 50s, 2m, 1h30m.\n"
		"Times are RFC 3339, or +2h and \\-30m from now.\n"
		"Money is dollars.\n");
	for (size_t i = 0; i < global_flag_count; i++) {
		buf_add_lit(out, ".TP\n.B \\-\\-");
		add_roff(out, slice_of_str(global_flags[i].name));
		buf_add_byte(out, ' ');
		buf_add_str(out, global_flags[i].metavar);
		buf_add_byte(out, '\n');
		add_line(out, "", slice_of_str(global_flags[i].help));
	}
}

static void add_environment(struct buf *out)
{
	add_heading(out, "ENVIRONMENT AND FILES");
	buf_add_lit(out,
		"A setting is taken from the first of: a flag, the environment, the project's\n"
		"own .infrafabric/config, infrafabric/config below $XDG_CONFIG_HOME, and\n"
		"/etc/infrafabric/config.\n"
		"A file has lines of the form\n"
		".BR \"key = value\" .\n");
	for (int i = 0; i < SETTING_COUNT; i++) {
		buf_add_lit(out, ".TP\n.B ");
		add_roff(out, slice_of_str(setting_table[i].variable));
		buf_add_lit(out, ", ");
		add_roff(out, slice_of_str(setting_table[i].key));
		buf_add_byte(out, '\n');
		add_line(out, "", slice_of_str(setting_table[i].help));
	}
	buf_add_lit(out,
		".TP\n"
		".B IF_TASK_ID, IF_FENCE\n"
		"The task that is meant when none is named, and its fencing token: set for\n"
		"commands that\n"
		".B swarm spawn\n"
		"runs.\n"
		".TP\n"
		".B IF_COST_FILE\n"
		"Where such a command says what it has spent, one line of JSON each time.\n"
		".TP\n"
		".B NO_COLOR\n"
		"No colours.\n");
}

static void add_exit_codes(struct buf *out)
{
	add_heading(out, "EXIT STATUS");
	for (size_t i = 0; i < exit_code_count; i++) {
		buf_add_lit(out, ".TP\n.B ");
		buf_add_i64(out, exit_codes[i].code);
		buf_add_byte(out, '\n');
		add_line(out, "", slice_of_str(exit_codes[i].meaning));
	}
}

int man_run(struct cli *cli, const struct args *args)
{
	struct buf *out = &cli->out;

	(void)args;
	buf_add_lit(out, ".TH IFCTL 1 \"\" \"InfraFabric " IF_VERSION "\" \"InfraFabric\"\n");
	add_heading(out, "NAME");
	buf_add_lit(out, "ifctl, if \\- a board of tasks that workers share\n");
	add_heading(out, "SYNOPSIS");
	buf_add_lit(out,
		".B ifctl\n"
		".I part verb\n"
		".RI [ argument ...]\n"
		".RB [ \\-\\-flag\n"
		".IR value ...]\n");
	add_heading(out, "DESCRIPTION");
	buf_add_lit(out,
		"Several workers share a board of dependent tasks: each task is claimed by\n"
		"exactly one of them, for as long as its lease lives, and everything that\n"
		"happens is kept in a ledger that can be proved.\n"
		".PP\n"
		"The command is installed as\n"
		".B if\n"
		"too. That is a word of every shell, so there it is typed as\n"
		".B \\eif\n"
		"or\n"
		".BR \"command if\" .\n");
	add_globals(out);
	for (size_t part = 0; part_at(part); part++) {
		buf_add_lit(out, ".SH ");
		for (const char *c = part_at(part); *c; c++)
			buf_add_byte(out, (char)(*c - 'a' + 'A'));
		buf_add_byte(out, '\n');
		add_roff(out, slice_of_str(part_summary(part_at(part))));
		buf_add_lit(out, ".\n");
		for (size_t i = 0; verb_at(i); i++)
			if (strcmp(verb_at(i)->part, part_at(part)) == 0)
				add_verb(out, verb_at(i));
	}
	add_exit_codes(out);
	add_environment(out);
	return 0;
}
