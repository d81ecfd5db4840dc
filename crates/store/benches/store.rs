//! How the store compares with what its disk and its memory can do at best, as ratios.
//!
//! Durable writes are held against a bare loop that appends the same bytes in groups of the same
//! size and flushes each group with `fdatasync`. Figures of single runs on busy machines vary;
//! the ratio is of medians over alternating runs.

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use updraft_kernel::{Direction, Scan, Store, TxOutcome};
use updraft_store::{DiskOptions, DiskStore, MemoryStore};

const CALLERS: u64 = 64;
const VALUE_BYTES: usize = 256;
const RUN: Duration = Duration::from_millis(700);
const RUNS: usize = 5;
const RECORDS: u64 = 50_000;
const GETS: u64 = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(std::env::var_os("UPDRAFT_BENCH_DIR").unwrap_or_else(|| ".".into()))?;
    let (mut store_rates, mut bare_rates, mut single_rates, mut bare_single) =
        (vec![], vec![], vec![], vec![]);
    for run in 0..RUNS {
        let store = Arc::new(DiskStore::open(&folder.path().join(run.to_string()), DiskOptions::default())?);
        store_rates.push(durable_writes(&store, CALLERS));
        single_rates.push(durable_writes(&store, 1));
        bare_rates.push(bare_writes(folder.path(), CALLERS)?);
        bare_single.push(bare_writes(folder.path(), 1)?);
    }
    let disk = DiskStore::open(&folder.path().join("reads"), DiskOptions::default())?;
    let memory = MemoryStore::new();
    fill(&disk);
    fill(&memory);
    let mut out = std::io::stdout().lock();
    let (ours, bare) = (median(store_rates), median(bare_rates));
    writeln!(
        out,
        "durable writes per second, {CALLERS} callers: {ours:.0}; bare write and fdatasync in groups of {CALLERS}: {bare:.0}; ratio {:.2}",
        ours / bare
    )?;
    let (ours, bare) = (median(single_rates), median(bare_single));
    writeln!(
        out,
        "durable writes per second, 1 caller: {ours:.0}; bare: {bare:.0}; ratio {:.2}",
        ours / bare
    )?;
    let (ours, twin) = (gets(&disk), gets(&memory));
    writeln!(out, "reads per second, one thread: {ours:.0}; in memory: {twin:.0}; ratio {:.2}", ours / twin)?;
    let (ours, twin) = (scans(&disk), scans(&memory));
    writeln!(out, "records scanned per second: {ours:.0}; in memory: {twin:.0}; ratio {:.2}", ours / twin)?;
    Ok(())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn key(number: u64) -> Vec<u8> {
    // Spread, as the keys of many accounts and functions are.
    [b"bench\0".to_vec(), number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec()].concat()
}

/// Callers that wait for each write before they make the next, without a thread each: what they
/// do between two writes is not what is measured.
fn durable_writes(store: &Arc<DiskStore>, callers: u64) -> f64 {
    let (send, receive) = mpsc::channel();
    let next = AtomicU64::new(0);
    let submit = |send: mpsc::Sender<bool>| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        store.submit(Box::new(move |tx| {
            tx.put(key(number), vec![number as u8; VALUE_BYTES]);
            TxOutcome::Commit(Box::new(move |result| send.send(result.is_ok()).unwrap_or(())))
        }));
    };
    let begun = Instant::now();
    (0..callers).for_each(|_| submit(send.clone()));
    let mut done = 0_u32;
    while begun.elapsed() < RUN {
        assert!(receive.recv().expect("the store answers"), "a write failed");
        done += 1;
        submit(send.clone());
    }
    let rate = f64::from(done) / begun.elapsed().as_secs_f64();
    (0..callers).for_each(|_| assert_eq!(receive.recv(), Ok(true)));
    rate
}

fn bare_writes(folder: &Path, group: u64) -> std::io::Result<f64> {
    let mut file = File::create(folder.join("bare"))?;
    let bytes = vec![7; (VALUE_BYTES + key(0).len()) * group as usize];
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < RUN {
        file.write_all(&bytes)?;
        file.sync_data()?;
        done += group as f64;
    }
    Ok(done / begun.elapsed().as_secs_f64())
}

fn fill(store: &dyn Store) {
    let last = Arc::new(Mutex::new(None));
    for first in (0..RECORDS).step_by(1_000) {
        let (send, receive) = mpsc::channel();
        store.submit(Box::new(move |tx| {
            (first..first + 1_000).for_each(|n| tx.put(key(n), vec![n as u8; VALUE_BYTES]));
            TxOutcome::Commit(Box::new(move |result| send.send(result.is_ok()).unwrap_or(())))
        }));
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(receive);
    }
    let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
    assert_eq!(last.map(|receive| receive.recv()), Some(Ok(true)));
}

fn gets(store: &dyn Store) -> f64 {
    let snapshot = store.snapshot();
    let begun = Instant::now();
    for number in 0..GETS {
        let found = snapshot.get(&key(number * 7 % RECORDS)).expect("the store reads");
        assert_eq!(found.map(|value| value.len()), Some(VALUE_BYTES));
    }
    GETS as f64 / begun.elapsed().as_secs_f64()
}

fn scans(store: &dyn Store) -> f64 {
    let snapshot = store.snapshot();
    let all = Scan { from: Vec::new(), to: None, direction: Direction::Forward };
    let begun = Instant::now();
    let mut seen = 0_u64;
    snapshot
        .scan(&all, &mut |_, _| {
            seen += 1;
            ControlFlow::Continue(())
        })
        .expect("the store scans");
    assert_eq!(seen, RECORDS);
    seen as f64 / begun.elapsed().as_secs_f64()
}
