// What a screen shows of transparency and of inks.
#include "CPictures.h"

void bench_lay_on_white(const uint8_t *rgba, uint8_t *rgb, size_t pixels) {
  for (size_t i = 0; i < pixels; i++) {
    unsigned alpha = rgba[4 * i + 3];
    for (size_t c = 0; c < 3; c++)
      rgb[3 * i + c] = (uint8_t)((rgba[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}

// a * b / 255, rounded as Pillow does.
static inline unsigned share(unsigned a, unsigned b) {
  unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

void bench_inks_to_rgb(const uint8_t *inks, uint8_t *rgb, size_t pixels) {
  for (size_t i = 0; i < pixels; i++) {
    unsigned light = 255 - inks[4 * i + 3];
    for (size_t c = 0; c < 3; c++)
      rgb[3 * i + c] = (uint8_t)(light - share(inks[4 * i + c], light));
  }
}
