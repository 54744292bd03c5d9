"""From published files, or the drawn world, to prepared stores that no later step stumbles over."""
