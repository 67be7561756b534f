"""Exported SavedModels: what they say about themselves and how they are called."""
