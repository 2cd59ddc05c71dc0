//! What is left to somebody who knows the policy.

use super::project::Project;

/// A calm project whose policy trusts two sets that others keep, and looks into no packages.
fn trusting() -> Project {
    let mut project = super::calm();
    project.write(
        "fence.toml",
        "scan = \"off\"\n\n[feeds.one]\nrole = \"audits\"\nfile = \"https://forge.example/one/raw/main/audits.toml\"\n\n\
         [feeds.two]\nrole = \"audits\"\nfile = \"https://forge.example/two/raw/main/audits.toml\"\n",
    );
    project.read_nothing_from(&["one", "two"]);
    project
}

#[test]
fn an_account_and_a_week_are_what_stands_at_first() {
    let mut project = super::calm();
    project.write("fence.toml", "scan = \"off\"\n");
    insta::assert_snapshot!(project.run("exposure"));
    insta::assert_snapshot!("at high nobody does", project.run("exposure --level high"));
}

#[test]
fn who_is_trusted_is_told_with_what_helps() {
    let project = trusting();
    insta::assert_snapshot!(project.run("exposure"));
    insta::assert_snapshot!("all names", project.run("exposure --verbose"));
    insta::assert_snapshot!("one crate", project.run("exposure --crate lexopt"));
}

#[test]
fn machines_are_told_the_same() {
    let told = trusting().run("exposure --format json --crate lexopt");
    let is_of_this_version =
        |line: &&str| !line.contains("\"fence_version\"") && !line.contains("\"lockfile\"");
    let told: Vec<&str> = told.lines().filter(is_of_this_version).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn pictures_are_files() {
    let project = trusting();
    insta::assert_snapshot!(project.run("exposure --quiet --svg frontier.svg --badge badge.svg"));
    insta::assert_snapshot!("frontier", project.read("frontier.svg"));
    insta::assert_snapshot!("badge", project.read("badge.svg"));
    insta::assert_snapshot!("no such folder", project.run("exposure --svg nowhere/frontier.svg"));
}

/// A badge is coloured by how long it takes, not by how many it takes.
#[test]
fn three_at_once_is_at_once() {
    let project = trusting();
    project.run("exposure --level high --badge badge.svg");
    let badge = project.read("badge.svg");
    assert!(badge.contains("class=\"none\"") && badge.contains(">3 identities: at once<"), "{badge}");
}

#[test]
fn where_nothing_is_judged_nothing_is_told() {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &[])]);
    project.write("fence.toml", "scan = \"off\"\n");
    insta::assert_snapshot!(project.run("exposure --svg frontier.svg --badge badge.svg"));
    insta::assert_snapshot!("nothing in a badge", project.read("badge.svg"));
    insta::assert_snapshot!("nothing in a picture", project.read("frontier.svg"));
}

#[test]
fn a_crate_that_is_not_judged_has_none() {
    insta::assert_snapshot!(trusting().run("exposure --crate serde"));
    insta::assert_snapshot!("the project's own", trusting().run("exposure --crate app"));
}
