"""What became of a line of source, in plain words: its steps, what they wait for and why, and the templates that run them."""
