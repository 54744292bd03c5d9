"""What evaluation needs as data: task definitions and metrics."""
