"""JoeyNMT's Transformer of the teacher's size, trained by its own loss and update.

Needs JoeyNMT, PyTorch and NumPy alone: another interpreter may run it.
"""

from types import SimpleNamespace

import torch
from joeynmt.batch import Batch
from joeynmt.model import build_model
from joeynmt.vocabulary import Vocabulary

from speed.batches import batches

# Its ids; PAD and EOS of the batches are 0 and 1.
_SPECIALS = {"unk": 0, "pad": 1, "bos": 2, "eos": 3}


def learner(hparams, vocab_size, threads):
    """JoeyNMT in training; args and result as `speed.torch_twin.learner`."""
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build_model(_configuration(hparams), *[_vocabulary(vocab_size)] * 2).to(device).train()
    model.loss_function = ("crossentropy", hparams["label_smoothing"])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-9)
    data = [_batch(pair, device) for pair in batches(vocab_size)]

    def call(case):
        for number in range(case["steps"]):
            batch = data[number % len(data)]
            loss, *_ = model(return_type="loss", **vars(batch))
            loss = batch.normalize(loss, normalization="tokens")
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return loss.item()

    return call


def _configuration(hparams):
    side = {
        "type": "transformer",
        "num_layers": hparams["num_hidden_layers"],
        "num_heads": hparams["num_heads"],
        "embeddings": {"embedding_dim": hparams["hidden_size"], "scale": True},
        "hidden_size": hparams["hidden_size"],
        "ff_size": hparams["filter_size"],
        "dropout": hparams["layer_prepostprocess_dropout"],
        "layer_norm": "pre",
    }
    return {"tied_embeddings": True, "tied_softmax": True, "encoder": side, "decoder": dict(side)}


def _vocabulary(size):
    names = {f"{name}_token": f"<{name}>" for name in _SPECIALS}
    ids = {f"{name}_id": id_ for name, id_ in _SPECIALS.items()}
    facts = SimpleNamespace(**names, **ids, sep_token=None, sep_id=None, lang_tags=[])
    return Vocabulary([f"w{id_}" for id_ in range(len(_SPECIALS), size)], facts)


def _batch(pair, device):
    inputs, targets = (_ids(torch.from_numpy(side).long()) for side in pair)
    # It takes BOS off the target by itself, and the last column off what the decoder reads.
    start = torch.full((len(targets), 1), _SPECIALS["bos"])
    return Batch(
        src=inputs,
        src_length=(inputs != _SPECIALS["pad"]).sum(dim=1),
        src_prompt_mask=None,
        trg=torch.cat([start, targets], dim=1),
        trg_prompt_mask=None,
        indices=torch.arange(len(inputs)),
        device=device,
        pad_index=_SPECIALS["pad"],
        eos_index=_SPECIALS["eos"],
    )


def _ids(ids):
    others = ids.clamp(min=len(_SPECIALS))
    ends = torch.where(ids == 1, _SPECIALS["eos"], others)
    return torch.where(ids == 0, _SPECIALS["pad"], ends)
