//! `CreateTable`: makes a table.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::model::{self, TABLES, TableRecord};
use crate::dynamodb::{describe, schema};
use std::collections::BTreeMap;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::CreateTable> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::CreateTableInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:CreateTable", &input.table_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateTableInput) -> Result<api::CreateTableOutput> {
        let name = model::table_name(cx.scope(), &input.table_name)?;
        super::refuse_unsupported(&[
            ("StreamSpecification", input.stream_specification.as_ref().is_some_and(|s| s.stream_enabled)),
            ("ResourcePolicy", input.resource_policy.is_some()),
            ("GlobalTableSourceArn", input.global_table_source_arn.is_some()),
        ])?;
        let schema = schema::check(&input)?;
        let key = (cx.scope().clone(), name.to_string());
        if TABLES.contains(cx, &key)? {
            let message = format!("Table already exists: {name}");
            return Err(api::errors::RESOURCE_IN_USE_EXCEPTION.refuse(message).into());
        }
        let now = cx.now();
        let mut indexes = schema.indexes;
        let mut next_index = 1;
        for index in &mut indexes {
            index.number = next_index;
            next_index += 1;
        }
        let mut table = TableRecord {
            name,
            id: cx.ids().uuid(),
            created: now,
            attributes: schema.attributes,
            keys: schema.keys,
            indexes,
            next_index,
            throughput: schema.throughput,
            on_demand_since: schema.throughput.is_none().then_some(now),
            deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
            infrequent_access: input.table_class == Some(api::TableClass::StandardInfrequentAccess),
            kms_encryption: super::encryption(input.sse_specification),
            time_to_live: None,
            time_to_live_changes: 0,
            recovery_days: None,
            tags: BTreeMap::new(),
        };
        super::add_tags(&mut table.tags, input.tags.unwrap_or_default())?;
        TABLES.put(cx, &key, &table)?;
        // The table can be used at once; its first description says what AWS's says.
        let shown = describe::table(cx, &key.0, &table, api::TableStatus::Creating)?;
        Ok(api::CreateTableOutput { table_description: Some(shown) })
    }
}
