//! crev's recursive digest: what a review calls the content of a package.
//!
//! It is BLAKE2b with 32 bytes of output, over a tree. The digest of a file is that of `F` and its bytes, of a link
//! that of `L` and what it names, of a folder that of `D` and then, for each entry in the order of names, the digest
//! of the name followed by the digest of the entry. The package's own folder is such a folder without a name, and its
//! marker `.cargo-ok`, which cargo writes when it unpacks, is left out. Empty folders count, but a `.crate` has none.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest as _};

/// A digest of a package's unpacked content, as crev writes it: 43 characters of URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecursiveDigest(pub [u8; 32]);

impl fmt::Display for RecursiveDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for RecursiveDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What lies at a path of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A file, with its bytes.
    File(&'a [u8]),
    /// A symbolic link, with what it names.
    Link(&'a str),
}

/// The digest of a package with these entries, by their paths inside the package with `/` between the parts. Of two
/// entries of one path the later counts, as it does for whoever unpacks them.
///
/// ```
/// use fence_evidence::crev::{Entry, recursive_digest};
///
/// let package = [("src/lib.rs", Entry::File(b"")), ("Cargo.toml", Entry::File(b"[package]\n"))];
/// assert_eq!(recursive_digest(package).to_string(), "kp460RqA88UBTNhbFdVaMOFg8sqb71vc3JJmv5iwvSQ");
/// ```
pub fn recursive_digest<'a>(entries: impl IntoIterator<Item = (&'a str, Entry<'a>)>) -> RecursiveDigest {
    let mut root = Folder::default();
    for (path, entry) in entries {
        if path != ".cargo-ok" {
            root.put(path, entry);
        }
    }
    RecursiveDigest(root.digest())
}

/// A folder: by name, in the order of bytes.
#[derive(Default)]
struct Folder<'a>(BTreeMap<&'a str, Node<'a>>);

enum Node<'a> {
    Leaf(Entry<'a>),
    Folder(Folder<'a>),
}

impl<'a> Folder<'a> {
    fn put(&mut self, path: &'a str, entry: Entry<'a>) {
        match path.split_once('/') {
            None => drop(self.0.insert(path, Node::Leaf(entry))),
            Some((folder, rest)) => {
                let inner = self.0.entry(folder).or_insert_with(|| Node::Folder(Self::default()));
                if let Node::Leaf(_) = inner {
                    *inner = Node::Folder(Self::default());
                }
                if let Node::Folder(inner) = inner {
                    inner.put(rest, entry);
                }
            }
        }
    }

    fn digest(&self) -> [u8; 32] {
        let mut hasher = Blake2b::<U32>::new();
        hasher.update(b"D");
        for (name, node) in &self.0 {
            hasher.update(Blake2b::<U32>::digest(name.as_bytes()));
            hasher.update(match node {
                Node::Leaf(Entry::File(bytes)) => of_leaf(b"F", bytes),
                Node::Leaf(Entry::Link(target)) => of_leaf(b"L", target.as_bytes()),
                Node::Folder(folder) => folder.digest(),
            });
        }
        hasher.finalize().into()
    }
}

fn of_leaf(kind: &[u8], content: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::new().chain_update(kind).chain_update(content).finalize().into()
}
