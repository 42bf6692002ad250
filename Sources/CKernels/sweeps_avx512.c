#include "sweeps.headers.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), \
                             apply_to = function)
#endif
#define TABLE bench_sweeps_avx512
#define NAME "avx512"
// Registers: 32 of 16 floats.
#define PANEL_COLUMNS 12
#define PANELS 2
#include "sweeps.inc.h"
#if defined(__x86_64__)
#pragma clang attribute pop
#endif
