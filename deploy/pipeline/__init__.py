"""From a commit to a running release: the stages, described once, and whoever runs them."""
