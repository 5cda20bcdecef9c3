"""Pictures of notebook 08: what the error of a fit is made of, step by step and rate by rate, and what a mean of fits leaves of it."""
import numpy as np

from .parts import array, broken, headline, plural, short
from .roles import INK, QUIET, Role, highlight, truth as TRUTH

bias = Role("#D55E00", "#B84E00", "o")
variance = Role("#56B4E9", "#1F76A8", "^", (0, (6, 2)))
noise = Role("#D5D9DF", QUIET, "s", (0, (1, 1.6)))
PARTS = ("noise", noise), ("variance", variance), ("bias²", bias)          # from the ground up

REACH, TOP = 2.2, 3.2                                                       # of y (left), of the error in units of the noise (right)

MARKS = 1, 2, 3


def fits(fig, steps=600):
    """Fits to several data sets (left), and the three parts of their error, step by step (right; the bar: at the last).

    draw(x, truth, fits, points, step, bias2, variance, noise_variance): x, truth (X,); fits (M, X) now; points (n, 2), the first data set;
    step, bias2, variance (T,) so far; noise_variance: that of new points about the truth. The error is drawn in units of it."""
    say = headline(fig)
    lines = curves(fig.add_axes((0.075, 0.14, 0.385, 0.62)))
    areas = history(fig.add_axes((0.565, 0.14, 0.265, 0.62)), steps)
    bar = column(fig.add_axes((0.845, 0.14, 0.15, 0.62)))

    def draw(x, truth, fits, points, step, bias2, variance, noise_variance):
        step, bias2, variance, floor = array(step), array(bias2), array(variance), float(noise_variance)
        lines(array(x), array(truth), array(fits), array(points))
        areas(step, variance / floor, bias2 / floor, floor)
        bar(variance[-1] / floor, bias2[-1] / floor, floor)
        total = floor + variance + bias2
        finding = f"Error {total[-1]:.3f}: variance {variance[-1]:.3f}, bias² {bias2[-1]:.3f}"
        figures = f"step {step[-1]:,.0f}; σ² {floor:.3f}"
        say(finding, figures)
        return f"{finding} ({figures}); {plural(len(fits), 'fit')} to {plural(len(points), 'point')} each."
    return draw


def curves(ax):
    """The fits, their mean, the truth, and between the last two the bias. Returns paint(x, truth, fits, points)."""
    ax.set(xlim=(-1, 1), ylim=(-REACH, REACH), xticks=[-1, 0, 1], yticks=[-2, -1, 0, 1, 2], xlabel="x", ylabel="y")
    for at, name, look, ink in ((0.0, "fits", dict(color=variance.color, lw=1.2), variance.ink), (0.25, "their mean", dict(color=bias.color, lw=2.4), bias.ink),
                                (0.69, "truth y = x", TRUTH.line, INK)):
        ax.plot([at, at + 0.075], [1.065, 1.065], transform=ax.transAxes, clip_on=False, **look)
        ax.text(at + 0.09, 1.065, name, va="center", transform=ax.transAxes, color=ink, weight="bold", size=9.5)
    dots, = ax.plot([], [], ls="", marker="o", ms=3, mfc=noise.color, mec="#A9B0BA", mew=0.6, animated=True)
    gap = ax.fill_between([], [], [], color=bias.color, alpha=0.3, lw=0, animated=True)
    thin, = ax.plot([], [], color=variance.color, lw=1, alpha=0.9, animated=True)
    mean, = ax.plot([], [], color=bias.color, lw=2.4, animated=True)
    line, = ax.plot([], [], lw=1.6, animated=True, **TRUTH.line)
    words = ax.text(0.985, 0.03, "", transform=ax.transAxes, ha="right", size=9.5, color=QUIET, animated=True)

    def paint(x, truth, fits, points):
        middle = fits.mean(0)
        dots.set_data(points[:, 0], points[:, 1])
        gap.set_data(x, np.clip(truth, -REACH, REACH), np.clip(middle, -REACH, REACH))
        thin.set_data(*broken(np.tile(x, (len(fits), 1)), np.clip(fits, -2 * REACH, 2 * REACH)))
        mean.set_data(x, middle)
        line.set_data(x, truth)
        out = int((np.abs(points[:, 1]) > REACH).sum())
        words.set_text("dots: one data set" + (f" ({out} outside)" if out else ""))
    return paint


def stacked(ax):
    """The three parts as areas, one on the other. Returns paint(x, variance, bias2) in units of the noise."""
    areas = [ax.fill_between([], [], [], color=role.color, alpha=0.85, lw=0, animated=True) for _, role in PARTS]
    edge, = ax.plot([], [], color=INK, lw=1.4, animated=True)

    def paint(x, *heights):
        levels = np.clip(np.nan_to_num(np.cumsum([np.zeros(len(x)), *heights], 0), nan=1e9), 0, 1e9)
        for area, low, high in zip(areas, levels, levels[1:]): area.set_data(x, low, high)
        edge.set_data(x, levels[-1])
    return paint


def history(ax, steps):
    """The parts against the steps so far; the scale follows the noise, so its labels move."""
    ax.set(xscale="log", xlim=(10, steps), ylim=(0, TOP), xticks=[10, 100, steps], yticks=MARKS, yticklabels=[], xlabel="step (log scale)")
    ax.set_xticklabels(["10", "100", f"{steps:,}"])
    ax.minorticks_off()
    ax.set_ylabel("mean squared error", labelpad=30)
    marks = [ax.text(-0.035, y, "", transform=ax.get_yaxis_transform(), ha="right", va="center", size=9.5, color=QUIET, animated=True) for y in MARKS]
    beyond = ax.text(0.01, 1.02, "", transform=ax.transAxes, size=9.5, color=QUIET, animated=True)
    areas = stacked(ax)

    def paint(step, variance, bias2, floor):
        areas(step, np.ones(len(step)), variance, bias2)
        highest = np.nanmax(np.nan_to_num(1 + variance + bias2, nan=0))
        beyond.set_text(f"↑ was up to {short(highest * floor)}" if highest > TOP else "")
        for y, mark in zip(MARKS, marks): mark.set_text(short(y * floor))
    return paint


def column(ax):
    """The parts now, as a bar with their names beside it."""
    ax.set_axis_off()
    ax.set(xlim=(0, 5), ylim=(0, TOP))
    boxes = stacked(ax)
    names = [ax.text(1.3, 0, name, va="center", color=role.ink, weight="bold", size=9.5, animated=True) for name, role in PARTS]
    above = ax.text(0, TOP, "", va="bottom", size=9.5, color=QUIET, animated=True)

    def paint(variance, bias2, floor):
        boxes(np.array([0, 1]), *(np.full(2, v) for v in (1, variance, bias2)))
        total = 1 + variance + bias2
        middles = np.clip(np.nan_to_num([0.5, 1 + variance / 2, 1 + variance + bias2 / 2], nan=TOP), 0, TOP - 0.1)
        for k in (1, 2): middles[k] = max(middles[k], middles[k - 1] + 0.18)
        middles -= max(0, middles[2] - (TOP - 0.1))
        for name, y in zip(names, middles): name.set_y(y)
        above.set_text(f"↑ to {short(total * floor)}" if total > TOP else "")
    return paint


def by_rate(fig):
    """The three parts against dropout's rate, and the test error that was measured apart from them.

    draw(rates, bias2, variance, noise_variance, error): rates, bias2, variance (R,); error (R, K), one a data set: drawn as mean and its 95 % interval."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.74, 0.61))
    ax.set(xlim=(-0.02, 0.82), ylim=(0, 0.17), xlabel="dropout's rate p (probability to drop)", ylabel="mean squared error", xticks=[0, 0.2, 0.4, 0.6, 0.8], yticks=[0, 0.05, 0.1, 0.15])
    ax.set_xticklabels(["0", "0.2", "0.4", "0.6", "0.8"])
    areas = stacked(ax)
    edges, = ax.plot([], [], ls="", marker="o", ms=4, color=INK, animated=True)
    dots, = ax.plot([], [], **highlight.dots, ms=7, animated=True)
    bars = [ax.plot([], [], color=INK, lw=1.4, marker="_", ms=12, mew=1.4, animated=True)[0] for _ in range(4)]
    names = [ax.text(1.015, 0, name, transform=ax.get_yaxis_transform(), va="center", color=role.ink, weight="bold", animated=True) for name, role in PARTS]
    ax.plot([0.02], [1.07], transform=ax.transAxes, clip_on=False, **highlight.dots, ms=7)
    ax.text(0.045, 1.07, "test error on new points, with its 95 % interval", transform=ax.transAxes, va="center", size=10)

    def draw(rates, bias2, variance, noise_variance, error):
        rates, bias2, variance, error, floor = array(rates), array(bias2), array(variance), array(error), float(noise_variance)
        areas(rates, np.full(len(rates), floor), variance, bias2)
        middle, half = error.mean(1), 2 * error.std(1, ddof=1) / np.sqrt(error.shape[1])
        dots.set_data(rates, middle)
        edges.set_data(np.tile(rates, 2), np.concatenate([floor + variance, floor + variance + bias2]))
        for bar, p, m, h in zip(bars, rates, middle, half): bar.set_data([p, p], [m - h, m + h])
        ends = np.array([floor / 2, floor + variance[-1] / 2, floor + variance[-1] + bias2[-1] / 2])
        for k in (1, 2): ends[k] = max(ends[k], ends[k - 1] + 0.012)
        for name, y in zip(names, ends): name.set_y(min(y, 0.165))
        finding = f"Test error at p = {', '.join(map(short, rates))}: {', '.join(f'{m:.3f}' for m in middle)}"
        figures = f"areas: parts of {error.shape[1]} fits; measured at the dots, straight between"
        say(finding, figures)
        rows = "; ".join(f"p {short(p)}: variance {v:.3f}, bias² {b:.4f}, test error {e:.3f}" for p, v, b, e in zip(rates, variance, bias2, middle))
        return f"{finding}. {figures}. {rows}."
    return draw


OTHERS, SAME = Role("#0072B2", "#00598C", "o"), Role("#CC79A7", "#96466F", "v", (0, (6, 2, 1, 2)))


def mean_fits(fig):
    """What a mean of M fits leaves of the error above the noise: fits to other data sets, and fits to the same data from other initial weights.

    draw(M, others, same): M (R,); others, same: R lists: the error of a mean of M fits, as a share of the mean error of those M."""
    say = headline(fig)
    ax = fig.add_axes((0.125, 0.14, 0.65, 0.66))
    ax.set(xscale="log", yscale="log", xlim=(0.87, 4.6), ylim=(0.04, 1.2), xlabel="M, number of fits in the mean (log scale)", ylabel="share of one fit's error\nabove the noise (log scale)", xticks=[1, 2, 4], yticks=[0.1, 0.3, 1])
    ax.set_xticklabels(["1", "2", "4"])
    ax.set_yticklabels(["0.1", "0.3", "1"])
    ax.minorticks_off()
    ax.plot([1, 4], [1, 1 / 4], lw=1.4, **TRUTH.line)
    kinds = [cloud(ax, name, role) for name, role in (("same data,\nother weights", SAME), ("other data\neach time", OTHERS))]
    ax.text(1.4, 0.52, "1/M", ha="right", va="top", color=INK, size=10)

    def draw(M, others, same):
        M, found = array(M), [[array(values) for values in rows] for rows in (same, others)]
        last = [rows[-1].mean() for rows in found]
        high, low = max(last), min(min(last), max(last) / 3)                  # names that would touch move apart
        heights = (high, low) if last[0] >= last[1] else (low, high)
        for paint, rows, shift, height in zip(kinds, found, (1.04, 1 / 1.04), heights): paint(M * shift, rows, height)
        finding = f"A mean of {short(M[-1])} leaves {last[1]:.2f} (other data), {last[0]:.2f} (same)"
        figures = "of its fits' error above the noise; a dot: one mean of M fits"
        say(finding, figures)
        rows = "; ".join(f"M = {short(m)}: {a.mean():.2f} other data, {b.mean():.2f} same data" for m, b, a in zip(M, *found))
        return f"{finding} {figures}. {rows}."
    return draw


def cloud(ax, name, role):
    """Dots, the line of their means, and its name. Returns paint(x (R,), rows: R lists, height of the name)."""
    dots, = ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=4, alpha=0.45, animated=True)
    line, = ax.plot([], [], lw=2.2, marker=role.marker, ms=8, mec=role.ink, animated=True, **role.line)
    sign = ax.text(1.03, 0, name, transform=ax.get_yaxis_transform(), va="center", color=role.ink, weight="bold", size=10, animated=True)

    def paint(x, rows, height):
        dots.set_data(np.repeat(x, [len(r) for r in rows]), np.concatenate(rows))
        line.set_data(x, [r.mean() for r in rows])
        sign.set_y(height)
    return paint
