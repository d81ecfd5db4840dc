//! Dashboards: documents that consoles draw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_api::Refusal;
use updraft_api::cloudwatch::errors;
use updraft_kernel::{Table, json_record};
use updraft_types::cloudwatch::DashboardName;
use updraft_types::{AccountId, Timestamp};

/// The dashboards: they belong to no region.
pub(super) const DASHBOARDS: Table<(AccountId, String), Dashboard> = Table::new("cloudwatch.dashboard");

/// A dashboard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Dashboard {
    pub body: String,
    pub modified: Timestamp,
    pub tags: BTreeMap<String, String>,
}

json_record!(Dashboard, 1);

/// A dashboard's name in a request.
pub(super) fn name(text: &str) -> Result<DashboardName, Refusal> {
    text.parse().map_err(|_| invalid("The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_)."))
}

pub(super) fn invalid(message: &str) -> Refusal {
    errors::DASHBOARD_INVALID_INPUT_ERROR.refuse(message)
}

pub(super) fn not_found(name: &str) -> Refusal {
    errors::DASHBOARD_NOT_FOUND_ERROR.refuse(format!("Dashboard {name} does not exist"))
}
