"""TLS by the host, in the shape of the `ssl` module."""
