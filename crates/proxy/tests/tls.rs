//! The server beneath TLS, with certificates made for the tests beside it.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Fake, Fence, get, index, settings};
use fence_proxy::answer::View;
use fence_proxy::server::{BindError, CertificateFiles, Server, Settings};
use hyper::http::Request;
use hyper::{StatusCode, Version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

fn files(pair: &str) -> CertificateFiles {
    CertificateFiles { certificate: fixture(&format!("{pair}.pem")), key: fixture(&format!("{pair}.key")) }
}

fn fence(files: CertificateFiles) -> Fence {
    let fake = Fake::default().says("/crates-io/se/rd/serde", index("{\"name\":\"serde\"}\n", View::Current));
    Fence::with(Settings { certificate: Some(files), ..settings() }, fake)
}

/// Shakes hands as a client that knows the certificate of this pair and none other.
async fn shake_hands(address: SocketAddr, pair: &str, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(files(pair).certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::from(address.ip()), stream).await
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
