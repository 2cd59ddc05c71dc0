//! The same for machines.

use serde_json::{Value, json};

use crate::backtest::cost::{Cost, Waiting};
use crate::protection::{GROUPS, Judged, Stopped};

/// What a rule costs.
pub fn cost(cost: &Cost) -> Value {
    let waiting = |of: &Waiting| {
        json!({
            "all": of.all, "waited": of.waited, "over-a-day": of.over_a_day, "without-another-way": of.without_a_way,
            "longest-seconds": of.longest,
        })
    };
    let quantile = |of| cost.quantile_days(of);
    let codes: serde_json::Map<String, Value> =
        cost.codes.iter().map(|(code, count)| (code.to_string(), json!(count))).collect();
    json!({
        "upgrades": cost.upgrades, "waited": cost.waited, "share": rounded(cost.share()), "mean-days": rounded(cost.mean_days()),
        "quantile-days": { "50": quantile(0.5).map(rounded), "90": quantile(0.9).map(rounded), "99": quantile(0.99).map(rounded) },
        "by-review-alone": cost.never, "held-for-review": cost.held_for_review, "held-by-needs": cost.held_by_needs,
        "reviews": cost.reviews, "project-months": rounded(cost.months), "reviews-per-month": rounded(cost.reviews_per_month()),
        "known-fixes": waiting(&cost.known_fixes), "other-fixes": waiting(&cost.other_fixes), "codes": codes,
    })
}

/// How many incidents of each group a rule stops.
pub fn protection(groups: &[Stopped; 6]) -> Value {
    let of = |of: &Stopped| json!({ "all": of.all, "stopped": of.surely, "stopped-as-told": of.told, "stopped-in-the-favourable-bound": of.perhaps });
    Value::Object(
        GROUPS.iter().zip(groups).map(|(name, group)| (name.replace(' ', "-"), of(group))).collect(),
    )
}

/// What a rule makes of each incident.
pub fn incidents(judged: &[Judged<'_>]) -> Value {
    let outcome = |of: &crate::incidents::Outcome| {
        json!({
            "removed": of.removed, "admitted": of.admitted, "stopped": of.is_stopped(),
            "to-spare-seconds": of.spare(),
            "by": of.reasons.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
        })
    };
    let one = |one: &Judged<'_>| {
        json!({
            "id": one.incident.id, "group": one.incident.group.as_str(), "campaign": one.incident.campaign,
            "unfavourable": outcome(&one.unfavourable), "as-told": outcome(&one.told), "favourable": outcome(&one.favourable),
            "sources": one.incident.sources, "known": one.incident.known,
        })
    };
    Value::Array(judged.iter().map(one).collect())
}

/// Six digits are more than the data has.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
