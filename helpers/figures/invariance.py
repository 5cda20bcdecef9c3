"""Pictures of notebook 06: a loss that sees only the weights' direction; what a step and weight decay do."""
from dataclasses import replace

import numpy as np
from matplotlib.collections import PolyCollection

from .parts import area, array, diagram, headline, listed, moving, plural, short, smooth
from .roles import INK, QUIET, Role, highlight, kept, normalized, train

SIDE, LOW, HIGH = 3.62, -0.78, 2.55  # the plane: SIDE either way, LOW to HIGH


def turn(fig):
    """Two weights in front of BatchNorm: one loss along each ray, so a step is at right angles to them.

    draw(w, gradient, rate, angles, losses): w and gradient (2,); angles (A,) evenly over a full turn, in
    radians, from 0; losses (A,) there."""
    say = headline(fig)
    paint = plane(fig.add_axes((0.01, 0.01, 0.98, 0.81)))

    def draw(w, gradient, rate, angles, losses):
        w, gradient, angles, losses = map(array, (w, gradient, angles, losses))
        after = w - rate * gradient
        start, end = np.arctan2(*w[::-1]), np.arctan2(*after[::-1])
        turned = abs(np.degrees((end - start + np.pi) % (2 * np.pi) - np.pi))
        paint(w, after, angles, losses)
        length, steep, grown = (np.linalg.norm(v) for v in (w, gradient, after))
        finding = f"This step turns the weights by {turned:.{int(turned < 9.95)}f}°"
        figures = f"gradient {steep:.2f} long; weights {length:.2f} long, then {grown:.2f}"
        say(finding, figures)
        return f"{finding}: {figures}; gradient times weights {short(round(w @ gradient, 5))}."
    return draw


def plane(ax):
    """Two weights, their plane darker where the loss is lower. Returns paint(w, after, angles, losses)."""
    diagram(ax, (-SIDE, SIDE), (LOW, HIGH), "equal")
    shade, circle = wedges(ax), moving(ax, color=INK, lw=1.1, ls=(0, (4, 3)))
    for tip, at, name in ((3.4, 0), (3.5, -0.2), "w₁"), ((0, 2.4), (-0.22, 2.36), "w₂"):
        ax.annotate("", tip, (0, 0), arrowprops=dict(arrowstyle="->", color=QUIET, lw=0.8), animated=True)
        ax.text(*at, name, size=10, ha="center", va="center", animated=True)
    best = moving(ax, color="white", lw=2)
    old, new = moving(ax, color=INK, lw=2), moving(ax, color=QUIET, lw=2)
    dot = moving(ax, **highlight.dots, ms=9)
    step = moving(ax, color=normalized.color, lw=2.8, solid_capstyle="butt")  # seen on the diamond
    end = moving(ax, **normalized.dots, ms=6)
    ax.plot(0, 0, "o", color=INK, ms=4, animated=True)
    fixed = dict(size=10, color=INK, animated=True)
    ax.text(SIDE - 0.1, HIGH - 0.22, "white line: the lowest loss", ha="right", **fixed)
    ax.text(0.1 - SIDE, HIGH - 0.22, "each ray from 0 has one loss", **fixed)
    of_w = ax.text(0, 0, "w", weight="bold", size=11, ha="right", animated=True)
    of_end = ax.text(0, 0, "new w", **normalized.bold, size=10, animated=True)
    of_circle = ax.text(0, 0, "same length as w", size=10, ha="right", va="bottom", animated=True)
    around = np.linspace(0, np.pi, 61)  # half a circle: all of it is seen

    def paint(w, after, angles, losses):
        shade(angles, losses)
        size = np.linalg.norm(w)
        circle.set_data(size * np.cos(around), size * np.sin(around))
        lowest = np.array([np.cos(angles[losses.argmin()]), np.sin(angles[losses.argmin()])])
        best.set_data(*np.c_[(0, 0), 2 * SIDE * lowest])
        for line, a, b in (old, (0, 0), w), (new, (0, 0), after), (step, w, after):
            line.set_data(*np.c_[a, b])
        dot.set_data(w[:1], w[1:])
        end.set_data(after[:1], after[1:])
        of_w.set_position(w + [-0.13, 0.04])
        left = after[0] > 2
        above = lowest[0] * after[1] > lowest[1] * after[0]  # of the white ray, which the word must not meet
        of_end.set(position=after + (-0.1 if left else 0.12, 0.14 if above else -0.34),
                   ha="right" if left else "left")
        of_circle.set_position(size * np.array([-0.87, 0.5]) + [-0.06, 0.03])
    return paint


DARK, LIGHT = (0.55, 0.68, 0.81), (0.98, 0.985, 0.99)


def wedges(ax):
    """The loss in each direction as a wedge, dark where low. Returns paint(angles (A,), losses (A,))."""
    rays = ax.add_collection(PolyCollection([], lw=0, animated=True))

    def paint(angles, losses):
        half = 1.1 * np.pi / len(angles)  # a little wide, so that no seam shows
        edges = np.c_[angles - half, angles + half]  # (A, 2)
        corners = 2.5 * SIDE * np.stack([np.cos(edges), np.sin(edges)], -1)  # (A, 2, 2)
        rays.set_verts(np.concatenate([np.zeros((len(angles), 1, 2)), corners], 1))
        level = (losses - losses.min()) / max(np.ptp(losses), 1e-12)
        rays.set_facecolor(np.outer(1 - level, DARK) + np.outer(level, LIGHT))
    return paint


# The four trainings of the notebook: rate and decay, look, and where their words stand: (x, y, va) of the
# panel of lengths, (y, va) of the panel of angles, where the two with the same product share one line.
TRAININGS = (
    ("rate 1, no decay", Role(QUIET, QUIET, "", (0, (1, 1))), (198, 8.6, "top"), (2.3, "top")),
    ("rate 1, decay 0.01", normalized, (198, 5.6, "bottom"), (9.2, "bottom")),
    ("rate 0.2, decay 0.05", replace(kept, dash="-"), (198, 1.5, "top"), (7.0, "top")),
    ("rate 1, decay 0.04", train, (198, 3.4, "bottom"), (16.9, "bottom")))


def balance(fig, steps=200):
    """Length of the weights in front of BatchNorm (left), and the angle that a step turns them by (right).

    draw(length, angle, predicted): length (4, K, T) after each step; angle (4, K, T - 1) that each step but
    the first turns them by, in degrees; predicted (4,) degrees, 0 for none. In the order of TRAININGS.
    Bands: mean and sd over the seeds, of the angles as running means of ten steps."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, gridspec_kw=dict(left=0.06, right=0.975, wspace=0.16,
                                                      bottom=0.14, top=0.755))
    lengths = bands(left, "length of the weights", steps, 12)
    angles = bands(right, "angle of a step (degrees)", steps, 20)
    right.set_yticks([0, 5, 10, 15, 20])
    levels = [moving(right, color=INK, lw=1.1) for _ in TRAININGS]
    for name, role, (x, y, va), (height, at) in TRAININGS:
        left.text(x, y, name, ha="right", va=va, size=9.5, **role.bold)
        right.text(198, height, name, ha="right", va=at, size=9.5, **role.bold)

    def draw(length, angle, predicted):
        length, angle, predicted = map(array, (length, angle, predicted))
        lengths(1, length)
        angles(2, [smooth(values) for values in angle])
        for line, level in zip(levels, predicted):
            line.set_data([0, length.shape[-1]] if level else [], [level, level] if level else [])
        ends = [values[:, -50:].mean() for values in angle]
        doubled = 1.8 < ends[3] / ends[1] < 2.2
        finding = "Four times the decay doubles the angle" if doubled else "What a step turns the weights by"
        turns = ", ".join(f"{end:.1f}°" for end in ends)
        figures = f"mean ± sd, {plural(length.shape[1], 'seed')}; black: predicted, √(2 · rate · decay)"
        say(finding, figures)
        kinds = "; ".join(name for name, *_ in TRAININGS)
        final = listed(round(values[:, -1].mean(), 1) for values in length)
        return f"{finding}. Angle of the last 50 steps {turns}, final lengths {final} ({kinds}); {figures}."
    return draw


def bands(ax, title, steps, top):
    """Mean and sd over the seeds against steps. Returns paint(first step, values (4, K, T))."""
    ax.set(xlim=(0, steps), ylim=(0, top), xlabel="step")
    ax.set_title(title, size=10, weight="bold")
    kinds = [(area(ax, role.color, 0.2), moving(ax, lw=2.2, **role.line)) for _, role, *_ in TRAININGS]

    def paint(first, found):
        for (spread, line), values in zip(kinds, found):
            step, mean, sd = first + np.arange(values.shape[1]), values.mean(0), values.std(0, ddof=1)
            spread.set_data(step, mean - sd, mean + sd)
            line.set_data(step, mean)
    return paint
