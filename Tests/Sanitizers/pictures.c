// Damages pictures and decodes them, for the sanitizers: pictures ROUNDS FILE...
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPictures.h"

static uint64_t state = 1;

static uint64_t next(void) {
  state += 0x9E3779B97F4A7C15u;
  uint64_t z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

enum { most = 1 << 20 };

static int fits(int width, int height) {
  return width > 0 && height > 0 && (int64_t)width * height <= most;
}

static int decode(bench_jpeg *jpeg, const uint8_t *bytes, size_t count, uint8_t *rgb) {
  int width = 0, height = 0, status = 1;
  if (count > 2 && bytes[0] == 0xFF) {
    if (bench_jpeg_open(jpeg, bytes, count, &width, &height) || !fits(width, height)) return 1;
    int divisor = 1 << next() % 4;
    int across = (width + divisor - 1) / divisor, down = (height + divisor - 1) / divisor;
    bench_picture_part part = {(int)(next() % (uint64_t)across), (int)(next() % (uint64_t)down), 1,
                               1};
    part.width += (int)(next() % (uint64_t)(across - part.left));
    part.height += (int)(next() % (uint64_t)(down - part.top));
    size_t pitch, offset;
    if (bench_jpeg_start(jpeg, divisor, part, &pitch, &offset)) return 1;
    // No byte more than is promised.
    uint8_t *exact = malloc(pitch * (size_t)part.height);
    status = !exact || offset + 3 * (size_t)part.width > pitch || bench_jpeg_read(jpeg, exact);
    free(exact);
    return status;
  }
  if (count > 2 && bytes[0] == 0x89) {
    bench_png *png = bench_png_create();
    if (!bench_png_open(png, bytes, count, &width, &height) && fits(width, height))
      status = bench_png_read(png, rgb);
    bench_png_close(png);
  } else if (count > 2 && (bytes[0] == 'I' || bytes[0] == 'M')) {
    bench_tiff *tiff = bench_tiff_create();
    if (!bench_tiff_open(tiff, bytes, count, &width, &height) && fits(width, height))
      status = bench_tiff_read(tiff, rgb);
    bench_tiff_close(tiff);
  } else {
    bench_webp *webp = bench_webp_open(bytes, count, &width, &height);
    if (webp && fits(width, height)) status = bench_webp_read(webp, rgb);
    bench_webp_close(webp);
  }
  return status;
}

int main(int argc, char **argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 0, refused = 0, decoded = 0;
  bench_jpeg *jpeg = bench_jpeg_create();
  uint8_t *rgb = malloc(3 * (size_t)most);
  for (int file = 2; file < argc; file++) {
    FILE *input = fopen(argv[file], "rb");
    if (!input) return 1;
    static uint8_t sound[1 << 20];
    size_t count = fread(sound, 1, sizeof sound, input);
    fclose(input);
    for (long round = 0; round < rounds; round++) {
      // Exactly as many bytes as there are, so that reading beyond them is seen.
      size_t size = next() % 4 ? count : next() % (count + 1);
      uint8_t *bytes = malloc(size + !size);
      memcpy(bytes, sound, size);
      for (uint64_t changes = next() % 5; size && changes; changes--)
        bytes[next() % (next() % 3 ? size : size < 200 ? size : 200)] = (uint8_t)next();
      if (decode(jpeg, bytes, size, rgb))
        refused++;
      else
        decoded++;
      free(bytes);
    }
  }
  bench_jpeg_destroy(jpeg);
  free(rgb);
  printf("%ld decoded, %ld refused\n", decoded, refused);
  return 0;
}
