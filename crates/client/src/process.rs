//! Starting another program, with bounds on its time and its words.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a program may take, and how much it may say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Seconds from start to end.
    pub(crate) seconds: u64,
    /// Bytes on its standard output.
    pub(crate) bytes: usize,
}

/// Why a program gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It cannot be started.
    #[error("it cannot be started: {0}")]
    NotStarted(io::Error),
    /// It said that it failed.
    #[error("{status}{}{words}", if words.is_empty() { "" } else { ": " })]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// What it said on its standard error, in one line.
        words: String,
    },
    /// It took too long, and was ended.
    #[error("it took longer than {seconds} seconds")]
    TooSlow {
        /// The bound.
        seconds: u64,
    },
    /// It said too much, and was ended.
    #[error("it printed more than {bytes} bytes")]
    TooMuch {
        /// The bound.
        bytes: usize,
    },
    /// It did more than it may, and was ended.
    #[error("{0}")]
    Stopped(String),
    /// The pipe to it broke.
    #[error("the connection to it broke: {0}")]
    Pipe(io::Error),
}

/// How soon, and how often at the latest, it is looked again whether a program that said all has ended, too.
const END_AWAITED: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(5)];

/// How often it is asked whether a program may go on.
const LOOK: Duration = Duration::from_millis(250);

/// Runs `command` with `input`, and gives what it prints. It has no terminal to ask a person on.
pub(crate) fn run(command: Command, input: Vec<u8>, bounds: Bounds) -> Result<Vec<u8>, ProcessError> {
    run_while(command, input, bounds, &|| Ok(()))
}

/// [`run`], for as long as `may_go_on`, which is asked some times a second and at the end, does not say why not.
pub(crate) fn run_while(
    mut command: Command,
    input: Vec<u8>,
    bounds: Bounds,
    may_go_on: &dyn Fn() -> Result<(), String>,
) -> Result<Vec<u8>, ProcessError> {
    let deadline = Instant::now() + Duration::from_secs(bounds.seconds);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ProcessError::NotStarted)?;

    // The threads end with the pipes; one whose program is ended below outlives this call by a moment at most.
    let (send, receive) = mpsc::channel();
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || {
            // A program that does not want all of its input says so by its status.
            let _ = stdin.write_all(&input);
        });
    }
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    const MOST_WORDS: usize = 64 << 10;
    for (at, (pipe, limit)) in pipes.into_iter().zip([bounds.bytes, MOST_WORDS]).enumerate() {
        let Some(pipe) = pipe else { continue };
        let send = send.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = pipe.take(limit as u64 + 1).read_to_end(&mut bytes);
            let _ = send.send((at, read.map(|_| bytes)));
        });
    }

    let said = heard(&receive, deadline, bounds, may_go_on);
    // Who has said all that it has to say may still not end.
    let done = said.and_then(|said| Ok((said, ended(&mut child, deadline, bounds)?)));
    let ([stdout, stderr], status) = done.inspect_err(|_| {
        // Its own failure to end is of no interest any more.
        let _ = child.kill();
        let _ = child.wait();
    })?;
    if status.success() {
        return Ok(stdout);
    }
    let words = String::from_utf8_lossy(&stderr);
    let words: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(ProcessError::Failed { status, words: words.join("; ") })
}

/// What a program says on its standard output and its standard error, which are read elsewhere.
fn heard(
    said: &mpsc::Receiver<(usize, io::Result<Vec<u8>>)>,
    deadline: Instant,
    bounds: Bounds,
    may_go_on: &dyn Fn() -> Result<(), String>,
) -> Result<[Vec<u8>; 2], ProcessError> {
    let mut all = [Vec::new(), Vec::new()];
    let mut waiting = 2;
    while waiting > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        match said.recv_timeout(left.min(LOOK)) {
            Ok((0, Ok(bytes))) if bytes.len() > bounds.bytes => {
                return Err(ProcessError::TooMuch { bytes: bounds.bytes });
            }
            Ok((at, Ok(bytes))) => {
                all[at] = bytes;
                waiting -= 1;
            }
            Ok((_, Err(error))) => return Err(ProcessError::Pipe(error)),
            Err(_) if !left.is_zero() => may_go_on().map_err(ProcessError::Stopped)?,
            Err(_) => return Err(ProcessError::TooSlow { seconds: bounds.seconds }),
        }
    }
    may_go_on().map_err(ProcessError::Stopped)?;
    Ok(all)
}

/// How a program ended, which is waited for until `deadline`.
fn ended(child: &mut Child, deadline: Instant, bounds: Bounds) -> Result<ExitStatus, ProcessError> {
    let [mut pause, longest] = END_AWAITED;
    loop {
        match child.try_wait().map_err(ProcessError::Pipe)? {
            Some(status) => return Ok(status),
            None if Instant::now() < deadline => {
                std::thread::sleep(pause);
                pause = longest.min(pause * 2);
            }
            None => return Err(ProcessError::TooSlow { seconds: bounds.seconds }),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_prints_comes_back() {
        let bounds = Bounds { seconds: 60, bytes: 100 };
        assert_eq!(run(shell("cat"), b"words".to_vec(), bounds).unwrap(), b"words");
        let failed = run(shell("echo no >&2; exit 3"), Vec::new(), bounds).unwrap_err();
        assert_eq!(failed.to_string(), "exit status: 3: no");
        let much = run(shell("yes"), Vec::new(), bounds).unwrap_err();
        assert_eq!(much.to_string(), "it printed more than 100 bytes");
    }

    /// Its end is waited for no longer than the rest.
    #[test]
    fn a_program_that_says_nothing_and_goes_on_is_ended() {
        let ended = run(shell("exec >&- 2>&-; read forever"), Vec::new(), Bounds { seconds: 60, bytes: 1 });
        assert!(ended.is_err(), "its input ends: {ended:?}");
        let ended = run(shell("exec >&- 2>&-; sleep 600"), Vec::new(), Bounds { seconds: 0, bytes: 1 });
        assert_eq!(ended.unwrap_err().to_string(), "it took longer than 0 seconds");
    }

    #[test]
    fn the_end_of_a_program_is_waited_for_until_its_time_is_over() {
        let mut child = shell("exec sleep 600").spawn().unwrap();
        let late = ended(&mut child, Instant::now(), Bounds { seconds: 7, bytes: 1 }).unwrap_err();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(late.to_string(), "it took longer than 7 seconds");
    }
}
