// The elementwise sweeps, compiled once per instruction set by the file that includes this one.
#include "sweeps.headers.h"
#include "vectors.inc.h"

INLINE void widen_add(double *sums, vf v) {
  for (int i = 0; i < LANES; i++) sums[i] += (double)v[i];
}

enum { BLOCK = 256 };  // pixels summed in single precision before they go into a double

#include "functions.inc.h"

// fp32 throughout.
#define STORED float
#define OPERAND float
#define FN(name) name
#define ROUND(v) (v)
#define ROUND_ONE(x) (x)
#include "images.inc.h"
#undef STORED
#undef FN
#undef ROUND
#undef ROUND_ONE

// Stored as bf16; the products read fp32 that bf16 can hold.
#define STORED bf16
#define FN(name) name##_half
#define ROUND(v) rounded(v)
#define ROUND_ONE(x) rounded(x)
#include "images.inc.h"
#undef STORED
#undef OPERAND
#undef FN
#undef ROUND
#undef ROUND_ONE

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
#include "panels.inc.h"
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

#define IMAGES(FN, storedBytes, operandBytes)                                                \
  {                                                                                         \
    .bytes = storedBytes, .operand_bytes = operandBytes, .read_one = FN(read_one),          \
    .read_two = FN(read_two), .moments = FN(moments), .gradient = FN(gradient),             \
    .join = FN(join), .add = FN(add), .accumulate = FN(accumulate), .add_to = FN(add_to),   \
    .narrow = FN(narrow), .widen = FN(widen), .keep = FN(keep), .add_bias = FN(add_bias),   \
    .channel_sums = FN(channel_sums), .max_pool = FN(max_pool),                             \
    .max_pool_backward = FN(max_pool_backward), .scale = FN(scale), .gate = FN(gate),       \
    .gate_gradient = FN(gate_gradient), .dropout = FN(dropout),                             \
  }
#define SINGLE(name) name
#define HALF(name) name##_half

const bench_sweeps TABLE = {
    .name = NAME,
    .single = IMAGES(SINGLE, sizeof(float), sizeof(float)),
    .half = IMAGES(HALF, sizeof(bf16), sizeof(float)),
    .sgd = sgd,
    .sum_of_squares = sum_of_squares,
    .sum_parts = sum_parts,
    .transpose = transpose,
    .winograd_input = winograd_input,
    .winograd_output = winograd_output,
    .winograd_gradient = winograd_gradient,
    .winograd_weight = winograd_weight,
    .winograd_weight_gradient = winograd_weight_gradient,
    .pairs = {.product = pair_product,
              .weight_gradient = pair_weight_gradient,
              .multiply_add = multiply_add},
    .tiles = {.product = tile_product,
              .weight_gradient = tile_weight_gradient,
              .multiply_add = multiply_add},
    .panels = panels,
    .pair_panels = pair_panels,
};
