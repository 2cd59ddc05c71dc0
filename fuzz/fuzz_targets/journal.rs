#![no_main]

#[path = "../checks/registry.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::journal(bytes));
