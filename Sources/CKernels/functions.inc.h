// The functions of vectors that multipliers need, whatever the format.
// Included by sweeps.inc.h, once per instruction set.

INLINE vf exp_of(vf x) {
  // e^x = 2^n e^r, |r| <= ln 2 / 2; the polynomial is Cephes' (Moshier 1992), error below 2e-7.
  const vf low = splat(-87.0f), high = splat(87.0f);
  vi under = x < low, over = x > high;
  x = (vf)(((vi)x & ~under & ~over) | ((vi)low & under) | ((vi)high & over));
  // Adding 1.5 * 2^23 rounds to a whole number.
  vf n = (x * splat(1.44269504f) + splat(12582912.0f)) - splat(12582912.0f);
  vf r = x - n * splat(0.693359375f) + n * splat(2.12194440e-4f);
  vf p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * r * r + r + splat(1);
  vi exponent = (__builtin_convertvector(n, vi) + 127) << 23;
  return p * (vf)exponent;
}

INLINE vf sigmoid_of(vf z) { return splat(1) / (splat(1) + exp_of(-z)); }

// The mixing function of a 32-bit hash (Wellons, "Prospecting for Hash Functions", 2018).
INLINE vu mixed(vu x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

// Where a window starts, and which of its rows (or columns) lie inside the image.
INLINE long window_start(long out, long size, bench_pooling s, long *first, long *end) {
  long start = out * s.stride - s.padding;
  *first = start < 0 ? -start : 0;
  *end = size - start < s.kernel ? size - start : s.kernel;
  return start;
}
