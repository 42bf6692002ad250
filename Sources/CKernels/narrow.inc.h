// 3x3 convolutions of stride 1 with so few channels that a matrix product would wait for its
// operands: every broadcast input serves three taps of a kernel row instead of one.
// Included by sweeps.inc.h, once per instruction set.

// N neighbouring outputs of one row, 16 of their channels.
INLINE void narrow_columns(float *y, const float *x, long pitch, const float *w, long inputs,
                           long outputs, const int N) {
  vf sum[CONV_COLUMNS];
#pragma clang loop unroll(full)
  for (int i = 0; i < N; i++) sum[i] = splat(0);
  for (long row = 0; row < 3; row++)
    for (long c = 0; c < inputs; c++) {
      const float *tap = w + (row * 3 * inputs + c) * outputs;
      vf w0 = load(tap), w1 = load(tap + inputs * outputs), w2 = load(tap + 2 * inputs * outputs);
      const float *p = x + row * pitch + c;
#pragma clang loop unroll(full)
      for (int i = 0; i < N + 2; i++) {
        vf value = splat(p[i * inputs]);
        if (i < N) sum[i] += w0 * value;
        if (i >= 1 && i <= N) sum[i - 1] += w1 * value;
        if (i >= 2) sum[i - 2] += w2 * value;
      }
    }
#pragma clang loop unroll(full)
  for (int i = 0; i < N; i++) store(y + i * outputs, sum[i]);
}

INLINE void narrow_body(float *y, const float *x, long pitch, const float *w, long rows, long width,
                        long inputs, long outputs) {
  for (long c = 0; c < outputs; c += LANES)
    for (long row = 0; row < rows; row++) {
      const float *from = x + row * pitch;
      float *to = y + row * width * outputs + c;
      long column = 0;
      for (; column + CONV_COLUMNS <= width; column += CONV_COLUMNS)
        narrow_columns(to + column * outputs, from + column * inputs, pitch, w + c, inputs, outputs,
                       CONV_COLUMNS);
#if CONV_COLUMNS > 8
      for (; column + 8 <= width; column += 8)
        narrow_columns(to + column * outputs, from + column * inputs, pitch, w + c, inputs, outputs,
                       8);
#endif
      for (; column < width; column++)
        narrow_columns(to + column * outputs, from + column * inputs, pitch, w + c, inputs, outputs,
                       1);
    }
}

static void narrow_convolution(float *y, bench_source x, const float *w, bench_narrow s) {
  if (s.inputs == 16)
    narrow_body(y, x.first, x.pitch, w, s.rows, s.width, 16, s.outputs);
  else
    narrow_body(y, x.first, x.pitch, w, s.rows, s.width, s.inputs, s.outputs);
}

// One kernel row of the weight gradient for CONV_INPUTS input and 16 output channels.
INLINE void narrow_weights(float *dw, const float *x, long pitchX, const float *dy, long pitchY,
                           long rows, long width, long inputs, long outputs, int accumulate) {
  vf sum[3][CONV_INPUTS];
#pragma clang loop unroll(full)
  for (int k = 0; k < 3; k++)
#pragma clang loop unroll(full)
    for (int i = 0; i < CONV_INPUTS; i++)
      sum[k][i] = accumulate ? load(dw + (k * inputs + i) * outputs) : splat(0);
  for (long row = 0; row < rows; row++) {
    const float *p = x + row * pitchX, *d = dy + row * pitchY;
    // What lies left of a row is the border of zeros, and so is what lies right of it.
    vf d1 = splat(0), d2 = splat(0);
    for (long column = 0; column < width + 2; column++, p += inputs, d += outputs) {
      vf d0 = load(d);
#pragma clang loop unroll(full)
      for (int i = 0; i < CONV_INPUTS; i++) {
        vf value = splat(p[i]);
        sum[0][i] += d0 * value;
        sum[1][i] += d1 * value;
        sum[2][i] += d2 * value;
      }
      d2 = d1;
      d1 = d0;
    }
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < 3; k++)
#pragma clang loop unroll(full)
    for (int i = 0; i < CONV_INPUTS; i++) store(dw + (k * inputs + i) * outputs, sum[k][i]);
}

static void narrow_weight_gradient(float *dw, bench_source x, bench_source dy, bench_narrow s,
                                   int accumulate) {
  const long inputs = s.inputs, outputs = s.outputs;
  for (long row = 0; row < 3; row++)
    for (long i = 0; i < inputs; i += CONV_INPUTS)
      for (long o = 0; o < outputs; o += LANES) {
        float *to = dw + (row * 3 * inputs + i) * outputs + o;
        const float *from = (const float *)x.first + row * x.pitch + i, *d = (const float *)dy.first + o;
        if (inputs == 16 && outputs == 16)
          narrow_weights(to, from, x.pitch, d, dy.pitch, s.rows, s.width, 16, 16, accumulate);
        else
          narrow_weights(to, from, x.pitch, d, dy.pitch, s.rows, s.width, inputs, outputs,
                         accumulate);
      }
}
