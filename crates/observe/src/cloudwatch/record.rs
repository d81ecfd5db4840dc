//! Taking values in: batches are rolled up in memory first, so that each roll-up is written once.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use updraft_kernel::{Direction, Fault, Tx};
use updraft_types::Timestamp;

use super::histogram::Histogram;
use super::model::{
    EXPIRIES, LABELS, Label, Level, METRICS, Metric, MetricName, NEXT_ID, ROLL_UPS, RollUpKey, SWEPT,
};

/// How often the time of a metric's newest value is written.
pub(super) const SEEN_EVERY: Duration = Duration::from_secs(60);

/// How many expired roll-ups a batch removes beyond as many as it makes. So there are never more
/// than were made within the longest time any is kept.
const REMOVED_EXTRA: usize = 16;

/// Values on their way into the store.
#[derive(Default)]
pub(super) struct Batch {
    metrics: HashMap<MetricName, HashMap<(Level, Timestamp, u8), Histogram>>,
}

impl Batch {
    /// Adds values of a metric at a time, with a unit, to the roll-ups of some levels.
    pub(super) fn add(
        &mut self,
        metric: MetricName,
        at: Timestamp,
        unit: u8,
        levels: &[Level],
        values: &Histogram,
    ) {
        let roll_ups = self.metrics.entry(metric).or_default();
        for level in levels {
            roll_ups.entry((*level, level.floor(at), unit)).or_default().merge(values);
        }
    }

    /// Writes all that was added.
    pub(super) fn write(self, tx: &mut dyn Tx, now: Timestamp) -> Result<(), Fault> {
        let mut made = 0;
        for (name, roll_ups) in self.metrics {
            let id = see(tx, &name, now)?;
            for ((level, begin, unit), values) in roll_ups {
                if begin.plus(level.kept()) > now {
                    made += usize::from(roll_up(tx, (id, level.code(), begin, unit), level, values)?);
                }
            }
        }
        if made > 0 { remove_expired(tx, now, made + REMOVED_EXTRA) } else { Ok(()) }
    }
}

/// Notes that a metric has new values; answers its number.
fn see(tx: &mut dyn Tx, name: &MetricName, now: Timestamp) -> Result<u64, Fault> {
    let key = name.key();
    let id = match METRICS.get(tx, &key)? {
        Some(metric) if metric.seen.plus(SEEN_EVERY) > now => return Ok(metric.id),
        Some(metric) => metric.id,
        None => {
            let id = NEXT_ID.get(tx, &())?.unwrap_or(1);
            NEXT_ID.put(tx, &(), &(id + 1))?;
            let (scope, namespace, name, dimensions) = key.clone();
            LABELS.put(tx, &id, &Label { scope, namespace, name, dimensions })?;
            id
        }
    };
    METRICS.put(tx, &key, &Metric { id, seen: now })?;
    Ok(id)
}

/// Merges values into a roll-up; says whether it is new.
fn roll_up(tx: &mut dyn Tx, key: RollUpKey, level: Level, values: Histogram) -> Result<bool, Fault> {
    match ROLL_UPS.get(tx, &key)? {
        Some(mut stored) => {
            stored.merge(&values);
            ROLL_UPS.put(tx, &key, &stored)?;
            Ok(false)
        }
        None => {
            EXPIRIES.put(tx, &(key.2.plus(level.kept()), key), &())?;
            ROLL_UPS.put(tx, &key, &values)?;
            Ok(true)
        }
    }
}

/// Removes some expired roll-ups, and the metrics that have had no values for as long.
fn remove_expired(tx: &mut dyn Tx, now: Timestamp, count_max: usize) -> Result<(), Fault> {
    let mut expired = Vec::new();
    // From where the last sweep ended: before that there is nothing but what was removed, which an
    // LSM tree would have to skip entry by entry. What is made later never expires before now.
    let from = Timestamp::from_millis(SWEPT.get(tx, &())?.unwrap_or(0).cast_signed());
    EXPIRIES.visit(tx, &EXPIRIES.between(&from, &now, Direction::Forward), |key, ()| {
        expired.push(key);
        if expired.len() == count_max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some((last, _)) = expired.last() {
        SWEPT.put(tx, &(), &last.millis().cast_unsigned())?;
    }
    for key in expired {
        EXPIRIES.delete(tx, &key);
        ROLL_UPS.delete(tx, &key.1);
        if key.1.1 == Level::Minute.code() {
            remove_silent(tx, key.1.0, now)?;
        }
    }
    Ok(())
}

/// Removes a metric without values.
fn remove_silent(tx: &mut dyn Tx, id: u64, now: Timestamp) -> Result<(), Fault> {
    let Some(label) = LABELS.get(tx, &id)? else { return Ok(()) };
    let key = (label.scope, label.namespace, label.name, label.dimensions);
    let silent = METRICS.get(tx, &key)?.is_none_or(|metric| metric.seen.plus(Level::Minute.kept()) <= now);
    if silent {
        METRICS.delete(tx, &key);
        LABELS.delete(tx, &id);
    }
    Ok(())
}
