"""Pictures of notebook 10: errors of small batches, images of other contrast, two images that exchange their statistics, nets side by side."""
import numpy as np

from . import roles
from .parts import array, diagram, errors, headline, keys, plural, short
from .roles import FAINT, INK, QUIET, Role

LAYER = Role("#CC79A7", "#9A4377", "v", (0, (1, 1.3)))                               # within one sample: LayerNorm, GroupNorm ...
INSTANCE = Role("#882255", "#6E1B45", "P", (0, (6, 2, 1, 2)))                        # ... and InstanceNorm
KINDS = ("BatchNorm", roles.normalized), ("LayerNorm (MLP), GroupNorm (CNN)", LAYER)
MAPS = Role(roles.normalized.color, roles.normalized.ink, "s", (0, (5, 2)), hollow=True)          # BatchNorm, too, but of maps
PIXELS = Role("#56B4E9", "#1F76A8", "^", (0, (2, 1.2)))                              # ... of one place in the map
LOW, HIGH = roles.kept, Role(INK, INK, "D", "-")


def small_batches(fig):
    """Error against the batch size of SGD, for two nets: every seed a dot, mean and spread as a band.

    draw(mlp_sizes, mlp, cnn_sizes, cnn): sizes (R,); mlp and cnn (2, R, K): errors of K seeds with BatchNorm, with LayerNorm (MLP) or GroupNorm (CNN)."""
    say = headline(fig)
    keys(fig, KINDS, 0.775)
    left, right = fig.add_axes((0.085, 0.14, 0.4, 0.53)), fig.add_axes((0.585, 0.14, 0.4, 0.53))
    panels = [errors(ax, KINDS, (2, 8, 16), (1.7, 19), title, "batch size (log scale)") for ax, title in ((left, "MLP, 1,500 images"), (right, "CNN, maps of 7 × 7, 800 images"))]
    left.set_ylabel("error on new images")

    def draw(mlp_sizes, mlp, cnn_sizes, cnn):
        sizes, found = [array(mlp_sizes), array(cnn_sizes)], [array(mlp), array(cnn)]
        for paint, at, values in zip(panels, sizes, found): paint(at, values)
        first = [values[0, 0].mean() for values in found]
        finding = f"Batches of {short(sizes[0][0])}, BatchNorm: MLP {first[0]:.2f}, CNN {first[1]:.2f}"
        figures = f"{plural(found[0].shape[2], 'seed')} each as dots; line, band: mean ± sd"
        say(finding, figures)
        names = ("MLP, BatchNorm", "MLP, LayerNorm"), ("CNN, BatchNorm", "CNN, GroupNorm")
        rows = "; ".join(f"{name}: " + ", ".join(f"{v:.2f} at {short(b)}" for b, v in zip(at, rows.mean(1)))
                         for at, values, names_of in zip(sizes, found, names) for name, rows in zip(names_of, values))
        return f"{finding}. Mean error by batch size: {rows}."
    return draw


def per_statistic(fig):
    """Error against how many numbers share a statistic, the batch of SGD always 64: an MLP, and a CNN with a mean for each pixel or for each map.

    draw(values, errors): each a dict of "MLP", "CNN, pixels", "CNN, maps": values (R,), numbers in one mean; errors (R, K) of K seeds."""
    say = headline(fig)
    kinds = ("MLP", roles.normalized), ("CNN, a mean for each pixel", PIXELS), ("CNN, one for each map", MAPS)
    ax = fig.add_axes((0.085, 0.14, 0.88, 0.58))
    for left, kind in zip((0, 0.14, 0.58), kinds): keys(fig, [kind], 0.775, left=left)
    paint = [errors(ax, [kind], (2, 4, 8, 16, 64, 256, 1024, 4096), (1.7, 4500), "", "numbers that share one mean (log scale)") for kind in kinds]
    ax.set_ylabel("error on new images")

    def draw(values, errors):
        xs, found = [array(x) for x in values.values()], [array(rows) for rows in errors.values()]
        for one, x, rows in zip(paint, xs, found): one(x, rows[None])
        mlp, pixel, maps = (rows[0].mean() for rows in found)
        finding = f"{short(xs[0][0])} numbers: MLP {mlp:.2f}, CNN {pixel:.2f}; {short(xs[2][0])} (map): CNN {maps:.2f}"
        figures = f"BatchNorm on ghost batches of SGD's 64; {plural(found[0].shape[1], 'seed')}; mean ± sd"
        say(finding, figures)
        rows = "; ".join(f"{name}: " + ", ".join(f"{v:.2f} at {short(n)}" for n, v in zip(x, rows.mean(1))) for name, x, rows in zip(errors, xs, found))
        return f"{finding}. Mean error by numbers that share one mean: {rows}."
    return draw


def shifted(fig):
    """Images of another contrast and brightness: one as it was, as it is, as InstanceNorm sees it; accuracy of three kinds of net.

    draw(before, after, seen, accuracy, images): before and after (28, 28), pixels, shown from -0.5 to 1.5; seen (28, 28), the normalized image, shown
    from -1 to 3; accuracy (3, K) of K seeds on so many images: without a norm, starting with BatchNorm, with InstanceNorm."""
    say = headline(fig)
    kinds = ("no norm", roles.raw), ("starts with BatchNorm", roles.normalized), ("starts with InstanceNorm", INSTANCE)
    pictures = [photo(fig, (0.03 + 0.165 * k, 0.32, 0.15, 0.27), title, *limits)
                for k, (title, limits) in enumerate((("as trained", (-0.5, 1.5)), ("as tested", (-0.5, 1.5)), ("after\nInstanceNorm", (-1, 3))))]
    note = diagram(fig.add_axes((0.03, 0.16, 0.48, 0.06)), (0, 1), (0, 1))
    note.text(0.5, 0.5, "black to white, beyond that cut;\npixels as trained: 0 to 1", ha="center", va="center", size=9.5, color=QUIET)
    ax = fig.add_axes((0.575, 0.16, 0.385, 0.58))
    ax.set(xlim=(0, 1), ylim=(-0.6, 2.75), yticks=[], xticks=[0, 0.25, 0.5, 0.75, 1], xlabel="accuracy on new images")
    ax.spines["left"].set_visible(False)
    ax.plot([0.1, 0.1], [-0.6, 2.75], color=FAINT, lw=1.6, zorder=0)
    ax.text(0.13, -0.45, "guessing", size=9.5, color=QUIET)
    rows = [strip(ax, 2 - k, name, role) for k, (name, role) in enumerate(kinds)]

    def draw(before, after, seen, accuracy, images):
        for paint, image in zip(pictures, (before, after, seen)): paint(array(image))
        found = array(accuracy)
        for paint, values in zip(rows, found): paint(values)
        means = found.mean(1)
        finding = f"BatchNorm first {means[1]:.2f}, InstanceNorm first {means[2]:.2f}"
        figures = f"accuracy on {images} images, {plural(found.shape[1], 'seed')}; no norm {means[0]:.2f}"
        say(finding, figures)
        return f"{finding}: {figures}. Pixels of the image shown: {short(array(after).min())} to {short(array(after).max())}."
    return draw


def photo(fig, spot, title, low, high):
    """One grey image with a title. Returns paint(image (H, W))."""
    ax = diagram(fig.add_axes(spot), (0, 28), (28, 0), "equal")
    ax.set_title(title, size=10, loc="center", pad=5)
    ax.text(14, 31.5, f"{short(low)} to {short(high)}", ha="center", va="center", size=9.5, color=QUIET)
    image = ax.imshow(np.zeros((28, 28)), cmap="gray", vmin=low, vmax=high, extent=(0, 28, 28, 0), animated=True)
    ax.plot([-0.2, 28.2, 28.2, -0.2, -0.2], [-0.2, -0.2, 28.2, 28.2, -0.2], color=QUIET, lw=0.8, clip_on=False)
    return image.set_data


def strip(ax, y, name, role):
    """One kind of net as a row: dots for the seeds, a bar for their mean. Returns paint(values (K,))."""
    ax.text(0.13, y + 0.3, name, color=role.ink, weight="bold", size=10, va="center")
    ax.plot([0, 1], [y, y], color=FAINT, lw=0.8, zorder=0)
    dots, = ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=5, alpha=0.6, animated=True)
    mean, = ax.plot([], [], ls="", marker="|", ms=19, mew=3, color=role.ink, animated=True)

    def paint(values):
        dots.set_data(values, np.full(len(values), y) + np.linspace(-0.1, 0.1, len(values)))
        mean.set_data([values.mean()], [y])
    return paint


def exchanged(fig):
    """Two colour images, and each with the other's mean and spread in every channel.

    draw(first, second, first_as_second, second_as_first): four times (3, S, S), red, green and blue from 0 to 1; what lies outside is shown as 0 or 1."""
    say = headline(fig)
    titles = ("content", "style", "content in\nstyle's colours", "style in\ncontent's colours")
    shows = [canvas(fig, (0.025 + 0.247 * k + 0.012 * (k > 1), 0.14, 0.22, 0.5), title) for k, title in enumerate(titles)]

    def draw(first, second, first_as_second, second_as_first):
        images = [array(image) for image in (first, second, first_as_second, second_as_first)]
        for paint, image in zip(shows, images): paint(image)
        finding = "The shapes stay, the colours change places"
        outside = max(np.mean((image < 0) | (image > 1)) for image in images[2:])
        figures = "mean and spread of red, green and blue exchanged" + (f"; {100 * outside:.0f} % cut at 0 or 1" if outside > 0.005 else "")
        say(finding, figures)
        rows = "; ".join(title.replace("\n", " ") + ": " + ", ".join(short(v) for v in image.mean((1, 2))) for title, image in zip(titles, images))
        return f"{finding}; {figures}. Means of red, green, blue: {rows}."
    return draw


def canvas(fig, spot, title):
    """A colour image with its title and, below, the mean of each channel. Returns paint(image (3, S, S))."""
    ax = diagram(fig.add_axes(spot), (0, 1), (1, 0), "equal")
    ax.set_title(title, size=10, loc="center", pad=6, weight="bold")
    image = ax.imshow(np.zeros((8, 8, 3)), extent=(0, 1, 1, 0), animated=True)
    words = ax.text(0.5, 1.1, "", ha="center", va="center", size=9.5, color=QUIET, animated=True)

    def paint(values):
        image.set_data(np.clip(values.transpose(1, 2, 0), 0, 1))
        words.set_text("means " + " ".join(f"{v:.2f}" for v in values.mean((1, 2))))
    return paint


def side_by_side(fig, most=6):
    """Kinds of net side by side at two learning rates: every seed a dot, the mean a bar.

    draw(names, low, high): names of at most six kinds; low and high (kinds, K): accuracies of K seeds at the moderate and the high rate."""
    say = headline(fig)
    ax = fig.add_axes((0.235, 0.14, 0.735, 0.59))
    ax.set(xlim=(0, 1), ylim=(most - 0.4, -0.6), yticks=[], xticks=np.arange(0, 1.01, 0.25), xlabel="accuracy on new images")
    ax.spines["left"].set_visible(False)
    ax.hlines(np.arange(most), 0, 1, color=FAINT, lw=0.8, zorder=0)
    ax.axvline(0.1, color=FAINT, lw=1.6)
    ax.text(0.1, -0.72, "guessing", ha="center", va="bottom", size=9.5, color=QUIET)
    keys(fig, (("moderate rate", LOW), ("high rate", HIGH)), 0.775, step=0.27, left=0.45)
    marks = []
    for role in (LOW, HIGH):
        dots, = ax.plot([], [], **{**role.dots, "mfc": "none"}, ms=5, alpha=0.6, animated=True)
        bars, = ax.plot([], [], ls="", marker="|", ms=17, mew=3, color=role.ink, animated=True)
        marks.append((dots, bars))
    signs = [ax.text(-0.02, k, "", transform=ax.get_yaxis_transform(), ha="right", va="center", size=10, animated=True) for k in range(most)]

    def draw(names, low, high):
        found = [array(low), array(high)]
        kinds, seeds = found[0].shape
        rows = np.arange(kinds)
        for (dots, bars), values in zip(marks, found):
            dots.set_data(values.ravel(), (rows[:, None] + np.linspace(-0.15, 0.15, seeds)).ravel())
            bars.set_data(values.mean(1), rows)
        for k, sign in enumerate(signs): sign.set_text(names[k] if k < kinds else "")
        finding = f"High rate: {by_place(names, found[1].mean(1))}"
        figures = f"mean accuracies; {plural(seeds, 'seed')} each as dots, their mean a bar"
        say(finding, figures)
        return f"{finding}; {figures}. " + "; ".join(f"{name} {a:.2f}, {b:.2f}" for name, a, b in zip(names, *(values.mean(1) for values in found))) + "."
    return draw


def by_place(names, means):
    """Mean accuracy with the norm before, after, and without one, in words: names end in "before", "after", or in neither."""
    places = {}
    for name, value in zip(names, means):
        places.setdefault(name.split()[-1] if name.endswith(("before", "after")) else name, []).append(value)
    return ", ".join(f"{place} {np.mean(values):.2f}" for place, values in places.items())
