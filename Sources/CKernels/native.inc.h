// What products by units for bf16 need around them: gradients and inputs as pairs of neighbouring pixels.
// Included by native.c and imitated.c.
#include "sweeps.headers.h"
#include "vectors.inc.h"

typedef uint32_t vuu __attribute__((vector_size(64), aligned(4), may_alias));

// The pixels of a weights' gradient in the order of its sums: rows of `pitch` places, the last ones
// without a pixel, and in all `places`, an even number.
typedef struct {
  long pitch, places;
} pixel_order;

// Scratch of a weights' gradient: gradients, inputs by channel, and one block of inputs.
typedef struct {
  uint32_t *gradients;  // [panel][places / 2][16], pairs
  bf16 *channels;       // [channel][pixel], where neighbouring kernel places share them
  bf16 *inputs;         // [16 · BLOCKS][places]
} weight_scratch;

enum { BLOCKS = 4 };  // blocks of 16 inputs that are taken together

static inline long rounded_up(long x, long to) { return (x + to - 1) / to * to; }

// The order of `pairs`, in which a row has whole pairs; and that of `tiles`.
static inline pixel_order row_order(const bench_weight_product *p) {
  long pitch = rounded_up(p->columns, 2);
  return (pixel_order){pitch, p->rows * pitch};
}
static inline pixel_order image_order(const bench_weight_product *p) {
  return (pixel_order){p->columns, rounded_up(p->rows * p->columns, 2)};
}

// Pixels of an operand that the runs share, as [channel][pixel]; 0 where every block of 16 inputs is
// brought there for itself: with strides, or channels that are not blocks of 16.
static inline long shared_pixels(const bench_weight_product *p) {
  const long channels = p->operandColumn;
  if (channels % LANES || p->operandRow % channels || p->runLengths[0] <= channels) return 0;
  long last = 0;
  for (long r = 0; r < p->runs; r++) {
    if (p->runStarts[r] % channels || p->runLengths[r] % channels) return 0;
    long end = (p->runStarts[r] + p->runLengths[r]) / channels;
    last = end > last ? end : last;
  }
  return (p->rows - 1) * (p->operandRow / channels) + p->columns - 1 + last;
}

static inline long scratch_parts(const bench_weight_product *p, long *gradients, long *channels) {
  // The larger of the two orders.
  const long places = rounded_up(p->rows * rounded_up(p->columns, 2), 32);
  *gradients = rounded_up(p->results, LANES) / 2 * places * 4;
  *channels = rounded_up(shared_pixels(p) * p->operandColumn * 2, 64);
  return *gradients + *channels + BLOCKS * LANES * places * 2;
}

INLINE weight_scratch weight_scratch_at(void *memory, const bench_weight_product *p) {
  long gradients, channels;
  scratch_parts(p, &gradients, &channels);
  char *at = memory;
  return (weight_scratch){(uint32_t *)at, (bf16 *)(at + gradients),
                          (bf16 *)(at + gradients + channels)};
}

// 16 rows of 16 numbers, exchanged.
INLINE void exchange(vf v[LANES]) {
#define STEP(d)                                                                                  \
  EACH(i, LANES) if (!(i & d)) {                                                                 \
    vf a = v[i], b = v[i + d];                                                                   \
    v[i] = LOW(a, b, d);                                                                         \
    v[i + d] = HIGH(a, b, d);                                                                    \
  }
#define AT(l, d) ((l) & (d) ? 16 + ((l) ^ (d)) : (l))
#define UP(l, d) ((l) & (d) ? 16 + (l) : (l) + (d))
#define ALL(F, d)                                                                                \
  F(0, d), F(1, d), F(2, d), F(3, d), F(4, d), F(5, d), F(6, d), F(7, d), F(8, d), F(9, d),       \
      F(10, d), F(11, d), F(12, d), F(13, d), F(14, d), F(15, d)
#define LOW(a, b, d) __builtin_shufflevector(a, b, ALL(AT, d))
#define HIGH(a, b, d) __builtin_shufflevector(a, b, ALL(UP, d))
  STEP(8)
  STEP(4)
  STEP(2)
  STEP(1)
#undef STEP
#undef AT
#undef UP
#undef ALL
#undef LOW
#undef HIGH
}

// The gradients asked for as pairs of neighbouring places; places without a pixel have zero.
static void pair_gradients(uint32_t *out, const float *dy, const bench_weight_product *p,
                           pixel_order order) {
  for (long c = p->firstResult; c < p->endResult; c += LANES) {
    const long lanes = p->results - c < LANES ? p->results - c : LANES;
    long row = 0, column = 0;
    for (long place = 0; place < order.places; place += 2, out += LANES) {
      vf two[2];
      EACH(i, 2) {
        int has = row < p->rows && column < p->columns;
        const float *from = dy + row * p->gradientRow + column * p->gradientColumn + c;
        two[i] = has ? load_lanes(from, lanes) : splat(0);
        if (++column >= order.pitch) column = 0, row++;
      }
      *(vuu *)out = ((vu)two[0] >> 16) | ((vu)two[1] & 0xffff0000u);
    }
  }
}

// 16 channels of some pixels, `step` numbers apart, to [channel][pixel], `pitch` numbers from one
// channel to the next.
INLINE void by_channel(bf16 *out, long pitch, const float *x, long step, long pixels, long lanes) {
  for (long pixel = 0; pixel < pixels; pixel += LANES) {
    const long count = pixels - pixel < LANES ? pixels - pixel : LANES;
    vf v[LANES];
    EACH(i, LANES) v[i] = i < count ? load_lanes(x + (pixel + i) * step, lanes) : splat(0);
    exchange(v);
    if (count == LANES)
      EACH(i, LANES) store(out + i * pitch + pixel, v[i]);
    else
      for (long i = 0; i < LANES; i++)
        for (long l = 0; l < count; l++) put(out + i * pitch + pixel + l, v[i][l]);
  }
}

static void share_channels(bf16 *out, const float *x, const bench_weight_product *p) {
  const long pixels = shared_pixels(p);
  for (long c = 0; pixels && c < p->operandColumn; c += LANES)
    by_channel(out + c * pixels, pixels, x + c, p->operandColumn, pixels, LANES);
}

// Up to 16 inputs as [input][row][place], from the operand or from the shared channels: numbers from one
// input to the next, and from one row to the next.
typedef struct {
  const bf16 *first;
  long pitch, row;
} input_block;

INLINE input_block block_of_inputs(bf16 *memory, const bf16 *channels, const float *x,
                                   const bench_weight_product *p, pixel_order order, long piece,
                                   long run, long input, long lanes) {
  const long shared = shared_pixels(p), step = p->operandColumn;
  const long start = p->runStarts[run] + input;
  if (shared && start % LANES == 0 && lanes == LANES) {
    const bf16 *from = channels + start % step * shared + start / step;
    const long row = p->operandRow / step;
    // As they are, where a row has whole pieces.
    if (p->columns % piece == 0) return (input_block){from, shared, row};
    for (long i = 0; i < LANES; i++) {
      bf16 *to = memory + i * order.places;
      for (long r = 0; r < p->rows; r++) {
        const bf16 *values = from + i * shared + r * row;
        for (long c = 0; c < p->columns; c++) to[r * order.pitch + c] = values[c];
        if (order.pitch > p->columns) to[r * order.pitch + p->columns] = 0;
      }
      if (order.places > p->rows * order.pitch) to[order.places - 1] = 0;
    }
    return (input_block){memory, order.places, order.pitch};
  }
  if (p->operandRow == p->columns * step && order.pitch == p->columns) {
    by_channel(memory, order.places, x + start, step, p->rows * p->columns, lanes);
  } else {
    for (long r = 0; r < p->rows; r++) {
      by_channel(memory + r * order.pitch, order.places, x + start + r * p->operandRow, step,
                 p->columns, lanes);
      if (order.pitch > p->columns)
        for (long i = 0; i < LANES; i++) memory[i * order.places + r * order.pitch + p->columns] = 0;
    }
  }
  if (order.places > p->rows * order.pitch)
    for (long i = 0; i < LANES; i++) memory[(i + 1) * order.places - 1] = 0;
  return (input_block){memory, order.places, order.pitch};
}
