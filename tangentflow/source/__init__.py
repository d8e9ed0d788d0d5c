"""From a function to its syntax tree in the true coordinates of its file, and from trees back to text."""
