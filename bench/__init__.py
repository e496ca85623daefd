"""Large made-up exports to measure linkgap with; see `generate`."""
