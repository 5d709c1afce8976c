"""Design-space sweeps: many points in closed form, kept by the hash of what they say, and their Pareto front."""
