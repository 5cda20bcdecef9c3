"""The nets of the notebooks, by norm. Each call builds a new one, initialized from torch's stream."""
import torch
from torch import nn


def mlp(norm=None, widths=(784, 48, 24, 10), activation=nn.ReLU):
    """Linear, norm, activation, once per hidden layer; then Linear, without softmax: (N, ...) -> (N, widths[-1]) logits.

    widths: inputs (an image is flattened), hidden units, outputs. norm: called with a layer's width, such as nn.BatchNorm1d, or None.
    The default is S0's MyNet, with nn.BatchNorm1d MyNetBN ("Batch Normalization and Dropout in Neural Networks with Pytorch").
    Raises ValueError for fewer than two widths.
    """
    if len(widths) < 2:
        raise ValueError(f"widths={widths!r}: expected at least the number of inputs and of outputs, e.g. (784, 48, 10)")
    layers = [nn.Flatten()]
    for inputs, units in zip(widths[:-2], widths[1:-1]):
        layers.append(nn.Linear(inputs, units))
        if norm: layers.append(norm(units))
        layers.append(activation())
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def sigmoid_net(norm=None):
    """784-100-100-100-10 with sigmoids, weights from a small Gaussian: (N, ...) -> (N, 10) logits.

    Ioffe & Szegedy 2015, section 4.1: trained there on batches of 60. The paper says "small random Gaussian values"; sd 0.01 here, biases 0.
    """
    net = mlp(norm, widths=(784, 100, 100, 100, 10), activation=nn.Sigmoid)
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    return net


@torch.no_grad()
def scaled(net, factor):
    """Multiply every weight matrix and kernel of the net by factor, in place; return the net. Biases, gamma and beta stay."""
    for p in net.parameters():
        if p.dim() > 1: p *= factor
    return net


class Dropout(nn.Module):
    """nn.Dropout with its p (the probability to drop) in a buffer, so that nets with different p train at once by fit_many.

    Raises ValueError unless p lies in 0..1.
    """

    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p={p!r}: expected a probability to drop, from 0 to 1")
        self.register_buffer("p", torch.tensor(float(p)))

    def forward(self, x):
        if not self.training: return x
        kept = torch.rand_like(x) >= self.p
        return x * kept / (1 - self.p).clamp(min=1e-12)        # at p = 1 all are dropped: 0 / 1e-12
