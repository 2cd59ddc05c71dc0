//! The certificate that the server shows, and its renewal without a restart.
//!
//! [`Certificate::read`] reads both files once, and says whose fault it is if they are no use. Later they are read
//! again when somebody asks for it, or when [`Certificate::renew`] finds that they changed; until new ones are good,
//! the old one is shown.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};

/// How often the files are looked at, at most: a renewal comes weeks before its end.
const LOOK: Duration = Duration::from_secs(60);

/// Where a certificate is kept. Both files are PEM, as certificate authorities' clients write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The server's certificate, then those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}: check the path, and that the fence's user may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no certificate in the file.
    #[error(
        "there is no certificate in {}: it has to be PEM, with the server's own certificate first",
        path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no private key in the file.
    #[error("there is no private key in {}: it has to be PEM, and not encrypted", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The file is not PEM all the way.
    #[error("{} is damaged: a section of it has no end, or is no base64: write the file anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The certificate is for another key.
    #[error(
        "the key in {} is not that of the certificate in {}: name the two that belong together",
        files.key.display(),
        files.certificate.display()
    )]
    OtherKey {
        /// The two files.
        files: CertificateFiles,
    },
    /// The key is of no kind that is known, or the certificate does not parse.
    #[error(
        "the certificate in {} with the key in {} cannot be used: {error}",
        files.certificate.display(),
        files.key.display()
    )]
    Unusable {
        /// The two files.
        files: CertificateFiles,
        /// What is wrong.
        error: rustls::Error,
    },
}

/// A certificate that can be renewed while it is shown. All clones are the same one.
#[derive(Debug, Clone)]
pub struct Certificate(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    files: CertificateFiles,
    key: RwLock<Arc<CertifiedKey>>,
    last: Mutex<Look>,
}

/// When the files were looked at, and when they had changed by then.
#[derive(Debug)]
struct Look {
    at: Instant,
    changed: [Option<SystemTime>; 2],
}

impl Certificate {
    /// Reads what is in `files`.
    ///
    /// # Errors
    /// Any [`CertificateError`].
    pub(super) fn read(files: CertificateFiles) -> Result<Self, CertificateError> {
        let last = Look { at: Instant::now(), changed: files.changed() };
        let key = RwLock::new(Arc::new(files.read()?));
        Ok(Self(Arc::new(Shown { files, key, last: Mutex::new(last) })))
    }

    /// Reads the files again, changed or not. Connections that are open keep what they were shown.
    ///
    /// # Errors
    /// Any [`CertificateError`]; the certificate is then the one from before.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let key = Arc::new(self.0.files.read()?);
        *self.0.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }

    /// Reads the files again if they changed since they were last good; looks at most once a minute. Whether there
    /// was anything to do.
    ///
    /// # Errors
    /// As [`Self::reload`]. Often it is that one of two files is not there yet, so the next look tries again.
    pub(super) fn renew(&self) -> Result<Renewal, CertificateError> {
        let now = Instant::now();
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(last.at) < LOOK {
            return Ok(Renewal::Unchanged);
        }
        last.at = now;
        // Looked at before they are read: what changes in between is read once more.
        let changed = self.0.files.changed();
        if changed == last.changed {
            return Ok(Renewal::Unchanged);
        }
        self.reload()?;
        last.changed = changed;
        Ok(Renewal::Renewed)
    }

    /// What shakes hands with this certificate, and offers HTTP/2.
    pub(super) fn config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.0) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What came of a look at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    /// They are as they were, or were not looked at.
    Unchanged,
    /// There is a new certificate.
    Renewed,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl CertificateFiles {
    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).ok()?.modified().ok())
    }

    fn read(&self) -> Result<CertifiedKey, CertificateError> {
        let certificate = read(&self.certificate)?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate)
            .collect::<Result<_, _>>()
            .map_err(|source| CertificateError::Damaged { path: self.certificate.clone(), source })?;
        if chain.is_empty() {
            return Err(CertificateError::NoCertificate { path: self.certificate.clone() });
        }
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?).map_err(|error| match error {
            pem::Error::NoItemsFound => CertificateError::NoKey { path: self.key.clone() },
            source => CertificateError::Damaged { path: self.key.clone(), source },
        })?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::OtherKey { files: self.clone() }
            }
            error => CertificateError::Unusable { files: self.clone(), error },
        })
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, CertificateError> {
    fs::read(path).map_err(|error| CertificateError::Unreadable { path: path.clone(), error })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Which pair is shown.
    fn shown(certificate: &Certificate) -> &'static str {
        let key = certificate.0.key.read().unwrap();
        let pairs = ["first", "second"];
        let is_shown = |pair: &&str| {
            key.cert[0] == CertificateDer::from_pem_file(fixture(&format!("{pair}.pem"))).unwrap()
        };
        pairs.into_iter().find(is_shown).unwrap()
    }

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
    }

    #[test]
    fn files_that_change_are_read_again_once_both_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
        };
        // Each is dated, since two writes may fall within what the file system calls a moment.
        let install = |from: &str, to: &PathBuf, day: u64| {
            fs::write(to, fs::read(fixture(from)).unwrap()).unwrap();
            let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86_400);
            fs::File::options().write(true).open(to).unwrap().set_modified(changed).unwrap();
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            install("first.pem", &files.certificate, 1);
            install("first.key", &files.key, 1);
            let certificate = Certificate::read(files.clone()).unwrap();
            let renew =
                || certificate.renew().map_err(|error| matches!(error, CertificateError::OtherKey { .. }));

            tokio::time::advance(LOOK).await;
            assert_eq!((renew(), shown(&certificate)), (Ok(Renewal::Unchanged), "first"), "as they were");
            install("second.pem", &files.certificate, 2);
            assert_eq!(
                (renew(), shown(&certificate)),
                (Ok(Renewal::Unchanged), "first"),
                "not yet looked at"
            );
            tokio::time::advance(LOOK).await;
            assert_eq!((renew(), shown(&certificate)), (Err(true), "first"), "the key is missing");
            tokio::time::advance(LOOK).await;
            assert_eq!((renew(), shown(&certificate)), (Err(true), "first"), "the key is still missing");
            install("second.key", &files.key, 2);
            tokio::time::advance(LOOK).await;
            assert_eq!((renew(), shown(&certificate)), (Ok(Renewal::Renewed), "second"));
            tokio::time::advance(LOOK).await;
            assert_eq!((renew(), shown(&certificate)), (Ok(Renewal::Unchanged), "second"), "once is enough");
        });
    }
}
