#![no_main]

#[path = "../checks/scan.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::source_tree(bytes));
