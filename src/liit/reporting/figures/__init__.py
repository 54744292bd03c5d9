"""Figures of a table's report."""
