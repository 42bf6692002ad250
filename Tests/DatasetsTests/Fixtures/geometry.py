"""torchvision's evaluation pixels for many sizes, as geometry.json: the formula of the pictures is that of PictureFixture.pixels."""

import hashlib
import json
import os

import numpy
import PIL
import torchvision
from PIL import Image
from torchvision import transforms

# Width, height: aspects up to 15 to 1, and the sizes of photographs.
SIZES = [
    (500, 375), (375, 500), (640, 480), (400, 300), (300, 400), (341, 256), (257, 256), (256, 257),
    (500, 332), (332, 500), (500, 281), (281, 500), (640, 427), (427, 640), (224, 224), (256, 256),
    (225, 224), (100, 80), (80, 100), (33, 501), (501, 33), (1000, 250), (250, 1000), (97, 64), (1, 1),
    (1, 9), (9, 1), (7, 300), (512, 512), (448, 449), (449, 448), (777, 513), (513, 777), (1024, 768),
    (1200, 900), (300, 601), (300, 600), (300, 602),
]  # fmt: skip
# Shorter side, crop.
PLANS = [(256, 224), (224, 224), (232, 224), (64, 64), (299, 299), (36, 32), (33, 32)]


def picture(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    channels = [37 * x + 91 * y, x * y * 29 + 7, 200 + 243 * x + 5 * y]
    return Image.fromarray((numpy.stack(channels, -1) % 256).astype("uint8"))


cases = []
for width, height in SIZES:
    source = picture(width, height)
    for resize, crop in PLANS:
        if crop * max(width, height) > 6000 * min(width, height):
            continue
        resized = transforms.Resize(resize)(source)
        pixels = numpy.asarray(transforms.CenterCrop(crop)(resized))
        cases.append({
            "width": width, "height": height, "resize": resize, "crop": crop,
            "resized": list(resized.size), "first": pixels[0, :4].flatten().tolist(),
            "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        })  # fmt: skip
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "geometry.json")
with open(path, "w") as file:
    lines = ",\n".join(json.dumps(case) for case in cases)
    file.write(f'{{"torchvision": "{torchvision.__version__}", "pillow": "{PIL.__version__}", "cases": [\n{lines}\n]}}\n')
print(len(cases), "cases")
