/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks a JSON value against a schema: the part of JSON Schema 2020-12 that docs/schema.json uses
 * (type, properties, required, additionalProperties: false, items, enum, const, $ref into $defs,
 * allOf, anyOf, if/then). A keyword that is not known here fails the check, so that nothing is
 * silently left out.
 */
#ifndef SUTURE_TESTS_SCHEMA_H
#define SUTURE_TESTS_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct schema_check {
	const json_t *root;
	char why[256];		/* the first thing that is wrong */
};

static bool schema_is_type(const json_t *v, const char *t)
{
	return (!strcmp(t, "object") && json_is_object(v)) ||
	       (!strcmp(t, "array") && json_is_array(v)) ||
	       (!strcmp(t, "string") && json_is_string(v)) ||
	       (!strcmp(t, "integer") && json_is_integer(v)) ||
	       (!strcmp(t, "boolean") && json_is_boolean(v)) ||
	       (!strcmp(t, "null") && json_is_null(v));
}

static bool schema_bad(struct schema_check *c, const char *path, const char *what,
		       const char *which)
{
	if (!c->why[0])
		snprintf(c->why, sizeof(c->why), "%s: %s %s", path, what, which);
	return false;
}

static bool schema_valid(struct schema_check *c, const json_t *s, const json_t *v,
			 const char *path);

/* Tries without leaving a reason behind. */
static bool schema_try(struct schema_check *c, const json_t *s, const json_t *v, const char *path)
{
	struct schema_check quiet = {.root = c->root};

	return schema_valid(&quiet, s, v, path);
}

static bool schema_object(struct schema_check *c, const json_t *s, const json_t *v,
			 const char *path)
{
	const json_t *props = json_object_get(s, "properties"), *sub, *e;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(s, "required"), i, e)
		if (!json_object_get(v, json_string_value(e)))
			return schema_bad(c, path, "lacks", json_string_value(e));
	json_object_foreach((json_t *)v, key, e) {
		char at[256];

		sub = json_object_get(props, key);
		if (!sub && json_is_false(json_object_get(s, "additionalProperties")))
			return schema_bad(c, path, "has the unknown key", key);
		snprintf(at, sizeof(at), "%s.%s", path, key);
		if (sub && !schema_valid(c, sub, e, at))
			return false;
	}
	return true;
}

static bool schema_keyword(struct schema_check *c, const json_t *s, const char *key,
			   const json_t *k, const json_t *v, const char *path)
{
	const json_t *e;
	bool any = false;
	size_t i;

	if (!strcmp(key, "type")) {
		if (json_is_string(k))
			any = schema_is_type(v, json_string_value(k));
		json_array_foreach(k, i, e)
			any |= schema_is_type(v, json_string_value(e));
		return any || schema_bad(c, path, "has the wrong type", "");
	}
	if (!strcmp(key, "enum")) {
		json_array_foreach(k, i, e)
			any |= json_equal(e, v);
		return any || schema_bad(c, path, "is none of the enum", "");
	}
	if (!strcmp(key, "const"))
		return json_equal(k, v) || schema_bad(c, path, "is not the constant", "");
	if (!strcmp(key, "items")) {
		json_array_foreach(v, i, e)
			if (!schema_valid(c, k, e, path))
				return false;
		return true;
	}
	if (!strcmp(key, "$ref")) {
		const json_t *to = json_object_get(json_object_get(c->root, "$defs"),
						   json_string_value(k) + strlen("#/$defs/"));

		return to ? schema_valid(c, to, v, path) : schema_bad(c, path, "dangling", "$ref");
	}
	if (!strcmp(key, "allOf")) {
		json_array_foreach(k, i, e)
			if (!schema_valid(c, e, v, path))
				return false;
		return true;
	}
	if (!strcmp(key, "anyOf")) {
		json_array_foreach(k, i, e)
			if (schema_try(c, e, v, path))
				return true;
		/* Again, for the reason of the first alternative. */
		return schema_valid(c, json_array_get(k, 0), v, path);
	}
	if (!strcmp(key, "if"))
		return !schema_try(c, k, v, path) ||
		       schema_valid(c, json_object_get(s, "then"), v, path);
	if (!strcmp(key, "properties") || !strcmp(key, "required"))
		return !json_is_object(v) || schema_object(c, s, v, path);
	if (!strcmp(key, "additionalProperties") || !strcmp(key, "then") ||
	    !strcmp(key, "description") || !strcmp(key, "title") ||
	    !strcmp(key, "$schema") || !strcmp(key, "$defs"))
		return true;
	return schema_bad(c, path, "the schema has the unknown keyword", key);
}

static bool schema_valid(struct schema_check *c, const json_t *s, const json_t *v,
			 const char *path)
{
	const char *key;
	json_t *k;

	json_object_foreach((json_t *)s, key, k)
		if (!schema_keyword(c, s, key, k, v, path))
			return false;
	return true;
}

#endif
