"""Pictures of notebook 08: dropout beside what is cheaper, under other optimizers, and on few images."""
import numpy as np

from .parts import apart, area, array, band, beside, headline, inside, jitter, listed, moving, short, ticks
from .roles import FAINT, INK, NOTE, Role, highlight, normalized
from .roles import truth as truth_look


def remedies(fig, count=4):
    """How far the fits of several ways to train lie from the truth: each a row, with a dot for each data set.

    draw(names, errors): names (count,) words; errors (count, K) above 0, mean squared distances."""
    say, high = headline(fig), 0.1
    ax, paint = rows(fig, count, "squared distance from the truth (less is better)", 0.655)
    ax.set(xlim=(0, high))
    ticks(ax.xaxis, [0, 0.02, 0.04, 0.06, 0.08, 0.1])

    def draw(names, errors):
        errors = array(errors)
        means, out = errors.mean(1), (errors > high).sum(1)
        beyond = ", ".join(f"{n} of “{name}”" for name, n in zip(names, out) if n)
        paint(names, errors, [f"{mean:.3f}" for mean in means],
              f"not shown, further right: {beyond}" if (out > 0).sum() == 1 else
              f"{out.sum()} of {errors.size} dots lie further right" if out.any() else "")
        best = names[np.argmin(means)]
        finding = f"{best[0].upper()}{best[1:]} is nearest to the truth on average"
        figures = f"a dot: one of {errors.shape[1]} data sets; diamond and number: mean of all"
        say(finding, figures)
        told = "; ".join(f"{name}: {short(mean)}" for name, mean in zip(names, means))
        return f"{finding}. {figures}. {told}."
    return draw


def more_remedies(fig):
    """`remedies`, of five ways."""
    return remedies(fig, 5)


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
        finding = ("The optimizer decides whether dropout helps" if means.min() < 0 < means.max()
                   else "Dropout does the same under each optimizer")
        figures = f"a dot: one of {n} data sets; diamond: their mean"
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
    diamonds, dots = moving(ax, **highlight.dots, ms=9), moving(ax, **normalized.rings, ms=3.5, alpha=0.5)

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
PANELS = (("accuracy (bands: ± sd)", (0.7, 1), [0.7, 0.8, 0.9, 1]),
          ("log loss (nats)", (0, 1.5), [0, 0.5, 1, 1.5]))


def few_images(fig):
    """Accuracy (left) and log loss (right) on new images against dropout's rate, a line for each number of
    training images.

    draw(counts, rates, right, loss): counts (three of them); rates: for each count its own, from 0, with 0.5;
    right, loss: for each count (R, K) of K seeds; loss in nats."""
    say = headline(fig)
    axes = [fig.add_axes((left, 0.14, 0.335, 0.61)) for left in (0.075, 0.49)]
    for ax, (title, limits, places) in zip(axes, PANELS):
        ax.set(xlim=(-0.02, 0.52), ylim=limits, yticks=places, xlabel="p, the probability to drop")
        ticks(ax.xaxis, [0, 0.2, 0.5])
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
            name.set(text=f"{n:,} images", position=(p[-1] + 0.03, y))
        points, more = [np.array([(v[list(p).index(0.5)] - v[0]).mean() for p, v in zip(rates, found)])
                        for found in panels]
        finding = ("Few images: dropout raises the log loss" if more[0] > 0.05
                   else "Few images: dropout lowers the log loss" if more[0] < -0.05
                   else "Few images: dropout hardly moves the log loss")
        figures = f"p = 0.5 minus p = 0: {listed(more, '+.2f')} nats, few images first"
        say(finding, figures)
        told = "; ".join(f"{n:,} images, p {listed(p)}: "
                         f"accuracy {listed(r.mean(1), '.3f')}, log loss {listed(v.mean(1), '.2f')}"
                         for n, p, r, v in zip(counts, rates, *panels))
        return (f"{finding}; {figures} (accuracy {listed(100 * points, '+.1f')} points; "
                f"{panels[0][0].shape[1]} seeds). {told}.")
    return draw


def over_passes(fig):
    """Log loss with dropout minus without: a row for each of two trainings.

    draw(counts, steps, more, batch): counts (2,) numbers of images; steps (2,) of each training; more (2, K)
    of K seeds, in nats; batch: images a step."""
    say, high = headline(fig), 0.62
    ax, paint = rows(fig, 2, "log loss with dropout 0.5 minus without (nats)", 0.655)
    ax.set(xlim=(-high, high), ylim=(1.5, -0.9))
    ticks(ax.xaxis, [-0.5, 0, 0.5])
    ax.axvline(0, color=INK, lw=1)
    for x, words, side in (-0.02, "← dropout is better", "right"), (0.02, "worse →", "left"):
        ax.text(x, -0.66, words, ha=side, va="center", **NOTE)

    def draw(counts, steps, more, batch=50):
        found = array(more)
        means, out = found.mean(1), (np.abs(found) > high).sum()
        passes = [short(step * batch / n, 2) for step, n in zip(steps, counts)]
        names = [f"{k} {'pass' if k == '1' else 'passes'} over\n{n:,} images" for k, n in zip(passes, counts)]
        paint(names, found, [f"{mean:+.2f}".replace("-", "−") for mean in means],
              f"{out} of {found.size} lie outside" if out else "")
        finding = (f"Dropout helps after {passes[1]} passes over {counts[1]:,} images"
                   if means[1] < 0 < means[0] else "What dropout does changes with the passes")
        figures = f"a dot: one of {found.shape[1]} seeds; diamond and number: their mean"
        say(finding, figures)
        told = "; ".join(f"{name}: {short(mean)} nats".replace("\n", " ") for name, mean in zip(names, means))
        return f"{finding}. Log loss with dropout minus without; {figures}. {told}."
    return draw


def flatter(fig):
    """The mean fit to a wave without and with dropout, each with a band: ± the sd of the fits.

    draw(x, truth, fits, p): x, truth (X,); fits: two of (M, X), without and with dropout p."""
    say = headline(fig)
    ax = fig.add_axes((0.075, 0.14, 0.7, 0.66))
    ax.set(xlim=(-1, 1), xlabel="x", xticks=[-1, 0, 1], ylim=(-1.6, 1.6), ylabel="y", yticks=[-1, 0, 1])
    kinds = SIZES[2], SIZES[0]
    spreads = [area(ax, role.color, 0.18) for role in kinds]
    lines = [moving(ax, lw=2.4, **role.line) for role in kinds]
    wave = moving(ax, lw=1.6, **truth_look.line)
    keys = (1.0, truth_look.line), (0.88, kinds[0].line), (0.76, kinds[1].line)
    for y, look in keys:
        ax.plot([1.02, 1.09], [y, y], transform=ax.transAxes, clip_on=False, lw=2, **look)
    inside(ax, 1.11, 1.0, "truth", va="center", size=10)
    inside(ax, 1.11, 0.88, "no dropout", va="center", size=10, **kinds[0].bold)
    named = inside(ax, 1.11, 0.76, va="center", size=10, animated=True, **kinds[1].bold)

    def draw(x, truth, fits, p):
        x, truth, fits = array(x), array(truth), [array(some) for some in fits]
        found = []
        for spread, line, some in zip(spreads, lines, fits):
            middle, sd = some.mean(0), some.std(0, ddof=1)
            spread.set_data(x, middle - sd, middle + sd)
            line.set_data(x, middle)
            found.append(np.square(middle - truth).mean())
        wave.set_data(x, truth)
        named.set_text(f"dropout {short(p)}")
        finding = ("Dropout flattens the fits to a wave" if found[1] > found[0]
                   else "Dropout keeps the fits on the wave")
        figures = f"bias² {found[0]:.3f} without, {found[1]:.3f} with; bands: ± sd of {len(fits[0])} fits"
        say(finding, figures)
        return f"{finding}. {figures}."
    return draw
