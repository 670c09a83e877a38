/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What generated programs are made of: for each type T of the generator's table there is t_T, mk_T(),
 * which makes a value of it out of 64 bits, and sum_T(), which makes 64 bits of a value. All results
 * are the same on every architecture: no value depends on the signedness of char, on the size of long,
 * on padding or on an address, and no floating-point value is a NaN in one place and not in another.
 */
#ifndef SUTURE_TESTS_RANDOM_VALS_H
#define SUTURE_TESTS_RANDOM_VALS_H

#include <alloca.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Defined by the library. A line of results begins a new epoch: state of earlier ones is not seen. */
extern uint32_t epoch;
extern __thread uint32_t tls_epoch;
extern __thread uint32_t cells[8];
typedef uint32_t (*t_cb)(uint32_t);
extern t_cb callbacks[4];

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9E3779B97F4A7C15ull;
	return h ^ h >> 29;
}

#define INTEGER(name, type)							\
	typedef type t_##name;							\
	static inline type mk_##name(uint64_t h) { return (type)h; }		\
	static inline uint64_t sum_##name(type v) { return (uint64_t)v; }
INTEGER(i8, int8_t)
INTEGER(u8, uint8_t)
INTEGER(i16, int16_t)
INTEGER(u16, uint16_t)
INTEGER(i32, int32_t)
INTEGER(u32, uint32_t)
INTEGER(i64, int64_t)
INTEGER(u64, uint64_t)

typedef bool t_bool;
static inline bool mk_bool(uint64_t h) { return h & 1; }
static inline uint64_t sum_bool(bool v) { return v; }

/* A small number, for loops and recursion. */
typedef uint32_t t_cnt;
static inline uint32_t mk_cnt(uint64_t h) { return h % 7 + 1; }
static inline uint64_t sum_cnt(uint32_t v) { return v; }

typedef enum { RED, GREEN = 5, BLUE = 900 } t_enum;
static inline t_enum mk_enum(uint64_t h) { return h % 3 == 0 ? RED : h % 3 == 1 ? GREEN : BLUE; }
static inline uint64_t sum_enum(t_enum v) { return (uint64_t)v; }

#ifdef __SIZEOF_INT128__
typedef unsigned __int128 t_i128;
static inline t_i128 mk_i128(uint64_t h) { return (t_i128)h << 64 | h * 77; }
static inline uint64_t sum_i128(t_i128 v) { return (uint64_t)v ^ (uint64_t)(v >> 64) * 3; }
#else
typedef uint64_t t_i128;
static inline t_i128 mk_i128(uint64_t h) { return h * 77; }
static inline uint64_t sum_i128(t_i128 v) { return v; }
#endif

typedef float t_f32;
typedef double t_f64;
typedef long double t_ld;
static inline uint64_t sum_f64(double v)
{
	uint64_t bits;

	if (v != v)
		return 77;
	memcpy(&bits, &v, 8);
	return bits;
}
static inline float mk_f32(uint64_t h) { return (float)(int16_t)(h >> 5) * 0.125f; }
static inline double mk_f64(uint64_t h) { return (double)(int32_t)(h >> 9) * 0.0625; }
static inline long double mk_ld(uint64_t h) { return (long double)(int32_t)(h >> 3) * 0.5L; }
static inline uint64_t sum_f32(float v) { return sum_f64((double)v); }
static inline uint64_t sum_ld(long double v) { return sum_f64((double)v); }

typedef float _Complex t_cf;
typedef double _Complex t_cd;
static inline t_cf mk_cf(uint64_t h) { return mk_f32(h) + mk_f32(h >> 20) * 1.0if; }
static inline t_cd mk_cd(uint64_t h) { return mk_f64(h) + mk_f64(h >> 20) * 1.0i; }
static inline uint64_t sum_cf(t_cf v) { return mix(sum_f32(__real__ v), sum_f32(__imag__ v)); }
static inline uint64_t sum_cd(t_cd v) { return mix(sum_f64(__real__ v), sum_f64(__imag__ v)); }

typedef const char *t_str;
static inline const char *mk_str(uint64_t h)
{
	static const char *const words[] = { "", "a", "needle", "thread", "a longer piece of text", "0x1f",
		"%s%n" };

	return words[h % 7];
}
static inline uint64_t sum_str(const char *v)
{
	uint64_t h = 5;

	while (*v)
		h = h * 31 + (uint8_t)*v++;
	return h;
}

typedef uint32_t *t_ptr;
static inline uint32_t *mk_ptr(uint64_t h) { return &cells[h % 8]; }
static inline uint64_t sum_ptr(uint32_t *v) { return mix((uint64_t)(v - cells), *v); }

/* A function's address is one, whoever takes it and on whichever side of the change. */
static inline t_cb mk_cb(uint64_t h) { return callbacks[h % 4]; }
static inline uint64_t sum_cb(t_cb v)
{
	for (uint64_t i = 0; i < 4; i++)
		if (v == callbacks[i])
			return i;
	return 99;
}

#define VECTOR(name, type, n, element)						\
	typedef type t_##name __attribute__((vector_size(16)));			\
	static inline t_##name mk_##name(uint64_t h)				\
	{									\
		t_##name v = { 0 };						\
		for (int i = 0; i < n; i++, h = mix(h, 3))			\
			v[i] = mk_##element(h);					\
		return v;							\
	}									\
	static inline uint64_t sum_##name(t_##name v)				\
	{									\
		uint64_t h = n;							\
		for (int i = 0; i < n; i++)					\
			h = mix(h, sum_##element(v[i]));			\
		return h;							\
	}
VECTOR(v4u, uint32_t, 4, u32)
VECTOR(v16u, uint8_t, 16, u8)
VECTOR(v2q, uint64_t, 2, u64)
VECTOR(v4f, float, 4, f32)
VECTOR(v2d, double, 2, f64)

#define BYTES(n)								\
	typedef struct { uint8_t a[n]; } t_b##n;				\
	static inline t_b##n mk_b##n(uint64_t h)				\
	{									\
		t_b##n v;							\
		for (int i = 0; i < n; i++, h = h * 5 + 1)			\
			v.a[i] = (uint8_t)(h >> 11);				\
		return v;							\
	}									\
	static inline uint64_t sum_b##n(t_b##n v)				\
	{									\
		uint64_t h = n;							\
		for (int i = 0; i < n; i++)					\
			h = h * 131 + v.a[i];					\
		return h;							\
	}
BYTES(1) BYTES(2) BYTES(3) BYTES(4) BYTES(5) BYTES(6) BYTES(7) BYTES(8) BYTES(9) BYTES(11) BYTES(12)
BYTES(13) BYTES(15) BYTES(16) BYTES(17) BYTES(20) BYTES(24) BYTES(31) BYTES(32) BYTES(33) BYTES(40)

#define PAIR(name, ta, tb)							\
	typedef struct { t_##ta a; t_##tb b; } t_##name;			\
	static inline t_##name mk_##name(uint64_t h)				\
	{									\
		return (t_##name){ mk_##ta(h), mk_##tb(h >> 13) };		\
	}									\
	static inline uint64_t sum_##name(t_##name v)				\
	{									\
		return mix(sum_##ta(v.a), sum_##tb(v.b));			\
	}
PAIR(s_id, i32, f64)
PAIR(s_ff, f32, f32)
PAIR(s_dd, f64, f64)
PAIR(s_fi, f32, i32)
PAIR(s_qq, i64, u64)
PAIR(s_dq, f64, i64)
PAIR(s_ss, i16, u8)
PAIR(s_ps, str, u16)
PAIR(s_fff, s_ff, f32)		/* homogeneous, of three floats */
PAIR(s_ffff, s_ff, s_ff)
PAIR(s_dddd, s_dd, s_dd)
PAIR(s_nest, s_ff, b3)
PAIR(s_ll, ld, ld)
PAIR(s_vv, v4u, v4u)
PAIR(s_big, s_dddd, b40)

typedef struct { t_ld a; } t_s_l;
static inline t_s_l mk_s_l(uint64_t h) { return (t_s_l){ mk_ld(h) }; }
static inline uint64_t sum_s_l(t_s_l v) { return sum_ld(v.a); }

typedef struct { unsigned int a : 3, b : 13, c : 16; } t_bits;
static inline t_bits mk_bits(uint64_t h) { return (t_bits){ h & 7, h >> 3 & 0x1fff, h >> 20 & 0xffff }; }
static inline uint64_t sum_bits(t_bits v) { return v.a + 10ull * v.b + 100000ull * v.c; }

typedef union { double d; uint64_t q; } t_u_dq;
static inline t_u_dq mk_u_dq(uint64_t h) { return (t_u_dq){ .d = mk_f64(h) }; }
static inline uint64_t sum_u_dq(t_u_dq v) { return sum_f64(v.d); }

#endif
