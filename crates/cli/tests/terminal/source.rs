//! `source`: a package beside the repository that it says it was made from.

use insta::assert_snapshot;
use serde_json::Value;

use crate::project::Project;

const LIBRARY: &str = "/// Pads a word.\npub fn pad(word: &str) -> String {\n    format!(\"{word:>8}\")\n}\n";
const WRITTEN: &str = "[package]\nname = \"pad-words\"\nversion = \"1.0.1\"\nreadme = \"../README.md\"\n\
                       repository = \"https://forge.example/pad/words/tree/main/words\"\n";
/// What cargo would make of it.
const MADE: &str = "[package]\nname = \"pad-words\"\nversion = \"1.0.1\"\nreadme = \"README.md\"\n\
                    repository = \"https://forge.example/pad/words/tree/main/words\"\n";

/// A repository in the project's folder, with the crate in `words`.
fn with_a_repository() -> Project {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[]);
    project.write("repo/README.md", "Pads words.\n");
    project.write("repo/words/Cargo.toml", WRITTEN);
    project.write("repo/words/src/lib.rs", LIBRARY);
    project.write("repo/words/tests/pads.rs", "#[test]\nfn pads() {}\n");
    git(&project, &["init", "--quiet", "--initial-branch=main"]);
    commit(&project, "Ann", "ann@forge.example");
    project
}

fn git(project: &Project, words: &[&str]) {
    project.git(&[&["-C", "repo"], words].concat());
}

/// Commits all that is in the repository, by somebody.
fn commit(project: &Project, name: &str, email: &str) {
    git(project, &["add", "--all"]);
    let author = format!("--author={name} <{email}>");
    git(project, &["commit", "--quiet", "--allow-empty", "--message", "a change", &author]);
}

fn head(project: &Project) -> String {
    project.read("repo/.git/refs/heads/main").trim().to_owned()
}

/// A package in the folder `package`, as cargo would make it from that commit, with what somebody puts into it.
fn pack(project: &mut Project, folder: &str, commit: &str, more: &[(&str, &str)]) {
    let info = format!("{{\"git\":{{\"sha1\":\"{commit}\"}},\"path_in_vcs\":\"words\"}}");
    let files = [
        (".cargo_vcs_info.json", info.as_str()),
        ("Cargo.toml", MADE),
        ("Cargo.toml.orig", WRITTEN),
        ("Cargo.lock", "version = 4\n"),
        ("README.md", "Pads words.\n"),
        ("src/lib.rs", LIBRARY),
    ];
    for (path, text) in files.iter().chain(more) {
        project.write(&format!("{folder}/{path}"), text);
    }
}

#[test]
fn a_package_is_what_its_repository_has() {
    let mut project = with_a_repository();
    let first = head(&project);
    pack(&mut project, "old", &first, &[]);
    commit(&project, "Bob", "bob@forge.example");
    commit(&project, "Ann", "Ann@elsewhere.example");
    git(&project, &["tag", "pad-words-v1.0.1"]);
    let second = head(&project);
    pack(&mut project, "package", &second, &[]);
    let seen = project.run("source package --offline --repository repo --from old --fail-on-difference");
    assert_snapshot!("all is the repository's", seen.replace(&second, "SECOND"));
}

#[test]
fn what_is_in_the_package_alone_is_shown_first() {
    let mut project = with_a_repository();
    let first = head(&project);
    git(&project, &["tag", "pad-words-v1.0.1"]);
    // Somebody made the package from a commit that no branch has any more.
    commit(&project, "Mallory", "m@forge.example");
    let gone = head(&project);
    git(&project, &["reset", "--quiet", "--hard", "HEAD~"]);
    let evil = LIBRARY.replace("{word", "{\u{202e}word");
    let made = format!("{MADE}[dependencies.helper]\nversion = \"1\"\n");
    pack(
        &mut project,
        "package",
        &gone,
        &[
            ("src/lib.rs", &evil),
            ("Cargo.toml", &made),
            ("build.rs", "fn main() {\n    run();\n}\n"),
            ("src/\u{1b}[2Jx.rs", "fn x() {}\n"),
            ("README.md", "Pads words.\r\n"),
        ],
    );
    let seen = project.run("source package --offline --repository repo --fail-on-difference");
    let seen = seen.replace(&gone, "GONE").replace(&first[..12], "FIRST");
    assert_snapshot!("a package with more than its repository", seen);

    let text = project.stdout("source package --offline --repository repo --format json");
    let document: Value = serde_json::from_str(&text).unwrap();
    let schema = include_str!("../../../../docs/source.schema.json");
    jsonschema::validate(&serde_json::from_str(schema).unwrap(), &document).unwrap();
    assert_eq!(document["differences"][0]["path"], "build.rs");
    assert_eq!(document["facts"][0]["fact"], "on-no-branch");
}

#[test]
fn a_repository_is_fetched_where_somebody_names_its_address() {
    let mut project = with_a_repository();
    let first = head(&project);
    commit(&project, "Bob", "bob@forge.example");
    git(&project, &["tag", "v1.0.1"]);
    git(&project, &["config", "uploadpack.allowFilter", "true"]);
    pack(&mut project, "package", &first, &[]);
    let address = format!("file://{}", project.path("repo").display());
    let seen = project.run(&format!("source package --offline --repository {address}"));
    let tag = head(&project);
    let seen = seen.replace(&first, "FIRST").replace(&tag[..12], "SECOND");
    assert_snapshot!("fetched", seen.replace(&project.path("repo").display().to_string(), "REPO"));
    // A commit that is nowhere: that of the tag has to be fetched, too.
    pack(&mut project, "package", &"0".repeat(40), &[]);
    let seen = project.run(&format!("source package --offline --repository {address} --fail-on-difference"));
    assert_snapshot!(
        "fetched, a tag instead",
        seen.replace(&project.path("repo").display().to_string(), "REPO")
    );
    let left: Vec<_> = std::fs::read_dir(project.path("cache/v1/git")).unwrap().collect();
    assert!(left.is_empty(), "what was fetched is gone: {left:?}");
}

#[test]
fn a_package_that_says_little_is_told_so() {
    let mut project = with_a_repository();
    let first = head(&project);
    pack(&mut project, "package", &first, &[]);
    project.write("package/.cargo_vcs_info.json", "{\"git\":{\"sha1\":\"HEAD\"}}");
    let fails = "source package --offline --repository repo --fail-on-difference";
    assert_snapshot!("no commit", project.run(fails));
    std::fs::remove_file(project.path("package/.cargo_vcs_info.json")).unwrap();
    assert_snapshot!("nothing said", project.run(fails));
    pack(&mut project, "package", &"0".repeat(40), &[]);
    assert_snapshot!("a commit that is not there", project.run(fails));
    git(&project, &["tag", "v1.0.1"]);
    assert_snapshot!("a tag instead", project.run(fails));
}

#[test]
fn addresses_of_strangers_are_not_options_nor_programs() {
    let mut project = with_a_repository();
    let first = head(&project);
    let repo = project.path("repo").display().to_string();
    let mut seen = String::new();
    for address in [
        "--upload-pack=touch marker",
        "ext::sh -c touch% marker",
        &format!("file://{repo}"),
        &repo,
        "ssh://git@forge.example/a",
        "git@forge.example:a/b",
        "https://user:hush@forge.example/a",
        "https://-x.example/a",
        "https://forge.example/\u{1b}[2J",
        "",
    ] {
        pack(&mut project, "package", &first, &[]);
        let manifest = MADE.replace(
            "https://forge.example/pad/words/tree/main/words",
            &address.escape_default().to_string().replace("\\u{1b}", "\\u001b"),
        );
        project.write("package/Cargo.toml", manifest);
        seen += &project.run("source package --offline").replace(&repo, "REPO");
    }
    seen += &project.run("source package --offline --repository --upload-pack=sh");
    seen += &project.run("source package --offline --repository ext::sh");
    assert_snapshot!("hostile addresses", seen);
    assert!(!project.path("marker").exists());
    // A good one is only not asked because the network is not to be used.
    pack(&mut project, "package", &first, &[]);
    assert_snapshot!("an address of a manifest", project.run("source package --offline"));
}

/// Whoever asks about the release later is told, without anybody fetching anything.
#[test]
fn what_came_of_it_is_told_by_why_and_review() {
    let mut project = with_a_repository();
    let first = head(&project);
    commit(&project, "Bob", "bob@forge.example");
    git(&project, &["tag", "v1.0.1"]);
    let second = head(&project);
    let release = |version: &str, commit: &str| {
        let info = format!("{{\"git\":{{\"sha1\":\"{commit}\"}},\"path_in_vcs\":\"words\"}}");
        let manifest = |text: &str| text.replace("1.0.1", version);
        vec![
            (".cargo_vcs_info.json", info),
            ("Cargo.toml", manifest(MADE)),
            ("Cargo.toml.orig", manifest(WRITTEN)),
            ("README.md", "Pads words.\n".to_owned()),
            ("src/lib.rs", LIBRARY.to_owned()),
        ]
    };
    project.release("pad-words", "1.0.0", "2024-01-01T12:00:00Z", &release("1.0.0", &first));
    let mut newer = release("1.0.1", &second);
    newer.push(("build.rs", "fn main() {}\n".to_owned()));
    project.release("pad-words", "1.0.1", "2026-08-22T11:00:00Z", &newer);
    project.lock(&("app", "0.1.0", &["pad-words"]));
    project.lock(&("pad-words", "1.0.0", &[]));
    let rows = |seen: &str| -> String {
        let is_of_it = |line: &&str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            ["source", "Source", "of", "new-contributor:", "compared"]
                .iter()
                .any(|word| words.first() == Some(word))
        };
        let rows: Vec<&str> = seen.lines().filter(is_of_it).collect();
        rows.join("\n").replace(&second[..12], "SECOND").replace(&first[..12], "FIRST")
    };
    // The day on which it was compared is the real one.
    let steady = |seen: String| -> String {
        let seen = seen.replace(&second[..12], "SECOND");
        let Some((before, after)) = seen.split_once("compared on ") else { return seen };
        format!("{before}compared on TODAY{}", &after["2026-11-30".len()..])
    };
    assert_snapshot!("why, before", rows(&project.run("why pad-words@1.0.1")));
    project.run("source pad-words@1.0.1 --offline --repository repo");
    assert_snapshot!("why, after", steady(project.run("why pad-words@1.0.1")));
    let head = |seen: String| -> String { seen.lines().take(20).collect::<Vec<_>>().join("\n") };
    assert_snapshot!("review, after", head(steady(project.run("review pad-words@1.0.1"))));
}
