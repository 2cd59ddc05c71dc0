//! `Cargo.lock` as the judgement sees it: one [`Locked`] per package, in the file's order.

use fence_model::project::{Locked, Origin};
use fence_model::{CrateName, Level};
use fence_registry::lockfile::{CratesIo, IndexProtocol, Lockfile, Package, Source};
use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};

/// Reads the text of a `Cargo.lock`.
///
/// # Errors
/// What is wrong with it, with the line.
pub fn parse(text: &str) -> Result<Lockfile, fence_registry::Error> {
    let git = format!("registry+{CRATES_IO_INDEX}");
    // The sparse index is written with its protocol already, and by some versions of cargo without the last slash.
    let ids = [git.as_str(), CRATES_IO_HTTP_INDEX, CRATES_IO_HTTP_INDEX.trim_end_matches('/')];
    Lockfile::parse(text.as_bytes(), CratesIo { source_ids: &ids }, &fence_registry::Limits::default())
}

/// What there is to judge: one entry per package, in the same order, so that places in the one are places in the
/// other. `levels` says at which level each is judged, if at all.
pub fn locked(lockfile: &Lockfile, levels: impl Fn(usize) -> Option<Level>) -> Vec<Locked> {
    lockfile
        .packages
        .iter()
        .enumerate()
        .map(|(place, package)| Locked {
            name: name(package),
            version: package.version.clone(),
            origin: origin(package),
            dependencies: package.dependencies.clone(),
            level: levels(place),
        })
        .collect()
}

/// How a lockfile writes the source of a registry's package; none for what no registry has, and for crates.io,
/// which goes by several ids.
pub fn registry_id(source: &Source) -> Option<String> {
    match source {
        Source::Registry { protocol: IndexProtocol::Git, url } => Some(format!("registry+{url}")),
        Source::Registry { protocol: IndexProtocol::Sparse, url } => Some(format!("sparse+{url}")),
        Source::CratesIo | Source::Path | Source::Git { .. } | Source::Unknown { .. } => None,
    }
}

/// The name of a package that is no registry's may have letters that no crate name has. Nothing is looked up by
/// it: such a package is judged by its source alone.
fn name(package: &Package) -> CrateName {
    let nameless = || "_".parse().unwrap_or_else(|_| unreachable!("an underscore is a crate name"));
    package.name.parse().unwrap_or_else(|_| nameless())
}

fn origin(package: &Package) -> Origin {
    match &package.source {
        Source::Path => Origin::Path,
        Source::CratesIo => Origin::CratesIo(package.checksum),
        source @ Source::Registry { .. } => {
            Origin::Registry(registry_id(source).unwrap_or_default(), package.checksum)
        }
        Source::Git { url, revision: Some(revision), .. } => {
            Origin::Git { url: url.to_string(), revision: revision.to_string() }
        }
        // Without a revision there is nothing that a policy could allow.
        Source::Git { url, revision: None, .. } => Origin::Other(format!("git {url} at no revision")),
        Source::Unknown { id } => Origin::Other(id.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let text = format!("version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n{source}");
        let lockfile = parse(&text).unwrap();
        assert_eq!(format!("{:?}", locked(&lockfile, |_| None)[0].origin), expected);
    }

    #[test]
    fn every_source_has_its_origin() {
        check("", "Path");
        check(&format!("source = \"registry+{CRATES_IO_INDEX}\"\n"), "CratesIo(None)");
        check(&format!("source = \"{CRATES_IO_HTTP_INDEX}\"\n"), "CratesIo(None)");
        check(
            "source = \"sparse+https://registry.example/index/\"\n",
            "Registry(\"sparse+https://registry.example/index/\", None)",
        );
        check(
            "source = \"registry+https://registry.example/index\"\n",
            "Registry(\"registry+https://registry.example/index\", None)",
        );
        check(
            "source = \"git+https://git.example/a?branch=main#0123456789012345678901234567890123456789\"\n",
            "Git { url: \"https://git.example/a\", revision: \"0123456789012345678901234567890123456789\" }",
        );
        check(
            "source = \"git+https://git.example/a\"\n",
            "Other(\"git https://git.example/a at no revision\")",
        );
        check("source = \"directory+vendor\"\n", "Other(\"directory+vendor\")");
    }
}
