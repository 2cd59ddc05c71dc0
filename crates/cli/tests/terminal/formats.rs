//! What GitHub and what collects SARIF logs are told: the same projects, in the formats that others draw.

use std::fs;

use serde_json::Value;

use super::{calm, taken_over};
use crate::project::Project;

/// arrayref after the takeover was found out.
fn found_out() -> Project {
    let mut project = taken_over();
    project.delete("arrayref", "0.3.10");
    project.later("2026-08-22T12:00:00Z");
    project
}

/// A vulnerable release in use, with a fix that is admitted.
fn vulnerable() -> Project {
    Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["shlex"]), ("shlex", "1.1.0", &[])])
}

/// A vulnerable release in use, with a fix that is held.
fn held_fix() -> Project {
    Project::at("2024-01-22T12:00:00Z", &[("app", "0.1.0", &["shlex"]), ("shlex", "1.2.0", &[])])
}

/// A package from a git repository, whose name its owner chose.
fn patched(repository: &str) -> Project {
    let mut project = calm();
    project.lock_from(
        "patched",
        "0.2.0",
        &format!(
            "source = \"git+https://git.example/{repository}#0123456789012345678901234567890123456789\"\n"
        ),
        &[],
    );
    project
}

/// A young release in use when the fence was set up.
fn set_up_young() -> Project {
    let mut project =
        Project::at("2026-07-22T06:00:00Z", &[("app", "0.1.0", &["glob"]), ("glob", "0.3.4", &[])]);
    project.write("fence.toml", "");
    project.run("init");
    project
}

/// A newer release that waits.
fn newer() -> Project {
    let mut project = calm();
    project.later("2026-07-22T06:00:00Z");
    project
}

/// A policy that is none.
fn broken() -> Project {
    let mut project = calm();
    project.write("fence.toml", "levle = 1\n");
    project
}

/// An advisory whose title is markup and commands.
fn hostile() -> Project {
    let mut project = vulnerable();
    let file = "advisories/crates/shlex/RUSTSEC-2024-0006.md";
    let title = "# ::error::| <img src=x> [it](https://evil.example) {0} 100%0A";
    let text = project.read(file).replace("# Multiple issues involving quote API", title);
    project.write(file, text);
    project
}

fn sarif(project: &Project, line: &str) -> Value {
    serde_json::from_str(&project.stdout(line)).unwrap()
}

#[test]
fn sarif_fits_its_schema_and_every_result_has_a_place() {
    let schema = include_str!("../data/sarif/sarif-schema-2.1.0.json");
    // A bracket too many, and so no regular expression; we set no `language`.
    let schema = schema.replace("{2}]?$", "{2}?$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let check = |project: Project, options: &str, expected: &[&str]| {
        let log = sarif(&project, &format!("check --format sarif{options}"));
        let problems: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new());
        assert!(
            !log.to_string().contains(project.path("").to_str().unwrap()),
            "a path of this machine is told"
        );
        let run = &log["runs"][0];
        let lockfile = project.read("Cargo.lock");
        let results = run["results"].as_array().unwrap();
        let told = results.iter().map(|result| {
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "Cargo.lock");
            let line = place["region"]["startLine"].as_u64().unwrap() as usize;
            let fingerprint = result["partialFingerprints"]["codeAndRelease/v1"].as_str().unwrap();
            let name = fingerprint.split(' ').nth(1).unwrap();
            assert_eq!(lockfile.lines().nth(line - 1), Some(format!("name = \"{name}\"").as_str()));
            format!("{} {fingerprint}", result["level"].as_str().unwrap())
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    };
    check(calm(), "", &[]);
    check(
        taken_over(),
        "",
        &["error young-dependency arrayref 0.3.10", "error look-alike proc-macro1 1.0.107"],
    );
    check(found_out(), "", &["error malicious arrayref 0.3.10", "error look-alike proc-macro1 1.0.107"]);
    check(vulnerable(), "", &["warning vulnerable shlex 1.1.0"]);
    check(held_fix(), "", &["warning held-fix shlex 1.3.0", "warning vulnerable shlex 1.2.0"]);
    check(patched("patched"), "", &["error unjudged-source patched 0.2.0"]);
    check(patched("patched"), " --level low", &["note unjudged-source patched 0.2.0"]);
    check(set_up_young(), "", &["warning young glob 0.3.4"]);
    check(newer(), "", &["note young glob 0.3.4"]);
    check(hostile(), "", &["warning vulnerable shlex 1.1.0"]);
    check(broken(), "", &[]);
}

#[test]
fn sarif_has_a_rule_for_each_code() {
    let log = sarif(&calm(), "check --format sarif");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let codes: Vec<&str> = fence_model::Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(ids, codes);
    let rule = rules.iter().find(|rule| rule["id"] == "unmaintained").unwrap();
    insta::assert_snapshot!("a rule of sarif", serde_json::to_string_pretty(rule).unwrap());
}

/// The log without its rules.
fn without_rules(mut log: Value) -> String {
    log["runs"][0]["tool"]["driver"]["rules"] = "[…]".into();
    serde_json::to_string_pretty(&log).unwrap()
}

#[test]
fn sarif_of_a_takeover() {
    insta::assert_snapshot!("takeover as sarif", without_rules(sarif(&taken_over(), "check --format sarif")));
}

#[test]
fn sarif_of_a_check_that_came_to_nothing() {
    insta::assert_snapshot!("undecided as sarif", without_rules(sarif(&broken(), "check --format sarif")));
}

/// What a job prints, and its summary.
fn job(mut project: Project) -> String {
    project.set("GITHUB_STEP_SUMMARY", "summary.md");
    project.write("summary.md", "what was there\n");
    format!("{}\n\n{}", project.run("check --format github"), project.read("summary.md"))
}

#[test]
fn github_is_told_of_a_takeover() {
    insta::assert_snapshot!("takeover as a job", job(taken_over()));
}

#[test]
fn github_is_told_that_all_is_well() {
    insta::assert_snapshot!(job(calm()), @r#"
    $ cargo fence check --format github
        Finished 4 admitted (4 by age), 1 of this project
    [exit code 0]

    what was there
    ## cargo fence: the policy is met

    4 admitted \(4 by age\), 1 of this project at level medium
    "#);
}

#[test]
fn github_is_told_of_what_is_admitted_and_speaks_against_itself() {
    insta::assert_snapshot!("vulnerable as a job", job(vulnerable()));
    insta::assert_snapshot!("held fix as a job", job(held_fix()));
    insta::assert_snapshot!("young at set-up as a job", job(set_up_young()));
}

#[test]
fn github_is_told_of_what_waits() {
    insta::assert_snapshot!(job(newer()), @r"
    $ cargo fence check --format github
        Finished 4 admitted (4 by age), 1 of this project
    ::notice file=Cargo.lock,line=20,title=held[young]%3A glob 0.3.4::newer than 0.3.3, which is in use; published 15 hours ago; admitted in 9 hours, on 2026-07-22%0Ahelp: look at what is known about it%0A  cargo fence why glob@0.3.4
    [exit code 0]

    what was there
    ## cargo fence: the policy is met

    4 admitted \(4 by age\), 1 of this project at level medium
    ");
}

#[test]
fn github_is_told_of_a_check_that_came_to_nothing() {
    insta::assert_snapshot!(job(broken()), @r#"
    $ cargo fence check --format github
    error: fence.toml is not a policy: there is a problem
     --> fence.toml:1:1
      |
    1 | levle = 1
      | ^^^^^ unknown key `levle`
      = help: did you mean `level`?
    ::error title=cargo fence could not decide::fence.toml is not a policy: there is a problem
    ::error file=fence.toml,line=1,col=1,title=fence.toml is not a policy%3A there is a problem::unknown key `levle`%0Ahint: did you mean `level`?
    [exit code 2]

    what was there
    ## cargo fence: could not decide

    fence\.toml is not a policy\: there is a problem<br>unknown key \`levle\`<br>did you mean \`level\`\?
    "#);
}

/// Whoever merged has to be shown the line of the marks.
#[test]
fn a_baseline_with_marks_of_a_merge_has_a_place() {
    let mut project = calm();
    project.write("fence.lock", "fence.lock format=1 codes=1 since=2026-08-20T07:15:00Z\n<<<<<<< HEAD\n");
    let text = project.stdout("check --format github");
    assert!(
        text.starts_with("::error file=fence.lock,line=2,title=cargo fence could not decide::"),
        "{text}"
    );
    let log = sarif(&project, "check --format sarif");
    let told = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    let place = &told["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "fence.lock");
    assert_eq!(place["region"]["startLine"], 2);
}

#[test]
fn a_strangers_words_are_no_commands_and_no_markup() {
    insta::assert_snapshot!("hostile title as a job", job(hostile()));
    insta::assert_snapshot!("hostile address as a job", job(patched("a%0A,b|<b>`c`")));
    insta::assert_snapshot!(
        "hostile title as sarif",
        without_rules(sarif(&hostile(), "check --format sarif"))
    );
}

#[test]
fn a_project_below_the_checkout_is_told_from_there() {
    let mut below = newer();
    let checkout = below.path("").parent().unwrap().to_owned();
    below.set("GITHUB_WORKSPACE", checkout.to_str().unwrap());
    let folder = below.path("").file_name().unwrap().to_str().unwrap().to_owned();
    let command = below.stdout("check --format github");
    assert!(command.starts_with(&format!("::notice file={folder}/Cargo.lock,line=")), "{command}");
    let log = sarif(&below, "check --format sarif");
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place.as_str().unwrap(), format!("{folder}/Cargo.lock"));
}

#[test]
fn a_summary_that_cannot_be_written_changes_no_verdict() {
    let mut project = calm();
    project.set("GITHUB_STEP_SUMMARY", "nowhere/summary.md");
    insta::assert_snapshot!(project.run("check --format github"), @r#"
    $ cargo fence check --format github
    warning: the job summary cannot be written to nowhere/summary.md: No such file or directory (os error 2)
        Finished 4 admitted (4 by age), 1 of this project
    [exit code 0]
    "#);
}

/// A document of the checkout.
fn document(path: &str) -> String {
    fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn recipes_name_commands_that_exist() {
    let project = calm();
    project.start_repository();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let mut found = 0;
    for text in [document("docs/ci.md"), document("action.yml")] {
        let text =
            text.replace("\\\n", "").replace("$GITHUB_BASE_REF", "main").replace(" \"${policy[@]}\"", "");
        let lines = text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
        for line in lines.filter_map(|line| line.strip_prefix("cargo-fence ")) {
            let line = line.split(['>', '$']).next().unwrap().trim();
            assert_eq!(project.exit_code(line), Some(0), "{line}");
            found += 1;
        }
    }
    assert_eq!(found, 8);
}

#[test]
fn the_table_of_formats_is_true() {
    let project = calm();
    project.start_repository();
    project.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let text = document("README.md");
    let (_, table) = text.split_once("## Formats and recipes").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let commands: Vec<&str> = table.split('`').filter_map(|word| word.strip_prefix("cargo fence ")).collect();
    assert_eq!(commands.len(), 12);
    for command in commands {
        let command = command.replace("CRATE", "glob");
        assert_eq!(project.exit_code(&command), Some(0), "{command}");
    }
    // What the table links to is there, headings too.
    for link in table.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let (file, heading) = link.split_once('#').unwrap_or((link, ""));
        let headings = document(file);
        let anchors = headings.lines().filter_map(|line| line.strip_prefix("## ")).map(|line| {
            let kept = line.to_lowercase().replace(' ', "-");
            kept.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect::<String>()
        });
        assert!(heading.is_empty() || anchors.into_iter().any(|anchor| anchor == heading), "{link}");
    }
}

/// The script of the action's last step, run as a workflow does.
#[cfg(unix)]
#[test]
fn the_action_judges_a_change_by_the_policy_of_its_target() {
    let text = document("action.yml");
    let (_, script) = text.split_once("- name: Check").unwrap();
    let (_, script) = script.split_once("run: |\n").unwrap();
    let project = super::change::that_excuses_itself();
    project.git(&["remote", "add", "origin", "."]);
    insta::assert_snapshot!(project.workflow(script, &[("BASE", ""), ("ARGUMENTS", "")]), @"
        Finished 4 admitted (3 by age, 1 by exception), 1 of this project
    [exit code 0]
    ");
    insta::assert_snapshot!(project.workflow(script, &[("BASE", "main"), ("ARGUMENTS", "--level low")]), @r#"
        Finished 3 admitted (3 by age), 1 held, 0 blocked, 1 of this project
    ::error file=Cargo.lock,line=20,title=held[young]%3A glob 0.3.9::published 9 hours ago; admitted in 15 hours, on 2026-08-23%0Athrough: app > glob%0Ahelp: stay on 0.3.4, which is admitted%0A  cargo update -p glob --precise 0.3.4%0Ahelp: or look at what is known about it%0A  cargo fence why glob@0.3.9
    ::notice title=cargo fence::judged by the policy of refs/remotes/origin/main; what this change alters of it did not count%0Anew: an exception for glob 0.3.9 (young) until 2026-09-01T00:00:00Z, because "trust me", of digest e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1%0A`level` was "medium" and is "low"
    [exit code 1]
    "#);
}

#[cfg(unix)]
#[test]
fn the_hook_refuses_what_is_blocked_and_nothing_else() {
    let text = document("docs/ci.md");
    let (_, rest) = text.split_once("```sh\n#!/bin/sh\n").unwrap();
    let (hook, _) = rest.split_once("```").unwrap();
    insta::assert_snapshot!(found_out().hook(hook, &["Cargo.lock"]), @"
    blocked by cargo fence:
    block  arrayref  0.3.10  blocked: malicious, missing
    [exit code 1]
    ");
    let passes = |project: Project, staged| assert_eq!(project.hook(hook, &[staged]), "\n[exit code 0]");
    passes(found_out(), "Cargo.toml");
    passes(taken_over(), "Cargo.lock");
    insta::assert_snapshot!(broken().hook(hook, &["Cargo.lock"]), @"
    error: fence.toml is not a policy: there is a problem
     --> fence.toml:1:1
      |
    1 | levle = 1
      | ^^^^^ unknown key `levle`
      = help: did you mean `level`?
    [exit code 0]
    ");
}
