//! The bytes of an answer on their way: in pieces, so that a reader who takes none is noticed.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};
use flate2::bufread::GzDecoder;
use hyper::body::{Body, Frame, SizeHint};

use super::patience::Busy;

/// What an answer carries.
#[derive(Debug)]
pub(super) struct Load {
    source: Source,
    piece: usize,
    /// Kept while there is something to send.
    busy: Option<Busy>,
}

#[derive(Debug)]
enum Source {
    Ready(Bytes),
    Packed { from: Box<GzDecoder<Reader<Bytes>>>, left: usize },
}

impl Load {
    /// Nothing.
    pub(super) const fn empty() -> Self {
        Self { source: Source::Ready(Bytes::new()), piece: 0, busy: None }
    }

    /// These bytes, in pieces of at most `piece`.
    pub(super) const fn of(bytes: Bytes, piece: usize, busy: Busy) -> Self {
        Self { source: Source::Ready(bytes), piece, busy: Some(busy) }
    }

    /// What is packed in `gzip`, and has `length` bytes; unpacked piece by piece as they are taken.
    pub(super) fn unpacked(gzip: Bytes, length: usize, piece: usize, busy: Busy) -> Self {
        let from = Box::new(GzDecoder::new(gzip.reader()));
        Self { source: Source::Packed { from, left: length }, piece, busy: Some(busy) }
    }

    /// How many bytes are still to come.
    pub(super) fn left(&self) -> usize {
        match &self.source {
            Source::Ready(bytes) => bytes.len(),
            Source::Packed { left, .. } => *left,
        }
    }

    /// The next piece.
    ///
    /// # Errors
    /// What is packed is damaged, or shorter than it was said to be. The connection breaks then: a client that
    /// counts on the length must not take less for all.
    fn next(&mut self) -> io::Result<Bytes> {
        match &mut self.source {
            Source::Ready(bytes) => Ok(bytes.split_to(self.piece.min(bytes.len()))),
            Source::Packed { from, left } => {
                let mut piece = vec![0; self.piece.min(*left)];
                from.read_exact(&mut piece)?;
                *left -= piece.len();
                Ok(piece.into())
            }
        }
    }
}

impl Body for Load {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        if let Some(busy) = &self.busy {
            busy.step();
        }
        Poll::Ready(Some(self.next().map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left() as u64)
    }
}
