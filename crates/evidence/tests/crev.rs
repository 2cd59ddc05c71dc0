//! What is made of crev proofs: which are understood, whose count, and for what; and what crev calls content.

use std::collections::BTreeMap;
use std::io::Read as _;

use fence_evidence::Limits;
use fence_evidence::cargo_vet::format_audits;
use fence_evidence::crev::{
    Content, CrateReviews, Entry, Proof, Review, Source, WebOfTrust, parse_proofs, read_feed,
    recursive_digest,
};
use fence_model::ReviewerId;
use fence_model::facts::Claim;
use fence_model::policy::{Reach, Trust};
use fence_testkit::crev::{CRATES_IO, Reviewer, real};

fn read(text: &str) -> (Vec<Proof>, String) {
    let parsed = parse_proofs("ann.proof.crev", text.as_bytes(), &Limits::default()).expect("text");
    (parsed.value, parsed.problems.iter().map(|problem| format!("{problem}\n")).collect())
}

/// What `proofs` say under a policy that trusts `named`: for each review the claim, its criteria, who vouches, and
/// since when.
fn told(proofs: &str, named: &[(&Reviewer, Trust)], reach: Option<Reach>) -> String {
    let (proofs, problems) = read(proofs);
    assert_eq!(problems, "");
    let trust: BTreeMap<ReviewerId, Trust> = named.iter().map(|(who, trust)| (who.id(), *trust)).collect();
    let people = ["ann", "bob", "cat", "dan"].map(|name| (Reviewer::called(name).id().to_string(), name));
    let mut lines = String::new();
    for CrateReviews { name, reviews } in WebOfTrust::new(&proofs, Source { trust: &trust, reach }).crates() {
        for Review { audit, .. } in reviews {
            assert_eq!(audit.feed, None, "a signed record rests on no feed");
            let claim = match &audit.claim {
                Claim::Full(at) => format!("{}", at.version),
                Claim::Delta { from, to } => format!("{} -> {}", from.version, to.version),
                Claim::Violation(requirement) => format!("violation {requirement}"),
                Claim::Remark(at, remark) => format!("{} {remark:?}", at.version),
            };
            let who: Vec<&str> = audit
                .who
                .iter()
                .map(|who| people.iter().find(|(id, _)| id == who).map_or(*who, |(_, name)| name))
                .collect();
            lines += &format!(
                "{name} {claim} [{}] by {} since {}\n",
                audit.criteria.join(" "),
                who.join(" through "),
                audit.known.date()
            );
        }
    }
    lines
}

fn people() -> [Reviewer; 4] {
    ["ann", "bob", "cat", "dan"].map(Reviewer::called)
}

/// What one review with this opinion counts for, its author trusted that much.
fn counts(opinion: &str, trust: Trust) -> String {
    let [ann, ..] = people();
    let told = told(&ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", opinion), &[(&ann, trust)], None);
    told.trim_end().strip_suffix(" by ann since 2026-01-02").unwrap_or("nothing").to_owned()
}

#[test]
fn a_review_counts_for_the_least_of_care_understanding_and_trust() {
    const DEPLOY: &str = "a 1.0.0 [safe-to-deploy safe-to-run]";
    const RUN: &str = "a 1.0.0 [safe-to-run]";
    for (opinion, trust, expected) in [
        ("high high positive", Trust::High, DEPLOY),
        ("medium medium strong", Trust::Medium, DEPLOY),
        ("low high positive", Trust::High, RUN),
        ("high low positive", Trust::High, RUN),
        ("high high strong", Trust::Low, RUN),
        ("none high positive", Trust::High, "nothing"),
        ("high none positive", Trust::High, "nothing"),
        ("high high neutral", Trust::High, "nothing"),
        ("high high negative", Trust::High, "a 1.0.0 Negative []"),
        ("none none dangerous", Trust::Low, "a violation =1.0.0 [safe-to-deploy safe-to-run]"),
        ("high high strong", Trust::Machine, "a 1.0.0 MachineReviewed []"),
        ("high high dangerous", Trust::Machine, "a 1.0.0 MachineWarned []"),
    ] {
        assert_eq!(counts(opinion, trust), expected, "{opinion}, {trust:?}");
    }
}

#[test]
fn who_is_not_named_counts_for_nothing() {
    let [ann, bob, ..] = people();
    let proofs = bob.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high dangerous");
    assert_eq!(told(&proofs, &[(&ann, Trust::High)], Some(Reach::Low)), "");
}

#[test]
fn what_names_an_issue_or_a_machine_does_not_vouch() {
    let [ann, ..] = people();
    let digest = "A".repeat(43);
    let with = |rest| ann.review_of("2026-01-02T00:00:00Z", "a", "1.0.0", "high high strong", &digest, rest);
    let trusted = [(&ann, Trust::High)];
    let good = "a 1.0.0 [safe-to-deploy safe-to-run] by ann since 2026-01-02\n";
    assert_eq!(told(&with("comment: fine\n"), &trusted, None), good);
    assert_eq!(told(&with("advisories:\n  - ids:\n      - X-1\n    severity: high\n"), &trusted, None), good);
    assert_eq!(told(&with("issues:\n  - id: X-1\n    severity: low\n"), &trusted, None), "");
    let by_machine = with("llm-agent:\n  model: m\n  human-guided: true\n");
    assert_eq!(told(&by_machine, &trusted, None), "a 1.0.0 MachineReviewed [] by ann since 2026-01-02\n");
}

#[test]
fn a_review_of_a_change_is_a_delta() {
    let [ann, ..] = people();
    let digest = "A".repeat(43);
    let base = |name| {
        let rest = format!(
            "package-diff-base:\n  source: \"https://{CRATES_IO}\"\n  name: {name}\n  version: 0.9.0\n  digest: {digest}\n"
        );
        ann.review_of("2026-01-02T00:00:00Z", "a", "1.0.0", "high high strong", &digest, &rest)
    };
    let told = told(&base("a"), &[(&ann, Trust::High)], None);
    assert_eq!(told, "a 0.9.0 -> 1.0.0 [safe-to-deploy safe-to-run] by ann since 2026-01-02\n");
    assert_eq!(
        read(&base("b")).1,
        "ann.proof.crev:19: a 1.0.0: `package-diff-base` is not a release of the crate under review\n"
    );
}

#[test]
fn the_latest_word_of_one_person_holds_and_at_one_time_the_worse() {
    let [ann, bob, ..] = people();
    let trusted = [(&ann, Trust::High)];
    let good = ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive");
    let bad = |date| ann.review(date, "a", "1.0.0", "high high negative");
    let (later, earlier, same) =
        (bad("2026-01-03T00:00:00Z"), bad("2026-01-01T00:00:00Z"), bad("2026-01-02T00:00:00Z"));
    const GOOD: &str = "a 1.0.0 [safe-to-deploy safe-to-run] by ann since 2026-01-02\n";
    for (other, expected) in [
        (&later, "a 1.0.0 Negative [] by ann since 2026-01-03\n"),
        (&earlier, GOOD),
        (&same, "a 1.0.0 Negative [] by ann since 2026-01-02\n"),
        // Somebody else's word takes nothing back.
        (&bob.review("2026-01-03T00:00:00Z", "a", "1.0.0", "high high negative"), GOOD),
    ] {
        assert_eq!(told(&format!("{good}{other}"), &trusted, None), expected);
        assert_eq!(told(&format!("{other}{good}"), &trusted, None), expected, "the order shows");
    }
}

#[test]
fn neither_a_machine_nor_an_issue_takes_a_warning_back() {
    let [ann, ..] = people();
    let trusted = [(&ann, Trust::High)];
    const MACHINE: &str = "llm-agent:\n  model: m\n";
    let machine =
        |opinion| ann.review_of("2026-01-03T00:00:00Z", "a", "1.0.0", opinion, &"A".repeat(43), MACHINE);
    let issue = |date, rest: &str| {
        let package = format!(
            "package:\n  source: \"https://{CRATES_IO}\"\n  name: a\n  version: 1.0.0\n  digest: {}\n",
            "A".repeat(43)
        );
        ann.proof(
            "package review",
            date,
            &format!("{package}issues:\n  - id: X-1\n    severity: low\n{rest}"),
        )
    };
    let said = |opinion| ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", opinion);
    let (good, bad) = (said("high high positive"), said("high high dangerous"));
    const GOOD: &str = "a 1.0.0 [safe-to-deploy safe-to-run] by ann since 2026-01-02\n";
    const BAD: &str = "a violation =1.0.0 [safe-to-deploy safe-to-run] by ann since 2026-01-02\n";
    const READ: &str = "a 1.0.0 MachineReviewed [] by ann since 2026-01-03\n";
    const WARNED: &str = "a 1.0.0 MachineWarned [] by ann since 2026-01-03\n";
    for (one, other, expected) in [
        (&bad, machine("high high positive"), format!("{BAD}{READ}")),
        (&good, machine("high high dangerous"), format!("{GOOD}{WARNED}")),
        (&bad, issue("2026-01-03T00:00:00Z", ""), BAD.to_owned()),
        (&good, issue("2026-01-03T00:00:00Z", ""), String::new()),
        (&good, issue("2026-01-03T00:00:00Z", MACHINE), GOOD.to_owned()),
        // An opinion that came later knew of the issue.
        (&good, issue("2026-01-01T00:00:00Z", ""), GOOD.to_owned()),
    ] {
        assert_eq!(told(&format!("{one}{other}"), &trusted, None), expected);
        assert_eq!(told(&format!("{other}{one}"), &trusted, None), expected, "the order shows");
    }
}

#[test]
fn of_two_reviews_at_one_time_the_same_holds_in_any_order() {
    let [ann, ..] = people();
    let trusted = [(&ann, Trust::High)];
    let digest = |letter: &str| format!("{}A", letter.repeat(42));
    let review = |opinion, digest: &str, rest: &str| {
        ann.review_of("2026-01-02T00:00:00Z", "a", "1.0.0", opinion, digest, rest)
    };
    let base = format!(
        "package-diff-base:\n  source: \"https://{CRATES_IO}\"\n  name: a\n  version: 0.9.0\n  digest: {}\n",
        digest("A")
    );
    let good = review("high high positive", &digest("A"), "");
    for other in [
        review("low high positive", &digest("A"), ""),
        review("high high positive", &digest("A"), "issues:\n  - id: X-1\n    severity: low\n"),
        review("high high positive", &digest("A"), &base),
    ] {
        let told = |proofs: String| told(&proofs, &trusted, None);
        assert_eq!(told(format!("{good}{other}")), told(other.clone()));
        assert_eq!(told(format!("{other}{good}")), told(other.clone()), "the order shows");
    }
    let contents = |text: &str| {
        let (proofs, _) = read(text);
        let trust = BTreeMap::from([(ann.id(), Trust::High)]);
        let web = WebOfTrust::new(&proofs, Source { trust: &trust, reach: None });
        let contents: Vec<String> =
            web.crates().flat_map(|of| of.reviews).map(|review| format!("{:?}", review.contents)).collect();
        contents
    };
    let other = review("high high positive", &digest("B"), "");
    assert_eq!(contents(&format!("{good}{other}")), contents(&format!("{other}{good}")));
}

#[test]
fn who_is_trusted_by_one_who_is_named_counts_as_their_voice() {
    let [ann, bob, cat, dan] = people();
    let review = dan.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive");
    let at = |day: u32| format!("2026-02-0{day}T00:00:00Z");
    let trusted = [(&ann, Trust::High), (&bob, Trust::Low)];
    let check = |trusts: &str, reach, expected: &str| {
        assert_eq!(told(&format!("{trusts}{review}"), &trusted, reach), expected, "{trusts}");
    };
    let high = ann.trust(&at(1), &dan, "high");
    const COUNTS: &str = "a 1.0.0 [safe-to-deploy safe-to-run] by dan through ann since 2026-02-01\n";
    // Only where the policy lets trust reach that far.
    check(&high, None, "");
    check(&high, Some(Reach::High), COUNTS);
    check(&ann.trust(&at(1), &dan, "medium"), Some(Reach::High), "");
    check(&ann.trust(&at(1), &dan, "medium"), Some(Reach::Medium), COUNTS);
    // For no more than either trust allows.
    const RUN: &str = "a 1.0.0 [safe-to-run] by dan through";
    check(&ann.trust(&at(1), &dan, "low"), Some(Reach::Low), &format!("{RUN} ann since 2026-02-01\n"));
    check(&bob.trust(&at(1), &dan, "high"), Some(Reach::High), &format!("{RUN} bob since 2026-02-01\n"));
    // Through two, as the voice of both.
    let both = format!("{high}{}", bob.trust(&at(2), &dan, "high"));
    let through_both = told(&format!("{both}{review}"), &trusted, Some(Reach::High));
    assert!(through_both.contains(" through ann") && through_both.contains(" through bob"), "{through_both}");
    // For what the better of two words is worth, and only since that was given.
    let late = format!("{}{}", ann.trust(&at(2), &dan, "high"), bob.trust(&at(1), &dan, "high"));
    let late = told(&format!("{late}{review}"), &trusted, Some(Reach::High));
    assert!(late.contains("[safe-to-deploy") && late.ends_with(" since 2026-02-02\n"), "{late}");
    // Nobody further away.
    let two_steps = format!("{}{}", ann.trust(&at(1), &cat, "high"), cat.trust(&at(1), &dan, "high"));
    check(&two_steps, Some(Reach::Low), "");
    // Trust that was taken back is none.
    check(&format!("{high}{}", ann.trust(&at(2), &dan, "none")), Some(Reach::Low), "");
}

#[test]
fn an_exported_review_is_by_who_looked_and_not_by_who_trusts_them() {
    let [ann, .., dan] = people();
    let (proofs, _) = read(
        &(ann.trust("2026-01-01T00:00:00Z", &dan, "high")
            + &dan.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive")),
    );
    let trust = BTreeMap::from([(ann.id(), Trust::High)]);
    let web = WebOfTrust::new(&proofs, Source { trust: &trust, reach: Some(Reach::High) });
    let reviews: Vec<CrateReviews<'_>> = web.crates().collect();
    let audits = reviews.iter().map(|of| (of.name.clone(), of.reviews.iter().map(|r| &r.audit).collect()));
    let exported = format_audits(&[], &audits.collect());
    assert!(exported.contains(&format!("who = [\"{}\"]", dan.id())), "{exported}");
    assert!(!exported.contains(&ann.id().to_string()), "{exported}");
}

#[test]
fn distrust_by_one_who_is_named_silences() {
    let [ann, bob, cat, dan] = people();
    let at = "2026-02-01T00:00:00Z";
    let reviews = |who: &Reviewer| {
        who.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive")
            + &who.review("2026-01-02T00:00:00Z", "b", "1.0.0", "high high dangerous")
    };
    let trusted = [(&ann, Trust::Low), (&bob, Trust::High)];
    let told = |proofs: &str| told(proofs, &trusted, Some(Reach::High));
    const WARNING: &str = "b violation =1.0.0 [safe-to-deploy safe-to-run] by";
    // One who is named is still heard as a warning.
    let bobs = reviews(&bob);
    let distrusted = told(&format!("{bobs}{}", ann.trust(at, &bob, "distrust")));
    assert_eq!(distrusted, format!("{WARNING} bob since 2026-01-02\n"));
    // One who counts through another is not heard at all.
    let dans = reviews(&dan) + &bob.trust(at, &dan, "high");
    assert!(told(&dans).contains("by dan through bob"));
    assert_eq!(told(&format!("{dans}{}", ann.trust(at, &dan, "distrust"))), "");
    // The distrust of strangers is nothing.
    assert_eq!(told(&format!("{bobs}{}", cat.trust(at, &bob, "distrust"))), told(&bobs));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_rest_is_used() {
    let [ann, bob, ..] = people();
    let good = ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive");
    let digest = "A".repeat(43);
    let with =
        |rest: &str| ann.review_of("2026-01-02T00:00:00Z", "a", "1.0.0", "high high strong", &digest, rest);
    let files = [
        ("what is between proofs", format!("hello\nyou\n{good}there\n")),
        ("without an end", format!("{}{good}", good.split_once("----- SIGN").expect("a proof").0)),
        ("without a signature", good.replace("----- SIGN CREV PROOF -----\n", "")),
        ("cut off", good[..good.len() - 30].to_owned()),
        ("another author", good.replace(&ann.id().to_string(), &bob.id().to_string())),
        ("another version", good.replace("version: 1.0.0", "version: 1.0.1")),
        ("no signature", {
            let signature = good.lines().rev().find(|line| line.len() == 86).expect("a signature");
            good.replace(signature, "none\u{1b}[2J")
        }),
        ("a weak key", signed_by_a_weak_key(&good, &ann)),
        ("no key", good.replace(&ann.id().to_string(), "dpc")),
        ("an unknown key", with("burn-after: true\n")),
        ("a key twice", with("comment: a\ncomment: b\n")),
        ("an unknown rating", ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high superb")),
        ("an unknown kind", ann.proof("love letter", "2026-01-02T00:00:00Z", "to: bob\n")),
        ("an unknown date", ann.review("yesterday", "a", "1.0.0", "high high positive")),
        (
            "an unknown version of proofs",
            ann.sign(&format!(
                "kind: trust\nversion: 2\ndate: \"2026-01-02T00:00:00Z\"\nfrom:\n  id-type: crev\n  id: {}\n",
                ann.id()
            )),
        ),
        ("no crate", ann.review("2026-01-02T00:00:00Z", "a/b", "1.0.0", "high high positive")),
        ("no version", ann.review("2026-01-02T00:00:00Z", "a", "1.0", "high high positive")),
        ("no digest", good_digest(&ann, "abc")),
        ("a list", ann.proof("trust", "2026-01-02T00:00:00Z", "ids: none\ntrust: high\n")),
        ("other YAML", ann.proof("trust", "2026-01-02T00:00:00Z", "ids: [a, b]\n")),
        ("too long", with(&format!("comment: {}\n", "x".repeat(32_000)))),
    ];
    let mut shown = String::new();
    for (what, text) in files {
        let (proofs, problems) = read(&text);
        shown += &format!("# {what}: {} read\n{}", proofs.len(), problems.replace('\u{1b}', "ESC"));
    }
    insta::assert_snapshot!(shown);
}

/// Under the key of order one, this signature fits every text, unless one is strict.
fn signed_by_a_weak_key(good: &str, author: &Reviewer) -> String {
    let id = format!("AQ{}", "A".repeat(41));
    let signature = good.lines().rev().find(|line| line.len() == 86).expect("a signature");
    good.replace(&author.id().to_string(), &id).replace(signature, &format!("AQ{}", "A".repeat(84)))
}

fn good_digest(of: &Reviewer, digest: &str) -> String {
    of.review_of("2026-01-02T00:00:00Z", "a", "1.0.0", "high high strong", digest, "")
}

#[test]
fn line_ends_may_have_been_rewritten() {
    let [ann, ..] = people();
    let text = ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive");
    assert_eq!(read(&text.replace('\n', "\r\n")), read(&text));
}

#[test]
fn a_file_that_is_too_long_or_no_text_is_refused() {
    let limits = Limits { crev_file_bytes: 10, ..Limits::default() };
    let refused = |bytes: &[u8]| parse_proofs("x.proof.crev", bytes, &limits).unwrap_err().to_string();
    assert_eq!(refused(b"0123456789a"), "x.proof.crev: the file has 11 bytes, and at most 10 are read");
    assert_eq!(refused(b"a\n\xff"), "x.proof.crev:2: the file is not UTF-8");
}

#[test]
fn problems_are_told_up_to_a_limit() {
    let limits = Limits { problems: 2, ..Limits::default() };
    let parsed = parse_proofs("x.proof.crev", "a\n\n".repeat(9).as_bytes(), &limits).expect("text");
    assert_eq!(parsed.problems.len(), 3);
    assert!(parsed.problems[2].to_string().contains("more than 2 problems"), "{}", parsed.problems[2]);
    // However many files they are in.
    let [ann, ..] = people();
    let good = ann.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive");
    let files: Vec<(String, &[u8])> = (1..=9).map(|n| (format!("{n}.proof.crev"), &b"a\n"[..])).collect();
    let files = files.into_iter().chain([("good.proof.crev".to_owned(), good.as_bytes())]);
    let trust = BTreeMap::from([(ann.id(), Trust::High)]);
    let parsed = read_feed("ours", files, &limits, Source { trust: &trust, reach: None });
    let problems: Vec<String> = parsed.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n"), @"
    1.proof.crev:1: this is no part of a proof, which begins with `----- BEGIN CREV PROOF -----`
    2.proof.crev:1: this is no part of a proof, which begins with `----- BEGIN CREV PROOF -----`
    ours: more than 2 problems; the others are not listed
    ");
    assert_eq!(parsed.value.len(), 1, "what comes after them is read");
}

/// Anybody can make ids and sign with them: what they sign is not even verified, unless somebody's trust may reach them.
#[test]
fn those_who_cannot_count_are_passed_over() {
    let [ann, bob, ..] = people();
    let review = |by: &Reviewer| by.review("2026-01-02T00:00:00Z", "a", "1.0.0", "high high positive");
    let forged = review(&bob).replace("rating: positive", "rating: strong");
    assert_ne!(forged, review(&bob));
    let text = review(&ann) + &review(&bob) + &forged;
    let trust = BTreeMap::from([(ann.id(), Trust::High)]);
    let read = |reach| {
        let file = [("x.proof.crev", text.as_bytes())];
        let parsed = read_feed("ours", file, &Limits::default(), Source { trust: &trust, reach });
        (parsed.value.len(), parsed.problems.len())
    };
    assert_eq!(read(None), (1, 0));
    assert_eq!(read(Some(Reach::High)), (2, 1));
}

#[test]
fn the_digest_of_a_real_package_is_the_one_that_its_reviewer_signed() {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/crev/");
    for (package, proofs) in [
        (
            "aseprite-0.1.2",
            "MaulingMonkey+crev-proofs/6OZqHXqyUAF57grEY7IVMjRljdd9dgDxiNtr1NF1BdY/reviews/2020-10-package-dnBrJQ.proof.crev",
        ),
        (
            "instant-0.1.2",
            "MaulingMonkey+crev-proofs/6OZqHXqyUAF57grEY7IVMjRljdd9dgDxiNtr1NF1BdY/reviews/2019-10-packages-73Zwaw.proof.crev",
        ),
    ] {
        let packed = std::fs::read(format!("{FOLDER}crates/{package}.crate")).expect("a package");
        let mut files = unpack(&packed);
        let digest = |files: &BTreeMap<String, Vec<u8>>| {
            recursive_digest(files.iter().map(|(path, bytes)| (path.as_str(), Entry::File(bytes))))
        };
        let text = real(&std::fs::read_to_string(format!("{FOLDER}{proofs}")).expect("proofs"));
        let proofs = parse_proofs(proofs, text.as_bytes(), &Limits::default()).expect("text").value;
        let signed = proofs.iter().find_map(|proof| match &proof.content {
            Content::Review(review)
                if format!("{}-{}", review.package.name, review.package.version) == package =>
            {
                Some(review.package.digest)
            }
            _ => None,
        });
        assert_eq!(Some(digest(&files)), signed, "{package}");
        // What cargo writes when it unpacks is no part of it, everything else is.
        files.insert(".cargo-ok".to_owned(), b"{\"v\":1}".to_vec());
        assert_eq!(Some(digest(&files)), signed, "{package}");
        files.insert("Cargo.lock".to_owned(), Vec::new());
        assert_ne!(Some(digest(&files)), signed, "{package}");
    }
}

fn unpack(packed: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(flate2::read::GzDecoder::new(packed)).entries().expect("tar") {
        let mut entry = entry.expect("tar");
        let path = entry.path().expect("a path").to_str().expect("text").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("whole");
        files.insert(path.split_once('/').expect("a folder").1.to_owned(), bytes);
    }
    files
}

/// Computed by crev's own crate for this, crev-recursive-digest 0.6.0.
#[test]
fn digests_are_crevs() {
    let digest = |entries: &[(&str, Entry<'_>)]| recursive_digest(entries.iter().copied()).to_string();
    let (file, empty) = (Entry::File(b"text"), Entry::File(b""));
    for (entries, expected) in [
        (&[][..], "BAoZWZVn7_9fR1_tEAvWTGHXXXi8eQmzToeh06foEu0"),
        (&[("a", file)], "XYrEWRuFpMWxJIdzZByN6k7lc2i8XJjOnpFn4J4rhAo"),
        (&[("a", empty), ("b", file)], "zEyf9-ynNCycCATZXtRU_rsc_3_z0v8-c3bprbyKFvQ"),
        (&[("a", Entry::Link("b")), ("b", file)], "BuK5oKEeXKE8K3ZXbBTS78nPUakrBG4DckkoLz33RBQ"),
        (
            &[("a/b/c", file), ("a/b.c", file), ("a-b", empty), ("a.b/c", empty)],
            "fhkpGoLI1IvDPikA5D-46ImmBoD1dS3YH00wNh4gY84",
        ),
    ] {
        assert_eq!(digest(entries), expected, "{entries:?}");
        let mut turned = entries.to_vec();
        turned.reverse();
        assert_eq!(digest(&turned), expected, "the order of entries shows");
    }
}
