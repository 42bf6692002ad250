// Products of bf16 numbers in the model `pairs`: what a chain of VDPBF16PS computes, from fp32 fused
// multiply-adds in the same order. An output starts at +0; for each pair of neighbouring factors it
// becomes FMA(even, FMA(odd, output)). A factor without a neighbour has zero for one.
// Included by sweeps.inc.h, once per instruction set. Without FMA nothing here holds the model.

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
INLINE long next_columns(long left, long most) {
  return left >= 2 * most || left == most ? most : left > most ? (left + 1) / 2 : left;
}

#if PRODUCT_COLUMNS > 6
#define CASES_BEYOND(CASE) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#else
#define CASES_BEYOND(CASE)
#endif
#define COLUMN_CASES(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASES_BEYOND(CASE)

// N neighbouring outputs of one row, 16 of their channels.
INLINE void pair_columns(void *y, int half, long step, long lanes, const float *x, const float *w,
                         const bench_product *p, const int N) {
  vf sum[PRODUCT_COLUMNS];
  const long next = p->operandColumn;
  EACH(i, N) sum[i] = splat(0);
  for (long run = 0; run < p->runs; run++) {
    const float *from = x + p->runStarts[run], *end = from + (p->runLengths[run] & ~1L);
    for (; from < end; from += 2, w += 2 * LANES) {
      vf odd = load(w + LANES);
      EACH(i, N) sum[i] += odd * splat(from[i * next + 1]);
      vf even = load(w);
      EACH(i, N) sum[i] += even * splat(from[i * next]);
    }
    if (p->runLengths[run] & 1) {
      vf even = load(w);
      EACH(i, N) sum[i] += splat(0);
      EACH(i, N) sum[i] += even * splat(from[i * next]);
      w += 2 * LANES;
    }
  }
  if (half) {
    EACH(i, N) {
      bf16 *to = (bf16 *)y + i * step;
      vf v = rounded(sum[i]);
      if (lanes >= LANES)
        store(to, v);
      else
        for (long l = 0; l < lanes; l++) put(to + l, v[l]);
    }
  } else {
    EACH(i, N) store_lanes((float *)y + i * step, sum[i], lanes);
  }
}

static void pair_product(void *y, int half, const float *x, const float *w,
                         const bench_product *p) {
  const long bytes = half ? sizeof(bf16) : sizeof(float);
  // Rows whose operands stay in cache while all panels of weights go over them.
  const long together = 32768 / (p->operandRow > 0 ? p->operandRow : 1) + 1;
  for (long first = 0; first < p->rows; first += together) {
    long end = first + together < p->rows ? first + together : p->rows;
    for (long c = 0; c < p->results; c += LANES) {
      const float *panel = w + c * p->depth;
      long lanes = p->results - c;
      for (long row = first; row < end; row++) {
        const float *from = x + row * p->operandRow;
        char *to = (char *)y + (row * p->resultRow + c) * bytes;
        for (long column = 0, n; column < p->columns; column += n) {
          n = next_columns(p->columns - column, PRODUCT_COLUMNS);
          void *out = to + column * p->resultColumn * bytes;
#define CASE(N)                                                                        \
  case N:                                                                              \
    pair_columns(out, half, p->resultColumn, lanes, from + column * p->operandColumn,  \
                 panel, p, N);                                                         \
    break;
          switch (n) { COLUMN_CASES(CASE) }
#undef CASE
        }
      }
    }
  }
}

// N neighbouring inputs and 16 channels of the output, over some rows of an image.
INLINE void pair_weights(float *dw, long outputs, const float *x, const float *dy,
                         const bench_weight_product *p, long rows, long lanes, const int N) {
  vf sum[PRODUCT_COLUMNS];
  EACH(i, N) sum[i] = load_lanes(dw + i * outputs, lanes);
  for (long row = 0; row < rows; row++) {
    const float *from = x + row * p->operandRow, *d = dy + row * p->gradientRow;
    long column = 0;
    for (; column + 2 <= p->columns; column += 2) {
      vf odd = load_lanes(d + p->gradientColumn, lanes);
      EACH(i, N) sum[i] += odd * splat(from[p->operandColumn + i]);
      vf even = load_lanes(d, lanes);
      EACH(i, N) sum[i] += even * splat(from[i]);
      from += 2 * p->operandColumn;
      d += 2 * p->gradientColumn;
    }
    if (column < p->columns) {
      vf even = load_lanes(d, lanes);
      EACH(i, N) sum[i] += splat(0);
      EACH(i, N) sum[i] += even * splat(from[i]);
    }
  }
  EACH(i, N) store_lanes(dw + i * outputs, sum[i], lanes);
}

static void pair_weight_gradient(float *dw, const float *x, const float *dy,
                                 const bench_weight_product *p) {
  // Rows whose gradients stay in the first cache.
  const long together = 4096 / (p->gradientRow > 0 ? p->gradientRow : 1) + 1;
  for (long first = 0; first < p->rows; first += together) {
    long rows = first + together < p->rows ? together : p->rows - first, start = 0;
    for (long run = 0; run < p->runs; start += p->runLengths[run], run++) {
      // The part of the run that is asked for.
      long from = p->firstInput > start ? p->firstInput - start : 0;
      long end = p->endInput - start < p->runLengths[run] ? p->endInput - start : p->runLengths[run];
      for (long c = p->firstResult; c < p->endResult; c += LANES)
        for (long i = from, n; i < end; i += n) {
          n = next_columns(end - i, PRODUCT_COLUMNS);
          float *to = dw + (start + i) * p->results + c;
          const float *values = x + p->runStarts[run] + i + first * p->operandRow;
          const float *d = dy + c + first * p->gradientRow;
          long lanes = p->results - c;
#define CASE(N)                                                        \
  case N:                                                              \
    if (lanes >= LANES)                                                \
      pair_weights(to, p->results, values, d, p, rows, LANES, N);      \
    else                                                               \
      pair_weights(to, p->results, values, d, p, rows, lanes, N);      \
    break;
          switch (n) { COLUMN_CASES(CASE) }
#undef CASE
        }
    }
  }
}

static void pair_panels(float *out, long panel, const float *w, bench_matrix from, int half) {
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
