//! Functions in real sandboxes. They need root, or a kernel that grants user namespaces.

mod calls;
mod support;
