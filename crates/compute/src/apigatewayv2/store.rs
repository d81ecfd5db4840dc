//! The tables of HTTP APIs, and how a change reaches the stages.

use updraft_kernel::{Cx, Ids, Read, Result, Table};
use updraft_types::{Scope, Timestamp};

use super::model::{Api, Deployment, Home};
use super::refusals;

/// APIs by id.
pub(crate) const APIS: Table<(Scope, String), Api> = Table::new("apigatewayv2.api");

/// Deployments by API and id.
pub(crate) const DEPLOYMENTS: Table<(Scope, String, String), Deployment> =
    Table::new("apigatewayv2.deployment");

/// Where each API lives, for requests that name nothing but its id.
pub(crate) const HOMES: Table<String, Home> = Table::new("apigatewayv2.home");

/// The longest id; AWS's have ten characters.
const ID_LENGTH: usize = 10;

/// The API, or AWS's refusal.
pub(crate) fn api(read: &(impl Read + ?Sized), scope: &Scope, id: &str) -> Result<Api> {
    let found = APIS.get(read, &(scope.clone(), id.to_owned()))?;
    Ok(found.ok_or_else(|| refusals::api_not_found(scope, id))?)
}

/// Writes a changed API. Stages that deploy by themselves get what it is now.
pub(crate) fn save(cx: &mut Cx<'_>, mut api: Api) -> Result<Api> {
    if api.stages.values().any(|stage| stage.auto_deploy) {
        let deployment = deploy(cx, &api, None, true)?;
        let now = cx.now();
        let mut replaced = Vec::new();
        for stage in api.stages.values_mut().filter(|stage| stage.auto_deploy) {
            replaced.extend(stage.deployment.replace(deployment.id.clone()));
            stage.updated = now;
        }
        drop_unused(cx, &api, replaced)?;
    }
    write(cx, &api)?;
    Ok(api)
}

/// Writes an API as it is, and lets the data plane see that it has changed.
pub(crate) fn write(cx: &mut Cx<'_>, api: &Api) -> Result<()> {
    let scope = cx.scope().clone();
    let revision = HOMES.get(cx, &api.id)?.map_or(0, |home| home.revision);
    HOMES.put(cx, &api.id, &Home { scope: scope.clone(), revision: revision + 1 })?;
    Ok(APIS.put(cx, &(scope, api.id.clone()), api)?)
}

/// Records what the API is now as a deployment.
pub(crate) fn deploy(
    cx: &mut Cx<'_>,
    api: &Api,
    description: Option<String>,
    automatic: bool,
) -> Result<Deployment> {
    let routes = api.routes.values().map(|route| {
        let integration = route.integration.as_ref().and_then(|id| api.integrations.get(id));
        (route.key.clone(), integration.cloned())
    });
    let deployment = Deployment {
        id: short_id(cx.ids()),
        description,
        created: cx.now(),
        automatic,
        cors: api.cors.clone(),
        routes: routes.collect(),
    };
    DEPLOYMENTS.put(cx, &deployment_key(cx.scope(), api, &deployment.id), &deployment)?;
    Ok(deployment)
}

/// Automatic deployments that no stage shows any more go.
fn drop_unused(cx: &mut Cx<'_>, api: &Api, replaced: Vec<String>) -> Result<()> {
    for id in replaced {
        if api.stages.values().any(|stage| stage.deployment.as_ref() == Some(&id)) {
            continue;
        }
        let key = deployment_key(cx.scope(), api, &id);
        if DEPLOYMENTS.get(cx, &key)?.is_some_and(|deployment| deployment.automatic) {
            DEPLOYMENTS.delete(cx, &key);
        }
    }
    Ok(())
}

/// The key of one of an API's deployments.
pub(crate) fn deployment_key(scope: &Scope, api: &Api, id: &str) -> (Scope, String, String) {
    (scope.clone(), api.id.clone(), id.to_owned())
}

/// A new API's id, free in all accounts.
pub(crate) fn new_api_id(cx: &Cx<'_>) -> Result<String> {
    loop {
        let id = cx.ids().lower_alnum(ID_LENGTH);
        if !HOMES.contains(cx, &id)? {
            return Ok(id);
        }
    }
}

/// An id that is unique within its API.
pub(crate) fn short_id(ids: &dyn Ids) -> String {
    // AWS's route and integration ids have seven characters; three more make doubles unheard of.
    ids.lower_alnum(ID_LENGTH)
}

/// A page of items in order of their ids: what comes after the token, and the next token.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = (String, T)>,
    max_results: Option<&str>,
    next_token: Option<&str>,
) -> Result<(Vec<T>, Option<String>)> {
    let limit = match max_results.map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(limit)) if limit > 0 => limit,
        Some(_) => return Err(refusals::bad_request("Invalid maxResults value").into()),
    };
    let after = next_token.unwrap_or_default();
    let mut rest = items.into_iter().filter(|(id, _)| id.as_str() > after);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = if rest.next().is_some() { page.last().map(|(id, _)| id.clone()) } else { None };
    Ok((page.into_iter().map(|(_, item)| item).collect(), next))
}

/// An API that has nothing in it yet.
pub(crate) fn empty_api(id: String, name: String, created: Timestamp) -> Api {
    Api {
        id,
        name,
        description: None,
        version: None,
        cors: None,
        created,
        tags: Default::default(),
        endpoint_disabled: false,
        import_info: Vec::new(),
        routes: Default::default(),
        integrations: Default::default(),
        stages: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let items = || ["a", "b", "c"].map(|id| (id.to_owned(), id));
        assert_eq!(page(items(), Some("2"), None).unwrap(), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(page(items(), Some("2"), Some("b")).unwrap(), (vec!["c"], None));
        assert_eq!(page(items(), None, None).unwrap().0.len(), 3);
        assert!(page(items(), Some("0"), None).is_err());
    }
}
