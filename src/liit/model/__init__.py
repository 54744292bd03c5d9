"""Models: built or loaded, with LoRA adapters attached, saved and merged."""
