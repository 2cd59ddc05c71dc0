//! The incidents that are shipped, judged: what a sceptic would look at first.

use std::collections::BTreeSet;

use fence_model::{CrateName, Level, Span, Time};
use fence_sim::backtest::Named;
use fence_sim::history::{AuditsCount, Compiled, History, years};
use fence_sim::incidents::{Group, Incident};
use fence_sim::protection::{GROUPS, by_group, judged, without_each};
use fence_sim::report::curves::{Family, Point, svg};
use fence_sim::report::text;
use semver::Version;

#[test]
fn the_shipped_incidents_make_sense() {
    let all = Incident::shipped();
    let ids: BTreeSet<&str> = all.iter().map(|incident| incident.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "one is there twice");
    for incident in &all {
        assert!(incident.name.parse::<CrateName>().is_ok(), "{}", incident.id);
        assert!(Version::parse(&incident.version).is_ok(), "{}", incident.id);
        assert!(!incident.sources.is_empty(), "{} has no source", incident.id);
        assert!(incident.window.is_none_or(|(shortest, longest)| shortest <= longest), "{}", incident.id);
        assert!(incident.published > Time::EARLIEST, "{}", incident.id);
    }
    // A day without an hour is one day more or less.
    for incident in &all {
        let is_whole = |span: Span| span.as_seconds() % 86_400 == 0 && span > Span::ZERO;
        let is_read_as_said =
            incident.window.is_none_or(|(shortest, longest)| shortest != longest || !is_whole(longest));
        assert!(is_read_as_said, "{}", incident.id);
    }
    // As threats.md counts them: 40 of known windows on crates.io, of which 4 are takeovers, in 17 campaigns.
    let with = |group| all.iter().filter(|incident| incident.group == group).count();
    assert_eq!((with(Group::Takeover), with(Group::NewCrate)), (4, 36));
    let campaigns: BTreeSet<&str> = all
        .iter()
        .filter(|incident| matches!(incident.group, Group::Takeover | Group::NewCrate))
        .map(|incident| incident.campaign.as_str())
        .collect();
    assert_eq!(campaigns.len(), 17);
}

#[test]
fn what_each_rule_stops_without_any_history_at_hand() {
    let history = History::default();
    let compiled = Compiled::of(&history, AuditsCount::Never, &years(2022..=2026));
    let shipped = Incident::shipped();
    let all: Vec<&Incident> = shipped.iter().collect();
    let mut rules: Vec<Named> = [1, 3, 7, 14, 30].map(Named::flat).into();
    rules.extend(Level::ALL.map(Named::fence));
    rules.extend(without_each("medium", &Default::default()));
    let rows: Vec<_> = rules
        .iter()
        .map(|rule| (rule.name.as_str(), by_group(&judged(&compiled, &all, &rule.rule))))
        .collect();
    let medium = judged(&compiled, &all, &Named::fence(Level::Medium).rule);
    insta::assert_snapshot!(format!("{}\n{}", text::protection(&rows), text::incidents(&medium)));
}

#[test]
fn a_picture_has_a_panel_for_each_group_and_a_line_for_each_family() {
    let point =
        |label: &str, wait, stopped| Point { label: label.into(), wait, stopped: vec![(stopped, 1.0)] };
    let families = [
        Family { name: "flat".into(), points: vec![point("1 d", 0.2, 0.5), point("3 d <", 0.3, 0.6)] },
        Family { name: "fence".into(), points: vec![point("", 0.1, 0.9)] },
    ];
    insta::assert_snapshot!(svg("Protection & cost", &[GROUPS[0].to_owned()], &families));
}
