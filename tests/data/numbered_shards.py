"""Shards whose sentences tell their number."""

from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.shards import write_records
from t2t_hint_nart.hparam import HParams


def hparams(**values):
    defaults = {
        "batch_size": 32,
        "max_length": 16,
        "min_length": 0,
        "min_length_bucket": 4,
        "length_bucket_step": 2.0,
        "max_input_seq_length": 0,
        "max_target_seq_length": 0,
        "eval_drop_long_sequences": False,
    }
    return HParams(**{**defaults, **values})


def sentence(number, length):
    """Ids that tell which sentence it is; EOS last."""
    return [number + 2] * (length - 1) + [1]


def write(tmp_path, lengths, shards=3):
    files = [str(tmp_path / f"{shard}") for shard in range(shards)]
    records = [
        example_bytes({"inputs": sentence(n, source), "targets": sentence(n, target)})
        for n, (source, target) in enumerate(lengths)
    ]
    for shard, file in enumerate(files):
        write_records(records[shard::shards], file)
    return files
