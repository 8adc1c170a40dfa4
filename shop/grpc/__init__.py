"""Stock over gRPC: `stock.proto` is the contract, `stock.py` answers it. The server is `config/grpc/`.

`stock_pb2*` are written by `make schema` and are not for reading.
"""
