// The elementwise sweeps over one image, for one pair of formats: STORED, in which tensors and their
// gradients are kept for the whole batch, and OPERAND, in which the products read an image.
// Included by sweeps.inc.h with these defined, and FN(name), which makes names of their own; ROUND
// gives numbers that STORED can hold, so that an operand equals what is stored of it.

INLINE float FN(apply)(bench_affine f, long c, float x) {
  return f.scale ? (x - f.mean[c]) * f.scale[c] + f.shift[c] : x;
}

// --- Reading a pending value -------------------------------------------------------------------

INLINE void FN(read_one_body)(OPERAND *out, long outPitch, STORED *tee, const STORED *x, long rows,
                              long width, long C, bench_affine f, int relu) {
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    OPERAND *o = out + r * outPitch;
    const STORED *row = x + r * width * C;
    STORED *t = tee ? tee + r * width * C : 0;
    if (!f.scale && !relu && !tee) {
      copy(o, row, width * C);
      continue;
    }
    for (long p = 0; p < width; p++, o += C, row += C) {
      for (long c = 0; c < vectors; c += LANES) {
        vf v = load(row + c);
        if (f.scale) v = (v - load(f.mean + c)) * load(f.scale + c) + load(f.shift + c);
        v = ROUND(relu ? relu_of(v) : v);
        store(o + c, v);
        if (tee) store(t + p * C + c, v);
      }
      for (long c = vectors; c < C; c++) {
        float v = FN(apply)(f, c, get(row + c));
        v = ROUND_ONE(relu && !(v > 0) ? 0 : v);
        put(o + c, v);
        if (tee) put(t + p * C + c, v);
      }
    }
  }
}

static void FN(read_one)(bench_target out, void *tee, bench_operand x, bench_shape shape, int relu) {
  const long rows = shape.rows, width = shape.width;
  const bench_affine f = x.affine;
#define BODY(tee, C, relu) \
  FN(read_one_body)(out.first, out.pitch, tee, x.values, rows, width, C, f, relu)
#define CASE(C)                       \
  case C:                             \
    if (f.scale && relu && !tee)      \
      BODY(0, C, 1);                  \
    else                              \
      BODY(tee, C, relu);             \
    break;
  switch (shape.channels) {
    CASE(16)
    CASE(32)
    CASE(64)
    default: BODY(tee, shape.channels, relu);
  }
#undef CASE
#undef BODY
}

INLINE void FN(read_two_body)(OPERAND *out, long outPitch, STORED *tee, const STORED *x,
                              bench_affine fx, const STORED *y, bench_affine fy, long rows,
                              long width, long C, int relu) {
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    OPERAND *o = out + r * outPitch;
    for (long p = 0; p < width; p++, o += C) {
      long at = (r * width + p) * C;
      for (long c = 0; c < vectors; c += LANES) {
        vf v = load(x + at + c), w = load(y + at + c);
        if (fx.scale) v = (v - load(fx.mean + c)) * load(fx.scale + c) + load(fx.shift + c);
        if (fy.scale) w = (w - load(fy.mean + c)) * load(fy.scale + c) + load(fy.shift + c);
        v += w;
        if (relu) v = relu_of(v);
        v = ROUND(v);
        store(o + c, v);
        if (tee) store(tee + at + c, v);
      }
      for (long c = vectors; c < C; c++) {
        float v = FN(apply)(fx, c, get(x + at + c)) + FN(apply)(fy, c, get(y + at + c));
        if (relu && !(v > 0)) v = 0;
        v = ROUND_ONE(v);
        put(o + c, v);
        if (tee) put(tee + at + c, v);
      }
    }
  }
}

static void FN(read_two)(bench_target out, void *tee, bench_operand x, bench_operand y,
                         bench_shape shape, int relu) {
  const long rows = shape.rows, width = shape.width;
  const bench_affine fx = x.affine, fy = y.affine, none = {0, 0, 0};
#define BODY(fy, C, relu) \
  FN(read_two_body)(out.first, out.pitch, tee, x.values, fx, y.values, fy, rows, width, C, relu)
#define CASE(C)                               \
  case C:                                     \
    if (fx.scale && !fy.scale && relu && tee) \
      BODY(none, C, 1);                       \
    else                                      \
      BODY(fy, C, relu);                      \
    break;
  switch (shape.channels) {
    CASE(16)
    CASE(32)
    CASE(64)
    default: BODY(fy, shape.channels, relu);
  }
#undef CASE
#undef BODY
}

// --- Statistics ----------------------------------------------------------------------------------

static void FN(moments)(const void *image, long pixels, long C, double *mean, double *m2) {
  const STORED *x = image;
  long vectors = C / LANES * LANES;
  for (long c = 0; c < vectors; c += LANES) {
    double total[LANES] = {0};
    for (long start = 0; start < pixels; start += BLOCK) {
      long end = start + BLOCK < pixels ? start + BLOCK : pixels;
      vf s[4] = {splat(0), splat(0), splat(0), splat(0)};
      long p = start;
      for (; p + 4 <= end; p += 4)
        for (int u = 0; u < 4; u++) s[u] += load(x + (p + u) * C + c);
      for (; p < end; p++) s[0] += load(x + p * C + c);
      widen_add(total, (s[0] + s[1]) + (s[2] + s[3]));
    }
    float centre[LANES];
    for (int i = 0; i < LANES; i++) centre[i] = (float)(total[i] / (double)pixels);
    vf middle = load(centre);
    double squares[LANES] = {0}, rest[LANES] = {0};
    for (long start = 0; start < pixels; start += BLOCK) {
      long end = start + BLOCK < pixels ? start + BLOCK : pixels;
      vf s[2] = {splat(0), splat(0)}, d[2] = {splat(0), splat(0)};
      long p = start;
      for (; p + 2 <= end; p += 2)
        for (int u = 0; u < 2; u++) {
          vf v = load(x + (p + u) * C + c) - middle;
          d[u] += v;
          s[u] += v * v;
        }
      for (; p < end; p++) {
        vf v = load(x + p * C + c) - middle;
        d[0] += v;
        s[0] += v * v;
      }
      widen_add(rest, d[0] + d[1]);
      widen_add(squares, s[0] + s[1]);
    }
    // The centre is a rounded mean; the deviations that are left over correct both results.
    for (int i = 0; i < LANES; i++) {
      double off = rest[i] / (double)pixels;
      mean[c + i] = (double)centre[i] + off;
      m2[c + i] = squares[i] - off * rest[i];
    }
  }
  for (long c = vectors; c < C; c++) {
    double total = 0, squares = 0;
    for (long p = 0; p < pixels; p++) total += (double)get(x + p * C + c);
    mean[c] = total / (double)pixels;
    for (long p = 0; p < pixels; p++) {
      double v = (double)get(x + p * C + c) - mean[c];
      squares += v * v;
    }
    m2[c] = squares;
  }
}

static void FN(channel_sums)(bench_source x, bench_shape shape, double *sums) {
  const long rows = shape.rows, width = shape.width, C = shape.channels;
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    const OPERAND *row = (const OPERAND *)x.first + r * x.pitch;
    for (long c = 0; c < vectors; c += LANES) {
      vf s = splat(0);
      for (long p = 0; p < width; p++) s += load(row + p * C + c);
      widen_add(sums + c, s);
    }
    for (long c = vectors; c < C; c++)
      for (long p = 0; p < width; p++) sums[c] += (double)get(row + p * C + c);
  }
}

// --- Gradients -----------------------------------------------------------------------------------

INLINE void FN(gradient_body)(OPERAND *out, long outPitch, STORED *tee, const STORED *g,
                              bench_norm_gradient n, const STORED *other, long rows, long width,
                              long C) {
  const STORED *z = n.z;
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    OPERAND *o = out + r * outPitch;
    for (long p = 0; p < width; p++, o += C) {
      long at = (r * width + p) * C;
      for (long c = 0; c < vectors; c += LANES) {
        vf v = load(g + at + c);
        if (z)
          v = load(n.a + c) * v +
              (load(n.b + c) * (load(z + at + c) - load(n.mean + c)) + load(n.c + c));
        if (other) v += load(other + at + c);
        v = ROUND(v);
        store(o + c, v);
        if (tee) store(tee + at + c, v);
      }
      for (long c = vectors; c < C; c++) {
        float v = get(g + at + c);
        if (z) v = n.a[c] * v + (n.b[c] * (get(z + at + c) - n.mean[c]) + n.c[c]);
        if (other) v += get(other + at + c);
        v = ROUND_ONE(v);
        put(o + c, v);
        if (tee) put(tee + at + c, v);
      }
    }
  }
}

static void FN(gradient)(bench_target out, void *tee, const void *g, bench_norm_gradient norm,
                         const void *other, bench_shape shape) {
  const long rows = shape.rows, width = shape.width;
#define BODY(tee, other, C) \
  FN(gradient_body)(out.first, out.pitch, tee, g, norm, other, rows, width, C)
#define CASE(C)                   \
  case C:                         \
    if (norm.z && !other && !tee) \
      BODY(0, 0, C);              \
    else                          \
      BODY(tee, other, C);        \
    break;
  switch (shape.channels) {
    CASE(16)
    CASE(32)
    CASE(64)
    default: BODY(tee, other, shape.channels);
  }
#undef CASE
#undef BODY
}

INLINE void FN(join_body)(STORED *g, const float *dx, const STORED *first, const STORED *second,
                          const OPERAND *value, long valuePitch, int relu, long rows, long width,
                          long C, bench_moments one, bench_moments two) {
  const STORED *z1 = one.z, *z2 = two.z;
  long vectors = C / LANES * LANES;
  long rowsPerBlock = width < BLOCK ? BLOCK / width : 1;
  for (long c = 0; c < vectors; c += LANES) {
    vf mean1 = z1 ? load(one.mean + c) : splat(0), mean2 = z2 ? load(two.mean + c) : splat(0);
    for (long start = 0; start < rows; start += rowsPerBlock) {
      long end = start + rowsPerBlock < rows ? start + rowsPerBlock : rows;
      vf s = splat(0), s1 = splat(0), s2 = splat(0);
      for (long r = start; r < end; r++) {
        const OPERAND *v = value + r * valuePitch + c;
        long at = r * width * C + c;
        for (long p = 0; p < width; p++, v += C, at += C) {
          vf d = load(dx + at);
          if (first) d += load(first + at);
          if (second) d += load(second + at);
          if (relu) d = select_positive(load(v), d);
          d = ROUND(d);
          store(g + at, d);
          s += d;
          if (z1) s1 += d * (load(z1 + at) - mean1);
          if (z2) s2 += d * (load(z2 + at) - mean2);
        }
      }
      if (z1) widen_add(one.productSum + c, s1);
      if (one.gradientSum) widen_add(one.gradientSum + c, s);
      if (z2) widen_add(two.productSum + c, s2);
      if (two.gradientSum) widen_add(two.gradientSum + c, s);
    }
  }
  for (long c = vectors; c < C; c++)
    for (long r = 0; r < rows; r++)
      for (long p = 0; p < width; p++) {
        long at = (r * width + p) * C + c;
        float d = dx[at];
        if (first) d += get(first + at);
        if (second) d += get(second + at);
        if (relu && !(get(value + r * valuePitch + p * C + c) > 0)) d = 0;
        d = ROUND_ONE(d);
        put(g + at, d);
        if (z1) one.productSum[c] += (double)(d * (get(z1 + at) - one.mean[c]));
        if (one.gradientSum) one.gradientSum[c] += (double)d;
        if (z2) two.productSum[c] += (double)(d * (get(z2 + at) - two.mean[c]));
        if (two.gradientSum) two.gradientSum[c] += (double)d;
      }
}

static void FN(join)(void *g, bench_summands dx, bench_source value, int relu, bench_shape shape,
                     bench_moments one, bench_moments two) {
  const bench_moments none = {0, 0, 0, 0};
#define BODY(second, third, relu, two)                                                      \
  FN(join_body)(g, dx.first, second, third, value.first, value.pitch, relu, shape.rows,     \
                shape.width, shape.channels, one, two)
  if (relu && one.z && one.gradientSum && !two.z && !two.gradientSum && !dx.third) {
    if (dx.second)
      BODY(dx.second, 0, 1, none);
    else
      BODY(0, 0, 1, none);
  } else {
    BODY(dx.second, dx.third, relu, two);
  }
#undef BODY
}

// --- Sums and copies -----------------------------------------------------------------------------

// x += y, numbers of two formats.
#define ADD(name, X, Y, ROUND, ROUND_ONE)                                                       \
  static void FN(name)(X *x, const Y *y, long count) {                                          \
    long i = 0;                                                                                 \
    for (; i + LANES <= count; i += LANES) store(x + i, ROUND(load(x + i) + load(y + i)));      \
    for (; i < count; i++) put(x + i, ROUND_ONE(get(x + i) + get(y + i)));                      \
  }
ADD(add_stored, STORED, STORED, ROUND, ROUND_ONE)
ADD(add_gradient, STORED, float, ROUND, ROUND_ONE)
ADD(add_to_gradient, float, STORED, , )
#undef ADD

static void FN(add)(void *x, const void *y, long count) { FN(add_stored)(x, y, count); }
static void FN(accumulate)(void *x, const float *y, long count) { FN(add_gradient)(x, y, count); }
static void FN(add_to)(float *x, const void *y, long count) { FN(add_to_gradient)(x, y, count); }

static void FN(narrow)(void *out, const float *x, long count) {
  STORED *o = out;
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(o + i, ROUND(load(x + i)));
  for (; i < count; i++) put(o + i, ROUND_ONE(x[i]));
}

static void FN(widen)(float *out, const void *x, long count) { copy(out, (const STORED *)x, count); }

static void FN(keep)(void *out, const void *x, long count) {
  copy((STORED *)out, (const OPERAND *)x, count);
}

static void FN(add_bias)(void *image, const float *bias, long pixels, long C) {
  STORED *x = image;
  for (long p = 0; p < pixels; p++)
    for (long c = 0; c < C; c++) put(x + p * C + c, ROUND_ONE(get(x + p * C + c) + bias[c]));
}

#include "multipliers.inc.h"
#include "pooling.inc.h"
