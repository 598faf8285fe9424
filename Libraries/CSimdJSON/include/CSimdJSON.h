#pragma once
/* A C face for simdjson (package libsimdjson-dev): parse once, then read the tape where it lies. */
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/// A parser with the memory of the document that it parsed last.
typedef struct hg_json hg_json;

/// Where the parts of a parsed document lie; valid until the next parse or the end of the parser.
typedef struct {
    /// simdjson's tape: a type in the upper byte of each word, a payload below.
    const uint64_t *words;
    /// The texts that the tape points to: a length of four bytes, then the unescaped bytes.
    const uint8_t *strings;
    /// The parser's own copy of the input.
    const uint8_t *source;
    /// The offset in the input of every bracket, comma, colon and first byte of a scalar, in order.
    const uint32_t *structurals;
    size_t structural_count;
} hg_json_tape;

enum {
    HG_JSON_OK = 0,
    HG_JSON_INVALID = 1,
    HG_JSON_OUT_OF_MEMORY = 2,
    HG_JSON_TOO_DEEP = 3,
    HG_JSON_TOO_LARGE = 4,
};

/// A parser that accepts `depth` open containers at once; null when there is no memory.
hg_json *hg_json_create(size_t depth);
void hg_json_destroy(hg_json *parser);

/// Copies `count` bytes and parses them; answers one of HG_JSON_*, and fills `tape` when that is HG_JSON_OK.
int32_t hg_json_parse(hg_json *parser, const uint8_t *bytes, size_t count, hg_json_tape *tape);

/// The longest input, in bytes, that the parser takes without asking for more memory.
size_t hg_json_capacity(const hg_json *parser);

#ifdef __cplusplus
}
#endif
