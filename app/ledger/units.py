"""The units points are counted in. Points of another life are another unit."""

POINTS = 1
"""The unit of ordinary points."""
