//! Asking ahead: whoever resolves asks for a crate, and with its answer in hand for what it needs. A fence that has
//! never heard of these asks for them while it judges the first, so that their files lie here when they are asked for.
//!
//! What comes of it is what an asking client would have been told; what fails is left to that client. One step ahead,
//! and no further: a name that nobody asks for leads nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use fence_model::CrateName;
use fence_model::facts::DependencyKind;
use fence_registry::IndexFile;
use fence_registry::index::IndexDependency;
use tokio::task::spawn_blocking;

use super::Inner;
use super::stall::lower;
use crate::judgement::parsed;
use crate::views::File;

/// The most crates that are asked for ahead on account of one. More is no crate that people write by hand.
const MOST_AHEAD: usize = 64;

impl Inner {
    /// Asks for what a crate needs and nobody has asked for yet; nobody waits for it.
    pub(super) fn look_ahead(self: &Arc<Self>, at: usize, name: &CrateName, file: &File) {
        let (inner, name, file) = (Arc::downgrade(self), name.clone(), file.clone());
        self.aside.send(async move {
            let needed = spawn_blocking(move || parsed(&name, &file.bytes).map(|file| needs(&file))).await;
            let Some(inner) = inner.upgrade() else { return };
            for name in needed.ok().flatten().unwrap_or_default() {
                let fence = Arc::downgrade(&inner);
                inner.aside.send(async move {
                    if let Some(fence) = fence.upgrade() {
                        fence.ask_ahead(at, &name).await;
                    }
                });
            }
        });
    }

    async fn ask_ahead(self: Arc<Self>, at: usize, name: &CrateName) {
        let stall = &self.stalls[at];
        let Ok(_permit) = stall.ahead_at_once.acquire().await else { return };
        if stall.seen(name).is_none() {
            // What goes wrong is told and remembered where it does.
            let _ = self.refreshed(at, name).await;
        }
    }
}

/// What the newest release of a crate makes a build ask for, in lower case: the packages of its registry that it needs
/// to be built, switched on or not.
fn needs(file: &IndexFile<'_>) -> BTreeSet<CrateName> {
    let newest = file.releases.iter().filter(|release| !release.yanked).max_by_key(|release| {
        let is_final = release.version.pre.is_empty();
        (is_final, &release.version)
    });
    let is_needed = |dependency: &&IndexDependency<'_>| {
        dependency.kind != DependencyKind::Dev && dependency.registry.is_none()
    };
    let needed = newest.into_iter().flat_map(|release| &release.dependencies).filter(is_needed);
    let names = needed.filter_map(|dependency| dependency.package_name().parse::<CrateName>().ok());
    names.map(|name| lower(&name)).take(MOST_AHEAD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(version: &str, yanked: bool, needs: &[(&str, &str, &str)]) -> String {
        let needs: Vec<String> = needs
            .iter()
            .map(|(name, kind, rest)| {
                format!(
                    r#"{{"name":"{name}","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"{kind}"{rest}}}"#
                )
            })
            .collect();
        let digest = "e1".repeat(32);
        format!(
            r#"{{"name":"top","vers":"{version}","deps":[{}],"cksum":"{digest}","features":{{}},"yanked":{yanked}}}"#,
            needs.join(",")
        )
    }

    #[test]
    fn the_newest_release_says_what_is_asked_for_next() {
        let renamed = r#","package":"Real_Name""#;
        let elsewhere = r#","registry":"https://index.example/""#;
        let lines = [
            line("1.0.0", false, &[("old", "normal", "")]),
            line(
                "1.1.0",
                false,
                &[
                    ("a", "normal", ""),
                    ("b", "build", ""),
                    ("c", "dev", ""),
                    ("d", "normal", renamed),
                    ("e", "normal", elsewhere),
                ],
            ),
            line("1.2.0", true, &[("withdrawn", "normal", "")]),
            line("2.0.0-rc.1", false, &[("early", "normal", "")]),
        ];
        let bytes = lines.join("\n");
        let name = "top".parse().unwrap();
        let found: Vec<String> =
            needs(&parsed(&name, bytes.as_bytes()).unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a", "b", "real_name"]);
    }

    #[test]
    fn nobody_makes_a_fence_ask_without_end() {
        let many: Vec<String> = (0..1000).map(|number| format!("n{number}")).collect();
        let needed: Vec<(&str, &str, &str)> = many.iter().map(|name| (name.as_str(), "normal", "")).collect();
        let bytes = line("1.0.0", false, &needed);
        let name = "top".parse().unwrap();
        assert_eq!(needs(&parsed(&name, bytes.as_bytes()).unwrap()).len(), MOST_AHEAD);
    }
}
