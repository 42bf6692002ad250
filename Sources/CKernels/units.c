// Which of the CPU's units for bf16 this process may use.
#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern const bench_products bench_native_pairs, bench_native_tiles;
extern const bench_products bench_imitated_pairs, bench_imitated_tiles;

static int has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

static int has_pairs(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

// AMX_TILE and AMX_BF16, leaf 7, bits 24 and 22 of EDX.
static int has_tiles(void) {
  unsigned a, b, c, d;
  if (!has_avx512() || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  return (d >> 24 & 1) && (d >> 22 & 1);
}

// Linux gives tiles to a process that asks, and to the threads that it begins later.
static int permits_tiles(void) {
#if defined(__linux__)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}

const bench_products *bench_native_products(const char *model) {
  if (strcmp(model, "pairs") == 0) return has_pairs() ? &bench_native_pairs : NULL;
  if (strcmp(model, "tiles") == 0)
    return has_tiles() && permits_tiles() ? &bench_native_tiles : NULL;
  return NULL;
}

int bench_refuses_tiles(void) { return has_tiles() && !permits_tiles(); }

const bench_products *bench_imitated_products(const char *model) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return NULL;
  return strcmp(model, "pairs") == 0 ? &bench_imitated_pairs : &bench_imitated_tiles;
}
#else
const bench_products *bench_native_products(const char *model) {
  (void)model;
  return NULL;
}

int bench_refuses_tiles(void) { return 0; }

const bench_products *bench_imitated_products(const char *model) {
  (void)model;
  return NULL;
}
#endif
