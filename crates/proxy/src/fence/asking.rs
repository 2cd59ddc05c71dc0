//! Asking the registry: once for all who want to know, written down before it counts, and without it if need be.

use std::sync::Arc;

use fence_client::index::{IndexAnswer, IndexError};
use fence_model::facts::Birth;
use fence_model::{CrateName, Span, Time};
use fence_registry::journal::Shown as SeenReleases;
use tokio::task::spawn_blocking;

use super::Inner;
use super::pages::BIRTH_BELIEVED_FOR;
use super::stall::{Presence, Seen};
use crate::alarms::{self, AlarmKind};
use crate::event::Weight;
use crate::judgement::parsed;
use crate::scribe::{self, Read, Unnoted};
use crate::views::{File, View};

/// What keeps a registry's word from being had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// The registry.
    #[error("{0}")]
    Upstream(IndexError),
    /// It cannot be written down, or is not intact.
    #[error("{0}")]
    Unnoted(Unnoted),
    /// The registry takes longer than a client waits.
    #[error("the registry does not answer in time")]
    Slow,
    /// Something here.
    #[error("the fence failed in the middle of it; report this as a bug of the fence")]
    Lost,
}

impl Trouble {
    /// What to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Upstream(error) => error.hint(),
            Self::Unnoted(Unnoted::Disk(_)) => {
                "make room on the disk of the fence, or make its folder writable".into()
            }
            Self::Unnoted(_) => "tell the registry's operators".into(),
            Self::Slow | Self::Lost => "try again".into(),
        }
    }
}

/// A crate's view.
pub(super) struct Viewed {
    pub(super) view: View,
    /// What went wrong, if the registry was asked and did not answer as it should.
    pub(super) trouble: Option<Trouble>,
}

impl Inner {
    /// What the registry says of a crate, asked for now if what it said is older than `age`. What it said last, with
    /// the trouble, where it does not say anything now.
    pub(super) async fn view(
        self: &Arc<Self>,
        at: usize,
        name: &CrateName,
        age: Span,
    ) -> Result<Viewed, Trouble> {
        let stall = &self.stalls[at];
        if age > self.times.fresh_for && stall.seen(name).is_none() {
            // There may be a copy from before that will do.
            let (views, wanted, now) = (stall.views.clone(), name.clone(), self.now());
            let is_young = |view: &View| view.read <= now && now - view.read <= age;
            if let Ok(Some(view)) = spawn_blocking(move || views.read(&wanted)).await
                && is_young(&view)
            {
                return Ok(Viewed { view, trouble: None });
            }
        }
        let trouble = self.look(at, name, age).await;
        self.at_rest(at, name, trouble).await
    }

    /// Sees to it that what is known of a crate is no older than `age`; what went wrong, where it is.
    pub(super) async fn look(self: &Arc<Self>, at: usize, name: &CrateName, age: Span) -> Option<Trouble> {
        let stall = &self.stalls[at];
        let (now, seen) = (self.now(), stall.seen(name));
        if let Some(seen) = &seen {
            let recent =
                seen.trouble.as_ref().filter(|(at, _)| *at <= now && now - *at <= self.times.leave_alone);
            if let Some((_, trouble)) = recent {
                return Some(trouble.clone());
            }
            if seen.presence != Presence::Unknown && now - seen.read <= age && seen.read <= now {
                return None;
            }
        }
        let asked = self.refreshed(at, name);
        // Who has something to show instead does not wait for ever.
        let has_another = match &seen {
            Some(seen) => seen.presence == Presence::Listed,
            None => stall.views.has(name),
        };
        let answer = match has_another {
            true => tokio::time::timeout(self.times.patience, asked).await.unwrap_or(Err(Trouble::Slow)),
            false => asked.await,
        };
        answer.err()
    }

    /// The view that is kept of a crate. An error only where there is none.
    pub(super) async fn at_rest(
        self: &Arc<Self>,
        at: usize,
        name: &CrateName,
        trouble: Option<Trouble>,
    ) -> Result<Viewed, Trouble> {
        if trouble.is_some() {
            self.remember_last_word(at, name).await;
        }
        let view = match self.at_hand(at, name) {
            Some(view) => Some(view),
            None => {
                let (inner, wanted) = (Arc::clone(self), name.clone());
                spawn_blocking(move || inner.kept(at, &wanted)).await.unwrap_or(None)
            }
        };
        match (view, trouble) {
            (Some(view), trouble) => Ok(Viewed { view, trouble }),
            (None, Some(trouble)) => Err(trouble),
            // The view lay on a disk that lost it, or has that of another fence by now: it is fetched again.
            (None, None) => {
                self.stalls[at].forget(name);
                self.refreshed(at, name).await?;
                let view = self.at_hand(at, name).ok_or(Trouble::Lost)?;
                Ok(Viewed { view, trouble: None })
            }
        }
    }

    /// The view of a crate, if it is in memory.
    fn at_hand(&self, at: usize, name: &CrateName) -> Option<View> {
        let stall = &self.stalls[at];
        let seen = stall.seen(name)?;
        let file = match seen.presence {
            Presence::Unknown => return None,
            Presence::Nonexistent => None,
            Presence::Listed => Some(stall.at_hand(name, &seen)?),
        };
        Some(View { file, validator: seen.validator.clone(), checked: seen.checked, read: seen.read })
    }

    /// The view of a crate, from memory or disk.
    fn kept(&self, at: usize, name: &CrateName) -> Option<View> {
        let stall = &self.stalls[at];
        if let Some(view) = self.at_hand(at, name) {
            return Some(view);
        }
        match stall.seen(name) {
            Some(seen) if seen.presence == Presence::Listed => {
                // Which has the time of the first read, and memory that of the last. Another fence may have put there
                // what this one did not write down.
                let view = stall.views.read(name)?;
                let is_same = view.file.as_ref().map(|file| file.digest) == seen.digest;
                let view = Some(view).filter(|_| is_same)?;
                Some(View {
                    validator: seen.validator.clone(),
                    checked: seen.checked,
                    read: seen.read,
                    ..view
                })
            }
            // What this process did not take for the registry's word is nobody's.
            Some(_) | None => None,
        }
    }

    /// Asks the registry for a crate, once for all who want to know.
    pub(super) async fn refreshed(self: &Arc<Self>, at: usize, name: &CrateName) -> Result<(), Trouble> {
        let errand = || {
            let (inner, name) = (Arc::clone(self), name.clone());
            async move { inner.refresh(at, name).await }
        };
        self.asking_for.join((at, name.clone()), errand).await.unwrap_or(Err(Trouble::Lost))
    }

    /// Asks the registry for a crate, writes down what it says, and keeps it.
    async fn refresh(self: Arc<Self>, at: usize, name: CrateName) -> Result<(), Trouble> {
        let asked = {
            let Ok(_permit) = self.stalls[at].asked_at_once.acquire().await else {
                return Err(Trouble::Lost);
            };
            let (inner, wanted) = (Arc::clone(&self), name.clone());
            spawn_blocking(move || inner.ask(at, &wanted)).await
        };
        let (now, outcome) = match asked {
            Ok(Ok(said)) => {
                let now = self.now();
                (now, self.take_in(at, &name, said, now).await)
            }
            Ok(Err(error)) => (self.now(), Err(Trouble::Upstream(error))),
            Err(_) => return Err(Trouble::Lost),
        };
        let Err(trouble) = outcome else { return Ok(()) };
        self.tell_of(at, &name, &trouble);
        let stall = &self.stalls[at];
        self.remember_last_word(at, &name).await;
        let before = stall.seen(&name).map(|seen| Seen::clone(&seen));
        let trouble_now = Some((now, trouble.clone()));
        stall.note(&name, Seen { trouble: trouble_now, ..before.unwrap_or(Seen::UNKNOWN) });
        Err(trouble)
    }

    /// Takes what lies on disk for what the registry said last, where this process did not ask it yet: written down
    /// first, since it may be from another fence, or from before the journal.
    async fn remember_last_word(self: &Arc<Self>, at: usize, name: &CrateName) {
        let stall = &self.stalls[at];
        if stall.seen(name).is_some() {
            return;
        }
        let (views, wanted) = (stall.views.clone(), name.clone());
        let on_disk = spawn_blocking(move || {
            let view = views.read(&wanted)?;
            let file = view.file.clone()?;
            Some((releases(&wanted, &file.bytes), file.digest, view))
        });
        let Ok(Some((Releases { shown, illegible, .. }, digest, view))) = on_disk.await else { return };
        let View { validator, checked, read, .. } = view;
        let memory = stall.scribe.recall(name.clone(), Time::LATEST).await;
        let is_noted = match memory.latest_read {
            None => {
                let read = Read { name: name.clone(), at: read, shown: Some(shown), illegible };
                stall.scribe.observe(read).await.is_ok()
            }
            // It may lack what was written down later, by which nothing is gone.
            Some(_) => shown.versions().all(|version| memory.has(version)),
        };
        if is_noted {
            let (digest, presence) = (Some(digest), Presence::Listed);
            let seen = Seen { presence, checked, read, validator, digest, unwritten: None, trouble: None };
            stall.note_first(name, seen);
        }
    }

    /// Asks the registry for a crate, unless it is what it was.
    fn ask(&self, at: usize, name: &CrateName) -> Result<Said, IndexError> {
        let stall = &self.stalls[at];
        let seen = stall.seen(name).filter(|seen| seen.presence == Presence::Listed);
        // What this process did not read itself may have been written down by nobody.
        let on_disk = if seen.is_none() { stall.views.read(name) } else { None };
        let validator = match (&seen, &on_disk) {
            (Some(seen), _) => seen.validator.clone(),
            (None, Some(view)) => view.validator.clone(),
            (None, None) => None,
        };
        Ok(match stall.source.ask(name, validator.as_deref())? {
            IndexAnswer::DoesNotExist => Said::Nothing,
            IndexAnswer::Read { bytes, validator } => {
                let file = File::of(bytes);
                let releases = releases(name, &file.bytes);
                Said::File { file, validator, releases }
            }
            IndexAnswer::Unchanged => match on_disk.and_then(|view| view.file) {
                Some(file) => Said::SameAsOnDisk { releases: releases(name, &file.bytes), file, validator },
                None => Said::Same,
            },
        })
    }

    /// Writes down what a registry said, and keeps it.
    async fn take_in(
        self: &Arc<Self>,
        at: usize,
        name: &CrateName,
        said: Said,
        now: Time,
    ) -> Result<(), Trouble> {
        let stall = &self.stalls[at];
        let (presence, releases) = match &said {
            Said::Nothing => (Presence::Nonexistent, Some(Releases::default())),
            Said::Same => (Presence::Listed, None),
            Said::SameAsOnDisk { releases, .. } | Said::File { releases, .. } => {
                (Presence::Listed, Some(releases.clone()))
            }
        };
        let born = releases.as_ref().map(|releases| releases.born);
        // Anybody may ask for names that nobody has: that is nothing to write down.
        let is_known = async || stall.scribe.recall(name.clone(), now).await.latest_read.is_some();
        if presence == Presence::Listed || is_known().await {
            let (shown, illegible) = releases.map_or((None, 0), |read| (Some(read.shown), read.illegible));
            let read = Read { name: name.clone(), at: now, shown, illegible };
            let noted = stall.scribe.observe(read).await.map_err(Trouble::Unnoted)?;
            alarms::raised_by(&stall.path, name, &noted).into_iter().for_each(|alarm| self.raise(alarm));
            if noted.known == scribe::Known::Before && !noted.change.is_unchanged() {
                // What rested on releases of this crate may not any more.
                stall.forget_admitted();
            }
        }
        if let Some(born) = born {
            let (birth, until) = match born {
                Some(born) => (Birth::At(born), now + BIRTH_BELIEVED_FOR),
                None if presence == Presence::Listed => (Birth::Untold, now + self.times.fresh_for),
                None => (lacking(stall.is_folder()), now + self.times.fresh_for),
            };
            stall.note_birth(name, birth, until);
        }
        let (checked, read, trouble) = (stall.source.speaks_until(now), now, None);
        let before = stall.seen(name).map_or(Seen::UNKNOWN, |seen| Seen::clone(&seen));
        let mut unwritten = None;
        let seen = match said {
            Said::Nothing => Seen { presence, checked, read, ..Seen::UNKNOWN },
            Said::Same => Seen { presence, checked, read, trouble, ..before },
            Said::SameAsOnDisk { file, validator, .. } => {
                stall.hold(name, &file);
                let digest = Some(file.digest);
                Seen { presence, checked, read, validator, digest, trouble, unwritten: None }
            }
            Said::File { file, validator, .. } => {
                stall.hold(name, &file);
                let view = View { file: Some(file.clone()), validator: validator.clone(), checked, read };
                unwritten = Some(view);
                let digest = Some(file.digest);
                Seen { presence, checked, read, validator, digest, trouble, unwritten: Some(file) }
            }
        };
        stall.confirm(name, &seen);
        stall.note(name, seen);
        // After it was noted: what is on disk by then would be kept in memory for good.
        if let Some(view) = unwritten {
            self.write(at, name, view);
        }
        Ok(())
    }

    /// Writes a view to disk; nobody waits for it.
    fn write(self: &Arc<Self>, at: usize, name: &CrateName, view: View) {
        let (inner, name) = (Arc::clone(self), name.clone());
        self.in_background(move || {
            let stall = &inner.stalls[at];
            match stall.views.write(&name, &view) {
                Ok(()) => stall.written(&name, view.file.as_ref()),
                Err(error) => inner.tell(Weight::Warning, "cache", Vec::new(), error.to_string()),
            }
        });
    }

    fn tell_of(&self, at: usize, name: &CrateName, trouble: &Trouble) {
        let about = format!("{}/{name}", self.stalls[at].path);
        let kind = match trouble {
            Trouble::Unnoted(Unnoted::Shrunk { .. }) => AlarmKind::IndexShrunk,
            Trouble::Unnoted(Unnoted::Damaged { .. } | Unnoted::Illegible { .. }) => AlarmKind::IndexDamaged,
            Trouble::Unnoted(Unnoted::Disk(_)) => AlarmKind::Journal,
            Trouble::Upstream(_) | Trouble::Slow | Trouble::Lost => {
                let words = format!("{about}: {trouble}");
                return self.tell(Weight::Warning, "upstream", vec![("about", about)], words);
            }
        };
        self.alarm(kind, &about, trouble.to_string());
    }

    /// Takes down since when a package is there, as its view tells; none where there is none to be had.
    pub(super) async fn learn_birth(
        self: &Arc<Self>,
        at: usize,
        name: &CrateName,
        view: Option<View>,
        retry: Time,
    ) {
        let stall = &self.stalls[at];
        let (birth, until) = match view.map(|view| (view.file, view.read)) {
            None => (Birth::Untold, retry),
            Some((None, _)) => (lacking(stall.is_folder()), retry),
            Some((Some(file), read_at)) => {
                let wanted = name.clone();
                let read = spawn_blocking(move || releases(&wanted, &file.bytes)).await;
                match read.ok().and_then(|read| read.born) {
                    // Also what is older, where the registry does not say anything newer.
                    Some(born) => (Birth::At(born), retry.max(read_at + BIRTH_BELIEVED_FOR)),
                    None => (Birth::Untold, retry),
                }
            }
        };
        stall.note_birth(name, birth, until);
    }
}

/// What a registry says by not having a crate. A folder may hold a part of an index, so it says nothing.
fn lacking(is_folder: bool) -> Birth {
    if is_folder { Birth::Unread } else { Birth::Nonexistent }
}

/// What a registry said of a crate.
enum Said {
    /// That there is none.
    Nothing,
    /// That it is what it was.
    Same,
    /// That it is what lies on disk, from before this process.
    SameAsOnDisk { file: File, validator: Option<String>, releases: Releases },
    /// A file.
    File { file: File, validator: Option<String>, releases: Releases },
}

/// What one read of an index file showed.
#[derive(Debug, Clone, Default)]
struct Releases {
    shown: SeenReleases,
    /// Lines that nobody can read.
    illegible: usize,
    born: Option<Time>,
}

fn releases(name: &CrateName, bytes: &[u8]) -> Releases {
    match parsed(name, bytes) {
        Some(file) => {
            Releases { shown: SeenReleases::of(&file), illegible: file.problems.len(), born: file.born() }
        }
        None => {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            Releases { illegible: lines.count(), ..Releases::default() }
        }
    }
}
