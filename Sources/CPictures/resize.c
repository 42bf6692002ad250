// The two passes of a resize, in whole numbers: the same bits on every CPU.
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "CPictures.h"

// Weights are in units of 2^-22.
enum { fraction = 22, half = 1 << (fraction - 1) };

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

// Of each pixel of some rows the weighted sum of its source columns, three channels and one idle lane
// at a time. output: rows of 3 * columns.lines bytes.
FAST static void across(const uint8_t *source, size_t pitch, int32_t rows, bench_filter columns,
                        uint8_t *output) {
  for (int32_t y = 0; y < rows; y++, source += pitch)
    for (int32_t x = 0; x < columns.lines; x++, output += 3) {
      const uint8_t *pixel = source + 3 * (size_t)columns.firsts[x];
      const int32_t *weights = columns.weights + (size_t)x * (size_t)columns.taps;
      int4 sum = {half, half, half, 0};
      for (int32_t k = 0; k < columns.taps; k++) {
        byte4 samples;
        memcpy(&samples, pixel + 3 * k, 4);
        sum += __builtin_convertvector(samples, int4) * weights[k];
      }
      for (int c = 0; c < 3; c++) output[c] = byte_of(sum[c]);
    }
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))

// Weights in two parts of 11 bits (the upper one of 12), for products of pairs of 16-bit numbers: of
// four columns each, the upper parts of the first two four times and of the others four times, and
// the lower parts likewise.
enum { part = 11, group = 4 };
typedef struct {
  int16_t upper[2 * 2 * group], lower[2 * 2 * group];
} paired_weights;

static size_t groups_of(bench_filter columns) {
  return ((size_t)columns.taps + group - 1) / group;
}

static paired_weights *pair_weights(bench_filter columns) {
  if (!__builtin_cpu_supports("avx2")) return NULL;
  size_t groups = groups_of(columns);
  paired_weights *pairs = aligned_alloc(64, sizeof *pairs * groups * (size_t)columns.lines);
  for (size_t i = 0; pairs && i < groups * (size_t)columns.lines; i++)
    for (int j = 0; j < 4 * group; j++) {
      size_t tap = i % groups * group + (size_t)(j / 8 * 2 + j % 2);
      int32_t weight = tap < (size_t)columns.taps
                           ? columns.weights[i / groups * (size_t)columns.taps + tap]
                           : 0;
      pairs[i].upper[j] = (int16_t)(weight >> part);
      pairs[i].lower[j] = (int16_t)(weight & ((1 << part) - 1));
    }
  return pairs;
}

// What `across` computes, of four rows (or one) at a time. Up to 16 bytes beyond a pixel's last column
// are read, with weights of zero.
AVX2 static inline void paired_rows(const uint8_t *source, size_t pitch, int rows,
                                    bench_filter columns, const paired_weights *pairs,
                                    size_t groups, uint8_t *output) {
  // Red, green and blue of two neighbouring pixels beside each other, as 16-bit numbers.
  const __m256i order = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6,
                                         -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  size_t length = 3 * (size_t)columns.lines;
  for (int32_t x = 0; x < columns.lines; x++, pairs += groups) {
    const uint8_t *pixel = source + 3 * (size_t)columns.firsts[x];
    __m256i upper[4], lower[4];
    for (int y = 0; y < rows; y++) upper[y] = lower[y] = _mm256_setzero_si256();
    for (size_t g = 0; g < groups; g++, pixel += 3 * group) {
      const __m256i high = _mm256_load_si256((const __m256i *)pairs[g].upper);
      const __m256i low = _mm256_load_si256((const __m256i *)pairs[g].lower);
      for (int y = 0; y < rows; y++) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(pixel + (size_t)y * pitch));
        const __m256i samples = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), order);
        upper[y] = _mm256_add_epi32(upper[y], _mm256_madd_epi16(samples, high));
        lower[y] = _mm256_add_epi32(lower[y], _mm256_madd_epi16(samples, low));
      }
    }
    for (int y = 0; y < rows; y++) {
      const __m256i both = _mm256_add_epi32(_mm256_slli_epi32(upper[y], part), lower[y]);
      __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
      sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(half)), fraction);
      sum = _mm_packus_epi16(_mm_packs_epi32(sum, sum), sum);
      const uint32_t rgb = (uint32_t)_mm_cvtsi128_si32(sum);
      uint8_t *target = output + (size_t)y * length + 3 * (size_t)x;
      memcpy(target, &rgb, 3);
    }
  }
}

AVX2 static void paired_across(const uint8_t *source, size_t pitch, int32_t rows,
                               bench_filter columns, const paired_weights *pairs, uint8_t *output) {
  size_t groups = groups_of(columns), length = 3 * (size_t)columns.lines;
  int32_t y = 0;
  for (; y + 4 <= rows; y += 4)
    paired_rows(source + (size_t)y * pitch, pitch, 4, columns, pairs, groups,
                output + (size_t)y * length);
  for (; y < rows; y++)
    paired_rows(source + (size_t)y * pitch, pitch, 1, columns, pairs, groups,
                output + (size_t)y * length);
}
#else
typedef void paired_weights;
static paired_weights *pair_weights(bench_filter columns) { return (void)columns, NULL; }
#define paired_across(source, pitch, rows, columns, pairs, output) ((void)0)
#endif

// pairs: NULL where the CPU lacks AVX2, or there was no memory for them.
static void all_across(const uint8_t *source, size_t pitch, int32_t rows, bench_filter columns,
                       const paired_weights *pairs, uint8_t *output) {
  if (pairs)
    paired_across(source, pitch, rows, columns, pairs, output);
  else
    across(source, pitch, rows, columns, output);
}

void bench_across(const uint8_t *source, size_t pitch, int32_t rows, bench_filter columns,
                  int plain, uint8_t *output) {
  paired_weights *pairs = plain ? NULL : pair_weights(columns);
  all_across(source, pitch, rows, columns, pairs, output);
  free(pairs);
}

// One row: the weighted sum of some rows of `count` bytes.
FAST static void down(const uint8_t *source, size_t pitch, const int32_t *weights, int32_t taps,
                      size_t count, uint8_t *output) {
  enum { block = 64 };
  int32_t sums[block];
  for (size_t start = 0; start < count; start += block) {
    size_t width = count - start < block ? count - start : block;
    for (int i = 0; i < block; i++) sums[i] = half;
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
  bench_across(source, pitch, sourceRows, columns, 0, between);
  for (int32_t y = 0; y < rows.lines; y++)
    down(between + (size_t)rows.firsts[y] * count, count,
         rows.weights + (size_t)y * (size_t)rows.taps, rows.taps, count, output + (size_t)y * count);
}

void bench_resize_down_first(const uint8_t *source, size_t pitch, bench_filter columns,
                             bench_filter rows, uint8_t *between, uint8_t *output) {
  size_t count = 3 * (size_t)(columns.firsts[columns.lines - 1] + columns.taps);
  paired_weights *pairs = pair_weights(columns);
  for (int32_t y = 0; y < rows.lines; y++) {
    down(source + (size_t)rows.firsts[y] * pitch, pitch,
         rows.weights + (size_t)y * (size_t)rows.taps, rows.taps, count, between);
    all_across(between, count, 1, columns, pairs, output + (size_t)y * 3 * (size_t)columns.lines);
  }
  free(pairs);
}
