//! axe-core, with which the browser tests look for what keeps people from reading a page: fetched once, into the target
//! folder, and compared with the digest that stands here. It runs in pages under test and nowhere else.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha512};

use crate::run;

/// The package, as npm takes it.
const PACKAGE: &str = "axe-core@4.14.1";

/// The SHA-512 of its archive, which npm calls its integrity (there in base64). `npm view axe-core dist.integrity` tells
/// that of a newer one.
const SHA512: &str = "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73\
                      4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5";

/// The file of it that is run.
const SCRIPT: &str = "package/axe.min.js";

/// The most that is read of it; it has some 650 kB.
const SCRIPT_BYTES: u64 = 8 << 20;

/// Where it lies, for the tests.
fn folder(target: &Path) -> PathBuf {
    target.join("axe-core")
}

/// Fetches it, unless it is there.
pub(crate) fn fetch(target: &Path) -> Result<(), String> {
    let folder = folder(target);
    let (script, seal) = (folder.join("axe.min.js"), folder.join("sha512"));
    let is_there = script.is_file() && fs::read_to_string(&seal).is_ok_and(|kept| kept == SHA512);
    if is_there {
        return Ok(());
    }
    let failed = |what: &Path| {
        let what = what.display().to_string();
        move |error: std::io::Error| format!("{what}: {error}")
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let mut pack = Command::new("npm");
    // Packing runs no script of the package's.
    pack.args(["pack", PACKAGE, "--ignore-scripts", "--silent"]).current_dir(&folder);
    let printed = run::output(&mut pack)?;
    let name = String::from_utf8_lossy(&printed).lines().last().unwrap_or_default().trim().to_owned();
    let archive = folder.join(Path::new(&name).file_name().unwrap_or_default());
    let bytes = fs::read(&archive).map_err(failed(&archive))?;
    fs::remove_file(&archive).map_err(failed(&archive))?;
    let text = script_in(&bytes)?;
    fs::write(&script, text).map_err(failed(&script))?;
    fs::write(&seal, SHA512).map_err(failed(&seal))
}

/// The script in the package, of which the digest was compared.
fn script_in(archive: &[u8]) -> Result<Vec<u8>, String> {
    let digest: String = Sha512::digest(archive).iter().map(|byte| format!("{byte:02x}")).collect();
    if digest != SHA512 {
        return Err(format!(
            "{PACKAGE} has the digest {digest}, and not the one that is written down: it is not used"
        ));
    }
    let unreadable = |error: std::io::Error| format!("{PACKAGE}: {error}");
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().map_err(unreadable)?.as_ref() == Path::new(SCRIPT) {
            let mut text = Vec::new();
            entry.take(SCRIPT_BYTES).read_to_end(&mut text).map_err(unreadable)?;
            return Ok(text);
        }
    }
    Err(format!("{PACKAGE} has no {SCRIPT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_package_is_not_used() {
        let refused = script_in(b"another package").unwrap_err();
        assert!(refused.ends_with("and not the one that is written down: it is not used"), "{refused}");
    }
}
