"""Markdown, formulas, code and what cells print, as HTML that needs nothing from elsewhere."""
import html
import re

import latex2mathml.converter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

GROUP = 'tabindex="0" role="group" aria-label'               # what may scroll sideways can be reached by keys
PAGES = re.compile(r'href="(?![a-z]+:)([^"#]*?)\.(?:ipynb|md)(#[^"]*)?"')


class Prose(IPythonRenderer):
    """Formulas as MathML."""

    def inline_math(self, body):
        return formula(body, "inline")

    def block_math(self, body):
        return f'<div class="formula" {GROUP}="formula">{formula(body, "block")}</div>'


def formula(tex, display):
    """MathML; bars that keep their size, tight slashes, and what runs below max and min."""
    out = latex2mathml.converter.convert(tex, display=display)
    upright = r'<mo stretchy="false" lspace="0" rspace="0">\1</mo>'
    out = re.sub(r"<mo[^>]*>(&#x02016;|&#x0007C;)</mo>", upright, out)
    out = out.replace("<mo>&#x0002F;</mo>", '<mo lspace="0.1em" rspace="0.1em">/</mo>')
    if display == "block":
        out = re.sub(r"<msub>(<mo>(?:max|min)</mo>.*?)</msub>", r"<munder>\1</munder>", out)
    return out


def prose(source):
    """HTML of a cell of markdown: headings with anchors, links to pages, wide things in boxes that scroll."""
    text = MarkdownWithMath(renderer=Prose(escape=False, exclude_anchor_links=True)).render(source)
    text = PAGES.sub(link, text)
    text = re.sub(r"<h([23])>(.*?)</h\1>", heading, text, flags=re.S).replace("<th></th>", "<td></td>")
    text = text.replace('<div class="highlight">', f'<div class="code" {GROUP}="code">')
    text = text.replace("<table>", f'<div class="wide" {GROUP}="table"><table>')
    return text.replace("</table>", "</table></div>")


def link(found):
    """To the page of a file; notebooks/ and what docs/ holds lie side by side in the site."""
    file = re.sub(r"\.\./(?:docs|notebooks)/", "", found[1])
    return f'href="{file}.html{"#" + slug(found[2]) if found[2] else ""}"'


def heading(found):
    level, words = found[1], found[2]
    place = slug(words)
    return (f'<h{level} id="{place}">{words} <a class="anchor" href="#{place}" '
            f'aria-label="link to this part">#</a></h{level}>')


def slug(words):
    return re.sub("[^a-z0-9]+", "-", html.unescape(re.sub("<[^>]*>", "", words)).lower()).strip("-")


def code(source):
    shown = highlight(source, PythonLexer(), HtmlFormatter(cssclass="code"))
    return shown.replace('class="code"', f'class="code" {GROUP}="code"', 1)


def printed(text):
    """What a cell printed: claims with what was measured and verdicts as text that wraps, the rest as is."""
    parts = re.findall(r"(?:^[✓✗…] .*\n?(?:^ .*\n?)*)+|(?:^(?![✓✗…] ).*\n?)+", text.rstrip("\n"), re.M)
    return "".join(told(part) if part[0] in "✓✗…" else as_it_is(part) for part in parts if part)


def as_it_is(text):
    return f'<pre class="out" {GROUP}="output">{html.escape(text)}</pre>' if text.strip() else ""


def told(part):
    """Lines that begin with a mark, each with the lines that belong to it; an empty exercise says nothing."""
    out = []
    for mark, first, rest in re.findall(r"^([✓✗…]) (.*)((?:\n .*)*)", part, re.M):
        rest = re.sub(r"\s+", " ", rest.replace("\n  95 %", "; 95 %")).strip()
        if "Not filled in yet" not in first:
            rest = html.escape(rest)
            more = f"<br><span>{rest}</span>" if mark == "✓" and rest else f" {rest}"
            out.append(f'<p class="told{" no" * (mark == "✗")}">{mark} {html.escape(first)}{more}</p>')
    return "".join(out)
