"""Tests of problems, shards and batches."""
