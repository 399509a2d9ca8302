"""Ways in which the figures could lie, each with a planted fault that is found."""
