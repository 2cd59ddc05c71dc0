//! What the shipped list of names says of real projects: an honest crate that is taken for a look-alike costs its
//! users a review.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fence_model::look_alike::KnownNames;
use fence_model::{CrateName, Span, Time};
use fence_registry::lockfile::{CratesIo, Lockfile, Source};
use fence_registry::{IndexFile, IndexPath, Limits};

#[path = "../src/fence_data.rs"]
mod fence_data;

/// What cargo calls crates.io in a lockfile.
static IDS: LazyLock<[&str; 1]> =
    LazyLock::new(|| [format!("registry+{}", tame_index::CRATES_IO_INDEX).leak()]);

fn crates_io() -> CratesIo<'static> {
    CratesIo { source_ids: &*IDS }
}

/// All packages of the 20 lockfiles of today and the 629 historic ones whose crate was younger than a year when the
/// locked release was published, and that would be held for their name.
#[test]
fn of_real_packages_three_look_alike() {
    let (Some(lockfiles), Some(index)) = (fence_data::lockfiles(), fence_data::index()) else { return };
    let index: BTreeMap<&str, &[u8]> =
        index.iter().map(|(path, bytes)| (path.rsplit('/').next().unwrap_or(path), &**bytes)).collect();
    let names = KnownNames::shipped();
    let mut published: BTreeMap<CrateName, BTreeMap<String, Time>> = BTreeMap::new();
    let mut young = BTreeMap::new();
    let mut packages = 0;
    for (path, bytes) in &lockfiles {
        let (lockfile, _) = Lockfile::salvage(bytes, crates_io(), &Limits::DEFAULT).unwrap();
        for package in lockfile.packages.iter().filter(|package| package.source == Source::CratesIo) {
            packages += 1;
            let release = package.release().unwrap();
            let times = published.entry(release.name.clone()).or_insert_with(|| {
                let bytes = index[IndexPath::of(&release.name).file_name()];
                let file = IndexFile::parse(&release.name, bytes, &Limits::DEFAULT).unwrap();
                let time = |line: &fence_registry::index::IndexLine<'_>| {
                    Some((line.version.to_string(), line.published?))
                };
                file.releases.iter().filter_map(time).collect()
            });
            let born = *times.values().min().unwrap();
            if let Some(time) = times.get(&release.version.to_string())
                && *time - born < Span::days(365)
            {
                let today = path.starts_with("lockfiles/");
                *young.entry((release.name, born)).or_insert(false) |= today;
            }
        }
    }
    let flagged: Vec<String> = young
        .iter()
        .filter_map(|((name, born), today)| {
            let known = names.better_known(name.as_str(), Some(*born))?;
            Some(format!("{name} as {} ({}), today: {today}", known.name, known.likeness))
        })
        .collect();
    println!("{packages} packages, {} young crates", young.len());
    assert!(young.len() > 600);
    // Each is a crate of other owners that its authors named after the better-known one.
    assert_eq!(
        flagged,
        [
            "itoap as itoa (one character added), today: false",
            "libm as libc (one character replaced), today: false",
            "thiserror-core as thiserror (a common affix added), today: false",
        ]
    );
}
