//! What can have tags: alarms and dashboards.

use std::collections::BTreeMap;

use updraft_api::Refusal;
use updraft_api::cloudwatch::errors;
use updraft_kernel::{Cx, Read, Result};
use updraft_types::cloudwatch::{AlarmName, DashboardName};
use updraft_types::{Arn, Scope};

use super::alarms::model::{self, find};
use super::dashboards::DASHBOARDS;
use super::refusals;

/// Something with tags, by its name.
pub(super) enum Tagged {
    Alarm(AlarmName),
    Dashboard(DashboardName),
}

pub(super) type Tags = BTreeMap<String, String>;

impl Tagged {
    /// What an ARN stands for.
    pub(super) fn read(text: &str) -> std::result::Result<(Arn, Self), Refusal> {
        let refuse = || refusals::invalid_value(text, "ResourceARN");
        let arn: Arn = text.parse().map_err(|_| refuse())?;
        let tagged = match (AlarmName::from_arn(&arn), DashboardName::from_arn(&arn)) {
            (Ok(alarm), _) => Self::Alarm(alarm),
            (_, Ok(dashboard)) => Self::Dashboard(dashboard),
            _ => return Err(refuse()),
        };
        Ok((arn, tagged))
    }

    /// Its tags.
    pub(super) fn tags(&self, read: &(impl Read + ?Sized), scope: &Scope) -> Result<Tags> {
        let tags = match self {
            Self::Alarm(name) => find(read, scope, name.as_str())?.map(|alarm| alarm.tags),
            Self::Dashboard(name) => {
                DASHBOARDS.get(read, &(scope.account, name.to_string()))?.map(|dashboard| dashboard.tags)
            }
        };
        Ok(tags.ok_or_else(|| self.not_found())?)
    }

    /// Gives it other tags.
    pub(super) fn set_tags(&self, cx: &mut Cx<'_>, tags: Tags) -> Result<()> {
        let scope = cx.scope().clone();
        match self {
            Self::Alarm(name) => {
                let mut alarm = find(cx, &scope, name.as_str())?.ok_or_else(|| self.not_found())?;
                alarm.tags = tags;
                Ok(model::put(cx, &scope, &alarm)?)
            }
            Self::Dashboard(name) => {
                let key = (scope.account, name.to_string());
                let mut dashboard = DASHBOARDS.get(cx, &key)?.ok_or_else(|| self.not_found())?;
                dashboard.tags = tags;
                Ok(DASHBOARDS.put(cx, &key, &dashboard)?)
            }
        }
    }

    fn not_found(&self) -> Refusal {
        let (kind, name) = match self {
            Self::Alarm(name) => ("alarm", name.as_str()),
            Self::Dashboard(name) => ("dashboard", name.as_str()),
        };
        errors::RESOURCE_NOT_FOUND_EXCEPTION
            .refuse(format!("The {kind} {name} does not exist"))
            .with("ResourceType", kind)
            .with("ResourceId", name)
    }
}
