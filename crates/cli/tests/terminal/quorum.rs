//! A quorum: those who maintain what depends on a crate let one of its releases in, as a database dump tells of them.

use fence_model::Time;
use fence_testkit::dump::{LAYOUTS, MadeUp};
use fence_testkit::people::MAINTAINERS;
use fence_testkit::ssh::Signer;
use fence_testkit::synthetic::{Shapes, Synthetic};

use crate::project::Project;

/// The crate that a fifth of all others need.
const HUB: (u32, &str) = (0, "crate-0");
/// Its update.
const UPDATE: &str = "0.1.4";
/// Accounts of people who maintain crates that depend on it, the heaviest first.
const ACCOUNTS: [u32; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// A project that has an update of the hub locked, which was published two days ago, with the dump of the same day.
fn held() -> (Project, String) {
    let dumped: Time = "2026-11-25T12:00:00Z".parse().unwrap();
    let registry = Synthetic::of(Shapes::few(), 600, dumped, 39);
    let mut dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    let (number, name) = HUB;
    let owner = registry.owners(number)[0].1.cluster.0 + 1;
    let digest = dump.publish(number, UPDATE, "2026-11-23T12:00:00Z".parse().unwrap(), Some(owner));
    let mut project = Project::at("2026-11-25T18:00:00Z", &[("app", "0.1.0", &[name])]);
    project.write(&format!("index/cr/at/{name}"), dump.index_file(number));
    project.lock(&(name, UPDATE, &[]));
    let mut packed = Vec::new();
    dump.archive(&mut packed).unwrap();
    project.write("db-dump.tar.gz", packed);
    project.write(
        "fence.toml",
        "scan = \"off\"\n\n[wait]\nbase = \"7 days\"\n\n[feeds.people]\nrole = \"dump\"\narchive = \"db-dump.tar.gz\"\n\n\
         [feeds.team]\nrole = \"statements\"\npath = \"fence\"\nenrols = true\n",
    );
    let people: Vec<(Signer, u32)> = MAINTAINERS.into_iter().map(Signer::called).zip(ACCOUNTS).collect();
    let allowed: String = people.iter().map(|(signer, _)| signer.allowed()).collect();
    let enrolled: String =
        people.iter().map(|(signer, account)| format!("{} user:{account}\n", signer.principal())).collect();
    put(&mut project, "fence/allowed_signers", &allowed);
    put(&mut project, "fence/enrolled", &enrolled);
    (project, digest.to_string())
}

/// Writes a file of the feed, which was last changed the day before.
fn put(project: &mut Project, file: &str, text: &str) {
    project.write(file, text);
    project.date(file, "2026-11-24");
}

#[test]
fn those_who_depend_let_a_release_in() {
    let (mut project, digest) = held();
    insta::assert_snapshot!("nobody approves", project.run(&format!("why {}", HUB.1)));
    for name in &MAINTAINERS[..4] {
        let signed = Signer::called(name).approval((HUB.1, UPDATE, &digest), "2026-11-24T10:00:00Z");
        for (ending, text) in ["json", "json.sig"].into_iter().zip(signed) {
            put(&mut project, &format!("fence/statements/approve-{name}.{ending}"), &text);
        }
    }
    // What is seen for the first time is as old as its file; later, it is as new as this machine's clock.
    std::fs::remove_dir_all(project.path("cache")).unwrap();
    insta::assert_snapshot!("four approve", project.run(&format!("why {}", HUB.1)));
    // As of when it speaks this machine's clock says.
    let update = project.run("update");
    let feed = update.lines().find(|line| line.contains("Feed team")).unwrap();
    insta::assert_snapshot!(feed.split(", as of").next().unwrap().trim(), @"Feed team: unchanged, 4 statements");
}
