"""The benchmark: finops beside bare engines in one run, on the same files, as ratios."""
