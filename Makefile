# InfraFabric: how it is built, checked and installed. `make help` lists what there is to ask for.
#
# Every kind of build (VARIANT) has a folder of its own below build/, so that they never mix:
#   release   what `make` builds and `make install` installs
#   gcc       the same, with warnings as errors and the pure rooms without floating point
#   asan      clang with address and undefined-behaviour sanitizers: what the tests run
#   fuzz      clang with libFuzzer
#   tsan      clang with the thread sanitizer
#   debug     gcc without sanitizers, for valgrind

VARIANT ?= release
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
VERSION := 0.1.0
# `make check WERROR=` for a compiler that knows more warnings than these sources were written for.
WERROR ?= -Werror

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(JOBS)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

# Rooms, highest first: the order in which static libraries are linked. tools/layers keeps it true.
ROOMS := cli client daemon api sandbox witness bus document fabric chassis governor coordinator sys base
PURE := base coordinator governor chassis fabric
TESTS := unit core contract api sim

OBJ := build/$(VARIANT)
OUT := $(if $(filter release,$(VARIANT)),build,$(OBJ))

# ---- flags ----------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla -Wnull-dereference -Wdouble-promotion -Wswitch-enum \
	-Wimplicit-fallthrough -Wredundant-decls -Wfloat-equal
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack

CC_release := gcc
CFLAGS_release := -O2 -g $(HARDEN)
LDFLAGS_release := $(HARDEN_LINK)
CC_gcc := gcc
CFLAGS_gcc := -O2 -g $(HARDEN) $(WERROR)
LDFLAGS_gcc := $(HARDEN_LINK)
CC_asan := clang
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all $(WERROR)
LDFLAGS_asan := -pie -fsanitize=address,undefined
CC_fuzz := clang
CFLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LDFLAGS_fuzz := -pie -fsanitize=fuzzer,address,undefined
CC_tsan := clang
CFLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LDFLAGS_tsan := -pie -fsanitize=thread
CC_debug := gcc
CFLAGS_debug := -Og -g
LDFLAGS_debug := -pie
ifeq ($(CC_$(VARIANT)),)
$(error there is no VARIANT=$(VARIANT); see the top of the Makefile)
endif
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CC_$(VARIANT))
endif
CFLAGS ?= $(CFLAGS_$(VARIANT))

# A float in a pure room is a compile error in this variant: it would not fold alike everywhere.
NO_FLOAT := $(if $(filter gcc,$(VARIANT)),$(if $(filter x86_64 aarch64,$(shell uname -m)),-mgeneral-regs-only))
pure_flags = $(if $(filter $(PURE),$(word 2,$(subst /, ,$<))),$(NO_FLOAT))

PACKAGES := libevent_core sqlite3 jansson yaml-0.1 md4c libsodium libcurl
# http-parser comes without a pkg-config file; newer distributions have llhttp in its place.
ifeq ($(shell pkg-config --exists libllhttp 2>/dev/null && test ! -e /usr/include/http_parser.h && echo llhttp),llhttp)
PACKAGES += libllhttp
PARSER_CFLAGS := -DHAVE_LLHTTP
else
PARSER_LIBS := -lhttp_parser
endif
LIB_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) $(PARSER_CFLAGS)
# --as-needed keeps in each program only the libraries that it uses.
LIBS := -Wl,--as-needed $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) $(PARSER_LIBS) -pthread -lm
CPPFLAGS := -Isrc -Iinclude -D_GNU_SOURCE -DIF_VERSION='"$(VERSION)"' $(LIB_CFLAGS)
COMPILE = $(CC) -std=gnu17 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) -fPIE -pthread -MMD -MP

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# ---- files ----------------------------------------------------------------------------------

MAINS := src/cli/main.c src/daemon/main.c
sources = $(filter-out $(MAINS),$(wildcard src/$(1)/*.c))
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))
room_libs = $(patsubst %,$(OBJ)/lib%.a,$(filter $(1),$(ROOMS)))
ALL_LIBS := $(call room_libs,$(ROOMS))

TEST_SOURCES := $(wildcard $(TESTS:%=tests/%/*.c))
TEST_MAINS := $(filter %_test.c,$(TEST_SOURCES))
TEST_PROGRAMS := $(TEST_MAINS:%.c=$(OBJ)/%)
# Programs that a script starts, and what the tests share, live beside them.
HELPER_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/e2e/*.c tests/security/*.c))
SCRIPTS := $(wildcard tests/e2e/*.sh tests/security/*.sh)
FUZZ_PROGRAMS := $(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/bench/*.c))
SHARED := $(patsubst %.c,$(OBJ)/pic/%.o,$(call sources,client) $(call sources,base))

PROGRAMS := $(if $(wildcard src/cli/main.c),$(OUT)/ifctl $(OUT)/if) \
	$(if $(wildcard src/daemon/main.c),$(OUT)/libexec/infrafabric/if-coordinator)
CLIENT_LIBS := $(if $(call sources,client),$(OUT)/lib/libinfrafabric.a $(OUT)/lib/libinfrafabric.so)

.PHONY: all objects tests fuzz-programs bench-programs check long-check bench demo install uninstall clean help tidy
all: $(ALL_LIBS) $(PROGRAMS) $(CLIENT_LIBS)
objects: $(ALL_LIBS)
tests: all $(TEST_PROGRAMS) $(HELPER_PROGRAMS)
fuzz-programs: $(FUZZ_PROGRAMS)
bench-programs: $(BENCH_PROGRAMS)

# ---- rules ----------------------------------------------------------------------------------

# Objects are made again when the command that makes them changes.
FLAGS_NOW := $(COMPILE) $(NO_FLOAT)
ifneq ($(file <$(OBJ)/flags),$(FLAGS_NOW))
$(shell mkdir -p $(OBJ))
$(file >$(OBJ)/flags,$(FLAGS_NOW))
endif

$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(pure_flags) -c -o $@ $<

$(OBJ)/pic/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fPIC -c -o $@ $<

define ROOM
$(OBJ)/lib$(1).a: $(call objects,$(call sources,$(1)))
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call ROOM,$(room))))

LINK = @mkdir -p $(@D); printf '  %-5s %s\n' LINK $@
link = $(CC) $(CFLAGS) $(LDFLAGS_$(VARIANT)) -o $@ $^ $(LIBS)

$(OUT)/ifctl: $(OBJ)/src/cli/main.o $(call room_libs,cli client document fabric chassis governor coordinator sys base)
	$(LINK)
	$(Q)$(link)
$(OUT)/if: $(OUT)/ifctl
	$(Q)ln -sf ifctl $@
$(OUT)/libexec/infrafabric/if-coordinator: $(OBJ)/src/daemon/main.o $(filter-out $(OBJ)/libcli.a,$(ALL_LIBS))
	$(LINK)
	$(Q)$(link)

# Only ifab_* can be seen from outside, in both kinds of library.
$(OUT)/lib/libinfrafabric.a: $(SHARED)
	@mkdir -p $(@D); rm -f $@
	$(Q)$(CC) -r -nostdlib -o $(OBJ)/infrafabric.o $^
	$(Q)objcopy --wildcard --keep-global-symbol='ifab_*' $(OBJ)/infrafabric.o
	$(Q)ar rcsD $@ $(OBJ)/infrafabric.o
$(OUT)/lib/libinfrafabric.so: $(SHARED)
	@mkdir -p $(@D)
	@printf '{ global: ifab_*; local: *; };\n' >$(OBJ)/infrafabric.map
	$(Q)$(CC) $(CFLAGS) $(filter-out -pie,$(LDFLAGS_$(VARIANT))) -shared -Wl,-soname,libinfrafabric.so.0 \
		-Wl,--version-script=$(OBJ)/infrafabric.map -o $@.0 $^ $(LIBS)
	$(Q)ln -sf libinfrafabric.so.0 $@

# What tests share: every source beside them that is not a test itself.
CHECK_LIBS = $(shell pkg-config --libs check 2>/dev/null)
$(OBJ)/tests/libtests.a: $(call objects,$(filter-out $(TEST_MAINS),$(TEST_SOURCES)))
	@mkdir -p $(@D); rm -f $@
	$(Q)ar rcsD $@ $^
$(OBJ)/tests/%: CPPFLAGS += -Itests
$(TEST_PROGRAMS) $(HELPER_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(OBJ)/tests/libtests.a $(ALL_LIBS)
	$(LINK)
	$(Q)$(link) $(CHECK_LIBS)
$(filter build/$(VARIANT)/%,$(FUZZ_PROGRAMS)): $(OBJ)/%: $(OBJ)/%.o $(ALL_LIBS)
	$(LINK)
	$(Q)$(link)
$(BENCH_PROGRAMS): CPPFLAGS += $(shell pkg-config --cflags hiredis libpq 2>/dev/null)
$(BENCH_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(ALL_LIBS)
	$(LINK)
	$(Q)$(link) $(shell pkg-config --libs hiredis libpq 2>/dev/null)

clean:
	rm -rf build

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
