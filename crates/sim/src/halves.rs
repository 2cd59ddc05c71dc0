//! Two halves: one to choose by, one to report on.
//!
//! A project or a campaign is in a half by the lowest bit of the FNV-1a hash of its name, so that nobody chose.

/// Which half is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Half {
    /// That by which a policy is chosen.
    Fit,
    /// That on which it is reported.
    Report,
    /// Both.
    #[default]
    All,
}

impl Half {
    /// Whether a name is in it.
    pub fn has(self, name: &str) -> bool {
        match self {
            Self::Fit => hash(0, name.as_bytes()) & 1 == 0,
            Self::Report => hash(0, name.as_bytes()) & 1 == 1,
            Self::All => true,
        }
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Report => "report",
            Self::All => "all",
        }
    }
}

/// The FNV-1a hash of some bytes, after a seed; its bits are mixed once more, since neighbours differ in few.
pub fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash =
        bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// A number from 0 to 1 that a seed and some bytes give.
pub fn lot(seed: u64, bytes: &[u8]) -> f64 {
    (hash(seed, bytes) >> 11) as f64 / (1_u64 << 53) as f64
}
