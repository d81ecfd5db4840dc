//! The listening socket: HTTP/1.1 and HTTP/2, limits, routing by host, target and path.
