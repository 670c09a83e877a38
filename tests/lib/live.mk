# SPDX-License-Identifier: GPL-2.0-or-later
# How a live test's target is compiled where the test has no Makefile of its own: lib*.c are shared
# libraries, solo*.c programs of one file, everything else is one program.
CC ?= cc
CFLAGS ?= -O2
LIBS := $(patsubst %.c,%.so,$(wildcard lib*.c))
SOLO := $(patsubst %.c,%,$(wildcard solo*.c))
SRC := $(filter-out $(LIBS:.so=.c) $(SOLO:=.c),$(wildcard *.c *.S))
OBJ := $(addsuffix .o,$(basename $(SRC)))
comma := ,
ALL := $(CPPFLAGS) -g -Wall -pthread $(CFLAGS)

all: $(LIBS) $(if $(SRC),prog) $(SOLO)

lib%.so: lib%.c $(wildcard *.h)
	$(CC) $(ALL) $(LIB_CFLAGS) -fPIC -shared -Wl,-soname,$@ -o $@ $<

solo%: solo%.c
	$(CC) $(ALL) $(LDFLAGS) -o $@ $<

%.o: %.c $(wildcard *.h)
	$(CC) $(ALL) -c -o $@ $<

%.o: %.S
	$(CC) -c -o $@ $<

prog: $(OBJ) $(LIBS)
	$(CC) $(ALL) $(LDFLAGS) -o $@ $(OBJ) $(if $(LIBS),-L. -Wl$(comma)-rpath$(comma)'$$ORIGIN' \
		$(patsubst lib%.so,-l%,$(filter-out $(UNLINKED),$(LIBS)))) -ldl -lm
