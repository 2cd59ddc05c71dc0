//! What other tools are given: exports of small projects, held against the formats' own schemas.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use fence_model::Time;
use jsonschema::Registry;
use serde_json::Value;

use super::{calm, taken_over};
use crate::project::Project;

/// A vulnerable release in use, which has an admitted fix, told by two databases.
fn vulnerable() -> Project {
    let mut project =
        Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["shlex"]), ("shlex", "1.1.0", &[])]);
    project.write(
        "advisories/GHSA-aaaa-bbbb-cccc.json",
        r#"{"id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-01-23T10:00:00Z", "aliases": ["RUSTSEC-2024-0006"],
        "summary": "Quoting escapes", "affected": [{"package": {"ecosystem": "crates.io", "name": "shlex"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"last_affected": "1.2.0"}]}]}]}"#,
    );
    project
}

/// The same, and the policy says why that is put up with for a while.
fn excepted() -> Project {
    let mut project = vulnerable();
    let digest = project.read("Cargo.lock").split("checksum = \"").nth(1).unwrap()[..64].to_owned();
    project.write(
        "fence.toml",
        format!(
            "[[exceptions]]\ncrate = \"shlex\"\nversion = \"1.1.0\"\ndigest = \"{digest}\"\n\
             codes = [\"vulnerable\"]\nbecause = \"we quote nothing\"\nuntil = 2026-09-01\n"
        )
        .replace("until = 2026-09-01", "until = \"2026-09-01\""),
    );
    project
}

/// Audits of what `calm` locks: glob by way of a change, lexopt as a whole, and one of another release of arrayref.
fn audited() -> Project {
    let mut project = calm();
    project.write(
        "audits.toml",
        "[criteria.ours]\ndescription = \"what we ask for\"\nimplies = \"safe-to-deploy\"\n\n\
         [[audits.arrayref]]\nwho = \"A <a@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.3.6\"\n\n\
         [[audits.glob]]\nwho = \"A <a@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.3.2\"\n\
         aggregated-from = \"https://audits.example/audits.toml\"\n\n\
         [[audits.glob]]\nwho = [\"B\", \"C \\\"the\\\" third\"]\ncriteria = \"ours\"\ndelta = \"0.3.2 -> 0.3.3\"\n\n\
         [[audits.glob]]\nwho = \"D\"\ncriteria = \"safe-to-run\"\nversion = \"0.3.3\"\n\n\
         [[audits.lexopt]]\nwho = \"A <a@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.3.2\"\n\
         notes = \"Read all of it.\"\n\n\
         [[audits.lexopt]]\nwho = \"E\"\ncriteria = \"safe-to-deploy\"\nviolation = \"<0.2\"\n",
    );
    let read = "2026-08-21T00:00:00Z".parse::<Time>().unwrap().unix().unsigned_abs();
    let file = fs::File::options().write(true).open(project.path("audits.toml")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(read)).unwrap();
    project
}

/// The moment of all facts, so that what is exported about them is the same at every run.
fn dated(project: Project) -> Project {
    project.date_facts("2026-08-22");
    project
}

fn json(project: &Project, line: &str) -> Value {
    serde_json::from_str(&project.stdout(line)).unwrap()
}

#[test]
fn audits_that_vouch_are_exported_with_their_origins() {
    let exported = audited().stdout("export cargo-vet --feed audits=audits.toml");
    // What cargo-vet says where it imports this file; see the recording's README.
    assert_eq!(exported, include_str!("../data/cargo-vet/audits.toml"), "the recording has to be made again");
    let said: Value = serde_json::from_str(include_str!("../data/cargo-vet/verdict.json")).unwrap();
    let unvouched = said["failures"].as_array().unwrap().iter().map(|failure| {
        format!("{} {}", failure["name"].as_str().unwrap(), failure["version"].as_str().unwrap())
    });
    let remarks = exported.lines().filter_map(|line| line.strip_prefix("#   ")?.split(':').next());
    assert_eq!(remarks.collect::<Vec<_>>(), unvouched.collect::<Vec<_>>());
    // What the project excuses is told, and is no audit.
    insta::assert_snapshot!("exceptions are no audits", excepted().run("export cargo-vet"));
}

#[test]
fn advisories_are_exported_as_osv_records() {
    let schema = include_str!("../data/osv/osv-schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let check = |project: &Project, expected: &[&str]| {
        let list = json(project, "export osv");
        let ids = list.as_array().unwrap().iter().map(|record| {
            let problems: Vec<String> =
                validator.iter_errors(record).map(|error| error.to_string()).collect();
            assert_eq!(problems, Vec::<String>::new(), "{record}");
            record["id"].as_str().unwrap()
        });
        assert_eq!(ids.collect::<Vec<_>>(), expected);
    };
    check(&calm(), &[]);
    check(&vulnerable(), &["GHSA-aaaa-bbbb-cccc", "RUSTSEC-2024-0006"]);
    check(&excepted(), &["GHSA-aaaa-bbbb-cccc", "RUSTSEC-2024-0006"]);
    insta::assert_snapshot!("advisories as OSV records", vulnerable().run("export osv"));

    // A folder of these records is a feed that says the same.
    let mut project = vulnerable();
    let records = json(&project, "export osv");
    let before = project.run("why shlex");
    fs::create_dir(project.path("exported")).unwrap();
    for record in records.as_array().unwrap() {
        project.write(&format!("exported/{}.json", record["id"].as_str().unwrap()), record.to_string());
    }
    project.read_advisories_from("exported");
    assert_eq!(told(&project.run("why shlex")), told(&before));
}

/// The lines of an output that tell of advisories.
fn told(seen: &str) -> Vec<&str> {
    seen.lines().filter(|line| line.contains("RUSTSEC-2024-0006")).collect()
}

#[test]
fn the_lockfile_is_exported_as_cyclonedx() {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let registry = Registry::new()
        .add(
            "http://cyclonedx.org/schema/spdx.schema.json",
            parse(include_str!("../data/cyclonedx/spdx.schema.json")),
        )
        .unwrap()
        .add(
            "http://cyclonedx.org/schema/jsf-0.82.schema.json",
            parse(include_str!("../data/cyclonedx/jsf-0.82.schema.json")),
        )
        .unwrap()
        .prepare()
        .unwrap();
    let schema = parse(include_str!("../data/cyclonedx/bom-1.6.schema.json"));
    let validator = jsonschema::options().with_registry(&registry).build(&schema).unwrap();
    let mut serials = BTreeSet::new();
    let mut sourced = calm();
    sourced.lock_from(
        "patched",
        "0.2.0+git",
        "source = \"git+https://git.example/patched?branch=a#0123456789012345678901234567890123456789\"\n",
        &[],
    );
    // The same commit, asked for in another way, is another package to cargo.
    sourced.lock_from(
        "patched",
        "0.2.0+git",
        "source = \"git+https://git.example/patched?tag=b#0123456789012345678901234567890123456789\"\n",
        &[],
    );
    sourced.lock_from("other", "1.0.0", "", &[]);
    let mut found_out = taken_over();
    found_out.delete("arrayref", "0.3.10");
    found_out.later("2026-08-22T12:00:00Z");
    for (name, project) in [
        ("calm", calm()),
        ("taken over", taken_over()),
        ("found out", found_out),
        ("vulnerable", vulnerable()),
        ("excepted", excepted()),
        ("sources", sourced),
    ] {
        let project = dated(project);
        let text = project.stdout("export cyclonedx");
        let document = parse(&text);
        let problems: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{name}");
        assert!(!text.contains(project.path("").to_str().unwrap()), "a path of this machine is told");
        // Every reference leads somewhere, and nothing is there twice.
        let components = document["components"].as_array().unwrap().iter();
        let refs: Vec<&str> = components
            .chain(document["metadata"].get("component"))
            .map(|component| component["bom-ref"].as_str().unwrap())
            .collect();
        let told: BTreeSet<&str> = refs.iter().copied().collect();
        assert_eq!(told.len(), refs.len(), "{name}");
        for dependency in document["dependencies"].as_array().unwrap() {
            let on = dependency["dependsOn"].as_array().unwrap().iter();
            assert!(on.chain([&dependency["ref"]]).all(|to| told.contains(to.as_str().unwrap())), "{name}");
        }
        for vulnerability in document["vulnerabilities"].as_array().unwrap() {
            let affected = vulnerability["affects"][0]["ref"].as_str().unwrap();
            assert!(told.contains(affected), "{name}");
        }
        assert_eq!(text, project.stdout("export cyclonedx"), "{name}");
        // The serial number is a digest of the rest, our version included.
        assert!(serials.insert(document["serialNumber"].to_string()), "{name}");
        let mut shown = document.clone();
        shown["serialNumber"] = "[digest]".into();
        shown["metadata"]["tools"]["components"][0]["version"] = "[version]".into();
        let shown = serde_json::to_string_pretty(&shown).unwrap();
        insta::assert_snapshot!(format!("cyclonedx of {name}"), shown);
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let project = vulnerable();
    insta::assert_snapshot!(project.run("export osv --output advisories.osv.json"), @"
    $ cargo fence export osv --output advisories.osv.json
        Exported advisories.osv.json
    [exit code 0]
    ");
    assert_eq!(project.read("advisories.osv.json"), project.stdout("export osv"));
    insta::assert_snapshot!(project.run("export osv --output Cargo.toml/advisories.json"), @"
    $ cargo fence export osv --output Cargo.toml/advisories.json
    error: Cargo.toml/advisories.json cannot be written: Not a directory (os error 20)
    hint: nothing was changed; what was there before is still there
    [exit code 2]
    ");
    // The verdict is no matter: it reports.
    assert_eq!(taken_over().exit_code("export cyclonedx"), Some(0));
    // But where nothing can be decided there is nothing to report.
    let mut undecided = vulnerable();
    undecided.write("fence.toml", "levle = 1\n");
    let before = undecided.files();
    insta::assert_snapshot!(undecided.run("export cyclonedx --output bom.json"), @"
    $ cargo fence export cyclonedx --output bom.json
    error: fence.toml is not a policy: there is a problem
     --> fence.toml:1:1
      |
    1 | levle = 1
      | ^^^^^ unknown key `levle`
      = help: did you mean `level`?
    [exit code 2]
    ");
    assert_eq!(undecided.files(), before);
}
