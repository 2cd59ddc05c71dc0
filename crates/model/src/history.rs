//! The history of a crate: its releases in version order, one per version, and what they are compared by.
//!
//! Facts arrive in any order and may contradict each other; here they are put into one order, and of two that
//! contradict the worse is kept and the contradiction noted.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use semver::Version;

use crate::facts::{
    Advisory, Audit, Claim, CrateFacts, Dependency, DependencyKind, Gone, ReleaseFacts, Sighting, Yank,
};
use crate::kin::Kin;
use crate::names::Digest;
use crate::people::{Says, Statement};
use crate::time::Time;

/// How many lower releases are tried as a base. The busiest crate of crates.io has some 1,400 releases; an index
/// file made to be slow has more.
const LOOK_BACK: usize = 1_000;

/// How many objections of one signer to one version count. One is enough, and several feeds may bring it.
const MOST_OBJECTIONS: usize = 16;

/// A crate's facts, put in order.
pub(crate) struct History<'a> {
    /// The facts; `releases` sorted by version, one per version.
    pub(crate) facts: CrateFacts<'a>,
    /// Versions that came twice, telling different things, and the digests.
    pub(crate) ambiguous: Vec<(Version, Digest, Digest)>,
    /// Which of the advisories are one.
    pub(crate) kin: Kin,
    /// When the crate's first release was published.
    pub(crate) born: Option<Time>,
    /// All publish times, sorted.
    published: Vec<Time>,
    /// When each release appeared, and its place, sorted; once somebody asked.
    appeared: OnceCell<Vec<(Time, usize)>>,
}

impl<'a> History<'a> {
    pub(crate) fn new(mut facts: CrateFacts<'a>) -> Self {
        let born = facts.born();
        // A total order, so that the order in which facts arrive does not show.
        facts.releases.sort_by(|a, b| {
            let order = |r: &ReleaseFacts<'a>| (r.digest, r.published, r.publisher);
            a.version
                .cmp(&b.version)
                .then_with(|| order(a).cmp(&order(b)))
                .then_with(|| a.dependencies.cmp(&b.dependencies))
        });
        let ambiguous = merge(&mut facts.releases);
        facts.gone.sort_by(|a, b| {
            let order = |g: &Gone| (g.digest, g.first_seen, g.gone_at, g.still_gone_at, g.published);
            a.version.cmp(&b.version).then_with(|| order(a).cmp(&order(b)))
        });
        facts.advisories.sort_by(|a, b| {
            // Rust's own database goes first, so that what several tell is told under its id.
            let of_another = |a: &Advisory<'a>| !a.id.starts_with("RUSTSEC-");
            let order = |a: &Advisory<'a>| (of_another(a), a.id, a.known, a.kind, a.withdrawn, a.title);
            // Ranges have no order of their own; they are looked at only where one advisory came twice.
            order(a).cmp(&order(b)).then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
        });
        facts.audits.sort_by(|a, b| {
            let order = |a: &Audit<'a>| (a.known, a.origin, matches!(a.claim, Claim::Delta { .. }));
            order(a)
                .cmp(&order(b))
                .then_with(|| a.who.cmp(&b.who))
                .then_with(|| a.claim.versions().cmp(&b.claim.versions()))
                .then_with(|| (&a.signer, a.digest, a.until).cmp(&(&b.signer, b.digest, b.until)))
        });
        facts.statements.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.cmp(b)));
        facts.statements.dedup();
        leave_out_floods(&mut facts.statements);
        if let Some(owners) = &mut facts.owners {
            owners.sort_unstable();
        }
        let kin = Kin::of(&facts.advisories);
        let mut published: Vec<Time> = facts.releases.iter().filter_map(|r| r.published).collect();
        published.sort_unstable();
        Self { facts, ambiguous, kin, born, published, appeared: OnceCell::new() }
    }

    pub(crate) fn release(&self, at: usize) -> &ReleaseFacts<'a> {
        &self.facts.releases[at]
    }

    pub(crate) fn position(&self, version: &Version) -> Option<usize> {
        self.facts.releases.binary_search_by(|release| release.version.cmp(version)).ok()
    }

    /// The longest silence of at least `silence` that ended within `after` before `moment`: its length and end.
    pub(crate) fn silence_before(
        &self,
        moment: Time,
        silence: crate::Span,
        after: crate::Span,
    ) -> Option<(crate::Span, Time)> {
        let until = self.published.partition_point(|time| *time <= moment);
        let known = &self.published[..until];
        let recent = known.partition_point(|time| *time < moment - after);
        // Each pair of neighbours of which the later lies in the window.
        known[recent.saturating_sub(1)..]
            .windows(2)
            .filter(|pair| pair[1] + after >= moment && pair[1] - pair[0] >= silence)
            .map(|pair| (pair[1] - pair[0], pair[1]))
            .max()
    }

    /// The lower releases with which one that appeared `then` may be compared, the highest first: no pre-release,
    /// and none that was yanked.
    pub(crate) fn comparable(&self, at: usize, then: Time) -> impl Iterator<Item = usize> {
        (0..at).rev().take(LOOK_BACK).filter(move |lower| {
            let lower = self.release(*lower);
            // A yank after this release appeared takes no base away: who yanks the good releases cannot make
            // everything in their successors look new.
            let yanked_later =
                || lower.sighting.as_deref().and_then(Sighting::yanked_at).is_some_and(|time| time > then);
            lower.version.pre.is_empty() && (!lower.yanked || yanked_later())
        })
    }

    /// The releases that appeared before a moment, the first of them first.
    pub(crate) fn before(&self, moment: Time) -> &[(Time, usize)] {
        let all = self.appeared.get_or_init(|| {
            let releases = self.facts.releases.iter().enumerate();
            let mut all: Vec<(Time, usize)> =
                releases.filter_map(|(at, r)| Some((r.appeared()?, at))).collect();
            all.sort_unstable();
            all
        });
        &all[..all.partition_point(|(time, _)| *time < moment)]
    }

    /// Whether a release that vanished was there before a moment.
    pub(crate) fn has_gone_before(&self, moment: Time) -> bool {
        self.facts.gone.iter().any(|gone| gone.published.unwrap_or(gone.first_seen) < moment)
    }

    /// Whether the crate had a release before this one, of whatever version. By time, so that a release which
    /// appears later, below this one, changes nothing.
    pub(crate) fn has_earlier(&self, at: usize) -> bool {
        match self.release(at).appeared() {
            Some(appeared) => self.born.is_some_and(|born| born < appeared),
            None => self.facts.releases.len() > 1 || !self.facts.gone.is_empty(),
        }
    }
}

/// Whether a dependency is one on `package` that reaches a dependent's build.
pub(crate) fn reaches_as(dependency: &Dependency<'_>, package: &str) -> bool {
    // Facts of one snapshot share their text, so most names that are equal lie in the same place.
    let is_same = || std::ptr::eq(dependency.package, package) || dependency.package == package;
    dependency.kind != DependencyKind::Dev && is_same()
}

/// The dependencies of `release` that reach a dependent's build and that `base` lacks, by package name. Without a
/// base all of them are new.
pub(crate) fn new_dependencies<'r, 'a>(
    release: &'r ReleaseFacts<'a>,
    base: Option<&ReleaseFacts<'a>>,
) -> Vec<&'r Dependency<'a>> {
    let old: &[Dependency<'a>] = base.map_or(&[], |base| &base.dependencies);
    if base.is_some_and(|base| std::sync::Arc::ptr_eq(&base.dependencies, &release.dependencies)) {
        return Vec::new();
    }
    let mut new: Vec<&Dependency<'a>> = Vec::new();
    for (at, dependency) in release.dependencies.iter().enumerate() {
        if dependency.kind == DependencyKind::Dev {
            continue;
        }
        let is_same = |old: &Dependency<'a>| reaches_as(old, dependency.package);
        // Lists keep their order from release to release: look at the same place first.
        if !old.get(at).is_some_and(is_same) && !old.iter().any(is_same) {
            new.push(dependency);
        }
    }
    // Of several on one package the gravest is told: of no or the youngest birth, for the build script.
    let gravest = |d: &Dependency<'a>| Reverse((d.birth, d.kind));
    new.sort_by(|a, b| a.package.cmp(b.package).then_with(|| gravest(a).cmp(&gravest(b))));
    new.dedup_by_key(|dependency| dependency.package);
    new
}

/// Makes one of the releases that share a version, and returns those that contradicted each other.
fn merge<'a>(releases: &mut Vec<ReleaseFacts<'a>>) -> Vec<(Version, Digest, Digest)> {
    let mut ambiguous = Vec::new();
    // An honest index has one line for a version, and then there is nothing to move about.
    if releases.windows(2).all(|pair| pair[0].version != pair[1].version) {
        return ambiguous;
    }
    let mut merged: Vec<ReleaseFacts<'a>> = Vec::with_capacity(releases.len());
    for release in releases.drain(..) {
        match merged.last_mut() {
            Some(last) if last.version == release.version => {
                if !tells_the_same(last, &release) {
                    ambiguous.push((last.version.clone(), last.digest, release.digest));
                }
                worse(last, release);
            }
            _ => merged.push(release),
        }
    }
    *releases = merged;
    ambiguous
}

/// Keeps the last objections of each signer of a feed to a release: what comes of one rests on those before it, and somebody who
/// signs thousands would have all of that found out.
fn leave_out_floods(statements: &mut Vec<Statement<'_>>) {
    if statements.len() <= MOST_OBJECTIONS {
        return;
    }
    let mut objections: BTreeMap<_, Vec<(Time, usize)>> = BTreeMap::new();
    for (place, one) in statements.iter().enumerate().filter(|(_, one)| one.says == Says::Object) {
        let key = (&one.version, one.digest, one.feed, one.signer.principal);
        objections.entry(key).or_default().push((one.known, place));
    }
    let mut out = Vec::new();
    for mut own in objections.into_values().filter(|own| own.len() > MOST_OBJECTIONS) {
        own.sort_unstable();
        out.extend(own[..own.len() - MOST_OBJECTIONS].iter().map(|(_, place)| *place));
    }
    out.sort_unstable();
    let mut place = 0;
    statements.retain(|_| {
        place += 1;
        out.binary_search(&(place - 1)).is_err()
    });
}

/// Whether two lines of one version say the same. An honest index has one line for a version, and of two that
/// differ cargo may take either, so it does not matter in what they differ.
fn tells_the_same<'a>(one: &ReleaseFacts<'a>, other: &ReleaseFacts<'a>) -> bool {
    let sorted = |release: &ReleaseFacts<'a>| {
        let mut dependencies = release.dependencies.to_vec();
        dependencies.sort_unstable();
        dependencies
    };
    let plain = |r: &ReleaseFacts<'a>| (r.digest, r.published, r.yanked, r.publisher);
    plain(one) == plain(other) && (one.dependencies == other.dependencies || sorted(one) == sorted(other))
}

/// Of two facts about one version the worse counts, field by field.
fn worse<'a>(one: &mut ReleaseFacts<'a>, other: ReleaseFacts<'a>) {
    one.published = match (one.published, other.published) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    };
    one.yanked |= other.yanked;
    if one.dependencies != other.dependencies {
        let mut all: Vec<Dependency<'a>> =
            one.dependencies.iter().chain(other.dependencies.iter()).copied().collect();
        all.sort_unstable();
        all.dedup();
        one.dependencies = all.into();
    }
    fn order<'s>(release: &'s ReleaseFacts<'_>) -> Option<(Time, Option<Time>, &'s [Yank], Digest)> {
        let seen = release.sighting.as_deref()?;
        Some((seen.first_seen, seen.lacked_at, &seen.yanks, seen.first_digest))
    }
    if order(&other) > order(one) {
        one.sighting = other.sighting;
    }
    if one.publisher != other.publisher {
        one.publisher = None;
    }
    if one.voices != other.voices {
        one.voices = None;
    }
}
