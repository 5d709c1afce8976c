// What Verilator's FST writer needs of zlib, so that a waveform needs no system library. It stores a part as it
// is where compression gains nothing, and here it never does; the bulk of a waveform is compressed by lz4.
#pragma once

#include <cstring>

typedef unsigned char Bytef;
typedef unsigned long uLong;
typedef unsigned long uLongf;
#define Z_OK 0

static inline uLong compressBound(uLong size) { return size; }

static inline int compress2(Bytef* target, uLongf* target_size, const Bytef* source, uLong size, int) {
    std::memcpy(target, source, size);
    *target_size = size;
    return Z_OK;
}
