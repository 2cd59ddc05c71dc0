//! One errand at a time for each thing: who asks for what somebody is already fetching waits for the same answer. And
//! errands for which nobody waits.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The errands that are under way.
pub(crate) struct Flights<K, V>(Arc<Mutex<UnderWay<K, V>>>);

type UnderWay<K, V> = HashMap<K, watch::Receiver<Option<V>>>;

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Whether somebody is on the way for `key`.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// What `errand` brings, run once for all who ask for `key` at a time. It goes on when those who wait go away.
    /// None if it came to nothing: it panicked, or the runtime is shutting down.
    pub(crate) async fn join<F>(&self, key: K, errand: impl FnOnce() -> F) -> Option<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut answer = {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match under_way.get(&key) {
                Some(answer) => answer.clone(),
                None => {
                    let (tell, answer) = watch::channel(None);
                    under_way.insert(key.clone(), answer.clone());
                    let landed = Landed { flights: Arc::clone(&self.0), key };
                    let errand = errand();
                    tokio::spawn(async move {
                        let brought = errand.await;
                        // Off the list before it is told: who asks from now on asks anew.
                        drop(landed);
                        tell.send_replace(Some(brought));
                    });
                    answer
                }
            }
        };
        let brought = answer.wait_for(Option::is_some).await.ok()?;
        brought.clone()
    }
}

/// Takes an errand off the list when it ends, however it ends.
struct Landed<K: Eq + Hash, V> {
    flights: Arc<Mutex<UnderWay<K, V>>>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Landed<K, V> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Errands for which nobody waits, but for who wants to see all of it done.
#[derive(Debug, Default)]
pub(crate) struct Aside(Mutex<Vec<JoinHandle<()>>>);

impl Aside {
    /// Sends somebody on an errand.
    pub(crate) fn send(&self, errand: impl Future<Output = ()> + Send + 'static) {
        let errand = tokio::spawn(errand);
        let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|errand| !errand.is_finished());
        under_way.push(errand);
    }

    /// Waits until all errands are done, those too that were sent meanwhile.
    pub(crate) async fn rest(&self) {
        loop {
            let under_way = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            if under_way.is_empty() {
                return;
            }
            for errand in under_way {
                let _ = errand.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    fn run(work: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work);
    }

    #[test]
    fn many_who_ask_for_one_thing_get_one_answer() {
        run(many_ask_for_one_thing());
    }

    #[test]
    fn an_errand_that_panics_holds_nobody_up() {
        run(an_errand_panics());
    }

    async fn many_ask_for_one_thing() {
        let flights: Arc<Flights<&str, usize>> = Arc::default();
        let (runs, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let ask = || {
            let (flights, runs, gate) = (Arc::clone(&flights), Arc::clone(&runs), Arc::clone(&gate));
            async move {
                let errand = || async move {
                    let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
                    gate.acquire().await.unwrap().forget();
                    run
                };
                flights.join("serde", errand).await
            }
        };
        let many: Vec<_> = (0..100).map(|_| tokio::spawn(ask())).collect();
        while runs.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        gate.add_permits(1);
        for one in many {
            assert_eq!(one.await.unwrap(), Some(1));
        }
        gate.add_permits(1);
        assert_eq!(ask().await, Some(2), "what is over is asked anew");
    }

    async fn an_errand_panics() {
        let flights: Flights<&str, usize> = Flights::default();
        assert_eq!(flights.join("a", || async { panic!("lost") }).await, None);
        assert_eq!(flights.join("a", || async { 1 }).await, Some(1));
    }
}
