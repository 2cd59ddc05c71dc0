//! The server beneath TLS, with certificates made for the tests beside it.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fmt::Write as _;
use std::fs;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Fake, Fence, get, index, settings};
use fence_proxy::answer::View;
use fence_proxy::server::{BindError, CertificateFiles, Server, Settings};
use hyper::http::Request;
use hyper::{StatusCode, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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
async fn shake_hands(
    address: SocketAddr,
    pair: &str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
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

#[test]
fn http11_is_spoken_beneath_tls() {
    let fence = fence(files("first"));
    for protocols in [&["http/1.1"][..], &[]] {
        let reply = wait(async {
            let mut stream = shake_hands(fence.address, "first", protocols).await.unwrap();
            let request = get("/crates-io/se/rd/serde").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut reply = String::new();
            stream.read_to_string(&mut reply).await.unwrap();
            reply
        });
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(reply.ends_with("\r\n\r\n{\"name\":\"serde\"}\n"), "{reply}");
    }
}

#[test]
fn http2_is_agreed_upon_beneath_tls() {
    let fence = fence(files("first"));
    wait(async {
        let stream = shake_hands(fence.address, "first", &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut client = client.ready().await.unwrap();
        // All at once, on one connection.
        let asked = ["/crates-io/se/rd/serde", "/healthz", "/nothing"].map(|path| {
            let request = Request::get(format!("https://localhost{path}")).version(Version::HTTP_2).body(());
            client.send_request(request.unwrap(), true).unwrap().0
        });
        let mut replies = Vec::new();
        for reply in asked {
            let (head, mut body) = reply.await.unwrap().into_parts();
            let mut text = Vec::new();
            while let Some(data) = body.data().await {
                text.extend_from_slice(&data.unwrap());
            }
            replies.push((head.status, String::from_utf8(text).unwrap()));
        }
        assert_eq!(
            replies,
            [
                (StatusCode::OK, "{\"name\":\"serde\"}\n".to_owned()),
                (StatusCode::OK, "ok".to_owned()),
                (StatusCode::NOT_FOUND, "nothing here that cargo would ask for".to_owned()),
            ]
        );
    });
}

#[test]
fn an_upgrade_is_not_taken_beneath_tls() {
    let fence = fence(files("first"));
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    let reply = wait(async {
        let mut stream = shake_hands(fence.address, "first", &[]).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    });
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\nok"), "{reply}");
}

#[test]
fn a_renewed_certificate_is_shown_to_new_clients() {
    let folder = tempfile::tempdir().unwrap();
    let installed = CertificateFiles {
        certificate: folder.path().join("certificate.pem"),
        key: folder.path().join("key.pem"),
    };
    let install = |pair: &str| {
        let CertificateFiles { certificate, key } = files(pair);
        fs::copy(certificate, &installed.certificate).unwrap();
        fs::copy(key, &installed.key).unwrap();
    };
    install("first");
    let fence = fence(installed.clone());
    let accepted = |pair| wait(shake_hands(fence.address, pair, &[])).is_ok();
    assert!(accepted("first") && !accepted("second"));
    install("second");
    assert!(accepted("first") && !accepted("second"), "nobody has looked yet");
    fence.reload_certificate();
    assert!(accepted("second") && !accepted("first"));
}

#[test]
fn who_speaks_no_tls_gets_nowhere_and_stops_nobody() {
    let fence = fence(files("first"));
    let mut client = fence.connect();
    client.send(get("/healthz"));
    assert!(!String::from_utf8_lossy(&client.rest()).contains("HTTP"));
    assert!(wait(shake_hands(fence.address, "first", &[])).is_ok());
}

/// What is wrong with these settings, with paths and ports that change as words.
fn check(settings: Settings) -> String {
    let port = format!("port {}", settings.address.port());
    let error = wait(Server::bind(settings)).expect_err("these settings are no use");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/");
    error.to_string().replace(folder.to_str().unwrap(), "").replace(&port, "port PORT")
}

#[test]
fn settings_that_are_no_use_are_refused_with_what_to_do() {
    let taken = TcpListener::bind(settings().address).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let with = |change: &dyn Fn(&mut CertificateFiles)| {
        let mut files = files("first");
        change(&mut files);
        Settings { certificate: Some(files), ..settings() }
    };
    let half = fs::read_to_string(fixture("first.pem")).unwrap().replace("-----END", "");
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let mut shown = String::new();
    for (name, settings) in [
        ("port taken", Settings::at(taken.local_addr().unwrap())),
        ("not this machine's", Settings::at(SocketAddr::from(([192, 0, 2, 1], 0)))),
        ("no certificate file", with(&|files| files.certificate = fixture("none.pem"))),
        ("no key file", with(&|files| files.key = fixture("none.key"))),
        ("key for certificate", with(&|files| files.certificate = files.key.clone())),
        ("certificate for key", with(&|files| files.key = files.certificate.clone())),
        ("another's key", with(&|files| files.key = fixture("second.key"))),
        ("half a certificate", with(&|files| files.certificate = written("half.pem", &half))),
        ("no key of any kind", with(&|files| files.key = written("no.key", no_key))),
    ] {
        let _ = writeln!(shown, "# {name}\n{}\n", check(settings));
    }
    let reserved = BindError::PortReserved { address: SocketAddr::from(([127, 0, 0, 1], 443)) };
    let _ = writeln!(shown, "# reserved\n{reserved}");
    insta::assert_snapshot!(shown.replace(&format!("{}/", folder.path().display()), ""));
}
