//! Publishing: `$LATEST` becomes a version that never changes.

use updraft_kernel::{Cx, Result};
use updraft_types::lambda::Qualifier;

use super::model::{Function, Version};
use super::store::{FUNCTIONS, Target, VERSIONS};

/// Publishes `$LATEST`. Where nothing has changed since the last version, that one is the answer
/// ("PublishVersion", Lambda API reference, read 2026-11). The function's record is written.
pub(crate) fn publish(
    cx: &mut Cx<'_>,
    target: &Target,
    function: &mut Function,
    description: Option<String>,
) -> Result<Version> {
    if let Some(last) = VERSIONS.get(cx, &target.version_key(function.last_published))?
        && last.digest == function.latest.digest
    {
        return Ok(last);
    }
    function.last_published += 1;
    let number = function.last_published;
    let mut version = Version {
        qualifier: Qualifier::Version(number),
        modified: cx.now(),
        revision_id: cx.ids().uuid(),
        instance: cx.ids().hex(16),
        ..function.latest.clone()
    };
    if let Some(description) = description {
        version.description = description;
    }
    cx.retain_blob(version.code.blob)?;
    VERSIONS.put(cx, &target.version_key(number), &version)?;
    FUNCTIONS.put(cx, &target.key(), function)?;
    Ok(version)
}
