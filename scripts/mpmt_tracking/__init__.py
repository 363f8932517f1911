"""The parts of scripts/track.py: paired comparisons of two programs, and histories of stored records."""
