//! `cargo xtask figures`: what the default policies stop and cost, held against what they did.
//!
//! The backtest is run over real history, and its figures are compared with those of `docs/figures.json`. Where protection fell, or
//! cost rose by more than its margin, the task fails, unless `docs/decisions.md` has the line that it asks for: a change for the
//! worse may be right, but somebody has to say so. `--write` keeps the figures of today.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::run;

/// The policies that are guarded: the defaults.
const GUARDED: [&str; 3] = ["fence low", "fence medium", "fence high"];
/// What is kept of a policy's cost: its name, where the backtest tells it, and by how much it may rise unsaid. A share of upgrades, days,
/// reviews for each project and month, and fixes of advisories that were known at the time.
const COSTS: [(&str, &str, f64); 5] = [
    ("share of upgrades that wait", "/upgrades/share", 0.005),
    ("days that upgrades wait on average", "/upgrades/mean-days", 0.1),
    ("upgrades that wait for ever", "/upgrades/by-review-alone", 10.0),
    ("reviews asked for each project and month", "/upgrades/reviews-per-month", 0.1),
    ("known fixes that wait for more than a day", "/upgrades/known-fixes/over-a-day", 0.0),
];
/// The digits that are kept.
const PRECISION: f64 = 1e4;

/// What a scanner read of a sample of upgrades.
const READINGS: &str = "crates/sim/data/readings.tsv";
/// How long after it was asked for a review is there.
const ANSWERED: &str = "7 days";
const FIGURES: &str = "docs/figures.json";
const DECISIONS: &str = "docs/decisions.md";

/// What a figure is good for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Good {
    /// Cost: by so much more it may be.
    Low(f64),
    /// Protection.
    High,
}

/// One figure: of which policy, of what, how much.
type Figures = BTreeMap<(String, String), (f64, Good)>;

/// Compares, or keeps.
pub(crate) fn run(root: &Path, data: Option<&Path>, words: &[&str]) -> Result<(), String> {
    let is_written = match words {
        [] => false,
        ["--write"] => true,
        other => return Err(format!("what is `{}`? only `--write` is taken", other.join(" "))),
    };
    let Some(data) = data else {
        println!("figures: skipped, since FENCE_DATA is not set and there is no history to replay");
        return Ok(());
    };
    let mut sim = run::program(root, "fence-sim", "fence-sim");
    sim.args(["backtest", "--answered", ANSWERED, "--readings", READINGS, "--format", "json", "--data"]);
    let printed = run::output(sim.arg(data))?;
    let report: Value =
        serde_json::from_slice(&printed).map_err(|error| format!("fence-sim printed no JSON: {error}"))?;
    let now = of_report(&report)?;
    let file = root.join(FIGURES);
    if is_written {
        return fs::write(&file, format(&now)).map_err(|error| format!("{FIGURES}: {error}"));
    }
    let read = |name: &str| fs::read_to_string(root.join(name)).map_err(|error| format!("{name}: {error}"));
    let kept = parse(&read(FIGURES)?)?;
    let undecided = undecided(&kept, &now, &read(DECISIONS)?);
    if undecided.is_empty() {
        println!("figures: {} of {} policies, none worse than kept", now.len(), GUARDED.len());
        return Ok(());
    }
    Err(format!(
        "figures are worse than {FIGURES} keeps them. If that is right, say why in {DECISIONS}, under these very lines, and \
         run `cargo xtask figures --write`:\n\n{}",
        undecided.join("\n")
    ))
}

/// The figures of a report of `fence-sim backtest --format json`.
fn of_report(report: &Value) -> Result<Figures, String> {
    let rules = report["rules"].as_array().ok_or("the backtest told of no rules")?;
    let mut figures = Figures::new();
    for policy in GUARDED {
        let of = rules.iter().find(|rule| rule["rule"] == policy);
        let of = of.ok_or_else(|| format!("the backtest told nothing of {policy}"))?;
        for (what, place, margin) in COSTS {
            let figure = of.pointer(place).and_then(Value::as_f64);
            let figure = figure.ok_or_else(|| format!("the backtest told no {place} of {policy}"))?;
            figures.insert((policy.to_owned(), what.to_owned()), (rounded(figure), Good::Low(margin)));
        }
        let groups = of["protection"].as_object().ok_or_else(|| format!("{policy} protects from nothing"))?;
        for (group, stopped) in groups {
            for (key, what) in [("stopped", "stopped"), ("stopped-as-told", "stopped as told")] {
                let stopped = stopped[key].as_f64().ok_or_else(|| format!("{policy}: {group}"))?;
                figures.insert((policy.to_owned(), format!("{group} {what}")), (stopped, Good::High));
            }
        }
    }
    Ok(figures)
}

fn rounded(figure: f64) -> f64 {
    (figure * PRECISION).round() / PRECISION
}

fn format(figures: &Figures) -> String {
    let mut all = Map::new();
    for ((policy, what), (figure, _)) in figures {
        let of = all.entry(policy.clone()).or_insert_with(|| json!({}));
        of[what] = json!(figure);
    }
    format!("{:#}\n", Value::Object(all))
}

fn parse(text: &str) -> Result<Figures, String> {
    let invalid = |why: &str| format!("{FIGURES}: {why}");
    let all: BTreeMap<String, BTreeMap<String, f64>> =
        serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
    let good = |what: &str| {
        COSTS.iter().find(|(cost, ..)| *cost == what).map_or(Good::High, |(.., margin)| Good::Low(*margin))
    };
    let one = |policy: &str, (what, figure): (String, f64)| {
        let good = good(&what);
        ((policy.to_owned(), what), (figure, good))
    };
    Ok(all.into_iter().flat_map(|(policy, of)| of.into_iter().map(move |of| one(&policy, of))).collect())
}

/// A line for each figure that is worse than kept, beyond its margin, and that nobody decided on.
fn undecided(kept: &Figures, now: &Figures, decisions: &str) -> Vec<String> {
    let line = |((policy, what), (before, good)): (&(String, String), &(f64, Good))| {
        let after = now.get(&(policy.clone(), what.clone())).map(|(figure, _)| *figure);
        // Half a digit of what is kept.
        let rounding = 0.5 / PRECISION;
        let is_worse = match (after, good) {
            (None, _) => true,
            (Some(after), Good::Low(margin)) => after > before + margin + rounding,
            (Some(after), Good::High) => after + rounding < *before,
        };
        let after = after.map_or_else(|| "nothing".to_owned(), |after| after.to_string());
        is_worse.then(|| format!("figures: {policy}, {what}: {before} → {after}"))
    };
    kept.iter()
        .filter_map(line)
        .filter(|line| !decisions.lines().any(|decided| decided.trim() == line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report in which every policy lets so many upgrades wait and stops so many takeovers.
    fn figures(wait: f64, takeovers: u32) -> Figures {
        let rule = |policy: &str| {
            json!({
                "rule": policy,
                "upgrades": {
                    "by-review-alone": 2, "share": wait, "mean-days": 1.5, "reviews-per-month": 0.25, "known-fixes": { "over-a-day": 3 },
                },
                "protection": { "takeovers": { "all": 4, "stopped": takeovers, "stopped-as-told": 4 } },
            })
        };
        of_report(&json!({ "rules": GUARDED.map(rule) })).unwrap()
    }

    #[test]
    fn what_is_kept_is_what_was_found() {
        let found = figures(0.123_456_7, 4);
        assert_eq!(parse(&format(&found)).unwrap(), found);
        assert!(undecided(&found, &found, "").is_empty());
    }

    #[test]
    fn less_protection_and_more_cost_want_a_decision_and_better_ones_none() {
        let kept = figures(0.16, 4);
        assert!(undecided(&kept, &figures(0.1649, 4), "").is_empty(), "within the margin");
        assert!(undecided(&kept, &figures(0.02, 4), "").is_empty());
        assert_eq!(undecided(&kept, &figures(0.17, 3), "").len(), 6);
        let worse = undecided(&kept, &figures(0.16, 3), "");
        assert_eq!(worse[2], "figures: fence medium, takeovers stopped: 4 → 3");
        let decided = format!("### Why?\n\n{}\n{}\n", worse[0], worse[1]);
        assert_eq!(undecided(&kept, &figures(0.16, 3), &decided), worse[2..]);
    }

    #[test]
    fn a_figure_that_is_gone_is_worse() {
        let kept = figures(0.16, 4);
        let mut now = kept.clone();
        now.retain(|(_, what), _| what != "takeovers stopped");
        assert_eq!(undecided(&kept, &now, "")[0], "figures: fence high, takeovers stopped: 4 → nothing");
    }

    #[test]
    fn a_report_without_a_guarded_policy_is_no_report() {
        assert_eq!(of_report(&json!({ "rules": [] })).unwrap_err(), "the backtest told nothing of fence low");
    }
}
