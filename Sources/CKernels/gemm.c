// Batch-reduce GEMM: libxsmm where the build has it, a loop of cblas_sgemm otherwise.
#include "CKernels.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_HAVE_LIBXSMM
#include <libxsmm.h>
#endif

extern void openblas_set_num_threads(int);

extern char *openblas_get_config(void);

static int uses_libxsmm;
static char library_text[96];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose_backend(void) {
  openblas_set_num_threads(1);  // the engine's own threads share out the work
#ifdef BENCH_HAVE_LIBXSMM
  const char *wanted = getenv("BENCH_GEMM");
  uses_libxsmm = !(wanted && strcmp(wanted, "blas") == 0);
  if (uses_libxsmm) {
    // The sweeps' instruction set holds for the products too, unless LIBXSMM_TARGET says otherwise.
    const char *set = bench_sweeps_select()->name, *target = getenv("LIBXSMM_TARGET");
    libxsmm_init();
    if (!(target && *target)) {
      if (strcmp(set, "avx2") == 0) libxsmm_set_target_arch("hsw");
      if (strcmp(set, "baseline") == 0) libxsmm_set_target_arch("wsm");
    }
    snprintf(library_text, sizeof library_text, "%s, target %s", LIBXSMM_VERSION,
             libxsmm_get_target_arch());
  }
#endif
}

const char *bench_gemm_backend(void) {
  pthread_once(&once, choose_backend);
  return uses_libxsmm ? "libxsmm" : "openblas";
}

const char *bench_gemm_version(void) {
  pthread_once(&once, choose_backend);
#ifdef BENCH_HAVE_LIBXSMM
  if (uses_libxsmm) {
    return library_text;
  }
#endif
  return openblas_get_config();
}

static void run_blas(const bench_gemm *g, const float *a, const float *b, float *c, uint64_t count,
                     const uint64_t *aOffsets, const uint64_t *bOffsets) {
  const bench_gemm_shape *s = &g->shape;
  for (uint64_t i = 0; i < count; i++) {
    const float *ai = (const float *)((const char *)a + aOffsets[i]);
    const float *bi = (const float *)((const char *)b + bOffsets[i]);
    float beta = (i > 0 || s->accumulate) ? 1.0f : 0.0f;
    cblas_sgemm(CblasColMajor, CblasNoTrans, s->transposeB ? CblasTrans : CblasNoTrans, s->m, s->n,
                s->k, 1.0f, ai, s->lda, bi, s->ldb, beta, c, s->ldc);
  }
}

#ifdef BENCH_HAVE_LIBXSMM
static void run_libxsmm(const bench_gemm *g, const float *a, const float *b, float *c,
                        uint64_t count, const uint64_t *aOffsets, const uint64_t *bOffsets) {
  unsigned long long n = count;
  ((libxsmm_smmfunction_reducebatch_offs)(uintptr_t)g->generated)(
      a, b, c, &n, (const unsigned long long *)aOffsets, (const unsigned long long *)bOffsets);
}
#endif

bench_gemm bench_gemm_make_blas(bench_gemm_shape shape) {
  pthread_once(&once, choose_backend);
  return (bench_gemm){.shape = shape, .run = run_blas, .generated = NULL};
}

bench_gemm bench_gemm_make(bench_gemm_shape shape) {
  bench_gemm g = bench_gemm_make_blas(shape);
#ifdef BENCH_HAVE_LIBXSMM
  if (uses_libxsmm) {
    float alpha = 1.0f, beta = shape.accumulate ? 1.0f : 0.0f;
    int flags = shape.transposeB ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;
    int prefetch = LIBXSMM_GEMM_PREFETCH_NONE;
    libxsmm_smmfunction_reducebatch_offs f = libxsmm_smmdispatch_reducebatch_offs(
        shape.m, shape.n, shape.k, &shape.lda, &shape.ldb, &shape.ldc, &alpha, &beta, &flags, &prefetch);
    if (f) {
      g.generated = (void *)(uintptr_t)f;
      g.run = run_libxsmm;
    }
  }
#endif
  return g;
}
