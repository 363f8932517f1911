#!/usr/bin/env python3
"""Draws mpmt's records: see `plot.py --help`."""

from mpmt.entrance import enter

if __name__ == "__main__":
    enter("mpmt.commands.plot", "plot")
