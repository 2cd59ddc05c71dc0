#![no_main]

#[path = "../checks/fetched.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::kept(bytes));
