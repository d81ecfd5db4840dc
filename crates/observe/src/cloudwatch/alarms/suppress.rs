//! Composite alarms whose actions wait for another alarm: the suppressor.
//!
//! "Composite alarm action suppression", CloudWatch user guide (`alarm-suppression.html`), read 2026-11:
//! on its way into ALARM the composite alarm waits for the suppressor to go off, too; while that is in
//! ALARM, and for an extension period after it, no action is taken.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use updraft_api::cloudwatch::ActionsSuppressedBy;
use updraft_kernel::{Cx, Fault, Job, JobEnd, Read, Result, RunJob, ServeCx};
use updraft_types::{Scope, Timestamp};

use super::model::{self, Alarm, Kind, State, find};
use super::shift;
use crate::cloudwatch::CloudWatch;

/// What holds a composite alarm's actions back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Suppressor {
    /// The name or the ARN of an alarm.
    pub alarm: String,
    pub wait_secs: u32,
    pub extension_secs: u32,
    /// Why actions are held back now, if they are.
    pub by: Option<By>,
}

/// Why actions are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloudwatch) enum By {
    /// The suppressor may still go off.
    Wait(Timestamp),
    /// It is in ALARM.
    Alarm,
    /// It was until lately.
    Extension(Timestamp),
}

/// Ends a wait or an extension.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Release {
    pub alarm: String,
    pub configuration: String,
    pub until: Timestamp,
}

impl Job for Release {
    const KIND: &'static str = "cloudwatch.release_actions";
}

impl RunJob<Release> for CloudWatch {
    async fn run(&self, cx: ServeCx, job: Release) -> Result<JobEnd<Release>> {
        cx.transact(move |cx| Ok(release(cx, &job)?)).await?;
        Ok(JobEnd::Done)
    }
}

impl By {
    pub(in crate::cloudwatch) const fn shape(self) -> ActionsSuppressedBy {
        match self {
            Self::Wait(_) => ActionsSuppressedBy::WaitPeriod,
            Self::Alarm => ActionsSuppressedBy::Alarm,
            Self::Extension(_) => ActionsSuppressedBy::ExtensionPeriod,
        }
    }

    pub(in crate::cloudwatch) fn reason(self, suppressor: &str) -> String {
        match self {
            Self::Wait(until) => format!("Waiting for {suppressor} until {}", super::act::time(until)),
            Self::Alarm => format!("{suppressor} is in ALARM state"),
            Self::Extension(until) => {
                format!("{suppressor} was in ALARM state; extended until {}", super::act::time(until))
            }
        }
    }
}

/// Whether an alarm that has just changed its state takes its actions now. Notes why not.
pub(in crate::cloudwatch) fn takes_actions(cx: &mut Cx<'_>, alarm: &mut Alarm) -> Result<bool, Fault> {
    let (state, now) = (alarm.status.state, cx.now());
    let scope = cx.scope().clone();
    let Some(suppressor) = suppressor_mut(alarm) else { return Ok(true) };
    if state != State::Alarm {
        // What was never announced is not taken back.
        return Ok(suppressor.by.take().is_none());
    }
    let is_off = is_in_alarm(cx, &scope, &suppressor.alarm)?;
    let by = if is_off { By::Alarm } else { By::Wait(now.plus(secs(suppressor.wait_secs))) };
    suppressor.by = Some(by);
    schedule_release(cx, alarm, by)?;
    Ok(false)
}

/// Has the composite alarms that `changed` suppresses follow it.
pub(in crate::cloudwatch) fn follow(cx: &mut Cx<'_>, scope: &Scope, changed: &Alarm) -> Result<(), Fault> {
    let (now, arn) = (cx.now(), changed.arn(scope));
    for mut alarm in model::composites(cx, scope)? {
        let Some(suppressor) = suppressor_mut(&mut alarm) else { continue };
        if suppressor.alarm != changed.name.as_str() && suppressor.alarm != arn.as_str() {
            continue;
        }
        let by = match (suppressor.by, changed.status.state) {
            (Some(By::Wait(_) | By::Extension(_)), State::Alarm) => By::Alarm,
            (Some(By::Alarm), State::Ok | State::InsufficientData) => {
                By::Extension(now.plus(secs(suppressor.extension_secs)))
            }
            _ => continue,
        };
        suppressor.by = Some(by);
        model::put(cx, scope, &alarm)?;
        schedule_release(cx, &alarm, by)?;
    }
    Ok(())
}

fn release(cx: &mut Cx<'_>, job: &Release) -> Result<(), Fault> {
    let scope = cx.scope().clone();
    let Some(mut alarm) = find(cx, &scope, &job.alarm)? else { return Ok(()) };
    let held =
        |by: &Option<By>| matches!(by, Some(By::Wait(until) | By::Extension(until)) if *until == job.until);
    let is_due = alarm.configuration == job.configuration
        && suppressor_mut(&mut alarm).is_some_and(|suppressor| held(&suppressor.by));
    if !is_due {
        return Ok(());
    }
    if let Some(suppressor) = suppressor_mut(&mut alarm) {
        suppressor.by = None;
    }
    model::put(cx, &scope, &alarm)?;
    shift::act(cx, &alarm, &alarm.status)
}

fn schedule_release(cx: &mut Cx<'_>, alarm: &Alarm, by: By) -> Result<(), Fault> {
    let until = match by {
        By::Wait(until) | By::Extension(until) => until,
        By::Alarm => return Ok(()),
    };
    let (name, configuration) = (alarm.name.to_string(), alarm.configuration.clone());
    cx.schedule(until, &Release { alarm: name, configuration, until })
}

fn suppressor_mut(alarm: &mut Alarm) -> Option<&mut Suppressor> {
    match &mut alarm.kind {
        Kind::Composite { suppressor, .. } => suppressor.as_mut(),
        Kind::Metric(_) => None,
    }
}

fn is_in_alarm(read: &(impl Read + ?Sized), scope: &Scope, alarm: &str) -> Result<bool, Fault> {
    let found = shift::find_child(read, scope, alarm)?;
    Ok(found.is_some_and(|alarm| alarm.status.state == State::Alarm))
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}
