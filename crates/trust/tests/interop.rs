//! The installed `ssh-keygen` and this crate believe each other: what one signs the other opens, and what is accepted
//! here is accepted there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fence_trust::{AllowedSigners, Expected, KeyKind, RevokedKeys, Signature, open};

mod support;

use support::{Key, key, security_key, ssh_keygen};

const NAMESPACE: &str = "fence-approve@cargo-fence";
const MESSAGE: &[u8] = b"what is signed\n";
/// 2026-11-30T12:00:00Z.
const NOW: i64 = 1_796_040_000;

/// Whether `ssh-keygen -Y verify` says that this is a good signature, and what it says.
struct Asked<'a> {
    namespace: &'a str,
    principal: &'a str,
    signers: &'a [u8],
    revoked: &'a [u8],
    time: &'a str,
}

impl Asked<'_> {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Option<Result<(), String>> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let mut command = ssh_keygen()?;
        command.args(["-Y", "verify", "-n", self.namespace, "-I", self.principal]);
        command.arg("-f").arg(file("signers", self.signers)).arg("-s").arg(file("sig", signature));
        command.arg("-r").arg(file("revoked", self.revoked)).arg(format!("-Overify-time={}", self.time));
        // Times without a zone would be those of this one.
        command.env("TZ", "Pacific/Auckland");
        let said = run(&mut command, message);
        Some(if said.0 { Ok(()) } else { Err(said.1) })
    }
}

fn run(command: &mut Command, input: &[u8]) -> (bool, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have gone before it read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_ssh_keygen_signs_is_opened() {
    let Some(_) = ssh_keygen() else { return };
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ed25519", "ecdsa"] {
        let file = folder.path().join(kind);
        let mut make = ssh_keygen().unwrap();
        assert!(run(make.args(["-q", "-N", "", "-t", kind, "-f"]).arg(&file), b"").0);
        let public = fs::read_to_string(file.with_extension("pub")).unwrap();
        for hash in ["sha256", "sha512"] {
            fs::write(folder.path().join("message"), MESSAGE).unwrap();
            let signature = folder.path().join("message.sig");
            let _ = fs::remove_file(&signature);
            let mut sign = ssh_keygen().unwrap();
            sign.args(["-Y", "sign", "-n", NAMESPACE, &format!("-Ohashalg={hash}"), "-f"]).arg(&file);
            let (signed, said) = run(sign.arg(folder.path().join("message")), b"");
            assert!(signed, "{said}");
            let signature = Signature::parse(&fs::read(&signature).unwrap()).unwrap();
            let signers = AllowedSigners::parse(format!("ann@example.org {public}").as_bytes()).signers;
            let expected = Expected {
                namespace: NAMESPACE,
                principal: "ann@example.org",
                at: NOW,
                signers: &signers,
                revoked: &RevokedKeys::default(),
            };
            let opened = open(MESSAGE, &signature, &expected).unwrap();
            assert_eq!((opened.key.to_string() + " ").as_str(), &public[..opened.key.to_string().len() + 1]);
            assert!(open(b"else", &signature, &expected).is_err());
            // Its fingerprint is the one that people compare.
            let mut list = ssh_keygen().unwrap();
            let listed = list.args(["-l", "-f"]).arg(file.with_extension("pub")).output().unwrap();
            assert!(String::from_utf8_lossy(&listed.stdout).contains(&*opened.key.fingerprint()));
        }
    }
}

#[test]
fn what_is_signed_here_ssh_keygen_verifies() {
    for key in [
        key(1),
        security_key(KeyKind::SkEd25519, 2, 1),
        security_key(KeyKind::SkEcdsaP256, 3, 5),
        Key::of(KeyKind::EcdsaP256, 4),
    ] {
        let signers = format!("ann@example.org {}\n", key.line());
        let asked = Asked {
            namespace: NAMESPACE,
            principal: "ann@example.org",
            signers: signers.as_bytes(),
            revoked: b"",
            time: "20261130120000Z",
        };
        let signature = key.sign(NAMESPACE, MESSAGE);
        let Some(said) = asked.verify(MESSAGE, signature.as_bytes()) else { return };
        assert_eq!(said, Ok(()));
        assert!(asked.verify(b"else", signature.as_bytes()).unwrap().is_err());
    }
}

#[test]
fn every_vector_that_is_accepted_ssh_keygen_accepts() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (signers, revoked) = (read("allowed_signers"), read("revoked_keys"));
    let cases = String::from_utf8(read("cases.txt")).unwrap();
    for line in cases.lines().filter(|line| !line.starts_with('#')) {
        let [name, at, _, outcome] = line.splitn(4, " | ").collect::<Vec<_>>().try_into().unwrap();
        let message = read(&format!("{name}.json"));
        let text = String::from_utf8_lossy(&message).into_owned();
        let between = |start: &str| text.split_once(start).unwrap().1.split_once('"').unwrap().0.to_owned();
        let kind = between("urn:fence:").split_once(':').unwrap().0.to_owned();
        let asked = Asked {
            namespace: &format!("fence-{kind}@cargo-fence"),
            principal: &between("\"signer\":\""),
            signers: &signers,
            revoked: &revoked,
            time: &at.replace(['-', ':', 'T'], ""),
        };
        let Some(said) = asked.verify(&message, &read(&format!("{name}.json.sig"))) else { return };
        let is_refused = outcome.starts_with("refused");
        assert!(is_refused || said.is_ok(), "{name}: {said:?}");
    }
}

/// Lines of allowed signers, with what becomes of them here: nobody is let in here who is not let in there. What becomes of
/// them there is in no snapshot: it may change with the installed version.
#[test]
fn allowed_signers_mean_what_they_mean_to_ssh_keygen() {
    let ann = key(1);
    let line = ann.line();
    let signature = ann.sign(NAMESPACE, MESSAGE);
    let lines = [
        format!("ann@example.org {line}"),
        format!("  ann@example.org\t{line} a comment\r"),
        format!("\"ann@example.org\" {line}"),
        format!("\"ann@example.org\"{line}"),
        format!("\"ann@example.org {line}"),
        format!("ann@exa\"mple.org\" {line}"),
        format!("*@example.org,!bob@* {line}"),
        format!("*@example.org,!ann@* {line}"),
        format!("bob@example.org,ann@example.org {line}"),
        format!("ANN@example.org {line}"),
        format!("ann@example.org, {line}"),
        format!("a?n@*.org namespaces=\"fence-*@cargo-fence\" {line}"),
        format!("ann@example.org NameSpaces=\"git,fence-approve@cargo-fence\" {line}"),
        format!("ann@example.org namespaces=\"git\" {line}"),
        format!("ann@example.org namespaces=\"*,!fence-approve@*\" {line}"),
        format!("ann@example.org namespaces=fence-approve@cargo-fence {line}"),
        format!("ann@example.org namespaces=\"fence-approve@cargo-fence {line}"),
        format!("ann@example.org namespaces=\"a b,*\" {line}"),
        format!("ann@example.org namespaces=\"\" {line}"),
        format!("ann@example.org namespaces=\"*\",namespaces=\"*\" {line}"),
        format!("ann@example.org namespaces=\"*\", {line}"),
        format!("ann@example.org namespaces=\"*\"x {line}"),
        format!("ann@example.org ,namespaces=\"*\" {line}"),
        format!("ann@example.org valid-after=\"20261130Z\",valid-before=\"20261201Z\" {line}"),
        format!("ann@example.org valid-after=\"20261130120000Z\" {line}"),
        format!("ann@example.org valid-after=\"20261130120001Z\" {line}"),
        format!("ann@example.org valid-before=\"202611301200Z\" {line}"),
        format!("ann@example.org valid-before=\"20261130115959Z\" {line}"),
        format!("ann@example.org valid-before=\"20261201\" {line}"),
        format!("ann@example.org valid-before=\"20261131Z\" {line}"),
        format!("ann@example.org valid-before=\"19700101Z\" {line}"),
        format!("ann@example.org valid-after=\"20270101Z\",valid-before=\"20260101Z\" {line}"),
        format!("ann@example.org cert-authority {line}"),
        format!("ann@example.org no-touch-required {line}"),
        format!("ann@example.org {}", line.replace("ssh-ed25519", "ssh-rsa")),
        format!("ann@example.org {}", &line[..line.len() - 4]),
        format!("ann@example.org {}", line.replace("ssh-ed25519 ", "")),
        "ann@example.org".to_owned(),
        format!("# ann@example.org {line}"),
        format!("nobody@example.org cert-authority {line}\nann@example.org {line}"),
    ];
    let mut table = Vec::new();
    for text in lines {
        let file = format!("{text}\n");
        let asked = Asked {
            namespace: NAMESPACE,
            principal: "ann@example.org",
            signers: file.as_bytes(),
            revoked: b"",
            time: "20261130120000Z",
        };
        let Some(there) = asked.verify(MESSAGE, signature.as_bytes()) else { return };
        let parsed = AllowedSigners::parse(asked.signers);
        let expected = Expected {
            namespace: NAMESPACE,
            principal: "ann@example.org",
            at: NOW,
            signers: &parsed.signers,
            revoked: &RevokedKeys::default(),
        };
        let here = open(MESSAGE, &Signature::parse(signature.as_bytes()).unwrap(), &expected);
        assert!(there.is_ok() || here.is_err(), "let in here alone: {text}\n{there:?}");
        let words = match (&here, parsed.problems.first()) {
            (Ok(_), _) => "let in".to_owned(),
            (Err(_), Some(problem)) => problem.error.to_string(),
            (Err(refusal), None) => refusal.to_string(),
        };
        let shown =
            text.replace(line.split(' ').nth(1).unwrap(), "KEY").replace(&line[12..line.len() - 4], "CUT");
        table.push(format!("{shown:?}\n    {words}"));
    }
    insta::assert_snapshot!(table.join("\n"));
}

impl Key {
    fn of(kind: KeyKind, seed: u8) -> Self {
        security_key(kind, seed, 0)
    }
}

/// Nothing of this is left behind.
#[test]
fn the_vectors_hold_no_private_keys() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("PRIVATE KEY"));
    }
}
