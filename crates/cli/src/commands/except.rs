//! `cargo fence except`: lets one release in against the judgement, for a while and for a reason.

use fence_client::Environment;
use fence_client::project::edit::{self, Edited};
use fence_client::project::{self, ProjectError};
use fence_model::policy::{Exception, LONGEST_EXCEPTION};
use fence_model::{Code, ReleaseId, Span, Time};

use crate::args::{Files, Global, Sources, Spec};
use crate::commands::{Outcome, init};
use crate::error::{CliError, Misuse, shown};
use crate::session::{Opening, Session};
use crate::shell::Shell;

/// Let one release in, against the judgement, for a while and for a reason
///
/// Writes an exception into fence.toml; comments and order survive. It is bound to the release's digest, names the
/// codes that it overrides, and ends by itself: after at most 180 days.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The release
    #[arg(value_name = "CRATE@VERSION")]
    spec: Spec,
    /// The codes that it overrides, with commas between
    #[arg(long, value_name = "CODES")]
    codes: String,
    /// Why it is let in
    #[arg(long, value_name = "REASON")]
    because: String,
    /// Until when: a day, or a length of time from now such as "7 days"
    #[arg(long, value_name = "WHEN")]
    until: String,
    #[command(flatten)]
    sources: Sources,
}

/// Checks what was asked, finds the digest, and writes the exception.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    if global.files() == Files::Locked {
        return Err(Misuse::Locked("fence.toml").into());
    }
    let now = args.sources.now.unwrap_or_else(crate::session::clock);
    let codes = codes(&args.codes)?;
    let until = until(&args.until, now)?;
    if args.because.trim().is_empty() || args.because.trim() == "…" {
        return Err(Misuse::NoReason.into());
    }
    let session = Session::open(Opening::all(&args.sources), global, environment, shell)?;
    let Some(version) = args.spec.version.clone() else {
        let locked = session.locked_releases(&args.spec.name);
        return Err(Misuse::BareName(args.spec.name.clone(), locked).into());
    };
    let release = ReleaseId { name: args.spec.name.clone(), version };
    let digest = session.digest_of(&release).ok_or_else(|| Misuse::UnknownRelease(release.clone()))?;
    let ReleaseId { name, version } = release.clone();
    let exception = Exception { name, version, digest, codes, because: args.because.clone(), until };

    let file = &session.project.policy;
    let text = project::read_text(file, project::Limits::default().policy_bytes)?;
    let text = text.unwrap_or_else(|| init::policy_text(session.policy.level, &[], &[]));
    let (text, edited) = edit::add_exception(&text, &exception, now)
        .map_err(|problem| ProjectError::Edit { file: file.clone(), problem })?;
    project::write(file, &text)?;
    let verb = match edited {
        Edited::Added => "Added",
        Edited::Replaced => "Replaced",
    };
    let file = shown(file);
    shell.status(
        verb,
        &format!("exception for {release} ({}…) until {} in {file}", digest.short(), until.date()),
    );
    Ok(Outcome::Pass)
}

fn codes(text: &str) -> Result<Vec<Code>, Misuse> {
    let mut codes = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let code = word.parse().map_err(|_| Misuse::UnknownCode(word.to_owned()))?;
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if codes.is_empty() { Err(Misuse::NoCodes) } else { Ok(codes) }
}

/// A day or a time, or a length of time from `now` on.
fn until(text: &str, now: Time) -> Result<Time, Misuse> {
    let until = match (text.parse::<Time>(), text.parse::<Span>()) {
        (Ok(time), _) => time,
        (_, Ok(span)) => now + span,
        (Err(_), Err(_)) => return Err(Misuse::UnreadableEnd(text.to_owned())),
    };
    if until <= now {
        Err(Misuse::EndsBeforeNow(until.date()))
    } else if until > now + LONGEST_EXCEPTION {
        Err(Misuse::EndsTooLate(until.date()))
    } else {
        Ok(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_day_or_a_length_of_time_and_at_most_180_days_ahead() {
        let now: Time = "2026-08-20T12:00:00Z".parse().unwrap();
        let check = |text: &str, expected: Result<&str, Misuse>| {
            assert_eq!(until(text, now).map(|time| time.to_string()), expected.map(str::to_owned), "{text}");
        };
        check("2026-12-01", Ok("2026-12-01T00:00:00Z"));
        check("7 days", Ok("2026-08-27T12:00:00Z"));
        check("180 days", Ok("2027-02-16T12:00:00Z"));
        check("181 days", Err(Misuse::EndsTooLate("2027-02-17".to_owned())));
        check("2026-08-20", Err(Misuse::EndsBeforeNow("2026-08-20".to_owned())));
        check("soon", Err(Misuse::UnreadableEnd("soon".to_owned())));
        check("7", Err(Misuse::UnreadableEnd("7".to_owned())));
    }

    #[test]
    fn codes_are_known_words_once_each() {
        assert_eq!(codes("young, dormant,young"), Ok(vec![Code::Young, Code::Dormant]));
        assert_eq!(codes("yuong"), Err(Misuse::UnknownCode("yuong".to_owned())));
        assert_eq!(codes(" , "), Err(Misuse::NoCodes));
    }
}
