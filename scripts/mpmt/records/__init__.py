"""Records, and other programs' results: read, checked, laid out as tables, stored."""
