//! Both stores behave as an ordered map does: works are atomic, see their own writes and those of
//! all before them, and leave nothing when they are refused or panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::mpsc;

use proptest::collection::vec;
use proptest::prelude::*;
use updraft_kernel::{Direction, Fault, Read, Scan, Store, Tx, TxOutcome};
use updraft_store::{DiskOptions, DiskStore, MemoryStore};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Get(Vec<u8>),
    Scan(Scan, usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Commit,
    Abort,
    Panic,
    BadKey,
}

#[derive(Debug, Clone)]
struct Plan {
    steps: Vec<Step>,
    end: End,
}

/// Few short keys, so that they meet often.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0_u8), Just(1), Just(0x7f), Just(0xff)], 1..4)
}

fn scan() -> impl Strategy<Value = Scan> {
    let direction = prop_oneof![Just(Direction::Forward), Just(Direction::Reverse)];
    (vec(any::<u8>(), 0..2), proptest::option::of(key()), direction).prop_map(|(from, to, direction)| Scan {
        from,
        to,
        direction,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), vec(any::<u8>(), 0..5)).prop_map(|(k, v)| Step::Put(k, v)),
        2 => key().prop_map(Step::Delete),
        1 => key().prop_map(Step::Get),
        2 => (scan(), 1..20_usize).prop_map(|(s, limit)| Step::Scan(s, limit)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let end = prop_oneof![8 => Just(End::Commit), 2 => Just(End::Abort), 1 => Just(End::Panic), 1 => Just(End::BadKey)];
    (vec(step(), 0..12), end).prop_map(|(steps, end)| Plan { steps, end })
}

fn scanned(read: &(impl Read + ?Sized), scan: &Scan, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    read.scan(scan, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    found
}

fn expected(model: &Model, scan: &Scan, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    if scan.to.as_ref().is_some_and(|to| *to <= scan.from) {
        return Vec::new();
    }
    let to = scan.to.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let range = model.range((Bound::Included(scan.from.clone()), to)).map(|(k, v)| (k.clone(), v.clone()));
    match scan.direction {
        Direction::Forward => range.take(limit).collect(),
        Direction::Reverse => range.rev().take(limit).collect(),
    }
}

/// Takes a plan's steps in the store and in the model alike, comparing what they read.
fn follow(tx: &mut dyn Tx, model: &mut Model, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Put(key, value) => {
                tx.put(key.clone(), value.clone());
                model.insert(key.clone(), value.clone());
            }
            Step::Delete(key) => {
                tx.delete(key.clone());
                model.remove(key);
            }
            Step::Get(key) => assert_eq!(tx.get(key).unwrap().as_deref(), model.get(key).map(Vec::as_slice)),
            Step::Scan(scan, limit) => {
                assert_eq!(scanned(tx, scan, *limit), expected(model, scan, *limit), "{scan:?}");
            }
        }
    }
}

/// Submits all plans at once, so that they share groups, and checks every answer.
fn check(store: &dyn Store, plans: Vec<Plan>, model: Model) -> Model {
    let (send, receive) = mpsc::channel();
    let before = (store.snapshot(), model.clone());
    let (model_send, model_receive) = mpsc::channel();
    model_send.send(model).unwrap();
    let ends: Vec<_> = plans.iter().map(|plan| plan.end).collect();
    // The works run in order, so the model is handed from each to the next.
    let model_receive = std::sync::Arc::new(std::sync::Mutex::new(model_receive));
    for (index, plan) in plans.into_iter().enumerate() {
        let (send, model_send, model_receive) = (send.clone(), model_send.clone(), model_receive.clone());
        store.submit(Box::new(move |tx| {
            let model = model_receive.lock().unwrap().recv().unwrap();
            let mut changed = model.clone();
            follow(tx, &mut changed, &plan.steps);
            let answer: Box<dyn FnOnce(Result<(), Fault>) + Send> =
                Box::new(move |result| send.send((index, result.is_ok())).unwrap());
            match plan.end {
                End::Commit => {
                    model_send.send(changed).unwrap();
                    TxOutcome::Commit(answer)
                }
                End::Abort => {
                    model_send.send(model).unwrap();
                    TxOutcome::Abort(answer)
                }
                End::BadKey => {
                    model_send.send(model).unwrap();
                    tx.put(vec![1; 70_000], Vec::new());
                    TxOutcome::Commit(answer)
                }
                End::Panic => {
                    model_send.send(model).unwrap();
                    std::panic::resume_unwind(Box::new("a planned panic"));
                }
            }
        }));
    }
    let mut answers: Vec<_> =
        ends.iter().filter(|e| **e != End::Panic).map(|_| receive.recv().unwrap()).collect();
    answers.sort_unstable();
    let wanted: Vec<_> = ends
        .iter()
        .enumerate()
        .filter(|(_, e)| **e != End::Panic)
        .map(|(i, e)| (i, *e != End::BadKey))
        .collect();
    assert_eq!(answers, wanted);
    let model = model_receive.lock().unwrap().recv().unwrap();
    for (snapshot, model) in [(before.0, &before.1), (store.snapshot(), &model)] {
        for direction in [Direction::Forward, Direction::Reverse] {
            let all = Scan { from: Vec::new(), to: None, direction };
            assert_eq!(scanned(&*snapshot, &all, usize::MAX), expected(model, &all, usize::MAX));
        }
        for key in model.keys() {
            assert_eq!(snapshot.get(key).unwrap().as_deref(), model.get(key).map(Vec::as_slice));
        }
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_memory_store_is_an_ordered_map(rounds in vec(vec(plan(), 1..12), 1..5)) {
        let store = MemoryStore::new();
        rounds.into_iter().fold(Model::new(), |model, plans| check(&store, plans, model));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_disk_store_is_an_ordered_map_and_keeps_it(rounds in vec(vec(plan(), 1..12), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        rounds.into_iter().fold(Model::new(), |model, plans| {
            // Opened anew for each round: what was committed is there again.
            let store = DiskStore::open(folder.path(), DiskOptions::default()).unwrap();
            check(&store, plans, model)
        });
    }
}

#[test]
fn a_work_submitted_from_within_a_work_waits_for_its_end() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let (send, receive) = mpsc::channel();
    let (inner, order) = (store.clone(), send.clone());
    store.submit(Box::new(move |tx| {
        inner.submit(Box::new(move |tx| {
            let seen = tx.get(b"k").unwrap().is_some();
            TxOutcome::Commit(Box::new(move |_| order.send(("inner", seen)).unwrap()))
        }));
        tx.put(b"k".to_vec(), Vec::new());
        TxOutcome::Commit(Box::new(move |_| send.send(("outer", true)).unwrap()))
    }));
    assert_eq!(receive.try_iter().collect::<Vec<_>>(), [("outer", true), ("inner", true)]);
}
