//! Test helpers: virtual clock, seeded ids, an engine in memory, a fake function host.
