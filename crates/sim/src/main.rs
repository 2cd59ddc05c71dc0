//! The program `fence-sim`: replays history through the judgement of the fence.

fn main() {}
