"""Pictures of notebook 08: dropout beside what is cheaper, under other optimizers, and on few images."""
import numpy as np

from .parts import array, band, headline, short
from .roles import FAINT, INK, QUIET, Role, highlight, normalized


def remedies(fig):
    """How far the fits of seven ways to train lie from the truth: each a row, with a dot for each data set.

    draw(names, errors): names (7,) words; errors (7, K) above 0, mean squared distances."""
    say, low, high = headline(fig), 0.0005, 0.3
    ax, paint = rows(fig, 7, "mean squared distance from the truth (log scale)", 0.655)
    ax.set(xscale="log", xlim=(low, high), xticks=[0.001, 0.01, 0.1], xticklabels=["0.001", "0.01", "0.1"])
    ax.minorticks_off()

    def draw(names, errors):
        errors = array(errors)
        means, left, right = errors.mean(1), (errors < low).sum(), (errors > high).sum()
        out = [f"{n} on the {side}" for n, side in ((left, "left"), (right, "right")) if n]
        paint(names, errors, [f"{mean:.3f}" for mean in means], "outside: " + ", ".join(out) if out else "")
        first, second = np.argsort(means)[:2]
        finding = f"Nearest: {names[first]} and {names[second]}"
        figures = f"{errors.shape[1]} data sets as dots; diamond and number: their mean"
        say(finding, figures)
        told = "; ".join(f"{name}: {short(mean)}" for name, mean in zip(names, means))
        return f"{finding}. {figures}. {told}."
    return draw


def by_optimizer(fig):
    """Squared distance from the truth with dropout minus without: a row for each of three optimizers.

    draw(names, differences): names (3,) words; differences (3, K)."""
    say, low, high = headline(fig), -0.09, 0.06
    ax, paint = rows(fig, 3, "squared distance from the truth, with dropout 0.5 minus without", 0.555)
    ax.set(xlim=(low, high), ylim=(2.5, -0.9), xticks=[-0.05, 0, 0.05], xticklabels=["−0.05", "0", "0.05"])
    ax.axvline(0, color=INK, lw=1)
    for x, words, side in (-0.003, "← dropout is better", "right"), (0.003, "worse →", "left"):
        ax.text(x, -0.66, words, ha=side, va="center", color=QUIET, size=9.5)

    def draw(names, differences):
        found = array(differences)
        means, better, n = found.mean(1), (found < 0).sum(1), found.shape[1]
        out = ((found < low) | (found > high)).sum()
        paint(names, found, [f"better on {k} of {n}" for k in better],
              f"{out} of {found.size} lie outside" if out else "")
        finding = f"Dropout helps on {', '.join(map(str, better[:-1]))} and {better[-1]} of {n} data sets"
        figures = "from the top row down; dots: data sets, diamond: their mean"
        say(finding, figures)
        told = "; ".join(f"{name}: {short(mean)} on average" for name, mean in zip(names, means))
        return f"{finding}; {figures}. {told}."
    return draw


def rows(fig, count, xlabel, width):
    """Axes with rows. Returns them and paint(names, values, ends, beyond): values (count, K) as dots, means
    as diamonds; names to the left of the rows, ends to the right, and beyond above."""
    ax = fig.add_axes((0.235, 0.14, width, 0.68))
    ax.set(ylim=(count - 0.5, -0.5), yticks=[], xlabel=xlabel)
    ax.spines["left"].set_visible(False)
    for y in range(count):
        ax.axhline(y, color=FAINT, lw=0.8, zorder=0)

    def words(x, **look):
        look |= dict(transform=ax.get_yaxis_transform(), va="center", animated=True)
        return [ax.text(x, y, "", **look) for y in range(count)]
    signs = words(-0.02, ha="right", weight="bold", size=10), words(1.015)
    above = ax.text(1, 1.02, "", transform=ax.transAxes, ha="right", size=9.5, color=QUIET, animated=True)
    dots, = ax.plot([], [], **{**normalized.dots, "mfc": "none"}, ms=3.5, alpha=0.5, animated=True)
    diamonds, = ax.plot([], [], **highlight.dots, ms=9, animated=True)

    def paint(names, values, ends, beyond):
        heights = (np.arange(values.shape[1]) * 0.618 % 1 - 0.5) * 0.6  # golden ratio: even, always the same
        dots.set_data(values.ravel(), (np.arange(count)[:, None] + heights).ravel())
        diamonds.set_data(values.mean(1), np.arange(count))
        for texts, lines in zip(signs, (names, ends)):
            for text, line in zip(texts, lines):
                text.set_text(line)
        above.set_text(beyond)
    return ax, paint


SIZES = (Role("#D55E00", "#B84E00", "o"), Role("#009E73", "#00785A", "s", (0, (5, 2))),
         Role("#0072B2", "#00598C", "^", (0, (6, 2, 1, 2))))
PANELS = (("accuracy (bands: ±1 SD)", (0.7, 1), [0.7, 0.8, 0.9, 1]),
          ("log loss (nats)", (0, 1.5), [0, 0.5, 1, 1.5]))


def few_images(fig):
    """Accuracy (left) and log loss (right) on new images against dropout's rate, a line for each number of
    training images.

    draw(counts, rates, right, loss): counts (three of them); rates: for each count its own, from 0, with 0.5;
    right, loss: for each count (R, K) of K seeds; loss in nats."""
    say = headline(fig)
    axes = [fig.add_axes((left, 0.14, 0.335, 0.61)) for left in (0.075, 0.49)]
    for ax, (title, limits, ticks) in zip(axes, PANELS):
        ax.set(xlim=(-0.03, 0.83), ylim=limits, yticks=ticks, xticks=[0, 0.2, 0.5, 0.8],
               xticklabels=["0", "0.2", "0.5", "0.8"], xlabel="dropout's rate p")
        ax.set_title(title, size=10, pad=6)
        ax.grid(axis="y")
    lines = [[band(ax, role) for role in SIZES] for ax in axes]
    names = [ax.text(0, 0, "", va="center", color=role.ink, weight="bold", size=10, animated=True)
             for role in SIZES]

    def draw(counts, rates, right, loss):
        panels = [[array(values) for values in found] for found in (right, loss)]
        for paints, found in zip(lines, panels):
            for paint, p, values in zip(paints, rates, found):
                paint(array(p), values)
        ends = np.clip([values[-1].mean() for values in panels[1]], 0.05, 1.4)
        for name, n, p, y in zip(names, counts, rates, apart(ends, 0.14)):
            name.set(text=f"{n:,} images", position=(p[-1] + 0.04, y))
        points, more = [np.array([(v[list(p).index(0.5)] - v[0]).mean() for p, v in zip(rates, found)])
                        for found in panels]
        finding = f"p = 0.5 against 0: log loss {listed(more, '+.2f')} nats"
        figures = (f"{counts[0]:,} images first; accuracy {listed(100 * points, '+.1f')} points; "
                   f"{panels[0][0].shape[1]} seeds")
        say(finding, figures)
        told = "; ".join(f"{n:,} images, p {', '.join(map(short, p))}: "
                         f"accuracy {listed(r.mean(1), '.3f')}, log loss {listed(v.mean(1), '.2f')}"
                         for n, p, r, v in zip(counts, rates, *panels))
        return f"{finding} ({figures}). {told}."
    return draw


def listed(values, form):
    return ", ".join(format(v, form) for v in values).replace("-", "−")


def apart(places, least):
    """The places, moved up until neighbours are at least so far apart."""
    order, moved = np.argsort(places), np.array(places, float)
    for below, above in zip(order, order[1:]):
        moved[above] = max(moved[above], moved[below] + least)
    return moved
