// The two passes of a resize, in whole numbers: the same bits on every CPU.
#include <string.h>

#include "CPictures.h"

// Weights are in units of 2^-22.
enum { fraction = 22 };

static inline uint8_t byte_of(int32_t sum) {
  sum >>= fraction;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

#if defined(__x86_64__) && defined(__linux__)
// One copy for CPUs with AVX2, chosen when the program starts.
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

typedef uint8_t byte4 __attribute__((vector_size(4)));
typedef int32_t int4 __attribute__((vector_size(16)));

// One row: of each pixel the weighted sum of its source columns, three channels and one idle lane at
// a time.
FAST static void across(const uint8_t *source, bench_filter columns, uint8_t *output) {
  for (int32_t x = 0; x < columns.lines; x++) {
    const uint8_t *pixel = source + 3 * (size_t)columns.firsts[x];
    const int32_t *weights = columns.weights + (size_t)x * (size_t)columns.taps;
    int4 sum = {1 << (fraction - 1), 1 << (fraction - 1), 1 << (fraction - 1), 0};
    for (int32_t k = 0; k < columns.taps; k++) {
      byte4 samples;
      memcpy(&samples, pixel + 3 * k, 4);
      sum += __builtin_convertvector(samples, int4) * weights[k];
    }
    output[3 * x] = byte_of(sum[0]);
    output[3 * x + 1] = byte_of(sum[1]);
    output[3 * x + 2] = byte_of(sum[2]);
  }
}

// One row: the weighted sum of some rows of `count` bytes.
FAST static void down(const uint8_t *source, size_t pitch, const int32_t *weights, int32_t taps,
                      size_t count, uint8_t *output) {
  enum { block = 64 };
  int32_t sums[block];
  for (size_t start = 0; start < count; start += block) {
    size_t width = count - start < block ? count - start : block;
    for (int i = 0; i < block; i++) sums[i] = 1 << (fraction - 1);
    for (int32_t k = 0; k < taps; k++) {
      const uint8_t *row = source + (size_t)k * pitch + start;
      int32_t weight = weights[k];
      if (weight == 0) continue;
      if (width == block)
        for (int i = 0; i < block; i++) sums[i] += weight * row[i];
      else
        for (size_t i = 0; i < width; i++) sums[i] += weight * row[i];
    }
    for (size_t i = 0; i < width; i++) output[start + i] = byte_of(sums[i]);
  }
}

void bench_resize(const uint8_t *source, size_t pitch, int32_t sourceRows, bench_filter columns,
                  bench_filter rows, uint8_t *between, uint8_t *output) {
  size_t count = 3 * (size_t)columns.lines;
  for (int32_t y = 0; y < sourceRows; y++)
    across(source + (size_t)y * pitch, columns, between + (size_t)y * count);
  for (int32_t y = 0; y < rows.lines; y++)
    down(between + (size_t)rows.firsts[y] * count, count,
         rows.weights + (size_t)y * (size_t)rows.taps, rows.taps, count, output + (size_t)y * count);
}

void bench_resize_down_first(const uint8_t *source, size_t pitch, bench_filter columns,
                             bench_filter rows, uint8_t *between, uint8_t *output) {
  for (int32_t y = 0; y < rows.lines; y++) {
    down(source + (size_t)rows.firsts[y] * pitch, pitch,
         rows.weights + (size_t)y * (size_t)rows.taps, rows.taps, pitch, between);
    across(between, columns, output + (size_t)y * 3 * (size_t)columns.lines);
  }
}
