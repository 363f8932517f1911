#!/usr/bin/env python3
"""`mpmt track` without a build."""

from mpmt.entrance import enter

if __name__ == "__main__":
    enter("mpmt.commands.track", "track")
