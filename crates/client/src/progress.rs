//! What a person may see while facts are fetched.

/// Told about work as it goes on; called from many threads. What it does changes no result.
pub trait Progress: Sync {
    /// `total` pieces of `what` ("index files") are about to be fetched.
    fn begin(&self, what: &str, total: usize);

    /// One more piece is done, for good or ill.
    fn advance(&self);

    /// The work that began last is over.
    fn end(&self);

    /// Something went wrong that changes no result, such as a cache that cannot be written. At most once a cause.
    fn warn(&self, text: &str);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: usize) {}
    fn advance(&self) {}
    fn end(&self) {}
    fn warn(&self, _text: &str) {}
}
