// The seam between the pictures of the world and the module Datasets: decoders whose libraries report
// faults by longjmp, which Swift cannot catch, and the two passes of a resize.
//
// Every decoder gives 8-bit RGB, rows from the top, `[height][width][3]`. A function that can fail
// returns 0 where all is well; what is wrong then stands in a message of at most
// BENCH_PICTURE_MESSAGE bytes, ended by a zero.
#ifndef CPICTURES_H
#define CPICTURES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_PICTURE_MESSAGE 256

// --- JPEG ------------------------------------------------------------------------------------

typedef struct bench_jpeg bench_jpeg;

// A decoder for one file after the other, on one thread at a time; NULL without memory.
bench_jpeg *bench_jpeg_create(void);
void bench_jpeg_destroy(bench_jpeg *decoder);
const char *bench_jpeg_message(const bench_jpeg *decoder);

// Reads the header. The bytes must stay where they are until bench_jpeg_read has returned.
int bench_jpeg_open(bench_jpeg *decoder, const uint8_t *bytes, size_t count, int *width,
                    int *height);

// A part of a picture, in pixels of the size that it is decoded at.
typedef struct {
  int left, top, width, height;
} bench_picture_part;

// Prepares to decode the part at 1/divisor of the full size (1, 2, 4 or 8; sides are rounded up).
// pitch: bytes from one row to the next, some columns beside the part among them.
// offset: of the part's first pixel.
int bench_jpeg_start(bench_jpeg *decoder, int divisor, bench_picture_part part, size_t *pitch,
                     size_t *offset);
// Decodes the part: its pixels are those of the whole picture, to the bit. What lies outside is
// unpacked nevertheless, so that damage is seen wherever it is. rgb has room for all its rows.
int bench_jpeg_read(bench_jpeg *decoder, uint8_t *rgb);

// --- PNG -------------------------------------------------------------------------------------

typedef struct bench_png bench_png;

// Reads the header; the bytes must stay where they are until bench_png_close. NULL without memory.
bench_png *bench_png_create(void);
int bench_png_open(bench_png *decoder, const uint8_t *bytes, size_t count, int *width,
                   int *height);
// Samples as stored: no gamma, no colour profile; of 16 bits the upper 8; transparency laid on white.
int bench_png_read(bench_png *decoder, uint8_t *rgb);
const char *bench_png_message(const bench_png *decoder);
void bench_png_close(bench_png *decoder);

// --- TIFF ------------------------------------------------------------------------------------

typedef struct bench_tiff bench_tiff;

// Reads the header of the first picture; the bytes must stay where they are until bench_tiff_close.
// Width and height are those after the turning that the file asks for. NULL without memory.
bench_tiff *bench_tiff_create(void);
int bench_tiff_open(bench_tiff *decoder, const uint8_t *bytes, size_t count, int *width,
                    int *height);
// Samples as stored: of 16 bits the upper 8, of 32 bits what lies in 0...255; transparency on white.
int bench_tiff_read(bench_tiff *decoder, uint8_t *rgb);
const char *bench_tiff_message(const bench_tiff *decoder);
void bench_tiff_close(bench_tiff *decoder);

// --- WebP ------------------------------------------------------------------------------------

typedef struct bench_webp bench_webp;

// Reads the header; of an animation the first picture counts. The bytes must stay where they are
// until bench_webp_close. NULL where the bytes are no WebP file that can be read.
bench_webp *bench_webp_open(const uint8_t *bytes, size_t count, int *width, int *height);
int bench_webp_read(bench_webp *decoder, uint8_t *rgb);
void bench_webp_close(bench_webp *decoder);

// --- Transparency ----------------------------------------------------------------------------

// Red, green, blue and alpha, [pixels][4], laid on white: stored numbers are mixed, not light.
void bench_lay_on_white(const uint8_t *rgba, uint8_t *rgb, size_t pixels);

// --- Inks ------------------------------------------------------------------------------------

// Cyan, magenta, yellow and black, [pixels][4], 255 for full ink, as Pillow turns them into light.
void bench_inks_to_rgb(const uint8_t *inks, uint8_t *rgb, size_t pixels);

// --- Resizing --------------------------------------------------------------------------------

// What the lines of a target are made of: line i is the sum of `taps` source lines from firsts[i] on,
// each times its weight in units of 2^-22. Unused weights are zero.
typedef struct {
  const int32_t *firsts;
  const int32_t *weights;  // [lines][taps]
  int32_t lines, taps;
} bench_filter;

// The horizontal pass alone, rounded to 8 bits. output: [rows][columns.lines][3].
//   plain: whether by the loop for every CPU, which a faster one must equal.
void bench_across(const uint8_t *source, size_t pitch, int32_t rows, bench_filter columns,
                  int plain, uint8_t *output);
// Both passes of a resize, horizontal first, each rounded to 8 bits.
//   source: RGB with `pitch` bytes a row; readable for 16 bytes beyond its last pixel.
//   rows: source rows that the vertical filter reads.
//   between: room for rows * columns.lines * 3 bytes.
//   output: [rows.lines][columns.lines][3].
void bench_resize(const uint8_t *source, size_t pitch, int32_t sourceRows, bench_filter columns,
                  bench_filter rows, uint8_t *between, uint8_t *output);
// The same with the vertical pass first; between has room for a row of the source and 16 bytes.
void bench_resize_down_first(const uint8_t *source, size_t pitch, bench_filter columns,
                             bench_filter rows, uint8_t *between, uint8_t *output);

#ifdef __cplusplus
}
#endif

#endif
