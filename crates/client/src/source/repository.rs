//! A repository that can be read with the installed `git`: a clone, or what was fetched of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fence_scan::origin::{self, Counterpart, ListingError, Tree};

use super::{Author, Authors, By, Looker, Place, SourceError};
use crate::feed::git::{self, Address, GitError, Reach};
use crate::http::{HttpSettings, Network};
use crate::limits::Limits;
use crate::process::{self, Bounds, ProcessError};

/// A repository that can be read.
pub(super) struct Repository<'a> {
    /// The one that has the files of the commit.
    pub(super) files: Objects<'a>,
    /// The one that has all commits; else why there is none.
    pub(super) history: Result<Objects<'a>, String>,
    /// Where it was fetched from, and whose word that is; nothing of a clone.
    address: Option<(Address, By)>,
    /// What was fetched, and goes with this value.
    _fetched: Vec<git::Repository>,
}

/// A folder of objects that `git` reads.
#[derive(Clone)]
pub(super) struct Objects<'a> {
    folder: PathBuf,
    settings: &'a HttpSettings,
    limits: Limits,
}

/// Bytes of answers that are a line.
const SHORT: usize = 64 << 10;

impl<'a> Repository<'a> {
    pub(super) fn open(looker: &Looker<'a>, place: &Place, commit: &str) -> Result<Self, SourceError> {
        let objects = |folder: PathBuf| Objects { folder, settings: looker.settings, limits: looker.limits };
        match place {
            Place::Clone(path) => {
                let no_repository = |why: String| SourceError::NoRepository { path: path.clone(), why };
                let mut command = git::git(looker.settings);
                command.arg("-C").arg(path).args(["rev-parse", "--absolute-git-dir"]);
                let bounds = Bounds { seconds: looker.limits.git_seconds, bytes: SHORT };
                let said = process::run(command, Vec::new(), bounds)
                    .map_err(|error| no_git(&error).unwrap_or_else(|| no_repository(error.to_string())))?;
                let files = objects(line(&said).into());
                let is_shallow = files.ask(&["rev-parse", "--is-shallow-repository"], &[], SHORT)?;
                let history = match line(&is_shallow).as_str() {
                    "false" => Ok(files.clone()),
                    _ => Err("the clone is shallow".to_owned()),
                };
                Ok(Self { files, history, address: None, _fetched: Vec::new() })
            }
            Place::Address { url, by } => {
                let address = Address::parse(url).ok_or_else(|| SourceError::Refused {
                    url: url.clone(),
                    why: "it is no address of https, ssh or file",
                })?;
                if matches!(looker.network, Network::Offline) && address.reach() == Reach::Remote {
                    return Err(SourceError::Offline(place.shown()));
                }
                let create = || {
                    git::Repository::create(looker.cache).map_err(|error| match error {
                        GitError::Cache(error) => SourceError::Cache(error),
                        error => SourceError::Unreadable(error.to_string()),
                    })
                };
                let (first, second) = (create()?, create()?);
                let (files, history) = (objects(first.0.clone()), objects(second.0.clone()));
                files.create(commit)?;
                match files.fetch(&address, *by, &["--depth=1"], &[&format!("{commit}:refs/fence")]) {
                    // Where the commit is not there, what follows says so.
                    Ok(_) => {}
                    Err(GitError::NotStarted(why)) => return Err(SourceError::NoGit(why)),
                    Err(error) => {
                        return Err(SourceError::Unreachable {
                            place: place.shown(),
                            why: error.to_string(),
                        });
                    }
                }
                history.create(commit)?;
                let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
                // Commits without their files.
                let told = history.fetch(&address, *by, &["--filter=tree:0"], &all);
                let history = told.map(|_| history).map_err(|error| error.to_string());
                Ok(Self { files, history, address: Some((address, *by)), _fetched: vec![first, second] })
            }
        }
    }
}

impl Repository<'_> {
    /// Whether the files of another commit are there, or can be had.
    pub(super) fn brings(&self, commit: &str) -> bool {
        let fetch = |(address, by): &(Address, By)| {
            let what = format!("{commit}:refs/fence-tag");
            self.files.fetch(address, *by, &["--depth=1"], &[&what]).is_ok()
        };
        self.files.has(commit) || (self.address.as_ref().is_some_and(fetch) && self.files.has(commit))
    }
}

impl Objects<'_> {
    fn ask(&self, words: &[&str], input: &[u8], bytes: usize) -> Result<Vec<u8>, SourceError> {
        self.run(words, input, bytes).map_err(|error| {
            no_git(&error).unwrap_or_else(|| SourceError::Unreadable(plain(&error, &self.limits)))
        })
    }

    fn run(&self, words: &[&str], input: &[u8], bytes: usize) -> Result<Vec<u8>, ProcessError> {
        let mut command = git::git(self.settings);
        command.arg("--git-dir").arg(&self.folder).arg("--literal-pathspecs").args(words);
        process::run(command, input.to_vec(), Bounds { seconds: self.limits.git_seconds, bytes })
    }

    fn create(&self, commit: &str) -> Result<(), SourceError> {
        let format = if commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        self.ask(&["init", "--quiet", "--bare", "--template=", format], &[], SHORT).map(|_| ())
    }

    /// Fetches, and says whether what was asked for is there. A server that gives no single commits is one that cannot be
    /// asked: the commit may be there.
    fn fetch(&self, address: &Address, by: By, how: &[&str], what: &[&str]) -> Result<bool, GitError> {
        let mut command = git::git(self.settings);
        if by == By::Manifest {
            command.env("GIT_ALLOW_PROTOCOL", "https");
        }
        command.arg("--git-dir").arg(&self.folder).args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
        ]);
        command.args(how).args(["--", address.as_str()]).args(what);
        let bounds = Bounds { seconds: self.limits.git_seconds, bytes: SHORT };
        let most = self.limits.repository_bytes;
        let may_go_on = || match takes_at_most(&self.folder, most) {
            true => Ok(()),
            false => Err(format!("more than {most} bytes came")),
        };
        match process::run_while(command, Vec::new(), bounds, &may_go_on) {
            Ok(_) => Ok(true),
            Err(error) => {
                let text = error.to_string();
                match ["not our ref", "couldn't find remote ref"].iter().any(|phrase| text.contains(phrase)) {
                    true => Ok(false),
                    false => Err(git::remote(error, &self.limits)),
                }
            }
        }
    }

    /// The object that a name leads to.
    pub(super) fn object(&self, name: &str) -> Option<String> {
        let said = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", name], &[], SHORT);
        said.ok().map(|said| line(&said)).filter(|hash| origin::is_hash(hash))
    }

    /// Whether a commit is there.
    pub(super) fn has(&self, commit: &str) -> bool {
        self.run(&["cat-file", "-e", &format!("{commit}^{{commit}}")], &[], SHORT).is_ok()
    }

    /// Whether a branch or a tag leads to a commit.
    pub(super) fn is_led_to(&self, commit: &str) -> Result<bool, SourceError> {
        let words = ["for-each-ref", "--count=1", "--format=%(refname)", "--contains", commit];
        self.ask(&words, &[], SHORT).map(|said| !said.is_empty())
    }

    /// The tags that are called like a release, those with the crate's name first, each with its commit.
    pub(super) fn tags_of(&self, name: &str, version: &str) -> Vec<(String, String)> {
        // What stands behind a plus is left out by many.
        let short = version.split('+').next().unwrap_or(version);
        let versions = if short == version { vec![version] } else { vec![version, short] };
        let named: Vec<String> = versions
            .iter()
            .flat_map(|version| {
                ["-v", "-", "@", "@v", "/v", "/", "_v", "_"]
                    .map(|between| format!("{name}{between}{version}"))
            })
            .collect();
        let plain: Vec<String> = versions
            .iter()
            .flat_map(|version| {
                ["v", "", "v/", "release-", "release/"].map(|before| format!("{before}{version}"))
            })
            .collect();
        let find = |tags: &[String]| -> Vec<(String, String)> {
            let find =
                |tag: &String| Some((tag.clone(), self.object(&format!("refs/tags/{tag}^{{commit}}"))?));
            tags.iter().filter_map(find).collect()
        };
        let found = find(&named);
        if found.is_empty() { find(&plain) } else { found }
    }

    pub(super) fn tree(&self, commit: &str) -> Result<Tree, SourceError> {
        let most = self.limits.feed_entries;
        let listing = most.saturating_mul(self.limits.path_bytes);
        let listing = self.ask(&["ls-tree", "-r", "-z", "-l", "--full-tree", commit], &[], listing)?;
        let mut tree = Tree::parse(&listing, most).map_err(|error| {
            SourceError::Unreadable(match error {
                ListingError::TooMany(most) => format!("it holds more than {most} files"),
                ListingError::Unreadable(line) => format!("line {line} of what git lists is none"),
            })
        })?;
        let links = tree.unread_links();
        let wanted: Vec<Counterpart> = links
            .iter()
            .map(|(path, entry)| Counterpart::File {
                path: path.clone(),
                object: entry.object.clone(),
                size: entry.size,
            })
            .collect();
        let targets = self.blobs(&wanted)?;
        for (path, entry) in links {
            if let Some(target) = targets.get(&entry.object) {
                tree.lead(path, target);
            }
        }
        Ok(tree)
    }

    /// The bytes of files, by their objects. What is larger than the limits allow, or is missing, is not among them.
    pub(super) fn blobs<'b>(
        &self,
        wanted: impl IntoIterator<Item = &'b Counterpart>,
    ) -> Result<BTreeMap<String, Vec<u8>>, SourceError> {
        let mut left = self.limits.feed_kept_bytes;
        let mut asked = BTreeSet::new();
        for of in wanted {
            if let Counterpart::File { object, size, .. } = of
                && let Ok(size) = usize::try_from(*size)
                && size <= left
                && asked.insert(object.as_str())
            {
                left -= size;
            }
        }
        let input: String = asked.iter().map(|object| format!("{object}\n")).collect();
        let most = self.limits.feed_kept_bytes - left + asked.len() * 128;
        let answers = self.ask(&["cat-file", "--batch"], input.as_bytes(), most)?;
        contents(&answers).ok_or_else(|| SourceError::Unreadable("what git printed is cut short".to_owned()))
    }

    /// Who has commits after `base` and none up to it.
    pub(super) fn authors(&self, since: &str, base: &str, commit: &str) -> Result<Authors, SourceError> {
        let log = |range: &str| -> Result<Vec<(String, String)>, SourceError> {
            let words =
                ["log", "-z", "--no-show-signature", "--no-mailmap", "--format=%an%x00%ae", range, "--"];
            let said = self.ask(&words, &[], self.limits.feed_bytes)?;
            let said = String::from_utf8_lossy(&said).into_owned();
            let mut parts = said.split('\0');
            let mut all = Vec::new();
            while let (Some(name), Some(email)) = (parts.next(), parts.next()) {
                all.push((name.to_owned(), email.to_lowercase()));
            }
            Ok(all)
        };
        let newer = log(&format!("{base}..{commit}"))?;
        let older = log(base)?;
        let names: BTreeSet<&str> = older.iter().map(|(name, _)| name.as_str()).collect();
        let emails: BTreeSet<&str> = older.iter().map(|(_, email)| email.as_str()).collect();
        let mut found: BTreeMap<&str, Author> = BTreeMap::new();
        // The first commit comes last.
        for (name, email) in newer.iter().rev() {
            let author = found.entry(email).or_insert_with(|| Author {
                name: name.clone(),
                email: email.clone(),
                commits: 0,
                is_known_name: names.contains(name.as_str()),
            });
            author.commits += 1;
        }
        let authors = found.len() as u64;
        let is_new = |author: &Author| !emails.contains(author.email.as_str());
        let mut new: Vec<Author> = found.into_values().filter(is_new).collect();
        new.sort_by(|a, b| (b.commits, &a.email).cmp(&(a.commits, &b.email)));
        Ok(Authors { since: since.to_owned(), commits: newer.len() as u64, authors, new })
    }
}

/// Reads `cat-file --batch`: `<hash> <kind> <size>`, a line's end, the bytes, a line's end; `<hash> missing` for what is not
/// there.
fn contents(mut answers: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    while !answers.is_empty() {
        let end = answers.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(&answers[..end]).ok()?;
        answers = &answers[end + 1..];
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            [_, "missing"] => {}
            [hash, _, size] => {
                let size: usize = size.parse().ok()?;
                found.insert((*hash).to_owned(), answers.get(..size)?.to_vec());
                answers = answers[size..].strip_prefix(b"\n")?;
            }
            _ => return None,
        }
    }
    Some(found)
}

/// Whether what is in a folder has no more bytes than these.
fn takes_at_most(folder: &Path, most: u64) -> bool {
    let mut bytes = 0_u64;
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        // What goes while it is counted does not count.
        for entry in fs::read_dir(at).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() => waiting.push(entry.path()),
                Ok(about) => bytes = bytes.saturating_add(about.len()),
                Err(_) => {}
            }
        }
        if bytes > most {
            return false;
        }
    }
    true
}

/// Where `git` itself is what is missing.
fn no_git(error: &ProcessError) -> Option<SourceError> {
    match error {
        ProcessError::NotStarted(why) => Some(SourceError::NoGit(format!("cannot be started: {why}"))),
        _ => None,
    }
}

/// What `git` said, without control characters.
fn plain(error: &ProcessError, limits: &Limits) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(limits.message_bytes).collect()
}

fn line(said: &[u8]) -> String {
    String::from_utf8_lossy(said).trim_end_matches(['\n', '\r']).to_owned()
}
