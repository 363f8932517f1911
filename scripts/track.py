#!/usr/bin/env python3
"""Compares commits, follows histories: see `track.py --help`."""

from mpmt.entrance import enter

if __name__ == "__main__":
    enter("mpmt.commands.track", "track")
