"""Which flavors there are, whether they are supported here, and turning them on and off."""
