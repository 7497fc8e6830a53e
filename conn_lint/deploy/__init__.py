"""Reads from a project's files how it is run: which programs, in how many processes, on what servers."""
