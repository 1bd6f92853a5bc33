#include "governor/registry.h"

#include "base/ensure.h"

#define PPM 1000000

const struct registered registry_builtin[] = {
#define CAPABILITY(name, description) { name, description },
#include "governor/capability.def"
#undef CAPABILITY
};
const size_t registry_builtin_count = ARRAY_LEN(registry_builtin);

const struct registered *registry_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(registry_builtin); i++)
		if (slice_is_str(name, registry_builtin[i].name))
			return &registry_builtin[i];
	return NULL;
}

struct slice capability_domain(struct slice name)
{
	ptrdiff_t colon = slice_find_byte(name, ':');

	return slice_head(name, colon > 0 ? (size_t)colon : 0);
}

bool capability_is_any(struct slice name)
{
	struct slice domain = capability_domain(name);

	return domain.len && slice_is_str(slice_from(name, domain.len), ":*");
}

bool registry_knows(struct slice name)
{
	struct slice domain = capability_domain(name);

	if (!capability_is_any(name))
		return registry_find(name) != NULL;
	for (size_t i = 0; i < ARRAY_LEN(registry_builtin); i++)
		if (slice_is(capability_domain(slice_of_str(registry_builtin[i].name)), domain))
			return true;
	return false;
}

static bool covers(struct slice_list have, struct slice need)
{
	struct slice domain = capability_domain(need);

	for (size_t i = 0; i < have.count; i++) {
		if (slice_is(have.items[i], need))
			return true;
		if (capability_is_any(have.items[i]) &&
		    slice_is(capability_domain(have.items[i]), domain))
			return true;
	}
	return false;
}

int64_t capability_names_overlap_ppm(struct slice_list have, struct slice_list needs)
{
	int64_t covered = 0;

	for (size_t i = 0; i < needs.count; i++)
		covered += covers(have, needs.items[i]);
	return needs.count ? covered * PPM / (int64_t)needs.count : PPM;
}
