"""Picture of notebook 07: the net that dropout leaves, for three samples side by side."""
from math import comb

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from . import roles
from .parts import Words, array, diagram, headline, moving, plural, short
from .roles import FAINT, INK, NOTE, QUIET

WIDTHS, NAMES = (5, 12, 8, 3), ("inputs", "hidden 1", "hidden 2", "outputs")
ENDS = np.cumsum(WIDTHS[:-1])  # where each layer's units end, in the order of the mask
CENTRES, LEVELS = (2.0, 3.86, 5.72), (1.86, 2.5, 3.16, 3.74)  # inches: three nets, layers from inputs up
WIDE, FOLLOWED = 1.56, (8, 2)  # the weight one follows: its units of hidden 1 and hidden 2
FLOOR, TOP = 0.47, 1.22  # of the histogram


def thinned(fig):
    """Three samples, each with the net its own mask leaves; below, how many units of hidden 1 all nets so far
    lost.

    draw(keep, rates): keep (T, 3, 25) bool, the masks of T draws and three samples, the newest draw last:
    5 inputs, 12 units of hidden 1, 8 of hidden 2; rates (3,): these layers' probability to drop.
    For a page of 6.8 x 4.7 inches."""
    say = headline(fig)
    page = diagram(fig.add_axes((0, 0, 1, 1)), (0, 6.8), (0, 4.7))
    for y, name, up in zip(LEVELS, NAMES, (0.03, 0.03, 0.03, -0.05)):
        page.text(0.12, y + up, name, color=INK)
    for k, x in enumerate(CENTRES, 1):
        page.text(x, LEVELS[-1] + 0.15, f"sample {k}", ha="center", **roles.kept.bold)

    def words(x, top): return page.add_artist(Words(x, top, "", **NOTE, va="top", animated=True))
    drops = [words(0.12, y - 0.03) for y in LEVELS[:-1]]
    notes = [words(x - 0.68, LEVELS[0] - 0.14) for x in CENTRES]
    paint_nets, paint_counts = nets(page), counts(page)

    def draw(keep, rates):
        keep, rates = array(keep) > 0, array(rates)
        layers = [np.split(one, ENDS[:-1]) for one in keep[-1]]  # per sample: inputs, hidden 1, hidden 2
        paint_nets([[*one, np.ones(WIDTHS[-1], bool)] for one in layers])
        lost = WIDTHS[1] - keep[..., ENDS[0]:ENDS[1]].sum(-1)  # (T, 3)
        paint_counts(lost, rates[1])
        dropping = [short(round(p, 2)) for p in rates]
        for text, p in zip(drops, dropping):
            text.set_text(f"p = {p}")
        for text, n in zip(notes, lost[-1]):
            text.set_text(f"hidden 1: {n} of {WIDTHS[1]} lost")
        followed = keep[..., ENDS[0] + FOLLOWED[0]] & keep[..., ENDS[1] + FOLLOWED[1]]  # (T, 3)
        expected = 100 * (1 - rates[1]) * (1 - rates[2])
        often = f"in {followed.sum()} of {plural(followed.size, 'net')} so far"
        finding, figures = in_words(keep[-1], layers), f"yellow weight: {often}, expected {expected:.0f} %"
        say(finding, figures)
        kept = [[f"{on.sum()} of {len(on)} in {name}" for on, name in zip(one, NAMES)] for one in layers]
        samples = ". ".join(f"Sample {k} keeps {', '.join(parts)}" for k, parts in enumerate(kept, 1))
        named = ", ".join(map(" ".join, zip(NAMES, dropping)))
        return f"{finding}; {figures}. Rates: {named}. {samples}."
    return draw


def in_words(masks, layers):
    """What became of the three nets, in at most 50 characters."""
    cut = [k + 1 for k, one in enumerate(layers) if not all(part.any() for part in one)]
    if cut:
        who = "All three" if len(cut) == 3 else f"Sample {cut[0]}"
        return f"{who} lost a whole layer: nothing gets through"
    different = ("one net", "two nets", "three nets")[len(np.unique(masks, axis=0)) - 1]
    return f"Three samples, {different}: {', '.join(map(str, masks.sum(1)))} units left"


def nets(page):
    """The three nets. Returns paint(on): on[sample][layer] (units,) bool."""
    def row(w): return WIDE * (w / 12) ** 0.4 * np.linspace(-0.5, 0.5, w)
    spots = [[np.stack([x + row(w), np.full(w, y)], 1) for w, y in zip(WIDTHS, LEVELS)] for x in CENTRES]
    wires = np.concatenate([np.stack([a.repeat(len(b), 0), np.tile(b, (len(a), 1))], 1)
                            for one in spots for a, b in zip(one, one[1:])])
    ends = np.stack([[one[1][FOLLOWED[0]], one[2][FOLLOWED[1]]] for one in spots])  # (3, 2, 2)

    def lines(segments, color, lw, **look):
        return page.add_collection(LineCollection(segments, colors=color, lw=lw, **look))
    lines(wires, FAINT, 0.35)
    alive = lines([], roles.kept.ink, 0.75, alpha=0.5, animated=True)
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


def counts(page):
    """How often each number of units of hidden 1 was lost: expected, in all nets so far, and in the three of
    this draw. Returns paint(lost (T, 3), p)."""
    n = WIDTHS[1]
    x = np.linspace(1.42, 6.45, n + 1)
    half = (x[1] - x[0]) / 2
    edges = np.append(x - half, x[-1] + half)
    page.plot(edges[[0, -1]], [FLOOR, FLOOR], color=QUIET, lw=0.8)
    for k, at in enumerate(x):
        page.text(at, FLOOR - 0.17, k, ha="center", **NOTE)
    page.text((x[0] + x[-1]) / 2, 0.08, "units of hidden 1 lost, of 12", ha="center", **NOTE)
    page.text(0.1, 1.16, "share of nets", size=9.5, color=INK)
    dot, steps = dict(ls="", marker="o", ms=5, mfc=INK, mec=INK), dict(color=roles.kept.ink, lw=1.6)
    page.add_patch(Rectangle((0.1, 0.93), 0.14, 0.1, fc=FAINT, ec=QUIET, lw=0.5))
    page.plot([0.1, 0.1, 0.24, 0.24], [0.73, 0.83, 0.83, 0.73], **steps)
    page.plot([0.17], [0.575], **dot)
    colors = QUIET, roles.kept.ink, INK
    for y, words, color in zip((0.93, 0.73, 0.53), ("expected", "so far", "these three"), colors):
        page.text(0.3, y, words, size=9.5, color=color)

    def bars(**look): return page.stairs(np.full(n + 1, FLOOR), edges, baseline=FLOOR, animated=True, **look)
    expected, so_far = bars(fill=True, fc=FAINT, ec="white"), bars(**steps)
    now = moving(page, **dot)

    def paint(lost, p):
        chance = np.array([comb(n, k) * p ** k * (1 - p) ** (n - k) for k in range(n + 1)])
        share = np.bincount(lost.ravel(), minlength=n + 1) / lost.size
        scale = (TOP - FLOOR) / max(chance.max(), share.max())
        expected.set_data(FLOOR + scale * chance)
        so_far.set_data(FLOOR + scale * share)
        above = [sum(lost[-1, :k] == lost[-1, k]) for k in range(3)]  # equal ones lie on each other
        now.set_data(x[lost[-1]], FLOOR + 0.07 + 0.11 * np.array(above))
    return paint


