// Products in the order `pairs` (panels.inc.h) by VDPBF16PS, of the AVX512_BF16 instructions: dot(sum, a, b)
// adds to each of 16 sums the products of a pair of bf16.
// Included by native.c with the instruction, and by imitated.c with what it computes.

enum { COLUMNS = 12, ROWS = 8 };

INLINE vu both(const bf16 *p) {
  uint32_t pair;
  memcpy(&pair, p, sizeof pair);
  return (vu){pair, pair, pair, pair, pair, pair, pair, pair,
              pair, pair, pair, pair, pair, pair, pair, pair};
}
INLINE vu pairs_at(const uint32_t *p) { return *(const vuu *)p; }

// N neighbouring outputs of one row, 16 · P of their channels.
INLINE void columns_of(void *y, int half, long lanes, const bf16 *x, const uint32_t *w,
                       const bench_product *p, const int N, const int P) {
  vf sum[2][COLUMNS];
  const long next = p->operandColumn, panel = p->depth / 2 * LANES;
  EACH(q, P) EACH(i, N) sum[q][i] = splat(0);
  for (long run = 0; run < p->runs; run++) {
    const bf16 *from = x + p->runStarts[run], *end = from + p->runLengths[run];
    for (; from < end; from += 2, w += LANES) {
      vu weight[2];
      EACH(q, P) weight[q] = pairs_at(w + q * panel);
      EACH(i, N) {
        vu value = both(from + i * next);
        EACH(q, P) sum[q][i] = dot(sum[q][i], value, weight[q]);
      }
    }
  }
  EACH(q, P) EACH(i, N) {
    store_sums(y, half, i * p->resultColumn + q * LANES, sum[q][i], q + 1 < P ? LANES : lanes);
  }
}

static void pairs_product(void *y, int half, const void *operands, const void *weights,
                    const bench_product *p) {
  const bf16 *x = operands;
  const long bytes = half ? sizeof(bf16) : sizeof(float);
  // Rows whose operands stay in cache while all panels of weights go over them.
  const long together = 65536 / (p->operandRow > 0 ? p->operandRow : 1) + 1;
  for (long first = 0; first < p->rows; first += together) {
    long end = first + together < p->rows ? first + together : p->rows;
    for (long c = 0, panels; c < p->results; c += panels * LANES) {
      const uint32_t *w = (const uint32_t *)weights + c * (p->depth / 2);
      panels = p->results - c > LANES ? 2 : 1;
      long lanes = p->results - c - (panels - 1) * LANES;
      for (long row = first; row < end; row++) {
        for (long column = 0, n; column < p->columns; column += n) {
          long left = p->columns - column;
          n = left >= 2 * COLUMNS || left == COLUMNS ? COLUMNS
              : left > COLUMNS                       ? (left + 1) / 2
                                                     : left;
          const bf16 *from = x + row * p->operandRow + column * p->operandColumn;
          char *to = (char *)y + (row * p->resultRow + column * p->resultColumn + c) * bytes;
#define CASE(N)                                          \
  case N:                                                \
    if (panels == 1)                                     \
      columns_of(to, half, lanes, from, w, p, N, 1);     \
    else                                                 \
      columns_of(to, half, lanes, from, w, p, N, 2);     \
    break;
          switch (n) {
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
            CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
          }
#undef CASE
        }
      }
    }
  }
}

// ROWS inputs and 16 · P results, over all pixels.
INLINE void rows_of(float *dw, input_block in, const uint32_t *gradients,
                    const bench_weight_product *p, pixel_order order, long inputs, long lanes,
                    const int P) {
  vf sum[2][ROWS];
#define COUNT(q) (q + 1 < P ? LANES : lanes)
  EACH(q, P) EACH(i, ROWS) {
    sum[q][i] =
        i < inputs ? load_lanes(dw + i * p->results + q * LANES, COUNT(q)) : splat(0);
  }
  const long panel = order.places / 2 * LANES;
  for (long row = 0; row < p->rows; row++) {
    const bf16 *from = in.first + row * in.row;
    for (const bf16 *end = from + order.pitch; from < end; from += 2, gradients += LANES) {
      vu slope[2];
      EACH(q, P) slope[q] = pairs_at(gradients + q * panel);
      EACH(i, ROWS) {
        vu value = both(from + i * in.pitch);
        EACH(q, P) sum[q][i] = dot(sum[q][i], value, slope[q]);
      }
    }
  }
  EACH(q, P) EACH(i, ROWS) {
    if (i < inputs) store_lanes(dw + i * p->results + q * LANES, sum[q][i], COUNT(q));
  }
#undef COUNT
}

static void pairs_weight_gradient(float *dw, const float *x, const float *dy,
                                  const bench_weight_product *p, void *memory) {
  const weight_scratch scratch = weight_scratch_at(memory, p);
  const pixel_order order = row_order(p);
  pair_gradients(scratch.gradients, dy, p, order);
  share_channels(scratch.channels, x, p);
  long start = 0;
  for (long run = 0; run < p->runs; start += p->runLengths[run], run++) {
    long from = p->firstInput > start ? p->firstInput - start : 0;
    long end = p->endInput - start < p->runLengths[run] ? p->endInput - start : p->runLengths[run];
    for (long i = from; i < end; i += LANES) {
      const long count = end - i < LANES ? end - i : LANES;
      const input_block in =
          block_of_inputs(scratch.inputs, scratch.channels, x, p, order, 2, run, i, count);
      for (long c = p->firstResult, panels; c < p->endResult; c += panels * LANES) {
        panels = p->endResult - c > LANES ? 2 : 1;
        const long lanes = p->results - c - (panels - 1) * LANES;
        const uint32_t *gradients =
            scratch.gradients + (c - p->firstResult) / LANES * (order.places / 2 * LANES);
        for (long j = 0; j < count; j += ROWS) {
          float *to = dw + (start + i + j) * p->results + c;
          const input_block part = {in.first + j * in.pitch, in.pitch, in.row};
          if (panels == 1)
            rows_of(to, part, gradients, p, order, count - j, lanes, 1);
          else
            rows_of(to, part, gradients, p, order, count - j, lanes, 2);
        }
      }
    }
  }
}

static double pairs_multiply_add(long rounds, float *sink) {
  vf a[COLUMNS];
  vu x = (vu)splat(0.5f), y = (vu)splat(0.001f);
  EACH(i, COLUMNS) a[i] = splat((float)i);
  for (long r = 0; r < rounds; r++) EACH(i, COLUMNS) a[i] = dot(a[i], x, y);
  vf sum = splat(0);
  EACH(i, COLUMNS) sum += a[i];
  *sink = sum[0];
  return 2.0 * 2 * LANES * COLUMNS * (double)rounds;
}
