//! `cargo fence verify`: does one statement count?

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::project::Project;
use fence_client::statements::{Folder, Outcome, REVOKED_FILE, Refused, SIGNERS_FILE, Since, Verified};
use fence_evidence::Limits;
use fence_evidence::statement::{self, Kind};
use fence_model::{Digest, Time};
use fence_trust::{PublicKey, SIGNATURE_BYTES, SIGNERS_BYTES};

use crate::args::{Global, Sources};
use crate::commands::Outcome as Ended;
use crate::error::{CliError, Misuse, shown};
use crate::render::signing;
use crate::session;
use crate::shell::Shell;

/// Say whether a statement was signed by whom it names, and what it says
///
/// Looks at the file and at its signature beside it, and at who may sign: `allowed_signers` and `revoked_keys` beside the
/// statement or one folder above, unless others are named. Exit codes: 0 it counts, 1 it does not, 2 nobody can say.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The statement, whose signature stands beside it with `.sig` behind the name
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who may sign, as ssh-keygen's ALLOWED SIGNERS has it
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
    /// Keys that count no longer
    #[arg(long, value_name = "FILE")]
    revoked: Option<PathBuf>,
    /// As of this moment instead of now
    #[arg(long, value_name = "TIME", value_parser = |text: &str| text.parse::<Time>())]
    at: Option<Time>,
}

/// Reads, verifies, prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Ended, CliError> {
    let here = environment.current_folder();
    let asked = here.join(&args.file);
    // Whoever names the signature means what it stands beside.
    let file = match asked.to_str().and_then(|path| path.strip_suffix(".sig")) {
        Some(statement) => PathBuf::from(statement),
        None => asked,
    };
    let folder = file.parent().unwrap_or(here);
    let verifying = Verifying {
        file: &file,
        signers: args.signers.as_ref().map(|file| here.join(file)).or_else(|| near(folder, SIGNERS_FILE)),
        revoked: args.revoked.as_ref().map(|file| here.join(file)).or_else(|| near(folder, REVOKED_FILE)),
    };
    let at = args.at.unwrap_or_else(session::clock);
    let project = session::find_if_any(&Sources::default(), global, environment).ok();
    let outcome = verifying.verify(&security(project.as_ref(), at), at)?;
    for warning in &outcome.warnings {
        shell.warning(warning);
    }
    match (outcome.verified.first(), outcome.refused.first()) {
        (Some(verified), _) => {
            shell.print(&signing::verified(verified, shell))?;
            Ok(Ended::Pass)
        }
        (None, refused) => {
            let because = refused.map_or("it is no statement", |refused| refused.because.as_str());
            shell.print(&signing::refused(&shown(&file), because, shell))?;
            if let Ok(statement) = statement::read("", &read(&file)?, &Limits::default()) {
                shell.print(&signing::said(&statement, shell))?;
            }
            Ok(Ended::Fail)
        }
    }
}

/// A statement, and who may sign.
pub(crate) struct Verifying<'a> {
    pub(crate) file: &'a Path,
    pub(crate) signers: Option<PathBuf>,
    pub(crate) revoked: Option<PathBuf>,
}

/// What came of it.
pub(crate) struct Outcomes {
    pub(crate) verified: Vec<Verified>,
    pub(crate) refused: Vec<Refused>,
    /// Lines of the allowed signers that admit nobody.
    warnings: Vec<String>,
}

impl Verifying<'_> {
    /// Opens the statement as a feed would, known since `at`.
    pub(crate) fn verify(&self, security: &[PublicKey], at: Time) -> Result<Outcomes, CliError> {
        let bytes = read(self.file)?;
        let signature = read_of(&PathBuf::from(format!("{}.sig", self.file.display())), SIGNATURE_BYTES)?;
        let folder = self.file.parent().unwrap_or(self.file);
        let signers_file = self.signers.as_ref().ok_or_else(|| Misuse::NoSigners(folder.to_owned()))?;
        let signers = read_of(signers_file, SIGNERS_BYTES)?;
        let revoked = self.revoked.as_ref().map(|file| read_of(file, SIGNERS_BYTES)).transpose()?;
        let name = self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let signature_name = format!("{name}.sig");
        let files = [
            Some((name.as_str(), bytes.as_slice())),
            Some((signature_name.as_str(), signature.as_slice())),
            Some((SIGNERS_FILE, signers.as_slice())),
            revoked.as_deref().map(|revoked| (REVOKED_FILE, revoked)),
        ];
        let withdrawals = withdrawals(folder, &name);
        let withdrawals = withdrawals.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let folder = Folder::read(files.into_iter().flatten().chain(withdrawals))
            .map_err(|unusable| CliError::new(format!("nobody can say: {unusable}")))?;
        let (lines, other): (Vec<_>, Vec<_>) =
            folder.warnings.iter().cloned().partition(|warning| warning.file == SIGNERS_FILE);
        let told = |of: &Refused| {
            let line = of.line.map_or_else(String::new, |line| format!(":{line}"));
            format!("{}{line}: {}", shown(signers_file), of.because)
        };
        let outcome = folder.verify(security, |_| Since::at(at));
        let withdrawn: Vec<Option<Digest>> =
            outcome.verified.iter().map(|of| outcome.withdrawn_by(of)).collect();
        let Outcome { verified, mut refused, .. } = outcome;
        refused.extend(other);
        // Of what lies beside it only whether it takes this one back is of interest.
        let own = verified.into_iter().zip(withdrawn).filter(|(of, _)| of.file == name);
        refused.retain(|of| of.file == name || of.file == signature_name);
        let (mut verified, withdrawn): (Vec<Verified>, Vec<Option<Digest>>) = own.unzip();
        if let Some(by) = withdrawn.into_iter().flatten().next() {
            let because = format!("its signer withdrew it, by the statement {by}");
            refused.push(Refused { file: name, line: None, because });
            verified.clear();
        }
        Ok(Outcomes { verified, refused, warnings: lines.iter().map(told).collect() })
    }
}

/// The withdrawals in a folder with their signatures, but for the file `not`: those that can be read, whatever they are
/// called.
fn withdrawals(folder: &Path, not: &str) -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(folder).into_iter().flatten();
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found = Vec::new();
    for name in names.filter(|name| name.ends_with(".json") && name != not) {
        let Ok(bytes) = read(&folder.join(&name)) else { continue };
        let is_withdrawal =
            statement::read("", &bytes, &Limits::default()).is_ok_and(|of| of.kind() == Kind::Withdraw);
        let signature = format!("{name}.sig");
        if is_withdrawal && let Ok(signed) = read_of(&folder.join(&signature), SIGNATURE_BYTES) {
            found.push((name, bytes));
            found.push((signature, signed));
        }
    }
    found
}

/// The file of this name in a folder of statements, or one above.
pub(crate) fn near(folder: &Path, name: &str) -> Option<PathBuf> {
    [Some(folder), folder.parent()]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The keys of the security role of a project; nobody's where there is none.
pub(crate) fn security(project: Option<&Project>, now: Time) -> Vec<PublicKey> {
    let policy = project.and_then(|project| project.read_policy(now).ok());
    let keys = policy.into_iter().flat_map(|policy| policy.security.keys);
    keys.filter_map(|key| PublicKey::parse(&key).ok()).collect()
}

/// A statement's bytes.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    read_of(file, Limits::default().statement_bytes)
}

/// One of the files of a statement.
fn read_of(file: &Path, limit: usize) -> Result<Vec<u8>, CliError> {
    let unreadable = |error: io::Error| {
        CliError::new(format!("{} cannot be read: {error}", shown(file))).hint(
            "a statement is a file of JSON whose signature stands beside it, with `.sig` behind the name",
        )
    };
    read_at_most(file, limit).map_err(unreadable)
}

/// A file, and no more of it than shows that it is too long.
pub(crate) fn read_at_most(file: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
