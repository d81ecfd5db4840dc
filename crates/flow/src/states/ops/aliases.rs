//! Aliases: names for one version, or for two with weights.

use updraft_api::states::ops::{
    CreateStateMachineAlias, DeleteStateMachineAlias, DescribeStateMachineAlias, ListStateMachineAliases,
    UpdateStateMachineAlias,
};
use updraft_api::states::{self as api, errors};
use updraft_kernel::{Access, Cx, Direction, Handle, Query, Read, Result, View};
use updraft_types::states::QualifiedAt;
use updraft_types::{Resource as _, Scope};

use crate::states::model::{ALIASES, Alias, MACHINES, VERSIONS};
use crate::states::{States, names, refusals};

/// The pattern of an alias's name, as AWS tells it.
const NAME_PATTERN: &str = "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$";

/// The weights of an alias add up to this.
const WEIGHTS_SUM: i64 = 100;

fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let sound = name.chars().all(plain) && name.chars().any(|c| !c.is_ascii_digit());
    if sound {
        return Ok(());
    }
    let message = format!(
        "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: {NAME_PATTERN}"
    );
    Err(refusals::invalid(message).into())
}

/// The machine, and the routing by version number.
type Routing = (Scope, String, Vec<(u64, u32)>);

fn routing(read: &(impl Read + ?Sized), items: &[api::RoutingConfigurationListItem]) -> Result<Routing> {
    let invalid = |message: &str| refusals::invalid(message.to_owned());
    let mut found: Option<(Scope, String)> = None;
    let mut weights = Vec::with_capacity(items.len());
    for item in items {
        let (scope, name, number) = names::version(&item.state_machine_version_arn)?;
        if found.as_ref().is_some_and(|before| *before != (scope.clone(), name.clone())) {
            let message = "The routing configuration must reference versions of the same state machine.";
            return Err(invalid(message).into());
        }
        if !VERSIONS.contains(read, &(scope.clone(), name.clone(), number))? {
            return Err(refusals::alias_missing(&item.state_machine_version_arn).into());
        }
        let weight = u32::try_from(item.weight).map_err(|_| invalid("A weight must not be negative."))?;
        weights.push((number, weight));
        found = Some((scope, name));
    }
    let sum: i64 = weights.iter().map(|(_, weight)| i64::from(*weight)).sum();
    let twice = weights.len() == 2 && weights[0].0 == weights[1].0;
    if sum != WEIGHTS_SUM || twice {
        let message =
            "The sum of the weights of the routing configuration must be 100, and its versions must differ.";
        return Err(invalid(message).into());
    }
    let (scope, name) = found.ok_or_else(|| invalid("A routing configuration must not be empty."))?;
    Ok((scope, name, weights))
}

impl Handle<CreateStateMachineAlias> for States {
    fn access(&self, _scope: &Scope, input: &api::CreateStateMachineAliasInput) -> Result<Vec<Access>> {
        match input.routing_configuration.first() {
            Some(item) => names::access("states:CreateStateMachineAlias", &item.state_machine_version_arn),
            None => Ok(vec![Access::to_any("states:CreateStateMachineAlias")]),
        }
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::CreateStateMachineAliasInput,
    ) -> Result<api::CreateStateMachineAliasOutput> {
        check_name(&input.name)?;
        let (scope, name, routing) = routing(cx, &input.routing_configuration)?;
        let arn = QualifiedAt(&name, &input.name).arn(&scope);
        let key = (scope, name, input.name);
        let alias = Alias { description: input.description, routing, created: cx.now(), updated: cx.now() };
        let answer = |created| api::CreateStateMachineAliasOutput {
            state_machine_alias_arn: arn.to_string(),
            creation_date: created,
        };
        if let Some(before) = ALIASES.get(cx, &key)? {
            let same = before.description == alias.description && before.routing == alias.routing;
            if same {
                return Ok(answer(before.created));
            }
            let message = format!(
                "Failed to create alias because an alias with the same name and a different routing configuration already exists: '{arn}'"
            );
            return Err(errors::CONFLICT_EXCEPTION.refuse(message).into());
        }
        ALIASES.put(cx, &key, &alias)?;
        Ok(answer(alias.created))
    }
}

impl Handle<UpdateStateMachineAlias> for States {
    fn access(&self, _scope: &Scope, input: &api::UpdateStateMachineAliasInput) -> Result<Vec<Access>> {
        names::access("states:UpdateStateMachineAlias", &input.state_machine_alias_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UpdateStateMachineAliasInput,
    ) -> Result<api::UpdateStateMachineAliasOutput> {
        let key = names::alias(&input.state_machine_alias_arn)?;
        let found = ALIASES.get(cx, &key)?;
        let mut alias = found.ok_or_else(|| refusals::alias_missing(&input.state_machine_alias_arn))?;
        if input.description.is_none() && input.routing_configuration.is_none() {
            let message = "Either the description or the routing configuration must be specified";
            return Err(refusals::invalid(message).into());
        }
        if let Some(items) = &input.routing_configuration {
            let (scope, name, weights) = routing(cx, items)?;
            if (&scope, &name) != (&key.0, &key.1) {
                let message =
                    "The routing configuration must reference versions of the alias's state machine.";
                return Err(refusals::invalid(message).into());
            }
            alias.routing = weights;
        }
        alias.description = input.description.or(alias.description);
        alias.updated = cx.now();
        ALIASES.put(cx, &key, &alias)?;
        Ok(api::UpdateStateMachineAliasOutput { update_date: alias.updated })
    }
}

impl Handle<DeleteStateMachineAlias> for States {
    fn access(&self, _scope: &Scope, input: &api::DeleteStateMachineAliasInput) -> Result<Vec<Access>> {
        names::access("states:DeleteStateMachineAlias", &input.state_machine_alias_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteStateMachineAliasInput,
    ) -> Result<api::DeleteStateMachineAliasOutput> {
        let key = names::alias(&input.state_machine_alias_arn)?;
        if !ALIASES.contains(cx, &key)? {
            return Err(refusals::alias_missing(&input.state_machine_alias_arn).into());
        }
        ALIASES.delete(cx, &key);
        Ok(api::DeleteStateMachineAliasOutput {})
    }
}

impl Query<DescribeStateMachineAlias> for States {
    fn access(&self, _scope: &Scope, input: &api::DescribeStateMachineAliasInput) -> Result<Vec<Access>> {
        names::access("states:DescribeStateMachineAlias", &input.state_machine_alias_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeStateMachineAliasInput,
    ) -> Result<api::DescribeStateMachineAliasOutput> {
        let key = names::alias(&input.state_machine_alias_arn)?;
        let found = ALIASES.get(view, &key)?;
        let alias = found.ok_or_else(|| refusals::alias_missing(&input.state_machine_alias_arn))?;
        let items = alias.routing.iter().map(|(number, weight)| api::RoutingConfigurationListItem {
            state_machine_version_arn: QualifiedAt(&key.1, &number.to_string()).arn(&key.0).to_string(),
            weight: i32::try_from(*weight).unwrap_or(0),
        });
        Ok(api::DescribeStateMachineAliasOutput {
            state_machine_alias_arn: Some(QualifiedAt(&key.1, &key.2).arn(&key.0).to_string()),
            name: Some(key.2.clone()),
            description: alias.description.clone(),
            routing_configuration: Some(items.collect()),
            creation_date: Some(alias.created),
            update_date: Some(alias.updated),
        })
    }
}

impl Query<ListStateMachineAliases> for States {
    fn access(&self, _scope: &Scope, input: &api::ListStateMachineAliasesInput) -> Result<Vec<Access>> {
        names::access("states:ListStateMachineAliases", &input.state_machine_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListStateMachineAliasesInput,
    ) -> Result<api::ListStateMachineAliasesOutput> {
        let (arn, scope, name, qualifier) = names::machine(&input.state_machine_arn)?;
        if !MACHINES.contains(view, &(scope.clone(), name.clone()))? {
            return Err(refusals::machine_missing(&arn).into());
        }
        let version: Option<u64> = qualifier.and_then(|number| number.parse().ok());
        let after: Option<String> = names::read_page_token(input.next_token.as_deref())?;
        let after = after.map(|alias| (scope.clone(), name.clone(), alias));
        let limit = names::page_size(input.max_results);
        let page = ALIASES.page(view, &(scope, name), after.as_ref(), Direction::Forward, limit)?;
        let last = page.entries.last().map(|(key, _)| names::page_token(&key.2));
        let wanted = |alias: &Alias| {
            version.is_none_or(|version| alias.routing.iter().any(|(number, _)| *number == version))
        };
        let aliases = page.entries.into_iter().filter(|(_, alias)| wanted(alias)).map(|(key, alias)| {
            api::StateMachineAliasListItem {
                state_machine_alias_arn: QualifiedAt(&key.1, &key.2).arn(&key.0).to_string(),
                creation_date: alias.created,
            }
        });
        Ok(api::ListStateMachineAliasesOutput {
            state_machine_aliases: aliases.collect(),
            next_token: last.filter(|_| page.more),
        })
    }
}
