"""Pictures of notebook 03: two trainings side by side, and nets without and with BatchNorm, seed by seed."""
import numpy as np

from .parts import array, broken, haloed, headline, moving, plural, short
from .roles import FAINT, INK, NOTE, QUIET, normalized, raw

EPOCHS, TOP, GUESSING = 10, 2.6, np.log(10)  # losses in nats
LOW, HIGH = -0.15, 0.35                      # differences of accuracy shown; beyond, at the edge


def losses(fig, box, **look):
    """Axes for the training loss against epochs."""
    ax = fig.add_axes(box)
    ax.set(ylim=(0, TOP), ylabel="training loss, mean of an epoch", **look)
    ax.axhline(GUESSING, color=FAINT, lw=1.2)
    return ax


def two_runs(fig):
    """Training loss of two nets: a wide line and a dashed one on it, so that equal curves look equal.

    draw(plain, other, name, epoch, same_seed=True): (T,) losses of every step, of LeNet and of the other;
    name: what the other is called; epoch: how many steps make one. The second line names all that differs."""
    say = headline(fig)
    ax = losses(fig, (0.085, 0.14, 0.72, 0.66), xlabel="epoch", xlim=(0, EPOCHS), xticks=range(EPOCHS + 1))
    ax.text(EPOCHS, GUESSING, " guessing:\n loss 2.3", va="center", **NOTE)
    lines = moving(ax, color=normalized.color, lw=4.5, alpha=0.55), moving(ax, **raw.line, lw=1.8)
    ends = [moving(ax, **role.dots, ms=8, clip_on=False) for role in (normalized, raw)]
    signs = [haloed(ax, 0, 0, **role.bold, size=10, va="center", animated=True) for role in (normalized, raw)]

    def draw(plain, other, name, epoch, same_seed=True):
        found = [array(loss).reshape(-1, epoch).mean(1) for loss in (other, plain)]  # a mean each epoch
        shown = [np.clip(np.nan_to_num(loss, nan=TOP), 0, TOP) for loss in found]
        times, last = [len(loss) for loss in found], [loss[-1] for loss in found]
        places = names_at(times, [loss[-1] for loss in shown])
        for i, heights in enumerate(shown):
            lines[i].set_data(np.arange(1, times[i] + 1), heights)
            ends[i].set_data([times[i]], [heights[-1]])
            signs[i].set(text=(name, "LeNet")[i], position=places[i])
        finding = f"{name[0].upper()}{name[1:]} {compared(last[0] - last[1])}"
        if len(other) == len(plain) and np.array_equal(array(other), array(plain)):
            finding = "One curve: the two are equal to the last bit"
        differs = ["net"] + ["seed"] * (not same_seed) + ["epochs"] * (times[0] != times[1])
        figures = (f"loss at the end: {name} {short(last[0], 2)}, LeNet {short(last[1], 2)}; "
                   f"not equal: {', '.join(differs)}")
        say(finding, figures)
        return f"{finding}. {figures}."
    return draw


def names_at(times, heights):
    """Where the names of two runs stand, which end at these epochs and heights: beside the dots, apart."""
    places = [[time + 0.2, height] for time, height in zip(times, heights)]
    if abs(times[0] - times[1]) < 2 and abs(heights[0] - heights[1]) < 0.26:
        up = 1 if heights[0] >= heights[1] else -1
        places[0][1] += 0.13 * up
        places[1][1] -= 0.13 * up
    return [(x, np.clip(y, 0.1, TOP - 0.1)) for x, y in places]


def compared(difference):
    """How the loss at the end of a run compares with LeNet's."""
    if np.isnan(difference):
        return "has no finite loss"
    return "ends lower" if difference < -0.005 else "ends higher" if difference > 0.005 else "ends level"


def by_epoch(fig):
    """Mean loss of each epoch, without and with BatchNorm: a thin line for a seed, a thick one for the mean.

    draw(plain, bn): (K, epochs) losses in nats, the mean of each epoch's steps, for K seeds. Four dots with
    their losses: both kinds of net at epoch 5 and at the last."""
    say, x = headline(fig), np.arange(1, EPOCHS + 1)
    ax = losses(fig, (0.085, 0.14, 0.86, 0.66), xlabel="epoch", xlim=(0.45, EPOCHS + 0.85), xticks=x)
    ax.text(EPOCHS + 0.8, GUESSING + 0.04, "guessing among ten digits: 2.3", ha="right", **NOTE)
    kinds = [of_seeds(ax, "with BatchNorm", normalized, -1), of_seeds(ax, "without BatchNorm", raw, 1)]
    shifts = [(0.12, 0.06), (-0.68, -0.22)], [(0.15, 0.02), (0.15, -0.065)]  # of the numbers, plain first
    spots = {epoch: [spot(ax, role, epoch, shift) for role, shift in zip((raw, normalized), both)]
             for epoch, both in zip((5, EPOCHS), shifts)}

    def draw(plain, bn):
        found = [array(bn), array(plain)]
        for paint, values in zip(kinds, found):
            paint(x, values)
        lower, told, many = [], [], len(found[0])
        for epoch, marks in spots.items():
            without, with_bn = [values[:, epoch - 1].mean() for values in (array(plain), array(bn))]
            for mark, loss in zip(marks, (without, with_bn)):
                mark(loss)
            lower += [str(epoch)] * bool(with_bn < without)
            told.append(f"epoch {epoch}: {without:.2f} without, {with_bn:.2f} with BatchNorm")
        finding = "BatchNorm does not lower the training loss"
        if lower:
            epochs = "epochs" if len(lower) > 1 else "epoch"
            finding = f"BatchNorm lowers the training loss at {epochs} {' and '.join(lower)}"
        say(finding, f"thin: one net; thick: mean of {many}; numbers: means at epochs 5 and {EPOCHS}")
        return f"{finding}; {'; '.join(told)}; means of {plural(many, 'seed')}."
    return draw


def spot(ax, role, x, shift):
    """A dot at x and its height in words, shifted so far. Returns paint(y)."""
    dot = moving(ax, **role.dots | dict(mfc=role.color), ms=9, zorder=6)
    sign = haloed(ax, x + shift[0], 0, size=12, **role.bold, animated=True, zorder=7)

    def paint(y):
        dot.set_data([x], [y])
        sign.set(text=f"{y:.2f}", y=y + shift[1])
    return paint


def of_seeds(ax, words, role, side):
    """One kind of net: thin lines, a thick mean, and its name beside it: above (side 1) or below (-1) all.

    Returns paint(x (T,), values (K, T))."""
    thin, thick = moving(ax, lw=0.6, alpha=0.35, color=role.color), moving(ax, lw=2.6, **role.line)
    at = 3 if side > 0 else 2  # index of the epoch where the name stands
    name = haloed(ax, at + 1 + 0.1 * side, 0, words, **role.bold, size=10, animated=True,
                  ha="left" if side > 0 else "right", va="bottom" if side > 0 else "top")

    def paint(x, values):
        thin.set_data(*broken(np.tile(x, (len(values), 1)), values))
        thick.set_data(x, values.mean(0))
        name.set_y((values.max(0) if side > 0 else values.min(0))[at] + 0.03 * side)
    return paint


def pairs(fig):
    """How much more nets with BatchNorm get right than without: a dot for each seed, with a stem from zero.

    draw(names, plain, bn, images): names of one or two nets; plain and bn (nets, K), accuracies of the same K
    seeds on so many images."""
    say = headline(fig)
    ax = fig.add_axes((0.105, 0.19, 0.875, 0.61))
    ax.set(xlim=(-0.5, 2.5), xticks=[], ylim=(LOW, HIGH), yticks=np.arange(-0.1, HIGH, 0.1),
           ylabel="accuracy, with minus without")
    ax.axhline(0, color=FAINT, lw=1.2, zorder=0)
    marks = [(moving(ax, color=role.color, lw=1.4, alpha=0.6), moving(ax, **role.dots, ms=7))
             for role in (normalized, raw)]
    look = dict(ha="center", va="top", transform=ax.get_xaxis_transform(), animated=True)
    words = [[ax.text(0, y, "", color=color, **look) for _ in range(2)]
             for y, color in ((-0.05, INK), (-0.15, QUIET))]

    def draw(names, plain, bn, images):
        plain, bn = array(plain), array(bn)  # (nets, K) each
        nets, seeds = plain.shape
        places = 3 * (np.arange(nets) + 0.5) / nets - 0.5
        x = places[:, None] + np.linspace(-1, 1, seeds) / nets
        ahead, more = bn > plain, np.clip(bn - plain, LOW, HIGH)
        for (stems, dots), chosen in zip(marks, (ahead, ~ahead)):
            at, up = x[chosen], more[chosen]
            stems.set_data(*broken(np.stack([at, at], 1), np.stack([0 * up, up], 1)))
            dots.set_data(at, up)
        means = [f"means: {a:.2f} without, {b:.2f} with" for a, b in zip(plain.mean(1), bn.mean(1))]
        for signs, lines in zip(words, (names, means)):
            for sign, at, line in zip(signs, places, lines):
                sign.set(text=line, x=at)
        finding = "BatchNorm is ahead in " + how_often(ahead.sum(1), seeds)
        figures = f"a dot per seed: the same start, batches and {images:,} test images"
        say(finding, figures)
        told = "; ".join(map(", ".join, zip(names, means)))
        return f"{finding}; {figures}. {told}."
    return draw


def how_often(better, seeds):
    """Counts of each net's seeds in words: all 8 seeds, for both nets."""
    if len(set(better)) > 1:
        return f"{', '.join(map(str, better))} of {plural(seeds, 'seed')}"
    share = "all" if better[0] == seeds else f"{better[0]} of"
    return f"{share} {seeds} seeds{', for both nets' if len(better) == 2 else ''}"
