//! Two people who own nothing review a release, sign, and admit it for everybody who reads their folder.

use std::process::{Command, Stdio};

use fence_testkit::ssh::Signer;

use crate::project::Project;

/// A project that has an update of pad-words locked, which was published two days ago and needs a reviewer: its build
/// script is new. Its policy names Ann and Bob as reviewers.
fn held() -> Option<Project> {
    // Whatever it says to this: it was started.
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        eprintln!("skipped: ssh-keygen is not installed, so nobody can sign");
        return None;
    }
    let mut project = Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["pad-words"])]);
    let files = |version: &str, body: &str| {
        let manifest =
            format!("[package]\nname = \"pad-words\"\nversion = \"{version}\"\nedition = \"2021\"\n");
        vec![("Cargo.toml", manifest), ("src/lib.rs", format!("pub fn pad() -> usize {{\n    {body}\n}}\n"))]
    };
    project.release("pad-words", "1.0.0", "2024-01-01T12:00:00Z", &files("1.0.0", "8"));
    let mut newer = files("1.0.1", "16");
    newer.push((
        "build.rs",
        "fn main() {\n    println!(\"cargo::rerun-if-changed=build.rs\");\n}\n".to_owned(),
    ));
    project.release("pad-words", "1.0.1", "2026-08-20T11:00:00Z", &newer);
    project.lock(&("pad-words", "1.0.1", &[]));
    for signer in [ann(), bob(), eve()] {
        let file = format!("home/{}", signer.principal());
        project.write(&file, signer.private_key());
        owner_only(&project, &file);
    }
    project.write("fence/allowed_signers", ann().allowed() + &bob().allowed());
    project.write(
        "fence.toml",
        "[wait]\nbase = \"7 days\"\n\n[feeds.team]\nrole = \"statements\"\npath = \"fence\"\n\
         reviewers = { \"ann@example.org\" = \"high\", \"bob@example.org\" = \"high\" }\n",
    );
    Some(project)
}

fn ann() -> Signer {
    Signer::called("ann")
}

fn bob() -> Signer {
    Signer::called("bob")
}

fn eve() -> Signer {
    Signer::called("eve")
}

/// `ssh-keygen` takes no key that others can read.
fn owner_only(project: &Project, file: &str) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = project.path(file);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Runs a command as `signer`, and dates what it wrote by the project's day.
fn sign(project: &Project, signer: &Signer, line: &str) -> String {
    let who = signer.principal();
    let seen = project.run(&format!("{line} --key home/{who} --as {who}"));
    for file in statements(project).iter().flat_map(|file| [file.clone(), format!("{file}.sig")]) {
        project.date(&file, "2026-08-22");
    }
    project.date("fence/allowed_signers", "2026-08-22");
    // What is seen for the first time is as old as its file; later, it is as new as this machine's clock.
    drop(std::fs::remove_dir_all(project.path("cache")));
    seen
}

/// The statements in the project's folder.
fn statements(project: &Project) -> Vec<String> {
    let folder = project.path("fence/statements");
    let names = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".json"));
    let mut files: Vec<String> = names.map(|name| format!("fence/statements/{name}")).collect();
    files.sort();
    files
}

fn digest(project: &Project) -> String {
    format!("--digest {}", project.digest("pad-words", "1.0.1"))
}

#[test]
fn two_people_review_and_admit() {
    let Some(project) = held() else { return };
    let digest = digest(&project);
    insta::assert_snapshot!("held", project.run("check"));
    insta::assert_snapshot!(
        "ann signs",
        sign(&project, &ann(), &format!("audit pad-words@1.0.1 {digest} -m \"Read all of it.\""))
    );
    insta::assert_snapshot!(
        "bob signs",
        sign(&project, &bob(), &format!("audit pad-words@1.0.1 {digest} -m \"So did I.\""))
    );
    insta::assert_snapshot!("admitted", project.run("check"));
    insta::assert_snapshot!("why it is admitted", project.run("why pad-words"));
    insta::assert_snapshot!("what they signed", project.run("statements"));
    let document = project.stdout("statements --format json");
    let schema = serde_json::from_str(include_str!("../../../../docs/statements.schema.json")).unwrap();
    jsonschema::validate(&schema, &serde_json::from_str(&document).unwrap()).unwrap();
    insta::assert_snapshot!("what they signed, for machines", document);
}

/// An agent that has Ann's key, which no file has; it ends with the test.
struct Agent {
    process: std::process::Child,
    /// Where its socket is.
    _folder: tempfile::TempDir,
}

impl Agent {
    fn with_the_key_of_ann(project: &mut Project) -> Option<Self> {
        // The path of a socket is short.
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent");
        let started =
            Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
        let Ok(process) = started else {
            eprintln!("skipped: ssh-agent is not installed");
            return None;
        };
        let agent = Self { process, _folder: folder };
        let key = project.path(&format!("home/{}", ann().principal()));
        let add = || {
            let mut add = Command::new("ssh-add");
            add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
            add.status().is_ok_and(|status| status.success())
        };
        // It answers as soon as its socket is there.
        assert!(
            (0..1_000).any(|_| add() || {
                std::thread::yield_now();
                false
            }),
            "ssh-add gave the key to no agent"
        );
        std::fs::remove_file(&key).unwrap();
        project.set("SSH_AUTH_SOCK", socket.to_str().unwrap());
        Some(agent)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn a_key_that_only_the_agent_has_signs() {
    let Some(mut project) = held() else { return };
    let Some(_agent) = Agent::with_the_key_of_ann(&mut project) else { return };
    let (digest, who, key) = (digest(&project), ann().principal(), ann().public_key());
    let seen = project.run(&format!(
        "audit pad-words@1.0.1 {digest} -m \"Read all of it.\" --as {who} --key \"key::{key}\""
    ));
    insta::assert_snapshot!("the agent signs", seen);
    let file = statements(&project).remove(0);
    insta::assert_snapshot!("what the agent signed", project.run(&format!("verify {file}")));
}

#[test]
fn nobody_signs_what_was_not_shown() {
    let Some(project) = held() else { return };
    insta::assert_snapshot!(
        "nobody to ask",
        sign(&project, &ann(), "audit pad-words@1.0.1 -m \"Read all of it.\"")
    );
    let other = "00".repeat(32);
    insta::assert_snapshot!(
        "another digest",
        sign(&project, &ann(), &format!("audit pad-words@1.0.1 --digest {other} -m \"Read all of it.\""))
    );
    assert!(!project.path("fence/statements").exists());
}

#[test]
fn who_is_no_reviewer_admits_nothing() {
    let Some(project) = held() else { return };
    let digest = digest(&project);
    // Nobody lists her key.
    insta::assert_snapshot!(
        "eve signs",
        sign(&project, &eve(), &format!("audit pad-words@1.0.1 {digest} -m \"Looks good to me.\""))
    );
    // Nor does her key sign for Ann.
    let line = format!(
        "audit pad-words@1.0.1 {digest} -m \"Ann says so.\" --key home/eve@example.org --as ann@example.org"
    );
    insta::assert_snapshot!("eve as ann", project.run(&line));
    insta::assert_snapshot!("what of it counts", project.run("statements"));
    assert_eq!(project.exit_code("check"), Some(1));
}

#[test]
fn what_is_withdrawn_counts_no_longer() {
    let Some(mut project) = held() else { return };
    let digest = digest(&project);
    sign(&project, &ann(), &format!("audit pad-words@1.0.1 {digest} -m \"Read all of it.\""));
    assert_eq!(project.exit_code("check"), Some(0));
    let file = &statements(&project)[0];
    let id = fence_testkit::publishing::sha256(project.read(file).as_bytes()).to_string();
    insta::assert_snapshot!("good", project.run(&format!("verify {file}")));
    insta::assert_snapshot!(
        "bob withdraws",
        sign(&project, &bob(), &format!("withdraw {file} --digest {id} -m \"Not so.\""))
    );
    insta::assert_snapshot!(
        "ann withdraws",
        sign(&project, &ann(), &format!("withdraw {file} --digest {id} -m \"I missed a line.\""))
    );
    insta::assert_snapshot!("withdrawn", project.run("statements"));
    insta::assert_snapshot!("withdrawn, by itself", project.run(&format!("verify {file}")));
    assert_eq!(project.exit_code("check"), Some(1));
    // Her key may be of the security role as well.
    let policy = project.read("fence.toml") + &format!("\n[security]\nkeys = [\"{}\"]\n", ann().public_key());
    project.write("fence.toml", policy);
    assert_eq!(project.exit_code("check"), Some(1));
    let withdrawal = statements(&project).into_iter().find(|file| file.contains("withdraw")).unwrap();
    insta::assert_snapshot!(
        "a withdrawal of a withdrawal",
        sign(&project, &ann(), &format!("withdraw {withdrawal} -m \"I was right.\""))
    );
}

#[test]
fn a_file_that_was_changed_is_bad() {
    let Some(mut project) = held() else { return };
    let digest = digest(&project);
    sign(&project, &ann(), &format!("approve pad-words@1.0.1 {digest} -m \"I trust them.\""));
    let file = statements(&project).remove(0);
    let changed = project.read(&file).replace("I trust them.", "I trust then.");
    project.write(&file, changed);
    insta::assert_snapshot!("bad", project.run(&format!("verify {file}")));
}

#[test]
fn the_key_and_the_name_are_those_of_git() {
    let Some(mut project) = held() else { return };
    let digest = digest(&project);
    let line = format!("object pad-words@1.0.1 {digest} -m \"A build script for one number?\"");
    insta::assert_snapshot!("git knows nobody", project.run(&line));
    project.write("home/.gitconfig", "[user]\n\temail = ann@example.org\n");
    insta::assert_snapshot!("git signs with openpgp", project.run(&line));
    project.write(
        "home/.gitconfig",
        "[user]\n\temail = ann@example.org\n\tsigningkey = ~/ann@example.org\n[gpg]\n\tformat = ssh\n",
    );
    insta::assert_snapshot!("git signs with ssh", project.run(&line));
}

/// What an audits.toml says, without its comments.
fn records(audits: &str) -> Vec<&str> {
    audits.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn audits_go_to_cargo_vet_and_back() {
    let Some(project) = held() else { return };
    let older = format!("--digest {}", project.digest("pad-words", "1.0.0"));
    let newer = digest(&project);
    for (signer, line) in [
        (ann(), format!("audit pad-words@1.0.0 {older} -m \"Read all of it:\nit is short.\"")),
        (
            ann(),
            format!(
                "audit pad-words@1.0.1 --from 1.0.0 {newer} {older} --criteria reads-well --criteria safe-to-run \
                 --until 2027-01-01 -m \"A build script, and a number.\""
            ),
        ),
        (ann(), format!("object pad-words@1.0.1 {newer} -m \"Why 16?\"")),
        (bob(), format!("audit pad-words@1.0.0 {older} --machine -m \"No finding.\"")),
        (bob(), format!("audit pad-words@1.0.1 {newer} -m \"So did I.\"")),
        (bob(), format!("audit pad-words@1.0.1 {newer} -m \"I think so.\"")),
        (eve(), format!("audit pad-words@1.0.1 {newer} -m \"Looks good to me.\"")),
    ] {
        sign(&project, &signer, &line);
    }
    let hasty = statements(&project).into_iter().find(|file| project.read(file).contains("I think so."));
    let hasty = hasty.unwrap();
    let id = fence_testkit::publishing::sha256(project.read(&hasty).as_bytes());
    sign(&project, &bob(), &format!("withdraw {hasty} --digest {id} -m \"I slept.\""));
    let exported = project.stdout("statements --format cargo-vet");
    insta::assert_snapshot!("what cargo-vet is given", project.run("statements --format cargo-vet"));

    // Elsewhere nothing was signed, and two people have nothing but that file.
    let mut other = held().unwrap();
    other.write("audits.toml", &exported);
    insta::assert_snapshot!("nobody to ask about audits", sign(&other, &ann(), "audit --import audits.toml"));
    assert!(!other.path("fence/statements").exists());
    insta::assert_snapshot!(
        "ann signs what she audited",
        sign(&other, &ann(), &format!("audit --import audits.toml {older} {newer} {older}"))
    );
    sign(&other, &bob(), &format!("audit --import audits.toml {newer}"));
    assert_eq!(records(&other.stdout("statements --format cargo-vet")), records(&exported));
    insta::assert_snapshot!(
        "what cargo-vet is given of one release",
        other.run("statements pad-words@1.0.0 --format cargo-vet")
    );
}

#[test]
fn what_cannot_be_signed_of_audits_is_told() {
    let Some(mut project) = held() else { return };
    let ann_is = "who = \"Ann Lee <ann@example.org>\"\ncriteria = \"safe-to-deploy\"\n";
    let window = "user-id = 7\nstart = \"2026-01-01\"\nend = \"2026-12-31\"\n";
    project.write(
        "audits.toml",
        format!(
            "[[audits.pad-words]]\n{ann_is}version = \"1.0.0\"\n\n\
             [[audits.pad-words]]\n{ann_is}violation = \"<1.0.0\"\nnotes = \"It ate spaces.\"\n\n\
             [[audits.pad-words]]\n{ann_is}version = \"1.0.1@git:{}\"\nnotes = \"Read.\"\n\n\
             [[audits.pad-words]]\n{ann_is}notes = \"Read.\"\n\n\
             [[audits.pad-words]]\nwho = \"Bob\"\ncriteria = \"safe-to-run\"\nversion = \"1.0.1\"\n\n\
             [[wildcard-audits.pad-words]]\n{ann_is}{window}\n\
             [[trusted.pad-words]]\ncriteria = \"safe-to-deploy\"\n{window}",
            "a1".repeat(20)
        ),
    );
    let older = project.digest("pad-words", "1.0.0");
    let mut seen = vec![sign(&project, &ann(), "audit --import audits.toml")];
    seen.push(sign(
        &project,
        &ann(),
        &format!("audit --import audits.toml --digest {older} -m \"Read it then.\""),
    ));
    for line in
        ["audit --import none.toml", "audit --import Cargo.lock", "audit --import home/eve@example.org"]
    {
        seen.push(sign(&project, &eve(), line));
    }
    for line in ["audit -m x", "audit pad-words@1.0.1 --import audits.toml", "audit pad-words@1.0.1"] {
        seen.push(project.run(line));
    }
    insta::assert_snapshot!(seen.join("\n\n"));
}

#[test]
fn who_signs_is_told_who_listens() {
    let Some(mut project) = held() else { return };
    let digest = digest(&project);
    project.write("fence/allowed_signers", ann().allowed() + &bob().allowed() + &eve().allowed());
    let line = format!("audit pad-words@1.0.1 {digest} -m \"Read all of it.\"");
    let told = |seen: String| {
        let warnings = seen
            .lines()
            .skip_while(|line| !line.starts_with("warning"))
            .take_while(|line| line != &"pad-words 1.0.1");
        warnings.collect::<Vec<_>>().join("\n")
    };
    let mut seen = vec![told(sign(&project, &eve(), &line))];
    project.write("fence.toml", "");
    seen.push(told(sign(&project, &ann(), &line)));
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn mistakes_are_told() {
    let Some(project) = held() else { return };
    let mut seen = Vec::new();
    for line in [
        "audit pad-words -m \"x\"",
        "audit pad-words@1.0.1 -m \" \"",
        "audit pad-words@1.0.1 --from 1.0.1 -m x",
        "audit pad-words@1.0.1 pad-words@1.0.0 --from 0.9.0 -m x",
        "approve pad-words@1.0.1 --rests-on diff -m x",
        "approve pad-words@1.0.1 --rests-on audit --from 1.0.0 -m x",
        "approve pad-words@1.0.1 --until 2020-01-01 -m x",
        "audit pad-words@1.0.1 --criteria \"Safe to deploy\" -m x",
        "audit pad-words@1.0.1 --as \"ann,bob\" -m x",
        "verify fence.toml",
        "audit pad-words@1.0.1 -m x --locked",
    ] {
        let who =
            if line.contains("--as") || line.starts_with("verify") { "" } else { " --as ann@example.org" };
        let key = if line.starts_with("verify") { "" } else { " --key home/ann@example.org" };
        seen.push(project.run(&format!("{line}{key}{who}")));
    }
    insta::assert_snapshot!(seen.join("\n\n"));
}
