//! Numbers for names and requirements.

use std::hash::{BuildHasher as _, RandomState};

use semver::{Version, VersionReq};

use crate::reach;

/// A crate, by the number under which a [`Vocabulary`] has its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrateId(pub u32);

/// A requirement as written, by the number under which a [`Vocabulary`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequirementId(pub u32);

impl CrateId {
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

/// The names, requirements and platforms that a graph has met, each with a number that it keeps.
///
/// It only grows: 12 bytes and its letters for a name, and what a requirement takes once it is understood.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    names: Texts,
    requirements: Texts,
    understood: Vec<Option<VersionReq>>,
    platforms: Texts,
    /// For each platform whether there is one that it may mean.
    may_be: Vec<bool>,
}

impl Vocabulary {
    /// The number of a crate that was met.
    pub fn id(&self, name: &str) -> Option<CrateId> {
        self.names.find(name).map(CrateId)
    }

    /// The name of a crate.
    pub fn name(&self, id: CrateId) -> &str {
        self.names.text(id.0)
    }

    /// How many crates were met: as dependents, or as what they depend on.
    pub fn crates(&self) -> usize {
        self.names.len()
    }

    /// How many requirements were met.
    pub fn requirements(&self) -> usize {
        self.requirements.len()
    }

    /// A requirement as it is written.
    pub fn requirement(&self, id: RequirementId) -> &str {
        self.requirements.text(id.0)
    }

    /// Whether a requirement takes that version. One that nobody understands takes none.
    pub fn takes(&self, id: RequirementId, version: &Version) -> bool {
        self.understood[id.0 as usize].as_ref().is_some_and(|requirement| requirement.matches(version))
    }

    /// The number of a crate, a new one if it was not met.
    pub fn crate_named(&mut self, name: &str) -> CrateId {
        CrateId(self.names.number(name))
    }

    /// The number of a requirement, a new one if it was not met.
    pub fn requirement_written(&mut self, text: &str) -> RequirementId {
        let number = self.requirements.number(text);
        if number as usize == self.understood.len() {
            self.understood.push(VersionReq::parse(text).ok());
        }
        RequirementId(number)
    }

    /// Whether there is a platform that `target` may mean. `cfg(any())` means none, nor does `cfg(all(unix, windows))`.
    pub(super) fn may_be(&mut self, target: &str) -> bool {
        let number = self.platforms.number(target);
        if number as usize == self.may_be.len() {
            self.may_be.push(reach::is_for_some_platform(target));
        }
        self.may_be[number as usize]
    }
}

/// Texts one behind the other, found again by a table of open addresses.
///
/// Names are chosen by strangers, so the hash is the keyed one of the standard library. Its keys never show: numbers go
/// by who came first.
#[derive(Debug, Clone, Default)]
struct Texts {
    letters: String,
    ends: Vec<u32>,
    /// Numbers plus one; 0 is free. At most two thirds are taken.
    table: Vec<u32>,
    hash: RandomState,
}

impl Texts {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.letters[start..self.ends[number] as usize]
    }

    fn find(&self, text: &str) -> Option<u32> {
        if self.table.is_empty() { None } else { self.table[self.place(text)].checked_sub(1) }
    }

    /// Where a text stands in the table, or where it would.
    fn place(&self, text: &str) -> usize {
        let mask = self.table.len() - 1;
        let mut place = self.hash.hash_one(text) as usize & mask;
        while self.table[place].checked_sub(1).is_some_and(|number| self.text(number) != text) {
            place = (place + 1) & mask;
        }
        place
    }

    fn number(&mut self, text: &str) -> u32 {
        if (self.len() + 1) * 3 > self.table.len() * 2 {
            self.table = vec![0; (self.table.len() * 2).max(16)];
            for number in 0..self.len() as u32 {
                let place = self.place(self.text(number));
                self.table[place] = number + 1;
            }
        }
        let place = self.place(text);
        if let Some(number) = self.table[place].checked_sub(1) {
            return number;
        }
        self.letters.push_str(text);
        self.ends.push(u32::try_from(self.letters.len()).expect("names of a registry have fewer than 4 GB"));
        self.table[place] = self.len() as u32;
        self.len() as u32 - 1
    }
}
