"""Per-sample measurements of a pool under θ_{t-1}: exactly the passes a method needs, once."""
