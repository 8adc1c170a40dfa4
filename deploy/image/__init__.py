"""What stands inside of the image beside the shop: how a container starts, how it is asked, who makes its keys."""
