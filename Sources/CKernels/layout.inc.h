// Numbers moved about, none changed.

static void transpose(float *out, long outStride, const float *x, long xStride, long rows,
                      long columns) {
  for (long r0 = 0; r0 < rows; r0 += LANES)
    for (long c0 = 0; c0 < columns; c0 += LANES) {
      long r1 = r0 + LANES < rows ? r0 + LANES : rows;
      long c1 = c0 + LANES < columns ? c0 + LANES : columns;
      for (long c = c0; c < c1; c++)
        for (long r = r0; r < r1; r++) out[c * outStride + r] = x[r * xStride + c];
    }
}

// Weights in panels of 16 results.
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

// Rows come in their order: an even one clears its neighbour's place.
static void pair_panels(void *out, long panel, long first, const float *w, bench_matrix from) {
  for (long c = 0; c < from.columns; c += LANES) {
    uint32_t *pairs = (uint32_t *)out + c / LANES * panel;
    long lanes = from.columns - c < LANES ? from.columns - c : LANES;
    for (long row = 0; row < from.rows; row++) {
      const float *values = w + row * from.rowStride + c * from.columnStride;
      uint32_t *to = pairs + (first + row) / 2 * LANES;
      int isOdd = (first + row) & 1;
      for (long l = 0; l < LANES; l++) {
        float value = l < lanes ? rounded(values[l * from.columnStride]) : 0;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        to[l] = isOdd ? to[l] | (bits & 0xffff0000u) : bits >> 16;
      }
    }
  }
}
