"""The calls behind the names that `import fitprint` offers."""
