"""Training: objective, schedule, step, loop, checkpoints and summaries."""
