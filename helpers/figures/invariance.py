"""Pictures of notebook 06: a loss that sees only the weights' direction; what a step and weight decay do."""
import numpy as np

from .parts import area, array, diagram, headline, listed, moving, plural, short, smooth
from .roles import INK, NOTE, QUIET, Role, highlight, normalized, train

SIDE, LOW, HIGH = 3.62, -0.42, 2.62  # the plane: SIDE either way, LOW to HIGH


def turn(fig):
    """Two weights in front of BatchNorm, before and after a step at right angles to them.

    draw(w, gradient, rate, best): w and gradient (2,); best (2,) weights of the lowest loss."""
    say = headline(fig)
    paint = plane(fig.add_axes((0.01, 0.01, 0.98, 0.81)))

    def draw(w, gradient, rate, best):
        w, gradient, best = map(array, (w, gradient, best))
        after = w - rate * gradient
        start, end = np.arctan2(*w[::-1]), np.arctan2(*after[::-1])
        turned = abs(np.degrees((end - start + np.pi) % (2 * np.pi) - np.pi))
        paint(w, after, best)
        length, steep, grown = (np.linalg.norm(v) for v in (w, gradient, after))
        finding = f"This step turns the weights by {turned:.{int(turned < 9.95)}f}°"
        figures = f"rate {short(rate)}; lengths: gradient {steep:.2f}, w {length:.2f}, new w {grown:.2f}"
        say(finding, figures)
        return f"{finding}: {figures}; gradient times weights {short(round(w @ gradient, 5))}."
    return draw


def plane(ax):
    """Two weights as an arrow in their plane. Returns paint(w, after, best)."""
    diagram(ax, (-SIDE, SIDE), (LOW, HIGH), "equal")
    for tip, at, name in ((3.4, 0), (3.5, -0.2), "w₁"), ((0, 2.5), (-0.22, 2.46), "w₂"):
        ax.annotate("", tip, (0, 0), arrowprops=dict(arrowstyle="->", color=QUIET, lw=0.8))
        ax.text(*at, name, **NOTE, ha="center", va="center")
    wedge = ax.fill([], [], color=highlight.color, alpha=0.55, lw=0, animated=True)[0]
    circle = moving(ax, color=QUIET, lw=0.8)
    lowest = moving(ax, color=QUIET, lw=1.6, ls=":")
    old, new = moving(ax, color=INK, lw=2.4), moving(ax, color=normalized.ink, lw=2.4)
    step = moving(ax, color=normalized.color, lw=2.4, ls=(0, (2, 1)))
    corner = moving(ax, color=INK, lw=1)
    start, end = moving(ax, ls="", marker="o", color=INK, ms=7), moving(ax, **normalized.dots, ms=7)
    of_w = ax.text(0, 0, "w", weight="bold", size=11, ha="center", va="center", animated=True)
    of_end = ax.text(0, 0, "new w", **normalized.bold, size=10, va="center", animated=True)
    of_circle = ax.text(0, 0, "same length as w", **NOTE, ha="right", va="bottom", animated=True)
    ax.text(2.95, 1.68, "lowest loss", **NOTE, ha="center", va="bottom",
            rotation=28.6, rotation_mode="anchor")  # that of the best of the lab
    around = np.linspace(0, np.pi, 61)  # half a circle: all of it is seen

    def paint(w, after, best):
        size, moved = np.linalg.norm(w), np.linalg.norm(after - w)
        circle.set_data(size * np.cos(around), size * np.sin(around))
        for line, a, b in ((lowest, (0, 0), 1.25 * SIDE * best), (old, (0, 0), w),
                           (new, (0, 0), after), (step, w, after)):
            line.set_data(*np.c_[a, b])
        turned = np.linspace(np.arctan2(*w[::-1]), np.arctan2(*after[::-1]), 20)
        reach = 0.6 * size
        wedge.set_xy(np.c_[np.r_[0, reach * np.cos(turned)], np.r_[0, reach * np.sin(turned)]])
        side, inward = 0.15 * (after - w) / max(moved, 1e-9), -0.15 * w / size
        corner.set_data(*np.c_[w + side, w + side + inward, w + inward] if moved > 0.3 else ([], []))
        for point, place in (start, w), (end, after):
            point.set_data(place[:1], place[1:])
        of_w.set_position(w * (1 + 0.2 / size))
        left, above = after[0] > 2.6, best[0] * after[1] - best[1] * after[0] > 0.18  # off the dotted line
        height = 0.26 if above else -0.26 if after[1] > 0.5 else 0.1  # off the axis, too
        of_end.set(position=after + (-0.05 if left else 0.12 if moved > 0.2 else 0.25, height),
                   ha="right" if left else "left")
        of_circle.set_position(size * np.array([-0.87, 0.5]) + [-0.06, 0.03])
    return paint


# The trainings of the notebook at rate 1: decay, look, and where its words stand: (x, y, va) of the panel of
# lengths, (y, va) of the panel of angles.
TRAININGS = (
    ("no decay", Role(QUIET, QUIET, "", (0, (1, 1))), (198, 8.6, "top"), (2.3, "top")),
    ("decay 0.01", normalized, (198, 5.6, "bottom"), (9.2, "bottom")),
    ("decay 0.04", train, (198, 2.5, "top"), (16.9, "bottom")))


def balance(fig, steps=200):
    """Length of the weights in front of BatchNorm (left), and the angle that a step turns them by (right).

    draw(length, angle, predicted): length (3, K, T) after each step; angle (3, K, T - 1) that each step but
    the first turns them by, in degrees; predicted (3,) degrees, 0 for none. In the order of TRAININGS.
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
        doubled = 1.8 < ends[2] / ends[1] < 2.2
        finding = "Four times the decay doubles the angle" if doubled else "What a step turns the weights by"
        turns = ", ".join(f"{end:.1f}°" for end in ends)
        figures = f"mean ± sd, {plural(length.shape[1], 'seed')}; thin black lines: predicted angles"
        say(finding, figures)
        kinds = "; ".join(name for name, *_ in TRAININGS)
        final = listed(round(values[:, -1].mean(), 1) for values in length)
        return f"{finding}. Angle of the last 50 steps {turns}, final lengths {final} ({kinds}); {figures}."
    return draw


def bands(ax, title, steps, top):
    """Mean and sd over the seeds against steps. Returns paint(first step, values (3, K, T))."""
    ax.set(xlim=(0, steps), ylim=(0, top), xlabel="step")
    ax.set_title(title, size=10, weight="bold")
    kinds = [(area(ax, role.color, 0.2), moving(ax, lw=2.2, **role.line)) for _, role, *_ in TRAININGS]

    def paint(first, found):
        for (spread, line), values in zip(kinds, found):
            step, mean, sd = first + np.arange(values.shape[1]), values.mean(0), values.std(0, ddof=1)
            spread.set_data(step, mean - sd, mean + sd)
            line.set_data(step, mean)
    return paint
