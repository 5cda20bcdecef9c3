"""Pictures of notebook 07: the net that dropout leaves to each sample, and how many units a layer loses."""
import numpy as np
from matplotlib.collections import LineCollection

from . import roles
from .parts import array, diagram, headline, inside, moving, plural, short
from .roles import FAINT, INK, NOTE

WIDTHS, NAMES = (3, 6, 5, 2), ("inputs", "hidden 1", "hidden 2", "outputs")
CENTRES, LEVELS = (2.0, 3.86, 5.72), (0.92, 1.46, 2.0, 2.5)  # inches: three nets, layers from inputs up
WIDE, FOLLOWED = 1.5, (2, 3)  # the weight one follows: its units of hidden 1 and hidden 2


def thinned(fig):
    """Three samples, each with the net that its own mask leaves.

    draw(mask, p): mask (T, 3, 11) bool, True where kept, of T draws and three samples, the newest draw last:
    6 units of hidden 1, 5 of hidden 2; p: their drop probability. For a page of 6.8 x 3.4 inches."""
    say = headline(fig)
    page = diagram(fig.add_axes((0, 0, 1, 1)), (0, 6.8), (0, 3.4))
    for y, name in zip(LEVELS, NAMES):
        page.text(0.12, y, name, color=INK, va="center")
    for k, x in enumerate(CENTRES, 1):
        page.text(x, LEVELS[-1] + 0.16, f"sample {k}", ha="center", **roles.kept.bold)
    key(page)
    look = dict(**NOTE, va="top", animated=True)
    notes = [page.text(x - 0.72, LEVELS[0] - 0.14, "", **look) for x in CENTRES]
    paint = nets(page)

    def draw(mask, p):
        mask = array(mask) > 0
        layers = [np.split(one, [WIDTHS[1]]) for one in mask[-1]]  # per sample: hidden 1, hidden 2
        paint([[np.ones(WIDTHS[0], bool), *one, np.ones(WIDTHS[-1], bool)] for one in layers])
        kept = mask[-1].sum(1)
        for text, n in zip(notes, kept):
            text.set_text(f"{n} of {mask.shape[-1]} hidden units kept")
        both = mask[..., FOLLOWED[0]] & mask[..., WIDTHS[1] + FOLLOWED[1]]  # (T, 3)
        finding = in_words(mask[-1], layers)
        often = f"{both.sum()} of {plural(both.size, 'net')}"
        figures = f"p = {short(round(float(p), 2))}; yellow weight kept in {often} so far"
        say(finding, figures)
        samples = "; ".join(f"sample {k} keeps {n} of {mask.shape[-1]} hidden units"
                            for k, n in enumerate(kept, 1))
        return f"{finding}. {figures}; {samples}."
    return draw


def in_words(masks, layers):
    """What became of the three nets, in at most 50 characters."""
    cut = [k + 1 for k, one in enumerate(layers) if not all(part.any() for part in one)]
    if cut:
        who = "Each sample" if len(cut) == 3 else f"Sample {cut[0]}"
        return f"{who} lost a whole layer: nothing gets through"
    different = len(np.unique(masks, axis=0))
    return ("All three samples have the same net", "Two of the three samples have the same net",
            "The three samples have different nets")[different - 1]


def key(page):
    """What the marks stand for, in a row at the bottom."""
    page.plot([0.2], [0.26], **roles.kept.dots, ms=7.5)
    page.plot([1.2], [0.26], ls="", marker="x", ms=5.5, mec=roles.dropped.ink, mew=1.1)
    for color, lw in ((INK, 4.2), (roles.highlight.color, 2.6)):
        page.plot([2.5, 2.78], [0.26, 0.26], color=color, lw=lw)
    page.plot([4.3, 4.58], [0.26, 0.26], color=INK, lw=1.3, ls=(0, (1, 1.6)))
    row = (0.34, "kept"), (1.34, "dropped"), (2.88, "yellow weight"), (4.68, "yellow weight is missing")
    for x, words in row:
        page.text(x, 0.26, words, **NOTE, va="center")


def nets(page):
    """The three nets. Returns paint(on): on[sample][layer] (units,) bool."""
    def row(w): return WIDE * (w / 6) ** 0.6 * np.linspace(-0.5, 0.5, w)
    spots = [[np.stack([x + row(w), np.full(w, y)], 1) for w, y in zip(WIDTHS, LEVELS)] for x in CENTRES]
    wires = np.concatenate([np.stack([a.repeat(len(b), 0), np.tile(b, (len(a), 1))], 1)
                            for one in spots for a, b in zip(one, one[1:])])
    ends = np.stack([[one[1][FOLLOWED[0]], one[2][FOLLOWED[1]]] for one in spots])  # (3, 2, 2)

    def lines(segments, color, lw, **look):
        return page.add_collection(LineCollection(segments, colors=color, lw=lw, **look))
    alive = lines([], roles.kept.ink, 1.0, alpha=0.6, animated=True)
    gone = lines([], INK, 1.3, ls=(0, (1, 1.6)), animated=True)
    there = [lines([], color, lw, animated=True) for color, lw in ((INK, 4.2), (roles.highlight.color, 2.6))]
    crosses = moving(page, ls="", marker="x", ms=5.5, mec=roles.dropped.ink, mew=1.1)
    kept = moving(page, **roles.kept.dots, ms=7.5)

    def paint(on):
        through = [np.outer(a, b).ravel() for one in on for a, b in zip(one, one[1:])]
        alive.set_segments(wires[np.concatenate(through)])
        holds = np.array([one[1][FOLLOWED[0]] and one[2][FOLLOWED[1]] for one in on])
        for line in there:
            line.set_segments(ends[holds])
        gone.set_segments(ends[~holds])
        places, masks = np.concatenate(sum(spots, [])), np.concatenate(sum(on, []))
        kept.set_data(*places[masks].T)
        crosses.set_data(*places[~masks].T)
    return paint


def lost_units(fig):
    """How large a share of its units a layer loses, in many draws.

    draw(dropped, units, p): dropped (T,), the number of dropped units in each of T draws."""
    say = headline(fig)
    ax = fig.add_axes((0.03, 0.17, 0.94, 0.6))
    ax.set(xlim=(-0.05, 1.05), ylim=(0, 1.12), yticks=[], xlabel="share of the units that are dropped")
    ax.spines["left"].set_visible(False)
    inside(ax, 0.0, 1.0, "height: how many draws", **NOTE, va="top")
    ax.axvline(0, color=FAINT, lw=1)
    ax.axvline(1, color=FAINT, lw=1)
    here = ax.axvline(0, color=roles.highlight.color, lw=4, alpha=0.7, animated=True)
    stems = moving(ax, color=roles.kept.ink, lw=1.2)
    tops = moving(ax, **roles.kept.dots, ms=5)

    def draw(dropped, units, p):
        dropped, units, p = array(dropped), int(units), float(p)
        often = np.bincount(dropped.astype(int), minlength=units + 1)
        at = np.flatnonzero(often)
        height = often[at] / often.max()
        here.set_xdata([p, p])
        stems.set_data(np.c_[at, at, np.full(len(at), np.nan)].ravel() / units,
                       np.c_[0 * height, height, np.full(len(at), np.nan)].ravel())
        tops.set_data(at / units, height)
        low, high = np.quantile(dropped, (0.05, 0.95), method="nearest").astype(int)
        finding = f"Nine draws in ten drop {low} to {high} of {units:,} units"
        whole = f"all units dropped in {100 * np.mean(dropped == units):.1f} %"
        figures = f"p = {short(round(p, 2))} (yellow); {plural(len(dropped), 'draw')}; {whole}"
        say(finding, figures)
        return f"{finding}. {figures}."
    return draw
