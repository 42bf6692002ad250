// WebP through libwebp's decoder of animations, of which a still picture is the shortest.
#include <stdlib.h>

#include <webp/decode.h>
#include <webp/demux.h>

#include "CPictures.h"

struct bench_webp {
  WebPAnimDecoder *decoder;
  size_t pixels;
  int has_alpha;
};

bench_webp *bench_webp_open(const uint8_t *bytes, size_t count, int *width, int *height) {
  // Sizes are judged by the caller, before the decoder makes room for a canvas.
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes, count, &features) != VP8_STATUS_OK) return NULL;
  bench_webp *webp = calloc(1, sizeof *webp);
  if (!webp) return NULL;
  *width = features.width;
  *height = features.height;
  webp->pixels = (size_t)features.width * (size_t)features.height;
  webp->has_alpha = features.has_alpha;
  if (webp->pixels > (size_t)1 << 26) return webp;
  WebPAnimDecoderOptions options;
  WebPAnimDecoderOptionsInit(&options);
  options.color_mode = MODE_RGBA;
  WebPData data = {bytes, count};
  webp->decoder = WebPAnimDecoderNew(&data, &options);
  if (!webp->decoder) {
    free(webp);
    return NULL;
  }
  return webp;
}

int bench_webp_read(bench_webp *webp, uint8_t *rgb) {
  uint8_t *rgba;
  int time;
  if (!webp->decoder || !WebPAnimDecoderGetNext(webp->decoder, &rgba, &time)) return 1;
  if (webp->has_alpha) {
    bench_lay_on_white(rgba, rgb, webp->pixels);
    return 0;
  }
  for (size_t i = 0; i < webp->pixels; i++)
    for (size_t c = 0; c < 3; c++) rgb[3 * i + c] = rgba[4 * i + c];
  return 0;
}

void bench_webp_close(bench_webp *webp) {
  if (!webp) return;
  WebPAnimDecoderDelete(webp->decoder);
  free(webp);
}
