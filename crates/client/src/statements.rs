//! Statements of a feed: its files in, what was verified out, and why the rest does not count.
//!
//! [`Folder::read`] sorts the files; [`Folder::verify`] opens each statement as docs/statements.md says, but for the
//! question whether it is about a release, which the judgement asks. Here meet the bytes that `fence_trust` opens and the
//! payload that `fence_evidence::statement` reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fence_evidence::Limits;
use fence_evidence::statement::{self, Content, ENROLLED_FILE, Enrolled, Kind, Statement};
use fence_model::{Digest, Time};
use fence_trust::{AllowedSigners, Expected, Presence, PublicKey, Refusal, RevokedKeys, Signature};

/// Who may sign what.
pub const SIGNERS_FILE: &str = "allowed_signers";
/// Keys that count no longer.
pub const REVOKED_FILE: &str = "revoked_keys";
/// What a statement's file ends with.
const STATEMENT: &str = ".json";
/// What its signature's file ends with.
const SIGNATURE: &str = ".json.sig";

/// Whether a feed of statements uses a file of this name.
pub fn is_used(file: &str) -> bool {
    [SIGNERS_FILE, REVOKED_FILE, ENROLLED_FILE].contains(&file)
        || file.ends_with(STATEMENT)
        || file.ends_with(SIGNATURE)
}

/// A feed of statements, sorted and not yet verified.
#[derive(Debug)]
pub struct Folder<'f> {
    signers: AllowedSigners,
    revoked: RevokedKeys,
    /// Which accounts the signers have.
    pub enrolled: Enrolled,
    /// Each statement with its signature, by path.
    signed: Vec<(&'f str, &'f [u8], &'f [u8])>,
    /// Lines of the allowed signers that admit nobody, and statements without a signature.
    pub warnings: Vec<Refused>,
}

/// A statement that counts.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Its path in the feed.
    pub file: String,
    /// What it is called where another withdraws it.
    pub id: Digest,
    /// What it says.
    pub statement: Statement,
    /// The key that signed it.
    pub key: PublicKey,
    /// What a security key said beside its signature.
    pub presence: Option<Presence>,
    /// When it became known.
    pub known: Time,
    /// By whose word the key counts.
    pub authority: Authority,
}

/// By whose word a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// The allowed signers of the feed list it.
    Signers,
    /// The policy names it in its security role.
    Security,
}

/// A file that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its path in the feed.
    pub file: String,
    /// The line in it, where there is one.
    pub line: Option<u32>,
    /// Why.
    pub because: String,
}

/// What came of all statements of a feed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Those that count, withdrawals among them, by path; each once for each key that signed it, however many copies there
    /// are.
    pub verified: Vec<Verified>,
    /// Those of `verified` that were withdrawn, by the id of what is withdrawn and the fingerprint of the key that signed it:
    /// with the id of the withdrawal.
    withdrawn: BTreeMap<(Digest, Box<str>), Digest>,
    /// Those that do not count.
    pub refused: Vec<Refused>,
}

/// Since when a statement is known, and of which moment its key has to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// Since when it counts as known.
    pub known: Time,
    /// When it was here first. At first contact that is later than what a feed says of its content: else whoever has an old
    /// key could date a whole feed back to when it was valid.
    pub here: Time,
}

impl Since {
    /// Known and here at one moment.
    pub fn at(time: Time) -> Self {
        Self { known: time, here: time }
    }
}

impl Outcome {
    /// The statement by which its signer withdrew one of `verified`.
    pub fn withdrawn_by(&self, of: &Verified) -> Option<Digest> {
        self.withdrawn.get(&(of.id, of.key.fingerprint())).copied()
    }
}

/// Why nothing of a feed counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The file.
    pub file: String,
    /// Why.
    pub because: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file.is_empty() {
            true => f.write_str(&self.because),
            false => write!(f, "{}: {}", self.file, self.because),
        }
    }
}

impl<'f> Folder<'f> {
    /// Sorts the files of a feed, each with its path.
    ///
    /// # Errors
    ///
    /// There are no allowed signers, or two; or what keeps signers out cannot be read: keys that are revoked, and who is
    /// involved where.
    pub fn read(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Result<Self, Unusable> {
        let mut special: BTreeMap<&str, (&str, &[u8])> = BTreeMap::new();
        let (mut statements, mut signatures) = (Vec::new(), BTreeMap::new());
        for (path, bytes) in files {
            let name = path.rsplit('/').next().unwrap_or(path);
            if let Some(known) =
                [SIGNERS_FILE, REVOKED_FILE, ENROLLED_FILE].iter().find(|known| **known == name)
            {
                if let Some((other, _)) = special.insert(known, (path, bytes)) {
                    let because = format!("there is {other}, too, and only one of them can say so");
                    return Err(Unusable { file: path.to_owned(), because });
                }
            } else if let Some(of) = path.strip_suffix(".sig") {
                signatures.insert(of, bytes);
            } else {
                statements.push((path, bytes));
            }
        }
        let unusable = |file: &str, because: String| Unusable { file: file.to_owned(), because };
        let Some((signers_path, signers)) = special.get(SIGNERS_FILE) else {
            return Err(unusable("", format!("it has no file `{SIGNERS_FILE}`, which says who may sign")));
        };
        let parsed = AllowedSigners::parse(signers);
        let mut warnings: Vec<Refused> = parsed
            .problems
            .into_iter()
            .map(|problem| Refused {
                file: (*signers_path).to_owned(),
                line: u32::try_from(problem.line).ok().filter(|line| *line > 0),
                because: problem.error.to_string(),
            })
            .collect();
        let revoked = match special.get(REVOKED_FILE) {
            None => RevokedKeys::default(),
            Some((path, bytes)) => {
                RevokedKeys::parse(bytes).map_err(|error| unusable(path, error.to_string()))?
            }
        };
        let enrolled = match special.get(ENROLLED_FILE) {
            None => Enrolled::default(),
            Some((path, bytes)) => Enrolled::parse(path, bytes, &Limits::default())
                .map_err(|problem| unusable("", problem.to_string()))?,
        };
        let mut signed = Vec::new();
        for (path, bytes) in statements {
            // A feed may lie in a repository that has other files of JSON.
            if let Some(signature) = signatures.remove(path) {
                signed.push((path, bytes, signature));
            }
        }
        warnings.extend(signatures.into_keys().map(|of| Refused {
            file: format!("{of}.sig"),
            line: None,
            because: "there is no statement beside this signature".to_owned(),
        }));
        signed.sort_unstable();
        Ok(Self { signers: parsed.signers, revoked, enrolled, signed, warnings })
    }

    /// Opens each statement, as of the moment when it was here first, which `known` tells of its id. `security` are the keys
    /// of the policy's security role.
    pub fn verify(&self, security: &[PublicKey], known: impl Fn(&Digest) -> Since) -> Outcome {
        let mut outcome = Outcome::default();
        let mut seen = BTreeSet::new();
        for (path, bytes, signature) in &self.signed {
            let id = statement::id(bytes);
            match self.open(bytes, signature, security, known(&id)) {
                Ok(opened) => {
                    // A copy takes nothing away, whether its signature is good or broken; by another key it is another's.
                    if !seen.insert((id, opened.key.fingerprint())) {
                        continue;
                    }
                    outcome.verified.push(Verified { file: (*path).to_owned(), ..opened });
                }
                Err(because) => {
                    outcome.refused.push(Refused { file: (*path).to_owned(), line: None, because });
                }
            }
        }
        outcome.withdrawn = withdrawn(&outcome.verified);
        outcome
    }

    /// What is said and by whom, or why it does not count: the checks of docs/statements.md, in their order.
    fn open(
        &self,
        bytes: &[u8],
        signature: &[u8],
        security: &[PublicKey],
        since: Since,
    ) -> Result<Verified, String> {
        let signature = Signature::parse(signature).map_err(|error| error.to_string())?;
        let statement =
            statement::read("", bytes, &Limits::default()).map_err(|problem| problem.error.to_string())?;
        let expect = |signers: &AllowedSigners| {
            let expected = Expected {
                namespace: statement.kind().namespace(),
                principal: statement.signer.as_str(),
                at: since.here.unix(),
                signers,
                revoked: &self.revoked,
            };
            fence_trust::open(bytes, &signature, &expected).map(|opened| (opened.key, opened.presence))
        };
        let as_security = || expect(&in_role(&statement, security));
        let (opened, authority) = match statement.kind() {
            Kind::Revoke => (as_security().map_err(not_in_role), Authority::Security),
            // A key may be of the role and a signer's: a withdrawal by it counts for both.
            Kind::Withdraw if security.contains(signature.key()) => match expect(&self.signers) {
                Ok(opened) => (Ok(opened), Authority::Signers),
                Err(_) => (as_security().map_err(|refusal| refusal.to_string()), Authority::Security),
            },
            Kind::Approve | Kind::Object | Kind::Audit | Kind::Withdraw => {
                (expect(&self.signers).map_err(|refusal| refusal.to_string()), Authority::Signers)
            }
        };
        let (key, presence) = opened?;
        let id = statement::id(bytes);
        Ok(Verified { file: String::new(), id, statement, key, presence, known: since.known, authority })
    }
}

/// The keys of the security role as signers, under whatever name the statement gives: the role is one of keys.
fn in_role(statement: &Statement, security: &[PublicKey]) -> AllowedSigners {
    let lines = security.iter().map(|key| format!("{} {key}\n", statement.signer));
    AllowedSigners::parse(lines.collect::<String>().as_bytes()).signers
}

fn not_in_role(refusal: Refusal) -> String {
    match refusal {
        Refusal::UnknownPrincipal { .. } | Refusal::OtherKey { .. } => {
            "only the security role revokes, and its keys in `[security]` of the policy do not have this one"
                .to_owned()
        }
        other => other.to_string(),
    }
}

/// What was withdrawn by those who said it. To withdraw a withdrawal changes nothing: whoever changes their mind signs anew.
fn withdrawn(verified: &[Verified]) -> BTreeMap<(Digest, Box<str>), Digest> {
    let mut by_id: BTreeMap<Digest, Vec<&Verified>> = BTreeMap::new();
    for of in verified {
        by_id.entry(of.id).or_default().push(of);
    }
    let mut withdrawn = BTreeMap::new();
    for withdrawal in verified {
        let Content::Withdraw { statements } = &withdrawal.statement.content else { continue };
        for id in statements {
            for of in by_id.get(id).into_iter().flatten() {
                let is_same = match (of.authority, withdrawal.authority) {
                    (Authority::Signers, Authority::Signers) => {
                        of.statement.signer == withdrawal.statement.signer
                    }
                    // The role is one of keys, whatever they call themselves; and who has the key is who revoked.
                    (Authority::Security, _) => of.key == withdrawal.key,
                    (Authority::Signers, Authority::Security) => false,
                };
                if is_same && of.statement.kind() != Kind::Withdraw {
                    withdrawn.entry((*id, of.key.fingerprint())).or_insert(withdrawal.id);
                }
            }
        }
    }
    withdrawn
}
