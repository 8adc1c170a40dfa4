"""A warehouse's program on stock gRPC: it watches the shop's stock, sets some aside, and gives it back."""
