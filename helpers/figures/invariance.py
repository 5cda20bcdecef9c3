"""Pictures of notebook 06: a loss that sees only the weights' direction; what a step and weight decay do."""
from dataclasses import replace

import numpy as np
from matplotlib.collections import PolyCollection

from .parts import area, array, diagram, headline, listed, moving, plural, short, smooth
from .roles import INK, QUIET, Role, highlight, kept, normalized, train

LOW, HIGH, TOP = -2.1, 3.4, 3.75  # the plane: from LOW both ways, to HIGH and TOP
SETTINGS = Role(QUIET, QUIET, "", (0, (1, 1))), normalized, replace(kept, dash=(0, (5, 2))), train


def turn(fig):
    """Two weights before BatchNorm: the loss is the same along a ray, so a step is at right angles to them.

    draw(w, gradient, rate, angles, losses): w and gradient (2,); angles (A,) evenly over a full turn, in
    radians, from 0; losses (A,) there."""
    say = headline(fig)
    paint_plane = plane(fig.add_axes((0.015, 0.02, 0.51, 0.78)))
    paint_curve = along_angle(fig.add_axes((0.595, 0.145, 0.365, 0.58)))

    def draw(w, gradient, rate, angles, losses):
        w, gradient, angles, losses = map(array, (w, gradient, angles, losses))
        after = w - rate * gradient
        start, end = np.arctan2(*w[::-1]), np.arctan2(*after[::-1])
        turned = abs(np.degrees((end - start + np.pi) % (2 * np.pi) - np.pi))
        paint_plane(w, after, angles, losses)
        paint_curve(start, end, angles, losses)
        length, steep, grown = (np.linalg.norm(v) for v in (w, gradient, after))
        finding = f"This step turns the weights by {turned:.{int(turned < 9.95)}f}°"
        figures = f"gradient {steep:.2f} long; weights {length:.1f} long"
        if grown - length >= 0.05:  # not by the opening step: it is asked before
            figures += f", then {grown:.1f}"
        say(finding, figures)
        return f"{finding}: {figures}; gradient times weights {short(round(w @ gradient, 5))}."
    return draw


def plane(ax):
    """Two weights, their plane darker where the loss is lower. Returns paint(w, after, angles, losses)."""
    diagram(ax, (LOW, HIGH), (LOW, TOP), "equal")
    shade, circle = wedges(ax), moving(ax, color=INK, lw=1.1, ls=(0, (4, 3)))
    old, new = moving(ax, color=INK, lw=2), moving(ax, color=QUIET, lw=2)
    dot = moving(ax, **highlight.dots, ms=9)
    step = moving(ax, color=normalized.color, lw=2.6, solid_capstyle="butt")  # seen on the diamond
    end = moving(ax, **normalized.dots, ms=5)
    ax.plot(0, 0, "o", color=INK, ms=4, animated=True)
    middle = dict(size=10, ha="center", va="center", animated=True)
    of_w, of_step = (ax.text(0, 0, words, weight="bold", color=color, **middle)
                     for words, color in (("w", INK), ("step", normalized.ink)))
    for row, words in enumerate(("darker: lower loss", "dashed: as long as w", "grey: w after the step")):
        ax.text(LOW + 0.1, TOP - 0.35 - 0.37 * row, words, size=9.5, animated=True)
    for tip, at, name in ((3.2, 0), (3.1, -0.3), "w₁"), ((0, 2.35), (-0.3, 2.3), "w₂"):
        ax.annotate("", tip, (0, 0), arrowprops=dict(arrowstyle="->", color=QUIET, lw=0.8), animated=True)
        ax.text(*at, name, **middle)
    around = np.linspace(0, 2 * np.pi, 121)

    def paint(w, after, angles, losses):
        shade(angles, losses)
        size, way = np.linalg.norm(w), max(np.linalg.norm(after - w), 1e-12)
        circle.set_data(size * np.cos(around), size * np.sin(around))
        shown = w + (after - w) * min(1, 8 / way)  # cut outside the frame: far points are slow
        for line, a, b in (old, (0, 0), w), (new, (0, 0), shown), (step, w, shown):
            line.set_data(*np.c_[a, b])
        dot.set_data(w[:1], w[1:])
        end.set_data(shown[:1], shown[1:])
        outward = w / max(size, 1e-12)
        of_w.set_position(w / 2 - 0.22 * np.array([outward[1], -outward[0]]))
        of_step.set_position(np.clip((w + shown) / 2 + 0.3 * outward, [0.35, LOW + 0.4], [HIGH - 0.4, 2.4]))
    return paint


DARK, LIGHT = (0.66, 0.74, 0.82), (0.97, 0.975, 0.98)


def wedges(ax):
    """The loss in each direction as a wedge, dark where low. Returns paint(angles (A,), losses (A,))."""
    rays = ax.add_collection(PolyCollection([], lw=0, animated=True))

    def paint(angles, losses):
        half = 1.1 * np.pi / len(angles)  # a little wide, so that no seam shows
        edges = np.c_[angles - half, angles + half]  # (A, 2)
        corners = 2.5 * HIGH * np.stack([np.cos(edges), np.sin(edges)], -1)  # (A, 2, 2)
        rays.set_verts(np.concatenate([np.zeros((len(angles), 1, 2)), corners], 1))
        level = (losses - losses.min()) / max(np.ptp(losses), 1e-12)
        rays.set_facecolor(np.outer(1 - level, DARK) + np.outer(level, LIGHT))
    return paint


def along_angle(ax):
    """The loss against the direction of the weights; before and after the step."""
    ax.set(xlim=(-180, 180), ylim=(0, 4.4), xticks=[-180, -90, 0, 90, 180], ylabel="loss",
           xlabel="direction of the weights (degrees)")
    line, move = moving(ax, color=INK, lw=1.6), moving(ax, color=normalized.color, lw=2.6)
    start, end = moving(ax, **highlight.dots, ms=10), moving(ax, **normalized.dots, ms=8)

    def paint(before, after, angles, losses):
        degrees = (np.degrees(angles) + 180) % 360 - 180
        order = np.argsort(degrees)
        x, y = degrees[order], losses[order]
        line.set_data(x, y)
        turns = abs(after - before) >= np.pi  # through the end of the axis
        way = np.degrees([before, after] if turns else np.linspace(before, after, 20))
        for artist, at in (move, way), (start, way[:1]), (end, way[-1:]):
            artist.set_data(at, np.interp(at, x, y))
    return paint


def balance(fig, steps=200):
    """Length of the weights before BatchNorm (left), and the angle that a step turns them by (right).

    draw(length, angle, predicted, names): length (R, K, T + 1) from step 0 on; angle (R, K, T) of each step,
    in degrees; predicted (R,) degrees, 0 for none; names R ≤ 4 strings, each "rate, decay". Bands: mean and
    sd over the seeds, of the angles as running means of ten steps, without the first step."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, gridspec_kw=dict(left=0.075, right=0.975, wspace=0.2,
                                                      bottom=0.14, top=0.69))
    lengths = bands(left, "length of the weights", steps, 12)
    angles = bands(right, "angle turned by a step (degrees)", steps, 22)
    levels = [moving(right, color=INK, lw=1) for _ in SETTINGS]
    signs = key(fig)

    def draw(length, angle, predicted, names):
        length, angle, predicted = map(array, (length, angle, predicted))
        lengths(0, length)
        angles(2, [smooth(values) for values in angle[..., 1:]])
        for line, level in zip(levels, predicted):
            line.set_data([0, length.shape[-1]] if level else [], [level, level] if level else [])
        for sign, name in zip(signs, names):
            sign.set_text(name)
        turns = (f"{values[:, -50:].mean():.1f}°" for values in angle)
        finding = f"Last 50 steps turn by {', '.join(turns)}"
        figures = f"black: √(2 rate · decay); angles from step 2 on; {plural(length.shape[1], 'seed')}"
        say(finding, figures)
        ends = listed(round(values[:, -1].mean(), 1) for values in length)
        return f"{finding} (rate, decay: {'; '.join(names)}), final lengths {ends}; {figures}."
    return draw


def bands(ax, title, steps, top):
    """Mean and sd over the seeds against steps. Returns paint(first step, values (R, K, T))."""
    ax.set(xlim=(0, steps), ylim=(0, top), xlabel="step")
    ax.set_title(title, size=10, weight="bold")
    kinds = [(area(ax, role.color, 0.2), moving(ax, lw=2.2, **role.line)) for role in SETTINGS]

    def paint(first, found):
        for (spread, line), values in zip(kinds, found):
            step, mean, sd = first + np.arange(values.shape[1]), values.mean(0), values.std(0, ddof=1)
            spread.set_data(step, mean - sd, mean + sd)
            line.set_data(step, mean)
    return paint


def key(fig):
    """The settings above the panels. Returns the texts for their names."""
    page = diagram(fig.add_axes((0, 0.79, 1, 0.06)))
    page.text(0.018, 0.5, "rate, decay:", size=10, va="center")
    places = 0.155, 0.345, 0.535, 0.76
    for x, role in zip(places, SETTINGS):
        page.plot([x, x + 0.054], [0.5, 0.5], lw=2.2, **role.line)
    return [page.text(x + 0.062, 0.5, "", **role.bold, size=10, va="center", animated=True)
            for x, role in zip(places, SETTINGS)]
