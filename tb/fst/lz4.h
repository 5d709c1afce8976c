// The two functions of liblz4 that Verilator's FST writer calls, so that a waveform needs no system library.
// Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
#pragma once

#include <cstdint>
#include <cstring>

static inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

namespace pinta_lz4 {
static const int min_match = 4;
static const int end_literals = 12;  // no match starts in the last twelve bytes
static const int hash_bits = 14;

static inline uint32_t read32(const uint8_t* at) {
    uint32_t value;
    std::memcpy(&value, at, 4);
    return value;
}

// What a 4-bit field of 15 leaves over, in bytes of 255 and one that is less.
static inline uint8_t* put_length(uint8_t* out, int length) {
    for (; length >= 255; length -= 255) *out++ = 255;
    *out++ = static_cast<uint8_t>(length);
    return out;
}

// Literals, then a match at `offset` behind them (the last sequence of a block has none).
static inline uint8_t* put_sequence(uint8_t* out, const uint8_t* literals, int count, int offset, int match) {
    const int extra = match - min_match;
    uint8_t* const token = out++;
    *token = static_cast<uint8_t>((count < 15 ? count : 15) << 4);
    if (count >= 15) out = put_length(out, count - 15);
    if (count) std::memcpy(out, literals, count);
    out += count;
    if (!match) return out;
    *out++ = static_cast<uint8_t>(offset);
    *out++ = static_cast<uint8_t>(offset >> 8);
    *token |= static_cast<uint8_t>(extra < 15 ? extra : 15);
    if (extra >= 15) out = put_length(out, extra - 15);
    return out;
}
}  // namespace pinta_lz4

// `target` must hold LZ4_compressBound(size) bytes.
static inline int LZ4_compress_default(const char* source, char* target, int size, int) {
    using namespace pinta_lz4;
    const uint8_t* const in = reinterpret_cast<const uint8_t*>(source);
    uint8_t* out = reinterpret_cast<uint8_t*>(target);
    static thread_local int seen[1 << hash_bits];  // position + 1 of the last four bytes with this hash
    std::memset(seen, 0, sizeof seen);
    int literals = 0;  // where the literals of the next sequence start
    for (int at = 0; at < size - end_literals;) {
        int& slot = seen[read32(in + at) * 2654435761U >> (32 - hash_bits)];
        const int candidate = slot - 1;
        slot = at + 1;
        if (candidate < 0 || at - candidate > 65535 || read32(in + candidate) != read32(in + at)) {
            ++at;
            continue;
        }
        int match = min_match;
        while (at + match < size - 5 && in[candidate + match] == in[at + match]) ++match;  // five literals at the end
        out = put_sequence(out, in + literals, at - literals, at - candidate, match);
        at += match;
        literals = at;
    }
    out = put_sequence(out, in + literals, size - literals, 0, 0);
    return static_cast<int>(out - reinterpret_cast<uint8_t*>(target));
}
