//! Whatever text strangers choose, and wherever it stands, the document around it is the same.

use std::sync::Arc;

use fence_model::decision::{
    Approver, Because, Chain, Decision, Need, NewWay, ObjectionState, Objectors, Reason, Way,
};
use fence_model::facts::{AdvisoryKind, DependencyKind, FeedState, Remark};
use fence_model::policy::{AllowedSource, Baseline, Exception, FeedRole, FeedSource, Policy};
use fence_model::quorum::Share;
use fence_model::{Code, Digest, Effect, Time};
use fence_scan::reading::{Commit, Fate, FileText, Group, Hunk, Line, Piece, Reading, Tint, Weight};
use fence_scan::{
    Blind, Capability, Change, Comparison, FileChange, Finding, Place, Severity, Span, Unanalyzed, Use,
};
use fence_testkit::world::{World, time};
use proptest::prelude::*;

use super::*;
use crate::alarms::{Alarm, AlarmKind};
use crate::answer::{self, Layout};
use crate::change::Shown;
use crate::fence::{FeedStatus, Refusal, RegistryStatus, Status};

const NOW: &str = "2026-08-20T07:30:00Z";

/// A decision with reasons of every kind that holds a stranger's text, which is `text` in all of them.
fn decision(text: &str) -> Decision {
    let mut world = World::at(NOW);
    world.release("glob", "0.3.3", "2025-01-01T00:00:00Z");
    world.release("glob", "0.3.4", "2026-08-20T07:00:00Z");
    let mut decision = world.decide("glob", "0.3.4");
    let (at, owned) = (time("2026-08-20T07:10:00Z"), || text.to_owned());
    let chain = Chain {
        origins: vec![owned(), owned()],
        versions: vec![owned()],
        begins: Some(owned()),
        known: at,
        until: None,
        unbound: vec![owned()],
    };
    let because = [
        Because::RequirementHeld { package: owned(), requirement: owned() },
        Because::FixHeld { in_use: "0.3.3".parse().unwrap(), advisories: vec![owned()] },
        Because::FeedBehind { feed: owned(), state: FeedState::Stale, as_of: Some(at) },
        Because::DependencyAdded { package: owned(), kind: DependencyKind::Build },
        Because::DependencyLookAlike { package: owned(), known_as: owned(), likeness: "another number" },
        Because::NameClose { known_as: owned(), likeness: "another number" },
        Because::Advisory {
            id: owned(),
            also: vec![owned()],
            kind: AdvisoryKind::Vulnerability,
            title: owned(),
            known: at,
            fixed_in: None,
        },
        Because::RequirementRaised { package: owned(), requirement: owned(), id: owned() },
        Because::AuditViolation { origin: owned(), requirement: owned() },
        Because::Remarked { origin: owned(), remark: Remark::Negative },
        Because::Source(owned()),
        Because::Audits(vec![chain]),
        Because::Approved {
            share: Share::percent(34),
            needed: Share::percent(30),
            who: vec![owned()],
            until: None,
        },
        Because::PublisherNew { publisher: owned(), new: NewWay::ByCi, since: at },
        Because::PublisherKnown { publisher: owned(), since: at },
        Because::Objected { weight: Objectors::Reviewers, who: vec![owned()], comment: owned() },
        Because::Objection { who: owned(), standing: ObjectionState::Seconded, comment: owned() },
        Because::Revoked { keys: vec![owned()], threshold: 1, comment: owned() },
        Because::PublisherVouched { publisher: owned(), origin: owned(), until: at },
        Because::Excused { because: owned(), until: at, codes: vec![Code::Young] },
    ];
    let reason = |because| Reason {
        // What a held fix says becomes a part of a command.
        code: if matches!(because, Because::FixHeld { .. }) { Code::HeldFix } else { Code::Dormant },
        effect: Effect::Review,
        stands: true,
        known: Some(at),
        because,
    };
    decision.reasons.extend(because.into_iter().map(reason));
    let approver = Approver { name: owned(), signer: owned(), share: Share::percent(10) };
    let needs = vec![
        Need::Quorum(vec![approver]),
        Need::Admitted { package: owned(), requirement: owned() },
        Need::Feed(owned()),
    ];
    decision.clears.push(Way { needs, earliest: at, as_of: at });
    decision
}

/// A change in which a stranger's text is `text` wherever there is one, and stands a second time where a line shows it.
fn reading(text: &str) -> Reading {
    let owned = || text.to_owned();
    let finding = |code: &str, severity, line| Finding {
        code: code.to_owned(),
        severity,
        file: owned(),
        line,
        column: line.min(1),
        length: 1,
        place: Place::Normal,
        function: owned(),
        reason: owned(),
        text: owned(),
        clues: Vec::new(),
    };
    let tints = [Tint::Plain, Tint::Keyword, Tint::Text, Tint::Number, Tint::Comment];
    let piece = |tint| Piece { tint, differs: tint == Tint::Text, text: owned() };
    // A mark is of one byte: that is a piece of its own, whatever follows.
    let meant = Piece { tint: Tint::Plain, differs: false, text: "m".to_owned() };
    let line = |fate, number| Line {
        fate,
        number,
        pieces: std::iter::once(meant.clone()).chain(tints.map(piece)).collect(),
        cut: 7,
    };
    let lines = || vec![line(Fate::Kept, 1), line(Fate::Gone, 2), line(Fate::New, 2), line(Fate::New, 3)];
    let hunk = |weight| Hunk { weight, function: owned(), lines: lines() };
    let file = |group| FileText {
        file: FileChange { path: owned(), change: Change::Changed, place: Some(Place::Normal), lines: 2 },
        group,
        added: 2,
        removed: 1,
        binary: (group == Group::Other).then(owned),
        hunks: vec![hunk(Weight::Read), hunk(Weight::Tests), hunk(Weight::Looks)],
        left_out: 3,
    };
    let span = || Span { file: owned(), line: 1, column: 1, length: 1 };
    let gained = Use {
        capability: Capability::Process,
        place: Place::Normal,
        function: owned(),
        span: span(),
        through: owned(),
        reachable: true,
    };
    Reading {
        comparison: Comparison {
            name: owned(),
            from: owned(),
            to: owned(),
            gained: vec![Capability::Process],
            uses: vec![gained],
            findings: vec![
                finding("fetch-and-run", Severity::High, 2),
                finding(text, Severity::Low, 3),
                finding(text, Severity::Medium, 0),
            ],
            dependencies: vec![owned()],
            features: vec![owned()],
            ..Comparison::default()
        },
        files: Group::ALL.map(file).into(),
        commits: (None, Some(Commit { id: owned(), is_dirty: true })),
        unanalyzed: vec![Unanalyzed { why: Blind::Binary, file: owned(), count: 1, bytes: 1 }],
    }
}

fn asked(text: &str, layout: Layout) -> answer::Change {
    answer::Change {
        registry: text.to_owned(),
        name: "glob".parse().unwrap(),
        version: "0.3.4".parse().unwrap(),
        from: None,
        layout,
    }
}

/// A fence of which nobody has to look at anything.
fn all_is_well() -> Status {
    Status {
        format: 1,
        version: "0",
        policy: None,
        level: "medium".to_owned(),
        policy_wrong: None,
        now: time(NOW),
        since: time(NOW),
        counted_up_to: None,
        behind: Vec::new(),
        registries: Vec::new(),
        feeds: Vec::new(),
        kept: Default::default(),
        alarms: Vec::new(),
        refused: Vec::new(),
        held_releases: 0,
        held: Vec::new(),
    }
}

/// A page and the terminal go by the same: what the fence itself says is behind.
#[test]
fn a_clock_that_stands_is_not_well() {
    let frame = Frame { now: time(NOW), held: 0, alarms: 0, notices: Vec::new() };
    let late = Some(time("2026-08-20T07:10:00Z"));
    let well = status(&frame, &Status { counted_up_to: late, ..all_is_well() });
    assert!(well.contains("all is well"), "{well}");
    let behind = vec!["rustsec".to_owned()];
    let stands = status(&frame, &Status { counted_up_to: late, behind, ..all_is_well() });
    assert!(stands.contains("somebody should look") && !stands.contains("all is well"), "{stands}");
    assert!(stands.contains("time stands still for young releases"), "{stands}");
}

/// Every page, with `text` wherever a stranger's may stand.
fn all(text: &str) -> Vec<String> {
    let owned = || text.to_owned();
    let now = time(NOW);
    let frame = Frame { now, held: 3, alarms: 1, notices: vec![owned()] };
    let decision = Arc::new(decision(text));
    let held = Held {
        registry: owned(),
        decision: Arc::clone(&decision),
        stay: None,
        asked: now,
        rank: Rank::First,
    };
    let shown = Arc::new(Shown::of(reading(text)));
    let read = |layout, state| {
        let beside = Ok(("0.3.3".parse().unwrap(), "as you asked"));
        change(&Changed { frame: frame.clone(), asked: &asked(text, layout), beside, state })
    };
    let alarm = Alarm {
        kind: AlarmKind::Lure,
        since: now,
        at: now,
        about: "crates-io/glob".to_owned(),
        words: owned(),
    };
    let place = |place: Option<String>, role| FeedSource { git: place, ..FeedSource::of(role) };
    let policy_with = Policy {
        sources: vec![AllowedSource { git: owned(), rev: owned() }],
        exceptions: vec![Exception {
            name: "glob".parse().unwrap(),
            version: "0.3.4".parse().unwrap(),
            digest: Digest([1; 32]),
            codes: vec![Code::Young],
            because: owned(),
            until: now,
        }],
        ..Policy::default()
    };
    let status_with = Status {
        policy: Some(owned()),
        level: owned(),
        policy_wrong: Some(owned()),
        counted_up_to: Some(Time::EARLIEST),
        behind: vec![owned()],
        registries: vec![RegistryStatus {
            path: owned(),
            name: owned(),
            crates: 1,
            refused_releases: 1,
            page_bytes: 1,
            journal_lines: 1,
        }],
        feeds: vec![FeedStatus { name: owned(), role: "audits", state: "stale", as_of: None }],
        alarms: vec![alarm],
        refused: vec![Refusal { at: now, registry: owned(), release: owned(), why: owned() }],
        ..all_is_well()
    };
    vec![
        older(&Waiting {
            frame: frame.clone(),
            held: vec![Held { rank: Rank::Older, ..held.clone() }],
            older: 1,
            more: 3,
            base: owned(),
        }),
        waiting(&Waiting { frame: frame.clone(), held: vec![held], older: 0, more: 0, base: owned() }),
        waiting(&Waiting { frame: frame.clone(), held: Vec::new(), older: 0, more: 0, base: owned() }),
        release(&Release {
            source: None,
            frame: frame.clone(),
            registry: owned(),
            decision,
            stay: Some("0.3.3".parse().unwrap()),
            ground: Ground::Alone,
            stale: Some(owned()),
            change: Some(Reviewed {
                page: asked(text, Layout::Inline),
                beside: Err("since there is no older release"),
                shown: Some(Arc::clone(&shown)),
            }),
        }),
        read(Layout::Inline, State::Read(&shown)),
        read(Layout::Side, State::Read(&shown)),
        read(Layout::Inline, State::UnderWay),
        read(Layout::Inline, State::Failed(text)),
        policy(&Rules {
            frame: frame.clone(),
            policy: &policy_with,
            baseline: &Baseline::default(),
            feeds: vec![(owned(), place(Some(owned()), FeedRole::Audits))],
            folder: Some(owned()),
        }),
        status(&frame, &status_with),
        search(&Search {
            frame: frame.clone(),
            sought: owned(),
            found: Vec::new(),
            more: 0,
            unasked: vec![(owned(), "glob".parse().unwrap())],
        }),
        absent(&frame, text),
        unavailable(&frame, &text.replace('\n', " ")),
    ]
}

/// The tags of a page, each with the names of its attributes.
fn structure(html: &str) -> Vec<String> {
    let mut structure = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>'), "{piece}");
        let mut quoted = tag.split('"');
        let mut names = quoted.next().unwrap_or_default().to_owned();
        while let (Some(_value), Some(between)) = (quoted.next(), quoted.next()) {
            names += between;
        }
        structure.push(names);
    }
    structure
}

fn check(text: &str) {
    let plain = all("x");
    for (of, with) in plain.iter().zip(all(text)) {
        assert_eq!(structure(of), structure(&with), "{text:?}");
    }
}

#[test]
fn no_known_trick_changes_a_document() {
    for text in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title><script>alert(1)</script>",
        "</pre></main><iframe srcdoc='x'>",
        "<!--",
        "-->",
        "]]>",
        "&lt;script&gt;",
        "&#60;b&#62;",
        "javascript:alert(1)",
        "//elsewhere.example/",
        "\u{0}<\u{0}b>",
        "\u{202e}txt.exe",
        "`code` **strong**",
        "{{7*7}} ${7*7} <%= 7*7 %>",
        "",
        " ",
    ] {
        // A table leaves nothing out for what is empty.
        check(if text.trim().is_empty() { "\u{a0}" } else { text });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_changes_a_document(text in "\\PC{1,80}|[<>&'\"/=a-z \\\\`*-]{1,60}") {
        check(&text);
    }
}

/// What is copied from a page into a shell runs what it shows, whatever a feed calls its advisories.
#[test]
fn no_advisory_adds_to_a_command() {
    let held = decision("\"; rm -rf ~; echo \"$(id)`id`\\");
    let command = fence_model::words::help::helps(
        &held,
        None,
        (fence_model::words::help::Named::ByCrate, fence_model::words::help::Placed::Newer),
        time(NOW),
    );
    let commands: Vec<&String> = command.iter().flat_map(|help| &help.commands).collect();
    assert!(commands.iter().any(|command| command.contains("--because")), "{commands:?}");
    for command in commands {
        assert!(!command.contains(['$', '`', ';', '\\']), "{command}");
        assert!(command.matches('"').count() % 2 == 0, "{command}");
    }
}
