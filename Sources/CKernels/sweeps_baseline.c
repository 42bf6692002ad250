#include "sweeps.headers.h"
#define TABLE bench_sweeps_baseline
#define NAME "baseline"
#include "sweeps.inc.h"
