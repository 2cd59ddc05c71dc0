//! `fence-sim backtest`: reads what is asked for, has it replayed, and puts the report together.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;

use fence_model::policy::Policy;
use fence_model::readings::Readings;
use fence_model::{Level, Span};
use fence_sim::backtest::check::differences;
use fence_sim::backtest::cost::{Cost, is_stuck, share};
use fence_sim::backtest::reviews::Reviewers;
use fence_sim::backtest::upgrades::{Kind, Upgrade, Upgrades};
use fence_sim::backtest::{Admissions, Named, Rule, admissions, side_by_side};
use fence_sim::halves::{Half, lot};
use fence_sim::history::{AuditsCount, Compiled, years};
use fence_sim::incidents::Incident;
use fence_sim::protection::{GROUPS, Judged, Stopped, by_group, judged, without_each};
use fence_sim::readings::{Rates, complete, read};
use fence_sim::releases::{Beside, beside_their_bases};
use fence_sim::report::curves::{Family, Point, svg};
use fence_sim::report::table::{Table, days, percent};
use fence_sim::report::{json, text};
use fence_sim::sweep::{Aim, Score, policies};
use serde_json::{Value, json};

use crate::args::{Backtest, Format, Releases};
use crate::edge::{self, Failure};
use crate::given::{folder, policy, text_of};

/// The flat ages of cargo's own setting that are compared with, in days.
const FLAT: [i64; 5] = [1, 3, 7, 14, 30];
/// How many policies of a sweep are printed.
const SHOWN: usize = 24;

/// All that rules are judged by.
struct Ground<'h> {
    compiled: Compiled<'h>,
    upgrades: Upgrades,
    reviewers: Reviewers,
    incidents: Vec<Incident>,
    readings: Readings,
    rates: Option<Rates>,
    hands: NonZeroUsize,
}

/// What a rule came to.
struct Row<'g> {
    admissions: Admissions,
    judged: Vec<Judged<'g>>,
}

/// Does what is asked, and returns what is to be printed.
pub(crate) fn backtest(asked: &Backtest) -> Result<String, Failure> {
    let folder = folder(asked.data.as_ref())?;
    let own = asked.policy.as_deref().map(policy).transpose()?;
    let history = edge::history(&folder)?;
    let compiled = Compiled::of(&history, asked.audits, &years(2022..=2026));
    let upgrades = Upgrades::of(&compiled);
    let (readings, rates) = match &asked.readings {
        None => (Readings::NOT_ASKED, None),
        Some(file) => {
            let measured = read(&text_of(file)?, &compiled);
            let measured = measured.map_err(|error| format!("{}: {error}", file.display()))?;
            let (readings, rates) = complete(&compiled, measured, asked.seed);
            (readings, Some(rates))
        }
    };
    let hands = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let incidents = Incident::shipped();
    let ground = Ground { compiled, upgrades, reviewers: asked.answered, incidents, readings, rates, hands };
    if asked.sweep {
        return Ok(ground.sweep());
    }
    ground.report(asked, own)
}

/// The releases that changes brought in: a line for each, `NAME VERSION SHA-256`, and behind it version and digest of its base.
pub(crate) fn releases(asked: &Releases) -> Result<String, Failure> {
    let history = edge::history(&folder(asked.data.as_ref())?)?;
    let compiled = Compiled::of(&history, AuditsCount::Never, &years(2022..=2026));
    let policy = Policy { level: asked.level, ..Policy::default() };
    let line = |Beside { release: (release, digest), base }: &Beside| {
        let base =
            base.as_ref().map_or_else(String::new, |(base, of_base)| format!(" {} {of_base}", base.version));
        format!("{} {} {digest}{base}\n", release.name, release.version)
    };
    let all = beside_their_bases(&compiled, &policy, (&Upgrades::of(&compiled), asked.answered));
    Ok(all.iter().map(line).collect())
}

impl<'h> Ground<'h> {
    fn row<'g>(&'g self, rule: &Rule, incidents: &[&'g Incident]) -> Row<'g> {
        Row {
            admissions: admissions(&self.compiled, rule, &self.readings, (&self.upgrades, self.reviewers)),
            judged: judged(&self.compiled, incidents, rule),
        }
    }

    fn cost(&self, row: &Row<'_>, kind: Kind, half: Half) -> Cost {
        let wanted = |upgrade: &Upgrade| half.has(&self.upgrades.projects[upgrade.project]);
        Cost::of(&self.upgrades, &row.admissions, kind, wanted)
    }

    fn incidents_of(&self, half: Half) -> Vec<&Incident> {
        self.incidents.iter().filter(|incident| half.has(&incident.campaign)).collect()
    }

    fn report(&self, asked: &Backtest, own: Option<Policy>) -> Result<String, Failure> {
        let half = Half::from(asked.half);
        let incidents = self.incidents_of(half);
        let level = asked.level;
        let main =
            own.map_or_else(|| Named::fence(level), |policy| Named::policy("fence.toml".into(), policy));
        let mut rules: Vec<Named> = FLAT.map(Named::flat).into();
        rules.extend(Level::ALL.map(Named::fence));
        let bases = base_waits();
        rules.extend(bases.iter().cloned());
        rules.push(main.clone());
        let rows = side_by_side(&rules, self.hands, |rule| self.row(&rule.rule, &incidents));
        let costs: Vec<[Cost; 2]> = rows
            .iter()
            .map(|row| [Kind::Upgrade, Kind::Addition].map(|kind| self.cost(row, kind, half)))
            .collect();
        let groups: Vec<[Stopped; 6]> = rows.iter().map(|row| by_group(&row.judged)).collect();
        let Rule::Fence(policy) = &main.rule else { return Err("a flat age has no policy".into()) };
        let singles = without_each(&main.name, policy);
        let without = side_by_side(&singles, self.hands, |rule| {
            by_group(&judged(&self.compiled, &incidents, &rule.rule))
        });
        let last = rows.len() - 1;
        let checked = self.checked(asked, policy, &rows[last]);

        if let Some(file) = &asked.svg {
            let picture = curves(&rules, &costs, &groups);
            fs::write(file, picture).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        if asked.format == Format::Json {
            return Ok(self.json(asked, (&rules, &costs, &groups), (&singles, &without), &rows[last]));
        }
        let mut out = self.told(asked);
        let _ = writeln!(out, "## Cost\n");
        let named: Vec<(&str, &Cost, &Cost)> =
            rules.iter().zip(&costs).map(|(rule, [up, add])| (rule.name.as_str(), up, add)).collect();
        let _ = writeln!(out, "{}", text::costs(&named));
        let name = &main.name;
        let _ = writeln!(
            out,
            "### {name}: which codes keep upgrades waiting\n\n{}",
            text::codes(&costs[last][0])
        );
        let _ = writeln!(
            out,
            "### {name}: by project\n\n{}",
            text::cost_of_each("project", &self.by_project(&rows[last], half))
        );
        let _ = writeln!(
            out,
            "### {name}: by actor\n\n{}",
            text::cost_of_each("actor", &self.by_actor(&rows[last], half))
        );
        out.push_str(&self.stuck(name, &rows[last], half));
        let _ = writeln!(out, "## Protection\n\nStopped surely/as told/perhaps: see the bounds above.\n");
        let stopped: Vec<(&str, [Stopped; 6])> =
            rules.iter().zip(&groups).map(|(rule, row)| (rule.name.as_str(), *row)).collect();
        let _ = writeln!(out, "{}", text::protection(&stopped));
        let stopped: Vec<(&str, [Stopped; 6])> =
            singles.iter().zip(&without).map(|(rule, row)| (rule.name.as_str(), *row)).collect();
        let _ = writeln!(out, "### Without each single code\n\n{}", text::protection(&stopped));
        if asked.incidents {
            let _ = writeln!(out, "### {name}: each incident\n\n{}", text::incidents(&rows[last].judged));
        }
        out.push_str(&checked);
        Ok(out)
    }

    /// What was replayed, and what has to be known of it.
    fn told(&self, asked: &Backtest) -> String {
        let mut out = String::new();
        let Compiled { unread_births, dependencies, history, .. } = &self.compiled;
        let kinds = |kind| self.upgrades.all.iter().filter(|upgrade| upgrade.kind == kind).count();
        let _ = writeln!(
            out,
            "# Backtest\n\n{} upgrades and {} additions of {} projects, {} releases of {} crates; half: {}; seed: {}\n",
            kinds(Kind::Upgrade),
            kinds(Kind::Addition),
            self.upgrades.projects.len(),
            self.compiled.releases(),
            self.compiled.crates(),
            Half::from(asked.half).as_str(),
            asked.seed,
        );
        for (what, count) in history.left_out.iter().chain(&self.upgrades.left_out) {
            let _ = writeln!(out, "* left out: {count} {what}");
        }
        let told = [
            format!("* births unknown: of {unread_births} of {dependencies} dependencies, on crates outside the index"),
            format!("* publishers known: of {} releases; any other may be anybody's", self.compiled.publishers()),
            "* yanks and deletions have no times in the index, so the replay has none of them".to_owned(),
            format!("* audits and windows of trust: {}", match asked.audits {
                fence_sim::history::AuditsCount::Never => "never counted, since they are not dated (the unfavourable bound)".to_owned(),
                fence_sim::history::AuditsCount::After(span) => format!("counted {span} after publication (a favourable bound)"),
            }),
            match self.reviewers {
                Reviewers::Nobody => "* reviews: nobody gives any that is asked for (the unfavourable bound)".to_owned(),
                Reviewers::Answer(within) => format!("* reviews: given {within} after the first project asked, to all"),
            },
            match self.rates {
                None => "* packages were not read: codes of the scanner are not raised for upgrades".to_owned(),
                Some(Rates { sample, asks, build_code, capability, finding, copied, unchanged }) => format!(
                    "* readings: {sample} measured, of which {} ask for a reviewer: build code {}, capability {}, finding {}, copies {}; \
                     {} unchanged; those of other releases are drawn from these",
                    percent(asks), percent(build_code), percent(capability), percent(finding), percent(copied), percent(unchanged)
                ),
            },
            "* names that others imitate: counted from this index, as of the start of each year".to_owned(),
            "* incidents: three bounds where they differ. Surely: the attack stayed the longest that sources allow, and nobody had \
             a scanner, a journal or a dump of the registry. As told: what sources say that it did was seen, and it came from the crate's \
             own account unless they say otherwise. Perhaps: it was removed the soonest that they allow, and what they do not tell of spoke against it"
                .to_owned(),
        ];
        told.iter().for_each(|line| out.push_str(&format!("{line}\n")));
        out.push('\n');
        out
    }

    /// Known fixes that would have waited for more than a day, with no other way to them.
    fn stuck(&self, name: &str, row: &Row<'_>, half: Half) -> String {
        let mut out =
            format!("### {name}: known fixes that wait for more than a day, and there is no other way\n\n");
        let is_in_half = |upgrade: &&Upgrade| half.has(&self.upgrades.projects[upgrade.project]);
        for upgrade in self.upgrades.all.iter().filter(is_in_half).filter(|of| is_stuck(of, &row.admissions))
        {
            let (krate, _) = self.compiled.place(upgrade.release);
            let Some(fate) = row.admissions.of(upgrade.release) else { continue };
            let phase = fate.phase_at(upgrade.at);
            let codes = phase.into_iter().flat_map(|phase| phase.review.iter().chain(phase.longer.iter()));
            let codes: Vec<&str> = codes.map(|code| code.as_str()).collect();
            let _ = writeln!(
                out,
                "* {} {} in {} on {}, published {}, admitted {}: {}",
                self.compiled.name(krate),
                self.compiled.release(upgrade.release).version,
                self.upgrades.projects[upgrade.project],
                upgrade.at.date(),
                fate.published.date(),
                fate.admitted.map_or_else(|| "never".to_owned(), |admitted| admitted.date()),
                if codes.is_empty() { "age, or what it needs".to_owned() } else { codes.join(" ") },
            );
        }
        out.push('\n');
        out
    }

    fn by_project(&self, row: &Row<'_>, half: Half) -> Vec<(String, Cost)> {
        let projects = self.upgrades.projects.iter().enumerate().filter(|(_, name)| half.has(name));
        let cost =
            |at| Cost::of(&self.upgrades, &row.admissions, Kind::Upgrade, |upgrade| upgrade.project == at);
        projects.map(|(at, name)| (name.clone(), cost(at))).collect()
    }

    fn by_actor(&self, row: &Row<'_>, half: Half) -> Vec<(String, Cost)> {
        let cost = |at| {
            Cost::of(&self.upgrades, &row.admissions, Kind::Upgrade, |upgrade| {
                upgrade.actor == at && half.has(&self.upgrades.projects[upgrade.project])
            })
        };
        self.upgrades.actors.iter().enumerate().map(|(at, name)| (name.clone(), cost(at))).collect()
    }

    /// The replay held against the judgement, for a sample.
    fn checked(&self, asked: &Backtest, policy: &Policy, row: &Row<'_>) -> String {
        if asked.check == 0 {
            return String::new();
        }
        let rate = asked.check as f64 / self.upgrades.all.len().max(1) as f64;
        let is_drawn = |(at, _): &(usize, &Upgrade)| lot(asked.seed, &at.to_le_bytes()) < rate;
        let sample: Vec<&Upgrade> =
            self.upgrades.all.iter().enumerate().filter(is_drawn).map(|(_, of)| of).collect();
        let parts: Vec<&[&Upgrade]> = sample.chunks(16).collect();
        let found = side_by_side(&parts, self.hands, |part| {
            differences(&self.compiled, policy, &self.readings, &row.admissions, part.iter().copied())
        });
        let found: Vec<_> = found.into_iter().flatten().collect();
        let mut out = format!(
            "## Check\n\n{} of {} upgrades drawn and judged at the moment of their commit, neighbours considered: {} differ from the replay\n",
            sample.len(),
            self.upgrades.all.len(),
            found.len()
        );
        for difference in &found {
            let codes: Vec<&str> = difference.codes.iter().map(|code| code.as_str()).collect();
            let _ = writeln!(
                out,
                "* {} at {}: {:?} {}",
                difference.release,
                difference.at,
                difference.decided,
                codes.join(" ")
            );
        }
        out
    }

    fn json(
        &self,
        asked: &Backtest,
        (rules, costs, groups): (&[Named], &[[Cost; 2]], &[[Stopped; 6]]),
        (singles, without): (&[Named], &[[Stopped; 6]]),
        main: &Row<'_>,
    ) -> String {
        let rule = |((rule, [upgrades, additions]), groups): ((&Named, &[Cost; 2]), &[Stopped; 6])| {
            json!({
                "rule": rule.name, "upgrades": json::cost(upgrades), "additions": json::cost(additions),
                "protection": json::protection(groups),
            })
        };
        let single = |(rule, groups): (&Named, &[Stopped; 6])| json!({ "rule": rule.name, "protection": json::protection(groups) });
        let half = Half::from(asked.half);
        let each = |of: Vec<(String, Cost)>| -> Value {
            Value::Object(of.into_iter().map(|(name, cost)| (name, json::cost(&cost))).collect())
        };
        let report = json!({
            "half": half.as_str(),
            "seed": asked.seed,
            "left-out": self.compiled.history.left_out.iter().chain(&self.upgrades.left_out)
                .map(|(what, count)| ((*what).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
            "rules": rules.iter().zip(costs).zip(groups).map(rule).collect::<Vec<_>>(),
            "without-single-codes": singles.iter().zip(without).map(single).collect::<Vec<_>>(),
            "by-project": each(self.by_project(main, half)),
            "by-actor": each(self.by_actor(main, half)),
            "incidents": json::incidents(&main.judged),
        });
        format!("{report:#}\n")
    }

    /// Many policies: the best of one half, reported on the other.
    fn sweep(&self) -> String {
        let halves = [Half::Fit, Half::Report];
        let incidents = halves.map(|half| self.incidents_of(half));
        let score = |rule: &Named| {
            let found =
                admissions(&self.compiled, &rule.rule, &self.readings, (&self.upgrades, self.reviewers));
            [0, 1].map(|at| {
                let wanted = |upgrade: &Upgrade| halves[at].has(&self.upgrades.projects[upgrade.project]);
                let cost = Cost::of(&self.upgrades, &found, Kind::Upgrade, wanted);
                Score::of(cost, by_group(&judged(&self.compiled, &incidents[at], &rule.rule)))
            })
        };
        let mut peers: Vec<Named> = FLAT.map(Named::flat).into();
        peers.extend(Level::ALL.map(Named::fence));
        let peer_scores = side_by_side(&peers, self.hands, score);
        let aims = [0, 1].map(|at| Aim {
            wait: peer_scores[2][at].cost.share() / 3.0,
            stopped: peer_scores[3][at].stopped,
        });
        let tried = policies();
        let scores = side_by_side(&tried, self.hands, score);

        let mut out = format!(
            "# Sweep\n\n{} policies, chosen on the half `fit` and reported on the half `report`. Names are \
             base/ceiling/tenure of crates/new-dependency/dormant/young-dependency/new-build-code.\n\n",
            tried.len()
        );
        for (half, aim) in halves.iter().zip(&aims) {
            let projects: Vec<&str> =
                self.upgrades.projects.iter().map(String::as_str).filter(|name| half.has(name)).collect();
            let stopped: Vec<String> = GROUPS
                .iter()
                .zip(aim.stopped)
                .map(|(group, of)| format!("{group} {of} of {}", of.all))
                .collect();
            let _ = writeln!(
                out,
                "* {}: {}\n  aim: at most {} wait; at least {}",
                half.as_str(),
                projects.join(", "),
                percent(aim.wait),
                stopped.join(", ")
            );
        }
        let mut order: Vec<usize> = (0..tried.len()).collect();
        // What costs too much is no candidate; of the others those that lack least.
        let key = |at: &usize| {
            let score = &scores[*at][0];
            let dear = score
                .misses(&aims[0])
                .iter()
                .filter(|miss| !matches!(**miss, "protection" | "surely"))
                .count();
            (dear, score.lacks(&aims[0]), score.cost.waited, *at)
        };
        order.sort_by_key(key);
        let frontier = |at: &usize| !scores.iter().any(|other| scores[*at][0].is_beaten_by(&other[0]));
        let best: Vec<usize> = order.iter().copied().take(SHOWN).collect();
        let _ = writeln!(out, "\n## Peers\n\n{}", sweep_table(&aims, peers.iter().zip(&peer_scores)));
        let of = |places: &[usize]| sweep_table(&aims, places.iter().map(|at| (&tried[*at], &scores[*at])));
        let _ = writeln!(
            out,
            "## Nearest to the aim on `fit`: not too dear, lacking least, waiting least\n\n{}",
            of(&best)
        );
        let mut edge: Vec<usize> = order.into_iter().filter(frontier).collect();
        edge.sort_by_key(|at| scores[*at][0].cost.waited);
        edge.dedup_by_key(|at| {
            (scores[*at][0].cost.waited, scores[*at][0].cost.reviews, scores[*at][0].total())
        });
        let _ = writeln!(
            out,
            "## The frontier on `fit`: nothing waits less, asks less and stops more\n\n{}",
            of(&edge)
        );
        out
    }
}

/// Policies with their scores on both halves.
fn sweep_table<'s>(aims: &[Aim; 2], rows: impl Iterator<Item = (&'s Named, &'s [Score; 2])>) -> String {
    let mut columns = vec!["policy".to_owned()];
    for half in ["fit", "report"] {
        columns.extend(["wait", "mean", "asked", "fixes"].map(|column| format!("{half}: {column}")));
        columns.extend(["take", "sister", "new", "open", "s-new", "camp"].map(str::to_owned));
        columns.push("misses".into());
    }
    let mut table = Table::with(columns);
    for (rule, scores) in rows {
        let mut cells = vec![rule.name.clone()];
        for (score, aim) in scores.iter().zip(aims) {
            cells.push(percent(score.cost.share()));
            cells.push(days(score.mean_days));
            cells.push(format!("{:.2}", score.cost.reviews_per_month()));
            cells.push(score.cost.known_fixes.without_a_way.to_string());
            cells.extend(score.stopped.iter().map(Stopped::to_string));
            let misses = score.misses(aim);
            cells.push(if misses.is_empty() { "-".into() } else { misses.join("+") });
        }
        table.row(cells);
    }
    table.to_string()
}

/// The levels low and medium with other base waits.
fn base_waits() -> Vec<Named> {
    let mut all = Vec::new();
    for level in [Level::Low, Level::Medium] {
        for (base, name) in [
            (Span::ZERO, "0"),
            (Span::hours(6), "6 h"),
            (Span::days(1), "1 d"),
            (Span::days(3), "3 d"),
            (Span::days(7), "7 d"),
            (Span::days(14), "14 d"),
        ] {
            let mut policy = Policy { level, ..Policy::default() };
            policy.wait.base = Some(base);
            policy.wait.floor_known = policy.wait.floor_known.min(base);
            all.push(Named::policy(format!("{level}, base {name}"), policy));
        }
    }
    all
}

/// The picture: flat ages, both levels with their base wait varied, and the levels as they are.
fn curves(rules: &[Named], costs: &[[Cost; 2]], groups: &[[Stopped; 6]]) -> String {
    let panels = [0, 1, 2, 5];
    let point = |at: usize, label: &str| Point {
        label: label.to_owned(),
        wait: costs[at][0].share(),
        stopped: panels
            .map(|panel| groups[at][panel])
            .map(|of| (share(of.surely, of.all), share(of.told, of.all)))
            .into(),
    };
    let family = |name: &str, prefix: &str| Family {
        name: name.to_owned(),
        points: rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.name.starts_with(prefix))
            .map(|(at, rule)| point(at, rule.name[prefix.len()..].trim()))
            .collect(),
    };
    let families = [
        family("flat ages", "flat"),
        family("level low, base wait varied", "low, base"),
        family("level medium, base wait varied", "medium, base"),
    ];
    let names: Vec<String> = panels.iter().map(|panel| title(*panel, groups)).collect();
    svg("What is stopped, against how many upgrades wait", &names, &families)
}

fn title(panel: usize, groups: &[[Stopped; 6]]) -> String {
    let all = groups.first().map_or(0, |row| row[panel].all);
    let name = match panel {
        0 => "takeovers on crates.io",
        1 => "takeovers on sister registries",
        2 => "new malicious crates",
        _ => "campaigns on crates.io",
    };
    format!("{name} ({all})")
}
