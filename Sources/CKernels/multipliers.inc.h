// What multiplies a shortcut: a constant, a dropout mask, a gate. out may be x.

typedef uint32_t vu __attribute__((vector_size(64)));

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

// Whole vectors, then the rest in a copy: BODY makes `result` from the vectors named.
#define IN_VECTORS(count, out, BODY)                                      \
  for (long i = 0; i < (count); i += LANES) {                             \
    long left = (count) - i < LANES ? (count) - i : LANES;                \
    vf result;                                                            \
    BODY;                                                                 \
    if (left == LANES)                                                    \
      store((out) + i, result);                                           \
    else                                                                  \
      memcpy((out) + i, &result, sizeof(float) * (size_t)left);           \
  }

INLINE vf load_some(const float *p, long left) {
  if (left == LANES) return load(p);
  vf v = splat(0);
  memcpy(&v, p, sizeof(float) * (size_t)left);
  return v;
}

static void scale(float *out, const float *x, long count, float factor) {
  IN_VECTORS(count, out, result = load_some(x + i, left) * splat(factor))
}

static void gate(float *out, const float *x, const float *z, long count, float sign) {
  IN_VECTORS(count, out,
             result = load_some(x + i, left) * sigmoid_of(load_some(z + i, left) * splat(sign)))
}

static void gate_gradient(float *out, const float *g, const float *x, const float *z, long count,
                          float sign) {
  IN_VECTORS(count, out, {
    vf s = sigmoid_of(load_some(z + i, left));
    result = load_some(g + i, left) * load_some(x + i, left) * splat(sign) * s * (splat(1) - s);
  })
}

// The mixing function of a 32-bit hash (Wellons, "Prospecting for Hash Functions", 2018).
INLINE vu mixed(vu x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

static void dropout(float *out, const float *x, long count, uint32_t key0, uint32_t key1,
                    uint32_t threshold) {
  const vu lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  IN_VECTORS(count, out, {
    vu at = lanes + (uint32_t)i;
    vu hash = mixed(mixed(at ^ key0) + key1);
    result = (vf)((vi)load_some(x + i, left) & (vi)(hash >= threshold));
  })
}
