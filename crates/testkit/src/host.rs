//! A function host that runs Rust closures instead of sandboxes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use updraft_kernel::{
    Capability, FunctionHost, FunctionSpec, HostError, Invocation, InvocationReport, Outcome,
};
use updraft_types::Timestamp;

/// What a fake function does with an event: the answer, or an error document.
pub type FakeFunction = Arc<dyn Fn(&FunctionSpec, &Invocation) -> Result<Bytes, Bytes> + Send + Sync>;

/// Runs the closure registered under the function's name; echoes the event where there is none.
#[derive(Default)]
pub struct FakeHost {
    functions: Mutex<HashMap<String, FakeFunction>>,
    invoked: Mutex<Vec<(Arc<FunctionSpec>, Invocation)>>,
}

impl FakeHost {
    /// Has the function of that name do `act`.
    pub fn function(
        &self,
        name: &str,
        act: impl Fn(&FunctionSpec, &Invocation) -> Result<Bytes, Bytes> + Send + Sync + 'static,
    ) {
        self.functions.lock().expect("registering cannot panic").insert(name.to_owned(), Arc::new(act));
    }

    /// Every call so far.
    #[must_use]
    pub fn invoked(&self) -> Vec<(Arc<FunctionSpec>, Invocation)> {
        self.invoked.lock().expect("recording cannot panic").clone()
    }
}

impl FunctionHost for FakeHost {
    fn invoke(
        &self,
        spec: Arc<FunctionSpec>,
        invocation: Invocation,
    ) -> BoxFuture<'_, Result<InvocationReport, HostError>> {
        let act = self.functions.lock().expect("registering cannot panic").get(&spec.name).cloned();
        self.invoked.lock().expect("recording cannot panic").push((spec.clone(), invocation.clone()));
        Box::pin(async move {
            let result = act.map_or_else(|| Ok(invocation.payload.clone()), |act| act(&spec, &invocation));
            let failed = result.is_err();
            let payload = result.unwrap_or_else(|error| error);
            Ok(InvocationReport {
                outcome: if failed { Outcome::Failed } else { Outcome::Answered },
                payload,
                function_error: failed.then_some("Unhandled"),
                started: Timestamp::EPOCH,
                init: None,
                duration: Duration::from_millis(7),
                billed: Duration::from_millis(7),
                memory_max_mib: 64,
                environment: format!("2026/01/01/[{}]0123456789abcdef0123456789abcdef", spec.version),
                log_tail: Bytes::from_static(b"END\n"),
            })
        })
    }

    fn retire(&self, _instance_key: &str) {}

    fn environments(&self, _instance_key: &str) -> usize {
        0
    }

    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
