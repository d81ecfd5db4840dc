//! `DeleteLogStream`: the stream and its events.

use updraft_api::logs::ops::DeleteLogStream;
use updraft_api::logs::{DeleteLogStreamRequest, DeleteLogStreamResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::logs::expiry::CollectStream;
use crate::logs::model::{LABELS, STREAMS};
use crate::logs::{Logs, names};

impl Handle<DeleteLogStream> for Logs {
    fn access(&self, scope: &Scope, input: &DeleteLogStreamRequest) -> Result<Vec<Access>> {
        let group = names::group_name(&input.log_group_name)?;
        let stream = names::stream_name(&input.log_stream_name)?;
        Ok(names::stream_access("logs:DeleteLogStream", scope, &group, &stream))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteLogStreamRequest) -> Result<DeleteLogStreamResponse> {
        let group = names::group(cx, cx.scope(), &names::group_name(&input.log_group_name)?)?;
        let name = names::stream_name(&input.log_stream_name)?;
        let stream = names::stream(cx, &group, &name)?;
        STREAMS.delete(cx, &(group.id, name.to_string()));
        LABELS.delete(cx, &(group.id, stream.id));
        cx.schedule(cx.now(), &CollectStream { group: group.id, stream: stream.id })?;
        Ok(DeleteLogStreamResponse {})
    }
}
