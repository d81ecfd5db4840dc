//! `ValidateStateMachineDefinition`: what is wrong with a definition, without making a machine.

use updraft_api::states as api;
use updraft_api::states::ops::ValidateStateMachineDefinition;
use updraft_kernel::{Access, Query, Result, View};
use updraft_lang::asl::{Machine, Severity};
use updraft_types::Scope;

use crate::states::States;

/// How many findings are told where nothing is asked for ("maxResults", API reference).
const FINDINGS_DEFAULT: usize = 100;

impl Query<ValidateStateMachineDefinition> for States {
    fn access(
        &self,
        _scope: &Scope,
        _input: &api::ValidateStateMachineDefinitionInput,
    ) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("states:ValidateStateMachineDefinition")])
    }

    fn query(
        &self,
        _view: &View<'_>,
        input: api::ValidateStateMachineDefinitionInput,
    ) -> Result<api::ValidateStateMachineDefinitionOutput> {
        let (machine, findings) = Machine::read(&input.definition);
        let warnings = input.severity == Some(api::ValidateStateMachineDefinitionSeverity::Warning);
        let limit = match input.max_results {
            None | Some(0) => FINDINGS_DEFAULT,
            Some(limit) => usize::try_from(limit).unwrap_or(FINDINGS_DEFAULT),
        };
        let wanted: Vec<_> =
            findings.into_iter().filter(|one| warnings || one.severity == Severity::Error).collect();
        let truncated = wanted.len() > limit;
        let diagnostics =
            wanted.into_iter().take(limit).map(|one| api::ValidateStateMachineDefinitionDiagnostic {
                severity: match one.severity {
                    Severity::Error => api::ValidateStateMachineDefinitionSeverity::Error,
                    Severity::Warning => api::ValidateStateMachineDefinitionSeverity::Warning,
                },
                code: one.code.as_str().to_owned(),
                message: one.message,
                location: one.location,
            });
        Ok(api::ValidateStateMachineDefinitionOutput {
            result: if machine.is_some() { "OK".into() } else { "FAIL".into() },
            diagnostics: diagnostics.collect(),
            truncated: Some(truncated),
        })
    }
}
