"""Pictures of notebook 10: small batches, images of other contrast, images that exchange statistics, nets."""
from dataclasses import replace

import numpy as np

from . import roles
from .parts import (
    array,
    band,
    beside,
    diagram,
    errors,
    headline,
    keys,
    listed,
    means,
    moving,
    plural,
    short,
    ticks,
)
from .roles import FAINT, INK, NOTE, QUIET, Role

LAYER = Role("#CC79A7", "#9A4377", "v", (0, (1, 1.3)))  # within one sample: LayerNorm, GroupNorm ...
INSTANCE = Role("#882255", "#6E1B45", "P", (0, (6, 2, 1, 2)))  # ... and InstanceNorm
MAPS = replace(roles.normalized, marker="s", dash=(0, (5, 2)), hollow=True)  # BatchNorm, too, but of maps
PIXELS = Role("#56B4E9", "#1F76A8", "^", (0, (2, 1.2)))  # ... of one place in the map
OF_TWO = ("BatchNorm", roles.normalized), ("GroupNorm", LAYER)
LOW, HIGH = roles.kept, Role(INK, INK, "D")


def batches_of_two(fig):
    """Errors of two nets, each with BatchNorm and with GroupNorm, trained on batches of 2.

    draw(shared, errors): shared: in words, how many numbers are in a mean, four of them; errors (4, K) of K
    seeds: the MLP with BatchNorm, with GroupNorm, the CNN with BatchNorm, with GroupNorm."""
    say = headline(fig)
    ax = accuracies(fig, (0.235, 0.15, 0.53, 0.58), (3.5, -0.5))
    ax.set_xlabel("error on new images")
    ax.axvline(0.9, color=FAINT, lw=1.6)
    ax.text(0.9, -0.62, "guessing", ha="center", va="bottom", **NOTE)
    ax.axhline(1.5, color=FAINT, lw=0.8)
    beside(ax, 1.04, -0.62, "numbers in a mean", **NOTE | dict(va="bottom"))
    rows = []
    for y, (net, norm, role) in enumerate((net, *kind) for net in ("MLP", "CNN") for kind in OF_TWO):
        beside(ax, -0.02, y, f"{net}, {norm}", ha="right", size=10, **role.bold)
        rows.append((row(ax, y, role), beside(ax, 1.04, y, size=10, animated=True)))

    def draw(shared, errors):
        found = array(errors)
        for (paint, count), values, words in zip(rows, found, shared):
            paint(values)
            count.set_text(words)
        mlp, mlp_group, cnn, cnn_group = found.mean(1)
        costs = {"the MLP": mlp - mlp_group, "the CNN": cnn - cnn_group}
        where = [net for net, cost in costs.items() if cost > 0.1]
        finding = f"BatchNorm is worse than GroupNorm in {where[0]} only" if len(where) == 1 else \
            f"BatchNorm is {'worse' if where else 'hardly worse'} than GroupNorm in both nets"
        say(finding, f"a mark is one of {plural(len(found[0]), 'seed')}, a bar their mean")
        names = [f"{net}, {norm}" for net in ("MLP", "CNN") for norm, _ in OF_TWO]
        told = "; ".join(f"{name} {value:.2f} ({words})" for name, value, words
                         in zip(names, found.mean(1), shared))
        return f"{finding}. Mean error, and numbers in a mean: {told}."
    return draw


def row(ax, y, role):
    """Dots for the seeds, a bar for their mean, at height y. Returns paint(values (K,))."""
    ax.plot([0, 1], [y, y], color=FAINT, lw=0.8, zorder=0)
    dots = moving(ax, **role.rings, ms=5, alpha=0.6)
    mean = moving(ax, ls="", marker="|", ms=19, mew=3, color=role.ink)

    def paint(values):
        dots.set_data(values, y + np.linspace(-0.1, 0.1, len(values)))
        mean.set_data([values.mean()], [y])
    return paint


def small_batches(fig):
    """Error of an MLP against the batch size of SGD: every seed a dot, mean and spread as a band.

    draw(sizes, bn, ln): sizes (R,); bn and ln (R, K): errors of K seeds with BatchNorm, with LayerNorm."""
    say = headline(fig)
    kinds = ("BatchNorm", roles.normalized), ("LayerNorm", LAYER)
    keys(fig, kinds, 0.775)
    ax = fig.add_axes((0.085, 0.14, 0.88, 0.58))
    paint = errors(ax, kinds, (2, 4, 8, 16), (1.8, 18), "", "batch size (log scale)")
    ax.set_ylabel("error on new images")

    def draw(sizes, bn, ln):
        x, found = array(sizes), [array(bn), array(ln)]
        paint(x, found)
        costs = found[0].mean(1) - found[1].mean(1)
        finding = "Only the smallest batches hurt BatchNorm" if costs[0] > 0.1 > costs[-1] else \
            "BatchNorm beside LayerNorm, by batch size"
        say(finding, f"{plural(found[0].shape[1], 'seed')} each as dots; line, band: mean ± sd")
        rows = "; ".join(f"{name}: {means(x, values)}" for (name, _), values in zip(kinds, found))
        return f"{finding}. Mean error by batch size: {rows}."
    return draw


def per_statistic(fig):
    """What few numbers in a mean add to the error, the batch of SGD always 64: an MLP, and a CNN with a
    mean for each pixel or for each map.

    draw(values, errors): each a dict of "MLP", "CNN, pixels", "CNN, maps": values (R,), numbers in one mean;
    errors (R, K) of K seeds, less those of the same net with all 64 samples in a mean."""
    say = headline(fig)
    kinds = ("MLP", roles.normalized), ("CNN, a mean for each pixel", PIXELS), ("CNN, one for each map", MAPS)
    ax = fig.add_axes((0.085, 0.14, 0.88, 0.58))
    ax.set(xscale="log", xlim=(1.7, 4500), ylim=(-0.1, 0.7), yticks=[0, 0.2, 0.4, 0.6],
           xlabel="numbers in one mean (log scale)", ylabel="added error")
    ticks(ax.xaxis, (2, 4, 8, 16, 64, 256, 1024, 4096), "{:,.0f}".format)
    ax.axhline(0, color=INK, lw=0.8)
    paints = [band(ax, role) for _, role in kinds]
    for left, kind in zip((0, 0.14, 0.58), kinds):
        keys(fig, [kind], 0.775, left=left)

    def draw(values, errors):
        xs, found = [*map(array, values.values())], [*map(array, errors.values())]
        for paint, x, rows in zip(paints, xs, found):
            paint(x, rows)
        few = min(rows[0].mean() for x, rows in zip(xs, found) if x[0] == 2)
        finding = "Two numbers in a mean are too few" if few > 0.1 else "What few numbers in a mean add"
        figures = f"added to the error with 64 samples a mean; {plural(found[0].shape[1], 'seed')}; mean ± sd"
        say(finding, figures)
        told = "; ".join(f"{name}: {means(x, rows)}" for name, x, rows in zip(errors, xs, found))
        return f"{finding}. Error added, by numbers in one mean: {told}."
    return draw


def shifted(fig):
    """Images of another contrast and brightness: one as it was, as it is, as InstanceNorm leaves it, each
    with the range of its values; accuracy of three kinds of net.

    draw(before, after, seen, accuracy): before (28, 28), pixels, and after, contrast * before + brightness,
    both shown from 0 to 1; seen (28, 28), the normalized image, shown from -0.5 to 3.5; accuracy (3, K) of K
    seeds: without a norm, starting with BatchNorm, with InstanceNorm."""
    say = headline(fig)
    pictures = [photo(fig, 0.03, "digit as it is", 0, 1), photo(fig, 0.195, "digit in test", 0, 1),
                photo(fig, 0.36, "after\nInstanceNorm", -0.5, 3.5, digits=1)]
    fig.text(0.1875, 0.1, "grey scale:\n0 (black) to 1 (white)", ha="center", va="center", **NOTE)
    fig.text(0.435, 0.1, "grey scale:\n−0.5 to 3.5", ha="center", va="center", **NOTE)
    ax = accuracies(fig, (0.575, 0.16, 0.385, 0.58), (-0.6, 2.75))
    ax.plot([0.1, 0.1], [-0.6, 2.75], color=FAINT, lw=1.6, zorder=0)
    ax.text(0.13, -0.45, "guessing", **NOTE)
    kinds = ("no norm", roles.raw), ("BatchNorm first", roles.normalized), ("InstanceNorm first", INSTANCE)
    rows, signs = [], []
    for y, (name, role) in zip((2, 1, 0), kinds):
        sign = ax.text(0.13, y + 0.3, "", **role.bold, size=10, va="center", animated=True)
        signs.append((sign, name))
        rows.append(row(ax, y, role))

    def draw(before, after, seen, accuracy):
        for paint, numbers in zip(pictures + rows, (before, after, seen, *accuracy)):
            paint(array(numbers))
        none, batch, instance = found = array(accuracy).mean(1)
        for (sign, name), value in zip(signs, found):
            sign.set_text(f"{name}: {value:.2f}")
        gap = instance - batch
        finding = "Here the nets with InstanceNorm read best" if gap > 0.1 and instance > none else \
            "Here the nets with BatchNorm read worse" if gap > 0.1 else \
            "With InstanceNorm, the nets read worse" if gap < -0.1 else \
            "All three kinds of net read these images alike"
        if max(none, batch, instance) < 0.5:
            finding = "None of the nets reads these images"
        figures = f"accuracy: no norm {none:.2f}, BatchNorm {batch:.2f}, InstanceNorm {instance:.2f}"
        first, pixels = array(before), array(after)
        contrast = np.ptp(pixels) / np.ptp(first)  # pixels = contrast * first + brightness
        brightness = pixels.mean() - contrast * first.mean()
        set_to = f"contrast {contrast:.2f}, brightness {round(brightness, 2) + 0.0:.2f}"
        say(finding, f"{set_to}; dots: {plural(len(accuracy[0]), 'seed')}, bar: mean")
        span = f"{short(pixels.min())} to {short(pixels.max())}"
        return f"{finding}, at {set_to}. Mean {figures}. Pixels of the digit in the test: {span}."
    return draw


def accuracies(fig, box, ylim):
    """Axes for rows of accuracies."""
    ax = fig.add_axes(box)
    ax.set(xlim=(0, 1), xticks=np.linspace(0, 1, 5), xlabel="accuracy on new images", ylim=ylim, yticks=[])
    ax.spines["left"].set_visible(False)
    return ax


def photo(fig, left, title, low, high, digits=2):
    """One grey image with a title, its lowest and highest value (of so many digits) below.

    Returns paint(image (H, W))."""
    ax = diagram(fig.add_axes((left, 0.32, 0.15, 0.27)), (0, 28), (28, 0), "equal")
    ax.set_title(title, size=10, loc="center", pad=5)
    image = ax.imshow(np.zeros((28, 28)), cmap="gray", vmin=low, vmax=high, animated=True,
                      extent=(0, 28, 28, 0))
    a, b = -0.2, 28.2
    ax.plot([a, b, b, a, a], [a, a, b, b, a], color=QUIET, lw=0.8, clip_on=False)
    words = ax.text(14, 35, "", ha="center", va="center", animated=True, **NOTE)

    def paint(values):
        image.set_data(values)
        lowest, highest = (short(round(float(value), digits)) for value in (values.min(), values.max()))
        words.set_text(f"values:\n{lowest} to {highest}")
    return paint


def exchanged(fig):
    """Two colour images, and each with the other's mean and spread in every channel.

    draw(first, second, first_as_second, second_as_first): four times (3, S, S), red, green and blue from 0 to
    1; what lies outside is shown as 0 or 1."""
    say = headline(fig)
    titles = "content", "style", "content in\nstyle's colours", "style in\ncontent's colours"
    shows = [canvas(fig, left, title) for left, title in zip((0.025, 0.272, 0.531, 0.778), titles)]

    def draw(first, second, first_as_second, second_as_first):
        images, rows = [array(image) for image in (first, second, first_as_second, second_as_first)], []
        for paint, title, image in zip(shows, titles, images):
            paint(image)
            rows.append(f"{title}: {listed(image.mean((1, 2)))}".replace("\n", " "))
        finding = "The shapes stay, the colours change places"
        outside = max(np.mean((image < 0) | (image > 1)) for image in images[2:])
        figures = "mean and spread of red, green and blue exchanged"
        if outside > 0.005:
            figures += f"; {100 * outside:.0f} % cut at 0 or 1"
        say(finding, figures)
        return f"{finding}; {figures}. Means of red, green, blue: {'; '.join(rows)}."
    return draw


def canvas(fig, left, title):
    """A colour image with its title and, below, the mean of each channel. Returns paint(image (3, S, S))."""
    ax = diagram(fig.add_axes((left, 0.14, 0.22, 0.5)), (0, 1), (1, 0), "equal")
    ax.set_title(title, size=10, loc="center", pad=6, weight="bold")
    image = ax.imshow(np.zeros((8, 8, 3)), extent=(0, 1, 1, 0), animated=True)
    words = ax.text(0.5, 1.1, "", ha="center", va="center", animated=True, **NOTE)

    def paint(values):
        image.set_data(np.clip(values.transpose(1, 2, 0), 0, 1))
        words.set_text("means " + " ".join(f"{v:.2f}" for v in values.mean((1, 2))))
    return paint


MOST = 6  # kinds of net side by side


def side_by_side(fig):
    """Kinds of net side by side at two learning rates: every seed a dot, the mean a bar.

    draw(names, low, high): names of at most six kinds; low and high (kinds, K): accuracies of K seeds at the
    moderate and the high rate."""
    say = headline(fig)
    ax = accuracies(fig, (0.235, 0.14, 0.735, 0.59), (MOST - 0.4, -0.6))
    ax.hlines(np.arange(MOST), 0, 1, color=FAINT, lw=0.8, zorder=0)
    ax.axvline(0.1, color=FAINT, lw=1.6)
    ax.text(0.1, -0.72, "guessing", ha="center", va="bottom", **NOTE)
    keys(fig, (("moderate rate", LOW), ("high rate", HIGH)), 0.775, step=0.27, left=0.45)
    marks = [(moving(ax, **role.rings, ms=5, alpha=0.6),
              moving(ax, ls="", marker="|", ms=17, mew=3, color=role.ink)) for role in (LOW, HIGH)]
    signs = [beside(ax, -0.02, k, ha="right", size=10, animated=True) for k in range(MOST)]

    def draw(names, low, high):
        found = [array(low), array(high)]
        kinds, seeds = found[0].shape
        rows = np.arange(kinds)
        for (dots, bars), values in zip(marks, found):
            dots.set_data(values.ravel(), (rows[:, None] + np.linspace(-0.15, 0.15, seeds)).ravel())
            bars.set_data(values.mean(1), rows)
        for k, sign in enumerate(signs):
            sign.set_text(names[k] if k < kinds else "")
        moderate, fast = (values.mean(1) for values in found)
        finding = by_place(names, fast)
        figures = f"{plural(seeds, 'seed')} each as dots, their mean a bar"
        say(finding, figures)
        told = "; ".join(f"{name} {a:.2f}, {b:.2f}" for name, a, b in zip(names, moderate, fast))
        return f"{finding}; {figures}. {told}."
    return draw


def by_place(names, found):
    """At which place of the norm the mean accuracy is highest, in words: names end in "before", "after", or
    in neither."""
    places = {}
    for name, value in zip(names, found):
        places.setdefault(name.split()[-1], []).append(np.mean(value))
    worst = {place: min(values) for place, values in places.items()}
    others = [max(values) for place, values in places.items() if place != "before"]
    if "before" in worst and others and worst["before"] > max(others) + 0.05:
        return "At the high rate, \"before\" does best"
    return "Where the norm stands, at two rates"
