"""TFDS builders of the problems whose text TFDS itself does not offer."""
