"""Frozen data that the layers hand to each other; it imports nothing of the project."""
