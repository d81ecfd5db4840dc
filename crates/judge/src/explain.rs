//! The verdict in one sentence, with the numbers it rests on.

use crate::{Cause, Evidence, Judge, Metric, Verdict, Weight};

impl Judge {
    /// Why the release stands as it does, in one sentence.
    ///
    /// > 4 of 11 errors were the canary's at weight 2 %: evidence 1760 : 1 against a harmless release
    #[must_use]
    pub fn explain(&self) -> String {
        match self.ended {
            Some(Cause::Misrouted) => self.explain_misrouted(),
            Some(Cause::Danger) => self.explain_danger(),
            Some(Cause::Safe) => self.explain_safety(),
            None => self.explain_inconclusive(),
        }
    }

    fn explain_danger(&self) -> String {
        let metric = self.worst();
        let evidence = self.metric(metric);
        let noun = match metric {
            Metric::Errors if self.policy.counting == crate::Counting::Environments => {
                "environments with errors"
            }
            other => other.noun(),
        };
        format!(
            "{} of {} {noun} were the canary's at weight {}: evidence {} against a harmless release",
            evidence.canary,
            evidence.all,
            weights(evidence),
            odds(self.danger_log()),
        )
    }

    fn explain_safety(&self) -> String {
        format!(
            "{} in {} canary requests: evidence {} against {}, and {} against a harmless release",
            counted(self.safety.errors, "error"),
            self.safety.requests,
            odds(self.safety.log()),
            self.safety.hypothesis(),
            odds(self.danger_log()),
        )
    }

    fn explain_misrouted(&self) -> String {
        format!(
            "{} of {} requests were the canary's at weight {}: evidence {} that the traffic is not split as \
             the alias says, so the versions cannot be compared",
            self.routing.canary,
            self.routing.all,
            weights(&self.routing),
            odds(self.routing.log()),
        )
    }

    fn explain_inconclusive(&self) -> String {
        let enough = 1.0 / self.policy.beta;
        let missing = match self.safety.clean_requests_to(enough) {
            Some(requests) if requests > 0 => {
                format!("; about {requests} more clean canary requests would do")
            }
            _ => String::new(),
        };
        format!(
            "{} in {} canary requests: evidence {} against {} ({} is asked for), and {} against a harmless \
             release{missing}",
            counted(self.safety.errors, "error"),
            self.safety.requests,
            odds(self.safety.log()),
            self.safety.hypothesis(),
            odds(enough.ln()),
            odds(self.danger_log()),
        )
    }

    /// The metric that adds most to the evidence.
    fn worst(&self) -> Metric {
        let weighed =
            |metric: &Metric| self.policy.metrics.0[*metric as usize].ln() + self.metric(*metric).log();
        Metric::ALL.into_iter().max_by(|a, b| weighed(a).total_cmp(&weighed(b))).unwrap_or(Metric::Errors)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RollBack => "roll back",
            Self::Promote => "promote",
            Self::Inconclusive => "inconclusive",
        })
    }
}

fn weights(evidence: &Evidence) -> String {
    match evidence.weights.unwrap_or((Weight::ZERO, Weight::ZERO)) {
        (least, greatest) if least == greatest => least.to_string(),
        (least, greatest) => format!("{} to {greatest}", least.to_string().trim_end_matches(" %")),
    }
}

fn counted(count: u64, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Evidence as a person reads odds: `1760 : 1`, `0.4 : 1`, `3.2 million : 1`, `10^15 : 1`.
#[must_use]
pub fn odds(log: f64) -> String {
    let value = log.exp();
    match value {
        v if v < 10.0 => format!("{} : 1", short(v)),
        v if v < 1e3 => format!("{v:.0} : 1"),
        // Three digits are more than evidence is good for.
        v if v < 1e6 => {
            let unit = 10_f64.powf(v.log10().floor() - 2.0);
            format!("{:.0} : 1", (v / unit).round() * unit)
        }
        v if v < 1e9 => format!("{} million : 1", short(v / 1e6)),
        _ => format!("10^{:.0} : 1", log / std::f64::consts::LN_10),
    }
}

/// A number with no more digits than it needs: two after the point, none for nothing.
pub(crate) fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arm, Baseline, Interval, MetricWeights, Policy};

    fn judged(canary: Arm, baseline: Arm) -> Judge {
        let policy = Policy { metrics: MetricWeights([1.0, 0.0, 0.0, 0.0]), ..Policy::default() };
        let mut judge = Judge::new(policy, Baseline::default());
        judge.observe(&Interval { weight: judge.weight(), secs: 10, baseline, canary });
        judge
    }

    fn arm(requests: u64, errors: u64) -> Arm {
        Arm { requests, errors, ..Arm::default() }
    }

    #[test]
    fn a_rollback_says_what_fell_where() {
        assert_eq!(
            judged(arm(20, 4), arm(980, 7)).explain(),
            "4 of 11 errors were the canary's at weight 2 %: evidence 1760 : 1 against a harmless release"
        );
    }

    #[test]
    fn too_little_says_how_much_is_missing() {
        let text = judged(arm(20, 0), arm(980, 0)).explain();
        assert!(text.starts_with("no error in 20 canary requests: evidence 1.2 : 1 against"), "{text}");
        assert!(text.ends_with("more clean canary requests would do"), "{text}");
    }

    #[test]
    fn a_wrong_split_says_so() {
        let text = judged(arm(400, 0), arm(600, 0)).explain();
        assert!(text.starts_with("400 of 1000 requests were the canary's at weight 2 %"), "{text}");
    }

    #[test]
    fn odds_stay_readable() {
        for (value, text) in [
            (0.4, "0.4 : 1"),
            (1.0, "1 : 1"),
            (123.4, "123 : 1"),
            (1763.6, "1760 : 1"),
            (123_456.0, "123000 : 1"),
            (3.2e6, "3.2 million : 1"),
            (1e15, "10^15 : 1"),
        ] {
            assert_eq!(odds(f64::ln(value)), text);
        }
    }
}
