//! A project, the registry that its cargo is told of, and `cargo fence` between the two. All of it talks over loopback,
//! with ports that were free a moment ago; nothing of this machine's cargo is asked or changed.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

use fence_testkit::cargo::{Cargo, Run};
use fence_testkit::publishing::{Publishing, release};

/// A policy that time does not touch: what newly needs something waits for a reviewer.
pub(crate) const POLICY: &str = "[codes]\nnew-dependency = \"review\"\n\n\
     [feeds.rustsec]\nrole = \"advisories\"\npath = \"advisories\"\n";

/// The project, and what is around it.
pub(crate) struct Standing {
    pub(crate) registry: Publishing,
    pub(crate) cargo: Cargo,
    /// Where `cargo fence cargo` looks for a fence.
    pub(crate) listen: SocketAddr,
}

/// A `cargo fence serve` that runs until it is dropped.
pub(crate) struct Served {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What it said until it listened.
    pub(crate) said: String,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Standing {
    /// A project that depends on these. The registry has two releases of `glob`: the newer one needs `extra` newly.
    pub(crate) fn before(dependencies: &str) -> Self {
        let registry = Publishing::start();
        registry.publish(release("extra", "1.0.0").at("2018-01-01T00:00:00Z"));
        registry.publish(release("glob", "0.3.3").at("2019-01-01T00:00:00Z"));
        registry.publish(release("glob", "0.3.4").needs("extra", "^1").at("2020-01-01T00:00:00Z"));
        let cargo = Cargo::new().project(dependencies).replace_crates_io(&registry.index_url());
        cargo.write("fence.toml", POLICY);
        let advisory = include_str!("../data/advisories/crates/shlex/RUSTSEC-2024-0006.md");
        cargo.write("advisories/crates/shlex/RUSTSEC-2024-0006.md", advisory);
        Self { registry, cargo, listen: free_port() }
    }

    /// The same, where cargo is told of the registry as of a mirror that stands in for crates.io.
    pub(crate) fn behind_a_mirror(dependencies: &str) -> Self {
        let standing = Self::before(dependencies);
        let config = format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"sparse+{}\"\n",
            standing.registry.index_url()
        );
        std::fs::write(standing.cargo.home().join("config.toml"), config).unwrap();
        standing
    }

    /// The same, where the registry is called a mirror: what is called a fence, and is on this machine, is passed by who
    /// judges himself, and what it stands in front of is asked.
    pub(crate) fn before_a_mirror(dependencies: &str) -> Self {
        let standing = Self::before(dependencies);
        let file = standing.cargo.home().join("config.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, config.replace("\"fence\"", "\"mirror\"").replace(".fence]", ".mirror]"))
            .unwrap();
        standing
    }

    /// Runs `cargo fence` with the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Run {
        self.run_with(line, |_| ())
    }

    /// The same in an environment that `change` has its way with.
    pub(crate) fn run_with(&self, line: &str, change: impl FnOnce(&mut Command)) -> Run {
        let mut command = self.command(line);
        change(&mut command);
        let output = command.output().unwrap();
        let mut run = self.cargo.told(&format!("cargo fence {line}"), &output);
        run.stderr = run.stderr.lines().map(|line| without_years(without_moment(line)) + "\n").collect();
        run
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.cargo.command(env!("CARGO_BIN_EXE_cargo-fence"));
        command.arg("fence").args(line.split(' '));
        // As cargo does with its own subcommands.
        command.env("CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.env("HOME", self.cargo.home()).env("COLUMNS", "100");
        command.env("CARGO_FENCE_CACHE", self.cargo.home().join("fence"));
        command.env("CARGO_FENCE_LISTEN", self.listen.to_string()).env("CARGO_NET_RETRY", "0");
        command
    }

    /// Starts `cargo fence` with the words of `line`, which are to make it serve, and waits until it listens.
    pub(crate) fn serve(&self, line: &str) -> Served {
        let mut child = self.command(line).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let mut served = Served { child, stderr, said: String::new(), address: nowhere };
        while served.address == nowhere {
            let mut line = String::new();
            let bytes = served.stderr.read_line(&mut line).unwrap();
            served.said += &line;
            assert_ne!(bytes, 0, "it ended before it listened: {}", served.said);
            if let Some((_, address)) = line.split_once("sparse+http://") {
                served.address = address.split('/').next().unwrap().parse().unwrap();
            }
        }
        served
    }
}

impl Served {
    /// What it answers to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to end; what it said from its start on, and its exit code.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> String {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let mut said = std::mem::take(&mut self.said);
        self.stderr.read_to_string(&mut said).unwrap();
        let code = self.child.wait().unwrap().code();
        let _ = write!(said, "[exit code {}]", code.map_or("none".to_owned(), |code| code.to_string()));
        said
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and needs not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody has, with some after it that nobody is likely to have.
fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A line of a log without the moment at its beginning.
fn without_moment(line: &str) -> &str {
    const MOMENT: usize = "2026-08-22T12:00:00Z ".len();
    let is_moment = |text: &str| text.ends_with("Z ") && text.starts_with("20");
    if line.get(..MOMENT).is_some_and(is_moment) { &line[MOMENT..] } else { line }
}

/// A line without the number of years for which something has been there.
fn without_years(line: &str) -> String {
    without(line, "published ", " years ago")
}

/// What a command says, without ages that the clock of this machine decides.
pub(crate) fn settled(text: &str) -> String {
    let line = |line: &str| {
        let line = without(line, "up for ", "");
        without(&without_years(&line), "as of ", " ago")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A line without what stands between the first of `before` and the next of `after`, or its end.
fn without(line: &str, before: &str, after: &str) -> String {
    let told = line.split_once(before).and_then(|(first, rest)| {
        let (_, rest) = if after.is_empty() { ("", "") } else { rest.split_once(after)? };
        Some(format!("{first}{before}[…]{after}{rest}"))
    });
    told.unwrap_or_else(|| line.to_owned())
}
