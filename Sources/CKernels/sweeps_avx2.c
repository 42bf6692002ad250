#include "sweeps.headers.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#endif
#define TABLE bench_sweeps_avx2
#define NAME "avx2"
// Registers: 16 of 8 floats.
#define PANEL_COLUMNS 6
#define PANELS 1
#include "sweeps.inc.h"
#if defined(__x86_64__)
#pragma clang attribute pop
#endif
