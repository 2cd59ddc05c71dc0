use std::fmt::Write;

use semver::{Version, VersionReq};

use super::*;
use crate::lockfile::{LockfileVersion, Package, Source};

/// A project, a line for each package: what it is (`crate`, `macro`, or `git`, of which nothing is known), its name,
/// and its words:
///
/// * a dependency `a`, of version `a@2`, optional `a?`, for a platform `a{cfg(unix)}`, with features `a+x+default`;
///   `build:a` and `dev:a` are of other kinds, `b=a` renames;
/// * a feature `[f dep:a x b/y]`.
struct Project {
    lockfile: Lockfile,
    manifests: Vec<Option<Manifest>>,
}

impl Project {
    fn of(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let heads: Vec<(&str, &str, Version)> = lines.iter().map(|line| head(line)).collect();
        let mut packages = Vec::new();
        let mut manifests = Vec::new();
        for (line, (what, name, version)) in lines.iter().zip(&heads) {
            let words = line.splitn(3, ' ').nth(2).unwrap_or_default();
            let (plain, features) = features(words);
            let declared: Vec<Declared> = plain.split_whitespace().map(declared).collect();
            let is_meant = |(_, name, version): &(&str, &str, Version)| {
                declared
                    .iter()
                    .any(|d| d.package == *name && d.requirement.as_ref().unwrap().matches(version))
            };
            packages.push(Package {
                name: (*name).into(),
                version: version.clone(),
                source: Source::CratesIo,
                checksum: None,
                dependencies: (0..heads.len()).filter(|at| is_meant(&heads[*at])).collect(),
                replaced_by: None,
                line: 1,
            });
            let macros = match *what {
                "crate" => Macros::None,
                "macro" => Macros::Proc,
                _ => Macros::Untold,
            };
            manifests.push((*what != "git").then_some(Manifest { dependencies: declared, features, macros }));
        }
        Self { lockfile: Lockfile { version: LockfileVersion::V4, packages }, manifests }
    }

    fn root(&self, name: &str, features: Features) -> Root {
        let package = self.lockfile.packages.iter().position(|package| *package.name == *name).unwrap();
        Root { package, features }
    }

    /// The packages that are needed, with their kinds, in the lockfile's order.
    fn told(&self, wanted: &Wanted) -> String {
        let kinds = reach(&self.lockfile, &self.manifests, wanted);
        let mut out = String::new();
        for (package, kinds) in
            self.lockfile.packages.iter().zip(kinds).filter(|(_, kinds)| !kinds.is_empty())
        {
            let words: Vec<&str> = kinds.iter().map(Kind::as_str).collect();
            write!(out, "{} {}, ", package.name, words.join("+")).unwrap();
        }
        out.trim_end_matches(", ").to_owned()
    }
}

fn head(line: &str) -> (&str, &str, Version) {
    let mut words = line.split(' ');
    let (what, name) = (words.next().unwrap(), words.next().unwrap());
    let (name, major) = name.split_once('@').unwrap_or((name, "1"));
    (what, name, Version::new(major.parse().unwrap(), 0, 0))
}

fn features(words: &str) -> (String, BTreeMap<String, Vec<String>>) {
    let mut plain = String::new();
    let mut features = BTreeMap::new();
    for part in words.split('[') {
        let (feature, rest) = part.split_once(']').unwrap_or(("", part));
        let mut feature = feature.split_whitespace().map(str::to_owned);
        if let Some(name) = feature.next() {
            features.insert(name, feature.collect());
        }
        plain += rest;
    }
    (plain, features)
}

fn declared(word: &str) -> Declared {
    let (kind, word) = match word.split_once(':') {
        Some((kind, word)) => (Some(kind), word),
        None => (None, word),
    };
    let (word, target) = match word.split_once('{') {
        Some((word, rest)) => (word, rest.strip_suffix('}')),
        None => (word, None),
    };
    let mut parts = word.split('+');
    let name = parts.next().unwrap();
    let (default, features): (Vec<&str>, Vec<&str>) = parts.partition(|feature| *feature == "default");
    let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
    let (alias, package) = name.split_once('=').unwrap_or((name.split('@').next().unwrap(), name));
    let (package, major) = package.split_once('@').unwrap_or((package, "1"));
    Declared {
        alias: alias.to_owned(),
        package: package.to_owned(),
        requirement: Some(VersionReq::parse(major).unwrap()),
        kind: crate::manifest::kind(kind),
        optional,
        target: target.map(|t| if t.contains('-') { t.to_owned() } else { format!("cfg({t})") }),
        default_features: !default.is_empty(),
        features: features.into_iter().map(str::to_owned).collect(),
    }
}

/// What `app` needs of a project, all features on, on all platforms, tests included.
fn check(project: &str, expected: &str) {
    check_with(project, |_| {}, expected);
}

/// The same, and `narrow` says what is asked for instead.
fn check_with(project: &str, narrow: impl FnOnce(&mut Wanted), expected: &str) {
    let project = Project::of(project);
    let mut wanted = Wanted { roots: vec![project.root("app", Features::All)], ..Wanted::default() };
    narrow(&mut wanted);
    assert_eq!(project.told(&wanted), expected);
}

fn with(features: &[&str]) -> impl FnOnce(&mut Wanted) {
    let features = features.iter().map(|&feature| feature.to_owned()).collect();
    move |wanted| wanted.roots[0].features = Features::These(features)
}

fn for_targets(triples: &[&str]) -> impl FnOnce(&mut Wanted) {
    let targets = triples.iter().map(|triple| Target::named(triple).unwrap()).collect();
    move |wanted| wanted.targets = targets
}

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

#[test]
fn kinds_are_handed_down() {
    check(
        "crate app a build:b dev:c
         crate a deep
         crate b deep build:tool
         crate c build:late
         crate deep
         crate tool
         crate late",
        "app normal, a normal, b build, c dev, deep normal+build, tool build, late dev",
    );
}

#[test]
fn what_a_proc_macro_needs_is_build() {
    let below = "crate syn\n crate late";
    check(
        &format!("crate app derive dev:late\n macro derive syn\n {below}"),
        "app normal, derive build, syn build, late dev",
    );
    // What may be one counts as both.
    check(
        &format!("crate app derive\n unknown derive syn\n {below}"),
        "app normal, derive normal+build, syn normal+build",
    );
    check(&format!("macro app syn dev:late\n {below}"), "app build, syn build, late dev");
    check(&format!("crate app dev:derive\n macro derive syn\n {below}"), "app normal, derive dev, syn dev");
}

#[test]
fn tests_of_others_and_tests_that_are_excluded_need_nothing() {
    let project = "crate app a dev:c dev:d
                   crate a dev:b d
                   crate b
                   crate c
                   crate d";
    check(project, "app normal, a normal, c dev, d normal+dev");
    check_with(project, |wanted| wanted.tests = Tests::Excluded, "app normal, a normal, d normal");
}

#[test]
fn a_package_that_tells_nothing_needs_all_that_is_locked_beneath_it() {
    let project = Project::of("crate app far\n git far\n crate a b?\n crate b\n crate c");
    let mut lockfile = project.lockfile;
    lockfile.packages[1].dependencies = vec![2];
    let project = Project { lockfile, ..project };
    let wanted = Wanted { roots: vec![project.root("app", Features::These(vec![]))], ..Wanted::default() };
    let all = "app normal, far normal+build, a normal+build, b normal+build";
    assert_eq!(project.told(&wanted), all);
    // So does what is locked beneath a package and what the package does not declare.
    let mut project = project;
    project.manifests[1] =
        Some(Manifest { dependencies: vec![], features: BTreeMap::new(), macros: Macros::None });
    assert_eq!(project.told(&wanted), "app normal, far normal, a normal+build, b normal+build");
}

#[test]
fn features_switch_on_what_is_optional() {
    let project = "crate app a+x b c? [default c] [weak b?/y c?/y] [more a/z]
                   crate a opt? other? [x dep:opt] [z other]
                   crate b late? [y dep:late]
                   crate c late? [y dep:late]
                   crate opt
                   crate other
                   crate late";
    let fixed = "app normal, a normal, b normal";
    check_with(project, with(&[]), &format!("{fixed}, opt normal"));
    check_with(project, with(&["default"]), &format!("{fixed}, c normal, opt normal"));
    check_with(project, with(&["more"]), &format!("{fixed}, opt normal, other normal"));
    check_with(project, with(&["a/z"]), &format!("{fixed}, opt normal, other normal"));
    check_with(project, with(&["weak"]), &format!("{fixed}, opt normal, late normal"));
    check(project, "app normal, a normal, b normal, c normal, opt normal, other normal, late normal");
}

#[test]
fn asking_a_dependency_for_a_feature_switches_on_the_feature_of_its_name() {
    let project = "crate app a? other? [a dep:a dep:other] [more a/x] [weak a?/x]
                   crate a late? [x dep:late]
                   crate other
                   crate late";
    check_with(project, with(&["more"]), "app normal, a normal, other normal, late normal");
    check_with(project, with(&["weak"]), "app normal");
}

#[test]
fn a_weak_feature_waits_for_its_dependency() {
    let project = "crate app a b [weak a?/y] 
                   crate a late? [y dep:late]
                   crate b
                   crate late";
    check_with(&project.replace("app a", "app a?"), with(&["weak"]), "app normal, b normal");
    check_with(
        &project.replace("app a", "app a?"),
        with(&["weak", "a"]),
        "app normal, a normal, b normal, late normal",
    );
}

#[test]
fn features_of_one_package_are_one_set() {
    // Whoever asks: here a build script, for another platform.
    let project = "crate app a build:b{windows}
                   crate a opt? [x dep:opt]
                   crate b a+x
                   crate opt";
    check_with(project, for_targets(&[LINUX]), "app normal, a normal+build, b build, opt normal+build");
}

#[test]
fn what_tests_ask_for_is_on_everywhere_under_the_first_resolver_alone() {
    let project = "crate app a dev:a+x
                   crate a opt? [x dep:opt]
                   crate opt";
    let without_tests = |wanted: &mut Wanted| wanted.tests = Tests::Excluded;
    check(project, "app normal, a normal+dev, opt normal+dev");
    check_with(project, without_tests, "app normal, a normal, opt normal");
    let later = |wanted: &mut Wanted| {
        without_tests(wanted);
        wanted.resolver = Resolver::Later;
    };
    check_with(project, later, "app normal, a normal");
}

#[test]
fn renamed_and_repeated_packages_are_told_apart() {
    check_with(
        "crate app old=a@1? new=a@2 [default old]
         crate a@1 b
         crate a@2 c
         crate b
         crate c",
        with(&[]),
        "app normal, a normal, c normal",
    );
}

#[test]
fn platforms_count_except_for_the_machine_that_builds() {
    let project = "crate app unix{unix} win{windows} build:host{windows} mac{target_os=\"macos\"}
                   crate unix gnu{x86_64-unknown-linux-gnu} tool{tokio_unstable}
                   crate win
                   crate host deep{windows}
                   crate mac
                   crate gnu
                   crate tool
                   crate deep";
    check_with(
        project,
        for_targets(&[LINUX]),
        "app normal, unix normal, host build, gnu normal, tool normal, deep build",
    );
    check_with(project, for_targets(&[WINDOWS]), "app normal, win normal, host build, deep build");
    check_with(
        project,
        for_targets(&[LINUX, WINDOWS]),
        "app normal, unix normal, win normal, host build, gnu normal, tool normal, deep build",
    );
    assert!(Target::named("x86_64-unknown-nowhere").is_none());
}

#[test]
fn the_tests_of_a_proc_macro_run_on_the_machine_that_builds() {
    let project = "macro app dev:late{windows}\n crate late deep{windows}\n crate deep";
    check_with(project, for_targets(&[LINUX]), "app build, late dev, deep dev");
}

#[test]
fn circles_end() {
    check("crate app a\n crate a b [x b/y]\n crate b a+x [y a/x]", "app normal, a normal, b normal");
}

#[test]
fn only_the_way_from_the_roots_counts() {
    let project = Project::of("crate app a\n crate tool b\n crate a\n crate b");
    let roots = vec![project.root("tool", Features::All)];
    assert_eq!(project.told(&Wanted { roots, ..Wanted::default() }), "tool normal, b normal");
}
