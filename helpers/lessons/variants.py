"""Notebook 09: what is dropped together: dropout's variants for units, weights, feature maps, sequences."""
from inspect import Parameter, signature

import torch
from torch import nn
from torch.nn import functional as F

from ..checks.coins import alike, factor, following, values, whose_coins
from ..checks.exercises import Exercise
from ..checks.predict import Question
from ..experiments.training import fit_many, last

coins = Question(
    "nn.Dropout2d gets a tensor of shape (4, 8, 5, 5): four images, eight channels, 5 × 5 pixels. How many "
    "times does it decide by chance whether to drop or to keep?",
    {"800": "That is nn.Dropout: one decision for each number. The 2d says that the 5 × 5 pixels of one "
         "channel of an image are dropped or kept together.",
     "200": "That would be one decision for each channel and pixel, the same in all four images. But each "
         "image has its own decisions, and 25 pixels share one of them.",
     "32": "Four images times eight channels: the 5 × 5 pixels of a channel of an image share a decision.",
     "8": "Then a channel would be dropped in all four images at once. Each image has its own decisions."},
    "32")

decides = Question(
    "This net learns with each of three variants, with p = 0.3 and with p = 0.5. Dropout drops single "
    "numbers, DropBlock and Dropout2d drop areas. Compare mean accuracies: which choice gains most?",
    {"areas instead of single numbers":
         "Neighbouring pixels are alike, so this seems plausible, and papers report it for larger images. On "
         "these maps of 7 × 7 it does not show.",
     "single numbers instead of areas":
         "At p = 0.3, the mean gain of Dropout is about 2.5 points above that of Dropout2d, and about equal "
         "to that of DropBlock. The two p differ by about 5.5 points.",
     "p = 0.3 instead of p = 0.5":
         "At p = 0.3, all three gain several points. At p = 0.5, no gain is shown: all intervals hold 0.",
     "p = 0.5 instead of p = 0.3":
         "More noise makes wrong labels harder to fit, but right labels too. With p = 0.5, so much of the "
         "map is gone that the gain is gone, too."},
    "p = 0.3 instead of p = 0.5")

twenty = Question(
    "For each of twenty variants you measure a gain, independently, with a 95 % interval. In truth none of "
    "the variants changes anything. How likely is it that at least one interval excludes 0?",
    {"5 %": "That is the chance for one interval. Here are twenty, and each of them has that chance.",
     "36 %": "0.95 to the power of 20 is 36 %: the chance that all twenty intervals contain 0.",
     "64 %": "All twenty contain 0 with a chance of 0.95²⁰ = 36 %. Otherwise at least one excludes it.",
     "100 %": "Twenty times 5 % makes one interval on average. In some races it is two or three, in others "
         "none."},
    "64 %")

gru = Question(
    "nn.GRU(8, 16, dropout=0.5), with 8 inputs and a state of 16 numbers, gets a sequence in train mode. "
    "What is dropped?",
    {"half of the state, at each step": "The name of the argument suggests this. But torch never touches "
         "what a layer hands to its own next step.",
     "half of the inputs, at each step":
         "Inputs of the first layer are never dropped. Only what one layer hands to the layer above is.",
     "half of the outputs, at each step": "A layer's output is dropped only on its way to a layer above. The "
         "output of the last layer is never dropped.",
     "nothing, at any step": "The argument drops what a layer hands to the layer above. As built, this net "
         "has one layer (num_layers=1) and none above, and torch prints a warning."},
    "nothing, at any step")

untouched = Question(
    "One unit in the state of a recurrent net has the value 1. At each of 28 steps torch's dropout with "
    "p = 0.2 is applied to this value. By chance the value is never dropped. What is it at the end?",
    {"1": "On average the value stays 1. But a value that is kept is also divided by 0.8, at each step.",
     "8": "The first step adds 0.25, and 28 times 0.25 is 7. But a step multiplies what is there by 1.25, so "
         "later steps add more.",
     "35": "28 times 1.25 is 35. But factors of 28 steps are multiplied, not added.",
     "517": "Each step divides by 0.8: 1 / 0.8²⁸ = 517. The chance of this is 1 in 517, so the mean is 1."},
    "517")

neighbours = Question(
    "A pixel of a digit is to be guessed from its four neighbours, by the best linear formula. How much of "
    "the variance of the pixel does that explain (R²)?",
    {"0.1":
         "This would be noise, in which neighbours say nothing of each other. A digit consists of strokes.",
     "0.5": "More: a stroke is several pixels wide, and most of the rest is empty.",
     "0.9": "Strokes are several pixels wide and grey at the edge, so neighbours are alike."},
    "0.9")


def small(x):
    """(N, 1, 28, 28) -> (N, 1, 14, 14)"""
    return F.avg_pool2d(x, 2)


def wrong_labels(split, seeds):
    """400 images that each seed draws, (S, 400, 1, 14, 14), and labels (S, 400), about 30 % of them wrong."""
    x, y = [], []
    for seed in seeds:
        draws = torch.Generator().manual_seed(500_000 + seed)
        rows = torch.randperm(len(split.y), generator=draws)[:400]
        wrong = torch.rand(400, generator=draws) < 0.3
        shift = torch.randint(1, 10, (400,), generator=draws)  # leads to another label
        x.append(small(split.x[rows]))
        y.append((split.y[rows] + shift * wrong) % 10)
    return torch.stack(x), torch.stack(y)


class Drop(nn.Module):
    """Applies f(h, p), a variant of dropout, in train mode only."""
    def __init__(self, f, p):
        super().__init__()
        self.f, self.p = f, p

    def forward(self, h): return self.f(h, self.p) if self.training else h


def train(make, f, p, data, steps):
    """Nets make(f, p) after so many steps, one for each seed; each has its own images and labels."""
    own = len(data[1])
    return last(fit_many(lambda: make(f, p), data, 0.05, steps=steps, batch=32, momentum=0.9, seeds=own,
                         own_data=True)).nets


def drop_block(h, p, block, draws=None):
    """h (N, C, H, H): squares of block x block are dropped, about a share p; Deeper's top explains it."""
    H = h.shape[-1]
    places = H - block + 1
    gamma = p * H ** 2 / (block * places) ** 2
    start = torch.rand(*h.shape[:2], places, places, generator=draws) < gamma
    mask = 1 - F.max_pool2d(F.pad(start.float(), [block - 1] * 4), block, stride=1)
    return h * mask * mask.numel() / mask.sum()


def together(factor, chosen):
    """factor (draws, ...), by what each draw multiplies each number -> (...) the correlation of each number's
    factor with that of the one at `chosen`, nan for a number whose factor never changes."""
    off = factor - factor.mean(0)
    mine = off[(slice(None), *chosen)].view(-1, *[1] * len(chosen))
    return (off * mine).mean(0) / (off.square().mean(0) * mine.square().mean()).sqrt()


alike_goals = {
    "maps of 7 × 7: a block at which DropBlock drops the same numbers as Dropout":
        lambda at: at.side == 7 and _same(at.dropout, at.dropblock),
    "maps of 7 × 7: a block at which DropBlock drops the same numbers as Dropout2d":
        lambda at: at.side == 7 and _same(at.dropout2d, at.dropblock),
    "settings at which all three drop the same numbers":
        lambda at: _same(at.dropout, at.dropblock) and _same(at.dropout2d, at.dropblock),
    "p at most 0.4: a draw in which Dropout2d drops both maps of an image (a column)":
        lambda at: 0 < at.p < 0.41 and (at.dropout2d == 0).flatten(1).all(1).any(),
}


def _same(one, other): return (one == 0).equal(other == 0) and (one == 0).any()


def _together(at, above=0.99): return int((at.together > above).sum())


gallery_goals = {
    "a variant where ten numbers are dropped together: which ten?": lambda at: _together(at) == 10,
    "a variant that sets nothing to 0": lambda at: (at.factor != 0).all(),
    "a variant where others often change with ◆, but none always":
        lambda at: _together(at) == 1 and _together(at, 0.25) > 5,
    "a variant where all numbers of an image are dropped together: how many?":
        lambda at: _together(at) == at.h[0].numel() > 50,
    "a variant where most numbers never change": lambda at: at.together.isnan().double().mean() > 0.5,
}


def dropping_maps(h, p, training=True, keeps=False, fixed_share=False, normal=False, pixels=False,
                  images=False, places=False, batch=False, same_again=False, mask_only=False,
                  no_rescale=False, by_p=False, fixed_factor=False, share_kept=False, in_eval=False,
                  mask_keeps=False, rows=False, columns=False, times=False, eval_scaled=False,
                  eval_zero=False, nothing=False):
    """h (N, C, H, W) -> the same, each map (n, c) dropped with chance p, the others divided by 1 - p."""
    if nothing or not training and not in_eval:
        return h if nothing else 0 * h if eval_zero else h * (1 - p) if eval_scaled else h
    N, C, H, W = h.shape
    shape = (h.shape if pixels else (N, 1, 1, 1) if images else (N, 1, H, W) if places
             else (1, C, 1, 1) if batch else (N, C, H, 1) if rows else (N, C, 1, W) if columns
             else (N, C, 1, 1))
    kept = p if keeps or mask_keeps else 0.5 if fixed_share else 1 - p
    generator = torch.Generator().manual_seed(0) if same_again else None
    mask = ((torch.randn if normal else torch.rand)(shape, generator=generator) < kept).double()
    share = p if keeps else 1 - p
    scale = 1 if no_rescale else 0.5 if fixed_factor else mask.mean() if share_kept else (
        1 - share if by_p else 1 / share if times else share)
    return (torch.ones_like(h) if mask_only else h) * mask / scale


def spatial_dropout_solution(h, p, training=True):
    if not training:
        return h
    if p == 1:
        return 0 * h                                      # nothing is kept: 0, not 0 / 0
    keep = torch.rand(h.shape[0], h.shape[1], 1, 1) >= p  # (N, C, 1, 1)  one entry for each feature map
    return h * keep / (1 - p)                             # broadcast over H and W


def _at(f, p):
    """What is seen at this rate; h has no zeros."""
    h = (1 + torch.rand(28, 24, 2, 3)) * (torch.rand(28, 24, 2, 3) - 0.5).sign()
    outs = torch.stack([f(h, p, True) for _ in range(20)])  # (calls, N, C, H, W)
    share, coins = whose_coins(outs == 0)
    return share, *coins, factor(outs, h), values(f(h, p, False) / h)


def _watched(f):
    share, calls, images, channels, rows, columns, times, calm = zip(*[_at(f, p) for p in (0.2, 0.6)])
    return {"the fraction it drops at p = 0.2 and 0.6": following(share),
            "by what it multiplies kept numbers": following(times),
            "whether pixels of a map share mask entries": (alike(rows), alike(columns)),
            "whether two channels share mask entries": alike(channels),
            "whether two images share mask entries": alike(images),
            "whether two calls share mask entries": alike(calls),
            "by what it multiplies in eval mode": alike(calm)}


spatial_dropout = Exercise(dropping_maps, observe=_watched, mistakes={
    "pixels": "Each pixel has a mask entry of its own: that is nn.Dropout. Along which axes should the "
        "numbers share an entry?",
    "batch": "The images of a batch share a mask. Each image should pass its own thinned net: the mask needs "
        "the axis N.",
    "images": "All channels of an image share one entry, so whole images vanish. The mask needs the axis C.",
    "places": "A pixel is dropped in all channels at once. The pixels of one channel should share an entry, "
        "not the channels of one pixel.",
    "rows": "Each row of pixels has a mask entry of its own. All pixels of a map share one: an axis H "
        "too many.",
    "columns": "Each column of pixels has a mask entry of its own. All pixels of a map share one: an axis W "
        "too many.",
    "mask_keeps": "It keeps with probability p, though the factor is right: p is the probability to drop.",
    "keeps": "It keeps with probability p. As in torch, p is the probability to drop.",
    "fixed_share": "The same share is dropped whatever p is: compare the random numbers with p.",
    "normal": "The random numbers are from a bell curve, randn: another share of them lies below 1 - p. "
        "`torch.rand` lies evenly between 0 and 1.",
    "same_again": "Each call drops the same maps. Do not set a seed inside: every call draws a new mask.",
    "mask_only": "What comes out is the mask: multiply h by it.",
    "no_rescale": "What is kept has to be divided by 1 - p, so that the mean stays.",
    "by_p": "What is kept is divided by p: divide by the probability to be kept, 1 - p.",
    "fixed_factor": "What is kept is multiplied by the same factor whatever p is: it is 1 / (1 - p).",
    "share_kept": "It divides by the share that this draw has kept, so the factor varies: divide by 1 - p.",
    "nothing": "Nothing is dropped: h comes back as it was.",
    "eval_zero": "In eval mode all is 0. There nothing is dropped: give back h.",
    "times": "What is kept is multiplied by 1 - p, which makes it smaller still: divide.",
    "eval_scaled": "It scales twice: up in training, and down in eval mode. One is enough; torch does the "
        "first.",
    "in_eval": "It drops in eval mode, too.",
}, hints=[
    "How many independent entries does the mask have, for h of shape (N, C, H, W)? Along which axes?",
    "torch.rand(N, C, 1, 1) has one number for each feature map. Multiplied with h, an axis of size 1 is "
        "broadcast over H or W.",
    "keep = torch.rand(N, C, 1, 1) >= p; then divide what is kept by 1 - p, and leave h alone unless "
        "training.",
], solution=spatial_dropout_solution, why="The formula is that of dropout. Only the shape of the mask says "
    "what is dropped together.")


def masks():
    """{letter: factors (3, 2, 6, 6)} of six variants with p = 0.4, three samples each.
    RNNDrop's tile: units down, time to the right."""
    g = torch.Generator().manual_seed(21)
    def toss(*shape): return ((torch.rand(*shape, generator=g) >= 0.4) / 0.6).expand(3, 2, 6, 6)
    hit = F.max_pool2d(F.pad((torch.rand(3, 2, 4, 4, generator=g) < 0.09).float(), [2] * 4), 3, stride=1)
    noise = (1 + (0.4 / 0.6) ** 0.5 * torch.randn(3, 2, 6, 6, generator=g)).clamp(min=0.02)
    return dict(A=(1 - hit) / 0.6, B=toss(3, 2, 6, 1), C=toss(1, 2, 6, 6), D=toss(3, 2, 6, 6), E=noise,
                F=toss(3, 2, 1, 1))


def naming(letter, batch=False, maps=False, blocks=False, time=False, noise=False, **taken):
    """The variant that drew the mask of this letter; a switch exchanges two, or takes one for another."""
    for switch, (picture, variant) in _TAKEN.items():
        if picture == letter and taken.get(switch):
            return variant
    drew = dict(_DREW)
    for on, (one, other) in (batch, "CD"), (maps, "DF"), (blocks, "AF"), (time, "BF"), (noise, "DE"):
        if on:
            drew[one], drew[other] = drew[other], drew[one]
    return drew[letter]


def which_variant_solution(letter):
    return dict(A="DropBlock", B="RNNDrop", C="one mask for the batch", D="Dropout", E="Gaussian",
                F="Dropout2d")[letter]


_DREW = {letter: which_variant_solution(letter) for letter in "ABCDEF"}
_SEEN = {"DropBlock": "that drops squares of 3 × 3 within a tile",
         "RNNDrop": "that drops whole rows of a tile, one unit at all times",
         "one mask for the batch": "then all three samples would be the same",
         "Dropout": "that drops single numbers, in no pattern and anew in each sample",
         "Gaussian": "that sets nothing to 0, and has many shades", "Dropout2d": "that drops whole tiles"}
_TAKEN = {f"{letter}_{variant.replace(' ', '_')}": (letter, variant)
          for letter, right in _DREW.items() for variant in _SEEN if variant != right}
naming.__signature__ = signature(naming).replace(parameters=[
    *[*signature(naming).parameters.values()][:-1],
    *[Parameter(switch, Parameter.KEYWORD_ONLY, default=False) for switch in _TAKEN]])


def _named(f):
    """What f says of each letter; a right name is not repeated, so that the checker does not tell it."""
    said = {letter: " ".join(str(f(letter)).lower().split()) for letter in _DREW}
    return {f"picture {letter}": "its variant" if said[letter] == right.lower() else said[letter]
            for letter, right in _DREW.items()}


which_variant = Exercise(naming, observe=_named, mistakes={
    "batch": "Two are exchanged: Dropout and one mask for the batch. Look from sample to sample: in one of "
        "the pictures all three columns are the same.",
    "maps": "Two are exchanged: Dropout and Dropout2d. In one of them whole tiles are gone.",
    "blocks": "Two are exchanged: DropBlock and Dropout2d. Is a whole tile dropped, or a square within it?",
    "time":
        "Two are exchanged: RNNDrop and Dropout2d. A row of a tile is one unit over time; a tile is one map.",
    "noise": "Two are exchanged: Dropout and Gaussian. One of them has two shades only, the other many.",
    **{switch: f"{letter} is not {variant}: {_SEEN[variant]}."
       for switch, (letter, variant) in _TAKEN.items()},
}, hints=[
    "Ask of each picture: what is always dropped together? A square, a row, a block, a tile? And is it the "
        "same in the three samples?",
    "One picture has no zeros. In one, the three columns are equal.",
    "The rest drops single squares, rows, blocks of 3 × 3 or whole tiles.",
], solution=which_variant_solution, why="A mask shows what is dropped together: single numbers (D), a "
    "feature map (F), a block (A), all steps of a unit (B), the same numbers in all samples (C). In E every "
    "number gets its own noise.")
