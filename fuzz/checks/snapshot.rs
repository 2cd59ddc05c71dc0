//! What must hold of whatever bytes a snapshot is opened from. The fuzz target runs this check on invented bytes,
//! `crates/client/tests/corpus.rs` on the corpus.

use fence_client::snapshot::{FORMAT, Snapshot, SnapshotError, write};
use fence_model::Time;
use fence_model::policy::PublishTimes;
use xxhash_rust::xxh3::xxh3_64;

/// As they are, bytes are no snapshot, or they are one that can be read; under a header that fits, each record
/// makes sense or is an error. What can be read whole is written the same way ever after.
pub(crate) fn snapshot(bytes: &[u8]) {
    told(&read(bytes.to_vec()));
    let mut headed = b"cgfence\n".to_vec();
    headed.extend(FORMAT.to_le_bytes());
    headed.extend([0; 4]);
    headed.extend(xxh3_64(bytes).to_le_bytes());
    headed.extend(bytes);
    told(&read(headed));
}

fn read(bytes: Vec<u8>) -> Result<(), SnapshotError> {
    let snapshot = Snapshot::open(bytes)?;
    for view in snapshot.crates() {
        let view = view?;
        let facts =
            view.facts(Time::from_unix(1_800_000_000), PublishTimes::Trusted, |package| package.birth)?;
        assert!(facts.releases.len() <= view.release_count() as usize);
    }
    snapshot.crate_named(0, "serde")?;
    let contents = snapshot.contents()?;
    // Two records of one crate are the only thing that can be read and not written.
    if let Ok(written) = write(&contents) {
        let again = Snapshot::open(written.clone())?;
        assert_eq!(write(&again.contents()?).as_ref(), Ok(&written));
    }
    Ok(())
}

fn told(outcome: &Result<(), SnapshotError>) {
    if let Err(error) = outcome {
        assert!(!error.to_string().is_empty());
    }
}
