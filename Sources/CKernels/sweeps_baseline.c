#include "sweeps.headers.h"
#define TABLE bench_sweeps_baseline
#define NAME "baseline"
// Registers: 16 of 4 floats.
#define CONV_COLUMNS 2
#define CONV_INPUTS 1
#define PRODUCT_COLUMNS 6
#include "sweeps.inc.h"
