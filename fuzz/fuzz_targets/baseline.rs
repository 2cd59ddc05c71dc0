#![no_main]

#[path = "../checks/project.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::baseline(bytes));
