// Products by the CPU's units for bf16: VDPBF16PS (AVX512_BF16) and TDPBF16PS (AMX).
#include "sweeps.headers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(                                                               \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,fma,amx-tile,amx-bf16"))), \
    apply_to = function)
#include "native.inc.h"

INLINE vf dot(vf sum, vu a, vu b) {
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#include "native_pairs.inc.h"

#define TILE_CONFIGURE _tile_loadconfig
#define TILE_LOAD _tile_loadd
#define TILE_STORE _tile_stored
#define TILE_ZERO _tile_zero
#define TILE_PRODUCT _tile_dpbf16ps
#define TILE_RELEASE _tile_release
#include "native_tiles.inc.h"

const bench_products bench_native_pairs = {
    .product = pairs_product,
    .weight_gradient = pairs_weight_gradient,
    .multiply_add = pairs_multiply_add};
const bench_products bench_native_tiles = {
    .product = tiles_product,
    .weight_gradient = tiles_weight_gradient,
    .multiply_add = tiles_multiply_add};
#pragma clang attribute pop
#endif
