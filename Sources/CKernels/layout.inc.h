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
