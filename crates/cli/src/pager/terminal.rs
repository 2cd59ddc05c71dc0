//! The terminal of a pager: raw while it is looked at, and as it was before however that ends.
//!
//! Keys are read from the terminal itself, so that a pipe on the standard input does no harm. One thread reads them, one
//! hears signals; the pager lives in the thread that called. A terminal is given back when the pager ends, when a signal
//! ends the process, and when it panics: the hook for that runs even where a panic aborts.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::sync::{Mutex, Once, PoisonError, mpsc};
use std::thread;

use fence_client::Environment;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::keys::keys;
use super::{Flow, Key, Pager};
use crate::error::CliError;
use crate::render::review::Page;
use crate::shell::{Shell, Verbosity};

/// The other screen, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[0m\x1b[?25h\x1b[?1049l";

/// The terminal that is to be given back, with what it was like.
static TAKEN: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// What happens while somebody looks.
enum Event {
    Keys(Vec<Key>),
    Resized,
    /// The terminal is gone.
    Gone,
}

/// Shows a page with keys; false where there is no terminal for that, or nothing to turn.
pub(super) fn show(page: &Page, environment: &Environment, shell: &Shell) -> Result<bool, CliError> {
    let is_for_people = io::stdout().is_terminal()
        && environment.var("TERM").is_some_and(|term| term != "dumb")
        && shell.verbosity > Verbosity::Quiet;
    if !is_for_people {
        return Ok(false);
    }
    let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else { return Ok(false) };
    let (columns, rows) = size(&terminal);
    let mut pager = Pager::new(page.clone(), shell.colour, columns, rows);
    if pager.fits() {
        return Ok(false);
    }
    let gone = |why: io::Error| CliError::new(format!("the terminal cannot be used: {why}"));
    let (send, events) = mpsc::channel();
    hear(send.clone());
    take(&terminal).map_err(gone)?;
    let _given_back = GiveBack;
    read(terminal.try_clone().map_err(gone)?, send);
    draw(&terminal, &pager).map_err(gone)?;
    while let Ok(event) = events.recv() {
        match event {
            Event::Keys(keys) => {
                if keys.into_iter().any(|key| pager.press(key) == Flow::End) {
                    break;
                }
            }
            Event::Resized => {
                let (columns, rows) = size(&terminal);
                pager.resize(columns, rows);
            }
            Event::Gone => break,
        }
        draw(&terminal, &pager).map_err(gone)?;
    }
    Ok(true)
}

fn size(terminal: &File) -> (usize, usize) {
    match tcgetwinsize(terminal) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}

fn draw(terminal: &File, pager: &Pager) -> io::Result<()> {
    let rows = pager.screen();
    let mut screen = String::from("\x1b[H");
    for (at, row) in rows.iter().enumerate() {
        screen += row;
        screen += "\x1b[K";
        screen += if at + 1 < rows.len() { "\r\n" } else { "" };
    }
    let mut terminal = terminal;
    terminal.write_all(screen.as_bytes())?;
    terminal.flush()
}

/// Makes the terminal raw: each key at once, and none a signal.
fn take(terminal: &File) -> io::Result<()> {
    static HOOK: Once = Once::new();
    let was = tcgetattr(terminal)?;
    let mut raw = was.clone();
    raw.make_raw();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            usual(panic);
        }));
    });
    *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some((terminal.try_clone()?, was));
    tcsetattr(terminal, OptionalActions::Flush, &raw)?;
    let mut terminal = terminal;
    terminal.write_all(ENTER.as_bytes())
}

/// Gives the terminal back as it was, once.
fn give_back() {
    let Some((mut terminal, was)) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return;
    };
    // Who hung up needs neither.
    let _ = terminal.write_all(LEAVE.as_bytes());
    let _ = tcsetattr(&terminal, OptionalActions::Drain, &was);
}

struct GiveBack;

impl Drop for GiveBack {
    fn drop(&mut self) {
        give_back();
    }
}

/// Reads keys, for as long as the process lives.
fn read(mut terminal: File, events: mpsc::Sender<Event>) {
    thread::spawn(move || {
        let mut bytes = [0; 256];
        loop {
            let event = match terminal.read(&mut bytes) {
                Ok(0) => Event::Gone,
                Ok(length) => Event::Keys(keys(&bytes[..length])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Event::Gone,
            };
            let is_last = matches!(event, Event::Gone);
            if events.send(event).is_err() || is_last {
                break;
            }
        }
    });
}

/// Hears of another size, and of a wish to end: then the terminal is given back and the process ends as by the signal.
fn hear(events: mpsc::Sender<Event>) {
    use tokio::signal::unix::{SignalKind, signal};
    thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let kinds = [
                SignalKind::window_change(),
                SignalKind::terminate(),
                SignalKind::hangup(),
                SignalKind::interrupt(),
            ];
            let mut signals: Vec<_> =
                kinds.into_iter().filter_map(|kind| Some((kind, signal(kind).ok()?))).collect();
            loop {
                let heard = std::future::poll_fn(|context| {
                    let ready = signals
                        .iter_mut()
                        .find_map(|(kind, signal)| signal.poll_recv(context).is_ready().then_some(*kind));
                    ready.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
                })
                .await;
                if heard != SignalKind::window_change() {
                    give_back();
                    std::process::exit(128 + heard.as_raw_value());
                }
                if events.send(Event::Resized).is_err() {
                    break;
                }
            }
        });
    });
}
