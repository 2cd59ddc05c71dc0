//! `cargo fence disable`: cargo's configuration as it was before `cargo fence enable`.

use fence_client::Environment;
use fence_client::cargo_config::{CargoConfig, Place};
use fence_client::switch::{self, Made, Was};

use crate::args::Global;
use crate::commands::Outcome;
use crate::configuration::{ConfigFile, Edited, Of, Whose, WhoseArgs};
use crate::error::{CliError, Misuse, shown, switching};
use crate::shell::Shell;

/// Switch the fence off: cargo asks crates.io itself again
///
/// Takes out what `cargo fence enable` wrote and leaves the rest of the file as it is; a file or folder that was made
/// for it goes too. What was written by hand is taken out as well. The change is shown first, and asked for on a
/// terminal.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    whose: WhoseArgs,
}

/// Writes the configuration, and says what is left.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let file = ConfigFile::find(args.whose.whose(), global, environment)?;
    let is_users = environment.cargo_home().as_deref() == file.path.parent();
    if file.of == Of::Folder && (is_users || file.text.is_none()) {
        return Err(Misuse::NoProject(file.root).into());
    }
    let before = file.text.as_deref().unwrap_or_default();
    let off = switch::off(before).map_err(|problem| switching(&file.path, &problem))?;
    if off.was == Was::Off {
        shell.status("Unchanged", &format!("nothing in {} leads to a fence", shown(&file.path)));
    } else {
        let made = match &off.was {
            Was::Written(switch) => switch.made,
            Was::Off | Was::ByHand => Made::Nothing,
        };
        let is_gone = made != Made::Nothing && off.text.is_empty();
        let edit = file.edit((!is_gone).then_some(off.text), made);
        edit.show(shell)?;
        if file.is_locked(global) {
            return Err(Misuse::Locked("cargo's configuration").into());
        }
        let question = if is_gone { "remove" } else { "write this to" };
        let question = format!("{question} {}?", shown(&file.path));
        if edit.make(&question, args.whose.consent(), shell)? == Edited::No {
            shell.status("Unchanged", "nothing was written");
            return Ok(Outcome::Undecided);
        }
        let scope = match file.whose {
            Whose::Project => "for this project",
            Whose::User => "for everything that you do with cargo",
        };
        shell.status("Disabled", &format!("the fence, {scope}, in {}", shown(&file.path)));
    }
    say_what_else_leads_there(environment, shell)?;
    Ok(Outcome::Pass)
}

/// Another file may lead to a fence still.
fn say_what_else_leads_there(environment: &Environment, shell: &Shell) -> Result<(), CliError> {
    let route = CargoConfig::read(environment.current_folder(), environment)?.route_of_crates_io()?;
    let Some(last) = route.replacements.last().filter(|last| last.with == switch::NAME) else {
        return Ok(());
    };
    let Place::File(path) = &last.place else { return Ok(()) };
    let is_users = environment.cargo_home().is_some_and(|home| path.starts_with(home));
    let command = if is_users { "`cargo fence disable --global`" } else { "`cargo fence disable` there" };
    shell.warning(&format!("cargo still asks a fence here, by {}: {command} ends that", shown(path)));
    Ok(())
}
