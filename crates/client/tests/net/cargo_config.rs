//! Cargo's configuration: who answers in whose place.

use std::path::Path;

use fence_client::Environment;
use fence_client::cargo_config::{
    CargoConfig, ConfigError, Credentials, IndexLocation, NetworkMode, Reach, file_in,
};
use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};

use crate::support::write;

/// A machine: `project/` is the project, `cargo/` cargo's home.
struct Machine {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

fn machine<const N: usize>(files: [(&str, &str); N]) -> Machine {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(&folder.path().join(path), text);
    }
    std::fs::create_dir_all(folder.path().join("project")).unwrap();
    Machine { folder, variables: Vec::new() }
}

impl Machine {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn config(&self) -> Result<CargoConfig, ConfigError> {
        let home = self.folder.path().join("cargo").display().to_string();
        let mut environment = Environment::of([("CARGO_HOME", home.as_str())], self.folder.path());
        for (name, value) in &self.variables {
            environment = environment.with(name, value);
        }
        CargoConfig::read(&self.folder.path().join("project"), &environment)
    }

    /// Who answers for `source`, in a line.
    fn registry(&self, source: &str) -> String {
        let text = match self.config().and_then(|config| config.registry(source)) {
            Err(error) => format!("{error}; {}", error.hint()),
            Ok(registry) => {
                let location = match &registry.location {
                    IndexLocation::Sparse(url) => format!("sparse {url}"),
                    IndexLocation::Folder(folder) => format!("folder {}", folder.display()),
                    IndexLocation::Git(url) => format!("git {url}"),
                    IndexLocation::Vendored(folder) => format!("vendored {}", folder.display()),
                };
                let credentials = match &registry.credentials {
                    Credentials::None => String::new(),
                    Credentials::Token(token) => format!(", token {}", token.reveal()),
                    Credentials::FromStdout { program, arguments, registry } => {
                        format!(", token of {registry} from {program} {}", arguments.join(" "))
                    }
                    Credentials::OnlyCargo { provider, variable } => {
                        format!(", only cargo: {provider}, {variable}")
                    }
                };
                format!("{}: {location}{credentials}", registry.name)
            }
        };
        self.plain(&text)
    }

    fn plain(&self, text: &str) -> String {
        let crates_io = CRATES_IO_HTTP_INDEX.strip_prefix("sparse+").unwrap();
        text.replace(&self.folder.path().display().to_string(), "").replace(crates_io, "(crates.io)")
    }
}

fn crates_io() -> String {
    format!("registry+{CRATES_IO_INDEX}")
}

/// Expected: who answers for crates.io under this configuration of the project.
fn check(config: &str, expected: &str) {
    let machine = machine([("project/.cargo/config.toml", config)]);
    assert_eq!(machine.registry(&crates_io()), expected);
}

#[test]
fn without_configuration_crates_io_answers() {
    check("", "crates.io: sparse (crates.io)");
    let machine = machine([]);
    assert_eq!(machine.registry(CRATES_IO_HTTP_INDEX), "crates.io: sparse (crates.io)");
    let copies = machine.config().unwrap().crates_io().unwrap().cargo_copies.unwrap();
    assert_eq!(copies.parent().unwrap(), machine.folder.path().join("cargo/registry/index"));
}

#[test]
fn replacement_is_followed_to_its_end() {
    check(
        "[source.crates-io]\nreplace-with = 'mirror'\n[source.mirror]\nregistry = 'sparse+https://m.example/index'",
        "https://m.example/index: sparse https://m.example/index/",
    );
    check(
        "[source.crates-io]\nreplace-with = 'a'\n[source.a]\nregistry = 'https://a.example'\nreplace-with = 'b'\n\
         [registries.b]\nindex = 'sparse+https://b.example/'",
        "b: sparse https://b.example/",
    );
    check(
        "[source.crates-io]\nreplace-with = 'here'\n[source.here]\nlocal-registry = 'registry'",
        "here: folder /project/registry/index",
    );
    check(
        "[source.crates-io]\nreplace-with = 'vendored'\n[source.vendored]\ndirectory = '../vendor'",
        "vendored: vendored /project/../vendor",
    );
    check(
        "[source.crates-io]\nreplace-with = 'old'\n[source.old]\nregistry = 'https://old.example/index'",
        "https://old.example/index: git https://old.example/index",
    );
    check("[registries.crates-io]\nprotocol = 'git'", &format!("crates.io: git {CRATES_IO_INDEX}"));
}

#[test]
fn sources_beside_crates_io_are_replaced_too() {
    let machine = machine([(
        "project/.cargo/config.toml",
        "[source.theirs]\nregistry = 'sparse+https://theirs.example/i/'\nreplace-with = 'ours'\n\
         [source.ours]\nlocal-registry = '/ours'\n\
         [registries.team]\nindex = 'sparse+https://team.example/i/'",
    )]);
    assert_eq!(machine.registry("sparse+https://theirs.example/i/"), "ours: folder /ours/index");
    assert_eq!(machine.registry("sparse+https://team.example/i/"), "team: sparse https://team.example/i/");
    assert_eq!(
        machine.registry("sparse+https://nobody.example/"),
        "https://nobody.example/: sparse https://nobody.example/"
    );
    assert_eq!(
        machine.registry("git+https://git.example/x"),
        "\"git+https://git.example/x\" is not the source of a registry; \
         git and path sources have no index; the fence lists them as they are"
    );
}

#[test]
fn chains_that_lead_nowhere_are_told_with_their_file() {
    let way_out =
        "correct `[source]` in cargo's configuration, so that the chain of `replace-with` ends at a registry";
    check(
        "[source.crates-io]\nreplace-with = 'a'\n[source.a]\nregistry = 'https://a'\nreplace-with = 'b'\n\
         [source.b]\nregistry = 'https://b'\nreplace-with = 'crates-io'",
        &format!(
            "/project/.cargo/config.toml: sources are replaced in a circle: crates-io -> a -> b -> crates-io; {way_out}"
        ),
    );
    check(
        "[source.crates-io]\nreplace-with = 'gone'",
        &format!(
            "/project/.cargo/config.toml: `source.crates-io` is replaced with `gone`, \
             which is neither a source nor a registry; {way_out}"
        ),
    );
    for both in ["", "registry = 'https://a'\ndirectory = 'v'", "git = 'https://a'"] {
        check(
            &format!("[source.crates-io]\nreplace-with = 'a'\n[source.a]\n{both}"),
            &format!(
                "[source.a] has to have exactly one of `registry`, `local-registry` and `directory` to stand in for a registry; {way_out}"
            ),
        );
    }
    let correct = "correct it as the page on cargo's configuration has it; cargo reads the same file";
    check(
        "[source.crates-io]\nreplace-with = 7",
        &format!("/project/.cargo/config.toml: `source.crates-io.replace-with` has to be a text; {correct}"),
    );
    check(
        "a = 1\nb = \n",
        &format!(
            "/project/.cargo/config.toml, line 2: string values must be quoted, expected literal string; {correct}"
        ),
    );
}

#[test]
fn the_nearest_file_wins_and_files_add_up() {
    let machine = machine([
        ("project/.cargo/config.toml", "[source.crates-io]\nreplace-with = 'near'"),
        (
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = 'far'\n[source.near]\nlocal-registry = 'r'",
        ),
        ("cargo/config.toml", "include = 'more.toml'\n[http]\ntimeout = 7"),
        ("cargo/more.toml", "[http]\ntimeout = 8\ncainfo = 'certs.pem'\n[net]\nretry = 5\noffline = true"),
    ]);
    assert_eq!(machine.registry(&crates_io()), "near: folder /r/index");
    let config = machine.config().unwrap();
    let settings = config.http_settings().unwrap();
    assert_eq!((settings.timeout.as_secs(), settings.retries), (7, 5));
    assert_eq!(machine.plain(&settings.cainfo.unwrap().display().to_string()), "/certs.pem");
    assert_eq!(config.network_mode().unwrap(), NetworkMode::Offline);
}

#[test]
fn includes_in_a_circle_end() {
    let machine = machine([("project/.cargo/config.toml", "include = ['config.toml']")]);
    assert_eq!(
        machine.registry(&crates_io()),
        "/project/.cargo/config.toml includes itself; \
         correct it as the page on cargo's configuration has it; cargo reads the same file"
    );
}

#[test]
fn the_environment_stands_over_the_files() {
    let machine = machine([(
        "cargo/config.toml",
        "[http]\nproxy = 'file.example:1'\ntimeout = 7\n[net]\nretry = 1\noffline = true\n\
         [registries.my-own]\nindex = 'sparse+https://file.example/'",
    )])
    .with("CARGO_HTTP_PROXY", "variable.example:2")
    .with("CARGO_HTTP_TIMEOUT", "9")
    .with("CARGO_HTTP_CAINFO", "pem")
    .with("CARGO_NET_RETRY", "0")
    .with("CARGO_NET_OFFLINE", "false")
    .with("CARGO_REGISTRIES_MY_OWN_INDEX", "sparse+https://variable.example/")
    .with("CARGO_REGISTRIES_MY_OWN_TOKEN", "t1")
    .with("CARGO_REGISTRIES_OTHER_ONE_INDEX", "sparse+https://other.example/")
    .with("CARGO_REGISTRIES_OTHER_ONE_TOKEN", "t2");
    let config = machine.config().unwrap();
    let settings = config.http_settings().unwrap();
    assert_eq!(settings.https_proxy.as_deref(), Some("variable.example:2"));
    assert_eq!(settings.http_proxy.as_deref(), Some("variable.example:2"));
    assert_eq!((settings.timeout.as_secs(), settings.retries), (9, 0));
    assert_eq!(machine.plain(&settings.cainfo.unwrap().display().to_string()), "/pem");
    assert_eq!(config.network_mode().unwrap(), NetworkMode::Online);
    assert_eq!(
        machine.registry("sparse+https://variable.example/"),
        "my-own: sparse https://variable.example/, token t1"
    );
    assert_eq!(
        machine.registry("sparse+https://other.example/"),
        "other-one: sparse https://other.example/, token t2"
    );
}

#[test]
fn proxies_are_curls() {
    let check = |variables: &[(&str, &str)], expected: (Option<&str>, Option<&str>, Option<&str>)| {
        let machine = variables.iter().fold(machine([]), |machine, (name, value)| machine.with(name, value));
        let settings = machine.config().unwrap().http_settings().unwrap();
        let found =
            (settings.https_proxy.as_deref(), settings.http_proxy.as_deref(), settings.no_proxy.as_deref());
        assert_eq!(found, expected, "{variables:?}");
    };
    check(&[], (None, None, None));
    check(&[("HTTPS_PROXY", "s"), ("HTTP_PROXY", "never")], (Some("s"), None, None));
    check(
        &[("https_proxy", "small"), ("HTTPS_PROXY", "large"), ("http_proxy", "h")],
        (Some("small"), Some("h"), None),
    );
    check(&[("ALL_PROXY", "a"), ("NO_PROXY", "x,y")], (Some("a"), Some("a"), Some("x,y")));
}

#[test]
fn tokens_come_from_where_cargo_keeps_them() {
    let team = "[registries.team]\nindex = 'sparse+https://team.example/'\n";
    let check = |project: &str, user: &str, expected: &str| {
        let machine = machine([
            ("project/.cargo/config.toml", project),
            ("cargo/config.toml", &format!("{team}{user}")),
            ("cargo/credentials.toml", "[registries.team]\ntoken = 'stored'"),
            ("cargo/credentials", "[registries.other]\ntoken = 'x'"),
        ]);
        std::fs::remove_file(machine.folder.path().join("cargo/credentials")).unwrap();
        let found = machine.registry("sparse+https://team.example/");
        assert_eq!(found, format!("team: sparse https://team.example/{expected}"));
    };
    check("", "", ", token stored");
    check("", "credential-provider = 'cargo:token'", ", token stored");
    check(
        "",
        "credential-provider = ['cargo:token-from-stdout', 'pass', 'team token']",
        ", token of team from pass team token",
    );
    check(
        "",
        "[registry]\nglobal-credential-providers = ['cargo:token', 'cargo:libsecret']",
        ", token stored",
    );
    check(
        "",
        "credential-provider = 'cargo:libsecret'",
        ", only cargo: cargo:libsecret, CARGO_REGISTRIES_TEAM_TOKEN",
    );
    check(
        "",
        "credential-provider = 'mine'\n[credential-alias]\nmine = ['cargo:token-from-stdout', 'pass']",
        ", token of team from pass ",
    );
    // A project may not start programs by being looked at.
    check(
        "[registries.team]\ncredential-provider = ['cargo:token-from-stdout', 'rm']",
        "",
        ", only cargo: cargo:token-from-stdout rm, CARGO_REGISTRIES_TEAM_TOKEN",
    );
}

#[test]
fn secrets_are_not_shown() {
    let machine = machine([("cargo/config.toml", "[registries.t]\nindex = 'sparse+https://t.example/'")])
        .with("CARGO_REGISTRIES_T_TOKEN", "hush");
    let registry = machine.config().unwrap().registry("sparse+https://t.example/").unwrap();
    assert!(!format!("{registry:?}").contains("hush"), "{registry:?}");
    assert!(!format!("{:?}", machine.config().unwrap()).contains("hush"));
    let stored = machine_with_stored_token();
    assert!(!format!("{:?}", stored.config().unwrap()).contains("hush"));
}

fn machine_with_stored_token() -> Machine {
    machine([("cargo/credentials.toml", "[registries.t]\ntoken = 'hush'")])
}

#[test]
fn a_project_below_the_users_home_sees_the_users_file_once_and_as_the_users() {
    let machine = machine([(
        "cargo/config.toml",
        "[registries.t]\nindex = 'sparse+https://t.example/'\ncredential-provider = ['cargo:token-from-stdout', 'pass']",
    )]);
    std::fs::rename(machine.folder.path().join("cargo"), machine.folder.path().join(".cargo")).unwrap();
    let home = machine.folder.path().join(".cargo").display().to_string();
    let environment = Environment::of([("CARGO_HOME", home.as_str())], Path::new("/"));
    let config = CargoConfig::read(&machine.folder.path().join("project"), &environment).unwrap();
    let registry = config.registry("sparse+https://t.example/").unwrap();
    assert!(matches!(registry.credentials, Credentials::FromStdout { .. }), "{registry:?}");
}

/// The way from crates.io, and what a fence at its end stands in front of.
#[test]
fn the_route_of_crates_io_tells_who_says_each_step() {
    let check = |project: &str, home: &str, expected: &str| {
        let machine = machine([("project/.cargo/config.toml", project), ("cargo/config.toml", home)]);
        let config = machine.config().unwrap();
        let route = config.route_of_crates_io().unwrap();
        let root = machine.folder.path().display().to_string();
        let mut told: String = route
            .replacements
            .iter()
            .map(|step| format!("{} -> {} ({})\n", step.source, step.with, step.place).replace(&root, ""))
            .collect();
        assert_eq!(config.crates_io().unwrap().location, route.registry.location);
        let passed = config.clone().past_own_fence().crates_io().unwrap();
        told += &format!("past it {}, ", passed.name);
        told += &format!("{} behind {}", route.registry.name, config.registry_behind(&route).unwrap().name);
        assert_eq!(told, expected);
    };
    check("", "", "past it crates.io, crates.io behind crates.io");
    let fence = "[registries.fence]\nindex = \"sparse+http://127.0.0.1:7343/crates-io/\"\n";
    check(
        &format!("[source.crates-io]\nreplace-with = \"fence\"\n{fence}"),
        "",
        "crates-io -> fence (/project/.cargo/config.toml)\npast it crates.io, fence behind crates.io",
    );
    let mirror = "[source.crates-io]\nreplace-with = \"mirror\"\n\
                  [source.mirror]\nregistry = \"sparse+https://mirror.example/\"\n";
    check(
        &format!("[source.mirror]\nreplace-with = \"fence\"\n{fence}"),
        mirror,
        "crates-io -> mirror (/cargo/config.toml)\nmirror -> fence (/project/.cargo/config.toml)\n\
         past it https://mirror.example/, fence behind https://mirror.example/",
    );
    let far = "[registries.fence]\nindex = \"sparse+https://fence.example/crates-io/\"\n";
    check(
        &format!("[source.crates-io]\nreplace-with = \"fence\"\n{far}"),
        "",
        "crates-io -> fence (/project/.cargo/config.toml)\npast it fence, fence behind crates.io",
    );
}

/// Expected: whose word a replacement is, and for what it counts, where several say it.
#[test]
fn what_the_user_says_himself_counts_everywhere() {
    let check = |project: &str, home: &str, expected: Reach| {
        let machine = machine([("project/.cargo/config.toml", project), ("cargo/config.toml", home)]);
        let way = machine.config().unwrap().way().unwrap();
        assert_eq!(way.steps[0].reach, expected, "{project}{home}");
    };
    let fence = "[registries.fence]\nindex = \"sparse+http://127.0.0.1:7343/crates-io/\"\n";
    let on = format!("[source.crates-io]\nreplace-with = \"fence\"\n{fence}");
    check(&on, "", Reach::Folder);
    check("", &on, Reach::User);
    check(&on, &on, Reach::User);
    check(&on, "[source.crates-io]\nreplace-with = \"mirror\"\n", Reach::Folder);
    check(&on, fence, Reach::Folder);
}

/// Cargo reads one file in a folder, by its older name where there are two; a link from one to the other is one file.
#[test]
fn one_file_of_a_folder_is_read() {
    let shadowed = |machine: &Machine| {
        let config = machine.config().unwrap();
        let shadowed = config.shadowed(&machine.folder.path().join("project")).into_iter();
        let name = |path: std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let read = file_in(&machine.folder.path().join("project/.cargo")).map(name);
        (
            read.unwrap_or_default(),
            shadowed.map(|(unread, read)| [name(unread), name(read)]).collect::<Vec<_>>(),
        )
    };
    let both = [("project/.cargo/config", "x = 1"), ("project/.cargo/config.toml", "x = 2")];
    assert_eq!(
        shadowed(&machine(both)),
        ("config".to_owned(), vec![["config.toml".to_owned(), "config".to_owned()]])
    );
    assert_eq!(shadowed(&machine([both[0]])), ("config".to_owned(), Vec::new()));
    assert_eq!(shadowed(&machine([both[1]])), ("config.toml".to_owned(), Vec::new()));
    assert_eq!(shadowed(&machine([])), (String::new(), Vec::new()));
    #[cfg(unix)]
    {
        let linked =
            machine([(both[1].0, "[source.crates-io]\nreplace-with = \"m\"\n[registries.m]\nindex = \"x\"")]);
        std::os::unix::fs::symlink("config.toml", linked.folder.path().join(both[0].0)).unwrap();
        assert_eq!(shadowed(&linked), ("config.toml".to_owned(), Vec::new()));
        let place = linked.config().unwrap().route_of_crates_io().unwrap().replacements[0].place.to_string();
        assert!(place.ends_with("config.toml"), "{place}");
    }
}
