"""Pictures of notebook 04: what gamma and beta give back, and what they buy."""
import math

import numpy as np

from . import roles
from .parts import array, best_line, broken, headline, percent, plural, short
from .roles import FAINT, INK, QUIET


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
        return f"{finding}. Three clouds, R² " + ", ".join(f"{r2:.2f}" for r2 in shares) + "."
    return draw


def scatter(ax):
    """One cloud. Returns paint(x (N,), y (N,)) -> R²."""
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.4, 3.4), xticks=[], yticks=[], xlabel="x")
    ax.set_ylabel("y", rotation=0, labelpad=6)
    title = ax.text(0.5, 1.04, "", ha="center", weight="bold", transform=ax.transAxes, animated=True)
    dots, = ax.plot([], [], ls="", marker="o", ms=3, mec="none", color=roles.normalized.color, alpha=0.5, animated=True)
    line, = ax.plot([], [], **roles.truth.line, lw=2.2, animated=True)

    def paint(x, y):
        dots.set_data(x, (y - y.mean()) / y.std())
        r2, best = best_line(x, y)
        ends = np.array([-3, 3])
        line.set_data(ends, (best(ends) - y.mean()) / y.std())
        title.set_text(f"R² {r2:.2f}")
        return r2
    return paint


CEILING = 2.3                # of the upper panel of match, in heights of the target: a gamma of half its sd fits below


def match(fig, reach=10.0):
    """Normalized values, moved and stretched by gamma and beta, over the histogram they are to match.

    draw(y, target): (N,) each, e.g. gamma * h_hat + beta and the raw h. The overlap is the shared area of the two histograms."""
    say = headline(fig)
    ax = fig.add_axes((0.03, 0.32, 0.94, 0.41))
    ax.set(xlim=(-reach, reach), ylim=(0, CEILING), yticks=[])
    bars = fig.add_axes((0.03, 0.15, 0.94, 0.17), sharex=ax)
    bars.set(ylim=(-2.5, 0.2), yticks=[], xticks=range(-int(reach), int(reach) + 1, 2), xlabel="value of the unit")
    ax.tick_params(bottom=False, labelbottom=False)
    for panel in ax, bars: panel.spines["left"].set_visible(False)
    for x, words, look in ((0, "blue: γĥ + β", dict(color=roles.normalized.ink, weight="bold")), (0.18, "outline: the target", dict(weight="bold")),
                           (0.43, "bars below: mean ± sd", dict(color=QUIET))):
        ax.text(x, 1.06, words, transform=ax.transAxes, size=10, **look)
    edges = np.linspace(-reach, reach, 101)
    yours = ax.stairs(np.zeros(100), edges, fill=True, color=roles.normalized.color, alpha=0.75, animated=True)
    goal = ax.stairs(np.zeros(100), edges, fill=False, color=INK, lw=1.8, animated=True)
    rows = [span(bars, y, role) for y, role in ((-0.75, roles.normalized), (-1.75, roles.truth))]
    lost = ax.text(1, 1.06, "", transform=ax.transAxes, color=QUIET, size=9.5, ha="right", animated=True)

    def draw(y, target):
        y, target = array(y).ravel(), array(target).ravel()
        heights = [np.histogram(v, edges)[0] / len(v) for v in (y, target)]
        top = 1 / heights[1].max()
        tall = heights[0].max() * top
        yours.set_data(np.minimum(heights[0] * top, CEILING))
        goal.set_data(heights[1] * top)
        told = [paint(v) for paint, v in zip(rows, (y, target))]
        same = overlap(y, target)
        outside = np.mean(np.abs(y) > reach)
        lost.set_text(f"{percent(outside)} of blue beyond ±{short(reach)}" if outside > 0.005 else "blue is cut off above" if tall > CEILING else "")
        alike = abs(y.mean() - target.mean()) < 0.06 and abs(y.std() - target.std()) < 0.06
        finding = f"{'Mean and sd agree, the shapes' if alike else 'They'} overlap by {100 * same:.0f} %"
        figures = f"yours: {told[0]}; target: {told[1]}"
        say(finding, figures)
        return f"{finding}. Mean and standard deviation of {figures}."
    return draw


def span(ax, height, role):
    """A bar from mean - sd to mean + sd with its middle marked. Returns paint(values) -> "mean 3, sd 2"."""
    bar, = ax.plot([], [], lw=3.2, color=role.color, solid_capstyle="butt", animated=True)
    dot, = ax.plot([], [], ls="", marker="D", ms=6, mec=role.ink, mfc="white", animated=True)

    def paint(values):
        mean, sd = values.mean(), values.std()
        bar.set_data([mean - sd, mean + sd], [height, height])
        dot.set_data([mean], [height])
        return f"mean {short(round(mean, 2))}, sd {short(round(sd, 2))}"
    return paint


def overlap(a, b, bins=50):
    """Share of the area two histograms have in common, 0 to 1, over bins that span both."""
    a, b = array(a).ravel(), array(b).ravel()
    edges = np.linspace(min(a.min(), b.min()), max(a.max(), b.max()) + 1e-9, bins + 1)
    return np.minimum(np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)).sum()


def given_back(fig, reach=2.5):
    """How far gamma and beta of one batch miss, for that batch, for another, and in eval mode.

    draw(h, y, runs): (3, N, C) each: the raw values and what comes out, in the order of the panels; runs: how many there were, of which
    this is the one with the middle miss. Each unit lies on a line of its own."""
    say = headline(fig)
    axes = fig.subplots(1, 3, sharey=True, gridspec_kw=dict(left=0.1, right=0.98, bottom=0.14, top=0.68, wspace=0.08))
    axes[0].set_ylabel("output − input")
    names = ("train mode,\nits own batch", roles.train), ("train mode,\nanother batch", roles.train), ("eval mode,\na new batch", roles.eval)
    dots = []
    for ax, (name, role) in zip(axes, names):
        ax.set(ylim=(-reach, reach), xlim=(-6, 12), xticks=[-4, 0, 4, 8], yticks=[-2, -1, 0, 1, 2], xlabel="input h")
        ax.axhline(0, color=FAINT, lw=1)
        ax.set_title(name, color=role.ink, weight="bold", size=10)
        dots.append(ax.plot([], [], **{**role.dots, "mew": 0.3}, ms=4, alpha=0.8, animated=True)[0])
    worst = [ax.text(0.97, 0.94, "", ha="right", va="top", size=9.5, color=QUIET, transform=ax.transAxes, animated=True) for ax in axes]

    def draw(h, y, runs):
        h, y = array(h), array(y)
        off = np.abs(y - h).max((1, 2))
        for points, word, a, b, most in zip(dots, worst, h, y, off):
            points.set_data(a.ravel(), np.clip((b - a).ravel(), -reach, reach))
            word.set_text(f"worst {short(float(f'{most:.2g}'))}")
        finding = f"Its own batch comes back; another's worst: {short(round(off[1], 1))} off"
        figures = f"middle run of {runs}; {plural(h.shape[1], 'sample')} of {plural(h.shape[2], 'unit')}, each unit on a line"
        say(finding, figures)
        return f"{finding}; {figures}. Largest differences: " + ", ".join(f"{name} {short(m)}" for (name, _), m in zip(names, off)).replace("\n", " ") + "."
    return draw


KINDS = "neither", "γ alone", "β alone", "both"


def ring(fig):
    """Points inside and outside of a circle, and how well nets tell them apart, by what their BatchNorm may learn.

    draw(x, inside, sigmoid, relu): x (N, 2), inside (N,) yes or no; sigmoid and relu (4, K), accuracies of K seeds for neither, gamma alone,
    beta alone, both."""
    say = headline(fig)
    left = fig.add_axes((0.01, 0.14, 0.3, 0.56))
    left.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), xticks=[], yticks=[], aspect="equal", xlabel="the task: inside (black)\nor outside?")
    left.spines[:].set_visible(False)
    inner, = left.plot([], [], ls="", marker="o", ms=3, mec="none", color=INK, animated=True)
    outer, = left.plot([], [], ls="", marker="o", ms=3, mfc="none", mec=QUIET, mew=0.7, animated=True)
    right = fig.add_axes((0.4, 0.14, 0.59, 0.56))
    paints = columns(right, KINDS, (("sigmoid", roles.normalized), ("ReLU", roles.raw)), span=(0.4, 1.04))

    def draw(x, inside, sigmoid, relu):
        x, inside, found = array(x)[:400], array(inside).astype(bool)[:400], [array(sigmoid), array(relu)]
        outside = ~inside & (np.abs(x) < 3.4).all(1)                         # no half of a ring at the edge
        inner.set_data(x[inside].T)
        outer.set_data(x[outside].T)
        for paint, values in zip(paints, found): paint(values)
        middle = np.median(found, 2)                                         # (2, 4)
        see = (found[0] > 0.85).sum(1)
        finding = f"Sigmoids above 0.85: no β {see[:2].max()}, β alone {see[2]}, both {see[3]}"
        figures = f"of {plural(found[0].shape[1], 'seed')} each, the dots; lines: medians"
        say(finding, figures)
        rows = "; ".join(f"{name}: " + ", ".join(f"{v:.2f} with {kind}" for kind, v in zip(KINDS, values)) for name, values in zip(("sigmoid", "ReLU"), middle))
        return f"{finding}. Median accuracy on new points, {rows}; {figures}."
    return draw


LOST, DOTS = -0.1, (0, (1, 2))       # where nets that overflowed lie, below accuracy 0; how a line of comparison is dotted


def columns(ax, names, kinds, span=(0.0, 1.0), ylabel="accuracy on new samples", guess=0.5, legend=0.3, lost=False):
    """Columns of dots, one for each name, side by side for each kind (label, role). Returns a paint(values (len(names), K)) for each kind.

    guess: what guessing gets, a dotted line, None for none; legend: how far apart the labels of the kinds stand, in widths of ax, 0 for none;
    lost: below 0 a row for nets that overflowed, whose value is 0."""
    places = np.arange(len(names))
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=span, ylabel=ylabel, xticks=places)
    ax.set_xticklabels(names, size=10)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    if guess:
        ax.axhline(guess, color=INK, lw=1, ls=DOTS)
        ax.text(len(names) - 0.52, guess - 0.015 * (span[1] - span[0]), "guessing", ha="right", va="top", size=9.5, color=QUIET)
    if lost:
        ax.set(ylim=(1.6 * LOST, span[1]), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
        ax.axhline(0, color=QUIET, lw=0.8)
        ax.text(-0.48, LOST, "overflow", va="center", size=9.5, color=QUIET)
    paints = []
    for i, (label, role) in enumerate(kinds):
        if legend:
            ax.plot([0.02 + legend * i], [1.075], transform=ax.transAxes, clip_on=False, **role.dots, ms=6)
            ax.text(0.05 + legend * i, 1.075, label, color=role.ink, weight="bold", va="center", transform=ax.transAxes)
        paints.append(column(ax, places + 0.4 * (i - (len(kinds) - 1) / 2), role, lost))
    return paints


def column(ax, places, role, lost=False):
    """paint(values (columns, K)): a dot for each seed, and a line at their median; none where one overflowed (lost) or the median is not in sight."""
    low = ax.get_ylim()[0]
    dots, = ax.plot([], [], **role.dots, ms=4, alpha=0.65, clip_on=False, animated=True)
    medians, = ax.plot([], [], color=INK, lw=2, zorder=1.9, animated=True)           # below the dots

    def paint(values):
        middle = np.median(values, 1)
        middle = np.where((middle < low) | lost & (values.min(1) == 0), np.nan, middle)
        jitter = np.linspace(-0.15, 0.15, values.shape[1]) if values.shape[1] > 1 else 0
        seen = np.where(lost & (values == 0), LOST, np.where(values < low, np.nan, values))
        dots.set_data((places[:, None] + jitter).ravel(), seen.ravel())
        medians.set_data(*broken(np.c_[places - 0.18, places + 0.18], np.c_[middle, middle]))
    return paint


def on_digits(fig):
    """Accuracy and training loss of two nets on the digits: no BatchNorm, BatchNorm without gamma and beta, and with them.

    draw(accuracy, loss, line): accuracy and loss {"sigmoid": (3, K), "relu": (3, K)} of K seeds; line (K,): accuracy of one linear layer.
    The left axis is cut off below: the median of the sigmoids without BatchNorm is written there."""
    say = headline(fig)
    left, right = fig.add_axes((0.1, 0.14, 0.385, 0.56)), fig.add_axes((0.585, 0.14, 0.4, 0.56))
    kinds = ("4 × 48 sigmoids", roles.normalized), ("48 and 24 ReLUs", roles.raw)
    names = "none", "BatchNorm,\nno γ, β", "BatchNorm"
    paints = [columns(left, names, kinds, span=(0.83, 0.95), guess=None, legend=0.58),
              columns(right, names, kinds, span=(0, 2.6), ylabel="training loss (nats)", guess=np.log(10), legend=0)]
    linear, = left.plot([], [], color=INK, lw=1, ls=DOTS, animated=True)
    below = left.text(-0.2, 0.833, "", color=roles.normalized.ink, weight="bold", ha="center", size=9.5, animated=True)

    def draw(accuracy, loss, line):
        for these, found in zip(paints, (accuracy, loss)):
            for paint, values in zip(these, (array(found["sigmoid"]), array(found["relu"]))): paint(values)
        middle, straight = np.median(array(accuracy["sigmoid"]), 1), np.median(array(line))
        linear.set_data([-0.5, 2.5], [straight, straight])
        below.set_text(f"↓ {middle[0]:.2f}" if middle[0] < 0.83 else "")
        finding = "Sigmoids: {:.3f}; normalized {:.3f}; with γ, β {:.3f}".format(*middle)
        figures = f"{plural(array(accuracy['relu']).shape[1], 'seed')} each; lines: medians; dotted left: one linear layer"
        say(finding, figures)
        rows = "; ".join(f"{name} {what}: {short(round(none, 3))} without BatchNorm, {short(round(bare, 3))} with it but no gamma and beta, {short(round(full, 3))} with both"
                         for what, found in (("accuracy", accuracy), ("loss", loss)) for name, (none, bare, full) in ((n, np.median(array(v), 1)) for n, v in found.items()))
        return f"{finding}; {figures}, accuracy {straight:.3f}. Medians: {rows}."
    return draw


def learned(fig):
    """Gamma and beta of a layer's units after training, and how often a ReLU behind each of them gives 0.

    draw(gamma, beta, zeros): (K, C) each, of K seeds; zeros: the share of new samples for which the unit gives 0."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, gridspec_kw=dict(left=0.09, right=0.98, bottom=0.14, top=0.74, wspace=0.24))
    left.set(xlim=(-1.3, 0.7), ylim=(0.3, 2.0), yticks=[0.5, 1, 1.5, 2], xlabel="β", ylabel="γ", title="each dot a unit after training")
    left.axvline(0, color=FAINT, lw=1)
    right.set(xlim=(-1.3, 0.7), ylim=(0, 1), xlabel="β / γ", ylabel="share of outputs that are 0", title="the same units, with a ReLU behind")
    x = np.linspace(-1.3, 0.7, 101)
    right.plot(x, [0.5 * math.erfc(v / math.sqrt(2)) for v in x], color=INK, lw=1.8, ls=roles.truth.dash)
    right.text(-1.24, 0.93, "dotted: bell-shaped inputs", size=9.5, color=QUIET)
    look = dict(**{**roles.normalized.dots, "mew": 0.4}, ms=4, alpha=0.6, animated=True)
    units, shares = (ax.plot([], [], **look)[0] for ax in (left, right))
    left.plot(0, 1, **roles.highlight.dots, ms=9, zorder=3)
    left.plot([0.02, 0.2], [1.05, 1.74], color=INK, lw=0.9, zorder=2.9)
    left.text(0.2, 1.76, "the start:\nγ 1, β 0", size=9.5, ha="center", va="bottom")

    def draw(gamma, beta, zeros):
        gamma, beta, zeros = map(array, (gamma, beta, zeros))
        units.set_data(beta.ravel(), gamma.ravel())
        shares.set_data((beta / gamma).ravel(), zeros.ravel())
        finding = f"Most units learn a negative β: {np.mean(beta < 0):.0%}" if np.mean(beta < 0) > 0.5 else f"{np.mean(beta < 0):.0%} of the units learn a negative β"
        finding = finding.replace("%", " %")
        figures = f"{plural(len(gamma), 'seed')} of {gamma.shape[1]} units; γ {gamma.min():.1f} to {gamma.max():.1f}; {zeros.mean():.0%} zeros".replace("%", " %")
        say(finding, figures)
        return f"{finding}. {figures}; beta {short(beta.min())} to {short(beta.max())}; the lower beta over gamma, the more zeros."
    return draw


def against_gamma(fig):
    """Accuracy of a residual net at some learning rates, by the gamma its blocks' last BatchNorm starts with.

    draw(rates, zero, one): rates (3,), those the picture was made for; zero and one (3, K), accuracies of K seeds; a net that overflowed
    counts as 0."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.9, 0.56))
    paints = columns(ax, [f"rate {rate}" for rate in (0.02, 0.1, 1)], (("γ starts at 1", roles.raw), ("γ starts at 0", roles.normalized)), ylabel="accuracy on new images", guess=0.1, legend=0.25, lost=True)

    def draw(rates, zero, one):
        rates, found = array(rates), [array(one), array(zero)]
        for paint, values in zip(paints, found): paint(values)
        fine = [int((values[-1] > 0.5).sum()) for values in found]
        finding = f"At rate {short(rates[-1])}: {fine[0]} seeds learn from γ 1, {fine[1]} from γ 0"
        say(finding, f"dots: {plural(found[0].shape[1], 'seed')} each; lines: medians where none overflowed")
        rows = "; ".join(f"γ from {start}: " + ", ".join(f"{f'{v:.2f}' if v else 'overflow'} at {short(rate)}" for rate, v in zip(rates, np.median(values, 1))) for start, values in zip((1, 0), found))
        return f"{finding}. Median accuracy by learning rate: {rows}."
    return draw
