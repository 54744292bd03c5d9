"""Training: one step of the stream as a Lightning fit."""
