//! A package: its files, and what each of them is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path from the package's root, with `/`; lossily where it is no UTF-8.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The files of a package by their paths, and what was wrong with how they came.
///
/// All texts lie in one piece of memory, as the archive has them: the largest packages unpack to some 160 MB, which
/// nobody should hold twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    texts: Vec<u8>,
    /// Where each file lies in `texts`.
    files: BTreeMap<String, Range<usize>>,
    /// What no package that cargo makes has, or what lies beyond a limit.
    pub problems: Vec<Problem>,
}

/// What is wrong with a package as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Which entry or file.
    pub path: String,
    /// The values that show it, in one sentence.
    pub what: String,
}

/// The ways in which a package can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Not what cargo makes, and made to deceive whoever unpacks it.
    Tampering,
    /// Cut short or not a package at all.
    Damage,
    /// More than the limits allow: what lies beyond was not read.
    Limit,
}

impl Package {
    /// A package of these files. Of two with one path the first stays, and the second is a problem.
    pub fn of(files: impl IntoIterator<Item = File>) -> Self {
        let mut package = Self::default();
        for File { path, bytes } in files {
            let begin = package.texts.len();
            package.texts.extend_from_slice(&bytes);
            package.add(path, begin..begin + bytes.len());
        }
        package
    }

    /// A package of nothing yet, whose files will be parts of these bytes.
    pub(crate) fn within(texts: Vec<u8>) -> Self {
        Self { texts, ..Self::default() }
    }

    /// What its files are parts of.
    pub(crate) fn texts(&self) -> &[u8] {
        &self.texts
    }

    pub(crate) fn add(&mut self, path: String, lies: Range<usize>) {
        match self.files.entry(path) {
            Entry::Vacant(free) => {
                free.insert(lies);
            }
            Entry::Occupied(taken) => {
                let path = taken.key().clone();
                let what = format!(
                    "the package has two files called {path}: which one counts depends on who unpacks it"
                );
                self.problems.push(Problem { kind: ProblemKind::Tampering, path, what });
            }
        }
    }

    /// All files with what is in them, sorted by path.
    pub fn files(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, lies)| (path.as_str(), &self.texts[lies.clone()]))
    }

    /// What is in a file; nothing where the package has none of that path.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.entry(path).map(|(_, bytes)| bytes)
    }

    /// A file with the path that the package itself has for it.
    pub(crate) fn entry(&self, path: &str) -> Option<(&str, &[u8])> {
        let (path, lies) = self.files.get_key_value(path)?;
        Some((path, &self.texts[lies.clone()]))
    }
}

/// What a file is, by what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    Elf,
    Pe,
    MachO,
    Wasm,
    /// A static library, or a package of objects.
    Archive,
    Class,
    Zip,
    Gzip,
    Xz,
    Zstd,
    Script,
    Image,
    Text,
    Data,
}

impl Magic {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::of_mark(bytes).unwrap_or_else(|| if is_text(bytes) { Self::Text } else { Self::Data })
    }

    /// What the first bytes alone tell.
    fn of_mark(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [0x7f, b'E', b'L', b'F', ..] => Self::Elf,
            [b'M', b'Z', ..] if is_pe(bytes) => Self::Pe,
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Self::MachO,
            // A fat Mach-O says how many it holds, a class file which Java made it.
            [0xca, 0xfe, 0xba, 0xbe, 0, 0, high, low, ..] => {
                if *high == 0 && *low < 40 {
                    Self::MachO
                } else {
                    Self::Class
                }
            }
            [0, b'a', b's', b'm', ..] => Self::Wasm,
            [b'!', b'<', b'a', b'r', b'c', b'h', b'>', ..] => Self::Archive,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'#', b'!', b'/', ..] => Self::Script,
            [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => {
                Self::Image
            }
            _ => return None,
        })
    }

    /// What kind of program it is: what a system runs or loads; nothing where it is none.
    pub(crate) fn of_program(bytes: &[u8]) -> Option<Self> {
        Self::of_mark(bytes).filter(|magic| matches!(magic, Self::Elf | Self::Pe | Self::MachO))
    }

    /// Whether it is a program or becomes part of one: libraries and modules of WebAssembly.
    pub(crate) fn is_linked_or_run(bytes: &[u8]) -> bool {
        let of_programs =
            |magic| matches!(magic, Self::Elf | Self::Pe | Self::MachO | Self::Wasm | Self::Archive);
        Self::of_mark(bytes).is_some_and(of_programs)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Elf => "an ELF program or library",
            Self::Pe => "a Windows program or library",
            Self::MachO => "a Mach-O program or library",
            Self::Wasm => "a WebAssembly module",
            Self::Archive => "a static library",
            Self::Class => "a Java class",
            Self::Zip => "a ZIP archive",
            Self::Gzip => "gzip data",
            Self::Xz => "xz data",
            Self::Zstd => "zstd data",
            Self::Script => "a script",
            Self::Image => "an image",
            Self::Text => "text",
            Self::Data => "data",
        }
    }
}

/// `MZ` begins many things; a program of Windows says at 0x3c where its header is.
fn is_pe(bytes: &[u8]) -> bool {
    let Some(at) = bytes.get(0x3c..0x40).and_then(|at| at.try_into().ok()).map(u32::from_le_bytes) else {
        return false;
    };
    // A program of DOS, or one cut short, still begins like one.
    at < 0x1000
        && bytes
            .get(at as usize..)
            .is_none_or(|header| header.starts_with(b"PE\0\0") || header.iter().all(|byte| *byte == 0))
}

/// No zero and hardly a control character in the first 4 KiB.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(*byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b);
    // Counted in bytes, many at once.
    let counts =
        head.chunks(128).map(|chunk| chunk.iter().map(|byte| u8::from(is_control(byte))).sum::<u8>());
    let control: usize = counts.map(usize::from).sum();
    control == 0 || (memchr::memchr(0, head).is_none() && control * 100 <= head.len())
}

/// What a path's ending promises.
pub(crate) fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(stem, extension)| if stem.is_empty() { "" } else { extension })
}

/// Whether it lies where tests, examples, benchmarks or documents of a package lie.
pub(crate) fn is_of_tests(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|folder| {
        matches!(
            folder,
            "tests"
                | "test"
                | "examples"
                | "benches"
                | "bench"
                | "testdata"
                | "test_data"
                | "test-data"
                | "fixtures"
                | "fuzz"
                | "corpus"
        )
    })
}
