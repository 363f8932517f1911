#!/usr/bin/env python3
"""Prints whether parked neighbours matter."""

from mpmt.entrance import enter

if __name__ == "__main__":
    enter("mpmt.checks.neighbours", "track")
