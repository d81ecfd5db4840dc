//! `CreateLogStream`: a stream by a name that is not taken in its group.

use updraft_api::logs::ops::CreateLogStream;
use updraft_api::logs::{CreateLogStreamRequest, CreateLogStreamResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::logs::model::{LABELS, STREAMS, Stream, StreamLabel, next_id};
use crate::logs::{Logs, names, refusals};

impl Handle<CreateLogStream> for Logs {
    fn access(&self, scope: &Scope, input: &CreateLogStreamRequest) -> Result<Vec<Access>> {
        let group = names::group_name(&input.log_group_name)?;
        let stream = names::stream_name(&input.log_stream_name)?;
        Ok(names::stream_access("logs:CreateLogStream", scope, &group, &stream))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: CreateLogStreamRequest) -> Result<CreateLogStreamResponse> {
        let group = names::group(cx, cx.scope(), &names::group_name(&input.log_group_name)?)?;
        let name = names::stream_name(&input.log_stream_name)?.to_string();
        let key = (group.id, name.clone());
        if STREAMS.contains(cx, &key)? {
            return Err(refusals::stream_exists().into());
        }
        let stream = Stream { id: next_id(cx)?, created: cx.now(), last_event: None, last_ingestion: None };
        LABELS.put(cx, &(group.id, stream.id), &StreamLabel { name })?;
        STREAMS.put(cx, &key, &stream)?;
        Ok(CreateLogStreamResponse {})
    }
}
