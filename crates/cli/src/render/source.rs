//! A package beside its repository, for people and machines. Names, paths and lines are strangers' words.

use fence_client::source::{Author, Authors, Fact, Place, Source};
use fence_scan::against::{Difference, DifferenceKind};
use fence_scan::origin::Stated;
use serde::Serialize;
use serde_json::json;

use crate::render::scan::{head, line};
use crate::render::text::{and, count, size, visible};
use crate::shell::{Ink, Shell, Verbosity};

/// Raised when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

/// How many files of a kind are shown before the rest is counted.
const SHOWN: usize = 20;

/// The page for people.
pub(crate) fn human(source: &Source, place: Option<&Place>, shell: &Shell) -> String {
    let Source { origin, facts, against, left_out, authors, .. } = source;
    let name = if origin.name.is_empty() { "a package without a name" } else { &origin.name };
    let mut text = head(&format!("{name} {}", origin.version), shell);
    if let Some(place) = place {
        text += &line("Repository", &place.shown(), shell);
    }
    if let Stated::Commit { hash, folder, .. } = &origin.commit {
        let folder = match folder.as_deref() {
            None | Some("") => String::new(),
            Some(folder) => format!(", in {folder}"),
        };
        text += &line("Commit", &format!("{hash}{folder}"), shell);
    }
    for fact in facts {
        let (name, words) = words_of(fact);
        text += &line(name, &words, shell);
    }
    if let Some(against) = against {
        let same = usize::try_from(against.same).unwrap_or(usize::MAX);
        text += &line("Same", &format!("{}, byte for byte", count(same, "file")), shell);
        if !against.made_by_cargo.is_empty() {
            let made: Vec<String> = against.made_by_cargo.iter().map(|path| visible(path)).collect();
            text += &line("Made", &format!("{}, by cargo", and(&made)), shell);
        }
        let left_out = usize::try_from(*left_out).unwrap_or(usize::MAX);
        if left_out > 0 {
            text += &line(
                "Left out",
                &format!("{} that the package does not have", count(left_out, "file")),
                shell,
            );
        }
    }
    if let Some(authors) = authors {
        text += &line("Authors", &words_of_authors(authors), shell);
    }
    let differences = against.as_ref().map_or(&[][..], |against| &against.differences);
    for of_kind in differences.chunk_by(|a, b| a.kind == b.kind) {
        text += &group(of_kind, shell);
    }
    text + &end(source, differences, shell)
}

/// All files that differ in one way.
fn group(differences: &[Difference], shell: &Shell) -> String {
    let kind = differences[0].kind;
    let title = match kind {
        DifferenceKind::OnlyInPackage => "only in the package",
        DifferenceKind::Manifest => "not in the manifest as its author wrote it",
        DifferenceKind::Differs => "otherwise in the repository",
        DifferenceKind::Astray => "a link that leads astray in the repository",
        DifferenceKind::NotCompared => "not compared",
        DifferenceKind::LineEnds => "the same but for the ends of lines",
    };
    let ink = if kind.is_grave() { Ink::Bad } else { Ink::Note };
    let mut text = format!("\n{}\n", shell.colour.paint(ink, title));
    let most = if shell.verbosity == Verbosity::Verbose { differences.len() } else { SHOWN };
    for one in differences.iter().take(most) {
        let place = match one.line {
            0 => visible(&one.path),
            at => format!("{}:{at}", visible(&one.path)),
        };
        let lines = usize::try_from(one.lines).unwrap_or(usize::MAX);
        let mut told = Vec::new();
        match (kind, one.lines) {
            (DifferenceKind::OnlyInPackage, 0) => told.push(size(one.bytes)),
            (DifferenceKind::OnlyInPackage, _) => told.push(count(lines, "line")),
            (DifferenceKind::Differs, 0) => told.push(size(one.bytes)),
            (DifferenceKind::Differs, _) => told.push(format!("{} of its own", count(lines, "line"))),
            _ => {}
        }
        if !one.in_repository.is_empty() && kind == DifferenceKind::Differs {
            told.push(format!("there {}", visible(&one.in_repository)));
        }
        if !one.what.is_empty() {
            let what = visible(&one.what);
            told.push(if kind == DifferenceKind::Differs { format!("`{what}`") } else { what });
        }
        let told = if told.is_empty() { String::new() } else { format!("  {}", told.join(", ")) };
        text += &format!("{:>10}  {place}{told}\n", one.file.as_str());
    }
    if differences.len() > most {
        text +=
            &format!("            and {} more; `-v` shows all\n", count(differences.len() - most, "file"));
    }
    text
}

/// A fact as the name of a line and its words.
fn words_of(fact: &Fact) -> (&'static str, String) {
    match fact {
        Fact::NoCommitStated => {
            ("Commit", "not stated: it was made outside of a repository, or by an old cargo".to_owned())
        }
        Fact::Unreadable { why } => {
            ("Commit", format!("not known, since its .cargo_vcs_info.json cannot be read: {why}"))
        }
        Fact::Dirty => ("Dirty", "files were changed and not committed when it was made".to_owned()),
        Fact::NoSuchCommit => ("Missing", "the repository does not have this commit".to_owned()),
        Fact::OnNoBranch => {
            ("Branch", "none, and no tag leads to this commit: it may be one of somebody's fork".to_owned())
        }
        Fact::FolderGuessed { folder } => {
            let folder = if folder.is_empty() { "the root" } else { folder };
            ("Folder", format!("{folder}, which has most of its files; the package does not say which it is"))
        }
        Fact::NoSuchFolder { folder } => ("Missing", format!("the commit has no folder {folder}")),
        Fact::ComparedWithTag { tag } => ("Compared", format!("with the commit of the tag {tag} instead")),
        Fact::Tagged { tag } => ("Tag", format!("{tag}, on this commit")),
        Fact::TagElsewhere { tag, commit, same_files } => {
            let short = &commit[..commit.len().min(12)];
            let files = match same_files {
                Some(true) => "where the package's folder is the same",
                Some(false) => "where the package's folder is another",
                None => "whose files were not looked at",
            };
            ("Tag", format!("{tag} is on another commit, {short}, {files}"))
        }
        Fact::NoTag => ("Tag", "none is called like this release".to_owned()),
        Fact::NoHistory { why } => ("History", format!("not known, so neither tags nor authors: {why}")),
        Fact::NoBase { version } => (
            "Authors",
            format!("not compared: {version} says no commit, or one that the repository does not have"),
        ),
    }
}

fn words_of_authors(authors: &Authors) -> String {
    let Authors { since, commits, authors: all, new } = authors;
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let of =
        format!("{} by {} since {since}", count(number(*commits), "commit"), count(number(*all), "author"));
    if new.is_empty() {
        return format!("{of}, none of them new");
    }
    let one = |author: &Author| {
        let known = if author.is_known_name { ", a known name under another address" } else { "" };
        format!("{} <{}> ({}{known})", author.name, author.email, count(number(author.commits), "commit"))
    };
    let shown: Vec<String> = new.iter().take(SHOWN).map(one).collect();
    let more = if new.len() > SHOWN { format!(" and {} more", new.len() - SHOWN) } else { String::new() };
    format!("{of}; new, as git says and nobody verified: {}{more}", shown.join("; "))
}

fn end(source: &Source, differences: &[Difference], shell: &Shell) -> String {
    let number = |kind| differences.iter().filter(|one| one.kind == kind).count();
    let (ink, told) = match &source.against {
        None => (Ink::Waiting, "nothing was compared".to_owned()),
        Some(_) => {
            let kinds = [
                (DifferenceKind::OnlyInPackage, "only in the package"),
                (DifferenceKind::Manifest, "in the manifest that its author did not write"),
                (DifferenceKind::Differs, "otherwise in the repository"),
                (DifferenceKind::Astray, "astray"),
                (DifferenceKind::NotCompared, "not compared"),
                (DifferenceKind::LineEnds, "with other ends of lines"),
            ];
            let told: Vec<String> = kinds
                .into_iter()
                .filter(|(kind, _)| number(*kind) > 0)
                .map(|(kind, words)| format!("{} {words}", number(kind)))
                .collect();
            if source.facts.contains(&Fact::NoSuchCommit) && told.is_empty() {
                let told = "all files are those of the tag, and the commit itself is not there";
                return format!("\n{} {told}\n", shell.colour.paint(Ink::Waiting, "      Source"));
            }
            let is_grave = differences.iter().any(|one| one.kind.is_grave());
            match (told.is_empty(), is_grave) {
                (true, _) if source.matches() => {
                    (Ink::Good, "all files are those of the repository".to_owned())
                }
                (true, _) => (
                    Ink::Waiting,
                    "all files are those of the commit, of which more is said above".to_owned(),
                ),
                (false, false) if source.matches() => (Ink::Good, told.join(", ")),
                (false, false) => (Ink::Waiting, told.join(", ")),
                (false, true) => (Ink::Bad, told.join(", ")),
            }
        }
    };
    format!("\n{} {told}\n", shell.colour.paint(ink, "      Source"))
}

/// What `cargo fence source --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence source"))]
struct Document<'a> {
    /// The version of this document's shape.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// What the scanner's process could not be kept from on this machine; empty where it was shut in.
    open: &'a [String],
    /// The crate, by its manifest.
    name: &'a str,
    /// The version, by its manifest.
    version: &'a str,
    /// The repository that was asked; null where there is none.
    repository: Option<String>,
    /// The commit that the package says it was made from; null where it says none.
    commit: Option<&'a str>,
    /// Its folder in the repository; empty for the root, null where it says none.
    folder: Option<&'a str>,
    /// What is known of commit, tags and branches, each with the field `fact` and its values.
    #[cfg_attr(test, schemars(with = "Vec<serde_json::Value>"))]
    facts: &'a [Fact],
    /// Whether files were compared.
    compared: bool,
    /// What is not as in the repository, the gravest first.
    differences: &'a [Difference],
    /// Files that are byte for byte those of the repository.
    same: u64,
    /// Files that cargo made, which were not compared.
    made_by_cargo: &'a [String],
    /// Files of the package's folder that the package does not have.
    left_out: u64,
    /// Commits and authors since an older release: `since`, `commits`, `authors`, and `new` with `name`, `email`, `commits` and
    /// `is_known_name`; null where that is not known.
    #[cfg_attr(test, schemars(with = "Option<serde_json::Value>"))]
    authors: Option<&'a Authors>,
}

/// The document for machines.
pub(crate) fn json(source: &Source, place: Option<&Place>) -> String {
    let (commit, folder) = match &source.origin.commit {
        Stated::Commit { hash, folder, .. } => (Some(hash.as_str()), folder.as_deref()),
        _ => (None, None),
    };
    let against = source.against.as_ref();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        fence_version: env!("CARGO_PKG_VERSION"),
        open: &source.open,
        name: &source.origin.name,
        version: &source.origin.version,
        repository: place.map(Place::shown),
        commit,
        folder,
        facts: &source.facts,
        compared: against.is_some(),
        differences: against.map_or(&[], |of| &of.differences),
        same: against.map_or(0, |of| of.same),
        made_by_cargo: against.map_or(&[], |of| &of.made_by_cargo),
        left_out: source.left_out,
        authors: source.authors.as_ref(),
    };
    format!("{:#}\n", json!(document))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schema_is_the_one_in_docs() {
        let schema = schemars::schema_for!(Document<'_>);
        kept_in_docs("source.schema.json", &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    }
}
