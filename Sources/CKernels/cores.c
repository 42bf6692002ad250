// How many cores the system lets this process use; Swift's view of glibc lacks the call.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "CKernels.h"

int bench_allowed_cores(void) {
#if defined(__linux__)
  // A mask shorter than the kernel's own is refused, so it grows.
  for (int cores = 1024; cores <= 1 << 16; cores *= 2) {
    cpu_set_t *mask = CPU_ALLOC(cores);
    if (!mask) return 0;
    size_t size = CPU_ALLOC_SIZE(cores);
    int failure = sched_getaffinity(0, size, mask) == 0 ? 0 : errno;
    int count = failure ? 0 : CPU_COUNT_S(size, mask);
    CPU_FREE(mask);
    if (failure != EINVAL) return count;
  }
#endif
  return 0;
}
