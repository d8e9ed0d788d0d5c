"""Running graphs on this machine."""
