// Products of an image with weights in panels of 16 results, and the gradient of such weights, in two
// orders of their sums.
//
// `pairs`: an output starts at +0; for each pair of neighbouring factors it becomes
// FMA(even, FMA(odd, output)). A factor without a neighbour has zero for one. With factors that bf16
// can hold this is what a chain of VDPBF16PS computes.
// `tiles`: an output starts at +0; the factors of a run are taken 32 at a time, the last ones fewer. For
// each of these pieces, two chains of FMAs from +0 go over its even and its odd factors; their sum is
// added to the output. With factors that bf16 can hold this is what a chain of TDPBF16PS computes.
// A weights' gradient starts from what is there. Its factors are pixels: in `pairs` those of each row,
// in `tiles` those of the image, row after row.
// Without FMA the orders are the same, and each step is rounded twice.
// Included by sweeps.inc.h, once per instruction set.

// A piece of `tiles`.
enum { PIECE = 32 };

// The numbers of columns in which a row is taken: as many as registers allow, the last two alike.
INLINE long next_columns(long left, const long most) {
  return left >= 2 * most || left == most ? most : left > most ? (left + 1) / 2 : left;
}

#if PANEL_COLUMNS > 6
#define COLUMN_CASES(CASE) \
  CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#define TILE_CASES(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#elif PANEL_COLUMNS > 2
#define COLUMN_CASES(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#define TILE_CASES(CASE) CASE(1) CASE(2) CASE(3)
#else
#define COLUMN_CASES(CASE) CASE(1) CASE(2)
#define TILE_CASES(CASE) CASE(1)
#endif
// `tiles` needs two chains for every sum.
#define TILE_COLUMNS (PANEL_COLUMNS / 2)

// N neighbouring outputs of one row, 16 · P of their channels; the last 16 may be fewer.
INLINE void pair_columns(void *y, int half, long lanes, const float *x, const float *w,
                         const bench_product *p, const int N, const int P) {
  vf sum[PANELS][PANEL_COLUMNS];
  const long next = p->operandColumn, panel = p->depth * LANES, step = p->resultColumn;
  EACH(q, P) EACH(i, N) sum[q][i] = splat(0);
  for (long run = 0; run < p->runs; run++) {
    const float *from = x + p->runStarts[run], *end = from + (p->runLengths[run] & ~1L);
    for (; from < end; from += 2, w += 2 * LANES) {
      vf weight[PANELS];
      EACH(q, P) weight[q] = load(w + q * panel + LANES);
      EACH(i, N) {
        vf value = splat(from[i * next + 1]);
        EACH(q, P) sum[q][i] += weight[q] * value;
      }
      EACH(q, P) weight[q] = load(w + q * panel);
      EACH(i, N) {
        vf value = splat(from[i * next]);
        EACH(q, P) sum[q][i] += weight[q] * value;
      }
    }
    if (p->runLengths[run] & 1) {
      EACH(q, P) EACH(i, N) sum[q][i] += splat(0);
      EACH(q, P) EACH(i, N) sum[q][i] += load(w + q * panel) * splat(from[i * next]);
      w += 2 * LANES;
    }
  }
  EACH(q, P) EACH(i, N) {
    store_sums(y, half, i * step + q * LANES, sum[q][i], q + 1 < P ? LANES : lanes);
  }
}

#include "tiles.inc.h"

typedef void columns_function(void *y, int half, long lanes, const float *x, const float *w,
                              const bench_product *p, long n, long panels);

// Outputs in blocks whose operands stay in cache while all panels of weights go over them.
INLINE void product_blocks(void *y, int half, const float *x, const float *w,
                           const bench_product *p, const long most, columns_function *columns) {
  const long bytes = half ? sizeof(bf16) : sizeof(float);
  const long together = 32768 / (p->operandRow > 0 ? p->operandRow : 1) + 1;
  for (long first = 0; first < p->rows; first += together) {
    long end = first + together < p->rows ? first + together : p->rows;
    for (long c = 0, panels; c < p->results; c += panels * LANES) {
      const float *panel = w + c * p->depth;
      panels = p->results - c > LANES ? PANELS : 1;
      long lanes = p->results - c - (panels - 1) * LANES;
      for (long row = first; row < end; row++) {
        const float *from = x + row * p->operandRow;
        char *to = (char *)y + (row * p->resultRow + c) * bytes;
        for (long column = 0, n; column < p->columns; column += n) {
          n = next_columns(p->columns - column, most);
          columns(to + column * p->resultColumn * bytes, half, lanes,
                  from + column * p->operandColumn, panel, p, n, panels);
        }
      }
    }
  }
}

#define CASE(N)                                                     \
  case N:                                                           \
    if (panels == 1)                                                \
      COLUMNS(y, half, lanes, x, w, p, N, 1);                       \
    else                                                            \
      COLUMNS(y, half, lanes, x, w, p, N, PANELS);                  \
    break;
INLINE void any_pair_columns(void *y, int half, long lanes, const float *x, const float *w,
                             const bench_product *p, long n, long panels) {
#define COLUMNS pair_columns
  switch (n) { COLUMN_CASES(CASE) }
#undef COLUMNS
}

INLINE void any_tile_columns(void *y, int half, long lanes, const float *x, const float *w,
                             const bench_product *p, long n, long panels) {
#define COLUMNS tile_columns
  switch (n) { TILE_CASES(CASE) }
#undef COLUMNS
}
#undef CASE

static void pair_product(void *y, int half, const void *x, const void *w,
                         const bench_product *p) {
  product_blocks(y, half, x, w, p, PANEL_COLUMNS, any_pair_columns);
}

static void tile_product(void *y, int half, const void *x, const void *w,
                         const bench_product *p) {
  product_blocks(y, half, x, w, p, TILE_COLUMNS, any_tile_columns);
}

// N neighbouring inputs and 16 · P channels of the output, over some rows of an image.
INLINE void pair_weights(float *dw, const float *x, const float *dy,
                         const bench_weight_product *p, long rows, long lanes, const int N,
                         const int P) {
  vf sum[PANELS][PANEL_COLUMNS];
  const long outputs = p->results;
#define COUNT(q) (q + 1 < P ? LANES : lanes)
  EACH(q, P) EACH(i, N) sum[q][i] = load_lanes(dw + i * outputs + q * LANES, COUNT(q));
  for (long row = 0; row < rows; row++) {
    const float *from = x + row * p->operandRow, *d = dy + row * p->gradientRow;
    long column = 0;
    vf slope[PANELS];
    for (; column + 2 <= p->columns; column += 2) {
      EACH(q, P) slope[q] = load_lanes(d + p->gradientColumn + q * LANES, COUNT(q));
      EACH(i, N) {
        vf value = splat(from[p->operandColumn + i]);
        EACH(q, P) sum[q][i] += slope[q] * value;
      }
      EACH(q, P) slope[q] = load_lanes(d + q * LANES, COUNT(q));
      EACH(i, N) {
        vf value = splat(from[i]);
        EACH(q, P) sum[q][i] += slope[q] * value;
      }
      from += 2 * p->operandColumn;
      d += 2 * p->gradientColumn;
    }
    if (column < p->columns) {
      EACH(q, P) EACH(i, N) sum[q][i] += splat(0);
      EACH(q, P) slope[q] = load_lanes(d + q * LANES, COUNT(q));
      EACH(q, P) EACH(i, N) sum[q][i] += slope[q] * splat(from[i]);
    }
  }
  EACH(q, P) EACH(i, N) store_lanes(dw + i * outputs + q * LANES, sum[q][i], COUNT(q));
#undef COUNT
}

typedef void weights_function(float *dw, const float *x, const float *dy,
                              const bench_weight_product *p, long first, long count, long lanes,
                              long n, long panels);

// The part that is asked for, over some rows (`pairs`) or some pixels (`tiles`).
INLINE void weight_blocks(float *dw, const float *x, const float *dy,
                          const bench_weight_product *p, long first, long count, const long most,
                          weights_function *weights) {
  long start = 0;
  for (long run = 0; run < p->runs; start += p->runLengths[run], run++) {
    // The part of the run that is asked for.
    long from = p->firstInput > start ? p->firstInput - start : 0;
    long end = p->endInput - start < p->runLengths[run] ? p->endInput - start : p->runLengths[run];
    for (long c = p->firstResult, panels; c < p->endResult; c += panels * LANES) {
      panels = p->endResult - c > LANES ? PANELS : 1;
      long lanes = p->results - c - (panels - 1) * LANES;
      for (long i = from, n; i < end; i += n) {
        n = next_columns(end - i, most);
        weights(dw + (start + i) * p->results + c, x + p->runStarts[run] + i, dy + c, p, first,
                count, lanes, n, panels);
      }
    }
  }
}

#define CASE(N)                                                  \
  case N:                                                        \
    if (lanes < LANES && panels == 1)                            \
      WEIGHTS(lanes, N, 1);                                      \
    else if (lanes < LANES)                                      \
      WEIGHTS(lanes, N, PANELS);                                 \
    else if (panels == 1)                                        \
      WEIGHTS(LANES, N, 1);                                      \
    else                                                         \
      WEIGHTS(LANES, N, PANELS);                                 \
    break;
INLINE void any_pair_weights(float *dw, const float *x, const float *dy,
                             const bench_weight_product *p, long first, long rows, long lanes,
                             long n, long panels) {
  x += first * p->operandRow;
  dy += first * p->gradientRow;
#define WEIGHTS(lanes, N, P) pair_weights(dw, x, dy, p, rows, lanes, N, P)
  switch (n) { COLUMN_CASES(CASE) }
#undef WEIGHTS
}

INLINE void any_tile_weights(float *dw, const float *x, const float *dy,
                             const bench_weight_product *p, long first, long pixels, long lanes,
                             long n, long panels) {
#define WEIGHTS(lanes, N, P) tile_weights(dw, x, dy, p, first, pixels, lanes, N, P)
  switch (n) { TILE_CASES(CASE) }
#undef WEIGHTS
}
#undef CASE

static void pair_weight_gradient(float *dw, const float *x, const float *dy,
                                 const bench_weight_product *p, void *scratch) {
  (void)scratch;
  // Rows whose gradients stay in the first cache.
  const long together = 4096 / (p->gradientRow > 0 ? p->gradientRow : 1) + 1;
  for (long first = 0; first < p->rows; first += together) {
    long rows = first + together < p->rows ? together : p->rows - first;
    weight_blocks(dw, x, dy, p, first, rows, PANEL_COLUMNS, any_pair_weights);
  }
}

static void tile_weight_gradient(float *dw, const float *x, const float *dy,
                                 const bench_weight_product *p, void *scratch) {
  (void)scratch;
  const long pixels = p->rows * p->columns, pixel = p->gradientColumn > 0 ? p->gradientColumn : 1;
  // Whole pieces whose gradients stay in the first cache.
  const long together = (4096 / (PIECE * pixel) + 1) * PIECE;
  for (long first = 0; first < pixels; first += together) {
    long count = first + together < pixels ? together : pixels - first;
    weight_blocks(dw, x, dy, p, first, count, TILE_COLUMNS, any_tile_weights);
  }
}
