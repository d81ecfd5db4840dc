//! A process that writes is killed at random points; what it was told is durable must be there,
//! and nothing may be there by half.
//!
//! The parent starts this test binary again as the child, which acknowledges each durable write
//! on its standard output. The kernel of the machine survives, so this shows what `kill -9` does,
//! not what a power cut does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use updraft_kernel::{BlobId, Direction, Scan, Store, TxOutcome};
use updraft_store::{DiskOptions, DiskStore};

/// How often the child is killed, over all folders.
const ROUNDS: u32 = 200;

/// How many rounds use the same folder, so that reopening after a crash is itself cut short.
const ROUNDS_PER_FOLDER: u32 = 20;

/// A round's time from the child's start to its death, at most.
const LIFE_MAX: Duration = Duration::from_millis(180);

/// How long opening may take after a crash, on a busy machine and without optimisation.
const REOPEN_MAX: Duration = Duration::from_secs(10);

/// Concurrent callers of the child.
const WRITERS: u32 = 12;
const BLOB_WRITERS: u32 = 2;

/// Every write has this many keys, which are there together or not at all.
const PARTS: u8 = 3;

/// Tells the child where to write.
const FOLDER_VARIABLE: &str = "UPDRAFT_CRASH_FOLDER";

/// Numbers that are well enough spread for choosing times and sizes, and repeat with the seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn whatever_was_acknowledged_survives_kill_9() {
    let mut chance = Chance(u64::from(std::process::id()));
    let mut acknowledged_total = 0;
    let mut slowest = Duration::ZERO;
    for folder_number in 0..ROUNDS / ROUNDS_PER_FOLDER {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = Acknowledged::default();
        for round in 0..ROUNDS_PER_FOLDER {
            let life = Duration::from_micros(chance.below(LIFE_MAX.as_micros() as u64));
            let context = format!("seed {}, folder {folder_number}, round {round}", std::process::id());
            run_and_kill(folder.path(), round, life, &mut acknowledged);
            let begun = std::time::Instant::now();
            let store = DiskStore::open(folder.path(), DiskOptions::default())
                .unwrap_or_else(|e| panic!("{context}: {e}: {:?}", std::error::Error::source(&e)));
            slowest = slowest.max(begun.elapsed());
            check_records(&store, &acknowledged, &context);
            check_blobs(folder.path(), &acknowledged, &context);
        }
        acknowledged_total += acknowledged.writes.len() + acknowledged.blobs.len();
    }
    assert!(acknowledged_total > 1_000, "only {acknowledged_total} writes: this tested too little");
    assert!(slowest < REOPEN_MAX, "opening after a crash took {slowest:?}");
    println!("{ROUNDS} kills, {acknowledged_total} acknowledged writes, slowest reopening {slowest:?}");
}

/// What the child said was durable.
#[derive(Default)]
struct Acknowledged {
    /// (round, writer, number)
    writes: HashSet<(u32, u32, u32)>,
    blobs: HashMap<BlobId, u64>,
}

fn run_and_kill(folder: &Path, round: u32, life: Duration, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(FOLDER_VARIABLE, folder)
        .env("UPDRAFT_CRASH_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    // A pause that cannot be waited out otherwise: the point is to strike at any moment.
    let (_never, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(life);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reader.join().unwrap() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["wrote", round, writer, number, "."] => {
                let write = (round.parse().unwrap(), writer.parse().unwrap(), number.parse().unwrap());
                acknowledged.writes.insert(write);
            }
            ["blob", id, length, "."] => {
                acknowledged.blobs.insert(id.parse().unwrap(), length.parse().unwrap());
            }
            _ => {}
        }
    }
}

fn check_records(store: &DiskStore, acknowledged: &Acknowledged, context: &str) {
    let mut found: BTreeMap<(u32, u32, u32), u8> = BTreeMap::new();
    let mut counter = 0;
    let all = Scan { from: Vec::new(), to: None, direction: Direction::Forward };
    let snapshot = store.snapshot();
    snapshot
        .scan(&all, &mut |key, value| {
            if key == b"counter" {
                counter = u64::from_be_bytes(value.try_into().unwrap());
                return ControlFlow::Continue(());
            }
            let text = String::from_utf8(key.to_vec()).unwrap();
            let numbers: Vec<u32> = text.split(' ').map(|n| n.parse().unwrap()).collect();
            assert_eq!(value, value_of(numbers[1], numbers[2], numbers[3]), "{context}: {text}");
            *found.entry((numbers[1], numbers[2], numbers[3])).or_default() += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    for (write, parts) in &found {
        assert_eq!(*parts, PARTS, "{context}: {write:?} is half-written");
    }
    for write in &acknowledged.writes {
        assert!(found.contains_key(write), "{context}: acknowledged {write:?} is lost");
    }
    assert_eq!(counter, found.len() as u64, "{context}: the counter and the writes it counts differ");
}

fn check_blobs(folder: &Path, acknowledged: &Acknowledged, context: &str) {
    let mut whole = HashMap::new();
    for fan in std::fs::read_dir(folder.join("blobs")).unwrap() {
        let fan = fan.unwrap();
        for file in std::fs::read_dir(fan.path()).unwrap() {
            let file = file.unwrap();
            assert_ne!(fan.file_name(), "tmp", "{context}: an unfinished blob was not swept away");
            let bytes = std::fs::read(file.path()).unwrap();
            let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
            let id: BlobId = file.file_name().to_str().unwrap().parse().unwrap();
            assert_eq!(digest.as_ref(), id.0, "{context}: blob {id} is not what its name says");
            whole.insert(id, bytes.len() as u64);
        }
    }
    for (id, length) in &acknowledged.blobs {
        assert_eq!(whole.get(id), Some(length), "{context}: acknowledged blob {id} is lost");
    }
}

/// A value that takes some room and can be told from every other.
fn value_of(round: u32, writer: u32, number: u32) -> Vec<u8> {
    format!("{round}-{writer}-{number} ").repeat(1 + (number as usize * 7) % 40).into_bytes()
}

/// The child's life; as a test of its own it has nothing to do.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let round: u32 = std::env::var("UPDRAFT_CRASH_ROUND").unwrap().parse().unwrap();
    let store = Arc::new(DiskStore::open(Path::new(&folder), DiskOptions::default()).unwrap());
    let writers = (0..WRITERS).map(|writer| {
        let store = store.clone();
        std::thread::spawn(move || {
            for number in 0.. {
                write(&*store, round, writer, number);
            }
        })
    });
    let blob_writers = (0..BLOB_WRITERS).map(|writer| {
        let store = store.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for number in 0.. {
                runtime.block_on(write_blob(&*store, round, writer, number));
            }
        })
    });
    let threads: Vec<_> = writers.chain(blob_writers).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// One write of several keys and a count; some works are refused or panic after they wrote.
fn write(store: &dyn Store, round: u32, writer: u32, number: u32) {
    let (send, receive) = mpsc::channel();
    store.submit(Box::new(move |tx| {
        for part in 0..PARTS {
            let key = format!("{part} {round} {writer} {number}");
            tx.put(key.into_bytes(), value_of(round, writer, number));
        }
        let count = tx.get(b"counter").unwrap().map_or(0, |c| u64::from_be_bytes(c[..].try_into().unwrap()));
        tx.put(b"counter".to_vec(), (count + 1).to_be_bytes().to_vec());
        match number % 16 {
            7 => TxOutcome::Abort(Box::new(move |_| send.send(false).unwrap_or(()))),
            11 => std::panic::resume_unwind(Box::new("a planned panic")),
            _ => TxOutcome::Commit(Box::new(move |result| send.send(result.is_ok()).unwrap_or(()))),
        }
    }));
    if receive.recv().unwrap_or(false) {
        say(&format!("wrote {round} {writer} {number} .\n"));
    }
}

async fn write_blob(store: &dyn Store, round: u32, writer: u32, number: u32) {
    let size = Chance(u64::from(number) << 8 | u64::from(writer)).below(300_000) as usize;
    let unit = format!("{round} {writer} {number} ").into_bytes();
    let body: Vec<u8> = unit.iter().copied().cycle().take(size).collect();
    let receipt = store.blobs().put(bytes::Bytes::from(body).into()).await.unwrap();
    say(&format!("blob {} {} .\n", receipt.id, receipt.length));
}

/// One write to the pipe, which is whole or not there; the full stop shows that it is whole.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}
