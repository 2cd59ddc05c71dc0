//! Placeholder of the lead for the interface that judge.rs uses; its author replaces the whole file.
#![allow(missing_docs)]
use crate::time::Time;
#[derive(Debug, Default)]
pub struct KnownNames;
pub struct BetterKnown<'n> {
    pub name: &'n str,
    pub likeness: Likeness,
}
#[derive(Debug, Clone, Copy)]
pub struct Likeness;
impl Likeness {
    pub const fn as_str(self) -> &'static str {
        ""
    }
}
impl KnownNames { pub fn parse(_list: &str) -> Result<Self, String> { Ok(Self) }
    pub fn better_known(&self, _name: &str, _born: Option<Time>) -> Option<BetterKnown<'_>> {
        None
    }
}
