"""Figures of records, one module a kind."""
