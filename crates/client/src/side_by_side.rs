//! Waiting for many things side by side, on a bounded number of threads.

use std::sync::Mutex;

/// What `act` makes of each of `items`, in their order, whatever the order in which they end. At most `workers` of
/// them are under way at a time.
pub(crate) fn map<T: Send, R: Send>(items: Vec<T>, workers: usize, act: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = workers.min(items.len());
    let queue = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            // A poisoned lock means that another worker panicked, which the scope passes on.
            let Some((at, item)) = queue.lock().ok().and_then(|mut queue| queue.next()) else { return };
            let made = act(item);
            if let Ok(mut done) = done.lock() {
                done.push((at, made));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_and_never_more_than_so_many_are_under_way() {
        let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let doubled = map((0..200_u32).collect(), 3, |number| {
            most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            under_way.fetch_sub(1, Ordering::SeqCst);
            number * 2
        });
        assert_eq!(doubled, (0..400).step_by(2).collect::<Vec<_>>());
        assert!(most.into_inner() <= 3);
        assert_eq!(map(Vec::new(), 3, |item: u32| item), Vec::<u32>::new());
    }
}
