// Chooses the table of sweeps for this CPU, once.
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static int supported(const char *name) {
  if (strcmp(name, "baseline") == 0) return 1;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (strcmp(name, "avx2") == 0)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(name, "avx512") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#endif
  return 0;
}

const bench_sweeps *bench_sweeps_named(const char *name) {
  if (!supported(name)) return NULL;
  if (strcmp(name, "avx512") == 0) return &bench_sweeps_avx512;
  if (strcmp(name, "avx2") == 0) return &bench_sweeps_avx2;
  return &bench_sweeps_baseline;
}

const bench_sweeps *bench_sweeps_select(void) {
  const char *wanted = getenv("BENCH_ISA");
  if (wanted && *wanted) {
    const bench_sweeps *forced = bench_sweeps_named(wanted);
    if (forced && strcmp(forced->name, wanted) == 0) return forced;
  }
  const char *best[] = {"avx512", "avx2", "baseline"};
  for (int i = 0; i < 2; i++)
    if (supported(best[i])) return bench_sweeps_named(best[i]);
  return &bench_sweeps_baseline;
}
