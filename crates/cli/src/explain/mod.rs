//! The pages: for each code what it is, why it matters, what to do.
//!
//! A page is written by hand, as Markdown; its head comes from the code itself, so that the two cannot drift
//! apart. Together they are `docs/codes.md`, and a test keeps it so.

use fence_model::{Code, CodeClass, Level};

use crate::render::json::effect_word;
use crate::shell::{Colour, Ink};

/// The page of `code`, with a line end.
pub(crate) fn page(code: Code) -> String {
    format!("# {code}\n\n{}\n\n{}\n\n{}", code.summary(), effects(code), body(code))
}

/// All codes by kind, each with its summary.
pub(crate) fn list(colour: Colour) -> String {
    let widest = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (class, title) in CLASSES {
        text += &format!("{}\n", colour.paint(Ink::Strong, title));
        for code in Code::ALL.iter().filter(|code| code.class() == class) {
            text += &format!("  {:widest$}  {}\n", code.as_str(), code.summary());
        }
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
    text
}

const CLASSES: [(CodeClass, &str); 5] = [
    (CodeClass::Block, "What blocks"),
    (CodeClass::Condition, "What the clock and the feeds say"),
    (CodeClass::Against, "What speaks against a release"),
    (CodeClass::For, "What speaks for a release"),
    (CodeClass::Warning, "What to know about a release in use"),
];

/// What the code does, level by level.
fn effects(code: Code) -> String {
    let [low, medium, high] = Level::ALL.map(|level| effect_word(code.effect(level)));
    if low == medium && medium == high {
        format!("Effect at every level: {low}.")
    } else {
        format!("Effect at level low: {low}; medium: {medium}; high: {high}.")
    }
}

macro_rules! pages {
    ($($variant:ident = $page:literal),+ $(,)?) => {
        /// The page of `code` below its head. A code without a page does not compile.
        fn body(code: Code) -> &'static str {
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
    ClockStopped = "clock-stopped",
    NewPublisher = "new-publisher",
    Dormant = "dormant",
    NewDependency = "new-dependency",
    YoungDependency = "young-dependency",
    NewBuildCode = "new-build-code",
    NewCapability = "new-capability",
    UnreviewedFinding = "unreviewed-finding",
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
    Notice = "notice",
    Yanked = "yanked",
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_document_is_the_one_in_docs() {
        let kept = include_str!("../../../../docs/codes.md");
        assert!(kept == all(), "write it anew with `cargo run -- explain --all > docs/codes.md`");
    }
}
