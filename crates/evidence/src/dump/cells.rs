//! What stands in a field: numbers, times, digests, by the rules of PostgreSQL.

use std::num::NonZeroU32;

use fence_model::{Digest, Time};

use super::Fault;
use crate::error::excerpt;

/// A column by the names that it has had, the present one first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) names: &'static [&'static str],
    /// Whether a table is of no use without it.
    pub(super) needed: bool,
}

/// A column that every layout has, by one of these names.
pub(super) const fn needed(names: &'static [&'static str]) -> Column {
    Column { names, needed: true }
}

/// A column that some layouts do not have.
pub(super) const fn may_be(names: &'static [&'static str]) -> Column {
    Column { names, needed: false }
}

/// A login. GitHub's have up to 39 letters; that of a team has names of both.
const LOGIN_BYTES: usize = 255;

/// One field of a row; without bytes where the layout has no such column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) column: &'static str,
    pub(super) bytes: Option<&'a [u8]>,
}

impl<'a> Cell<'a> {
    /// The text, if it is not empty: NULL and the empty text cannot be told apart.
    pub(super) fn some_text(&self) -> Result<Option<&'a str>, Fault> {
        let bytes = self.bytes.unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            Err(_) => Err(self.fault("UTF-8")),
        }
    }

    pub(super) fn text(&self, expected: &'static str) -> Result<&'a str, Fault> {
        self.some_text()?.ok_or_else(|| self.fault(expected))
    }

    /// What an account is called, if that can be shown: the account is there whatever its login is.
    pub(super) fn login(&self) -> Option<&'a str> {
        let shown = |c: char| !c.is_control() && !c.is_whitespace();
        let login = std::str::from_utf8(self.bytes.unwrap_or_default()).ok()?;
        (1..=LOGIN_BYTES).contains(&login.len()).then_some(login).filter(|login| login.chars().all(shown))
    }

    /// A number of a row, which is above zero.
    pub(super) fn id(&self) -> Result<u32, Fault> {
        self.some_id()?.map(NonZeroU32::get).ok_or_else(|| self.fault("a number above 0"))
    }

    /// A number of a row, or NULL.
    pub(super) fn some_id(&self) -> Result<Option<NonZeroU32>, Fault> {
        let Some([_, ..]) = self.bytes else { return Ok(None) };
        let id = self.number().and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new);
        id.map(Some).ok_or_else(|| self.fault("a number above 0"))
    }

    /// A number of another service, which may be large.
    pub(super) fn account(&self) -> Result<u64, Fault> {
        self.number().ok_or_else(|| self.fault("a number"))
    }

    /// Digits alone: `parse` would take a sign as well.
    fn number(&self) -> Option<u64> {
        let bytes = self.bytes.filter(|bytes| !bytes.is_empty())?;
        bytes.iter().try_fold(0u64, |number, byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        })
    }

    pub(super) fn flag(&self) -> Result<bool, Fault> {
        self.some_flag()?.ok_or_else(|| self.fault("t or f"))
    }

    pub(super) fn some_flag(&self) -> Result<Option<bool>, Fault> {
        match self.bytes {
            None | Some(b"") => Ok(None),
            Some(b"t") => Ok(Some(true)),
            Some(b"f") => Ok(Some(false)),
            Some(_) => Err(self.fault("t or f")),
        }
    }

    /// `2026-08-20 07:15:00.123+00`, in UTC where no offset is told; cut to seconds.
    pub(super) fn time(&self) -> Result<Time, Fault> {
        let expected = "a time such as 2026-08-20 07:15:00.123+00";
        let text = self.text(expected)?;
        let of_day = text.get(10..).filter(|rest| rest.len() >= 9 && text.is_ascii());
        let Some(of_day) = of_day else { return Err(self.fault(expected)) };
        let time = if of_day.contains(['+', '-', 'Z']) { text.parse() } else { format!("{text}Z").parse() };
        time.map_err(|_| self.fault(expected))
    }

    /// `\x` and 64 digits, or the digits alone.
    pub(super) fn digest(&self) -> Result<Digest, Fault> {
        let expected = "a SHA-256 of 64 hexadecimal digits";
        let text = self.text(expected)?;
        text.strip_prefix("\\x").unwrap_or(text).parse().map_err(|_| self.fault(expected))
    }

    pub(super) fn fault(&self, expected: &'static str) -> Fault {
        let found = excerpt(&String::from_utf8_lossy(self.bytes.unwrap_or_default()));
        Fault { column: self.column, found, expected }
    }
}
