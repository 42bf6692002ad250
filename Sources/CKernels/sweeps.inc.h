// The elementwise sweeps, compiled once per instruction set by the file that includes this one.
// Vectors of 16 floats are GNU vectors: one register on AVX-512, two on AVX2, four on SSE2.
#include "sweeps.headers.h"

// The vectors below never cross a call: every function that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef double vd __attribute__((vector_size(64)));
typedef float vfu __attribute__((vector_size(64), aligned(4), may_alias));

#define LANES 16
#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p) { return *(const vfu *)p; }
INLINE void store(float *p, vf v) { *(vfu *)p = v; }
INLINE vf splat(float x) { return (vf){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE vf select_positive(vf test, vf v) { return (vf)((test > splat(0)) & (vi)v); }
INLINE vf relu_of(vf v) { return select_positive(v, v); }

INLINE void widen_add(double *sums, vf v) {
  for (int i = 0; i < LANES; i++) sums[i] += (double)v[i];
}

INLINE float apply(bench_affine f, long c, float x) {
  return f.scale ? (x - f.mean[c]) * f.scale[c] + f.shift[c] : x;
}

// --- Reading a pending value -------------------------------------------------------------------

INLINE void read_one_body(float *out, long outPitch, const float *x, long rows, long width, long C,
                          bench_affine f, int relu) {
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    float *o = out + r * outPitch;
    const float *row = x + r * width * C;
    if (!f.scale && !relu) {
      memcpy(o, row, sizeof(float) * (size_t)(width * C));
      continue;
    }
    for (long p = 0; p < width; p++, o += C, row += C) {
      for (long c = 0; c < vectors; c += LANES) {
        vf v = load(row + c);
        if (f.scale) v = (v - load(f.mean + c)) * load(f.scale + c) + load(f.shift + c);
        store(o + c, relu ? relu_of(v) : v);
      }
      for (long c = vectors; c < C; c++) {
        float v = apply(f, c, row[c]);
        o[c] = relu && !(v > 0) ? 0 : v;
      }
    }
  }
}

static void read_one(bench_target out, bench_operand x, bench_shape shape, int relu) {
  const long rows = shape.rows, width = shape.width;
  const bench_affine f = x.affine;
#define CASE(C)                                                               \
  case C:                                                                     \
    if (f.scale && relu)                                                      \
      read_one_body(out.first, out.pitch, x.values, rows, width, C, f, 1);    \
    else                                                                      \
      read_one_body(out.first, out.pitch, x.values, rows, width, C, f, relu); \
    break;
  switch (shape.channels) {
    CASE(16)
    CASE(32)
    CASE(64)
    default: read_one_body(out.first, out.pitch, x.values, rows, width, shape.channels, f, relu);
  }
#undef CASE
}

INLINE void read_two_body(float *out, long outPitch, float *tee, const float *x, bench_affine fx,
                          const float *y, bench_affine fy, long rows, long width, long C,
                          int relu) {
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    float *o = out + r * outPitch;
    for (long p = 0; p < width; p++, o += C) {
      long at = (r * width + p) * C;
      for (long c = 0; c < vectors; c += LANES) {
        vf v = load(x + at + c), w = load(y + at + c);
        if (fx.scale) v = (v - load(fx.mean + c)) * load(fx.scale + c) + load(fx.shift + c);
        if (fy.scale) w = (w - load(fy.mean + c)) * load(fy.scale + c) + load(fy.shift + c);
        v += w;
        if (relu) v = relu_of(v);
        store(o + c, v);
        if (tee) store(tee + at + c, v);
      }
      for (long c = vectors; c < C; c++) {
        float v = apply(fx, c, x[at + c]) + apply(fy, c, y[at + c]);
        if (relu && !(v > 0)) v = 0;
        o[c] = v;
        if (tee) tee[at + c] = v;
      }
    }
  }
}

static void read_two(bench_target out, float *tee, bench_operand x, bench_operand y,
                     bench_shape shape, int relu) {
  const long rows = shape.rows, width = shape.width;
  const bench_affine fx = x.affine, fy = y.affine, none = {0, 0, 0};
#define BODY(fy, C, relu) \
  read_two_body(out.first, out.pitch, tee, x.values, fx, y.values, fy, rows, width, C, relu)
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

enum { BLOCK = 256 };  // pixels summed in single precision before they go into a double

static void moments(const float *x, long pixels, long C, double *mean, double *m2) {
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
    for (long p = 0; p < pixels; p++) total += (double)x[p * C + c];
    mean[c] = total / (double)pixels;
    for (long p = 0; p < pixels; p++) {
      double v = (double)x[p * C + c] - mean[c];
      squares += v * v;
    }
    m2[c] = squares;
  }
}

static void channel_sums(bench_source x, bench_shape shape, double *sums) {
  const long rows = shape.rows, width = shape.width, C = shape.channels;
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    const float *row = x.first + r * x.pitch;
    for (long c = 0; c < vectors; c += LANES) {
      vf s = splat(0);
      for (long p = 0; p < width; p++) s += load(row + p * C + c);
      widen_add(sums + c, s);
    }
    for (long c = vectors; c < C; c++)
      for (long p = 0; p < width; p++) sums[c] += (double)row[p * C + c];
  }
}

// --- Gradients -----------------------------------------------------------------------------------

INLINE void gradient_body(float *out, long outPitch, float *tee, const float *g,
                          bench_norm_gradient n, const float *other, long rows, long width,
                          long C) {
  long vectors = C / LANES * LANES;
  for (long r = 0; r < rows; r++) {
    float *o = out + r * outPitch;
    for (long p = 0; p < width; p++, o += C) {
      long at = (r * width + p) * C;
      for (long c = 0; c < vectors; c += LANES) {
        vf v = load(g + at + c);
        if (n.z)
          v = load(n.a + c) * v +
              (load(n.b + c) * (load(n.z + at + c) - load(n.mean + c)) + load(n.c + c));
        if (other) v += load(other + at + c);
        store(o + c, v);
        if (tee) store(tee + at + c, v);
      }
      for (long c = vectors; c < C; c++) {
        float v = g[at + c];
        if (n.z) v = n.a[c] * v + (n.b[c] * (n.z[at + c] - n.mean[c]) + n.c[c]);
        if (other) v += other[at + c];
        o[c] = v;
        if (tee) tee[at + c] = v;
      }
    }
  }
}

static void gradient(bench_target out, float *tee, const float *g, bench_norm_gradient norm,
                     const float *other, bench_shape shape) {
  const long rows = shape.rows, width = shape.width;
#define CASE(C)                                                                         \
  case C:                                                                               \
    if (norm.z && !other && !tee)                                                       \
      gradient_body(out.first, out.pitch, 0, g, norm, 0, rows, width, C);               \
    else                                                                                \
      gradient_body(out.first, out.pitch, tee, g, norm, other, rows, width, C);         \
    break;
  switch (shape.channels) {
    CASE(16)
    CASE(32)
    CASE(64)
    default: gradient_body(out.first, out.pitch, tee, g, norm, other, rows, width, shape.channels);
  }
#undef CASE
}

INLINE void join_body(float *g, const float *dx, const float *first, const float *second,
                      const float *value, long valuePitch, int relu, long rows, long width, long C,
                      bench_moments one, bench_moments two) {
  long vectors = C / LANES * LANES;
  long rowsPerBlock = width < BLOCK ? BLOCK / width : 1;
  for (long c = 0; c < vectors; c += LANES) {
    vf mean1 = one.z ? load(one.mean + c) : splat(0), mean2 = two.z ? load(two.mean + c) : splat(0);
    for (long start = 0; start < rows; start += rowsPerBlock) {
      long end = start + rowsPerBlock < rows ? start + rowsPerBlock : rows;
      vf s = splat(0), s1 = splat(0), s2 = splat(0);
      for (long r = start; r < end; r++) {
        const float *v = value + r * valuePitch + c;
        long at = r * width * C + c;
        for (long p = 0; p < width; p++, v += C, at += C) {
          vf d = load(dx + at);
          if (first) d += load(first + at);
          if (second) d += load(second + at);
          if (relu) d = select_positive(load(v), d);
          store(g + at, d);
          s += d;
          if (one.z) s1 += d * (load(one.z + at) - mean1);
          if (two.z) s2 += d * (load(two.z + at) - mean2);
        }
      }
      if (one.z) widen_add(one.productSum + c, s1);
      if (one.gradientSum) widen_add(one.gradientSum + c, s);
      if (two.z) widen_add(two.productSum + c, s2);
      if (two.gradientSum) widen_add(two.gradientSum + c, s);
    }
  }
  for (long c = vectors; c < C; c++)
    for (long r = 0; r < rows; r++)
      for (long p = 0; p < width; p++) {
        long at = (r * width + p) * C + c;
        float d = dx[at];
        if (first) d += first[at];
        if (second) d += second[at];
        if (relu && !(value[r * valuePitch + p * C + c] > 0)) d = 0;
        g[at] = d;
        if (one.z) one.productSum[c] += (double)(d * (one.z[at] - one.mean[c]));
        if (one.gradientSum) one.gradientSum[c] += (double)d;
        if (two.z) two.productSum[c] += (double)(d * (two.z[at] - two.mean[c]));
        if (two.gradientSum) two.gradientSum[c] += (double)d;
      }
}

static void join(float *g, bench_summands dx, bench_source value, int relu, bench_shape shape,
                 bench_moments one, bench_moments two) {
  const bench_moments none = {0, 0, 0, 0};
#define BODY(second, third, relu, two)                                                      \
  join_body(g, dx.first, second, third, value.first, value.pitch, relu, shape.rows,         \
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

static void add(float *x, const float *y, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES) store(x + i, load(x + i) + load(y + i));
  for (; i < count; i++) x[i] += y[i];
}

static void add_bias(float *x, const float *bias, long pixels, long C) {
  for (long p = 0; p < pixels; p++)
    for (long c = 0; c < C; c++) x[p * C + c] += bias[c];
}

#include "pooling.inc.h"

// --- Parameters ----------------------------------------------------------------------------------

static void sgd(float *weight, float *velocity, const float *gradient, long count, float rate,
                float momentum, float decay, int nesterov) {
  for (long i = 0; i < count; i++) {
    float d = gradient[i] + decay * weight[i];
    float v = momentum * velocity[i] + d;
    velocity[i] = v;
    weight[i] -= rate * (nesterov ? d + momentum * v : v);
  }
}

static double sum_of_squares(const float *x, long count) {
  double total[LANES] = {0};
  long i = 0;
  for (; i + LANES <= count; i += LANES)
    for (int l = 0; l < LANES; l++) total[l] += (double)x[i + l] * (double)x[i + l];
  double sum = 0;
  for (int l = 0; l < LANES; l++) sum += total[l];
  for (; i < count; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

static void sum_parts(float *out, const float *x, long parts, long stride, long count) {
  long c = 0;
  for (; c + LANES <= count; c += LANES) {
    vf s = load(x + c);
    for (long i = 1; i < parts; i++) s += load(x + i * stride + c);
    store(out + c, s);
  }
  for (; c < count; c++) {
    float s = x[c];
    for (long i = 1; i < parts; i++) s += x[i * stride + c];
    out[c] = s;
  }
}

#include "layout.inc.h"
#include "multipliers.inc.h"
#include "narrow.inc.h"
#include "winograd.inc.h"

// --- The machine's limit -------------------------------------------------------------------------

static double multiply_add(long rounds, float *sink) {
  vf a[12], x = splat(0.999f), y = splat(0.001f);
  for (int i = 0; i < 12; i++) a[i] = splat((float)i);
  for (long r = 0; r < rounds; r++)
    for (int i = 0; i < 12; i++) a[i] = a[i] * x + y;
  vf sum = splat(0);
  for (int i = 0; i < 12; i++) sum += a[i];
  *sink = sum[0];
  return 2.0 * LANES * 12.0 * (double)rounds;
}

const bench_sweeps TABLE = {
    .name = NAME,
    .read_one = read_one,
    .read_two = read_two,
    .moments = moments,
    .gradient = gradient,
    .join = join,
    .add = add,
    .add_bias = add_bias,
    .channel_sums = channel_sums,
    .max_pool = max_pool,
    .max_pool_backward = max_pool_backward,
    .sgd = sgd,
    .sum_of_squares = sum_of_squares,
    .sum_parts = sum_parts,
    .transpose = transpose,
    .expand_columns = expand_columns,
    .block_channels = block_channels,
    .winograd_input = winograd_input,
    .winograd_output = winograd_output,
    .winograd_gradient = winograd_gradient,
    .winograd_weight = winograd_weight,
    .winograd_weight_gradient = winograd_weight_gradient,
    .narrow_convolution = narrow_convolution,
    .narrow_weight_gradient = narrow_weight_gradient,
    .scale = scale,
    .gate = gate,
    .gate_gradient = gate_gradient,
    .dropout = dropout,
    .multiply_add = multiply_add,
};
