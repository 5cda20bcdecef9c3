"""HTML that every page of a notebook shows alike."""
import base64
import html


def image(picture, data, alt=None):
    """<img> of PNG bytes; it shrinks with the page, and has its place before it is loaded."""
    width, height = picture.css
    alt = html.escape(picture.alt if alt is None else alt)
    shrinks = "max-width:100%;height:auto;display:block"
    return (f'<img width="{width}" height="{height}" style="{shrinks}" decoding="sync" alt="{alt}" '
            f'src="data:image/png;base64,{base64.b64encode(data).decode()}">')


def details(folds):
    """HTML of [(summary, words, code)], each unfolding inside the one before."""
    inner = ""
    for summary, words, code in reversed(folds):
        code = f"<pre><code>{html.escape(code)}</code></pre>" if code else ""
        inner = f"<details><summary>{summary}</summary>{code}<p>{html.escape(words)}</p>{inner}</details>"
    return inner
