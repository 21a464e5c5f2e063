"""The foundation of all other rooms; it knows nothing about runs, models or frameworks."""
