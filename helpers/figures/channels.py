"""Pictures of notebook 03: which numbers of an (N, C, H, W) activation share one mean, as maps and as a table."""
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from . import roles
from .parts import array, diagram, headline, plural, short
from .roles import QUIET

PALE, FULL = (np.array([to_rgb(c) for c in pair]) for pair in (("#EEF0F3", "#9CCBE8"), ("#CDD2D9", roles.normalized.ink)))      # a low and a high value: dark, lit

GAP = 0.7                                                                  # between two maps, in pixels


def maps(fig):
    """The activation as flat maps: a column for each image, a row for each channel, a small square for each pixel.

    draw(mask, h=None, chosen=None, name="This norm"): mask (N, C, H, W) bool, the cells that share one mean; h (N, C, H, W) their
    values, shown as shades; chosen (n, c, y, x), the cell whose mean it is. The cells shrink to fit any shape."""
    say = headline(fig)
    paint = tiles(diagram(fig.add_axes((0, 0, 1, 1)), (0, 6.8), (0, 3.8)), (1.05, 6.7, 0.15, 2.75))

    def draw(mask, h=None, chosen=None, name="This norm"):
        lit = array(mask).astype(bool)
        paint(lit, h, chosen)
        count, sides = int(lit.sum()), [len(np.unique(i)) for i in np.nonzero(lit)]
        finding = f"{name}: {plural(count, 'number')} share{'s' * (count == 1)} this mean"
        figures = " × ".join(map(plural, sides, ("image", "channel", "row", "column"))) + f"; {plural(lit.size // max(count, 1), 'mean')} in all"
        say(finding, figures)
        return f"{finding}: {figures}."
    return draw


def channel(fig):
    """One channel's numbers, lit among the maps of all images, and as one column of a table with a row for each pixel.

    draw(h, mask, refused=""): h (N, C, H, W), the values, shown as shades; mask (N, C, H, W) bool, those that share one mean, all of
    one channel; refused: why torch does not normalize this shape in training, if so."""
    say = headline(fig)
    ax = diagram(fig.add_axes((0, 0, 1, 1)), (0, 6.8), (0, 3.8))
    paint, fill = tiles(ax, (1.05, 4.95, 0.35, 2.75), wrap=True), table(ax, (5.6, 6.45, 0.35, 2.75))
    for x, words in (3.0, "the larger a number, the darker"), (6.02, "a column per channel"):
        ax.text(x, 0.17, words, color=QUIET, size=9.5, ha="center", va="center")
    ax.text(6.66, 1.55, "a row per pixel", color=QUIET, size=9.5, ha="center", va="center", rotation=-90)
    arrow, = ax.plot([], [], color=QUIET, lw=1.2, marker=">", ms=6, markevery=[1], animated=True)

    def draw(h, mask, refused=""):
        h, lit = array(h), array(mask).astype(bool)
        N, C, H, W = lit.shape
        count, row = int(lit.sum()), int(lit.any((0, 2, 3)).argmax())
        arrow.set_data([paint(lit, h) + 0.2, fill(lit, h) - 0.25], [1.55, 1.55])
        finding = "One number has no spread: torch refuses" if refused else f"{plural(count, 'number')} share one mean: {short(h[lit].mean())}"
        figures = f"{plural(N, 'image')} × {H} × {W} pixels, {plural(C, 'channel')}; lit: channel {row}"
        say(finding, figures)
        return f"{finding}: {figures}. {refused}".strip()
    return draw


def cells(ax):
    """Squares whose colour says whether they are lit, their shade the value. Returns paint(corners (n, 2), width, height, lit (n,), value (n,))."""
    squares = ax.add_collection(PolyCollection([], edgecolors="white", animated=True))
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])

    def paint(corners, width, height, lit, value):
        squares.set_verts(corners[:, None] + square * [width, height])
        squares.set_facecolor(PALE[lit.astype(int)] + value[:, None] * (FULL - PALE)[lit.astype(int)])
        squares.set_linewidth(np.clip(8 * min(width, height), 0, 1.2) if min(width, height) > 0.03 else 0)
    return paint


def shades(h, shape):
    """Values as numbers in 0..1; a half where there are none, or all are equal."""
    if h is None or np.ptp(array(h)) == 0: return np.full(shape, 0.5)
    return (array(h) - array(h).min()) / np.ptp(array(h))


def tiles(ax, box, largest=0.34, wrap=False):
    """Maps of all images and channels, in the middle of box (left, right, low, high), in inches.

    wrap: a channel's images may take several lines, so that many or wide ones stay large.
    Returns paint(lit, h=None, chosen=None) -> where the maps end on the right."""
    left, right, low, high = box
    paint_cells = cells(ax)
    above = ax.text(left, 0, "", color=QUIET, size=10, animated=True)
    names = [ax.text(left - 0.1, 0, "", ha="right", va="center", size=10, animated=True) for _ in range(6)]
    mark, = ax.plot([], [], **roles.highlight.dots, ms=8, animated=True)

    def paint(lit, h=None, chosen=None):
        N, C, H, W = lit.shape
        choices = [arrangement(lit.shape, across, right - left, high - low) for across in (range(N, 0, -1) if wrap else [N])]
        size, across, block, tall = max(choices, key=lambda choice: min(choice[0], largest))       # of equals that with the fewest lines
        size = min(size, largest)
        top = (high + low + size * tall) / 2
        n, c, y, x = np.indices(lit.shape).reshape(4, -1)
        corners = np.stack([left + size * (n % across * (W + GAP) + x), top - size * (c * block + n // across * (H + GAP) + y + 1)], 1)
        paint_cells(corners, size, size, lit.ravel(), shades(h, lit.shape).ravel())
        above.set(text=plural(N, "image") + f", {across} to a line" * (across < N) + " →" * (N > 1), y=top + 0.1)
        on = lit.any((0, 2, 3))
        for k, name in enumerate(names):
            shown = k < C and (on[k] or size * block > 0.16)
            name.set(text=f"channel {k}" if shown else "", y=top - size * (k * block + H / 2), color=roles.normalized.ink if k < C and on[k] else QUIET,
                     weight="bold" if k < C and on[k] else "normal")
        mark.set_data(*([], []) if chosen is None else (corners[np.ravel_multi_index(tuple(chosen), lit.shape)] + size / 2)[:, None])
        return left + size * (across * (W + GAP) - GAP)
    return paint


def arrangement(shape, across, wide, high):
    """So many images to a line, in a place of wide x high inches: the side of a pixel in inches, across, and in pixels how far it is from a channel to
    the next and how high all are."""
    N, C, H, W = shape
    lines = -(-N // across)
    apart = GAP if lines == 1 else 2 * GAP                                 # the lines of a channel stand together
    block = lines * (H + GAP) - GAP + apart
    tall = C * block - apart
    return min(wide / (across * (W + GAP) - GAP), high / tall), across, block, tall


def table(ax, box, wide=0.3):
    """The same numbers as a table, a row for each pixel of each image and a column for each channel, in the middle of box.

    Returns paint(lit, h) -> where the table begins on the left."""
    left, right, low, high = box
    paint_cells = cells(ax)
    above = ax.text((left + right) / 2, 0, "", color=QUIET, size=10, ha="center", animated=True)

    def paint(lit, h):
        N, C, H, W = lit.shape
        rows, gap = N * H * W, 0.4
        width, height = min(wide, (right - left) / C), min(0.25, (high - low) / (rows + gap * (N - 1)))
        n, c, y, x = np.indices(lit.shape).reshape(4, -1)
        row = (n * H + y) * W + x
        top = (high + low + height * (rows + gap * (N - 1))) / 2
        corners = np.stack([(left + right) / 2 + width * (c - C / 2), top - height * (row + 1 + gap * n)], 1)
        paint_cells(corners, width, height, lit.ravel(), shades(h, lit.shape).ravel())
        above.set(text=f"{plural(rows, 'row')} × {C}", y=top + 0.1)
        return (left + right - width * C) / 2
    return paint
