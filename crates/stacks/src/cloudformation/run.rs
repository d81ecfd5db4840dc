//! Carrying an operation out: resource by resource, each step recorded before and after, so that a
//! killed engine goes on where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Map, Value};
use updraft_kernel::{As, Error, JobEnd, Result, RunJob, ServeCx};
use updraft_lang::cfn::{self, CfnError, Resolver, Template, Values};
use updraft_types::cloudformation::stack_name;
use updraft_types::{Arn, Scope};

use super::model::{self, Event, OnFailure, OutputValue, Resource, Stack};
use super::resources::{self, Calls, Made};
use super::{CloudFormation, changes, prepare};

/// Carries out the operation of a stack, and those that take the stack over from it. A job that
/// another has come after does nothing.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct RunStack {
    pub(crate) stack_id: String,
    pub(crate) operation: u64,
}

impl updraft_kernel::Job for RunStack {
    const KIND: &'static str = "cloudformation.run";
}

/// How many resources of one stack are worked on at once.
const PARALLEL_MAX: usize = 16;

impl RunJob<RunStack> for CloudFormation {
    async fn run(&self, cx: ServeCx, job: RunStack) -> Result<JobEnd<RunStack>> {
        let found = cx.view(|view| model::find(view, cx.scope(), &job.stack_id))?;
        let Some(stack) = found.filter(|stack| stack.job == job.operation && stack.is_busy()) else {
            return Ok(JobEnd::Done);
        };
        let run = Run::new(cx, stack)?;
        while let Some(phase) = run.phase() {
            run.carry_out(phase).await?;
        }
        Ok(JobEnd::Done)
    }
}

/// The parts of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Forward,
    Cleanup,
    RollBackCreation,
    RollBackUpdate,
    RollbackCleanup,
    Delete,
}

struct Run {
    cx: ServeCx,
    scope: Scope,
    calls: Calls,
    stack: Mutex<Stack>,
    /// The operation whose phase is carried out.
    operation: AtomicU64,
}

impl Run {
    fn new(cx: ServeCx, stack: Stack) -> Result<Self> {
        let who = match &stack.role_arn {
            Some(role) => As::Role {
                role: role.clone(),
                session: "AWSCloudFormation".to_owned(),
                service: "cloudformation.amazonaws.com",
            },
            None => As::Principal(stack.caller.clone()),
        };
        let scope = cx.scope().clone();
        let operation = AtomicU64::new(stack.operation);
        Ok(Self { calls: Calls { cx: cx.clone(), who }, cx, scope, stack: Mutex::new(stack), operation })
    }

    fn look<R>(&self, look: impl FnOnce(&mut Stack) -> R) -> R {
        look(&mut self.stack.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn phase(&self) -> Option<Phase> {
        Some(match self.look(|stack| stack.status.clone()).as_str() {
            "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" => Phase::Forward,
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => Phase::Cleanup,
            "ROLLBACK_IN_PROGRESS" => Phase::RollBackCreation,
            "UPDATE_ROLLBACK_IN_PROGRESS" => Phase::RollBackUpdate,
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => Phase::RollbackCleanup,
            "DELETE_IN_PROGRESS" => Phase::Delete,
            _ => return None,
        })
    }

    /// Whether another operation has taken the stack over since the phase began.
    fn is_taken_over(&self) -> bool {
        self.look(|stack| stack.operation) != self.operation.load(Ordering::Relaxed)
    }

    async fn carry_out(&self, phase: Phase) -> Result<()> {
        self.operation.store(self.look(|stack| stack.operation), Ordering::Relaxed);
        match phase {
            Phase::Forward => self.forward().await,
            Phase::Cleanup => {
                self.delete_leftovers().await?;
                self.end("UPDATE_COMPLETE", None).await
            }
            Phase::RollBackCreation => {
                let failed = self.delete_all(false).await?;
                let reason =
                    failed.map(|failed| format!("The following resource(s) failed to delete: [{failed}]. "));
                let delete = self.look(|stack| stack.on_failure == OnFailure::Delete);
                let (done, undone) = if delete {
                    ("DELETE_COMPLETE", "DELETE_FAILED")
                } else {
                    ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
                };
                self.end(if reason.is_none() { done } else { undone }, reason).await
            }
            Phase::RollBackUpdate => self.roll_back_update().await,
            Phase::RollbackCleanup => {
                self.delete_leftovers().await?;
                self.end("UPDATE_ROLLBACK_COMPLETE", None).await
            }
            Phase::Delete => {
                let failed = self.delete_all(true).await?;
                let reason =
                    failed.map(|failed| format!("The following resource(s) failed to delete: [{failed}]. "));
                self.end(if reason.is_none() { "DELETE_COMPLETE" } else { "DELETE_FAILED" }, reason).await
            }
        }
    }

    /// Writes the stack, with an event of one of its resources.
    async fn save(&self, told: Option<&Resource>) -> Result<()> {
        let stack = self.look(|stack| stack.clone());
        let scope = self.scope.clone();
        let token = stack.token.clone();
        let event = told.map(|resource| Event {
            id: String::new(),
            at: resource.changed,
            logical_id: resource.logical_id.clone(),
            physical_id: resource.physical_id.clone(),
            kind: resource.kind.clone(),
            status: resource.status.clone(),
            reason: resource.reason.clone(),
            properties: Some(Value::Object(resource.properties.clone()).to_string()),
            token,
        });
        let written = self
            .cx
            .transact(move |cx| {
                let written = model::put_progress(cx, &scope, &stack)?;
                if let Some(event) = event {
                    model::tell(cx, &scope, &stack.id, event)?;
                }
                Ok(written)
            })
            .await?;
        self.look(|own| {
            if own.operation != written.operation {
                let resources = std::mem::take(&mut own.resources);
                let leftovers = std::mem::take(&mut own.leftovers);
                *own = Stack { resources, leftovers, ..written };
            }
        });
        Ok(())
    }

    /// Ends a phase: the status, its event, and what follows from it.
    async fn end(&self, status: &'static str, reason: Option<String>) -> Result<()> {
        self.end_with(status, reason, |_| {}).await
    }

    /// The same, with a change that is made only when the phase ends as it should: where another
    /// operation has taken the stack over, that one's phase comes next.
    async fn end_with(
        &self,
        status: &'static str,
        reason: Option<String>,
        change: impl FnOnce(&mut Stack) + Send + 'static,
    ) -> Result<()> {
        let own = self.look(|stack| stack.clone());
        let operation = self.operation.load(Ordering::Relaxed);
        let scope = self.scope.clone();
        let stack = self
            .cx
            .transact(move |cx| {
                let mut stack = model::put_progress(cx, &scope, &own)?;
                if stack.operation != operation {
                    return Ok(stack);
                }
                change(&mut stack);
                let now = cx.now();
                if !status.ends_with("_IN_PROGRESS") {
                    stack.resources.values_mut().for_each(|resource| {
                        resource.before = None;
                        resource.fresh = false;
                    });
                    stack.before = None;
                }
                if status.starts_with("DELETE_COMPLETE") {
                    stack.deleted = Some(now);
                    stack.outputs.clear();
                }
                if status.starts_with("UPDATE") {
                    stack.updated = Some(now);
                }
                model::set_status(cx, &scope, &mut stack, status, reason)?;
                model::put(cx, &scope, &stack)?;
                super::ops::finish_change_set(cx, &scope, &stack)?;
                Ok(stack)
            })
            .await?;
        self.look(|own| *own = stack);
        Ok(())
    }

    /// Makes and updates what the template asks for.
    async fn forward(&self) -> Result<()> {
        match self.make_all().await? {
            Ok((outputs, existing)) => {
                let updating = self.look(|stack| stack.status == "UPDATE_IN_PROGRESS");
                let status = if updating { "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" } else { "CREATE_COMPLETE" };
                self.end_with(status, None, move |stack| {
                    stack.outputs = outputs;
                    leave_behind(stack, &existing);
                })
                .await
            }
            Err(reason) => {
                let (updating, on_failure) =
                    self.look(|stack| (stack.status == "UPDATE_IN_PROGRESS", stack.on_failure));
                let told = Some(format!("{reason} "));
                match (on_failure, updating) {
                    (OnFailure::DoNothing, true) => self.end("UPDATE_FAILED", told).await,
                    (OnFailure::DoNothing, false) => self.end("CREATE_FAILED", told).await,
                    (_, true) => self.end("UPDATE_ROLLBACK_IN_PROGRESS", told).await,
                    (_, false) => {
                        let told = told.map(|told| format!("{told}Rollback requested by user."));
                        self.end("ROLLBACK_IN_PROGRESS", told).await
                    }
                }
            }
        }
    }

    /// Every resource of the template, those that wait for others after them. Answers the outputs
    /// and which resources there are to be, or why it could not be done.
    async fn make_all(&self) -> Result<Result<(Vec<OutputValue>, BTreeSet<String>), String>> {
        let wanted = self.look(|stack| stack.wanted.clone());
        let template = prepare::read(&wanted.processed)?;
        let values = match cfn::parameter_values(&template, &wanted.parameters) {
            Ok(values) => values,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let planned = {
            let world = self.world()?;
            Resolver::new(&template, &values, &world).and_then(|resolver| {
                let existing =
                    prepare::existing(&template, &resolver).map_err(|r| CfnError::new(r.message))?;
                Ok((cfn::order(&template, &existing)?, existing))
            })
        };
        let (waits, existing) = match planned {
            Ok(planned) => planned,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut done: BTreeSet<String> = BTreeSet::new();
        let mut begun: BTreeSet<String> = BTreeSet::new();
        let mut failed: Vec<String> = Vec::new();
        let mut under_way = FuturesUnordered::new();
        loop {
            if failed.is_empty() && !self.is_taken_over() {
                for (name, waits) in &waits {
                    let ready = !begun.contains(name) && waits.iter().all(|wait| done.contains(wait));
                    if ready && under_way.len() < PARALLEL_MAX {
                        begun.insert(name.clone());
                        under_way.push(self.make(name.clone(), &template, &values, waits));
                    }
                }
            }
            match under_way.next().await {
                Some((name, Ok(()))) => drop(done.insert(name)),
                Some((name, Err(Error::Refused(_)))) => failed.push(name),
                Some((_, Err(fault))) => return Err(fault),
                None => break,
            }
        }
        drop(under_way);
        if self.is_taken_over() {
            return Ok(Err("Another operation has begun.".to_owned()));
        }
        if !failed.is_empty() {
            let verb =
                if self.look(|stack| stack.status == "UPDATE_IN_PROGRESS") { "update" } else { "create" };
            return Ok(Err(format!("The following resource(s) failed to {verb}: [{}].", failed.join(", "))));
        }
        let world = self.world()?;
        let outputs = outputs(&template, &values, &world).map_err(|error| error.to_string());
        let outputs = match outputs {
            Ok(outputs) => outputs,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(match self.taken_export(&outputs)? {
            Some(reason) => Err(reason),
            None => Ok((outputs, existing)),
        })
    }

    /// Why the outputs cannot be exported: the name of an export is unique in an account and region.
    fn taken_export(&self, outputs: &[OutputValue]) -> Result<Option<String>> {
        let exports = self.cx.view(|view| model::exports(view, &self.scope))?;
        let own = self.look(|stack| stack.id.clone());
        let taken = exports.iter().find(|(name, _, stack)| {
            *stack != own && outputs.iter().any(|output| output.export.as_ref() == Some(name))
        });
        Ok(taken.map(|(name, _, stack)| {
            let arn: Option<Arn> = stack.parse().ok();
            let owner = arn.as_ref().and_then(stack_name).unwrap_or(stack);
            format!("Export with name {name} is already exported by stack {owner}.")
        }))
    }

    /// The world as the stack's resources make it.
    fn world(&self) -> Result<World> {
        let exports = self.cx.view(|view| model::exports(view, &self.scope))?;
        let exports = exports.into_iter().map(|(name, value, _)| (name, value)).collect();
        Ok(World { scope: self.scope.clone(), stack: self.look(|stack| stack.clone()), exports })
    }

    async fn make(
        &self,
        name: String,
        template: &Template,
        values: &BTreeMap<String, Value>,
        waits: &BTreeSet<String>,
    ) -> (String, Result<()>) {
        let made = self.make_one(&name, template, values, waits).await;
        (name, made)
    }

    /// Makes or updates one resource, if it is not yet as it should be.
    async fn make_one(
        &self,
        name: &str,
        template: &Template,
        values: &BTreeMap<String, Value>,
        waits: &BTreeSet<String>,
    ) -> Result<()> {
        let Some(declared) = template.resource(name) else { return Ok(()) };
        let resolved = {
            let world = self.world()?;
            Resolver::new(template, values, &world)
                .and_then(|resolver| resolver.resolve(&Value::Object(declared.properties.clone())))
        };
        let had = self.look(|stack| stack.resources.get(name).cloned());
        let now = self.cx.now();
        let mut resource = Resource {
            logical_id: name.to_owned(),
            kind: declared.kind.clone(),
            status: String::new(),
            reason: None,
            changed: now,
            physical_id: String::new(),
            reference: String::new(),
            attributes: BTreeMap::new(),
            properties: Map::new(),
            deletion_policy: declared.deletion_policy.clone(),
            replace_policy: declared.update_replace_policy.clone(),
            depends_on: waits.clone(),
            before: None,
            fresh: true,
        };
        resource.properties = match resolved {
            Ok(Value::Object(properties)) => properties,
            Ok(_) => Map::new(),
            Err(error) => return self.failed(resource, "CREATE_FAILED", &error.to_string()).await,
        };
        let Some(provider) = resources::provider(&resource.kind) else { return Ok(()) };
        let update_in_place = match &had {
            // An earlier attempt at this operation got so far; it is made again under the same name.
            Some(had) if had.status == "CREATE_IN_PROGRESS" => {
                resource.physical_id = had.physical_id.clone();
                resource.before = had.before.clone();
                None
            }
            Some(had) => {
                let differences = changes::differences(&resource.kind, &had.properties, &resource.properties);
                let settled = had.status.ends_with("_COMPLETE");
                if had.kind == resource.kind && differences.is_empty() && settled {
                    self.look(|stack| {
                        if let Some(kept) = stack.resources.get_mut(name) {
                            kept.deletion_policy = declared.deletion_policy.clone();
                            kept.replace_policy = declared.update_replace_policy.clone();
                            kept.depends_on = waits.clone();
                        }
                    });
                    return Ok(());
                }
                let anew = had.kind != resource.kind || differences.iter().any(|(_, anew)| *anew);
                let before = had.before.clone().unwrap_or_else(|| Box::new(had.clone()));
                if anew
                    && provider.naming().property.is_some_and(|property| {
                        resource.properties.contains_key(property)
                            && had.kind == resource.kind
                            && had.properties.get(property) == resource.properties.get(property)
                    })
                {
                    let message = format!(
                        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {} and update the stack again.",
                        had.physical_id
                    );
                    return self
                        .failed(
                            Resource { before: Some(before), fresh: false, ..had.clone() },
                            "UPDATE_FAILED",
                            &message,
                        )
                        .await;
                }
                resource.before = Some(before);
                (!anew).then(|| had.clone())
            }
            None => None,
        };
        match update_in_place {
            Some(had) => self.update(provider, had, resource).await,
            None => self.create(provider, resource, had.is_some()).await,
        }
    }

    async fn create(
        &self,
        provider: &dyn resources::Provider,
        mut resource: Resource,
        had: bool,
    ) -> Result<()> {
        let again = !resource.physical_id.is_empty();
        if !again {
            resource.physical_id = self.name(provider, &resource);
        }
        let replacing = had && resource.before.is_some();
        resource.status =
            if replacing && !again { "UPDATE_IN_PROGRESS" } else { "CREATE_IN_PROGRESS" }.to_owned();
        if replacing {
            let reason =
                "Requested update requires the creation of a new physical resource; hence creating one.";
            resource.reason = Some(reason.to_owned());
        }
        let mut recorded = resource.clone();
        recorded.status = "CREATE_IN_PROGRESS".to_owned();
        self.look(|stack| stack.resources.insert(resource.logical_id.clone(), recorded));
        if !again {
            self.save(Some(&Resource { physical_id: String::new(), ..resource.clone() })).await?;
        }
        let made = provider.create(&self.calls, &resource.physical_id, &resource.properties, again).await;
        if made.as_ref().is_err_and(|error| error.refusal().is_some_and(resources::is_there)) {
            // It belongs to somebody else: nothing that follows may delete it.
            resource.physical_id.clear();
        }
        let complete = if replacing { "UPDATE_COMPLETE" } else { "CREATE_COMPLETE" };
        let failed = if replacing { "UPDATE_FAILED" } else { "CREATE_FAILED" };
        self.settle(resource, made, complete, failed).await
    }

    async fn update(
        &self,
        provider: &dyn resources::Provider,
        had: Resource,
        mut resource: Resource,
    ) -> Result<()> {
        resource.physical_id = had.physical_id.clone();
        resource.reference = had.reference.clone();
        resource.attributes = had.attributes.clone();
        resource.fresh = false;
        resource.status = "UPDATE_IN_PROGRESS".to_owned();
        self.look(|stack| stack.resources.insert(resource.logical_id.clone(), resource.clone()));
        self.save(Some(&resource)).await?;
        let made = provider.update(&self.calls, &had, &resource.properties).await;
        self.settle(resource, made, "UPDATE_COMPLETE", "UPDATE_FAILED").await
    }

    /// Records how the making of a resource ended.
    async fn settle(
        &self,
        mut resource: Resource,
        made: Result<Made>,
        complete: &str,
        failed: &str,
    ) -> Result<()> {
        match made {
            Ok(made) => {
                resource.physical_id = made.physical_id;
                resource.reference = made.reference;
                resource.attributes = made.attributes;
                resource.status = complete.to_owned();
                resource.reason = None;
                resource.changed = self.cx.now();
                self.look(|stack| stack.resources.insert(resource.logical_id.clone(), resource.clone()));
                self.save(Some(&resource)).await
            }
            Err(Error::Refused(refusal)) => {
                // The reason has the form of AWS's resource handlers.
                let reason = format!(
                    "{} (Service: {}, Status Code: {}, Error Code: {})",
                    refusal.message,
                    resource.kind.split("::").nth(1).unwrap_or_default(),
                    refusal.status,
                    refusal.code
                );
                self.failed(resource, failed, &reason).await
            }
            Err(fault) => Err(fault),
        }
    }

    /// Records a resource as failed, and refuses.
    async fn failed(&self, mut resource: Resource, status: &str, reason: &str) -> Result<()> {
        resource.status = status.to_owned();
        resource.reason = Some(reason.to_owned());
        resource.changed = self.cx.now();
        self.look(|stack| stack.resources.insert(resource.logical_id.clone(), resource.clone()));
        self.save(Some(&resource)).await?;
        Err(super::refusals::validation(reason).into())
    }

    /// The name a resource is made under: its own, or one like AWS's.
    fn name(&self, provider: &dyn resources::Provider, resource: &Resource) -> String {
        let naming = provider.naming();
        let given =
            naming.property.and_then(|property| resource.properties.get(property)).and_then(Value::as_str);
        if let Some(given) = given {
            return given.to_owned();
        }
        let suffix = self.cx.ids().upper_alnum(12);
        let stack = self.look(|stack| stack.name.clone());
        let room = naming.length_max.saturating_sub(suffix.len() + 2);
        // The stack's name gives way first, then the resource's, as AWS shortens them.
        let id: String = resource.logical_id.chars().take(room.saturating_sub(1).max(room / 2)).collect();
        let stack: String = stack.chars().take(room.saturating_sub(id.len())).collect();
        let name = format!("{stack}-{id}-{suffix}");
        if naming.lower { name.to_lowercase() } else { name }
    }

    /// Goes back to what the stack was before.
    async fn roll_back_update(&self) -> Result<()> {
        let touched: Vec<Resource> = self.look(|stack| {
            let touched =
                stack.resources.values().filter(|resource| resource.fresh || resource.before.is_some());
            touched.cloned().collect()
        });
        let mut failed = Vec::new();
        for resource in touched {
            let name = resource.logical_id.clone();
            match resource.before.clone() {
                Some(old) if !resource.fresh => {
                    let Some(provider) = resources::provider(&resource.kind) else { continue };
                    let step = Resource {
                        status: "UPDATE_IN_PROGRESS".to_owned(),
                        changed: self.cx.now(),
                        ..resource.clone()
                    };
                    self.save(Some(&step)).await?;
                    match provider.update(&self.calls, &resource, &old.properties).await {
                        Ok(made) => {
                            let back = Resource {
                                status: "UPDATE_COMPLETE".to_owned(),
                                reference: made.reference,
                                attributes: made.attributes,
                                changed: self.cx.now(),
                                reason: None,
                                before: None,
                                fresh: false,
                                ..*old
                            };
                            self.look(|stack| stack.resources.insert(name, back.clone()));
                            self.save(Some(&back)).await?;
                        }
                        Err(Error::Refused(refusal)) => {
                            let undone = Resource {
                                status: "UPDATE_FAILED".to_owned(),
                                reason: Some(refusal.message),
                                changed: self.cx.now(),
                                ..resource
                            };
                            self.look(|stack| stack.resources.insert(name.clone(), undone.clone()));
                            self.save(Some(&undone)).await?;
                            failed.push(name);
                        }
                        Err(fault) => return Err(fault),
                    }
                }
                before => self.look(|stack| {
                    stack.leftovers.push(Resource { deletion_policy: None, before: None, ..resource });
                    match before {
                        Some(old) => drop(
                            stack.resources.insert(name, Resource { before: None, fresh: false, ..*old }),
                        ),
                        None => drop(stack.resources.remove(&name)),
                    }
                }),
            }
        }
        if !failed.is_empty() {
            let reason = format!("The following resource(s) failed to update: [{}]. ", failed.join(", "));
            return self.end("UPDATE_ROLLBACK_FAILED", Some(reason)).await;
        }
        self.look(|stack| {
            if let Some(before) = stack.before.take() {
                stack.wanted = before;
            }
        });
        let outputs = self.look(|stack| stack.wanted.clone());
        let template = prepare::read(&outputs.processed)?;
        if let Ok(values) = cfn::parameter_values(&template, &outputs.parameters) {
            let world = self.world()?;
            if let Ok(outputs) = self::outputs(&template, &values, &world) {
                self.look(|stack| stack.outputs = outputs);
            }
        }
        self.end("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None).await
    }

    /// Deletes what has left the stack. What cannot be deleted is told and left, as AWS does.
    async fn delete_leftovers(&self) -> Result<()> {
        let leftovers = self.look(|stack| stack.leftovers.clone());
        for resource in in_deletion_order(&leftovers) {
            let kept = matches!(resource.deletion_policy.as_deref(), Some("Retain" | "RetainExceptOnCreate"));
            self.delete(&resource, kept).await?;
            self.look(|stack| {
                stack.leftovers.retain(|left| {
                    (&left.logical_id, &left.physical_id) != (&resource.logical_id, &resource.physical_id)
                });
            });
            self.save(None).await?;
        }
        Ok(())
    }

    /// Deletes every resource. Answers the names of those that could not be.
    async fn delete_all(&self, keep_retained: bool) -> Result<Option<String>> {
        let all: Vec<Resource> = self.look(|stack| {
            stack
                .resources
                .values()
                .chain(&stack.leftovers)
                .filter(|r| r.status != "DELETE_COMPLETE")
                .cloned()
                .collect()
        });
        let mut failed = Vec::new();
        for resource in in_deletion_order(&all) {
            let policy = resource.deletion_policy.as_deref();
            let kept = match policy {
                Some("Retain") => true,
                Some("RetainExceptOnCreate") => keep_retained,
                _ => false,
            };
            let state = self.delete(&resource, kept).await?;
            let name = resource.logical_id.clone();
            if state == "DELETE_FAILED" {
                failed.push(name.clone());
            }
            self.look(|stack| {
                if let Some(own) = stack.resources.get_mut(&name) {
                    own.status = state.to_owned();
                }
                stack.leftovers.retain(|left| left.physical_id != resource.physical_id);
            });
            self.save(None).await?;
        }
        Ok((!failed.is_empty()).then(|| failed.join(", ")))
    }

    /// Deletes one resource, unless it is kept; answers the state it is in then.
    async fn delete(&self, resource: &Resource, kept: bool) -> Result<&'static str> {
        let told = |status: &str, reason: Option<String>| Resource {
            status: status.to_owned(),
            reason,
            changed: self.cx.now(),
            ..resource.clone()
        };
        if kept {
            self.save(Some(&told("DELETE_SKIPPED", None))).await?;
            return Ok("DELETE_SKIPPED");
        }
        if resource.physical_id.is_empty() {
            // It never came to be.
            self.save(Some(&told("DELETE_COMPLETE", None))).await?;
            return Ok("DELETE_COMPLETE");
        }
        let Some(provider) = resources::provider(&resource.kind) else { return Ok("DELETE_COMPLETE") };
        self.save(Some(&told("DELETE_IN_PROGRESS", None))).await?;
        match provider.delete(&self.calls, resource).await {
            Ok(()) => {
                self.save(Some(&told("DELETE_COMPLETE", None))).await?;
                Ok("DELETE_COMPLETE")
            }
            // What failed half-way may be there or not, and may have no name yet that the service takes.
            Err(Error::Refused(refusal))
                if resources::is_gone(&refusal)
                    || resource.reference.is_empty() && resources::is_no_name(&refusal) =>
            {
                self.save(Some(&told("DELETE_COMPLETE", None))).await?;
                Ok("DELETE_COMPLETE")
            }
            Err(Error::Refused(refusal)) => {
                self.save(Some(&told("DELETE_FAILED", Some(refusal.message)))).await?;
                Ok("DELETE_FAILED")
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Moves what is no longer of the stack to what is still to be deleted.
fn leave_behind(stack: &mut Stack, existing: &BTreeSet<String>) {
    let gone: Vec<String> =
        stack.resources.keys().filter(|name| !existing.contains(*name)).cloned().collect();
    for name in gone {
        if let Some(resource) = stack.resources.remove(&name) {
            stack.leftovers.push(resource);
        }
    }
    let replaced: Vec<Resource> = stack
        .resources
        .values()
        .filter(|resource| resource.fresh)
        .filter_map(|resource| resource.before.as_deref().cloned())
        .map(|old| Resource { deletion_policy: old.replace_policy.clone(), ..old })
        .collect();
    stack.leftovers.extend(replaced);
}

/// Resources in the order they are deleted in: one that waited for another, or names it in its
/// properties, goes before it.
fn in_deletion_order(resources: &[Resource]) -> Vec<Resource> {
    let comes_before = |resource: &Resource, other: &Resource| {
        resource.logical_id != other.logical_id
            && (resource.depends_on.contains(&other.logical_id) || names(resource, other))
    };
    let mut left: Vec<Resource> = resources.to_vec();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let free = left.iter().position(|candidate| !left.iter().any(|other| comes_before(other, candidate)));
        // Resources that name each other go in any order.
        ordered.push(left.remove(free.unwrap_or(0)));
    }
    ordered
}

/// Whether a resource's properties name another.
fn names(resource: &Resource, other: &Resource) -> bool {
    /// A shorter name stands in other texts by chance.
    const NAME_LENGTH_MIN: usize = 4;
    let text = Value::Object(resource.properties.clone()).to_string();
    let arn = other.attributes.get("Arn").and_then(Value::as_str).unwrap_or_default();
    [other.reference.as_str(), other.physical_id.as_str(), arn]
        .iter()
        .any(|name| name.len() >= NAME_LENGTH_MIN && text.contains(&format!("\"{name}")))
}

/// The outputs whose conditions hold.
fn outputs(
    template: &Template,
    values: &BTreeMap<String, Value>,
    world: &World,
) -> Result<Vec<OutputValue>, CfnError> {
    let resolver = Resolver::new(template, values, world)?;
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut outputs = Vec::new();
    for (key, output) in &template.outputs {
        if resolver.holds(output.condition.as_deref())? {
            outputs.push(OutputValue {
                key: key.clone(),
                value: text(resolver.resolve(&output.value)?),
                description: output.description.clone(),
                export: output.export.as_ref().map(|name| resolver.resolve(name).map(text)).transpose()?,
            });
        }
    }
    Ok(outputs)
}

/// The world as a stack's resources make it.
struct World {
    scope: Scope,
    stack: Stack,
    exports: BTreeMap<String, String>,
}

impl Values for World {
    fn pseudo(&self, name: &str) -> Option<Value> {
        prepare::pseudo(&self.scope, name, &self.stack.name, &self.stack.id)
    }

    fn reference(&self, resource: &str) -> Option<Value> {
        self.stack.resources.get(resource).map(|made| Value::from(made.reference.as_str()))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, CfnError> {
        let made = self.stack.resources.get(resource);
        made.and_then(|made| made.attributes.get(attribute).cloned()).ok_or_else(|| {
            CfnError::new(format!(
                "Template error: resource {resource} does not support attribute type {attribute} in Fn::GetAtt"
            ))
        })
    }

    fn import(&self, name: &str) -> Option<Value> {
        self.exports.get(name).map(|value| Value::from(value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resource(logical_id: &str, depends_on: &[&str], properties: Value) -> Resource {
        Resource {
            logical_id: logical_id.to_owned(),
            kind: "AWS::Logs::LogGroup".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            reason: None,
            changed: updraft_types::Timestamp::EPOCH,
            physical_id: format!("physical-{logical_id}"),
            reference: format!("reference-{logical_id}"),
            attributes: BTreeMap::new(),
            properties: properties.as_object().cloned().unwrap_or_default(),
            deletion_policy: None,
            replace_policy: None,
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            before: None,
            fresh: false,
        }
    }

    #[test]
    fn what_waited_for_others_is_deleted_before_them() {
        let order = |resources: &[Resource]| -> Vec<String> {
            in_deletion_order(resources).into_iter().map(|resource| resource.logical_id).collect()
        };
        let chain = [
            resource("A", &[], json!({})),
            resource("B", &["A"], json!({})),
            resource("C", &[], json!({"x": "reference-B"})),
        ];
        assert_eq!(order(&chain), ["C", "B", "A"]);
        let circle = [resource("A", &["B"], json!({})), resource("B", &["A"], json!({}))];
        assert_eq!(order(&circle).len(), 2);
    }
}
