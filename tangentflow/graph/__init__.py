"""Graphs: what a workflow is compiled to, and the ways to look at it."""
