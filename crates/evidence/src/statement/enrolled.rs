//! Which accounts of the registry the signers of a feed have, as its keeper tells.
//!
//! One line for each signer, next to the allowed signers:
//!
//! ```text
//! # signer           accounts           organisation
//! ann@example.org    user:189
//! bob@example.org    user:6743,team:12  organisation=example
//! cat@example.org    -                  organisation=example
//! ```
//!
//! Every line has to be read. A signer whose accounts are unknown could vouch for releases of their own, so a file that is
//! half understood would let in what the whole of it keeps out.

use std::collections::{BTreeMap, BTreeSet};

use fence_model::Principal;
use fence_model::people::Account;

use crate::error::{Error, Problem, excerpt};
use crate::limits::Limits;

/// What the file is called.
pub const FILE: &str = "enrolled";

/// The signers that are bound to accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrolled {
    signers: BTreeMap<Principal, Bound>,
}

/// What a signer is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bound {
    /// Accounts of the registry, by their numbers, each once.
    pub accounts: Vec<Account>,
    /// The organisation for which the signer speaks: all of its people are one.
    pub organisation: Option<Box<str>>,
}

impl Enrolled {
    /// Reads the file, which messages call `file`.
    ///
    /// # Errors
    ///
    /// The first line that cannot be read, that names a signer again, or an account of another signer.
    pub fn parse(file: &str, bytes: &[u8], limits: &Limits) -> Result<Self, Problem> {
        let problem = |line: usize, error| Problem {
            file: file.into(),
            line: u32::try_from(line).ok(),
            record: "".into(),
            error,
        };
        if bytes.len() > limits.statement_bytes {
            let error = Error::TooLong { bytes: bytes.len(), limit: limits.statement_bytes };
            return Err(Problem { line: None, ..problem(0, error) });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Problem { line: None, ..problem(0, Error::Enrolled("it is not UTF-8".into())) })?;
        let (mut signers, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (signer, bound) = parse_line(line).map_err(|why| problem(number, Error::Enrolled(why)))?;
            let again = bound.accounts.iter().find(|account| !taken.insert(**account));
            let why = match again {
                Some(account) => Some(format!("{} is bound to another signer already", named(*account))),
                None if signers.contains_key(&signer) => Some(format!("{signer} is there twice")),
                None => None,
            };
            if let Some(why) = why {
                return Err(problem(number, Error::Enrolled(why.into())));
            }
            signers.insert(signer, bound);
        }
        Ok(Self { signers })
    }

    /// What a signer is bound to; nothing for one that is not there.
    pub fn of(&self, signer: &Principal) -> Option<&Bound> {
        self.signers.get(signer)
    }

    /// All of them, by their names.
    pub fn signers(&self) -> impl Iterator<Item = (&Principal, &Bound)> {
        self.signers.iter()
    }
}

fn parse_line(line: &str) -> Result<(Principal, Bound), Box<str>> {
    let mut words = line.split_ascii_whitespace();
    let signer = words.next().unwrap_or_default();
    let signer: Principal = signer.parse().map_err(|error| format!("{error}"))?;
    let accounts = words.next().ok_or("it has no accounts, such as `user:189` or `user:189,team:12`")?;
    let mut bound = Bound::default();
    for word in accounts.split(',').filter(|_| accounts != NO_ACCOUNT) {
        let account = account(word);
        let account = account
            .ok_or_else(|| format!("{:?} is no account, such as `user:189` or `team:12`", excerpt(word)))?;
        bound.accounts.push(account);
    }
    bound.accounts.sort_unstable();
    match (words.next(), words.next()) {
        (None, _) => {}
        (Some(word), None) => match word.strip_prefix("organisation=") {
            Some(name) if !name.is_empty() && name.len() <= 64 => bound.organisation = Some(name.into()),
            _ => return Err(format!("{:?} is no `organisation=NAME`", excerpt(word)).into()),
        },
        (Some(_), Some(word)) => return Err(format!("{:?} is one word too many", excerpt(word)).into()),
    }
    Ok((signer, bound))
}

/// Stands for no account: of somebody who is of an organisation, and has none.
const NO_ACCOUNT: &str = "-";

fn account(word: &str) -> Option<Account> {
    let (kind, number) = word.split_once(':')?;
    // One spelling each: no sign, no zeros before it.
    let number = number.parse::<u64>().ok().filter(|parsed| parsed.to_string() == number)?;
    match kind {
        "user" => Some(Account::User(number)),
        "team" => Some(Account::Team(number)),
        _ => None,
    }
}

fn named(account: Account) -> String {
    match account {
        Account::User(number) => format!("user:{number}"),
        Account::Team(number) => format!("team:{number}"),
    }
}
