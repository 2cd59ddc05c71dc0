//! Lots, drawn by a seed: the same on every machine, and for each purpose its own.

/// Numbers from a seed: Steele's SplitMix64.
#[derive(Debug, Clone)]
pub struct Lots(u64);

impl Lots {
    /// Those of a seed for one purpose and one run.
    pub fn of(seed: u64, purpose: u64, run: u64) -> Self {
        let mut lots = Self(seed ^ purpose.rotate_left(32) ^ run.rotate_left(8));
        lots.next();
        Self(lots.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, each as likely.
    ///
    /// # Panics
    /// Where there is none: `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "there is something to draw from");
        (self.next() % end as u64) as usize
    }
}
