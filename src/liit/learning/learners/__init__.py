"""Ways to learn beside plain training, one file each; none imports PyTorch before it trains."""
