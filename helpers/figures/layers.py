"""Picture of notebook 06: how large the numbers are in each layer of a deep net, forward and back."""
import numpy as np

from .parts import area, array, headline, inside, moving, short, ten_to, ticks
from .roles import FAINT, normalized, raw

MOST, POWER = 50, 6  # layers; the powers of ten shown either way


def depth(fig):
    """How large the activations of each layer are, on the way forward, and the gradients on the way back.

    draw(forward, backward, norm=False): twice (L,), a unit's sd over the batch, layer 1 first; each is drawn
    relative to where its way begins: layer 1 forward, layer L back. norm: the net has BatchNorm (its
    colour)."""
    say = headline(fig)
    left, right = fig.subplots(1, 2, sharey=True, gridspec_kw=dict(left=0.095, right=0.985, wspace=0.08,
                                                                   bottom=0.14, top=0.755))
    left.set_ylabel("size relative to where it begins (log)", y=0.47)
    ahead = way(left, "layer (grey: within a factor of 3)", -1)
    back = way(right, "layer", 0)
    inside(left, 0.02, 1.05, "activations: forward →", weight="bold", size=10)
    inside(right, 0.98, 1.05, "gradient: ← backward", ha="right", weight="bold", size=10)

    def draw(forward, backward, norm=False):
        role, forward, backward = normalized if norm else raw, array(forward), array(backward)
        forward, backward = forward / forward[0], backward / backward[-1]
        ahead(forward, role)
        back(backward, role)
        ends = forward[-1], backward[0]
        finding = "Activations {}, gradients {}".format(*map(fate, ends))
        figures = "{} layers: forward {}, back {}".format(len(forward), *map(times, ends))
        say(finding, figures)
        return f"{finding}. {figures}; {'with' if norm else 'without'} BatchNorm."
    return draw


def way(ax, xlabel, last):
    """One way, which ends at layer `last` (0 or -1). Returns paint(ratios to where it begins (L,), role)."""
    ax.set(xlim=(0, MOST + 1), ylim=(-POWER, POWER), xlabel=xlabel, xticks=[1, 10, 20, 30, 40, 50])
    ticks(ax.yaxis, range(-POWER, POWER + 1, 3), power)
    ax.axhspan(-0.5, 0.5, color=FAINT, alpha=0.6, lw=0)
    wedge = area(ax, None)  # paint gives it a colour
    line, points = moving(ax, lw=1.6), moving(ax, ms=4.5)
    end = moving(ax, ls="", ms=9, mfc="none", mew=1.6)
    word = ax.text(0, 0, "", weight="bold", size=10.5, ha="center", animated=True)

    def paint(ratios, role):
        layers, powers = np.arange(1, len(ratios) + 1), np.log10(np.maximum(ratios, 1e-300))
        shown = np.clip(powers, -2 * POWER, 2 * POWER)  # not far beyond the frame, which is slow
        wedge.set_data(layers, np.zeros(len(layers)), shown)
        wedge.set_facecolor(role.color)
        line.set(data=(layers, shown), **role.line)
        points.set(data=(layers, shown), **role.dots)
        at, up = np.clip(shown[last], 0.35 - POWER, POWER - 0.35), shown[last] >= 0
        beyond = at != shown[last]  # an arrow at the edge: it goes on outside
        end.set(data=([layers[last]], [at]), mec=role.ink, marker=("^" if up else "v") if beyond else "o")
        height = at + (0.5 if up else -1.05)
        if abs(at) > POWER - 1.3:
            height = 2.5 if up else -3.1  # clear of frame and curve
        word.set(text=times(ratios[last]), color=role.ink, x=np.clip(layers[last], 5.5, MOST - 5), y=height)
    return paint


def times(ratio):
    """× 28 or ÷ 27; from a million on the nearest power of ten."""
    if not ratio > 0:
        return "to 0"
    sign, size = ("×", ratio) if ratio >= 1 else ("÷", 1 / ratio)
    return f"{sign} {short(size, 2) if size < 1e6 else power(round(np.log10(size)))}"


def power(exponent):
    """Of ten: 0 as 1, 3 as 10³."""
    return ten_to(int(exponent)) if exponent else "1"


def fate(ratio):
    shrinks, grows = "vanish" if ratio < 0.1 else "shrink", "explode" if ratio > 10 else "grow"
    return shrinks if ratio < 1 / 3 else grows if ratio > 3 else "hold"
