// Products of an image with weights in panels of 16 results, and the gradient of such weights.
//
// The order of the sums is fixed: an output starts at +0; for each pair of neighbouring factors it
// becomes FMA(even, FMA(odd, output)). A factor without a neighbour has zero for one. With factors that
// bf16 can hold this is the model `pairs`, what a chain of VDPBF16PS computes. Without FMA the order is
// the same, and each step is rounded twice.
// Included by sweeps.inc.h, once per instruction set.

#define UNROLLED _Pragma("clang loop unroll(full)")
#define EACH(i, N) UNROLLED for (int i = 0; i < N; i++)

INLINE void store_lanes(float *p, vf v, long lanes) {
  if (lanes >= LANES)
    store(p, v);
  else
    for (long l = 0; l < lanes; l++) p[l] = v[l];
}

INLINE vf load_lanes(const float *p, long lanes) {
  if (lanes >= LANES) return load(p);
  vf v = splat(0);
  for (long l = 0; l < lanes; l++) v[l] = p[l];
  return v;
}

// The numbers of columns in which a row is taken: as many as registers allow, the last two alike.
INLINE long next_columns(long left) {
  const long most = PANEL_COLUMNS;
  return left >= 2 * most || left == most ? most : left > most ? (left + 1) / 2 : left;
}

#if PANEL_COLUMNS > 6
#define COLUMN_CASES(CASE) \
  CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#elif PANEL_COLUMNS > 2
#define COLUMN_CASES(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#else
#define COLUMN_CASES(CASE) CASE(1) CASE(2)
#endif

// N neighbouring outputs of one row, 16 · P of their channels; the last 16 may be fewer.
INLINE void panel_columns(void *y, int half, long lanes, const float *x, const float *w,
                          const bench_product *p, const int N, const int P) {
  vf sum[P][N];
  const long next = p->operandColumn, panel = p->depth * LANES, step = p->resultColumn;
  EACH(q, P) EACH(i, N) sum[q][i] = splat(0);
  for (long run = 0; run < p->runs; run++) {
    const float *from = x + p->runStarts[run], *end = from + (p->runLengths[run] & ~1L);
    for (; from < end; from += 2, w += 2 * LANES) {
      vf weight[P];
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
  EACH(q, P) {
    long count = q + 1 < P ? LANES : lanes;
    EACH(i, N) {
      if (half) {
        bf16 *to = (bf16 *)y + i * step + q * LANES;
        vf v = rounded(sum[q][i]);
        if (count >= LANES)
          store(to, v);
        else
          for (long l = 0; l < count; l++) put(to + l, v[l]);
      } else {
        store_lanes((float *)y + i * step + q * LANES, sum[q][i], count);
      }
    }
  }
}

static void panel_product(void *y, int half, const float *x, const float *w,
                          const bench_product *p) {
  const long bytes = half ? sizeof(bf16) : sizeof(float);
  // Rows whose operands stay in cache while all panels of weights go over them.
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
          n = next_columns(p->columns - column);
          void *out = to + column * p->resultColumn * bytes;
          const float *operands = from + column * p->operandColumn;
#define CASE(N)                                                      \
  case N:                                                            \
    if (panels == 1)                                                 \
      panel_columns(out, half, lanes, operands, panel, p, N, 1);     \
    else                                                             \
      panel_columns(out, half, lanes, operands, panel, p, N, PANELS); \
    break;
          switch (n) { COLUMN_CASES(CASE) }
#undef CASE
        }
      }
    }
  }
}

// N neighbouring inputs and 16 · P channels of the output, over some rows of an image.
INLINE void panel_weights(float *dw, const float *x, const float *dy,
                          const bench_weight_product *p, long rows, long lanes, const int N,
                          const int P) {
  vf sum[P][N];
  const long outputs = p->results;
#define COUNT(q) (q + 1 < P ? LANES : lanes)
  EACH(q, P) EACH(i, N) sum[q][i] = load_lanes(dw + i * outputs + q * LANES, COUNT(q));
  for (long row = 0; row < rows; row++) {
    const float *from = x + row * p->operandRow, *d = dy + row * p->gradientRow;
    long column = 0;
    vf slope[P];
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

static void panel_weight_gradient(float *dw, const float *x, const float *dy,
                                  const bench_weight_product *p) {
  // Rows whose gradients stay in the first cache.
  const long together = 4096 / (p->gradientRow > 0 ? p->gradientRow : 1) + 1;
  for (long first = 0; first < p->rows; first += together) {
    long rows = first + together < p->rows ? together : p->rows - first, start = 0;
    for (long run = 0; run < p->runs; start += p->runLengths[run], run++) {
      // The part of the run that is asked for.
      long from = p->firstInput > start ? p->firstInput - start : 0;
      long end = p->endInput - start < p->runLengths[run] ? p->endInput - start : p->runLengths[run];
      for (long c = p->firstResult, panels; c < p->endResult; c += panels * LANES) {
        panels = p->endResult - c > LANES ? PANELS : 1;
        long lanes = p->results - c - (panels - 1) * LANES;
        for (long i = from, n; i < end; i += n) {
          n = next_columns(end - i);
          float *to = dw + (start + i) * p->results + c;
          const float *values = x + p->runStarts[run] + i + first * p->operandRow;
          const float *d = dy + c + first * p->gradientRow;
#define CASE(N)                                                    \
  case N:                                                          \
    if (lanes < LANES && panels == 1)                              \
      panel_weights(to, values, d, p, rows, lanes, N, 1);          \
    else if (lanes < LANES)                                        \
      panel_weights(to, values, d, p, rows, lanes, N, PANELS);     \
    else if (panels == 1)                                          \
      panel_weights(to, values, d, p, rows, LANES, N, 1);          \
    else                                                           \
      panel_weights(to, values, d, p, rows, LANES, N, PANELS);     \
    break;
          switch (n) { COLUMN_CASES(CASE) }
#undef CASE
        }
      }
    }
  }
}

static void panels(float *out, long panel, const float *w, bench_matrix from, int half) {
  for (long c = 0; c < from.columns; c += LANES) {
    float *to = out + c / LANES * panel;
    long lanes = from.columns - c < LANES ? from.columns - c : LANES;
    for (long row = 0; row < from.rows; row++, to += LANES) {
      const float *values = w + row * from.rowStride + c * from.columnStride;
      for (long l = 0; l < lanes; l++) {
        float value = values[l * from.columnStride];
        to[l] = half ? rounded(value) : value;
      }
      for (long l = lanes; l < LANES; l++) to[l] = 0;
    }
  }
}
