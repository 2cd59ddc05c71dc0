//! The tables that `fence-sim backtest` prints.

use fence_model::Span;

use super::table::{Table, days, percent};
use crate::backtest::cost::{Cost, Waiting};
use crate::incidents::Outcome;
use crate::protection::{GROUPS, Judged, Stopped};

/// What each rule costs: upgrades, and beside them additions.
pub fn costs(rows: &[(&str, &Cost, &Cost)]) -> String {
    let mut table = Table::of([
        "rule",
        "wait",
        "mean",
        "p50",
        "p90",
        "p99",
        "by review alone",
        "asked/month",
        "known fixes",
        "> 1 d",
        "no other way",
        "other fixes",
        "> 1 d",
        "additions wait",
    ]);
    for (name, upgrades, additions) in rows {
        let quantile = |of| upgrades.quantile_days(of).map_or_else(|| "review".to_owned(), days);
        let Waiting { all, waited, over_a_day, without_a_way, .. } = upgrades.known_fixes;
        let other = upgrades.other_fixes;
        table.row([
            (*name).to_owned(),
            percent(upgrades.share()),
            if upgrades.never == upgrades.upgrades { "review".into() } else { days(upgrades.mean_days()) },
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
            upgrades.never.to_string(),
            format!("{:.2}", upgrades.reviews_per_month()),
            format!("{waited}/{all}"),
            over_a_day.to_string(),
            without_a_way.to_string(),
            format!("{}/{}", other.waited, other.all),
            other.over_a_day.to_string(),
            percent(additions.share()),
        ]);
    }
    table.to_string()
}

/// What one rule costs each of these: projects, or kinds of actor.
pub fn cost_of_each(what: &str, rows: &[(String, Cost)]) -> String {
    let mut table = Table::of([what, "upgrades", "wait", "mean", "p90", "by review alone", "asked/month"]);
    for (name, cost) in rows {
        table.row([
            name.clone(),
            cost.upgrades.to_string(),
            percent(cost.share()),
            days(cost.mean_days()),
            cost.quantile_days(0.9).map_or_else(|| "review".to_owned(), days),
            cost.never.to_string(),
            format!("{:.2}", cost.reviews_per_month()),
        ]);
    }
    table.to_string()
}

/// Which codes keep those that wait.
pub fn codes(cost: &Cost) -> String {
    let mut table = Table::of(["code", "upgrades", "share"]);
    for (code, count) in &cost.codes {
        table.row([
            code.to_string(),
            count.to_string(),
            percent(crate::backtest::cost::share(*count, cost.upgrades)),
        ]);
    }
    let needs = cost.held_by_needs;
    table.row([
        "needs-held alone".into(),
        needs.to_string(),
        percent(crate::backtest::cost::share(needs, cost.upgrades)),
    ]);
    table.to_string()
}

/// How many incidents each rule stops, in each bound.
pub fn protection(rows: &[(&str, [Stopped; 6])]) -> String {
    let sizes = rows.first().map_or([Stopped::default(); 6], |(_, row)| *row);
    let head = GROUPS.iter().zip(sizes).map(|(group, of)| format!("{group} ({})", of.all));
    let mut table = Table::with(std::iter::once("rule".to_owned()).chain(head));
    for (name, row) in rows {
        table.row(std::iter::once((*name).to_owned()).chain(row.iter().map(Stopped::to_string)));
    }
    table.to_string()
}

/// What one rule makes of each incident.
pub fn incidents(judged: &[Judged<'_>]) -> String {
    let mut table = Table::of([
        "incident",
        "group",
        "window",
        "stopped",
        "to spare",
        "by",
        "as told",
        "by ",
        "in the favourable bound",
        "by  ",
    ]);
    for one in judged {
        let window = |span: Span| days(span.as_seconds() as f64 / 86_400.0);
        let by = |of: &Outcome| {
            let codes: Vec<&str> = of.reasons.iter().map(|code| code.as_str()).collect();
            if codes.is_empty() { "age".to_owned() } else { codes.join(" ") }
        };
        let spare = |of: &Outcome| match of.spare() {
            None => "for ever".to_owned(),
            Some(spare) => days(spare as f64 / 86_400.0),
        };
        let stopped = |of: &Outcome| if of.is_stopped() { "yes" } else { "no" }.to_owned();
        table.row([
            one.incident.id.clone(),
            one.incident.group.as_str().to_owned(),
            one.incident.window.map_or_else(|| "unknown".to_owned(), |(_, longest)| window(longest)),
            stopped(&one.unfavourable),
            spare(&one.unfavourable),
            by(&one.unfavourable),
            stopped(&one.told),
            by(&one.told),
            stopped(&one.favourable),
            by(&one.favourable),
        ]);
    }
    table.to_string()
}
