#![no_main]

#[path = "../checks/evidence.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::dump_table(bytes));
