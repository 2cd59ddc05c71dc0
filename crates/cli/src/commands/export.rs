//! `cargo fence export`: what was judged, in formats that other tools read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::ValueEnum;
use fence_client::Environment;
use fence_client::project;
use fence_evidence::cargo_vet::format_audits;
use fence_evidence::osv;
use fence_model::decision::{Decision, Grounds, Verdict};
use fence_model::facts::{Audit, Claim};
use fence_model::settle::Settlement;
use fence_model::{Code, CrateName};

use crate::args::{Global, LevelArg, ScopeArgs, Sources};
use crate::commands::Outcome;
use crate::error::{CliError, shown};
use crate::render::{Checked, cyclonedx};
use crate::session::{Opening, Session};
use crate::shell::Shell;

/// Print what was judged in a format that other tools read
///
/// The formats are cargo-vet (audits that others made and that vouch for locked releases, as an audits.toml to
/// import), osv (advisories that affect locked releases, as a JSON list of OSV records), and cyclonedx (the
/// lockfile as a CycloneDX 1.6 document, with verdicts as properties). Exit codes: 0 whatever the verdicts are, 2
/// where nothing could be decided. docs/export.md says what stands where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The format: cargo-vet, osv or cyclonedx
    #[arg(value_name = "FORMAT", hide_possible_values = true)]
    format: Format,
    /// Write to this file, whole or not at all, instead of printing
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    level: LevelArg,
    #[command(flatten)]
    sources: Sources,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Audits, as cargo-vet imports them
    CargoVet,
    /// Advisories
    Osv,
    /// A bill of materials
    #[value(name = "cyclonedx")]
    CycloneDx,
}

/// Gathers, judges, prints. Like `list` it reports: `check` is the one that says no.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let opening = Opening { level: args.level, scope: args.scope.scope(), ..Opening::all(&args.sources) };
    let session = Session::open(opening, global, environment, shell)?;
    let settlement = session.settlement();
    let report = session.report(&settlement)?;
    let stay = |decision: &Decision| settlement.stay(decision);
    let checked = session.checked(&report, &stay, Outcome::Pass);
    let text = match args.format {
        Format::CargoVet => audits(&checked, &settlement),
        Format::Osv => advisories(&checked, &settlement),
        Format::CycloneDx => cyclonedx::document(&checked),
    };
    match &args.output {
        None => shell.print(&text)?,
        Some(file) => {
            let file = environment.current_folder().join(file);
            project::write(&file, &text)?;
            shell.status("Exported", &shown(&file));
        }
    }
    Ok(Outcome::Pass)
}

/// The records of trusted sets on chains to locked releases, and those that speak against any of these crates. What
/// the project itself excuses is no audit, so it is a remark.
fn audits(checked: &Checked<'_>, settlement: &Settlement<'_>) -> String {
    let mut by_crate: BTreeMap<CrateName, Vec<&Decision>> = BTreeMap::new();
    for decision in checked.report.decisions() {
        by_crate.entry(decision.release.name.clone()).or_default().push(decision);
    }
    let judges: Vec<_> = by_crate.iter().map(|(name, of)| (name, of, settlement.judge(name))).collect();
    let mut audits: BTreeMap<CrateName, Vec<&Audit<'_>>> = BTreeMap::new();
    let mut remarks = vec![
        "Audits that others made, as the feeds of this project's fence brought them; none is this project's own."
            .to_owned(),
        "Made by `cargo fence export cargo-vet`. Locked releases for which no audit here vouches:".to_owned(),
    ];
    for (name, decisions, judge) in &judges {
        let against = judge.facts().audits.iter().filter(|audit| matches!(audit.claim, Claim::Violation(_)));
        let mut records: Vec<&Audit<'_>> = against.collect();
        for decision in *decisions {
            let mut vouchers = judge.vouchers(&decision.release.version).peekable();
            if vouchers.peek().is_none() {
                remarks.push(remark(decision));
            }
            for audit in vouchers {
                // One record may stand on chains to several releases.
                if !records.iter().any(|known| std::ptr::eq(*known, audit)) {
                    records.push(audit);
                }
            }
        }
        if !records.is_empty() {
            audits.insert((*name).clone(), records);
        }
    }
    format_audits(&remarks, &audits)
}

/// A release without audits, and what admits it.
fn remark(decision: &Decision) -> String {
    let why = match (decision.verdict, decision.grounds) {
        (Verdict::Admit, Some(Grounds::Exception)) => {
            let excused: BTreeSet<String> = decision
                .reasons
                .iter()
                .filter(|reason| reason.code == Code::Exception)
                .map(fence_model::words::sentence)
                .collect();
            format!("admitted (by exception): {}", excused.into_iter().collect::<Vec<_>>().join("; "))
        }
        (Verdict::Admit, Some(grounds)) => format!("admitted ({})", grounds.as_str()),
        (Verdict::Admit, None) => "admitted".to_owned(),
        (Verdict::Hold, _) => "held".to_owned(),
        (Verdict::Block, _) => "blocked".to_owned(),
    };
    format!("  {}: {why}", decision.release)
}

/// The advisories that stand and affect locked releases.
fn advisories(checked: &Checked<'_>, settlement: &Settlement<'_>) -> String {
    let names: BTreeSet<&CrateName> =
        checked.report.decisions().map(|decision| &decision.release.name).collect();
    let judges: Vec<_> = names.into_iter().map(|name| settlement.judge(name)).collect();
    let mut told = Vec::new();
    for judge in &judges {
        let locked = || checked.report.decisions().filter(|decision| decision.release.name == *judge.name());
        for advisory in judge.facts().advisories.iter().filter(|advisory| advisory.withdrawn.is_none()) {
            let versions = locked().map(|decision| &decision.release.version);
            let in_use: Vec<_> = versions.filter(|version| advisory.affects(version)).cloned().collect();
            if !in_use.is_empty() {
                told.push(osv::Told { package: judge.name().clone(), advisory: advisory.clone(), in_use });
            }
        }
    }
    osv::format(&told)
}
