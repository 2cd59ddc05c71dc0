//! What a fence tells its operator: one event, one line.

use std::fmt;

use fence_model::Time;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Time,
    /// How much it matters.
    pub weight: Weight,
    /// What, as a word that stays the same: `mass-yank`, `upstream-down`, `request`.
    pub what: &'static str,
    /// The particulars, by name.
    pub fields: Vec<(&'static str, String)>,
    /// The same for people, in a sentence.
    pub words: String,
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// For who looks for something.
    Detail,
    /// The course of things.
    Note,
    /// Something does not work, and the fence does without.
    Warning,
    /// Somebody has to look.
    Alarm,
}

impl Weight {
    /// The word that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who hears of it. Called from anywhere; must not wait for long, and must not panic.
pub trait Log: Send + Sync + 'static {
    /// Whether it wants events of this weight. Who makes many of them asks before.
    fn hears(&self, weight: Weight) -> bool {
        let _ = weight;
        true
    }

    /// Takes an event.
    fn tell(&self, event: &Event);
}
