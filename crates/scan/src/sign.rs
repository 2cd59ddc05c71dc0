//! Signs: the things in code that rules are made of, and the tables that say which path, method or text is which sign.
//!
//! A sign alone is no finding. The tables are data (`data/paths.txt`, `methods.txt`, `texts.txt`), so that a crate or an
//! interface can be added without code; their format is in docs/scanner.md.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use rustc_hash::FxHashMap;

use crate::report::Capability;
use crate::word::{self, Word};

macro_rules! signs {
    ($($(#[$doc:meta])* $name:ident = $word:literal $(, $capability:ident)?;)*) => {
        /// What can be seen at one place of the code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Sign {
            $($(#[$doc])* $name,)*
        }

        impl Sign {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// As the tables write it.
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// What code that bears this sign can do.
            pub(crate) const fn capability(self) -> Option<Capability> {
                match self {
                    $(Self::$name => signs!(@capability $($capability)?),)*
                }
            }
        }
    };
    (@capability) => { None };
    (@capability $capability:ident) => { Some(Capability::$capability) };
}

signs! {
    /// Asks or tells something over the network.
    Net = "net", Net;
    /// Speaks to other processes of this machine.
    LocalSocket = "local-socket", Net;
    /// Waits for others to connect.
    Listen = "net-listen", Net;
    /// Has a name looked up.
    Dns = "dns", Dns;
    /// Starts a program.
    Process = "process", Process;
    /// Hands a text to a shell, or replaces this program, by the C library.
    CProcess = "c-process", Process;
    /// Sets up the standard streams of a process from others.
    StreamsFrom = "streams-from";
    /// Lets a process run on, unseen.
    Detach = "detach";
    /// Ends the process.
    Terminate = "terminate", Terminate;
    /// Panics.
    Panic = "panic";
    /// Reads a file.
    FsRead = "fs-read", FsRead;
    /// Writes a file.
    FsWrite = "fs-write", FsWrite;
    /// Removes a file.
    FsRemove = "fs-remove", FsWrite;
    /// Removes a folder with all that is in it.
    FsRemoveTree = "fs-remove-tree", FsWrite;
    /// Lists a folder.
    FsWalk = "fs-walk", FsRead;
    /// Changes who may do what with a file.
    SetPermissions = "set-permissions", FsWrite;
    /// `0o755` and the like.
    ExecutableMode = "executable-mode";
    /// Reads a variable of the environment.
    Env = "env", Env;
    /// Reads all of them.
    EnvAll = "env-all", Env;
    /// Sets one.
    EnvSet = "env-set", Env;
    /// Asks which machine and user this is.
    HostFact = "host-fact";
    /// The user's home folder.
    Home = "home-folder";
    /// The folder for temporary files.
    Temporary = "temporary-folder";
    /// Loads a library while running.
    Load = "dynamic-load", DynamicLoad;
    /// Maps memory, or changes what it may be used for.
    MapMemory = "map-memory", Ffi;
    /// … so that it can be run.
    MapExecutable = "map-executable";
    /// Takes bytes for something of another type.
    Transmute = "transmute";
    /// A file that is in memory alone.
    MemoryFile = "memory-file", Ffi;
    /// Reads or writes another process.
    OtherProcess = "other-process", Ffi;
    /// Calls the kernel past the library.
    RawSyscall = "raw-syscall", Ffi;
    /// Assembly.
    Asm = "asm", Asm;
    /// Calls into another language.
    Ffi = "ffi", Ffi;
    /// A foreign function under a name that is not its own.
    RenamedFfi = "renamed-ffi", Ffi;
    /// `unsafe`
    Unsafe = "unsafe", Unsafe;
    /// What time it is.
    Clock = "clock", Clock;
    /// A number that is a moment of these years, in seconds or milliseconds.
    MomentNumber = "moment-number";
    /// A date made of numbers.
    DateMade = "date-made";
    /// A date in a text.
    DateText = "date-text";
    /// Waits.
    Sleep = "sleep";
    /// A thread of its own.
    Thread = "thread";
    /// Runs before `main`.
    PreMain = "pre-main", PreMainExec;
    /// Defines a symbol for all of the program.
    Exported = "exported-symbol";
    /// … under a name that a system library has.
    Interposed = "interposed-symbol";
    /// Tells the linker something.
    LinkerArgument = "linker-argument", LinkerControl;
    /// … that lets it run or replace something.
    LinkerTakeover = "linker-takeover", LinkerControl;
    /// Tells cargo what is linked, and where it is looked for.
    LinkOrder = "link-order", LinkerControl;
    /// Names a library that is linked.
    LinkLibrary = "link-library", Ffi;

    /// Exclusive or.
    Xor = "xor";
    /// Other arithmetic of bytes.
    ByteArithmetic = "byte-arithmetic";
    /// Turned around.
    Reverse = "reverse";
    /// Base64, hex and their kin, decoded.
    Decode = "decode";
    /// Unpacked.
    Decompress = "decompress";
    /// Decrypted.
    Decrypt = "decrypt";
    /// … or encoded.
    Encode = "encode";
    /// Bytes become a text.
    ToText = "to-text";
    /// The letters of base64 or base32, in order.
    Alphabet = "alphabet";
    /// Bytes that say nothing to a reader.
    Opaque = "opaque";
    /// A file of the package as bytes or text.
    Embedded = "embedded-file";
    /// … that is a program.
    EmbeddedProgram = "embedded-program", EmbeddedBinary;
    /// Code that a build script wrote.
    IncludesBuilt = "includes-built";
    /// Code from a file that is no source file, or lies elsewhere.
    IncludesOdd = "includes-odd";
    /// The folder for what a build makes.
    OutDir = "out-dir";
    /// The folder of the package.
    ManifestDir = "manifest-dir";
    /// A path that leads into tests or fixtures.
    FixturePath = "fixture-path";
    /// Reads a text as code.
    ParseCode = "parse-code";
    /// Code in a text.
    CodeText = "code-text";

    /// An address of the web.
    Url = "url";
    /// The path of a messenger's or collector's hook.
    Hook = "hook";
    /// The name of a shell or an interpreter.
    Shell = "shell";
    /// The user's folder of cargo.
    CargoHome = "cargo-home";
    /// A script, as a text.
    ScriptText = "script-text";
    /// What makes it take a text as program.
    ShellFlag = "shell-flag";
    /// The name of a program that downloads.
    Downloader = "downloader";
    /// A command that runs what it downloads.
    FetchPipe = "fetch-pipe";
    /// A command that hands a shell to somebody else.
    ReverseShell = "reverse-shell";
    /// A command that hides what it runs.
    HiddenShell = "hidden-shell";
    /// A command that deletes much.
    DeleteAll = "delete-all";
    /// A command that makes a file executable.
    ChmodText = "chmod-text";
    /// A file in which credentials are.
    CredentialPath = "credential-path";
    /// A file in which a wallet, or a browser's secrets, are.
    WalletPath = "wallet-path";
    /// The name of a variable in which a secret is.
    SecretName = "secret-name";
    /// A file that is run when a user or a machine starts.
    PersistencePath = "persistence-path";
    /// What lets somebody in.
    AuthorizedKeys = "authorized-keys";
    /// A file of cargo or the toolchain by which all builds change.
    ToolchainFile = "toolchain-file";
    /// Cargo's configuration, the toolchain, what all builds use.
    ToolchainPath = "toolchain-path";
    /// A variable by which cargo is given another compiler.
    WrapperName = "wrapper-name";
    /// Another process's memory or environment.
    ProcessPath = "process-path";
    /// A pool or a program of miners.
    Miner = "miner";
    /// A program that talks to a model.
    AiTool = "ai-tool";
    /// … told not to ask.
    AiUnasked = "ai-unasked";
    /// A pattern of secret keys.
    KeyPattern = "key-pattern";
    /// Variables that continuous integration sets.
    CiName = "ci-name";
    /// Publishes a crate.
    Publish = "publish";
    /// Asks git for what was written.
    GitContents = "git-contents";
    /// Asks the system who and where it is.
    HostCommand = "host-command";
    /// The clipboard.
    Clipboard = "clipboard";
    /// An address to which value is sent.
    ValueAddress = "value-address";
    /// Does not look at certificates.
    TlsUnchecked = "tls-unchecked";
    /// A verifier of certificates of its own.
    TlsVerifier = "tls-verifier";
    /// A variable that loads code into programs.
    PreloadName = "preload-name";
    /// Sends a body.
    Send = "send";
    /// Writes to what is open: sends, where that is a connection.
    WriteAll = "write-all";
    /// Reads from what is open.
    Receive = "receive";

    /// What is hidden was decoded.
    Decoded = "decoded";
    /// What is hidden was in pieces.
    InPieces = "in-pieces";
    /// A text that was put together, and is an address.
    HiddenUrl = "hidden-url";
    /// …, and is a command.
    HiddenCommand = "hidden-command";
    /// …, and leads to secrets or to what is run later.
    HiddenPath = "hidden-path";
    /// …, and is code.
    HiddenCode = "hidden-code";
    /// …, and is a program.
    HiddenProgram = "hidden-program";
}

/// A set of signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Signs(u128);

impl Signs {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn of(signs: &[Sign]) -> Self {
        let mut set = 0;
        let mut at = 0;
        while at < signs.len() {
            set |= 1 << (signs[at] as u8);
            at += 1;
        }
        Self(set)
    }

    pub(crate) fn add(&mut self, sign: Sign) {
        self.0 |= 1 << (sign as u8);
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The signs of either that both have.
    pub(crate) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn has(self, sign: Sign) -> bool {
        self.0 & (1 << (sign as u8)) != 0
    }

    pub(crate) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Sign> {
        Sign::ALL.iter().copied().filter(move |sign| self.has(*sign))
    }
}

/// Which paths of std and of well-known crates bear which signs: a tree of words.
pub(crate) struct PathTable {
    /// What each node bears, if it has a line; the first is the root.
    nodes: Vec<Option<Signs>>,
    steps: FxHashMap<(u32, Word), u32>,
}

static PATHS: LazyLock<PathTable> = LazyLock::new(|| {
    let mut table = PathTable { nodes: vec![None], steps: FxHashMap::default() };
    for (path, signs) in lines(include_str!("../data/paths.txt")) {
        let mut node = 0;
        for word in path.split("::").filter_map(|word| word::known(word.as_bytes())) {
            let next = table.nodes.len() as u32;
            node = *table.steps.entry((node, word)).or_insert(next);
            if node == next {
                table.nodes.push(None);
            }
        }
        table.nodes[node as usize] = Some(signs);
    }
    for (root, _) in lines(include_str!("../data/paths.txt")).filter_map(|(path, _)| path.split_once("::")) {
        if let Some(word) = word::known(root.as_bytes()).filter(|_| is_foreign_package(root.as_bytes())) {
            let node = table.steps[&(0, word)];
            table.nodes[node as usize].get_or_insert(OF_FOREIGN_PACKAGES);
        }
    }
    table
});

/// The words of which the tables are made.
pub(crate) fn words_of_tables() -> impl Iterator<Item = &'static str> {
    let paths = lines(include_str!("../data/paths.txt")).flat_map(|(path, _)| path.split("::"));
    paths.chain(lines(include_str!("../data/methods.txt")).map(|(name, _)| name))
}

static TYPES: LazyLock<FxHashMap<&'static [u8], Signs>> = LazyLock::new(|| {
    let of_std = lines(include_str!("../data/paths.txt")).filter(|(path, _)| path.starts_with("std::"));
    let types = of_std.filter_map(|(path, signs)| Some((path.rsplit("::").next()?, signs)));
    let types = types.filter(|(name, _)| name.starts_with(|first: char| first.is_ascii_uppercase()));
    types.map(|(name, signs)| (name.as_bytes(), signs)).collect()
});

/// What a type of std bears whose name a macro puts together.
pub(crate) fn pasted(name: &[u8]) -> Option<Signs> {
    TYPES.get(name).copied().filter(|signs| *signs != Signs::NONE)
}

/// The table of paths.
pub(crate) fn paths() -> &'static PathTable {
    &PATHS
}

impl PathTable {
    /// Whether any path begins with that word.
    pub(crate) fn has_root(&self, word: Word) -> bool {
        self.steps.contains_key(&(0, word))
    }

    /// What a path bears by its longest part that has a line; nothing where none has one.
    pub(crate) fn signs(&self, path: &[Word]) -> Option<Signs> {
        self.walk(path).filter_map(|node| self.nodes[node as usize]).last()
    }

    /// What the table says of this very path; nothing where it has no such line.
    pub(crate) fn line(&self, path: &[Word]) -> Option<Signs> {
        let (length, node) = self.walk(path).enumerate().last()?;
        self.nodes[node as usize].filter(|_| length + 1 == path.len())
    }

    /// The nodes along a path, as far as the table goes.
    fn walk(&self, path: &[Word]) -> impl Iterator<Item = u32> {
        let mut node = 0;
        path.iter().map_while(move |word| {
            node = *self.steps.get(&(node, *word))?;
            Some(node)
        })
    }
}

/// Whether a package is one of declarations of another language, as names of packages say it.
pub(crate) fn is_foreign_package(name: &[u8]) -> bool {
    name.ends_with(b"_sys")
}

/// What all paths of such packages bear that have no line of their own.
pub(crate) const OF_FOREIGN_PACKAGES: Signs = Signs::of(&[Sign::Ffi]);

static METHODS: LazyLock<Vec<Option<Signs>>> = LazyLock::new(|| {
    let mut methods = Vec::new();
    for (name, signs) in lines(include_str!("../data/methods.txt")) {
        if let Some(Word(number)) = word::known(name.as_bytes()) {
            methods.resize(methods.len().max(number as usize + 1), None);
            methods[number as usize] = Some(signs);
        }
    }
    methods
});

/// What the call of a method bears, whatever it is called on.
pub(crate) fn method(name: Word) -> Option<Signs> {
    METHODS.get(name.0 as usize).copied().flatten()
}

static FOREIGN: LazyLock<FxHashMap<&'static [u8], Signs>> = LazyLock::new(|| {
    lines(include_str!("../data/foreign.txt")).map(|(name, signs)| (name.as_bytes(), signs)).collect()
});

/// What a function of C bears that is declared under that name.
pub(crate) fn foreign(name: &[u8]) -> Option<Signs> {
    FOREIGN.get(name).copied()
}

/// How a text of the table has to lie in a literal.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lies {
    /// Anywhere.
    Within,
    /// It is all of it.
    Whole,
    /// It is all of it, or the name of a file at the end of a path, or the first word of a command.
    Program,
    /// No letter or digit before or behind it.
    Word,
    /// It begins with it.
    First,
}

struct TextTable {
    automaton: AhoCorasick,
    lines: Vec<(Lies, Signs)>,
}

static TEXTS: LazyLock<TextTable> = LazyLock::new(|| {
    let mut patterns = Vec::new();
    let mut table = Vec::new();
    for line in include_str!("../data/texts.txt").lines() {
        // A pattern may hold `#` and blanks: it is what follows the third word.
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (lies, pattern) = rest.split_once(' ').unwrap_or((rest, ""));
        let lies = match lies {
            "within" => Lies::Within,
            "whole" => Lies::Whole,
            "program" => Lies::Program,
            "word" => Lies::Word,
            "first" => Lies::First,
            other => unreachable!("texts.txt says `{other}`, a test reads all of it"),
        };
        patterns.push(pattern);
        table.push((lies, Signs::of(&[named(sign)])));
    }
    #[expect(clippy::expect_used, reason = "made of a constant, which a test reads")]
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(patterns)
        .expect("the table of texts is small enough");
    TextTable { automaton, lines: table }
});

/// What a text bears.
pub(crate) fn text(text: &[u8]) -> Signs {
    if text.len() < 2 {
        return Signs::NONE;
    }
    let table = &*TEXTS;
    let mut signs = Signs::NONE;
    for found in table.automaton.find_overlapping_iter(text) {
        let (lies, bears) = table.lines[found.pattern().as_usize()];
        let before = found.start().checked_sub(1).map(|at| text[at]);
        let behind = text.get(found.end()).copied();
        let fits = match lies {
            Lies::Within => true,
            Lies::Whole => before.is_none() && behind.is_none(),
            Lies::First => before.is_none(),
            Lies::Word => !before.is_some_and(of_word) && !behind.is_some_and(of_word),
            Lies::Program => {
                before.is_none_or(|byte| matches!(byte, b'/' | b'\\'))
                    && (behind.is_none() || text[found.end()..].eq_ignore_ascii_case(b".exe") || behind == Some(b' ') && before.is_none())
                    // `src/sh` is no shell; `/bin/sh` is.
                    && (before.is_none() || text[..found.start()].ends_with(b"bin/") || text[..found.start()].contains(&b'\\'))
            }
        };
        if fits {
            signs = signs.and(bears);
        }
    }
    signs
}

fn of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The lines of a table: a key, and the signs that it bears.
fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, Signs)> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or_default();
        (key, words.fold(Signs::NONE, |signs, word| signs.and(Signs::of(&[named(word)]))))
    })
}

/// The sign that a table names.
fn named(word: &str) -> Sign {
    let known = Sign::ALL.iter().find(|sign| sign.word() == word);
    known.copied().unwrap_or_else(|| unreachable!("a table says `{word}`, a test reads all of them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tables_can_be_read() {
        assert!(paths().nodes.len() > 100);
        assert!(METHODS.len() > 10 && FOREIGN.len() > 10);
        assert!(TEXTS.lines.len() > 100);
        assert!(Sign::ALL.len() <= 128, "a set is 128 bits");
    }

    fn bears(value: &str) -> Vec<&'static str> {
        text(value.as_bytes()).iter().map(Sign::word).collect()
    }

    #[test]
    fn a_text_bears_what_lies_in_it_as_the_table_says() {
        for (value, expected) in [
            ("sh", &["shell"][..]),
            ("/bin/sh", &["shell"]),
            ("C:\\Windows\\cmd.exe", &["shell"]),
            ("src/sh", &[]),
            ("shell", &[]),
            ("hush", &[]),
            ("curl", &["downloader"]),
            ("a curlicue", &[]),
            ("https://a.example/x", &["url"]),
            ("x/.ssh/id_rsa", &["credential-path"]),
            ("OUT_DIR", &["out-dir"]),
        ] {
            assert_eq!(bears(value), expected, "{value}");
        }
    }
}
