"""The products of matrices that one pass of a student consists of."""


def shapes(hparams, vocab_size, length):
    """Shapes of both factors of every product, source and translation being equally long.

    Attention's own are among them, and the queries and keys of positional attention, which depend
    on the length alone, are not.

    Args:
        hparams: a student's set.
        vocab_size: V.
        length: tokens, EOS among them.
    """
    width, inner, heads = hparams.hidden_size, hparams.filter_size, hparams.num_heads
    layers = hparams.num_hidden_layers
    encoder = hparams.num_encoder_layers or layers
    decoder = hparams.num_decoder_layers or layers
    size = width // heads

    def dense(units, depth=width):
        return ((length, depth), (depth, units))

    attention = [
        ((heads, length, size), (heads, size, length)),
        ((heads, length, length), (heads, length, size)),
    ]
    feed_forward = [dense(inner), dense(width, inner)]
    own = [dense(3 * width), *attention, dense(width)]
    positional = [dense(width), attention[1], dense(width)] if hparams.positional_attention else []
    cross = [dense(width), dense(2 * width), *attention, dense(width)]
    return [
        *(own + feed_forward) * encoder,
        *(own + positional + cross + feed_forward) * decoder,
        dense(vocab_size),
    ]
