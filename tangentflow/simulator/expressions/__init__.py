"""The expression language of the engine: reading it, evaluating it, its functions."""
