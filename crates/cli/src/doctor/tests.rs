//! Every finding, from values alone: what was seen, and what is said of it.

use fence_client::cargo_config::{Credentials, IndexLocation, Reach, Registry, Way, Setting, Step};
use fence_client::cargo_says::{From as TakenFrom, Part};
use fence_client::project::{lockfile, policy};
use fence_client::snapshot::SourceKind;
use fence_model::facts::FeedState;

use super::*;

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
        fence: Some(FenceSeen {
            format: 1,
            version: "0.1.0".into(),
            policy: Some("/p".into()),
            level: "medium".into(),
            policy_wrong: None,
            registries: vec![MountSeen { path: "crates-io".into() }],
            feeds: vec![FeedSeen { name: "rustsec".into(), state: "current".into(), as_of: None }],
        }),
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
    lockfile::parse(&format!("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n{packages}")).unwrap()
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
    Setting { key: key.into(), words: words.iter().map(|word| (*word).to_owned()).collect(), at: in_config(7) }
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
        let tells = finding.gravity == Gravity::Note || !finding.fixes.is_empty() || !finding.because.is_empty();
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
    insta::assert_snapshot!(all, @"");
}

#[test]
fn what_does_not_answer_is_no_way_around() {
    let wrong = || Wrong { what: "it cannot be reached".into(), hints: vec!["look at the network".into()] };
    let mut all = String::new();
    all += &told(|seen| seen.answer = Answer::Silent(wrong()));
    all += &told(|seen| seen.answer = Answer::Denied(wrong()));
    all += &told(|seen| seen.answer = Answer::NotAsked("the network is not to be used"));
    all += &told(|seen| seen.route = Err(wrong()));
    insta::assert_snapshot!(all, @"");
}

#[test]
fn a_fence_is_looked_at_itself() {
    let with = |change: fn(&mut FenceSeen)| {
        let mut answered = fenced();
        change(answered.fence.as_mut().unwrap());
        answered
    };
    let says = |answered: Answered| told(|seen| seen.answer = Answer::Answered(Box::new(answered)));
    let mut all = String::new();
    all += &says(with(|fence| fence.policy = Some("/other".into())));
    all += &says(with(|fence| {
        fence.policy = None;
        fence.level = "low".into();
    }));
    all += &says(with(|fence| fence.policy_wrong = Some("fence.toml, line 3: an unknown key".into())));
    all += &says(with(|fence| fence.feeds[0].state = "stale".into()));
    all += &says(Answered { downloads: Some("https://static.example/crates".into()), ..fenced() });
    all += &says(Answered { downloads: None, ..fenced() });
    all += &says(Answered { index: Some(("glob".into(), Err("it answered 503".into()))), ..fenced() });
    insta::assert_snapshot!(all, @"");
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
    insta::assert_snapshot!(at("https://fence.example/crates-io/", "low"), @"");
    insta::assert_snapshot!(at("http://fence.example/crates-io/", "high"), @"");
}

#[test]
fn a_route_may_count_in_one_folder_alone() {
    let project = IndexLocation::Sparse("http://127.0.0.1:7343/crates-io/".into());
    insta::assert_snapshot!(told(|seen| seen.route = Ok(replaced(project, Reach::Folder))), @"");
}

#[test]
fn a_proxy_must_not_stand_in_for_the_fence() {
    let proxied = |no_proxy: Option<&str>| {
        told(|seen| {
            let named = ("http://proxy.example:3128".to_owned(), "http_proxy".to_owned());
            seen.config.proxy = Some((named.0, named.1, no_proxy.map(str::to_owned)));
        })
    };
    insta::assert_snapshot!(proxied(None), @"");
    insta::assert_snapshot!(proxied(Some("localhost, 27.0.0.1")), @"");
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
    insta::assert_snapshot!(all, @"");
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
    insta::assert_snapshot!(all, @"");
}

#[test]
fn another_home_forgets_what_the_usual_one_says() {
    let all = told(|seen| {
        let location = IndexLocation::Sparse("https://index.example/".into());
        seen.route = Ok(Way { steps: Vec::new(), registry: registry(location) });
        seen.config.moved_home = Some("/elsewhere".into());
        seen.config.replaced_in_usual_home = Some(in_config(4));
    });
    insta::assert_snapshot!(all, @"");
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
    insta::assert_snapshot!(all, @"");
}

#[test]
fn a_registry_that_the_fence_stands_in_front_of_is_no_way_around() {
    let own = "\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\nsource = \"sparse+http://127.0.0.1:7343/own/\"\n";
    let all = told(|seen| {
        seen.lockfile = Some(("/p/Cargo.lock".into(), locked(own)));
        let mut answered = fenced();
        let mount = MountSeen { path: "own".into() };
        answered.fence.as_mut().unwrap().registries.push(mount);
        seen.answer = Answer::Answered(Box::new(answered));
    });
    insta::assert_snapshot!(all, @"");
}

#[test]
fn what_manifests_take_from_elsewhere_is_told() {
    let all = told(|seen| {
        seen.declared.0 = vec![
            declared("far", Part::Dependency, TakenFrom::Git("https://git.example/far".into())),
            declared("outer", Part::Dependency, TakenFrom::Outside("/outer".into())),
            declared("glob", Part::Patch("crates-io".into()), TakenFrom::Git("https://git.example/glob".into())),
            declared("inner", Part::Patch("crates-io".into()), TakenFrom::Inside("/p/inner".into())),
            declared("lexopt", Part::Patch("crates-io".into()), TakenFrom::Outside("/lexopt".into())),
            declared("shlex:1.0.0", Part::Replace, TakenFrom::Git("https://git.example/shlex".into())),
        ];
        seen.declared.1 = vec!["/p/member/Cargo.toml is not TOML".into()];
        seen.lockfile = None;
        seen.judged = None;
    });
    insta::assert_snapshot!(all, @"");
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
    insta::assert_snapshot!(all, @"");
    insta::assert_snapshot!(told(|seen| seen.machine.cargo = Some(Err("it cannot be started".into()))), @"");
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
    insta::assert_snapshot!(all, @"");
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
    insta::assert_snapshot!(all, @"");
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
    insta::assert_snapshot!(all, @"");
}

#[test]
fn what_the_judgement_tells_of_the_policy_is_told() {
    let release = |name: &str| ReleaseId { name: name.parse().unwrap(), version: Version::new(1, 0, 0) };
    let age = |name: &str, state, as_of| Age { name: name.into(), kind: SourceKind::Advisories, state, as_of, read: as_of };
    let all = told(|seen| {
        seen.judged = Some(Ok(JudgedSeen {
            ages: vec![
                age("index", FeedState::Stale, Some(time("2026-08-01T00:00:00Z"))),
                age("rustsec", FeedState::Invalid, Some(time("2026-08-02T00:00:00Z"))),
                age("own", FeedState::Absent, None),
            ],
            problems: vec!["rustsec: glob.md:1: not TOML".into()],
            no_way_out: vec![(release("a"), 12), (release("b"), 30)],
            refused: 3,
            times_untold: vec!["sparse+https://own.example/index/".into()],
        }));
    });
    insta::assert_snapshot!(all, @"");
    let all = told(|seen| seen.judged = Some(Ok(JudgedSeen { refused: 1, ..JudgedSeen::default() })))
        + &told(|seen| {
            seen.judged = Some(Err(Wrong { what: "rustsec was never read".into(), hints: Vec::new() }));
        });
    insta::assert_snapshot!(all, @"");
}

#[test]
fn every_grave_finding_says_what_to_do() {
    all_tell_what_to_do(|seen| seen.route = Ok(replaced(IndexLocation::Vendored("/v".into()), Reach::Folder)));
    all_tell_what_to_do(|seen| seen.answer = Answer::Answered(Box::new(Answered { fence: None, ..fenced() })));
    all_tell_what_to_do(|seen| {
        seen.project.has_baseline = false;
        seen.config.shadowed = vec![("/a".into(), "/b".into())];
        seen.machine.cargo = Some(Ok(Version::new(1, 60, 0)));
        seen.judged = Some(Ok(JudgedSeen { refused: 1, ..JudgedSeen::default() }));
    });
}
