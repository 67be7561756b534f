"""What `benchmarks/speed.py` measures, and how: engines in processes of their own, in turn."""
