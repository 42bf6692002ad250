// JPEG through libjpeg: which of its warnings are damage, parts of pictures, and colours of inks.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CPictures.h"

struct bench_jpeg {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf failed;
  char message[BENCH_PICTURE_MESSAGE];
  // What bench_jpeg_start has been told and has found: how many columns are decoded left of the part,
  // and a row for what is decoded in vain.
  bench_picture_part part;
  int skip, inks;
  uint8_t *row;
};

// A progressive file may order thousands of passes over one picture.
enum { most_scans = 500 };

static void fail(j_common_ptr info) {
  bench_jpeg *decoder = info->client_data;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(decoder->message, sizeof decoder->message, "%s", text);
  longjmp(decoder->failed, 1);
}

// Warnings about the header and about the parameters of a scan lose nothing. Those about the
// entropy-coded data mean that pixels are made up.
static void warn(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
    case JWRN_BOGUS_ICC:
      info->err->num_warnings++;
      return;
    default: fail(info);
  }
}

static void say_nothing(j_common_ptr info) { (void)info; }

static void count_scans(j_common_ptr info) {
  bench_jpeg *decoder = info->client_data;
  if (!info->is_decompressor || decoder->info.input_scan_number <= most_scans) return;
  snprintf(decoder->message, sizeof decoder->message, "it has more than %d scans", most_scans);
  longjmp(decoder->failed, 1);
}

bench_jpeg *bench_jpeg_create(void) {
  bench_jpeg *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->info.err = jpeg_std_error(&decoder->errors);
  decoder->errors.error_exit = fail;
  decoder->errors.emit_message = warn;
  decoder->errors.output_message = say_nothing;
  decoder->info.client_data = decoder;
  if (setjmp(decoder->failed)) {
    free(decoder);
    return NULL;
  }
  jpeg_create_decompress(&decoder->info);
  decoder->info.client_data = decoder;
  decoder->progress.progress_monitor = count_scans;
  decoder->info.progress = &decoder->progress;
  return decoder;
}

void bench_jpeg_destroy(bench_jpeg *decoder) {
  if (!decoder) return;
  jpeg_destroy_decompress(&decoder->info);
  free(decoder->row);
  free(decoder);
}

const char *bench_jpeg_message(const bench_jpeg *decoder) { return decoder->message; }

int bench_jpeg_open(bench_jpeg *decoder, const uint8_t *bytes, size_t count, int *width,
                    int *height) {
  jpeg_abort_decompress(&decoder->info);
  if (setjmp(decoder->failed)) {
    jpeg_abort_decompress(&decoder->info);
    return 1;
  }
  jpeg_mem_src(&decoder->info, (unsigned char *)bytes, count);
  jpeg_read_header(&decoder->info, TRUE);
  *width = (int)decoder->info.image_width;
  *height = (int)decoder->info.image_height;
  return 0;
}

// Columns and rows decoded around the part: at the border of what it decodes, libjpeg has no
// neighbours from which to interpolate colours.
enum { margin = 8 };

int bench_jpeg_start(bench_jpeg *decoder, int divisor, bench_picture_part part, size_t *pitch,
                     size_t *offset) {
  struct jpeg_decompress_struct *info = &decoder->info;
  free(decoder->row);
  decoder->row = NULL;
  if (setjmp(decoder->failed)) {
    jpeg_abort_decompress(info);
    return 1;
  }
  info->scale_num = 1;
  info->scale_denom = (unsigned)divisor;
  decoder->inks = info->num_components == 4;
  info->out_color_space = decoder->inks ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(info);
  JDIMENSION left = 0, width = info->output_width;
  if (!jpeg_has_multiple_scans(info) && part.width + 2 * margin < (int)info->output_width) {
    left = (JDIMENSION)(part.left > margin ? part.left - margin : 0);
    JDIMENSION end = (JDIMENSION)(part.left + part.width + margin);
    width = (end < info->output_width ? end : info->output_width) - left;
    jpeg_crop_scanline(info, &left, &width);
  }
  decoder->part = part;
  decoder->skip = part.left - (int)left;
  // Inks are turned into colours from a row of their own.
  *pitch = 3 * (size_t)(decoder->inks ? (JDIMENSION)part.width : info->output_width);
  *offset = decoder->inks ? 0 : 3 * (size_t)decoder->skip;
  decoder->row = malloc((size_t)info->output_width * 4 + 16);
  if (decoder->row) return 0;
  snprintf(decoder->message, sizeof decoder->message, "there is no memory for a row of it");
  jpeg_abort_decompress(info);
  return 1;
}

int bench_jpeg_read(bench_jpeg *decoder, uint8_t *rgb) {
  struct jpeg_decompress_struct *info = &decoder->info;
  const bench_picture_part part = decoder->part;
  if (setjmp(decoder->failed)) {
    jpeg_abort_decompress(info);
    return 1;
  }
  int several = jpeg_has_multiple_scans(info);
  if (!several && part.top > margin) jpeg_skip_scanlines(info, (JDIMENSION)(part.top - margin));
  while ((int)info->output_scanline < part.top + part.height) {
    int line = (int)info->output_scanline - part.top;
    size_t width = decoder->inks ? (size_t)part.width : info->output_width;
    uint8_t *target = rgb + (size_t)(line < 0 ? 0 : line) * width * 3;
    // Rows that are wanted are decoded in place.
    JSAMPROW row = decoder->inks || line < 0 ? decoder->row : target;
    if (jpeg_read_scanlines(info, &row, 1) != 1) break;
    if (!decoder->inks || line < 0) continue;
    // Adobe's programs store inks inverted, and no other writes them.
    uint8_t *inks = row + 4 * (size_t)decoder->skip;
    for (size_t i = 0; i < 4 * width; i++) inks[i] = (uint8_t)(255 - inks[i]);
    bench_inks_to_rgb(inks, target, width);
  }
  // The rest is unpacked, for what is damaged there, and its last row read.
  JDIMENSION rest = info->output_height - info->output_scanline;
  if (!several && rest > 0) {
    if (rest > 1) jpeg_skip_scanlines(info, rest - 1);
    JSAMPROW row = decoder->row;
    jpeg_read_scanlines(info, &row, 1);
  }
  if (info->output_scanline == info->output_height)
    jpeg_finish_decompress(info);
  else
    jpeg_abort_decompress(info);
  return 0;
}
