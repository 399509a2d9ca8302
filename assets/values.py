"""What an asset says about its value, so that the IO manager can load it again."""

VALUE_TYPE = "value_type"
"""Definition metadata key; its value is ``module:Class`` with ``save(directory)`` and ``load(directory)``."""
