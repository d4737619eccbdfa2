"""The register of schools as a list: what each room knows about a school in a season, side by side."""
