/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small things that every layer needs: allocation, strings, files, time, child processes.
 *
 * Allocation never returns NULL. A tool that dies at any instant must leave its target whole
 * (DESIGN.md, rule 1), so running out of memory is simply one more such instant: the process
 * ends, and nothing has to be unwound on paths that no test could ever reach.
 */
#ifndef SUTURE_BASE_UTIL_H
#define SUTURE_BASE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct sut_err;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0);

/*
 * Room for one more element in a growing array: VEC_PUSH(v, n, cap) is the new element, zeroed.
 * @v, @n and @cap are plain variables or fields; the array belongs to whoever holds @v.
 */
#define VEC_PUSH(v, n, cap) \
	((v) = vec_grow((v), (n), &(cap), sizeof(*(v))), &(v)[(n)++])
void *vec_grow(void *v, size_t n, size_t *cap, size_t elem);

/* A growing list of owned strings, NULL-terminated at all times so that it can be an argv. */
struct strvec {
	char **v;
	size_t n, cap;
};
void strvec_push(struct strvec *sv, const char *s);
void strvec_pushf(struct strvec *sv, const char *fmt, ...) PRINTF(2, 3);
bool strvec_has(const struct strvec *sv, const char *s);
void strvec_free(struct strvec *sv);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* The part of @path after the last slash. */
const char *path_base(const char *path);
/* @dir/@name, or a copy of @name where it is absolute. Caller frees. */
char *path_join(const char *dir, const char *name);

/* Reads a whole file into a fresh buffer (one zero byte past the end). 0, or -1 with errno. */
int read_file(const char *path, uint8_t **ret_data, size_t *ret_size);
/* Writes through a temporary name and a rename, so that @path is old or new, never half. */
int write_file(const char *path, const void *data, size_t size);
int mkdir_p(const char *path);
/* Removes a tree. Missing is fine. Does not follow symbolic links. 0, or -1 with errno. */
int remove_tree(const char *path);
bool file_exists(const char *path);
/* True where both can be read and have the same bytes. */
bool files_equal(const char *a, const char *b);
/* write(2) until all is out. 0, or -1 with errno. */
int write_all(int fd, const void *data, size_t size);

uint64_t now_ns(void); /* CLOCK_MONOTONIC, nanoseconds */

/* Lower-case hex of @n bytes; caller frees. */
char *hex_encode(const uint8_t *p, size_t n);
/* Decodes into a fresh buffer. False when @s is not an even number of hex digits. */
bool hex_decode(const char *s, uint8_t **ret, size_t *ret_n);

#define SHA256_SIZE 32
void sha256(const void *p, size_t n, uint8_t out[SHA256_SIZE]);

/* How run_command starts a child. All fields may be zero. */
struct run_opts {
	const char *cwd;	/* directory to run in */
	char *const *env;	/* whole environment, NULL: ours */
	const char *stdin_path; /* NULL: /dev/null */
	char **ret_output;	/* captures stdout and stderr together; caller frees */
	bool keep_stderr;	/* with ret_output: capture stdout only */
	/* With ret_output: called with each piece of output as it comes, which may end within a line. */
	void (*on_output)(void *ctx, const char *text, size_t n);
	void *ctx;
	const volatile int *cancel; /* not zero: end the command (SIGINT, then SIGTERM); may be NULL */
};
/*
 * Runs argv[0] (searched on PATH) and waits. Returns the exit status (0..255), 128+signal where a
 * signal ended it, or -1 with errno where it could not be started.
 */
int run_command(char *const argv[], const struct run_opts *opts);

/* Words of code and of files, which may stand anywhere: little-endian, as all that is read here. */
static inline uint32_t get16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return v;
}

static inline uint32_t get32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static inline void put16(void *p, uint32_t v)
{
	memcpy(p, &v, 2);
}

static inline void put32(void *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

/* For qsort() and bsearch(). */
int cmp_u64(const void *a, const void *b);

#endif
