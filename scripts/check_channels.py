#!/usr/bin/env python3
"""Prints what must hold of the channels."""

from mpmt.entrance import enter

if __name__ == "__main__":
    enter("mpmt.checks.channels", "track")
