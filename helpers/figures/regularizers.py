"""Pictures of notebook 08: dropout beside what is cheaper, under other optimizers, and on few images."""
import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from .parts import array, band, headline, short
from .roles import FAINT, INK, QUIET, Role, highlight, normalized


def remedies(fig):
    """How far the fits of seven ways to train lie from the truth: a row for each way, a dot for each data set.

    draw(names, errors): names (7,) words; errors (7, K) above 0, mean squared distances."""
    say = headline(fig)
    ax, signs, dots, means = rows(fig, 7, "mean squared distance from the truth (log scale)", 0.655)
    low, high = 0.0005, 0.3
    ax.set(xscale="log", xlim=(low, high))
    ax.xaxis.set(major_locator=FixedLocator([0.001, 0.01, 0.1]), minor_locator=NullLocator())
    ax.set_xticklabels(["0.001", "0.01", "0.1"])
    numbers = [ax.text(1.015, y, "", transform=ax.get_yaxis_transform(), va="center", animated=True) for y in range(7)]
    beyond = ax.text(1.0, 1.02, "", transform=ax.transAxes, ha="right", size=9.5, color=QUIET, animated=True)

    def draw(names, errors):
        errors = array(errors)
        scatter(dots, errors)
        middle, left, right = errors.mean(1), int((errors < low).sum()), int((errors > high).sum())
        means.set_data(middle, np.arange(7))
        beyond.set_text("outside: " + ", ".join(f"{k} {side}" for k, side in ((left, "on the left"), (right, "on the right")) if k) if left or right else "")
        for sign, name, number, value in zip(signs, names, numbers, middle):
            sign.set_text(name)
            number.set_text(f"{value:.3f}")
        first, second = np.argsort(middle)[:2]
        finding = f"Nearest: {names[first]} and {names[second]}"
        figures = f"{errors.shape[1]} data sets as dots; diamond and number: their mean"
        say(finding, figures)
        return f"{finding}. {figures}. " + "; ".join(f"{name}: {short(v)}" for name, v in zip(names, middle)) + "."
    return draw


def by_optimizer(fig):
    """Squared distance from the truth with dropout minus without, under three optimizers: a row for each, a dot for each data set.

    draw(names, differences): names (3,) words; differences (3, K)."""
    say = headline(fig)
    ax, signs, dots, means = rows(fig, 3, "squared distance from the truth, with dropout 0.5 minus without", 0.555)
    ax.set(xlim=(-0.09, 0.06), ylim=(2.5, -0.9), xticks=[-0.05, 0, 0.05])
    ax.set_xticklabels(["−0.05", "0", "0.05"])
    ax.axvline(0, color=INK, lw=1)
    for x, words, side in ((-0.003, "← dropout is better", "right"), (0.003, "worse →", "left")): ax.text(x, -0.66, words, ha=side, va="center", color=QUIET, size=9.5)
    counts = [ax.text(1.015, y, "", transform=ax.get_yaxis_transform(), va="center", animated=True) for y in range(3)]
    beyond = ax.text(1.0, 1.02, "", transform=ax.transAxes, ha="right", size=9.5, color=QUIET, animated=True)

    def draw(names, differences):
        found = array(differences)
        scatter(dots, found)
        means.set_data(found.mean(1), np.arange(3))
        better, n = (found < 0).sum(1), found.shape[1]
        for sign, name, count, k in zip(signs, names, counts, better):
            sign.set_text(name)
            count.set_text(f"better on {k} of {n}")
        out = int(((found < -0.09) | (found > 0.06)).sum())
        beyond.set_text(f"{out} of {found.size} lie outside" if out else "")
        finding = f"Dropout helps on {', '.join(map(str, better[:-1]))} and {better[-1]} of {n} data sets"
        figures = "from the top row down; dots: data sets, diamond: their mean"
        say(finding, figures)
        return f"{finding}; {figures}. " + "; ".join(f"{name}: {short(d)} on average" for name, d in zip(names, found.mean(1))) + "."
    return draw


def rows(fig, count, xlabel, width):
    """Axes with so many rows. Returns axes, their names, dots, means."""
    ax = fig.add_axes((0.235, 0.14, width, 0.68))
    ax.set(ylim=(count - 0.5, -0.5), yticks=[], xlabel=xlabel)
    ax.spines["left"].set_visible(False)
    for y in range(count): ax.axhline(y, color=FAINT, lw=0.8, zorder=0)
    signs = [ax.text(-0.02, y, "", transform=ax.get_yaxis_transform(), ha="right", va="center", weight="bold", size=10, animated=True) for y in range(count)]
    dots, = ax.plot([], [], **{**normalized.dots, "mfc": "none"}, ms=3.5, alpha=0.5, animated=True)
    means, = ax.plot([], [], **highlight.dots, ms=9, animated=True)
    return ax, signs, dots, means


def scatter(dots, values):
    """values (R, K) as dots, a little above and below the line of their row."""
    heights = (np.arange(values.shape[1]) * 0.618 % 1 - 0.5) * 0.6          # golden ratio: even, and the same each time
    dots.set_data(values.ravel(), (np.arange(len(values))[:, None] + heights).ravel())


LIMITS, TICKS = ((0.7, 1), (0, 1.5)), ([0.7, 0.8, 0.9, 1], [0, 0.5, 1, 1.5])
SIZES = Role("#D55E00", "#B84E00", "o"), Role("#009E73", "#00785A", "s", (0, (5, 2))), Role("#0072B2", "#00598C", "^", (0, (6, 2, 1, 2)))


def few_images(fig):
    """Accuracy (left) and log loss (right) on new images against dropout's rate, a line for each number of training images.

    draw(counts, rates, right, loss): counts (three of them); rates: for each count its own, from 0, with 0.5;
    right, loss: for each count (R, K) of K seeds; loss in nats."""
    say = headline(fig)
    axes = fig.add_axes((0.075, 0.14, 0.335, 0.61)), fig.add_axes((0.49, 0.14, 0.335, 0.61))
    for ax, title, limits, ticks in zip(axes, ("accuracy (bands: ±1 SD)", "log loss (nats)"), LIMITS, TICKS):
        ax.set(xlim=(-0.03, 0.83), ylim=limits, yticks=ticks, xticks=[0, 0.2, 0.5, 0.8], xticklabels=["0", "0.2", "0.5", "0.8"], xlabel="dropout's rate p")
        ax.set_title(title, size=10, pad=6)
        ax.grid(axis="y")
    lines = [[band(ax, role) for role in SIZES] for ax in axes]
    names = [axes[1].text(0, 0, "", va="center", color=role.ink, weight="bold", size=10, animated=True) for role in SIZES]

    def draw(counts, rates, right, loss):
        right, loss = list(map(array, right)), list(map(array, loss))
        for panel, found in zip(lines, (right, loss)):
            for paint, p, values in zip(panel, rates, found): paint(array(p), values)
        for name, n, p, y in zip(names, counts, rates, apart(np.clip([l[-1].mean() for l in loss], 0.05, 1.4), 0.14)):
            name.set_text(f"{n:,} images")
            name.set_position((p[-1] + 0.04, y))
        points, more = [[(v[list(p).index(0.5)] - v[0]).mean() for p, v in zip(rates, found)] for found in (right, loss)]
        finding = f"p = 0.5 against 0: log loss {', '.join(signed(v, 2) for v in more)} nats"
        figures = f"{counts[0]:,} images first; accuracy {', '.join(signed(100 * v, 1) for v in points)} points; {right[0].shape[1]} seeds"
        say(finding, figures)
        told = "; ".join(f"{n:,} images, p {', '.join(map(short, p))}: accuracy {', '.join(f'{a:.3f}' for a in r.mean(1))}, log loss {', '.join(f'{v:.2f}' for v in l.mean(1))}"
                         for n, p, r, l in zip(counts, rates, right, loss))
        return f"{finding} ({figures}). {told}."
    return draw


def signed(value, digits):
    return f"{value:+.{digits}f}".replace("-", "−")


def apart(places, least):
    """The places, moved up until neighbours are at least so far apart."""
    order, moved = np.argsort(places), np.array(places, float)
    for below, above in zip(order, order[1:]): moved[above] = max(moved[above], moved[below] + least)
    return moved
