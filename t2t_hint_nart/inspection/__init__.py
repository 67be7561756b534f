"""Looking inside a model by its probes: one sentence as tokens, numbers, pictures and a page."""
