"""Data, models, training of many nets at once, what happens inside them, seeds, several processes."""
