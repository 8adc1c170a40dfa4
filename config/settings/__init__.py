"""Three settings: `base` runs locally, `production` is the difference to it, `test` is the difference for pytest."""
