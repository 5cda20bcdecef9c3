"""Notebook 06: why BatchNorm works, as far as it can be measured: what its proponents and critics predict."""
from itertools import pairwise

import torch
from torch.func import vmap
from torch.nn.functional import cosine_similarity

from ..checks.exercises import Exercise, Verdicts
from ..checks.predict import Question
from ..experiments.training import cross_entropy

compound = Question(
    "Twenty layers whose weights keep the numbers at one size from layer to layer. Now all weights are made "
    "15 % smaller. The numbers of the last layer become",
    {"15 % smaller": "That is what one layer does. The next layer starts from the smaller numbers and "
         "shrinks them again.",
     "about 4 times smaller": "That adds 20 times 15 % up to 300 %. What is lost in a layer is a share of "
         "what is left: the factors multiply.",
     "about 26 times smaller": "Each layer leaves 0.85 of what it gets, and 0.85 to the power 20 is 1/26.",
     "zero": "A number of this kind shrinks to 10⁻³⁸ before float32 makes it 0. That takes some 500 layers."},
    "about 26 times smaller")

deep_gradient = Question(
    "Fifty untrained layers, each of weights, BatchNorm (sd 1) and ReLU. A gradient arrives at the last "
    "layer. At the first layer it is",
    {"about as large as at the last": "BatchNorm sets the size of the numbers on their way forward. "
         "Nothing sets the size of the gradient on its way back.",
     "over 10,000 times smaller": "Sigmoids without BatchNorm do that: their slope is 1/4 at most. "
         "ReLU has slope 1 for half of the numbers.",
     "about 60 times larger": "That is the growth of a layer, 1.22, added up 49 times. It multiplies.",
     "over 10,000 times larger": "ReLU keeps half of the gradient's mean square. The next BatchNorm "
         "divides by the variance of ReLU's output, 0.34. So the mean square grows by 0.5 / 0.34 = 1.47 a "
         "layer, and the size by its root, 1.21."},
    "over 10,000 times larger")

larger_weights = Question(
    "After 200 steps, the plain net has an accuracy of about 0.67, with BatchNorm about 0.85. "
    "With larger initial weights, the accuracy of the plain net is about",
    {"0.50": "Weights that are too large can do that. But torch's initial weights are small: the outputs "
         "shrink from layer to layer.",
     "0.67": "You expect that the initial weights matter only for the first steps. But small outputs mean "
         "small gradients, and the first steps take long.",
     "0.75": "Then about half of the 18 points would come from what BatchNorm does later in training. "
         "Here the right size at the start gives most of them.",
     "0.84": "With larger initial weights the outputs keep their size from layer to layer. In this net "
         "that gives most of what BatchNorm adds."},
    "0.84")

shaken_layers = Question(
    "The plain net has an accuracy of about 0.67, with BatchNorm about 0.85: 18 points more. We add noise "
    "after each BatchNorm, so the means are no longer steady. The noise lowers the accuracy",
    {"by 0 to 4 points": "The means move, but the net learns nearly as well as without the noise.",
     "by 5 to 9 points": "Then the steady mean would give up to half of what BatchNorm adds. "
         "Here it gives far less.",
     "by 10 to 18 points": "Then the steady mean would give most of what BatchNorm adds. "
         "Here the means move, and nearly all of the 18 points stay.",
     "by more than 18 points": "You expect that noise does other harm, too. But all images of a batch get "
         "the same noise, so the noise does not confuse one image with another."},
    "by 0 to 4 points")

ten_times = Question(
    "The weights in front of BatchNorm are multiplied by 10. BatchNorm's output stays the same. "
    "The length of the weights' gradient becomes",
    {"ten times larger": "So it would be of a layer whose output grows with its weights.",
     "the same": "The output is the same. But to change it by as much, weights ten times larger have to move "
         "ten times as far.",
     "a tenth": "The loss falls by the same amount over ten times the distance: a tenth of the slope.",
     "a hundredth": "One factor of ten comes from the longer way. There is no second one, as the loss falls "
         "by the same amount."},
    "a tenth")

length_over_time = Question(
    "Training with BatchNorm by SGD, without momentum and without weight decay. "
    "The length (norm) of the weights in front of BatchNorm",
    {"shrinks": "Nothing pulls them in: the loss does not change along them.",
     "stays the same": "The loss does not see the length. But a step at a right angle ends further out.",
     "grows": "The step is at right angles to the weights, so by Pythagoras each step adds its own square.",
     "depends on the data": "The data decide on the direction only."},
    "grows")

more_decay = Question(
    "Two nets with BatchNorm train at the same learning rate. The second net has four times the weight "
    "decay. After many steps, we measure the angle by which a step turns the weights in front of "
    "BatchNorm. Compared with the first net, the angle in the second net is",
    {"smaller":
         "Decay makes these weights shorter. Shorter weights have a larger gradient, and so a step turns "
         "shorter weights more.",
     "the same": "The output does not depend on the length of these weights. The angle of a step does.",
     "twice as large": "Steps make the weights longer, decay makes them shorter. With four times the decay, "
         "the two balance at a shorter length. There the angle is twice as large: two is the root of four.",
     "four times as large": "The angle does grow. But shorter weights also get larger steps, and larger "
         "steps make the weights longer. So the balance is reached sooner, at twice the angle."},
    "twice as large")


# The lab of two weights

_around = torch.arange(64) * 2 * torch.pi / 64
on_a_circle = 2 ** 0.5 * torch.stack([_around.cos(), _around.sin()], 1)  # (64, 2) inputs of variance 1
best = torch.tensor([0.88, 0.48])  # (2,) weights with the lowest loss


# Goals of the labs

def _plain_relu(at):
    return (at.layers, at.activation, at.norm) == (20, "ReLU", "none")


def _ratios(at):
    return float(at.forward[-1] / at.forward[0]), float(at.backward[0] / at.backward[-1])


depth_goals = {
    "20 ReLU layers, no norm: a gain at which the activations keep their spread within a factor of 3":
        lambda at: _plain_relu(at) and 1 / 3 < _ratios(at)[0] < 3,
    "the same net, a gain at most a fifth away from that one: ten times too large or too small at the end":
        lambda at: _plain_relu(at) and 1.19 < at.gain < 1.79 and not 0.1 < _ratios(at)[0] < 10,
    "BatchNorm: a gain of at most 0.6, or at least 2.9, "
    "at which the activations of 50 layers keep their spread":
        lambda at: at.norm == "BatchNorm" and at.layers == 50 and not 0.6 < at.gain < 2.9
            and 1 / 3 < _ratios(at)[0] < 3,
    "BatchNorm and ReLU: a depth at which the gradient grows or shrinks more than 90-fold":
        lambda at: at.norm == "BatchNorm" and at.activation == "ReLU" and not 1 / 90 < _ratios(at)[1] < 90,
}


def _turned(at, length):
    after = at.w - at.rate * at.gradient
    angle = torch.acos((after @ at.w / after.norm() / at.w.norm()).clamp(-1, 1))
    return at.length == length and 16 <= torch.rad2deg(angle) <= 19


turn_goals = {
    "length 1: a rate that turns the weights by an angle of 16° to 19°": lambda at: _turned(at, 1),
    "length 2: a rate for the same angle": lambda at: _turned(at, 2),
    "length 0.5: a rate for the same angle": lambda at: _turned(at, 0.5),
}


# Exercise: what the scale of the weights does to a step

def scaling(w, gradient, a, rate, same_gradient=False, larger_gradient=False, square_gradient=False,
        same_rate=False, smaller_rate=False, once_rate=False, unchanged=False, along=False,
        not_squared=False, half_squared=False, shrinks=False, without_rate=False, from_there=False,
        rate_once=False, step_alone=False, length_once=False, once_smaller=False, length_there=False,
        twice=False):
    """w, gradient (D,), factor a, rate -> at a * w gradient, rate for the same turn; |w|² after a step."""
    there = gradient * a ** (0 if same_gradient else 1 if larger_gradient else -2 if square_gradient else -1)
    fitting = rate * a ** (0 if same_rate else -1 if once_smaller else -2 if smaller_rate
                           else 1 if once_rate else 2)
    length, step = w.norm(), gradient.norm() * (1 if without_rate else rate)
    if from_there:
        length, step = a * length, step / a
    grown = (0 if unchanged else 2 * length * step + step ** 2 if along else step if not_squared
             else rate * step if half_squared else step ** 2 / rate if rate_once
             else 2 * step ** 2 / rate if twice else -step ** 2 if shrinks else step ** 2)
    before = 0 if step_alone else length if length_once else (a * length if length_there else length) ** 2
    return there, fitting, before + grown


def scale_invariance_solution(w, gradient, a, rate):
    there = gradient / a     # (D,) the same fall of the loss over the distance times a
    fitting = rate * a ** 2  # the gradient is divided by a, the length multiplied by a
    # Pythagoras: gradient and w are at right angles
    after = w @ w + rate ** 2 * gradient @ gradient
    return there, fitting, after


scale_invariance = Exercise(scaling, names=("gradient", "rate", "squared length"), probes=[
    (*torch.tensor([[3.0, 4.0], [-0.8, 0.6]]), 10.0, 0.5),
    (*torch.tensor([[0.0, 2.0, -2.0], [2.0, 1.0, 1.0]]), 0.5, 0.3)], mistakes=dict(
    same_gradient="Your gradient at a * w is the gradient at w. In the table, the gradient at 2w is half as "
        "long. How long is the gradient at a * w?",
    larger_gradient="The gradient grows with the factor a here. That holds for a layer whose output grows "
        "with its weights. In front of BatchNorm the gradient shrinks.",
    square_gradient="1/a² is too much for the gradient: that is how the angle of a step changes. The "
        "gradient itself changes by 1/a.",
    same_rate="The rate is taken to be the same. But at a * w the gradient is smaller by the factor a, and "
        "the weights are longer by this factor. So for a > 1 the same rate turns them less.",
    smaller_rate="The rate is divided where it has to be multiplied: "
        "at a * w, for a > 1, the same rate turns the weights less, not more.",
    once_smaller="The rate is divided by a. At a * w the same rate turns the weights less: it has to grow.",
    once_rate="The rate has one factor a, and needs two: the gradient is smaller by the factor a, and the "
        "weights to be turned are longer by this factor.",
    unchanged="The length is taken to stay, since the loss does not see it. "
        "But a step at a right angle leads off the circle.",
    along="Step and weights are added as if they had one direction. They are at right angles: "
        "their squares add (Pythagoras).",
    shrinks="The square of the step is taken off. The sides of a right angle add to the square of the "
        "longest side: it grows.",
    not_squared="The length of the step is added to a square: square it too.",
    half_squared="The rate is squared and the gradient is not: square all of the step.",
    rate_once="The gradient is squared and the rate is not: square all of the step.",
    step_alone="That is the squared length of the step. Asked for is that of the weights after it.",
    length_there="The weights' length is that at a * w, the step that at w. Asked for is a step from w.",
    twice="Twice the rate times the gradient's square: the step's square is added, rate² times that.",
    length_once="The weights' length is not squared, the step is: the squares add (Pythagoras).",
    without_rate="The step is rate * gradient, not the gradient alone.",
    from_there="This is the squared length after a step from a * w. Asked for is a step from w.",
), hints=[
    "The loss at a * w equals the loss at w. Take the derivative of both sides by w.",
    "The chain rule gives the gradient at a * w, times the factor a, on the left. "
        "The angle of a step is about rate * |gradient| / |w|.",
    "The gradient has no part along w, as the loss does not change there. "
        "So |w - rate * gradient|² is the sum of two squares.",
], solution=scale_invariance_solution, why="All three follow from one fact: the loss sees the direction of w "
    "alone. rate / |w|² is what counts: the effective learning rate.")


# Exercises: evidence, and six statements

def _words(right, switches):
    """The right words for a, b, ...; a switch that is on, "b_for", puts in another for its case."""
    others = dict(name.split("_") for name, on in switches.items() if on)
    return tuple((dict(zip("abcdef", right.split())) | others).values())


def weighing(a_against=False, a_neither=False, b_for=False, b_neither=False, c_against=False, c_neither=False,
        d_for=False, d_neither=False, e_for=False, e_against=False, f_for=False, f_against=False):
    """Does it speak for or against 'BatchNorm works because it stops the drift', or neither? Six findings."""
    return _words("for against for against neither neither", locals())


def evidence_solution():
    a = "for"      # less drift and better learning go together, as predicted
    b = "against"  # the means move again, and the lead stays
    c = "for"      # as predicted; weak, since the noise may do harm in another way
    d = "against"  # more drift than in the plain net, and yet it learns better
    e = "neither"  # about smoothness: drift is not in it
    f = "neither"  # about the length of the weights: drift is not in it
    return a, b, c, d, e, f


evidence = Verdicts(weighing, probes=[()], names=[*"abcdef"], also={}, mistakes=dict(
    a_against="a: the explanation predicts that less drift and better learning go together. "
        "They do. That proves no cause, but it is for it.",
    a_neither="a: the explanation predicts that less drift and better learning go together, and here they "
        "do. That counts, though it proves no cause.",
    b_for="b: the means moved again and the lead stayed. The explanation predicts that the lead goes.",
    b_neither="b: this is the direct test: the drift was put back. "
        "Would the explanation have predicted that the lead stays?",
    c_against="c: with ten layers the noise did harm. The explanation predicts harm.",
    c_neither="c: the noise may do harm in another way, so this is weak evidence. "
        "But you would expect the harm more if the explanation were true.",
    d_for="d: its means move more than those of the plain net, and it learns better. "
        "The explanation predicts that it learns worse.",
    d_neither="d: drift was measured here, and it is larger than in the plain net. "
        "What would the explanation have predicted for the accuracy?",
    e_for="e: it weakens another explanation, smoothness. It does not make drift more likely.",
    e_against="e: it is about smoothness. Nothing in it says how much the means move.",
    f_for="f: that the gradient shrinks with the weights follows from the division by the sd, drift or not.",
    f_against="f: it is another effect of BatchNorm. Both could be at work, so it is not against drift.",
), hints=[
    "What would the explanation have predicted in this experiment, before it was made? Did it happen?",
    "Where drift was neither changed nor measured, the finding is neither for nor against it.",
    "Weak evidence is evidence: 'for' needs no proof, only that you would expect the finding more.",
], solution=evidence_solution, why="None of the six proves a cause. The strongest is b: the supposed cause "
    "was put back, and the effect stayed, in a net of two layers.")


def judging(a_disputed=False, a_false=False, b_measured=False, b_false=False, c_disputed=False,
        c_measured=False, d_disputed=False, d_false=False, e_disputed=False, e_measured=False,
        f_measured=False, f_false=False):
    """Six statements: measured, disputed or false."""
    return _words("measured disputed false measured false disputed", locals())


def verdicts_solution():
    a = "measured"  # to rounding; it also follows in one line
    b = "disputed"  # Ioffe & Szegedy 2015 for, Santurkar et al. 2018 against; our nets are small
    c = "false"     # at rate 0.01 the range is larger with BatchNorm
    d = "measured"  # over the seeds; van Laarhoven 2017
    e = "false"     # the function does not change with their length
    f = "disputed"  # Luo et al. 2018 for; our test with 1,000 images shows no sign of it
    return a, b, c, d, e, f


verdicts = Verdicts(judging, probes=[()], names=[*"abcdef"], also={}, mistakes=dict(
    a_disputed="a: nobody disputes it: it follows from the formula in one line, and it was measured here.",
    a_false="a: the output is the same, the slope is not: ten times the distance for the same fall.",
    b_measured="b: what was measured is a net of two layers and one of ten. It says nothing sure of large "
        "networks.",
    b_false="b: our nets are small. That the drift could be put back in one of them settles nothing for "
        "large networks. Ioffe and Szegedy (2015) are for it, Santurkar et al. (2018) against.",
    c_disputed="c: one counterexample settles an 'at every rate': look at rate 0.01.",
    c_measured="c: at rate 0.1 it is so. At rate 0.01 the range is larger with BatchNorm, so 'at every rate' "
        "fails.",
    d_disputed="d: it follows from Pythagoras, and it was measured over the seeds.",
    d_false="d: the loss does not pull them out. But each step is at a right angle and ends further out.",
    e_disputed="e: it is true of layers without BatchNorm. In front of BatchNorm the function does not "
        "change with the length, so shorter weights make no simpler function.",
    e_measured="e: what was measured is the angle of a step. The function does not change at all when these "
        "weights shrink, except through eps.",
    f_measured="f: in our test with 1,000 images the lead shrank as training went on. That is no sign of a "
        "regularizer.",
    f_false="f: our small test does not settle it: Ioffe and Szegedy (2015) could leave dropout out, and Luo "
        "et al. (2018) derive a penalty from the noise.",
), hints=[
    "'Measured' needs an experiment here or in the core, or a line of algebra, that settles it.",
    "'False' needs one counterexample: look at 'at every rate' and at 'simpler'.",
    "What nets is each statement about? What our nets cannot settle is disputed.",
], solution=verdicts_solution, why="What is measured holds for these nets and digits. A disputed "
    "statement may be true: careful people differ on it.")


# Plumbing of the core: what is seen during a training

def lengths_and_angles(runs, name):
    """Length (..., T) of the weights `name` after each step, and the angle (..., T - 1) of each step but the
    first, in degrees; all the weights of a net are one vector, and runs stops after each step."""
    found = []
    for run in runs:
        found.append(run.nets.params[name].flatten(1).clone())  # (K, C * D)
    cosine = torch.stack([cosine_similarity(w, after) for w, after in pairwise(found)], 1)  # (K, T - 1)
    length = torch.stack([w.norm(dim=1) for w in found], 1)
    shape = *run.loss.shape[:-1], -1
    return length.view(shape), cosine.clamp(max=1).acos().rad2deg().view(shape)


def largest_error(angle, predicted):
    """angle (3, K, T), predicted (3, 1) -> (K,): relative error of the mean angle of the last 50 steps, the
    larger one of the two decays."""
    late = angle[1:, :, -50:].mean(2)  # (2, K)
    return (late / predicted[1:] - 1).abs().amax(0)


# Plumbing of Deeper: the loss along a line

def loss_and_gradient(nets, weights, x, y):
    """Losses (K,) and gradients {name: (K, ...)} of K nets at these weights {name: (K, ...)}, in train mode.

    The nets stay as they are. Random layers draw the same noise at each call with these x and y.
    """
    torch.manual_seed(int(y.sum()))
    buffers = {name: b.clone() for name, b in nets.buffers.items()}
    weights = {name: w.detach().requires_grad_() for name, w in weights.items()}

    def one(weights, buffers):
        return cross_entropy(nets.one(weights, buffers, x), y)
    losses = vmap(one, randomness="different")(weights, buffers)
    gradients = torch.autograd.grad(losses.sum(), [*weights.values()])
    return losses.detach(), dict(zip(weights, gradients))
