"""Picture of notebook 03: which numbers of an activation (N, C, H, W) share a mean: maps and a table."""
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array

from .parts import array, diagram, headline, moving, plural, short
from .roles import NOTE, QUIET, normalized

PALE = to_rgba_array(["#EEF0F3", "#9CCBE8"])       # a low value: dark, lit
FULL = to_rgba_array(["#CDD2D9", normalized.ink])  # a high one
STEPS = 9                                          # of shade: squares of one shade are one path of a page
GAP = 0.7                                          # between two maps, in pixels


def channel(fig):
    """One channel's numbers, lit among the maps of all images, and as one column of a table with a row for
    each pixel.

    draw(h, mask, refused=""): h (N, C, H, W), the values, shown as shades; mask (N, C, H, W) bool, those that
    share one mean, all of one channel; refused: why torch does not normalize this shape in training, if
    so."""
    say = headline(fig)
    ax = diagram(fig.add_axes((0, 0, 1, 1)), (0, 6.8), (0, 3.8))
    paint, fill = tiles(ax, (1.05, 4.95, 0.35, 2.75)), table(ax, (5.6, 6.45, 0.35, 2.75))
    middle = dict(NOTE, ha="center", va="center")
    ax.text(2.2, 0.17, "the larger a number, the darker", **middle)
    ax.text(6.025, 0.17, "as a table", **middle)
    arrow = moving(ax, color=QUIET, lw=1.2, marker=">", markevery=[1])

    def draw(h, mask, refused=""):
        h, lit = array(h), array(mask).astype(bool)
        N, C, H, W = lit.shape
        arrow.set_data([paint(lit, h) + 0.2, fill(lit, h) - 0.25], [1.55, 1.55])
        finding = f"All pixels of channel {lit.any((0, 2, 3)).argmax()}, in all images, share one mean"
        if refused:
            finding = "One number has no variance: torch refuses"
        figures = (f"{plural(N, 'image')} × {H} × {W} pixels = {plural(int(lit.sum()), 'number')}; "
                   f"their mean is {short(h[lit].mean(), 2)}")
        say(finding, figures)
        return f"{finding}: {figures}. {refused}".strip()
    return draw


def cells(ax):
    """Squares, blue where lit, and the darker the larger their value; all in one shade where the values are
    equal.

    Returns paint(corners (n, 2), width, height, lit, h): n numbers in each of the last two."""
    squares = ax.add_collection(PolyCollection([], edgecolors="white", animated=True))
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])

    def paint(corners, width, height, lit, h):
        lit, side, spread = lit.ravel().astype(int), min(width, height), np.ptp(h)
        shade = np.round((h.ravel()[:, None] - h.min()) / spread * STEPS) / STEPS if spread else 0.5
        squares.set_verts(corners[:, None] + square * [width, height])
        squares.set_facecolor(PALE[lit] + shade * (FULL - PALE)[lit])
        squares.set_linewidth(np.clip(8 * side, 0, 1.2) if side > 0.03 else 0)
    return paint


def tiles(ax, box, largest=0.34):
    """Maps of all images and channels, in the middle of box (left, right, low, high), in inches.

    A channel's images may take several lines, so that many or wide ones stay large.
    Returns paint(lit, h) -> where the maps end on the right."""
    left, right, low, high = box
    paint_cells = cells(ax)
    above = ax.text(left, 0, "", color=QUIET, size=10, animated=True)
    names = [ax.text(left - 0.1, 0, "", ha="right", va="center", size=10, animated=True) for _ in range(6)]

    def paint(lit, h):
        N, C, H, W = lit.shape
        choices = [arrangement(lit.shape, across, right - left, high - low) for across in range(N, 0, -1)]
        best = max(choices, key=lambda choice: min(choice[0], largest))  # of equals: the fewest lines
        size, across, block, tall = min(best[0], largest), *best[1:]
        top = (high + low + size * tall) / 2
        n, c, y, x = np.indices(lit.shape).reshape(4, -1)
        column, row = n % across * (W + GAP) + x, c * block + n // across * (H + GAP) + y + 1
        paint_cells(np.c_[left + size * column, top - size * row], size, size, lit, h)
        lines = f", {across} to a line" if across < N else ""
        above.set(text=plural(N, "image") + lines + " →" * (N > 1), y=top + 0.1)
        on = lit.any((0, 2, 3))
        for k, name in enumerate(names[:C]):
            look = normalized.bold if on[k] else dict(color=QUIET, weight="normal")
            name.set(text=f"channel {k}" if on[k] or size * block > 0.16 else "",
                     y=top - size * (k * block + H / 2), **look)
        for name in names[C:]:
            name.set_text("")
        return left + size * (across * (W + GAP) - GAP)
    return paint


def arrangement(shape, across, wide, high):
    """So many images to a line, in a place of wide x high inches: the side of a pixel in inches, across, and
    in pixels how far it is from a channel to the next and how high all are."""
    N, C, H, W = shape
    lines = -(-N // across)
    apart = GAP if lines == 1 else 2 * GAP  # lines of a channel stand together
    block = lines * (H + GAP) - GAP + apart
    tall = C * block - apart
    return min(wide / (across * (W + GAP) - GAP), high / tall), across, block, tall


def table(ax, box, wide=0.3):
    """The same numbers as a table, a row for each pixel and a column for each channel, in the middle of box.

    Returns paint(lit, h) -> where the table begins on the left."""
    left, right, low, high = box
    paint_cells = cells(ax)
    above = ax.text(right + 0.3, 0, "", color=QUIET, size=10, ha="right", animated=True)

    def paint(lit, h):
        N, C, H, W = lit.shape
        rows, gap = N * H * W, 0.4
        tall = rows + gap * (N - 1)
        width, height = min(wide, (right - left) / C), min(0.25, (high - low) / tall)
        n, c, y, x = np.indices(lit.shape).reshape(4, -1)
        row = (n * H + y) * W + x + 1 + gap * n
        top = (high + low + height * tall) / 2
        corners = np.c_[(left + right) / 2 + width * (c - C / 2), top - height * row]
        paint_cells(corners, width, height, lit, h)
        above.set(text=f"{plural(rows, 'row')} × {plural(C, 'column')}", y=top + 0.1)
        return (left + right - width * C) / 2
    return paint
