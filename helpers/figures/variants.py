"""Pictures of notebook 09: which numbers fall by one coin, and what each variant of dropout gains."""
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from . import roles
from .parts import array, broken, diagram, headline, plural, short
from .roles import FAINT, INK, QUIET

PALE, FULL = (np.array(to_rgb(c)) for c in ("#CBE3F4", roles.kept.ink))           # a kept number: small, large
NEVER, ALWAYS = (np.array(to_rgb(c)) for c in ("#EEF0F3", INK))                   # falls with the chosen one: by chance, always
SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
CHANCE, FALLS, SURE = 0.17, 0.25, 0.99                                            # correlations: what few draws give by chance, in part, always


def alike(fig):
    """Two variants on the same maps, one above the other: what this draw drops, and what falls together with one number.

    draw(first, second, first_together, second_together, chosen, names, p): first, second (N, C, H, W) bool, what fell in this draw;
    ..._together (N, C, H, W) correlation with the fall of the chosen number, over many draws; chosen (n, c, y, x); names of the two."""
    say = headline(fig)
    ax, high = page(fig)
    step = (high - 0.95) / 2
    tops = high - 1.05, high - 1.05 - step
    rows = [pair(ax, 0.12, top - step + 0.4, top) for top in tops]
    titles = [ax.text(0.12, top + 0.14, "", weight="bold", size=10.5, va="center", animated=True) for top in tops]

    ax.text(0.12, 0.14, "images side by side, the maps of an image one above the other", size=9.5, color=QUIET, va="center")

    def draw(first, second, first_together, second_together, chosen, names, p):
        fell, corr = [array(m).astype(bool) for m in (first, second)], [array(c) for c in (first_together, second_together)]
        for title, name, paint, lost, c in zip(titles, names, rows, fell, corr):
            title.set_text(name)
            paint(lost, c, chosen)
        same = np.array_equal(*fell)
        finding = "Alike: the same coins, the same mask" if same else "Not alike: other numbers share a coin"
        if names[0] == names[1]: finding = "Twice the same variant"
        figures = f"always fall with ◆, itself counted: {sharing(corr[0])} above, {sharing(corr[1])} below; p = {short(p)}"
        say(finding, figures)
        lost = [f"{name} drops {100 * m.mean():.0f} % of {m.size} numbers in this draw" for name, m in zip(names, fell)]
        return f"{finding}: {figures}. {'; '.join(lost)}."
    return draw


def gallery(fig):
    """One variant: what this draw does to the numbers, and what falls together with one of them.

    draw(h, factor, together, chosen, name, groups=(), inside="", samples="image", p=None): h (N, G, H, W) the numbers, shown as shades; factor: by what
    this draw multiplies each (0: dropped); together: correlation of its factor with the chosen one's, over many draws; chosen (n, g, y, x); groups: what
    the G rows are called; inside: what the squares of one tile are. Where h is nan there is no square."""
    say = headline(fig)
    ax, high = page(fig)
    paint = pair(ax, 1.02, 0.42, high - 1.05, named=True)
    caption = ax.text(0.12, 0.17, "", size=9.5, color=QUIET, va="center", animated=True)

    def draw(h, factor, together, chosen, name, groups=(), inside="", samples="image", p=None):
        h, factor, corr = array(h), array(factor), np.nan_to_num(array(together))
        there = ~np.isnan(h)
        paint((factor == 0) & there, np.where(there, corr, np.nan), chosen, np.where(there, h * factor, np.nan), groups)
        caption.set_text(f"{plural(len(h), samples)} side by side; {inside}")
        finding = f"{name}: {told(array(together)[there], array(together)[tuple(chosen)])}"
        lost = (factor[there] == 0).mean()
        figures = f"{100 * lost:.0f} % fall in this draw" + ("" if p is None else f"; p = {short(p)}")
        say(finding, figures)
        return f"{finding}; {figures}. {plural(len(h), samples)} side by side; {inside}; {plural(int(there.sum()), 'number')}."
    return draw


def told(corr, own):
    """What shares the chosen number's coin, in words; nan: of a number that never changed. own: the chosen one's."""
    if np.isnan(own): return "◆ fell in no draw"
    if np.isnan(corr).mean() > 0.5: return "most numbers never fall"
    always, partly = int((corr > SURE).sum()), int(((corr > FALLS) & (corr <= SURE)).sum())
    if always > 1: return f"{always} numbers share a coin"
    if partly > 1: return f"{partly} others often fall along"
    return "each number for itself"


def sharing(corr):
    return f"{int((corr > SURE).sum())}" + (f" (+ {n} in part)" if (n := int(((corr > FALLS) & (corr <= SURE)).sum())) else "")


def page(fig):
    """Axes of the whole page in inches, and its height."""
    width, high = fig.get_size_inches()
    return diagram(fig.add_axes((0, 0, 1, 1)), (0, width), (0, high)), high


def pair(ax, start, low, high, named=False):
    """This draw on the left, what falls together on the right. Returns paint(fell, together, chosen, values=None, groups=())."""
    half = (6.68 - start - 0.3) / 2
    draws, shares = (tiles(ax, (left, left + half, low, high), centred=named) for left in (start, 6.68 - half))
    ax.text(start + half, high + 0.14, "this draw: × falls", size=9.5, color=QUIET, va="center", ha="right")
    ax.text(6.68 - half, high + 0.14, "correlation with ◆: pale 0, black 1", size=9.5, color=QUIET, va="center")
    names = [ax.text(start - 0.1, 0, "", ha="right", va="center", size=9.5, color=QUIET, animated=True) for _ in range(4 * named)]

    def paint(fell, together, chosen, values=None, groups=()):
        there = ~np.isnan(together)
        colour = PALE + scaled(values, there)[..., None] * (FULL - PALE)
        colour[fell] = 1
        middle = draws(there, colour, fell, chosen)
        sure = np.clip((np.nan_to_num(together) - CHANCE) / (1 - CHANCE), 0, 1)[..., None]
        shares(there, NEVER + sure * (ALWAYS - NEVER), np.zeros_like(fell), chosen)
        for k, name in enumerate(names): name.set(text=groups[k] if k < len(groups) else "", y=middle[k] if k < len(middle) else 0)
    return paint


def scaled(values, there):
    """Values as 0..1 for the shade; 0.6 where there are none."""
    if values is None: return np.full(there.shape, 0.6)
    most = np.nanmax(np.abs(values))
    return np.clip(np.nan_to_num(np.abs(values)) / (most or 1), 0, 1)


def tiles(ax, box, largest=0.2, centred=False):
    """An (N, G, H, W) tensor as N columns of G tiles, in the box (left, right, low, high), in inches.

    centred: in the middle of its height. Returns paint(there, colour, crossed, chosen) -> the heights of the tiles' middles: there (N, G, H, W) bool, which squares exist; crossed: those with a cross."""
    left, right, low, high = box
    squares = ax.add_collection(PolyCollection([], edgecolors=FAINT, lw=0.5, animated=True))
    crosses, = ax.plot([], [], ls="", marker="x", color=QUIET, mew=0.7, animated=True)
    mark, = ax.plot([], [], **roles.highlight.dots, ms=7, animated=True)

    def paint(there, colour, crossed, chosen):
        N, G, H, W = there.shape
        gap = 0.8
        size = min(largest, (right - left) / (N * (W + gap) - gap), (high - low) / (G * (H + gap) - gap))
        top = high - ((high - low) - size * (G * (H + gap) - gap)) / 2 * centred
        n, g, y, x = np.indices(there.shape).reshape(4, -1)
        corners = np.stack([left + size * (n * (W + gap) + x), top - size * (g * (H + gap) + y + 1)], 1)
        on = there.ravel()
        squares.set_verts(corners[on][:, None] + size * SQUARE)
        squares.set_facecolor(colour.reshape(-1, 3)[on])
        crosses.set_data(*(corners[on & crossed.ravel()] + size / 2).T)
        crosses.set_markersize(min(5, 30 * size))
        mark.set_data(*([], []) if chosen is None else (corners[np.ravel_multi_index(tuple(chosen), there.shape)] + size / 2)[:, None])
        return [top - size * (k * (H + gap) + H / 2) for k in range(G)]
    return paint


def lineup(fig):
    """Six masks with a letter each, to be told apart by what falls together.

    draw(factors): {letter: (N, G, H, W)}, by what each number is multiplied (0: dropped); at most six."""
    say = headline(fig)
    ax, high = page(fig)
    tall = (high - 0.75) / 2
    spots = [(0.42 + 2.25 * column, high - 0.8 - tall * row) for row in range(2) for column in range(3)]
    letters = [ax.text(x - 0.27, y - 0.1, "", weight="bold", size=12.5, va="center", animated=True) for x, y in spots]
    paints = [tiles(ax, (x, x + 1.8, y - tall + 0.2, y)) for x, y in spots]

    def draw(factors):
        for (letter, factor), sign, paint in zip(factors.items(), letters, paints):
            sign.set_text(letter)
            factor = array(factor)
            colour = PALE + np.clip(factor / 3, 0, 1)[..., None] * (FULL - PALE)
            paint(np.ones(factor.shape, bool), np.where(factor[..., None] == 0, 1, colour), factor == 0, None)
        some = array(next(iter(factors.values())))
        finding = f"{len(factors)} masks: which variant drew which?"
        figures = f"{plural(len(some), 'sample')} side by side; × falls; darker: multiplied by more"
        say(finding, figures)
        rows = "; ".join(f"{letter}: {100 * (array(f) == 0).mean():.0f} % dropped" for letter, f in factors.items())
        return f"{finding} {figures}. {rows}."
    return draw


LEAST, MOST = -32, 20                                         # points of accuracy in the picture
BARE = "the same net without it"


def gains(fig, rows=4, against=BARE):
    """What each variant gains over the same net without it, or over `against`: every seed a dot, the mean, and the interval that allows for all tries.

    draw(names, gains, half, tries, groups=None): gains (R, K) points of accuracy, one a seed; half (R,) half the interval's width; tries: how many
    comparisons it allows for; groups {heading: how many of the rows stand under it}. rows: room for so many, headings included."""
    say = headline(fig)
    tall = fig.get_figheight()
    ax = fig.add_axes((0.245, 0.5 / tall, 0.615, 1 - 1.3 / tall))
    ax.set(xlim=(LEAST, MOST), ylim=(rows - 0.5, -0.5), yticks=[], xlabel=f"points of accuracy gained over {against}", xticks=range(-30, 21, 10))
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=QUIET, lw=1.2)
    ax.text(0, -0.62, "no difference", ha="center", va="bottom", size=9.5, color=QUIET)
    names_at = [ax.text(-0.02, i, "", transform=ax.get_yaxis_transform(), ha="right", va="center", size=10, animated=True) for i in range(rows)]
    means_at = [ax.text(1.015, i, "", transform=ax.get_yaxis_transform(), va="center", size=9.5, animated=True) for i in range(rows)]
    dots, = ax.plot([], [], ls="", marker="o", mec=QUIET, mfc="none", ms=3.5, alpha=0.7, animated=True)
    kinds = [(roles.kept.ink, "^", roles.kept.color), (INK, "v", INK), (roles.dropped.ink, "o", "white")]      # surely above 0, surely below, neither
    marks = [(ax.plot([], [], color=ink, lw=2.4, animated=True)[0], ax.plot([], [], ls="", marker=marker, mec=ink, mfc=fill, ms=8, animated=True)[0])
             for ink, marker, fill in kinds]

    heads = [ax.text(-0.385, i, "", transform=ax.get_yaxis_transform(), va="center", weight="bold", size=10, animated=True) for i in range(rows)]
    cut = [ax.plot([], [], ls="", marker=marker, color=INK, ms=6, clip_on=False, animated=True)[0] for marker in "<>"]
    words = ("surely help", "surely harm{}") if against == BARE else ("surely ahead", "surely behind")

    def draw(names, gains, half, tries, groups=None):
        gains, half = array(gains), array(half)
        mean, (at, headings) = gains.mean(1), placed(groups, len(gains))
        for i, head in enumerate(heads): head.set_text(headings.get(i, ""))
        for mark, end, over in zip(cut, (LEAST, MOST), (mean - half < LEAST, mean + half > MOST)): mark.set_data(np.full(over.sum(), end), at[over])
        kind = np.where(mean - half > 0, 0, np.where(mean + half < 0, 1, 2))
        dots.set_data(np.clip(gains, LEAST, MOST).ravel(), (at[:, None] + 0.22 + np.zeros_like(gains)).ravel())
        for k, (line, mark) in enumerate(marks):
            mine = kind == k
            ends = np.clip(np.stack([mean - half, mean + half], 1), LEAST, MOST)[mine]
            line.set_data(*broken(ends, np.tile(at[mine, None], 2)) if mine.any() else ([], []))
            mark.set_data(np.clip(mean, LEAST, MOST)[mine], at[mine])
        for i, (name, value) in enumerate(zip(names_at, means_at)):
            row = at[i] if i < len(names) else i
            name.set(text=names[i] if i < len(names) else "", y=row)
            value.set(y=row, text=f"{mean[i]:+.1f} ± {half[i]:.1f}".replace("-", "−") if i < len(names) else "", color=kinds[kind[i]][0] if i < len(names) else INK)
        up, down = int((kind == 0).sum()), int((kind == 1).sum())
        finding = f"{up} of {len(names)} {words[0]}" + (f", {down} " + words[1].format("s" * (down == 1)) if down else "")
        out = int(((gains < LEAST) | (gains > MOST)).sum())
        figures = f"{gains.shape[1]} seeds as dots; intervals for {plural(tries, 'try').replace('trys', 'tries')}; ▲ surely above 0, ▼ below, ○ neither" + (f"; {plural(out, 'dot')} outside" if out else "")
        say(finding, figures)
        under = {row: f"{heading}: " for row, heading in headings.items()}
        listed = "; ".join(under.get(row - 1, "") + f"{name} {m:+.1f} ± {h:.1f}" for row, name, m, h in zip(at, names, mean, half))
        return f"{finding}; {figures}. Mean and half the interval, in points: {listed}."
    return draw


def placed(groups, n):
    """Heights of n rows, each group of them below a row for its heading, and {height: heading}."""
    at, headings = [], {}
    for heading, size in (groups or {}).items():
        headings[len(at) + len(headings)] = heading
        first = len(at) + len(headings)
        at += range(first, first + size)
    return np.array(at or range(n)), headings
