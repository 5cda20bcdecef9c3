"""Pictures of notebook 12: processes with their own images; who shares a mean, and what that is worth."""
import numpy as np

from . import roles
from .parts import array, broken, errors, headline, keys, means, moving, plural, short
from .roles import FAINT, QUIET

REACH = 3.6                         # the values shown, either way
BINS = np.linspace(-REACH, REACH, 73)
TINT = "#A9CCE6"
MOST = 8                            # processes


def shares(fig):
    """Each process a lane with its images as dots, and the mean that normalizes them; below, what one image
    becomes in one batch after another.

    draw(h, mean, yellow, process): h (P, n) values of one unit in P processes, at most MOST, the yellow
    image's at [process, 0]; mean (P, 1) of each process or (1, 1) of all; yellow (batches,): its normalized
    values, this batch's first."""
    say = headline(fig)
    lanes, below = fig.add_axes((0.105, 0.44, 0.875, 0.34)), fig.add_axes((0.105, 0.135, 0.875, 0.155))
    lanes.set(xlim=(-REACH, REACH), ylim=(MOST, 0), yticks=[], xticks=range(-3, 4))
    below.set(xlim=(-REACH, REACH), ylim=(0, 1.04), yticks=[], xticks=range(-3, 4),
              xlabel="after: normalized value of the yellow image in 400 batches")
    for ax, words in (lanes, "process"), (below, "how often"):
        ax.spines[["left", "right", "top"]].set_visible(False)
        ax.annotate(words, (0, 0.5), (-38, 0), "axes fraction", textcoords="offset points", rotation=90,
                    ha="center", va="center", color=QUIET)
    lanes.set_xlabel("before: value of the unit; a dot is an image, a bar is a mean", labelpad=2)
    paint, heaps = lane(lanes), below.fill([], [], fc=TINT, ec=roles.normalized.ink, lw=0.8, animated=True)[0]
    now = moving(below, **roles.highlight.dots, ms=10, clip_on=False)

    def draw(h, mean, yellow, process):
        h, mean, yellow = map(array, (h, mean, yellow))
        (P, n), together = h.shape, len(mean) == 1
        paint(h, mean.ravel(), process)
        counts, _ = np.histogram(yellow, BINS)
        heaps.set_xy(np.c_[np.r_[BINS[0], np.repeat(BINS, 2)[1:-1], BINS[-1]],
                           np.r_[0, np.repeat(counts / max(1, counts.max()), 2), 0]])
        now.set_data(yellow[:1], [0])
        finding = "One mean for all processes" if together else "A mean in each process"
        spread = f"spread {yellow.std(ddof=1):.2f}"
        figures = f"{P} × {plural(n, 'image')}; yellow: {h[process, 0]:.1f} becomes {yellow[0]:.2f}; {spread}"
        say(finding, figures.replace("-", "−"))
        out = (np.abs(h) > REACH).sum()
        outside = f" {out} of {h.size} dots lie outside the picture." if out else ""
        change = f"{short(h[process, 0])} becomes {short(yellow[0])}"
        return (f"{finding}: {P} processes with {plural(n, 'image')} each. The yellow image, in process "
                f"{process}: {change}; over the batches, {spread}.{outside}")
    return draw


def lane(ax):
    """Lanes with images and means; blue is what shares a mean with the yellow image. Returns
    paint(h (P, n), mean (P,) or (1,), process)."""
    fences = moving(ax, color=FAINT, lw=0.8)
    others_mean, mine = (moving(ax, color=color, lw=4, solid_capstyle="butt")
                         for color in (QUIET, roles.normalized.ink))
    others = moving(ax, ls="", marker="o", mfc="white", mec=QUIET, ms=5)
    own, held = moving(ax, **roles.normalized.dots, ms=6), moving(ax, **roles.highlight.dots, ms=10)
    look = dict(ha="center", va="center", size=10, color=QUIET, animated=True)
    names = [ax.text(-REACH - 0.13, 0, f"{r}", **look) for r in range(MOST)]

    def paint(h, mean, process):
        P, n = h.shape
        tall = MOST / P                                         # of a lane
        middle = tall * (np.arange(P) + 0.5)
        each = tall * (np.arange(P)[:, None] + [0.08, 0.92])
        blue = np.arange(P) == process if len(mean) > 1 else np.ones(P, bool)
        mean, y = np.broadcast_to(mean, P), np.broadcast_to(middle[:, None], h.shape)
        for bars, dots, some in (mine, own, blue), (others_mean, others, ~blue):
            bars.set_data(*broken(np.c_[mean, mean][some], each[some]))
            dots.set_data(h[some].ravel(), y[some].ravel())
        edges = tall * np.arange(1, P)
        fences.set_data(*broken(np.tile([-REACH, REACH], (P - 1, 1)), np.c_[edges, edges]))
        held.set_data(h[process, :1], y[process, :1])
        for r, sign in enumerate(names):
            sign.set(visible=r < P, y=tall * (r + 0.5))
    return paint


KINDS = ("a mean in each process", roles.raw), ("one mean for all", roles.normalized)


def by_share(fig):
    """Accuracy against the images of a process: each process by its own mean, or all by one.

    draw(images, processes, found): images (R,) of a process in a step; found (2, R, K): accuracies of K
    seeds, own mean first."""
    say = headline(fig)
    keys(fig, KINDS, 0.79, step=0.45)
    ax = fig.add_axes((0.085, 0.14, 0.895, 0.58))
    paint = errors(ax, KINDS, (2, 4, 16), (1.8, 17.8), "", "images in each process (log scale)", top=1.0)
    ax.set_ylabel("accuracy on new images")

    def draw(images, processes, found):
        images, found = array(images), array(found)
        paint(images, found)
        own, shared = found[:, 0].mean(1)
        finding = ("Two images in a process are too few" if shared - own > 0.2
                   else "A mean in each process, or one for all")
        at = f"at {short(images[0])} images {own:.2f} and {shared:.2f}"
        say(finding, f"{processes} processes; {at}; {plural(found.shape[2], 'seed')}; band ± sd")
        rows = "; ".join(f"{name}: {means(images, line)}" for (name, _), line in zip(KINDS, found))
        return f"{finding}. Mean accuracy with {processes} processes, by images in each process: {rows}."
    return draw
