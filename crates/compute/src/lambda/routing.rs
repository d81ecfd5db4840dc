//! Which version a call of an alias goes to, and which weights an alias may have.

use std::collections::BTreeMap;

use updraft_api::Refusal;
use updraft_types::lambda::Qualifier;

use super::model::Alias;
use super::refusals::{constraint, invalid_parameter};

/// How many versions an alias may name beside its main one ("Implement Lambda canary deployments
/// using a weighted alias", Lambda developer guide, read 2026-11).
const ADDITIONAL_VERSIONS_MAX: usize = 1;

/// The version that takes a call, given a number drawn evenly from 0 to 1.
pub(crate) fn choose(alias: &Alias, drawn: f64) -> Qualifier {
    let mut passed = 0.0;
    for (version, weight) in &alias.weights {
        passed += weight;
        if drawn < passed {
            return Qualifier::Version(*version);
        }
    }
    alias.version.clone()
}

/// Reads `AdditionalVersionWeights` for an alias of the version `main`.
pub(crate) fn weights(
    main: &Qualifier,
    given: Option<&BTreeMap<String, f64>>,
) -> Result<BTreeMap<u64, f64>, Refusal> {
    let Some(given) = given else { return Ok(BTreeMap::new()) };
    if given.len() > ADDITIONAL_VERSIONS_MAX {
        return Err(invalid_parameter(
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ));
    }
    let mut weights = BTreeMap::new();
    for (version, weight) in given {
        let shown = format!("{{{version}={weight}}}");
        if !(0.0..=1.0).contains(weight) {
            return Err(constraint(
                "routingConfig.additionalVersionWeights",
                &shown,
                "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member \
                 must have value greater than or equal to 0.0, Member must not be null]",
            ));
        }
        if *main == Qualifier::Latest {
            return Err(invalid_parameter(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        }
        let number: u64 = version.parse().map_err(|_| {
            constraint(
                "routingConfig.additionalVersionWeights",
                &shown,
                "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member \
                 must have length greater than or equal to 1, Member must satisfy regular expression pattern: \
                 [0-9]+, Member must not be null]",
            )
        })?;
        if *main == Qualifier::Version(number) {
            return Err(invalid_parameter(format!(
                "Invalid function version {number}. Function version {number} is already included in routing \
                 configuration."
            )));
        }
        weights.insert(number, *weight);
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(weights: &[(u64, f64)]) -> Alias {
        Alias {
            version: Qualifier::Version(1),
            weights: weights.iter().copied().collect(),
            description: String::new(),
            revision_id: String::new(),
        }
    }

    #[test]
    fn a_weight_takes_its_share_and_no_more() {
        let split = alias(&[(2, 0.1)]);
        assert_eq!(choose(&split, 0.0), Qualifier::Version(2));
        assert_eq!(choose(&split, 0.0999), Qualifier::Version(2));
        assert_eq!(choose(&split, 0.1), Qualifier::Version(1));
        assert_eq!(choose(&alias(&[(2, 0.0)]), 0.0), Qualifier::Version(1));
        assert_eq!(choose(&alias(&[(2, 1.0)]), 0.999_999), Qualifier::Version(2));
        assert_eq!(choose(&alias(&[]), 0.0), Qualifier::Version(1));
    }

    #[test]
    fn weights_that_aws_refuses_are_refused() {
        let one = Qualifier::Version(1);
        type Row<'a> = (&'a Qualifier, &'a [(&'a str, f64)], &'a str);
        let rows: [Row<'_>; 6] = [
            (&one, &[("2", 0.5), ("3", 0.1)], "cannot be greater than 1"),
            (&one, &[("1", 0.5)], "already included"),
            (&one, &[("2", 1.5)], "less than or equal to 1.0"),
            (&one, &[("2", f64::NAN)], "less than or equal to 1.0"),
            (&one, &[("$LATEST", 0.5)], "Map keys"),
            (&Qualifier::Latest, &[("2", 0.5)], "$LATEST is not supported"),
        ];
        for (main, given, message) in rows {
            let given = given.iter().map(|(v, w)| ((*v).to_owned(), *w)).collect();
            let refusal = weights(main, Some(&given)).unwrap_err();
            assert!(refusal.message.contains(message), "{}", refusal.message);
        }
        assert_eq!(weights(&one, Some(&[("2".to_owned(), 0.25)].into())).unwrap(), [(2, 0.25)].into());
    }
}
