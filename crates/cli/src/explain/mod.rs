//! The pages: for each code what it is, why it matters, what to do.
//!
//! A page is written by hand, as Markdown; its head comes from the code itself, so that the two cannot drift
//! apart. Together they are `docs/codes.md`, and a test keeps it so.

use fence_model::{Code, CodeClass, Level};

use crate::shell::{Colour, Ink};

/// The page of `code`, with a line end.
pub(crate) fn page(code: Code) -> String {
    format!("# {code}\n\n{}\n\n{}\n\n{}", code.summary(), effects(code), body(code))
}

/// The page of a code of the scanner, with a line end.
pub(crate) fn page_of_scanner(code: &str) -> Option<String> {
    fence_scan::explanations().find(|of| of.code == code).map(|of| format!("# {code}\n\n{}", of_scanner(of)))
}

/// What the scanner's code means, and what to look at.
fn of_scanner(of: fence_scan::Explanation) -> String {
    let techniques = if of.techniques.is_empty() {
        String::new()
    } else {
        format!("\n\nTechniques: {}.", of.techniques.join(", "))
    };
    format!("{}\n\nLook at: {}{techniques}\n", of.means, of.look)
}

/// What the code means: the first paragraph of its page.
pub(crate) fn meaning(code: Code) -> &'static str {
    let body = body(code);
    body.split_once("\n\n").map_or(body, |(first, _)| first)
}

/// All codes by kind, each with its summary.
pub(crate) fn list(colour: Colour) -> String {
    let of_scanner = fence_scan::explanations().map(|of| of.code.len());
    let widest = Code::ALL.iter().map(|code| code.as_str().len()).chain(of_scanner).max().unwrap_or(0);
    let mut text = String::new();
    for (class, title) in CLASSES {
        text += &format!("{}\n", colour.paint(Ink::Strong, title));
        for code in Code::ALL.iter().filter(|code| code.class() == class) {
            text += &format!("  {:widest$}  {}\n", code.as_str(), code.summary());
        }
    }
    text += &format!("{}\n", colour.paint(Ink::Strong, OF_SCANNER));
    for of in fence_scan::explanations() {
        text += &format!("  {:widest$}  {}\n", of.code, of.means);
    }
    text
}

/// All pages as one document.
pub(crate) fn all() -> String {
    let mut text = String::from(
        "# The codes\n\nEvery reason that the fence gives has a code, and each code has a page. This document is what \
         `cargo fence explain --all` prints.\n",
    );
    for (class, title) in CLASSES {
        text += &format!("\n## {title}\n");
        for &code in Code::ALL.iter().filter(|code| code.class() == class) {
            text += &format!("\n### {code}\n\n{}\n\n{}\n\n{}", code.summary(), effects(code), body(code));
        }
    }
    text += &format!(
        "\n## {OF_SCANNER}\n\nFindings of `cargo fence scan` and `diff`; docs/scanner.md says how they come about.\n"
    );
    for of in fence_scan::explanations() {
        text += &format!("\n### {}\n\n{}", of.code, of_scanner(of));
    }
    text
}

/// The heading of the scanner's codes.
const OF_SCANNER: &str = "What the scanner finds in code";

const CLASSES: [(CodeClass, &str); 5] = [
    (CodeClass::Block, "What blocks"),
    (CodeClass::Condition, "What the clock and the feeds say"),
    (CodeClass::Against, "What speaks against a release"),
    (CodeClass::For, "What speaks for a release"),
    (CodeClass::Warning, "What to know about a release in use"),
];

/// What the code does, level by level.
fn effects(code: Code) -> String {
    let [low, medium, high] = Level::ALL.map(|level| code.effect(level).as_str());
    if low == medium && medium == high {
        format!("Effect at every level: {low}.")
    } else {
        format!("Effect at level low: {low}; medium: {medium}; high: {high}.")
    }
}

macro_rules! pages {
    ($($variant:ident = $page:literal),+ $(,)?) => {
        /// The page of `code` below its head. A code without a page does not compile.
        pub(crate) fn body(code: Code) -> &'static str {
            match code { $(Code::$variant => include_str!(concat!("pages/", $page, ".md"))),+ }
        }
    };
}

pages! {
    Malicious = "malicious",
    Revoked = "revoked",
    Violation = "violation",
    Deleted = "deleted",
    ChecksumChanged = "checksum-changed",
    Objected = "objected",
    Young = "young",
    Unaudited = "unaudited",
    NeedsHeld = "needs-held",
    HeldFix = "held-fix",
    Unscanned = "unscanned",
    ClockStopped = "clock-stopped",
    NewPublisher = "new-publisher",
    Dormant = "dormant",
    NewDependency = "new-dependency",
    YoungDependency = "young-dependency",
    NewBuildCode = "new-build-code",
    NewCapability = "new-capability",
    UnreviewedFinding = "unreviewed-finding",
    LesserFinding = "lesser-finding",
    YankLure = "yank-lure",
    YankedAround = "yanked-around",
    LookAlike = "look-alike",
    Clone = "clone",
    NewCrate = "new-crate",
    AfterTakeover = "after-takeover",
    Backdated = "backdated",
    Unyanked = "unyanked",
    Reincarnated = "reincarnated",
    Missing = "missing",
    UnjudgedSource = "unjudged-source",
    Objection = "objection",
    ForeignRegistry = "foreign-registry",
    Audited = "audited",
    AuditedOnce = "audited-once",
    Quorum = "quorum",
    FixesAdvisory = "fixes-advisory",
    CarriesFix = "carries-fix",
    KnownPublisher = "known-publisher",
    CiKnown = "ci-known",
    UnchangedCode = "unchanged-code",
    Baseline = "baseline",
    Exception = "exception",
    FirstParty = "first-party",
    Vulnerable = "vulnerable",
    Unsound = "unsound",
    Unmaintained = "unmaintained",
    Disliked = "disliked",
    LateObjection = "late-objection",
    ObjectionNoted = "objection-noted",
    MachineReviewed = "machine-reviewed",
    Notice = "notice",
    Yanked = "yanked",
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::*;
    use crate::args::{self, Cli};
    use crate::docs::kept_in_docs;

    #[test]
    fn every_page_says_what_why_and_what_to_do() {
        for &code in Code::ALL {
            let page = page(code);
            assert!(page.starts_with(&format!("# {code}\n\n{}", code.summary())), "{code}");
            for part in ["**Why it matters.**", "**What to do.**"] {
                assert_eq!(page.matches(part).count(), 1, "{code}: {part}");
            }
            assert!(page.ends_with(".\n"), "{code} ends in the middle of a sentence");
        }
    }

    #[test]
    fn every_code_is_listed_once() {
        for text in [list(Colour::Off), all()] {
            for code in Code::ALL {
                let head = |line: &str| {
                    line.trim_start_matches(['#', ' ']).split("  ").next() == Some(code.as_str())
                        && (line.starts_with("  ") || line.starts_with("### "))
                };
                assert_eq!(text.lines().filter(|line| head(line)).count(), 1, "{code}");
            }
        }
    }

    /// Pages and hints name no command that this program lacks: each is parsed as it would be typed.
    #[test]
    fn every_command_that_a_page_or_a_hint_names_exists() {
        let hints = [
            include_str!("../error.rs"),
            include_str!("../commands/init.rs"),
            include_str!("../render/block.rs"),
            include_str!("../render/findings.rs"),
            include_str!("../render/github.rs"),
            include_str!("../render/human.rs"),
        ];
        let mut found = 0;
        for text in hints.into_iter().chain([all().as_str()]) {
            for quoted in text.split('`').filter(|words| words.starts_with("cargo fence ")) {
                let words =
                    quoted.replace("CRATE@VERSION", "a@1.0.0").replace("PACKAGE", "a").replace("{}", "a");
                let words = words.split_whitespace().skip(1).map(OsString::from);
                let parsed = Cli::try_parse_from(args::without_cargos_word(
                    [OsString::from("cargo-fence")].into_iter().chain(words),
                ));
                let is_known = match parsed {
                    Ok(_) => true,
                    // `cargo fence why` alone is the name of a command, not a whole one.
                    Err(error) => error.kind() == clap::error::ErrorKind::MissingRequiredArgument,
                };
                assert!(is_known, "`{quoted}`");
                found += 1;
            }
        }
        assert!(found > 10, "only {found} commands were found");
    }

    #[test]
    fn the_document_is_the_one_in_docs() {
        kept_in_docs("codes.md", &all());
    }
}
