//! The machine: its cargo, what that keeps, its clock as far as what was written down tells.

use semver::Version;

use super::{Finding, Gravity, Seen};
use crate::render::text;

/// The first cargo that reads a sparse index, and follows `replace-with` to a registry by name.
const OLDEST_CARGO: Version = Version::new(1, 68, 0);

pub(super) fn findings(seen: &Seen) -> Vec<Finding> {
    let machine = &seen.machine;
    let mut findings = Vec::new();
    match &machine.cargo {
        Some(Ok(version)) if *version < OLDEST_CARGO => findings.push(
            Finding::new(
                "old-cargo",
                Gravity::Broken,
                format!("cargo {version} cannot ask a fence: it takes {OLDEST_CARGO} or later"),
            )
            .because("an older one reads no sparse index, and knows crates.io as a git repository alone")
            .fix("use a newer one", &["rustup update"]),
        ),
        Some(Err(why)) => findings.push(
            Finding::new("cargo-unknown", Gravity::Broken, "cargo does not tell its version")
                .because(text::harmless(why)),
        ),
        Some(Ok(_)) | None => {}
    }
    if machine.past > 0 {
        let what = match machine.past {
            1 => "1 package in cargo's cache came past the fence".to_owned(),
            n => format!("{n} packages in cargo's cache came past the fence"),
        };
        findings.push(
            Finding::new("warm-cache", Gravity::Note, what)
                .because(
                    "builds behind the fence do not use them; whoever gets around it builds them unasked",
                )
                .fix("see whether any of them is bad by now", &["cargo fence check --cache"]),
        );
    }
    for (path, at) in &machine.journals_ahead {
        findings.push(
            Finding::new(
                "journal-ahead",
                Gravity::Warning,
                format!("a fence's journal was written at {at}, which is still to come: the clock was ahead then, or is behind now"),
            )
            .in_file(path, None)
            .fix("set the machine's clock", &["timedatectl set-ntp true"]),
        );
    }
    for why in &machine.unreadable {
        findings.push(
            Finding::new("unreadable", Gravity::Broken, "a part of this could not be looked at")
                .because(text::harmless(why)),
        );
    }
    findings
}
