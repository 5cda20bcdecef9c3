"""Pictures of notebook 12: processes with their own images; who shares a mean, and what that is worth."""
import numpy as np

from . import roles
from .parts import array, broken, diagram, errors, headline, keys, means, moving, percent, plural, short
from .roles import FAINT, INK, QUIET

REACH = 3.6                         # the values shown, either way
GAP = 0.425, 0.355                  # heights between which the line of `shares` has a gap
BINS = np.linspace(-REACH, REACH, 73)
TINT = "#A9CCE6"
MOST = 8                            # processes


def shares(fig):
    """Each process a row with its images as dots, and the mean that normalizes them; below, what one image
    becomes in one batch after another. A line leads from its value to what it becomes in this batch.

    draw(h, mean, yellow, process): h (P, n) values of one unit in P processes, at most MOST, the yellow
    image's at [process, 0]; mean (P, 1) of each process or (1, 1) of all; yellow (batches,): its normalized
    values, this batch's first."""
    say = headline(fig)
    lanes, below = fig.add_axes((0.13, 0.43, 0.85, 0.3)), fig.add_axes((0.13, 0.1, 0.85, 0.155))
    lanes.set(xlim=(-REACH, REACH), ylim=(MOST, 0), yticks=[], xticks=range(-3, 4))
    below.set(xlim=(-REACH, REACH), ylim=(0, 1.04), yticks=[], xticks=range(-3, 4))
    for ax, name, words in ((lanes, "before BatchNorm", "in one batch: ring = an image, bar = mean"),
                            (below, "after BatchNorm", "the yellow image in 400 batches")):
        ax.spines[["left", "right", "top"]].set_visible(False)
        ax.annotate(name, (0, 1), (-50, 8), "axes fraction", textcoords="offset points", weight="bold",
                    size=10)
        ax.annotate(words, (0, 1), (66, 8), "axes fraction", textcoords="offset points", size=10, color=QUIET)
    paint, heaps = lane(lanes), below.fill([], [], fc=TINT, ec=roles.normalized.ink, lw=0.8, animated=True)[0]
    over = diagram(fig.add_axes((0.13, 0, 0.85, 1), facecolor="none"), (-REACH, REACH))
    leads = moving(over, color=INK, lw=1.2, ls=(0, (3, 2)))
    held, now = moving(over, **roles.highlight.dots, ms=10), moving(over, **roles.highlight.dots, ms=10)

    def draw(h, mean, yellow, process):
        h, mean, yellow = map(array, (h, mean, yellow))
        (P, n), together = h.shape, len(mean) == 1
        paint(h, mean.ravel())
        counts, _ = np.histogram(yellow, BINS)
        heaps.set_xy(np.c_[np.r_[BINS[0], np.repeat(BINS, 2)[1:-1], BINS[-1]],
                           np.r_[0, np.repeat(counts / max(1, counts.max()), 2), 0]])
        height = 0.73 - 0.3 * (process + 0.5) / P
        down = np.array([[height, GAP[0]], [GAP[1], 0.1]])      # past the numbers of the upper axis
        across = yellow[0] + (h[process, 0] - yellow[0]) * (down - 0.1) / (height - 0.1)
        leads.set_data(*broken(across, down))
        held.set_data(h[process, :1], [height])
        now.set_data(yellow[:1], [0.1])
        finding = "All processes share one mean" if together else "Each process has its own mean"
        spread = f"spread {yellow.std(ddof=1):.2f}"
        change = f"{h[process, 0]:.1f} becomes {yellow[0]:.2f}"
        figures = f"{P} processes with {plural(n, 'image')} each: {change}; {spread}"
        say(finding, figures.replace("-", "−"))
        out = (np.abs(h) > REACH).sum()
        outside = f" {out} of {h.size} dots lie outside the picture." if out else ""
        change = f"{short(h[process, 0])} becomes {short(yellow[0])}"
        return (f"{finding}: {P} processes with {plural(n, 'image')} each. The yellow image, in process "
                f"{process}: {change}; over the batches, {spread}.{outside}")
    return draw


def lane(ax):
    """A row a process, with its images and the mean that normalizes them. Returns
    paint(h (P, n), mean (P,) or (1,))."""
    fences = moving(ax, color=FAINT, lw=0.8)
    bars = moving(ax, color=roles.normalized.ink, lw=4, solid_capstyle="butt")
    dots = moving(ax, **roles.normalized.dots | dict(mfc="white", mew=1), ms=6)
    look = dict(ha="right", va="center", size=10, color=QUIET, animated=True)
    names = [ax.text(-REACH - 0.06, 0, f"process {r}", **look) for r in range(MOST)]

    def paint(h, mean):
        P, n = h.shape
        tall = MOST / P                                         # of a row
        middle = tall * (np.arange(P) + 0.5)
        each = tall * (np.arange(P)[:, None] + [0.08, 0.92])
        mean, y = np.broadcast_to(mean, P), np.broadcast_to(middle[:, None], h.shape)
        bars.set_data(*broken(np.c_[mean, mean], each))
        dots.set_data(h.ravel(), y.ravel())
        edges = tall * np.arange(1, P)
        fences.set_data(*broken(np.tile([-REACH, REACH], (P - 1, 1)), np.c_[edges, edges]))
        for r, sign in enumerate(names):
            sign.set(visible=r < P, y=tall * (r + 0.5))
    return paint


WAYS = (("own_sum", (), ()), ("plain_sum", (0, 1), ()), ("Sum", (0, 1), (0, 1)))  # who sends to the other


def exchanged_sums(fig):
    """Three ways to sum over two processes: whose input reaches which output, whose loss which input.

    draw(errors): errors (3, 2) of output and gradient, parts of the right answer; rows in the order of
    WAYS."""
    say = headline(fig)
    signs = []
    for k, (name, there, back) in enumerate(WAYS):
        x = 0.17 + 0.285 * k
        fig.text(x + 0.115, 0.795, name, family="monospace", weight="bold", size=11, ha="center")
        for y, ends, role, crossing, dash in ((0.45, ("input", "output"), roles.normalized, there, "-"),
                                              (0.06, ("input", "loss"), roles.raw, back, (0, (4, 2)))):
            ax = diagram(fig.add_axes((x, y, 0.23, 0.27)), (-0.5, 1.5), (-0.2, 1.4))
            arrows(ax, role, crossing, dash, down=ends[1] == "loss")
            for r in 0, 1:
                for height, word in zip((-0.05, 1.0), ends):
                    ax.text(r, height, f"{word} {r}", size=10, ha="center", va="center",
                            bbox=dict(boxstyle="round,pad=0.25", fc="#EEF1F4", ec="none"))
            signs.append(ax.text(0.5, 1.5, "", size=10, ha="center", va="center", color=QUIET, animated=True,
                                 clip_on=False))
    for y, words in (0.56, "forward"), (0.17, "backward"):
        fig.text(0.02, y, words, weight="bold", size=10, va="center")

    def draw(errors):
        errors = array(errors)
        told = []
        for k, (name, *_) in enumerate(WAYS):
            output, gradient = (percent(error) for error in errors[k])
            signs[2 * k].set_text(f"output off by {output}")
            signs[2 * k + 1].set_text(f"gradient off by {gradient}")
            told.append(f"{name}: output off by {output}, gradient by {gradient}")
        finding = "Only Sum sends gradients to the other process"
        say(finding, "off by: the difference from one process with all samples")
        return (f"{finding}. Forward, plain_sum and Sum lead each input to both outputs; backward, only Sum "
                f"leads each loss to both inputs. {'; '.join(told)}.")
    return draw


def arrows(ax, role, crossing, dash, down):
    """From each process to itself, and from those in `crossing` to the other; upwards, or down."""
    pairs = [(r, r) for r in (0, 1)] + [(r, 1 - r) for r in crossing]
    for a, b in pairs:
        start, end = ((a, 0.76), (b, 0.18)) if down else ((a, 0.18), (b, 0.76))
        ax.annotate("", end, start, arrowprops=dict(arrowstyle="-|>", color=role.color, lw=1.8, ls=dash,
                                                    shrinkA=0, shrinkB=0))


KINDS = ("a mean in each process", roles.raw), ("one mean for all", roles.normalized)


def by_share(fig):
    """Accuracy against the images of a process: each process by its own mean, or all by one.

    draw(images, processes, found): images (R,) of a process in a step; found (2, R, K): accuracies of K
    seeds, own mean first."""
    say = headline(fig)
    keys(fig, KINDS, 0.79, step=0.45)
    ax = fig.add_axes((0.085, 0.14, 0.895, 0.58))
    paint = errors(ax, KINDS, (2, 4, 16), (1.8, 17.8), "", "", top=1.0)
    ax.set_ylabel("accuracy on new images")
    where = ax.text(0.5, -0.11, "", ha="center", va="top", transform=ax.transAxes, animated=True)

    def draw(images, processes, found):
        images, found = array(images), array(found)
        paint(images, found)
        own, shared = found[:, 0].mean(1)
        finding = ("Two images in a process are too few" if shared - own > 0.2
                   else "A mean in each process, or one for all")
        at = f"at {short(images[0])}: own mean {own:.2f}, one for all {shared:.2f}"
        say(finding, f"{at}; {plural(found.shape[2], 'seed')}, band ± sd")
        where.set_text(f"images in each of {processes} processes (log scale)")
        rows = "; ".join(f"{name}: {means(images, line)}" for (name, _), line in zip(KINDS, found))
        return f"{finding}. Mean accuracy with {processes} processes, by images in each process: {rows}."
    return draw
