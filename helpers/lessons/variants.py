"""Notebook 09: which numbers share one coin: dropout's variants for units, weights, maps and sequences."""
import torch
from torch.nn import functional as F

from ..checks.coins import alike, factor, following, values, whose_coins
from ..checks.exercises import Exercise
from ..checks.predict import Question

coins = Question(
    "nn.Dropout2d gets maps of shape (4, 8, 5, 5): four images, eight channels, 5 × 5 pixels. How many coins "
    "does it toss?",
    {"800, one for each number": "That is nn.Dropout. The 2d says that a map, the 5 × 5 pixels of one "
         "channel, falls or stays as a whole.",
     "200, one for each channel and pixel":
         "The wrong way round: the pixels of a map share one coin, and the images do not.",
     "32, one for each map": "Four images times eight channels: all 25 pixels of a map share one.",
     "8, one for each channel":
         "Then the four images would share their coins. Each image meets a thinned net of its own."},
    "32, one for each map")

neighbours = Question(
    "A pixel of a digit is to be guessed from its four neighbours, by the best linear formula. How much of "
    "the variance of the pixel does that explain (R²)?",
    {"0.1":
         "That would be noise. Strokes are several pixels wide: what a pixel is, its neighbours mostly are.",
     "0.5": "More: a stroke is several pixels wide, and most of the rest is empty.",
     "0.9": "Strokes are several pixels wide and grey at the edge. A pixel that is dropped alone is hardly "
         "missed."},
    "0.9")

gru = Question(
    "nn.GRU(input_size=8, hidden_size=16, num_layers=1, dropout=0.5), in train mode, gets a sequence. What "
    "is dropped?",
    {"half of the state, at each step": "So the name suggests. But torch drops only what one layer hands to "
         "the next, and here there is no next.",
     "half of the inputs":
         "The inputs are never dropped: only what one layer hands to the next, and here there is no next.",
     "nothing": "It drops what one layer hands to the next, after all layers but the last. One layer has no "
         "next, and torch warns."},
    "nothing")

beaten = Question(
    "This net is trained with dropout, Dropout2d or DropBlock on its maps, twelve seeds each. Which of the "
    "two others surely beats dropout here?",
    {"Dropout2d and DropBlock":
         "So the neighbours of a pixel made one expect. On these small maps it does not show.",
     "DropBlock alone": "So the papers would make one expect, with larger nets and images. On these small "
         "maps it does not show.",
     "neither": "The lower ends of both intervals lie below 0. That does not make the three equal."},
    "neither")

untouched = Question(
    "A memory of a recurrent net, a number that it carries from step to step, is to be kept for 28 steps. At "
    "each step a fresh mask with p = 0.2 falls on all memories. The chance that this one is never hit:",
    {"0.8": "That is one step, or one mask for the whole sequence.",
     "0.2": "That is the chance to be hit at one step. It has to be missed 28 times.",
     "0.002": "0.8 · 0.8 · … · 0.8, 28 times. What has to last must not be tossed for at each step."},
    "0.002")


def together(factor, chosen):
    """factor (draws, ...), by what each draw multiplies each number -> (...) the correlation of each number's
    factor with that of the one at `chosen`, nan for a number whose factor never changes."""
    off = factor - factor.mean(0)
    mine = off[(slice(None), *chosen)].view(-1, *[1] * len(chosen))
    return (off * mine).mean(0) / (off.square().mean(0) * mine.square().mean()).sqrt()


def _alike(at, *names):
    return set(at.names) == set(names) and at.first.equal(at.second)


alike_goals = {
    "make Dropout and Dropout2d alike": lambda at: _alike(at, "Dropout", "Dropout2d"),
    "make DropBlock and Dropout alike, on maps of 7 × 7":
        lambda at: at.side == 7 and _alike(at, "DropBlock", "Dropout"),
    "make DropBlock and Dropout2d alike, on maps of 7 × 7":
        lambda at: at.side == 7 and _alike(at, "DropBlock", "Dropout2d"),
}


def _together(at, above=0.99): return int((at.together > above).sum())


gallery_goals = {
    "a variant where ten numbers share one coin: which ten?": lambda at: _together(at) == 10,
    "a variant that sets nothing to 0": lambda at: (at.factor != 0).all(),
    "a variant where others often fall along, but none always":
        lambda at: _together(at) == 1 and _together(at, 0.25) > 5,
}

second_goals = {
    "a variant where all numbers of an image share one coin: how many?":
        lambda at: _together(at) == at.h[0].numel() > 50,
    "a variant where most numbers never fall": lambda at: at.together.isnan().double().mean() > 0.5,
    "Cutout: a square so large that more than 60 others often fall along":
        lambda at: at.variant == "Cutout" and _together(at, 0.25) > 61,
}


def dropping_maps(h, p, training=True, keeps=False, fixed_share=False, normal=False, pixels=False,
                  images=False, places=False, batch=False, same_again=False, mask_only=False,
                  no_rescale=False, by_p=False, fixed_factor=False, share_kept=False, in_eval=False):
    """h (N, C, H, W) -> the same, each map (n, c) dropped with chance p, the others divided by 1 - p."""
    if not training and not in_eval:
        return h
    N, C, H, W = h.shape
    shape = (h.shape if pixels else (N, 1, 1, 1) if images else (N, 1, H, W) if places
             else (1, C, 1, 1) if batch else (N, C, 1, 1))
    kept = p if keeps else 0.5 if fixed_share else 1 - p
    generator = torch.Generator().manual_seed(0) if same_again else None
    mask = ((torch.randn if normal else torch.rand)(shape, generator=generator) < kept).double()
    share = p if keeps else 1 - p
    scale = 1 if no_rescale else 0.5 if fixed_factor else mask.mean() if share_kept else (
        1 - share if by_p else share)
    return (torch.ones_like(h) if mask_only else h) * mask / scale


def spatial_dropout_solution(h, p, training=True):
    if not training:
        return h
    if p == 1:
        return 0 * h                                      # nothing is kept: 0, not 0 / 0
    keep = torch.rand(h.shape[0], h.shape[1], 1, 1) >= p  # (N, C, 1, 1)  one coin a map
    return h * keep / (1 - p)                             # spread over the map's pixels


def _at(f, p):
    """What is seen at this rate; h has no zeros."""
    h = (1 + torch.rand(28, 24, 2, 3)) * (torch.rand(28, 24, 2, 3) - 0.5).sign()
    outs = torch.stack([f(h, p, True) for _ in range(20)])  # (calls, N, C, H, W)
    share, coins = whose_coins(outs == 0)
    return share, *coins, factor(outs, h), values(f(h, p, False) / h)


def _watched(f):
    share, calls, images, channels, rows, columns, times, calm = zip(*[_at(f, p) for p in (0.2, 0.6)])
    return {"share of the numbers that falls at p = 0.2 and 0.6": following(share),
            "factor on what is kept": following(times),
            "coins of the pixels of a map": (alike(rows), alike(columns)),
            "coins of the channels": alike(channels), "coins of the images": alike(images),
            "coins of the calls": alike(calls), "factor in eval mode": alike(calm)}


spatial_dropout = Exercise(dropping_maps, observe=_watched, mistakes={
    "pixels": "Each pixel has a coin of its own: that is nn.Dropout. Which axes of h share a coin?",
    "batch": "The images of a batch share their coins. Each image meets a thinned net of its own: the coins "
        "need the axis N.",
    "images": "All channels of an image share one coin, so whole images vanish. The coins need the axis C.",
    "places": "A place falls in all channels at once. It is the map, all places of one channel, that shares "
        "a coin.",
    "keeps": "It keeps with chance p. As in torch, p is the chance to drop.",
    "fixed_share": "The same share falls whatever p is: compare the coins with p, not with a number.",
    "normal": "The coins are from a bell curve, randn: below 1 - p lies another share of it. `torch.rand` "
        "lies evenly between 0 and 1.",
    "same_again":
        "Each call drops the same maps. Do not set a seed inside: the coins are tossed anew each time.",
    "mask_only": "What comes out is the mask: multiply h by it.",
    "no_rescale": "What is kept has to be divided by 1 - p, so that the mean stays.",
    "by_p": "What is kept is divided by p: divide by the chance to be kept, 1 - p.",
    "fixed_factor": "What is kept is multiplied by the same factor whatever p is: it is 1 / (1 - p).",
    "share_kept": "It divides by the share that this draw has kept, so the factor varies: divide by 1 - p.",
    "in_eval": "It drops in eval mode, too.",
}, hints=[
    "How many coins are there for h of shape (N, C, H, W)? Which axes do they have?",
    "torch.rand(N, C, 1, 1) has one number for each map; an axis of size 1 is stretched over H or W when it "
        "multiplies h.",
    "keep = torch.rand(N, C, 1, 1) >= p; then divide what is kept by 1 - p, and leave h alone unless "
        "training.",
], solution=spatial_dropout_solution, why="The formula is dropout's own. Only the shape of the coins says "
    "what falls together.")


def masks():
    """{letter: factors (3, 2, 6, 6)} of six variants with p = 0.4, three samples each.
    RNNDrop's tile: units down, time to the right."""
    g = torch.Generator().manual_seed(21)
    def toss(*shape): return ((torch.rand(*shape, generator=g) >= 0.4) / 0.6).expand(3, 2, 6, 6)
    hit = F.max_pool2d(F.pad((torch.rand(3, 2, 4, 4, generator=g) < 0.09).float(), [2] * 4), 3, stride=1)
    noise = (1 + (0.4 / 0.6) ** 0.5 * torch.randn(3, 2, 6, 6, generator=g)).clamp(min=0.02)
    return dict(A=(1 - hit) / 0.6, B=toss(3, 2, 6, 1), C=toss(1, 2, 6, 6), D=toss(3, 2, 6, 6), E=noise,
                F=toss(3, 2, 1, 1))


def naming(letter, batch=False, maps=False, blocks=False, time=False, noise=False):
    """The variant that drew the mask of this letter; a switch exchanges two."""
    drew = dict(_DREW)
    for on, (one, other) in (batch, "CD"), (maps, "DF"), (blocks, "AF"), (time, "BF"), (noise, "DE"):
        if on:
            drew[one], drew[other] = drew[other], drew[one]
    return drew[letter]


def which_variant_solution(letter):
    return dict(A="DropBlock", B="RNNDrop", C="one mask for the batch", D="Dropout", E="Gaussian",
                F="Dropout2d")[letter]


_DREW = {letter: which_variant_solution(letter) for letter in "ABCDEF"}


def _named(f):
    """What f says of each letter; a right name is not repeated, so that the checker does not tell it."""
    said = {letter: " ".join(str(f(letter)).lower().split()) for letter in _DREW}
    return {f"picture {letter}": "its variant" if said[letter] == right.lower() else said[letter]
            for letter, right in _DREW.items()}


which_variant = Exercise(naming, observe=_named, mistakes={
    "batch": "Two are exchanged: Dropout and the mask for the batch. Look from sample to sample: in one of "
        "the pictures all three columns are the same.",
    "maps": "Two are exchanged: Dropout and Dropout2d. In one of them whole tiles are gone.",
    "blocks": "Two are exchanged: DropBlock and Dropout2d. Does a whole tile fall, or a square within it?",
    "time":
        "Two are exchanged: RNNDrop and Dropout2d. A row of a tile is one unit over time; a tile is one map.",
    "noise": "Two are exchanged: Dropout and Gaussian. One of them has two shades only, the other many.",
}, hints=[
    "Ask of each picture: what always falls together? A square, a row, a block, a tile? And is it the same "
        "in the three samples?",
    "One picture has no zeros. In one, the three columns are equal.",
    "What is left falls as single squares, as rows, as blocks of 3 × 3 or as whole tiles.",
], solution=which_variant_solution, why="Of a mask one sees what shares a coin: nothing but itself (D), the "
    "map (F), a block (A), all steps of a unit (B), all samples (C). In E no coin is tossed: every number "
    "gets noise.")
