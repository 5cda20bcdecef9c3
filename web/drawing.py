"""A picture as SVG: what never changes once; what moves in pieces, so that the states of a lab share them."""
import html
import io
import re
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

POINTS = 72                             # SVG's unit: an inch has 72
FAR = 20                                # points: a marker beyond the edge by more is left out


class Drawing:
    """One Picture as SVG. salt: what its ids begin with, so that pictures of one page do not meet.

    ground: all that is not animated.
    """

    def __init__(self, picture, salt):
        self.picture, self.salt, self.pen = picture, salt, Pen(picture.css, salt)
        with self.styled():
            picture.fig.set_dpi(POINTS)
            for image in picture.fig.findobj(AxesImage):
                image.set_interpolation("none")                       # 28 x 28 pixels stay so many
            for text in picture.fig.findobj(Text):
                if text.get_path_effects():                           # these make outlines of letters
                    text.set_path_effects(None)
                    text.set_gid("halo")                              # page.css draws it
        self.ground = self.drawn(picture.fig)

    @contextmanager
    def styled(self):
        settings = {"svg.fonttype": "none", "svg.hashsalt": self.salt, "image.interpolation": "none"}
        with self.picture.styled(), matplotlib.rc_context(settings):
            yield

    def drawn(self, artist):
        with self.styled():
            return self.pen.drawn(artist)

    def pieces(self):
        """[SVG of each moving artist as it stands now, ..., the alt text]."""
        return [*map(self.drawn, self.picture.moving), self.picture.alt]

    def svg(self, pieces):
        """The whole, with these moving pieces."""
        width, height = self.picture.css
        moving = "".join(f"<g>{piece}</g>" for piece in pieces[:-1])
        with self.styled():
            shared = self.pen.defs()
        box = f'width="{width}" height="{height}" viewBox="0 0 {self.pen.width:g} {self.pen.height:g}"'
        return (f'<svg class="picture" role="img" aria-label="{html.escape(pieces[-1])}" {box}>{shared}'
                f'{self.ground}<g class="moving">{moving}</g></svg>')


class Pen(RendererSVG):
    """Draws single artists as strings; what they share (markers, glyphs, clips) is kept apart."""

    def __init__(self, css, salt):
        self.out, self.salt = io.StringIO(), salt
        self.shared, self.merged, self.digits, self.halos = {}, None, 1, []
        super().__init__(*(POINTS / 100 * pixels for pixels in css), self.out)

    def drawn(self, artist):
        self.out.seek(0)
        self.out.truncate()
        artist.draw(self)
        return self.tidy(self.out.getvalue())

    def defs(self):
        """<defs> of all that was drawn so far."""
        self.out.seek(0)
        self.out.truncate()
        self._write_clips()
        self._write_hatches()
        self.tidy(self.out.getvalue())
        return f"<defs>{''.join(self.shared)}</defs>"

    def tidy(self, svg):
        """Without comments, the one font's name and long numbers; its defs are kept apart."""
        svg = re.sub(r"<!--.*?-->|font-family: 'DejaVu Sans';? ?| transform=\"rotate\(-0[^\"]*\"", "",
                     svg.replace("xlink:href", "href"), flags=re.S)
        svg = re.sub(r"\s+", " ", svg).replace("> <", "><").strip()
        svg = re.sub(r' (?:x|y)="-?\d+\.\d+"|translate\([^)]*\)',
                     lambda m: re.sub(r"(\.\d)\d+", r"\1", m.group()), svg)
        self.shared.update(dict.fromkeys(re.findall(r"<defs>(.*?)</defs>", svg)))
        return re.sub(r"<defs>.*?</defs>", "", svg)

    # ---- what RendererSVG calls

    def open_group(self, s, gid=None):
        """Ids would repeat; of all groups only a halo is kept."""
        self.halos.append(gid == "halo")
        if self.halos[-1]:
            self.writer.start("g", attrib={"class": "halo"})

    def close_group(self, s):
        if self.halos.pop():
            self.writer.end("g")

    def _adjust_glyph_repr(self, name):
        return f"{self.salt}-{super()._adjust_glyph_repr(name)}"

    def _convert_path(self, path, transform=None, clip=None, simplify=None, sketch=None):
        clip = (0.0, 0.0, self.width, self.height) if clip else None
        text = matplotlib._path.convert_to_string(path, transform, clip, simplify, sketch, self.digits,
                                                  [b"M", b"L", b"Q", b"C", b"z"], False).decode()
        return steps(text) if self.digits == 1 else text.replace("\n", "")

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        """Formulas as outlines, as their fonts are not the page's; words as words."""
        write = self._draw_text_as_path if ismath else self._draw_text_as_text
        write(gc, x, y, s, prop, angle, ismath, mtext)

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        """One path whose corners carry the marker, as many <use> are long and slow; one marker a spot."""
        if len(path.vertices) == 1:                           # a collection of one shape, another each time
            there = marker_trans + Affine2D().translate(*trans.transform(path.vertices)[0])
            return self.draw_path(gc, marker_path, there, rgbFace)
        self.digits = 2
        shape = self._convert_path(marker_path, marker_trans + Affine2D().scale(1, -1), simplify=False)
        self.digits = 1
        look = self._get_style(gc, rgbFace)
        name = self._make_id("m", (shape, look))
        self.shared[f'<marker id="{name}" markerUnits="userSpaceOnUse" style="overflow:visible">'
                    f'<path d="{shape}" style="{look}"/></marker>'] = None
        spots = self._make_flip_transform(trans).transform(path.vertices)
        near = (spots > -FAR) & (spots < (self.width + FAR, self.height + FAR))
        spots = spots[np.isfinite(spots).all(1) & near.all(1)]
        if len(spots):
            d = "M" + "L".join(dict.fromkeys(f"{x:.1f} {y:.1f}" for x, y in spots))
            style = f"fill:none;marker:url(#{name})"
            self.writer.element("path", d=d, style=style, **self._get_clip_attrs(gc))

    def draw_path_collection(self, *args, **more):
        """Shapes of one look as one path."""
        self.merged = {}
        RendererBase.draw_path_collection(self, *args, **more)
        for (style, *clip), ds in self.merged.items():
            self.writer.element("path", d=side_by_side(ds), style=style, **dict(clip))
        self.merged = None

    def draw_path(self, gc, path, transform, rgbFace=None):
        if self.merged is None:
            return super().draw_path(gc, path, transform, rgbFace)
        d = self._convert_path(path, self._make_flip_transform(transform), simplify=False)
        look = self._get_style(gc, rgbFace), *self._get_clip_attrs(gc).items()
        self.merged.setdefault(look, []).append(d)


def steps(text):
    """A path of lines as steps from point to point, which pack to half the size; curves as they are."""
    parts = re.findall(r"M[^M]*", text)
    return "".join(re.sub(r"\s+", " ", part) if re.search("[CQ]", part) else in_steps(part) for part in parts)


CORNERS = 6                             # of a shape that is drawn like the last one


def side_by_side(ds):
    """Closed shapes as one path, each begun by a step from the last; of nearly the same corners as the last
    it gets the very same, which packs to a fifth. Nothing drifts. Others as they are."""
    found = [re.fullmatch(r"M(\S+) (\S+)l([-\d. ]+)z", d) for d in ds]
    if not all(found):
        return "".join(ds)
    out, before, last = [], (0, 0), []
    for match in found:
        here = round(10 * float(match[1])), round(10 * float(match[2]))
        corners = [*map(float, match[3].split())]
        if not (len(corners) == len(last) <= 2 * CORNERS and np.abs(np.subtract(corners, last)).max() < 0.15):
            last = corners
        step = " ".join(f"{(a - b) / 10:g}" for a, b in zip(here, before))
        out.append(f"{'m' if out else 'M'}{step}l{' '.join(f'{c:g}' for c in last)}z")
        before = here
    return "".join(out)


def in_steps(part):
    """Rounded to a tenth where they stand, not step by step, so that nothing drifts."""
    found = re.findall(r"(-?[\d.]+) (-?[\d.]+)", part)
    points = [(round(10 * float(x)), round(10 * float(y))) for x, y in found]
    moves = [f"{(c - a) / 10:g} {(d - b) / 10:g}" for (a, b), (c, d) in zip(points, points[1:])
             if (a, b) != (c, d) or len(points) == 2]
    begin = f"M{points[0][0] / 10:g} {points[0][1] / 10:g}"
    return begin + ("l" + " ".join(moves) if moves else "") + ("z" if "z" in part else "")
