//! Work on many crates, parted among as many hands as there are.

use std::num::NonZeroUsize;

/// How many crates are worth another pair of hands.
const CRATES_PER_HAND: usize = 32;

/// Does a piece of work for each of many, several at once; what is found comes in their order, on however many hands.
pub(crate) fn shared<T: Sync, R: Send>(
    all: &[T],
    hands: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let hands = hands.get().min(all.len().div_ceil(CRATES_PER_HAND)).max(1);
    let work = &work;
    std::thread::scope(|scope| {
        let mut shares = all.chunks(all.len().div_ceil(hands).max(1));
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<_>>())).collect();
        let mut found: Vec<R> = own.iter().map(work).collect();
        for other in others {
            match other.join() {
                Ok(share) => found.extend(share),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    })
}
