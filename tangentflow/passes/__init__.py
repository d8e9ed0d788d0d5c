"""From the core tree to the graph: facts, slices, distribution of loops."""
