//! What a scanner's worker shuts itself off from: files, the network, other programs, and more than its share of memory
//! and time.
//!
//! * Limits of the system on memory, time, open files and file sizes: every Unix.
//! * Landlock: no file can be opened, no port connected to or listened at. Linux 5.13, network 6.7.
//! * seccomp: of the system's calls only those that a program needs which reads its input, computes and answers. All
//!   others fail. Linux, on the processors that are named below.
//!
//! What the machine does not have is said, so that nobody takes a worker for shut in that is not.

/// Memory of a worker, in bytes.
#[cfg(unix)]
const MEMORY: u64 = 4 << 30;
/// Its time on a processor, in seconds.
#[cfg(unix)]
const PROCESSOR_SECONDS: u64 = 100;

/// Shuts this process in for the rest of its life; says what could not be shut off.
pub fn enter() -> Vec<String> {
    let mut open = Vec::new();
    #[cfg(unix)]
    limits(&mut open);
    #[cfg(target_os = "linux")]
    {
        if let Err(why) = files_and_network() {
            open.push(format!("Landlock does not keep it from files and the network: {why}"));
        }
        if let Err(why) = system_calls() {
            open.push(format!("seccomp does not keep it from calls of the system: {why}"));
        }
    }
    #[cfg(not(target_os = "linux"))]
    open.push("on this system nothing keeps it from files and the network".to_owned());
    open
}

#[cfg(unix)]
fn limits(open: &mut Vec<String>) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let all = [
        (Resource::As, MEMORY, "memory"),
        (Resource::Cpu, PROCESSOR_SECONDS, "time"),
        (Resource::Fsize, 0, "files that it writes"),
        (Resource::Core, 0, "dumps of its memory"),
    ];
    for (resource, limit, what) in all {
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        if let Err(error) = setrlimit(resource, limit) {
            open.push(format!("its {what} cannot be limited: {error}"));
        }
    }
}

/// No rule allows anything, so nothing can be opened.
#[cfg(target_os = "linux")]
fn files_and_network() -> Result<(), String> {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
        RulesetStatus,
    };
    let said = |error: landlock::RulesetError| error.to_string();
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .map_err(said)?
        .handle_access(AccessNet::from_all(ABI::V5))
        .map_err(said)?
        .create()
        .map_err(said)?
        .restrict_self()
        .map_err(said)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("this kernel does not have it".to_owned()),
    }
}

/// Everything that is not named fails with `EPERM`.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn system_calls() -> Result<(), String> {
    use std::collections::BTreeMap;

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    let needed = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_mmap,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_madvise,
        libc::SYS_mprotect,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_restart_syscall,
        // To die by `abort`.
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_tgkill,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
        needed.iter().map(|call| (*call, Vec::new())).collect();
    let processor = std::env::consts::ARCH.try_into().map_err(|error| format!("{error:?}"))?;
    let filter =
        SeccompFilter::new(rules, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow, processor)
            .map_err(|error| error.to_string())?;
    let program: BpfProgram =
        filter.try_into().map_err(|error: seccompiler::BackendError| error.to_string())?;
    seccompiler::apply_filter(&program).map_err(|error| error.to_string())
}

#[cfg(all(target_os = "linux", not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn system_calls() -> Result<(), String> {
    Err("not on this processor".to_owned())
}
