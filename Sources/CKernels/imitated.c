// The same products with the units' instructions imitated by FMAs, one number at a time: for tests on CPUs
// that have no such units.
#include "sweeps.headers.h"

#if defined(__x86_64__)
#include <math.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "native.inc.h"

INLINE float low(uint32_t pair) {
  pair <<= 16;
  float x;
  memcpy(&x, &pair, sizeof x);
  return x;
}
INLINE float high(uint32_t pair) {
  pair &= 0xffff0000u;
  float x;
  memcpy(&x, &pair, sizeof x);
  return x;
}

INLINE vf dot(vf sum, vu a, vu b) {
  EACH(l, LANES) {
    sum[l] = __builtin_fmaf(high(a[l]), high(b[l]), sum[l]);
    sum[l] = __builtin_fmaf(low(a[l]), low(b[l]), sum[l]);
  }
  return sum;
}
#include "native_pairs.inc.h"

typedef struct {
  int rows, rowBytes;
  uint32_t numbers[16][16];
} tile;
static _Thread_local tile tiles[8];

static void tile_configure(const void *config) {
  const uint8_t *c = config;
  for (int i = 0; i < 8; i++) {
    tiles[i].rowBytes = c[16 + 2 * i] | c[17 + 2 * i] << 8;
    tiles[i].rows = c[48 + i];
    memset(tiles[i].numbers, 0, sizeof tiles[i].numbers);
  }
}
static void tile_load(int i, const void *from, long stride) {
  memset(tiles[i].numbers, 0, sizeof tiles[i].numbers);
  for (int row = 0; row < tiles[i].rows; row++)
    memcpy(tiles[i].numbers[row], (const char *)from + row * stride, (size_t)tiles[i].rowBytes);
}
static void tile_store(int i, void *to, long stride) {
  for (int row = 0; row < tiles[i].rows; row++)
    memcpy((char *)to + row * stride, tiles[i].numbers[row], (size_t)tiles[i].rowBytes);
}
static void tile_zero(int i) { memset(tiles[i].numbers, 0, sizeof tiles[i].numbers); }
static void tile_product(int sums, int left, int right) {
  for (int row = 0; row < tiles[sums].rows; row++)
    for (int l = 0; l < tiles[sums].rowBytes / 4; l++) {
      float even = 0, odd = 0, sum;
      for (int k = 0; k < tiles[left].rowBytes / 4; k++) {
        uint32_t a = tiles[left].numbers[row][k], b = tiles[right].numbers[k][l];
        even = __builtin_fmaf(low(a), low(b), even);
        odd = __builtin_fmaf(high(a), high(b), odd);
      }
      memcpy(&sum, &tiles[sums].numbers[row][l], sizeof sum);
      sum += even + odd;
      memcpy(&tiles[sums].numbers[row][l], &sum, sizeof sum);
    }
}
static void tile_release(void) {}

#define TILE_CONFIGURE tile_configure
#define TILE_LOAD tile_load
#define TILE_STORE tile_store
#define TILE_ZERO tile_zero
#define TILE_PRODUCT tile_product
#define TILE_RELEASE tile_release
#include "native_tiles.inc.h"

const bench_products bench_imitated_pairs = {
    .product = pairs_product,
    .weight_gradient = pairs_weight_gradient,
    .multiply_add = pairs_multiply_add};
const bench_products bench_imitated_tiles = {
    .product = tiles_product,
    .weight_gradient = tiles_weight_gradient,
    .multiply_add = tiles_multiply_add};

long bench_native_scratch(const bench_weight_product *p) {
  long gradients, channels;
  return scratch_parts(p, &gradients, &channels);
}
#pragma clang attribute pop
#else
long bench_native_scratch(const bench_weight_product *p) {
  (void)p;
  return 0;
}
#endif
