//! Kinds of use: for what a project needs a package.
//!
//! A package may be needed in several ways at once; [`Kinds`] is a set of them. An empty set is a package that
//! nothing needs, as far as was asked: it is not judged.

use std::fmt;

/// For what a package is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// By the project's own programs.
    Normal,
    /// While it is built: by build scripts and proc macros.
    Build,
    /// By its tests, examples and benchmarks alone.
    Dev,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Normal, Self::Build, Self::Dev];

    /// The word that policies and outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Build => "build",
            Self::Dev => "dev",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Normal => 1,
            Self::Build => 2,
            Self::Dev => 4,
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// Not needed.
    pub const NONE: Self = Self(0);
    /// Needed in any way, for all that is known.
    pub const ALL: Self = Self(7);

    /// Whether it has no kind.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has `kind`.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// This and `kind`.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | kind.bit())
    }

    /// This and `others`.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Its kinds, in their order.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        Self::NONE.with(kind)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
