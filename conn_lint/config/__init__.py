"""Finds, validates and merges what the user set, and runs the engine on each project with it."""
