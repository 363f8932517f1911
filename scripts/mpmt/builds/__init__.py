"""Commits, what is built of them, and what a build leaves behind."""
