//! The operations, one file each.

mod add_permission;
mod create_alias;
mod create_function;
mod delete_alias;
mod delete_function;
mod delete_function_concurrency;
mod delete_function_event_invoke_config;
mod get_account_settings;
mod get_alias;
mod get_function;
mod get_function_concurrency;
mod get_function_configuration;
mod get_function_event_invoke_config;
mod get_policy;
mod invoke;
mod list_aliases;
mod list_functions;
mod list_tags;
mod list_versions_by_function;
mod publish_version;
mod put_function_concurrency;
mod put_function_event_invoke_config;
mod remove_permission;
mod tag_resource;
mod untag_resource;
mod update_alias;
mod update_function_code;
mod update_function_configuration;

use updraft_kernel::{Fault, Result};
use updraft_types::lambda::FunctionName;

/// The largest and the usual page ("ListFunctions", Lambda API reference, read 2026-11).
const PAGE_MAX: usize = 50;

/// How many items a page has.
fn page_size(asked: Option<i32>) -> usize {
    asked.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).map_or(PAGE_MAX, |n| n.min(PAGE_MAX))
}

/// A name that was checked when it was stored.
fn parse_name(stored: &str) -> Result<FunctionName> {
    Ok(stored.parse().map_err(|e| Fault::because(format!("read back the function name {stored}"), e))?)
}
