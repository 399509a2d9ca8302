"""Every model of the table through the same judge, in units that can be interrupted."""
