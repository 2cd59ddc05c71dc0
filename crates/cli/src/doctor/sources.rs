//! The sources: what a build takes from elsewhere than the registry in front of which the fence stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use fence_client::cargo_config::same_address;
use fence_client::cargo_says::{Declared, From, Part};
use fence_client::http::shown as shown_address;
use fence_client::project::lockfile::registry_id;
use fence_model::policy::Policy;
use fence_registry::lockfile::{Package, Source};

use super::{Answer, Finding, Gravity, Seen, Spot, word};
use crate::error::shown;
use crate::render::text;

/// How many packages of a source are named; the others are counted.
const NAMED: usize = 5;

pub(super) fn findings(seen: &Seen) -> Vec<Finding> {
    let mut findings = git(seen);
    findings.extend(registries(seen));
    findings.extend(unknown(seen));
    findings.extend(patches(seen));
    findings.extend(folders(seen));
    findings.extend(overrides(seen));
    // A cargo that does not tell its version tells nothing else either.
    let problems = seen.declared.1.iter().filter(|_| !matches!(seen.machine.cargo, Some(Err(_))));
    for problem in problems {
        findings.push(
            Finding::new("manifest-unreadable", Gravity::Broken, "a manifest cannot be looked at")
                .because(text::harmless(problem)),
        );
    }
    if seen.lockfile.is_none() {
        let what = "there is no Cargo.lock here: what is locked was not looked at";
        findings.push(Finding::new("no-lockfile", Gravity::Note, what));
    }
    findings
}

/// Packages of git repositories, by repository.
fn git(seen: &Seen) -> Vec<Finding> {
    #[derive(Default)]
    struct Repository {
        packages: Vec<String>,
        revisions: BTreeSet<String>,
        places: Vec<Spot>,
        /// Whether the policy names each revision that is locked.
        is_allowed: bool,
    }
    let allowed = seen.project.policy.as_ref().map(|policy| &policy.sources[..]).unwrap_or_default();
    let mut repositories: BTreeMap<String, Repository> = BTreeMap::new();
    let manifests = seen.declared.0.iter().filter(|declared| declared.part == Part::Dependency);
    for declared in manifests {
        if let From::Git(url) = &declared.from {
            let repository = repositories.entry(plain(url)).or_default();
            repository.places.push(Spot::File(declared.file.clone(), declared.line));
        }
    }
    if let Some((file, lockfile)) = &seen.lockfile {
        for package in &lockfile.packages {
            let Source::Git { url, revision, .. } = &package.source else { continue };
            let repository = repositories.entry(plain(url)).or_default();
            let is_allowed = allowed
                .iter()
                .any(|source| source.git == **url && revision.as_deref() == Some(source.rev.as_str()));
            repository.is_allowed = is_allowed && (repository.is_allowed || repository.packages.is_empty());
            repository.packages.push(named(package));
            repository.revisions.extend(revision.as_deref().map(str::to_owned));
            // Where a manifest names it is where it can be changed.
            if repository.places.is_empty() {
                repository.places.push(locked_at(file, package));
            }
        }
    }
    repositories
        .into_iter()
        .map(|(url, Repository { packages, revisions, places, is_allowed })| {
            let url = text::harmless(&shown_address(&url));
            let what = match packages.is_empty() {
                true => format!("a dependency comes from a git repository, past the fence: {url}"),
                false => format!("{} from a git repository, past the fence: {url}", come(&packages)),
            };
            let gravity = if is_allowed { Gravity::Note } else { Gravity::Open };
            let mut finding = Finding::new("git-dependency", gravity, what);
            finding.places = places;
            finding.places.dedup();
            for revision in revisions {
                finding = finding.because(format!("at {}", text::harmless(&revision)));
            }
            if is_allowed {
                return finding
                    .because("the policy allows it: `sources` of fence.toml names it and its revision");
            }
            finding.fix("take a release from the registry instead", &[]).fix(
                "or read that revision, and allow it by name in fence.toml",
                &["[[sources]]", "git = \"…\"", "rev = \"…\""],
            )
        })
        .collect()
}

/// Packages of other registries, by registry, and registries that nothing uses yet.
fn registries(seen: &Seen) -> Vec<Finding> {
    let mut used: BTreeMap<String, (Vec<String>, Vec<Spot>)> = BTreeMap::new();
    if let Some((file, lockfile)) = &seen.lockfile {
        for package in &lockfile.packages {
            let Some(id) = registry_id(&package.source) else { continue };
            let (packages, places) = used.entry(id).or_default();
            packages.push(named(package));
            if places.is_empty() {
                places.push(locked_at(file, package));
            }
        }
    }
    let mut findings = Vec::new();
    for (id, (packages, places)) in &used {
        let configured = seen.config.registries.iter().find(|(_, address, _)| is_same(address, id));
        let gravity =
            if is_first_party(seen, id) || is_behind(seen, id) { Gravity::Note } else { Gravity::Open };
        let what = format!(
            "{} from another registry{}: {}",
            come(packages),
            if is_behind(seen, id) { "" } else { ", past the fence" },
            text::harmless(&shown_address(bare(id)))
        );
        let mut finding = Finding::new("other-registry", gravity, what);
        finding.places.clone_from(places);
        finding.places.extend(configured.map(|(_, _, at)| at.into()));
        if gravity == Gravity::Note {
            findings.push(finding);
            continue;
        }
        findings.push(match configured {
            Some((name, _, _)) => finding
                .fix(
                    "let the fence stand in front of it too",
                    &[&format!("cargo fence serve --registry {}", word(name, "NAME"))],
                )
                .fix("and say in fence.toml how it is to be judged: `[[registries]]`", &[]),
            None => {
                finding.fix("name it in cargo's configuration, so that a fence can stand in front of it", &[])
            }
        });
    }
    let through = seen.route.as_ref().ok().and_then(|route| route.steps.last()).map(|step| step.to.as_str());
    for (name, address, at) in &seen.config.registries {
        let is_used = used.keys().any(|id| is_same(address, id));
        // What stands in for crates.io is the fence itself, or has a finding of its own.
        if is_used || through == Some(name) {
            continue;
        }
        let what = format!(
            "another registry is configured: {} ({})",
            text::harmless(name),
            shown_address(bare(address))
        );
        findings.push(Finding::new("other-registry", Gravity::Note, what).at(at));
    }
    findings
}

/// Packages of sources that nobody can judge.
fn unknown(seen: &Seen) -> Option<Finding> {
    let (file, lockfile) = seen.lockfile.as_ref()?;
    let is_unknown = |package: &&Package| matches!(package.source, Source::Unknown { .. });
    let found: Vec<&Package> = lockfile.packages.iter().filter(is_unknown).collect();
    let first = found.first()?;
    let packages: Vec<String> = found.iter().map(|package| named(package)).collect();
    let what = format!("{} from a source that the fence does not know", come(&packages));
    Some(Finding::new("unknown-source", Gravity::Open, what).at(locked_at(file, first)))
}

/// `[patch]` and `[replace]` of manifests and of cargo's configuration.
fn patches(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    for declared in &seen.declared.0 {
        let (code, source) = match &declared.part {
            Part::Dependency => continue,
            Part::Patch(source) => ("patch", source.as_str()),
            Part::Replace => ("replace", "crates-io"),
        };
        let name = text::harmless(&declared.name);
        let source = text::harmless(&shown_address(source));
        let (gravity, from) = match &declared.from {
            From::Git(url) => (Gravity::Open, format!("the git repository {}", shown_address(url))),
            From::Outside(path) => {
                (Gravity::Warning, format!("a folder outside the workspace, {}", shown(path)))
            }
            From::Inside(path) => (Gravity::Note, format!("a folder of the workspace, {}", shown(path))),
            From::Registry(registry) => {
                (Gravity::Warning, format!("the registry {}", text::harmless(registry)))
            }
            From::Itself => (Gravity::Note, "the same registry".to_owned()),
        };
        let what = format!("{name} of {source} is put in place from {}", text::harmless(&from));
        let finding = Finding::new(code, gravity, what).in_file(&declared.file, declared.line);
        findings.push(match gravity {
            Gravity::Note => finding,
            _ => finding.fix("take it out as soon as a release has what it is for", &[]),
        });
    }
    findings
}

/// Folders outside the workspace.
fn folders(seen: &Seen) -> Vec<Finding> {
    let mut by_folder: BTreeMap<&PathBuf, Vec<&Declared>> = BTreeMap::new();
    for declared in seen.declared.0.iter().filter(|declared| declared.part == Part::Dependency) {
        if let From::Outside(path) = &declared.from {
            by_folder.entry(path).or_default().push(declared);
        }
    }
    let of_folder = |(path, declared): (&PathBuf, Vec<&Declared>)| {
        let what = format!("a folder outside the workspace is built: {}", text::harmless(&shown(path)));
        let mut finding = Finding::new("path-outside", Gravity::Warning, what)
            .because("nothing of it is judged; what it needs of registries is, as far as it is locked here");
        finding.places = declared.iter().map(|d| Spot::File(d.file.clone(), d.line)).collect();
        finding.fix("make it a member of the workspace, if it is your own", &[])
    };
    by_folder.into_iter().map(of_folder).collect()
}

/// What cargo's configuration puts in place of packages.
fn overrides(seen: &Seen) -> Vec<Finding> {
    let finding = |setting: &fence_client::cargo_config::Setting| {
        let what = match setting.key.as_str() {
            "paths" => format!(
                "cargo's configuration builds folders in place of packages: {}",
                setting.words.join(", ")
            ),
            source => format!("cargo's configuration has a [patch] of {source}"),
        };
        Finding::new("patch", Gravity::Warning, text::harmless(&what))
            .at(&setting.at)
            .fix("take it out, or move it into the manifest, where a review sees it", &[])
    };
    seen.config.overrides.iter().map(finding).collect()
}

/// Whether the policy calls a registry one's own.
fn is_first_party(seen: &Seen, id: &str) -> bool {
    let is_it = |policy: &Policy| {
        policy.registries.iter().any(|registry| {
            is_same(&registry.index, id)
                && registry.treat == fence_model::policy::RegistryTreatment::FirstParty
        })
    };
    seen.project.policy.as_ref().is_ok_and(is_it)
}

/// Whether the fence that answers stands in front of this registry as well, and cargo is led there.
fn is_behind(seen: &Seen, id: &str) -> bool {
    let Answer::Answered(answered) = &seen.answer else { return false };
    let Some(fence) = &answered.fence else { return false };
    let Ok(route) = &seen.route else { return false };
    let fence_client::cargo_config::IndexLocation::Sparse(url) = &route.registry.location else {
        return false;
    };
    let base = url.trim_end_matches('/').rsplit_once('/').map_or("", |(base, _)| base);
    fence.registries.iter().any(|mount| is_same(&format!("sparse+{base}/{}/", mount.path), id))
}

/// Whether two spellings of a registry's address mean the same, with and without the protocol in front.
fn is_same(one: &str, other: &str) -> bool {
    same_address(bare(one), bare(other))
}

fn bare(id: &str) -> &str {
    id.strip_prefix("registry+").or_else(|| id.strip_prefix("sparse+")).unwrap_or(id)
}

/// A repository's address without what tells apart its branches.
fn plain(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    url.trim_end_matches('/').trim_end_matches(".git").to_owned()
}

/// `3 packages come`, `glob 0.3.3 comes`: with their names, where they are few.
fn come(packages: &[String]) -> String {
    match packages {
        [one] => format!("{one} comes"),
        few if few.len() <= NAMED => format!("{} come", text::and(few)),
        many => format!("{} come", text::count(many.len(), "package")),
    }
}

fn named(package: &Package) -> String {
    text::harmless(&format!("{} {}", package.name, package.version))
}

fn locked_at(file: &std::path::Path, package: &Package) -> Spot {
    Spot::File(file.to_owned(), usize::try_from(package.line).ok())
}
