//! Who may ask: the tokens that `Authorization` has to carry.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap};
use sha2::{Digest as _, Sha256};

/// The tokens that open a registry, at least one.
///
/// Only their digests are kept, and nothing shows them.
#[derive(Clone)]
pub struct Tokens(Vec<[u8; 32]>);

/// A list of tokens that has none in it. It opens the registry to nobody, and certainly not to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no token is in the list: write one on a line, or serve without tokens")]
pub struct NoToken;

impl Tokens {
    /// Any of these opens it. White space around a token is none of it, as in a file with a token on each line; what
    /// is empty then is no token.
    ///
    /// # Errors
    /// Without any token.
    pub fn new<T: AsRef<str>>(tokens: impl IntoIterator<Item = T>) -> Result<Self, NoToken> {
        let digests = tokens.into_iter().filter_map(|token| {
            let token = token.as_ref().trim();
            (!token.is_empty()).then(|| Sha256::digest(token).into())
        });
        let digests: Vec<_> = digests.collect();
        if digests.is_empty() { Err(NoToken) } else { Ok(Self(digests)) }
    }

    /// Whether these headers open it: with a bare token, as cargo sends it, with `Bearer` before it, as most other
    /// clients do, or as the password of `Basic`, as browsers do, whatever the name.
    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else { return false };
        let value = value.as_bytes();
        if let Some((scheme, given)) = value.split_at_checked(6)
            && scheme.eq_ignore_ascii_case(b"basic ")
        {
            return password(given.trim_ascii()).is_some_and(|token| self.hold(token.trim_ascii()));
        }
        let token = match value.split_at_checked(7) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token,
            _ => value,
        };
        self.hold(token.trim_ascii())
    }

    /// Whether `token` is one of them. Digests are compared, all of them and to the last byte, so that the time it
    /// takes tells nothing about how much of a guess was right.
    fn hold(&self, token: &[u8]) -> bool {
        let asked: [u8; 32] = Sha256::digest(token).into();
        self.0.iter().fold(false, |held, known| {
            let differing = known.iter().zip(asked).fold(0, |bits, (a, b)| bits | (a ^ b));
            held | (std::hint::black_box(differing) == 0)
        })
    }
}

/// The password of what a browser sends as name and password (RFC 7617): the name has no colon.
fn password(given: &[u8]) -> Option<Vec<u8>> {
    let mut given = STANDARD.decode(given).ok()?;
    let colon = given.iter().position(|byte| *byte == b':')?;
    given.drain(..=colon);
    Some(given)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tokens: &[&str], authorization: Option<&str>, expected: bool) {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        assert_eq!(Tokens::new(tokens).unwrap().admit(&headers), expected, "{tokens:?} {authorization:?}");
    }

    #[test]
    fn a_token_opens_bare_or_as_a_bearer_or_as_a_password() {
        let tokens = &["first", " second\n"][..];
        for value in ["first", "second", "Bearer first", "bearer second", "BEARER  first "] {
            check(tokens, Some(value), true);
        }
        for value in
            ["", "third", "firs", "firstt", "First", "Basic first", "Bearer", "Bearer ", "first second"]
        {
            check(tokens, Some(value), false);
        }
        check(tokens, None, false);
        let basic = |given: &str| format!("Basic {}", STANDARD.encode(given));
        for given in ["me:first", ":first", "fence:second", "me: first "] {
            check(tokens, Some(&basic(given)), true);
        }
        for given in ["first", "first:", "me:third", "me:first:first", "me:firs"] {
            check(tokens, Some(&basic(given)), false);
        }
        check(tokens, Some("Basic bWU6Zmlyc3Q"), false);
        check(tokens, Some("Basic !"), false);
    }

    #[test]
    fn a_list_without_tokens_is_refused() {
        assert_eq!(Tokens::new(["", " \n"]).unwrap_err(), NoToken);
    }

    #[test]
    fn nothing_shows_a_token() {
        assert_eq!(format!("{:?}", Tokens::new(["secret"]).unwrap()), "Tokens(1)");
    }
}
