"""A control for labs that draw at random: a button with a value."""
import ipywidgets as widgets


class Again(widgets.Button, widgets.ValueWidget):
    """A button whose value counts: 1 at first, one more at each press, after `most` 1 again; `live` takes it as a control.

        live(compute, figure, again=Again("Resample", 200))          # compute(again=1), then 2, ...

    Raises ValueError for a most below 2.
    """

    def __init__(self, description, most):
        if not isinstance(most, int) or most < 2:
            raise ValueError(f"most={most!r}: expected a whole number, at least 2")
        super().__init__(description=description, layout=widgets.Layout(width="auto"))
        self.value, self.min, self.max = 1, 1, most              # as a slider's, so that tests know its ends
        self.on_click(self.press)

    def press(self, _=None):
        self.value = self.value % self.max + 1
