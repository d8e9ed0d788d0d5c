"""From source to the core tree: the registry of constructs, kinds of calls, ownership, lowering."""
