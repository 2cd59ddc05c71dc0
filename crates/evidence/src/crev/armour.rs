//! The lines around proofs: where each begins, what was signed, and by which signature.

use std::borrow::Cow;

use crate::error::Error;

/// A proof as it stands in its file: nothing of it is believed yet.
pub(super) struct Armoured<'t> {
    /// The line on which it begins, from 1; its body begins on the next.
    pub(super) line: u32,
    /// The kind that the lines around a legacy proof name, as they spell it.
    pub(super) legacy_kind: Option<&'t str>,
    /// What was signed: each line with a line feed.
    pub(super) body: Cow<'t, str>,
    /// The signature, in base64.
    pub(super) signature: &'t str,
    /// On which line it stands.
    pub(super) signature_line: u32,
}

/// The lines around one proof.
#[derive(Clone, Copy)]
enum Marks<'t> {
    Current,
    /// With the kind in them.
    Legacy(&'t str),
}

impl<'t> Marks<'t> {
    /// The marks of the proof that begins with `line`.
    fn begun_by(line: &'t str) -> Option<Self> {
        if line == "----- BEGIN CREV PROOF -----" {
            return Some(Self::Current);
        }
        let kind = line.strip_prefix("-----BEGIN CREV ")?.strip_suffix("-----")?;
        // For some weeks of 2019 crev wrote a space too many.
        let kind = kind.strip_suffix(' ').unwrap_or(kind);
        (!kind.ends_with("SIGNATURE")).then_some(Self::Legacy(kind))
    }

    fn ends_body(self, line: &str) -> bool {
        match self {
            Self::Current => line == "----- SIGN CREV PROOF -----",
            Self::Legacy(kind) => between("-----BEGIN CREV ", line, " SIGNATURE-----") == Some(kind),
        }
    }

    fn ends_proof(self, line: &str) -> bool {
        match self {
            Self::Current => line == "----- END CREV PROOF -----",
            Self::Legacy(kind) => between("-----END CREV ", line, "-----") == Some(kind),
        }
    }
}

fn between<'l>(before: &str, line: &'l str, after: &str) -> Option<&'l str> {
    line.strip_prefix(before)?.strip_suffix(after)
}

/// All proofs of a file; for what is none, the line and why. A mark counts only where nothing stands before it, so
/// that no text inside a body, which is indented, can end it.
pub(super) fn proofs(
    text: &str,
    most_bytes: usize,
) -> impl Iterator<Item = Result<Armoured<'_>, (u32, Error)>> {
    let mut lines = Lines { rest: text, number: 0 };
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?.trim_end();
            if line.is_empty() {
                continue;
            }
            let number = lines.number;
            return Some(match Marks::begun_by(line) {
                Some(marks) => lines.proof(marks, most_bytes),
                None => {
                    // What stands together is told once.
                    while lines.peek().is_some_and(|next| {
                        !next.trim_end().is_empty() && Marks::begun_by(next.trim_end()).is_none()
                    }) {
                        lines.next();
                    }
                    Err((number, Error::OutsideProof))
                }
            });
        }
    })
}

/// The lines of a text that are left, and the number of the last that was taken.
struct Lines<'t> {
    rest: &'t str,
    number: u32,
}

impl<'t> Lines<'t> {
    /// The next line, without its end.
    fn peek(&self) -> Option<&'t str> {
        self.rest.lines().next()
    }

    fn next(&mut self) -> Option<&'t str> {
        let line = self.peek()?;
        self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        self.number = self.number.saturating_add(1);
        Some(line)
    }

    /// The rest of a proof whose first line was just taken.
    fn proof(&mut self, marks: Marks<'t>, most_bytes: usize) -> Result<Armoured<'t>, (u32, Error)> {
        let line = self.number;
        let begin = self.rest;
        loop {
            // A proof that begins inside another shows that the first was cut off.
            let next = self.peek().filter(|next| Marks::begun_by(next.trim_end()).is_none());
            match next {
                None => return Err((line, Error::Unfinished)),
                Some(next) if marks.ends_body(next.trim_end()) => break,
                Some(_) => drop(self.next()),
            }
        }
        let body = &begin[..begin.len() - self.rest.len()];
        self.next();
        let signature_line = self.number + 1;
        let (Some(signature), Some(end)) = (self.next(), self.peek()) else {
            return Err((line, Error::Unfinished));
        };
        if !marks.ends_proof(end.trim_end()) {
            return Err((line, Error::Unfinished));
        }
        self.next();
        if body.len() > most_bytes {
            return Err((line, Error::ProofTooLong { bytes: body.len(), limit: most_bytes }));
        }
        Ok(Armoured {
            line,
            legacy_kind: match marks {
                Marks::Current => None,
                Marks::Legacy(kind) => Some(kind),
            },
            // Version control may have rewritten line ends, which are not what was signed.
            body: if body.contains('\r') { body.replace("\r\n", "\n").into() } else { body.into() },
            signature: signature.trim(),
            signature_line,
        })
    }
}
