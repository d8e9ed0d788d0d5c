"""Clusters: submitting documents, watching runs, reading what they left."""
