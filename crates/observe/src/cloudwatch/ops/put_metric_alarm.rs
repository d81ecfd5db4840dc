//! `PutMetricAlarm`: an alarm on a metric or an expression, made or changed.

use updraft_api::cloudwatch::ops::PutMetricAlarm;
use updraft_api::cloudwatch::{PutMetricAlarmInput, PutMetricAlarmResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::alarms::check::{self, Common};
use crate::cloudwatch::alarms::model::{Kind, alarm_name};
use crate::cloudwatch::alarms::watch::Evaluate;

impl Handle<PutMetricAlarm> for CloudWatch {
    fn access(&self, scope: &Scope, input: &PutMetricAlarmInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:PutMetricAlarm", alarm_name(&input.alarm_name)?.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutMetricAlarmInput) -> Result<PutMetricAlarmResponse> {
        let condition = check::condition(cx.scope(), &input)?;
        let common = Common {
            name: input.alarm_name,
            description: input.alarm_description,
            actions_enabled: input.actions_enabled,
            ok_actions: input.ok_actions,
            alarm_actions: input.alarm_actions,
            insufficient_data_actions: input.insufficient_data_actions,
            tags: input.tags,
        };
        let alarm = check::save(cx, common, Kind::Metric(condition), check::unchecked)?;
        let now = cx.now();
        cx.schedule(now, &Evaluate { alarm: alarm.name.to_string(), configuration: alarm.configuration })?;
        Ok(PutMetricAlarmResponse {})
    }
}
