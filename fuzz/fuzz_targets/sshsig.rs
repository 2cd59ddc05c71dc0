#![no_main]

#[path = "../checks/trust.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::sshsig(bytes));
