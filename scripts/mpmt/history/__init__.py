"""Stored records in the order of commits, and where their level changed."""
