//! A package read as a whole: which file is which module, where it runs, what paths mean, and who calls whom.
//!
//! Files are followed from the roots that the manifest names or cargo finds: `mod`, `#[path]`, `include!`. A Rust file
//! that nothing leads to is taken for normal code: a macro or a build script may lead there.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::lex::Token;
use crate::manifest::{Build, Manifest};
use crate::package::{Package, extension, is_of_tests};
use crate::report::Place;
use crate::sign::{self, Sign, Signs};
use crate::source::{Form, PathUse, Source, UnitKind, read};

/// Where the code of a file runs: a set of places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(u8);

impl Places {
    pub(crate) fn add(&mut self, place: Place) -> bool {
        let bit = 1 << place as u8;
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }

    pub(crate) fn has(self, place: Place) -> bool {
        self.0 & (1 << place as u8) != 0
    }

    /// The gravest place; tests where there is none.
    pub(crate) fn gravest(self) -> Place {
        let order = [Place::BuildScript, Place::ProcMacro, Place::Normal];
        order.into_iter().find(|place| self.has(*place)).unwrap_or(Place::Tests)
    }
}

/// A file with what it is part of.
pub(crate) struct Part<'a> {
    pub(crate) path: &'a str,
    pub(crate) source: Source<'a>,
    pub(crate) places: Places,
    /// The crate's module that each of the file's modules is.
    modules: Vec<u32>,
    /// The first of its units in [`Code::units`].
    pub(crate) first_unit: u32,
    is_root: bool,
    pub(crate) lines: crate::rules::Lines,
}

/// A module of the package, over all files.
#[derive(Default)]
struct Module<'a> {
    parent: u32,
    root: u32,
    children: FxHashMap<&'a [u8], u32>,
    /// Names that stand for paths: part and import.
    imports: FxHashMap<&'a [u8], Vec<(u32, u32)>>,
    globs: Vec<(u32, u32)>,
}

/// All Rust code of a package.
pub(crate) struct Code<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    /// Each unit's part and its place in it.
    pub(crate) units: Vec<(u32, u32)>,
    /// Whom each unit leads to, sorted.
    pub(crate) edges: Vec<Vec<u32>>,
    /// Crates outside that paths name, with a first place: to tell which dependencies are used.
    pub(crate) outside: BTreeMap<String, (u32, u32)>,
    /// Paths below which code was seen: `std::process::Command`, for each mark of a unit.
    pub(crate) through: FxHashMap<(u32, u32), String>,
    modules: Vec<Module<'a>>,
    by_name: FxHashMap<&'a [u8], Vec<u32>>,
    dependencies: FxHashMap<Vec<u8>, String>,
}

/// What a path was found to lead to.
struct Found<'a> {
    leads: Vec<Leads<'a>>,
    /// Steps that are left: globs of globs could take for ever.
    fuel: u32,
}

/// What a path leads to.
enum Leads<'a> {
    /// Out of the package, to what the table may know.
    Outside(String),
    /// Out of the package, to a crate that the table does not know.
    Elsewhere(&'a [u8]),
    /// To something of that name, of that owner or module, in the package.
    Inside(&'a [u8], &'a [u8]),
}

/// How many steps a name may take; no honest one takes more than a few.
const STEPS: u32 = 12;
/// How many steps all ways of one path may take together.
const FUEL: u32 = 48;
/// How many units one name may lead to; names that are more common say nothing.
const NAMESAKES: usize = 4;
/// More namesakes than this are not all looked at.
const MANY: usize = 64;

impl<'a> Code<'a> {
    /// Reads all Rust files of a package, and those that are taken in as code.
    pub(crate) fn read(package: &'a Package, manifest: &Manifest) -> Self {
        let mut code = Self {
            parts: Vec::new(),
            units: Vec::new(),
            edges: Vec::new(),
            outside: BTreeMap::new(),
            through: FxHashMap::default(),
            modules: Vec::new(),
            by_name: FxHashMap::default(),
            dependencies: FxHashMap::default(),
        };
        for (name, dependency) in &manifest.dependencies {
            code.dependencies.insert(name.clone().into_bytes(), dependency.package.replace('-', "_"));
        }
        let mut tokens = Vec::new();
        let rust = package.files.iter().filter(|(path, _)| extension(path) == "rs");
        let mut by_path: FxHashMap<&str, u32> = FxHashMap::default();
        for (path, bytes) in rust {
            by_path.insert(path, code.parts.len() as u32);
            code.add_part(path, bytes, &mut tokens);
        }
        code.follow(package, manifest, &mut by_path, &mut tokens);
        code.number_units();
        code.resolve();
        code
    }

    fn add_part(&mut self, path: &'a str, text: &'a [u8], tokens: &mut Vec<Token>) -> u32 {
        let index = self.parts.len() as u32;
        let source = read(text, tokens);
        self.parts.push(Part {
            path,
            source,
            places: Places::default(),
            modules: Vec::new(),
            first_unit: 0,
            is_root: false,
            lines: crate::rules::Lines::default(),
        });
        index
    }

    /// The part that a file is, read when something first leads to it; nothing where the package has no such file.
    fn part_at(
        &mut self,
        path: &str,
        package: &'a Package,
        by_path: &mut FxHashMap<&'a str, u32>,
        tokens: &mut Vec<Token>,
    ) -> Option<u32> {
        if let Some(part) = by_path.get(path) {
            return Some(*part);
        }
        let (path, bytes) = package.files.get_key_value(path)?;
        let part = self.add_part(path, bytes, tokens);
        by_path.insert(path, part);
        Some(part)
    }

    /// Follows all files from the roots, and says of each where it runs.
    fn follow(
        &mut self,
        package: &'a Package,
        manifest: &Manifest,
        by_path: &mut FxHashMap<&'a str, u32>,
        tokens: &mut Vec<Token>,
    ) {
        let mut waiting: Vec<(u32, Place, Option<u32>)> = Vec::new();
        for (path, place) in roots(package, manifest) {
            if let Some(part) = self.part_at(&path, package, by_path, tokens) {
                // A root that is called like no source is one that was not to be looked at.
                if extension(&path) != "rs" {
                    self.parts[part as usize].source.units[0].mark(Sign::IncludesOdd, 0, 1);
                }
                self.parts[part as usize].is_root = true;
                waiting.push((part, place, None));
            }
        }
        let mut done = 0;
        loop {
            while done < waiting.len() {
                let (part, place, module) = waiting[done];
                done += 1;
                if !self.parts[part as usize].places.add(place) {
                    continue;
                }
                if self.parts[part as usize].modules.is_empty() {
                    self.place_modules(part, module);
                }
                self.next_files(part, place, package, by_path, tokens, &mut waiting);
            }
            // What nothing leads to.
            let Some(left) = self.parts.iter().position(|part| part.places == Places::default()) else {
                break;
            };
            // What lies beside the sources is a tool of the project, not of those who use the crate.
            let path = self.parts[left].path;
            let beside =
                !path.starts_with("src/") && path != "build.rs" && package.files.contains_key("src/lib.rs");
            let place = if is_of_tests(path) || beside {
                Place::Tests
            } else if manifest.is_proc_macro {
                Place::ProcMacro
            } else {
                Place::Normal
            };
            waiting.push((left as u32, place, None));
        }
    }

    /// Makes the modules that a file is.
    fn place_modules(&mut self, part: u32, at: Option<u32>) {
        let own = self.parts[part as usize].source.modules.clone();
        let mut places = Vec::with_capacity(own.len());
        for (index, module) in own.iter().enumerate() {
            let number = if index == 0 {
                at.unwrap_or_else(|| {
                    let number = self.modules.len() as u32;
                    self.modules.push(Module { parent: number, root: number, ..Module::default() });
                    number
                })
            } else {
                self.child(places[module.parent as usize], module.name)
            };
            places.push(number);
        }
        let imports = &self.parts[part as usize].source.imports;
        for (index, import) in imports.iter().enumerate() {
            let module = &mut self.modules[places[import.module as usize] as usize];
            if import.name.is_empty() {
                module.globs.push((part, index as u32));
            } else {
                module.imports.entry(import.name).or_default().push((part, index as u32));
            }
        }
        self.parts[part as usize].modules = places;
    }

    fn child(&mut self, parent: u32, name: &'a [u8]) -> u32 {
        if let Some(child) = self.modules[parent as usize].children.get(name) {
            return *child;
        }
        let number = self.modules.len() as u32;
        let root = self.modules[parent as usize].root;
        self.modules.push(Module { parent, root, ..Module::default() });
        self.modules[parent as usize].children.insert(name, number);
        number
    }

    /// Where `mod` and `include!` lead.
    fn next_files(
        &mut self,
        part: u32,
        place: Place,
        package: &'a Package,
        by_path: &mut FxHashMap<&'a str, u32>,
        tokens: &mut Vec<Token>,
        waiting: &mut Vec<(u32, Place, Option<u32>)>,
    ) {
        let path = self.parts[part as usize].path;
        let folder = folder_of(path);
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
        let owns_folder = self.parts[part as usize].is_root || matches!(stem, "mod" | "lib" | "main");
        for child in self.parts[part as usize].source.children.clone() {
            let mut base = if owns_folder { folder.to_owned() } else { joined(folder, stem) };
            for name in self.module_names(part, child.module) {
                base = joined(&base, &name);
            }
            let name = String::from_utf8_lossy(child.name);
            let usual = [joined(&base, &format!("{name}.rs")), joined(&base, &format!("{name}/mod.rs"))];
            let said = child.paths.iter().flat_map(|path| [joined(folder, path), joined(&base, path)]);
            let candidates: Vec<String> = said.chain(usual).collect();
            let place = if child.is_test && !place.is_build() { Place::Tests } else { place };
            for candidate in candidates {
                if let Some(found) = self.part_at(&candidate, package, by_path, tokens) {
                    let parent = self.parts[part as usize].modules[child.module as usize];
                    let module = self.child(parent, child.name);
                    waiting.push((found, place, Some(module)));
                }
            }
        }
        for include in self.parts[part as usize].source.includes.clone() {
            if !include.as_code || include.is_built {
                continue;
            }
            let base = if include.from_root { "" } else { folder };
            let target = joined(base, include.path.trim_start_matches('/'));
            if target == path {
                continue;
            }
            if let Some(found) = self.part_at(&target, package, by_path, tokens) {
                let module = self.parts[part as usize].modules[0];
                waiting.push((found, place, Some(module)));
            } else {
                // Code from a file that is not said, or not there.
                let unit = &mut self.parts[part as usize].source.units[include.unit as usize];
                unit.mark(Sign::IncludesOdd, include.start, include.end);
            }
        }
    }

    /// The names of the inline modules around one, outermost first.
    fn module_names(&self, part: u32, module: u32) -> Vec<String> {
        let modules = &self.parts[part as usize].source.modules;
        let mut names = Vec::new();
        let mut at = module;
        // No file is nested deeper by people.
        while at != 0 && names.len() < 32 {
            names.push(String::from_utf8_lossy(modules[at as usize].name).into_owned());
            at = modules[at as usize].parent;
        }
        names.reverse();
        names
    }

    fn number_units(&mut self) {
        for (index, part) in self.parts.iter_mut().enumerate() {
            part.first_unit = self.units.len() as u32;
            for (unit, of) in part.source.units.iter().enumerate() {
                let number = self.units.len() as u32;
                self.units.push((index as u32, unit as u32));
                if !matches!(of.kind, UnitKind::File) && !of.name.is_empty() {
                    self.by_name.entry(of.name).or_default().push(number);
                }
            }
        }
        self.edges = vec![Vec::new(); self.units.len()];
    }

    /// Finds what all paths lead to, and marks and joins units accordingly.
    fn resolve(&mut self) {
        let mut found = Found { leads: Vec::new(), fuel: 0 };
        let mut marks: Vec<(usize, u32, Sign, PathUse)> = Vec::new();
        let mut through: Vec<((u32, u32), String)> = Vec::new();
        let mut edges: Vec<(u32, u32)> = Vec::new();
        let mut outside: Vec<(String, (u32, u32))> = Vec::new();
        let mut roots_seen: rustc_hash::FxHashSet<String> = rustc_hash::FxHashSet::default();
        let mut named: rustc_hash::FxHashSet<&[u8]> = rustc_hash::FxHashSet::default();
        for (index, part) in self.parts.iter().enumerate() {
            for path in &part.source.paths {
                let segments = part.source.segments(path.first, path.count);
                let unit = part.first_unit + path.unit;
                if path.form == Form::Method {
                    self.join(unit, segments[0], b"", true, &mut edges);
                    continue;
                }
                let module = part.modules[part.source.units[path.unit as usize].module as usize];
                found.leads.clear();
                found.fuel = FUEL;
                self.lead(module, segments, 0, &mut found);
                for leads in found.leads.drain(..) {
                    match leads {
                        Leads::Outside(path_outside) => {
                            if let Some(signs) = sign::paths().signs(&path_outside) {
                                for sign in signs.iter() {
                                    marks.push((index, path.unit, sign, *path));
                                }
                                if signs != Signs::NONE {
                                    through.push(((index as u32, path.start), path_outside.clone()));
                                }
                            }
                            let root = path_outside.split("::").next().unwrap_or_default();
                            if !matches!(root, "std" | "core" | "alloc") && roots_seen.insert(root.to_owned())
                            {
                                outside.push((root.to_owned(), (index as u32, path.start)));
                            }
                        }
                        Leads::Elsewhere(name) => {
                            if named.insert(name) {
                                let package = self.dependencies.get(name).cloned();
                                let package =
                                    package.unwrap_or_else(|| String::from_utf8_lossy(name).into_owned());
                                outside.push((package, (index as u32, path.start)));
                            }
                        }
                        Leads::Inside(owner, name) => {
                            if path.form != Form::Value || segments.len() > 1 || path.count == 1 {
                                self.join(unit, name, owner, false, &mut edges);
                            }
                        }
                    }
                }
            }
        }
        for (part, unit, sign, path) in marks {
            self.parts[part].source.units[unit as usize].mark(sign, path.start, path.end);
        }
        // Who writes where he has a connection sends.
        for unit in self.parts.iter_mut().flat_map(|part| &mut part.source.units) {
            if unit.signs.has(Sign::WriteAll) && unit.signs.any(Signs::of(&[Sign::Net, Sign::Listen])) {
                unit.signs.add(Sign::Send);
                if let Some(mark) = unit.marks.iter().find(|mark| mark.sign == Sign::WriteAll).copied() {
                    unit.marks.push(crate::source::Mark { sign: Sign::Send, ..mark });
                }
            }
        }
        for (from, to) in edges {
            if from != to {
                self.edges[from as usize].push(to);
            }
        }
        for targets in &mut self.edges {
            targets.sort_unstable();
            targets.dedup();
        }
        self.through.extend(through);
        for (root, at) in outside {
            self.outside.entry(root).or_insert(at);
        }
    }

    /// Joins a unit to those that a name means.
    fn join(&self, from: u32, name: &[u8], owner: &[u8], is_method: bool, edges: &mut Vec<(u32, u32)>) {
        let Some(namesakes) = self.by_name.get(name) else {
            return;
        };
        let of_owner = |unit: &&u32| {
            let (part, unit) = self.units[**unit as usize];
            let unit = &self.parts[part as usize].source.units[unit as usize];
            unit.owner == owner || unit.of_trait == owner
        };
        // They are in the order of their numbers, and those of a file follow each other.
        let (part, _) = self.units[from as usize];
        let first = self.parts[part as usize].first_unit;
        let behind = first + self.parts[part as usize].source.units.len() as u32;
        let begin = namesakes.partition_point(|unit| *unit < first);
        let near = &namesakes[begin..namesakes.partition_point(|unit| *unit < behind)];
        // Among very many only the nearest are asked for their owner.
        let asked = if namesakes.len() <= MANY { namesakes.as_slice() } else { near };
        if owner.first().is_some_and(u8::is_ascii_uppercase) {
            let before = edges.len();
            edges.extend(asked.iter().take(MANY).filter(of_owner).take(NAMESAKES).map(|to| (from, *to)));
            if edges.len() > before {
                return;
            }
        }
        // In the same file first: a common name means the nearest.
        let of = if near.is_empty() || is_method { namesakes.as_slice() } else { near };
        if of.len() <= NAMESAKES {
            edges.extend(of.iter().map(|to| (from, *to)));
        }
    }

    /// Finds what a path leads to from a module.
    fn lead(&self, module: u32, segments: &[&'a [u8]], steps: u32, found: &mut Found<'a>) {
        let Some((name, rest)) = segments.split_first() else {
            return;
        };
        if steps > STEPS || found.leads.len() > 8 || found.fuel == 0 {
            return;
        }
        found.fuel -= 1;
        match *name {
            b"std" | b"core" | b"alloc" => found.leads.push(Leads::Outside(outside_path(name, rest))),
            b"crate" => self.lead_inside(self.modules[module as usize].root, rest, segments, steps, found),
            b"self" => self.lead_inside(module, rest, segments, steps, found),
            b"super" => self.lead_inside(self.modules[module as usize].parent, rest, segments, steps, found),
            _ => {
                // A module or import of a dependency's name does not hide the dependency: `::name` still means that.
                let shadowed = self
                    .dependencies
                    .get(*name)
                    .filter(|package| !rest.is_empty() && sign::paths().has_root(package.as_bytes()));
                let is_shadowed = self.modules[module as usize].children.contains_key(name)
                    || self.modules[module as usize].imports.contains_key(name);
                if let Some(package) = shadowed.filter(|_| is_shadowed) {
                    found.leads.push(elsewhere(package.as_bytes(), name, rest));
                }
                if self.lead_imported(module, name, rest, steps, found) {
                    return;
                }
                if let Some(child) = self.modules[module as usize].children.get(name) {
                    self.lead_inside(*child, rest, segments, steps, found);
                } else if let Some(package) = self.dependencies.get(*name).filter(|_| !rest.is_empty()) {
                    found.leads.push(elsewhere(package.as_bytes(), name, rest));
                } else if sign::paths().has_root(name) && !rest.is_empty() && !self.by_name.contains_key(name)
                {
                    found.leads.push(Leads::Outside(outside_path(name, rest)));
                } else {
                    let before = found.leads.len();
                    self.lead_by_globs(module, segments, steps, found);
                    if found.leads.len() == before {
                        found.leads.push(inside(segments));
                    }
                }
            }
        }
    }

    /// Below a module of the package.
    fn lead_inside(
        &self,
        module: u32,
        segments: &[&'a [u8]],
        whole: &[&'a [u8]],
        steps: u32,
        found: &mut Found<'a>,
    ) {
        let Some((name, rest)) = segments.split_first() else {
            return;
        };
        if steps > STEPS {
            return;
        }
        if *name == b"super" {
            return self.lead_inside(self.modules[module as usize].parent, rest, whole, steps + 1, found);
        }
        if steps > STEPS {
            return;
        }
        if let Some(child) = self.modules[module as usize].children.get(name)
            && !rest.is_empty()
        {
            return self.lead_inside(*child, rest, whole, steps + 1, found);
        }
        if self.lead_imported(module, name, rest, steps, found) {
            return;
        }
        let before = found.leads.len();
        self.lead_by_globs(module, segments, steps, found);
        if found.leads.len() == before {
            found.leads.push(inside(whole));
        }
    }

    /// Through a name that a module imports, or that one around it does; says whether there is one.
    fn lead_imported(
        &self,
        module: u32,
        name: &[u8],
        rest: &[&'a [u8]],
        steps: u32,
        found: &mut Found<'a>,
    ) -> bool {
        let mut at = module;
        for _ in 0..8 {
            if let Some(imports) = self.modules[at as usize].imports.get(name) {
                for (part, import) in imports.iter().take(32) {
                    let source = &self.parts[*part as usize].source;
                    let import = source.imports[*import as usize];
                    let path = source.segments(import.first, import.count);
                    // `use log;` and `extern crate log;` name a crate, not themselves.
                    if path.len() == 1 && path[0] == name {
                        let package = self.dependencies.get(name).map_or(name, |package| package.as_bytes());
                        found.leads.push(elsewhere(package, path[0], rest));
                        continue;
                    }
                    let mut whole = path.to_vec();
                    whole.extend_from_slice(rest);
                    // From where it was imported, which for `use` is the module itself.
                    self.lead(at, &whole, steps + 1, found);
                }
                return true;
            }
            let parent = self.modules[at as usize].parent;
            if parent == at {
                break;
            }
            at = parent;
        }
        false
    }

    fn lead_by_globs(&self, module: u32, segments: &[&'a [u8]], steps: u32, found: &mut Found<'a>) {
        if steps > 4 {
            return;
        }
        for (part, import) in self.modules[module as usize].globs.iter().take(64) {
            if found.fuel == 0 {
                return;
            }
            let source = &self.parts[*part as usize].source;
            let import = source.imports[*import as usize];
            let mut whole = source.segments(import.first, import.count).to_vec();
            whole.extend_from_slice(segments);
            let mut tried = Found { leads: Vec::new(), fuel: found.fuel };
            // A glob that leads into the same module again is no way.
            self.lead(module, &whole, steps + 3, &mut tried);
            found.fuel = tried.fuel;
            // Outside, only what the table knows is there.
            found.leads.extend(tried.leads.into_iter().filter(|leads| match leads {
                Leads::Outside(path) => {
                    sign::paths().signs(path).is_some_and(|signs| signs != Signs::NONE) && {
                        let first = String::from_utf8_lossy(segments[0]);
                        let glob = path.find(&format!("::{first}")).map(|at| &path[..at]);
                        glob.is_some_and(|glob| {
                            let below = path[glob.len()..].split("::").nth(1).unwrap_or_default();
                            sign::paths().knows(&format!("{glob}::{below}"))
                        })
                    }
                }
                Leads::Inside(..) | Leads::Elsewhere(_) => false,
            }));
        }
    }
}

fn inside<'a>(segments: &[&'a [u8]]) -> Leads<'a> {
    let name = segments.last().copied().unwrap_or_default();
    let owner = segments.len().checked_sub(2).map(|at| segments[at]).unwrap_or_default();
    Leads::Inside(owner, name)
}

/// Out of the package, with the path where the table may know it.
fn elsewhere<'a>(package: &[u8], name: &'a [u8], rest: &[&[u8]]) -> Leads<'a> {
    if sign::paths().has_root(package) {
        Leads::Outside(outside_path(package, rest))
    } else {
        Leads::Elsewhere(name)
    }
}

fn outside_path(root: &[u8], rest: &[&[u8]]) -> String {
    let mut path = String::from_utf8_lossy(root).into_owned();
    // `core` and `alloc` show what `std` does; the table says most under `std`.
    if matches!(path.as_str(), "core" | "alloc")
        && rest.first().is_some_and(|next| matches!(*next, b"net" | b"str" | b"mem" | b"string" | b"char"))
    {
        path = "std".to_owned();
    }
    for segment in rest {
        path.push_str("::");
        path.push_str(&String::from_utf8_lossy(segment));
    }
    path
}

/// The roots of a package with where they run, as the manifest says or cargo finds them.
fn roots(package: &Package, manifest: &Manifest) -> Vec<(String, Place)> {
    let normal = if manifest.is_proc_macro { Place::ProcMacro } else { Place::Normal };
    let mut roots = Vec::new();
    match &manifest.build {
        Build::Found => roots.push(("build.rs".to_owned(), Place::BuildScript)),
        Build::Files(files) => roots.extend(files.iter().map(|file| (joined("", file), Place::BuildScript))),
        Build::Off => {}
    }
    roots.push((
        manifest.library.as_deref().map_or_else(|| "src/lib.rs".to_owned(), |path| joined("", path)),
        normal,
    ));
    roots.push(("src/main.rs".to_owned(), Place::Normal));
    roots.extend(manifest.programs.iter().map(|path| (joined("", path), Place::Normal)));
    roots.extend(manifest.tests.iter().map(|path| (joined("", path), Place::Tests)));
    for path in package.files.keys() {
        let mut parts = path.split('/');
        let (first, rest) = (parts.next().unwrap_or_default(), path.split('/').count());
        match first {
            "src"
                if extension(path) == "rs"
                    && path.starts_with("src/bin/")
                    && (rest == 3 || path.ends_with("/main.rs") && rest == 4) =>
            {
                roots.push((path.clone(), Place::Normal));
            }
            "tests" | "examples" | "benches"
                if extension(path) == "rs" && rest == 2 || (rest == 3 && path.ends_with("/main.rs")) =>
            {
                roots.push((path.clone(), Place::Tests));
            }
            _ => {}
        }
    }
    roots
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path in a package, with `.` and `..` taken in; what leads out of the package stays inside.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
