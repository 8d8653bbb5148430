"""Events in daily cost: what left the ordinary, since when, by how much, why, and who can tell more."""
