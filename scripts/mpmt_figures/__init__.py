"""Figures of one record, by matplotlib. Each module draws one kind; they read nothing but the record."""
