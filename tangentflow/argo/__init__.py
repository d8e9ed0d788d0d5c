"""Graphs as self-contained Argo Workflows documents."""
