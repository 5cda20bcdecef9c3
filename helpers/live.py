"""Sliders -> numbers -> picture, within a blink.

    live(compute, figure, gamma=(0.1, 5.0, 1.0), beta=(-4.0, 4.0, 0.0))

compute(**settings) returns the numbers as a dict: the formula, written in the notebook.
figure(fig) draws what never changes and returns draw(**numbers), which moves the artists made with
animated=True and returns the alt text. A compute that yields (a training run) streams its picture.

One Agg figure is kept per lab. A move restores the background, draws the animated artists and sends one PNG
as <img alt=...> in a core HTML widget: that works on ipywidgets 7.7 (Colab) and 8, and does not flicker.
"""
import base64
import html
import inspect
import io
import math
import os
import pathlib
import threading

import ipywidgets as widgets
import matplotlib
from IPython import get_ipython
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as Raster

SCREEN_DPI, PRINT_DPI = 150, 200          # crisp on dense screens, still a blink

STYLE = matplotlib.rc_params_from_file(pathlib.Path(__file__).with_name("figures") / "style.mplstyle", use_default_template=False)
LOCK = threading.RLock()                  # one for all labs: matplotlib's settings are global, and the learner's own plots keep theirs
shown = []                                # (cell, its run, lab)


def live(compute, figure, /, size=(6.8, 3.8), **controls):
    """Show a lab. controls: name=(low, high[, start]) for a slider, log(low, high, start), True/False for a
    checkbox, [a, b, ...] for a choice, or any widget with a value.
    Set RECORD=1 to store a picture in place of the widgets, for readers without a kernel.
    """
    lab = Lab(compute, figure, size, {name: control(name, spec) for name, spec in controls.items()})
    record = os.environ.get("RECORD")
    if not record:
        replace(lab)
        display(lab.box)                                      # before the first run, so that a training is seen from its first step
    lab.move()
    if lab.error: raise lab.error
    if record:
        width, height = lab.css
        display(Image(lab.print(), width=width, height=height, alt=lab.alt))


def replace(lab):
    """Close what this cell showed when it ran before: open widgets stay in memory, and its training would go on unseen."""
    parent = getattr(get_ipython(), "get_parent", dict)()
    cell, run = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")
    for old in [old for old in shown if cell and old[0] == cell and old[1] != run]:          # Colab does not tell the cell
        shown.remove(old)
        old[2].close()
    shown.extend([(cell, run, lab)] if cell else [])


class log(tuple):
    """log(low, high, start): a slider that moves by factors, for rates."""
    def __new__(cls, low, high, start):
        return super().__new__(cls, (low, high, start))


def control(name, spec):
    """The widget for one setting, from interact's abbreviations."""
    look = dict(description=name.replace("_", " "), style={"description_width": "initial"}, layout=widgets.Layout(width="280px"))
    if isinstance(spec, widgets.Widget): return spec
    if isinstance(spec, bool): return widgets.Checkbox(value=spec, indent=False, **look)
    if isinstance(spec, list): return widgets.ToggleButtons(options=spec, **{**look, "style": {"button_width": "auto"}, "layout": {}})
    if isinstance(spec, tuple) and len(spec) in (2, 3) and not any(isinstance(v, bool) for v in spec):
        low, high, start = spec if len(spec) == 3 else (*spec, spec[0])
        if not low < high or not low <= start <= high or isinstance(spec, log) and low <= 0:
            raise ValueError(f"{name}={spec!r}: expected low < high and a start between them, for log all above 0")
        if isinstance(spec, log):
            return widgets.FloatLogSlider(value=start, min=math.log10(low), max=math.log10(high), step=0.05, **look)
        if all(isinstance(v, int) for v in spec): return widgets.IntSlider(value=start, min=low, max=high, **look)
        step = round_step((high - low) / 100)
        return widgets.FloatSlider(value=start, min=low, max=high, step=step, readout_format=f".{max(2, -math.floor(math.log10(step)))}f", **look)
    raise TypeError(f"{name}={spec!r}: expected (low, high), (low, high, start), log(...), a list, True/False or a widget")


def round_step(least):
    """The next of 1, 2, 5 times a power of ten, so that round starting values lie on the slider's grid."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= least)


class Lab:
    """One figure, its controls, and the newest settings."""

    def __init__(self, compute, figure, size, controls):
        self.compute, self.controls = compute, controls
        with LOCK, matplotlib.rc_context(STYLE):
            self.fig = Figure(figsize=size, dpi=SCREEN_DPI)
            self.draw = figure(self.fig)
            self.canvas = FigureCanvasAgg(self.fig)
            self.canvas.draw()                                # animated artists stay out of this
            self.background = self.canvas.copy_from_bbox(self.fig.bbox)
        layers = sorted(self.fig.findobj(Axes), key=lambda ax: ax.zorder)      # as a full draw: axes by axes, from the ground up
        self.moving = [a for ax in layers for a in sorted(ax.get_children(), key=lambda a: a.zorder) if a.get_animated()]
        self.alt, self.error, self.turn, self.quiet, self.worker = "", None, 0, False, None

        self.image, self.note = widgets.HTML(layout=widgets.Layout(min_height=f"{self.css[1]}px")), widgets.HTML()
        self.stop = widgets.Button(description="Stop", layout=widgets.Layout(display="none", width="80px"))
        self.reset = widgets.Button(description="Reset", layout=widgets.Layout(width="80px"))
        self.stop.on_click(lambda _: self.halt())
        self.start = {name: w.value for name, w in controls.items()}
        self.reset.on_click(lambda _: self.put(**self.start))
        for w in controls.values(): w.observe(self.move, names="value")
        rows = widgets.HBox([*controls.values(), self.reset, self.stop], layout=widgets.Layout(flex_flow="row wrap"))
        self.box = widgets.VBox([rows, self.image, self.note])

    def put(self, **settings):
        """Set several controls as one move."""
        self.quiet = True
        try:
            for name, value in settings.items(): self.controls[name].value = value
        finally:
            self.quiet = False
        self.move(settings)

    def move(self, change=None):
        """Compute and draw the newest settings; what goes wrong is said in the lab, not lost."""
        if self.quiet: return
        turn = self.halt()
        try:
            numbers = self.compute(**{name: w.value for name, w in self.controls.items()})
            if not inspect.isgenerator(numbers):
                self.show(numbers, turn)
            elif change is None:                              # first run: inside the cell, so that Run All is in order
                self.stream(numbers, turn)
            else:
                with LOCK:
                    self.worker = threading.Thread(target=self.stream, args=(numbers, turn, self.worker), daemon=True)
                    self.worker.start()
        except Exception as error: self.fail(error, turn)

    def stream(self, steps, turn, before=None):
        """Draw each result as it comes, until a newer move or Stop; one that is overtaken while it waits never starts."""
        if before: before.join()
        try:
            self.stop.layout.display = ""                     # from now on it keeps its place
            self.running(turn, "visible")
            for numbers in steps if turn == self.turn else ():
                self.show(numbers, turn)
                if turn != self.turn: break
        except Exception as error: self.fail(error, turn)
        finally:                                              # an interrupted kernel too
            steps.close()
            self.running(turn, "hidden")

    def running(self, turn, visibility):
        with LOCK:
            if turn == self.turn: self.stop.layout.visibility = visibility

    def halt(self):
        """What runs ends at its next step and shows nothing more; returns the number of the new turn."""
        with LOCK:
            self.running(self.turn, "hidden")
            self.turn += 1
            return self.turn

    def close(self):
        self.halt()
        for w in self.controls.values(): w.unobserve(self.move, names="value")
        for w in (*self.box.children, self.box, self.stop, self.reset): w.close()       # the controls may be the learner's own

    def show(self, numbers, turn):
        with LOCK, matplotlib.rc_context(STYLE):
            if turn != self.turn: return                      # a newer move was faster
            self.alt = self.draw(**numbers)
            self.canvas.restore_region(self.background)
            for artist in self.moving: self.fig.draw_artist(artist)
            self.error, self.image.value, self.note.value = None, self.tag(), ""

    def fail(self, error, turn):
        with LOCK:
            if turn == self.turn:
                self.error = error
                self.note.value = f'<pre role="alert">{html.escape(type(error).__name__)}: {html.escape(str(error))}</pre>'

    @property
    def css(self):
        """Width and height on the page, in CSS pixels."""
        return tuple(round(inches * 100) for inches in self.fig.get_size_inches())

    def tag(self):
        """<img> of the canvas as it stands."""
        out = io.BytesIO()
        pixels = Raster.frombuffer("RGBA", self.canvas.get_width_height(), self.canvas.buffer_rgba())
        pixels.convert("RGB").save(out, "PNG", compress_level=1)
        data, (width, height) = base64.b64encode(out.getvalue()).decode(), self.css
        return f'<img width="{width}" height="{height}" alt="{html.escape(self.alt)}" src="data:image/png;base64,{data}">'

    def print(self):
        """PNG bytes at the resolution of print; saving draws the animated artists too."""
        out = io.BytesIO()
        with LOCK, matplotlib.rc_context(STYLE):
            self.fig.savefig(out, dpi=PRINT_DPI)
        return out.getvalue()
