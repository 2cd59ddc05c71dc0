//! A check as a list of findings, for formats that others draw: each has a code, a weight, and a place in a file.
//!
//! [`all`] says the same as the human report and in its order, but folds no release into another's line: here
//! every finding has to be found at its own place. [`remarks`] are what is said of the check and of no release.

use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_model::Code;
use fence_model::decision::{Decision, Reason, Verdict};
use fence_model::policy::Severity;
use fence_model::words::{self, help, outlook};

use super::block::{self, Folding, Help, Picture};
use super::{Checked, human, text};
use crate::judges::Judges;
use crate::shell::Ink;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It fails the check.
    Error,
    /// Somebody should look.
    Warning,
    /// It is as it should be, and good to know.
    Note,
}

impl Weight {
    /// The weight of what a policy treats like this; none if it wants to hear nothing.
    fn of(severity: Severity) -> Option<Self> {
        match severity {
            Severity::Allow => None,
            Severity::Warn => Some(Self::Warning),
            Severity::Error => Some(Self::Error),
        }
    }
}

/// One thing to know about one release of the lockfile.
pub(crate) struct Finding {
    /// How grave it is.
    pub(crate) weight: Weight,
    /// What it is; `cargo fence explain` has a page for it.
    pub(crate) code: Code,
    /// What is said of it; its line is the lockfile's.
    pub(crate) picture: Picture,
}

/// One thing to know about the check itself.
pub(crate) struct Remark {
    /// How grave it is; never an error.
    pub(crate) weight: Weight,
    /// What it is.
    pub(crate) text: String,
}

/// Everything found about releases, in the order of the human report.
pub(crate) fn all(checked: &Checked<'_>, folding: Folding) -> Vec<Finding> {
    let mut findings = held_fixes(checked, folding);
    findings.extend(human::refused(checked).into_iter().map(|(at, decision)| Finding {
        weight: Weight::Error,
        code: outlook::chief(decision),
        picture: block::picture(&human::subject(checked, at, decision), folding, checked.now),
    }));
    findings.extend(human::not_judged(checked, Verdict::Hold).map(|(at, reason)| Finding {
        weight: Weight::Error,
        code: reason.code,
        picture: human::unjudged_block(checked, at, reason),
    }));
    findings.extend(human::not_judged(checked, Verdict::Admit).map(|(at, reason)| Finding {
        weight: Weight::Note,
        code: reason.code,
        picture: Picture {
            ink: Ink::Note,
            label: format!("note[{}]", reason.code),
            helps: Vec::new(),
            ..human::unjudged_block(checked, at, reason)
        },
    }));
    for (code, severity, says) in human::warned_codes(checked.policy) {
        let Some(weight) = Weight::of(severity) else { continue };
        let told = format!("in use {says}");
        findings.extend(in_use(checked, weight, &told, |reason| reason.code == code && reason.stands));
    }
    let told = "was young when the fence was set up, and nothing vouches for it yet";
    findings.extend(in_use(checked, Weight::Warning, told, human::is_excused));
    findings.extend(waiting(checked, folding));
    findings
}

/// Newer releases that would fix what is in use, and are held.
fn held_fixes(checked: &Checked<'_>, folding: Folding) -> Vec<Finding> {
    let weight = Weight::of(checked.policy.newer_unapproved).unwrap_or(Weight::Warning);
    let waiting = checked.report.waiting.iter().filter(|waiting| human::is_held_fix(&waiting.decision));
    let finding = |waiting| {
        let subject = human::newer(checked, waiting);
        let picture = block::picture(&subject, folding, checked.now);
        Finding { weight, code: outlook::chief(subject.decision), picture }
    };
    waiting.map(finding).collect()
}

/// Admitted releases with reasons that `wanted` picks: one finding per release and code.
fn in_use(
    checked: &Checked<'_>,
    weight: Weight,
    told: &str,
    wanted: impl Fn(&Reason) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, decision) in human::decided(checked).filter(|(_, decision)| decision.verdict == Verdict::Admit) {
        let reasons: Vec<&Reason> = decision.reasons.iter().filter(|reason| wanted(reason)).collect();
        for kind in reasons.chunk_by(|a, b| a.code == b.code) {
            let code = kind[0].code;
            let (ink, word) = match weight {
                Weight::Error => (Ink::Bad, "error"),
                Weight::Warning => (Ink::Waiting, "warning"),
                Weight::Note => (Ink::Note, "note"),
            };
            let said = |reason: &&Reason| (code.to_string(), text::harmless(&words::sentence(reason)));
            let picture = Picture {
                ink,
                label: format!("{word}[{code}]"),
                name: decision.release.name.to_string(),
                version: decision.release.version.to_string(),
                line: checked.lockfile.packages[at].line,
                told: told.to_owned(),
                facts: kind.iter().map(said).collect(),
                helps: if code == Code::Vulnerable { fixes(checked, decision) } else { Vec::new() },
            };
            findings.push(Finding { weight, code, picture });
        }
    }
    findings
}

/// The way to an admitted release without the vulnerabilities of this one.
fn fixes(checked: &Checked<'_>, decision: &Decision) -> Vec<Help> {
    let fixes = checked.report.fixes.iter().filter(|fix| fix.in_use == decision.release);
    let help = |fix| Help {
        what: "there is an admitted fix".to_owned(),
        commands: vec![human::way_to(checked, fix)],
    };
    fixes.map(help).collect()
}

/// Newer releases that are not admitted yet: nothing is wrong with waiting, unless the policy says so.
fn waiting(checked: &Checked<'_>, folding: Folding) -> Vec<Finding> {
    let weight = match checked.policy.newer_unapproved {
        Severity::Error => Weight::Error,
        Severity::Warn | Severity::Allow => Weight::Note,
    };
    let finding = |waiting| {
        let subject = human::newer(checked, waiting);
        let picture = block::picture(&subject, folding, checked.now);
        let picture = Picture {
            told: format!("newer than {}, which is in use; {}", waiting.in_use, picture.told),
            helps: vec![Help {
                what: "look at what is known about it".to_owned(),
                commands: vec![help::why(&subject.decision.release)],
            }],
            ..picture
        };
        Finding { weight, code: outlook::chief(subject.decision), picture }
    };
    human::not_approved(checked).into_iter().map(finding).collect()
}

/// What else to know, in the order of the human report.
pub(crate) fn remarks(checked: &Checked<'_>) -> Vec<Remark> {
    let note = |text| Remark { weight: Weight::Note, text };
    let mut remarks: Vec<Remark> = policy(checked).map(|told| told.remark()).into_iter().collect();
    remarks.extend(human::unknown_ages(checked).into_iter().map(note));
    remarks.extend(
        checked
            .problems
            .iter()
            .map(|problem| Remark { weight: Weight::Warning, text: text::harmless(problem) }),
    );
    remarks.extend(
        human::set_up(checked)
            .map(|Help { what, commands }| note(format!("{what}: `{}`", commands.join("`, `")))),
    );
    remarks
}

/// Whose policy judged, where that needs to be told.
pub(crate) struct PolicyTold {
    /// How grave it is.
    pub(crate) weight: Weight,
    /// What to know.
    pub(crate) what: String,
    /// What the change alters, a line each.
    pub(crate) changes: Vec<String>,
    /// What to do.
    pub(crate) help: Option<Help>,
}

impl PolicyTold {
    fn remark(self) -> Remark {
        let help = self.help.map(|Help { what, commands }| format!("{what}: `{}`", commands.join("`, `")));
        let lines = std::iter::once(self.what).chain(self.changes).chain(help);
        Remark { weight: self.weight, text: lines.collect::<Vec<_>>().join("\n") }
    }
}

/// What a change alters of the policy that could have judged it, and whether that counted.
pub(crate) fn policy(checked: &Checked<'_>) -> Option<PolicyTold> {
    let changes: Vec<String> =
        checked.changes.iter().map(|change| text::harmless(&change.to_string())).collect();
    let is_altered = !changes.is_empty();
    let told = |weight, what, help| Some(PolicyTold { weight, what, changes, help });
    match checked.judges {
        Judges::From(revision) if !checked.project.has_policy() => {
            let from = text::harmless(&revision.name);
            told(
                Weight::Warning,
                format!("{from} has no fence.toml for this project, so the default policy judged"),
                None,
            )
        }
        Judges::From(revision) if is_altered => {
            let from = text::harmless(&revision.name);
            told(
                Weight::Note,
                format!("judged by the policy of {from}; what this change alters of it did not count"),
                None,
            )
        }
        Judges::HereSince(revision) if is_altered => {
            let from = text::harmless(&revision.name);
            let help = Help {
                what: "judge it by the policy from before".to_owned(),
                commands: vec![format!("cargo fence check --policy-from {from}")],
            };
            told(
                Weight::Warning,
                format!("this change alters the policy that judges it, against {from}"),
                Some(help),
            )
        }
        Judges::HereSinceUnknown(why) => {
            let why = text::harmless(why);
            let what = format!("whether this change alters the policy that judges it is not known: {why}");
            told(Weight::Warning, what, None)
        }
        Judges::Here | Judges::HereSince(_) | Judges::From(_) => None,
    }
}

/// The folder that places in files are relative to: no path of the machine is told to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// The checkout that a CI job runs in, if `folder` lies in it; else `folder`.
    pub(crate) fn of(environment: &Environment, folder: &Path) -> Self {
        let checkout = environment.folder("GITHUB_WORKSPACE").filter(|checkout| folder.starts_with(checkout));
        Self(checkout.unwrap_or_else(|| folder.to_owned()))
    }

    /// `file` from here, with slashes. What lies elsewhere has its name alone.
    pub(crate) fn place(&self, file: &Path) -> String {
        let inside = file.strip_prefix(&self.0).ok().or_else(|| file.file_name().map(Path::new));
        let parts = inside.unwrap_or(file).components();
        parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_from_the_checkout_or_the_project_and_never_from_the_machine() {
        let check = |checkout: &str, file: &str, expected: &str| {
            let environment = Environment::of([("GITHUB_WORKSPACE", checkout)], Path::new("/home/me"));
            let root = Root::of(&environment, Path::new("/home/me/all/app"));
            assert_eq!(root.place(Path::new(file)), expected, "{checkout:?} {file}");
        };
        check("", "/home/me/all/app/Cargo.lock", "Cargo.lock");
        check("/home/me/all", "/home/me/all/app/Cargo.lock", "app/Cargo.lock");
        check("/home/you", "/home/me/all/app/Cargo.lock", "Cargo.lock");
        check("", "/home/me/fence.toml", "fence.toml");
    }
}
