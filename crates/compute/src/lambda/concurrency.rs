//! How many calls are under way, and whether one more may begin.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use updraft_types::Scope;

use super::refusals::ThrottleReason;

/// How many calls an account may have under way in a region, and how many of them must stay
/// unreserved ("Lambda quotas" and "Configuring reserved concurrency", Lambda developer guide, read
/// 2026-11).
pub(crate) const ACCOUNT_MAX: u32 = 1_000;
pub(crate) const UNRESERVED_MIN: u32 = 100;

/// The calls under way, by account, region and function.
#[derive(Default)]
pub(crate) struct Concurrency(Mutex<HashMap<Scope, Calls>>);

#[derive(Default)]
struct Calls {
    /// Calls of functions without reserved concurrency.
    unreserved: u32,
    functions: HashMap<String, u32>,
}

/// A call's place, given back when dropped.
pub(crate) struct Place {
    of: Arc<Concurrency>,
    scope: Scope,
    function: String,
    reserved: bool,
    /// How many calls of the function were under way when this began, itself included.
    pub count: u32,
}

impl Concurrency {
    /// Takes a place for a call, if there is one: within the function's reserved concurrency, or
    /// within what the account has left unreserved.
    pub fn enter(
        self: &Arc<Self>,
        scope: &Scope,
        function: &str,
        reserved: Option<u32>,
        reserved_in_all: u64,
    ) -> Result<Place, ThrottleReason> {
        let mut all = self.lock();
        let calls = all.entry(scope.clone()).or_default();
        let count = calls.functions.get(function).copied().unwrap_or(0) + 1;
        match reserved {
            Some(max) if count > max => return Err(ThrottleReason::Reserved),
            Some(_) => {}
            None => {
                let left = u64::from(ACCOUNT_MAX).saturating_sub(reserved_in_all);
                if u64::from(calls.unreserved) >= left {
                    return Err(ThrottleReason::Account);
                }
                calls.unreserved += 1;
            }
        }
        calls.functions.insert(function.to_owned(), count);
        let (of, scope, function) = (self.clone(), scope.clone(), function.to_owned());
        Ok(Place { of, scope, function, reserved: reserved.is_some(), count })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, Calls>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.of.lock();
        let Some(calls) = all.get_mut(&self.scope) else { return };
        if !self.reserved {
            calls.unreserved = calls.unreserved.saturating_sub(1);
        }
        if let Some(count) = calls.functions.get_mut(&self.function) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                calls.functions.remove(&self.function);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use updraft_types::{AccountId, Region};

    use super::*;

    #[test]
    fn reserved_places_bound_the_function_and_spare_the_rest() {
        let calls = Arc::new(Concurrency::default());
        let scope = Scope::new(AccountId::DEFAULT, Region::us_east_1());
        let first = calls.enter(&scope, "cart", Some(1), 1).unwrap_or_else(|_| panic!("a place"));
        assert_eq!(first.count, 1);
        assert_eq!(calls.enter(&scope, "cart", Some(1), 1).err(), Some(ThrottleReason::Reserved));
        assert_eq!(calls.enter(&scope, "off", Some(0), 1).err(), Some(ThrottleReason::Reserved));
        let others: Vec<_> = (0..3).map_while(|_| calls.enter(&scope, "order", None, 998).ok()).collect();
        assert_eq!(others.len(), 2, "1000 less 998 reserved");
        assert_eq!(calls.enter(&scope, "order", None, 998).err(), Some(ThrottleReason::Account));
        drop(first);
        assert!(calls.enter(&scope, "cart", Some(1), 1).is_ok());
        drop(others);
        assert!(calls.lock().values().all(|c| c.unreserved == 0 && c.functions.is_empty()));
    }
}
