//! The fingerprints of known packages, and the file in which they are shipped.
//!
//! The file: the eight bytes `fence-fp`, then numbers as LEB128 of the fewest bytes. First [`FORMAT`], the length of the
//! list of common code, and that list; then the number of packages and of each, by name and version: the lengths and bytes
//! of both, how many numbers the package has in all, how many of them are kept, and these. A list is sorted; each
//! number is told as the distance to the one before. Nothing follows. One set has one form, so that what is made again
//! is the same, byte for byte.

use std::fmt;
use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FEWEST, Fingerprint, SKETCH, Shares, common};

const MAGIC: &[u8; 8] = b"fence-fp";
/// The version of the file and of how code becomes numbers: those of another are made again.
const FORMAT: u32 = 1;
/// Packages, common numbers, and bytes of a name or version that a file may have; the index has 200,000 crates.
const MOST_PACKAGES: u32 = 1 << 20;
const MOST_COMMON: u32 = 1 << 24;
const MOST_BYTES: u32 = 64;

/// A package of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The crate.
    pub name: String,
    /// The release.
    pub version: String,
    /// How many numbers its code has that are not common.
    pub size: u32,
    /// The smallest of them, sorted.
    sketch: Vec<u32>,
}

impl Known {
    /// Up to which number all of its numbers are kept.
    fn end(&self) -> u32 {
        match self.sketch.last() {
            Some(last) if (self.size as usize) > self.sketch.len() => *last,
            _ => u32::MAX,
        }
    }
}

/// Known packages, and what can be asked of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FingerprintSet {
    common: Vec<u32>,
    known: Vec<Known>,
}

/// Why bytes are no set of fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetProblem {
    /// They do not begin like one.
    NoSet,
    /// They are of another version of the format.
    Version(u32),
    /// They end too early, go on too long, or are not in the one form that a set has; at that byte.
    Damaged(usize),
}

impl fmt::Display for SetProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSet => formatter.write_str("no set of fingerprints"),
            Self::Version(version) => {
                write!(
                    formatter,
                    "a set of fingerprints of format {version}, where {FORMAT} is read: make it again"
                )
            }
            Self::Damaged(at) => {
                write!(formatter, "a damaged set of fingerprints, at byte {at}: make it again")
            }
        }
    }
}

impl std::error::Error for SetProblem {}

impl FingerprintSet {
    /// The set that is shipped: made by `cargo xtask fingerprints`, of what docs/scanner.md names.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<FingerprintSet> = LazyLock::new(|| {
            // A test reads it, so a damaged one is never shipped.
            FingerprintSet::parse(include_bytes!("../../data/fingerprints.bin")).unwrap_or_default()
        });
        &SHIPPED
    }

    /// A set of these packages, by name, version and fingerprint; what many of them have is common. Of one release told
    /// twice the first counts, and packages with too little code are left out.
    pub fn of(mut packages: Vec<(String, String, Fingerprint)>) -> Self {
        packages.sort_by(|left, right| (&left.0, &left.1).cmp(&(&right.0, &right.1)));
        packages.dedup_by(|next, last| next.0 == last.0 && next.1 == last.1);
        let common = common(&packages);
        let known: Vec<Known> = packages
            .into_iter()
            .filter_map(|(name, version, fingerprint)| {
                let mut sketch = without(&fingerprint.grams, &common);
                let size = sketch.len() as u32;
                sketch.truncate(SKETCH);
                (sketch.len() >= FEWEST).then_some(Known { name, version, size, sketch })
            })
            .collect();
        Self { common, known }
    }

    /// The packages, by name and version.
    pub fn packages(&self) -> &[Known] {
        &self.known
    }

    /// Whether any release of a crate is in the set.
    pub fn has(&self, name: &str) -> bool {
        self.known.binary_search_by(|known| known.name.as_str().cmp(name)).is_ok()
    }

    /// How many numbers are common to many families.
    pub fn common(&self) -> usize {
        self.common.len()
    }

    /// How many numbers of a package are its own; fewer than [`FEWEST`] tell nothing.
    pub fn own(&self, fingerprint: &Fingerprint) -> usize {
        without(&fingerprint.grams, &self.common).len()
    }

    /// The known packages that have code of this one, the most alike first.
    pub fn alike(&self, fingerprint: &Fingerprint) -> Vec<(&Known, Shares)> {
        let new = without(&fingerprint.grams, &self.common);
        if new.len() < FEWEST {
            return Vec::new();
        }
        // No index of the set: one would take longer to make than most programs ask of it.
        let numbers: FxHashSet<u32> = new.iter().copied().collect();
        let shares = |known| {
            let Known { sketch, .. }: &Known = known;
            let both = sketch.iter().filter(|gram| numbers.contains(gram)).count();
            let comparable = new.partition_point(|gram| *gram <= known.end());
            (both > 0).then(|| (known, Shares::of(both, sketch.len(), comparable)))
        };
        let mut alike: Vec<_> = self.known.iter().filter_map(shares).collect();
        alike.sort_by(|(known, shares), (other, others)| {
            others
                .both
                .total_cmp(&shares.both)
                .then_with(|| (&known.name, &known.version).cmp(&(&other.name, &other.version)))
        });
        alike
    }

    /// How alike two packages are, the first being known by its sketch alone; nothing where one has too little code.
    pub fn shares(&self, known: &Fingerprint, new: &Fingerprint) -> Option<Shares> {
        let [mut sketch, new] = [known, new].map(|of| without(&of.grams, &self.common));
        if sketch.len() < FEWEST || new.len() < FEWEST {
            return None;
        }
        let size = sketch.len() as u32;
        sketch.truncate(SKETCH);
        let known = Known { name: String::new(), version: String::new(), size, sketch };
        let new = &new[..new.partition_point(|gram| *gram <= known.end())];
        let both = new.iter().filter(|gram| known.sketch.binary_search(gram).is_ok()).count();
        Some(Shares::of(both, known.sketch.len(), new.len()))
    }

    /// All pairs of packages of this set that have anything in common: the earlier one by name counts as known.
    pub fn pairs(&self) -> Vec<(&Known, &Known, Shares)> {
        // Which package has which number, by number.
        let of = |(number, known): (usize, &Known)| {
            known.sketch.iter().map(move |gram| (*gram, number as u32)).collect::<Vec<_>>()
        };
        let mut owners: Vec<(u32, u32)> = self.known.iter().enumerate().flat_map(of).collect();
        owners.sort_unstable();
        let mut both: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        for owners in owners.chunk_by(|left, right| left.0 == right.0) {
            for (at, (_, one)) in owners.iter().enumerate() {
                for (_, other) in &owners[at + 1..] {
                    *both.entry((*one, *other)).or_default() += 1;
                }
            }
        }
        let mut pairs: Vec<_> = both.into_iter().collect();
        pairs.sort_unstable();
        let pairs = pairs.into_iter().map(|((one, other), both)| {
            let (one, other) = (&self.known[one as usize], &self.known[other as usize]);
            let end = one.end().min(other.end());
            let count = |known: &Known| known.sketch.partition_point(|gram| *gram <= end);
            (one, other, Shares::of(both, count(one), count(other)))
        });
        pairs.collect()
    }

    /// The set as a file.
    pub fn format(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        write_number(&mut file, FORMAT);
        write_list(&mut file, &self.common, self.common.len() as u32);
        write_number(&mut file, self.known.len() as u32);
        for known in &self.known {
            for text in [&known.name, &known.version] {
                write_number(&mut file, text.len() as u32);
                file.extend_from_slice(text.as_bytes());
            }
            write_number(&mut file, known.size);
            write_list(&mut file, &known.sketch, known.sketch.len() as u32);
        }
        file
    }

    /// Reads a file that [`Self::format`] wrote. Whatever it accepts, it writes again as it was.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(file: &[u8]) -> Result<Self, SetProblem> {
        let mut reader = Reader { file, at: MAGIC.len() };
        if !file.starts_with(MAGIC) {
            return Err(SetProblem::NoSet);
        }
        let format = reader.number(u32::MAX)?;
        if format != FORMAT {
            return Err(SetProblem::Version(format));
        }
        let common = reader.list(MOST_COMMON)?;
        let count = reader.number(MOST_PACKAGES)?;
        let mut known: Vec<Known> = Vec::new();
        for _ in 0..count {
            let begin = reader.at;
            let (name, version) = (reader.text()?, reader.text()?);
            let size = reader.number(u32::MAX)?;
            let sketch = reader.list(SKETCH as u32)?;
            // What is kept is all, or as much as is ever kept.
            let is_whole = sketch.len() == (size as usize).min(SKETCH) && sketch.len() >= FEWEST;
            let follows = known.last().is_none_or(|last| (&last.name, &last.version) < (&name, &version));
            if !is_whole || !follows {
                return Err(SetProblem::Damaged(begin));
            }
            known.push(Known { name, version, size, sketch });
        }
        if reader.at != file.len() {
            return Err(SetProblem::Damaged(reader.at));
        }
        Ok(Self { common, known })
    }
}

/// Those of a sorted list that are not in another.
fn without(grams: &[u32], common: &[u32]) -> Vec<u32> {
    let mut common = common.iter().copied().peekable();
    let is_own = |gram: &&u32| {
        while common.next_if(|other| other < *gram).is_some() {}
        common.peek() != Some(*gram)
    };
    grams.iter().filter(is_own).copied().collect()
}

fn write_number(file: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        file.push(number as u8 | 0x80);
        number >>= 7;
    }
    file.push(number as u8);
}

fn write_list(file: &mut Vec<u8>, list: &[u32], length: u32) {
    write_number(file, length);
    let mut last = 0;
    for number in list {
        write_number(file, number - last);
        last = *number;
    }
}

struct Reader<'a> {
    file: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn number(&mut self, most: u32) -> Result<u32, SetProblem> {
        let begin = self.at;
        let mut number = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = *self.file.get(self.at).ok_or(SetProblem::Damaged(self.at))?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // A last byte of nothing would be another form of the same number.
                let is_shortest = byte != 0 || shift == 0;
                let number = u32::try_from(number).ok().filter(|number| is_shortest && *number <= most);
                return number.ok_or(SetProblem::Damaged(begin));
            }
        }
        Err(SetProblem::Damaged(begin))
    }

    fn list(&mut self, most: u32) -> Result<Vec<u32>, SetProblem> {
        let length = self.number(most)? as usize;
        // A number takes a byte at least, so nobody makes this ask for more memory than four times the file.
        if length > self.file.len() - self.at {
            return Err(SetProblem::Damaged(self.at));
        }
        let mut list = Vec::with_capacity(length);
        let mut last = 0_u32;
        for place in 0..length {
            let begin = self.at;
            let distance = self.number(u32::MAX)?;
            let next = last.checked_add(distance).filter(|_| distance > 0 || place == 0);
            last = next.ok_or(SetProblem::Damaged(begin))?;
            list.push(last);
        }
        Ok(list)
    }

    /// A name or version: printable ASCII without blanks, so that it can be shown.
    fn text(&mut self) -> Result<String, SetProblem> {
        let length = self.number(MOST_BYTES)? as usize;
        let bytes = self.file.get(self.at..self.at + length).ok_or(SetProblem::Damaged(self.at))?;
        if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(SetProblem::Damaged(self.at));
        }
        self.at += length;
        Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> FingerprintSet {
        let package = |name: &str, from: u32| {
            let grams = (0..400).map(|number| from + number * 9_000_000).collect();
            (name.to_owned(), "1.0.0".to_owned(), Fingerprint { grams })
        };
        FingerprintSet::of(
            ["a", "b", "c", "d", "e", "f"].map(|name| package(name, u32::from(name == "f"))).into(),
        )
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let set = set();
        assert_eq!((set.common(), set.packages().len()), (400, 1));
        let file = set.format();
        assert_eq!(FingerprintSet::parse(&file), Ok(set));
        for end in 0..file.len() {
            assert!(FingerprintSet::parse(&file[..end]).is_err(), "{end}");
        }
        assert_eq!(FingerprintSet::parse(&[&file[..], b"x"].concat()), Err(SetProblem::Damaged(file.len())));
    }

    #[test]
    fn what_is_shipped_is_whole() {
        assert!(FingerprintSet::parse(include_bytes!("../../data/fingerprints.bin")).is_ok());
        assert!(FingerprintSet::shipped().packages().len() > 500);
    }

    #[test]
    fn a_changed_bit_is_refused_or_another_set() {
        let file = set().format();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1 << (at % 8);
            if let Ok(set) = FingerprintSet::parse(&changed) {
                assert_eq!(set.format(), changed);
            }
        }
        let mut other = file;
        other[8] = 9;
        assert_eq!(FingerprintSet::parse(&other), Err(SetProblem::Version(9)));
        assert_eq!(FingerprintSet::parse(b"fence"), Err(SetProblem::NoSet));
    }
}
