//! The exit codes of every command, in one place; they are public and do not change.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ExitCode {
    /// It did what was asked, or there was nothing to do.
    Success = 0,
    /// Something failed that none of the others names.
    Failure = 1,
    /// The command line was wrong.
    Usage = 2,
    /// `updraft.yaml` or the template is wrong.
    Config = 3,
    /// A build failed.
    Build = 4,
    /// A check failed: unit, smoke or end-to-end.
    Check = 5,
    /// The stack could not be created or updated; it was taken back to its last good state.
    Deploy = 6,
    /// The release was rolled back on evidence.
    RolledBack = 7,
    /// The release could not be judged, and the old version serves.
    Inconclusive = 8,
    /// The engine or AWS could not be reached.
    Unreachable = 9,
    /// A call was refused: credentials or permissions.
    Refused = 10,
    /// Someone else's release or deployment is under way.
    Busy = 11,
    /// A person stopped it.
    Interrupted = 130,
}

impl ExitCode {
    /// Every code, for the reference page.
    pub const ALL: [Self; 13] = [
        Self::Success,
        Self::Failure,
        Self::Usage,
        Self::Config,
        Self::Build,
        Self::Check,
        Self::Deploy,
        Self::RolledBack,
        Self::Inconclusive,
        Self::Unreachable,
        Self::Refused,
        Self::Busy,
        Self::Interrupted,
    ];

    /// One line about it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, or nothing to do",
            Self::Failure => "failed for a reason that no other code names",
            Self::Usage => "the command line is wrong",
            Self::Config => "updraft.yaml or the template is wrong",
            Self::Build => "a build failed",
            Self::Check => "a check failed",
            Self::Deploy => "the stack could not be created or updated",
            Self::RolledBack => "the release was rolled back on evidence",
            Self::Inconclusive => "the release could not be judged and the old version serves",
            Self::Unreachable => "the engine or AWS could not be reached",
            Self::Refused => "a call was refused: credentials or permissions",
            Self::Busy => "another release or deployment is under way",
            Self::Interrupted => "stopped by a person",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ends_share_a_code() {
        let mut codes: Vec<u8> = ExitCode::ALL.iter().map(|code| *code as u8).collect();
        codes.dedup();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130]);
    }

    #[test]
    fn the_reference_page_has_every_code() {
        let page = include_str!("../../../docs/reference/exit-codes.md");
        for code in ExitCode::ALL {
            let name = serde_json::to_value(code).unwrap();
            let row = format!("| {} | `{}` |", code as u8, name.as_str().unwrap());
            assert!(page.contains(&row), "{row}");
        }
    }
}
