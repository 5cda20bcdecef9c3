"""The page of a notebook that is read without a kernel: pictures and text in place of widgets (RECORD=1)."""
import base64
import html

from IPython.display import HTML, display

from .markup import details
from .screen import palette, printed


class Stored:
    """Each lab as its opening picture with its goals as a list, each question with its answer folded."""

    def lab(self, lab, place=None):
        lab.open()
        if lab.goals:
            goals = "".join(f"<li>{html.escape(text)}</li>" for text in lab.goals)
            display(HTML(f"<p><b>Find:</b></p><ul>{goals}</ul>"))
        self.still(lab.picture)

    def still(self, picture):
        """A PNG with its alt text beside it."""
        width, height = picture.css
        data = {"image/png": base64.b64encode(palette(printed(picture))).decode(), "text/plain": picture.alt}
        display(data, metadata={"image/png": dict(width=width, height=height, alt=picture.alt)}, raw=True)

    def question(self, question):
        display(HTML(asked(question)))

    def hints(self, folds):
        display(HTML(details(folds)))


def asked(question):
    """HTML of the question, its options, and the answer with all reasons folded."""
    options = "".join(f"<li>{html.escape(option)}</li>" for option in question.options)
    reasons = "".join(f"<li>{html.escape(option)}: {html.escape(reason)}</li>"
                      for option, reason in question.options.items())
    return (f"<p><b>Predict.</b> {html.escape(question.text)}</p><ul>{options}</ul>"
            f"<details><summary>Answer</summary><p>It is: {html.escape(question.answer)}.</p>"
            f"<ul>{reasons}</ul></details>")
