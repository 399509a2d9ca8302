"""The replay: months of events in time order, three policies side by side."""
