//! Every finding, from values alone: what was seen, and what is said of it.

use fence_client::cargo_config::{Credentials, IndexLocation, Reach, Registry, Setting, Step, Way};
use fence_client::cargo_says::{From as TakenFrom, Part};
use fence_client::project::{lockfile, policy};
use fence_client::snapshot::SourceKind;
use fence_model::facts::FeedState;

use super::*;
use crate::neighbour;

/// A project behind its own fence, with nothing to say about.
fn well() -> Seen {
    Seen {
        now: time("2026-08-22T12:00:00Z"),
        project: ProjectSeen {
            policy_file: "/p/fence.toml".into(),
            has_policy: true,
            has_baseline: true,
            policy: Ok(policy_of("[feeds.a]\nrole = \"audits\"\nfile = \"audits.toml\"\n")),
            exception_lines: Vec::new(),
        },
        route: Ok(through("http://127.0.0.1:7343/crates-io/")),
        answer: Answer::Answered(Box::new(fenced())),
        config: ConfigSeen::default(),
        declared: (Vec::new(), Vec::new()),
        lockfile: Some(("/p/Cargo.lock".into(), locked(""))),
        machine: MachineSeen { cargo: Some(Ok(Version::new(1, 95, 0))), ..MachineSeen::default() },
        judged: Some(Ok(JudgedSeen::default())),
    }
}

fn fenced() -> Answered {
    Answered {
        downloads: Some("http://127.0.0.1:7343/crates-io/dl/{crate}/{version}/{sha256-checksum}".into()),
        index: Some(("glob".into(), Ok(Some(23)))),
        fence: neighbour::parse(
            br#"{
                "format": 1, "version": "0.1.0", "policy": "/p", "level": "medium",
                "now": "2026-08-22T12:00:01Z", "alarms": [], "refused": [], "held": [],
                "registries": [{
                    "path": "crates-io", "name": "crates.io", "crates": 0, "refused_releases": 0, "journal_lines": 0
                }],
                "feeds": [{ "name": "rustsec", "state": "current" }]
            }"#,
        ),
        clock: Some((time("2026-08-22T12:00:00Z"), time("2026-08-22T12:00:01Z"))),
    }
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn policy_of(text: &str) -> Policy {
    policy::parse(text, time("2026-08-22T12:00:00Z")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn locked(packages: &str) -> Lockfile {
    lockfile::parse(&format!("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n{packages}"))
        .unwrap()
}

/// crates.io replaced with what is at `url`, in the user's own configuration.
fn through(url: &str) -> Way {
    replaced(IndexLocation::Sparse(url.to_owned()), Reach::User)
}

fn replaced(location: IndexLocation, reach: Reach) -> Way {
    let step = Step { from: "crates-io".into(), to: "fence".into(), at: in_config(2), reach };
    Way { steps: vec![step], registry: registry(location) }
}

fn registry(location: IndexLocation) -> Registry {
    Registry {
        name: "fence".into(),
        location,
        credentials: Credentials::None,
        cargo_copies: None,
        cargo_packages: None,
    }
}

fn in_config(line: usize) -> Located {
    Located::File("/h/config.toml".into(), Some(line))
}

fn setting(key: &str, words: &[&str]) -> Setting {
    Setting {
        key: key.into(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        at: in_config(7),
    }
}

fn declared(name: &str, part: Part, from: TakenFrom) -> Declared {
    Declared { file: "/p/Cargo.toml".into(), line: Some(9), name: name.into(), part, from }
}

/// What is said of `seen`, in short: gravity, code, sentence, places.
fn told(change: impl FnOnce(&mut Seen)) -> String {
    let mut seen = well();
    change(&mut seen);
    let line = |finding: &Finding| {
        let places = finding.places.iter().map(|place| match place {
            Spot::File(file, Some(line)) => format!("\n    at {}:{line}", file.display()),
            Spot::File(file, None) => format!("\n    at {}", file.display()),
            Spot::Variable(name) => format!("\n    at ${name}"),
        });
        let places: String = places.collect();
        let because: String = finding.because.iter().map(|line| format!("\n    = {line}")).collect();
        format!("{}[{}]: {}{places}{because}\n", finding.gravity.as_str(), finding.code, finding.what)
    };
    diagnose(&seen).iter().map(line).collect()
}

/// Every finding says what to do, or is a note or has its cause to tell.
fn all_tell_what_to_do(change: impl FnOnce(&mut Seen)) {
    let mut seen = well();
    change(&mut seen);
    for finding in diagnose(&seen) {
        let tells =
            finding.gravity == Gravity::Note || !finding.fixes.is_empty() || !finding.because.is_empty();
        assert!(tells, "{finding:?}");
    }
}

#[test]
fn a_project_behind_its_fence_has_nothing_to_hear() {
    assert_eq!(told(|_| ()), "");
}

#[test]
fn what_answers_is_a_fence_or_a_way_around_it() {
    let located = |location: IndexLocation| {
        told(|seen| {
            seen.route = Ok(replaced(location, Reach::User));
            seen.answer = Answer::NotAsked("it is no sparse registry");
        })
    };
    let mut all = String::new();
    all += &told(|seen| {
        let location = IndexLocation::Sparse("https://index.example/".into());
        seen.route = Ok(Way { steps: Vec::new(), registry: registry(location) });
        seen.answer = Answer::NotAsked("the network is not to be used");
    });
    all += &located(IndexLocation::Git("https://user:secret@git.example/index?x=1".into()));
    all += &located(IndexLocation::Vendored("/p/vendor".into()));
    all += &located(IndexLocation::Folder("/p/mirror/index".into()));
    all += &told(|seen| seen.answer = Answer::Answered(Box::new(Answered { fence: None, ..fenced() })));
    all += &told(|seen| {
        let location = IndexLocation::Git("https://git.example/index".into());
        seen.route = Ok(Way { steps: Vec::new(), registry: registry(location) });
        seen.config.protocol = Some(setting("protocol", &["git"]));
    });
    insta::assert_snapshot!(all, @"
    open[no-route]: cargo asks crates.io itself: nothing leads it to a fence
    open[git-index]: cargo reads crates.io's index from a git repository, which no fence can stand in front of
        at /h/config.toml:2
        = https://git.example/index
    open[vendored]: crates.io is answered from a vendored folder, /p/vendor: whatever lies there is built
        at /h/config.toml:2
    open[local-registry]: crates.io is answered from a folder, /p/mirror/index: whatever lies there is built
        at /h/config.toml:2
    open[not-a-fence]: http://127.0.0.1:7343/crates-io/ answers for crates.io, and is no fence
        at /h/config.toml:2
    open[git-index]: cargo reads crates.io's index from a git repository, which no fence can stand in front of
        at /h/config.toml:7
    ");
}

#[test]
fn what_does_not_answer_is_no_way_around() {
    let wrong = || Wrong { what: "it cannot be reached".into(), hints: vec!["look at the network".into()] };
    let mut all = String::new();
    all += &told(|seen| seen.answer = Answer::Silent(wrong()));
    all += &told(|seen| seen.answer = Answer::Denied(wrong()));
    all += &told(|seen| seen.answer = Answer::NotAsked("the network is not to be used"));
    all += &told(|seen| seen.route = Err(wrong()));
    insta::assert_snapshot!(all, @"
    broken[fence-silent]: nothing can be fetched: http://127.0.0.1:7343/crates-io/ answers for crates.io here, and does not answer
        at /h/config.toml:2
        = it cannot be reached
    broken[fence-denied]: http://127.0.0.1:7343/crates-io/ wants a token, or another one
        at /h/config.toml:2
        = it cannot be reached
    broken[not-asked]: whether http://127.0.0.1:7343/crates-io/ is a fence is not known: the network is not to be used
        at /h/config.toml:2
    broken[config-unreadable]: cargo's configuration does not say what answers
        = it cannot be reached
    ");
}

#[test]
fn a_fence_is_looked_at_itself() {
    let with = |change: fn(&mut Status)| {
        let mut answered = fenced();
        change(answered.fence.as_mut().unwrap());
        answered
    };
    let says = |answered: Answered| told(|seen| seen.answer = Answer::Answered(Box::new(answered)));
    let by_name = fenced().downloads.map(|downloads| downloads.replace("127.0.0.1", "localhost"));
    assert_eq!(says(Answered { downloads: by_name, ..fenced() }), "", "this machine by another name");
    let mut all = String::new();
    all += &says(with(|fence| fence.policy = Some("/other".into())));
    all += &says(with(|fence| {
        fence.policy = None;
        fence.level = "low".into();
    }));
    all += &says(with(|fence| fence.policy_wrong = Some("fence.toml, line 3: an unknown key".into())));
    all += &says(with(|fence| fence.feeds[0].state = "stale".into()));
    all += &says(with(|fence| {
        fence.feeds[0].state = "absent".into();
        fence.feeds[0].role = "audits".into();
    }));
    all += &says(with(|fence| {
        fence.feeds[0].state = "invalid".into();
        fence.feeds[0].role = "audits".into();
    }));
    all += &says(Answered { downloads: Some("https://static.example/crates".into()), ..fenced() });
    all += &says(Answered { downloads: None, ..fenced() });
    all += &says(Answered { index: Some(("glob".into(), Err("it answered 503".into()))), ..fenced() });
    insta::assert_snapshot!(all, @"
    warning[other-policy]: the fence goes by another policy than this project's: that of /other
    warning[other-policy]: the fence goes by another policy than this project's: that of none
        = it asks for level low, and this project for medium
    warning[policy-not-in-force]: the fence goes by an earlier policy: the one that lies there now cannot be read
        = fence.toml, line 3: an unknown key
    warning[fence-feed]: the fence's feed rustsec is stale, never read: what is young does not get older there
    warning[fence-feed]: audits that the fence never read count for nothing there: rustsec
    warning[fence-feed]: the fence's feed rustsec is invalid, never read: new audits in it do not count there
    open[downloads-elsewhere]: the fence's index sends cargo elsewhere for packages, past the fence
        = index at http://127.0.0.1:7343, packages at https://static.example
    broken[index-unread]: the fence has no registry at this address: it has no config.json
        = http://127.0.0.1:7343/crates-io/
    broken[index-unread]: the fence does not give the index file of glob
        = it answered 503
    ");
}

#[test]
fn a_team_s_fence_has_a_policy_of_its_own() {
    let at = |url: &str, level: &str| {
        let mut answered = fenced();
        answered.downloads = Some(format!("{url}dl/{{crate}}"));
        let fence = answered.fence.as_mut().unwrap();
        (fence.policy, fence.level) = (Some("/srv/fence".into()), level.into());
        told(|seen| {
            seen.route = Ok(through(url));
            seen.answer = Answer::Answered(Box::new(answered));
        })
    };
    assert_eq!(at("https://fence.example/crates-io/", "medium"), "");
    insta::assert_snapshot!(at("https://fence.example/crates-io/", "low"), @"warning[other-policy]: the fence asks for level low, and this project for medium");
    insta::assert_snapshot!(at("http://fence.example/crates-io/", "high"), @"
    warning[plain-http]: cargo asks the fence over plain HTTP: whoever is on the way can answer in its place
        at /h/config.toml:2
    ");
}

#[test]
fn a_route_may_count_in_one_folder_alone() {
    let project = IndexLocation::Sparse("http://127.0.0.1:7343/crates-io/".into());
    insta::assert_snapshot!(told(|seen| seen.route = Ok(replaced(project, Reach::Folder))), @"
    warning[project-only]: the route counts in this folder alone: `cargo install`, and other projects, ask crates.io itself
        at /h/config.toml:2
    ");
}

#[test]
fn a_proxy_must_not_stand_in_for_the_fence() {
    let proxied = |no_proxy: Option<&str>| {
        told(|seen| {
            let named = ("http://proxy.example:3128".to_owned(), "http_proxy".to_owned());
            seen.config.proxy = Some((named.0, named.1, no_proxy.map(str::to_owned)));
        })
    };
    insta::assert_snapshot!(proxied(None), @"
    open[http-proxy]: cargo asks a proxy for http://127.0.0.1:7343/crates-io/: whoever runs it answers in the fence's place
        at /h/config.toml:2
        = http_proxy names the proxy http://proxy.example:3128
    ");
    insta::assert_snapshot!(proxied(Some("localhost, 27.0.0.1")), @"
    open[http-proxy]: cargo asks a proxy for http://127.0.0.1:7343/crates-io/: whoever runs it answers in the fence's place
        at /h/config.toml:2
        = http_proxy names the proxy http://proxy.example:3128
    ");
    for past in ["127.0.0.1", "*", "a.example,127.0.0.1", ".0.0.1"] {
        assert_eq!(proxied(Some(past)), "", "{past}");
    }
}

#[test]
fn clocks_that_differ_are_told() {
    let off = |here: &str| {
        let clock = Some((time("2026-08-22T12:00:00Z"), time(here)));
        told(|seen| seen.answer = Answer::Answered(Box::new(Answered { clock, ..fenced() })))
    };
    assert_eq!(off("2026-08-22T12:04:00Z"), "");
    let all = off("2026-08-22T11:00:00Z") + &off("2026-08-22T13:00:00Z") + &off("2026-08-29T12:00:00Z");
    insta::assert_snapshot!(all, @"
    warning[clock-off]: this machine's clock is 1 hour behind that of what answers for crates.io
        = 2026-08-22T11:00:00Z here, 2026-08-22T12:00:00Z there
        = a clock that is ahead lets releases in before their time
    warning[clock-off]: this machine's clock is 1 hour ahead of that of what answers for crates.io
        = 2026-08-22T13:00:00Z here, 2026-08-22T12:00:00Z there
        = a clock that is ahead lets releases in before their time
    open[clock-off]: this machine's clock is 7 days ahead of that of what answers for crates.io
        = 2026-08-29T12:00:00Z here, 2026-08-22T12:00:00Z there
        = a clock that is ahead lets releases in before their time
    ");
}

#[test]
fn what_else_the_configuration_says_is_told() {
    let all = told(|seen| {
        let config = &mut seen.config;
        config.shadowed = vec![("/p/.cargo/config.toml".into(), "/p/.cargo/config".into())];
        config.protocol = Some(setting("protocol", &["git"]));
        config.variables = [
            ("CARGO_SOURCE_CRATES_IO_REPLACE_WITH".to_owned(), "fence".to_owned()),
            ("CARGO_REGISTRIES_FENCE_INDEX".to_owned(), "sparse+https://me:secret@other.example/".to_owned()),
        ]
        .into();
        config.aliases = vec![
            setting("b", &["build", "--release"]),
            setting("fence", &["run", "--package", "mine"]),
            setting("past", &["--config", "source.crates-io.replace-with=\"mine\"", "build"]),
        ];
        config.offline = Some(Located::Variable("CARGO_NET_OFFLINE".into()));
        config.overrides = vec![setting("paths", &["/somewhere/glob"]), setting("crates-io", &[])];
    });
    insta::assert_snapshot!(all, @r#"
    open[alias]: `cargo fence` is an alias of something else here
        at /h/config.toml:7
        = run --package mine
    open[alias]: the alias `cargo past` configures its own registry
        at /h/config.toml:7
        = --config source.crates-io.replace-with="mine" build
    warning[shadowed-config]: cargo does not read /p/.cargo/config.toml: /p/.cargo/config lies beside it
        at /p/.cargo/config
    warning[git-index]: without the fence cargo would read crates.io's index from a git repository
        at /h/config.toml:7
    warning[environment]: CARGO_REGISTRIES_FENCE_INDEX says where a registry is, whatever the files say: sparse+https://other.example/
        at $CARGO_REGISTRIES_FENCE_INDEX
    warning[environment]: CARGO_SOURCE_CRATES_IO_REPLACE_WITH does nothing: cargo takes no source from the environment
        at $CARGO_SOURCE_CRATES_IO_REPLACE_WITH
    warning[patch]: cargo's configuration builds folders in place of packages: /somewhere/glob
        at /h/config.toml:7
    warning[patch]: cargo's configuration has a [patch] of crates-io
        at /h/config.toml:7
    note[offline]: cargo is told to use no network: it builds what it has
        at $CARGO_NET_OFFLINE
    "#);
}

#[test]
fn another_home_forgets_what_the_usual_one_says() {
    let all = told(|seen| {
        let location = IndexLocation::Sparse("https://index.example/".into());
        seen.route = Ok(Way { steps: Vec::new(), registry: registry(location) });
        seen.config.moved_home = Some("/elsewhere".into());
        seen.config.replaced_in_usual_home = Some(in_config(4));
    });
    insta::assert_snapshot!(all, @"
    open[no-route]: cargo asks crates.io itself: nothing leads it to a fence
    open[cargo-home]: CARGO_HOME is /elsewhere: what the usual home says of crates.io does not count
        at $CARGO_HOME
        at /h/config.toml:4
    ");
}

const REVISION: &str = "0123456789012345678901234567890123456789";

#[test]
fn packages_of_other_sources_are_told() {
    let lockfile = || {
        locked(&format!(
            "\n[[package]]\nname = \"far\"\nversion = \"0.2.0\"\nsource = \"git+https://git.example/far?branch=main#{REVISION}\"\n\
             \n[[package]]\nname = \"far-macros\"\nversion = \"0.2.0\"\nsource = \"git+https://git.example/far?branch=main#{REVISION}\"\n\
             \n[[package]]\nname = \"odd\"\nversion = \"1.0.0\"\nsource = \"directory+vendor\"\n\
             \n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\nsource = \"sparse+https://own.example/index/\"\n"
        ))
    };
    let mut all = told(|seen| seen.lockfile = Some(("/p/Cargo.lock".into(), lockfile())));
    all += "\nWith a manifest, a configuration and a policy that name them:\n";
    all += &told(|seen| {
        seen.lockfile = Some(("/p/Cargo.lock".into(), lockfile()));
        seen.declared.0 =
            vec![declared("far", Part::Dependency, TakenFrom::Git("https://git.example/far.git".into()))];
        let address = "sparse+https://own.example/index/".to_owned();
        seen.config.registries = vec![("own".into(), address, in_config(5))];
        seen.project.policy = Ok(policy_of(&format!(
            "[feeds.a]\nrole = \"audits\"\nfile = \"audits.toml\"\n[[sources]]\ngit = \"https://git.example/far\"\nrev = \"{REVISION}\"\n\
             [[registries]]\nindex = \"sparse+https://own.example/index/\"\ntreat = \"first-party\"\n"
        )));
    });
    insta::assert_snapshot!(all, @"
    open[git-dependency]: far 0.2.0 and far-macros 0.2.0 come from a git repository, past the fence: https://git.example/far
        at /p/Cargo.lock:8
        = at 0123456789012345678901234567890123456789
    open[other-registry]: own 1.0.0 comes from another registry, past the fence: https://own.example/index/
        at /p/Cargo.lock:23
    open[unknown-source]: odd 1.0.0 comes from a source that the fence does not know
        at /p/Cargo.lock:18

    With a manifest, a configuration and a policy that name them:
    open[unknown-source]: odd 1.0.0 comes from a source that the fence does not know
        at /p/Cargo.lock:18
    note[git-dependency]: far 0.2.0 and far-macros 0.2.0 come from a git repository, past the fence: https://git.example/far
        at /p/Cargo.toml:9
        = at 0123456789012345678901234567890123456789
        = the policy allows it: `sources` of fence.toml names it and its revision
    note[other-registry]: own 1.0.0 comes from another registry, past the fence: https://own.example/index/
        at /p/Cargo.lock:23
        at /h/config.toml:5
    ");
}

#[test]
fn a_registry_that_the_fence_stands_in_front_of_is_no_way_around() {
    let own = "\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\nsource = \"sparse+http://127.0.0.1:7343/own/\"\n";
    let all = told(|seen| {
        seen.lockfile = Some(("/p/Cargo.lock".into(), locked(own)));
        let mut answered = fenced();
        let mounts = &mut answered.fence.as_mut().unwrap().registries;
        let own = neighbour::Mounted { path: "own".into(), ..mounts[0].clone() };
        mounts.push(own);
        seen.answer = Answer::Answered(Box::new(answered));
    });
    insta::assert_snapshot!(all, @"
    note[other-registry]: own 1.0.0 comes from another registry: http://127.0.0.1:7343/own/
        at /p/Cargo.lock:8
    ");
}

#[test]
fn what_manifests_take_from_elsewhere_is_told() {
    let all = told(|seen| {
        seen.declared.0 = vec![
            declared("far", Part::Dependency, TakenFrom::Git("https://git.example/far".into())),
            declared("outer", Part::Dependency, TakenFrom::Outside("/outer".into())),
            declared(
                "glob",
                Part::Patch("crates-io".into()),
                TakenFrom::Git("https://git.example/glob".into()),
            ),
            declared("inner", Part::Patch("crates-io".into()), TakenFrom::Inside("/p/inner".into())),
            declared("lexopt", Part::Patch("crates-io".into()), TakenFrom::Outside("/lexopt".into())),
            declared("shlex:1.0.0", Part::Replace, TakenFrom::Git("https://git.example/shlex".into())),
        ];
        seen.declared.1 = vec!["/p/member/Cargo.toml is not TOML".into()];
        seen.lockfile = None;
        seen.judged = None;
    });
    insta::assert_snapshot!(all, @"
    open[git-dependency]: a dependency comes from a git repository, past the fence: https://git.example/far
        at /p/Cargo.toml:9
    open[patch]: glob of crates-io is put in place from the git repository https://git.example/glob
        at /p/Cargo.toml:9
    open[replace]: shlex:1.0.0 of crates-io is put in place from the git repository https://git.example/shlex
        at /p/Cargo.toml:9
    broken[manifest-unreadable]: a manifest cannot be looked at
        = /p/member/Cargo.toml is not TOML
    warning[patch]: lexopt of crates-io is put in place from a folder outside the workspace, /lexopt
        at /p/Cargo.toml:9
    warning[path-outside]: a folder outside the workspace is built: /outer
        at /p/Cargo.toml:9
        = nothing of it is judged; what it needs of registries is, as far as it is locked here
    note[patch]: inner of crates-io is put in place from a folder of the workspace, /p/inner
        at /p/Cargo.toml:9
    note[no-lockfile]: there is no Cargo.lock here: what is locked was not looked at
    ");
}

#[test]
fn the_machine_is_looked_at() {
    let all = told(|seen| {
        seen.machine = MachineSeen {
            cargo: Some(Ok(Version::new(1, 60, 0))),
            past: 583,
            journals_ahead: vec![("/s/journal/crates-io.jsonl".into(), time("2027-01-01T00:00:00Z"))],
            unreadable: vec!["/s/journal/own.jsonl: permission denied".into()],
        };
    });
    insta::assert_snapshot!(all, @"
    broken[old-cargo]: cargo 1.60.0 cannot ask a fence: it takes 1.68.0 or later
        = an older one reads no sparse index, and knows crates.io as a git repository alone
    broken[unreadable]: a part of this could not be looked at
        = /s/journal/own.jsonl: permission denied
    warning[journal-ahead]: a fence's journal was written at 2027-01-01T00:00:00Z, which is still to come: the clock was ahead then, or is behind now
        at /s/journal/crates-io.jsonl
    note[warm-cache]: 583 packages in cargo's cache came past the fence
        = builds behind the fence do not use them; whoever gets around it builds them unasked
    ");
    insta::assert_snapshot!(told(|seen| seen.machine.cargo = Some(Err("it cannot be started".into()))), @"
    broken[cargo-unknown]: cargo does not tell its version
        = it cannot be started
    ");
}

#[test]
fn a_policy_has_to_be_able_to_admit() {
    let with = |text: &str| {
        let policy = policy_of(text);
        told(|seen| seen.project.policy = Ok(policy))
    };
    let mut all = with("level = \"high\"\n");
    all += &with("level = \"high\"\n[feeds.a]\nrole = \"audits\"\nfile = \"a.toml\"\n");
    all += &with("level = \"medium\"\n");
    insta::assert_snapshot!(all, @"
    warning[no-audits]: level high asks for 2 independent audits of every release, and the policy knows nobody who could give one: only what is in fence.lock, or excepted, is admitted
        at /p/fence.toml
    warning[no-audits]: level high asks for 2 independent audits of every release, and the policy knows only 1 who could give one: only what is in fence.lock, or excepted, is admitted
        at /p/fence.toml
    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose audits count
        at /p/fence.toml
    ");
    assert_eq!(with("level = \"low\"\n"), "");
    assert_eq!(
        with(
            "level = \"high\"\n[feeds.a]\nrole = \"audits\"\nfile = \"a.toml\"\n[feeds.b]\nrole = \"audits\"\nfile = \"b.toml\"\n"
        ),
        ""
    );
    let mut all = told(|seen| seen.project.has_baseline = false);
    all += &told(|seen| seen.project.has_policy = false);
    all += &told(|seen| {
        seen.project.policy = Err(Wrong { what: "line 3: an unknown key".into(), hints: Vec::new() });
    });
    insta::assert_snapshot!(all, @"
    warning[no-baseline]: nothing says what was locked before there was a fence: fence.lock is missing
    note[no-policy]: there is no fence.toml: the default policy counts, level medium
    broken[policy-invalid]: fence.toml is no policy, so that nothing is judged by it
        at /p/fence.toml
        = line 3: an unknown key
    ");
}

#[test]
fn exceptions_end() {
    let exception = |version: &str, until: &str| {
        format!(
            "[[exceptions]]\ncrate = \"glob\"\nversion = \"{version}\"\ndigest = \"{}\"\ncodes = [\"young\"]\n\
             because = \"read\"\nuntil = \"{until}\"\n\n",
            "a2".repeat(32)
        )
    };
    let text = exception("0.3.1", "2026-08-20")
        + &exception("0.3.2", "2026-08-25")
        + &exception("0.3.3", "2026-10-01")
        + "[feeds.a]\nrole = \"audits\"\nfile = \"audits.toml\"\n";
    let all = told(|seen| {
        seen.project.policy = Ok(policy_of(&text));
        seen.project.exception_lines = vec![Some(2), Some(10), Some(18)];
    });
    insta::assert_snapshot!(all, @"
    warning[exception-ended]: the exception for glob 0.3.1 ended 2 days ago
        at /p/fence.toml:2
    note[exception-ends]: the exception for glob 0.3.2 ends in 3 days, on 2026-08-25
        at /p/fence.toml:10
    ");
}

#[test]
fn what_the_judgement_tells_of_the_policy_is_told() {
    let release = |name: &str| ReleaseId { name: name.parse().unwrap(), version: Version::new(1, 0, 0) };
    let age = |name: &str, state, as_of| Age {
        name: name.into(),
        kind: SourceKind::Advisories,
        state,
        as_of,
        read: as_of,
    };
    let all = told(|seen| {
        seen.judged = Some(Ok(JudgedSeen {
            ages: vec![
                age("index", FeedState::Stale, Some(time("2026-08-01T00:00:00Z"))),
                age("rustsec", FeedState::Invalid, Some(time("2026-08-02T00:00:00Z"))),
                age("own", FeedState::Absent, None),
                Age { kind: SourceKind::Audits, ..age("google", FeedState::Stale, None) },
                Age { kind: SourceKind::Audits, ..age("zcash", FeedState::Absent, None) },
                Age {
                    kind: SourceKind::Audits,
                    ..age("isrg", FeedState::Stale, Some(time("2026-08-02T00:00:00Z")))
                },
            ],
            problems: vec!["rustsec: glob.md:1: not TOML".into()],
            no_way_out: vec![(release("a"), 12), (release("b"), 30)],
            refused: 3,
            times_untold: vec!["sparse+https://own.example/index/".into()],
        }));
    });
    insta::assert_snapshot!(all, @"
    warning[feed-stale]: index is stale, as of 2026-08-01T00:00:00Z: what is young does not get older meanwhile
    warning[feed-invalid]: rustsec is invalid, as of 2026-08-02T00:00:00Z: what is young does not get older meanwhile
    warning[feed-absent]: own is absent, never read: what is young does not get older meanwhile
    warning[feed-stale]: isrg is stale, as of 2026-08-02T00:00:00Z: new audits in it do not count meanwhile
    warning[feed-absent]: audits that were never read count for nothing: google and zcash
    warning[times-untold]: nobody vouches for publish times of https://own.example/index/: without a journal nothing from there gets older
        at /p/fence.toml
    warning[no-way-out]: only an exception would ever admit what is locked: a 1.0.0 and b 1.0.0
        at /p/Cargo.lock:12
        at /p/Cargo.lock:30
    note[feed-problems]: not all that was read could be understood
        = rustsec: glob.md:1: not TOML
    ");
    let all = told(|seen| seen.judged = Some(Ok(JudgedSeen { refused: 1, ..JudgedSeen::default() })))
        + &told(|seen| {
            seen.judged = Some(Err(Wrong { what: "rustsec was never read".into(), hints: Vec::new() }));
        });
    insta::assert_snapshot!(all, @"
    warning[refused]: the policy refuses 1 release of what is locked: a build that has to fetch it fails
    broken[undecided]: what is locked cannot be judged
        = rustsec was never read
    ");
}

#[test]
fn every_grave_finding_says_what_to_do() {
    all_tell_what_to_do(|seen| {
        seen.route = Ok(replaced(IndexLocation::Vendored("/v".into()), Reach::Folder));
    });
    all_tell_what_to_do(|seen| {
        seen.answer = Answer::Answered(Box::new(Answered { fence: None, ..fenced() }));
    });
    all_tell_what_to_do(|seen| {
        seen.project.has_baseline = false;
        seen.config.shadowed = vec![("/a".into(), "/b".into())];
        seen.machine.cargo = Some(Ok(Version::new(1, 60, 0)));
        seen.judged = Some(Ok(JudgedSeen { refused: 1, ..JudgedSeen::default() }));
    });
}

/// The codes are what people look up.
#[test]
fn the_page_has_every_code_and_no_other() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md")).unwrap();
    let (chapters, _) = page.split_once("\n## check --cache").unwrap();
    let rows = chapters.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    let codes: Vec<&str> =
        rows.flat_map(|row| row.split("`, `")).map(|code| code.trim_matches('`')).collect();
    let gravities = ["open", "broken", "warning", "note"];
    assert_eq!(
        codes.iter().filter(|code| !gravities.contains(code)).collect::<Vec<_>>(),
        CODES.iter().collect::<Vec<_>>()
    );
    // Each is a literal of its own in what finds it, so that none is left over here.
    let chapters = [
        include_str!("machine.rs"),
        include_str!("policy.rs"),
        include_str!("route.rs"),
        include_str!("sources.rs"),
    ];
    for code in CODES {
        assert!(chapters.iter().any(|chapter| chapter.contains(&format!("\"{code}\""))), "{code}");
    }
    for chapter in chapters {
        for call in chapter.split("Finding::new(").skip(1) {
            let word = call.trim_start().split([',', ')']).next().unwrap();
            let is_known = word == "code" || CODES.contains(&word.trim_matches('"'));
            assert!(is_known, "docs/doctor.md does not have {word}");
        }
    }
}
