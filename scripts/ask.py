#!/usr/bin/env python3
"""`mpmt ask` without a build."""

from mpmt.entrance import enter

if __name__ == "__main__":
    enter("mpmt.commands.ask", "ask")
