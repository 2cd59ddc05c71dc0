//! What came of comparing a release with its source, kept for whoever asks about that release later.
//!
//! A record is named by the digest of the package's bytes, so it is never about another package. It is what one repository
//! said on one day: commits do not change, tags and branches do, so it says that day.

use fence_model::{Digest, Time};
use fence_scan::against::DifferenceKind;
use fence_scan::origin::Stated;
use serde::{Deserialize, Serialize};

use super::{Author, Fact, Source};
use crate::cache::{Cache, Place};

/// Raised when a record changes its shape: those of another are made again.
const FORMAT: &str = "1";

/// A comparison, and when it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    pub at: Time,
    /// The repository that was asked, as people call it.
    pub repository: String,
    /// What came of it.
    pub source: Source,
}

/// How much a sentence of a record asks for a reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// As it should be, or common.
    Plain,
    /// Somebody should know.
    Notable,
    /// The package has something that its repository has not.
    Grave,
}

/// A sentence of a record. Names, tags and paths in it are strangers' words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it says.
    pub words: String,
    /// How much that is.
    pub weight: Weight,
}

impl Record {
    /// What it says in sentences, first whether the package is its repository's.
    pub fn told(&self) -> Vec<Told> {
        let mut told = vec![self.outcome()];
        told.extend(self.source.facts.iter().filter_map(told_of));
        if let Some(authors) = self.source.authors.as_ref().filter(|authors| !authors.new.is_empty()) {
            const SHOWN: usize = 3;
            let one = |author: &Author| format!("{} <{}>", author.name, author.email);
            let mut names: Vec<String> = authors.new.iter().take(SHOWN).map(one).collect();
            if authors.new.len() > SHOWN {
                names.push(format!("{} more", authors.new.len() - SHOWN));
            }
            let words = format!(
                "new-contributor: commits since {}, and none before, by {}",
                authors.since,
                names.join(", ")
            );
            told.push(Told { words, weight: Weight::Notable });
        }
        told
    }

    /// Whether the package is its repository's, on which day, by which repository.
    fn outcome(&self) -> Told {
        let (day, repository) = (self.at.date(), &self.repository);
        let Some(against) = &self.source.against else {
            let words = format!("nothing could be compared, on {day}, with {repository}");
            return Told { words, weight: Weight::Notable };
        };
        let of_kinds = against.differences.chunk_by(|a, b| a.kind == b.kind);
        let differ: Vec<String> =
            of_kinds.filter_map(|of_kind| differing(of_kind[0].kind, of_kind.len())).collect();
        let is_grave = against.differences.iter().any(|one| one.kind.is_grave());
        let commit = match &self.source.origin.commit {
            Stated::Commit { hash, .. } if !self.source.facts.contains(&Fact::NoSuchCommit) => {
                format!(" at {}", hash.chars().take(12).collect::<String>())
            }
            _ => String::new(),
        };
        let files = match differ.is_empty() {
            true => "all files are the repository's".to_owned(),
            false => differ.join(", "),
        };
        let words = format!("{files}; compared on {day} with {repository}{commit}");
        let weight = match (is_grave, self.source.matches()) {
            (true, _) => Weight::Grave,
            (false, false) => Weight::Notable,
            (false, true) => Weight::Plain,
        };
        Told { words, weight }
    }
}

/// How much differs in one way; nothing where only the ends of lines do.
fn differing(kind: DifferenceKind, count: usize) -> Option<String> {
    let where_to = match kind {
        DifferenceKind::OnlyInPackage => "in the package alone",
        DifferenceKind::Differs => "otherwise in the repository",
        DifferenceKind::Astray => "behind a link astray in the repository",
        DifferenceKind::NotCompared => "not compared",
        DifferenceKind::Manifest if count == 1 => {
            return Some("Cargo.toml has something that its author did not write".to_owned());
        }
        DifferenceKind::Manifest => {
            return Some(format!("Cargo.toml has {count} things that its author did not write"));
        }
        DifferenceKind::LineEnds => return None,
    };
    Some(if count == 1 { format!("1 file {where_to}") } else { format!("{count} files {where_to}") })
}

/// A fact, where it is one to tell beside the outcome.
fn told_of(fact: &Fact) -> Option<Told> {
    let words = match fact {
        Fact::NoCommitStated => "it does not say which commit it was made from".to_owned(),
        Fact::Unreadable { why } => format!("what it says of its commit cannot be read: {why}"),
        Fact::Dirty => "files were changed and not committed when it was made".to_owned(),
        Fact::NoSuchCommit => {
            "the repository does not have the commit that it says it was made from".to_owned()
        }
        Fact::OnNoBranch => "no branch and no tag leads to its commit".to_owned(),
        Fact::NoSuchFolder { folder } => format!("its commit has no folder {folder}"),
        Fact::ComparedWithTag { tag } => format!("it was compared with the tag {tag} instead"),
        Fact::TagElsewhere { tag, same_files: Some(true), .. } => {
            format!("the tag {tag} is on another commit with the same files")
        }
        Fact::TagElsewhere { tag, .. } => format!("the tag {tag} is on another commit"),
        // That a tag is where it should be, or that there is none, asks for nobody.
        Fact::Tagged { .. } | Fact::NoTag | Fact::FolderGuessed { .. } => return None,
        Fact::NoHistory { why } => format!("whether a branch leads to its commit is not known: {why}"),
        Fact::NoBase { .. } => return None,
    };
    Some(Told { words, weight: Weight::Notable })
}

/// Records on disk.
#[derive(Debug, Clone)]
pub struct Records(Cache);

impl Records {
    /// Those in this cache.
    pub fn of(cache: &Cache) -> Self {
        Self(cache.clone())
    }

    /// The record about a package, if one is there and whole.
    pub fn get(&self, package: Digest) -> Option<Record> {
        self.0.read_value(&place(package))
    }

    /// Keeps a record, in place of an older one about the same package.
    ///
    /// # Errors
    /// What the disk says, in words.
    pub fn put(&self, package: Digest, record: &Record) -> Result<(), String> {
        self.0.write_value(&place(package), record)
    }
}

fn place(package: Digest) -> Place {
    Place::of(&["sources", FORMAT, &package.to_string()])
}

#[cfg(test)]
mod tests {
    use fence_scan::against::{Against, Difference, FileKind};
    use fence_scan::origin::Origin;

    use super::super::Authors;
    use super::*;
    use crate::cache::Keep;

    const PACKAGE: Digest = Digest([7; 32]);

    fn record(facts: Vec<Fact>, differences: &[DifferenceKind]) -> Record {
        let differences = differences.iter().map(|kind| Difference {
            kind: *kind,
            file: FileKind::Code,
            path: "src/lib.rs".to_owned(),
            in_repository: String::new(),
            bytes: 1,
            lines: 1,
            line: 1,
            what: String::new(),
        });
        let commit = Stated::Commit { hash: "a".repeat(40), folder: Some(String::new()), dirty: false };
        let source = Source {
            origin: Origin { commit, ..Origin::default() },
            facts,
            against: Some(Against { differences: differences.collect(), same: 3, made_by_cargo: Vec::new() }),
            left_out: 0,
            authors: None,
            open: Vec::new(),
        };
        Record {
            at: "2026-08-22T12:00:00Z".parse().unwrap(),
            repository: "https://forge.example/pad/words".to_owned(),
            source,
        }
    }

    fn say(record: &Record) -> String {
        let line = |told: Told| format!("{:?}: {}", told.weight, told.words);
        record.told().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_record_says_the_outcome_first() {
        let same = record(vec![Fact::Tagged { tag: "v1.0.1".into() }], &[]);
        let mut moved = record(
            vec![Fact::Dirty, Fact::TagElsewhere { tag: "v1".into(), commit: "b".into(), same_files: None }],
            &[DifferenceKind::OnlyInPackage, DifferenceKind::OnlyInPackage, DifferenceKind::LineEnds],
        );
        let author = |name: &str| Author {
            name: name.into(),
            email: format!("{name}@forge.example"),
            commits: 1,
            is_known_name: false,
        };
        moved.source.authors = Some(Authors {
            since: "1.0.0".into(),
            commits: 5,
            authors: 5,
            new: ["ann", "bob", "cy", "di", "ed"].map(author).into(),
        });
        let gone = record(vec![Fact::NoSuchCommit, Fact::ComparedWithTag { tag: "v1.0.1".into() }], &[]);
        let mut nothing = record(vec![Fact::NoCommitStated], &[]);
        nothing.source.against = None;
        insta::assert_snapshot!([same, moved, gone, nothing].map(|record| say(&record)).join("\n\n"), @"
        Plain: all files are the repository's; compared on 2026-08-22 with https://forge.example/pad/words at aaaaaaaaaaaa

        Grave: 2 files in the package alone; compared on 2026-08-22 with https://forge.example/pad/words at aaaaaaaaaaaa
        Notable: files were changed and not committed when it was made
        Notable: the tag v1 is on another commit
        Notable: new-contributor: commits since 1.0.0, and none before, by ann <ann@forge.example>, bob <bob@forge.example>, cy <cy@forge.example>, 2 more

        Notable: all files are the repository's; compared on 2026-08-22 with https://forge.example/pad/words
        Notable: the repository does not have the commit that it says it was made from
        Notable: it was compared with the tag v1.0.1 instead

        Notable: nothing could be compared, on 2026-08-22, with https://forge.example/pad/words
        Notable: it does not say which commit it was made from
        ");
    }

    #[test]
    fn a_record_is_kept_until_a_newer_one_comes() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::of(&Cache::at(folder.path()));
        assert_eq!(records.get(PACKAGE), None);
        let (first, second) = (record(vec![Fact::Dirty], &[]), record(vec![Fact::NoTag], &[]));
        records.put(PACKAGE, &first).unwrap();
        assert_eq!(records.get(PACKAGE), Some(first));
        records.put(PACKAGE, &second).unwrap();
        assert_eq!(records.get(PACKAGE), Some(second));
        assert_eq!(records.get(Digest([8; 32])), None);
    }

    #[test]
    fn a_damaged_record_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let records = Records::of(&cache);
        records.put(PACKAGE, &record(Vec::new(), &[])).unwrap();
        let mut bytes = cache.read(&place(PACKAGE)).unwrap().unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        cache.write(&place(PACKAGE), &bytes, Keep::ForNow).unwrap();
        assert_eq!(records.get(PACKAGE), None);
    }
}
