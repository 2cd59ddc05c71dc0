//! The program `fence-sim`: replays history through the judgement of the fence.

mod attacking;
mod edge;
mod table;

use std::time::Instant;

use fence_model::Level;
use fence_model::readings::Readings;
use fence_sim::backtest::cost::Cost;
use fence_sim::backtest::upgrades::{Kind, Upgrades};
use fence_sim::backtest::{Named, admissions, side_by_side};
use fence_sim::history::{AuditsCount, Compiled, years};

fn main() {
    if std::env::args().nth(1).is_some_and(|word| word == "attack") {
        return attack();
    }
    let start = Instant::now();
    let folder = std::env::var_os("FENCE_DATA").expect("FENCE_DATA");
    let history = edge::history(std::path::Path::new(&folder)).unwrap();
    eprintln!("read {:?}", start.elapsed());
    let compiled = Compiled::of(&history, AuditsCount::Never, &years(2023..=2026));
    eprintln!("compiled {:?}", start.elapsed());
    let upgrades = Upgrades::of(&compiled);
    eprintln!(
        "{:?} {:?} {} {}",
        history.left_out,
        upgrades.left_out,
        upgrades.all.len(),
        upgrades.releases().len()
    );
    let releases = upgrades.releases();
    let mut rules: Vec<Named> = [1, 3, 7, 14, 30].map(Named::flat).into();
    rules.extend(Level::ALL.map(Named::fence));
    let hands = std::thread::available_parallelism().unwrap();
    let rows = side_by_side(&rules, hands, |rule| {
        let t = Instant::now();
        let found = admissions(&compiled, &rule.rule, &Readings::NOT_ASKED, &releases);
        let cost = Cost::of(&upgrades, &found, Kind::Upgrade, |_| true);
        (cost, t.elapsed())
    });
    for (rule, (cost, took)) in rules.iter().zip(rows) {
        println!(
            "{:20} {:6} {:.1}% mean {:.2} never {} review {} needs {} reviews/month {:.2} fixes {:?} {:?} {:?} {took:?}",
            rule.name,
            cost.upgrades,
            cost.share() * 100.0,
            cost.mean_days(),
            cost.never,
            cost.held_for_review,
            cost.held_by_needs,
            cost.reviews_per_month(),
            cost.known_fixes,
            cost.other_fixes,
            cost.codes
        );
    }
}

/// What `fence-sim attack` is asked.
#[derive(clap::Parser)]
#[command(name = "fence-sim attack", bin_name = "fence-sim attack")]
struct Attack {
    #[command(flatten)]
    asked: attacking::Attacking,
}

fn attack() {
    let asked = <Attack as clap::Parser>::parse_from(std::env::args_os().skip(1));
    if let Err(error) = attacking::run(&asked.asked) {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}
