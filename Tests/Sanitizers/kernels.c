// Calls every C kernel on odd shapes, each operand in a heap block of exactly its size, so that the
// address and undefined-behaviour sanitizers see any access beyond it. Run by `make sanitize`.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static uint64_t state;

static uint64_t bits(void) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static long size(long low, long high) { return low + (long)(bits() % (uint64_t)(high - low + 1)); }
static int flag(void) { return (int)(bits() & 1); }

static long channels(void) {
  static const long all[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 100, 130};
  return all[size(0, sizeof all / sizeof *all - 1)];
}

// Blocks of one trial, freed together.
static void *blocks[64];
static int used;

static void *block(size_t bytes) {
  if (used == 64 || !(blocks[used] = malloc(bytes))) abort();
  return blocks[used++];
}

// Bytes of a stored number: 4, or 2 of bf16, whatever they are.
static long bytes = sizeof(float);
static void *stored(long count) {
  uint16_t *p = block((size_t)(count * bytes));
  for (long i = 0; i < count * bytes / 2; i++) p[i] = (uint16_t)bits();
  return p;
}

static float *numbers(long count) {
  float *p = block(sizeof(float) * (size_t)count);
  for (long i = 0; i < count; i++) p[i] = (float)(int64_t)bits() * 0x1p-62f;
  return p;
}

static double *sums(long count) {
  double *p = block(sizeof(double) * (size_t)count);
  for (long i = 0; i < count; i++) p[i] = 0;
  return p;
}

static void release(void) {
  while (used > 0) free(blocks[--used]);
}

static bench_affine affine(long C) {
  bench_affine none = {0, 0, 0};
  if (flag()) return none;
  return (bench_affine){numbers(C), numbers(C), numbers(C)};
}

static bench_moments moments_of(long count, long C) {
  bench_moments none = {0, 0, 0, 0};
  if (flag()) return none;
  return (bench_moments){stored(count), numbers(C), flag() ? sums(C) : NULL, sums(C)};
}

static bench_operand operand(long count, long C) {
  return (bench_operand){.values = stored(count), .affine = affine(C)};
}

static bench_norm_gradient norm(long count, long C) {
  return (bench_norm_gradient){.z = flag() ? stored(count) : NULL,
                               .mean = numbers(C),
                               .a = numbers(C),
                               .b = numbers(C),
                               .c = numbers(C)};
}

// The last row of an image with a pitch ends with its last pixel.
static long pitched(long rows, long pitch, long row) { return (rows - 1) * pitch + row; }

static bench_source source(bench_shape s, long pitch) {
  return (bench_source){numbers(pitched(s.rows, pitch, s.width * s.channels)), pitch};
}

static bench_target target(bench_shape s, long pitch) {
  return (bench_target){numbers(pitched(s.rows, pitch, s.width * s.channels)), pitch};
}

static void *optional(long count) { return flag() ? stored(count) : NULL; }

static void elementwise(const bench_image_sweeps *t) {
  bytes = t->bytes;
  long rows = size(1, 7), width = size(1, 11), C = channels(), row = width * C, count = rows * row;
  long pitch = row + (flag() ? 2 * C : 0);
  bench_shape shape = {.rows = rows, .width = width, .channels = C};
  t->read_one(target(shape, pitch), optional(count), operand(count, C), shape, flag());
  t->read_two(target(shape, pitch), optional(count), operand(count, C), operand(count, C), shape,
              flag());
  t->moments(stored(count), rows * width, C, sums(C), sums(C));
  t->channel_sums(source(shape, pitch), shape, sums(C));
  release();
  t->gradient(target(shape, pitch), optional(count), stored(count), norm(count, C),
              optional(count), shape);
  t->join(stored(count), (bench_summands){numbers(count), optional(count), optional(count)},
          source(shape, pitch), flag(), shape, moments_of(count, C), moments_of(count, C));
  release();
  t->add(stored(count), stored(count), count);
  t->accumulate(stored(count), numbers(count), count);
  t->add_to(numbers(count), stored(count), count);
  t->narrow(stored(count), numbers(count), count);
  t->widen(numbers(count), stored(count), count);
  t->keep(stored(count), numbers(count), count);
  t->scale(stored(count), stored(count), count, 0.5f);
  t->gate(stored(count), stored(count), stored(count), count, -1);
  t->gate_gradient(stored(count), stored(count), stored(count), stored(count), count, 1);
  t->dropout(stored(count), stored(count), count, 1, 2, 1u << 31);
  t->add_bias(stored(count), numbers(C), rows * width, C);
  release();
}

static void pooling(const bench_image_sweeps *t) {
  bytes = t->bytes;
  long kernel = size(1, 4), stride = size(1, 3), padding = size(0, kernel / 2), C = channels();
  long height = kernel - padding + size(0, 8), width = kernel - padding + size(0, 8);
  long outHeight = (height + 2 * padding - kernel) / stride + 1;
  long outWidth = (width + 2 * padding - kernel) / stride + 1;
  float *x = numbers(height * width * C);
  bench_pooling pooling = {.input = {.rows = height, .width = width, .channels = C},
                           .kernel = kernel,
                           .stride = stride,
                           .padding = padding,
                           .outRows = outHeight,
                           .outWidth = outWidth};
  t->max_pool(stored(outHeight * outWidth * C), x, pooling);
  t->max_pool_backward(numbers(height * width * C), x, numbers(outHeight * outWidth * C), pooling);
  release();
}

static void parameters(const bench_sweeps *t) {
  long count = size(1, 200), parts = size(1, 17), stride = count + size(0, 20);
  t->sgd(numbers(count), numbers(count), numbers(count), count, 0.1f, 0.9f, 1e-4f, flag());
  t->sum_of_squares(numbers(count), count);
  t->sum_parts(numbers(count), numbers((parts - 1) * stride + count), parts, stride, count);
  release();
  long rows = channels(), columns = channels(), from = columns + size(0, 3), to = rows + size(0, 3);
  t->transpose(numbers((columns - 1) * to + rows), to, numbers((rows - 1) * from + columns), from,
               rows, columns);
  release();
  t->pairs.multiply_add(10, numbers(1));
  release();
}

static void winograd(const bench_sweeps *t) {
  long W = 16 * size(1, 4), C = W * size(1, 3), height = size(1, 9), width = size(1, 9);
  long wide = (width + 1) / 2, tiles = wide * ((height + 1) / 2);
  long first = size(0, tiles - 1), count = size(1, tiles - first);
  long apart = count * W, plane = count * C;
  long evenHeight = (height + 1) / 2 * 2, pitch = (wide * 2 + 2) * C;
  bench_planes planes = {.plane = plane, .block = apart, .width = W};
  bench_tiles range = {.tilesWide = wide, .first = first, .count = count};
  bench_source x = {numbers((evenHeight + 2) * pitch), pitch};
  bench_source dy = {numbers(pitched(evenHeight, pitch, wide * 2 * C)), pitch};
  bench_shape shape = {.rows = height, .width = width, .channels = C};
  t->winograd_input(numbers(16 * plane), planes, x, C, range);
  t->winograd_output(numbers(height * width * C), shape, numbers(16 * plane), planes, range);
  t->winograd_gradient(numbers(16 * plane), planes, dy, C, range);
  release();
  long rows = size(1, 40), columns = 16 * size(1, 5), tap = rows * columns;
  bench_weights weights = {
      .tapStride = tap, .rowStride = columns, .rows = rows, .columns = columns};
  t->winograd_weight(numbers(16 * tap), tap, numbers(9 * tap), weights);
  t->winograd_weight_gradient(numbers(9 * tap), weights, numbers(16 * tap), tap);
  release();
}

// Any product and weight gradient: runs of any length anywhere in an image of exactly its size.
static void panels(const bench_sweeps *t) {
  long runs = size(1, 4), starts[4], lengths[4], depth = 0, inputs = 0, reach = 0;
  for (long i = 0; i < runs; i++) {
    starts[i] = size(0, 9), lengths[i] = size(1, 40);
    depth += (lengths[i] + 1) / 2 * 2, inputs += lengths[i];
    if (starts[i] + lengths[i] > reach) reach = starts[i] + lengths[i];
  }
  long rows = size(1, 4), columns = size(1, 30), results = channels();
  long operandColumn = size(1, 20), operandRow = size(1, 60);
  long xs = (rows - 1) * operandRow + (columns - 1) * operandColumn + reach;
  long place = results + size(0, 3), row = columns * place;
  long ys = (rows - 1) * row + (columns - 1) * place + results;
  int half = flag();
  long panel = 16 * depth;
  float *w = numbers((results + 15) / 16 * panel);
  bench_matrix matrix = {.rows = depth, .columns = results, .rowStride = results, .columnStride = 1};
  if (flag()) matrix.rowStride = 1, matrix.columnStride = depth;
  t->panels(w, panel, numbers(depth * results), matrix, flag());
  bench_product product = {rows, columns, operandRow, operandColumn, row,  place,
                           results, depth, runs, starts, lengths};
  const bench_products *orders[] = {&t->pairs, &t->tiles};
  for (int i = 0; i < 2; i++)
    orders[i]->product(half ? block(2 * (size_t)ys) : block(4 * (size_t)ys), half, numbers(xs), w,
                       &product);
  long first = 16 * size(0, (results - 1) / 16);
  bench_weight_product gradient = {rows, columns, operandRow, operandColumn, row, place, results,
                                   size(0, inputs - 1), inputs, first, results, runs, starts, lengths};
  for (int i = 0; i < 2; i++)
    orders[i]->weight_gradient(numbers(inputs * results), numbers(xs), numbers(ys), &gradient, NULL);
  long pairs = 8 * depth;
  t->pair_panels(numbers((results + 15) / 16 * pairs), pairs, 0, numbers(depth * results), matrix);
  release();
}

// The loops around the units for bf16, their instructions imitated.
static void units(const bench_sweeps *t, const char *model) {
  const bench_products *unit = bench_imitated_products(model);
  if (!unit) return;
  long runs = size(1, 4), starts[4], lengths[4], next = 2 * size(1, 24), length = next * size(1, 3);
  long rows = size(1, 7), columns = size(1, 40), results = channels(), place = results + size(0, 3);
  long row = flag() ? (columns + size(0, 3)) * next : size(1, 60), depth = runs * length;
  for (long i = 0; i < runs; i++) starts[i] = i * row, lengths[i] = length;
  long xs = (rows - 1) * row + (columns - 1) * next + starts[runs - 1] + length;
  long ys = (rows - 1) * columns * place + (columns - 1) * place + results;
  int half = flag();
  long panel = 8 * depth;
  float *w = numbers((results + 15) / 16 * panel), *x = numbers(xs);
  bench_matrix matrix = {.rows = depth, .columns = results, .rowStride = results, .columnStride = 1};
  t->pair_panels(w, panel, 0, numbers(depth * results), matrix);
  uint16_t *packed = block(2 * (size_t)xs);
  t->half.keep(packed, x, xs);
  bench_product product = {rows,    columns, row,  next,   columns * place, place,
                           results, depth,   runs, starts, lengths};
  unit->product(block((half ? 2 : 4) * (size_t)ys), half, packed, w, &product);
  bench_weight_product gradient = {rows,    columns,
                                   row,     next,
                                   columns * place, place,
                                   results, size(0, depth - 1),
                                   depth,   16 * size(0, (results - 1) / 16),
                                   results, runs,
                                   starts,  lengths};
  unit->weight_gradient(numbers(depth * results), x, numbers(ys), &gradient,
                        block((size_t)bench_native_scratch(&gradient)));
  release();
}

static void products(int throughBlas) {
  int32_t m = (int32_t)channels(), n = (int32_t)size(1, 40), k = (int32_t)channels();
  int32_t transposed = flag(), lda = m + (int32_t)size(0, 3), ldc = m + (int32_t)size(0, 7);
  int32_t ldb = (transposed ? n : k) + (int32_t)size(0, 5);
  uint64_t count = (uint64_t)size(1, 9), *offsets = block(sizeof(uint64_t) * count);
  for (uint64_t i = 0; i < count; i++) offsets[i] = sizeof(float) * (uint64_t)size(0, 20);
  long b = transposed ? (long)(k - 1) * ldb + n : (long)(n - 1) * ldb + k;
  bench_gemm_shape shape = {.m = m,
                            .n = n,
                            .k = k,
                            .lda = lda,
                            .ldb = ldb,
                            .ldc = ldc,
                            .transposeB = transposed,
                            .accumulate = flag()};
  bench_gemm g = (throughBlas ? bench_gemm_make_blas : bench_gemm_make)(shape);
  bench_gemm_call(&g, numbers((long)(k - 1) * lda + m + 20), numbers(b + 20),
                  numbers((long)(n - 1) * ldc + m), count, offsets, offsets);
  release();
}

int main(void) {
  const char *names[] = {"baseline", "avx2", "avx512"};
  for (int i = 0; i < 3; i++) {
    const bench_sweeps *table = bench_sweeps_named(names[i]);
    if (!table) continue;
    state = 1;
    for (int trial = 0; trial < 200; trial++) {
      elementwise(&table->single);
      elementwise(&table->half);
      pooling(&table->single);
      pooling(&table->half);
      parameters(table);
      winograd(table);
      panels(table);
      units(table, "pairs");
      units(table, "tiles");
    }
    printf("%s: clean\n", table->name);
  }
  // What a generated product reads is not instrumented; the result's place is.
  for (int trial = 0; trial < 200; trial++) products(trial % 2);
  printf("%s and openblas: clean\n", bench_gemm_backend());
  return 0;
}
