//! Texts that come again and again, each kept once and known by a number.

use std::collections::HashMap;

use super::rows::Stop;

/// A text by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(pub(super) u32);

/// Gives out numbers. Names are chosen by strangers, so the hash is the keyed one of the standard library.
#[derive(Debug)]
pub(super) struct Words {
    numbers: HashMap<Box<str>, Word>,
    bytes: usize,
    limit: usize,
}

impl Default for Words {
    fn default() -> Self {
        Self { numbers: HashMap::new(), bytes: 0, limit: usize::MAX }
    }
}

impl Words {
    /// Takes no more than so many bytes of texts from now on.
    pub(super) fn keep_below(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(super) fn word(&mut self, text: &str) -> Result<Word, Stop> {
        if let Some(word) = self.numbers.get(text) {
            return Ok(*word);
        }
        // An empty text takes room, too.
        self.bytes += text.len().max(1);
        if self.bytes > self.limit {
            return Err(Stop::Text);
        }
        let word = Word(self.numbers.len() as u32);
        self.numbers.insert(text.into(), word);
        Ok(word)
    }

    /// The texts, by number.
    pub(super) fn into_texts(self) -> Box<[Box<str>]> {
        let mut texts = vec![Box::default(); self.numbers.len()].into_boxed_slice();
        for (text, word) in self.numbers {
            texts[word.0 as usize] = text;
        }
        texts
    }
}

/// What was found out about words, each once.
#[derive(Debug, Default)]
pub(super) struct Verdicts(Vec<Option<bool>>);

impl Verdicts {
    pub(super) fn of(&mut self, word: Word, verdict: impl FnOnce() -> bool) -> bool {
        let at = word.0 as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        *self.0[at].get_or_insert_with(verdict)
    }
}
