//! A group of works on their way into one commit: each sees what those before it wrote, and one
//! that is refused or panics leaves nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use updraft_kernel::{Completion, Direction, Fault, Read, Scan, Tx, TxOutcome, Work};

/// The longest key; the database keeps a key's length in 16 bits.
const KEY_BYTES_MAX: usize = 65_535;

/// What a group leaves behind: the last value of every key it wrote, `None` for a removed one.
pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Bytes>>;

/// What a scan calls with each pair.
pub(crate) type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'v;

/// The first key of a range and the first past it.
pub(crate) type Bounds<'s> = (Bound<&'s [u8]>, Bound<&'s [u8]>);

/// The works of one commit, over the state before it.
pub(crate) struct Group<'a> {
    base: &'a dyn Read,
    writes: Writes,
    /// What the work under way has replaced in `writes`, oldest first.
    undo: Vec<(Vec<u8>, Option<Option<Bytes>>)>,
    /// The length of a key that cannot be stored, if the work under way wrote one.
    bad_key: Option<usize>,
    bytes: usize,
}

impl<'a> Group<'a> {
    pub(crate) fn new(base: &'a dyn Read) -> Self {
        Self { base, writes: Writes::new(), undo: Vec::new(), bad_key: None, bytes: 0 }
    }

    /// Runs a work to its end. Answers its completion if its writes are to be kept.
    pub(crate) fn run(&mut self, work: Work) -> Option<Completion> {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self)));
        let bad_key = self.bad_key.take();
        match (outcome, bad_key) {
            (Ok(TxOutcome::Commit(completion)), None) => {
                self.undo.clear();
                Some(completion)
            }
            (Ok(TxOutcome::Commit(completion)), Some(length)) => {
                self.roll_back();
                complete(completion, Err(Fault::new(format!("store a key of {length} bytes"))));
                None
            }
            (Ok(TxOutcome::Abort(completion)), _) => {
                self.roll_back();
                complete(completion, Ok(()));
                None
            }
            (Err(panic), _) => {
                self.roll_back();
                tracing::error!(panic = panic_text(&*panic), "a work panicked; its writes are dropped");
                None
            }
        }
    }

    /// About how many bytes the group has written.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the group leaves behind.
    pub(crate) fn into_writes(self) -> Writes {
        self.writes
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Bytes>) {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            self.bad_key = Some(key.len());
            return;
        }
        self.bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
        let replaced = self.writes.insert(key.clone(), value);
        self.undo.push((key, replaced));
    }

    fn roll_back(&mut self) {
        while let Some((key, replaced)) = self.undo.pop() {
            match replaced {
                Some(value) => self.writes.insert(key, value),
                None => self.writes.remove(&key),
            };
        }
    }
}

impl Read for Group<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    fn scan(&self, scan: &Scan, visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>) -> Result<(), Fault> {
        let Some(bounds) = bounds(scan) else { return Ok(()) };
        let range = self.writes.range::<[u8], _>(bounds);
        match scan.direction {
            Direction::Forward => merge(self.base, scan, range, Ordering::Less, visit),
            Direction::Reverse => merge(self.base, scan, range.rev(), Ordering::Greater, visit),
        }
    }
}

impl Tx for Group<'_> {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.write(key, Some(value.into()));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.write(key, None);
    }
}

/// Visits the base's pairs and the group's writes in one order; `before` is how a key that comes
/// first compares with one that comes later.
fn merge<'w>(
    base: &dyn Read,
    scan: &Scan,
    writes: impl Iterator<Item = (&'w Vec<u8>, &'w Option<Bytes>)>,
    before: Ordering,
    visit: &mut Visit<'_>,
) -> Result<(), Fault> {
    let mut writes = writes.peekable();
    let mut flow = ControlFlow::Continue(());
    base.scan(scan, &mut |key, value| {
        let mut replaced = false;
        while let Some((written, new)) =
            writes.next_if(|(written, _)| written.as_slice() == key || written.as_slice().cmp(key) == before)
        {
            replaced |= written.as_slice() == key;
            if let Some(new) = new {
                flow = visit(written, new);
            }
            if flow.is_break() {
                return flow;
            }
        }
        if !replaced {
            flow = visit(key, value);
        }
        flow
    })?;
    while let (ControlFlow::Continue(()), Some((written, new))) = (flow, writes.next()) {
        if let Some(new) = new {
            flow = visit(written, new);
        }
    }
    Ok(())
}

/// The range of a scan; `None` when no key can be in it.
pub(crate) fn bounds(scan: &Scan) -> Option<Bounds<'_>> {
    match scan.to.as_deref() {
        Some(to) if to <= scan.from.as_slice() => None,
        Some(to) => Some((Bound::Included(&scan.from), Bound::Excluded(to))),
        None => Some((Bound::Included(&scan.from), Bound::Unbounded)),
    }
}

/// Calls a completion; one that panics harms nobody else.
pub(crate) fn complete(completion: Completion, result: Result<(), Fault>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| completion(result))) {
        tracing::error!(panic = panic_text(&*panic), "a completion panicked");
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}
