"""Pictures of notebook 04: what gamma and beta give back, and what they buy."""
import math

import numpy as np

from .parts import array, best_line, broken, headline, percent, plural, short
from .parts.axes import inside, moving
from .roles import FAINT, INK, NOTE, QUIET, eval, highlight, normalized, raw, train, truth


def explained(fig):
    """What R² means: three clouds of points with the best straight line of each.

    draw(x, y): (3, N) each."""
    say = headline(fig)
    axes = fig.subplots(1, 3, gridspec_kw=dict(left=0.03, right=0.98, bottom=0.08, top=0.68, wspace=0.12))
    panels = [scatter(ax) for ax in axes]

    def draw(x, y):
        shares = [paint(*pair) for paint, pair in zip(panels, zip(array(x), array(y)))]
        finding = "R²: the share of the variance on a straight line"
        figures = "dots: samples; dotted: the best straight line"
        say(finding, figures)
        return f"{finding}. Three clouds, R² {', '.join(f'{r2:.2f}' for r2 in shares)}."
    return draw


def scatter(ax):
    """One cloud. Returns paint(x (N,), y (N,)) -> R²."""
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.4, 3.4), xticks=[], yticks=[], xlabel="x")
    ax.set_ylabel("y", rotation=0, labelpad=6)
    title = inside(ax, 0.5, 1.04, ha="center", weight="bold", animated=True)
    dots = moving(ax, ls="", marker="o", ms=3, mec="none", color=normalized.color, alpha=0.5)
    line = moving(ax, **truth.line, lw=2.2)

    def paint(x, y):
        dots.set_data(x, (y - y.mean()) / y.std())
        r2, best = best_line(x, y)
        ends = np.array([-3, 3])
        line.set_data(ends, (best(ends) - y.mean()) / y.std())
        title.set_text(f"R² {r2:.2f}")
        return r2
    return paint


REACH = 10     # of the panels of match, either way
CEILING = 2.3  # of its upper panel, in heights of the target: a gamma of half its sd fits below


def match(fig):
    """Normalized values, moved and stretched by gamma and beta, over the histogram they are to match.

    draw(y, target): (N,) each, e.g. gamma * h_hat + beta and the raw h. The overlap is the shared area of the
    two histograms."""
    say = headline(fig)
    ax = fig.add_axes((0.03, 0.32, 0.94, 0.41))
    ax.set(xlim=(-REACH, REACH), ylim=(0, CEILING), yticks=[])
    bars = fig.add_axes((0.03, 0.15, 0.94, 0.17), sharex=ax)
    bars.set(ylim=(-2.5, 0.2), yticks=[], xticks=range(-REACH, REACH + 1, 2), xlabel="value of the unit")
    ax.tick_params(bottom=False, labelbottom=False)
    for panel in ax, bars:
        panel.spines["left"].set_visible(False)
    inside(ax, 0, 1.06, "blue: γĥ + β", size=10, **normalized.bold)
    inside(ax, 0.18, 1.06, "outline: the target", size=10, weight="bold")
    inside(ax, 0.43, 1.06, "bars below: mean ± sd", size=10, color=QUIET)
    paint = two_histograms(ax)
    spans = span(bars, -0.75, normalized), span(bars, -1.75, truth)
    lost = inside(ax, 1, 1.06, **NOTE, ha="right", animated=True)

    def draw(y, target):
        y, target = array(y).ravel(), array(target).ravel()
        cut = paint(y, target)
        yours, aim = (one(values) for one, values in zip(spans, (y, target)))
        outside = np.mean(np.abs(y) > REACH)
        lost.set_text(f"{percent(outside)} of blue beyond ±{REACH}" if outside > 0.005
                      else "blue is cut off above" if cut else "")
        alike = abs(y.mean() - target.mean()) < 0.06 and abs(y.std() - target.std()) < 0.06
        subject = "Mean and sd agree, the shapes" if alike else "They"
        finding = f"{subject} overlap by {100 * overlap(y, target):.0f} %"
        figures = f"yours: {yours}; target: {aim}"
        say(finding, figures)
        return f"{finding}. Mean and standard deviation of {figures}."
    return draw


def two_histograms(ax):
    """The target as an outline, over what is to match it. Returns paint(y (N,), target) -> is y cut off?"""
    edges = np.linspace(-REACH, REACH, 101)
    yours = ax.stairs(np.zeros(100), edges, fill=True, color=normalized.color, alpha=0.75, animated=True)
    goal = ax.stairs(np.zeros(100), edges, color=INK, lw=1.8, animated=True)

    def paint(y, target):
        mine, heights = (np.histogram(values, edges)[0] / len(values) for values in (y, target))
        mine = mine * (1 / heights.max())
        yours.set_data(np.minimum(mine, CEILING))
        goal.set_data(heights * (1 / heights.max()))
        return mine.max() > CEILING
    return paint


def span(ax, height, role):
    """A bar from mean - sd to mean + sd with its middle marked. Returns paint(values) -> "mean 3, sd 2"."""
    bar = moving(ax, lw=3.2, color=role.color, solid_capstyle="butt")
    dot = moving(ax, ls="", marker="D", mec=role.ink, mfc="white")

    def paint(values):
        mean, sd = values.mean(), values.std()
        bar.set_data([mean - sd, mean + sd], [height, height])
        dot.set_data([mean], [height])
        return f"mean {short(round(mean, 2))}, sd {short(round(sd, 2))}"
    return paint


def overlap(a, b, bins=50):
    """Share of the area two histograms have in common, 0 to 1, over bins that span both."""
    edges = np.linspace(min(a.min(), b.min()), max(a.max(), b.max()) + 1e-9, bins + 1)
    return np.minimum(*(np.histogram(values, edges)[0] / len(values) for values in (a, b))).sum()


def given_back(fig, reach=2.5):
    """How far gamma and beta of one batch miss, for that batch, for another, and in eval mode.

    draw(h, y, runs): (3, N, C) each: the raw values and what comes out, in the order of the panels; runs: how
    many there were, of which this is the one with the middle miss. Each unit lies on a line of its own."""
    say = headline(fig)
    axes = fig.subplots(1, 3, sharey=True, gridspec_kw=dict(left=0.1, right=0.98, wspace=0.08,
                                                            bottom=0.14, top=0.68))
    axes[0].set_ylabel("output − input")
    names = "train mode,\nits own batch", "train mode,\nanother batch", "eval mode,\na new batch"
    panels = [misses(ax, *kind, reach) for ax, kind in zip(axes, zip(names, (train, train, eval)))]

    def draw(h, y, runs):
        h, y = array(h), array(y)
        for paint, *pair in zip(panels, h, y):
            paint(*pair)
        off = np.abs(y - h).max((1, 2))
        finding = f"Its own batch comes back; another's worst: {short(round(off[1], 1))} off"
        units = f"{plural(h.shape[1], 'sample')} of {plural(h.shape[2], 'unit')}"
        figures = f"middle run of {runs}; {units}, each unit on a line"
        say(finding, figures)
        told = ", ".join(f"{name} {short(most)}" for name, most in zip(names, off)).replace("\n", " ")
        return f"{finding}; {figures}. Largest differences: {told}."
    return draw


def misses(ax, name, role, reach):
    """Output minus input against the input. Returns paint(h (N, C), y (N, C))."""
    ax.set(xlim=(-6, 12), xticks=[-4, 0, 4, 8], xlabel="input h", ylim=(-reach, reach), yticks=range(-2, 3))
    ax.axhline(0, color=FAINT, lw=1)
    ax.set_title(name, **role.bold, size=10)
    dots = moving(ax, **role.dots | dict(mew=0.3), ms=4, alpha=0.8)
    worst = inside(ax, 0.97, 0.94, ha="right", va="top", **NOTE, animated=True)

    def paint(h, y):
        dots.set_data(h.ravel(), np.clip((y - h).ravel(), -reach, reach))
        worst.set_text(f"worst {short(np.abs(y - h).max(), 2)}")
    return paint


KINDS = "neither", "γ alone", "β alone", "both"


def ring(fig):
    """Points inside and outside of a circle, and how well nets with this or that BatchNorm tell them apart.

    draw(x, inside, sigmoid, relu): x (N, 2), inside (N,) yes or no; sigmoid and relu (4, K), accuracies of K
    seeds in the order of KINDS."""
    say = headline(fig)
    task = points(fig.add_axes((0.01, 0.14, 0.3, 0.56)))
    right = fig.add_axes((0.4, 0.14, 0.59, 0.56))
    paints = columns(right, KINDS, (("sigmoid", normalized), ("ReLU", raw)), (0.4, 1.04))

    def draw(x, inside, sigmoid, relu):
        found = array(sigmoid), array(relu)
        task(array(x)[:400], array(inside).astype(bool)[:400])
        for paint, values in zip(paints, found):
            paint(values)
        see = (found[0] > 0.85).sum(1)
        finding = f"Sigmoids above 0.85: no β {see[:2].max()}, β alone {see[2]}, both {see[3]}"
        figures = f"of {plural(found[0].shape[1], 'seed')} each, the dots; lines: medians"
        say(finding, figures)
        sigmoids, relus = (", ".join(f"{v:.2f} with {kind}" for kind, v in zip(KINDS, np.median(values, 1)))
                           for values in found)
        return f"{finding}. Median accuracy on new points, sigmoid: {sigmoids}; ReLU: {relus}; {figures}."
    return draw


def points(ax):
    """The task of ring. Returns paint(x (N, 2), inside (N,) bool)."""
    ax.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), xticks=[], yticks=[], aspect="equal",
           xlabel="the task: inside (black)\nor outside?")
    ax.spines[:].set_visible(False)
    inner = moving(ax, ls="", marker="o", ms=3, mec="none", color=INK)
    outer = moving(ax, ls="", marker="o", ms=3, mfc="none", mec=QUIET, mew=0.7)

    def paint(x, inside):
        inner.set_data(x[inside].T)
        outer.set_data(x[~inside & (np.abs(x) < 3.4).all(1)].T)  # no half of a ring at the edge
    return paint


LOST = -0.1         # where nets that overflowed lie, below accuracy 0
DOTS = (0, (1, 2))  # of a line of comparison


def columns(ax, names, kinds, limits=(0, 1), ylabel="accuracy on new samples",
            guess=0.5, legend=0.3, lost=False):
    """Columns of dots, one for each name, side by side for each kind (label, role).
    Returns a paint(values (len(names), K)) for each kind.

    guess: what guessing gets, a dotted line, None for none; legend: how far apart the labels of the kinds
    stand, in widths of ax, 0 for none; lost: below 0 a row for nets that overflowed, whose value is 0."""
    places = np.arange(len(names))
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=limits, ylabel=ylabel, xticks=places)
    ax.set_xticklabels(names, size=10)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    if guess:
        ax.axhline(guess, color=INK, lw=1, ls=DOTS)
        below = guess - 0.015 * (limits[1] - limits[0])
        ax.text(len(names) - 0.52, below, "guessing", ha="right", va="top", **NOTE)
    if lost:
        ax.set(ylim=(1.6 * LOST, limits[1]), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
        ax.axhline(0, color=QUIET, lw=0.8)
        ax.text(-0.48, LOST, "overflow", va="center", **NOTE)
    for i, (label, role) in enumerate(kinds if legend else ()):
        ax.plot([0.02 + legend * i], [1.075], transform=ax.transAxes, clip_on=False, **role.dots, ms=6)
        inside(ax, 0.05 + legend * i, 1.075, label, **role.bold, va="center")
    shifts = 0.4 * (np.arange(len(kinds)) - (len(kinds) - 1) / 2)
    return [column(ax, places + shift, role, lost) for shift, (_, role) in zip(shifts, kinds)]


def column(ax, places, role, lost):
    """A dot for each seed, a line at their median, if none overflowed (lost) and it is in sight.

    Returns paint(values (columns, K))."""
    low = ax.get_ylim()[0]
    dots = moving(ax, **role.dots, ms=4, alpha=0.65, clip_on=False)
    medians = moving(ax, color=INK, lw=2, zorder=1.9)  # below the dots

    def paint(values):
        middle = np.median(values, 1)
        middle = np.where((middle < low) | lost & (values.min(1) == 0), np.nan, middle)
        jitter = np.linspace(-0.15, 0.15, values.shape[1]) if values.shape[1] > 1 else 0
        seen = np.where(lost & (values == 0), LOST, np.where(values < low, np.nan, values))
        dots.set_data((places[:, None] + jitter).ravel(), seen.ravel())
        medians.set_data(*broken(np.c_[places - 0.18, places + 0.18], np.c_[middle, middle]))
    return paint


def on_digits(fig):
    """Accuracy and loss of two nets on the digits: without BatchNorm, without its gamma and beta, with all.

    draw(accuracy, loss, line): accuracy and loss {"sigmoid": (3, K), "relu": (3, K)} of K seeds; line (K,):
    accuracy of one linear layer. The left axis is cut off below: the median of the sigmoids without BatchNorm
    is written there."""
    say = headline(fig)
    left, right = fig.add_axes((0.1, 0.14, 0.385, 0.56)), fig.add_axes((0.585, 0.14, 0.4, 0.56))
    kinds = ("4 × 48 sigmoids", normalized), ("48 and 24 ReLUs", raw)
    names = "none", "BatchNorm,\nno γ, β", "BatchNorm"
    paints = (columns(left, names, kinds, (0.83, 0.95), guess=None, legend=0.58),
              columns(right, names, kinds, (0, 2.6), "training loss (nats)", np.log(10), 0))
    linear = moving(left, color=INK, lw=1, ls=DOTS)
    below = left.text(-0.2, 0.833, "", **normalized.bold, ha="center", size=9.5, animated=True)

    def draw(accuracy, loss, line):
        found = [{net: array(values) for net, values in one.items()} for one in (accuracy, loss)]
        for (of_sigmoid, of_relu), one in zip(paints, found):
            of_sigmoid(one["sigmoid"])
            of_relu(one["relu"])
        middle, straight = np.median(found[0]["sigmoid"], 1), np.median(array(line))
        linear.set_data([-0.5, 2.5], [straight, straight])
        below.set_text(f"↓ {middle[0]:.2f}" if middle[0] < 0.83 else "")
        finding = "Sigmoids: {:.3f}; normalized {:.3f}; with γ, β {:.3f}".format(*middle)
        seeds = plural(found[0]["relu"].shape[1], "seed")
        figures = f"{seeds} each; lines: medians; dotted left: one linear layer"
        say(finding, figures)
        rows = "; ".join(f"{net} {what}: {three_medians(values)}"
                         for what, one in zip(("accuracy", "loss"), found) for net, values in one.items())
        return f"{finding}; {figures}, accuracy {straight:.3f}. Medians: {rows}."
    return draw


def three_medians(values):
    """Of nets without, with bare and with whole BatchNorm, values (3, K), in words."""
    none, bare, full = (short(round(v, 3)) for v in np.median(values, 1))
    return f"{none} without BatchNorm, {bare} with it but no gamma and beta, {full} with both"


def learned(fig):
    """Gamma and beta of a layer's units after training, and how often a ReLU behind each of them gives 0.

    draw(gamma, beta, zeros): (K, C) each, of K seeds; zeros: the share of new samples for which the unit
    gives 0."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, gridspec_kw=dict(left=0.09, right=0.98, wspace=0.24,
                                                      bottom=0.14, top=0.74))
    left.set(xlim=(-1.3, 0.7), xlabel="β", title="each dot a unit after training",
             ylim=(0.3, 2.0), ylabel="γ", yticks=[0.5, 1, 1.5, 2])
    right.set(xlim=(-1.3, 0.7), xlabel="β / γ", title="the same units, with a ReLU behind",
              ylim=(0, 1), ylabel="share of outputs that are 0")
    left.axvline(0, color=FAINT, lw=1)
    left.plot(0, 1, **highlight.dots, ms=9, zorder=3)
    left.plot([0.02, 0.2], [1.05, 1.74], color=INK, lw=0.9, zorder=2.9)
    left.text(0.2, 1.76, "the start:\nγ 1, β 0", size=9.5, ha="center", va="bottom")
    x = np.linspace(-1.3, 0.7, 101)
    right.plot(x, [0.5 * math.erfc(v / math.sqrt(2)) for v in x], lw=1.8, **truth.line)
    right.text(-1.24, 0.93, "dotted: bell-shaped inputs", **NOTE)
    look = normalized.dots | dict(mew=0.4, ms=4, alpha=0.6)
    units, shares = moving(left, **look), moving(right, **look)

    def draw(gamma, beta, zeros):
        gamma, beta, zeros = map(array, (gamma, beta, zeros))
        units.set_data(beta.ravel(), gamma.ravel())
        shares.set_data((beta / gamma).ravel(), zeros.ravel())
        negative = np.mean(beta < 0)
        finding = f"{100 * negative:.0f} % of the units learn a negative β"
        if negative > 0.5:
            finding = f"Most units learn a negative β: {100 * negative:.0f} %"
        figures = (f"{plural(len(gamma), 'seed')} of {gamma.shape[1]} units; "
                   f"γ {gamma.min():.1f} to {gamma.max():.1f}; {100 * zeros.mean():.0f} % zeros")
        say(finding, figures)
        return (f"{finding}. {figures}; beta {short(beta.min())} to {short(beta.max())}; "
                "the lower beta over gamma, the more zeros.")
    return draw


def against_gamma(fig):
    """Accuracy of a residual net at some learning rates, by the gamma its blocks' last BatchNorm starts with.

    draw(rates, zero, one): rates (3,), those the picture was made for; zero and one (3, K), accuracies of K
    seeds; a net that overflowed counts as 0."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.9, 0.56))
    kinds = ("γ starts at 1", raw), ("γ starts at 0", normalized)
    paints = columns(ax, ["rate 0.02", "rate 0.1", "rate 1"], kinds, ylabel="accuracy on new images",
                     guess=0.1, legend=0.25, lost=True)

    def draw(rates, zero, one):
        rates, found = array(rates), (array(one), array(zero))
        for paint, values in zip(paints, found):
            paint(values)
        fine = [int((values[-1] > 0.5).sum()) for values in found]
        finding = f"At rate {short(rates[-1])}: {fine[0]} seeds learn from γ 1, {fine[1]} from γ 0"
        say(finding, f"dots: {plural(found[0].shape[1], 'seed')} each; lines: medians where none overflowed")
        rows = "; ".join(f"γ from {start}: {by_rate(rates, values)}" for start, values in zip((1, 0), found))
        return f"{finding}. Median accuracy by learning rate: {rows}."
    return draw


def by_rate(rates, values):
    """Medians in words, 0 as overflow."""
    medians = (f"{v:.2f}" if v else "overflow" for v in np.median(values, 1))
    return ", ".join(f"{median} at {short(rate)}" for median, rate in zip(medians, rates))
