"""Rows of others: what an entry is, what it must keep to, how it is shown and written."""
