"""One conversation about one picture, held with several models side by side."""
