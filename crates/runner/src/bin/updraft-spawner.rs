//! The spawner as a program of its own, for hosts that are not the `updraft` binary: tests and
//! benches. The `updraft` binary becomes the spawner by starting itself again.

fn main() {
    updraft_runner::maybe_become_spawner();
}
