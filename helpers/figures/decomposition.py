"""Pictures of notebook 08: the parts of a fit's error by step and by rate; what a mean of fits leaves."""
import numpy as np

from .parts import apart, array, broken, headline, listed, plural, short
from .parts.axes import area, beside, inside, moving, ticks
from .roles import FAINT, INK, NOTE, QUIET, Role, highlight, truth

bias = Role("#D55E00", "#B84E00", "o")
variance = Role("#56B4E9", "#1F76A8", "^", (0, (6, 2)))
noise = Role(FAINT, QUIET, "s", (0, (1, 1.6)))
PARTS = ("noise", noise), ("variance", variance), ("bias²", bias)  # from the ground up

REACH = 2.2            # of y
TOP = 0.1              # of the error without noise


def fits(fig, steps=600):
    """Fits to several data sets (left), and by step the two parts of their distance from the truth (right).

    draw(x, truth, fits, points, step, bias2, variance): x, truth (X,); fits (M, X) now; points (n, 2), the
    first data set; step, bias2, variance (T,) so far."""
    say = headline(fig)
    lines = curves(fig.add_axes((0.075, 0.14, 0.4, 0.62)))
    areas = history(fig.add_axes((0.585, 0.14, 0.285, 0.62)), steps)

    def draw(x, truth, fits, points, step, bias2, variance):
        step, bias2, variance = array(step), array(bias2), array(variance)
        lines(array(x), array(truth), array(fits), array(points))
        areas(step, variance, bias2)
        b, v = bias2[-1], variance[-1]
        finding = ("The training has left the numbers" if not np.isfinite(b + v)
                   else "The fits miss the line together: bias" if b > v
                   else "The fits scatter about the line: variance" if v > 0.012
                   else "The fits lie close to the line")
        figures = f"step {step[-1]:,.0f}: variance {v:.3f} + bias² {b:.3f} = {b + v:.3f}"
        say(finding, figures)
        return f"{finding}; {figures}. {plural(len(fits), 'fit')} to {plural(len(points), 'point')} each."
    return draw


def curves(ax):
    """The fits, their mean, the truth, between the two the bias. Returns paint(x, truth, fits, points)."""
    ax.set(xlim=(-1, 1), xlabel="x", xticks=[-1, 0, 1],
           ylim=(-REACH, REACH), ylabel="y", yticks=[-2, -1, 0, 1, 2])
    kinds = ((0.0, "fits", variance, dict(color=variance.color, lw=1.2)),
             (0.25, "mean fit", bias, dict(color=bias.color, lw=2.4)),
             (0.68, "truth y = x", truth, truth.line))
    for at, name, role, look in kinds:
        ax.plot([at, at + 0.075], [1.065, 1.065], transform=ax.transAxes, clip_on=False, **look)
        inside(ax, at + 0.09, 1.065, name, va="center", **role.bold, size=9.5)
    dots = moving(ax, ls="", marker="o", ms=3, mfc=noise.color, mec="#A9B0BA", mew=0.6)
    gap = area(ax, bias.color, 0.3)
    thin = moving(ax, color=variance.color, lw=1, alpha=0.9)
    mean, line = moving(ax, color=bias.color, lw=2.4), moving(ax, lw=1.6, **truth.line)
    words = inside(ax, 0.985, 0.03, ha="right", **NOTE, animated=True)

    def paint(x, truth, fits, points):
        middle = fits.mean(0)
        dots.set_data(points.T)
        gap.set_data(x, np.clip(truth, -REACH, REACH), np.clip(middle, -REACH, REACH))
        thin.set_data(*broken(np.tile(x, (len(fits), 1)), np.clip(fits, -2 * REACH, 2 * REACH)))
        mean.set_data(x, middle)
        line.set_data(x, truth)
        out = int((np.abs(points[:, 1]) > REACH).sum())
        words.set_text("dots: one data set" + (f" ({out} outside)" if out else ""))
    return paint


def stacked(ax, parts):
    """Parts of an error as areas, one on the other. Returns paint(x, *heights), one a part."""
    areas = [area(ax, role.color, 0.85) for _, role in parts]
    edge = moving(ax, color=INK, lw=1.4)

    def paint(x, *heights):
        levels = np.cumsum(np.broadcast_arrays(np.zeros(len(x)), *heights), 0)
        levels = np.clip(np.nan_to_num(levels, nan=1e9), 0, 1e9)
        for part, low, high in zip(areas, levels, levels[1:]):
            part.set_data(x, low, high)
        edge.set_data(x, levels[-1])
    return paint


def history(ax, steps):
    """The two parts against the steps so far, a line each, with their names at the last.

    Returns paint(step (T,), variance (T,), bias2 (T,))."""
    ax.set(xscale="log", xlim=(20, steps), xlabel="step (log scale)", ylim=(0, TOP), yticks=[0, 0.05, 0.1])
    ax.set_title("squared distance", size=10, pad=6, loc="left")
    ticks(ax.xaxis, (20, 100, steps))
    ax.grid(axis="y")
    lines = [moving(ax, color=role.color, lw=2.4) for _, role in PARTS[1:]]
    names = [ax.text(0, 0, "", va="center", **role.bold, size=10, animated=True) for _, role in PARTS[1:]]

    def paint(step, variance, bias2):
        found = np.nan_to_num([variance, bias2], nan=1e9, posinf=1e9)
        for line, values in zip(lines, found):
            line.set_data(step, values)
        last = found[:, -1]
        high = TOP - 0.007  # below the title
        heights = apart(np.clip(last, 0.003, high), 0.009)
        heights -= max(heights.max() - high, 0)
        for name, (word, _), end, y in zip(names, PARTS[1:], last, heights):
            name.set(text=f"{word} ↑" if end > TOP else word,
                     position=(min(max(step[-1], 20), steps) * 1.06, y))
    return paint


def by_rate(fig):
    """The three parts against p, for three p, and the error that was measured apart from them.

    draw(rates, bias2, variance, noise_variance, error): rates, bias2, variance (R,); error (R, K), one a data
    set: drawn as mean and its 95 % interval."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.74, 0.61))
    ax.set(xlim=(-0.02, 0.82), xlabel="p, the probability to drop",
           ylim=(0, 0.17), ylabel="error", yticks=[0, 0.05, 0.1, 0.15])
    ticks(ax.xaxis, (0, 0.2, 0.8))
    areas, tested = stacked(ax, PARTS), interval(ax)
    names = [beside(ax, 1.015, 0, name, **role.bold, animated=True) for name, role in PARTS]

    def draw(rates, bias2, variance, noise_variance, error):
        rates, bias2, variance, error = map(array, (rates, bias2, variance, error))
        low = float(noise_variance)
        high = low + variance
        areas(rates, low, variance, bias2)
        tested(rates, error)
        middles = apart([low / 2, low + variance[-1] / 2, high[-1] + bias2[-1] / 2], 0.012)
        for name, y in zip(names, middles):
            name.set_y(min(y, 0.165))
        mean = error.mean(1)
        finding = f"Of the three p, p = {short(rates[mean.argmin()])} has the lowest error"
        figures = f"error at p = {listed(rates)}: {listed(mean, '.3f')}"
        say(finding, figures)
        rows = "; ".join(f"p {short(p)}: variance {v:.3f}, bias² {b:.4f}, error {e:.3f}"
                         for p, v, b, e in zip(rates, variance, bias2, mean))
        return f"{finding}; {figures}. {error.shape[1]} data sets. {rows}."
    return draw


def interval(ax):
    """The error as mean and 95 % interval. Returns paint(rates (R,), error (R, K)), R at most 3."""
    dots = moving(ax, **highlight.dots, ms=7)
    bars = [moving(ax, color=INK, lw=1.4, marker="_", ms=12, mew=1.4) for _ in range(3)]
    ax.plot([0.02], [1.07], transform=ax.transAxes, clip_on=False, **highlight.dots, ms=7)
    inside(ax, 0.045, 1.07, "error on new points, with 95 % interval", va="center", size=10)

    def paint(rates, error):
        mean, half = error.mean(1), 2 * error.std(1, ddof=1) / np.sqrt(error.shape[1])
        dots.set_data(rates, mean)
        for bar, p, low, high in zip(bars, rates, mean - half, mean + half):
            bar.set_data([p, p], [low, high])
    return paint


OTHERS, SAME = Role("#0072B2", "#00598C", "o"), Role("#CC79A7", "#96466F", "v", (0, (6, 2, 1, 2)))


def mean_fits(fig):
    """What a mean of M fits leaves of their squared distance from the truth: other data, or other weights.

    draw(M, others, same): M (R,); others, same: R lists: the error of a mean of M fits, as a share of the
    mean error of those M."""
    say = headline(fig)
    ax = fig.add_axes((0.125, 0.14, 0.65, 0.66))
    ax.set(xscale="log", xlim=(0.87, 4.6), xlabel="M, number of fits in the mean (log scale)",
           yscale="log", ylim=(0.04, 1.2), ylabel="distance left, as a share (log scale)")
    ticks(ax.xaxis, (1, 2, 4))
    ticks(ax.yaxis, (0.1, 0.3, 1))
    ax.plot([1, 4], [1, 1 / 4], lw=1.4, **truth.line)
    kinds = cloud(ax, "same data,\nother weights", SAME), cloud(ax, "other data\neach time", OTHERS)
    ax.text(1.4, 0.52, "1/M", ha="right", va="top", size=10)

    def draw(M, others, same):
        M, found = array(M), [[array(values) for values in rows] for rows in (same, others)]
        last = [rows[-1].mean() for rows in found]
        high, low = max(last), min(min(last), max(last) / 3)  # names that would touch move apart
        heights = (high, low) if last[0] >= last[1] else (low, high)
        for paint, rows, shift, height in zip(kinds, found, (1.04, 1 / 1.04), heights):
            paint(M * shift, rows, height)
        finding = ("Only fits to other data average out" if last[1] < 0.5 < last[0]
                   else "What a mean of fits leaves")
        figures = f"a mean of {short(M[-1])} leaves {last[1]:.2f}; of fits to the same data: {last[0]:.2f}"
        say(finding, figures)
        rows = "; ".join(f"M = {short(m)}: {a.mean():.2f} other data, {b.mean():.2f} same data"
                         for m, b, a in zip(M, *found))
        return f"{finding}: {figures}. {rows}."
    return draw


def cloud(ax, name, role):
    """Dots, the line of their means, its name. Returns paint(x (R,), rows: R lists, height of the name)."""
    dots = moving(ax, **role.rings, ms=4, alpha=0.45)
    line = moving(ax, lw=2.2, marker=role.marker, ms=8, mec=role.ink, **role.line)
    sign = beside(ax, 1.03, 0, name, **role.bold, size=10, animated=True)

    def paint(x, rows, height):
        dots.set_data(np.repeat(x, [len(row) for row in rows]), np.concatenate(rows))
        line.set_data(x, [row.mean() for row in rows])
        sign.set_y(height)
    return paint
