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

static void expand_columns(float *out, const float *x, long columns, long length, long step) {
  // Whole vectors, the next column overwriting what is too much; the last ones are exact.
  long whole = (length + LANES - 1) / LANES * LANES, least = step < length ? step : length;
  long rest = (columns - 1) * least + length;
  for (long i = 0; i < columns; i++, out += length, x += step, rest -= least) {
    if (rest < whole) {
      memcpy(out, x, sizeof(float) * (size_t)length);
      continue;
    }
    for (long c = 0; c < length; c += LANES) store(out + c, load(x + c));
  }
}

static void block_channels(float *out, long block, long W, const float *x, long pixels, long C) {
  for (long b = 0; b < C / W; b++)
    for (long p = 0; p < pixels; p++)
      for (long c = 0; c < W; c += LANES)
        store(out + b * block + p * W + c, load(x + p * C + b * W + c));
}
