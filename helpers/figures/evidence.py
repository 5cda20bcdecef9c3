"""Pictures of notebook 06: what the explanations of BatchNorm say about accuracy, drift and the loss."""
import numpy as np

from .parts import array, beside, broken, headline, inside, jitter, listed, moving, plural, short, ticks
from .roles import FAINT, Role, normalized, raw

noisy = Role("#CC79A7", "#96466F", "v", (0, (1, 1)))  # BatchNorm whose outputs are shaken
KINDS = ("without BatchNorm", raw), ("with BatchNorm", normalized), ("BatchNorm, then noise", noisy)
NETS = ("plain", raw), ("plain, larger initial weights", raw), *KINDS[1:]


def shaken(fig):
    """How far the means move, and the accuracy at the end: a row for each kind of net, a dot for each net.

    draw(accuracy, drift, rate): accuracy (3, K) on new images; drift (3, K): sd over the steps of a
    unit's mean, in units of its own sd, mean of all units; rate: of the training.
    Three kinds of net: KINDS."""
    say = headline(fig)
    left, right = fig.add_axes((0.305, 0.1, 0.3, 0.58)), fig.add_axes((0.665, 0.1, 0.31, 0.58))
    moves = strips(left, "drift of the means", (-0.03, 0.7))
    rights = strips(right, "accuracy on new images", (0.4, 1))
    for y, (name, role) in enumerate(KINDS):
        beside(left, -0.05, y, name, ha="right", **role.bold, size=10)

    def draw(accuracy, drift, rate):
        accuracy, drift = array(accuracy), array(drift)
        moves(drift)
        rights(accuracy)
        plain, steady, noise = accuracy.mean(1)
        moved = drift[2].mean() > 0.7 * drift[0].mean() and steady - noise < (steady - plain) / 5
        finding = "With noise the means move, but the accuracy stays" if moved else "Drift and accuracy"
        many = plural(accuracy.shape[1], "seed")
        seeds = f"dot: one of {many}; bar: their mean; rate {short(rate)}"
        say(finding, seeds)
        drifts = listed(round(d, 3 if d < 0.01 else 2) for d in drift.mean(1))
        return (f"{finding}. In this order: without BatchNorm, with BatchNorm, BatchNorm and then noise: "
                f"drift {drifts}, accuracy {listed((plain, steady, noise), '.2f')} ({seeds}).")
    return draw


def four_nets(fig):
    """Accuracy at the end: a row for each of four kinds of net, a dot for each net.

    draw(accuracy, rate): accuracy (4, K) on new images, of NETS; rate: of the training."""
    say = headline(fig)
    ax = fig.add_axes((0.36, 0.1, 0.6, 0.6))
    paint = strips(ax, "accuracy on new images", (0.4, 1), NETS)
    for y, (name, role) in enumerate(NETS):
        beside(ax, -0.03, y, name, ha="right", **role.bold, size=10)
    words = [ax.text(0.985, y, "", ha="right", va="center", **role.bold, size=10, animated=True)
             for y, (_, role) in enumerate(NETS)]

    def draw(accuracy, rate):
        accuracy = array(accuracy)
        paint(accuracy)
        plain, larger, steady, noise = means = accuracy.mean(1)
        for word, mean in zip(words, means):
            word.set_text(f"{mean:.2f}")
        fits = larger - plain > (steady - plain) / 2 and steady - noise < (steady - plain) / 5
        finding = ("Larger initial weights help, the noise costs little" if fits
                   else "Accuracy of four kinds of net")
        many = plural(accuracy.shape[1], "seed")
        seeds = f"dot: one of {many}; bar, number: their mean; rate {short(rate)}"
        say(finding, seeds)
        named = ", ".join(f"{name} {mean:.2f}" for (name, _), mean in zip(NETS, means))
        return f"{finding}. Accuracy: {named} ({seeds})."
    return draw


def strips(ax, title, limits, kinds=KINDS):
    """A row for each kind of net, the first on top. Returns paint(values (R, K)): dots, their mean a bar."""
    ax.set(xlim=limits, ylim=(len(kinds) - 0.4, -0.6), yticks=[])
    ax.set_title(title, size=10, weight="bold")
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x")
    dots = [moving(ax, **role.dots | dict(marker="o", alpha=0.6), ms=6) for _, role in kinds]
    bars = [moving(ax, color=role.ink, lw=3) for _, role in kinds]

    def paint(values):
        for y, (each, middle, found) in enumerate(zip(dots, bars, values)):
            each.set_data(found, y + 0.5 * jitter(len(found)))
            middle.set_data([found.mean()] * 2, [y - 0.33, y + 0.33])
    return paint


def smoothness(fig):
    """How much the loss varies along the gradient, for three kinds of net trained at two rates.

    draw(rates, spread): rates (2,); spread (2, 3, K) of rate and kind: largest minus smallest loss at 1/2 to
    4 times a step of that rate, from weights trained at it. Kinds: KINDS."""
    say = headline(fig)
    ax = fig.add_axes((0.1, 0.15, 0.87, 0.6))
    ax.set(yscale="log", xlim=(-0.6, 7.6), ylim=(0.02, 6), ylabel="range of the loss (nats, log)", xticks=[])
    ticks(ax.yaxis, (0.03, 0.1, 0.3, 1, 3))
    ax.grid(axis="y")
    ax.axvline(3.5, color=FAINT, lw=1.2)
    places = (0, 1.25, 2.5), (4.5, 5.75, 7)
    for x, (name, role) in zip(sum(places, ()), KINDS * 2):
        words = name.replace(" BatchNorm", "\nBatchNorm").replace(", then", ",\nthen")
        ax.text(x, -0.03, words, transform=ax.get_xaxis_transform(), ha="center", va="top", **role.bold,
                size=9.5)
    groups = [inside(ax, x, 1.03, weight="bold", size=10, ha="center", animated=True) for x in (0.225, 0.775)]
    panels = [[dots(ax, role) for _, role in KINDS] for _ in places]

    def draw(rates, spread):
        spread = array(spread)
        for row, at, word, rate, values in zip(panels, places, groups, array(rates), spread):
            word.set_text(f"trained at rate {short(rate)}")
            for one, x, of_kind in zip(row, at, values):
                one(np.array([x]), of_kind[None])
        ratios = (spread[:, 0] / spread[:, 1]).mean(1)  # seed by seed, as in the claims
        rougher, smoother = ratios[0] < 0.9, ratios[1] > 1.1
        finding = ("Rougher at a small rate, smoother at a large one" if rougher and smoother
                   else "How much the loss varies along the gradient")
        figures = f"ring: a seed ({spread.shape[-1]}); bar: their mean; lower is smoother"
        say(finding, figures)
        rows = "; ".join(f"rate {short(rate)}: " + listed(values.mean(1), ".2g")
                         for rate, values in zip(array(rates), spread))
        return (f"{finding}. Mean range without BatchNorm, with BatchNorm, with BatchNorm and then noise: "
                f"{rows} ({figures}).")
    return draw


def dots(ax, role):
    """One kind: every seed a dot, the mean a bar. Returns paint(x (C,), values (C, K))."""
    points = moving(ax, **role.rings, ms=4, alpha=0.55)
    bars = moving(ax, lw=2.6, color=role.color, solid_capstyle="butt")

    def paint(x, values):
        mean = values.mean(1)
        points.set_data(np.repeat(x, values.shape[1]), values.ravel())
        bars.set_data(*broken(np.c_[x - 0.11, x + 0.11], np.c_[mean, mean]))
    return paint
