"""Samples: one schema, one store, one reader per published format."""
