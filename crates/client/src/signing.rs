//! Signing a statement with an SSH key, as git signs commits.
//!
//! The key never comes here: `ssh-keygen -Y sign` reads its file, asks for its passphrase or for a touch, or has
//! `ssh-agent` sign. Which key and which program is what git was told (`gpg.format`, `user.signingkey`,
//! `gpg.ssh.program`), unless somebody names a key. What comes back is opened before anybody relies on it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use fence_trust::{AllowedSigners, Expected, PublicKey, RevokedKeys, SIGNATURE_BYTES, Signature};

use crate::process::{self, Bounds, ProcessError};

/// Who signs, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// `ssh-keygen`, or what git was told to call instead.
    program: String,
    key: Key,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// In a file: the private key, or the public one of a key that the agent has.
    File(PathBuf),
    /// With the agent, which is given the public key, such as `ssh-ed25519 AAAA…`.
    Agent(String),
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// git was not told to sign with SSH keys, and nobody named one.
    #[error("no key to sign with: git signs with {} here, and `--key` names none", format.as_deref().unwrap_or("openpgp"))]
    NotSsh {
        /// What `gpg.format` says.
        format: Option<String>,
    },
    /// git was told to sign with SSH keys, and not with which.
    #[error("no key to sign with: git's `user.signingkey` is not set, and `--key` names none")]
    NoKey,
    /// git could not be asked.
    #[error("git cannot be asked which key to sign with: {0}")]
    Git(String),
    /// The program cannot be started.
    #[error("`{program}` cannot be started: {error}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        error: io::Error,
    },
    /// The program did not sign.
    #[error("`{program}` signed nothing: it ended with {status}, and said why above")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file of the signing cannot be written or read.
    #[error("{}: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the disk said.
        error: io::Error,
    },
    /// What it made is none that anybody would count.
    #[error("what `{program}` made does not count: {because}")]
    Unusable {
        /// The program.
        program: String,
        /// Why.
        because: String,
    },
}

impl SigningError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotSsh { .. } | Self::NoKey => {
                "name a key with `--key ~/.ssh/id_ed25519`, or tell git once: `git config --global gpg.format ssh` and \
                 `git config --global user.signingkey ~/.ssh/id_ed25519.pub`"
                    .into()
            }
            Self::Git(_) => "name a key with `--key FILE`".into(),
            Self::NotStarted { .. } => {
                "install OpenSSH's ssh-keygen, or let git's `gpg.ssh.program` name it".into()
            }
            Self::Failed { .. } => {
                "is the key there, or with the agent? `ssh-add -L` lists those that it has".into()
            }
            Self::File { .. } => "make the folder writable, or name another with `--to`".into(),
            Self::Unusable { .. } => {
                "sign with a key of the kind ssh-ed25519, ecdsa-sha2-nistp256, sk-ssh-ed25519@openssh.com or \
                 sk-ecdsa-sha2-nistp256@openssh.com: `ssh-keygen -t ed25519` makes one"
                    .into()
            }
        }
    }
}

/// What git was told, as far as it matters for signing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitSettings {
    /// `gpg.format`.
    pub format: Option<String>,
    /// `user.signingkey`.
    pub key: Option<String>,
    /// `gpg.ssh.program`.
    pub program: Option<String>,
    /// `user.email`.
    pub email: Option<String>,
}

impl GitSettings {
    /// What git was told for the repository of `folder`, or for this account where there is none.
    ///
    /// # Errors
    ///
    /// [`SigningError::Git`]: there is no git that answers.
    pub fn read(folder: &Path) -> Result<Self, SigningError> {
        let get = |name: &str, is_path: bool| {
            let mut git = Command::new("git");
            git.current_dir(folder).args(["config", "--get"]);
            git.args(is_path.then_some("--type=path")).arg(name);
            match process::run(git, Vec::new(), Bounds { seconds: 10, bytes: 64 << 10 }) {
                Ok(text) => {
                    Ok(Some(String::from_utf8_lossy(&text).trim().to_owned()).filter(|text| !text.is_empty()))
                }
                // Not set.
                Err(ProcessError::Failed { status, .. }) if status.code() == Some(1) => Ok(None),
                Err(error) => Err(SigningError::Git(error.to_string())),
            }
        };
        Ok(Self {
            format: get("gpg.format", false)?,
            key: get("user.signingkey", true)?,
            program: get("gpg.ssh.program", true)?,
            email: get("user.email", false)?,
        })
    }
}

impl Signer {
    /// Who signs with the key that somebody `named`, else with that of git.
    ///
    /// # Errors
    ///
    /// [`SigningError::NotSsh`] and [`SigningError::NoKey`].
    pub fn new(named: Option<&str>, git: &GitSettings) -> Result<Self, SigningError> {
        let key = match (named, git.format.as_deref(), git.key.as_deref()) {
            (Some(named), ..) => named,
            (None, Some("ssh"), Some(key)) => key,
            (None, Some("ssh"), None) => return Err(SigningError::NoKey),
            (None, other, _) => return Err(SigningError::NotSsh { format: other.map(str::to_owned) }),
        };
        let program = git.program.clone().unwrap_or_else(|| "ssh-keygen".to_owned());
        // As git tells a key from its file.
        let literal = key.strip_prefix("key::").or_else(|| key.starts_with("ssh-").then_some(key));
        let key = literal.map_or_else(|| Key::File(key.into()), |key| Key::Agent(key.to_owned()));
        Ok(Self { program, key })
    }

    /// Signs what `file` has, which is `bytes`, under `namespace`; the signature stands beside it, with `.sig` behind the
    /// name. Somebody may be asked on the terminal, or to touch a security key.
    ///
    /// # Errors
    ///
    /// Nothing was signed, or not these bytes; then there is no signature beside the file.
    pub fn sign(&self, namespace: &str, file: &Path, bytes: &[u8]) -> Result<PublicKey, SigningError> {
        let beside = PathBuf::from(format!("{}.sig", file.display()));
        let of_file = |file: &Path| {
            let file = file.to_owned();
            move |error| SigningError::File { file, error }
        };
        // An earlier one would make the program ask.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(of_file(&beside)(error)),
            _ => {}
        }
        let signed = self.run(namespace, file).and_then(|()| {
            let armour = read_some(&beside).map_err(of_file(&beside))?;
            self.opened(namespace, bytes, &armour)
        });
        if signed.is_err() {
            // What does not count is not left for others to find.
            let _ = fs::remove_file(&beside);
        }
        signed
    }

    fn run(&self, namespace: &str, file: &Path) -> Result<(), SigningError> {
        let mut command = Command::new(&self.program);
        command.args(["-Y", "sign", "-n", namespace]);
        let literal = match &self.key {
            Key::File(key) => {
                command.arg("-f").arg(key);
                None
            }
            Key::Agent(key) => {
                let public = Temporary::with(key.as_bytes())?;
                command.arg("-f").arg(&public.path).arg("-U");
                Some(public)
            }
        };
        // Its words are no result: they go where those of this program go.
        let status = command.arg(file).stdout(Stdio::null()).status();
        drop(literal);
        let program = self.program.clone();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(SigningError::Failed { program, status }),
            Err(error) => Err(SigningError::NotStarted { program, error }),
        }
    }

    /// The key, if the signature is one over these bytes that others will count.
    fn opened(&self, namespace: &str, bytes: &[u8], armour: &[u8]) -> Result<PublicKey, SigningError> {
        let unusable = |because: String| SigningError::Unusable { program: self.program.clone(), because };
        let signature = Signature::parse(armour).map_err(|error| unusable(error.to_string()))?;
        let signers = AllowedSigners::parse(format!("signer {}\n", signature.key()).as_bytes()).signers;
        let expected = Expected {
            namespace,
            principal: "signer",
            at: 0,
            signers: &signers,
            revoked: &RevokedKeys::default(),
        };
        let opened = fence_trust::open(bytes, &signature, &expected);
        opened.map(|opened| opened.key).map_err(|refusal| unusable(refusal.to_string()))
    }
}

/// A signature, and no more than one can have.
fn read_some(file: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(SIGNATURE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file that is gone when this is.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// One for the public key that `ssh-keygen` reads from a file.
    fn with(bytes: &[u8]) -> Result<Self, SigningError> {
        let folder = std::env::temp_dir();
        let number = std::process::id();
        for attempt in 0..100 {
            let path = folder.join(format!("cargo-fence-{number}-{attempt}.pub"));
            let new = fs::OpenOptions::new().write(true).create_new(true).open(&path);
            match new {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(SigningError::File { file: path, error }),
                Ok(mut file) => {
                    let temporary = Self { path };
                    let written = file.write_all(bytes).and_then(|()| file.write_all(b"\n"));
                    let failed = |error| SigningError::File { file: temporary.path.clone(), error };
                    return written.map_err(failed).map(|()| temporary);
                }
            }
        }
        let error = io::Error::other("there is no free name for a temporary file");
        Err(SigningError::File { file: folder, error })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(format: Option<&str>, key: Option<&str>) -> GitSettings {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        GitSettings { format: owned(format), key: owned(key), ..GitSettings::default() }
    }

    #[test]
    fn a_named_key_goes_before_that_of_git_and_git_has_to_mean_ssh() {
        let key = |named: Option<&str>, git: &GitSettings| {
            Signer::new(named, git).map(|signer| signer.key).map_err(|error| error.to_string())
        };
        let ssh = git(Some("ssh"), Some("a.pub"));
        assert_eq!(key(None, &ssh), Ok(Key::File("a.pub".into())));
        assert_eq!(key(Some("b"), &ssh), Ok(Key::File("b".into())));
        assert_eq!(key(Some("b"), &GitSettings::default()), Ok(Key::File("b".into())));
        let literal = "ssh-ed25519 AAAA me";
        assert_eq!(key(None, &git(Some("ssh"), Some(literal))), Ok(Key::Agent(literal.to_owned())));
        let named = "key::ecdsa-sha2-nistp256 AAAA";
        assert_eq!(key(Some(named), &ssh), Ok(Key::Agent("ecdsa-sha2-nistp256 AAAA".to_owned())));
        insta::assert_snapshot!(
            [
                key(None, &git(Some("openpgp"), Some("ABCD"))),
                key(None, &git(None, Some("ABCD"))),
                key(None, &git(Some("ssh"), None)),
            ]
            .map(Result::unwrap_err)
            .join("\n"),
            @"
            no key to sign with: git signs with openpgp here, and `--key` names none
            no key to sign with: git signs with openpgp here, and `--key` names none
            no key to sign with: git's `user.signingkey` is not set, and `--key` names none
            "
        );
    }
}
