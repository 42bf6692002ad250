#include "sweeps.headers.h"
#define TABLE bench_sweeps_baseline
#define NAME "baseline"
// Registers: 16 of 4 floats.
#define PANEL_COLUMNS 2
#define PANELS 1
#include "sweeps.inc.h"
