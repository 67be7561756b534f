"""The registered hyperparameter sets: data, without TensorFlow."""
