"""Pictures of notebook 08: dropout beside what is cheaper, under other optimizers, and on few images."""
import numpy as np

from .parts import apart, array, band, beside, headline, inside, jitter, listed, moving, short, ticks
from .roles import FAINT, INK, NOTE, Role, highlight, normalized


def remedies(fig):
    """How far the fits of seven ways to train lie from the truth: each a row, with a dot for each data set.

    draw(names, errors): names (7,) words; errors (7, K) above 0, mean squared distances."""
    say, low, high = headline(fig), 0.0005, 0.3
    ax, paint = rows(fig, 7, "mean squared distance from the truth (log scale)", 0.655)
    ax.set(xscale="log", xlim=(low, high))
    ticks(ax.xaxis, [0.001, 0.01, 0.1])

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
    ax.set(xlim=(low, high), ylim=(2.5, -0.9))
    ticks(ax.xaxis, [-0.05, 0, 0.05])
    ax.axvline(0, color=INK, lw=1)
    for x, words, side in (-0.003, "← dropout is better", "right"), (0.003, "worse →", "left"):
        ax.text(x, -0.66, words, ha=side, va="center", **NOTE)

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
    left = [beside(ax, -0.02, y, ha="right", weight="bold", size=10, animated=True) for y in range(count)]
    right = [beside(ax, 1.015, y, animated=True) for y in range(count)]
    above = inside(ax, 1, 1.02, ha="right", animated=True, **NOTE)
    dots, diamonds = moving(ax, **normalized.rings, ms=3.5, alpha=0.5), moving(ax, **highlight.dots, ms=9)

    def paint(names, values, ends, beyond):
        y = np.arange(count)
        dots.set_data(values.ravel(), (y[:, None] + 0.6 * jitter(values.shape[1])).ravel())
        diamonds.set_data(values.mean(1), y)
        for text, line in zip(left + right, [*names, *ends]):
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
    for ax, (title, limits, places) in zip(axes, PANELS):
        ax.set(xlim=(-0.03, 0.83), ylim=limits, yticks=places, xlabel="dropout's rate p")
        ticks(ax.xaxis, [0, 0.2, 0.5, 0.8])
        ax.set_title(title, size=10, pad=6)
        ax.grid(axis="y")
    lines = [[band(ax, role) for role in SIZES] for ax in axes]
    names = [ax.text(0, 0, "", **role.bold, va="center", size=10, animated=True) for role in SIZES]

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
        told = "; ".join(f"{n:,} images, p {listed(p)}: "
                         f"accuracy {listed(r.mean(1), '.3f')}, log loss {listed(v.mean(1), '.2f')}"
                         for n, p, r, v in zip(counts, rates, *panels))
        return f"{finding} ({figures}). {told}."
    return draw
