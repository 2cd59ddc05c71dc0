//! The fence, measured: what it stops, what it costs, and what is left.
//!
//! History is replayed through the judgement that decides everywhere else. [`history`] holds what became known, each fact
//! with its moment; [`backtest`] asks since when each release would have been admitted under a policy, and joins the answers
//! with the upgrades that real projects made and with the incidents that really happened. All of it is pure: files are read by the
//! program, in `edge`, and handed in; seeds are arguments.

pub mod attack;
pub mod backtest;
pub mod halves;
pub mod history;
pub mod incidents;
pub mod protection;
pub mod readings;
pub mod releases;
pub mod report;
pub mod sweep;
