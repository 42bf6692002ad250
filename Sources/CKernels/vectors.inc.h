// Vectors of 16 floats as GNU vectors: one register on AVX-512, two on AVX2, four on SSE2.
// Included once per instruction set.

// The vectors below never cross a call: every function that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));
typedef float vfu __attribute__((vector_size(64), aligned(4), may_alias));

#define LANES 16
#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")
#define EACH(i, N) UNROLLED for (int i = 0; i < N; i++)

#include "formats.inc.h"

INLINE vf splat(float x) { return (vf){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE vf select_positive(vf test, vf v) { return (vf)((test > splat(0)) & (vi)v); }
INLINE vf relu_of(vf v) { return select_positive(v, v); }

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

// Sums of a product as bf16, rounded, or as fp32.
INLINE void store_sums(void *y, int half, long at, vf v, long lanes) {
  if (!half) {
    store_lanes((float *)y + at, v, lanes);
  } else {
    v = rounded(v);
    if (lanes >= LANES)
      store((bf16 *)y + at, v);
    else
      for (long l = 0; l < lanes; l++) put((bf16 *)y + at + l, v[l]);
  }
}
