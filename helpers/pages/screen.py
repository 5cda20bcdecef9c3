"""A picture as PNG bytes and as <img>: blitted for the screen, in full for print."""
import io
import re
import struct
import zlib
from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from PIL import Image

from .markup import image

PRINT_DPI = 200  # a stored picture is crisp on dense screens


class Screen:
    """One Agg canvas, kept: a move restores the background, draws what moves, and packs one PNG."""

    def __init__(self, picture):
        self.picture = picture
        with picture.styled():
            self.canvas = Canvas(picture.fig)
            self.canvas.draw()  # animated artists stay out of this
            self.background = self.canvas.copy_from_bbox(picture.fig.bbox)

    def draw(self):
        """The picture as it stands now."""
        with self.picture.styled():
            self.canvas.restore_region(self.background)
            for artist in self.picture.moving:
                self.picture.fig.draw_artist(artist)

    def tag(self, alt=None):
        """<img> of what was drawn last."""
        with self.picture.styled():
            data = png(np.asarray(self.canvas.buffer_rgba()))
        return image(self.picture, data, alt)


class Canvas(FigureCanvasAgg):
    """A canvas whose renderer keeps words."""
    kept = None

    def get_renderer(self):
        size = *self.figure.bbox.size, self.figure.dpi
        if size != self.kept:
            self.kept, self.renderer = size, Renderer(*size)
        return self.renderer


class Renderer(RendererAgg):
    """Draws each word once and keeps it: most stay, and a letter costs as much as a curve.

    Numbers are new at each move: of them each character is kept.
    """

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        if ismath or angle:
            return super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        font, color = prop.copy(), gc.get_rgb()[:3]
        for part in PARTS.findall(s):
            pixels, below = stamp(part.rstrip(" "), font, color, self.dpi)
            self.draw_image(gc, round(x) - EDGE, round(self.height - y) - below, pixels)
            x += extent(part, font, self.dpi)[0]

    def get_text_width_height_descent(self, s, prop, ismath):
        if ismath or not s:
            return super().get_text_width_height_descent(s, prop, ismath)
        font = prop.copy()
        widths, heights, depths = zip(*[extent(part, font, self.dpi) for part in PARTS.findall(s)])
        depth = max(depths)
        return sum(widths), max(h - d for h, d in zip(heights, depths)) + depth, depth


PARTS = re.compile(r"[0-9.,−+%×] *|[^0-9.,−+%× ]+ *| +")  # with the spaces behind
EDGE = 2  # pixels around a word, for what is smooth


def size(text, font, dpi):
    """As matplotlib measures it, in pixels: width, height, of that below the baseline."""
    return RendererAgg(1, 1, dpi).get_text_width_height_descent(text, font, False)


@lru_cache(maxsize=2000)
def extent(part, font, dpi):
    """In pixels: the way to what follows, height, of that below the baseline."""
    _, height, depth = size(part, font, dpi)
    return size(part + ".", font, dpi)[0] - size(".", font, dpi)[0], height, depth


@lru_cache(maxsize=2000)
def stamp(word, font, color, dpi):
    """In pixels: a word as image (h, w, 4), and its baseline above the image's foot."""
    width, height, depth = map(int, np.ceil(size(word + "lp", font, dpi)))
    above, below = height - depth + EDGE, depth + EDGE
    page = RendererAgg(width + 2 * EDGE, above + below, dpi)
    gc = page.new_gc()
    gc.set_foreground(color)
    page.draw_text(gc, EDGE, above, word, font, 0)
    return np.array(page.buffer_rgba())[::-1], below


def printed(picture):
    """PNG bytes at the resolution of print; saving draws the animated artists too."""
    out, quick = io.BytesIO(), dict(compress_level=3)  # at 6, packing takes as long as drawing
    with picture.styled():
        picture.fig.savefig(out, dpi=PRINT_DPI, pil_kwargs=quick)
    return out.getvalue()


def palette(data):
    """PNG bytes with at most 128 colours, a third as many bytes; no colour moves as far as one can see.

    The colours are chosen to leave none far off (maximum coverage): a thin line counts as much as a sky.
    """
    out = io.BytesIO()
    full = Image.open(io.BytesIO(data)).convert("RGB")
    full.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(out, "png", optimize=True)
    return out.getvalue()


def png(pixels):
    """(H, W, 3 or 4) bytes as PNG without transparency, in half of Pillow's time, which tries every filter.

    Each row is stored as its difference from the one above (PNG specification, filter 2).
    """
    height, width = pixels.shape[:2]
    rgb = np.empty((height, width, 3), np.uint8)
    for k in range(3):
        rgb[..., k] = pixels[..., k]  # color by color: four times as fast as the slice
    flat = rgb.reshape(height, -1)
    rows = np.full((height, 1 + 3 * width), 2, np.uint8)
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits each of red, green, blue
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
