//! Intervals of 95 % for a share that was counted.

use fence_model::exposure::observed::at_most;

/// The quantile of the normal distribution that 95 % lie within, on both sides.
const Z: f64 = 1.959_963_984_540_054;
/// What lies outside of an interval, on each side.
const TAIL: f64 = 0.025;

/// A share of 0 to 1 and the interval around it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Wilson's interval for `k` of `n`: short, and right on average, for the many runs of a simulation.
pub fn wilson(k: usize, n: usize) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (k, n) = (k as f64, n as f64);
    let part = k / n;
    let middle = (part + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (part * (1.0 - part) / n + Z * Z / (4.0 * n * n)).sqrt();
    let low = if k == 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if k == n { 1.0 } else { (middle + half).min(1.0) };
    Interval { low, high }
}

/// Clopper's and Pearson's interval for `k` of `n`: never too short, for the few incidents that are known.
pub fn clopper_pearson(k: usize, n: usize) -> Interval {
    // The share at which so few, or so many, would be seen in one of 40 samples.
    let solve = |is_too_low: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if is_too_low(middle) { low = middle } else { high = middle }
        }
        (low + high) / 2.0
    };
    let low = if k == 0 { 0.0 } else { solve(&|share| 1.0 - at_most(k - 1, n, share) < TAIL) };
    let high = if k >= n { 1.0 } else { solve(&|share| at_most(k, n, share) > TAIL) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of tables: Wilson 1927, Clopper and Pearson 1934.
    #[test]
    fn intervals_are_those_of_tables() {
        let told = |interval: Interval| format!("{:.4}..{:.4}", interval.low, interval.high);
        assert_eq!(told(wilson(5, 10)), "0.2366..0.7634");
        assert_eq!(told(wilson(0, 10)), "0.0000..0.2775");
        assert_eq!(told(clopper_pearson(5, 10)), "0.1871..0.8129");
        assert_eq!(told(clopper_pearson(0, 25)), "0.0000..0.1372");
        assert_eq!(told(clopper_pearson(3, 3)), "0.2924..1.0000");
    }
}
