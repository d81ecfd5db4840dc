//! What is cleared away afterwards: the items of deleted tables and the tokens of transactions.

use serde::{Deserialize, Serialize};
use updraft_kernel::{Direction, Job, JobEnd, Result, RunJob, ServeCx, Table, json_record};
use updraft_types::{Scope, Timestamp};

use super::DynamoDb;
use super::keys::{ITEMS, ItemKey};

/// How many items one transaction removes, so that others get their turn.
const SWEEP_ITEMS: usize = 1_000;

/// Removes what a deleted table, or a deleted index of a table, has left.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SweepTable {
    /// The table's id, which no other table ever has.
    pub id: String,
    /// The index, if not the whole table goes.
    pub index: Option<u32>,
}

impl Job for SweepTable {
    const KIND: &'static str = "dynamodb.sweep_table";
}

impl RunJob<SweepTable> for DynamoDb {
    async fn run(&self, cx: ServeCx, job: SweepTable) -> Result<JobEnd<SweepTable>> {
        let mut prefix = ItemKey::of_table_id(cx.scope(), &job.id);
        if let Some(index) = job.index {
            updraft_kernel::Key::encode(&index, &mut prefix.0);
        }
        let more = cx
            .transact(move |cx| {
                let page = ITEMS.page(cx, &prefix, None, Direction::Forward, SWEEP_ITEMS)?;
                for (key, _) in page.entries {
                    ITEMS.delete(cx, &key);
                }
                Ok(page.more)
            })
            .await?;
        Ok(if more { JobEnd::Again(cx.now(), job) } else { JobEnd::Done })
    }
}

/// Tokens of transactions by scope and token.
pub(super) const TOKENS: Table<(Scope, String), TokenRecord> = Table::new("dynamodb.token");

/// A token that a transaction was done with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TokenRecord {
    /// The digest of the request, so that another one is told apart.
    pub request: String,
    pub expires: Timestamp,
}

json_record!(TokenRecord, 1);

/// Removes a token once it does not count any more.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ForgetToken {
    pub token: String,
}

impl Job for ForgetToken {
    const KIND: &'static str = "dynamodb.forget_token";
}

impl RunJob<ForgetToken> for DynamoDb {
    async fn run(&self, cx: ServeCx, job: ForgetToken) -> Result<JobEnd<ForgetToken>> {
        let key = (cx.scope().clone(), job.token);
        cx.transact(move |cx| {
            // The token may have been used anew since; then another job forgets it.
            if TOKENS.get(cx, &key)?.is_some_and(|record| record.expires <= cx.now()) {
                TOKENS.delete(cx, &key);
            }
            Ok(JobEnd::Done)
        })
        .await
    }
}
