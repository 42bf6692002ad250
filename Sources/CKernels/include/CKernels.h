// The seam between the engine and the machine: batch-reduce GEMM, and fused elementwise sweeps over
// one image. Images are [rows][width][channels], channels contiguous; a pitch counts floats per row.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- Batch-reduce GEMM -----------------------------------------------------------------------
//
// C = [C +] sum over i < count of A_i op(B_i), column-major as in BLAS:
// A_i is m x k with leading dimension lda, op(B_i) is k x n, C is m x n with ldc.
// transposeB: B_i is stored n x k with leading dimension ldb (n contiguous).

typedef struct bench_gemm bench_gemm;
struct bench_gemm {
  int32_t m, n, k, lda, ldb, ldc;
  int32_t transposeB, accumulate;
  // A_i = a + aOffsets[i] bytes, B_i = b + bOffsets[i] bytes.
  void (*run)(const bench_gemm *self, const float *a, const float *b, float *c, uint64_t count,
              const uint64_t *aOffsets, const uint64_t *bOffsets);
  void *generated;
};

// Which library multiplies: "libxsmm" or "openblas"; chosen once, BENCH_GEMM=blas forces the latter.
const char *bench_gemm_backend(void);
// The library's version, and what it generates code for.
const char *bench_gemm_version(void);

// Prepares a kernel; it lives as long as the process. All of m, n, k must be positive.
bench_gemm bench_gemm_make(int32_t m, int32_t n, int32_t k, int32_t lda, int32_t ldb, int32_t ldc,
                           int32_t transposeB, int32_t accumulate);
// The same through cblas, whatever the process multiplies with: for comparing the two.
bench_gemm bench_gemm_make_blas(int32_t m, int32_t n, int32_t k, int32_t lda, int32_t ldb,
                                int32_t ldc, int32_t transposeB, int32_t accumulate);

static inline void bench_gemm_call(const bench_gemm *g, const float *a, const float *b, float *c,
                                   uint64_t count, const uint64_t *aOffsets,
                                   const uint64_t *bOffsets) {
  g->run(g, a, b, c, count, aOffsets, bOffsets);
}

// --- Elementwise sweeps ----------------------------------------------------------------------

// An optional batch norm in front of an operand: (x - mean) * scale + shift; all null for none.
typedef struct {
  const float *mean, *scale, *shift;
} bench_affine;

// How one batch norm's statistics are taken from a gradient sweep; z null for none.
typedef struct {
  const float *z;      // the normalised tensor's raw values, compact [rows][width][channels]
  const float *mean;   // per channel
  double *gradientSum;  // += sum of g; may be null
  double *productSum;   // += sum of g * (z - mean)
} bench_moments;

typedef struct {
  const char *name;

  // out = act(affine(x)); x is compact, out has a pitch.
  void (*read_one)(float *out, long outPitch, const float *x, long rows, long width, long channels,
                   bench_affine affine, int relu);
  // out = act(affineX(x) + affineY(y)); also stored compact in tee unless that is null.
  void (*read_two)(float *out, long outPitch, float *tee, const float *x, bench_affine affineX,
                   const float *y, bench_affine affineY, long rows, long width, long channels,
                   int relu);

  // Mean and sum of squared deviations of every channel over one image.
  void (*moments)(const float *x, long pixels, long channels, double *mean, double *m2);

  // out = a * g + b * (z - mean) + c [+ other], out with a pitch, the rest compact;
  // z null: out = g [+ other]. Also stored compact in tee unless that is null.
  void (*gradient)(float *out, long outPitch, float *tee, const float *g, const float *z,
                   const float *mean, const float *a, const float *b, const float *c,
                   const float *other, long rows, long width, long channels);

  // g = (dx [+ first] [+ second]) where value > 0 or not relu, else 0; g may alias any input.
  // value has a pitch, all else is compact. Takes the sums of up to two batch norms.
  void (*join)(float *g, const float *dx, const float *first, const float *second,
               const float *value, long valuePitch, int relu, long rows, long width, long channels,
               bench_moments one, bench_moments two);

  // x += y
  void (*add)(float *x, const float *y, long count);
  // x[p][c] += bias[c]
  void (*add_bias)(float *x, const float *bias, long pixels, long channels);
  // sums[c] += sum over the pixels of x
  void (*channel_sums)(const float *x, long pitch, long rows, long width, long channels,
                       double *sums);

  // out[oy][ox][ky*kw...]: one image, windows clipped at the border; first maximum wins.
  void (*max_pool)(float *out, const float *x, long height, long width, long channels, long kernel,
                   long stride, long padding, long outHeight, long outWidth);
  // dx (zeroed here) receives each window's gradient at its first maximum.
  void (*max_pool_backward)(float *dx, const float *x, const float *dy, long height, long width,
                            long channels, long kernel, long stride, long padding, long outHeight,
                            long outWidth);

  // velocity = momentum * velocity + (gradient + decay * weight); then
  // weight -= rate * (nesterov ? gradient + decay * weight + momentum * velocity : velocity).
  void (*sgd)(float *weight, float *velocity, const float *gradient, long count, float rate,
              float momentum, float decay, int nesterov);
  // sum of squares in double
  double (*sum_of_squares)(const float *x, long count);
  // out[c] = sum over i < parts, in order, of x[i * stride + c]
  void (*sum_parts)(float *out, const float *x, long parts, long stride, long count);
  // out[column * outStride + row] = x[row * xStride + column]
  void (*transpose)(float *out, long outStride, const float *x, long xStride, long rows,
                    long columns);
  // out[i * length + c] = x[i * step + c], c < length: windows of a row side by side.
  void (*expand_columns)(float *out, const float *x, long columns, long length, long step);
  // Channels in blocks of W, a multiple of 16: out[b * block + p * W + c] = x[p][b * W + c].
  void (*block_channels)(float *out, long block, long W, const float *x, long pixels,
                         long channels);

  // Winograd F(2x2, 3x3) (Lavin & Gray 2016), tiles first..first+count of an image of tilesWide
  // tiles a row. The transformed tiles have 16 planes, `plane` floats from one to the next; in a
  // plane lie blocks of W channels, W a multiple of 16, `block` floats from one to the next; in a
  // block lie the tiles, W floats each, the first of them `first`.
  // x is the padded image from its first border pixel.
  void (*winograd_input)(float *v, long plane, long block, long W, const float *x, long pitch,
                         long channels, long tilesWide, long first, long count);
  // y is compact [height][width][channels]; what lies beyond its edges is dropped.
  void (*winograd_output)(float *y, const float *m, long plane, long block, long W, long height,
                          long width, long channels, long tilesWide, long first, long count);
  // The adjoint of winograd_output. dy is the interior of a padded image; the pixel beyond its
  // lower and right edges is zero where the size is odd.
  void (*winograd_gradient)(float *v, long plane, long block, long W, const float *dy, long pitch,
                            long channels, long tilesWide, long first, long count);
  // u[k * plane + r * columns + c], k < 16, from w[tap * tapStride + r * rowStride + c], tap < 9.
  // columns is a multiple of 16.
  void (*winograd_weight)(float *u, long plane, const float *w, long tapStride, long rowStride,
                          long rows, long columns);
  // The adjoint of winograd_weight.
  void (*winograd_weight_gradient)(float *dw, long tapStride, long rowStride, const float *du,
                                   long plane, long rows, long columns);

  // A 3x3 convolution of stride 1: y compact [rows][width][outputs], x padded by one from its first
  // border pixel, w[3][3][inputs][outputs]. outputs is a multiple of 16.
  void (*narrow_convolution)(float *y, const float *x, long pitch, const float *w, long rows,
                             long width, long inputs, long outputs);
  // dw[3][3][inputs][outputs] = (or +=) its weight gradient from one image; dy is the interior of an
  // image with a border of zeros. inputs is a multiple of 8, outputs of 16.
  void (*narrow_weight_gradient)(float *dw, const float *x, long pitchX, const float *dy,
                                 long pitchY, long rows, long width, long inputs, long outputs,
                                 int accumulate);

  // out = factor * x; here and below out may be x.
  void (*scale)(float *out, const float *x, long count, float factor);
  // out = x * sigmoid(sign * z); 1 - sigmoid(z) is sigmoid(-z).
  void (*gate)(float *out, const float *x, const float *z, long count, float sign);
  // out = g * the derivative of gate's result by z.
  void (*gate_gradient)(float *out, const float *g, const float *x, const float *z, long count,
                        float sign);
  // out[i] = x[i] where hash(i, key0, key1) >= threshold, else 0; the hash is uniform on 32 bits.
  void (*dropout)(float *out, const float *x, long count, uint32_t key0, uint32_t key1,
                  uint32_t threshold);

  // Multiply-adds that depend on nothing but registers, to measure the machine's limit.
  // Returns how many floating-point operations were carried out; *sink takes the result.
  double (*multiply_add)(long rounds, float *sink);
} bench_sweeps;

// The sweeps for this CPU: "avx512", "avx2" or "baseline"; BENCH_ISA forces a lesser one.
const bench_sweeps *bench_sweeps_select(void);
// The named table, or null where this CPU (or this build) lacks it.
const bench_sweeps *bench_sweeps_named(const char *name);

// Tells the CPU that a thread is spinning.
static inline void bench_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

extern const bench_sweeps bench_sweeps_baseline;
extern const bench_sweeps bench_sweeps_avx2;
extern const bench_sweeps bench_sweeps_avx512;

#ifdef __cplusplus
}
#endif
#endif
