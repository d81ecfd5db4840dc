//! The service as a whole, on an engine in memory.
