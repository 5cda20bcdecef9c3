"""Pictures of notebook 04: what gamma and beta give back, and what they buy."""
import math

import numpy as np
from matplotlib.colors import ListedColormap

from .parts import array, best_line, broken, headline, percent, plural, short
from .parts.axes import inside, moving
from .roles import FAINT, INK, NOTE, QUIET, highlight, normalized, raw, truth

AREA = ListedColormap(["white", normalized.color + "88"])


def explained(fig):
    """What R² means: three clouds of points with the best straight line of each.

    draw(x, y): (3, N) each."""
    say = headline(fig)
    fig.set_figheight(3.1)
    axes = fig.subplots(1, 3, gridspec_kw=dict(left=0.03, right=0.98, bottom=0.1, top=0.72, wspace=0.12))
    panels = [scatter(ax) for ax in axes]

    def draw(x, y):
        shares = [paint(*pair) for paint, pair in zip(panels, zip(array(x), array(y)))]
        finding = "The better a line explains y, the larger is R²"
        figures = "dots: samples; dotted: the best straight line"
        say(finding, figures)
        return f"{finding}. Three clouds, R² {', '.join(f'{r2:.2f}' for r2 in shares)}; {figures}."
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
        lost.set_text(f"{percent(outside)} of blue outside −{REACH} to {REACH}" if outside > 0.005
                      else "blue is cut off above" if cut else "")
        alike = abs(y.mean() - target.mean()) < 0.06 and abs(y.std() - target.std()) < 0.06
        subject = "Mean and sd agree, the shapes" if alike else "They"
        finding = f"{subject} overlap by {100 * overlap(y, target):.0f} %"
        say(finding, f"blue: {yours}")
        return f"{finding}. Mean and standard deviation of blue: {yours}; of the target: {aim}."
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


KINDS = "neither", "γ alone", "β alone", "both"


def regions(fig):
    """Points inside and outside of a circle or ring, and where nets with γ, β or neither see the inside.

    draw(x, inside, says, accuracy): x (N, 2), inside (N,) yes or no; says (4, K, G, G), what K nets of each
    of KINDS answer on a grid from -3 to 3, [first coordinate, second]; accuracy (4, K). Shown is the net
    whose accuracy is in the middle."""
    say = headline(fig)
    fig.set_figheight(2.5)
    axes = [fig.add_axes((0.01 + 0.199 * k, 0.19, 0.184, 0.5)) for k in range(5)]
    for ax, name in zip(axes, ("the task", *KINDS)):
        ax.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal", anchor="C")
        ax.spines[:].set(visible=True, color=FAINT)
        ax.set_title(name, size=10, weight="bold", loc="center")
    task, paints = points(axes[0]), [region(ax) for ax in axes[1:]]

    def draw(x, inside, says, accuracy):
        accuracy = array(accuracy)
        task(array(x)[:300], array(inside).astype(bool)[:300])
        for paint, answers, right in zip(paints, array(says), accuracy):
            middle = right.argsort()[len(right) // 2]
            paint(answers[middle], right[middle], right)
        neither, gamma, beta, both = accuracy.mean(1)
        finding = "Accuracy with and without γ and β"
        if max(neither, gamma) < 0.6 and min(beta, both) > 0.75:
            finding = "Without β, these nets only guess"
        elif min(neither, gamma) > 0.85 and min(beta, both) > 0.85:
            finding = "All four kinds of nets see the inside"
        elif max(neither, gamma) < min(beta, both) - 0.1:
            finding = "With β the nets do better"
        figures = "blue: the net says inside; numbers: accuracy"
        say(finding, figures)
        told = ", ".join(f"{v.mean():.2f} with {kind}" for kind, v in zip(KINDS, accuracy))
        return f"{finding}. Accuracy on new points, mean of {plural(accuracy.shape[1], 'seed')}: {told}."
    return draw


def points(ax):
    """The task of regions. Returns paint(x (N, 2), inside (N,) bool)."""
    ax.set_xlabel("blue: inside", color=normalized.ink, size=10)
    look = dict(ls="", marker="o", ms=2.4, mec="none")
    outer = moving(ax, **look, mfc=QUIET, alpha=0.6)
    inner = moving(ax, **look, mfc=normalized.color)

    def paint(x, inside):
        inner.set_data(x[inside].T)
        outer.set_data(x[~inside].T)
    return paint


def region(ax):
    """Where a net answers 1. Returns paint(answers (G, G), its accuracy, accuracies (K,) of all)."""
    picture = ax.imshow(np.zeros((2, 2)), extent=(-3, 3, -3, 3), origin="lower", cmap=AREA, vmin=0, vmax=1,
                        animated=True, interpolation="nearest")
    words = inside(ax, 0.5, -0.06, ha="center", va="top", size=10, animated=True)

    def paint(answers, own, right):
        picture.set_data(answers.T)
        words.set_text(f"this net {own:.2f}\nall {len(right)}: {right.mean():.2f} ± {right.std(ddof=1):.2f}")
    return paint


NORMS = "no BatchNorm", "BatchNorm without γ, β", "BatchNorm"


def on_digits(fig):
    """Accuracy of a net of ReLUs on the digits: no BatchNorm, BatchNorm without gamma and beta, all of it.

    draw(relus): (3, K), in the order of NORMS."""
    say = headline(fig)
    fig.set_figheight(2.6)
    groups = {"two layers of ReLUs": NORMS}
    paint = rows(fig, groups, (0, 1), "accuracy on new images", (0.29, 0.22, 0.68, 0.5))

    def draw(relus):
        values = array(relus)
        _, bare, full = values.mean(1)
        finding = ("On the digits γ and β add almost nothing" if abs(full - bare) < 0.015
                   else "Accuracy with and without γ and β")
        figures = f"dots: {plural(values.shape[1], 'seed')} each; numbers: their mean; guessing: 0.10"
        say(finding, figures)
        paint(values)
        return f"{finding}; {figures}. {told(groups, values)}."
    return draw


def accuracy_on_digits(fig):
    """Accuracy of two nets on the digits: without BatchNorm, without its gamma and beta, with all of it.

    draw(sigmoids, relus): (3, K) each, in the order of NORMS."""
    say = headline(fig)
    groups = {"four layers of sigmoids": NORMS, "two layers of ReLUs": NORMS}
    paint = rows(fig, groups, (0, 1), "accuracy on new images")

    def draw(sigmoids, relus):
        values = [*array(sigmoids), *array(relus)]
        _, bare, full, _, relu_bare, relu_full = (v.mean() for v in values)
        finding = "Accuracy with and without γ and β"
        if max(abs(full - bare), abs(relu_full - relu_bare)) < 0.015:
            finding = "On the digits γ and β add almost nothing"
        figures = f"dots: {plural(len(values[0]), 'seed')} each; numbers: their mean; guessing: 0.10"
        say(finding, figures)
        paint(values)
        return f"{finding}; {figures}. {told(groups, values)}."
    return draw


LEARNED = "neither", "γ and β alone", "normalizing alone", "both"


def loss_on_digits(fig):
    """The training loss of the two nets, by what stands before their activations.

    draw(relus, sigmoids): (4, K) in the order of LEARNED, and (3, K) in the order of NORMS."""
    say = headline(fig)
    groups = {"two layers of ReLUs": LEARNED, "four layers of sigmoids": NORMS}
    paint = rows(fig, groups, (0, 2.5), "training loss after 100 steps (nats)")

    def draw(relus, sigmoids):
        values = [*array(relus), *array(sigmoids)]
        neither, two, bare, both = (v.mean() for v in values[:4])
        finding = "Training loss with and without γ and β"
        if both < min(neither, two, bare) - 0.02:
            finding = "The loss of the ReLU net is lowest with both"
        figures = f"dots: {plural(len(values[0]), 'seed')} each; numbers: their mean"
        say(finding, figures)
        paint(values)
        return f"{finding}; {figures}. {told(groups, values)}."
    return draw


def told(groups, values):
    """Means of the rows in words."""
    means = iter(values)
    return "; ".join(f"{title}: " + ", ".join(f"{name} {next(means).mean():.2f}" for name in names)
                     for title, names in groups.items())


def rows(fig, groups, limits, label, place=(0.29, 0.14, 0.68, 0.66)):
    """Rows of dots under the titles of their groups {title: names}. Returns paint(values, one (K,) a row)."""
    ax = fig.add_axes(place)
    places, y = [], 0.0
    for title, names in groups.items():
        ax.text(-0.42, y, title, transform=ax.get_yaxis_transform(), va="center", size=10, weight="bold")
        for name in names:
            y += 1
            ax.text(-0.03, y, name, transform=ax.get_yaxis_transform(), va="center", ha="right", size=10)
            places.append(y)
        y += 1.3
    ax.set(xlim=limits, ylim=(y - 0.6, -0.6), yticks=[], xlabel=label)
    ax.spines["left"].set_visible(False)
    ax.hlines(places, *limits, color=FAINT, lw=1, zorder=0)
    dots = moving(ax, **normalized.dots, ms=5, alpha=0.55, clip_on=False)
    words = [ax.text(0, at, "", va="center", size=10, weight="bold", animated=True) for at in places]

    def paint(values):
        dots.set_data(np.concatenate(values), np.repeat(places, [len(v) for v in values]))
        room = 0.02 * (limits[1] - limits[0])
        for text, v in zip(words, values):
            right = v.max() < limits[0] + 0.85 * (limits[1] - limits[0])
            text.set(x=v.max() + room if right else v.min() - room, ha="left" if right else "right",
                     text=f"{v.mean():.2f}")
    return paint


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
    right.text(-1.24, 0.93, "dotted: if ĥ were a bell", **NOTE)
    look = normalized.dots | dict(mew=0.4, ms=4, alpha=0.6)
    units, shares = moving(left, **look), moving(right, **look)

    def draw(gamma, beta, zeros):
        gamma, beta, zeros = map(array, (gamma, beta, zeros))
        units.set_data(beta.ravel(), gamma.ravel())
        shares.set_data((beta / gamma).ravel(), zeros.ravel())
        negative = np.mean(beta < 0)
        finding = "Most units learn a negative β" if negative > 0.5 else "Few units learn a negative β"
        figures = (f"{100 * negative:.0f} % of {gamma.shape[1]} units, {plural(len(gamma), 'seed')}; "
                   f"{100 * zeros.mean():.0f} % of outputs are 0")
        say(finding, figures)
        return (f"{finding}. {figures}; gamma {short(gamma.min())} to {short(gamma.max())}, "
                f"beta {short(beta.min())} to {short(beta.max())}; a lower beta over gamma gives more zeros.")
    return draw


LOST = -0.1         # where nets that overflowed lie, below accuracy 0
DOTS = (0, (1, 2))  # of a line of comparison


def columns(ax, names, kinds):
    """Columns of dots, one for each name, side by side for each kind (label, role): accuracies.
    Returns a paint(values (len(names), K)) for each kind."""
    places = np.arange(len(names))
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(1.6 * LOST, 1), ylabel="accuracy on new images",
           xticks=places, yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    ax.set_xticklabels(names, size=10)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y")
    ax.axhline(0.1, color=INK, lw=1, ls=DOTS)
    ax.text(len(names) - 0.52, 0.08, "guessing", ha="right", va="top", **NOTE)
    ax.axhline(0, color=QUIET, lw=0.8)
    ax.text(-0.48, LOST, "overflow", va="center", **NOTE)
    for i, (label, role) in enumerate(kinds):
        ax.plot([0.02 + 0.25 * i], [1.075], transform=ax.transAxes, clip_on=False, **role.dots, ms=6)
        inside(ax, 0.05 + 0.25 * i, 1.075, label, **role.bold, va="center")
    return [column(ax, places + shift, role) for shift, (_, role) in zip((-0.2, 0.2), kinds)]


def column(ax, places, role):
    """A dot for each seed, in the row below 0 where it overflowed, and a line at their median if none did.

    Returns paint(values (columns, K))."""
    dots = moving(ax, **role.dots, ms=4, alpha=0.65, clip_on=False)
    medians = moving(ax, color=INK, lw=2, zorder=1.9)  # below the dots

    def paint(values):
        middle = np.where(values.min(1) == 0, np.nan, np.median(values, 1))
        jitter = np.linspace(-0.15, 0.15, values.shape[1])
        dots.set_data((places[:, None] + jitter).ravel(), np.where(values == 0, LOST, values).ravel())
        medians.set_data(*broken(np.c_[places - 0.18, places + 0.18], np.c_[middle, middle]))
    return paint


def against_gamma(fig):
    """Accuracy of a residual net at some learning rates, by the gamma its blocks' last BatchNorm starts with.

    draw(rates, zero, one): rates (3,), those the picture was made for; zero and one (3, K), accuracies of K
    seeds; a net that overflowed counts as 0."""
    say = headline(fig)
    ax = fig.add_axes((0.085, 0.14, 0.9, 0.56))
    kinds = ("γ starts at 1", raw), ("γ starts at 0", normalized)
    paints = columns(ax, ["rate 0.02", "rate 0.1", "rate 1"], kinds)

    def draw(rates, zero, one):
        rates, found = array(rates), (array(one), array(zero))
        for paint, values in zip(paints, found):
            paint(values)
        fine = [int((values[-1] > 0.5).sum()) for values in found]
        which = "only nets from γ 0" if not fine[0] and fine[1] else "not only nets from γ 0"
        finding = f"At rate {short(rates[-1])} {which} learn"
        say(finding, f"dots: {plural(found[0].shape[1], 'seed')} each; lines: medians where none overflowed")
        rows = "; ".join(f"γ from {start}: {by_rate(rates, values)}" for start, values in zip((1, 0), found))
        return f"{finding}. Median accuracy by learning rate: {rows}."
    return draw


def by_rate(rates, values):
    """Medians in words, 0 as overflow."""
    medians = (f"{v:.2f}" if v else "overflow" for v in np.median(values, 1))
    return ", ".join(f"{median} at {short(rate)}" for median, rate in zip(medians, rates))
