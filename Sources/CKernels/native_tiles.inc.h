// Products in the order `tiles` (panels.inc.h) by TDPBF16PS, of the AMX instructions.
// Included by native.c with the instructions (TILE_…), and by imitated.c with what they compute.

// Tiles 0 to 3 hold sums, 4 and 5 a piece's factors of either side, 6 and 7 those of a last, shorter
// piece.
enum { WHOLE = 32, ROW = 64 };

typedef struct {
  uint8_t palette, start, reserved[14];
  uint16_t rowBytes[16];
  uint8_t rows[16];
} tile_config;

// rows: of the sums and of the left factors; tail: numbers of the last piece, even or 0.
INLINE void configure(long rows, long tail) {
  tile_config c __attribute__((aligned(64)));
  memset(&c, 0, sizeof c);
  c.palette = 1;
  for (int i = 0; i < 8; i++) {
    c.rowBytes[i] = ROW;
    c.rows[i] = i == 5 ? 16 : (uint8_t)rows;
  }
  c.rowBytes[6] = (uint16_t)(tail ? 2 * tail : ROW);
  c.rows[7] = (uint8_t)(tail ? tail / 2 : 16);
  TILE_CONFIGURE(&c);
}

// Up to four left factors against one right one.
#define PRODUCTS(LEFT, RIGHT, right, left, stride, count)                   \
  {                                                                         \
    TILE_LOAD(RIGHT, right, ROW);                                         \
    TILE_LOAD(LEFT, left(0), stride(0));                                  \
    TILE_PRODUCT(0, LEFT, RIGHT);                                         \
    if (count > 1) {                                                        \
      TILE_LOAD(LEFT, left(1), stride(1));                                \
      TILE_PRODUCT(1, LEFT, RIGHT);                                       \
    }                                                                       \
    if (count > 2) {                                                        \
      TILE_LOAD(LEFT, left(2), stride(2));                                \
      TILE_PRODUCT(2, LEFT, RIGHT);                                       \
    }                                                                       \
    if (count > 3) {                                                        \
      TILE_LOAD(LEFT, left(3), stride(3));                                \
      TILE_PRODUCT(3, LEFT, RIGHT);                                       \
    }                                                                       \
  }

// TILE_LOAD or TILE_STORE of the sums of `count` products, one to four.
#define EACH_SUM(STEP, sums, count)           \
  {                                           \
    STEP(0, sums[0], ROW);                    \
    if (count > 1) STEP(1, sums[1], ROW);     \
    if (count > 2) STEP(2, sums[2], ROW);     \
    if (count > 3) STEP(3, sums[3], ROW);     \
  }

// --- Products ------------------------------------------------------------------------------------

// How outputs are taken together: `length` neighbouring ones of `rows` rows, where an image whose rows
// follow each other in the operand is one row, and what stands between them is dropped.
typedef struct {
  long rows, length, row, width;
} output_order;

static inline output_order order_of(const bench_product *p) {
  const long next = p->operandColumn, width = next ? p->operandRow / next : 0;
  const output_order each = {p->rows, p->columns, p->operandRow, p->columns};
  if (p->rows < 2 || !next || p->operandRow % next || width < p->columns) return each;
  const long joined = (p->rows - 1) * width + p->columns;
  // A tile's time goes with its rows.
  const long apart = p->columns < LANES ? p->rows * p->columns
                                        : p->rows * rounded_up(p->columns, LANES);
  // Short tiles load as many weights as full ones.
  if (p->columns >= LANES && apart <= rounded_up(joined, LANES)) return each;
  if (joined > 2 * apart) return each;
  return (output_order){1, joined, 0, width};
}

// The sums of 16 outputs (fewer where there are no more), those of them from `skip` on.
INLINE void store_outputs(void *y, int half, const bench_product *p, output_order order, long row,
                          long first, long skip, long count, long c, const float *sums) {
  const long lanes = p->results - c < LANES ? p->results - c : LANES;
  long at = first + skip;
  long down = order.rows == 1 && p->rows > 1 ? at / order.width : row;
  long column = order.rows == 1 && p->rows > 1 ? at % order.width : at;
  for (long i = skip; i < count; i++) {
    if (column < p->columns)
      store_sums(y, half, down * p->resultRow + column * p->resultColumn + c,
                 load(sums + i * LANES), lanes);
    if (++column == order.width) column = 0, down++;
  }
}

static void tiles_product(void *y, int half, const void *operands, const void *weights,
                    const bench_product *p) {
  const bf16 *x = operands;
  const output_order order = order_of(p);
  const long length = p->runLengths[0], tail = length % WHOLE;
  const long tileRows = order.length < LANES ? order.length : LANES;
  const long stride = p->operandColumn * (long)sizeof(bf16);
  float sums[4][LANES * LANES] __attribute__((aligned(64)));
  configure(tileRows, tail);
  const long tiles = (order.length + LANES - 1) / LANES;
  for (long row = 0; row < order.rows; row++) {
    for (long tile = 0; tile < tiles; tile += 4) {
      const long count = tiles - tile < 4 ? tiles - tile : 4;
      // The last tile ends with the last output.
      long first[4];
      for (long i = 0; i < count; i++) {
        long at = (tile + i) * LANES;
        first[i] = at + tileRows <= order.length ? at : order.length - tileRows;
      }
      const bf16 *left[4];
      for (long i = 0; i < 4; i++)
        left[i] = x + row * order.row + first[i < count ? i : 0] * p->operandColumn;
      for (long c = 0; c < p->results; c += LANES) {
        const uint32_t *w = (const uint32_t *)weights + c * (p->depth / 2);
        TILE_ZERO(0);
        TILE_ZERO(1);
        TILE_ZERO(2);
        TILE_ZERO(3);
        for (long run = 0; run < p->runs; run++) {
          long at = p->runStarts[run];
          const long whole = at + length - tail;
#define LEFT_OF(i) (left[i] + at)
#define STRIDE_OF(i) stride
          for (; at < whole; at += WHOLE, w += WHOLE / 2 * LANES)
            PRODUCTS(4, 5, w, LEFT_OF, STRIDE_OF, count)
          if (tail) {
            PRODUCTS(6, 7, w, LEFT_OF, STRIDE_OF, count)
            w += tail / 2 * LANES;
          }
#undef LEFT_OF
#undef STRIDE_OF
        }
        EACH_SUM(TILE_STORE, sums, count)
        for (long i = 0; i < count; i++)
          store_outputs(y, half, p, order, row, first[i], (tile + i) * LANES - first[i], tileRows,
                        c, sums[i]);
      }
    }
  }
  TILE_RELEASE();
}

// --- Gradients of weights ------------------------------------------------------------------------

// A block of 16 inputs, whose gradient starts at the input `row` of dw.
typedef struct {
  input_block in;
  long row, count;
} tile_inputs;

// Sums of a block between dw and 16 full rows.
INLINE void take_sums(float *sums, const float *dw, long results, long rows, long lanes) {
  for (long i = 0; i < LANES; i++)
    store(sums + i * LANES, i < rows ? load_lanes(dw + i * results, lanes) : splat(0));
}
INLINE void give_sums(float *dw, const float *sums, long results, long rows, long lanes) {
  for (long i = 0; i < rows; i++) store_lanes(dw + i * results, load(sums + i * LANES), lanes);
}

static void add_blocks(float *dw, const tile_inputs *blocks, long count, const uint32_t *gradients,
                       const bench_weight_product *p, pixel_order order) {
  const long tail = order.places % WHOLE, whole = order.places - tail;
  float sums[4][LANES * LANES] __attribute__((aligned(64)));
  for (long c = p->firstResult; c < p->endResult; c += LANES) {
    const long lanes = p->results - c < LANES ? p->results - c : LANES;
    for (long i = 0; i < count; i++)
      take_sums(sums[i], dw + blocks[i].row * p->results + c, p->results, blocks[i].count, lanes);
    EACH_SUM(TILE_LOAD, sums, count)
    const bf16 *left[4], *rowOf[4];
    long stride[4];
    for (long i = 0; i < 4; i++) {
      const input_block *in = &blocks[i < count ? i : 0].in;
      rowOf[i] = left[i] = in->first;
      stride[i] = in->pitch * (long)sizeof(bf16);
    }
    long column = 0;
    for (long place = 0; place < whole; place += WHOLE, gradients += WHOLE / 2 * LANES) {
#define LEFT_OF(i) left[i]
#define STRIDE_OF(i) stride[i]
      PRODUCTS(4, 5, gradients, LEFT_OF, STRIDE_OF, count)
      column += WHOLE;
      for (long i = 0; i < count; i++) left[i] += WHOLE;
      // Rows apart from each other have whole pieces.
      if (column >= order.pitch && order.pitch % WHOLE == 0) {
        column = 0;
        for (long i = 0; i < count; i++) left[i] = rowOf[i] += blocks[i].in.row;
      }
    }
    if (tail) {
      PRODUCTS(6, 7, gradients, LEFT_OF, STRIDE_OF, count)
      gradients += tail / 2 * LANES;
#undef LEFT_OF
#undef STRIDE_OF
    }
    EACH_SUM(TILE_STORE, sums, count)
    for (long i = 0; i < count; i++)
      give_sums(dw + blocks[i].row * p->results + c, sums[i], p->results, blocks[i].count, lanes);
  }
}

static void tiles_weight_gradient(float *dw, const float *x, const float *dy,
                                  const bench_weight_product *p, void *memory) {
  const weight_scratch scratch = weight_scratch_at(memory, p);
  const pixel_order order = image_order(p);
  pair_gradients(scratch.gradients, dy, p, order);
  share_channels(scratch.channels, x, p);
  configure(LANES, order.places % WHOLE);
  tile_inputs blocks[BLOCKS];
  long count = 0, start = 0;
  for (long run = 0; run < p->runs; start += p->runLengths[run], run++) {
    long from = p->firstInput > start ? p->firstInput - start : 0;
    long end = p->endInput - start < p->runLengths[run] ? p->endInput - start : p->runLengths[run];
    for (long i = from; i < end; i += LANES) {
      const long inputs = end - i < LANES ? end - i : LANES;
      bf16 *place = scratch.inputs + count * LANES * order.places;
      blocks[count++] = (tile_inputs){
          block_of_inputs(place, scratch.channels, x, p, order, WHOLE, run, i, inputs), start + i,
          inputs};
      if (count == BLOCKS) {
        add_blocks(dw, blocks, count, scratch.gradients, p, order);
        count = 0;
      }
    }
  }
  if (count > 0) add_blocks(dw, blocks, count, scratch.gradients, p, order);
  TILE_RELEASE();
}

static double tiles_multiply_add(long rounds, float *sink) {
  float sums[LANES * LANES] __attribute__((aligned(64)));
  configure(LANES, 0);
  TILE_ZERO(0);
  TILE_ZERO(1);
  TILE_ZERO(2);
  TILE_ZERO(3);
  TILE_ZERO(4);
  TILE_ZERO(5);
  for (long r = 0; r < rounds; r++) {
    TILE_PRODUCT(0, 4, 5);
    TILE_PRODUCT(1, 4, 5);
    TILE_PRODUCT(2, 4, 5);
    TILE_PRODUCT(3, 4, 5);
  }
  TILE_STORE(0, sums, ROW);
  TILE_RELEASE();
  *sink = sums[0];
  return 2.0 * 4 * LANES * LANES * WHOLE * (double)rounds;
}
