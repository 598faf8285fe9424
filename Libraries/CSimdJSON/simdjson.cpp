#include "CSimdJSON.h"

#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>

struct hg_json {
    simdjson::dom::parser parser;
    std::unique_ptr<uint8_t[]> source;
    size_t capacity = 0;
    size_t depth = 0;
};

namespace {

constexpr size_t capacity_min = 1024;

/// Makes room for an input of `count` bytes, in powers of two, so that growing inputs seldom ask again.
int32_t reserve(hg_json &json, size_t count) noexcept {
    if (count <= json.capacity) return HG_JSON_OK;
    if (count > simdjson::SIMDJSON_MAXSIZE_BYTES) return HG_JSON_TOO_LARGE;
    size_t wanted = capacity_min;
    while (wanted < count) wanted *= 2;
    if (wanted > simdjson::SIMDJSON_MAXSIZE_BYTES) wanted = simdjson::SIMDJSON_MAXSIZE_BYTES;
    json.capacity = 0;
    json.source.reset(new (std::nothrow) uint8_t[wanted + simdjson::SIMDJSON_PADDING]());
    if (!json.source) return HG_JSON_OUT_OF_MEMORY;
    if (json.parser.allocate(wanted, json.depth) != simdjson::SUCCESS) return HG_JSON_OUT_OF_MEMORY;
    if (json.parser.doc.allocate(wanted) != simdjson::SUCCESS) return HG_JSON_OUT_OF_MEMORY;
    json.capacity = wanted;
    return HG_JSON_OK;
}

}  // namespace

extern "C" hg_json *hg_json_create(size_t depth) {
    try {
        std::unique_ptr<hg_json> json(new (std::nothrow) hg_json);
        if (!json) return nullptr;
        json->depth = depth;
        return json.release();
    } catch (...) {
        return nullptr;
    }
}

extern "C" void hg_json_destroy(hg_json *parser) { delete parser; }

extern "C" int32_t hg_json_parse(hg_json *parser, const uint8_t *bytes, size_t count, hg_json_tape *tape) {
    try {
        if (int32_t refused = reserve(*parser, count)) return refused;
        if (count > 0) std::memcpy(parser->source.get(), bytes, count);
        auto &implementation = parser->parser.implementation;
        auto &document = parser->parser.doc;
        // An empty input has no structure, and a new parser has no memory to look for it in.
        if (count == 0 || !implementation) return HG_JSON_INVALID;
        switch (implementation->parse(parser->source.get(), count, document)) {
        case simdjson::SUCCESS: break;
        case simdjson::MEMALLOC: return HG_JSON_OUT_OF_MEMORY;
        case simdjson::DEPTH_ERROR: return HG_JSON_TOO_DEEP;
        case simdjson::CAPACITY: return HG_JSON_TOO_LARGE;
        default: return HG_JSON_INVALID;
        }
        tape->words = document.tape.get();
        tape->strings = document.string_buf.get();
        tape->source = parser->source.get();
        tape->structurals = implementation->structural_indexes.get();
        tape->structural_count = implementation->n_structural_indexes;
        return HG_JSON_OK;
    } catch (...) {
        return HG_JSON_OUT_OF_MEMORY;
    }
}

extern "C" size_t hg_json_capacity(const hg_json *parser) { return parser->capacity; }
