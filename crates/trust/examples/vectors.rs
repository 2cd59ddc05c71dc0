//! Makes the vectors of `tests/vectors` anew: `cargo run -p fence-trust --example vectors`. Keys of Ed25519 and ECDSA and
//! their signatures come from the installed `ssh-keygen`, and the private halves are thrown away; those of security keys
//! are made in software after OpenSSH's PROTOCOL.u2f and PROTOCOL.sshsig.

#![allow(clippy::unwrap_used, reason = "a tool that cannot go on says where")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fence_evidence::Limits;
use fence_evidence::crev::Reader;
use fence_evidence::statement::{self, Content, RestsOn, Statement, Subject};
use fence_model::{Digest, ReleaseId};
use fence_trust::KeyKind;

#[path = "../tests/support/mod.rs"]
mod support;

use support::{Known, digest, put, seconds, security_key};

const APPROVE: &str = "fence-approve@cargo-fence";
const NOON: &str = "2026-11-30T12:00:00Z";

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    fs::create_dir_all(&folder).unwrap();
    let keys = tempfile::tempdir().unwrap();
    let line = |name: &str, kind: &str| {
        let file = keys.path().join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", name, "-t", kind, "-f"])
            .arg(&file)
            .status();
        assert!(made.unwrap().success());
        fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned()
    };
    let cem = security_key(KeyKind::SkEd25519, 3, 1);
    let dee = security_key(KeyKind::SkEcdsaP256, 4, 5);
    let idle = [security_key(KeyKind::SkEd25519, 3, 0), security_key(KeyKind::SkEcdsaP256, 4, 4)];
    let web = security_key(KeyKind::SkEd25519, 5, 1).made_for("web:example.org");
    let gus = line("gus", "ed25519");
    let signers = [
        "# Made for these vectors; nobody holds the private keys.".to_owned(),
        format!("ann@example.org namespaces=\"fence-*@cargo-fence\" {}", line("ann", "ed25519")),
        format!("bob@example.org {}", line("bob", "ecdsa")),
        format!("cem@example.org {}", cem.line()),
        format!("dee@example.org {}", dee.line()),
        format!("eve@example.org valid-before=\"20261001Z\" {}", line("eve", "ed25519")),
        format!("fay@example.org valid-after=\"20270101Z\" {}", line("fay", "ed25519")),
        format!("gus@example.org {gus}"),
        format!("ivy@example.org namespaces=\"git\" {}", line("ivy", "ed25519")),
        format!("kim@example.org {}", small_order_key()),
    ];
    line("hal", "ed25519");
    write(&folder, "allowed_signers", &format!("{}\n", signers.join("\n")));
    write(&folder, "revoked_keys", &format!("# Stolen.\n{gus}\n"));

    let sign = |name: &str, namespace: &str, message: &[u8]| {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(keys.path().join(name));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), message).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let mut cases = Cases { folder: &folder, known: known(&folder), lines: Vec::new() };

    let ann = bytes(&approve("ann"));
    let by_ann = sign("ann", APPROVE, &ann);
    cases.add("approve-ed25519", &ann, &by_ann, NOON, Some(("itoa", "1.0.15", digest(0x15))));
    let object = bytes(&objection("bob"));
    let by_bob = sign("bob", "fence-object@cargo-fence", &object);
    cases.add("object-ecdsa", &object, &by_bob, NOON, Some(("itoa", "1.0.15", digest(0x15))));
    let full = bytes(&audit("cem", None));
    let by_cem = cem.sign("fence-audit@cargo-fence", &full);
    cases.add("audit-full-sk-ed25519", &full, &by_cem, NOON, Some(("itoa", "1.0.15", digest(0x15))));
    let delta = bytes(&audit("dee", Some(vec![subject("itoa", "1.0.14", 0x14)])));
    let by_dee = dee.sign("fence-audit@cargo-fence", &delta);
    cases.add("audit-delta-sk-ecdsa", &delta, &by_dee, NOON, Some(("itoa", "1.0.15", digest(0x15))));
    let many = bytes(&revocation("ann"));
    let by_ann_many = sign("ann", "fence-revoke@cargo-fence", &many);
    cases.add("revoke-many-ed25519", &many, &by_ann_many, NOON, Some(("ryu", "1.0.5+build.7", digest(0x52))));
    let withdraw = bytes(&withdrawal("bob", statement::id(&object)));
    let by_bob_again = sign("bob", "fence-withdraw@cargo-fence", &withdraw);
    cases.add("withdraw-ecdsa", &withdraw, &by_bob_again, NOON, None);
    let eve = bytes(&approve("eve"));
    let by_eve = sign("eve", APPROVE, &eve);
    cases.add("valid-before", &eve, &by_eve, "2026-10-01T00:00:00Z", None);

    cases.add("other-namespace", &ann, &sign("ann", "fence-audit@cargo-fence", &ann), NOON, None);
    cases.add("approve-ed25519", &ann, &by_ann, NOON, Some(("itoa", "1.0.15", digest(0x16))));
    cases.add("approve-ed25519", &ann, &by_ann, NOON, Some(("itoa", "1.0.14", digest(0x15))));
    cases.add("revoke-many-ed25519", &many, &by_ann_many, NOON, Some(("ryu", "1.0.5", digest(0x52))));
    cases.add("withdraw-ecdsa", &withdraw, &by_bob_again, NOON, Some(("itoa", "1.0.15", digest(0x15))));
    cases.add("not-present-sk-ed25519", &full, &idle[0].sign("fence-audit@cargo-fence", &full), NOON, None);
    cases.add("not-present-sk-ecdsa", &delta, &idle[1].sign("fence-audit@cargo-fence", &delta), NOON, None);
    let application = bytes(&approve("web"));
    cases.add("other-application-sk-ed25519", &application, &web.armour(APPROVE, &application), NOON, None);
    cases.add("expired", &eve, &by_eve, "2026-10-01T00:00:01Z", None);
    let fay = bytes(&approve("fay"));
    cases.add("not-yet-valid", &fay, &sign("fay", APPROVE, &fay), NOON, None);
    let gus = bytes(&approve("gus"));
    cases.add("revoked", &gus, &sign("gus", APPROVE, &gus), NOON, None);
    let hal = bytes(&approve("hal"));
    cases.add("unknown-principal", &hal, &sign("hal", APPROVE, &hal), NOON, None);
    cases.add("other-key", &ann, &sign("bob", APPROVE, &ann), NOON, None);
    let ivy = bytes(&approve("ivy"));
    cases.add("namespace-not-allowed", &ivy, &sign("ivy", APPROVE, &ivy), NOON, None);
    let altered = String::from_utf8(ann.clone()).unwrap().replace("1.0.15", "1.0.16");
    cases.add("altered-statement", altered.as_bytes(), &by_ann, NOON, None);
    let spaced = String::from_utf8(ann.clone()).unwrap().replace("\"predicate\":", "\"predicate\": ");
    cases.add("not-canonical", spaced.as_bytes(), &sign("ann", APPROVE, spaced.as_bytes()), NOON, None);
    cases.add("not-canonical-armour", &ann, &by_ann.replace('\n', "\r\n"), NOON, None);
    let rsa = bytes(&approve("rsa"));
    line("rsa", "rsa");
    cases.add("other-kind-of-key", &rsa, &sign("rsa", APPROVE, &rsa), NOON, None);
    let kim = bytes(&approve("kim"));
    cases.add("small-order-ed25519", &kim, &small_order_signature(), NOON, None);

    let head = "# Statement and signature NAME.json and NAME.json.sig | known at | release that is judged | what comes of it";
    write(&folder, "cases.txt", &format!("{head}\n{}\n", cases.lines.join("\n")));
}

struct Cases<'a> {
    folder: &'a Path,
    known: Known,
    lines: Vec<String>,
}

impl Cases<'_> {
    fn add(
        &mut self,
        name: &str,
        bytes: &[u8],
        signature: &str,
        at: &str,
        release: Option<(&str, &str, Digest)>,
    ) {
        fs::write(self.folder.join(format!("{name}.json")), bytes).unwrap();
        write(self.folder, &format!("{name}.json.sig"), signature);
        let outcome = match self.known.open(bytes, signature.as_bytes(), seconds(at), release) {
            Ok((statement, how)) => format!("{}: {how}", statement.kind()),
            Err(words) => format!("refused: {words}"),
        };
        let release = release
            .map_or_else(|| "-".to_owned(), |(name, version, digest)| format!("{name} {version} {digest}"));
        self.lines.push(format!("{name} | {at} | {release} | {outcome}"));
    }
}

fn known(folder: &Path) -> Known {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    Known::new(&read("allowed_signers"), &read("revoked_keys"))
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn bytes(statement: &Statement) -> Vec<u8> {
    statement::write(statement, &Limits::default()).unwrap()
}

fn says(signer: &str, comment: &str, content: Content) -> Statement {
    Statement {
        signer: format!("{signer}@example.org").parse().unwrap(),
        made: "2026-11-30T10:00:00Z".parse().unwrap(),
        comment: comment.into(),
        content,
    }
}

fn subject(name: &str, version: &str, byte: u8) -> Subject {
    let release = ReleaseId { name: name.parse().unwrap(), version: version.parse().unwrap() };
    Subject { release, digest: digest(byte) }
}

fn approve(signer: &str) -> Statement {
    let releases = vec![subject("itoa", "1.0.15", 0x15)];
    let until = None;
    says(
        signer,
        "Made by people I know.",
        Content::Approve { releases, rests_on: RestsOn::Trust, reader: Reader::Person, until },
    )
}

fn objection(signer: &str) -> Statement {
    let releases = vec![subject("itoa", "1.0.15", 0x15)];
    let until = Some("2026-12-31T00:00:00Z".parse().unwrap());
    says(
        signer,
        "It \"phones home\":\nsee src\\lib.rs — §2.",
        Content::Object { releases, reader: Reader::Machine, until },
    )
}

fn audit(signer: &str, bases: Option<Vec<Subject>>) -> Statement {
    let releases = vec![subject("itoa", "1.0.15", 0x15)];
    let criteria = vec!["safe-to-deploy".into(), "safe-to-run".into()];
    says(signer, "Read.", Content::Audit { releases, bases, criteria, reader: Reader::Person, until: None })
}

fn revocation(signer: &str) -> Statement {
    let releases = vec![
        subject("ryu", "1.0.5+build.7", 0x52),
        subject("itoa", "1.0.15", 0x15),
        subject("ryu", "1.0.4", 0x51),
    ];
    says(signer, "Malware.", Content::Revoke { releases })
}

fn withdrawal(signer: &str, statement: Digest) -> Statement {
    says(signer, "I was wrong.", Content::Withdraw { statements: vec![statement] })
}

/// A key of small order: the neutral point.
fn small_order_key() -> String {
    use base64::Engine as _;
    let mut blob = Vec::new();
    put(&mut blob, b"ssh-ed25519");
    put(&mut blob, &neutral());
    format!("ssh-ed25519 {}", base64::engine::general_purpose::STANDARD.encode(blob))
}

fn neutral() -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = 1;
    point
}

/// Under that key, the signature that a lax reader takes for one over any text: R neutral, s zero.
fn small_order_signature() -> String {
    let key = fence_trust::PublicKey::parse(&small_order_key()).unwrap();
    let mut answer = Vec::new();
    put(&mut answer, b"ssh-ed25519");
    put(&mut answer, &[neutral(), [0; 32]].concat());
    fence_trust::Signature::of(&key, APPROVE, &answer).unwrap().format()
}
