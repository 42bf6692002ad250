// PNG through libpng's full interface: samples as they are stored, which its simplified one cannot give.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "CPictures.h"

struct bench_png {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t count, place;
  png_uint_32 width, height;
  char message[BENCH_PICTURE_MESSAGE];
  // What bench_png_read has allocated.
  uint8_t *pixels;
  png_bytepp rows;
};

static void fail(png_structp png, png_const_charp text) {
  bench_png *decoder = png_get_error_ptr(png);
  snprintf(decoder->message, sizeof decoder->message, "%s", text);
  longjmp(png_jmpbuf(png), 1);
}

static void pass_over(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep output, size_t wanted) {
  bench_png *decoder = png_get_io_ptr(png);
  if (wanted > decoder->count - decoder->place) png_error(png, "it ends in the middle");
  memcpy(output, decoder->bytes + decoder->place, wanted);
  decoder->place += wanted;
}

bench_png *bench_png_create(void) { return calloc(1, sizeof(bench_png)); }

const char *bench_png_message(const bench_png *decoder) { return decoder->message; }

static int refuse(bench_png *decoder, const char *text) {
  snprintf(decoder->message, sizeof decoder->message, "%s", text);
  return 1;
}

int bench_png_open(bench_png *decoder, const uint8_t *bytes, size_t count, int *width,
                   int *height) {
  decoder->bytes = bytes;
  decoder->count = count;
  decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, fail, pass_over);
  if (!decoder->png) return refuse(decoder, "libpng cannot start");
  decoder->info = png_create_info_struct(decoder->png);
  if (!decoder->info) return refuse(decoder, "there is no memory for its header");
  if (setjmp(png_jmpbuf(decoder->png))) return 1;
  png_set_read_fn(decoder->png, decoder, read_bytes);
  // Sizes are judged by the caller.
  png_set_user_limits(decoder->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(decoder->png, decoder->info);
  decoder->width = png_get_image_width(decoder->png, decoder->info);
  decoder->height = png_get_image_height(decoder->png, decoder->info);
  *width = (int)decoder->width;
  *height = (int)decoder->height;
  return 0;
}

int bench_png_read(bench_png *decoder, uint8_t *rgb) {
  png_structp png = decoder->png;
  png_infop info = decoder->info;
  if (setjmp(png_jmpbuf(png))) return 1;
  int type = png_get_color_type(png, info);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (!(type & PNG_COLOR_MASK_COLOR)) {
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  if (png_get_valid(png, info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
  png_set_strip_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t row = png_get_rowbytes(png, info);
  size_t channels = row / decoder->width;
  if (channels != 3 && channels != 4) return refuse(decoder, "its samples are of no known kind");
  decoder->rows = malloc(decoder->height * sizeof *decoder->rows);
  if (channels == 4) decoder->pixels = malloc(row * decoder->height);
  if (!decoder->rows || (channels == 4 && !decoder->pixels))
    return refuse(decoder, "there is no memory for its pixels");
  uint8_t *target = channels == 4 ? decoder->pixels : rgb;
  for (png_uint_32 y = 0; y < decoder->height; y++) decoder->rows[y] = target + y * row;
  png_read_image(png, decoder->rows);
  if (channels == 4) bench_lay_on_white(decoder->pixels, rgb, (size_t)decoder->width * decoder->height);
  return 0;
}

void bench_png_close(bench_png *decoder) {
  if (!decoder) return;
  png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
  free(decoder->rows);
  free(decoder->pixels);
  free(decoder);
}
