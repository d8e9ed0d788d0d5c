"""Packing the user's code for pods: which modules are the user's own, and the zip that holds them."""
