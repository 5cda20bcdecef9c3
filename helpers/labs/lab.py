"""What a lab is: settings, a compute that makes numbers of them, a picture of these, and what is to be found.

It knows no widgets. Who shows it sets `view`, which is told what changed: "settings", "picture", "goals" or
"run".
"""
import inspect
import threading
from types import SimpleNamespace

from .controls import rounded
from .picture import LOCK, Picture


def seen(numbers, settings):
    """What a goal's test sees: numbers and settings as attributes; a number hides no setting."""
    return SimpleNamespace(**{**numbers, **settings})


class Lab:
    """compute(**settings) -> numbers, or a training that yields them; the newest settings win.

    controls: {name: Control}. settings: the newest, {name: value}; start: those it opens with.
    goals: {text: test}; found: {goal: where}. error: what the newest settings raised, or None.
    run: of a training "running", "done" or "stopped", "" before there was one; progress: 0 to 1, or None.
    Raises TypeError for goals that are no such dict, and what Picture raises.
    """

    def __init__(self, compute, figure, size, goals, controls):
        if not isinstance(goals, dict) or not all(map(callable, goals.values())):
            raise TypeError(f"goals={goals!r}: expected {{text: test}}, tests of what is seen at a setting")
        self.compute, self.goals, self.controls = compute, goals, controls
        self.picture = Picture(figure, size)
        self.start = {name: control.start for name, control in controls.items()}
        self.settings = dict(self.start)
        self.left, self.found = False, {}  # left: has the learner moved?
        self.error, self.run, self.progress = None, "", None
        self.turn, self.worker, self.view = 0, None, lambda what: None

    @property
    def trains(self):
        """Whether it is a training, as far as can be told before it runs."""
        return inspect.isgeneratorfunction(self.compute)

    def open(self):
        """The first run, inside the cell, so that Run All is in order. Raises what it raises."""
        self.move(threaded=False)
        if self.error:
            raise self.error

    def put(self, **settings):
        """Set several controls as one move, as a program does: the view is told."""
        with LOCK:
            self.settings.update(settings)
            self.view("settings")
        self.move(**settings)

    def reset(self):
        self.put(**self.start)

    def move(self, threaded=True, **settings):
        """Take these settings, compute, draw, judge; a training in a thread. An error is kept and shown."""
        with LOCK:
            self.settings.update({name: rounded(value) for name, value in settings.items()})
            turn, now = self.halt(), dict(self.settings)
            self.left = self.left or now != self.start
        try:
            numbers = self.compute(**now)
            if not inspect.isgenerator(numbers):
                self.rest(turn)
                self.show(numbers, turn)
                self.judge(now, numbers, turn)
            elif threaded:
                with LOCK:
                    work = numbers, turn, now, self.worker
                    self.worker = threading.Thread(target=self.stream, args=work, daemon=True)
                    self.worker.start()
            else:
                self.stream(numbers, turn, now)
        except Exception as error:
            self.rest(turn)
            self.fail(error, turn)

    def stream(self, steps, turn, settings, before=None):
        """Draw each result as it comes, until a newer move or Stop; one overtaken in waiting never starts."""
        try:
            self.begin(turn)
            if before:
                before.join()
            numbers = None
            for numbers in steps if turn == self.turn else ():
                self.show(numbers, turn)
                if turn != self.turn:
                    return
            if numbers is None:
                raise ValueError("compute yielded nothing: expected at least one dict of the numbers to draw")
            self.judge(settings, numbers, turn)
            self.now(turn, "done")
        except Exception as error:
            self.fail(error, turn)
        finally:  # an interrupted kernel too
            steps.close()
            self.rest(turn)

    def halt(self):
        """What runs ends at its next step and shows nothing more; returns the number of the new turn."""
        with LOCK:
            self.turn += 1
            return self.turn

    def stop(self):
        """The learner's Stop."""
        self.rest(self.halt())

    def rest(self, turn):
        """Nothing runs any more; if something did, it was stopped."""
        if self.run == "running":
            self.now(turn, "stopped")

    def begin(self, turn):
        """A training starts."""
        with LOCK:
            if turn == self.turn:
                self.progress = None if self.progress is None else 0.0
                self.now(turn, "running")

    def now(self, turn, run):
        """Running, done or stopped, unless a newer move was faster."""
        with LOCK:
            if turn == self.turn:
                self.run = run
                self.view("run")

    def show(self, numbers, turn):
        """Draw the numbers, unless a newer move was faster."""
        with LOCK:
            if turn != self.turn:
                return
            if isinstance(numbers, dict) and "progress" in numbers:
                numbers = {**numbers}
                self.progress = min(max(float(numbers.pop("progress")), 0.0), 1.0)
                self.now(turn, "running")
            self.picture.put(numbers)
            self.error = None
            self.view("picture")

    def fail(self, error, turn):
        """Keep what went wrong: the picture is no longer that of the settings."""
        with LOCK:
            if turn == self.turn:
                self.error = error
                self.view("picture")

    def judge(self, settings, numbers, turn):
        """Tick the goals that are met; the opening picture answers none."""
        at = seen(numbers or {}, settings)
        met = [text for text, test in self.goals.items() if text not in self.found and test(at)]
        with LOCK:
            if turn != self.turn or not self.left or not met:
                return
            self.found.update(dict.fromkeys(met, self.place(settings)))
            self.view("goals")

    def place(self, settings):
        """The settings in words; those that stand as they opened go without saying, unless all do."""
        moved = [name for name in settings if settings[name] != self.start[name]] or settings
        return ", ".join(f"{name} = {self.controls[name].words(settings[name])}" for name in moved)
