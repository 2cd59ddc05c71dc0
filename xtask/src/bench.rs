//! `cargo xtask bench …`: speed and memory of whole processes, beside the peers that are installed.
//!
//! To the real data that are [laid out](crate::laid_out) comes for each project its lockfile and a policy that names
//! all of them. Then all subjects run in turn, round by round, so that a busy moment of the machine falls on all of
//! them. `FENCE_CHECKOUTS` may name a folder with checkouts (`wasmtime`, …) for the peers that need manifests. The
//! fence as a registry has a room of its own, [`proxy`].

mod load;
pub(crate) mod proxy;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::laid_out::{self, LaidOut, emptied};
use crate::measure::{self, Subject, Times};
use crate::run;

/// The projects that are measured: one of the size that the limits speak of, and the largest at hand.
const PROJECTS: [&str; 2] = ["wasmtime", "nushell"];

/// The folder in which cargo-deny 0.20 looks for its copy of the database that it uses by default.
const DENYS_NAME_FOR_RUSTSEC: &str = "advisory-db-3157b0e258782691";

/// Where everything lies.
#[derive(Clone)]
struct Layout {
    program: PathBuf,
    index: PathBuf,
    advisories: PathBuf,
    project: PathBuf,
    cache: PathBuf,
    cold_cache: PathBuf,
    lockfile: PathBuf,
}

/// `check`, warm and cold, against the peers.
pub(crate) fn check(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 40)?;
    let shared = prepare(root, data)?;
    for project in PROJECTS {
        let layout = shared.project(data, project)?;
        let packages = count_packages(&layout.lockfile)?;
        println!("\n{project}.lock, {packages} packages, {rounds} rounds");
        warm(&layout, rounds)?;
        changed(&layout, rounds.min(10))?;
        peers(&layout, project, rounds.min(15))?;
        memory(&layout)?;
    }
    Ok(())
}

/// `exposure`, warm, with all audit sets and with none, against its limit.
pub(crate) fn exposure(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 15)?;
    let shared = prepare(root, data)?;
    for project in PROJECTS {
        let layout = shared.project(data, project)?;
        let packages = count_packages(&layout.lockfile)?;
        println!("\n{project}.lock, {packages} packages, {rounds} rounds");
        let alone = layout.without_audit_sets(&shared.laid_out)?;
        let told = |name, of: &Layout| Subject::new(name, &[0], of.fence(&of.cache, &["exposure"]));
        let subjects = [
            layout.empty(),
            told("exposure, all audit sets", &layout),
            told("exposure, no audit set", &alone),
        ];
        let times = measure::interleaved(&subjects, rounds)?;
        report(&subjects, &times);
        for (subject, own) in subjects.iter().zip(&times).skip(1) {
            let median = own.percentile_ms(50);
            let came_out = if median <= EXPOSURE_MS { "met" } else { "missed" };
            println!("  {}: {median:.0} ms, limit {EXPOSURE_MS:.0} ms: {came_out}", subject.name);
        }
    }
    Ok(())
}

/// The longest that `exposure` of a lockfile of 850 packages may take.
const EXPOSURE_MS: f64 = 1_000.0;

/// `update`: the advisory database and the audit sets compiled from nothing.
pub(crate) fn update(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 10)?;
    let layout = prepare(root, data)?.project(data, "ripgrep")?;
    let cold = layout.cold_cache.clone();
    let fence = layout.fence(&layout.cold_cache, &["update"]);
    let subjects = [
        layout.empty(),
        Subject::new("update, advisory database and audit sets from nothing", &[0, 1], fence)
            .before(move || emptied(&cold)),
    ];
    let times = measure::interleaved(&subjects, rounds)?;
    report(&subjects, &times);
    Ok(())
}

/// `check` with empty caches and the index over the network, against cargo's own index phase on the same lockfile:
/// this workspace, and the checkouts of `FENCE_CHECKOUTS`. The advisories lie on this machine, since cargo has none.
pub(crate) fn cold(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 5)?;
    let shared = prepare(root, data)?;
    let checkouts = std::env::var_os("FENCE_CHECKOUTS").map(PathBuf::from);
    let checkouts = checkouts.iter().flat_map(|folder| PROJECTS.map(|project| folder.join(project)));
    let projects =
        std::iter::once(root.to_owned()).chain(checkouts.filter(|p| p.join("Cargo.toml").exists()));
    for project in projects {
        let packages = count_packages(&project.join("Cargo.lock"))?;
        let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("\n{name}, {packages} packages, {rounds} rounds");
        let home = shared.laid_out.folder.join("caches/cold-cargo-home");
        let cache = shared.laid_out.folder.join("caches/cold");
        let emptied_both = {
            let (home, cache) = (home.clone(), cache.clone());
            move || emptied(&home).and_then(|()| emptied(&cache))
        };
        let cargo = {
            let (project, home) = (project.clone(), home.clone());
            move || {
                let mut command = Command::new("cargo");
                command.args(["update", "--workspace", "--dry-run"]);
                command.current_dir(&project).env("CARGO_HOME", &home);
                command
            }
        };
        let fence = {
            let (program, advisories) = (shared.program.clone(), shared.laid_out.advisories());
            move || {
                let mut command = Command::new(&program);
                command.args(["fence", "check", "--quiet"]);
                command.arg("--feed").arg(format!("rustsec={}", advisories.display()));
                command.current_dir(&project).env("CARGO_HOME", &home).env("CARGO_FENCE_CACHE", &cache);
                command
            }
        };
        let subjects = [
            Subject::new("cargo update --workspace --dry-run", &[0], cargo).before(emptied_both.clone()),
            Subject::new("check, all caches empty, over the network", &[0, 1], fence).before(emptied_both),
        ];
        let times = measure::interleaved(&subjects, rounds)?;
        report(&subjects, &times);
    }
    Ok(())
}

fn warm(layout: &Layout, rounds: usize) -> Result<(), String> {
    let subjects = [layout.empty(), layout.unchanged(), layout.set_up()?.unchanged_since_set_up()];
    let times = measure::interleaved(&subjects, rounds * 5)?;
    report(&subjects, &times);
    Ok(())
}

fn changed(layout: &Layout, rounds: usize) -> Result<(), String> {
    let (cold, index) = (layout.cold_cache.clone(), layout.index.clone());
    let ten = ten_index_files(layout)?;
    let subjects = [
        layout.empty(),
        Subject::new("check, ten index files changed", &[0, 1], layout.fence(&layout.cache, &["check"]))
            .before(move || ten.iter().try_for_each(|path| changed_a_little(&index.join(path)))),
        Subject::new(
            "check, all caches empty, local files",
            &[0, 1],
            layout.fence(&layout.cold_cache, &["check"]),
        )
        .before(move || emptied(&cold)),
    ];
    let times = measure::interleaved(&subjects, rounds)?;
    report(&subjects, &times);
    Ok(())
}

fn peers(layout: &Layout, project: &str, rounds: usize) -> Result<(), String> {
    let mut subjects = vec![layout.unchanged()];
    let checkout = std::env::var_os("FENCE_CHECKOUTS").map(|folder| PathBuf::from(folder).join(project));
    let checkout = checkout.filter(|folder| folder.join("Cargo.toml").exists());

    subjects.extend(layout.cargo_audit());
    if let Some(checkout) = &checkout {
        if is_installed("cargo-deny") {
            let (folder, config) = (checkout.clone(), layout.deny_config()?);
            let deny = move || {
                let mut command = Command::new("cargo-deny");
                command.current_dir(&folder).args(["--offline", "--config"]).arg(&config);
                command.args(["check", "advisories"]);
                command
            };
            subjects.push(Subject::new("cargo-deny --offline check advisories", &[0, 1], deny));
        }
        if is_installed("cargo-vet") && checkout.join("supply-chain").exists() {
            let folder = checkout.clone();
            let vet = move || {
                let mut command = Command::new("cargo-vet");
                command.current_dir(&folder).args(["vet", "--locked", "--frozen"]);
                command
            };
            subjects.push(Subject::new("cargo-vet --locked --frozen", &[0, 255], vet));
        }
    }
    if subjects.len() == 1 {
        println!("  no peer is installed (cargo-audit, cargo-deny, cargo-vet)");
        return Ok(());
    }
    let times = measure::interleaved(&subjects, rounds)?;
    report(&subjects, &times);
    Ok(())
}

fn memory(layout: &Layout) -> Result<(), String> {
    let audit = layout.cargo_audit().map(|subject| (subject, 3));
    for (subject, runs) in [(layout.unchanged(), 20)].into_iter().chain(audit) {
        let (anonymous, resident) = measure::peak_kib(&subject, runs)?;
        println!("  {:<46} {anonymous:>7} KiB anonymous, {resident} KiB resident at most", subject.name);
    }
    Ok(())
}

/// One line per subject: median, 95th percentile, and how it stands to the first.
fn report(subjects: &[Subject], times: &[Times]) {
    for (subject, own) in subjects.iter().zip(times) {
        println!(
            "  {:<46} median {:>8.1} ms, p95 {:>8.1} ms; above the first: median {:>7.1} ms, p95 {:>7.1} ms; ratio {:>6.2}",
            subject.name,
            own.percentile_ms(50),
            own.percentile_ms(95),
            own.above_ms(&times[0], 50),
            own.above_ms(&times[0], 95),
            own.ratio(&times[0]),
        );
    }
}

impl Layout {
    /// A process of the same binary that does nothing.
    fn empty(&self) -> Subject {
        let program = self.program.clone();
        Subject::new("an empty process of the same binary", &[0], move || {
            let mut command = Command::new(&program);
            command.args(["fence", "--version"]);
            command
        })
    }

    /// A check of a project of which nothing changed since the last.
    fn unchanged(&self) -> Subject {
        Subject::new("check, nothing changed", &[0, 1], self.fence(&self.cache, &["check"]))
    }

    /// The same, with a baseline, as projects are after `cargo fence init`.
    fn unchanged_since_set_up(&self) -> Subject {
        Subject::new("check, nothing changed, with a baseline", &[0, 1], self.fence(&self.cache, &["check"]))
    }

    /// The same project beside this one, under another name.
    fn beside(&self, more: &str) -> Result<Self, String> {
        let beside = |path: &Path| {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(more);
            path.with_file_name(name)
        };
        let project = beside(&self.project);
        emptied(&project)?;
        fs::create_dir_all(&project).map_err(|error| error.to_string())?;
        for file in ["Cargo.lock", "Cargo.toml", "fence.toml"] {
            fs::copy(self.project.join(file), project.join(file)).map_err(|error| error.to_string())?;
        }
        let lockfile = project.join("Cargo.lock");
        Ok(Self { project, lockfile, cache: beside(&self.cache), ..self.clone() })
    }

    /// The same project with a policy that trusts nobody.
    fn without_audit_sets(&self, laid_out: &LaidOut) -> Result<Self, String> {
        let alone = self.beside("-alone")?;
        laid_out::write(&alone.project.join("fence.toml"), laid_out.policy_without_audits())?;
        Ok(alone)
    }

    /// The same project beside this one, set up.
    fn set_up(&self) -> Result<Self, String> {
        let set_up = self.beside("-set-up")?;
        run::command(&mut set_up.fence(&set_up.cache, &["init", "--accept-young", "--quiet"])())?;
        Ok(set_up)
    }

    /// cargo-audit on the same lockfile and database, where it is installed.
    fn cargo_audit(&self) -> Option<Subject> {
        let (lockfile, database) = (self.lockfile.clone(), self.advisories.clone());
        is_installed("cargo-audit").then(|| {
            Subject::new("cargo-audit --no-fetch", &[0, 1], move || {
                let mut command = Command::new("cargo-audit");
                command.args(["audit", "--no-fetch", "--stale", "--quiet", "--db"]).arg(&database);
                command.arg("--file").arg(&lockfile);
                command
            })
        })
    }

    /// A configuration under which cargo-deny finds the same database, as its own copy of the one that it knows.
    fn deny_config(&self) -> Result<PathBuf, String> {
        let databases = self.advisories.with_file_name("deny-db");
        let copy = databases.join(DENYS_NAME_FOR_RUSTSEC);
        if !copy.exists() {
            fs::create_dir_all(&databases).map_err(|error| error.to_string())?;
            run::command(Command::new("git").args(["clone", "--quiet"]).arg(&self.advisories).arg(&copy))?;
        }
        let config = self.project.join("deny.toml");
        let text = format!("[advisories]\ndb-path = {:?}\n", databases.display().to_string());
        fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
        Ok(config)
    }

    /// The fence on the project, from local files alone.
    fn fence(&self, cache: &Path, words: &[&str]) -> impl Fn() -> Command + 'static {
        let (program, project, index, cache) =
            (self.program.clone(), self.project.clone(), self.index.clone(), cache.to_owned());
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        move || {
            let mut command = Command::new(&program);
            command.current_dir(&project).env("CARGO_FENCE_CACHE", &cache).arg("fence").args(&words);
            command.arg("--index").arg(&index);
            command
        }
    }
}

/// What all projects share.
struct Shared {
    program: PathBuf,
    laid_out: LaidOut,
}

fn prepare(root: &Path, data: &Path) -> Result<Shared, String> {
    Ok(Shared { program: laid_out::program(root)?, laid_out: LaidOut::of(root, data)? })
}

impl Shared {
    fn project(&self, data: &Path, name: &str) -> Result<Layout, String> {
        let LaidOut { folder, .. } = &self.laid_out;
        let project = folder.join("projects").join(name);
        fs::create_dir_all(&project).map_err(|error| error.to_string())?;
        let lockfile = project.join("Cargo.lock");
        fs::copy(data.join(format!("lockfiles/{name}.lock")), &lockfile)
            .map_err(|error| error.to_string())?;
        // A manifest, so that the folder is a project as cargo sees it.
        fs::write(project.join("Cargo.toml"), "[workspace]\n").map_err(|error| error.to_string())?;
        fs::write(project.join("fence.toml"), self.laid_out.policy()?).map_err(|error| error.to_string())?;
        Ok(Layout {
            program: self.program.clone(),
            index: self.laid_out.index(),
            advisories: self.laid_out.advisories(),
            cache: folder.join("caches").join(name),
            cold_cache: folder.join("caches").join(format!("{name}-cold")),
            project,
            lockfile,
        })
    }
}

fn ten_index_files(layout: &Layout) -> Result<Vec<PathBuf>, String> {
    let text = fs::read_to_string(&layout.lockfile).map_err(|error| error.to_string())?;
    let names = text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let paths = names.map(|name| match name.len() {
        1 => format!("1/{name}"),
        2 => format!("2/{name}"),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    });
    let mut found: Vec<PathBuf> = paths
        .map(|path| PathBuf::from(path.to_lowercase()))
        .filter(|path| layout.index.join(path).exists())
        .collect();
    found.dedup();
    let step = (found.len() / 10).max(1);
    Ok(found.into_iter().step_by(step).take(10).collect())
}

/// The same releases, another length and time: an empty line more or less at the end.
fn changed_a_little(path: &Path) -> Result<(), String> {
    let mut bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes.ends_with(b"\n\n") {
        bytes.pop();
    } else {
        bytes.push(b'\n');
    }
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn count_packages(lockfile: &Path) -> Result<usize, String> {
    let text = fs::read_to_string(lockfile).map_err(|error| error.to_string())?;
    Ok(text.lines().filter(|line| *line == "[[package]]").count())
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn rounds(words: &[&str], default: usize) -> Result<usize, String> {
    match words {
        [] => Ok(default),
        ["--runs", number] => number.parse().map_err(|_| format!("--runs takes a number, not `{number}`")),
        other => Err(format!("what is `{}`? only `--runs N` is taken", other.join(" "))),
    }
}
