// The formats of stored numbers, fp32 and bf16, as vectors of 16 and one by one.
// Included by sweeps.inc.h, once per instruction set.

typedef uint16_t bf16;
typedef uint32_t vu __attribute__((vector_size(64)));
typedef uint16_t vh __attribute__((vector_size(32)));
typedef uint16_t vhu __attribute__((vector_size(32), aligned(2), may_alias));

#define OVERLOAD static inline __attribute__((always_inline, overloadable))

OVERLOAD vf load(const float *p) { return *(const vfu *)p; }
OVERLOAD void store(float *p, vf v) { *(vfu *)p = v; }
OVERLOAD float get(const float *p) { return *p; }
OVERLOAD void put(float *p, float x) { *p = x; }

// bf16 is the upper half of fp32.
OVERLOAD vf load(const bf16 *p) {
  return (vf)(__builtin_convertvector((vh) * (const vhu *)p, vu) << 16);
}
// v as `rounded` gives it.
OVERLOAD void store(bf16 *p, vf v) { *(vhu *)p = __builtin_convertvector((vu)v >> 16, vh); }
OVERLOAD float get(const bf16 *p) {
  uint32_t bits = (uint32_t)*p << 16;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
OVERLOAD void put(bf16 *p, float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  *p = (bf16)(bits >> 16);
}

// To the nearest bf16, ties to even; every NaN becomes one.
OVERLOAD vf rounded(vf v) {
  vu bits = (vu)v, up = ((bits >> 16) & 1) + 0x7fff;
  vi isNaN = v != v;
  bits = (bits + up) & 0xffff0000u;
  return (vf)((bits & ~(vu)isNaN) | ((vu)isNaN & 0x7fc00000u));
}
OVERLOAD float rounded(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = x != x ? 0x7fc00000u : (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// Numbers from one format to another that can hold them.
OVERLOAD void copy(float *out, const float *x, long count) {
  memcpy(out, x, sizeof(float) * (size_t)count);
}
OVERLOAD void copy(float *out, const bf16 *x, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, load(x + i));
  for (; i < count; i++) out[i] = get(x + i);
}
OVERLOAD void copy(bf16 *out, const float *x, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(out + i, load(x + i));
  for (; i < count; i++) put(out + i, x[i]);
}
