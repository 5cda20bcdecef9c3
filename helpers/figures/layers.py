"""Picture of notebook 06's first lab: how large the numbers are in each layer of a deep net, forward and back."""
import numpy as np

from . import roles
from .parts import array, headline, short
from .roles import FAINT, INK

MOST, POWER = 50, 6                                              # layers, and the powers of ten shown either way


def depth(fig):
    """Spread of what arises in each layer, on the way forward and of the gradient on the way back.

    draw(forward, backward, norm=False): twice (L,), a unit's sd over the batch, layer 1 first; each is drawn relative to where its way begins: layer 1
    forward, layer L back. norm: the net has BatchNorm (its colour)."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, sharey=True, gridspec_kw=dict(left=0.095, right=0.985, wspace=0.08, bottom=0.14, top=0.755))
    left.set_ylabel("spread relative to where it begins (log)", y=0.47)
    panels = [way(left, "activations: forward →", 0.02, "left"), way(right, "gradient: ← backward", 0.98, "right")]

    def draw(forward, backward, norm=False):
        role = roles.normalized if norm else roles.raw
        forward, backward = array(forward), array(backward)
        ahead, back = (paint(values, role) for paint, values in zip(panels, (forward / forward[0], backward / backward[-1])))
        finding = f"{len(forward)} layers: forward {times(ahead)}, back {times(back)}"
        figures = f"activations {fate(ahead)}, gradients {fate(back)} on their way"
        say(finding, figures)
        return f"{finding}; {figures} ({'with' if norm else 'without'} BatchNorm)."
    return draw


def way(ax, title, x, ha):
    """One direction. Returns paint(values (L,), role), which gives the last layer's size relative to the first of the way."""
    backward = ha == "right"
    ax.set(xlim=(0, MOST + 1), ylim=(-POWER, POWER), xlabel="layer" if backward else "layer (grey: within a factor of 3)", xticks=[1, 10, 20, 30, 40, 50], yticks=range(-POWER, POWER + 1, 3))
    ax.set_yticklabels([power(p) for p in range(-POWER, POWER + 1, 3)])
    ax.text(x, 1.05, title, transform=ax.transAxes, ha=ha, color=INK, weight="bold", size=10)
    ax.axhspan(-0.5, 0.5, color=FAINT, alpha=0.6, lw=0)
    wedge = ax.fill_between([], [], [], alpha=0.16, lw=0, animated=True)
    line, = ax.plot([], [], lw=1.6, animated=True)
    points, = ax.plot([], [], ms=4.5, animated=True)
    end, = ax.plot([], [], ls="", marker="o", ms=9, mfc="none", mew=1.6, animated=True)
    word = ax.text(0, 0, "", weight="bold", size=10.5, ha="center", animated=True)

    def paint(ratios, role):
        layers, powers = np.arange(1, len(ratios) + 1), np.log10(np.maximum(ratios, 1e-300))
        shown = np.clip(powers, -2 * POWER, 2 * POWER)           # beyond the frame, but not far: distant points are slow to draw
        wedge.set_data(layers, np.zeros(len(layers)), shown)
        wedge.set_facecolor(role.color)
        line.set(data=(layers, shown), **role.line)
        points.set(data=(layers, shown), **role.dots)
        last = 0 if backward else -1
        at, up = np.clip(shown[last], 0.35 - POWER, POWER - 0.35), shown[last] >= 0
        beyond = at != shown[last]                               # an arrow at the edge: it goes on outside
        end.set(data=([layers[last]], [at]), mec=role.ink, marker=("^" if up else "v") if beyond else "o")
        height = at + (0.5 if up else -1.05)
        if abs(at) > POWER - 1.3: height = 2.5 if up else -3.1   # clear of frame and curve
        word.set(text=times(ratios[last]), color=role.ink, position=(np.clip(layers[last], 5.5, MOST - 5), height))
        return ratios[last]
    return paint


def times(ratio):
    """× 28 or ÷ 27; from a million on the nearest power of ten."""
    if not ratio > 0: return "to 0"
    sign, size = ("×", ratio) if ratio >= 1 else ("÷", 1 / ratio)
    return f"{sign} {short(float(f'{size:.2g}')) if size < 1e6 else power(round(np.log10(size)))}"


def power(exponent):
    """1,000 as 10³."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def fate(ratio):
    return "vanish" if ratio < 0.1 else "explode" if ratio > 10 else "shrink" if ratio < 1 / 3 else "grow" if ratio > 3 else "hold"
