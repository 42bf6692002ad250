// Winograd F(2x2, 3x3): the transforms of input tiles, output tiles and weights.
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

static void winograd_input(float *v, long plane, const float *x, long pitch, long C, long wide,
                           long first, long count) {
  for (long n = 0; n < count; n++) {
    long tile = first + n;
    const float *from = x + tile / wide * 2 * pitch + tile % wide * 2 * C;
    for (long c = 0; c < C; c += LANES) winograd_input_lane(v + n * C + c, plane, from + c, pitch, C);
  }
}

static void winograd_output(float *y, const float *m, long plane, long height, long width, long C,
                            long wide, long first, long count) {
  for (long n = 0; n < count; n++) {
    long row = (first + n) / wide * 2, column = (first + n) % wide * 2;
    float *to = y + (row * width + column) * C;
    int down = row + 1 < height, right = column + 1 < width;
    for (long c = 0; c < C; c += LANES) {
      const float *p = m + n * C + c;
      vf s[2][4];
      for (int j = 0; j < 4; j++) {
        vf a = load(p + j * plane), b = load(p + (4 + j) * plane), d = load(p + (8 + j) * plane),
           e = load(p + (12 + j) * plane);
        s[0][j] = a + b + d;
        s[1][j] = b - d - e;
      }
      store(to + c, s[0][0] + s[0][1] + s[0][2]);
      if (right) store(to + C + c, s[0][1] - s[0][2] - s[0][3]);
      if (down) store(to + width * C + c, s[1][0] + s[1][1] + s[1][2]);
      if (down && right) store(to + (width + 1) * C + c, s[1][1] - s[1][2] - s[1][3]);
    }
  }
}

static void winograd_weight(float *u, const float *w, long rows, long columns) {
  long size = rows * columns;
  for (long i = 0; i < size; i++) {
    float t[4][3];
    for (int j = 0; j < 3; j++) {
      float a = w[j * size + i], b = w[(3 + j) * size + i], c = w[(6 + j) * size + i];
      t[0][j] = a;
      t[1][j] = 0.5f * (a + b + c);
      t[2][j] = 0.5f * (a - b + c);
      t[3][j] = c;
    }
    for (int k = 0; k < 4; k++) {
      float a = t[k][0], b = t[k][1], c = t[k][2];
      u[(4 * k) * size + i] = a;
      u[(4 * k + 1) * size + i] = 0.5f * (a + b + c);
      u[(4 * k + 2) * size + i] = 0.5f * (a - b + c);
      u[(4 * k + 3) * size + i] = c;
    }
  }
}
