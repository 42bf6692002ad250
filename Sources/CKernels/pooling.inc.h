// Max pooling of one image, forward and backward.
// Included by sweeps.inc.h, once per instruction set.

static void max_pool(float *out, const float *x, long height, long width, long C, long kernel,
                     long stride, long padding, long outHeight, long outWidth) {
  for (long oy = 0; oy < outHeight; oy++)
    for (long ox = 0; ox < outWidth; ox++) {
      float *o = out + (oy * outWidth + ox) * C;
      for (long c = 0; c < C; c++) o[c] = -FLT_MAX;
      for (long ky = 0; ky < kernel; ky++) {
        long y = oy * stride + ky - padding;
        if (y < 0 || y >= height) continue;
        for (long kx = 0; kx < kernel; kx++) {
          long at = ox * stride + kx - padding;
          if (at < 0 || at >= width) continue;
          const float *p = x + (y * width + at) * C;
          for (long c = 0; c < C; c++) o[c] = p[c] > o[c] ? p[c] : o[c];
        }
      }
    }
}

static void max_pool_backward(float *dx, const float *x, const float *dy, long height, long width,
                              long C, long kernel, long stride, long padding, long outHeight,
                              long outWidth) {
  memset(dx, 0, sizeof(float) * (size_t)(height * width * C));
  float best[LANES];
  int32_t where[LANES];
  for (long oy = 0; oy < outHeight; oy++)
    for (long ox = 0; ox < outWidth; ox++)
      for (long base = 0; base < C; base += LANES) {
        long n = C - base < LANES ? C - base : LANES;
        for (int i = 0; i < LANES; i++) best[i] = -FLT_MAX, where[i] = -1;
        for (long ky = 0; ky < kernel; ky++) {
          long y = oy * stride + ky - padding;
          if (y < 0 || y >= height) continue;
          for (long kx = 0; kx < kernel; kx++) {
            long at = ox * stride + kx - padding;
            if (at < 0 || at >= width) continue;
            const float *p = x + (y * width + at) * C + base;
            for (long i = 0; i < n; i++)
              if (p[i] > best[i]) best[i] = p[i], where[i] = (int32_t)(y * width + at);
          }
        }
        const float *d = dy + (oy * outWidth + ox) * C + base;
        for (long i = 0; i < n; i++)
          if (where[i] >= 0) dx[where[i] * C + base + i] += d[i];
      }
}
