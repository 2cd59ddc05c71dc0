//! What of a change asks for a reviewer: the words in which the fence's judgement hears of a comparison.
//!
//! A reader's question, not a scanner's: of all that changed, what must somebody have looked at before age alone may let
//! the release in? Four things answer it, each under the code by which the judgement knows it:
//!
//! * `new-capability`: the code can do something in [`Asks::REVIEWED`] that the older release could nowhere do;
//! * `new-build-code`: code that runs where dependents are built is new, or a function of it that starts programs, reaches out
//!   or loads libraries is new or not what it was;
//! * `unreviewed-finding`: a finding of the change at high, in code that is no test; at medium (`lesser-finding`) it asks to wait;
//! * `unchanged-code`: nothing that is built is another. It asks for nobody, and nothing else is said beside it.
//!
//! Build code that changed and acts no otherwise than before asks for nobody either ([`BuildCode::Changed`]): every release
//! of a procedural macro is of that kind. Nor do other capabilities that are gained.

use serde::{Deserialize, Serialize};

use crate::diff::Comparison;
use crate::report::{Capability, Finding, Place, Severity, Use};

/// What became of the code that runs where dependents are built: build scripts and procedural macros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BuildCode {
    /// It is what it was, or there is none.
    #[default]
    Same,
    /// It changed, but for what acts on the world around it.
    Changed,
    /// A function of it that starts programs, reaches out or loads libraries is new or not what it was; or a procedural macro
    /// writes files: it asks for a reviewer.
    Acts,
    /// The older release had none: it asks for a reviewer.
    New,
}

/// What of a change asks for a reviewer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Asks {
    /// Capabilities gained of those in [`Asks::REVIEWED`] (`new-capability`).
    pub new_capabilities: Vec<Capability>,
    /// Capabilities gained beside those: they ask for nobody.
    pub other_capabilities: Vec<Capability>,
    /// What became of build code (`new-build-code`).
    pub build_code: BuildCode,
    /// Which functions of build code act, and are new or not what they were.
    pub build_uses: Vec<Use>,
    /// Findings of the change at medium or above, the gravest first (`unreviewed-finding`, `lesser-finding`).
    pub findings: Vec<Finding>,
    /// Whether all that is built is the same but for the version (`unchanged-code`).
    pub unchanged: bool,
}

impl Asks {
    /// Capabilities that a reviewer must have seen come.
    pub const REVIEWED: [Capability; 5] = [
        Capability::Net,
        Capability::Process,
        Capability::DynamicLoad,
        Capability::BuildTimeExec,
        Capability::PreMainExec,
    ];

    /// Whether build code that does this acts on more than the build.
    ///
    /// A build script writes files: that is what it is for, and findings tell where it does so elsewhere. A procedural macro
    /// has no folder of its own.
    fn acts(of: &Use) -> bool {
        match of.capability {
            Capability::Net
            | Capability::Dns
            | Capability::Process
            | Capability::DynamicLoad
            | Capability::PreMainExec => of.place.is_build(),
            Capability::FsWrite => of.place == Place::ProcMacro,
            _ => false,
        }
    }

    /// What a comparison asks for.
    pub fn of(change: &Comparison) -> Self {
        let (new_capabilities, other_capabilities) =
            change.gained.iter().copied().partition(|of| Self::REVIEWED.contains(of));
        let build_uses: Vec<Use> = change.uses.iter().filter(|of| Self::acts(of)).cloned().collect();
        let build_code = match () {
            () if !change.build_code => BuildCode::Same,
            () if change.gained.contains(&Capability::BuildTimeExec) => BuildCode::New,
            () if !build_uses.is_empty() => BuildCode::Acts,
            () => BuildCode::Changed,
        };
        let findings = change
            .findings
            .iter()
            .filter(|of| of.severity >= Severity::Medium && of.place != Place::Tests)
            .cloned()
            .collect();
        Self {
            new_capabilities,
            other_capabilities,
            build_code,
            build_uses,
            findings,
            unchanged: change.unchanged,
        }
    }

    /// Whether build code is new or acts otherwise than before (`new-build-code`).
    pub fn new_build_code(&self) -> bool {
        self.build_code >= BuildCode::Acts
    }

    /// Whether any of it asks for a reviewer.
    pub fn for_a_reviewer(&self) -> bool {
        !self.new_capabilities.is_empty() || self.new_build_code() || !self.findings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{File, Package, Scan, compare};

    fn package(version: &str, files: &[(&str, &str)]) -> Package {
        let manifest = format!("[package]\nname = \"a\"\nversion = \"{version}\"\n");
        let files = files.iter().map(|(path, text)| (*path, (*text).to_owned()));
        Package::of(
            files
                .chain([("Cargo.toml", manifest)])
                .map(|(path, text)| File { path: path.to_owned(), bytes: text.into_bytes() }),
        )
    }

    fn asks(old: &[(&str, &str)], new: &[(&str, &str)]) -> Asks {
        let (old, new) = (package("1.0.0", old), package("1.0.1", new));
        Asks::of(&compare(&Scan::of(&old), &Scan::of(&new)))
    }

    #[test]
    fn a_version_alone_asks_for_nobody() {
        let files = [("src/lib.rs", "pub fn one() -> u8 { 1 }"), ("build.rs", "fn main() {}")];
        let asks = asks(&files, &files);
        assert!(asks.unchanged && !asks.for_a_reviewer());
        assert_eq!(asks.build_code, BuildCode::Same);
    }

    #[test]
    fn a_first_build_script_asks_whatever_it_does() {
        let asks = asks(&[("src/lib.rs", "")], &[("src/lib.rs", ""), ("build.rs", "fn main() {}")]);
        assert_eq!(asks.build_code, BuildCode::New);
        assert_eq!(asks.new_capabilities, [Capability::BuildTimeExec]);
        assert!(asks.for_a_reviewer());
    }

    #[test]
    fn a_build_script_asks_when_it_acts_otherwise() {
        let old = [("src/lib.rs", ""), ("build.rs", "fn main() { println!(\"cargo:rerun-if-changed=a\"); }")];
        let told =
            [("src/lib.rs", ""), ("build.rs", "fn main() { println!(\"cargo:rerun-if-changed=b\"); }")];
        let starts = "fn main() { std::process::Command::new(\"rustc\").arg(\"-vV\").status().unwrap(); }";
        assert_eq!(asks(&old, &told).build_code, BuildCode::Changed);
        assert!(!asks(&old, &told).for_a_reviewer());
        let asks = asks(&old, &[("src/lib.rs", ""), ("build.rs", starts)]);
        assert_eq!(asks.build_code, BuildCode::Acts);
        assert_eq!(asks.new_capabilities, [Capability::Process]);
    }

    #[test]
    fn a_build_script_asks_when_what_starts_programs_changes() {
        let build = |argument: &str| {
            format!(
                "fn probe() {{ std::process::Command::new(\"rustc\").arg(\"{argument}\").status().unwrap(); }}\nfn main() {{ probe() }}"
            )
        };
        let (old, new) = (build("-vV"), build("-V"));
        let asks = asks(
            &[("src/lib.rs", ""), ("build.rs", old.as_str())],
            &[("src/lib.rs", ""), ("build.rs", new.as_str())],
        );
        assert_eq!(asks.build_code, BuildCode::Acts);
        assert_eq!(asks.new_capabilities, []);
        let functions: Vec<&str> = asks.build_uses.iter().map(|of| of.function.as_str()).collect();
        assert_eq!(functions, ["probe"]);
    }

    #[test]
    fn a_clock_asks_for_nobody() {
        let asks = asks(
            &[("src/lib.rs", "pub fn one() -> u8 { 1 }")],
            &[("src/lib.rs", "pub fn one() -> std::time::SystemTime { std::time::SystemTime::now() }")],
        );
        assert_eq!(asks.other_capabilities, [Capability::Clock]);
        assert!(!asks.for_a_reviewer());
    }
}
