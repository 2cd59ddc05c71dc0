//! A package read as a whole: which file is which module, where it runs, what paths mean, and who calls whom.
//!
//! Files are followed from the roots that the manifest names or cargo finds: `mod`, `#[path]`, `include!`. A Rust file
//! that nothing leads to is taken for normal code: a macro or a build script may lead there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::manifest::{Build, Manifest};
use crate::package::{Package, extension, is_of_tests};
use crate::report::Place;
use crate::sign::{self, Sign, Signs};
use crate::source::{Form, PathUse, Scratch, Source, UnitKind, read};
use crate::word::{self, Word, Words};

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
struct Module {
    parent: u32,
    root: u32,
    children: FxHashMap<Word, u32>,
    /// Names that stand for paths: part and import.
    imports: FxHashMap<Word, Vec<(u32, u32)>>,
    globs: Vec<(u32, u32)>,
}

/// All Rust code of a package.
pub(crate) struct Code<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) words: Words<'a>,
    /// Each unit's part and its place in it.
    pub(crate) units: Vec<(u32, u32)>,
    /// Whom each unit leads to, sorted.
    pub(crate) edges: Lists,
    /// Crates outside that paths name, with a first place: to tell which dependencies are used.
    pub(crate) outside: BTreeMap<String, (u32, u32)>,
    /// Paths below which code was seen: `std::process::Command`, for each mark of a unit.
    pub(crate) through: FxHashMap<(u32, u32), String>,
    modules: Vec<Module>,
    /// The units of each name, in their order.
    by_name: Lists,
    /// Dependencies that the code may name, by the names that it has for them.
    dependencies: FxHashMap<Word, Dependency>,
}

/// A package that code may name.
struct Dependency {
    /// Its own name, as code would write it.
    package: String,
    known: Known,
}

/// What is known of a package outside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The table has paths of it, which begin with that word.
    Paths(Word),
    /// It declares another language's functions, as its name says.
    Foreign,
    Nothing,
}

impl Known {
    fn of(package: &[u8]) -> Self {
        match word::known(package).filter(|word| sign::paths().has_root(*word)) {
            Some(root) => Self::Paths(root),
            None if sign::is_foreign_package(package) => Self::Foreign,
            None => Self::Nothing,
        }
    }
}

/// A list of numbers for each of many numbers, in one piece of memory.
#[derive(Default)]
pub(crate) struct Lists {
    /// Where each list begins; and where the last ends.
    begins: Vec<u32>,
    all: Vec<u32>,
}

impl Lists {
    /// For each number that lists have the lists that have it.
    pub(crate) fn reversed(&self) -> Self {
        let lists = self.begins.len().saturating_sub(1);
        let pairs = (0..lists as u32).flat_map(|from| self.list(from).iter().map(move |to| (*to, from)));
        let mut pairs: Vec<(u32, u32)> = pairs.collect();
        pairs.sort_unstable();
        Self::of(pairs.into_iter(), lists)
    }

    /// Of pairs that are sorted by their first.
    fn of(pairs: impl Iterator<Item = (u32, u32)>, lists: usize) -> Self {
        let mut begins = Vec::with_capacity(lists + 1);
        let mut all = Vec::new();
        for (list, number) in pairs {
            while begins.len() <= list as usize {
                begins.push(all.len() as u32);
            }
            all.push(number);
        }
        begins.resize(lists + 1, all.len() as u32);
        Self { begins, all }
    }

    pub(crate) fn list(&self, number: u32) -> &[u32] {
        match self.begins.get(number as usize..number as usize + 2) {
            Some([begin, end]) => &self.all[*begin as usize..*end as usize],
            _ => &[],
        }
    }
}

/// What a path was found to lead to.
struct Found {
    leads: Vec<Leads>,
    /// Paths in the making: that which is asked for, and what imports make of it.
    words: Vec<Word>,
    /// Steps that are left: globs of globs could take for ever.
    fuel: u32,
}

/// What a path leads to.
enum Leads {
    /// Out of the package, to what the table may know.
    Outside(Vec<Word>),
    /// Out of the package, to one of declarations that the table does not know; begins as the code calls it.
    Foreign(Vec<Word>),
    /// Out of the package, to a crate that the table does not know.
    Elsewhere(Word),
    /// To something of that name, of that owner or module, in the package.
    Inside(Word, Word),
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
            words: Words::known(),
            units: Vec::new(),
            edges: Lists::default(),
            outside: BTreeMap::new(),
            through: FxHashMap::default(),
            modules: Vec::new(),
            by_name: Lists::default(),
            dependencies: FxHashMap::default(),
        };
        let mut scratch = Scratch::new();
        let rust = package.files().filter(|(path, _)| extension(path) == "rs");
        let mut by_path: FxHashMap<&str, u32> = FxHashMap::default();
        for (path, bytes) in rust {
            by_path.insert(path, code.parts.len() as u32);
            code.add_part(path, bytes, &mut scratch);
        }
        code.follow(package, manifest, &mut by_path, &mut scratch);
        // The rest of it is not small, and only reading needs it.
        code.words = { scratch }.words;
        for (name, dependency) in &manifest.dependencies {
            // What no code names needs no word.
            if let Some(word) = code.words.find(name.as_bytes()) {
                let package = dependency.package.replace('-', "_");
                let known = Known::of(package.as_bytes());
                code.dependencies.insert(word, Dependency { package, known });
            }
        }
        code.number_units();
        code.resolve();
        for part in &mut code.parts {
            part.source.settle();
        }
        code.forget_paths();
        code
    }

    /// Forgets all paths but those that name a constant: nothing else asks for them once they are resolved.
    fn forget_paths(&mut self) {
        let mut is_constant = vec![false; self.words.len()];
        for part in &self.parts {
            for unit in part.source.units.iter().filter(|unit| unit.kind == UnitKind::Constant) {
                is_constant[unit.name.0 as usize] = true;
            }
        }
        for part in &mut self.parts {
            part.source.forget_paths(|word| is_constant[word.0 as usize]);
        }
    }

    fn add_part(&mut self, path: &'a str, text: &'a [u8], scratch: &mut Scratch<'a>) -> u32 {
        let index = self.parts.len() as u32;
        let source = read(text, scratch);
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

    /// What is known of a package of that very name.
    fn known(&self, name: Word) -> Known {
        if sign::paths().has_root(name) {
            Known::Paths(name)
        } else if sign::is_foreign_package(self.words.text(name)) {
            Known::Foreign
        } else {
            Known::Nothing
        }
    }

    /// Whom a unit leads to, sorted.
    pub(crate) fn edges(&self, unit: u32) -> &[u32] {
        self.edges.list(unit)
    }

    /// The part that a file is, read when something first leads to it; nothing where the package has no such file.
    fn part_at(
        &mut self,
        path: &str,
        package: &'a Package,
        by_path: &mut FxHashMap<&'a str, u32>,
        scratch: &mut Scratch<'a>,
    ) -> Option<u32> {
        if let Some(part) = by_path.get(path) {
            return Some(*part);
        }
        let (path, bytes) = package.entry(path)?;
        let part = self.add_part(path, bytes, scratch);
        by_path.insert(path, part);
        Some(part)
    }

    /// Follows all files from the roots, and says of each where it runs.
    fn follow(
        &mut self,
        package: &'a Package,
        manifest: &Manifest,
        by_path: &mut FxHashMap<&'a str, u32>,
        scratch: &mut Scratch<'a>,
    ) {
        let mut waiting: Vec<(u32, Place, Option<u32>)> = Vec::new();
        for (path, place) in roots(package, manifest) {
            if let Some(part) = self.part_at(&path, package, by_path, scratch) {
                // A root that is called like no source is one that was not to be looked at.
                if extension(&path) != "rs" {
                    self.parts[part as usize].source.mark(0, Sign::IncludesOdd, 0, 1);
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
                self.next_files(part, place, package, by_path, scratch, &mut waiting);
            }
            // What nothing leads to.
            let Some(left) = self.parts.iter().position(|part| part.places == Places::default()) else {
                break;
            };
            // What lies beside the sources is a tool of the project, not of those who use the crate.
            let path = self.parts[left].path;
            let beside =
                !path.starts_with("src/") && path != "build.rs" && package.file("src/lib.rs").is_some();
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
            if import.name == word::NONE {
                module.globs.push((part, index as u32));
            } else {
                module.imports.entry(import.name).or_default().push((part, index as u32));
            }
        }
        self.parts[part as usize].modules = places;
    }

    fn child(&mut self, parent: u32, name: Word) -> u32 {
        if let Some(child) = self.modules[parent as usize].children.get(&name) {
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
        scratch: &mut Scratch<'a>,
        waiting: &mut Vec<(u32, Place, Option<u32>)>,
    ) {
        let path = self.parts[part as usize].path;
        let folder = folder_of(path);
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs");
        let owns_folder = self.parts[part as usize].is_root || matches!(stem, "mod" | "lib" | "main");
        for child in self.parts[part as usize].source.children.clone() {
            let mut base = if owns_folder { folder.to_owned() } else { joined(folder, stem) };
            for name in self.module_names(part, child.module, scratch) {
                base = joined(&base, &name);
            }
            let name = scratch.words.shown(child.name);
            let usual = [joined(&base, &format!("{name}.rs")), joined(&base, &format!("{name}/mod.rs"))];
            let said = child.paths.iter().flat_map(|path| [joined(folder, path), joined(&base, path)]);
            let candidates: Vec<String> = said.chain(usual).collect();
            let place = if child.is_test && !place.is_build() { Place::Tests } else { place };
            for candidate in candidates {
                if let Some(found) = self.part_at(&candidate, package, by_path, scratch) {
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
            if let Some(found) = self.part_at(&target, package, by_path, scratch) {
                let module = self.parts[part as usize].modules[0];
                waiting.push((found, place, Some(module)));
            } else {
                // Code from a file that is not said, or not there.
                let source = &mut self.parts[part as usize].source;
                source.mark(include.unit, Sign::IncludesOdd, include.start, include.end);
            }
        }
    }

    /// The names of the inline modules around one, outermost first.
    fn module_names(&self, part: u32, module: u32, scratch: &Scratch<'_>) -> Vec<String> {
        let modules = &self.parts[part as usize].source.modules;
        let mut names = Vec::new();
        let mut at = module;
        // No file is nested deeper by people.
        while at != 0 && names.len() < 32 {
            names.push(scratch.words.shown(modules[at as usize].name).into_owned());
            at = modules[at as usize].parent;
        }
        names.reverse();
        names
    }

    fn number_units(&mut self) {
        let mut named = Vec::new();
        for (index, part) in self.parts.iter_mut().enumerate() {
            part.first_unit = self.units.len() as u32;
            for (unit, of) in part.source.units.iter().enumerate() {
                let number = self.units.len() as u32;
                self.units.push((index as u32, unit as u32));
                if !matches!(of.kind, UnitKind::File) && of.name != word::NONE {
                    named.push((of.name.0, number));
                }
            }
        }
        named.sort_unstable();
        self.by_name = Lists::of(named.into_iter(), self.words.len());
    }

    /// Finds what all paths lead to, and marks and joins units accordingly.
    fn resolve(&mut self) {
        let mut found = Found { leads: Vec::new(), words: Vec::new(), fuel: 0 };
        let mut marks: Vec<(Signs, PathUse)> = Vec::new();
        let mut through = FxHashMap::default();
        let mut edges: Vec<(u32, u32)> = Vec::new();
        // Crates outside that were met, by their roots in the table and by their names in the code.
        let mut met: [FxHashSet<Word>; 2] = Default::default();
        let mut outside: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for index in 0..self.parts.len() {
            let part = &self.parts[index];
            for path in &part.source.paths {
                let segments = part.source.segments(path.first, path.count);
                let unit = part.first_unit + path.unit;
                if path.form == Form::Method {
                    self.join(unit, segments[0], word::NONE, true, &mut edges);
                    continue;
                }
                let module = part.modules[part.source.units[path.unit as usize].module as usize];
                found.leads.clear();
                found.words.clear();
                found.words.extend_from_slice(segments);
                found.fuel = FUEL;
                self.lead(module, 0, 0, &mut found);
                let at = (index as u32, path.start);
                for leads in found.leads.drain(..) {
                    match leads {
                        Leads::Outside(path_outside) => {
                            if let Some(signs) = sign::paths().signs(&path_outside)
                                && signs != Signs::NONE
                            {
                                marks.push((signs, *path));
                                through.insert(at, self.shown(&path_outside));
                            }
                            let root = path_outside[0];
                            if !matches!(root, word::STD | word::CORE | word::ALLOC) && met[0].insert(root) {
                                outside.entry(self.words.shown(root).into_owned()).or_insert(at);
                            }
                        }
                        Leads::Foreign(path_outside) => {
                            let root = path_outside[0];
                            marks.push((sign::OF_FOREIGN_PACKAGES, *path));
                            let below = self.shown(&path_outside[1..]);
                            let separator = if below.is_empty() { "" } else { "::" };
                            through.insert(at, format!("{}{separator}{below}", self.package_of(root)));
                            if met[1].insert(root) {
                                outside.entry(self.package_of(root).into_owned()).or_insert(at);
                            }
                        }
                        Leads::Elsewhere(name) => {
                            if met[1].insert(name) {
                                outside.entry(self.package_of(name).into_owned()).or_insert(at);
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
            for (signs, path) in marks.drain(..) {
                for sign in signs.iter() {
                    self.parts[index].source.mark(path.unit, sign, path.start, path.end);
                }
            }
        }
        edges.retain(|(from, to)| from != to);
        edges.sort_unstable();
        edges.dedup();
        self.edges = Lists::of(edges.into_iter(), self.units.len());
        self.through = through;
        self.outside = outside;
    }

    /// The package that the code calls so.
    fn package_of(&self, name: Word) -> Cow<'_, str> {
        match self.dependencies.get(&name) {
            Some(dependency) => Cow::Borrowed(dependency.package.as_str()),
            None => self.words.shown(name),
        }
    }

    /// A path as people write it.
    fn shown(&self, path: &[Word]) -> String {
        let words: Vec<_> = path.iter().map(|word| self.words.shown(*word)).collect();
        words.join("::")
    }

    /// Joins a unit to those that a name means.
    fn join(&self, from: u32, name: Word, owner: Word, is_method: bool, edges: &mut Vec<(u32, u32)>) {
        let namesakes = self.by_name.list(name.0);
        if namesakes.is_empty() {
            return;
        }
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
        let asked = if namesakes.len() <= MANY { namesakes } else { near };
        if self.words.text(owner).first().is_some_and(u8::is_ascii_uppercase) {
            let before = edges.len();
            edges.extend(asked.iter().take(MANY).filter(of_owner).take(NAMESAKES).map(|to| (from, *to)));
            if edges.len() > before {
                return;
            }
        }
        // In the same file first: a common name means the nearest.
        let of = if near.is_empty() || is_method { namesakes } else { near };
        if of.len() <= NAMESAKES {
            edges.extend(of.iter().map(|to| (from, *to)));
        }
    }

    /// Finds what a path leads to from a module: that which begins at `begin` of [`Found::words`].
    fn lead(&self, module: u32, begin: usize, steps: u32, found: &mut Found) {
        let Some(name) = found.words.get(begin).copied() else {
            return;
        };
        if steps > STEPS || found.leads.len() > 8 || found.fuel == 0 {
            return;
        }
        found.fuel -= 1;
        let rest = begin + 1;
        let of = &self.modules[module as usize];
        match name {
            word::STD | word::CORE | word::ALLOC => found.outside(name, rest),
            word::CRATE => self.lead_inside(of.root, rest, begin, steps, found),
            word::SELF => self.lead_inside(module, rest, begin, steps, found),
            word::SUPER => self.lead_inside(of.parent, rest, begin, steps, found),
            _ => {
                let is_path = rest < found.words.len();
                let child = of.children.get(&name);
                let dependency = self.dependencies.get(&name).filter(|_| is_path);
                // A module or import of a dependency's name does not hide the dependency: `::name` still means that.
                if let Some(dependency) = dependency.filter(|dependency| dependency.known != Known::Nothing)
                    && (child.is_some() || of.imports.contains_key(&name))
                {
                    found.elsewhere(dependency.known, begin);
                }
                if self.lead_imported(module, begin, rest, steps, found) {
                    return;
                }
                if let Some(child) = child {
                    self.lead_inside(*child, rest, begin, steps, found);
                } else if let Some(dependency) = dependency {
                    found.elsewhere(dependency.known, begin);
                } else if is_path
                    && self.known(name) != Known::Nothing
                    && self.by_name.list(name.0).is_empty()
                {
                    found.elsewhere(self.known(name), begin);
                } else {
                    let before = found.leads.len();
                    self.lead_by_globs(module, begin, steps, found);
                    if found.leads.len() == before {
                        found.inside(begin);
                    }
                }
            }
        }
    }

    /// Below a module of the package, from `begin`; the whole path begins at `whole`.
    fn lead_inside(&self, module: u32, begin: usize, whole: usize, steps: u32, found: &mut Found) {
        let Some(name) = found.words.get(begin).copied() else {
            return;
        };
        if steps > STEPS {
            return;
        }
        let rest = begin + 1;
        let of = &self.modules[module as usize];
        if name == word::SUPER {
            return self.lead_inside(of.parent, rest, whole, steps + 1, found);
        }
        if let Some(child) = of.children.get(&name).filter(|_| rest < found.words.len()) {
            return self.lead_inside(*child, rest, whole, steps + 1, found);
        }
        if self.lead_imported(module, begin, rest, steps, found) {
            return;
        }
        let before = found.leads.len();
        self.lead_by_globs(module, begin, steps, found);
        if found.leads.len() == before {
            found.inside(whole);
        }
    }

    /// Through a name that a module imports, or that one around it does; says whether there is one.
    fn lead_imported(&self, module: u32, begin: usize, rest: usize, steps: u32, found: &mut Found) -> bool {
        let name = found.words[begin];
        let mut at = module;
        for _ in 0..8 {
            if let Some(imports) = self.modules[at as usize].imports.get(&name) {
                for (part, import) in imports.iter().take(32) {
                    let source = &self.parts[*part as usize].source;
                    let import = source.imports[*import as usize];
                    let path = source.segments(import.first, import.count);
                    // `use log;` and `extern crate log;` name a crate, not themselves.
                    if path == [name] {
                        let dependency = self.dependencies.get(&name);
                        let known = dependency.map_or_else(|| self.known(name), |of| of.known);
                        found.elsewhere(known, begin);
                        continue;
                    }
                    // From where it was imported, which for `use` is the module itself.
                    found.with(path, rest, |whole, found| self.lead(at, whole, steps + 1, found));
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

    fn lead_by_globs(&self, module: u32, begin: usize, steps: u32, found: &mut Found) {
        if steps > 4 {
            return;
        }
        for (part, import) in self.modules[module as usize].globs.iter().take(64) {
            if found.fuel == 0 {
                return;
            }
            let source = &self.parts[*part as usize].source;
            let import = source.imports[*import as usize];
            let path = source.segments(import.first, import.count);
            let name = found.words[begin];
            let had = std::mem::take(&mut found.leads);
            // A glob that leads into the same module again is no way.
            found.with(path, begin, |whole, found| self.lead(module, whole, steps + 3, found));
            let tried = std::mem::replace(&mut found.leads, had);
            // Outside, only what the table knows is there.
            found.leads.extend(tried.into_iter().filter(|leads| match leads {
                Leads::Outside(path) => self.is_known_below_glob(path, name),
                Leads::Inside(..) | Leads::Elsewhere(_) | Leads::Foreign(_) => false,
            }));
        }
    }

    /// Whether the table has a line for the first part of a path that is called so, and the path bears something.
    fn is_known_below_glob(&self, path: &[Word], name: Word) -> bool {
        let bears = sign::paths().signs(path).is_some_and(|signs| signs != Signs::NONE);
        let name = self.words.text(name);
        let below = path.iter().skip(1).position(|word| self.words.text(*word).starts_with(name));
        bears && below.is_some_and(|at| sign::paths().line(&path[..at + 2]).is_some())
    }
}

impl Found {
    /// Does something with a path, and what comes from `rest` on of those in the making; gives it where that begins.
    fn with(&mut self, path: &[Word], rest: usize, then: impl FnOnce(usize, &mut Self)) {
        let begin = self.words.len();
        self.words.extend_from_slice(path);
        self.words.extend_from_within(rest..begin);
        then(begin, self);
        self.words.truncate(begin);
    }

    /// Out of the package, below that root.
    fn outside(&mut self, root: Word, rest: usize) {
        let rest = &self.words[rest..];
        // `core` and `alloc` show what `std` does; the table says most under `std`.
        let is_of_std = matches!(root, word::CORE | word::ALLOC)
            && matches!(rest.first(), Some(&(word::NET | word::STR | word::MEM | word::STRING | word::CHAR)));
        let root = if is_of_std { word::STD } else { root };
        self.leads.push(Leads::Outside(std::iter::once(root).chain(rest.iter().copied()).collect()));
    }

    /// Out of the package, with the path where something is known of it; its name stands at `begin`.
    fn elsewhere(&mut self, known: Known, begin: usize) {
        match known {
            Known::Paths(root) => self.outside(root, begin + 1),
            Known::Foreign => self.leads.push(Leads::Foreign(self.words[begin..].to_vec())),
            Known::Nothing => self.leads.push(Leads::Elsewhere(self.words[begin])),
        }
    }

    /// In the package, wherever something of that name is.
    fn inside(&mut self, begin: usize) {
        let path = &self.words[begin..];
        let name = path.last().copied().unwrap_or_default();
        let owner = path.len().checked_sub(2).map(|at| path[at]).unwrap_or_default();
        self.leads.push(Leads::Inside(owner, name));
    }
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
    for (path, _) in package.files() {
        let mut parts = path.split('/');
        let (first, rest) = (parts.next().unwrap_or_default(), path.split('/').count());
        match first {
            "src"
                if extension(path) == "rs"
                    && path.starts_with("src/bin/")
                    && (rest == 3 || path.ends_with("/main.rs") && rest == 4) =>
            {
                roots.push((path.to_owned(), Place::Normal));
            }
            "tests" | "examples" | "benches"
                if extension(path) == "rs" && rest == 2 || (rest == 3 && path.ends_with("/main.rs")) =>
            {
                roots.push((path.to_owned(), Place::Tests));
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
