"""Scalars out of TensorBoard's event files."""

from collections import defaultdict

import tensorflow as tf


def read_scalars(directory):
    """{tag: {step: value}} of the event files in a directory itself."""
    scalars = defaultdict(dict)
    for path in sorted(directory.glob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                if value.tensor.tensor_shape.dim:
                    continue
                scalars[value.tag][event.step] = float(tf.make_ndarray(value.tensor))
    return dict(scalars)
