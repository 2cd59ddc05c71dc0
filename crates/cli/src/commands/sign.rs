//! What all commands that sign have in common: look at what is to be signed, show it, ask, sign, write.
//!
//! The way: [`Desk::open`] finds key, name and folder; [`Desk::look`] fetches the packages and compares them;
//! [`Desk::sign`] shows the page, asks, and writes two files, the statement and its signature. Nothing is signed that was
//! not shown: where nobody sits at a terminal, the digests have to be named that are signed.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::index::IndexSource;
use fence_client::packages::{Found, PackageError, Packages};
use fence_client::project::{self, Project, ProjectError};
use fence_client::scanner::{Packed, Scanner};
use fence_client::signing::{GitSettings, Signer};
use fence_client::statements::{REVOKED_FILE, SIGNERS_FILE};
use fence_evidence::Limits;
use fence_evidence::statement::{self, Content, Kind, Reader, Statement, Subject};
use fence_model::policy::{FeedRole, FeedSource, Policy};
use fence_model::{Digest, Principal, ReleaseId, Time};
use fence_registry::Lockfile;
use fence_scan::Comparison;
use fence_trust::PublicKey;
use semver::Version;

use crate::args::{Files, Global, Sources, Spec};
use crate::commands::scan::{registry, warn_of_open};
use crate::commands::{Outcome, verify};
use crate::error::{CliError, Misuse, shown};
use crate::looking::scanner;
use crate::render::signing;
use crate::session;
use crate::shell::{Answered, Shell};

/// Where a project keeps what was signed.
pub(crate) const FOLDER: &str = "fence/statements";

/// Under what the help lists how it is signed.
pub(crate) const HOW: &str = "How it is signed";

/// Why it is signed.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = HOW)]
pub(crate) struct WhyArgs {
    /// Why, for people who read the statement
    #[arg(long = "message", short = 'm', value_name = "TEXT")]
    pub(crate) message: String,
}

/// How it is signed.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = HOW)]
pub(crate) struct SignArgs {
    /// The key: a file, or a public key that ssh-agent has; without this, git's user.signingkey
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The name under which the allowed signers list the key; without this, git's user.email
    #[arg(long = "as", value_name = "NAME")]
    signer: Option<Principal>,
    /// Write into this folder, such as that of a feed, instead of the project's fence/statements
    #[arg(long = "to", value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Sign this digest without being asked; once for each release, and then for the one that it was read from, in their order
    #[arg(long = "digest", value_name = "SHA-256")]
    digests: Vec<Digest>,
    #[arg(long, hide = true, value_name = "TIME", value_parser = |text: &str| text.parse::<Time>())]
    now: Option<Time>,
}

/// Who did the review, and how long it holds.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "What the review is")]
pub(crate) struct ReviewArgs {
    /// A program did the review, whoever signs it: it is shown, and counts for nothing
    #[arg(long)]
    machine: bool,
    /// Until when it holds: a day, or a length of time from now such as "90 days"
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
}

impl ReviewArgs {
    pub(crate) fn reader(&self) -> Reader {
        if self.machine { Reader::Machine } else { Reader::Person }
    }

    pub(crate) fn until(&self, now: Time) -> Result<Option<Time>, Misuse> {
        self.until.as_deref().map(|text| end(text, now)).transpose()
    }
}

/// A day or a time, or a length of time from `now` on, that is not past.
fn end(text: &str, now: Time) -> Result<Time, Misuse> {
    let until = match (text.parse::<Time>(), text.parse::<fence_model::Span>()) {
        (Ok(time), _) => time,
        (_, Ok(span)) => now + span,
        (Err(_), Err(_)) => return Err(Misuse::UnreadableEnd(text.to_owned())),
    };
    if until > now { Ok(until) } else { Err(Misuse::EndsBeforeNow(until.date())) }
}

/// Everything that signing takes.
pub(crate) struct Desk<'a> {
    args: &'a SignArgs,
    global: &'a Global,
    environment: &'a Environment,
    shell: &'a Shell,
    signer: Signer,
    pub(crate) principal: Principal,
    /// Where the statement goes.
    folder: PathBuf,
    project: Option<Project>,
    pub(crate) now: Time,
}

/// What can be signed once it was agreed to.
pub(crate) struct Unsigned {
    /// Why.
    pub(crate) comment: Box<str>,
    /// What.
    pub(crate) content: Content,
    /// The releases that were looked at, if any, in the order in which they were asked for.
    pub(crate) looked: Vec<Looked>,
}

/// A release as the signer sees it.
pub(crate) struct Looked {
    pub(crate) subject: Subject,
    /// The release from which the change is read.
    pub(crate) base: Option<Subject>,
    /// The change, or all of it where there is no base.
    pub(crate) change: Comparison,
}

impl<'a> Desk<'a> {
    /// Finds out who signs, with which key, and where it is written to.
    pub(crate) fn open(
        args: &'a SignArgs,
        global: &'a Global,
        environment: &'a Environment,
        shell: &'a Shell,
    ) -> Result<Self, CliError> {
        let project = match session::find_if_any(&Sources::default(), global, environment) {
            Ok(project) => Some(project),
            Err(ProjectError::NoLockfile(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let here = environment.current_folder();
        let folder = match (&args.to, &project) {
            (Some(folder), _) => here.join(folder),
            (None, Some(_)) if global.files() == Files::Locked => return Err(Misuse::Locked(FOLDER).into()),
            (None, Some(project)) => policy_folder(project).join(FOLDER),
            (None, None) => return Err(Misuse::NowhereToWrite.into()),
        };
        let git = GitSettings::read(here).or_else(|error| match (&args.key, &args.signer) {
            // Then nothing has to be asked of it.
            (Some(_), Some(_)) => Ok(GitSettings::default()),
            _ => Err(error),
        })?;
        let principal = match (&args.signer, &git.email) {
            (Some(signer), _) => signer.clone(),
            (None, Some(email)) => email.parse().map_err(|_| Misuse::NoSignerName(Some(email.clone())))?,
            (None, None) => return Err(Misuse::NoSignerName(None).into()),
        };
        let signer = Signer::new(args.key.as_deref(), &git)?;
        let now = args.now.unwrap_or_else(session::clock);
        Ok(Self { args, global, environment, shell, signer, principal, folder, project, now })
    }

    /// The releases, each beside its base where there is one.
    pub(crate) fn look(&self, specs: &[Spec], from: Option<&Version>) -> Result<Vec<Looked>, CliError> {
        let table = self.table()?;
        let look = |spec: &Spec| -> Result<Looked, CliError> {
            let Some(version) = spec.version.clone() else {
                return Err(Misuse::UnsignableName(spec.name.clone()).into());
            };
            let release = ReleaseId { name: spec.name.clone(), version };
            if from == Some(&release.version) {
                return Err(Misuse::OwnBase(release).into());
            }
            table.look(&release, from).map_err(|error| CliError::from(*error))
        };
        specs.iter().map(look).collect()
    }

    /// Where packages are laid out to be looked at.
    pub(crate) fn table(&self) -> Result<Table<'_>, CliError> {
        Ok(Table {
            environment: self.environment,
            shell: self.shell,
            registry: registry(self.global, self.environment)?,
            scanner: scanner()?,
            locked: self.project.as_ref().map(Project::read_lockfile).transpose()?,
        })
    }

    /// Shows what is signed, asks, signs, writes. `looked` are the releases that were looked at, if any.
    pub(crate) fn sign(
        &self,
        comment: Box<str>,
        content: Content,
        looked: Vec<Looked>,
    ) -> Result<Outcome, CliError> {
        self.sign_all(vec![Unsigned { comment, content, looked }])
    }

    /// Shows all that is signed, asks once, signs and writes one by one.
    pub(crate) fn sign_all(&self, all: Vec<Unsigned>) -> Result<Outcome, CliError> {
        let limits = Limits::default();
        let unsayable =
            |error: fence_evidence::Error| CliError::new(format!("this cannot be stated: {error}"));
        let mut ready = Vec::new();
        let mut agreed = Vec::new();
        for Unsigned { comment, content, looked } in all {
            let statement = Statement { signer: self.principal.clone(), made: self.now, comment, content };
            let bytes = statement::write(&statement, &limits).map_err(unsayable)?;
            // As everybody will read it: releases are in their order now.
            let statement =
                statement::read("", &bytes, &limits).map_err(|problem| unsayable(problem.error))?;
            // A line between two of them.
            let gap = if ready.is_empty() { "" } else { "\n" };
            self.shell.print(&format!("{gap}{}", signing::page(&statement, &looked, self.shell)))?;
            agreed.extend(bound(&statement, &looked));
            ready.push((statement, bytes));
        }
        let question = match ready.as_slice() {
            [] => return Ok(Outcome::Pass),
            [(one, _)] if one.kind() == Kind::Withdraw => "sign that this no longer holds?".to_owned(),
            [_] => format!("sign this as {}?", self.principal),
            several => format!("sign these {} as {}?", several.len(), self.principal),
        };
        self.consent(agreed, &question)?;
        for (statement, bytes) in &ready {
            self.write(statement, bytes)?;
        }
        Ok(Outcome::Pass)
    }

    /// Signs what somebody agreed to, and writes both files.
    fn write(&self, statement: &Statement, bytes: &[u8]) -> Result<(), CliError> {
        let file = self.folder.join(statement.file_name(bytes));
        let in_file = |error| ProjectError::Unwritable { file: file.clone(), why: error };
        fs::create_dir_all(&self.folder).map_err(in_file)?;
        let text = String::from_utf8_lossy(bytes);
        project::write(&file, &text)?;
        let signed = self.signer.sign(statement.kind().namespace(), &file, bytes);
        if signed.is_err() {
            // Without its signature it says nothing.
            let _ = fs::remove_file(&file);
        }
        let key = signed?;
        self.shell.status("Signed", &format!("{} with {}", shown(&file), key.fingerprint()));
        self.tell_who_counts(&file, &key, statement.kind());
        Ok(())
    }

    /// Somebody has to agree to what was shown: at the terminal, or by its digests.
    fn consent(&self, signed: Vec<(String, Digest)>, question: &str) -> Result<(), CliError> {
        if !self.args.digests.is_empty() {
            let named = &self.args.digests;
            if let Some(((what, digest), named)) =
                signed.iter().zip(named).find(|((_, digest), named)| digest != *named)
            {
                return Err(Misuse::OtherDigest { what: what.clone(), named: *named, is: *digest }.into());
            }
            return match named.len() == signed.len() {
                true => Ok(()),
                false => Err(Misuse::DigestCount { named: named.len(), signed: signed.len() }.into()),
            };
        }
        // Who sends the page elsewhere has not seen it.
        let answered = std::io::stdout().is_terminal().then(|| self.shell.ask(question)).flatten();
        match answered {
            Some(Answered::Yes) => Ok(()),
            Some(Answered::No) => Err(Misuse::NotSigned.into()),
            None => Err(Misuse::DigestNeeded(signed.into_iter().map(|(_, digest)| digest).collect()).into()),
        }
    }

    /// Whether the statement that was written counts by the files beside it and above; else who may sign says which, and why
    /// it does not.
    fn counts(&self, file: &Path) -> Result<(), (PathBuf, String)> {
        let near = |name: &str| verify::near(&self.folder, name);
        let signers = near(SIGNERS_FILE);
        let usual = self.folder.parent().unwrap_or(&self.folder).join(SIGNERS_FILE);
        let place = signers.clone().unwrap_or(usual);
        let verified = verify::Verifying { file, signers, revoked: near(REVOKED_FILE) };
        let security = verify::security(self.project.as_ref(), self.now);
        match verified.verify(&security, self.now) {
            Ok(outcome) => match outcome.refused.into_iter().next() {
                None => Ok(()),
                Some(refused) => Err((place, refused.because)),
            },
            Err(error) => Err((place, error.message)),
        }
    }

    /// What is still missing before the statement counts for this project.
    fn tell_who_counts(&self, file: &Path, key: &PublicKey, kind: Kind) {
        if let Err((signers, because)) = self.counts(file) {
            // Who may revoke the policy says, not a file of signers.
            let to_do = match kind {
                Kind::Revoke => format!("`keys` in `[security]` of fence.toml would have to list\n    {key}"),
                _ => format!(
                    "the keeper of {} would have to add the line\n    {} namespaces=\"fence-*@cargo-fence\" {key}",
                    shown(&signers),
                    self.principal
                ),
            };
            self.shell.warning(&format!("this does not count yet: {because}; {to_do}"));
        }
        if let Some(project) = &self.project
            && let Ok(policy) = project.read_policy(self.now)
        {
            self.tell_who_reads(project, &policy, kind);
        }
    }

    /// What the project's policy lacks to take in what was signed.
    fn tell_who_reads(&self, project: &Project, policy: &Policy, kind: Kind) {
        let root = policy_folder(project);
        let reads = |feed: &FeedSource| {
            let path = feed.path.as_ref().filter(|_| feed.role == FeedRole::Statements && feed.enabled);
            path.is_some_and(|path| self.folder.starts_with(root.join(path)))
        };
        let reader = policy.feeds.iter().find(|(_, feed)| reads(feed));
        if let Some((name, feed)) = reader {
            let is_named = feed.reviewers.contains_key(&self.principal);
            if kind == Kind::Audit && !is_named {
                self.shell.warning(&format!(
                    "audits of {} are shown and count for nothing: [feeds.{name}] of {} names them in no `reviewers`",
                    self.principal,
                    shown(&project.policy)
                ));
            }
        } else if self.args.to.is_none() {
            self.shell.warning(&format!(
                "{} names no feed that reads this folder, so this is not read: add\n    [feeds.own]\n    role = \"statements\"\n    path = \"fence\"\n    reviewers = {{ \"{}\" = \"medium\" }}",
                shown(&project.policy),
                self.principal
            ));
        }
    }
}

/// Where packages are laid out to be looked at.
pub(crate) struct Table<'d> {
    environment: &'d Environment,
    shell: &'d Shell,
    registry: Option<IndexSource>,
    scanner: Scanner,
    locked: Option<Lockfile>,
}

impl Table<'_> {
    /// A release beside its base, if any.
    pub(crate) fn look(
        &self,
        release: &ReleaseId,
        from: Option<&Version>,
    ) -> Result<Looked, Box<PackageError>> {
        let packages = Packages { environment: self.environment, registry: self.registry.as_ref() };
        let found = packages.release(&release.name, Some(&release.version))?;
        // What the project builds is what is meant: other bytes under the same name are none of it.
        let of_lockfile = self.locked.iter().flat_map(|lockfile| &lockfile.packages);
        let same = of_lockfile.filter(|package| package.release().as_ref() == Some(&found.release));
        for wanted in same.filter_map(|package| package.checksum) {
            if wanted != found.digest {
                let (release, got) = (found.release, found.digest);
                return Err(PackageError::OtherBytes { release, got, wanted }.into());
            }
        }
        let base = match from {
            Some(from) => Some(packages.release(&release.name, Some(from))?),
            None => None,
        };
        let nothing = Packed::Files(Vec::new());
        let old = base.as_ref().map_or(&nothing, |base| &base.package);
        let compared = self.scanner.compare(old, &found.package);
        warn_of_open(&compared.open, self.shell);
        let subject = |found: &Found| Subject { release: found.release.clone(), digest: found.digest };
        Ok(Looked { subject: subject(&found), base: base.as_ref().map(subject), change: compared.result })
    }
}

/// What somebody agrees to in a statement, each with its digest.
fn bound(statement: &Statement, looked: &[Looked]) -> Vec<(String, Digest)> {
    let of = |subject: &Subject| (subject.release.to_string(), subject.digest);
    match &statement.content {
        Content::Withdraw { statements } => {
            statements.iter().map(|id| ("the statement".to_owned(), *id)).collect()
        }
        _ if looked.is_empty() => statement.releases().iter().map(of).collect(),
        // In the order in which they were asked for, each with what it was read from.
        _ => looked
            .iter()
            .flat_map(|looked| [Some(&looked.subject), looked.base.as_ref()])
            .flatten()
            .map(of)
            .collect(),
    }
}

/// Why something is signed, as somebody wrote it on the command line.
pub(crate) fn comment(message: &str) -> Result<Box<str>, Misuse> {
    match message.trim() {
        "" | "…" => Err(Misuse::NoComment),
        message => Ok(message.into()),
    }
}

/// The folder of `fence.toml`, to which paths in it are relative.
fn policy_folder(project: &Project) -> &Path {
    project.policy.parent().unwrap_or(&project.root)
}

/// The releases, in the order of the command line.
pub(crate) fn subjects(looked: &[Looked]) -> Vec<Subject> {
    looked.iter().map(|of| of.subject.clone()).collect()
}

/// The bases of all of them, where they have some.
pub(crate) fn bases(looked: &[Looked]) -> Option<Vec<Subject>> {
    looked.iter().map(|of| of.base.clone()).collect()
}

/// One version for several crates makes no sense.
pub(crate) fn one_from<'v>(specs: &[Spec], from: Option<&'v Version>) -> Result<Option<&'v Version>, Misuse> {
    match from {
        Some(_) if specs.len() > 1 => Err(Misuse::OneBaseForMany),
        _ => Ok(from),
    }
}
