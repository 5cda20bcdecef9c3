"""Pictures of notebook 10: small batches, images of other contrast, images that exchange statistics, nets."""
from dataclasses import replace

import numpy as np

from . import roles
from .parts import array, band, beside, diagram, errors, headline, keys, listed, means, moving, plural, short
from .roles import FAINT, INK, NOTE, QUIET, Role

LAYER = Role("#CC79A7", "#9A4377", "v", (0, (1, 1.3)))  # within one sample: LayerNorm, GroupNorm ...
INSTANCE = Role("#882255", "#6E1B45", "P", (0, (6, 2, 1, 2)))  # ... and InstanceNorm
MAPS = replace(roles.normalized, marker="s", dash=(0, (5, 2)), hollow=True)  # BatchNorm, too, but of maps
PIXELS = Role("#56B4E9", "#1F76A8", "^", (0, (2, 1.2)))  # ... of one place in the map
KINDS = ("BatchNorm", roles.normalized), ("LayerNorm (MLP), GroupNorm (CNN)", LAYER)
LOW, HIGH = roles.kept, Role(INK, INK, "D")


def small_batches(fig):
    """Error against the batch size of SGD, for two nets: every seed a dot, mean and spread as a band.

    draw(mlp_sizes, mlp, cnn_sizes, cnn): sizes (R,); mlp and cnn (2, R, K): errors of K seeds with BatchNorm,
    with LayerNorm (MLP) or GroupNorm (CNN)."""
    say = headline(fig)
    keys(fig, KINDS, 0.775)
    left, right = (fig.add_axes((x, 0.14, 0.4, 0.53)) for x in (0.085, 0.585))
    panels = [errors(ax, KINDS, (2, 8, 16), (1.7, 19), title, "batch size (log scale)")
              for ax, title in ((left, "MLP, 1,500 images"), (right, "CNN, maps of 7 × 7, 800 images"))]
    left.set_ylabel("error on new images")

    def draw(mlp_sizes, mlp, cnn_sizes, cnn):
        sizes, found = [array(mlp_sizes), array(cnn_sizes)], [array(mlp), array(cnn)]
        for paint, at, values in zip(panels, sizes, found):
            paint(at, values)
        first, second = (values[0, 0].mean() for values in found)
        finding = f"Batches of {short(sizes[0][0])}, BatchNorm: MLP {first:.2f}, CNN {second:.2f}"
        figures = f"{plural(found[0].shape[2], 'seed')} each as dots; line, band: mean ± sd"
        say(finding, figures)
        names = ("MLP, BatchNorm", "MLP, LayerNorm"), ("CNN, BatchNorm", "CNN, GroupNorm")
        rows = "; ".join(f"{name}: {means(at, values)}" for row, at, both in zip(names, sizes, found)
                         for name, values in zip(row, both))
        return f"{finding}. Mean error by batch size: {rows}."
    return draw


def per_statistic(fig):
    """Error against how many numbers share a statistic, the batch of SGD always 64: an MLP, and a CNN with a
    mean for each pixel or for each map.

    draw(values, errors): each a dict of "MLP", "CNN, pixels", "CNN, maps": values (R,), numbers in one mean;
    errors (R, K) of K seeds."""
    say = headline(fig)
    kinds = ("MLP", roles.normalized), ("CNN, a mean for each pixel", PIXELS), ("CNN, one for each map", MAPS)
    ax = fig.add_axes((0.085, 0.14, 0.88, 0.58))
    counts = 2, 4, 8, 16, 64, 256, 1024, 4096
    errors(ax, (), counts, (1.7, 4500), "", "numbers that share one mean (log scale)")
    ax.set_ylabel("error on new images")
    paints = [band(ax, role) for _, role in kinds]
    for left, kind in zip((0, 0.14, 0.58), kinds):
        keys(fig, [kind], 0.775, left=left)

    def draw(values, errors):
        xs, found = [*map(array, values.values())], [*map(array, errors.values())]
        for paint, x, rows in zip(paints, xs, found):
            paint(x, rows)
        mlp, pixel, maps = (f"{rows[0].mean():.2f}" for rows in found)
        finding = f"{short(xs[0][0])} numbers: MLP {mlp}, CNN {pixel}; {short(xs[2][0])} (map): CNN {maps}"
        figures = f"BatchNorm on ghost batches of SGD's 64; {plural(found[0].shape[1], 'seed')}; mean ± sd"
        say(finding, figures)
        told = "; ".join(f"{name}: {means(x, rows)}" for name, x, rows in zip(errors, xs, found))
        return f"{finding}. Mean error by numbers that share one mean: {told}."
    return draw


def shifted(fig):
    """Images of another contrast and brightness: one as it was, as it is, as InstanceNorm sees it; accuracy
    of three kinds of net.

    draw(before, after, seen, accuracy, images): before and after (28, 28), pixels, shown from -0.5 to 1.5;
    seen (28, 28), the normalized image, shown from -1 to 3; accuracy (3, K) of K seeds on so many images:
    without a norm, starting with BatchNorm, with InstanceNorm."""
    say = headline(fig)
    pictures = [photo(fig, 0.03, "as trained", -0.5, 1.5), photo(fig, 0.195, "as tested", -0.5, 1.5),
                photo(fig, 0.36, "after\nInstanceNorm", -1, 3)]
    note = diagram(fig.add_axes((0.03, 0.16, 0.48, 0.06)))
    words = "black to white, beyond that cut;\npixels as trained: 0 to 1"
    note.text(0.5, 0.5, words, ha="center", va="center", **NOTE)
    ax = accuracies(fig, (0.575, 0.16, 0.385, 0.58), (-0.6, 2.75))
    ax.plot([0.1, 0.1], [-0.6, 2.75], color=FAINT, lw=1.6, zorder=0)
    ax.text(0.13, -0.45, "guessing", **NOTE)
    rows = [strip(ax, 2, "no norm", roles.raw), strip(ax, 1, "starts with BatchNorm", roles.normalized),
            strip(ax, 0, "starts with InstanceNorm", INSTANCE)]

    def draw(before, after, seen, accuracy, images):
        for paint, numbers in zip(pictures + rows, (before, after, seen, *accuracy)):
            paint(array(numbers))
        none, batch, instance = array(accuracy).mean(1)
        finding = f"BatchNorm first {batch:.2f}, InstanceNorm first {instance:.2f}"
        figures = f"accuracy on {images} images, {plural(len(accuracy[0]), 'seed')}; no norm {none:.2f}"
        say(finding, figures)
        pixels = array(after)
        span = f"{short(pixels.min())} to {short(pixels.max())}"
        return f"{finding}: {figures}. Pixels of the image shown: {span}."
    return draw


def accuracies(fig, box, ylim):
    """Axes for rows of accuracies."""
    ax = fig.add_axes(box)
    ax.set(xlim=(0, 1), xticks=np.linspace(0, 1, 5), xlabel="accuracy on new images", ylim=ylim, yticks=[])
    ax.spines["left"].set_visible(False)
    return ax


def photo(fig, left, title, low, high):
    """One grey image with a title. Returns paint(image (H, W))."""
    ax = diagram(fig.add_axes((left, 0.32, 0.15, 0.27)), (0, 28), (28, 0), "equal")
    ax.set_title(title, size=10, loc="center", pad=5)
    ax.text(14, 31.5, f"{short(low)} to {short(high)}", ha="center", va="center", **NOTE)
    image = ax.imshow(np.zeros((28, 28)), cmap="gray", vmin=low, vmax=high, animated=True,
                      extent=(0, 28, 28, 0))
    a, b = -0.2, 28.2
    ax.plot([a, b, b, a, a], [a, a, b, b, a], color=QUIET, lw=0.8, clip_on=False)
    return image.set_data


def strip(ax, y, name, role):
    """One kind of net as a row: dots for the seeds, a bar for their mean. Returns paint(values (K,))."""
    ax.text(0.13, y + 0.3, name, **role.bold, size=10, va="center")
    ax.plot([0, 1], [y, y], color=FAINT, lw=0.8, zorder=0)
    dots = moving(ax, **role.rings, ms=5, alpha=0.6)
    mean = moving(ax, ls="", marker="|", ms=19, mew=3, color=role.ink)

    def paint(values):
        dots.set_data(values, y + np.linspace(-0.1, 0.1, len(values)))
        mean.set_data([values.mean()], [y])
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
        finding = f"High rate: {by_place(names, fast)}"
        figures = f"mean accuracies; {plural(seeds, 'seed')} each as dots, their mean a bar"
        say(finding, figures)
        told = "; ".join(f"{name} {a:.2f}, {b:.2f}" for name, a, b in zip(names, moderate, fast))
        return f"{finding}; {figures}. {told}."
    return draw


def by_place(names, found):
    """Mean accuracy with the norm before, after, and without one, in words: names end in "before", "after",
    or in neither."""
    places = {}
    for name, value in zip(names, found):
        place = name.split()[-1] if name.endswith(("before", "after")) else name
        places.setdefault(place, []).append(value)
    return ", ".join(f"{place} {np.mean(values):.2f}" for place, values in places.items())
