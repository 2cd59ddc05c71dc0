//! What a fence answers, and what it does when registry, disk or clock do not do what they should.

#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

mod world;

use std::sync::Arc;
use std::time::Duration;

use fence_client::cargo_config::Registry;
use fence_client::scanner::Packed;
use fence_model::Span;
use fence_model::readings::{BuildCode, Reading};
use fence_proxy::answer::{Answer, Answers, Ask};
use fence_proxy::fence::{Fence, Journals};
use fence_testkit::publishing::{Publishing, index_path, package_path, release};
use fence_testkit::registry::Act;
use world::{OWN, World, in_front_of, told};

/// A registry with one crate: two releases of long ago, and one of an hour.
fn one_fresh_release() -> World {
    let world = World::at("2026-08-20T08:00:00Z");
    world.registry.publish(release("glob", "0.3.2").at("2024-01-01T00:00:00Z"));
    world.registry.publish(release("glob", "0.3.3").at("2025-01-01T00:00:00Z"));
    world.registry.publish(release("glob", "0.3.4").at("2026-08-20T07:00:00Z"));
    world
}

fn file_of(name: &str) -> String {
    index_path(&name.parse().unwrap())
}

#[test]
fn a_fresh_release_is_shown_as_yanked_and_its_package_is_refused() {
    let world = one_fresh_release();
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked");
    insta::assert_snapshot!(world.download(&fence, "glob", "0.3.3"), @"all bytes");
    insta::assert_snapshot!(world.download(&fence, "glob", "0.3.4"), @"
    refused: the fence holds glob 0.3.4: published 1 hour ago; admitted in 14 days, on 2026-09-03
    stay on 0.3.3: cargo update -p glob@0.3.4 --precise 0.3.3
    dormant: no release for 596 days before 2026-08-20
    more: cargo fence why glob@0.3.4
    its page: http://fence.example/crates-io/crate/glob/0.3.4
    ");
}

#[test]
fn when_its_wait_is_over_it_is_shown_without_anybody_doing_anything() {
    let world = one_fresh_release();
    let fence = world.fence();
    let before = world.page(&fence, "glob");
    world.now("2026-08-27T06:59:00Z");
    assert_eq!(world.page(&fence, "glob"), before);
    world.now("2026-08-27T07:01:00Z");
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked");
    insta::assert_snapshot!(world.download(&fence, "glob", "0.3.4"), @"
    refused: the fence holds glob 0.3.4: published 7 days ago; admitted in 7 days, on 2026-09-03
    stay on 0.3.3: cargo update -p glob@0.3.4 --precise 0.3.3
    dormant: no release for 596 days before 2026-08-20
    more: cargo fence why glob@0.3.4
    its page: http://fence.example/crates-io/crate/glob/0.3.4
    ");
}

/// A crate of which a release is ten days old, in front of a fence that has packages read: whatever has a build script
/// gains one.
fn read_packages() -> World {
    let mut world = World::at("2026-08-25T12:00:00Z");
    world.registry.publish(release("glob", "0.3.2").at("2026-01-01T00:00:00Z"));
    world.reads = Some(Arc::new(|base: Option<&Packed>, package: &Packed| {
        let gains = has_script(package) && !base.is_some_and(has_script);
        let build_code = if gains { BuildCode::New } else { BuildCode::AsBefore };
        Reading { build_code, ..Reading::default() }
    }));
    world
}

/// Whether a package has a build script.
fn has_script(package: &Packed) -> bool {
    let Packed::Crate(bytes) = package else { return false };
    let mut archive = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut archive).unwrap();
    archive.windows(9).any(|path| path == b"/build.rs")
}

#[test]
fn what_nobody_read_is_held_until_somebody_did() {
    let world = read_packages();
    world.registry.publish(release("glob", "0.3.3").at("2026-08-15T00:00:00Z"));
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3 yanked");
    world.block_on(fence.idle());
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3");
    // Another fence finds what was read, and need not read it again.
    drop(fence);
    let fence = world
        .fence_with(|setup| {
            setup.reads = Some(Arc::new(|_, _| panic!("it was read")));
            setup.journals = Journals::OwnIfNeedBe;
        })
        .unwrap();
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3");
}

#[test]
fn who_wants_the_bytes_waits_for_them_to_be_read() {
    let world = read_packages();
    world.registry.publish(release("glob", "0.3.3").at("2026-08-15T00:00:00Z"));
    insta::assert_snapshot!(world.download(&world.fence(), "glob", "0.3.3"), @"all bytes");
}

#[test]
fn build_code_that_comes_in_is_held_by_what_was_read() {
    let world = read_packages();
    world.registry.publish(release("glob", "0.3.3").build_script("").at("2026-08-15T00:00:00Z"));
    let fence = world.fence();
    insta::assert_snapshot!(world.download(&fence, "glob", "0.3.3"), @"
    refused: the fence holds glob 0.3.3: published 10 days ago; needs a reviewer, age alone will not admit it
    stay on 0.3.2: cargo update -p glob@0.3.3 --precise 0.3.2
    new-build-code: runs code where it is built, which 0.3.2 did not
    more: cargo fence why glob@0.3.3
    its page: http://fence.example/crates-io/crate/glob/0.3.3
    ");
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3 yanked");
}

/// What is asked for again and again is not fetched again and again.
#[test]
fn a_package_that_cannot_be_had_is_left_alone_for_a_while() {
    let world = read_packages();
    world.registry.publish(release("glob", "0.3.3").at("2026-08-15T00:00:00Z"));
    let path = package_path(&"glob".parse().unwrap(), &"0.3.3".parse().unwrap());
    let asked = || world.registry.server().take_requests().iter().filter(|r| r.path == path).count();
    let fence = world.fence();
    world.registry.server().next(&path, [Act::status(500)]);
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3 yanked");
    world.block_on(fence.idle());
    assert_eq!(asked(), 1);
    world.now("2026-08-25T12:09:00Z");
    world.page(&fence, "glob");
    world.block_on(fence.idle());
    assert_eq!(asked(), 0);
    world.now("2026-08-25T13:11:00Z");
    world.page(&fence, "glob");
    world.block_on(fence.idle());
    assert_eq!(asked(), 1);
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3");
}

#[test]
fn a_policy_that_wants_nothing_read_has_nothing_read() {
    let world = read_packages();
    world.registry.publish(release("glob", "0.3.3").build_script("").at("2026-08-15T00:00:00Z"));
    world.policy("scan = \"off\"");
    insta::assert_snapshot!(world.page(&world.fence(), "glob"), @"Current: 0.3.2, 0.3.3");
}

/// Whoever gets a name of long ago does not get its age with it.
#[test]
fn a_name_that_was_given_away_is_as_young_as_its_new_crate() {
    let world = World::at("2026-08-20T08:00:00Z");
    world.registry.publish(release("lent", "0.1.0").at("2020-01-01T00:00:00Z"));
    world.registry.publish(release("top", "1.0.0").at("2024-01-01T00:00:00Z"));
    world.registry.publish(release("top", "1.0.1").at("2026-05-01T00:00:00Z"));
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "lent"), @"Current: 0.1.0");
    insta::assert_snapshot!(world.page(&fence, "top"), @"Current: 1.0.0, 1.0.1");

    world.registry.delete("lent", "0.1.0");
    world.registry.publish(release("lent", "0.1.1").at("2026-08-22T07:00:00Z"));
    world.registry.publish(release("top", "1.0.2").needs("lent", "^0.1").at("2026-08-22T08:00:00Z"));
    world.now("2026-10-20T08:00:00Z");
    insta::assert_snapshot!(world.page(&fence, "top"), @"Current: 1.0.0, 1.0.1, 1.0.2 yanked");
    insta::assert_snapshot!(world.download(&fence, "top", "1.0.2"), @"
    refused: the fence holds top 1.0.2: published 59 days ago; needs a reviewer until it is admitted in 31 days, on 2026-11-20
    stay on 1.0.1: cargo update -p top@1.0.2 --precise 1.0.1
    young-dependency: new in this release, lent was 1 hour old when this was published
    more: cargo fence why top@1.0.2
    its page: http://fence.example/crates-io/crate/top/1.0.2
    ");
}

#[test]
fn a_page_at_hand_is_served_without_asking() {
    let world = one_fresh_release();
    let fence = world.fence();
    world.page(&fence, "glob");
    world.registry.server().take_requests();
    for _ in 0..3 {
        world.page(&fence, "glob");
    }
    assert!(world.registry.server().take_requests().is_empty());
    world.later(Span::seconds(61));
    world.page(&fence, "glob");
    let asked = world.registry.server().take_requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].headers.contains_key("if-none-match"), "{asked:?}");
}

#[test]
fn a_tag_is_of_what_is_served_and_changes_with_the_policy() {
    let world = one_fresh_release();
    let fence = world.fence();
    let tag = || match world.ask(&fence, "/crates-io/gl/ob/glob") {
        Answer::Index(page) => page.tag.clone(),
        other => panic!("{other:?}"),
    };
    let before = tag();
    assert_eq!(tag(), before);
    // The rules are looked at again after a moment that nobody notices.
    let changed = std::time::Instant::now();
    world.policy("level = \"medium\"\n[wait]\nbase = \"0 days\"");
    while tag() == before {
        assert!(changed.elapsed() < Duration::from_secs(20), "the policy is not read again");
    }
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4");
    // A policy that is none changes nothing, but somebody has to look.
    world.policy("level = \"medium\"\nlevle = 1");
    while fence.health().is_ok() {
        assert!(changed.elapsed() < Duration::from_secs(20), "the policy is not read again");
        world.page(&fence, "glob");
    }
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4");
    assert!(fence.health().unwrap_err().starts_with("the policy as it is now is not in force: "));
}

#[test]
fn config_json_names_the_bytes_and_keeps_the_registrys_api() {
    let world = one_fresh_release();
    let fence = world.fence();
    insta::assert_snapshot!(
        world.told(&fence, "/crates-io/config.json").replace(&world.registry.server().url(""), "[registry]/"),
        @r#"{"api":"[registry]/api","dl":"http://fence.example/crates-io/dl/{crate}/{version}/{sha256-checksum}"}"#
    );
    insta::assert_snapshot!(world.told(&fence, "/other/config.json"), @"absent: this fence stands in front of crates-io, and not of other");
}

#[test]
fn a_name_that_nobody_has_is_absent_and_is_not_written_down() {
    let world = one_fresh_release();
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "nothing"), @"absent: crates.io has no crate nothing");
    world.page(&fence, "glob");
    let journals = std::fs::read_dir(world.folder.path().join("state/journal")).unwrap();
    let text: String = journals.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(text.contains("\"glob\"") && !text.contains("nothing"), "{text}");
}

#[test]
fn a_release_that_needs_what_is_held_is_shown_and_not_handed_out() {
    let world = World::at("2026-08-20T08:00:00Z");
    world.registry.publish(release("core", "1.0.0").at("2024-01-01T00:00:00Z"));
    world.registry.publish(release("core", "2.0.0").at("2026-08-20T07:00:00Z"));
    world.registry.publish(release("top", "1.0.0").needs("core", "^1").at("2024-02-01T00:00:00Z"));
    world.registry.publish(release("top", "1.1.0").needs("core", "^2").at("2025-02-01T00:00:00Z"));
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "top"), @"Current: 1.0.0, 1.1.0");
    insta::assert_snapshot!(world.download(&fence, "top", "1.0.0"), @"all bytes");
    insta::assert_snapshot!(world.download(&fence, "top", "1.1.0"), @"
    refused: the fence holds top 1.1.0: published 565 days ago; waits for core ^2
    stay on 1.0.0: cargo update -p top@1.1.0 --precise 1.0.0
    needs-held: needs core ^2, of which no release is admitted
    dormant: no release for 366 days before 2025-02-01
    more: cargo fence why top@1.1.0
    its page: http://fence.example/crates-io/crate/top/1.1.0
    ");
}

#[test]
fn a_young_package_holds_what_newly_needs_it_and_an_old_one_does_not() {
    let world = World::at("2026-08-20T08:00:00Z");
    world.registry.publish(release("old", "1.0.0").at("2020-01-01T00:00:00Z"));
    world.registry.publish(release("young", "1.0.0").at("2026-05-30T00:00:00Z"));
    world.registry.publish(release("top", "1.0.0").at("2024-02-01T00:00:00Z"));
    world.registry.publish(release("top", "1.1.0").needs("old", "^1").at("2025-02-01T00:00:00Z"));
    world.registry.publish(release("top", "1.2.0").needs("young", "^1").at("2026-05-31T00:00:00Z"));
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "top"), @"Current: 1.0.0, 1.1.0, 1.2.0 yanked");
    // By then everybody may have it.
    world.now("2026-08-28T00:02:00Z");
    insta::assert_snapshot!(world.page(&fence, "top"), @"Current: 1.0.0, 1.1.0, 1.2.0");
}

#[test]
fn what_was_seen_and_is_gone_is_refused_for_that() {
    let world = one_fresh_release();
    let fence = world.fence();
    world.page(&fence, "glob");
    let digest = world.registry.digest("glob", "0.3.3");
    world.registry.delete("glob", "0.3.3");
    for _ in 0..2 {
        world.later(Span::minutes(6));
        world.page(&fence, "glob");
    }
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.4 yanked");
    insta::assert_snapshot!(world.download_of(&fence, "glob", "0.3.3", digest), @"
    refused: the fence blocks glob 0.3.3, however long it waits
    stay on 0.3.2: cargo update -p glob@0.3.3 --precise 0.3.2
    deleted: seen since 2026-08-20T08:00:00Z, gone from the index since 2026-08-20T08:06:00Z
    more: cargo fence why glob@0.3.3
    its page: http://fence.example/crates-io/crate/glob/0.3.3
    ");
    insta::assert_snapshot!(world.log.take(), @"alarm deleted: glob 0.3.3 vanished from the index");
    insta::assert_snapshot!(world.download_of(&fence, "glob", "9.9.9", digest), @"absent: crates.io has no release glob 9.9.9");
}

#[test]
fn other_bytes_under_a_known_version_are_refused_and_raise_an_alarm() {
    let world = one_fresh_release();
    let fence = world.fence();
    world.page(&fence, "glob");
    world.registry.change_bytes("glob", "0.3.3");
    world.later(Span::minutes(2));
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3 yanked, 0.3.4 yanked");
    assert!(world.download(&fence, "glob", "0.3.3").starts_with("refused: the fence blocks glob 0.3.3"));
    insta::assert_snapshot!(world.log.take(), @"alarm changed-bytes: glob 0.3.3 has another digest than when it was first seen");
}

#[test]
fn a_package_of_other_bytes_than_the_index_says_is_never_handed_out() {
    let world = one_fresh_release();
    let fence = world.fence();
    world.registry.damage("glob", "0.3.3");
    let refused = world.download(&fence, "glob", "0.3.3");
    assert!(refused.contains("nothing of it is kept or handed out"), "{refused}");
    assert!(
        world
            .log
            .take()
            .starts_with("alarm changed-bytes: the package of glob 0.3.3 that the registry sends")
    );
    assert_eq!(world.download(&fence, "glob", "0.3.3"), refused, "nothing was kept");
}

#[test]
fn good_releases_that_are_yanked_around_a_fresh_one_stay() {
    let world = World::at("2026-08-20T07:00:00Z");
    for (version, at) in [
        ("1.0.0", "2023-01-01T00:00:00Z"),
        ("1.1.0", "2024-01-01T00:00:00Z"),
        ("1.2.0", "2025-01-01T00:00:00Z"),
    ] {
        world.registry.publish(release("ref", version).at(at));
    }
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "ref"), @"Current: 1.0.0, 1.1.0, 1.2.0");
    world.registry.publish(release("ref", "1.3.0").at("2026-08-20T07:10:00Z"));
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        world.registry.yank("ref", version);
    }
    world.now("2026-08-20T07:15:00Z");
    insta::assert_snapshot!(world.page(&fence, "ref"), @"Current: 1.0.0 yanked, 1.1.0 yanked, 1.2.0, 1.3.0 yanked");
    insta::assert_snapshot!(world.log.take(), @"
    alarm mass-yank: 3 releases of ref were yanked within a day: 1.0.0, 1.1.0, 1.2.0
    alarm lure: ref 1.2.0 is shown though it was yanked, which looks like a lure
    ");
    assert!(world.told(&fence, "/status.json").contains("mass-yank"));
    let counted = |name: &str, kind: &str| {
        let is_it = |figure: &&fence_proxy::answer::Figure| {
            figure.name == name && figure.labels.iter().any(|(_, value)| value == kind)
        };
        fence.figures().iter().find(is_it).map(|figure| figure.value)
    };
    assert_eq!(counted("fence_alarms_total", "mass-yank"), Some(1.0));
}

/// Whatever the registry does wrong, what it said last is served, marked stale, and a name never seen gets a clear
/// error.
#[test]
fn a_registry_that_fails_leaves_what_it_said_last() {
    let gzip = |bytes: &[u8]| Act::Answer {
        status: 200,
        headers: vec![("content-encoding".to_owned(), "gzip".to_owned())],
        body: bytes.to_vec(),
    };
    let body = |text: &str| Act::Answer { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() };
    let faults = [
        ("closes before it answers", Act::Close),
        ("closes in the middle", Act::CloseMidBody),
        ("speaks something else", Act::Garbage),
        ("says 500", Act::status(500)),
        ("says 429", Act::status(429)),
        ("says 403", Act::status(403)),
        ("sends a page for people", body("<html>log in</html>")),
        ("sends half a gzip", gzip(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b])),
        ("sends garbage in place of JSON", body("{\"name\": \"glob\", \"vers\"\n{]\n")),
        ("sends nothing", body("")),
        ("says that there is no such crate", Act::status(404)),
    ];
    let mut all = String::new();
    for (what, act) in faults {
        let world = one_fresh_release();
        let fence = world.fence();
        let seen = world.page(&fence, "glob");
        world.later(Span::minutes(2));
        world.registry.server().next(&file_of("glob"), [act.clone()]);
        let stale = world.page(&fence, "glob");
        assert_eq!(stale, seen.replace("Current", "Stale"), "{what}");
        assert_eq!(world.page(&fence, "glob"), stale, "{what}: it is left alone for a while");
        world.later(Span::seconds(11));
        assert_eq!(world.page(&fence, "glob"), seen, "{what}: once it is well again");
        world.registry.publish(release("never-seen", "1.0.0"));
        world.registry.server().next(&file_of("never-seen"), [act]);
        let never_seen = world.page(&fence, "never-seen");
        assert!(!never_seen.contains("1.0.0"), "{what}: {never_seen}");
        let told = world.log.take().replace(&world.registry.server().host_and_port(), "[registry]");
        all += &format!("{what}:\n{told}\n{never_seen}\n\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_registry_that_stalls_holds_up_those_who_know_nothing_only() {
    let mut world = one_fresh_release();
    world.times.patience = Duration::from_millis(20);
    let fence = world.fence();
    // The first read takes as long as it takes.
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked");
    world.later(Span::minutes(2));
    world.registry.server().next(&file_of("glob"), [Act::Silence]);
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Stale: 0.3.2, 0.3.3, 0.3.4 yanked");
    let fence = world
        .fence_with(|setup| {
            setup.network = world.network(Duration::from_millis(50));
            setup.state = world.folder.path().join("other-state");
        })
        .unwrap();
    world.registry.publish(release("never-seen", "1.0.0"));
    world.registry.server().next(&file_of("never-seen"), [Act::StallMidBody]);
    let told = world.page(&fence, "never-seen");
    assert!(told.starts_with("unavailable, again in 10 seconds: nothing is known of never-seen: "), "{told}");
}

#[test]
fn an_index_file_beyond_all_measure_is_not_read() {
    let mut world = one_fresh_release();
    world.limits = fence_client::Limits { index_file_bytes: 2_000, ..fence_client::Limits::DEFAULT };
    let fence = world.fence();
    let seen = world.page(&fence, "glob");
    world.later(Span::minutes(2));
    let body = "{\"name\":\"glob\"}\n".repeat(1_000).into_bytes();
    world.registry.server().next(&file_of("glob"), [Act::Answer { status: 200, headers: Vec::new(), body }]);
    assert_eq!(world.page(&fence, "glob"), seen.replace("Current", "Stale"));
    let told = world.log.take();
    assert!(told.contains("2000"), "{told}");
}

#[test]
fn what_cannot_be_written_down_is_not_served() {
    let world = one_fresh_release();
    let fence = world.fence();
    let seen = world.page(&fence, "glob");
    // What nobody waits for is written by then.
    world.block_on(fence.rest());
    world.disk.full(true);
    world.later(Span::minutes(2));
    world.registry.publish(release("glob", "0.3.5").at("2024-01-01T00:00:00Z"));
    assert_eq!(world.page(&fence, "glob"), seen.replace("Current", "Stale"));
    let told = world.log.take();
    assert!(told.starts_with("alarm journal: the journal cannot be written: "), "{told}");
    world.registry.publish(release("never-seen", "1.0.0"));
    let never_seen = world.page(&fence, "never-seen");
    assert!(never_seen.contains("make room on the disk of the fence"), "{never_seen}");
    // A package that was admitted needs no disk.
    insta::assert_snapshot!(world.download(&fence, "glob", "0.3.3"), @"all bytes");
    world.disk.full(false);
    world.later(Span::seconds(11));
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked, 0.3.5 yanked");
}

/// The machine loses power at each write in turn. Afterwards nothing damaged is served, and the journal has what was
/// acknowledged: every release that was served before is remembered, with the time of its first sight.
#[test]
fn power_that_fails_at_any_write_costs_nothing_that_was_served() {
    for halfway in [false, true] {
        for step in 1.. {
            let world = one_fresh_release();
            world.disk.dies_at(step, halfway);
            let served = match world.fence_with(|_| ()) {
                // Its journal could not even be made.
                Err(_) => String::new(),
                Ok(fence) => {
                    let served = world.page(&fence, "glob");
                    world.download(&fence, "glob", "0.3.3");
                    world.block_on(fence.rest());
                    served
                }
            };
            let died = world.disk.is_dead();
            world.disk.dies_at(0, false);
            world.registry.delete("glob", "0.3.2");
            world.later(Span::minutes(6));
            let fence = world.fence();
            let after = world.page(&fence, "glob");
            assert_eq!(after, "Current: 0.3.3, 0.3.4 yanked", "step {step}, halfway {halfway}");
            assert_eq!(world.download(&fence, "glob", "0.3.3"), "all bytes", "step {step}");
            let remembered = world.log.take().contains("glob 0.3.2 vanished from the index");
            assert_eq!(remembered, served.contains("0.3.2"), "step {step}, halfway {halfway}: {served}");
            if !died {
                assert!(step > 5, "{step} writes are too few to be all");
                break;
            }
        }
    }
}

/// After a crash a file may have any bytes: none that are not the registry's are served.
#[test]
fn a_damaged_copy_is_fetched_again() {
    let world = one_fresh_release();
    let seen = {
        let fence = world.fence();
        world.download(&fence, "glob", "0.3.3");
        world.block_on(fence.rest());
        world.page(&fence, "glob")
    };
    let mut damaged = 0;
    let mut folders = vec![world.folder.path().join("cache")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let mut bytes = std::fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(&path, bytes).unwrap();
                damaged += 1;
            }
        }
    }
    assert_eq!(damaged, 2, "a view and a package");
    let fence = world.fence();
    assert_eq!(world.page(&fence, "glob"), seen);
    assert_eq!(world.download(&fence, "glob", "0.3.3"), "all bytes");
}

#[test]
fn two_thousand_who_ask_at_once_cost_the_registry_one_request() {
    let world = one_fresh_release();
    let fence = world.fence();
    let answers = world.block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..2_000 {
            asking.spawn(fence.in_time(Ask::parse("/crates-io/gl/ob/glob").unwrap()));
        }
        asking.join_all().await
    });
    assert!(answers.iter().all(|answer| told(answer) == "Current: 0.3.2, 0.3.3, 0.3.4 yanked"));
    let asked = world.registry.server().take_requests();
    assert_eq!(asked.iter().filter(|request| request.path == file_of("glob")).count(), 1, "{asked:?}");
}

#[test]
fn what_was_asked_for_is_followed() {
    let world = one_fresh_release();
    let fence = world.fence();
    world.page(&fence, "glob");
    world.registry.server().take_requests();
    world.later(Span::minutes(9));
    world.block_on(fence.follow());
    assert_eq!(world.registry.server().take_requests(), [], "it is too early");
    world.later(Span::minutes(2));
    world.registry.publish(release("glob", "0.3.5").at("2026-08-20T08:05:00Z"));
    world.block_on(fence.follow());
    assert_eq!(world.registry.server().take_requests().len(), 1);
    // First seen then, and not when somebody asks next.
    world.later(Span::days(2));
    world.block_on(fence.follow());
    assert_eq!(
        world.registry.server().take_requests(),
        [],
        "nobody asked for it since the day before yesterday"
    );
}

#[test]
fn a_clock_that_went_back_a_day_decides_nothing_new() {
    let world = one_fresh_release();
    let fence = world.fence();
    let seen = world.page(&fence, "glob");
    world.now("2026-08-19T08:00:00Z");
    world.registry.publish(release("glob", "0.3.5").at("2024-01-01T00:00:00Z"));
    assert_eq!(world.page(&fence, "glob"), seen.replace("Current", "Stale"));
}

#[test]
fn a_registry_that_wants_a_token_gets_it_and_asks_nobody_else_for_it() {
    let mut world = one_fresh_release();
    world.registry = std::mem::replace(&mut world.registry, fence_testkit::publishing::Publishing::start())
        .with_token("secret");
    let with = |credentials| {
        world.fence_with(|setup| {
            setup.mounts[0].registry = Registry { credentials, ..world.upstream() };
            setup.journals = fence_proxy::fence::Journals::OwnIfNeedBe;
        })
    };
    let fence = with(world::token("secret")).unwrap();
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked");
    insta::assert_snapshot!(world.download(&fence, "glob", "0.3.3"), @"all bytes");
    world.block_on(fence.rest());
    drop(fence);
    std::fs::remove_dir_all(world.folder.path().join("cache")).unwrap();
    let fence = with(world::token("wrong")).unwrap();
    let told = world.page(&fence, "glob");
    assert!(told.starts_with("unavailable"), "{told}");
}

#[test]
fn one_journal_has_one_writer() {
    let world = one_fresh_release();
    let _first = world.fence();
    let refused = world.fence_with(|_| ()).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.ends_with("is written to by another fence"), "{refused}");
    assert!(world.fence_with(|setup| setup.journals = fence_proxy::fence::Journals::OwnIfNeedBe).is_ok());
}

/// A registry of one's own beside crates.io, and a fence in front of both.
fn with_own(world: &World) -> (Publishing, Fence) {
    let own = Publishing::start();
    let index = format!("sparse+{}", own.index_url());
    let treated = "publish-times = \"trusted\"\ntreat = \"judged\"";
    world.policy(&format!("level = \"medium\"\n[[registries]]\nindex = \"{index}\"\n{treated}"));
    let fence = world.fence_with(|setup| setup.mounts.push(in_front_of(world, &own))).unwrap();
    (own, fence)
}

/// Waits until a registry was asked for a file whose path begins so.
fn until_asked(registry: &Publishing, path: &str) {
    let began = std::time::Instant::now();
    while !registry.server().take_requests().iter().any(|request| request.path.starts_with(path)) {
        assert!(began.elapsed() < Duration::from_secs(20), "{path} is not asked for");
    }
}

/// What is asked in the background, of which nothing is waited for.
fn begin(world: &World, fence: &Fence, path: &str) {
    let ask = Ask::parse(path).unwrap_or_else(|| panic!("{path}"));
    world.runtime.spawn(fence.in_time(ask));
}

/// What is asked of the fence, where it answers before a registry that says nothing does.
fn soon(world: &World, fence: &Fence, path: &str) -> String {
    let ask = Ask::parse(path).unwrap_or_else(|| panic!("{path}"));
    let answer = async { tokio::time::timeout(Duration::from_secs(10), fence.in_time(ask)).await };
    world.block_on(answer).map_or("nothing soon".to_owned(), |answer| told(&answer))
}

#[test]
fn a_registry_that_sends_nothing_holds_up_no_other() {
    let world = one_fresh_release();
    let (own, fence) = with_own(&world);
    own.publish(release("glob", "0.3.3").at("2025-01-01T00:00:00Z"));
    let digest = world.registry.digest("glob", "0.3.3");
    assert_eq!(own.digest("glob", "0.3.3"), digest, "the same bytes");
    let package = package_path(&"glob".parse().unwrap(), &"0.3.3".parse().unwrap());
    own.server().next(&package, [Act::Silence]);
    begin(&world, &fence, &format!("/{OWN}/dl/glob/0.3.3/{digest}"));
    until_asked(&own, &package);
    let path = format!("/crates-io/dl/glob/0.3.3/{digest}");
    insta::assert_snapshot!(soon(&world, &fence, &path), @"all bytes");

    own.server().always(Act::Silence);
    for number in 0..100 {
        begin(&world, &fence, &format!("/{OWN}/na/me/name{number}"));
    }
    // Any of them: those that come first take all the places that there are.
    until_asked(&own, "index/na/me/name");
    world.later(Span::minutes(2));
    insta::assert_snapshot!(soon(&world, &fence, "/crates-io/gl/ob/glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked");
}

#[test]
fn a_registry_that_does_not_introduce_itself_is_asked_once_and_not_waited_for() {
    let mut world = one_fresh_release();
    world.times.patience = Duration::from_millis(20);
    let fence = world.fence();
    world.registry.server().always(Act::Silence);
    let dl = "http://fence.example/crates-io/dl/{crate}/{version}/{sha256-checksum}";
    for _ in 0..5 {
        let config = soon(&world, &fence, "/crates-io/config.json");
        assert_eq!(config, format!("{{\"dl\":\"{dl}\"}}"));
    }
    let asked = world.registry.server().take_requests();
    assert!(asked.len() <= 1, "{asked:?}");
}

/// Two fences that keep their views in one place: the second does not take the first one's for what it read itself.
#[test]
fn what_another_fence_read_is_not_served_before_it_is_written_down() {
    let world = one_fresh_release();
    let lines = "{\"name\":\"bulky\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"".to_owned()
        + &"e1".repeat(32)
        + "\",\"features\":{},\"yanked\":false}\n";
    world.registry.server().serve(&file_of("bulky"), lines + &"\n".repeat(9 << 20));
    let first = world.fence();
    let own_journal =
        |setup: &mut fence_proxy::fence::Setup| setup.journals = fence_proxy::fence::Journals::OwnIfNeedBe;
    let second = world.fence_with(own_journal).unwrap();
    world.page(&first, "glob");
    world.later(Span::seconds(40));
    world.page(&second, "glob");
    world.block_on(second.rest());
    world.later(Span::seconds(25));
    // One that claims to be old, which only who looked before knows better.
    world.registry.publish(release("glob", "0.3.5").at("2024-02-01T00:00:00Z"));
    world.page(&first, "glob");
    world.block_on(first.rest());
    // Now nothing of it is in memory any more.
    world.page(&second, "bulky");
    let told = world.download(&second, "glob", "0.3.5");
    assert!(told.starts_with("refused: the fence holds glob 0.3.5"), "{told}");
}

#[test]
fn what_lies_on_disk_is_written_down_before_it_is_served() {
    let world = one_fresh_release();
    let first = world.fence();
    let seen = world.page(&first, "glob");
    world.block_on(first.rest());
    let second =
        world.fence_with(|setup| setup.journals = fence_proxy::fence::Journals::OwnIfNeedBe).unwrap();
    world.registry.server().always(Act::status(500));
    assert_eq!(world.page(&second, "glob"), seen.replace("Current", "Stale"));
    let journals = std::fs::read_dir(world.folder.path().join("state/journal")).unwrap();
    let texts = journals.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    assert_eq!(texts.filter(|text| text.contains("\"glob\"")).count(), 2, "each has its own");
}

/// Whoever the policy does not trust any more has no say in the first answer under it.
#[test]
fn what_a_policy_no_longer_trusts_admits_nothing_from_then_on() {
    let world = one_fresh_release();
    world.registry.publish(release("glob", "0.3.5").at("2026-08-20T01:00:00Z"));
    let set = world.folder.path().join("audits.toml");
    std::fs::write(
        &set,
        "[[audits.glob]]\nwho = \"A\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.3.5\"\n",
    )
    .unwrap();
    let known = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1787209200);
    std::fs::File::options().write(true).open(&set).unwrap().set_modified(known).unwrap();
    world.policy("level = \"medium\"\n[feeds.ours]\nrole = \"audits\"\nfile = \"audits.toml\"");
    let fence = world.fence();
    insta::assert_snapshot!(world.page(&fence, "glob"), @"Current: 0.3.2, 0.3.3, 0.3.4 yanked, 0.3.5");
    world.policy("level = \"medium\"");
    // The rules are looked at again after a moment; from then on there is no such feed, and no word of it.
    let has_feed =
        || fence.figures().iter().any(|figure| figure.labels.contains(&("feed", "ours".to_owned())));
    let began = std::time::Instant::now();
    loop {
        let page = world.page(&fence, "glob");
        if page == "Current: 0.3.2, 0.3.3, 0.3.4 yanked, 0.3.5 yanked" {
            break;
        }
        assert!(has_feed(), "{page} without the feed");
        assert!(began.elapsed() < Duration::from_secs(20), "the policy is not read again");
    }
}
