// Products and weights' gradients in the order `tiles` (panels.inc.h), emulated.
// Included by panels.inc.h, once per instruction set.

// N neighbouring outputs of one row, 16 · P of their channels; the last 16 may be fewer.
INLINE void tile_columns(void *y, int half, long lanes, const float *x, const float *w,
                         const bench_product *p, const int N, const int P) {
  vf sum[PANELS][TILE_COLUMNS];
  const long next = p->operandColumn, panel = p->depth * LANES, step = p->resultColumn;
  EACH(q, P) EACH(i, N) sum[q][i] = splat(0);
  for (long run = 0; run < p->runs; run++) {
    const float *from = x + p->runStarts[run];
    for (long left = p->runLengths[run], taken; left > 0; left -= taken) {
      taken = left < PIECE ? left : PIECE;
      vf even[PANELS][TILE_COLUMNS], odd[PANELS][TILE_COLUMNS];
      EACH(q, P) EACH(i, N) even[q][i] = odd[q][i] = splat(0);
      for (const float *end = from + (taken & ~1L); from < end; from += 2, w += 2 * LANES) {
        EACH(i, N) {
          vf value = splat(from[i * next]);
          EACH(q, P) even[q][i] += load(w + q * panel) * value;
          value = splat(from[i * next + 1]);
          EACH(q, P) odd[q][i] += load(w + q * panel + LANES) * value;
        }
      }
      if (taken & 1) {
        EACH(q, P) EACH(i, N) even[q][i] += load(w + q * panel) * splat(from[i * next]);
        w += 2 * LANES;
      }
      EACH(q, P) EACH(i, N) sum[q][i] += even[q][i] + odd[q][i];
    }
  }
  EACH(q, P) EACH(i, N) {
    store_sums(y, half, i * step + q * LANES, sum[q][i], q + 1 < P ? LANES : lanes);
  }
}

// N neighbouring inputs and 16 · P channels of the output, over some pixels; x and dy are those of the
// image.
INLINE void tile_weights(float *dw, const float *x, const float *dy,
                         const bench_weight_product *p, long first, long pixels, long lanes,
                         const int N, const int P) {
  vf sum[PANELS][TILE_COLUMNS];
  const long outputs = p->results;
#define COUNT(q) (q + 1 < P ? LANES : lanes)
  EACH(q, P) EACH(i, N) sum[q][i] = load_lanes(dw + i * outputs + q * LANES, COUNT(q));
  long row = first / p->columns, column = first % p->columns;
  for (long left = pixels, taken; left > 0; left -= taken) {
    taken = left < PIECE ? left : PIECE;
    vf even[PANELS][TILE_COLUMNS], odd[PANELS][TILE_COLUMNS];
    EACH(q, P) EACH(i, N) even[q][i] = odd[q][i] = splat(0);
#define ADD(chain)                                                                   \
  {                                                                                  \
    const float *from = x + row * p->operandRow + column * p->operandColumn;         \
    const float *d = dy + row * p->gradientRow + column * p->gradientColumn;         \
    vf slope[PANELS];                                                                     \
    EACH(q, P) slope[q] = load_lanes(d + q * LANES, COUNT(q));                       \
    EACH(i, N) {                                                                     \
      vf value = splat(from[i]);                                                     \
      EACH(q, P) chain[q][i] += slope[q] * value;                                    \
    }                                                                                \
    if (++column == p->columns) column = 0, row++;                                   \
  }
    for (long pair = 0; pair < taken / 2; pair++) {
      ADD(even)
      ADD(odd)
    }
    if (taken & 1) ADD(even)
#undef ADD
    EACH(q, P) EACH(i, N) sum[q][i] += even[q][i] + odd[q][i];
  }
  EACH(q, P) EACH(i, N) store_lanes(dw + i * outputs + q * LANES, sum[q][i], COUNT(q));
#undef COUNT
}
