"""What a campaign will cost, before it starts: arithmetic, time, memory and disk."""
