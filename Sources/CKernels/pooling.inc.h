// Max pooling of one image, forward and backward.
// Included by images.inc.h, once per pair of formats.

static void FN(max_pool)(void *pooled, const void *image, bench_pooling s) {
  STORED *out = pooled;
  const OPERAND *x = image;
  const long height = s.input.rows, width = s.input.width, C = s.input.channels;
  const long outWidth = s.outWidth;
  long vectors = C / LANES * LANES, y0, y1, x0, x1;
  for (long oy = 0; oy < s.outRows; oy++) {
    long top = window_start(oy, height, s, &y0, &y1);
    for (long ox = 0; ox < outWidth; ox++) {
      long left = window_start(ox, width, s, &x0, &x1);
      const OPERAND *corner = x + (top * width + left) * C;
      STORED *o = out + (oy * outWidth + ox) * C;
      for (long c = 0; c < vectors; c += LANES) {
        vf best = splat(-FLT_MAX);
        for (long ky = y0; ky < y1; ky++)
          for (long kx = x0; kx < x1; kx++) {
            vf v = load(corner + (ky * width + kx) * C + c);
            vi greater = v > best;
            best = (vf)((greater & (vi)v) | (~greater & (vi)best));
          }
        store(o + c, best);
      }
      for (long c = vectors; c < C; c++) {
        float best = -FLT_MAX;
        for (long ky = y0; ky < y1; ky++)
          for (long kx = x0; kx < x1; kx++) {
            float v = get(corner + (ky * width + kx) * C + c);
            best = v > best ? v : best;
          }
        put(o + c, best);
      }
    }
  }
}

static void FN(max_pool_backward)(float *dx, const void *image, const void *gradient,
                                  bench_pooling s) {
  const OPERAND *x = image, *dy = gradient;
  const long height = s.input.rows, width = s.input.width, C = s.input.channels;
  const long kernel = s.kernel, outWidth = s.outWidth;
  memset(dx, 0, sizeof(float) * (size_t)(height * width * C));
  long vectors = C / LANES * LANES, y0, y1, x0, x1;
  for (long oy = 0; oy < s.outRows; oy++) {
    long top = window_start(oy, height, s, &y0, &y1);
    for (long ox = 0; ox < outWidth; ox++) {
      long left = window_start(ox, width, s, &x0, &x1);
      long corner = (top * width + left) * C;
      const OPERAND *d = dy + (oy * outWidth + ox) * C;
      for (long c = 0; c < vectors; c += LANES) {
        vf best = splat(-FLT_MAX);
        vi where = (vi)splat(0) - 1;
        for (long ky = y0; ky < y1; ky++)
          for (long kx = x0; kx < x1; kx++) {
            vf v = load(x + corner + (ky * width + kx) * C + c);
            vi greater = v > best, here = (vi)splat(0) + (int32_t)(ky * kernel + kx);
            best = (vf)((greater & (vi)v) | (~greater & (vi)best));
            where = (greater & here) | (~greater & where);
          }
        vf slope = load(d + c);
        for (long ky = y0; ky < y1; ky++)
          for (long kx = x0; kx < x1; kx++) {
            float *to = dx + corner + (ky * width + kx) * C + c;
            vi here = where == (vi)splat(0) + (int32_t)(ky * kernel + kx);
            store(to, load(to) + (vf)(here & (vi)slope));
          }
      }
      for (long c = vectors; c < C; c++) {
        float best = -FLT_MAX;
        long where = -1;
        for (long ky = y0; ky < y1; ky++)
          for (long kx = x0; kx < x1; kx++) {
            long at = corner + (ky * width + kx) * C + c;
            if (get(x + at) > best) best = get(x + at), where = at;
          }
        if (where >= 0) dx[where] += get(d + c);
      }
    }
  }
}
