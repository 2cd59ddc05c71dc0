//! What the scanner says: capabilities, findings and what it could not see.
//!
//! These values leave the process that made them, so they own all they hold, and they are what `--format json` prints
//! (docs/scan.schema.json). Lines and columns count from one; columns are bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::likeness::Alike;

/// Something that code can do to the world around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Speaks over a network.
    Net,
    /// Has names looked up.
    Dns,
    /// Starts programs.
    Process,
    /// Ends the process that it runs in.
    Terminate,
    /// Reads files.
    FsRead,
    /// Writes, removes or changes files.
    FsWrite,
    /// Reads or sets variables of the environment.
    Env,
    /// Calls into other languages.
    Ffi,
    /// Goes without the compiler's checks.
    Unsafe,
    /// Contains assembly.
    Asm,
    /// Loads libraries while running.
    DynamicLoad,
    /// Runs while its dependents are built: a build script or a procedural macro.
    BuildTimeExec,
    /// Gives orders to the linker.
    LinkerControl,
    /// Runs before `main`.
    PreMainExec,
    /// Carries a program in binary form.
    EmbeddedBinary,
    /// Knows what time it is.
    Clock,
}

impl Capability {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 16] = [
        Self::Net,
        Self::Dns,
        Self::Process,
        Self::Terminate,
        Self::FsRead,
        Self::FsWrite,
        Self::Env,
        Self::Ffi,
        Self::Unsafe,
        Self::Asm,
        Self::DynamicLoad,
        Self::BuildTimeExec,
        Self::LinkerControl,
        Self::PreMainExec,
        Self::EmbeddedBinary,
        Self::Clock,
    ];

    /// Its name, in all formats and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Dns => "dns",
            Self::Process => "process",
            Self::Terminate => "terminate",
            Self::FsRead => "fs-read",
            Self::FsWrite => "fs-write",
            Self::Env => "env",
            Self::Ffi => "ffi",
            Self::Unsafe => "unsafe",
            Self::Asm => "asm",
            Self::DynamicLoad => "dynamic-load",
            Self::BuildTimeExec => "build-time-exec",
            Self::LinkerControl => "linker-control",
            Self::PreMainExec => "pre-main-exec",
            Self::EmbeddedBinary => "embedded-binary",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Where code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// While dependents are built, in the build script.
    BuildScript,
    /// While dependents are built, in the compiler.
    ProcMacro,
    /// In the programs that use the crate.
    Normal,
    /// Where the crate's own tests, examples and benchmarks run.
    Tests,
}

impl Place {
    /// Its name, in all formats and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuildScript => "build-script",
            Self::ProcMacro => "proc-macro",
            Self::Normal => "normal",
            Self::Tests => "tests",
        }
    }

    /// Whether it runs on the machine of whoever builds a dependent.
    pub const fn is_build(self) -> bool {
        matches!(self, Self::BuildScript | Self::ProcMacro)
    }
}

/// How much a finding asks for a reviewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing when one reads the code anyway.
    None,
    /// Common in honest code.
    Low,
    /// Rare in honest code: somebody should look.
    Medium,
    /// Hardly ever honest: nobody should build this before somebody looked.
    High,
}

impl Severity {
    /// Its name, in all formats and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A place in a file of the package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span {
    /// The file, from the package's root, with `/`.
    pub file: String,
    /// The line, from one; zero where the file as a whole is meant.
    pub line: u32,
    /// The column in bytes, from one; zero where the line or file as a whole is meant.
    pub column: u32,
    /// How many bytes of that line are meant.
    pub length: u32,
}

/// One of the things that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Clue {
    /// Where it is.
    pub span: Span,
    /// What is there, in a few words.
    pub what: String,
}

/// Something that a reviewer should look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule: stable, and the name of its page in docs/scanner.md.
    pub code: String,
    /// How much it asks for a reviewer.
    pub severity: Severity,
    /// The file, from the package's root.
    pub file: String,
    /// The line, from one; zero where the file as a whole is meant.
    pub line: u32,
    /// The column in bytes, from one; zero where the line or file as a whole is meant.
    pub column: u32,
    /// How many bytes are meant.
    pub length: u32,
    /// Where that code runs.
    pub place: Place,
    /// The function, constant or macro in which it is; empty for the file as a whole.
    pub function: String,
    /// The reason in one sentence.
    pub reason: String,
    /// That line, cut to what fits on a screen; empty where the file as a whole is meant.
    pub text: String,
    /// What it rests on beside that.
    pub clues: Vec<Clue>,
}

/// A function that can do something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Use {
    /// What it can do.
    pub capability: Capability,
    /// Where it runs.
    pub place: Place,
    /// The function, constant or macro; empty for the file as a whole.
    pub function: String,
    /// The first place of it in that function.
    pub span: Span,
    /// Through what: `std::process::Command`, a method, a text.
    pub through: String,
    /// Whether the public interface or build code leads to it.
    pub reachable: bool,
}

/// Why something was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Blind {
    /// What a build script writes and the crate includes.
    BuiltCode,
    /// What the macros of other crates make of what they are given.
    MacroOutput,
    /// A file in binary form.
    Binary,
    /// A file in another language.
    OtherLanguage,
    /// A file, or a part of one, beyond a limit.
    Limit,
}

impl Blind {
    /// Its name, in all formats and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltCode => "built-code",
            Self::MacroOutput => "macro-output",
            Self::Binary => "binary",
            Self::OtherLanguage => "other-language",
            Self::Limit => "limit",
        }
    }
}

/// What was not read: never to be taken for clean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unanalyzed {
    /// Why.
    pub why: Blind,
    /// The file, or the first of several.
    pub file: String,
    /// How many places or files.
    pub count: u64,
    /// How many bytes; of generated code, those that it is made from.
    pub bytes: u64,
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Amount {
    /// Files in the package.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files of Rust.
    pub rust_files: u64,
    /// Their bytes.
    pub rust_bytes: u64,
    /// Functions, constants and macros in them.
    pub functions: u64,
}

/// All that was seen of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Which scanner: reports of another are made again.
    pub scanner: u32,
    /// The package's name, as its manifest says.
    pub name: String,
    /// Its version, as its manifest says.
    pub version: String,
    /// What its code can do, tests aside, and what running its build can.
    pub capabilities: Vec<Capability>,
    /// Which function can, and where it runs.
    pub uses: Vec<Use>,
    /// What a reviewer should look at, the gravest first.
    pub findings: Vec<Finding>,
    /// What was not read.
    pub unanalyzed: Vec<Unanalyzed>,
    /// How much was.
    pub read: Amount,
    /// The known packages whose code it has, the most alike first; empty where that was not asked.
    pub alike: Vec<Alike>,
}

impl Report {
    /// The gravest finding's severity; none where there is none.
    pub fn gravest(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::None)
    }
}
