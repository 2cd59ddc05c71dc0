//! Makes the shipped list of better-known names from the index at hand.
//!
//! The newest release of each crate that is neither yanked nor a pre-release says what the crate needs, to run or
//! to be built. A name is listed from two clusters on: fewer make nobody known, and count as one in any case. What
//! it needs and is close to it in name is its kin.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use fence_model::facts::DependencyKind;
use fence_model::{CrateName, Time, look_alike};
use fence_registry::{IndexFile, Limits};

/// The fewest clusters of a crate that is listed.
const LISTED_FROM: u32 = 2;

/// Writes the list made from `fence_data`'s index to `out`.
///
/// # Errors
/// A sentence naming the file that could not be read, understood or written.
pub(crate) fn run(fence_data: &Path, out: &Path) -> Result<(), String> {
    let packed = fence_data.join("index/index.tar.zst");
    let crates = read(&packed).map_err(|error| format!("{}: {error}", packed.display()))?;
    let edges = crates
        .iter()
        .flat_map(|(name, known)| known.needs.iter().map(move |package| (name.as_str(), package.as_str())));
    let clusters = look_alike::clusters(edges);
    let mut list = String::from(
        "# The better-known names: crates, the day they were born, how many families of crates need them, and their kin.\n\
         # Made by `cargo xtask known-names`.\n",
    );
    for (name, known) in &crates {
        let clusters = clusters.get(name.as_str()).copied().unwrap_or(0);
        if clusters >= LISTED_FROM {
            let mut kin: Vec<&str> = known.needs.iter().map(String::as_str).collect();
            kin.retain(|package| look_alike::close(package, name.as_str()).is_some());
            kin.sort_unstable();
            kin.dedup();
            let tab = if kin.is_empty() { "" } else { "\t" };
            writeln!(list, "{name}\t{}\t{clusters}{tab}{}", known.born.date(), kin.join(" "))
                .map_err(|error| error.to_string())?;
        }
    }
    std::fs::create_dir_all(out.parent().unwrap_or(out))
        .and_then(|()| std::fs::write(out, list))
        .map_err(|error| format!("{}: {error}", out.display()))
}

/// What one crate's index file says of it.
struct Crate {
    born: Time,
    needs: Vec<String>,
}

/// The crates of a packed index, by name.
fn read(packed: &Path) -> Result<std::collections::BTreeMap<CrateName, Crate>, String> {
    let file = std::fs::File::open(packed).map_err(|error| error.to_string())?;
    let tar = ruzstd::decoding::StreamingDecoder::new(file).map_err(|error| error.to_string())?;
    let mut crates = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(tar).entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let path = entry.path().map_err(|error| error.to_string())?.into_owned();
        if !entry.header().entry_type().is_file() || path.ends_with("config.json") {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = name_of(&bytes).ok_or_else(|| format!("{}: no index file", path.display()))?;
        let index = IndexFile::parse(&name, &bytes, &Limits::DEFAULT).map_err(|error| error.to_string())?;
        if let Some(problem) = index.problems.first() {
            return Err(problem.to_string());
        }
        if let Some(born) = index.born() {
            crates.insert(name, Crate { born, needs: needs(&index) });
        }
    }
    Ok(crates)
}

/// The crate's own spelling of its name, which the path has in lower case only.
fn name_of(bytes: &[u8]) -> Option<CrateName> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    value.get("name")?.as_str()?.parse().ok()
}

fn needs(index: &IndexFile<'_>) -> Vec<String> {
    let newest =
        index.releases.iter().filter(|r| !r.yanked && r.version.pre.is_empty()).max_by_key(|r| &r.version);
    let dependencies = newest.map_or(&[][..], |release| &release.dependencies);
    dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Dev && dependency.registry.is_none())
        .map(|dependency| dependency.package_name().to_owned())
        .collect()
}
