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

typedef struct {
  int32_t m, n, k, lda, ldb, ldc;
  int32_t transposeB, accumulate;
} bench_gemm_shape;

typedef struct bench_gemm bench_gemm;
struct bench_gemm {
  bench_gemm_shape shape;
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
bench_gemm bench_gemm_make(bench_gemm_shape shape);
// The same through cblas, whatever the process multiplies with: for comparing the two.
bench_gemm bench_gemm_make_blas(bench_gemm_shape shape);

static inline void bench_gemm_call(const bench_gemm *g, const float *a, const float *b, float *c,
                                   uint64_t count, const uint64_t *aOffsets,
                                   const uint64_t *bOffsets) {
  g->run(g, a, b, c, count, aOffsets, bOffsets);
}

// --- Elementwise sweeps ----------------------------------------------------------------------

typedef struct {
  long rows, width, channels;
} bench_shape;

// An image in the operands' format to read or to write, whose rows need not follow each other without
// a gap: its first number, and how many numbers lie from one row to the next.
typedef struct {
  const void *first;
  long pitch;
} bench_source;
typedef struct {
  void *first;
  long pitch;
} bench_target;

// An optional batch norm in front of an operand: (x - mean) * scale + shift; all null for none.
typedef struct {
  const float *mean, *scale, *shift;
} bench_affine;

// A summand that is normalised as it is read: compact values in the stored format.
typedef struct {
  const void *values;
  bench_affine affine;
} bench_operand;

// The way back through a batch norm: a * g + b * (z - mean) + c; z, its stored input, null for none.
typedef struct {
  const void *z;
  const float *mean, *a, *b, *c;
} bench_norm_gradient;

// A gradient in up to three parts, all compact: what a product gave, and up to two stored ones.
typedef struct {
  const float *first;
  const void *second, *third;
} bench_summands;

// How one batch norm's statistics are taken from a gradient sweep; z null for none.
typedef struct {
  const void *z;       // the normalised tensor's stored values, compact [rows][width][channels]
  const float *mean;   // per channel
  double *gradientSum;  // += sum of g; may be null
  double *productSum;   // += sum of g * (z - mean)
} bench_moments;

// Max pooling of images of one shape; windows are clipped at the border.
typedef struct {
  bench_shape input;
  long kernel, stride, padding;
  long outRows, outWidth;
} bench_pooling;

// Weights of a 3x3 kernel, or a part of its channels: [tap][row][column] with these strides.
// columns is a multiple of 16.
typedef struct {
  long tapStride, rowStride;
  long rows, columns;
} bench_weights;

// Winograd F(2x2, 3x3) (Lavin & Gray 2016). Transformed tiles have 16 planes, `plane` floats from one
// to the next; in a plane lie blocks of `width` channels, a multiple of 16, `block` floats from one
// to the next; in a block lie the tiles, `width` floats each.
typedef struct {
  long plane, block, width;
} bench_planes;

// The tiles first..first+count of an image with tilesWide tiles a row; the first one's place in a
// block is the first.
typedef struct {
  long tilesWide, first, count;
} bench_tiles;

// A product for every output of an image (panels.inc.h): rows and columns of outputs, how many
// numbers lie from one row's (one column's) operands to the next one's, and the same of results.
// The operands of one output lie in runs: where each starts, and how many numbers it has. Weights are
// panels of 16 results, [panel][depth][16]; the depth counts a run of odd length with one zero more.
typedef struct {
  long rows, columns;
  long operandRow, operandColumn;
  long resultRow, resultColumn;
  long results, depth;
  long runs;
  const long *runStarts, *runLengths;
} bench_product;

// The gradient of its weights, [number of the runs][results], or the part of it whose numbers are
// firstInput..<endInput and whose results are firstResult..<endResult, a multiple of 16 at the start.
typedef struct {
  long rows, columns;
  long operandRow, operandColumn;
  long gradientRow, gradientColumn;
  long results;
  long firstInput, endInput, firstResult, endResult;
  long runs;
  const long *runStarts, *runLengths;
} bench_weight_product;

// Products in one order of their sums (panels.inc.h).
typedef struct {
  // y = the product, as bf16 or as fp32.
  void (*product)(void *y, int half, const void *x, const void *w, const bench_product *p);
  // dw += the gradient from one image. dy is the interior of the output's gradient; both are fp32.
  void (*weight_gradient)(float *dw, const float *x, const float *dy,
                          const bench_weight_product *p, void *scratch);
  // Multiply-adds of its kind that depend on nothing but registers, to measure the machine's limit.
  // Returns how many floating-point operations were carried out; *sink takes a result.
  double (*multiply_add)(long rounds, float *sink);
} bench_products;

// A matrix inside a larger block of numbers.
typedef struct {
  long rows, columns;
  long rowStride, columnStride;
} bench_matrix;

// The sweeps over images for one pair of formats: the stored one, in which tensors and their
// gradients are kept, and the operands' one, in which products read an image. Untyped pointers are to
// stored numbers unless a bench_source or bench_target says otherwise.
typedef struct {
  // Bytes of a number in either format.
  long bytes, operand_bytes;

  // out = act(affine(x)); also stored compact in tee unless that is null.
  void (*read_one)(bench_target out, void *tee, bench_operand x, bench_shape shape, int relu);
  // out = act(affineX(x) + affineY(y)); also stored compact in tee unless that is null.
  void (*read_two)(bench_target out, void *tee, bench_operand x, bench_operand y,
                   bench_shape shape, int relu);

  // Mean and sum of squared deviations of every channel over one image.
  void (*moments)(const void *x, long pixels, long channels, double *mean, double *m2);

  // out = norm(g) [+ other], compact operands; without a norm, out = g [+ other].
  // Also stored compact in tee unless that is null.
  void (*gradient)(bench_target out, void *tee, const void *g, bench_norm_gradient norm,
                   const void *other, bench_shape shape);

  // g = dx where value > 0 or not relu, else 0; g is compact and may alias the stored parts of dx.
  // Takes the sums of up to two batch norms.
  void (*join)(void *g, bench_summands dx, bench_source value, int relu, bench_shape shape,
               bench_moments one, bench_moments two);

  // x += y, numbers stored or in fp32.
  void (*add)(void *x, const void *y, long count);
  void (*accumulate)(void *x, const float *y, long count);
  void (*add_to)(float *x, const void *y, long count);
  // out = x: to the stored format, from it, and from that of operands.
  void (*narrow)(void *out, const float *x, long count);
  void (*widen)(float *out, const void *x, long count);
  void (*keep)(void *out, const void *x, long count);
  // x[p][c] += bias[c]
  void (*add_bias)(void *x, const float *bias, long pixels, long channels);
  // sums[c] += sum over the pixels of x
  void (*channel_sums)(bench_source x, bench_shape shape, double *sums);

  // out[oy][ox] = the first maximum of each window of one image; x and dy are operands.
  void (*max_pool)(void *out, const void *x, bench_pooling pooling);
  // dx (zeroed here) receives each window's gradient at its first maximum.
  void (*max_pool_backward)(float *dx, const void *x, const void *dy, bench_pooling pooling);

  // out = factor * x; here and below out may be x.
  void (*scale)(void *out, const void *x, long count, float factor);
  // out = x * sigmoid(sign * z); 1 - sigmoid(z) is sigmoid(-z).
  void (*gate)(void *out, const void *x, const void *z, long count, float sign);
  // out = g * the derivative of gate's result by z.
  void (*gate_gradient)(void *out, const void *g, const void *x, const void *z, long count,
                        float sign);
  // out[i] = x[i] where hash(i, key0, key1) >= threshold, else 0; the hash is uniform on 32 bits.
  void (*dropout)(void *out, const void *x, long count, uint32_t key0, uint32_t key1,
                  uint32_t threshold);
} bench_image_sweeps;

typedef struct {
  const char *name;

  // fp32 throughout, and stored as bf16 with operands of fp32 numbers that bf16 can hold.
  bench_image_sweeps single, half;

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

  // v = the transform of tiles of x, which is the padded image from its first border pixel.
  void (*winograd_input)(float *v, bench_planes planes, bench_source x, long channels,
                         bench_tiles tiles);
  // y is compact; what lies beyond its edges is dropped.
  void (*winograd_output)(float *y, bench_shape shape, const float *m, bench_planes planes,
                          bench_tiles tiles);
  // The adjoint of winograd_output. dy is the interior of a padded image; the pixel beyond its
  // lower and right edges is zero where the size is odd.
  void (*winograd_gradient)(float *v, bench_planes planes, bench_source dy, long channels,
                            bench_tiles tiles);
  // u[k * plane + row * columns + column], k < 16, from the weights.
  void (*winograd_weight)(float *u, long plane, const float *w, bench_weights layout);
  // The adjoint of winograd_weight.
  void (*winograd_weight_gradient)(float *dw, bench_weights layout, const float *du, long plane);

  // Products in fp32, and in bf16 where the unit for it is emulated: operands and weights are fp32.
  bench_products pairs, tiles;
  // Some rows of panels, `panel` numbers from one panel to the next, rounded to bf16 or as they are.
  void (*panels)(float *out, long panel, const float *w, bench_matrix from, int half);
  // The same as bf16 for native products, whose panels are [panel][depth / 2][16][2]: the rows from
  // `first` on, `panel` pairs from one panel to the next.
  void (*pair_panels)(void *out, long panel, long first, const float *w, bench_matrix from);
} bench_sweeps;

// The sweeps for this CPU: "avx512", "avx2" or "baseline"; BENCH_ISA forces a lesser one.
const bench_sweeps *bench_sweeps_select(void);
// The named table, or null where this CPU (or this build) lacks it.
const bench_sweeps *bench_sweeps_named(const char *name);

// Products of bf16 numbers by the CPU's own units: "pairs" (AVX512_BF16) or "tiles" (AMX); null where
// this CPU, its system or this build lacks them. Operands and weights of `product` are bf16 (pair_panels);
// runs are even in length, and for tiles alike.
const bench_products *bench_native_products(const char *model);
// The same loops with the units' instructions imitated, very slowly, for tests; null without FMA.
const bench_products *bench_imitated_products(const char *model);
// Whether the CPU has tiles that the system does not let this process use.
int bench_refuses_tiles(void);
// Cores in this thread's affinity mask; 0 where the system does not tell.
int bench_allowed_cores(void);
// Bytes of scratch that their weight_gradient needs.
long bench_native_scratch(const bench_weight_product *p);

// Tells the CPU that a thread is spinning.
static inline void bench_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Makes this thread take subnormal inputs as zero and flush subnormal results to zero, and returns
// how it was before; on CPUs other than x86-64 and ARM it changes nothing. Numbers below 1.2e-38 cost
// some CPUs many times the time of others, and no layer's result depends on them.
static inline uint64_t bench_flush_subnormals(void) {
#if defined(__x86_64__)
  uint32_t before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);  // FTZ and DAZ
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | UINT64_C(1) << 24));  // FZ
  return before;
#else
  return 0;
#endif
}
// Undoes bench_flush_subnormals on the thread that called it.
static inline void bench_restore_subnormals(uint64_t before) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((uint32_t)before);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
  (void)before;
#endif
}

extern const bench_sweeps bench_sweeps_baseline;
extern const bench_sweeps bench_sweeps_avx2;
extern const bench_sweeps bench_sweeps_avx512;

#ifdef __cplusplus
}
#endif
#endif
