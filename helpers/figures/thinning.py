"""Picture of notebook 07: the net that dropout leaves, for three samples side by side."""
from math import comb

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from . import roles
from .parts import Words, array, diagram, headline, plural, short
from .roles import FAINT, INK, QUIET

WIDTHS, NAMES = (5, 12, 8, 3), ("inputs", "hidden 1", "hidden 2", "outputs")
ENDS = np.cumsum(WIDTHS[:-1])                                 # where each layer's units end, in the order of the mask
CENTRES, LEVELS = (2.0, 3.86, 5.72), (1.86, 2.5, 3.16, 3.74)  # inches on the page: the three nets, and their layers from the inputs up
WIDE, FOLLOWED = 1.56, (8, 2)                                 # the weight one follows: from that unit of hidden 1 to that of hidden 2
FLOOR, TOP = 0.47, 1.22                                       # of the histogram


def thinned(fig):
    """Three samples, each with the net its own mask leaves; below, how many units of hidden 1 were lost, in all nets so far.

    draw(keep, rates): keep (T, 3, 25) bool, the masks of T draws and three samples, the newest draw last: 5 inputs, 12 units of hidden 1,
    8 of hidden 2; rates (3,): these layers' probability to drop. For a page of 6.8 x 4.7 inches."""
    say = headline(fig)
    page = diagram(fig.add_axes((0, 0, 1, 1)), (0, 6.8), (0, 4.7))
    for y, name in zip(LEVELS, NAMES): page.text(0.12, y + (0.03 if name != NAMES[-1] else -0.05), name, color=INK)
    for k, x in enumerate(CENTRES): page.text(x, LEVELS[-1] + 0.15, f"sample {k + 1}", ha="center", weight="bold", color=roles.kept.ink)
    def words(x, top): return page.add_artist(Words(x, top, "", size=9.5, color=QUIET, va="top", animated=True))
    drops = [words(0.12, y - 0.03) for y in LEVELS[:-1]]
    notes = [words(x - 0.68, LEVELS[0] - 0.14) for x in CENTRES]
    paint_nets, paint_counts = nets(page), counts(page)

    def draw(keep, rates):
        keep, rates = array(keep) > 0, array(rates)
        layers = [np.split(one, ENDS[:-1]) for one in keep[-1]]                          # per sample: inputs, hidden 1, hidden 2
        paint_nets([[*one, np.ones(WIDTHS[-1], bool)] for one in layers])
        lost = WIDTHS[1] - keep[..., ENDS[0]:ENDS[1]].sum(-1)                            # (T, 3)
        paint_counts(lost, rates[1])
        for text, p in zip(drops, rates): text.set_text(f"p = {short(round(p, 2))}")
        for text, n in zip(notes, lost[-1]): text.set_text(f"hidden 1: {n} of {WIDTHS[1]} lost")
        followed = keep[..., ENDS[0] + FOLLOWED[0]] & keep[..., ENDS[1] + FOLLOWED[1]]   # (T, 3)
        finding = in_words(keep[-1], layers)
        figures = f"yellow weight: in {followed.sum()} of {plural(followed.size, 'net')} so far, expected {100 * (1 - rates[1]) * (1 - rates[2]):.0f} %"
        say(finding, figures)
        kept = ". ".join(f"Sample {k + 1} keeps " + ", ".join(f"{part.sum()} of {len(part)} in {name}" for part, name in zip(one, NAMES)) for k, one in enumerate(layers))
        return f"{finding}; {figures}. Rates: {', '.join(f'{name} {short(round(p, 2))}' for name, p in zip(NAMES, rates))}. {kept}."
    return draw


def in_words(masks, layers):
    """What became of the three nets, in at most 50 characters."""
    cut = [k + 1 for k, one in enumerate(layers) if not all(part.any() for part in one)]
    if len(cut) == 3: return "All three lost a whole layer: nothing gets through"
    if cut: return f"Sample {cut[0]} lost a whole layer: nothing gets through"
    different = {1: "one net", 2: "two nets", 3: "three nets"}[len(np.unique(masks, axis=0))]
    return f"Three samples, {different}: {', '.join(map(str, masks.sum(1)))} units left"


def nets(page):
    """The three nets. Returns paint(on): on[sample][layer] (units,) bool."""
    spots = [[np.column_stack([x + WIDE * (w / 12) ** 0.4 * np.linspace(-0.5, 0.5, w), np.full(w, y)]) for w, y in zip(WIDTHS, LEVELS)] for x in CENTRES]
    wires = [[np.stack([a.repeat(len(b), 0), np.tile(b, (len(a), 1))], 1) for a, b in zip(one, one[1:])] for one in spots]
    ends = [np.stack([one[1][FOLLOWED[0]], one[2][FOLLOWED[1]]]) for one in spots]                           # (2, 2) each
    page.add_collection(LineCollection(np.concatenate(sum(wires, [])), colors=FAINT, lw=0.35))
    alive = page.add_collection(LineCollection([], colors=roles.kept.ink, lw=0.75, alpha=0.5, animated=True))
    gone = page.add_collection(LineCollection([], colors=INK, lw=1.3, ls=(0, (1, 1.6)), animated=True))
    there = [page.add_collection(LineCollection([], colors=color, lw=width, animated=True)) for color, width in ((INK, 4.2), (roles.highlight.color, 2.6))]
    crosses, = page.plot([], [], ls="", marker="x", ms=5.5, mec=roles.dropped.ink, mew=1.1, animated=True)
    kept, = page.plot([], [], **roles.kept.dots, ms=7.5, animated=True)

    def paint(on):
        alive.set_segments(np.concatenate([w[np.outer(a, b).ravel()] for wire, one in zip(wires, on) for w, a, b in zip(wire, one, one[1:])]))
        holds = [one[1][FOLLOWED[0]] and one[2][FOLLOWED[1]] for one in on]
        for line in there: line.set_segments([end for end, yes in zip(ends, holds) if yes])
        gone.set_segments([end for end, yes in zip(ends, holds) if not yes])
        for dots, yes in (kept, True), (crosses, False):
            dots.set_data(*np.concatenate([spot[mask == yes] for one, net in zip(spots, on) for spot, mask in zip(one, net)]).T)
    return paint


def counts(page):
    """How often each number of units of hidden 1 was lost: expected, in all nets so far, and in the three of this draw. Returns paint(lost (T, 3), p)."""
    n = WIDTHS[1]
    x = np.linspace(1.42, 6.45, n + 1)
    half = (x[1] - x[0]) / 2
    edges = np.append(x - half, x[-1] + half)
    page.plot(edges[[0, -1]], [FLOOR, FLOOR], color=QUIET, lw=0.8)
    for at, words in zip(x, range(n + 1)): page.text(at, FLOOR - 0.17, words, ha="center", size=9.5, color=QUIET)
    page.text((x[0] + x[-1]) / 2, 0.08, "units of hidden 1 lost, of 12", ha="center", size=9.5, color=QUIET)
    page.text(0.1, 1.16, "share of nets", size=9.5, color=INK)
    for y, words, color in (0.93, "expected", QUIET), (0.73, "so far", roles.kept.ink), (0.53, "these three", INK): page.text(0.3, y, words, size=9.5, color=color)
    page.add_patch(Rectangle((0.1, 0.93), 0.14, 0.1, fc=FAINT, ec=QUIET, lw=0.5))
    page.plot([0.1, 0.1, 0.24, 0.24], [0.73, 0.83, 0.83, 0.73], color=roles.kept.ink, lw=1.6)
    page.plot([0.17], [0.575], ls="", marker="o", ms=5, mfc=INK, mec=INK)
    expected = page.stairs(np.full(n + 1, FLOOR), edges, baseline=FLOOR, fill=True, fc=FAINT, ec="white", animated=True)
    so_far = page.stairs(np.full(n + 1, FLOOR), edges, baseline=FLOOR, color=roles.kept.ink, lw=1.6, animated=True)
    now, = page.plot([], [], ls="", marker="o", ms=5, mfc=INK, mec=INK, animated=True)

    def paint(lost, p):
        chance = np.array([comb(n, k) * p ** k * (1 - p) ** (n - k) for k in range(n + 1)])
        share = np.bincount(lost.ravel(), minlength=n + 1) / lost.size
        scale = (TOP - FLOOR) / max(chance.max(), share.max())
        expected.set_data(FLOOR + scale * chance, edges, FLOOR)
        so_far.set_data(FLOOR + scale * share, edges, FLOOR)
        above = [sum(lost[-1, :k] == lost[-1, k]) for k in range(3)]                     # equal ones lie on each other
        now.set_data(x[lost[-1]], FLOOR + 0.07 + 0.11 * np.array(above))
    return paint


