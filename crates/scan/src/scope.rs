//! Scopes: a function with all that it leads to, in which rules look for signs that belong together.
//!
//! Who hides spreads over functions and files, so one function is too small; and a program's `main` leads to everything,
//! so a whole program is too large. A scope is a function with what it calls over a few steps, and, where all code of one
//! place is small, that place as a whole, since trait objects and tables of functions leave no calls to follow.

use rustc_hash::FxHashMap;

use crate::hidden;
use crate::names::Code;
use crate::report::Place;
use crate::sign::{Sign, Signs};
use crate::source::{Literal, Mark, Source, Unit, UnitKind};

/// Steps from a function to what still belongs to it.
const STEPS: u32 = 5;
/// Units in a scope; what leads to more is a program, not a function.
const MOST_UNITS: usize = 40;
/// Tokens of a place that is small enough to be one scope.
const SMALL: u64 = 6000;

/// Units that belong together, the root first, nearest first.
pub(crate) struct Scope {
    pub(crate) units: Vec<u32>,
    pub(crate) signs: Signs,
    pub(crate) place: Place,
    /// All code of the place, which no call need join.
    pub(crate) is_whole: bool,
    /// The first text that it hides, and where.
    pub(crate) cleartext: Option<(u32, Mark, String)>,
}

/// The signs that things are done by; without one of them no rule fires.
const SINKS: Signs = Signs::of(&[
    Sign::Net,
    Sign::LocalSocket,
    Sign::Listen,
    Sign::Dns,
    Sign::Process,
    Sign::CProcess,
    Sign::Load,
    Sign::FsWrite,
    Sign::FsRemove,
    Sign::FsRemoveTree,
    Sign::Terminate,
    Sign::Clock,
    Sign::Panic,
    Sign::MapExecutable,
    Sign::MemoryFile,
    Sign::OtherProcess,
    Sign::RawSyscall,
    Sign::EnvSet,
    Sign::Clipboard,
    Sign::LinkerTakeover,
    Sign::LinkerArgument,
    Sign::ParseCode,
    Sign::TlsUnchecked,
    Sign::TlsVerifier,
    Sign::Transmute,
    Sign::IncludesOdd,
    Sign::Interposed,
    Sign::PreMain,
]);

impl Code<'_> {
    pub(crate) fn unit(&self, number: u32) -> &Unit {
        let (part, unit) = self.units[number as usize];
        &self.parts[part as usize].source.units[unit as usize]
    }

    /// The marks of a unit, in their order.
    pub(crate) fn marks(&self, number: u32) -> &[Mark] {
        let (part, unit) = self.units[number as usize];
        self.parts[part as usize].source.marks_of(unit)
    }

    /// Where a unit runs.
    pub(crate) fn place(&self, number: u32) -> Place {
        let (part, _) = self.units[number as usize];
        if self.unit(number).is_test { Place::Tests } else { self.parts[part as usize].places.gravest() }
    }

    /// All scopes in which something is done, the smallest first.
    pub(crate) fn scopes(&self) -> Vec<Scope> {
        let mut scopes: Vec<Scope> = self.candidates().into_iter().map(|root| self.scope(root)).collect();
        for place in [Place::BuildScript, Place::ProcMacro, Place::Normal] {
            let units: Vec<u32> =
                (0..self.units.len() as u32).filter(|unit| self.place(*unit) == place).collect();
            let tokens: u64 = units.iter().map(|unit| u64::from(self.unit(*unit).tokens)).sum();
            if units.len() > 1 && tokens <= SMALL {
                let signs = units.iter().fold(Signs::NONE, |signs, unit| signs.and(self.unit(*unit).signs));
                if signs.any(SINKS) {
                    scopes.push(Scope { units, signs, place, is_whole: true, cleartext: None });
                }
            }
        }
        let mut seen = Seen::default();
        for scope in &mut scopes {
            let (hidden, cleartext) = self.hidden(scope, &mut seen);
            scope.signs = scope.signs.and(hidden);
            scope.cleartext = cleartext;
        }
        scopes.sort_by_key(|scope| (scope.is_whole, scope.units.len()));
        scopes
    }

    /// The units that do something, and those that lead there.
    fn candidates(&self) -> Vec<u32> {
        let callers = self.edges.reversed();
        let mut is_candidate = vec![false; self.units.len()];
        let mut level: Vec<u32> =
            (0..self.units.len() as u32).filter(|unit| self.unit(*unit).signs.any(SINKS)).collect();
        for _ in 0..=STEPS {
            let mut next = Vec::new();
            for unit in level {
                if !std::mem::replace(&mut is_candidate[unit as usize], true) {
                    next.extend_from_slice(callers.list(unit));
                }
            }
            level = next;
        }
        (0..self.units.len() as u32)
            .filter(|unit| is_candidate[*unit as usize] && self.unit(*unit).kind != UnitKind::Foreign)
            .collect()
    }

    fn scope(&self, root: u32) -> Scope {
        let place = self.place(root);
        let mut units = vec![root];
        let mut signs = self.unit(root).signs;
        let mut begin = 0;
        let mut is_cut = false;
        for _ in 0..STEPS {
            let end = units.len();
            for at in begin..end {
                for to in self.edges(units[at]) {
                    if units.len() >= MOST_UNITS {
                        is_cut = true;
                        break;
                    }
                    // Tests are called by nobody; a name that leads there is another's.
                    if !units.contains(to) && (place == Place::Tests || !self.unit(*to).is_test) {
                        units.push(*to);
                        signs = signs.and(self.unit(*to).signs);
                    }
                }
            }
            begin = end;
        }
        if is_cut {
            // What leads to everything is looked at with its nearest alone.
            let near =
                self.edges(root).iter().copied().filter(|unit| self.unit(*unit).signs.any(SINKS)).take(12);
            units = std::iter::once(root).chain(near.filter(|unit| *unit != root)).collect();
            signs = units.iter().fold(Signs::NONE, |signs, unit| signs.and(self.unit(*unit).signs));
        }
        Scope { units, signs, place, is_whole: false, cleartext: None }
    }

    /// What the texts of a scope hide.
    fn hidden(&self, scope: &Scope, seen: &mut Seen) -> (Signs, Option<(u32, Mark, String)>) {
        let mut found = Signs::NONE;
        let mut first = None;
        for unit in &scope.units {
            let pieces = seen.pieces.entry(*unit).or_insert_with(|| hidden_pieces(self, *unit));
            found = found.and(*pieces);
        }
        let decoders = scope.signs.both(hidden::DECODERS);
        if decoders != Signs::NONE {
            let mut values: Vec<Vec<u8>> = Vec::new();
            let mut looked_at = 0;
            for unit in &scope.units {
                for literal in self.literals(*unit) {
                    looked_at += 1;
                    if looked_at > 4096 || literal.end - literal.start < 4 {
                        continue;
                    }
                    let (part, _) = self.units[*unit as usize];
                    let source = &self.parts[part as usize].source;
                    let value = source.value(literal);
                    let key = (part, literal.start, decoders);
                    let decoded = seen
                        .decoded
                        .entry(key)
                        .or_insert_with(|| hidden::decoded(&value, form(source, literal), scope.signs));
                    if let Some(decoded) = decoded {
                        found = found.and(decoded.means);
                        found.add(Sign::Decoded);
                        let Literal { unit: own, start, end, .. } = literal;
                        let mark = Mark { unit: own, sign: Sign::Decoded, start, end };
                        first.get_or_insert_with(|| (*unit, mark, decoded.text.clone()));
                    }
                    if values.len() < 256 && (2..=4096).contains(&value.len()) {
                        values.push(value);
                    }
                }
            }
            if scope.signs.has(Sign::Xor) || scope.signs.has(Sign::ByteArithmetic) {
                let slices: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
                if let Some(under) = hidden::under_keys(&slices) {
                    found = found.and(under.means);
                    found.add(Sign::Decoded);
                    let unit = scope.units[0];
                    let start = self.unit(unit).start;
                    let (_, own) = self.units[unit as usize];
                    let mark = Mark { unit: own, sign: Sign::Decoded, start, end: start + 2 };
                    first.get_or_insert((unit, mark, under.text));
                }
            }
        }
        (found, first)
    }

    fn literals(&self, unit: u32) -> impl Iterator<Item = Literal> + '_ {
        let (part, own) = self.units[unit as usize];
        self.parts[part as usize].source.literals_of(own).iter().copied()
    }

    /// The first place in a scope that bears a sign.
    pub(crate) fn first(&self, scope: &Scope, sign: Sign) -> Option<(u32, Mark)> {
        scope.units.iter().find_map(|unit| {
            let marks = self.marks(*unit);
            marks.iter().find(|mark| mark.sign == sign).map(|mark| (*unit, *mark))
        })
    }
}

/// How a literal is written.
fn form(source: &Source<'_>, literal: Literal) -> hidden::Form {
    let text = &source.text[literal.start as usize..literal.end as usize];
    if literal.is_array {
        hidden::Form::Array
    } else if text.starts_with(b"b") || memchr::memmem::find(text, b"\\x").is_some() {
        hidden::Form::Bytes
    } else {
        hidden::Form::Text
    }
}

/// What was decoded before, since scopes overlap.
#[derive(Default)]
struct Seen {
    pieces: FxHashMap<u32, Signs>,
    decoded: FxHashMap<(u32, u32, Signs), Option<hidden::Cleartext>>,
}

/// What the literals of a unit mean when they are joined, those of the constants that it names at their place among them.
fn hidden_pieces(code: &Code<'_>, unit: u32) -> Signs {
    let mut values = Vec::new();
    let (part, own) = code.units[unit as usize];
    let source = &code.parts[part as usize].source;
    let mut at: Vec<(u32, Option<Literal>, Option<u32>)> =
        code.literals(unit).map(|literal| (literal.start, Some(literal), None)).collect();
    let constants: Vec<u32> = code
        .edges(unit)
        .iter()
        .copied()
        .filter(|to| code.unit(*to).kind == UnitKind::Constant)
        .take(32)
        .collect();
    if !constants.is_empty() {
        for named in source.constants_of(own) {
            let is_meant = |constant: &&u32| code.unit(**constant).name == named.name;
            if let Some(constant) = constants.iter().find(is_meant) {
                at.push((named.start, None, Some(*constant)));
            }
        }
        at.sort_by_key(|(start, _, _)| *start);
    }
    for (_, literal, constant) in at.into_iter().take(200) {
        if let Some(literal) = literal {
            values.push(source.value(literal));
        }
        if let Some(constant) = constant {
            let (part, _) = code.units[constant as usize];
            let source = &code.parts[part as usize].source;
            values.extend(code.literals(constant).take(16).map(|literal| source.value(literal)));
        }
    }
    let pieces: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let mut found = hidden::in_pieces(&pieces);
    if found != Signs::NONE {
        found.add(Sign::InPieces);
    }
    found
}
