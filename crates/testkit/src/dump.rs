//! The database dump of a registry that was never published, in the layout of any day since October 2024.
//!
//! Crates, releases, dependencies and owners are those of [`Synthetic`], so the dump tells what its index files tell. What
//! is made up beside:
//!
//! * each cluster of owners is a user of the same number plus one; a tenth of the crates belongs to a team, too, whose numbers
//!   are also those of users;
//! * a release is published by one of its owners of then; nothing was written down before [`RECORDED_SINCE`]; a sixth of the
//!   crates is published by CI alone since [`CI_SINCE`];
//! * crate 0 has the four malformed versions that crates.io has, and crate 1 three malformed requirements;
//! * releases that a test [publishes](MadeUp::publish) beside those of the registry, by whomever it likes;
//! * texts with commas, quotes and breaks of lines; rows that are not in the order of their numbers; tables that nobody
//!   reads, with a row each.
//!
//! A layout follows the day alone, so one registry can be told in all of [`LAYOUTS`].

mod layout;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use fence_model::{Digest, Time};
use fence_registry::graph::Ownership;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::synthetic::{Need, Release, Synthetic};
use layout::{Layout, TABLES};

pub use layout::LAYOUTS;

/// Since when publishers are written down: 2019-02-12.
pub const RECORDED_SINCE: Time = Time::from_unix(1_549_929_600);
/// Since when some crates are published by CI: 2025-07-11.
pub const CI_SINCE: Time = Time::from_unix(1_752_192_000);
/// What semver does not read, and crates.io has.
pub const MALFORMED_VERSIONS: [&str; 4] = ["0.0.1-001", "0.3.0-alpha.01", "0.4.0-alpha.00", "0.4.0-alpha.01"];
/// Likewise; these are made up.
pub const MALFORMED_REQUIREMENTS: [&str; 3] = ["^0-.11.0", "0.3.23 .*", ">= 0.0.1 < 0.2.0 or so"];

/// A dump of a registry.
#[derive(Debug)]
pub struct MadeUp<'r> {
    registry: &'r Synthetic,
    layout: Layout,
    /// How many releases come before those of each crate.
    before: Vec<u32>,
    /// What was published beside.
    beside: Vec<Beside>,
}

/// A release beside those of the registry, which depends on nothing.
#[derive(Debug)]
struct Beside {
    number: u32,
    release: Release,
    by: Option<u32>,
}

/// A field, before PostgreSQL writes it.
enum Field<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(u64),
    Flag(bool),
    At(Time),
}

use Field::{At, Flag, Null, Number};

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Field<'a> {
    Field::Text(text.into())
}

impl<'r> MadeUp<'r> {
    /// The dump of a registry in the layout of a day, such as `2026-10-12`.
    pub fn of(registry: &'r Synthetic, day: &str) -> Self {
        assert!(registry.crates() > 2, "crates 0 and 1 have what is malformed");
        let mut before = Vec::with_capacity(registry.crates() as usize + 1);
        let mut sum = 0;
        for number in 0..registry.crates() {
            before.push(sum);
            sum += registry.releases(number);
        }
        before.push(sum);
        Self { registry, layout: Layout::of(day), before, beside: Vec::new() }
    }

    /// Publishes one more release of a crate, by the user of that number or by CI, and gives its digest.
    pub fn publish(&mut self, number: u32, version: &str, published: Time, by: Option<u32>) -> Digest {
        let mut digest = [0xbe; 32];
        digest[31] = u8::try_from(self.beside.len()).expect("a few releases");
        let (version, digest) = (version.to_owned(), Digest(digest));
        let release = Release { version, published, yanked: false, digest, needs: 0 };
        self.beside.push(Beside { number, release, by });
        digest
    }

    /// The index file of a crate, with what was published beside.
    pub fn index_file(&self, number: u32) -> Vec<u8> {
        let mut file = self.registry.index_file(number);
        let name = Synthetic::name(number);
        for Beside { release: Release { version, published, digest, .. }, .. } in self.beside_of(number) {
            let line = format!(
                r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{digest}","features":{{}},"yanked":false,"pubtime":"{published}"}}"#
            );
            file.extend_from_slice((line + "\n").as_bytes());
        }
        file
    }

    fn beside_of(&self, number: u32) -> impl Iterator<Item = &Beside> {
        self.beside.iter().filter(move |one| one.number == number)
    }

    /// The tables of this layout, in the order of the archive.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        TABLES.iter().filter(|table| self.layout.has(table)).map(|table| table.name)
    }

    /// `metadata.json`.
    pub fn metadata(&self) -> String {
        let (day, time) = self.moment();
        format!(
            "{{\n  \"timestamp\": \"{day}T{time}.417Z\",\n  \"crates_io_commit\": \"{:040x}\"\n}}\n",
            self.registry.crates()
        )
    }

    fn moment(&self) -> (String, String) {
        let written = self.registry.as_of().to_string();
        (written[..10].to_owned(), written[11..19].to_owned())
    }

    /// A table as CSV.
    ///
    /// # Panics
    /// If no layout has such a table.
    pub fn table(&self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let table =
            TABLES.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"));
        let columns: Vec<&str> =
            table.columns.iter().filter(|c| self.layout.shows(c)).map(|c| c.name).collect();
        writeln!(out, "{}", columns.join(","))?;
        let mut rows = Rows { layout: &self.layout, columns: table.columns, line: String::new(), out };
        match name {
            "users" => self.users(&mut rows),
            "oauth_github" => self.oauth_github(&mut rows),
            "teams" => self.teams(&mut rows),
            "crates" => self.crates(&mut rows),
            "crate_owners" => self.crate_owners(&mut rows),
            "deleted_crates" => self.deleted_crates(&mut rows),
            "versions" => self.versions(&mut rows),
            "dependencies" => self.dependencies(&mut rows),
            _ => {
                let fields: Vec<Field<'_>> = table.columns.iter().map(|_| Number(1)).collect();
                rows.write(&fields)
            }
        }
    }

    /// The whole archive, as crates.io has it: `.tar.gz`, with everything below one folder.
    pub fn archive(&self, out: impl Write) -> io::Result<()> {
        let mut gz = GzEncoder::new(out, Compression::fast());
        let (day, time) = self.moment();
        let root = format!("{day}-{}", time.replace(':', ""));
        entry(&mut gz, &format!("{root}/"), 0)?;
        let plain = [
            ("README.md", "# Dump\n".to_owned()),
            ("export.sql", "BEGIN;\n".to_owned()),
            ("import.sql", "BEGIN;\n".to_owned()),
            ("metadata.json", self.metadata()),
            ("schema.sql", "-- tables\n".to_owned()),
        ];
        for (name, text) in plain {
            entry(&mut gz, &format!("{root}/{name}"), text.len() as u64)?;
            gz.write_all(text.as_bytes())?;
            pad(&mut gz, text.len() as u64)?;
        }
        entry(&mut gz, &format!("{root}/data/"), 0)?;
        for name in self.tables() {
            // A header tells the size, so each table is made twice.
            let mut counted = Counted(0);
            self.table(name, &mut counted)?;
            entry(&mut gz, &format!("{root}/data/{name}.csv"), counted.0)?;
            self.table(name, &mut gz)?;
            pad(&mut gz, counted.0)?;
        }
        gz.write_all(&[0; 1024])?;
        gz.finish()?.flush()
    }

    /// The dump as it lies unpacked, in this folder.
    pub fn unpack(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder.join("data"))?;
        std::fs::write(folder.join("metadata.json"), self.metadata())?;
        for name in self.tables() {
            let mut table = BufWriter::new(File::create(folder.join(format!("data/{name}.csv")))?);
            self.table(name, &mut table)?;
            table.flush()?;
        }
        Ok(())
    }

    /// All crates, each beside its neighbour and in the place of it.
    fn numbers(&self) -> impl Iterator<Item = u32> {
        let end = self.registry.crates();
        (0..end).map(move |at| if at ^ 1 < end { at ^ 1 } else { at })
    }

    fn users(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        for cluster in (0..self.registry.clusters()).rev() {
            let (id, login) = (u64::from(user(cluster)), login(cluster));
            rows.write(&[
                At(RECORDED_SINCE),
                text(format!("https://avatars.example/{id}")),
                Number(id + 1_000_000),
                text(&*login),
                Number(id),
                if cluster % 3 == 0 { Null } else { text(format!("Person \"{cluster}\", of that name")) },
                text(&*login),
            ])?;
        }
        Ok(())
    }

    fn oauth_github(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        // Some have an account, and neither own nor published anything.
        for cluster in 0..self.registry.clusters() + 5 {
            let id = u64::from(user(cluster));
            rows.write(&[Number(id + 1_000_000), Null, text(login(cluster)), Number(id)])?;
        }
        Ok(())
    }

    fn teams(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        for team in 1..=self.all_teams() {
            let login = format!("github:org-{}:team-{team}", team / 2);
            let (id, org) = (u64::from(team), u64::from(team / 2));
            rows.write(&[Null, Number(id + 50_000), Number(id), text(login), Null, Number(org + 70_000)])?;
        }
        Ok(())
    }

    fn crates(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        for number in self.numbers() {
            let first = self.registry.published(number)[0];
            let description = if number % 7 == 0 {
                text(format!("Crate \"{number}\",\nof several lines"))
            } else {
                text(format!("A crate, the {number}th"))
            };
            rows.write(&[
                At(first),
                description,
                Null,
                if number % 5 == 0 { text("") } else { Null },
                Number(crate_id(number)),
                Null,
                Null,
                text(Synthetic::name(number)),
                text(format!("# Crate {number}\n\nIt says \"hello, world\".\n")),
                text("https://code.example/crate"),
                Flag(self.by_ci(number) && number % 3 == 0),
                At(self.registry.as_of()),
            ])?;
        }
        Ok(())
    }

    fn crate_owners(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        for number in self.numbers() {
            for owner in self.owners(number).into_iter().rev() {
                let id = u64::from(user(owner.cluster.0));
                rows.write(&[Number(crate_id(number)), At(owner.since), Null, Number(id), Number(0)])?;
            }
            if let Some(team) = self.team(number) {
                let since = self.registry.published(number)[0];
                let id = u64::from(team);
                rows.write(&[Number(crate_id(number)), At(since), Number(1), Number(id), Number(1)])?;
            }
        }
        Ok(())
    }

    fn deleted_crates(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        let as_of = self.registry.as_of();
        for number in 0..self.registry.crates() / 100 + 2 {
            let at = as_of - fence_model::Span::days(i64::from(number % 700));
            rows.write(&[
                At(at + fence_model::Span::days(1)),
                At(RECORDED_SINCE),
                At(at),
                Null,
                Number(u64::from(number) + 1),
                text("spam, \"as told\""),
                text(format!("gone-{number}")),
            ])?;
        }
        Ok(())
    }

    fn versions(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        let malformed = MALFORMED_VERSIONS.iter().zip(1u64..).map(|(version, at)| {
            let release = Release {
                version: (*version).to_owned(),
                published: RECORDED_SINCE - fence_model::Span::days(1_000),
                yanked: true,
                digest: Digest([at as u8; 32]),
                needs: 0,
            };
            (self.releases() + at, release)
        });
        for number in self.numbers() {
            let history = self.registry.history(number, &self.registry.needs(number));
            let (owners, by_ci) = (self.owners(number), self.by_ci(number));
            let mut random = self.registry.random(number, 7);
            for (at, release) in (1..).zip(&history) {
                let then: Vec<u32> = owners
                    .iter()
                    .filter(|owner| owner.since <= release.published)
                    .map(|owner| owner.cluster.0)
                    .collect();
                let of_then = then[(random.part() * then.len() as f64) as usize];
                let nobody = release.published < RECORDED_SINCE || by_ci && release.published >= CI_SINCE;
                let id = u64::from(self.before[number as usize]) + at;
                rows.version(id, number, release, (!nobody).then(|| user(of_then)))?;
            }
            if number == 0 {
                for (id, release) in malformed.clone() {
                    rows.version(id, number, &release, None)?;
                }
            }
        }
        let last = self.releases() + MALFORMED_VERSIONS.len() as u64;
        for (id, Beside { number, release, by }) in (last + 1..).zip(&self.beside) {
            rows.version(id, *number, release, *by)?;
        }
        Ok(())
    }

    fn dependencies(&self, rows: &mut Rows<'_>) -> io::Result<()> {
        let mut id = 0;
        for number in self.numbers() {
            let needs = self.registry.needs(number);
            let first = u64::from(self.before[number as usize]) + 1;
            for (at, release) in self.registry.history(number, &needs).iter().enumerate() {
                for need in &needs[..release.needs] {
                    id += 1;
                    rows.dependency(id, first + at as u64, need)?;
                }
            }
            let odd = |requirement: &str| Need {
                on: 2,
                requirement: requirement.to_owned(),
                kind: "normal",
                optional: false,
                target: None,
            };
            match number {
                // Of versions that nobody can read.
                0 => {
                    for at in 1..=MALFORMED_VERSIONS.len() as u64 {
                        id += 1;
                        rows.dependency(id, self.releases() + at, &odd("^0.1"))?;
                    }
                }
                1 => {
                    for requirement in MALFORMED_REQUIREMENTS {
                        id += 1;
                        rows.dependency(id, first, &odd(requirement))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How many releases there are, without those that are malformed.
    fn releases(&self) -> u64 {
        self.before[self.registry.crates() as usize].into()
    }

    fn by_ci(&self, number: u32) -> bool {
        self.registry.random(number, 6).part() < 1.0 / 6.0
    }

    /// The users who own a crate, each once.
    fn owners(&self, number: u32) -> Vec<Ownership> {
        let mut owners: Vec<Ownership> =
            self.registry.owners(number).into_iter().map(|(_, owner)| owner).collect();
        owners.sort_unstable();
        owners.dedup_by_key(|owner| owner.cluster);
        owners
    }

    fn all_teams(&self) -> u32 {
        self.registry.clusters() / 20 + 2
    }

    fn team(&self, number: u32) -> Option<u32> {
        (number % 10 == 3).then(|| number / 10 % self.all_teams() + 1)
    }
}

fn crate_id(number: u32) -> u64 {
    u64::from(number) * 2 + 5
}

fn user(cluster: u32) -> u32 {
    cluster + 1
}

fn login(cluster: u32) -> String {
    format!("person-{cluster}")
}

/// Rows of one table on their way out.
struct Rows<'a> {
    layout: &'a Layout,
    columns: &'static [layout::Column],
    line: String,
    out: &'a mut dyn Write,
}

impl Rows<'_> {
    /// A row: a field for each column that any layout has.
    fn write(&mut self, fields: &[Field<'_>]) -> io::Result<()> {
        use std::fmt::Write as _;
        assert_eq!(fields.len(), self.columns.len(), "a field for each column");
        self.line.clear();
        for (field, _) in fields.iter().zip(self.columns).filter(|(_, column)| self.layout.shows(column)) {
            let line = &mut self.line;
            // Into a string: it cannot fail.
            let _ = match field {
                Null => Ok(()),
                Number(number) => write!(line, "{number}"),
                Flag(flag) => line.write_char(if *flag { 't' } else { 'f' }),
                At(time) => self.layout.time(*time, line),
                Field::Text(text) if text.is_empty() || text.contains(['"', ',', '\n', '\r']) => {
                    write!(line, "\"{}\"", text.replace('"', "\"\""))
                }
                Field::Text(text) => line.write_str(text),
            };
            self.line.push(',');
        }
        self.line.pop();
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    fn version(&mut self, id: u64, number: u32, release: &Release, by: Option<u32>) -> io::Result<()> {
        let digest = release.digest.to_string();
        let dated = release.published + fence_model::Span::days(3);
        self.write(&[
            text("{}"),
            text("{}"),
            text(&*digest),
            Number(crate_id(number)),
            Number(12_345),
            At(release.published),
            text(format!("A crate, the {number}th")),
            Null,
            Number(0),
            text("2021"),
            text(r#"{"std": [], "default": ["std"]}"#),
            Flag(true),
            Null,
            Number(id),
            text("{one,\"two words\"}"),
            text("MIT OR Apache-2.0"),
            Null,
            text(&*release.version),
            text(&*release.version),
            by.map_or(Null, |by| Number(by.into())),
            text("https://code.example/crate"),
            Null,
            text(format!("\\x{digest}")),
            At(dated),
            Flag(release.yanked),
            Null,
            Null,
        ])
    }

    fn dependency(&mut self, id: u64, version: u64, need: &Need) -> io::Result<()> {
        let kind = match need.kind {
            "normal" => 0,
            "build" => 1,
            _ => 2,
        };
        self.write(&[
            Number(crate_id(need.on)),
            Flag(true),
            Null,
            text("{}"),
            Number(id),
            Number(kind),
            Flag(need.optional),
            text(&*need.requirement),
            need.target.map_or(Null, text),
            Number(version),
        ])
    }
}

struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn entry(out: &mut dyn Write, path: &str, size: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_path(path)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(if path.ends_with('/') {
        tar::EntryType::Directory
    } else {
        tar::EntryType::Regular
    });
    header.set_cksum();
    out.write_all(header.as_bytes())
}

fn pad(out: &mut dyn Write, size: u64) -> io::Result<()> {
    out.write_all(&[0; 512][..(size.next_multiple_of(512) - size) as usize])
}
