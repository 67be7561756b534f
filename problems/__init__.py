"""The registered problems: which text, which languages, which vocabulary."""
