//! The ARNs that callers send, read; and the pages they turn.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use updraft_kernel::{Access, Result};
use updraft_types::states::{self, Named};
use updraft_types::{Arn, Scope};

use super::refusals;

/// An ARN and what it names.
pub(super) fn read(text: &str) -> Result<(Arn, Scope, Named)> {
    let arn: Arn = text.parse().map_err(|_| refusals::invalid_arn(text))?;
    let scope = arn.scope().ok_or_else(|| refusals::invalid_arn(text))?;
    let named = Named::of(&arn).ok_or_else(|| refusals::invalid_arn(text))?;
    Ok((arn, scope, named))
}

/// A state machine's ARN, with the version or alias behind it.
pub(super) fn machine(text: &str) -> Result<(Arn, Scope, String, Option<String>)> {
    match read(text)? {
        (arn, scope, Named::StateMachine(name, qualifier)) => Ok((arn, scope, name, qualifier)),
        _ => Err(refusals::wrong_resource(text, "state machine").into()),
    }
}

/// A version's ARN.
pub(super) fn version(text: &str) -> Result<(Scope, String, u64)> {
    let (_, scope, name, qualifier) = machine(text)?;
    let number = qualifier.and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| refusals::wrong_resource(text, "state machine version"))?;
    Ok((scope, name, number))
}

/// An alias's ARN.
pub(super) fn alias(text: &str) -> Result<(Scope, String, String)> {
    let (_, scope, name, qualifier) = machine(text)?;
    let alias = qualifier.filter(|alias| alias.parse::<u64>().is_err());
    let alias = alias.ok_or_else(|| refusals::wrong_resource(text, "state machine alias"))?;
    Ok((scope, name, alias))
}

/// An execution's ARN: account and region, machine, name.
pub(super) fn execution(text: &str) -> Result<(Scope, String, String)> {
    match read(text)? {
        (_, scope, Named::Execution(machine, name)) => Ok((scope, machine, name)),
        (_, _, Named::Express(..)) => Err(refusals::type_not_supported().into()),
        _ => Err(refusals::wrong_resource(text, "execution").into()),
    }
}

/// An activity's ARN.
pub(super) fn activity(text: &str) -> Result<(Scope, String)> {
    match read(text)? {
        (_, scope, Named::Activity(name)) => Ok((scope, name)),
        _ => Err(refusals::wrong_resource(text, "activity").into()),
    }
}

/// A map run's ARN: account and region, machine, label, id.
pub(super) fn map_run(text: &str) -> Result<(Scope, String, String, String)> {
    match read(text)? {
        (_, scope, Named::MapRun(machine, label, id)) => Ok((scope, machine, label, id)),
        _ => Err(refusals::wrong_resource(text, "map run").into()),
    }
}

/// A name that may be given to a machine, an execution, an activity.
pub(super) fn check(name: &str) -> Result<()> {
    if states::is_name(name) { Ok(()) } else { Err(refusals::invalid_name(name).into()) }
}

/// The access that most operations ask for: the action on the ARN they were given. Where the text
/// is no ARN, the handler says so.
pub(super) fn access(action: &'static str, text: &str) -> Result<Vec<Access>> {
    Ok(match text.parse::<Arn>() {
        Ok(arn) => vec![Access::to(action, arn)],
        Err(_) => vec![Access::to_any(action)],
    })
}

/// The mark that goes on past something.
pub(super) fn page_token(after: &impl serde::Serialize) -> String {
    STANDARD.encode(serde_json::to_vec(after).unwrap_or_default())
}

/// What a mark goes on past.
pub(super) fn read_page_token<T: serde::de::DeserializeOwned>(token: Option<&str>) -> Result<Option<T>> {
    let Some(token) = token else { return Ok(None) };
    let bytes = STANDARD.decode(token).map_err(|_| refusals::invalid_page_token())?;
    Ok(Some(serde_json::from_slice(&bytes).map_err(|_| refusals::invalid_page_token())?))
}

/// How many entries a page has at most ("maxResults" in the API model: 1,000; 100 where none is given).
pub(super) fn page_size(asked: Option<i32>) -> usize {
    match asked {
        None | Some(0) => 100,
        Some(asked) => usize::try_from(asked).unwrap_or(1).clamp(1, 1_000),
    }
}
