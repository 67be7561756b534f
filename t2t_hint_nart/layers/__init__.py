"""Building blocks of the Transformer, with tensor2tensor's arithmetic, on any Keras backend."""
