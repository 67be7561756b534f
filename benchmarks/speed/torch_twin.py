"""The teacher in plain PyTorch: pre-norm, one table for everything, the same dropouts and loss.

Needs PyTorch and NumPy alone: another interpreter may run it.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from speed.batches import batches


class Attention(nn.Module):
    """Attention of H heads; queries, keys and values of one source are one projection."""

    def __init__(self, width, heads, dropout, cross):
        super().__init__()
        self.heads, self.dropout, self.cross = heads, dropout, cross
        self.first = nn.Linear(width, width if cross else 3 * width)
        self.second = nn.Linear(width, 2 * width) if cross else None
        self.output = nn.Linear(width, width)

    def forward(self, states, encoded, allowed):
        if self.cross:
            query = self.first(states)
            key, value = self.second(encoded).chunk(2, dim=-1)
        else:
            query, key, value = self.first(states).chunk(3, dim=-1)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (query, key, value)
        )
        dropout = self.dropout if self.training else 0.0
        found = functional.scaled_dot_product_attention(query, key, value, allowed, dropout)
        return self.output(found.transpose(1, 2).flatten(2))


class FeedForward(nn.Sequential):
    """Two dense layers with ReLU and dropout between."""

    def __init__(self, width, inner, dropout):
        super().__init__(
            nn.Linear(width, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, width)
        )


class Layer(nn.Module):
    """x + dropout(sublayer(norm(x))) for every sublayer."""

    def __init__(self, hparams, has_source):
        super().__init__()
        width, heads = hparams["hidden_size"], hparams["num_heads"]
        dropout = hparams["attention_dropout"]
        self.own = Attention(width, heads, dropout, cross=False)
        self.source = Attention(width, heads, dropout, cross=True) if has_source else None
        self.feed_forward = FeedForward(width, hparams["filter_size"], hparams["relu_dropout"])
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-6) for _ in range(2 + has_source))
        self.dropout = nn.Dropout(hparams["layer_prepostprocess_dropout"])

    def forward(self, states, allowed, encoded=None, source_allowed=None):
        states = states + self.dropout(self.own(self.norms[0](states), None, allowed))
        if self.source is not None:
            attended = self.source(self.norms[1](states), encoded, source_allowed)
            states = states + self.dropout(attended)
        return states + self.dropout(self.feed_forward(self.norms[-1](states)))


class Twin(nn.Module):
    """Encoder, decoder and one table for source, target and softmax."""

    def __init__(self, hparams, vocab_size):
        super().__init__()
        self.width = width = hparams["hidden_size"]
        layers = range(hparams["num_hidden_layers"])
        self.table = nn.Embedding(vocab_size, width, padding_idx=0)
        nn.init.normal_(self.table.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(Layer(hparams, has_source=False) for _ in layers)
        self.decoder = nn.ModuleList(Layer(hparams, has_source=True) for _ in layers)
        self.encoder_norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder_norm = nn.LayerNorm(width, eps=1e-6)
        self.dropout = nn.Dropout(hparams["layer_prepostprocess_dropout"])
        self.register_buffer("timing", timing_signal(256, width))

    def forward(self, inputs, targets):
        """Logits float[B, T, V] of every target token from those before it."""
        source_allowed = (inputs != 0)[:, None, None]
        states = self._embedded(self.table(inputs))
        for layer in self.encoder:
            states = layer(states, source_allowed)
        encoded = self.encoder_norm(states)
        length = targets.shape[1]
        allowed = torch.ones(length, length, dtype=torch.bool, device=targets.device).tril()
        states = self._embedded(functional.pad(self.table(targets), (0, 0, 1, 0))[:, :-1])
        for layer in self.decoder:
            states = layer(states, allowed, encoded, source_allowed)
        return functional.linear(self.decoder_norm(states), self.table.weight)

    def _embedded(self, vectors):
        return self.dropout(vectors * math.sqrt(self.width) + self.timing[: vectors.shape[1]])


def timing_signal(length, width):
    """Sines and cosines of wavelengths from 2π to 20,000π: float[length, width]."""
    scales = torch.exp(torch.arange(width // 2) * -(math.log(10_000) / (width // 2 - 1)))
    angles = torch.arange(length)[:, None] * scales
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def learner(hparams, vocab_size, threads):
    """The twin in training; a call trains `steps` steps and returns the last loss.

    Args:
        hparams: a teacher's set, as a dict.
        vocab_size: V.
        threads: of it.
    """
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    twin = Twin(hparams, vocab_size).to(device).train()
    optimizer = torch.optim.Adam(
        twin.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-9, fused=True
    )
    data = [
        tuple(torch.from_numpy(side).long().to(device) for side in pair)
        for pair in batches(vocab_size)
    ]

    def call(case):
        for number in range(case["steps"]):
            inputs, targets = data[number % len(data)]
            logits = twin(inputs, targets)
            loss = functional.cross_entropy(
                logits.flatten(0, 1),
                targets.flatten(),
                ignore_index=0,
                label_smoothing=hparams["label_smoothing"],
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return loss.item()

    return call
