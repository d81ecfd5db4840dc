//! Watching an app's files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use crate::{ExitCode, Explain, Outcome};

/// How long after a change others are waited for: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(15);
/// Folders whose changes are not the app's.
const NOT_OURS: [&str; 6] = [".updraft", ".git", "node_modules", "target", "__pycache__", ".aws-sam"];

/// The changes of a folder.
pub struct FileWatch {
    _watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<Vec<PathBuf>>,
}

impl FileWatch {
    /// Begins to watch.
    pub fn start(folder: &Path) -> Outcome<Self> {
        let (sender, changes) = mpsc::unbounded_channel();
        let root = folder.to_owned();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.kind.is_access() {
                return;
            }
            let ours: Vec<_> = event.paths.into_iter().filter(|path| is_ours(&root, path)).collect();
            if !ours.is_empty() {
                // A closed channel means that nobody watches any more.
                let _ = sender.send(ours);
            }
        });
        let failed = || format!("cannot watch {}", folder.display());
        let mut watcher = watcher.explain(ExitCode::Failure, failed)?;
        watcher.watch(folder, RecursiveMode::Recursive).explain(ExitCode::Failure, failed)?;
        Ok(Self { _watcher: watcher, changes })
    }

    /// Waits for changes and for the quiet after them; none when watching has ended.
    pub async fn next(&mut self) -> Option<Vec<PathBuf>> {
        let mut paths = self.changes.recv().await?;
        while let Ok(Some(more)) = tokio::time::timeout(QUIET, self.changes.recv()).await {
            paths.extend(more);
        }
        paths.sort();
        paths.dedup();
        Some(paths)
    }
}

fn is_ours(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    !inside.components().any(|part| NOT_OURS.iter().any(|name| part.as_os_str() == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builds_own_files_do_not_build_again() {
        let root = Path::new("/app");
        assert!(is_ours(root, Path::new("/app/functions/cart/app.py")));
        assert!(!is_ours(root, Path::new("/app/.updraft/scratch/x")));
        assert!(!is_ours(root, Path::new("/app/functions/orders/node_modules/a/b.js")));
        assert!(is_ours(Path::new("/target/app"), Path::new("/target/app/a.js")));
    }

    #[tokio::test]
    async fn a_save_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = FileWatch::start(folder.path()).unwrap();
        let file = folder.path().join("a.js");
        std::fs::write(&file, "1").unwrap();
        std::fs::write(&file, "2").unwrap();
        let seen = tokio::time::timeout(Duration::from_secs(5), watch.next()).await.unwrap().unwrap();
        assert_eq!(seen, [file]);
    }
}
