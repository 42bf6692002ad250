// What multiplies a shortcut: a constant, a dropout mask, a gate. out may be x.
// Included by images.inc.h, once per pair of formats.

// Whole vectors, then the rest in a copy: BODY makes `result` from the vectors named.
#define IN_VECTORS(count, out, BODY)                                        \
  for (long i = 0; i < (count); i += LANES) {                               \
    long left = (count) - i < LANES ? (count) - i : LANES;                  \
    vf result;                                                              \
    BODY;                                                                   \
    result = ROUND(result);                                                 \
    if (left == LANES)                                                      \
      store((STORED *)(out) + i, result);                                   \
    else                                                                    \
      for (long l = 0; l < left; l++) put((STORED *)(out) + i + l, result[l]); \
  }

INLINE vf FN(some)(const void *p, long i, long left) {
  const STORED *from = (const STORED *)p + i;
  if (left == LANES) return load(from);
  vf v = splat(0);
  for (long l = 0; l < left; l++) v[l] = get(from + l);
  return v;
}

static void FN(scale)(void *out, const void *x, long count, float factor) {
  IN_VECTORS(count, out, result = FN(some)(x, i, left) * splat(factor))
}

static void FN(gate)(void *out, const void *x, const void *z, long count, float sign) {
  IN_VECTORS(count, out,
             result = FN(some)(x, i, left) * sigmoid_of(FN(some)(z, i, left) * splat(sign)))
}

static void FN(gate_gradient)(void *out, const void *g, const void *x, const void *z, long count,
                              float sign) {
  IN_VECTORS(count, out, {
    vf s = sigmoid_of(FN(some)(z, i, left));
    result = FN(some)(g, i, left) * FN(some)(x, i, left) * splat(sign) * s * (splat(1) - s);
  })
}

static void FN(dropout)(void *out, const void *x, long count, uint32_t key0, uint32_t key1,
                        uint32_t threshold) {
  const vu lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  IN_VECTORS(count, out, {
    vu at = lanes + (uint32_t)i;
    vu hash = mixed(mixed(at ^ key0) + key1);
    result = (vf)((vi)FN(some)(x, i, left) & (vi)(hash >= threshold));
  })
}

#undef IN_VECTORS
