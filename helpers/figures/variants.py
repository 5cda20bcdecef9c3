"""Pictures of notebook 09: which numbers are dropped together, and what each variant of dropout gains."""
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array

from . import roles
from .parts import array, beside, broken, diagram, headline, moving, plural, short
from .roles import FAINT, INK, NOTE, QUIET

# Of a kept number: small, large; of one that is dropped along with another: by chance, always.
PALE, FULL, NEVER, ALWAYS = to_rgba_array(["#CBE3F4", roles.kept.ink, "#EEF0F3", INK])[:, :3]
SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
CHANCE, FALLS, SURE = 0.17, 0.25, 0.99  # correlations: what few draws give by chance, in part, always
MIDDLE = dict(NOTE, va="center")


def alike(fig):
    """Three variants of dropout on the same feature maps, side by side: what one draw drops.

    draw(h, dropout, dropblock, dropout2d, p, block): h (N, C, H, W) the numbers, none of them 0, shown as
    shades; the others (N, C, H, W), what comes out: 0 where dropped."""
    say = headline(fig)
    ax, high = page(fig)
    wide = (6.68 - 0.12 - 2 * 0.35) / 3
    lefts = [0.12 + k * (wide + 0.35) for k in range(3)]
    names = "Dropout", "DropBlock", "Dropout2d"
    for left, name in zip(lefts, names):
        ax.text(left, high - 0.81, name, weight="bold", size=10.5, va="center")
    paints = [tiles(ax, (left, left + wide, 0.62, high - 1.0)) for left in lefts]
    shares = [ax.text(left, 0.44, "", animated=True, **MIDDLE) for left in lefts]
    under = ax.text(0.12, 0.16, "", animated=True, **MIDDLE)

    def draw(h, dropout, dropblock, dropout2d, p, block):
        h, outs = array(h), [array(y) for y in (dropout, dropblock, dropout2d)]
        colour, lost = between(PALE, FULL, scaled(h, h == h)), [y == 0 for y in outs]
        for paint, share, mask in zip(paints, shares, lost):
            shade = colour.copy()
            shade[mask] = 1
            paint(h == h, shade, mask, None)
            share.set_text(f"{100 * mask.mean():.0f} % dropped")
        same = [np.array_equal(one, other) for one, other in (lost[:2], lost[1:])]
        finding = {(True, True): "All three drop the same numbers",
                   (True, False): "DropBlock drops what Dropout drops",
                   (False, True): "DropBlock drops what Dropout2d drops",
                   (False, False): "One p, three patterns of zeros"}[tuple(same)]
        say(finding, "column: an image; rows: its two feature maps; ×: dropped")
        figures = f"p = {short(p)}; DropBlock: {block} × {block} numbers; dark: large; maps: grey and edges"
        under.set_text(figures)
        each = "; ".join(f"{name} drops {100 * mask.mean():.0f} %" for name, mask in zip(names, lost))
        return f"{finding}. {figures}; ×: dropped. {plural(len(h), 'image')}: {each}."
    return draw


def gallery(fig):
    """One variant: what this draw does to the numbers, and what is dropped together with one of them.

    draw(h, factor, together, chosen, name, groups=(), inside="", samples="image", p=None): h (N, G, H, W) the
    numbers, shown as shades; factor: by what this draw multiplies each (0: dropped); together: correlation of
    its factor with the chosen one's, over many draws; chosen (n, g, y, x); groups: what the G rows are
    called; inside: what the squares of one tile are. Where h is nan there is no square."""
    say = headline(fig)
    ax, high = page(fig)
    paint = pair(ax, 1.02, 0.42, high - 1.05, named=True)
    caption = ax.text(0.12, 0.17, "", animated=True, **MIDDLE)

    def draw(h, factor, together, chosen, name, groups=(), inside="", samples="image", p=None):
        h, factor, corr = array(h), array(factor), array(together)
        there = ~np.isnan(h)
        paint((factor == 0) & there, np.where(there, np.nan_to_num(corr), np.nan), chosen, h * factor, groups)
        beside = f"{plural(len(h), samples)} side by side; {inside}"
        caption.set_text(beside)
        finding = f"{name}: {told(corr[there], corr[tuple(chosen)])}"
        figures = f"{100 * (factor[there] == 0).mean():.0f} % are 0 in this draw"
        if p is not None:
            figures += f"; p = {short(p)}"
        say(finding, figures)
        return f"{finding}; {figures}. {beside}; {plural(there.sum(), 'number')}."
    return draw


def told(corr, own):
    """What is dropped with the chosen number, in words; nan: of a number never changed. own: its own."""
    if np.isnan(own):
        return "◆ never changes"
    if np.isnan(corr).mean() > 0.5:
        return "most numbers never change"
    always, partly = falling(corr)
    if always > 1:
        return f"{always} numbers change together"
    return f"{partly} others often change with ◆" if partly > 1 else "each number alone"


def falling(corr):
    """How many numbers are dropped with the chosen one: always, in part."""
    return (corr > SURE).sum(), ((corr > FALLS) & (corr <= SURE)).sum()


def page(fig):
    """Axes of the whole page in inches, and its height."""
    width, high = fig.get_size_inches()
    return diagram(fig.add_axes((0, 0, 1, 1)), (0, width), (0, high)), high


def pair(ax, start, low, high, named=False):
    """This draw on the left, what is dropped together on the right.

    Returns paint(fell, together, chosen, values=None, groups=())."""
    half = (6.68 - start - 0.3) / 2
    right = 6.68 - half
    draws, shares = (tiles(ax, (left, left + half, low, high), centred=named, mark=size)
                     for left, size in ((start, 7), (right, 4)))  # small: on the right its square is black
    ax.text(start + half, high + 0.14, "this draw: × is 0", ha="right", **MIDDLE)
    ax.text(right, high + 0.14, "changes with ◆: black always", **MIDDLE)
    names = [ax.text(start - 0.1, 0, "", ha="right", animated=True, **MIDDLE) for _ in range(4 * named)]

    def paint(fell, together, chosen, values=None, groups=()):
        there = ~np.isnan(together)
        colour = between(PALE, FULL, scaled(values, there))
        colour[fell] = 1
        middle = draws(there, colour, fell, chosen)
        sure = np.clip((np.nan_to_num(together) - CHANCE) / (1 - CHANCE), 0, 1)
        shares(there, between(NEVER, ALWAYS, sure), np.zeros_like(fell), chosen)
        write(names, middle, groups)
    return paint


def between(start, end, share):
    """Colours (..., 3) from start to end, as far as the share (...) says."""
    return start + share[..., None] * (end - start)


def write(texts, heights, lines):
    """Lines of words at their heights; texts left over are empty."""
    for text in texts:
        text.set_text("")
    for text, y, line in zip(texts, heights, lines):
        text.set(text=line, y=y)


def scaled(values, there):
    """Values as 0..1 for the shade; 0.6 where there are none."""
    if values is None:
        return np.full(there.shape, 0.6)
    most = np.nanmax(np.abs(values))
    return np.clip(np.nan_to_num(np.abs(values)) / (most or 1), 0, 1)


def tiles(ax, box, largest=0.2, centred=False, mark=7):
    """An (N, G, H, W) tensor as N columns of G tiles, in the box (left, right, low, high), in inches.

    centred: in the middle of its height; mark: size of the chosen number's. Returns
    paint(there, colour, crossed, chosen) -> the heights of the tiles' middles: there (N, G, H, W) bool, which
    squares exist; crossed: those with a cross."""
    left, right, low, high = box
    squares = ax.add_collection(PolyCollection([], ec=FAINT, lw=0.5, animated=True))
    crosses = moving(ax, ls="", marker="x", color=QUIET, mew=0.7)
    diamond = moving(ax, **roles.highlight.dots, ms=mark)

    def paint(there, colour, crossed, chosen):
        (N, G, H, W), gap = there.shape, 0.8
        wide, tall = N * (W + gap) - gap, G * (H + gap) - gap  # squares
        size = min(largest, (right - left) / wide, (high - low) / tall)
        top = high - ((high - low) - size * tall) / 2 * centred
        n, g, y, x = np.indices(there.shape).reshape(4, -1)
        corners = np.stack([left + size * (n * (W + gap) + x), top - size * (g * (H + gap) + y + 1)], 1)
        on = there.ravel()
        squares.set_verts(corners[on][:, None] + size * SQUARE)
        squares.set_facecolor(colour.reshape(-1, 3)[on])
        crosses.set_data(*(corners[on & crossed.ravel()] + size / 2).T)
        crosses.set_markersize(min(5, 30 * size))
        held = [] if chosen is None else [np.ravel_multi_index(tuple(chosen), there.shape)]
        diamond.set_data(*(corners[held] + size / 2).T)
        return [top - size * (k * (H + gap) + H / 2) for k in range(G)]
    return paint


def lineup(fig):
    """Six masks with a letter each, to be told apart by what is dropped together.

    draw(factors): {letter: (N, G, H, W)}, by what each number is multiplied (0: dropped); at most six."""
    say = headline(fig)
    ax, high = page(fig)
    tall = (high - 0.75) / 2
    spots = [(0.42 + 2.25 * column, high - 0.8 - tall * row) for row in range(2) for column in range(3)]
    look = dict(weight="bold", size=12.5, va="center", animated=True)
    letters = [ax.text(x - 0.27, y - 0.1, "", **look) for x, y in spots]
    paints = [tiles(ax, (x, x + 1.8, y - tall + 0.2, y)) for x, y in spots]

    def draw(factors):
        drops = []
        for (letter, factor), sign, paint in zip(factors.items(), letters, paints):
            factor = array(factor)
            fell, colour = factor == 0, between(PALE, FULL, np.clip(factor / 3, 0, 1))
            colour[fell] = 1
            sign.set_text(letter)
            paint(fell | True, colour, fell, None)
            drops.append(f"{letter}: {100 * fell.mean():.0f} % dropped")
        finding = f"{len(factors)} masks: which variant drew which?"
        figures = f"{plural(len(factor), 'sample')} side by side; ×: dropped; darker: larger factor"
        say(finding, figures)
        return f"{finding} {figures}. {'; '.join(drops)}."
    return draw


BARE = "the same net without dropout"
# Ink, marker and face of an interval above 0, below 0, around 0.
SURELY = (roles.kept.ink, "^", roles.kept.color), (INK, "v", INK), (roles.dropped.ink, "o", "white")


def gains(fig, rows=10, against=BARE, least=-15, most=20):
    """What each variant gains over `against`: seeds as dots, the mean, and its interval.

    draw(names, gains, half, wide=None, tries=1, groups=None): gains (R, K) points of accuracy, one a seed;
    half (R,) half the width of the plain 95 % interval; wide (R,) that of the interval which allows for so
    many tries; groups {heading: how many of the rows stand under it}. rows: room for so many, headings
    included; least, most: the ends of the axis."""
    say = headline(fig)
    tall = fig.get_figheight()
    ax = fig.add_axes((0.23, 0.5 / tall, 0.575, 1 - 1.3 / tall))
    ax.set(xlim=(least, most), ylim=(rows - 0.5, -0.5), yticks=[],
           xticks=range(-10 * (-least // 10), most + 1, 10))
    ax.set_xlabel(f"points of accuracy gained over {against}")
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=QUIET, lw=1.2)
    ax.text(0, -0.62, "no difference", ha="center", va="bottom", **NOTE)

    def words(x, **look): return [beside(ax, x, 0, animated=True, **look) for _ in range(rows)]
    signs, heads = words(-0.02, ha="right", size=10), words(-0.385, weight="bold", size=10)
    numbers, paint = words(1.015, size=9.5), intervals(ax, least, most)
    which = beside(ax, 1.015, -0.62, animated=True, **NOTE | dict(va="bottom"))

    def draw(names, gains, half, wide=None, tries=1, groups=None):
        gains, half = array(gains), array(half)
        reach = half if wide is None else array(wide)
        mean, (at, headings) = gains.mean(1), placed(groups, len(gains))
        kind = np.where(mean > reach, 0, np.where(mean < -reach, 1, 2))
        paint(at, gains, mean, half, reach, kind)
        values = [f"{m - r:+.1f} to {m + r:+.1f}".replace("-", "−") for m, r in zip(mean, reach)]
        write(heads, headings, headings.values())
        write(signs, at, names)
        write(numbers, at, values)
        for number, k in zip(numbers, kind):
            number.set_color(SURELY[k][0])
        kinds = [(kind == k).sum() for k in (0, 1)]
        finding = counted(*kinds, len(names), "interval" if wide is None else "wide interval")
        control = groups and [*groups.values()][-1] == 1  # the last row stands alone
        if groups and wide is None:
            finding = by_group(kind == 0, groups)
        out = ((gains < least) | (gains > most)).sum()
        outside = f" ({out} outside)" if out else ""
        bars = "bars: 95 % intervals" if wide is None else f"thin bars: intervals for {tries} comparisons"
        which.set_text("95 % interval" if wide is None else "wide interval")
        figures = f"dots: {gains.shape[1]} seeds{outside}; {bars}"
        if control and wide is None and kind[-1] == 0:
            figures = f"the control's bar lies above 0; dots: {gains.shape[1]} seeds{outside}"
        say(finding, figures)
        under = {row + 1: f"{heading}: " for row, heading in headings.items()}
        each = "; ".join(f"{under.get(y, '')}{name} {value}" for y, name, value in zip(at, names, values))
        return f"{finding}. {figures}. In points: {each}."
    return draw


def by_group(above, groups):
    """In which groups of several rows all intervals lie above 0, in which none, as a sentence."""
    told, first = [], 0
    for heading, size in groups.items():
        share = above[first:first + size].mean()
        first += size
        if size > 1:
            told.append((2 if share == 1 else 1 if share else 0, heading))
    (share, heading), *others = told
    start = ("No bar", "lies"), ("Some bars", "lie"), ("All bars", "lie")
    rest = [f"{('none', 'some', 'all')[share]} at {heading}" for share, heading in others]
    return ", ".join([f"{start[share][0]} at {heading} {start[share][1]} above 0", *rest])


def counted(above, below, n, name):
    """How many of n intervals of this name lie above 0 and how many below, as a sentence."""
    def side(k, where): return f"{k} of {n} {name}s {'lies' if k == 1 else 'lie'} {where} 0"
    if above and below:
        return f"{side(above, 'above')}, {below} below"
    if not above and not below:
        return f"No {name} excludes 0" if n > 1 else f"The {name} contains 0"
    return side(above, "above") if above else side(below, "below")


def intervals(ax, least, most):
    """Dots, means, intervals; arrows where one leaves the panel.

    Returns paint(at, gains, mean, half, reach, kind): at, the heights of the rows; half, of the plain
    interval, thick; reach, of the wide one, thin; kind, of SURELY."""
    dots = moving(ax, ls="", marker="o", mec=QUIET, mfc="none", ms=3.5, alpha=0.7)
    marks = [(moving(ax, color=ink, lw=1.1), moving(ax, color=ink, lw=3.2),
              moving(ax, ls="", marker=marker, mec=ink, mfc=fill, ms=8)) for ink, marker, fill in SURELY]
    arrows = [moving(ax, ls="", marker=marker, color=INK, ms=6, clip_on=False) for marker in "<>"]

    def paint(at, gains, mean, half, reach, kind):
        dots.set_data(gains.clip(least, most).ravel(), np.repeat(at + 0.22, gains.shape[1]))
        for k, (thin, thick, mark) in enumerate(marks):
            mine = kind == k
            for line, width in (thin, reach), (thick, half):
                ends = np.stack([mean - width, mean + width], 1)[mine].clip(least, most)
                line.set_data(*broken(ends, np.tile(at[mine, None], 2)))
            mark.set_data(mean[mine].clip(least, most), at[mine])
        for arrow, edge, over in zip(arrows, (least, most), (mean - reach < least, mean + reach > most)):
            arrow.set_data(0 * at[over] + edge, at[over])
    return paint


def placed(groups, n):
    """Heights of n rows, each group of them below a row for its heading, and {height: heading}."""
    at, headings = [], {}
    for heading, size in (groups or {}).items():
        headings[len(at) + len(headings)] = heading
        first = len(at) + len(headings)
        at += range(first, first + size)
    return np.array(at or range(n)), headings
