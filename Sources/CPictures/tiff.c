// TIFF through libtiff: strips and tiles are unpacked by it, samples are turned into colours here.
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "CPictures.h"

struct bench_tiff {
  TIFF *file;
  const uint8_t *bytes;
  size_t count, place;
  // As stored, before any turning.
  uint32_t width, height;
  uint16_t bits, samples, photometric, planar, format, orientation, compression;
  // How many of the extra samples there are, and what the first is.
  uint16_t extras, extra;
  int is_tiled;
  char message[BENCH_PICTURE_MESSAGE];
};

static void keep(thandle_t handle, const char *module, const char *format, va_list arguments) {
  (void)module;
  bench_tiff *decoder = handle;
  // The first message is the reason, the others follow from it.
  if (decoder && !decoder->message[0])
    vsnprintf(decoder->message, sizeof decoder->message, format, arguments);
}

static void quieten(void) {
  TIFFSetErrorHandler(NULL);
  TIFFSetErrorHandlerExt(keep);
  TIFFSetWarningHandler(NULL);
}

static tmsize_t read_bytes(thandle_t handle, void *output, tmsize_t wanted) {
  bench_tiff *decoder = handle;
  size_t left = decoder->place < decoder->count ? decoder->count - decoder->place : 0;
  size_t size = (size_t)wanted < left ? (size_t)wanted : left;
  memcpy(output, decoder->bytes + (size ? decoder->place : 0), size);
  decoder->place += size;
  return (tmsize_t)size;
}

static tmsize_t write_bytes(thandle_t handle, void *input, tmsize_t size) {
  (void)handle, (void)input, (void)size;
  return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int from) {
  bench_tiff *decoder = handle;
  decoder->place = from == SEEK_SET   ? offset
                   : from == SEEK_CUR ? decoder->place + offset
                                      : decoder->count + offset;
  return decoder->place;
}

static int close_nothing(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t size_of(thandle_t handle) { return ((bench_tiff *)handle)->count; }

bench_tiff *bench_tiff_create(void) { return calloc(1, sizeof(bench_tiff)); }

const char *bench_tiff_message(const bench_tiff *decoder) {
  return decoder->message[0] ? decoder->message : "libtiff cannot read it";
}

void bench_tiff_close(bench_tiff *decoder) {
  if (!decoder) return;
  if (decoder->file) TIFFClose(decoder->file);
  free(decoder);
}

static int refuse(bench_tiff *decoder, const char *text) {
  if (!decoder->message[0]) snprintf(decoder->message, sizeof decoder->message, "%s", text);
  return 1;
}

int bench_tiff_open(bench_tiff *decoder, const uint8_t *bytes, size_t count, int *width,
                    int *height) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, quieten);
  decoder->bytes = bytes;
  decoder->count = count;
  TIFF *file = TIFFClientOpen("picture", "rm", decoder, read_bytes, write_bytes, seek,
                              close_nothing, size_of, NULL, NULL);
  if (!file) return 1;
  decoder->file = file;
  uint16_t *extra = NULL;
  if (!TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &decoder->width) ||
      !TIFFGetField(file, TIFFTAG_IMAGELENGTH, &decoder->height) ||
      !TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &decoder->photometric))
    return refuse(decoder, "it has no size, or does not say what its samples mean");
  if (decoder->width > INT32_MAX || decoder->height > INT32_MAX)
    return refuse(decoder, "its size cannot be");
  TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &decoder->bits);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &decoder->samples);
  TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &decoder->planar);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &decoder->format);
  TIFFGetFieldDefaulted(file, TIFFTAG_ORIENTATION, &decoder->orientation);
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &decoder->compression);
  if (TIFFGetField(file, TIFFTAG_EXTRASAMPLES, &decoder->extras, &extra) && decoder->extras > 0)
    decoder->extra = extra[0];
  decoder->is_tiled = TIFFIsTiled(file);
  int turned = decoder->orientation >= 5 && decoder->orientation <= 8;
  *width = (int)(turned ? decoder->height : decoder->width);
  *height = (int)(turned ? decoder->width : decoder->height);
  return 0;
}

// One sample, of up to 16 or of 32 bits, as 8 bits; fewer bits stay what they are.
static inline uint8_t sample(const uint8_t *row, size_t index, const bench_tiff *decoder) {
  switch (decoder->bits) {
    case 8: return row[index];
    case 16: {
      uint16_t value;
      memcpy(&value, row + 2 * index, 2);
      if (decoder->format == SAMPLEFORMAT_INT)
        return (uint8_t)((int16_t)value < 0 ? 0 : value > 255 ? 255 : value);
      return (uint8_t)(value >> 8);
    }
    case 32: {
      double value;
      if (decoder->format == SAMPLEFORMAT_IEEEFP) {
        float number;
        memcpy(&number, row + 4 * index, 4);
        value = number;
      } else if (decoder->format == SAMPLEFORMAT_INT) {
        int32_t number;
        memcpy(&number, row + 4 * index, 4);
        value = number;
      } else {
        uint32_t number;
        memcpy(&number, row + 4 * index, 4);
        value = number;
      }
      return (uint8_t)(value >= 255 ? 255 : value > 0 ? value : 0);
    }
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 14:
    case 15: {
      // The upper 8, whose first lies anywhere in a byte.
      size_t bit = index * decoder->bits;
      unsigned value = (unsigned)row[bit / 8] << 8 | row[bit / 8 + 1];
      return (uint8_t)(value >> (8 - bit % 8));
    }
    default: {
      size_t bit = index * decoder->bits;
      return (uint8_t)(row[bit / 8] >> (8 - decoder->bits - bit % 8) & ((1 << decoder->bits) - 1));
    }
  }
}

// Unpacks every sample into [height][width][samples].
static int unpack(bench_tiff *decoder, uint8_t *output) {
  TIFF *file = decoder->file;
  uint32_t blockWidth = decoder->width, blockHeight = decoder->height;
  size_t rowSize, blockSize;
  if (decoder->is_tiled) {
    TIFFGetField(file, TIFFTAG_TILEWIDTH, &blockWidth);
    TIFFGetField(file, TIFFTAG_TILELENGTH, &blockHeight);
    rowSize = (size_t)TIFFTileRowSize(file);
    blockSize = (size_t)TIFFTileSize(file);
  } else {
    TIFFGetFieldDefaulted(file, TIFFTAG_ROWSPERSTRIP, &blockHeight);
    if (blockHeight > decoder->height) blockHeight = decoder->height;
    rowSize = (size_t)TIFFScanlineSize(file);
    blockSize = (size_t)TIFFStripSize(file);
  }
  int separate = decoder->planar == PLANARCONFIG_SEPARATE && decoder->samples > 1;
  size_t inBlock = separate ? 1 : decoder->samples;
  if (!blockWidth || !blockHeight || !rowSize || blockSize / rowSize < blockHeight ||
      rowSize * 8 < (size_t)blockWidth * inBlock * decoder->bits || blockSize > (size_t)1 << 30)
    return refuse(decoder, "its strips or tiles have no size that can be");
  uint8_t *block = malloc(blockSize);
  if (!block) return refuse(decoder, "there is no memory for its strips or tiles");
  int status = 0;
  for (uint16_t plane = 0; plane < (separate ? decoder->samples : 1) && !status; plane++)
    for (uint32_t top = 0; top < decoder->height && !status; top += blockHeight)
      for (uint32_t left = 0; left < decoder->width && !status; left += blockWidth) {
        uint32_t rows = decoder->height - top < blockHeight ? decoder->height - top : blockHeight;
        uint32_t columns = decoder->width - left < blockWidth ? decoder->width - left : blockWidth;
        tmsize_t got =
            decoder->is_tiled
                ? TIFFReadEncodedTile(file, TIFFComputeTile(file, left, top, 0, plane), block,
                                      (tmsize_t)blockSize)
                : TIFFReadEncodedStrip(file, TIFFComputeStrip(file, top, plane), block,
                                       (tmsize_t)blockSize);
        if (got < 0 || (size_t)got < rowSize * rows) {
          status = refuse(decoder, "it ends in the middle");
          break;
        }
        for (uint32_t y = 0; y < rows; y++) {
          uint8_t *target =
              output + ((size_t)(top + y) * decoder->width + left) * decoder->samples + plane;
          const uint8_t *row = block + y * rowSize;
          for (uint32_t x = 0; x < columns; x++)
            for (size_t c = 0; c < inBlock; c++)
              target[(size_t)x * decoder->samples + c] = sample(row, x * inBlock + c, decoder);
        }
      }
  free(block);
  return status;
}

// Brightness and two differences of colour as light, as Pillow computes it: in units of 1/64.
static void light_of(const uint8_t *from, uint8_t *rgb) {
  double blue = from[1] - 128.0, red = from[2] - 128.0;
  int differences[3] = {(int)(1.402 * 64 * red + 0.5),
                        (int)(-0.34414 * 64 * blue + 0.5) + (int)(-0.71414 * 64 * red + 0.5),
                        (int)(1.772 * 64 * blue + 0.5)};
  for (int c = 0; c < 3; c++) {
    int value = from[0] + (differences[c] >> 6);
    rgb[c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

// What the samples of the pixels mean, laid on white.
static int colours(bench_tiff *decoder, const uint8_t *samples, uint8_t *rgb, size_t pixels) {
  uint16_t *maps[3] = {NULL, NULL, NULL};
  if (decoder->photometric == PHOTOMETRIC_PALETTE &&
      (decoder->bits > 8 ||
       !TIFFGetField(decoder->file, TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2])))
    return refuse(decoder, "it has no palette");
  size_t step = decoder->samples;
  int isGrey = decoder->photometric <= PHOTOMETRIC_MINISBLACK;
  size_t colour = isGrey || maps[0] ? 1 : decoder->photometric == PHOTOMETRIC_SEPARATED ? 4 : 3;
  if (step < colour) return refuse(decoder, "it has fewer samples than its colours need");
  // Samples of fewer bits are spread over all of 8.
  unsigned scale = decoder->bits < 8 ? 255u / ((1u << decoder->bits) - 1) : 1;
  // Four samples without a word are colours and alpha, as every reader takes them.
  int alpha = step > colour && colour != 4 &&
              (decoder->extras == 0 || decoder->extra == EXTRASAMPLE_ASSOCALPHA ||
               decoder->extra == EXTRASAMPLE_UNASSALPHA || decoder->extra == 999);
  int multiplied = decoder->extras > 0 && decoder->extra == EXTRASAMPLE_ASSOCALPHA;
  for (size_t i = 0; i < pixels; i++) {
    const uint8_t *from = samples + i * step;
    uint8_t pixel[4] = {0, 0, 0, 255};
    if (maps[0])
      for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)(maps[c][from[0]] >> 8);
    else if (isGrey) {
      unsigned value = from[0] * scale;
      if (decoder->photometric == PHOTOMETRIC_MINISWHITE) value = 255 - value;
      pixel[0] = pixel[1] = pixel[2] = (uint8_t)value;
    } else if (colour == 4) {
      bench_inks_to_rgb(from, pixel, 1);
    } else if (decoder->photometric == PHOTOMETRIC_YCBCR && decoder->compression == COMPRESSION_NONE)
      light_of(from, pixel);
    else
      for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)(from[c] * scale);
    if (alpha) pixel[3] = (uint8_t)(from[colour] * scale);
    if (!multiplied)
      bench_lay_on_white(pixel, rgb + 3 * i, 1);
    else
      for (int c = 0; c < 3; c++) {
        unsigned value = pixel[c] + 255u - pixel[3];
        rgb[3 * i + (size_t)c] = (uint8_t)(value > 255 ? 255 : value);
      }
  }
  return 0;
}

// Whatever libtiff itself can turn into colours.
static int ask_library(bench_tiff *decoder, uint8_t *rgb, size_t pixels) {
  uint32_t *raster = malloc(pixels * sizeof *raster);
  if (!raster) return refuse(decoder, "there is no memory for its pixels");
  int fine = TIFFReadRGBAImageOriented(decoder->file, decoder->width, decoder->height, raster,
                                       ORIENTATION_TOPLEFT, 1);
  for (size_t i = 0; fine && i < pixels; i++) {
    uint32_t value = raster[i];
    unsigned rest = 255 - TIFFGetA(value);
    unsigned light[3] = {TIFFGetR(value), TIFFGetG(value), TIFFGetB(value)};
    for (int c = 0; c < 3; c++)
      rgb[3 * i + (size_t)c] = (uint8_t)(light[c] + rest > 255 ? 255 : light[c] + rest);
  }
  free(raster);
  return fine ? 0 : refuse(decoder, "its kind of colours is not read");
}

// Turns and mirrors as the file asks for: 2 to 8 as in the format's specification.
static void turn(const bench_tiff *decoder, const uint8_t *from, uint8_t *to) {
  size_t width = decoder->width, height = decoder->height;
  int way = decoder->orientation;
  int turned = way >= 5;
  size_t columns = turned ? height : width;
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++) {
      size_t across = x, down = y;
      if (way == 2 || way == 3 || way == 7 || way == 8) across = width - 1 - x;
      if (way == 3 || way == 4 || way == 6 || way == 7) down = height - 1 - y;
      size_t target = turned ? across * columns + down : down * columns + across;
      memcpy(to + 3 * target, from + 3 * (y * width + x), 3);
    }
}

int bench_tiff_read(bench_tiff *decoder, uint8_t *rgb) {
  size_t pixels = (size_t)decoder->width * decoder->height;
  int turns = decoder->orientation >= 2 && decoder->orientation <= 8;
  int isKnown = decoder->bits == 1 || decoder->bits == 2 || decoder->bits == 4 ||
                decoder->bits == 8 || decoder->bits == 16 ||
                (decoder->bits > 8 && decoder->bits < 16 &&
                 decoder->format == SAMPLEFORMAT_UINT) ||
                (decoder->bits == 32 && decoder->samples == 1);
  int meaning = decoder->photometric;
  if (meaning == PHOTOMETRIC_CIELAB || meaning == PHOTOMETRIC_ICCLAB ||
      meaning == PHOTOMETRIC_ITULAB)
    return refuse(decoder, "its colours are L*a*b*, which are not read; convert it to RGB");
  if (meaning == PHOTOMETRIC_YCBCR && decoder->compression == COMPRESSION_JPEG &&
      decoder->planar == PLANARCONFIG_CONTIG) {
    TIFFSetField(decoder->file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    meaning = PHOTOMETRIC_RGB;
  }
  if (meaning == PHOTOMETRIC_YCBCR && decoder->compression == COMPRESSION_NONE &&
      decoder->planar == PLANARCONFIG_CONTIG && decoder->bits == 8 && decoder->samples == 3) {
    uint16_t across = 2, down = 2;
    TIFFGetFieldDefaulted(decoder->file, TIFFTAG_YCBCRSUBSAMPLING, &across, &down);
    // What Pillow reads itself, it reads without the file's coefficients and reference values.
    if (across == 1 && down == 1) meaning = PHOTOMETRIC_RGB;
  }
  if (!isKnown || decoder->compression == COMPRESSION_OJPEG || decoder->samples > 8 ||
      (meaning > PHOTOMETRIC_PALETTE && meaning != PHOTOMETRIC_SEPARATED)) {
    if (turns && decoder->orientation >= 5)
      return refuse(decoder, "it is turned, and its kind of colours is not read so");
    return ask_library(decoder, rgb, pixels);
  }
  uint8_t *samples = malloc(pixels * decoder->samples + 1);
  uint8_t *straight = turns ? malloc(pixels * 3) : rgb;
  int status = !samples || !straight ? refuse(decoder, "there is no memory for its pixels") : 0;
  if (!status) status = unpack(decoder, samples);
  if (!status) status = colours(decoder, samples, straight, pixels);
  if (!status && turns) turn(decoder, straight, rgb);
  free(samples);
  if (turns) free(straight);
  return status;
}
