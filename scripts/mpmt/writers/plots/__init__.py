"""A report's views as pictures for papers, by matplotlib: one figure a view, a module for each kind of chart."""
