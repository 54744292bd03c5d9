"""`liit compare`: two methods, seeds, commits or folders of results, side by side."""
