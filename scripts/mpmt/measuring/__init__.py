"""Comparisons of programs: asked of `mpmt run` and `mpmt judge`, and told as rows and exit codes."""
