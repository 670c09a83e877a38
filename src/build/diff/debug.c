// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DWARF of relocatable objects.
 *
 * The addresses in an object's debug sections are relocated fields against sections that all start
 * at zero. libdwfl gives each section a place of its own, applies the relocations, and turns such an
 * address back into (section, offset), which is what symbols are compared by.
 *
 * A function that gcc split has DW_AT_ranges: each start is recorded. Lines: DWARF has no last line
 * of a function. It is taken as the last line of the line table that lies before the next function
 * of the same file; lines of what was inlined from further down therefore do not count.
 *
 * Signatures are spelled so that equal strings mean an equal calling convention: typedefs resolved,
 * qualifiers dropped, pointers by the name of what they point to, structs passed by value with size
 * and members.
 */
#include "build/diff/debug.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"

#define MAX_DEPTH 64	/* of nested scopes and types; deeper is not written by people */

struct line {
	const char *file;
	int line;
};

struct reader {
	struct dbg *d;
	const struct elf_obj *o;
	Dwfl_Module *mod;
	Dwarf_Addr bias;
	/* of one unit: rows of the line table, first lines of functions */
	struct line *rows, *decls;
	size_t n_rows, cap_rows, n_decls, cap_decls;
};

static bool place(const struct reader *r, Dwarf_Addr addr, uint32_t *ret_sec, uint64_t *ret_off)
{
	GElf_Word shndx = 0;
	int i;

	addr += r->bias;
	i = dwfl_module_relocate_address(r->mod, &addr);
	if (i < 0 || !dwfl_module_relocation_info(r->mod, (unsigned)i, &shndx))
		return false;
	*ret_sec = shndx;
	*ret_off = addr;
	return shndx != 0;
}

static bool die_type(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute a;

	return dwarf_attr_integrate(die, DW_AT_type, &a) && dwarf_formref_die(&a, ret);
}

static void spell(struct buf *b, Dwarf_Die *type, bool by_value, int depth)
{
	const char *name = dwarf_diename(type);
	int tag = dwarf_tag(type);
	Dwarf_Word size = 0;
	Dwarf_Die t, kid;

	if (depth > MAX_DEPTH)
		return;
	switch (tag) {
	case DW_TAG_typedef:
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
		if (die_type(type, &t))
			spell(b, &t, by_value, depth + 1);
		else
			buf_addf(b, "void");
		return;
	case DW_TAG_pointer_type:
		if (die_type(type, &t))
			spell(b, &t, false, depth + 1);
		else
			buf_addf(b, "void");
		buf_addf(b, " *");
		return;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_class_type:
		buf_addf(b, "%s %s", tag == DW_TAG_union_type ? "union" : "struct",
			 name ? name : "(unnamed)");
		if (!by_value)
			return;
		dwarf_aggregate_size(type, &size);
		buf_addf(b, " %llu {", (unsigned long long)size);
		if (!dwarf_child(type, &kid))
			do {
				Dwarf_Attribute a;
				Dwarf_Word at = 0;

				if (dwarf_tag(&kid) != DW_TAG_member)
					continue;
				if (dwarf_attr(&kid, DW_AT_data_member_location, &a))
					dwarf_formudata(&a, &at);
				if (die_type(&kid, &t))
					spell(b, &t, true, depth + 1);
				buf_addf(b, " @%llu;", (unsigned long long)at);
			} while (!dwarf_siblingof(&kid, &kid));
		buf_addf(b, "}");
		return;
	case DW_TAG_enumeration_type:
		dwarf_aggregate_size(type, &size);
		buf_addf(b, "enum %s:%llu", name ? name : "(unnamed)", (unsigned long long)size);
		return;
	case DW_TAG_array_type:
		if (die_type(type, &t))
			spell(b, &t, by_value, depth + 1);
		if (by_value)
			dwarf_aggregate_size(type, &size);
		buf_addf(b, " [%llu]", (unsigned long long)size);
		return;
	case DW_TAG_subroutine_type:
	case DW_TAG_subprogram:
		if (die_type(type, &t))
			spell(b, &t, tag == DW_TAG_subprogram, depth + 1);
		else
			buf_addf(b, "void");
		buf_addf(b, " (");
		if (!dwarf_child(type, &kid)) {
			bool first = true;

			do {
				int k = dwarf_tag(&kid);

				if (k != DW_TAG_formal_parameter &&
				    k != DW_TAG_unspecified_parameters)
					continue;
				buf_addf(b, first ? "" : ", ");
				first = false;
				if (k == DW_TAG_unspecified_parameters)
					buf_addf(b, "...");
				else if (die_type(&kid, &t))
					spell(b, &t, tag == DW_TAG_subprogram, depth + 1);
			} while (!dwarf_siblingof(&kid, &kid));
		}
		buf_addf(b, ")");
		return;
	default:
		buf_addf(b, "%s", name ? name : "?");
	}
}

/* The declaration behind a concrete or inlined instance: it has all parameters, also those that the
 * compiler removed from a clone. */
static void origin(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute a;

	*ret = *die;
	for (int i = 0; i < 8 && dwarf_attr(ret, DW_AT_abstract_origin, &a); i++)
		if (!dwarf_formref_die(&a, ret))
			break;
}

static char *signature(Dwarf_Die *die)
{
	struct buf b = {0};
	Dwarf_Die d;
	char *s;

	origin(die, &d);
	spell(&b, &d, true, 0);
	s = xstrndup((const char *)b.p, b.n);
	buf_free(&b);
	return s;
}

static char *copy_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

/* dwarf_decl_file() takes file 0 for none, which holds up to DWARF 4 only: in DWARF 5 it is the unit
 * itself, and clang uses it. */
static const char *decl_file(Dwarf_Die *die)
{
	Dwarf_Attribute a;
	Dwarf_Files *files;
	Dwarf_Word i;
	Dwarf_Half version;
	Dwarf_Die d, cu;
	size_t n;

	if (!dwarf_attr_integrate(die, DW_AT_decl_file, &a) || dwarf_formudata(&a, &i))
		return NULL;
	origin(die, &d);
	if (!dwarf_cu_die(d.cu, &cu, &version, NULL, NULL, NULL, NULL, NULL) ||
	    (!i && version < 5) || dwarf_getsrcfiles(&cu, &files, &n) || i >= n)
		return NULL;
	return dwarf_filesrc(files, i, NULL, NULL);
}

static int decl_line(Dwarf_Die *die)
{
	int line = 0;

	return dwarf_decl_line(die, &line) ? 0 : line;
}

static int last_line(const struct reader *r, const char *file, int line)
{
	int next = 0, end = line;

	if (!file || !line)
		return line;
	for (size_t i = 0; i < r->n_decls; i++)
		if (r->decls[i].line > line && (!next || r->decls[i].line < next) &&
		    !strcmp(r->decls[i].file, file))
			next = r->decls[i].line;
	for (size_t i = 0; i < r->n_rows; i++)
		if (r->rows[i].line > end && (!next || r->rows[i].line < next) &&
		    !strcmp(r->rows[i].file, file))
			end = r->rows[i].line;
	return end;
}

static void add_inline(const struct reader *r, struct dbg_func *f, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die), *file = decl_file(die);
	int line = decl_line(die);
	struct dbg_inline *in;

	if (!name)
		return;
	for (size_t i = 0; i < f->n_inl; i++)
		if (f->inl[i].line == line && !strcmp(f->inl[i].name, name))
			return;
	in = VEC_PUSH(f->inl, f->n_inl, f->cap_inl);
	in->name = xstrdup(name);
	in->file = copy_or_null(file);
	in->line = line;
	in->end = last_line(r, file, line);
}

/*
 * A thread-local variable is an offset and DW_OP_form_tls_address. libdwfl does not know relocations of that
 * kind, but which symbol is meant stands in the one at the operand of the first operation.
 */
static bool place_tls(const struct reader *r, Dwarf_Die *die, Dwarf_Attribute *a, const Dwarf_Op *op,
		      uint32_t *ret_sec, uint64_t *ret_off)
{
	const struct elf_sec *info = elf_obj_sec(r->o, ".debug_info");
	Dwarf_Block expr;
	uint64_t at;

	if (dwarf_formblock(a, &expr))
		return false;
	at = dwarf_dieoffset(die) + (uint64_t)(expr.data - (const uint8_t *)die->addr) + op->offset + 1;
	for (size_t i = 0; i < info->n_rels; i++) {
		const struct elf_rel *rel = &info->rels[i];
		const struct elf_sym *y = &r->o->syms[rel->sym];

		if (rel->offset != at || y->shndx == SHN_UNDEF || y->shndx >= r->o->n_secs)
			continue;
		*ret_sec = y->shndx;
		*ret_off = y->value + (y->type == STT_SECTION ? (uint64_t)rel->addend : 0);
		return true;
	}
	return false;
}

static const char *tag_of(Dwarf_Die *var)
{
	Dwarf_Attribute a;
	Dwarf_Die type, peeled;

	if (!dwarf_attr_integrate(var, DW_AT_type, &a) || !dwarf_formref_die(&a, &type) ||
	    dwarf_peel_type(&type, &peeled) ||
	    (dwarf_tag(&peeled) != DW_TAG_structure_type && dwarf_tag(&peeled) != DW_TAG_union_type))
		return NULL;
	return dwarf_diename(&peeled);
}

/* Takes the place that the operations begin with into @v: how many say so, 0 where they say none. */
static size_t place_ops(const struct reader *r, Dwarf_Die *die, Dwarf_Attribute *a, Dwarf_Op *op, size_t n,
			struct dbg_var *v)
{
	Dwarf_Attribute pool;
	Dwarf_Addr addr;
	size_t used = 0;

	if (n > 1 && (op[1].atom == DW_OP_form_tls_address || op[1].atom == DW_OP_GNU_push_tls_address))
		used = place_tls(r, die, a, op, &v->sec, &v->off) ? 2 : 0;
	else if (n && op->atom == DW_OP_addr)
		used = place(r, op->number, &v->sec, &v->off);
	else if (n && op->atom == DW_OP_addrx && !dwarf_getlocation_attr(a, op, &pool) &&
		 !dwarf_formaddr(&pool, &addr))
		used = place(r, addr, &v->sec, &v->off);
	/* Anything else that follows computes with the address, of another variable. */
	if (used && used < n && op[used].atom != DW_OP_deref && op[used].atom != DW_OP_deref_size)
		used = 0;
	if (!used)
		v->sec = 0;
	return used;
}

static void push_var(struct dbg *d, Dwarf_Die *die, const char *scope, const struct dbg_var *place)
{
	struct dbg_var *in;

	if (!place->sec && scope)
		in = VEC_PUSH(d->unplaced, d->n_unplaced, d->cap_unplaced);
	else
		in = VEC_PUSH(d->vars, d->n_vars, d->cap_vars);
	*in = *place;
	in->name = xstrdup(dwarf_diename(die));
	in->file = copy_or_null(decl_file(die));
	in->line = decl_line(die);
	in->scope = copy_or_null(scope);
	in->type = copy_or_null(tag_of(die));
}

/* See struct dbg_var: of @bits from @at on, with what [op, op + n) makes of them. */
static char *form_text(uint64_t at, uint64_t bits, const Dwarf_Op *op, size_t n)
{
	struct buf b = {0};

	buf_addf(&b, "%" PRIu64 "+%" PRIu64, at, bits);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, " %x:%" PRIx64, op[i].atom, (uint64_t)op[i].number);
	return (char *)b.p;
}

/*
 * Mostly a variable is at one place, as it is written. Of one that nothing takes the address of, clang also makes
 * several, of its parts (each place is followed by DW_OP_piece), and one that has but two values it makes a
 * truth value of (operations that follow the place compute the value from that).
 */
static void add_var(const struct reader *r, Dwarf_Die *die, const char *scope)
{
	size_t n = 0, from = 0, n_placed = 0;
	uint64_t bits, at = 0;
	Dwarf_Attribute a;
	Dwarf_Op *op;

	if (!dwarf_diename(die))
		return;
	if (dwarf_attr_integrate(die, DW_AT_location, &a) &&
	    (dwarf_getlocation(&a, &op, &n) || n < 1 || op->atom == DW_OP_fbreg ||
	     (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)))
		return; /* on the stack, or in registers */
	for (size_t i = 0; i < n; i++) {
		bool piece = op[i].atom == DW_OP_piece || op[i].atom == DW_OP_bit_piece;
		size_t k, end = i + !piece;
		struct dbg_var v = {0};

		if (!piece && i + 1 < n)
			continue;
		bits = !piece ? 0 : op[i].atom == DW_OP_piece ? op[i].number * 8 : op[i].number;
		k = place_ops(r, die, &a, op + from, end - from, &v);
		if (k) {
			if (piece || from + k < end)
				v.form = form_text(at, bits, op + from + k, end - from - k);
			push_var(r->d, die, scope, &v);
			n_placed++;
		}
		at += bits;
		from = i + 1;
	}
	if (!n_placed)
		push_var(r->d, die, scope, &(struct dbg_var){0});
}

static void walk(struct reader *r, Dwarf_Die *parent, const char *scope, size_t first, size_t n,
		 int depth);

/*
 * GCC for arm64 says that a function begins behind the places that it leaves for a tracer. Its symbol knows better:
 * the one of that name, as a function may have several (a module's start is init_module, too).
 */
static uint64_t entry_of(const struct reader *r, const char *name, uint32_t sec, uint64_t off)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < r->o->n_syms; i++) {
		const struct elf_sym *y = &r->o->syms[i];

		if (y->shndx == sec && y->value <= off && off - y->value < y->size && !strncmp(y->name, name, n) &&
		    (!y->name[n] || y->name[n] == '.'))
			return y->value;
	}
	return off;
}

static void add_func(struct reader *r, Dwarf_Die *die, int depth)
{
	const char *name = dwarf_diename(die), *file = decl_file(die);
	size_t first = r->d->n_funcs;
	Dwarf_Addr base = 0, from = 0, to = 0;
	ptrdiff_t at = 0;

	while (name && (at = dwarf_ranges(die, at, &base, &from, &to)) > 0) {
		struct dbg_func f = {0};

		if (from >= to || !place(r, from, &f.sec, &f.off))
			continue;
		f.off = entry_of(r, name, f.sec, f.off);
		f.name = xstrdup(name);
		f.file = copy_or_null(file);
		f.line = decl_line(die);
		f.end = last_line(r, file, f.line);
		f.sig = signature(die);
		*VEC_PUSH(r->d->funcs, r->d->n_funcs, r->d->cap_funcs) = f;
	}
	walk(r, die, name ? name : "", first, r->d->n_funcs - first, depth);
}

static void walk(struct reader *r, Dwarf_Die *parent, const char *scope, size_t first, size_t n,
		 int depth)
{
	Dwarf_Die die;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_func(r, &die, depth + 1);
			break;
		case DW_TAG_inlined_subroutine:
			for (size_t i = first; i < first + n; i++)
				add_inline(r, &r->d->funcs[i], &die);
			walk(r, &die, dwarf_diename(&die), first, n, depth + 1);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_namespace:
			walk(r, &die, scope, first, n, depth + 1);
			break;
		case DW_TAG_variable:
			add_var(r, &die, scope);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

static void collect_lines(struct reader *r, Dwarf_Die *cu)
{
	Dwarf_Lines *lines;
	Dwarf_Die die;
	size_t n;

	r->n_rows = r->n_decls = 0;
	if (!dwarf_getsrclines(cu, &lines, &n))
		for (size_t i = 0; i < n; i++) {
			Dwarf_Line *l = dwarf_onesrcline(lines, i);
			const char *file = dwarf_linesrc(l, NULL, NULL);
			int line = 0;

			if (file && !dwarf_lineno(l, &line))
				*VEC_PUSH(r->rows, r->n_rows, r->cap_rows) =
					(struct line){file, line};
		}
	if (dwarf_child(cu, &die))
		return;
	do {
		const char *file;

		if (dwarf_tag(&die) != DW_TAG_subprogram || dwarf_hasattr(&die, DW_AT_declaration))
			continue;
		file = decl_file(&die);
		if (file)
			*VEC_PUSH(r->decls, r->n_decls, r->cap_decls) =
				(struct line){file, decl_line(&die)};
	} while (!dwarf_siblingof(&die, &die));
}

/* libdwfl wants a file of its own, also for an object that came from memory. */
static int file_of(const struct elf_obj *o)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	if (fd >= 0 && write_all(fd, o->file, o->file_size) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct dbg *dbg_read(const struct elf_obj *o)
{
	static const Dwfl_Callbacks cb = {
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	struct dbg *d = xcalloc(1, sizeof(*d));
	struct reader r = {.d = d, .o = o};
	Dwarf_Die *cu = NULL;
	Dwarf_Addr bias;
	Dwfl *dwfl;
	int fd;

	if (!elf_obj_sec(o, ".debug_info"))
		return d;
	fd = file_of(o);
	if (fd < 0)
		return d;
	dwfl = dwfl_begin(&cb);
	if (!dwfl) {
		close(fd);
		return d;
	}
	r.mod = dwfl_report_offline(dwfl, "object", "object", fd);
	if (!r.mod)
		close(fd); /* on success it belongs to libdwfl */
	dwfl_report_end(dwfl, NULL, NULL);
	while (r.mod && (cu = dwfl_module_nextcu(r.mod, cu, &bias))) {
		r.bias = bias;
		collect_lines(&r, cu);
		walk(&r, cu, NULL, 0, 0, 0);
		layouts_read(&d->layouts, cu, decl_file);
	}
	dwfl_end(dwfl);
	free(r.rows);
	free(r.decls);
	return d;
}

static void free_vars(struct dbg_var *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].file);
		free(v[i].scope);
		free(v[i].type);
		free(v[i].form);
	}
	free(v);
}

void dbg_free(struct dbg *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_funcs; i++) {
		struct dbg_func *f = &d->funcs[i];

		for (size_t k = 0; k < f->n_inl; k++) {
			free(f->inl[k].name);
			free(f->inl[k].file);
		}
		free(f->inl);
		free(f->name);
		free(f->file);
		free(f->sig);
	}
	free_vars(d->vars, d->n_vars);
	free_vars(d->unplaced, d->n_unplaced);
	layouts_free(&d->layouts);
	free(d->funcs);
	free(d);
}

const struct dbg_func *dbg_func_at(const struct dbg *d, uint32_t sec, uint64_t off)
{
	for (size_t i = 0; i < d->n_funcs; i++)
		if (d->funcs[i].sec == sec && d->funcs[i].off == off)
			return &d->funcs[i];
	return NULL;
}

const struct dbg_var *dbg_var_at(const struct dbg *d, uint32_t sec, uint64_t off,
				 const char *name)
{
	for (size_t i = 0; i < d->n_vars; i++)
		if (d->vars[i].sec && d->vars[i].sec == sec && d->vars[i].off == off)
			return &d->vars[i];
	for (size_t i = 0; i < d->n_vars; i++)
		if (!d->vars[i].sec && !d->vars[i].scope && !strcmp(d->vars[i].name, name))
			return &d->vars[i];
	return NULL;
}

static bool has_inside(const struct dbg_func *f, const char *scope)
{
	for (size_t i = 0; i < f->n_inl; i++)
		if (!strcmp(f->inl[i].name, scope))
			return true;
	return !strcmp(f->name, scope);
}

const char *dbg_scope_unplaced(const struct dbg *d, uint32_t sec, uint64_t off, const char *name)
{
	const struct dbg_func *f = dbg_func_at(d, sec, off);
	const struct dbg_var *hit = NULL;

	for (size_t i = 0; f && i < d->n_unplaced; i++) {
		const struct dbg_var *v = &d->unplaced[i];

		if (strcmp(v->name, name) || !has_inside(f, v->scope))
			continue;
		/* One declaration may be listed more than once: abstract, inlined and on its own. */
		if (hit && (hit->line != v->line || strcmp(hit->scope, v->scope)))
			return NULL;
		hit = v;
	}
	return hit ? hit->scope : NULL;
}
