// What sweeps.inc.h needs from elsewhere, included before any instruction set is switched on.
#ifndef SWEEPS_HEADERS_H
#define SWEEPS_HEADERS_H
#include <float.h>
#include <stddef.h>
#include <string.h>

#include "CKernels.h"
#endif
