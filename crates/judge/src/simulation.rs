//! Tens of thousands of simulated releases: the promise of α kept where it is hard to keep, and the
//! detection figures of the design notes reached.
//!
//! The generator is seeded, so a figure that holds once holds always.

use crate::{
    Arm, Baseline, Counting, Decision, Evidence, ExposurePlan, Interval, Judge, Margin, MetricWeights,
    Policy, Stratum, Verdict, Weight,
};

const RELEASES: u32 = 10_000;
const ALPHA: f64 = 0.01;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough for counting.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// By inversion, in pieces small enough not to underflow.
    fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if p <= 0.0 {
            return 0;
        }
        let piece = ((20.0 / p) as u64).max(1);
        let mut left = n;
        let mut sum = 0;
        while left > 0 {
            let n = left.min(piece);
            left -= n;
            sum += self.binomial_small(n, p);
        }
        sum
    }

    fn binomial_small(&mut self, n: u64, p: f64) -> u64 {
        let odds = p / (1.0 - p);
        let mut mass = (1.0 - p).powi(n as i32);
        let mut rest = self.unit();
        let mut x = 0;
        while rest > mass && x < n {
            rest -= mass;
            x += 1;
            mass *= odds * (n - x + 1) as f64 / x as f64;
        }
        x
    }

    /// A Poisson count, as the limit of a binomial one.
    fn poisson(&mut self, mean: f64) -> u64 {
        self.binomial(100_000, mean / 100_000.0)
    }

    fn geometric(&mut self, mean: f64) -> u64 {
        let mut x = 1;
        while self.chance(1.0 - 1.0 / mean) {
            x += 1;
        }
        x
    }
}

/// A world that releases happen in: makes the interval of a given weight at a given time.
type World<'a> = &'a dyn Fn(&mut Random, Weight, u32) -> Interval;

fn split(random: &mut Random, requests: u64, weight: Weight) -> (u64, u64) {
    let canary = random.binomial(requests, weight.share());
    (requests - canary, canary)
}

fn arms(random: &mut Random, weight: Weight, requests: u64, rates: (f64, f64)) -> Interval {
    let (baseline, canary) = split(random, requests, weight);
    let mut arm = |requests, rate| Arm {
        requests,
        errors: random.binomial(requests, rate),
        warm: durations(random, requests),
        ..Arm::default()
    };
    Interval { weight, secs: 10, baseline: arm(baseline, rates.0), canary: arm(canary, rates.1) }
}

/// Durations alike in both versions: nested exceedances of p50, p90 and p99.
fn durations(random: &mut Random, requests: u64) -> Stratum {
    let p50 = random.binomial(requests, 0.5);
    let p90 = random.binomial(p50, 0.2);
    let p99 = random.binomial(p90, 0.1);
    Stratum { requests, above: [p50, p90, p99] }
}

/// The share of simulated releases that a world sees rolled back.
fn rolled_back(policy: &Policy, intervals: u32, world: World<'_>) -> f64 {
    let mut count = 0;
    for seed in 0..RELEASES {
        let mut random = Random(u64::from(seed) << 20);
        let mut judge = Judge::new(policy.clone(), Baseline::default());
        for at in 0..intervals {
            let Decision::Continue(weight) = judge.decide() else { break };
            judge.observe(&world(&mut random, weight, at));
        }
        count += u32::from(judge.verdict() == Verdict::RollBack);
    }
    f64::from(count) / f64::from(RELEASES)
}

/// A margin that is never reached, so that the release is watched to the end.
fn watched_long() -> Policy {
    Policy { margin: Margin { absolute: 1e-9, relative: 1.000_001 }, ..Policy::default() }
}

#[test]
fn independent_errors_keep_alpha() {
    let rate = rolled_back(&Policy::default(), 90, &|random, weight, _| {
        let requests = random.poisson(167.0);
        arms(random, weight, requests, (0.02, 0.02))
    });
    assert!(rate <= ALPHA, "rolled back {rate}");
}

#[test]
fn shared_outages_keep_alpha() {
    let rate = rolled_back(&watched_long(), 60, &|random, weight, at| {
        // Waves of up to 60 % errors in both versions, and traffic that follows them down.
        let wave = (f64::from(at) / 9.0).sin().max(0.0) * 0.6;
        let requests = random.poisson(120.0 * (1.0 - wave));
        arms(random, weight, requests, (0.001 + wave, 0.001 + wave))
    });
    assert!(rate <= ALPHA, "rolled back {rate}");
}

#[test]
fn adaptive_weights_keep_alpha() {
    // An adversary who may choose each weight from what it has seen: more exposure when it looks bad.
    let mut count = 0;
    for seed in 0..RELEASES {
        let mut random = Random(u64::from(seed) << 24 | 7);
        let mut evidence = Evidence::default();
        let mut greatest = 0.0_f64;
        for at in 0..120 {
            let percent = match evidence.log() {
                log if log > 2.0 => 50.0,
                log if log > 0.0 => 2.0,
                _ if at % 2 == 0 => 25.0,
                _ => 5.0,
            };
            let weight = Weight::percent(percent).unwrap();
            let errors = random.poisson(1.5);
            let canary = random.binomial(errors, weight.share());
            evidence.observe(weight, weight.share(), canary, errors);
            greatest = greatest.max(evidence.log());
        }
        count += u32::from(greatest >= -ALPHA.ln());
    }
    let rate = f64::from(count) / f64::from(RELEASES);
    assert!(rate <= ALPHA, "rolled back {rate}");
    assert!(rate > 0.0, "the adversary must get near");
}

/// Environments that go bad for a while: each error burst lies wholly within one version.
fn bursts(random: &mut Random, weight: Weight, burst: f64) -> Interval {
    let requests = 334;
    let (baseline, canary) = split(random, requests, weight);
    let environments = 40_u64;
    let of_canary = ((environments as f64 * weight.share()).ceil() as u64).max(1);
    let mut arm = |requests: u64, environments: u64| {
        let bad = random.binomial(environments, 0.004);
        let errors = (0..bad).map(|_| random.geometric(burst)).sum::<u64>().min(requests);
        let bad = bad.min(errors);
        Arm { requests, errors, environments, environments_with_errors: bad, ..Arm::default() }
    };
    let (baseline, canary) = (arm(baseline, environments - of_canary), arm(canary, of_canary));
    Interval { weight, secs: 10, baseline, canary }
}

fn burst_policy(counting: Counting) -> Policy {
    let plan = ExposurePlan::new(&[Weight::percent(10.0).unwrap()], 60).unwrap();
    let metrics = MetricWeights([1.0, 0.0, 0.0, 0.0]);
    Policy { counting, plan, metrics, routing_alpha: 1e-9, ..watched_long() }
}

#[test]
fn bursts_within_an_environment_keep_alpha_when_environments_are_counted() {
    for burst in [2.0, 5.0, 20.0] {
        let policy = burst_policy(Counting::Environments);
        let rate = rolled_back(&policy, 90, &|random, weight, _| bursts(random, weight, burst));
        assert!(rate <= ALPHA, "bursts of {burst}: rolled back {rate}");
    }
}

#[test]
fn bursts_break_the_promise_when_errors_are_counted() {
    // Why environments are counted at all; the design notes measured 33 % at a mean burst of 5.
    let rate =
        rolled_back(&burst_policy(Counting::Errors), 90, &|random, weight, _| bursts(random, weight, 5.0));
    assert!(rate > 0.1, "rolled back {rate}");
}

#[test]
fn the_routing_check_rarely_voids_a_correct_split() {
    let mut count = 0;
    for seed in 0..RELEASES {
        let mut random = Random(u64::from(seed) << 22 | 3);
        let mut routing = Evidence::default();
        let mut greatest = 0.0_f64;
        for at in 0..60 {
            let weight = Weight::percent(if at < 30 { 2.0 } else { 10.0 }).unwrap();
            let (baseline, canary) = split(&mut random, 167, weight);
            routing.observe_routing(weight, canary, baseline + canary);
            greatest = greatest.max(routing.log());
        }
        count += u32::from(greatest >= 1_000.0_f64.ln());
    }
    assert!(count <= 10, "{count} of {RELEASES} voided");
}

/// P(rolled back within 30 minutes) and the median minute, as the design notes' table has them:
/// one-minute checks at a fixed weight, errors only.
fn detection(weight_percent: f64, requests_per_minute: u64, rates: (f64, f64)) -> (f64, u32) {
    let weight = Weight::percent(weight_percent).unwrap();
    let releases = 2_000_u32;
    let mut minutes = Vec::new();
    for seed in 0..releases {
        let mut random = Random(u64::from(seed) << 21 | 11);
        let mut evidence = Evidence::default();
        for minute in 1..=30 {
            let observed = arms(&mut random, weight, requests_per_minute, rates);
            let (canary, baseline) = (observed.canary.errors, observed.baseline.errors);
            evidence.observe(weight, weight.share(), canary, canary + baseline);
            if evidence.log() >= -ALPHA.ln() {
                minutes.push(minute);
                break;
            }
        }
    }
    minutes.sort_unstable();
    let median = minutes.get(minutes.len() / 2).copied().unwrap_or(u32::MAX);
    (minutes.len() as f64 / f64::from(releases), median)
}

#[test]
fn detection_is_as_published() {
    // (weight, requests a minute, rates) → (probability, median minute) of the design notes.
    let table = [
        ((10.0, 1_000, (0.001, 0.01)), (1.00, 5)),
        ((10.0, 1_000, (0.000_01, 0.005)), (1.00, 6)),
        ((10.0, 1_000, (0.02, 0.04)), (0.99, 10)),
        ((10.0, 20, (0.001, 0.2)), (1.00, 7)),
        ((50.0, 20, (0.001, 0.2)), (1.00, 4)),
        ((10.0, 1_000, (0.001, 0.003)), (0.28, 0)),
        ((50.0, 1_000, (0.001, 0.003)), (0.73, 0)),
    ];
    for ((weight, requests, rates), (probability, minute)) in table {
        let (found, median) = detection(weight, requests, rates);
        assert!((found - probability).abs() <= 0.1 * probability, "{rates:?} at {weight} %: found {found}");
        assert!(minute == 0 || median.abs_diff(minute) <= 1, "{rates:?} at {weight} %: minute {median}");
    }
}

#[test]
fn a_slower_version_is_found() {
    // Durations 10 % longer move about 3.5 % of requests over p50, 1.5 % over p90 and 0.3 % over p99
    // (log-normal durations, σ = 1).
    let weight = Weight::percent(10.0).unwrap();
    let policy = Policy { plan: ExposurePlan::new(&[weight], 60).unwrap(), ..watched_long() };
    let mut found = 0;
    for seed in 0..200 {
        let mut random = Random(u64::from(seed as u32) << 21 | 13);
        let mut judge = Judge::new(policy.clone(), Baseline::default());
        for _ in 0..30 * 6 {
            let mut observed = arms(&mut random, weight, 167, (0.0, 0.0));
            let requests = observed.canary.requests;
            let p50 = random.binomial(requests, 0.62);
            let p90 = random.binomial(p50, 0.155 / 0.62);
            observed.canary.warm.above = [p50, p90, random.binomial(p90, 0.02 / 0.155)];
            judge.observe(&observed);
        }
        found += u32::from(judge.verdict() == Verdict::RollBack);
    }
    assert!(found >= 196, "{found} of 200 releases with +30 % latency");
}

/// Whole releases with the default plan: how many end how, in how many minutes (median), with how many bad
/// requests.
fn whole(requests_per_minute: f64, rates: (f64, f64)) -> (f64, f64, f64, f64) {
    let releases = 500_u32;
    let (mut promoted, mut rolled_back, mut minutes, mut bad) = (0, 0, Vec::new(), 0);
    for seed in 0..releases {
        let mut random = Random(u64::from(seed) << 21 | 17);
        let baseline = Baseline { requests: 100_000, errors: (rates.0 * 1e5) as u64, durations_ms: None };
        let mut judge = Judge::new(Policy::default(), baseline);
        for at in 1..=720 {
            let Decision::Continue(weight) = judge.decide() else { break };
            let requests = random.poisson(requests_per_minute / 6.0);
            let observed = arms(&mut random, weight, requests, rates);
            bad += observed.canary.errors;
            judge.observe(&observed);
            if judge.cause().is_some() {
                minutes.push(at);
            }
        }
        promoted += u32::from(judge.verdict() == Verdict::Promote);
        rolled_back += u32::from(judge.verdict() == Verdict::RollBack);
    }
    let of = |count: u32| f64::from(count) / f64::from(releases);
    minutes.sort_unstable();
    let median = f64::from(minutes[minutes.len() / 2]) / 6.0;
    (of(promoted), of(rolled_back), median, bad as f64 / f64::from(releases))
}

#[test]
fn whole_releases_end_as_published() {
    let (promoted, _, minutes, _) = whole(1_000.0, (0.001, 0.001));
    assert!(promoted >= 0.985, "good at 1000 a minute: promoted {promoted}");
    assert!((6.5..=8.5).contains(&minutes), "in {minutes} minutes");
    let (promoted, _, minutes, _) = whole(20_000.0, (0.001, 0.001));
    assert!(promoted >= 0.985, "good at 20000 a minute: promoted {promoted}");
    assert!((3.9..=4.6).contains(&minutes), "in {minutes} minutes");
    let (_, rolled_back, minutes, bad) = whole(1_000.0, (0.001, 1.0));
    assert!(rolled_back == 1.0 && minutes <= 0.5 && bad <= 5.0, "outage: {rolled_back} {minutes} {bad}");
    let (_, rolled_back, _, bad) = whole(20_000.0, (0.001, 0.01));
    assert!(rolled_back >= 0.99 && bad <= 12.0, "1 % at 20000 a minute: {rolled_back} {bad}");
}
