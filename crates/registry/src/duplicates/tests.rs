//! Lockfiles and indexes in one line per package, and what is said of them.

mod real;

use super::*;
use crate::Limits;
use crate::lockfile::CratesIo;

/// A lockfile and what is known beside it.
#[derive(Default)]
struct World {
    locked: Vec<(String, String, Vec<String>)>,
    releases: BTreeMap<String, Vec<Release>>,
    own: BTreeMap<String, Vec<Need>>,
    rust: Option<Version>,
}

const REGISTRY: &str = "registry+https://registry.example/index";

/// `name requirement`, and `?` behind what is optional.
fn need(text: &str) -> Need {
    let (text, optional) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
    let (package, requirement) = text.split_once(' ').unwrap();
    Need { package: package.into(), requirement: Some(requirement.parse().unwrap()), optional }
}

impl World {
    /// Publishes a release: `name version`, and what it needs.
    fn publish(mut self, release: &str, needs: &[&str]) -> Self {
        let (name, version) = release.split_once(' ').unwrap();
        self.releases.entry(name.into()).or_default().push(Release {
            version: version.parse().unwrap(),
            yanked: false,
            rust_version: None,
            links: false,
            needs: needs.iter().map(|text| need(text)).collect(),
        });
        self
    }

    /// Changes the release that was published last.
    fn but(mut self, name: &str, change: impl Fn(&mut Release)) -> Self {
        change(self.releases.get_mut(name).unwrap().last_mut().unwrap());
        self
    }

    /// Locks a release with what is locked for it, `name version` each.
    fn lock(mut self, release: &str, dependencies: &[&str]) -> Self {
        let (name, version) = release.split_once(' ').unwrap();
        let dependencies = dependencies.iter().map(|dependency| (*dependency).to_owned()).collect();
        self.locked.push((name.into(), version.into(), dependencies));
        self
    }

    /// Locks the project itself, with what its manifest says.
    fn app(mut self, needs: &[&str], dependencies: &[&str]) -> Self {
        self.own.insert("app".into(), needs.iter().map(|text| need(text)).collect());
        self.lock("app 0.0.0", dependencies)
    }

    fn rust(mut self, version: &str) -> Self {
        self.rust = rust(version);
        self
    }

    fn lockfile(&self) -> Lockfile {
        let mut text = "version = 4\n".to_owned();
        for (name, version, dependencies) in &self.locked {
            text += &format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
            if !self.own.contains_key(name) {
                text += &format!("source = \"{REGISTRY}\"\n");
            }
            let dependencies: Vec<String> = dependencies.iter().map(|one| format!(" \"{one}\",\n")).collect();
            text += &format!("dependencies = [\n{}]\n", dependencies.concat());
        }
        let crates_io = CratesIo { source_ids: &[REGISTRY] };
        Lockfile::parse(text.as_bytes(), crates_io, &Limits::default()).unwrap()
    }

    fn said(&self) -> String {
        let lockfile = self.lockfile();
        said(&lockfile, &duplicates(&lockfile, &Beside { world: self, lockfile: &lockfile }))
    }
}

/// All that is said, in two lines for each older version.
fn said(lockfile: &Lockfile, all: &[Duplicate]) -> String {
    let name = |at: usize| format!("{} {}", lockfile.packages[at].name, lockfile.packages[at].version);
    let names = |all: &[usize]| all.iter().map(|at| name(*at)).collect::<Vec<_>>().join(", ");
    let asker = |asker: &Asker| {
        format!("{} ({})", name(asker.package), asker.requirement.as_deref().unwrap_or("not known"))
    };
    let step = |step: &Step| match step {
        Step::Update { package, to } => format!("{} -> {to}", name(*package)),
        Step::Require { own, name: of, version } => format!("{} asks for {of} {version}", name(*own)),
    };
    let obstacle = |obstacle: &Obstacle| match obstacle {
        Obstacle::NoRelease { package, of, newest } => {
            format!("{} up to {newest} asks for {}", name(*package), name(*of))
        }
        Obstacle::Rust { package, wants } => format!("{} wants Rust {wants}", name(*package)),
        Obstacle::Trades { package, to, brings } => format!("{} {to} brings {brings}", name(*package)),
        Obstacle::Unknown { package } => format!("{} is not known", name(*package)),
        Obstacle::Pinned { package } => format!("{} asks for nothing else", name(*package)),
        Obstacle::TooFar { package } => format!("{} is too far", name(*package)),
    };
    let mut said = String::new();
    for duplicate in all {
        for older in &duplicate.older {
            let way = match &older.way {
                Way::With(at) => format!("with {}", name(*at)),
                Way::Steps { steps, brings } => {
                    let brings: String = brings
                        .iter()
                        .map(|(name, version)| format!(", brings in {name} {version}"))
                        .collect();
                    steps.iter().map(step).collect::<Vec<_>>().join("; ") + &brings
                }
                Way::Blocked(all) => {
                    format!("stays: {}", all.iter().map(obstacle).collect::<Vec<_>>().join("; "))
                }
            };
            said += &format!(
                "{} beside {}, for {}; takes along {}\n  {way}\n",
                name(older.package),
                lockfile.packages[duplicate.newest].version,
                older.asked_by.iter().map(asker).collect::<Vec<_>>().join(", "),
                if older.leaves.len() > 1 { names(&older.leaves[1..]) } else { "nothing".to_owned() },
            );
        }
    }
    said
}

struct Beside<'a> {
    world: &'a World,
    lockfile: &'a Lockfile,
}

impl Known for Beside<'_> {
    fn own(&self, package: usize) -> Option<Rc<[Need]>> {
        self.world.own.get(&*self.lockfile.packages[package].name).map(|needs| needs.as_slice().into())
    }

    fn releases(&self, name: &str, _: usize) -> Option<Rc<[Release]>> {
        self.world.releases.get(name).map(|all| all.as_slice().into())
    }

    fn rust_version(&self) -> Option<&Version> {
        self.world.rust.as_ref()
    }
}

/// The project asks for `b` 2, and for `a`, which asks for `b` 1, which nobody else needs, nor its `c`.
fn twice() -> World {
    World::default()
        .app(&["a ^1", "b ^2"], &["a", "b 2.0.0"])
        .lock("a 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &["c"])
        .lock("b 2.0.0", &[])
        .lock("c 1.0.0", &[])
        .publish("b 1.0.0", &["c ^1"])
        .publish("b 2.0.0", &[])
        .publish("c 1.0.0", &[])
        .publish("a 1.0.0", &["b ^1"])
}

#[test]
fn the_lowest_release_that_does_is_proposed() {
    let world =
        twice().publish("a 1.1.0", &["b ^1"]).publish("a 1.2.0", &["b ^2"]).publish("a 1.3.0", &["b ^2"]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      a 1.0.0 -> 1.2.0
    ");
}

#[test]
fn a_release_that_needs_it_no_more_will_do_and_one_that_is_yanked_will_not() {
    let world = twice().publish("a 1.1.0", &["b ^2"]).but("a", |release| release.yanked = true);
    let world = world.publish("a 1.2.0-rc.1", &[]).publish("a 1.2.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      a 1.0.0 -> 1.2.0
    ");
}

#[test]
fn where_no_release_does_that_is_said() {
    insta::assert_snapshot!(twice().publish("a 1.1.0", &["b ^1"]).said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      stays: a 1.0.0 up to 1.1.0 asks for b 1.0.0
    ");
}

#[test]
fn a_manifest_of_the_project_may_have_to_follow() {
    insta::assert_snapshot!(twice().publish("a 2.0.0", &["b ^2"]).said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      app 0.0.0 asks for a 2.0.0
    ");
    let own = World::default()
        .app(&["b ^1", "a ^1"], &["a", "b 1.0.0"])
        .lock("a 1.0.0", &["b 2.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("a 1.0.0", &["b ^2"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(own.said(), @"
    b 1.0.0 beside 2.0.0, for app 0.0.0 (^1); takes along nothing
      app 0.0.0 asks for b 2.0.0
    ");
}

#[test]
fn what_depends_on_a_dependent_follows_and_cargo_does_the_rest() {
    let world = World::default()
        .app(&["top ^1", "b ^2"], &["top", "b 2.0.0"])
        .lock("top 1.0.0", &["a"])
        .lock("a 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("a 1.0.0", &["b ^1"])
        .publish("a 2.0.0", &["b ^2"])
        .publish("top 1.0.0", &["a ^1"])
        .publish("top 1.1.0", &["a ^2"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along nothing
      top 1.0.0 -> 1.1.0
    ");
}

#[test]
fn no_duplicate_is_traded_for_another() {
    let world = || {
        World::default()
            .app(&["a ^1", "b ^2", "c ^1"], &["a", "b 2.0.0", "c"])
            .lock("a 1.0.0", &["b 1.0.0"])
            .lock("b 1.0.0", &[])
            .lock("b 2.0.0", &[])
            .lock("c 1.0.0", &[])
            .publish("b 1.0.0", &[])
            .publish("b 2.0.0", &[])
            .publish("c 1.0.0", &[])
            .publish("a 1.0.0", &["b ^1"])
            .publish("a 1.1.0", &["b ^2", "c ^2"])
    };
    insta::assert_snapshot!(world().said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along nothing
      stays: a 1.0.0 1.1.0 brings c ^2
    ");
    insta::assert_snapshot!(world().publish("a 1.2.0", &["b ^2", "c ^2?"]).said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along nothing
      a 1.0.0 -> 1.2.0
    ");
}

#[test]
fn the_projects_rust_is_respected() {
    let newer =
        || twice().publish("a 1.1.0", &["b ^2"]).but("a", |release| release.rust_version = rust("1.85"));
    insta::assert_snapshot!(newer().rust("1.84.1").said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      stays: a 1.0.0 wants Rust 1.85.0
    ");
    insta::assert_snapshot!(newer().rust("1.85").said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      a 1.0.0 -> 1.1.0
    ");
}

#[test]
fn who_takes_both_is_told_to_move() {
    let world = World::default()
        .app(&["a ^1", "b ^2"], &["a", "b 2.0.0"])
        .lock("a 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("a 1.0.0", &["b >=1, <3"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (>=1, <3); takes along nothing
      b 1.0.0 -> 2.0.0
    ");
}

#[test]
fn what_goes_with_another_has_no_way_of_its_own() {
    let world = World::default()
        .app(&["a ^1", "b ^2", "c ^2"], &["a", "b 2.0.0", "c 2.0.0"])
        .lock("a 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &["c 1.0.0"])
        .lock("b 2.0.0", &["c 2.0.0"])
        .lock("c 1.0.0", &[])
        .lock("c 2.0.0", &[])
        .publish("a 1.0.0", &["b ^1"])
        .publish("a 1.1.0", &["b ^2"])
        .publish("b 1.0.0", &["c ^1"])
        .publish("b 2.0.0", &["c ^2"])
        .publish("c 1.0.0", &[])
        .publish("c 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      a 1.0.0 -> 1.1.0
    c 1.0.0 beside 2.0.0, for b 1.0.0 (^1); takes along nothing
      with b 1.0.0
    ");
}

#[test]
fn what_nobody_knows_is_said_not_to_be_known() {
    let mut world = twice();
    world.releases.remove("a");
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (not known); takes along c 1.0.0
      stays: a 1.0.0 is not known
    ");
}

/// Dev dependencies may close circles, and a search must come out of them.
#[test]
fn circles_end() {
    let world = World::default()
        .app(&["x ^1", "b ^2"], &["x", "b 2.0.0"])
        .lock("x 1.0.0", &["y", "b 1.0.0"])
        .lock("y 1.0.0", &["x"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("x 1.0.0", &["y ^1", "b ^1"])
        .publish("x 2.0.0", &["y ^2", "b ^2"])
        .publish("y 1.0.0", &["x ^1"])
        .publish("y 2.0.0", &["x ^2"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for x 1.0.0 (^1); takes along nothing
      app 0.0.0 asks for x 2.0.0
    ");
}

#[test]
fn an_update_is_no_new_duplicate() {
    let version = |text: &str| text.parse::<Version>().unwrap();
    let (one, two) = (version("1.2.0"), version("2.0.0"));
    let before = Before::of([("b", &one), ("b", &two), ("c", &one)]);
    assert!(before.had_both("b", &version("1.0.0"), &version("2.3.0")));
    assert!(!before.had_both("b", &version("2.3.0"), &version("3.0.0")));
    assert!(!before.had_both("c", &version("1.2.0"), &version("2.0.0")));
    assert!(before.had("c") && !before.had("d"));
}

#[test]
fn lines_are_those_of_cargo() {
    let told = ["1.2.3", "0.3.1", "0.0.7", "0.0.7-rc.1"].map(|version| line(&version.parse().unwrap()));
    assert_eq!(told, ["1", "0.3", "0.0.7", "0.0.7"]);
    assert_eq!(rust("1.80"), Some(Version::new(1, 80, 0)));
    assert_eq!(rust("nightly"), None);
}

#[test]
fn what_the_project_pins_is_left_alone() {
    let world = World::default()
        .app(&["b =1.0.0", "a ^1"], &["a", "b 1.0.0"])
        .lock("a 1.0.0", &["b 2.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("a 1.0.0", &["b ^2"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for app 0.0.0 (=1.0.0); takes along nothing
      stays: app 0.0.0 asks for nothing else
    ");
}

#[test]
fn a_step_that_another_makes_needless_is_left_out() {
    // `helper` needs the old `b` as well, and nobody but `a` needs `helper`.
    let world = || {
        World::default()
            .app(&["a ^1", "b ^2"], &["a", "b 2.0.0"])
            .lock("a 1.0.0", &["helper", "b 1.0.0"])
            .lock("helper 1.0.0", &["b 1.0.0"])
            .lock("b 1.0.0", &[])
            .lock("b 2.0.0", &[])
            .publish("a 1.0.0", &["helper ^1", "b ^1"])
            .publish("a 1.1.0", &["b ^2"])
            .publish("helper 1.0.0", &["b ^1"])
            .publish("b 1.0.0", &[])
            .publish("b 2.0.0", &[])
    };
    insta::assert_snapshot!(world().publish("helper 1.1.0", &["b ^2"]).said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1), helper 1.0.0 (^1); takes along nothing
      a 1.0.0 -> 1.1.0
    ");
    assert_eq!(world().said(), world().publish("helper 1.1.0", &["b ^2"]).said(), "nor need it be there");
}

#[test]
fn a_locked_release_may_be_too_old_where_its_line_has_a_newer_one() {
    let world =
        twice().publish("a 1.1.0", &["b ^2.1", "c ^1.5"]).publish("b 2.1.0", &[]).publish("c 1.5.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      b 2.0.0 -> 2.1.0; a 1.0.0 -> 1.1.0
    ");
}

#[test]
fn nobody_is_led_back_to_an_older_version() {
    let world = World::default()
        .app(&["a ^1", "c ^1"], &["a", "c"])
        .lock("a 1.0.0", &["b 2.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .lock("c 1.0.0", &["b 1.0.0"])
        .publish("a 1.0.0", &["b >=1, <3"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[])
        .publish("c 1.0.0", &["b ^1"]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for c 1.0.0 (^1); takes along nothing
      stays: c 1.0.0 up to 1.0.0 asks for b 1.0.0
    ");
}

#[test]
fn what_would_be_locked_anew_may_bring_it_back() {
    let world = World::default()
        .app(&["a ^1", "b ^2"], &["a", "b 2.0.0"])
        .lock("a 1.0.0", &["inner", "b 1.0.0"])
        .lock("inner 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("a 1.0.0", &["inner ^1", "b ^1"])
        .publish("a 1.1.0", &["inner ^2", "b ^2"])
        .publish("inner 1.0.0", &["b ^1"])
        .publish("inner 2.0.0", &["b ^1"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1), inner 1.0.0 (^1); takes along nothing
      stays: inner 1.0.0 up to 2.0.0 asks for b 1.0.0
    ");
}

#[test]
fn what_would_be_locked_anew_may_hold_on_to_what_is_updated() {
    let world = World::default()
        .app(&["top ^1", "b ^2"], &["top", "b 2.0.0"])
        .lock("top 1.0.0", &["sys"])
        .lock("sys 1.0.0", &["a"])
        .lock("a 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("top 1.0.0", &["sys ^1"])
        .publish("top 1.1.0", &["sys ^2"])
        .publish("sys 1.0.0", &["a ^1"])
        .publish("sys 2.0.0", &["a ^1"])
        .publish("a 1.0.0", &["b ^1"])
        .publish("a 2.0.0", &["b ^2"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along nothing
      stays: sys 1.0.0 up to 2.0.0 asks for a 1.0.0
    ");
}

#[test]
fn who_asks_for_both_will_have_meant_it() {
    let world = World::default()
        .app(&["b ^1", "b ^2"], &["b 1.0.0", "b 2.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for app 0.0.0 (^1); takes along nothing
      stays: app 0.0.0 asks for nothing else
    ");
}

#[test]
fn what_a_manifest_is_to_ask_for_is_followed() {
    // The new `a` does without `b` 1, but its `plot` does not.
    let world = World::default()
        .app(&["a ^1", "b ^2"], &["a", "b 2.0.0"])
        .lock("a 1.0.0", &["b 1.0.0", "plot"])
        .lock("plot 1.0.0", &["b 1.0.0"])
        .lock("b 1.0.0", &[])
        .lock("b 2.0.0", &[])
        .publish("a 1.0.0", &["b ^1", "plot ^1"])
        .publish("a 2.0.0", &["b ^2", "plot ^1"])
        .publish("plot 1.0.0", &["b ^1"])
        .publish("b 1.0.0", &[])
        .publish("b 2.0.0", &[]);
    insta::assert_snapshot!(world.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1), plot 1.0.0 (^1); takes along nothing
      stays: plot 1.0.0 up to 1.0.0 asks for b 1.0.0
    ");
}

#[test]
fn what_was_not_locked_is_told_and_may_bring_it_back() {
    let world = || twice().publish("a 1.1.0", &["fresh ^1"]);
    insta::assert_snapshot!(world().publish("fresh 1.0.0", &["b ^2"]).said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      a 1.0.0 -> 1.1.0, brings in fresh 1.0.0
    ");
    insta::assert_snapshot!(world().publish("fresh 1.0.0", &["b ^1"]).said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along c 1.0.0
      stays: b 1.0.0 is too far
    ");
}

#[test]
fn what_lags_behind_is_updated_first_where_the_project_asks_for_it() {
    let world = |needs: &[&str], locked: &[&str]| {
        World::default()
            .app(needs, locked)
            .lock("a 1.0.0", &["b 1.0.0"])
            .lock("b 1.0.0", &[])
            .lock("b 2.0.0", &[])
            .lock("c 1.0.0", &[])
            .lock("d 1.0.0", &["c"])
            .publish("a 1.0.0", &["b ^1"])
            .publish("a 1.1.0", &["fresh ^1"])
            .publish("fresh 1.0.0", &["c ^1.5"])
            .publish("b 1.0.0", &[])
            .publish("b 2.0.0", &[])
            .publish("c 1.0.0", &[])
            .publish("c 1.5.0", &[])
            .publish("d 1.0.0", &["c ^1"])
    };
    let by_project = world(&["a ^1", "b ^2", "c ^1", "d ^1"], &["a", "b 2.0.0", "c", "d"]);
    insta::assert_snapshot!(by_project.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along nothing
      c 1.0.0 -> 1.5.0; a 1.0.0 -> 1.1.0, brings in fresh 1.0.0
    ");
    let by_a_release = world(&["a ^1", "b ^2", "d ^1"], &["a", "b 2.0.0", "d"]);
    insta::assert_snapshot!(by_a_release.said(), @"
    b 1.0.0 beside 2.0.0, for a 1.0.0 (^1); takes along nothing
      a 1.0.0 -> 1.1.0, brings in fresh 1.0.0
    ");
}
