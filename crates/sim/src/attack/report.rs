//! What came of attacks, as tables for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::intervals::Interval;
use super::script::Price;
use super::{Cell, Report};
use crate::report::table::Table;

/// What the figures do not say; a reader should know it before quoting them.
const LIMITS: [&str; 8] = [
    "Builds are taken to update at every moment; one that updates once a week is reached less often.",
    "Who is found is found like incidents that really happened; what was never found is in no sample.",
    "Detection is taken to be the same whatever the rule; if everybody waits, less is found.",
    "A scanner is taken to see what is plain, and nothing of what stays within old capabilities.",
    "The registry was never published: its tail, its owners and who is enrolled are guesses.",
    "Nobody is taken to look at a release while it is yanked, nor in the minutes between two yanks: the 100 of flat ages rests on that.",
    "Other registries are taken to tell of an attack when they remove it; the advisories of crates.io came 7 to 13 hours later.",
    "No honest reviewer objects, and none is fooled but those who are counted.",
];

/// The tables.
pub fn human(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} crates, {} runs of each adversary, seed {}",
        grouped(report.crates as usize),
        grouped(report.runs),
        report.seed
    );
    let share = |cell: &Cell| percent(cell.reached as f64 / cell.runs.max(1) as f64);
    table(
        &mut text,
        "The malicious release reaches a build, in percent of the runs (95 % interval of the runs)",
        report,
        &|cell| format!("{} ({})", share(cell), told(cell.by_runs)),
    );
    table(
        &mut text,
        "The same, as far as so few known incidents tell (95 % interval of the sample)",
        report,
        &|cell| told(cell.by_sample),
    );
    table(
        &mut text,
        "The same, if each incident had been found as soon as its sources allow; and if those of which nobody tells it had stayed",
        report,
        &|cell| {
            let soonest = percent(cell.reached_if_soonest as f64 / cell.runs.max(1) as f64);
            format!("{soonest} .. {}", percent(cell.if_untold_stay))
        },
    );
    table(
        &mut text,
        "How long it has to stay unnoticed (median of those that are ever admitted; in brackets how many are, in percent)",
        report,
        &|cell| match cell.stays_seconds {
            Some(seconds) => {
                let ever = percent(cell.admitted as f64 / cell.runs.max(1) as f64);
                format!("{} ({ever})", short(seconds))
            }
            None => "never".into(),
        },
    );
    table(
        &mut text,
        "The price (identities, of them bribed; identity-days; crates, and for how long they aged)",
        report,
        &|cell| cell.price.map_or_else(|| "-".into(), priced),
    );
    table(&mut text, "By rank of the crate: head / middle / tail, in percent", report, &|cell| {
        let share = |rank| {
            let (runs, reached) = cell.by_rank.get(rank).copied().unwrap_or_default();
            percent(reached as f64 / runs.max(1) as f64)
        };
        format!("{}/{}/{}", share("head"), share("middle"), share("tail"))
    });
    let _ = writeln!(text, "\nDetection times are drawn from");
    for (like, count, unknown) in &report.samples {
        let _ = writeln!(
            text,
            "  {:12} {count} incidents; of {unknown} more nobody tells how long they stayed",
            like.as_str()
        );
    }
    let _ = writeln!(text, "\nWhat these figures do not say");
    for limit in LIMITS {
        let _ = writeln!(text, "  {limit}");
    }
    text
}

fn table(text: &mut String, title: &str, report: &Report, told: &dyn Fn(&Cell) -> String) {
    let mut rows = Table::with(std::iter::once(String::new()).chain(report.rules.iter().cloned()));
    for row in &report.rows {
        rows.row(std::iter::once(row.adversary.name()).chain(row.cells.iter().map(told)));
    }
    let _ = writeln!(text, "\n{title}");
    for line in rows.to_string().lines() {
        let _ = writeln!(text, "  {line}");
    }
}

fn told(Interval { low, high }: Interval) -> String {
    format!("{}-{}", percent(low), percent(high))
}

/// In percent, with a digit behind the point where it is small.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 9.95 { format!("{percent:.1}") } else { format!("{percent:.0}") }
}

fn priced(price: Price) -> String {
    let days = |seconds: i64| seconds as f64 / 86_400.0;
    let mut text = format!("{}", price.identities);
    if price.reviewers > 0 {
        let _ = write!(text, " ({})", price.reviewers);
    }
    let _ = write!(text, "; {:.1} d", days(price.held_seconds));
    if price.crates > 0 {
        let _ = write!(text, "; {} of {:.0} d", price.crates, days(price.aged_seconds));
    }
    text
}

fn short(seconds: i64) -> String {
    match seconds {
        0 => "0".into(),
        seconds if seconds < 172_800 => format!("{:.0} h", seconds as f64 / 3_600.0),
        seconds => format!("{:.1} d", seconds as f64 / 86_400.0),
    }
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same, for programs. Times are in seconds, shares from 0 to 1.
pub fn json(report: &Report) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Document<'r> {
        crates: u32,
        runs: usize,
        seed: u64,
        samples: Vec<Drawn>,
        limits: [&'static str; 8],
        adversaries: Vec<One<'r>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Drawn {
        like: super::Like,
        incidents: usize,
        untold: usize,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct One<'r> {
        adversary: String,
        against: Vec<Against<'r>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Against<'r> {
        rule: &'r str,
        #[serde(flatten)]
        cell: &'r Cell,
    }
    fn against<'r>(rules: &'r [String], cells: &'r [Cell]) -> Vec<Against<'r>> {
        rules.iter().zip(cells).map(|(rule, cell)| Against { rule, cell }).collect()
    }
    let drawn = |(like, incidents, untold): &(super::Like, usize, usize)| Drawn {
        like: *like,
        incidents: *incidents,
        untold: *untold,
    };
    let document = Document {
        crates: report.crates,
        runs: report.runs,
        seed: report.seed,
        samples: report.samples.iter().map(drawn).collect(),
        limits: LIMITS,
        adversaries: report
            .rows
            .iter()
            .map(|row| One { adversary: row.adversary.name(), against: against(&report.rules, &row.cells) })
            .collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_else(|error| panic!("a report is JSON: {error}")) + "\n"
}

/// The time that something took, with nothing behind a tenth of a second.
pub fn took(span: std::time::Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}
