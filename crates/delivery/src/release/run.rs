//! Doing a release: one act after another, each written down before it is done.

use std::time::Duration;

use updraft_types::Timestamp;

use super::record::{Owner, Release};
use super::step::{Action, Outcome, Placement};
use super::store::{ReleaseStore, Saved, StoreError};
use super::world::{World, WorldError};
use crate::{Clock, Event, ExitCode, Explain, Problem, Progress};

/// How often an alias is tried again after a lost race.
const RACES_MAX: u32 = 5;
/// How often counts are asked for before the release is given up, a little longer each time.
const COUNTS_MAX: u32 = 5;
const COUNT_WAIT: Duration = Duration::from_secs(2);
/// How often it is looked whether the owner of a release still writes.
const TAKE_OVER_LOOK: Duration = Duration::from_millis(500);

/// The process that does a release.
pub struct Driver<'a> {
    /// What it acts on.
    pub world: &'a dyn World,
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// Whom it tells.
    pub progress: &'a dyn Progress,
    /// The machine's name.
    pub host: String,
    /// Its process id.
    pub pid: u32,
}

impl Driver<'_> {
    /// Does a release to its end.
    pub async fn run(&self, mut release: Release, mut saved: Saved) -> crate::Outcome<Release> {
        while let Some(action) = release.action() {
            let outcome = self.perform(&release, action).await.map_err(|error| stuck(&release, error))?;
            let mut next = release.clone();
            next.apply(outcome, self.clock.now());
            self.tell(&next);
            (release, saved) = self.save(next, saved).await?;
        }
        Ok(release)
    }

    /// Takes a release from a process that is gone. One that may still live is given until its lease is
    /// over; if it writes meanwhile, it lives.
    pub async fn take_over(
        &self,
        mut release: Release,
        mut saved: Saved,
    ) -> crate::Outcome<(Release, Saved)> {
        let met = saved.clone();
        while release.owner.until > self.clock.now() && !self.owner_is_gone(&release.owner) {
            if saved != met {
                let Owner { host, pid, .. } = &release.owner;
                let message = format!("release {} is being done by process {pid} on {host}", release.id);
                return Err(Problem::new(ExitCode::Busy, message).hint(
                    "watch it with `updraft release status`, or end it with `updraft release rollback`",
                ));
            }
            self.clock.wait(TAKE_OVER_LOOK).await;
            let read = self.world.reload(&release.id).await;
            (release, saved) =
                read.explain(ExitCode::Failure, || format!("cannot read release {}", release.id))?;
        }
        let now = self.clock.now();
        release.note(now, format!("taken over by process {} on {}", self.pid, self.host));
        self.save(release, saved).await
    }

    fn owner_is_gone(&self, owner: &Owner) -> bool {
        owner.host == self.host && (owner.pid == self.pid || !is_running(owner.pid))
    }

    async fn perform(&self, release: &Release, action: Action) -> Result<Outcome, WorldError> {
        match action {
            Action::Place(placement) => self.place(release, placement).await,
            Action::Count { from, weight } => {
                let until = self.wait_for_counts(release, from).await;
                if let Some(outcome) = self.displaced(release, Placement::Split(weight)).await? {
                    return Ok(outcome);
                }
                self.count(release, weight, from, until).await
            }
        }
    }

    /// Brings every alias to its place. One that someone else holds is left to them; the others are
    /// moved all the same when the release is ending, and none when it is not.
    async fn place(&self, release: &Release, placement: Placement) -> Result<Outcome, WorldError> {
        let mut foreign = Vec::new();
        for target in &release.targets {
            let wanted = placement.of(target);
            let mut races = 0;
            loop {
                let (alias, revision) = self.world.alias(target).await?;
                if alias == wanted {
                    break;
                }
                if !target.owns(&alias) {
                    let place = alias.describe();
                    foreign.push(format!("someone moved {}:{} to {place}", target.function, target.alias));
                    break;
                }
                match self.world.place(target, &wanted, &revision).await {
                    Ok(()) => break,
                    Err(WorldError::LostRace) if races < RACES_MAX => races += 1,
                    Err(error) => return Err(error),
                }
            }
            if matches!(placement, Placement::Split(_)) && !foreign.is_empty() {
                break;
            }
        }
        if foreign.is_empty() {
            Ok(Outcome::Placed)
        } else {
            Ok(Outcome::Interfered { what: foreign.join("; ") })
        }
    }

    /// What to make of aliases that are not where the release left them; nothing when they are.
    async fn displaced(
        &self,
        release: &Release,
        placement: Placement,
    ) -> Result<Option<Outcome>, WorldError> {
        for target in &release.targets {
            let (alias, _) = self.world.alias(target).await?;
            if alias == placement.of(target) {
                continue;
            }
            let what = format!("someone moved {}:{} to {}", target.function, target.alias, alias.describe());
            let outcome = if target.owns(&alias) { Outcome::Placed } else { Outcome::Interfered { what } };
            return Ok(Some(outcome));
        }
        Ok(None)
    }

    async fn wait_for_counts(&self, release: &Release, from: Timestamp) -> Timestamp {
        let source = release.source;
        loop {
            let now = self.clock.now();
            let until = source.complete_until(now);
            if until > from {
                return until;
            }
            let ready = from
                .plus(Duration::from_secs(u64::from(source.period_secs)))
                .plus(Duration::from_millis(u64::from(source.lag_millis)));
            self.clock.wait(ready.since(now).max(Duration::from_millis(50))).await;
        }
    }

    async fn count(
        &self,
        release: &Release,
        weight: updraft_judge::Weight,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Outcome, WorldError> {
        let mut tries = 0;
        loop {
            match self.world.count(release, weight, from, until).await {
                Ok(intervals) => return Ok(Outcome::Counted { until, intervals }),
                // A call that is refused once is refused again.
                Err(error) if tries < COUNTS_MAX && error.may_pass() => {
                    tries += 1;
                    self.clock.wait(COUNT_WAIT * tries).await;
                }
                Err(error) => {
                    return Ok(Outcome::Blind { why: format!("the counts cannot be read: {error}") });
                }
            }
        }
    }

    /// Writes the next state down. When someone has given an order meanwhile, it is obeyed; when
    /// another process has taken over, this one stops.
    async fn save(&self, mut next: Release, saved: Saved) -> crate::Outcome<(Release, Saved)> {
        next.owner =
            Owner { host: self.host.clone(), pid: self.pid, until: self.clock.now().plus(next.lease()) };
        match self.world.save(&next, &saved).await {
            Ok(saved) => Ok((next, saved)),
            Err(StoreError::Conflict) => self.reconcile(next).await,
            Err(error) => {
                Err(error).explain(ExitCode::Failure, || format!("cannot write down release {}", next.id))
            }
        }
    }

    async fn reconcile(&self, next: Release) -> crate::Outcome<(Release, Saved)> {
        let (mut stored, saved) = self
            .world
            .reload(&next.id)
            .await
            .explain(ExitCode::Failure, || format!("cannot read release {}", next.id))?;
        if stored == next {
            // The write had arrived and its answer was lost.
            return Ok((stored, saved));
        }
        if (&stored.owner.host, stored.owner.pid) != (&self.host, self.pid) {
            let Owner { host, pid, .. } = &stored.owner;
            let message = format!("process {pid} on {host} has taken over release {}", stored.id);
            return Err(Problem::new(ExitCode::Busy, message).hint("watch it with `updraft release status`"));
        }
        if let Some(order) = stored.order {
            stored.obey(order, self.clock.now());
        }
        Ok((stored, saved))
    }

    fn tell(&self, release: &Release) {
        let judge = &release.judge;
        let (baseline_requests, baseline_errors) = judge.baseline_counts();
        self.progress.event(Event::Canary {
            weight: release.weight().share(),
            baseline_requests,
            baseline_errors,
            canary_requests: judge.safety().requests,
            canary_errors: judge.safety().errors,
            danger_log: judge.danger_log(),
            safety_log: judge.safety().log(),
        });
    }
}

fn stuck(release: &Release, error: WorldError) -> Problem {
    Problem::new(
        ExitCode::Unreachable,
        format!("release {} stopped with {} on the new version", release.id, release.weight()),
    )
    .because(error)
    .hint("the next `updraft deliver` goes on with it; `updraft release rollback` takes it back")
}

/// Whether a process runs on this machine; one that has ended and waits to be asked for does not.
fn is_running(pid: u32) -> bool {
    // The state is the first field after the name, which is in brackets and may hold any character
    // (proc_pid_stat(5)).
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| !matches!(state, "Z" | "X"))
}

/// The environment's release that has not ended, if there is one.
pub async fn unfinished(store: ReleaseStore<'_>) -> Result<Option<(Release, Saved)>, StoreError> {
    Ok(store.latest().await?.0.filter(|(release, _)| !release.is_ended()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::future::BoxFuture;
    use updraft_judge::{Arm, Baseline, ExposurePlan, Interval, Judge, Policy, Verdict, Weight};

    use super::*;
    use crate::Silent;
    use crate::client::CallError;
    use crate::config::OnInconclusive;
    use crate::release::record::{FORMAT, Order, Phase, Source, Target};
    use crate::release::world::Alias;

    /// A world that forgets nothing, and a process that dies when its fuel is spent.
    #[derive(Clone)]
    struct FakeWorld(Arc<Mutex<State>>);

    struct State {
        aliases: Vec<(Alias, u64)>,
        record: Release,
        version: u64,
        fuel: u32,
        /// Whether the last act still happens when the process dies of it.
        dies_after: bool,
        canary_error_rate: f64,
        spent: u32,
        /// Whether another process goes on writing the record.
        written_by_another: bool,
    }

    impl State {
        /// One act: does it, unless the process died before; fails when it died before or after.
        fn act<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Option<T> {
            self.spent += 1;
            if self.fuel == 0 {
                return None;
            }
            self.fuel -= 1;
            if self.fuel == 0 && !self.dies_after {
                return None;
            }
            let value = act(self);
            (self.fuel > 0).then_some(value)
        }
    }

    fn died() -> CallError {
        CallError::not_found("Any", "the process died")
    }

    impl World for FakeWorld {
        fn alias<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<(Alias, String), WorldError>> {
            let mut state = self.0.lock().unwrap();
            let index = usize::from(target.function == "orders");
            let found = state.act(|state| state.aliases[index].clone());
            Box::pin(async move {
                let (alias, revision) = found.ok_or_else(died)?;
                Ok((alias, revision.to_string()))
            })
        }

        fn place<'a>(
            &'a self,
            target: &'a Target,
            to: &'a Alias,
            revision: &'a str,
        ) -> BoxFuture<'a, Result<(), WorldError>> {
            let mut state = self.0.lock().unwrap();
            let index = usize::from(target.function == "orders");
            let (to, revision) = (to.clone(), revision.to_owned());
            let moved = state.act(|state| {
                let alias = &mut state.aliases[index];
                if alias.1.to_string() != revision {
                    return false;
                }
                *alias = (to, alias.1 + 1);
                true
            });
            Box::pin(async move {
                match moved.ok_or_else(died)? {
                    true => Ok(()),
                    false => Err(WorldError::LostRace),
                }
            })
        }

        fn count<'a>(
            &'a self,
            release: &'a Release,
            weight: Weight,
            from: Timestamp,
            until: Timestamp,
        ) -> BoxFuture<'a, Result<Vec<Interval>, WorldError>> {
            let mut state = self.0.lock().unwrap();
            let secs = until.since(from).as_secs();
            let rate = state.canary_error_rate;
            let count = release.targets.len();
            let counted = state.act(|_| {
                let canary = (weight.share() * 1_000.0) as u64 * secs;
                let errors = (canary as f64 * rate).round() as u64;
                let canary = Arm { requests: canary, errors, ..Arm::default() };
                let baseline = Arm { requests: 1_000 * secs - canary.requests, ..Arm::default() };
                vec![Interval { weight, secs: secs as u32, baseline, canary }; count]
            });
            Box::pin(async move { Ok(counted.ok_or_else(died)?) })
        }

        fn save<'a>(
            &'a self,
            release: &'a Release,
            last: &'a Saved,
        ) -> BoxFuture<'a, Result<Saved, StoreError>> {
            let mut state = self.0.lock().unwrap();
            let saved = state.act(|state| {
                if state.version.to_string() != last.0 {
                    return None;
                }
                state.record = release.clone();
                state.version += 1;
                Some(Saved(state.version.to_string()))
            });
            Box::pin(async move { saved.ok_or_else(died)?.ok_or(StoreError::Conflict) })
        }

        fn reload<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(Release, Saved), StoreError>> {
            let mut state = self.0.lock().unwrap();
            if state.written_by_another {
                state.version += 1;
                state.record.owner.until = state.record.owner.until.plus(Duration::from_secs(1));
            }
            let found = (state.record.clone(), Saved(state.version.to_string()));
            Box::pin(async move { Ok(found) })
        }
    }

    /// Time that passes only by waiting.
    struct FakeClock(Arc<Mutex<i64>>);

    impl Clock for FakeClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(*self.0.lock().unwrap())
        }

        fn wait(&self, duration: Duration) -> BoxFuture<'static, ()> {
            *self.0.lock().unwrap() += duration.as_millis() as i64;
            Box::pin(std::future::ready(()))
        }
    }

    fn release(policy: Policy) -> Release {
        let target = |function: &str| Target {
            function: function.into(),
            alias: "live".into(),
            from: "1".into(),
            to: "2".into(),
            baseline: Baseline::default(),
        };
        Release {
            format: FORMAT,
            id: "20261123T050000Z".into(),
            environment: "prod".into(),
            commit: None,
            started_at: Timestamp::from_millis(1_000_000),
            deadline_at: Timestamp::from_millis(1_600_000),
            on_inconclusive: OnInconclusive::RollBack,
            targets: vec![target("cart"), target("orders")],
            source: Source::ENGINE,
            recent_rate: 0.0,
            cold_at: Timestamp::EPOCH,
            phase: Phase::Shift { to: policy.plan.weight(0) },
            judge: Judge::new(policy, Baseline::default()),
            order: None,
            owner: Owner { host: "here".into(), pid: u32::MAX, until: Timestamp::EPOCH },
            log: Vec::new(),
        }
    }

    fn world(canary_error_rate: f64) -> FakeWorld {
        let plan = ExposurePlan::default().with_dwell_secs(2);
        let record = release(Policy { plan, ..Policy::default() });
        FakeWorld(Arc::new(Mutex::new(State {
            aliases: vec![(Alias::whole("1"), 7), (Alias::whole("1"), 9)],
            record,
            version: 1,
            fuel: u32::MAX,
            dies_after: false,
            canary_error_rate,
            spent: 0,
            written_by_another: false,
        })))
    }

    /// One process: reads the record, takes over, goes on.
    async fn process(world: &FakeWorld, clock: &FakeClock, pid: u32) -> crate::Outcome<Release> {
        let driver = Driver { world, clock, progress: &Silent, host: "here".into(), pid };
        let (record, saved) = world.reload("").await.unwrap();
        let (record, saved) = driver.take_over(record, saved).await?;
        driver.run(record, saved).await
    }

    fn clock() -> FakeClock {
        FakeClock(Arc::new(Mutex::new(1_000_000)))
    }

    #[tokio::test]
    async fn a_good_release_is_promoted_on_every_alias() {
        let world = world(0.0);
        let ended = process(&world, &clock(), u32::MAX).await.unwrap();
        assert_eq!(ended.ending().unwrap().verdict, Verdict::Promote);
        let state = world.0.lock().unwrap();
        assert!(state.aliases.iter().all(|(alias, _)| *alias == Alias::whole("2")), "{:?}", state.aliases);
    }

    #[tokio::test]
    async fn killed_before_and_after_every_act_it_ends_whole() {
        for (rate, verdict, version) in [(0.0, Verdict::Promote, "2"), (0.3, Verdict::RollBack, "1")] {
            let whole = world(rate);
            process(&whole, &clock(), u32::MAX).await.unwrap();
            let acts = whole.0.lock().unwrap().spent;
            assert!(acts > 10, "{acts} acts");
            for (kill_at, dies_after) in (1..=acts).flat_map(|at| [(at, false), (at, true)]) {
                let world = world(rate);
                let clock = clock();
                {
                    let mut state = world.0.lock().unwrap();
                    (state.fuel, state.dies_after) = (kill_at, dies_after);
                }
                let _ = process(&world, &clock, u32::MAX).await;
                {
                    let mut state = world.0.lock().unwrap();
                    let split = state.aliases.iter().any(|(alias, _)| alias.canary.is_some());
                    let differ = state.aliases[0].0 != state.aliases[1].0;
                    let unfinished = !state.record.is_ended();
                    assert!(unfinished || !(split || differ), "unnoticed after act {kill_at}");
                    state.fuel = u32::MAX;
                }
                let ended = process(&world, &clock, u32::MAX - 1).await.unwrap();
                assert_eq!(ended.ending().map(|e| e.verdict), Some(verdict), "killed at {kill_at}");
                let state = world.0.lock().unwrap();
                assert!(
                    state.aliases.iter().all(|(alias, _)| *alias == Alias::whole(version)),
                    "killed at {kill_at}: {:?}",
                    state.aliases
                );
            }
        }
    }

    #[tokio::test]
    async fn someone_elses_alias_is_left_alone_and_ours_goes_back() {
        let world = world(0.0);
        world.0.lock().unwrap().aliases[1] = (Alias::whole("5"), 1);
        let ended = process(&world, &clock(), u32::MAX).await.unwrap();
        let ending = ended.ending().unwrap();
        assert_eq!(ending.verdict, Verdict::Inconclusive);
        assert_eq!(ending.sentence, "someone moved orders:live to version 5");
        let state = world.0.lock().unwrap();
        assert_eq!((&state.aliases[0].0, &state.aliases[1].0), (&Alias::whole("1"), &Alias::whole("5")));
    }

    #[tokio::test]
    async fn a_living_owner_is_not_disturbed_and_a_silent_one_loses_its_lease() {
        let world = world(0.0);
        let clock = clock();
        {
            let mut state = world.0.lock().unwrap();
            let until = clock.now().plus(Duration::from_secs(10));
            state.record.owner = Owner { host: "elsewhere".into(), pid: 1, until };
            state.written_by_another = true;
        }
        let problem = process(&world, &clock, u32::MAX).await.unwrap_err();
        assert_eq!(problem.exit, ExitCode::Busy);
        world.0.lock().unwrap().written_by_another = false;
        let before = clock.now();
        assert!(process(&world, &clock, u32::MAX).await.is_ok());
        assert!(clock.now().since(before) > Duration::from_secs(8), "the lease was waited for");
    }

    #[test]
    fn only_a_process_that_runs_is_running() {
        assert!(is_running(std::process::id()));
        assert!(!is_running(u32::MAX));
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        // Ended, but not asked for: what `kill -9` leaves under a parent that does not look.
        let began = std::time::Instant::now();
        while is_running(ended.id()) && began.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        assert!(!is_running(ended.id()));
        ended.wait().unwrap();
    }

    #[tokio::test]
    async fn a_persons_order_given_meanwhile_is_obeyed() {
        let world = world(0.0);
        let clock = clock();
        let driver =
            Driver { world: &world, clock: &clock, progress: &Silent, host: "here".into(), pid: u32::MAX };
        let (record, saved) = world.reload("").await.unwrap();
        let (record, saved) = driver.take_over(record, saved).await.unwrap();
        {
            // As `updraft release rollback` does from another terminal.
            let mut state = world.0.lock().unwrap();
            state.record.order = Some(Order::RollBack);
            state.version += 1;
        }
        let ended = driver.run(record, saved).await.unwrap();
        assert_eq!(ended.ending().unwrap().verdict, Verdict::RollBack);
        assert!(ended.ending().unwrap().sentence.starts_with("by a person's order"));
        assert_eq!(world.0.lock().unwrap().aliases[0].0, Alias::whole("1"));
    }

    #[test]
    fn a_fresh_environments_slowness_is_not_held_against_it() {
        let policy = Policy { plan: ExposurePlan::default(), ..Policy::default() };
        let judged = |cold_in_between: u64| {
            let mut release = release(policy.clone());
            release.apply(Outcome::Placed, Timestamp::from_millis(1_000_000));
            for second in 0..=60 {
                let until = Timestamp::from_millis(1_001_000 + second * 1_000);
                let slow = updraft_judge::Stratum { requests: 2, above: [2, 2, 2] };
                let cold = updraft_judge::Stratum { requests: cold_in_between, above: [0; 3] };
                let canary = Arm { requests: 2, warm: slow, cold, ..Arm::default() };
                let warm = updraft_judge::Stratum { requests: 98, above: [49, 10, 1] };
                let baseline = Arm { requests: 98, warm, ..Arm::default() };
                let weight = release.weight();
                let interval = Interval { weight, secs: 1, baseline, canary };
                release.apply(Outcome::Counted { until, intervals: vec![interval] }, until);
                if release.weight() == Weight::ZERO {
                    return Some(second);
                }
            }
            None
        };
        assert_eq!(judged(1), None, "cold starts all along");
        assert!(judged(0).is_some_and(|second| second >= 28), "{:?}", judged(0));
    }

    #[tokio::test]
    async fn without_traffic_the_deadline_ends_it_inconclusive() {
        let world = world(0.0);
        {
            let mut state = world.0.lock().unwrap();
            state.record.deadline_at = Timestamp::from_millis(1_002_000);
        }
        let ended = process(&world, &clock(), u32::MAX).await.unwrap();
        assert_eq!(ended.ending().unwrap().verdict, Verdict::Inconclusive);
        assert_eq!(world.0.lock().unwrap().aliases[0].0, Alias::whole("1"));
    }
}
