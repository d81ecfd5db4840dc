//! Capacity units, as documented for reads and writes.
//!
//! DynamoDB Developer Guide, "DynamoDB read and write operations" and "Provisioned capacity mode",
//! read 2026-11: 4 KB to a read unit, half for an eventually consistent one, twice in a transaction;
//! 1 KB to a write unit, twice in a transaction.

use std::collections::BTreeMap;

use updraft_api::dynamodb::{Capacity, ConsumedCapacity, ReturnConsumedCapacity};

use super::model::TableRecord;

const READ_UNIT_BYTES: usize = 4_096;
const WRITE_UNIT_BYTES: usize = 1_024;

/// How a read counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consistency {
    Eventual,
    Strong,
    Transactional,
}

impl Consistency {
    pub fn of(consistent: Option<bool>) -> Self {
        if consistent == Some(true) { Self::Strong } else { Self::Eventual }
    }
}

/// The units of a read.
pub(super) fn read_units(bytes: usize, consistency: Consistency) -> f64 {
    let units = bytes.div_ceil(READ_UNIT_BYTES).max(1) as f64;
    match consistency {
        Consistency::Eventual => units / 2.0,
        Consistency::Strong => units,
        Consistency::Transactional => units * 2.0,
    }
}

/// The units of a write: the larger of before and after counts.
pub(super) fn write_units(before: usize, after: usize) -> f64 {
    before.max(after).div_ceil(WRITE_UNIT_BYTES).max(1) as f64
}

/// Units by table and index, added up over a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Consumed {
    pub table: f64,
    /// By the name of the index.
    pub indexes: BTreeMap<String, f64>,
}

impl Consumed {
    pub fn add(&mut self, other: &Self) {
        self.table += other.table;
        for (name, units) in &other.indexes {
            *self.indexes.entry(name.clone()).or_default() += units;
        }
    }

    pub fn scaled(mut self, factor: f64) -> Self {
        self.table *= factor;
        self.indexes.values_mut().for_each(|units| *units *= factor);
        self
    }

    /// The capacity as the request wants it shown; none if it does not.
    pub fn shown(
        &self,
        table: &TableRecord,
        wanted: Option<&ReturnConsumedCapacity>,
    ) -> Option<ConsumedCapacity> {
        let detailed = match wanted {
            Some(ReturnConsumedCapacity::Total) => false,
            Some(ReturnConsumedCapacity::Indexes) => true,
            _ => return None,
        };
        let total = self.table + self.indexes.values().sum::<f64>();
        let mut shown = ConsumedCapacity {
            table_name: Some(table.name.to_string()),
            capacity_units: Some(total),
            ..Default::default()
        };
        if detailed {
            let capacity = |units: f64| Capacity { capacity_units: Some(units), ..Default::default() };
            let of = |global: bool| {
                let named = self
                    .indexes
                    .iter()
                    .filter(|(name, _)| table.index(name).is_some_and(|index| index.global == global));
                let map: BTreeMap<_, _> =
                    named.map(|(name, units)| (name.clone(), capacity(*units))).collect();
                (!map.is_empty()).then_some(map)
            };
            shown.table = Some(capacity(self.table));
            shown.global_secondary_indexes = of(true);
            shown.local_secondary_indexes = of(false);
        }
        Some(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_round_up() {
        assert!((read_units(0, Consistency::Eventual) - 0.5).abs() < f64::EPSILON);
        assert!((read_units(4_097, Consistency::Strong) - 2.0).abs() < f64::EPSILON);
        assert!((read_units(100, Consistency::Transactional) - 2.0).abs() < f64::EPSILON);
        assert!((write_units(10, 1_025) - 2.0).abs() < f64::EPSILON);
        assert!((write_units(3_000, 0) - 3.0).abs() < f64::EPSILON);
    }
}
