//! A change of a project: whose policy judges it, what it alters of that, and what it brings in.

use super::calm;
use super::project::Project;

/// A project with a policy and a repository, and a branch off it.
fn with_repository() -> Project {
    let mut project = calm();
    project.write("fence.toml", "level = \"medium\"\n");
    project.start_repository();
    project.branch("change");
    project.publish("glob", "0.3.9", "2026-08-22T03:00:00Z", &[]);
    project
}

/// A change that takes a release of a day and excuses it.
pub(crate) fn that_excuses_itself() -> Project {
    let mut project = with_repository();
    project.relock(&("glob", "0.3.9", &[]));
    project.write(
        "fence.toml",
        format!(
            "level = \"low\"\n\n[[exceptions]]\ncrate = \"glob\"\nversion = \"0.3.9\"\ndigest = \"{}\"\n\
             codes = [\"young\"]\nbecause = \"trust me\"\nuntil = \"2026-09-01\"\n",
            "e1".repeat(32)
        ),
    );
    project.commit();
    project
}

#[test]
fn a_change_cannot_excuse_itself_before_the_policy_from_before() {
    let project = that_excuses_itself();
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project at level low in […]s
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("check --policy-from main"), @r#"
    $ cargo fence check --policy-from main
        Checking 4 releases at level medium, by the policy of main (index 0 min old, rustsec 0 min)
    held[young]: glob 0.3.9
      --> Cargo.lock:20
       |
    20 | name = "glob"
       | ^^^^^^^^^^^^^ published 9 hours ago; admitted in 15 hours, on 2026-08-23
       |
       = through: app > glob
    help: stay on 0.3.4, which is admitted
          cargo update -p glob --precise 0.3.4
    help: or look at what is known about it
          cargo fence why glob@0.3.9

    note: judged by the policy of main; what this change alters of it did not count
          new: an exception for glob 0.3.9 (young) until 2026-09-01T00:00:00Z, because "trust me", of
            digest e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1
          `level` was "medium" and is "low"
        Finished 3 admitted (3 by age), 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
fn a_job_is_told_that_a_change_alters_its_policy() {
    let mut project = that_excuses_itself();
    project.set("CI", "true");
    // Nobody says what the change is for.
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project at level low in […]s
    [exit code 0]
    ");
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.set("GITHUB_BASE_REF", "main");
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
    warning: this change alters the policy that judges it, against origin/main
          new: an exception for glob 0.3.9 (young) until 2026-09-01T00:00:00Z, because "trust me", of
            digest e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1
          `level` was "medium" and is "low"
    help: judge it by the policy from before
          cargo fence check --policy-from origin/main
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project at level low in […]s
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.run("check --format github"), @r#"
    $ cargo fence check --format github
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project
    ::warning title=cargo fence::this change alters the policy that judges it, against origin/main%0Anew: an exception for glob 0.3.9 (young) until 2026-09-01T00:00:00Z, because "trust me", of digest e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1%0A`level` was "medium" and is "low"%0Ajudge it by the policy from before: `cargo fence check --policy-from origin/main`
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.run("check --format github --policy-from origin/main"), @r#"
    $ cargo fence check --format github --policy-from origin/main
        Finished 3 admitted (3 by age), 1 held, 0 blocked, 1 of this project
    ::error file=Cargo.lock,line=20,title=held[young]%3A glob 0.3.9::published 9 hours ago; admitted in 15 hours, on 2026-08-23%0Athrough: app > glob%0Ahelp: stay on 0.3.4, which is admitted%0A  cargo update -p glob --precise 0.3.4%0Ahelp: or look at what is known about it%0A  cargo fence why glob@0.3.9
    ::notice title=cargo fence::judged by the policy of origin/main; what this change alters of it did not count%0Anew: an exception for glob 0.3.9 (young) until 2026-09-01T00:00:00Z, because "trust me", of digest e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1%0A`level` was "medium" and is "low"
    [exit code 1]
    "#);
    project.set("GITHUB_BASE_REF", "gone");
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
    warning: whether this change alters the policy that judges it is not known: the repository has no
          revision `origin/gone`: git finds nothing of that name
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project at level low in […]s
    [exit code 0]
    ");
    project.set("CI", "false");
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project at level low in […]s
    [exit code 0]
    ");
}

#[test]
fn a_job_is_told_nothing_where_the_policy_is_what_it_was() {
    let mut project = with_repository();
    project.write("other.txt", "a change");
    project.commit();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.set("CI", "true");
    project.set("GITHUB_BASE_REF", "main");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
    note: 1 newer release waits for approval: glob 0.3.9 (15 hours left)
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

/// Audits that lie in the repository, and cargo's configuration, excuse as much as the policy does.
#[test]
fn what_the_policy_rests_on_is_that_of_the_revision_too() {
    let mut project = calm();
    project.write("fence.toml", "[wait]\nfloor-audited-once = \"6 hours\"\n\n[feeds.own]\nrole = \"audits\"\nfile = \"audits.toml\"\n");
    project.write("audits.toml", "[audits]\n");
    project.start_repository();
    project.branch("change");
    project.publish("glob", "0.3.9", "2026-08-22T03:00:00Z", &[]);
    project.relock(&("glob", "0.3.9", &[]));
    project.write(
        "audits.toml",
        "[[audits.glob]]\nwho = \"me\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.3.9\"\n",
    );
    project.date("audits.toml", "2026-08-22T12:00:00Z");
    std::fs::create_dir(project.path(".cargo")).unwrap();
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"mine\"\n\n[source.mine]\nlocal-registry = \"evil\"\n",
    );
    project.later("2026-08-22T20:00:00Z");
    insta::assert_snapshot!(project.run("list"), @r"
    $ cargo fence list
    admit  arrayref  0.3.9  by age
    admit  glob      0.3.9  audited
    admit  lexopt    0.3.2  by age
    admit  shlex     1.3.0  by age
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("check --policy-from main"), @r#"
    $ cargo fence check --policy-from main
        Checking 4 releases at level medium, by the policy of main (index 0 min old, own 0 min, rustsec
                 0 min)
    held[young]: glob 0.3.9
      --> Cargo.lock:20
       |
    20 | name = "glob"
       | ^^^^^^^^^^^^^ published 17 hours ago; admitted in 7 hours, on 2026-08-23
       |
       = through: app > glob
    help: stay on 0.3.4, which is admitted
          cargo update -p glob --precise 0.3.4
    help: or look at what is known about it
          cargo fence why glob@0.3.9

    note: judged by the policy of main; what this change alters of it did not count
          the files of the feed own in audits.toml differ
          the files of cargo's configuration, which says who answers for a registry, in .cargo differ
        Finished 3 admitted (3 by age), 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

/// A feed in the repository that a change empties.
#[test]
fn a_folder_of_the_repository_is_that_of_the_revision_too() {
    let mut project = calm();
    project.relock(&("shlex", "1.1.0", &[]));
    project.write(
        "fence.toml",
        "vulnerable = \"error\"\n\n[feeds.own]\nrole = \"advisories\"\npath = \"own\"\n",
    );
    let advisory = project.read("advisories/crates/shlex/RUSTSEC-2024-0006.md");
    for file in ["advisories/crates/shlex/RUSTSEC-2024-0006.md", "advisories/crates/shlex"] {
        let _ = std::fs::remove_file(project.path(file));
    }
    std::fs::create_dir_all(project.path("own/crates/shlex")).unwrap();
    project.write("own/crates/shlex/RUSTSEC-2024-0006.md", &advisory);
    project.start_repository();
    project.branch("change");
    project.write("own/crates/shlex/RUSTSEC-2024-0006.md", advisory.replace("\"shlex\"", "\"other\""));
    std::fs::create_dir_all(project.path("own/crates/other")).unwrap();
    std::fs::rename(
        project.path("own/crates/shlex/RUSTSEC-2024-0006.md"),
        project.path("own/crates/other/RUSTSEC-2024-0006.md"),
    )
    .unwrap();
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("check --policy-from main"), @"
    $ cargo fence check --policy-from main
        Checking 4 releases at level medium, by the policy of main (index 0 min old, own 21 d, rustsec 0
                 min)
    error[vulnerable]: 1 release in use with a known vulnerability
          shlex 1.1.0: RUSTSEC-2024-0006: Multiple issues involving quote API (fixed in 1.3.0)

    help: 1 vulnerable release in use has an admitted fix
          cargo update -p shlex --precise 1.3.0

    note: judged by the policy of main; what this change alters of it did not count
          the files of the feed own in own differ
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 1]
    ");
}

#[test]
fn a_policy_that_was_not_there_is_the_default_one() {
    let mut project = calm();
    project.start_repository();
    project.branch("change");
    project.write("fence.toml", "level = \"low\"\n");
    insta::assert_snapshot!(project.run("check --policy-from main"), @r#"
    $ cargo fence check --policy-from main
    warning: main has no fence.toml for this project, so the default policy judged
          `level` was "medium" and is "low"
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
}

#[test]
fn a_revision_has_to_be_there() {
    let project = with_repository();
    insta::assert_snapshot!(project.run("check --policy-from origin/main"), @"
    $ cargo fence check --policy-from origin/main
    error: the repository has no revision `origin/main`: git finds nothing of that name
    hint: fetch it first: CI often has one commit only (`fetch-depth: 0` in actions/checkout)
    [exit code 2]
    ");
    insta::assert_snapshot!(project.run("check --policy-from=--help"), @"
    $ cargo fence check --policy-from=--help
    error: the repository has no revision `--help`: git finds nothing of that name
    hint: fetch it first: CI often has one commit only (`fetch-depth: 0` in actions/checkout)
    [exit code 2]
    ");
    insta::assert_snapshot!(calm().run("check --policy-from main"), @"
    $ cargo fence check --policy-from main
    error: . is in no git repository that can be read: exit status: 128: fatal: not a git repository (or any of the parent directories): .git
    hint: `git status` has to work there; in a container it may want `git config --global safe.directory`
    [exit code 2]
    ");
    insta::assert_snapshot!(project.run("check --format markdown --compare gone"), @r"
    $ cargo fence check --format markdown --compare gone
    error: the repository has no revision `gone`: git finds nothing of that name
    hint: fetch it first: CI often has one commit only (`fetch-depth: 0` in actions/checkout)
    <!-- cargo-fence -->
    ## cargo fence: could not decide

    the repository has no revision \`gone\`\: git finds nothing of that name<br>fetch it first\: CI often has one commit only \(\`fetch-depth\: 0\` in actions\/checkout\)

    [exit code 2]
    ");
    insta::assert_snapshot!(project.run("check --format markdown"), @r"
    $ cargo fence check --format markdown
    error: --format markdown tells what came in with a change
    hint: `--compare origin/main` says where the change began
    <!-- cargo-fence -->
    ## cargo fence: could not decide

    --format markdown tells what came in with a change<br>\`--compare origin\/main\` says where the change began

    [exit code 2]
    ");
    insta::assert_snapshot!(project.run("check --compare main"), @"
    $ cargo fence check --compare main
    error: --compare is told in one format only
    hint: add `--format markdown`
    [exit code 2]
    ");
}

#[test]
fn a_policy_of_a_revision_that_is_none_is_told_with_its_revision() {
    let project = with_repository();
    let mut project = project;
    project.write("fence.toml", "levle = \"low\"\n");
    project.commit();
    insta::assert_snapshot!(project.run("check --policy-from change"), @r#"
    $ cargo fence check --policy-from change
    error: change:fence.toml is not a policy: there is a problem
     --> change:fence.toml:1:1
      |
    1 | levle = "low"
      | ^^^^^ unknown key `levle`
      = help: did you mean `level`?
    [exit code 2]
    "#);
    insta::assert_snapshot!(project.run("check --policy-from main"), @r#"
    $ cargo fence check --policy-from main
    error: fence.toml is not a policy: there is a problem
     --> fence.toml:1:1
      |
    1 | levle = "low"
      | ^^^^^ unknown key `levle`
      = help: did you mean `level`?
    [exit code 2]
    "#);
}

#[test]
fn a_comment_tells_what_came_in() {
    let mut project = that_excuses_itself();
    project.publish("winnable", "1.0.0", "2020-01-01T12:00:00Z", &[]);
    project.publish("arrayref", "0.3.10", "2026-08-20T07:15:00Z", &[("winnable", "^1")]);
    project.relock(&("arrayref", "0.3.10", &["winnable"]));
    project.lock(&("winnable", "1.0.0", &[]));
    project.unlock("shlex");
    project.relock(&("lexopt", "0.3.1", &["arrayref"]));
    insta::assert_snapshot!(
        "a comment",
        project.stdout("check --format markdown --compare main --policy-from main")
    );
}

#[test]
fn a_comment_tells_that_nothing_came_in() {
    insta::assert_snapshot!(with_repository().run("check --format markdown --compare main"), @r"
    $ cargo fence check --format markdown --compare main
    <!-- cargo-fence -->
    ### cargo fence: 0 packages came in, the policy is met

    Against main: 4 admitted \(4 by age\), 1 of this project at level medium.
    [exit code 0]
    ");
}

/// A tag goes before the branch of a remote, and may be pushed where the branch is guarded.
#[test]
fn a_name_of_two_revisions_is_none() {
    let project = that_excuses_itself();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.git(&["tag", "origin/main", "change"]);
    insta::assert_snapshot!(project.run("check --policy-from origin/main"), @"
    $ cargo fence check --policy-from origin/main
    error: the name `origin/main` is that of refs/remotes/origin/main and of refs/tags/origin/main
    hint: write in full which is meant: `refs/remotes/origin/main` or `refs/tags/origin/main`
    [exit code 2]
    ");
    assert_eq!(project.exit_code("check --policy-from origin/main~0"), Some(2));
    assert_eq!(project.exit_code("check --policy-from refs/remotes/origin/main"), Some(1));
    assert_eq!(project.exit_code("check --policy-from refs/tags/origin/main"), Some(0));
}

#[test]
fn a_submodule_has_no_policy_from_before() {
    let project = with_repository();
    project.git(&["init", "--quiet", "app"]);
    project.git(&["-C", "app", "commit", "--quiet", "--allow-empty", "--message", "any"]);
    for file in ["Cargo.toml", "Cargo.lock"] {
        std::fs::copy(project.path(file), project.path("app").join(file)).unwrap();
    }
    project.git(&["add", "app"]);
    insta::assert_snapshot!(project.run("check --manifest-path app/Cargo.toml --policy-from HEAD"), @"
    $ cargo fence check --manifest-path app/Cargo.toml --policy-from HEAD
    error: app is a submodule
    hint: a change of the repository that it is a part of could bring in any revision of it; check it in a checkout of its own
    [exit code 2]
    ");
}

#[test]
fn a_change_of_the_root_leaves_no_policy_behind() {
    let mut project = that_excuses_itself();
    project.git(&["switch", "--quiet", "main"]);
    std::fs::create_dir(project.path("app")).unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "fence.toml"] {
        project.git(&["mv", file, "app"]);
    }
    project.write("app/fence.toml", "level = \"high\"\n");
    project.commit();
    project.git(&["switch", "--quiet", "--create", "move"]);
    project.git(&["mv", "app/Cargo.lock", "Cargo.lock"]);
    project.write("Cargo.toml", "[workspace]\nmembers = [\"app\"]\n");
    project.commit();
    insta::assert_snapshot!(project.run("check --manifest-path app/Cargo.toml --policy-from main"), @r#"
    $ cargo fence check --manifest-path app/Cargo.toml --policy-from main
        Checking 4 releases at level high, by the policy of main (index 0 min old, rustsec 0 min)
    held[unaudited]: arrayref 0.3.9
      --> Cargo.lock:14
       |
    14 | name = "arrayref"
       | ^^^^^^^^^^^^^^^^^ published 706 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > lexopt 0.3.2 > arrayref
    help: look at what is known about it
          cargo fence why arrayref@0.3.9

    held[unaudited]: glob 0.3.3
      --> Cargo.lock:20
       |
    20 | name = "glob"
       | ^^^^^^^^^^^^^ published 376 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > glob
    help: look at what is known about it
          cargo fence why glob@0.3.3

    held[unaudited]: lexopt 0.3.2
      --> Cargo.lock:26
       |
    26 | name = "lexopt"
       | ^^^^^^^^^^^^^^^ published 174 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > lexopt
    help: look at what is known about it
          cargo fence why lexopt@0.3.2

    held[unaudited]: 1 more (needs evidence): shlex 1.3.0
          cargo fence list --held

    note: 1 newer release waits for approval: glob 0.3.9 (needs evidence)

    note: judged by the policy of main; what this change alters of it did not count
          `level` was "high" and is "medium"

    note: this project is not set up; what is locked now and old enough can be its baseline
          cargo fence init
        Finished 0 admitted, 4 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
#[cfg(unix)]
fn a_policy_may_be_a_link_within_the_repository() {
    let mut project = calm();
    std::fs::create_dir(project.path("policies")).unwrap();
    project.write("policies/high.toml", "level = \"high\"\n");
    std::os::unix::fs::symlink("policies/high.toml", project.path("fence.toml")).unwrap();
    project.start_repository();
    assert_eq!(project.exit_code("check --policy-from main"), Some(1));
    std::fs::remove_file(project.path("fence.toml")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.toml", project.path("fence.toml")).unwrap();
    project.commit();
    insta::assert_snapshot!(project.run("check --policy-from main"), @"
    $ cargo fence check --policy-from main
    error: main:fence.toml cannot be read: it leads out of the repository, or to what is not there
    [exit code 2]
    ");
}

/// To git, `:(glob)audits.toml` would be another file.
#[test]
#[cfg(unix)]
fn a_feed_is_compared_by_its_very_name() {
    let mut project = calm();
    project.write("fence.toml", "[feeds.own]\nrole = \"audits\"\nfile = \":(glob)audits.toml\"\n");
    project.write(":(glob)audits.toml", "[audits]\n");
    project.start_repository();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    project.branch("change");
    project.write(":(glob)audits.toml", "[audits]\n# more\n");
    project.commit();
    project.set("CI", "true");
    project.set("GITHUB_BASE_REF", "main");
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
    warning: this change alters the policy that judges it, against origin/main
          the files of the feed own in :(glob)audits.toml differ
    help: judge it by the policy from before
          cargo fence check --policy-from origin/main
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

/// GitHub takes 65,536 characters; what is longer would not be there at all.
#[test]
fn a_comment_is_never_too_long_to_be_taken() {
    let mut project = that_excuses_itself();
    let exception = project.read("fence.toml").split_once("\n\n").unwrap().1.to_owned();
    let exceptions: Vec<String> = (0..1000)
        .map(|n| exception.replace("0.3.9", &format!("0.3.{n}")).replace("trust", "@trust"))
        .collect();
    project.write("fence.toml", exceptions.concat());
    let comment = project.stdout("check --format markdown --compare main --policy-from main");
    assert!(comment.len() < 65_536, "{}", comment.len());
    let of = |start: &str| comment.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((of(r"* new\: an exception for glob"), of("| glob")), (109, 1));
    assert!(comment.contains("\n* and 891 more, as `cargo fence check` shows them\n"), "{comment}");
}
