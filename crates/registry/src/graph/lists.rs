//! A list for each crate, made on several threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many crates a thread takes at a time: few, since some crates have more to do than ten thousand others.
const PART: usize = 64;

/// Lists by number, in parts as they were made: the threads hand them over as they are, and nothing is copied.
#[derive(Debug)]
pub(super) struct Lists<T> {
    parts: Vec<Part<T>>,
}

#[derive(Debug)]
struct Part<T> {
    ends: Vec<u32>,
    all: Vec<T>,
}

impl<T: Send> Lists<T> {
    /// `count` lists. Each thread makes itself a `scratch`; `list` adds to the vector what is in the list of a number, and
    /// finds there what the last ones of this part have.
    pub(super) fn make<S>(
        (count, threads): (usize, usize),
        scratch: impl Fn() -> S + Sync,
        list: impl Fn(usize, &mut S, &mut Vec<T>) + Sync,
    ) -> Self {
        let parts = count.div_ceil(PART);
        let (next, made) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(parts)));
        let work = || {
            let (mut scratch, mut own) = (scratch(), Vec::new());
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= parts {
                    break;
                }
                let (mut ends, mut all) = (Vec::with_capacity(PART), Vec::new());
                for number in part * PART..count.min((part + 1) * PART) {
                    list(number, &mut scratch, &mut all);
                    ends.push(u32::try_from(all.len()).expect("64 lists have fewer than 4 billion entries"));
                }
                all.shrink_to_fit();
                own.push((part, Part { ends, all }));
            }
            made.lock().expect("no thread panicked").append(&mut own);
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let mut made = made.into_inner().expect("no thread panicked");
        made.sort_unstable_by_key(|(part, _)| *part);
        Self { parts: made.into_iter().map(|(_, part)| part).collect() }
    }
}

impl<T> Lists<T> {
    /// The list of a number; empty where there is none.
    pub(super) fn of(&self, number: usize) -> &[T] {
        let Some(part) = self.parts.get(number / PART) else { return &[] };
        let within = number % PART;
        let Some(end) = part.ends.get(within) else { return &[] };
        let start = within.checked_sub(1).map_or(0, |before| part.ends[before]);
        &part.all[start as usize..*end as usize]
    }

    /// How much is in all of them.
    pub(super) fn total(&self) -> usize {
        self.parts.iter().map(|part| part.all.len()).sum()
    }
}
