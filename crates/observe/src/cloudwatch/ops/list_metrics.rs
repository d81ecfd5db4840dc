//! `ListMetrics`: which metrics have values.

use std::ops::ControlFlow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::ListMetrics;
use updraft_api::cloudwatch::{
    Dimension, DimensionFilter, ListMetricsInput, ListMetricsOutput, Metric, RecentlyActive,
};
use updraft_kernel::{Access, Direction, Result, Scan, Serve, ServeCx, View};
use updraft_types::cloudwatch::Dimensions;
use updraft_types::{Scope, Timestamp};

use crate::cloudwatch::model::{METRICS, dimensions};
use crate::cloudwatch::{CloudWatch, refusals};

/// How many metrics an answer holds at most ("ListMetrics", CloudWatch API reference).
const LISTED_MAX: usize = 500;
/// Metrics without values for so long are not listed (same page).
const LISTED_FOR: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// What counts as recently active: three hours and 50 minutes at most (same page).
const RECENT: Duration = Duration::from_secs(3 * 60 * 60);

impl Serve<ListMetrics> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &ListMetricsInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:ListMetrics")])
    }

    async fn serve(&self, cx: ServeCx, input: ListMetricsInput) -> Result<ListMetricsOutput> {
        cx.settle_facts().await?;
        cx.view(|view| list(view, &input))
    }
}

fn list(view: &View<'_>, input: &ListMetricsInput) -> Result<ListMetricsOutput> {
    let since = match &input.recently_active {
        None => view.now().minus(LISTED_FOR),
        Some(RecentlyActive::Pt3h) => view.now().minus(RECENT),
        Some(other) => return Err(refusals::invalid_value(other.as_str(), "RecentlyActive").into()),
    };
    let (mut metrics, mut last, mut more, mut failed) = (Vec::new(), None, false, None);
    METRICS.visit(view, &range(view.scope(), input)?, |(_, namespace, name, text), metric| {
        let dimensions = match dimensions(&text) {
            Ok(dimensions) => dimensions,
            Err(fault) => {
                failed = Some(fault);
                return ControlFlow::Break(());
            }
        };
        if !wanted(input, &name, &dimensions, metric.seen, since) {
            return ControlFlow::Continue(());
        }
        if metrics.len() == LISTED_MAX {
            more = true;
            return ControlFlow::Break(());
        }
        metrics.push(describe(&namespace, &name, &dimensions));
        last = Some((namespace, name, text));
        ControlFlow::Continue(())
    })?;
    if let Some(fault) = failed {
        return Err(fault.into());
    }
    let token = last.filter(|_| more).map(|(namespace, name, text)| token(&namespace, &name, &text));
    Ok(ListMetricsOutput { metrics: Some(metrics), next_token: token, owning_accounts: None })
}

/// The range of keys that a listing goes over.
fn range(scope: &Scope, input: &ListMetricsInput) -> std::result::Result<Scan, Refusal> {
    let after = match &input.next_token {
        None => None,
        Some(token) => {
            let (namespace, name, text) = read_token(token).ok_or_else(refusals::token_invalid)?;
            Some((scope.clone(), namespace, name, text))
        }
    };
    Ok(match &input.namespace {
        Some(namespace) => {
            METRICS.range(&(scope.clone(), namespace.clone()), after.as_ref(), Direction::Forward)
        }
        None => METRICS.range(scope, after.as_ref(), Direction::Forward),
    })
}

fn wanted(
    input: &ListMetricsInput,
    name: &str,
    dimensions: &Dimensions,
    seen: Timestamp,
    since: Timestamp,
) -> bool {
    let has = |filter: &DimensionFilter| match (dimensions.get(&filter.name), &filter.value) {
        (Some(found), Some(value)) => found == value,
        (found, None) => found.is_some(),
        (None, Some(_)) => false,
    };
    seen >= since
        && input.metric_name.as_ref().is_none_or(|wanted| wanted == name)
        && input.dimensions.iter().flatten().all(has)
}

fn describe(namespace: &str, name: &str, dimensions: &Dimensions) -> Metric {
    let dimension =
        |(name, value): (&str, &str)| Dimension { name: name.to_owned(), value: value.to_owned() };
    Metric {
        namespace: Some(namespace.to_owned()),
        metric_name: Some(name.to_owned()),
        dimensions: Some(dimensions.iter().map(dimension).collect()),
    }
}

/// Stands in no namespace, name or dimension.
const SEPARATOR: char = '\u{1e}';

fn token(namespace: &str, name: &str, dimensions: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{namespace}{SEPARATOR}{name}{SEPARATOR}{dimensions}"))
}

fn read_token(token: &str) -> Option<(String, String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.splitn(3, SEPARATOR).map(str::to_owned);
    Some((parts.next()?, parts.next()?, parts.next()?))
}
