//! Where a package says that it comes from, and which file of that repository each of its files should be.
//!
//! Cargo writes the commit into `.cargo_vcs_info.json`. [`Origin`] is what the package says; [`Tree`] is what the commit
//! holds, as `git ls-tree` lists it; [`Tree::plan`] pairs the two, so that whoever has the repository reads just those
//! bytes. [`against`](crate::against) then compares.

mod address;

use std::collections::{BTreeMap, BTreeSet};

pub use address::clone_address;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::manifest::Manifest;
use crate::package::Package;

/// What cargo writes beside the files of the repository.
pub const VCS_INFO: &str = ".cargo_vcs_info.json";
/// The manifest as its author wrote it.
pub const MANIFEST_AS_WRITTEN: &str = "Cargo.toml.orig";

/// How many links lead from one to the next at most, as on Linux.
const MOST_LINKS: usize = 40;
/// Bytes of where a link leads, as on Linux; a longer one leads astray.
const LONGEST_LINK: usize = 4096;
/// How many parts of paths are walked for one file. Links are chosen by strangers, and each may have thousands.
const MOST_PARTS: usize = 2_000;
/// How many files are looked for when a package's folder is guessed.
const MOST_LOOKED_FOR: usize = 20_000_000;

/// What a package says of where it comes from. All of it is its publisher's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its name, by its manifest.
    pub name: String,
    /// Its version, by its manifest.
    pub version: String,
    /// The address of its repository, by its manifest; empty where it names none.
    pub repository: String,
    /// The commit that it was made from.
    pub commit: Stated,
    /// Its files.
    pub files: Vec<String>,
    /// Files of its root that cargo may have copied from elsewhere: the paths that its manifest as written has for them.
    pub copied: Vec<String>,
    /// Whether its manifest as written takes such paths from its workspace.
    pub inherits: bool,
}

/// What a package says of its commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stated {
    /// Nothing: it was made outside of a repository, by an old cargo, or by something else.
    #[default]
    Nothing,
    /// Something that is not what cargo writes, and why.
    Unreadable(String),
    /// This commit.
    Commit {
        /// Its hash, in 40 or 64 hexadecimal digits of lower case.
        hash: String,
        /// The package's folder in the repository, with `/`; empty for the root, none where an old cargo did not say it.
        folder: Option<String>,
        /// Whether files were changed and not committed when it was made (`cargo publish --allow-dirty`).
        dirty: bool,
    },
}

#[derive(Deserialize)]
struct VcsInfo {
    git: GitInfo,
    path_in_vcs: Option<String>,
}

#[derive(Deserialize)]
struct GitInfo {
    sha1: String,
    #[serde(default)]
    dirty: bool,
}

impl Stated {
    /// Reads `.cargo_vcs_info.json`. Fields that later cargos add are passed over.
    fn parse(text: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(text) else {
            return Self::Unreadable("it is no text".to_owned());
        };
        if text.len() > 64 << 10 {
            return Self::Unreadable(format!("it has {} bytes", text.len()));
        }
        let VcsInfo { git, path_in_vcs: folder } = match serde_json::from_str(text) {
            Ok(info) => info,
            Err(error) => return Self::Unreadable(error.to_string()),
        };
        let GitInfo { sha1: hash, dirty } = git;
        if !is_hash(&hash) {
            return Self::Unreadable("its commit is no hash of git's".to_owned());
        }
        let is_plain = |part: &str| !matches!(part, "" | "." | "..");
        let leads_out = |folder: &String| {
            !folder.is_empty() && !folder.split('/').all(is_plain) || folder.contains(['\0', '\n', '\\'])
        };
        if folder.as_ref().is_some_and(leads_out) {
            return Self::Unreadable("its folder leads out of the repository".to_owned());
        }
        Self::Commit { hash, folder, dirty }
    }
}

/// Whether it is what git calls a commit or file in full.
pub fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl Origin {
    /// What `package` says.
    pub fn of(package: &Package) -> Self {
        let text = |path| package.file(path).map(String::from_utf8_lossy).unwrap_or_default();
        let manifest = Manifest::parse(&text("Cargo.toml")).unwrap_or_default();
        let as_written = text(MANIFEST_AS_WRITTEN).parse::<Table>().unwrap_or_default();
        let about = as_written.get("package").and_then(Value::as_table);
        let values: Vec<&Value> =
            ["readme", "license-file"].iter().filter_map(|key| about?.get(*key)).collect();
        Self {
            name: manifest.name,
            version: manifest.version,
            repository: manifest.repository,
            commit: package.file(VCS_INFO).map_or(Stated::Nothing, Stated::parse),
            files: package.files().map(|(path, _)| path.to_owned()).collect(),
            copied: values.iter().filter_map(|value| value.as_str()).map(str::to_owned).collect(),
            inherits: values.iter().any(|value| value.is_table()),
        }
    }
}

/// What lies at a path of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which kind of thing.
    pub kind: EntryKind,
    /// The hash of what is in it.
    pub object: String,
    /// Its bytes; zero for submodules.
    pub size: u64,
}

/// The kinds of things in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A symbolic link, whose object holds where it leads.
    Link,
    /// Another repository at some commit.
    Submodule,
}

/// What a commit holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
    /// Where links lead, by their paths.
    links: BTreeMap<String, String>,
}

/// Why a listing is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListingError {
    /// It has more entries than are read.
    TooMany(usize),
    /// This line of it is none, counted from one.
    Unreadable(usize),
}

/// What a file of a package should be equal to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counterpart {
    /// A file of the repository.
    File {
        /// Its path there.
        path: String,
        /// The hash of what is in it.
        object: String,
        /// Its bytes.
        size: u64,
    },
    /// The repository has nothing of that path.
    Absent,
    /// It lies in another repository, which was not read.
    Submodule(String),
    /// A link leads out of the repository or in circles.
    Astray(String),
}

impl Tree {
    /// Reads what `git ls-tree -r -z -l --full-tree` prints: `<mode> <kind> <hash> <size>\t<path>`, each ended by a zero.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn parse(listing: &[u8], most: usize) -> Result<Self, ListingError> {
        let mut tree = Self::default();
        let lines = listing.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        for (at, line) in lines.enumerate() {
            if at >= most {
                return Err(ListingError::TooMany(most));
            }
            let unreadable = || ListingError::Unreadable(at + 1);
            let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(unreadable)?;
            let about = std::str::from_utf8(&line[..tab]).map_err(|_| unreadable())?;
            let about: Vec<&str> = about.split_ascii_whitespace().collect();
            let &[mode, kind, object, size] = about.as_slice() else { return Err(unreadable()) };
            if !is_hash(object) {
                return Err(unreadable());
            }
            let kind = match (mode, kind) {
                ("120000", "blob") => EntryKind::Link,
                (_, "blob") => EntryKind::File,
                (_, "commit") => EntryKind::Submodule,
                _ => return Err(unreadable()),
            };
            // What a partial clone lacks has no size.
            let entry = Entry { kind, object: object.to_owned(), size: size.parse().unwrap_or(0) };
            // A package's path is read in the same way.
            tree.entries.insert(String::from_utf8_lossy(&line[tab + 1..]).into_owned(), entry);
        }
        Ok(tree)
    }

    /// The links, as path and object: where they lead has to be read before anything can be found through them.
    pub fn unread_links(&self) -> Vec<(String, Entry)> {
        let is_link = |(_, entry): &(&String, &Entry)| entry.kind == EntryKind::Link;
        self.entries.iter().filter(is_link).map(|(path, entry)| (path.clone(), entry.clone())).collect()
    }

    /// Says where the link at `path` leads.
    pub fn lead(&mut self, path: String, target: &[u8]) {
        if target.len() <= LONGEST_LINK {
            self.links.insert(path, String::from_utf8_lossy(target).into_owned());
        }
    }

    /// Whether there is anything in or at a folder.
    pub fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty()
            || self
                .entries
                .range(format!("{folder}/")..)
                .next()
                .is_some_and(|(path, _)| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }

    /// What lies at `path`, links followed.
    pub fn find(&self, path: &str) -> Counterpart {
        let mut left: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut at = String::new();
        let (mut followed, mut walked) = (0, 0);
        while let Some(part) = left.pop() {
            walked += 1;
            if walked > MOST_PARTS {
                return Counterpart::Astray(path.to_owned());
            }
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    if at.is_empty() {
                        return Counterpart::Astray(path.to_owned());
                    }
                    at.truncate(at.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let below = if at.is_empty() { part } else { format!("{at}/{part}") };
            match self.entries.get(&below).map(|entry| (entry, entry.kind)) {
                Some((_, EntryKind::Submodule)) => return Counterpart::Submodule(below),
                Some((_, EntryKind::Link)) => {
                    followed += 1;
                    let target = self.links.get(&below);
                    let Some(target) = target.filter(|to| followed <= MOST_LINKS && !to.starts_with('/'))
                    else {
                        return Counterpart::Astray(below);
                    };
                    // A link is followed from the folder that it lies in.
                    left.extend(target.split('/').rev().map(str::to_owned));
                }
                Some((entry, EntryKind::File)) => {
                    if left.iter().any(|part| !part.is_empty()) {
                        return Counterpart::Absent;
                    }
                    return Counterpart::File { path: below, object: entry.object.clone(), size: entry.size };
                }
                None => at = below,
            }
        }
        Counterpart::Absent
    }

    /// The folder that has most of a package's files, for packages that do not say theirs: of those with a manifest, the
    /// topmost.
    pub fn folder_like(&self, origin: &Origin) -> String {
        let of = |folder: &str, path: &str| match folder {
            "" => self.entries.contains_key(path),
            folder => self.entries.contains_key(&format!("{folder}/{path}")),
        };
        // Most folders have none of a package's longest paths; those that have are as many as can be looked through.
        let mut longest: Vec<&String> = origin.files.iter().filter(|path| path.ends_with(".rs")).collect();
        longest.sort_by_key(|path| (std::cmp::Reverse(path.len()), *path));
        longest.truncate(8);
        let folders = self.entries.keys().filter_map(|path| {
            let folder = path.strip_suffix("Cargo.toml")?;
            (folder.is_empty() || folder.ends_with('/')).then(|| folder.trim_end_matches('/'))
        });
        let folders = folders
            .filter(|folder| longest.is_empty() || longest.iter().any(|path| of(folder, path)))
            .take(MOST_LOOKED_FOR / origin.files.len().max(1));
        let has = |folder: &str| {
            let inside = |path: &&String| of(folder, path);
            // A repository's root has a readme and a licence for all of its packages.
            let weight = |path: &String| if path.ends_with(".rs") { 8 } else { 1 };
            origin.files.iter().filter(inside).map(weight).sum::<usize>()
        };
        let best = folders.max_by_key(|folder| (has(folder), std::cmp::Reverse(folder.len())));
        best.unwrap_or_default().to_owned()
    }

    /// Pairs the files of a package with those of its folder in the repository. What cargo makes anew has no pair.
    pub fn plan(&self, origin: &Origin, folder: &str) -> Vec<(String, Counterpart)> {
        let inside =
            |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        let has_as_written = origin.files.iter().any(|path| path == MANIFEST_AS_WRITTEN);
        let mut plan = Vec::new();
        for path in &origin.files {
            let wanted = match path.as_str() {
                VCS_INFO | "Cargo.lock" => continue,
                "Cargo.toml" if has_as_written => continue,
                MANIFEST_AS_WRITTEN => "Cargo.toml",
                other => other,
            };
            let mut found = self.find(&inside(wanted));
            if !matches!(found, Counterpart::File { .. }) && !wanted.contains('/') {
                found = self.copied(origin, folder, wanted).unwrap_or(found);
            }
            plan.push((path.clone(), found));
        }
        plan
    }

    /// The file that cargo copies into the root of a package because the manifest names it as readme or licence.
    fn copied(&self, origin: &Origin, folder: &str, name: &str) -> Option<Counterpart> {
        // Cargo copies what people read, and never code.
        if name.ends_with(".rs") {
            return None;
        }
        let named = origin.copied.iter().filter(|path| path.rsplit('/').next() == Some(name));
        let named = named.map(|path| format!("{folder}/{path}"));
        let above = above(folder).map(|above| format!("{above}/{name}"));
        let mut places = named.chain(above.filter(|_| origin.inherits));
        places.find_map(|place| {
            Some(self.find(&place)).filter(|found| matches!(found, Counterpart::File { .. }))
        })
    }

    /// The manifests above a package's folder, one of which may be its workspace's; the nearest first.
    pub fn manifests_above(&self, folder: &str) -> Vec<Counterpart> {
        let found = above(folder).map(|above| self.find(&format!("{above}/Cargo.toml")));
        found.filter(|found| matches!(found, Counterpart::File { .. })).collect()
    }

    /// How many files of the package's folder the package has not. No fault: `include`, `exclude`, and packages of its own
    /// below it leave them out.
    pub fn left_out(&self, plan: &[(String, Counterpart)], folder: &str) -> usize {
        let used: BTreeSet<&str> = plan
            .iter()
            .filter_map(|(_, found)| match found {
                Counterpart::File { path, .. } => Some(path.as_str()),
                _ => None,
            })
            .collect();
        let below = |path: &&String| {
            folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        self.entries.keys().filter(below).filter(|path| !used.contains(path.as_str())).count()
    }
}

/// The folders above one, the nearest first; the last is the root.
fn above(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors((!folder.is_empty()).then_some(folder), |at| {
        (!at.is_empty()).then(|| at.rsplit_once('/').map_or("", |(above, _)| above))
    })
    .skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::File;

    const HASH: &str = "0123456789012345678901234567890123456789";

    fn stated(text: &str) -> Stated {
        Stated::parse(text.as_bytes())
    }

    fn info(hash: &str, rest: &str) -> String {
        format!("{{\"git\":{{\"sha1\":\"{hash}\"}}{rest}}}")
    }

    /// A tree of files, `path -> target` for links, and `path @` for submodules.
    fn tree(lines: &[&str]) -> Tree {
        let mut listing = String::new();
        let mut links = Vec::new();
        for line in lines {
            let (mode, kind, path) = if let Some((path, target)) = line.split_once(" -> ") {
                links.push((path.to_owned(), target));
                ("120000", "blob", path)
            } else if let Some(path) = line.strip_suffix(" @") {
                ("160000", "commit", path)
            } else {
                ("100644", "blob", *line)
            };
            listing += &format!("{mode} {kind} {HASH}       3\t{path}\0");
        }
        let mut tree = Tree::parse(listing.as_bytes(), 100).unwrap();
        for (path, target) in links {
            tree.lead(path, target.as_bytes());
        }
        tree
    }

    fn shown(found: &Counterpart) -> String {
        match found {
            Counterpart::File { path, .. } => path.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_package_says_its_commit_or_why_it_does_not() {
        let commit = |folder: &str, dirty| Stated::Commit {
            hash: HASH.into(),
            folder: Some(folder.to_owned()),
            dirty,
        };
        assert_eq!(stated(&info(HASH, "")), Stated::Commit { hash: HASH.into(), folder: None, dirty: false });
        assert_eq!(stated(&info(HASH, ",\"path_in_vcs\":\"a/b\",\"later\":1")), commit("a/b", false));
        let dirty = format!("{{\"git\":{{\"sha1\":\"{HASH}\",\"dirty\":true}},\"path_in_vcs\":\"\"}}");
        assert_eq!(stated(&dirty), commit("", true));
        for hostile in [
            info("--upload-pack=sh", ""),
            info("HEAD", ""),
            info(HASH, ",\"path_in_vcs\":\"../b\""),
            info(HASH, ",\"path_in_vcs\":\"/etc\""),
            info(HASH, ",\"path_in_vcs\":\"a//b\""),
            "{}".to_owned(),
            "[".repeat(10_000),
            " ".repeat(1 << 20),
        ] {
            assert!(matches!(stated(&hostile), Stated::Unreadable(_)), "{hostile:.80}");
        }
    }

    #[test]
    fn links_are_followed_within_the_repository() {
        let tree = tree(&[
            "LICENSE",
            "a/LICENSE -> ../LICENSE",
            "a/src -> ../b/src",
            "b/src/lib.rs",
            "out -> ../../etc",
            "root -> /etc",
            "x -> y",
            "y -> x",
            "vendor/c @",
            "chain -> a/LICENSE",
            "nowhere -> gone",
        ]);
        let find = |path: &str| shown(&tree.find(path));
        assert_eq!(find("a/LICENSE"), "LICENSE");
        assert_eq!(find("chain"), "LICENSE");
        assert_eq!(find("a/src/lib.rs"), "b/src/lib.rs");
        assert_eq!(find("a/../LICENSE"), "LICENSE");
        assert_eq!(find("out/passwd"), "Astray(\"out/passwd\")");
        assert_eq!(find("root/passwd"), "Astray(\"root\")");
        assert!(find("x").starts_with("Astray"));
        assert_eq!(find("vendor/c/c.c"), "Submodule(\"vendor/c\")");
        assert_eq!(find("nowhere"), "Absent");
        assert_eq!(find("LICENSE/a"), "Absent");
        assert!(tree.has_folder("b/src") && !tree.has_folder("b/sr") && tree.has_folder(""));
    }

    #[test]
    fn a_package_is_paired_with_its_folder() {
        let tree =
            tree(&["README.md", "Cargo.toml", "docs/N.md", "c/Cargo.toml", "c/src/lib.rs", "c/tests/t.rs"]);
        let file = |path: &str, text: &str| File { path: path.into(), bytes: text.into() };
        let origin = Origin::of(&Package::of([
            file(VCS_INFO, &info(HASH, ",\"path_in_vcs\":\"c\"")),
            file(
                "Cargo.toml",
                "[package]\nname = \"c\"\nversion = \"1.0.0\"\nrepository = \"https://r.example/c\"\n",
            ),
            file(
                MANIFEST_AS_WRITTEN,
                "[package]\nreadme.workspace = true\nlicense-file = \"../docs/N.md\"\n",
            ),
            file("Cargo.lock", ""),
            file("README.md", ""),
            file("N.md", ""),
            file("src/lib.rs", ""),
            file("src/new.rs", ""),
        ]));
        assert_eq!((origin.name.as_str(), origin.repository.as_str()), ("c", "https://r.example/c"));
        let plan = tree.plan(&origin, "c");
        assert_eq!(tree.folder_like(&origin), "c");
        let told: Vec<_> = plan.iter().map(|(path, found)| format!("{path}: {}", shown(found))).collect();
        assert_eq!(
            told,
            [
                "Cargo.toml.orig: c/Cargo.toml",
                "N.md: docs/N.md",
                "README.md: README.md",
                "src/lib.rs: c/src/lib.rs",
                "src/new.rs: Absent",
            ]
        );
        assert_eq!(tree.left_out(&plan, "c"), 1);
        assert_eq!(tree.manifests_above("c").iter().map(shown).collect::<Vec<_>>(), ["Cargo.toml"]);
    }

    #[test]
    fn what_is_no_listing_is_none() {
        assert_eq!(Tree::parse(b"100644 blob x 3\ta\0", 9), Err(ListingError::Unreadable(1)));
        assert_eq!(Tree::parse(b"nothing\0", 9), Err(ListingError::Unreadable(1)));
        let many = format!("100644 blob {HASH} 3\ta\0").repeat(10);
        assert_eq!(Tree::parse(many.as_bytes(), 9), Err(ListingError::TooMany(9)));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_a_stranger_writes_ends_it(bytes: Vec<u8>, path: String, target: String) {
            Stated::parse(&bytes);
            let mut tree = Tree::parse(&bytes, 9).unwrap_or_default();
            tree.entries.insert(
                "a".to_owned(),
                Entry { kind: EntryKind::Link, object: HASH.to_owned(), size: 1 },
            );
            tree.lead("a".to_owned(), target.as_bytes());
            tree.find(&path);
            tree.find("a/b");
        }
    }

    /// Links are chosen by strangers: one that is long, or long to walk, is not followed to its end.
    #[test]
    fn links_without_end_lead_astray() {
        let object = "a".repeat(40);
        let listing = format!("120000 blob {object} 9\tl\0100644 blob {object} 9\tf\0");
        let led = |target: &str| {
            let mut tree = Tree::parse(listing.as_bytes(), 10).unwrap();
            tree.lead("l".to_owned(), target.as_bytes());
            tree.find("l")
        };
        assert!(matches!(led("./f"), Counterpart::File { .. }));
        assert!(matches!(led(&("./".repeat(1_500) + "f")), Counterpart::File { .. }));
        assert!(matches!(led(&("./".repeat(2_010) + "f")), Counterpart::Astray(_)), "too many parts");
        assert!(matches!(led(&("./".repeat(3_000) + "f")), Counterpart::Astray(_)), "too long");
        assert!(matches!(led("l"), Counterpart::Astray(_)));
    }
}
