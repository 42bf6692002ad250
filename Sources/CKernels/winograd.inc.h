// Winograd F(2x2, 3x3): the transforms of tiles and weights, and their adjoints for the weight gradient.
// Included by sweeps.inc.h, once per instruction set.

INLINE void winograd_input_lane(float *v, long plane, const float *x, long pitch, long C) {
  vf t[4][4];
  for (int j = 0; j < 4; j++) {
    vf a = load(x + j * C), b = load(x + pitch + j * C), c = load(x + 2 * pitch + j * C),
       d = load(x + 3 * pitch + j * C);
    t[0][j] = a - c;
    t[1][j] = b + c;
    t[2][j] = c - b;
    t[3][j] = b - d;
  }
  for (int i = 0; i < 4; i++) {
    store(v + (4 * i) * plane, t[i][0] - t[i][2]);
    store(v + (4 * i + 1) * plane, t[i][1] + t[i][2]);
    store(v + (4 * i + 2) * plane, t[i][2] - t[i][1]);
    store(v + (4 * i + 3) * plane, t[i][1] - t[i][3]);
  }
}

static void winograd_input(float *v, bench_planes planes, bench_source x, long C,
                           bench_tiles tiles) {
  const long plane = planes.plane, block = planes.block, W = planes.width, pitch = x.pitch;
  const long wide = tiles.tilesWide, first = tiles.first, count = tiles.count;
  for (long n = 0; n < count; n++) {
    long tile = first + n;
    const float *from = (const float *)x.first + tile / wide * 2 * pitch + tile % wide * 2 * C;
    for (long b = 0; b < C / W; b++)
      for (long c = 0; c < W; c += LANES)
        winograd_input_lane(v + b * block + n * W + c, plane, from + b * W + c, pitch, C);
  }
}

static void winograd_output(float *y, bench_shape shape, const float *m, bench_planes planes,
                            bench_tiles tiles) {
  const long height = shape.rows, width = shape.width, C = shape.channels;
  const long plane = planes.plane, block = planes.block, W = planes.width;
  const long wide = tiles.tilesWide, first = tiles.first, count = tiles.count;
  for (long n = 0; n < count; n++) {
    long row = (first + n) / wide * 2, column = (first + n) % wide * 2;
    int down = row + 1 < height, right = column + 1 < width;
    for (long b = 0; b < C / W; b++) {
      float *to = y + (row * width + column) * C + b * W;
      for (long c = 0; c < W; c += LANES) {
        const float *p = m + b * block + n * W + c;
        vf s[2][4];
        for (int j = 0; j < 4; j++) {
          vf a = load(p + j * plane), d = load(p + (4 + j) * plane), e = load(p + (8 + j) * plane),
             f = load(p + (12 + j) * plane);
          s[0][j] = a + d + e;
          s[1][j] = d - e - f;
        }
        store(to + c, s[0][0] + s[0][1] + s[0][2]);
        if (right) store(to + C + c, s[0][1] - s[0][2] - s[0][3]);
        if (down) store(to + width * C + c, s[1][0] + s[1][1] + s[1][2]);
        if (down && right) store(to + (width + 1) * C + c, s[1][1] - s[1][2] - s[1][3]);
      }
    }
  }
}

static void winograd_gradient(float *v, bench_planes planes, bench_source dy, long C,
                              bench_tiles tiles) {
  const long plane = planes.plane, block = planes.block, W = planes.width, pitch = dy.pitch;
  const long wide = tiles.tilesWide, first = tiles.first, count = tiles.count;
  for (long n = 0; n < count; n++) {
    long tile = first + n;
    const float *from = (const float *)dy.first + tile / wide * 2 * pitch + tile % wide * 2 * C;
    for (long b = 0; b < C / W; b++)
      for (long c = 0; c < W; c += LANES) {
        const float *p = from + b * W + c;
        float *to = v + b * block + n * W + c;
        vf top[2] = {load(p), load(p + C)}, bottom[2] = {load(p + pitch), load(p + pitch + C)};
        vf t[4][2];
        for (int j = 0; j < 2; j++) {
          t[0][j] = top[j];
          t[1][j] = top[j] + bottom[j];
          t[2][j] = top[j] - bottom[j];
          t[3][j] = -bottom[j];
        }
        for (int i = 0; i < 4; i++) {
          store(to + (4 * i) * plane, t[i][0]);
          store(to + (4 * i + 1) * plane, t[i][0] + t[i][1]);
          store(to + (4 * i + 2) * plane, t[i][0] - t[i][1]);
          store(to + (4 * i + 3) * plane, -t[i][1]);
        }
      }
  }
}

INLINE void winograd_weight_lane(vf t[4][4], vf w[3][3]) {
  vf half = splat(0.5f), s[4][3];
  for (int j = 0; j < 3; j++) {
    vf sum = w[0][j] + w[2][j];
    s[0][j] = w[0][j];
    s[1][j] = half * (sum + w[1][j]);
    s[2][j] = half * (sum - w[1][j]);
    s[3][j] = w[2][j];
  }
  for (int k = 0; k < 4; k++) {
    vf sum = s[k][0] + s[k][2];
    t[k][0] = s[k][0];
    t[k][1] = half * (sum + s[k][1]);
    t[k][2] = half * (sum - s[k][1]);
    t[k][3] = s[k][2];
  }
}

static void winograd_weight(float *u, long plane, const float *w, bench_weights layout) {
  const long tapStride = layout.tapStride, rowStride = layout.rowStride;
  const long rows = layout.rows, columns = layout.columns;
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c += LANES) {
      const float *from = w + r * rowStride + c;
      vf taps[3][3], t[4][4];
      for (int k = 0; k < 9; k++) taps[k / 3][k % 3] = load(from + k * tapStride);
      winograd_weight_lane(t, taps);
      for (int k = 0; k < 16; k++) store(u + k * plane + r * columns + c, t[k / 4][k % 4]);
    }
}

static void winograd_weight_gradient(float *dw, bench_weights layout, const float *du, long plane) {
  const long tapStride = layout.tapStride, rowStride = layout.rowStride;
  const long rows = layout.rows, columns = layout.columns;
  vf half = splat(0.5f);
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c += LANES) {
      const float *p = du + r * columns + c;
      vf s[3][4];
      for (int j = 0; j < 4; j++) {
        vf a = load(p + j * plane), b = load(p + (4 + j) * plane), d = load(p + (8 + j) * plane),
           e = load(p + (12 + j) * plane);
        vf sum = half * (b + d);
        s[0][j] = a + sum;
        s[1][j] = half * (b - d);
        s[2][j] = sum + e;
      }
      float *to = dw + r * rowStride + c;
      for (int k = 0; k < 3; k++) {
        vf sum = half * (s[k][1] + s[k][2]);
        store(to + (3 * k) * tapStride, s[k][0] + sum);
        store(to + (3 * k + 1) * tapStride, half * (s[k][1] - s[k][2]));
        store(to + (3 * k + 2) * tapStride, sum + s[k][3]);
      }
    }
}
