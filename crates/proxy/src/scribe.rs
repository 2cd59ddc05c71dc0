//! Who writes the journal: one thread, in the order in which reads come in, many reads to one write of the disk.
//!
//! Nothing is served that is not written down. So [`Scribe::observe`] answers when a read is on disk, with what all
//! reads of the crate say together; a read that is not intact is not written down, and says so: what was seen before
//! stays in force then.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use fence_client::gather::CLOCK_TOLERANCE;
use fence_client::journal::{JournalError, JournalFile};
use fence_model::{CrateName, Span, Time};
use fence_registry::journal::{Memory, Observation, Shown};
use semver::Version;
use tokio::sync::oneshot;

/// Reads that changed nothing are written down no more often than this: of those in a row only the last says something.
const UNCHANGED_AT_MOST_EVERY: Span = Span::minutes(1);

/// How many reads go into one write.
const MOST_AT_ONCE: usize = 512;

/// One read of a crate's index file.
#[derive(Debug)]
pub(crate) struct Read {
    /// The crate.
    pub(crate) name: CrateName,
    /// When it was read.
    pub(crate) at: Time,
    /// What it showed; none where the registry confirmed what it had shown.
    pub(crate) shown: Option<Shown>,
    /// Lines that nobody can read: each may be a release that was there before.
    pub(crate) illegible: usize,
}

/// A read that was written down.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    /// What changed, as it stands in the journal.
    pub(crate) change: Observation,
    /// Whether the crate was seen before this read.
    pub(crate) known: Known,
    /// What all reads say together, where something changed.
    pub(crate) memory: Memory,
}

/// Whether a crate was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was.
    Before,
    /// This is the first contact.
    FirstContact,
}

/// Why a read was not written down, and so does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unnoted {
    /// All releases vanished: that says more about the registry than about the releases.
    #[error("all {releases} releases of {name} vanished from the index")]
    Shrunk {
        /// The crate.
        name: CrateName,
        /// How many it had.
        releases: usize,
    },
    /// Not one of its lines can be read.
    #[error("the index file of {name} is damaged: none of its {lines} lines can be read")]
    Illegible {
        /// The crate.
        name: CrateName,
        /// How many lines.
        lines: usize,
    },
    /// Releases are missing, and lines cannot be read.
    #[error(
        "the index file of {name} is damaged: {lines} of its lines cannot be read, and {missing} is missing"
    )]
    Damaged {
        /// The crate.
        name: CrateName,
        /// How many lines.
        lines: usize,
        /// The first release that is missing.
        missing: Version,
    },
    /// The journal cannot be written.
    #[error("the journal cannot be written: {0}")]
    Disk(String),
}

/// The writer of one registry's journal. Dropping it writes what was handed in, and ends the thread.
#[derive(Debug)]
pub(crate) struct Scribe {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Observe(Read, oneshot::Sender<Result<Noted, Unnoted>>),
    Recall(CrateName, Time, oneshot::Sender<Memory>),
    Lines(oneshot::Sender<usize>),
    Compact(oneshot::Sender<Result<bool, JournalError>>),
}

impl Scribe {
    /// Starts to write to `journal`.
    ///
    /// # Errors
    /// Whatever keeps a thread from starting.
    pub(crate) fn start(journal: JournalFile) -> std::io::Result<Self> {
        let (orders, received) = channel();
        let thread =
            std::thread::Builder::new().name("journal".into()).spawn(move || work(journal, &received))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Writes a read down, and says what is known of the crate then.
    pub(crate) async fn observe(&self, read: Read) -> Result<Noted, Unnoted> {
        let gone = || Unnoted::Disk("its writer has ended".into());
        self.ask(|tell| Order::Observe(read, tell)).await.ok_or_else(gone)?
    }

    /// What is known of a crate.
    pub(crate) async fn recall(&self, name: CrateName, until: Time) -> Memory {
        self.ask(|tell| Order::Recall(name, until, tell)).await.unwrap_or_default()
    }

    /// How many lines the journal has.
    pub(crate) async fn lines(&self) -> usize {
        self.ask(Order::Lines).await.unwrap_or_default()
    }

    /// Rewrites the journal where much of it is worthless by now; whether it did.
    pub(crate) async fn compact(&self) -> Result<bool, JournalError> {
        self.ask(Order::Compact).await.unwrap_or(Ok(false))
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (tell, answer) = oneshot::channel();
        self.orders.as_ref()?.send(order(tell)).ok()?;
        answer.await.ok()
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked told its story on stderr.
            let _ = thread.join();
        }
    }
}

fn work(mut journal: JournalFile, orders: &Receiver<Order>) {
    let mut put_off = None;
    while let Some(order) = put_off.take().or_else(|| orders.recv().ok()) {
        match order {
            Order::Observe(read, tell) => put_off = observe(&mut journal, (read, tell), orders),
            Order::Recall(name, until, tell) => drop(tell.send(journal.journal().memory(&name, until))),
            Order::Lines(tell) => drop(tell.send(journal.journal().lines())),
            Order::Compact(tell) => drop(tell.send(journal.compact())),
        }
    }
}

type Asked = (Read, oneshot::Sender<Result<Noted, Unnoted>>);

/// Takes up all reads that wait, writes them in one go and answers; an order that does not fit in is handed back.
fn observe(journal: &mut JournalFile, first: Asked, orders: &Receiver<Order>) -> Option<Order> {
    let mut batch = vec![first];
    let mut names = BTreeSet::from([batch[0].0.name.clone()]);
    let mut put_off = None;
    while batch.len() < MOST_AT_ONCE {
        match orders.try_recv() {
            // A second read of the same crate follows on the first.
            Ok(Order::Observe(read, tell)) if names.insert(read.name.clone()) => batch.push((read, tell)),
            Ok(other) => {
                put_off = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    let mut written = Vec::new();
    let mut answers = Vec::new();
    for (Read { name, at, shown, illegible }, tell) in batch {
        let latest = journal.journal().latest_of(&name);
        // A clock that was put back a little, as clocks are, does not make a read the earlier one.
        let at = latest.filter(|latest| *latest <= at + CLOCK_TOLERANCE).map_or(at, |latest| at.max(latest));
        let known = if latest.is_some() { Known::Before } else { Known::FirstContact };
        let change = match shown {
            None => Ok(Observation::unchanged(name.clone(), at)),
            Some(shown) => change(name.clone(), at, &journal.journal().shown(&name), &shown, illegible),
        };
        match change {
            Err(error) => drop(tell.send(Err(error))),
            Ok(change) => {
                let is_news = !change.is_unchanged()
                    || latest.is_none_or(|latest| at - latest >= UNCHANGED_AT_MOST_EVERY);
                if is_news {
                    written.push(change.clone());
                }
                answers.push((change, known, tell));
            }
        }
    }
    let outcome = if written.is_empty() { Ok(()) } else { journal.record(written) };
    for (change, known, tell) in answers {
        let answer = match &outcome {
            Ok(()) => {
                let memory = match change.is_unchanged() {
                    true => Memory::default(),
                    false => journal.journal().memory(&change.name, change.at),
                };
                Ok(Noted { change, known, memory })
            }
            Err(error) => Err(Unnoted::Disk(error.to_string())),
        };
        // Who asked may have gone away; it is written down all the same.
        let _ = tell.send(answer);
    }
    put_off
}

/// What a read changes, if it is intact.
fn change(
    name: CrateName,
    at: Time,
    before: &Shown,
    shown: &Shown,
    illegible: usize,
) -> Result<Observation, Unnoted> {
    if shown.versions().next().is_none() && illegible > 0 {
        return Err(Unnoted::Illegible { name, lines: illegible });
    }
    let releases = before.versions().count();
    if shown.versions().next().is_none() && releases > 0 {
        return Err(Unnoted::Shrunk { name, releases });
    }
    let change = Observation::between(name, at, before, shown);
    match change.gone.first() {
        Some(missing) if illegible > 0 => {
            Err(Unnoted::Damaged { name: change.name, lines: illegible, missing: missing.clone() })
        }
        _ => Ok(change),
    }
}
