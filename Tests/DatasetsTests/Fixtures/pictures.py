"""Small pictures of every kind with the pixels that evaluation must give them, as pictures.json.

Needs Pillow, torchvision, numpy and the program cjpeg of libjpeg-turbo. What is right is Resize and
CenterCrop of torchvision on Pillow's picture, but for the two documented differences: transparency is laid
on white in stored numbers, and grey of more than 8 bits is its upper 8 bits.
"""

import base64
import hashlib
import io
import json
import os
import struct
import subprocess
import zlib

import numpy
import PIL
import torchvision
from PIL import Image
from torchvision import transforms

WIDTH, HEIGHT = 29, 21
y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
RGB = numpy.stack([5 * x + y, 255 - 6 * y, (x * y) % 256], -1).astype("uint8")
ALPHA = ((x * 11 + y * 3) % 256).astype("uint8")
GREY = ((7 * x + 3 * y) % 256).astype("uint8")
DEEP = ((x * 1447 + y * 977) % 65536).astype(">u2")
PICTURE = Image.fromarray(RGB)
PLANS = [(16, 14), (21, 20), (32, 30)]
cases = []


def evaluated(image):
    result = []
    for resize, crop in PLANS:
        pixels = numpy.asarray(transforms.CenterCrop(crop)(transforms.Resize(resize)(image)))
        result.append(hashlib.sha256(pixels.tobytes()).hexdigest())
    return result


def on_white(image):
    """Stored numbers, mixed and rounded."""
    pixels = numpy.asarray(image.convert("RGBA")).astype(int)
    alpha = pixels[:, :, 3:]
    return Image.fromarray(((pixels[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype("uint8"))


def add(name, data, right=None):
    if right is None:
        right = Image.open(io.BytesIO(data)).convert("RGB")
    cases.append({"name": name, "file": base64.b64encode(data).decode(), "right": evaluated(right)})


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def jpegs():
    source = saved(PICTURE, "PPM")

    def cjpeg(*options):
        run = subprocess.run(["cjpeg", "-quality", "85", *options], input=source, capture_output=True)
        return run.stdout if run.returncode == 0 else None

    for across in (1, 2, 3, 4):
        for down in (1, 2, 3, 4):
            for options in ((), ("-progressive",), ("-restart", "1")):
                data = cjpeg("-sample", f"{across}x{down}", *options)
                if data:
                    add(f"jpeg sampling {across}x{down} {' '.join(options)}", data)
    odd = "2x2,1x1,2x2 1x1,2x2,1x1 2x1,1x2,1x1 1x2,1x1,1x1 2x2,2x1,1x2 1x1,1x1,2x2 4x1,1x1,2x1 2x2,2x2,1x1 3x1,1x1,1x1"
    for sampling in odd.split():
        add(f"jpeg sampling {sampling}", cjpeg("-sample", sampling))
    kinds = ["-rgb", "-grayscale", "-optimize", "-arithmetic -sample 2x2", "-arithmetic -progressive", "-quality 3", "-quality 100", "-dct float"]
    for kind in kinds:
        add(f"jpeg {kind}", cjpeg(*kind.split()))
    plain = cjpeg()
    add("jpeg JFIF 0.00", plain.replace(b"JFIF\0\1\1", b"JFIF\0\0\0", 1))
    add("jpeg JFIF 2.01", plain.replace(b"JFIF\0\1\1", b"JFIF\0\2\1", 1))
    add("jpeg without JFIF", plain[:2] + plain[20:])
    add("jpeg bytes between markers", plain[:20] + b"abc" + plain[20:])
    scan = plain.index(b"\xff\xda")
    # The last of the scan's parameters that sequential files do not use.
    length = struct.unpack(">H", plain[scan + 2 : scan + 4])[0]
    add("jpeg odd scan parameters", plain[: scan + 2 + length - 2] + b"\x3e" + plain[scan + 2 + length - 1 :])
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
    add("jpeg unknown Adobe transform", plain[:20] + adobe + b"\x07" + plain[20:])
    inks = saved(PICTURE.convert("CMYK"), "JPEG", quality=90)
    add("jpeg CMYK", inks)
    place = inks.index(b"Adobe") + 11
    add("jpeg YCCK", inks[:place] + b"\x02" + inks[place + 1 :])
    add("jpeg grey", saved(PICTURE.convert("L"), "JPEG", quality=90))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed(samples, bits):
    """Rows of [height, width, channels] as PNG has them, each with the filter 0."""
    rows = b""
    for row in samples:
        values = row.reshape(-1)
        if bits == 16:
            line = values.astype(">u2").tobytes()
        else:
            text = "".join(format(value, f"0{bits}b") for value in values)
            line = int(text + "0" * (-len(text) % 8), 2).to_bytes((len(text) + 7) // 8, "big")
        rows += b"\0" + line
    return rows


def png(samples, bits, kind, chunks=(), interlaced=False):
    height, width = samples.shape[:2]
    if interlaced:
        passes = [samples[top::down, left::across] for left, top, across, down in ADAM7]
        data = b"".join(packed(part, bits) for part in passes if part.size)
    else:
        data = packed(samples, bits)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced))
    rest = b"".join(chunk(name, content) for name, content in chunks)
    return b"\x89PNG\r\n\x1a\n" + head + rest + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def pngs():
    gamma = (b"gAMA", struct.pack(">I", 100000))
    # Many an old file's, which is no profile at all.
    profile = (b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))
    cube = numpy.stack([GREY, 255 - GREY, GREY // 2], -1)
    for interlaced in (False, True):
        word = " interlaced" if interlaced else ""
        for bits in (1, 2, 4, 8):
            grey = (GREY >> (8 - bits))[:, :, None]
            add(f"png grey {bits}{word}", png(grey, bits, 0, interlaced=interlaced))
            colours = numpy.stack([numpy.arange(1 << bits) * 37 % 256, numpy.arange(1 << bits) * 91 % 256, 255 - numpy.arange(1 << bits)], -1).astype("uint8")
            palette = (b"PLTE", colours.tobytes())
            add(f"png palette {bits}{word}", png(grey, bits, 3, [palette], interlaced))
            clear = (b"tRNS", bytes((i * 83) % 256 for i in range(1 << bits)))
            data = png(grey, bits, 3, [palette, clear], interlaced)
            add(f"png palette alpha {bits}{word}", data, on_white(Image.open(io.BytesIO(data))))
        deep = DEEP[:, :, None].astype(int)
        add(f"png grey 16{word}", png(deep, 16, 0, interlaced=interlaced), Image.fromarray((DEEP >> 8).astype("uint8")).convert("RGB"))
        wide = numpy.stack([DEEP, 65535 - DEEP, DEEP // 2], -1).astype(int)
        add(f"png rgb 16{word}", png(wide, 16, 2, interlaced=interlaced))
        add(f"png rgb 8{word}", png(RGB, 8, 2, interlaced=interlaced))
        alpha = png(numpy.dstack([RGB, ALPHA]), 8, 6, interlaced=interlaced)
        add(f"png rgba 8{word}", alpha, on_white(Image.open(io.BytesIO(alpha))))
        grey = png(numpy.dstack([GREY, ALPHA]), 8, 4, interlaced=interlaced)
        add(f"png grey alpha 8{word}", grey, on_white(Image.open(io.BytesIO(grey))))
        tall = numpy.dstack([wide, DEEP[::-1].astype(int)])
        high = Image.fromarray((tall >> 8).astype("uint8"))
        add(f"png rgba 16{word}", png(tall, 16, 6, interlaced=interlaced), on_white(high))
    for name, more in (("gamma", [gamma]), ("sRGB", [(b"sRGB", b"\0")]), ("gamma and chromaticities", [gamma, (b"cHRM", struct.pack(">8I", *[31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]))]), ("bad profile", [profile])):
        add(f"png rgb with {name}", png(RGB, 8, 2, more))
        add(f"png grey with {name}", png(GREY[:, :, None], 8, 0, more), Image.fromarray(GREY).convert("RGB"))
        add(f"png rgb 16 with {name}", png(wide, 16, 2, more))
    keyed = png(cube, 8, 2, [(b"tRNS", struct.pack(">3H", *map(int, cube[5, 7])))])
    right = cube.copy()
    right[(cube == cube[5, 7]).all(-1)] = 255
    add("png rgb with one clear colour", keyed, Image.fromarray(right))
    add("png black, half transparent", saved(Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 128)), "PNG"), Image.new("RGB", (WIDTH, HEIGHT), (127, 127, 127)))


def others():
    for mode in ("1", "L", "P", "RGB"):
        add(f"bmp {mode}", saved(PICTURE.convert(mode), "BMP"))
    four = numpy.asarray(PICTURE.convert("L")) >> 4
    pitch = (WIDTH * 4 + 31) // 32 * 4
    colours = b"".join(bytes([17 * i, 255 - 13 * i, 7 * i, 0]) for i in range(16))

    def bmp(bits, compression, body, more=b"", height=HEIGHT, header=40):
        start = 14 + header + len(more)
        info = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(body), 0, 0, 0, 0)
        return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + more + body

    rows = [packed(four[line : line + 1, :, None], 4)[1:].ljust(pitch, b"\0") for line in range(HEIGHT)]
    add("bmp 4 bits", bmp(4, 0, b"".join(reversed(rows)), colours))
    add("bmp 4 bits from the top", bmp(4, 0, b"".join(rows), colours, -HEIGHT))
    sixteen = (x * 523 + y * 1777) % 65536
    lines = b"".join(line.astype("<u2").tobytes() + bytes(-2 * WIDTH % 4) for line in sixteen[::-1])
    add("bmp 16 bits", bmp(16, 0, lines))
    add("bmp 16 bits of 5, 6 and 5", bmp(16, 3, lines, struct.pack("<3I", 0xF800, 0x7E0, 0x1F)))
    four_bytes = numpy.dstack([RGB, ALPHA])[::-1].tobytes()
    add("bmp 32 bits", bmp(32, 0, four_bytes))
    masks = struct.pack("<4I", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    data = bmp(32, 3, four_bytes, masks + bytes(52), header=40)
    version4 = data[:14] + struct.pack("<I", 108) + data[18:]
    add("bmp 32 bits with alpha", version4, on_white(Image.open(io.BytesIO(version4))))
    grey = numpy.asarray(PICTURE.convert("L"))[::-1] // 32 * 32
    runs = b""
    for line in grey:
        place = 0
        while place < WIDTH:
            count = 1
            while place + count < WIDTH and line[place + count] == line[place]:
                count += 1
            if count == 1 and place + 3 <= WIDTH:
                runs += bytes([0, 3]) + line[place : place + 3].tobytes() + b"\0"
                place += 3
            else:
                runs += bytes([count, line[place]])
                place += count
        runs += b"\0\0"
    palette = b"".join(bytes([i, 255 - i, i // 2, 0]) for i in range(256))
    add("bmp runs of 8 bits", bmp(8, 1, runs + b"\0\1", palette))
    half = b"".join(bytes([WIDTH, 0x10 + line % 16, 0, 0]) for line in range(HEIGHT))
    add("bmp runs of 4 bits", bmp(4, 2, half + b"\0\1", colours))
    old = b"BM" + struct.pack("<IHHI", 0, 0, 0, 26 + 768) + struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, 8)
    body = b"".join(line.tobytes() + bytes(-WIDTH % 4) for line in GREY[::-1])
    add("bmp of OS/2", old + b"".join(bytes([i, 255 - i, i // 3]) for i in range(256)) + body)

    for name, options in (("lossy", {"quality": 80}), ("lossless", {"lossless": True}), ("strong", {"quality": 5, "method": 6})):
        add(f"webp {name}", saved(PICTURE, "WEBP", **options))
        clear = saved(Image.fromarray(numpy.dstack([RGB, ALPHA])), "WEBP", **options)
        add(f"webp {name} alpha", clear, on_white(Image.open(io.BytesIO(clear))))
    more = [Image.fromarray(255 - RGB)]
    add("webp animated", saved(PICTURE, "WEBP", save_all=True, append_images=more, lossless=True, duration=100))

    text = f"P3 # a comment\n{WIDTH} {HEIGHT}\n# another\n100\n" + "\n".join(" ".join(str(int(v) * 100 // 255) for v in row.reshape(-1)) for row in RGB)
    add("ppm text", text.encode())
    add("pgm text", (f"P2\n{WIDTH} {HEIGHT} 15\n" + " ".join(str(v >> 4) for v in GREY.reshape(-1))).encode())
    add("pbm text", (f"P1 {WIDTH} {HEIGHT}\n" + "".join(str(v >> 7) for v in GREY.reshape(-1))).encode())
    add("ppm", saved(PICTURE, "PPM"))
    add("ppm of 7", f"P6 {WIDTH} {HEIGHT} 7\n".encode() + (RGB >> 5).tobytes())
    add("ppm of 16 bits", f"P6 {WIDTH} {HEIGHT} 65535\n".encode() + numpy.stack([DEEP, 65535 - DEEP, DEEP // 2], -1).astype(">u2").tobytes())
    add("ppm of 1000", f"P6 {WIDTH} {HEIGHT} 1000\n".encode() + (numpy.stack([DEEP, 65535 - DEEP, DEEP // 2], -1) % 1001).astype(">u2").tobytes())
    add("pgm", saved(PICTURE.convert("L"), "PPM"))
    add("pgm of 16 bits", f"P5 {WIDTH} {HEIGHT} 65535\n".encode() + DEEP.tobytes(), Image.fromarray((DEEP >> 8).astype("uint8")).convert("RGB"))
    add("pbm", saved(PICTURE.convert("1"), "PPM"))

    for packing in (None, "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "lzma", "zstd"):
        for mode in ("L", "RGB", "CMYK"):
            if packing == "jpeg" and mode == "CMYK":
                continue
            add(f"tiff {mode} {packing}", saved(PICTURE.convert(mode), "TIFF", compression=packing))
    for packing in ("group3", "group4", None):
        add(f"tiff 1 {packing}", saved(PICTURE.convert("1"), "TIFF", compression=packing))
    add("tiff palette", saved(PICTURE.convert("P"), "TIFF"))
    clear = saved(Image.fromarray(numpy.dstack([RGB, ALPHA])), "TIFF")
    add("tiff alpha", clear, on_white(Image.open(io.BytesIO(clear))))
    clear = saved(Image.fromarray(numpy.dstack([GREY, ALPHA]), "LA"), "TIFF")
    add("tiff grey alpha", clear, on_white(Image.open(io.BytesIO(clear))))
    deep = saved(Image.fromarray(DEEP.astype("<u2")), "TIFF")
    add("tiff grey 16", deep, Image.fromarray((DEEP >> 8).astype("uint8")).convert("RGB"))
    add("tiff float", saved(Image.fromarray((GREY * 1.5 - 20).astype("float32")), "TIFF"))

    def tiff(order, tags, body):
        size = 8 + 2 + 12 * len(tags) + 4
        entries, extra = b"", b""
        for tag, kind, values in sorted(tags):
            # A fraction is two numbers.
            count = len(values) // 2 if kind == 5 else len(values)
            data = struct.pack(order + {3: "H", 4: "I", 5: "I"}[kind] * len(values), *values)
            if len(data) > 4:
                place, extra = size + len(extra), extra + data
                data = struct.pack(order + "I", place)
            entries += struct.pack(order + "HHI", tag, kind, count) + data.ljust(4, b"\0")
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
        data = head + struct.pack(order + "H", len(tags)) + entries + bytes(4) + extra
        return data.replace(struct.pack(order + "I", 0xABCDEF), struct.pack(order + "I", len(data))) + body

    def plain(order, bits, samples, meaning, body, more=(), packing=1):
        base = [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [bits] * samples), (259, 3, [packing]), (262, 3, [meaning]), (273, 4, [0xABCDEF]), (277, 3, [samples]), (278, 4, [HEIGHT]), (279, 4, [len(body)])]
        return tiff(order, base + list(more), body)

    wide = numpy.stack([DEEP, 65535 - DEEP, DEEP // 2], -1)
    add("tiff rgb 16 little", plain("<", 16, 3, 2, wide.astype("<u2").tobytes()))
    add("tiff rgb 16 big", plain(">", 16, 3, 2, wide.astype(">u2").tobytes()))
    for bits in (1, 2, 4, 8):
        body = b"".join(packed((GREY >> (8 - bits))[line : line + 1, :, None], bits)[1:] for line in range(HEIGHT))
        for meaning, word in ((0, "white is zero"), (1, "black is zero")):
            add(f"tiff grey {bits}, {word}", plain("<", bits, 1, meaning, body))
        ramp = [v * 257 for c in (37, 91, 201) for v in [(i * c) % 256 for i in range(1 << bits)]]
        add(f"tiff palette {bits}", plain(">", bits, 1, 3, body, [(320, 3, ramp)]))
    for bits, order in ((10, "<"), (12, "<"), (12, ">"), (14, "<")):
        body = b"".join(packed((DEEP >> (16 - bits)).astype(int)[line : line + 1, :, None], bits)[1:] for line in range(HEIGHT))
        add(f"tiff grey {bits} {order}", plain(order, bits, 1, 1, body), Image.fromarray((DEEP >> 8).astype("uint8")).convert("RGB"))
    body = b"".join(packed((wide >> 4).astype(int)[line : line + 1], 12)[1:] for line in range(HEIGHT))
    add("tiff rgb 12", plain("<", 12, 3, 2, body), Image.fromarray((wide >> 8).astype("uint8")))
    colour = numpy.stack([GREY, RGB[:, :, 0], RGB[:, :, 2]], -1)
    for name, more in (("", []), (" of other coefficients", [(529, 5, [2126, 10000, 7152, 10000, 722, 10000])])):
        add(f"tiff YCbCr{name}", plain("<", 8, 3, 6, colour.tobytes(), [(530, 3, [1, 1])] + more))
    # Blocks of brightness with two differences of colour each; Pillow reads them compressed only.
    for across, down in ((2, 1), (2, 2), (4, 4)):
        blocks = -(-WIDTH // across) * -(-HEIGHT // down)
        body = bytes((i * 37 + i * i // 11) % 256 for i in range(blocks * (across * down + 2)))
        small = zlib.compress(body)
        tags = [(530, 3, [across, down]), (532, 5, [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])]
        data = plain("<", 8, 3, 6, small, tags, packing=8)
        add(f"tiff YCbCr {across}x{down} deflate", data)
        add(f"tiff YCbCr {across}x{down}", plain("<", 8, 3, 6, body, tags), Image.open(io.BytesIO(data)).convert("RGB"))
    for turn in range(1, 9):
        add(f"tiff turned {turn}", plain("<", 8, 3, 2, RGB.tobytes(), [(274, 3, [turn])]))
    four = numpy.dstack([RGB, ALPHA])
    multiplied = numpy.dstack([(RGB.astype(int) * ALPHA[:, :, None] // 255).astype("uint8"), ALPHA])
    right = multiplied[:, :, :3].astype(int) + 255 - ALPHA[:, :, None].astype(int)
    add("tiff multiplied alpha", plain("<", 8, 4, 2, multiplied.tobytes(), [(338, 3, [1])]), Image.fromarray(right.astype("uint8")))
    add("tiff with a fourth sample", plain("<", 8, 4, 2, four.tobytes(), [(338, 3, [0])]))
    planes = b"".join(RGB[:, :, c].tobytes() for c in range(3))
    base = [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [8] * 3), (259, 3, [1]), (262, 3, [2]), (277, 3, [3]), (278, 4, [HEIGHT]), (284, 3, [2])]
    first = 8 + 2 + 12 * 10 + 4 + 6 + 24
    places = [first + i * WIDTH * HEIGHT for i in range(3)]
    add("tiff planes", tiff("<", base + [(273, 4, places), (279, 4, [WIDTH * HEIGHT] * 3)], planes))
    tiles = b""
    wrapped = numpy.zeros((32, 32, 3), "uint8")
    wrapped[:HEIGHT, :WIDTH] = RGB
    for top in range(0, 32, 16):
        for left in range(0, 32, 16):
            tiles += wrapped[top : top + 16, left : left + 16].tobytes()
    first = 8 + 2 + 12 * 10 + 4 + 6 + 32
    base = [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [8] * 3), (259, 3, [1]), (262, 3, [2]), (277, 3, [3]), (322, 4, [16]), (323, 4, [16])]
    add("tiff tiles", tiff("<", base + [(324, 4, [first + i * 768 for i in range(4)]), (325, 4, [768] * 4)], tiles))


jpegs()
pngs()
others()
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures.json")
with open(path, "w") as file:
    lines = ",\n".join(json.dumps(case) for case in cases)
    file.write(f'{{"torchvision": "{torchvision.__version__}", "pillow": "{PIL.__version__}", "plans": {json.dumps(PLANS)}, "cases": [\n{lines}\n]}}\n')
print(len(cases), "pictures")
